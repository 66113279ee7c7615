"""The docker backend on a real engine: the same promises as everywhere, and a container that can do nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy.adapters.store import AdapterStore
from academy.bases import fingerprint
from academy.config import Settings
from academy.errors import Unavailable
from academy.jobs.backends import Command
from academy.jobs.backends.docker import backend as docker_backend
from academy.jobs.backends.docker import mounts as docker_mounts
from academy.jobs.backends.docker.backend import DockerBackend
from academy.jobs.backends.subprocess import ROOT, SubprocessBackend
from academy.jobs.processes import is_held
from academy.jobs.reading import progress, view
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Inputs, Job
from tests import test_fetch
from tests.jobs_help import STANDIN, Workshop, adapter_bytes, events, exists, kill
from tests.waiting import wait_until

pytestmark = pytest.mark.docker

SLIM = "python:3.11-slim"
hub = test_fetch.hub


@pytest.fixture
def docker() -> Any:
    import docker

    client = docker.from_env(timeout=20)
    yield client
    client.close()


def workshop(root: Path, image: str = SLIM, program: Path = STANDIN, backend: DockerBackend | None = None) -> Workshop:
    settings = Settings(data_dir=root / "data", backend="docker", training_image=image, _env_file=None)  # type: ignore[call-arg]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    backends = {"docker": backend or DockerBackend(settings, root=program), "subprocess": SubprocessBackend(root=program)}
    return Workshop(root, backends, settings=settings)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = workshop(tmp_path)
    yield made
    made.close()


def containers_of(docker: Any, job: Job) -> list[Any]:
    return docker.containers.list(all=True, ignore_removed=True, filters={"label": f"academy.job={job.job_id}"})


def submit(shop: Workshop, name: str = "good", steps: int = 20, pause: float = 0.0, **knobs: Any) -> Job:
    return shop.submit(name=name, steps=steps, pause=pause, backend="docker", **knobs)


def test_what_a_container_may_and_may_not(shop: Workshop, docker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setattr(docker_mounts, "PIDS", 200)
    job = submit(shop, "probes", steps=400, pause=0.02)
    shop.wait(job.job_id, "running", seconds=40)
    (container,) = containers_of(docker, job)
    shown = container.attrs
    host, config = shown["HostConfig"], shown["Config"]
    assert config["User"] == "65532:65532" or os.geteuid() != 0
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["ReadonlyRootfs"], host["NetworkMode"], host["PidsLimit"]) == (True, "none", 200)
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert not host["Binds"]
    assert {mount["Destination"]: mount["RW"] for mount in shown["Mounts"]} == {
        "/job": True,
        "/data": False,
        "/data/dataset.jsonl": False,
        "/base": False,
        "/opt/academy/academy": False,
        "/opt/academy/warden.py": False,
    }
    assert config["Healthcheck"]["Test"] == ["NONE"]
    assert not host["DeviceRequests"]
    assert "NVIDIA_VISIBLE_DEVICES=void" in config["Env"]
    assert config["Labels"]["academy.job"] == job.job_id
    assert config["Labels"]["academy.data"]
    assert (host["PidMode"], host["IpcMode"], host["RestartPolicy"]["Name"] in ("", "no")) == ("", "private", True)
    said = json.loads(next(event["message"] for event in events(job) if event["type"] == "note"))
    assert said["uid"] == int(config["User"].split(":")[0])
    assert said["links"] == ["lo"]
    assert said["root"] == ["dataset.jsonl"]
    status = said["status"]
    assert {status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert "secret" not in json.dumps(said["environment"])
    assert said["environment"]["HF_HUB_OFFLINE"] == "1"
    could = {name for name, how in said.items() if how == "could"}
    assert could == {"try temp", "try job"}
    shop.runner.cancel(job.job_id)
    shop.wait(job.job_id)


@pytest.mark.parametrize("how", ["good", "ignores bare children"])
def test_a_cancel_removes_the_container(shop: Workshop, docker: Any, how: str) -> None:
    job = submit(shop, how, steps=2000, pause=0.02)
    running = shop.wait(job.job_id, lambda job: bool((job.worker or {}).get("pid")), seconds=40)
    pid = (running.worker or {})["pid"]
    assert exists(pid)
    begun = time.monotonic()
    shop.runner.cancel(job.job_id)
    ended = shop.wait(job.job_id)
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")
    assert time.monotonic() - begun < 10
    assert ended.status == "cancelled"
    assert not exists(pid)


def test_a_kill_is_a_failure_that_resumes_to_the_same_end(shop: Workshop, docker: Any) -> None:
    whole = shop.wait(submit(shop, steps=23).job_id, seconds=40)
    assert whole.status == "finished"
    job = submit(shop, steps=23, pause=0.05)
    shop.wait_step(job.job_id, 12, seconds=40)
    containers_of(docker, job)[0].kill()
    failed = shop.wait(job.job_id)
    assert (failed.status, failed.signal, failed.resumable) == ("failed", "SIGKILL", True)
    assert "at step 1" in str(failed.error)
    shop.runner.resume(job.job_id)
    ended = shop.wait(job.job_id, seconds=40)
    assert ended.status == "finished"
    assert adapter_bytes(ended) == adapter_bytes(whole)
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")


def test_the_trainer_killed_in_its_container(shop: Workshop) -> None:
    job = submit(shop, steps=1000, pause=0.02)
    running = shop.wait(job.job_id, lambda job: bool((job.worker or {}).get("pid")), seconds=40)
    shop.wait_step(job.job_id, 3)
    kill((running.worker or {})["pid"])
    failed = shop.wait(job.job_id)
    assert (failed.status, failed.signal, failed.exit_code) == ("failed", "SIGKILL", None)


def test_a_container_removed_by_hand_is_said(shop: Workshop, docker: Any) -> None:
    job = submit(shop, steps=1000, pause=0.02)
    shop.wait_step(job.job_id, 7, seconds=40)
    containers_of(docker, job)[0].remove(force=True)
    failed = shop.wait(job.job_id)
    assert failed.status == "failed"
    assert "removed by hand" in str(failed.error)
    assert failed.resumable


def test_stop_and_keep_works_in_a_container(shop: Workshop) -> None:
    job = submit(shop, steps=2000, pause=0.02)
    shop.wait_step(job.job_id, 4, seconds=40)
    shop.runner.stop(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "finished"
    assert "kept at step" in str(ended.reason)


def test_the_app_comes_back_and_finds_the_container(tmp_path: Path, docker: Any) -> None:
    shop = workshop(tmp_path)
    job = submit(shop, steps=150, pause=0.03)
    shop.wait(job.job_id, lambda job: job.status == "running" and bool((job.worker or {}).get("pid")), seconds=40)
    before = containers_of(docker, job)[0].id
    shop.runner.close()
    written = shop.store.path.read_bytes()
    again = workshop(tmp_path)
    again.wait_ticks()
    assert again.job(job.job_id).status == "running"
    assert again.store.path.read_bytes() == written
    assert containers_of(docker, job)[0].id == before
    ended = again.wait(job.job_id, seconds=40)
    assert ended.status == "finished"
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 151))
    again.close()


def test_a_missing_image_is_said_at_submit_and_nothing_is_pulled(tmp_path: Path, docker: Any) -> None:
    shop = workshop(tmp_path, image="academy-no-such-image:latest")
    with pytest.raises(Unavailable, match="academy-no-such-image"):
        submit(shop)
    assert shop.store.counts()["total"] == 0
    backend = shop.backends["docker"]
    assert isinstance(backend, DockerBackend)
    with pytest.raises(Unavailable):
        backend.look(False)
    with pytest.raises(Unavailable):
        DockerBackend(shop.settings).check("another/image")
    shop.close()


class Engine:
    """A daemon that can go away and answer with errors: a relay in front of the real one."""

    def __init__(self, path: Path, real: str = "/var/run/docker.sock") -> None:
        self.path, self.real = path, real
        self.mood = "well"
        self.serve()

    def serve(self) -> None:
        engine = self

        class Relay(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if engine.mood == "errors":
                    self.request.recv(65536)
                    self.request.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
                    return
                with socket.socket(socket.AF_UNIX) as real, contextlib.suppress(OSError):
                    real.connect(engine.real)
                    threading.Thread(target=pipe, args=(real, self.request), daemon=True).start()
                    pipe(self.request, real)

        def pipe(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while engine.mood == "well" and (data := source.recv(65536)):
                    target.sendall(data)
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        self.server = socketserver.ThreadingUnixStreamServer(str(self.path), Relay)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def leave(self) -> None:
        self.mood = "away"
        self.server.shutdown()
        self.server.server_close()
        self.path.unlink()

    def come_back(self) -> None:
        self.mood = "well"
        self.serve()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine(Path(f"/tmp/academy-test-{os.getpid()}.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{made.path}")
    yield made
    with contextlib.suppress(FileNotFoundError):
        made.leave()


def test_a_daemon_that_is_away_or_ill_harms_no_living_job(tmp_path: Path, docker: Any, engine: Engine) -> None:
    shop = workshop(tmp_path)
    job = submit(shop, steps=300, pause=0.02)
    shop.wait(job.job_id, lambda job: job.status == "running" and bool((job.worker or {}).get("pid")), seconds=40)
    engine.mood = "errors"
    shop.wait_ticks()
    assert shop.job(job.job_id).status == "running"
    engine.leave()
    with pytest.raises(Unavailable, match="is not there"):
        submit(shop)
    # Also an app that starts while it is away knows no better, and concludes nothing.
    shop.runner.close()
    again = workshop(tmp_path)
    again.wait_ticks()
    assert again.job(job.job_id).status == "running"
    assert is_held(Path(job.output_dir) / "warden.lock")
    engine.come_back()
    ended = again.wait(job.job_id, seconds=40)
    assert ended.status == "finished"
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 301))
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")
    again.close()


def test_a_job_is_cancelled_also_while_the_daemon_is_away(tmp_path: Path, docker: Any, engine: Engine) -> None:
    shop = workshop(tmp_path)
    job = submit(shop, steps=3000, pause=0.02)
    running = shop.wait(job.job_id, lambda job: bool((job.worker or {}).get("pid")), seconds=40)
    engine.leave()
    shop.wait_ticks()
    shop.runner.cancel(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "cancelled"
    assert not exists((running.worker or {})["pid"])
    engine.come_back()
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")
    shop.close()


def test_the_next_job_waits_for_a_daemon_that_is_away_but_not_for_ever(
    tmp_path: Path, docker: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_backend, "START_SECONDS", 4)
    shop = workshop(tmp_path)
    first, second, third = (submit(shop, steps=60, pause=0.02) for _ in range(3))
    shop.wait(first.job_id, lambda job: job.status == "running" and bool((job.worker or {}).get("pid")), seconds=40)
    engine.leave()
    assert shop.wait(first.job_id, seconds=40).status == "finished"
    gave_up = shop.wait(second.job_id, seconds=40)
    assert gave_up.status == "failed"
    assert "socket does not exist" in str(gave_up.error)
    shop.wait(third.job_id, "preparing")
    shop.wait_ticks()
    engine.come_back()
    assert shop.wait(third.job_id, seconds=40).status == "finished"
    shop.close()


PLANTS = """
import json, os, sys, time
folder = sys.argv[1]
spec = json.load(open(folder + "/spec.json"))
outside = spec["base_model"]
def say(**event):
    with open(folder + "/events.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
for name in ("stop", "cancel", "checkpoints", "adapter", "metadata.json", "unfinished.txt", "fetched.json", ".staged", ".base"):
    if not os.path.lexists(folder + "/" + name):
        os.symlink(outside + ("/made" if name in ("stop", "cancel") else "/kept"), folder + "/" + name)
say(type="started", total_steps=100)
say(type="progress", step=1, loss=1.0)
time.sleep(600)
"""


def test_links_that_a_container_leaves_lead_nowhere(tmp_path: Path) -> None:
    # A trainer that pointed `checkpoints` at any folder of this machine had it emptied at the resume.
    program = tmp_path / "program"
    (program / "academy" / "trainer").mkdir(parents=True)
    (program / "academy" / "trainer" / "__main__.py").write_text(PLANTS)
    outside = tmp_path / "outside"
    (outside / "kept" / "step-00000001").mkdir(parents=True)
    (outside / "kept" / "precious.txt").write_text("mine")
    owner = os.stat(outside / "kept").st_uid
    shop = workshop(tmp_path, program=program)
    spec = TrainingSpec(name="plants", base_model=str(outside), backend="docker")
    job = shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset), base_path=str(shop.base)))
    shop.wait_step(job.job_id, 1, seconds=40)
    shop.runner.stop(job.job_id)
    shop.runner.cancel(job.job_id)
    assert shop.wait(job.job_id).status == "cancelled"
    assert not view.view(shop.job(job.job_id), None)["resumable"]
    shop.runner.delete_checkpoints(job.job_id)
    again = shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset), base_path=str(shop.base)))
    shop.wait_step(again.job_id, 1, seconds=40)
    kill((shop.wait(again.job_id, lambda job: bool((job.worker or {}).get("pid"))).worker or {})["pid"])
    assert shop.wait(again.job_id).status == "failed"
    shop.runner.resume(again.job_id)
    shop.wait(again.job_id, lambda job: job.status == "running")
    shop.close()
    assert sorted(path.name for path in outside.rglob("*")) == ["kept", "precious.txt", "step-00000001"]
    assert os.stat(outside / "kept").st_uid == owner


def test_memory_that_runs_out_in_a_container_is_said(shop: Workshop, docker: Any) -> None:
    job = submit(shop, "memory", steps=20, pause=0.3)
    shop.wait_step(job.job_id, 1, seconds=40)
    containers_of(docker, job)[0].update(mem_limit="100m", memswap_limit="100m")
    failed = shop.wait(job.job_id, seconds=60)
    assert (failed.status, failed.cause, failed.signal) == ("failed", "out_of_memory", "SIGKILL")
    assert "memory" in str(failed.error)
    assert failed.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="gives the data folder to somebody else, which only root may")
def test_what_a_container_wrote_belongs_to_whom_the_data_folder_belongs(tmp_path: Path, docker: Any) -> None:
    for user in (0, 4321):
        root = tmp_path / str(user)
        shop = workshop(root)
        os.chown(shop.settings.data_dir, user, user)
        job = submit(shop, steps=8, pause=0.02)
        shop.wait(job.job_id, "running", seconds=40)
        (container,) = containers_of(docker, job)
        assert container.attrs["Config"]["User"] == ("4321:4321" if user else "65532:65532")
        ended = shop.wait(job.job_id)
        wait_until(lambda job=job: not containers_of(docker, job), "the container to be removed")
        folder = Path(ended.output_dir)
        wait_until(lambda folder=folder, user=user: {path.lstat().st_uid for path in [folder, *folder.rglob("*")]} == {user}, "the owner")
        assert ended.status == "finished"
        shop.close()


def test_an_image_without_the_libraries_or_without_python_is_said(tmp_path: Path, docker: Any) -> None:
    shop = workshop(tmp_path, program=ROOT)
    failed = shop.wait(submit(shop).job_id, seconds=40)
    assert (failed.status, failed.cause) == ("failed", "missing_library")
    assert "is missing. It belongs into the image python:3.11-slim" in str(failed.error)
    shop.close()
    docker.images.build(fileobj=io.BytesIO(b"FROM scratch\nLABEL empty=yes\n"), tag="academy-test-empty", rm=True)
    try:
        shop = workshop(tmp_path, image="academy-test-empty")
        failed = shop.wait(submit(shop).job_id, seconds=40)
        assert failed.status == "failed"
        assert "no python3" in str(failed.error)
        # What is removed while a job waits for another is said when its turn comes.
        first = submit(shop, steps=2000)
        shop.runner.close()
        docker.images.remove("academy-test-empty", force=True)
        shop.runner.start()
        assert "is not on this machine" in str(shop.wait(first.job_id, seconds=40).error)
        shop.close()
    finally:
        with contextlib.suppress(Exception):
            docker.images.remove("academy-test-empty", force=True)


def test_a_base_model_of_links_is_there_in_the_container(tmp_path: Path, docker: Any) -> None:
    shop = workshop(tmp_path)
    blobs, loose = tmp_path / "elsewhere" / "blobs", tmp_path / "loose"
    snapshot = tmp_path / "models--team--one" / "snapshots" / "abc"
    for folder in (blobs, loose, snapshot, snapshot.parents[1] / "blobs"):
        folder.mkdir(parents=True)
    (blobs / "1").write_text("far")
    (snapshot.parents[1] / "blobs" / "2").write_text("near")
    (loose / "config.json").symlink_to(blobs / "1")
    (snapshot / "config.json").symlink_to("../../blobs/2")
    for base, text in ((loose, "far"), (snapshot, "near")):
        spec = TrainingSpec(name="reads", base_model=str(base), backend="docker", max_steps=3)
        job = shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset), base_path=str(base)))
        ended = shop.wait(job.job_id, seconds=40)
        assert ended.status == "finished"
        assert [event["message"] for event in events(job) if event["type"] == "note"] == [f"config.json: {text}"]
    shop.close()


def test_a_hub_model_is_fetched_by_the_app_and_read_without_a_network(
    tmp_path: Path, docker: Any, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    shop = workshop(tmp_path)
    spec = TrainingSpec(name="reads", base_model="team/good", backend="docker", max_steps=200, weight_decay=0.2)
    job = shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset)))
    shop.wait(job.job_id, "running", seconds=60)
    (container,) = containers_of(docker, job)
    assert container.attrs["HostConfig"]["NetworkMode"] == "none"
    assert "hf_secret" not in json.dumps(container.attrs)
    assert any(event["type"] == "preparing" and event.get("bytes_total") for event in events(job))
    said = [event["message"].split(": ")[0] for event in events(job) if event["type"] == "note"]
    assert said == ["config.json", "model.safetensors", "tokenizer.json"]
    shop.close()


def test_a_container_gets_the_gpus_that_were_granted_and_no_others(tmp_path: Path, docker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine of a test has no GPU to give: what it is asked for is looked at, and its refusal.
    hook = tmp_path / "bin" / "nvidia-container-runtime-hook"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hook.parent}:{os.environ['PATH']}")
    shop = workshop(tmp_path)
    wanted = {None: (-1, []), "1,3": (0, ["1", "3"]), "": None, "-1": None}
    for granted, expected in wanted.items():
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if granted is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", granted)
        failed = shop.wait(submit(shop).job_id, seconds=40)
        assert failed.status == ("failed" if expected else "finished")
        assert not expected or "could not hand over the GPU" in str(failed.error)
        backend = shop.backends["docker"]
        assert isinstance(backend, DockerBackend)
        wait_until(lambda laid_out=failed.folder.inputs: not laid_out.exists(), "what was laid out for the container to be removed")
        asked = backend._arguments(failed, Command([], {}, "/"))
        assert [(item["Count"], item["DeviceIDs"]) for item in asked["device_requests"]] == ([expected] if expected else [])
        assert asked["environment"] == ({} if expected else {"NVIDIA_VISIBLE_DEVICES": "void"})
    shop.close()


def test_a_paused_container_is_cancelled_too(shop: Workshop, docker: Any) -> None:
    job = submit(shop, steps=2000, pause=0.02)
    shop.wait(job.job_id, lambda job: job.status == "running" and bool((job.worker or {}).get("pid")), seconds=40)
    containers_of(docker, job)[0].pause()
    begun = time.monotonic()
    shop.runner.cancel(job.job_id)
    assert shop.wait(job.job_id).status == "cancelled"
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")
    assert time.monotonic() - begun < 10


# The project's own image


@pytest.fixture(scope="module")
def image() -> str:
    """Minutes the first time, seconds afterwards: the engine remembers the layers."""
    begun = time.monotonic()
    build = ["docker", "build", "--network", "host", "-t", "academy-test", "."]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"DOCKER_BUILDKIT": "0"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    print(f"built in {time.monotonic() - begun:.0f} s")
    return "academy-test"


@pytest.mark.training
def test_our_trainer_trains_in_a_container_end_to_end(tmp_path: Path, image: str, docker: Any) -> None:
    from tests.trainer_help import chats, make_model, write_rows

    shop = workshop(tmp_path, image=image, program=ROOT)
    base = make_model(tmp_path / "model")
    dataset = write_rows(tmp_path / "chats.jsonl", chats((f"Question {n}?", f"Answer {n}.") for n in range(12)))
    spec = TrainingSpec(name="in a container", base_model=str(base), num_epochs=2, batch_size=2, save_steps=4, precision="fp32")
    inputs = Inputs(dataset_path=str(dataset), base_path=str(base), base_fingerprint=fingerprint(base), dataset_id="chats")
    job = shop.runner.submit(spec.model_copy(update={"backend": "docker"}), inputs)
    shop.wait(job.job_id, lambda job: job.status == "running" or job.status in ENDED, seconds=120)
    for container in containers_of(docker, job):  # the image's own volume is not made
        assert {(mount["Type"], mount["RW"]) for mount in container.attrs["Mounts"] if mount["Destination"] != "/job"} == {("bind", False)}
    shop.runner.close()  # the app goes away and comes back in the middle
    shop = workshop(tmp_path, image=image, program=ROOT)
    ended = shop.wait(job.job_id, seconds=120)
    assert ended.status == "finished", ended
    assert [point["step"] for point in progress.points(ended) if "loss" in point] == list(range(1, 13))
    adapter = Path(ended.adapter_path or "")
    assert (adapter / "adapter_model.safetensors").stat().st_size > 1000
    metadata = json.loads((Path(job.output_dir) / "metadata.json").read_text())
    assert (metadata["job_id"], metadata["dataset_path"]) == (job.job_id, str(dataset))
    for path in (Path(job.output_dir) / "metadata.json", *(path for path in adapter.iterdir() if path.suffix in (".json", ".md"))):
        assert not any(f'"{inner}' in path.read_text() for inner in ("/job", "/base", "/data", "/opt")), path
    wait_until(lambda: not containers_of(docker, job), "the container to be removed")
    adapters = AdapterStore(shop.settings.models_dir, shop.settings.training_dir)
    adapters.check(adapters.get(job.job_id))  # what an activation checks: whole, finite, and the base's fingerprint
    spec = spec.model_copy(update={"backend": "docker", "continue_from": job.job_id, "num_epochs": 1})
    more = shop.runner.submit(spec, dataclasses.replace(inputs, continue_from_path=str(adapter)))
    ended = shop.wait(more.job_id, seconds=120)
    assert (ended.status, ended.step) == ("finished", 6), ended
    assert adapter_bytes(ended) != (adapter / "adapter_model.safetensors").read_bytes()
    adapters.check(adapters.get(more.job_id))
    shop.close()


def test_the_image_serves_the_app_with_its_data_in_a_volume(image: str, docker: Any) -> None:
    container = docker.containers.run(image, detach=True, ports={"7860/tcp": ("127.0.0.1", None)}, labels={"academy.test": "1"})
    try:

        def healthy() -> bool:
            container.reload()
            assert container.status in ("created", "running"), container.logs().decode()
            check = container.exec_run(
                ["python", "-c", "import urllib.request as r; print(r.urlopen('http://127.0.0.1:7860/api/v1/academy/health').read())"]
            )
            return check.exit_code == 0 and b'"ok":true' in check.output.replace(b" ", b"")

        wait_until(healthy, "the engine to answer", seconds=60)
        assert container.exec_run("id -u").output.strip() == b"1000"
        assert b"jobs.jsonl" in container.exec_run("ls /data/training").output or container.exec_run("ls /data/token").exit_code == 0
        assert container.attrs["Config"]["Healthcheck"]["Test"]
        assert any(mount["Destination"] == "/data" and mount["Type"] == "volume" for mount in container.attrs["Mounts"])
    finally:
        container.remove(force=True, v=True)
