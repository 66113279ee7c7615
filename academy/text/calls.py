"""Reads the calls of tools in a reply, in the forms of the usual families. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)  # Qwen, Hermes, SmolLM3, GLM
_FUNCTION = re.compile(r"<function=([^>\s]+)>(.*?)(?:</function>|\Z)", re.DOTALL)  # Qwen 3.5
_PARAMETER = re.compile(r"<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
_ARGUMENT = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)  # GLM
_CHANNEL = re.compile(r"to=functions\.([\w.-]+)(?:<\|channel\|>)?commentary[^{]*(\{.*\})", re.DOTALL)  # gpt-oss
_OPENERS = re.compile(r"^\s*(?:\[TOOL_CALLS\]|<\|python_tag\|>)?\s*(?=[\[{])")  # Mistral, Llama


def read_calls(text: str) -> tuple[str, list[dict[str, Any]]]:
    """What a reply says beside its calls, and the calls: `name` and `arguments`; none where the text holds no whole call."""
    if match := _CHANNEL.search(text):
        arguments = _json(match[2])
        return ("", [{"name": match[1], "arguments": arguments}]) if isinstance(arguments, dict) else (text, [])
    if tagged := _TAGGED.findall(text):
        found = [call for inside in tagged for call in _inside(inside)]
        return (_TAGGED.sub("", text).strip(), found) if found else (text, [])
    found = _inside(text) if _FUNCTION.search(text) or _OPENERS.match(text) else []
    return ("", found) if found else (text, [])


def _inside(text: str) -> list[dict[str, Any]]:
    if functions := _FUNCTION.findall(text):
        return [{"name": name, "arguments": dict(_PARAMETER.findall(body))} for name, body in functions]
    if pairs := _ARGUMENT.findall(text):
        return [{"name": text.strip().splitlines()[0].partition("<")[0].strip(), "arguments": dict(pairs)}]
    value = _json(_OPENERS.sub("", text))
    found = []
    for call in value if isinstance(value, list) else [value]:
        call = call.get("function", call) if isinstance(call, dict) else None
        arguments = call.get("arguments", call.get("parameters", {})) if isinstance(call, dict) else None
        arguments = _json(arguments) if isinstance(arguments, str) else arguments
        if not isinstance(call, dict) or not isinstance(call.get("name"), str) or not isinstance(arguments, dict):
            return []
        found.append({"name": call["name"], "arguments": arguments})
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
