"""TODO: academy/curation/lesson_store.py."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from academy.curation.examples import Example
from academy.curation.lessons import Lesson, LessonIn, LessonPage, LessonPatch, as_example, earlier_turns, is_trainable
from academy.curation.redaction.redact import redact
from academy.errors import AcademyError, Conflict, Invalid, NoSpace, NotFound, Unavailable
from academy.files import now

_VERSION = 1


_DAMAGED = "LESSONS_DAMAGED"


_SCHEMA = """
CREATE TABLE IF NOT EXISTS lessons (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lesson_id TEXT NOT NULL UNIQUE,
    timestamp TEXT NOT NULL,
    situation TEXT NOT NULL,
    action TEXT NOT NULL,
    result TEXT NOT NULL,
    feedback TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    rating TEXT,
    rejected TEXT,
    spaced TEXT NOT NULL,
    trained INTEGER NOT NULL,
    source TEXT NOT NULL,
    digest BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS lessons_by_time ON lessons (timestamp DESC, seq DESC);
CREATE INDEX IF NOT EXISTS lessons_by_digest ON lessons (digest);
CREATE INDEX IF NOT EXISTS lessons_by_rating ON lessons (rating, timestamp DESC, seq DESC);
CREATE INDEX IF NOT EXISTS lessons_trained ON lessons (trained, timestamp DESC, seq DESC);
CREATE INDEX IF NOT EXISTS lessons_by_source ON lessons (source);
CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    situation, action, feedback, tags, spaced, content='lessons', content_rowid='seq', tokenize="unicode61 remove_diacritics 2", prefix='2'
);
"""


_COLUMNS = "lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected, spaced, trained, source, digest"


_SHOWN = "lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected"


_PLACES = ", ".join("?" * 14)


_FILL_WORDS = (
    "INSERT INTO words (rowid, situation, action, feedback, tags, spaced)"
    " SELECT seq, situation, action, feedback, tags, spaced FROM lessons"
)


_NEWEST = "ORDER BY timestamp DESC, seq DESC"


# Scripts that FTS5 does not split into words.
_UNSPLIT = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)


_UNSPLIT_RUN = re.compile(f"{_UNSPLIT.pattern}+")


class _Row(NamedTuple):
    """A lesson as a row of the table, in the order of its columns."""

    lesson_id: str
    timestamp: str
    situation: str
    action: str
    result: str
    feedback: str
    tags: str
    metadata: str
    rating: str | None
    rejected: str | None
    spaced: str  # for the index of words: scripts without spaces, a space after each character
    trained: int
    source: str
    digest: bytes


class LessonStore:
    """All lessons in one SQLite file; safe to use from several threads; `damaged` says what was lost, if something was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: str = ""
        self._lock = threading.RLock()
        self._imports = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._open()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    # -------------------------------------------------------------- one lesson

    def add(self, lesson: LessonIn) -> Lesson:
        """Keeps a lesson (secrets redacted) and returns it as it is kept; raises Conflict where its id is taken."""
        row, _ = _prepared(lesson)
        with self._writing("the lesson") as connection:
            if connection.execute("SELECT 1 FROM lessons WHERE lesson_id = ?", (row.lesson_id,)).fetchone():
                raise Conflict(f"There is a lesson {row.lesson_id!r} already.", hint="Change that one, or leave lesson_id out.")
            connection.execute(f"INSERT INTO lessons ({_COLUMNS}) VALUES ({_PLACES})", row)
            _index(connection, int(connection.execute("SELECT last_insert_rowid()").fetchone()[0]))
        return self.get(row.lesson_id)

    def get(self, lesson_id: str) -> Lesson:
        """One lesson; raises NotFound."""
        with self._reading() as connection:
            row = connection.execute(f"SELECT {_SHOWN} FROM lessons WHERE lesson_id = ?", (_bindable(lesson_id),)).fetchone()
        if row is None:
            raise _unknown(lesson_id)
        return _lesson(row)

    def update(self, lesson_id: str, patch: LessonPatch) -> Lesson:
        """Changes the fields that the patch names; raises NotFound."""
        with self._writing("the lesson") as connection:
            found = connection.execute(f"SELECT seq, {_SHOWN} FROM lessons WHERE lesson_id = ?", (_bindable(lesson_id),)).fetchone()
            if found is None:
                raise _unknown(lesson_id)
            seq, old = int(found[0]), _lesson(found[1:])
            changed = {name: getattr(patch, name) for name in patch.model_fields_set}
            row, _ = _prepared(LessonIn.model_construct(**(old.model_dump() | changed)))
            _unindex(connection, seq)
            connection.execute(f"UPDATE lessons SET ({_COLUMNS}) = ({_PLACES}) WHERE seq = ?", (*row, seq))
            _index(connection, seq)
        return self.get(lesson_id)

    def delete(self, lesson_id: str) -> None:
        """Deletes a lesson; raises NotFound."""
        with self._writing("the change") as connection:
            found = connection.execute("SELECT seq FROM lessons WHERE lesson_id = ?", (_bindable(lesson_id),)).fetchone()
            if found is None:
                raise _unknown(lesson_id)
            _unindex(connection, int(found[0]))
            connection.execute("DELETE FROM lessons WHERE seq = ?", found)

    # ------------------------------------------------------------ many lessons

    def add_many(self, lessons: Iterable[LessonIn], *, redacted: Counter[str] | None = None) -> tuple[int, int]:
        """Keeps all of them or, where something fails on the way, none; returns how many were added and how many were there already.

        There already is a lesson with the same situation, action and earlier turns. An id that is taken is replaced by a new one.
        `redacted` counts the secrets taken out, by kind.
        """
        kinds: Counter[str] = redacted if redacted is not None else Counter()
        with self._lock:
            self._imports += 1
            aside = f"temp.incoming_{self._imports}"
        read = 0
        try:
            # Rows are made ready and set aside batch by batch, so that neither memory nor the others wait for a long file.
            self._aside(f"CREATE TABLE {aside} (number INTEGER PRIMARY KEY, {_COLUMNS})")
            batch: list[_Row] = []
            for lesson in lessons:
                row, found = _prepared(lesson)
                kinds.update(found)
                batch.append(row)
                read += 1
                if len(batch) == 500:
                    self._aside(f"INSERT INTO {aside} ({_COLUMNS}) VALUES ({_PLACES})", batch)
                    batch = []
            self._aside(f"INSERT INTO {aside} ({_COLUMNS}) VALUES ({_PLACES})", batch)
            with self._writing("the lessons") as connection:
                added = _take_over(connection, aside)
        finally:
            # The transaction's own error is the one to tell; a table that stays is temporary anyway.
            with contextlib.suppress(sqlite3.Error, AcademyError):
                self._aside(f"DROP TABLE IF EXISTS {aside}")
        return added, read - added

    def remove_where(self, source: str) -> int:
        """Deletes the lessons whose metadata names this source (`sample`: those that Academy shipped); returns how many."""
        with self._writing("the change") as connection:
            condition = "source = ? AND source <> ''"
            connection.execute(
                "INSERT INTO words (words, rowid, situation, action, feedback, tags, spaced) "
                f"SELECT 'delete', seq, situation, action, feedback, tags, spaced FROM lessons WHERE {condition}",
                (source,),
            )
            connection.execute(f"DELETE FROM tags WHERE seq IN (SELECT seq FROM lessons WHERE {condition})", (source,))
            return connection.execute(f"DELETE FROM lessons WHERE {condition}", (source,)).rowcount

    def count_where(self, source: str) -> int:
        """How many lessons have this source."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM lessons WHERE source = ?", (source,)).fetchone()[0])

    # ---------------------------------------------------------------- looking

    def counts(self) -> tuple[int, int]:
        """How many lessons can be trained, and how many never are: rated bad or failed, and not corrected."""
        with self._reading() as connection:
            trained, all_of_them = connection.execute("SELECT coalesce(sum(trained), 0), count(*) FROM lessons").fetchone()
        return int(trained), int(all_of_them) - int(trained)

    def search(self, query: str = "", tag: str | None = None, rating: str | None = None, limit: int = 50, offset: int = 0) -> LessonPage:
        """The lessons that hold every word of the query (the last one may be unfinished), newest first; rating "none": unrated."""
        if rating not in (None, "", "good", "bad", "none"):
            raise Invalid(f"{rating[:40]!r} is no rating.", hint="Use good, bad or none.")
        if not 0 <= limit <= 10_000:
            raise Invalid(f"limit is {limit}.", hint="Use 0 to 10,000.")
        if not 0 <= offset < 2**62:
            raise Invalid(f"offset is {offset}.", hint="Use 0 or more.")
        sets = _word_sets(query)
        if tag:
            sets.append(("tags WHERE tag = ?", [_bindable(tag)]))
        if rating:
            sets.append(("lessons WHERE rating IS ?", [None if rating == "none" else rating]))
        try:
            return self._page(sets, limit, offset)
        except Unavailable as error:
            if error.code != _DAMAGED:
                raise
            # The index of words can be made anew from the lessons.
            with self._writing("the index") as connection:
                connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
            return self._page(sets, limit, offset)

    def statistics(self) -> dict[str, Any]:
        """How many, which tags (the 1,000 most frequent), oldest and newest; and how many are rated and would be trained."""
        with self._reading() as connection:
            # Each of these is read from an index alone.
            total, oldest, newest, trainable = connection.execute(
                "SELECT (SELECT count(*) FROM lessons), (SELECT min(timestamp) FROM lessons), (SELECT max(timestamp) FROM lessons),"
                " (SELECT count(*) FROM lessons WHERE trained = 1)"
            ).fetchone()
            ratings = dict(connection.execute("SELECT rating, count(*) FROM lessons GROUP BY rating").fetchall())
            unique = int(connection.execute("SELECT count(DISTINCT tag) FROM tags").fetchone()[0])
            tags = connection.execute("SELECT tag, count(*) AS n FROM tags GROUP BY tag ORDER BY n DESC, tag LIMIT 1000").fetchall()
        return {
            "total_lessons": total,
            "unique_tags": unique,
            "tag_distribution": dict(tags),
            "oldest_lesson": oldest,
            "newest_lesson": newest,
            "trainable_lessons": trainable,
            "good_lessons": ratings.get("good", 0),
            "bad_lessons": ratings.get("bad", 0),
            "damaged": self.damaged,
        }

    def trainable(self, limit: int) -> Iterator[Example]:
        """The newest lessons to learn from, as conversations."""
        last: tuple[str, int] = ("\U0010ffff", 2**62)
        while limit > 0:
            # In pages: an import or a search need not wait until all is read, and memory stays small.
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT seq, {_SHOWN} FROM lessons WHERE trained = 1 AND (timestamp, seq) < (?, ?) {_NEWEST} LIMIT ?",
                    (*last, min(limit, 1000)),
                ).fetchall()
            for row in rows:
                yield as_example(_lesson(row[1:]))
            if len(rows) < min(limit, 1000):
                return
            limit -= len(rows)
            last = (rows[-1][2], rows[-1][0])

    # ---------------------------------------------------------------- helpers

    def _page(self, sets: list[tuple[str, list[Any]]], limit: int, offset: int) -> LessonPage:
        values = [value for _, inner in sets for value in inner]
        # The plus keeps SQLite from asking the index of words once for every row of the other sets, which takes minutes.
        within = [f"+seq IN (SELECT seq FROM {found})" for found, _ in sets]
        first = " AND ".join([sets[0][0], *within[1:]]) if sets else "lessons"
        where = f"WHERE {' AND '.join(within)}" if sets else ""
        # The index of times is walked and only the rows of the page are read: a page far back costs no more than the first.
        page = f"SELECT seq FROM lessons INDEXED BY lessons_by_time {where} {_NEWEST} LIMIT ? OFFSET ?"
        with self._reading() as connection:
            count = int(connection.execute(f"SELECT count(*) FROM {first}", values).fetchone()[0])
            rows = []
            if count > offset and limit:
                rows = connection.execute(
                    f"SELECT {_SHOWN} FROM lessons WHERE seq IN ({page}) {_NEWEST}", [*values, limit, offset]
                ).fetchall()
        return LessonPage(count=count, items=[_lesson(row) for row in rows])

    def _open(self) -> sqlite3.Connection:
        try:
            connection = _connect(self.path)
            fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if fault == "ok":
                _make(connection)
                return connection
            connection.close()
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise _explained(error, self.path, "the lessons") from error
        return self._begin_anew()

    def _begin_anew(self) -> sqlite3.Connection:
        name = f"{self.path.stem}.damaged-{datetime.now(UTC):%Y%m%d_%H%M%S}-{secrets.token_hex(2)}{self.path.suffix}"
        old = self.path.with_name(name)
        self.path.rename(old)
        for end in ("-journal", "-wal", "-shm"):
            rest = self.path.with_name(self.path.name + end)
            if rest.exists():
                rest.rename(self.path.with_name(name + end))
        connection = _connect(self.path)
        _make(connection)
        saved = _salvage(old, connection)
        self.damaged = (
            f"The file of lessons was damaged and has been set aside as {name}; {saved:,} lessons could be read out of it and are here."
        )
        return connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise _explained(error, self.path, "the lessons") from error

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise _explained(error, self.path, what) from error
                raise

    def _aside(self, statement: str, rows: list[_Row] | None = None) -> None:
        with self._lock:
            try:
                if rows is None:
                    self._connection.execute(statement)
                elif rows:
                    self._connection.execute("BEGIN")
                    self._connection.executemany(statement, rows)
                    self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise _explained(error, self.path, "the lessons") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10, cached_statements=256)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA temp_store=FILE")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > _VERSION:
        raise Unavailable("The lessons were written by a newer Academy.", hint="Start that version, or choose another data folder.")
    # One statement a time: executescript would commit each on its own.
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={_VERSION}")
    connection.execute("COMMIT")


def _prepared(lesson: LessonIn) -> tuple[_Row, Counter[str]]:
    """The lesson as a row, without secrets, and what was redacted."""
    kinds: Counter[str] = Counter()

    def clean(text: str) -> str:
        if not text:
            return text
        found = redact(text)
        if found.hits:
            kinds.update(hit.kind for hit in found.hits)
        return found.text

    situation, action = clean(lesson.situation), clean(lesson.action)
    tags = [clean(tag) for tag in lesson.tags]
    metadata = _map_text(lesson.metadata, clean) if lesson.metadata else {}
    rejected = clean(lesson.rejected) if lesson.rejected else None
    result, feedback = clean(lesson.result), clean(lesson.feedback)
    source = metadata.get("source")
    earlier = "\0".join(f"{turn.role}\0{turn.content}" for turn in earlier_turns(metadata))
    digest = hashlib.blake2b(f"{situation}\0{action}\0{earlier}".encode(), digest_size=16).digest()
    own_id = lesson.lesson_id if lesson.lesson_id and clean(lesson.lesson_id) == lesson.lesson_id else None
    row = _Row(
        own_id or f"lesson_{secrets.token_hex(8)}",
        lesson.timestamp or now(),
        situation,
        action,
        result,
        feedback,
        json.dumps(tags, ensure_ascii=False),
        json.dumps(metadata, ensure_ascii=False) if metadata else "{}",
        lesson.rating,
        rejected,
        _spaced(situation, action, feedback, *tags),
        int(is_trainable(lesson)),
        source[:200] if isinstance(source, str) else "",
        digest,
    )
    return row, kinds


def _map_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _map_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_map_text(inner, change) for inner in value]
    return value


def _take_over(connection: sqlite3.Connection, aside: str) -> int:
    """Moves what is new from the table set aside into the lessons and their indexes; returns how many that were."""
    top = int(connection.execute("SELECT coalesce(max(seq), 0) FROM lessons").fetchone()[0])
    connection.execute(
        f"DELETE FROM {aside} WHERE number NOT IN (SELECT min(number) FROM {aside} GROUP BY digest)"
        " OR digest IN (SELECT digest FROM lessons)"
    )
    connection.execute(
        f"UPDATE {aside} SET lesson_id = 'lesson_' || lower(hex(randomblob(8))) WHERE lesson_id IN (SELECT lesson_id FROM lessons)"
        f" OR number NOT IN (SELECT min(number) FROM {aside} GROUP BY lesson_id)"
    )
    added = connection.execute(f"INSERT INTO lessons ({_COLUMNS}) SELECT {_COLUMNS} FROM {aside} ORDER BY number").rowcount
    connection.execute(
        f"{_FILL_WORDS} WHERE seq > ?",
        (top,),
    )
    connection.execute(
        "INSERT OR IGNORE INTO tags SELECT json_each.value, seq FROM lessons, json_each(lessons.tags)"
        " WHERE seq > ? AND lessons.tags <> '[]'",
        (top,),
    )
    return added


def _index(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute(f"{_FILL_WORDS} WHERE seq = ?", (seq,))
    connection.execute("INSERT OR IGNORE INTO tags SELECT value, ? FROM json_each((SELECT tags FROM lessons WHERE seq = ?))", (seq, seq))


def _unindex(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute(
        "INSERT INTO words (words, rowid, situation, action, feedback, tags, spaced)"
        " SELECT 'delete', seq, situation, action, feedback, tags, spaced FROM lessons WHERE seq = ?",
        (seq,),
    )
    connection.execute("DELETE FROM tags WHERE seq = ?", (seq,))


def _word_sets(query: str) -> list[tuple[str, list[Any]]]:
    """The searches for every word of a query: through the index of words, and letter by letter for what is no word (✅, ++)."""
    query = _bindable(query)[:1000].replace("\x00", " ")
    terms = query.split()[:32]
    sets: list[tuple[str, list[Any]]] = []
    words: list[str] = []
    for place, term in enumerate(terms):
        if any(char.isalnum() for char in term):
            # One letter alone begins half of all words: it is not yet a beginning.
            unfinished = place == len(terms) - 1 and not query[-1].isspace() and term[-1].isalnum() and len(term) > 1
            spread = _UNSPLIT.sub(r" \g<0> ", term)
            words.append('"' + spread.replace('"', '""') + '"' + ("*" if unfinished and not _UNSPLIT.search(term) else ""))
            continue
        columns = ("situation", "action", "feedback", "tags")
        condition = " OR ".join(f"instr({column}, ?)" for column in columns)
        sets.append((f"lessons WHERE ({condition})", [term] * len(columns)))
    if words:
        sets.insert(0, ("(SELECT rowid AS seq FROM words WHERE words MATCH ?) WHERE true", [" AND ".join(words)]))
    return sets


def _spaced(*texts: str) -> str:
    """What of the texts is written in scripts without spaces (Chinese, Japanese, Thai …), each character a word of its own."""
    runs = [run for text in texts if not text.isascii() for run in _UNSPLIT_RUN.findall(text)]
    return " | ".join(" ".join(run) for run in runs)


def _salvage(old: Path, connection: sqlite3.Connection) -> int:
    """Copies every lesson that can still be read out of a damaged file, from both ends of each break."""
    saved: dict[int, tuple[Any, ...]] = {}
    try:
        source = sqlite3.connect(f"file:{old}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        return 0
    with contextlib.closing(source):
        for order in ("ASC", "DESC"):
            # A damaged page ends the walk from this side with an error: what was read until then is what can be had.
            with contextlib.suppress(sqlite3.Error, OverflowError):
                for row in source.execute(f"SELECT seq, {_COLUMNS} FROM lessons NOT INDEXED ORDER BY seq {order}"):
                    saved[row[0]] = row
    count = 0
    connection.execute("BEGIN IMMEDIATE")
    for seq, row in sorted(saved.items()):
        try:
            checked, _ = _prepared(LessonIn.model_validate(_lesson(row[1:11]).model_dump()))
            connection.execute(f"INSERT OR IGNORE INTO lessons (seq, {_COLUMNS}) VALUES (?, {_PLACES})", (seq, *checked))
            _index(connection, seq)
            count += 1
        except (ValueError, TypeError, sqlite3.IntegrityError):
            continue  # this row is one of the damaged ones
    connection.execute("COMMIT")
    return count


def _lesson(row: Any) -> Lesson:
    lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected = row
    return Lesson.model_construct(
        lesson_id=lesson_id,
        timestamp=timestamp,
        situation=situation,
        action=action,
        result=result,
        feedback=feedback,
        tags=json.loads(tags),
        metadata=json.loads(metadata),
        rating=rating,
        rejected=rejected,
    )


def _bindable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _unknown(lesson_id: str) -> NotFound:
    shown = lesson_id[:80].encode("ascii", "backslashreplace").decode()
    return NotFound(f"There is no lesson {shown!r}.", hint="It may have been deleted; list the lessons to see those that are there.")


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
            f"The disk is full: {what} could not be written.", hint="Free some space and try again; what was there before is unharmed."
        )
    if code == sqlite3.SQLITE_READONLY:
        return Unavailable(f"{path.name} cannot be written to.", hint="Check who owns the data folder and its permissions.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        hint = "Start Academy again: it sets the file aside and saves what can be read."
        return Unavailable(f"{path.name} is damaged.", hint=hint, code=_DAMAGED)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("Another program is writing to the lessons.", hint="Close it, or try again in a moment.")
    if isinstance(error, sqlite3.ProgrammingError):
        return Unavailable("The lessons are closed.", hint="Start Academy again.")
    return Unavailable(f"{path.name} cannot be used: {error}.", hint="Check the disk and the data folder.")
