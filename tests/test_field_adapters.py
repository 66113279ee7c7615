"""Adapters as other programs leave them: found where they lie, refused by name where they cannot be used."""

import json
from pathlib import Path

import numpy
import pytest

from academy.adapters.check import check_adapter, nested
from academy.adapters.store import AdapterStore
from academy.errors import Refused
from tests.adapters_help import lora, make_base, write_tensors


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path / "base")


def adapter(folder: Path, base: Path, tensors: dict) -> Path:
    folder.mkdir(parents=True)
    write_tensors(folder / "adapter_model.safetensors", tensors)
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": str(base)}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def test_an_adapter_that_lies_deeper_is_found(tmp_path, base):
    adapter(tmp_path / "models" / "mine" / "lora", base, lora())
    for step in (9, 60):
        adapter(tmp_path / "models" / "run" / f"checkpoint-{step}", base, lora())
    found = {item.adapter_id: item.path.name for item in AdapterStore(tmp_path / "models", tmp_path / "training").list()}
    assert found == {"mine": "lora", "run": "checkpoint-60"}
    assert nested(tmp_path) is None


def test_an_adapter_that_is_not_listed_is_named_with_the_reason(tmp_path, base):
    adapter(tmp_path / "models" / "my lamp", base, lora())
    (adapter(tmp_path / "models" / "torn", base, lora()) / "adapter_model.safetensors").write_bytes(b"x")
    store = AdapterStore(tmp_path / "models", tmp_path / "training")
    assert store.list() == []
    reasons = {name: str(why) for name, why in store.unlisted().items()}
    assert "blanks" in reasons["my lamp"]
    assert "damaged" in reasons["torn"]


@pytest.mark.parametrize("prefix", ["", "base_model.model.base_model.model."])
def test_weights_that_are_named_for_another_program_are_refused_before_anything_is_swapped(prefix, tmp_path, base):
    named = {prefix + name.removeprefix("base_model.model."): tensor for name, tensor in lora().items()}
    with pytest.raises(Refused, match="another program"):
        check_adapter(adapter(tmp_path / "a", base, named), str(base), None)


def test_a_resized_vocabulary_is_refused_with_both_sizes(tmp_path, base):
    more = lora() | {"base_model.model.model.embed_tokens.weight": numpy.zeros((12, 8))}
    with pytest.raises(Refused, match=r"12 tokens.*16"):
        check_adapter(adapter(tmp_path / "a", base, more), str(base), None)


def test_an_adapter_that_was_trained_here_is_believed_its_names(tmp_path, base):
    from academy.bases import fingerprint

    renamed = {name.replace("self_attn", "attention"): tensor for name, tensor in lora().items()}
    folder = adapter(tmp_path / "a", base, renamed)
    check_adapter(folder, str(base), fingerprint(base))
    with pytest.raises(Refused, match="not trained on"):
        check_adapter(folder, str(base), None)
