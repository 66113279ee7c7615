"""Tiny GGUF files, written as llama.cpp's converter would: a random Llama of two layers with a byte-level vocabulary."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HIDDEN, HEADS, KEYS, INNER, LAYERS, CONTEXT = 64, 4, 2, 128, 2, 512
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def byte_words() -> list[str]:
    """The 256 bytes as GPT-2 writes them, in the order of the bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = {byte: chr(256 + at) for at, byte in enumerate(byte for byte in range(256) if byte not in plain)}
    return [others.get(byte, chr(byte)) for byte in range(256)]


def tiny(
    path: Path,
    *,
    architecture: str = "llama",
    quantized: str = "Q8_0",
    template: str | None = TEMPLATE,
    extra: dict[str, Any] | None = None,
    tensors: dict[str, np.ndarray] | None = None,
    vocabulary: str = "gpt2",
    seed: int = 0,
    drop: str = "",
) -> Path:
    """Writes the file; `extra` adds metadata, `tensors` adds tensors, `drop` leaves out those whose name contains it."""
    writer = gguf.GGUFWriter(path, architecture)
    words = pieces() if vocabulary == "llama" else [*SPECIAL, *byte_words(), "he", "the"]
    writer.add_name("Tiny Llama")
    writer.add_license("apache-2.0")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model(vocabulary)
    writer.add_tokenizer_pre("gpt-2")
    _add_words(writer, words, vocabulary)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (extra or {}).items():
        add: Any = writer.add_string if isinstance(value, str) else writer.add_float32 if isinstance(value, float) else writer.add_uint32
        add(key, value)
    for name, weight in {**_weights(len(words), seed), **(tensors or {})}.items():
        if drop and drop in name:
            continue
        if weight.ndim == 2 and quantized in ("Q8_0", "Q4_1", "F16"):
            kind = gguf.GGMLQuantizationType[quantized]
            writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def pieces() -> list[str]:
    """A vocabulary as SentencePiece makes it: special pieces, bytes, and letters with a mark for the space."""
    return ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", *"abcdefghijklmnopqrstuvwxyz", "he", "\u2581he"]


def _add_words(writer: Any, words: list[str], vocabulary: str) -> None:
    writer.add_token_list(words)
    if vocabulary == "llama":
        writer.add_token_scores([0.0] * 259 + [-float(at) for at in range(len(words) - 259)])
        writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(words) - 259))
        writer.add_unk_token_id(0)
        writer.add_bos_token_id(1)
    else:
        writer.add_token_types([3] * len(SPECIAL) + [1] * (len(words) - len(SPECIAL)))
        writer.add_token_merges(["h e", "t he"])
        writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)


def _weights(words: int, seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (draw.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    keys = HIDDEN // HEADS * KEYS
    found = {"token_embd.weight": matrix(words, HIDDEN), "output_norm.weight": np.ones(HIDDEN, np.float32)}
    for layer in range(LAYERS):
        found |= {
            f"blk.{layer}.attn_norm.weight": np.ones(HIDDEN, np.float32),
            f"blk.{layer}.attn_q.weight": matrix(HIDDEN, HIDDEN),
            f"blk.{layer}.attn_k.weight": matrix(keys, HIDDEN),
            f"blk.{layer}.attn_v.weight": matrix(keys, HIDDEN),
            f"blk.{layer}.attn_output.weight": matrix(HIDDEN, HIDDEN),
            f"blk.{layer}.ffn_norm.weight": np.ones(HIDDEN, np.float32),
            f"blk.{layer}.ffn_gate.weight": matrix(INNER, HIDDEN),
            f"blk.{layer}.ffn_up.weight": matrix(INNER, HIDDEN),
            f"blk.{layer}.ffn_down.weight": matrix(HIDDEN, INNER),
        }
    return found


def with_type(path: Path, old: int, new: int) -> Path:
    """Changes the type of the first tensor in the table, where the writer has no such type."""
    data = bytearray(path.read_bytes())
    name = b"token_embd.weight"
    at = data.index(name) + len(name)
    (sides,) = struct.unpack_from("<I", data, at)
    assert struct.unpack_from("<I", data, at + 4 + 8 * sides) == (old,)
    struct.pack_into("<I", data, at + 4 + 8 * sides, new)
    path.write_bytes(data)
    return path
