"""Base models and adapters of a few numbers, written by hand so that no library is needed."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy


def write_tensors(path: Path, tensors: dict[str, Any]) -> None:
    """A safetensors file."""
    header, data = {}, b""
    for name, array in tensors.items():
        raw = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def make_base(folder: Path, layers: int = 2, width: int = 8) -> Path:
    """A base model of two projections a layer."""
    numbers = numpy.random.default_rng(0)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": layers, "hidden_size": width})
    )
    tensors = {"model.embed_tokens.weight": numbers.normal(size=(16, width))}
    for layer in range(layers):
        for name in ("q_proj", "v_proj"):
            tensors[f"model.layers.{layer}.self_attn.{name}.weight"] = numbers.normal(size=(width, width))
    write_tensors(folder / "model.safetensors", tensors)
    return folder


def lora(layers: int = 2, width: int = 8, rank: int = 4) -> dict[str, Any]:
    """The weights of an adapter for it."""
    numbers = numpy.random.default_rng(1)
    tensors = {}
    for layer in range(layers):
        for name in ("q_proj", "v_proj"):
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{place}.lora_A.weight"] = numbers.normal(size=(rank, width))
            tensors[f"{place}.lora_B.weight"] = numbers.normal(size=(width, rank))
    return tensors


def make_mini_adapter(folder: Path, seed: int = 1, rank: int = 4, **config: Any) -> Path:
    """An adapter of random numbers that fits the bundled model, in PEFT's form."""
    numbers = numpy.random.default_rng(seed)
    tensors = {}
    for layer in range(6):
        for name, rows in (("q_proj", 192), ("v_proj", 64)):
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{place}.lora_A.weight"] = numbers.normal(size=(rank, 192)) / 8
            tensors[f"{place}.lora_B.weight"] = numbers.normal(size=(rows, rank)) / 4
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 2 * rank, "target_modules": ["q_proj", "v_proj"]}
    settings |= {"bias": "none", "base_model_name_or_path": "academy-mini"}
    (folder / "adapter_config.json").write_text(json.dumps(settings | config))
    write_tensors(folder / "adapter_model.safetensors", tensors)
    return folder
