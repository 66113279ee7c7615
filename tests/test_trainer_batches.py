"""How rows become a batch, and that their common beginning is computed once without changing a loss or a gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trainer_help import chats, make_job, make_model, steps_of, write_rows

from academy.text.tokens import Tokens

pytestmark = pytest.mark.training


def rows_of(start: int, lengths: tuple[int, ...], answers: int = 3) -> list[Tokens]:
    """Rows that share their first `start` tokens; the last `answers` of each are trained."""
    rows = []
    for number, length in enumerate(lengths):
        ids = [7 + at % 5 for at in range(start)] + [20 + (13 * number + 7 * at) % 100 for at in range(length)]
        rows.append(Tokens(number, ids, [False] * (len(ids) - answers) + [True] * answers, len(ids)))
    return rows


def tiny(family: str, **sizes: Any) -> Any:
    """A model of a family with random weights, with the attention that knows the bounds of rows."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from academy.trainer.compute.attention import NAME

    common = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8, "pad_token_id": 0}
    common |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **common | sizes), attn_implementation=NAME)


def losses(model: Any, batches: list[Any]) -> tuple[list[float], list[Any]]:
    """The loss of each trained token, batch by batch, and the gradients of their sum."""
    import torch

    from academy.trainer.compute.attention import DOCUMENTS

    model.zero_grad()
    each: list[float] = []
    for batch in batches:
        DOCUMENTS.lay(batch.bounds, batch.prefix)
        hidden = model.base_model(**batch.inputs, use_cache=False).last_hidden_state.flatten(0, 1)
        logits = model.get_output_embeddings()(hidden.index_select(0, batch.positions))
        values = torch.nn.functional.cross_entropy(logits, batch.targets, reduction="none")
        values.sum().backward()
        each += values.tolist()
    DOCUMENTS.lay(None)
    return each, [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("lengths", [(6, 9, 4, 12), (150, 90, 200)])
@pytest.mark.parametrize(("family", "sizes"), [("llama", {}), ("qwen3", {}), ("mistral", {"sliding_window": 16}), ("gemma3_text", {})])
def test_a_common_beginning_computed_once_changes_no_loss_and_no_gradient(
    family: str, sizes: dict[str, Any], lengths: tuple[int, ...]
) -> None:
    torch = pytest.importorskip("torch")
    from academy.trainer.compute.batches import lay_end_to_end

    model, rows = tiny(family, **sizes), rows_of(60, lengths)
    shared = lay_end_to_end(rows)
    assert shared.prefix == 60
    assert shared.inputs["input_ids"].shape == (1, 60 + sum(lengths))
    assert shared.tokens == sum(len(row.ids) for row in rows)
    together, gradients = losses(model, [shared])
    alone, expected = losses(model, [lay_end_to_end([row]) for row in rows])
    assert together == pytest.approx(alone, abs=1e-5)
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("rows", "prefix"),
    [
        (rows_of(10, (8, 8)), 10),
        (rows_of(10, (8,)), 0),  # one row has it once anyway
        (rows_of(0, (8, 8)), 0),
        (rows_of(10, (3, 3)), 9),  # the token before the first trained one predicts it, so it stays with its row
        (rows_of(3, (300, 300)), 0),  # not worth it
        ([Tokens(1, [1, 2, 3], [True] * 3, 3)] * 2, 0),
    ],
)
def test_only_what_no_row_learns_is_shared(rows: list[Tokens], prefix: int) -> None:
    pytest.importorskip("torch")
    from academy.trainer.compute.batches import lay_end_to_end

    batch = lay_end_to_end(rows)
    assert batch.prefix == prefix
    assert batch.trained == sum(sum(row.trained[1:]) for row in rows)
    assert batch.targets.tolist() == [token for row in rows for token, flag in zip(row.ids[1:], row.trained[1:], strict=True) if flag]
    assert batch.owners.tolist() == [at for at, row in enumerate(rows) for flag in row.trained[1:] if flag]


