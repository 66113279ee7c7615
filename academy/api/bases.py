"""Routes of base models."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Reply
from academy.jobs.store import Job, Status
from academy.messages import Text, msg, render
from academy.services.bases import BaseItem

api = router(tags=["bases"])

_Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=500,
        description="As a training takes it: a bundled name, `smollm2-135m`, `ollama:…`, a path, or a Hugging Face name.",
        examples=["smollm2-135m"],
    ),
]


class BaseReply(Reply):
    name: str
    kind: str
    parameters: int | None
    size_bytes: int | None
    ready: bool
    source: str
    license: str | None
    problem: str | None
    title: str | None
    architecture: str | None
    max_length: int | None
    has_chat_template: bool | None
    memory_bytes: int | None
    fits: bool | None
    suggested: bool
    removable: bool
    job_id: str | None

    @classmethod
    def of(cls, item: BaseItem) -> BaseReply:
        """The base model under the contract's names; what is not known is null."""
        facts = item.facts
        return cls(
            name=item.name,
            kind=item.kind,
            parameters=facts.parameters if facts else None,
            size_bytes=item.size_bytes,
            ready=item.ready,
            source=render(item.source),
            license=(facts.license or None) if facts else None,
            problem=render(item.problem) if item.problem is not None else None,
            title=(facts.title or None) if facts else None,
            architecture=facts.architecture if facts else None,
            max_length=(facts.max_length or None) if facts else None,
            has_chat_template=facts.has_chat_template if facts else None,
            memory_bytes=item.memory_bytes,
            fits=item.fits,
            suggested=item.origin == "suggested",
            removable=item.removable,
            job_id=item.job_id,
        )


class BasesReply(Reply):
    count: int
    items: list[BaseReply]


class GetReply(Reply):
    success: bool = True
    job_id: str
    message: Text
    name: str
    status: Status

    @classmethod
    def of(cls, job: Job) -> GetReply:
        """The job that makes the base model ready."""
        return cls(job_id=job.job_id, message=msg("{base} is being made ready.", base=job.base_model), name=job.name, status=job.status)


class RemovedReply(Reply):
    success: bool = True
    message: Text
    freed_bytes: int


@api.get("/bases")
async def list_bases(academy: TheAcademy, slow: Slow) -> BasesReply:
    """What is bundled, on this machine, used before, and suggested for its memory."""
    items = await slow.run(academy.bases.list)
    return BasesReply(count=len(items), items=[BaseReply.of(item) for item in items])


@api.post("/bases/{name:path}/get")
async def get_base(academy: TheAcademy, slow: Slow, name: _Name) -> GetReply:
    """Fetches or converts a base model, as a job of the kind `convert`; one that is under way already is returned."""
    return GetReply.of(await slow.run(academy.bases.get, name))


@api.delete("/bases/{name:path}")
async def remove_base(academy: TheAcademy, slow: Slow, name: _Name) -> RemovedReply:
    """Deletes what Academy made of a base model in its data folder; the files of other programs stay."""
    freed = await slow.run(academy.bases.remove, name)
    return RemovedReply(message=msg("{mb:,.1f} MB are free again.", mb=freed / 1e6), freed_bytes=freed)
