"""Whether a training goes on from the active adapter or begins at the base model, by what was measured of the adapter; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from academy.messages import Message, msg

Choice = Literal["continue", "base"]


@dataclass(frozen=True)
class Taught:
    """What an adapter was taught and what its exam found; the counts are rows."""

    name: str
    lessons: int  # that it was taught, those of the adapters that it continues included
    shared: int  # of them in the new dataset
    known: int  # of those that its exam looked at
    of: int
    verdict: str


def choose(rows: int, taught: Taught) -> tuple[Choice, Message] | None:
    """The choice for a dataset of so many rows, with the reason; None where there is nothing to choose.

    Measured on SmolLM2-135M (docs/teaching.md): an adapter that goes on keeps what it was taught, and one that begins at the base knows
    only what its dataset holds.
    """
    new = rows - taught.shared
    if not taught.lessons or not new:
        return None
    values = {"name": taught.name, "lessons": taught.lessons, "new": new, "known": taught.known, "of": taught.of}
    if taught.verdict == "forgot":
        return "base", msg("{name} forgot general knowledge, so this training begins at the base model.", **values)
    if taught.verdict == "not_learned":
        return "base", msg("{name} knows only {known} of {of} lessons, so this training begins at the base model.", **values)
    if taught.shared == taught.lessons:
        sentence = "This dataset holds all {lessons} lessons of {name} and {new} more: from the base model it learns all of them."
        return "base", msg(sentence, **values)
    missing = taught.lessons - taught.shared
    sentence = "{name} knows {known} of {of} lessons, and {missing} of them are not in this dataset: continuing keeps them."
    return "continue", msg(sentence, missing=missing, **values)
