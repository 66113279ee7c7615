"""The verbs that span the parts, on a real data folder; nothing here needs torch."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unavailable
from academy.habitat import Component
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy


@pytest.fixture
def academy(settings, monkeypatch):
    """An Academy whose jobs only wait: the runner's thread is not started."""
    made = Academy(settings)
    # The fast part runs without the ML libraries too; whether they are there is not what it is about.
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    yield made
    made.close()


@pytest.fixture
def taught(academy):
    """With twelve lessons and a dataset."""
    for number in range(12):
        academy.lessons.add(
            LessonIn(situation=f"What is the name of robot number {number * 37}?", action=f"It is called Zorb{number * 91}.", rating="good")
        )
    academy.datasets.create(DatasetRequest(include_git=False, format="messages"))
    return academy


def test_the_samples_are_loaded_once_and_taken_out_without_the_users_own(academy):
    academy.lessons.add(LessonIn(situation="Where is the key?", action="Under the blue flower pot."))
    first, second = academy.lessons.load_samples(), academy.lessons.load_samples()
    assert first.kept - first.already_there > 60
    assert second.kept == second.already_there
    academy.lessons.remove_samples()
    assert academy.lessons.list().count == 1


def test_what_was_dropped_is_in_the_manifest_and_can_be_kept_all_the_same(taught):
    taught.lessons.add(LessonIn(situation="Where?", action="x"))
    made = taught.datasets.create(DatasetRequest(include_git=False))
    (row,) = taught.datasets.get(made["dataset_id"]).dropped
    assert (row["rule"], row["question"], row["answer"], row["source"]) == ("too_short", "Where?", "x", "lessons")
    assert row["reason"]
    assert row["origin"]
    again = taught.datasets.create(DatasetRequest(include_git=False, keep_anyway=[row["key"]]))
    assert again["statistics"]["total_examples"] == made["statistics"]["total_examples"] + 1
    assert taught.datasets.get(again["dataset_id"]).dropped == []


def test_the_samples_become_a_dataset_with_an_honest_report(academy):
    report = academy.lessons.load_samples()
    assert report.already_there >= 1
    assert report.redacted_secrets >= 1
    made = academy.datasets.create(DatasetRequest(include_git=False))
    statistics = made["statistics"]
    assert made["name"] == "handbook"
    assert statistics["total_examples"] == statistics["train_examples"] + statistics["eval_examples"]
    assert statistics["total_examples"] > 60
    manifest = academy.datasets.get(made["dataset_id"])
    assert Path(manifest.path).read_text(encoding="utf-8").count("\n") == statistics["train_examples"]
    assert "not-a-real-password" not in Path(manifest.path).read_text(encoding="utf-8")


def test_a_preview_writes_nothing(academy):
    academy.lessons.load_samples()
    before = sorted(path for path in academy.settings.data_dir.rglob("*") if path.name != "lessons.db-journal")
    preview = academy.datasets.preview(DatasetRequest(include_git=False))
    assert len(preview["samples"]) == 5
    assert sorted(path for path in academy.settings.data_dir.rglob("*") if path.name != "lessons.db-journal") == before


def test_an_empty_dataset_is_refused_and_says_what_to_do(academy):
    with pytest.raises(Invalid) as error:
        academy.datasets.create(DatasetRequest(include_git=False))
    assert error.value.hint
    assert academy.datasets.list() == []


def test_training_without_a_dataset_is_refused(academy):
    with pytest.raises(Refused):
        academy.training.train(TrainingSpec())


@pytest.mark.parametrize(
    "spec",
    [
        {"base_model": "no-such-model"},
        {"base_model": "/no/such/folder"},
        {"dataset_id": "dataset_alpaca_20200101_000000"},
        {"dataset_path": "/etc/passwd"},
        {"dataset_path": "../../etc/passwd"},
        {"continue_from": "training_20200101_000000_abcd"},
    ],
)
def test_what_cannot_be_trained_is_refused_at_submit_and_nothing_is_queued(taught, spec):
    with pytest.raises((Invalid, NotFound, Refused)):
        taught.training.train(TrainingSpec(**spec))
    assert taught.jobs.list() == []


def test_a_broken_line_of_a_dataset_is_named_at_submit(taught):
    path = Path(taught.datasets.list()[0].path)
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[4] = '{"messages": [{"role": "user"'
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Invalid, match="5"):
        taught.training.train(TrainingSpec())
    assert taught.jobs.list() == []


def test_the_same_key_gives_the_same_job_and_no_key_gives_another(taught):
    first = taught.training.train(TrainingSpec(), idempotency_key="k")
    assert taught.training.train(TrainingSpec(), idempotency_key="k").job_id == first.job_id
    assert taught.training.train(TrainingSpec()).job_id != first.job_id


def test_jobs_are_named_after_their_dataset_and_counted(taught):
    assert [taught.training.train(TrainingSpec()).name for _ in range(3)] == ["lessons-1", "lessons-2", "lessons-3"]


def test_auto_takes_its_values_from_the_professor_and_the_request_wins(taught):
    job = taught.training.train(TrainingSpec(preset="auto", lora_rank=8))
    assert job.parameters["lora_rank"] == 8
    assert job.parameters["learning_rate"] > 5e-4
    assert job.reasons


