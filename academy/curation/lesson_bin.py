"""What became of many lessons at once: the imports that can be undone, and the bin from which deleted lessons come back."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from academy.curation.lesson_rows import COLUMNS, FIELDS, bindable, index, lesson_of, unindex
from academy.curation.lessons import DeletedLesson
from academy.files import now

_KEPT_DAYS = 30
_MOST_IMPORTS = 50


class Import(BaseModel):
    """An import that can be undone, and how many lessons it added."""

    import_id: str
    name: str
    created_at: str
    added: int


def empty_old(connection: sqlite3.Connection) -> None:
    """Forgets what was deleted more than thirty days ago."""
    limit = (datetime.now(UTC) - timedelta(days=_KEPT_DAYS)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    connection.execute("DELETE FROM bin WHERE deleted_at < ?", (limit,))


def discard(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    """Moves lessons into the bin."""
    moment = now()
    for seq in rows:
        unindex(connection, seq)
        copied = f"INSERT INTO bin (seq, deleted_at, {COLUMNS}) SELECT seq, ?, {COLUMNS} FROM lessons WHERE seq = ?"
        connection.execute(copied, (moment, seq))
        connection.execute("DELETE FROM lessons WHERE seq = ?", (seq,))


def restore(connection: sqlite3.Connection, lesson_ids: Iterable[str]) -> int:
    """Takes lessons out of the bin, where none with the same id exists; returns how many."""
    count = 0
    for lesson_id in lesson_ids:
        found = connection.execute(
            "SELECT seq FROM bin WHERE lesson_id = ?1 AND NOT EXISTS (SELECT 1 FROM lessons WHERE lesson_id = ?1)"
            " ORDER BY seq DESC LIMIT 1",
            (bindable(lesson_id),),
        ).fetchone()
        if found:
            connection.execute(f"INSERT INTO lessons (seq, {COLUMNS}) SELECT seq, {COLUMNS} FROM bin WHERE seq = ?", found)
            connection.execute("DELETE FROM bin WHERE seq = ?", found)
            index(connection, int(found[0]))
            count += 1
    return count


def deleted(connection: sqlite3.Connection, limit: int, offset: int) -> tuple[int, list[DeletedLesson]]:
    """How many lessons are in the bin, and a page of them, the last one first."""
    count = int(connection.execute("SELECT count(*) FROM bin").fetchone()[0])
    rows = connection.execute(
        f"SELECT deleted_at, {FIELDS} FROM bin ORDER BY deleted_at DESC, seq DESC LIMIT ? OFFSET ?", (limit, offset)
    ).fetchall()
    return count, [_deleted(row) for row in rows]


def note_import(connection: sqlite3.Connection, name: str, rows: range) -> str:
    """Remembers which lessons an import added; returns its id, empty where it added none."""
    if not rows:
        return ""
    import_id = f"import_{secrets.token_hex(8)}"
    connection.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?)", (import_id, bindable(name), now(), rows.start, rows.stop - 1))
    return import_id


def imports(connection: sqlite3.Connection) -> list[Import]:
    """The latest imports of which a lesson remains, the newest first."""
    found = connection.execute(
        "SELECT import_id, name, created_at, last - first + 1 FROM imports"
        " WHERE EXISTS (SELECT 1 FROM lessons WHERE seq BETWEEN first AND last) ORDER BY last DESC LIMIT ?",
        (_MOST_IMPORTS,),
    )
    return [Import(**dict(zip(Import.model_fields, row, strict=True))) for row in found]


def _deleted(row: Any) -> DeletedLesson:
    return DeletedLesson.model_construct(**dict(lesson_of(row[1:])), deleted_at=row[0])
