"""Puts adapters on a loaded base model and swaps them without loading it again."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from academy.adapters.check import WEIGHTS
from academy.adapters.store import Adapter
from academy.chat.memory import is_memory_error
from academy.errors import AcademyError, Refused
from academy.messages import Text, msg


@dataclass(frozen=True)
class Slot:
    """The adapter on the model, with its parameters by their names in the file."""

    name: str
    adapter_id: str
    stamp: tuple[int, int]
    config: Any
    parameters: dict[str, Any]
    layers: list[tuple[str, Any]]
    scales: list[float]  # of the layers, at strength 1


class Swapped:
    """A base model with at most one adapter; a failed swap leaves the adapter before in place."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.slot: Slot | None = None
        self._peft: Any = None
        self._count = 0

    def put(self, adapter: Adapter) -> None:
        """Puts the adapter on the model unless it is there in this version, and sets its strength; raises Refused."""
        self._put(adapter)
        if self.slot is not None:
            for (_, layer), scale in zip(self.slot.layers, self.slot.scales, strict=True):
                # Whatever made the scale (alpha by the rank, or by its root): times 1 it is the same number.
                layer.scaling[self.slot.name] = scale * adapter.strength

    def _put(self, adapter: Adapter) -> None:
        status = (adapter.path / WEIGHTS).stat()
        stamp = (status.st_mtime_ns, status.st_size)
        slot = self.slot
        if slot is not None and slot.adapter_id == adapter.adapter_id and slot.stamp == stamp:
            return
        from peft import PeftConfig
        from safetensors.torch import load_file

        try:
            config = PeftConfig.from_pretrained(str(adapter.path))
            tensors = load_file(adapter.path / WEIGHTS)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _refused(adapter, msg("it cannot be read")) from error
        config.inference_mode = True
        if slot is not None and _same_positions(slot, config, tensors):
            self._refill(slot, config, tensors)
            self.slot = replace(slot, adapter_id=adapter.adapter_id, stamp=stamp, config=config, scales=_scales(slot.layers, slot.name))
        else:
            self._insert(adapter, stamp, config, tensors)

    @contextlib.contextmanager
    def only(self, adapter: Adapter | None) -> Iterator[None]:
        """Inside, the model answers with this adapter, or without any, which is also what strength 0 means."""
        if (adapter is None or adapter.strength == 0) and self._peft is not None:
            with self._peft.disable_adapter():
                yield
        else:
            yield

    def _refill(self, slot: Slot, config: Any, tensors: dict[str, Any]) -> None:
        """The swap of milliseconds: new numbers into the old parameters. Only a lack of memory can stop it half-way."""
        from peft.utils.other import get_pattern_key

        ready = {name: tensor.to(slot.parameters[name].device, slot.parameters[name].dtype) for name, tensor in tensors.items()}
        for name, tensor in ready.items():
            parameter = slot.parameters[name]
            if parameter.shape == tensor.shape:
                parameter.data.copy_(tensor)
            else:
                parameter.data = tensor
        for name, module in slot.layers:
            alpha = config.alpha_pattern.get(get_pattern_key(config.alpha_pattern.keys(), name), config.lora_alpha)
            weights = module.lora_A[slot.name].weight if slot.name in module.lora_A else module.lora_embedding_A[slot.name]
            rank = weights.shape[0]
            module.r[slot.name], module.lora_alpha[slot.name] = rank, alpha
            module.scaling[slot.name] = alpha / (math.sqrt(rank) if config.use_rslora else rank)

    def _insert(self, adapter: Adapter, stamp: tuple[int, int], config: Any, tensors: dict[str, Any]) -> None:
        """Puts an adapter of another make beside the old one, and removes the old one once the new one is complete."""
        from peft.tuners.lora import LoraLayer

        self._count += 1
        name = f"adapter{self._count}"
        config.init_lora_weights = True  # irrelevant by now, and some values would change the base model
        before = self.slot
        with contextlib.ExitStack() as undo:
            undo.callback(self._restore, name, before)
            try:
                self._add(adapter, name, config, tensors)
            except (RuntimeError, ValueError, KeyError) as error:
                if is_memory_error(error):
                    raise
                raise _refused(adapter, msg("its weights do not fit the base model")) from error
            undo.pop_all()
        if before is not None:
            self._take_out(before.name)
        layers = [
            (path, layer)
            for path, layer in self._peft.base_model.model.named_modules()
            if isinstance(layer, LoraLayer) and name in layer.scaling
        ]
        self.slot = Slot(name, adapter.adapter_id, stamp, config, _positions(self._peft, name), layers, _scales(layers, name))

    def _add(self, adapter: Adapter, name: str, config: Any, tensors: dict[str, Any]) -> None:
        from peft import PeftModel, set_peft_model_state_dict

        if self._peft is None:
            self._peft = PeftModel(self.model, config, adapter_name=name, autocast_adapter_dtype=False)
        else:
            self._peft.add_adapter(name, config, autocast_adapter_dtype=False)
        result = set_peft_model_state_dict(self._peft, tensors, adapter_name=name)
        missing = self._missing([key for key in result.missing_keys if f".{name}" in key])
        if missing or result.unexpected_keys:
            odd = missing or list(result.unexpected_keys)
            why = "{n} of its weights have no counterpart in the base model, or the base model has none for them ({first})"
            raise _refused(adapter, msg(why, n=len(odd), first=odd[0]))
        self._peft.set_adapter(name)
        self._peft.eval()
        self._peft.requires_grad_(False)

    def _missing(self, keys: list[str]) -> list[str]:
        """Those of the parameters without a weight that have it under no other name: a head that is tied to the embedding shares its."""
        if not keys:
            return []
        every = dict(self._peft.named_parameters(remove_duplicate=False))
        there = {id(parameter) for name, parameter in every.items() if name not in keys}
        return [key for key in keys if id(every.get(key)) not in there]

    def _restore(self, name: str, before: Slot | None) -> None:
        self._take_out(name)
        if before is not None and self._peft is not None:
            self._peft.set_adapter(before.name)

    def _take_out(self, name: str) -> None:
        if self._peft is None or name not in self._peft.peft_config:
            return
        if len(self._peft.peft_config) > 1:
            self._peft.delete_adapter(name)
        else:
            # The last one cannot be deleted by itself; unload gives the base model back as it was.
            self.model, self._peft = self._peft.unload(), None


