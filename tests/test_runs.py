"""What a person does with trainings that have ended: tell them apart, compare, note, find, delete; and what a poll costs."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.errors import Conflict, Invalid, NotFound
from academy.jobs.reading.series import series
from academy.jobs.spec import TrainingSpec, resolve
from academy.jobs.store import JobStore
from academy.services.academy import Academy
from academy.ui import live, look, page
from academy.ui.training import compare, form, jobs, words
from academy.ui.training import job as panel
from tests.runs_help import a_run

API = "/api/v1/academy"


@pytest.fixture
def academy(tmp_path: Path) -> Iterator[Academy]:
    made = Academy(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    yield made
    made.close()


def run(academy: Academy, job_id: str, **changes: Any) -> Any:
    return a_run(academy._job_store, academy.settings.models_dir, job_id, **changes)


def seen(academy: Academy, **state: Any) -> look.Look:
    return look.Look(academy, {"tab": "training", **state})


def test_what_it_answers_on_the_way_stands_beside_the_wanted_answer_and_the_bases(academy: Academy) -> None:
    job = run(academy, "training_1", status="running", finished_at=None)
    with open(job.folder.events, "a") as file:
        for step in (10, 20, 30):
            for n in range(3):
                said = {"type": "sample", "step": step, "prompt": f"Question {n}?", "text": f"<b>{step} {n}</b>", "base": f"base {n}"}
                file.write(json.dumps(said) + "\n")
        file.write(json.dumps({"type": "sample", "step": 30, "prompt": "An older one?", "text": "without its base"}) + "\n")
    html = str(panel.REGIONS["job_says"](seen(academy, job="training_1")))
    assert html.count("ac-says-one") == 4
    for n in range(3):
        block = html[html.index(f"Question {n}?") :]
        assert block.index(f"base {n}") < block.index(f"&lt;b&gt;20 {n}") < block.index(f"&lt;b&gt;30 {n}")
    assert "10 0" not in html  # the newest, and the one before
    assert html.count("base model") == 3


# ------------------------------------------------------------------ deletion and notes


def test_a_deleted_job_is_gone_with_its_files_and_its_adapter_also_after_a_restart(academy: Academy) -> None:
    run(academy, "training_1", adapter=True, idempotency_key="k")
    run(academy, "training_2")
    assert [item.adapter_id for item in academy.adapters.list()] == ["training_1"]
    freed = academy.jobs.usage(academy.jobs.get("training_1"))["total"]
    assert academy.jobs.delete("training_1") == freed > 0
    assert academy.adapters.list() == []
    assert [path.name for path in academy.settings.models_dir.iterdir()] == ["training_2"]
    for store in (academy._job_store, JobStore(academy.settings.training_dir)):
        assert [job.job_id for job in store.list()] == ["training_2"]
        assert store.counts() == store.counts() | {"total": 1, "finished": 1}
        assert store.by_key("k") is None
        with pytest.raises(NotFound):
            store.get("training_1")


def test_a_job_that_runs_or_whose_adapter_answers_is_not_deleted(academy: Academy) -> None:
    run(academy, "training_1", adapter=True)
    run(academy, "training_2", status="running", finished_at=None)
    academy._adapter_store.set_active("training_1")
    for job_id in ("training_1", "training_2"):
        with pytest.raises(Conflict):
            academy.jobs.delete(job_id)
    assert {job.job_id for job in academy.jobs.list()} == {"training_1", "training_2"}
    assert academy.adapters.active() is not None


def test_the_question_before_a_deletion_says_what_goes_and_what_it_frees(academy: Academy) -> None:
    run(academy, "training_1", adapter=True, name="handbook-1")
    run(academy, "training_2", name="handbook-2")
    asked = {job_id: jobs.ACTS["job.delete_ask"](seen(academy), {"job": job_id})["dialog"] for job_id in ("training_1", "training_2")}
    assert "The adapter handbook-1 goes with it" in asked["training_1"]
    assert "It frees" in asked["training_1"]
    assert "adapter" not in asked["training_2"]


def test_a_note_is_kept_by_rest_and_page_and_outlives_a_restart(academy: Academy) -> None:
    run(academy, "training_1")
    with TestClient(create_api(academy), base_url="http://localhost:7860") as client:
        assert client.patch(f"{API}/train/training_1", json={"note": " rate was too high "}).status_code == 200
        assert client.patch(f"{API}/train/training_1", json={"name": "renamed"}).status_code == 200
        assert client.patch(f"{API}/train/training_1", json={"note": "x" * 501}).status_code == 422
        assert client.get(f"{API}/jobs").json()["jobs"][0]["note"] == "rate was too high"
        assert client.delete(f"{API}/jobs/training_9").status_code == 404
    assert JobStore(academy.settings.training_dir).get("training_1").note == "rate was too high"
    assert "rate was too high" in jobs.REGIONS["jobs"](seen(academy))
    assert "rate was too high" in panel.REGIONS["job"](seen(academy))
    with pytest.raises(Invalid):
        academy.jobs.annotate("training_1", "x" * 501)


# ------------------------------------------------------------------ the list


def listed(academy: Academy, **state: Any) -> list[str]:
    html = jobs.REGIONS["jobs"](seen(academy, **state))
    return [part.split('"')[0] for part in html.split('id="job-')[1:]]


def test_jobs_are_found_by_state_and_by_words(academy: Academy) -> None:
    run(academy, "training_1", name="Harbour handbook", note="the good one")
    run(academy, "training_2", name="Harbour handbook", effort="quick")
    run(academy, "training_3", name="doors", status="failed", error="Out of memory.")
    run(academy, "training_4", name="doors", status="queued", finished_at=None)
    assert listed(academy) == ["training_4", "training_3", "training_2", "training_1"]
    assert listed(academy, jobs_state="failed") == ["training_3"]
    assert listed(academy, jobs_state="open") == ["training_4"]
    assert listed(academy, jobs_state="finished") == ["training_2", "training_1"]
    assert listed(academy, jobs_query="harbour QUICK") == ["training_2"]
    assert listed(academy, jobs_query="good") == ["training_1"]
    assert listed(academy, jobs_query="nothing like it") == []


def test_a_row_says_what_differed_and_what_came_of_it(academy: Academy) -> None:
    run(academy, "training_1", effort="quick", chosen=["lora_rank", "learning_rate"], adapter=True)
    run(academy, "training_2", status="failed", error="The loss was no number at step 3. Lower the rate.")
    html = jobs.REGIONS["jobs"](seen(academy))
    assert "Quick, rank 16, learning rate 0.006 · 4 epochs · training loss 0.250 · 5:00" in html
    assert "Auto · The loss was no number at step 3." in html
    # The same loss in the panel, in the list, in the comparison, and of the adapter.
    assert "0.250" in panel.REGIONS["job_numbers"](seen(academy, job="training_1"))
    assert academy.adapters.get("training_1").train_loss == 0.25


def test_what_a_person_chose_is_remembered_and_a_retry_keeps_it(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.habitat import Component

    monkeypatch.setattr(academy._habitat, "training", lambda: Component("training", True, "assumed"))
    academy.lessons.load_samples()
    dataset = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))["dataset_id"]
    spec = TrainingSpec.model_validate({"dataset_id": dataset, "preset": "quick", "lora_rank": 8})
    first = academy.training.train(spec)
    assert (first.effort, first.chosen) == ("quick", ["lora_rank"])
    assert first.parameters["lora_alpha"] == 16, "twice the rank that was chosen"
    again = academy.training.retry(first.job_id, {"batch_size": 2})
    assert (again.effort, again.chosen) == ("quick", ["lora_rank", "batch_size"])
    assert words.effort_words(again) == ["Quick", "rank 8", "batches of 2"]
    # Names are given where a job is submitted: several with the same one cannot be told apart.
    assert (first.name, again.name) == ("handbook-1", "handbook-1 again")
    for asked, given in (("", "again 2"), ("handbook-1 again", "again 3"), ("handbook-1 again 2 again", "again 4")):
        made = academy.training.retry(first.job_id) if not asked else academy.training.train(spec.model_copy(update={"name": asked}))
        assert made.name == f"handbook-1 {given}"
        academy.jobs.cancel(made.job_id)
    # A job that starts at once does not wait in a queue, whatever was said before.
    from academy.ui.answers import queued_words

    assert queued_words(academy, again) == f"{again.name} is number 2 in the queue."
    academy.jobs.cancel(first.job_id)
    assert queued_words(academy, again) == f"{again.name} starts."


def test_the_chosen_rank_decides_about_alpha_and_a_chosen_alpha_stays() -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    chosen = {"lora_rank": 16, "lora_alpha": 32}
    assert resolve(TrainingSpec(lora_rank=4), chosen, settings).lora_alpha == 8
    assert resolve(TrainingSpec(lora_rank=4, lora_alpha=64), chosen, settings).lora_alpha == 64
    assert resolve(TrainingSpec(), chosen, settings).lora_alpha == 32


# ------------------------------------------------------------------ comparison


def test_nothing_of_another_job_is_drawn_unless_it_was_chosen_for_this_one_or_pinned(academy: Academy) -> None:
    for number in (1, 2, 3):
        run(academy, f"training_{number}", name=f"run {number}")
    plot = compare.REGIONS["job_plot"]
    chosen = {"versus": ["training_1", "gone", "training_2"], "versus_of": "training_3"}
    both = plot(seen(academy, job="training_3", **chosen))
    assert all(f'class="smooth c{index}"' in both for index in range(3))
    assert "smooth c3" not in both
    other = plot(seen(academy, job="training_2", **chosen))
    assert "smooth c1" not in other
    pinned = plot(seen(academy, job="training_2", **chosen, versus_pin=True))
    assert "smooth c1" in pinned
    assert "smooth c2" not in pinned, "a job is not compared with itself"
    assert "smooth c1" not in plot(seen(academy, job="training_3"))


def test_only_settings_that_differ_are_in_the_table_and_the_results_of_all(academy: Academy) -> None:
    run(academy, "training_1", name="slow", parameters={"goal": "style", "lora_rank": 4, "learning_rate": 0.001, "num_epochs": 4})
    run(academy, "training_2", name="fast", adapter=True)
    html = compare.REGIONS["job_plot"](seen(academy, job="training_2", versus=["training_1"], versus_of="training_2"))
    table = html.split("Settings that differ")[1].split("</table>")[0]
    assert "LoRA rank</th><td>16</td><td>4</td>" in table
    assert "Learning rate</th><td>0.006</td><td>0.001</td>" in table
    assert "Epochs</th><td>4</td>" not in table.split("Results")[0]
    assert "Training loss</th><td>0.250</td>" in table


def test_every_axis_has_its_figures(academy: Academy) -> None:
    run(academy, "training_1")
    for y in ("loss", "learning_rate", "grad_norm", "tokens_per_second", "memory_mb"):
        for x in ("step", "time", "tokens"):
            html = compare.REGIONS["job_plot"](seen(academy, plot_x=x, plot_y=y, plot_log=y == "loss"))
            assert 'class="smooth c0"' in html, (x, y)
            assert f'data-x="{x}" data-y="{y}"' in html
    assert 'class="raw' not in compare.REGIONS["job_plot"](seen(academy, plot_smooth="0"))


def test_points_count_their_seconds_and_tokens() -> None:
    points = [
        {"step": 1, "time": "2026-11-28T12:00:00Z", "tokens": 100},
        {"step": 2},
        {"step": 3, "time": "2026-11-28T12:00:05Z", "tokens": 50},
    ]
    assert [(point.get("seconds"), point.get("tokens_seen")) for point in series(points)] == [(0.0, 100), (None, 100), (5.0, 150)]


def test_the_figures_of_several_jobs_are_one_table(academy: Academy) -> None:
    run(academy, "training_1", name="=1+1", steps=3)
    run(academy, "training_2", steps=2)
    with TestClient(create_api(academy), base_url="http://localhost:7860") as client:
        reply = client.get(f"{API}/jobs/figures.csv", params={"job": ["training_1", "training_2"]})
        assert client.get(f"{API}/jobs/figures.csv").status_code == 422
        assert client.get(f"{API}/jobs/figures.csv", params={"job": "nothing"}).status_code == 404
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["job_id"], row["step"]) for row in rows] == [("training_1", str(n)) for n in (1, 2, 3)] + [
        ("training_2", str(n)) for n in (1, 2)
    ]
    assert rows[0]["name"] == "'=1+1", "a spreadsheet does not take it for a formula"
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])


# ------------------------------------------------------------------ the end of a job, and what a poll costs


@pytest.mark.parametrize(
    ("status", "kind", "mark", "text"),
    [("finished", "good", "✓", "run 1 is ready."), ("failed", "bad", "✗", "run 1 failed."), ("cancelled", None, None, None)],
)
def test_the_end_of_a_job_is_told_by_what_came_of_it(academy: Academy, status: str, kind: str, mark: str, text: str) -> None:
    run(academy, "training_1", name="run 1", status=status, error="Out of memory. Train smaller." if status == "failed" else None)
    answer = jobs.ACTS["job.ended"](seen(academy), {"job": "training_1"})
    if kind is None:
        assert answer == {}
        return
    assert (answer["toast"]["kind"], answer["ended"]["mark"], answer["toast"]["text"]) == (kind, mark, text)
    assert ("Out of memory." in answer["toast"]["hint"]) == (status == "failed")


def test_a_poll_names_the_jobs_that_have_not_ended(academy: Academy) -> None:
    run(academy, "training_1")
    run(academy, "training_2", status="running", finished_at=None)
    poll = live.make_live(academy, {}, page._title)
    answer = poll([{"state": {}, "regions": {}}])
    assert answer["open"] == ["training_2"]
    assert answer["title"] == "100 % training_2 · Academy"


def test_a_poll_that_changes_nothing_takes_little_of_the_processor(academy: Academy) -> None:
    for number in range(60):
        run(academy, f"training_{number:02d}", steps=2000 if number == 59 else 50)
    state = {"tab": "training", "versus": ["training_58", "training_57"], "versus_of": "training_59"}
    regions = {**panel.REGIONS, **jobs.REGIONS, "chips": page._chips}
    poll = live.make_live(academy, regions, page._title)
    versions = {name: part["version"] for name, part in poll([{"state": state, "regions": dict.fromkeys(regions, "")}])["regions"].items()}
    times = []
    for _ in range(30):
        begun = time.process_time()
        poll([{"state": state, "regions": versions, "log": {"job": "training_59", "next": 1, "size": 32}}])
        times.append(time.process_time() - begun)
    assert min(times) <= 0.010, "the milliseconds of the processor, whatever else the machine does"


# ------------------------------------------------------------------ the form


def test_what_fits_holds_only_for_the_values_that_it_was_found_for() -> None:
    values = ["", "d1", "academy-mini", "auto", *[form.initial(name) for name in form.FIELDS]]
    found = {"of": form._request({}, tuple(values)), "html": "It fits."}
    assert form.fitted(found, {}, *values) == "It fits."
    assert form.fitted(found, {}, "", "d2", *values[2:]) == ""
    assert form.fitted(found, {}, *values[:3], "quick", *values[4:]) == ""
    changed = [*values]
    changed[4 + form.FIELDS.index("batch_size")] = 1
    assert form.fitted(found, {}, *changed) == ""
    assert form.fitted({}, {}, *values) == ""


def test_a_refused_setting_is_named_with_its_field(academy: Academy) -> None:
    academy.lessons.load_samples()
    dataset = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))["dataset_id"]
    values = {"name": "", "dataset_id": dataset, "base_model": "academy-mini", "preset": "auto"}
    values |= {name: form.initial(name) for name in form.FIELDS}

    def advice(**changes: Any) -> str:
        fresh = form.plan(academy, {}, *values.values())[2]
        shown = values | {name: form.shown(name, value) for name, value in fresh.items()} | changes
        return str(form.plan(academy, fresh, *shown.values())[0])

    assert 'data-problems="{}"' in advice()
    refused = advice(learning_rate=1)
    assert "&#34;set-learning_rate&#34;: &#34;Must be at most 0.01.&#34;" in refused
    assert "1 setting cannot be used" in refused
    assert "ac-notice-warn" not in refused, "it is said once, at the field"
    assert "&#34;train-base&#34;" in advice(base_model="/nowhere/at/all")
