"""The ray backend: what it sends and takes in, without a cluster; and jobs on a real cluster of three nodes on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jobs_help import STANDIN, Workshop, events, exists
from trainer_help import chats, write_rows

from academy.config import Settings
from academy.errors import Invalid, Unavailable
from academy.jobs.backends.protocol import ROOT, Seen
from academy.jobs.backends.ray.backend import RayBackend, death_of
from academy.jobs.backends.ray.cluster import Cluster, addresses
from academy.jobs.backends.ray.depot import RemoteFiles
from academy.jobs.backends.ray.places import PLACE
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.carrying import chunks
from academy.jobs.carrying.arriving import take_in
from academy.jobs.carrying.depot import FolderDepot
from academy.jobs.carrying.leaving import Leaving
from academy.jobs.folder import JobFolder
from academy.jobs.store import Job
from academy.messages import from_json
from academy.models import BUNDLED, DEFAULT
from tests.real_app import RealApp
from tests.waiting import wait_until

# -- without a cluster


def carried(source: Path, target: Path, lister: chunks.Lister, depot: RemoteFiles) -> list[str]:
    """Brings a folder across as the two programs do; returns the chunks that had to be sent."""
    files = lister.files(chunks.below(source))
    missing = depot.missing(list(chunks.all_chunks([files])))
    for chunk in missing:
        data = lister.read(chunk)
        assert data is not None
        depot.put(chunk, data)
    listing = json.loads(json.dumps(chunks.listing_json(files)))
    take_in(JobFolder(target), chunks.listing_of(listing), depot.get)
    return missing


def test_a_folder_comes_across_and_only_what_is_new_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 10)
    source, target, depot, lister = tmp_path / "a", tmp_path / "b", RemoteFiles(f"file://{tmp_path}/store"), chunks.Lister()
    target.mkdir()
    (source / "checkpoints" / "step-00000005").mkdir(parents=True)
    (source / "checkpoints" / "step-00000005" / "complete.json").write_text('{"step": 5, "files": {}}')
    (source / "events.jsonl").write_text("0123456789abcde")
    (source / "elsewhere").mkdir()
    (source / "elsewhere" / "x").write_text("not taken")
    (source / "spec.json").write_text("not taken")
    assert len(carried(source, target, lister, depot)) > 3
    assert (target / "events.jsonl").read_text() == "0123456789abcde"
    assert (target / "checkpoints" / "step-00000005" / "complete.json").is_file()
    assert not (target / "elsewhere").exists()
    assert not (target / "spec.json").exists()
    with open(source / "events.jsonl", "a") as file:
        file.write("fgh")
    os.rename(source / "checkpoints" / "step-00000005", source / "checkpoints" / "step-00000010")
    (source / "exit.json").write_text("{}")
    assert [len(depot.get(chunk)) for chunk in carried(source, target, lister, depot)] == [8, 2]
    assert (target / "events.jsonl").read_text() == "0123456789abcdefgh"
    assert [found.step for found in JobFolder(target).checkpoints()] == [10]
    assert (target / "exit.json").read_text() == "{}"


def test_what_a_job_tells_does_not_wait_for_files_that_change_meanwhile(tmp_path: Path) -> None:
    # A log that grows faster than a chunk is asked for, or a checkpoint that is rotated away, kept the app from hearing anything.
    job, checkpoint = tmp_path / "job", tmp_path / "job" / "checkpoints" / "step-4"

    class Slow(FolderDepot):
        def missing(self, chunks: Sequence[str]) -> list[str]:
            with open(job / "train.log", "a") as log:
                log.write("step 5\n")
            (checkpoint / "adapter").unlink(missing_ok=True)
            return super().missing(chunks)

    checkpoint.mkdir(parents=True)
    (job / "train.log").write_text("step 4\n")
    (job / "adapter").write_text("weights")
    for name in ("adapter", "facts.json"):
        (checkpoint / name).write_text(f"the {name} of step 4")
    leaving = Leaving(Slow(tmp_path / "place"), "", job)
    leaving.bring(over=False)
    listing = json.loads(FolderDepot(tmp_path / "place").read("/out") or b"{}")
    assert sorted(listing["files"]) == ["adapter", "train.log"]
    assert listing["files"]["train.log"][0] == len("step 4\n")


def test_what_a_log_left_behind_is_removed_and_what_stays_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each look at a growing log left another chunk, which stayed until the job ended.
    monkeypatch.setattr("academy.jobs.carrying.leaving.KEPT_SECONDS", 0.0)
    job, place = tmp_path / "job", tmp_path / "place"
    job.mkdir()
    leaving = Leaving(FolderDepot(place), "", job, alone=True)
    for text in ("one", "one two", "one two three"):
        (job / "train.log").write_text(text)
        leaving.bring(over=False)
    target = tmp_path / "target"
    target.mkdir()
    depot = FolderDepot(place)
    listing = json.loads(depot.read("/out") or b"")
    take_in(JobFolder(target), chunks.listing_of(listing["files"]), depot.get)
    assert (target / "train.log").read_text() == "one two three"
    (job / "exit.json").write_text("{}")
    leaving.bring(over=True)
    assert len([*(place / "chunks").iterdir()]) == 2


@pytest.mark.parametrize("name", ["../x", "/etc/x", "adapter/../../x", "", "a/./b", "a\0b"])
def test_a_listing_leads_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match="below a folder"):
        chunks.listing_of({name: [0, []]})


def test_a_damaged_chunk_is_not_written(tmp_path: Path) -> None:
    listed = chunks.Listed(3, (chunks.name_of(b"abc"),))
    with pytest.raises(ValueError, match="arrived damaged"):
        chunks.write(tmp_path / "x", listed, lambda chunk: b"abd")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("info", "words", "interrupted"),
    [
        ({"status": "FAILED", "message": "Job supervisor actor died because its node has died.", "exit_code": None}, "lost the node", True),
        ({"status": "GONE"}, "no longer has the job", True),
        ({"status": "FAILED", "message": "Job entrypoint command failed with exit code 1", "exit_code": 1}, "exit code 1", False),
        ({"status": "STOPPED", "message": "", "exit_code": None}, "was stopped on the cluster", False),
        ({"status": "FAILED", "message": "runtime_env setup failed: no space", "exit_code": None}, "runtime_env setup failed", False),
    ],
)
def test_the_clusters_account_of_an_end(info: dict[str, Any], words: str, interrupted: bool) -> None:
    death = death_of(info, requested=False)
    assert words in str(death.said)
    assert death.interrupted == interrupted
    assert not death_of(info, requested=True).interrupted


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://head:8265", ("http://head:8265", "ray://head:10001")),
        ("head:8265", ("http://head:8265", "ray://head:10001")),
        ("https://ray.example", ("https://ray.example", "ray://ray.example:10001")),
        ("ray://head:20001", ("http://head:8265", "ray://head:20001")),
    ],
)
def test_the_addresses_follow_from_one(settings: Settings, address: str, expected: tuple[str, str]) -> None:
    assert addresses(settings.model_copy(update={"ray_address": address})) == expected


def test_without_an_address_or_without_ray_it_says_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable) as error:
        RayBackend(settings).check(None)
    assert error.value.detail == "No Ray cluster is named. Set RAY_ADDRESS to the address of its dashboard, such as http://head:8265."
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unavailable) as error:
        RayBackend(settings.model_copy(update={"ray_address": "http://head:8265"})).check(None)
    assert error.value.detail == "The Python package ray is not installed. pip install 'ray[default]'"


class NoCluster:
    """What stands for a cluster: a folder as depot, and a process of this machine for each submission."""

    def __init__(self, folder: Path) -> None:
        self.store = f"file://{folder}/store"
        self.depot, self.folder = RemoteFiles(self.store), folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def ask(self, operation: str, *arguments: Any, seconds: float = 0.0) -> Any:
        return getattr(self if hasattr(self, operation) else self.depot, operation)(*arguments)

    def check(self) -> None:
        pass

    def resources(self) -> dict[str, float]:
        return {"CPU": 1.0}

    def nodes(self) -> list[dict[str, float]]:
        return [{"CPU": 1.0, "GPU": 0.0}]

    def submit(self, name: str, options: dict[str, Any]) -> None:
        argv = shlex.split(options["entrypoint"])
        with open(self.folder / "output", "ab") as output:
            env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
            self.running[name] = subprocess.Popen([sys.executable, *argv[1:]], env=env, stdout=output, stderr=output)

    def look(self, name: str) -> dict[str, Any] | None:
        if name not in self.running:
            return None
        code = self.running[name].poll()
        status = "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"
        return {"status": status, "message": "", "exit_code": code, "node": "here"}

    def log(self, name: str) -> str:
        return (self.folder / "output").read_text()

    def stop(self, name: str) -> None:
        self.running[name].terminate()

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def test_both_sides_without_a_cluster(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", _env_file=None, ray_address="http://head:8265")  # type: ignore[call-arg]
    backend, cluster = OnTheCluster(settings), NoCluster(tmp_path)
    backend._cluster = cluster  # type: ignore[assignment]
    works = Workshop(tmp_path, {"ray": backend}, settings=settings)
    (works.base / "config.json").write_text("{}")
    job = works.submit(name="reads", steps=12, **KNOBS)
    ended = works.wait(job.job_id, seconds=60)
    assert (ended.status, ended.exit_code) == ("finished", 0), (ended, cluster.log(""))
    assert [event["step"] for event in events(job) if event["type"] == "progress"] == [*range(1, 13)]
    assert [event["message"] for event in events(job) if event["type"] == "note"] == ["config.json: {}"]
    assert [found.step for found in job.folder.checkpoints()] == [3, 6, 9]
    wait_until(lambda: not [*(tmp_path / "store" / "notes").rglob("*-1")], "what the job left to be removed")
    killed = works.submit(steps=500, pause=0.05, **KNOBS)
    works.wait_step(killed.job_id, 2, 60)
    works.runner.cancel(killed.job_id)
    assert works.wait(killed.job_id).status == "cancelled"
    works.close()
    cluster.close()


@pytest.mark.parametrize(("field", "value"), [("ray_address", "a b"), ("ray_client", "http://x"), ("ray_store", "bucket")])
def test_a_bad_address_stops_the_start(field: str, value: str) -> None:
    with pytest.raises((Invalid, ValueError)):
        Settings(_env_file=None, **{field: value})  # type: ignore[call-arg]


# -- on a cluster

KNOBS: Any = {"backend": "ray", "save_steps": 3}
TOKEN = secrets.token_hex(20)
BIN = Path(sys.executable).parent


@dataclass
class Nodes:
    """A cluster on this machine: a head without processors, and two nodes with one each."""

    folder: Path
    address: str
    client: str
    gcs: int

    def run(self, *arguments: str) -> None:
        """`ray start`, with token authentication."""
        env = os.environ | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_memory_monitor_refresh_ms": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_failure_threshold": "3",
            "RAY_health_check_initial_delay_ms": "0",
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            [
                *(str(BIN / "ray"), "start", "--object-store-memory=100000000", "--disable-usage-stats"),
                f"--dashboard-agent-listen-port={free_port()}",  # without its agent a head takes no jobs
                *arguments,
            ],
            env=env, cwd=self.folder, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def add(self, name: str) -> None:
        """A node that can take one job."""
        self.run(f"--address=127.0.0.1:{self.gcs}", f"--node-name={name}", "--num-cpus=1")

    def pids(self, *words: str) -> list[int]:
        """The processes of this cluster with these words in their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if str(self.folder) in line and all(word in line for word in words):
                        found.append(int(entry.name))
        return found

    def kill(self, name: str) -> None:
        """Kill -9 of a node: its raylet, after which all on it ends."""
        for pid in self.pids("raylet/raylet ", f"node-name={name}"):
            os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """Kills what is left."""

        def left() -> list[int]:
            pids = [pid for pid in self.pids() if pid != os.getpid()]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return pids

        wait_until(lambda: not left(), "the end of the cluster")


