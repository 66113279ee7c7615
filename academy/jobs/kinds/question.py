"""The kind `question`: a model writes questions and answers on the passages of a document, for a person to review."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.config import Settings
from academy.errors import Refused
from academy.jobs.backends import Command, Seen
from academy.jobs.kinds.commands import program_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.kinds.train import spec_json
from academy.jobs.reading.written import MOST_BYTES, written_in
from academy.jobs.recipes import Recipe
from academy.jobs.store import Job

MOST_PASSAGES = 500


class QuestionRequest(BaseModel):
    """Which model writes, and on how many passages; without an adapter and a base it is the one that answers in the chat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter_id: str | None = Field(default=None, max_length=120, description='An adapter, or "base" for a base model alone.')
    base_model: str | None = Field(default=None, max_length=500, description='With "base": which one. Empty: the default.')
    passages: int = Field(default=100, ge=1, le=MOST_PASSAGES, description="At most so many passages, of those that were not asked yet.")
    per_passage: int = Field(default=2, ge=1, le=4, description="Questions on each passage.")


class QuestionSpec(BaseModel):
    """A document, and the numbers of the passages to ask about; it runs on this machine, wherever trainings run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["subprocess"] = "subprocess"
    document_id: str
    passages: list[int]
    per_passage: int
    training: dict[str, Any] = {}  # the parameters of the adapter, by which its base is loaded


def _spec_file(job: Job, seen: Seen) -> dict[str, Any]:
    """With the passages' file in the place of a dataset."""
    asking = {name: job.parameters[name] for name in ("passages", "per_passage")}
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
