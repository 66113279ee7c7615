"""The sessions that coding agents and local chat programs keep, read into exchanges: one reader a program, in one table.

The formats are the programs' own and change without notice: what is unknown is passed over and counted, never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from academy.curation.files import chats
from academy.curation.files.agent_files import chat_of, json_of, lines_of, records_of
from academy.curation.files.exchanges import Exchanges
from academy.curation.files.said import Chat
from academy.curation.files.sessions import AIDER, NOT_SAID
from academy.curation.files.turns import content_of
from academy.curation.files.values import RowError
from academy.messages import Message, msg

AgentName = Literal["claude-code", "codex", "aider", "open-webui", "lm-studio"]

TITLES: dict[AgentName, str] = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "aider": "aider",
    "open-webui": "Open WebUI",
    "lm-studio": "LM Studio",
}

SKIPPED: dict[str, Message] = {
    "program": msg("messages of the program: commands, reminders, summaries, notices"),
    "agents": msg("messages of agents that the agent called"),
    "versions": msg("messages of other versions of the conversation"),
    "broken": msg("lines that cannot be read"),
    "tools": msg("calls of tools without a record of what they gave"),
    "printed": msg("lines that the program printed"),
}
"""What is passed over in a session, by its kind."""


def read(agent: AgentName, path: Path, key: str = "") -> Exchanges:
    """The exchanges of a session, complete or as far as it is written; `key` names a chat in a database. Raises AcademyError, OSError."""
    exchanges = Exchanges()
    _READERS[agent](path, key, exchanges)
    exchanges.away()
    return exchanges


# ------------------------------------------------------------------ Claude Code

REMINDER = re.compile(r"<system-reminder>.*?(?:</system-reminder>|\Z)\s*", re.DOTALL)
_INTERRUPTED = "[Request interrupted by user"
_REJECTED = ("The user doesn't want to proceed with this tool use", "The user doesn't want to take this action", _INTERRUPTED)
# What the agent does next answers the program, or a command whose text is not in the session.
_AWAY = re.compile(r"\s*<(?:command-name|command-message|bash-input|task-notification)\b")


@dataclass(slots=True)
class _Tree:
    """Which line follows which; the texts are read in a second pass, so that a session of any length fits into memory."""

    parents: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)  # by the uuid of a line, the message that it is a part of
    last: str = ""

    def chosen(self) -> set[str]:
        """The lines of the version that was last seen, and the other parts of its messages."""
        seen: set[str] = set()
        name = self.last
        while name and name not in seen:
            seen.add(name)
            name = self.parents.get(name, "")
        whole = {self.messages[name] for name in seen if name in self.messages}
        return seen | {name for name, message in self.messages.items() if message in whole}


def _claude_code(path: Path, key: str, exchanges: Exchanges) -> None:
    tree, before = _Tree(), ""
    for line in records_of(path, exchanges.skipped):
        name = line.get("uuid")
        if not isinstance(name, str) or line.get("isSidechain"):
            continue
        # A compaction cuts the chain, and names what stood before.
        parent = line.get("parentUuid") or line.get("logicalParentUuid")
        # One that is not in the file is a fault of the program, or in the file that this one goes on from.
        tree.parents[name] = "" if not isinstance(parent, str) else parent if parent in tree.parents else before
        before = name
        if line.get("type") in ("user", "assistant"):
            tree.last = name
            if line["type"] == "assistant" and isinstance(said := line.get("message"), dict) and isinstance(said.get("id"), str):
                tree.messages[name] = said["id"]
    chosen, seen = tree.chosen(), set[str]()
    broken = exchanges.skipped["broken"]
    for line in records_of(path, exchanges.skipped):
        message, name = line.get("message"), line.get("uuid")
        if (text := _queued(line)) and name in chosen:
            # Typed while the agent worked: what it does from here on is for this.
            exchanges.ask(text, str(line.get("timestamp") or ""))
        if line.get("type") not in ("user", "assistant") or not isinstance(message, dict):
            continue
        if line.get("isSidechain"):
            exchanges.skipped["agents"] += 1
        elif isinstance(name, str) and name in seen:
            continue  # a resumed session repeats lines
        elif line["type"] == "assistant":
            seen |= {name} if isinstance(name, str) else set()
            if isinstance(name, str) and name not in chosen:
                exchanges.skipped["versions"] += 1
            elif line.get("isApiErrorMessage") or message.get("model") == "<synthetic>":
                exchanges.skipped["program"] += 1
            else:
                _claude_answer(message, exchanges)
        else:
            seen |= {name} if isinstance(name, str) else set()
            _claude_person(line, message, exchanges, is_chosen=not isinstance(name, str) or name in chosen)
    exchanges.skipped["broken"] = broken


def _queued(line: dict[str, Any]) -> str:
    """A message of the person that waited until the agent took it."""
    given = line.get("attachment") if line.get("type") == "attachment" and not line.get("isSidechain") else None
    if not isinstance(given, dict) or given.get("type") != "queued_command" or given.get("commandMode", "prompt") != "prompt":
        return ""
    text = REMINDER.sub("", content_of(given.get("prompt"), "\n\n")[0]).strip()
    return "" if NOT_SAID.match(text) else text


def _claude_answer(message: dict[str, Any], exchanges: Exchanges) -> None:
    text, thinking, _ = content_of(message.get("content"), "\n\n")
    key = message.get("id")
    exchanges.answer(text, thinking, [*_claude_calls(message.get("content"))], key=key if isinstance(key, str) else "")


def _claude_calls(content: Any) -> Iterator[tuple[str, str, Any]]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "tool_use":
            yield str(part.get("id")), str(part.get("name") or "tool"), part.get("input")


def _claude_person(line: dict[str, Any], message: dict[str, Any], exchanges: Exchanges, *, is_chosen: bool) -> None:
    """The results of tools wherever they hang in the tree; what the person wrote, if it is of the version last seen."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts: list[str] = []
    picture = False
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "tool_result":
            text = REMINDER.sub("", content_of(part.get("content"), "\n")[0])
            is_rejected = text.lstrip().startswith(_REJECTED) or line.get("toolUseResult") == "User rejected tool use"
            exchanges.result(str(part.get("tool_use_id")), text, rejected=is_rejected)
        elif isinstance(part, dict) and part.get("type") in ("image", "document"):
            picture = True
        else:
            texts.append(content_of([part])[0])
    written = [text for text in texts if text.strip()]
    if not written and not picture:
        return
    origin = line.get("origin")
    if not is_chosen:
        exchanges.skipped["versions"] += 1
    elif line.get("isMeta") or line.get("isCompactSummary") or line.get("isVisibleInTranscriptOnly"):
        exchanges.skipped["program"] += 1
    elif isinstance(origin, dict) and origin.get("kind") not in ("human", None):
        exchanges.skipped["program"] += 1
        exchanges.away()
    else:
        _claude_words(written, exchanges, str(line.get("timestamp") or ""), picture=picture)