@pytest.mark.parametrize(
    ("family", "sizes", "lean"),
    [
        ("llama", {}, 15),
        ("qwen2", {}, 15),  # with biases
        ("qwen3", {}, 19),  # with norms of queries and keys
        ("mistral", {"sliding_window": 16}, 15),
        ("gemma", {"num_key_value_heads": 1}, 15),
        ("gemma3_text", {}, 23),
        ("phi3", {}, 13),  # gate and up in one layer
    ],
)
def test_frozen_layers_that_keep_less_change_no_loss_and_no_gradient(family: str, sizes: dict[str, Any], lean: int) -> None:
    torch = pytest.importorskip("torch")
    from peft import LoraConfig, get_peft_model

    from academy.trainer.compute.batches import lay_end_to_end
    from academy.trainer.compute.frozen import keep_less

    batches = [lay_end_to_end(rows_of(10, (6, 9, 4, 12)))]

    model = get_peft_model(tiny(family, **sizes), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
        elif "norm" in name:
            torch.nn.init.normal_(parameter, mean=1, std=0.3)
    expected, of_own = losses(model.get_base_model(), batches)
    keep_less(model)
    assert sum("forward" in vars(module) for module in model.modules()) == lean
    found, of_lean = losses(model.get_base_model(), batches)
    assert found == pytest.approx(expected, abs=1e-5)
    for ours, theirs in zip(of_lean, of_own, strict=True):
        assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


@pytest.mark.parametrize(("family", "sizes"), [("llama", {}), ("qwen3", {}), ("gemma3_text", {}), ("phi3", {})])
def test_in_bf16_lean_layers_and_blocks_of_attention_round_no_more_than_their_own(family: str, sizes: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from peft import LoraConfig, get_peft_model

    from academy.trainer.compute.attention import NAME
    from academy.trainer.compute.batches import lay_end_to_end
    from academy.trainer.compute.frozen import keep_less

    rows = rows_of(10, (6, 9, 200, 12))
    model = get_peft_model(tiny(family, **sizes), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
        else:
            parameter.data = parameter.data.bfloat16().float()
    base: Any = model.get_base_model()
    _, exact = losses(base, [lay_end_to_end([row]) for row in rows])
    for parameter in model.parameters():
        if not parameter.requires_grad:
            parameter.data = parameter.data.bfloat16()

    def strayed(batches: list[Any]) -> float:
        """By how much the gradients differ from the exact ones, in the mean."""
        with torch.autocast("cpu", torch.bfloat16):
            _, found = losses(base, batches)
        return float(sum((ours - true).norm() / true.norm() for ours, true in zip(found, exact, strict=True)) / len(exact))

    base.set_attn_implementation("sdpa")
    stock = strayed([lay_end_to_end([row]) for row in rows])
    base.set_attn_implementation(NAME)
    keep_less(model)
    assert any("forward" in vars(module) for module in model.modules())
    assert 0 < strayed([lay_end_to_end(rows)]) <= 1.3 * stock


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("broken", ["a scaled MLP", "a shifted norm", "dropout", "two adapters", "DoRA"])
def test_layers_that_compute_something_else_pass_as_before(broken: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from peft import LoraConfig, get_peft_model
    from transformers.models.llama.modeling_llama import LlamaMLP, LlamaRMSNorm

    from academy.trainer.compute.frozen import keep_less

    class ScaledMLP(LlamaMLP):
        def forward(self, x: Any) -> Any:
            return 0.9 * super().forward(x)

    class ShiftedRMSNorm(LlamaRMSNorm):
        def forward(self, hidden_states: Any) -> Any:
            return super().forward(hidden_states) + 0.1

    base = tiny("llama")
    for module in base.modules():
        if broken == "a scaled MLP" and isinstance(module, LlamaMLP):
            module.__class__ = ScaledMLP
        if broken == "a shifted norm" and isinstance(module, LlamaRMSNorm):
            module.__class__ = ShiftedRMSNorm
    lora = LoraConfig(
        r=4,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        lora_dropout=0.1 if broken == "dropout" else 0.0,
        use_dora=broken == "DoRA",
    )
    model: Any = get_peft_model(base, lora)
    for parameter in model.parameters():
        if not parameter.requires_grad:
            parameter.data = parameter.data.to(getattr(torch, dtype))
    if broken == "two adapters":
        model.add_adapter("other", lora)
        model.base_model.set_adapter(["default", "other"])
    keep_less(model)
    lean = {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if "forward" in vars(module)}
    norms, linear = {"input_layernorm", "post_attention_layernorm", "norm"}, {"q_proj", "k_proj", "v_proj", "o_proj"}
    expected = {
        "a scaled MLP": norms | linear | {"gate_proj", "up_proj", "down_proj"},
        "a shifted norm": linear | {"mlp"},
    }
    assert lean == expected.get(broken, norms)
    assert all(torch.equal(parameter, torch.zeros_like(parameter)) for name, parameter in model.named_parameters() if "lora_B" in name)


@pytest.mark.parametrize(
    ("rows", "rehearsed", "options", "parts"),
    [
        ([40] * 8, [20, 20], {"most": 8, "tokens": None}, [(8, 2)]),
        ([40] * 8, [20, 20], {"most": 4, "tokens": 1024}, [(4, 2), (4, 0)]),
        ([900] * 8, [], {"most": 8, "tokens": 2000}, [(2, 0)] * 4),
        ([3000, 10, 10], [], {"most": 8, "tokens": 2000}, [(1, 0), (2, 0)]),
        ([900, 900, 100], [150, 40, 40, 1900], {"most": 8, "tokens": 1000}, [(1, 0), (2, 0), (0, 3), (0, 1)]),
        ([900, 800], [150, 40, 40], {"most": 8, "tokens": 1000}, [(1, 0), (1, 2), (0, 1)]),
        ([40] * 4, [20, 20], {"most": 4, "tokens": 1024, "apart": True}, [(4, 0), (0, 2)]),
        ([10, 90, 10, 10], [], {"most": 4, "tokens": 200, "padded": True}, [(2, 0), (2, 0)]),
        ([], [20, 20], {"most": 4, "tokens": 1024}, [(0, 2)]),
        ([], [], {"most": 4, "tokens": 1024}, []),
    ],
)
def test_a_step_is_computed_in_parts_that_memory_holds(
    rows: list[int], rehearsed: list[int], options: dict[str, Any], parts: list[tuple[int, int]]
) -> None:
    pytest.importorskip("torch")
    from academy.trainer.compute.batches import split

    made = split(rows, rehearsed, **options)
    assert [(len(part.rows), len(part.rehearsed)) for part in made] == parts
    assert [place for part in made for place in part.rows] == list(range(len(rows)))
    assert [place for part in made for place in part.rehearsed] == list(range(len(rehearsed)))


def test_a_step_in_parts_is_the_step_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from academy.trainer.compute import model

    base = make_model(tmp_path / "base")
    rows = write_rows(tmp_path / "rows.jsonl", chats((f"Where is number {n}?", " ".join(["in the yard"] * (n % 5 + 1))) for n in range(9)))
    courses = []
    for name, tokens in (("whole", 10_000), ("parts", 90)):
        monkeypatch.setattr(model, "_AT_ONCE", tokens)
        knobs: dict[str, Any] = {"batch_size": 4, "gradient_accumulation_steps": 2, "learning_rate": 1e-2, "rehearsal": 0.5}
        steps = steps_of(make_job(tmp_path / name, base, rows, precision="fp32", **knobs), 4)
        assert all(step["extra"]["tokens"] > 300 for step in steps[::2])  # several parts of 90
        courses.append([[step[figure] for figure in ("loss", "grad_norm", "drift", "known")] for step in steps])
    assert courses[1] == [pytest.approx(step, abs=1e-5) for step in courses[0]]
