"""Routes that chat clients for OpenAI's API speak to: the adapters and base models as models to ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import Body, Request
from fastapi.responses import Response

from academy.api.chat import event_stream, parts_of, while_wanted
from academy.api.openai import forms
from academy.api.parts import Chats, TheAcademy, router
from academy.api.wire import Json, Lane
from academy.chat.line import Reply
from academy.errors import AcademyError
from academy.models import BUNDLED
from academy.services.academy import Academy

_HELLO = [{"role": "user", "content": "Hello!"}]
_COMPLETION: dict[str, Any] = {
    "whoever answers in the chat": {"value": {"model": forms.ACTIVE, "messages": _HELLO, "max_tokens": 64}},
    "piece by piece": {"value": {"messages": _HELLO, "stream": True, "max_tokens": 64}},
}

api = router(tags=["OpenAI"])


@api.get("/models")
def models(academy: TheAcademy) -> dict[str, Any]:
    """Who can be asked: `academy` (whoever answers in the chat), the base models, and each adapter."""
    return forms.models(academy.adapters.answering(), academy.adapters.bases())


@api.get("/models/{name:path}")
def model(academy: TheAcademy, name: str) -> dict[str, Any]:
    """One of them."""
    if not name:  # a slash at the end
        return models(academy)
    return forms.model_card(name, academy.adapters.list(), _bases(academy))


@api.post("/chat/completions")
@api.post("/chat/completions/", include_in_schema=False)
async def complete(
    request: Request,
    academy: TheAcademy,
    chats: Chats,
    question: Annotated[forms.CompletionRequest, Body(openapi_examples=_COMPLETION)],
) -> Response:
    """One reply, whole or as a stream; fields that Academy does not know are ignored."""
    reply = await chats.run(_ask, academy, question)
    if question.stream:
        return event_stream(_frames(await while_wanted(request, reply, chats.run(reply.wait)), question, chats))
    whole = await while_wanted(request, reply, chats.run(reply.whole))
    return Json(forms.completion(whole, model=question.model, with_tools=bool(question.usable_tools)))


def _ask(academy: Academy, question: forms.CompletionRequest) -> Reply:
    return academy.chat.stream(forms.chat_request(question, academy.adapters.list(), _bases(academy)))


def _bases(academy: Academy) -> Sequence[str]:
    return [*BUNDLED, academy.settings.default_base_model, *(adapter.base_model for adapter in academy.adapters.list())]


async def _frames(reply: Reply, question: forms.CompletionRequest, chats: Lane) -> AsyncIterator[bytes]:
    usage, tools = forms.wants_usage(question), bool(question.usable_tools)
    chunks = forms.chunks(reply, model=question.model, include_usage=usage, with_tools=tools)
    async for chunk in parts_of(reply, chunks, chats):
        yield forms.frame(forms.error_body(chunk) if isinstance(chunk, AcademyError) else chunk)
    yield forms.frame(None)
