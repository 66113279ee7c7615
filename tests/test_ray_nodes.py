"""One training over several nodes of a Ray cluster: who gets what, and what is told of an end. On a real cluster: test_ray.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jobs_help import Workshop

from academy.errors import Unavailable
from academy.jobs.backends.protocol import Death
from academy.jobs.backends.ray import places
from academy.jobs.backends.ray.backend import RayBackend, _entry, _Remote, shared
from academy.jobs.backends.ray.nodes import account_of
from academy.jobs.backends.ray.remote import ACCOUNT, LOST, Worker, why_ended
from academy.messages import from_json
from academy.trainer import launch


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (1, [0, 1], (1, 1)),
        (4, [2, 8], (1, 4)),  # one node is enough
        (2, [1, 1], (2, 1)),
        (8, [4, 4], (2, 4)),
        (6, [4, 2, 1], (3, 2)),  # as few as the nodes allow
        (3, [2, 1], (3, 1)),
        (3, [1, 1], None),
        (1, [], None),
    ],
)
def test_a_training_takes_as_few_nodes_as_it_can(wanted: int, found: list[int], expected: tuple[int, int] | None) -> None:
    assert shared(wanted, found) == expected


def test_what_no_node_has_alone_is_asked_for_by_workers(tmp_path: Path) -> None:
    works = Workshop(tmp_path, begin=False)
    job = works.submit(gpus=2)
    one, two = {"CPU": 1.0, "GPU": 0.0}, {"CPU": 64.0, "GPU": 2.0}
    program = "python -P -m academy.jobs.backends.ray"
    assert _entry(job, [one, two], "name ''") == {"entrypoint": f"{program}.remote name ''", "entrypoint_num_gpus": 2}
    assert _entry(job, [one, one], "name ''") == {"entrypoint": f"{program}.nodes name '' CPU 2 1"}
    with pytest.raises(Unavailable, match="has 1 of the 2 devices"):
        _entry(job, [one], "name ''")


def test_each_worker_has_its_own_place_on_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PLACE", tmp_path)
    job = places.place_of("a-1", 1) / "job"
    job.mkdir(parents=True)
    (job / "spec.json").write_text(json.dumps({"base_path": f"{tmp_path}/a-1/in/base", "other": f"{tmp_path}/a-11/in"}))
    command = {"argv": [places.PYTHON, f"{tmp_path}/a-1/job"], "env": {"PYTHONPATH": places.PACKAGE}, "cwd": f"{tmp_path}/a-1/job"}
    (job / "command.json").write_text(json.dumps(command))
    places.adapt(job, "a-1", {"GROUP_RANK": "1"})
    assert json.loads((job / "spec.json").read_text()) == {"base_path": f"{tmp_path}/a-1.1/in/base", "other": f"{tmp_path}/a-11/in"}
    adapted = json.loads((job / "command.json").read_text())
    assert (adapted["argv"][1], adapted["cwd"]) == (str(job), str(job))
    assert adapted["env"]["GROUP_RANK"] == "1"


FAILED = {"type": "failed", "reason": "It is full.", "cause": "no_space", "extra": {"row": 3}}


@pytest.mark.parametrize(
    ("record", "events", "reason"),
    [
        ({"exit_code": 0}, [], None),
        ({"exit_code": LOST}, [], None),  # another one is the reason
        ({"signal": "SIGTERM", "stopped_by": "cancel"}, [], None),
        ({"exit_code": 1}, [{"type": "note"}, FAILED], "It is full."),
        ({"signal": "SIGKILL"}, [], "Worker 2 of 3, on the node b, was killed by SIGKILL"),
        ({"exit_code": 3}, [], "Worker 2 of 3, on the node b, ended with exit code 3"),
    ],
)
def test_a_worker_tells_why_its_processes_ended(
    tmp_path: Path, record: dict[str, Any], events: list[dict[str, Any]], reason: str | None
) -> None:
    (tmp_path / "exit.json").write_text(json.dumps(record))
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (tmp_path / "train.log").write_text("a line\n")
    why = why_ended(tmp_path, Worker(1, 3, "b"))
    assert (str(from_json(why["event"]["reason"])) if why else None) == reason
    if why:
        assert why["event"]["extra"]["node"] == "b"
        assert why["log"] == ["b: a line"]


def test_the_first_launcher_reports_what_ended_a_process_of_another_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch.LOST == LOST
    (tmp_path / ACCOUNT).write_text(json.dumps({"event": FAILED, "log": ["b: a line"]}))
    monkeypatch.setenv("ACADEMY_ACCOUNT", str(tmp_path / ACCOUNT))
    launch._report_lost(launch.Report(tmp_path))
    told = json.loads((tmp_path / "events.jsonl").read_text())
    assert {name: told[name] for name in FAILED} == FAILED
    assert "b: a line" in capsys.readouterr().out


class ActorDiedError(Exception):
    """What Ray calls a worker that is gone."""


class HealthCheckFailed(Exception):
    """What Ray Train makes of it."""

    health_check_failure = ActorDiedError()


@pytest.mark.parametrize(
    ("error", "lost", "words"),
    [
        (HealthCheckFailed(), True, "The cluster lost the node two, on which worker 2 of 3 ran"),
        (HealthCheckFailed(), False, "Worker 2 of 3, on the node two, was ended from outside"),
        (OSError("no space"), False, "Worker 2 of 3, on the node two, failed: no space"),
    ],
)
def test_ray_trains_account_of_an_end(error: Exception, lost: bool, words: str) -> None:
    assert str(account_of({1: error}, {1: "id"}, 3, {"id": "two"}, lost=lost)) == words
    assert account_of({}, {}, 3, {}, lost=False) is None


def test_a_job_has_ended_only_once_it_is_known_why(tmp_path: Path) -> None:
    # The runner saw the end, and asked why, before the note had been read.
    works = Workshop(tmp_path, begin=False)
    backend, remote = RayBackend(works.settings), _Remote(works.submit(gpus=2), state="running")
    states = []

    class Ended:
        def ask(self, operation: str, *given: Any, **more: Any) -> Any:
            states.append(remote.state)
            note = {"said": "The cluster lost the node b", "interrupted": True}
            answers = {"look": {"status": "FAILED", "message": "", "exit_code": 1, "node": None}, "log": "a line\n"}
            return json.dumps(note).encode() if given[0].endswith("/end") else answers.get(operation)

    backend._cluster = Ended()  # type: ignore[assignment]
    backend._remotes[remote.job.job_id] = remote
    backend._follow(remote)
    assert (set(states), remote.state) == ({"running"}, "ended")
    assert remote.death == Death("The cluster lost the node b", interrupted=True)
