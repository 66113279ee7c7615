"""Decides what kind of file a part is, from its first bytes and its name: lines or a list of JSON, a table, Markdown, text."""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any

from academy.curation.files import chats, records
from academy.curation.files.archive import Archive, Part
from academy.curation.files.columns import recognise
from academy.curation.files.foreign import KNOWN, check_not_foreign, check_not_people
from academy.curation.files.gathered import is_message_of_many
from academy.curation.files.jsonstream import JsonStream, Value
from academy.curation.files.lines import WINDOWS, encoding_of, older_encoding_of
from academy.curation.files.records import Refused
from academy.curation.files.tables import SEPARATORS, layout_of
from academy.curation.files.turns import is_message
from academy.curation.files.values import MAX_DEPTH, RowError, parse
from academy.errors import Invalid
from academy.messages import msg

JSON = ("lines", "array", "wrapper", "sequence")
"""The shapes of a file of JSON."""
_LIST_KEYS = ("lessons", "items", "data", "examples", "rows", "records")
_LINES = ("jsonl", "ndjson", "jsonlines")
_CONTROL = [*range(9), *range(14, 27), *range(28, 32)]


def look(part: Part, archive: Archive, mapping: dict[str, str] | None) -> None:
    """Decides what a part is, from its first bytes and its name; raises Invalid for an unreadable kind."""
    part.raw_head = part.open_raw().read(4096)
    check_not_foreign(part.name, part.raw_head)
    if part.raw_head.startswith(b"PAR1"):
        part.kind = "parquet"
        part.path = part.path or archive.unpacked(part)
        return
    part.read_head()
    end = part.name.lower().rsplit(".", 1)[-1] if "." in part.name else ""
    sample = part.head[:4096]
    is_utf8 = not encoding_of(part.raw_head)[0]
    if is_utf8 and sum(sample.count(byte) for byte in _CONTROL) > len(sample) // 10:
        raise Invalid("{name} is no text.", hint="Known are {known}.", name=part.name, known=KNOWN)
    check_not_people(part.name, part.head)
    part.kind = _kind(part, end)
    if part.kind not in JSON and is_utf8:
        # JSON is UTF-8 by definition; tables and texts of older programs often are not.
        with contextlib.closing(part.open()) as file:
            part.older = older_encoding_of(file)
        if part.older:
            archive.notes.append(msg("read as {encoding}, because it is not UTF-8", encoding=WINDOWS[part.older]))
            part.read_head()
            part.kind = _kind(part, end)
    if part.kind == "csv":
        part.layout = layout_of(part.head, prefer="\t" if end in ("tsv", "tab") else "", mapping=mapping)
        part.kind = "tsv" if part.layout.separator == "\t" else "csv"


def _kind(part: Part, end: str) -> str:
    if end in ("md", "markdown", "mdx", "rst", "qmd"):
        return "markdown"
    first = part.head.lstrip()[:1]
    if end in (*_LINES, "json") or first in (b"{", b"["):
        kind = json_shape(part.head, end)
        part.single = kind == "array" and is_conversation(part.head)
        if kind or end in (*_LINES, "json"):
            return kind or "lines"
    if end in ("csv", "tsv", "tab", "psv"):
        return "csv"
    if end in ("html", "htm", "xml"):
        raise Invalid("{name} is a page, not a list of questions and answers.", hint="Known are {known}.", name=part.name, known=KNOWN)
    if re.match(rb"\s*\|.*\n[ \t]*\|[ \t]*:?-+:?[ \t]*\|", part.head):
        return "markdown"
    return "csv" if is_table(part.head) else "text"


def parsed(number: int, value: Value) -> Any:
    """The record with this number: Refused where its JSON cannot be read."""
    if value.problem is not None:
        return Refused(number, value.problem, _beginning(value.raw))
    try:
        return parse(value.raw)
    except RowError as error:
        return Refused(number, error.reason, _beginning(value.raw))


def _beginning(raw: bytes) -> str:
    return raw[: records.BEGINNING].decode("utf-8", "replace")


def kind_of(value: Any) -> str:
    """What such a record is called; empty for anything unknown."""
    if isinstance(value, Refused):
        return ""
    return chats.kind_of(value) or records.kind_of(value)


