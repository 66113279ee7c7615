"""Learning from preferences: DPO from pairs of answers, KTO from single answers with a thumb.

The losses are those of TRL's DPOTrainer (`loss_type=["sigmoid", "sft"]`) and KTOTrainer, in this house's own loop: wrapped, they would
bring their own data path, checkpoints and resume, without rehearsal, exam and events. A test compares the numbers with TRL's.

The reference is the model before the first step: the adapter that is continued, or the base, since a new adapter changes nothing.
Its log-probabilities are computed once, by the very passes that the training repeats, so that the margin at step 0 is exactly 0 in any
precision. For the same reason answers stay in their group, what is rehearsed has a pass of its own, and there is no dropout.

Beside the preference, the likelihood of the better answers is trained (Pang et al., Iterative Reasoning Preference Optimization, 2024,
equation 1), since DPO alone may make both answers unlikely.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import torch

from academy.text.tokens import Tokens
from academy.trainer.compute.batches import Batch
from academy.trainer.compute.model import Adapted
from academy.trainer.compute.preference_loss import pair_loss, pair_margin, thumb_loss, thumb_weights
from academy.trainer.methods.sft import SupervisedFineTuning
from academy.trainer.preferences import Group, Preferences

BETA = 0.1
"""How closely the model stays to the reference: TRL's and the papers' usual value."""
LIKELIHOOD = 1.0
"""The weight of the better answers' likelihood, as in the paper."""


@dataclass(frozen=True)
class Compared(Batch):
    """The answers of a group as one batch."""

    group: Group
    count: int  # pairs or thumbs

    @property
    def counted(self) -> int:
        """The pairs or thumbs."""
        return self.count

    @property
    def lengths(self) -> list[int]:
        """The trained tokens of each answer."""
        return torch.bincount(self.owners, minlength=len(self.group.answers)).tolist()

    def wholly(self, right: torch.Tensor) -> list[bool]:
        """Nothing of it is learned by heart."""
        return [False]


