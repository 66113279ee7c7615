"""Pushing an export, to a hub on loopback that answers as the real one does."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from academy.adapters.pushing import PushRequest, has_token, repo_name
from academy.api.routes import create_api
from academy.config import Settings
from academy.errors import Conflict, Invalid, Refused, Unavailable
from academy.messages import render
from academy.services.academy import Academy
from academy.ui.adapters import exports
from academy.ui.look import Look
from tests.adapters_help import make_mini_adapter
from tests.waiting import every, wait_until

API = "/api/v1/academy"
TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLz"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OWNERS = {"ann", "harbour-team"}
CARD = b"---\nlicense: apache-2.0\n---\n# harbour\n"


class Hub(BaseHTTPRequestHandler):
    """The answers of a hub that a push needs: who asks, a new repository, the modes of the files, large files, a commit."""

    protocol_version = "HTTP/1.1"
    repos: dict[str, dict[str, Any]] = {}
    asked: list[str] = []
    role = "write"
    pace = 0.0

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        body = self._body()
        type(self).asked.append(f"{self.command} {path}")
        if path.startswith("/store/"):
            self.repos[f"{path.split('/')[2]}/{path.split('/')[3]}"]["stored"][path.split("/")[4]] = body
            return self._send(200, {})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"error": "Invalid credentials"}, {"X-Error-Message": "Invalid credentials in Authorization header"})
        if path == "/api/whoami-v2":
            return self._send(200, {"name": "ann", "auth": {"accessToken": {"role": self.role}}})
        if path == "/api/validate-yaml":
            return self._send(200, {"warnings": [], "errors": []})
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        return self._repository(path, body)

    def _create(self, wish: dict[str, Any]) -> None:
        name = f"{wish['organization'] or 'ann'}/{wish['name']}"
        if name.partition("/")[0] not in OWNERS:
            return self._send(403, {"error": f"You don't have the rights to create a model under the namespace of {TOKEN}"})
        if name in self.repos:
            return self._send(409, {"error": "You already created this model repo", "url": name})
        self.repos[name] = {
            "private": wish.get("visibility", "private" if wish.get("private") else "public") == "private",
            "files": {},
            "stored": {},
        }
        return self._send(200, {"url": f"https://huggingface.co/{name}"})

    def _repository(self, path: str, body: bytes) -> None:
        parts = path.removeprefix("/api/models").strip("/").split("/")
        name, rest = f"{parts[0]}/{parts[1].removesuffix('.git')}", "/".join(parts[2:])
        repo = self.repos[name]
        if not rest:
            siblings = [{"rfilename": file} for file in (".gitattributes", *repo["files"])]
            return self._send(200, {"id": name, "sha": COMMIT, "private": repo["private"], "siblings": siblings})
        if rest == "preupload/main":
            files = [
                file | {"uploadMode": "lfs" if file["path"].endswith((".gguf", ".safetensors")) else "regular"}
                for file in json.loads(body)["files"]
            ]
            return self._send(
                200, {"files": [{"path": file["path"], "uploadMode": file["uploadMode"], "shouldIgnore": False} for file in files]}
            )
        if rest == "info/lfs/objects/batch":
            host = self.headers["Host"]
            objects = [
                item | {"actions": {"upload": {"href": f"http://{host}/store/{name}/{item['oid']}"}}}
                for item in json.loads(body)["objects"]
            ]
            return self._send(200, {"transfer": "basic", "objects": objects})
        assert rest == "commit/main", path
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                repo["files"][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repo["files"][value["path"]] = repo["stored"][value["oid"]]
        return self._send(200, {"commitUrl": f"https://huggingface.co/{name}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})

    def _body(self) -> bytes:
        length, pieces = int(self.headers.get("Content-Length") or 0), []
        large = self.command == "PUT" and self.pace
        for _ in every(self.pace if large else 0):
            if length <= 0 or not (piece := self.rfile.read(min(length, 1 << 16 if large else length))):
                break
            length -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(answer).encode()
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    class Own(Hub):
        repos: dict[str, dict[str, Any]] = {}
        asked: list[str] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield Own
        server.shutdown()


@pytest.fixture
def academy(tmp_path: Path) -> Iterator[Academy]:
    academy = Academy(Settings(_env_file=None, data_dir=tmp_path / "data", remote_data=True))  # type: ignore[call-arg]
    make_mini_adapter(academy.settings.models_dir / "harbour")
    yield academy
    academy.close()


def exported(academy: Academy, files: dict[str, bytes], kind: str) -> str:
    """A finished export with these files; the name of the first."""
    from academy.jobs.kinds.export import ExportRequest

    job = academy.exports.export("harbour", ExportRequest(format="adapter"))
    job.folder.export.mkdir(parents=True)
    record: dict[str, Any] = {
        "format": kind,
        "quantization": None,
        "created_at": "",
        "strength": 1.0,
        "checks": [],
        "commands": [],
        "notes": [],
    }
    record["files"] = []
    for name, data in files.items():
        (job.folder.export / name).write_bytes(data)
        record["files"].append({"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    (job.folder.export / "export.json").write_text(json.dumps(record))
    academy._job_store.update(job.job_id, status="preparing")
    academy._job_store.update(job.job_id, status="running")
    academy._job_store.end(job.job_id, "finished")
    return next(iter(files))


def gguf(academy: Academy, size: int = 5) -> str:
    return exported(academy, {"harbour-q8_0.gguf": b"GGUF" * size, "harbour-q8_0.Modelfile": b"FROM ./x", "harbour-q8_0.md": CARD}, "gguf")


def pushed(academy: Academy, name: str, **wish: Any) -> Any:
    """The end of a push."""
    academy.pushing.begin("harbour", name, PushRequest(**wish))
    made = academy.exports.one("harbour", name)
    wait_until(lambda: not academy._pushes.is_running(made.job_id), "the push to end", 60)
    return academy.pushing.of(made)[0]


def test_a_file_goes_into_a_new_private_repository_with_its_card(academy: Academy, hub: type[Hub], tmp_path: Path) -> None:
    name = gguf(academy)
    with TestClient(create_api(academy), base_url="http://localhost:7860") as client:
        begun = client.post(f"{API}/adapters/harbour/exports/{name}/push", json={"repo": "ann/harbour"}).json()
        assert (begun["status"], begun["private"], begun["address"].endswith("/ann/harbour")) == ("running", True, True)
        found = lambda: client.get(f"{API}/adapters/harbour/exports").json()["items"][0]  # noqa: E731
        item = wait_until(lambda: found() if found()["push"]["status"] != "running" else None, "the push to end", 60)
    assert (item["push"]["status"], item["push"]["error"], item["push"]["fraction"]) == ("finished", None, 1.0)
    assert [(made["repo"], made["private"], made["commit"]) for made in item["pushed"]] == [("ann/harbour", True, COMMIT)]
    repo = hub.repos["ann/harbour"]
    assert repo["private"]
    assert repo["files"] == {"harbour-q8_0.gguf": b"GGUF" * 5, "harbour-q8_0.Modelfile": b"FROM ./x", "README.md": CARD}
    assert item["pushed"][0]["address"] in exports.REGIONS["exports"](Look(academy, {"exports_of": "harbour"}))
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not [*(tmp_path / "data" / "incoming").iterdir()]


def test_a_zip_goes_as_the_files_in_it_and_a_name_alone_is_the_token_owners(academy: Academy, hub: type[Hub], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file, data in (("adapter_model.safetensors", b"weights"), ("adapter_config.json", b"{}"), ("README.md", CARD)):
            archive.writestr(file, data)
    name = exported(academy, {"harbour-adapter.zip": (tmp_path / "a.zip").read_bytes()}, "adapter")
    assert pushed(academy, name, repo="harbour", private=False).repo == "ann/harbour"
    assert not hub.repos["ann/harbour"]["private"]
    assert hub.repos["ann/harbour"]["files"] == {"adapter_model.safetensors": b"weights", "adapter_config.json": b"{}", "README.md": CARD}


def test_each_reason_is_a_sentence(academy: Academy, hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    name = gguf(academy)

    def why(repo: str = "ann/harbour") -> str:
        push = pushed(academy, name, repo=repo)
        assert push.status == "failed"
        return render(push.error)

    refused = why("stranger/harbour")
    assert "does not let your token write to stranger/harbour" in refused
    assert "hf_…" in refused  # whatever the hub says
    hub.repos["ann/harbour"] = {"private": True, "files": {"README.md": b"of another"}, "stored": {}}
    assert "already a repository ann/harbour" in why()
    hub.repos["ann/harbour"] = {"private": False, "files": {}, "stored": {}}
    assert "is public" in why()
    hub.role = "read"
    assert "may only read" in why()
    monkeypatch.setenv("HF_TOKEN", "hf_" + "wrong" * 4)
    assert "does not accept your token" in why()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached" in why()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE forbids" in why()
    assert academy.pushing.of(academy.exports.one("harbour", name))[1] == []


def test_a_push_is_followed_cancelled_and_done_again_into_the_empty_repository(academy: Academy, hub: type[Hub]) -> None:
    name, hub.pace = gguf(academy, 1 << 20), 0.05
    academy.pushing.begin("harbour", name, PushRequest(repo="ann/harbour"))
    made = academy.exports.one("harbour", name)
    wait_until(lambda: (push := academy.pushing.of(made)[0]) and push.bytes_done, "the first bytes", 60)
    with pytest.raises(Conflict, match="being pushed"):
        academy.pushing.begin("harbour", name, PushRequest(repo="ann/other"))
    with pytest.raises(Conflict, match="being pushed"):
        academy.exports.delete("harbour", name)
    cancelled = academy.pushing.cancel("harbour", name)
    assert cancelled
    assert cancelled.status == "cancelled"
    wait_until(lambda: not academy._pushes.is_running(made.job_id), "the end")
    assert not hub.repos["ann/harbour"]["files"]
    hub.pace = 0.0
    assert pushed(academy, name, repo="ann/harbour").status == "finished"


def test_what_is_not_allowed_is_refused_before_anyone_is_asked(academy: Academy, hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = exported(academy, {"harbour-bundle.zip": b""}, "bundle")
    with pytest.raises(Refused, match="holds your lessons"):
        academy.pushing.begin("harbour", bundle, PushRequest(repo="ann/harbour"))
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(Unavailable, match="no token"):
        academy.pushing.check_allowed()
    shown = exports.ACTS["push.ask"](Look(academy, {}), {"id": "harbour", "name": bundle})
    assert "hf auth login" in shown["dialog"]
    academy.pushing._settings = academy.settings.model_copy(update={"remote_data": False})
    with pytest.raises(Unavailable, match="not allowed"):
        academy.pushing.check_allowed()
    assert hub.asked == []


def test_a_token_is_found_where_the_hubs_library_looks(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    assert not has_token({"HF_HOME": str(tmp_path), "HF_TOKEN": " "})
    (tmp_path / "token").write_text("hf_x\n")
    assert has_token({"HF_HOME": str(tmp_path)})
    assert not has_token({"HF_HOME": str(tmp_path), "HF_TOKEN_PATH": str(tmp_path / "none")})
    assert has_token({"HF_TOKEN": "hf_x"})


@pytest.mark.parametrize("text", ["", "a/b/c", "../a", "a/..", "a b", "-a", "a/b.", "a--b", "https://evil.example/a/b", "ä/b"])
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        repo_name(text)
    assert repo_name(" https://huggingface.co/ann/harbour ") == "ann/harbour"
