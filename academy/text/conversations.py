"""Reads a dataset file: alpaca, sharegpt or messages, one conversation a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from academy.text.failures import Failure, bad_row

Message = dict[str, str]
"""`role` (system, user or assistant) and `content`."""

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}


def read_conversations(path: Path) -> list[tuple[int, list[Message]]]:
    """All conversations with their row numbers (from 1); raises Failure "bad_row" for the first row that is none."""
    found: list[tuple[int, list[Message]]] = []
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError as error:
        raise Failure(f"The dataset file {path.name} is gone.", "missing_dataset") from error
    with file:
        # Lines end at \n alone: other separators that Python knows may stand inside JSON strings.
        for number, line in enumerate(file, start=1):
            if line.strip():
                found.append((number, _conversation(number, line)))
    if not found:
        raise Failure(f"The dataset file {path.name} has no rows.", "empty_dataset")
    return found


def _conversation(number: int, line: bytes) -> list[Message]:
    try:
        row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        raise bad_row(number, f"it is not UTF-8 ({error.reason} at byte {error.start}).") from error
    except RecursionError as error:
        raise bad_row(number, "it is nested too deeply.") from error
    except ValueError as error:
        raise bad_row(number, f"it is not JSON ({error}).") from error
    if not isinstance(row, dict):
        raise bad_row(number, "it is not a JSON object.")
    if "messages" in row:
        messages = _listed(number, row["messages"], "messages", "role", "content")
    elif "conversations" in row:
        messages = _listed(number, row["conversations"], "conversations", "from", "value")
        if row.get("system") and not any(message["role"] == "system" for message in messages):
            messages.insert(0, {"role": "system", "content": _text(number, row["system"], "system")})
    elif "instruction" in row or "output" in row:
        messages = _alpaca(number, row)
    else:
        raise bad_row(number, "it has neither 'messages' nor 'conversations' nor 'instruction' and 'output'.")
    if not any(message["role"] == "assistant" for message in messages):
        raise bad_row(number, "the assistant says nothing in it, so there is nothing to learn.")
    for message in messages:
        if message["role"] == "assistant" and not message["content"].strip():
            raise bad_row(number, "an answer in it is empty.")
    return messages


def _listed(number: int, turns: Any, key: str, role_key: str, text_key: str) -> list[Message]:
    if not isinstance(turns, list) or not turns:
        raise bad_row(number, f"'{key}' is not a list of turns.")
    messages = []
    for turn in turns:
        if not isinstance(turn, dict):
            raise bad_row(number, f"a turn in '{key}' is not an object.")
        role = turn.get(role_key, turn.get("role" if role_key == "from" else "from"))
        text = turn.get(text_key, turn.get("content" if text_key == "value" else "value"))
        if not isinstance(role, str) or role.lower() not in _ROLES:
            raise bad_row(number, f"the role {str(role)[:40]!r} is not known; system, user and assistant are.")
        messages.append({"role": _ROLES[role.lower()], "content": _text(number, text, text_key)})
    return messages


def _alpaca(number: int, row: dict[str, Any]) -> list[Message]:
    messages: list[Message] = []
    if row.get("system"):
        messages.append({"role": "system", "content": _text(number, row["system"], "system")})
    history = row.get("history") or []
    if not isinstance(history, list):
        raise bad_row(number, "'history' is not a list of [question, answer] pairs.")
    for pair in history:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise bad_row(number, "'history' is not a list of [question, answer] pairs.")
        messages.append({"role": "user", "content": _text(number, pair[0], "history")})
        messages.append({"role": "assistant", "content": _text(number, pair[1], "history")})
    question = _text(number, row.get("instruction"), "instruction")
    extra = _text(number, row.get("input") or "", "input")
    messages.append({"role": "user", "content": f"{question}\n\n{extra}" if extra.strip() else question})
    messages.append({"role": "assistant", "content": _text(number, row.get("output"), "output")})
    return messages


def _text(number: int, value: Any, key: str) -> str:
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        value = "".join(part["text"] for part in value)
    if not isinstance(value, str):
        raise bad_row(number, f"'{key}' is missing or not a text.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise bad_row(number, f"'{key}' holds half a character (a lone surrogate).") from error
    return value
