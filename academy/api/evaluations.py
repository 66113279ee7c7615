"""Routes of evaluations: exams of adapters and bases, and the reports of all exams."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import Field

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, QueuedJob, Reply
from academy.api.wire import Exact, Id
from academy.jobs.kinds.evaluate import EvaluationRequest
from academy.jobs.store import Job, Status
from academy.messages import msg

_EVALUATE: dict[str, Any] = {
    "a base model alone, on general questions": {"value": {"adapter_id": "base", "base_model": "academy-mini"}},
    "on questions of your own": {
        "value": {
            "adapter_id": "base",
            "questions": ["Where is the spare key?", {"question": "Who waters the plants?", "expected": "Lena waters the plants."}],
        }
    },
}

api = router(tags=["evaluations"])


class EvaluateIn(Exact, EvaluationRequest):
    """What to examine; without a dataset and questions it is the dataset that the adapter was trained on."""

    adapter_id: Id


class EvaluateReply(QueuedJob):
    id: str

    @classmethod
    def of(cls, job: Job) -> EvaluateReply:
        """The queued job; its id is that of the report."""
        message = msg("The evaluation of {job} is {status}.", job=job.name, status=msg(job.status))
        return cls(id=job.job_id, job_id=job.job_id, kind=job.kind, name=job.name, status=job.status, message=message)


class KnownReply(Reply):
    rows: int
    of: int


class RemedyReply(Reply):
    label: str
    request: dict[str, Any]


class EvaluationItem(Reply):
    id: str
    job_id: str
    kind: str
    name: str
    status: Status
    error: str | None
    adapter_id: str
    base_model: str
    dataset_id: str | None
    created_at: str
    seconds: float | None
    known: KnownReply | None
    rephrased: dict[str, Any] | None
    held_out: dict[str, Any] | None
    general: dict[str, Any] | None
    drift: float | None
    earlier: list[dict[str, Any]]
    noise: float | None
    verdict: str | None
    sentences: list[str]
    remedies: list[RemedyReply]


class EvaluationReply(EvaluationItem):
    items: list[dict[str, Any]]


class EvaluationsReply(Reply):
    count: int
    items: list[EvaluationItem]


class EvaluationsQuery(Asked):
    limit: int = Field(default=50, ge=1, le=500)


@api.post("/evaluations")
async def evaluate(academy: TheAcademy, slow: Slow, request: Annotated[EvaluateIn, Body(openapi_examples=_EVALUATE)]) -> EvaluateReply:
    """Queues an exam of an adapter or a base; its progress, log and cancel are those of every job."""
    return EvaluateReply.of(await slow.run(academy.evaluations.evaluate, request))


@api.get("/evaluations")
def list_evaluations(academy: TheAcademy, request: Annotated[EvaluationsQuery, Query()]) -> EvaluationsReply:
    """The reports, newest first, those of trainings too; without their tables."""
    found = academy.evaluations.list(request.limit)
    return EvaluationsReply(count=len(found), items=[EvaluationItem.model_validate(item) for item in found])


@api.get("/evaluations/{report_id}")
def evaluation(academy: TheAcademy, report_id: Id) -> EvaluationReply:
    """One report with its table, worst first; of an exam that has not ended, its status."""
    return EvaluationReply.model_validate(academy.evaluations.get(report_id))


@api.delete("/evaluations/{report_id}")
async def delete_evaluation(academy: TheAcademy, slow: Slow, report_id: Id) -> Done:
    """Deletes a report; an exam that has not ended is cancelled. The job's record and log stay."""
    await slow.run(academy.evaluations.delete, report_id)
    return Done(message="The report is deleted.")
