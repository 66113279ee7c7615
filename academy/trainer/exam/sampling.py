"""Which rows and questions an exam takes: even samples of which any beginning is even too, and the time for each part. Pure."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

LEAST_SECONDS, MOST_SECONDS = 40.0, 120.0
"""In 20 seconds SmolLM2-135M answered 13 of the general questions on two cores: too few to see what a plain training forgets."""
SHARE = 0.3
"""Of the training's time that an exam may take."""

_FIRST, _MOST = 8, 32  # items a batch
_LEAST_PATIENCE, _PATIENCE = 10.0, 1.5  # seconds; times the remaining time

Item = TypeVar("Item")


def budget(training_seconds: float | None) -> float:
    """The seconds that an exam may take, after a training of so many; None: on its own."""
    return MOST_SECONDS if training_seconds is None else min(MOST_SECONDS, max(LEAST_SECONDS, SHARE * training_seconds))


@dataclass
class Clock:
    """The time that an exam has."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    def until(self, share: float) -> float:
        """When a part has to end that may take this share of the remaining time (monotonic)."""
        now = time.monotonic()
        return now + max(0.0, self.began + self.seconds - now) * share

    @contextlib.contextmanager
    def once(self) -> Iterator[float]:
        """For what is kept for later exams: it may take as long again, beside this exam's time; gives when it has to end (monotonic)."""
        began = time.monotonic()
        yield began + self.seconds
        self.seconds += time.monotonic() - began

    @property
    def spent(self) -> float:
        """The seconds so far."""
        return time.monotonic() - self.began


class Pace:
    """The sizes of batches: a small first one measures the speed, the others fill the time until `until` (monotonic)."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._last = time.monotonic()
        self._each: float | None = None  # seconds

    def size(self) -> int:
        """The size of the next batch; 0: there is no time for another one. The first always takes place."""
        self._last = time.monotonic()
        if self._each is None:
            return _FIRST
        room = self._until - self._last
        return _MOST if room >= _MOST * self._each else max(0, int(room / self._each))

    def patience(self) -> float:
        """The seconds that the present batch may take: more than there should be, since what is broken off is lost."""
        return max(_LEAST_PATIENCE, _PATIENCE * (self._until - self._last))

    def count(self, items: int) -> None:
        """Notes that a batch of so many is done."""
        self._each = (time.monotonic() - self._last) / items


def spread(items: Sequence[Item], most: int | None = None, seed: int = 0) -> list[Item]:
    """The items, at most so many, in an order of which every beginning is an even sample; another seed begins with another item.

    The order is that of van der Corput's sequence: positions by their reversed bits.
    """
    count = len(items)
    bits = max(1, (count - 1).bit_length())
    order = (int(f"{at:0{bits}b}"[::-1], 2) for at in range(1 << bits))
    # The items may lie on the disk: only those that are taken are read.
    return [items[(at + seed) % count] for at in islice((at for at in order if at < count), most)]
