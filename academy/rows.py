"""The forms of a dataset row (alpaca, sharegpt, messages), read and written here for trainer, curation and page alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, NoReturn

from academy.messages import Text, msg, render

Role = Literal["system", "user", "assistant"]
Format = Literal["alpaca", "sharegpt", "messages"]


class Turn(NamedTuple):
    """The text of one side."""

    role: str
    content: str


class BadRow(ValueError):
    """A row without a conversation to learn from: `reason` says why, `number` is its line in the file, from 1 (0: not from a file)."""

    def __init__(self, reason: Text, number: int = 0) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.number = number


def read_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, list[Turn]]]:
    """The conversations of a file's lines with their line numbers (from 1); raises BadRow for the first line that has none."""
    # A line ends at \n alone: the other separators that Python splits at can stand inside JSON strings.
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, read_line(line, number)


def read_line(line: bytes, number: int = 0) -> list[Turn]:
    """The conversation in one line of a file; raises BadRow."""
    try:
        return turns_of(json.loads(line.decode("utf-8-sig" if number <= 1 else "utf-8"), parse_constant=_refuse_constant))
    except BadRow as error:
        error.number = number
        raise
    except UnicodeDecodeError as error:
        raise BadRow(msg("it is not UTF-8 ({reason} at byte {at})", reason=error.reason, at=error.start), number) from error
    except json.JSONDecodeError as error:
        raise BadRow(msg("it is not JSON ({reason} at character {at})", reason=error.msg, at=error.pos + 1), number) from error
    except RecursionError as error:
        raise BadRow("it is nested too deeply", number) from error
    except ValueError as error:
        raise BadRow(msg("it is not JSON ({reason})", reason=error), number) from error


def turns_of(row: Any) -> list[Turn]:
    """The conversation of a row in any form, system texts first as they stand, blank ones left out; raises BadRow."""
    if not isinstance(row, dict):
        raise BadRow("it is not a JSON object")
    if "messages" in row:
        turns = _listed(row["messages"], "messages", ("role", "from"), ("content", "value"))
    elif "conversations" in row:
        turns = _listed(row["conversations"], "conversations", ("from", "role"), ("value", "content"))
        if not any(turn.role == "system" for turn in turns):
            turns = [*_system(row), *turns]
    elif "instruction" in row and "output" in row:
        turns = _alpaca(row)
    else:
        missing = [name for name in ("instruction", "output") if name not in row]
        if len(missing) == 1:
            raise BadRow(msg("{name!r} is missing; a row with neither 'messages' nor 'conversations' needs it", name=missing[0]))
        raise BadRow("it has neither 'messages' nor 'conversations' nor 'instruction' and 'output'")
    spoken = [turn.role for turn in turns if turn.role != "system"]
    if not spoken or spoken[-1] != "assistant":
        raise BadRow("it does not end with the assistant's turn, so there is nothing to learn")
    if "user" not in spoken:
        raise BadRow("it has no turn of the user")
    return turns


def conversation(row: Any) -> list[Turn]:
    """The conversation of a row for the eye: instead of a row that cannot be read, one turn without a role that says why."""
    try:
        return turns_of(row)
    except BadRow as error:
        return [Turn("", render(msg("This row cannot be used: {reason}.", reason=error.reason)))]


def row_of(turns: Sequence[tuple[str, str]], form: Format) -> dict[str, Any]:
    """The row of a dataset file for a conversation (contract, section 3); alpaca puts all system texts into one."""
    if form == "messages":
        return {"messages": [{"role": role, "content": content} for role, content in turns]}
    if form == "sharegpt":
        names = {"system": "system", "user": "human", "assistant": "gpt"}
        return {"conversations": [{"from": names[role], "value": content} for role, content in turns]}
    spoken = [content for role, content in turns if role != "system"]
    system = "\n\n".join(content for role, content in turns if role == "system")
    row: dict[str, Any] = {"instruction": spoken[-2], "input": "", "output": spoken[-1]}
    if len(spoken) > 2:
        row["history"] = [[spoken[at], spoken[at + 1]] for at in range(0, len(spoken) - 2, 2)]
    if system:
        row["system"] = system
    return row


_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}


def _listed(turns: Any, key: str, role_keys: tuple[str, str], text_keys: tuple[str, str]) -> list[Turn]:
    if not isinstance(turns, list) or not turns:
        raise BadRow(msg("{key!r} is not a list of turns", key=key))
    read = []
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, dict):
            raise BadRow(msg("turn {n} is not an object", n=number))
        name = next((turn[key] for key in role_keys if key in turn), None)
        role = _ROLES.get(name.lower()) if isinstance(name, str) else None
        if role is None:
            raise BadRow(msg("the role {name!r} is not known (turn {n}): use system, user and assistant", name=str(name)[:40], n=number))
        value = next((turn[key] for key in text_keys if key in turn), None)
        if role != "system" or not _is_blank(value):
            read.append(Turn(role, _text(value, msg("turn {n}", n=number))))
    return read


def _system(row: dict[str, Any]) -> list[Turn]:
    text = row.get("system") or ""
    return [] if _is_blank(text) else [Turn("system", _text(text, "system"))]


def _alpaca(row: dict[str, Any]) -> list[Turn]:
    turns = _system(row)
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in history):
        raise BadRow("'history' is not a list of [question, answer] pairs")
    for question, answer in history:
        turns += [Turn("user", _text(question, "history")), Turn("assistant", _text(answer, "history"))]
    question = _text(row["instruction"], "instruction")
    context = row.get("input") or ""
    if not _is_blank(context):
        question = f"{question}\n\n{_text(context, 'input')}"
    return [*turns, Turn("user", question), Turn("assistant", _text(row["output"], "output"))]


def _text(value: Any, what: Text) -> str:
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        value = "".join(part["text"] for part in value)
    if not isinstance(value, str):
        raise BadRow(msg("there is no text in {what} (it is missing or not a text)", what=what))
    if not value.strip():
        raise BadRow(msg("there is no text in {what} (it is empty)", what=what))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRow(msg("the text in {what} holds half a character (a lone surrogate)", what=what)) from error
    return value


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _refuse_constant(name: str) -> NoReturn:
    raise BadRow(msg("it holds {name}, which JSON does not have", name=name))
