"""Base models of kinds that people name: refused at once with what to do, or loaded with transformers' own class."""

# ruff: noqa: E501
import importlib.util
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from academy.bases import check_folder
from academy.bases.folders import is_packed
from academy.errors import Refused


def folder_of(tmp_path: Path, config: dict[str, Any], *files: str) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 1, "hidden_size": 4} | config))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    for name in files:
        (folder / name).write_text("{}")
    return folder


LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
REFUSED = {
    "t5": ({"model_type": "t5", "is_encoder_decoder": True}, "encoder-decoder"),
    "bart of an unknown name": ({"model_type": "ours", "is_encoder_decoder": True}, "encoder-decoder"),
    "bert": ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "encoder"),
    "mamba": ({"model_type": "mamba"}, "state-space"),
    "qwen2-vl": ({"model_type": "qwen2_vl", "vision_config": {}}, "pictures"),
    "mistral3": ({"model_type": "mistral3", "vision_config": {}, "text_config": {}}, "pictures"),
    "whisper": ({"model_type": "whisper"}, "sound"),
    **{
        method: (LLAMA | {"quantization_config": {"quant_method": method}}, "packed as")
        for method in ("gptq", "awq", "fp8", "compressed-tensors")
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_be_a_base_is_refused_by_its_kind(name, tmp_path):
    config, why = REFUSED[name]
    with pytest.raises(Refused, match=why):
        check_folder(folder_of(tmp_path, config))


def test_a_bert_that_decodes_and_a_base_in_4_bit_are_bases(tmp_path):
    check_folder(folder_of(tmp_path, {"model_type": "bert", "is_decoder": True}))
    (tmp_path / "other").mkdir()
    packed = folder_of(tmp_path / "other", LLAMA | {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}})
    check_folder(packed)
    assert is_packed(packed)


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs transformers")
@pytest.mark.parametrize(
    ("config", "fits"),
    [
        ({"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "auto_map": {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"}}, True),
        ({"model_type": "ours", "architectures": ["OurForCausalLM"], "auto_map": {"AutoModelForCausalLM": "modeling.OurForCausalLM"}}, False),
        ({"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "auto_map": {"AutoModelForCausalLM": "modeling.Better"}}, False),
    ],
)  # fmt: skip
def test_code_beside_a_model_that_transformers_has_itself_is_no_hindrance(config, fits, tmp_path):
    folder = folder_of(tmp_path, config)
    if fits:
        check_folder(folder)
        return
    with pytest.raises(Refused, match="own code"):
        check_folder(folder)


@pytest.mark.parametrize(("file", "package"), [("tokenizer.model", "sentencepiece"), ("tekken.json", "mistral-common")])
def test_the_missing_reader_of_a_tokenizer_is_named(file, package, tmp_path, monkeypatch):
    monkeypatch.setattr("academy.bases.kinds.importlib.util.find_spec", lambda name: None)
    with pytest.raises(Refused, match=package):
        check_folder(folder_of(tmp_path, LLAMA, file))
    (tmp_path / "model" / "tokenizer.json").write_text("{}")
    check_folder(tmp_path / "model")
