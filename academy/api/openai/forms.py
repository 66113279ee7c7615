"""The forms of OpenAI's chat API (https://platform.openai.com/docs/api-reference/chat) and ours, mapped onto each other. Pure."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.adapters.store import Adapter
from academy.api.wire import unusable
from academy.chat.request import BASE, ChatReply, ChatRequest, Thought
from academy.errors import AcademyError, Invalid, NotFound
from academy.text.calls import read_calls

ACTIVE = "academy"
"""As a model's name: whatever answers in the chat, the active adapter or the base model."""

_OWNER = "academy"
_FINISH = {"end": "stop", "stopped": "stop", "length": "length"}


class CompletionRequest(BaseModel):
    """A request for `/v1/chat/completions`; fields that Academy does not know are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: str = Field(default=ACTIVE, max_length=500)
    messages: list[dict[str, Any]] = Field(min_length=1, max_length=1000)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | int | None = None
    top_logprobs: int | None = None
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None

    @property
    def usable_tools(self) -> list[dict[str, Any]]:
        """The tools that the model may call."""
        return [] if self.tool_choice == "none" else self.tools or []

    @property
    def thinks(self) -> bool | None:
        """Whether a thought is to come first: by vLLM's switch, else by OpenAI's effort, else as the adapter was taught."""
        kwargs = self.chat_template_kwargs or {}
        switch = kwargs.get("enable_thinking", kwargs.get("thinking"))
        if isinstance(switch, bool):
            return switch
        return None if self.reasoning_effort is None else self.reasoning_effort not in ("none", "minimal")


def chat_request(request: CompletionRequest, adapters: Iterable[Adapter], bases: Iterable[str]) -> ChatRequest:
    """Our request for theirs; raises NotFound for a model that is not there and Invalid for what cannot be done."""
    if request.n not in (None, 1):
        raise Invalid("Academy gives one choice a request (n=1).", hint="Ask as often as you want choices.")
    _check_possible(request)
    values: dict[str, Any] = {
        "messages": [_message(number, message) for number, message in enumerate(request.messages, start=1)],
        **_model(request.model, adapters, bases),
        "stop": [request.stop] if isinstance(request.stop, str) else request.stop or [],
        "stream": bool(request.stream),
        "thinking": request.thinks,
        "tools": request.usable_tools,
    }
    length = request.max_completion_tokens or request.max_tokens
    if length is not None:
        values["max_new_tokens"] = min(length, 8192)
    if request.temperature is not None:
        values["temperature"] = request.temperature
    if request.top_p is not None:
        # 0 is allowed there and means the likeliest token alone.
        values["top_p"] = max(request.top_p, 1e-6)
    if request.seed is not None:
        values["seed"] = request.seed % 2**63
    try:
        return ChatRequest(**values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in item['loc']) or 'messages'}: {item['msg']}" for item in error.errors())
        raise unusable(problems) from error


def _check_possible(request: CompletionRequest) -> None:
    """Raises Invalid where the client would take plain words for something else."""
    form = (request.response_format or {}).get("type", "text")
    if form != "text":
        raise Invalid(
            "response_format {form!r} is not possible: the models here answer in plain text, which need not be valid JSON.",
            hint="Leave response_format out, and ask for JSON in the message.",
            code="unsupported_value",
            form=str(form)[:40],
        )
    if request.logprobs or request.top_logprobs:
        raise Invalid("logprobs are not possible here.", hint="Leave logprobs and top_logprobs out.", code="unsupported_value")
    choice = request.tool_choice if request.tool_choice is not None else request.function_call
    if choice not in (None, "auto", "none"):
        raise Invalid(
            "No tool can be forced (tool_choice): a model calls one only where it wants to.",
            hint="Use tool_choice 'auto' or 'none', or leave it out.",
            code="unsupported_value",
        )


def models(adapters: Iterable[Adapter], bases: Iterable[str], *, started: int = 0) -> dict[str, Any]:
    """The answer to `/v1/models`: who can be asked."""
    found = [_card(ACTIVE, started)]
    found += [_card(name, started) for name in dict.fromkeys(bases)]
    found += [_card(adapter.adapter_id, _seconds(adapter.created_at), parent=adapter.base_model) for adapter in adapters]
    return {"object": "list", "data": found}


def model_card(name: str, adapters: Iterable[Adapter], bases: Iterable[str]) -> dict[str, Any]:
    """The answer to `/v1/models/{name}`; raises NotFound."""
    for card in models(adapters, bases)["data"]:
        if card["id"] == name:
            return card
    raise _unknown(name)


def completion(reply: ChatReply, *, model: str, identity: str = "", created: int | None = None, with_tools: bool = False) -> dict[str, Any]:
    """A whole reply as theirs; `with_tools`: calls in it come apart."""
    text, calls = _calls_in(reply.text) if with_tools else (reply.text, [])
    return {
        "id": identity or new_identity(),
        "object": "chat.completion",
        "created": int(time.time()) if created is None else created,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text or (None if calls else ""), "refusal": None}
                | ({"reasoning_content": reply.thinking} if reply.thinking else {})
                | ({"tool_calls": calls} if calls else {}),
                "logprobs": None,
                "finish_reason": "tool_calls" if calls else _FINISH[reply.finish],
            }
        ],
        "usage": _usage(reply),
        "system_fingerprint": reply.adapter_id or reply.base_model,
    }


def chunks(
    parts: Iterable[str | ChatReply], *, model: str, include_usage: bool = False, identity: str = "", with_tools: bool = False
) -> Iterator[dict[str, Any]]:
    """A streamed reply as theirs, object by object; after the last one `data: [DONE]` is sent.

    `with_tools`: only a whole reply shows whether it is a call, so its text comes at its end.
    """
    identity, created = identity or new_identity(), int(time.time())
    yield chunk({"role": "assistant", "content": ""}, model=model, identity=identity, created=created)
    for part in parts:
        if isinstance(part, str) and with_tools and not isinstance(part, Thought):
            continue
        if isinstance(part, str):
            field = "reasoning_content" if isinstance(part, Thought) else "content"
            yield chunk({field: part}, model=model, identity=identity, created=created)
        else:
            text, calls = _calls_in(part.text) if with_tools else ("", [])
            if text or calls:
                indexed = [{"index": at} | call for at, call in enumerate(calls)]
                delta = ({"content": text} if text else {}) | ({"tool_calls": indexed} if calls else {})
                yield chunk(delta, model=model, identity=identity, created=created)
            finish = "tool_calls" if calls else _FINISH[part.finish]
            yield chunk({}, model=model, identity=identity, created=created, finish=finish)
            if include_usage:
                yield {**chunk({}, model=model, identity=identity, created=created), "choices": [], "usage": _usage(part)}


def chunk(delta: dict[str, Any], *, model: str, identity: str, created: int, finish: str | None = None) -> dict[str, Any]:
    """One object of a stream."""
    return {
        "id": identity,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


def frame(value: dict[str, Any] | None) -> bytes:
    """An object of a stream as it is sent, in ASCII, which no reader cuts at a rare kind of line end; None ends the stream."""
    return b"data: [DONE]\n\n" if value is None else b"data: " + json.dumps(value, allow_nan=False).encode() + b"\n\n"


def error_body(error: AcademyError) -> dict[str, Any]:
    """An error in their form; its status is the error's own."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    return {"error": {"message": error.detail, "type": kind, "param": None, "code": error.code or None}}


