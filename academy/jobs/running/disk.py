"""What jobs take on the disk, and what of it can be freed."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable

from academy.errors import Conflict
from academy.files import folder_bytes
from academy.jobs import folder as job_folder
from academy.jobs.store import ENDED, Job, JobStore
from academy.messages import msg

USAGE_SECONDS = 10.0
DELETED = ".deleted-"  # as the adapters' store names what it has put aside
KEPT_CHECKPOINTS = 5
"""The newest finished jobs that keep their checkpoints; a finished job cannot be resumed, so older ones only take space."""


class Disk:
    """The bytes of jobs; the job whose adapter is active keeps its checkpoints."""

    def __init__(self, store: JobStore, lock: threading.RLock, in_use: Callable[[], str | None]) -> None:
        self._store = store
        self._lock = lock
        self._in_use = in_use
        self._usage: dict[str, tuple[float, dict[str, int]]] = {}

    def usage(self, job: Job) -> dict[str, int]:
        """The bytes of a job: in all, of its checkpoints, of its adapter; looked up again after some seconds."""
        cached = self._usage.get(job.job_id)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        parts = {"total": job.folder.path, "checkpoints": job.folder.checkpoint_dir, "adapter": job.folder.adapter}
        sizes = {name: folder_bytes(path) for name, path in parts.items()}
        if len(self._usage) > 1000:
            self._usage.clear()
        self._usage[job.job_id] = (time.monotonic() + USAGE_SECONDS, sizes)
        return sizes

    def delete_checkpoints(self, job_id: str) -> int:
        """Frees the space of an ended job's checkpoints (it cannot be resumed then); returns the bytes."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status not in ENDED:
                raise Conflict(
                    "The job {job} is {status} and needs its checkpoints.",
                    hint="Wait until it has ended.",
                    job=job_id,
                    status=msg(job.status),
                )
            if job_id == self._in_use():
                raise Conflict("The adapter of {name} is active, so its checkpoints stay.", hint="Deactivate it first.", name=job.name)
            freed = self._free(job)
            if job.resumable:
                self._store.update(job_id, resumable=False)
        return freed

    def delete(self, job_id: str) -> int:
        """Deletes an ended job with all its files, an adapter among them; returns the bytes."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status not in ENDED:
                raise Conflict("The job {job} is {status}.", hint="Cancel it first.", job=job.name, status=msg(job.status))
            if job_id == self._in_use():
                raise Conflict("The adapter of {name} is active.", hint="Deactivate it first.", name=job.name)
            freed = folder_bytes(job.folder.path)
            # Renamed first, so that a reader sees all of it or nothing; the next start removes what a crash leaves.
            aside = job.folder.path.with_name(f"{DELETED}{secrets.token_hex(6)}")
            with contextlib.suppress(FileNotFoundError):
                job.folder.path.rename(aside)
            self._store.remove(job_id)
            self._usage.pop(job_id, None)
        job_folder.remove(aside)
        return freed

    def delete_old_checkpoints(self) -> int:
        """Frees the space of the checkpoints of all finished jobs but the one whose adapter is active; returns the bytes."""
        with self._lock:
            active = self._in_use()
            return sum(self._free(job) for job in self._store.list(status="finished") if job.job_id != active)

    def freeable(self) -> int:
        """The bytes that `delete_old_checkpoints` would free."""
        active = self._in_use()
        return sum(self.usage(job)["checkpoints"] for job in self._store.list(status="finished") if job.job_id != active)

    def keep_newest(self, kind: str) -> None:
        """Frees the space of the checkpoints of all but the newest finished jobs of a kind."""
        for old in self._store.list(2 * KEPT_CHECKPOINTS, "finished", kind)[KEPT_CHECKPOINTS:]:
            if old.job_id != self._in_use():
                self._free(old)

    def _free(self, job: Job) -> int:
        checkpoints = job.folder.checkpoint_dir
        freed = folder_bytes(checkpoints) if checkpoints.is_dir() and not checkpoints.is_symlink() else 0
        job_folder.remove(checkpoints)
        self._usage.pop(job.job_id, None)
        return freed
