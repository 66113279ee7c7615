"""The turns of a conversation from a list of messages, whatever their keys and roles are called."""

from __future__ import annotations

from typing import Any

from academy.curation.examples import Turn
from academy.curation.files.columns import plain_name, recognise
from academy.curation.files.values import RowError, check_content, described, shown
from academy.messages import Message, msg

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


def conversation(messages: list[Any], key: str) -> tuple[Turn, ...]:
    """The turns of a list of messages in any of the usual shapes; raises RowError unless it is system*, (user, assistant)+."""
    if not messages:
        raise RowError("{where} is empty", where=key)
    turns: list[Turn] = []
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
    """The turns, if they are system*, (user, assistant)+; raises RowError where they are not."""
    start = 0
    while start < len(turns) and turns[start].role == "system":
        start += 1
    rest = turns[start:]
    if not rest:
        raise RowError("holds no question and no answer")
    for position, turn in enumerate(rest):
        expected = "user" if position % 2 == 0 else "assistant"
        if turn.role == expected:
            continue
        number = start + position + 1
        if turn.role == "system":
            raise RowError("turn {number} is the system's, after the conversation began", number=number)
        if position == 0:
            raise RowError("begins with the assistant: there is no question before")
        raise RowError("turns {first} and {second} are both the {role}'s", first=number - 1, second=number, role=turn.role)
    if rest[-1].role != "assistant":
        raise RowError("ends with the user's turn: there is no answer" if len(rest) > 1 else "has a question and no answer")
    return tuple(turns)


def _message(message: dict[str, Any], number: int) -> list[Turn]:
    role_key = next(key for key in _ROLE_KEYS if key in message)
    role = message[role_key]
    if isinstance(role, dict):
        role = role.get("role")
    if not isinstance(role, str):
        raise RowError("turn {number}: {key} is {what}, not a role", number=number, key=role_key, what=described(role))
    plain = plain_name(role)
    if plain in _TOOL:
        raise RowError("turn {number} is a tool's ({role}): calls of tools cannot be trained here", number=number, role=shown(role))
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            raise RowError("turn {number} calls a tool ({key}): calls of tools cannot be trained here", number=number, key=key)
    if plain in _USER:
        known = "user"
    elif plain in _ASSISTANT:
        known = "assistant"
    elif plain in _SYSTEM:
        known = "system"
    else:
        raise RowError("turn {number} has the role {role}; known are system, user and assistant", number=number, role=shown(role))
    text_key = next((key for key in _TEXT_KEYS if key in message), None)
    if text_key is None:
        raise RowError("turn {number} ({role}) has no content", number=number, role=known)
    content = message[text_key]
    if known == "system" and (content is None or (isinstance(content, str) and not content.strip())):
        return []
    if known == "assistant" and message.get("weight") == 0 and "weight" in message:
        raise RowError("turn {number} has weight 0: it is not to be learned", number=number)
    text = joined(content, _TURN, number=number)
    return [Turn(known, check_content(text, "turn {number} ({role})", number=number, role=known))]


def joined(content: Any, where: str, /, **values: Any) -> Any:
    """A content of parts as one text; raises RowError for images and the like. `where` is as in `check_content`."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif (
            isinstance(part, dict)
            and isinstance(part.get("text"), str)
            and part.get("type", "text") in ("text", "input_text", "output_text")
        ):
            texts.append(part["text"])
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
