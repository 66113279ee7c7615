"""Routes of other wordings: write them by hand, have them written, review them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from academy.api.documents import ProbeReply
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, QueuedJob, Reply
from academy.api.wire import Exact, Id
from academy.curation.lessons import Lesson
from academy.curation.wording_store import Decision
from academy.jobs.kinds.question import WordingRequest
from academy.jobs.store import Job
from academy.messages import count
from academy.rows import MOST_WORDINGS
from academy.services.wordings import MOST_REVIEWED, Proposal, WordingDecision

api = router(tags=["lessons"])


class WordingsQuery(Asked):
    offset: int = Field(default=0, ge=0, le=10**9)
    limit: int = Field(default=50, ge=1, le=500)
    state: Decision | None = Field(default=None, description="Only those that are accepted, rejected or waiting.")
    lesson_id: str | None = Field(default=None, max_length=200, description="Only those of this lesson.")


class WordingsReply(Reply):
    offset: int
    count: int
    items: Sequence[Proposal]
    probe: ProbeReply | None = Field(description="The last try of a model on questions with known answers.")
    base_model: str
    asked: int = Field(description="The lessons that were rephrased.")
    thrown: dict[str, int] = Field(description="Wordings that were thrown away, by their reason.")
    states: dict[str, int] = Field(description="Wordings by what was decided on them.")
    job_id: str | None = Field(description="The job that waits, runs, or failed last.")


class WordingIn(Exact, WordingRequest):
    """Which model writes other wordings, and of which lessons."""


class DecisionsIn(Asked):
    items: list[WordingDecision] = Field(min_length=1, max_length=MOST_REVIEWED)


class ReviewedReply(Done):
    items: Sequence[Proposal]


class OwnWordings(Asked):
    wordings: list[str] = Field(max_length=MOST_WORDINGS, description="Other ways to ask the lesson's question.")


class QueuedWordings(QueuedJob):
    @classmethod
    def of(cls, job: Job) -> QueuedWordings:
        """The queued job."""
        said = count(
            job.parameters["lessons"], one="{n} lesson is to be asked in other words.", other="{n} lessons are to be asked in other words."
        )
        return cls(job_id=job.job_id, kind=job.kind, name=job.name, status=job.status, message=said)


@api.put("/lessons/{lesson_id}/wordings")
def keep_wordings(academy: TheAcademy, lesson_id: Id, own: OwnWordings) -> Lesson:
    """Gives a lesson these other wordings instead of those that it has: a training asks in them too, the exam never does."""
    return academy.wordings.keep(lesson_id, own.wordings)


@api.post("/wordings")
async def write_wordings(academy: TheAcademy, slow: Slow, request: Annotated[WordingIn | None, Body()] = None) -> QueuedWordings:
    """Has a model write other wordings of lessons, as a job of the kind `question`; each waits for a review.

    A model that cannot rephrase questions with known answers writes none, and `probe` says so.
    """
    return QueuedWordings.of(await slow.run(academy.wordings.write, request or WordingRequest()))


@api.get("/wordings")
async def list_wordings(academy: TheAcademy, slow: Slow, query: Annotated[WordingsQuery, Query()]) -> WordingsReply:
    """The wordings that a model wrote; nothing of it is trained before it is accepted."""
    found = await slow.run(academy.wordings.proposals, query.state, query.lesson_id)
    progress = await slow.run(academy.wordings.progress)
    return WordingsReply(
        offset=query.offset,
        count=len(found),
        items=found[query.offset : query.offset + query.limit],
        probe=ProbeReply(**progress.probe.model_dump()) if progress.probe else None,
        base_model=progress.base_model,
        asked=progress.asked,
        thrown=progress.thrown,
        states=progress.states,
        job_id=progress.job.job_id if progress.job else None,
    )


@api.post("/wordings/review")
async def review_wordings(academy: TheAcademy, slow: Slow, decisions: DecisionsIn) -> ReviewedReply:
    """Accepts wordings, as they are or with other texts; rejects them; or takes that back (`waiting`). All or none."""
    items = await slow.run(academy.wordings.review, decisions.items)
    return ReviewedReply(message=count(len(items), one="{n} wording was reviewed.", other="{n} wordings were reviewed."), items=items)
