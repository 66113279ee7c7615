"""The runner: takes jobs, starts the next one, watches, concludes. It alone writes the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from academy.bases import fingerprint, header_of
from academy.config import Settings
from academy.errors import AcademyError, Conflict, Invalid, NoSpace, Refused, Unavailable
from academy.files import disk_errors, folder_bytes, now, sync_folder, write_atomic, write_json
from academy.jobs import folder as job_folder
from academy.jobs import recipes as recipe_file
from academy.jobs.backends import Backend, Death
from academy.jobs.processes import boot_id, hold_data_folder
from academy.jobs.reading import view
from academy.jobs.reading.events import Event, Events
from academy.jobs.reading.view import log_tail
from academy.jobs.recipes import Recipe
from academy.jobs.running.doctor import diagnose
from academy.jobs.running.starting import GRACE_SECONDS, fetch_command, spec_json, train_command
from academy.jobs.spec import KNOBS, TrainingSpec
from academy.jobs.store import ACTIVE, ENDED, Job, JobStore

__all__ = ["CHANGEABLE", "Runner", "hold_data_folder"]

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
IDLE_SECONDS = 5.0
SPARE_BYTES = 200 << 20
MOST_ATTEMPTS = 20
USAGE_SECONDS = 10.0
KEPT_CHECKPOINTS = 5
"""The newest finished jobs that keep their checkpoints; a finished job cannot be resumed, so older ones only take space."""

CHANGEABLE = frozenset(
    {"batch_size", "gradient_accumulation_steps", "gradient_checkpointing", "max_seq_length", "quantization", "precision"}
)
"""The knobs that a resume may change: what decides whether it fits, not what is learned."""

_FORCE_AFTER = GRACE_SECONDS + 2.5
_FROM_CALLER = frozenset(
    {"name", "dataset_id", "dataset_path", "eval_path", "base_model", "base_path", "base_fingerprint", "base_revision"}
) | {"continue_from", "continue_from_path", "reasons", "dry_run", "device"}


class Runner:
    """One queue, one running job, one thread. `tick()` does all there is to do now; the thread merely calls it."""

    def __init__(
        self,
        settings: Settings,
        store: JobStore,
        backends: Mapping[str, Backend],
        *,
        recipes: Callable[[str], Recipe] | None = None,
        in_use: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._recipe = recipes or (lambda name: recipe_file.named(settings.data_dir / "recipes.toml", name))
        self._in_use = in_use  # the job whose adapter is active: its checkpoints stay
        self._usage: dict[str, tuple[float, dict[str, int]]] = {}
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._watched: dict[str, _Watch] = {}
        self._wishes: dict[str, str] = {}  # of jobs whose wish could not be written: the disk is full
        self._retry_at: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self.on_change: list[Callable[[Job], None]] = []  # called one after another, in the order of the changes
        self._news: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._teller: threading.Thread | None = None

    # What others ask for

    def submit(self, spec: TrainingSpec, *, job_fields: Mapping[str, Any], idempotency_key: str | None = None) -> Job:
        """Puts a training into the queue; when this returns it survives anything. The same key gives the same job."""
        if idempotency_key and (known := self._store.by_key(idempotency_key)):
            return known
        unknown = job_fields.keys() - _FROM_CALLER
        if unknown:
            raise ValueError(f"not a field of a new job: {sorted(unknown)}")
        recipe = self._recipe(spec.recipe) if spec.recipe else None
        backend = self._backend(spec.backend or self._settings.backend)
        backend.check(recipe.image if recipe else None)
        fields = {"continue_from": spec.continue_from, "base_model": spec.base_model, "dataset_path": spec.dataset_path} | dict(job_fields)
        if not fields.get("base_model") or not fields.get("dataset_path"):
            raise Invalid("A training needs a dataset and a base model.", hint="Name both.")
        self._check_space(fields, spec)
        with self._lock:
            if idempotency_key and (known := self._store.by_key(idempotency_key)):
                return known
            job_id = self._new_id()
            folder = self._settings.models_dir / job_id
            given: dict[str, Any] = {"name": spec.name or job_id}
            given |= {name: value for name, value in fields.items() if value not in (None, "")}
            job = Job(
                job_id=job_id,
                status="queued",
                created_at=now(),
                backend=backend.name,  # type: ignore[arg-type]
                output_dir=str(folder),
                parameters={name: getattr(spec, name) for name in KNOBS},
                recipe=spec.recipe,
                order=max((item.order for item in self._store.open_jobs()), default=0.0) + 1,
                idempotency_key=idempotency_key,
                **given,
            )
            try:
                with disk_errors("the job's folder"):
                    folder.mkdir(parents=True)
                    write_atomic(folder / "spec.json", job_folder.dumps(spec_json(job, backend.seen(job))))
                    sync_folder(folder.parent)
                job = self._store.add(job)
            except BaseException:
                job_folder.remove(folder)
                raise
        self._changed(job)
        return job

    def cancel(self, job_id: str) -> Job:
        """Cancels a job: at once in the queue, else its processes go first. One that has ended stays as it is."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status in ENDED:
                return job
            if job.status == "queued":
                job = self._end(job, "cancelled", reason="Cancelled before it started.")
            else:
                job = self._wish(job, "cancel")
        self._wake.set()
        return job

    def stop(self, job_id: str) -> Job:
        """Stops a job and keeps what it has learned; one that has learned nothing yet is cancelled."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status in ENDED:
                raise Conflict(f"The job {job_id} has already ended: {job.status}.", hint="There is nothing left to stop.")
            if self._wished(job) == "cancel":
                raise Conflict(f"The job {job_id} is being cancelled.", hint="Resume it afterwards to go on.")
            if job.status == "queued":
                job = self._end(job, "cancelled", reason="Stopped before anything was trained.")
            else:
                if not job.recipe and job.phase != "fetch":
                    with disk_errors("the wish to stop"):
                        job_folder.touch(job.folder.stop)
                job = self._wish(job, "stop")
        self._wake.set()
        return job

    def resume(self, job_id: str, changes: Mapping[str, Any] | None = None) -> Job:
        """Puts a failed or cancelled job back into the queue, to go on from its newest complete checkpoint."""
        changes = dict(changes or {})
        if changes.keys() - CHANGEABLE:
            raise Invalid(f"A resume cannot change {', '.join(sorted(changes.keys() - CHANGEABLE))}.", hint="Start a new training instead.")
        known = self._store.get(job_id)
        if known.status in ("failed", "cancelled"):  # asked before the lock is taken, since an engine may be slow
            self._backend(known.backend).check(self._recipe(known.recipe).image if known.recipe else None)
        with self._lock:
            job = self._store.get(job_id)
            if job.status not in ("failed", "cancelled"):
                raise Conflict(
                    f"The job {job_id} is {job.status}; there is nothing to resume.", hint="Only failed and cancelled jobs resume."
                )
            # What was killed before its first checkpoint begins again; so does what did not fit, with other knobs.
            again = (job.status == "failed" and job.resumable) or (changes and job.attempt)
            if not self._has_checkpoint(job) and not again:
                raise Conflict(f"The job {job_id} has no checkpoint to go on from.", hint="Start it again as a new training.")
            parameters = _checked(job.parameters | changes)
            self._check_inputs(job)
            self._check_space(dataclasses.asdict(job), None)
            job = self._store.update(
                job_id,
                status="queued",
                parameters=parameters,
                order=max((item.order for item in self._store.open_jobs()), default=0.0) + 1,
                **_FRESH,
            )
            self._watched.pop(job_id, None)
            self._wishes.pop(job_id, None)
        self._changed(job)
        return job

    def move(self, job_id: str, place: int) -> Job:
        """Moves a queued job to a place in the queue; 1 is the next to start."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status != "queued":
                raise Conflict(f"The job {job_id} is {job.status}, so it has no place in the queue.", hint="Only queued jobs move.")
            others = [item for item in self._queue() if item.job_id != job_id]
            index = min(max(place, 1) - 1, len(others))
            before = others[index - 1].order if index else None
            after = others[index].order if index < len(others) else None
            if before is not None and after is not None:
                order = (before + after) / 2
                if not before < order < after:
                    # Halved too often: give every place its whole number again.
                    for number, item in enumerate([*others[:index], job, *others[index:]], 1):
                        self._store.update(item.job_id, order=float(number))
                    return self._store.get(job_id)
            else:
                order = (after - 1) if after is not None else (before + 1) if before is not None else job.order
            job = self._store.update(job_id, order=order)
        self._changed(job)
        return job

    def rename(self, job_id: str, name: str) -> Job:
        """Gives a job another name; its id and its folder stay."""
        name = " ".join(name.split())
        if not name or len(name) > 80 or not name.isprintable():
            raise Invalid("A name has 1 to 80 printable characters.", hint="Choose another name.")
        with self._lock:
            job = self._store.update(job_id, name=name)
        self._changed(job)
        return job

    def delete_checkpoints(self, job_id: str) -> int:
        """Frees the space of an ended job's checkpoints (it cannot be resumed then); returns the bytes."""
        with self._lock:
            job = self._store.get(job_id)
            if job.status not in ENDED:
                raise Conflict(f"The job {job_id} is {job.status} and needs its checkpoints.", hint="Wait until it has ended.")
            if job_id == self._in_use():
                raise Conflict(f"The adapter of {job.name} is active, so its checkpoints stay.", hint="Deactivate it first.")
            freed = self._free(job)
            if job.resumable:
                job = self._store.update(job_id, resumable=False)
        self._changed(job)
        return freed

    def delete_old_checkpoints(self) -> int:
        """Frees the space of the checkpoints of all finished jobs but the one whose adapter is active; returns the bytes."""
        with self._lock:
            kept = self._in_use()
            return sum(self._free(job) for job in self._store.list(status="finished") if job.job_id != kept)

    def _free(self, job: Job) -> int:
        checkpoints = job.folder.checkpoint_dir
        freed = folder_bytes(checkpoints) if checkpoints.is_dir() and not checkpoints.is_symlink() else 0
        job_folder.remove(checkpoints)
        self._usage.pop(job.job_id, None)
        return freed

    def usage(self, job: Job) -> dict[str, int]:
        """The bytes that a job takes: in all, for its checkpoints, for its adapter; looked up again after some seconds."""
        known = self._usage.get(job.job_id)
        if known and known[0] > time.monotonic():
            return known[1]
        parts = {"total": job.folder.path, "checkpoints": job.folder.checkpoint_dir, "adapter": job.folder.adapter}
        found = {name: folder_bytes(path) for name, path in parts.items()}
        if len(self._usage) > 1000:
            self._usage.clear()
        self._usage[job.job_id] = (time.monotonic() + USAGE_SECONDS, found)
        return found

    def silence(self, job_id: str) -> float | None:
        """For how many seconds a job at work has given no sign of life, as far as this app has seen; None for other jobs."""
        watch = self._watched.get(job_id)
        return None if watch is None else round(time.monotonic() - watch.alive_at, 1)

    def queue_position(self, job_id: str) -> int | None:
        """The place in the queue, 1 for the next to start; None for what is not queued."""
        return next((place for place, job in enumerate(self._queue(), 1) if job.job_id == job_id), None)

    def busy(self) -> Job | None:
        """The job that runs or prepares, if any."""
        return next((job for job in self._store.open_jobs() if job.status in ACTIVE), None)

    # The thread

    def start(self) -> None:
        """Starts the thread; what lives is watched on, what ended meanwhile is concluded."""
        if self._thread is None:
            self._closing = False
            self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread and leaves every training alive."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None
        with self._lock:
            if self._teller is not None:
                self._news.put(None)
                self._teller = None

    def _loop(self) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                self.tick()
            except Exception:
                log.exception("The runner's tick failed; it goes on.")
            self._wake.wait(TICK_SECONDS if any(True for _ in self._store.open_jobs()) else IDLE_SECONDS)

    def tick(self) -> None:
        """Does all there is to do now: watches what runs, concludes what ended, starts the next."""
        with self._lock:
            for job in self._store.open_jobs():
                if job.status in ACTIVE:
                    self._guarded(self._look_after, job)
            if self.busy() is None:
                for job in self._queue():
                    self._guarded(self._launch, job)
                    if self.busy() is not None:
                        break

    def _guarded(self, act: Callable[[Job], None], job: Job) -> None:
        """One job's trouble must not keep the others from being looked after."""
        if self._retry_at.get(job.job_id, 0.0) > time.monotonic():
            return
        try:
            act(job)
            self._said.pop(job.job_id, None)
        except NoSpace as error:
            # Nothing is changed; it is tried again until there is space.
            self._complain(job, error.detail)
            self._retry_at[job.job_id] = time.monotonic() + 1.0
        except Exception as error:
            self._complain(job, f"{type(error).__name__}: {error}", trace=True)
            self._retry_at[job.job_id] = time.monotonic() + 1.0

    def _complain(self, job: Job, text: str, *, trace: bool = False) -> None:
        if self._said.get(job.job_id) != text:
            self._said[job.job_id] = text
            log.warning("%s: %s", job.job_id, text, exc_info=trace)

    # One job: start, watch, conclude

    def _launch(self, job: Job) -> None:
        job = self._store.update(job.job_id, status="preparing", started_at=_not_before(job.created_at), attempt=job.attempt + 1)
        self._changed(job)
        if job.base_path and _is_hub_name(job) and not Path(job.base_path).is_dir():
            # Somebody emptied the hub's cache while it waited.
            job = self._store.update(job.job_id, base_path=None)
        self._start_phase(job, "train" if job.base_path else "fetch")

    def _start_phase(self, job: Job, phase: str) -> None:
        folder = job.folder.path
        try:
            with disk_errors("the job's folder"):
                folder.mkdir(parents=True, exist_ok=True)
                # A wish to stop that was made meanwhile is not the last attempt's.
                job.folder.clear_attempt()
                recipe = self._recipe(job.recipe) if job.recipe else None
                if recipe is not None:
                    job.folder.output.mkdir(exist_ok=True)
                self._check_inputs(job)
                if phase == "fetch":
                    backend = self._backend("subprocess")
                    seen = backend.seen(job)
                    command = fetch_command(job, seen, folder)
                else:
                    backend = self._backend(job.backend)
                    seen = backend.seen(job)
                    command = train_command(job, seen, self._settings, recipe, folder)
                write_atomic(job.folder.spec, job_folder.dumps(spec_json(job, seen)))
            job = self._store.update(job.job_id, phase=phase, worker=None, events_offset=job.folder.events_size())
            worker = backend.start(job, folder, command)
        except AcademyError as error:
            self._end(job, "failed", error=error.detail, reason="It could not be started.", cause="start")
            return
        except OSError as error:
            self._end(
                job,
                "failed",
                error=f"It could not be started: {error.strerror or error}.",
                reason="It could not be started.",
                cause="start",
            )
            return
        self._watched[job.job_id] = _Watch(job)
        self._changed(self._store.update(job.job_id, worker=worker))

    def _look_after(self, job: Job) -> None:
        backend = self._backend("subprocess" if job.phase == "fetch" else job.backend)
        watch = self._watched.get(job.job_id) or self._watched.setdefault(job.job_id, _Watch(job))
        alive = backend.alive(job)
        # After asking whether it lives: what it said before it died is read then, all of it.
        watch.read()
        watch.listen(view.signs(job))
        job = self._note_progress(job, watch, backend)
        wish = self._wished(job)
        if alive is not False:
            if wish == "cancel" or (wish == "stop" and (job.phase == "fetch" or job.recipe)):
                watch.end(backend, job)
            elif wish == "stop" and not job.folder.stop.exists():
                job_folder.touch(job.folder.stop)
            return
        self._conclude(job, watch, backend)

    def _note_progress(self, job: Job, watch: _Watch, backend: Backend) -> Job:
        changes: dict[str, Any] = {}
        if not (job.worker or {}).get("pid") and (worker := backend.worker(job)):
            changes["worker"] = worker
        if job.status == "preparing" and job.phase == "train":
            if watch.started is not None:
                changes |= {"status": "running", "total_steps": watch.total_steps}
            elif job.recipe and (changes.get("worker") or job.worker or {}).get("pid"):
                changes["status"] = "running"
        if not changes:
            return job
        job = self._store.update(job.job_id, **changes)
        if "status" in changes or "worker" in changes:
            self._changed(job)
        return job

    def _conclude(self, job: Job, watch: _Watch, backend: Backend) -> None:
        """Nothing of the job lives any more: what happened?"""
        record = _record(job)
        wish = self._wished(job)
        death = backend.autopsy(job)
        if record is not None:
            death = Death(interrupted=death.interrupted)
        if death.never_began and watch.last is None:
            # The app died between writing that it starts the job and starting it: nothing has run.
            if wish:
                self._end(job, "cancelled", reason="Cancelled before it started.")
            else:
                self._changed(self._store.update(job.job_id, status="queued", attempt=max(0, job.attempt - 1), **_FRESH))
            return
        if death.refused:
            status, reason = ("cancelled", "Cancelled before it started.") if wish else ("failed", "It could not be started.")
            self._end(job, status, error=None if wish else death.said, reason=reason, cause=None if wish else "start")
        elif job.phase == "fetch":
            self._conclude_fetch(job, watch, record, death, wish)
        else:
            self._conclude_training(job, watch, record, death, wish, job.folder.read_worker().get("boot_id"))
        backend.clean(job)

    def _conclude_fetch(self, job: Job, watch: _Watch, record: dict[str, Any] | None, death: Death, wish: str | None) -> None:
        fetched = job_folder.read_small(job.folder.fetched)
        # It named the hub's token.
        job.folder.command.unlink(missing_ok=True)
        if wish:
            how = "Cancelled while the base model was fetched." if wish == "cancel" else "Stopped before anything was trained."
            self._end(job, "cancelled", reason=how)
        elif record and record.get("exit_code") == 0 and fetched and isinstance(fetched.get("path"), str):
            if job.base_fingerprint and fetched.get("fingerprint") != job.base_fingerprint and self._has_checkpoint(job):
                how = f"The hub has another version of {job.base_model} now than the one that this training began with."
                self._end(job, "failed", error=f"{how} Start a new training.", reason=how, cause="bad_model")
                return
            job = self._store.update(
                job.job_id,
                base_path=fetched["path"],
                base_revision=fetched.get("revision"),
                base_fingerprint=fetched.get("fingerprint"),
                seconds=_and(job.seconds, record.get("seconds")),
            )
            self._start_phase(job, "train")
        else:
            said = watch.failed or {}
            how = _how_it_ended(record, death, None)
            self._end(
                job,
                "failed",
                error=str(said.get("reason") or f"The base model {job.base_model} could not be fetched: {how}."),
                reason=f"The base model could not be fetched: {how}.",
                cause=said.get("cause") or "fetch",
                exit_code=(record or {}).get("exit_code"),
                signal=(record or {}).get("signal") or death.signal,
            )

    def _conclude_training(
        self, job: Job, watch: _Watch, record: dict[str, Any] | None, death: Death, wish: str | None, boot: str | None
    ) -> None:
        record = record or {"exit_code": death.exit_code, "signal": death.signal, "oom": death.oom}
        step = watch.step
        common: dict[str, Any] = {
            "exit_code": record.get("exit_code"),
            "signal": record.get("signal"),
            "step": step,
            "total_steps": watch.total_steps or job.total_steps,
            "seconds": _and(job.seconds, record.get("seconds")),
        }
        fault = None
        if self._says_finished(job, watch, record):
            try:
                if job.recipe:
                    self._take_over(job, self._recipe(job.recipe), job.folder.path)
                if not job.dry_run:
                    job.folder.check_adapter()
                    self._name_as_known_here(job, job.folder.path)
            except AcademyError as error:
                fault = error
            else:
                adapter = None if job.dry_run else str(job.folder.adapter)
                self._end(job, "finished", reason=_finished_reason(job, watch, wish), adapter_path=adapter, **common)
                for old in self._store.list(limit=2 * KEPT_CHECKPOINTS, status="finished")[KEPT_CHECKPOINTS:]:
                    if old.job_id != self._in_use():
                        self._free(old)
                return
        if wish == "cancel" or (wish == "stop" and not step):
            gave_up = watch.failed is not None and not record.get("stopped_by") and wish == "cancel"
            if not gave_up:
                where = f" at step {step}" if step else ""
                reason = f"Cancelled{where}." if wish == "cancel" else "Stopped before anything was trained."
                self._end(job, "cancelled", reason=reason, resumable=self._has_checkpoint(job), **common)
                return
        if death.interrupted and wish is None and watch.failed is None and job.attempt < MOST_ATTEMPTS:
            # The engine was restarted and took the container with it: nobody wished that, so it goes on by itself.
            log.warning("%s: the container was ended by a restart of Docker at step %s; it goes on.", job.job_id, step)
            self._changed(self._store.update(job.job_id, status="queued", order=0.0, **_FRESH))
            return
        where = f" at step {step}" if step else " before the first step"
        if boot and boot != boot_id():
            how = "The machine was restarted while it trained"
        else:
            how = _sentence(_how_it_ended(record, death, watch.failed))
        found = diagnose(
            exit_code=record.get("exit_code"),
            signal=record.get("signal"),
            oom=bool(record.get("oom")),
            event=watch.failed,
            log_tail=log_tail(job, 8000),
            parameters=job.parameters,
        )
        if job.backend == "docker" and not job.recipe and found.cause in ("missing_library", "library_mismatch"):
            where = f"It belongs into the image {self._settings.training_image}. Choose another image, or Academy's own"
            found = dataclasses.replace(found, remedy=f"{where}: docker build -t academy-trainer .")
        if fault is not None:
            error = f"The training ended, but its adapter is not whole. {fault.detail}"
        elif watch.failed and watch.failed.get("reason"):
            said = str(watch.failed.get("reason")).strip()
            error = f"{said}{'' if said.endswith(('.', '!', '?')) else '.'} {found.remedy}"
        elif boot and boot != boot_id():
            error = f"{how}{where}. Resume it."
        else:
            sentence = "" if record.get("oom") else f"{found.sentence} "
            error = f"{how}{where}. {sentence}{found.remedy}"
            if job.recipe and found.cause in ("missing_library", "library_mismatch"):
                error = f"{how}{where}. {found.sentence} Install what is missing where the recipe's program runs."
        explained = watch.failed is not None or fault is not None or (job.recipe and record.get("exit_code"))
        self._end(
            job,
            "failed",
            error=error.strip(),
            reason=f"{how}{where}." if fault is None else "The adapter is not whole.",
            cause="adapter" if fault is not None else found.cause,
            remedy=found.changes,
            # What was killed from outside can always be begun again, even before its first checkpoint.
            resumable=self._has_checkpoint(job) or (not explained and not job.dry_run),
            **common,
        )

    def _says_finished(self, job: Job, watch: _Watch, record: dict[str, Any]) -> bool:
        """Only the trainer's own last word counts; a foreign program has none but its exit code."""
        if job.recipe:
            return record.get("exit_code") == 0 or (self._wished(job) == "stop" and job.folder.output.is_dir())
        return watch.last is not None and watch.last.get("type") == "finished"

    def _name_as_known_here(self, job: Job, folder: Path) -> None:
        """In a container everything lies elsewhere, and the job may have been renamed: what stays behind must say how it is now."""
        seen = self._backend(job.backend).seen(job)
        outside = {str(seen.dataset): job.dataset_path, str(seen.base): job.base_path, str(seen.evaluation): job.eval_path}
        for path in (folder / "metadata.json", folder / "adapter" / "metadata.json", folder / "adapter" / "adapter_config.json"):
            told = job_folder.read_small(path)
            if told is not None:
                named = {key: outside.get(value) or value if isinstance(value, str) else value for key, value in told.items()}
                if "name" in told:
                    named["name"] = job.name
                if named != told:
                    write_atomic(path, job_folder.dumps(named))

    def _take_over(self, job: Job, recipe: Recipe, folder: Path) -> None:
        """What a recipe left becomes the job's adapter, in one step, with where it came from."""
        left = folder / "output" / recipe.adapter
        if left.resolve() != (folder.resolve() / "output" / recipe.adapter) or not left.is_dir():
            raise Refused(
                f"The recipe {recipe.name} left no adapter in output/{recipe.adapter}.",
                hint="Its `adapter` names the folder below {output}.",
            )
        job_folder.check_adapter(left)
        aside = folder / ".adapter.new"
        job_folder.remove(aside)
        with disk_errors("the adapter"):
            aside.mkdir()
            for path in left.iterdir():
                if path.is_file() and not path.is_symlink() and path.suffix in (".json", ".safetensors", ".jinja", ".model", ".txt", ".md"):
                    os.link(path, aside / path.name)
            header_of(aside / "adapter_model.safetensors")
            write_json(
                folder / "metadata.json",
                {
                    "job_id": job.job_id,
                    "name": job.name,
                    "base_model": job.base_model,
                    "base_fingerprint": job.base_fingerprint,
                    "dataset_path": job.dataset_path,
                    "dataset_id": job.dataset_id,
                    "parameters": job.parameters,
                    "created_at": job.created_at,
                    "started_at": job.started_at,
                    "finished_at": now(),
                    "source": "recipe",
                    "recipe": recipe.name,
                },
            )
            job_folder.remove(folder / "adapter")
            os.rename(aside, folder / "adapter")
            sync_folder(folder)

    def _end(self, job: Job, status: str, **fields: Any) -> Job:
        fields = {"finished_at": _not_before(job.started_at or job.created_at), "wish": None} | fields
        job = self._store.update(job.job_id, status=status, **fields)
        self._watched.pop(job.job_id, None)
        self._wishes.pop(job.job_id, None)
        self._changed(job)
        return job

    def _wish(self, job: Job, wish: str) -> Job:
        self._wishes[job.job_id] = wish
        try:
            job = self._store.update(job.job_id, wish=wish)
        except NoSpace as error:
            # A full disk must not keep anybody from ending what fills it.
            log.warning("The wish to %s %s is known, but could not be written: %s", wish, job.job_id, error.message)
            return dataclasses.replace(job, wish=wish)  # type: ignore[arg-type]
        self._changed(job)
        return job

    def _wished(self, job: Job) -> str | None:
        return self._wishes.get(job.job_id) or job.wish

    def _queue(self) -> list[Job]:
        return [job for job in self._store.open_jobs() if job.status == "queued"]

    def _changed(self, job: Job) -> None:
        self._news.put(job)
        with self._lock:
            if self._teller is None:
                # Apart from everything else: a listener may wait for a chat's reply, and a cancel must not wait for it.
                self._teller = threading.Thread(target=self._tell, name="runner-news", daemon=True)
                self._teller.start()
        self._wake.set()

    def _tell(self) -> None:
        while (job := self._news.get()) is not None:
            for hook in list(self.on_change):
                try:
                    hook(job)
                except Exception:
                    log.exception("A listener failed at a change of %s.", job.job_id)

    def _backend(self, name: str) -> Backend:
        try:
            return self._backends[name]
        except KeyError:
            raise Unavailable(f"There is no backend {name!r} here.", hint=f"There are: {', '.join(sorted(self._backends))}.") from None

    def _new_id(self) -> str:
        while True:
            job_id = f"training_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
            if not (self._settings.models_dir / job_id).exists() and job_id not in self._store:
                return job_id

    def _has_checkpoint(self, job: Job) -> bool:
        return bool(job.folder.checkpoints())

    def _check_inputs(self, job: Job) -> None:
        """What a job needs may have been deleted while it waited."""
        for what, path in (("dataset", job.dataset_path), ("held-out rows", job.eval_path), ("base model", job.base_path)):
            if path and not Path(path).exists() and not (what == "base model" and _is_hub_name(job)):
                raise Refused(f"The {what} of this training is gone ({Path(path).name}).", hint="Start a new training with another.")
        base = Path(job.base_path) if job.base_path else None
        if base is not None and job.base_fingerprint and base.is_dir() and fingerprint(base) != job.base_fingerprint:
            # An adapter of another base would be refused when it is activated, after all the work.
            raise Refused("The base model is not the one any more that this training began with.", hint="Start a new training with it.")
        if job.continue_from_path and not Path(job.continue_from_path).is_dir():
            raise Refused("The adapter that this training continues is gone.", hint="Start a new training.")

    def _check_space(self, fields: Mapping[str, Any], spec: TrainingSpec | None) -> None:
        """Refuses at once what would fill the disk: checkpoints and adapter of this rank, and something to spare."""
        rank = spec.lora_rank if spec else fields.get("parameters", {}).get("lora_rank", 16)
        needed = SPARE_BYTES
        if fields.get("base_path") and Path(fields["base_path"]).is_dir():
            with contextlib.suppress(OSError):
                weights = sum(path.stat().st_size for path in Path(fields["base_path"]).glob("*.safetensors"))
                # About what LoRA adds at rank 16 on all linears (1 % of the weights), with optimizer, in three checkpoints.
                needed += int(weights * 0.01 * rank / 16 * 3 * 4)
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        state = os.statvfs(self._settings.data_dir)
        free = state.f_bavail * state.f_frsize
        if free < needed:
            raise NoSpace(
                f"The disk has {free >> 20} MB left, and this training needs about {needed >> 20} MB.",
                hint="Free some space, for instance old checkpoints, and try again.",
            )