def wants_usage(request: CompletionRequest) -> bool:
    """Whether the stream ends with the counted tokens."""
    return bool((request.stream_options or {}).get("include_usage"))


def new_identity() -> str:
    """An id for a reply."""
    return f"chatcmpl-{secrets.token_hex(12)}"


def _calls_in(text: str) -> tuple[str, list[dict[str, Any]]]:
    """What a reply says, and the tools that it calls, as theirs."""
    said, calls = read_calls(text)
    functions = [{"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)} for call in calls]
    return said, [{"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function} for function in functions]


def _model(name: str, adapters: Iterable[Adapter], bases: Iterable[str]) -> dict[str, Any]:
    if name in (ACTIVE, ""):
        return {}
    if name == BASE:
        return {"adapter_id": BASE}
    for adapter in adapters:
        if adapter.adapter_id == name:
            return {"adapter_id": name}
    if name in set(bases):
        return {"adapter_id": BASE, "base_model": name}
    raise _unknown(name)


def _unknown(name: str) -> NotFound:
    shown = name if len(name) <= 100 else name[:97] + "…"
    return NotFound("There is no model {name!r}.", hint="GET /v1/models lists those that can be asked.", code="model_not_found", name=shown)


def _message(number: int, message: dict[str, Any]) -> dict[str, Any]:
    roles: dict[Any, Literal["system", "user", "assistant", "tool"]] = {
        "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
    }  # fmt: skip
    role = message.get("role")
    if not isinstance(role, str) or role not in roles:
        raise Invalid(
            "Message {number} has the role {role!r}.",
            hint="Academy knows system, developer, user, assistant and tool.",
            number=number,
            role=str(role)[:40],
        )
    content = message.get("content")
    if content is None and role == "assistant":
        content = ""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        if len(parts) != len(content) or any(part.get("type") not in ("text", "refusal") for part in parts):
            raise Invalid("Message {number} holds something other than text.", hint="The models here read text only.", number=number)
        content = "".join(str(part.get("text") or part.get("refusal") or "") for part in parts)
    if not isinstance(content, str):
        raise Invalid("Message {number} has no text.", hint="Put the text into `content`.", number=number)
    kept = ("reasoning_content", "tool_calls", "name", "tool_call_id") if role in ("assistant", "tool") else ()
    return {"role": roles[role], "content": content} | {key: message[key] for key in kept if message.get(key)}


def _card(name: str, created: int, *, parent: str | None = None) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": _OWNER, **({"parent": parent} if parent else {})}


def _seconds(time_text: str) -> int:
    try:
        return int(datetime.fromisoformat(time_text).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


def _usage(reply: ChatReply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
    }
