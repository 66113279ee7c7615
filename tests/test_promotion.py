"""Proposals: made when a training ends, accepted, declined, superseded; rolling back is a stack. Nothing here needs torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.errors import Conflict
from academy.jobs.store import Job
from academy.professor.proposals import Decision, Decisions, ProposalStore
from academy.services.academy import Academy
from academy.ui.look import Look
from academy.ui.professor import said_of
from tests.gate_help import a_report
from tests.runs_help import a_run
from tests.waiting import wait_until

API = "/api/v1/academy"
Train = Callable[..., Job]


@pytest.fixture
def academy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    made = Academy(settings)
    # The adapters are written by hand and fit no base; whether they would load is the business of other tests.
    monkeypatch.setattr(made._adapter_store, "check", lambda adapter: None)
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> TestClient:
    return TestClient(create_api(academy), base_url="http://localhost:7860")


@pytest.fixture
def train(academy: Academy) -> Train:
    """Writes a training that has ended, with its adapter and its report, and waits until the gate has seen it."""

    def train(job_id: str, known: str = "++++++++", *, judged: bool = True, **fields: Any) -> Job:
        before = len(academy.professor.decisions(100))
        folder = academy.settings.models_dir / job_id
        dataset = {"dataset_id": fields.get("dataset_id", "d1")}
        a_run(academy._job_store, academy.settings.models_dir, job_id, adapter=True, steps=1, status="running", finished_at=None, **dataset)
        (folder / "metadata.json").write_text(json.dumps({"name": job_id, "base_model": "academy-mini", **dataset}))
        (folder / "report.json").write_text(json.dumps(a_report(job_id, known, **fields)))
        job = academy._job_store.end(job_id, "finished")
        if judged:
            wait_until(lambda: len(academy.professor.decisions(100)) > before, "the gate's decision")
        return job

    return train


@pytest.fixture
def queued(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The evaluations that the gate asks for; each becomes a job that waits."""
    asked: list[Any] = []

    def evaluate(request: Any) -> Job:
        asked.append(request)
        return a_run(
            academy._job_store, academy.settings.models_dir, "evaluation_1", steps=1, status="queued", finished_at=None, started_at=None,
            kind="evaluate", continue_from=request.adapter_id, dataset_id=request.dataset_id,
        )  # fmt: skip

    monkeypatch.setattr(academy.evaluations, "evaluate", evaluate)
    return asked


def shown(academy: Academy, adapter_id: str) -> str:
    return str(said_of(Look(academy, {}), adapter_id))


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_a_training_taught_is_proposed_and_one_call_promotes_it(academy: Academy, client: TestClient, train: Train) -> None:
    assert good(client.get(f"{API}/professor/proposals")) == {"count": 0, "items": []}
    train("first")
    (found,) = good(client.get(f"{API}/professor/proposals"))["items"]
    assert (found["adapter_id"], found["report_id"], found["state"], found["against"]) == ("first", "first", "open", None)
    assert found["reasons"][0] == "Knows 8 of 8 lessons; the base model knows 0."
    state = good(client.get(f"{API}/professor"))
    assert (state["proposal"]["id"], state["autopilot"], state["ready"]) == (found["id"], False, False)
    assert state["decisions"][0]["sentences"][0] == "first is proposed."
    assert good(client.post(f"{API}/professor/proposals/{found['id']}/accept"))["state"] == "accepted"
    active = academy.adapters.active()
    assert active is not None
    assert active.adapter_id == "first"
    assert client.post(f"{API}/professor/proposals/{found['id']}/accept").status_code == 409
    assert client.post(f"{API}/professor/proposals/{found['id']}/decline").status_code == 409
    assert client.post(f"{API}/professor/proposals/nothing/accept").status_code == 404


def test_the_rival_is_measured_and_then_the_two_are_compared(academy: Academy, train: Train, queued: list[Any]) -> None:
    train("first", "+" * 24, dataset_id="d1")
    academy.adapters.activate("first")
    # The new dataset has the same lessons and twelve more.
    train_on_d2 = {"dataset_id": "d2", "earlier": [{"dataset_id": "d1", "known_before": 0, "known_after": 23, "of": 24}]}
    train("second", "+" * 36, **train_on_d2)
    assert (queued[0].adapter_id, queued[0].dataset_id) == ("first", "d2")
    assert academy.professor.proposed() is None
    assert str(academy.professor.decisions()[0].sentences[0]) == "first is measured on what second learned, to compare the two."
    # Under the training's own result the page says so too, and later what came of it.
    assert "first is measured on what second learned" in shown(academy, "second")
    assert shown(academy, "first") == ""
    report = a_report("evaluation_1", "+" * 24 + "-" * 12, dataset_id="d2")
    (academy.settings.models_dir / "evaluation_1" / "report.json").write_text(json.dumps(report))
    academy._job_store.update("evaluation_1", status="preparing")
    academy._job_store.end("evaluation_1", "finished")
    found = wait_until(academy.professor.proposed, "the proposal")
    assert (found.adapter_id, found.against, found.against_name) == ("second", "first", "first")
    assert [str(reason) for reason in found.reasons] == [
        "Knows 36 of 36 lessons; first knows 24.",
        "None of the lessons that first knows is lost.",
        "Of your earlier lessons in d1 it knows 23 of 24.",
    ]
    assert "Knows 36 of 36 lessons; first knows 24." in shown(academy, "second")
    assert 'data-act="proposal.accept"' in shown(academy, "second")
    academy.professor.accept(found.id)
    assert shown(academy, "second") == ""


