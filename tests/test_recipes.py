"""Recipes: the owner's own trainers, from a file only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from academy.bases import fingerprint
from academy.errors import Invalid, NotFound
from academy.jobs import recipes
from academy.jobs.reading import progress, view
from academy.jobs.recipes import fill, load, named
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job
from tests.jobs_help import Workshop, worker


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_recipe_is_read_from_the_file(tmp_path: Path) -> None:
    assert load(tmp_path / "recipes.toml") == {}
    path = write(
        tmp_path / "recipes.toml",
        '[[recipe]]\nname = "plain"\nargv = ["{python}", "train.py", "--data={dataset}"]\nadapter = "out/adapter"\n'
        '[[recipe]]\nname = "image"\nimage = "unsloth/unsloth"\nargv = ["train"]\nenv = {A = "b"}\n',
    )
    assert named(path, "plain").adapter == "out/adapter"
    assert named(path, "image").image == "unsloth/unsloth"
    with pytest.raises(NotFound) as missing:
        named(path, "other")
    assert "image, plain" in missing.value.detail


FAULTS = {
    "no toml": "[[recipe",
    "no recipe": 'x = 1\n[[recipe]]\nname="a"\nargv=["x"]',
    "no argv": '[[recipe]]\nname = "a"',
    "a line instead of a list": '[[recipe]]\nname = "a"\nargv = "rm -rf /"',
    "empty": '[[recipe]]\nname = "a"\nargv = []',
    "bad name": '[[recipe]]\nname = "../a"\nargv = ["x"]',
    "unknown field": '[[recipe]]\nname = "a"\nargv = ["x"]\nshell = true',
    "out of the folder": '[[recipe]]\nname = "a"\nargv = ["x"]\nadapter = "../../other"',
    "absolute": '[[recipe]]\nname = "a"\nargv = ["x"]\nadapter = "/etc"',
    "twice": '[[recipe]]\nname = "a"\nargv = ["x"]\n[[recipe]]\nname = "a"\nargv = ["x"]',
    "unknown placeholder": '[[recipe]]\nname = "a"\nargv = ["{home}"]',
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_file_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match=r"recipes\.toml"):
        load(write(tmp_path / "recipes.toml", FAULTS[name]))


def test_a_value_stays_one_element_and_is_no_placeholder() -> None:
    values = {"dataset": "a b; $(x) {output}", "output": "/o", "job": "-rf"}
    assert fill(["--in={dataset}", "{output}/x", "{job}", "{unknown}", "{{}}"], values) == [
        "--in=a b; $(x) {output}",
        "/o/x",
        "-rf",
        "{unknown}",
        "{{}}",
    ]
    assert "dataset" in recipes.PLACES


FOREIGN = """
import json, struct, sys, time
output, dataset, how = sys.argv[1:4]
assert open(dataset).read()
for step in range(1, 11):
    print(json.dumps({"loss": round(2 / step, 4), "epoch": step / 10, "step": step}).replace('"', "'"), flush=True)
    print("\\r%d%%|### | %d/10" % (step * 10, step), end="", flush=True)
    time.sleep(0.02)
if how == "nothing":
    sys.exit(0)
if how == "breaks":
    sys.exit(9)
header = json.dumps({"w": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}).encode()
open(output + "/adapter_model.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + b"12345678"[: 3 if how == "torn" else 8])
open(output + "/adapter_config.json", "w").write('{"peft_type": "LORA"}')
open(output + "/optimizer.pt", "w").write("pickle")
if how == "waits":
    time.sleep(60)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path)
    write(tmp_path / "foreign.py", FOREIGN)
    for how in ("works", "nothing", "breaks", "torn", "waits"):
        with open(tmp_path / "data" / "recipes.toml", "a") as file:
            program = json.dumps(str(tmp_path / "foreign.py"))
            file.write(f'[[recipe]]\nname = "{how}"\nargv = ["{{python}}", {program}, "{{output}}", "{{dataset}}", "{how}"]\n')
    yield workshop
    workshop.close()


def submit(shop: Workshop, recipe: str) -> Job:
    spec = TrainingSpec(name="foreign", base_model="team/base", recipe=recipe)
    return shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset), base_path=str(shop.base)))


