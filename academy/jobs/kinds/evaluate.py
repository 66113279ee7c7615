"""The kind `evaluate`: what an adapter, or a base alone, knows of a dataset, of a person's own questions, and of the general ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from academy.config import Settings
from academy.errors import Refused
from academy.jobs.backends import Command, Seen
from academy.jobs.kinds.commands import program_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.kinds.train import spec_json
from academy.jobs.reading.reports import report_in
from academy.jobs.recipes import Recipe
from academy.jobs.store import Job

BASE = "base"
"""The adapter id of a base alone."""

_MOST_QUESTIONS = 200
_REPORT_BYTES = 4 << 20
_Text = Annotated[str, Field(min_length=1, max_length=8000)]


class OwnQuestion(BaseModel):
    """A question of the person; without an expected answer the replies are only shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: _Text
    expected: str | None = Field(default=None, max_length=8000)


class EvaluationRequest(BaseModel):
    """What to examine; without a dataset and questions it is the dataset that the adapter was trained on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter_id: str = Field(max_length=120, description='An adapter, or "base" for a base model alone.')
    base_model: str | None = Field(default=None, max_length=500, description='With "base": which one. Empty: the default.')
    dataset_id: str | None = Field(default=None, max_length=120, description="The dataset whose rows are asked.")
    questions: list[_Text | OwnQuestion] = Field(default=[], max_length=_MOST_QUESTIONS, description="Questions of your own.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Chooses the sample where there are too many rows to ask all.")


class EvaluationSpec(EvaluationRequest):
    """A request with the parameters that the adapter was trained with, by which its base is loaded and a remedy is proposed."""

    training: dict[str, Any] = {}


def _spec_json(job: Job, seen: Seen) -> dict[str, Any]:
    return spec_json(job, seen) | {
        "dataset_path": str(seen.dataset) if job.dataset_path else "",
        "parameters": {**job.parameters["training"], "seed": job.parameters["seed"]},
        "questions": [{"question": item} if isinstance(item, str) else item for item in job.parameters["questions"]],
    }


def _command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None, outside: Mapping[str, str] = os.environ) -> Command:
    return program_command("academy.trainer.exam", job, seen, settings, outside)


def _accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    if report_in(job.folder) is None:
        raise Refused("Its report cannot be read.", hint="Evaluate it again.")
    return {}


EVALUATE = Kind(
    name="evaluate",
    title="Evaluation",
    stem="evaluation",
    spec=EvaluationSpec,
    needs="device",
    requires=frozenset({"base_model"}),
    result="report",
    incomplete="The evaluation ended, but its report is incomplete.",
    parameters=lambda spec: spec.model_dump(),
    space=lambda inputs, parameters: _REPORT_BYTES,
    spec_file=_spec_json,
    command=_command,
    accept=_accept,
)
