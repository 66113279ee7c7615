"""Routes of uploads and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Body, Query, Request
from fastapi.responses import FileResponse
from pydantic import Field

from academy.api.multipart import FORM, received
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, NewName, Reply
from academy.api.wire import Exact, Id
from academy.curation.dataset_rows import RowSort
from academy.curation.datasets import Manifest
from academy.curation.examples import DatasetRequest
from academy.curation.files.uploads import UploadRecord
from academy.messages import Text, join, msg

_DATASET: dict[str, Any] = {
    "lessons only": {"value": {"include_lessons": True, "include_git": False, "format": "alpaca", "quality_profile": "balanced"}},
    "everything by default": {"value": {}},
}

api = router(tags=["datasets"])


class UploadsReply(Reply):
    success: bool
    message: Text
    files: Sequence[UploadRecord]

    @classmethod
    def of(cls, records: Sequence[UploadRecord]) -> UploadsReply:
        """The result of each file; a success if one was taken."""
        ready = sum(record.status == "ready" for record in records)
        errors = [msg("{file}: {problem}", file=record.name, problem=record.error) for record in records if record.error]
        return cls(
            success=ready > 0,
            message=join(msg("{ready} of {count} files were taken.", ready=ready, count=len(records)), *errors),
            files=records,
        )


class UploadList(Reply):
    count: int
    items: Sequence[UploadRecord]


class DatasetIn(Exact, DatasetRequest):
    """What to curate a dataset from, and how; what is left out comes from the settings."""


_Request = Annotated[DatasetIn | None, Body(openapi_examples=_DATASET)]


class PreferenceFigures(Reply):
    pairs: int = Field(description="Questions with a better and a worse answer.")
    good: int = Field(description="Answers rated good without a worse one.")
    bad: int = Field(description="Answers rated bad without a better one.")
    held_out: int = Field(description="Of all these; they measure and are never trained.")


class DatasetFigures(Reply):
    total_examples: int
    sources: dict[str, int]
    lessons_collected: int
    git_commits_collected: int
    uploads_collected: int
    documents_collected: int
    removed_low_quality: int
    removed_duplicates: int
    redacted_secrets: int
    avg_input_length: float
    avg_output_length: float
    train_examples: int
    eval_examples: int
    preferences: PreferenceFigures


class DatasetReply(Reply):
    success: bool
    dataset_id: str
    dataset_path: str
    statistics: DatasetFigures
    message: Text
    warnings: list[Text]


class PreviewReply(Reply):
    total_examples: int
    by_source: dict[str, int]
    removed_low_quality: int
    warnings: list[Text]
    samples: list[dict[str, Any]]


class DatasetList(Reply):
    count: int
    items: Sequence[Manifest]


class RowsQuery(Asked):
    offset: int = Field(default=0, ge=0, le=10**9)
    limit: int = Field(default=20, ge=1, le=500)
    part: Literal["train", "eval"] = "train"
    query: str = Field(default="", max_length=1000, description="Words that the row contains.")
    sort: RowSort = "file"
    source: Literal["", "lessons", "git", "uploads", "documents"] = ""


class RowFacts(Reply):
    number: int = Field(description="The place in the file, from 0.")
    source: str
    origin: str = Field(description="The lesson's id, the commit's hash, or the file and its row.")
    key: str = Field(description="What `leave_out` and `keep_anyway` of a new dataset take.")


class RowsReply(Reply):
    offset: int
    count: int = Field(description="The number of all rows that match.")
    items: Sequence[dict[str, Any]]
    facts: Sequence[RowFacts] = Field(description="For each item where it comes from.")


class TokensIn(Asked):
    """Which rows to show as the model will see them."""

    base_model: str | None = Field(default=None, max_length=500)
    max_seq_length: int | None = Field(default=None, ge=256, le=8192)
    rows: list[int] = Field(default=[0], max_length=50, description="Numbers of rows, from 0.")


@api.post("/dataset/upload", openapi_extra=FORM)
async def upload(request: Request, academy: TheAcademy, slow: Slow) -> UploadsReply:
    """Takes up to ten files as sources of datasets; each has its own result. For `mapping` see the import of lessons."""
    async with received(request, academy.settings) as (files, mapping):
        return UploadsReply.of(await slow.run(academy.datasets.upload, files, mapping))


@api.get("/dataset/uploads")
def list_uploads(academy: TheAcademy) -> UploadList:
    """The uploaded files, newest first."""
    items = academy.datasets.uploads()
    return UploadList(count=len(items), items=items)


@api.delete("/dataset/uploads/{upload_id}")
def delete_upload(academy: TheAcademy, upload_id: Id) -> Done:
    """Deletes an uploaded file; datasets made from it stay as they are."""
    academy.datasets.delete_upload(upload_id)
    return Done(message="The file is deleted.")


@api.post("/dataset")
async def create_dataset(academy: TheAcademy, slow: Slow, request: _Request = None) -> DatasetReply:
    """Curates lessons, commits and uploads into a frozen dataset."""
    return DatasetReply.model_validate(await slow.run(academy.datasets.create, request or DatasetRequest.model_validate({})))


@api.post("/dataset/preview")
async def preview_dataset(academy: TheAcademy, slow: Slow, request: _Request = None) -> PreviewReply:
    """What a dataset would be; writes nothing."""
    return PreviewReply.model_validate(await slow.run(academy.datasets.preview, request or DatasetRequest.model_validate({})))


@api.get("/datasets")
def list_datasets(academy: TheAcademy) -> DatasetList:
    """All datasets, newest first."""
    items = academy.datasets.list()
    return DatasetList(count=len(items), items=items)


@api.get("/datasets/{dataset_id}")
def get_dataset(academy: TheAcademy, dataset_id: Id) -> Manifest:
    """A dataset's manifest, with what was dropped and why."""
    return academy.datasets.get(dataset_id)


