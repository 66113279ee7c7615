"""The requests and replies that several stages share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from academy.jobs.store import Status
from academy.messages import Text


class Reply(BaseModel):
    """A reply; fields beyond those listed may come with it."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class Asked(BaseModel):
    """A request's body or query; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())


class ErrorReply(BaseModel):
    """What is wrong and what to do."""

    detail: str | list[dict[str, Any]]
    reason_code: str | None = None


class Done(Reply):
    success: bool = True
    message: Text


class QueuedJob(Reply):
    """A job that waits for its turn."""

    success: bool = True
    job_id: str
    kind: str
    name: str
    status: Status
    message: Text


class NewName(Asked):
    """Another name; the id stays."""

    name: str = Field(min_length=1, max_length=80)


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": description}
    for status, description in (
        (400, "It cannot be used as it is."),
        (404, "There is nothing under that id."),
        (409, "Not in this state."),
        (413, "Too large."),
        (503, "Disabled, missing or busy."),
        (507, "The disk is full."),
    )
}
