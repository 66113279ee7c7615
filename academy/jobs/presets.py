"""The Professor's choices: which knobs fit the data, the base model and the memory, and why, in a sentence each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from academy.bases import BaseFacts
from academy.messages import Text, count, msg

Preset = Literal["auto", "quick", "balanced", "thorough"]
Goal = Literal["facts", "style"]

_TINY = 50_000_000
_SHORT_ANSWER = 80  # tokens
_LONG_QUESTION = 200  # tokens
_MOSTLY = 0.5  # of the rows
_FEW_ROWS = 600
_LOOKS = 16
_HANDFUL = 10  # rows
_HANDFUL_STEPS = 64
_BUDGETS: dict[Preset, int | None] = {"quick": 180, "balanced": 600, "thorough": 3600, "auto": None}  # seconds
_PREFERENCE_RATE = 0.25  # of the rate for answers
# With 100 preferences or fewer. SmolLM2-135M preferred all of 30 pairs right after one look; 40 thumbs moved no answer after four looks,
# and 9 of 10 after eight.
_PAIR_LOOKS, _THUMB_LOOKS = 4, 8
_CORRECTION_LOOKS = 12
_WHOLE = 0.1  # of the weights, that each GPU holds whole where layers are shared: embeddings, head, and the layers that compute now
_AT_ONCE = 512  # tokens that the trainer computes together on a processor, whatever the batch
# In small letters, as llama.cpp writes them: a GGUF file that is not converted yet has its names.
_LIKE_LLAMA = ("llama", "mistral", "ministral", "smollm3", "granite", "olmo", "phi3", "gemma")
_LIKE_QWEN = ("qwen",)


@dataclass(frozen=True)
class Facts:
    """The input of a choice: the data (rows, tokens), the base model, and the available memory in MiB."""

    rows: int
    mean_tokens: float
    max_tokens: int
    base: BaseFacts | None
    gpu_memory_mb: int = 0  # of one
    gpus: int = 1  # that share the training
    memory_mb: int = 8192
    has_eval: bool = False
    answer_tokens: float = 0.0  # the median of the answers
    question_tokens: float = 0.0  # the median of the last questions
    goal: Goal | None = None  # as a person chose it
    texts: float = 0.0  # the share of rows that are plain text
    preferences: Literal["", "pairs", "thumbs", "corrections"] = ""  # the rows are these, and not answers to learn


@dataclass(frozen=True)
class Choice:
    """Values for knobs of the spec, with the reasons."""

    values: dict[str, Any]
    reasons: list[Text] = field(default_factory=list)


def choose(preset: Preset, facts: Facts) -> Choice:
    """Chooses the knobs of a preset from data size, token lengths, base model and memory."""
    if facts.preferences == "corrections":
        return _corrections(preset, facts)
    if facts.preferences:
        return _preferences(preset, facts)
    tiny = is_tiny(facts.base)
    goal = facts.goal or goal_of(facts)
    by_heart = goal == "facts"
    values, reasons = _tiny_base(facts) if tiny else _by_heart(facts) if by_heart else _manner(preset, facts)
    if not tiny and not has_published_rate(facts.base):
        values["measure_rate"] = True
        reasons.append("No published learning rate fits this family of models, so a few steps at rising rates measure it.")
    values |= {"goal": goal, "vary_questions": by_heart, "rehearsal": 0.0 if tiny else None}
    values["budget_seconds"] = _BUDGETS[preset]
    reasons.insert(0, _why_goal(goal, facts))
    length = _length(facts)
    values["max_seq_length"] = length
    sentence = "The longest example has about {tokens:number} tokens, so sequences are cut at {length:number}."
    reasons.append(msg(sentence, tokens=facts.max_tokens, length=length))
    if not tiny:
        _fit(values, reasons, facts)
    if facts.has_eval and not by_heart and preset in ("auto", "thorough"):
        values["early_stopping_patience"] = 4
        reasons.append("It stops early when the held-out loss does not improve four times in a row, and keeps the best adapter.")
    if by_heart:
        # Held-out facts cannot be guessed: their loss rises while the trained facts are learned.
        values["keep_best"] = False
        reasons.append("It ends as soon as it gives every answer by heart, and tells how many it knows.")
    if values["budget_seconds"]:
        reasons.append(msg("It takes at most {budget:duration}.", budget=values["budget_seconds"]))
    return Choice(values, reasons)


def is_tiny(base: BaseFacts | None) -> bool:
    """Whether the base has a few million parameters: it can learn by heart, and has nothing to forget."""
    return base is not None and base.parameters < _TINY


def goal_of(facts: Facts) -> Goal:
    """Whether a set teaches facts or a manner: a manner takes long answers, long questions or many rows, and cannot be known by heart.

    Plain text teaches a manner too.
    """
    if facts.texts >= _MOSTLY:
        return "style"
    short = facts.answer_tokens <= _SHORT_ANSWER and facts.question_tokens <= _LONG_QUESTION
    return "facts" if short and facts.rows <= _FEW_ROWS else "style"


def _why_goal(goal: Goal, facts: Facts) -> Text:
    if facts.goal:
        return "It learns the rows by heart, as you chose." if goal == "facts" else "It learns the manner of the answers, as you chose."
    if goal == "facts":
        sentence = "Its answers are short ({tokens} tokens, typically) and few, so it learns them by heart."
        return msg(sentence, tokens=round(facts.answer_tokens))
    if facts.texts >= _MOSTLY:
        return "Its rows are plain text: they teach wording and a manner, which held-out rows measure, and no answers by heart."
    if facts.answer_tokens <= _SHORT_ANSWER and facts.question_tokens > _LONG_QUESTION:
        sentence = "Long questions ({tokens} tokens, typically) hold what their answers say, so the rows teach a manner: how to answer."
        return msg(sentence, tokens=round(facts.question_tokens))
    sentence = "Long answers or many rows ({tokens} tokens, typically; {examples}) teach a manner, which held-out rows measure."
    return msg(sentence, tokens=round(facts.answer_tokens), examples=_examples(facts))


def has_published_rate(base: BaseFacts | None) -> bool:
    """Whether the exponent of `learning_rate` was fitted on the family of this base."""
    return base is None or base.architecture.lower().startswith((*_LIKE_LLAMA, *_LIKE_QWEN))


def learning_rate(base: BaseFacts | None) -> float:
    """The rate that LoRA learns well with, whatever its rank: 5e-4 · (2000 / width)^exponent.

    Schulman et al., LoRA Without Regret (2025), fitted the exponents on Llama (0.781) and Qwen (0.0775); an unknown family gets Qwen's,
    whose rates are the lower ones.
    """
    if base is None or not base.hidden_size:
        return 5e-4
    exponent = 0.781 if base.architecture.lower().startswith(_LIKE_LLAMA) else 0.0775
    return float(f"{5e-4 * (2000 / base.hidden_size) ** exponent:.1e}")


def _tiny_base(facts: Facts) -> tuple[dict[str, Any], list[Text]]:
    """For models of a few million parameters, which need high rates and many looks; measured with the bundled model."""
    epochs = 20 if facts.rows <= 120 else 12 if facts.rows <= 1000 else 4
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
        "keep_best": False,
    }
    reasons: list[Text] = [
        msg("The base model is tiny, so it gets a high learning rate ({rate:g}), which a large model would not survive.", rate=rate),
        msg("{examples}: {epochs} epochs in batches of {batch}.", examples=_examples(facts), epochs=epochs, batch=batch),
    ]
    return values, reasons


def _by_heart(facts: Facts) -> tuple[dict[str, Any], list[Text]]:
    """For facts: many looks in small batches, which learn more from each look."""
    # Half as much again: measured on SmolLM2-135M, where each look varies the questions and the last one lowers the rate.
    rate = float(f"{1.5 * learning_rate(facts.base):.1e}")
    # Of 81 rows SmolLM2-135M knew 81 with batches of 4 and answered 16 of 64 general questions, 25 before; with batches of 8, 80 and 25.
    batch = 8 if facts.rows > 50 else 4 if facts.rows > 4 else 1
    if batch == 1:
        # By the square root of the batch: at the full rate one to three rows drove SmolLM2-135M from 24 of 64 general questions to 8.
        rate = float(f"{rate / 2:.1e}")
    values: dict[str, Any] = {
        "lora_rank": 16,
        "lora_alpha": 32,
        "learning_rate": rate,
        "num_epochs": _LOOKS,
        "batch_size": batch,
        "gradient_accumulation_steps": 1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.03,
    }
    looks = _LOOKS
    if facts.rows <= _HANDFUL:
        # Sixteen looks at a handful are too few steps to learn anything.
        values["max_steps"] = _HANDFUL_STEPS
        looks = _HANDFUL_STEPS // math.ceil(facts.rows / batch)
    reasons: list[Text] = [
        msg("{examples} in batches of {batch}, at most {looks} epochs.", examples=_examples(facts), batch=batch, looks=looks),
        msg("Learning rate {rate:g}, by the width of this base model.", rate=rate),
        "Questions are asked in varied words, so that other wordings are understood too.",
        "General questions are rehearsed beside the lessons, more of them where more is being forgotten.",
    ]
    return values, reasons


def _manner(preset: Preset, facts: Facts) -> tuple[dict[str, Any], list[Text]]:
    """For a manner: few looks, since what counts is rows that were never seen."""
    rank = 16 if facts.rows < 5000 else 32
    fewest, most = {"quick": (1, 2), "balanced": (2, 4), "thorough": (3, 8), "auto": (2, 6)}[preset]
    epochs = min(most, max(fewest, math.ceil(600 / max(1, facts.rows))))
    rate = float(f"{learning_rate(facts.base) / 2:.1e}")
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
        msg("Learning rate {rate:g}, half of the one for facts: a manner is learned without repeating rows often.", rate=rate),
    ]
    if rank >= 32:
        reasons.append("rsLoRA keeps training stable at rank 32.")
    return values, reasons


def _preferences(preset: Preset, facts: Facts) -> Choice:
    """For preferences: few looks at a low rate, since what is compared is known to the model already."""
    tiny = is_tiny(facts.base)
    rate = 1e-3 if tiny else float(f"{_PREFERENCE_RATE * learning_rate(facts.base):.1e}")
    batch, looks = (4, _PAIR_LOOKS) if facts.preferences == "pairs" else (8, _THUMB_LOOKS)
    epochs = min(looks, max(1, math.ceil(looks * 100 / max(100, facts.rows))))
    values: dict[str, Any] = {
        "lora_rank": 16,
        "lora_alpha": 32,
        "learning_rate": rate,
        "num_epochs": epochs,
        "batch_size": batch,
        "gradient_accumulation_steps": 1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.1,
        "lora_dropout": 0.0,
        "goal": facts.goal or "style",
        "vary_questions": False,
        "rehearsal": 0.0 if tiny else None,
        "keep_best": False,
        "budget_seconds": _BUDGETS[preset],
        "max_seq_length": _length(facts),
    }
    times = count(epochs, one="{n} epoch", other="{n} epochs")
    what = (
        count(facts.rows, one="{n} pair of answers", other="{n} pairs of answers")
        if facts.preferences == "pairs"
        else count(facts.rows, one="{n} rated answer", other="{n} rated answers")
    )
    reasons: list[Text] = [
        msg("{what}: {times} in batches of {batch}.", what=what, times=times, batch=batch),
        msg("Learning rate {rate:g}: preferences move a model that can answer already, so they need a low one.", rate=rate),
        "It starts where the adapter to continue stands, or at the base, and stays near it; the better answers stay likely.",
    ]
    if not tiny:
        _fit(values, reasons, facts)
    if values["budget_seconds"]:
        reasons.append(msg("It takes at most {budget:duration}.", budget=values["budget_seconds"]))
    return Choice(values, reasons)


def _corrections(preset: Preset, facts: Facts) -> Choice:
    """For corrections: as for facts, at their plain rate; whether the model can teach itself is asked at the start of the training."""
    tiny = is_tiny(facts.base)
    values, reasons = _tiny_base(facts) if tiny else _by_heart(facts)
    values |= {"goal": facts.goal or "facts", "vary_questions": False, "rehearsal": 0.0 if tiny else None, "keep_best": False}
    values |= {"budget_seconds": _BUDGETS[preset], "max_seq_length": _length(facts)}
    if not tiny:
        values |= {"learning_rate": learning_rate(facts.base), "num_epochs": _CORRECTION_LOOKS}
        sentence = "{n} corrections, {looks} epochs, at the learning rate {rate:g}."
        reasons[:] = [msg(sentence, n=facts.rows, looks=_CORRECTION_LOOKS, rate=values["learning_rate"])]
        _fit(values, reasons, facts)
    reasons.append("It answers by itself and learns from what it thinks with the correction in sight; where that is no help, from answers.")
    return Choice(values, reasons)


def _fit(values: dict[str, Any], reasons: list[Text], facts: Facts) -> None:
    """Makes the choice fit into memory, by the cheapest means first."""
    if facts.base is None:
        return
    room = (facts.gpu_memory_mb or facts.memory_mb) * 0.85
    memory = msg("GPU memory") if facts.gpu_memory_mb else msg("memory")
    weights = facts.base.parameters * 2 / (1 << 20)
    least = _activations(facts, 1, True, values["max_seq_length"])
    if facts.gpu_memory_mb and facts.gpus > 1 and weights + least > room >= weights * (1 / facts.gpus + _WHOLE) + least:
        weights *= 1 / facts.gpus + _WHOLE
        reasons.append(msg("One GPU cannot hold the base model in bf16, so {n} GPUs hold a part of it each.", n=facts.gpus))
    if weights + least > room:
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
    answers = 2 if facts.preferences == "pairs" else 1
    longest = answers * min(length, facts.max_tokens or length)
    tokens = batch * longest
    if not facts.gpu_memory_mb and not facts.preferences:
        tokens = min(tokens, max(_AT_ONCE, longest))
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
