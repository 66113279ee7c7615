"""Importing adapters: from a zip and from a folder, and what is refused by name; tags, strength and lineage through REST."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from starlette.testclient import TestClient
from test_api import EchoEngine

from academy.access.guard import Guard
from academy.adapters.store import AdapterStore
from academy.api.routes import create_api
from academy.config import Settings
from academy.services.academy import Academy
from tests.adapters_help import make_mini_adapter, write_tensors
from tests.gate_help import promoted

API = "/api/v1/academy"


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    made = Academy(settings, engine=EchoEngine())
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> TestClient:
    return TestClient(create_api(academy), base_url="http://localhost:7860")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return make_mini_adapter(tmp_path / "made" / "handbook")


def zipped(folder: Path, under: str = "handbook/", more: dict[str, bytes] | None = None) -> bytes:
    """A zip of a folder's files below a name, with some more."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, under + path.name)
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def sent(client: TestClient, raw: bytes, name: str = "handbook.zip", **fields: str) -> Any:
    return client.post(f"{API}/adapters/import", files={"file": (name, raw)}, data=fields)


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("under", ["", "handbook/", "a/b/"])
def test_a_zip_becomes_an_adapter_that_can_be_activated(client: TestClient, academy: Academy, made: Path, under: str) -> None:
    found = good(sent(client, zipped(made, under, {f"{under}README.md": b"# me", f"{under}optimizer.pt": b"\x80\x04K\x01."})))
    assert (found["name"], found["base_model"], found["source"]) == ("handbook", "academy-mini", "imported")
    assert found["lineage"] == found["lineage"] | {"dataset_id": None, "job_id": None, "report_id": None, "continued_from": None}
    folder = academy.settings.models_dir / found["adapter_id"]
    assert sorted(path.name for path in folder.rglob("*")) == [
        "adapter",
        "adapter_config.json",
        "adapter_model.safetensors",
        "metadata.json",
    ]
    assert good(client.post(f"{API}/adapters/activate", json={"adapter_id": found["adapter_id"]}))["adapter_id"] == found["adapter_id"]
    assert [path.name for path in academy.settings.models_dir.iterdir()] == [found["adapter_id"]]


def test_a_zip_larger_than_other_bodies_passes_the_guard(academy: Academy, made: Path) -> None:
    client = TestClient(Guard(create_api(academy), academy.settings), base_url="http://127.0.0.1:7860")
    raw = zipped(made, more={"handbook/optimizer.pt": os.urandom(9 << 20)})
    assert good(sent(client, raw))["name"] == "handbook"


def test_a_folder_of_the_machine_is_copied(client: TestClient, academy: Academy, made: Path) -> None:
    found = good(client.post(f"{API}/adapters/import", files={"path": (None, str(made)), "base_model": (None, "academy-mini")}))
    assert found["name"] == "handbook"
    assert (made / "adapter_model.safetensors").exists()


def test_what_academy_exported_comes_back_with_its_name(client: TestClient, tmp_path: Path) -> None:
    folder = make_mini_adapter(tmp_path / "training_1" / "adapter")
    record = {"name": "rules, third", "dataset_id": "d1", "base_model": "elsewhere", "parameters": {"lora_rank": 4}, "train_rows": "many"}
    (folder.parent / "metadata.json").write_text(json.dumps(record))
    raw = zipped(folder, "training_1/adapter/", {"training_1/metadata.json": (folder.parent / "metadata.json").read_bytes()})
    for found in (good(sent(client, raw)), good(client.post(f"{API}/adapters/import", files={"path": (None, str(folder))}))):
        assert (found["name"], found["base_model"], found["dataset_id"]) == ("rules, third", "academy-mini", "d1")
        assert found["training_params"] == {"lora_rank": 4}


def a_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("adapter_config.json", b"{}")
        archive.writestr("adapter_model.safetensors", b"\0" * (101 << 20))
    return out.getvalue()


def a_link(target: str = "/etc/passwd") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("adapter_config.json")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, target)
    return out.getvalue()


