"""Academy from a program, as an example to copy: imports lessons, trains on them, waits with progress, asks what was learned.

    python -m academy.client lessons.jsonl "Which port does staging listen on?"

It needs httpx only. Where Academy wants its token, set ACADEMY_TOKEN; where it does not listen on 127.0.0.1:7860, ACADEMY_ADDRESS.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import httpx


def main(file: str, question: str) -> None:
    """Goes the whole way from a file to a reply."""
    address = os.environ.get("ACADEMY_ADDRESS", "http://127.0.0.1:7860")
    token = os.environ.get("ACADEMY_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=f"{address}/api/v1/academy", headers=headers, timeout=120) as academy:
        report = content(academy.post("/lessons/import", files={"files": (Path(file).name, Path(file).read_bytes())}))
        print(report["message"])
        dataset = content(academy.post("/dataset", json={"include_git": False}))
        print(dataset["message"])
        job = content(academy.post("/train", json={"dataset_id": dataset["dataset_id"], "preset": "auto"}))
        print(job["message"])
        status = follow(academy, job["job_id"])
        if status["status"] != "finished":
            sys.exit(f"The training ended {status['status']}: {status.get('error') or status.get('reason')}")
        content(academy.post("/adapters/activate", json={"adapter_id": job["job_id"]}))
        reply = content(academy.post("/chat", json={"messages": [{"role": "user", "content": question}]}))
        print(reply["text"])


def follow(academy: httpx.Client, job_id: str) -> dict:
    """Shows a job's progress until it ends, and returns its last status; a broken connection resumes where it broke."""
    last = ""
    while True:
        headers = {"Last-Event-ID": last} if last else {}
        try:
            with academy.stream("GET", f"/train/{job_id}/logs/stream", headers=headers) as stream:
                if stream.status_code == 204:  # the stream is over
                    return content(academy.get(f"/train/{job_id}/status"))
                stream.raise_for_status()
                for line in stream.iter_lines():
                    if line.startswith("id: "):
                        last = line[4:]
                    elif line.startswith("data: "):
                        show(json.loads(line[6:]))
        except httpx.TransportError:
            print("The connection broke; reconnecting.")
            time.sleep(1)


def show(event: dict) -> None:
    """Prints a line for each status and metric."""
    if event["type"] == "status":
        print(f"→ {event['status']}")
    elif event["type"] == "metrics":
        data = event["data"]
        left = f", {data['eta_seconds']:.0f} s left" if data.get("eta_seconds") else ""
        print(f"step {data['step']} of {data['total_steps']}, loss {data['latest_loss']}{left}")


def content(reply: httpx.Response) -> dict:
    """The reply's content; exits with Academy's own sentence on an error."""
    if reply.is_error:
        sys.exit(f"{reply.status_code}: {reply.json()['detail']}")
    return reply.json()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
