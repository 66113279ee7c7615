"""Foreign trainers: their log is parsed into the events that Academy's own trainer would have written."""

from __future__ import annotations

import math
from typing import Any

from academy.jobs.folder import read_plain
from academy.jobs.reading.events import Event
from academy.jobs.reading.log import read_log
from academy.jobs.store import ENDED, Job


class Foreign:
    """The log of one foreign trainer, read incrementally."""

    def __init__(self) -> None:
        self._offset = 0
        self._line = 0
        self._step = 0
        self._loss_step = 0  # the step of the last loss
        self._raw = 0  # the step as last printed, and of how many; some trainers start over in each epoch
        self._total: int | None = None
        self._before = 0  # steps of the epochs before
        self._epoch: float | None = None
        self._waiting: list[tuple[Any, str]] = []  # losses without a step, until the bar is drawn again and shows it
        self._bars = False
        self._bar = b""
        self._parser: Any = None

    def read(self, job: Job) -> list[Event]:
        """The new events."""
        if self._parser is None:
            from academy.jobs.metrics import TrainingMetricsParser  # only where a recipe needs it

            self._parser = TrainingMetricsParser()
        events: list[Event] = []
        while True:
            lines, self._offset, self._line = read_log(job, self._offset, self._line)
            if not lines:
                return events + (self._settle() if job.status in ENDED else []) + self._unfinished(job)
            for line in lines:
                self._bars = self._bars or "%|" in line.message
                parsed = self._parser.parse_line(line.message)
                if parsed is not None:
                    events += self._take(parsed, line.timestamp)

    def _unfinished(self, job: Job) -> list[Event]:
        """The state of a progress bar: it has no line in the log before it ends, so the warden keeps it in a small file."""
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
            return bar + self._settle(counted=True)
        return self._settle() + self._events(parsed, stamp)

    def _counts(self, parsed: Any) -> bool:
        """Whether a bar is the training's: after the first loss, a bar of another length is an evaluation's."""
        return parsed.total_steps is None or not self._loss_step or self._total in (None, parsed.total_steps)

    def _settle(self, counted: bool = False) -> list[Event]:
        waiting, self._waiting = self._waiting, []
        return [event for parsed, stamp in waiting for event in self._events(parsed, stamp, counted)]

    def _events(self, parsed: Any, stamp: str, counted: bool = False) -> list[Event]:
        if parsed.step is not None:
            self._count(parsed)
        elif parsed.loss is not None and self._step <= self._loss_step and not counted:
            # No bar has moved since the last loss, so the lines themselves are counted.
            self._step = self._loss_step + 1
        if parsed.epoch is not None:
            self._epoch = parsed.epoch
        if parsed.loss is not None:
            self._loss_step = self._step
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
        events: list[Event] = []
        if parsed.loss is not None:
            finite = math.isfinite(parsed.loss)
            events.append({**common, "type": "progress", "loss": parsed.loss if finite else None, "non_finite": not finite})  # type: ignore[typeddict-item]
        if parsed.eval_loss is not None:
            finite = math.isfinite(parsed.eval_loss)
            events.append({**common, "type": "eval", "eval_loss": parsed.eval_loss if finite else None, "non_finite": not finite})  # type: ignore[typeddict-item]
        if not events:
            events.append({**common, "type": "progress"})  # type: ignore[typeddict-item]
        return events

    def _count(self, parsed: Any) -> None:
        raw = int(parsed.step)
        later_epoch = parsed.epoch is not None and self._epoch is not None and int(parsed.epoch) > int(self._epoch)
        if raw < self._raw and self._loss_step and later_epoch:
            self._before += max(self._raw, self._total or 0)
        self._raw, self._total = raw, parsed.total_steps or self._total
        self._step = self._before + raw


def _has_loss(parsed: Any) -> bool:
    return parsed.loss is not None or parsed.eval_loss is not None
