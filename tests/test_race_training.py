"""A race for real on the bundled model: its trials train as they would alone, a person stops and clones them, and a killed one goes on."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trainer_help import ROOT, chats, events, make_job, make_model, of, start, train_here, write_rows

from tests.waiting import wait_until

pytestmark = pytest.mark.training
for needed in ("torch", "transformers", "peft"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)

BUNDLED = ROOT / "academy" / "models" / "academy-mini"
PAIRS = [(f"What is robot {n * 37} called?", f"Robot {n * 37} is called Zorb{n * 91}.") for n in range(1, 9)]
SHARED: dict[str, Any] = {
    "goal": "facts", "stop_when_known": False, "vary_questions": True, "num_epochs": 8, "batch_size": 4, "learning_rate": 6e-3,
    "lora_rank": 16, "lora_alpha": 32, "lora_dropout": 0.1, "rehearsal": 0.0, "keep_best": False, "seed": 1,
}  # fmt: skip
TRIALS: list[dict[str, Any]] = [
    {"learning_rate": 6e-3, "lora_rank": 16},
    {"learning_rate": 4e-3, "lora_rank": 8},
    {"learning_rate": 1e-5, "lora_rank": 8},
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", chats(PAIRS))


def race_job(folder: Path, rows: Path, *, seeds: int = 0, base: Path = BUNDLED, **changes: Any) -> Path:
    job = make_job(folder, base, rows, **(SHARED | changes))
    spec = json.loads((job / "spec.json").read_text())
    (job / "spec.json").write_text(json.dumps(spec | {"sweep": {"trials": TRIALS, "seeds": seeds}}))
    return job


def begin(job: Path) -> subprocess.Popen[str]:
    return start(job, module="academy.trainer.race")


def state(job: Path) -> dict[str, Any]:
    return json.loads((job / "race.json").read_text()) if (job / "race.json").exists() else {"trials": []}


def trials(job: Path) -> dict[int, dict[str, Any]]:
    return {trial["n"]: trial for trial in state(job)["trials"]}


def losses(folder: Path) -> list[tuple[Any, ...]]:
    """Each step once, as the last attempt reported it."""
    points = {event["step"]: event for event in of(events(folder), "progress")}
    return [(step, *(points[step][name] for name in ("loss", "learning_rate", "grad_norm", "known"))) for step in sorted(points)]


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_each_trial_trains_as_alone_also_after_a_kill_and_the_first_becomes_the_adapter(
    tmp_path: Path, rows: Path, running: list[subprocess.Popen[str]]
) -> None:
    job = race_job(tmp_path / "race", rows)
    running.append(begin(job))
    wait_until(lambda: any(trial["compared"] for trial in trials(job).values()), "the first comparison", 120)
    running[0].send_signal(signal.SIGKILL)
    running[0].communicate()
    assert not (job / "adapter").exists()
    assert of(events(job), "finished") == []
    again = begin(job)
    running.append(again)
    log, _ = again.communicate(timeout=600)
    assert again.returncode == 0, log
    ended = trials(job)
    assert [ended[n]["state"] for n in (1, 2, 3)] == ["finished", "finished", "behind"]
    assert ended[3]["step"] == 2 < ended[1]["step"] == ended[1]["total_steps"] == 16
    # A killed turn is begun again from the checkpoint before it, so that each loss is that of an uninterrupted training, bit by bit.
    for n, alpha in ((1, 32), (2, 16)):
        own: dict[str, Any] = SHARED | TRIALS[n - 1] | {"lora_alpha": alpha}
        alone = make_job(tmp_path / f"alone {n}", BUNDLED, rows, **own)
        train_here(alone, exam=False)
        assert losses(job / "trials" / str(n)) == losses(alone)
        assert len(losses(alone)) == 16
    best = state(job)["best"]["n"]
    metadata = json.loads((job / "metadata.json").read_text())
    assert {name: metadata["parameters"][name] for name in ("learning_rate", "lora_rank")} == TRIALS[best - 1]
    same = tmp_path / f"alone {best}" / "adapter" / "adapter_model.safetensors"
    assert (job / "adapter" / "adapter_model.safetensors").read_bytes() == same.read_bytes()
    assert (json.loads((job / "report.json").read_text())["adapter_id"], metadata["job_id"]) == ("race", "race")
    assert not any((job / "trials").glob("*/checkpoints"))


def test_a_person_stops_one_and_clones_another_and_the_best_two_are_repeated(
    tmp_path: Path, rows: Path, running: list[subprocess.Popen[str]]
) -> None:
    job = race_job(tmp_path / "race", rows, seeds=3, num_epochs=4)
    # The program reads requests between turns; a clone waits for the first turn of its trial.
    (job / "trials" / "1").mkdir(parents=True)
    (job / "trials" / "3").mkdir()
    (job / "trials" / "3" / "stop").touch()
    (job / "trials" / "1" / "clone.json").write_text(json.dumps({"learning_rate": 3e-3}))
    running.append(begin(job))
    log, _ = running[0].communicate(timeout=600)
    assert running[0].returncode == 0, log
    ended = trials(job)
    assert (ended[3]["state"], ended[3]["step"]) == ("stopped", 0)
    clone = ended[4]
    assert (clone["parent"], clone["parameters"]) == (1, {"learning_rate": 3e-3, "lora_rank": 16})
    own = losses(job / "trials" / "4")
    # It goes on where its parent was, at half the rate at the same position of the schedule.
    assert own[0][0] == 2
    parent = {line[0]: line[2] for line in losses(job / "trials" / "1")}
    assert [line[2] for line in own if line[0] in parent] == pytest.approx([parent[line[0]] / 2 for line in own if line[0] in parent])
    repeats = [trial for trial in ended.values() if trial["repeats"]]
    best = state(job)["best"]
    assert {trial["repeats"] for trial in repeats} == {best["n"], best["against"]}
    assert sorted(trial["parameters"]["seed"] for trial in repeats) == [2, 2, 3, 3, 4, 4]
    assert all(trial["state"] == "finished" for trial in repeats)
    assert best["low"] <= best["mean"] <= best["high"]
    assert best["is_better"] == (best["low"] > 0)
    told = of(events(job), "note")[-1]["message"]
    assert told.startswith((f"Trial {best['n']} is better", "Neither of trials"))


def test_a_race_that_is_stopped_keeps_the_best_so_far_and_says_that_nothing_is_certain(
    tmp_path: Path, rows: Path, running: list[subprocess.Popen[str]]
) -> None:
    job = race_job(tmp_path / "race", rows, num_epochs=20)
    running.append(begin(job))
    wait_until(lambda: all(trial["step"] for trial in trials(job).values()) and trials(job), "a turn of each", 120)
    (job / "stop").touch()
    log, _ = running[0].communicate(timeout=600)
    assert running[0].returncode == 0, log
    finished = of(events(job), "finished")[0]
    assert finished["stopped"]
    best = state(job)["best"]
    assert (best["low"], best["is_better"]) == (None, False)
    assert 0 < finished["step"] == trials(job)[best["n"]]["step"] < 40
    assert (job / "adapter" / "adapter_model.safetensors").is_file()


def test_a_manner_is_judged_by_the_rows_that_were_held_out(tmp_path: Path, rows: Path) -> None:
    base = make_model(tmp_path / "tiny")
    held_out = write_rows(tmp_path / "held_out.jsonl", chats(PAIRS[:3]))
    changes: dict[str, Any] = {"goal": "style", "vary_questions": False, "keep_best": True, "eval_steps": 3, "num_epochs": 4}
    job = race_job(tmp_path / "race", rows, base=base, eval_path=held_out, **changes)
    train_here(job, module="academy.trainer.race.run")
    assert state(job)["measure"] == "held_out"
    first = state(job)["best"]["n"]
    for n, trial in trials(job).items():
        measured = [event["eval_loss"] for event in of(events(job / "trials" / str(n)), "eval") if event["step"]]
        if trial["state"] == "finished":
            assert trial["score"] == {"loss": min(measured), "known": None}
    ended = [trial for trial in trials(job).values() if trial["state"] == "finished"]
    assert len(ended) == 2
    assert min(ended, key=lambda trial: trial["score"]["loss"])["n"] == first
    assert json.loads((job / "metadata.json").read_text())["eval_loss"] == trials(job)[first]["score"]["loss"]
