"""Lessons from files of every known form: its kind, its rows one by one, and a report that accounts for each row."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from academy.curation.files import chats, records
from academy.curation.files.archive import Archive, Part, plain_filename
from academy.curation.files.columns import THINKING, check_mapping, plain_name, recognise
from academy.curation.files.gathered import Gathered, gather, used_columns
from academy.curation.files.jsonstream import JsonStream, Value
from academy.curation.files.kinds import JSON, is_no_name, kind_of, look, member_key, parsed, wrapper_keys
from academy.curation.files.lines import numbered_lines
from academy.curation.files.prose import read_prose
from academy.curation.files.ratings import Scale
from academy.curation.files.records import Kept, Refused
from academy.curation.files.tables import layout_of, parquet_columns, read_parquet, read_table
from academy.curation.files.values import LISTS, MAX_DEPTH, MAX_RECORD, WHOLE, RowError, shown
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import LessonIn
from academy.curation.redaction.redact import redact
from academy.errors import AcademyError, Invalid
from academy.messages import Message, Text, msg

MAX_REFUSALS = 1000
_SHOWN = 160


class Refusal(BaseModel):
    """A row that was refused, and why; or (as a note) what was left out of a row."""

    row: int
    reason: Text
    text: str = Field(default="", description="The beginning of the row.")


class Detected(BaseModel):
    """What kind of file it is; of a table: its columns, what they seem to mean (part → column), and the first rows, cut short."""

    kind: str
    columns: list[str] = []
    mapping: dict[str, str] = {}
    sample: list[dict[str, str]] = []
    error: Text | None = None


class FileReport(BaseModel):
    """What became of each row of a file: read = kept + refused; some of those kept existed already."""

    name: str
    kind: str = ""
    read: int = 0
    kept: int = 0
    already_there: int = 0
    new: int = 0
    import_id: str = Field(default="", description="Of lessons: what undoes the import; empty where nothing is new.")
    refused: int = 0
    refusals: list[Refusal] = Field(default=[], description="The first 1,000.")
    notes: list[Refusal] = Field(default=[], description="What was left out of kept rows (the first 1,000); row 0: of the file.")
    redacted_secrets: int = 0
    redacted_kinds: dict[str, int] = {}
    error: Text | None = None
    unclear: Detected | None = Field(
        default=None, description="Where it is not clear which column is what: the columns, to be mapped by hand."
    )
    mapping: dict[str, str] = Field(default={}, description="Of a table: what its columns were taken for (part → column).")
    unused: list[str] = Field(default=[], description="Of a table: the columns that mean nothing here.")

    def count(self, item: Kept | Refused) -> None:
        """Takes one row into account."""
        self.read += 1
        if isinstance(item, Refused):
            self.refused += 1
            if len(self.refusals) < MAX_REFUSALS:
                self.refusals.append(Refusal(row=item.row, reason=item.reason, text=_shown(item.text)))
            return
        self.kept += 1
        for note in item.notes:
            if len(self.notes) < MAX_REFUSALS:
                self.notes.append(Refusal(row=item.row, reason=note))


def read_rows(path: Path, filename: str, *, mapping: dict[str, str] | None = None) -> Iterator[Kept | Refused]:
    """The file's rows in order, each kept or refused; raises Invalid or TooLarge for a file that cannot be read at all."""
    with contextlib.closing(_Reader(path, filename, mapping)) as file:
        yield from file.rows()


def read_file(path: Path, filename: str, report: FileReport, *, mapping: dict[str, str] | None = None) -> Iterator[Kept | Refused]:
    """As `read_rows`, with every row counted in the report as it passes."""
    with contextlib.closing(_Reader(path, filename, mapping)) as file:
        for item in file.rows():
            report.count(item)
            yield item
        report.kind, report.mapping, report.unused = file.kind, file.columns, file.unused
        report.notes = [*(Refusal(row=0, reason=note) for note in file.notes), *report.notes][:MAX_REFUSALS]


def import_file(path: Path, filename: str, store: LessonStore, *, mapping: dict[str, str] | None = None) -> FileReport:
    """Takes a file's rows over as lessons: all that can be kept or, where the file itself is at fault, none of them."""
    report = FileReport(name=plain_filename(filename))
    redacted: Counter[str] = Counter()
    try:
        rows = read_file(path, filename, report, mapping=mapping)
        lessons = (_from(item.lesson, report.name) for item in rows if isinstance(item, Kept) and item.lesson is not None)
        report.new, report.already_there, report.import_id = store.add_import(lessons, redacted=redacted, name=report.name)
    except AcademyError as error:
        if error.status == 507:
            raise
        return FileReport(name=report.name, error=error.text, unclear=unclear(path, filename, mapping) if error.status == 422 else None)
    report.unclear = None if report.kept else unclear(path, filename, mapping)
    report.redacted_kinds = dict(redacted)
    report.redacted_secrets = redacted.total()
    return report


def _from(lesson: LessonIn, name: str) -> LessonIn:
    """The lesson with the file as its source, where it names none itself."""
    return lesson.model_copy(update={"metadata": {"source": name} | lesson.metadata})


