"""Measures the learning rate on the base model itself, where no published rate fits its family."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch.nn.utils import clip_grad_norm_

from academy.text.tokens import Tokens
from academy.trainer.compute.batches import order
from academy.trainer.compute.loop import MAX_NORM, Method
from academy.trainer.compute.model import Adapted

STEPS = 16
_LOWEST, _HIGHEST = 0.2, 50.0  # of the rate that would be taken without the test
_SHARE = 0.125
"""Of the rate with the lowest loss: SmolLM2-135M's loss is lowest at 1e-2 to 1.4e-2, and it learns best at 1.3e-3 to 1.9e-3."""
_SMOOTH = 3  # steps whose mean loss counts


def measure_rate(adapted: Adapted, method: Method, rows: Sequence[Tokens], *, near: float, batch_size: int, seed: int) -> float | None:
    """The rate to train with, from a few steps at rising rates; the adapter is as before. None where no rate lowers the loss.

    After Smith, Cyclical Learning Rates for Training Neural Networks (2017), section 3.3.
    """
    parameters = [parameter for parameter in adapted.model.parameters() if parameter.requires_grad]
    before = [parameter.detach().clone() for parameter in parameters]
    rates = [near * _LOWEST * (_HIGHEST / _LOWEST) ** (step / (STEPS - 1)) for step in range(STEPS)]
    adapted.model.train()
    losses = _losses(adapted, method, rows, parameters, rates, batch_size, seed)
    with torch.no_grad():
        for parameter, value in zip(parameters, before, strict=True):
            parameter.copy_(value)
    return choose_rate(rates, losses)


def choose_rate(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """An eighth of the rate after which the loss is lowest; None where it never falls below the first ones."""
    means = [sum(losses[at : at + _SMOOTH]) / _SMOOTH for at in range(len(losses) - _SMOOTH + 1)]
    finite = list(itertools.takewhile(lambda mean: mean == mean and mean != float("inf"), means))
    if not finite or min(finite) >= 0.9 * finite[0]:
        return None
    lowest = finite.index(min(finite))
    return float(f"{_SHARE * rates[lowest + _SMOOTH // 2]:.1e}")


def _losses(
    adapted: Adapted,
    method: Method,
    rows: Sequence[Tokens],
    parameters: Sequence[torch.nn.Parameter],
    rates: Sequence[float],
    batch_size: int,
    seed: int,
) -> list[float]:
    """The mean loss of each step, before it is taken, as if its rows were as hard as those of all the steps.

    Rows differ in their loss by more than a few steps change it, so what the untouched model loses on the same rows is taken off.
    """
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0)
    scaler = torch.amp.GradScaler(adapted.placement.device.type, enabled=adapted.placement.precision == "fp16")
    turns = itertools.chain.from_iterable(order([1] * len(rows), seed + epoch, None) for epoch in itertools.count())
    steps = [[rows[at] for at in itertools.islice(turns, batch_size)] for _ in rates]
    with torch.no_grad():
        untouched = [_loss(adapted, method, due, batch_size) for due in steps]
    losses = []
    for rate, due in zip(rates, steps, strict=True):
        losses.append(_loss(adapted, method, due, batch_size, lambda loss: scaler.scale(loss).backward()))
        scaler.unscale_(optimizer)
        clip_grad_norm_(parameters, MAX_NORM)
        for group in optimizer.param_groups:
            group["lr"] = rate
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    usual = sum(untouched) / len(untouched)
    return [loss - own + usual for loss, own in zip(losses, untouched, strict=True)]


def _loss(
    adapted: Adapted, method: Method, due: Sequence[Tokens], batch_size: int, each: Callable[[torch.Tensor], object] | None = None
) -> float:
    """The mean loss on these rows; `each` gets the share of every part that goes through the model at once."""
    batches = [method.collate([due[at] for at in part.rows]) for part in adapted.split(due, most=batch_size)]
    counted = max(sum(batch.counted for batch in batches), 1)
    mean = 0.0
    for batch in batches:
        loss = method.loss(batch)[0] / counted
        if each is not None:
            each(loss)
        mean += float(loss.detach())
    return mean
