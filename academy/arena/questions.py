"""Golden questions: what a person wants every adapter to be asked, in one file of the data folder."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.errors import Conflict, Invalid, NotFound
from academy.files import now, read_json, write_json

Origin = Literal["person", "golden", "held_out", "chat", "lesson", "row"]
"""Where a question comes from: typed, a lesson tagged golden, a held-out row, a real chat, any other lesson or row."""

LONGEST = 20_000
MOST = 1000


class Question(BaseModel):
    """A question, and the answer that is wanted where a person gave it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(default_factory=lambda: secrets.token_hex(6))
    question: str = Field(max_length=LONGEST)
    expected: str = Field(default="", max_length=LONGEST)
    origin: Origin = "person"
    created_at: str = Field(default_factory=now)


class QuestionStore:
    """The golden questions of a data folder, newest first; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def list(self) -> list[Question]:
        """All of them; raises Invalid for a damaged file, which is left as it is."""
        with self._lock:
            return self._read()

    def add(self, question: Question) -> Question:
        """Keeps a question; raises Conflict for one that is there already."""
        question = question.model_copy(update={"question": question.question.strip(), "expected": question.expected.strip()})
        if not question.question:
            raise Invalid("The question is empty.", hint="Write what the adapters are to be asked.")
        with self._lock:
            known = self._read()
            if any(folded(item.question) == folded(question.question) for item in known):
                raise Conflict("This question is in the list already.", hint="Delete it first to change it.")
            if len(known) >= MOST:
                raise Conflict("There are {most} golden questions, which is the limit.", hint="Delete some first.", most=MOST)
            self._write([question, *known])
        return question

    def delete(self, named: str) -> Question:
        """Deletes a question by its id or its text; duels that asked it stay. Raises NotFound."""
        with self._lock:
            known = self._read()
            gone = next((item for item in known if item.id == named or folded(item.question) == folded(named)), None)
            if gone is None:
                raise NotFound("There is no golden question {name!r}.", hint="GET /arena/questions lists them.", name=named[:80])
            self._write([item for item in known if item.id != gone.id])
        return gone

    def _read(self) -> list[Question]:
        try:
            return [Question.model_validate(item) for item in read_json(self._path, [])]
        except (ValueError, ValidationError, TypeError, RecursionError) as error:
            raise Invalid("{name} is damaged.", hint="Correct it, or move it away to begin again.", name=self._path.name) from error

    def _write(self, questions: list[Question]) -> None:
        write_json(self._path, [item.model_dump() for item in questions], mode=0o600)


def folded(text: str) -> str:
    """A question's text as it is compared: without case and spacing."""
    return " ".join(text.split()).casefold()
