"""Questions on documents: which pairs are of use, the grammar, the probe, the review, REST; and a training on plain text."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.config import Settings
from academy.errors import Conflict, NotFound, Refused
from academy.jobs.kinds.question import QuestionRequest
from academy.models import BUNDLED
from academy.services.academy import Academy
from academy.services.documents import ReviewIn
from academy.text.spans import fault_of, find_span
from academy.trainer.asking import probe
from academy.ui.dataset import documents, files
from academy.ui.look import Look
from tests import documents_help as made
from tests.trainer_help import chats, make_job, of, start, train_here, write_rows

API = "/api/v1/academy"
PASSAGE = "The pump of the “green tank” starts at four degrees;\nit was repaired in 1874 by Lena Ohm — not by Ohmsen. Straße 12."
BOOK = b"# Tank\n\nThe pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.\n"

# ------------------------------------------------------------------ which pairs are of use


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Lena Ohm", "Lena Ohm"),
        ("LENA  OHM.", "Lena Ohm"),
        ('"green tank"', "“green tank”"),
        ("four degrees; it was", "four degrees;\nit was"),
        ("Ohm - not", "Ohm — not"),
        ("STRASSE 12", "Straße 12"),
        ("Ohms", None),
        ("our degrees", None),
        ("187", None),
        ("five degrees", None),
        (" . ", None),
    ],
)
def test_an_answer_is_found_whole_in_its_passage(answer: str, found: str | None) -> None:
    span = find_span(answer, PASSAGE)
    assert (PASSAGE[span[0] : span[1]] if span else None) == found


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        ("Who repaired the pump of the tank?", "Lena Ohm", None),
        ("Wann wurde die pump repariert?", "1874", None),
        ("Who repaired the pump?", "Tobias", "not_in_passage"),
        ("The pump.", "Lena Ohm", "no_question"),
        ("Who did it", "Lena Ohm", "no_question"),
        ("Did Lena Ohm repair the pump?", "Lena Ohm", "gives_away"),
        ("Why is the sky so blue?", "Lena Ohm", "elsewhere"),
        ("What about the pump then?", PASSAGE, "whole_passage"),
        ("Who repaired the pump?", "…", "no_answer"),
        ("Who repaired the \ufffd pump?", "Lena Ohm", "broken"),
        ("WHAT starts at four degrees, exactly?", "The pump", "repeated"),
    ],
)
def test_a_pair_without_use_is_thrown_away_with_its_reason(question: str, answer: str, fault: str | None) -> None:
    assert fault_of(question, answer, PASSAGE, {"what starts at four degrees exactly"}) == fault


def test_the_probe_counts_questions_that_ask_for_a_fact_and_give_it() -> None:
    passages = probe.passages()
    good = [("Who built the lighthouse at Orvik Point?", "Marta Lind"), ("When was the lighthouse built?", "1874")]
    assert all(probe.is_usable(passages[0], pair) for pair in good)
    bad = [("Where is the lighthouse at Orvik Point?", "Marta Lind"), ("Who built the lighthouse at Orvik Point?", "Tom"), None]
    assert not any(probe.is_usable(passages[0], pair) for pair in bad)
    for passage in passages:
        assert all(find_span(fact.answer, passage.text) for fact in passage.facts)
    assert probe.result([good[0], *[None] * (len(passages) - 1)]) == {"right": 1, "of": len(passages), "needed": len(passages) // 2}


# ------------------------------------------------------------------ the grammar and the program


@pytest.mark.training
def test_under_the_grammar_a_model_of_noise_writes_nothing_but_pairs() -> None:
    import torch

    from academy.text.tokens import load_tokenizer
    from academy.trainer.asking.grammar import Grammar, Vocabulary, read_texts

    tokenizer = load_tokenizer(BUNDLED["academy-mini"])
    vocabulary = Vocabulary(tokenizer, len(tokenizer) + 3)
    end, rows = tokenizer.eos_token_id, 6
    grammar = Grammar(vocabulary, rows, 2, end)
    noise = torch.Generator().manual_seed(7)
    ids = torch.zeros((rows, 2), dtype=torch.long)
    for _ in range(vocabulary.most_tokens + 1):
        scores = grammar(ids, torch.rand((rows, len(tokenizer) + 3), generator=noise))
        assert bool((scores > -torch.inf).any(-1).all())
        ids = torch.cat([ids, scores.argmax(-1, keepdim=True)], -1)
    for row in ids[:, 2:].tolist():
        reply = row[: row.index(end)]
        assert len(reply) <= vocabulary.most_tokens
        pair = read_texts(tokenizer.decode(reply))
        assert pair is not None, tokenizer.decode(reply)
        assert pair[0].count("?") <= 1
        assert pair[0].rstrip().endswith("?") or "?" not in pair[0]
    assert read_texts('x", "answer": "y"}') == ("x", "y")
    assert read_texts("x") is None


@pytest.mark.training
def test_every_passage_is_asked_and_what_is_of_no_use_is_counted(tmp_path: Path) -> None:
    from academy.trainer.asking.run import Passage, _ask, parts_of

    class Writer:
        """Writes what the test says."""

        def __init__(self, replies: Sequence[tuple[str, str] | None]) -> None:
            self.replies = list(replies)
            self.asked: list[str] = []
            self.spec, self.report = self, self
            self.folder = tmp_path

        def preparing(self, phase: str, message: Any, fraction: float) -> None:
            pass

        def write(self, texts: Sequence[str]) -> list[tuple[str, str] | None]:
            self.asked += texts
            return [self.replies.pop(0) for _ in texts]

    text = "The pump starts at four degrees. It was repaired by Lena Ohm. It hums."
    assert parts_of(text, 2) == ["The pump starts at four degrees. It was repaired by Lena Ohm.", "It hums."]
    assert " ".join(parts_of(text, 3)) == text
    asked = "When does the pump start?"
    writer = Writer([(asked, "at four degrees"), None, (asked.upper(), "four degrees"), ("Who repaired it?", "Tom")])
    written: dict[str, Any] = {"asked": [], "pairs": [], "thrown": {}}
    assert not _ask(writer, [Passage(3, text, "Tank"), Passage(4, text, "")], 2, written)  # type: ignore[arg-type]
    assert writer.asked[0].startswith("Tank\nThe pump")
    assert written["asked"] == [3, 4]
    assert written["pairs"] == [{"passage": 3, "question": asked, "answer": "at four degrees", "start": 16, "end": 31}]
    assert sum(written["thrown"].values()) == 3
    assert {"broken", "repeated"} <= written["thrown"].keys()
    (tmp_path / "stop").touch()
    assert _ask(writer, [Passage(5, text, "")], 1, written)  # type: ignore[arg-type]
    assert written["asked"] == [3, 4]


@pytest.mark.training
def test_a_model_that_cannot_write_questions_says_so_and_writes_none(tmp_path: Path) -> None:
    passages = tmp_path / "passages.jsonl"
    passages.write_text(made.PASSAGE.model_dump_json() + "\n")
    job = make_job(tmp_path / "job", BUNDLED["academy-mini"], passages)
    spec = json.loads((job / "spec.json").read_text())
    (job / "spec.json").write_text(json.dumps(spec | {"asking": {"passages": [1], "per_passage": 1}}))
    log, _ = (process := start(job, "academy.trainer.asking", OMP_NUM_THREADS="1")).communicate(timeout=300)
    assert process.returncode == 0, log
    written = json.loads((job / "written.json").read_text())
    assert written["probe"]["of"] == 8
    assert written["probe"]["right"] < written["probe"]["needed"] == 4
    assert (written["asked"], written["pairs"]) == ([], [])
    assert log.count("probe: not usable: (") >= 5, "the grammar makes even this model write pairs"


# ------------------------------------------------------------------ the review


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    opened = Academy(settings)
    yield opened
    opened.close()


@pytest.fixture
def document_id(academy: Academy) -> str:
    (record,) = academy.documents.upload([("book.md", io.BytesIO(BOOK))])
    assert (record.status, record.counted, record.base_model) == ("ready", True, "academy-mini"), record.error
    return record.id


def write(academy: Academy, document_id: str, **changes: Any) -> None:
    made.written(academy._job_store, academy.settings.models_dir, document_id, **changes)


def test_nothing_is_a_lesson_before_it_is_accepted_and_a_decision_can_be_taken_back(academy: Academy, document_id: str) -> None:
    write(academy, document_id)
    first, second = academy.documents.pairs(document_id)  # the third asks the same as the first
    assert (first.state, academy.lessons.list().count) == ("waiting", 0)
    accepted = academy.documents.review(document_id, first.id, ReviewIn(decision="accepted"))
    lesson = academy.lessons.get(accepted.lesson_id or "")
    assert (lesson.situation, lesson.action, lesson.rating, lesson.tags) == (first.question, "Lena Ohm", "good", ["document"])
    assert lesson.metadata == {"source": "book.md", "document": document_id, "passage": 1, "heading": "Tank"}
    academy.documents.review(document_id, second.id, ReviewIn(decision="rejected"))
    assert [pair.state for pair in academy.documents.pairs(document_id)] == ["accepted", "rejected"]
    assert academy.lessons.list().count == 1
    edited = ReviewIn(decision="accepted", question=" When does it start? ", answer="At four degrees, never below.")
    academy.documents.review(document_id, second.id, edited)
    assert {item.situation for item in academy.lessons.list().items} == {first.question, "When does it start?"}
    back = academy.documents.review(document_id, first.id, ReviewIn(decision="waiting"))
    assert (back.lesson_id, academy.lessons.list().count) == (None, 1)
    assert academy.documents.progress(document_id).states == {"waiting": 1, "accepted": 1}
    with pytest.raises(NotFound):
        academy.documents.review(document_id, "questions_9.0", ReviewIn(decision="accepted"))
    academy.documents.delete(document_id)
    assert academy.lessons.list().count == 1, "what was accepted stays"
    assert academy._job_store.list() == []


def test_questions_are_written_on_what_was_not_asked_and_once_at_a_time(academy: Academy, document_id: str) -> None:
    job = academy.documents.write_questions(document_id, QuestionRequest())
    assert (job.kind, job.base_model, job.parameters["passages"], job.status) == ("question", "academy-mini", [1], "queued")
    spec = json.loads(job.folder.spec.read_text())
    assert spec["asking"] == {"passages": [1], "per_passage": 2}
    assert Path(spec["dataset_path"]).name == "passages.jsonl"
    with pytest.raises(Conflict, match="being written"):
        academy.documents.write_questions(document_id, QuestionRequest())
    with pytest.raises(Conflict, match="being written"):
        academy.documents.delete(document_id)
    academy.jobs.cancel(job.job_id)
    write(academy, document_id)
    with pytest.raises(Refused, match="All passages"):
        academy.documents.write_questions(document_id, QuestionRequest())


def test_the_page_shows_the_probe_the_questions_and_their_passage(academy: Academy, document_id: str) -> None:
    look = Look(academy, {"document": document_id})
    shown = {name: str(region(look)) for name, region in documents.REGIONS.items()}
    assert "Write questions" in shown["doc_open"]
    assert shown["doc_review"] == ""
    write(academy, document_id, right=3, job_id="questions_0")
    assert "it wrote 3 usable questions, and 4 are needed" in str(documents.REGIONS["doc_open"](look))
    write(academy, document_id)
    assert "<mark>Lena Ohm</mark>" in str(documents.REGIONS["doc_review"](look))
    assert "the answer is not in its passage" in str(documents.REGIONS["doc_open"](look))
    pair = academy.documents.pairs(document_id)[0]
    answer = documents.ACTS["pair.accept"](look, {"id": document_id, "pair": pair.id, "question": "Who did it?", "answer": "Lena Ohm"})
    assert answer["focus"] == "#doc-review"
    assert academy.lessons.list().items[0].situation == "Who did it?"
    assert documents.kinds_for(["a.pdf", "b.csv"]) == ("documents",)
    assert documents.kinds_for(["a.md"]) == ("lessons", "sources", "documents")
    assert documents.kinds_for(["a.csv"]) == ("lessons", "sources")
    # Why a Markdown file beside a PDF cannot become lessons was told nowhere.
    for names, told in ((["a.pdf", "b.csv"], True), (["a.pdf"], False), (["b.csv"], False), (["a.pdf", "c.png"], False)):
        dialog = files.ACTS["files.choose"](cast(Any, None), {"names": json.dumps(names)})["dialog"]
        assert ("Documents only, because of a.pdf." in dialog) is told


# ------------------------------------------------------------------ REST


def test_rest_brings_documents_and_makes_datasets_of_them(settings: Settings) -> None:
    academy = Academy(settings)
    with TestClient(create_api(academy)) as client:
        files = [("files", ("book.md", BOOK)), ("files", ("photo.png", b"\x89PNG"))]
        reply = client.post(f"{API}/documents", files=files).json()
        assert (reply["success"], [entry["status"] for entry in reply["files"]]) == (True, ["ready", "failed"])
        name = reply["files"][0]["id"]
        assert client.get(f"{API}/documents").json()["count"] == 1
        assert client.get(f"{API}/documents/{name}").json()["questions"]["probe"] is None
        passages = client.get(f"{API}/documents/{name}/passages").json()
        assert (passages["count"], passages["items"][0]["heading"]) == (1, "Tank")
        write(academy, name)
        pairs = client.get(f"{API}/documents/{name}/pairs", params={"state": "waiting"}).json()
        assert pairs["count"] == 2
        review = f"{API}/documents/{name}/pairs/{pairs['items'][0]['id']}/review"
        assert client.post(review, json={"decision": "accepted"}).json()["state"] == "accepted"
        assert client.post(review, json={"decision": "perhaps"}).status_code == 422
        body = {"include_git": False, "document_ids": [name], "include_lessons": False}
        made_of = client.post(f"{API}/dataset", json=body).json()
        assert made_of["statistics"]["sources"] == {"documents": 1}
        rows = client.get(f"{API}/datasets/{made_of['dataset_id']}/rows", params={"source": "documents"}).json()
        assert rows["items"][0]["text"].startswith("Tank\n\nThe pump")
        assert rows["facts"][0]["origin"] == "book.md:1"
        assert client.delete(f"{API}/documents/{name}").json()["success"]
        for path in (name, "nothing", f"{name}/passages", f"{name}/pairs"):
            assert client.get(f"{API}/documents/{path}").status_code == 404
        assert client.post(f"{API}/dataset", json=body).status_code == 404
    academy.close()


# ------------------------------------------------------------------ texts are trained


@pytest.mark.training
def test_texts_are_learned_token_by_token_and_measured_by_their_loss(tmp_path: Path) -> None:
    words = random.Random(3)
    names = ["Ines", "Lena", "Tobias", "Marta", "Oda"]
    texts = [f"The lamp in room {n} belongs to {words.choice(names)} and is cleaned on every second day of the month." for n in range(24)]
    held = write_rows(tmp_path / "d.eval.jsonl", [{"text": text.replace("room", "hall")} for text in texts[:6]])
    rows = write_rows(tmp_path / "d.jsonl", [*({"text": text} for text in texts), *chats([("Who is there?", "Ines.")])])
    job = make_job(
        tmp_path / "job", BUNDLED["academy-mini"], rows, eval_path=held, goal="style", learning_rate=6e-3, num_epochs=4, batch_size=4,
        rehearsal=0.0, stop_when_known=True,
    )  # fmt: skip
    events = train_here(job)
    started, known = of(events, "started")[0], of(events, "known")[-1]
    assert (started["train_rows"], started["eval_rows"]) == (25, 6)
    assert known["of"] == 1, "a text is never known"
    report = json.loads((job / "report.json").read_text())
    assert report["known"]["of"] == 1
    held_out = report["held_out"]
    assert held_out["rows"] == 6
    assert held_out["loss_after"] < 0.7 * held_out["loss_before"]
    assert report["verdict"] in ("ready", "forgot")


@pytest.mark.training
def test_a_text_is_shown_as_it_is_trained_and_only_its_first_token_is_not(tmp_path: Path) -> None:
    from academy.text.templates import choose
    from academy.text.tokens import load_tokenizer, preview, tokenize
    from tests.trainer_help import make_tokenizer

    rows = write_rows(tmp_path / "d.jsonl", [{"text": "The pump starts at four degrees."}, *chats([("Who?", "Ines.")])])
    base = BUNDLED["academy-mini"]
    shown = preview({"base_path": str(base), "dataset_path": str(rows), "max_seq_length": 256, "rows": [0]})
    kinds = [token["kind"] for token in shown["rows"][0]["tokens"]]
    assert kinds == ["context", *["trained"] * (len(kinds) - 1)]
    assert "".join(token["text"] for token in shown["rows"][0]["tokens"]).strip() == "The pump starts at four degrees."
    tokenizer = load_tokenizer(base)
    talk = [(1, [{"role": "text", "content": "word " * 600}]), (2, [{"role": "text", "content": "a"}])]
    cut = tokenize(tokenizer, choose(tokenizer), talk, 64)
    assert (cut.truncated, len(cut.rows[0].ids), [*cut.untrained]) == ([1], 64, [2])
    begun = make_tokenizer(bos="<|begin|>")
    begun._tokenizer.post_processor = _begins(begun)
    (row,) = tokenize(begun, choose(begun), [(1, [{"role": "text", "content": "The ferry leaves at nine."}])], 64).rows
    assert row.ids[0] == begun.bos_token_id
    assert row.trained == [False, *[True] * (len(row.ids) - 1)]


def _begins(tokenizer: Any) -> Any:
    """What puts the first token before every text, as Llama's tokenizers do."""
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.bos_token_id)])
