"""What the tests of jobs share: a workshop with a runner whose trainers are small real processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.jobs.backends import Backend
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.processes import mark_of, marked
from academy.jobs.running.runner import Runner
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from tests.waiting import wait_until

STANDIN = Path(__file__).parent / "standin"


class CountingRunner(Runner):
    """A runner that counts how often it has looked after everything."""

    ticks = 0

    def tick(self) -> None:
        super().tick()
        self.ticks += 1


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
        self.runner = CountingRunner(self.settings, self.store, self.backends)

    def submit(self, name: str = "good", steps: int = 20, pause: float = 0.0, key: str | None = None, **knobs: Any) -> Job:
        spec = TrainingSpec(name=name, base_model="academy-mini", max_steps=steps, weight_decay=min(1.0, pause * 10), **knobs)
        inputs = Inputs(dataset_path=str(self.dataset), base_path=str(self.base))
        return self.runner.submit(spec, inputs, idempotency_key=key)

    def job(self, job_id: str) -> Job:
        return self.store.get(job_id)

    def wait(self, job_id: str, until: Callable[[Job], bool] | str | None = None, seconds: float = 20.0) -> Job:
        """Waits for a status, a condition, or the end."""
        test: Callable[[Job], bool] = (
            until if callable(until) else (lambda job: job.status == until) if until else (lambda job: job.status in ENDED)
        )
        return wait_until(lambda: job if test(job := self.job(job_id)) else None, lambda: f"what should follow {self.job(job_id)}", seconds)

    def wait_step(self, job_id: str, step: int, seconds: float = 20.0) -> None:
        """Waits until the trainer has said that it reached the step."""
        wait_until(lambda: any(event.get("step", 0) >= step for event in events(self.job(job_id))), f"step {step}", seconds)

    def wait_ticks(self, count: int = 2) -> None:
        """Waits until the runner's thread has looked so often from now on: whatever it would do by then, it has done."""
        last = self.runner.ticks + count + 1  # the first may have begun before now
        wait_until(lambda: self.runner.ticks >= last, f"{count} ticks of the runner")

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
    return wait_until(lambda: trainer_in(Path(job.output_dir)), "worker.json to name the trainer")


def trainer_in(folder: Path) -> dict[str, Any] | None:
    """What the worker.json of a job's folder says, where it names the trainer."""
    try:
        found = json.loads((folder / "worker.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found if found["pid"] else None


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
