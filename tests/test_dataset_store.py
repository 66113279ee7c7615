"""Datasets: frozen, hashed, listed, compared; nothing half-written, nothing outside the data folder."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from academy.curation.datasets import DatasetStore
from academy.curation.examples import Example, Turn
from academy.errors import Invalid, NotFound
from academy.messages import count, msg, to_json


@pytest.fixture
def store(tmp_path):
    return DatasetStore(tmp_path / "data" / "training")


def examples(*numbers):
    return [Example((Turn("user", f"q{number}"), Turn("assistant", f"a{number}\u2028")), "lessons") for number in numbers]


def write(store, train=(1, 2), held_out=(), form="alpaca", **more):
    facts = {
        "name": "n",
        "statistics": {"total_examples": 2},
        "sources": {"lessons": 2},
        "request": {},
        "dropped": [],
        "warnings": [],
    } | more
    return store.write(examples(*train), examples(*held_out), form, **facts)


def test_a_dataset_is_three_files_named_alike(store):
    manifest = write(store, held_out=(3,))
    assert manifest.id.startswith("dataset_alpaca_20")
    assert sorted(path.name for path in store.folder.iterdir()) == sorted(
        [f"{manifest.id}.jsonl", f"{manifest.id}.eval.jsonl", f"{manifest.id}.manifest.json"]
    )
    data = Path(manifest.path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == manifest.sha256
    assert json.loads(data.split(b"\n")[0]) == {"instruction": "q1", "input": "", "output": "a1\u2028"}
    assert store.get(manifest.id) == manifest
    assert store.newest() == store.list()[0] == manifest


def test_datasets_of_one_second_have_different_names(store):
    made = [write(store).id for _ in range(5)]
    assert len(set(made)) == 5
    assert [manifest.id for manifest in store.list()] == made[::-1]


def test_without_its_manifest_there_is_no_dataset(store):
    manifest = write(store)
    (store.folder / f"{manifest.id}.manifest.json").unlink()
    assert store.list() == []
    with pytest.raises(NotFound):
        store.get(manifest.id)


def test_a_damaged_manifest_hides_only_its_own_dataset(store):
    first, second = write(store), write(store)
    for damage in (b"{", b"[]", b"{}", b'{"eval_path": "../../x"}'):
        (store.folder / f"{first.id}.manifest.json").write_bytes(damage)
        assert [manifest.id for manifest in store.list()] == [second.id]


def test_a_folder_that_was_moved_or_copied_opens_in_itself(store, tmp_path):
    manifest = write(store, held_out=(3,))
    stored = store.folder / f"{manifest.id}.manifest.json"
    assert str(tmp_path) not in stored.read_text()
    # The manifests of the version before may hold absolute paths.
    old = json.loads(stored.read_text()) | {"path": manifest.path, "eval_path": manifest.eval_path}
    stored.write_text(json.dumps(old))
    copied = DatasetStore(tmp_path / "copy" / "training")
    shutil.copytree(store.folder, copied.folder)
    assert store.get(manifest.id) == manifest
    opened = copied.get(manifest.id)
    assert opened.eval_path is not None
    assert Path(opened.path).parent == Path(opened.eval_path).parent == copied.folder
    shutil.rmtree(store.folder)
    assert [len(copied.rows(manifest.id, part=part)) for part in ("train", "eval")] == [2, 1]
    copied.delete(manifest.id)
    assert list(copied.folder.iterdir()) == []


def test_a_manifest_stores_its_reasons_unrendered_and_the_plain_ones_of_the_version_before_are_read(store):
    warning = count(1200, one="{n} row is old.", other="{n} rows are old.")
    reason = msg("It has {n:number} characters, more than {limit:number}.", n=70_000, limit=60_000)
    dropped = [{"key": "k", "rule": "too_long", "reason": reason}, {"key": "l", "rule": "echo", "reason": "Only an echo."}]
    manifest = write(store, warnings=[warning, "A constant sentence."], dropped=dropped)
    path = store.folder / f"{manifest.id}.manifest.json"
    stored = json.loads(path.read_text())
    assert stored["warnings"] == [to_json(warning), "A constant sentence."]
    assert [row["reason"] for row in stored["dropped"]] == [to_json(reason), "Only an echo."]
    assert store.get(manifest.id) == manifest
    shown = store.get(manifest.id).model_dump(mode="json")
    assert shown["warnings"] == ["1,200 rows are old.", "A constant sentence."]
    assert [row["reason"] for row in shown["dropped"]] == ["It has 70,000 characters, more than 60,000.", "Only an echo."]
    # The version before wrote English.
    path.write_text(json.dumps(shown | {"path": path.name, "eval_path": None}))
    assert store.get(manifest.id).model_dump(mode="json") == shown


def test_nothing_is_left_of_a_dataset_that_fails(store, monkeypatch):
    with pytest.raises(Invalid):
        write(store, train=())

    def broken():
        yield from examples(1)
        raise OSError(28, "No space left on device")

    from academy.errors import NoSpace

    with pytest.raises(NoSpace):
        store.write(broken(), [], "alpaca", name="")
    assert list(store.folder.iterdir()) == []


def test_the_folder_can_be_moved(store, tmp_path):
    manifest = write(store, held_out=(3,))
    store.folder.parent.rename(tmp_path / "moved")
    moved = DatasetStore(tmp_path / "moved" / "training")
    assert Path(moved.get(manifest.id).path).parent == moved.folder
    assert moved.rows(manifest.id, part="eval")[0]["instruction"] == "q3"


def test_dropped_rows_are_in_the_manifest_but_not_in_the_list(store):
    manifest = write(store, dropped=[{"key": str(number)} for number in range(6000)])
    assert len(store.get(manifest.id).dropped) == 5000
    assert store.list()[0].dropped == []


def test_the_list_follows_what_becomes_of_the_files(store):
    first, second = write(store), write(store)
    assert len(store.list()) == 2
    (store.folder / f"{first.id}.jsonl").unlink()
    assert [item.id for item in store.list()] == [second.id]
    manifest = store.folder / f"{second.id}.manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"name": "renamed"}))
    assert [item.name for item in store.list()] == ["renamed"]
    manifest.write_text("{")
    assert store.list() == []


def test_rows_come_in_pages(store):
    manifest = write(store, train=range(10))
    assert [row["instruction"] for row in store.rows(manifest.id, 8, 5)] == ["q8", "q9"]
    assert store.rows(manifest.id, 0, 5, "eval") == store.rows(manifest.id, 99, 5) == store.rows(manifest.id, 0, 0) == []
    for bad in ((-1, 5, "train"), (0, -1, "train"), (0, 5, "test")):
        with pytest.raises(Invalid):
            store.rows(manifest.id, *bad)


def test_two_datasets_are_compared_whatever_their_form(store):
    before, after = write(store, (1, 2, 2, 3)), write(store, (2, 3), (4, 5), form="messages")
    seen = store.diff(before.id, after.id)
    assert (seen["new"], seen["gone"], seen["same"]) == (2, 2, 2)
    assert [row["messages"][0]["content"] for row in seen["new_samples"]] == ["q4", "q5"]
    assert [row["instruction"] for row in seen["gone_samples"]] == ["q1", "q2"]


def test_a_deleted_dataset_is_gone_with_its_files(store):
    manifest = write(store, held_out=(3,))
    store.delete(manifest.id)
    assert list(store.folder.iterdir()) == []
    with pytest.raises(NotFound):
        store.delete(manifest.id)


@pytest.mark.parametrize(
    "name", ["..", "../x", "dataset_alpaca_20240101_000000", "/etc/passwd", "\x00", "\ud800", "jobs", "dataset_alpaca_20240101_000000/../x"]
)
def test_an_id_that_is_none_is_not_found(store, name):
    write(store)
    for call in (store.get, store.delete, store.rows):
        with pytest.raises(NotFound):
            call(name)


BROKEN = {
    "no JSON": (b"{", "JSON"),
    "no object": (b"5", "object"),
    "NaN": (b'{"instruction":"a","output":"b","n":NaN}', "NaN"),
    "no output": (b'{"instruction":"a"}', "neither"),
    "empty output": (b'{"instruction":"a","output":" "}', "no text in output"),
    "bad UTF-8": (b'{"instruction":"\xff","output":"b"}', "UTF-8"),
    "unknown role": (b'{"messages":[{"role":"x","content":"y"}]}', "role"),
    "no answer": (b'{"messages":[{"role":"user","content":"y"}]}', "assistant"),
    "deep": (b"[" * 5000, "nested"),
    "sharegpt without value": (b'{"conversations":[{"from":"human"}]}', "no text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_named(store, tmp_path, name):
    line, word = BROKEN[name]
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'{"instruction":"a","output":"b"}\n\n' + line + b"\n")
    with pytest.raises(Invalid, match=f"Line 3 .*{word}"):
        store.check_file(path)


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages"])
def test_what_is_written_can_be_trained(store, form):
    turns = tuple(Turn(role, role) for role in ("system", "user", "assistant", "user", "assistant"))
    manifest = store.write([Example(turns, "lessons")], [], form, name="")
    assert store.check_file(Path(manifest.path)) == 1
    with pytest.raises(Invalid):
        store.check_file(store.folder / "none.jsonl")


def test_only_files_of_the_data_folder_are_found(store, tmp_path, monkeypatch):
    manifest = write(store)
    path = Path(manifest.path)
    monkeypatch.chdir(tmp_path)
    for good in (str(path), path.name, f"training/{path.name}", f"data/training/{path.name}"):
        assert store.find_path(good) == path
    outside = tmp_path / "outside.jsonl"
    outside.write_text("{}")
    (tmp_path / "data2").mkdir()
    (tmp_path / "data2" / "x.jsonl").write_text("{}")
    os.symlink(outside, store.folder / "link.jsonl")
    os.symlink(tmp_path / "data2", store.folder / "linked")
    (store.folder / "notes.txt").write_text("x")
    for bad in (
        "", str(outside), "../outside.jsonl", f"{store.folder}/../../outside.jsonl", "/etc/passwd", "link.jsonl", "linked/x.jsonl",
        "notes.txt", str(tmp_path / "data2" / "x.jsonl"), "a\x00b", "\ud800.jsonl", "x" * 5000, "x" * 300 + ".jsonl", str(store.folder),
        "~/x.jsonl", "none.jsonl",
    ):  # fmt: skip
        with pytest.raises(Invalid):
            store.find_path(bad)
