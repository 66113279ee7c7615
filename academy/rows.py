"""TODO: academy/rows.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def conversation(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The turns of a dataset's row, whatever its format."""
    if isinstance(row.get("messages"), list):
        return [(str(turn.get("role")), str(turn.get("content"))) for turn in row["messages"]]
    if isinstance(row.get("conversations"), list):
        names = {"human": "user", "gpt": "assistant", "system": "system"}
        return [(names.get(str(turn.get("from")), "user"), str(turn.get("value"))) for turn in row["conversations"]]
    turns = [("system", row["system"])] if row.get("system") else []
    for asked, answered in row.get("history") or []:
        turns += [("user", asked), ("assistant", answered)]
    question = "\n".join(part for part in (row.get("instruction"), row.get("input")) if part)
    return [*turns, ("user", question), ("assistant", str(row.get("output", "")))]


def turns_of(row: Any) -> list[tuple[str, str]]:
    """The turns of a row in any of the three forms, as (role, text); raises ValueError with what is wrong."""
    if not isinstance(row, dict):
        raise ValueError("is not an object")
    if "messages" in row:
        turns = _listed(row["messages"], "messages", "role", "content", _SAME)
    elif "conversations" in row:
        turns = _listed(row["conversations"], "conversations", "from", "value", _SHAREGPT)
    elif "instruction" in row and "output" in row:
        turns = []
        if row.get("system"):
            turns.append(("system", _text(row["system"], "system")))
        history = row.get("history") or []
        if not isinstance(history, list):
            raise ValueError("has a history that is not a list")
        for pair in history:
            if not isinstance(pair, list) or len(pair) != 2:
                raise ValueError("has a history whose entries are not [question, answer]")
            turns += [("user", _text(pair[0], "history")), ("assistant", _text(pair[1], "history"))]
        question = _text(row["instruction"], "instruction")
        context = row.get("input") or ""
        if not isinstance(context, str):
            raise ValueError("has an input that is not text")
        turns += [("user", f"{question}\n\n{context}" if context.strip() else question), ("assistant", _text(row["output"], "output"))]
    else:
        raise ValueError("has neither messages, nor conversations, nor instruction and output")
    spoken = [role for role, _ in turns if role != "system"]
    if not spoken or spoken[-1] != "assistant":
        raise ValueError("does not end with the assistant's turn")
    if "user" not in spoken:
        raise ValueError("has no user's turn")
    return turns


_SAME = {"system": "system", "user": "user", "assistant": "assistant"}


_SHAREGPT = {"system": "system", "human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant"}


def _listed(messages: Any, key: str, role_key: str, text_key: str, roles: dict[str, str]) -> list[tuple[str, str]]:
    if not isinstance(messages, list) or not messages:
        raise ValueError(f"has {key} that are no list, or an empty one")
    turns = []
    for number, message in enumerate(messages, 1):
        role = message.get(role_key) if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in roles:
            raise ValueError(f"has no known role in turn {number}")
        turns.append((roles[role], _text(message.get(text_key), f"turn {number}")))
    return turns


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"has no text in {what}")
    return value
