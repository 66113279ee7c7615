"""Finds the sessions of coding agents and local chat programs below a person's home, with what a list shows of each."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.curation.files.agent_files import database, head_of, json_of, opened
from academy.curation.files.agents import IDE, REMINDER, AgentName
from academy.curation.files.extras import read_time
from academy.curation.files.sessions import NOT_SAID
from academy.curation.files.turns import content_of
from academy.curation.files.values import RowError
from academy.curation.redaction.redact import redact
from academy.errors import AcademyError

MOST_SESSIONS = 300
"""Of each program the newest."""
_MOST_FOLDERS = 20_000
_DEPTH = 4
_NO_PROJECTS = {"node_modules", "site-packages", "__pycache__", "venv", "env", "target", "dist", "build", "Library", "snap"}
_HISTORY = ".aider.chat.history.md"
_WEBUI = (
    "webui.db",
    ".open-webui/webui.db",
    "open-webui/webui.db",
    "open-webui/data/webui.db",
    "open-webui/backend/data/webui.db",
    ".local/share/open-webui/webui.db",
    ".local/lib/python3*/site-packages/open_webui/data/webui.db",
    ".local/share/uv/tools/open-webui/lib/python3*/site-packages/open_webui/data/webui.db",
    ".local/share/pipx/venvs/open-webui/lib/python3*/site-packages/open_webui/data/webui.db",
    ".local/pipx/venvs/open-webui/lib/python3*/site-packages/open_webui/data/webui.db",
    "Library/Application Support/open-webui/data/webui.db",
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session on this machine; `turns` counts the person's messages, None where that is not known before it is read."""

    id: str
    agent: AgentName
    path: Path
    key: str = ""
    title: str = ""
    project: str = ""
    started_at: str = ""
    changed_at: str = ""
    turns: int | None = None
    size_bytes: int = 0


def find(home: Path) -> list[Transcript]:
    """The sessions below a home, the newest first; what cannot be read is left out."""
    found = [session for look in _FINDERS for session in look(home)]
    return sorted(found, key=lambda session: session.changed_at, reverse=True)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    changed: float


def _claude_code(home: Path) -> Iterator[Transcript]:
    files = (file for file in _files(home / ".claude/projects", ".jsonl", depth=1) if not file.path.name.startswith("agent-"))
    for file in _newest(files):
        head = _head(file)
        spoken = [line for line in head if line.get("type") in ("user", "assistant") and not line.get("isSidechain")]
        if not spoken:
            continue
        named = next((line[key] for line in head for key in ("customTitle", "aiTitle", "summary") if isinstance(line.get(key), str)), "")
        asked = next((text for line in spoken if line.get("type") == "user" and (text := _claude_question(line))), "")
        folder = next((line["cwd"] for line in spoken if isinstance(line.get("cwd"), str)), file.path.parent.name)
        moment = next((line["timestamp"] for line in spoken if isinstance(line.get("timestamp"), str)), "")
        yield _transcript("claude-code", file, home, title=named or asked, project=folder, started=moment, turns=_count(file, _of_claude))


def _claude_question(line: dict[str, Any]) -> str:
    message = line.get("message")
    text = content_of(message.get("content"))[0] if isinstance(message, dict) and not line.get("isMeta") else ""
    text = REMINDER.sub("", text)
    return "" if NOT_SAID.match(text) else text


def _codex(home: Path) -> Iterator[Transcript]:
    for file in _newest(_files(home / ".codex/sessions", ".jsonl", depth=4)):
        head = _head(file)
        about = next((line["payload"] for line in head if line.get("type") == "session_meta" and isinstance(line.get("payload"), dict)), {})
        if isinstance(about.get("source"), dict):
            continue  # an agent that the agent called
        items = [line["payload"] if isinstance(line.get("payload"), dict) else line for line in head]
        asked = [content_of(item.get("content"))[0] for item in items if item.get("type") == "message" and item.get("role") == "user"]
        title = next((IDE.sub("", text, count=1) for text in asked if text and not NOT_SAID.match(text)), "")
        if not asked:
            continue
        moment, folder = head[0].get("timestamp"), about.get("cwd")
        started = moment if isinstance(moment, str) else ""
        project = folder if isinstance(folder, str) else file.path.parent.name
        yield _transcript("codex", file, home, title=title, project=project, started=started, turns=_count(file, _of_codex))


def _aider(home: Path) -> Iterator[Transcript]:
    found = (path / _HISTORY for path in _folders(home))
    for file in _newest(_regular(found)):
        with contextlib.suppress(OSError, AcademyError), opened(file.path) as stream:
            asked = [line[4:].decode("utf-8", "replace").strip() for line in stream if line.startswith(b"#### ")]
            title = next((text for text in asked if not text.startswith(("/", "!"))), "")
            turns = sum(not text.startswith(("/", "!")) for text in asked)
            yield _transcript("aider", file, home, title=title, project=str(file.path.parent), turns=turns)


