"""When a device computes what the processor computes: the measured figures and their tolerance. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TOLERANCE: dict[str, tuple[float, float]] = {"fp32": (0.002, 0.02), "bf16": (0.03, 0.15), "fp16": (0.02, 0.1)}
"""The relative difference of the loss, and of the gradient's norm, that rounding explains."""

_WRONG = 5  # times the tolerance, from where on a training is refused


@dataclass(frozen=True)
class Figures:
    """Loss and norm of the gradient at each of the two steps."""

    losses: tuple[float, ...]
    norms: tuple[float, ...]


Verdict = Literal["same", "differs", "wrong"]


def judge(device: Figures, processor: Figures, precision: str) -> Verdict:
    """Whether two measurements are the same but for rounding. Pure."""
    if not all(map(math.isfinite, (*processor.losses, *processor.norms))):
        return "same"  # a broken base fails at the first step, with its own message
    loss, norm = TOLERANCE[precision]
    times = max(worst(device.losses, processor.losses) / loss, worst(device.norms, processor.norms) / norm)
    return "same" if times <= 1 else "differs" if times <= _WRONG else "wrong"


def worst(device: Sequence[float], processor: Sequence[float]) -> float:
    """The largest relative difference; infinite where the device computed no number."""
    pairs = zip(device, processor, strict=True)
    return max(abs(there - here) / max(abs(here), 1e-6) if math.isfinite(there) else math.inf for there, here in pairs)
