"""The turns of a conversation from a list of messages, whatever their keys and roles are called."""

from __future__ import annotations

import json
from typing import Any

from academy.curation.examples import Role, Turn
from academy.curation.files.columns import plain_name, recognise
from academy.curation.files.values import RowError, check_content, described, is_missing, list_of, shown
from academy.messages import Message, join, msg
from academy.rows import BadRow, calls_of, is_masked, tools_of

_USER = {"user", "human", "prompter", "usr", "customer", "client", "you", "me", "person", "student", "questioner", "benutzer", "uzytkownik"}
_ASSISTANT = {
    "assistant",
    "gpt",
    "chatgpt",
    "bot",
    "ai",
    "model",
    "claude",
    "bing",
    "bard",
    "gemini",
    "llm",
    "agent",
    "teacher",
    "asystent",
}
_ASSISTANT |= {"assistent", "chatbot", "gpt4", "gpt35", "copilot"}
_SYSTEM = {"system", "developer"}
_TOOL = {
    "tool",
    "function",
    "functioncall",
    "functionresponse",
    "observation",
    "ipython",
    "toolcall",
    "toolresponse",
    "tools",
    "toolresult",
}
_ROLE_KEYS = ("role", "from", "sender", "author", "speaker")
_TURN = "turn {number}"
_TEXT_KEYS = ("content", "value", "text", "message", "utterance", "parts")


def is_message(value: Any) -> bool:
    """Whether a value looks like one message of a conversation."""
    return isinstance(value, dict) and any(key in value for key in _ROLE_KEYS) and any(key in value for key in (*_TEXT_KEYS, "tool_calls"))


def role_of(name: Any) -> Role | None:
    """The role that a program's word means: user, assistant or system; None for any other word."""
    plain = plain_name(name) if isinstance(name, str) else ""
    return "user" if plain in _USER else "assistant" if plain in _ASSISTANT else "system" if plain in _SYSTEM else None


def conversation(messages: list[Any], key: str) -> tuple[Turn, ...]:
    """The turns of a list of messages in any of the usual shapes; raises RowError for turns in no order."""
    if not messages:
        raise RowError("{where} is empty", where=key)
    turns: list[Turn] = []
    if all(isinstance(message, dict) and isinstance(message.get("created_at"), int | float) for message in messages):
        messages = sorted(messages, key=lambda message: message["created_at"])  # OpenAI lists the newest first
    for number, message in enumerate(messages, 1):
        if isinstance(message, str):
            turns.append(Turn("assistant" if number % 2 == 0 else "user", check_content(message, _TURN, number=number)))
        elif isinstance(message, list) and len(message) == 2 and all(isinstance(text, str) for text in message):
            turns.append(Turn("user", check_content(message[0], _TURN, number=number)))
            turns.append(Turn("assistant", check_content(message[1], _TURN, number=number)))
        elif isinstance(message, dict) and not any(name in message for name in _ROLE_KEYS):
            turns += _exchange(message, number)
        elif isinstance(message, dict):
            turns += _message(message, number)
        else:
            raise RowError("turn {number} is {what}, not a message", number=number, what=described(message))
    return in_order(turns)


def in_order(turns: list[Turn]) -> tuple[Turn, ...]:
    """The turns, if user and assistant take turns, tools between them; raises RowError where they do not.

    A greeting before the first question is masked.
    """
    start = 0
    while start < len(turns) and turns[start].role in ("tools", "system"):
        start += 1
    rest = turns[start:]
    if not rest:
        raise RowError("holds no question and no answer")
    if rest[0].role == "assistant":
        if not any(turn.role == "assistant" for turn in rest[1:]):
            raise RowError("begins with the assistant: there is no question before")
        rest[0] = rest[0]._replace(trained=False)
    before = None
    for number, turn in enumerate(rest, start + 1):
        if turn.role == "system":
            raise RowError("turn {number} is the system's, after the conversation began", number=number)
        if turn.role == "tool" and not (before and (before.calls or before.role == "tool")):
            raise RowError("turn {number} is the result of a tool that was not called", number=number)
        if before and before.calls and turn.role == "assistant":
            raise RowError("turn {number} calls a tool and has no result", number=number - 1)
        if before and before.role == turn.role and turn.role != "tool":
            raise RowError("turns {first} and {second} are both the {role}'s", first=number - 1, second=number, role=turn.role)
        before = turn
    if not any(turn.role == "assistant" for turn in rest):
        raise RowError("ends with the user's turn: there is no answer" if len(rest) > 1 else "has a question and no answer")
    return (*turns[:start], *rest)


def definitions(record: dict[str, Any]) -> tuple[Turn, ...]:
    """The tools of a record as the turn that holds their definitions; raises RowError for some without a name."""
    try:
        text = tools_of(record)
    except BadRow as error:
        raise RowError("has tools that cannot be read: {why}", why=join(error.reason)) from error
    if text and not all(isinstance(tool.get("function"), dict) and tool["function"].get("name") for tool in json.loads(text)):
        raise RowError("has tools without a name")
    return (Turn("tools", text),) if text else ()


