"""The journal of jobs: append-only, fsynced, the last line of a job counts; one writer."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic_core import from_json as parse_json

from academy.config import BackendName
from academy.errors import Conflict, NoSpace, NotFound, log_and_go_on
from academy.files import append_line, now, sync_folder
from academy.jobs import journal
from academy.jobs.folder import JobFolder
from academy.messages import Text, msg, render, to_json
from academy.preferences import beside

log = logging.getLogger(__name__)

Request = Literal["cancel", "stop"]
Status = Literal["queued", "preparing", "running", "finished", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})
ACTIVE: frozenset[str] = frozenset({"preparing", "running"})
TEACHING: frozenset[str] = frozenset({"train", "sweep"})
"""The kinds whose job is an adapter at the end."""


@dataclass(frozen=True)
class Inputs:
    """What a job works on, as planned before it is queued; a new try of the same job takes the same."""

    dataset_path: str = ""
    base_model: str = ""
    name: str = ""
    dataset_id: str | None = None
    eval_path: str | None = None
    base_path: str | None = None
    base_fingerprint: str | None = None
    base_revision: str | None = None
    base_source: str | None = None
    continue_from: str | None = None
    continue_from_path: str | None = None
    reasons: list[Text] = field(default_factory=list)
    dry_run: bool = False
    device: str = "auto"
    earlier: list[str] = field(default_factory=list)
    golden_rows: int | None = None
    measuring_rows: int = 0
    effort: str | None = None
    chosen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """One run of a spec, as a line of `training/jobs.jsonl` holds it; live numbers are in its folder's events.

    Paths are absolute here, and relative to the data folder in the file where they lie inside it.
    """

    job_id: str
    name: str
    status: Status
    created_at: str
    dataset_path: str
    base_model: str
    backend: BackendName
    output_dir: str
    parameters: dict[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    eval_path: str | None = None
    recipe: str | None = None
    continue_from: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    adapter_path: str | None = None
    error: Text | None = None  # what went wrong, with what to do
    reason: Text | None = None  # why it ended as it did, one sentence: "stopped and kept at step 40", "killed by SIGKILL at step 12"
    cause: str | None = None  # the failure doctor's word
    exit_code: int | None = None
    signal: str | None = None  # "SIGKILL"
    step: int | None = None
    total_steps: int | None = None
    resumable: bool = False
    wish: Request | None = None  # what a person asked for while it ran
    devices: list[int] = field(default_factory=list)  # the GPUs it has, by number; none: the first, or the CPU
    phase: str | None = None  # "fetch", "convert", or the kind
    worker: dict[str, Any] | None = None  # {pid, backend, container_id}
    order: float = 0.0  # position in the queue, smallest first
    attempt: int = 0  # 1 at the first start, one more at every resume
    idempotency_key: str | None = None
    reasons: list[Text] = field(default_factory=list)  # why the Professor chose what it chose
    sequence: int = 0  # grows with every line of the journal; orders jobs whatever the clock does
    base_path: str | None = None  # the base model's folder on this machine; None: a hub model not fetched yet
    base_fingerprint: str | None = None
    base_revision: str | None = None  # of a hub model
    base_source: str | None = None  # the GGUF file that the base model is converted from
    continue_from_path: str | None = None  # the adapter's folder
    dry_run: bool = False
    device: str = "auto"
    events_offset: int = 0  # where the events of this attempt begin
    seconds: float | None = None  # that its wardens have run, from a monotonic clock
    remedy: dict[str, Any] | None = None  # knobs with which to try again, by the failure doctor

    kind: str = "train"  # one of kinds.KINDS
    earlier: list[str] = field(default_factory=list)  # ids of datasets that were taught before
    golden_rows: int | None = None  # so many first rows of eval_path only measure, the others are taught; None: none of them is
    measuring_rows: int = 0  # so many of the dataset's own rows only measure
    effort: str | None = None  # the preset that chose the settings; None: without one
    chosen: list[str] = field(default_factory=list)  # names of the settings that the person chose instead
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields as replies show them: texts in the current language."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values |= {name: render(values[name]) for name in ("error", "reason") if values[name] is not None}
        return values | {"reasons": [render(reason) for reason in self.reasons]}

    @functools.cached_property
    def inputs(self) -> Inputs:
        """What the job works on."""
        return Inputs(**{item.name: getattr(self, item.name) for item in dataclasses.fields(Inputs)})

    @property
    def earlier_paths(self) -> dict[str, Path]:
        """The files of the datasets that were taught before, as far as they are still there."""
        training = self.folder.path.parent.parent / "training"
        return {name: path for name in self.earlier if (path := training / f"{name}.jsonl").is_file()}

    @property
    def preferences_path(self) -> Path | None:
        """The file of pairs and thumbs beside the dataset, where the job learns from them, or is an exam that measures them."""
        path, learns = beside(Path(self.dataset_path or "none")), self.parameters.get("method") in ("preference", "correction")
        return path if learns or (self.kind == "evaluate" and path.is_file()) else None

    @property
    def gets_base(self) -> bool:
        """Whether its base model is being fetched or converted, before its own program starts."""
        return self.phase in ("fetch", "convert") and self.phase != self.kind

    @functools.cached_property
    def folder(self) -> JobFolder:
        """Where the job's files are."""
        return JobFolder(Path(self.output_dir))


