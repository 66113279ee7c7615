"""What the runner sees of an attempt: what its program said, when it last gave a sign of life, and when it was told to end."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

from academy.jobs.backends import GRACE_SECONDS, Backend
from academy.jobs.reading.events import Event, Events
from academy.jobs.store import Job

_FORCE_AFTER = GRACE_SECONDS + 2.5


@dataclass(frozen=True)
class Said:
    """What a job's program has said in its events so far."""

    started: bool = False
    failed: Event | None = None
    last: Event | None = None
    result: Event | None = None  # what it says of its complete result
    step: int | None = None
    total_steps: int | None = None

    def after(self, event: Event) -> Said:
        """The same with one more event."""
        kind = event.get("type")
        if kind == "preparing" and event.get("phase") == "upload":
            return self  # the app's own word, before the program's first
        said = dataclasses.replace(self, last=event)
        if kind == "started":
            total, resumed = _count(event.get("total_steps")), _count(event.get("resumed_from_step"))
            said = dataclasses.replace(said, started=True, failed=None, result=None, total_steps=total, step=resumed or None)
        elif kind == "failed":
            said = dataclasses.replace(said, failed=event)
        elif kind in ("published", "finished"):
            said = dataclasses.replace(said, result=event)
        if kind in ("progress", "published", "finished", "failed") and (step := _count(event.get("step"))) is not None:
            said = dataclasses.replace(said, step=step)
        return said

    @property
    def finished(self) -> bool:
        """Whether it said that its result is complete; what becomes of an adapter's exam changes nothing of that."""
        return self.result is not None


class Watch:
    """The runner's view of one attempt."""

    def __init__(self, job: Job) -> None:
        self._events = Events(job, job.events_offset)
        self.said = Said(step=job.step if job.events_offset else None)
        self.alive_at = self._began = time.monotonic()
        self._answered_at: float | None = None  # when the backend last knew whether the job lives
        self._asked_in_vain = False
        self._signs: tuple[Any, ...] = ()
        self._first_signal: float | None = None
        self._last_signal = 0.0

    def read(self) -> None:
        """Takes in the new events."""
        for event in self._events.read():
            self.said = self.said.after(event)

    def listen(self, signs: tuple[Any, ...]) -> None:
        """Notes a sign of life."""
        if signs != self._signs:
            self._signs, self.alive_at = signs, time.monotonic()

    def note_answer(self, alive: bool | None) -> None:
        """Notes whether the backend knows how it is about the job; it does not while another machine does not answer."""
        self._asked_in_vain = alive is None
        if alive is not None:
            self._answered_at = time.monotonic()

    def unheard(self) -> float | None:
        """The seconds since the job's machine last answered; None while it answers. Before its first answer: since this app watches."""
        if not self._asked_in_vain:
            return None
        return round(time.monotonic() - (self._answered_at or self._began), 1)

    def silence(self) -> float:
        """The seconds since the last sign of life."""
        return round(time.monotonic() - self.alive_at, 1)

    def end(self, backend: Backend, job: Job) -> None:
        """Tells the job to end, again every second, and kills it after its grace."""
        moment = time.monotonic()
        if self._first_signal is None:
            self._first_signal = moment
        if moment - self._last_signal >= 1.0:
            self._last_signal = moment
            backend.terminate(job, force=moment - self._first_signal > _FORCE_AFTER)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
