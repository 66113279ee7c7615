"""Lessons from files of any known form: what a file is, its rows one by one, and a report that accounts for each of them."""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import json
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, Field

from academy.curation.files import chats, records
from academy.curation.files import values as values_module
from academy.curation.files.archive import (
    ALWAYS_UNPACKED,
    FOREIGN,
    FORMS,
    HEAD,
    KNOWN,
    MAX_UNPACKED,
    Part,
    _last,
    is_about,
    is_hidden,
    is_wanted,
    plain_filename,
)
from academy.curation.files.columns import check_mapping, recognise
from academy.curation.files.jsonstream import JsonStream, Value
from academy.curation.files.kinds import (
    _JSON,
    CONTROL,
    _key,
    _parsed,
    is_conversation,
    is_no_name,
    is_table,
    json_shape,
    kind_of,
    wrapper_keys,
)
from academy.curation.files.lines import WINDOWS, Capped, encoding_of, numbered_lines, older_encoding_of
from academy.curation.files.prose import read_prose
from academy.curation.files.records import Kept, Refused
from academy.curation.files.tables import Layout, layout_of, parquet_columns, read_parquet, read_table
from academy.curation.files.values import MAX_DEPTH, MAX_RECORD, RowError, shown
from academy.curation.lesson_store import LessonStore
from academy.errors import AcademyError, Invalid

__all__ = ["Detected", "FileReport", "Kept", "Refusal", "Refused", "detect", "import_file", "plain_filename", "read_file", "read_rows"]

MAX_REFUSALS = 1000


class Refusal(BaseModel):
    """A row that was not taken over, and why; or (as a note) what of a row was left out."""

    row: int
    reason: str


class Detected(BaseModel):
    """What kind of file it is; of a table: its columns, what they seem to mean (part → column), and the first rows, cut short."""

    kind: str
    columns: list[str] = []
    mapping: dict[str, str] = {}
    sample: list[dict[str, str]] = []
    error: str | None = None


class FileReport(BaseModel):
    """What became of each row of a file: read = kept + refused; of those kept, some were there already."""

    name: str
    kind: str = ""
    read: int = 0
    kept: int = 0
    already_there: int = 0
    refused: int = 0
    refusals: list[Refusal] = Field(default=[], description="The first 1,000.")
    notes: list[Refusal] = Field(default=[], description="What of rows that were kept was left out (the first 1,000); row 0: of the file.")
    redacted_secrets: int = 0
    redacted_kinds: dict[str, int] = {}
    error: str | None = None
    unclear: Detected | None = Field(
        default=None, description="Where it is not clear which column is what: the columns, to be mapped by hand."
    )

    def count(self, item: Kept | Refused) -> None:
        """Takes one row into account."""
        self.read += 1
        if isinstance(item, Refused):
            self.refused += 1
            if len(self.refusals) < MAX_REFUSALS:
                self.refusals.append(Refusal(row=item.row, reason=item.reason))
            return
        self.kept += 1
        for note in item.notes:
            if len(self.notes) < MAX_REFUSALS:
                self.notes.append(Refusal(row=item.row, reason=note))


def read_rows(path: Path, filename: str, *, mapping: dict[str, str] | None = None) -> Iterator[Kept | Refused]:
    """The file's rows in order, each kept or refused; raises Invalid or TooLarge for a file that cannot be read at all."""
    with contextlib.closing(_File(path, filename, mapping)) as file:
        yield from file.rows()


def read_file(path: Path, filename: str, report: FileReport, *, mapping: dict[str, str] | None = None) -> Iterator[Kept | Refused]:
    """As `read_rows`, with every row counted in the report as it passes."""
    with contextlib.closing(_File(path, filename, mapping)) as file:
        for item in file.rows():
            report.count(item)
            yield item
        report.kind = file.kind
        report.notes = [*(Refusal(row=0, reason=note) for note in file.notes), *report.notes][:MAX_REFUSALS]


