"""Packs the weights of a GGUF file into Q8_0 or Q4_K_M, one tensor at a time.

Which tensor gets which type follows llama.cpp (llama-quant.cpp): matrices only; in Q4_K_M the head, and half of the value and down
matrices, are in Q6_K; a row that is no multiple of 256 gets the next type with blocks of 32.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

_KEPT = re.compile(r"(_norm|ffn_gate_inp|rope_freqs|ssm_conv1d|shortconv)\b|\.bias$")
_LAYER = re.compile(r"^blk\.(\d+)\.")
_BLOCK, _SUPER_BLOCK = 32, 256
_SMALLER = {"Q4_K": "Q5_0", "Q6_K": "Q8_0"}


def type_of(name: str, shape: tuple[int, ...], quantization: str, layers: int, tied: bool) -> str | None:
    """The type of a tensor, `shape` as PyTorch writes it; None where it stays as it is."""
    if len(shape) < 2 or _KEPT.search(name) or shape[-1] % _BLOCK:
        return None
    if quantization == "q8_0":
        return "Q8_0"
    wanted = "Q6_K" if _is_telling(name, layers, tied) else "Q4_K"
    return wanted if shape[-1] % _SUPER_BLOCK == 0 else _SMALLER[wanted]


def quantize(source: Path, target: Path, quantization: str, tell: Callable[[float], None]) -> None:
    """Writes the file anew with packed weights; Q4_K_M needs the package libgguf."""
    import gguf

    reader = gguf.GGUFReader(str(source), "r")
    writer = gguf.GGUFWriter(str(target), str(reader.fields["general.architecture"].contents()))
    layers = 1 + max((int(match[1]) for tensor in reader.tensors if (match := _LAYER.match(tensor.name))), default=0)
    tied = all(tensor.name != "output.weight" for tensor in reader.tensors)
    file_type = gguf.LlamaFileType.MOSTLY_Q8_0 if quantization == "q8_0" else gguf.LlamaFileType.MOSTLY_Q4_K_M
    _copy_fields(reader, writer)
    writer.add_file_type(file_type)
    planned = []
    for tensor in reader.tensors:
        shape = tuple(int(side) for side in reversed(tensor.shape.tolist()))
        name = type_of(tensor.name, shape, quantization, layers, tied)
        kind = gguf.GGMLQuantizationType[name] if name else tensor.tensor_type
        bytes_shape = gguf.quant_shape_to_byte_shape(shape, kind) if name else tensor.data.shape
        writer.add_tensor_info(tensor.name, bytes_shape, numpy.dtype(numpy.uint8) if name else tensor.data.dtype,
                               int(numpy.prod(bytes_shape)) if name else tensor.n_bytes, kind)  # fmt: skip
        planned.append((tensor, name, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for done, (tensor, name, shape) in enumerate(planned, 1):
        writer.write_tensor_data(_packed(tensor, name, shape) if name else tensor.data)
        tell(done / len(planned))
    writer.close()


def _packed(tensor: Any, name: str, shape: tuple[int, ...]) -> Any:
    import gguf

    weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32).reshape(shape)
    if name in ("Q8_0", "Q5_0"):
        return gguf.quants.quantize(weights, gguf.GGMLQuantizationType[name])
    import libgguf  # pyright: ignore[reportMissingImports]

    rows = numpy.ascontiguousarray(weights.reshape(-1, shape[-1]))
    packed = numpy.asarray(libgguf.quantize_rows(rows, libgguf.GGMLQuantizationType[name]))
    return packed.reshape(*shape[:-1], -1)


def _copy_fields(reader: Any, writer: Any) -> None:
    import gguf

    for field in reader.fields.values():
        if field.name in ("general.architecture", "general.file_type") or field.name.startswith("GGUF."):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)


def _is_telling(name: str, layers: int, tied: bool) -> bool:
    """Whether a tensor gets more bits: the head, and the value and down matrices of some layers (use_more_bits)."""
    if name == "output.weight" or (tied and name == "token_embd.weight"):
        return True
    match = _LAYER.match(name)
    if match is None or not re.search(r"\.(attn_v|ffn_down)\.", name):
        return False
    at = int(match[1])
    return at < layers // 8 or at >= 7 * layers // 8 or (at - layers // 8) % 3 == 2
