"""Documents: what is read of each kind, how it is cut into passages, what is refused, and how passages become rows of plain text."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from academy.curation.curate import Sources, curate
from academy.curation.documents import office, program, reading
from academy.curation.documents.blocks import Block, markdown_blocks
from academy.curation.documents.passages import cut
from academy.curation.documents.pdf import blocks_of, is_table_line, joined, without_repeated
from academy.curation.documents.reading import kind_of, read_document
from academy.curation.documents.store import DocumentRecord, DocumentStore
from academy.curation.examples import DatasetRequest, Example
from academy.curation.filters import PROFILES, judge
from academy.errors import Invalid, NotFound
from academy.jobs.presets import Facts, goal_of
from academy.rows import BadRow, Turn, row_of, turns_of
from academy.text.tokens import Tokens
from academy.trainer.known import Known
from tests import documents_help as made


def words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


# ------------------------------------------------------------------ reading


def test_lines_of_a_pdf_become_paragraphs_without_headers_numbers_and_tables() -> None:
    pages, repeated = without_repeated(made.HANDBOOK)
    assert repeated == 8  # four headers, four numbers
    blocks, tables = blocks_of(pages, {})
    assert tables == 2
    assert [block.text for block in blocks] == [
        "The pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.",
        "The pump needs 12 litres of oil.",
        "Clean the filter every six weeks. Use cold water only, and never soap.",
        "Spare filters lie in the red cupboard beside the door.",
    ]
    assert [(block.heading, block.page) for block in blocks] == [
        (("1 Pump",), 1),
        (("1 Pump",), 2),
        (("2 Filter",), 3),
        (("2 Filter",), 4),
    ]


def test_a_header_that_changes_with_the_chapter_is_told_by_its_page_number() -> None:
    chapters = ["Pump", "Valve", "Oil", "Filter"]
    pages = [
        [f"Line {'abcdefgh'[page]} ends in {90 - page * 3}", f"Chapter {page // 2}: {chapters[page // 2]} {page + 5}"] for page in range(8)
    ]
    kept, removed = without_repeated(pages)
    assert removed == 8
    assert [line for lines in kept for line in lines] == [lines[0] for lines in pages]


def test_the_outline_names_the_headings_where_there_is_one() -> None:
    blocks, _ = blocks_of([["Pump and motor", "It hums quietly."], ["It stops."]], {1: [(1, "Pump & Motor"), (2, "Pump and motor")]})
    assert blocks[0].heading == ("Pump and motor",)
    assert blocks[1].heading == ("Pump & Motor",), "a title that the page does not show opens at its page's end"


@pytest.mark.parametrize(
    ("line", "is_table"),
    [
        ("Valve 11 22 33 44", True),
        ("1.2 Cleaning the filter ............ 17", True),
        ("name     size     price", True),
        ("In 1871 the bridge fell, and 12 people died.", False),
        ("Port 8447.", False),
        ("Clean it every six weeks.", False),
    ],
)
def test_rows_of_tables_are_told_from_sentences(line: str, is_table: bool) -> None:
    assert is_table_line(line) is is_table


def test_divided_words_are_whole_again_and_compounds_keep_their_hyphen() -> None:
    assert joined(["It was re-", "paired in the Baden-", "Baden region, with soft\u00adware."]) == (
        "It was repaired in the Baden- Baden region, with software."
    )


def test_markdown_keeps_text_under_headings_and_drops_the_rest() -> None:
    text = (
        "---\ntitle: x\n---\n# Tank\n\nSee the [pump](https://example.org/a_(b)) ![shot](x.png).\n<!-- not this -->\n\n"
        "Filter\n------\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\n# no heading\n\nrun it\n```\n"
    )
    read = markdown_blocks(text)
    assert read.blocks == [Block("See the pump .", ("Tank",)), Block("```sh\n# no heading\n\nrun it\n```", ("Tank", "Filter"))]
    assert len(read.notes) == 1


def test_passages_follow_headings_and_paragraphs() -> None:
    blocks = [
        Block("one " * 8, ("A",), 1),
        Block("two " * 8, ("A",), 1),
        Block("three " * 8, ("A", "B"), 2),
        Block("Tiny.", ("C",), 3),
        Block("Long sentence one here now ok. " * 6, ("D",), 3),
        Block("nothing", ("E",), 4),
    ]
    passages = cut(blocks, 16, words)
    assert all(passage.tokens <= 16 for passage in passages)
    assert [(passage.number, passage.heading, passage.page) for passage in passages[:2]] == [(1, "A", 1), (2, "A › B", 2)]
    assert "Tiny." in passages[2].text
    assert "D" in passages[2].text, "a heading that a passage runs over stands in it"
    assert sum(passage.text.count("Long sentence") for passage in passages) == 6
    assert passages[1].as_row.startswith("A › B\n\nthree")


@pytest.mark.parametrize("text", ["x" * 5000, "word " * 900, "line\n" * 900], ids=["no blanks", "no sentences", "lines"])
def test_a_paragraph_without_sentences_is_cut_all_the_same(text: str) -> None:
    passages = cut([Block(text)], 50, lambda texts: [max(1, len(part) // 4) for part in texts])
    assert len(passages) > 10
    assert max(passage.tokens for passage in passages) <= 65
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


@pytest.mark.parametrize(
    ("name", "raw", "pages", "part"),
    [
        ("book.pdf", made.pdf(made.HANDBOOK), 4, "It was repaired by Lena Ohm"),
        ("book.docx", made.docx(), 0, "- Check the oil.\n- Close the lid."),
        ("deck.pptx", made.pptx(), 2, "Lena Ohm repaired it"),
        (
            "page.html",
            b"<nav>menu here</nav><h1>Tank</h1><p>The pump of the green tank starts at four degrees &amp; never below it.</p>",
            0,
            "&",
        ),
        ("notes.md", b"# Tank\n\nThe pump of the green tank starts at four degrees, and never below it.", 0, "four degrees"),
        ("old.txt", "Die Pumpe läuft ab vier Grad, und der Filter bleibt darunter trocken.".encode("cp1252"), 0, "läuft"),
    ],
)
def test_every_kind_is_read_with_its_pages(tmp_path: Path, name: str, raw: bytes, pages: int, part: str) -> None:
    path = tmp_path / "raw"
    path.write_bytes(raw)
    kind = kind_of(name, raw[:4096])
    read, passages = program.read(path, name, kind, words, 200)
    text = "\n\n".join(passage.text for passage in passages)
    assert read.pages == pages
    assert part in text
    assert not {"menu", "a cell that is left out", "Green Tank Handbook"} & set(text.split("\n"))


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("scan.pdf", made.pdf([[], [], []]), "its 3 pages are pictures"),
        ("locked.pdf", made.encrypted(made.pdf(made.HANDBOOK)), "is encrypted"),
        ("torn.pdf", made.pdf(made.HANDBOOK)[:300], "damaged"),
        ("bomb.docx", made.bomb(), "unpacks to"),
        ("torn.docx", made.docx()[:900], "damaged"),
        ("locked.pptx", b"\xd0\xcf\x11\xe0" + bytes(2000), "encrypted, or of an old form"),
        ("deep.html", b"<div>" * 60_000, "no text"),
        ("empty.md", b"\n\n# Title\n", "no text"),
        ("old.doc", b"\xd0\xcf\x11\xe0", "Save it as .docx"),
        ("photo.png", b"\x89PNG", "no document that can be read"),
        ("data.txt", b"\0\1\2", "no document that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, raw: bytes, reason: str
) -> None:
    monkeypatch.setattr(office, "MOST_UNPACKED", 4 << 20)
    path = tmp_path / "raw"
    path.write_bytes(raw)
    with pytest.raises(Invalid) as failure:
        program.read(path, name, kind_of(name, raw[:4096]), words, 200)
    assert reason in failure.value.detail
    assert failure.value.hint


def test_a_reader_that_hangs_or_eats_the_memory_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "raw"
    path.write_text("The pump of the green tank starts at four degrees, and never below it, whatever the weather is. " * 3)
    document = read_document(path, "notes.txt", "text", None, 200)
    assert (document.kind, document.pages, len(document.passages), document.counted) == ("text", 0, 1, False)
    path.write_text("The pump of the green tank starts at four degrees. " * 200_000)
    monkeypatch.setattr(reading, "MEMORY", 1 << 20)
    with pytest.raises(Invalid, match="ended without a result"):
        read_document(path, "notes.txt", "text", None, 200)
    monkeypatch.setattr(reading, "SECONDS", 0.01)
    with pytest.raises(Invalid, match="took longer than"):
        read_document(path, "notes.txt", "text", None, 200)


# ------------------------------------------------------------------ the store


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents", 1)


def add(
    store: DocumentStore, text: str = "The key of the tank is sk-proj-Zq4wT8vR2mK9xL1pN7bC3dF6gH5jS0aY.", name: str = "book.md"
) -> DocumentRecord:
    passage = made.PASSAGE.model_copy(update={"text": text, "heading": "Tank"})
    document = reading.Document("markdown", 0, [passage], [], True)
    return store.add(io.BytesIO(text.encode()), name, lambda path, filename, kind: document, "academy-mini")


def test_a_document_is_stored_without_its_secrets_and_its_file(store: DocumentStore) -> None:
    record = add(store)
    assert (record.status, record.passages, record.redacted_secrets) == ("ready", 1, 1)
    stored = "".join(path.read_text() for path in store.folder.rglob("*") if path.is_file())
    assert "sk-proj-Zq4w" not in stored
    assert "[redacted:" in store.passages(record.id)[0].text
    assert store.list() == [record]
    store.delete(record.id)
    assert store.list() == []
    for known in (record.id, "document_nothing", "../../etc"):
        with pytest.raises(NotFound):
            store.passages(known)


def test_a_file_that_is_too_large_or_no_document_leaves_nothing(store: DocumentStore) -> None:
    assert "larger than 1 MB" in str(add(store, "x" * (2 << 20)).error)
    assert "no document" in str(add(store, name="photo.png").error)
    assert [*store.folder.iterdir()] == []


# ------------------------------------------------------------------ rows of plain text


def test_a_text_is_one_turn_in_every_form_of_a_row() -> None:
    turns = turns_of({"text": "Some text."})
    assert turns == [Turn("text", "Some text.")]
    assert [row_of(turns, form) for form in ("alpaca", "sharegpt", "messages")] == [{"text": "Some text."}] * 3  # type: ignore[arg-type]
    for row in ({"text": "  "}, {"text": 3}, {"text": "a", "instruction": "b"}):
        with pytest.raises(BadRow):
            turns_of(row)


def text_example(text: str, number: int = 1) -> Example:
    return Example((Turn("text", text),), source="documents", origin=f"book.pdf:{number}")


def test_rules_for_answers_do_not_judge_a_text() -> None:
    limits = PROFILES["strict"]
    assert judge(text_example("I cannot help with that. As an AI language model, I only quote,"), limits) is None
    assert judge(text_example("x" * 30_000), limits) is not None
    assert (judge(text_example("\ud800"), limits) or ("",))[0] == "malformed"


def test_passages_become_rows_beside_lessons_and_none_contradicts_another() -> None:
    texts = [f"The lamp in room {number} belongs to Ines and is cleaned on day {number}." for number in range(12)]
    passages = [text_example(text, at) for at, text in enumerate([*texts, texts[0]])]
    lesson = Example((Turn("user", "Who owns the lamp?"), Turn("assistant", "Ines does.")), source="lessons")
    request = DatasetRequest(include_git=False, document_ids=["document_1"], eval_fraction=0.25)
    sources = Sources(lessons=lambda limit: iter([lesson]), uploads=lambda ids: (iter(()), []), documents=lambda ids: iter(passages))
    curated = curate(request, sources, default_repo=None, lessons_limit=10, commits_limit=0)
    assert curated.by_source == {"documents": 12, "lessons": 1}
    assert curated.statistics["documents_collected"] == 13
    assert curated.statistics["removed_duplicates"] == 1
    assert len(curated.eval) == 3
    assert str(curated.sentence).startswith("13 examples: 12 passages as plain text, 1 lesson")
    assert not [note for note in curated.warnings if "alpaca" in str(note)]


def test_texts_teach_a_manner_and_are_never_known() -> None:
    facts = Facts(rows=20, mean_tokens=40, max_tokens=60, base=None, answer_tokens=40, question_tokens=0)
    assert goal_of(facts) == "facts"
    assert goal_of(Facts(**{**vars(facts), "texts": 0.5})) == "style"
    rows = [Tokens(1, [1, 2], [False, True], 2), Tokens(2, [1, 2, 3], [False, True, True], 3, is_text=True)]
    known = Known(rows)
    known.look([0, 1], [True, False])
    assert (known.rows, known.of) == (1, 1)


def test_a_stored_passage_is_a_row_with_its_page(store: DocumentStore) -> None:
    record = add(store, "The pump of the green tank starts at four degrees.")
    (example,) = store.as_examples([record.id])
    assert example.turns[0].content == "Tank\n\nThe pump of the green tank starts at four degrees."
    assert (example.source, example.origin) == ("documents", "book.md:1 (p. 3)")
    assert json.loads((store.folder / record.id / "record.json").read_text())["name"] == "book.md"
