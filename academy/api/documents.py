"""Routes of documents: bring them, read their passages, have questions written, review each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body, Query, Request
from pydantic import Field

from academy.api.multipart import FORM, received
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, QueuedJob, Reply
from academy.api.wire import Exact, Id
from academy.curation.documents.passages import Passage
from academy.curation.documents.store import Decision, DocumentRecord
from academy.jobs.kinds.question import QuestionRequest
from academy.jobs.store import Job
from academy.messages import Text, join, msg
from academy.services.documents import Pair, Progress, ReviewIn

api = router(tags=["documents"])


class DocumentsReply(Reply):
    success: bool
    message: Text
    files: Sequence[DocumentRecord]

    @classmethod
    def of(cls, records: Sequence[DocumentRecord]) -> DocumentsReply:
        """The result of each file; a success if one was taken."""
        ready = sum(record.status == "ready" for record in records)
        errors = [msg("{file}: {problem}", file=record.name, problem=record.error) for record in records if record.error]
        message = join(msg("{ready} of {count} files were taken.", ready=ready, count=len(records)), *errors)
        return cls(success=ready > 0, message=message, files=records)


class DocumentList(Reply):
    count: int
    items: Sequence[DocumentRecord]


class ProbeReply(Reply):
    right: int = Field(description="Usable pairs.")
    of: int
    needed: int


class QuestionFigures(Reply):
    probe: ProbeReply | None = Field(description="The last try of a model on passages with known answers.")
    base_model: str
    asked: int = Field(description="The passages that were asked.")
    thrown: dict[str, int] = Field(description="Pairs that were thrown away, by their reason.")
    states: dict[str, int] = Field(description="Pairs by what was decided on them.")
    job_id: str | None = Field(description="The job that waits, runs, or failed last.")


class DocumentReply(Reply):
    document: DocumentRecord
    questions: QuestionFigures

    @classmethod
    def of(cls, record: DocumentRecord, progress: Progress) -> DocumentReply:
        """A document, and how far its questions are."""
        figures = QuestionFigures(
            probe=ProbeReply(**progress.probe.model_dump()) if progress.probe else None,
            base_model=progress.base_model,
            asked=progress.asked,
            thrown=progress.thrown,
            states=progress.states,
            job_id=progress.job.job_id if progress.job else None,
        )
        return cls(document=record, questions=figures)


class PassagesQuery(Asked):
    offset: int = Field(default=0, ge=0, le=10**9)
    limit: int = Field(default=20, ge=1, le=500)


class PassagesReply(Reply):
    offset: int
    count: int
    items: Sequence[Passage]


class PairsQuery(PassagesQuery):
    state: Decision | None = Field(default=None, description="Only those that are accepted, rejected or waiting.")


class PairsReply(Reply):
    offset: int
    count: int
    items: Sequence[Pair]


class QuestionIn(Exact, QuestionRequest):
    """Which model writes questions, and how many."""


class DecisionIn(Exact, ReviewIn):
    """A decision on a pair."""


class QueuedQuestions(QueuedJob):
    @classmethod
    def of(cls, job: Job) -> QueuedQuestions:
        """The queued job."""
        message = msg("The writing of questions on {job} is {status}.", job=job.name, status=job.status)
        return cls(job_id=job.job_id, kind=job.kind, name=job.name, status=job.status, message=message)


@api.post("/documents", openapi_extra=FORM)
async def upload_documents(request: Request, academy: TheAcademy, slow: Slow) -> DocumentsReply:
    """Takes up to ten documents (PDF, Word, slides, HTML, Markdown, text) and cuts them into passages; each has its own result."""
    async with received(request, academy.settings) as (files, _):
        return DocumentsReply.of(await slow.run(academy.documents.upload, files))


@api.get("/documents")
async def list_documents(academy: TheAcademy, slow: Slow) -> DocumentList:
    """All documents, newest first; `document_ids` of a dataset takes their passages as plain text."""
    items = await slow.run(academy.documents.list)
    return DocumentList(count=len(items), items=items)


@api.get("/documents/{document_id}")
async def get_document(academy: TheAcademy, slow: Slow, document_id: Id) -> DocumentReply:
    """A document, and how far its questions are."""
    record = academy.documents.get(document_id)
    return DocumentReply.of(record, await slow.run(academy.documents.progress, document_id))


@api.delete("/documents/{document_id}")
async def delete_document(academy: TheAcademy, slow: Slow, document_id: Id) -> Done:
    """Deletes a document with the questions on it; lessons and datasets made from it stay."""
    await slow.run(academy.documents.delete, document_id)
    return Done(message="The document is deleted.")


@api.get("/documents/{document_id}/passages")
async def list_passages(academy: TheAcademy, slow: Slow, document_id: Id, query: Annotated[PassagesQuery, Query()]) -> PassagesReply:
    """The passages of a document with their pages and headings."""
    record = academy.documents.get(document_id)
    items = await slow.run(academy.documents.passages, document_id, query.offset, query.limit)
    return PassagesReply(offset=query.offset, count=record.passages, items=items)


@api.post("/documents/{document_id}/questions")
async def write_questions(
    academy: TheAcademy, slow: Slow, document_id: Id, request: Annotated[QuestionIn | None, Body()] = None
) -> QueuedQuestions:
    """Has a model write questions and answers on the passages, as a job of the kind `question`; each waits for a review.

    A model that cannot write questions on passages with known answers writes none, and `probe` says so.
    """
    return QueuedQuestions.of(await slow.run(academy.documents.write_questions, document_id, request or QuestionRequest()))


@api.get("/documents/{document_id}/pairs")
async def list_pairs(academy: TheAcademy, slow: Slow, document_id: Id, query: Annotated[PairsQuery, Query()]) -> PairsReply:
    """The questions and answers on a document; nothing of it is trained before it is accepted."""
    found = await slow.run(academy.documents.pairs, document_id, query.state)
    return PairsReply(offset=query.offset, count=len(found), items=found[query.offset : query.offset + query.limit])


@api.post("/documents/{document_id}/pairs/{pair_id}/review")
async def review_pair(academy: TheAcademy, slow: Slow, document_id: Id, pair_id: str, decision: DecisionIn) -> dict[str, Any]:
    """Accepts a pair as a lesson, as it is or with other texts; rejects it; or takes that back (`waiting`)."""
    return (await slow.run(academy.documents.review, document_id, pair_id, decision)).model_dump()
