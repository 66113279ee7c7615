"""Cuts a document into passages: by headings and paragraphs, each of about so many tokens; pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from academy.curation.documents.blocks import Block

Counter = Callable[[list[str]], list[int]]
"""How many tokens each text has."""

_LITTLE = 0.25  # of a passage: less is read together with what follows, under whatever heading
_LEAST = 6  # tokens: less says nothing
_SENTENCES = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)")


class Passage(BaseModel):
    """A piece of a document to read, or to write questions on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int  # from 1
    text: str
    heading: str = ""
    page: int = 0  # where it begins, from 1; 0: the document has no pages
    tokens: int = 0

    @property
    def as_row(self) -> str:
        """The text as a row of plain text: under its heading."""
        return f"{self.heading}\n\n{self.text}" if self.heading else self.text


def cut(blocks: Sequence[Block], size: int, count: Counter) -> list[Passage]:
    """The passages of at most `size` tokens; a little one goes with the next, a paragraph that is too long is cut at sentences."""
    pieces = [piece for block in blocks for piece in _pieces(block, size, count)]
    lengths = count([piece.text for piece in pieces])
    passages: list[Passage] = []
    run: list[Block] = []
    length = 0

    def close() -> None:
        nonlocal length
        if run and length >= _LEAST:
            passages.append(Passage(number=len(passages) + 1, text=_text(run), heading=_shown(run[0]), page=run[0].page, tokens=length))
        run.clear()
        length = 0

    for piece, tokens in zip(pieces, lengths, strict=True):
        other = bool(run) and piece.heading != run[-1].heading
        if run and (length + tokens > size or (other and length >= _LITTLE * size)):
            close()
        run.append(piece)
        length += tokens
    close()
    return passages


def _pieces(block: Block, size: int, count: Counter) -> list[Block]:
    """A paragraph, or its sentences in groups that fit; a sentence that does not fit is cut between words."""
    total = count([block.text])[0]
    if total <= size:
        return [block]
    parts = [part for part in _SENTENCES.split(block.text) if part.strip()]
    if len(parts) == 1:
        parts = block.text.splitlines() if "\n" in block.text else _by_words(block.text, size, total)
    found: list[str] = []
    used = 0
    for part, tokens in zip(parts, count(parts), strict=True):
        if tokens > size:
            found += _by_words(part, size, tokens)
            used = size
        elif found and used + tokens <= size:
            found[-1] += ("\n" if "\n" in block.text else " ") + part
            used += tokens
        else:
            found.append(part)
            used = tokens
    return [block._replace(text=text) for text in found]


def _by_words(text: str, size: int, tokens: int) -> list[str]:
    """The text in pieces of about `size` tokens, by its words; one without blanks by its characters."""
    times = -(-tokens * 5 // (size * 4))  # words differ in their tokens
    words = text.split(" ")
    if len(words) < times:
        each = -(-len(text) // times)
        return [text[at : at + each] for at in range(0, len(text), each)]
    each = -(-len(words) // times)
    return [" ".join(words[at : at + each]) for at in range(0, len(words), each)]


def _text(run: Sequence[Block]) -> str:
    """The paragraphs, and before one under another heading that heading."""
    parts = [run[0].text]
    for before, block in itertools.pairwise(run):
        if block.heading != before.heading and block.heading:
            parts.append(block.heading[-1])
        parts.append(block.text)
    return "\n\n".join(parts)


def _shown(block: Block) -> str:
    return " › ".join(block.heading)
