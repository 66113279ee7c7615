"""GGUF files: the header, the facts in it, and why a file cannot be converted; no weights are read.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import hashlib
import math
import mmap
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from academy.bases.folders import BaseFacts, add_samples
from academy.errors import Refused
from academy.messages import Text, msg

MAGIC = b"GGUF"
ARCHITECTURES = frozenset(
    {"llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "qwen35", "qwen35moe", "phi3", "gemma2", "gemma3", "gemma4", "lfm2", "falcon"}
    | {"bloom", "stablelm", "gpt2", "starcoder2", "mamba", "nemotron", "gpt-oss", "minimax-m2"}
)
"""What transformers 5.24 builds a causal model from (integrations/ggml.py and integrations/gguf/); a test compares."""

TOKENIZERS = frozenset({"gpt2", "llama", "gemma4"})
"""The vocabularies that transformers rebuilds for such models."""

TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}
"""The types of tensors: name, weights in a block, bytes of a block (gguf.GGML_QUANT_SIZES)."""

FLOATS = frozenset({"F32", "F16", "BF16"})
_KERNELS = {"qwen35", "qwen35moe", "lfm2"}  # architectures that transformers unpacks by its own code instead of the package gguf
_UNPACKED = frozenset(
    {"Q4_0", "Q4_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S"}
    | {"IQ2_S", "IQ4_XS", "IQ1_M"}
)
_UNPACKED_BY_PACKAGE = _UNPACKED | {"Q5_0", "Q5_1", "TQ1_0", "TQ2_0", "MXFP4"}

_MOST_KEYS, _MOST_TENSORS, _MOST_SIDES = 100_000, 1_000_000, 8
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_KEPT = 256  # numbers of an array that are kept: a vocabulary is not needed, the heads of each layer are
_PART = re.compile(r"^(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf$")


@dataclass(frozen=True)
class Tensor:
    """A tensor's place in the file; the shape is as PyTorch writes it."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def count(self) -> int:
        """The number of weights."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes in the file, for a type of the table."""
        _, block, size = TYPES[self.type]
        return self.count // block * size


@dataclass(frozen=True)
class Header:
    """All that a GGUF file says before its weights.

    `metadata` holds texts, numbers and short arrays of numbers; of other arrays the length. `arrays` says where those of texts begin.
    """

    path: Path
    size: int  # of the file, in bytes
    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]
    data_start: int
    arrays: dict[str, int] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A text of the metadata; empty where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """A count under the architecture's name; of one for each layer the largest, and 0 where there is none."""
        value = self.metadata.get(f"{self.architecture}.{key}", 0)
        values = value if isinstance(value, list) else [value]
        return max((item for item in values if isinstance(item, int)), default=0)

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture."""
        return self.text("general.architecture")

    @cached_property
    def types(self) -> frozenset[str]:
        """The names of the tensors' types."""
        return frozenset(TYPES[tensor.type][0] if tensor.type in TYPES else str(tensor.type) for tensor in self.tensors)

    @cached_property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(tensor.count for tensor in self.tensors)

    @property
    def template(self) -> str:
        """The chat template; empty where there is none."""
        return self.text("tokenizer.chat_template")

    @property
    def converted_bytes(self) -> int:
        """The bytes of the weights after a conversion."""
        return self.parameters * (4 if self.types == {"F32"} else 2)


def read(path: Path) -> Header:
    """The header, read again only when the file has changed; raises Refused for a file that is no GGUF, or is damaged."""
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _read(path, status.st_size, status.st_mtime_ns, status.st_ino)


def texts(header: Header, key: str) -> list[str]:
    """An array of texts of the metadata, such as the vocabulary; empty where there is none."""
    found = []
    if key in header.arrays:
        with open(header.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = header.arrays[key]
            for _ in range(header.metadata[key]):
                text, at = _string(data, at)
                found.append(text)
    return found


def facts(header: Header) -> BaseFacts:
    """The facts of the model, as they will be after a conversion."""
    return BaseFacts(
        architecture=header.architecture,
        parameters=header.parameters,
        bytes=header.converted_bytes,
        layers=header.number("block_count"),
        hidden_size=header.number("embedding_length"),
        max_length=header.number("context_length"),
        has_chat_template=bool(header.template),
        title=header.text("general.name"),
        license=_license(header),
    )


def _license(header: Header) -> str:
    name = header.text("general.license.name") or header.text("general.license")
    return {"apache-2.0": "Apache-2.0", "mit": "MIT"}.get(name, name)


def fingerprint(path: Path) -> str:
    """A hash of the file's size and of samples of it."""
    status = path.stat()
    return _fingerprint(path, status.st_size, status.st_mtime_ns, status.st_ino)


def only_gguf(folder: Path) -> Path | None:
    """The one GGUF file of a folder that holds no model of transformers; raises Refused where there are several."""
    if (folder / "config.json").exists() or any(folder.glob("*.safetensors")):
        return None
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == ".gguf" and not path.name.startswith("mmproj"))
    except OSError:
        return None
    if len(found) > 1 and not all(_PART.match(path.name) for path in found):
        names = [path.name for path in found[:10]]
        raise Refused("The folder holds several GGUF files: {names:commas}.", hint="Name one of them, with its path.", names=names)
    return found[0] if found else None