class _Watch:
    """What the runner knows of an attempt from its events, and when it asked it to end."""

    def __init__(self, job: Job) -> None:
        self._events = Events(job, job.events_offset)
        self.started: Event | None = None
        self.failed: Event | None = None
        self.last: Event | None = None
        self.step: int | None = job.step if job.events_offset else None
        self.total_steps: int | None = None
        self.alive_at = time.monotonic()
        self._signs: tuple[Any, ...] = ()
        self._asked_first: float | None = None
        self._asked_last = 0.0

    def read(self) -> None:
        for event in self._events.read():
            kind = event.get("type")
            self.last = event
            if kind == "started":
                self.started, self.failed = event, None
                self.total_steps = _count(event.get("total_steps"))
                self.step = _count(event.get("resumed_from_step")) or None
            elif kind == "failed":
                self.failed = event
            if kind in ("progress", "finished", "failed") and _count(event.get("step")) is not None:
                self.step = _count(event.get("step"))

    def listen(self, signs: tuple[Any, ...]) -> None:
        """Takes note of a sign of life."""
        if signs != self._signs:
            self._signs, self.alive_at = signs, time.monotonic()

    def end(self, backend: Backend, job: Job) -> None:
        """Asks it to end, each second again, and after its grace without asking."""
        moment = time.monotonic()
        if self._asked_first is None:
            self._asked_first = moment
        if moment - self._asked_last >= 1.0:
            self._asked_last = moment
            backend.terminate(job, force=moment - self._asked_first > _FORCE_AFTER)


