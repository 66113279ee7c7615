"""What to train: every knob once, with its default, bounds, title and help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.config import BackendName, Settings

Preset = Literal["auto", "quick", "balanced", "thorough"]
Goal = Literal["auto", "facts", "style"]
Method = Literal["sft", "preference", "correction"]
Scheduler = Literal["cosine", "linear", "constant", "constant_with_warmup", "cosine_with_restarts", "polynomial"]


class TrainingSpec(BaseModel):
    """A requested training; `resolve` fills in the open values."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, frozen=True)

    name: str = Field(
        default="", max_length=80, title="Name", description="The name of the job and its adapter. Empty: the dataset's name."
    )
    dataset_id: str | None = Field(default=None, max_length=120, title="Dataset", description="What to learn. Make one on the Dataset tab.")
    dataset_path: str | None = Field(
        default=None, max_length=1000, title="Dataset file", description="A dataset file of this data folder, instead of a dataset's id."
    )
    base_model: str | None = Field(
        default=None, max_length=500, title="Base model", description="Choose one, or type a folder, a GGUF file, or a Hugging Face name."
    )
    preset: Preset | None = Field(
        default=None, title="Effort", description="Auto chooses from your data and this machine; the others trade time for quality."
    )
    recipe: str | None = Field(
        default=None,
        max_length=80,
        title="Recipe",
        description="A training command of your own from recipes.toml, instead of Academy's trainer.",
    )
    continue_from: str | None = Field(
        default=None, max_length=120, title="Continue from", description="An adapter to train further, instead of a new one."
    )
    backend: BackendName | None = Field(
        default=None, title="Backend", description="Where the training runs: a process here, a container, or a Ray cluster."
    )

    method: Method = Field(
        default="sft",
        title="Learn from",
        description="Answers: what lessons say. Preferences: which answer is better. Corrections: its own answers, with yours in sight.",
    )
    goal: Goal = Field(
        default="auto",
        title="What to learn",
        description="By heart: facts, until every answer is known. The manner: how answers are written. Auto: by your data.",
    )
    vary_questions: bool | None = Field(
        default=None,
        title="Vary the questions",
        description="Asks in other words in each epoch, so that it understands other wordings. Answers stay as they are.",
    )
    rehearsal: float | None = Field(
        default=None,
        ge=0,
        le=1,
        title="Rehearsal",
        description="How much general knowledge is rehearsed beside each lesson. Empty: as much as is being forgotten.",
    )
    stop_when_known: bool = Field(
        default=True, title="Stop when known", description="Facts: ends as soon as every answer is given by heart."
    )
    budget_seconds: int | None = Field(
        default=None, ge=10, le=30 * 86_400, title="Time budget", description="Seconds after which it ends with what it has learned."
    )

    lora_rank: int = Field(default=16, ge=4, le=64, title="LoRA rank", description="Higher learns more and needs more memory.")
    lora_alpha: int | None = Field(
        default=None, ge=1, le=512, title="LoRA alpha", description="How strongly the adapter acts. Empty: twice the rank."
    )
    lora_dropout: float = Field(
        default=0.0, ge=0, le=0.5, title="LoRA dropout", description="Above 0 it memorizes less; 0.05 is usual for large datasets."
    )
    target_modules: str | list[str] = Field(
        default="all-linear", title="Target modules", description="Which layers get an adapter: all-linear, or names separated by commas."
    )
    use_rslora: bool = Field(
        default=False, title="rsLoRA", description="Scales by the square root of the rank; steadier at rank 32 and above."
    )
    use_dora: bool = Field(default=False, title="DoRA", description="Learns direction and size apart; a little better, noticeably slower.")
    quantization: Literal["none", "8bit", "4bit"] = Field(
        default="none", title="Quantization", description="4-bit (nf4) fits a model into a quarter of the memory: QLoRA."
    )
    learning_rate: float = Field(
        default=2e-4, gt=0, le=1e-2, title="Learning rate", description="How far each step goes. 0.0002 is usual for LoRA."
    )
    measure_rate: bool = Field(
        default=False,
        title="Measure the rate",
        description="A few steps at rising rates choose the learning rate, near the one above: for families without a published one.",
    )
    lr_scheduler_type: Scheduler = Field(default="cosine", title="Schedule", description="How the learning rate falls over the training.")
    warmup_steps: float = Field(
        default=0.03,
        ge=0,
        le=10_000,
        title="Warm-up",
        description="Steps until the full learning rate; below 1 it is a fraction of all steps.",
    )
    weight_decay: float = Field(
        default=0.0, ge=0, le=1, title="Weight decay", description="Pulls weights towards zero; 0 is usual for LoRA."
    )
    num_epochs: int = Field(default=3, ge=1, le=20, title="Epochs", description="How often each example is seen.")
    max_steps: int | None = Field(
        default=None, ge=1, le=10_000_000, title="Max steps", description="Ends after this many steps, whatever the number of epochs."
    )
    batch_size: int = Field(default=4, ge=1, le=32, title="Batch size", description="Examples a step; halve it when memory runs out.")
    gradient_accumulation_steps: int = Field(
        default=1,
        ge=1,
        le=1024,
        title="Gradient accumulation",
        description="Batches that count as one step, for a large batch in little memory.",
    )
    max_seq_length: int = Field(
        default=2048, ge=256, le=8192, title="Max sequence length", description="Longer examples are cut off here, in tokens."
    )
    eval_steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        title="Evaluate every",
        description="Steps between two evaluations on the held-out rows. Empty: chosen.",
    )
    save_steps: int | None = Field(
        default=None, ge=1, le=1_000_000, title="Checkpoint every", description="Steps between two checkpoints. Empty: chosen."
    )
    early_stopping_patience: int = Field(
        default=0, ge=0, le=100, title="Early stopping", description="Evaluations without progress after which it stops; 0: never."
    )
    keep_best: bool = Field(
        default=True, title="Keep the best", description="With held-out rows: the adapter of the best evaluation, not the last."
    )
    precision: Literal["auto", "bf16", "fp16", "fp32"] = Field(
        default="auto", title="Precision", description="Auto: bf16 if the hardware supports it, else fp32."
    )
    gradient_checkpointing: bool = Field(
        default=False, title="Gradient checkpointing", description="Less memory for about a quarter more time."
    )
    gpus: int = Field(
        default=1, ge=1, le=64, title="GPUs", description="How many train together, each a share of the batch. Learns the same, sooner."
    )
    seed: int = Field(default=42, ge=0, le=2**31 - 1, title="Seed", description="The same seed and data give the same training.")


