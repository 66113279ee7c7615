"""The verbs of jobs: look, follow, end, resume, tidy up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from academy.adapters.store import AdapterStore
from academy.errors import NotFound
from academy.jobs.reading import log as job_log
from academy.jobs.reading import progress, view
from academy.jobs.reading.log import LogLine
from academy.jobs.reading.reports import Brief, brief_in
from academy.jobs.reading.results import Result, result_of
from academy.jobs.reading.series import Point, figures_csv, series
from academy.jobs.running.runner import Runner
from academy.jobs.store import ENDED, Job, JobStore
from academy.services.permission import Permission, changing, reading


class Jobs:
    """Everything that can be done with jobs that exist."""

    def __init__(self, permission: Permission, store: JobStore, runner: Runner, adapters: AdapterStore) -> None:
        self._permission = permission
        self._store = store
        self._runner = runner
        self._adapters = adapters

    # Find

    def counts(self) -> dict[str, int]:
        """How many jobs there are of each status; answers also where Academy is disabled."""
        return self._store.counts()

    def busy(self) -> Job | None:
        """The job that runs or prepares, if any; answers also where Academy is disabled."""
        return self._runner.busy()

    def unfinished(self) -> Sequence[str]:
        """The ids of the jobs that have not ended; answers also where Academy is disabled."""
        return [job.job_id for job in self._store.open_jobs()]

    @reading
    def list(self, limit: int = 50, status: str | None = None, kind: str | None = None) -> Sequence[Job]:
        """The jobs, newest first."""
        return self._store.list(limit, status, kind)

    @reading
    def list_with_sizes(self, limit: int = 50, status: str | None = None, kind: str | None = None) -> Sequence[dict[str, Any]]:
        """The jobs, newest first, each with the bytes that its folder takes."""
        return [job.as_dict() | {"size_bytes": self._runner.usage(job)["total"]} for job in self._store.list(limit, status, kind)]

    @reading
    def open(self) -> Sequence[Job]:
        """The jobs that have not ended, in the order in which they run."""
        return list(self._store.open_jobs())

    @reading
    def get(self, job_id: str) -> Job:
        """The job's newest line of the journal; raises NotFound."""
        return self._store.get(job_id)

    @reading
    def view(self, job_id: str) -> dict[str, Any]:
        """Contract, section 1, row 8, with the name and the doctor's remedy."""
        job = self._store.get(job_id)
        unheard = self._runner.unheard(job_id)
        shown = view.view(job, self._runner.queue_position(job_id), self._runner.silence(job_id), unheard=unheard)
        return shown | {"disk": self._runner.usage(job)}

    @reading
    def brief(self, job: Job) -> Brief | None:
        """The few numbers of the report that the job ended with, if there is one."""
        return brief_in(job.folder) if job.status in ENDED else None

    @reading
    def result(self, job: Job) -> Result:
        """The last numbers of an ended job: its epochs, and its losses as its adapter has them."""
        return result_of(job)

    @reading
    def usage(self, job: Job) -> dict[str, int]:
        """The bytes of a job: in all, of its checkpoints, of its adapter."""
        return self._runner.usage(job)

    @reading
    def freeable(self) -> int:
        """The bytes that `free_finished` would free."""
        return self._runner.freeable()

    @reading
    def position(self, job_id: str) -> int | None:
        """The position in the queue, 1 for the next to start; None for a job that is not queued."""
        return self._runner.queue_position(job_id)

    # Follow

    @reading
    def duration(self, job: Job) -> float | None:
        """For how many seconds the job has run; None before its start."""
        return view.duration(job)

    @reading
    def points(self, job_id: str) -> Sequence[dict[str, Any]]:
        """Contract, section 1, row 10: each step once, in order."""
        return progress.points(self._store.get(job_id))

    @reading
    def series(self, job_id: str) -> Sequence[Point]:
        """The same points with the seconds and the tokens since the start."""
        return series(progress.points(self._store.get(job_id)))

    @reading
    def figures(self, job_ids: Sequence[str]) -> str:
        """The logged steps of some jobs as CSV."""
        return figures_csv([(job, series(progress.points(job))) for job in map(self._store.get, job_ids)])

    @reading
    def metrics(self, job: Job) -> dict[str, Any]:
        """The newest metrics, as the stream's `metrics` data."""
        return progress.metrics(job)

    @reading
    def metrics_since(self, job: Job, first: int, limit: int) -> tuple[Sequence[dict[str, Any]], int]:
        """At most `limit` metrics from number `first` on, and the number of all."""
        return progress.metrics_since(job, first, limit)

    @reading
    def log_tail(self, job_id: str, lines: int = 500) -> tuple[Sequence[LogLine], int]:
        """The last lines of a job's log and the number of the first of them."""
        return job_log.tail_log(self._store.get(job_id), lines)

    @reading
    def log_part(self, job: Job, offset: int, line: int, limit: int) -> tuple[Sequence[LogLine], int, int]:
        """The whole lines from byte `offset` on, of which the first has the number `line`; with the offset and number after them."""
        return job_log.read_log(job, offset, line, limit)

    @reading
    def log_file(self, job_id: str) -> Path:
        """The whole log as a file; raises NotFound before the first line."""
        path = job_log.path_of(self._store.get(job_id))
        if path.is_symlink() or not path.is_file():
            raise NotFound("{job} has no log yet.", hint="It begins with the start of the trainer.", job=job_id)
        return path

    @reading
    def log_size(self, job: Job) -> int:
        """The bytes of the log; 0 before the first line."""
        return _size(job_log.path_of(job))

    @reading
    def events_size(self, job: Job) -> int:
        """The bytes of the trainer's events; 0 before the first."""
        return _size(job.folder.events)

    @reading
    def checkpoints(self, job: Job) -> Sequence[int]:
        """The steps of the complete checkpoints, from which the job can resume; ascending."""
        return [checkpoint.step for checkpoint in job.folder.checkpoints()]

    # Change

    @changing
    def rename(self, job_id: str, name: str) -> Job:
        """Gives a job another name, and its adapter with it, if there is one."""
        if self._store.get(job_id).adapter_path:
            # First, because it needs more space: a full disk then changes neither.
            with contextlib.suppress(NotFound):
                self._adapters.rename(job_id, name)
        return self._runner.rename(job_id, name)

    @changing
    def annotate(self, job_id: str, note: str) -> Job:
        """Keeps a note on a job; an empty one removes it."""
        return self._runner.annotate(job_id, note)

    @changing
    def delete(self, job_id: str) -> int:
        """Deletes an ended job with its log, figures and report, and with its adapter unless that is active; returns the freed bytes."""
        return self._runner.delete(job_id)

    @changing
    def move(self, job_id: str, position: int) -> Job:
        """Moves a queued job to a position in the queue; 1 is the next to start."""
        return self._runner.move(job_id, position)

    @changing
    def cancel(self, job_id: str) -> Job:
        """Ends a job and keeps nothing but its checkpoints."""
        return self._runner.cancel(job_id)

    @changing
    def stop(self, job_id: str) -> Job:
        """Ends a job and keeps the adapter as it is now."""
        return self._runner.stop(job_id)

    @changing
    def resume(self, job_id: str, changes: dict[str, Any] | None = None) -> Job:
        """Queues a failed or cancelled job again; it continues from its newest complete checkpoint."""
        return self._runner.resume(job_id, changes)

    @changing
    def free(self, job_id: str) -> int:
        """Deletes the checkpoints of an ended job, which then cannot be resumed; returns the freed bytes."""
        return self._runner.delete_checkpoints(job_id)

    @changing
    def free_finished(self) -> int:
        """Deletes the checkpoints of all finished jobs but the active adapter's; returns the freed bytes."""
        return self._runner.delete_old_checkpoints()


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
