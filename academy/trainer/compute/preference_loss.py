"""The losses of learning from preferences, from the log-probabilities of whole answers; each is TRL's, as a test checks."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid


def pair_margin(logps: torch.Tensor, reference: torch.Tensor, beta: float) -> torch.Tensor:
    """How much more each better answer gained than its worse one, from (better …, worse …) now and before: (pairs)."""
    better, worse = (logps - reference).chunk(2)
    return beta * (better - worse)


def pair_loss(margin: torch.Tensor) -> torch.Tensor:
    """The mean loss of DPO (Rafailov et al., Direct Preference Optimization, 2023, equation 7), from `pair_margin`."""
    return -logsigmoid(margin).mean()


def thumb_loss(gained: torch.Tensor, good: torch.Tensor, drift: torch.Tensor, beta: float, weights: tuple[float, float]) -> torch.Tensor:
    """The mean loss of KTO (Ethayarajh et al., KTO, 2024, equation 8), from what each answer gained in log-probability: (answers).

    `drift` is the mean gain of answers to other prompts, not below 0; `weights` are those of good and of bad answers.
    """
    value = torch.sigmoid(beta * torch.where(good, gained - drift, drift - gained))
    return (torch.where(good, weights[0], weights[1]) * (1 - value)).mean()


def thumb_weights(good: int, bad: int) -> tuple[float, float]:
    """The weights of good and bad answers with which both count the same in all; the rarer kind is raised (KTO, equation 9)."""
    most = max(good, bad)
    return most / max(good, 1), most / max(bad, 1)
