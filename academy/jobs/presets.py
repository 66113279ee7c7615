"""Presets: which knobs fit the data, the base model and the memory, and why, in a sentence each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from academy.bases import BaseFacts
from academy.messages import Text, count, msg

Preset = Literal["auto", "quick", "balanced", "thorough"]

_TINY = 50_000_000


@dataclass(frozen=True)
class Facts:
    """The input of a choice: the data (rows, tokens), the base model, and the available memory in MiB."""

    rows: int
    mean_tokens: float
    max_tokens: int
    base: BaseFacts | None
    gpu_memory_mb: int = 0
    memory_mb: int = 8192
    has_eval: bool = False


@dataclass(frozen=True)
class Choice:
    """Values for knobs of the spec, with the reasons."""

    values: dict[str, Any]
    reasons: list[Text] = field(default_factory=list)


def choose(preset: Preset, facts: Facts) -> Choice:
    """Chooses the knobs of a preset from data size, token lengths, base model and memory."""
    tiny = facts.base is not None and facts.base.parameters < _TINY
    values, reasons = _for_tiny(preset, facts) if tiny else _for_usual(preset, facts)
    length = _length(facts)
    values["max_seq_length"] = length
    sentence = "The longest example has about {tokens:number} tokens, so sequences are cut at {length:number}."
    reasons.append(msg(sentence, tokens=facts.max_tokens, length=length))
    if not tiny:
        _fit(values, reasons, facts)
    if facts.has_eval and not tiny and preset in ("auto", "thorough"):
        values["early_stopping_patience"] = 4
        reasons.append("It stops early when the held-out loss does not improve four times in a row, and keeps the best adapter.")
    return Choice(values, reasons)


def _for_tiny(preset: Preset, facts: Facts) -> tuple[dict[str, Any], list[Text]]:
    """For models of a few million parameters, which need high rates and many epochs; measured with the bundled model."""
    epochs = {"quick": 8, "balanced": 14, "thorough": 20, "auto": 20 if facts.rows <= 120 else 12 if facts.rows <= 1000 else 4}[preset]
    if facts.rows > 1000 and preset != "auto":
        epochs = max(1, epochs // 3)
    batch = 4 if facts.rows <= 150 else 8 if facts.rows <= 1000 else 16
    rate = 6e-3 if facts.rows <= 150 else 5e-3 if facts.rows <= 1000 else 3e-3
    values: dict[str, Any] = {
        "lora_rank": 16,
        "lora_alpha": 32,
        "learning_rate": rate,
        "num_epochs": epochs,
        "batch_size": batch,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05,
        "gradient_accumulation_steps": 1,
    }
    reasons: list[Text] = [
        msg("The base model is tiny, so it gets a high learning rate ({rate:g}), which a large model would not survive.", rate=rate),
        msg("{examples}: {epochs} epochs in batches of {batch}.", examples=_examples(facts), epochs=epochs, batch=batch),
    ]
    if facts.has_eval:
        # Held-out facts cannot be guessed: their loss rises while the trained facts are learned.
        values["keep_best"] = False
        reasons.append("It keeps the last adapter, not the best on held-out rows: a model this small learns by heart.")
    return values, reasons


def _for_usual(preset: Preset, facts: Facts) -> tuple[dict[str, Any], list[Text]]:
    rank = {"quick": 8, "balanced": 16, "thorough": 32, "auto": 16 if facts.rows < 5000 else 32}[preset]
    if preset == "auto":
        # Few rows need many epochs, many rows few: at least about 600 rows seen, at most 10 epochs.
        epochs = min(10, max(1, math.ceil(600 / max(1, facts.rows)))) if facts.rows < 300 else 3 if facts.rows < 3000 else 2
    else:
        epochs = {"quick": 1, "balanced": 3, "thorough": 6}[preset] * (2 if facts.rows < 100 else 1)
    epochs = min(20, epochs)
    rate = 2e-4 if facts.base is None or facts.base.parameters < 3_000_000_000 else 1e-4
    effective = 8 if facts.rows < 500 else 16
    values: dict[str, Any] = {
        "lora_rank": rank,
        "lora_alpha": 2 * rank,
        "learning_rate": rate,
        "num_epochs": epochs,
        "batch_size": min(effective, 8),
        "gradient_accumulation_steps": max(1, effective // 8),
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.03,
        "lora_dropout": 0.05 if facts.rows >= 1000 else 0.0,
        "use_rslora": rank >= 32,
    }
    times = count(epochs, one="{n} epoch", other="{n} epochs")
    reasons: list[Text] = [
        msg("{examples}: {epochs}, rank {rank}.", examples=_examples(facts), epochs=times, rank=rank),
        msg("Learning rate {rate:g}, as is usual for LoRA on a model of this size.", rate=rate),
    ]
    if rank >= 32:
        reasons.append("rsLoRA keeps training stable at rank 32.")
    return values, reasons


def _fit(values: dict[str, Any], reasons: list[Text], facts: Facts) -> None:
    """Makes the choice fit into memory, by the cheapest means first."""
    if facts.base is None:
        return
    room = (facts.gpu_memory_mb or facts.memory_mb) * 0.85
    memory = "GPU memory" if facts.gpu_memory_mb else "memory"
    weights = facts.base.parameters * 2 / (1 << 20)
    if weights + _activations(facts, 1, True, values["max_seq_length"]) > room:
        values["quantization"] = "4bit"
        weights /= 3.6
        reasons.append(msg("In bf16 the base model does not fit into the {memory}, so it is loaded in 4-bit (QLoRA).", memory=memory))
    batch, effective = values["batch_size"], values["batch_size"] * values["gradient_accumulation_steps"]
    while batch > 1 and weights + _activations(facts, batch, False, values["max_seq_length"]) > room:
        batch //= 2
    checkpointing = weights + _activations(facts, batch, False, values["max_seq_length"]) > room
    if checkpointing:
        values["gradient_checkpointing"] = True
        reasons.append(msg("Gradient checkpointing, because the {memory} is short.", memory=memory))
    if batch != values["batch_size"]:
        sentence = "Batches of {batch} × {times}, so that a step fits into the {memory}."
        reasons.append(msg(sentence, batch=batch, times=effective // batch, memory=memory))
    values["batch_size"], values["gradient_accumulation_steps"] = batch, effective // batch
    if weights > room:
        sentence = "Even so the base model may not fit: it needs about {needed:.1f} GB of {memory}. Choose a smaller one."
        reasons.append(msg(sentence, needed=weights / 1024, memory=memory))


def _activations(facts: Facts, batch: int, checkpointing: bool, length: int) -> float:
    """A rough bound in MiB on the activations of a step: about 34 bytes per token, layer and hidden unit in bf16."""
    if facts.base is None:
        return 0.0
    layers = max(1, facts.base.layers)
    tokens = batch * min(length, facts.max_tokens or length)
    kept = 34 * facts.base.hidden_size * tokens * (1 if checkpointing else layers)
    return (kept + (2 * facts.base.hidden_size * tokens * layers if checkpointing else 0)) / (1 << 20) + 200


def _examples(facts: Facts) -> Text:
    return count(facts.rows, one="{n} example", other="{n} examples")


def _length(facts: Facts) -> int:
    limit = facts.base.max_length if facts.base and facts.base.max_length else 8192
    wanted = max(256, facts.max_tokens + 16)
    length = 256
    while length < wanted:
        length *= 2
    return max(256, min(length, 2048 if facts.base is None else 4096, limit, 8192))
