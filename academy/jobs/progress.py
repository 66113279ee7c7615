"""How a job is doing: its folder's events and log, read incrementally and never written."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import statistics
import threading
from array import array
from collections import OrderedDict, deque
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from academy.files import tail_bytes
from academy.jobs import log
from academy.jobs.events import Event
from academy.jobs.folder import read_plain, read_small
from academy.jobs.log import LogLine, read_log, tail_log, tail_with_offset
from academy.jobs.processes import age_of
from academy.jobs.store import ACTIVE, ENDED, Job

__all__ = [
    "Events", "LogLine", "Progress", "log_tail", "metrics", "points", "progress", "read_log", "tail_log", "tail_with_offset", "told",
    "view",
]  # fmt: skip

_POINT = ("epoch", "loss", "eval_loss", "learning_rate", "grad_norm", "accuracy", "tokens_per_second", "memory_mb", "time")
_TOLD = (
    "current_epoch", "total_epochs", "step", "total_steps", "latest_loss", "min_loss", "avg_loss", "eval_loss", "learning_rate", "accuracy",
    "tokens_per_second", "memory_mb", "progress_percent", "eta_seconds",
)  # fmt: skip
_WHOLE = ("step", "total_steps")
_HISTORY = 10
_REMEMBERED = 32
_SILENT_SECONDS = 300.0
_SIGNS = ("worker.json", "events.jsonl", "train.log", "unfinished.txt")
_PIECE = 1 << 20
_LONGEST_EVENT = 1 << 22


class Events:
    """The events of a job from an offset on; each `read` gives those that came since."""

    def __init__(self, job: Job, offset: int = 0) -> None:
        self._path = Path(job.output_dir) / "events.jsonl"
        self.offset = offset
        self.damaged = 0

    def read(self, limit: int | None = None) -> list[Event]:
        """The whole new events; what is no event is passed over and counted."""
        found: list[Event] = []
        start = self.offset
        while limit is None or self.offset - start < limit:
            lines, after = _whole_lines(self._path, self.offset)
            if after == self.offset:
                break
            self.offset = after
            for line in lines:
                event = _event(line)
                if event is not None:
                    found.append(event)
                elif line.strip():
                    self.damaged += 1
        return found


class Progress:
    """What the events (or, of a foreign trainer, the log) say in all; `update` reads what is new."""

    def __init__(self, job: Job) -> None:
        self._lock = threading.RLock()
        self._events = Events(job)
        self._foreign = _Foreign() if job.recipe else None
        self._times: deque[tuple[int, float]] = deque(maxlen=32)
        self._losses = 0
        self._loss_sum = 0.0
        # What the metrics were each time that one arrived, in columns, for a stream tells each of them once: 130 bytes and not a kilobyte.
        self._told = array("d")
        self._history = array("d")
        self._history_from = 0
        self.points: dict[int, dict[str, Any]] = {}
        self._in_order = True
        self.step: int | None = None
        self.total_steps: int | None = None
        self.epoch: float | None = None
        self.total_epochs: float | None = None
        self.min_loss: float | None = None
        self.history: deque[float] = deque(maxlen=_HISTORY)
        self.latest: dict[str, Any] = {}
        self.started: Event | None = None
        self.preparing: Event | None = None
        self.last: Event | None = None
        self.best_checkpoint: str | None = None
        self.samples: deque[Event] = deque(maxlen=50)
        self.notes: deque[str] = deque(maxlen=50)

    def update(self, job: Job) -> None:
        """Reads on."""
        with self._lock:
            for event in self._events.read():
                self._take(event)
            if self._foreign is not None:
                for event in self._foreign.read(job):
                    self._take(event)

    def _take(self, event: Event) -> None:
        kind = event.get("type")
        self.last = event
        if kind == "preparing":
            self.preparing = event
        elif kind == "started":
            self._restart(event)
        elif kind in ("progress", "eval"):
            self._point(event, kind)
        elif kind == "checkpoint" and event.get("best"):
            self.best_checkpoint = event.get("path")
        elif kind == "sample":
            self.samples.append(event)
        elif kind == "note" and event.get("message"):
            self.notes.append(str(event.get("message")))

    def _restart(self, event: Event) -> None:
        """What a run that was cut off had beyond the step it resumes from will come again: it is void."""
        resumed = event.get("resumed_from_step")
        kept = resumed if isinstance(resumed, int) else -1
        points = [point for step, point in sorted(self.points.items()) if step <= kept]
        self.started, self.preparing = event, None
        self.total_steps = _whole(event.get("total_steps")) or self.total_steps
        self.total_epochs = _number(event.get("total_epochs")) or self.total_epochs
        self.points, self.step, self.epoch, self.min_loss = {}, kept if kept > 0 else None, None, None
        self._losses, self._loss_sum, self.latest = 0, 0.0, {}
        self.history.clear()
        self._history_from = len(self._history)
        self._times.clear()
        for point in points:
            self._add(point["step"], point)

    def _point(self, event: Event, kind: str) -> None:
        step = _whole(event.get("step"))
        if step is None:
            return
        point: dict[str, Any] = {}
        for name in _POINT:
            value = event.get(name)
            if value is not None and (name == "time" or _number(value) is not None):
                point[name] = value
        if event.get("non_finite"):
            point["loss" if kind == "progress" else "eval_loss"] = None
            point["non_finite"] = True
        if kind == "progress":
            moment = _seconds(event.get("time"))
            if moment is not None:
                self._times.append((step, moment))
        if _whole(event.get("total_steps")):
            self.total_steps = _whole(event.get("total_steps"))
        if _number(event.get("total_epochs")):
            self.total_epochs = _number(event.get("total_epochs"))
        if event.get("passing") and point.keys() <= {"time"}:
            self.step = max(self.step or 0, step)
            return
        self._add(step, point)
        if not event.get("passing"):
            numbers = self._metrics("running")
            self._told.extend(math.nan if numbers[name] is None else numbers[name] for name in _TOLD)
            self._told.extend((self._history_from, len(self._history)))

    def _add(self, step: int, point: dict[str, Any]) -> None:
        known = self.points.get(step, {"step": step})
        fresh = "loss" not in known
        self._in_order = self._in_order and (step in self.points or step >= (self.step or 0))
        # A new one each time: whoever was given the points may still be reading them.
        self.points[step] = {**known, **point}
        self.step = max(self.step or 0, step)
        if _number(point.get("epoch")) is not None:
            self.epoch = float(point["epoch"])
        for name in ("learning_rate", "accuracy", "grad_norm", "tokens_per_second", "memory_mb", "eval_loss"):
            if _number(point.get(name)) is not None:
                self.latest[name] = point[name]
        loss = _number(point.get("loss"))
        if loss is not None and fresh:
            self.latest["loss"] = loss
            self._losses += 1
            self._loss_sum += loss
            self.min_loss = loss if self.min_loss is None else min(self.min_loss, loss)
            self.history.append(loss)
            self._history.append(loss)

    def ordered(self) -> list[dict[str, Any]]:
        """The points by step, each once; for reading only."""
        with self._lock:
            if not self._in_order:
                self.points, self._in_order = dict(sorted(self.points.items())), True
            return list(self.points.values())

    def percent(self) -> float | None:
        """How far it is, by steps, else by epochs."""
        if self.total_steps and self.step is not None:
            return round(min(100.0, 100.0 * self.step / self.total_steps), 2)
        if self.total_epochs and self.epoch is not None:
            return round(min(100.0, 100.0 * self.epoch / self.total_epochs), 2)
        return None

    def eta_seconds(self) -> float | None:
        """The time left by the pace of the last steps; a clock that was set meanwhile does not count."""
        if not self.total_steps or self.step is None:
            return None
        left = self.total_steps - self.step
        if left <= 0:
            return 0.0
        times = tuple(self._times)
        paces = [
            (after - before) / (later - earlier)
            for (earlier, before), (later, after) in itertools.pairwise(times)
            if later > earlier and after > before
        ]
        return round(left * statistics.median(paces), 1) if paces else None

    def longest_pause(self) -> float:
        """The longest time between two of the last steps that were told."""
        moments = [moment for _, moment in tuple(self._times)]
        return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)

    def metrics(self, job: Job) -> dict[str, Any]:
        """What the numbers are now."""
        with self._lock:
            return self._metrics(job.status)

    def told(self, first: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """What the numbers were when each metric arrived: those from the number `first` on, and how many there are in all."""
        width = len(_TOLD) + 2
        with self._lock:
            count = len(self._told) // width
            rows = [self._told[place * width : (place + 1) * width] for place in range(first, min(first + limit, count))]
            return [self._then(row) for row in rows], count

    def _then(self, row: array[float]) -> dict[str, Any]:
        found: dict[str, Any] = {name: None if math.isnan(value) else value for name, value in zip(_TOLD, row, strict=False)}
        found |= {name: int(found[name]) for name in _WHOLE if found[name] is not None}
        begin, end = int(row[-2]), int(row[-1])
        return found | {"loss_history": list(self._history[max(begin, end - _HISTORY) : end])}

    def _metrics(self, status: str) -> dict[str, Any]:
        ended = status in ENDED
        return {
            "current_epoch": self.epoch,
            "total_epochs": self.total_epochs,
            "step": self.step,
            "total_steps": self.total_steps,
            "latest_loss": self.latest.get("loss"),
            "min_loss": self.min_loss,
            "avg_loss": round(self._loss_sum / self._losses, 6) if self._losses else None,
            "eval_loss": self.latest.get("eval_loss"),
            "learning_rate": self.latest.get("learning_rate"),
            "accuracy": self.latest.get("accuracy"),
            "tokens_per_second": self.latest.get("tokens_per_second"),
            "memory_mb": self.latest.get("memory_mb"),
            "progress_percent": 100.0 if status == "finished" else self.percent(),
            "eta_seconds": (0.0 if status == "finished" else None) if ended else self.eta_seconds(),
            "loss_history": list(self.history),
        }


def progress(job: Job) -> Progress:
    """The job's progress as of now."""
    return _cache.get(job)


