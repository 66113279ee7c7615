"""One training shared by two processes: the same numbers as one, also where each holds a part of the base; killed, named, resumed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobs_help import exists
from safetensors.numpy import load_file
from trainer_help import chats, events, make_job, make_model, of, start, train, write_rows

from academy.trainer.launch import MEETING
from academy.trainer.spec import read_spec
from tests.waiting import wait_until

WORDS = ["blue", "pot", "in the yard", "under the stairs", "at nine"]
KNOBS: dict[str, Any] = {
    # Neither a step's rows nor their tokens are the same for both processes, and the last step of a look has rows for one of them only.
    "batch_size": 4,
    "max_steps": 6,
    "save_steps": 3,
    "eval_steps": 3,
    "learning_rate": 1e-3,
    "precision": "fp32",
    "vary_questions": True,
    "lora_dropout": 0.0,
}


def test_several_processes_are_for_answers_only(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", tmp_path, tmp_path / "rows.jsonl", gpus=3)
    assert read_spec(job).processes == 3
    raw = json.loads((job / "spec.json").read_text())
    (job / "spec.json").write_text(json.dumps(raw | {"parameters": {"gpus": 3, "method": "preference"}}))
    assert read_spec(job).processes == 1


Make = Callable[[str, int], Path]


@pytest.fixture(scope="module")
def a_job(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes job folders that train the same, by their names and processes."""
    folder = tmp_path_factory.mktemp("team")
    base = make_model(folder / "base")
    rows = write_rows(folder / "rows.jsonl", chats((f"Where is number {n}?", " ".join(WORDS[: n % 5 + 1])) for n in range(9)))
    held_out = write_rows(folder / "held.jsonl", chats((f"Where was number {n}?", WORDS[n % 5]) for n in range(5)))
    (folder / "cache").mkdir()

    def make(name: str, gpus: int) -> Path:
        job = make_job(folder / name, base, rows, eval_path=held_out, rehearsal=None, gpus=gpus, **KNOBS)
        spec = json.loads((job / "spec.json").read_text())  # all rehearse the same answers of the base
        (job / "spec.json").write_text(json.dumps(spec | {"cache_path": str(folder / "cache")}))
        return job

    return make


@pytest.fixture(scope="module")
def alone(a_job: Make) -> list[dict[str, Any]]:
    """What one process tells."""
    return train(a_job("one", 1))


@pytest.mark.training
def test_two_processes_learn_as_one_and_a_killed_one_is_named_and_goes_on(a_job: Make, alone: list[dict[str, Any]]) -> None:
    two = a_job("two", 2)
    both = train(two)
    assert_same(both, alone)
    assert [event["type"] for event in both if event["type"] != "preparing"].count("started") == 1
    assert both[-1]["type"] == "finished"

    # The same again, up to the first checkpoint; then one process is killed.
    cut = a_job("cut", 2)
    assert_killed(cut, "academy.trainer")
    resumed = train(cut)
    assert of(resumed, "started")[-1]["resumed_from_step"] == 3
    assert [item["loss"] for item in of(resumed, "progress")][-3:] == [item["loss"] for item in of(both, "progress")][-3:]
    first, again = (load_file(job / "adapter" / "adapter_model.safetensors") for job in (two, cut))
    assert first.keys() == again.keys()
    assert all((first[name] == again[name]).all() for name in first)


@pytest.mark.training
def test_two_processes_of_which_each_holds_a_part_of_the_base_learn_as_one(a_job: Make, alone: list[dict[str, Any]]) -> None:
    job = a_job("shards", 2)
    assert_killed(job, "sharded")
    told = events(job)
    process = start(job, "sharded")
    log, _ = process.communicate(timeout=600)
    assert process.returncode == 0, log
    resumed = events(job)[len(told) :]
    assert any("each of 2 holds a part of every layer" in note["message"] for note in of(resumed, "note"))
    assert of(resumed, "started")[0]["resumed_from_step"] == 3
    before = [event for event in told if event.get("step", 0) <= 3]
    assert_same([*before, *resumed], alone)
    known = [json.loads((folder / "report.json").read_bytes())["known"] for folder in (job, job.with_name("one"))]
    assert known[0] == known[1]


