"""A second kind of job shares the queue, the warden, the log, the events, the cancel and the history; this one counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.errors import Refused, Unavailable
from academy.jobs.backends import Command, Seen
from academy.jobs.folder import read_small
from academy.jobs.kinds import KINDS, Kind, named
from academy.jobs.processes import MARK, mark_of
from academy.jobs.reading import view
from academy.jobs.recipes import Recipe
from academy.jobs.store import Inputs, Job, JobStore
from academy.services.academy import Academy
from tests.jobs_help import Workshop, left_over, worker

COUNTER = """
import json, sys, time
def say(**event):
    with open("events.jsonl", "a") as file:
        file.write(json.dumps(event) + chr(10))
spec = json.load(open("spec.json"))
say(type="started", total_steps=spec["upto"])
for step in range(1, spec["upto"] + 1):
    time.sleep(spec["pause"])
    print("counted to", step, flush=True)
    say(type="progress", step=step)
json.dump({"count": spec["upto"] - spec["lost"]}, open("result.json", "w"))
say(type="finished", step=spec["upto"])
"""


class CountSpec(BaseModel):
    """How far to count."""

    name: str = "count"
    upto: int = 3
    pause: float = 0.0
    lost: int = 0


def command(job: Job, seen: Seen, settings: Settings, recipe: Recipe | None) -> Command:
    return Command([sys.executable, "-c", COUNTER], {MARK: mark_of(job.folder.path)}, str(seen.folder))


def accept(job: Job, seen: Seen, recipe: Recipe | None) -> dict[str, Any]:
    result = read_small(job.folder.path / "result.json")
    if result is None or result.get("count") != job.parameters["upto"]:
        raise Refused("The count is wrong.", hint="Count again.")
    return {}


COUNT = Kind(
    name="count",
    title="Counting",
    stem="counting",
    spec=CountSpec,
    needs="nothing",
    requires=frozenset(),
    result="count",
    incomplete="The counting ended, but its result is incomplete.",
    parameters=lambda spec: spec.model_dump(exclude={"name"}),
    space=lambda inputs, parameters: 0,
    spec_file=lambda job, seen: {"name": job.name, **job.parameters},
    command=command,
    accept=accept,
    changeable=frozenset({"upto", "pause", "lost"}),
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.setitem(KINDS, "count", COUNT)
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


def count(shop: Workshop, **spec: Any) -> Job:
    return shop.runner.submit(CountSpec(**spec), Inputs(), kind="count")


@pytest.mark.training
def test_it_runs_beside_a_training_to_its_own_result(shop: Workshop) -> None:
    training = shop.submit(steps=1000, pause=0.01)
    shop.wait_step(training.job_id, 2)
    waiting = shop.submit()
    job = shop.wait(count(shop).job_id)
    assert (job.status, job.kind, job.step, job.total_steps, job.adapter_path) == ("finished", "count", 3, 3, None)
    assert job.job_id.startswith("counting_")
    assert json.loads((job.folder.path / "result.json").read_text()) == {"count": 3}
    shown = view.view(job, None)
    assert (shown["kind"], "counted to 3" in shown["logs"]) == ("count", True)
    assert [item.job_id for item in shop.store.list(kind="count")] == [job.job_id]
    # The training has gone on, the other one has waited for it, and the page shows the training.
    assert shop.job(training.job_id).status == "running"
    assert shop.runner.queue_position(waiting.job_id) == 1
    busy = shop.runner.busy()
    assert busy is not None
    assert busy.job_id == training.job_id


@pytest.mark.training
def test_its_own_check_decides_what_is_a_success_and_it_starts_over(shop: Workshop) -> None:
    job = shop.wait(count(shop, lost=1).job_id)
    assert (job.status, job.cause, job.resumable, job.remedy) == ("failed", "count", True, None)
    assert str(job.error) == "The counting ended, but its result is incomplete. The count is wrong. Count again."
    shop.runner.resume(job.job_id, {"lost": 0})
    again = shop.wait(job.job_id)
    assert (again.status, again.attempt, again.error) == ("finished", 2, None)


@pytest.mark.training
@pytest.mark.parametrize("way", ["cancel", "stop"])
def test_a_cancel_ends_it_and_so_does_a_stop_since_it_keeps_nothing(shop: Workshop, way: str) -> None:
    job = count(shop, upto=10_000, pause=0.01)
    worker(job)
    (shop.runner.cancel if way == "cancel" else shop.runner.stop)(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "cancelled"
    assert not left_over(ended)


def test_a_kind_of_a_later_version_fails_with_a_sentence_and_blocks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "count", COUNT)
    shop = Workshop(tmp_path, begin=False)
    job = count(shop)
    other = shop.submit()
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="'count'"):
        named("count")
    shop.runner.tick()
    assert (shop.job(job.job_id).status, shop.job(job.job_id).cause) == ("failed", "start")
    assert "no jobs of the kind 'count'" in str(shop.job(job.job_id).error)
    assert shop.job(other.job_id).status == "preparing"
    shop.close()


def test_jobs_are_listed_by_kind(settings: Settings) -> None:
    store = JobStore(settings.training_dir)
    values = {"status": "finished", "created_at": "2026-01-01T00:00:00.000Z", "dataset_path": "d.jsonl", "base_model": "academy-mini"}
    for number, kind in enumerate(("train", "count", "train")):
        fields = {"job_id": f"job_{number}", "name": "n", "kind": kind, "output_dir": f"models/job_{number}", "backend": "subprocess"}
        store.add(Job(**values | fields))  # type: ignore[arg-type]
    academy = Academy(settings)
    with TestClient(create_api(academy)) as client:
        listed = [client.get("/api/v1/academy/jobs", params=params).json() for params in ({}, {"kind": "count"}, {"kind": "x"})]
        shown = client.get("/api/v1/academy/train/job_1/status").json()
    assert [[(job["job_id"], job["kind"]) for job in reply["jobs"]] for reply in listed[1:]] == [[("job_1", "count")], []]
    assert (listed[0]["count"], shown["kind"]) == (3, "count")
    academy.close()
