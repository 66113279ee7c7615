"""The autopilot: when it begins, by table; that it never begins twice and goes on after a restart; what is notified."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from academy.config import Settings
from academy.curation.lessons import LessonIn
from academy.habitat import Component
from academy.professor.autopilot import Situation, Window, decide
from academy.professor.notify import Notice, Notifier, address, is_ntfy
from academy.services.academy import Academy
from academy.services.ends import of_job
from tests.gate_help import a_report
from tests.runs_help import a_run
from tests.waiting import wait_until

NIGHT = Situation(missing=(), hour=3.5, window=Window(1, 6), begun_hours_ago=30, interval_hours=24)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"window": None, "hour": 15}, None),
        ({"begun_hours_ago": None}, None),
        ({"load": 0.4}, None),
        ({"missing": ["5 more lessons to train on (95 of 100)."]}, "5 more lessons to train on (95 of 100)."),
        ({"hour": 6.0}, "It works from 1:00 to 6:00."),
        ({"hour": 0.9}, "It works from 1:00 to 6:00."),
        ({"begun_hours_ago": 23}, "It began 23 h ago; it begins at most every 24 h."),
        ({"jobs": 1}, "Other jobs run or wait."),
        ({"chatting": True}, "The chat is answering."),
        ({"load": 0.8}, "This machine is busy."),
        ({"proposed": "handbook-4"}, "handbook-4 is proposed and waits for your decision."),
    ],
)
def test_it_begins_only_where_nothing_stands_against_it(changes: dict[str, Any], reason: str | None) -> None:
    plan = decide(Situation(**{**vars(NIGHT), **changes}))
    assert plan.act == ("waits" if reason else "begins")
    assert reason is None or [str(sentence) for sentence in plan.sentences] == [reason]


def test_every_reason_to_wait_is_said() -> None:
    worst = Situation(["more lessons"], 12, Window(1, 6), 1, 24, "x", 2, True, 1.0)
    assert len(decide(worst).sentences) == 7


@pytest.mark.parametrize(
    ("text", "inside", "outside"), [("1-6", [1, 5.9], [0.9, 6, 23]), ("22-6", [22, 23.5, 0, 5.9], [6, 21.9]), ("0-24", [0, 23.9], [])]
)
def test_a_window_may_go_over_midnight(text: str, inside: list[float], outside: list[float]) -> None:
    window = Window.of(text)
    assert window is not None
    assert all(map(window.holds, inside))
    assert not any(map(window.holds, outside))


@pytest.fixture
def academy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    """With twelve lessons and an owner who wants ten, at night on an idle machine; jobs only wait."""
    made = Academy(settings.model_copy(update={"autopilot": True, "min_lessons": 10}))
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    monkeypatch.setattr(made._autopilot, "_load", lambda: 0.1)
    monkeypatch.setattr(made._autopilot, "_clock", lambda: datetime.now(UTC).replace(hour=3))
    for number in range(12):
        lesson = {"situation": f"What is the code of door {number * 37}?", "action": f"It is {number * 91 + 7}.", "rating": "good"}
        made.lessons.add(LessonIn.model_validate(lesson))
    yield made
    made.close()


def acts(academy: Academy) -> list[str]:
    return [decision.what for decision in reversed(academy.professor.decisions(100))]


def test_it_curates_and_trains_once_and_then_waits(academy: Academy) -> None:
    pilot = academy._autopilot
    pilot.tick()
    (job,) = academy.jobs.list()
    assert (job.kind, job.status, job.dataset_id) == ("train", "queued", academy.datasets.list()[0].id)
    assert acts(academy) == ["curates", "trains"]
    for _ in range(3):
        pilot.tick()
    assert len(academy.jobs.list()) == len(academy.datasets.list()) == 1
    assert acts(academy) == ["curates", "trains", "waits"]
    told = [str(sentence) for sentence in academy.professor.decisions()[0].sentences]
    assert "Other jobs run or wait." in told
    state = academy.professor.state()
    assert state["autopilot"]
    assert "Other jobs run or wait." in state["autopilot_waits"]


@pytest.mark.parametrize("known", ["nothing", "the dataset", "the job"])
def test_an_app_that_ends_in_between_goes_on_where_it_was(academy: Academy, known: str) -> None:
    pilot = academy._autopilot
    pilot.tick()
    run = json.loads((academy.settings.training_dir / "autopilot.json").read_text())
    missing = {"nothing": {"dataset_id": None, "job_id": None}, "the dataset": {"job_id": None}, "the job": {}}[known]
    (academy.settings.training_dir / "autopilot.json").write_text(json.dumps(run | missing))
    pilot.tick()
    assert len(academy.jobs.list()) == 1
    again = json.loads((academy.settings.training_dir / "autopilot.json").read_text())
    assert again["job_id"] == run["job_id"]


def test_what_fails_is_said_and_tried_again_only_after_the_interval(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = academy._autopilot
    missing = Component("training", False, "The training libraries are missing.")
    monkeypatch.setattr(academy._habitat, "training", lambda: missing)
    for _ in range(3):
        pilot.tick()
    assert acts(academy) == ["curates", "failed", "waits"]
    assert academy.jobs.list() == []
    monkeypatch.setattr(academy._habitat, "training", lambda: Component("training", True, "assumed"))
    monkeypatch.setattr(pilot, "_clock", lambda: (datetime.now(UTC) + timedelta(days=2)).replace(hour=3))
    pilot.tick()
    assert acts(academy) == ["curates", "failed", "waits", "curates", "trains"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": "x", "at": "soon"}', '{"id": 1, "at": "2026-01-01T00:00:00Z", "more": 2}'])
def test_a_damaged_file_counts_as_none(academy: Academy, text: str) -> None:
    (academy.settings.training_dir / "autopilot.json").write_text(text)
    academy._autopilot.tick()
    assert len(academy.jobs.list()) == 1


def test_it_is_off_by_default(settings: Settings) -> None:
    academy = Academy(settings)
    academy._autopilot.start()
    assert academy._autopilot._thread is None
    assert academy.professor.autopilot() is None
    assert not academy.professor.state()["autopilot"]
    academy.close()


# ------------------------------------------------------------------ notifications


@pytest.fixture
def listening() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A server that keeps what is posted: path, content type, body. Paths with `fail` answer 500."""
    posted: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, self.headers.get("Content-Type") or "", body))
            self.send_response(500 if "fail" in self.path else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()


NOTICE = Notice("proposed", "hand\u00fcbuch-4", "hand\u00fcbuch-4 is proposed: Knows 9 of 9.", "proposal_1")


def test_a_webhook_gets_json_and_an_ntfy_topic_plain_text(listening: tuple[str, list[tuple[str, str, str]]]) -> None:
    host, posted = listening
    Notifier(f"http://{host}/hook?key=1").send(NOTICE)
    wait_until(lambda: len(posted) == 1, "the webhook")
    path, kind, body = posted[0]
    assert (path, kind) == ("/hook?key=1", "application/json")
    told = json.loads(body)
    assert {key: told[key] for key in ("event", "name", "sentence", "id")} == vars(NOTICE)
    Notifier(f"ntfy+http://{host}/topic").send(NOTICE)
    wait_until(lambda: len(posted) == 2, "the ntfy topic")
    assert posted[1][0] == "/topic"
    assert posted[1][2] == NOTICE.sentence


def test_a_failure_is_logged_without_the_secret_and_the_next_one_is_sent(
    listening: tuple[str, list[tuple[str, str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    host, posted = listening
    notifier = Notifier(f"http://{host}/fail/secret-word")
    notifier.send(NOTICE)
    notifier.send(NOTICE)
    wait_until(lambda: len(posted) == 2, "both")
    wait_until(lambda: caplog.text.count("failed: status 500") == 2, "the log")
    Notifier("http://127.0.0.1:9/secret-word").send(NOTICE)
    wait_until(lambda: "ConnectError" in caplog.text, "the log")
    assert "secret-word" not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("academy"))
    Notifier("").send(NOTICE)  # nothing to do


@pytest.mark.parametrize(
    ("url", "plain", "to"),
    [
        ("https://ntfy.sh/topic", True, "https://ntfy.sh/topic"),
        ("https://ntfy.example.org/topic", True, "https://ntfy.example.org/topic"),
        ("ntfy://push.example.org/topic", True, "https://push.example.org/topic"),
        ("ntfy+http://box.lan:8080/topic", True, "http://box.lan:8080/topic"),
        ("https://example.org/ntfy", False, "https://example.org/ntfy"),
        ("http://127.0.0.1:9/hook", False, "http://127.0.0.1:9/hook"),
    ],
)
def test_which_addresses_are_topics(url: str, plain: bool, to: str) -> None:
    assert (is_ntfy(url), address(url)) == (plain, to)


@pytest.mark.parametrize(
    ("name", "value"),
    [("notify_url", "ftp://x"), ("notify_url", "here"), ("autopilot_hours", "1-1"), ("autopilot_hours", "6"), ("autopilot_hours", "1-30")],
)
def test_a_bad_setting_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="write"):
        Settings.model_validate({name: value})


def test_an_end_is_told_once_and_says_only_names_and_numbers(settings: Settings, listening: tuple[str, list[tuple[str, str, str]]]) -> None:
    host, posted = listening
    academy = Academy(settings.model_copy(update={"notify_url": f"http://{host}/hook"}))
    job = a_run(academy._job_store, settings.models_dir, "first", adapter=True, steps=1, status="running", finished_at=None)
    (settings.models_dir / "first" / "report.json").write_text(json.dumps(a_report("first")))
    academy._job_store.end(job.job_id, "finished")
    wait_until(lambda: len(posted) == 2, "the end and the proposal")
    academy.jobs.annotate("first", "a note")
    academy.jobs.rename("first", "another name")
    a_run(academy._job_store, settings.models_dir, "second", steps=1, status="running", finished_at=None)
    academy._job_store.end("second", "failed", error="/home/ann/private failed")
    wait_until(lambda: len(posted) == 3, "the failure")
    told = sorted(json.loads(body)["sentence"] for _, _, body in posted)
    assert told == [
        "first has finished: it knows 8 of 8.",
        "first is proposed: Knows 8 of 8 lessons; the base model knows 0.",
        "second failed.",
    ]
    assert of_job(academy._job_store.get("first")) is not None
    academy.close()