def part_of(path: Path) -> int | None:
    """The number of the part, of a model in several files; None for any other file."""
    match = _PART.match(path.name)
    return int(match["part"]) if match else None


def check(header: Header) -> None:
    """Raises Refused with the reason where the file cannot become a base model."""
    for reason in (_no_language_model, _parts, _cut_short, _unknown, _packed, _lost):
        reason(header)


def _no_language_model(header: Header) -> None:
    architecture, kind = header.architecture, header.text("general.type")
    if kind == "mmproj" or architecture == "clip" or (header.tensors and _is_projector(header)):
        raise _refused(header, "{name} is the eye or ear of another model (a projector), not a language model.", _NAME_MODEL)
    if kind == "adapter":
        raise _refused(header, "{name} is an adapter, not a whole model.", "Name the model that it belongs to.")
    if kind not in ("", "model"):
        raise _refused(header, "{name} holds no model but data of the kind {kind!r}.", _NAME_MODEL, kind=kind[:40])
    if header.metadata.get(f"{architecture}.pooling_type") or "bert" in architecture or "embed" in architecture:
        message = "{name} is an embedding model ({architecture}): it turns text into numbers and writes none."
        raise _refused(header, message, "Choose a model that chats.", architecture=architecture)


def _is_projector(header: Header) -> bool:
    return all(tensor.name.startswith(("v.", "mm.", "a.")) for tensor in header.tensors)


_NAME_MODEL = "Name the file of the language model itself."


def _parts(header: Header) -> None:
    match, parts = _PART.match(header.path.name), header.metadata.get("split.count", 0)
    if not isinstance(parts, int) or (parts < 2 and match is None):
        return
    number = int(match["part"]) if match else int(header.metadata.get("split.no", 0)) + 1
    parts = int(match["parts"]) if match else parts
    if parts < 2:
        return
    missing = []
    if match:
        names = [f"{match['stem']}-{part:05}-of-{parts:05}.gguf" for part in range(1, parts + 1)]
        missing = [name for name in names[:1000] if not (header.path.parent / name).exists()]
    message = "{name} is part {number} of {parts}."
    if missing:
        message = "{name} is part {number} of {parts}, and {missing:commas} is not beside it."
    hint = "Join the parts into one file with llama-gguf-split --merge (it comes with llama.cpp), and name that."
    raise _refused(header, message, hint, number=number, parts=parts, missing=missing[:10])


def _cut_short(header: Header) -> None:
    if unknown := next((tensor for tensor in header.tensors if tensor.type not in TYPES), None):
        message = "{name} packs its weights in a way (type {type}) that this version of Academy does not know."
        raise _refused(header, message, _OTHER_TYPE, type=unknown.type)
    end = header.data_start + max((tensor.offset + tensor.bytes for tensor in header.tensors), default=0)
    if not header.tensors:
        raise _refused(header, "{name} holds no weights, only a vocabulary.", _NAME_MODEL)
    if end > header.size:
        message = "{name} is cut short: it has {size:,} of {end:,} bytes."
        raise _refused(header, message, "Fetch or copy it again.", size=header.size, end=end)


def _unknown(header: Header) -> None:
    architecture, vocabulary = header.architecture, header.text("tokenizer.ggml.model")
    if architecture not in ARCHITECTURES:
        message = "{name} is of the architecture {architecture!r}, which transformers cannot read from a GGUF file."
        hint = "Choose another model, or name a folder with the same one in safetensors."
        raise _refused(header, message, hint, architecture=architecture[:40])
    if vocabulary not in TOKENIZERS:
        message = "{name} has a vocabulary of the kind {vocabulary!r}, which transformers cannot read from a GGUF file."
        hint = "Choose another model, or name a folder with the same one in safetensors."
        raise _refused(header, message, hint, vocabulary=vocabulary[:40] or "none")


def _packed(header: Header) -> None:
    readable = FLOATS | (_UNPACKED if header.architecture in _KERNELS else _UNPACKED_BY_PACKAGE)
    if wrong := sorted(header.types - readable):
        raise _refused(header, "{name} packs its weights as {types:commas}, which cannot be unpacked here.", _OTHER_TYPE, types=wrong)


_OTHER_TYPE = "Choose the same model as Q8_0, Q6_K, Q4_K_M or F16."


