"""How long a training will take: from its tokens, and how fast this machine trains."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Any

from academy.bases import BaseFacts
from academy.jobs.spec import TrainingSpec
from academy.messages import Message, count, msg, render

_EXPECTED_LOOKS = 0.9
"""Of the most: SmolLM2-135M knew 24 facts after 15 of 16 looks, the last three of them included."""
_REHEARSAL = 0.5
"""Tokens of rehearsal for each token of a lesson, where the share follows the drift."""
_EFFICIENCY = 0.5
"""Of the speed of a large matrix product that training reaches: attention, norms and the optimizer are no matrix products."""
_REFERENCE_LOOKS = 0.5
"""Of preferences: a forward pass over all answers before the first step."""
_SAMPLED = 2.5
"""Of corrections, times the time of a token: answers are sampled, and read with the correction in sight."""
_FLOP = 4.0
"""A token and parameter: two for the forward pass, two for the gradients of activations; LoRA needs none of the frozen weights."""
_RECOMPUTED = 2.0
"""More where gradient checkpointing repeats the forward pass."""
_LAYER_SECONDS = 0.003
"""A step and layer, which even the smallest matrix takes: an assumption, until a training on this base has measured it."""
_AFTERWARDS = 1.2
"""The exam, for each second of training: 53 s after 360 s with SmolLM2-135M on two busy cores."""
_START_SECONDS = 6.0
"""From the start of the process to the first step; loading the libraries takes most of it."""
_SIDE = 512
_MEASURING_SECONDS = 0.2
_PRODUCTS = 5
"""At least: on a busy machine one product may wait longer for a core than it computes, and the first training seemed to take 15 minutes."""


@dataclass(frozen=True)
class Pace:
    """The speed of an earlier training on the same base and device: tokens a second, and the seconds beside the training itself."""

    tokens_per_second: float
    other_seconds: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """The seconds that a training will take; `measured` on this base model here, otherwise from the speed of the machine."""

    seconds: float
    measured: bool
    sentence: Message

    def as_dict(self) -> dict[str, Any]:
        """The estimate as a reply shows it."""
        return {"seconds": round(self.seconds, 1), "measured": self.measured, "sentence": render(self.sentence)}


def estimate(spec: TrainingSpec, rows: int, mean_tokens: float, pace: Pace | None, base: BaseFacts | None) -> Estimate | None:
    """The time of a training on `rows` rows; without an earlier pace from the speed of this processor, None where the base is unknown."""
    steps, tokens = _amount(spec, rows, mean_tokens)
    if pace is not None:
        return _told(tokens / pace.tokens_per_second, pace.other_seconds, spec, measured=True)
    if base is None or not base.parameters:
        return None
    flop = _FLOP + (_RECOMPUTED if spec.gradient_checkpointing else 0.0)
    training = tokens * flop * base.parameters / (_EFFICIENCY * matrix_speed()) + steps * base.layers * _LAYER_SECONDS
    return _told(training, _START_SECONDS + (_AFTERWARDS - 1) * training, spec, measured=False)


@functools.cache
def matrix_speed() -> float:
    """Floating-point operations a second of a matrix product in fp32 on all cores, the best of a fifth of a second, measured once."""
    import numpy as np

    matrix = np.ones((_SIDE, _SIDE), dtype=np.float32)
    product = np.empty_like(matrix)
    best, products, until = float("inf"), 0, time.monotonic() + _MEASURING_SECONDS
    while products < _PRODUCTS or time.monotonic() < until:
        products += 1
        began = time.perf_counter()
        np.matmul(matrix, matrix, out=product)
        best = min(best, time.perf_counter() - began)
    return 2.0 * _SIDE**3 / best


def _amount(spec: TrainingSpec, rows: int, mean_tokens: float) -> tuple[float, float]:
    """The steps and the tokens that are to be expected, rehearsal included."""
    in_step = spec.batch_size * spec.gradient_accumulation_steps
    by_heart = spec.goal == "facts" and spec.stop_when_known and spec.method == "sft"
    looks = spec.num_epochs * (_EXPECTED_LOOKS if by_heart else 1.0)
    steps = min(spec.max_steps or float("inf"), looks * max(1.0, rows / in_step))
    share = _REHEARSAL if spec.rehearsal is None else spec.rehearsal
    tokens = (1 + share) * min(steps * in_step, looks * rows) * min(mean_tokens, spec.max_seq_length)
    if spec.method == "preference":
        tokens += _REFERENCE_LOOKS * rows * mean_tokens
    return steps, tokens * (_SAMPLED if spec.method == "correction" else 1.0)


def _told(training: float, other: float, spec: TrainingSpec, *, measured: bool) -> Estimate:
    seconds = min(training, spec.budget_seconds or training) + other
    sentence = "About {time}." if measured else "About {time} (estimated)."
    return Estimate(seconds, measured, msg(sentence, time=_words(seconds)))


def _words(seconds: float) -> Message:
    if seconds < 50:
        return msg("half a minute") if seconds > 20 else msg("{seconds} s", seconds=max(5, 5 * round(seconds / 5)))
    if seconds < 90 * 60:
        return count(max(1, round(seconds / 60)), one="{n} min", other="{n} min")
    return msg("{hours:decimal1} h", hours=seconds / 3600)
