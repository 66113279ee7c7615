"""The runner: starts what may start, watches what runs, concludes what ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from academy.config import Settings
from academy.errors import AcademyError, NoSpace, Unavailable, foreign_code, log_and_go_on
from academy.files import now
from academy.jobs import folder as job_folder
from academy.jobs import recipes
from academy.jobs.backends import Backend, backend_named
from academy.jobs.kinds import named, needs_of
from academy.jobs.reading import view
from academy.jobs.recipes import Recipe
from academy.jobs.running import concluding
from academy.jobs.running.concluding import Ending, Fetched, Left, Record, Requeue
from academy.jobs.running.disk import Disk
from academy.jobs.running.queue import Queue
from academy.jobs.running.scheduling import allot, choose
from academy.jobs.running.starting import Starter, backend_of
from academy.jobs.running.watch import Watch
from academy.jobs.store import ACTIVE, Job, JobStore

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
IDLE_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Runner:
    """One thread for all jobs. `tick()` does all there is to do now; the thread merely calls it."""

    def __init__(
        self,
        settings: Settings,
        store: JobStore,
        backends: Mapping[str, Backend],
        *,
        recipe: Callable[[str], Recipe] | None = None,
        in_use: Callable[[], str | None] = lambda: None,
        devices: Callable[[], int] = lambda: 1,
    ) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._recipe = recipe or (lambda name: recipes.named(settings.data_dir / "recipes.toml", name))
        self._devices = devices  # how many there are for jobs to share
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._watched: dict[str, Watch] = {}
        self._retry_at: dict[str, float] = {}
        self._complaints: dict[str, str] = {}
        self._starter = Starter(settings, store, backends, self._recipe)
        queue = self._queue = Queue(settings, store, backends, self._recipe, self._lock, self._wake)
        disk = self._disk = Disk(store, self._lock, in_use)  # `in_use`: the job whose adapter is active
        # The verbs of the parts, so that a caller holds one object.
        self.submit, self.cancel, self.stop, self.resume = queue.submit, queue.cancel, queue.stop, queue.resume
        self.move, self.rename, self.annotate, self.queue_position = queue.move, queue.rename, queue.annotate, queue.position
        self.usage, self.delete_checkpoints = disk.usage, disk.delete_checkpoints
        self.delete_old_checkpoints, self.freeable, self.delete = disk.delete_old_checkpoints, disk.freeable, disk.delete

    def running(self) -> list[Job]:
        """The jobs that prepare or run."""
        return [job for job in self._store.open_jobs() if job.status in ACTIVE]

    def busy(self) -> Job | None:
        """The job that has the device now, for the page's "what runs"."""
        return next((job for job in self.running() if needs_of(job.kind) == "device"), None)

    def silence(self, job_id: str) -> float | None:
        """The seconds since an active job gave a sign of life, as far as this app has seen; None for other jobs."""
        watch = self._watched.get(job_id)
        return None if watch is None else watch.silence()

    def unheard(self, job_id: str) -> float | None:
        """The seconds since the machine of an active job last answered; None while it does."""
        watch = self._watched.get(job_id)
        return None if watch is None else watch.unheard()

    def start(self) -> None:
        """Starts the thread: it watches what still lives and concludes what ended while the app was closed."""
        if self._thread is None:
            self._closing = False
            self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread and leaves every job alive."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def _loop(self) -> None:
        while not self._closing:
            self._wake.clear()
            with log_and_go_on("The runner's tick", log):
                self.tick()
            self._wake.wait(TICK_SECONDS if self._store.open_jobs() else IDLE_SECONDS)

    def tick(self) -> None:
        """Does all there is to do now: watches what runs, concludes what ended, starts the next."""
        with self._lock:
            for job in self.running():
                self._guarded(self._look_after, job)
            tried: set[str] = set()
            devices = self._devices() if self._queue.waiting() else 1
            while chosen := choose([job for job in self._queue.waiting() if job.job_id not in tried], self.running(), devices):
                tried.add(chosen[0].job_id)
                self._guarded(self._launch, chosen[0])

    def _guarded(self, act: Callable[[Job], None], job: Job) -> None:
        """Keeps one job's trouble from the others; what failed is tried again."""
        if self._retry_at.get(job.job_id, 0.0) > time.monotonic():
            return
        try:
            with foreign_code("The runner's work on it", Unavailable):
                act(job)
        except AcademyError as error:
            self._retry_at[job.job_id] = time.monotonic() + RETRY_SECONDS
            if self._complaints.get(job.job_id) != error.detail:
                self._complaints[job.job_id] = error.detail
                log.warning("%s: %s", job.job_id, error.detail, exc_info=not isinstance(error, NoSpace))
        else:
            self._complaints.pop(job.job_id, None)

    def _launch(self, job: Job) -> None:
        devices = allot(job, self.running(), self._devices())
        self._watch(job, self._starter.launch(job, now(), devices))

    def _watch(self, job: Job, watch: Watch | None) -> None:
        if watch is None:
            self._watched.pop(job.job_id, None)
        else:
            self._watched[job.job_id] = watch

    def _look_after(self, job: Job) -> None:
        backend = backend_of(self._backends, job, job.phase)
        watch = self._watched.get(job.job_id) or self._watched.setdefault(job.job_id, Watch(job))
        alive = backend.alive(job)
        watch.note_answer(alive)
        # After asking whether it lives, so that all it said before it died is read.
        watch.read()
        watch.listen(view.signs(job))
        job = self._note_progress(job, watch, backend)
        if alive is False:
            self._conclude(job, watch, backend)
        elif job.wish == "cancel" or (job.wish == "stop" and (job.gets_base or job.recipe)):
            watch.end(backend, job)
        elif job.wish == "stop" and not job.folder.stop.exists():
            job_folder.touch(job.folder.stop)

    def _note_progress(self, job: Job, watch: Watch, backend: Backend) -> Job:
        changes: dict[str, Any] = {}
        if not (job.worker or {}).get("pid") and (worker := backend.worker(job)):
            changes["worker"] = worker
        if job.status == "preparing" and not job.gets_base:
            if watch.said.started:
                changes |= {"status": "running", "total_steps": watch.said.total_steps}
            elif job.recipe and (changes.get("worker") or job.worker or {}).get("pid"):
                changes["status"] = "running"
        return self._store.update(job.job_id, **changes) if changes else job

    def _conclude(self, job: Job, watch: Watch, backend: Backend) -> None:
        """Nothing of the job lives: what did it come to?"""
        record = concluding.record_of(backend.record(job))
        outcome = concluding.conclude(
            job,
            watch.said,
            record,
            backend.autopsy(job),
            job.wish,
            backend.rebooted(job),
            kind=named(job.kind),
            left=self._left(job, watch, record),
            image=self._settings.training_image,
        )
        self._apply(job, outcome)
        backend.clean(job)

    def _left(self, job: Job, watch: Watch, record: Record | None) -> Left:
        """Reads what the attempt left, and verifies the result where it reports one."""
        folder = job.folder
        checkpoint, tail = bool(folder.checkpoints()), view.log_tail(job, 8000)
        if job.phase in ("fetch", "convert"):
            # It named the hub's token.
            folder.command.unlink(missing_ok=True)
        job_folder.remove(folder.converting)  # what a killed program left half made
        if job.gets_base:
            return Left(checkpoint=checkpoint, log_tail=tail, fetched=job_folder.read_small(folder.fetched))
        if not concluding.reports_success(job, watch.said, record, job.wish, folder.output.is_dir()):
            return Left(checkpoint=checkpoint, log_tail=tail)
        try:
            seen = backend_named(self._backends, job.backend).seen(job)
            result = named(job.kind).accept(job, seen, self._recipe(job.recipe) if job.recipe else None)
        except NoSpace:
            raise  # it is concluded when there is space
        except AcademyError as error:
            return Left(fault=error.text, checkpoint=checkpoint, log_tail=tail)
        return Left(result, checkpoint=checkpoint, log_tail=tail)

    def _apply(self, job: Job, outcome: Ending | Requeue | Fetched) -> None:
        """Writes what an attempt came to; the only place that does."""
        self._watched.pop(job.job_id, None)
        if isinstance(outcome, Ending):
            self._store.end(job.job_id, outcome.status, **outcome.changes())
            if outcome.status == "finished":
                self._disk.keep_newest(job.kind)
        elif isinstance(outcome, Requeue):
            if outcome.note:
                log.warning("%s: %s.", job.job_id, outcome.note)
            self._store.requeue(job.job_id, **outcome.fields)
        else:
            job = self._store.update(job.job_id, **outcome.fields)
            self._watch(job, self._starter.start_next(job))
