"""Routes that chat clients for OpenAI's API speak to: the adapters and base models as models to ask."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from academy.api.chat import event_stream, while_wanted
from academy.api.openai import forms as openai
from academy.api.wire import Json, Lane, StrictRoute, one_by_one
from academy.chat.line import Reply
from academy.errors import AcademyError
from academy.models import BUNDLED
from academy.services.academy import Academy

log = logging.getLogger("academy.api")

_HELLO = [{"role": "user", "content": "Hello!"}]
_COMPLETION: dict[str, Any] = {
    "whoever answers in the chat": {"value": {"model": openai.ACTIVE, "messages": _HELLO, "max_tokens": 64}},
    "piece by piece": {"value": {"messages": _HELLO, "stream": True, "max_tokens": 64}},
}


def router(academy: Academy, chats: Lane) -> APIRouter:
    """The part of OpenAI's API that a chat needs."""
    api = APIRouter(route_class=StrictRoute, tags=["OpenAI"])

    def bases() -> list[str]:
        return [*BUNDLED, academy.settings.default_base_model, *(adapter.base_model for adapter in academy.adapters.list())]

    @api.get("/models")
    def models() -> dict[str, Any]:
        """Who can be asked: `academy` (whoever answers in the chat), the base models, and each adapter."""
        return openai.models(academy.adapters.list(), bases())

    @api.get("/models/{name:path}")
    def model(name: str) -> dict[str, Any]:
        """One of them."""
        return openai.model_card(name, academy.adapters.list(), bases())

    @api.post("/chat/completions")
    async def complete(request: Request, asked: Annotated[openai.CompletionRequest, Body(openapi_examples=_COMPLETION)]) -> Response:
        """One reply, whole or as a stream; fields that Academy does not know are ignored."""
        reply = await chats.run(lambda: academy.chat.stream(openai.chat_request(asked, academy.adapters.list(), bases())))
        if asked.stream:
            return event_stream(_frames(await while_wanted(request, reply, chats.run(reply.wait)), asked, chats))
        return Json(openai.completion(await while_wanted(request, reply, chats.run(reply.whole)), model=asked.model))

    return api


async def _frames(reply: Reply, asked: openai.CompletionRequest, chats: Lane) -> AsyncIterator[bytes]:
    chunks = openai.chunks(reply, model=asked.model, include_usage=openai.wants_usage(asked))
    try:
        async for chunk in one_by_one(chunks, chats):
            yield openai.frame(chunk)
    except AcademyError as error:
        yield openai.frame(openai.error_body(error))
    except Exception:
        log.exception("A reply broke off.")
        yield openai.frame(openai.error_body(AcademyError("The reply broke off.", hint="The app's log says why.")))
    finally:
        reply.close()
    yield openai.frame(None)