@pytest.mark.training
def test_a_foreign_trainer_runs_like_ours(shop: Workshop) -> None:
    with pytest.raises(NotFound):
        submit(shop, "unheard-of")
    job = shop.wait(submit(shop, "works").job_id)
    assert job.status == "finished", job
    adapter = Path(job.adapter_path or "")
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    metadata = json.loads((Path(job.output_dir) / "metadata.json").read_text())
    assert (metadata["source"], metadata["recipe"], metadata["job_id"]) == ("recipe", "works", job.job_id)


@pytest.mark.training
def test_its_log_becomes_progress(shop: Workshop) -> None:
    pytest.importorskip("academy.jobs.metrics")
    job = shop.wait(submit(shop, "works").job_id)
    points = progress.points(job)
    assert [point["step"] for point in points] == list(range(1, 11))
    assert points[3]["loss"] == 0.5
    assert progress.metrics(job)["latest_loss"] == 0.2


ENDS = {"nothing": "no adapter_config.json", "breaks": "exit code 9", "torn": "cut short"}


@pytest.mark.training
@pytest.mark.parametrize("how", ENDS)
def test_without_a_whole_adapter_it_has_failed(shop: Workshop, how: str) -> None:
    job = shop.wait(submit(shop, how).job_id)
    assert job.status == "failed"
    assert ENDS[how] in str(job.error)
    assert job.adapter_path is None


@pytest.mark.training
def test_a_foreign_trainer_is_stopped_by_signal_and_what_it_left_is_kept(shop: Workshop) -> None:
    job = submit(shop, "waits")
    worker(job)
    shop.wait(job.job_id, lambda job: (Path(job.output_dir) / "output" / "optimizer.pt").exists())
    shop.runner.stop(job.job_id)
    assert shop.wait(job.job_id).status == "finished"


