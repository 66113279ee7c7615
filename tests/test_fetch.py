"""Fetching a base model, from a small hub on loopback that answers as the real one does."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from academy.jobs.kinds.convert import ConvertSpec
from academy.jobs.reading import view
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job
from academy.messages import from_json
from tests.jobs_help import Workshop, left_over
from tests.waiting import every, wait_until

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def weights(values: int = 4) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * (4 * values)


CONFIG = json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}).encode()
MODELS: dict[str, dict[str, bytes]] = {
    "team/good": {
        "config.json": CONFIG,
        "tokenizer.json": b"{}",
        "model.safetensors": weights(),
        "pytorch_model.bin": b"pickle",
        "modeling_good.py": b"print('never')",
        "onnx/model.safetensors": weights(),
    },
    "team/sharded": {
        "config.json": CONFIG,
        "model.safetensors.index.json": json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}).encode(),
        "one.safetensors": weights(),
        "two.safetensors": weights(8),
        "consolidated.safetensors": weights(99),
    },
    "team/pickled": {"config.json": CONFIG, "pytorch_model.bin": b"pickle"},
    "team/code": {"config.json": json.dumps({"auto_map": {"AutoModel": "evil.Model"}}).encode(), "model.safetensors": weights()},
    "team/torn": {"config.json": CONFIG, "model.safetensors": weights()[:-3]},
    "team/large": {"config.json": CONFIG, "model.safetensors": weights(300_000)},
    # The hub's library writes in pieces of 10 MB.
    "team/slow": {"config.json": CONFIG, "model.safetensors": weights(12_000_000)},
}


class Hub(BaseHTTPRequestHandler):
    """The four answers of a hub that a fetch needs."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        type(self).asked.append(path)
        parts = path.strip("/").split("/")
        name = "/".join(parts[2:4] if parts[0] == "api" else parts[0:2])
        if name == "team/gated":
            return self._send(403, b'{"error":"gated"}', {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}, body)
        if name == "team/private":
            return self._send(401, b"{}", {"X-Error-Message": "Invalid username or password."}, body)
        if name == "team/token":
            return self._send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"}, body)
        if name == "team/limited":
            return self._send(429, b"{}", {"Retry-After": "0"}, body)
        if name == "team/broken":
            return self._send(400, b"{}", {}, body)
        files = MODELS.get(name)
        if files is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, body)
        if parts[0] == "api":
            siblings = [{"rfilename": file, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()} for file, data in files.items()]
            return self._send(200, json.dumps({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings}).encode(), {}, body)
        file = "/".join(parts[4:])
        if file not in files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body)
        headers = {"ETag": f'"{hashlib.sha1(files[file]).hexdigest()}"', "X-Repo-Commit": COMMIT}
        return self._send(
            200, files[file], headers, body, pace={"team/slow": 0.05, "team/large": 0.1}.get(name, 0) * file.endswith("safetensors")
        )

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool, pace: float = 0) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for start, _ in zip(range(0, len(data) if body else 0, 1 << 18), every(pace), strict=False):
                self.wfile.write(data[start : start + (1 << 18)])

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def begin(tmp_path: Path, hub: str, name: str, **extra: str) -> subprocess.Popen[bytes]:
    (tmp_path / "spec.json").write_text(json.dumps({"base_model": name}))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "hf")}
    env |= {"HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1"}
    return subprocess.Popen([sys.executable, "-m", "academy.jobs.fetch", str(tmp_path)], env=env | extra, cwd=tmp_path)


def events(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]


