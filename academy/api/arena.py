"""Routes of the arena: golden questions, blind duels, votes, and the ranking."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import Field

from academy.api.parts import Chats, Slow, TheAcademy, router
from academy.api.replies import Asked, Reply
from academy.api.wire import Exact, Id
from academy.arena.journal import Duel, Vote, Winner
from academy.arena.questions import LONGEST, Question
from academy.messages import Text
from academy.services.arena import DuelRequest

_DUELS: dict[str, Any] = {
    "a golden question, for the pair about which a vote tells most": {"value": {}},
    "a question of your own to an adapter and the base": {
        "value": {"question": "Who waters the plants?", "adapters": ["training_20260101_120000_ab12", "base"]}
    },
}

api = router(tags=["arena"])


class QuestionIn(Asked):
    """A golden question, and the answer that is wanted."""

    question: str = Field(min_length=1, max_length=LONGEST)
    expected: str | None = Field(default=None, max_length=LONGEST)


class QuestionItem(Reply):
    id: str
    question: str
    expected: str
    origin: str
    created_at: str | None = None

    @classmethod
    def of(cls, question: Question) -> QuestionItem:
        """A golden question."""
        return cls(**question.model_dump())


class QuestionsReply(Reply):
    count: int
    items: list[QuestionItem]

    @classmethod
    def of(cls, academy: TheAcademy, **more: Any) -> QuestionsReply:
        """All golden questions, newest first, and what else is to be said."""
        items = [QuestionItem.of(question) for question in academy.arena.questions()]
        return cls(count=len(items), items=items, **more)


class DuelIn(Exact, DuelRequest):
    """A duel to make."""


class AnswerReply(Reply):
    side: str
    text: str


class DuelReply(Reply):
    duel_id: str
    question: str
    expected: str
    answers: list[AnswerReply]

    @classmethod
    def of(cls, duel: Duel) -> DuelReply:
        """The duel without a word about who answered."""
        answers = [AnswerReply(side="a", text=duel.a.text), AnswerReply(side="b", text=duel.b.text)]
        return cls(duel_id=duel.duel_id, question=duel.question, expected=duel.expected, answers=answers)


class VoteIn(Asked):
    """The better answer of a duel."""

    winner: Winner


class NamedAnswer(AnswerReply):
    adapter_id: str
    name: str
    base_model: str


class VoteReply(Reply):
    success: bool = True
    duel_id: str
    winner: Winner
    question: str
    answers: list[NamedAnswer]

    @classmethod
    def of(cls, duel: Duel, winner: Winner) -> VoteReply:
        """The duel with its names."""
        answers = [NamedAnswer(side=name, **side.model_dump()) for name, side in (("a", duel.a), ("b", duel.b))]
        return cls(duel_id=duel.duel_id, winner=winner, question=duel.question, answers=answers)


class SkipReply(Reply):
    success: bool = True
    duel_id: str


class JudgeReply(Reply):
    success: bool = True
    duel_id: str
    judge: str

    @classmethod
    def of(cls, vote: Vote) -> JudgeReply:
        """That the judge has voted; how it voted would be a hint."""
        return cls(duel_id=vote.duel_id, judge=vote.judge)


class RatingReply(Reply):
    adapter_id: str
    name: str
    base_model: str
    is_active: bool
    rating: float
    low: float
    high: float
    duels: int
    wins: int
    ties: int
    losses: int
    is_best: bool


class JudgedReply(Reply):
    items: list[RatingReply]
    votes: int
    enough: bool
    needed: int | None
    sentence: Text


class RankingReply(JudgedReply):
    judge: JudgedReply | None


class RankingQuery(Asked):
    adapters: list[str] = Field(default=[], max_length=50, description='Ids or "base"; empty: all that are linked by votes.')


@api.get("/arena/questions")
def questions(academy: TheAcademy) -> QuestionsReply:
    """The golden questions, newest first."""
    return QuestionsReply.of(academy)


@api.post("/arena/questions")
async def add_question(academy: TheAcademy, slow: Slow, given: QuestionIn) -> QuestionsReply:
    """Keeps a golden question; the answer has its `id` and the whole list."""
    question = Question(question=given.question, expected=given.expected or "")
    added = await slow.run(academy.arena.add_question, question)
    return QuestionsReply.of(academy, **added.model_dump())


@api.get("/arena/suggestions")
def suggestions(academy: TheAcademy, limit: Annotated[int, Query(ge=1, le=100)] = 12) -> QuestionsReply:
    """Questions that could be golden: of lessons tagged golden, held-out rows, real chats, and other lessons and rows."""
    items = [QuestionItem.model_validate(item.model_dump() | {"created_at": None}) for item in academy.arena.suggestions(limit)]
    return QuestionsReply(count=len(items), items=items)


@api.delete("/arena/questions")
async def delete_question_by_text(academy: TheAcademy, slow: Slow, question: Annotated[str, Query(min_length=1)]) -> QuestionsReply:
    """Deletes a golden question by its text or its id; duels that asked it stay."""
    await slow.run(academy.arena.delete_question, question)
    return QuestionsReply.of(academy)


@api.delete("/arena/questions/{question_id}")
async def delete_question(academy: TheAcademy, slow: Slow, question_id: Id) -> QuestionsReply:
    """Deletes a golden question; duels that asked it stay."""
    await slow.run(academy.arena.delete_question, question_id)
    return QuestionsReply.of(academy)


@api.post("/arena/duels")
async def duel(academy: TheAcademy, chats: Chats, request: Annotated[DuelIn, Body(openapi_examples=_DUELS)]) -> DuelReply:
    """Two answers to one question, without names and in random order; comes when both are there."""
    return DuelReply.of(await chats.run(academy.arena.duel, request))


@api.post("/arena/duels/{duel_id}/vote")
async def vote(academy: TheAcademy, slow: Slow, duel_id: Id, given: VoteIn) -> VoteReply:
    """Counts the vote and tells the names; a duel has one vote, because then its names are known."""
    return VoteReply.of(await slow.run(academy.arena.vote, duel_id, given.winner), given.winner)


@api.post("/arena/duels/{duel_id}/skip")
async def skip(academy: TheAcademy, slow: Slow, duel_id: Id) -> SkipReply:
    """Passes over a duel: no vote and no tie. Its question is not asked of the same two again, and its names stay unknown."""
    await slow.run(academy.arena.skip, duel_id)
    return SkipReply(duel_id=duel_id)


@api.post("/arena/duels/{duel_id}/judge")
async def judge(academy: TheAcademy, chats: Chats, duel_id: Id) -> JudgeReply:
    """Has the judge (ACADEMY_JUDGE_URL) vote, asked in both orders; its votes are counted apart."""
    return JudgeReply.of(await chats.run(academy.arena.judge, duel_id))


@api.get("/arena/ranking")
def ranking(academy: TheAcademy, request: Annotated[RankingQuery, Query()]) -> RankingReply:
    """The share of votes that each would win against the others, with its interval, and what can be said by now."""
    return RankingReply.model_validate(academy.arena.ranking(request.adapters))
