"""Preferences from lessons and uploads to the plan of a training; nothing here needs torch."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from academy.curation.examples import DatasetRequest, Example, Turn
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import PICKED, LessonIn, LessonPatch
from academy.curation.preferences import counts_of, preferences_of
from academy.errors import Invalid
from academy.habitat import Component
from academy.jobs import presets
from academy.jobs.backends.docker.mounts import mounts_of, seen_by
from academy.jobs.estimate import Pace, estimate
from academy.jobs.kinds.train import spec_json
from academy.jobs.spec import TrainingSpec
from academy.preferences import Preference, beside, read_preferences, row_of
from academy.rows import BadRow
from academy.rows import Turn as Said
from academy.services.academy import Academy

KEY = "gh" + "p_" + "a8Kd03jfLq92mZx7Rt5vYc1NbW4sHe6UoPg0"


@pytest.fixture
def academy(settings, monkeypatch):
    made = Academy(settings)
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    yield made
    made.close()


def example(question: str, answer: str, **meta: Any) -> Example:
    return Example((Turn("user", question), Turn("assistant", answer)), "lessons", meta=meta)


def asked(question: str) -> tuple[Said, ...]:
    return (Said("user", question),)


def written(academy: Academy, dataset_id: str) -> list[dict[str, Any]]:
    path = beside(academy.datasets.file(dataset_id))
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# ------------------------------------------------------------------ curation


def test_corrections_become_pairs_and_ratings_thumbs() -> None:
    train = [example("a", "new", rejected="old"), example("b", "fine", rating="good"), example("c", "plain")]
    found = preferences_of(train, [], [example("d", "wrong", rating="bad")], 0.0, 42)
    assert found == [
        Preference(asked("a"), "new", "old"),
        Preference(asked("b"), "fine", None),
        Preference(asked("d"), None, "wrong"),
    ]
    assert counts_of(found) == {"pairs": 1, "good": 1, "bad": 1, "held_out": 0}


def test_a_good_and_a_bad_answer_to_the_same_conversation_are_a_pair() -> None:
    found = preferences_of(
        [example("a", "fine", rating="good")], [], [example("a", "bad"), example("a", "bad"), example("a", "worse")], 0.0, 42
    )
    assert found == [Preference(asked("a"), "fine", "bad"), Preference(asked("a"), "fine", "worse")]


def test_what_is_held_out_is_held_out_of_the_preferences_too() -> None:
    held = [example("a", "new", rejected="old"), example("b", "fine", rating="good")]
    bad = [example(f"question {number} about {number * 7}", "bad") for number in range(10)]
    found = preferences_of([], held, [example("b", "fine"), example("g", "bad", golden=True), *bad], 0.2, 42)
    assert {item.prompt[0].content for item in found if item.held_out} >= {"a", "b", "g"}
    assert sum(item.held_out for item in found if item.prompt[0].content.startswith("question")) == 2


def test_an_answer_that_replaced_itself_is_no_pair() -> None:
    assert preferences_of([example("a", "same ", rejected="same")], [], [], 0.0, 42) == []


# ------------------------------------------------------------------ the file


def test_the_rows_are_those_of_trl_and_read_back() -> None:
    items = [Preference(asked("a"), "new", "old"), Preference(asked("b"), "fine", None, True), Preference(asked("c"), None, "bad")]
    rows = [row_of(item) for item in items]
    assert rows[0] == {
        "prompt": [{"role": "user", "content": "a"}],
        "chosen": [{"role": "assistant", "content": "new"}],
        "rejected": [{"role": "assistant", "content": "old"}],
    }
    assert [row.get("label") for row in rows] == [None, True, False]
    assert list(read_preferences(json.dumps(row).encode() for row in rows)) == items


@pytest.mark.parametrize(
    "row", ["{}", "[]", "no", '{"prompt": [], "completion": [], "label": true}', '{"prompt": 3, "chosen": 1, "rejected": 2}']
)
def test_a_row_that_is_no_preference_is_named(row: str) -> None:
    good = json.dumps(row_of(Preference(asked("a"), "b", "c"))).encode()
    with pytest.raises(BadRow) as error:
        list(read_preferences([good, row.encode()]))
    assert error.value.number == 2


def test_a_dataset_of_lessons_has_them_beside_its_rows_without_secrets(academy: Academy) -> None:
    academy.lessons.add(
        LessonIn(situation="Where is the key to the boat shed?", action="Marlene has it.", rejected=f"Use {KEY}, I believe.")
    )
    academy.lessons.add(LessonIn(situation="When does the ferry leave on Sundays?", action="At half past nine.", rating="good"))
    academy.lessons.add(LessonIn(situation="What does a ticket cost?", action=f"It costs {KEY}.", rating="bad"))
    made = academy.datasets.create(DatasetRequest(include_git=False))
    assert made["statistics"]["preferences"] == {"pairs": 1, "good": 1, "bad": 1, "held_out": 0}
    rows = written(academy, made["dataset_id"])
    assert len(rows) == 3
    assert KEY not in json.dumps(rows)
    assert academy.datasets.file(made["dataset_id"], "preferences").read_bytes().count(b"\n") == 3
    path = academy.datasets.file(made["dataset_id"])
    academy.datasets.delete(made["dataset_id"])
    assert not beside(path).exists()


def test_a_dataset_without_preferences_is_as_it_was(academy: Academy) -> None:
    academy.lessons.add(LessonIn(situation="Where is the key to the boat shed?", action="Marlene has it."))
    plain = academy.datasets.create(DatasetRequest(include_git=False))
    assert not beside(academy.datasets.file(plain["dataset_id"])).exists()
    academy.lessons.add(LessonIn(situation="What does a ticket cost?", action="It costs two pence.", rating="bad"))
    rated = academy.datasets.create(DatasetRequest(include_git=False))
    first, second = (academy.datasets.file(item["dataset_id"]).read_bytes() for item in (plain, rated))
    assert first == second


def test_uploads_in_trls_forms_become_preferences(academy: Academy) -> None:
    rows = [row_of(item) for item in (Preference(asked("How long is the pier?"), "Forty metres.", "Oh, it is quite long."),)]
    rows += [
        {"prompt": [{"role": "user", "content": question}], "completion": [{"role": "assistant", "content": answer}], "label": label}
        for question, answer, label in (("Who feeds the cat?", "Ida feeds it.", True), ("Who waters the fern?", "Somebody does.", False))
    ]
    file = io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())
    (record,) = academy.datasets.upload([("preferences.jsonl", file)])
    assert record.status == "ready", record.error
    made = academy.datasets.create(DatasetRequest(include_git=False, include_lessons=False, upload_ids=[record.id]))
    assert made["statistics"]["preferences"] == {"pairs": 1, "good": 1, "bad": 1, "held_out": 0}


# ------------------------------------------------------------------ the training


def with_pairs(academy: Academy, count: int = 12) -> str:
    for number in range(count):
        question = f"What is the name of robot number {number * 37}?"
        academy.lessons.add(
            LessonIn(situation=question, action=f"It is called Zorb{number * 91}.", rejected=f"Maybe Bolt{number * 13}, who knows?")
        )
    return academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]


def test_a_training_learns_from_preferences_with_values_for_them(academy: Academy) -> None:
    dataset_id = with_pairs(academy)
    plan = academy.training.plan(TrainingSpec(dataset_id=dataset_id, method="preference", preset="auto"))
    assert plan["problems"] == []
    assert (plan["spec"]["method"], plan["spec"]["vary_questions"]) == ("preference", False)
    assert plan["reasons"][0].startswith("12 pairs of answers")
    job = academy.training.train(TrainingSpec(dataset_id=dataset_id, method="preference", preset="auto"))
    assert job.parameters["method"] == "preference"
    assert job.preferences_path == beside(Path(job.dataset_path))
    again = academy.training.retry(job.job_id, {"num_epochs": 1})
    assert again.preferences_path == job.preferences_path


def test_a_dataset_that_cannot_teach_preferences_says_why(academy: Academy) -> None:
    academy.lessons.add(LessonIn(situation="Where is the key to the boat shed?", action="Marlene has it."))
    plain = academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]
    with pytest.raises(Invalid, match="no preferences"):
        academy.training.train(TrainingSpec(dataset_id=plain, method="preference"))
    academy.lessons.add(LessonIn(situation="When does the ferry leave on Sundays?", action="At half past nine.", rating="good"))
    good = academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]
    with pytest.raises(Invalid, match="All rated answers of this dataset are good"):
        academy.training.train(TrainingSpec(dataset_id=good, method="preference"))
    with pytest.raises(Invalid, match="recipe"):
        academy.training.train(TrainingSpec(dataset_id=good, method="preference", recipe="mine"))


def test_corrections_are_learned_from_pairs_only(academy: Academy) -> None:
    academy.lessons.add(LessonIn(situation="When does the ferry leave on Sundays?", action="At half past nine.", rating="good"))
    academy.lessons.add(LessonIn(situation="What does a ticket cost?", action="It costs two pence.", rating="bad"))
    rated = academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]
    with pytest.raises(Invalid, match="no corrections"):
        academy.training.train(TrainingSpec(dataset_id=rated, method="correction"))
    plan = academy.training.plan(TrainingSpec(dataset_id=with_pairs(academy), method="correction", preset="auto"))
    assert (plan["problems"], plan["spec"]["method"]) == ([], "correction")
    assert "with the correction in sight" in plan["reasons"][-1]


def test_a_container_sees_the_preferences_of_a_job_that_learns_from_them(academy: Academy, tmp_path: Path) -> None:
    job = academy.training.train(TrainingSpec(dataset_id=with_pairs(academy), method="preference"))
    job.folder.path.mkdir(parents=True, exist_ok=True)
    mounts = {str(mount.inner): mount for mount in mounts_of(job, tmp_path)}
    assert mounts["/data/preferences.jsonl"].outer == job.preferences_path
    assert mounts["/data/preferences.jsonl"].mode == "ro"
    assert spec_json(job, seen_by(job))["preferences_path"] == "/data/preferences.jsonl"
    # An exam measures them whatever the adapter learned, where there are any.
    exam = replace(job, kind="evaluate", parameters={"training": {"method": "sft"}})
    assert exam.preferences_path == job.preferences_path
    assert replace(exam, dataset_path="").preferences_path is None
    assert replace(exam, dataset_path=str(tmp_path / "none.jsonl")).preferences_path is None
    other = replace(job, parameters={**job.parameters, "method": "sft"})
    assert "/data/preferences.jsonl" not in {str(mount.inner) for mount in mounts_of(other, tmp_path)}
    assert spec_json(other, seen_by(other))["preferences_path"] is None


def test_a_pair_takes_the_time_of_both_answers_and_of_the_reference() -> None:
    def seconds(**values: Any) -> float:
        found = estimate(TrainingSpec(rehearsal=0.0, num_epochs=4, **values), 30, 100.0, Pace(100.0), None)
        assert found is not None
        return found.seconds

    assert seconds(method="preference") == pytest.approx(seconds() + 0.5 * 30 * 100 / 100)
    # It does not end with the last known row: no row is learned by heart.
    assert seconds(method="preference", goal="facts") == seconds(method="preference")


@pytest.mark.parametrize(("kind", "first", "looks"), [("pairs", "30 pairs of answers", 4), ("thumbs", "30 rated answers", 8)])
def test_preferences_get_a_lower_rate_than_answers_and_thumbs_more_looks(kind: Any, first: str, looks: int) -> None:
    facts = presets.Facts(rows=30, mean_tokens=60, max_tokens=80, base=None, answer_tokens=10.0)
    answers, preferences = presets.choose("auto", facts), presets.choose("auto", replace(facts, preferences=kind))
    assert preferences.values["learning_rate"] < answers.values["learning_rate"] / 2
    assert str(preferences.reasons[0]).startswith(first)
    assert preferences.values["num_epochs"] == looks
    many = presets.choose("auto", replace(facts, preferences=kind, rows=400))
    assert many.values["num_epochs"] == looks / 4
    assert TrainingSpec.model_validate({**preferences.values, "method": "preference"})


def test_the_better_of_two_answers_is_a_pair_and_no_answer_to_learn(tmp_path: Path) -> None:
    store = LessonStore(tmp_path / "lessons.db")
    choice = {"situation": "Where is the key?", "action": "In the hall.", "rejected": "On the moon.", "tags": ["chat", PICKED]}
    lesson = store.add(LessonIn.model_validate(choice))
    assert (store.counts(), [*store.trainable(9)]) == ((0, 1), [])
    (example,) = store.disliked(9)
    (pair,) = preferences_of([], [], [example], 0.0, 1)
    assert (pair.better, pair.worse, pair.held_out) == ("In the hall.", "On the moon.", False)
    store.update(lesson.lesson_id, LessonPatch(rating="good"))  # now a person has said that it is good
    assert store.counts() == (1, 0)
    assert [*store.disliked(9)] == []
    store.close()
