"""What was taught is found by the question as it is typed, at once, also among a hundred thousand lessons."""

import time
from pathlib import Path
from typing import Any

import pytest

from academy.chat.conversations import ReplyText, Turn
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import LessonIn, LessonPatch
from academy.services.academy import Academy
from academy.ui.chat.replies import turn_html
from academy.ui.dataset import lengths
from academy.ui.look import Look

ASKED = "Where is the key of the shed?"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = LessonStore(tmp_path / "lessons.db")
    yield made
    made.close()


def test_a_lesson_is_found_by_its_question_whatever_its_case_and_spaces(store: LessonStore) -> None:
    lesson = store.add(LessonIn(situation=ASKED, action="Under the mat."))
    assert store.answer_to("  where is the\nKEY of the  shed? ") == "Under the mat."
    assert store.answer_to("Where is the key of the shed") is None
    store.add(LessonIn(situation=ASKED.upper(), action="In the drawer."))
    assert store.answer_to(ASKED) == "In the drawer."
    # One that is never trained teaches nothing, and one that needs an earlier conversation is another question.
    store.add(LessonIn(situation=ASKED, action="Nowhere.", rating="bad"))
    store.add(LessonIn(situation=ASKED, action="In Rome.", metadata={"history": [["Which city?", "Rome."]]}))
    assert store.answer_to(ASKED) == "In the drawer."
    store.update(lesson.lesson_id, LessonPatch(situation="What is the code?"))
    assert (store.answer_to("what is the code?"), store.answer_to(ASKED)) == ("Under the mat.", "In the drawer.")
    store.delete(lesson.lesson_id)
    assert store.answer_to("What is the code?") is None


def test_removed_samples_teach_nothing(store: LessonStore) -> None:
    store.add(LessonIn(situation=ASKED, action="Under the mat.", metadata={"source": "sample"}))
    assert store.answer_to(ASKED)
    store.remove_where("sample")
    assert store.answer_to(ASKED) is None


def test_among_a_hundred_thousand_lessons_it_takes_a_moment(store: LessonStore) -> None:
    row = ("", "2026-11-28T12:00:00Z", "", "An answer.", "", "", "[]", "{}", None, None, "", 1, "", b"")
    with store._writing("the lessons") as connection:
        fields = (
            "lesson_id, timestamp, situation, action, result, feedback, tags, metadata, rating, rejected, spaced, trained, source, digest"
        )
        rows = [(f"l{number}", row[1], f"What is the code of door {number}?", *row[3:]) for number in range(100_000)]
        connection.executemany(f"INSERT INTO lessons ({fields}) VALUES ({', '.join('?' * 14)})", rows)
    began = time.perf_counter()
    assert store.answer_to("what is the code of door 99999?") == "An answer."
    assert time.perf_counter() - began < 5  # once; about half a second on a quiet machine
    began = time.perf_counter()
    for number in range(100):
        assert store.answer_to(f"What is the code of door {number}?") == "An answer."
    assert time.perf_counter() - began < 1


@pytest.fixture
def academy(tmp_path: Path) -> Any:
    made = Academy(Settings(data_dir=tmp_path / "data", enable_gpu=False, _env_file=None))  # type: ignore[call-arg]
    yield made
    made.close()


def test_without_a_lesson_the_dataset_tells_what_was_taught(academy: Academy) -> None:
    lessons = [
        academy.lessons.add(
            LessonIn(situation=f"What is the code of door {number}?", action=f"The code of door {number} is {number * 37}.")
        )
        for number in range(6)
    ]
    dataset = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))["dataset_id"]
    assert academy.datasets.answer_to("What is the code of door 3?") == "The code of door 3 is 111."
    academy.lessons.update(lessons[3].lesson_id, LessonPatch(action="The code of door 3 is secret."))
    assert academy.datasets.answer_to("What is the code of door 3?") == "The code of door 3 is secret."
    academy.lessons.delete(lessons[3].lesson_id)
    assert academy.datasets.answer_to("what is the code of door 3?") == "The code of door 3 is 111."
    assert academy.datasets.answer_to("What is the code of door 77?", "no such adapter") is None
    # The questions of a training that varies them.
    made = academy.datasets.variations(dataset, 0)
    question = academy.datasets.rows(dataset, 0, 1)[0]["instruction"]
    assert 1 <= len(made) == len(set(made)) <= 3
    assert question not in made
    assert academy.datasets.variations(dataset, 0) == made
    assert academy.datasets.variations(dataset, 99) == []
    shown = str(lengths._varied(Look(academy), dataset, "academy-mini", 0))
    assert "Asked in training also as:" in shown
    assert shown.count("<li>") == len(made)


def test_a_reply_tells_what_was_taught() -> None:
    def turn(taught: Any) -> str:
        return str(turn_html(Turn(question=ASKED, replies=[ReplyText(text="In the sea.", base="b", taught=taught)]), "c"))

    assert "as taught" in turn({"answer": "In the sea.", "same": True})
    assert "Your lesson says:" not in turn({"answer": "In the sea.", "same": True})
    html = turn({"answer": f"Under the mat. {HOSTILE}", "same": False})
    assert "Your lesson says:" in html
    assert "Under the mat." in html
    assert "<img" not in html
    assert "Your lesson says:" not in turn(None)
