"""Exports that are being pushed to the Hugging Face hub: each by a process of its own, followed by a thread of the app."""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.errors import AcademyError, Conflict, Invalid, foreign_code
from academy.files import now, read_json, write_json
from academy.messages import Text
from academy.outside import Outside

_SILENT = "The upload exited without reporting a result ({code})."
_MOST_ENDED = 20
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?", re.ASCII)
_PAGE = re.compile(r"https://huggingface\.co/([^/?#]+/[^/?#]+)/?", re.ASCII)


class PushRequest(BaseModel):
    """Where on the hub an export goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repo: str = Field(min_length=1, max_length=200, title="Repository", description="`owner/name`; a name alone is the token's owner's.")
    private: bool = Field(default=True, title="Private", description="Only you, or your organisation, can see it.")


class Pushed(BaseModel):
    """An export that is on the hub, as the app remembers it beside the export."""

    repo: str
    address: str
    private: bool
    commit: str = ""
    created_at: str


class Push(BaseModel):
    """An export that is being pushed, or was since the start of the app."""

    id: str
    name: str = Field(description="The export's main file.")
    repo: str
    private: bool
    status: Literal["running", "finished", "failed", "cancelled"] = "running"
    address: str | None = Field(default=None, description="Of the repository; none until its owner is known.")
    bytes_done: int = 0
    fraction: float | None = None
    error: Text | None = None


class Pushes:
    """The pushes since the start of the app, by the job that made the export."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._pushes: dict[str, Push] = {}  # by the export's job, the last one of each
        self._running: dict[str, Outside] = {}

    def begin(self, job_id: str, name: str, files: Mapping[str, Path], request: PushRequest, memory: Path) -> Push:
        """Begins to push the files by their name in the repository; what comes of it is written to `memory`."""
        repo = repo_name(request.repo)
        with self._lock:
            if job_id in self._running:
                raise Conflict("{name} is being pushed.", hint="Wait until that has ended, or cancel it.", name=name)
            run = Outside("academy.adapters.push_program", self._folder, _SILENT)
            self._forget()
            address = f"{hub(os.environ)}/{repo}" if "/" in repo else None
            item = Push(id=f"push_{secrets.token_hex(8)}", name=name, repo=repo, private=request.private, address=address)
            self._pushes[job_id], self._running[job_id] = item, run
        wanted = {"folder": str(run.folder), "repo": repo, "private": request.private, "message": f"{name}, made with Academy"}
        threading.Thread(target=self._take, args=(job_id, run, wanted, dict(files), memory), name=item.id, daemon=True).start()
        return item

    def of(self, job_id: str) -> Push | None:
        """The last push of an export since the start of the app."""
        with self._lock:
            return self._pushes.get(job_id)

    def is_running(self, job_id: str) -> bool:
        """Whether an export is being pushed."""
        with self._lock:
            return job_id in self._running

    def cancel(self, job_id: str) -> Push | None:
        """Cancels a push that is running; an ended one is forgotten."""
        with self._lock:
            if run := self._running.get(job_id):
                self._put(job_id, status="cancelled")
                run.stop()
                return self._pushes[job_id]
            return self._pushes.pop(job_id, None)

    def close(self) -> None:
        """Ends what is running."""
        with self._lock:
            for job_id in self._running:
                self.cancel(job_id)

    def _take(self, job_id: str, run: Outside, wanted: dict[str, Any], files: dict[str, Path], memory: Path) -> None:
        try:
            with foreign_code("Pushing the export"):
                run.ask(wanted | {"files": {name: str(path) for name, path in files.items()}})
                last: dict[str, Any] = {}
                for last in run.events():
                    self._note(job_id, last)
                self._remember(job_id, last, memory)
        except AcademyError as error:
            with self._lock:
                if self._pushes[job_id].status == "running":
                    self._put(job_id, status="failed", error=error.text)
        finally:
            with self._lock:
                self._running.pop(job_id, None)
            run.close()

    def _note(self, job_id: str, event: dict[str, Any]) -> None:
        if event["type"] == "found":
            self._put(job_id, repo=event["repo"], address=event["url"])
        elif event["type"] == "progress":
            self._put(job_id, bytes_done=event["bytes"], fraction=min(1.0, event["bytes"] / event["total"]) if event["total"] else None)

    def _remember(self, job_id: str, done: dict[str, Any], memory: Path) -> None:
        """What is on the hub is on the hub, also where it was cancelled in the last moment."""
        with self._lock:
            item = self._pushes[job_id]
            self._put(job_id, status="finished", fraction=1.0)
        made = Pushed(repo=done["repo"], address=done["url"], private=item.private, commit=done.get("commit") or "", created_at=now())
        write_json(memory, [*(kept.model_dump() for kept in remembered(memory) if kept.repo != made.repo), made.model_dump()])

    def _put(self, job_id: str, **changes: Any) -> None:
        with self._lock:
            self._pushes[job_id] = self._pushes[job_id].model_copy(update=changes)

    def _forget(self) -> None:
        ended = [key for key in self._pushes if key not in self._running]
        for key in ended[: max(0, len(ended) - _MOST_ENDED)]:
            del self._pushes[key]


def remembered(memory: Path) -> Sequence[Pushed]:
    """Where an export was pushed to, oldest first."""
    try:
        return [Pushed.model_validate(item) for item in read_json(memory, [])]
    except (ValidationError, ValueError, TypeError):
        return []  # a note that cannot be read takes nothing from the export


def repo_name(text: str) -> str:
    """The name of a repository, with or without its owner, or of its page; raises Invalid."""
    text = text.strip()
    if page := _PAGE.fullmatch(text):
        text = page[1]
    parts = text.split("/")
    if len(parts) > 2 or not all(_PART.fullmatch(part) and ".." not in part and "--" not in part for part in parts):
        raise Invalid(
            "{repo!r} is no name of a repository.",
            hint="Write owner/name, with letters, digits, dots, dashes and underscores.",
            repo=text[:80],
        )
    return text


def hub(outside: Mapping[str, str]) -> str:
    """The address of the hub."""
    return (outside.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def has_token(outside: Mapping[str, str]) -> bool:
    """Whether the hub's library will find a token: in HF_TOKEN, or in the file that its login leaves."""
    if any(outside.get(name, "").strip() for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")):
        return True
    cache = outside.get("XDG_CACHE_HOME") or "~/.cache"
    path = outside.get("HF_TOKEN_PATH") or os.path.join(outside.get("HF_HOME") or os.path.join(cache, "huggingface"), "token")
    try:
        return bool(Path(os.path.expandvars(path)).expanduser().read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return False
