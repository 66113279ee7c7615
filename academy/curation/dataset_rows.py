"""The rows of a frozen dataset for the eye: searched, sorted, each with its source and the key by which it is left out."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy

from academy.curation.examples import Example
from academy.curation.filters import key_of
from academy.rows import conversation

RowSort = Literal["file", "longest", "shortest", "source"]
_BLOCK = 1 << 20


class Origin(NamedTuple):
    """Where a row comes from: lessons, git or uploads, and the lesson's id, the commit's hash, or the file and its row."""

    source: str = ""
    origin: str = ""


class Row(NamedTuple):
    """A row of a dataset: its number from 0, the row as it is in the file, its origin, and the key that `leave_out` takes."""

    number: int
    row: dict[str, Any]
    origin: Origin
    key: str


@dataclass(frozen=True)
class Rows:
    """The rows of one file of a dataset, which never changes: what was found once is held, by the file and its time."""

    path: Path
    stamp: int
    origins_path: Path | None
    first: int
    sources: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, origins: Path, first: int, sources: Iterable[str]) -> Rows:
        """`first`: the number of this file's first row among the origins; `sources`: those of the dataset, where a row's own is unknown."""
        return cls(path, path.stat().st_mtime_ns, origins if origins.is_file() else None, first, tuple(sources))

    def select(self, query: str = "", sort: RowSort = "file", source: str = "", only: Sequence[int] | None = None) -> Sequence[int]:
        """The numbers of the rows that hold all words of the query, of one source, and among `only`, in an order."""
        found: Sequence[int] = range(len(_offsets(self.path, self.stamp)))
        if query.strip() or source or sort != "file":
            found = _selected(self, query.casefold().strip(), sort, source)
        wanted = None if only is None else set(only)
        return found if wanted is None else [number for number in found if number in wanted]

    def lines(self, offset: int, limit: int) -> list[bytes]:
        """Some lines of the file as they are."""
        offsets = _offsets(self.path, self.stamp)
        if offset >= len(offsets):
            return []
        with open(self.path, "rb") as file:
            file.seek(offsets[offset])
            return list(islice(file, limit))

    def read(self, numbers: Iterable[int]) -> list[Row]:
        """Some rows by their numbers; one that is damaged is an empty object, which shows why it cannot be used."""
        offsets, rows = _offsets(self.path, self.stamp), []
        with open(self.path, "rb") as file:
            for number in numbers:
                file.seek(offsets[number])
                rows.append(self.row(number, _parsed(file.readline())))
        return rows

    def keys(self) -> frozenset[str]:
        """The keys of all rows."""
        return _keys(self)

    def origins(self) -> Sequence[Origin]:
        """The origin of each row, read from the disk; none where an older version made the dataset."""
        if self.origins_path is None:
            return ()
        return _Origins(self.origins_path, self.first, len(_offsets(self.path, self.stamp)))

    def lessons(self) -> frozenset[str]:
        """The ids of the lessons among the origins."""
        return _lessons(self)

    def parsed(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every row with its number."""
        with open(self.path, "rb") as file:
            for number, line in enumerate(file):
                yield number, _parsed(line)

    def origin(self, number: int) -> Origin:
        """The origin of one row, as far as it is known."""
        known = self.origins()
        return known[number] if 0 <= number < len(known) else self.unknown

    @property
    def unknown(self) -> Origin:
        """The origin of a row where an older version made the dataset."""
        return Origin(self.sources[0] if len(self.sources) == 1 else "")

    def row(self, number: int, row: dict[str, Any]) -> Row:
        """A row that was read, with its origin and key."""
        turns = tuple(conversation(row))
        origin = self.origin(number)
        return Row(number, row, origin, key_of(Example(turns, origin.source)))


def write_origins(path: Path, examples: Iterable[Origin]) -> None:
    """Writes the origins of the rows to train on, then of those held out."""
    with open(path, "x", encoding="utf-8") as file:
        file.writelines(json.dumps(origin, ensure_ascii=False) + "\n" for origin in examples)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


@lru_cache(maxsize=16)
def _offsets(path: Path, stamp: int) -> array[int]:
    """Where each line of a file begins."""
    offsets, at, size = array("Q"), 0, path.stat().st_size
    with open(path, "rb") as file:
        if size:
            offsets.append(0)
        while block := file.read(_BLOCK):
            ends = numpy.flatnonzero(numpy.frombuffer(block, numpy.uint8) == ord("\n"))
            offsets.frombytes((ends + at + 1).astype(numpy.uint64).tobytes())
            at += len(block)
    if offsets and offsets[-1] == size:
        offsets.pop()
    return offsets


@dataclass(frozen=True)
class _Origins(Sequence[Origin]):
    """Some lines of a file of origins."""

    path: Path
    first: int
    most: int

    def __len__(self) -> int:
        return min(self.most, max(0, len(self._lines) - self.first))

    @overload
    def __getitem__(self, at: int) -> Origin: ...
    @overload
    def __getitem__(self, at: slice) -> list[Origin]: ...
    def __getitem__(self, at: int | slice) -> Origin | list[Origin]:
        if isinstance(at, slice):
            return [self[number] for number in range(len(self))[at]]
        with open(self.path, "rb") as file:
            file.seek(self._lines[self.first + range(len(self))[at]])
            return Origin(*json.loads(file.readline()))

    def __iter__(self) -> Iterator[Origin]:
        with open(self.path, "rb") as file:
            for line in islice(file, self.first, self.first + self.most):
                yield Origin(*json.loads(line))

    @property
    def _lines(self) -> array[int]:
        return _offsets(self.path, self.path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _lessons(rows: Rows) -> frozenset[str]:
    return frozenset(origin for source, origin in rows.origins() if source == "lessons")


@lru_cache(maxsize=32)
def _selected(rows: Rows, query: str, sort: RowSort, source: str) -> Sequence[int]:
    words = query.split()
    found, sizes, sources = array("Q"), array("Q"), list[Origin]()
    origins = chain(rows.origins(), repeat(rows.unknown))
    for (number, row), origin in zip(rows.parsed(), origins, strict=False):
        if source and origin.source != source:
            continue
        text = "\n".join(turn.content for turn in conversation(row))
        if not words or all(word in text.casefold() for word in words):
            found.append(number)
            sizes.append(len(text))
            if sort == "source":
                sources.append(origin)
    if sort == "file":
        return found
    key = sources.__getitem__ if sort == "source" else sizes.__getitem__
    order = sorted(range(len(found)), key=key, reverse=sort == "longest")
    return array("Q", [found[at] for at in order])


@lru_cache(maxsize=4)
def _keys(rows: Rows) -> frozenset[str]:
    return frozenset(rows.row(number, row).key for number, row in rows.parsed())
