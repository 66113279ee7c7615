"""A question on its way: the replies stream into the page until they end, fail, or the reader stops them."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import secrets
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.conversations import Attached, Conversation, ReplyText, Turn
from academy.chat.request import BASE, ChatReply, ChatRequest, Thought
from academy.curation.asked import same_text
from academy.errors import AcademyError, Invalid, NotFound
from academy.messages import msg, to_json
from academy.ui.answers import Problem
from academy.ui.chat import blind
from academy.ui.chat.choices import Author, Choices, sampling_of
from academy.ui.chat.replies import conversation_html, spoken_turn, turn_html
from academy.ui.html.elements import short

if TYPE_CHECKING:
    from academy.services.academy import Academy

_REDRAW_SECONDS = 0.06
_PULSE_SECONDS = 0.25


@dataclass(frozen=True)
class Asked:
    """What a person wants: `how` is "send", "again" (another version of a turn), "edit" (a version with other words), "continue"."""

    how: str
    chat: str
    question: str = ""
    file: Attached | None = None
    turn: str = ""
    reply: int = 0
    blind: bool = False
    think: bool | None = None

    @classmethod
    def of(cls, question: str, data: dict[str, Any]) -> Asked:
        """What the page sends; raises ValidationError for a file that is none."""
        how, file, reply = str(data.get("how") or "send"), data.get("file"), str(data.get("reply") or "0")
        words = str(data.get("question") or "") if how == "edit" else question
        attached = Attached.model_validate(file) if isinstance(file, dict) and how == "send" else None
        return cls(
            how,
            str(data.get("chat") or secrets.token_hex(12)),
            (words or "").strip(),
            attached,
            str(data.get("turn") or ""),
            int(reply) if reply.isdecimal() else 0,
            data.get("blind") is True,
            data["think"] if isinstance(data.get("think"), bool) else None,
        )


def answer(academy: Academy, stop: threading.Event, asked: Asked, *choices: Any) -> Iterator[list[Any]]:
    """Streams the replies until `stop` is set, and keeps them; also those of a page that goes away.

    Yields the question's field, the buttons Send and Stop, and the page's answer.
    """
    if asked.how in ("send", "edit") and not asked.question:
        yield [gr.skip()] * 4
        return
    answering = None
    with Problem(model=ChatRequest) as problem:
        answering = _Answering(academy, stop, asked, replace(Choices(*choices), think=asked.think))
        yield from answering.steps()
    kept = answering is not None and answering.kept
    unanswered = asked.question if asked.how == "send" and not kept else gr.skip()
    drawn = {
        "turns": conversation_html(_conversation(academy, asked.chat)),
        "now": problem.notice() if problem else "",
        "done": True,
        "failed": not kept,
    }
    spoken = {"announce": spoken_turn(answering.current())} if answering is not None and kept else {}
    yield [unanswered, gr.update(visible=True), gr.update(visible="hidden"), _message(asked.chat, drawn) | spoken]


class _Answering:
    """One question: its turn, the turns before it, and the replies as far as they have come."""

    def __init__(self, academy: Academy, stop: threading.Event, asked: Asked, choices: Choices) -> None:
        self._academy, self._stop, self._asked, self._choices = academy, stop, asked, choices
        self._known = _conversation(academy, asked.chat)
        self._before = self._known.above(asked.turn) if asked.turn else self._known.path()
        self._turn = self._begin()
        self._replies: list[ReplyText] = list(self._turn.replies)
        self._blind = False
        self.kept = False

    def steps(self) -> Iterator[list[Any]]:
        """The changes of the page from the question on; raises what prevents a reply."""
        try:
            todo = self._todo()
            above = {"turns": conversation_html(self._known, until=self._asked.turn)}
            cleared = "" if self._asked.how == "send" else gr.skip()
            yield [cleared, gr.update(visible="hidden"), gr.update(visible=True), self._drawn(todo[0][0], 0, above)]
            for at, author in todo:
                for waits in self._replied(at, author):
                    yield [gr.skip(), gr.skip(), gr.skip(), self._drawn(at, waits)]
                if self._stop.is_set():
                    break
        finally:
            self._keep()

    def _begin(self) -> Turn:
        asked = self._asked
        if asked.how == "send":
            return Turn(parent=self._before[-1].turn_id if self._before else "", question=asked.question, file=asked.file)
        turn = self._known.find(asked.turn)
        if asked.how == "continue":
            return turn
        return Turn(parent=turn.parent, question=asked.question if asked.how == "edit" else turn.question, file=turn.file)

    def _todo(self) -> list[tuple[int, Author]]:
        """The positions of the replies that are to come, and who gives them; all have their column from the start."""
        if self._asked.how == "continue":
            reply = self._replies[self._asked.reply]
            return [(self._asked.reply, Author(reply.adapter_id or BASE, reply.name, reply.base))]
        authors = self._choices.authors(self._academy)
        # Visitors of a demonstration cannot vote.
        self._blind = self._asked.blind and len(authors) == 2 and not self._academy.settings.only_shows
        authors = blind.shuffled(authors) if self._blind else authors
        self._replies = [
            ReplyText(adapter_id=None if author.adapter_id == BASE else author.adapter_id, name=author.name, base=author.base)
            for author in authors
        ]
        return list(enumerate(authors))

    def _replied(self, at: int, author: Author) -> Generator[int, None, None]:
        """Fills one reply as it comes; yields how many replies come before it, wherever the page should show it."""
        begun = self._replies[at].text.rstrip(" ")
        drawn, ahead, text, thought = 0.0, _ahead(self._academy), begun, ""
        self._set(at, finish="stopped")  # until it has ended otherwise
        with _explained(self._turn):
            request = self._choices.request(self._turn, self._before, author, begun)
            self._set(at, sampling=sampling_of(request), alone=not self._choices.memory)
            with contextlib.closing(iter(_Reading(self._academy, request, self._stop))) as pieces:
                for piece in pieces:
                    if isinstance(piece, ChatReply):
                        self._finish(at, begun, piece)
                        continue
                    text, thought = (text, thought + piece) if isinstance(piece, Thought) else (text + piece, thought)
                    self._set(at, text=text, **({"thinking": thought} if thought else {}))
                    ahead = 0 if text or thought else min(ahead, max(0, _ahead(self._academy) - 1))
                    if not piece or time.monotonic() - drawn > _REDRAW_SECONDS:
                        drawn = time.monotonic()
                        yield ahead

    def _finish(self, at: int, begun: str, done: ChatReply) -> None:
        before = self._replies[at].tokens or 0 if begun else 0
        self._set(
            at,
            text=begun + done.text,
            **({"thinking": done.thinking} if done.thinking else {}),
            adapter_id=done.adapter_id,
            name=done.adapter_name or (done.adapter_id or ""),
            base=done.base_model,
            tokens=done.completion_tokens + before,
            speed=done.tokens_per_second,
            finish=done.finish,
            notes=[to_json(note) for note in done.notes],
        )

    def _set(self, at: int, **values: Any) -> None:
        self._replies[at] = self._replies[at].model_copy(update=values)

    def _keep(self) -> None:
        """Writes what has been said so far; a reply without a word is left out."""
        said = [reply for reply in self._replies if reply.text or reply.thinking]
        if said:
            self._replies = [self._compared(self._with_lesson(reply, first=reply is said[0])) for reply in said]
            if self._blind and (duel := blind.duel_of(self.current(), self._before, self._choices)):
                self._turn = self._turn.model_copy(update={"duel": self._academy.arena.record(duel).duel_id})
            self._academy.conversations.keep(self._asked.chat, self.current())
            self.kept = True

    def _with_lesson(self, reply: ReplyText, first: bool) -> ReplyText:
        """With what a lesson or the dataset says to this very question, and whether the reply says the same."""
        if not first and reply.adapter_id is None:
            return reply
        wanted = self._academy.datasets.answer_to(self._turn.question, reply.adapter_id)
        taught = {"answer": short(wanted), "same": same_text(wanted, reply.text)} if wanted else None
        return reply.model_copy(update={"taught": taught})

    def _compared(self, reply: ReplyText) -> ReplyText:
        """With a note where another try gives what an earlier one gave."""
        earlier = [old for turn in self._known.versions(self._turn.parent) for old in turn.replies]
        same = any((old.text, old.adapter_id) == (reply.text, reply.adapter_id) for old in earlier)
        if self._asked.how != "again" or self._choices.temperature or not same:
            return reply
        note = msg("The same as before: at temperature 0 it always takes the likeliest word. Raise it to get another reply.")
        return reply.model_copy(update={"notes": [*reply.notes, to_json(note)]})

    def current(self) -> Turn:
        """The turn with its replies so far."""
        return self._turn.model_copy(update={"replies": list(self._replies)})

    def _drawn(self, at: int, waits: int, above: dict[str, Any] | None = None) -> dict[str, Any]:
        """The message that draws the turn in progress, and with the first one the turns above it."""
        now = turn_html(self.current(), self._asked.chat, working=at, waits=waits, hidden=self._blind)
        return _message(self._asked.chat, {"now": now} | (above or {}))


class _Reading:
    """A reply piece by piece, "" while nothing comes. When `stop` is set or the reader goes away, the reply ends or leaves the line."""

    def __init__(self, academy: Academy, request: ChatRequest, stop: threading.Event) -> None:
        self._stop = stop
        self._reply = academy.chat.stream(request)
        self._pieces: queue.SimpleQueue[str | ChatReply | Exception | None] = queue.SimpleQueue()
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._read,), name="chat-listener", daemon=True).start()

    def __iter__(self) -> Generator[str | ChatReply, None, None]:
        try:
            while not self._stop.is_set():
                try:
                    piece = self._pieces.get(timeout=_PULSE_SECONDS)
                except queue.Empty:
                    yield ""
                    continue
                if isinstance(piece, Exception):
                    raise piece
                if piece is None:
                    return
                yield piece
        finally:
            self._reply.close()

    def _read(self) -> None:
        with Problem(logged=False) as problem:
            for piece in self._reply:
                self._pieces.put(piece)
        self._pieces.put(problem.error)  # raised and logged where the question was asked; None: the end


@contextlib.contextmanager
def _explained(turn: Turn) -> Iterator[None]:
    """Names the attached file where a question is too long with it."""
    try:
        yield
    except AcademyError as error:
        if turn.file is None or error.code != "context_length_exceeded":
            raise
        raise Invalid(
            "{name} is too long for this model. {reason}",
            hint="Attach a part of it, or choose a base model that reads more.",
            name=turn.file.name,
            reason=error.message_text,
        ) from error


def _message(chat: str, drawn: dict[str, Any]) -> dict[str, Any]:
    return {"chat": {"id": chat, **drawn}, "nonce": time.monotonic()}


def _conversation(academy: Academy, chat: str) -> Conversation:
    """The conversation with that id, a new one where there is none yet."""
    try:
        return academy.conversations.get(chat)
    except NotFound:
        return Conversation(chat_id=chat or "unnamed-conversation")


def _ahead(academy: Academy) -> int:
    """How many replies come before a question that is asked now."""
    state = academy.chat.state()
    return int(state["waiting"]) + int(state["busy"])
