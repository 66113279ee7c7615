"""Uploaded files as sources of datasets: read once, redacted, and kept as rows; the file itself is not kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import mimetypes
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, Field, ValidationError

from academy.curation.examples import Example, Turn
from academy.curation.files.archive import plain_filename
from academy.curation.files.imports import Detected, FileReport, Kept, Refusal, Refused, read_file, unclear
from academy.curation.lessons import NEVER_TRAINED, LessonIn, exchange_of, is_trainable, said_of
from academy.curation.redaction.redact import redact_example
from academy.curation.remote.origin import Origin
from academy.errors import AcademyError, NoSpace, NotFound, TooLarge
from academy.files import disk_errors, inside, now, read_json, sync_folder, write_json
from academy.messages import Text, count, join, msg
from academy.rows import WORDINGS, wordings_of

_MIME = {"jsonl": "application/jsonl", "ndjson": "application/jsonl", "parquet": "application/vnd.apache.parquet", "md": "text/markdown"}


class UploadRecord(BaseModel):
    """The facts of an uploaded file; `records_estimate` counts the rows that can be learned from."""

    id: str
    name: str
    size_bytes: int
    mime: str
    created_at: str
    status: Literal["ready", "failed"]
    records_estimate: int = 0
    sha256: str = ""
    error: Text | None = None
    kind: str = ""
    read: int = 0
    refused: int = 0
    redacted_secrets: int = 0
    origin: Origin | None = Field(default=None, description="Of a file that was read from the network: from where.")
    mapping: dict[str, str] | None = Field(default=None, description="Which column is what, where a person said so.")
    unclear: Detected | None = Field(
        default=None, description="Where it is not clear which column is what: the columns, to be mapped by hand."
    )
    refusals: list[Refusal] = Field(default=[], description="The first refused rows and why; not in the list of uploads.")
    notes: list[Refusal] = Field(default=[], description="What was left out of kept rows; not in the list of uploads.")


class UploadStore:
    """A folder for each upload: `file` (its rows), `report.json` (each row's fate) and, written last, `record.json`."""

    def __init__(self, folder: Path, max_mb: int) -> None:
        self.folder = folder
        self.max_mb = max_mb
        # No record names what an interrupted upload left behind.
        for path in folder.glob(".incoming-*") if folder.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)

    def add(self, stream: BinaryIO, filename: str, *, mapping: dict[str, str] | None = None, origin: Origin | None = None) -> UploadRecord:
        """Reads a file in; one that cannot be used gives a record with `error`, and nothing of it is stored."""
        record = UploadRecord(
            id=f"upload_{secrets.token_hex(8)}",
            name=plain_filename(filename),
            size_bytes=0,
            mime=_mime(filename),
            created_at=now(),
            status="ready",
            mapping=mapping or None,
            origin=origin,
        )
        aside = self.folder / f".incoming-{record.id}"
        try:
            with disk_errors(record.name):
                aside.mkdir(parents=True, mode=0o700)
                raw = aside / "raw"
                size, digest = self._receive(stream, raw, record.name)
                report = FileReport(name=record.name)
                report.redacted_kinds = dict(_write_rows(aside / "file", read_file(raw, filename, report, mapping=mapping)))
                report.redacted_secrets = sum(report.redacted_kinds.values())
                record = record.model_copy(
                    update={
                        "size_bytes": size,
                        "sha256": digest,
                        "kind": report.kind,
                        "records_estimate": report.kept,
                        "read": report.read,
                        "refused": report.refused,
                        "redacted_secrets": report.redacted_secrets,
                    }
                )
                lists: dict[str, Any] = {"refusals": report.refusals, "notes": report.notes}
                if not report.kept:
                    error = _nothing_kept(report)
                    lists["unclear"] = unclear(raw, filename, mapping)
                    return record.model_copy(update={"status": "failed", "error": error, **lists})
                raw.unlink()
                write_json(aside / "report.json", report.model_dump(context={"stored": True}), mode=0o600)
                write_json(aside / "record.json", record.model_dump(context={"stored": True}), mode=0o600)
                os.rename(aside, self.folder / record.id)
                sync_folder(self.folder)
                return record.model_copy(update=lists)
        except NoSpace:
            raise
        except AcademyError as error:
            asked = unclear(aside / "raw", filename, mapping) if error.status == 422 else None
            return record.model_copy(update={"status": "failed", "error": error.text, "unclear": asked})
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def list(self) -> list[UploadRecord]:
        """The uploads that are ready, newest first."""
        records = []
        for path in self.folder.glob("upload_*/record.json") if self.folder.is_dir() else ():
            # A record that was damaged by hand hides its own upload, not the others.
            with contextlib.suppress(ValueError, OSError, NotFound):
                records.append(self._record(path.parent.name))
        return sorted(records, key=lambda record: (record.created_at, record.id), reverse=True)

    def get(self, upload_id: str) -> UploadRecord:
        """One upload's record; raises NotFound."""
        try:
            return self._record(upload_id)
        except (ValueError, OSError) as error:
            raise _unknown(upload_id) from error

    def report(self, upload_id: str) -> FileReport:
        """What became of each row of the file."""
        self.get(upload_id)
        return FileReport.model_validate(read_json(self.folder / upload_id / "report.json"))

    def delete(self, upload_id: str) -> None:
        """Deletes an upload; raises NotFound."""
        record = self.get(upload_id)
        gone = self.folder / f".incoming-{record.id}-{secrets.token_hex(3)}"
        # Renamed first: it is gone in one step, whatever happens while its files are deleted.
        try:
            os.rename(self.folder / record.id, gone)
        except FileNotFoundError as error:
            raise _unknown(upload_id) from error
        shutil.rmtree(gone, ignore_errors=True)

    def examples(self, upload_id: str) -> Iterator[Kept | Refused]:
        """The rows to learn from; one that is rated bad and was not corrected comes as refused."""
        self.get(upload_id)
        for row, lesson, turns in self._rows(upload_id):
            yield Kept(row, lesson, turns) if is_trainable(lesson) else Refused(row, NEVER_TRAINED)

    def as_examples(self, upload_ids: list[str]) -> tuple[Iterator[Example], list[Text]]:
        """The rows of several uploads as examples, and the warnings about them, complete when all rows are read."""
        records = [self.get(upload_id) for upload_id in upload_ids]
        warnings: list[Text] = [
            msg(
                "{name}: {refused:number} of {read:number} rows were refused when it was uploaded.",
                name=record.name,
                refused=record.refused,
                read=record.refused + record.records_estimate,
            )
            for record in records
            if record.refused
        ]
        return self._examples(records, warnings), warnings

    def disliked(self, upload_ids: list[str]) -> Iterator[Example]:
        """The rows of several uploads that are rated bad without a correction."""
        for upload_id in upload_ids:
            for row, lesson, turns in self._rows(upload_id):
                if lesson.rating == "bad" and not is_trainable(lesson):
                    yield Example(turns, source="uploads", origin=str(row), meta=said_of(lesson))

    # ---------------------------------------------------------------- helpers

    def _rows(self, upload_id: str) -> Iterator[tuple[int, LessonIn, tuple[Turn, ...]]]:
        with open(self.folder / upload_id / "file", "rb") as file:
            for line in file:
                row = json.loads(line)
                lesson = LessonIn.model_construct(**row["lesson"])  # checked before it was written
                yield row["row"], lesson, tuple(Turn(*turn) for turn in row["turns"])

    def _examples(self, records: list[UploadRecord], warnings: list[Text]) -> Iterator[Example]:
        for record in records:
            never = 0
            for item in self.examples(record.id):
                never += isinstance(item, Refused)
                if isinstance(item, Kept):
                    lesson = item.lesson
                    moment = (lesson.timestamp if lesson else None) or record.created_at
                    meta = said_of(lesson) if lesson else {}
                    if lesson and (wordings := wordings_of(lesson.metadata)):
                        meta[WORDINGS] = wordings
                    yield Example(item.turns, source="uploads", origin=f"{record.name}:{item.row}", time=moment, meta=meta)
            if never:
                warnings.append(
                    count(
                        never,
                        one="{name}: {n} row is left out: {why}.",
                        other="{name}: {n} rows are left out: {why}.",
                        name=record.name,
                        why=NEVER_TRAINED,
                    )
                )

    def _record(self, upload_id: str) -> UploadRecord:
        try:
            path = inside(self.folder, upload_id, "upload")
            value = read_json(path / "record.json")
        except AcademyError as error:
            raise _unknown(upload_id) from error
        if value is None or not upload_id.startswith("upload_"):
            raise _unknown(upload_id)
        try:
            return UploadRecord.model_validate(value)
        except ValidationError as error:
            raise ValueError(str(error)) from error

    def _receive(self, stream: BinaryIO, path: Path, name: str) -> tuple[int, str]:
        limit = self.max_mb << 20
        digest = hashlib.sha256()
        size = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise TooLarge(
                        "{name} is larger than {limit:number} MB.",
                        hint="Split it, or raise ACADEMY_MAX_UPLOAD_MB.",
                        name=name,
                        limit=self.max_mb,
                    )
                digest.update(chunk)
                file.write(chunk)
        return size, digest.hexdigest()


