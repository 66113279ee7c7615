"""Which waiting jobs may start now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from academy.errors import Invalid
from academy.jobs.backends import BACKENDS
from academy.jobs.kinds import Needs, needs_of
from academy.jobs.spec import TrainingSpec, gpus_of
from academy.jobs.store import Job
from academy.messages import count


def choose(queue: Iterable[Job], running: Iterable[Job], devices: int = 1, needs: Callable[[str], Needs] = needs_of) -> list[Job]:
    """The jobs of the queue that may start beside those that run, in the order of the queue.

    A job that needs devices has them to itself: with one GPU, or on a CPU, they run one after another, and a job that waits for several
    is not overtaken by one that needs fewer. One job at a time that needs much memory runs beside them. A job that needs nothing waits for
    nothing; it also overtakes a job that waits. A training waits while a job makes its base model ready.
    """
    queue, running = list(queue), list(running)
    of: dict[str, Needs] = {job.job_id: _need(job, needs) for job in [*queue, *running]}
    free = Counter(device=max(1, devices), memory=1)
    made = {job.base_model for job in [*queue, *running] if job.kind == "convert"}
    for job in running:
        free[of[job.job_id]] -= _takes(job, of[job.job_id], devices)
    chosen = []
    for job in queue:
        need = of[job.job_id]
        if job.kind != "convert" and not job.base_path and job.base_model in made:
            continue
        taken = _takes(job, need, devices)
        if need == "nothing" or free[need] >= taken:
            chosen.append(job)
        free[need] -= taken
    return chosen


def allot(job: Job, running: Iterable[Job], devices: int, needs: Callable[[str], Needs] = needs_of) -> list[int]:
    """The devices of a chosen job by number, the lowest that are free; empty where there is one for all."""
    if devices <= 1 or _need(job, needs) != "device":
        return []
    taken = {number for other in running for number in other.devices}
    return [number for number in range(devices) if number not in taken][: _takes(job, "device", devices)]


def check_share(spec: TrainingSpec, devices: int | None) -> None:
    """Raises Invalid where several devices cannot share a training; `devices`: how many there are, None where the cluster knows."""
    if spec.gpus == 1:
        return
    if spec.method != "sft":
        raise Invalid("Preferences and corrections are learned on one GPU.", hint="Set GPUs to 1.")
    if devices is not None and spec.gpus > devices:
        found = count(devices, one="This machine has {n} GPU for trainings.", other="This machine has {n} GPUs for trainings.")
        raise Invalid(found, hint="Set GPUs to what there is.")
    rows = spec.batch_size * spec.gradient_accumulation_steps
    if spec.gpus > rows:
        text = "{n} GPUs cannot share a step of {rows} examples."
        raise Invalid(text, hint="Raise the batch size, or take fewer GPUs.", n=spec.gpus, rows=rows)


def _need(job: Job, needs: Callable[[str], Needs]) -> Needs:
    """What the job needs of this machine; a cluster has a queue of its own."""
    return "nothing" if BACKENDS[job.backend].elsewhere and needs(job.kind) == "device" else needs(job.kind)


def _takes(job: Job, need: Needs, devices: int) -> int:
    return min(gpus_of(job.parameters), max(1, devices)) if need == "device" else 1
