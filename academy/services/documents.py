"""The verbs of documents: read them in, have questions written on them, review the questions, delete them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, Places, find_base, resolve_base
from academy.config import Settings
from academy.curation.documents.passages import Passage
from academy.curation.documents.reading import Document, read_document
from academy.curation.documents.store import Decision, DocumentRecord, DocumentStore, Review
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import MAX_TEXT, LessonIn
from academy.errors import AcademyError, Conflict, Invalid, NotFound, Refused
from academy.files import now
from academy.jobs.kinds.evaluate import BASE
from academy.jobs.kinds.question import QuestionRequest, QuestionSpec
from academy.jobs.reading.written import Probe, Written, WrittenPair, written_in
from academy.jobs.running.runner import Runner
from academy.jobs.spec import KNOBS
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from academy.services.lessons import Files, check_count
from academy.services.permission import Permission, changing, reading
from academy.text.spans import find_span, key_of

TAG = "document"
"""The tag of lessons from documents."""

PASSAGE_TOKENS = 256
_MOST_JOBS = 1000


class Pair(WrittenPair):
    """A question and answer on a passage, and what a person decided; only an accepted one becomes a lesson."""

    id: str
    state: Decision = "waiting"
    lesson_id: str | None = None


class ReviewIn(BaseModel):
    """A decision; with texts, the pair is accepted as they are. `waiting` takes the decision back."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision
    question: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    answer: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)


@dataclass(frozen=True)
class Progress:
    """How far the questions on a document are: the last probe, what was written and thrown away, and what waits."""

    probe: Probe | None = None
    base_model: str = ""
    asked: int = 0  # passages
    thrown: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)  # pairs by what was decided
    job: Job | None = None  # that waits, runs, or failed last


