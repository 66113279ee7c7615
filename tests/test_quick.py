"""The chat's quick decoder: the model's own numbers, token by token, with and without an adapter, and after a kept prompt."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from academy.adapters.store import Adapter
from tests.trainer_help import make_model, make_tokenizer

pytestmark = pytest.mark.training  # torch

SIZES: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 512, "vocab_size": 320, "eos_token_id": 1, "pad_token_id": 1, "bos_token_id": 2,
}  # fmt: skip
ROPE = {
    "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
KNOWN: dict[str, dict[str, Any]] = {
    "Llama": {"tie_word_embeddings": True},
    "Llama, scaled": {"rope_parameters": ROPE},
    "Qwen2": {},
    "Qwen3": {"head_dim": 24},
    "Mistral": {"sliding_window": None, "head_dim": 16},
}
OTHERS: dict[str, dict[str, Any]] = {
    "Gemma": {"head_dim": 16},
    "Phi3": {},
    "Mistral": {"sliding_window": 8, "head_dim": 16},
    "Granite": {"residual_multiplier": 0.2},
    "GPTNeoX": {},
}


def model_of(kind: str, **sizes: Any) -> Any:
    import torch
    import transformers

    name = kind.split(",")[0]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**SIZES | sizes)
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data.normal_(1, 0.2)  # norms and biases that make a difference
    return model


def an_adapter(folder: Path, model: Any, strength: float = 1.0, **config: Any) -> Adapter:
    """An adapter of random numbers for the model, as a training leaves it."""
    import peft
    import torch

    adapted = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=16, task_type="CAUSAL_LM", init_lora_weights=False, **config))
    torch.manual_seed(1)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.1)
    adapted.save_pretrained(str(folder))
    return Adapter("a", "a", folder, "base", strength=strength)


def quick_of(model: Any, exact: bool = False) -> Any:
    import torch

    from academy.chat.quick import make_quick

    with torch.inference_mode():
        return make_quick(model, 512, list(range(40, 60)), torch.float32 if exact else torch.float16)


@pytest.mark.parametrize("kind", KNOWN)
def test_it_says_what_the_model_says(kind: str) -> None:
    import torch

    model = model_of(kind, **KNOWN[kind])
    quick = quick_of(model)
    assert quick is not None
    ids = [(at * 37 + 5) % 320 for at in range(150)]
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0]
        own = torch.stack([quick.begin(ids[:100], 50), *(quick.step(token) for token in ids[100:])])
    assert torch.allclose(own[0], expected[99], atol=1e-4)  # read by the model's own matrices
    assert float((own - expected[99:]).abs().max()) < 0.01 * float(expected.std())
    exact = quick_of(model, exact=True)
    with torch.inference_mode():
        own = torch.stack([exact.begin(ids[:100], 50), *(exact.step(token) for token in ids[100:])])
    assert torch.allclose(own, expected[99:], atol=1e-4)


@pytest.mark.parametrize("kind", OTHERS)
def test_it_leaves_models_alone_that_it_does_not_know(kind: str) -> None:
    assert quick_of(model_of(kind, **OTHERS[kind])) is None


def test_what_is_kept_of_a_prompt_changes_nothing() -> None:
    import torch

    from academy.chat.quick import BLOCK

    quick, fresh = (quick_of(model_of("Llama")) for _ in range(2))
    turn = [(at * 31 + 7) % 320 for at in range(3 * BLOCK + 9)]
    longer, other = [*turn, *range(100)], [*turn[: BLOCK + 3], *range(90)]
    with torch.inference_mode():
        for ids in (turn, longer, turn, other, longer[:BLOCK], longer):
            fresh._read = ()
            reads: list[int] = []
            run = quick._run
            quick._run = lambda hidden, product, run=run, reads=reads: reads.append(len(hidden)) or run(hidden, product)
            assert torch.equal(quick.begin(ids, 20), fresh.begin(ids, 20))
            quick._run = run
            assert torch.equal(quick.step(5), fresh.step(5))
            if ids is longer and len(reads) > 1:
                assert sum(reads) <= len(longer)
    with torch.inference_mode():
        quick.begin(turn, 20)
        assert quick._read == tuple(turn)
        quick.adapt(None, "another adapter")
        assert quick._read == ()


ADAPTERS: dict[str, dict[str, Any]] = {
    "all": {"target_modules": "all-linear"},
    "some": {"target_modules": ["v_proj", "up_proj", "o_proj"]},
    "ranks": {"target_modules": "all-linear", "rank_pattern": {"k_proj": 3}, "use_rslora": True},
}


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_an_adapter_counts_as_it_does_in_the_model(tmp_path: Path, kind: str, strength: float) -> None:
    import torch

    from academy.chat.swapping import Swapped

    model = model_of("Qwen2")
    quick, swapped = quick_of(model), Swapped(model)
    adapter = an_adapter(tmp_path, model_of("Qwen2"), strength=strength, **ADAPTERS[kind])
    swapped.put(adapter)
    ids = [(at * 37 + 5) % 320 for at in range(60)]
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0]
        assert quick.adapt(swapped.slot, "adapter")
        own = torch.stack([quick.begin(ids[:30], 40), *(quick.step(token) for token in ids[30:])])
        with swapped.only(None):
            bare = model(torch.tensor([ids])).logits[0]
            assert quick.adapt(None, None)
            plain = torch.stack([quick.begin(ids[:30], 40), *(quick.step(token) for token in ids[30:])])
    assert float((expected - bare).abs().max()) > 0.1  # the adapter makes a difference
    assert float((own - expected[29:]).abs().max()) < 0.01 * float(expected.std())
    assert float((plain - bare[29:]).abs().max()) < 0.01 * float(bare.std())


def test_an_adapter_of_another_kind_is_left_to_the_model(tmp_path: Path) -> None:
    import torch

    from academy.chat.swapping import Swapped

    model = model_of("Llama")
    quick, swapped = quick_of(model), Swapped(model)
    swapped.put(an_adapter(tmp_path, model_of("Llama"), target_modules="all-linear", use_dora=True))
    with torch.inference_mode():
        assert not quick.adapt(swapped.slot, "dora")
        assert quick.adapt(None, None)


def test_the_penalty_is_that_of_transformers() -> None:
    import torch
    from transformers import RepetitionPenaltyLogitsProcessor

    from academy.chat.decoding import penalized

    logits, ids = torch.randn(50, generator=torch.Generator().manual_seed(0)), [3, 7, 7, 49]
    expected = RepetitionPenaltyLogitsProcessor(1.3)(torch.LongTensor([ids]), torch.FloatTensor(logits[None].clone()))[0]
    assert torch.equal(penalized(logits.clone(), ids, 1.3), expected)
    assert penalized(logits, ids, 1.0) is logits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("quick") / "base", make_tokenizer())


def test_numbers_beyond_fp16_let_the_model_answer_by_itself(folder: Path) -> None:
    import torch

    from academy.bases import Base
    from academy.chat.engine import TransformersEngine
    from academy.chat.request import Sampling

    def answer(spoil: bool) -> tuple[str, str, int]:
        engine = TransformersEngine(use_gpu=False)
        engine.prepare(Base(str(folder), "folder", folder), None)
        assert engine._held is not None
        assert engine._held.quick is not None
        if spoil:
            with torch.inference_mode():
                engine._held.quick._layers[1].products[3].weight.fill_(float("inf"))
        pieces: list[str] = []
        asked = [{"role": "user", "content": "Where is the spare key?"}]
        outcome = engine.generate(asked, None, Sampling(max_new_tokens=20), threading.Event(), pieces.append)
        assert (engine._held.quick is None) is spoil
        return "".join(pieces), outcome.finish, outcome.completion_tokens

    assert answer(spoil=True) == answer(spoil=False)
