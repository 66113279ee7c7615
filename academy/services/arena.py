"""The verbs of the arena: golden questions, blind duels, votes, and the ranking."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import logging
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.adapters.store import Adapter, AdapterStore
from academy.arena import ratings
from academy.arena.journal import BASE, Alike, Duel, Journal, Side, Skip, Vote, Winner, key_of, tallies
from academy.arena.judge import Judge
from academy.arena.questions import LONGEST, Origin, Question, QuestionStore, folded
from academy.arena.sentences import sentence
from academy.chat.conversations import ConversationStore
from academy.chat.request import ChatRequest
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.datasets import DatasetStore
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import GOLDEN, PICKED, LessonIn
from academy.errors import AcademyError, Conflict, Invalid, Unavailable, foreign_code
from academy.messages import Text, msg, render
from academy.rows import conversation
from academy.services.permission import Permission, changing, reading

log = logging.getLogger(__name__)

_DEFAULT_OTHERS = 2  # contenders besides the base and the active adapter
_MOST_CONTENDERS = 50
_MOST_READ = 500  # lessons, rows and conversations that suggestions are taken from
_TRIES = 6  # questions with the same answer from both before a duel is given up


class DuelRequest(BaseModel):
    """A duel to make: the question and who answers; what is left out, the arena chooses where a vote tells most."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())

    question: str | None = Field(default=None, min_length=1, max_length=LONGEST, description="Empty: a golden question.")
    adapters: list[str] | None = Field(
        default=None, max_length=_MOST_CONTENDERS, description='Who may answer, by id or "base"; of more than two, two are chosen.'
    )
    base_model: str | None = Field(default=None, max_length=500, description='The base model of "base". Empty: that of the adapters.')
    temperature: float = Field(default=0.0, ge=0, le=2, description="Of both answers.")
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    max_new_tokens: int = Field(default=256, ge=1, le=8192)


@dataclass(frozen=True)
class Contender:
    """Who can take part: an adapter, or with BASE as its id the base model; `chosen`: takes part unless a person says otherwise."""

    adapter_id: str
    name: str
    base_model: str
    is_active: bool = False
    chosen: bool = False

    @property
    def key(self) -> str:
        """Its name in a ranking."""
        return key_of(self.adapter_id, self.base_model)


@dataclass(frozen=True)
class Progress:
    """The duel on the page: being answered, failed with an error, or there; `vote` is None until a person has voted."""

    waiting: bool
    error: AcademyError | None
    duel: Duel | None
    vote: Vote | None