def pickled() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x/adapter_config.json", b"{}")
        archive.writestr("x/adapter_model.bin", b"\x80\x04K\x01.")
    return out.getvalue()


HOSTILE: dict[str, tuple[Any, int, str]] = {
    "no zip": (lambda made: b"PK no", 422, "not a zip"),
    "empty": (lambda made: b"", 422, "not a zip"),
    "cut short": (lambda made: zipped(made)[:-40], 422, "not a zip"),
    "no adapter": (lambda made: zipped(made.parent / "nothing"), 422, "holds no adapter"),
    "two adapters": (lambda made: zipped(made, "a/", {"b/adapter_config.json": b"{}"}), 422, "holds 2 adapters"),
    "a path above": (lambda made: zipped(made, "x/", {"../../evil": b"x"}), 400, "outside of itself"),
    "an absolute path": (lambda made: zipped(made, "x/", {"/etc/cron.d/evil": b"x"}), 400, "outside of itself"),
    "a drive": (lambda made: zipped(made, "x/", {"C:\\evil": b"x"}), 400, "outside of itself"),
    "a link": (lambda made: a_link(), 400, "is a link"),
    "a bomb": (lambda made: a_bomb(), 400, "suspiciously much"),
    "pickled": (lambda made: pickled(), 400, "pickled (adapter_model.bin)"),
    "too many files": (lambda made: zipped(made, more={f"n/{n}": b"" for n in range(2001)}), 422, "2003 files"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_that_is_not_to_be_trusted_is_refused(client: TestClient, academy: Academy, made: Path, name: str) -> None:
    (made.parent / "nothing").mkdir()
    raw, status, words = HOSTILE[name]
    answer = sent(client, raw(made))
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert [*academy.settings.models_dir.iterdir()] == []
    assert not [path for path in academy.settings.data_dir.rglob("*") if "evil" in path.name]


def changed(folder: Path, **config: Any) -> Path:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def tensors(folder: Path, values: dict[str, Any]) -> Path:
    write_tensors(folder / "adapter_model.safetensors", values)
    return folder


PLACE = "base_model.model.model.layers.0.self_attn.q_proj"
PARTS = {f"{PLACE}.lora_A.weight": numpy.ones((4, 192)), f"{PLACE}.lora_B.weight": numpy.ones((192, 4))}
ELSEWHERE = {name.replace("q_proj", "w_proj"): numbers for name, numbers in PARTS.items()}
UNFIT: dict[str, tuple[Any, str]] = {
    "another base": (lambda made: changed(made, base_model_name_or_path="acme/other-7b"), "acme/other-7b"),
    "no base": (lambda made: changed(made, base_model_name_or_path=None), "does not say which base model"),
    "its own code": (lambda made: changed(made, auto_map={"x": "y"}), "brings its own code"),
    "another kind": (lambda made: changed(made, peft_type="IA3"), "of the kind 'IA3'"),
    "no place": (lambda made: tensors(made, PARTS | {f"{PLACE}z.lora_A.weight": numpy.ones((4, 192))}), "only one half"),
    "another place": (lambda made: tensors(made, ELSEWHERE), "the base model has no model.layers.0.self_attn.w_proj"),
    "another shape": (lambda made: tensors(made, PARTS | {f"{PLACE}.lora_B.weight": numpy.ones((64, 4))}), "is 64 × 192 there"),
    "not finite": (lambda made: tensors(made, PARTS | {f"{PLACE}.lora_B.weight": numpy.full((192, 4), numpy.nan)}), "not finite"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_its_base_is_refused_by_name(client: TestClient, academy: Academy, made: Path, name: str) -> None:
    make, words = UNFIT[name]
    answer = sent(client, zipped(make(made)))
    assert 400 <= answer.status_code < 405, answer.text
    assert words in answer.json()["detail"], answer.text
    assert [*academy.settings.models_dir.iterdir()] == []


def test_a_request_that_says_nothing_or_too_much_is_refused(client: TestClient, made: Path) -> None:
    path = {"path": (None, str(made))}
    assert client.post(f"{API}/adapters/import", files={"base_model": (None, "academy-mini")}).status_code == 422
    assert client.post(f"{API}/adapters/import", files=path | {"file": ("x.zip", b"")}).status_code == 422
    assert client.post(f"{API}/adapters/import", files=path | {"nothing": (None, "x")}).status_code == 422
    assert client.post(f"{API}/adapters/import", json={"path": str(made)}).status_code == 422
    for folder in ("relative", str(made / "nothing"), "/etc/passwd", "\x00"):
        assert client.post(f"{API}/adapters/import", files={"path": (None, folder)}).status_code == 422


def test_what_an_import_left_behind_is_removed_at_the_next_start(settings: Settings) -> None:
    (settings.models_dir / ".incoming-0123").mkdir(parents=True)
    AdapterStore(settings.models_dir, settings.training_dir)
    assert [*settings.models_dir.iterdir()] == []


# ------------------------------------------------------------------ what a person writes on them


def test_tags_and_strength_are_kept_and_the_lineage_comes_with_them(settings: Settings) -> None:
    promoted(settings)
    academy = Academy(settings, engine=EchoEngine())
    client = TestClient(create_api(academy), base_url="http://localhost:7860")
    change = {"tags": ["  hand   book", "tour", "tour", " "], "strength": 0.8, "note": "softer", "name": "Third"}
    found = good(client.patch(f"{API}/adapters/third", json=change))
    assert (found["tags"], found["strength"], found["note"], found["name"]) == (["hand book", "tour"], 0.8, "softer", "Third")
    assert {key: found["lineage"][key] for key in ("dataset_id", "job_id", "report_id", "continued_from")} == {
        "dataset_id": "d1",
        "job_id": "third",
        "report_id": "third",
        "continued_from": None,
    }
    again = AdapterStore(settings.models_dir, settings.training_dir).get("third")
    assert (again.tags, again.strength) == (("hand book", "tour"), 0.8)
    assert good(client.patch(f"{API}/adapters/third", json={"strength": 1, "tags": []}))["strength"] == 1
    assert json.loads((settings.training_dir / "adapter_strengths.json").read_text()) == {}
    for bad in ({"strength": 1.6}, {"strength": -0.1}, {"tags": ["x" * 41]}, {"tags": ["x"] * 21}, {"tags": ["a\nb\x00"]}):
        assert client.patch(f"{API}/adapters/third", json=bad).status_code == 422, bad
    assert client.patch(f"{API}/adapters/nothing", json={"strength": 1}).status_code == 404
    assert good(client.post(f"{API}/adapters/third/effect"))["of"] > 0
    academy.adapters.tag("first", ["old"])
    academy.adapters.delete("first")
    assert json.loads((settings.training_dir / "adapter_tags.json").read_text()) == {}
    academy.close()


def test_dora_has_no_strength_and_says_why(client: TestClient, academy: Academy) -> None:
    make_mini_adapter(academy.settings.models_dir / "copied", use_dora=True)
    answer = client.patch(f"{API}/adapters/copied", json={"strength": 0.5})
    assert answer.status_code == 400
    assert "DoRA, which learns direction and size together" in answer.json()["detail"]
    assert good(client.patch(f"{API}/adapters/copied", json={"strength": 1.0}))["strength"] == 1
    (academy.settings.training_dir / "adapter_strengths.json").write_text('{"copied": 0.5, "x": true, "y": 9}')
    assert academy.adapters.get("copied").strength == 1


def test_damaged_marks_stop_nothing(academy: Academy) -> None:
    make_mini_adapter(academy.settings.models_dir / "copied")
    for name in ("adapter_tags.json", "adapter_strengths.json", "adapter_names.json"):
        for text in ("{", "[]", '{"copied": {}}', '{"copied": [1]}'):
            (academy.settings.training_dir / name).write_text(text)
            found = academy.adapters.get("copied")
            assert (found.tags, found.strength, found.name) == ((), 1.0, "copied")
