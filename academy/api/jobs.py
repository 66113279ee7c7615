"""Routes of jobs and adapters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from academy.adapters.store import Adapter
from academy.api import bodies
from academy.api import replies as models
from academy.api.streams import Streams
from academy.api.wire import Id, Lane, StrictRoute
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
from academy.services.academy import Academy

_TRAIN: dict[str, Any] = {
    "the newest dataset, values chosen": {"value": {"preset": "auto"}},
    "by hand": {"value": {"lora_rank": 16, "learning_rate": 2e-4, "num_epochs": 3, "batch_size": 4, "max_seq_length": 2048}},
}
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="The same key again gives the same job, whatever else is asked with it.",
    ),
]
_LastEvent = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=200, description="Goes on after that event, without gap or repeat.")
]
_Changes = Annotated[
    bodies.TrainIn | None, Body(openapi_examples={"the same again": {"value": {}}, "half the batch": {"value": {"batch_size": 2}}})
]


def router(academy: Academy, slow: Lane) -> APIRouter:
    """What one can do with trainings and their results."""
    api = APIRouter(route_class=StrictRoute)
    streams = Streams(academy.jobs)

    # ------------------------------------------------------------------------------------------------------ jobs

    @api.post("/train", tags=["jobs"])
    async def train(spec: Annotated[bodies.TrainIn | None, Body(openapi_examples=_TRAIN)] = None, key: _Key = None) -> models.TrainReply:
        """Queues a training, after checking all that can be checked before."""
        return models.TrainReply.of(await slow.run(academy.training.train, spec or TrainingSpec.model_validate({}), key or None))

    @api.post("/train/plan", tags=["jobs"])
    async def plan(spec: Annotated[bodies.TrainIn | None, Body(openapi_examples=_TRAIN)] = None) -> dict[str, Any]:
        """What a training would use, why, and what stands against it; starts nothing."""
        return await slow.run(academy.training.plan, spec or TrainingSpec.model_validate({}))

    @api.post("/train/dry-run", tags=["jobs"])
    async def dry_run(spec: Annotated[bodies.TrainIn | None, Body(openapi_examples=_TRAIN)] = None) -> dict[str, Any]:
        """Whether it will fit: two steps on the longest rows, and what they took."""
        return await slow.run(academy.training.dry_run, spec or TrainingSpec.model_validate({}))

    @api.get("/train/{job_id}/status", tags=["jobs"])
    def job(job_id: Id) -> models.JobView:
        """All there is to know of a job now."""
        return models.JobView.model_validate(academy.jobs.view(job_id))

    @api.get(
        "/train/{job_id}/logs/stream",
        tags=["jobs"],
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}}, 204: {"description": "There is nothing after that event."}},
    )
    async def stream(job_id: Id, last_event_id: _LastEvent = None) -> Response:
        """Server-sent events: each log line once, metrics and status as they come; ends with the final status."""
        return await streams.respond(job_id, last_event_id)

    @api.get("/train/{job_id}/logs", tags=["jobs"])
    def log_tail(job_id: Id, asked: Annotated[models.LogQuery, Query()]) -> models.LogReply:
        """The last lines of the log."""
        lines, first = academy.jobs.log_tail(job_id, asked.lines)
        return models.LogReply(
            first_line=first,
            lines=[models.LogLineReply(line=line.line, message=line.message, timestamp=line.timestamp) for line in lines],
        )

    @api.get("/train/{job_id}/log", tags=["jobs"], response_class=PlainTextResponse)
    def log_file(job_id: Id) -> StreamingResponse:
        """The whole log, as far as it is written now, as a file."""
        headers = {"Content-Disposition": f'attachment; filename="{job_id}.log"'}
        return StreamingResponse(_so_far(academy.jobs.log_file(job_id)), media_type="text/plain; charset=utf-8", headers=headers)

    @api.get("/train/{job_id}/metrics", tags=["jobs"])
    def metrics(job_id: Id) -> models.PointsReply:
        """Every step once, in order."""
        return models.PointsReply(points=academy.jobs.points(job_id))

    @api.delete("/train/{job_id}", tags=["jobs"])
    async def cancel(job_id: Id) -> models.JobDone:
        """Ends a job; its process or container is gone within ten seconds. Calling it again does no harm."""
        ended = await slow.run(academy.jobs.cancel, job_id)
        return models.JobDone.of(ended, _cancelled(ended))

    @api.post("/train/{job_id}/stop", tags=["jobs"])
    async def stop(job_id: Id) -> models.JobDone:
        """Ends a job and keeps what it has learned so far."""
        stopped = await slow.run(academy.jobs.stop, job_id)
        return models.JobDone.of(stopped, f"{stopped.name} stops and keeps its adapter.")

    @api.post("/train/{job_id}/resume", tags=["jobs"])
    async def resume(job_id: Id, changes: _Changes = None) -> models.JobDone:
        """Queues a failed or cancelled job again; it goes on at its newest complete checkpoint."""
        resumed = await slow.run(academy.jobs.resume, job_id, _given(changes))
        return models.JobDone.of(resumed, f"{resumed.name} is queued and goes on where it was.")

    @api.post("/train/{job_id}/retry", tags=["jobs"])
    async def retry(job_id: Id, changes: _Changes = None) -> models.TrainReply:
        """Queues a new job like this one, with the given changes."""
        return models.TrainReply.of(await slow.run(academy.training.retry, job_id, _given(changes)))

    @api.post("/train/{job_id}/move", tags=["jobs"])
    def move(job_id: Id, asked: models.Place) -> models.JobDone:
        """Puts a waiting job at another place of the queue."""
        moved = academy.jobs.move(job_id, asked.place)
        return models.JobDone.of(moved, f"{moved.name} has moved.")

    @api.patch("/train/{job_id}", tags=["jobs"])
    def rename_job(job_id: Id, asked: Annotated[models.NewName, Body(examples=[{"name": "handbook, second try"}])]) -> models.JobDone:
        """Gives a job another name, and its adapter with it."""
        renamed = academy.jobs.rename(job_id, asked.name)
        return models.JobDone.of(renamed, f"It is called {renamed.name} now.")

    @api.delete("/train/{job_id}/checkpoints", tags=["jobs"])
    def clean(job_id: Id) -> models.Freed:
        """Deletes the checkpoints of an ended job, which can then not be resumed."""
        freed = academy.jobs.free(job_id)
        return models.Freed(message=f"{freed / 1e6:,.1f} MB are free again.", freed_bytes=freed)

    @api.get("/jobs", tags=["jobs"])
    def jobs(asked: Annotated[models.JobsQuery, Query()]) -> models.JobsReply:
        """The jobs, newest first."""
        found = academy.jobs.list_with_sizes(asked.limit, asked.status, asked.kind)
        return models.JobsReply(count=len(found), jobs=[models.JobItem.model_validate(job) for job in found])

    @api.get("/disk", tags=["jobs"])
    def disk() -> dict[str, Any]:
        """What takes how much."""
        return academy.machine.disk()

    @api.delete("/disk/checkpoints", tags=["jobs"])
    def clean_all() -> models.Freed:
        """Deletes the checkpoints of all finished jobs; those of jobs that can be resumed, and the active adapter's, stay."""
        freed = academy.jobs.free_finished()
        return models.Freed(message=f"{freed / 1e6:,.1f} MB are free again.", freed_bytes=freed)

    # ------------------------------------------------------------------------------------------------------ image

    @api.get("/docker/image", tags=["docker"])
    def image() -> models.ImageReply:
        """Whether the image that trainings in containers need is here, and how far it is while it is pulled or built."""
        return models.ImageReply.of(academy.machine.image())

    @api.post("/docker/image", tags=["docker"])
    async def get_image() -> models.ImageReply:
        """Begins to pull the image, or to build Academy's own; nothing is done where it is here already."""
        return models.ImageReply.of(await slow.run(academy.machine.get_image))

    @api.delete("/docker/image", tags=["docker"])
    async def cancel_image() -> models.ImageReply:
        """Stops pulling or building; an image that is here stays."""
        return models.ImageReply.of(await slow.run(academy.machine.cancel_image))

    # ------------------------------------------------------------------------------------------------------ adapters

    @api.get("/adapters", tags=["adapters"])
    def list_adapters() -> list[models.AdapterReply]:
        """All complete adapters, newest first."""
        return [models.AdapterReply.of(adapter) for adapter in academy.adapters.list()]

    @api.post("/adapters/activate", tags=["adapters"])
    async def activate(asked: models.Activation) -> models.ActivationReply:
        """Lets an adapter answer in the chat; a broken one is refused and the one before stays."""
        return models.ActivationReply.of(await slow.run(academy.adapters.activate, asked.adapter_id))

    @api.post("/adapters/deactivate", tags=["adapters"])
    async def deactivate() -> models.Done:
        """Lets the base model answer."""
        return _deactivated(await slow.run(academy.adapters.deactivate))

    @api.post("/adapters/rollback", tags=["adapters"])
    async def roll_back() -> models.ActivationReply:
        """Activates the adapter that was active before this one."""
        return models.ActivationReply.of(await slow.run(academy.adapters.roll_back))

    @api.patch("/adapters/{adapter_id}", tags=["adapters"])
    def rename_adapter(
        adapter_id: Id, asked: Annotated[models.NewName, Body(examples=[{"name": "handbook, second try"}])]
    ) -> models.AdapterReply:
        """Gives an adapter another name."""
        return models.AdapterReply.of(academy.adapters.rename(adapter_id, asked.name))

    @api.delete("/adapters/{adapter_id}", tags=["adapters"])
    def delete_adapter(adapter_id: Id) -> models.Done:
        """Deletes an adapter that is not active; its job's record, log and metrics stay."""
        academy.adapters.delete(adapter_id)
        return models.Done(message="The adapter is deleted.")

    return api


def _given(changes: TrainingSpec | None) -> dict[str, Any] | None:
    return (changes.model_dump(exclude_unset=True) or None) if changes else None


def _cancelled(job: Job) -> str:
    if job.status == "cancelled":
        return f"{job.name} is cancelled."
    return f"{job.name} had ended already: {job.status}." if job.status in ("finished", "failed") else f"{job.name} is being cancelled."


def _deactivated(before: Adapter | None) -> models.Done:
    if before is None:
        return models.Done(success=False, message="No adapter was active; the base model answers.")
    return models.Done(message=f"{before.name} does not answer any more; its base model does.")


def _so_far(path: Path) -> Iterator[bytes]:
    """The file up to its present end: a log that grows faster than it is read would never end."""
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0 and (chunk := file.read(min(left, 1 << 18))):
            left -= len(chunk)
            yield chunk
