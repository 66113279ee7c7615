"""A lesson as a row of SQLite: the schema, the row without secrets, and the words by which it is found."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
from collections import Counter
from typing import Any, NamedTuple

from academy.curation.lesson_filter import LessonFilter, Sort
from academy.curation.lessons import Lesson, LessonIn, earlier_turns, is_trainable
from academy.curation.redaction.redact import clean_value, redact
from academy.errors import Unavailable
from academy.files import now

_VERSION = 1
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
CREATE TABLE IF NOT EXISTS imports (
    import_id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bin (
    seq INTEGER PRIMARY KEY, deleted_at TEXT NOT NULL, lesson_id TEXT NOT NULL, timestamp TEXT NOT NULL, situation TEXT NOT NULL,
    action TEXT NOT NULL, result TEXT NOT NULL, feedback TEXT NOT NULL, tags TEXT NOT NULL, metadata TEXT NOT NULL, rating TEXT,
    rejected TEXT, spaced TEXT NOT NULL, trained INTEGER NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    situation, action, feedback, tags, spaced, content='lessons', content_rowid='seq', tokenize="unicode61 remove_diacritics 2", prefix='2'
);
"""
COLUMNS = "lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected, spaced, trained, source, digest"
FIELDS = "lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected"
PLACEHOLDERS = ", ".join("?" * 14)
_FILL_WORDS = (
    "INSERT INTO words (rowid, situation, action, feedback, tags, spaced)"
    " SELECT seq, situation, action, feedback, tags, spaced FROM lessons"
)
NEWEST_FIRST = "ORDER BY timestamp DESC, seq DESC"
ORDERS: dict[Sort, str] = {
    "newest": NEWEST_FIRST,
    "oldest": "ORDER BY timestamp, seq",
    "added": "ORDER BY seq DESC",
    "rating": "ORDER BY CASE rating WHEN 'good' THEN 0 WHEN 'bad' THEN 2 ELSE 1 END, timestamp DESC, seq DESC",
    "source": "ORDER BY source COLLATE NOCASE, timestamp DESC, seq DESC",
    "longest": "ORDER BY length(situation) + length(action) DESC, seq DESC",
    "shortest": "ORDER BY length(situation) + length(action), seq",
}
# Scripts that FTS5 does not split into words.
_UNSPLIT = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
_UNSPLIT_RUN = re.compile(f"{_UNSPLIT.pattern}+")


class Row(NamedTuple):
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


def create_schema(connection: sqlite3.Connection) -> None:
    """Creates the tables and indexes; raises Unavailable for a file of a newer version."""
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


