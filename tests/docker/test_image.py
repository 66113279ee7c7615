"""The training image, fetched or built when somebody asks for it: a small registry on loopback, the real engine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from academy.config import Settings
from academy.errors import Unavailable
from academy.jobs.backends.docker.image import ImageState, TrainingImage
from tests.waiting import every, wait_until

pytestmark = pytest.mark.docker


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """Serves one image over the Registry HTTP API V2, as far as a pull needs it."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.status = 0  # what everything is answered with, instead
        self.pace = 0.0  # seconds between two pieces of a layer
        self.sending = 0  # answers on their way
        self.damaged = False
        layers, diffs = [], []
        for number in range(3):
            plain = io.BytesIO()
            with tarfile.open(fileobj=plain, mode="w") as tar:
                # Random bytes: what cannot be compressed travels in its full size, and no engine has seen it before.
                entry = tarfile.TarInfo(f"layer-{number}")
                entry.size = 1 << 20
                tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
            packed = gzip.compress(plain.getvalue(), 1)
            self.blobs[digest(packed)] = packed
            layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(packed), "digest": digest(packed)})
            diffs.append(digest(plain.getvalue()))
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=b"]}, "rootfs": {"type": "layers", "diff_ids": diffs}}
        ).encode()
        self.blobs[digest(config)] = config
        self.size = sum(layer["size"] for layer in layers)
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest(config)},
                "layers": layers,
            }
        ).encode()
        registry = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                registry.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        _, what, reference = request.path.rsplit("/", 2) if request.path != "/v2/" else ("", "", "")
        kind, data = "application/octet-stream", self.blobs.get(reference)
        if self.status and what:
            word = {401: "UNAUTHORIZED", 429: "TOOMANYREQUESTS"}.get(self.status, "UNKNOWN")
            return self.send(request, self.status, json.dumps({"errors": [{"code": word, "message": word.lower()}]}).encode())
        if not what:
            data = b"{}"
        elif what == "manifests" and reference in ("1.0", digest(self.manifest)):
            kind, data = "application/vnd.docker.distribution.manifest.v2+json", self.manifest
        if data is None:
            return self.send(request, 404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')
        if self.damaged and len(data) > 1 << 20:
            data = data[:-9] + b"x" * 9
        return self.send(request, 200, data, kind)

    def send(self, request: BaseHTTPRequestHandler, status: int, data: bytes, kind: str = "application/json") -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Docker-Content-Digest", digest(data))
        request.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        request.end_headers()
        self.sending += 1
        try:
            if request.command == "GET":
                for piece, _ in zip(range(0, len(data), 1 << 16), every(self.pace), strict=False):
                    request.wfile.write(data[piece : piece + (1 << 16)])
        except ConnectionError:
            request.close_connection = True
        finally:
            self.sending -= 1


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def docker() -> Iterator[Any]:
    import docker

    client = docker.from_env(timeout=20)
    yield client
    client.close()


def image_of(tmp_path: Path, name: str, **more: Any) -> TrainingImage:
    settings = Settings(data_dir=tmp_path, training_image=name, _env_file=None, **more)  # type: ignore[call-arg]
    return TrainingImage(settings, root=tmp_path)


def follow(image: TrainingImage, until: Callable[[ImageState], bool] = lambda state: state.status != "getting") -> list[ImageState]:
    """All states that were seen on the way."""
    seen: list[ImageState] = []

    def reached() -> bool:
        seen.append(image.state())
        return until(seen[-1])

    wait_until(reached, lambda: f"what should follow {seen[-1]}", seconds=60)
    return seen


def test_an_image_is_pulled_when_asked_and_says_how_far_it_is(tmp_path: Path, registry: Registry, docker: Any) -> None:
    name = f"{registry.host}/team/trainer:1.0"
    image = image_of(tmp_path, name)
    registry.pace = 0.03
    assert image.state().status == "missing"
    try:
        first = image.get()
        assert (first.status, first.way) == ("getting", "pull")
        assert image.get().status == "getting"  # a second click begins nothing
        seen = follow(image)
        shares = [state.fraction for state in seen if state.fraction is not None]
        assert shares == sorted(shares)
        assert any(0.1 < share < 0.9 for share in shares)
        assert max(state.bytes_done or 0 for state in seen) == registry.size
        assert (seen[-1].status, seen[-1].fraction) == ("ready", 1.0)
        assert docker.images.get(name).attrs["Config"]["Env"] == ["A=b"]
        assert image.get().status == "ready"
    finally:
        docker.images.remove(name, force=True)
    assert image.state().status == "missing"


def test_a_pull_that_is_cancelled_ends_at_the_engine_too(tmp_path: Path, registry: Registry, docker: Any) -> None:
    name = f"{registry.host}/team/trainer:1.0"
    image = image_of(tmp_path, name)
    registry.pace = 0.5
    image.get()
    follow(image, lambda state: bool(state.bytes_done))
    begun = time.monotonic()
    assert image.cancel().status == "cancelled"
    assert time.monotonic() - begun < 2
    wait_until(lambda: not registry.sending, "the engine to hang up")
    assert not [item for item in docker.images.list() if name in item.tags]
    # It can be asked for again, and the engine takes it up.
    registry.pace = 0
    assert image.get().status == "getting"
    assert follow(image)[-1].status == "ready"
    docker.images.remove(name, force=True)


FAULTS = {
    "unauthorized": (401, "1.0", "docker login"),
    "limited": (429, "1.0", "limits how often"),
    "no such tag": (0, "2.0", "Check the name and the tag"),
    "broken": (500, "1.0", "could not be fetched"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_pull_that_fails_says_why_and_what_to_do(tmp_path: Path, registry: Registry, fault: str) -> None:
    registry.status, tag, words = FAULTS[fault]
    image = image_of(tmp_path, f"{registry.host}/team/trainer:{tag}")
    image.get()
    last = follow(image)[-1]
    assert last.status == "failed"
    assert words in str(last.error)
    assert "Traceback" not in str(last.error)


def test_a_registry_that_is_away_or_sends_something_else_is_said(tmp_path: Path, registry: Registry) -> None:
    registry.damaged = True
    image = image_of(tmp_path, f"{registry.host}/team/trainer:1.0")
    image.get()
    assert "damaged" in str(follow(image)[-1].error)
    image = image_of(tmp_path, "127.0.0.1:9/team/trainer:1.0")
    image.get()
    assert "cannot be reached" in str(follow(image)[-1].error)


def test_our_own_image_is_built_and_never_pulled(tmp_path: Path, docker: Any) -> None:
    name = "academy-trainer:test"
    image = image_of(tmp_path, name, docker_cuda_image="python:3.11-slim")
    with pytest.raises(Exception, match="source"):
        image.get()
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV MADE=yes\nENV AND=so\nLABEL made=here\n")
    try:
        assert image.get().way == "build"
        last = follow(image)[-1]
        assert last.status == "ready", last
        assert "MADE=yes" in docker.images.get(name).attrs["Config"]["Env"]
    finally:
        docker.images.remove(name, force=True)
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\nRUN echo it is gone >&2 && exit 7\n")
    image.get()
    last = follow(image)[-1]
    assert last.status == "failed"
    assert "returned a non-zero code: 7" in str(last.error)


def test_an_engine_that_is_away_is_said_and_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_of(tmp_path, "team/trainer:1.0")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert image.state().status == "unavailable"
    with pytest.raises(Unavailable, match="DOCKER_HOST"):
        image.get()
    assert image.cancel().status == "unavailable"


def test_rest_begins_shows_and_cancels_it(tmp_path: Path, registry: Registry) -> None:
    from fastapi.testclient import TestClient

    from academy.api.routes import create_api
    from academy.services.academy import Academy

    name = f"{registry.host}/team/trainer:1.0"
    academy = Academy(Settings(data_dir=tmp_path, training_image=name, _env_file=None))  # type: ignore[call-arg]
    client, path = TestClient(create_api(academy), base_url="http://127.0.0.1"), "/api/v1/academy/docker/image"
    registry.pace = 0.5
    assert client.get(path).json()["status"] == "missing"
    docker = next(part for part in client.get("/api/v1/academy/status").json()["details"] if part["name"] == "docker")
    assert (docker["ok"], name in docker["reason"], f"docker pull {name}" in docker["remedy"]) == (False, True, True)
    begun = client.post(path).json()
    assert (begun["status"], begun["image"], begun["way"]) == ("getting", name, "pull")
    follow(academy._image, lambda state: bool(state.bytes_done))
    assert 0 < client.get(path).json()["bytes_done"] < registry.size
    assert client.delete(path).json()["status"] == "cancelled"
    assert client.delete(path).json()["status"] == "cancelled"
    academy.close()
