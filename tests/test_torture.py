"""Whatever dies, nothing is lost that was there, the truth is told, and the work goes on. Long forms: `make torture`."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from academy.jobs.backends.subprocess import ROOT
from academy.jobs.processes import kill_marked, mark_of
from academy.jobs.reading import progress
from academy.jobs.store import ENDED, JobStore
from tests.jobs_help import Workshop, adapter_bytes, events, exists, kill, left_over, trainer_in, worker
from tests.real_app import RealApp
from tests.test_job_store import JUNK, a_job
from tests.test_warden import control_group, removed
from tests.waiting import every, random_moment, wait_until

pytestmark = pytest.mark.training  # real processes: seconds, not milliseconds


def counts(short: int, long: int) -> Any:
    return pytest.mark.parametrize("count", [short, pytest.param(long, marks=pytest.mark.torture)])


@pytest.fixture
def app(tmp_path: Path) -> Iterator[RealApp]:
    made = RealApp(tmp_path / "data")
    made.start()
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.close()


SLOW = {"batch_size": 1, "gradient_accumulation_steps": 4, "max_seq_length": 256, "precision": "fp32"}


@counts(2, 20)
def test_the_app_is_killed_while_training(app: RealApp, count: int) -> None:
    steps = 180 + 90 * count  # the training is longer than the app's starts, also where those are slow
    job_id = app.train(dataset_id=app.dataset(), max_steps=steps, stop_when_known=False, **SLOW)
    seen: list[dict[str, Any]] = []
    viewer = threading.Thread(target=follow, args=(app, job_id, seen), daemon=True)
    viewer.start()
    before = app.wait(job_id, "running", step=1)["worker"]["pid"]
    for _ in range(count):
        random_moment(random.Random(), 1.0)
        app.kill()
        reached = reached_step(app, job_id)
        app.start()
        found = app.wait(job_id, "running", seconds=10)
        assert found["worker"]["pid"] == before
        assert exists(before)
        assert found["step"] >= reached
        told = [point["step"] for point in app.points(job_id)]
        assert told == list(range(1, told[-1] + 1))
    ended = app.wait(job_id, seconds=steps * 0.5 + 60)
    assert (ended["status"], ended["step"], ended["attempt"]) == ("finished", steps, 1)
    assert [point["step"] for point in app.points(job_id)] == list(range(1, steps + 1))
    viewer.join(30)
    log = (app.data / "models" / job_id / "train.log").read_text().splitlines()
    lines = [(event["line"], event["message"]) for event in seen if event["type"] == "log"]
    assert lines == list(enumerate(line.split(" ", 1)[1] for line in log))
    told = [event["data"]["step"] for event in seen if event["type"] == "metrics"]
    assert told == sorted(told)
    assert told[-1] == steps
    assert len({json.dumps(event["data"]) for event in seen if event["type"] == "metrics"}) == len(told)
    assert [event["status"] for event in seen if event["type"] == "status"][-3:] == ["preparing", "running", "finished"]


def follow(app: RealApp, job_id: str, seen: list[dict[str, Any]]) -> None:
    """Looks at the stream to its end, through every death of the app, as a browser would: again from the last id."""
    last_id = None
    for _ in every(0.1):
        if seen and seen[-1]["type"] == "status" and seen[-1]["status"] in ENDED:
            return
        for event_id, event in app.stream(job_id, last_id):
            last_id = event_id or last_id
            if event["type"] != "connected":
                seen.append(event)


def reached_step(app: RealApp, job_id: str) -> int:
    """The step that the trainer has reached by its own events, while there is no app."""
    told = [json.loads(line) for line in (app.data / "models" / job_id / "events.jsonl").read_bytes().split(b"\n")[:-1]]
    return max((event["step"] for event in told if event["type"] == "progress"), default=0)


@counts(6, 30)
def test_the_trainer_or_its_warden_is_killed_at_any_moment(shop: Workshop, count: int) -> None:
    whole = shop.wait(shop.submit(steps=40).job_id)
    draw = random.Random(count)
    resumed = 0
    for number in range(count):
        job = shop.submit(steps=40, pause=0.01)
        random_moment(draw, 0.9)
        with contextlib.suppress(ProcessLookupError):
            kill(worker(job)["warden_pid" if number % 3 == 0 else "pid"])
        begun = time.monotonic()
        ended = shop.wait(job.job_id)
        assert time.monotonic() - begun < 10
        said = any(event["type"] == "finished" for event in events(ended))
        assert (ended.status == "finished") == said
        if not said:
            assert (ended.status, ended.signal, ended.resumable, ended.adapter_path) == ("failed", "SIGKILL", True, None)
            shop.runner.resume(job.job_id)
            ended = shop.wait(job.job_id)
            resumed += 1
        assert not left_over(ended)
        assert ended.status == "finished"
        assert adapter_bytes(ended) == adapter_bytes(whole)
        losses = [(point["step"], point["loss"]) for point in progress.points(ended)]
        assert losses == [(point["step"], point["loss"]) for point in progress.points(whole)]
    assert resumed


MOMENTS = ("load", "step", "checkpoint", "final save")
VICTIMS = ("trainer", "warden", "both", "group")
SHORT = {("trainer", "checkpoint"), ("both", "final save")}


def test_our_trainer_or_its_warden_is_killed_at_any_moment(app: RealApp) -> None:
    died_at_every_moment(app, sorted(SHORT))


@pytest.mark.torture
def test_our_trainer_or_its_warden_is_killed_at_every_moment_twice(app: RealApp) -> None:
    died_at_every_moment(app, [(victim, moment) for victim in VICTIMS for moment in MOMENTS] * 2)


def died_at_every_moment(app: RealApp, deaths: list[tuple[str, str]]) -> None:
    asked = {"dataset_id": app.dataset(24), "max_steps": 24, "save_steps": 4, "lora_dropout": 0.05, "seed": 7} | SLOW
    whole = app.train(**asked)
    assert app.wait(whole, seconds=120)["status"] == "finished"
    curve = [(point["step"], point["loss"]) for point in app.points(whole)]
    adapter = (app.data / "models" / whole / "adapter" / "adapter_model.safetensors").read_bytes()
    draw = random.Random(len(deaths))
    for victim, moment in deaths:
        job_id = app.train(**asked)
        folder = app.data / "models" / job_id
        await_moment(folder, moment, draw)
        found = json.loads((folder / "worker.json").read_text())
        for name in ("warden_pid", "pid"):
            if victim in ("both", "group", {"warden_pid": "warden", "pid": "trainer"}[name]):
                with contextlib.suppress(ProcessLookupError):
                    (os.killpg if victim == "group" and name == "pid" else os.kill)(found[name], 9)
        ended = app.wait(job_id, seconds=10)
        if (folder / "events.jsonl").read_text().rstrip().endswith("}") and '"type": "finished"' in (folder / "events.jsonl").read_text():
            assert ended["status"] == "finished", (victim, moment)  # it was quicker
        else:
            told = (ended["status"], ended["signal"], ended["resumable"], ended["adapter_path"])
            assert told == ("failed", "SIGKILL", True, None), (victim, moment, ended["error"])
            assert job_id not in [item["adapter_id"] for item in app.ask("GET", "/adapters")]
            app.ask("POST", f"/train/{job_id}/resume")
            assert app.wait(job_id, "finished", seconds=120)["attempt"] == 2
        assert not kill_marked(mark_of(folder))
        assert [(point["step"], point["loss"]) for point in app.points(job_id)] == curve, (victim, moment)
        assert (folder / "adapter" / "adapter_model.safetensors").read_bytes() == adapter, (victim, moment)


def await_moment(folder: Path, moment: str, draw: random.Random) -> None:
    """Waits until the trainer of the job does what it is to die at."""
    wait_until(lambda: trainer_in(folder), "the trainer", seconds=60)
    if moment == "load":
        random_moment(draw, 4.0)
        return
    later = draw.randrange(2, 6)  # not always the first checkpoint

    def reached() -> bool:
        if moment == "final save":
            return (folder / "adapter.tmp").exists()
        told = (folder / "events.jsonl").read_text() if (folder / "events.jsonl").exists() else ""
        if moment == "step":
            return told.count('"progress"') > 3 * later
        return told.count('"checkpoint"') >= later and any(path.name[0] == "." for path in (folder / "checkpoints").iterdir())

    wait_until(reached, f"its {moment}", seconds=60, pause=0.001)


TINY = """
import json, os, struct, sys
output, job, runs = sys.argv[1:4]
with open(runs, "a") as file:
    file.write(job + chr(10))
