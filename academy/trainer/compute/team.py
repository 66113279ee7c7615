"""The processes of one training: each computes the gradients of a share of every step, and all take the same step.

Only the adapter is trained, so its gradients are added up in one message once a step. torch's `DistributedDataParallel` would instead hook
into the model's own forward pass, which the loss over trained positions does not use, and would average where the loss is a sum.
The environment is that of `torchrun` (RANK, WORLD_SIZE), so other launchers can start the processes too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist

from academy.trainer.launch import MEETING

if TYPE_CHECKING:
    from academy.trainer.compute.shards import Shards

PATIENCE = timedelta(minutes=30)
"""How long a process waits for another one; a process that dies is noticed at once."""

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


class Team:
    """One process of a training, and how it works with the others; the first one (rank 0) reports and writes."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size
        self.shards: Shards | None = None  # where a process holds only a part of each layer of the base

    @property
    def is_first(self) -> bool:
        """Whether this is the process that reports, evaluates and writes."""
        return self.rank == 0

    def share(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """The part of all items that this process computes."""
        return items if self.size == 1 else items[self.rank :: self.size]

    def totals(self, *numbers: float) -> tuple[float, ...]:
        """The sums over all processes."""
        if self.size == 1:
            return numbers
        added = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(added)
        return tuple(added.tolist())

    def agreed(self, *numbers: float) -> tuple[float, ...]:
        """The numbers of the first process, so that all decide alike."""
        if self.size == 1:
            return numbers
        given = torch.tensor(numbers, dtype=torch.float64)
        dist.broadcast(given, 0)
        return tuple(given.tolist())

    def extremes(self, number: float) -> tuple[float, float]:
        """The least and the greatest over all processes."""
        if self.size == 1:
            return number, number
        found = torch.tensor([-number, number], dtype=torch.float64)
        dist.all_reduce(found, dist.ReduceOp.MAX)
        least, greatest = found.tolist()
        return -least, greatest

    def alone(self, make: Callable[[], _Made]) -> _Made | None:
        """What the first process makes; None in the others."""
        if self.shards is None:
            return make() if self.is_first else None
        return self.shards.lead(make) if self.is_first else self.shards.follow()

    def once(self, make: Callable[[], _Made]) -> _Made:
        """What the first process makes, for all of them."""
        if self.size == 1:
            return make()
        made: list[Any] = [self.alone(make)]
        dist.broadcast_object_list(made, 0, device=torch.device("cpu"))
        return made[0]

    def align(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Gives all processes the parameters of the first."""
        if self.size > 1:
            for parameter in parameters:
                dist.broadcast(parameter.data, 0)

    def add_up(self, parameters: Sequence[torch.nn.Parameter], figures: torch.Tensor) -> torch.Tensor:
        """Replaces each gradient by its sum over all processes, and returns the sums of the figures: fp32, on the parameters' device."""
        if self.size == 1:
            return figures
        parts = [torch.zeros_like(item) if item.grad is None else item.grad for item in parameters]
        added = torch.cat([*(part.flatten().float() for part in parts), figures])
        dist.all_reduce(added)
        start = 0
        for item, part in zip(parameters, parts, strict=True):
            item.grad = added[start : start + part.numel()].view_as(part).to(part.dtype)
            start += part.numel()
        return added[start:]

    def seed(self, seed: int, step: int) -> None:
        """Random numbers that differ by process and depend on nothing but the step, so that a resumed training draws the same."""
        if self.size > 1:
            torch.manual_seed((seed * 1_000_003 + step) * self.size + self.rank)


ALONE = Team()


def local_size() -> int:
    """How many processes this training has on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE") or dist.get_world_size()) if dist.is_initialized() else 1


def join(folder: Path) -> Team:
    """The team that this process belongs to by its environment; it leaves when it ends."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE
    rank = int(os.environ["RANK"])
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    # Without an address the processes are on one machine and meet in a file, which needs no port that another program may take.
    where = "env://" if "MASTER_ADDR" in os.environ else f"file://{folder / MEETING}"
    dist.init_process_group(backend, where, PATIENCE, size, rank)
    return Team(rank, size)
