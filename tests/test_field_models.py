"""Adapters on kinds of models that people name: made by our trainer or by plain PEFT, checked, and asked as plain PEFT asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trainer_help import make_job, make_model, make_tokenizer

pytest.importorskip("peft")
import peft
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

from academy.adapters.check import check_adapter
from academy.adapters.store import Adapter
from academy.bases import Base, check_folder, fingerprint, header_of
from academy.chat.engine import TransformersEngine
from academy.errors import Refused
from academy.text.failures import Failure
from academy.trainer.compute.model import Placement, add_adapter, load_base
from academy.trainer.spec import read_spec

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("ignore")]  # libraries warn of shapes that no real model has

SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 128,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": None,
}
EYES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "image_size": 28, "patch_size": 14}
PROCESSOR = Placement(torch.device("cpu"), "cpu", "fp32")


def family(folder: Path, name: str) -> Path:
    """A random model of a family with a small tokenizer."""
    tokenizer = make_tokenizer()
    sizes = SIZES | {"vocab_size": len(tokenizer)}
    if name == "gemma3":
        pictures: dict[str, Any] = {"mm_tokens_per_image": 4, "image_token_index": 5, "boi_token_index": 6, "eoi_token_index": 7}
        config: Any = transformers.Gemma3Config(text_config=sizes | {"sliding_window": 32}, vision_config=EYES, **pictures)
    else:
        experts = {"num_local_experts": 4, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
        config = AutoConfig.for_model(name, **sizes, **(experts if name in ("mixtral", "qwen3_moe") else {}))
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def loud(adapted: Any, folder: Path) -> Path:
    """The adapter with random numbers in place of those that change nothing, saved as the trainer saves it."""
    torch.manual_seed(1)
    for name, parameter in adapted.named_parameters():
        if any(part in name for part in ("lora_B", "modules_to_save", "trainable_tokens_delta")):
            torch.nn.init.normal_(parameter, std=0.4)
    adapted.save_pretrained(str(folder), save_embedding_layers="auto")
    return folder


def ours(base: Path, folder: Path, **knobs: Any) -> Path:
    """An adapter as our trainer puts it on the base."""
    spec = read_spec(make_job(folder / "job", base, base / "config.json", **knobs))
    return loud(add_adapter(load_base(spec, PROCESSOR), spec), folder / "adapter")


def by_peft(base: Path, folder: Path, **config: Any) -> Path:
    """An adapter as plain PEFT makes it."""
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    made = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", **config))
    return loud(made, folder / "adapter")


def answers(base: Path, folder: Path, rounding: float = 1e-3) -> None:
    """The chat computes with the adapter what plain PEFT computes, without it what it did before, and with it again."""
    engine, place, adapter = TransformersEngine(use_gpu=False), Base(str(base), "folder", base), Adapter("it", "it", folder, str(base))
    ids = torch.tensor([[3, 4, 5, 260, 261, 40, 41, 42]])

    def computed(who: Adapter | None) -> Any:
        engine.prepare(place, who)
        swapped = engine._held.swapped  # type: ignore[union-attr]
        with torch.inference_mode(), swapped.only(who):
            return swapped.model(ids).logits.float()

    before, found, after, again = (computed(who) for who in (None, adapter, None, adapter))
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, device_map={"": "cpu"})
    with torch.inference_mode():
        wanted = peft.PeftModel.from_pretrained(model, str(folder)).eval()(ids).logits.float()

    def apart(one: Any, other: Any) -> float:
        return float((one - other).square().mean().sqrt() / other.std())

    assert apart(found, wanted) < rounding
    assert apart(found, before) > 3 * rounding
    assert apart(after, before) < rounding
    assert torch.equal(found, again)


@pytest.mark.parametrize(
    ("name", "there", "not_there"),
    [
        ("mixtral", "mlp.experts.lora_A", "lm_head"),
        ("qwen3_moe", "mlp.experts.base_layer.lora_B", "lm_head"),
        ("gemma3", "language_model.layers.1.self_attn.v_proj", "vision"),
        ("phi3", "qkv_proj.lora_A", "lm_head"),
    ],
)
def test_an_adapter_of_our_own_is_activated_here_and_where_it_is_imported(name: str, there: str, not_there: str, tmp_path: Path) -> None:
    base = family(tmp_path / "base", name)
    check_folder(base)
    folder = ours(base, tmp_path, lora_rank=4)
    names = " ".join(header_of(folder / "adapter_model.safetensors"))
    assert there in names
    assert not_there not in names
    for mark in (fingerprint(base), None):
        check_adapter(folder, str(base), mark)
    answers(base, folder)


def test_the_layers_of_a_vision_tower_are_no_layers_of_the_language_model(tmp_path: Path) -> None:
    base = family(tmp_path / "base", "gemma3")
    folder = by_peft(base, tmp_path, target_modules=r".*vision_tower.*\.q_proj")
    check_adapter(folder, str(base), None)
    other = family(tmp_path / "other", "llama")
    with pytest.raises(Refused, match="not trained on"):
        check_adapter(folder, str(other), None)


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["q_proj"], "trainable_token_indices": [3, 4, 260]},  # the head is tied to the embedding
        {"target_modules": ["q_proj"], "modules_to_save": ["norm"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "lm_head"]},
    ],
    ids=["tokens", "norm", "embedding"],
)
def test_what_an_adapter_brings_beside_lora_answers_as_in_plain_peft(config: dict[str, Any], tmp_path: Path) -> None:
    base = make_model(tmp_path / "base")
    folder = by_peft(base, tmp_path, **config)
    check_adapter(folder, str(base), None)
    answers(base, folder)


def test_a_base_in_4_bit_is_trained_as_qlora_and_answers_or_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bitsandbytes")
    plain, base = make_model(tmp_path / "plain"), tmp_path / "base"
    packing = transformers.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32)
    AutoModelForCausalLM.from_pretrained(plain, quantization_config=packing, device_map={"": "cpu"}).save_pretrained(base)
    make_tokenizer().save_pretrained(base)
    check_folder(base)
    spec = read_spec(make_job(tmp_path / "job", base, base / "config.json", lora_rank=4))
    assert spec.is_quantized
    adapted = add_adapter(load_base(spec, PROCESSOR), spec)
    assert {type(module.base_layer).__name__ for module in adapted.modules() if hasattr(module, "lora_A")} == {"Linear4bit"}
    adapted(input_ids=torch.tensor([[3, 4, 5]]), labels=torch.tensor([[3, 4, 5]])).loss.backward()
    assert all(parameter.grad is not None for name, parameter in adapted.named_parameters() if "lora_B" in name)
    folder = loud(adapted, tmp_path / "adapter")
    check_adapter(folder, str(base), None)
    answers(base, folder, rounding=0.1)  # of bf16: the chat keeps an adapter as it was trained, plain PEFT in fp32
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    with pytest.raises(Failure, match="'bitsandbytes'"):
        load_base(spec, PROCESSOR)
