"""Checks that an adapter may be used: no code, nothing broken, and made for this base model. Needs no torch."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from academy.bases import BASE_MISSING, NOWHERE, Places, find_base, fingerprint, header_of, shortened, weight_files
from academy.errors import AcademyError, Refused
from academy.messages import Text, msg

WEIGHTS = "adapter_model.safetensors"
MISMATCH = "ADAPTER_BASE_MODEL_MISMATCH"

_PREFIX = "base_model.model."
_CHUNK = 16 << 20
_TRAIN_AGAIN = "Train it again, or copy it again from where it came."
_LORA = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
)
_LAYER = re.compile(r"(?:^|\.)(?P<list>layers|h|blocks|block|layer)\.(?P<index>\d+)\.(?P<rest>.+)$")
_SENSES = re.compile(
    r"(?:vision_tower|vision_model|visual|vision_embed_tokens|audio_tower|multi_modal_projector|embed_vision|embed_audio)\."
)
_EXPERTS = re.compile(r"\bexperts\b|\.(?:gate|router)$")
# The exponent bits of each float type that has infinities or NaN: (bytes, mask). All set means not finite.
_EXPONENTS = {"F64": (8, 0x7FF0000000000000), "F32": (4, 0x7F800000), "F16": (2, 0x7C00), "BF16": (2, 0x7F80)}


def check_adapter(folder: Path, base_model: str, base_fingerprint: str | None, places: Places = NOWHERE) -> None:
    """Raises Refused, naming the fault, unless the adapter is safe, complete, finite and made for the base model on this machine."""
    config = read_config(folder)
    header = header_of(folder / WEIGHTS)
    _check_kind(config)
    _check_finite(folder / WEIGHTS, header)
    base = find_base(base_model, places)
    assert base.path is not None
    _check_embeddings(header, base.path, base.name)
    if base_fingerprint and _fingerprint(base.path, _stamps(base.path)) != base_fingerprint:
        raise Refused(
            "This adapter was trained on another version of {name!r} than the one on this machine.",
            hint="Put the base model back as it was, or train again on this one.",
            code=MISMATCH,
            name=shortened(base.name),
        )
    # What was trained here on exactly these files has its names from the model itself, which may call a layer otherwise than the files.
    check_fit(config, header, base.path, base.name, own=bool(base_fingerprint))


def nested(folder: Path) -> Path | None:
    """The folder that holds the adapter: this one or one inside, of checkpoints the last; None without one."""
    if (folder / "adapter_config.json").is_file():
        return folder
    try:
        inside = [path for path in folder.iterdir() if not path.is_symlink() and (path / "adapter_config.json").is_file()]
    except OSError:
        return None
    numbers = {path: int(match[1]) for path in inside if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))}
    whole = sorted(path for path in inside if path not in numbers)
    return whole[0] if whole else max(numbers, key=lambda path: numbers[path], default=None)


def read_config(folder: Path) -> dict[str, Any]:
    """The adapter_config.json of a complete adapter; raises Refused if a part is missing, damaged, pickled, a link, or brings code."""
    weights, settings = folder / WEIGHTS, folder / "adapter_config.json"
    for path in (folder, weights, settings):
        if path.is_symlink():
            raise Refused("{name} is a link, and links are not followed.", hint="Copy the adapter's files themselves.", name=path.name)
    if not weights.is_file():
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.pkl") for path in folder.glob(pattern))
        if pickled:
            raise Refused(
                "The weights of this adapter are pickled ({pickled}): loading them could run code, so Academy does not.",
                hint="Save it as {weights} (save_pretrained does).",
                pickled=pickled[0],
                weights=WEIGHTS,
            )
        raise Refused("The adapter is not complete: {weights} is missing.", hint=_TRAIN_AGAIN, weights=WEIGHTS)
    for path in sorted(folder.glob("*.json")):
        _refuse_code(path)
    config = _read_object(settings)
    if config is None:
        raise Refused("The adapter is not complete: adapter_config.json is missing.", hint=_TRAIN_AGAIN)
    return config


def check_fit(config: dict[str, Any], header: dict[str, Any], base_folder: Path, base_name: str, *, own: bool = False) -> None:
    """Raises Refused unless the adapter's weights and the base model's modules match one to one; of its `own` the names are believed."""
    try:
        shapes = _base_shapes(base_folder)
    except (AcademyError, OSError) as error:
        reason = error.message_text if isinstance(error, AcademyError) else (error.strerror or msg("it cannot be read"))
        raise Refused(
            "The base model {base_name!r} cannot be used: {reason}",
            hint="Put it back as it was.",
            code=BASE_MISSING,
            base_name=shortened(base_name),
            reason=reason,
        ) from error
    parts: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for name, entry in header.items():
        if match := _LORA.match(name):
            if not name.startswith(_PREFIX) or match["module"].startswith(_PREFIX):
                raise Refused(
                    "The weights of the adapter are named for another program: {first!r} does not begin with {prefix!r} once.",
                    hint="Save it with PEFT (save_pretrained), or convert its names.",
                    first=shortened(name),
                    prefix=_PREFIX,
                )
            parts[match["module"]][match["part"]] = entry["shape"]
    if not parts:
        raise Refused("The adapter holds no LoRA weights.", hint=_TRAIN_AGAIN)
    by_module: dict[tuple[str, str], set[int]] = defaultdict(set)
    known = _modules(shapes)
    for module, shape in parts.items():
        # What only the load can check is checked there, before anything is swapped.
        if _module_key(module) in known or not (own or _is_of_experts(module, known)):
            _check_module(module, shape, known, base_name)
        if layer := _LAYER.search(module):
            by_module[layer["list"], layer["rest"]].add(int(layer["index"]))
    # A single string of targets is a pattern or a keyword; only a list of plain names means "in every layer".
    chosen = config.get("layers_to_transform") is not None or isinstance(config.get("target_modules"), str)
    if chosen or any("." in str(target) for target in config.get("target_modules") or []):
        return
    layers = {int(match["index"]) for name in shapes if (match := _LAYER.search(name))}
    for (kind, rest), indices in by_module.items():
        present = {index for index in layers if f"{kind}.{index}.{rest}" in known}
        if missing := present - indices:
            raise _mismatch(base_name, f"it has nothing for layer {min(missing)} of {len(layers)}")


@lru_cache(maxsize=8)
def _fingerprint(folder: Path, stamps: tuple[tuple[str, int, int, int], ...]) -> str:
    """The fingerprint of a base model, recomputed only when one of its files has changed."""
    return fingerprint(folder)


def _stamps(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    stamps = []
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("*.safetensors")):
        status = path.stat()
        stamps.append((path.name, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(stamps)


def _check_kind(config: dict[str, Any]) -> None:
    kind = str(config.get("peft_type", "")).upper()
    if kind != "LORA":
        raise Refused(
            "The adapter is of the kind {kind!r}; Academy uses LoRA adapters.",
            hint="Train a LoRA adapter.",
            kind=shortened(kind) or "unknown",
        )
    if config.get("megatron_config"):
        raise Refused("The adapter names a module of Python to import (megatron_core), and Academy runs no code of an adapter.")
    if str(config.get("bias", "none")) != "none":
        raise Refused("The adapter changes the base model's own biases and cannot be taken out again.", hint="Train it with bias='none'.")
    if config.get("layer_replication"):
        raise Refused("The adapter rebuilds the base model's layers (layer_replication).", hint="Train another one.")
    start = config.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower().startswith(("pissa", "olora", "corda", "loftq", "lora_ga")):
        raise Refused(
            "The adapter rewrites the base model's weights when it is loaded (init_lora_weights={start!r}).",
            hint="Convert it to a plain LoRA with PEFT (path_initial_model_for_weight_conversion).",
            start=shortened(start),
        )


def _check_module(module: str, shape: dict[str, list[int]], known: dict[str, list[int] | None], base_name: str) -> None:
    if "lora_magnitude_vector" in shape and len(shape) == 1:
        raise Refused("The adapter is not complete: {module} has no LoRA weights.", hint=_TRAIN_AGAIN, module=shortened(module))
    first, second = shape.get("lora_A"), shape.get("lora_B")
    embedding = "lora_embedding_A" in shape
    if not embedding and (first is None or second is None):
        raise Refused(
            "The adapter is not complete: {module} has only one half of its weights.", hint=_TRAIN_AGAIN, module=shortened(module)
        )
    key = _module_key(module)
    if key not in known:
        raise _mismatch(base_name, f"the base model has no {shortened(module)}")
    wanted = known[key]
    if embedding or first is None or second is None or wanted is None or len(wanted) != 2 or len(first) != 2 or len(second) != 2:
        return
    if first[0] != second[1]:
        raise Refused("The adapter is damaged: the halves of {module} do not fit together.", hint=_TRAIN_AGAIN, module=shortened(module))
    given = [second[0], first[1]]
    # GPT-2's Conv1D stores its weights transposed.
    if given != wanted and given != wanted[::-1]:
        raise _mismatch(base_name, f"{shortened(module)} is {given[0]} × {given[1]} there and {wanted[0]} × {wanted[1]} here")


_EMBEDDINGS = ("embed_tokens", "wte", "word_embeddings", "embed_in")


def _check_embeddings(header: dict[str, Any], base_folder: Path, base_name: str) -> None:
    """Raises Refused where the adapter was trained with more or fewer tokens than the base model has."""
    shapes = {_module_key(name): shape for name, shape in _base_shapes(base_folder).items() if shape}
    here = next((shape[0] for key in _EMBEDDINGS if (shape := shapes.get(key))), None)
    for name, entry in header.items():
        shape = entry.get("shape") or []
        plain = _module_key(name.removesuffix(".weight").removesuffix(".modules_to_save"))
        if here and plain in (*_EMBEDDINGS, "lm_head") and len(shape) == 2 and shape[0] != here:
            why = msg("its vocabulary has {there:number} tokens, the base model's {here:number}", there=shape[0], here=here)
            raise _mismatch(base_name, why)


def _check_finite(path: Path, header: dict[str, Any]) -> None:
    import numpy  # takes 0.1 s to import, and only activation needs it

    start = path.stat().st_size - max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
    with open(path, "rb") as file:
        for name, entry in header.items():
            if name == "__metadata__" or entry["dtype"] not in _EXPONENTS:
                continue
            width, mask = _EXPONENTS[entry["dtype"]]
            file.seek(start + entry["data_offsets"][0])
            left = entry["data_offsets"][1] - entry["data_offsets"][0]
            while left > 0:
                bits = numpy.frombuffer(file.read(min(_CHUNK, left)), dtype=f"<u{width}")
                left -= bits.nbytes
                if not bits.size or ((bits & mask) == mask).any():
                    raise Refused(
                        "The adapter's weights are not finite: {name} holds NaN or infinity.",
                        hint="Its training went wrong; train again with a smaller learning rate.",
                        name=shortened(name),
                    )


def _refuse_code(path: Path) -> None:
    value = _read_object(path)
    if value is None:
        return
    mapping = value.get("auto_mapping")
    library = mapping.get("parent_library", "") if isinstance(mapping, dict) else ""
    if "auto_map" in value or "custom_pipelines" in value or value.get("trust_remote_code"):
        raise Refused(
            "The adapter brings its own code (auto_map in {name}), and Academy never runs it.",
            hint="Use an adapter without code.",
            name=path.name,
        )
    if library and str(library).split(".")[0] not in ("transformers", "peft"):
        raise Refused(
            "The adapter names a module of Python to import ({library}), and Academy runs no code of an adapter.",
            library=shortened(str(library)),
        )


def _read_object(path: Path) -> dict[str, Any] | None:
    if path.is_symlink():
        raise Refused("{name} is a link, and links are not followed.", hint="Copy the adapter's files themselves.", name=path.name)
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, OSError, RecursionError) as error:
        raise Refused("{name} of the adapter is damaged.", hint=_TRAIN_AGAIN, name=path.name) from error
    if isinstance(value, dict):
        return value
    if path.name == "adapter_config.json":
        raise Refused("adapter_config.json of the adapter is damaged.", hint=_TRAIN_AGAIN)
    return None


def _base_shapes(folder: Path) -> dict[str, list[int] | None]:
    """Each module of the base model with the shape of its weight; None where the weight is packed, so its shape says nothing."""
    shapes: dict[str, list[int] | None] = {}
    for path in weight_files(folder):
        for name, entry in header_of(path).items():
            if name.endswith(".weight"):
                shapes[name.removesuffix(".weight")] = entry["shape"] if entry["dtype"] in _EXPONENTS else None
    return shapes


def _modules(shapes: dict[str, list[int] | None]) -> dict[str, list[int] | None]:
    keys = {_module_key(name): shape for name, shape in shapes.items()}
    for name, shape in shapes.items():
        # Models that tie their head to the embedding store the weight once.
        if name.endswith(("embed_tokens", "wte")):
            keys.setdefault("lm_head", shape)
    return keys


def _module_key(module: str) -> str:
    """A module's name without the prefix of its layer, on which files and classes disagree ("model.", "language_model.model.").

    The layers of what sees or hears are no layers of the language model, though they bear the same names.
    """
    other = match[0] if (match := _SENSES.search(module)) else ""
    if match := _LAYER.search(module):
        return f"{other}{match['list']}.{match['index']}.{match['rest']}"
    return other + module.rsplit(".", 1)[-1]


def _is_of_experts(module: str, known: Collection[str]) -> bool:
    """Whether a module stands for the experts of a layer or for what chooses among them, which classes hold as one and files one by one."""
    layer = _LAYER.search(module)
    if layer is None or not _EXPERTS.search(layer["rest"]):
        return False
    start = f"{layer['list']}.{layer['index']}."
    return any(key.startswith(start) and ".experts" in key for key in known)


def _mismatch(base_name: str, why: Text) -> Refused:
    return Refused(
        "This adapter was not trained on {base_name!r}: {why}.",
        hint="Activate it with the base model it was trained on, or train again.",
        code=MISMATCH,
        base_name=shortened(base_name),
        why=why,
    )