def detect(path: Path, filename: str) -> Detected:
    """The file's kind and the likely meaning of its columns, from its first rows; `error` says why it cannot be read."""
    try:
        with contextlib.closing(_Reader(path, filename, None)) as file:
            return file.detected()
    except AcademyError as error:
        return Detected(kind="", error=error.text)


def unclear(path: Path, filename: str, mapping: dict[str, str] | None) -> Detected | None:
    """The columns to map by hand, where there is no mapping and their names do not show their meaning."""
    found = detect(path, filename) if mapping is None else None
    return found if found and found.columns and not {"situation", "action"} <= set(found.mapping) else None


# ------------------------------------------------------------------ the rows of a file


class _Reader:
    """The rows of all parts of a file; `kind` is that of the first part."""

    def __init__(self, path: Path, filename: str, mapping: dict[str, str] | None) -> None:
        self._mapping = check_mapping(mapping)
        self._archive = Archive(path, filename)
        self.notes = self._archive.notes
        self.close = self._archive.close
        self.kind = ""
        self.columns: dict[str, str] = {}
        self._scale: Scale | None = None
        self.unused: list[str] = []

    def rows(self) -> Iterator[Kept | Refused]:
        """All rows of all parts."""
        parts = self._archive.parts()
        several = len(parts) > 1
        for part in parts:
            look(part, self._archive, self._mapping)
            self.kind = self.kind or part.kind
            for item in self._read(part):
                yield _of_part(item, part) if several and isinstance(item, Refused) else item

    def detected(self) -> Detected:
        """Kind, columns, mapping and sample of the first part."""
        part = self._archive.parts()[0]
        look(part, self._archive, self._mapping)
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
            read = itertools.islice(self._values(part, []), 50) if part.kind in JSON else iter(())
            values = [value for _, value in itertools.islice(gather(read), 5)]
            samples = [value for value in values if isinstance(value, dict)]
            columns = list(dict.fromkeys(key for value in samples for key in value))
            part.kind = next((kind for value in values if (kind := kind_of(value))), part.kind)
            if part.kind not in ("alpaca", "pairs", "lessons", "preference", *JSON):
                return Detected(kind=part.kind, sample=[_short(value) for value in samples])
        mapping = recognise(columns)
        if not {"situation", "action"} <= set(mapping) and any(kind_of(value) for value in samples):
            columns, mapping = [], {}  # whole conversations: there is nothing to map
        return Detected(kind=part.kind, columns=columns, mapping=mapping, sample=[_short(value) for value in samples])

    def _read(self, part: Part) -> Iterator[Kept | Refused]:
        if part.kind in ("markdown", "text"):
            yield from read_prose(part.open, self.notes)
        elif part.path is not None and part.kind == "parquet":
            yield from self._table(part, parquet_columns(part.path), "{name} has columns and no row.")
        elif part.layout is not None:
            if part.layout.above:
                self.notes.append(msg("rows above the header, left out: {n}", n=part.layout.above))
            yield from self._table(part, part.layout.columns, "{name} has a header and no row below it.")
        else:
            seen = 0
            self._scale = self._scale_of(part)
            values = self._values(part, self.notes)
            for number, value in gather(values) if self._mapping is None else values:
                seen += 1
                if isinstance(value, Refused):
                    yield value
                    continue
                if seen == 1:
                    self.kind = kind_of(value) or self.kind
                yield self._row(number, value)
            if not seen:
                raise Invalid("{name} holds no record.", hint="Choose a file with at least one.", name=part.name)

    def _row(self, number: int, value: Any) -> Kept | Refused:
        if self._mapping is None and chats.kind_of(value):
            try:
                return chats.read_chat(number, value)
            except RowError as error:
                return Refused(number, error.reason, records.beginning(chats.beginning_of(value)))
            except RecursionError:
                return Refused(number, msg("is nested too deep"))
        return records.read_record(number, value, self._mapping, self._scale)

    def _scale_of(self, part: Part) -> Scale | None:
        """The range of the part's ratings, where they are numbers."""
        rows = _only_rows(self._raw(part))
        ratings = (value[column] for _, value in rows if isinstance(value, dict) and (column := self._rated_in(value)))
        first = [value[column] for _, value in itertools.islice(rows, 200) if isinstance(value, dict) and (column := self._rated_in(value))]
        return Scale.of(itertools.chain(first, ratings)) if Scale.of(first) else None

    def _rated_in(self, record: dict[str, Any]) -> str:
        """The column of the rating in a record that has one."""
        parts = self._mapping or recognise([key for key in record if isinstance(key, str)])
        return column if (column := parts.get("rating", "")) in record else ""

    def _raw(self, part: Part) -> Iterator[tuple[int, Any] | Refused]:
        """The records of a part as they stand."""
        if part.path is not None and part.kind == "parquet":
            return read_parquet(part.path, self._mapping)
        if part.layout is not None:
            return read_table(part.open(), part.layout, literal_quotes=part.layout.separator == "\t")
        return (value if isinstance(value, Refused) else (number, value) for number, value in self._values(part, []))

    def _table(self, part: Part, columns: list[str], nothing: str) -> Iterator[Kept | Refused]:
        """The rows of a table; raises Invalid where it is not clear which column is what, or there is no row."""
        if self._mapping is not None:
            check_mapping(self._mapping, columns)
        self._scale = self._scale_of(part) if "rating" in (self._mapping or recognise(columns)) else None
        numbered = ((item.row, item) if isinstance(item, Refused) else item for item in self._raw(part))
        seen = 0
        for number, value in gather(numbered) if self._mapping is None else numbered:
            seen += 1
            if seen == 1:
                self._describe(part, columns, isinstance(value, Gathered))
            yield value if isinstance(value, Refused) else self._row(number, value)
        if not seen:
            self._describe(part, columns, False)
            raise Invalid(nothing, hint="Choose a file with at least one row.", name=part.name)

    def _describe(self, part: Part, columns: list[str], are_messages: bool) -> None:
        """Says what the columns were taken for; raises Invalid where that is not clear."""
        if self._mapping is None and not are_messages and not records.is_understood(columns):
            raise Invalid(
                "It is not clear which column of {name} is the question and which the answer (the columns are {columns:commas}).",
                hint="Say so with a mapping, or name them 'question' and 'answer' in the first line.",
                name=part.name,
                columns=[shown(column) for column in columns[:12]],
            )
        parts = {} if are_messages else self._mapping or recognise(columns)
        used = {*parts.values(), *(() if self._mapping else LISTS if "action" in parts else WHOLE)}
        if are_messages:
            used |= used_columns(columns)
        known = (plain_name(column) in THINKING or column.startswith("column ") for column in columns)
        unused = [column for column, is_known in zip(columns, known, strict=True) if column not in used and not is_known]
        self.columns, self.unused = dict(parts), [column[:200] for column in unused[:50]]
        if unused:
            self.notes.append(msg("columns that are not used: {columns:commas}", columns=[shown(column) for column in unused[:12]]))

    def _values(self, part: Part, notes: list[Message]) -> Iterator[tuple[int, Any]]:
        """The records of a JSON file with their numbers: Refused in place of one that cannot be read; notes on the file as a whole."""
        file = part.open()
        if part.kind == "lines":
            # The lines of old Macs end in a carriage return alone.
            separator = b"\r" if b"\r" in part.head and b"\n" not in part.head else b"\n"
            for number, line, length in numbered_lines(file, MAX_RECORD, separator):
                if length > MAX_RECORD and not line:
                    reason = msg("is longer than {limit} MB ({size:decimal1} MB)", limit=MAX_RECORD >> 20, size=length / (1 << 20))
                    yield number, Refused(number, reason)
                elif stripped := line.strip().removeprefix(b"\xef\xbb\xbf"):
                    yield number, parsed(number, Value(stripped))
            return
        stream = JsonStream(file, limit=MAX_RECORD, depth=MAX_DEPTH)
        if part.kind == "array":
            stream.peek()
            values = iter([stream.value()]) if part.single else stream.items()
        elif part.kind == "wrapper":
            stream.peek()
            keys, others = wrapper_keys(part.head)
            if others:
                notes.append(msg("lists that hold no records, left out: {names:commas}", names=[shown(key) for key in sorted(others)]))
            values = (value for _, value in stream.members(lambda key: member_key(key) in keys))
        else:
            values = stream.sequence()
        number = 0
        for value in values:
            whole = parsed(number + 1, value)
            for record in records.questions_of(whole) or [whole]:
                number += 1
                yield number, record
        if stream.closed_early:
            notes.append(msg("the file breaks off after record {number}: the list is never closed", number=number))
        elif part.kind in ("array", "wrapper"):
            declared = stream.passed.get(b'"count"', b"")
            if declared.isdigit() and int(declared[:20]) != number:
                notes.append(
                    msg(
                        "the file says that it holds {declared:number} records; there are {n:number}", declared=int(declared[:20]), n=number
                    )
                )
            for value in stream.sequence():
                number += 1
                is_broken = value.problem is not None
                yield number, Refused(number, msg("stands after the end of the list")) if is_broken else parsed(number, value)


def _of_part(item: Refused, part: Part) -> Refused:
    return Refused(item.row, msg("{part}: {reason}", part=part.name, reason=item.reason), item.text)


def _shown(text: str) -> str:
    """The beginning of a refused row on one line; its secrets are taken out before it is cut, so that none is cut in half."""
    line = " ".join(redact(text).text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _only_rows(rows: Iterator[tuple[int, Any] | Refused]) -> Iterator[tuple[int, Any]]:
    return (row for row in rows if not isinstance(row, Refused))


def _short(record: dict[str, Any]) -> dict[str, str]:
    texts = {key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str) for key, value in record.items()}
    return {key[:100]: text[:300] + ("…" if len(text) > 300 else "") for key, text in list(texts.items())[:50]}
