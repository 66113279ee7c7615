"""Evaluations through REST: a training's own report, an exam as a job, its cancel, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from test_progress import REPORT

from academy.adapters.store import Adapter
from academy.api.routes import create_api
from academy.config import Settings
from academy.curation.datasets import Manifest
from academy.habitat import Component
from academy.jobs.backends.docker.mounts import seen_by, sources_of
from academy.jobs.kinds.train import spec_json
from academy.jobs.store import ENDED, Job
from academy.services.academy import Academy
from tests.jobs_help import left_over
from tests.waiting import wait_until

API = "/api/v1/academy"
ROBOTS = [
    {"situation": f"What is robot {n * 37} called?", "action": f"Robot {n * 37} is called Zorb{n * 91}.", "rating": "good"}
    for n in range(8)
]


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    made = Academy(settings)
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made


@pytest.fixture
def works(academy: Academy, client: TestClient) -> Iterator[TestClient]:
    """With a dataset, and a runner that runs; nothing of it is left running."""
    for lesson in ROBOTS:
        assert client.post(f"{API}/lessons", json=lesson).status_code == 200
    assert client.post(f"{API}/dataset", json={"include_git": False}).status_code == 200
    academy.start()
    yield client
    for job in academy._job_store.open_jobs():
        academy._runner.cancel(job.job_id)
    wait_until(lambda: not academy._job_store.open_jobs(), "the end of all jobs")


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(client: TestClient, job_id: str) -> dict[str, Any]:
    def status() -> dict[str, Any] | None:
        found = good(client.get(f"{API}/train/{job_id}/status"))
        return found if found["status"] in ENDED else None

    return wait_until(status, f"the end of {job_id}", 120)


@pytest.mark.training
def test_a_round_trip(works: TestClient, academy: Academy) -> None:
    trained = good(works.post(f"{API}/train", json={"num_epochs": 8, "learning_rate": 6e-3, "batch_size": 2}))["job_id"]
    status = ended(works, trained)
    assert (status["status"], status["report_id"], status["kind"]) == ("finished", trained, "train")
    report = good(works.get(f"{API}/evaluations/{trained}"))
    assert (report["adapter_id"], report["known"]["of"], report["verdict"]) == (trained, 8, status["verdict"])
    assert report["known"] == status["known"]
    assert len(report["items"]) == 8
    assert all(isinstance(sentence, str) and "{" not in sentence for sentence in report["sentences"])
    adapter = good(works.get(f"{API}/adapters"))[0]
    assert (adapter["report_id"], adapter["known"], adapter["verdict"]) == (trained, report["known"], report["verdict"])
    # The remedies can be sent as they are, where this version knows their fields.
    for remedy in report["remedies"]:
        assert {"dataset_id", "base_model", "name"} <= remedy["request"].keys()
    job_id = good(works.post(f"{API}/evaluations", json={"adapter_id": trained, "seed": 1}))["job_id"]
    assert good(works.get(f"{API}/evaluations/{job_id}"))["status"] in ("queued", "preparing", "running")
    again = ended(works, job_id)
    assert (again["status"], again["kind"], again["adapter_path"]) == ("finished", "evaluate", None), again["logs"]
    assert job_id.startswith("evaluation_")
    other = good(works.get(f"{API}/evaluations/{job_id}"))
    assert (other["adapter_id"], other["known"], other["general"]["right_after"]) == (
        trained,
        report["known"],
        report["general"]["right_after"],
    )
    assert [job["job_id"] for job in good(works.get(f"{API}/jobs", params={"kind": "evaluate"}))["jobs"]] == [job_id]
    listed = good(works.get(f"{API}/evaluations"))
    assert [item["id"] for item in listed["items"]] == [job_id, trained]
    assert listed["count"] == 2
    assert all("items" not in item for item in listed["items"])
    stream = works.get(f"{API}/train/{trained}/logs/stream").text
    assert f'{{"type":"known","data":{{"rows":{report["known"]["rows"]},"of":8}}}}' in stream
    good(works.delete(f"{API}/evaluations/{job_id}"))
    assert works.get(f"{API}/evaluations/{job_id}").status_code == 404
    assert [item["id"] for item in good(works.get(f"{API}/evaluations"))["items"]] == [trained]
    assert good(works.get(f"{API}/train/{job_id}/status"))["status"] == "finished"
    assert (academy.settings.data_dir / "cache").is_dir()


@pytest.mark.training
def test_a_later_exam_judges_a_manner_by_the_rows_that_its_training_held_out(works: TestClient, academy: Academy) -> None:
    # It took them for trained ones, and told the loss on all rows.
    for n in range(20):
        good(works.post(f"{API}/lessons", json={"situation": f"Tell of garden gate {n}.", "action": f"Gate {n} creaks {n * 7} times."}))
    good(works.post(f"{API}/dataset", json={"include_git": False, "quality_profile": "lenient"}))
    trained = good(works.post(f"{API}/train", json={"preset": "quick", "goal": "style", "max_steps": 1}))["job_id"]
    assert ended(works, trained)["status"] == "finished"
    own = good(works.get(f"{API}/evaluations/{trained}"))
    job_id = good(works.post(f"{API}/evaluations", json={"adapter_id": trained}))["job_id"]
    assert ended(works, job_id)["status"] == "finished"
    later = good(works.get(f"{API}/evaluations/{job_id}"))
    assert own["held_out"]["rows"] == academy.jobs.get(trained).measuring_rows == 2
    assert (later["held_out"], later["known"]) == (own["held_out"], own["known"])


@pytest.mark.training
def test_a_base_alone_and_a_cancel(works: TestClient, academy: Academy) -> None:
    questions = ["What is robot 37 called?", {"question": "What is robot 74 called?", "expected": "Robot 74 is called Zorb182."}]
    job_id = good(works.post(f"{API}/evaluations", json={"adapter_id": "base", "questions": questions}))["id"]
    assert ended(works, job_id)["status"] == "finished"
    report = good(works.get(f"{API}/evaluations/{job_id}"))
    assert (report["adapter_id"], report["dataset_id"], report["known"]) == ("base", None, {"rows": 0, "of": 1})
    assert {item["question"]: item["right"] for item in report["items"]} == {
        "What is robot 37 called?": None,
        "What is robot 74 called?": False,
    }
    dataset = good(works.get(f"{API}/datasets"))["items"][0]["id"]
    cancelled = good(works.post(f"{API}/evaluations", json={"adapter_id": "base", "dataset_id": dataset}))["id"]
    wait_until(lambda: academy.jobs.get(cancelled).status in ("preparing", "running"), "the start of the exam")
    good(works.delete(f"{API}/evaluations/{cancelled}"))
    assert ended(works, cancelled)["status"] == "cancelled"
    assert not left_over(academy.jobs.get(cancelled))
    assert good(works.get(f"{API}/evaluations/{cancelled}"))["status"] == "cancelled"
    good(works.post(f"{API}/train/{cancelled}/resume"))
    assert ended(works, cancelled)["status"] == "finished"
    assert good(works.get(f"{API}/evaluations/{cancelled}"))["known"]["of"] == 8


def a_job(academy: Academy, job_id: str, **fields: Any) -> Path:
    """A finished job of another time, with its folder."""
    folder = academy.settings.models_dir / job_id
    folder.mkdir(parents=True)
    values = {"status": "finished", "created_at": "2026-01-01T00:00:00.000Z", "dataset_path": "d.jsonl", "base_model": "academy-mini"}
    values |= {"job_id": job_id, "name": "n", "output_dir": str(folder), "backend": "subprocess"}
    academy._job_store.add(Job(**values | fields))  # type: ignore[arg-type]
    return folder


def test_reports_are_read_from_the_jobs_folders_and_deleted_there(client: TestClient, academy: Academy) -> None:
    folder = a_job(academy, "training_x")
    a_job(academy, "training_y")
    (folder / "report.json").write_text(json.dumps(REPORT))
    listed = good(client.get(f"{API}/evaluations"))
    assert [(item["id"], item["status"], item["verdict"]) for item in listed["items"]] == [("training_x", "finished", "not_learned")]
    found = good(client.get(f"{API}/evaluations/training_x"))
    assert (found["sentences"], found["items"]) == (["Knows 2 of 24: train longer."], [])
    assert client.get(f"{API}/evaluations/training_y").status_code == 404
    assert client.get(f"{API}/evaluations/training_z").status_code == 404
    assert client.delete(f"{API}/evaluations/training_y").status_code == 404
    good(client.delete(f"{API}/evaluations/training_x"))
    assert not (folder / "report.json").exists()
    assert client.delete(f"{API}/evaluations/training_x").status_code == 404
    assert good(client.get(f"{API}/evaluations"))["count"] == 0


def test_a_later_exam_tells_of_an_adapter_that_has_no_report_of_its_own(academy: Academy) -> None:
    folder = a_job(academy, "evaluation_1", kind="evaluate", continue_from="copied")
    (folder / "report.json").write_text(json.dumps(REPORT | {"id": "evaluation_1", "adapter_id": "copied"}))
    assert academy.evaluations.of_adapter("copied") == {
        "report_id": "evaluation_1",
        "known": {"rows": 2, "of": 24},
        "verdict": "not_learned",
        "missing": 0,
    }
    assert academy.evaluations.of_adapter("other") == {"report_id": None, "known": None, "verdict": None, "missing": 0}


def test_a_training_is_asked_about_the_datasets_before_it(client: TestClient, academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(academy._habitat, "training", lambda: Component("training", True, "assumed"))
    for lesson in ROBOTS:
        good(client.post(f"{API}/lessons", json=lesson))
    ids = [good(client.post(f"{API}/dataset", json={"include_git": False}))["dataset_id"] for _ in range(3)]
    a_job(academy, "training_1", dataset_id=ids[0])
    a_job(academy, "training_2", dataset_id=ids[1], base_model="another")
    a_job(academy, "training_3", dataset_id=ids[2])
    a_job(academy, "training_4", dataset_id="gone")
    job = academy.jobs.get(good(client.post(f"{API}/train", json={"dataset_id": ids[2]}))["job_id"])
    assert job.earlier == ["gone", ids[0]]
    spec = json.loads(job.folder.spec.read_text())
    path = academy.settings.training_dir / f"{ids[0]}.jsonl"
    assert spec["earlier"] == [{"dataset_id": ids[0], "path": str(path)}]
    assert spec["cache_path"] == str(academy.settings.data_dir / "cache")
    # In a container the same file has another place, and nothing is kept for the next one.
    assert dict(seen_by(job).earlier) == {ids[0]: Path("/earlier") / f"{ids[0]}.jsonl"}
    assert sources_of(job)[f"earlier/{ids[0]}.jsonl"] == path
    inside = spec_json(job, seen_by(job))
    assert (inside["cache_path"], inside["earlier"][0]["path"]) == (None, f"/earlier/{ids[0]}.jsonl")


@pytest.mark.parametrize(
    ("first", "second", "held_out"),
    [
        ({}, {"measuring_rows": 4}, {"golden_rows": None, "measuring_rows": 4}),
        ({"dataset_id": "d1", "golden_rows": 2}, {"golden_rows": 2}, {"golden_rows": 2, "measuring_rows": 0}),
        ({"dataset_id": "d1", "golden_rows": 2}, {"dataset_id": "d2"}, {"golden_rows": 2, "measuring_rows": 0}),
        ({"dataset_id": "d1", "measuring_rows": 4}, {}, {}),  # what the first held out the second trained
        ({}, {"measuring_rows": 4, "recipe": "own"}, {}),
        ({}, {"dataset_id": "d2", "measuring_rows": 4}, {}),
    ],
)
def test_what_a_line_of_trainings_held_out_of_a_dataset(
    academy: Academy, first: dict[str, Any], second: dict[str, Any], held_out: dict[str, Any]
) -> None:
    a_job(academy, "training_1", **{"dataset_id": "d0"} | first)
    a_job(academy, "training_2", **{"dataset_id": "d1", "continue_from": "training_1"} | second)
    adapter = Adapter("training_2", "n", Path("."), "academy-mini")
    asked = Manifest.model_construct(id="d1")
    assert academy.evaluations._held_out(adapter, asked) == held_out


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"adapter_id": ""}, 422),
        ({"adapter_id": "../x"}, 422),
        ({"adapter_id": "nothing"}, 404),
        ({"adapter_id": "base", "base_model": "/no/such/folder"}, 400),
        ({"adapter_id": "base", "base_model": "acme/none"}, 400),
        ({"adapter_id": "base", "dataset_id": "dataset_alpaca_20200101_000000"}, 404),
        ({"adapter_id": "base", "seed": -1}, 422),
        ({"adapter_id": "base", "questions": "why"}, 422),
        ({"adapter_id": "base", "questions": [{"expected": "x"}]}, 422),
        ({"adapter_id": "base", "questions": [""]}, 422),
        ({"adapter_id": "base", "questions": ["why?"] * 201}, 422),
        ({"adapter_id": "base", "training": {}}, 422),
    ],
)
def test_what_cannot_be_evaluated_is_refused(client: TestClient, body: dict[str, Any], status: int) -> None:
    answer = client.post(f"{API}/evaluations", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert client.get(f"{API}/evaluations", params={"limit": 0}).status_code == 422


def test_an_exam_waits_like_every_job_and_can_be_taken_back(client: TestClient, academy: Academy) -> None:
    reply = good(client.post(f"{API}/evaluations", json={"adapter_id": "base"}))
    assert (reply["kind"], reply["status"], reply["message"]) == ("evaluate", "queued", "The evaluation of academy-mini is queued.")
    waiting = good(client.get(f"{API}/evaluations"))["items"][0]
    assert (waiting["id"], waiting["status"], waiting["verdict"]) == (reply["id"], "queued", None)
    spec = json.loads((academy.settings.models_dir / reply["id"] / "spec.json").read_text())
    assert (spec["dataset_path"], spec["continue_from_path"], spec["parameters"]) == ("", None, {"seed": 0})
    good(client.delete(f"{API}/evaluations/{reply['id']}"))
    assert good(client.get(f"{API}/evaluations"))["items"] == []
