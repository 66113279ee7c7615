"""Turns rows of tokens into the tensors of a batch, and orders the rows of an epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

from academy.text.tokens import Tokens

_LEAST_SAVED = 0.1  # of a batch's tokens, for a common beginning to be computed once


@dataclass(frozen=True)
class Batch:
    """What the model reads, and which of its predictions are trained."""

    inputs: dict[str, torch.Tensor]  # arguments of the model's forward, each of shape (rows, tokens); end to end there is one row
    bounds: list[int] | None  # where rows laid end to end begin and end; None: they are padded
    prefix: int  # tokens that all rows begin with and that stand only once, before them; they have bounds of their own
    positions: torch.Tensor  # in the flattened inputs, the positions whose next token is trained
    targets: torch.Tensor  # these next tokens
    owners: torch.Tensor  # the row of the batch that each target belongs to
    tokens: int  # of the rows, without padding
    trained: int  # targets that are lessons; those after them are rehearsed

    @property
    def counted(self) -> int:
        """What the summed loss is divided by."""
        return self.trained

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        inputs = {name: tensor.to(device) for name, tensor in self.inputs.items()}
        return replace(self, inputs=inputs, positions=self.positions.to(device), targets=self.targets.to(device))

    def rehearsing(self, rows: int) -> Batch:
        """The same batch, whose last rows are rehearsed instead of learned."""
        lessons = int(self.owners[-1]) + 1 - rows
        return replace(self, trained=int((self.owners < lessons).sum()))

    def wholly(self, right: torch.Tensor) -> list[bool]:
        """The lessons of the batch all of whose targets are right; `right` is (trained)."""
        owners = self.owners[: self.trained]
        rows = int(owners[-1]) + 1 if len(owners) else 0
        return (torch.bincount(owners[~right.cpu()], minlength=rows) == 0).tolist()


def lay_end_to_end(rows: Sequence[Tokens]) -> Batch:
    """The rows as one sequence without padding, for a model whose attention knows the bounds.

    Where all rows begin alike, as with a system prompt, that beginning is computed once for all of them.
    """
    prefix = _common(rows)
    rest = [row.ids[prefix:] for row in rows]
    ids = torch.tensor([*rows[0].ids[:prefix], *chain.from_iterable(rest)])
    trained = torch.tensor([False] * prefix + list(chain.from_iterable(row.trained[prefix:] for row in rows)))
    bounds = [*([0] if prefix else []), *accumulate(map(len, rest), initial=prefix)]
    positions = torch.cat([torch.arange(prefix), *(torch.arange(prefix, len(row.ids)) for row in rows)])
    starts = bounds[1:-1] if prefix else bounds[:-1]
    inputs = {"input_ids": ids[None], "position_ids": positions[None]}
    return _batch(inputs, bounds, prefix, trained, starts, sum(len(row.ids) for row in rows))


def _common(rows: Sequence[Tokens]) -> int:
    """The tokens that all rows begin with and none of which the model learns to predict; 0 where computing them once saves little."""
    total = sum(len(row.ids) for row in rows)
    most = min(_first_trained(row) - 1 for row in rows)
    if len(rows) < 2 or (len(rows) - 1) * most < _LEAST_SAVED * total:
        return 0
    same = next((at for at, ids in enumerate(zip(*(row.ids[:most] for row in rows), strict=True)) if len(set(ids)) > 1), most)
    return same if (len(rows) - 1) * same >= _LEAST_SAVED * total else 0


def _first_trained(row: Tokens) -> int:
    return row.trained.index(True) if True in row.trained else len(row.ids)


def pad(rows: Sequence[Tokens], filler: int) -> Batch:
    """The rows below one another, filled up to the longest."""
    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [filler] * (width - len(row.ids)) for row in rows])
    trained = torch.tensor([row.trained + [False] * (width - len(row.ids)) for row in rows])
    mask = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows])
    starts = [at * width for at in range(len(rows))]
    return _batch({"input_ids": ids, "attention_mask": mask}, None, 0, trained.flatten(), starts, int(mask.sum()))


def _batch(
    inputs: dict[str, torch.Tensor], bounds: list[int] | None, prefix: int, trained: torch.Tensor, starts: list[int], tokens: int
) -> Batch:
    trained[starts] = False  # the first token of a row follows nothing
    targets = trained.nonzero()[:, 0]
    owners = torch.bucketize(targets, torch.tensor(starts[1:]), right=True)
    return Batch(inputs, bounds, prefix, targets - 1, inputs["input_ids"].flatten()[targets], owners, tokens, len(targets))


@dataclass(frozen=True)
class Part:
    """What goes through the model at once: places among a step's rows, and among the rows that it rehearses."""

    rows: list[int]
    rehearsed: list[int]


def split(
    rows: Sequence[int], rehearsed: Sequence[int], *, most: int, tokens: int | None = None, padded: bool = False, apart: bool = False
) -> list[Part]:
    """A step in parts of at most so many rows and, where rows are not longer than that, tokens; given are the tokens of each row.

    What is rehearsed goes along with the first rows that leave room for it, unless it needs a pass of its own (`apart`).
    """
    limit = math.inf if tokens is None else tokens

    def fits(lengths: list[int]) -> bool:
        return (len(lengths) * max(lengths) if padded else sum(lengths)) <= limit

    def chunks(lengths: Sequence[int], start: int, most: float) -> list[list[int]]:
        made: list[list[int]] = []
        for at in range(start, len(lengths)):
            if made and len(made[-1]) < most and fits([lengths[place] for place in (*made[-1], at)]):
                made[-1].append(at)
            else:
                made.append([at])
        return made

    parts, done = [Part(chunk, []) for chunk in chunks(rows, 0, most)], 0
    for part in () if apart else parts:
        used = [rows[at] for at in part.rows]
        while done < len(rehearsed) and fits([*used, rehearsed[done]]):
            used.append(rehearsed[done])
            part.rehearsed.append(done)
            done += 1
    return [*parts, *(Part([], chunk) for chunk in chunks(rehearsed, done, math.inf))]


def order(lengths: Sequence[int], seed: int, group: int | None) -> list[int]:
    """The order of an epoch's rows: shuffled, and with `group` rows a step, those of like length side by side."""
    generator = torch.Generator().manual_seed(seed)
    if group is None:
        return torch.randperm(len(lengths), generator=generator).tolist()
    return get_length_grouped_indices(lengths, group, generator=generator)