def test_a_plan_starts_nothing_and_names_what_stands_against_it(taught):
    assert taught.training.plan(TrainingSpec(preset="thorough"))["spec"]["num_epochs"] == 20
    assert taught.training.plan(TrainingSpec(base_model="/no/such/folder"))["problems"]
    assert taught.jobs.list() == []


def test_datasets_are_named_after_their_sources_and_never_twice_the_same(taught):
    file = io.BytesIO(b"question,answer\nWhere is the attic of the house?,It is above the third floor.\n")
    upload = taught.datasets.upload([("faq.csv", file)])[0].id
    wishes = [DatasetRequest(include_git=False)] * 2
    wishes.append(DatasetRequest(include_git=False, upload_ids=[upload]))
    wishes.append(DatasetRequest(include_git=False, include_lessons=False, upload_ids=[upload]))
    before = {manifest.name for manifest in taught.datasets.list()}
    made = [taught.datasets.create(wish) for wish in wishes]
    assert before == {"lessons"}
    assert [item["name"] for item in made] == ["lessons (2)", "lessons (3)", "lessons + faq", "faq"]
    taught.datasets.delete_upload(upload)
    assert taught.datasets.get(made[3]["dataset_id"]).sources["uploads"]["files"] == ["faq.csv"]


def test_lessons_that_are_never_trained_and_those_beyond_the_limit_are_counted(taught):
    taught.lessons.add(LessonIn(situation="Where is the key?", action="Nobody knows where it is.", rating="bad"))
    seen = taught.datasets.preview(DatasetRequest(include_git=False, lessons_limit=2))
    known, never = taught._lesson_store.counts()
    assert never == 1
    assert [str(warning) for warning in seen["warnings"]] == [
        f"Only the newest 2 of {known:,} lessons were taken. Raise lessons_limit or ACADEMY_MAX_LESSONS for more.",
        "Left out: 1 lesson that is rated bad or said to have failed, without a correction.",
    ]


def test_a_dataset_in_use_cannot_be_deleted(taught):
    taught.training.train(TrainingSpec())
    dataset = taught.datasets.list()[0]
    with pytest.raises(Conflict):
        taught.datasets.delete(dataset.id)
    job = taught.jobs.list()[0]
    taught.jobs.cancel(job.job_id)
    taught.datasets.delete(dataset.id)
    assert taught.datasets.list() == []


def test_a_disabled_academy_answers_its_status_and_nothing_else(settings):
    disabled = Academy(settings.model_copy(update={"enabled": False}))
    assert disabled.machine.status()["enabled"] is False
    with pytest.raises(Unavailable):
        disabled.lessons.list()
    disabled.close()


def test_the_status_has_the_fields_of_the_contract(taught):
    status = taught.machine.status()
    assert set(status["components"]) == {"professor", "dataset_curator", "gpu_habitat", "lessons_store", "model_manager"}
    assert status["lessons"]["total_lessons"] == 12
    assert set(status["jobs"]) == {"total", "queued", "preparing", "running", "finished", "failed", "cancelled"}
    json.dumps(status)


def test_an_import_reports_each_file_and_a_bad_one_does_not_spoil_the_others(academy):
    good = io.BytesIO(b"question,answer\nWhere is the bin?,Behind the shed.\n")
    bad = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    reports = academy.lessons.import_files([("good.csv", good), ("bad.png", bad)])
    assert (reports[0].kept, reports[1].kept) == (1, 0)
    assert reports[1].error


def test_what_a_killed_import_left_behind_is_gone_after_the_next_start(settings):
    left = settings.data_dir / "incoming" / "tmp1.json"
    left.parent.mkdir(parents=True)
    left.write_text("a secret")
    Academy(settings).close()
    assert not left.exists()


def test_a_corrected_reply_becomes_a_lesson(academy):
    lesson = academy.lessons.correct_reply("Where is the key?", "No idea.", corrected="Under the pot.", adapter_id="x")
    assert (lesson.action, lesson.rejected, lesson.rating) == ("Under the pot.", "No idea.", "good")


def test_a_retry_is_a_new_job_with_the_changed_knobs(taught):
    job = taught.training.train(TrainingSpec(preset="auto", batch_size=8))
    taught.jobs.cancel(job.job_id)
    again = taught.training.retry(job.job_id, {"batch_size": 4, "gradient_accumulation_steps": 2})
    assert again.job_id != job.job_id
    assert again.parameters == replace(job).parameters | {"batch_size": 4, "gradient_accumulation_steps": 2}


def test_a_space_without_a_token_shows_a_real_training_and_changes_nothing(settings):
    shown = Academy(settings.model_copy(update={"space_id": "somebody/academy"}))
    shown._habitat.training = lambda: Component("training", True, "assumed")
    shown._runner.start = lambda: None  # what is queued need not run here
    shown.start()
    assert [job.name for job in shown.jobs.list()] == ["handbook-1"]
    for change in (
        lambda: shown.lessons.add(LessonIn(situation="a?", action="b")),
        lambda: shown.datasets.create(DatasetRequest(include_git=False)),
        lambda: shown.training.train(TrainingSpec()),
        lambda: shown.jobs.cancel(shown.jobs.list()[0].job_id),
        lambda: shown.lessons.remove_samples(),
        lambda: shown.adapters.deactivate(),
    ):
        with pytest.raises(Forbidden):
            change()
    shown.close()
