"""Routes of the chat: whole replies and streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Body, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from academy.api.parts import Chats, TheAcademy, router
from academy.api.replies import Asked, Done, Reply
from academy.api.streams import NO_BUFFER, in_one_line
from academy.api.wire import Exact, Id, Lane, one_by_one, to_json
from academy.chat import line
from academy.chat.request import ChatRequest, Thought
from academy.curation.lessons import Lesson
from academy.errors import AcademyError, log_and_go_on

log = logging.getLogger("academy.api")
Result = TypeVar("Result")
Item = TypeVar("Item")

_CHAT: dict[str, Any] = {
    "a question": {"value": {"messages": [{"role": "user", "content": "Which port does the staging server listen on?"}]}},
    "to the base model, piece by piece": {
        "value": {"messages": [{"role": "user", "content": "Hello!"}], "adapter_id": "base", "stream": True, "max_new_tokens": 64}
    },
}

api = router(tags=["chat"])


class ChatIn(Exact, ChatRequest):
    """A question with all turns before it."""


class ChatAnswer(Reply):
    text: str
    adapter_id: str | None
    base_model: str
    prompt_tokens: int
    completion_tokens: int
    thinking: str


class FeedbackIn(Asked):
    """A rated or corrected reply; it becomes a lesson."""

    question: str = Field(min_length=1, max_length=200_000)
    answer: str = Field(min_length=1, max_length=200_000)
    corrected: str | None = Field(default=None, min_length=1, max_length=200_000, description="What should have been answered.")
    rating: Literal["good", "bad"] | None = None
    history: list[list[str]] = Field(default=[], max_length=1000, description="Earlier turns as pairs of question and answer.")
    adapter_id: Id | None = Field(default=None, description="Who answered.")
    base_model: str | None = Field(default=None, max_length=500, description="On which base model.")
    sampling: dict[str, str | float | int | None] = Field(default={}, max_length=20, description="Temperature, seed and the like.")
    comment: str = Field(default="", max_length=10_000, description="What is wrong, in words.")
    worse: str | None = Field(default=None, max_length=200_000, description="With a good rating: a reply that was worse.")


@api.post("/chat", response_model=ChatAnswer)
async def chat(request: Request, academy: TheAcademy, chats: Chats, question: Annotated[ChatIn, Body(openapi_examples=_CHAT)]) -> Any:
    """One reply; with `stream` as server-sent events of `{"delta"}` and a last `{"done": true, …}`."""
    reply = await chats.run(academy.chat.stream, question)
    if question.stream:
        return event_stream(_frames(await while_wanted(request, reply, chats.run(reply.wait)), chats))
    return ChatAnswer.model_validate(asdict(await while_wanted(request, reply, chats.run(reply.whole))))


@api.post("/chat/stop")
def stop(academy: TheAcademy) -> Done:
    """Ends the reply in progress; the text so far stays."""
    academy.chat.stop()
    return Done(message="The reply ends.")


@api.get("/chat/state")
def state(academy: TheAcademy) -> dict[str, Any]:
    """What is loaded, who would answer, and whether the chat is busy."""
    return academy.chat.state()


@api.post("/chat/feedback")
def feedback(academy: TheAcademy, rated: FeedbackIn) -> Lesson:
    """Turns a rated or corrected reply into the next lesson."""
    return academy.lessons.correct_reply(**dict(rated))


def event_stream(frames: AsyncIterator[bytes]) -> Response:
    """A response of server-sent events that no proxy holds back."""
    return StreamingResponse(frames, media_type="text/event-stream", headers=NO_BUFFER)


async def while_wanted(request: Request, reply: line.Reply, work: Awaitable[Result]) -> Result:
    """Awaits the work on a reply; when the client disconnects, the reply ends or leaves the line."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        reply.close()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    finally:
        watcher.cancel()


async def parts_of(reply: line.Reply, items: Iterator[Item], chats: Lane) -> AsyncIterator[Item | AcademyError]:
    """The items made of a reply; an error comes as the last of them, since the answer has begun with 200. Closes the reply."""
    ended = False
    try:
        with log_and_go_on("A reply", log):
            try:
                async for item in one_by_one(items, chats):
                    yield item
            except AcademyError as error:
                yield error
            ended = True
        if not ended:
            yield AcademyError("The reply broke off.", hint="The app's log says why.")
    finally:
        reply.close()


async def _frames(reply: line.Reply, chats: Lane) -> AsyncIterator[bytes]:
    async for part in parts_of(reply, reply, chats):
        if isinstance(part, AcademyError):
            yield _frame({"error": part.detail})
        else:
            piece = {"thinking" if isinstance(part, Thought) else "delta": part}
            yield _frame(piece if isinstance(part, str) else {"done": True, **asdict(part)})


def _frame(value: dict[str, Any]) -> bytes:
    return b"data: " + in_one_line(to_json(value)) + b"\n\n"
