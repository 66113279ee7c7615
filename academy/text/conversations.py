"""Reads a dataset file as conversations: alpaca, sharegpt or messages, one a line."""

from __future__ import annotations

from pathlib import Path

from academy.messages import msg
from academy.rows import BadRow, read_rows
from academy.text.failures import Failure, bad_row

Message = dict[str, str]
"""`role` (system, user or assistant) and `content`."""


def read_conversations(path: Path) -> list[tuple[int, list[Message]]]:
    """All conversations with their row numbers (from 1); raises Failure "bad_row" for the first row without one."""
    try:
        with open(path, "rb") as file:
            read = [(number, [turn._asdict() for turn in turns]) for number, turns in read_rows(file)]
    except FileNotFoundError as error:
        raise Failure(msg("The dataset file {name} is gone.", name=path.name), "missing_dataset") from error
    except BadRow as error:
        raise bad_row(error.number, error.reason) from error
    if not read:
        raise Failure(msg("The dataset file {name} has no rows.", name=path.name), "empty_dataset")
    return read