def _lost(header: Header) -> None:
    """What the file says and transformers would leave out, so that the converted model would be another one."""
    if header.architecture == "gpt-oss":
        return
    scaling = header.text(f"{header.architecture}.rope.scaling.type")
    stretched = scaling not in ("", "none") or any(tensor.name.startswith("rope_factors_") for tensor in header.tensors)
    if stretched:
        message = "{name} stretches its context ({scaling}), which would be lost on the way out of a GGUF file."
        hint = "Choose another model, or name a folder with the same one in safetensors."
        raise _refused(header, message, hint, scaling=scaling[:40] or "longrope")


def _refused(header: Header, message: str, hint: str, **values: Any) -> Refused:
    return Refused(message, hint=hint, name=shown_name(header.path), **values)


def shown_name(path: Path) -> Text:
    """A file's name for a sentence; Ollama's files have none, only a hash."""
    return msg("The model's file") if path.name.startswith("sha256-") else path.name


# ------------------------------------------------------------------ the header


@lru_cache(maxsize=256)
def _read(path: Path, size: int, _modified: int, _inode: int) -> Header:
    try:
        with open(path, "rb") as file:
            if file.read(4) != MAGIC:
                raise Refused("{name} is not a GGUF file.", hint="Name a .gguf file, or a folder with one.", name=path.name)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _parse(path, size, data)
    except OSError as error:
        raise _unreadable(path, error) from error
    except (struct.error, ValueError, UnicodeDecodeError, IndexError, OverflowError, MemoryError) as error:
        raise Refused(
            "{name} is damaged or cut short ({size:,} bytes).", hint="Fetch or copy it again.", name=shown_name(path), size=size
        ) from error


@lru_cache(maxsize=256)
def _fingerprint(path: Path, _size: int, _modified: int, _inode: int) -> str:
    digest = hashlib.sha256()
    add_samples(digest, path)
    return digest.hexdigest()[:32]


def _parse(path: Path, size: int, data: mmap.mmap) -> Header:
    (version,) = struct.unpack_from("<I", data, 4)
    if version not in (2, 3):
        big = version in (2 << 24, 3 << 24)
        message = "{name} is GGUF of version {version}; versions 2 and 3 can be read."
        if big:
            message = "{name} is written for machines of another byte order."
        raise Refused(message, hint="Fetch another copy of the model.", name=shown_name(path), version=version)
    tensors, keys = struct.unpack_from("<QQ", data, 8)
    if keys > _MOST_KEYS or tensors > _MOST_TENSORS:
        raise ValueError("impossible counts")
    metadata: dict[str, Any] = {}
    arrays: dict[str, int] = {}
    at = 24
    for _ in range(keys):
        key, at = _string(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        if kind == _ARRAY and struct.unpack_from("<I", data, at + 4)[0] == _STRING:
            arrays[key] = at + 16
        metadata[key], at = _value(data, at + 4, kind)
    table = []
    for _ in range(tensors):
        tensor, at = _tensor(data, at)
        table.append(tensor)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
        raise ValueError("impossible alignment")
    return Header(path, size, metadata, tuple(table), -(-at // alignment) * alignment, arrays)


def _tensor(data: mmap.mmap, at: int) -> tuple[Tensor, int]:
    name, at = _string(data, at)
    (sides,) = struct.unpack_from("<I", data, at)
    if sides > _MOST_SIDES:
        raise ValueError("too many sides")
    *shape, kind, offset = struct.unpack_from(f"<{sides}QIQ", data, at + 4)
    if math.prod(shape) > 1 << 48 or offset > 1 << 48:
        raise ValueError("impossible size")
    # The fastest side comes first in the file, and last in PyTorch.
    return Tensor(name, tuple(reversed(shape)), kind, offset), at + 16 + 8 * sides


def _value(data: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    if kind in _NUMBERS:
        form = f"<{_NUMBERS[kind]}"
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if kind == _STRING:
        return _string(data, at)
    if kind != _ARRAY:
        raise ValueError("unknown type of value")
    element, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if element in _NUMBERS:
        width = struct.calcsize(f"<{_NUMBERS[element]}")
        kept = list(struct.unpack_from(f"<{count}{_NUMBERS[element]}", data, at)) if count <= _KEPT else count
        if at + count * width > len(data):
            raise ValueError("an array beyond the end")
        return kept, at + count * width
    if element != _STRING:
        raise ValueError("an array of arrays")
    # Hundreds of thousands of words, each with its length before it: there is no way but to walk over them.
    length_at: Callable[..., tuple[int]] = struct.Struct("<Q").unpack_from  # type: ignore[assignment]
    for _ in range(count):
        at += 8 + length_at(data, at)[0]
    return count, at


def _string(data: mmap.mmap, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    at += 8
    if at + length > len(data):
        raise ValueError("a text beyond the end")
    return data[at : at + length].decode("utf-8", "replace"), at + length


def _unreadable(path: Path, error: OSError) -> Refused:
    hint = "Let the user that runs Academy read it."
    return Refused("{name} cannot be read: {strerror}.", hint=hint, name=shown_name(path), strerror=error.strerror)
