"""Starts jobs: checks what they need, writes what they read, and hands their command to a backend."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from academy.bases import cached_snapshot, converted, fingerprint, gguf
from academy.bases.packages import PACKAGES
from academy.config import Settings
from academy.errors import AcademyError, NoSpace, Refused
from academy.files import disk_errors, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends import Backend, Command, backend_named
from academy.jobs.kinds import named
from academy.jobs.kinds.commands import convert_command, fetch_command
from academy.jobs.recipes import Recipe
from academy.jobs.running.watch import Watch
from academy.jobs.store import Job, JobStore
from academy.messages import msg

SPARE_BYTES = 200 << 20


class Starter:
    """Starts the phases of a job: where its base model is missing it is fetched and converted; then the job's own program runs."""

    def __init__(self, settings: Settings, store: JobStore, backends: Mapping[str, Backend], recipe: Callable[[str], Recipe]) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._recipe = recipe

    def launch(self, job: Job, now: str, devices: Sequence[int] = ()) -> Watch | None:
        """Begins an attempt of a queued job on these devices; None where it failed at once."""
        changes: dict[str, Any] = {"devices": [*devices]}
        changes |= {"status": "preparing", "started_at": max(now, job.created_at), "attempt": job.attempt + 1}
        if job.base_path and _can_be_got(job) and not Path(job.base_path).is_dir():
            # The hub's cache was emptied, or the base model deleted, while the job waited.
            changes["base_path"] = None
        job = self._store.update(job.job_id, **changes)
        if job.base_model and not job.base_path:
            # What is wrong with the base model shows in the phase that gets it.
            with contextlib.suppress(AcademyError, OSError):
                if made := self._made_by_another(job):
                    mark = job.base_fingerprint or fingerprint(made)
                    job = self._store.update(job.job_id, base_path=str(made), base_fingerprint=mark)
        return self.start_next(job)

    def start_next(self, job: Job) -> Watch | None:
        """Starts the next phase of an attempt."""
        return self.start_phase(job, _next_phase(job))

    def _made_by_another(self, job: Job) -> Path | None:
        """The converted base model, where another job has made it in the meantime."""
        if job.base_source and Path(job.base_source).is_file():
            return converted.of_file(self._settings.bases_dir, gguf.fingerprint(Path(job.base_source)))
        if job.base_model in PACKAGES:
            return converted.named(self._settings.bases_dir, job.base_model)
        return cached_snapshot(job.base_model) if _is_hub_name(job) else None

    def start_phase(self, job: Job, phase: str) -> Watch | None:
        """Starts a program of the job; where that fails the job has failed, and there is nothing to watch."""
        try:
            with disk_errors("the job's folder"):
                job.folder.path.mkdir(parents=True, exist_ok=True)
                # Also removes a request to stop that was made before the attempt began.
                job.folder.clear_attempt()
                backend, command = self._prepare(job, phase)
            job = self._store.update(job.job_id, phase=phase, worker=None, events_offset=job.folder.events_size())
            worker = backend.start(job, command)
        except AcademyError as error:
            self._store.end(job.job_id, "failed", error=error.text, reason="It could not be started.", cause="start")
            return None
        except OSError as error:
            why = msg("It could not be started: {error}.", error=error.strerror or error)
            self._store.end(job.job_id, "failed", error=why, reason="It could not be started.", cause="start")
            return None
        watch = Watch(job)
        self._store.update(job.job_id, worker=worker)
        return watch

    def _prepare(self, job: Job, phase: str) -> tuple[Backend, Command]:
        kind = named(job.kind)
        recipe = self._recipe(job.recipe) if job.recipe else None
        if recipe is not None:
            job.folder.output.mkdir(exist_ok=True)
        check_inputs(job)
        backend = backend_of(self._backends, job, phase)
        seen = backend.seen(job)
        if phase == "fetch":
            command = fetch_command(job, seen)
        elif phase == "convert":
            command = convert_command(job, seen, self._settings)
        else:
            command = kind.command(job, seen, self._settings, recipe)
        write_atomic(job.folder.spec, job_folder.dumps(kind.spec_file(job, seen)))
        return backend, command


def backend_of(backends: Mapping[str, Backend], job: Job, phase: str | None) -> Backend:
    """The backend that runs a phase of a job: a base model is always fetched and converted by a process of this machine."""
    return backend_named(backends, "subprocess" if phase in ("fetch", "convert") else job.backend)


def _next_phase(job: Job) -> str:
    if not job.base_model or job.base_path:
        return job.kind
    return "convert" if job.base_source and Path(job.base_source).is_file() else "fetch"


def check_inputs(job: Job) -> None:
    """Raises Refused where something that a job needs was deleted or changed while it waited."""
    inputs = ((msg("dataset"), job.dataset_path), (msg("held-out rows"), job.eval_path), (msg("base model"), job.base_path))
    for what, path in inputs:
        if path and not Path(path).exists() and not (what.key == "base model" and _can_be_got(job)):
            raise Refused(
                "The {what} of this training is gone ({file}).",
                hint="Start a new training with another.",
                what=what,
                file=Path(path).name,
            )
    base = Path(job.base_path) if job.base_path else None
    if base is None and job.base_source and job.base_model not in PACKAGES and not Path(job.base_source).is_file():
        hint = "Put it back, or choose another base model."
        raise Refused("The file of the base model is gone ({file}).", hint=hint, file=Path(job.base_source).name)
    if base is not None and job.base_fingerprint and base.is_dir() and fingerprint(base) != job.base_fingerprint:
        # An adapter of another base would be refused when it is activated, after all the work.
        raise Refused("The base model has changed since this training began.", hint="Start a new training with it.")
    if job.continue_from_path and not Path(job.continue_from_path).is_dir():
        raise Refused("The adapter that this training continues is gone.", hint="Start a new training.")


def check_space(settings: Settings, needed: int) -> None:
    """Raises NoSpace for what would fill the disk: the bytes needed, and some to spare."""
    needed += SPARE_BYTES
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = os.statvfs(settings.data_dir)
    free = state.f_bavail * state.f_frsize
    if free < needed:
        raise NoSpace(
            "The disk has {free:size} left, and this job needs about {needed:size}.",
            hint="Free some space, for instance old checkpoints, and try again.",
            free=free,
            needed=needed,
        )


def _can_be_got(job: Job) -> bool:
    """Whether a base model that is missing can be fetched or converted again."""
    if job.base_model in PACKAGES or (job.base_source and Path(job.base_source).is_file()):
        return True
    return _is_hub_name(job)


def _is_hub_name(job: Job) -> bool:
    return job.base_revision is not None or (job.base_model.count("/") == 1 and job.base_model[0] not in "/.~")
