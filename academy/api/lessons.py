"""Routes of lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Body, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from academy.api.multipart import FORM, received
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, Reply
from academy.api.wire import Id
from academy.curation.files.imports import FileReport
from academy.curation.lesson_bin import Import
from academy.curation.lesson_filter import LessonFilter, Sort
from academy.curation.lessons import DeletedLesson, Lesson, LessonChange, LessonIn, LessonPatch
from academy.messages import Text, count, join, msg, render

_LESSON: dict[str, Any] = {
    "a lesson": {
        "value": {
            "situation": "Which port does the staging server listen on?",
            "action": "Staging listens on port 8443.",
            "tags": ["servers"],
            "rating": "good",
        }
    }
}

_CHANGES: dict[str, Any] = {
    "a tag for all that match": {"value": {"action": "tag", "tags": ["servers"], "filter": {"query": "staging"}}},
    "two are deleted": {"value": {"action": "delete", "lesson_ids": ["lesson_1", "lesson_2"]}},
}

api = router(tags=["lessons"])


class LessonsQuery(Asked):
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=10**9)
    query: str = Field(default="", max_length=1000, description="Words that the lesson contains.")
    tag: str | None = Field(default=None, max_length=200)
    rating: Literal["good", "bad", "none", "corrected", "never"] | None = Field(
        default=None,
        description="'none' finds lessons without a rating, 'corrected' those that replaced an answer, 'never' those never trained.",
    )
    source: str | None = Field(default=None, max_length=200, description="`sample`, `chat`, the name of a file; empty: added by hand.")
    since: str | None = Field(default=None, max_length=64, description="From this day or moment on (ISO 8601).")
    until: str | None = Field(default=None, max_length=64, description="Up to this moment, or to the end of this day.")
    import_id: str | None = Field(default=None, max_length=64, description="Lessons that one import added.")
    sort: Sort = "newest"


class LessonsReply(Reply):
    count: int = Field(description="The number of all matches.")
    items: list[Lesson]


class LessonsChanged(Done):
    changed: int


class ImportList(Reply):
    count: int
    items: Sequence[Import]


class DeletedPage(Reply):
    count: int = Field(description="The number of all that can be restored.")
    items: Sequence[DeletedLesson]


class PageQuery(Asked):
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=10**9)


class Refusal(Reply):
    file: str
    row: int | None
    reason: str
    text: str = Field(description="The beginning of the row.")


class ImportReply(Reply):
    success: bool
    message: Text
    read: int
    kept: int
    already_there: int
    new: int
    refused: int
    refusals: list[Refusal] = Field(description="The first refused rows of each file, with the reason.")
    files: Sequence[FileReport]

    @classmethod
    def of(cls, reports: Sequence[FileReport]) -> ImportReply:
        """The files' reports, and their sums."""
        refusals = [
            Refusal.model_validate({"file": report.name, **(item if isinstance(item, dict) else item.model_dump())})
            for report in reports
            for item in report.refusals
        ]
        read, kept = sum(report.read for report in reports), sum(report.kept for report in reports)
        known, refused = sum(report.already_there for report in reports), sum(report.refused for report in reports)
        broken = [_named(report.name, report.error) for report in reports if report.error]
        sentence = msg(
            "{kept} of {read} rows were kept, {known} of them were there already, {refused} were refused.",
            kept=kept,
            read=read,
            known=known,
            refused=refused,
        )
        return cls(
            success=len(broken) < len(reports),
            message=join(*([sentence] if read or not broken else []), *broken),
            read=read,
            kept=kept,
            already_there=known,
            new=sum(report.new for report in reports),
            refused=refused,
            refusals=refusals,
            files=reports,
        )


def _named(name: str, problem: Text) -> Text:
    """What is wrong with a file, with its name once."""
    return problem if name in render(problem) else msg("{file}: {problem}", file=name, problem=problem)


@api.post("/lessons")
def add_lesson(academy: TheAcademy, lesson: Annotated[LessonIn, Body(openapi_examples=_LESSON)]) -> Lesson:
    """Stores a lesson; secrets in it are redacted first."""
    return academy.lessons.add(lesson)