Jobs = list[Job]

_LEADS_TO: dict[str, frozenset[str]] = {
    "queued": frozenset({"queued", "preparing", "failed", "cancelled"}),
    "preparing": frozenset({"preparing", "running", "finished", "failed", "cancelled", "queued"}),
    "running": frozenset({"running", "finished", "failed", "cancelled", "queued"}),
    "finished": frozenset({"finished"}),
    "failed": frozenset({"failed", "queued"}),
    "cancelled": frozenset({"cancelled", "queued"}),
}
"""Nothing leads out of finished; failed and cancelled lead only back to queued (resume)."""

_LONGEST_LINE = 20  # of trainings that continue each other
_REMEMBERED = 4000  # more than the page shows at once

_FIELDS = {item.name for item in dataclasses.fields(Job)}
_REQUIRED = {
    item.name for item in dataclasses.fields(Job) if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "job_id": str,
    "name": str,
    "created_at": str,
    "dataset_path": str,
    "base_model": str,
    "backend": str,
    "output_dir": str,
    "parameters": dict,
    "reasons": list,
    "devices": list,
    "earlier": list,
    "chosen": list,
    "note": str,
    "sequence": int,
    "attempt": int,
    "order": (int, float),
    "events_offset": int,
    "kind": str,
}

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
    "devices": [],
    "phase": None,
    "resumable": False,
    "seconds": None,
}
"""What a job forgets when it goes back to the queue."""


@dataclass(slots=True)
class _Line:
    """The last line of a job in the journal: its position, and what lists and counts need without reading it."""

    offset: int
    length: int
    status: Status
    kind: str