def row_of(lesson: LessonIn) -> tuple[Row, Counter[str]]:
    """The lesson as a row without secrets, and how many secrets of each kind were redacted."""
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
    metadata = clean_value(lesson.metadata, clean) if lesson.metadata else {}
    rejected = clean(lesson.rejected) if lesson.rejected else None
    result, feedback = clean(lesson.result), clean(lesson.feedback)
    source = metadata.get("source")
    earlier = "\0".join(f"{turn.role}\0{turn.content}" for turn in earlier_turns(metadata))
    digest = hashlib.blake2b(f"{situation}\0{action}\0{earlier}".encode(), digest_size=16).digest()
    own_id = lesson.lesson_id if lesson.lesson_id and clean(lesson.lesson_id) == lesson.lesson_id else None
    row = Row(
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


def take_over(connection: sqlite3.Connection, aside: str) -> range:
    """Moves the new rows of a table set aside into the lessons and their indexes; returns their numbers."""
    # Numbers are never used again: after deletions the next one lies beyond the largest that is there.
    top = int(connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'lessons'").fetchone()[0])
    connection.execute(
        f"DELETE FROM {aside} WHERE number NOT IN (SELECT min(number) FROM {aside} GROUP BY digest)"
        " OR digest IN (SELECT digest FROM lessons)"
    )
    connection.execute(
        f"UPDATE {aside} SET lesson_id = 'lesson_' || lower(hex(randomblob(8))) WHERE lesson_id IN (SELECT lesson_id FROM lessons)"
        f" OR number NOT IN (SELECT min(number) FROM {aside} GROUP BY lesson_id)"
    )
    added = connection.execute(f"INSERT INTO lessons ({COLUMNS}) SELECT {COLUMNS} FROM {aside} ORDER BY number").rowcount
    connection.execute(
        f"{_FILL_WORDS} WHERE seq > ?",
        (top,),
    )
    connection.execute(
        "INSERT OR IGNORE INTO tags SELECT json_each.value, seq FROM lessons, json_each(lessons.tags)"
        " WHERE seq > ? AND lessons.tags <> '[]'",
        (top,),
    )
    return range(top + 1, top + 1 + added)


def index(connection: sqlite3.Connection, seq: int) -> None:
    """Adds a row to the indexes of words and tags."""
    connection.execute(f"{_FILL_WORDS} WHERE seq = ?", (seq,))
    connection.execute("INSERT OR IGNORE INTO tags SELECT value, ? FROM json_each((SELECT tags FROM lessons WHERE seq = ?))", (seq, seq))


def unindex(connection: sqlite3.Connection, seq: int) -> None:
    """Takes a row out of the indexes of words and tags."""
    connection.execute(
        "INSERT INTO words (words, rowid, situation, action, feedback, tags, spaced)"
        " SELECT 'delete', seq, situation, action, feedback, tags, spaced FROM lessons WHERE seq = ?",
        (seq,),
    )
    connection.execute("DELETE FROM tags WHERE seq = ?", (seq,))


def sets_of(chosen: LessonFilter) -> list[tuple[str, list[Any]]]:
    """The sets of rows that a filter asks for, each as the rest of a SELECT after FROM with its values; a lesson must be in all of them."""
    sets = word_sets(chosen.query)
    if chosen.tags:
        marks = ", ".join("?" * len(chosen.tags))
        sets.append((f"(SELECT DISTINCT seq FROM tags WHERE tag IN ({marks})) WHERE true", [bindable(tag) for tag in chosen.tags]))
    if chosen.sources:
        marks = ", ".join("?" * len(chosen.sources))
        sets.append((f"lessons WHERE source IN ({marks})", [bindable(source) for source in chosen.sources]))
    if chosen.rating == "corrected":
        sets.append(("lessons WHERE rejected IS NOT NULL", []))
    elif chosen.rating == "never":
        sets.append(("lessons WHERE trained = 0", []))
    elif chosen.rating:
        sets.append(("lessons WHERE rating IS ?", [None if chosen.rating == "none" else chosen.rating]))
    if chosen.since:
        sets.append(("lessons WHERE timestamp >= ?", [chosen.since]))
    if chosen.until:
        sets.append(("lessons WHERE timestamp <= ?", [chosen.until]))
    if chosen.imports:
        marks = ", ".join("?" * len(chosen.imports))
        # The few imports lead to their rows, not the other way round.
        added = f"imports CROSS JOIN lessons ON seq BETWEEN first AND last WHERE import_id IN ({marks})"
        sets.append((f"(SELECT DISTINCT seq FROM {added}) WHERE true", [bindable(name) for name in chosen.imports]))
    return sets


def word_sets(query: str) -> list[tuple[str, list[Any]]]:
    """The searches for every word of a query: by the index of words, or sign by sign for a term without letters and digits (✅, ++)."""
    query = bindable(query)[:1000].replace("\x00", " ")
    terms = query.split()[:32]
    sets: list[tuple[str, list[Any]]] = []
    words: list[str] = []
    for position, term in enumerate(terms):
        if any(char.isalnum() for char in term):
            # One letter alone begins half of all words: it is not yet a beginning.
            unfinished = position == len(terms) - 1 and not query[-1].isspace() and term[-1].isalnum() and len(term) > 1
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
    """The parts in scripts without spaces (Chinese, Japanese, Thai …), each character as a word of its own."""
    runs = [run for text in texts if not text.isascii() for run in _UNSPLIT_RUN.findall(text)]
    return " | ".join(" ".join(run) for run in runs)


def lesson_of(row: Any) -> Lesson:
    """The lesson in a row of the columns FIELDS."""
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


def counts_of(connection: sqlite3.Connection) -> dict[str, Any]:
    """How many lessons there are, by tag, source and rating, and which times they span."""
    # Each of these is read from an index alone, and the few are counted: most lessons are unrated, and trained.
    total, oldest, newest, untrained, good, bad = connection.execute(
        "SELECT (SELECT count(*) FROM lessons), (SELECT min(timestamp) FROM lessons), (SELECT max(timestamp) FROM lessons),"
        " (SELECT count(*) FROM lessons WHERE trained = 0), (SELECT count(*) FROM lessons WHERE rating = 'good'),"
        " (SELECT count(*) FROM lessons WHERE rating = 'bad')"
    ).fetchone()
    unique = int(connection.execute("SELECT count(DISTINCT tag) FROM tags").fetchone()[0])
    tags = connection.execute("SELECT tag, count(*) AS n FROM tags GROUP BY tag ORDER BY n DESC, tag LIMIT 1000").fetchall()
    by_source = "SELECT source, count(*) AS n FROM lessons GROUP BY source ORDER BY n DESC, source LIMIT 200"
    sources = connection.execute(by_source).fetchall()
    return {
        "total_lessons": total,
        "unique_tags": unique,
        "tag_distribution": dict(tags),
        "source_distribution": dict(sources),
        "deleted_lessons": int(connection.execute("SELECT count(*) FROM bin").fetchone()[0]),
        "oldest_lesson": oldest,
        "newest_lesson": newest,
        "trainable_lessons": total - untrained,
        "good_lessons": good,
        "bad_lessons": bad,
    }


def bindable(text: str) -> str:
    """The text without lone surrogates, which SQLite cannot bind."""
    return text.encode("utf-8", "replace").decode()
