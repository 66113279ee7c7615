"""Opens a file, a gzip or a zip, and gives its parts."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from academy.curation.files.foreign import FORMS, check_not_foreign, check_not_people
from academy.curation.files.lines import Capped, as_utf8
from academy.curation.files.tables import Layout
from academy.curation.files.values import shown
from academy.errors import Invalid
from academy.messages import Message, msg

MAX_UNPACKED = 4 << 30
ALWAYS_UNPACKED = 100 << 20
"""So many bytes may come out of any archive, however small it is."""
MAX_MEMBERS = 2000
HEAD = 1 << 18


def plain_filename(filename: str) -> str:
    """The last part of a file's name as it was sent, without control characters, at most 200 characters."""
    return "".join(char for char in _last(filename.encode("utf-8", "replace").decode()) if char.isprintable()).strip()[-200:] or "file"


@dataclass
class Part:
    """Something to read from its beginning, as often as needed: the file, or a member of an archive."""

    name: str
    open_raw: Callable[[], BinaryIO]
    path: Path | None = None
    kind: str = ""
    older: str = ""  # the Windows encoding, where it is not UTF-8
    single: bool = False  # a list that is one conversation, and not a list of records
    layout: Layout | None = None
    head: bytes = field(default=b"", repr=False)
    raw_head: bytes = field(default=b"", repr=False)

    def open(self) -> BinaryIO:
        """The part as UTF-8."""
        return as_utf8(self.open_raw(), self.raw_head, self.older)

    def read_head(self) -> None:
        """Reads the first bytes that are not blank, as UTF-8; raises Invalid for an empty part."""
        with contextlib.closing(self.open()) as file:
            head = file.read(HEAD)
            while head and not head.strip() and (more := file.read(HEAD)):
                head = more
        self.head = head.removeprefix(b"\xef\xbb\xbf")
        if not self.head.strip():
            raise Invalid("{name} is empty.", hint="Choose a file with something in it.", name=self.name)


class Archive:
    """A file and its parts; `notes` say which members are left out. Closing it closes all that was opened."""

    def __init__(self, path: Path, filename: str) -> None:
        self.path = path
        self.name = plain_filename(filename)
        self.notes: list[Message] = []
        self._stack = contextlib.ExitStack()

    def close(self) -> None:
        """Closes every part."""
        self._stack.close()

    def parts(self) -> list[Part]:
        """The parts to read, in order of their names; raises Invalid where there is none."""
        with open(self.path, "rb") as file:
            magic = file.read(16)
        if not magic:
            raise Invalid("{name} is empty.", hint="Choose a file with something in it.", name=self.name)
        check_not_foreign(self.name, magic)
        if magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return self._zipped()
        if magic.startswith(b"\x1f\x8b"):
            inner = re.sub(r"\.gz(ip)?$", "", self.name, flags=re.IGNORECASE)
            return [Part(inner, lambda: self._capped(gzip.open(self.path, "rb"), inner))]
        return [Part(self.name, lambda: self._stack.enter_context(open(self.path, "rb")), path=self.path)]

    def unpacked(self, part: Part) -> Path:
        """A Parquet file out of the archive, for as long as it is read: its contents are listed at its end."""
        file = tempfile.NamedTemporaryFile(dir=self.path.parent, suffix=".parquet")  # noqa: SIM115
        self._stack.enter_context(file)
        with contextlib.closing(part.open_raw()) as packed:
            shutil.copyfileobj(packed, file, 1 << 20)
        file.flush()
        return Path(file.name)

    def _zipped(self) -> list[Part]:
        try:
            archive = self._stack.enter_context(zipfile.ZipFile(self.path))
            members = [member for member in archive.infolist() if not member.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
            raise Invalid("{name} is a damaged zip.", hint="Download or pack it again.", name=self.name) from error
        names = {member.filename for member in members}
        if "[Content_Types].xml" in names or "mimetype" in names:
            raise Invalid("{name} is an office document.", hint="Save a table as CSV, a text as Markdown or plain text.", name=self.name)
        if {"users.json", "channels.json"} <= names:
            check_not_people(self.name, b'"type": "message", "ts": "1000000000.0"')
        members = self._chosen(members)
        if any(member.flag_bits & 1 for member in members):
            raise Invalid("{name} is encrypted.", hint="Unpack it and send the files inside.", name=self.name)
        packed = sum(member.compress_size for member in members)
        unpacked = sum(member.file_size for member in members)
        if unpacked > MAX_UNPACKED or unpacked > max(ALWAYS_UNPACKED, 200 * packed):
            raise Invalid(
                "{name} would unpack to {unpacked:number} MB, which is suspiciously much.",
                hint="Unpack it and send the file that is needed.",
                name=self.name,
                unpacked=unpacked >> 20,
            )
        return [self._member(archive, member) for member in sorted(members, key=lambda member: member.filename)]

    def _chosen(self, members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
        """The members to read; the others are named in a note."""
        visible = [member for member in members if not _is_hidden(member.filename)]
        readable = [member for member in visible if _last(member.filename).lower().rsplit(".", 1)[-1] in _READABLE]
        chat = [member for member in readable if re.fullmatch(r"conversations([-_]\d+)?\.json", _last(member.filename))]
        if not chat and len(readable) > MAX_MEMBERS:
            raise Invalid(
                "{name} holds {count:number} files; {limit:number} is the limit.",
                hint="Pack fewer into one zip.",
                name=self.name,
                count=len(readable),
                limit=MAX_MEMBERS,
            )
        # Beside data a README is about the data, and no lesson.
        data = [member for member in readable if not _is_about(member.filename)]
        chosen = chat or data or readable
        others = [_last(member.filename) for member in visible if member not in chosen]
        if others:
            more = " …" if len(others) > 5 else ""
            names = [shown(name) for name in others[:5]]
            self.notes.append(msg("left out: {n} files of the zip ({names:commas}{more})", n=len(others), names=names, more=more))
        if not chosen:
            raise Invalid(
                "{name} holds no file that can be read.",
                hint="Put {forms} into it (a zip inside is not opened).",
                name=self.name,
                forms=FORMS,
            )
        return chosen

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Part:
        name = plain_filename(member.filename)

        def opened() -> BinaryIO:
            try:
                stream = archive.open(member)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
                raise Invalid(
                    "{name} inside {archive} is damaged or packed in an unknown way.", hint="Pack it again.", name=name, archive=self.name
                ) from error
            return self._capped(stream, name)

        return Part(name, opened)

    def _capped(self, stream: Any, name: str) -> BinaryIO:
        limit = min(MAX_UNPACKED, max(ALWAYS_UNPACKED, 200 * self.path.stat().st_size))
        return self._stack.enter_context(io.BufferedReader(Capped(stream, limit, name), 1 << 18))


_READABLE = {"json", "jsonl", "ndjson", "jsonlines", "csv", "tsv", "tab", "psv", "parquet", "md", "markdown", "txt", "text"}


def _is_hidden(name: str) -> bool:
    return any((piece.startswith(".") and piece != "..") or piece == "__MACOSX" for piece in PurePosixPath(name).parts)


def _is_about(name: str) -> bool:
    if re.fullmatch(r"(dataset_infos?|state|dataset_dict)\.json", _last(name)):
        return True  # what a dataset of Hugging Face says of itself
    return bool(re.match(r"(readme|licen[cs]e|changelog|notice|contributing)\b[^/]*(\.md|\.txt|\.markdown)$", _last(name), re.IGNORECASE))


def _last(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]
