"""Advice: whether it is time to train, and why, in a sentence each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from academy.messages import Text, join, msg


@dataclass(frozen=True)
class Advice:
    """Whether it is time to train; `missing` lists the unmet conditions, a sentence each."""

    ready: bool
    sentence: Text
    missing: list[Text] = field(default_factory=list)
    new_lessons: int = 0


def advise(
    *,
    lessons: int,
    new_lessons: int,
    min_lessons: int,
    last_training: str | None,
    interval_hours: float,
    now: datetime | None = None,
) -> Advice:
    """Advises whether there are enough lessons, enough of them new, and enough hours since the last training; never forbids."""
    moment = now or datetime.now(UTC)
    missing: list[Text] = []
    if lessons < min_lessons:
        missing.append(msg("There are {lessons} of {wanted} lessons to train on.", lessons=lessons, wanted=min_lessons))
    if last_training:
        wanted = max(1, min_lessons // 10)
        if new_lessons < wanted:
            sentence = "Since the last training there are {lessons} of {wanted} new lessons."
            missing.append(msg(sentence, lessons=new_lessons, wanted=wanted))
        hours = max(0.0, (moment - datetime.fromisoformat(last_training)).total_seconds() / 3600)
        if hours < interval_hours:
            missing.append(
                msg(
                    "The next training is due in {rest} (one every {interval}).",
                    rest=_hours(interval_hours - hours),
                    interval=_hours(interval_hours),
                )
            )
    if not missing:
        sentence = "It is time to train: there are enough lessons, and enough of them are new."
        return Advice(True, sentence, new_lessons=new_lessons)
    return Advice(False, join("You can train at any time; the Professor advises to wait.", *missing), missing, new_lessons)


def _hours(hours: float) -> Text:
    if hours >= 1:
        return msg("{hours:.0f} h", hours=hours)
    return msg("{minutes} min", minutes=math.ceil(hours * 60))