class Documents:
    """Everything that can be done with documents; what was written lies in the folders of the jobs that wrote it."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        store: DocumentStore,
        lessons: LessonStore,
        adapters: AdapterStore,
        jobs: JobStore,
        runner: Runner,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._store = store
        self._lessons = lessons
        self._adapters = adapters
        self._jobs = jobs
        self._runner = runner
        self._reviewing = threading.Lock()

    @changing
    def upload(self, files: Files) -> Sequence[DocumentRecord]:
        """Reads documents in and cuts them into passages; partial success, file by file."""
        check_count(files)
        name = self._settings.default_base_model
        tokenizer = self._tokenizer_of(name)

        def read(path: Path, filename: str, kind: str) -> Document:
            return read_document(path, filename, kind, tokenizer, PASSAGE_TOKENS)

        return [self._store.add(stream, filename, read, name) for filename, stream in files]

    @reading
    def list(self) -> Sequence[DocumentRecord]:
        """The documents, newest first."""
        return self._store.list()

    @reading
    def get(self, document_id: str) -> DocumentRecord:
        """One document; raises NotFound."""
        return self._store.get(document_id)

    @reading
    def passages(self, document_id: str, offset: int = 0, limit: int = 20) -> Sequence[Passage]:
        """Passages of a document, in their order."""
        return self._store.passages(document_id)[offset : offset + limit]

    @changing
    def delete(self, document_id: str) -> None:
        """Deletes a document with what was written on it; lessons and datasets made from it stay. Raises Conflict while it is in use."""
        record, jobs = self._store.get(document_id), self._of(document_id)
        if any(job.status not in ENDED for job in jobs):
            raise Conflict(
                "Questions are being written on {name}.", hint="Cancel that first, or wait until it has ended.", name=record.name
            )
        self._store.delete(document_id)
        for job in jobs:
            self._runner.delete(job.job_id)

    # Questions

    @changing
    def write_questions(self, document_id: str, request: QuestionRequest) -> Job:
        """Queues the writing of questions on the passages that were not asked yet, by the model that answers in the chat."""
        record = self._store.get(document_id)
        if any(job.status not in ENDED for job in self._of(document_id)):
            raise Conflict(
                "Questions are being written on {name} already.", hint="Wait until that has ended, or cancel it.", name=record.name
            )
        adapter, base = self._model_of(request)
        asked = {number for written in self._written(document_id).values() for number in written.asked}
        numbers = [passage.number for passage in self._store.passages(document_id) if passage.number not in asked]
        if not numbers:
            raise Refused(
                "All passages of {name} were asked.", hint="Review the questions, or learn the passages as plain text.", name=record.name
            )
        training = {name: adapter.parameters[name] for name in KNOBS if name in adapter.parameters} if adapter else {}
        spec = QuestionSpec(
            document_id=document_id, passages=numbers[: request.passages], per_passage=request.per_passage, training=training
        )
        inputs = Inputs(
            name=record.name[:80],
            dataset_path=str(self._store.passages_path(document_id)),
            base_model=base.name,
            base_path=str(base.path),
            base_fingerprint=base.fingerprint,
            continue_from=adapter.adapter_id if adapter else None,
            continue_from_path=str(adapter.path) if adapter else None,
        )
        return self._runner.submit(spec, inputs, kind="question")

    @reading
    def progress(self, document_id: str) -> Progress:
        """How far the questions on a document are."""
        self._store.get(document_id)
        jobs = self._of(document_id)
        written = self._written(document_id)
        thrown: Counter[str] = Counter()
        for item in written.values():
            thrown.update(item.thrown)
        newest = next((job for job in jobs if job.job_id in written), None)
        open_ = jobs[0] if jobs and (jobs[0].status not in ENDED or jobs[0].status == "failed") else None
        return Progress(
            probe=written[newest.job_id].probe if newest else None,
            base_model=newest.base_model if newest else "",
            asked=len({number for item in written.values() for number in item.asked}),
            thrown=dict(thrown.most_common()),
            states=dict(Counter(pair.state for pair in self.pairs(document_id))),
            job=open_,
        )

    @reading
    def pairs(self, document_id: str, state: Decision | None = None) -> Sequence[Pair]:
        """The pairs with what was decided, in the order of the passages; of those with the same question the first."""
        reviews = self._store.reviews(document_id)
        found: dict[str, Pair] = {}
        for job_id, written in self._written(document_id).items():
            for number, pair in enumerate(written.pairs):
                made = Pair(**pair.model_dump(), id=f"{job_id}.{number}")
                if review := reviews.get(made.id):
                    texts = {"question": review.question or pair.question, "answer": review.answer or pair.answer}
                    made = made.model_copy(update=texts | {"state": review.state, "lesson_id": review.lesson_id})
                found.setdefault(key_of(pair.question), made)
        return [pair for pair in sorted(found.values(), key=lambda pair: pair.passage) if state in (None, pair.state)]

    @changing
    def review(self, document_id: str, pair_id: str, review: ReviewIn) -> Pair:
        """Decides on a pair: an accepted one becomes a lesson, and taking that back deletes the lesson."""
        with self._reviewing:
            pair = self._pair(document_id, pair_id)
            if pair.lesson_id is not None:
                self._forget(pair.lesson_id)
            texts = {"question": (review.question or pair.question).strip(), "answer": (review.answer or pair.answer).strip()}
            if not all(texts.values()):
                raise Invalid("A question and an answer are needed.", hint="Reject the pair instead.")
            pair = pair.model_copy(update=texts | {"state": review.decision, "lesson_id": None})
            if review.decision == "accepted":
                pair = pair.model_copy(update={"lesson_id": self._lessons.add(self._lesson_of(document_id, pair)).lesson_id})
            kept = Review(pair=pair.id, state=pair.state, lesson_id=pair.lesson_id, time=now(), **texts)
            self._store.review(document_id, kept)
        return pair

    # ------------------------------------------------------------------

    def _of(self, document_id: str) -> Sequence[Job]:
        """The jobs that wrote on a document, newest first."""
        return [job for job in self._jobs.list(_MOST_JOBS, kind="question") if job.parameters.get("document_id") == document_id]

    def _written(self, document_id: str) -> dict[str, Written]:
        """By the job's id what was written, the earliest first."""
        done = [job for job in reversed(self._of(document_id)) if job.status == "finished"]
        return {job.job_id: written for job in done if (written := written_in(job.folder))}

    def _pair(self, document_id: str, pair_id: str) -> Pair:
        found = next((pair for pair in self.pairs(document_id) if pair.id == pair_id), None)
        if found is None:
            raise NotFound("There is no pair {id!r} of this document.", hint="List its pairs.", id=pair_id[:80])
        return found

    def _lesson_of(self, document_id: str, pair: Pair) -> LessonIn:
        """The lesson that an accepted pair becomes: a person read it beside its passage, so it is good."""
        record = self._store.get(document_id)
        passage = self._store.passages(document_id)[pair.passage - 1]
        facts = {"source": record.name, "document": document_id, "passage": passage.number}
        facts |= {"page": passage.page} if passage.page else {}
        facts |= {"heading": passage.heading} if passage.heading else {}
        facts |= {} if find_span(pair.answer, passage.text) else {"edited": True}
        return LessonIn(situation=pair.question, action=pair.answer, tags=[TAG], metadata=facts, rating="good")

    def _forget(self, lesson_id: str) -> None:
        try:
            self._lessons.delete(lesson_id)
        except NotFound:
            return  # a person deleted it among the lessons

    def _model_of(self, request: QuestionRequest) -> tuple[Adapter | None, Base]:
        """The adapter and the base that write: the requested ones, else those that answer in the chat."""
        if request.adapter_id not in (None, BASE):
            adapter = self._adapters.get(request.adapter_id)
        else:
            adapter = self._adapters.active() if request.adapter_id is None and request.base_model is None else None
        if adapter:
            self._adapters.check(adapter)
        name = adapter.base_model if adapter else request.base_model or self._settings.default_base_model
        return adapter, find_base(name, Places.of(self._settings))

    def _tokenizer_of(self, name: str) -> Path | None:
        """The tokenizer of a base model that is here, by which passages are measured."""
        try:
            base = resolve_base(name, Places.of(self._settings))
        except AcademyError:
            return None
        return base.path / "tokenizer.json" if base.path else None
