"""The tools of a session as an API defines them: their names and arguments, as the calls show them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from academy.curation.examples import Turn

_PART = 4  # all tools of a session stand in each row where they take at most this part of it
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def definitions_of(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Each tool that is called, by name: its arguments with their types, those required that no call lacks.

    An agent offers its tools with every request, and its sessions do not repeat them; without them a template writes
    another text before the first question than the one that the agent sends.
    """
    called: dict[str, list[dict[str, Any]]] = {}
    for turn in turns:
        for call in json.loads(turn.calls) if turn.calls else ():
            called.setdefault(call["name"], []).append(call["arguments"])
    return [_definition(name, called[name]) for name in sorted(called)]


def offered(everything: str, row: Sequence[Turn], room: int) -> tuple[Turn, ...]:
    """The turn with the tools of a row: those of the session where they leave room, else those that it calls; none where it calls none."""
    own = definitions_of(row)
    if not own:
        return ()
    return (Turn("tools", everything if is_short(everything, room) else json.dumps(own, ensure_ascii=False)),)


def is_short(everything: str, room: int) -> bool:
    """Whether the definitions can stand in each row of so many characters."""
    return len(everything) * _PART <= room


def _definition(name: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for arguments in calls:
        for key, value in arguments.items():
            properties.setdefault(key, set()).add(_TYPES.get(type(value), ""))
    typed = {key: {"type": next(iter(types))} if len(types) == 1 and "" not in types else {} for key, types in properties.items()}
    required = [key for key in properties if all(key in arguments for arguments in calls)]
    parameters = {"type": "object", "properties": typed, "required": required}
    # Some templates do not take a tool without a description.
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}
