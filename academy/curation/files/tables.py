"""Tables: CSV and its relatives, row by row, with the number of the line where each row begins; Parquet in batches."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from academy.curation.files.columns import check_mapping, recognise
from academy.curation.files.lines import numbered_lines
from academy.curation.files.records import BEGINNING, Refused
from academy.curation.files.values import MAX_RECORD, RowError
from academy.curation.lessons import MAX_TEXT
from academy.errors import Invalid
from academy.messages import Message, count, msg

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MAX_ROW = 4 * MAX_TEXT
_MAX_RESCANS = 100


@dataclass(frozen=True)
class Layout:
    """How a table is written: separator, the line before the header (`sep=;`), columns (None: there is no header), end of line."""

    separator: str
    skip_lines: int
    columns: list[str]
    headless: bool = False
    newline: bytes = b"\n"
    above: int = 0  # rows above the header: a title, a comment


def layout_of(head: bytes, *, prefer: str = "", mapping: dict[str, str] | None = None) -> Layout:
    """How the table that begins like this is written."""
    newline = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    skip = 0
    first, _, rest = text.partition(newline.decode())
    declared = ""
    plain = first.strip().strip('"').lower()
    if plain.startswith("sep=") and len(plain) <= 5:
        declared = first.strip().strip('"')[4:] or "\t"
        skip, text = 1, rest
    best: tuple[float, str, list[str], int] = (-1, declared or prefer or ",", [], 0)
    for separator in [declared] if declared else [prefer, *SEPARATORS] if prefer else list(SEPARATORS):
        rows = _sample(text, separator)
        if not rows:
            continue
        above = _header_at(rows)
        rows = rows[above:]
        columns = _names(rows[0])
        parts = recognise(columns)
        score = 10.0 * (("situation" in parts) + ("action" in parts)) if len(columns) > 1 else 0.0
        if mapping and all(column in columns for column in mapping.values()):
            score += 50
        same = sum(len(row) == len(rows[0]) for row in rows)
        score += (same / len(rows)) * min(len(columns), 5) if len(columns) > 1 else 0.1
        if score > best[0]:
            best = (score, separator, columns, above)
    _, separator, columns, above = best
    headless = bool(mapping) and not all(column in columns for column in (mapping or {}).values()) and _numbers(mapping or {}, len(columns))
    if headless:
        columns = [str(number) for number in range(1, len(columns) + 1)]
    return Layout(separator, skip, columns, headless, newline, 0 if headless else above)


def read_table(file: BinaryIO, layout: Layout, *, literal_quotes: bool = False) -> Iterator[tuple[int, dict[str, str]] | Refused]:
    """The rows below the header as column → text, exactly as written; each row has the number of its first line."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_ROW))
    feed = _Feed(numbered_lines(file, MAX_RECORD, layout.newline), layout.newline)
    for _ in range(layout.skip_lines):
        feed.drop()
    reader = csv.reader(feed, delimiter=layout.separator, strict=True)
    rescans = 0
    above = layout.above
    header_due = not layout.headless
    width = len(layout.columns)
    while True:
        feed.begin()
        problem: Message | None = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _explained(str(error))
        except RowError as error:
            problem = error.reason
        first = feed.used[0][0]
        if not problem and not fields and not feed.problem:
            continue
        if header_due and above:
            above -= 1
            continue
        if header_due:
            header_due = False
            if problem:
                raise Invalid(
                    "The header (line {first}) cannot be read: {problem}.",
                    hint="Correct the quotes in the first line.",
                    first=first,
                    problem=problem,
                )
            continue
        if problem and literal_quotes:
            # In a table of tabs a quote is often just a quote.
            line = feed.used[0][1].rstrip("\r\n")
            if line.count(layout.separator) == width - 1:
                problem, fields = None, line.split(layout.separator)
                feed.give_back(1)
        elif problem and len(feed.used) > 1 and rescans < _MAX_RESCANS:
            # A quote that is never closed would swallow the rows after it: only its own line is refused.
            rescans += len(feed.used) > 100
            feed.give_back(1)
        if not problem:
            problem = feed.problem or _misfit(fields, width)
        if problem:
            last = feed.used[-1][0] if len(feed.used) > 1 else None
            if last is not None:
                problem = msg("{problem} (it runs to line {line})", problem=problem, line=last)
            yield Refused(first, problem, "".join(line for _, line, _ in feed.used[:20])[:BEGINNING])
        else:
            yield first, dict(zip(layout.columns, fields, strict=True))


