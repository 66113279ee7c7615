"""TODO: academy/jobs/reading/foreign.py."""

from __future__ import annotations

import math
from typing import Any

from academy.jobs.folder import read_plain
from academy.jobs.reading.events import Event
from academy.jobs.reading.log import read_log
from academy.jobs.store import ENDED, Job


class Foreign:
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
        raw = read_plain(job.folder.unfinished, 1 << 15)
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