class Arena:
    """Everything that can be done with golden questions, duels and votes."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        adapters: AdapterStore,
        session: ChatSession,
        lessons: LessonStore,
        datasets: DatasetStore,
        conversations: ConversationStore,
        questions: QuestionStore,
        chance: random.Random | None = None,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._adapters = adapters
        self._session = session
        self._lessons = lessons
        self._datasets = datasets
        self._conversations = conversations
        self._questions = questions
        self._journal = Journal(settings.arena_dir / "journal.jsonl")
        self._chance = chance or random.SystemRandom()
        self._lock = threading.Lock()
        self._waiting = False
        self._error: AcademyError | None = None

    # Questions

    @reading
    def questions(self) -> Sequence[Question]:
        """The golden questions, newest first."""
        return self._questions.list()

    @changing
    def add_question(self, question: Question) -> Question:
        """Keeps a golden question; raises Conflict for one that is there already."""
        return self._questions.add(question)

    @changing
    def delete_question(self, named: str) -> Question:
        """Deletes a golden question by its id or its text; raises NotFound."""
        return self._questions.delete(named)

    @reading
    def suggestions(self, limit: int = 12) -> Sequence[Question]:
        """Questions that could be golden: of lessons tagged golden, held-out rows, real chats, and at last any that were taught."""
        known, found = {folded(item.question) for item in self._questions.list()}, []
        sources = itertools.chain(
            self._golden(), self._rows("eval", "held_out"), self._chatted(), self._taught(), self._rows("train", "row")
        )
        for item in sources:
            if len(found) == limit:
                break
            if item.question.strip() and folded(item.question) not in known:
                known.add(folded(item.question))
                found.append(item)
        return found

    # Duels

    @reading
    def contenders(self) -> Sequence[Contender]:
        """Who can take part: the base and the adapters of the active one's base, else of the newest one's; the first are chosen."""
        adapters = self._adapters.list()
        active = next((item for item in adapters if item.is_active), None)
        lead = active or next(iter(adapters), None)
        if lead is None:
            return []
        same = [item for item in adapters if item.base_model == lead.base_model and item is not active]
        mine = [active] if active else []
        first = {item.adapter_id for item in [*mine, *same[:_DEFAULT_OTHERS]]}
        base = Contender(BASE, BASE, lead.base_model, chosen=True)
        return [base, *[_contender(item, chosen=item.adapter_id in first) for item in [*mine, *same][:_MOST_CONTENDERS]]]

    @changing
    def duel(self, request: DuelRequest) -> Duel:
        """Has two of the contenders answer a question, and writes the duel down; returns when both answers are there."""
        return self._duel(request)

    @changing
    def begin(self, request: DuelRequest) -> None:
        """Starts a duel for the page and returns at once; `progress` tells how it goes. Where one is being answered, nothing happens."""
        with self._lock:
            if self._waiting:
                return
            self._waiting, self._error = True, None
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._make, request), name="arena", daemon=True).start()

    @reading
    def progress(self) -> Progress:
        """The newest duel of the arena; none where that was skipped."""
        duel = self._journal.newest()
        duel = None if duel and self._journal.is_skipped(duel.duel_id) else duel
        return Progress(self._waiting, self._error, duel, self._journal.vote_of(duel.duel_id) if duel else None)

    @changing
    def record(self, duel: Duel) -> Duel:
        """Writes down a duel that was answered elsewhere, such as in the chat."""
        self._journal.add(duel)
        return duel

    @changing
    def vote(self, duel_id: str, winner: Winner) -> Duel:
        """Counts the vote of a person and returns the duel with its names; raises Conflict where it has one.

        A choice in the chat also becomes a lesson whose rejected answer is the other one.
        """
        duel = self._journal.get(duel_id)
        self._journal.add(Vote(duel_id=duel_id, winner=winner))
        if duel.origin == "chat" and winner != "tie":
            self._lessons.add(_preference(duel, winner))
        return duel

    @changing
    def skip(self, duel_id: str) -> None:
        """Passes over a duel: it is no vote and no tie, and gets none later; raises Conflict where it has one."""
        self._journal.add(Skip(duel_id=duel_id))

    @reading
    def vote_of(self, duel_id: str) -> Vote | None:
        """The vote of a person on a duel, if there is one; raises NotFound."""
        return self._journal.vote_of(self._journal.get(duel_id).duel_id)

    @changing
    def judge(self, duel_id: str) -> Vote:
        """Has the judge vote on a duel; raises Unavailable where none is set up, and Conflict where it has voted."""
        judge, duel = self._judge(), self._journal.get(duel_id)
        if self._journal.vote_of(duel_id, judge=True):
            raise Conflict("The judge has voted on this duel.", hint="Make another duel.")
        vote = Vote(duel_id=duel_id, winner=judge.winner(duel), judge=judge.model)
        self._journal.add(vote)
        return vote

    @reading
    def judge_vote(self, duel_id: str) -> Vote | None:
        """The judge's vote on a duel, once a person has voted too: before, it would be a hint."""
        return self._journal.vote_of(duel_id, judge=True) if self._journal.vote_of(duel_id) else None

    # Ranking

    @reading
    def ranking(self, among: Sequence[str] = ()) -> dict[str, Any]:
        """Contract, section 7, row 22: ratings with intervals and the sentence; votes of the judge apart.

        Without `among` (adapter ids or "base") the ranking has all that are linked by votes to the newest one, as far as they still exist.
        """
        votes, judged = self._journal.votes(), self._journal.votes(judge=True)
        found = self._ranked(votes, among)
        agreement = [(vote.winner, own.winner) for duel, own in judged if (vote := self._journal.vote_of(duel.duel_id))]
        agreed = {"same": sum(first == second for first, second in agreement), "of": len(agreement)}
        models = sorted({vote.judge for _, vote in judged})
        judge = self._ranked(judged, among) | {"models": models, "agreement": agreed} if judged else None
        return found | {"judge": judge}

    def _ranked(self, votes: Sequence[tuple[Duel, Vote]], among: Sequence[str]) -> dict[str, Any]:
        sides = {side.key: side for duel, _ in votes for side in (duel.a, duel.b)}
        here = {item.adapter_id: item for item in self._adapters.list()}
        known = {key: side for key, side in sides.items() if side.adapter_id == BASE or side.adapter_id in here}
        pairs = {pair: tally for pair, tally in tallies(votes).items() if set(pair) <= known.keys()}
        newest = next((duel for duel, _ in reversed(votes) if {duel.a.key, duel.b.key} <= known.keys()), None)
        keys = ratings.connected({newest.a.key, newest.b.key}, pairs) if newest else set()
        if among:
            keys = {key for key in known if known[key].adapter_id in among}
        found = ratings.rank(sorted(keys), pairs)
        names: dict[str, Text] = {
            key: msg("Base model") if known[key].adapter_id == BASE else here[known[key].adapter_id].name for key in keys
        }
        items = [
            {
                "adapter_id": known[item.name].adapter_id,
                "name": render(names[item.name]),
                "base_model": known[item.name].base_model,
                "is_active": known[item.name].adapter_id in here and here[known[item.name].adapter_id].is_active,
                "rating": round(item.share, 4),
                "low": round(item.low, 4),
                "high": round(item.high, 4),
                "duels": round(item.tally.votes),
                "wins": round(item.tally.wins),
                "ties": round(item.tally.ties),
                "losses": round(item.tally.losses),
                "is_best": item.name == found.best,
            }
            for item in found.ratings
        ]
        said = sentence(found, names)
        return {"items": items, "votes": found.votes, "enough": found.best is not None, "needed": found.needed, "sentence": said}

    # ------------------------------------------------------------------ suggestions

    def _golden(self) -> Sequence[Question]:
        page = self._lessons.search("", tag=GOLDEN, rating=None, limit=_MOST_READ, offset=0)
        return [Question(question=item.situation[:LONGEST], expected=item.action[:LONGEST], origin="golden") for item in page.items]

    def _rows(self, part: Literal["train", "eval"], origin: Origin) -> Sequence[Question]:
        """Those of the newest dataset, as far as they are single questions."""
        newest = self._datasets.newest()
        try:
            rows = self._datasets.rows(newest.id, 0, _MOST_READ, part) if newest else []
        except AcademyError as error:
            log.info("No rows of a dataset are suggested: %s", error.detail)
            return []
        spoken = [conversation(row) for row in rows]
        return [
            Question(question=turns[0][1][:LONGEST], expected=turns[1][1][:LONGEST], origin=origin)
            for turns in spoken
            if [turn.role for turn in turns] == ["user", "assistant"]
        ]

    def _chatted(self) -> Sequence[Question]:
        """What was asked in the chat; nothing in a demonstration, where strangers asked it."""
        if self._permission.only_shows:
            return []
        talks = self._conversations.list()[:_MOST_READ]
        first = [turn for talk in talks for turn in talk.turns if not turn.parent and turn.file is None]
        return [Question(question=turn.question[:LONGEST], origin="chat") for turn in first]

    def _taught(self) -> Sequence[Question]:
        page = self._lessons.search("", tag=None, rating=None, limit=_MOST_READ, offset=0)
        alone = [item for item in page.items if not item.metadata.keys() & {"history", "conversation"}]
        return [Question(question=item.situation[:LONGEST], expected=item.action[:LONGEST], origin="lesson") for item in alone]

    # ------------------------------------------------------------------ duels

    def _make(self, request: DuelRequest) -> None:
        try:
            with foreign_code("The duel", Unavailable, hint="The app's log has the details."):
                self._duel(request)
        except AcademyError as error:
            if error.__cause__ is not None:
                log.error("A duel failed.", exc_info=error.__cause__)
            self._error = error
        finally:
            self._waiting = False

    def _duel(self, request: DuelRequest) -> Duel:
        among, alike = self._among(request), Counter[frozenset[str]]()
        for _ in range(_TRIES):
            first, second, question = self._next(among, request, alike)
            duel = self._answered(first, second, question, request)
            if duel is not None:
                self._journal.add(duel)
                return duel
            self._journal.add(Alike(question=question.question, authors=[first.key, second.key]))
            alike[frozenset((first.key, second.key))] += 1
            if request.question and len(alike) == len(among) * (len(among) - 1) // 2:
                break  # every pair has answered it
        raise Conflict("Both give the same answer, so there is nothing to vote on.", hint="Ask something else, or add golden questions.")

    def _among(self, request: DuelRequest) -> list[Contender]:
        if request.adapters is None:
            found = [item for item in self.contenders() if item.chosen]
            if len(found) < 2:
                raise Conflict("There is no adapter yet that could take part.", hint="Train one first.")
            return found
        adapters = [self._adapters.get(name) for name in dict.fromkeys(request.adapters) if name != BASE]
        found = [_contender(item) for item in adapters]
        if BASE in request.adapters:
            base = request.base_model or (adapters[0].base_model if adapters else self._settings.default_base_model)
            found.append(Contender(BASE, BASE, base))
        if len(found) < 2:
            raise Invalid("A duel needs two different adapters.", hint='Name two or more; "base" is the base model alone.')
        return found

    def _next(
        self, among: Sequence[Contender], request: DuelRequest, alike: Counter[frozenset[str]]
    ) -> tuple[Contender, Contender, Question]:
        """The pair about which a vote tells most, those that have just answered alike last, and a question that it has not answered."""
        by_key = {item.key: item for item in among}
        # Two adapters before one and its base: which of them is to answer is the question.
        bases = {item.key for item in among if item.adapter_id == BASE}
        order = ratings.uncertain(ratings.rank(sorted(by_key), tallies(self._journal.votes())), bases)
        order.sort(key=lambda pair: alike[frozenset((pair.first, pair.second))])
        if request.question:
            return by_key[order[0].first], by_key[order[0].second], Question(question=request.question.strip())
        questions = self._questions.list()
        if not questions:
            raise Conflict("There are no golden questions yet.", hint="Add some, or take those that the arena suggests.")
        for pair in order:
            asked = self._journal.asked(pair.first, pair.second)
            if open_ := [item for item in questions if folded(item.question) not in asked]:
                return by_key[pair.first], by_key[pair.second], self._chance.choice(open_)
        raise Conflict(
            "Every golden question has been asked of every pair.",
            hint="Add golden questions: the same ones again would tell nothing new.",
        )

    def _answered(self, first: Contender, second: Contender, question: Question, request: DuelRequest) -> Duel | None:
        """The duel, its sides in random order; None where both answers are the same."""
        sampling = request.model_dump(include={"temperature", "top_p", "seed", "max_new_tokens"})
        # The order of asking is random too: what the chat has loaded last would be a hint.
        asked = self._chance.sample([first, second], 2)
        with contextlib.ExitStack() as stack:
            replies = []
            for item in asked:
                reply = self._session.stream(_request(item, question.question, sampling))
                stack.callback(reply.close)
                replies.append(reply)
            done = [reply.whole() for reply in replies]
        if any(reply.stopped for reply in done):
            raise Conflict("A reply was stopped before its end.", hint="Make the duel again.")
        if folded(done[0].text) == folded(done[1].text):
            return None
        sides = [_side(item, reply.text) for item, reply in zip(asked, done, strict=True)]
        a, b = self._chance.sample(sides, 2)
        return Duel(question=question.question, expected=question.expected, sampling=sampling, a=a, b=b)

    def _judge(self) -> Judge:
        settings = self._settings
        if not settings.judge_url:
            raise Unavailable("There is no judge.", hint="Set ACADEMY_JUDGE_URL and ACADEMY_JUDGE_MODEL and start Academy again.")
        return Judge(settings.judge_url, settings.judge_model or "default", settings.judge_key)