@pytest.mark.training
def test_processes_of_two_machines_learn_as_one_and_go_on_after_one_of_them_was_killed(
    a_job: Make, alone: list[dict[str, Any]], tmp_path: Path
) -> None:
    here, there = a_job("here", 2), a_job("there", 2)  # two machines have no folder in common
    first, second = started_apart(here, there, tmp_path)
    wait_until(lambda: of(events(here), "checkpoint"), "the first checkpoint", seconds=300)
    os.kill(members(second.pid)[0], signal.SIGKILL)
    log, _ = second.communicate(timeout=120)
    assert second.returncode == -signal.SIGKILL, log
    reason = "Process 2 of 2, on the node there, was killed by SIGKILL, so the others were ended"
    assert of(events(there), "failed")[-1]["reason"] == reason
    told = json.loads((there / "events.jsonl").read_text().splitlines()[-1])
    (tmp_path / "account").write_text(json.dumps({"event": told, "log": ["there: a line"]}))
    log, _ = first.communicate(timeout=120)
    assert (first.returncode, of(events(here), "failed")[-1]["reason"]) == (-signal.SIGKILL, reason), log
    assert "there: a line" in log

    for job in (here, there):
        shutil.rmtree(job / "checkpoints" / "step-00000006", ignore_errors=True)
    shutil.copytree(here / "checkpoints", there / "checkpoints")
    told_before = events(here)
    for process in started_apart(here, there, tmp_path):
        log, _ = process.communicate(timeout=300)
        assert process.returncode == 0, log
    resumed = events(here)[len(told_before) :]
    assert of(resumed, "started")[0]["resumed_from_step"] == 3
    assert_same([*(event for event in told_before if event.get("step", 0) <= 3), *resumed], alone)
    assert not (there / "adapter").exists()


def started_apart(here: Path, there: Path, folder: Path) -> list[subprocess.Popen[str]]:
    """One process of the training in each folder, as on two machines that reach each other."""
    (folder / "account").unlink(missing_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo", "LOCAL_WORLD_SIZE": "1"}
    started = []
    for number, job in enumerate((here, there)):
        own = {"GROUP_RANK": str(number), "ACADEMY_NODE": job.name, "ACADEMY_ACCOUNT": str(folder / "account")}
        started.append(start(job, **meeting, **own))
    return started


@pytest.mark.training
def test_nothing_of_a_team_outlives_its_launcher(a_job: Make) -> None:
    # A warden that is killed takes the launcher down, and nobody was left to end the others.
    process = start(a_job("killed", 2))
    team = wait_until(lambda: found if len(found := members(process.pid)) == 2 else None, "two processes")
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: not any(map(exists, team)), "the end of both")


def assert_same(shared: list[dict[str, Any]], alone: list[dict[str, Any]]) -> None:
    """That several processes tell what one does."""
    for kind, names in (("progress", ("loss", "grad_norm", "learning_rate", "drift")), ("eval", ("eval_loss",))):
        assert len(of(shared, kind)) == len(of(alone, kind)) > 2
        for one, other in zip(of(alone, kind), of(shared, kind), strict=True):
            for name in names:
                assert other.get(name) == pytest.approx(one.get(name), abs=1e-5), (kind, name, one["step"])
    counted = [[(item["known"], item["extra"]["tokens"]) for item in of(run, "progress")] for run in (alone, shared)]
    assert counted[0] == counted[1]


def assert_killed(job: Path, module: str) -> None:
    """Kills the second process after the first checkpoint: that ends all, says which one it was, and leaves that checkpoint."""
    process = start(job, module)
    wait_until(lambda: of(events(job), "checkpoint"), "the first checkpoint", seconds=300)
    shutil.rmtree(job / "checkpoints" / "step-00000006", ignore_errors=True)
    os.kill(members(process.pid)[1], signal.SIGKILL)
    log, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, log
    assert members(process.pid) == []
    assert not (job / MEETING).exists()
    last = events(job)[-1]
    assert (last["type"], last["cause"], last["extra"]) == ("failed", "killed", {"process": 2, "of": 2})
    assert last["reason"] == "Process 2 of 2 was killed by SIGKILL, so the others were ended"
    shutil.rmtree(job / "checkpoints" / "step-00000006", ignore_errors=True)


def members(launcher: int) -> list[int]:
    """The processes that a launcher has started, the first one of the team first."""
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
                rank = re.search(rb"\0RANK=(\d+)", (entry / "environ").read_bytes())
            except OSError:
                continue
            if parent == launcher and rank:
                found[int(rank[1])] = int(entry.name)
    return [found[rank] for rank in sorted(found)]