_TURNS = ("history", "system", "thinking", "conversation")
"""What of a lesson's metadata its turns hold already."""


def _nothing_kept(report: FileReport) -> Text:
    error = msg("None of the {read:number} rows of {name} can be used.", read=report.read, name=report.name)
    first = next(iter(report.refusals), None)
    return join(error, msg("Row {row}: {reason}.", row=first.row, reason=first.reason)) if first else error


def _write_rows(path: Path, rows: Iterator[Kept | Refused]) -> Counter[str]:
    """Writes the kept rows without their secrets, and says how many secrets of each kind there were."""
    kinds: Counter[str] = Counter()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for row in rows:
            if isinstance(row, Refused) or row.lesson is None:
                continue
            # The turns hold the earlier turns: in the metadata too, they would count twice.
            metadata = {key: value for key, value in row.lesson.metadata.items() if key not in _TURNS}
            rest = row.lesson.model_dump(exclude={"situation", "action", "metadata", "lesson_id"}, exclude_defaults=True) | {
                "metadata": metadata
            }
            clean, found = redact_example(Example(row.turns, source="uploads", meta=rest))
            kinds.update(found)
            turns = [turn[:2] if turn.is_plain else turn for turn in clean.turns]
            situation, action = exchange_of(clean.turns)
            lesson = {"situation": situation, "action": action, **clean.meta}
            file.write(json.dumps({"row": row.row, "turns": turns, "lesson": lesson}, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return kinds


def _mime(filename: str) -> str:
    name = plain_filename(filename)
    end = name.lower().rsplit(".", 1)[-1]
    return _MIME.get(end) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _unknown(upload_id: str) -> NotFound:
    shown = upload_id[:80].encode("ascii", "backslashreplace").decode()
    return NotFound("There is no upload {id!r}.", hint="It may have been deleted; list the uploads to see those that are there.", id=shown)
