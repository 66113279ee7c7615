"""The verbs of lessons: add, find, change, import, samples."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from academy.config import Settings
from academy.curation.files import imports
from academy.curation.files.import_reports import ImportReports
from academy.curation.files.imports import FileReport
from academy.curation.lesson_bin import Import
from academy.curation.lesson_filter import LessonFilter, Sort
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import DeletedLesson, Lesson, LessonChange, LessonIn, LessonPage, LessonPatch
from academy.errors import Invalid, NotFound, TooLarge
from academy.files import disk_errors
from academy.services.permission import Permission, changing, reading

Files = Sequence[tuple[str, BinaryIO]]
"""Uploaded files: the name and the content of each."""

MAX_FILES = 10
SAMPLES = Path(__file__).parents[1] / "curation" / "samples.json"


class Lessons:
    """Everything that can be done with lessons."""

    def __init__(self, permission: Permission, settings: Settings, store: LessonStore) -> None:
        self._permission = permission
        self._settings = settings
        self._store = store
        self._reports = ImportReports(settings.import_reports_dir)
        self._forget_reports()

    def statistics(self) -> dict[str, Any]:
        """Counts and tags over all lessons; answers also where Academy is disabled."""
        return self._store.statistics()

    @reading
    def list(self, limit: int = 50, offset: int = 0, query: str = "", tag: str | None = None, rating: str | None = None) -> LessonPage:
        """The lessons that match, newest first."""
        return self._store.search(query, tag=tag, rating=rating, limit=limit, offset=offset)

    @reading
    def find(self, chosen: LessonFilter, sort: Sort = "newest", limit: int = 50, offset: int = 0) -> LessonPage:
        """A page of the lessons that match, in any order."""
        return self._store.find(chosen, sort, limit, offset)

    @reading
    def revision(self) -> int:
        """A number that is the same as long as no lesson has changed."""
        return self._store.revision

    @reading
    def counts(self, chosen: LessonFilter) -> tuple[int, int]:
        """How many of the lessons that match can be trained, and how many never are."""
        return self._store.counts(chosen)

    @reading
    def get(self, lesson_id: str) -> Lesson:
        """One lesson; raises NotFound."""
        return self._store.get(lesson_id)

    @changing
    def add(self, lesson: LessonIn) -> Lesson:
        """Stores a lesson; secrets in it are redacted first."""
        return self._store.add(lesson)

    @changing
    def update(self, lesson_id: str, patch: LessonPatch) -> Lesson:
        """Changes the fields that are given."""
        return self._store.update(lesson_id, patch)

    @changing
    def delete(self, lesson_id: str) -> None:
        """Deletes a lesson, which can be restored for thirty days; datasets made from it stay as they are."""
        self._store.delete(lesson_id)

    @changing
    def change_many(self, change: LessonChange) -> int:
        """Tags, rates, deletes or restores many lessons, all or none; returns how many."""
        ids = change.lesson_ids if change.filter is None else self._store.ids(change.filter)
        match change.action:
            case "delete":
                return self._store.delete_many(ids or [])
            case "restore":
                return self._store.restore(ids or [])
            case "rate":
                return self._store.change_many(ids or [], lambda lesson: {"rating": change.rating})
            case "tag":
                return self._store.change_many(ids or [], lambda lesson: {"tags": [*dict.fromkeys([*lesson.tags, *change.tags])][:100]})
        return self._store.change_many(ids or [], lambda lesson: {"tags": [tag for tag in lesson.tags if tag not in change.tags]})

    @reading
    def deleted(self, limit: int = 50, offset: int = 0) -> tuple[int, Sequence[DeletedLesson]]:
        """How many deleted lessons can be restored, and a page of them, the last one first."""
        return self._store.deleted(limit, offset)

    @changing
    def empty_bin(self) -> int:
        """Deletes for good what was deleted; returns how many lessons."""
        count = self._store.empty_bin()
        self._forget_reports()
        return count

    @reading
    def imports(self) -> Sequence[Import]:
        """The latest imports that can be undone, the newest first."""
        return self._store.imports()

    @reading
    def import_report(self, import_id: str) -> FileReport | None:
        """What became of each row of an imported file; None where the import can no longer be undone."""
        return self._reports.get(import_id)

    @changing
    def undo_import(self, import_id: str) -> int:
        """Deletes the lessons that an import added, as far as they are still there; they can be restored. Raises NotFound."""
        count = self._store.delete_many(self._store.ids(LessonFilter(imports=[import_id[:64]])))
        if not count:
            raise NotFound("There is no import {id!r} with lessons to take away.", hint="It may be undone already.", id=import_id[:80])
        return count

    @changing
    def import_files(self, files: Files, mapping: dict[str, str] | None = None) -> Sequence[FileReport]:
        """Reads lessons from files of any supported form; each file has its own row-exact report."""
        check_count(files)
        reports = [self._import(name, stream, mapping) for name, stream in files]
        for report in reports:
            if report.import_id:
                self._reports.keep(report)
        self._forget_reports()
        return reports

    @changing
    def load_samples(self) -> FileReport:
        """Adds the sample lessons that come with Academy, once."""
        with open(SAMPLES, "rb") as stream:
            return self._import(SAMPLES.name, stream, None)

    @changing
    def remove_samples(self) -> int:
        """Removes the sample lessons and returns their number; the user's own stay."""
        return self._store.remove_where("sample")

    @changing
    def correct_reply(
        self,
        question: str,
        answer: str,
        *,
        corrected: str | None = None,
        rating: str | None = None,
        history: Sequence[Sequence[str]] | None = None,
        adapter_id: str | None = None,
        base_model: str | None = None,
        sampling: dict[str, Any] | None = None,
        comment: str = "",
        worse: str | None = None,
        lesson_id: str | None = None,
    ) -> Lesson:
        """Turns a rated or corrected reply into the next lesson, or into another form of the lesson that it is already.

        `worse`: another reply to the question, which a person called bad; with a good one it makes a pair.
        """
        metadata: dict[str, Any] = {"source": "chat", "adapter_id": adapter_id}
        metadata |= {name: value for name, value in (("base_model", base_model), ("sampling", sampling), ("history", history)) if value}
        values: dict[str, Any] = {
            "situation": question,
            "action": corrected if corrected is not None else answer,
            "rejected": answer if corrected is not None else worse if rating == "good" else None,
            "rating": "good" if corrected is not None else rating,
            "feedback": comment.strip(),
        }
        if lesson_id:
            with contextlib.suppress(NotFound):  # a person deleted it since
                return self._store.update(lesson_id, LessonPatch.model_validate(values))
        return self._store.add(LessonIn.model_validate(values | {"tags": ["chat"], "metadata": metadata}))

    def _forget_reports(self) -> None:
        """Deletes the reports of imports that can no longer be undone: those whose lessons are gone, and all but the latest."""
        self._reports.forget_others({item.import_id for item in self._store.imports()})

    def _import(self, name: str, stream: BinaryIO, mapping: dict[str, str] | None) -> FileReport:
        folder = self._settings.incoming_dir
        with disk_errors(name):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=folder, suffix=Path(name).suffix[:10]) as file:
                try:
                    self._copy(stream, file, name)
                except TooLarge as error:
                    return FileReport(name=name, kind="", read=0, kept=0, refused=0, refusals=[], error=error.text)
                return imports.import_file(Path(file.name), name, self._store, mapping=mapping)

    def _copy(self, stream: BinaryIO, file: IO[bytes], name: str) -> None:
        remaining = self._settings.max_upload_mb << 20
        while chunk := stream.read(1 << 20):
            remaining -= len(chunk)
            if remaining < 0:
                raise TooLarge(
                    "{name} is larger than {limit} MB.",
                    hint="Split it, or raise ACADEMY_MAX_UPLOAD_MB.",
                    name=name,
                    limit=self._settings.max_upload_mb,
                )
            file.write(chunk)
        file.flush()


def check_count(files: Files) -> None:
    """Raises Invalid for no file, or for too many at once."""
    if not files:
        raise Invalid("There is no file in the request.", hint="Send at least one in the field 'files'.")
    if len(files) > MAX_FILES:
        raise Invalid("{count} files at once are too many.", hint="Send at most {most}.", count=len(files), most=MAX_FILES)
