"""Routes of lessons, uploads and datasets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse

from academy.api import bodies
from academy.api import replies as models
from academy.api.wire import Id, Lane, StrictRoute, close_files, read_files
from academy.curation.datasets import Manifest
from academy.curation.examples import DatasetRequest
from academy.curation.files.imports import FileReport
from academy.curation.lessons import Lesson, LessonIn, LessonPatch
from academy.errors import TooLarge
from academy.services.academy import Academy

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "maxItems": 10, "items": {"type": "string", "format": "binary"}},
                        "mapping": {
                            "type": "string",
                            "description": "Which column is what, as a JSON object; needed where the columns' names do not tell.",
                            "example": '{"question": "foo", "answer": "bar"}',
                        },
                    },
                }
            }
        },
    }
}
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
_DATASET: dict[str, Any] = {
    "lessons only": {"value": {"include_lessons": True, "include_git": False, "format": "alpaca", "quality_profile": "balanced"}},
    "everything by default": {"value": {}},
}


def router(academy: Academy, slow: Lane) -> APIRouter:
    """What one can do with one's data."""
    api = APIRouter(route_class=StrictRoute)
    incoming = academy.settings.incoming_dir

    # ------------------------------------------------------------------------------------------------------ lessons

    @api.post("/lessons", tags=["lessons"])
    def add_lesson(lesson: Annotated[LessonIn, Body(openapi_examples=_LESSON)]) -> Lesson:
        """Keeps a lesson; secrets in it are redacted first."""
        return academy.lessons.add(lesson)

    @api.get("/lessons", tags=["lessons"])
    def list_lessons(asked: Annotated[models.LessonsQuery, Query()]) -> models.LessonsReply:
        """The lessons that match, newest first."""
        page = academy.lessons.list(asked.limit, asked.offset, asked.query, asked.tag, asked.rating)
        return models.LessonsReply(count=page.count, items=page.items)

    @api.post("/lessons/import", tags=["lessons"], openapi_extra=_FORM)
    async def import_lessons(request: Request) -> models.ImportReply:
        """Reads lessons from files: chat exports, JSON, JSONL, CSV, Markdown and more.

        The optional field `mapping` says which column is what: `{"question": "foo", "answer": "bar"}`, and where there are any also
        `input`, `system`, `history`, `rejected`, `rating`, `result`, `feedback`, `tags`, `timestamp` and `lesson_id`. The columns of a
        table without a header are called 1, 2, 3 …
        """
        files, texts = await read_files(request, incoming, academy.settings.max_upload_mb)
        try:
            _refuse_if_all_too_large(files, academy.settings.max_upload_mb)
            reports = await slow.run(academy.lessons.import_files, files, _mapping(texts.get("mapping", "")))
        finally:
            close_files(files)
        return models.ImportReply.of(reports)

    @api.post("/lessons/samples", tags=["lessons"])
    def load_samples() -> FileReport:
        """Adds the sample lessons that come with Academy, once."""
        return academy.lessons.load_samples()

    @api.delete("/lessons/samples", tags=["lessons"])
    def remove_samples() -> models.Done:
        """Takes the sample lessons out again."""
        return models.Done(message=f"{academy.lessons.remove_samples()} sample lessons were removed.")

    @api.get("/lessons/{lesson_id}", tags=["lessons"])
    def get_lesson(lesson_id: Id) -> Lesson:
        """One lesson."""
        return academy.lessons.get(lesson_id)

    @api.patch("/lessons/{lesson_id}", tags=["lessons"])
    def update_lesson(lesson_id: Id, patch: Annotated[LessonPatch, Body(examples=[{"rating": "good"}])]) -> Lesson:
        """Changes the fields that are given."""
        return academy.lessons.update(lesson_id, patch)

    @api.delete("/lessons/{lesson_id}", tags=["lessons"])
    def delete_lesson(lesson_id: Id) -> models.Done:
        """Deletes a lesson; datasets made from it stay as they are."""
        academy.lessons.delete(lesson_id)
        return models.Done(message="The lesson is deleted.")

    # ------------------------------------------------------------------------------------------------------ uploads

    @api.post("/dataset/upload", tags=["datasets"], openapi_extra=_FORM)
    async def upload(request: Request) -> models.UploadsReply:
        """Takes up to ten files as sources of datasets; each has its own result. For `mapping` see the import of lessons."""
        files, texts = await read_files(request, incoming, academy.settings.max_upload_mb)
        try:
            _refuse_if_all_too_large(files, academy.settings.max_upload_mb)
            records = await slow.run(academy.datasets.upload, files, _mapping(texts.get("mapping", "")))
        finally:
            close_files(files)
        return models.UploadsReply.of(records)

    @api.get("/dataset/uploads", tags=["datasets"])
    def list_uploads() -> models.UploadList:
        """The uploaded files, newest first."""
        items = academy.datasets.uploads()
        return models.UploadList(count=len(items), items=items)

    @api.delete("/dataset/uploads/{upload_id}", tags=["datasets"])
    def delete_upload(upload_id: Id) -> models.Done:
        """Deletes an uploaded file; datasets made from it stay as they are."""
        academy.datasets.delete_upload(upload_id)
        return models.Done(message="The file is deleted.")

    # ------------------------------------------------------------------------------------------------------ datasets

    @api.post("/dataset", tags=["datasets"])
    async def create_dataset(request: Annotated[bodies.DatasetIn | None, Body(openapi_examples=_DATASET)] = None) -> models.DatasetReply:
        """Curates lessons, commits and uploads into a frozen dataset."""
        return models.DatasetReply.model_validate(await slow.run(academy.datasets.create, request or DatasetRequest.model_validate({})))

    @api.post("/dataset/preview", tags=["datasets"])
    async def preview_dataset(request: Annotated[bodies.DatasetIn | None, Body(openapi_examples=_DATASET)] = None) -> models.PreviewReply:
        """What a dataset would be; writes nothing."""
        return models.PreviewReply.model_validate(await slow.run(academy.datasets.preview, request or DatasetRequest.model_validate({})))

    @api.get("/datasets", tags=["datasets"])
    def list_datasets() -> models.DatasetList:
        """All datasets, newest first."""
        items = academy.datasets.list()
        return models.DatasetList(count=len(items), items=items)

    @api.get("/datasets/{dataset_id}", tags=["datasets"])
    def get_dataset(dataset_id: Id) -> Manifest:
        """A dataset's manifest, with what was dropped and why."""
        return academy.datasets.get(dataset_id)

    @api.delete("/datasets/{dataset_id}", tags=["datasets"])
    def delete_dataset(dataset_id: Id) -> models.Done:
        """Deletes a dataset that nothing rests on."""
        academy.datasets.delete(dataset_id)
        return models.Done(message="The dataset is deleted.")

    @api.get("/datasets/{dataset_id}/rows", tags=["datasets"])
    def dataset_rows(dataset_id: Id, asked: Annotated[models.RowsQuery, Query()]) -> models.RowsReply:
        """Rows as they stand in the dataset's file."""
        return models.RowsReply(offset=asked.offset, items=academy.datasets.rows(dataset_id, asked.offset, asked.limit, asked.part))

    @api.get("/datasets/{dataset_id}/file", tags=["datasets"], response_class=FileResponse)
    def download_dataset(dataset_id: Id, part: Literal["train", "eval"] = "train") -> FileResponse:
        """The dataset's file: the rows to train on, or those that are held out."""
        path = academy.datasets.file(dataset_id, part)
        return FileResponse(path, media_type="application/x-ndjson", filename=path.name)

    @api.get("/datasets/{dataset_id}/diff/{other_id}", tags=["datasets"])
    async def diff_datasets(dataset_id: Id, other_id: Id) -> dict[str, Any]:
        """What the other has that this one has not, and the other way round."""
        return await slow.run(academy.datasets.diff, dataset_id, other_id)

    @api.post("/datasets/{dataset_id}/tokens", tags=["datasets"])
    async def inspect_tokens(dataset_id: Id, asked: Annotated[models.TokensIn | None, Body()] = None) -> dict[str, Any]:
        """The dataset as the model will see it: lengths of all rows in tokens, and the named rows token by token."""
        wanted = asked or models.TokensIn.model_validate({})
        return await slow.run(academy.datasets.tokens, dataset_id, wanted.base_model, wanted.max_seq_length, wanted.rows)

    return api


def _mapping(text: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        mapping = orjson.loads(text)
    except orjson.JSONDecodeError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(value, str) for value in mapping.values()):
        message = "The field 'mapping' is not a JSON object of texts."
        raise RequestValidationError([{"type": "form_invalid", "loc": ("body", "mapping"), "msg": message, "input": text}])
    return mapping


def _refuse_if_all_too_large(files: list[tuple[str, Any]], max_mb: int) -> None:
    if all(file.seek(0, 2) > max_mb << 20 for _, file in files):
        raise TooLarge(f"Each of these files is larger than {max_mb} MB.", hint="Split them, or raise ACADEMY_MAX_UPLOAD_MB.")
    for _, file in files:
        file.seek(0)
