"""Routes of jobs: train, look, follow, end, tidy up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, Header, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import Field

from academy.api.parts import Slow, TheAcademy, TheStreams, router
from academy.api.replies import Asked, Reply
from academy.api.wire import Exact, Id
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job, Status
from academy.messages import Text, msg, render

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

api = router(tags=["jobs"])


class TrainIn(Exact, TrainingSpec):
    """What to train; what is left out comes from the preset, else from the settings, else from the defaults below."""


_Spec = Annotated[TrainIn | None, Body(openapi_examples=_TRAIN)]
_Changes = Annotated[
    TrainIn | None, Body(openapi_examples={"the same again": {"value": {}}, "half the batch": {"value": {"batch_size": 2}}})
]


class TrainReply(Reply):
    success: bool = True
    job_id: str
    message: Text
    name: str
    status: Status
    parameters: dict[str, Any]
    reasons: list[str] = []

    @classmethod
    def of(cls, job: Job) -> TrainReply:
        """What was queued, with all its parameters."""
        used = {"base_model": job.base_model, "dataset_id": job.dataset_id, "dataset_path": job.dataset_path, "backend": job.backend}
        return cls(
            job_id=job.job_id,
            message=msg("{job} is {status}.", job=job.name, status=msg(job.status)),
            name=job.name,
            status=job.status,
            parameters=used | job.parameters,
            reasons=[render(reason) for reason in job.reasons],
        )


class JobDone(Reply):
    success: bool = True
    message: Text
    job_id: str
    status: Status

    @classmethod
    def of(cls, job: Job, message: Text) -> JobDone:
        """What happened to the job."""
        return cls(message=message, job_id=job.job_id, status=job.status)


class WorkerReply(Reply):
    pid: int | None = None
    backend: str | None = None
    container_id: str | None = None


class JobView(Reply):
    job_id: str
    kind: str = "train"
    status: Status
    logs: str
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    adapter_path: str | None = None
    error: str | None = None
    reason: str | None = None
    exit_code: int | None = None
    signal: str | int | None = None
    resumable: bool = False
    worker: WorkerReply | None = None
    step: int | None = None
    total_steps: int | None = None
    known: dict[str, int] | None = None
    verdict: str | None = None
    report_id: str | None = None
    metrics: dict[str, Any] | None = None
    eta_seconds: float | None = None
    queue_position: int | None = None


class JobsQuery(Asked):
    limit: int = Field(default=50, ge=1, le=500)
    status: Status | None = None
    kind: str | None = Field(default=None, max_length=40)


class JobItem(Reply):
    job_id: str
    kind: str
    name: str
    status: Status
    created_at: str
    started_at: str | None
    finished_at: str | None
    dataset_path: str
    base_model: str
    backend: str
    parameters: dict[str, Any]
    output_dir: str
    adapter_path: str | None
    error: str | None
    effort: str | None = None
    note: str = ""


class JobsReply(Reply):
    count: int
    jobs: list[JobItem]


class PointsReply(Reply):
    points: Sequence[dict[str, Any]]


class LogQuery(Asked):
    lines: int = Field(default=500, ge=1, le=5000)


class LogLineReply(Reply):
    line: int
    message: str
    timestamp: str | None = None


class LogReply(Reply):
    first_line: int
    lines: list[LogLineReply]


class JobPatch(Asked):
    """Another name, or a note; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    note: str | None = Field(default=None, max_length=500)


class FiguresQuery(Asked):
    job: list[Id] = Field(min_length=1, max_length=20, description="The jobs, each with its own rows.")


class Place(Asked):
    """A position in the queue; 1 is the next to start, and 0 means the same."""

    place: int = Field(ge=0, le=1_000_000)


class Freed(Reply):
    success: bool = True
    message: Text
    freed_bytes: int

    @classmethod
    def of(cls, freed: int) -> Freed:
        """The freed bytes, also in a sentence."""
        return cls(message=msg("{mb:,.1f} MB are free again.", mb=freed / 1e6), freed_bytes=freed)


@api.post("/train")
async def train(academy: TheAcademy, slow: Slow, spec: _Spec = None, key: _Key = None) -> TrainReply:
    """Queues a training, after checking all that can be checked before."""
    return TrainReply.of(await slow.run(academy.training.train, spec or TrainingSpec.model_validate({}), key or None))


@api.post("/train/plan")
async def plan(academy: TheAcademy, slow: Slow, spec: _Spec = None) -> dict[str, Any]:
    """What a training would use, why, and what stands against it; starts nothing."""
    return await slow.run(academy.training.plan, spec or TrainingSpec.model_validate({}))


@api.post("/train/dry-run")
async def dry_run(academy: TheAcademy, slow: Slow, spec: _Spec = None) -> dict[str, Any]:
    """Whether it will fit: two steps on the longest rows, and what they took."""
    return await slow.run(academy.training.dry_run, spec or TrainingSpec.model_validate({}))


@api.get("/train/{job_id}/status")
def job(academy: TheAcademy, job_id: Id) -> JobView:
    """The state of a job now."""
    return JobView.model_validate(academy.jobs.view(job_id))


@api.get(
    "/train/{job_id}/logs/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, 204: {"description": "There is nothing after that event."}},
)
async def stream(streams: TheStreams, job_id: Id, last_event_id: _LastEvent = None) -> Response:
    """Server-sent events: each log line once, metrics and status as they come; ends with the final status."""
    return await streams.respond(job_id, last_event_id)


