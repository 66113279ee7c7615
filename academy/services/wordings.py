"""The verbs of other wordings: write them by hand, have a model write them, review those, see how far it is."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, Places, find_base
from academy.config import Settings
from academy.curation.datasets import DatasetStore
from academy.curation.examples import Example
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import GOLDEN, Lesson, check_text
from academy.curation.redaction.redact import redact
from academy.curation.wording_store import Decided, Decision, WordingStore
from academy.errors import Conflict, Invalid, NotFound, Refused
from academy.files import now
from academy.jobs.kinds.evaluate import BASE
from academy.jobs.kinds.question import QuestionSpec, WordingRequest, rephrases
from academy.jobs.reading.written import Probe, Written, written_in
from academy.jobs.running.runner import Runner
from academy.jobs.spec import KNOBS
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from academy.rows import MOST_WORDINGS, WORDINGS, wordings_of
from academy.services.permission import Permission, changing, reading
from academy.text.spans import key_of
from academy.text.words import is_long

MOST_CHARS = 2000
MOST_REVIEWED = 500
_MOST_COMPARED = 5000  # lessons, so that a wording is not the question of another one
_MOST_JOBS = 1000

_Text = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARS, strip_whitespace=True)]


class Proposal(BaseModel):
    """A wording that a model wrote, beside its lesson; only an accepted one is trained."""

    id: str
    lesson_id: str
    question: str
    answer: str
    text: str
    state: Decision = "waiting"


class WordingDecision(BaseModel):
    """A decision on a wording; with a text, it is accepted as that. `waiting` takes the decision back."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=200)
    decision: Decision
    text: _Text | None = None


@dataclass(frozen=True)
class WordingProgress:
    """How far a model is with other wordings: its last probe, what was written and thrown away, and what waits."""

    probe: Probe | None = None
    base_model: str = ""
    newest: str = ""  # the job that wrote last
    asked: int = 0  # lessons
    thrown: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    job: Job | None = None  # that waits, runs, or failed last


