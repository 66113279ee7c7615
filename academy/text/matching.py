"""Whether a reply says what an expected answer says: by the numbers, names and rare words that tell this answer from the others."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_COMMON_SHARE = 0.1  # of the set's answers: a word that occurs in more of them tells none of them apart
_NEEDED_SHARE = 0.5  # of the telling words: a right reply in other words has about half of them
_ENDING = 3  # letters that an inflected word may have more ("orange", "oranges")
_AKIN_SHARE = 0.6  # of the longer word, that two words of one family begin with
_STEM = 4  # letters that both forms of an inflected word have in common, at least


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
        return sum(_is_said(word, said) for word in self.telling) >= _NEEDED_SHARE * len(self.telling)


class Answers:
    """The answers of a set; the words that several of them share tell none of them apart."""

    def __init__(self, answers: Iterable[str]) -> None:
        self._sets = [frozenset(word.casefold() for word in _words(answer)) for answer in answers]
        self._counts = Counter(word for words in self._sets for word in words)

    def key(self, expected: str, question: str = "") -> Key:
        """What tells this answer from the others of the set (it may be one of them), beyond what the question says already."""
        words = _words(expected)
        own = frozenset(word.casefold() for word in words)
        same = sum(words == own for words in self._sets)
        asked = {word.casefold() for word in _words(question)}
        most = _COMMON_SHARE * (len(self._sets) - same)
        rare = {word for word in own if self._counts[word] - same <= most and not any(_are_akin(word, other) for other in asked)}
        numbers = {word for word in own if word[0].isdigit() or any(char.isdigit() for char in word)}
        telling = ((rare - _FUNCTION_WORDS) | numbers) - asked
        required = (numbers | (_names(expected) & rare)) - asked
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
    """The words with a capital inside a sentence; in a German text, where every noun has one, none."""
    words = _words(text)
    if _GERMAN & {word.casefold() for word in words}:
        return frozenset()
    sentences = re.split(r"(?<=[.!?:])\s+", _TITLE.sub(r"\1", text.strip()))
    inner = [word for sentence in sentences for word in _words(sentence)[1:]]
    return frozenset(word.casefold() for word in inner if word[0].isupper() and word != "I" and not word.startswith("I'"))


def _are_akin(word: str, asked: str) -> bool:
    """Whether a word repeats one of the question in another form ("allergic" to "Which allergy …?")."""
    same = next((at for at, (one, other) in enumerate(zip(word, asked, strict=False)) if one != other), min(len(word), len(asked)))
    return same >= _STEM and same >= _AKIN_SHARE * max(len(word), len(asked))


def _is_said(word: str, said: set[str]) -> bool:
    """Whether the word is there, in whatever inflection."""
    if word in said:
        return True
    if len(word) < _STEM or word[0].isdigit():
        return False
    return any(
        len(other) >= _STEM and abs(len(other) - len(word)) <= _ENDING and (other.startswith(word) or word.startswith(other))
        for other in said
    )


_TITLE = re.compile(r"\b(Dr|Mr|Mrs|Ms|St|Prof|Fr|Hr)\.")
_GERMAN_TEXT = "der das ist und ein eine einen einem im dem den wir nicht heißt liegt zu von mit auf sich wird sind hat"
_OTHER_TEXT = """
a an the of in on at to for from by with and or but is are was were be been it its this that these those there here my your his her our
their you we they he she i me us them as if then than so do does did has have had not no very just only also will would can could
die des er sie es ihr ich du dein deine mein meine sein seine ihre unser am um bei aus für oder aber auch nur noch als wenn
jest są był była było się na w z do od po za o u i a ale lub oraz nie to ten ta te tym tej jego jej ich mój moja twój twoja nasz
"""
_GERMAN = frozenset(_GERMAN_TEXT.split())
_FUNCTION_WORDS = _GERMAN | frozenset(_OTHER_TEXT.split())
