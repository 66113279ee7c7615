"""Routes of the chat: whole replies, streams, and the ones that chat clients for OpenAI's API speak to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response, StreamingResponse

from academy.api import bodies
from academy.api import replies as models
from academy.api.streams import in_one_line
from academy.api.wire import Lane, StrictRoute, one_by_one, to_json
from academy.chat.line import Reply
from academy.curation.lessons import Lesson
from academy.errors import AcademyError
from academy.services.academy import Academy

log = logging.getLogger("academy.api")
Result = TypeVar("Result")

_CHAT: dict[str, Any] = {
    "a question": {"value": {"messages": [{"role": "user", "content": "Which port does the staging server listen on?"}]}},
    "to the base model, piece by piece": {
        "value": {"messages": [{"role": "user", "content": "Hello!"}], "adapter_id": "base", "stream": True, "max_new_tokens": 64}
    },
}


def router(academy: Academy, chats: Lane) -> APIRouter:
    """What one can ask."""
    api = APIRouter(route_class=StrictRoute)

    @api.post("/chat", tags=["chat"], response_model=models.ChatAnswer)
    async def chat(request: Request, asked: Annotated[bodies.ChatIn, Body(openapi_examples=_CHAT)]) -> Any:
        """One reply; with `stream` as server-sent events of `{"delta"}` and a last `{"done": true, …}`."""
        reply = await chats.run(academy.chat.stream, asked)
        if asked.stream:
            return event_stream(_frames(await while_wanted(request, reply, chats.run(reply.wait)), chats))
        return models.ChatAnswer.model_validate(asdict(await while_wanted(request, reply, chats.run(reply.whole))))

    @api.post("/chat/stop", tags=["chat"])
    def stop() -> models.Done:
        """Ends the reply in progress; what was said stays."""
        academy.chat.stop()
        return models.Done(message="The reply was asked to end.")

    @api.get("/chat/state", tags=["chat"])
    def state() -> dict[str, Any]:
        """What is loaded, who would answer, and whether the chat is busy."""
        return academy.chat.state()

    @api.post("/chat/feedback", tags=["chat"])
    def feedback(asked: models.FeedbackIn) -> Lesson:
        """Turns a rated or corrected reply into the next lesson."""
        return academy.lessons.correct_reply(
            asked.question,
            asked.answer,
            corrected=asked.corrected,
            rating=asked.rating,
            history=asked.history,
            adapter_id=asked.adapter_id,
        )

    return api


def event_stream(frames: AsyncIterator[bytes]) -> Response:
    """A response of server-sent events that no proxy holds back."""
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def while_wanted(request: Request, reply: Reply, work: Awaitable[Result]) -> Result:
    """Awaits what comes of a reply; where the one who asked goes away, the reply ends or leaves the line."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        reply.close()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    finally:
        watcher.cancel()


async def _frames(reply: Reply, chats: Lane) -> AsyncIterator[bytes]:
    try:
        async for part in one_by_one(reply, chats):
            yield _frame({"delta": part} if isinstance(part, str) else {"done": True, **asdict(part)})
    except AcademyError as error:
        # The answer has begun with 200: what went wrong can only be told inside it.
        yield _frame({"error": error.detail})
    except Exception:
        log.exception("A reply broke off.")
        yield _frame({"error": "The reply broke off. The app's log says why."})
    finally:
        reply.close()


def _frame(value: dict[str, Any]) -> bytes:
    return b"data: " + in_one_line(to_json(value)) + b"\n\n"