_FRESH: dict[str, Any] = {
    "wish": None,
    "error": None,
    "reason": None,
    "cause": None,
    "remedy": None,
    "exit_code": None,
    "signal": None,
    "finished_at": None,
    "adapter_path": None,
    "worker": None,
    "phase": None,
    "resumable": False,
    "seconds": None,
}
"""What a job forgets when it goes back to the queue."""


def _is_hub_name(job: Job) -> bool:
    return job.base_revision is not None or (job.base_model.count("/") == 1 and job.base_model[0] not in "/.~")


def _checked(parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        spec = TrainingSpec.model_validate(parameters)
    except ValidationError as error:
        raise Invalid(" ".join(f"{item['loc'][0]}: {item['msg']}." for item in error.errors()), hint="Choose another value.") from error
    return {name: getattr(spec, name) for name in KNOBS}


def _record(job: Job) -> dict[str, Any] | None:
    """The warden's record; only what has the right type, since in a container the trainer could write one too."""
    raw = job_folder.read_small(job.folder.record)
    if raw is None:
        return None
    code, name, took = raw.get("exit_code"), raw.get("signal"), raw.get("seconds")
    return {
        "exit_code": code if isinstance(code, int) else None,
        "signal": name[:20] if isinstance(name, str) else None,
        "oom": raw.get("oom") is True,
        "seconds": took if isinstance(took, int | float) and not isinstance(took, bool) and 0 <= took < 1e10 else None,
        "stopped_by": "cancel" if raw.get("stopped_by") == "cancel" else None,
    }


def _and(before: float | None, more: float | None) -> float | None:
    return None if more is None else round((before or 0.0) + more, 3)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _not_before(moment: str | None) -> str:
    """Now, but never before that moment: the clock may have been set back."""
    return max(now(), moment or "")


def _finished_reason(job: Job, watch: _Watch, wish: str | None) -> str | None:
    event = watch.last or {}
    if event.get("stopped") or (job.recipe and wish == "stop"):
        return f"Stopped and kept at step {watch.step}." if watch.step else "Stopped and kept."
    if event.get("stopped_early"):
        return f"Stopped early at step {watch.step}: the held-out loss no longer fell."
    return None


def _how_it_ended(record: dict[str, Any] | None, death: Death, said: Event | None) -> str:
    record = record or {}
    if record.get("oom"):
        return "it was killed because the machine's memory ran out"
    if death.said:
        return death.said
    if record.get("signal"):
        return f"the trainer was killed by {record['signal']}"
    if said:
        return "the trainer gave up"
    if record.get("exit_code") is not None:
        return f"the trainer ended with exit code {record['exit_code']} without having finished"
    return "the trainer ended without a word"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
