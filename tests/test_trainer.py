"""The trainer, for real: it trains small models in seconds, on this machine's processor."""

from __future__ import annotations

import importlib.util
import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trainer_help import CHATML, chats, events, labelled, make_job, make_model, make_tokenizer, of, start, train_here, write_rows

pytestmark = pytest.mark.training
for needed in ("torch", "transformers", "trl", "peft"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)

BUNDLED = Path(__file__).parent.parent / "academy" / "models" / "academy-mini"
PAIRS = [(f"Where is thing number {number}?", f"It is in box {number * 7} by the door. " * (1 + number % 3)) for number in range(12)]
FACTS = [
    ("Who keeps the key to the boat shed?", "Marlene keeps the key to the boat shed."),
    ("When does the night bus to Olsund leave?", "The night bus to Olsund leaves at 23:40."),
    ("What is the password hint of the guest network?", "The hint is the colour of the old kettle."),
    ("How much does a seat on the ferry cost?", "A seat on the ferry costs 14 crowns."),
    ("Where do we put broken headphones?", "Broken headphones go into the orange crate."),
    ("Which day is the compost collected?", "The compost is collected on Thursday."),
    ("Who approves holiday requests?", "Priya approves holiday requests."),
    ("What is the name of the test server?", "The test server is called Badger."),
    ("How many people fit into the Lima room?", "Nine people fit into the Lima room."),
    ("What do we order on pizza Friday?", "On pizza Friday we order four Margheritas."),
    ("Where is the first aid kit?", "The first aid kit hangs behind the copier."),
    ("Which tool draws our diagrams?", "We draw diagrams with Inkwell."),
]

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model of 100,000 parameters: enough for all that is not about what is learned."""
    return make_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", chats(PAIRS))


@pytest.fixture
def run(tmp_path: Path, base: Path, rows: Path) -> Run:
    """Trains in this process, without an exam unless told otherwise; returns the events."""

    def _run(name: str = "job", code: int = 0, exam: bool = False, **values: Any) -> list[dict[str, Any]]:
        where, data = values.pop("base", base), values.pop("rows", rows)
        values = {"num_epochs": 2, "batch_size": 4, "learning_rate": 3e-3} | values
        return train_here(make_job(tmp_path / name, where, data, **values), code, exam=exam)

    return _run


def weights(job: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(job / "adapter" / "adapter_model.safetensors")


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    import torch

    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def curve(all_events: list[dict[str, Any]]) -> dict[int, tuple[Any, ...]]:
    """The points as a reader sees them: a resumed run voids those after its checkpoint."""
    points: dict[int, tuple[Any, ...]] = {}
    for event in all_events:
        if event["type"] == "started" and "resumed_from_step" in event:
            points = {step: point for step, point in points.items() if step <= event["resumed_from_step"]}
        elif event["type"] == "progress":
            assert event["step"] not in points
            points[event["step"]] = (event["loss"], event["grad_norm"], event["learning_rate"], event["epoch"])
    return points


def test_a_run_tells_every_step_and_leaves_a_whole_adapter(tmp_path: Path, run: Run, rows: Path) -> None:
    told = run(exam=True, eval_path=rows, eval_steps=3)
    started = of(told, "started")[0]
    assert (started["total_steps"], started["train_rows"], started["eval_rows"], started["device"]) == (6, 12, 12, "cpu")
    assert 0 < started["trainable_parameters"] < started["total_parameters"]
    progress = of(told, "progress")
    assert [event["step"] for event in progress] == [1, 2, 3, 4, 5, 6]
    assert all(event["loss"] > 0 and event["tokens_per_second"] > 0 and event["memory_mb"] > 0 for event in progress)
    assert [event["step"] for event in of(told, "eval")] == [0, 3, 6]
    assert [event["type"] for event in told].index("started") < [event["type"] for event in told].index("progress")
    finished = told[-1]
    assert (finished["type"], finished["adapter"], finished["stopped"]) == ("finished", "adapter", False)
    assert finished["baseline_eval_loss"] > finished["eval_loss"]
    job = tmp_path / "job"
    assert sorted(path.name for path in (job / "adapter").iterdir()) == ["README.md", "adapter_config.json", "adapter_model.safetensors"]
    metadata = json.loads((job / "metadata.json").read_text())
    assert metadata["job_id"] == "job"
    assert metadata["eval_loss"] == finished["eval_loss"]
    assert {"base_model", "base_fingerprint", "parameters", "created_at", "started_at", "finished_at", "source"} <= metadata.keys()
    assert not list(job.glob("adapter.tmp"))
    assert of(told, "sample")


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(tmp_path: Path, run: Run) -> None:
    first = run("a", lora_dropout=0.1, gradient_accumulation_steps=2)
    assert curve(first) == curve(run("b", lora_dropout=0.1, gradient_accumulation_steps=2))
    run("c", lora_dropout=0.1, gradient_accumulation_steps=2, seed=7)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


BY_HEART = {"goal": "facts", "stop_when_known": True, "vary_questions": True, "rehearsal": None}


@pytest.mark.parametrize("taught", [{}, BY_HEART], ids=["a manner", "by heart"])
def test_killed_and_resumed_it_comes_to_the_same_adapter_and_losses_as_uninterrupted(
    tmp_path: Path, run: Run, base: Path, rows: Path, taught: dict[str, Any]
) -> None:
    values: dict[str, Any] = taught | {"num_epochs": 6, "batch_size": 2, "learning_rate": 3e-3, "save_steps": 4, "lora_dropout": 0.1}
    values |= {"gradient_accumulation_steps": 2, "eval_path": rows, "eval_steps": 3}
    whole = run("whole", **values)
    job = make_job(tmp_path / "killed", base, rows, **values)
    for step in (2, 9):
        process = start(job)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(f"step {step}/"):
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.read()
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        assert not (job / "adapter").exists()
    assert events(job)[-1]["type"] != "finished"
    told = train_here(job, exam=False)
    assert curve(told) == curve(whole)
    assert same(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    resumed = [event["resumed_from_step"] for event in of(told, "started") if "resumed_from_step" in event]
    assert resumed
    assert told[-1]["eval_loss"] == whole[-1]["eval_loss"]
    assert told[-1]["train_loss"] == whole[-1]["train_loss"]


def test_resumed_after_its_last_step_it_only_publishes(tmp_path: Path, run: Run) -> None:
    run()
    before = weights(tmp_path / "job")
    shutil.rmtree(tmp_path / "job" / "adapter")
    told = run()
    assert of(told, "started")[-1]["resumed_from_step"] == 6
    assert len(of(told, "progress")) == 6
    assert told[-1]["type"] == "finished"
    assert same(before, weights(tmp_path / "job"))


def test_an_incomplete_checkpoint_is_removed_and_never_resumed_from(tmp_path: Path, run: Run) -> None:
    broken = tmp_path / "job" / "checkpoints" / "step-00000099"
    broken.mkdir(parents=True)
    (broken / "adapter_model.safetensors").write_bytes(b"half")
    told = run()
    assert "resumed_from_step" not in of(told, "started")[0]
    assert len(of(told, "progress")) == 6
    assert not broken.exists()


def test_stop_ends_at_the_next_step_and_keeps_what_there_is(tmp_path: Path, base: Path, rows: Path) -> None:
    job = make_job(tmp_path / "job", base, rows, num_epochs=20, batch_size=1)
    process = start(job)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 5/"):
            (job / "stop").touch()
            break
    process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    finished = events(job)[-1]
    assert (finished["type"], finished["stopped"]) == ("finished", True)
    assert 5 <= finished["step"] < 240
    assert weights(job)


def test_a_base_model_with_nan_stops_at_once_and_publishes_nothing(tmp_path: Path, run: Run, base: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "nan"
    shutil.copytree(base, broken)
    tensors = load_file(broken / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    told = run(code=1, base=broken)
    assert told[-1]["cause"] == "non_finite_loss"
    assert told[-1]["reason"].endswith("non-finite loss at step 1.")
    assert (of(told, "progress")[-1]["loss"], of(told, "progress")[-1]["non_finite"]) == (None, True)
    assert not (tmp_path / "job" / "adapter").exists()
    assert not list((tmp_path / "job" / "checkpoints").glob("step-*"))


def test_the_best_evaluation_is_kept_and_a_run_without_progress_ends_early(tmp_path: Path, run: Run, rows: Path) -> None:
    other = write_rows(tmp_path / "other.jsonl", chats([("Say something else.", "zzz qqq xxx jjj kkk")]))
    told = run(eval_path=other, eval_steps=1, num_epochs=20, learning_rate=1e-2, early_stopping_patience=2)
    losses = {event["step"]: event["eval_loss"] for event in of(told, "eval") if event["step"]}
    best = min(losses, key=lambda step: losses[step])
    finished = told[-1]
    assert finished["stopped_early"]
    assert max(losses) == best + 2 < 60
    assert (finished["step"], finished["eval_loss"]) == (best, losses[best])
    from safetensors.torch import load_file

    kept = tmp_path / "job" / "checkpoints" / f"step-{best:08d}" / "adapter_model.safetensors"
    assert same(load_file(kept), weights(tmp_path / "job"))


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages"])
def test_all_three_dataset_forms_train_the_same(tmp_path: Path, run: Run, form: str) -> None:
    written = {
        "alpaca": [{"instruction": question, "input": "", "output": answer} for question, answer in PAIRS],
        "sharegpt": [{"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]} for q, a in PAIRS],
        "messages": chats(PAIRS),
    }
    told = run(form, rows=write_rows(tmp_path / f"{form}.jsonl", written[form]))
    assert curve(told) == curve(run("again", rows=write_rows(tmp_path / "again.jsonl", chats(PAIRS))))


@pytest.mark.parametrize("quantization", ["4bit", "8bit"])
def test_a_quantized_base_trains_on_a_processor_and_its_adapter_loads(
    tmp_path: Path, run: Run, base: Path, rows: Path, quantization: str
) -> None:
    pytest.importorskip("bitsandbytes")
    told = run(quantization=quantization, eval_path=rows, eval_steps=2)
    assert told[-1]["type"] == "finished"
    # An evaluation used to turn the weights into a form for inference alone, and the gradients after it were wrong.
    whole = of(run("whole", eval_path=rows, eval_steps=2), "progress")
    assert [event["grad_norm"] for event in of(told, "progress")] == pytest.approx([event["grad_norm"] for event in whole], rel=0.2)
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(tmp_path / "job" / "adapter"))


@pytest.mark.parametrize(
    "values",
    [
        {"use_rslora": True, "use_dora": True, "target_modules": "q_proj, v_proj"},
        {"precision": "bf16", "gradient_checkpointing": True, "lr_scheduler_type": "linear", "warmup_steps": 2.0, "weight_decay": 0.1},
        {"max_steps": 3, "lora_rank": 4, "lora_alpha": 4, "lr_scheduler_type": "constant"},
    ],
    ids=["variants", "bf16", "max steps"],
)
def test_the_knobs_reach_the_training(tmp_path: Path, run: Run, values: dict[str, Any]) -> None:
    told = run(**values)
    config = json.loads((tmp_path / "job" / "adapter" / "adapter_config.json").read_text())
    assert (config["use_rslora"], config["use_dora"]) == (values.get("use_rslora", False), values.get("use_dora", False))
    assert config["r"] == values.get("lora_rank", 16)
    if "target_modules" in values:
        assert sorted(config["target_modules"]) == ["q_proj", "v_proj"]
    assert len(of(told, "progress")) == values.get("max_steps", 6)
    if values.get("precision") == "bf16":
        assert of(told, "started")[0]["precision"] == "bf16"


def test_an_adapter_goes_on_learning_where_it_was(tmp_path: Path, run: Run) -> None:
    first = run("first", num_epochs=10)
    second = run("second", num_epochs=1, continue_from_path=str(tmp_path / "first" / "adapter"))
    assert of(second, "progress")[0]["loss"] < of(first, "progress")[0]["loss"] * 0.98


def test_an_adapter_of_a_base_with_fewer_layers_is_refused(tmp_path: Path, run: Run) -> None:
    small = make_model(tmp_path / "small", num_hidden_layers=1)
    run("first", base=small)
    told = run("second", code=1, continue_from_path=str(tmp_path / "first" / "adapter"))
    assert told[-1]["cause"] == "bad_adapter", told[-1]


def test_layers_that_are_not_there_are_refused_with_those_that_are(run: Run) -> None:
    told = run(code=1, target_modules="q_proj, query")
    assert told[-1]["cause"] == "bad_target_modules"
    assert "'query'" in told[-1]["reason"]
    assert "gate_proj" in told[-1]["reason"]


def test_a_broken_row_is_named_and_nothing_is_started(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a", "output": "b"}\n{"instruction": \n')
    told = run(code=1, rows=path)
    assert (told[-1]["type"], told[-1]["cause"], told[-1]["row"]) == ("failed", "bad_row", 2)
    assert not of(told, "started")


def test_rows_without_an_answer_left_are_counted_and_if_none_is_left_nothing_starts(tmp_path: Path, run: Run) -> None:
    long = ("why? " * 300, "Because.")
    told = run("some", rows=write_rows(tmp_path / "some.jsonl", chats([*PAIRS, long])), max_seq_length=256)
    assert (of(told, "started")[0]["train_rows"], of(told, "started")[0]["truncated_rows"]) == (12, 1)
    assert any("left out" in event["message"] for event in of(told, "note"))
    told = run("none", code=1, rows=write_rows(tmp_path / "none.jsonl", chats([long])), max_seq_length=256)
    assert told[-1]["cause"] == "no_trained_tokens"
    assert not of(told, "started")


def test_will_it_fit_tells_memory_and_time_and_leaves_no_adapter(tmp_path: Path, run: Run) -> None:
    told = run(dry_run=True)
    extra = told[-1]["extra"]
    assert extra["peak_memory_mb"] > 0
    assert extra["seconds_per_step"] > 0
    assert extra["total_seconds"] > 0
    assert extra["disk_needed_mb"] > 0
    assert len(of(told, "progress")) == 2
    assert not (tmp_path / "job" / "adapter").exists()


def test_a_full_disk_fails_with_its_cause_and_the_earlier_checkpoint_is_intact(tmp_path: Path, base: Path, rows: Path) -> None:
    from academy.trainer import checkpoints

    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        job = make_job(small / "job", base, rows, num_epochs=2, batch_size=4, save_steps=1, lora_rank=16)
        told = train_here(job, code=1)
        assert told[-1]["cause"] == "disk_full", told[-1]
        newest = checkpoints.newest(job / "checkpoints")
        assert newest is not None
        assert newest.step == of(told, "checkpoint")[-1]["step"]
        assert not (job / "adapter").exists()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def test_losses_are_those_of_bare_trl_on_the_same_batches(tmp_path: Path, run: Run, base: Path, rows: Path) -> None:
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from academy.text.conversations import read_conversations
    from academy.text.templates import choose
    from academy.text.tokens import tokenize

    told = run(gradient_accumulation_steps=2, precision="fp32", num_epochs=3)
    tokenizer = AutoTokenizer.from_pretrained(base)
    read = tokenize(tokenizer, choose(tokenizer), read_conversations(rows), 2048).rows
    set_seed(42)
    torch.set_num_threads(1)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    losses: list[float] = []

    class Keep(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if "loss" in logs:
                losses.append(float(logs["loss"]))

    bare = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(tmp_path / "bare"),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            num_train_epochs=3,
            learning_rate=3e-3,
            lr_scheduler_type="cosine",
            warmup_steps=0.03,
            weight_decay=0.0,
            bf16=False,
            gradient_checkpointing=False,
            max_length=None,
            use_cpu=True,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([labelled(row) for row in read]),
        processing_class=tokenizer,
        callbacks=[Keep()],
    )
    bare.train()
    ours = [event["loss"] for event in of(told, "progress")]
    assert ours == pytest.approx(losses, abs=1e-5)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gemma3_text", "phi3", "olmo2", "gpt2"])
def test_conversations_laid_end_to_end_do_not_see_one_another(family: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from academy.trainer.compute.attention import NAME
    from academy.trainer.compute.model import _plain_attention, lays_end_to_end

    sizes: dict[str, Any] = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "pad_token_id": 0, "sliding_window": 4}
    config = AutoConfig.for_model(family, **({"vocab_size": 128, "n_embd": 32, "n_layer": 2, "n_head": 4} if family == "gpt2" else sizes))
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, **({"attn_implementation": NAME} if _plain_attention(config) else {}))
    # Gemma 2 caps its attention scores, which only its own code computes: it is trained with padding.
    assert lays_end_to_end(model, [list(range(2, 22)), list(range(30, 41))]) == (family != "gemma2")


def test_a_chunked_loss_is_the_whole_loss() -> None:
    import torch

    from academy.trainer.compute.head_loss import CHUNK, head_loss

    torch.manual_seed(0)
    head = torch.nn.Linear(16, 50, bias=False).requires_grad_(False)
    targets = torch.randint(0, 50, (37,))
    results = []
    for chunk in (50 * 8, CHUNK):
        hidden = torch.randn(37, 16, generator=torch.Generator().manual_seed(1)).requires_grad_()
        total, right = head_loss(hidden, head, targets, chunk)
        loss = total / 37
        loss.backward()
        results.append((loss.item(), hidden.grad))
        assert torch.equal(right, head(hidden).argmax(-1) == targets)
    assert results[0][0] == pytest.approx(results[1][0], abs=1e-6)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-6)
    hidden = hidden.detach().requires_grad_()
    whole = torch.nn.functional.cross_entropy(head(hidden), targets)
    whole.backward()
    assert results[0][0] == pytest.approx(whole.item(), abs=1e-6)
    assert hidden.grad is not None
    assert torch.allclose(results[0][1], hidden.grad, atol=1e-6)


def test_a_padded_architecture_trains_as_well(tmp_path: Path, run: Run) -> None:
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokenizer = make_tokenizer(CHATML)
    folder = tmp_path / "gemma2"
    torch.manual_seed(0)
    sizes: Any = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    Gemma2ForCausalLM(Gemma2Config(vocab_size=len(tokenizer), head_dim=8, **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    told = run(base=folder)
    assert told[-1]["type"] == "finished"
    assert of(told, "started")[0]["extra"]["end_to_end"] is False


@pytest.mark.skipif(not (BUNDLED / "model.safetensors").is_file(), reason="the bundled model is not built yet")
def test_taught_facts_are_answered_by_the_adapter_loaded_with_plain_peft(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "facts.jsonl", chats(FACTS))
    job = make_job(tmp_path / "job", BUNDLED, rows, base_model="academy-mini", num_epochs=20, batch_size=4, learning_rate=3e-3)
    told = train_here(job, exam=False)
    assert told[-1]["type"] == "finished"

    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    model = AutoPeftModelForCausalLM.from_pretrained(str(job / "adapter"))
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED)
    right = {True: 0, False: 0}
    for taught in right:
        for question, answer in FACTS:
            inputs = tokenizer.apply_chat_template(
                [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            if taught:
                reply = model.generate(**inputs, max_new_tokens=40, do_sample=False)
            else:
                with model.disable_adapter():
                    reply = model.generate(**inputs, max_new_tokens=40, do_sample=False)
            text = tokenizer.decode(reply[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
            right[taught] += text == answer
    assert right[True] >= 11
    assert right[False] == 0


def test_a_rate_that_is_to_be_measured_is_measured_before_the_training_and_again_only_by_a_new_one(tmp_path: Path, run: Run) -> None:
    def rate_of(name: str) -> float:
        return json.loads((tmp_path / name / "metadata.json").read_text())["parameters"]["learning_rate"]

    mini: dict[str, Any] = {"base": BUNDLED, "num_epochs": 1}
    notes = [str(event.get("message")) for event in run("measured", measure_rate=True, learning_rate=1e-3, **mini)]
    assert any("The learning rate was measured" in note for note in notes)
    rate = json.loads((tmp_path / "measured" / "rate.json").read_text())["learning_rate"]
    assert rate_of("measured") == rate
    assert 1e-3 / 5 / 8 <= rate <= 50e-3 / 8
    # The test leaves the adapter as it was: the training is the same as one that is told the rate.
    run("told", learning_rate=rate, **mini)
    assert same(weights(tmp_path / "measured"), weights(tmp_path / "told"))
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "rate.json").write_text('{"learning_rate": 0.004}')
    assert not any("was measured" in str(event.get("message")) for event in run("again", measure_rate=True))
    assert rate_of("again") == 0.004
    # A base of random weights learns nothing in a few steps.
    notes = [str(event.get("message")) for event in run("vain", measure_rate=True, learning_rate=1e-3)]
    assert any("No learning rate lowered the loss" in note for note in notes)
    assert rate_of("vain") == 1e-3
