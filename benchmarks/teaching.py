"""Measures what Academy teaches: sets of 24 invented facts, trained through a running app, examined with hand-written other wordings.

    python app.py --port 7860 --data-dir /tmp/teaching &
    python benchmarks/teaching.py --base smollm2-135m                     # three sets, three seeds, Auto
    python benchmarks/teaching.py --set family --seed 1 --with rehearsal=0 --with vary_questions=false
    python benchmarks/teaching.py --set family --seed 1 --wordings        # with three other wordings of each fact to train on

Each line tells known rows, the report's rephrased questions, right answers to the hand-written wordings of
`benchmarks/teaching/*.json` (no training sees them; those of `teaching/wordings/`, to train on, were written without a look at them),
general questions before and after, the drift in nats a token, and the seconds of training and exam. An answer to a hand-written wording
is right if it has the answer's key.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import httpx

SETS = Path(__file__).parent / "teaching"
_POLL_SECONDS = 2.0


def main() -> None:
    """Trains and examines every set with every seed, one after another."""
    parser = argparse.ArgumentParser(description="Measures what Academy teaches.")
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--set", action="append", dest="sets", choices=sorted(path.stem for path in SETS.glob("*.json")))
    parser.add_argument("--seed", action="append", dest="seeds", type=int)
    parser.add_argument("--with", action="append", dest="values", default=[], metavar="KNOB=VALUE")
    parser.add_argument("--wordings", action="store_true", help="with other wordings to train on, where the set has them")
    chosen = parser.parse_args()
    knobs = {name: json.loads(value) for name, value in (item.split("=", 1) for item in chosen.values)}
    with httpx.Client(base_url=f"{chosen.url}/api/v1/academy", timeout=600) as api:
        for name in chosen.sets or sorted(path.stem for path in SETS.glob("*.json")):
            for seed in chosen.seeds or (1, 2, 3):
                print(
                    json.dumps(
                        {"set": name, "seed": seed} | measure(api, chosen.base, name, {"seed": seed} | knobs, wordings=chosen.wordings)
                    ),
                    flush=True,
                )


def measure(api: httpx.Client, base: str, name: str, knobs: dict[str, Any], *, wordings: bool = False) -> dict[str, Any]:
    """Teaches one set once; returns the figures of its report and of its other wordings."""
    facts = json.loads((SETS / f"{name}.json").read_text(encoding="utf-8"))
    taught = json.loads((SETS / "wordings" / f"{name}.json").read_text(encoding="utf-8")) if wordings else {}
    entries = [{"instruction": fact["question"], "output": fact["answer"], "wordings": taught.get(fact["question"], [])} for fact in facts]
    rows = "\n".join(map(json.dumps, entries))
    upload = answer_of(api.post("/dataset/upload", files={"files": (f"{name}.jsonl", rows.encode())}))["files"][0]
    request = {"include_lessons": False, "include_git": False, "upload_ids": [upload["id"]], "quality_profile": "lenient"}
    dataset = answer_of(api.post("/dataset", json=request))
    body = {"dataset_id": dataset["dataset_id"], "base_model": base, "preset": "auto", "name": name} | knobs
    job = ended(api, answer_of(api.post("/train", json=body))["job_id"])
    report = answer_of(api.get(f"/evaluations/{job['report_id']}"))
    asked_otherwise = [(wording, fact["key"]) for fact in facts for wording in fact["otherwise"]]
    right = 0
    for wording, key in asked_otherwise:
        asked = {"messages": [{"role": "user", "content": wording}], "adapter_id": job["job_id"], "temperature": 0, "max_new_tokens": 48}
        right += key.lower() in answer_of(api.post("/chat", json=asked))["text"].lower()
    general = report["general"] or {}
    return {
        "known": report["known"]["rows"],
        "of": report["known"]["of"],
        "rephrased": "{right}/{of}".format(**report["rephrased"]) if report["rephrased"] else None,
        "by_hand": f"{right}/{len(asked_otherwise)}",
        "general_before": general.get("right_before"),
        "general_after": general.get("right_after"),
        "general_of": general.get("of"),
        "drift": report["drift"],
        "verdict": report["verdict"],
        "steps": job["step"],
        "seconds": job["duration_seconds"],
        "exam_seconds": report["seconds"],
    }


def ended(api: httpx.Client, job_id: str) -> dict[str, Any]:
    """Waits until a job has finished."""
    while True:
        status = answer_of(api.get(f"/train/{job_id}/status"))
        if status["status"] == "finished":
            return status
        if status["status"] in ("failed", "cancelled"):
            raise SystemExit(f"{job_id}: {status['error']}")
        time.sleep(_POLL_SECONDS)


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The body of a reply that is no error."""
    if response.is_error:
        raise SystemExit(f"{response.request.url}: {response.text}")
    return response.json()


if __name__ == "__main__":
    main()
