"""Base models to begin with, and which of them a machine can train. Pure."""

from __future__ import annotations

from academy.bases.folders import BaseFacts
from academy.bases.packages import PACKAGES

_COUNT = 3
_REST = 600 << 20  # bytes of libraries, adapter and activations
_SLOW = 800_000_000  # parameters from which a processor trains for hours, so that none of these is suggested without a GPU


def _facts(title: str, architecture: str, parameters: int, layers: int, hidden: int, length: int) -> BaseFacts:
    return BaseFacts(architecture, parameters, 2 * parameters, layers, hidden, length, True, title, "Apache-2.0")


HUB: dict[str, BaseFacts] = {
    "HuggingFaceTB/SmolLM2-360M-Instruct": _facts("SmolLM2 360M", "LlamaForCausalLM", 361_821_120, 32, 960, 8192),
    "Qwen/Qwen3-0.6B": _facts("Qwen3 0.6B", "Qwen3ForCausalLM", 596_049_920, 28, 1024, 40_960),
    "Qwen/Qwen3-1.7B": _facts("Qwen3 1.7B", "Qwen3ForCausalLM", 1_720_574_976, 28, 2048, 40_960),
    "Qwen/Qwen3-4B": _facts("Qwen3 4B", "Qwen3ForCausalLM", 4_022_468_096, 36, 2560, 40_960),
    "Qwen/Qwen3-8B": _facts("Qwen3 8B", "Qwen3ForCausalLM", 8_190_735_360, 36, 4096, 40_960),
}
"""Models of the hub, the smallest first, by their own descriptions."""


def memory_bytes(parameters: int, *, gpu: bool) -> int:
    """What the weights take while they are trained: fp32 on a processor, bf16 on a GPU."""
    return parameters * (2 if gpu else 4)


def fits(parameters: int, room: int, *, gpu: bool) -> bool:
    """Whether a model can be trained in so many bytes of memory."""
    return memory_bytes(parameters, gpu=gpu) * 1.2 + _REST <= room


def suggest(room: int, *, gpu: bool) -> dict[str, BaseFacts]:
    """Three models, or fewer, that fit: the one that needs no hub, then the largest ones."""
    found = {name: package.facts for name, package in PACKAGES.items()} | HUB
    found = {name: facts for name, facts in found.items() if fits(facts.parameters, room, gpu=gpu)}
    first = [name for name in found if name in PACKAGES][:1]
    others = [name for name in found if name in HUB and (gpu or found[name].parameters < _SLOW)][-(_COUNT - len(first)) :]
    return {name: found[name] for name in [*first, *others]}
