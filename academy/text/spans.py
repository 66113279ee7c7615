"""Whether a question and its answer belong to a passage: the answer stands in it, and the question does not give it away; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Literal

Fault = Literal["broken", "no_question", "no_answer", "not_in_passage", "whole_passage", "gives_away", "elsewhere", "repeated"]

_LONGEST_ANSWER = 400  # characters
_MOST_OF = 0.7  # of the passage
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‑": "-", "\u00a0": " ", "\u00ad": " "})
_WORD = re.compile(r"\w{4,}|\d+")


def find_span(answer: str, passage: str) -> tuple[int, int] | None:
    """Where the answer stands in the passage, letter case, blanks and forms of quotes aside; only whole words count."""
    wanted, _ = _plain(answer.strip().rstrip(".!"))
    text, places = _plain(passage)
    if not wanted:
        return None
    start = -1
    while (start := text.find(wanted, start + 1)) >= 0:
        end = start + len(wanted)
        inside_before = start > 0 and text[start - 1].isalnum() and wanted[0].isalnum()
        inside_behind = end < len(text) and text[end].isalnum() and wanted[-1].isalnum()
        if not inside_before and not inside_behind:
            return places[start], places[end - 1] + 1
    return None


def fault_of(question: str, answer: str, passage: str, known: Collection[str] = ()) -> Fault | None:
    """Why a pair is of no use for the passage; None where a person may look at it. `known`: `key_of` the questions that exist."""
    if "\ufffd" in question + answer:
        return "broken"
    if len(question.split()) < 3 or not question.rstrip().endswith(("?", "？", "؟")):
        return "no_question"
    if not any(char.isalnum() for char in answer):
        return "no_answer"
    span = find_span(answer, passage)
    if span is None:
        return "not_in_passage"
    if span[1] - span[0] > min(_LONGEST_ANSWER, _MOST_OF * len(passage)):
        return "whole_passage"
    if find_span(answer, question):
        return "gives_away"
    if not _words(question) & _words(passage):
        return "elsewhere"
    return "repeated" if key_of(question) in known else None


def key_of(question: str) -> str:
    """The same for questions that differ in letter case, blanks and marks only."""
    return " ".join(re.findall(r"\w+", question.casefold()))


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in small letters with single blanks, and the place of each of its characters in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in unicodedata.normalize("NFKC", char.translate(_PLAIN)).casefold():
            letter = " " if letter.isspace() else letter
            if letter != " " or (letters and letters[-1] != " "):
                letters.append(letter)
                places.append(place)
    while letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return "".join(letters), places


def _words(text: str) -> set[str]:
    """What a question and its passage have in common: words by their first five letters, so that endings do not matter, and numbers."""
    return {word.casefold()[:5] for word in _WORD.findall(text)}
