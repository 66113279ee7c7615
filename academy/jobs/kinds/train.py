"""The kind `train`: an adapter learned from a dataset, by Academy's trainer or by a recipe of the owner."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from academy.bases import header_of
from academy.config import Settings
from academy.errors import Refused
from academy.files import disk_errors, now, sync_folder, write_atomic, write_json
from academy.jobs import folder as job_folder
from academy.jobs.backends import Command, Seen
from academy.jobs.kinds.commands import program_command, recipe_command
from academy.jobs.kinds.convert import base_space
from academy.jobs.kinds.kind import Kind
from academy.jobs.recipes import Recipe
from academy.jobs.spec import KNOBS, TrainingSpec
from academy.jobs.store import Inputs, Job

CHANGEABLE = frozenset(
    {"batch_size", "gradient_accumulation_steps", "gradient_checkpointing", "max_seq_length", "quantization", "precision"}
)
"""The knobs that a resume may change: they decide whether a training fits, not what is learned."""

_ADAPTER_SUFFIXES = (".json", ".safetensors", ".jinja", ".model", ".txt", ".md")


def spec_json(job: Job, seen: Seen) -> dict[str, Any]:
    """`spec.json`: all that the trainer reads, with paths as it sees them."""
    return {
        "job_id": job.job_id,
        "name": job.name,
        "created_at": job.created_at,
        "base_model": job.base_model,
        "base_path": str(seen.base) if seen.base else None,
        "base_fingerprint": job.base_fingerprint,
        "base_revision": job.base_revision,
        "dataset_path": str(seen.dataset),
        "eval_path": str(seen.evaluation) if seen.evaluation else None,
        "preferences_path": str(seen.preferences) if seen.preferences else None,
        "dataset_id": job.dataset_id,
        "continue_from_path": str(seen.continue_from) if seen.continue_from else None,
        "continue_from": job.continue_from,
        "parameters": job.parameters,
        "dry_run": job.dry_run,
        "device": job.device,
        # The dataset's path for people: the model card and metadata.json name it, whatever a container calls it.
        "dataset_shown": job.dataset_path,
        "golden_rows": job.golden_rows,
        "measuring_rows": job.measuring_rows,
        "auto": job.effort == "auto" and not job.chosen,
        "earlier": [{"dataset_id": name, "path": str(path)} for name, path in seen.earlier.items()],
        "cache_path": _cache_of(job, seen),
    }


def _cache_of(job: Job, seen: Seen) -> str | None:
    """The data folder's cache of what is computed once for each base model; None where the program does not see it."""
    return str(job.folder.path.parent.parent / "cache") if seen.folder == job.folder.path else None


def train_command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None, outside: Mapping[str, str] = os.environ) -> Command:
    """The trainer, or the owner's recipe."""
    if recipe is not None:
        return recipe_command(recipe, job, seen, settings, outside)
    return program_command("academy.trainer", job, seen, settings, outside)


def _knobs(spec: TrainingSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in KNOBS}


def _space(inputs: Inputs, parameters: dict[str, Any]) -> int:
    """The bytes of checkpoints and adapter at this rank, or of a base model that is not ready."""
    base = Path(inputs.base_path) if inputs.base_path else None
    if base is None or not base.is_dir():
        return base_space(inputs)
    try:
        weights = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    except OSError:
        return 0  # a size that cannot be read refuses no training
    # About what LoRA adds at rank 16 on all linears (1 % of the weights), with optimizer, in three checkpoints.
    return int(weights * 0.01 * parameters.get("lora_rank", 16) / 16 * 3 * 4)


def _accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    if recipe is not None:
        _take_over(job, recipe)
    if job.dry_run:
        return {}
    job.folder.check_adapter()
    _name_as_seen_here(job, seen)
    return {"adapter_path": str(job.folder.adapter)}


def _name_as_seen_here(job: Job, seen: Seen) -> None:
    """Corrects the files that the trainer wrote: a container has other paths, and the job may have been renamed."""
    outside = {str(seen.dataset): job.dataset_path, str(seen.base): job.base_path, str(seen.evaluation): job.eval_path}
    for path in (job.folder.metadata, job.folder.adapter / "metadata.json", job.folder.adapter / "adapter_config.json"):
        written = job_folder.read_small(path)
        if written is not None:
            named = {key: outside.get(value) or value if isinstance(value, str) else value for key, value in written.items()}
            if "name" in written:
                named["name"] = job.name
            if named != written:
                write_atomic(path, job_folder.dumps(named))


def _take_over(job: Job, recipe: Recipe) -> None:
    """Makes a recipe's output the job's adapter, in one step, with its origin."""
    folder = job.folder
    output = folder.output / recipe.adapter
    if output.resolve() != (folder.path.resolve() / "output" / recipe.adapter) or not output.is_dir():
        raise Refused(
            "The recipe {recipe} left no adapter in output/{adapter}.",
            hint="Its `adapter` names the folder below {{output}}.",
            recipe=recipe.name,
            adapter=recipe.adapter,
        )
    job_folder.check_adapter(output)
    aside = folder.path / ".adapter.new"
    job_folder.remove(aside)
    with disk_errors("the adapter"):
        aside.mkdir()
        for path in output.iterdir():
            if path.is_file() and not path.is_symlink() and path.suffix in _ADAPTER_SUFFIXES:
                os.link(path, aside / path.name)
        header_of(aside / "adapter_model.safetensors")
        write_json(folder.metadata, _recipe_metadata(job, recipe))
        job_folder.remove(folder.adapter)
        os.rename(aside, folder.adapter)
        sync_folder(folder.path)


def _recipe_metadata(job: Job, recipe: Recipe) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "name": job.name,
        "base_model": job.base_model,
        "base_fingerprint": job.base_fingerprint,
        "dataset_path": job.dataset_path,
        "dataset_id": job.dataset_id,
        "parameters": job.parameters,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": now(),
        "source": "recipe",
        "recipe": recipe.name,
    }


TRAIN = Kind(
    name="train",
    title="Training",
    stem="training",
    spec=TrainingSpec,
    needs="device",
    requires=frozenset({"dataset_path", "base_model"}),
    result="adapter",
    incomplete="The training ended, but its adapter is incomplete.",
    parameters=_knobs,
    space=_space,
    spec_file=spec_json,
    command=train_command,
    accept=_accept,
    resume="checkpoint",
    changeable=CHANGEABLE,
    keeps_on_stop=True,
)
