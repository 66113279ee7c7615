"""The arena through its journal, its verbs and REST: golden questions, blind duels, votes that count once, the ranking, the judge."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from adapters_help import lora, make_base, write_tensors
from serving import serving
from starlette.testclient import TestClient

from academy.adapters.store import Adapter
from academy.api.routes import create_api
from academy.arena.journal import Alike, Duel, Journal, Side, Skip, Vote, tallies
from academy.arena.judge import _choice
from academy.arena.questions import Question
from academy.arena.ratings import Tally
from academy.bases import Base, fingerprint
from academy.chat.conversations import Conversation, ReplyText, Turn
from academy.chat.request import Effect, Loaded, Outcome, Sampling
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.errors import Conflict, NotFound, Unavailable
from academy.services.academy import Academy
from academy.services.arena import DuelRequest
from academy.ui import arena as arena_page
from academy.ui.chat import asking, blind
from academy.ui.chat.choices import Choices
from academy.ui.chat.replies import turn_html
from academy.ui.look import Look
from tests.waiting import wait_until

API = "/api/v1/academy"
QUESTIONS = [f"Which floor is room {n}?" for n in range(8)]


class Speaker:
    """Answers with who it is and the question; the twins with the question alone. As a judge it prefers what "new" said, or number 1."""

    loaded: Loaded | None = None

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def on_gpu(self) -> bool:
        return False

    def prepare(self, base: Base, adapter: Adapter | None) -> None:
        self.loaded = Loaded(base, "cpu", adapter.adapter_id if adapter else None)

    def generate(
        self,
        messages: list[dict[str, str]],
        adapter: Adapter | None,
        sampling: Sampling,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> Outcome:
        self.gate.wait(20)
        name, question = adapter.adapter_id if adapter else "base", messages[-1]["content"]
        self.asked.append(name)
        if "Which answer is better?" in question:
            first, second = question.split("Answer 1:")[1].split("Answer 2:")
            say("1" if "new" in first or "new" not in second.split("Which answer")[0] else "Answer 2 is better.")
        else:
            say(question if name.startswith("twin") else f"{name}: {question}")
        return Outcome(3, 3, "stopped" if stop.is_set() else "end")

    def effect(self, questions: Sequence[str], adapter: Adapter) -> Effect:
        raise NotImplementedError

    def unload(self) -> None:
        self.loaded = None


def add_adapter(settings: Settings, name: str, base: Path) -> None:
    folder = settings.models_dir / name / "adapter"
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": str(base)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    write_tensors(folder / "adapter_model.safetensors", lora())
    record = {"base_model": str(base), "base_fingerprint": fingerprint(base), "created_at": "2026-01-01T00:00:00.000Z"}
    (folder.parent / "metadata.json").write_text(json.dumps(record))


@pytest.fixture
def engine() -> Speaker:
    return Speaker()


@pytest.fixture
def academy(tmp_path: Path, engine: Speaker) -> Iterator[Academy]:
    """With a base, two adapters on it and eight golden questions."""
    base = make_base(tmp_path / "base")
    settings = Settings(data_dir=tmp_path / "data", default_base_model=str(base), _env_file=None)  # type: ignore[call-arg]
    for name in ("new", "old"):
        add_adapter(settings, name, base)
    made = Academy(settings, engine=engine)
    yield made
    engine.gate.set()
    made.close()


@pytest.fixture
def client(academy: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made


@pytest.fixture
def asked(client: TestClient) -> TestClient:
    for question in QUESTIONS:
        good(client.post(f"{API}/arena/questions", json={"question": question}))
    return client


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def journal_of(academy: Academy) -> Path:
    return academy.settings.data_dir / "arena" / "journal.jsonl"


def side_of(duel: dict[str, Any], author: str) -> str:
    return next(answer["side"] for answer in duel["answers"] if answer["text"].startswith(author))


# ------------------------------------------------------------------ the journal


def a_duel(duel_id: str = "d1", a: str = "new", b: str = "old") -> Duel:
    sides = [Side(adapter_id=name, name=name, base_model="m", text=f"I am\n{name}.") for name in (a, b)]
    return Duel(duel_id=duel_id, question="Who?", a=sides[0], b=sides[1])


def test_a_journal_that_is_cut_anywhere_loses_no_complete_line_and_counts_none_twice(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    journal = Journal(whole)
    for number in range(3):
        journal.add(a_duel(f"d{number}"))
        journal.add(Vote(duel_id=f"d{number}", winner="a"))
    raw = whole.read_bytes()
    last = raw[:-1].rindex(b"\n") + 1
    for end in range(last, len(raw) + 1):
        path = tmp_path / f"cut{end}.jsonl"
        path.write_bytes(raw[:end])
        cut = Journal(path)
        # The last vote counts as soon as it is complete, with or without its line break.
        assert len(cut.votes()) == (3 if end >= len(raw) - 1 else 2)
        if len(cut.votes()) == 2:
            cut.add(Vote(duel_id="d2", winner="tie"))
        with pytest.raises(Conflict):
            cut.add(Vote(duel_id="d2", winner="b"))
        assert len(Journal(path).votes()) == 3


def test_damaged_lines_votes_on_nothing_and_second_votes_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = [a_duel(), Vote(duel_id="d1", winner="a"), Vote(duel_id="d1", winner="b"), Vote(duel_id="gone", winner="a")]
    text = "\n".join(line.model_dump_json() for line in lines)
    path.write_text('{"event": "duel"}\n[1]\nnull\n{"event": "other"}\n\x00\n' + text + "\n{\n")
    journal = Journal(path)
    assert [(duel.duel_id, vote.winner) for duel, vote in journal.votes()] == [("d1", "a")]
    with pytest.raises(NotFound):
        journal.add(Vote(duel_id="gone", winner="a"))
    assert Journal(path).revision == journal.revision == 2


def test_of_many_votes_at_once_one_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add(a_duel())

    def vote(_: int) -> bool:
        try:
            journal.add(Vote(duel_id="d1", winner="a"))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(vote, range(32))) == 1
    assert len(Journal(tmp_path / "journal.jsonl").votes()) == 1


def test_votes_are_counted_by_pair_whatever_the_sides(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for number, (a, b, winner) in enumerate([("new", "old", "a"), ("old", "new", "b"), ("old", "new", "tie"), ("old", "base", "a")]):
        journal.add(a_duel(str(number), a, b))
        journal.add(Vote(duel_id=str(number), winner=winner))  # type: ignore[arg-type]
    journal.add(Vote(duel_id="0", winner="b", judge="m"))
    journal.add(Alike(question="Same?", authors=["new", "old"]))
    assert tallies(journal.votes()) == {("new", "old"): Tally(wins=2, ties=1), ("base:m", "old"): Tally(losses=1)}
    assert tallies(journal.votes(judge=True)) == {("new", "old"): Tally(losses=1)}
    assert journal.asked("old", "new") == {"who?", "same?"}


def test_a_skipped_duel_has_no_vote_and_a_voted_one_is_not_skipped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for name in ("d1", "d2"):
        journal.add(a_duel(name))
    journal.add(Skip(duel_id="d1"))
    journal.add(Vote(duel_id="d2", winner="a"))
    for line in (Vote(duel_id="d1", winner="a"), Vote(duel_id="d1", winner="a", judge="m"), Skip(duel_id="d1"), Skip(duel_id="d2")):
        with pytest.raises(Conflict):
            journal.add(line)
    with pytest.raises(NotFound):
        journal.add(Skip(duel_id="gone"))
    # Written by hand into the file, they count no more than that.
    with open(path, "a") as file:
        file.write(Vote(duel_id="d1", winner="b").model_dump_json() + "\n" + Skip(duel_id="d2").model_dump_json() + "\n")
    again = Journal(path)
    assert [duel.duel_id for duel, _ in again.votes()] == ["d2"]
    assert (again.is_skipped("d1"), again.is_skipped("d2")) == (True, False)
    assert again.revision == journal.revision == 4


# ------------------------------------------------------------------ questions


def test_golden_questions_are_kept_and_deleted(client: TestClient, academy: Academy) -> None:
    assert good(client.get(f"{API}/arena/questions")) == {"count": 0, "items": []}
    added = good(client.post(f"{API}/arena/questions", json={"question": " Who? ", "expected": "Lena."}))
    assert (added["question"], added["expected"], added["count"]) == ("Who?", "Lena.", 1)
    assert client.post(f"{API}/arena/questions", json={"question": "who?"}).status_code == 409
    assert client.post(f"{API}/arena/questions", json={"question": "  "}).status_code == 422
    assert client.post(f"{API}/arena/questions", json={"question": "x", "more": 1}).status_code == 422
    good(client.post(f"{API}/arena/questions", json={"question": "Where?"}))
    assert [item["question"] for item in good(client.get(f"{API}/arena/questions"))["items"]] == ["Where?", "Who?"]
    assert good(client.delete(f"{API}/arena/questions/{added['id']}"))["count"] == 1
    assert client.delete(f"{API}/arena/questions/{added['id']}").status_code == 404
    assert good(client.delete(f"{API}/arena/questions", params={"question": "WHERE?"}))["count"] == 0
    (academy.settings.data_dir / "arena" / "questions.json").write_text("{")
    assert client.get(f"{API}/arena/questions").status_code == 422


def test_suggestions_come_from_golden_lessons_held_out_rows_and_chats(client: TestClient, academy: Academy) -> None:
    for n in range(12):
        academy.lessons.add(LessonIn(situation=f"What is robot {n * 37} called?", action=f"It is Zorb{n * 91}.", rating="good"))
    academy.datasets.create(DatasetRequest(include_git=False, eval_fraction=0.2))
    academy.lessons.add(LessonIn(situation="Who has the key?", action="Lena has it.", tags=["golden"]))
    turn = Turn(question="When do we open?")
    academy._permission.to_change()
    academy.arena._conversations.save(Conversation(chat_id="0123456789ab").with_turn(turn))
    good(client.post(f"{API}/arena/questions", json={"question": "who has the KEY?"}))
    found = good(client.get(f"{API}/arena/suggestions", params={"limit": 50}))["items"]
    assert {item["origin"] for item in found} == {"held_out", "chat", "lesson"}
    assert found[0]["origin"] == "held_out"
    assert found[0]["expected"].startswith("It is Zorb")
    assert len({item["question"] for item in found}) == len(found) == 13
    good(client.delete(f"{API}/arena/questions", params={"question": "Who has the key?"}))
    assert good(client.get(f"{API}/arena/suggestions", params={"limit": 1}))["items"][0]["origin"] == "golden"


# ------------------------------------------------------------------ duels and votes


def test_a_duel_is_blind_until_its_one_vote(asked: TestClient, academy: Academy) -> None:
    answer = asked.post(f"{API}/arena/duels", json={"adapters": ["new", "old"]})
    duel = good(answer)
    assert duel.keys() == {"duel_id", "question", "expected", "answers"}
    assert [answer.keys() for answer in duel["answers"]] == [{"side", "text"}] * 2
    assert {answer["text"].split(":")[0] for answer in duel["answers"]} == {"new", "old"}
    assert duel["question"] in QUESTIONS
    vote = f"{API}/arena/duels/{duel['duel_id']}/vote"
    assert asked.post(vote, json={"winner": "c"}).status_code == 422
    named = good(asked.post(vote, json={"winner": side_of(duel, "new")}))
    assert {answer["adapter_id"]: answer["text"] for answer in named["answers"]} == {
        name: f"{name}: {duel['question']}" for name in ("new", "old")
    }
    second = asked.post(vote, json={"winner": "tie"})
    assert second.status_code == 409
    assert "another duel" in second.json()["detail"]
    assert asked.post(f"{API}/arena/duels/nothing/vote", json={"winner": "a"}).status_code == 404
    found = good(asked.get(f"{API}/arena/ranking"))
    assert (found["votes"], found["enough"], found["judge"]) == (1, False, None)
    assert [(item["adapter_id"], item["duels"], item["wins"]) for item in found["items"]] == [("new", 1, 1), ("old", 1, 0)]
    assert all(item["low"] < item["rating"] < item["high"] for item in found["items"])
    assert found["needed"]
    assert f"about {found['needed']} more" in found["sentence"]


def test_a_skipped_duel_says_no_names_and_its_question_is_not_asked_again(asked: TestClient) -> None:
    seen = []
    skip, duel = "", {}
    for _ in QUESTIONS:
        duel = good(asked.post(f"{API}/arena/duels", json={"adapters": ["new", "old"]}))
        seen.append(duel["question"])
        skip = f"{API}/arena/duels/{duel['duel_id']}/skip"
        assert good(asked.post(skip)) == {"success": True, "duel_id": duel["duel_id"]}
    assert sorted(seen) == QUESTIONS
    assert asked.post(skip).status_code == 409
    assert asked.post(f"{API}/arena/duels/{duel['duel_id']}/vote", json={"winner": "a"}).status_code == 409
    assert asked.post(f"{API}/arena/duels/nothing/skip").status_code == 404
    assert good(asked.get(f"{API}/arena/ranking"))["votes"] == 0


def test_sides_and_the_order_of_asking_are_random_and_tell_nothing_of_each_other(asked: TestClient, engine: Speaker) -> None:
    seen = set()
    for number in range(40):
        engine.asked.clear()
        duel = good(asked.post(f"{API}/arena/duels", json={"adapters": ["new", "old"], "question": f"Question {number}?"}))
        seen.add((side_of(duel, "new"), engine.asked[0]))
    assert seen == {(side, first) for side in "ab" for first in ("new", "old")}


def test_votes_name_the_better_adapter_and_survive_a_new_start(asked: TestClient, academy: Academy, tmp_path: Path) -> None:
    for number in range(9):
        duel = good(asked.post(f"{API}/arena/duels", json={"adapters": ["new", "old"], "question": f"Question {number}?"}))
        good(asked.post(f"{API}/arena/duels/{duel['duel_id']}/vote", json={"winner": side_of(duel, "new")}))
    found = good(asked.get(f"{API}/arena/ranking"))
    assert (found["enough"], found["needed"], found["items"][0]["is_best"]) == (True, 0, True)
    assert found["sentence"].startswith("new is better than old: it wins ")
    again = Academy(academy.settings, engine=Speaker())
    assert again.arena.ranking()["votes"] == 9
    again.close()
    # A deleted adapter is out of the ranking; the journal keeps its duels.
    good(asked.delete(f"{API}/adapters/old"))
    assert good(asked.get(f"{API}/arena/ranking"))["items"] == []
    assert len(journal_of(academy).read_text().splitlines()) == 18


def test_without_names_the_arena_chooses_who_and_what(asked: TestClient, academy: Academy) -> None:
    """Base, the active adapter and the others of its base; each pair about as often, no question twice for a pair."""
    good(asked.post(f"{API}/adapters/activate", json={"adapter_id": "old"}))
    met: dict[frozenset[str], list[str]] = {}  # in the order in which they met
    for _ in range(len(QUESTIONS) * 3):
        duel = good(asked.post(f"{API}/arena/duels", json={}))
        named = good(asked.post(f"{API}/arena/duels/{duel['duel_id']}/vote", json={"winner": "tie"}))
        met.setdefault(frozenset(answer["adapter_id"] for answer in named["answers"]), []).append(duel["question"])
    assert set(met) == {frozenset(pair) for pair in (("new", "old"), ("new", "base"), ("old", "base"))}
    assert next(iter(met)) == {"new", "old"}  # before one of them and the base
    assert all(sorted(questions) == QUESTIONS for questions in met.values())
    refused = asked.post(f"{API}/arena/duels", json={})
    assert refused.status_code == 409
    assert "Add golden questions" in refused.json()["detail"]
    found = good(asked.get(f"{API}/arena/ranking"))
    assert (found["votes"], found["enough"], found["needed"]) == (24, False, None)
    assert "no winner in sight" in found["sentence"]
    assert [item["is_active"] for item in found["items"] if item["adapter_id"] == "old"] == [True]
    narrowed = good(asked.get(f"{API}/arena/ranking", params={"adapters": ["new", "base"]}))
    assert {item["adapter_id"] for item in narrowed["items"]} == {"new", "base"}
    assert narrowed["votes"] == 8


def test_the_same_answer_from_both_is_no_duel(asked: TestClient, academy: Academy, tmp_path: Path) -> None:
    for name in ("twin1", "twin2"):
        add_adapter(academy.settings, name, tmp_path / "base")
    one = asked.post(f"{API}/arena/duels", json={"adapters": ["twin1", "twin2"], "question": "Who?"})
    assert one.status_code == 409
    assert "the same answer" in one.json()["detail"]
    many = asked.post(f"{API}/arena/duels", json={"adapters": ["twin1", "twin2"]})
    assert many.status_code == 409
    lines = [json.loads(line) for line in journal_of(academy).read_text().splitlines()]
    assert [line["event"] for line in lines] == ["alike"] * 7
    assert len({line["question"] for line in lines}) == 7
    # A third one that differs gets the duel, although nothing is known yet about the twins.
    add_adapter(academy.settings, "zed", tmp_path / "base")
    for body in ({}, {"question": "Who is there?"}):
        duel = good(asked.post(f"{API}/arena/duels", json={"adapters": ["twin1", "twin2", "zed"]} | body))
        assert any(answer["text"].startswith("zed") for answer in duel["answers"])


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"adapters": ["new"]}, 422, "two different"),
        ({"adapters": ["new", "new"]}, 422, "two different"),
        ({"adapters": ["new", "nobody"]}, 404, "nobody"),
        ({"adapters": ["new", "../x"]}, 422, "not a usable"),
        ({"question": ""}, 422, ""),
        ({"question": "   "}, 422, ""),
        ({"temperature": 3}, 422, ""),
        ({"winner": "a"}, 422, ""),
    ],
)
def test_what_is_no_duel_is_refused(asked: TestClient, body: dict[str, Any], status: int, words: str) -> None:
    answer = asked.post(f"{API}/arena/duels", json=body)
    assert answer.status_code == status, answer.text
    assert words in str(answer.json()["detail"])


def test_without_questions_or_adapters_the_arena_says_what_is_missing(client: TestClient, tmp_path: Path) -> None:
    answer = client.post(f"{API}/arena/duels", json={})
    assert answer.status_code == 409
    assert "golden questions" in answer.json()["detail"]
    empty = Academy(Settings(data_dir=tmp_path / "empty", _env_file=None), engine=Speaker())  # type: ignore[call-arg]
    with pytest.raises(Conflict, match="no adapter"):
        empty.arena.duel(DuelRequest())
    assert empty.arena.contenders() == []
    assert empty.arena.ranking()["needed"] == 8
    empty.close()


def test_the_page_begins_a_duel_and_sees_both_answers_or_the_failure(academy: Academy, engine: Speaker) -> None:
    engine.gate.clear()
    request = DuelRequest(question="Who?", adapters=["new", "old"])
    academy.arena.begin(request)
    academy.arena.begin(request)  # a second press while the first is answered
    found = academy.arena.progress()
    assert (found.waiting, found.duel) == (True, None)
    engine.gate.set()
    wait_until(lambda: not academy.arena.progress().waiting, "the answers")
    found = academy.arena.progress()
    assert found.duel
    assert found.vote is None
    assert sorted(engine.asked) == ["new", "old"]
    academy.arena.vote(found.duel.duel_id, "tie")
    assert academy.arena.progress().vote
    academy.arena.begin(DuelRequest(adapters=["new"]))
    wait_until(lambda: not academy.arena.progress().waiting, "the failure")
    assert "two different" in str(academy.arena.progress().error)


def test_a_stopped_reply_makes_no_duel(academy: Academy, engine: Speaker) -> None:
    engine.gate.clear()
    academy.arena.begin(DuelRequest(question="Who?", adapters=["new", "old"]))
    wait_until(lambda: academy.chat.state()["busy"], "the first reply")
    academy.chat.stop()
    engine.gate.set()
    wait_until(lambda: not academy.arena.progress().waiting, "the end")
    found = academy.arena.progress()
    assert found.duel is None
    assert "stopped" in str(found.error)


def test_a_choice_in_the_chat_is_a_vote_and_a_pair(academy: Academy) -> None:
    sides = {name: Side(adapter_id=name, name=name, base_model="m", text=f"{name} says so") for name in ("new", "base")}
    duel = academy.arena.record(Duel(question="Who?", origin="chat", a=sides["base"], b=sides["new"], history=[["Hello", "Hi"]]))
    assert academy.arena.progress().duel is None
    academy.arena.vote(duel.duel_id, "b")
    (lesson,) = academy.lessons.list().items
    assert (lesson.situation, lesson.action, lesson.rejected) == ("Who?", "new says so", "base says so")
    assert lesson.tags == ["chat", "picked"]
    assert lesson.metadata["duel_id"] == duel.duel_id
    assert (lesson.metadata["adapter_id"], lesson.metadata["history"]) == ("new", [["Hello", "Hi"]])
    tie = academy.arena.record(Duel(question="Where?", origin="chat", a=sides["base"], b=sides["new"]))
    academy.arena.vote(tie.duel_id, "tie")
    assert academy.lessons.list().count == 1
    assert academy.arena.ranking()["votes"] == 2


# ------------------------------------------------------------------ the page


def drawn(academy: Academy, name: str, **state: Any) -> str:
    return str(arena_page.REGIONS[name](Look(academy, {"adapters_view": "arena"} | state)))


def test_the_page_shows_no_name_before_the_vote(academy: Academy) -> None:
    assert drawn(academy, "arena_duel", adapters_view="") == ""
    assert "arena.suggest" in drawn(academy, "arena_duel")
    academy.arena.add_question(Question(question="Who?", expected="Lena."))
    assert 'data-act="arena.duel"' in drawn(academy, "arena_duel")
    act = arena_page.ACTS
    look = Look(academy, {"arena_who.base": False})
    assert act["arena.duel"](look, {}) == {"state": {"arena_duel": ""}}
    wait_until(lambda: not academy.arena.progress().waiting, "the answers")
    html = drawn(academy, "arena_duel")
    inside = html[: html.index("ac-arena-more")]  # below it stands who takes part
    assert "Answer 1" in inside
    assert "Lena." in inside
    assert "ac-badge" not in inside
    assert str(academy.settings.default_base_model) not in html
    duel = academy.arena.progress().duel
    assert duel
    assert {duel.a.adapter_id, duel.b.adapter_id} == {"new", "old"}
    told = act["arena.vote"](look, {"duel": duel.duel_id, "winner": "b"})
    assert told
    assert told["announce"] == f"Answer 1: {duel.a.name}. Answer 2: {duel.b.name}"
    html = drawn(academy, "arena_duel", arena_duel=duel.duel_id)
    assert f'">{duel.b.name}</span><span class="ac-good">✓ your vote' in html
    assert "arena.duel" in html
    # Who did not vote is shown the start of the next.
    assert "ac-badge" not in drawn(academy, "arena_duel")
    ranking = drawn(academy, "arena_ranking")
    assert "Not enough votes yet" in ranking
    assert ranking.count("ac-interval-band") == 2
    academy.arena.add_question(Question(question="Where?"))
    act["arena.duel"](look, {})
    wait_until(lambda: not academy.arena.progress().waiting, "the answers")
    skipped = academy.arena.progress().duel
    assert skipped
    assert act["arena.skip"](look, {"duel": skipped.duel_id}) == {"state": {"arena_duel": ""}}  # both questions have been asked
    wait_until(lambda: not academy.arena.progress().waiting, "the refusal")
    assert "Add golden questions" in drawn(academy, "arena_duel")


def test_what_a_person_or_a_model_writes_stays_text(academy: Academy) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    academy.arena.add_question(Question(question=hostile, expected=hostile))
    sides = {name: Side(adapter_id=name, name=hostile, base_model=hostile, text=hostile + name) for name in ("new", "old")}
    duel = academy.arena.record(Duel(question=hostile, expected=hostile, a=sides["new"], b=sides["old"]))
    pages = [drawn(academy, name) for name in arena_page.REGIONS]
    academy.arena.vote(duel.duel_id, "a")
    pages += [drawn(academy, name, arena_duel=duel.duel_id) for name in arena_page.REGIONS]
    assert all("<img" not in html for html in pages)
    assert sum("&lt;img" in html for html in pages) >= 4


def test_a_blind_comparison_in_the_chat_shows_names_after_the_choice(academy: Academy, engine: Speaker) -> None:
    asked = asking.Asked("send", "0123456789ab", "Who waters the plants?", blind=True)
    steps = [*asking.answer(academy, threading.Event(), asked, "new", True, "base", False, "", 0.0, 1.0, 64, "")]
    now = [step[3]["chat"]["now"] for step in steps[:-1]]
    assert now
    assert all("Answer 1" in html and "ac-badge-on" not in html and "waters the plants?</p>" not in html for html in now)
    last = steps[-1][3]
    turns = last["chat"]["turns"]
    assert "ac-badge-on" not in turns
    assert str(academy.settings.default_base_model) not in turns
    assert turns.count('data-act="chat.pick"') == 3
    assert "chat.correct" not in turns
    assert "Answer 2 answers:" in last["announce"]
    conversation = academy.conversations.get("0123456789ab")
    (turn,) = conversation.turns
    assert turn.is_blind
    data = {"chat": conversation.chat_id, "turn": turn.turn_id, "winner": "a"}
    blind.pick(Look(academy), data)
    blind.pick(Look(academy), data | {"winner": "b"})  # the first counts
    turn = academy.conversations.get("0123456789ab").turns[0]
    assert turn.picked == "a"
    html = str(turn_html(turn, "c"))
    assert "ac-badge-on" in html
    assert html.index("your vote") < html.index("chat.correct")
    assert academy.arena.ranking()["votes"] == 1
    assert academy.lessons.list().items[0].rejected == turn.replies[1].text


@pytest.mark.parametrize(
    ("replies", "made"),
    [
        ([("one", "end"), ("two", "end")], True),
        ([("one", "end"), ("two", "length")], True),
        ([("one", "end"), (" one\n", "end")], False),
        ([("one", "end"), ("two", "stopped")], False),
        ([("one", "end"), ("", "end")], False),
        ([("one", "end")], False),
    ],
)
def test_a_choice_is_offered_between_two_complete_answers_that_differ(replies: list[tuple[str, Any]], made: bool) -> None:
    turn = Turn(question="Who?", replies=[ReplyText(text=text, finish=finish) for text, finish in replies])
    duel = blind.duel_of(turn, [], Choices("", True, "", False, "", 0.0, 1.0, 64, ""))
    assert (duel is not None) == made


# ------------------------------------------------------------------ the judge


def test_a_judge_is_asked_in_both_orders_and_counted_apart(asked: TestClient, academy: Academy, engine: Speaker) -> None:
    duel = good(asked.post(f"{API}/arena/duels", json={"adapters": ["new", "old"]}))
    off = asked.post(f"{API}/arena/duels/{duel['duel_id']}/judge")
    assert off.status_code == 503
    assert "ACADEMY_JUDGE_URL" in off.json()["detail"]
    # Any OpenAI-compatible server; here it is an Academy of its own, which speaks that form.
    with serving(create_api(academy)) as port:
        judged = academy.settings.model_copy(update={"judge_url": f"http://127.0.0.1:{port}/v1", "judge_model": "base"})
        academy.arena._settings = judged
        engine.asked.clear()
        reply = good(asked.post(f"{API}/arena/duels/{duel['duel_id']}/judge"))
        assert reply == {"success": True, "duel_id": duel["duel_id"], "judge": "base"}  # its choice would be a hint
        assert len(engine.asked) == 2
        assert asked.post(f"{API}/arena/duels/{duel['duel_id']}/judge").status_code == 409
        # A judge that always takes the first changes its mind with the order: a tie.
        other = good(asked.post(f"{API}/arena/duels", json={"adapters": ["base", "old"]}))
        good(asked.post(f"{API}/arena/duels/{other['duel_id']}/judge"))
    assert academy.arena.judge_vote(duel["duel_id"]) is None
    good(asked.post(f"{API}/arena/duels/{duel['duel_id']}/vote", json={"winner": side_of(duel, "old")}))
    shown = academy.arena.judge_vote(duel["duel_id"])
    assert shown
    assert shown.winner == side_of(duel, "new")
    found = good(asked.get(f"{API}/arena/ranking"))
    assert (found["votes"], found["items"][0]["adapter_id"]) == (1, "old")
    assert found["judge"]["votes"] == 2
    assert found["judge"]["models"] == ["base"]
    assert found["judge"]["agreement"] == {"same": 0, "of": 1}
    by_judge = {item["adapter_id"]: (item["wins"], item["ties"], item["losses"]) for item in found["judge"]["items"]}
    assert by_judge == {"new": (1, 0, 0), "old": (0, 1, 1), "base": (0, 1, 0)}
    with pytest.raises(Unavailable, match="cannot be reached"):
        academy.arena.judge(other_duel(academy))


def other_duel(academy: Academy) -> str:
    return academy.arena.duel(DuelRequest(question="Which one?", adapters=["new", "old"])).duel_id


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("1", "1"),
        (" 2.", "2"),
        ("Answer 1 is better.", "1"),
        ("**0**", "0"),
        ("The better answer is 2", "2"),
        ("I like both", None),
        ("12", None),
    ],
)
def test_the_judges_digit_is_read(answer: str, choice: str | None) -> None:
    if choice is None:
        with pytest.raises(Unavailable, match="instead of"):
            _choice(answer)
    else:
        assert _choice(answer) == choice
