"""The events of a job: one JSON object a line in `events.jsonl`, which only the job's program writes."""

from __future__ import annotations

import math
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypedDict

from pydantic_core import from_json

from academy.jobs.store import Job

EventType = Literal["preparing", "started", "progress", "eval", "checkpoint", "sample", "note", "known", "published", "finished", "failed"]


class Event(TypedDict, total=False):
    """The union of all fields; a comment names the type that each belongs to.

    A loss that is nan or infinite is written as null, with `non_finite` true. `time` is ISO 8601 in UTC with `Z`.
    `message` and `reason` are a str or the stored form of a message (messages.to_json).
    """

    type: EventType
    time: str
    # preparing: the work before the first step
    phase: str  # "download", "load", "tokenize"
    message: Any  # also of note and sample; a sentence for a person
    fraction: float | None
    bytes_done: int
    bytes_total: int | None
    bytes_per_second: float | None
    # started
    total_steps: int | None
    total_epochs: float | None
    device: str  # "cuda:0 NVIDIA …", "cpu", "mps"
    precision: str
    trainable_parameters: int
    total_parameters: int
    train_rows: int
    eval_rows: int
    truncated_rows: int
    resumed_from_step: int
    # progress: one per logged step; eval: one per evaluation (step 0: before training)
    step: int
    epoch: float
    loss: float | None
    eval_loss: float | None
    learning_rate: float
    grad_norm: float | None
    accuracy: float
    tokens_per_second: float
    memory_mb: float
    non_finite: bool
    passing: bool  # read from a foreign trainer's progress bar: it replaces the last one and is no point of the curve
    # checkpoint
    path: str  # relative to the job's folder
    best: bool
    # known: how many rows of the dataset the model gives word for word, by now
    rows: int
    of: int
    # published: the adapter is complete; what follows is its exam, and however that ends, the training is a success
    # sample
    prompt: str
    text: str
    base: str  # what the base model answers
    # finished: the last line of a good run; its result is complete when it is written
    adapter: str  # relative to the job's folder: "adapter"
    stopped: bool  # "stop and keep"
    stopped_early: bool
    train_loss: float | None
    baseline_eval_loss: float | None
    # failed
    reason: Any  # one sentence for a person
    cause: str  # a word for the doctor: "out_of_memory", "non_finite_loss", "no_template", "bad_row", "disk_full", …
    error_type: str
    traceback: str
    row: int
    extra: dict[str, Any]


_PIECE = 1 << 20
_LONGEST_EVENT = 1 << 22


class Events:
    """The events of a job from an offset on; each `read` returns the new ones."""

    def __init__(self, job: Job, offset: int = 0) -> None:
        self._path = job.folder.events
        self.offset = offset
        self.damaged = 0

    def read(self, limit: int | None = None) -> list[Event]:
        """The new complete events; malformed lines are skipped and counted."""
        events: list[Event] = []
        start = self.offset
        while limit is None or self.offset - start < limit:
            lines, after = _whole_lines(self._path, self.offset)
            if after == self.offset:
                break
            self.offset = after
            for line in lines:
                event = _event(line)
                if event is not None:
                    events.append(event)
                elif line.strip():
                    self.damaged += 1
        return events


def number(value: Any) -> float | None:
    """A finite number, else None."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """A count that JSON can hold exactly, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def seconds(stamp: Any) -> float | None:
    """Seconds since the epoch of an ISO 8601 time, else None."""
    try:
        return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else None
    except ValueError:
        return None


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
            # No event is that long: it is skipped as one malformed line.
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
