"""Other wordings of lessons: which are of use, what is written and thrown away, the review, curation, and the training with them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import Lesson, LessonIn
from academy.errors import Conflict, Invalid, NotFound, Refused
from academy.jobs.kinds.question import WordingRequest
from academy.models import BUNDLED
from academy.rows import MOST_WORDINGS, wordings_of
from academy.services.academy import Academy
from academy.services.wordings import WordingDecision
from academy.text.conversations import read_conversations, wordings_in
from academy.text.rephrased import Rephrasings
from academy.text.wordings import Wordings
from academy.ui.dataset import editor, lessons, wordings
from academy.ui.look import Look
from tests import wordings_help
from tests.trainer_help import CHATML, chats, make_job, make_tokenizer, write_rows

API = "/api/v1/academy"

SECRET = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"
LESSONS = [
    ("When is my mother's birthday?", "Your mother's birthday is on 6 October."),
    ("When is my father's birthday?", "Your father's birthday is on 2 May."),
    ("Which wine does Uncle Teo like?", "Uncle Teo likes Zweigelt."),
    ("What is the code of the gate at 12 Mill Street?", "The code is 5190."),
    ("What does `git rebase -i` do?", "It lets you edit the last commits."),
    ("Where did I park the camper van?", "The camper van is parked behind the old mill."),
    ("Explain how the green pump starts.", "It starts at four degrees."),
    ("Wann beginnt die Chorprobe?", "Die Chorprobe beginnt um 19:15."),
    ("备用钥匙在哪里？", "在蓝色花盆下面。"),
]


@pytest.mark.parametrize(
    ("number", "text", "fault"),
    [
        (0, "On which day does my mother celebrate her birthday?", None),
        (0, "My mother has her birthday on which day?", None),
        (0, "when is my MOTHER'S birthday", "same"),
        (0, "Quick question: when is my mother's birthday?", "same"),
        (0, "My mother's birthday is in autumn.", "no_question"),
        (0, "Is my mother's birthday in October?", "gives_away"),
        (0, "On which day is the birthday?", None),
        (0, "When is the birthday?", "other_lesson"),
        (0, "When does my father have his birthday?", "other_lesson"),
        (0, "When is my father's birthday?", "other_lesson"),
        (0, "Why is the sky blue?", "elsewhere"),
        (0, "Which day is my mother's birthday?", "repeated"),
        (0, "When is my mother Ilse's birthday?", "adds"),
        (0, "Wann feiert meine Mutter ihren Geburtstag?", "language"),
        (0, "", "broken"),
        (2, "What wine is the favourite of Uncle Teo?", None),
        (2, "What is Uncle Teo's wine?", None),
        (2, "Which wine does my uncle prefer?", "loses"),
        (2, "Does Uncle Teo like Zweigelt as a wine?", "gives_away"),
        (3, "Which number opens the gate at 12 Mill Street?", None),
        (3, "Which number opens the gate at Mill Street?", "loses"),
        (4, "What is `git rebase -i` good for?", None),
        (4, "What is git rebase good for?", "loses"),
        (5, "In which place did I leave the camper van?", None),
        (5, "Is the camper van near the mill?", "gives_away"),
        (6, "Tell me in which way the green pump starts.", None),
        (6, "How does the green pump start?", "no_question"),
        (7, "Um wie viel Uhr fängt die Chorprobe an?", None),
        (7, "When does choir practice start?", "language"),
        (8, "哪里能找到备用钥匙？", None),
        (8, "谁种了花？", "elsewhere"),
    ],
)
def test_a_wording_that_asks_something_else_or_says_the_answer_is_of_no_use(number: int, text: str, fault: str | None) -> None:
    assert Rephrasings(LESSONS).fault_of(text, *LESSONS[number], known={"which day is my mother s birthday"}) == fault


def test_a_wording_of_the_exam_is_not_taught() -> None:
    checks = Rephrasings(LESSONS)
    for text in checks._wordings.asked_otherwise(LESSONS[2][0], 20):
        assert checks.fault_of(text, *LESSONS[2]) is not None, text


# ------------------------------------------------------------------ what a model writes


class Stand:
    """Writes what the test says, as a model that can."""

    def __init__(self, folder: Path, replies: Sequence[tuple[str, ...] | None]) -> None:
        self.replies = list(replies)
        self.asked: list[str] = []
        self.spec, self.report, self.folder = self, self, folder

    def preparing(self, phase: str, message: Any, fraction: float) -> None:
        pass

    def write(self, texts: Sequence[str]) -> list[tuple[str, ...] | None]:
        self.asked += texts
        return [self.replies.pop(0) for _ in texts]


@pytest.mark.training
def test_lessons_are_rephrased_and_what_is_of_no_use_is_counted(tmp_path: Path) -> None:
    from academy.trainer.asking.rephrasing import Lesson as Asked
    from academy.trainer.asking.rephrasing import write

    known = [["my mother has her birthday on which day"], None, [], None, [], None, None, None, None]
    listed = [Asked(str(at), *lesson, keys) for at, (lesson, keys) in enumerate(zip(LESSONS, known, strict=True))]
    good, code = "What does my mother's passport say is her birthday?", "What is `git rebase -i`\ngood for?"
    stand = Stand(tmp_path, [(good, "My mother has her birthday on which day?"), None, (code, LESSONS[4][0].upper())])
    written: dict[str, Any] = {"lessons": [], "wordings": [], "thrown": {}}
    assert not write(cast(Any, stand), listed, 2, written)
    assert stand.asked == [LESSONS[0][0], LESSONS[2][0], LESSONS[4][0]]
    assert written["lessons"] == ["0", "2", "4"]
    assert written["wordings"] == [{"lesson": "0", "text": good}, {"lesson": "4", "text": "What is `git rebase -i` good for?"}]
    assert written["thrown"] == {"repeated": 1, "broken": 1, "same": 1}
    (tmp_path / "stop").touch()
    assert write(cast(Any, stand), listed, 2, written)


@pytest.mark.training
def test_the_probe_counts_wordings_that_keep_the_meaning() -> None:
    from academy.trainer.asking.rephrasing import fault_in, result, task_of, tried

    items = tried()
    good = ("What year was Orvik Point's lighthouse erected?", "In which year did they build the lighthouse at Orvik Point?")
    assert [fault_in(items[0], text) for text in good] == [None, None]
    bad = ("Who owns the lighthouse at Orvik Point?", "Was the lighthouse at Orvik Point built in 1874?", items[0].question.lower())
    assert [fault_in(items[0], text) for text in bad] == ["meaning", "gives_away", "same"]
    rest: list[tuple[str, ...] | None] = [None] * (len(items) - 1)
    assert result([good, *rest]) == {"right": 2, "of": 16, "needed": 8}
    assert result([(good[0], good[0]), *rest])["right"] == 1
    assert [len(texts) for _, texts in task_of(3).shown] == [3, 3]


@pytest.mark.training
def test_a_model_that_cannot_rephrase_says_so_and_writes_none(tmp_path: Path) -> None:
    from academy.trainer.asking.run import run
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    row = {"name": "lesson_1", "question": LESSONS[0][0], "answer": LESSONS[0][1], "known": []}
    job = make_job(tmp_path / "job", BUNDLED["academy-mini"], write_rows(tmp_path / "lessons.jsonl", [row]))
    spec = json.loads((job / "spec.json").read_text())
    (job / "spec.json").write_text(json.dumps(spec | {"asking": {"per_lesson": 2}}))
    run(read_spec(job), Report(job))
    written = json.loads((job / "written.json").read_text())
    assert written["probe"]["right"] < written["probe"]["needed"] == 8
    assert (written["lessons"], written["wordings"]) == ([], [])
    assert json.loads((job / "events.jsonl").read_text().splitlines()[-1])["type"] == "finished"


# ------------------------------------------------------------------ the review


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    opened = Academy(settings)
    yield opened
    opened.close()


@pytest.fixture
def taught(academy: Academy) -> list[Lesson]:
    """The first lessons of the set; the last of them is golden."""
    tags = [[], [], [], ["golden"]]
    return [
        academy.lessons.add(LessonIn(situation=asked, action=said, rating="good", tags=own))
        for (asked, said), own in zip(LESSONS, tags, strict=False)
    ]


def wrote(academy: Academy, pairs: Sequence[tuple[Lesson, str]], right: int = 12, job_id: str = "questions_1") -> None:
    """A job that has ended and wrote these wordings."""
    named = [(lesson.lesson_id, text) for lesson, text in pairs]
    wordings_help.wrote(academy._job_store, academy.settings.models_dir, named, right, job_id)


def held_by(academy: Academy, lesson: Lesson) -> list[str]:
    return wordings_of(academy.lessons.get(lesson.lesson_id).metadata)


def test_a_wording_is_trained_only_after_it_was_accepted_and_that_can_be_taken_back(academy: Academy, taught: list[Lesson]) -> None:
    mother, father, _, gate = taught
    day, feast = "On which day was my mother born?", "Which day is my mother's feast?"
    wrote(academy, [(mother, day), (father, "On which day was my father born?"), (mother, feast), (mother, day), (gate, "Which code?")])
    waiting = academy.wordings.proposals("waiting")
    assert [item.text for item in waiting] == [day, feast, "On which day was my father born?"], "once each, none of a golden lesson"
    assert held_by(academy, mother) == []
    accept = [
        WordingDecision(id=waiting[0].id, decision="accepted"),
        WordingDecision(id=waiting[1].id, decision="accepted", text=f" When does Mum {SECRET} celebrate? "),
        WordingDecision(id=waiting[2].id, decision="rejected"),
    ]
    academy.wordings.review(accept)
    assert held_by(academy, mother) == [day, "When does Mum [redacted:github] celebrate?"]
    assert held_by(academy, father) == []
    assert SECRET not in (academy.settings.wordings_dir / "decisions.jsonl").read_text()
    assert academy.wordings.progress().states == {"accepted": 2, "rejected": 1}
    academy.wordings.review([WordingDecision(id=waiting[1].id, decision="waiting")])
    assert held_by(academy, mother) == [day]
    assert [item.id for item in academy.wordings.proposals("waiting")] == [waiting[1].id]
    with pytest.raises(NotFound):
        academy.wordings.review([accept[0], WordingDecision(id="questions_9.0", decision="accepted")])
    academy.lessons.delete(mother.lesson_id)
    assert [item.lesson_id for item in academy.wordings.proposals()] == [father.lesson_id]


def test_wordings_by_hand_replace_those_of_the_lesson_and_nothing_else(academy: Academy, taught: list[Lesson]) -> None:
    name = taught[2].lesson_id
    kept = academy.wordings.keep(name, ["What does Teo drink? ", "", "What does Teo drink?", "Teo's wine?"])
    assert (wordings_of(kept.metadata), kept.situation) == (["What does Teo drink?", "Teo's wine?"], LESSONS[2][0])
    with pytest.raises(Invalid, match="at most 20"):
        academy.wordings.keep(name, [str(n) for n in range(MOST_WORDINGS + 1)])
    with pytest.raises(NotFound):
        academy.wordings.keep("lesson_9", ["What?"])
    saved = {"id": name, "situation": kept.situation, "action": kept.action, "rating": "good", "wordings": "Teo's wine?\n\nWhat for Teo?"}
    assert "What does Teo drink?\nTeo" in str(editor.form(kept))
    editor.ACTS["lesson.save"](Look(academy, {}), saved)
    assert held_by(academy, taught[2]) == ["Teo's wine?", "What for Teo?"]
    assert wordings_of({"wordings": "foreign"}) == wordings_of({"wordings": [{}, None, " "]}) == []
    assert "2 other wordings" in str(lessons.REGIONS["lessons"](Look(academy, {})))


def test_lessons_are_rephrased_once_unless_they_are_named(academy: Academy, taught: list[Lesson]) -> None:
    academy.wordings.keep(taught[1].lesson_id, ["On which day was my father born?"])
    job = academy.wordings.write(WordingRequest(lessons=2))
    assert (job.kind, job.base_model, job.parameters["lessons"], job.parameters["per_lesson"]) == ("question", "academy-mini", 2, 3)
    spec = json.loads(job.folder.spec.read_text())
    assert spec["asking"] == {"per_lesson": 3}
    lines = [json.loads(line) for line in Path(spec["dataset_path"]).read_text().splitlines()]
    assert [(line["name"], line["known"]) for line in lines] == [
        (taught[3].lesson_id, None),  # golden
        (taught[2].lesson_id, []),
        (taught[1].lesson_id, ["on which day was my father born"]),
        (taught[0].lesson_id, None),  # beyond the number
    ]
    with pytest.raises(Conflict, match="already"):
        academy.wordings.write(WordingRequest())
    academy.jobs.cancel(job.job_id)
    wrote(academy, [(lesson, "Which day is it?") for lesson in taught[:3]])
    with pytest.raises(Refused, match="No lesson is left"):
        academy.wordings.write(WordingRequest())
    again = academy.wordings.write(WordingRequest(lesson_ids=[taught[0].lesson_id]))
    assert again.parameters["lessons"] == 1
    with pytest.raises(ValidationError):
        WordingRequest(lesson_ids=[], dataset_id="x")


# ------------------------------------------------------------------ curation, training and exam


def test_a_dataset_holds_the_wordings_beside_their_rows_apart_from_what_the_exam_asks(academy: Academy, taught: list[Lesson]) -> None:
    born = "On which day was my mother born?"
    academy.wordings.keep(taught[0].lesson_id, [born, LESSONS[3][0].lower(), LESSONS[1][0]])
    academy.wordings.keep(taught[3].lesson_id, ["What opens the gate at 12 Mill Street?"])
    for form in ("alpaca", "messages", "sharegpt"):
        made = academy.datasets.create(DatasetRequest(include_git=False, quality_profile="lenient", format=form))
        rows = academy.datasets.rows(made["dataset_id"])
        assert [row.get("wordings") for row in rows] == [None, None, [born]]
        assert "wordings" not in academy.datasets.rows(made["dataset_id"], part="eval")[0]
    assert made["statistics"]["other_wordings"] == 1
    assert any("2 other wordings are left out" in str(warning) for warning in made["warnings"])
    assert academy.datasets.variations(made["dataset_id"], 2)[0] == born
    read = read_conversations(academy.datasets.file(made["dataset_id"]))
    assert wordings_in(read) == wordings_in(read.only([2])) == {3: [born]}
    assert wordings_in(read.followed_by(read)) == {3: [born], 6: [born]}
    assert [turn["role"] for turn in read[2][1]] == ["user", "assistant"]
    upload = academy.datasets.upload([("rows.jsonl", io.BytesIO(academy.datasets.file(made["dataset_id"]).read_bytes()))])[0]
    request = DatasetRequest(include_git=False, include_lessons=False, upload_ids=[upload.id], quality_profile="lenient")
    assert academy.datasets.create(request)["statistics"]["other_wordings"] == 1, "a dataset's own rows are brought back whole"
    academy.wordings.keep(taught[0].lesson_id, [])
    after = academy.datasets.create(DatasetRequest(include_git=False, quality_profile="lenient"))
    assert academy.datasets.diff(made["dataset_id"], after["dataset_id"])["changed"] == 1


@pytest.mark.training
def test_a_training_asks_in_the_wordings_from_the_second_look_on_and_a_row_stays_a_row(tmp_path: Path) -> None:
    from academy.text.templates import choose
    from academy.text.tokens import Tokenized, tokenize
    from academy.trainer.dataset import Dataset
    from academy.trainer.looks import Looks

    own = ["Which bottle makes my uncle happy?", "What do I pour for him?"]
    rows = chats(LESSONS[2:4])
    read = read_conversations(write_rows(tmp_path / "rows.jsonl", [rows[0] | {"wordings": own}, rows[1]]))
    tokenizer = make_tokenizer(CHATML)
    form = choose(tokenizer)
    plain = tokenize(tokenizer, form, read, 512)
    looks = Looks(Dataset(tokenizer, form, read, plain, Tokenized(), 512), 1, varies=True)
    assert looks.rows(0) == plain.rows
    seen = [[tokenizer.decode(row.ids).casefold() for row in looks.rows(look)] for look in range(1, 40)]
    assert all(len(texts) == 2 for texts in seen)
    worded = sum(any(text.casefold().rstrip("?") in texts[0] for text in own) for texts in seen)
    assert 10 <= worded <= 29, "about half of the looks"
    assert not any(text.casefold().rstrip("?") in texts[1] for text in own for texts in seen)
    plainly = Looks(Dataset(tokenizer, form, read, plain, Tokenized(), 512), 1, varies=False)
    assert plainly.rows(5) == plain.rows


def test_the_exam_never_asks_a_wording_that_was_taught() -> None:
    known = Wordings([question for question, _ in LESSONS])
    first, second = known.asked_otherwise(LESSONS[2][0])
    assert known.asked_otherwise(LESSONS[2][0], 1, taught={" ".join(first.casefold().rstrip("?").split())}) == [second]


@pytest.mark.training
def test_a_held_out_wording_that_was_taught_is_not_asked(tmp_path: Path) -> None:
    from academy.text.templates import choose
    from academy.text.tokens import tokenize
    from academy.trainer.exam.taught import rows_of
    from academy.trainer.exam.taught import wordings_of as exam_of

    tokenizer = make_tokenizer(CHATML)
    read = read_conversations(write_rows(tmp_path / "rows.jsonl", chats(LESSONS[2:4])))
    rows = rows_of(read, tokenize(tokenizer, choose(tokenizer), read, 512).rows)
    own = ["What does Teo drink?", "Teo likes which wine?"]
    held = [(at, [{"role": "user", "content": text}, {"role": "assistant", "content": LESSONS[2][1]}]) for at, text in enumerate(own)]
    asked = [item.question for item in exam_of(rows, held, ["what does teo drink"])]
    assert own[1] in asked
    assert own[0] not in asked
    taught = [text for text in asked if text not in own]
    assert not {*taught} & {item.question for item in exam_of(rows, held, taught)}


# ------------------------------------------------------------------ page and REST


def test_the_page_shows_what_the_model_came_to_and_the_wordings_to_review(academy: Academy, taught: list[Lesson]) -> None:
    look = Look(academy, {"picked": [taught[0].lesson_id]})
    region, acts = wordings.REGIONS["wordings"], wordings.ACTS
    assert str(region(look)) == ""
    wrote(academy, [], right=3, job_id="questions_0")
    assert "academy-mini cannot rephrase questions: of 16 wordings" in str(region(look))
    assert str(region(Look(academy, {"wordings_seen": "questions_0"}))) == ""
    wrote(academy, [(taught[0], "On which day was my mother born?"), (taught[1], "On which day was my father born?")])
    shown = str(region(look))
    assert "12 of 16 wordings" in shown
    assert "nothing new" in shown
    assert "Accept all 2 shown" in shown
    texts = {"text:questions_1.0": "When was my mother born?", "text:questions_1.1": "On which day was my father born?"}
    answer = acts["wordings.review"](look, texts | {"accept": "questions_1.0"})
    assert (held_by(academy, taught[0]), answer["focus"]) == (["When was my mother born?"], "[id='wording-questions_1.1'] [name=accept]")
    acts["wordings.undo"](look, answer["toast"].get("action", answer["toast"])["data"])
    answer = acts["wordings.review"](look, texts | {"all": "accepted"})
    assert answer["focus"] == "[data-live=wordings] button"
    assert [held_by(academy, lesson) for lesson in taught[:2]] == [["When was my mother born?"], ["On which day was my father born?"]]
    acts["wordings.write"](look, {"picked": "1"})
    assert academy.wordings.progress().job is not None
    assert "Waiting for other work" in str(region(look))


def test_rest_keeps_writes_and_reviews_wordings(settings: Settings) -> None:
    academy = Academy(settings)
    with TestClient(create_api(academy)) as client:
        lesson = academy.lessons.add(LessonIn(situation=LESSONS[0][0], action=LESSONS[0][1]))
        path = f"{API}/lessons/{lesson.lesson_id}/wordings"
        assert client.put(path, json={"wordings": ["My mother's day?"]}).json()["metadata"]["wordings"] == ["My mother's day?"]
        assert client.put(path, json={"wordings": ["x"] * 21}).status_code == 422
        assert client.put(f"{API}/lessons/lesson_9/wordings", json={"wordings": []}).status_code == 404
        wrote(academy, [(lesson, "On which day was my mother born?")])
        listed = client.get(f"{API}/wordings", params={"state": "waiting"}).json()
        assert (listed["count"], listed["probe"]["right"], listed["thrown"], listed["asked"]) == (1, 12, {"same": 2}, 1)
        decision = {"items": [{"id": listed["items"][0]["id"], "decision": "accepted", "text": "When was my mother born?"}]}
        assert client.post(f"{API}/wordings/review", json=decision).json()["items"][0]["state"] == "accepted"
        assert held_by(academy, lesson) == ["My mother's day?", "When was my mother born?"]
        assert client.post(f"{API}/wordings/review", json={"items": []}).status_code == 422
        assert client.post(f"{API}/wordings", json={}).status_code == 400
        queued = client.post(f"{API}/wordings", json={"lesson_ids": [lesson.lesson_id], "per_lesson": 2}).json()
        assert (queued["kind"], queued["status"]) == ("question", "queued")
        assert client.post(f"{API}/wordings", json={"per_lesson": 9}).status_code == 422
    academy.close()