PLAIN = """
import sys
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
import json

base, dataset, output, epochs = sys.argv[1:5]
tokenizer = AutoTokenizer.from_pretrained(base)
rows = [json.loads(line)["messages"] for line in open(dataset)]
ids = [tokenizer(" ".join(turn["content"] for turn in row))["input_ids"][:16] for row in rows]
data = [{"input_ids": (row * 16)[:16], "labels": (row * 16)[:16]} for row in ids]
model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(target_modules="all-linear", r=4, task_type="CAUSAL_LM"))
arguments = TrainingArguments(output, num_train_epochs=float(epochs), per_device_train_batch_size=2, logging_steps=3, save_strategy="no",
    eval_strategy="steps", eval_steps=4, per_device_eval_batch_size=1, report_to=[], use_cpu=True)
Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data[:5]).train()
model.save_pretrained(output)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Workshop]:
    """A workshop with a real base model, a dataset of twelve conversations and an owner who writes recipes."""
    from tests.trainer_help import chats, make_model, write_rows

    workshop = Workshop(tmp_path)
    workshop.base = make_model(tmp_path / "model")
    workshop.dataset = write_rows(tmp_path / "chats.jsonl", chats((f"Question {n}?", f"Answer {n}.") for n in range(12)))
    yield workshop
    workshop.close()


def run_recipe(workshop: Workshop, name: str, argv: list[str], adapter: str = ".", **knobs: int) -> Job:
    write(workshop.settings.data_dir / "recipes.toml", f'[[recipe]]\nname = "{name}"\nadapter = "{adapter}"\nargv = {json.dumps(argv)}\n')
    spec = TrainingSpec(name=name, base_model=str(workshop.base), recipe=name, **knobs)  # type: ignore[arg-type]
    inputs = Inputs(dataset_path=str(workshop.dataset), base_path=str(workshop.base), base_fingerprint=fingerprint(workshop.base))
    job = workshop.wait(workshop.runner.submit(spec, inputs).job_id, seconds=180)
    assert job.status == "finished", (job.error, view.log_tail(job))
    return job


@pytest.mark.training
def test_a_plain_transformers_script_is_a_recipe(owner: Workshop) -> None:
    script = write(owner.root / "plain.py", PLAIN)
    job = run_recipe(owner, "plain", ["{python}", str(script), "{base_model}", "{dataset}", "{output}", "{num_epochs}"], num_epochs=2)
    assert json.loads((Path(job.adapter_path or "") / "adapter_config.json").read_text())["r"] == 4
    points = progress.points(job)
    # What it prints has no step: that is in its bars, among which are those of its evaluations.
    assert [point["step"] for point in points if "loss" in point] == [3, 6, 9, 12]
    assert [point["step"] for point in points if "eval_loss" in point] == [4, 8, 12]
    assert (progress.metrics(job)["step"], progress.metrics(job)["total_steps"]) == (12, 12)


@pytest.mark.training
def test_trls_own_command_line_is_a_recipe(owner: Workshop) -> None:
    trl = str(Path(sys.executable).with_name("trl"))
    argv = [trl, "sft", "--model_name_or_path", "{base_model}", "--dataset_name", "json", "--output_dir", "{output}"]
    argv += ["--use_peft", "--lora_r", "{lora_rank}", "--num_train_epochs", "{num_epochs}", "--per_device_train_batch_size", "{batch_size}"]
    argv += ["--learning_rate", "{learning_rate}", "--logging_steps", "2", "--report_to", "none", "--use_cpu", "--bf16", "false"]
    folder = owner.root / "rows"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(owner.dataset.read_bytes())
    argv[argv.index("json")] = str(folder)
    job = run_recipe(owner, "trl", argv, num_epochs=2, batch_size=2, lora_rank=4)
    assert json.loads((Path(job.adapter_path or "") / "adapter_config.json").read_text())["r"] == 4
    points = [point for point in progress.points(job) if "loss" in point]
    assert [point["step"] for point in points] == [2, 4, 6, 8, 10, 12]
    assert all(0 < point["accuracy"] <= 1 and point["learning_rate"] > 0 for point in points[:-1])


LOGS = {
    "the bar behind a loss tells its step, the one of an evaluation does not": (
        [
            "Map: 100%|#####| 500/500 [00:00<00:00, 900 examples/s]",
            "{'loss': '2.5', 'epoch': '0.05'}",
            "  5%|5    | 5/100 [00:01<00:19,  5.00it/s]",
            "{'loss': '2.0', 'epoch': '0.1'}",
            " 10%|#    | 10/100 [00:02<00:18,  5.00it/s]",
            " 50%|##   | 1/2 [00:00<00:00,  9.00it/s]",
            "100%|#####| 2/2 [00:00<00:00,  9.00it/s]",
            "{'eval_loss': '2.1', 'eval_runtime': '0.1', 'epoch': '0.1'}",
            " 10%|#    | 10/100 [00:03<00:18,  5.00it/s]",
            "{'loss': '1.5', 'epoch': '1'}",
        ],
        [(5, 2.5, None), (10, 2.0, 2.1), (11, 1.5, None)],
        100,
    ),
    "losses without any step are counted": (["loss: 3", "loss: 2", "{'eval_loss': 2.5}"], [(1, 3, None), (2, 2, 2.5)], None),
    "steps that each epoch counts anew go on": (
        [f"Epoch {epoch}/3, Step {step}/2, Loss: {epoch}.{step}" for epoch in (1, 2, 3) for step in (1, 2)],
        [(number + 1, float(f"{number // 2 + 1}.{number % 2 + 1}"), None) for number in range(6)],
        6,
    ),
    "so do the bars of Lightning": (
        [f"Epoch {epoch}: 100%|###| {step}/2 [00:01<00:00, 9.5it/s, v_num=0, train_loss=0.{step}]" for epoch in (0, 1) for step in (1, 2)],
        [(1, 0.1, None), (2, 0.2, None), (3, 0.1, None), (4, 0.2, None)],
        4,
    ),
    "steps that go on over the epochs stay": (
        [f"Epoch {(step - 1) // 2 + 1}/2 step {step}/4 loss {step}" for step in (1, 2, 3, 4)],
        [(step, step, None) for step in (1, 2, 3, 4)],
        4,
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_foreign_log_gives_each_loss_its_step(tmp_path: Path, name: str) -> None:
    lines, wanted, total = LOGS[name]
    values = {"job_id": "x", "name": "n", "created_at": "2026-01-01T00:00:00.000Z", "dataset_path": "d", "base_model": "b"}
    job = Job(**values, status="finished", backend="subprocess", output_dir=str(tmp_path), recipe="r")  # type: ignore[arg-type]
    (tmp_path / "train.log").write_text("".join(f"2026-01-01T00:00:00.{number:03d}Z {line}\n" for number, line in enumerate(lines)))
    points = [point for point in progress.points(job) if "loss" in point]
    assert [(point["step"], point["loss"], point.get("eval_loss")) for point in points] == wanted
    assert progress.metrics(job)["total_steps"] == total