@api.get("/lessons")
def list_lessons(academy: TheAcademy, query: Annotated[LessonsQuery, Query()]) -> LessonsReply:
    """The lessons that match, newest first unless another order is named."""
    try:
        chosen = LessonFilter(
            query=query.query,
            tags=[] if not query.tag else [query.tag],
            sources=[] if query.source is None else [query.source],
            rating=query.rating,
            since=query.since,
            until=query.until,
            imports=[] if query.import_id is None else [query.import_id],
        )
    except ValidationError as error:
        raise RequestValidationError([entry | {"loc": ("query", *entry["loc"])} for entry in error.errors()]) from error
    page = academy.lessons.find(chosen, query.sort, query.limit, query.offset)
    return LessonsReply(count=page.count, items=page.items)


_Change = Annotated[LessonChange, Body(openapi_examples=_CHANGES)]


@api.post("/lessons/bulk")
async def change_lessons(academy: TheAcademy, slow: Slow, change: _Change) -> LessonsChanged:
    """Tags, rates, deletes or restores many lessons at once, all or none."""
    changed = await slow.run(academy.lessons.change_many, change)
    return LessonsChanged(message=count(changed, one="{n} lesson was changed.", other="{n} lessons were changed."), changed=changed)


@api.get("/lessons/imports")
def list_imports(academy: TheAcademy) -> ImportList:
    """The latest imports that can be undone, the newest first."""
    items = academy.lessons.imports()
    return ImportList(count=len(items), items=items)


@api.delete("/lessons/imports/{import_id}")
async def undo_import(academy: TheAcademy, slow: Slow, import_id: Id) -> LessonsChanged:
    """Deletes the lessons that an import added; they can be restored."""
    changed = await slow.run(academy.lessons.undo_import, import_id)
    return LessonsChanged(message=count(changed, one="{n} lesson was taken away.", other="{n} lessons were taken away."), changed=changed)


@api.get("/lessons/deleted")
def list_deleted(academy: TheAcademy, query: Annotated[PageQuery, Query()]) -> DeletedPage:
    """The deleted lessons that can be restored, the last one first; they are forgotten after thirty days."""
    total, items = academy.lessons.deleted(query.limit, query.offset)
    return DeletedPage(count=total, items=items)


@api.delete("/lessons/deleted")
def empty_bin(academy: TheAcademy) -> LessonsChanged:
    """Deletes for good what was deleted."""
    changed = academy.lessons.empty_bin()
    message = count(changed, one="{n} lesson is gone for good.", other="{n} lessons are gone for good.")
    return LessonsChanged(message=message, changed=changed)


@api.post("/lessons/import", openapi_extra=FORM)
async def import_lessons(request: Request, academy: TheAcademy, slow: Slow) -> ImportReply:
    """Reads lessons from files: chat exports, JSON, JSONL, CSV, Markdown and more.

    The optional field `mapping` says which column is what: `{"question": "foo", "answer": "bar"}`, and where there are any also
    `input`, `system`, `history`, `rejected`, `rating`, `result`, `feedback`, `tags`, `timestamp` and `lesson_id`. The columns of a
    table without a header are called 1, 2, 3 …
    """
    async with received(request, academy.settings) as (files, mapping):
        return ImportReply.of(await slow.run(academy.lessons.import_files, files, mapping))


@api.post("/lessons/samples")
def load_samples(academy: TheAcademy) -> FileReport:
    """Adds the sample lessons that come with Academy, once."""
    return academy.lessons.load_samples()


@api.delete("/lessons/samples")
def remove_samples(academy: TheAcademy) -> Done:
    """Removes the sample lessons."""
    removed = academy.lessons.remove_samples()
    return Done(message=count(removed, one="{n} sample lesson was removed.", other="{n} sample lessons were removed."))


@api.get("/lessons/{lesson_id}")
def get_lesson(academy: TheAcademy, lesson_id: Id) -> Lesson:
    """One lesson."""
    return academy.lessons.get(lesson_id)


@api.patch("/lessons/{lesson_id}")
def update_lesson(academy: TheAcademy, lesson_id: Id, patch: Annotated[LessonPatch, Body(examples=[{"rating": "good"}])]) -> Lesson:
    """Changes the fields that are given."""
    return academy.lessons.update(lesson_id, patch)


@api.delete("/lessons/{lesson_id}")
def delete_lesson(academy: TheAcademy, lesson_id: Id) -> Done:
    """Deletes a lesson, which can be restored for thirty days; datasets made from it stay as they are."""
    academy.lessons.delete(lesson_id)
    return Done(message="The lesson is deleted.")
