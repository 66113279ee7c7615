"""The gate after real trainings of the bundled model: what is better is proposed, what learned shuffled answers is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.services.academy import Academy
from tests.waiting import wait_until

API = "/api/v1/academy"
NAMES = ("Zorbel", "Quint", "Mavra", "Tolk", "Brem", "Ilsa", "Pavo", "Rune", "Skye", "Dorn", "Vesk", "Orla")
ROBOTS = [
    {"situation": f"What is robot {n * 37} called?", "action": f"It is called {name}.", "rating": "good"} for n, name in enumerate(NAMES)
]

pytestmark = pytest.mark.training


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    academy = Academy(settings)
    academy.start()
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made
    for job in academy._job_store.open_jobs():
        academy._runner.cancel(job.job_id)
    wait_until(lambda: not academy._job_store.open_jobs(), "the end of all jobs")
    academy.close()


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def taught(client: TestClient, dataset: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Trains on a dataset, and waits for what the gate decides about the adapter."""
    made = good(client.post(f"{API}/dataset", json={"include_git": False, **dataset}))["dataset_id"]
    job = good(client.post(f"{API}/train", json={"dataset_id": made, "preset": "auto"}))["job_id"]

    def decided() -> dict[str, Any] | None:
        found = good(client.get(f"{API}/professor"))["decisions"]
        about = (item for item in found if item["about"].get("adapter_id") == job and item["what"] in ("proposed", "refused", "failed"))
        return next(about, None)

    return job, wait_until(decided, f"the decision about {job}", 300)


def test_a_better_one_is_proposed_and_one_with_shuffled_answers_is_refused(client: TestClient) -> None:
    for lesson in ROBOTS[:8]:
        good(client.post(f"{API}/lessons", json=lesson))
    first, decision = taught(client, {})
    assert decision["what"] == "proposed", decision
    proposal = good(client.get(f"{API}/professor"))["proposal"]
    assert proposal["adapter_id"] == first
    good(client.post(f"{API}/professor/proposals/{proposal['id']}/accept"))

    # The same questions, each with the answer of the next one.
    rows = [{"instruction": ROBOTS[n]["situation"], "output": ROBOTS[(n + 1) % 8]["action"]} for n in range(8)]
    file = ("shuffled.jsonl", "\n".join(map(json.dumps, rows)).encode())
    upload = good(client.post(f"{API}/dataset/upload", files={"files": file}))["files"][0]["id"]
    _, decision = taught(client, {"include_lessons": False, "upload_ids": [upload]})
    assert decision["what"] == "refused", decision
    assert any("earlier lessons" in sentence for sentence in decision["sentences"]), decision

    # Four lessons more: the active one is measured on them first.
    for lesson in ROBOTS[8:]:
        good(client.post(f"{API}/lessons", json=lesson))
    second, decision = taught(client, {})
    assert decision["what"] == "proposed", decision
    assert re.search("Knows 1[12] of 12 lessons", " ".join(decision["sentences"]))
    assert [job["kind"] for job in good(client.get(f"{API}/jobs"))["jobs"]].count("evaluate") == 1
    proposal = good(client.get(f"{API}/professor"))["proposal"]
    assert (proposal["adapter_id"], proposal["against"]) == (second, first)
    good(client.post(f"{API}/professor/proposals/{proposal['id']}/accept"))
    assert good(client.post(f"{API}/adapters/rollback"))["adapter_id"] == first