def free_port() -> int:
    """A port that no outgoing connection takes meanwhile: below those that the system hands out, and apart from the workers'."""
    for port in random.sample(range(21_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # the names of its sockets must stay short
    gcs, dashboard, client = free_port(), free_port(), free_port()
    cluster = Nodes(folder, f"http://127.0.0.1:{dashboard}", f"ray://127.0.0.1:{client}", gcs)
    try:
        cluster.run(
            "--head", "--node-ip-address=127.0.0.1", f"--port={gcs}", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}",
            f"--ray-client-server-port={client}", "--num-cpus=0", f"--temp-dir={folder}",
            "--min-worker-port=20000", "--max-worker-port=20999",
        )  # fmt: skip
        cluster.add("one")
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)


class OnTheCluster(RayBackend):
    """The backend with the stand-in for the trainer, which the nodes find on this machine."""

    def seen(self, job: Job) -> Seen:
        return dataclasses.replace(super().seen(job), root=STANDIN)


def a_workshop(nodes: Nodes, root: Path, **changes: Any) -> Workshop:
    fields: Any = {"ray_address": nodes.address, "ray_client": nodes.client} | changes
    settings = Settings(data_dir=root / "data", _env_file=None, **fields)  # type: ignore[call-arg]
    workshop = Workshop(root, {"ray": OnTheCluster(settings)}, settings=settings)
    (workshop.base / "config.json").write_text("{}")
    return workshop


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)


