"""Answers that a person taught, found by the question as it is typed: case and spaces do not matter."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from hashlib import blake2b
from pathlib import Path

from academy.rows import BadRow, read_line

_MOST_ROWS = 200_000
_MOST_FILES = 2


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but case and spaces."""
    return _plain(one) == _plain(other)


class AskedLessons:
    """The trained lessons by their question. New ones are read as they come; `forget` after a change of those that were read."""

    def __init__(self) -> None:
        self._rows: dict[bytes, int] = {}
        self._last = 0

    def forget(self) -> None:
        """Reads all lessons again at the next question."""
        self._rows, self._last = {}, 0

    def answer(self, connection: sqlite3.Connection, question: str) -> str | None:
        """The answer of the lesson that was added last with that question; of one that needs an earlier conversation none."""
        found = connection.execute(
            """SELECT seq, situation, trained AND metadata NOT LIKE '%"history"%' AND metadata NOT LIKE '%"conversation"%'
                FROM lessons WHERE seq > ? ORDER BY seq""",
            (self._last,),
        )
        for seq, situation, is_asked in found:
            self._last = seq
            if is_asked:
                self._rows[_key(situation)] = seq
        row = connection.execute("SELECT situation, action FROM lessons WHERE seq = ?", (self._rows.get(_key(question)),)).fetchone()
        return row[1] if row and same_text(row[0], question) else None


class AskedRows:
    """The rows of the datasets that were asked for last, by their question; a dataset never changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[Path, dict[bytes, int]] = OrderedDict()

    def answer(self, path: Path, question: str) -> str | None:
        """The answer of the first row with that question alone."""
        with self._lock:
            if path not in self._files:
                self._files[path] = _offsets(path)
            self._files.move_to_end(path)
            while len(self._files) > _MOST_FILES:
                self._files.popitem(last=False)
            offset = self._files[path].get(_key(question))
        if offset is None:
            return None
        with open(path, "rb") as file:
            file.seek(offset)
            exchange = _exchange(file.readline())
        return exchange[1] if exchange and same_text(exchange[0], question) else None


def _offsets(path: Path) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    with open(path, "rb") as file:
        at = 0
        for number, line in enumerate(file):
            if number == _MOST_ROWS:
                break
            if exchange := _exchange(line):
                found.setdefault(_key(exchange[0]), at)
            at += len(line)
    return found


def _exchange(line: bytes) -> tuple[str, str] | None:
    """The question and the answer of a row that has no more."""
    try:
        turns = [turn for turn in read_line(line) if turn.role != "system"]
    except BadRow:
        return None  # the trainer leaves it out as well
    return (turns[0].content, turns[1].content) if len(turns) == 2 else None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _key(question: str) -> bytes:
    return blake2b(_plain(question).encode("utf-8", "surrogatepass"), digest_size=12).digest()
