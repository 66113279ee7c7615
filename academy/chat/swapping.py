"""TODO: academy/chat/swapping.py."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What may differ between two adapters whose weights lie in the same places: everything else means other places or other mathematics.
_FREE = {
    "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "lora_dropout", "target_modules", "exclude_modules",
    "init_lora_weights", "base_model_name_or_path", "revision", "inference_mode", "task_type", "auto_mapping", "peft_version",
    "layers_to_transform", "layers_pattern", "runtime_config", "loftq_config", "eva_config", "corda_config",
}  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """The adapter that is in place: where its weights lie, by their name in the file."""

    name: str
    adapter_id: str
    stamp: tuple[int, int]
    config: Any
    parameters: dict[str, Any]
    layers: list[tuple[str, Any]]


@contextlib.contextmanager
def without_bitsandbytes(hide: bool) -> Iterator[None]:
    """PEFT imports it wherever it is installed, with the first adapter: most of a second, for kernels that only CUDA has here."""
    hide = hide and "bitsandbytes" not in sys.modules
    if hide:
        sys.modules["bitsandbytes"] = None  # type: ignore[assignment]  # import's own way to say "not there"
    try:
        yield
    finally:
        if hide:
            del sys.modules["bitsandbytes"]


def same_places(slot: Slot, config: Any, tensors: dict[str, Any]) -> bool:
    """Whether an adapter's weights go exactly where those of the slot lie; only ranks may differ."""
    old, new = slot.config.to_dict(), config.to_dict()
    if any(old.get(key) != new.get(key) for key in old.keys() | new.keys() if key not in _FREE):
        return False
    return tensors.keys() == slot.parameters.keys() and all(
        sum(a != b for a, b in zip(tensor.shape, slot.parameters[name].shape, strict=False)) <= ("lora_A" in name or "lora_B" in name)
        for name, tensor in tensors.items()
    )


def _places(peft: Any, name: str) -> dict[str, Any]:
    """The adapter's parameters by their names in the file; what has no plain name there makes every swap a slow one."""
    return {
        key.replace(f".{name}", "").removesuffix(".weight") if "magnitude" in key else key.replace(f".{name}", ""): parameter
        for key, parameter in peft.named_parameters()
        if f".{name}" in key
    }