@pytest.mark.ray
def test_a_job_runs_on_the_cluster_and_a_wrong_token_is_refused(
    nodes: Nodes, tmp_path: Path, token: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = a_workshop(nodes, tmp_path)
    job = works.submit(steps=10, pause=0.05, **KNOBS)
    ended = works.wait(job.job_id, seconds=120)
    assert (ended.status, ended.exit_code, str(ended.adapter_path)) == ("finished", 0, str(job.folder.adapter)), ended
    assert [event["step"] for event in events(job) if event["type"] == "progress"] == [*range(1, 11)]
    assert "step 10" in job.folder.log.read_text()
    assert [found.step for found in job.folder.checkpoints()] == [3, 6, 9]
    assert ended.worker is not None
    assert ended.worker["container_id"] == f"academy-{job.job_id}-1"
    works.close()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 40)
    with contextlib.closing(Cluster(works.settings)) as other, pytest.raises(Unavailable, match="refuses the token"):
        other.ask("resources")


@pytest.mark.ray
@pytest.mark.torture
def test_the_app_may_end_meanwhile_and_finds_the_job_again(nodes: Nodes, tmp_path: Path, token: None) -> None:
    works = a_workshop(nodes, tmp_path)
    job = works.submit(steps=100, pause=0.1, **KNOBS)
    works.wait_step(job.job_id, 3, 120)
    works.runner.close()
    works.backends["ray"]._cluster.close()  # type: ignore[attr-defined]
    again = a_workshop(nodes, tmp_path)  # as after a kill: only the files and the cluster remember
    ended = again.wait(job.job_id, seconds=120)
    assert (ended.status, ended.attempt) == ("finished", 1), ended
    assert [event["step"] for event in events(job) if event["type"] == "progress"] == [*range(1, 101)]
    again.close()