header = json.dumps({"w": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}).encode()
open(output + "/adapter_model.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + bytes(8))
open(output + "/adapter_config.json", "w").write('{"peft_type": "LORA"}')
print("step 1/1 loss 0.5")
"""


@counts(3, 100)
def test_the_app_is_killed_while_four_clients_submit(tmp_path: Path, count: int) -> None:
    app, runs = RealApp(tmp_path / "data"), tmp_path / "runs"
    app.data.mkdir()
    (tmp_path / "tiny.py").write_text(TINY)
    argv = json.dumps([sys.executable, "-S", str(tmp_path / "tiny.py"), "{output}", "{job}", str(runs)])
    (app.data / "recipes.toml").write_text(f'[[recipe]]\nname = "tiny"\nargv = {argv}\n')
    app.start()
    dataset = app.dataset(12)
    acknowledged: dict[str, str] = {}
    asked: set[str] = set()
    try:
        for turn in range(count):
            begin = threading.Barrier(5)

            def client(number: int, turn: int = turn, begin: threading.Barrier = begin) -> None:
                draw = random.Random(turn * 4 + number)
                begin.wait()
                for n in range(3):
                    random_moment(draw, 0.2)
                    name = f"t{turn} c{number} n{n}"
                    asked.add(name)
                    headers = {"Idempotency-Key": name} if number % 2 else {}
                    with contextlib.suppress(httpx.HTTPError):
                        spec = {"name": name, "dataset_id": dataset, "recipe": "tiny"}
                        acknowledged[name] = app.ask("POST", "/train", json=spec, headers=headers)["job_id"]

            clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
            for thread in clients:
                thread.start()
            begin.wait()
            random_moment(random.Random(), 0.5)
            app.kill()
            for thread in clients:
                thread.join()
            app.start()
            # Asked again with the same key, it is the same job, whether the first answer came or not.
            for number in (1, 3):
                name = f"t{turn} c{number} n0"
                spec = {"name": name, "dataset_id": dataset, "recipe": "tiny"}
                again = [app.ask("POST", "/train", json=spec, headers={"Idempotency-Key": name})["job_id"] for _ in range(2)]
                assert acknowledged.setdefault(name, again[0]) == again[0] == again[1]
        wait_until(lambda: not open_jobs(app), lambda: f"the end of all jobs: {open_jobs(app)}", seconds=60 + 6 * count, pause=0.2)
    finally:
        app.close()
    jobs = {job.job_id: job for job in JobStore(app.data / "training").list()}
    assert set(acknowledged.values()) <= jobs.keys()
    assert len(set(acknowledged.values())) == len(acknowledged)
    names = [job.name for job in jobs.values()]
    assert len(set(names)) == len(names)
    assert set(names) <= asked
    assert {job.status for job in jobs.values()} == {"finished"}
    assert sorted(runs.read_text().split()) == sorted(jobs)  # each once
    print(f"{count} kills, {len(jobs)} jobs, {len(acknowledged)} acknowledged")


def open_jobs(app: RealApp) -> dict[str, int]:
    counted = app.ask("GET", "/status")["jobs"]
    return {status: counted[status] for status in ("queued", "preparing", "running") if counted[status]}


@counts(10, 200)
def test_a_cancel_at_any_moment(shop: Workshop, count: int) -> None:
    draw = random.Random(count)
    for _ in range(count):
        how = draw.choice(["good", "good", "children", "bare children", "loads", "ignores bare children"])
        job = shop.submit(name=how, steps=60, pause=0.01)
        random_moment(draw, 1.2 * draw.random())  # sooner rather than later
        shop.runner.cancel(job.job_id)
        now = shop.wait(job.job_id, seconds=10)
        assert not left_over(now), now
        with contextlib.suppress(FileNotFoundError):
            found = json.loads((Path(job.output_dir) / "worker.json").read_text())
            assert not exists(found["warden_pid"])
            assert not (found["pid"] and exists(found["pid"]))
        assert now.status == ("finished" if any(event["type"] == "finished" for event in events(now)) else "cancelled")


@pytest.mark.torture
def test_a_journal_damaged_at_200_places_starts_within_5_seconds(tmp_path: Path) -> None:
    whole = JobStore(tmp_path / "whole")
    for number in range(300):
        whole.add(a_job(number))
        whole.update(a_job(number).job_id, status="preparing")
    data = whole.path.read_bytes()
    draw = random.Random(1)
    for turn in range(200):
        folder = tmp_path / f"turn{turn}"
        folder.mkdir()
        cut = draw.randrange(len(data))
        before = data[: data.rfind(b"\n", 0, cut) + 1]
        junk = b"".join(draw.choices(JUNK, k=3)) if turn % 2 else b""
        (folder / "jobs.jsonl").write_bytes(before + junk + data[len(before) : cut])
        begun = time.monotonic()
        store = JobStore(folder)
        assert time.monotonic() - begun < 5
        for line in before.split(b"\n")[:-1]:
            told = json.loads(line)
            assert store.get(told["job_id"]).sequence >= told["sequence"]
        shutil.rmtree(folder)


# A full disk: a small file system in memory


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(place)], capture_output=True).returncode
    ):
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


class Ballast:
    """Fills a disk to the last byte, and frees it again."""

    def __init__(self, disk: Path) -> None:
        self.path = disk / "ballast"

    def fill(self, leave: int = 0) -> None:
        with contextlib.suppress(OSError), open(self.path, "ab", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        if leave:
            os.truncate(self.path, max(0, self.path.stat().st_size - leave))

    def free(self) -> None:
        self.path.unlink()


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_space(small_disk: Path, tmp_path: Path) -> None:
    app, ballast = RealApp(small_disk / "data"), Ballast(small_disk)
    app.log = tmp_path / "app.log"
    app.start()
    try:
        dataset = app.dataset()
        asked = {"dataset_id": dataset, "max_steps": 40, "save_steps": 5} | SLOW
        whole = app.train(**asked)
        assert app.wait(whole)["status"] == "finished"
        ballast.fill()
        # upload, lesson, submit, journal, names: each says so, and what can be read can still be read
        upload = {"files": ("more.jsonl", b'{"instruction": "a b c", "output": "d e f"}\n' * 2000)}
        refused = [
            app.ask("POST", "/dataset/upload", files=upload, expect=507),
            app.ask("POST", "/lessons", json={"situation": "Which port?", "action": "8447"}, expect=507),
            app.ask("POST", "/train", json=asked, expect=507),
            app.ask("PATCH", f"/train/{whole}", json={"name": "other"}, expect=507),
            app.ask("POST", "/adapters/activate", json={"adapter_id": whole}, expect=507, timeout=60),
        ]
        assert all("disk" in answer["detail"] for answer in refused)
        assert app.status(whole)["name"] == "rows-1"
        assert [job["job_id"] for job in app.ask("GET", "/jobs")["jobs"]] == [whole]
        ballast.free()
        assert app.ask("POST", "/dataset/upload", files=upload)["files"][0]["status"] == "ready"
        # log, events, checkpoint
        job_id = app.train(**asked)
        app.wait(job_id, "running", step=8)
        ballast.fill()
        job_gone(app, job_id)
        ballast.free()
        failed = app.wait(job_id)
        assert (failed["status"], failed["cause"], failed["resumable"]) == ("failed", "disk_full", True), failed
        app.ask("POST", f"/train/{job_id}/resume")
        assert app.wait(job_id)["status"] == "finished"
        curves = [[(point["step"], point["loss"]) for point in app.points(item)] for item in (whole, job_id)]
        assert curves[0] == curves[1]
        # the adapter
        job_id = app.train(**asked | {"max_steps": 24, "save_steps": 1000})
        app.wait(job_id, "running", step=1)
        ballast.fill(leave=300_000)
        job_gone(app, job_id)
        ballast.free()
        failed = app.wait(job_id)
        assert (failed["status"], failed["cause"], failed["adapter_path"]) == ("failed", "disk_full", None)
        assert job_id not in [item["adapter_id"] for item in app.ask("GET", "/adapters")]
        # a cancel that cannot be written down, of a trainer that does not even hear it
        job_id = app.train(**asked | {"max_steps": 2000, "save_steps": 2000})
        pid = app.wait(job_id, "running", step=1)["worker"]["pid"]
        kill(pid, signal.SIGSTOP)
        ballast.fill()
        app.ask("DELETE", f"/train/{job_id}")
        job_gone(app, job_id)
        ballast.free()
        assert app.wait(job_id)["status"] == "cancelled"
    finally:
        app.close()


def job_gone(app: RealApp, job_id: str) -> None:
    """Waits until nothing of the job lives any more; ten seconds at most."""
    found = json.loads((app.data / "models" / job_id / "worker.json").read_text())
    wait_until(lambda: not exists(found["pid"]) and not exists(found["warden_pid"]), "the end of the trainer and its warden", seconds=10)


def test_what_memory_killed_says_so_and_offers_smaller_steps(app: RealApp) -> None:
    group = control_group(200 << 20)
    if group is None:
        pytest.skip("this machine allows no control groups")
    dataset = app.dataset(12)
    # What the app starts from now on has to do with this little; what the app itself holds is not counted.
    (group / "cgroup.procs").write_text(str(app.process.pid))  # type: ignore[union-attr]
    failed = app.wait(app.train(dataset_id=dataset, batch_size=8))
    assert (failed["status"], failed["signal"], failed["cause"], failed["resumable"]) == ("failed", "SIGKILL", "out_of_memory", True)
    assert "memory ran out" in failed["error"]
    assert failed["remedy"] == {"batch_size": 4, "gradient_accumulation_steps": 2}
    assert app.ask("GET", "/health")["ok"]
    app.close()
    wait_until(lambda: removed(group), "an empty control group")


def test_a_base_model_of_no_numbers_ends_the_job_and_publishes_nothing(app: RealApp, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = tmp_path / "base"
    shutil.copytree(ROOT / "academy" / "models" / "academy-mini", base)
    weights = load_file(base / "model.safetensors")
    name = next(name for name in weights if "norm" in name)
    save_file(weights | {name: weights[name] * float("nan")}, base / "model.safetensors", {"format": "pt"})
    job_id = app.train(dataset_id=app.dataset(12), base_model=str(base))
    failed = app.wait(job_id)
    assert (failed["status"], failed["cause"], failed["adapter_path"], failed["remedy"]) == ("failed", "non_finite_loss", None, None)
    assert "non-finite loss at step 1" in failed["error"]
    assert "base model" in failed["error"]
    assert [point.get("loss") for point in app.points(job_id)] == [None]
    assert app.ask("GET", "/adapters") == []


def test_the_second_app_on_a_folder_ends_at_once(app: RealApp) -> None:
    second = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--data-dir", str(app.data), "--port", "0"], capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 1
    assert f"process {app.process.pid}" in second.stderr  # type: ignore[union-attr]
    assert "Traceback" not in second.stderr
    assert app.ask("GET", "/health")["ok"]


def test_fifty_submits_at_once_run_once_each(shop: Workshop) -> None:
    ids: list[str] = []
    clients = [lambda number=number: ids.append(shop.submit(name=f"n{number}", steps=1).job_id) for number in range(50)]
    threads = [threading.Thread(target=client) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 50
    for job_id in sorted(ids, key=lambda job_id: shop.job(job_id).order)[8:]:
        shop.runner.cancel(job_id)
    ended = [shop.wait(job_id, seconds=60) for job_id in ids]
    done = [job for job in ended if job.status == "finished"]
    assert len(done) >= 8
    for job in done:
        assert [event["type"] for event in events(job)].count("started") == 1
