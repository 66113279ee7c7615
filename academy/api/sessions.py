"""Routes of the sessions that coding agents and local chat programs keep on this machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import ConfigDict, Field

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Reply
from academy.api.wire import Exact, Id
from academy.curation.files.agent_finding import Transcript
from academy.curation.files.agents import TITLES, AgentName
from academy.curation.files.exchanges import FATES, Exchange, Fate
from academy.messages import Text, count
from academy.rows import message_of
from academy.services.sessions import Review, SessionChoice, SessionOptions, TakenSessions

api = router(tags=["sessions"])


class SessionReply(Reply):
    id: str
    agent: AgentName
    program: str = Field(description="The name of the program.")
    title: str = Field(description="Its title or the first question, without secrets.")
    project: str
    started_at: str
    changed_at: str
    turns: int | None = Field(description="The person's messages; null where that is not known before it is read.")
    size_bytes: int

    @classmethod
    def of(cls, session: Transcript) -> SessionReply:
        """The session under the names of the interface, without its path."""
        return cls(
            id=session.id,
            agent=session.agent,
            program=TITLES[session.agent],
            title=session.title,
            project=session.project,
            started_at=session.started_at,
            changed_at=session.changed_at,
            turns=session.turns,
            size_bytes=session.size_bytes,
        )


class SessionsReply(Reply):
    count: int
    items: list[SessionReply]


class ExchangeReply(Reply):
    number: int
    proposed: bool
    fate: Fate
    reason: Text = Field(description="Why it is not proposed; empty where it is.")
    time: str
    characters: int
    redacted: dict[str, int]
    messages: list[dict[str, Any]] = Field(description="Empty where it is too long to be shown.")

    @classmethod
    def of(cls, exchange: Exchange, secrets: dict[str, int]) -> ExchangeReply:
        """The exchange with its turns as messages."""
        return cls(
            number=exchange.number,
            proposed=exchange.fate == "taken",
            fate=exchange.fate,
            reason=FATES[exchange.fate] if exchange.fate != "taken" else "",
            time=exchange.time,
            characters=exchange.size,
            redacted=secrets,
            messages=[message_of(turn) for turn in exchange.turns],
        )


class ReviewReply(Reply):
    session: SessionReply
    count: int = Field(description="The number of all exchanges.")
    proposed: int
    left_out: dict[str, int] = Field(description="Exchanges that are not proposed, by fate.")
    skipped: dict[str, int] = Field(
        description="What no exchange holds, by kind: `program`, `agents` (called by the agent), `versions`, `broken`, `tools`, `printed`."
    )
    redacted: dict[str, int]
    exchanges: list[ExchangeReply]

    @classmethod
    def of(cls, review: Review, offset: int, limit: int) -> ReviewReply:
        """A page of the exchanges, and the figures of all."""
        pairs = list(zip(review.exchanges, review.secrets, strict=True))[offset : offset + limit]
        return cls(
            session=SessionReply.of(review.session),
            count=len(review.exchanges),
            proposed=len(review.proposed),
            left_out={str(fate): number for fate, number in review.left_out.items()},
            skipped=dict(review.skipped),
            redacted=dict(review.redacted),
            exchanges=[ExchangeReply.of(exchange, dict(kinds)) for exchange, kinds in pairs],
        )


class ReviewQuery(SessionOptions):
    model_config = ConfigDict(extra="forbid")

    offset: int = Field(default=0, ge=0, le=10**9)
    limit: int = Field(default=50, ge=1, le=500)


class TakeIn(Exact, SessionOptions):
    """The sessions to learn from; what is proposed is taken unless it is left out."""

    sessions: list[SessionChoice] = Field(min_length=1, max_length=100)


class TakenReply(Reply):
    success: bool = True
    message: Text
    exchanges: int
    rows: int = Field(description="Lessons of one or more exchanges that follow each other.")
    new: int
    already_there: int
    import_id: str = Field(description="What undoes it: `DELETE /lessons/imports/{import_id}`; empty where nothing is new.")
    left_out: int
    refused: int
    redacted_secrets: int
    redacted_kinds: dict[str, int]

    @classmethod
    def of(cls, taken: TakenSessions) -> TakenReply:
        """What was taken, with a sentence."""
        kinds = taken.redacted_kinds or {}
        message = count(
            taken.exchanges,
            one="{n} exchange was taken as {new} new lessons; {left} were left out.",
            other="{n} exchanges were taken as {new} new lessons; {left} were left out.",
            new=taken.new,
            left=taken.left_out,
        )
        return cls(
            message=message,
            exchanges=taken.exchanges,
            rows=taken.rows,
            new=taken.new,
            already_there=taken.already_there,
            import_id=taken.import_id,
            left_out=taken.left_out,
            refused=taken.refused,
            redacted_secrets=sum(kinds.values()),
            redacted_kinds=kinds,
        )


@api.get("/sessions")
async def find_sessions(academy: TheAcademy, slow: Slow) -> SessionsReply:
    """Looks for sessions of Claude Code, Codex, aider, Open WebUI and LM Studio on this machine, the newest first."""
    items = await slow.run(academy.sessions.find)
    return SessionsReply(count=len(items), items=[SessionReply.of(item) for item in items])


@api.get("/sessions/{session_id}")
async def review_session(academy: TheAcademy, slow: Slow, session_id: Id, query: Annotated[ReviewQuery, Query()]) -> ReviewReply:
    """The exchanges of a session without its secrets: which are proposed, and why the others are not."""
    options = SessionOptions(tools=query.tools, tokens=query.tokens)
    return ReviewReply.of(await slow.run(academy.sessions.review, session_id, options), query.offset, query.limit)


@api.post("/sessions/import")
async def import_sessions(academy: TheAcademy, slow: Slow, request: TakeIn) -> TakenReply:
    """Takes exchanges of sessions as lessons, whole or not at all."""
    options = SessionOptions(tools=request.tools, tokens=request.tokens)
    return TakenReply.of(await slow.run(academy.sessions.take, request.sessions, options))
