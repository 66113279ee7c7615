"""Reads a dataset file as conversations: alpaca, sharegpt or messages, one a line."""

from __future__ import annotations

import json
import os
import weakref
from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import eq
from pathlib import Path
from typing import Any, overload

from academy.messages import msg
from academy.rows import WORDINGS, BadRow, Turn, read_line, wordings_of
from academy.text.failures import Failure, bad_row

Message = dict[str, Any]
"""The fields of a `Turn` of `academy/rows.py`: `role`, `content`, and the others where they are not their defaults."""

Numbered = tuple[int, list[Message]]
"""A conversation with its row number."""


class Conversations(Sequence[Numbered]):
    """Conversations of dataset files with their row numbers; each is read from the disk when it is needed."""

    def __init__(self) -> None:
        self._files: list[_File] = []
        self._of = array("B")  # the file of each
        self._offsets = array("Q")
        self._sizes = array("I")
        self._numbers = array("Q")
        self.wordings: dict[int, list[str]] = {}
        """By row number the other wordings of its question, of the rows that have any."""

    def note(self, number: int, offset: int, size: int, wordings: list[str]) -> None:
        """Adds the line at an offset of the newest file."""
        if wordings:
            self.wordings[number] = wordings
        self._of.append(len(self._files) - 1)
        self._offsets.append(offset)
        self._sizes.append(size)
        self._numbers.append(number)

    def open(self, path: Path) -> None:
        """Begins another file."""
        self._files.append(_File(path))

    def only(self, places: Iterable[int]) -> Conversations:
        """Some of them, in this order."""
        chosen, places = Conversations(), array("Q", places)
        chosen._files = self._files
        for name in ("_of", "_offsets", "_sizes", "_numbers"):
            values = getattr(self, name)
            setattr(chosen, name, array(values.typecode, [values[at] for at in places]))
        chosen.wordings = {number: self.wordings[number] for number in chosen._numbers if number in self.wordings} if self.wordings else {}
        return chosen

    def followed_by(self, others: Conversations) -> Conversations:
        """These and then others, whose numbers go on from the last one here."""
        both, last = self.only(range(len(self))), self._numbers[-1] if self else 0
        both._files = [*self._files, *others._files]
        both._of.extend(file + len(self._files) for file in others._of)
        both._offsets.extend(others._offsets)
        both._sizes.extend(others._sizes)
        both._numbers.extend(last + number for number in others._numbers)
        both.wordings |= {last + number: texts for number, texts in others.wordings.items()}
        return both

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Numbered: ...
    @overload
    def __getitem__(self, at: slice) -> Conversations: ...
    def __getitem__(self, at: int | slice) -> Numbered | Conversations:
        if isinstance(at, slice):
            return self.only(range(len(self))[at])
        number, offset = self._numbers[at], self._offsets[at]
        line = os.pread(self._files[self._of[at]].descriptor, self._sizes[at], offset)
        # The first line of a file may begin with a byte order mark, which counts for row 1 alone.
        turns = read_line(line, number if offset else 1)
        return number, [as_message(turn) for turn in turns]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))


def read_conversations(path: Path) -> Conversations:
    """All conversations with their row numbers (from 1); raises Failure "bad_row" for the first row without one."""
    read, offset = Conversations(), 0
    try:
        read.open(path)
        with open(path, "rb") as file:
            # A line ends at \n alone: the other separators that Python splits at can stand inside JSON strings.
            for number, line in enumerate(file, start=1):
                if line.strip():
                    read_line(line, number)
                    read.note(number, offset, len(line), _wordings_in(line))
                offset += len(line)
    except FileNotFoundError as error:
        raise Failure(msg("The dataset file {name} is gone.", name=path.name), "missing_dataset") from error
    except BadRow as error:
        raise bad_row(error.number, error.reason) from error
    if not read:
        raise Failure(msg("The dataset file {name} has no rows.", name=path.name), "empty_dataset")
    return read


def wordings_in(conversations: Sequence[Numbered]) -> Mapping[int, Sequence[str]]:
    """By row number the other wordings of its question, where the conversations come from files."""
    return conversations.wordings if isinstance(conversations, Conversations) else {}


def _wordings_in(line: bytes) -> list[str]:
    return wordings_of(json.loads(line.decode("utf-8-sig"))) if _WORDINGS in line else []


_WORDINGS = json.dumps(WORDINGS).encode()


def as_message(turn: Turn) -> Message:
    """A turn as the templates take it."""
    return {name: value for name, value in turn._asdict().items() if name in ("role", "content") or value != Turn._field_defaults[name]}


def calls_of(message: Message) -> list[dict[str, Any]]:
    """The calls of tools in a turn: `name`, `arguments` (an object) and `id` where it has one."""
    return json.loads(message["calls"]) if message.get("calls") else []


def is_trained(message: Message) -> bool:
    """Whether the turn is one to learn."""
    return message["role"] == "assistant" and message.get("trained", True)


class _File:
    """A file that stays open as long as conversations are read from it: a dataset that is deleted can still be trained."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self.descriptor)
