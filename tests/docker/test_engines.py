"""Docker Engines of the tests' own: one that may end and start again, and one that does not see the data folder."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socketserver
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy.errors import Unavailable
from academy.jobs.backends.docker import elsewhere
from academy.jobs.backends.docker import mounts as docker_mounts
from academy.jobs.backends.docker.backend import DockerBackend
from academy.jobs.backends.docker.elsewhere import Elsewhere, Volume
from academy.jobs.backends.docker.mounts import User
from academy.jobs.carrying import chunks
from academy.jobs.reading import progress, view
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Inputs, Job
from tests.docker.test_docker import SLIM, Engine, submit, workshop
from tests.jobs_help import Workshop, adapter_bytes, events
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dockerd") is None, reason="starts an engine of its own, which only root may"),
]


NOT_NEEDED = ("opt/", "usr/share/", "var/", "usr/include/", "usr/lib/gcc", "usr/lib/git-core", "proc/", "sys/", "dev/")


class OwnEngine:
    """A second Docker Engine with its own containerd, data and socket, in a folder that goes with it."""

    def __init__(self, folder: Path, hidden: Path) -> None:
        self.folder, self.hidden = folder, hidden
        # In a network of its own: an engine without a bridge takes away the bridge of the other one.
        # And with an empty folder over the hidden one, as on another machine.
        self.apart = ["unshare", "--net", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', str(hidden)]
        self.address = f"unix://{folder}/sock"
        config = folder / "containerd.toml"
        config.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        places = {"config": config.name, "root": "root", "state": "state", "address": "containerd.sock"}
        self.containerd = self.begin("containerd", places)
        wait_until((folder / "containerd.sock").exists, "containerd", seconds=60)
        # Both in one view of the machine.
        self.apart = ["nsenter", f"--target={self.containerd.pid}", "--net", "--mount"]

    def begin(self, program: str, places: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
        argv = [*self.apart, program, *(f"--{option}={self.folder / name}" for option, name in places.items()), *more]
        with open(self.folder / f"{program}.log", "ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def start(self, *more: str) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        places = {"containerd": "containerd.sock", "data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        apart = ["-H", self.address, "--bridge=none", "--iptables=false", "--ip-masq=false"]
        self.dockerd = self.begin("dockerd", places, *apart, *more)
        asked = ["docker", "-H", self.address, "info"]
        wait_until(lambda: subprocess.run(asked, capture_output=True).returncode == 0, "the engine to answer", seconds=60)

    def end(self, number: int) -> None:
        self.dockerd.send_signal(number)
        self.dockerd.wait(60)

    def remove(self) -> None:
        for process in (self.dockerd, self.containerd):
            process.terminate()
            process.wait(60)
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounted if place.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", place], check=True)
        shutil.rmtree(self.folder)

    def take_image(self, docker: Any, name: str) -> None:
        """The image of the usual engine, without what no trainer of these tests needs."""
        container = docker.containers.create(name)
        try:
            raw = io.BufferedReader(Chunks(container.export()))
            packed = ["docker", "-H", self.address, "import", "-", name]
            with subprocess.Popen(packed, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as taking:
                assert taking.stdin is not None
                with tarfile.open(fileobj=raw, mode="r|") as source, tarfile.open(fileobj=taking.stdin, mode="w|") as target:
                    for entry in source:
                        if not entry.name.startswith(NOT_NEEDED):
                            target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
                taking.stdin.close()
                assert taking.wait(60) == 0
        finally:
            container.remove(force=True)


class Chunks(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.rest = self.rest or next(self.pieces, b"")
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


@pytest.fixture(scope="module")
def own_engine() -> Iterator[OwnEngine]:
    import docker

    hidden = Path(tempfile.mkdtemp(prefix="academy-hidden-", dir="/tmp"))
    engine = OwnEngine(Path(tempfile.mkdtemp(prefix="academy-engine-", dir="/tmp")), hidden)
    try:
        engine.start()
        client = docker.from_env(timeout=60)
        engine.take_image(client, SLIM)
        client.close()
        engine.end(signal.SIGTERM)
        yield engine
    finally:
        engine.remove()
        shutil.rmtree(hidden)


@pytest.mark.parametrize(("number", "survives"), [(signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGKILL, True)])
def test_a_restart_of_the_engine_is_survived(
    tmp_path: Path, own_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, survives: bool
) -> None:
    options = ["--live-restore"] if survives else []
    own_engine.start(*options)
    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    shop = workshop(tmp_path)
    try:
        whole = shop.wait(submit(shop, steps=120, save_steps=40).job_id, seconds=40)
        job = submit(shop, steps=120, pause=0.05)
        shop.wait_step(job.job_id, 20, seconds=40)
        own_engine.end(number)
        shop.wait_ticks()
        assert shop.job(job.job_id).status not in ENDED
        own_engine.start(*options)
        ended = shop.wait(job.job_id, seconds=90)
        assert ended.status == "finished", ended
        # Without live-restore the engine ends its containers when it ends or comes back, and the job goes on by itself.
        assert ended.attempt == (1 if survives else 2)
        assert adapter_bytes(ended) == adapter_bytes(whole)
        assert [point["step"] for point in progress.points(ended)] == list(range(1, 121))
    finally:
        shop.close()
        own_engine.end(signal.SIGTERM)


# An engine that does not see the data folder


@pytest.fixture(scope="module")
def far(own_engine: OwnEngine) -> Iterator[OwnEngine]:
    own_engine.start()
    yield own_engine
    own_engine.end(signal.SIGTERM)


@pytest.fixture
def there(far: OwnEngine) -> Iterator[Any]:
    """A client of the far engine."""
    import docker

    client = docker.DockerClient(base_url=far.address, timeout=20)
    yield client
    client.close()


@pytest.fixture
def hidden(far: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the far engine does not see, which DOCKER_HOST names."""
    monkeypatch.setenv("DOCKER_HOST", far.address)
    folder = Path(tempfile.mkdtemp(dir=far.hidden))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def running(shop: Workshop, **knobs: Any) -> Job:
    """A job whose trainer is known."""
    job = submit(shop, **knobs)
    return shop.wait(job.job_id, lambda job: job.status == "running" and bool((job.worker or {}).get("pid")), seconds=60)


