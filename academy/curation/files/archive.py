"""TODO: academy/curation/files/archive.py."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from academy.curation.files.lines import as_utf8
from academy.curation.files.tables import Layout

MAX_UNPACKED = 4 << 30


ALWAYS_UNPACKED = 100 << 20


HEAD = 1 << 18


FORMS = "JSON, JSONL, CSV, TSV, Parquet, Markdown or text"


KNOWN = f"{FORMS}, or a zip of them (such as the export of ChatGPT)"


def plain_filename(filename: str) -> str:
    """The last part of a file's name as somebody sent it, without control characters, at most 200 characters."""
    last = re.split(r"[/\\]", filename.encode("utf-8", "replace").decode())[-1]
    return "".join(char for char in last if char.isprintable()).strip()[-200:] or "file"


@dataclass
class Part:
    """Something to read from its beginning, as often as needed: the file, or a member of an archive."""

    name: str
    open_raw: Any
    path: Path | None = None
    head: bytes = b""
    kind: str = ""
    older: str = ""
    single: bool = False  # a list that is one conversation, and not a list of records
    layout: Layout | None = None

    def open(self) -> BinaryIO:
        """The part as UTF-8."""
        return as_utf8(self.open_raw(), self.raw_head, self.older)

    raw_head: bytes = field(default=b"", repr=False)


FOREIGN = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"SQLite format 3", "a database"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"ARROW1", "an Arrow file"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a rich text"),
    (b"<!DOCTYPE", "a page"),
    (b"<!doctype", "a page"),
    (b"<html", "a page"),
    (b"<?xml", "XML"),
)


_READABLE = {"json", "jsonl", "ndjson", "jsonlines", "csv", "tsv", "tab", "psv", "parquet", "md", "markdown", "txt", "text"}


def is_hidden(name: str) -> bool:
    return any((piece.startswith(".") and piece != "..") or piece == "__MACOSX" for piece in PurePosixPath(name).parts)


def is_wanted(name: str) -> bool:
    return not is_hidden(name) and _last(name).lower().rsplit(".", 1)[-1] in _READABLE


def is_about(name: str) -> bool:
    return bool(re.match(r"(readme|licen[cs]e|changelog|notice|contributing)\b[^/]*(\.md|\.txt|\.markdown)$", _last(name), re.IGNORECASE))


def _last(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]
