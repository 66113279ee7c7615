"""Which waiting jobs may start now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from academy.jobs.kinds import Needs, needs_of
from academy.jobs.store import Job


def choose(queue: Iterable[Job], running: Iterable[Job], devices: int = 1, needs: Callable[[str], Needs] = needs_of) -> list[Job]:
    """The jobs of the queue that may start beside those that run, in the order of the queue.

    A job that needs a device has one to itself: with one GPU, or on a CPU, they run one after another. One job at a time that needs
    much memory runs beside them. A job that needs nothing waits for nothing; it also overtakes a job that waits. A training waits while a
    job makes its base model ready.
    """
    queue, running = list(queue), list(running)
    free = Counter(device=max(1, devices), memory=1)
    made = {job.base_model for job in [*queue, *running] if job.kind == "convert"}
    for job in running:
        free[needs(job.kind)] -= 1
    chosen = []
    for job in queue:
        need = needs(job.kind)
        if job.kind != "convert" and not job.base_path and job.base_model in made:
            continue
        if need == "nothing" or free[need] > 0:
            free[need] -= 1
            chosen.append(job)
    return chosen
