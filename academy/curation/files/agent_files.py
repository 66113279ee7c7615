"""The files of other programs on this machine, read as they stand: never written, never followed elsewhere, never awaited."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from academy.curation.files.lines import numbered_lines
from academy.curation.files.values import MAX_RECORD, RowError, parse
from academy.errors import Invalid, NotFound, TooLarge

MOST_BYTES = 500 << 20
"""The largest session that is read."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file up to the end that it has now, though its program writes on; raises OSError for links, pipes and devices."""
    # A pipe would wait for a writer, a link can lead out of the program's folder.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path.name} is no regular file")
        if found.st_size > MOST_BYTES:
            raise TooLarge("The session has more than {limit:number} MB.", hint="Import the part that is needed.", limit=MOST_BYTES >> 20)
        with io.BufferedReader(_Bounded(file, found.st_size), 1 << 18) as bounded:
            yield bounded


def records_of(path: Path, skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines; lines that are broken, half written or too long are counted."""
    with opened(path) as file:
        for _, line, length in numbered_lines(file, MAX_RECORD):
            if not line.strip() and length <= MAX_RECORD:
                continue
            try:
                value = parse(line)
            except RowError:
                value = None
            if isinstance(value, dict):
                yield value
            else:
                skipped["broken"] += 1


def lines_of(path: Path, skipped: Counter[str]) -> Iterator[str]:
    """The lines of a text."""
    with opened(path) as file:
        for _, line, length in numbered_lines(file, MAX_RECORD):
            skipped["broken"] += length > MAX_RECORD
            yield line.decode("utf-8", "replace")


def json_of(path: Path) -> Any:
    """The value in a JSON file; raises RowError where it is broken or too large."""
    with opened(path) as file:
        raw = file.read(MAX_RECORD + 1)
    if len(raw) > MAX_RECORD:
        raise RowError("is longer than {limit} MB", limit=MAX_RECORD >> 20)
    return parse(raw)


@contextlib.contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A database of another program, which is not locked and gets no files beside it; raises OSError, Invalid."""
    with opened(path):
        pass  # a regular file, and not too large
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        yield connection
    except (sqlite3.Error, MemoryError) as error:
        raise Invalid("{name} cannot be read: {why}.", hint="Close the program and try again.", name=path.name, why=str(error)) from error
    finally:
        connection.close()


def chat_of(path: Path, key: str) -> Any:
    """A chat in the database of Open WebUI, in the form of its export; raises NotFound."""
    with database(path) as connection:
        query = "SELECT id, title, chat, created_at FROM chat WHERE id = ? AND length(CAST(chat AS BLOB)) <= ?"
        row = connection.execute(query, (key, MAX_RECORD)).fetchone()
    if row is None:
        raise NotFound("The chat is not in the database any more, or it is too large.", hint="Search again.")
    name, title, chat, created = row
    return {"id": str(name), "title": title, "chat": parse(str(chat).encode("utf-8", "replace")), "created_at": created}


def head_of(path: Path, most: int = 1 << 18) -> list[dict[str, Any]]:
    """The first objects of a file of JSON lines."""
    with opened(path) as file:
        raw = file.read(most)
    found = []
    for line in raw.split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                found.append(value)
    return found


class _Bounded(io.RawIOBase):
    """A file up to a size."""

    def __init__(self, file: Any, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)