def metrics(job: Job) -> dict[str, Any]:
    """The numbers of the stream's `metrics` events, as of now."""
    return _cache.get(job).metrics(job)


def told(job: Job, first: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The data of the stream's `metrics` events from the number `first` on, and how many there are in all."""
    return _cache.get(job).told(first, limit)


def points(job: Job) -> list[dict[str, Any]]:
    """The points of the curves, each step once, in order."""
    return _cache.get(job).ordered()


def log_tail(job: Job, chars: int = 5000) -> str:
    """The last characters of the log, from the beginning of a line."""
    path = log.path_of(job)
    if path.is_symlink():
        return ""
    text = tail_bytes(path, 4 * chars).decode("utf-8", "replace")
    if len(text) <= chars:
        return text
    text = text[-chars:]
    cut = text.find("\n")
    return text[cut + 1 :] if 0 <= cut < len(text) - 1 else text


def view(job: Job, queue_position: int | None, silent: float | None = None) -> dict[str, Any]:
    """All that the status of a job tells (contract, row 8), and what the page shows besides."""
    state = _cache.get(job)
    numbers = state.metrics(job)
    preparing = state.preparing if job.status == "preparing" else None
    return {
        "job_id": job.job_id,
        "name": job.name,
        "status": job.status,
        "phase": job.phase,
        "logs": log_tail(job),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "duration_seconds": duration(job),
        "adapter_path": job.adapter_path if job.adapter_path and os.path.isdir(job.adapter_path) else None,  # it may have been deleted
        "error": job.error,
        "reason": job.reason,
        "cause": job.cause,
        "remedy": job.remedy,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "resumable": job.resumable,
        "wish": job.wish,
        "worker": job.worker,
        "step": state.step if state.step is not None else job.step,
        "total_steps": state.total_steps or job.total_steps,
        "metrics": numbers,
        "eta_seconds": numbers["eta_seconds"],
        "silent_seconds": silent,
        "warning": warning(job, silent),
        "preparing": dict(preparing) if preparing else None,
        "queue_position": queue_position,
        "base_model": job.base_model,
        "dataset_id": job.dataset_id,
        "backend": job.backend,
        "recipe": job.recipe,
        "attempt": job.attempt,
        "reasons": job.reasons,
        "notes": list(state.notes),
        "samples": [{name: event.get(name) for name in ("step", "prompt", "text")} for event in list(state.samples)[-4:]],
    }


def signs(job: Job) -> tuple[tuple[int, int], ...]:
    """What changes with every sign of life that a job gives: an event, a line, a bar that moved."""
    return tuple(_stamp(Path(job.output_dir) / name) for name in _SIGNS)


def warning(job: Job, silent: float | None) -> str | None:
    """A sentence where a job has been silent for much longer than is usual for it; it is told and not ended, for it may be slow."""
    state = _cache.get(job)
    if silent is None or silent < max(_SILENT_SECONDS, 5 * state.longest_pause()):
        return None
    where = f"since step {state.step}" if state.step else "before the first step"
    return (
        f"No sign of life for {round(silent / 60)} min, {where}. A very long step or evaluation may be the reason; "
        "if the machine is idle meanwhile, the training hangs: cancel it, then resume it or train again."
    )


def duration(job: Job) -> float | None:
    """The seconds that it has run, by clocks that nobody sets where there are such; never negative."""
    if job.seconds is not None and job.status in ENDED:
        return job.seconds
    started = _seconds(job.started_at)
    if started is None:
        return None
    if job.status in ACTIVE and (age := age_of(read_small(Path(job.output_dir) / "worker.json") or {})) is not None:
        return round((job.seconds or 0.0) + age, 3)
    ended = _seconds(job.finished_at)
    if ended is None:
        ended = datetime.now().astimezone().timestamp()
    return round(max(0.0, ended - started), 3)


class _Foreign:
    """A trainer that is not ours: its log, understood by the parser, as if it had sent events."""

    def __init__(self) -> None:
        self._offset = 0
        self._line = 0
        self._step = 0
        self._told = 0  # the step of the last loss
        self._raw = 0  # the step as it was printed last, and of how many; some trainers count anew in each epoch
        self._total: int | None = None
        self._before = 0  # steps of the epochs before
        self._epoch: float | None = None
        self._waiting: list[tuple[Any, str]] = []  # losses without a step, until the bar is drawn again and tells it
        self._bars = False
        self._bar = b""
        self._parser: Any = None

    def read(self, job: Job) -> list[Event]:
        if self._parser is None:
            from academy.jobs.metrics import TrainingMetricsParser  # only where a recipe needs it

            self._parser = TrainingMetricsParser()
        found: list[Event] = []
        while True:
            lines, self._offset, self._line = read_log(job, self._offset, self._line)
            if not lines:
                return found + (self._settle() if job.status in ENDED else []) + self._unfinished(job)
            for line in lines:
                self._bars = self._bars or "%|" in line.message
                parsed = self._parser.parse_line(line.message)
                if parsed is not None:
                    found += self._take(parsed, line.timestamp)

    def _unfinished(self, job: Job) -> list[Event]:
        """A progress bar has no line of its own before it ends: the warden keeps its state in a small file."""
        raw = read_plain(Path(job.output_dir) / "unfinished.txt", 1 << 15)
        if not raw or raw == self._bar or self._waiting:
            return []
        self._bar = raw
        parsed = self._parser.parse_line(raw.decode("utf-8", "replace"))
        if parsed is None or _has_loss(parsed) or not self._counts(parsed):
            return []
        self._bars = True
        return [{**event, "passing": True} for event in self._events(parsed, "")]

    def _take(self, parsed: Any, stamp: str) -> list[Event]:
        if _has_loss(parsed) and parsed.step is None and self._bars:
            # At most two wait: a loss, and the one of an evaluation.
            settled = self._settle() if any((parsed.loss is None) == (item.loss is None) for item, _ in self._waiting) else []
            self._waiting.append((parsed, stamp))
            return settled
        if parsed.step is not None and not _has_loss(parsed):
            if not self._counts(parsed):
                return []
            bar: list[Event] = [{**event, "passing": True} for event in self._events(parsed, stamp)]
            return bar + self._settle(known=True)
        return self._settle() + self._events(parsed, stamp)

    def _counts(self, parsed: Any) -> bool:
        """Whether a bar is the training's: once a loss was told, one of another length is an evaluation's."""
        return parsed.total_steps is None or not self._told or self._total in (None, parsed.total_steps)

    def _settle(self, known: bool = False) -> list[Event]:
        waiting, self._waiting = self._waiting, []
        return [event for parsed, stamp in waiting for event in self._events(parsed, stamp, known)]

    def _events(self, parsed: Any, stamp: str, known: bool = False) -> list[Event]:
        if parsed.step is not None:
            self._count(parsed)
        elif parsed.loss is not None and self._step <= self._told and not known:
            # No bar has moved since the last loss: the lines themselves are counted.
            self._step = self._told + 1
        if parsed.epoch is not None:
            self._epoch = parsed.epoch
        if parsed.loss is not None:
            self._told = self._step
        common: dict[str, Any] = {"step": self._step} | ({"time": stamp} if stamp else {})
        for name in ("epoch", "total_epochs", "learning_rate", "accuracy", "grad_norm"):
            value = getattr(parsed, name, None)
            if value is not None and math.isfinite(value):
                common[name] = value
        if parsed.total_steps:
            total = parsed.total_steps
            if self._before:
                total = max(total * (parsed.total_epochs or 0), self._before + total)
            common["total_steps"] = total
        found: list[Event] = []
        if parsed.loss is not None:
            finite = math.isfinite(parsed.loss)
            found.append({**common, "type": "progress", "loss": parsed.loss if finite else None, "non_finite": not finite})  # type: ignore[typeddict-item]
        if parsed.eval_loss is not None:
            finite = math.isfinite(parsed.eval_loss)
            found.append({**common, "type": "eval", "eval_loss": parsed.eval_loss if finite else None, "non_finite": not finite})  # type: ignore[typeddict-item]
        if not found:
            found.append({**common, "type": "progress"})  # type: ignore[typeddict-item]
        return found

    def _count(self, parsed: Any) -> None:
        raw = int(parsed.step)
        if raw < self._raw and self._told and parsed.epoch is not None and self._epoch is not None and int(parsed.epoch) > int(self._epoch):
            self._before += max(self._raw, self._total or 0)
        self._raw, self._total = raw, parsed.total_steps or self._total
        self._step = self._before + raw


def _has_loss(parsed: Any) -> bool:
    return parsed.loss is not None or parsed.eval_loss is not None


class _Cache:
    """The progress of the jobs that were looked at last, so that each event is read once; dropped when the file is another."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[tuple[int, int], Progress]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, job: Job) -> Progress:
        """The job's progress, brought up to date."""
        inode, size = _identity(Path(job.output_dir) / "events.jsonl")
        with self._lock:
            (inode_before, size_before), state = self._known.get(job.output_dir, ((0, 0), None))
            if state is None or (inode_before and inode_before != inode) or size < size_before:
                state = Progress(job)
            self._known[job.output_dir] = ((inode, size), state)
            self._known.move_to_end(job.output_dir)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        state.update(job)
        return state


_cache = _Cache()


def _stamp(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        state = os.lstat(path)
        return state.st_size, state.st_mtime_ns
    return 0, 0


def _identity(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        state = os.lstat(path)
        return state.st_ino, state.st_size
    return 0, 0


def _whole_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return [], offset
    with open(descriptor, "rb", buffering=0) as file:
        size = _PIECE
        while True:
            data = os.pread(file.fileno(), size, offset)
            end = data.rfind(b"\n")
            if end >= 0:
                return data[:end].split(b"\n"), offset + end + 1
            if len(data) < size:
                return [], offset
            if size < _LONGEST_EVENT:
                size *= 2
                continue
            # No event is so long: it is passed over, as one damaged line.
            at = offset + len(data)
            while piece := os.pread(file.fileno(), _PIECE, at):
                cut = piece.find(b"\n")
                if cut >= 0:
                    return [b"?"], at + cut + 1
                at += len(piece)
            return [], offset


def _event(line: bytes) -> Event | None:
    try:
        value = from_json(line, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else None  # type: ignore[return-value]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _seconds(stamp: Any) -> float | None:
    try:
        return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else None
    except ValueError:
        return None