def lesson_of(duel_id: str) -> str:
    """The id of the lesson that a choice in the chat makes."""
    return f"pick-{duel_id}"


def _contender(item: Adapter, *, chosen: bool = False) -> Contender:
    return Contender(item.adapter_id, item.name, item.base_model, item.is_active, chosen)


def _side(item: Contender, text: str) -> Side:
    return Side(adapter_id=item.adapter_id, name="" if item.adapter_id == BASE else item.name, base_model=item.base_model, text=text)


def _request(item: Contender, question: str, sampling: dict[str, Any]) -> ChatRequest:
    base = {"base_model": item.base_model} if item.adapter_id == BASE else {}
    return ChatRequest.model_validate(
        {"messages": [{"role": "user", "content": question}], "adapter_id": item.adapter_id} | base | sampling
    )


def _preference(duel: Duel, winner: Winner) -> LessonIn:
    """The pair that a choice between two answers makes."""
    better, worse = (duel.a, duel.b) if winner == "a" else (duel.b, duel.a)
    metadata: dict[str, Any] = {
        "source": "chat",
        "duel_id": duel.duel_id,
        "adapter_id": None if better.adapter_id == BASE else better.adapter_id,
        "rejected_adapter_id": None if worse.adapter_id == BASE else worse.adapter_id,
        "base_model": better.base_model,
        "sampling": duel.sampling,
    }
    values = {
        "lesson_id": lesson_of(duel.duel_id),
        "situation": duel.question,
        "action": better.text,
        "rejected": worse.text,
        "tags": ["chat", PICKED],
    }
    return LessonIn.model_validate(values | {"metadata": metadata | ({"history": duel.history} if duel.history else {})})
