"""The journal of jobs: append-only, fsynced, the last line of a job counts; one writer."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic_core import from_json

from academy.errors import Conflict, NotFound
from academy.files import append_line, sync_folder
from academy.jobs.folder import JobFolder

log = logging.getLogger(__name__)

Status = Literal["queued", "preparing", "running", "finished", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})
ACTIVE: frozenset[str] = frozenset({"preparing", "running"})


@dataclass(frozen=True)
class Job:
    """One run of a spec, as a line of `training/jobs.jsonl` holds it; live numbers are in its folder's events."""

    job_id: str
    name: str
    status: Status
    created_at: str
    dataset_path: str
    base_model: str
    backend: Literal["subprocess", "docker"]
    output_dir: str
    parameters: dict[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    eval_path: str | None = None
    recipe: str | None = None
    continue_from: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    adapter_path: str | None = None
    error: str | None = None  # what went wrong, with what to do
    reason: str | None = None  # why it ended as it did, one sentence: "stopped and kept at step 40", "killed by SIGKILL at step 12"
    cause: str | None = None  # the failure doctor's word
    exit_code: int | None = None
    signal: str | None = None  # "SIGKILL"
    step: int | None = None
    total_steps: int | None = None
    resumable: bool = False
    wish: Literal["cancel", "stop"] | None = None
    phase: Literal["fetch", "train"] | None = None
    worker: dict[str, Any] | None = None  # {pid, backend, container_id}
    order: float = 0.0  # place in the queue, smallest first
    attempt: int = 0  # 1 at the first start, one more at every resume
    idempotency_key: str | None = None
    reasons: list[str] = field(default_factory=list)  # why the Professor chose what it chose
    sequence: int = 0  # grows with every line of the journal; orders jobs whatever the clock does
    base_path: str | None = None  # where the base model lies on this machine; None: a hub model not fetched yet
    base_fingerprint: str | None = None
    base_revision: str | None = None  # of a hub model
    continue_from_path: str | None = None  # the adapter's folder
    dry_run: bool = False
    device: str = "auto"
    events_offset: int = 0  # where the events of this attempt begin
    seconds: float | None = None  # that its wardens have run, by a clock that nobody sets
    remedy: dict[str, Any] | None = None  # knobs with which to try again, by the failure doctor

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
"""What is final stays so: nothing leads out of finished, and only back to queued (resume) from failed and cancelled."""

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
    "sequence": int,
    "attempt": int,
    "order": (int, float),
    "events_offset": int,
}


@dataclass(slots=True)
class _Place:
    """Where a job's last line lies in the journal, and what lists and counts need without reading it."""

    offset: int
    length: int
    status: Status