def _claude_words(texts: Iterable[str], exchanges: Exchanges, time: str, *, picture: bool) -> None:
    said = []
    for text in texts:
        if text.lstrip().startswith(_INTERRUPTED):
            exchanges.interrupt()
            continue
        if _AWAY.match(text):
            exchanges.away()
        text = REMINDER.sub("", text).strip()
        if not text or NOT_SAID.match(text):
            exchanges.skipped["program"] += 1
        else:
            said.append(text)
    if said or picture:
        exchanges.ask("\n\n".join(said), time, picture=picture)


# ------------------------------------------------------------------ Codex

IDE = re.compile(r"\s*# Context from my IDE setup:.*?^## My request for Codex:\s*", re.DOTALL | re.MULTILINE)
_CODEX_NOISE = re.compile(r"\s*(?:<INSTRUCTIONS>|<skill>|<subagent_notification>|<user_shell_command>|<collaboration_mode>)")


def _codex(path: Path, key: str, exchanges: Exchanges) -> None:
    for line in records_of(path, exchanges.skipped):
        kind, inner = line.get("type"), line.get("payload")
        time = str(line.get("timestamp") or "")
        if kind == "event_msg" and isinstance(inner, dict):
            if inner.get("type") == "turn_aborted":
                exchanges.interrupt()
            elif inner.get("type") == "thread_rolled_back" and isinstance(turns := inner.get("num_turns"), int):
                exchanges.undo(turns)
        elif kind == "compacted":
            exchanges.skipped["program"] += 1
        elif kind == "response_item" and isinstance(inner, dict):
            _codex_item(inner, exchanges, time)
        elif "payload" not in line:  # as it was before the records had an envelope
            _codex_item(line, exchanges, time)


def _codex_item(item: dict[str, Any], exchanges: Exchanges, time: str) -> None:
    kind, role = item.get("type"), item.get("role")
    call = str(item.get("call_id") or item.get("id") or "")
    if kind == "message" and role == "user":
        _codex_question(item, exchanges, time)
    elif kind == "message" and role == "assistant":
        exchanges.answer(content_of(item.get("content"), "\n\n")[0])
    elif kind == "message":
        exchanges.skipped["program"] += 1
    elif kind == "reasoning":
        exchanges.answer("", content_of(item.get("content") or item.get("summary"), "\n\n")[0])
    elif kind in ("function_call", "custom_tool_call"):
        exchanges.answer("", calls=[(call, str(item.get("name") or "tool"), item.get("arguments", item.get("input")))])
    elif kind == "local_shell_call" and isinstance(action := item.get("action"), dict):
        exchanges.answer("", calls=[(call, "shell", {"command": action.get("command")})])
    elif kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
        text = _output(item.get("output"))
        exchanges.result(call, text, rejected="rejected by user" in text[:200])
    elif isinstance(kind, str) and kind.endswith("_call"):
        exchanges.skipped["tools"] += 1