class OtherWordings:
    """Everything that can be done with other wordings; accepted ones lie in their lessons, proposed ones in the folders of their jobs."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        store: WordingStore,
        lessons: LessonStore,
        datasets: DatasetStore,
        adapters: AdapterStore,
        jobs: JobStore,
        runner: Runner,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._store = store
        self._lessons = lessons
        self._datasets = datasets
        self._adapters = adapters
        self._jobs = jobs
        self._runner = runner
        self._reviewing = threading.Lock()
        self._read: dict[str, Written] = {}
        self._listed: tuple[Any, Sequence[Proposal]] = (None, ())

    @changing
    def keep(self, lesson_id: str, texts: Sequence[str]) -> Lesson:
        """Gives a lesson these other wordings instead of those that it has; raises NotFound."""
        if not self._lessons.change_many([lesson_id], lambda lesson: {"metadata": with_wordings(lesson.metadata, texts)}):
            self._lessons.get(lesson_id)
        return self._lessons.get(lesson_id)

    @changing
    def write(self, request: WordingRequest) -> Job:
        """Queues the writing of other wordings of the lessons that were not rephrased yet, or of those that are named."""
        if any(job.status not in ENDED for job in self._of()):
            raise Conflict("Other wordings are being written already.", hint="Wait until that has ended, or cancel it.")
        adapter, base = self._model_of(request)
        lines, count = self._lines(request)
        if not count:
            raise Refused(
                "No lesson is left that could be asked in other words.",
                hint="Name lessons to have more written, or write them by hand; golden and very long questions stay as they are.",
            )
        training = {name: adapter.parameters[name] for name in KNOBS if name in adapter.parameters} if adapter else {}
        self._store.forget_lists({job.dataset_path for job in self._of()})
        inputs = Inputs(
            name="other wordings",
            dataset_path=str(self._store.add_list(lines)),
            base_model=base.name,
            base_path=str(base.path),
            base_fingerprint=base.fingerprint,
            continue_from=adapter.adapter_id if adapter else None,
            continue_from_path=str(adapter.path) if adapter else None,
        )
        return self._runner.submit(QuestionSpec(lessons=count, per_lesson=request.per_lesson, training=training), inputs, kind="question")

    @reading
    def progress(self) -> WordingProgress:
        """How far a model is with other wordings."""
        jobs, written = self._of(), self._written()
        thrown: Counter[str] = Counter()
        for item in written.values():
            thrown.update(item.thrown)
        newest = next((job for job in jobs if job.job_id in written), None)
        return WordingProgress(
            probe=written[newest.job_id].probe if newest else None,
            base_model=newest.base_model if newest else "",
            newest=newest.job_id if newest else "",
            asked=len({name for item in written.values() for name in item.lessons}),
            thrown=dict(thrown.most_common()),
            states=dict(Counter(proposal.state for proposal in self.proposals())),
            job=jobs[0] if jobs and (jobs[0].status not in ENDED or jobs[0].status == "failed") else None,
        )

    @reading
    def proposals(self, state: Decision | None = None, lesson_id: str | None = None) -> Sequence[Proposal]:
        """The written wordings of lessons that are still there, those of one lesson together."""
        written = self._written()
        key = (tuple(written), self._lessons.revision, self._store.size)
        if self._listed[0] != key:
            self._listed = key, self._all(written)
        return [item for item in self._listed[1] if state in (None, item.state) and lesson_id in (None, item.lesson_id)]

    @changing
    def review(self, decisions: Sequence[WordingDecision]) -> Sequence[Proposal]:
        """Decides on wordings, all or none: an accepted one goes to its lesson, and taking that back takes it away again."""
        with self._reviewing:
            known = {item.id: item for item in self.proposals()}
            if (lost := next((item.id for item in decisions if item.id not in known), None)) is not None:
                raise NotFound("There is no wording {id!r}.", hint="List the wordings that wait.", id=lost[:80])
            decided: list[Proposal] = []
            changes: dict[str, list[Callable[[list[str]], list[str]]]] = defaultdict(list)
            for item in decisions:
                before = known[item.id]
                text = redact(item.text).text if item.text else before.text
                after = before.model_copy(update={"state": item.decision, "text": text})
                decided.append(after)
                changes[before.lesson_id].append(_changing_from(before, after))
            self._lessons.change_many(changes, lambda lesson: {"metadata": _changed(lesson, changes[lesson.lesson_id])})
            self._store.decide([Decided(wording=item.id, state=item.state, text=item.text, time=now()) for item in decided])
        return decided

    # ------------------------------------------------------------------

    def _lines(self, request: WordingRequest) -> tuple[list[dict[str, Any]], int]:
        """The lessons that are to be rephrased and those to compare them with, and how many are to be."""
        named = self._named(request)
        asked = {name for item in self._written().values() for name in item.lessons} if request.lesson_ids is None else set[str]()
        rejected: dict[str, list[str]] = defaultdict(list)
        for item in self.proposals():
            rejected[item.lesson_id].append(item.text)
        lines: list[dict[str, Any]] = []
        count = 0
        for example in islice(self._lessons.trainable(_MOST_COMPARED), _MOST_COMPARED):
            known = None
            if count < request.lessons and (named is None or example.origin in named) and example.origin not in asked and _fits(example):
                known = [key_of(text) for text in (*example.meta.get(WORDINGS, ()), *rejected[example.origin])]
                count += 1
            lines.append({"name": example.origin, "question": example.asked, "answer": example.answer, "known": known})
        return lines, count

    def _named(self, request: WordingRequest) -> set[str] | None:
        """The ids of the lessons that a request means; None: all."""
        if request.lesson_ids is not None:
            return set(request.lesson_ids)
        if request.dataset_id is None:
            return None
        opened = (self._datasets.open(request.dataset_id, part) for part in ("train", "eval"))
        return set[str]().union(*(rows.lessons() for rows in opened if rows))

    def _all(self, written: dict[str, Written]) -> Sequence[Proposal]:
        decisions, lessons = self._store.decisions(), dict[str, Lesson | None]()
        found: dict[tuple[str, str], Proposal] = {}
        for job_id, item in written.items():
            for number, wording in enumerate(item.wordings):
                if wording.lesson not in lessons:
                    lessons[wording.lesson] = self._lesson(wording.lesson)
                lesson, decided = lessons[wording.lesson], decisions.get(f"{job_id}.{number}")
                has = {key_of(text) for text in (lesson.situation, *wordings_of(lesson.metadata))} if lesson else set[str]()
                if lesson is None or (decided is None and key_of(wording.text) in has):
                    continue  # deleted, never asked otherwise, or written by hand in the meantime
                made = Proposal(
                    id=f"{job_id}.{number}",
                    lesson_id=lesson.lesson_id,
                    question=lesson.situation,
                    answer=lesson.action,
                    text=decided.text if decided else wording.text,
                    state=decided.state if decided else "waiting",
                )
                found.setdefault((made.lesson_id, key_of(wording.text)), made)
        order = {name: at for at, name in enumerate(lessons)}
        return sorted(found.values(), key=lambda item: order[item.lesson_id])

    def _lesson(self, lesson_id: str) -> Lesson | None:
        try:
            lesson = self._lessons.get(lesson_id)
        except NotFound:
            return None
        return None if GOLDEN in lesson.tags else lesson

    def _of(self) -> Sequence[Job]:
        """The jobs that wrote wordings, newest first."""
        return [job for job in self._jobs.list(_MOST_JOBS, kind="question") if rephrases(job)]

    def _written(self) -> dict[str, Written]:
        """By the job's id what was written, the earliest first."""
        done = {job.job_id: job for job in reversed(self._of()) if job.status == "finished"}
        for job_id in self._read.keys() - done.keys():
            self._read.pop(job_id, None)
        for job_id in done.keys() - self._read.keys():  # what a finished job wrote never changes
            if written := written_in(done[job_id].folder):
                self._read[job_id] = written
        return {job_id: self._read[job_id] for job_id in done if job_id in self._read}

    def _model_of(self, request: WordingRequest) -> tuple[Adapter | None, Base]:
        """The adapter and the base that write: those that are named, else the base that answers in the chat, without its adapter.

        An adapter that learned to answer in a manner answers the question instead of rephrasing it.
        """
        adapter = self._adapters.get(request.adapter_id) if request.adapter_id not in (None, BASE) else None
        if adapter:
            self._adapters.check(adapter)
        active = self._adapters.active()
        name = adapter.base_model if adapter else request.base_model or (active.base_model if active else self._settings.default_base_model)
        return adapter, find_base(name, Places.of(self._settings))


