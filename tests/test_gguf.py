"""GGUF files as people have them: the header says what the model is, or a sentence says why it cannot be one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from academy.bases import gguf, resolve_base
from academy.errors import AcademyError, Refused
from tests.gguf_help import TEMPLATE, tiny, with_type


def test_the_header_gives_the_facts(tmp_path: Path) -> None:
    header = gguf.read(tiny(tmp_path / "tiny.gguf"))
    gguf.check(header)
    known = gguf.facts(header)
    assert (known.architecture, known.layers, known.hidden_size, known.max_length) == ("llama", 2, 64, 512)
    assert (known.title, known.license, known.has_chat_template, header.template) == ("Tiny Llama", "Apache-2.0", True, TEMPLATE)
    assert known.parameters == 261 * 64 + 64 + 2 * (2 * 64 + 2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 128)
    assert (known.bytes, header.types) == (2 * known.parameters, {"Q8_0", "F32"})
    assert gguf.texts(header, "tokenizer.ggml.tokens")[:2] == ["<|endoftext|>", "<|im_start|>"]


def test_the_sizes_of_its_tensors_are_those_of_the_writer(tmp_path: Path) -> None:
    for kind in ("Q8_0", "Q4_1", "F16", "none"):
        header = gguf.read(tiny(tmp_path / f"{kind}.gguf", quantized=kind))
        end = header.data_start + max(tensor.offset + tensor.bytes for tensor in header.tensors)
        assert 0 <= header.size - end < 32


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    before = (gguf.facts(gguf.read(path)), gguf.fingerprint(path))
    tiny(path, template=None, seed=1)
    after = (gguf.facts(gguf.read(path)), gguf.fingerprint(path))
    assert (before[0].has_chat_template, after[0].has_chat_template) == (True, False)
    assert before[1] != after[1]


def part(path: Path, **written: Any) -> None:
    for number in (1, 3):
        tiny(path.with_name(f"big-{number:05}-of-00003.gguf"), **written)
    path.unlink(missing_ok=True)
    path.with_name("big-00001-of-00003.gguf").rename(path)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no GGUF": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)), "not a GGUF file"),
    "empty": (lambda path: path.write_bytes(b""), "not a GGUF file"),
    "only the magic": (lambda path: path.write_bytes(b"GGUF"), "damaged or cut short"),
    "version 1": (lambda path: path.write_bytes(b"GGUF\x01\0\0\0" + bytes(100)), "version 1"),
    "another byte order": (lambda path: path.write_bytes(b"GGUF\0\0\0\x03" + bytes(100)), "byte order"),
    "a number of keys without end": (lambda path: path.write_bytes(b"GGUF\x03\0\0\0" + b"\xff" * 16), "damaged"),
    "cut in the weights": (lambda path: tiny(path) and path.write_bytes(path.read_bytes()[:-5000]), r"cut short: it has [\d,]+ of [\d,]+"),
    "cut in the header": (lambda path: tiny(path) and path.write_bytes(path.read_bytes()[:2000]), "damaged or cut short"),
    "an architecture of its own": (lambda path: tiny(path, architecture="grok"), "architecture 'grok'"),
    "an encoder": (lambda path: tiny(path, architecture="t5"), "architecture 't5'"),
    "a projector by its kind": (lambda path: tiny(path, extra={"general.type": "mmproj"}), "projector"),
    "a projector by its architecture": (lambda path: tiny(path, architecture="clip"), "projector"),
    "an adapter": (lambda path: tiny(path, extra={"general.type": "adapter"}), "an adapter"),
    "an imatrix": (lambda path: tiny(path, extra={"general.type": "imatrix"}), "kind 'imatrix'"),
    "an embedding model": (lambda path: tiny(path, extra={"llama.pooling_type": 1}), "embedding model"),
    "an encoder for embeddings": (lambda path: tiny(path, architecture="nomic-bert"), "embedding model"),
    "a part by its metadata": (lambda path: tiny(path, extra={"split.count": 3, "split.no": 1}), "part 2 of 3"),
    "an unknown type": (lambda path: with_type(tiny(path), 8, 99), r"\(type 99\)"),
    "a type that nothing unpacks": (lambda path: with_type(tiny(path, quantized="F16"), 1, 25), "as I16, which cannot be unpacked"),
    "a vocabulary of its own": (lambda path: tiny(path, vocabulary="rwkv"), "vocabulary of the kind 'rwkv'"),
    "a stretched context": (lambda path: tiny(path, extra={"llama.rope.scaling.type": "yarn"}), r"stretches its context \(yarn\)"),
    "long factors": (
        lambda path: tiny(path, tensors={"rope_factors_long.weight": np.ones(8, np.float32)}),
        r"stretches its context \(longrope\)",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_become_a_base_model_is_refused_by_name_and_says_what_to_do(tmp_path: Path, fault: str) -> None:
    act, words = FAULTS[fault]
    path = tmp_path / "model.gguf"
    act(path)
    with pytest.raises(Refused, match=words) as refused:
        resolve_base(str(path))
    assert "model.gguf" in refused.value.message
    assert refused.value.hint
    assert str(tmp_path) not in refused.value.detail


def test_of_a_model_in_parts_it_says_which_are_missing(tmp_path: Path) -> None:
    for number in (1, 3):
        tiny(tmp_path / f"big-{number:05}-of-00003.gguf")
    with pytest.raises(Refused, match=r"part 1 of 3, and big-00002-of-00003\.gguf is not beside it"):
        resolve_base(str(tmp_path))


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_header_is_a_sentence_or_a_header(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    data = bytearray(tiny(tmp_path / "whole.gguf").read_bytes()[:6000])
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(4, len(data))
        data[at] = draw.choice((0, 1, 9, 255, draw.randrange(256)))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(data[: draw.randint(10, len(data))])
    with pytest.raises(AcademyError):
        resolve_base(str(path))


def test_a_folder_with_one_file_is_that_file(tmp_path: Path) -> None:
    path = tiny(tmp_path / "one.gguf")
    (tmp_path / "mmproj-one.gguf").write_bytes(b"GGUF")
    found = resolve_base(str(tmp_path))
    assert (found.name, found.kind, found.path, found.source) == (str(path), "gguf", None, path)
    assert found.fingerprint is None
    assert found.facts == gguf.facts(gguf.read(path))
    assert resolve_base(str(path)) == found


def test_a_folder_with_several_names_them(tmp_path: Path) -> None:
    tiny(tmp_path / "a.gguf")
    tiny(tmp_path / "b.gguf")
    with pytest.raises(Refused, match=r"several GGUF files: a\.gguf, b\.gguf"):
        resolve_base(str(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AcademyError, match="There is no file"):
        resolve_base(str(tmp_path / "gone.gguf"))


@pytest.mark.training
def test_the_lists_agree_with_transformers_and_the_package_gguf() -> None:
    import gguf as package
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
    from transformers.integrations.gguf.dequant import GGML_NAME
    from transformers.integrations.gguf.gguf_config_mapping import GGUF_CONFIG_ARCHS
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_TOKENIZER_TYPES

    there = {re.sub("_", "-" if name in ("gpt_oss", "minimax_m2") else "", name) for name in GGUF_CONFIG_MAPPING} | set(GGUF_CONFIG_ARCHS)
    # No model that continues texts, or none of transformers' own; and Mistral's files say that they are a Llama.
    assert there - {"general", "tokenizer", "t5", "umt5", "deci", "mistral"} == gguf.ARCHITECTURES
    assert set(GGUF_TOKENIZER_TYPES) - {"t5"} == gguf.TOKENIZERS
    sizes = {kind.value: (kind.name, *size) for kind, size in package.GGML_QUANT_SIZES.items()}
    assert {key: sizes[key] for key in gguf.TYPES} == gguf.TYPES
    assert set(GGML_NAME.values()) == gguf._UNPACKED
    own = {kind.name for kind in package.quants._type_traits} - {"BF16", "NVFP4"}
    assert own == gguf._UNPACKED_BY_PACKAGE
