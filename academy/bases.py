"""Base models by name: the bundled one, a local folder, or a Hugging Face name; what is known of each without loading it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from academy.errors import Invalid, NotFound, Refused
from academy.models import BUNDLED

_HUB_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,95})?$")
_SAMPLE = 1 << 20


@dataclass(frozen=True)
class Base:
    """A base model: how it is called, what kind it is, and its folder (None: a hub model not fetched yet)."""

    name: str
    kind: Literal["bundled", "folder", "hub"]
    path: Path | None


@dataclass(frozen=True)
class BaseFacts:
    """What the files of a base model say of it; `parameters` is a count, `bytes` the size of the weights."""

    architecture: str
    parameters: int
    bytes: int
    layers: int
    hidden_size: int
    max_length: int
    has_chat_template: bool


def resolve_base(name: str) -> Base:
    """Finds a base model by name; raises Invalid for a name that can be none, NotFound for a folder that is not there."""
    if name in BUNDLED:
        return Base(name, "bundled", BUNDLED[name])
    if "\x00" in name or len(name) > 500 or any(ord(char) < 32 for char in name) or not name.strip():
        raise Invalid("That is not the name of a base model.", hint="Give a bundled name, a folder, or a Hugging Face name.")
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or os.path.isdir(name):
        folder = Path(name).expanduser().absolute()
        if not folder.is_dir():
            raise NotFound(f"There is no folder {name!r} with a base model.", hint="Check the path.")
        check_folder(folder)
        return Base(name, "folder", folder)
    if not _HUB_NAME.match(name) or ".." in name or "--" in name:
        raise Invalid(f"{name!r} is not the name of a base model.", hint="Hugging Face names look like 'Qwen/Qwen3-0.6B'.")
    if "/" not in name:
        raise NotFound(
            f"There is no base model {name!r}.",
            hint=f"The bundled model is called {next(iter(BUNDLED))!r}; Hugging Face names look like 'Qwen/Qwen3-0.6B'.",
        )
    return Base(name, "hub", cached_snapshot(name))


def cached_snapshot(name: str) -> Path | None:
    """The folder of a hub model that was fetched whole before, or None."""
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
    """Raises Refused unless the folder holds a whole model in safetensors whose code is transformers' own."""
    config = _config(folder)
    if "auto_map" in config:
        raise Refused("This base model brings its own code (auto_map), and Academy never runs a model's own code.", hint="Choose another.")
    weights = weight_files(folder)
    if not weights:
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        raise Refused(
            "This base model has no weights in safetensors." + (" Pickled weights can run code and are not loaded." if pickled else ""),
            hint="Fetch or convert it to safetensors.",
        )
    for path in weights:
        header_of(path)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model; raises Refused when its index names one that is missing."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise Refused(f"{index.name} is damaged.", hint="Fetch the model again.") from error
        missing = [name for name in names if "/" in name or not (folder / name).is_file()]
        if missing:
            raise Refused(f"The weights are incomplete: {missing[0]} is missing.", hint="Fetch the model again.")
        return [folder / name for name in names]
    return sorted(path for path in folder.glob("*.safetensors") if path.is_file() and path.name != "adapter_model.safetensors")


def header_of(path: Path) -> dict[str, Any]:
    """The header of a safetensors file (https://huggingface.co/docs/safetensors); raises Refused when it is cut short or damaged."""
    size = path.stat().st_size
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, 100 << 20):
                raise ValueError("header too long")
            header = json.loads(file.read(length))
        end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
        if 8 + length + end != size:
            raise ValueError("size differs")
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{path.name} is damaged or cut short ({size:,} bytes).", hint="Fetch or copy it again.") from error
    return header


def fingerprint(folder: Path) -> str:
    """A hash that tells two base models apart: their shape (config), every tensor's name, type and size, and samples of the weights.

    Samples are the first, middle and last MiB of each file, so a large model takes milliseconds, not minutes.
    """
    digest = hashlib.sha256()
    config = {key: value for key, value in _config(folder).items() if key not in _VOLATILE}
    digest.update(json.dumps(config, sort_keys=True).encode())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with open(path, "rb") as file:
            for start in sorted({0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)}):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()[:32]


_VOLATILE = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"}


def facts(folder: Path) -> BaseFacts:
    """What the folder's files say, without loading the weights."""
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
    return BaseFacts(
        architecture=(config.get("architectures") or [config.get("model_type", "unknown")])[0],
        parameters=parameters,
        bytes=size,
        layers=int(text.get("num_hidden_layers") or text.get("n_layer") or 0),
        hidden_size=int(text.get("hidden_size") or text.get("n_embd") or 0),
        max_length=int(text.get("max_position_embeddings") or text.get("n_positions") or 0),
        has_chat_template=_has_template(folder),
    )


def _has_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        return bool(json.loads((folder / "tokenizer_config.json").read_bytes()).get("chat_template"))
    except (OSError, ValueError, AttributeError):
        return False


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except FileNotFoundError as error:
        raise Refused("The folder has no config.json, so it is not a transformers model.", hint="Name the folder that holds it.") from error
    except (ValueError, OSError, RecursionError) as error:
        raise Refused("The base model's config.json cannot be read.", hint="Fetch or copy it again.") from error
    if not isinstance(config, dict):
        raise Refused("The base model's config.json is not an object.", hint="Fetch or copy it again.")
    return config
