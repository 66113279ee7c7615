"""Routes of exports: make one of an adapter, list them, download and delete."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body
from fastapi.responses import FileResponse
from pydantic import Field

from academy.adapters.pushing import Push, Pushed, PushRequest
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Done, QueuedJob, Reply
from academy.api.wire import Exact, Id
from academy.jobs.kinds.export import ExportRequest
from academy.jobs.store import Job
from academy.messages import msg
from academy.services.exports import Exported

_FORMS: dict[str, Any] = {
    "for Ollama and LM Studio": {"value": {"format": "gguf", "quantization": "q8_0"}},
    "for vLLM and transformers": {"value": {"format": "merged"}},
    "for PEFT": {"value": {"format": "adapter"}},
}

api = router(tags=["adapters"])


class ExportIn(Exact, ExportRequest):
    """What an adapter is exported as."""


class PushIn(Exact, PushRequest):
    """Where on the Hugging Face hub an export goes."""


class QueuedExport(QueuedJob):
    @classmethod
    def of(cls, job: Job) -> QueuedExport:
        """The queued job."""
        message = msg("The export of {job} is {status}.", job=job.name, status=msg(job.status))
        return cls(job_id=job.job_id, kind=job.kind, name=job.parameters["stem"], status=job.status, message=message)


class FileReply(Reply):
    name: str
    size_bytes: int
    sha256: str


class CheckedReply(Reply):
    right: int
    of: int


class ExportItem(Reply):
    name: str
    format: str
    quantization: str | None
    size_bytes: int
    sha256: str
    checked: CheckedReply | None
    checks: list[dict[str, Any]]
    command: str
    commands: list[dict[str, str]]
    files: list[FileReply]
    notes: list[str]
    strength: float
    created_at: str
    job_id: str
    push: Push | None = Field(description="The last push to the hub since the start of the app.")
    pushed: Sequence[Pushed] = Field(description="Where on the hub it is.")

    @classmethod
    def of(cls, made: Exported, push: Push | None, pushed: Sequence[Pushed]) -> ExportItem:
        """An export under the contract's names."""
        record, main, checked = made.record, made.record.files[0], made.record.checked
        return cls(
            name=main.name,
            format=record.format,
            quantization=record.quantization,
            size_bytes=main.size_bytes,
            sha256=main.sha256,
            checked=CheckedReply(right=checked.right, of=checked.of) if checked else None,
            checks=[check.model_dump() for check in record.checks],
            command=record.commands[0].text if record.commands else "",
            commands=[command.model_dump() for command in record.commands],
            files=[FileReply(**file.model_dump()) for file in record.files],
            notes=record.said,
            strength=record.strength,
            created_at=record.created_at,
            job_id=made.job_id,
            push=push,
            pushed=pushed,
        )


class ExportsReply(Reply):
    count: int
    items: list[ExportItem]


@api.post("/adapters/{adapter_id}/export")
async def export(
    academy: TheAcademy, slow: Slow, adapter_id: Id, request: Annotated[ExportIn, Body(openapi_examples=_FORMS)]
) -> QueuedExport:
    """Exports an adapter as a job of the kind `export`; its progress, log and cancel are those of every job.

    Afterwards the exported file is asked what the adapter was taught, and `checked` counts the answers that are the adapter's own.
    """
    return QueuedExport.of(await slow.run(academy.exports.export, adapter_id, request))


@api.get("/adapters/{adapter_id}/exports")
async def list_exports(academy: TheAcademy, slow: Slow, adapter_id: Id) -> ExportsReply:
    """The finished exports of an adapter, newest first."""
    academy.adapters.get(adapter_id)
    items = [ExportItem.of(made, *academy.pushing.of(made)) for made in await slow.run(academy.exports.list, adapter_id)]
    return ExportsReply(count=len(items), items=items)


@api.get("/adapters/{adapter_id}/exports/{name}", response_class=FileResponse)
async def download(academy: TheAcademy, slow: Slow, adapter_id: Id, name: str) -> FileResponse:
    """A file of an export, in pieces; a download that broke off continues (Range). `Repr-Digest` is its SHA-256."""
    path, file = await slow.run(academy.exports.file, adapter_id, name)
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    return FileResponse(path, filename=name, media_type="application/octet-stream", headers={"Repr-Digest": f"sha-256=:{digest}:"})


@api.delete("/adapters/{adapter_id}/exports/{name}")
async def delete_export(academy: TheAcademy, slow: Slow, adapter_id: Id, name: str) -> Done:
    """Deletes an export with all its files."""
    freed = await slow.run(academy.exports.delete, adapter_id, name)
    return Done(message=msg("{freed:size} are free again.", freed=freed))


@api.post("/adapters/{adapter_id}/exports/{name}/push")
async def push_export(academy: TheAcademy, slow: Slow, adapter_id: Id, name: str, request: PushIn) -> Push:
    """Begins to push an export to the Hugging Face hub, into a new repository, private unless you say otherwise.

    ACADEMY_REMOTE_DATA must allow the network; the token is that of HF_TOKEN or of the hub's own login. `push` of the export tells
    how far it is.
    """
    return await slow.run(academy.pushing.begin, adapter_id, name, request)


@api.delete("/adapters/{adapter_id}/exports/{name}/push")
async def cancel_push(academy: TheAcademy, slow: Slow, adapter_id: Id, name: str) -> Done:
    """Cancels a push that is running; an ended one is forgotten. What is on the hub stays there."""
    item = await slow.run(academy.pushing.cancel, adapter_id, name)
    return Done(message=msg("The push is {status}.", status=msg(item.status)) if item else "Nothing is being pushed.")
