"""The report as the page shows it: the verdict first and in words, whatever stands in it inert, and jobs of every kind shown."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from academy.config import Settings
from academy.jobs.folder import JobFolder
from academy.jobs.reading.reports import brief_in, report_in, shown
from academy.jobs.store import Job
from academy.messages import msg, to_json
from academy.services.academy import Academy
from academy.ui import look
from academy.ui import report as page_report
from academy.ui.adapters import tab as adapters
from academy.ui.training import job as job_panel
from academy.ui.training import jobs as job_list
from academy.ui.training import tab, words

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'\u202egnp.exe"
TITLES = {"ready": "Ready", "not_learned": "Not learned", "forgot": "Forgot", "no_gain": "No gain"}


class Elements(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def an_item(number: int, known: bool = False, text: str = "") -> dict[str, Any]:
    return {
        "kind": "row", "question": f"Question {number}?{text}", "expected": f"Wanted {number}{text}", "before": f"Base {number}{text}",
        "after": f"Adapter {number}{text}", "known": known, "base_right": False, "right": known,
    }  # fmt: skip


def a_report(verdict: str = "ready", **changes: Any) -> dict[str, Any]:
    """A report as the verbs give it."""
    return {
        "id": "training_1", "job_id": "training_1", "adapter_id": "training_1", "base_model": "academy-mini", "dataset_id": "d1",
        "created_at": "2026-11-28T12:00:00Z", "seconds": 9.0, "goal": "facts", "known": {"rows": 19, "of": 24},
        "rephrased": {"right": 9, "of": 12}, "held_out": None, "drift": 0.02, "noise": 0.0,
        "general": {
            "right_before": 11, "right_after": 8, "of": 20, "low": -5.2, "high": -0.8,
            "categories": [{"name": "facts", "right_before": 8, "right_after": 7, "of": 12}],
        },
        "earlier": [{"dataset_id": "d0", "known_before": 0, "known_after": 3, "of": 4}], "verdict": verdict,
        "sentences": ["The reason of it.", "Another one of it.", "How it was measured."], "verdict_sentences": 2,
        "remedies": [{"label": "Train longer", "request": {"dataset_id": "d1", "num_epochs": 20}}],
        "items": [an_item(number, number >= 5) for number in range(24)],
        "wordings": [{"question": "In other words?", "expected": "Wanted 1", "after": "Adapter", "right": False, "own": False}],
    } | changes  # fmt: skip


@pytest.mark.parametrize("verdict", TITLES)
def test_the_verdict_heads_the_report_in_words(verdict: str) -> None:
    html = page_report.report(a_report(verdict), {"d0": "handbook"})
    text = re.sub(r"<[^>]+>", "|", html)
    words = [part.strip() for part in text.split("|") if part.strip()]
    assert words[1] == TITLES[verdict]  # after the sign
    assert words[2:4] == ["The reason of it.", "Another one of it."]
    assert words[4] == "Train longer"
    assert 'data-act="report.remedy" data-report="training_1" data-at="0"' in html
    assert "19" in words
    assert {"known word for word", "right in other words", "11 → 8", "general questions right", "hardly drifted"} <= set(words)
    assert words.index("handbook") > words.index("Your earlier lessons")
    # How it was measured is one click away, not among the sentences of the verdict.
    assert html.index("How it was measured.") > html.rindex("<summary>")
    assert ("ac-verdict-ready" in html) == (verdict == "ready")
    assert "ac-finished" not in html


def test_the_table_shows_ten_rows_and_the_others_behind_one_click() -> None:
    html = page_report.report(a_report())
    first, rest = html.split("<summary>Show all 24</summary>")
    assert first.count('<th scope="row" role="rowheader">Question') == 10
    assert rest.count('<th scope="row" role="rowheader">Question') == 14
    assert first.index("Question 0?") < first.index("Question 9?")
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)', first) == ["Question", "Wanted", "Adapter", "Base"]
    assert "Wrong:" in first
    assert "Show all" not in page_report.report(a_report(items=[an_item(number) for number in range(10)]))


def test_a_question_shows_what_was_said_before_it_and_every_cell_has_its_heading() -> None:
    turns = [{"role": "user", "content": "Who keeps the keys?"}, {"role": "assistant", "content": f"Petra. {HOSTILE}"}]
    html = page_report.report(a_report(items=[an_item(1) | {"turns": turns}, an_item(2) | {"turns": "of a container's program"}]))
    before = html[html.index('<details class="ac-before') : html.index("Question 1?")]
    assert '<summary><b>2 earlier turns</b> <span class="ac-glance">Petra.' in before
    assert "Who keeps the keys?" in before
    assert html.count("earlier turn") == 1
    assert "img" not in Elements(html).tags
    # On a narrow page the cells stand below each other.
    assert [label for label in ("Wanted", "Adapter", "Base") if f'data-label="{label}"' in html] == ["Wanted", "Adapter", "Base"]


def test_a_report_of_a_base_has_no_adapter_and_one_without_numbers_is_shown() -> None:
    html = page_report.report(a_report(adapter_id="base", wordings=[], general=None, drift=None, earlier=[], rephrased=None))
    assert '<th scope="col" role="columnheader">Adapter' not in html
    assert "The base model alone" in html
    assert "Ready" not in html
    assert "ac-verdict-ready" not in html
    assert "general" not in html
    empty = a_report(items=[], wordings=[], general=None, drift=None, earlier=[], rephrased=None, remedies=[], sentences=["One."])
    assert "<table" not in page_report.report(empty)


def test_a_manner_shows_the_loss_on_held_out_rows_and_facts_never_do() -> None:
    held_out = {"rows": 8, "loss_before": 2.31, "loss_after": 1.8, "low": -0.6, "high": -0.4}
    html = page_report.report(a_report(goal="style", held_out=held_out))
    assert "2.310 → 1.800" in html
    assert "loss on 8 held-out rows" in html
    assert "held-out" not in page_report.report(a_report(goal="facts", held_out=held_out))


@pytest.mark.parametrize(
    ("drift", "word"), [(None, "–"), (0.001, "hardly drifted"), (0.05, "drifted a little"), (0.2, "drifted"), (3.0, "drifted far")]
)
def test_the_drift_is_a_word(drift: float | None, word: str) -> None:
    assert page_report.drift_words(drift) == word


def test_nothing_of_a_report_becomes_markup() -> None:
    category = {"name": HOSTILE, "right_before": 1, "right_after": 1, "of": 2}
    found = a_report(
        id=HOSTILE, job_id=HOSTILE, sentences=[HOSTILE] * 3, remedies=[{"label": HOSTILE, "request": {}}], items=[an_item(1, text=HOSTILE)],
        wordings=[{"question": HOSTILE, "expected": HOSTILE, "after": HOSTILE, "right": True}],
        earlier=[{"dataset_id": HOSTILE, "known_before": 0, "known_after": 3, "of": 4}],
        general={"right_before": 1, "right_after": 1, "of": 2, "low": 0, "high": 0, "categories": [category]},
    )  # fmt: skip
    html = page_report.report(found)
    seen = Elements(html)
    assert not {"script", "img"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on") or name == "src"]
    assert "\u202e" not in html


# ------------------------------------------------------------------ where reports are shown


@pytest.fixture
def academy(tmp_path: Any) -> Any:
    made = Academy(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    yield made
    made.close()


def a_job(academy: Any, job_id: str, found: dict[str, Any] | None = None, **changes: Any) -> Job:
    """An ended job in the journal, with its report in its folder."""
    folder = academy.settings.models_dir / job_id
    folder.mkdir(parents=True)
    values: dict[str, Any] = {"status": "finished", "finished_at": "2026-11-28T12:05:00Z", "kind": "train", "dataset_id": "d1"} | changes
    job = Job(
        job_id=job_id, name=job_id, created_at="2026-11-28T12:00:00Z", dataset_path="d.jsonl", base_model="academy-mini",
        backend="subprocess", output_dir=str(folder), **values,
    )  # fmt: skip
    academy._job_store.add(job)
    if found is not None:
        stored = found | {"id": job_id, "sentences": [to_json(msg("Knows {n} of {of}.", n=19, of=24))], "remedies": [
            {"label": to_json(msg("Train longer")), "request": {"dataset_id": "missing", "num_epochs": 20}}
        ]}  # fmt: skip
        (folder / "report.json").write_text(json.dumps(stored), encoding="utf-8")
    return job


def drawn(academy: Any, job_id: str) -> dict[str, str]:
    """Every region of the Training tab for a job."""
    shown_to = look.Look(academy, {"tab": "training", "job": job_id})
    return {name: str(region(shown_to)) for name, region in {**job_panel.REGIONS, **job_list.REGIONS}.items()}


@pytest.mark.parametrize("verdict", TITLES)
def test_chip_and_bar_of_a_finished_training_follow_the_verdict(academy: Any, verdict: str) -> None:
    a_job(academy, "training_1", a_report(verdict))
    html = drawn(academy, "training_1")
    assert f'<span class="ac-pill ac-verdict-{verdict}">{"finished" if verdict == "ready" else TITLES[verdict]}</span>' in html["job"]
    assert f'class="ac-bar ac-verdict-{verdict}"' in html["job"]
    assert "ac-finished" not in html["job"] + html["jobs"]
    assert "the adapter is ready" not in html["job"]
    assert html["job_report"].index(TITLES[verdict]) < html["job_report"].index("Knows 19 of 24.")
    assert TITLES[verdict] in html["jobs"]


def test_what_is_ready_with_gaps_is_no_green_tick_anywhere(academy: Any) -> None:
    a_job(academy, "training_1", a_report("ready", missing=5))
    html = drawn(academy, "training_1")
    brief = academy.evaluations.by_adapter()["training_1"]
    for shown_at in (html["job"], html["jobs"], html["job_report"], adapters._measured(brief)):
        assert "Ready, with gaps" in shown_at
        assert "ac-verdict-partly" in shown_at
        assert "ac-verdict-ready" not in shown_at
    # The chat is one click away; to train longer is offered beside it.
    assert 'data-act="report.remedy"' in html["job_report"]
    assert "ac-btn-primary" not in html["job_report"]
    assert words.ended_words(look.Look(academy), academy.jobs.get("training_1"))[:2] == ("warn", "!")


def test_general_questions_that_tell_nothing_look_neither_good_nor_bad() -> None:
    few = {"right_before": 7, "right_after": 0, "of": 40, "low": -9.0, "high": -3.0, "categories": a_report()["general"]["categories"]}
    html = page_report.report(a_report(general=few))
    assert "→" not in html
    assert "general questions: the base itself answers 7 of 40, too few to judge" in html
    assert "The base itself answers too few of them to tell what was forgotten." in html


def test_a_job_without_a_report_looks_as_before(academy: Any) -> None:
    a_job(academy, "training_1")
    html = drawn(academy, "training_1")
    assert html["job_report"] == ""
    assert '<span class="ac-pill ac-finished">finished</span>' in html["job"]
    assert "Finished; the adapter is ready." in html["job"]


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled", "running", "queued", "preparing"])
@pytest.mark.parametrize("kind", ["evaluate", "convert"])
def test_other_kinds_of_jobs_offer_nothing_of_a_training(academy: Any, kind: str, status: str) -> None:
    parameters = {"adapter_id": "a1", "base_model": None, "dataset_id": None, "questions": [], "seed": 0, "training": {}}
    finished = status == "finished" and kind == "evaluate"
    a_job(academy, "other_1", a_report() if finished else None, kind=kind, status=status, parameters=parameters, continue_from="a1")
    html = drawn(academy, "other_1")
    everything = "".join(html.values())
    for act in ("job.resume", "job.retry", "job.stop", "job.chat", "job.retry_changed"):
        assert f'data-act="{act}"' not in everything, act
    assert (html["job_numbers"], html["job_plot"]) == ("", "")
    ended = status in ("finished", "failed", "cancelled")
    assert ('data-act="report.again"' in html["job"]) == (kind == "evaluate" and ended)
    assert ('data-act="job.cancel"' in html["job"]) == (not ended)
    assert ("Ready" in html["job_report"]) == finished
    assert "could not be shown" not in everything


def test_a_measured_base_was_taught_nothing(academy: Any) -> None:
    a_job(academy, "evaluation_1", a_report("ready", adapter_id="base"), kind="evaluate", parameters={"adapter_id": "base"})
    everything = "".join(drawn(academy, "evaluation_1").values())
    assert "measures a base model" in everything
    assert "ac-verdict-ready" not in everything
    assert academy.evaluations.by_adapter() == {}


def test_a_remedy_starts_the_training_that_the_report_proposes(academy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    a_job(academy, "training_1", a_report("not_learned"))
    asked = []

    def train(spec: Any) -> Job:
        asked.append(spec)
        return a_job(academy, "training_2")

    monkeypatch.setattr(academy.training, "train", train)
    answer = tab.ACTS["report.remedy"](look.Look(academy), {"report": "training_1", "at": "0"})
    assert answer["state"] == {"tab": "training", "job": "training_2"}
    assert asked[0].model_dump(exclude_unset=True) == {"dataset_id": "missing", "num_epochs": 20}
    for at in ("1", "-1", "x", ""):
        assert tab.ACTS["report.remedy"](look.Look(academy), {"report": "training_1", "at": at})["toast"]["kind"] == "bad"
    assert len(asked) == 1


def test_the_newest_report_on_the_own_dataset_tells_of_an_adapter(academy: Any) -> None:
    a_job(academy, "training_1", a_report("not_learned"))
    assert academy.evaluations.by_adapter()["training_1"]["verdict"] == "not_learned"
    a_job(academy, "evaluation_1", a_report("ready"), kind="evaluate", continue_from="training_1")
    a_job(academy, "evaluation_2", a_report("forgot"), kind="evaluate", continue_from="training_1", dataset_id="other")
    found = academy.evaluations.by_adapter()
    assert found == {
        "training_1": {
            "report_id": "evaluation_1", "verdict": "ready", "known": {"rows": 19, "of": 24}, "rephrased": {"right": 9, "of": 12},
            "missing": 0,
        }
    }  # fmt: skip


def test_a_report_in_the_list_is_the_one_on_the_disk(academy: Any) -> None:
    job = a_job(academy, "training_1", a_report())
    folder = JobFolder(job.folder.path)
    whole, brief = report_in(folder), brief_in(folder)
    assert whole is not None
    assert brief is not None
    assert (brief.verdict, brief.known) == (whole.verdict, dict(whole.known))
    assert shown(whole)["sentences"] == ["Knows 19 of 24."]
    folder.report.write_text("{}")
    assert report_in(folder) is brief_in(folder) is None
    folder.report.unlink()
    assert report_in(folder) is brief_in(folder) is None


def test_an_adapter_shows_what_it_knows_and_never_a_loss() -> None:
    assert "not measured" in adapters._measured(None)
    brief = {"report_id": "a", "verdict": "forgot", "known": {"rows": 19, "of": 24}, "rephrased": {"right": 9, "of": 12}, "missing": 0}
    html = adapters._measured(brief)
    assert [word in html for word in ("Forgot", "knows 19 of 24", "9/12 in other words")] == [True] * 3


def test_a_running_training_of_facts_counts_what_it_knows(academy: Any) -> None:
    parameters = {"goal": "facts", "stop_when_known": True}
    job = a_job(academy, "training_1", status="running", parameters=parameters, finished_at=None)
    events = [
        {"type": "started", "total_steps": 10, "time": "2026-11-28T12:00:01Z"},
        {"type": "progress", "step": 3, "loss": 1.0, "time": "2026-11-28T12:00:02Z"},
        {"type": "known", "step": 3, "rows": 19, "of": 24, "time": "2026-11-28T12:00:02Z"},
    ]
    job.folder.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    html = drawn(academy, "training_1")["job_numbers"]
    assert re.sub(r"<[^>]+>", " ", html).split()[:3] == ["19", "/24", "known"]
    assert "left, at most" in html
    with job.folder.events.open("a") as file:
        file.write(json.dumps({"type": "preparing", "phase": "exam", "message": "Asking what was taught.", "fraction": 0.1}) + "\n")
    assert "Asking what was taught." in drawn(academy, "training_1")["job"]
