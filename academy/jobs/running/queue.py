"""The queue: takes jobs, cancels, stops, resumes, moves and renames them."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from academy.config import Settings
from academy.errors import Conflict, Invalid
from academy.files import disk_errors, now, sync_folder, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends import Backend, backend_named
from academy.jobs.folder import JobFolder
from academy.jobs.kinds import Kind, named
from academy.jobs.recipes import Recipe
from academy.jobs.running.starting import check_inputs, check_space
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from academy.messages import msg

MOST_NOTE = 500


class Queue:
    """What people ask of jobs; the runner does it. Both hold the same lock."""

    def __init__(
        self,
        settings: Settings,
        store: JobStore,
        backends: Mapping[str, Backend],
        recipe: Callable[[str], Recipe],
        lock: threading.RLock,
        wake: threading.Event,
    ) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._recipe = recipe
        self._lock = lock
        self._wake = wake

    def submit(self, spec: BaseModel, inputs: Inputs, *, kind: str = "train", idempotency_key: str | None = None) -> Job:
        """Queues a job; when this returns it survives anything. The same key gives the same job."""
        if idempotency_key and (existing := self._store.by_key(idempotency_key)):
            return existing
        described = named(kind)
        recipe = getattr(spec, "recipe", None)
        backend = backend_named(self._backends, getattr(spec, "backend", None) or self._settings.backend)
        backend.check(self._recipe(recipe).image if recipe else None)
        inputs = _completed(inputs, spec)
        if missing := [name for name in sorted(described.requires) if not getattr(inputs, name)]:
            raise Invalid("This job lacks {missing:list}.", hint="Name what it lacks.", missing=missing)
        parameters = described.parameters(spec)
        check_space(self._settings, described.space(inputs, parameters))
        with self._lock:
            if idempotency_key and (existing := self._store.by_key(idempotency_key)):
                return existing
            job_id = self._new_id(described)
            given: dict[str, Any] = vars(inputs) | {"name": inputs.name or job_id}
            job = Job(
                **given,
                job_id=job_id,
                kind=kind,
                status="queued",
                created_at=now(),
                backend=backend.name,  # type: ignore[arg-type]
                output_dir=str(self._settings.models_dir / job_id),
                parameters=parameters,
                recipe=recipe,
                order=self._last_order(),
                idempotency_key=idempotency_key,
            )
            with contextlib.ExitStack() as undo:
                undo.callback(job_folder.remove, job.folder.path)
                _make_folder(job.folder, described.spec_file(job, backend.seen(job)))
                job = self._store.add(job)
                undo.pop_all()
        self._wake.set()
        return job

    def cancel(self, job_id: str) -> Job:
        """Cancels a job: at once in the queue, otherwise after its processes are gone. One that has ended stays as it is."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status in ENDED:
                return job
            if job.status == "queued":
                job = self._store.end(job_id, "cancelled", reason="Cancelled before it started.")
            else:
                job = self._store.request(job_id, "cancel")
        self._wake.set()
        return job

    def stop(self, job_id: str) -> Job:
        """Stops a job and keeps what it has learned; one that has learned nothing yet is cancelled."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status in ENDED:
                raise Conflict(
                    "The job {job} has already ended: {status}.", hint="There is nothing left to stop.", job=job_id, status=msg(job.status)
                )
            if job.wish == "cancel":
                raise Conflict("The job {job} is being cancelled.", hint="Resume it afterwards to go on.", job=job_id)
            if job.status == "queued":
                job = self._store.end(job_id, "cancelled", reason="Stopped before anything was trained.")
            elif not named(job.kind).keeps_on_stop:
                job = self._store.request(job_id, "cancel")
            else:
                if not job.recipe and not job.gets_base:
                    with disk_errors("the request to stop"):
                        job_folder.touch(job.folder.stop)
                job = self._store.request(job_id, "stop")
        self._wake.set()
        return job

    def resume(self, job_id: str, changes: Mapping[str, Any] | None = None) -> Job:
        """Puts a failed or cancelled job back into the queue, to go on from its newest complete checkpoint."""
        changes = dict(changes or {})
        job = self._store.get(job_id)
        kind = named(job.kind)
        if unknown := sorted(changes.keys() - kind.changeable):
            raise Invalid("A resume cannot change {names:commas}.", hint="Start a new training instead.", names=unknown)
        if job.status in ("failed", "cancelled"):  # before the lock is taken, since an engine can be slow to answer
            backend_named(self._backends, job.backend).check(self._recipe(job.recipe).image if job.recipe else None)
        with self._lock:
            job = self._store.get(job_id)
            if job.status not in ("failed", "cancelled"):
                raise Conflict(
                    "The job {job} is {status}; there is nothing to resume.",
                    hint="Only failed and cancelled jobs resume.",
                    job=job_id,
                    status=msg(job.status),
                )
            # A job killed before its first checkpoint starts over; so does one that did not fit, with other parameters.
            again = kind.resume == "restart" or (job.status == "failed" and job.resumable) or (changes and job.attempt)
            if not job.folder.checkpoints() and not again:
                raise Conflict("The job {job} has no checkpoint to go on from.", hint="Start it again as a new training.", job=job_id)
            parameters = _checked(kind, job.parameters | changes)
            check_inputs(job)
            check_space(self._settings, kind.space(job.inputs, parameters))
            job = self._store.requeue(job_id, parameters=parameters, order=self._last_order())
        self._wake.set()
        return job

    def move(self, job_id: str, position: int) -> Job:
        """Moves a queued job to a position in the queue; 1 is the next to start."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status != "queued":
                raise Conflict(
                    "The job {job} is {status}, so it has no position in the queue.",
                    hint="Only queued jobs move.",
                    job=job_id,
                    status=msg(job.status),
                )
            others = [item for item in self.waiting() if item.job_id != job_id]
            index = min(max(position, 1) - 1, len(others))
            before = others[index - 1].order if index else None
            after = others[index].order if index < len(others) else None
            if before is None or after is None:
                order = (after - 1) if after is not None else (before + 1) if before is not None else job.order
                return self._store.update(job_id, order=order)
            order = (before + after) / 2
            if before < order < after:
                return self._store.update(job_id, order=order)
            # Halved too often: every position gets its whole number again.
            for number, item in enumerate([*others[:index], job, *others[index:]], 1):
                self._store.update(item.job_id, order=float(number))
            return self._store.get(job_id)

    def rename(self, job_id: str, name: str) -> Job:
        """Gives a job another name; its id and its folder stay."""
        name = " ".join(name.split())
        if not name or len(name) > 80 or not name.isprintable():
            raise Invalid("A name has 1 to 80 printable characters.", hint="Choose another name.")
        with self._lock:
            return self._store.update(job_id, name=name)

    def annotate(self, job_id: str, note: str) -> Job:
        """Keeps what a person wants to remember of a job."""
        note = note.strip()
        if len(note) > MOST_NOTE:
            raise Invalid("A note has at most {most} characters.", hint="Shorten it.", most=MOST_NOTE)
        with self._lock:
            return self._store.update(job_id, note=note)

    def waiting(self) -> list[Job]:
        """The queued jobs, the next to start first."""
        return [job for job in self._store.open_jobs() if job.status == "queued"]

    def position(self, job_id: str) -> int | None:
        """The position in the queue, 1 for the next to start; None for a job that is not queued."""
        return next((position for position, job in enumerate(self.waiting(), 1) if job.job_id == job_id), None)

    def _last_order(self) -> float:
        return max((item.order for item in self._store.open_jobs()), default=0.0) + 1

    def _new_id(self, kind: Kind) -> str:
        while True:
            job_id = f"{kind.stem}_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
            if not (self._settings.models_dir / job_id).exists() and job_id not in self._store:
                return job_id


def _completed(inputs: Inputs, spec: BaseModel) -> Inputs:
    """The inputs, with those that only the spec names."""
    asked = {name: getattr(spec, name, None) for name, value in vars(inputs).items() if not value}
    return dataclasses.replace(inputs, **{name: value for name, value in asked.items() if value})


def _make_folder(folder: JobFolder, spec: dict[str, Any]) -> None:
    with disk_errors("the job's folder"):
        folder.path.mkdir(parents=True)
        write_atomic(folder.spec, job_folder.dumps(spec))
        sync_folder(folder.path.parent)


def _checked(kind: Kind, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        return kind.parameters(kind.spec.model_validate(parameters))
    except ValidationError as error:
        problems = [msg("{name}: {problem}.", name=item["loc"][0], problem=item["msg"]) for item in error.errors()]
        raise Invalid("{problems:commas}", hint="Choose another value.", problems=problems) from error
