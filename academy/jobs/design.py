"""Which settings a race tries: the chosen ones first, and others that spread evenly over the space; pure."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

RACED: tuple[str, ...] = (
    *("learning_rate", "lora_rank", "batch_size", "num_epochs", "lora_dropout", "weight_decay", "warmup_steps", "lr_scheduler_type"),
    *("rehearsal", "vary_questions", "use_rslora", "use_dora", "target_modules"),
)
"""The settings that a race can vary: those that need no other base in memory and no other reading of the rows."""

_TRIES = 200
_DIGITS = 2
_FACTOR = 2.0  # below and above the chosen learning rate
_FACTOR_UNSURE = 8.0  # where it was not published for the family of the base
_HIGHEST_RATE = 1e-2
_RANKS = (8, 16, 32)


class Range(BaseModel):
    """All values between two; `log`: by their logarithm, as for a learning rate."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low must not be above high, and above 0 with log")
        return self


Values = list[Any] | Range
Space = dict[str, Values]


def default_space(values: Mapping[str, Any], names: Sequence[str] = ("learning_rate", "lora_rank")) -> Space:
    """A space around the chosen values, for the settings of these names."""
    rate, factor = float(values["learning_rate"]), _FACTOR_UNSURE if values.get("measure_rate") else _FACTOR
    around: Space = {
        "learning_rate": Range(low=rate / factor, high=min(_HIGHEST_RATE, rate * factor), log=True),
        "lora_rank": sorted({*_RANKS, int(values["lora_rank"])}),
        "batch_size": sorted({max(1, int(values["batch_size"]) // 2), int(values["batch_size"]), min(32, 2 * int(values["batch_size"]))}),
        "num_epochs": sorted({max(1, int(values["num_epochs"]) // 2), int(values["num_epochs"]), min(20, 2 * int(values["num_epochs"]))}),
        "lora_dropout": [0.0, 0.05, 0.1],
        "rehearsal": [0.0, 0.25, 0.5],
        "weight_decay": [0.0, 0.01, 0.1],
    }
    return {name: around[name] for name in names if name in around}


OFFERED: tuple[str, ...] = ("learning_rate", "lora_rank", "batch_size", "num_epochs", "lora_dropout", "rehearsal", "weight_decay")
"""The settings that have a default space."""


def design(space: Space, chosen: Mapping[str, Any], trials: int, seed: int) -> list[dict[str, Any]]:
    """So many different choices, the chosen values first if they are in the space; fewer where the space has no more.

    The others are a Latin hypercube (McKay, Beckman and Conover, A Comparison of Three Methods for Selecting Values of Input Variables,
    1979): each setting's values are cut into as many equal parts as there are choices, and each part is used once.
    """
    found = [{name: chosen.get(name) for name in space}] if all(_inside(chosen.get(name), values) for name, values in space.items()) else []
    draw = random.Random(seed)
    for _ in range(_TRIES):
        if len(found) >= trials:
            break
        wanted = trials - len(found)
        columns = {name: _column(values, wanted, draw) for name, values in space.items()}
        for place in range(wanted):
            choice = {name: column[place] for name, column in columns.items()}
            if choice not in found:
                found.append(choice)
    return found[:trials]


def _inside(value: Any, values: Values) -> bool:
    if isinstance(values, list):
        return value is None or value in values  # None: chosen while it trains, as the rehearsal
    return isinstance(value, int | float) and values.low <= value <= values.high


def _column(values: Values, count: int, draw: random.Random) -> list[Any]:
    """A value from each of so many equal parts, in any order."""
    parts = [(place + draw.random()) / count for place in range(count)]
    draw.shuffle(parts)
    if isinstance(values, list):
        return [values[min(len(values) - 1, int(part * len(values)))] for part in parts]
    if values.log:
        low, high = math.log(values.low), math.log(values.high)
        return [_rounded(math.exp(low + part * (high - low)), values) for part in parts]
    return [_rounded(values.low + part * (values.high - values.low), values) for part in parts]


def _rounded(value: float, within: Range) -> float:
    """With two digits, and a whole number where both ends are."""
    if within.low.is_integer() and within.high.is_integer() and within.high - within.low >= 1:
        return round(value)
    return min(within.high, max(within.low, float(f"{value:.{_DIGITS - 1}e}")))