def import_file(path: Path, filename: str, store: LessonStore, *, mapping: dict[str, str] | None = None) -> FileReport:
    """Takes a file's rows over as lessons: all that can be kept or, where the file itself is at fault, none of them."""
    report = FileReport(name=plain_filename(filename))
    redacted: Counter[str] = Counter()
    try:
        rows = read_file(path, filename, report, mapping=mapping)
        lessons = (item.lesson for item in rows if isinstance(item, Kept) and item.lesson is not None)
        _, report.already_there = store.add_many(lessons, redacted=redacted)
    except AcademyError as error:
        if error.status == 507:
            raise
        return FileReport(name=report.name, error=error.detail, unclear=unclear(path, filename, mapping) if error.status == 422 else None)
    report.unclear = None if report.kept else unclear(path, filename, mapping)
    report.redacted_kinds = dict(redacted)
    report.redacted_secrets = redacted.total()
    return report


def detect(path: Path, filename: str) -> Detected:
    """What the file is and what its columns seem to mean, from its first rows; what is wrong with it is in `error`."""
    try:
        with contextlib.closing(_File(path, filename, None)) as file:
            return file.detected()
    except AcademyError as error:
        return Detected(kind="", error=error.detail)


def unclear(path: Path, filename: str, mapping: dict[str, str] | None) -> Detected | None:
    """What there is to map by hand, where nobody has done so and the columns' names do not tell."""
    found = detect(path, filename) if mapping is None else None
    return found if found and found.columns and not {"situation", "action"} <= set(found.mapping) else None


# ------------------------------------------------------------------ a file and its parts


