"""Documents on the disk: read once, redacted, and kept as passages; the file itself is not kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ValidationError

from academy.curation.documents.passages import Passage
from academy.curation.documents.reading import Document, kind_of
from academy.curation.examples import Example, Turn
from academy.curation.files.archive import plain_filename
from academy.curation.redaction.redact import redact
from academy.errors import AcademyError, NoSpace, NotFound, TooLarge
from academy.files import append_line, disk_errors, inside, now, read_json, sync_folder, write_atomic, write_json
from academy.messages import Text

Decision = Literal["accepted", "rejected", "waiting"]
Reader = Callable[[Path, str, str], Document]
"""Reads a file with this name and of this kind."""


class DocumentRecord(BaseModel):
    """The facts of a document."""

    id: str
    name: str
    status: Literal["ready", "failed"]
    created_at: str
    kind: str = ""
    size_bytes: int = 0
    sha256: str = ""
    pages: int = 0
    passages: int = 0
    tokens: int = 0
    counted: bool = False
    base_model: str = ""
    redacted_secrets: int = 0
    notes: list[Text] = []
    error: Text | None = None


class Review(BaseModel):
    """A person's decision on a question that a model wrote, and the texts as the person left them."""

    pair: str
    state: Decision
    question: str = ""
    answer: str = ""
    lesson_id: str | None = None
    time: str = ""


class DocumentStore:
    """A folder for each document: its passages, the journal of decisions and, written last, `record.json`."""

    def __init__(self, folder: Path, max_mb: int) -> None:
        self.folder = folder
        self._max_mb = max_mb
        # No record names what an interrupted upload left behind.
        for path in folder.glob(".incoming-*") if folder.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)

    def add(self, stream: BinaryIO, filename: str, read: Reader, base_model: str) -> DocumentRecord:
        """Reads a document in; one that cannot be used gives a record with `error`, and nothing of it is stored."""
        name = plain_filename(filename)
        record = DocumentRecord(id=f"document_{secrets.token_hex(8)}", name=name, status="ready", created_at=now(), base_model=base_model)
        aside = self.folder / f".incoming-{record.id}"
        try:
            with disk_errors(name):
                aside.mkdir(parents=True, mode=0o700)
                raw = aside / "raw"
                size, digest = self._receive(stream, raw, name)
                with raw.open("rb") as file:
                    kind = kind_of(name, file.read(4096))
                document = read(raw, name, kind)
                passages, redacted = _without_secrets(document.passages)
                raw.unlink()
                facts: dict[str, Any] = {"kind": kind, "size_bytes": size, "sha256": digest, "pages": document.pages}
                facts |= {"passages": len(passages), "tokens": sum(passage.tokens for passage in passages), "counted": document.counted}
                record = record.model_copy(update=facts | {"redacted_secrets": redacted, "notes": document.notes})
                lines = (json.dumps(passage.model_dump(), ensure_ascii=False) + "\n" for passage in passages)
                write_atomic(aside / "passages.jsonl", "".join(lines), mode=0o600)
                write_json(aside / "record.json", record.model_dump(context={"stored": True}), mode=0o600)
                os.rename(aside, self.folder / record.id)
                sync_folder(self.folder)
            return record
        except NoSpace:
            raise
        except AcademyError as error:
            return record.model_copy(update={"status": "failed", "error": error.text})
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def list(self) -> list[DocumentRecord]:
        """The documents, newest first."""
        records = []
        for path in self.folder.glob("document_*/record.json") if self.folder.is_dir() else ():
            # A record that was damaged by hand hides its own document, not the others.
            with contextlib.suppress(NotFound):
                records.append(self.get(path.parent.name))
        return sorted(records, key=lambda record: (record.created_at, record.id), reverse=True)

    def get(self, document_id: str) -> DocumentRecord:
        """One document's record; raises NotFound."""
        try:
            return DocumentRecord.model_validate(read_json(self._folder_of(document_id) / "record.json"))
        except (AcademyError, ValidationError, ValueError, OSError) as error:
            raise _unknown(document_id) from error

    def passages(self, document_id: str) -> list[Passage]:
        """All passages of a document, in their order; raises NotFound."""
        with open(self.passages_path(document_id), encoding="utf-8") as file:
            return [Passage.model_validate_json(line) for line in file]

    def delete(self, document_id: str) -> None:
        """Deletes a document; raises NotFound."""
        self.get(document_id)
        gone = self.folder / f".incoming-{secrets.token_hex(6)}"
        # Renamed first: it is gone in one step, whatever happens while its files are deleted.
        os.rename(self._folder_of(document_id), gone)
        shutil.rmtree(gone, ignore_errors=True)

    def as_examples(self, document_ids: Sequence[str]) -> Iterator[Example]:
        """The passages of several documents as plain text."""
        for document_id in document_ids:
            record = self.get(document_id)
            for passage in self.passages(document_id):
                origin = f"{record.name}:{passage.number}" + (f" (p. {passage.page})" if passage.page else "")
                yield Example((Turn("text", passage.as_row),), source="documents", origin=origin, time=record.created_at)

    def passages_path(self, document_id: str) -> Path:
        """The file of the passages, one a line; raises NotFound."""
        self.get(document_id)
        return self._folder_of(document_id) / "passages.jsonl"

    def reviews(self, document_id: str) -> dict[str, Review]:
        """By the pair's id what was decided last."""
        self.get(document_id)
        path, found = self._folder_of(document_id) / "reviews.jsonl", {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            with contextlib.suppress(ValidationError):  # a torn line
                review = Review.model_validate_json(line)
                found[review.pair] = review
        return found

    def review(self, document_id: str, review: Review) -> None:
        """Adds a decision; the last one on a pair counts."""
        self.get(document_id)
        append_line(self._folder_of(document_id) / "reviews.jsonl", review.model_dump_json())

    # ---------------------------------------------------------------- helpers

    def _folder_of(self, document_id: str) -> Path:
        if not document_id.startswith("document_"):
            raise _unknown(document_id)
        return inside(self.folder, document_id, "document")

    def _receive(self, stream: BinaryIO, path: Path, name: str) -> tuple[int, str]:
        limit, digest, size = self._max_mb << 20, hashlib.sha256(), 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    hint = "Split it, or raise ACADEMY_MAX_UPLOAD_MB."
                    raise TooLarge("{name} is larger than {limit:number} MB.", hint=hint, name=name, limit=self._max_mb)
                digest.update(chunk)
                file.write(chunk)
        return size, digest.hexdigest()


def _without_secrets(passages: Sequence[Passage]) -> tuple[list[Passage], int]:
    kinds: Counter[str] = Counter()
    clean = []
    for passage in passages:
        found = redact(passage.text)
        kinds.update(hit.kind for hit in found.hits)
        clean.append(passage.model_copy(update={"text": found.text, "heading": redact(passage.heading).text}))
    return clean, kinds.total()


def _unknown(document_id: str) -> NotFound:
    shown = document_id[:80].encode("ascii", "backslashreplace").decode()
    return NotFound("There is no document {id!r}.", hint="It may have been deleted; list the documents that are there.", id=shown)
