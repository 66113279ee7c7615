"""Values as files hold them: strict JSON, texts that can be kept, and how a value is called in a message."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from academy.curation.lessons import MAX_TEXT, check_text

MAX_RECORD = 16 << 20
MAX_DEPTH = 100


class RowError(Exception):
    """This record cannot be used; the text says why."""


def parse(raw: bytes) -> Any:
    """The value of one JSON text; raises RowError for what is no sound JSON."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RowError(f"is not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start + 1}") from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and (depth := _depth(text)) > MAX_DEPTH:
        raise RowError(f"is nested {depth:,} deep; {MAX_DEPTH} is the limit")
    try:
        return _DECODER.decode(text.strip(" \t\r\n\ufeff"))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text[error.pos :].strip() == ",":
            raise RowError("ends in a comma: each line must be one JSON value and nothing else") from error
        raise RowError(f"is not valid JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}") from error
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
    raise RowError(f"holds {name}, which is no valid JSON")


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
                raise RowError(f"has the key {shown(key)} twice with different values")
            seen[key] = value
    return members


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_finite, object_pairs_hook=_members)


LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat", "contents")
WHOLE = (*LISTS, "chosen", "preferred_output", "text", "mapping", "chat_messages")


def list_of(value: Any) -> list[Any] | None:
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = parse(value.encode("utf-8", "surrogatepass"))
        except RowError:
            return None
    return value if isinstance(value, list) else None


def value_of(record: dict[str, Any], parts: dict[str, str], part: str) -> Any:
    return record.get(parts[part]) if part in parts else None


def check_content(content: Any, where: str) -> str:
    """The text of a turn, unchanged; raises RowError for what is no text, empty, too long or cannot be written."""
    if not isinstance(content, str):
        raise RowError(f"{where} is {described(content)}, not text")
    if not content.strip():
        raise RowError(f"{where} is empty")
    if len(content) > MAX_TEXT:
        raise RowError(f"{where} is {len(content):,} characters long; {MAX_TEXT:,} is the limit")
    if "\x00" in content:
        raise RowError(f"{where} holds a NUL character")
    try:
        return check_text(content)
    except ValueError as error:
        raise RowError(f"{where} {error}") from error


def shown(text: str) -> str:
    """A name from a file, short and in quotes, for a message."""
    plain = "".join(char if char.isprintable() else "?" for char in text[:40])
    return repr(plain + ("…" if len(text) > 40 else ""))


def described(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", str: "text", bytes: "bytes"}
    return names.get(type(value), f"a {type(value).__name__}")
