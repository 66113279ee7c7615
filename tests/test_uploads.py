"""Uploads: read once, redacted, kept as rows; a file that fails leaves nothing."""

import hashlib
import io
import json
import os

import pytest

from academy.curation.files.imports import Kept, Refused
from academy.curation.files.uploads import UploadStore
from academy.errors import NoSpace, NotFound
from academy.messages import CATALOGUES, render

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def store(tmp_path):
    return UploadStore(tmp_path / "uploads", 1)


def rows(*items):
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def files(store):
    return sorted(path.name for path in store.folder.rglob("*")) if store.folder.exists() else []


def test_an_upload_is_kept_as_rows(store):
    data = rows(
        {"prompt": "a\u2028", "completion": "b"},
        {"prompt": "x"},
        {"instruction": "c", "output": "d", "history": [["q", "r"]], "system": "S"},
    )
    record = store.add(io.BytesIO(data), "../dir/my data.jsonl")
    assert (record.status, record.name, record.size_bytes, record.records_estimate, record.refused) == (
        "ready",
        "my data.jsonl",
        len(data),
        2,
        1,
    )
    assert (record.sha256, record.mime) == (hashlib.sha256(data).hexdigest(), "application/jsonl")
    assert [(item.row, str(item.reason)[:13]) for item in record.refusals] == [(2, "has no answer")]
    assert store.list() == [store.get(record.id)] == [record.model_copy(update={"refusals": []})]
    kept = [item for item in store.examples(record.id) if isinstance(item, Kept)]
    assert [[turn.content for turn in item.turns] for item in kept] == [["a\u2028", "b"], ["S", "q", "r", "c", "d"]]
    assert [(item.row, str(item.reason)[:13]) for item in store.report(record.id).refusals] == [(2, "has no answer")]


def test_secrets_are_not_in_the_data_folder(store):
    record = store.add(
        io.BytesIO(rows({"prompt": f"p {KEY}", "completion": f"c {KEY}", "rejected": KEY, "feedback": KEY})), f"{KEY[:3]}.jsonl"
    )
    assert record.redacted_secrets == 4
    assert store.report(record.id).redacted_kinds
    for path in store.folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    assert sorted(path.name for path in (store.folder / record.id).iterdir()) == ["file", "record.json", "report.json"]
    assert (store.folder / record.id / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"", "empty"), (b"x" * (1 << 20) + b"y", "larger than 1 MB"), (rows({"prompt": "a"}), "Row 1: has no answer"), (b"%PDF-1.4", "PDF")],
)
def test_a_file_that_fails_says_why_and_leaves_nothing(store, data, word):
    record = store.add(io.BytesIO(data), "a.jsonl")
    assert record.status == "failed"
    assert word in str(record.error)
    assert files(store) == []
    assert store.list() == []


def test_a_full_disk_is_said_and_leaves_nothing(store, monkeypatch):
    class Full(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError(28, "No space left on device")

    with pytest.raises(NoSpace):
        store.add(Full(), "a.jsonl")
    assert files(store) == []


def test_what_an_interrupted_upload_left_is_cleared_at_start(store):
    (store.folder / ".incoming-x").mkdir(parents=True)
    UploadStore(store.folder, 1)
    assert files(store) == []


@pytest.mark.parametrize("name", ["..", "upload_../x", "/etc", "upload_nothing", "\x00", "\ud800", "-rf", "con", "x" * 300])
def test_an_id_that_is_none_is_not_found(store, name):
    store.add(io.BytesIO(rows({"prompt": "a", "completion": "b"})), "a.jsonl")
    for call in (store.get, store.delete, lambda key: list(store.examples(key)), store.report):
        with pytest.raises(NotFound):
            call(name)


def test_a_deleted_upload_is_gone(store):
    record = store.add(io.BytesIO(rows({"prompt": "a", "completion": "b"})), "a.jsonl")
    store.delete(record.id)
    assert files(store) == []
    with pytest.raises(NotFound):
        store.delete(record.id)


def test_a_link_is_no_upload(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    store.folder.mkdir()
    os.symlink(outside, store.folder / "upload_link")
    with pytest.raises(NotFound):
        store.get("upload_link")


def test_rows_rated_bad_are_not_learned_from_and_counted(store):
    data = rows({"prompt": "a", "completion": "b", "rating": "bad"}, {"prompt": "c", "chosen": "d", "rejected": "e"})
    record = store.add(io.BytesIO(data), "a.jsonl")
    assert [type(item) for item in store.examples(record.id)] == [Refused, Kept]
    examples, warnings = store.as_examples([record.id])
    (example,) = examples
    assert (example.source, example.origin, example.meta) == ("uploads", "a.jsonl:2", {"rejected": "e"})
    assert list(map(str, warnings)) == ["a.jsonl: 1 row is left out: rated bad or said to have failed, without a correction."]


def test_columns_can_be_mapped_by_hand(store):
    data = b"foo;bar\nq;a\n;b\n"
    assert store.add(io.BytesIO(data), "a.csv").status == "failed"
    record = store.add(io.BytesIO(data), "a.csv", mapping={"question": "foo", "answer": "bar"})
    assert (record.status, record.read, record.records_estimate, record.refused) == ("ready", 2, 1, 1)
    assert store.get(record.id).mapping == {"question": "foo", "answer": "bar"}
    examples, _ = store.as_examples([record.id])
    assert [[turn.content for turn in example.turns] for example in examples] == [["q", "a"]]
    assert store.add(io.BytesIO(data), "a.csv", mapping={"foo": "question", "bar": "answer"}).status == "ready"
    assert "no column 'gone'" in str(store.add(io.BytesIO(data), "a.csv", mapping={"question": "foo", "answer": "gone"}).error or "")


def test_reasons_are_stored_unrendered_and_the_plain_ones_of_the_version_before_are_read(tmp_path):
    store = UploadStore(tmp_path / "uploads", 100)
    record = store.add(io.BytesIO(b'{"prompt": "q", "completion": "a", "rating": "so-so"}\n{"prompt": 5, "completion": "a"}\n'), "a.jsonl")
    path = store.folder / record.id / "report.json"
    stored = json.loads(path.read_text())
    assert [item["reason"]["key"] for item in (*stored["refusals"], *stored["notes"])] == [
        "{where} is {what}, not text",
        "the rating {rating} means neither good nor bad and was left out",
    ]
    shown = store.report(record.id).model_dump(mode="json")
    assert shown["refusals"] == [{"row": 2, "reason": "prompt is a number, not text", "text": "5 · a"}]
    path.write_text(json.dumps(shown))
    assert store.report(record.id).model_dump(mode="json") == shown


def test_a_reason_is_shown_in_the_language_of_its_reader(tmp_path, monkeypatch):
    german = {"{where} is {what}, not text": "{where} ist {what}, kein Text", "a number": "eine Zahl"}
    monkeypatch.setitem(CATALOGUES, "de", german)
    record = UploadStore(tmp_path / "uploads", 100).add(io.BytesIO(b'{"prompt": 5, "completion": "a"}\n'), "a.jsonl")
    assert [render(item.reason, "de") for item in record.refusals] == ["prompt ist eine Zahl, kein Text"]
    assert render(record.error, "en") == "None of the 1 rows of a.jsonl can be used. Row 1: prompt is a number, not text."
    assert "prompt ist eine Zahl" in render(record.error, "de")
