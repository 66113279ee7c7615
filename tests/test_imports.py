"""Files as people have them: each row is kept or refused with its number, and kept text is exactly the file's."""

import gzip
import json
import zipfile
from typing import Any

import pytest

from academy.curation.files import archive as archives
from academy.curation.files import imports, tables
from academy.curation.files.archive import plain_filename
from academy.curation.files.imports import FileReport, Kept, Refused, detect, import_file, read_file, read_rows
from academy.curation.lesson_store import LessonStore
from academy.errors import Invalid, TooLarge
from tests.golden import CHAT, CSV, GOLDEN, HOPELESS, claude, lines, messages, pair, text


def rows_of(*arguments, **named) -> list[Any]:
    """The rows of a file in a test that knows which of them are kept."""
    return list(read_rows(*arguments, **named))


@pytest.mark.parametrize("name", GOLDEN)
def test_every_row_of_an_awkward_file_is_kept_or_refused(name, tmp_path):
    golden = GOLDEN[name]
    path = tmp_path / "file"
    path.write_bytes(golden.data)
    report = FileReport(name=golden.name)
    rows = list(read_file(path, golden.name, report))
    refused = {row.row: str(row.reason) for row in rows if isinstance(row, Refused)}
    assert sorted(refused) == sorted(golden.refused)
    assert {number: word for number, word in golden.refused.items() if word not in refused[number]} == {}
    assert report.kept == golden.kept
    assert report.read == len(rows) == report.kept + report.refused
    if golden.kind:
        assert report.kind == golden.kind
    said = {row.row: [turn.content for turn in row.turns] for row in rows if isinstance(row, Kept)}
    assert {number: said[number] for number in golden.turns} == golden.turns


@pytest.mark.parametrize("name", HOPELESS)
def test_a_file_that_holds_nothing_says_why(name, tmp_path):
    filename, data, word = HOPELESS[name]
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=word):
        list(read_rows(path, filename))
    assert word in str(detect(path, filename).error or word)


def test_columns_can_be_mapped_by_hand(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"foo;bar;baz\nq;a;S\n;x;y\n")
    rows = rows_of(path, "a.csv", mapping={"situation": "foo", "answer": "bar", "system": "baz"})
    assert [turn.content for turn in rows[0].turns] == ["S", "q", "a"]
    assert isinstance(rows[1], Refused)
    assert (rows[1].row, str(rows[1].reason)) == (3, "foo is empty")


def test_columns_without_a_header_are_mapped_by_number(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"q1,a1\nq2,a2\n")
    rows = rows_of(path, "a.csv", mapping={"situation": "2", "action": "1"})
    assert [(row.row, row.lesson.situation) for row in rows] == [(1, "a1"), (2, "a2")]
    # The first row was offered as the names of the columns, and lost when somebody chose them.
    path.write_bytes(b"What is 1+1?,2\nWhat is 2+2?,4\n")
    seen = detect(path, "a.csv")
    assert (seen.columns, seen.sample[0]) == (["1", "2"], {"1": "What is 1+1?", "2": "2"})


@pytest.mark.parametrize("mapping", [{"situation": "foo"}, {"nonsense": "foo"}, {"situation": "foo", "action": "gone"}])
def test_a_wrong_mapping_is_refused(mapping, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"foo,bar\nq,a\n")
    with pytest.raises(Invalid):
        list(read_rows(path, "a.csv", mapping=mapping))


