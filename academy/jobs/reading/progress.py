"""The progress of a job, from the events and the log in its folder; reads incrementally and writes nothing."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import statistics
import threading
from array import array
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

from academy.jobs.reading.events import Event, Events, number, seconds, whole
from academy.jobs.reading.foreign import Foreign
from academy.jobs.store import ENDED, Job
from academy.messages import Text, from_json

_POINT = (
    "epoch", "loss", "eval_loss", "learning_rate", "grad_norm", "accuracy", "tokens_per_second", "memory_mb", "drift", "time",
    "chosen", "rejected", "margin", "eval_chosen", "eval_rejected", "eval_margin", "eval_accuracy",
)  # fmt: skip
_REPORTED = (
    "current_epoch", "total_epochs", "step", "total_steps", "latest_loss", "min_loss", "avg_loss", "eval_loss", "learning_rate", "accuracy",
    "tokens_per_second", "memory_mb", "progress_percent", "eta_seconds",
)  # fmt: skip
_KNOWN = ("rows", "of")
_WHOLE = ("step", "total_steps")
_HISTORY = 10
_REMEMBERED = 32


class Progress:
    """The sum of all events (of a foreign trainer: of its log); `update` reads the new ones."""

    def __init__(self, job: Job) -> None:
        self._lock = threading.RLock()
        self._events = Events(job)
        self._foreign = Foreign() if job.recipe else None
        self._times: deque[tuple[int, float]] = deque(maxlen=32)
        self._losses = 0
        self._loss_sum = 0.0
        # The metrics at each arrival, in columns, because a stream reports each once: 130 bytes instead of a kilobyte.
        self._reported = array("d")
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
        self.known: dict[str, int] | None = None  # rows that are known by now
        self.samples: deque[Event] = deque(maxlen=50)
        self.notes: deque[Text] = deque(maxlen=50)

    def update(self, job: Job) -> None:
        """Reads the new events."""
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
        elif kind == "known":
            self._count_known(event)
        elif kind == "checkpoint" and event.get("best"):
            self.best_checkpoint = event.get("path")
        elif kind == "sample":
            self.samples.append(event)
        elif kind == "note" and (note := from_json(event.get("message"))):
            self.notes.append(note)

    def _restart(self, event: Event) -> None:
        """Drops the points after the step that the run resumes from: they come again."""
        resumed = event.get("resumed_from_step")
        last = resumed if isinstance(resumed, int) else -1
        points = [point for step, point in sorted(self.points.items()) if step <= last]
        self.started, self.preparing = event, None
        self.total_steps = whole(event.get("total_steps")) or self.total_steps
        self.total_epochs = number(event.get("total_epochs")) or self.total_epochs
        self.known = None
        self.points, self.step, self.epoch, self.min_loss = {}, last if last > 0 else None, None, None
        self._losses, self._loss_sum, self.latest = 0, 0.0, {}
        self.history.clear()
        self._history_from = len(self._history)
        self._times.clear()
        for point in points:
            self._add(point["step"], point)

    def _point(self, event: Event, kind: str) -> None:
        step = whole(event.get("step"))
        if step is None:
            return
        point: dict[str, Any] = {}
        for name in _POINT:
            value = event.get(name)
            if value is not None and (name == "time" or number(value) is not None):
                point[name] = value
        if event.get("non_finite"):
            point["loss" if kind == "progress" else "eval_loss"] = None
            point["non_finite"] = True
        extra = event.get("extra")
        if isinstance(extra, dict) and (counted := whole(extra.get("tokens"))) is not None:
            point["tokens"] = counted
        if kind == "progress":
            moment = seconds(event.get("time"))
            if moment is not None:
                self._times.append((step, moment))
        if whole(event.get("total_steps")):
            self.total_steps = whole(event.get("total_steps"))
        if number(event.get("total_epochs")):
            self.total_epochs = number(event.get("total_epochs"))
        if event.get("passing") and point.keys() <= {"time"}:
            self.step = max(self.step or 0, step)
            return
        self._add(step, point)
        if not event.get("passing"):
            self._arrived(None)

    def _count_known(self, event: Event) -> None:
        rows, of, step = whole(event.get("rows")), whole(event.get("of")), whole(event.get("step"))
        if rows is None or of is None:
            return
        self.known = {"rows": rows, "of": of}
        if step is not None:
            self._add(step, {"known": rows})
        self._arrived(self.known)

    def _arrived(self, known: dict[str, int] | None) -> None:
        """Notes the metrics as of now, or the number of known rows, for the streams."""
        numbers = self._metrics("running")
        self._reported.extend(math.nan if numbers[name] is None else numbers[name] for name in _REPORTED)
        self._reported.extend(known[name] if known else math.nan for name in _KNOWN)
        self._reported.extend((self._history_from, len(self._history)))

    def _add(self, step: int, point: dict[str, Any]) -> None:
        before = self.points.get(step, {"step": step})
        fresh = "loss" not in before
        self._in_order = self._in_order and (step in self.points or step >= (self.step or 0))
        # A new dict each time, since a reader may still hold the old one.
        self.points[step] = {**before, **point}
        self.step = max(self.step or 0, step)
        if number(point.get("epoch")) is not None:
            self.epoch = float(point["epoch"])
        for name in ("learning_rate", "accuracy", "grad_norm", "tokens_per_second", "memory_mb", "eval_loss"):
            if number(point.get(name)) is not None:
                self.latest[name] = point[name]
        loss = number(point.get("loss"))
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
        """The progress in percent, by steps, else by epochs."""
        if self.total_steps and self.step is not None:
            return round(min(100.0, 100.0 * self.step / self.total_steps), 2)
        if self.total_epochs and self.epoch is not None:
            return round(min(100.0, 100.0 * self.epoch / self.total_epochs), 2)
        return None

    def eta_seconds(self) -> float | None:
        """The remaining time at the median pace of the last steps, which a change of the clock does not disturb."""
        if not self.total_steps or self.step is None:
            return None
        remaining = self.total_steps - self.step
        if remaining <= 0:
            return 0.0
        times = tuple(self._times)
        paces = [
            (after - before) / (later - earlier)
            for (earlier, before), (later, after) in itertools.pairwise(times)
            if later > earlier and after > before
        ]
        return round(remaining * statistics.median(paces), 1) if paces else None

    def training_seconds(self) -> float:
        """From the first logged step to the last, by the times of their events."""
        moments = [moment for point in self.ordered() if (moment := seconds(point.get("time"))) is not None]
        return max(0.0, moments[-1] - moments[0]) if moments else 0.0

    def longest_pause(self) -> float:
        """The longest time between two of the last steps."""
        moments = [moment for _, moment in tuple(self._times)]
        return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)

    def metrics(self, job: Job) -> dict[str, Any]:
        """The numbers as of now."""
        with self._lock:
            return self._metrics(job.status)

    def metrics_since(self, first: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """The numbers at each arrival, from the one with the number `first` on, and how many there are in total.

        Where it was the number of known rows that arrived, they are all there is: `{"known": {rows, of}}`.
        """
        width = len(_REPORTED) + len(_KNOWN) + 2
        with self._lock:
            count = len(self._reported) // width
            rows = [self._reported[place * width : (place + 1) * width] for place in range(first, min(first + limit, count))]
            return [self._then(row) for row in rows], count

    def _then(self, row: array[float]) -> dict[str, Any]:
        rows, of = row[len(_REPORTED) : len(_REPORTED) + len(_KNOWN)]
        if not math.isnan(rows):
            return {"known": {"rows": int(rows), "of": int(of)}}
        values: dict[str, Any] = {name: None if math.isnan(value) else value for name, value in zip(_REPORTED, row, strict=False)}
        values |= {name: int(values[name]) for name in _WHOLE if values[name] is not None}
        begin, end = int(row[-2]), int(row[-1])
        return values | {"loss_history": list(self._history[max(begin, end - _HISTORY) : end])}

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
    return cache.get(job)


def metrics(job: Job) -> dict[str, Any]:
    """The numbers of the stream's `metrics` events, as of now."""
    return cache.get(job).metrics(job)


def metrics_since(job: Job, first: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The data of the stream's `metrics` events from the number `first` on, and how many there are in total."""
    return cache.get(job).metrics_since(first, limit)


def points(job: Job) -> list[dict[str, Any]]:
    """The points of the curves, each step once, in order."""
    return cache.get(job).ordered()


class _Cache:
    """The progress of the jobs viewed last, so that each event is read once; dropped if the file is replaced."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[tuple[int, int], Progress]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, job: Job) -> Progress:
        """The job's progress, brought up to date."""
        inode, size = _identity(job.folder.events)
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


cache = _Cache()


def _identity(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        state = os.lstat(path)
        return state.st_ino, state.st_size
    return 0, 0