@contextlib.contextmanager
def without_bitsandbytes(hide: bool) -> Iterator[None]:
    """Hides it from PEFT, which imports it with the first adapter: most of a second, for kernels that only CUDA has here."""
    hide = hide and "bitsandbytes" not in sys.modules
    if hide:
        sys.modules["bitsandbytes"] = None  # type: ignore[assignment]  # import's own way to say "not there"
    try:
        yield
    finally:
        if hide:
            del sys.modules["bitsandbytes"]


# Differences between two adapters that leave the positions of the weights and the mathematics as they are.
_FREE = {
    "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "lora_dropout", "target_modules", "exclude_modules",
    "init_lora_weights", "base_model_name_or_path", "revision", "inference_mode", "task_type", "auto_mapping", "peft_version",
    "layers_to_transform", "layers_pattern", "runtime_config", "loftq_config", "eva_config", "corda_config",
}  # fmt: skip


def _same_positions(slot: Slot, config: Any, tensors: dict[str, Any]) -> bool:
    """Whether an adapter's weights belong at the positions of the slot's; only ranks may differ."""
    old, new = slot.config.to_dict(), config.to_dict()
    if any(old.get(key) != new.get(key) for key in old.keys() | new.keys() if key not in _FREE):
        return False
    return tensors.keys() == slot.parameters.keys() and all(
        sum(a != b for a, b in zip(tensor.shape, slot.parameters[name].shape, strict=False)) <= ("lora_A" in name or "lora_B" in name)
        for name, tensor in tensors.items()
    )


def _positions(peft: Any, name: str) -> dict[str, Any]:
    """The adapter's parameters by their names in the file; one without a plain name there makes every swap slow."""
    return {
        key.replace(f".{name}", "").removesuffix(".weight") if "magnitude" in key else key.replace(f".{name}", ""): parameter
        for key, parameter in peft.named_parameters()
        if f".{name}" in key
    }


def _scales(layers: list[tuple[str, Any]], name: str) -> list[float]:
    return [layer.scaling[name] for _, layer in layers]


def _refused(adapter: Adapter, why: Text) -> AcademyError:
    return Refused(
        "The adapter {name!r} cannot be used: {why}.",
        hint="Activate another one, or train it again.",
        code="ADAPTER_UNUSABLE",
        name=adapter.name,
        why=why,
    )