class PreferenceLearning:
    """The loss of one group of pairs or thumbs, beside its reference."""

    apart = True

    def __init__(self, adapted: Adapted, reader: SupervisedFineTuning, preferences: Preferences) -> None:
        self.model = adapted.model
        self._device, self._reader, self._pairs = adapted.placement.device, reader, preferences.kind == "pairs"
        good = [flag for group in preferences.train for flag in group.good]
        self._weights = thumb_weights(sum(good), len(good) - sum(good))
        self._before: dict[int, torch.Tensor] = {}  # by group, the log-probability of each answer
        self._swapped_before: dict[int, torch.Tensor] = {}
        self._seen: defaultdict[str, list[torch.Tensor]] = defaultdict(list)
        for module in adapted.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0

    def refer(self, groups: Sequence[Group], *, trained: bool) -> None:
        """Takes the model as it is now as the reference, in the mode in which the groups will be read."""
        for group in groups:
            with self._mode(trained), torch.set_grad_enabled(trained):
                self._before[group.row] = self._logps(self.collate([group])).detach()
            if group.swapped:
                self._swapped_before[group.row] = self._swapped(group)

    def collate(self, rows: Sequence[Tokens], rehearsed: Sequence[Tokens] = ()) -> Batch:
        """One group as a batch on the model's device; or, where there is none, what is rehearsed."""
        if not rows:
            return self._reader.collate((), rehearsed)
        (group,) = rows
        assert isinstance(group, Group)
        batch = self._reader.collate(group.answers)
        plain: dict[str, Any] = {field.name: getattr(batch, field.name) for field in fields(Batch)}
        return Compared(**plain, group=group, count=len(group.answers) // (2 if self._pairs else 1))

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The summed loss of a group's pairs or thumbs; of what is rehearsed, only the logits."""
        if not isinstance(batch, Compared):
            return self._reader.loss(batch)
        # Before the pass that is trained: a pass after it would change what gradient checkpointing repeats.
        drift = None if self._pairs else self._drift(batch.group)
        tokens = self._reader.logps(batch)
        logps, before, good = _summed(tokens, batch), self._before[batch.group.row], self._good(batch)
        if drift is None:
            margin = pair_margin(logps, before, BETA)
            loss = pair_loss(margin)
            self._note(margin=margin, accuracy=_share(margin))
        else:
            gained = logps - before
            loss = thumb_loss(gained, good, drift, BETA, self._weights)
            self._note(good=BETA * gained[good], bad=BETA * gained[~good], accuracy=_share(torch.where(good, gained, -gained)))
        self._note(chosen=logps[good], rejected=logps[~good])
        liked = torch.repeat_interleave(good, torch.tensor(batch.lengths, device=good.device))
        if bool(liked.any()):
            loss = loss - LIKELIHOOD * tokens[liked].mean()
        return batch.count * loss, torch.zeros(0, dtype=torch.bool), tokens[:0]

    def measured(self) -> dict[str, float]:
        """The mean log-probability of better and worse answers, the margin between their gains, and how often it is above 0.

        Beyond what the loss needs, nothing is computed; a tie counts as half.
        """
        means = {name: torch.cat(values).mean().item() for name, values in self._seen.items() if sum(map(len, values))}
        self._seen.clear()
        if not self._pairs and "good" in means and "bad" in means:
            means["margin"] = means["good"] - means["bad"]
        return {name: means[name] for name in ("chosen", "rejected", "margin", "accuracy") if name in means}

    def compare(self, groups: Sequence[Group]) -> dict[str, float] | None:
        """How the groups look to the model now, and how before; None without groups.

        `moved`: the share of pairs or thumbs whose probability moved the right way, a tie as half. `before`, `after`: the share in which
        the better answer is likelier, by the mean over its tokens; of thumbs, each good answer is compared with each bad one.
        """
        now, before, good, lengths = [], [], [], []
        for group in groups:
            with self._mode(False), torch.no_grad():
                batch = self.collate([group])
                assert isinstance(batch, Compared)
                now.append(self._logps(batch))
            before.append(self._before[group.row])
            good.append(self._good(batch))
            lengths.append(torch.tensor(batch.lengths, device=now[-1].device))
        self._seen.clear()
        if not groups:
            return None
        if self._pairs:
            margin = torch.cat([pair_margin(last, first, BETA) for last, first in zip(now, before, strict=True)])
            means = [[(part / length).chunk(2) for part, length in zip(parts, lengths, strict=True)] for parts in (before, now)]
            likelier = [torch.cat([better - worse for better, worse in pairs]) for pairs in means]
            return {"of": len(margin), "moved": _mean(_share(margin)), "margin": _mean(margin)} | _both(likelier)
        liked = torch.cat(good)
        gained = BETA * (torch.cat(now) - torch.cat(before))
        each = [torch.cat(parts) / torch.cat(lengths) for parts in (before, now)]
        likelier = [(part[liked][:, None] - part[~liked][None, :]).flatten() for part in each]
        moved = _mean(_share(torch.where(liked, gained, -gained)))
        margin = _mean(gained[liked]) - _mean(gained[~liked]) if len(likelier[0]) else 0.0
        return {"of": len(liked), "moved": moved, "margin": margin} | _both(likelier)

    # -- helpers

    def _logps(self, batch: Batch) -> torch.Tensor:
        """The log-probability of each answer."""
        assert isinstance(batch, Compared)
        return _summed(self._reader.logps(batch), batch)

    def _drift(self, group: Group) -> torch.Tensor:
        """The mean gain of answers to other prompts than their own: how far the model moved at all."""
        return (self._swapped(group) - self._swapped_before[group.row]).mean().clamp(min=0)

    def _swapped(self, group: Group) -> torch.Tensor:
        with torch.no_grad():
            batch = self._reader.collate(group.swapped)
            return _split(self._reader.logps(batch), torch.bincount(batch.owners, minlength=len(group.swapped)).tolist())

    def _good(self, batch: Compared) -> torch.Tensor:
        return torch.tensor(batch.group.good, device=self._device)

    def _note(self, **values: torch.Tensor) -> None:
        for name, value in values.items():
            self._seen[name].append(value.detach())

    @contextmanager
    def _mode(self, trained: bool) -> Iterator[None]:
        model, before = self.model, self.model.training
        model.train(trained)
        try:
            yield
        finally:
            model.train(before)


def _summed(tokens: torch.Tensor, batch: Compared) -> torch.Tensor:
    """The log-probability of each answer from those of its tokens."""
    return _split(tokens, batch.lengths)


def _split(tokens: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    # Adding up by index is not repeatable on a GPU.
    return torch.stack([part.sum() for part in tokens.split(lengths)])


def _share(values: torch.Tensor) -> torch.Tensor:
    """1 above 0, 0 below, a half in between."""
    return (values.sign() + 1) / 2


def _mean(values: torch.Tensor) -> float:
    return round(values.mean().item(), 4)


def _both(likelier: Sequence[torch.Tensor]) -> dict[str, float]:
    first, last = likelier
    return {"before": _mean(_share(first)), "after": _mean(_share(last))} if len(first) else {}
