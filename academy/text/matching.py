"""Whether a reply says what an expected answer says: by the numbers, names and rare words that tell this answer from the others."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from academy.text.languages import FUNCTION_WORDS, asked_in

_COMMON_SHARE = 0.1  # of the set's answers: a word that occurs in more of them tells none of them apart
_NEEDED_SHARE = 0.5  # of the telling words: a right reply in other words has about half of them
_AKIN_SHARE = 0.7  # of the longer word, that two forms of one word begin with
_STEM = 4  # letters that they have in common, at least


@dataclass(frozen=True, slots=True)
class Key:
    """What a right reply says: all numbers and names, and half of all telling words; without any, the words of the answer."""

    required: frozenset[str]  # numbers and names
    telling: frozenset[str]  # with the required ones
    words: tuple[str, ...]  # of the answer, for one that has nothing of its own

    def fits(self, reply: str) -> bool:
        """Whether the reply says it."""
        said = {word.casefold() for word in _words(reply)}
        if not self.telling:
            return all(word in said for word in self.words)
        if not all(word in said or f"{word}s" in said for word in self.required):
            return False
        count = sum(word in said or any(_are_akin(word, other) for other in said) for word in self.telling)
        return count >= _NEEDED_SHARE * len(self.telling)


class Answers:
    """The answers of a set; the words that several of them share tell none of them apart."""

    def __init__(self, answers: Iterable[str]) -> None:
        self._sets = Counter(frozenset(word.casefold() for word in _words(answer)) for answer in answers)
        self._size = self._sets.total()
        self._counts: Counter[str] = Counter()
        for words, times in self._sets.items():
            self._counts.update(dict.fromkeys(words, times))

    def key(self, expected: str, question: str = "") -> Key:
        """What tells this answer from the others of the set (it may be one of them), beyond what the question says already."""
        words = _words(expected)
        own = frozenset(word.casefold() for word in words)
        same = self._sets[own]
        asked = {word.casefold() for word in _words(question)}
        most = _COMMON_SHARE * (self._size - same)
        rare = {word for word in own if self._counts[word] - same <= most and not any(_are_akin(word, other) for other in asked)}
        numbers = {word for word in own if word[0].isdigit() or any(char.isdigit() for char in word)}
        telling = ((rare - _FUNCTION_WORDS) | numbers) - asked
        names = frozenset() if asked_in([expected, question]) == "de" else _names(expected)  # in German every noun has a capital
        required = (numbers | (names & rare)) - asked
        plain = tuple(word.casefold() for word in words if word.casefold() not in _FUNCTION_WORDS)
        return Key(frozenset(required), frozenset(telling), plain or tuple(word.casefold() for word in words))


def matches(expected: str, reply: str, others: Iterable[str] = (), question: str = "") -> bool:
    """Whether the reply to the question says what `expected` says; `others` are the other answers of the set.

    "Biscotti" is right for "Your dog is called Biscotti." as the answer to "What is my dog called?"; "Your dog is called Rex." is wrong.
    """
    return Answers(others).key(expected, question).fits(reply)


def _words(text: str) -> list[str]:
    """The words and numbers; "1,700" is "1700", "Teo's" is "Teo"."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'")
    plain = re.sub(r"(?<=\d)[,\u202f\u00a0 '](?=\d{3}(?!\d))", "", plain)
    return [re.sub(r"'s$", "", word) for word in _WORD.findall(plain)]


_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*[^\W_]*|[^\W_]+(?:['-][^\W_]+)*")


def _names(text: str) -> frozenset[str]:
    """The words with a capital inside a sentence."""
    sentences = re.split(r"(?<=[.!?:])\s+", _TITLE.sub(r"\1", text.strip()))
    inner = [word for sentence in sentences for word in _words(sentence)[1:]]
    return frozenset(word.casefold() for word in inner if word[0].isupper() and word != "I" and not word.startswith("I'"))


def _are_akin(word: str, other: str) -> bool:
    """Whether both are forms of one word ("allergic" and "allergy", "orange" and "oranges"; "thirteen" and "thirty" are not)."""
    longer = max(len(word), len(other))
    same = next((at for at, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), min(len(word), len(other)))
    return same >= _STEM and same >= _AKIN_SHARE * longer and not word[0].isdigit()


_TITLE = re.compile(r"\b(Dr|Mr|Mrs|Ms|St|Prof|Fr|Hr)\.")
_FUNCTION_WORDS = frozenset[str]().union(*FUNCTION_WORDS.values())
