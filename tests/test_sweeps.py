"""Races through REST: what is queued, what is refused, how a running one is changed, and what is read of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.habitat import Component
from academy.jobs.kinds import named
from academy.jobs.store import ENDED
from academy.services.academy import Academy
from tests.races_help import SENTENCE, a_race
from tests.waiting import wait_until

API = "/api/v1/academy"


@pytest.fixture
def academy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    made = Academy(settings)
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made


@pytest.fixture
def dataset(client: TestClient) -> str:
    for n in range(8):
        lesson = {"situation": f"What is robot {n * 37} called?", "action": f"Robot {n * 37} is called Zorb{n * 91}.", "rating": "good"}
        good(client.post(f"{API}/lessons", json=lesson))
    return good(client.post(f"{API}/dataset", json={"include_git": False}))["dataset_id"]


@pytest.fixture
def running(academy: Academy) -> Iterator[None]:
    """The runner runs, and leaves nothing running."""
    academy.start()
    yield
    for job in academy._job_store.open_jobs():
        academy._runner.cancel(job.job_id)
    wait_until(lambda: not academy._job_store.open_jobs(), "the end of all jobs")


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dataset_alone_is_enough_for_a_race(client: TestClient, academy: Academy, dataset: str) -> None:
    reply = good(client.post(f"{API}/sweeps", json={"dataset_id": dataset}))
    assert (reply["status"], len(reply["trials"])) == ("queued", 6)
    assert reply["id"].startswith("sweep_")
    # The Professor's choice for the bundled model comes first.
    assert reply["trials"][0] == {"n": 1, "parameters": {"learning_rate": 6e-3, "lora_rank": 16}}
    job = academy.jobs.get(reply["id"])
    spec = json.loads(job.folder.spec.read_text())
    assert (spec["parameters"]["goal"], spec["parameters"]["budget_seconds"], "sweep" in spec["parameters"]) == ("facts", None, False)
    assert spec["sweep"] == {"trials": [item["parameters"] for item in reply["trials"]], "budget_seconds": None, "seeds": 3}
    assert (job.kind, job.base_model, job.dataset_id) == ("sweep", "academy-mini", dataset)
    found = good(client.get(f"{API}/sweeps/{reply['id']}"))
    assert [(item["n"], item["state"], item["points"]) for item in found["trials"]] == [(n, "waiting", []) for n in range(1, 7)]
    assert (found["best"], found["importance"], found["measure"]) == (None, {}, "known")
    # Its parameters are what a resume validates again.
    kind = named("sweep")
    assert kind.parameters(kind.spec.model_validate(job.parameters)) == job.parameters
    assert kind.space(job.inputs, job.parameters) > 0
    good(client.delete(f"{API}/sweeps/{reply['id']}"))
    assert academy.jobs.get(reply["id"]).status == "cancelled"


@pytest.mark.training
@pytest.mark.usefixtures("running")
def test_the_first_of_a_race_is_an_ordinary_adapter_with_its_report(client: TestClient, academy: Academy, dataset: str) -> None:
    body = {"trials": 3, "seeds": 0, "name": "raced", "settings": {"num_epochs": 8, "batch_size": 2, "stop_when_known": False}}
    job_id = good(client.post(f"{API}/sweeps", json=body))["id"]
    status = wait_until(lambda: found if (found := academy.jobs.view(job_id))["status"] in ENDED else None, "the end of the race", 300)
    assert (status["status"], status["report_id"], status["kind"]) == ("finished", job_id, "sweep"), status["logs"]
    assert status["step"] == status["total_steps"]
    found = good(client.get(f"{API}/sweeps/{job_id}"))
    first = next(trial for trial in found["trials"] if trial["n"] == found["best"]["n"])
    assert first["state"] == "finished"
    assert [point["step"] for point in first["points"]] == list(range(1, 33))
    assert found["sentence"].endswith("The best two were not repeated, so neither can be called better.")
    assert set(found["importance"]) == {"learning_rate", "lora_rank"}
    adapter = good(client.get(f"{API}/adapters"))[0]
    assert (adapter["adapter_id"], adapter["name"], adapter["dataset_id"], adapter["report_id"]) == (job_id, "raced", dataset, job_id)
    assert academy.adapters.get(job_id).parameters.items() >= first["parameters"].items()
    assert found["adapter_id"] == job_id
    assert good(client.get(f"{API}/evaluations/{job_id}"))["adapter_id"] == job_id
    assert "trial 1: step 1/32" in client.get(f"{API}/train/{job_id}/log").text
    good(client.post(f"{API}/adapters/activate", json={"adapter_id": job_id}))
    # A race and a training teach alike: what this base was taught before is asked after.
    again = good(client.post(f"{API}/dataset", json={"include_git": False}))["dataset_id"]
    assert academy.jobs.get(good(client.post(f"{API}/train", json={"dataset_id": again}))["job_id"]).earlier == [dataset]


def test_the_space_the_time_and_shared_settings_are_the_persons(client: TestClient, academy: Academy, dataset: str) -> None:
    body = {
        "space": {"learning_rate": {"low": 1e-4, "high": 1e-3, "log": True}, "batch_size": [2, 4], "lora_rank": []},
        "trials": 4,
        "seeds": 0,
        "budget_seconds": 120,
        "settings": {"num_epochs": 3, "goal": "style"},
        "name": "mine",
    }
    reply = good(client.post(f"{API}/sweeps", json=body))
    assert (reply["name"], len(reply["trials"])) == ("mine", 4)
    for item in reply["trials"]:
        assert 1e-4 <= item["parameters"]["learning_rate"] <= 1e-3
        assert item["parameters"]["batch_size"] in (2, 4)
        assert item["parameters"]["lora_rank"] in (8, 16, 32)
    parameters = academy.jobs.get(reply["id"]).parameters
    assert (parameters["num_epochs"], parameters["goal"]) == (3, "style")
    assert {name: parameters["sweep"][name] for name in ("budget_seconds", "seeds")} == {"budget_seconds": 120, "seeds": 0}


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"trials": 1}, 422, ""),
        ({"trials": "6"}, 422, ""),
        ({"space": {"learning_rate": {"low": 1, "high": 0}}}, 422, ""),
        ({"space": {"quantization": ["4bit", "none"]}}, 422, "A race cannot vary quantization."),
        ({"space": {"use_dora": []}}, 422, "There are no usual values for use_dora."),
        ({"space": {"lora_rank": [8]}}, 422, "fewer than two different choices"),
        ({"space": {"lora_rank": [8, 5000]}}, 422, ""),
        ({"settings": {"no_such": 1}}, 422, ""),
        ({"dataset_id": "dataset_alpaca_20200101_000000"}, 404, "There is no dataset"),
        ({"base_model": "acme/none"}, 200, ""),
        ({"budget_seconds": 1}, 422, ""),
        ({"colour": "red"}, 422, ""),
    ],
)
def test_what_cannot_race_is_refused(client: TestClient, dataset: str, body: dict[str, Any], status: int, why: str) -> None:
    answer = client.post(f"{API}/sweeps", json=body)
    assert answer.status_code in ((400, 422) if status == 422 else (status, 400)), answer.text
    assert why in answer.text


def test_a_race_is_read_with_its_curves_its_winner_and_what_mattered(client: TestClient, academy: Academy) -> None:
    a_race(academy._job_store, academy.settings.models_dir)
    listed = good(client.get(f"{API}/sweeps"))
    assert (listed["count"], listed["items"][0]["sentence"]) == (1, SENTENCE)
    assert all("points" not in trial for trial in listed["items"][0]["trials"])
    found = good(client.get(f"{API}/sweeps/sweep_1"))
    assert [(item["n"], item["state"], item["value"], len(item["points"])) for item in found["trials"]] == [
        (1, "finished", 3, 40),
        (2, "finished", 6, 40),
        (3, "behind", 9, 6),
    ]
    assert found["trials"][2]["reason"] == "Number 3 of 3 at step 6."
    assert {name: found["best"][name] for name in ("n", "low", "high")} == {"n": 2, "low": 0.5, "high": 3.5}
    assert found["importance"] == {"learning_rate": 0.6, "lora_rank": 0.1}
    assert [job["job_id"] for job in good(client.get(f"{API}/jobs", params={"kind": "sweep"}))["jobs"]] == ["sweep_1"]
    good(client.delete(f"{API}/sweeps/sweep_1"))
    assert client.get(f"{API}/sweeps/sweep_1").status_code == 404
    assert not (academy.settings.models_dir / "sweep_1").exists()


def test_a_damaged_state_shows_the_planned_trials(client: TestClient, academy: Academy) -> None:
    job = a_race(academy._job_store, academy.settings.models_dir)
    for damaged in ("{", "[]", '{"trials": [{"n": 0}]}'):
        job.folder.race.write_text(damaged)
        found = good(client.get(f"{API}/sweeps/sweep_1"))
        assert [(item["n"], item["state"]) for item in found["trials"]] == [(1, "stopped"), (2, "stopped"), (3, "stopped")]


def test_trials_of_a_running_race_are_stopped_and_cloned(client: TestClient, academy: Academy) -> None:
    job = a_race(academy._job_store, academy.settings.models_dir, ended=False)
    good(client.post(f"{API}/sweeps/sweep_1/trials/2/stop"))
    assert (job.folder.trials / "2" / "stop").read_bytes() == b""
    good(client.post(f"{API}/sweeps/sweep_1/trials/1/clone", json={"learning_rate": 0.001}))
    assert json.loads((job.folder.trials / "1" / "clone.json").read_text()) == {"learning_rate": 0.001}
    good(client.post(f"{API}/sweeps/sweep_1/trials/3/clone"))
    assert json.loads((job.folder.trials / "3" / "clone.json").read_text()) == {"learning_rate": None}
    for path in ("trials/9/stop", "trials/9/clone"):
        assert client.post(f"{API}/sweeps/sweep_1/{path}").status_code == 404
    assert client.post(f"{API}/sweeps/sweep_1/trials/0/stop").status_code == 422
    assert client.post(f"{API}/sweeps/sweep_1/trials/1/clone", json={"learning_rate": 5}).status_code == 422


def test_a_trial_that_has_ended_a_race_that_has_and_a_link_are_left_alone(client: TestClient, academy: Academy) -> None:
    a_race(academy._job_store, academy.settings.models_dir)
    assert "is finished" in client.post(f"{API}/sweeps/sweep_1/trials/1/stop").text
    job = a_race(academy._job_store, academy.settings.models_dir, "sweep_2", ended=False)
    state = json.loads(job.folder.race.read_text())
    state["trials"][0]["state"] = "stopped"
    job.folder.race.write_text(json.dumps(state))
    for verb in ("stop", "clone"):
        answer = client.post(f"{API}/sweeps/sweep_2/trials/1/{verb}")
        assert (answer.status_code, "Trial 1 is stopped already." in answer.text) == (409, True)
    folder = job.folder.trials / "2"
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))
    assert client.post(f"{API}/sweeps/sweep_2/trials/2/stop").status_code == 409
    assert not (folder.with_name("elsewhere") / "stop").exists()


def test_only_races_are_races(client: TestClient, academy: Academy, dataset: str) -> None:
    job = good(client.post(f"{API}/train", json={"dataset_id": dataset}))["job_id"]
    assert client.get(f"{API}/sweeps/{job}").status_code == 404
    assert good(client.get(f"{API}/sweeps"))["count"] == 0
