"""Reads a dataset file as conversations: alpaca, sharegpt or messages, one a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from academy.messages import msg
from academy.rows import BadRow, Turn, read_rows
from academy.text.failures import Failure, bad_row

Message = dict[str, Any]
"""The fields of a `Turn` of `academy/rows.py`: `role`, `content`, and the others where they are not their defaults."""


def read_conversations(path: Path) -> list[tuple[int, list[Message]]]:
    """All conversations with their row numbers (from 1); raises Failure "bad_row" for the first row without one."""
    try:
        with open(path, "rb") as file:
            read = [(number, [as_message(turn) for turn in turns]) for number, turns in read_rows(file)]
    except FileNotFoundError as error:
        raise Failure(msg("The dataset file {name} is gone.", name=path.name), "missing_dataset") from error
    except BadRow as error:
        raise bad_row(error.number, error.reason) from error
    if not read:
        raise Failure(msg("The dataset file {name} has no rows.", name=path.name), "empty_dataset")
    return read


def as_message(turn: Turn) -> Message:
    """A turn as the templates take it."""
    return {name: value for name, value in turn._asdict().items() if name in ("role", "content") or value != Turn._field_defaults[name]}


def calls_of(message: Message) -> list[dict[str, Any]]:
    """The calls of tools in a turn: `name`, `arguments` (an object) and `id` where it has one."""
    return json.loads(message["calls"]) if message.get("calls") else []


def is_trained(message: Message) -> bool:
    """Whether the turn is one to learn."""
    return message["role"] == "assistant" and message.get("trained", True)
