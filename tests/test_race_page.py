"""The race on the page without a browser: its view, its acts, and the request that its form makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from academy.config import Settings
from academy.services.academy import Academy
from academy.ui.answers import safely
from academy.ui.html.numbers import rate
from academy.ui.look import Look
from academy.ui.training import race, race_form
from tests.races_help import SENTENCE, a_race
from tests.runs_help import a_run


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    made = Academy(settings)
    yield made
    made.close()


def view(academy: Academy, **state: Any) -> str:
    return str(race.region(Look(academy, state)))


def test_a_race_that_has_ended_says_who_is_first_and_what_mattered(academy: Academy) -> None:
    a_race(academy._job_store, academy.settings.models_dir)
    html = view(academy, job="sweep_1")
    assert SENTENCE in html
    assert f"learning rate {rate(0.006)}, rank 16" in html
    assert "Number 3 of 3 at step 6." in html
    assert html.count('data-act="trial.use"') == 3
    assert 'data-act="trial.stop"' not in html
    assert "60 %" in html
    # All three are drawn in one plot, in their own colours.
    assert all(f'class="smooth c{place}"' in html for place in range(3))
    assert 'data-y="known"' not in html
    assert 'data-y="loss"' in view(academy, job="sweep_1", plot_y="eval_loss", plot_x="tokens")  # nothing was held out


def test_a_running_race_offers_to_stop_and_to_clone_each_trial(academy: Academy) -> None:
    job = a_race(academy._job_store, academy.settings.models_dir, ended=False)
    html = view(academy, job="sweep_1")
    assert html.count('data-act="trial.stop"') == html.count('data-act="trial.clone_ask"') == 3
    assert "What mattered" not in html
    look = Look(academy, {"job": "sweep_1"})
    data = {"sweep": "sweep_1", "n": "2"}
    assert race.ACTS["trial.stop"](look, data) == {"toast": {"kind": "good", "text": "Trial 2 stops.", "hint": ""}}
    assert (job.folder.trials / "2" / "stop").exists()
    dialog = race.ACTS["trial.clone_ask"](look, data)
    assert dialog is not None
    assert 'value="0.002"' in dialog["dialog"]
    answer = race.ACTS["trial.clone"](look, {"id": "sweep_1 2", "learning_rate": " 1e-3 "})
    assert answer is not None
    assert answer["dialog"] is None
    assert json.loads((job.folder.trials / "2" / "clone.json").read_text()) == {"learning_rate": 0.001}
    refused = safely(race.ACTS["trial.clone"])(look, {"id": "sweep_1 2", "learning_rate": "fast"})
    assert refused["toast"]["kind"] == "bad"
    used = race.ACTS["trial.use"](look, data)
    assert used is not None
    assert (used["event"], used["data"]) == ("settings", {"settings": {"learning_rate": 0.004, "lora_rank": 32}})
    for wrong in ({}, {"sweep": "sweep_1", "n": "99"}, {"sweep": "sweep_1", "n": "x"}, {"sweep": "nothing", "n": "1"}):
        assert safely(race.ACTS["trial.stop"])(look, wrong)["toast"]["kind"] == "bad"


def test_other_jobs_show_no_race_and_what_a_program_wrote_stays_text(academy: Academy) -> None:
    a_run(academy._job_store, academy.settings.models_dir, "training_1")
    assert view(academy, job="training_1") == view(academy, job="") == ""
    job = a_race(academy._job_store, academy.settings.models_dir)
    hostile = "<script>alert(1)</script>"
    state = json.loads(job.folder.race.read_text())
    state["trials"][0]["parameters"] = {hostile: hostile}
    state |= {"sentence": hostile, "importance": {hostile: 7.0}}
    job.folder.race.write_text(json.dumps(state))
    html = view(academy, job="sweep_1")
    assert hostile not in html
    assert "&lt;script&gt;" in html


def test_the_form_races_around_what_it_shows() -> None:
    shown = {"dataset_id": "d1", "base_model": "academy-mini", "preset": "quick", "num_epochs": 3}
    request = race_form.request(["learning_rate", "batch_size"], 4, " 1.5 ", shown)
    assert (request.dataset_id, request.base_model, request.trials, request.budget_seconds) == ("d1", "academy-mini", 4, 90)
    assert request.space == {"learning_rate": [], "batch_size": []}
    assert request.settings == {"preset": "quick", "num_epochs": 3}
    assert race_form.request([], 6, "", {}).budget_seconds is None
    for trials, minutes in ((6, "soon"), (6, "-1"), (1, ""), (None, "")):
        with pytest.raises(ValidationError):
            race_form.request([], trials, minutes, {})
