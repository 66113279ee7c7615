"""Routes of remote sources: look at a dataset of the hub or a file elsewhere, take it over, follow and cancel that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body
from pydantic import Field

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Reply
from academy.api.wire import Exact, Id
from academy.curation.remote.forms import Found, RemoteRequest
from academy.curation.remote.importing import Import

_FORMS: dict[str, Any] = {
    "a dataset of the hub": {"value": {"address": "tatsu-lab/alpaca", "split": "train", "rows": 500}},
    "a file": {"value": {"address": "https://example.org/rows.jsonl"}},
}

api = router(tags=["datasets"])


class RemoteIn(Exact, RemoteRequest):
    """A dataset of the Hugging Face hub, or a file elsewhere."""


_Request = Annotated[RemoteIn, Body(openapi_examples=_FORMS)]


class ImportList(Reply):
    allowed: bool = Field(description="Whether ACADEMY_REMOTE_DATA allows the network.")
    count: int
    items: Sequence[Import]


@api.post("/dataset/remote/look")
async def look_at_remote(academy: TheAcademy, slow: Slow, request: _Request) -> Found:
    """What a dataset or a file holds, with its first rows, its licence and its commit; keeps nothing."""
    return await slow.run(academy.remote.look, request)


@api.post("/dataset/remote")
async def import_remote(academy: TheAcademy, slow: Slow, request: _Request) -> Import:
    """Begins to take a dataset or a file over; it becomes an upload. Credentials of the address are used and never stored."""
    return await slow.run(academy.remote.begin, request)


@api.get("/dataset/remote")
def list_remote(academy: TheAcademy) -> ImportList:
    """The imports since the start of the app, newest first, with their progress."""
    items = academy.remote.list()
    return ImportList(allowed=academy.remote.allowed(), count=len(items), items=items)


@api.get("/dataset/remote/{import_id}")
def get_remote(academy: TheAcademy, import_id: Id) -> Import:
    """One import: its progress, and the upload that it became or why it failed."""
    return academy.remote.get(import_id)


@api.delete("/dataset/remote/{import_id}")
def cancel_remote(academy: TheAcademy, import_id: Id) -> Import:
    """Cancels an import that is running; an ended one leaves the list."""
    return academy.remote.cancel(import_id)
