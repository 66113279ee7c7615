"""The kind `export`: an adapter as files for other programs, checked against its own answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.config import Settings
from academy.errors import Refused
from academy.jobs.backends import Command, Seen
from academy.jobs.kinds.commands import export_command
from academy.jobs.kinds.kind import Kind
from academy.jobs.kinds.train import spec_json
from academy.jobs.reading.exports import export_in
from academy.jobs.recipes import Recipe
from academy.jobs.store import Inputs, Job

Format = Literal["adapter", "merged", "gguf", "bundle"]
Quantization = Literal["f16", "q8_0", "q4_k_m"]

BITS: Mapping[str, float] = {"f16": 16.0, "q8_0": 8.5, "q4_k_m": 5.0}
"""The bits that a weight takes in a GGUF file, roughly."""

_LITTLE = 4 << 20  # papers, a vocabulary, a bundle's dataset


class ExportRequest(BaseModel):
    """What an adapter is exported as."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format = Field(default="gguf", description="adapter: a zip in PEFT's form · merged: one model · gguf · bundle: its training.")
    quantization: Quantization = Field(default="q8_0", description="Of a GGUF file.")


class ExportSpec(ExportRequest):
    """A request with all that the program writes down; it runs on this machine, wherever trainings run."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    backend: Literal["subprocess"] = "subprocess"
    stem: str  # the files' name, without the ending
    adapter_id: str
    adapter_name: str
    base: str  # the base model's name
    base_bytes: int = 0  # of its weights
    base_parameters: int = 0
    adapter_bytes: int = 0
    license: str = ""
    strength: float = 1.0
    steps: int | None = None
    train_rows: int | None = None
    created_at: str = ""
    dataset_name: str = ""
    training: dict[str, Any] = {}
    figures: dict[str, Any] = {}  # of its newest report
    questions: list[dict[str, str]] = []  # golden ones with the wanted answer


def file_bytes(format: str, quantization: str, base_bytes: int, base_parameters: int, adapter_bytes: int) -> int:
    """The bytes of the exported file, roughly; 0 where they depend on the dataset."""
    if format == "gguf":
        return int(base_parameters * BITS[quantization] / 8)
    return {"merged": base_bytes, "adapter": adapter_bytes}.get(format, 0)


def peak_bytes(format: str, quantization: str, base_bytes: int, base_parameters: int, adapter_bytes: int) -> int:
    """The bytes that the export takes on the disk while it is made: of a GGUF file also the merged model and its form in F16."""
    made = file_bytes(format, quantization, base_bytes, base_parameters, adapter_bytes)
    if format == "gguf":
        return made + base_bytes + _LITTLE + (0 if quantization == "f16" else 2 * base_parameters)
    return 2 * made + _LITTLE


def _space(inputs: Inputs, parameters: dict[str, Any]) -> int:
    return peak_bytes(*(parameters[name] for name in ("format", "quantization", "base_bytes", "base_parameters", "adapter_bytes")))


def _spec_file(job: Job, seen: Seen) -> dict[str, Any]:
    written = spec_json(job, seen) | {"parameters": job.parameters["training"], "export": job.parameters}
    # An adapter and a bundle do not need the base.
    return written | {"base_path": str(seen.base or ""), "dataset_path": str(seen.dataset) if job.dataset_path else ""}


def _command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None) -> Command:
    return export_command(job, seen, settings)


def _accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    made = export_in(job.folder)
    if made is None:
        raise Refused("Its record cannot be read.", hint="Export it again.")
    for file in made.files:
        path = job.folder.export / file.name
        if Path(file.name).name != file.name or path.is_symlink() or not path.is_file() or path.stat().st_size != file.size_bytes:
            raise Refused("The file {name} is missing or cut short.", hint="Export it again.", name=file.name)
    return {}


EXPORT = Kind(
    name="export",
    title="Export",
    stem="export",
    spec=ExportSpec,
    needs="memory",
    requires=frozenset({"continue_from_path"}),
    result="export",
    incomplete="The export ended, but its files are incomplete.",
    parameters=lambda spec: spec.model_dump(exclude={"backend"}),
    space=_space,
    spec_file=_spec_file,
    command=_command,
    accept=_accept,
)
