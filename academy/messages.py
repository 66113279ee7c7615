"""Sentences with values, kept unrendered and rendered in the reader's language; the English sentence is the key, as in gettext.

Placeholders of a template: `{name}`, `{name!r}` (quoted), every Python format spec (`{loss:.3f}`, `{n:,}`), and in the reader's language
`{n:number}`, `{x:decimal2}`, `{part:percent}` (a fraction of one), `{bytes:size}`, `{seconds:duration}`, `{time:ago}`, `{names:list}`
(a, b, and c), `{names:or}`, `{names:commas}`; `{names!r:list}` quotes each item. Imports the standard library only.
"""

from __future__ import annotations

import math
import numbers
import re
import string
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any

from academy import formats

language: ContextVar[str] = ContextVar("language", default="en")
_current = language  # `render` has an argument of that name
CATALOGUES: dict[str, dict[str, str | Mapping[str, str]]] = {}
MAX_DEPTH = 20  # of stored messages in each other


@dataclass(frozen=True)
class Message:
    """A template with its values; without values the key is plain text. `one` is the singular of a counted message, `n` its number."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    one: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {str(name): _plain(value) for name, value in self.values.items()})

    def __str__(self) -> str:
        return render(self, "en")

    def __bool__(self) -> bool:
        return bool(self.key)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return _core_schema(Message)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string"}


class _TextSchema:
    """Makes pydantic translate the plain strings of a `Text` field too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return _core_schema(str)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string"}


Text = Annotated[str | Message, _TextSchema()]  # a str is a constant sentence, or text by others that is shown verbatim


def msg(key: str, /, **values: Any) -> Message:
    """A sentence with its values: `msg("There is no dataset {name!r}.", name=name)`."""
    return Message(key, values)


def count(n: float, /, *, one: str, other: str, **values: Any) -> Message:
    """A counted message: `count(3, one="{n} lesson", other="{n} lessons")`; `{n}` is written as a number, `other` is the key."""
    return Message(other, {"n": n, **values}, one)


def join(*texts: Text | None) -> Message:
    """Several sentences as one, with spaces between; empty ones are left out."""
    # Each becomes a message: a str among values is a name, which is never translated.
    given = [text if isinstance(text, Message) else Message(text) for text in texts if text]
    if len(given) < 2:
        return given[0] if given else Message("")
    parts = {str(place): message for place, message in enumerate(given)}
    return Message(" ".join(f"{{{place}}}" for place in parts), parts)


def render(text: Text | None, language: str | None = None) -> str:
    """The text in a language, else in the current one; what a language lacks is shown in English. Never raises for its values."""
    to = language or _current.get()
    message = text if isinstance(text, Message) else Message(text or "")
    template = _template(message, to)
    return _fill(template, message, to) if message.values else template


def add_catalogue(language: str, entries: Mapping[str, str | Mapping[str, str]]) -> None:
    """Adds translations by English sentence; those of a counted message by plural category (`one`, `few`, `many`, `other`)."""
    CATALOGUES.setdefault(language, {}).update(entries)


def to_json(text: Text | None) -> str | dict[str, Any] | None:
    """The form for files: text without values is a str, a message with values is `{"key", "values"}`, a counted one has `one` too."""
    if not isinstance(text, Message):
        return text
    return _stored(text) if text.values else text.key


def from_json(value: Any) -> Text | None:
    """The text of a stored form; a damaged one becomes its text."""
    if value is None or isinstance(value, str):
        return value
    return _read(value) if _is_stored(value) else _shown(value)


def _template(message: Message, to: str) -> str:
    for name in dict.fromkeys((to, re.split("[-_]", to)[0], "en")):
        entry = CATALOGUES.get(name, {}).get(message.key)
        if isinstance(entry, Mapping):
            return entry.get(formats.plural_form(message.values.get("n"), name)) or entry.get("other") or message.key
        if entry:
            return entry
    return message.one if message.one is not None and formats.plural_form(message.values.get("n")) == "one" else message.key


def _fill(template: str, message: Message, to: str) -> str:
    """Puts the values in; a placeholder that cannot be filled stays visible. Names are looked up whole, so `{x.y}` reaches no attribute."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return template
    done = []
    for literal, name, spec, conversion in parts:
        done.append(literal)
        if name is None:
            continue
        try:
            counted = name == "n" and message.one is not None and not spec and not conversion
            done.append(_format(message.values[name], "number" if counted else spec or "", conversion, to))
        except (KeyError, TypeError, ValueError, OverflowError):
            done.append(f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}")
    return "".join(done)


def _format(value: Any, spec: str, conversion: str | None, to: str) -> str:
    convert = {None: lambda item: item, "r": repr, "s": str, "a": ascii}[conversion]
    if isinstance(value, list):
        value = [render(item, to) if isinstance(item, Message) else item for item in value]
    if spec in formats.LISTS:
        return formats.listed([convert(item) for item in (value if isinstance(value, list) else [value])], to, spec)
    value = convert(render(value, to) if isinstance(value, Message) else value)
    if spec in formats.SPECS:
        return formats.SPECS[spec](value, to)
    if re.fullmatch(r"decimal\d", spec):
        return formats.number(value, to, int(spec[-1]))
    if re.search(r"\d{3}|\{", spec):
        raise ValueError("a stored template must not ask for a text of any width")
    try:
        text = format(value, spec)
    except ValueError:
        text = format(formats.real(value), spec)
    return formats.signs(text, to) if spec and isinstance(value, int | float) else text


def _plain(value: Any) -> Any:
    """A value as JSON knows it: numbers, texts, lists and messages stay, everything else becomes its text."""
    if value is None or isinstance(value, bool | Message):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _stored(value: Any) -> Any:
    if isinstance(value, Message):
        values = {name: _stored(item) for name, item in value.values.items()}
        return {"key": value.key, "values": values} | ({} if value.one is None else {"one": value.one})
    if isinstance(value, list):
        return [_stored(item) for item in value]
    # JSON has no NaN, and readers of it have 64 bits for an integer.
    odd = (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= 1 << 63)
    return str(value) if odd else value


def _is_stored(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("key"), str)


def _read(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, list):
        return [_read(item, depth + 1) for item in value]
    if not _is_stored(value):
        return _shown(value) if isinstance(value, Mapping) else value
    values, one = value.get("values"), value.get("one")
    read = {name: _read(item, depth + 1) for name, item in values.items()} if isinstance(values, Mapping) else {}
    return Message(value["key"], read, one if isinstance(one, str) else None)


def _shown(value: Any) -> str:
    try:
        return str(value)
    except RecursionError:
        return "…"


def _core_schema(plain: type) -> Any:
    """How pydantic reads a str, a stored form or a message, and writes it in the current language, or as the context says."""
    from pydantic_core import core_schema

    def read(value: Any) -> Text:
        if isinstance(value, str):
            return plain(value)
        if isinstance(value, Message):
            return value
        if _is_stored(value):
            return _read(value)
        raise ValueError("Give a text, or an object with a key and values.")

    def write(value: Any, info: Any) -> Any:
        context = info.context or {}
        return to_json(value) if context.get("stored") else render(value, context.get("language"))

    serialization = core_schema.plain_serializer_function_ser_schema(write, info_arg=True)
    return core_schema.no_info_plain_validator_function(read, serialization=serialization)
