"""What a warden is told, and the dry run: two steps on the longest rows, outside the queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from academy.config import Settings
from academy.errors import Refused
from academy.jobs.backends import build
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.kinds.commands import fetch_command
from academy.jobs.kinds.train import spec_json, train_command
from academy.jobs.recipes import Recipe
from academy.jobs.running.dry_run import dry_run
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job

OUTSIDE = {"PATH": "/bin", "HOME": "/h", "HF_TOKEN": "t", "HF_ENDPOINT": "e", "SECRET": "s", "LC_ALL": "C", "CUDA_VISIBLE_DEVICES": "1"}


def a_job(tmp_path: Path, **fields: object) -> Job:
    values = {"job_id": "training_x", "name": "n", "status": "queued", "created_at": "t", "dataset_path": "/d.jsonl", "base_model": "b"}
    values |= {"backend": "subprocess", "output_dir": str(tmp_path), "parameters": {"seed": 7}, "base_path": "/base"}
    return Job(**values | fields)  # type: ignore[arg-type]


def test_only_the_fetch_gets_the_hubs_token(tmp_path: Path, settings: Settings) -> None:
    job = a_job(tmp_path)
    seen = SubprocessBackend().seen(job)
    fetch = fetch_command(job, seen, OUTSIDE).env
    train = train_command(job, seen, settings, None, OUTSIDE).env
    assert (fetch["HF_TOKEN"], fetch["HF_ENDPOINT"]) == ("t", "e")
    assert not {"HF_TOKEN", "HF_ENDPOINT", "SECRET"} & train.keys()
    assert (train["HF_HUB_OFFLINE"], train["LC_ALL"], train["CUDA_VISIBLE_DEVICES"]) == ("1", "C", "1")
    blind = train_command(job, seen, settings.model_copy(update={"enable_gpu": False}), None, OUTSIDE).env
    assert blind["CUDA_VISIBLE_DEVICES"] == ""


def test_a_job_sees_the_devices_that_it_was_given(tmp_path: Path, settings: Settings) -> None:
    def visible(devices: list[int], **outside: str) -> str | None:
        job = a_job(tmp_path, devices=devices)
        return train_command(job, SubprocessBackend().seen(job), settings, None, outside).env.get("CUDA_VISIBLE_DEVICES")

    assert visible([1, 3]) == "1,3"
    assert visible([0, 1], CUDA_VISIBLE_DEVICES="4,GPU-7") == "4,GPU-7"
    assert visible([1], CUDA_VISIBLE_DEVICES="4,GPU-7") == "GPU-7"
    assert visible([]) is None


def test_a_containers_environment_is_the_images(tmp_path: Path, settings: Settings) -> None:
    job = a_job(tmp_path, backend="docker")
    command = train_command(job, SubprocessBackend().seen(job), settings, None, OUTSIDE)
    assert "PATH" in command.inherit
    assert not {"PATH", "CUDA_VISIBLE_DEVICES", "HF_TOKEN"} & command.env.keys()
    assert command.env["HOME"] == "/tmp"


def test_a_recipe_gets_its_values_and_no_path_of_ours(tmp_path: Path, settings: Settings) -> None:
    job = a_job(tmp_path, recipe="r")
    recipe = Recipe(name="r", argv=["train", "--data={dataset}", "{output}", "{seed}", "{base_model}"], env={"A": "b"})
    command = train_command(job, SubprocessBackend().seen(job), settings, recipe, OUTSIDE)
    assert command.argv == ["train", "--data=/d.jsonl", f"{tmp_path}/output", "7", "/base"]
    assert command.env["A"] == "b"
    assert "PYTHONPATH" not in command.env


def test_the_spec_names_paths_as_the_trainer_sees_them(tmp_path: Path) -> None:
    told = spec_json(a_job(tmp_path, eval_path="/e.jsonl", base_fingerprint="f"), SubprocessBackend().seen(a_job(tmp_path)))
    assert (told["dataset_path"], told["base_path"], told["eval_path"], told["parameters"]) == ("/d.jsonl", "/base", None, {"seed": 7})
    json.dumps(told)


def test_a_base_model_that_is_not_here_cannot_be_tried_out(settings: Settings) -> None:
    with pytest.raises(Refused, match="not been fetched"):
        dry_run(settings, {}, TrainingSpec(backend="subprocess"), Inputs(base_model="team/base"))


@pytest.mark.training
def test_a_dry_run_says_what_the_training_takes(settings: Settings, tmp_path: Path) -> None:
    from tests.trainer_help import chats, make_model, write_rows

    base = make_model(tmp_path / "model")
    dataset = write_rows(tmp_path / "chats.jsonl", chats((f"Question {n}?", f"Answer {n}.") for n in range(8)))
    inputs = Inputs(dataset_path=str(dataset), base_path=str(base), base_model=str(base), base_fingerprint="f" * 32)
    spec = TrainingSpec(backend="subprocess", batch_size=2)
    found = dry_run(settings, build(settings), spec, inputs)
    assert found["fits"], found
    assert found["peak_memory_mb"] > 50
    assert found["seconds_per_step"] > 0
    assert found["total_seconds"] > 0
    assert list(settings.data_dir.iterdir()) == []
    dataset.write_text("{broken\n")
    found = dry_run(settings, build(settings), spec, inputs)
    assert (found["fits"], found["cause"]) == (False, "bad_row")
    assert found["reason"]
