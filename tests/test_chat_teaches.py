"""The chat teaches: ratings, comments and corrections become lessons and pairs, and what is new is counted and taught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from academy.chat.conversations import ReplyText, Turn
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import Lesson, LessonIn
from academy.errors import Conflict
from academy.habitat import Component
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy
from academy.ui.chat import correcting, replies, teaching
from academy.ui.look import Look
from tests.runs_help import a_run
from tests.test_report import a_report

CHAT = "a-conversation"


@pytest.fixture
def academy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    """An Academy whose jobs only wait."""
    made = Academy(settings)
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    yield made
    made.close()


def asked(academy: Academy, *texts: str, question: str = "Where is the key?") -> list[Turn]:
    """One question with a version for each reply."""
    sampling = {"temperature": 0.7, "seed": 5}
    turns = [
        Turn(question=question, replies=[ReplyText(text=text, adapter_id="a1", name="first", base="academy-mini", sampling=sampling)])
        for text in texts
    ]
    for turn in turns:
        academy.conversations.keep(CHAT, turn)
    return turns


def act(academy: Academy, verb: Any, turn: Turn, reply: int = 0, **data: str) -> dict[str, Any]:
    return verb(Look(academy), {"chat": CHAT, "turn": turn.turn_id, "reply": str(reply)} | data)


def lessons(academy: Academy) -> list[Lesson]:
    return sorted(academy.lessons.list().items, key=lambda lesson: lesson.action)


def test_a_rating_is_one_lesson_however_often_it_changes_and_tells_how_the_reply_came_about(academy: Academy) -> None:
    (turn,) = asked(academy, "Under the pot.")
    for rating in ("good", "bad", "good", "good"):
        act(academy, correcting.rate, turn, rating=rating)
    (lesson,) = lessons(academy)
    assert (lesson.rating, lesson.action, lesson.rejected, lesson.tags) == ("good", "Under the pot.", None, ["chat"])
    assert lesson.metadata == {
        "source": "chat", "adapter_id": "a1", "base_model": "academy-mini", "sampling": {"temperature": 0.7, "seed": 5},
    }  # fmt: skip
    act(academy, correcting.correct, turn, corrected="On the hook.", comment="it hangs")
    (lesson,) = lessons(academy)
    assert (lesson.action, lesson.rejected, lesson.rating, lesson.feedback) == ("On the hook.", "Under the pot.", "good", "it hangs")
    academy.lessons.delete(lesson.lesson_id)
    act(academy, correcting.correct, turn, corrected="On the nail.")
    assert [item.action for item in lessons(academy)] == ["On the nail."]


@pytest.mark.parametrize("alone", [True, False])
def test_a_reply_that_was_given_without_the_turns_before_is_taught_without_them(academy: Academy, alone: bool) -> None:
    (first,) = asked(academy, "Under the pot.")
    reply = ReplyText(text="At nine.", base="academy-mini", alone=alone)
    second = Turn(parent=first.turn_id, question="When does it open?", replies=[reply])
    academy.conversations.keep(CHAT, second)
    act(academy, correcting.correct, second, corrected="At ten.")
    (lesson,) = lessons(academy)
    assert lesson.metadata.get("history") == (None if alone else [["Where is the key?", "Under the pot."]])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_good_and_a_bad_reply_to_one_question_are_a_pair_whichever_is_rated_first(academy: Academy, order: tuple[int, int]) -> None:
    turns = asked(academy, "No idea.", "Under the pot.")
    for at in order:
        act(academy, correcting.rate, turns[at], rating=("bad", "good")[at])
    bad, good = lessons(academy)
    assert (good.action, good.rejected, good.rating) == ("Under the pot.", "No idea.", "good")
    assert (bad.action, bad.rejected, bad.rating) == ("No idea.", None, "bad")
    other = asked(academy, "At noon.", question="When?")[0]
    act(academy, correcting.rate, other, rating="good")
    assert {lesson.rejected for lesson in lessons(academy) if lesson.situation == "When?"} == {None}


def test_two_that_answered_side_by_side_are_a_pair_too(academy: Academy) -> None:
    turn = Turn(question="Where?", replies=[ReplyText(text="Here.", adapter_id="a1"), ReplyText(text="There.")])
    academy.conversations.keep(CHAT, turn)
    act(academy, correcting.rate, turn, 1, rating="bad")
    act(academy, correcting.rate, turn, 0, rating="good")
    good = next(lesson for lesson in lessons(academy) if lesson.rating == "good")
    assert (good.action, good.rejected) == ("Here.", "There.")


def test_a_comment_alone_stays_beside_a_bad_reply(academy: Academy) -> None:
    (turn,) = asked(academy, "Under the pot.")
    assert 'name="comment"' in act(academy, correcting.ask_correction, turn)["dialog"]
    act(academy, correcting.correct, turn, corrected="Under the pot.", comment="shorter, <b>and</b> name the file")
    (lesson,) = lessons(academy)
    assert (lesson.rating, lesson.rejected, lesson.feedback) == ("bad", None, "shorter, <b>and</b> name the file")
    html = replies.conversation_html(academy.conversations.get(CHAT))
    assert "Your comment: shorter, &lt;b&gt;and&lt;/b&gt; name the file" in html
    assert academy.datasets.untaught(None) == 0  # a bad reply is never taught


def test_a_lesson_is_new_until_some_training_sees_it(academy: Academy) -> None:
    # The newest training alone decided: after one of a single row, all that the others had taught was new again.
    for number in range(12):
        asked, answered = f"What is robot {number * 37} called?", f"It is called Zorb{number * 91}."
        academy.lessons.add(LessonIn(situation=asked, action=answered, tags=["r"]))
    academy.lessons.add(LessonIn(situation="What is on the roof?", action="A weather vane.", tags=["roof"]))
    whole, one = (
        str(academy.datasets.create(DatasetRequest.model_validate({"include_git": False, "lesson_filter": {"tags": tags}}))["dataset_id"])
        for tags in (["r"], ["roof"])
    )
    assert academy.machine.advice().new_lessons == 13
    a_run(academy._job_store, academy.settings.models_dir, "first", dataset_id=whole)
    assert academy.machine.advice().new_lessons == 1
    a_run(academy._job_store, academy.settings.models_dir, "lost", dataset_id=one, status="failed")
    assert academy.machine.advice().new_lessons == 1
    a_run(academy._job_store, academy.settings.models_dir, "now", dataset_id=one, status="running")
    assert academy.machine.advice().new_lessons == 0


def test_new_lessons_are_counted_since_the_active_adapter_and_taught_with_one_click(academy: Academy) -> None:
    assert teaching.line(Look(academy)) == ""
    with pytest.raises(Conflict):
        teaching.teach(Look(academy), {})
    for number in range(12):
        academy.lessons.add(LessonIn(situation=f"What is robot {number * 37} called?", action=f"It is called Zorb{number * 91}."))
    assert "12 lessons are not taught yet" in teaching.line(Look(academy))
    dataset = str(academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"])
    models = academy.settings.models_dir
    a_run(academy._job_store, models, "first", adapter=True, dataset_id=dataset)
    (models / "first" / "report.json").write_text(json.dumps(a_report()))
    academy._adapter_store.set_active("first")
    assert teaching.line(Look(academy)) == ""
    (turn,) = asked(academy, "Under the red flower pot.")
    act(academy, correcting.rate, turn, rating="good")
    assert "1 new lesson since first" in teaching.line(Look(academy))
    answer = teaching.teach(Look(academy), {})
    job = academy.jobs.get(answer["state"]["job"])
    assert academy.datasets.get(str(job.dataset_id)).statistics["total_examples"] == 13
    # All lessons are in the dataset, so it begins at the base; another adapter's lessons would be lost.
    assert (job.base_model, job.continue_from, job.name) == ("academy-mini", None, "first-2")
    # What another adapter has learned since is not taught again: the question is which of the two is to answer.
    academy._job_store.end(job.job_id, "cancelled")
    a_run(academy._job_store, models, "second", adapter=True, dataset_id=job.dataset_id)
    line = str(teaching.line(Look(academy)))
    assert "second has learned the 1 new lesson" in line
    assert 'data-act="adapter.try"' in line
    assert "chat.teach" not in line
    assert "proposal.accept" not in line
    # Nobody says that it learned what its exam says that it did not.
    report = models / "second" / "report.json"
    report.write_text(json.dumps(a_report("not_learned")))
    assert "1 new lesson since first" in teaching.line(Look(academy))
    report.unlink()
    academy.lessons.add(LessonIn(situation="Who has the ladder?", action="Ben has it."))
    assert "2 new lessons since first" in teaching.line(Look(academy))
    only = DatasetRequest.model_validate({"include_git": False, "lesson_filter": {"tags": ["chat"]}})
    plan = academy.training.plan(TrainingSpec(dataset_id=str(academy.datasets.create(only)["dataset_id"])))
    assert (plan["continuing"]["choice"], plan["continuing"]["adapter_id"]) == ("continue", "first")