class _File:
    def __init__(self, path: Path, filename: str, mapping: dict[str, str] | None) -> None:
        self._path = path
        self._name = plain_filename(filename)
        self._mapping = check_mapping(mapping)
        self._stack = contextlib.ExitStack()
        self.notes: list[str] = []
        self.kind = ""

    def close(self) -> None:
        self._stack.close()

    def rows(self) -> Iterator[Kept | Refused]:
        """All rows of all parts."""
        parts = self._parts()
        several = len(parts) > 1
        for part in parts:
            self._look(part)
            self.kind = self.kind or part.kind
            for item in self._read(part):
                yield Refused(item.row, f"{part.name}: {item.reason}") if several and isinstance(item, Refused) else item

    def detected(self) -> Detected:
        """Kind, columns, mapping and sample of the first part."""
        part = self._parts()[0]
        self._look(part)
        samples: list[dict[str, Any]] = []
        if part.path is not None and part.kind == "parquet":
            columns = parquet_columns(part.path)
            samples = [row for _, row in itertools.islice(_only_rows(read_parquet(part.path, None)), 5)]
        elif part.layout is not None:
            if any(is_no_name(column) for column in part.layout.columns) and not records.is_understood(part.layout.columns):
                # No header, it seems: the columns are called 1, 2, 3, so that the first row is not taken for one.
                part.layout = layout_of(part.head, prefer=part.layout.separator, mapping={"situation": "1", "action": "2"})
            columns = part.layout.columns
            rows = read_table(part.open(), part.layout, literal_quotes=part.layout.separator == "\t")
            samples = [row for _, row in itertools.islice(_only_rows(rows), 5)]
        else:
            values = [value for _, value in itertools.islice(self._values(part), 5)] if part.kind in _JSON else []
            samples = [value for value in values if isinstance(value, dict)]
            columns = list(dict.fromkeys(key for value in samples for key in value))
            part.kind = next((kind for value in values if (kind := kind_of(value))), part.kind)
            if part.kind not in ("alpaca", "pairs", "lessons", "preference", *_JSON):
                return Detected(kind=part.kind, sample=[_short(value) for value in samples])
        mapping = recognise(columns)
        if not {"situation", "action"} <= set(mapping) and any(kind_of(value) for value in samples):
            columns, mapping = [], {}  # whole conversations: there is nothing to map
        return Detected(kind=part.kind, columns=columns, mapping=mapping, sample=[_short(value) for value in samples])

    # ---------------------------------------------------------------- containers

    def _parts(self) -> list[Part]:
        with open(self._path, "rb") as file:
            magic = file.read(16)
        if not magic:
            raise Invalid(f"{self._name} is empty.", hint="Choose a file with something in it.")
        if magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return self._zipped()
        if magic.startswith(b"\x1f\x8b"):
            inner = re.sub(r"\.gz(ip)?$", "", self._name, flags=re.IGNORECASE)
            return [Part(inner, lambda: self._capped(gzip.open(self._path, "rb"), inner))]
        for start, what in FOREIGN:
            if magic.startswith(start):
                raise Invalid(f"{self._name} is {what}, which cannot be read here.", hint=f"Save it as {KNOWN}.")
        return [Part(self._name, lambda: self._stack.enter_context(open(self._path, "rb")), path=self._path)]

    def _zipped(self) -> list[Part]:
        try:
            archive = self._stack.enter_context(zipfile.ZipFile(self._path))
            members = [member for member in archive.infolist() if not member.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
            raise Invalid(f"{self._name} is a damaged zip.", hint="Download or pack it again.") from error
        names = {member.filename for member in members}
        if "[Content_Types].xml" in names or "mimetype" in names:
            raise Invalid(f"{self._name} is an office document.", hint="Save a table as CSV, a text as Markdown or plain text.")
        seen = [member for member in members if not is_hidden(member.filename)]
        members = [member for member in seen if is_wanted(member.filename)]
        chat = [member for member in members if re.fullmatch(r"conversations([-_]\d+)?\.json", _last(member.filename))]
        if not chat and len(members) > 2000:
            raise Invalid(f"{self._name} holds {len(members):,} files; 2,000 is the limit.", hint="Pack fewer into one zip.")
        # Beside data a README is about the data, and no lesson.
        data = [member for member in members if not is_about(member.filename)]
        members = chat or data or members
        others = [_last(member.filename) for member in seen if member not in members]
        if others:
            listed = ", ".join(shown(name) for name in others[:5]) + (" …" if len(others) > 5 else "")
            self.notes.append(f"left out: {len(others)} files of the zip ({listed})")
        if not members:
            raise Invalid(f"{self._name} holds no file that can be read.", hint=f"Put {FORMS} into it (a zip inside is not opened).")
        if any(member.flag_bits & 1 for member in members):
            raise Invalid(f"{self._name} is encrypted.", hint="Unpack it and send the files inside.")
        packed = sum(member.compress_size for member in members)
        unpacked = sum(member.file_size for member in members)
        if unpacked > MAX_UNPACKED or unpacked > max(ALWAYS_UNPACKED, 200 * packed):
            raise Invalid(
                f"{self._name} would unpack to {unpacked >> 20:,} MB, which is suspiciously much.",
                hint="Unpack it and send the file needed.",
            )
        return [self._member(archive, member) for member in sorted(members, key=lambda member: member.filename)]

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Part:
        name = plain_filename(_last(member.filename))

        def opened() -> BinaryIO:
            try:
                stream = archive.open(member)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
                raise Invalid(f"{name} inside {self._name} is damaged or packed in an unknown way.", hint="Pack it again.") from error
            return self._capped(stream, name)

        return Part(name, opened)

    def _capped(self, stream: Any, name: str) -> BinaryIO:
        limit = min(MAX_UNPACKED, max(ALWAYS_UNPACKED, 200 * self._path.stat().st_size))
        return self._stack.enter_context(io.BufferedReader(Capped(stream, limit, name), 1 << 18))

    # ---------------------------------------------------------------- kinds

    def _look(self, part: Part) -> None:
        """Finds out what a part is, from its first bytes and its name."""
        raw = part.open_raw()
        part.raw_head = raw.read(4096)
        for start, what in FOREIGN:
            if part.raw_head.startswith(start):
                raise Invalid(f"{part.name} is {what}, which cannot be read here.", hint=f"Save it as {KNOWN}.")
        if part.raw_head.startswith(b"PAR1"):
            part.kind = "parquet"
            if part.path is None:
                part.path = self._unpacked(part)
            return
        self._read_head(part)
        end = part.name.lower().rsplit(".", 1)[-1] if "." in part.name else ""
        sample = part.head[:4096]
        if not encoding_of(part.raw_head)[0] and sum(sample.count(byte) for byte in CONTROL) > len(sample) // 10:
            raise Invalid(f"{part.name} is no text.", hint=f"Known are {KNOWN}.")
        part.kind = self._kind(part, end)
        if part.kind not in _JSON and not encoding_of(part.raw_head)[0]:
            # JSON is UTF-8 by definition; tables and texts of older programs often are not.
            with contextlib.closing(part.open()) as file:
                part.older = older_encoding_of(file)
            if part.older:
                self.notes.append(f"read as {WINDOWS[part.older]}, because it is not UTF-8")
                self._read_head(part)
                part.kind = self._kind(part, end)
        if part.kind == "csv":
            part.layout = layout_of(part.head, prefer="\t" if end in ("tsv", "tab") else "", mapping=self._mapping)
            part.kind = "tsv" if part.layout.separator == "\t" else "csv"

    def _read_head(self, part: Part) -> None:
        with contextlib.closing(part.open()) as file:
            head = file.read(HEAD)
            while head and not head.strip() and (more := file.read(HEAD)):
                head = more
        part.head = head.removeprefix(b"\xef\xbb\xbf")
        if not part.head.strip():
            raise Invalid(f"{part.name} is empty.", hint="Choose a file with something in it.")

    def _unpacked(self, part: Part) -> Path:
        """A Parquet file out of an archive, for as long as it is read: its contents are listed at its end."""
        file = tempfile.NamedTemporaryFile(dir=self._path.parent, suffix=".parquet")  # noqa: SIM115
        self._stack.enter_context(file)
        with contextlib.closing(part.open_raw()) as packed:
            shutil.copyfileobj(packed, file, 1 << 20)
        file.flush()
        return Path(file.name)

    def _kind(self, part: Part, end: str) -> str:
        if end in ("md", "markdown", "mdx", "rst", "qmd"):
            return "markdown"
        first = part.head.lstrip()[:1]
        if end in ("jsonl", "ndjson", "jsonlines", "json") or first in (b"{", b"["):
            kind = json_shape(part.head, end)
            part.single = kind == "array" and is_conversation(part.head)
            if kind or end in ("jsonl", "ndjson", "jsonlines", "json"):
                return kind or "lines"
        if end in ("csv", "tsv", "tab", "psv"):
            return "csv"
        if end in ("html", "htm", "xml"):
            raise Invalid(f"{part.name} is a page, not a list of questions and answers.", hint=f"Known are {KNOWN}.")
        if re.match(rb"\s*\|.*\n[ \t]*\|[ \t]*:?-+:?[ \t]*\|", part.head):
            return "markdown"
        if is_table(part.head):
            return "csv"
        return "text"

    # ---------------------------------------------------------------- rows

    def _read(self, part: Part) -> Iterator[Kept | Refused]:
        if part.kind in ("markdown", "text"):
            yield from read_prose(part.open, self.notes)
        elif part.path is not None and part.kind == "parquet":
            self._check_columns(part, parquet_columns(part.path))
            empty = True
            for item in read_parquet(part.path, self._mapping):
                empty = False
                yield item if isinstance(item, Refused) else self._row(*item)
            if empty:
                raise Invalid(f"{part.name} has columns and no row.", hint="Choose a file with at least one row.")
        elif part.layout is not None:
            yield from self._table(part, part.layout)
        else:
            seen = 0
            for number, value in self._values(part):
                seen += 1
                if isinstance(value, Refused):
                    yield value
                    continue
                if seen == 1:
                    self.kind = kind_of(value) or self.kind
                yield self._row(number, value)
            if not seen:
                raise Invalid(f"{part.name} holds no record.", hint="Choose a file with at least one.")

    def _row(self, number: int, value: Any) -> Kept | Refused:
        if self._mapping is None and isinstance(value, dict) and chats.kind_of(value):
            try:
                return chats.read_chat(number, value)
            except RowError as error:
                return Refused(number, str(error))
            except RecursionError:
                return Refused(number, "is nested too deep")
        return records.read_record(number, value, self._mapping)

    def _table(self, part: Part, layout: Layout) -> Iterator[Kept | Refused]:
        self._check_columns(part, layout.columns)
        if layout.above:
            self.notes.append(f"rows above the header, left out: {layout.above}")
        empty = True
        for item in read_table(part.open(), layout, literal_quotes=layout.separator == "\t"):
            empty = False
            yield item if isinstance(item, Refused) else self._row(*item)
        if empty:
            raise Invalid(f"{part.name} has a header and no row below it.", hint="Choose a file with at least one row.")

    def _check_columns(self, part: Part, columns: list[str]) -> None:
        if self._mapping is not None:
            check_mapping(self._mapping, columns)
        elif not records.is_understood(columns):
            listed = ", ".join(shown(column) for column in columns[:12])
            raise Invalid(
                f"It is not clear which column of {part.name} is the question and which the answer (the columns are {listed}).",
                hint="Say so with a mapping, or name them 'question' and 'answer' in the first line.",
            )
        parts = self._mapping or recognise(columns)
        used = {*parts.values(), *(() if self._mapping else values_module.LISTS if "action" in parts else values_module.WHOLE)}
        unused = [column for column in columns if column not in used and not column.startswith("column ")]
        if unused:
            self.notes.append(f"columns that are not used: {', '.join(shown(column) for column in unused[:12])}")

    def _values(self, part: Part) -> Iterator[tuple[int, Any]]:
        """The records of a JSON file with their numbers: Refused in place of one that cannot be read."""
        file = part.open()
        if part.kind == "lines":
            # The lines of old Macs end in a carriage return alone.
            separator = b"\r" if b"\r" in part.head and b"\n" not in part.head else b"\n"
            for number, line, length in numbered_lines(file, MAX_RECORD, separator):
                if length > MAX_RECORD and not line:
                    yield number, Refused(number, f"is longer than {MAX_RECORD >> 20} MB ({length / (1 << 20):,.1f} MB)")
                elif stripped := line.strip().removeprefix(b"\xef\xbb\xbf"):
                    yield number, _parsed(number, Value(stripped))
            return
        stream = JsonStream(file, limit=MAX_RECORD, depth=MAX_DEPTH)
        if part.kind == "array":
            stream.peek()
            values = iter([stream.value()]) if part.single else stream.items()
        elif part.kind == "wrapper":
            stream.peek()
            keys, others = wrapper_keys(part.head)
            if others:
                self.notes.append(f"lists that hold no records, left out: {', '.join(shown(key) for key in sorted(others))}")
            values = (value for _, value in stream.members(lambda key: _key(key) in keys))
        else:
            values = stream.sequence()
        number = 0
        for value in values:
            parsed = _parsed(number + 1, value)
            for record in records.questions_of(parsed) or [parsed]:
                number += 1
                yield number, record
        if stream.closed_early:
            self.notes.append(f"the file breaks off after record {number}: the list is never closed")
        elif part.kind in ("array", "wrapper"):
            told = stream.passed.get(b'"count"', b"")
            if told.isdigit() and int(told[:20]) != number:
                self.notes.append(f"the file says that it holds {int(told[:20]):,} records; there are {number:,}")
            for value in stream.sequence():
                number += 1
                yield number, Refused(number, "stands after the end of the list") if value.problem else _parsed(number, value)


def _only_rows(rows: Iterator[tuple[int, Any] | Refused]) -> Iterator[tuple[int, Any]]:
    return (row for row in rows if not isinstance(row, Refused))


def _short(record: dict[str, Any]) -> dict[str, str]:
    texts = {key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str) for key, value in record.items()}
    return {key[:100]: text[:300] + ("…" if len(text) > 300 else "") for key, text in list(texts.items())[:50]}
