"""The kind `sweep`: several settings race on one base; the first becomes the adapter of the job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from academy.config import Settings
from academy.jobs.backends import Command, Seen
from academy.jobs.design import Space
from academy.jobs.kinds.commands import program_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.kinds.train import TRAIN
from academy.jobs.recipes import Recipe
from academy.jobs.spec import KNOBS, TrainingSpec
from academy.jobs.store import Inputs, Job


class SweepRequest(BaseModel):
    """What to race; without a space the learning rate and the rank around the Professor's choice."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    name: str = Field(default="", max_length=80, description="The name of the race and its adapter. Empty: the dataset's name.")
    dataset_id: str | None = Field(default=None, max_length=120, description="What to learn. Empty: the newest dataset.")
    base_model: str | None = Field(default=None, max_length=500, description="Empty: the default.")
    space: Space = Field(
        default={},
        max_length=8,
        description="By setting a list of values, or {low, high, log}; an empty list: values around the Professor's choice.",
    )
    trials: int = Field(default=6, ge=2, le=16, description="How many choices race.")
    budget_seconds: int | None = Field(default=None, ge=10, le=30 * 86_400, description="Seconds after which it ends with the best so far.")
    seeds: int = Field(default=3, ge=0, le=5, description="Other seeds to repeat the best two with; below 3 neither is called better.")
    settings: dict[str, Any] = Field(default={}, description="Settings of the training that are the same for all, as in POST /train.")


class CloneRequest(BaseModel):
    """How a clone differs from its trial."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    learning_rate: float | None = Field(default=None, gt=0, le=1e-2, description="Empty: half of the trial's.")


class Sweep(BaseModel):
    """A planned race: the settings of each trial, the time, and the repeats."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: list[dict[str, Any]]
    budget_seconds: int | None = None
    seeds: int = 3


class SweepSpec(TrainingSpec):
    """The settings that all trials share, and the race."""

    sweep: Sweep


def _parameters(spec: SweepSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in KNOBS} | {"gpus": 1, "sweep": spec.sweep.model_dump()}


def _space(inputs: Inputs, parameters: dict[str, Any]) -> int:
    """The checkpoints of all trials, of which half stay for long."""
    ranks = [trial.get("lora_rank") or parameters["lora_rank"] for trial in parameters["sweep"]["trials"]]
    return (
        sum(TRAIN.space(inputs, parameters | {"lora_rank": rank}) for rank in ranks)
        if inputs.base_path
        else TRAIN.space(inputs, parameters)
    )


def _spec_file(job: Job, seen: Seen) -> dict[str, Any]:
    shared = {name: value for name, value in job.parameters.items() if name != "sweep"}
    return TRAIN.spec_file(job, seen) | {"parameters": shared, "sweep": job.parameters["sweep"]}


def _command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None, outside: Mapping[str, str] = os.environ) -> Command:
    return program_command("academy.trainer.race", job, seen, settings, outside)


SWEEP = Kind(
    name="sweep",
    title="Race",
    stem="sweep",
    spec=SweepSpec,
    needs="device",
    requires=TRAIN.requires,
    result="adapter",
    incomplete="The race ended, but its adapter is incomplete.",
    parameters=_parameters,
    space=_space,
    spec_file=_spec_file,
    command=_command,
    accept=TRAIN.accept,
    keeps_on_stop=True,
)
