"""What the rules of all languages share: a pattern, and the sentences that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from academy.text.words import parse

Say = Callable[[re.Match[str]], Sequence[str]]
"""Makes the other sentences from a match."""


class Rules:
    """Patterns for a whole sentence without its final mark, the special ones first; the first that matches speaks."""

    def __init__(self, *rules: tuple[str, str | Sequence[str] | Say], **parts: str) -> None:
        self._rules = [(filled(pattern, parts), say) for pattern, say in rules]

    def reworded(self, sentence: str) -> list[str]:
        """The sentence in other words, each with its own final mark; empty where no rule fits."""
        for pattern, say in self._rules:
            if match := pattern.fullmatch(sentence):
                made = (
                    say(match) if callable(say) else [text.format_map(_Groups(match)) for text in ([say] if isinstance(say, str) else say)]
                )
                if made:
                    return [capital(text) for text in made]
        return []


def filled(pattern: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    """The pattern with each NAME in capitals replaced by its alternatives."""
    return re.compile(re.sub("|".join(rf"\b{name}\b" for name in parts), lambda match: f"(?:{parts[match[0]]})", pattern))


def with_synonym(sentence: str, synonyms: Mapping[str, str], articles: re.Pattern[str]) -> str:
    """The sentence with its first word or phrase that has a synonym replaced; empty where none has.

    A word after an article is a noun and stays ("the start").
    """
    phrases = "|".join(map(re.escape, sorted(synonyms, key=len, reverse=True)))
    for match in re.finditer(rf"(?<![^\s])(?:{phrases})(?![^\s,])", sentence):
        if not articles.search(sentence[: match.start()]):
            return sentence[: match.start()] + synonyms[match[0]] + sentence[match.end() :]
    return ""


def capital(text: str) -> str:
    """The text with a capital first letter, unless it begins with code."""
    words = parse(text).words
    return text[0].upper() + text[1:] if words and words[0].plain and text[0].islower() else text


def lowered(text: str) -> str:
    """The text with a small first letter, to stand inside a sentence; an I stays."""
    words = parse(text).words
    is_plain = words and words[0].plain and not text[1:2].isupper() and words[0].key not in ("i", "i'm", "i’m")
    return text[0].lower() + text[1:] if is_plain else text


def inner(topic: str) -> str:
    """A topic inside a sentence; a first word that is not merely capitalised, or that another capital follows, is a name and stays."""
    first, *rest = topic.split(" ")
    is_name = not first.istitle() or "'" in first or "’" in first or (bool(rest) and rest[0][:1].isupper())
    return topic if is_name else lowered(topic)


class _Groups(dict[str, str]):
    """The groups of a match for a template; one that did not take part is empty."""

    def __init__(self, match: re.Match[str]) -> None:
        super().__init__({name: value or "" for name, value in match.groupdict().items()})
