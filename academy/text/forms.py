"""How a base's chat template takes thoughts and tools: learned from probes, for training and chat alike. Pure.

A template reads a thought from a field of its own (`reasoning_content`, `thinking`) or between `<think>` and `</think>` in the
content; some only leave it open at the end of the prompt. Arguments of a call are an object for most, and a text for others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from academy.text.conversations import Message, calls_of

Render = Callable[[list[dict[str, Any]], list[Any], bool], str]
"""Turns as the template takes them, tools, and whether the text ends with the prompt of the next answer; the text, "" where refused."""

Field = Literal["reasoning_content", "thinking", "content", "prompt"]

_OPEN = re.compile(r"<think>\s*$")
_EMPTY = re.compile(r"<think>\s*</think>\s*$")
_CLOSE = "\n</think>\n\n"
_HEADER = 8  # characters at the end of a prompt that tell whether two end alike
_ID_LENGTH = 9  # Mistral's templates take no other

_QUESTION, _THOUGHT, _ANSWER, _NAME, _VALUE, _RESULT = (f"\ue8a3{at}\ue8a4" for at in range(6))


@dataclass(frozen=True)
class Thoughts:
    """Where a template takes a thought from, and what the model writes around it after the prompt."""

    field: Field
    before: str
    after: str
    plain: str = ""  # what it writes before an answer without a thought


@dataclass(frozen=True)
class Calls:
    """How a template takes a call: its arguments as an object or as text, and the content of a turn that only calls."""

    as_text: bool
    blank: str | None


def thoughts_of(render: Render, template: str) -> Thoughts | None:
    """How this template writes a thought before the last answer; None where it has no form for it."""
    question = {"role": "user", "content": _QUESTION}
    prompt = render([question], [], True)
    inline = {"content": f"<think>\n{_THOUGHT}\n</think>\n\n{_ANSWER}"}
    fields: list[tuple[Field, dict[str, str]]] = [
        ("reasoning_content", {"content": _ANSWER, "reasoning_content": _THOUGHT}),
        ("thinking", {"content": _ANSWER, "thinking": _THOUGHT}),
    ]
    if "</think>" in template:
        fields.append(("content", inline))
    for field, given in fields:
        text = render([question, {"role": "assistant"} | given], [], False)
        own = text.removeprefix(prompt)
        if prompt and len(own) < len(text) and 0 <= own.find(_THOUGHT) < own.find(_ANSWER):
            start, end = own.index(_THOUGHT), own.index(_ANSWER)
            text = render([question, {"role": "assistant", "content": _ANSWER}], [], False)
            plain = text.removeprefix(prompt).partition(_ANSWER)[0] if text.startswith(prompt) else ""
            return Thoughts(field, own[:start], own[start + len(_THOUGHT) : end], plain)
    return Thoughts("prompt", "", _CLOSE) if _OPEN.search(prompt) else None


def tools_of(render: Render) -> Calls | None:
    """How this template takes calls of tools; None where it has no form for the definitions, the calls or the results."""
    tools = [definition(_NAME, {"k": {"type": "string"}})]
    for blank in ("", None):
        for as_text in (False, True):
            calls = Calls(as_text, blank)
            written = json.dumps([{"name": _NAME, "arguments": {"k": _VALUE}}])
            turns: list[Message] = [
                {"role": "user", "content": _QUESTION},
                {"role": "assistant", "content": "", "calls": written},
                {"role": "tool", "content": _RESULT, "name": _NAME},
            ]
            given = as_given(turns, None, calls)
            called, whole = render(given[:2], tools, False), render(given, tools, True)
            if called.count(_NAME) > 1 and _VALUE in called and _RESULT in whole:
                return calls
    return None


def definition(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A tool as OpenAI's API defines it."""
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}


def as_given(messages: Sequence[Message], thoughts: Thoughts | None, calls: Calls | None) -> list[dict[str, Any]]:
    """The turns with the fields that the template reads; a thought that it has no form for is left out.

    Calls get ids by their order, the same in training and chat, whatever ids they came with.
    """
    given: list[dict[str, Any]] = []
    ids: dict[str, str] = {}
    waiting: list[tuple[str, str]] = []  # id and name of the calls without a result so far
    count = 0
    for message in messages:
        turn: dict[str, Any] = {"role": message["role"], "content": message["content"]}
        if thought := message.get("thinking"):
            if thoughts and thoughts.field == "content":
                turn["content"] = f"<think>\n{thought}\n</think>\n\n{message['content']}"
            elif thoughts and thoughts.field != "prompt":
                turn[thoughts.field] = thought
        if message.get("calls") and calls is not None:
            turn["content"] = message["content"] or calls.blank
            turn["tool_calls"] = []
            waiting = []
            for call in calls_of(message):
                count += 1
                own = f"{count:0{_ID_LENGTH}d}"
                ids[str(call.get("id") or own)] = own
                waiting.append((own, call["name"]))
                arguments = json.dumps(call["arguments"], ensure_ascii=False) if calls.as_text else call["arguments"]
                function = {"name": call["name"], "arguments": arguments}
                turn["tool_calls"].append({"id": own, "type": "function", "function": function})
        elif message["role"] == "tool":
            own = ids.get(message.get("call_id", ""), waiting[0][0] if waiting else "")
            name = next((name for known, name in waiting if known == own), message.get("name", ""))
            waiting = [(known, name) for known, name in waiting if known != own]
            turn |= {"tool_call_id": own, "name": message.get("name") or name}
        given.append(turn)
    return given


def is_plain(messages: Sequence[Message]) -> bool:
    """Whether no turn has a thought, a call or a result, and no tools are defined."""
    return not any(message["role"] in ("tool", "tools") or message.get("thinking") or message.get("calls") for message in messages)


def closing(prompt: str) -> str:
    """What ends a thought that the prompt leaves open; empty where none is open."""
    return _CLOSE if _OPEN.search(prompt) else ""


def without_open(prompt: str) -> str:
    """The prompt without a thought left open at its end."""
    return _OPEN.sub("", prompt)


def without_empty(prompt: str, usual: str) -> str:
    """The prompt without an empty thought at its end, which the model would write itself after the `usual` prompt."""
    header = _EMPTY.sub("", prompt)
    return header if header == prompt or usual.endswith(header[-_HEADER:]) else header.rstrip()