def with_wordings(metadata: dict[str, Any], texts: Iterable[str]) -> dict[str, Any]:
    """The metadata of a lesson with these other wordings; raises Invalid for too many, too long or broken ones."""
    texts = [*dict.fromkeys(text.strip() for text in texts if text.strip())]
    if len(texts) > MOST_WORDINGS:
        raise Invalid("A lesson has at most {most} other wordings.", hint="Take some away.", most=MOST_WORDINGS)
    for text in texts:
        if len(text) > MOST_CHARS:
            raise Invalid("A wording is longer than {most:number} characters.", hint="Write the question shorter.", most=MOST_CHARS)
        try:
            check_text(text)
        except ValueError as error:
            raise Invalid("A wording {problem}.", hint="Type it again.", problem=error) from error
    kept = {name: value for name, value in metadata.items() if name != WORDINGS}
    return kept | ({WORDINGS: texts} if texts else {})


def _changing_from(before: Proposal, after: Proposal) -> Callable[[list[str]], list[str]]:
    """What a decision does to the wordings of its lesson."""

    def change(texts: list[str]) -> list[str]:
        kept = [text for text in texts if before.state != "accepted" or text != before.text]
        return [*kept, after.text] if after.state == "accepted" else kept

    return change


def _changed(lesson: Lesson, changes: Sequence[Callable[[list[str]], list[str]]]) -> dict[str, Any]:
    texts = wordings_of(lesson.metadata)
    for change in changes:
        texts = change(texts)
    return with_wordings(lesson.metadata, texts)


def _fits(example: Example) -> bool:
    """Whether a lesson's question can be asked in other words: a short one, which no exam asks."""
    return not example.meta.get("golden") and bool(example.asked.strip()) and not is_long(example.asked)