class JobStore:
    """All jobs of the data folder. Ended ones stay in the file and are read on request, so a hundred thousand take little memory."""

    def __init__(self, training_dir: Path) -> None:
        self.path = training_dir / "jobs.jsonl"
        self.on_change: list[Callable[[Job], object]] = []  # called one after another, in the order of the changes, outside the lock
        self._root = str(training_dir.absolute().parent)
        self._unwritten: set[str] = set()  # jobs with a request that could not be written: the disk is full
        self._news: deque[Job] = deque()
        self._teller: threading.Thread | None = None
        self.damaged = 0
        self.damaged_path: Path | None = None
        self._lock = threading.RLock()
        self._lines: dict[str, _Line] = {}
        self._open: dict[str, Job] = {}  # those that have not ended
        self._recent: dict[int, Job] = {}  # ended ones that were read last, by the offset of their line: a page asks every second
        self._keys: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()  # by status and kind
        self._sequence = 0
        training_dir.mkdir(parents=True, exist_ok=True)
        self._load()

    def add(self, job: Job) -> Job:
        """Writes a new job; when this returns it survives anything. Raises NoSpace with nothing changed where the disk is full."""
        with self._lock:
            if job.job_id in self._lines:
                raise Conflict("There is already a job {job!r}.", job=job.job_id)
            return self._write(job)

    def update(self, job_id: str, **changes: Any) -> Job:
        """Writes a job's changes and returns it; raises Conflict for a change that its status forbids."""
        with self._lock:
            job = self.get(job_id)
            status = changes.get("status", job.status)
            if status not in _LEADS_TO[job.status]:
                raise Conflict("The job {job} is {status}; it cannot become {new}.", job=job_id, status=msg(job.status), new=msg(status))
            changed = dataclasses.replace(job, **changes)
            return job if changed == job and job_id not in self._unwritten else self._write(changed)

    def end(self, job_id: str, status: Status, **fields: Any) -> Job:
        """Ends a run of a job; the time is now, but never before its start: a clock can be set back."""
        with self._lock:
            job = self.get(job_id)
            ended = max(now(), job.started_at or job.created_at)
            return self.update(job_id, **{"status": status, "finished_at": ended, "wish": None} | fields)

    def remove(self, job_id: str) -> None:
        """Removes an ended job: a last line says that it is deleted."""
        with self._lock:
            job = self.get(job_id)
            if job.status not in ENDED:
                raise Conflict("The job {job} is {status}.", hint="Cancel it first.", job=job_id, status=msg(job.status))
            values = _plain(job) | {"sequence": self._sequence + 1, "deleted": True}
            append_line(self.path, journal.line_of(values | journal.portable(values, self._root)))
            self._sequence = values["sequence"]
            self._forget(values)

    def requeue(self, job_id: str, **fields: Any) -> Job:
        """Puts a job back into the queue, without what its last attempt left in the journal."""
        return self.update(job_id, **{"status": "queued"} | _FRESH | fields)

    def request(self, job_id: str, request: Request) -> Job:
        """Notes what a person asked for; a full disk delays only the writing, since a cancel may be what frees it."""
        with self._lock:
            try:
                return self.update(job_id, wish=request)
            except NoSpace as error:
                log.warning("The request to %s %s is accepted but could not be written: %s", request, job_id, error.message)
                self._unwritten.add(job_id)
                job = self._open[job_id] = dataclasses.replace(self.get(job_id), wish=request)
                return job

    def get(self, job_id: str) -> Job:
        """The job of that id, or NotFound."""
        with self._lock:
            if job_id in self._open:
                return self._open[job_id]
            line = self._lines.get(job_id)
            if line is None:
                shown = job_id[:80].encode("ascii", "backslashreplace").decode()
                raise NotFound("There is no job {job!r}.", hint="GET /jobs lists them.", job=shown)
            if line.offset in self._recent:
                return self._recent[line.offset]
            with open(self.path, "rb") as file:
                return self._read(file, job_id, line)

    def list(self, limit: int | None = None, status: str | None = None, kind: str | frozenset[str] | None = None) -> Jobs:
        """The newest jobs first, by the order in which they were submitted."""
        kinds = frozenset({kind}) if isinstance(kind, str) else kind
        with self._lock:
            found: list[Job] = []
            fits = sum(n for (state, of), n in self._counts.items() if status in (None, state) and (kinds is None or of in kinds))
            most = fits if limit is None else min(limit, fits)
            with journal.opened(self.path) as file:
                for job_id in reversed(self._lines):
                    if len(found) >= most:
                        break
                    line = self._lines[job_id]
                    if status in (None, line.status) and (kinds is None or line.kind in kinds):
                        found.append(self._open.get(job_id) or self._recent.get(line.offset) or self._read(file, job_id, line))
            return found

    def open_jobs(self) -> Jobs:
        """The jobs that have not ended, in the order of the queue."""
        with self._lock:
            return sorted(self._open.values(), key=lambda job: (job.order, job.sequence))

    def is_open(self, job_id: str) -> bool:
        """Whether a job has not ended."""
        with self._lock:
            return job_id in self._open

    def counts(self) -> dict[str, int]:
        """How many jobs there are in all and in each status."""
        with self._lock:
            all_of_them = {"total": len(self._lines)}
            return all_of_them | {status: sum(n for (state, _), n in self._counts.items() if state == status) for status in STATUSES}

    def by_key(self, idempotency_key: str) -> Job | None:
        """The job that was submitted with this key, if any."""
        with self._lock:
            return self.get(job_id) if (job_id := self._keys.get(idempotency_key)) else None

    def line(self, job_id: str | None) -> list[Job]:
        """The training with that id and those that it continues, the newest first; as far as they are in the journal."""
        found: list[Job] = []
        while job_id is not None and job_id in self and len(found) < _LONGEST_LINE:
            found.append(self.get(job_id))
            job_id = found[-1].continue_from
        return found

    def __contains__(self, job_id: str) -> bool:
        with self._lock:
            return job_id in self._lines

    def close(self) -> None:
        """Nothing stays open between writes; here for symmetry with the other stores."""

    def _write(self, job: Job) -> Job:
        values = _plain(job) | {"sequence": self._sequence + 1}
        values |= journal.portable(values, self._root)
        line = journal.line_of(values)
        append_line(self.path, line)
        length = len(line.encode())
        self._sequence = values["sequence"]
        self._unwritten.discard(job.job_id)
        self._note(values, _Line(os.stat(self.path).st_size - length - 1, length, job.status, job.kind))
        job = self._job(values)
        if self.on_change:
            self._news.append(job)
            if self._teller is None:
                # Apart from everything else: a listener may wait for a chat's reply, and a cancel must not wait for it.
                self._teller = threading.Thread(target=self._tell, name="job-news", daemon=True)
                self._teller.start()
        return job

    def _tell(self) -> None:
        while True:
            with self._lock:
                if not self._news:
                    self._teller = None
                    return
                job = self._news.popleft()
            for hook in list(self.on_change):
                with log_and_go_on(f"A listener to the changes of {job.job_id}", log):
                    hook(job)

    def _note(self, values: dict[str, Any], line: _Line) -> None:
        job_id = values["job_id"]
        before = self._lines.get(job_id)
        if before is not None:
            self._counts[before.status, before.kind] -= 1
        self._counts[line.status, line.kind] += 1
        self._lines[job_id] = line
        if line.status in ENDED:
            self._open.pop(job_id, None)
        else:
            self._open[job_id] = self._job(values)
        key = values.get("idempotency_key")
        if key:
            self._keys[key] = job_id

    def _forget(self, values: dict[str, Any]) -> None:
        job_id, key = values["job_id"], values.get("idempotency_key")
        line = self._lines.pop(job_id, None)
        if line is not None:
            self._counts[line.status, line.kind] -= 1
        self._open.pop(job_id, None)
        if key and self._keys.get(key) == job_id:
            del self._keys[key]

    def _read(self, file: Any, job_id: str, line: _Line) -> Job:
        file.seek(line.offset)
        values = _values(file.read(line.length))
        if values is None or values["job_id"] != job_id:
            raise NotFound("Another program changed the journal of jobs; {job} is not where it was.", hint="Restart Academy.", job=job_id)
        job = self._recent[line.offset] = self._job(values)
        while len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return job

    def _job(self, values: dict[str, Any]) -> Job:
        # A field of a later version is no damage.
        fields = {name: value for name, value in values.items() if name in _FIELDS}
        fields |= journal.located(fields, self._root)
        return Job(**fields | journal.texts(fields))

    def _load(self) -> None:
        bad: list[bytes] = []
        offset = lines = 0
        with journal.opened(self.path) as file:
            for raw in file:
                text = raw.strip()
                if text:
                    lines += 1
                    values = _values(text)
                    if values is None:
                        bad.append(raw if raw.endswith(b"\n") else raw + b"\n")
                    elif values.get("deleted"):
                        self._sequence = max(self._sequence, values.get("sequence", 0))
                        self._forget(values)
                    else:
                        start = offset + len(raw) - len(raw.lstrip())
                        self._sequence = max(self._sequence, values.get("sequence", 0))
                        self._note(values, _Line(start, len(text), values["status"], sys.intern(values.get("kind", "train"))))
                offset += len(raw)
        self.damaged = len(bad)
        # Rewritten only where it pays, so that the start of a long history stays short.
        if bad or lines > 2 * len(self._lines) + 1000:
            try:
                self._compact(bad)
            except OSError as error:
                log.warning("The journal of jobs could not be compacted (%s); it is used as it is.", error)

    def _compact(self, bad: list[bytes]) -> None:
        if bad:
            self.damaged_path = journal.set_aside(self.path, bad)
            log.warning("%d damaged lines of the journal of jobs were set aside in %s.", len(bad), self.damaged_path.name)
        aside = self.path.with_name(f".{self.path.name}.compact")
        written = {}
        try:
            with journal.opened(self.path) as old, open(aside, "wb") as new:
                offset = 0
                for job_id, line in self._lines.items():
                    old.seek(line.offset)
                    new.write(old.read(line.length) + b"\n")
                    written[job_id] = _Line(offset, line.length, line.status, line.kind)
                    offset += line.length + 1
                new.flush()
                os.fsync(new.fileno())
            os.replace(aside, self.path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        self._lines, self._recent = written, {}
        sync_folder(self.path.parent)


def _plain(job: Job) -> dict[str, Any]:
    """The fields as JSON; texts in the form that keeps their values."""
    values = {item.name: getattr(job, item.name) for item in dataclasses.fields(job)}
    return values | {"error": to_json(job.error), "reason": to_json(job.reason), "reasons": [to_json(reason) for reason in job.reasons]}


def _values(raw: bytes) -> dict[str, Any] | None:
    """The fields of a line, or None where it is not a job."""
    try:
        values = parse_json(raw, allow_inf_nan=False)
    except ValueError:
        return None
    if not isinstance(values, dict) or not values.keys() >= _REQUIRED or values["status"] not in STATUSES:
        return None
    return values if all(isinstance(values[name], kind) for name, kind in _TYPES.items() if name in values) else None
