"""Datasets of the hub and files from the network, from a hub and a web server on loopback that answer as real ones do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.remote.address import is_public, parse, redacted, scrub
from academy.curation.remote.forms import RemoteRequest
from academy.curation.remote.importing import Import
from academy.curation.remote.reading import Reading
from academy.errors import AcademyError, Invalid, NotFound, Unavailable
from academy.messages import render
from academy.outside import environment
from academy.services.academy import Academy
from tests.waiting import wait_until

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = b"""---
license: cc-by-4.0
configs:
- config_name: cards
  data_files:
  - {split: train, path: cards/train.jsonl}
  - {split: test, path: cards/test.jsonl}
- config_name: other
  data_files: other.jsonl
---
"""


def lines(count: int) -> bytes:
    rows = [{"front": f"What is card {n}?", "back": f"It is the card number {n}.", "deck": "numbers"} for n in range(count)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


PAIRS = b"".join(json.dumps({"question": f"Question {n}?", "answer": f"The answer {n}."}).encode() + b"\n" for n in range(20))
FILES = {"README.md": CARD, "cards/train.jsonl": lines(60), "cards/test.jsonl": lines(2), "other.jsonl": lines(1)}


class Server(BaseHTTPRequestHandler):
    """The answers of a hub that one dataset needs, and a few files."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str]] = []
    elsewhere = ""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        type(self).asked.append((self.path, self.headers.get("Authorization", "")))
        path = self.path.partition("?")[0]
        if path == "/away.jsonl":
            return self._send(302, b"", body, Location=self.elsewhere)
        if path == "/forbidden.jsonl":
            return self._send(403, b"", body)
        if path == "/pairs.jsonl":
            return self._send(200, PAIRS, body)
        if path == "/endless.jsonl":
            return self._endless(body)
        if path.startswith("/api/datasets/team/cards/tree/"):
            return self._send(200, json.dumps([self._entry(name) for name in FILES if name.startswith("cards/")]).encode(), body)
        if path.startswith("/api/datasets/team/cards"):
            facts = {
                "id": "team/cards",
                "sha": COMMIT,
                "private": False,
                "gated": False,
                "cardData": {"license": "cc-by-4.0"},
                "siblings": [],
            }
            return self._send(200, json.dumps(facts).encode(), body)
        data = FILES.get(path.removeprefix(f"/datasets/team/cards/resolve/{COMMIT}/"))
        if data is None:
            code = "EntryNotFound" if "team/cards" in path else "RepoNotFound"
            return self._send(404, b"{}", body, **{"X-Error-Code": code})
        return self._send(200, data, body, ETag=f'"{hashlib.sha1(data).hexdigest()}"', **{"X-Repo-Commit": COMMIT})

    def _entry(self, name: str) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": len(FILES[name]), "oid": hashlib.sha1(FILES[name]).hexdigest()}

    def _endless(self, body: bool) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            while body:
                self.wfile.write(PAIRS * 50)

    def _send(self, status: int, data: bytes, body: bool, **headers: str) -> None:
        asked = self.headers.get("Range", "")
        if status == 200 and asked.startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            data, status = data[int(first) : int(last or len(data)) + 1], 206
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def academy(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    monkeypatch.setenv("HF_ENDPOINT", f"http://{place}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    values = {"data_dir": tmp_path / "data", "remote_data": True, "remote_hosts": place, "max_upload_mb": 1}
    academy = Academy(Settings(_env_file=None, **values))  # type: ignore[arg-type]
    yield academy
    academy.close()


def taken(academy: Academy, **request: Any) -> Import:
    item = academy.remote.begin(RemoteRequest(**request))
    wait_until(lambda: academy.remote.get(item.id).status != "running", "the import to end", 60)
    return academy.remote.get(item.id)


# ------------------------------------------------------------------ what is named


@pytest.mark.parametrize(
    ("text", "kind", "name", "shown"),
    [
        ("squad", "dataset", "squad", "squad"),
        (" tatsu-lab/alpaca ", "dataset", "tatsu-lab/alpaca", "tatsu-lab/alpaca"),
        ("https://huggingface.co/datasets/tatsu-lab/alpaca", "dataset", "tatsu-lab/alpaca", "tatsu-lab/alpaca"),
        ("https://huggingface.co/datasets/tatsu-lab/alpaca/viewer", "dataset", "tatsu-lab/alpaca", "tatsu-lab/alpaca"),
        ("https://ann:pw@example.org/a%20b.csv?sig=1#x", "file", "a b.csv", "https://example.org/a%20b.csv?…"),
        ("s3://bucket/rows.csv", "file", "rows.csv", "s3://bucket/rows.csv"),
        ("gcs://bucket/rows.csv", "file", "rows.csv", "gcs://bucket/rows.csv"),
        ("hf://datasets/team/cards/rows.parquet", "file", "rows.parquet", "hf://datasets/team/cards/rows.parquet"),
        ("http://minio.lan:9000/rows.csv", "file", "rows.csv", "http://minio.lan:9000/rows.csv"),
    ],
)
def test_a_dataset_or_a_file_is_named(text: str, kind: str, name: str, shown: str) -> None:
    source = parse(text, ["minio.lan:9000"])
    assert (source.kind, source.name, source.shown) == (kind, name, shown)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("../secret", "neither"),
        ("a/b/c", "neither"),
        ("https://example.org/two words", "neither"),
        ("file:///etc/passwd", "cannot be read"),
        ("ftp://example.org/a.csv", "cannot be read"),
        ("simplecache::https://example.org/a.csv", "cannot be read"),
        ("zip://a.csv::https://example.org/a.zip", "cannot be read"),
        ("http://example.org/a.csv", "not encrypted"),
        ("https://example.org", "names no file"),
        ("https://example.org:99999/a.csv", "not an address"),
    ],
)
def test_what_cannot_be_read_is_refused_without_asking_anyone(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        parse(text)


def test_no_address_shows_a_credential() -> None:
    assert redacted("s3://key:secret@bucket/a") == "s3://bucket/a"
    assert redacted("https://example.org/a?X-Amz-Signature=abc") == "https://example.org/a?…"
    said = "404, url='https://ann:pw@cdn.example.org/a?Signature=abc' while reading https://example.org/b"
    assert scrub(said) == "404, url='https://cdn.example.org/a?…' while reading https://example.org/b"
    with pytest.raises(Invalid) as error:
        parse("http://ann:pw@example.org/a.csv?token=abc")
    assert "pw" not in error.value.detail
    assert "abc" not in error.value.detail


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.0.0.8", False),
        ("192.168.1.5", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:8", False),
        ("2002:a00:8::1", False),
        ("example.org", False),
    ],
)
def test_only_public_addresses_are_reached(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_the_program_sees_nothing_of_academys_own_settings() -> None:
    seen = environment(
        {"ACADEMY_TOKEN": "a", "ACADEMY_JUDGE_KEY": "b", "HF_TOKEN": "c", "AWS_PROFILE": "d", "https_proxy": "e", "OPENAI": "f"}
    )
    assert {"HF_TOKEN", "AWS_PROFILE", "https_proxy"} <= seen.keys()
    assert not {"ACADEMY_TOKEN", "ACADEMY_JUDGE_KEY", "OPENAI"} & seen.keys()


def test_it_is_off_until_the_owner_allows_it(tmp_path: Path) -> None:
    academy = Academy(Settings(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]
    for verb in (academy.remote.look, academy.remote.begin):
        with pytest.raises(Unavailable, match="not allowed") as error:
            verb(RemoteRequest(address="tatsu-lab/alpaca"))
        assert "ACADEMY_REMOTE_DATA=true" in error.value.hint
    academy.close()


# ------------------------------------------------------------------ datasets


def test_a_dataset_is_looked_at_mapped_and_recorded(academy: Academy) -> None:
    found = academy.remote.look(RemoteRequest(address="team/cards", sample=3))
    assert (found.origin.revision, found.origin.license, found.origin.split) == (COMMIT, "cc-by-4.0", "train")
    assert (found.configs, found.splits, found.needs_mapping) == (["cards", "other"], ["train", "test"], True)
    assert [row["front"] for row in found.samples] == ["What is card 0?", "What is card 1?", "What is card 2?"]
    mapping = {"situation": "front", "action": "back", "tags": "deck"}
    item = taken(academy, address="team/cards", revision=found.origin.revision, rows=40, mapping=mapping)
    assert item.upload is not None, item.error
    assert (item.status, item.rows_done, item.upload.records_estimate) == ("finished", 40, 40)
    assert item.upload.name == "team--cards-cards-train.jsonl"
    made = academy.datasets.create(DatasetRequest(upload_ids=[item.upload.id], include_lessons=False, include_git=False))
    origins = academy.datasets.get(made["dataset_id"]).sources["uploads"]["origins"]
    assert origins == [{"address": "team/cards", "revision": COMMIT, "config": "cards", "split": "train", "license": "cc-by-4.0"}]


def test_a_dataset_that_is_not_there_is_named(academy: Academy) -> None:
    with pytest.raises(AcademyError, match="no dataset team/none"):
        academy.remote.look(RemoteRequest(address="team/none"))


# ------------------------------------------------------------------ files


def test_a_file_is_looked_at_and_its_credentials_are_used_and_forgotten(academy: Academy, place: str, tmp_path: Path) -> None:
    address = f"http://ann:geheim@{place}/pairs.jsonl?X-Amz-Signature=c0ffee"
    found = academy.remote.look(RemoteRequest(address=address))
    assert (len(found.samples), found.needs_mapping, found.size_bytes) == (5, False, len(PAIRS))
    item = taken(academy, address=address)
    assert item.upload is not None, item.error
    assert item.upload.records_estimate == 20
    path, login = Server.asked[-1]
    assert path.endswith("?X-Amz-Signature=c0ffee")
    assert login.startswith("Basic ")
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()] + [item.model_dump_json().encode()]
    assert not [text for text in kept if b"geheim" in text or b"c0ffee" in text]
    assert item.origin.address == f"http://{place}/pairs.jsonl?…"


def test_a_redirect_to_a_private_address_is_refused_before_it_is_reached(academy: Academy, place: str) -> None:
    reached: list[str] = []

    class Inside(Server):
        def do_GET(self) -> None:
            reached.append(self.path)

        def do_HEAD(self) -> None:
            reached.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Inside) as inside:
        threading.Thread(target=inside.serve_forever, daemon=True).start()
        Server.elsewhere = f"http://127.0.0.1:{inside.server_address[1]}/metadata"
        with pytest.raises(AcademyError, match="private address") as error:
            academy.remote.look(RemoteRequest(address=f"http://{place}/away.jsonl"))
        inside.shutdown()
    assert "ACADEMY_REMOTE_HOSTS" in error.value.detail
    assert not reached