KNOBS: tuple[str, ...] = tuple(
    name
    for name in TrainingSpec.model_fields
    if name not in ("name", "dataset_id", "dataset_path", "base_model", "preset", "recipe", "continue_from", "backend")
)
"""The fields that a preset may choose and the trainer reads."""

_FROM_SETTINGS = ("lora_rank", "learning_rate", "num_epochs", "batch_size", "max_seq_length")


def gpus_of(parameters: Mapping[str, Any]) -> int:
    """How many devices a job with these parameters shares its work among."""
    return int(parameters.get("gpus") or 1)


def resolve(requested: TrainingSpec, chosen: dict[str, Any], settings: Settings) -> TrainingSpec:
    """The spec with every open value filled: from the request, else the preset, else the environment, else the default."""
    values = {name: getattr(settings, name) for name in _FROM_SETTINGS} | {"backend": settings.backend}
    values |= {"base_model": settings.default_base_model} | chosen
    if values.get("rehearsal") is None:
        values["rehearsal"] = settings.rehearsal  # None: as much as is being forgotten
    given = {name: getattr(requested, name) for name in requested.model_fields_set}
    values |= {name: value for name, value in given.items() if value is not None and (name, value) != ("goal", "auto")}
    if "lora_rank" in given and given.get("lora_alpha") is None:
        values["lora_alpha"] = None  # twice the rank that was given, not twice the chosen one
    spec = TrainingSpec.model_validate(values)
    return spec if spec.lora_alpha is not None else spec.model_copy(update={"lora_alpha": 2 * spec.lora_rank})