class JobStore:
    """All jobs there ever were. Ended ones stay in the file and are read when asked for, so a hundred thousand cost little memory."""

    def __init__(self, training_dir: Path) -> None:
        self.path = training_dir / "jobs.jsonl"
        self.damaged = 0
        self.damaged_path: Path | None = None
        self._lock = threading.RLock()
        self._places: dict[str, _Place] = {}
        self._open: dict[str, Job] = {}  # what is not ended yet
        self._keys: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._sequence = 0
        training_dir.mkdir(parents=True, exist_ok=True)
        self._load()

    def add(self, job: Job) -> Job:
        """Writes a new job; when this returns it survives anything. Raises NoSpace with nothing changed where the disk is full."""
        with self._lock:
            if job.job_id in self._places:
                raise Conflict(f"There is already a job {job.job_id!r}.")
            return self._write(job)

    def update(self, job_id: str, **changes: Any) -> Job:
        """Writes a job's changes and returns it; raises Conflict for a change that its status forbids."""
        with self._lock:
            job = self.get(job_id)
            status = changes.get("status", job.status)
            if status not in _LEADS_TO[job.status]:
                raise Conflict(f"The job {job_id} is {job.status}; it cannot become {status}.")
            changed = dataclasses.replace(job, **changes)
            return job if changed == job else self._write(changed)

    def get(self, job_id: str) -> Job:
        """The job of that id, or NotFound."""
        with self._lock:
            if job_id in self._open:
                return self._open[job_id]
            place = self._places.get(job_id)
            if place is None:
                shown = job_id[:80].encode("ascii", "backslashreplace").decode()
                raise NotFound(f"There is no job {shown!r}.", hint="GET /jobs lists them.")
            with open(self.path, "rb") as file:
                return self._read(file, job_id, place)

    def list(self, limit: int | None = None, status: str | None = None) -> Jobs:
        """The newest jobs first, by the order in which they were submitted."""
        with self._lock:
            found = []
            with _opened(self.path) as file:
                for job_id in reversed(self._places):
                    if limit is not None and len(found) >= limit:
                        break
                    place = self._places[job_id]
                    if status is None or place.status == status:
                        found.append(self._open.get(job_id) or self._read(file, job_id, place))
            return found

    def open_jobs(self) -> Jobs:
        """The jobs that have not ended, in the order of the queue."""
        with self._lock:
            return sorted(self._open.values(), key=lambda job: (job.order, job.sequence))

    def counts(self) -> dict[str, int]:
        """How many jobs there are in all and in each status."""
        with self._lock:
            return {"total": len(self._places)} | {status: self._counts[status] for status in STATUSES}

    def by_key(self, idempotency_key: str) -> Job | None:
        """The job that was submitted with this key, if any."""
        with self._lock:
            job_id = self._keys.get(idempotency_key)
            return self.get(job_id) if job_id else None

    def __contains__(self, job_id: str) -> bool:
        with self._lock:
            return job_id in self._places

    def ids(self) -> tuple[str, ...]:
        """The ids of all jobs, oldest first."""
        with self._lock:
            return tuple(self._places)

    def close(self) -> None:
        """Nothing is kept open between writes; there for symmetry with the other stores."""

    def _write(self, job: Job) -> Job:
        job = dataclasses.replace(job, sequence=self._sequence + 1)
        # A lone surrogate cannot be written as UTF-8, and must not keep a job from being kept.
        line = json.dumps(_plain(job), ensure_ascii=False, allow_nan=False).encode(errors="replace").decode()
        append_line(self.path, line)
        length = len(line.encode())
        self._sequence = job.sequence
        self._note(_plain(job), _Place(os.stat(self.path).st_size - length - 1, length, job.status))
        return job

    def _note(self, values: dict[str, Any], place: _Place) -> None:
        job_id = values["job_id"]
        before = self._places.get(job_id)
        if before is not None:
            self._counts[before.status] -= 1
        self._counts[place.status] += 1
        self._places[job_id] = place
        if place.status in ENDED:
            self._open.pop(job_id, None)
        else:
            self._open[job_id] = _job(values)
        key = values.get("idempotency_key")
        if key:
            self._keys[key] = job_id

    def _read(self, file: Any, job_id: str, place: _Place) -> Job:
        file.seek(place.offset)
        values = _values(file.read(place.length))
        if values is None or values["job_id"] != job_id:
            raise NotFound(f"The journal of jobs was changed by another program; {job_id} is not where it was.", hint="Restart Academy.")
        return _job(values)

    def _load(self) -> None:
        bad: list[bytes] = []
        offset = lines = 0
        with _opened(self.path) as file:
            for raw in file:
                text = raw.strip()
                if text:
                    lines += 1
                    values = _values(text)
                    if values is None:
                        bad.append(raw if raw.endswith(b"\n") else raw + b"\n")
                    else:
                        start = offset + len(raw) - len(raw.lstrip())
                        self._sequence = max(self._sequence, values.get("sequence", 0))
                        self._note(values, _Place(start, len(text), values["status"]))
                offset += len(raw)
        self.damaged = len(bad)
        # Rewritten only where it pays, so that the start of a long history stays short.
        if bad or lines > 2 * len(self._places) + 1000:
            try:
                self._compact(bad)
            except OSError as error:
                log.warning("The journal of jobs could not be compacted (%s); it is used as it is.", error)

    def _compact(self, bad: list[bytes]) -> None:
        if bad:
            stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S_%f")
            self.damaged_path = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
            with open(self.damaged_path, "xb") as file:
                file.writelines(bad)
                file.flush()
                os.fsync(file.fileno())
            log.warning("%d damaged lines of the journal of jobs were set aside in %s.", len(bad), self.damaged_path.name)
        aside = self.path.with_name(f".{self.path.name}.compact")
        places = {}
        try:
            with _opened(self.path) as old, open(aside, "wb") as new:
                offset = 0
                for job_id, place in self._places.items():
                    old.seek(place.offset)
                    new.write(old.read(place.length) + b"\n")
                    places[job_id] = _Place(offset, place.length, place.status)
                    offset += place.length + 1
                new.flush()
                os.fsync(new.fileno())
            os.replace(aside, self.path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        self._places = places
        sync_folder(self.path.parent)


def _plain(job: Job) -> dict[str, Any]:
    return {item.name: getattr(job, item.name) for item in dataclasses.fields(job)}


def _values(raw: bytes) -> dict[str, Any] | None:
    """The fields of a line, or None for anything that is no job."""
    try:
        values = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return None
    if not isinstance(values, dict) or not values.keys() >= _REQUIRED or values["status"] not in STATUSES:
        return None
    return values if all(isinstance(values[name], kind) for name, kind in _TYPES.items() if name in values) else None


def _job(values: dict[str, Any]) -> Job:
    # A field of a later version is no damage.
    return Job(**(values if values.keys() <= _FIELDS else {name: value for name, value in values.items() if name in _FIELDS}))


class _Nothing:
    """Stands for a journal that is not there yet."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def seek(self, offset: int) -> int:
        raise FileNotFoundError(offset)

    def read(self, length: int) -> bytes:
        raise FileNotFoundError(length)


def _opened(path: Path) -> Any:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        return _Nothing()
