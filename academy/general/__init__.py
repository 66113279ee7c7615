"""General knowledge: the questions that measure what a training forgets, and the prompts that rehearse it."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Category = Literal["facts", "arithmetic", "instructions", "dialogue", "refusal", "code"]
CATEGORIES: tuple[Category, ...] = ("facts", "arithmetic", "instructions", "dialogue", "refusal", "code")

_ENOUGH, _ENOUGH_SHARE = 10, 0.25


@dataclass(frozen=True, slots=True)
class Question:
    """An everyday question whose reply a program can judge; 24 tokens are enough for a right one.

    `accepted` lists alternatives; the strings of an alternative must all occur in the reply, those of `refused` must not.
    """

    id: str
    language: str
    category: Category
    question: str
    accepted: tuple[tuple[str, ...], ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A message before the reply."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that ends with the user's turn, for the base model to answer."""

    id: str
    language: str
    category: Category
    messages: tuple[Turn, ...]


def probe() -> list[Question]:
    """The questions that are asked before and after a training; no prompt of the rehearsal shares their topics."""
    return [
        Question(
            row["id"],
            row["language"],
            row["category"],
            row["question"],
            tuple(map(tuple, row["accepted"])),
            tuple(row.get("refused", ())),
        )
        for row in _read("questions.json")
    ]


def prompts() -> list[Prompt]:
    """The prompts of the rehearsal."""
    return [
        Prompt(row["id"], row["language"], row["category"], tuple(Turn(**turn) for turn in row["messages"]))
        for row in _read("rehearsal.json")
    ]


def shows_forgetting(right: int, of: int) -> bool:
    """Whether a base answers so many of the general questions that forgetting can be told from them.

    Of fewer, as a model of a few million parameters answers, any training turns some wrong, and none of them matters.
    """
    return right >= _ENOUGH or right >= _ENOUGH_SHARE * of > 0


def is_right(question: Question, reply: str) -> bool:
    """Whether the reply has every string of an alternative and none that is refused, as whole words in any case."""
    text = _plain(reply)
    has_all = any(all(_occurs(part, text) for part in parts) for parts in question.accepted)
    return has_all and not any(_occurs(part, text) for part in question.refused)


def _read(name: str) -> list[dict[str, Any]]:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    """The text as it is compared: one case, one form of each letter, straight apostrophes, single spaces."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.replace("’", "'").split())


def _occurs(part: str, text: str) -> bool:
    return _whole(_plain(part)).search(text) is not None


@cache
def _whole(part: str) -> re.Pattern[str]:
    """Finds the part where no letter or digit continues it; a number also not inside 7.5, 1,700 or -7."""
    before = r"(?<!\w)" if part[0].isalnum() else ""
    after = r"(?!\w)" if part[-1].isalnum() else ""
    if part[0].isdigit():
        before += r"(?<!\d[.,])(?<!^[-−])(?<![\s(=][-−])"
    if part[-1].isdigit():
        after += r"(?![.,]\d)"
    return re.compile(before + re.escape(part) + after)