def of_job(there: Any, job: Job) -> tuple[list[Any], list[str]]:
    """Its containers and volumes."""
    label = {"label": f"academy.job={job.job_id}"}
    return there.containers.list(all=True, ignore_removed=True, filters=label), [found.name for found in there.volumes.list(filters=label)]


def test_a_job_goes_to_an_engine_elsewhere_and_comes_back(hidden: Path, there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_mounts, "PIDS", 200)
    shop = workshop(hidden)
    (shop.base / "config.json").write_text("a base model")
    spec = TrainingSpec(name="reads probes", base_model="academy-mini", backend="docker", max_steps=23, save_steps=5, weight_decay=0.2)
    job = shop.runner.submit(spec, Inputs(dataset_path=str(shop.dataset), base_path=str(shop.base)))
    shop.wait_step(job.job_id, 2, seconds=60)
    ((container,), _) = of_job(there, job)
    mounted = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in container.attrs["Mounts"]}
    reads = ("volume", False)
    assert mounted == {"/job": ("volume", True), "/data": reads, "/base": reads, "/opt/academy": reads}
    assert (container.attrs["HostConfig"]["ReadonlyRootfs"], container.attrs["HostConfig"]["NetworkMode"]) == (True, "none")
    ended = shop.wait(job.job_id, seconds=60)
    assert (ended.status, ended.exit_code) == ("finished", 0), ended
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 24))
    assert "step 23" in job.folder.log.read_text()
    assert [found.step for found in job.folder.checkpoints()] == [5, 10, 15, 20]
    notes = [event["message"] for event in events(job) if event["type"] == "note"]
    assert "config.json: a base model" in notes
    said = json.loads(notes[0])
    assert {name for name, how in said.items() if how == "could"} == {"try temp", "try job"}
    wait_until(lambda: of_job(there, job) == ([], []), "what the job left there to be removed")
    sent = [event for event in events(job) if event.get("phase") == "upload"]
    assert sent[0]["bytes_total"] > len("a base model")
    again = shop.wait(submit(shop, steps=23).job_id, seconds=60)
    assert adapter_bytes(again) == adapter_bytes(ended)
    # The base model and the program are there already.
    assert [event["bytes_total"] for event in events(again) if event.get("phase") == "upload"] == [shop.dataset.stat().st_size]
    shop.close()


