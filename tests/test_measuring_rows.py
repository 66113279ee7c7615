"""Rows of a set that teaches a manner, of which some measure it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trainer_help import chats, make_job, write_rows

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy

BUNDLED = Path(__file__).parent.parent / "academy" / "models" / "academy-mini"
LONG = "Thank you for your letter about the garden gate, which we read with care and shall answer in full next week. " * 6
LETTERS = [(f"Answer letter {number}.", f"{number}. {LONG}") for number in range(40)]


def loaded(folder: Path, rows: Path, **fields: object):
    from academy.trainer.dataset import load_dataset
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    job = make_job(folder, BUNDLED, rows)
    spec = json.loads((job / "spec.json").read_text())
    (job / "spec.json").write_text(json.dumps(spec | fields))
    return load_dataset(read_spec(job), Report(job))


def test_rows_that_measure_are_the_same_wherever_they_stand(tmp_path: Path) -> None:
    ahead = loaded(tmp_path / "a", write_rows(tmp_path / "a.jsonl", chats(LETTERS)), measuring_rows=4)
    behind = loaded(tmp_path / "b", write_rows(tmp_path / "b.jsonl", chats(LETTERS[::-1])), measuring_rows=4)
    texts = [sorted(turns[-1]["content"] for _, turns in dataset.held_out_conversations) for dataset in (ahead, behind)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == len(ahead.held_out.rows) == 4
    trained = {turns[-1]["content"] for _, turns in ahead.conversations}
    assert len(trained) == 36
    assert trained.isdisjoint(texts[0])


@pytest.mark.parametrize(
    ("count", "given", "measuring"), [(40, {}, 4), (12, {}, 0), (40, {"eval_fraction": 0.0}, 0), (40, {"eval_fraction": 0.25}, 0)]
)
def test_a_manner_without_held_out_rows_is_measured_by_a_tenth_of_its_own(
    tmp_path: Path, count: int, given: dict[str, float], measuring: int
) -> None:
    academy = Academy(Settings(data_dir=tmp_path / "data", enable_gpu=False, _env_file=None))  # type: ignore[call-arg]
    try:
        for question, answer in LETTERS[:count]:
            academy.lessons.add(LessonIn(situation=question, action=answer))
        academy.datasets.create(DatasetRequest.model_validate({"include_git": False, "quality_profile": "lenient"} | given))
        assert academy.training._plan(TrainingSpec(preset="auto", goal="style"))[1].measuring_rows == measuring
        assert academy.training._plan(TrainingSpec(preset="auto", goal="facts"))[1].measuring_rows == 0
        assert academy.training._plan(TrainingSpec(goal="style"))[1].measuring_rows == 0
    finally:
        academy.close()
