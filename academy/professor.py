"""The Professor: when to train, with which knobs, and why, in a sentence each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Advice:
    """Whether it is time to train; `missing` says what is not there yet, a sentence each."""

    ready: bool
    sentence: str
    missing: list[str] = field(default_factory=list)


def advise(
    *,
    lessons: int,
    new_lessons: int,
    min_lessons: int,
    last_training: str | None,
    interval_hours: float,
    now: datetime | None = None,
) -> Advice:
    """Whether enough has been collected, enough of it is new, and the last training is long enough ago; never a ban."""
    moment = now or datetime.now(UTC)
    missing = []
    if lessons < min_lessons:
        missing.append(f"{min_lessons - lessons} more lessons ({lessons} of {min_lessons}).")
    if last_training:
        wanted = max(1, min_lessons // 10)
        if new_lessons < wanted:
            missing.append(f"{wanted - new_lessons} more new lessons since the last training ({new_lessons} of {wanted}).")
        hours = max(0.0, (moment - datetime.fromisoformat(last_training)).total_seconds() / 3600)
        if hours < interval_hours:
            missing.append(f"{_hours(interval_hours - hours)} until the interval of {_hours(interval_hours)} is over.")
    if not missing:
        return Advice(True, "It is time to train: there are enough lessons, and enough of them are new.")
    return Advice(False, "No hurry. You can train at any time; what the Professor waits for: " + " ".join(missing), missing)


def _hours(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.0f} h"
    return f"{math.ceil(hours * 60)} min"
