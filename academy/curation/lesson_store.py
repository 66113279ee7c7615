"""All lessons in one SQLite file: added, changed, searched as a person types, and saved out of a damaged file."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from academy.curation import lesson_bin
from academy.curation.asked import AskedLessons
from academy.curation.examples import Example
from academy.curation.lesson_bin import Import
from academy.curation.lesson_filter import LessonFilter, Sort
from academy.curation.lesson_rows import (
    COLUMNS,
    FIELDS,
    NEWEST_FIRST,
    ORDERS,
    PLACEHOLDERS,
    Row,
    bindable,
    counts_of,
    create_schema,
    index,
    lesson_of,
    row_of,
    sets_of,
    take_over,
    unindex,
)
from academy.curation.lessons import DeletedLesson, Lesson, LessonIn, LessonPage, LessonPatch, as_example
from academy.errors import AcademyError, Conflict, Invalid, NoSpace, NotFound, Unavailable
from academy.messages import Text, msg, render

log = logging.getLogger(__name__)
T = TypeVar("T")

_DAMAGED = "LESSONS_DAMAGED"
_BATCH = 500
_PAGE = 1000
_MOST_COUNTED = 64
_BLOCK = 20_000


class LessonStore:
    """All lessons in one SQLite file; safe to use from several threads; `damaged` says what was saved of a damaged file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: Text = ""
        self._lock = threading.RLock()
        self._imports = 0
        self._asked = AskedLessons()
        self._edits = 0
        self._counted: dict[tuple[Any, ...], Any] = {}  # what was counted in the state of `_counted_at`
        self._counted_at = -1
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._open()
        with self._writing("the change") as connection:
            lesson_bin.empty_old(connection)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    # -------------------------------------------------------------- one lesson

    def add(self, lesson: LessonIn) -> Lesson:
        """Stores a lesson, secrets redacted, and returns it as it is stored; raises Conflict where its id is taken."""
        row, _ = row_of(lesson)
        with self._writing("the lesson") as connection:
            if connection.execute("SELECT 1 FROM lessons WHERE lesson_id = ?", (row.lesson_id,)).fetchone():
                raise Conflict(
                    "There is a lesson {lesson_id!r} already.", hint="Change that one, or leave lesson_id out.", lesson_id=row.lesson_id
                )
            connection.execute(f"INSERT INTO lessons ({COLUMNS}) VALUES ({PLACEHOLDERS})", row)
            index(connection, int(connection.execute("SELECT last_insert_rowid()").fetchone()[0]))
        self._edits += lesson.lesson_id is not None  # a dataset may have a lesson of this id that was deleted
        return self.get(row.lesson_id)

    def get(self, lesson_id: str) -> Lesson:
        """One lesson; raises NotFound."""
        with self._reading() as connection:
            row = connection.execute(f"SELECT {FIELDS} FROM lessons WHERE lesson_id = ?", (bindable(lesson_id),)).fetchone()
        if row is None:
            raise _unknown(lesson_id)
        return lesson_of(row)

    def update(self, lesson_id: str, patch: LessonPatch) -> Lesson:
        """Changes the fields that the patch names; raises NotFound."""
        with self._writing("the lesson") as connection:
            found = connection.execute(f"SELECT seq, {FIELDS} FROM lessons WHERE lesson_id = ?", (bindable(lesson_id),)).fetchone()
            if found is None:
                raise _unknown(lesson_id)
            self._rewrite(connection, found, {name: getattr(patch, name) for name in patch.model_fields_set})
        return self.get(lesson_id)

    def delete(self, lesson_id: str) -> None:
        """Moves a lesson into the bin; raises NotFound."""
        if not self.delete_many([lesson_id]):
            raise _unknown(lesson_id)

    # ------------------------------------------------------------ many lessons

    def ids(self, chosen: LessonFilter) -> list[str]:
        """The ids of all lessons that match."""
        sets = sets_of(chosen)
        where, values = _where(sets)
        with self._reading() as connection:
            return [row[0] for row in connection.execute(f"SELECT lesson_id FROM lessons {where}", values)]

    def change_many(self, lesson_ids: Iterable[str], change: Callable[[Lesson], dict[str, Any]]) -> int:
        """Changes the fields that `change` gives for each lesson, all or none; ids without a lesson are passed over. Returns how many."""
        count = 0
        with self._writing("the lessons") as connection:
            for lesson_id in dict.fromkeys(lesson_ids):
                found = connection.execute(f"SELECT seq, {FIELDS} FROM lessons WHERE lesson_id = ?", (bindable(lesson_id),)).fetchone()
                if found is not None:
                    self._rewrite(connection, found, change(lesson_of(found[1:])))
                    count += 1
        return count

    def delete_many(self, lesson_ids: Iterable[str]) -> int:
        """Moves lessons into the bin; returns how many."""
        with self._writing("the change") as connection:
            found = (
                connection.execute("SELECT seq FROM lessons WHERE lesson_id = ?", (bindable(name),)).fetchone()
                for name in dict.fromkeys(lesson_ids)
            )
            rows = [int(row[0]) for row in found if row]
            self._forget()
            lesson_bin.discard(connection, rows)
        return len(rows)

    def restore(self, lesson_ids: Iterable[str]) -> int:
        """Takes lessons out of the bin; returns how many."""
        with self._writing("the change") as connection:
            self._forget()
            return lesson_bin.restore(connection, dict.fromkeys(lesson_ids))

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._connection.total_changes

    @property
    def edits(self) -> int:
        """A number that grows with every change of lessons that were there, or of what can be known of them; new ones do not count."""
        return self._edits

    def deleted(self, limit: int = 50, offset: int = 0) -> tuple[int, Sequence[DeletedLesson]]:
        """How many lessons are in the bin, and a page of them, the last one first."""
        with self._reading() as connection:
            return lesson_bin.deleted(connection, limit, offset)

    def empty_bin(self) -> int:
        """Deletes for good what is in the bin; returns how many lessons."""
        with self._writing("the change") as connection:
            return connection.execute("DELETE FROM bin").rowcount

    def imports(self) -> Sequence[Import]:
        """The latest imports of which a lesson remains, the newest first."""
        with self._reading() as connection:
            return lesson_bin.imports(connection)

    def add_many(self, lessons: Iterable[LessonIn], *, redacted: Counter[str] | None = None, name: str = "") -> tuple[int, int]:
        """As `add_import`, without the id of the import."""
        return self.add_import(lessons, redacted=redacted, name=name)[:2]

    def add_import(self, lessons: Iterable[LessonIn], *, redacted: Counter[str] | None = None, name: str = "") -> tuple[int, int, str]:
        """Stores all of them or, if anything fails, none; returns how many are new, how many existed already, and the id of the import.

        A lesson exists if one has the same situation, action and earlier turns. An id that is taken is replaced by a new one.
        `redacted` counts the secrets taken out, by kind.
        """
        kinds: Counter[str] = redacted if redacted is not None else Counter()
        with self._lock:
            self._imports += 1
            table = f"temp.incoming_{self._imports}"
        read = 0
        try:
            # Rows are made ready and set aside batch by batch, so that neither memory nor the others wait for a long file.
            with self._writing("the lessons", "BEGIN") as connection:
                connection.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, {COLUMNS})")
            batch: list[Row] = []
            for lesson in lessons:
                row, found = row_of(lesson)
                kinds.update(found)
                batch.append(row)
                read += 1
                if len(batch) == _BATCH:
                    self._set_aside(table, batch)
                    batch = []
            self._set_aside(table, batch)
            with self._writing("the lessons") as connection:
                added = take_over(connection, table)
                import_id = lesson_bin.note_import(connection, name, added) if name else ""
            self._edits += 1
        finally:
            # The first error is the one to report; a table that stays is temporary anyway.
            with contextlib.suppress(AcademyError), self._writing("the lessons", "BEGIN") as connection:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
        return len(added), read - len(added), import_id

    def remove_where(self, source: str) -> int:
        """Deletes the lessons whose metadata names this source (`sample`: those that Academy shipped); returns how many."""
        with self._writing("the change") as connection:
            condition = "source = ? AND source <> ''"
            self._forget()
            connection.execute(
                "INSERT INTO words (words, rowid, situation, action, feedback, tags, spaced) "
                f"SELECT 'delete', seq, situation, action, feedback, tags, spaced FROM lessons WHERE {condition}",
                (source,),
            )
            connection.execute(f"DELETE FROM tags WHERE seq IN (SELECT seq FROM lessons WHERE {condition})", (source,))
            return connection.execute(f"DELETE FROM lessons WHERE {condition}", (source,)).rowcount

    def answer_to(self, question: str) -> str | None:
        """The answer that the newest trained lesson gives to that question, whatever its case and spaces; None without such a lesson."""
        with self._reading() as connection:
            return self._asked.answer(connection, question)

    def count_where(self, source: str) -> int:
        """How many lessons have this source."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM lessons WHERE source = ?", (source,)).fetchone()[0])

    # ---------------------------------------------------------------- looking

    def counts(self, chosen: LessonFilter | None = None) -> tuple[int, int]:
        """How many lessons can be trained, and how many never are: rated bad or failed, and not corrected."""
        where, values = _where(sets_of(chosen or LessonFilter()))
        select = f"SELECT coalesce(sum(trained), 0), count(*) FROM lessons {where}"
        with self._reading() as connection:
            trained, all_of_them = self._once((select, *values), lambda: connection.execute(select, values).fetchone())
        return int(trained), int(all_of_them) - int(trained)

    def trained_ids(self) -> Iterator[str]:
        """The ids of the lessons that can be trained, the oldest first."""
        last, rows = 0, [("", 0)]
        while rows:
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT lesson_id, seq FROM lessons WHERE +trained = 1 AND seq > ? ORDER BY seq LIMIT ?", (last, _BLOCK)
                ).fetchall()
            yield from (row[0] for row in rows)
            last = rows[-1][1] if rows else last

    def search(self, query: str = "", tag: str | None = None, rating: str | None = None, limit: int = 50, offset: int = 0) -> LessonPage:
        """The lessons that hold every word of the query (the last one may be unfinished), newest first; rating "none": unrated."""
        if rating not in (None, "", "good", "bad", "none", "corrected"):
            raise Invalid("A rating cannot be {rating!r}.", hint="Use good, bad, none or corrected.", rating=rating[:40])
        chosen = {"query": query[:1000], "tags": [tag] if tag else [], "rating": rating or None}
        return self.find(LessonFilter.model_construct(**{**dict(LessonFilter()), **chosen}), limit=limit, offset=offset)

    def find(self, chosen: LessonFilter, sort: Sort = "newest", limit: int = 50, offset: int = 0) -> LessonPage:
        """A page of the lessons that match."""
        if not 0 <= limit <= 10_000:
            raise Invalid("limit is {limit}.", hint="Use 0 to 10,000.", limit=limit)
        if not 0 <= offset < 2**62:
            raise Invalid("offset is {offset}.", hint="Use 0 or more.", offset=offset)
        sets = sets_of(chosen)
        try:
            return self._page(sets, sort, limit, offset)
        except Unavailable as error:
            if error.code != _DAMAGED:
                raise
            # The index of words can be rebuilt from the lessons.
            with self._writing("the index") as connection:
                connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
            return self._page(sets, sort, limit, offset)

    def statistics(self) -> dict[str, Any]:
        """How many lessons there are, their tags (the 1,000 most frequent), the oldest and newest, and how many are rated and trained.

        Counted once for each state of the lessons: the page asks every second.
        """
        with self._reading() as connection:
            return self._once(("all",), lambda: counts_of(connection)) | {"damaged": render(self.damaged, "en")}

    def trainable(self, limit: int, chosen: LessonFilter | None = None) -> Iterator[Example]:
        """The newest lessons to learn from that match, as conversations."""
        return self._examples("trained = 1", limit, chosen)

    def disliked(self, limit: int, chosen: LessonFilter | None = None) -> Iterator[Example]:
        """The newest matching lessons that are only preferences: rated bad without a correction, or the better of two answers."""
        return self._examples("trained = 0 AND (rating = 'bad' OR rating IS NULL AND rejected IS NOT NULL)", limit, chosen)

    # ---------------------------------------------------------------- helpers

    def _examples(self, which: str, limit: int, chosen: LessonFilter | None) -> Iterator[Example]:
        within, values = _where(sets_of(chosen or LessonFilter()))
        within = within.replace("WHERE", "AND", 1)
        last: tuple[str, int] = ("\U0010ffff", 2**62)
        while limit > 0:
            # In pages: an import or a search need not wait until all is read, and memory stays small.
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT seq, {FIELDS} FROM lessons WHERE {which} AND (timestamp, seq) < (?, ?) {within} {NEWEST_FIRST} LIMIT ?",
                    (*last, *values, min(limit, _PAGE)),
                ).fetchall()
            for row in rows:
                yield as_example(lesson_of(row[1:]))
            if len(rows) < min(limit, _PAGE):
                return
            limit -= len(rows)
            last = (rows[-1][2], rows[-1][0])

    def _once(self, key: tuple[Any, ...], count: Callable[[], T]) -> T:
        """What `count` says of the lessons as they are, counted once: the page asks every second."""
        if self._counted_at != self.revision or len(self._counted) >= _MOST_COUNTED:
            self._counted, self._counted_at = {}, self.revision
        if key not in self._counted:
            self._counted[key] = count()
        return self._counted[key]

    def _forget(self) -> None:
        """Takes note that lessons change that may have been read."""
        self._asked.forget()
        self._edits += 1

    def _rewrite(self, connection: sqlite3.Connection, found: Any, changed: dict[str, Any]) -> None:
        """Writes a lesson (its number and FIELDS) with other values in its place."""
        seq, old = int(found[0]), lesson_of(found[1:])
        row, _ = row_of(LessonIn.model_construct(**(old.model_dump() | changed)))
        self._forget()
        unindex(connection, seq)
        connection.execute(f"UPDATE lessons SET ({COLUMNS}) = ({PLACEHOLDERS}) WHERE seq = ?", (*row, seq))
        index(connection, seq)

    def _page(self, sets: list[tuple[str, list[Any]]], sort: Sort, limit: int, offset: int) -> LessonPage:
        where, values = _where(sets)
        # The first set is counted as it is: none of its rows need be read.
        first = " AND ".join([sets[0][0], *_within(sets[1:])]) if sets else "lessons"
        # SQLite walks the index of times and reads only the rows of the page: a page far back costs no more than the first.
        by_time = "INDEXED BY lessons_by_time" if sort == "newest" else ""
        page = f"SELECT seq FROM lessons {by_time} {where} {ORDERS[sort]} LIMIT ? OFFSET ?"
        with self._reading() as connection:
            count = self._once((first, *values), lambda: int(connection.execute(f"SELECT count(*) FROM {first}", values).fetchone()[0]))
            rows = []
            if count > offset and limit:
                rows = connection.execute(
                    f"SELECT {FIELDS} FROM lessons WHERE seq IN ({page}) {ORDERS[sort]}", [*values, limit, offset]
                ).fetchall()
        return LessonPage(count=count, items=[lesson_of(row) for row in rows])

    def _open(self) -> sqlite3.Connection:
        try:
            connection = _connect(self.path)
            fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if fault == "ok":
                create_schema(connection)
                return connection
            connection.close()
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise _explained(error, self.path, "the lessons") from error
        return self._start_over()

    def _start_over(self) -> sqlite3.Connection:
        name = f"{self.path.stem}.damaged-{datetime.now(UTC):%Y%m%d_%H%M%S}-{secrets.token_hex(2)}{self.path.suffix}"
        old = self.path.with_name(name)
        self.path.rename(old)
        for end in ("-journal", "-wal", "-shm"):
            rest = self.path.with_name(self.path.name + end)
            if rest.exists():
                rest.rename(self.path.with_name(name + end))
        connection = _connect(self.path)
        create_schema(connection)
        saved = _salvage(old, connection)
        self.damaged = msg(
            "The file of lessons was damaged and has been set aside as {name}; {n:number} lessons could be read out of it and are here.",
            name=name,
            n=saved,
        )
        log.warning("%s", self.damaged)
        return connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explaining("the lessons"):
            yield self._connection

    @contextlib.contextmanager
    def _writing(self, what: str, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._lock, self._explaining(what):
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                # After a failure, whatever it was, nothing of the transaction stays.
                with contextlib.suppress(sqlite3.Error):
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _explaining(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(error, self.path, what) from error

    def _set_aside(self, table: str, rows: list[Row]) -> None:
        with self._writing("the lessons", "BEGIN") as connection:
            connection.executemany(f"INSERT INTO {table} ({COLUMNS}) VALUES ({PLACEHOLDERS})", rows)


def _within(sets: list[tuple[str, list[Any]]]) -> list[str]:
    # The plus keeps SQLite from asking the index of words once for every row of the other sets, which takes minutes.
    return [f"+seq IN (SELECT seq FROM {inner})" for inner, _ in sets]


def _where(sets: list[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """The condition that a lesson is in all sets, empty without any, and its values."""
    return f"WHERE {' AND '.join(_within(sets))}" if sets else "", [value for _, values in sets for value in values]


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10, cached_statements=256)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(connection.close)
        for setting in ("journal_mode=DELETE", "synchronous=FULL", "cache_size=-65536", "temp_store=FILE"):
            connection.execute(f"PRAGMA {setting}")
        on_failure.pop_all()
    return connection


def _salvage(old: Path, connection: sqlite3.Connection) -> int:
    """Copies every lesson that can still be read from a damaged file, from both sides of each break."""
    saved: dict[int, tuple[Any, ...]] = {}
    try:
        source = sqlite3.connect(f"file:{old}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        return 0
    with contextlib.closing(source):
        for order in ("ASC", "DESC"):
            # A damaged page ends the walk from this side with an error; the rows before it are saved.
            with contextlib.suppress(sqlite3.Error, OverflowError):
                for row in source.execute(f"SELECT seq, {COLUMNS} FROM lessons NOT INDEXED ORDER BY seq {order}"):
                    saved[row[0]] = row
    count = 0
    connection.execute("BEGIN IMMEDIATE")
    for seq, row in sorted(saved.items()):
        try:
            checked, _ = row_of(LessonIn.model_validate(lesson_of(row[1:11]).model_dump()))
            connection.execute(f"INSERT OR IGNORE INTO lessons (seq, {COLUMNS}) VALUES (?, {PLACEHOLDERS})", (seq, *checked))
            index(connection, seq)
            count += 1
        except (ValueError, TypeError, sqlite3.IntegrityError):
            continue  # this row is damaged
    connection.execute("COMMIT")
    return count


def _unknown(lesson_id: str) -> NotFound:
    shown = lesson_id[:80].encode("ascii", "backslashreplace").decode()
    return NotFound("There is no lesson {id!r}.", hint="It may have been deleted; list the lessons to see those that are there.", id=shown)


def _is_corrupt(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _explained(error: sqlite3.Error, path: Path, what: str) -> Exception:
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    full = code == sqlite3.SQLITE_FULL
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        with contextlib.suppress(OSError):
            full = shutil.disk_usage(path.parent).free < 1 << 20
    if full:
        return NoSpace(
            "The disk is full: {what} could not be written.",
            hint="Free some space and try again; what was stored before is unharmed.",
            what=msg(what),
        )
    if code == sqlite3.SQLITE_READONLY:
        return Unavailable("{name} cannot be written to.", hint="Check who owns the data folder and its permissions.", name=path.name)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        hint = "Start Academy again: it sets the file aside and saves what can be read."
        return Unavailable("{name} is damaged.", hint=hint, code=_DAMAGED, name=path.name)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("Another program is writing to the lessons.", hint="Close it, or try again in a moment.")
    if isinstance(error, sqlite3.ProgrammingError):
        return Unavailable("The lessons are closed.", hint="Start Academy again.")
    return Unavailable("{name} cannot be used: {error}.", hint="Check the disk and the data folder.", name=path.name, error=error)
