"""Sessions of coding agents as chats: what the person asked and what the agent answered, without its tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from academy.curation.examples import Role
from academy.curation.files.said import OTHER_VERSIONS, Chat, branch
from academy.curation.files.turns import content_of

AIDER = "# aider chat started at"
"""The first line of each session in aider's history."""
_TOOLS = "left out: {n} messages from or to tools"
_PROGRAM = "left out: {n} messages of the program"
_PRINTED = "left out: {n} lines of the program"
_OTHERS = "left out: {n} messages of agents that the agent called"
NOT_SAID = re.compile(
    r"\s*(?:<(?:command-(?:name|message|args)|local-command-\w+|system-reminder|environment_context|user_instructions|ENVIRONMENT_CONTEXT"
    r"|permissions instructions|bash-(?:input|stdout|stderr)|task-notification|turn_aborted|ide_\w+)\b|Caveat: The messages below were"
    r"|\[Request interrupted by user|# AGENTS\.md instructions|This session is being continued from a previous conversation)"
)
"""What an agent's program writes in the name of the person."""


def claude_code(lines: list[Any]) -> Chat:
    """A session of Claude Code (`~/.claude/projects/…/*.jsonl`): the branch that was seen last."""
    chat = Chat()
    spoken = [line for line in lines if line.get("type") in ("user", "assistant") and isinstance(line.get("message"), dict)]
    own = [line for line in spoken if not line.get("isSidechain")]
    if len(own) < len(spoken):
        chat.skipped[_OTHERS] += len(spoken) - len(own)
    chat.title = next((line["summary"] for line in lines if isinstance(line.get("summary"), str)), None)
    if own:
        chat.time, chat.key = own[0].get("timestamp"), own[0].get("sessionId")
    # Messages of the program stand between those of the two sides, and link them.
    linked = [line for line in lines if isinstance(line.get("uuid"), str) and not line.get("isSidechain")]
    by_name = {line["uuid"]: line for line in linked}
    last = own[-1].get("uuid") if own else None
    path, _ = branch(list(by_name.values()), "uuid", "parentUuid", last=last, moment="timestamp")
    chosen = [line for line in path if line in own] if path else own
    if len(chosen) < len(own):
        chat.skipped[OTHER_VERSIONS] += len(own) - len(chosen)
    for number, line in enumerate(chosen, 1):
        role = "user" if line["type"] == "user" else "assistant"
        content = line["message"].get("content")
        text, thinking, others = content_of(content, "\n\n")
        chat.skipped[_TOOLS] += others
        if role == "user" and not text and others:
            continue  # the results of tools
        if line.get("isMeta") or line.get("isCompactSummary") or (role == "user" and NOT_SAID.match(text)):
            chat.skipped[_PROGRAM] += 1
            continue
        chat.add(role, text, number, thinking=thinking)
    chat.skipped = +chat.skipped
    return chat


def codex(lines: list[Any]) -> Chat:
    """A session of Codex (`~/.codex/sessions/…/rollout-*.jsonl`)."""
    chat = Chat()
    about = next((line["payload"] for line in lines if line.get("type") == "session_meta" and isinstance(line.get("payload"), dict)), {})
    first = lines[0]
    chat.time, chat.key = first.get("timestamp") or about.get("timestamp"), about.get("id") or first.get("id")
    for number, line in enumerate(lines, 1):
        item = line.get("payload") if line.get("type") == "response_item" else line if "payload" not in line else None
        if not isinstance(item, dict):
            continue
        kind, role = item.get("type"), item.get("role")
        if kind == "reasoning":
            thinking = content_of(item.get("content") or item.get("summary"), "\n\n")[0]
            chat.add("assistant", "", number, thinking=thinking)
        elif kind == "message" and role in ("user", "assistant"):
            text, _, others = content_of(item.get("content"), "\n\n")
            chat.skipped[_TOOLS] += others
            if role == "user" and NOT_SAID.match(text):
                chat.skipped[_PROGRAM] += 1
            else:
                chat.add(role, text, number)
        elif isinstance(kind, str) and ("call" in kind or "output" in kind):
            chat.skipped[_TOOLS] += 1
        elif kind == "message":
            chat.skipped[_PROGRAM] += 1
    chat.skipped = +chat.skipped
    return chat


def aider(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Chat]]:
    """The sessions in a `.aider.chat.history.md`: questions behind `####`, the program's own lines behind `>`."""
    chat, first = Chat(), 0
    role: Role | None = None
    said: list[str] = []

    def close() -> None:
        text = "".join(said).strip()
        said.clear()
        # Commands such as /add are for the program.
        if role == "assistant" or (role == "user" and not text.startswith("/")):
            chat.add(role, text, len(chat.said) + 1)

    for number, line in lines:
        if line.startswith(AIDER):
            close()
            if chat.said:
                yield first, chat
            chat, first, role = Chat(time=line[len(AIDER) :].strip()), number, None
        elif line.startswith("> ") or line.strip() == ">":
            chat.skipped[_PRINTED] += 1
            if role == "user" and said[0].startswith("/"):
                close()
                role = None
        elif line.startswith("####"):
            if role != "user":
                close()
            role = "user"
            said.append(line.removeprefix("####").lstrip(" "))
        else:
            if role == "user" and line.strip():
                close()
                role = "assistant"
            said.append(line)
    close()
    if chat.said:
        yield first, chat
