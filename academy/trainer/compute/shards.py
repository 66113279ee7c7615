"""The frozen layers of a base model in shards, one on each card, for a team whose cards cannot hold it whole.

torch's FSDP2 gathers a layer before its forward and its backward pass and frees it afterwards. What is trained stays whole in every
process, so that steps, checkpoints and adapters are those of any team. Every pass gathers, so all processes must make the same passes in
the same order: one that has nothing to compute goes along, and where the first works alone, the others follow.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from academy.text.failures import Failure
from academy.trainer.compute.attention import DOCUMENTS

_Made = TypeVar("_Made")


class Shards:
    """The shards of one process of a team, and how it takes part in the passes of another."""

    def __init__(self, device: torch.device, size: int) -> None:
        self._device = device
        self._mesh = init_device_mesh(device.type, (size,))
        self._model: Any = None
        self._root: Any = None

    def take(self, model: Any) -> None:
        """Keeps this process's shard of each layer of an adapted model in main memory, and moves the rest of it to the card."""
        base = model.get_base_model()
        self._model, self._root = model, base.base_model
        kinds = set(base._no_split_modules or ())
        layers = [module for module in self._root.modules() if type(module).__name__ in kinds]
        if not layers:
            raise Failure("The layers of this base model cannot be divided among GPUs. Choose 4-bit quantization.", "base_too_large")
        trained = {parameter for parameter in model.parameters() if parameter.requires_grad}
        for layer in layers:
            fully_shard(layer, mesh=self._mesh, reshard_after_forward=True, ignored_params=trained)
        whole = {parameter for parameter in self._root.parameters() if not isinstance(parameter, DTensor)}
        # Without weights of its own; it lets the layers gather in order, each while the one before it computes.
        fully_shard(self._root, mesh=self._mesh, reshard_after_forward=True, ignored_params=whole)
        for tensor in chain(model.parameters(), model.buffers()):
            if not isinstance(tensor, DTensor) and tensor.device != self._device:
                tensor.data = tensor.data.to(self._device)

    def held_bytes(self) -> int:
        """The bytes of the model's weights that this process holds between two passes."""
        parts = (item.to_local() if isinstance(item, DTensor) else item for item in self._model.parameters())
        return sum(part.numel() * part.element_size() for part in parts)

    def lead(self, make: Callable[[], _Made]) -> _Made:
        """What the first process makes; each pass through the model that it takes for this, the others go along with."""
        passes: list[bool] = []  # whether it is complete

        def begin(*_: Any) -> None:
            _tell(True)
            passes.append(False)

        def end(*_: Any) -> None:
            passes[-1] = True

        hooks = self._root.register_forward_pre_hook(begin), self._root.register_forward_hook(end)
        made = make()
        for hook in hooks:
            hook.remove()
        if all(passes):
            _tell(False)  # else the others wait in a pass that broke, and end when this process does
        return made

    def follow(self) -> None:
        """Goes along with the passes of the first process, until it has made what it makes."""
        training = self._model.training
        self._model.eval()
        DOCUMENTS.lay(None)
        with torch.no_grad():
            while _tell(False):
                self._root(input_ids=torch.zeros(1, 1, dtype=torch.long, device=self._device), use_cache=False)
        self._model.train(training)


def _tell(passes: bool) -> bool:
    """The first process tells the others whether it passes through the model."""
    told = torch.tensor([int(passes)])
    dist.broadcast(told, 0)
    return bool(told)