def test_a_transfer_that_broke_goes_on_with_the_file_that_it_broke_at(hidden: Path, there: Any) -> None:
    shop = workshop(hidden, image=SLIM)
    job = submit(shop)
    shop.runner.cancel(job.job_id)
    shop.wait(job.job_id)
    files = {name: hidden / name for name in ("a", "b/c", "d")}
    (hidden / "b").mkdir()
    for path in files.values():
        path.write_bytes(os.urandom(3 << 20))
    lister = chunks.Lister()
    volume = Volume("academy-test-broken", "/base", files, lister.files(files))
    place = Elsewhere(job, "academy-test-broken", "0" * 16, "", interrupted=lambda: False, heard=lambda: None)
    user, container = User(1234, 1234), there.containers.create(SLIM, ["true"], mounts=[elsewhere._mount(volume, read_only=False)])

    def read(chunk: str) -> bytes:
        return lister.read(chunk) or b""

    def broken() -> Iterator[bytes]:
        sent = 0
        for piece in elsewhere.packed(volume, volume.listed, read, user):
            yield piece[: (4 << 20) - sent]
            if (sent := sent + len(piece)) > 4 << 20:
                raise ConnectionError("the line broke")

    try:
        with pytest.raises(OSError, match="the line broke"):
            place._put(there, container.id, volume, broken())
        assert place._missing(there, container.id, volume) == ["b/c", "d"]
        place._put(there, container.id, volume, elsewhere.packed(volume, ["b/c", "d"], read, user))
        assert place._missing(there, container.id, volume) == []
        assert elsewhere.fetched(there, container.id, "/base/b/c", 4 << 20) == files["b/c"].read_bytes()
    finally:
        container.remove(force=True)
        there.volumes.get(volume.name).remove()
        shop.close()


def test_a_kill_there_is_a_failure_that_resumes_to_the_same_end(hidden: Path, there: Any) -> None:
    shop = workshop(hidden)
    whole = shop.wait(submit(shop, steps=120, save_steps=40).job_id, seconds=60)
    job = running(shop, steps=120, pause=0.05, save_steps=40)
    wait_until(job.folder.checkpoints, "a checkpoint that has come back")
    of_job(there, job)[0][0].kill()
    failed = shop.wait(job.job_id, seconds=30)
    assert (failed.status, failed.signal, failed.resumable) == ("failed", "SIGKILL", True), failed
    shop.runner.resume(job.job_id)
    ended = shop.wait(job.job_id, seconds=60)
    assert (ended.status, ended.attempt) == ("finished", 2), ended
    assert next(event for event in events(job) if event.get("resumed_from_step"))["resumed_from_step"] >= 40
    assert adapter_bytes(ended) == adapter_bytes(whole)
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 121))
    shop.close()


def test_a_cancel_and_a_stop_reach_the_other_machine(hidden: Path, there: Any) -> None:
    shop = workshop(hidden)
    job = running(shop, name="ignores bare children", steps=2000, pause=0.02, save_steps=100)
    begun = time.monotonic()
    shop.runner.cancel(job.job_id)
    assert shop.wait(job.job_id).status == "cancelled"
    assert time.monotonic() - begun < 10
    wait_until(lambda: of_job(there, job) == ([], []), "what the job left there to be removed")
    kept = running(shop, steps=2000, pause=0.02, save_steps=100)
    shop.wait_step(kept.job_id, 4)
    shop.runner.stop(kept.job_id)
    ended = shop.wait(kept.job_id)
    assert ended.status == "finished", ended
    assert "kept at step" in str(ended.reason)
    shop.close()


