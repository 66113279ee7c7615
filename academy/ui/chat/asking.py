"""A question on its way: the replies stream into the page until they end, fail, or the reader stops them."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.request import BASE, ChatReply, ChatRequest
from academy.curation.asked import same_text
from academy.errors import AcademyError
from academy.messages import to_json
from academy.ui.answers import Problem
from academy.ui.chat.replies import Reply, Turn, conversation, spoken_turn, turn_html
from academy.ui.html.elements import short
from academy.ui.html.numbers import number
from academy.ui.texts.translate import plural, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_REDRAW_SECONDS = 0.06
_PULSE_SECONDS = 0.25
_TURNS = 40
_LONGEST_REPLY = 256

_NOTHING = [gr.skip()] * 7


@dataclass(frozen=True)
class Choices:
    """What stands beside a question, in the order of the handler's inputs."""

    who: str
    compare: bool
    memory: bool
    system: str
    temperature: float
    top_p: float
    longest: float | None
    seed: str

    def adapters(self) -> list[str | None]:
        """Who answers: an adapter, the base model, or None for the active adapter; with "compare" the base model too."""
        return [self.who or None] + ([BASE] if self.compare and self.who != BASE else [])

    def request(self, question: str, turns: list[Turn], adapter_id: str | None) -> ChatRequest:
        """The request for one reply; raises ValidationError."""
        system = (self.system or "").strip()
        messages = [{"role": "system", "content": system}] if system else []
        for turn in turns if self.memory else []:
            if turn["replies"] and (first := turn["replies"][0].get("text")):
                messages += [{"role": "user", "content": turn["question"]}, {"role": "assistant", "content": first}]
        values = {
            "messages": [*messages, {"role": "user", "content": question}],
            "adapter_id": adapter_id,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_new_tokens": int(self.longest or _LONGEST_REPLY),
        }
        seed = (self.seed or "").strip()
        return ChatRequest.model_validate(values | ({"seed": seed} if seed else {}))


def answer(academy: Academy, stop: threading.Event, question: str, history: list[Turn] | None, *choices: Any) -> Iterator[list[Any]]:
    """Streams the reply, and with "compare" the base model's after it, until `stop` is set.

    Yields the question's field, the past turns, the current one, the history, the buttons Send and Stop, and the page's answer.
    """
    turns, question, chosen = list(history or [])[-_TURNS:], (question or "").strip(), Choices(*choices)
    if not question:
        yield _NOTHING
        return
    turn: Turn = {"question": question, "replies": []}
    yield ["", gr.skip(), turn_html(turn, -1, waiting=True), gr.skip(), gr.update(visible="hidden"), gr.update(visible=True), gr.skip()]
    problem = Problem(model=ChatRequest)
    for adapter_id in chosen.adapters():
        reply: Reply = {"text": "", "name": "", "base": "", "facts": ""}
        turn["replies"].append(reply)
        with problem, contextlib.closing(_streamed(academy, chosen.request(question, turns, adapter_id), stop, reply)) as steps:
            for _ in steps:
                yield [gr.skip(), gr.skip(), turn_html(turn, -1, waiting=True), *_NOTHING[3:]]
            if reply is turn["replies"][0]:
                reply["taught"] = _taught(academy, question, reply)
        reply.pop("waits", None)
        if stop.is_set() and not reply["facts"]:
            reply["facts"] = t("chat.stopped")
        if problem or stop.is_set():
            turn["replies"] = [done for done in turn["replies"] if done["text"]]
            break
    turns += [turn] if turn["replies"] else []
    unanswered = gr.skip() if turn["replies"] else question
    buttons = [gr.update(visible=True), gr.update(visible="hidden")]
    spoken = {"announce": spoken_turn(turn), "nonce": time.monotonic()}
    yield [unanswered, conversation(turns), problem.notice() if problem else "", turns, *buttons, spoken]


def _streamed(academy: Academy, request: ChatRequest, stop: threading.Event, reply: Reply) -> Generator[None, None, None]:
    """Fills the reply as it comes; a step wherever the page should show it."""
    drawn, ahead = 0.0, _ahead(academy)
    for piece in _Reading(academy, request, stop):
        if isinstance(piece, ChatReply):
            _finish(reply, piece)
            continue
        if piece and not reply["base"]:
            _sign(academy, reply, request.adapter_id)
        reply["text"] += piece
        ahead = 0 if reply["text"] else min(ahead, max(0, _ahead(academy) - 1))
        if not piece or time.monotonic() - drawn > _REDRAW_SECONDS:
            drawn, reply["waits"] = time.monotonic(), ahead
            yield


class _Reading:
    """A reply piece by piece, "" while nothing comes. When `stop` is set or the reader goes away, the reply ends or leaves the line."""

    def __init__(self, academy: Academy, request: ChatRequest, stop: threading.Event) -> None:
        self._stop = stop
        self._reply = academy.chat.stream(request)
        self._pieces: queue.SimpleQueue[str | ChatReply | Exception | None] = queue.SimpleQueue()
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._read,), name="chat-listener", daemon=True).start()

    def __iter__(self) -> Iterator[str | ChatReply]:
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


def _taught(academy: Academy, question: str, reply: Reply) -> dict[str, Any] | None:
    """What a lesson or the dataset says to this very question, and whether the reply says the same."""
    answer = academy.datasets.answer_to(question, reply.get("adapter_id")) if reply["text"] else None
    return {"answer": short(answer), "same": same_text(answer, reply["text"])} if answer else None


def _ahead(academy: Academy) -> int:
    """How many replies come before a question that is asked now."""
    state = academy.chat.state()
    return int(state["waiting"]) + int(state["busy"])


def _sign(academy: Academy, reply: Reply, adapter_id: str | None) -> None:
    """Names the answering adapter before the reply has ended: the loaded one when the first words come."""
    state = academy.chat.state()
    answering = adapter_id or state["adapter_id"]
    reply |= {"adapter_id": None if answering == BASE else answering, "base": state["base_model"] or ""}
    try:
        reply["name"] = academy.adapters.get(answering).name if reply["adapter_id"] else ""
    except AcademyError:
        reply["name"] = answering


def _finish(reply: Reply, done: ChatReply) -> None:
    facts = [plural("count.tokens", done.completion_tokens)]
    facts += [t("chat.speed", n=number(round(done.tokens_per_second)))] if done.tokens_per_second else []
    facts += [t("chat.cut")] if done.finish == "length" else [t("chat.stopped")] if done.stopped else []
    reply |= {
        "text": done.text,
        "adapter_id": done.adapter_id,
        "name": done.adapter_name or (done.adapter_id or ""),
        "base": done.base_model,
        "facts": " · ".join(facts),
        "notes": [to_json(note) for note in done.notes],
    }
