"""Which rows and questions an exam takes: even samples of which any beginning is even too, and the time for each part. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

LEAST_SECONDS, MOST_SECONDS = 20.0, 120.0
SHARE = 0.3
"""Of the training's time that an exam may take."""

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

    @property
    def spent(self) -> float:
        """The seconds so far."""
        return time.monotonic() - self.began


def spread(items: Sequence[Item], most: int | None = None, seed: int = 0) -> list[Item]:
    """The items, at most so many, in an order of which every beginning is an even sample; another seed begins with another item.

    The order is that of van der Corput's sequence: positions by their reversed bits.
    """
    first = seed % max(1, len(items))
    items = [*items[first:], *items[:first]]
    bits = max(1, (len(items) - 1).bit_length())
    order = (int(f"{at:0{bits}b}"[::-1], 2) for at in range(1 << bits))
    return [items[at] for at in order if at < len(items)][:most]
