"""Base models as people have them: whatever lies in the folder, the answer is a model or a sentence."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from academy.bases import facts, fingerprint, resolve_base, weight_files
from academy.errors import AcademyError, Refused

INDEX = "model.safetensors.index.json"


def tensors(header: Any = None, data: bytes = bytes(16)) -> bytes:
    header = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}} if header is None else header
    packed = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + data


def model(folder: Path, **config: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 4} | config))
    (folder / "model.safetensors").write_bytes(tensors())
    return folder


def put(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


def replaced(name: str, data: bytes = b"") -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(data)

    return act


def fifo(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    "a config that is a pipe": (fifo, "no config.json"),
    "half a config": (put("config.json", b'{"model'), "cannot be read"),
    "a config that is a list": (put("config.json", b"[]"), "cannot be read"),
    "a deep config": (put("config.json", b"[" * 100_000), "cannot be read"),
    "code": (put("config.json", b'{"auto_map": {"AutoModel": "evil.Model"}}'), "own code"),
    "a tokenizer's code": (put("tokenizer_config.json", b'{"auto_map": {"AutoTokenizer": ["evil.T", null]}}'), "own code"),
    "pickled": (replaced("pytorch_model.bin", b"\x80\x04."), "run code"),
    "pickled otherwise": (replaced("weights.ckpt"), "run code"),
    "nothing": (replaced("README.md"), "no weights in safetensors"),
    "cut short": (put("model.safetensors", tensors()[:-3]), "cut short"),
    "too long": (put("model.safetensors", tensors() + b"x"), "damaged"),
    "empty weights": (put("model.safetensors", b""), "damaged"),
    "a header of no end": (put("model.safetensors", struct.pack("<Q", 1 << 62) + b"{}"), "damaged"),
    "a deep header": (put("model.safetensors", tensors(b"[" * 100_000, b"")), "damaged"),
    "a header of words": (put("model.safetensors", tensors({"w": "x"})), "damaged"),
    "a shape of words": (put("model.safetensors", tensors({"w": {"shape": ["2"], "data_offsets": [0, 16]}})), "damaged"),
    "a shape below nothing": (put("model.safetensors", tensors({"w": {"shape": [-2], "data_offsets": [0, 16]}})), "damaged"),
    "no offsets": (put("model.safetensors", tensors({"w": {"shape": [2], "data_offsets": []}})), "damaged"),
    "an index of a missing file": (put(INDEX, b'{"weight_map": {"w": "gone.safetensors"}}'), "gone.safetensors is missing"),
    "an index that leads out": (put(INDEX, b'{"weight_map": {"w": "../other/model.safetensors"}}'), "is missing"),
    "an index of numbers": (put(INDEX, b'{"weight_map": {"w": 1, "v": "x"}}'), "damaged"),
    "an index that is a list": (put(INDEX, b"[]"), "damaged"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_whole_safe_model_is_refused_by_name(tmp_path: Path, fault: str) -> None:
    act, words = FAULTS[fault]
    folder = model(tmp_path / "model")
    act(folder)
    with pytest.raises(Refused, match=words):
        resolve_base(str(folder))


def test_odd_descriptions_are_no_reason_to_fail(tmp_path: Path) -> None:
    folder = model(tmp_path / "odd", num_hidden_layers="many", hidden_size=[1], max_position_embeddings={}, architectures={"a": 1})
    (folder / "tokenizer_config.json").write_text("[]")
    known = facts(folder)
    assert (known.layers, known.hidden_size, known.max_length, known.parameters, known.has_chat_template) == (0, 0, 0, 4, False)


def test_the_same_weights_once_more_beside_them_count_once(tmp_path: Path) -> None:
    folder = model(tmp_path / "twice")
    before = fingerprint(folder)
    (folder / "consolidated.safetensors").write_bytes(tensors())
    assert [path.name for path in weight_files(folder)] == ["model.safetensors"]
    assert (facts(folder).parameters, fingerprint(folder)) == (4, before)


ODD = (
    "~nobody-of-that-name/x",
    "/" + "a" * 400,
    "team/model.",
    "team/model-",
    "team/model.git",
    "a/b.",
    "./x",
    "..",
    "\ud800/x",
    "/\udcff",
)


@pytest.mark.parametrize("name", ODD)
def test_a_name_of_any_kind_gets_a_sentence(name: str) -> None:
    # Some of these went through to the file system or the hub's library and came back as server errors.
    with pytest.raises(AcademyError):
        resolve_base(name)
