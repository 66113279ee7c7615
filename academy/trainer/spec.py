"""The trainer's own reading of `spec.json`: plain values, each with a default, so that an older spec still runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from academy.bases.folders import is_packed
from academy.messages import msg
from academy.text.failures import Failure


@dataclass(frozen=True)
class Spec:
    """The model, the data and the parameters of a training."""

    folder: Path
    job_id: str
    name: str
    created_at: str
    base_model: str
    base_path: Path
    base_fingerprint: str
    dataset_path: Path
    eval_path: Path | None
    dataset_id: str | None
    continue_from: Path | None
    dry_run: bool
    device: str
    parameters: dict[str, Any] = field(default_factory=dict)
    continued_id: str | None = None  # the adapter's id
    dataset_shown: str | None = None  # the dataset's path for people, whatever a container calls it
    earlier: tuple[tuple[str, Path], ...] = ()  # datasets that were taught before, by id
    golden_rows: int | None = None  # so many first rows of eval_path only measure, the others are taught; None: none of them is
    measuring_rows: int = 0  # so many of the dataset's own rows only measure
    questions: tuple[dict[str, str], ...] = ()  # of the person, for an exam
    auto: bool = False  # whether the Professor chose all parameters
    cache: Path | None = None  # what is computed once for each base model
    preferences_path: Path | None = None  # pairs and thumbs to learn from, instead of the rows
    sweep: dict[str, Any] = field(default_factory=dict)  # of a race: its trials, the time, and the repeats

    @property
    def processes(self) -> int:
        """How many processes train together, each on a GPU of its own; preferences and corrections are learned by one."""
        return self.knob("gpus") if self.knob("method") == "sft" else 1

    @property
    def has_dataset(self) -> bool:
        """Whether there is one; an exam needs none."""
        return self.dataset_path != Path()

    @property
    def base_public_name(self) -> str:
        """The name that others find the base by: a hub name works anywhere, a bundled model or a folder only by its path."""
        if Path(self.base_model).is_absolute():
            return self.base_model
        hub = self.base_model.count("/") == 1 and not self.base_model.startswith((".", "~"))
        return self.base_model if hub else str(self.base_path)

    @property
    def is_quantized(self) -> bool:
        """Whether the base's weights are packed in 4 or 8 bits, as the training asks or as they lie in the folder."""
        return self.knob("quantization") != "none" or is_packed(self.base_path)

    def knob(self, name: str) -> Any:
        """A parameter's value, or its default."""
        value = self.parameters.get(name)
        return _DEFAULTS[name] if value is None else value


_DEFAULTS: dict[str, Any] = {
    "lora_rank": 16,
    "lora_alpha": None,
    "lora_dropout": 0.0,
    "target_modules": "all-linear",
    "use_rslora": False,
    "use_dora": False,
    "quantization": "none",
    "learning_rate": 2e-4,
    "lr_scheduler_type": "cosine",
    "warmup_steps": 0.03,
    "weight_decay": 0.0,
    "num_epochs": 3,
    "max_steps": None,
    "batch_size": 4,
    "gradient_accumulation_steps": 1,
    "max_seq_length": 2048,
    "eval_steps": None,
    "save_steps": None,
    "early_stopping_patience": 0,
    "keep_best": True,
    "precision": "auto",
    "gradient_checkpointing": False,
    "seed": 42,
    "gpus": 1,
    "method": "sft",
    # What an older spec does not say is as it was: every epoch is trained, on the questions as they are.
    "goal": "style",
    "stop_when_known": False,
    "measure_rate": False,
    "vary_questions": False,
    "budget_seconds": None,
}


def read_spec(folder: Path) -> Spec:
    """The spec of a job folder; raises Failure "bad_spec" where it cannot be read."""
    try:
        raw = json.loads((folder / "spec.json").read_bytes())
        return Spec(
            folder=folder,
            job_id=str(raw.get("job_id") or folder.name),
            name=str(raw.get("name") or folder.name),
            created_at=str(raw.get("created_at") or ""),
            base_model=str(raw["base_model"]),
            base_path=Path(raw["base_path"]),
            base_fingerprint=str(raw.get("base_fingerprint") or ""),
            dataset_path=Path(raw["dataset_path"]),
            eval_path=Path(raw["eval_path"]) if raw.get("eval_path") else None,
            dataset_id=raw.get("dataset_id"),
            continue_from=Path(raw["continue_from_path"]) if raw.get("continue_from_path") else None,
            dry_run=bool(raw.get("dry_run")),
            device=str(raw.get("device") or "auto"),
            parameters=dict(raw.get("parameters") or {}),
            continued_id=raw.get("continue_from"),
            dataset_shown=raw.get("dataset_shown"),
            earlier=tuple((str(item["dataset_id"]), Path(item["path"])) for item in raw.get("earlier") or ()),
            golden_rows=raw.get("golden_rows"),
            measuring_rows=int(raw.get("measuring_rows") or 0),
            questions=tuple(raw.get("questions") or ()),
            auto=bool(raw.get("auto")),
            cache=Path(raw["cache_path"]) if raw.get("cache_path") else None,
            preferences_path=Path(raw["preferences_path"]) if raw.get("preferences_path") else None,
            sweep=dict(raw.get("sweep") or {}),
        )
    except FileNotFoundError as error:
        raise Failure("The job folder has no spec.json.", "bad_spec") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(msg("The job's spec.json cannot be read: {error}.", error=error), "bad_spec") from error
