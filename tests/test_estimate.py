"""The time of a training before its start: from an earlier training's pace, else from the speed of this processor."""

import json
from pathlib import Path
from typing import Any

import pytest

from academy.bases import BaseFacts
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.jobs import estimate as estimates
from academy.jobs.estimate import Pace, estimate, matrix_speed
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
from academy.messages import language
from academy.services.academy import Academy
from academy.ui.texts.translate import languages

PACE = Pace(100.0)
FACTS = BaseFacts("LlamaForCausalLM", 135_000_000, 270_000_000, 30, 576, 8192, True)


def seconds(pace: Pace | None = PACE, rows: int = 24, mean: float = 50.0, **values: Any) -> float:
    found = estimate(TrainingSpec(**{"rehearsal": 0.0, "num_epochs": 20, "goal": "facts"} | values), rows, mean, pace, FACTS)
    assert found is not None
    return found.seconds


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 24 * 18 * 50 / 100),  # facts end after about 18 of 20 looks
        ({"stop_when_known": False}, 24 * 20 * 50 / 100),
        ({"goal": "style", "num_epochs": 3}, 24 * 3 * 50 / 100),
        ({"rehearsal": 0.5}, 1.5 * 24 * 18 * 50 / 100),
        ({"rehearsal": None}, 1.5 * 24 * 18 * 50 / 100),
        ({"max_steps": 6, "batch_size": 4}, 6 * 4 * 50 / 100),
        ({"budget_seconds": 30}, 30.0),
        ({"pace": Pace(100.0, 12.0), "budget_seconds": 30}, 42.0),
        ({"mean": 5000.0, "max_seq_length": 256}, 24 * 18 * 256 / 100),
    ],
)
def test_it_is_tokens_by_pace(values: dict[str, Any], expected: float) -> None:
    assert seconds(**values) == pytest.approx(expected)


def test_without_an_earlier_training_it_is_the_machines_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "matrix_speed", lambda: 1e11)
    found = estimate(TrainingSpec(goal="style", rehearsal=0.0, num_epochs=1, batch_size=4), 40, 100.0, None, FACTS)
    assert found is not None
    products = 4000 * 4 * 135e6 / 0.5e11
    assert found.seconds == pytest.approx(6 + 1.2 * (products + 10 * 30 * 0.003))
    assert (found.measured, str(found.sentence)) == (False, "About 1 min (estimated).")
    # Checkpointing repeats the forward pass.
    assert seconds(None, gradient_checkpointing=True) > 1.3 * seconds(None)
    assert estimate(TrainingSpec(), 40, 100.0, None, None) is None


@pytest.mark.parametrize(
    ("length", "words"),
    [(1, "About 5 s."), (14, "About 15 s."), (40, "About half a minute."), (250, "About 4 min."), (9000, "About 2.5 h.")],
)
def test_times_are_as_exact_as_they_can_be(length: float, words: str) -> None:
    found = estimate(TrainingSpec(goal="style", rehearsal=0.0, num_epochs=1), 1000, 0.1 * length, PACE, None)
    assert found is not None
    assert str(found.sentence) == words


def test_the_time_is_told_in_the_language_of_the_request() -> None:
    languages()  # read with the page
    found = estimate(TrainingSpec(goal="style", rehearsal=0.0, num_epochs=1), 1000, 1.0, PACE, None)
    assert found is not None
    token = language.set("de")
    try:
        assert found.as_dict()["sentence"].startswith("Etwa ")
    finally:
        language.reset(token)


def test_the_speed_of_the_machine_is_measured_once() -> None:
    matrix_speed.cache_clear()
    assert 1e8 < matrix_speed() < 1e15
    assert matrix_speed() == matrix_speed()
    assert matrix_speed.cache_info().misses == 1


@pytest.fixture
def academy(tmp_path: Path) -> Any:
    made = Academy(Settings(data_dir=tmp_path / "data", enable_gpu=False, _env_file=None))  # type: ignore[call-arg]
    for number in range(8):
        made.lessons.add(LessonIn(situation=f"What is the code of door {number}?", action=f"The code of door {number} is {number * 37}."))
    made.datasets.create(DatasetRequest.model_validate({"include_git": False}))
    yield made
    made.close()


def earlier(academy: Academy, fingerprint: str | None, pace: float, device: str = "cpu", **changes: Any) -> None:
    folder = academy.settings.models_dir / f"training_{len(academy.jobs.list())}"
    folder.mkdir(parents=True)
    events = [{"type": "started", "device": device, "total_steps": 2, "time": "2026-11-28T12:00:00Z"}]
    events += [{"type": "progress", "step": step, "tokens_per_second": pace, "time": f"2026-11-28T12:00:{10 * step}Z"} for step in (1, 2)]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    values: dict[str, Any] = {"status": "finished", "seconds": 15.0, "base_fingerprint": fingerprint} | changes
    job = Job(
        job_id=folder.name, name=folder.name, created_at="2026-11-28T11:00:00Z", dataset_path="d", base_model="academy-mini",
        backend="subprocess", output_dir=str(folder), **values,
    )  # fmt: skip
    academy._job_store.add(job)