def test_weights_and_texts_come_and_nothing_that_can_run(tmp_path: Path, hub: str) -> None:
    assert begin(tmp_path, hub, "team/good").wait(30) == 0
    fetched = json.loads((tmp_path / "fetched.json").read_text())
    assert fetched["revision"] == COMMIT
    assert sorted(path.name for path in Path(fetched["path"]).iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    last = events(tmp_path)[-1]
    assert last["type"] == "preparing"
    size = sum(len(MODELS["team/good"][name]) for name in ("config.json", "tokenizer.json", "model.safetensors"))
    assert last["bytes_done"] == last["bytes_total"] == size
    assert not any(path.endswith((".bin", ".py")) or "onnx" in path for path in Hub.asked)


@pytest.mark.training
def test_the_shards_that_the_index_names_come_and_no_others(tmp_path: Path, hub: str) -> None:
    assert begin(tmp_path, hub, "team/sharded").wait(30) == 0
    fetched = json.loads((tmp_path / "fetched.json").read_text())
    names = sorted(path.name for path in Path(fetched["path"]).iterdir())
    assert names == ["config.json", "model.safetensors.index.json", "one.safetensors", "two.safetensors"]


FAULTS = {
    "team/gated": ("gated", "Accept the terms"),
    "team/private": ("missing", "private"),
    "team/token": ("gated", "does not accept the token"),
    "team/limited": ("hub", "too often"),
    "team/nothing": ("missing", "no model"),
    "team/broken": ("hub", "400"),
    "team/pickled": ("no_safetensors", "run code"),
    "team/code": ("bad_model", "own code"),
    "team/torn": ("bad_model", "cut short"),
}


@pytest.mark.training  # each is a process of its own
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_own_word_and_says_what_to_do(tmp_path: Path, hub: str, name: str) -> None:
    assert begin(tmp_path, hub, name).wait(30) == 1
    cause, words = FAULTS[name]
    last = events(tmp_path)[-1]
    assert (last["type"], last["cause"]) == ("failed", cause)
    assert words in str(from_json(last["reason"]))
    assert not (tmp_path / "fetched.json").exists()
    # What would be refused is not fetched first.
    assert name == "team/torn" or not any(path.startswith(f"/{name}/") and path.endswith(".safetensors") for path in Hub.asked)


@pytest.mark.training
def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    assert begin(tmp_path, "http://127.0.0.1:9", "team/good").wait(60) == 1
    assert events(tmp_path)[-1]["cause"] == "offline"
    (tmp_path / "events.jsonl").unlink()
    assert begin(tmp_path, "http://127.0.0.1:9", "team/good", HF_HUB_OFFLINE="1").wait(60) == 1
    assert "HF_HUB_OFFLINE" in str(from_json(events(tmp_path)[-1]["reason"]))


@pytest.mark.training
def test_it_says_how_far_it_is_and_leaves_nothing_when_it_is_ended(tmp_path: Path, hub: str) -> None:
    fetching = begin(tmp_path, hub, "team/slow")

    def halfway() -> list[dict[str, Any]]:
        said = events(tmp_path) if (tmp_path / "events.jsonl").exists() else []
        under_way = any(0 < (event.get("bytes_done") or 0) < event["bytes_total"] for event in said if event.get("bytes_total"))
        return said if under_way else []

    moving = [event for event in wait_until(halfway, "a part of the bytes") if (event.get("bytes_done") or 0) > 0]
    assert moving
    assert moving[-1]["bytes_per_second"] > 0
    fetching.terminate()
    assert fetching.wait(5) == 143
    assert not list((tmp_path / "hf").rglob("*.incomplete"))
    assert not (tmp_path / "fetched.json").exists()


@pytest.fixture
def shop(tmp_path: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    made = Workshop(tmp_path)
    yield made
    made.close()


def submit(shop: Workshop, base: str) -> Job:
    spec = TrainingSpec(name="good", base_model=base, max_steps=5)
    return shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset)))


@pytest.mark.training
def test_a_job_fetches_its_base_model_first_and_then_trains(shop: Workshop) -> None:
    job = submit(shop, "team/large")
    shop.wait(job.job_id, lambda job: bool((view.view(job, None)["preparing"] or {}).get("bytes_done")))
    fetching = shop.job(job.job_id)
    assert (fetching.status, fetching.phase) == ("preparing", "fetch")
    ended = shop.wait(job.job_id, seconds=40)
    assert (ended.status, ended.base_revision, ended.attempt) == ("finished", COMMIT, 1)
    assert len(ended.base_fingerprint or "") == 32
    spec = json.loads((Path(job.output_dir) / "spec.json").read_text())
    assert (spec["base_path"], spec["base_revision"]) == (ended.base_path, COMMIT)
    for path in Path(job.output_dir).rglob("*"):
        assert path.is_dir() or b"hf_secret" not in path.read_bytes()


@pytest.mark.training
def test_a_base_model_alone_is_fetched_by_a_job_of_its_own(shop: Workshop) -> None:
    job = shop.runner.submit(ConvertSpec(base_model="team/good"), Inputs(base_model="team/good"), kind="convert")
    ended = shop.wait(job.job_id, seconds=60)
    assert (ended.status, ended.kind, ended.base_revision, ended.adapter_path) == ("finished", "convert", COMMIT, None)
    assert Path(ended.base_path or "").is_relative_to(shop.root / "hf")
    assert ended.resumable is False


@pytest.mark.training
def test_a_model_that_cannot_be_had_fails_the_job_with_its_own_word(shop: Workshop) -> None:
    job = shop.wait(submit(shop, "team/gated").job_id)
    assert (job.status, job.cause, job.resumable) == ("failed", "gated", False)
    assert "Accept the terms" in str(job.error)
    assert not (Path(job.output_dir) / "command.json").exists()


@pytest.mark.training
@pytest.mark.parametrize("way", ["cancel", "stop"])
def test_a_fetch_can_be_cancelled(shop: Workshop, way: str) -> None:
    job = submit(shop, "team/slow")
    shop.wait(job.job_id, lambda job: bool((view.view(job, None)["preparing"] or {}).get("bytes_done")))
    (shop.runner.cancel if way == "cancel" else shop.runner.stop)(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "cancelled"
    assert not left_over(ended)
    assert not list((shop.root / "hf").rglob("*.incomplete"))