def test_what_is_too_large_ends_and_leaves_nothing(academy: Academy, place: str, tmp_path: Path) -> None:
    item = taken(academy, address=f"http://{place}/endless.jsonl")
    assert item.status == "failed"
    assert "larger than 1 MB" in render(item.error or "")
    assert not academy.datasets.uploads()
    wait_until(lambda: not [*(tmp_path / "data" / "incoming").iterdir()], "the rest to be removed")


def test_an_import_can_be_cancelled(place: str, tmp_path: Path) -> None:
    values = {"data_dir": tmp_path, "remote_data": True, "remote_hosts": place, "max_upload_mb": 90_000}
    academy = Academy(Settings(_env_file=None, **values))  # type: ignore[arg-type]
    item = academy.remote.begin(RemoteRequest(address=f"http://{place}/endless.jsonl"))
    wait_until(lambda: academy.remote.get(item.id).bytes_done, "the first bytes", 60)
    assert academy.remote.cancel(item.id).status == "cancelled"
    wait_until(lambda: not [*(tmp_path / "incoming").iterdir()], "the rest to be removed")
    assert academy.remote.cancel(item.id).status == "cancelled"  # and leaves the list
    with pytest.raises(NotFound):
        academy.remote.get(item.id)
    assert not academy.datasets.uploads()
    academy.close()


@pytest.mark.parametrize(("seconds", "why"), [(1.0, "did not answer within 1 seconds"), (None, "exited without reporting a result")])
def test_a_program_that_takes_too_long_or_dies_is_reported(place: str, tmp_path: Path, seconds: float | None, why: str) -> None:
    address = f"http://{place}/endless.jsonl"
    run = Reading("take", parse(address, [place]), RemoteRequest(address=address), tmp_path, 1 << 40, [place])
    if seconds is None:
        run.stop()
    with pytest.raises(AcademyError, match=why):
        for _ in run.events(seconds):
            pass
    run.close()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("path", "why"),
    [("/forbidden.jsonl", "the server refuses it"), ("/none.jsonl", "was not found")],
)
def test_why_a_file_cannot_be_read(academy: Academy, place: str, path: str, why: str) -> None:
    with pytest.raises(AcademyError, match=why):
        academy.remote.look(RemoteRequest(address=f"http://{place}{path}"))


def test_a_missing_package_is_named(academy: Academy) -> None:
    with pytest.raises(AcademyError, match="pip install gcsfs"):
        academy.remote.look(RemoteRequest(address="gs://bucket/rows.jsonl"))
