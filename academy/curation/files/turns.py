"""The turns of a conversation from a list of messages, whatever their keys and roles are called."""

from __future__ import annotations

from typing import Any

from academy.curation.examples import Turn
from academy.curation.files.columns import plain_name, recognise
from academy.curation.files.values import RowError, check_content, described, shown

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
_TEXT_KEYS = ("content", "value", "text", "message", "utterance", "parts")


def is_message(value: Any) -> bool:
    """Whether a value looks like one message of a conversation."""
    return isinstance(value, dict) and any(key in value for key in _ROLE_KEYS) and any(key in value for key in (*_TEXT_KEYS, "tool_calls"))


def conversation(messages: list[Any], key: str) -> tuple[Turn, ...]:
    """The turns of a list of messages in any of the usual shapes; raises RowError unless it is system*, (user, assistant)+."""
    if not messages:
        raise RowError(f"{key} is empty")
    turns: list[Turn] = []
    for number, message in enumerate(messages, 1):
        where = f"turn {number}"
        if isinstance(message, str):
            turns.append(Turn("assistant" if number % 2 == 0 else "user", check_content(message, where)))
        elif isinstance(message, list) and len(message) == 2 and all(isinstance(text, str) for text in message):
            turns += [Turn("user", check_content(message[0], where)), Turn("assistant", check_content(message[1], where))]
        elif isinstance(message, dict) and not any(name in message for name in _ROLE_KEYS):
            turns += _exchange(message, where)
        elif isinstance(message, dict):
            turns += _message(message, where)
        else:
            raise RowError(f"{where} is {described(message)}, not a message")
    return in_order(turns)


def in_order(turns: list[Turn]) -> tuple[Turn, ...]:
    """The turns, if they are system*, (user, assistant)+; raises RowError where they are not."""
    start = 0
    while start < len(turns) and turns[start].role == "system":
        start += 1
    rest = turns[start:]
    if not rest:
        raise RowError("holds no question and no answer")
    for place, turn in enumerate(rest):
        expected = "user" if place % 2 == 0 else "assistant"
        if turn.role == expected:
            continue
        number = start + place + 1
        if turn.role == "system":
            raise RowError(f"turn {number} is the system's, after the conversation began")
        if place == 0:
            raise RowError("begins with the assistant: there is no question before")
        raise RowError(f"turns {number - 1} and {number} are both the {turn.role}'s")
    if rest[-1].role != "assistant":
        raise RowError("ends with the user's turn: there is no answer" if len(rest) > 1 else "has a question and no answer")
    return tuple(turns)


def _message(message: dict[str, Any], where: str) -> list[Turn]:
    role_key = next(key for key in _ROLE_KEYS if key in message)
    role = message[role_key]
    if isinstance(role, dict):
        role = role.get("role")
    if not isinstance(role, str):
        raise RowError(f"{where}: {role_key} is {described(role)}, not a role")
    plain = plain_name(role)
    if plain in _TOOL:
        raise RowError(f"{where} is a tool's ({shown(role)}): calls of tools cannot be trained here")
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            raise RowError(f"{where} calls a tool ({key}): calls of tools cannot be trained here")
    if plain in _USER:
        known = "user"
    elif plain in _ASSISTANT:
        known = "assistant"
    elif plain in _SYSTEM:
        known = "system"
    else:
        raise RowError(f"{where} has the role {shown(role)}; known are system, user and assistant")
    text_key = next((key for key in _TEXT_KEYS if key in message), None)
    if text_key is None:
        raise RowError(f"{where} ({known}) has no content")
    content = message[text_key]
    if known == "system" and (content is None or (isinstance(content, str) and not content.strip())):
        return []
    if known == "assistant" and message.get("weight") == 0 and "weight" in message:
        raise RowError(f"{where} has weight 0: it is not to be learned")
    return [Turn(known, check_content(joined(content, where), f"{where} ({known})"))]


def joined(content: Any, where: str) -> Any:
    """A content of parts as one text; raises RowError for images and the like."""
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
            raise RowError(f"{where} holds {shown(kind) if isinstance(kind, str) else 'a part'} that is no text")
    return "".join(texts)


def _exchange(message: dict[str, Any], where: str) -> list[Turn]:
    parts = recognise([key for key in message if isinstance(key, str)])
    if "situation" not in parts or "action" not in parts:
        raise RowError(f"{where} has no role")
    return [
        Turn("user", check_content(message[parts["situation"]], f"{where} ({parts['situation'][:40]})")),
        Turn("assistant", check_content(message[parts["action"]], f"{where} ({parts['action'][:40]})")),
    ]