def test_a_plan_tells_its_time_by_the_last_training_on_the_same_base_and_device(academy: Academy) -> None:
    from academy.bases import resolve_base

    mine = resolve_base("academy-mini").fingerprint
    spec = TrainingSpec(preset="auto")
    guess = academy.training.plan(spec)["estimate"]
    assert guess["measured"] is False
    assert guess["sentence"].endswith("(estimated).")
    earlier(academy, mine, 100.0)
    first = academy.training.plan(spec)["estimate"]
    assert first["measured"] is True
    earlier(academy, "another base", 1.0)
    earlier(academy, mine, 1.0, device="cuda:0 NVIDIA H100")
    earlier(academy, mine, 1.0, status="failed")
    assert academy.training.plan(spec)["estimate"] == first
    earlier(academy, mine, 50.0)
    assert academy.training.plan(spec)["estimate"]["seconds"] - 5 == pytest.approx(2 * (first["seconds"] - 5), rel=0.01)


def test_on_a_gpu_that_never_trained_this_base_nothing_is_said(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(academy._habitat, "gpus", lambda: [type("Gpu", (), {"memory_free_mb": 80_000})()])
    assert academy.training.plan(TrainingSpec(preset="auto"))["estimate"] is None
    assert academy.training.plan(TrainingSpec(dataset_id="nothing"))["estimate"] is None


# ------------------------------------------------------------------ the form


def planned(academy: Academy, before: dict[str, Any] | None = None, **values: Any) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """What the form shows after a change: advice, time, plan, and the fields that it writes."""
    from academy.ui.training import form

    dataset = academy.datasets.list()[0].id
    fields = {name: form.initial(name) for name in form.FIELDS} | {name: form.shown(name, value) for name, value in (before or {}).items()}
    above = {"name": "", "dataset_id": dataset, "base_model": "academy-mini", "preset": "auto"}
    advice, time, fresh, _, *updates = form.plan(academy, before or {}, *(above | fields | values).values())
    written = {name: update["value"] for name, update in zip(form.FIELDS, updates, strict=True) if "value" in update}
    return str(advice), str(time), fresh, written


def test_the_sentence_and_the_time_follow_what_a_person_types(academy: Academy) -> None:
    advice, time, fresh, written = planned(academy)
    assert "The Professor" in advice
    assert "data-field" not in advice
    assert time.startswith('<div class="ac-help" role="status">About ')
    assert written["num_epochs"] == fresh["num_epochs"] == 20
    earlier(academy, academy.training._plan(TrainingSpec())[1].base_fingerprint, 10.0)
    first = planned(academy, fresh)[1]
    advice, time, again, written = planned(academy, fresh, num_epochs=1, stop_when_known=False)
    assert "Auto, but with your own: Stop when known, Epochs" in advice
    assert "1 epoch," in advice
    assert advice.count('data-event="auto" data-field') == 2
    # All of them go back with one click, which leads to what is lit above.
    assert ">Reset to Auto</button>" in advice
    assert 'data-field="num_epochs" title="Epochs: back to the Professor&#39;s choice"' in advice
    assert time != first
    assert (again, written) == (fresh, {})


def test_a_field_that_is_half_typed_stays_as_it_is(academy: Academy) -> None:
    fresh = planned(academy)[2]
    assert planned(academy, fresh, num_epochs=None)[3] == {}
    advice, time, _, written = planned(academy, fresh, num_epochs=99)
    assert "set-num_epochs&#34;: &#34;Must be at most 20.&#34;" in advice
    assert (time, written) == ("", {})
    # A changed goal changes the Professor's other choices, and stays the person's.
    advice, _, again, written = planned(academy, fresh, goal="style")
    assert "Auto, but with your own: What to learn" in advice
    assert again["goal"] == "facts"
    assert "goal" not in written
    assert written["vary_questions"] == "off"


def test_another_base_model_takes_back_what_suited_the_one_before(academy: Academy) -> None:
    fresh = planned(academy)[2] | {"base_model": "smollm2-135m"}
    advice, _, again, written = planned(academy, fresh, base_model="academy-mini", num_epochs=3, learning_rate=1e-3, seed=7)
    assert "Auto, but with your own: Seed" in advice
    assert 'data-field="seed"' in advice
    assert (written["num_epochs"], again["base_model"]) == (20, "academy-mini")
    assert written["learning_rate"] == fresh["learning_rate"]


def test_one_field_goes_back_to_automatic_and_the_others_stay(academy: Academy) -> None:
    from academy.ui.training import form

    fresh = planned(academy)[2]
    fields = {name: form.initial(name) for name in form.FIELDS} | {name: form.shown(name, value) for name, value in fresh.items()}
    above = {"name": "", "dataset_id": academy.datasets.list()[0].id, "base_model": "academy-mini", "preset": "auto"}
    given = above | fields | {"num_epochs": 3, "lora_rank": 8}
    advice, _, _, _, *updates = form.reset(academy, fresh, *given.values(), only="num_epochs")
    written = {name: update["value"] for name, update in zip(form.FIELDS, updates, strict=True) if "value" in update}
    assert written == {"num_epochs": 20, "lora_alpha": "16"}  # alpha follows the chosen rank
    assert 'data-field="lora_rank"' in advice
    assert 'data-field="num_epochs"' not in advice


def test_efforts_tell_their_budgets_and_numbers_survive_the_browser() -> None:
    from academy.ui.training import form

    assert form._efforts_help() == "At most 3, 10 or 60 minutes; Auto ends when it is learned."
    values = {name: form.initial(name) for name in form.FIELDS} | {"rehearsal": form.shown("rehearsal", 0.0)}
    assert form.changed(values, {"rehearsal": 0}) == {}