def test_a_table_is_shown_before_it_is_imported(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(text("ID;Pytanie;Odpowiedź\n1;" + "q" * 500 + ";a\n"))
    seen = detect(path, "a.csv")
    assert (seen.kind, seen.columns) == ("csv", ["ID", "Pytanie", "Odpowiedź"])
    assert seen.mapping == {"situation": "Pytanie", "action": "Odpowiedź"}
    assert len(seen.sample[0]["Pytanie"]) == 301


def test_parquet_is_read_with_null_empty_and_nested_values(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "file"
    talk = [[{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}], [{"role": "user", "content": "u"}]]
    parquet.write_table(arrow.table({"messages": talk, "source": ["x", "y"]}), path)
    assert [type(row).__name__ for row in read_rows(path, "m.parquet")] == ["Kept", "Refused"]
    parquet.write_table(arrow.table({"question": ["q", None, "", "n" * 5_000_000], "answer": ["a\u2028", "b", "c", "d"]}), path)
    rows = rows_of(path, "q.parquet")
    assert [row.row for row in rows if isinstance(row, Refused)] == [2, 3, 4]
    assert rows[0].lesson.action == "a\u2028"


def test_parquet_is_read_out_of_a_zip_and_from_bytes_and_says_what_it_lacks(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table, path = tmp_path / "table", tmp_path / "file"
    parquet.write_table(arrow.table({"question": [b"q", b"\xff"], "answer": ["a", "b"], "more": [1, 2]}), table, compression="zstd")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(table, "train/0.parquet")
        archive.writestr("README.md", "# about\nthe data")
    report = FileReport(name="data.zip")
    rows = list(read_file(path, "data.zip", report))
    assert [row.row for row in rows if isinstance(row, Refused)] == [2]
    assert [str(note.reason) for note in report.notes] == [
        "left out: 1 files of the zip ('README.md')",
        "columns that are not used: 'more'",
    ]
    assert [item.name for item in tmp_path.iterdir() if item not in (table, path)] == []  # what was unpacked is gone
    parquet.write_table(arrow.table({"foo": ["q"], "bar": ["a"]}), path)
    with pytest.raises(Invalid, match="not clear"):
        list(read_rows(path, "a.parquet"))
    assert [row.lesson.action for row in rows_of(path, "a.parquet", mapping={"question": "foo", "answer": "bar"})] == ["a"]
    parquet.write_table(arrow.table({"question": arrow.array([], arrow.string()), "answer": arrow.array([], arrow.string())}), path)
    with pytest.raises(Invalid, match="no row"):
        list(read_rows(path, "a.parquet"))


def test_a_completion_that_is_labelled_as_bad_is_rated_bad(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(lines(pair(label=True), pair("b", label=False), pair("c", label="x")))
    assert [(row.lesson.rating, row.lesson.tags) for row in rows_of(path, "kto.jsonl")] == [("good", []), ("bad", []), (None, ["x"])]


def test_what_a_file_says_of_itself_is_compared_with_what_it_holds(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(text(json.dumps({"users": [{"name": "n"}], "lessons": [{"situation": "s", "action": "a"}], "count": 7})))
    report = FileReport(name="lessons.json")
    list(read_file(path, "lessons.json", report))
    assert [str(note.reason) for note in report.notes] == [
        "lists that hold no records, left out: 'users'",
        "the file says that it holds 7 records; there are 1",
    ]
    path.write_bytes("Frage;Antwort\nWie groß?;Über 5 €\n".encode("cp1252"))
    report = FileReport(name="a.csv")
    list(read_file(path, "a.csv", report))
    assert [str(note.reason) for note in report.notes] == ["read as Windows-1252, because it is not UTF-8"]


def test_nobody_is_asked_to_map_whole_conversations(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(text('id,messages\n1,"[{""role"":""user"",""content"":""q""},{""role"":""assistant"",""content"":""a""}]"\n'))
    assert detect(path, "a.csv").columns == []
    path.write_bytes(text("foo,bar\nq,a\n"))
    assert detect(path, "a.csv").columns == ["foo", "bar"]


def test_a_conversation_becomes_a_lesson_with_its_history(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(lines(messages(("system", "S"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))))
    (row,) = rows_of(path, "m.jsonl")
    assert (row.lesson.situation, row.lesson.action) == ("c", "d")
    assert row.lesson.metadata == {"history": [["a", "b"]], "system": "S"}


def test_what_is_left_out_of_a_conversation_is_said(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(text(json.dumps([CHAT, claude(("human", "q"), ("assistant", "a"), ("human", "bye"))])))
    report = FileReport(name="x")
    list(read_file(path, "conversations.json", report))
    said = [(note.row, str(note.reason)) for note in report.notes]
    assert (1, "left out: 1 images and other attachments") in said
    assert (1, "left out: 2 messages from or to tools") in said
    assert (2, "the last question has no answer and was left out") in said


@pytest.mark.parametrize("line", ["- {}|-x", "# {}b", "{}x", "> {}Q", "- {}A: b", "Q {}: x", "|{}|", "**{}?"])
def test_a_line_of_very_many_blanks_is_read_at_once(line, tmp_path):
    # Two runs of blanks side by side in a pattern were tried in all ways: this took hours.
    path = tmp_path / "file"
    path.write_bytes(text("## What?\nThis.\nQuestion | Answer\n" + line.format(" " * 900_000) + "\n"))
    assert [row.row for row in read_rows(path, "a.md")][:1] == [1]


def test_a_small_zip_that_unpacks_to_very_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_UNPACKED", 1 << 20)
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("conversations.json", "w") as file:
        for _ in range(10):
            file.write(b" " * (1 << 20))
    with pytest.raises(Invalid, match="suspiciously"):
        list(read_rows(path, "a.zip"))


def test_an_archive_that_unpacks_to_very_much_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_UNPACKED", 1 << 20)
    path = tmp_path / "file"
    with gzip.GzipFile(path, "wb", compresslevel=1) as file:
        for _ in range(10):
            file.write(b" " * (1 << 20))
    with pytest.raises(TooLarge):
        list(read_rows(path, "a.json.gz"))


def test_names_inside_a_zip_lead_nowhere(tmp_path):
    path = tmp_path / "sub" / "file"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.jsonl", lines(pair()))
        archive.writestr("/etc/passwd.jsonl", lines(pair("b")))
    assert len(list(read_rows(path, "a.zip"))) == 2
    assert [item.name for item in tmp_path.iterdir()] == ["sub"]


def test_an_endless_line_is_refused_and_the_rows_around_it_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "MAX_RECORD", 1 << 20)
    monkeypatch.setattr(tables, "MAX_RECORD", 1 << 20)
    path = tmp_path / "file"
    long = b"x" * (3 << 20)
    path.write_bytes(lines(pair()) + b'{"prompt":"' + long + b'"}\n' + lines(pair()))
    rows = list(read_rows(path, "a.jsonl"))
    assert [(row.row, type(row).__name__) for row in rows] == [(1, "Kept"), (2, "Refused"), (3, "Kept")]
    path.write_bytes(b'[{"prompt":"' + long + b'"},' + json.dumps(pair()).encode() + b"]")
    assert [type(row).__name__ for row in read_rows(path, "a.json")] == ["Refused", "Kept"]
    path.write_bytes(CSV.encode() + b'"' + long + b'",b\nc,d\n')
    assert [(row.row, type(row).__name__) for row in read_rows(path, "a.csv")] == [(2, "Refused"), (3, "Kept")]


def test_the_report_of_an_import_adds_up(tmp_path):
    store = LessonStore(tmp_path / "lessons.db")
    path = tmp_path / "file"
    path.write_bytes(lines(pair(), pair("b", "key AKIAIOSFODNN7EXAMPLE"), "x", pair()))
    report = import_file(path, "C:\\x\\a.jsonl", store)
    assert (report.name, report.read, report.kept, report.already_there, report.refused) == ("a.jsonl", 4, 3, 1, 1)
    assert report.redacted_secrets == 1
    assert store.search().count == 2
    path.write_bytes(b"")
    assert "empty" in str(import_file(path, "b.jsonl", store).error or "")
    store.close()


def test_a_file_that_fails_on_the_way_adds_nothing(tmp_path):
    store = LessonStore(tmp_path / "lessons.db")
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"".join(lines(pair(f"{number} {number * 7919 % 1000003}")) for number in range(3000)))[:-3000])
    report = import_file(path, "a.jsonl.gz", store)
    assert "damaged" in str(report.error or "")
    assert (report.read, report.kept, store.search().count) == (0, 0, 0)
    store.close()


@pytest.mark.parametrize(
    ("name", "plain"), [("../../x.csv", "x.csv"), ("C:\\a\\b.csv", "b.csv"), ("a\x00\nb", "ab"), ("", "file"), ("\ud800", "?")]
)
def test_a_file_name_is_only_a_name(name, plain):
    assert plain_filename(name) == plain
