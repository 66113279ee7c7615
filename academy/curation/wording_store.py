"""Other wordings on the disk: the lists of lessons that a model rephrases, and the journal of what a person decided."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from academy.files import append_line, disk_errors, write_atomic

Decision = Literal["accepted", "rejected", "waiting"]


class Decided(BaseModel):
    """A person's decision on a wording that a model wrote, and its text as the person left it."""

    wording: str
    state: Decision
    text: str
    time: str = ""


class WordingStore:
    """A folder with a list for each job, and one journal; accepted wordings lie in their lessons."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = folder / "decisions.jsonl"

    def add_list(self, lessons: Iterable[dict[str, Any]]) -> Path:
        """Writes what a job works on, a lesson a line."""
        path = self.folder / f"lessons_{secrets.token_hex(8)}.jsonl"
        with disk_errors("the list of lessons"):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomic(path, "".join(json.dumps(lesson, ensure_ascii=False) + "\n" for lesson in lessons), mode=0o600)
        return path

    def forget_lists(self, needed: Collection[str]) -> None:
        """Deletes the lists that no job needs."""
        for path in self.folder.glob("lessons_*.jsonl") if self.folder.is_dir() else ():
            if str(path) not in needed:
                path.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """The length of the journal, which grows with every decision."""
        return self._journal.stat().st_size if self._journal.is_file() else 0

    def decisions(self) -> dict[str, Decided]:
        """By the wording's id what was decided last."""
        found = {}
        for line in self._journal.read_text(encoding="utf-8").splitlines() if self._journal.is_file() else ():
            with contextlib.suppress(ValidationError):  # a torn line
                decided = Decided.model_validate_json(line)
                found[decided.wording] = decided
        return found

    def decide(self, decisions: Sequence[Decided]) -> None:
        """Adds decisions; the last one on a wording counts."""
        append_line(self._journal, "\n".join(decided.model_dump_json() for decided in decisions))