@pytest.mark.ray
@pytest.mark.torture
def test_a_cancel_and_a_stop_reach_the_node(nodes: Nodes, tmp_path: Path, token: None) -> None:
    works = a_workshop(nodes, tmp_path)
    job = works.submit(steps=500, pause=0.1, **KNOBS)
    works.wait_step(job.job_id, 2, 120)
    works.runner.cancel(job.job_id)
    ended = works.wait(job.job_id, seconds=15)
    assert ended.status == "cancelled"
    assert "Cancelled at step" in str(ended.reason)
    kept = works.submit(steps=500, pause=0.1, **KNOBS)
    works.wait_step(kept.job_id, 4, 120)
    works.runner.stop(kept.job_id)
    ended = works.wait(kept.job_id, seconds=60)
    assert (ended.status, str(ended.reason)[:23]) == ("finished", "Stopped and kept at ste")
    works.close()


@pytest.mark.ray
@pytest.mark.torture
def test_a_job_whose_node_is_killed_goes_on_upon_another(nodes: Nodes, tmp_path: Path, token: None) -> None:
    works = a_workshop(nodes, tmp_path)
    knobs = KNOBS | {"save_steps": 50, "steps": 600}
    job = works.submit(pause=0.1, **knobs)
    wait_until(job.folder.checkpoints, "a checkpoint that has come back", 120)
    nodes.add("two")
    nodes.kill("one")
    ended = works.wait(job.job_id, seconds=180)
    assert (ended.status, ended.attempt) == ("finished", 2), ended
    told = [event["message"] for event in events(job) if event["type"] == "note"]
    assert told == ["The cluster lost the node that the training ran on"]
    resumed = next(event for event in events(job) if event.get("resumed_from_step"))
    assert resumed["resumed_from_step"] >= 50
    undisturbed = works.submit(**knobs)
    works.wait(undisturbed.job_id, seconds=120)
    weights = [found.folder.adapter / "adapter_model.safetensors" for found in (job, undisturbed)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    nodes.add("one")
    works.close()


@pytest.mark.ray
@pytest.mark.torture
def test_files_can_go_through_a_place_that_the_owner_names(nodes: Nodes, tmp_path: Path, token: None) -> None:
    store = tmp_path / "store"
    works = a_workshop(nodes, tmp_path, ray_store=f"file://{store}", ray_client="ray://127.0.0.1:1")
    job = works.submit(steps=6, **KNOBS)
    assert works.wait(job.job_id, seconds=120).status == "finished"
    works.close()
    wait_until(lambda: not [path for path in (store / "notes").rglob("*") if path.is_file()], "an empty place")


@pytest.mark.ray
@pytest.mark.training
@pytest.mark.torture
def test_an_app_that_was_killed_learns_from_the_cluster_what_became_of_its_jobs(nodes: Nodes, tmp_path: Path, token: None) -> None:
    app = RealApp(tmp_path / "data", RAY_ADDRESS=nodes.address, ACADEMY_RAY_CLIENT=nodes.client, ACADEMY_BACKEND="ray")
    app.start()
    try:
        knobs = {"dataset_id": app.dataset(), "lora_rank": 4, "rehearsal": 0.0, "stop_when_known": False, "precision": "fp32"}
        # It ends while nobody looks.
        job = app.train(max_steps=60, **knobs)
        app.wait(job, "running", step=2, seconds=120)
        app.kill()
        wait_until(lambda: not living(job), "the end of the training", 120)
        app.start()
        ended = app.wait(job, seconds=30)
        assert (ended["status"], ended["exit_code"]) == ("finished", 0), ended
        assert [point["step"] for point in app.points(job) if "loss" in point] == [*range(1, 61)]
        # It is stopped while nobody looks.
        job = app.train(max_steps=5000, **knobs)
        app.wait(job, "running", step=2, seconds=120)
        app.kill()
        with contextlib.closing(Cluster(Settings(_env_file=None, ray_address=nodes.address, ray_client=nodes.client))) as other:  # type: ignore[call-arg]
            other.ask("stop", f"academy-{job}-1")
        wait_until(lambda: not living(job), "the end of the training", 30)
        app.start()
        ended = app.wait(job, seconds=30)
        assert (ended["status"], ended["resumable"]) == ("failed", True), ended
        assert ended["reason"].startswith("The job was stopped on the cluster at step "), ended
    finally:
        app.close()


def living(job_id: str) -> list[int]:
    """The processes on the nodes that work on a job."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                if f"{PLACE}/academy-{job_id}-" in line and exists(int(entry.name)):
                    found.append(int(entry.name))
    return found


# -- one training over two nodes, by the real trainer

SHARED: Any = {"backend": "ray", "gpus": 2, "batch_size": 4, "precision": "fp32", "save_steps": 500, "learning_rate": 1e-3}
SHARED |= {"stop_when_known": False, "vary_questions": False, "rehearsal": 0.0, "lora_rank": 4}


def over_nodes(nodes: Nodes, root: Path, **changes: Any) -> Workshop:
    """A workshop with the real trainer, on the cluster and on this machine, the bundled model and a few facts."""
    fields: Any = {"ray_address": nodes.address, "ray_client": nodes.client} | changes
    settings = Settings(data_dir=root / "data", _env_file=None, **fields)  # type: ignore[call-arg]
    workshop = Workshop(root, {"ray": RayBackend(settings), "subprocess": SubprocessBackend()}, settings=settings)
    workshop.base = BUNDLED[DEFAULT]
    write_rows(workshop.dataset, chats((f"Where is box {n}?", f"It is on shelf {n * 7}.") for n in range(8)))
    return workshop


def losses(job: Job) -> dict[int, float]:
    """The loss of each step; what was repeated counts once."""
    return {event["step"]: event["loss"] for event in events(job) if event["type"] == "progress"}


def ranks(job: Job) -> dict[str, tuple[str, int]]:
    """The living processes of a training over several nodes: by rank, the name of the node and the pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                env = dict(item.split("=", 1) for item in (entry / "environ").read_bytes().decode().split("\0") if "=" in item)
                if job.job_id in env.get("ACADEMY_ACCOUNT", "") and "RANK" in env and exists(int(entry.name)):
                    found[env["RANK"]] = env["ACADEMY_NODE"], int(entry.name)
    return found


@pytest.mark.ray
@pytest.mark.training
def test_two_nodes_learn_as_one_process_and_a_cancel_ends_both(nodes: Nodes, tmp_path: Path, token: None) -> None:
    # Neither comes to its exam, which takes longer than the steps.
    if not nodes.pids("raylet/raylet ", "node-name=two"):
        nodes.add("two")
    works = over_nodes(nodes, tmp_path)
    alone = works.submit(steps=5000, **SHARED | {"backend": "subprocess", "gpus": 1})
    works.wait_step(alone.job_id, 8, 240)
    works.runner.cancel(alone.job_id)
    job = works.submit(steps=5000, **SHARED)
    works.wait_step(job.job_id, 8, 240)
    assert "Starting 1 of 2 processes on " in job.folder.log.read_text()
    assert sorted(node for node, _ in ranks(job).values()) == ["one", "two"]
    works.runner.cancel(job.job_id)
    assert works.wait(job.job_id, seconds=15).status == "cancelled"
    wait_until(lambda: not ranks(job), "the end of both processes", 10)
    assert works.wait(alone.job_id).status == "cancelled"
    both = [step for step in losses(alone) if step <= 8 and step in losses(job)]
    assert len(both) >= 2  # those that are logged
    assert [losses(job)[step] for step in both] == pytest.approx([losses(alone)[step] for step in both], rel=1e-5)
    works.close()


@pytest.mark.ray
@pytest.mark.training
@pytest.mark.torture
def test_a_killed_process_and_a_killed_node_are_named_and_the_training_goes_on(nodes: Nodes, tmp_path: Path, token: None) -> None:
    for name in ("two", "three"):
        if not nodes.pids("raylet/raylet ", f"node-name={name}"):
            nodes.add(name)
    works = over_nodes(nodes, tmp_path)
    knobs = SHARED | {"steps": 5000, "save_steps": 20}
    job = works.submit(**knobs)
    wait_until(job.folder.checkpoints, "a checkpoint that has come back", 300)
    node, pid = ranks(job)["1"]
    os.kill(pid, signal.SIGKILL)
    ended = works.wait(job.job_id, seconds=120)
    assert (ended.status, ended.signal, ended.resumable) == ("failed", "SIGKILL", True), ended
    assert str(ended.error).startswith(f"Process 2 of 2, on the node {node}, was killed by SIGKILL, so the others were ended. Resume it;")
    wait_until(lambda: not ranks(job), "the end of both processes", 10)

    before = max(losses(job))
    works.runner.resume(job.job_id)
    works.wait_step(job.job_id, before + 10, 300)
    node, _ = ranks(job)["1"]
    nodes.kill(node)
    works.wait(job.job_id, lambda job: job.attempt == 3, 120)
    before = max(losses(job))
    works.wait_step(job.job_id, before + 10, 300)
    works.runner.stop(job.job_id)
    ended = works.wait(job.job_id, seconds=300)
    assert (ended.status, str(ended.reason)[:24]) == ("finished", "Stopped and kept at step"), ended
    assert job.folder.adapter.is_dir()
    told = [str(from_json(event["message"])) for event in events(job) if event["type"] == "note"]
    assert f"The cluster lost the node {node}, on which worker 2 of 2 ran" in told
    assert len([event for event in events(job) if event.get("resumed_from_step")]) == 2

    alone = works.submit(**knobs | {"backend": "subprocess", "gpus": 1})
    works.wait_step(alone.job_id, max(losses(job)), 300)
    works.runner.cancel(alone.job_id)
    works.wait(alone.job_id)
    both = losses(job).keys() & losses(alone).keys()  # the last step before a stop is logged as well
    assert len(both) >= len(losses(job)) - 5
    # Rounding adds up over hundreds of steps, and the last losses are near 0.
    wanted = [losses(alone)[step] for step in sorted(both)]
    assert [losses(job)[step] for step in sorted(both)] == pytest.approx(wanted, rel=1e-5, abs=1e-5)
    works.close()
