"""The probe: passages with known answers, on which a model shows whether it can write questions; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from academy.text.spans import fault_of, find_span

NEEDED = 0.5
"""Of the passages: with fewer usable pairs a person rejects most of what is written."""

_FILE = Path(__file__).with_name("probe.json")


@dataclass(frozen=True)
class Fact:
    """An answer that stands in the passage, and words of which a question for it has one."""

    answer: str
    asks: tuple[str, ...]


@dataclass(frozen=True)
class ProbePassage:
    """A passage and the facts in it."""

    text: str
    facts: tuple[Fact, ...]


def passages() -> list[ProbePassage]:
    """The passages of the probe, about invented things, so that no model knows the answers."""
    entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return [ProbePassage(entry["text"], tuple(Fact(answer, tuple(asks)) for answer, asks in entry["facts"])) for entry in entries]


def is_usable(passage: ProbePassage, pair: tuple[str, str] | None) -> bool:
    """Whether the pair asks for a fact of the passage and gives it."""
    if pair is None or fault_of(*pair, passage.text):
        return False
    question, answer = pair
    asked = question.casefold()
    return any(find_span(fact.answer, answer) and any(word in asked for word in fact.asks) for fact in passage.facts)


def result(pairs: Sequence[tuple[str, str] | None]) -> dict[str, int]:
    """How many of the probe's pairs are usable, and how many have to be."""
    known = passages()
    right = sum(is_usable(passage, pair) for passage, pair in zip(known, pairs, strict=True))
    return {"right": right, "of": len(known), "needed": round(NEEDED * len(known) + 0.49)}
