"""The rows of a training as token ids, kept on the disk: a million rows take a few numbers each of memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from pathlib import Path
from typing import overload

_BLOCK = 1 << 20  # tokens that are written at once; a smaller set never reaches the disk
_TRAINED = 1 << 31  # the bit of a stored token that says that it is trained
_ID = _TRAINED - 1


@dataclass(frozen=True)
class Tokens:
    """One row to train on: its dataset row (from 1), its ids, and which of them are trained."""

    row: int
    ids: list[int]
    trained: list[bool]
    length: int  # before it was cut
    is_text: bool = False  # plain text: it teaches a manner, and is never known by heart


class TokenRows(Sequence[Tokens]):
    """Rows that are appended once and then read in any order.

    They lie in a file without a name, which takes four bytes a token and goes with the process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.lengths = array("I")  # the tokens of each row
        self.numbers = array("Q")  # its dataset row
        self.highest = 0  # of all ids
        self.texts = bytearray()  # whether it is plain text
        self._whole = array("I")  # its tokens before it was cut
        self._starts = array("Q")
        self._unwritten = array("I")
        self._written = 0  # tokens
        self._descriptor = -1

    def append(self, tokens: Tokens) -> None:
        """Adds a row."""
        self._starts.append(self._written + len(self._unwritten))
        self.lengths.append(len(tokens.ids))
        self.numbers.append(tokens.row)
        self.texts.append(tokens.is_text)
        self._whole.append(tokens.length)
        self.highest = max(self.highest, max(tokens.ids, default=0))
        self._unwritten.extend([id_ | _TRAINED if trained else id_ for id_, trained in zip(tokens.ids, tokens.trained, strict=True)])
        if len(self._unwritten) >= _BLOCK:
            self._write()

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> Tokens: ...
    @overload
    def __getitem__(self, at: slice) -> list[Tokens]: ...
    def __getitem__(self, at: int | slice) -> Tokens | list[Tokens]:
        if isinstance(at, slice):
            return [self[index] for index in range(len(self))[at]]
        start, count = self._starts[at], self.lengths[at]
        if start >= self._written:
            stored = self._unwritten[start - self._written : start - self._written + count]
        else:
            stored = array("I", os.pread(self._descriptor, 4 * count, 4 * start))
        ids, trained = [value & _ID for value in stored], [value > _ID for value in stored]
        return Tokens(self.numbers[at], ids, trained, self._whole[at], bool(self.texts[at]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def _write(self) -> None:
        if self._descriptor < 0:
            file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115  it is closed with these rows
            weakref.finalize(self, file.close)
            self._descriptor = file.fileno()
        rest = memoryview(self._unwritten.tobytes())
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._written += len(self._unwritten)
        self._unwritten = array("I")


def lengths_of(rows: Sequence[Tokens]) -> Sequence[int]:
    """The tokens of each row."""
    return rows.lengths if isinstance(rows, TokenRows) else [len(row.ids) for row in rows]


def numbers_of(rows: Sequence[Tokens]) -> Sequence[int]:
    """The dataset row of each row."""
    return rows.numbers if isinstance(rows, TokenRows) else [row.row for row in rows]


def highest_of(rows: Sequence[Tokens]) -> int:
    """The highest id of all rows."""
    return rows.highest if isinstance(rows, TokenRows) else max((max(row.ids) for row in rows), default=0)


def texts_in(rows: Sequence[Tokens]) -> Sequence[bool | int]:
    """Of each row, whether it is plain text."""
    return rows.texts if isinstance(rows, TokenRows) else [row.is_text for row in rows]
