"""Whether another wording of a lesson's question still asks for its answer, and gives nothing of it away; pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Literal

from academy.text.languages import FUNCTION_WORDS, asked_in
from academy.text.matching import Answers
from academy.text.rewordings import is_question
from academy.text.spans import key_of
from academy.text.wordings import Wordings, is_variation
from academy.text.words import parse, protected_parts

Fault = Literal["broken", "no_question", "same", "language", "loses", "adds", "gives_away", "elsewhere", "other_lesson", "exam", "repeated"]

_MOST_EXAM = 20  # wordings by rules, of which the exam asks the first ones
_POSSESSIVE = re.compile("['’]s?$")
_BEGINNING = 5  # letters, so that endings do not matter
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")  # of Chinese and Japanese each sign


class Rephrasings:
    """Checks wordings against the lessons of a set: the question must stay that of its own lesson."""

    def __init__(self, lessons: Sequence[tuple[str, str]]) -> None:
        """`lessons`: questions with their answers."""
        self._wordings = Wordings([question for question, _ in lessons])
        self._answers = Answers(answer for _, answer in lessons)
        self._said: dict[str, set[str]] = defaultdict(set)
        for question, answer in lessons:
            self._said[key_of(question)].add(key_of(answer))
        self._topics = [(_topic(question), key_of(answer)) for question, answer in lessons]

    def fault_of(self, text: str, question: str, answer: str, known: Collection[str] = ()) -> Fault | None:
        """Why a wording is of no use; None where a person may look at it. `known`: `key_of` the wordings that exist."""
        language, key = self._wordings.language_of(question), key_of(text)
        if "\ufffd" in text or not key:
            return "broken"
        if is_question(text, language) != is_question(question, language):
            return "no_question"
        if key == key_of(question) or is_variation(text, question, language):
            return "same"
        if {asked_in([text]), asked_in([question])} not in ({language}, {language, "other"}, {"other"}):
            return "language"
        if fault := self._content_fault(text, question, answer):
            return fault
        if self._said.get(key, set()) - {key_of(answer)} or self._is_of_another(text, question, answer):
            return "other_lesson"
        if key in map(key_of, self._wordings.asked_otherwise(question, _MOST_EXAM)):
            return "exam"
        return "repeated" if key in known or key in self._said else None

    def _content_fault(self, text: str, question: str, answer: str) -> Fault | None:
        """What of the question's names, numbers, quotes and words is missing, and what should not be there."""
        parts, own = Counter(protected_parts(text)), Counter(protected_parts(question))
        if own - parts or self._names(question) - _keys(text):
            return "loses"
        key = self._answers.key(answer, question)
        if (key.required or key.telling) & {word.casefold() for word in _WORD.findall(text)}:
            return "gives_away"
        names = set[str]() if asked_in([text]) == "de" else self._names(text)  # in German every noun has a capital
        if parts - own or names - _keys(question):
            return "adds"
        return "elsewhere" if _topic(question) and not _topic(text) & _topic(question) else None

    def _names(self, text: str) -> set[str]:
        return {_POSSESSIVE.sub("", key) for key in self._wordings.names_in(text)}

    def _is_of_another(self, text: str, question: str, answer: str) -> bool:
        """Whether all that the wording asks about stands in the question of a lesson with another answer, and not all in its own."""
        topic, own = _topic(text), _topic(question)
        said = key_of(answer)
        return not own <= topic and any(topic <= other and answered != said for other, answered in self._topics)


def _keys(text: str) -> set[str]:
    return {_POSSESSIVE.sub("", word.key) for word in parse(text).words}


def _topic(text: str) -> frozenset[str]:
    """The words that say what a text is about, by their beginnings, and its numbers."""
    return frozenset(word.casefold()[:_BEGINNING] for word in _WORD.findall(text) if word.casefold() not in _FUNCTION_WORDS)


_FUNCTION_WORDS = frozenset[str]().union(*FUNCTION_WORDS.values()) | {"s"}
