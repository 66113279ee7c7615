"""An example: one conversation to learn from, and the three forms it is written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.curation.lesson_filter import LessonFilter
from academy.files import Name
from academy.rows import WORDINGS, Format, Turn, is_text, row_of
from academy.rows import Role as Role

Profile = Literal["balanced", "strict", "lenient"]


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation, where it came from (`source`: lessons, git, uploads, documents; `origin`: lesson id, commit hash, file and row)."""

    turns: tuple[Turn, ...]
    source: str
    origin: str = ""
    time: str = ""
    meta: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def is_text(self) -> bool:
        """Whether it is plain text, and no conversation."""
        return is_text(self.turns)

    @property
    def question(self) -> str:
        """All that the model is given before the last answer."""
        return "\n".join(turn.content for turn in self.turns[:-1])

    @property
    def answer(self) -> str:
        """The last turn of the assistant; a call of a tool where it says nothing else."""
        return (self.turns[-1].content or self.turns[-1].calls) if self.turns else ""

    @property
    def asked(self) -> str:
        """The last turn of the user."""
        return next((turn.content for turn in reversed(self.turns) if turn.role == "user"), "")


class DatasetRequest(BaseModel):
    """What to curate a dataset from, and how (contract, section 1, row 2); None: the setting's value."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(default="", max_length=80, title="Name")
    lessons_limit: int | None = Field(default=None, ge=1, le=1_000_000)
    git_commits_limit: int | None = Field(default=None, ge=0, le=100_000)
    include_lessons: bool = True
    lesson_filter: LessonFilter = Field(default=LessonFilter(), description="Which lessons: by tag, source, rating, date or words.")
    include_git: bool = True
    git_repo_path: str | None = Field(default=None, max_length=4000)
    git_range: str | None = Field(
        default=None, max_length=200, description="A revision range such as v1.0..main; empty: the whole history."
    )
    git_authors: list[str] = Field(
        default=[], max_length=50, description="Only commits whose author's name or address contains one of these."
    )
    git_paths: list[str] = Field(default=[], max_length=50, description="Only commits that touch one of these paths.")
    git_tasks: list[Literal["message", "patch"]] = ["message"]
    git_spread: bool = Field(default=True, description="Evenly from the whole history, instead of the newest.")
    git_chores: bool = Field(default=False, description="Also releases, versions, dependencies, formatting.")
    git_docs: bool = Field(default=False, description="Also commits that touch documentation only.")
    git_summaries: bool = Field(default=True, description="Show large changes in their most telling parts, instead of leaving them out.")
    upload_ids: list[Name] = Field(default=[], max_length=1000)
    document_ids: list[Name] = Field(default=[], max_length=1000, description="Documents whose passages become rows of plain text.")
    format: Format = "alpaca"
    quality_profile: Profile = "balanced"
    eval_fraction: float | None = Field(default=None, ge=0, le=0.5)
    split: Literal["random", "time"] = "random"
    seed: int = Field(default=42, ge=0, le=2**31 - 1)
    keep_anyway: list[str] = Field(default=[], max_length=100_000, description="Keys of dropped examples that are kept all the same.")
    thoughts: Literal["train", "mask", "drop"] = Field(
        default="train",
        title="Thoughts",
        description="What models thought before their answers: learned too, only read (masked), or left out.",
    )
    masks: dict[str, list[int]] = Field(
        default={}, max_length=100_000, description="By the key of an example: its turns, from 0, that are read but not learned."
    )
    leave_out_marks: bool = Field(default=False, description="Leave out answers that hold the mark of a redacted secret.")
    leave_out: list[str] = Field(default=[], max_length=100_000, description="Keys of examples that are left out whatever the rules say.")


def render(example: Example, form: Format) -> dict[str, Any]:
    """The example as one row of a dataset file (contract, section 3)."""
    wordings = example.meta.get(WORDINGS)
    return row_of(example.turns, form) | ({WORDINGS: wordings} if wordings else {})
