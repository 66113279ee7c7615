"""Files in which each record is one message: the records of a conversation are gathered before it is read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from academy.curation.files import records
from academy.curation.files.chat_programs import Gathered
from academy.curation.files.columns import THINKING, plain_name, recognise
from academy.curation.files.records import Refused
from academy.curation.files.turns import role_of, thoughts_in

_LOOKED_AT = 50
_ROLES = "role messagerole authorrole sender from author speaker actor participant who rolle rola autor sprecher".split()  # noqa: SIM905
_TEXTS = "content message text utterance value body msg messagetext messagecontent nachricht tresc wiadomosc".split()  # noqa: SIM905
_CONVERSATIONS = set(
    """
    conversationid conversation conversationtitle convid convoid dialogid dialogueid dialog dialogue threadid thread chatid chat chattitle
    sessionid session ticketid ticket caseid callid gesprach gesprachid rozmowa
    """.split()  # noqa: SIM905
)
_TIMES = "time timestamp date datetime createdat created sentat createtime zeit czas".split()  # noqa: SIM905
_ORDERS = "turn turnid turnindex turnnumber turnno index messageindex messagenumber position order seq sequence step nr no number".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a row that is one message holds what; empty where there is none."""

    role: str
    text: str
    conversation: str = ""
    order: str = ""


def columns_of(columns: Sequence[str]) -> Columns | None:
    """The columns of a table whose rows are messages; None for any other table."""
    by_name = {plain_name(column): column for column in reversed(columns)}
    parts = recognise(columns)
    role = next((by_name[name] for name in _ROLES if name in by_name), "")
    text = next((by_name[name] for name in _TEXTS if name in by_name and by_name[name] != role), "")
    if not role or not text or ("situation" in parts and "action" in parts and {parts["situation"], parts["action"]} != {role, text}):
        return None
    conversation = next((by_name[name] for name in by_name if name in _CONVERSATIONS and by_name[name] not in (role, text)), "")
    order = next((by_name[name] for name in (*_ORDERS, *_TIMES) if name in by_name), "")
    return Columns(role, text, conversation, order)


def used_columns(columns: Sequence[str]) -> set[str]:
    """The columns of such a table that are read."""
    found, parts = columns_of(columns), recognise(columns)
    read = {parts.get("rating", ""), parts.get("timestamp", "")}
    return read | ({found.role, found.text, found.conversation, found.order} if found else set())


def gather(rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The records as they are or, where each is one message, the conversations that they form, in order of their first message."""
    rows = iter(rows)
    first = list(itertools.islice(rows, _LOOKED_AT))
    values = [value for _, value in first if isinstance(value, dict)]
    kind = next((kind for kind, has in _PROGRAMS.items() if any(has(value) for value in values)), "")
    columns = None if kind or not values else _columns_of_rows(values)
    everything = itertools.chain(first, rows)
    if kind:
        yield from _whole(kind, everything)
    elif columns:
        yield from _conversations(columns, everything)
    else:
        yield from everything


def is_message_of_many(value: Any) -> bool:
    """Whether a message says to which conversation it belongs, so that a list of such is no single conversation."""
    return isinstance(value, dict) and "contentChunks" not in value and any(plain_name(key) in _CONVERSATIONS for key in value)


_PROGRAMS = {
    "claude-code": lambda value: (
        "sessionId" in value and isinstance(value.get("message"), dict) and value.get("type") in ("user", "assistant")
    ),
    "codex": lambda value: (
        (value.get("type") in ("session_meta", "response_item") and isinstance(value.get("payload"), dict))
        or (value.get("type") == "message" and isinstance(value.get("content"), list) and "role" in value)
    ),
    "silly-tavern": lambda value: "mes" in value and "is_user" in value,
}


def _columns_of_rows(values: list[dict[str, Any]]) -> Columns | None:
    columns = columns_of(list(dict.fromkeys(key for value in values for key in value)))
    if columns is None or any(records.kind_of(value) not in ("", "pairs") for value in values):
        return None
    # A column that is called `author` can hold anything; only roles make its rows messages.
    said = [value for value in values if columns.role in value and columns.text in value]
    known = sum(role_of(_role(value.get(columns.role))) is not None for value in said)
    return columns if said and 2 * known > len(values) else None


def _role(value: Any) -> Any:
    return value.get("role") if isinstance(value, dict) else value


def _whole(kind: str, rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """All records of the file as one conversation."""
    number, lines = 0, []
    for row, value in rows:
        if isinstance(value, Refused):
            yield row, value
        elif isinstance(value, dict):
            number = number or row
            lines.append(value)
    yield number, Gathered(kind, lines)


def _conversations(columns: Columns, rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    begins: dict[Any, int] = {}
    for row, value in rows:
        if not isinstance(value, dict):
            yield row, value
            continue
        key = str(value.get(columns.conversation, ""))
        begins.setdefault(key, row)
        found.setdefault(key, []).append(value)
    for key, messages in found.items():
        yield begins[key], Gathered("messages", [_message(columns, message, key) for message in _in_order(columns, messages)])


def _message(columns: Columns, row: dict[str, Any], key: str) -> dict[str, Any]:
    parts = recognise([name for name in row if name not in (columns.role, columns.text)])
    is_time = plain_name(columns.order) in _TIMES
    return {
        "role": _role(row.get(columns.role)),
        "text": row.get(columns.text),
        "conversation": key,
        "time": row.get(columns.order) if is_time else row.get(parts.get("timestamp", "")),
        "rating": row.get(parts.get("rating", "")),
        "thinking": next((thoughts_in(row[name]) for name in row if plain_name(name) in THINKING), ""),
    }


def _in_order(columns: Columns, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By their number or time where each has one; else as they stand."""
    places = [message.get(columns.order) for message in messages] if columns.order else []
    numbers = [_number(place) for place in places]
    if numbers and None not in numbers:
        return [message for _, message in sorted(zip(numbers, messages, strict=True), key=lambda pair: pair[0] or 0)]
    if places and all(isinstance(place, str) and place[:4].isdigit() for place in places):
        return [message for _, message in sorted(zip(places, messages, strict=True), key=lambda pair: str(pair[0]))]
    return messages


def _number(place: Any) -> float | None:
    try:
        return float(place)
    except (TypeError, ValueError):
        return None
