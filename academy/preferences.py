"""The form of a preference: a better and a worse answer to the same conversation, or one answer with a thumb, one a line.

The rows are TRL's conversational "preference" (`prompt`, `chosen`, `rejected`) and "unpaired preference" (`prompt`, `completion`, `label`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from academy.rows import BadRow, Turn, message_of, turns_of

HELD_OUT = "held_out"
"""The field of a row that measures and is never trained."""


class Preference(NamedTuple):
    """The turns before the answer, and what a person said of the answer: a pair has both answers, a thumb one of them."""

    prompt: tuple[Turn, ...]
    better: str | None
    worse: str | None
    held_out: bool = False

    @property
    def is_pair(self) -> bool:
        """Whether there are two answers to compare."""
        return self.better is not None and self.worse is not None


def beside(dataset: Path) -> Path:
    """The file of the preferences of a dataset file, whether it is there or not."""
    return dataset.with_suffix(".preferences.jsonl")


def row_of(preference: Preference) -> dict[str, Any]:
    """The preference as a row of TRL."""
    prompt: dict[str, Any] = {"prompt": [message_of(turn) for turn in preference.prompt]}
    if preference.is_pair:
        row = prompt | {"chosen": _answer(preference.better), "rejected": _answer(preference.worse)}
    else:
        good = preference.better is not None
        row = prompt | {"completion": _answer(preference.better if good else preference.worse), "label": good}
    return row | ({HELD_OUT: True} if preference.held_out else {})


def read_preferences(lines: Iterable[bytes]) -> Iterator[Preference]:
    """The preferences of a file's lines; raises BadRow for the first line that is none."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _preference_of(json.loads(line))
            except BadRow as error:
                error.number = number
                raise
            except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
                raise BadRow("it is neither a pair of answers nor an answer with a label", number) from error


def of_kind(preferences: Sequence[Preference]) -> tuple[str, list[Preference]]:
    """What is learned from: "pairs" where there are any, else "thumbs", and those preferences."""
    pairs = [item for item in preferences if item.is_pair]
    return ("pairs", pairs) if pairs else ("thumbs", [*preferences])


def _preference_of(row: dict[str, Any]) -> Preference:
    held_out = bool(row.get(HELD_OUT))
    if "chosen" in row:
        turns, worse = _turns(row["prompt"], row["chosen"]), _turns(row["prompt"], row["rejected"])
        return Preference(tuple(turns[:-1]), turns[-1].content, worse[-1].content, held_out)
    turns, label = _turns(row["prompt"], row["completion"]), row["label"]
    if not isinstance(label, bool):
        raise TypeError("label")
    answer = turns[-1].content
    return Preference(tuple(turns[:-1]), answer if label else None, None if label else answer, held_out)


def _turns(prompt: list[Any], answer: list[Any]) -> list[Turn]:
    return turns_of({"messages": [*prompt, *answer]})


def _answer(text: str | None) -> list[dict[str, str | None]]:
    return [{"role": "assistant", "content": text}]
