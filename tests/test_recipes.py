"""Recipes: the owner's own trainers, from a file only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from academy.bases import fingerprint
from academy.errors import Invalid, NotFound
from academy.jobs import progress, recipes
from academy.jobs.recipes import fill, load, named
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
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
    return shop.runner.submit(spec, job_fields={"dataset_path": str(shop.dataset), "base_path": str(shop.base)})


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
    assert ENDS[how] in (job.error or "")
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
    report_to=[], use_cpu=True)
Trainer(model=model, args=arguments, train_dataset=data).train()
model.save_pretrained(output)
"""


@pytest.mark.training
def test_a_plain_transformers_script_is_a_recipe(tmp_path: Path) -> None:
    from tests.trainer_help import chats, make_model, write_rows

    workshop = Workshop(tmp_path)
    script = write(tmp_path / "plain.py", PLAIN)
    argv = json.dumps(["{python}", str(script), "{base_model}", "{dataset}", "{output}", "{num_epochs}"])
    write(tmp_path / "data" / "recipes.toml", f'[[recipe]]\nname = "plain"\nargv = {argv}\n')
    base = make_model(tmp_path / "model")
    dataset = write_rows(tmp_path / "chats.jsonl", chats((f"Question {n}?", f"Answer {n}.") for n in range(12)))
    spec = TrainingSpec(name="plain", base_model=str(base), recipe="plain", num_epochs=2)
    fields = {"dataset_path": str(dataset), "base_path": str(base), "base_fingerprint": fingerprint(base)}
    job = workshop.wait(workshop.runner.submit(spec, job_fields=fields).job_id, seconds=180)
    assert job.status == "finished", (job.error, progress.log_tail(job))
    assert json.loads((Path(job.adapter_path or "") / "adapter_config.json").read_text())["r"] == 4
    losses = [point for point in progress.points(job) if "loss" in point]
    # The script prints a loss without its step, which its progress bar tells, and the bar leaves out steps where they go by quickly.
    steps = [point["step"] for point in losses]
    assert len(steps) == 4
    assert steps == sorted(set(steps))
    assert steps[-1] <= 12
    assert progress.metrics(job)["total_steps"] == 12
    workshop.close()
