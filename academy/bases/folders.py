"""Folders with a transformers model: whether they are complete and safe, their facts, and their fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from academy.bases.kinds import check_kind, is_packed_by_bitsandbytes, repeats_known_class
from academy.errors import Refused

_SAMPLE = 1 << 20
_SMALL = 64 << 20  # no description of a model is larger


@dataclass(frozen=True)
class BaseFacts:
    """The shape of a base model: `parameters` is a count, `bytes` the size of the weights, `max_length` in tokens."""

    architecture: str
    parameters: int
    bytes: int
    layers: int
    hidden_size: int
    max_length: int
    has_chat_template: bool
    title: str = ""
    license: str = ""


def cached_snapshot(name: str) -> Path | None:
    """The folder of a hub model that is completely in the cache, or None."""
    from huggingface_hub import try_to_load_from_cache  # takes 0.3 s to import

    found = try_to_load_from_cache(name, "config.json")
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    try:
        check_folder(folder)
    except Refused:
        return None
    return folder


def check_folder(folder: Path) -> None:
    """Raises Refused unless the folder holds a complete model in safetensors that transformers' own code runs."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise Refused("This base model's folder may not be read.", hint="Let the user that runs Academy read it.")
    tokenizer, model = _small_json(folder / "tokenizer_config.json"), _config(folder)
    for config in (model, tokenizer):
        if isinstance(config, dict) and "auto_map" in config and not repeats_known_class(config):
            raise Refused(
                "This base model brings its own code (auto_map), and Academy never runs a model's own code.", hint="Choose another."
            )
    check_kind(model, folder)
    weights = weight_files(folder)
    if not weights:
        pickled = any(path.suffix in (".bin", ".pt", ".pth", ".ckpt", ".h5") for path in folder.iterdir())
        message = "This base model has no weights in safetensors."
        if pickled:
            message = "This base model has no weights in safetensors. Pickled weights can run code and are not loaded."
        raise Refused(message, hint="Fetch or convert it to safetensors.")
    for path in weights:
        header_of(path)


def is_packed(folder: Path) -> bool:
    """Whether the weights lie packed in 4 or 8 bits, so that a training on them is QLoRA."""
    return is_packed_by_bitsandbytes(_config(folder))


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model; raises Refused when its index names a missing one."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(_small_json(index)["weight_map"].values()))
            missing = [name for name in names if "/" in name or not (folder / name).is_file()]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise Refused("{name} is damaged.", hint="Fetch the model again.", name=index.name) from error
        if missing:
            raise Refused("The weights are incomplete: {missing} is missing.", hint="Fetch the model again.", missing=missing[0])
        return [folder / name for name in names]
    if (folder / "model.safetensors").is_file():
        # A consolidated.safetensors beside it repeats the same weights.
        return [folder / "model.safetensors"]
    return sorted(path for path in folder.glob("*.safetensors") if path.is_file() and path.name != "adapter_model.safetensors")


def header_of(path: Path) -> dict[str, Any]:
    """The header of a safetensors file (https://huggingface.co/docs/safetensors); raises Refused when the file is cut short or damaged."""
    size = 0
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, 100 << 20):
                raise ValueError("header too long")
            header = json.loads(file.read(length))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        if not all(isinstance(side, int) and side >= 0 for entry in tensors for side in (*entry["shape"], *entry["data_offsets"])):
            raise ValueError("a side or offset is not a count")
        end = max((entry["data_offsets"][1] for entry in tensors), default=0)
        if 8 + length + end != size:
            raise ValueError("size differs")
    except OSError as error:
        raise Refused(
            "{name} cannot be read: {strerror}.", hint="Let the user that runs Academy read it.", name=path.name, strerror=error.strerror
        ) from error
    except (struct.error, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            "{name} is damaged or cut short ({size:,} bytes).", hint="Fetch or copy it again.", name=path.name, size=size
        ) from error
    return header


