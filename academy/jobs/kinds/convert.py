"""The kind `convert`: a base model made ready, by fetching it, by converting it from a GGUF file, or both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.bases import check_folder, gguf
from academy.bases.packages import PACKAGES
from academy.config import Settings
from academy.errors import Refused
from academy.jobs.backends import Command, Seen
from academy.jobs.folder import read_small
from academy.jobs.kinds.commands import convert_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.recipes import Recipe
from academy.jobs.store import Inputs, Job


class ConvertSpec(BaseModel):
    """Which base model; it is made on this machine, wherever trainings run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_model: str = Field(default="", max_length=500)
    backend: Literal["subprocess"] = "subprocess"


def base_space(inputs: Inputs) -> int:
    """The bytes that getting the base model takes on the disk, roughly; 0 where it is ready or its size is unknown."""
    if inputs.base_path:
        return 0
    if inputs.base_source:
        return gguf.read(Path(inputs.base_source)).converted_bytes
    package = PACKAGES.get(inputs.base_model)
    return package.wheel_bytes + package.bytes + package.facts.bytes if package else 0


def _spec_file(job: Job, seen: Seen) -> dict[str, Any]:
    return {"job_id": job.job_id, "name": job.name, "base_model": job.base_model, "base_path": job.base_path}


def _command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None) -> Command:
    return convert_command(job, seen, settings)


def _accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    made = read_small(job.folder.fetched) or {}
    path = made.get("path")
    if not isinstance(path, str) or not Path(path).is_dir():
        raise Refused("There is no folder with the base model.", hint="Get it again.")
    check_folder(Path(path))
    return {"base_path": path, "base_fingerprint": made.get("fingerprint")}


CONVERT = Kind(
    name="convert",
    title="Getting a base model",
    stem="convert",
    spec=ConvertSpec,
    needs="memory",
    requires=frozenset({"base_model"}),
    result="base",
    incomplete="The conversion ended, but the base model is incomplete.",
    parameters=lambda spec: {},
    space=lambda inputs, parameters: base_space(inputs),
    spec_file=_spec_file,
    command=_command,
    accept=_accept,
)
