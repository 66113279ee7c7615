"""Rehearsal against forgetting: the adapted model keeps the base's own predictions on general prompts.

The base answers each prompt once; its largest logits at each token of the answer are the target of a Kullback-Leibler loss, as in
Learning without Forgetting (Li & Hoiem, 2016), so no text of others is trained and the loss is 0 where nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file, save_file

from academy.text.tokens import Tokens
from academy.trainer.compute.batches import Batch, order

_TOP = 32  # logits kept of each token; the rest counts as one outcome
_AIM = 0.03  # nats a token of drift that rehearsal allows, about a third of what an unrehearsed run shows
_LEAST, _MOST = 0.05, 0.4  # rehearsed tokens for each token of a lesson
_MEMORY = 0.9  # of the drift so far that the running mean keeps a step


class Predicts(Protocol):
    """The parts of a method that rehearsal needs."""

    def collate(self, rows: Sequence[Tokens]) -> Batch:
        """The rows as one batch."""
        ...

    def logits(self, batch: Batch) -> torch.Tensor:
        """The logits of a batch's trained positions: (targets, vocabulary)."""
        ...


@dataclass(frozen=True)
class Memory:
    """The base's own answers: rows, and for each trained token its `_TOP` most probable tokens with their log probabilities."""

    rows: list[Tokens]
    tokens: list[torch.Tensor]
    log_probabilities: list[torch.Tensor]

    def save(self, path: Path) -> None:
        """Writes it as safetensors, aside and then renamed."""
        tensors: dict[str, torch.Tensor] = {}
        for number, row in enumerate(self.rows):
            tensors[f"{number}.ids"] = torch.tensor(row.ids)
            tensors[f"{number}.trained"] = torch.tensor(row.trained)
            tensors[f"{number}.tokens"] = self.tokens[number].to(torch.int32)
            tensors[f"{number}.log_probabilities"] = self.log_probabilities[number]
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".tmp")
        save_file(tensors, aside)
        aside.rename(path)

    @classmethod
    def load(cls, path: Path) -> Memory:
        """Reads what `save` wrote."""
        tensors = load_file(path)
        rows, tokens, probabilities = [], [], []
        for number in range(sum(name.endswith(".ids") for name in tensors)):
            ids = tensors[f"{number}.ids"].tolist()
            rows.append(Tokens(number, ids, tensors[f"{number}.trained"].tolist(), len(ids)))
            tokens.append(tensors[f"{number}.tokens"].long())
            probabilities.append(tensors[f"{number}.log_probabilities"])
        return cls(rows, tokens, probabilities)


def remember(model: Any, method: Predicts, rows: Sequence[Tokens]) -> Memory:
    """The base's predictions on its own answers, with the adapter switched off."""
    kept, tokens, probabilities = [], [], []
    was_training = model.training
    model.eval()
    with torch.no_grad(), model.disable_adapter():
        for row in rows:
            logits = method.logits(method.collate([row])).float().log_softmax(-1)
            top = logits.topk(min(_TOP, logits.shape[-1]))
            kept.append(row)
            tokens.append(top.indices.cpu())
            probabilities.append(top.values.cpu())
    model.train(was_training)
    return Memory(kept, tokens, probabilities)


class Rehearsal:
    """Which remembered rows a step rehearses, and their loss."""

    def __init__(self, memory: Memory, method: Predicts, seed: int, share: float | None) -> None:
        self._memory, self._method, self._seed = memory, method, seed
        self._fixed = share
        self._share = _LEAST * 2 if share is None else share
        self._debt = 0.0
        self._done = 0  # rows rehearsed so far
        self.drift: float | None = None  # nats a token: the running mean of the loss

    def loss(self, lesson_tokens: int) -> tuple[torch.Tensor, int] | None:
        """The mean divergence from the base on the rows due after so many tokens of lessons, and their tokens; None while none is due."""
        self._debt += self._share * lesson_tokens
        due: list[int] = []
        while self._debt > 0:
            due.append(self._next())
            self._debt -= len(self._memory.rows[due[-1]].ids)
        if not due:
            return None
        batch = self._method.collate([self._memory.rows[index] for index in due])
        loss = self._divergence(batch, due)
        self._follow(float(loss.detach()))
        return loss, batch.tokens

    def _next(self) -> int:
        epoch, at = divmod(self._done, len(self._memory.rows))
        self._done += 1
        return order([1] * len(self._memory.rows), self._seed + epoch, None)[at]

    def _divergence(self, batch: Batch, due: list[int]) -> torch.Tensor:
        device = batch.targets.device
        tokens = torch.cat([self._memory.tokens[index] for index in due]).to(device)
        expected = torch.cat([self._memory.log_probabilities[index] for index in due]).to(device)
        return divergence(self._method.logits(batch), tokens, expected).mean()

    def _follow(self, drift: float) -> None:
        """More rehearsal where more is forgotten: it costs time only there."""
        self.drift = drift if self.drift is None else _MEMORY * self.drift + (1 - _MEMORY) * drift
        if self._fixed is None:
            self._share = min(_MOST, max(_LEAST, 0.25 * self.drift / _AIM))

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"share": self._share, "debt": self._debt, "done": self._done, "drift": self.drift}

    def restore(self, facts: dict[str, Any]) -> None:
        """Goes on from a checkpoint."""
        self._share, self._debt, self._done, self.drift = facts["share"], facts["debt"], facts["done"], facts["drift"]


def divergence(logits: torch.Tensor, tokens: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """KL(base‖model) of each position in nats, over the base's top tokens and all others as one outcome.

    logits is (positions, vocabulary); tokens and expected, their log probabilities in the base, are (positions, top).
    """
    found = logits.float().log_softmax(-1).gather(1, tokens)
    base = expected.exp()
    rest = (1 - base.sum(-1)).clamp_min(1e-6)
    found_rest = (1 - found.exp().sum(-1)).clamp_min(1e-6)
    return (base * (expected - found)).sum(-1) + rest * (rest.log() - found_rest.log())