def read_parquet(path: Path, mapping: dict[str, str] | None) -> Iterator[tuple[int, Any] | Refused]:
    """The rows of a Parquet file, from 1, as column → value."""
    import pyarrow as pa  # heavy, and only needed here
    import pyarrow.parquet as pq

    hint = "Write it again, or export it as JSONL or CSV."
    try:
        schema = pq.read_schema(path)
        check_mapping(mapping, schema.names)
        texts = [name for name in schema.names if pa.types.is_string(schema.field(name).type)]
        wanted = [name for name in schema.names if not _is_binary(schema.field(name).type)]
        # As a dictionary a text that is repeated in many rows is held once, whatever it unpacks to.
        with pq.ParquetFile(path, memory_map=True, read_dictionary=texts) as table:
            row = 0
            for batch in table.iter_batches(batch_size=_batch_size(table.metadata), columns=wanted):
                for start in range(0, batch.num_rows, 64):
                    part = batch.slice(start, 64)
                    too_long = _too_long(part)
                    good = part.take(pa.array([position for position in range(part.num_rows) if position not in too_long], pa.int32()))
                    records = iter(good.to_pylist())
                    for position in range(part.num_rows):
                        row += 1
                        if position in too_long:
                            yield Refused(row, too_long[position])
                        else:
                            yield row, {key: _text_of(value) for key, value in next(records).items() if value is not None}
    except (pa.ArrowException, OSError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise Invalid("This Parquet file is damaged or of an unknown kind ({kind}).", hint=hint, kind=type(error).__name__) from error


def _text_of(value: Any) -> Any:
    """Text that was written as bytes, as old programs do, as text; anything else as it is."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value


def _too_long(part: Any) -> dict[int, Message]:
    """The rows with a text that is too long to unpack: position → reason."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[int, Message] = {}
    for name, column in zip(part.schema.names, part.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            sizes = pc.call_function("binary_length", [column.dictionary]).to_pylist()
            lengths = [None if index is None else sizes[index] for index in column.indices.to_pylist()]
        elif any(
            kind(column.type) for kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
        ):
            lengths = pc.call_function("binary_length", [column]).to_pylist()
        else:
            continue
        for position, length in enumerate(lengths):
            if length is not None and length > _MAX_ROW:
                found[position] = msg(
                    "{column} is {size:number} bytes long; {limit:number} characters is the limit",
                    column=name[:40],
                    size=length,
                    limit=MAX_TEXT,
                )
    return found


def parquet_columns(path: Path) -> list[str]:
    """The names of a Parquet file's columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Invalid("This Parquet file is damaged: its end, which lists its contents, cannot be read.", hint="Copy it again.") from error


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as kinds

    if kinds.is_struct(kind):  # images are a struct with bytes in it
        return any(kinds.is_binary(field.type) or kinds.is_large_binary(field.type) for field in kind)
    return False


def _batch_size(metadata: Any) -> int:
    """Rows a batch so that one holds about 8 MB, as far as the file's own figures are right."""
    total = sum(metadata.row_group(number).total_byte_size for number in range(min(metadata.num_row_groups, 1000)))
    return max(1, min(1024, int((8 << 20) * max(1, metadata.num_rows) / max(1, total))))


def _sample(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == 20:
                break
    except csv.Error:
        pass  # the head ends in the middle of a row: the rows before it are the sample
    return rows


def _header_at(rows: list[list[str]]) -> int:
    """How many rows stand above the header, where a title or a comment does; 0 where it is unclear."""
    for position, row in enumerate(rows[:10]):
        parts = recognise(_names(row)) if len(row) > 1 and all(len(cell) < 60 for cell in row) else {}
        if "situation" in parts and "action" in parts:
            return position
        if sum(bool(cell.strip()) for cell in row) > 1:
            break  # this is the header, or there is none
    return 0


def _names(header: Iterable[str]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().strip("\ufeff") or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _numbers(mapping: dict[str, str], width: int) -> bool:
    return all(column.isascii() and column.isdigit() and 1 <= int(column) <= width for column in mapping.values())


def _misfit(fields: list[str], width: int) -> Message | None:
    if len(fields) == width:
        return None
    one, other = "has {n} column instead of {expected}", "has {n} columns instead of {expected}"
    return count(len(fields), one=one, other=other, expected=width)


def _explained(message: str) -> Message:
    if "expected after" in message:
        return msg("has text after a closing quote (a quote inside a quoted field must be doubled)")
    if "unexpected end" in message:
        return msg("has a quote that is never closed")
    if "field larger" in message:
        return msg("has a field that is too long ({limit:number} characters is the limit), or a quote that is never closed", limit=MAX_TEXT)
    if "new-line character" in message:
        return msg("has a carriage return outside of quotes")
    return msg(message)


class _Feed:
    """Hands lines to the CSV reader and remembers those of the current row, to give some back."""

    def __init__(self, lines: Iterator[tuple[int, bytes, int]], newline: bytes) -> None:
        self._lines = lines
        self._newline = newline
        self._waiting: deque[tuple[int, str, Message | None]] = deque()
        self.used: list[tuple[int, str, Message | None]] = []
        self._size = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.used and self._size > _MAX_ROW:
            raise RowError("is longer than {limit:number} characters, or has a quote that is never closed", limit=_MAX_ROW)
        item = self._waiting.popleft() if self._waiting else self._decoded(*next(self._lines))
        self.used.append(item)
        self._size += len(item[1])
        return item[1]

    @property
    def problem(self) -> Message | None:
        """What is wrong with a line of the current row, if anything."""
        return next((problem for _, _, problem in self.used if problem), None)

    def begin(self) -> None:
        self.used = []
        self._size = 0

    def drop(self) -> None:
        next(self, None)

    def give_back(self, keep: int) -> None:
        self._waiting.extendleft(reversed(self.used[keep:]))
        del self.used[keep:]

    def _decoded(self, number: int, line: bytes, length: int) -> tuple[int, str, Message | None]:
        problem: Message | None = None
        if length > MAX_RECORD and not line:
            problem = msg("has a line longer than {limit} MB", limit=MAX_RECORD >> 20)
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            problem = msg("is not UTF-8 (byte 0x{byte:02x}); save the file as 'CSV UTF-8'", byte=line[error.start])
            text = line.decode("utf-8", "replace")
        if "\x00" in text:
            problem = problem or msg("holds a NUL character")
        if self._newline == b"\r":
            text = text.removesuffix("\r") + "\n"
        return number, text.removeprefix("\ufeff") if number == 1 else text, problem