def fingerprint(folder: Path) -> str:
    """A hash that tells two base models apart: their shape (config), every tensor's name, type and size, and samples of the weights.

    Samples are the first, middle and last MiB of each file, so a large model takes milliseconds, not minutes.
    """
    digest = hashlib.sha256()
    config = {key: value for key, value in _config(folder).items() if key not in _VOLATILE}
    digest.update(json.dumps(config, sort_keys=True).encode())
    for path in weight_files(folder):
        digest.update(path.name.encode())
        add_samples(digest, path)
    return digest.hexdigest()[:32]


def add_samples(digest: Any, path: Path) -> None:
    """Adds a file's size and its first, middle and last MiB to a hash."""
    try:
        size = path.stat().st_size
        digest.update(f" {size}".encode())
        with open(path, "rb") as file:
            for start in sorted({0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)}):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    except OSError as error:
        raise Refused(
            "{name} cannot be read: {strerror}.", hint="Is its disk still there?", name=path.name, strerror=error.strerror
        ) from error


_VOLATILE = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"}


def facts(folder: Path) -> BaseFacts:
    """Reads the model's shape from its files, without loading the weights."""
    config = _config(folder)
    nested = config.get("text_config")
    text: dict[str, Any] = nested if isinstance(nested, dict) else config
    parameters, size = 0, 0
    for path in weight_files(folder):
        size += path.stat().st_size
        for name, entry in header_of(path).items():
            if name != "__metadata__":
                count = 1
                for side in entry["shape"]:
                    count *= side
                parameters += count
    named, record = config.get("architectures"), read_record(folder)
    return BaseFacts(
        architecture=str(named[0] if isinstance(named, list) and named else config.get("model_type", "unknown")),
        parameters=parameters,
        bytes=size,
        layers=_count(text, "num_hidden_layers", "n_layer"),
        hidden_size=_count(text, "hidden_size", "n_embd"),
        max_length=_count(text, "max_position_embeddings", "n_positions"),
        has_chat_template=_has_template(folder),
        title=str(record.get("title", "")),
        license=str(record.get("license", "")),
    )


RECORD = "base.json"
"""In a folder that Academy converted: its name, and what it was made from."""


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a folder that Academy converted; empty for any other."""
    record = _small_json(folder / RECORD)
    return record if isinstance(record, dict) else {}


def _count(config: dict[str, Any], *names: str) -> int:
    found = next((config[name] for name in names if config.get(name)), 0)
    return found if isinstance(found, int) else 0


def thinks(folder: Path) -> bool:
    """Whether the chat template writes thoughts, as far as its text says so; the chat finds out exactly when it loads the model."""
    files = [folder / "chat_template.jinja", folder / "tokenizer_config.json"]
    return _thinks(folder, tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in files))


@lru_cache(maxsize=64)
def _thinks(folder: Path, stamp: tuple[int, ...]) -> bool:
    return bool(_THOUGHT.search(template_of(folder)))


_THOUGHT = re.compile(r"</?think>|reasoning_content|enable_thinking|\bthinking\b")


def template_of(folder: Path) -> str:
    """The chat template of a base model or an adapter, of several the default one; empty where there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    config = _small_json(folder / "tokenizer_config.json")
    found = config.get("chat_template") if isinstance(config, dict) else None
    if isinstance(found, list):
        found = {item["name"]: item["template"] for item in found if isinstance(item, dict) and {"name", "template"} <= item.keys()}
    if isinstance(found, dict):
        found = found.get("default") or next(iter(found.values()), "")
    return found if isinstance(found, str) else ""


def _has_template(folder: Path) -> bool:
    return bool(template_of(folder))


def _config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").is_file():
        raise Refused("The folder has no config.json, so it is not a transformers model.", hint="Name the folder that holds it.")
    config = _small_json(folder / "config.json")
    if not isinstance(config, dict):
        raise Refused("The base model's config.json cannot be read as an object.", hint="Fetch or copy it again.")
    return config


def _small_json(path: Path) -> Any:
    """The value of a JSON file of a sensible size; None if there is none that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > _SMALL:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