@api.patch("/datasets/{dataset_id}")
def rename_dataset(academy: TheAcademy, dataset_id: Id, new: NewName) -> Manifest:
    """Gives a dataset another name; its id stays."""
    return academy.datasets.rename(dataset_id, new.name)


@api.delete("/datasets/{dataset_id}")
def delete_dataset(academy: TheAcademy, dataset_id: Id) -> Done:
    """Deletes a dataset that no job and no adapter needs."""
    academy.datasets.delete(dataset_id)
    return Done(message="The dataset is deleted.")


@api.get("/datasets/{dataset_id}/rows")
def dataset_rows(academy: TheAcademy, dataset_id: Id, query: Annotated[RowsQuery, Query()]) -> RowsReply:
    """Rows as they stand in the dataset's file, searched and sorted, and where each comes from."""
    total, rows = academy.datasets.view(
        dataset_id, query.part, query=query.query, sort=query.sort, source=query.source, offset=query.offset, limit=query.limit
    )
    facts = [RowFacts(number=row.number, source=row.origin.source, origin=row.origin.origin, key=row.key) for row in rows]
    return RowsReply(offset=query.offset, count=total, items=[row.row for row in rows], facts=facts)


@api.get("/datasets/{dataset_id}/file", response_class=FileResponse)
def download_dataset(academy: TheAcademy, dataset_id: Id, part: Literal["train", "eval", "preferences"] = "train") -> FileResponse:
    """The dataset's file: the rows to train on, those that are held out, or pairs and thumbs in TRL's forms."""
    path = academy.datasets.file(dataset_id, part)
    return FileResponse(path, media_type="application/x-ndjson", filename=path.name)


@api.get("/datasets/{dataset_id}/diff/{other_id}")
async def diff_datasets(academy: TheAcademy, slow: Slow, dataset_id: Id, other_id: Id) -> dict[str, Any]:
    """The rows that only the other has, and those that only this one has."""
    return await slow.run(academy.datasets.diff, dataset_id, other_id)


@api.post("/datasets/{dataset_id}/tokens")
async def inspect_tokens(
    academy: TheAcademy, slow: Slow, dataset_id: Id, request: Annotated[TokensIn | None, Body()] = None
) -> dict[str, Any]:
    """The dataset as the model will see it: lengths of all rows in tokens, and the named rows token by token."""
    rows = request or TokensIn.model_validate({})
    return await slow.run(academy.datasets.tokens, dataset_id, rows.base_model, rows.max_seq_length, rows.rows)
