"""The kind `question`: a model writes questions and answers on the passages of a document, or other wordings of lessons, for review."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from academy.config import Settings
from academy.errors import Refused
from academy.files import Name
from academy.jobs.backends import Command, Seen
from academy.jobs.kinds.commands import program_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.kinds.train import spec_json
from academy.jobs.reading.written import MOST_BYTES, written_in
from academy.jobs.recipes import Recipe
from academy.jobs.store import Job

MOST_PASSAGES = MOST_LESSONS = 500


class QuestionRequest(BaseModel):
    """Which model writes, and on how many passages; without an adapter and a base it is the one that answers in the chat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter_id: str | None = Field(default=None, max_length=120, description='An adapter, or "base" for a base model alone.')
    base_model: str | None = Field(default=None, max_length=500, description='With "base": which one. Empty: the default.')
    passages: int = Field(default=100, ge=1, le=MOST_PASSAGES, description="At most so many passages, of those that were not asked yet.")
    per_passage: int = Field(default=2, ge=1, le=4, description="Questions on each passage.")


class WordingRequest(BaseModel):
    """Which model writes other wordings, and of which lessons; without any choice of all that can be trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lesson_ids: list[Name] | None = Field(
        default=None, max_length=MOST_LESSONS, description="These lessons, also if they were asked before."
    )
    dataset_id: str | None = Field(default=None, max_length=120, description="The lessons of this dataset.")
    adapter_id: str | None = Field(default=None, max_length=120, description="An adapter; without one a base model writes alone.")
    base_model: str | None = Field(default=None, max_length=500, description="Which base model. Empty: that of the chat.")
    lessons: int = Field(default=100, ge=1, le=MOST_LESSONS, description="At most so many lessons, of those that were not asked yet.")
    per_lesson: int = Field(default=3, ge=1, le=4, description="Wordings of each question.")

    @model_validator(mode="after")
    def _is_clear(self) -> WordingRequest:
        if self.lesson_ids is not None and self.dataset_id is not None:
            raise ValueError("give either lesson_ids or dataset_id")
        return self


class QuestionSpec(BaseModel):
    """A document and the numbers of its passages, or else lessons to rephrase; it runs on this machine, wherever trainings run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["subprocess"] = "subprocess"
    document_id: str = ""
    passages: list[int] = []
    per_passage: int = 0
    lessons: int = 0  # how many are rephrased; which ones says the file in the place of a dataset
    per_lesson: int = 0
    training: dict[str, Any] = {}  # the parameters of the adapter, by which its base is loaded


def rephrases(job: Job) -> bool:
    """Whether a job of this kind writes other wordings of lessons."""
    return bool(job.parameters.get("per_lesson"))


def _spec_file(job: Job, seen: Seen) -> dict[str, Any]:
    """With the passages' file, or the lessons', in the place of a dataset."""
    asking = {name: job.parameters[name] for name in (("per_lesson",) if rephrases(job) else ("passages", "per_passage"))}
    return spec_json(job, seen) | {"parameters": job.parameters["training"], "asking": asking}


def _command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None) -> Command:
    return program_command("academy.trainer.asking", job, seen, settings)


def _accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    if written_in(job.folder) is None:
        raise Refused("Its result cannot be read.", hint="Write the questions again.")
    return {}


QUESTION = Kind(
    name="question",
    title="Writing questions",
    stem="questions",
    spec=QuestionSpec,
    needs="device",
    requires=frozenset({"base_model", "dataset_path"}),
    result="questions",
    incomplete="The questions were written, but the result is incomplete.",
    parameters=lambda spec: spec.model_dump(exclude={"backend"}),
    space=lambda inputs, parameters: MOST_BYTES,
    spec_file=_spec_file,
    command=_command,
    accept=_accept,
    keeps_on_stop=True,
)
