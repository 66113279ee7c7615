"""What the tests of jobs share: a workshop with a runner whose trainers are small real processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.jobs.backends import Backend
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.processes import mark_of, marked
from academy.jobs.running.runner import Runner
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job, JobStore

STANDIN = Path(__file__).parent / "standin"


class Workshop:
    """A data folder with a dataset, a base model, a journal and a runner."""

    def __init__(
        self, root: Path, backends: Mapping[str, Backend] | None = None, *, begin: bool = True, settings: Settings | None = None
    ) -> None:
        self.root = root
        self.settings = settings or Settings(data_dir=root / "data", _env_file=None)  # type: ignore[call-arg]
        self.dataset = root / "dataset.jsonl"
        self.base = root / "base"
        self.base.mkdir(parents=True, exist_ok=True)
        self.dataset.write_text("{}\n")
        self.backends = backends or {"subprocess": SubprocessBackend(root=STANDIN)}
        self.open()
        if begin:
            self.runner.start()

    def open(self) -> None:
        self.store = JobStore(self.settings.training_dir)
        self.runner = Runner(self.settings, self.store, self.backends)

    def submit(self, name: str = "good", steps: int = 20, pause: float = 0.0, key: str | None = None, **knobs: Any) -> Job:
        spec = TrainingSpec(name=name, base_model="academy-mini", max_steps=steps, weight_decay=min(1.0, pause * 10), **knobs)
        fields = {"dataset_path": str(self.dataset), "base_path": str(self.base)}
        return self.runner.submit(spec, job_fields=fields, idempotency_key=key)

    def job(self, job_id: str) -> Job:
        return self.store.get(job_id)

    def wait(self, job_id: str, until: Callable[[Job], bool] | str | None = None, seconds: float = 20.0) -> Job:
        """Waits for a status, a condition, or the end."""
        test = until if callable(until) else (lambda job: job.status == until) if until else (lambda job: job.status in ENDED)
        deadline = time.monotonic() + seconds
        while not test(job := self.job(job_id)):
            assert time.monotonic() < deadline, f"still {job}"
            time.sleep(0.02)
        return job

    def wait_step(self, job_id: str, step: int, seconds: float = 20.0) -> None:
        """Waits until the trainer has said that it reached the step."""
        deadline = time.monotonic() + seconds
        while not any(event.get("step", 0) >= step for event in events(self.job(job_id))):
            assert time.monotonic() < deadline, "it got stuck"
            time.sleep(0.01)

    def close(self) -> None:
        """Ends what runs, then the runner."""
        self.runner.start()
        for job in self.store.open_jobs():
            self.runner.cancel(job.job_id)
        for job in self.store.open_jobs():
            self.wait(job.job_id)
        self.runner.close()


def events(job: Job) -> list[dict[str, Any]]:
    path = Path(job.output_dir) / "events.jsonl"
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def worker(job: Job) -> dict[str, Any]:
    """worker.json, once it names the trainer."""
    deadline = time.monotonic() + 10
    while True:
        try:
            found = json.loads((Path(job.output_dir) / "worker.json").read_text())
            if found["pid"]:
                return found
        except (FileNotFoundError, ValueError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.01)


def exists(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def left_over(job: Job) -> list[tuple[int, str]]:
    """What still lives of a job."""
    return marked(mark_of(Path(job.output_dir)))


def adapter_bytes(job: Job) -> bytes:
    return (Path(job.output_dir) / "adapter" / "adapter_model.safetensors").read_bytes()


def kill(pid: int, number: int = 9) -> None:
    os.kill(pid, number)