def _message(message: dict[str, Any], number: int) -> list[Turn]:
    role_key = next(key for key in _ROLE_KEYS if key in message)
    role = message[role_key]
    if isinstance(role, dict):
        role = role.get("role")
    if not isinstance(role, str):
        raise RowError("turn {number}: {key} is {what}, not a role", number=number, key=role_key, what=described(role))
    plain = plain_name(role)
    if plain in _TOOL:
        return [_of_tool(message, plain, number)]
    known = role_of(role)
    if known is None:
        raise RowError("turn {number} has the role {role}; known are system, user and assistant", number=number, role=shown(role))
    text_key = next((key for key in _TEXT_KEYS if key in message), None)
    if text_key is None and not message.get("tool_calls"):
        raise RowError("turn {number} ({role}) has no content", number=number, role=known)
    content = message[text_key] if text_key else ""
    if known == "system" and (content is None or (isinstance(content, str) and not content.strip())):
        return []
    calls = _calls(message, number) if known == "assistant" else ""
    thoughts = [thoughts_in(message.get(key)) for key in _THINKING_KEYS] if known == "assistant" else []
    if known == "assistant" and isinstance(content, list):
        thoughts.append("\n\n".join(said for part in content if (said := _thought(part)) is not None))
        content = [part for part in content if _thought(part) is None]
    text = "" if calls and not content else joined(content, _TURN, number=number)
    text = text if calls and text == "" else check_content(text, "turn {number} ({role})", number=number, role=known)
    # Programs that stream write the same thoughts into several fields.
    thought = "\n\n".join(dict.fromkeys(said for said in thoughts if said.strip()))
    return [Turn(known, text, thought, calls, trained=not (known == "assistant" and is_masked(message)))]


def _calls(message: dict[str, Any], number: int) -> str:
    try:
        return calls_of(message)
    except BadRow as error:
        raise RowError("turn {number} calls a tool: {why}", number=number, why=join(error.reason)) from error


def _of_tool(message: dict[str, Any], role: str, number: int) -> Turn:
    """A turn with a call in its text, or with what a tool gave back."""
    content = next((message[key] for key in _TEXT_KEYS if key in message), None)
    if role in ("functioncall", "toolcall"):
        call = list_of(content) or value_in(content)
        return Turn("assistant", "", calls=_calls({"tool_calls": call if isinstance(call, list) else [call]}, number))
    text = joined(content, _TURN, number=number)
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    name, call_id = (value if isinstance(value := message.get(key), str) else "" for key in ("name", "tool_call_id"))
    return Turn("tool", text if text.strip() else "-", name=name, call_id=call_id)


def value_in(text: Any) -> Any:
    """The JSON in a text; None where there is none."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


_THINKING_KEYS = ("reasoning_content", "thinking", "reasoning", "thoughts", "thought", "reasoning_details", "thinking_trace")


def thoughts_in(value: Any) -> str:
    """The thoughts in a field beside an answer: a text, or a list or an object of texts; nothing for anything else."""
    if isinstance(value, str):
        return "" if is_missing(value) else value
    if isinstance(value, list):
        return "\n\n".join(said for part in value if (said := thoughts_in(part)))
    if isinstance(value, dict):
        return next((said for key in ("thinking", "text", "content", "summary", "think") if (said := thoughts_in(value.get(key)))), "")
    return ""


def _thought(part: Any) -> str | None:
    """The thoughts in a part of a content; None for a part that is no thought."""
    if not isinstance(part, dict):
        return None
    kind = part.get("type")
    if kind in ("thinking", "reasoning", "think", "thought", "redacted_thinking", "reasoning_content") or "reasoningContent" in part:
        inner = part.get("reasoningContent", part)
        return thoughts_in(inner.get("reasoningText", inner) if isinstance(inner, dict) else inner)
    return thoughts_in(part.get("text")) if part.get("thought") is True or part.get("isThought") is True else None


def _text_of(part: Any) -> str | None:
    """The text of a part: `{"text": "…"}`, `{"text": {"value": "…"}}`; None for one that is no text."""
    if not isinstance(part, dict) or part.get("type", "text") not in ("text", "input_text", "output_text", "summary_text", "summary"):
        return None
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else None


def content_of(content: Any, between: str = "") -> tuple[str, str, int]:
    """What a program saved as a message: the text of its parts, the thoughts in them, and the number of parts that are neither."""
    if isinstance(content, dict):
        content = content.get("parts", [content])
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), "", 0
    texts: list[str] = []
    thoughts: list[str] = []
    others = 0
    for part in content:
        if (thought := _thought(part)) is not None:
            thoughts.append(thought)
        elif (said := part if isinstance(part, str) else _text_of(part)) is not None:
            texts.append(said)
        else:
            others += part is not None
    return between.join(text for text in texts if text), "\n\n".join(thought for thought in thoughts if thought.strip()), others


def joined(content: Any, where: str, /, **values: Any) -> Any:
    """A content of parts as one text; raises RowError for images and the like. `where` is as in `check_content`."""
    if isinstance(content, dict) and (said := _text_of(content)) is not None:
        return said
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif (said := _text_of(part)) is not None:
            texts.append(said)
        else:
            kind = part.get("type") if isinstance(part, dict) else None
            what: str | Message = shown(kind) if isinstance(kind, str) else msg("a part")
            raise RowError("{where} holds {what} that is no text", where=msg(where, **values), what=what)
    return "".join(texts)


def _exchange(message: dict[str, Any], number: int) -> list[Turn]:
    parts = recognise([key for key in message if isinstance(key, str)])
    if "situation" not in parts or "action" not in parts:
        raise RowError("turn {number} has no role", number=number)
    question, answer = parts["situation"], parts["action"]
    return [
        Turn("user", check_content(message[question], "turn {number} ({key})", number=number, key=question[:40])),
        Turn("assistant", check_content(message[answer], "turn {number} ({key})", number=number, key=answer[:40])),
    ]
