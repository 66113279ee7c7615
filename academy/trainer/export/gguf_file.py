"""Writes a model folder as a GGUF file in F16, tensor by tensor; architectures that this module lacks go to llama.cpp's own converter.

Names and layout follow llama.cpp (conversion/llama.py, conversion/qwen.py): of SmolLM2 every tensor is the one that its converter writes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors import safe_open

from academy.bases import weight_files
from academy.bases.writing import OWN, converter, is_own, needs_converter
from academy.messages import msg
from academy.text.failures import Failure
from academy.trainer.report import Report

_SPLITS = ("llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o")
_CONVERTER_FAILED = "{program} could not convert the model: {why}. Export it as merged safetensors instead."


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level vocabulary as llama.cpp reads it."""

    split: str
    words: list[str]
    types: list[int]
    merges: list[str]


def write_f16(folder: Path, target: Path, name: str, report: Report) -> None:
    """Writes the model of a folder; raises Failure where neither this module nor an installed converter can."""
    config, tokenizer = _json(folder / "config.json"), _json(folder / "tokenizer.json")
    if is_own(config) and split_of(tokenizer) is not None:
        _write(folder, target, name, config, tokenizer)
        return
    program = converter()
    if program is None:
        raise Failure(needs_converter(config), "missing_library")
    report.say(f"the model is converted by {program}")
    done = subprocess.run(
        [program, str(folder), "--outfile", str(target), "--outtype", "f16"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    report.say(done.stderr[-4000:])
    if done.returncode or not target.is_file():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = lines[-1].strip()[:300] if lines else f"exit code {done.returncode}"
        raise Failure(msg(_CONVERTER_FAILED, program=Path(program).name, why=why), "unsupported_base")


def split_of(tokenizer: dict[str, Any]) -> str | None:
    """llama.cpp's name for how a byte-level tokenizer cuts text into words; None for one that it does not know."""
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    if tokenizer.get("model", {}).get("type") != "BPE" or tokenizer["model"].get("byte_fallback"):
        return None
    first: dict[str, Any] = tokenizer.get("pre_tokenizer") or {}
    steps: list[dict[str, Any]] = (first.get("pretokenizers") or []) if first.get("type") == "Sequence" else [first]
    kinds = [step.get("type") for step in steps]
    if not kinds or kinds[-1] != "ByteLevel" or steps[-1].get("add_prefix_space"):
        return None
    if kinds == ["ByteLevel"]:
        return "gpt-2" if steps[0].get("use_regex", True) else None
    if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits") and steps[1].get("use_regex", True):
        return "smollm"
    if kinds == ["Split", "ByteLevel"]:
        pattern = (steps[0].get("pattern") or {}).get("Regex")
        return next((name for name in _SPLITS if GGUF_PRE_TOKENIZER_SPLITS.get(name) == pattern), None)
    return None


def vocabulary(tokenizer: dict[str, Any], size: int) -> Vocabulary:
    """The words in the order of their ids; `size` is the number of rows of the embedding."""
    import gguf

    split = split_of(tokenizer)
    assert split is not None
    words = [f"[PAD{at}]" for at in range(size)]
    types = [int(gguf.TokenType.UNUSED)] * size
    for word, at in tokenizer["model"]["vocab"].items():
        words[at], types[at] = word, int(gguf.TokenType.NORMAL)
    for item in tokenizer.get("added_tokens") or []:
        special = item["special"] or re.fullmatch(r"<\|.*\|>|</?[a-z_]+>|\[/?[A-Z_]+\]", item["content"])
        words[item["id"]] = item["content"]
        types[item["id"]] = int(gguf.TokenType.CONTROL if special else gguf.TokenType.USER_DEFINED)
    merges = [pair if isinstance(pair, str) else " ".join(part.replace(" ", "Ġ") for part in pair) for pair in tokenizer["model"]["merges"]]
    return Vocabulary(split, words, types, merges)


def interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """The rows of a query or key matrix in the order in which llama.cpp rotates them (LlamaModel.permute)."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def rope_factors(scaling: dict[str, Any], theta: float, head_dim: int) -> list[float]:
    """The divisors of the frequencies of Llama 3.1 and later (modeling_rope_utils, `llama3`)."""
    factor, low, high = scaling["factor"], scaling["low_freq_factor"], scaling["high_freq_factor"]
    old = scaling["original_max_position_embeddings"]
    found = []
    for at in range(0, head_dim, 2):
        wavelength = 2 * numpy.pi * theta ** (at / head_dim)
        if wavelength < old / high:
            found.append(1.0)
        elif wavelength > old / low:
            found.append(float(factor))
        else:
            smooth = (old / wavelength - low) / (high - low)
            found.append(float(1 / ((1 - smooth) / factor + smooth)))
    return found


def _write(folder: Path, target: Path, name: str, config: dict[str, Any], tokenizer: dict[str, Any]) -> None:
    import gguf

    architecture = OWN[config["architectures"][0]]
    writer = gguf.GGUFWriter(str(target), architecture)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_shape(writer, config)
    _add_vocabulary(writer, folder, config, tokenizer)
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    heads = {"q": config["num_attention_heads"], "k": config.get("num_key_value_heads") or config["num_attention_heads"]}
    tensors = list(_tensors(folder, config, names))
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    factors: numpy.ndarray[Any, Any] | None = None
    if rope.get("rope_type") == "llama3":
        factors = numpy.array(rope_factors(rope, _theta(config), _head_dim(config)), dtype=numpy.float32)
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    for _, _, place, shape in tensors:
        dtype = numpy.dtype(numpy.float32 if len(shape) == 1 else numpy.float16)
        writer.add_tensor_info(place, shape, dtype, int(numpy.prod(shape)) * dtype.itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if factors is not None:
        writer.write_tensor_data(factors)
    for path, key, place, shape in tensors:
        with safe_open(path, framework="pt") as file:
            weight = file.get_tensor(key).float()
        if architecture == "llama" and (match := re.search(r"self_attn\.(q|k)_proj\.", key)):
            weight = interleaved(weight, heads[match[1]])
        written = weight.numpy() if len(shape) == 1 else weight.half().numpy()
        if not numpy.isfinite(written).all():
            raise Failure(
                msg("The weight {name} does not fit into F16. Export it as merged safetensors instead.", name=place), "damaged_base"
            )
        writer.write_tensor_data(written)
    writer.close()


def _add_shape(writer: Any, config: dict[str, Any]) -> None:
    import gguf

    heads = config["num_attention_heads"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(_theta(config))
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_dimension_count(_head_dim(config))
    writer.add_key_length(_head_dim(config))
    writer.add_value_length(_head_dim(config))
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])


def _add_vocabulary(writer: Any, folder: Path, config: dict[str, Any], tokenizer: dict[str, Any]) -> None:
    from transformers import AutoTokenizer

    loaded: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    words = vocabulary(tokenizer, config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(words.split)
    writer.add_token_list(words.words)
    writer.add_token_types(words.types)
    writer.add_token_merges(words.merges)
    ends = _json(folder / "generation_config.json").get("eos_token_id", loaded.eos_token_id)
    ends = ends if isinstance(ends, list) else [ends]
    # The token that ends a trained answer comes first; llama.cpp stops at both.
    writer.add_eos_token_id(ends[0])
    if len(ends) > 1:
        writer.add_eot_token_id(ends[1])
    if loaded.bos_token_id is not None:
        writer.add_bos_token_id(loaded.bos_token_id)
    if loaded.unk_token_id is not None:
        writer.add_unk_token_id(loaded.unk_token_id)
    if loaded.pad_token_id is not None:
        writer.add_pad_token_id(loaded.pad_token_id)
    writer.add_add_bos_token(loaded("a")["input_ids"][:1] == [loaded.bos_token_id])
    writer.add_chat_template(loaded.chat_template)


def _tensors(folder: Path, config: dict[str, Any], names: Any) -> Iterator[tuple[Path, str, str, tuple[int, ...]]]:
    """Each tensor: its file, its name there, its name in the GGUF file, its shape."""
    tied = config.get("tie_word_embeddings", False)
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118  not a dict
                if key.endswith("rotary_emb.inv_freq") or (tied and key == "lm_head.weight"):
                    continue
                place = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if place is None:
                    raise Failure(msg("The GGUF form of this architecture has no place for {name}.", name=key), "unsupported_base")
                yield path, key, place, tuple(file.get_slice(key).get_shape())


def _head_dim(config: dict[str, Any]) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def _theta(config: dict[str, Any]) -> float:
    return (config.get("rope_parameters") or {}).get("rope_theta") or config.get("rope_theta") or 10_000.0


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes()) if path.is_file() else {}
