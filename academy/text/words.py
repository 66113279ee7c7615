"""Splits a question into words, and says which of them no variation may touch: code, numbers, quotes, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its punctuation, or a protected part with all its spaces."""

    text: str
    plain: bool

    @property
    def key(self) -> str:
        """The word as it is counted: without case and outer punctuation."""
        return self.text.strip(_OUTER).casefold() or self.text

    @property
    def ends_sentence(self) -> bool:
        """Whether a new sentence begins after it."""
        return self.text[-1] in ".!?:…。？！"


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a text and its final mark, which is empty where it has none."""

    words: tuple[Word, ...]
    mark: str


def parse(text: str) -> Line:
    """The words and the final mark of a text."""
    tokens = _tokens(text)
    if not tokens:
        return Line((), "")
    *before, (last, in_span) = tokens
    mark = _MARK.search(last)
    if mark and mark.start() == 0 and before and mark[0][-1] in "?!":  # French sets a space before it
        return Line(tuple(_word(*token) for token in before), f" {mark[0]}")
    core = last[: mark.start()] if mark else last
    # The stop of "U.S." or "run.py." may belong to the word.
    is_mark = mark is not None and core and not (mark[0] == "." and not _PLAIN.fullmatch(core) and core[-1].isalpha())
    if is_mark and mark is not None:
        return Line(tuple(_word(*token) for token in [*before, (core, in_span)]), mark[0])
    return Line(tuple(_word(*token) for token in tokens), "")


def protected_parts(text: str) -> list[str]:
    """The parts that each wording repeats letter by letter."""
    return [word.text.rstrip(",;:") or word.text for word in parse(text).words if not word.plain]


def is_long(text: str) -> bool:
    """Whether a text is more than a question: several lines, code, or more than 60 words."""
    return "\n" in text.strip() or "```" in text or len(text.split()) > 60


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Runs without a space, and whether each touches a quote, a bracket or code, whose inner spaces it includes."""
    return [(match[0], match["span"] is not None) for match in _TOKEN.finditer(text)]


def _word(text: str, in_span: bool) -> Word:
    return Word(text, not in_span and _PLAIN.fullmatch(text) is not None and not _CAMEL.search(text))


_TOKEN = re.compile(
    r"""(?:(?P<span> ```.*?(?:```|\Z) | `[^`\n]+` | (?:https?://|www\.)\S*[^\s.,;:!?)\]}"'»”]
    | "[^"\n]*" | “[^“”\n]*” | „[^“”"\n]*[“”"] | ”[^”\n]*” | «[^«»\n]*» | »[^«»\n]*« | ‹[^‹›\n]*›
    | 「[^」\n]*」 | 『[^』\n]*』 | 《[^》\n]*》
    | (?<!\w)'[^'\n]+'(?!\w) | (?<!\w)‘[^‘\n]*?’(?!\w) | (?<!\w)‚[^‘’\n]*[‘’](?!\w)
    | \([^()\n]*\) | \[[^\[\]\n]*\] | \{[^{}\n]*\} | <[^<>\s][^<>\n]*>)
    | \S)+""",
    re.VERBOSE | re.DOTALL,
)
_LETTER = r"(?:[^\W\d_][\u0300-\u036f]*)"
_PLAIN = re.compile(rf"[¿¡]?{_LETTER}(?:(?:{_LETTER}|['’-])*{_LETTER})?[,;:.!?…。？！؟،、，]*")
_CAMEL = re.compile(r"[a-zß-öø-ÿąćęłńśźż][A-ZÀ-ÖØ-ÞĄĆĘŁŃŚŹŻ]")
_MARK = re.compile(r"(?:[?？؟!！]+|[.。…]+)$")
_OUTER = "¿¡,;:.!?…。？！؟،、，"
