"""The app as a person runs it: `python app.py` in a process of its own, spoken to over HTTP, killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from academy.jobs.processes import kill_marked, mark_of
from tests.jobs_help import exists
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
ENDED = ("finished", "failed", "cancelled")


class RealApp:
    """One data folder and the app on it, dead or alive."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data
        self.log = data.with_suffix(".app.log")
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("ACADEMY_")}
        self._env |= {"ACADEMY_WARM_TRAINER": "false", "LC_ALL": "C.UTF-8"} | env
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self, seconds: float = 60.0) -> float:
        """Starts it and waits for its first answer; the seconds that took."""
        begun = time.monotonic()
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), "--data-dir", str(self.data), "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self.data.parent,
                env=self._env,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert "answers at" in line, (line, self.log.read_text()[-2000:])
        self.address = line.split()[-1]
        assert time.monotonic() - begun < seconds
        return time.monotonic() - begun

    def kill(self) -> None:
        """Kill -9, whatever it does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def close(self) -> None:
        """Ends the app and everything that a job of it has started."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
            self.kill()
        models = self.data / "models"
        for folder in models.iterdir() if models.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, KeyError):
                warden = json.loads((folder / "worker.json").read_text())["warden_pid"]
                if exists(warden):
                    os.kill(warden, signal.SIGKILL)
            wait_until(lambda folder=folder: not kill_marked(mark_of(folder)), f"the end of the processes of {folder.name}")

    def ask(self, method: str, path: str, *, expect: int | None = 200, timeout: float = 20.0, **kwargs: Any) -> Any:
        """One request; the JSON of its answer, which must have the expected status."""
        answer = httpx.request(method, f"{self.address}/api/v1/academy{path}", timeout=timeout, trust_env=False, **kwargs)
        assert expect is None or answer.status_code == expect, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if expect is not None else answer

    def status(self, job_id: str) -> dict[str, Any]:
        return self.ask("GET", f"/train/{job_id}/status")

    def points(self, job_id: str) -> list[dict[str, Any]]:
        return self.ask("GET", f"/train/{job_id}/metrics")["points"]

    def train(self, expect: int = 200, **spec: Any) -> str:
        answer = self.ask("POST", "/train", json=spec, expect=expect)
        return answer["job_id"] if expect == 200 else answer["detail"]

    def wait(self, job_id: str, *statuses: str, seconds: float = 60.0, step: int = 0) -> dict[str, Any]:
        """Waits for one of the statuses (none: any end) and a step."""
        found: dict[str, Any] = {}

        def reached() -> bool:
            found.update(self.status(job_id))
            if found["status"] in (statuses or ENDED) and (found["step"] or 0) >= step:
                return True
            assert found["status"] not in ENDED, found
            return False

        wait_until(reached, lambda: f"{statuses or ENDED} and step {step}, not {found}", seconds, pause=0.05)
        return found

    def dataset(self, rows: int = 40) -> str:
        """A small dataset, curated from lessons."""
        text = "\n".join(
            json.dumps({"instruction": f"What is number {n} called?", "output": f"It is called name {n * 7}."}) for n in range(rows)
        )
        uploaded = self.ask("POST", "/dataset/upload", files={"files": ("rows.jsonl", text.encode())})
        asked = {"upload_ids": [uploaded["files"][0]["id"]], "include_lessons": False, "include_git": False, "quality_profile": "lenient"}
        return self.ask("POST", "/dataset", json=asked)["dataset_id"]

    def stream(self, job_id: str, last_id: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of a job's stream with their ids, until it ends or the app dies."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        event_id = ""
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream(
                "GET", f"{self.address}/api/v1/academy/train/{job_id}/logs/stream", headers=headers, timeout=30, trust_env=False
            ) as answer,
        ):
            if answer.status_code == 204:
                return
            assert answer.status_code == 200, answer.read()
            for line in answer.iter_lines():
                if line.startswith("id:"):
                    event_id = line[3:].strip()
                elif line.startswith("data:"):
                    yield event_id, json.loads(line[5:])
