"""Routes of the chat: whole replies, streams, and the ones that chat clients for OpenAI's API speak to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response, StreamingResponse

from academy.api import models
from academy.api.wire import Lane, StrictRoute, one_by_one, to_json
from academy.chat.request import ChatReply, ChatRequest
from academy.curation.lessons import Lesson
from academy.errors import AcademyError
from academy.services import Academy

log = logging.getLogger("academy.api")

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
    async def chat(request: Annotated[ChatRequest, Body(openapi_examples=_CHAT)]) -> Any:
        """One reply; with `stream` as server-sent events of `{"delta"}` and a last `{"done": true, …}`."""
        if not request.stream:
            return models.ChatAnswer.model_validate(asdict(await chats.run(academy.chat, request)))
        return event_stream(_frames(await chats.run(academy.chat_stream, request), chats))

    @api.post("/chat/stop", tags=["chat"])
    def stop() -> models.Done:
        """Ends the reply in progress; what was said stays."""
        academy.stop_chat()
        return models.Done(message="The reply was asked to end.")

    @api.get("/chat/state", tags=["chat"])
    def state() -> dict[str, Any]:
        """What is loaded, who would answer, and whether the chat is busy."""
        return academy.session.state()

    @api.post("/chat/feedback", tags=["chat"])
    def feedback(asked: models.FeedbackIn) -> Lesson:
        """Turns a rated or corrected reply into the next lesson."""
        return academy.correct_reply(
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


def let_go(reply: Iterator[str | ChatReply]) -> None:
    """Ends a reply that nobody reads any more."""
    close = getattr(reply, "close", None)
    if close is not None:
        close()


async def _frames(reply: Iterator[str | ChatReply], chats: Lane) -> AsyncIterator[bytes]:
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
        let_go(reply)


def _frame(value: dict[str, Any]) -> bytes:
    return b"data: " + to_json(value) + b"\n\n"
