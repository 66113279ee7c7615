"""Values as files hold them: strict JSON, texts that can be kept, and how a value is called in a message."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from academy.curation.lessons import MAX_TEXT, check_text
from academy.messages import Message, msg

MAX_RECORD = 16 << 20
MAX_DEPTH = 100


class RowError(Exception):
    """This record cannot be used; `reason` says why."""

    def __init__(self, reason: str | Message, /, **values: Any) -> None:
        self.reason = reason if isinstance(reason, Message) else msg(reason, **values)
        super().__init__(self.reason)


def parse(raw: bytes) -> Any:
    """The value of one JSON text; raises RowError for invalid JSON."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RowError("is not UTF-8: byte 0x{byte:02x} at position {position}", byte=raw[error.start], position=error.start + 1) from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and (depth := _depth(text)) > MAX_DEPTH:
        raise RowError("is nested {depth:number} deep; {limit} is the limit", depth=depth, limit=MAX_DEPTH)
    try:
        return _DECODER.decode(text.strip(" \t\r\n\ufeff"))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text[error.pos :].strip() == ",":
            raise RowError("ends in a comma: each line must be one JSON value and nothing else") from error
        raise RowError(
            "is not valid JSON: {problem} at character {position}", problem=error.msg.removesuffix(" at"), position=error.pos + 1
        ) from error
    except RecursionError as error:
        raise RowError("is nested too deep") from error
    except ValueError as error:
        raise RowError("holds a number with more than 4,300 digits") from error


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in re.finditer(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', text, re.DOTALL):
        sign = match[0]
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _constant(name: str) -> Any:
    raise RowError("holds {name}, which is no valid JSON", name=name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise RowError("holds a number that is too large")
    return number


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen and seen[key] != value:
                raise RowError("has the key {key} twice with different values", key=shown(key))
            seen[key] = value
    return members


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_finite, object_pairs_hook=_members)


LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat", "contents")
WHOLE = (*LISTS, "chosen", "preferred_output", "text", "mapping", "chat_messages")


def list_of(value: Any) -> list[Any] | None:
    """The list, also where it is written as JSON in a text; None for anything else."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = parse(value.encode("utf-8", "surrogatepass"))
        except RowError:
            return None
    lists = [items for items in value.values() if isinstance(items, list)] if isinstance(value, dict) else []
    if lists and len(lists) == len(value) and len({len(items) for items in lists}) == 1:
        # A struct of lists, as datasets write a list of structs.
        return [dict(zip(value, items, strict=True)) for items in zip(*lists, strict=True)]
    return value if isinstance(value, list) else None


_MISSING = {
    *(
        "nan",
        "n/a",
        "#n/a",
        "#na",
        "<na>",
        "na",
        "none",
        "<none>",
        "null",
        "<null>",
        "(null)",
        "nil",
        "nat",
        "\\n",
        "undefined",
        "[]",
        "{}",
    ),
    *("#value!", "#ref!", "#name?", "#null!", "#num!", "#div/0!", "[object object]"),
    *("<noinput>", "noinput", "no input", "<no input>", "<nooutput>", "nooutput", "no output", "<no output>"),
}


def is_missing(value: Any, *, answer: bool = False) -> bool:
    """Whether a value only says that there is none, in the words of pandas, SQL, Alpaca or a spreadsheet; "none" can be an answer."""
    if not isinstance(value, str) or len(value) > 20:
        return isinstance(value, float) and math.isnan(value)
    text = value.strip()
    return text.lower() in _MISSING and not (answer and text in ("none", "na", "Na", "NA", "nil", "Nil"))


def value_of(record: dict[str, Any], parts: dict[str, str], part: str) -> Any:
    """The value of the column that has this meaning; None where there is none."""
    value = record.get(parts[part]) if part in parts else None
    return None if is_missing(value) else value


def check_content(content: Any, where: str, /, **values: Any) -> str:
    """The text of a turn, unchanged; raises RowError where it is no text, empty, too long or cannot be written.

    `where` names the turn: a template over the values, filled in only for an error, because this runs for every turn of every file.
    """
    if not isinstance(content, str):
        raise RowError("{where} is {what}, not text", where=msg(where, **values), what=described(content))
    if not content.strip():
        raise RowError("{where} is empty", where=msg(where, **values))
    if len(content) > MAX_TEXT:
        raise RowError(
            "{where} is {size:number} characters long; {limit:number} is the limit",
            where=msg(where, **values),
            size=len(content),
            limit=MAX_TEXT,
        )
    if "\x00" in content:
        raise RowError("{where} holds a NUL character", where=msg(where, **values))
    try:
        return check_text(content)
    except ValueError as error:
        raise RowError("{where} {problem}", where=msg(where, **values), problem=msg(str(error))) from error


def shown(text: str) -> str:
    """A name from a file, short and in quotes, for a message."""
    plain = "".join(char if char.isprintable() else "?" for char in text[:40])
    return repr(plain + ("…" if len(text) > 40 else ""))


def described(value: Any) -> Message:
    """The kind of a value, for a message."""
    return _KINDS.get(type(value)) or msg("a {type}", type=type(value).__name__)


_KINDS = {
    type(None): msg("null"),
    bool: msg("true or false"),
    int: msg("a number"),
    float: msg("a number"),
    list: msg("a list"),
    dict: msg("an object"),
    str: msg("text"),
    bytes: msg("bytes"),
}
