"""Whether a training goes on from the active adapter, by what was measured of it."""

from __future__ import annotations

import io
import json

import pytest

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.habitat import Component
from academy.jobs.continuing import Taught, choose
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy
from tests.runs_help import a_run
from tests.test_report import a_report

READY = {"name": "handbook-1", "lessons": 24, "shared": 24, "known": 24, "of": 24, "verdict": "ready"}


@pytest.mark.parametrize(
    ("rows", "changes", "choice", "words"),
    [
        (36, {}, "base", "holds all 24 lessons of handbook-1 and 12 more"),
        (12, {"shared": 0}, "continue", "24 of them are not in this dataset"),
        (30, {"shared": 20}, "continue", "4 of them are not in this dataset"),
        (12, {"shared": 0, "verdict": "forgot"}, "base", "forgot general knowledge"),
        (12, {"shared": 0, "verdict": "not_learned", "known": 2}, "base", "knows only 2 of 24"),
        (24, {}, None, ""),  # the same set once more
        (10, {"shared": 10}, None, ""),
        (12, {"lessons": 0, "shared": 0}, None, ""),
    ],
)
def test_the_choice_follows_what_the_adapter_knows_and_what_the_dataset_lacks(rows, changes, choice, words):
    found = choose(rows, Taught(**READY | changes))
    assert (found and found[0]) == choice
    assert words in str(found[1] if found else "")


def a_dataset(academy: Academy, numbers: range) -> str:
    rows = [{"instruction": f"What is the name of robot number {n * 37}?", "output": f"It is called Zorb{n * 91}."} for n in numbers]
    file = io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())
    upload = academy.datasets.upload([("robots.jsonl", file)])[0].id
    request = {"include_git": False, "include_lessons": False, "upload_ids": [upload]}
    return str(academy.datasets.create(DatasetRequest.model_validate(request))["dataset_id"])


def test_a_plan_says_what_the_active_adapter_would_lose_and_its_line_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    academy = Academy(settings)
    monkeypatch.setattr(academy._habitat, "training", lambda: Component("training", True, "assumed"))
    old, second, new = (a_dataset(academy, range(*bounds)) for bounds in ((0, 12), (12, 18), (18, 24)))
    models = academy.settings.models_dir
    a_run(academy._job_store, models, "first", adapter=True, dataset_id=old)
    a_run(academy._job_store, models, "second", adapter=True, dataset_id=second, continue_from="first")
    known = {"known": {"rows": 18, "of": 18}, "before": {"right": 0, "of": 18}, "after": {"right": 18, "of": 18}}
    (models / "second" / "report.json").write_text(json.dumps(a_report("ready", **known)))
    assert academy.training.plan(TrainingSpec(dataset_id=new))["continuing"] is None  # no adapter is active
    academy._adapter_store.set_active("second")
    found = academy.training.plan(TrainingSpec(dataset_id=new))["continuing"]
    assert (found["adapter_id"], found["choice"]) == ("second", "continue")
    assert found["sentence"] == "second knows 18 of 18 lessons, and 18 of them are not in this dataset: continuing keeps them."
    assert academy.training.plan(TrainingSpec(dataset_id=new, continue_from="second"))["continuing"] is None
    assert academy.training.plan(TrainingSpec(dataset_id=new, goal="style"))["continuing"] is None
    _, inputs = academy.training._plan(TrainingSpec(dataset_id=new, continue_from="second"))
    assert inputs.earlier == [second, old]
    academy.datasets.delete(old)
    assert academy.training.plan(TrainingSpec(dataset_id=new))["continuing"] is None
    academy.close()