def member_key(raw: bytes) -> str:
    """The key of an object's member; empty for anything else."""
    try:
        key = json.loads(raw)
    except ValueError:
        return ""
    return key if isinstance(key, str) else ""


def json_shape(head: bytes, end: str) -> str:
    """lines, array, wrapper (an object with the list in it) or sequence; empty for anything but JSON."""
    text = head.lstrip()
    first, _, rest = text.partition(b"\n")
    following = rest.lstrip()[:1]
    first = first.strip()
    whole = _is_whole(first)
    if text[:1] == b"[":
        inside = text[1:].lstrip()[:1]
        if whole and following == b"[" and inside in (b"{", b"["):
            return "lines"  # each line is a list of messages
        if whole and not following and end in _LINES and kind_of(json.loads(first)) == "messages":
            return "lines"
        return "array" if inside in (b"{", b"]", b"[", b'"', b"") or end == "json" else ""
    if text[:1] != b"{":
        return "lines" if end in _LINES else "sequence" if end == "json" else ""
    if (not whole or not following) and wrapper_keys(head)[0]:
        return "wrapper"
    if end in _LINES:
        return "sequence" if first == b"{" else "lines"
    if whole or following == b"{" or len(first) > 1000:
        return "lines" if whole or first.endswith(b"}") or following == b"{" else "sequence"
    inside = text[1:].lstrip()[:1]
    return "sequence" if inside in (b'"', b"}") or end == "json" else ""


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def wrapper_keys(head: bytes) -> tuple[set[str], set[str]]:
    """The keys of the first object whose list holds the records, none where the object is itself a record; and lists of something else."""
    stream = JsonStream(io.BytesIO(head), limit=len(head), depth=10_000)
    if stream.peek() != b"{":
        return set(), set()
    stream.skip()
    keys: set[str] = set()
    known: set[str] = set()
    names: list[str] = []
    while (first := stream.peek()) and first != b"}":
        if first == b",":
            stream.skip()
            continue
        if first != b'"':
            return set(), set()
        key = member_key(stream.value().raw)
        if stream.peek() != b":":
            break
        stream.skip()
        names.append(key)
        if stream.peek() != b"[":
            value = stream.value()
            if key == "mapping" or value.broken_off:
                break
            continue
        item = None
        inner = stream.items()
        for value in inner:
            item = value
            break
        if (item is not None and _holds_record(key, item)) or (item is None and not stream.closed_early and key in _LIST_KEYS):
            keys.add(key)
            if item is not None and (kind_of(value := parsed(0, item)) or records.questions_of(value)):
                known.add(key)
        for _ in inner:
            pass
        if stream.closed_early:
            break
    parts = recognise(names)
    if "situation" in parts and "action" in parts:
        return set(), set()
    return (known, keys - known) if known else (keys, set())


def _holds_record(key: str, item: Value) -> bool:
    if item.problem:  # cut off by the end of the head: a long record, unless it looks like a message
        return key not in ("messages", "conversations", "conversation", "chat_messages", "turns", "history")
    try:
        value = parse(item.raw)
    except RowError:
        return True
    if isinstance(value, list):
        return key not in ("history",) and bool(value) and is_message(value[0])
    # Of some programs a whole file is one chat; and a system text can be a list of blocks.
    return isinstance(value, dict) and not is_message(value) and not chats.kind_of({key: [value]}) and not key.startswith("system")


def is_conversation(head: bytes) -> bool:
    """Whether the list that begins here is a list of messages, rather than of records."""
    stream = JsonStream(io.BytesIO(head), limit=len(head), depth=MAX_DEPTH)
    stream.peek()
    first = next(stream.items(), None)
    try:
        value = parse(first.raw) if first and not first.problem else None
    except RowError:
        return False
    return is_message(value) and records.kind_of(value) == "" and not records.is_of_tree(value) and not is_message_of_many(value)


def is_no_name(column: str) -> bool:
    """Whether a column's name looks like a value: the table has no header."""
    return column.endswith((".", "?", "!")) or column.isdigit() or len(column) > 60


def is_table(head: bytes) -> bool:
    """Whether a text without a telling name is a table of questions and answers."""
    layout = layout_of(head)
    parts = recognise(layout.columns)
    return len(layout.columns) > 1 and "situation" in parts and "action" in parts and layout.separator in SEPARATORS