def _open_webui(home: Path) -> Iterator[Transcript]:
    for file in _regular(path for pattern in _WEBUI for path in _glob(home, pattern)):
        with contextlib.suppress(OSError, AcademyError), database(file.path) as connection:
            query = (
                "SELECT id, title, created_at, updated_at, length(CAST(chat AS BLOB)), substr(chat, 1, ?) FROM chat "
                "ORDER BY updated_at DESC LIMIT ?"
            )
            for key, title, created, updated, size, chat in connection.execute(query, (1 << 20, MOST_SESSIONS)):
                # A message stands in its tree and, of most versions, in a list as well; the tree names its parent.
                text = str(chat)
                asked = text.count('"role": "user"') + text.count('"role":"user"')
                twice = '"messages": [{' in text or '"messages":[{' in text
                about = _File(file.path, int(size or 0), _seconds(updated) or file.changed)
                turns = (asked // 2 if twice else asked) if len(text) < 1 << 20 else None
                started = read_time(created) or ""
                yield _transcript("open-webui", about, home, title=str(title or ""), started=started, turns=turns, key=str(key))


def _lm_studio(home: Path) -> Iterator[Transcript]:
    folders = (home / ".lmstudio/conversations", home / ".cache/lm-studio/conversations")
    for file in _newest(file for folder in folders for file in _files(folder, ".json", depth=6)):
        with contextlib.suppress(OSError, AcademyError, RowError):
            record = json_of(file.path)
            messages = record.get("messages") if isinstance(record, dict) else None
            if not isinstance(messages, list) or not messages:
                continue
            name, folder = record.get("name"), file.path.parent.name
            yield _transcript(
                "lm-studio",
                file,
                home,
                title=name if isinstance(name, str) else "",
                project="" if folder == "conversations" else folder,
                started=read_time(record.get("createdAt")) or "",
                turns=-(-len(messages) // 2),
            )


_FINDERS: tuple[Callable[[Path], Iterator[Transcript]], ...] = (_claude_code, _codex, _aider, _open_webui, _lm_studio)


# ------------------------------------------------------------------ what a list shows


def _transcript(
    agent: AgentName,
    file: _File,
    home: Path,
    *,
    title: str = "",
    project: str = "",
    started: str = "",
    turns: int | None = None,
    key: str = "",
) -> Transcript:
    name = hashlib.blake2b(f"{agent}\0{file.path}\0{key}".encode("utf-8", "surrogateescape"), digest_size=9).hexdigest()
    folder = "~" + project.removeprefix(str(home)) if project.startswith(str(home)) else project
    # A title can be the whole question: its secrets go before it is cut.
    words = " ".join(redact(title[:4000]).text.split())
    changed = datetime.fromtimestamp(min(file.changed, 253402300799), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Transcript(name, agent, file.path, key, _shown(words, 120), _shown(folder, 200), started[:40], changed, turns, file.size)


def _shown(text: str, most: int) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= most else text[:most] + "…"


def _head(file: _File) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError, AcademyError):
        return head_of(file.path)
    return []


_MOST_COUNTED = 64 << 20


def _count(file: _File, is_asked: Callable[[bytes], bool]) -> int | None:
    """How many lines are a person's message, by their marks: to parse them all would take minutes."""
    if file.size > _MOST_COUNTED:
        return None
    with contextlib.suppress(OSError, AcademyError), opened(file.path) as stream:
        return sum(is_asked(line) for line in stream)
    return None


_NOT_ASKED = (b'"tool_result"', b'"isMeta":true', b'"isSidechain":true', b'"isCompactSummary":true', b"<command-name>", b"<local-command-")


def _of_claude(line: bytes) -> bool:
    return b'"type":"user"' in line and b"[Request interrupted" not in line and not any(mark in line for mark in _NOT_ASKED)


def _of_codex(line: bytes) -> bool:
    is_noise = any(mark in line for mark in (b"<environment_context>", b"<user_instructions>", b"# AGENTS.md", b"<turn_aborted>"))
    return b'"role":"user"' in line and b'"type":"message"' in line and not is_noise


def _seconds(value: Any) -> float:
    return float(value) / (1000 if value > 1e11 else 1) if isinstance(value, int | float) and value > 0 else 0.0


# ------------------------------------------------------------------ the disk


def _files(folder: Path, end: str, *, depth: int) -> Iterator[_File]:
    """The regular files with this ending, so many folders below; links are not followed."""
    for path, files in itertools.islice(_walk(folder, depth, hidden=True), _MOST_FOLDERS):
        yield from _regular(path / name for name in files if name.endswith(end))


def _folders(home: Path) -> Iterator[Path]:
    """The folders that may be projects, down to a depth."""
    for path, files in itertools.islice(_walk(home, _DEPTH, hidden=False), _MOST_FOLDERS):
        if _HISTORY in files:
            yield path


def _walk(folder: Path, depth: int, *, hidden: bool) -> Iterator[tuple[Path, list[str]]]:
    base = len(folder.parts)
    for path, folders, files in os.walk(folder):
        if len(Path(path).parts) - base >= depth:
            folders.clear()
        folders[:] = [name for name in folders if name not in _NO_PROJECTS and (hidden or not name.startswith("."))]
        yield Path(path), files


def _glob(home: Path, pattern: str) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(home.glob(pattern))


def _regular(paths: Iterator[Path]) -> Iterator[_File]:
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield _File(path, found.st_size, found.st_mtime)


def _newest(files: Iterator[_File]) -> list[_File]:
    return heapq.nlargest(MOST_SESSIONS, files, key=lambda file: file.changed)