@api.get("/train/{job_id}/logs")
def log_tail(academy: TheAcademy, job_id: Id, request: Annotated[LogQuery, Query()]) -> LogReply:
    """The last lines of the log."""
    lines, first = academy.jobs.log_tail(job_id, request.lines)
    return LogReply(
        first_line=first,
        lines=[LogLineReply(line=line.line, message=line.message, timestamp=line.timestamp) for line in lines],
    )


@api.get("/train/{job_id}/log", response_class=PlainTextResponse)
def log_file(academy: TheAcademy, job_id: Id) -> StreamingResponse:
    """The whole log, as far as it is written now, as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{job_id}.log"'}
    return StreamingResponse(_so_far(academy.jobs.log_file(job_id)), media_type="text/plain; charset=utf-8", headers=headers)


@api.get("/train/{job_id}/metrics")
def metrics(academy: TheAcademy, job_id: Id) -> PointsReply:
    """Every step once, in order."""
    return PointsReply(points=academy.jobs.points(job_id))


@api.delete("/train/{job_id}")
async def cancel(academy: TheAcademy, slow: Slow, job_id: Id) -> JobDone:
    """Ends a job; its process or container is gone within ten seconds. Calling it again does no harm."""
    ended = await slow.run(academy.jobs.cancel, job_id)
    return JobDone.of(ended, _cancelled(ended))


@api.post("/train/{job_id}/stop")
async def stop(academy: TheAcademy, slow: Slow, job_id: Id) -> JobDone:
    """Ends a job and keeps what it has learned so far."""
    stopped = await slow.run(academy.jobs.stop, job_id)
    return JobDone.of(stopped, msg("{job} stops and keeps its adapter.", job=stopped.name))


@api.post("/train/{job_id}/resume")
async def resume(academy: TheAcademy, slow: Slow, job_id: Id, changes: _Changes = None) -> JobDone:
    """Queues a failed or cancelled job again; it continues from its newest complete checkpoint."""
    resumed = await slow.run(academy.jobs.resume, job_id, _given(changes))
    return JobDone.of(resumed, msg("{job} is queued and continues where it was.", job=resumed.name))


@api.post("/train/{job_id}/retry")
async def retry(academy: TheAcademy, slow: Slow, job_id: Id, changes: _Changes = None) -> TrainReply:
    """Queues a new job like this one, with the given changes."""
    return TrainReply.of(await slow.run(academy.training.retry, job_id, _given(changes)))


@api.post("/train/{job_id}/move")
def move(academy: TheAcademy, job_id: Id, request: Place) -> JobDone:
    """Moves a queued job to another position in the queue."""
    moved = academy.jobs.move(job_id, request.place)
    return JobDone.of(moved, msg("{job} has moved.", job=moved.name))


@api.patch("/train/{job_id}")
def change_job(academy: TheAcademy, job_id: Id, request: Annotated[JobPatch, Body(examples=[{"name": "handbook, second try"}])]) -> JobDone:
    """Gives a job another name, and its adapter with it; or a note, of which an empty one removes it."""
    job = academy.jobs.get(job_id)
    if request.name is not None:
        job = academy.jobs.rename(job_id, request.name)
    if request.note is not None:
        job = academy.jobs.annotate(job_id, request.note)
    return JobDone.of(
        job, msg("Its name is {job} now.", job=job.name) if request.name is not None else msg("{job} is noted.", job=job.name)
    )


@api.delete("/train/{job_id}/checkpoints")
def clean(academy: TheAcademy, job_id: Id) -> Freed:
    """Deletes the checkpoints of an ended job, which can then not be resumed."""
    freed = academy.jobs.free(job_id)
    return Freed.of(freed)


@api.get("/jobs")
def jobs(academy: TheAcademy, request: Annotated[JobsQuery, Query()]) -> JobsReply:
    """The jobs, newest first."""
    found = academy.jobs.list_with_sizes(request.limit, request.status, request.kind)
    return JobsReply(count=len(found), jobs=[JobItem.model_validate(job) for job in found])


@api.get("/jobs/figures.csv", response_class=PlainTextResponse)
def figures(academy: TheAcademy, request: Annotated[FiguresQuery, Query()]) -> PlainTextResponse:
    """The logged steps of some jobs as one table."""
    headers = {"Content-Disposition": 'attachment; filename="figures.csv"'}
    return PlainTextResponse(academy.jobs.figures(request.job), media_type="text/csv; charset=utf-8", headers=headers)


@api.delete("/jobs/{job_id}")
async def delete_job(academy: TheAcademy, slow: Slow, job_id: Id) -> Freed:
    """Deletes an ended job with its log, figures and report, and with its adapter unless that is active."""
    return Freed.of(await slow.run(academy.jobs.delete, job_id))


@api.delete("/disk/checkpoints")
def clean_all(academy: TheAcademy) -> Freed:
    """Deletes the checkpoints of all finished jobs; those of jobs that can be resumed, and the active adapter's, stay."""
    freed = academy.jobs.free_finished()
    return Freed.of(freed)


def _given(changes: TrainingSpec | None) -> dict[str, Any] | None:
    return (changes.model_dump(exclude_unset=True) or None) if changes else None


def _cancelled(job: Job) -> Text:
    if job.status == "cancelled":
        return msg("{job} is cancelled.", job=job.name)
    if job.status in ("finished", "failed"):
        return msg("{job} had ended already: {status}.", job=job.name, status=msg(job.status))
    return msg("{job} is being cancelled.", job=job.name)


def _so_far(path: Path) -> Iterator[bytes]:
    """The file up to its present end: a log that grows faster than it is read would never end."""
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0 and (chunk := file.read(min(left, 1 << 18))):
            left -= len(chunk)
            yield chunk