def _codex_question(item: dict[str, Any], exchanges: Exchanges, time: str) -> None:
    content = item.get("content")
    picture = isinstance(content, list) and any(isinstance(part, dict) and part.get("type") == "input_image" for part in content)
    text = IDE.sub("", content_of(content, "\n\n")[0], count=1)
    if text.lstrip().startswith("<turn_aborted>"):
        exchanges.interrupt()
    elif NOT_SAID.match(text) or _CODEX_NOISE.match(text):
        exchanges.skipped["program"] += 1
    elif text.strip() or picture:
        exchanges.ask(text, time, picture=picture)


def _output(value: Any) -> str:
    """What a command printed: plain, in an object, or in JSON that is written as text."""
    if isinstance(value, str) and value.startswith("{") and len(value) < 1 << 20:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        inner = next((value[key] for key in ("output", "content", "text") if key in value), None)
        return _output(inner) if inner is not None else json.dumps(value, ensure_ascii=False)
    return content_of(value, "\n")[0]


# ------------------------------------------------------------------ aider

_QUESTION_COMMAND = re.compile(r"/(?:ask|code|architect)\s+(?P<text>\S.*)", re.DOTALL)
_EDIT_REFUSED = re.compile(r"> .*(?:edit|create|apply).*\(Y\)es/\(N\)o.*:\s*(?:n|no|s|skip)\s*$", re.IGNORECASE)
_STOPPED = re.compile(r"(?:> ?)?\^C ")
_COMPLETE = re.compile(r"> (?:Tokens: |Applied edit|Commit )")


def _aider(path: Path, key: str, exchanges: Exchanges) -> None:
    asked: list[str] = []
    said: list[str] = []
    refused = complete = False

    def flush() -> None:
        nonlocal refused
        if asked:
            _aider_question("\n".join(asked).strip(), exchanges)
            asked.clear()
        if text := "".join(said).strip():
            exchanges.answer(text, bad=refused)
        said.clear()
        refused = False

    for line in lines_of(path, exchanges.skipped):
        if line.startswith(AIDER):
            flush()
            exchanges.cut()
        elif line.startswith("####"):
            if said:
                flush()
            asked.append(line.removeprefix("####").strip())
        elif line.startswith("> ") or line.strip() == ">":
            exchanges.skipped["printed"] += 1
            refused |= _EDIT_REFUSED.match(line) is not None
            complete |= _COMPLETE.match(line) is not None
            # After a complete answer it is the prompt that is left.
            if _STOPPED.match(line) and not complete:
                flush()
                exchanges.interrupt()
        else:
            if asked and line.strip():
                flush()
                complete = False
            said.append(line)
    flush()


def _aider_question(text: str, exchanges: Exchanges) -> None:
    named = _QUESTION_COMMAND.match(text)
    if text.startswith("/undo"):
        exchanges.undo()
    elif text.startswith(("/", "!")) and not named:
        exchanges.skipped["program"] += 1
        exchanges.away()
    elif text:
        exchanges.ask(named["text"] if named else text)


# ------------------------------------------------------------------ chat programs


def _open_webui(path: Path, key: str, exchanges: Exchanges) -> None:
    _as_exchanges(chat_of(path, key), exchanges)


def _lm_studio(path: Path, key: str, exchanges: Exchanges) -> None:
    _as_exchanges(json_of(path), exchanges)


def _as_exchanges(record: Any, exchanges: Exchanges) -> None:
    """A chat of one of the programs whose exports are read as well."""
    try:
        chat = chats.chat_of(record)
    except RowError:
        exchanges.skipped["broken"] += 1
        return
    _say(chat, exchanges)


def _say(chat: Chat, exchanges: Exchanges) -> None:
    for item in chat.said:
        if item.role == "user":
            exchanges.ask(item.text, picture=not item.text)
        elif item.role == "assistant":
            exchanges.answer(item.text, item.thinking, bad=item.rating == "bad")
    exchanges.skipped["versions"] += sum(chat.skipped.values())


_READERS: dict[AgentName, Callable[[Path, str, Exchanges], None]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "aider": _aider,
    "open-webui": _open_webui,
    "lm-studio": _lm_studio,
}