def test_a_rival_that_cannot_be_measured_is_said_and_not_asked_again(academy: Academy, train: Train, queued: list[Any]) -> None:
    train("first", "+" * 24)
    academy.adapters.activate("first")
    train("second", dataset_id="d2")
    academy._job_store.end("evaluation_1", "cancelled")
    wait_until(lambda: academy.professor.decisions()[0].what == "failed", "the decision")
    assert len(queued) == 1
    assert academy.professor.proposed() is None


def test_what_is_not_ready_is_refused_with_its_reason(academy: Academy, train: Train) -> None:
    train("first", verdict="forgot", sentences=["Of 24 general questions it answers 9, 20 before: more rehearsal keeps them."])
    assert academy.professor.proposals() == []
    told = [str(sentence) for sentence in academy.professor.decisions()[0].sentences]
    assert told == ["first is not proposed.", "Of 24 general questions it answers 9, 20 before: more rehearsal keeps them."]
    opinion = academy.professor.opinion("first")
    assert opinion is not None
    assert opinion.outcome == "refused"


def test_a_better_one_supersedes_the_open_proposal_and_an_equal_one_does_not(academy: Academy, train: Train) -> None:
    train("first", "++++++--")
    train("second", "++++++--")
    assert [(item.adapter_id, item.state) for item in academy.professor.proposals()] == [("first", "open")]
    assert "first is proposed already." in [str(sentence) for sentence in academy.professor.decisions()[0].sentences]
    train("third", "++++++++")
    assert [(item.adapter_id, item.state) for item in academy.professor.proposals()] == [("third", "open"), ("first", "superseded")]


def test_what_a_person_declined_is_not_proposed_again(academy: Academy, client: TestClient, train: Train) -> None:
    train("first")
    found = academy.professor.proposed()
    assert found is not None
    assert good(client.post(f"{API}/professor/proposals/{found.id}/decline"))["state"] == "declined"
    academy._promotion.after(academy.jobs.get("first"))
    assert [item.state for item in academy.professor.proposals()] == ["declined"]
    # Asked for by the person, it is.
    academy.professor.consider("first")
    assert [item.state for item in academy.professor.proposals()] == ["open", "declined"]


def test_activating_by_hand_ends_the_open_proposal(academy: Academy, train: Train) -> None:
    train("first")
    academy.adapters.activate("first")
    assert [item.state for item in academy.professor.proposals()] == ["accepted"]
    train("second")  # knows no more
    assert academy.professor.opinion("first") is None  # it answers
    academy.adapters.deactivate()
    academy.adapters.delete("first")
    assert [item.state for item in academy.professor.proposals()] == ["accepted"]


def test_an_open_proposal_whose_adapter_is_gone_is_superseded(academy: Academy, train: Train) -> None:
    train("first")
    academy.adapters.delete("first")
    assert [item.state for item in academy.professor.proposals()] == ["superseded"]
    assert academy.professor.proposed() is None


def test_rolling_back_is_a_stack(academy: Academy, client: TestClient, train: Train) -> None:
    for name in ("first", "second", "third"):
        train(name, judged=False)
        academy.adapters.activate(name)
    assert [good(client.post(f"{API}/adapters/rollback"))["adapter_id"] for _ in range(2)] == ["second", "first"]
    assert client.post(f"{API}/adapters/rollback").status_code == 409
    # Forward again by activating, and back from there.
    academy.adapters.activate("third")
    assert good(client.post(f"{API}/adapters/rollback"))["adapter_id"] == "first"
    # A history with a return is gone back step by step too.
    for name in ("second", "first", "third"):
        academy.adapters.activate(name)
    assert [academy.adapters.roll_back().adapter_id for _ in range(3)] == ["first", "second", "first"]
    with pytest.raises(Conflict):
        academy.adapters.roll_back()


def test_proposals_and_decisions_survive_a_torn_line(settings: Settings) -> None:
    path = settings.training_dir / "proposals.jsonl"
    store = ProposalStore(path)
    first = store.add("a", "A", ["It knows more."], "r", None)
    store.decide(first.id, "declined")
    second = store.add("b", "B", ["It knows more."], "r", "a")
    with open(path, "ab") as file:
        file.write(b'[1]\n{"id": 3, "state": "open"}\n{"id": "x", "sta')
    again = ProposalStore(path)
    assert [(item.id, item.state) for item in again.list()] == [(second.id, "open"), (first.id, "declined")]
    decisions = Decisions(settings.training_dir / "decisions.jsonl")
    assert decisions.last() == []
    decisions.add(Decision("waits", ["It is day."]))
    decisions.add(Decision("trains", ["It is night."], about={"job_id": "j"}))
    assert [(item.what, item.about) for item in decisions.last()] == [("trains", {"job_id": "j"}), ("waits", {})]
