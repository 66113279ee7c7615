"""Redaction of texts that belong together: a secret that one of them gives away is taken out of all."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from academy.curation.examples import Turn
from academy.curation.redaction.redact import clean_value, marks, redact, removed

_SHORTEST = 8
_MOST_VALUES = 5000


def redact_together(conversations: Iterable[Sequence[Turn]]) -> list[tuple[tuple[Turn, ...], Counter[str]]]:
    """Each conversation without secrets, and how many of each kind are gone from it.

    A password is recognised where it is called one; where a tool prints it again, it stands alone.
    """
    values: dict[str, str] = {}

    def clean(text: str) -> str:
        found = redact(text)
        for kind, value in removed(text, found) if found.hits else ():
            # A word that is a password somewhere is still a word.
            if len(value) >= _SHORTEST and not value.isalpha() and len(values) < _MOST_VALUES:
                values.setdefault(value, kind)
        return found.text

    first = [_cleaned(turns, clean) for turns in conversations]
    if values:
        known = re.compile("|".join(re.escape(value) for value in sorted(values, key=len, reverse=True)))
        first = [_cleaned(turns, lambda text: known.sub(lambda match: f"[redacted:{values[match[0]]}]", text)) for turns in first]
    return [(turns, secrets_in(turns)) for turns in first]


def secrets_in(turns: Iterable[Turn]) -> Counter[str]:
    """The marks in a conversation, by kind."""
    return sum((marks(text) for turn in turns for text in (turn.content, turn.thinking, turn.calls)), Counter())


def _cleaned(turns: Sequence[Turn], clean: Callable[[str], str]) -> tuple[Turn, ...]:
    return tuple(
        turn._replace(content=clean(turn.content), thinking=clean(turn.thinking), calls=_calls(turn.calls, clean)) for turn in turns
    )


def _calls(calls: str, clean: Callable[[str], str]) -> str:
    """The calls with clean arguments; their names and ids are no texts."""
    if not calls:
        return ""
    listed = [call | {"arguments": clean_value(call["arguments"], clean)} for call in json.loads(calls)]
    return json.dumps(listed, ensure_ascii=False)