def test_a_lost_connection_is_told_and_the_job_goes_on(hidden: Path, far: OwnEngine, there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Engine(hidden / "line", far.address.removeprefix("unix://"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{line.path}")
    monkeypatch.setattr(view, "_UNHEARD_SECONDS", 1.0)
    shop = workshop(hidden)
    try:
        job = running(shop, steps=300, pause=0.02, save_steps=100)
        line.leave()

        def told() -> bool:
            shown = view.view(shop.job(job.job_id), None, unheard=shop.runner.unheard(job.job_id))
            return str(shown["warning"]).startswith("The machine that it runs on does not answer: last heard ")

        wait_until(told, "the warning")
        # The app ends, too; the next one finds the job, and still no line to it.
        shop.runner.close()
        shop = workshop(hidden)
        shop.wait_ticks()
        wait_until(told, "the warning")
        assert shop.job(job.job_id).status == "running"
        wait_until(lambda: not of_job(there, job)[0][0].attrs["State"]["Running"], "its end there", seconds=60)
        assert shop.job(job.job_id).status == "running"
        line.come_back()
        ended = shop.wait(job.job_id, seconds=30)
        assert (ended.status, ended.attempt) == ("finished", 1), ended
        assert shop.runner.unheard(job.job_id) is None
        assert [point["step"] for point in progress.points(ended)] == list(range(1, 301))
    finally:
        line.come_back() if line.mood != "well" else None
        shop.close()
        line.leave()


def test_over_ssh_it_needs_only_the_program_ssh(hidden: Path, far: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec docker -H {far.address} system dial-stdio\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far.example:2222")
    shop = workshop(hidden)
    ended = shop.wait(submit(shop).job_id, seconds=60)
    assert ended.status == "finished", ended
    shop.close()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert {line.partition("-l ")[2] for line in asked} == {"me -p 2222 -- far.example docker system dial-stdio"}
    assert "BatchMode=yes" in asked[0]
    program.write_text("#!/bin/sh\necho 'me@far.example: Permission denied (publickey).' >&2\nexit 255\n")
    with pytest.raises(Unavailable) as error:
        DockerBackend(shop.settings).check(None)
    assert "cannot be reached over SSH: me@far.example: Permission denied (publickey)." in error.value.detail
    assert "ssh -l me -p 2222 far.example docker version" in error.value.detail


class Guarded(socketserver.ThreadingTCPServer):
    """The far engine over TCP, for clients with a certificate."""

    allow_reuse_address = daemon_threads = True


def certificates(folder: Path) -> ssl.SSLContext:
    """An authority, a server and a client, as the engine's manual makes them; returns the server's side."""

    def run(*argv: str) -> None:
        subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)

    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in ("server", "client"):
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.pem", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2", "-extfile", "names"]
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    (folder / "client.pem").rename(folder / "cert.pem")
    (folder / "client-key.pem").rename(folder / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_over_tcp_with_tls(hidden: Path, far: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificates(tmp_path)
    line = Engine(hidden / "line", far.address.removeprefix("unix://"))

    class Relay(line.server.RequestHandlerClass):  # type: ignore[misc, name-defined]
        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)

        def finish(self) -> None:
            self.request.close()

    handler: Any = Relay
    server = Guarded(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    shop = workshop(hidden)
    try:
        assert shop.wait(submit(shop).job_id, seconds=60).status == "finished"
    finally:
        shop.close()
        # Before the line is cut, the container is removed over it and its connections are closed.
        backend: Any = shop.backends["docker"]
        wait_until(lambda: not backend._containers, "the container to be removed")
        backend._hang_up()
        server.shutdown()
        server.server_close()
        line.leave()
