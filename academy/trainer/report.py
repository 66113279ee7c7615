"""What the trainer reports: events as JSON lines for programs, plain lines on standard output for people."""

from __future__ import annotations

import json
import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.messages import Message, Text, to_json

_LOSSES = ("loss", "eval_loss", "train_loss", "baseline_eval_loss", "grad_norm")


class Report:
    """The writer of a job's `events.jsonl`: the first process; another one writes only why it fails."""

    def __init__(self, folder: Path, label: str = "") -> None:
        self._label = label  # before each line of the log
        self._descriptor = os.open(folder / "events.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._descriptor).st_size
        self.continued = size > 0
        # An earlier attempt may have died in the middle of a line; the next line must not continue it.
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")

    def event(self, type: str, **fields: Any) -> None:
        """Appends one event in one write; a message is stored unrendered, a non-finite number as null, a loss then with `non_finite`."""
        line = (
            json.dumps({"type": type, "time": now(), **_plain(fields)}, ensure_ascii=False, allow_nan=False).encode(errors="replace")
            + b"\n"
        )
        before = os.fstat(self._descriptor).st_size
        written = os.write(self._descriptor, line)
        if written != len(line):
            os.ftruncate(self._descriptor, before)
            raise OSError(28, "No space left on device", "events.jsonl")

    def note(self, message: Text) -> None:
        """Reports something that a person should know and that stops nothing."""
        self.say(f"note: {message}")
        self.event("note", message=message)

    def preparing(self, phase: str, message: Text, fraction: float | None = None) -> None:
        """Reports the work before the first step."""
        self.say(str(message))
        self.event("preparing", phase=phase, message=message, fraction=fraction)

    def say(self, line: str) -> None:
        """One line of the log."""
        sys.stdout.write(f"{self._label}{line}\n")
        sys.stdout.flush()

    def sync(self) -> None:
        """Makes all events so far durable."""
        os.fsync(self._descriptor)


class Silent(Report):
    """The report of a process that leaves the reporting to the first of its team."""

    def __init__(self) -> None:
        self.continued = False

    def event(self, type: str, **fields: Any) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def sync(self) -> None:
        """Nothing."""


def now() -> str:
    """The time in UTC as ISO 8601 with milliseconds and `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            plain[name] = None
            if name in _LOSSES:
                plain["non_finite"] = True
        else:
            plain[name] = to_json(value) if isinstance(value, Message) else value
    return plain
