"""Whatever dies, nothing is lost that was there, the truth is told, and the work goes on. Long forms: `make torture`."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy.errors import NoSpace
from academy.jobs import progress
from academy.jobs import runner as runner_module
from academy.jobs.backends.subprocess import ROOT, SubprocessBackend
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job, JobStore
from tests.jobs_help import STANDIN, Workshop, adapter_bytes, events, exists, kill, left_over, worker
from tests.test_job_store import JUNK, a_job
from tests.test_warden import control_group

pytestmark = pytest.mark.training  # real processes: seconds, not milliseconds


def counts(short: int, long: int) -> Any:
    return pytest.mark.parametrize("count", [short, pytest.param(long, marks=pytest.mark.torture)])


class App:
    """The small app, started and killed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.small_app", str(self.root)], stdout=subprocess.PIPE, cwd=ROOT)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def submit(self, **asked: Any) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link, link.makefile("rwb") as file:
            file.write(json.dumps(asked).encode() + b"\n")
            file.flush()
            return file.readline().decode().strip()

    def job(self, job_id: str) -> Job:
        """The job as the journal has it now; the app is the only writer."""
        last = [line for line in (self.root / "data/training/jobs.jsonl").read_bytes().split(b"\n")[:-1] if job_id.encode() in line][-1]
        return Job(**json.loads(last))

    def wait(self, job_id: str, *statuses: str, seconds: float = 20.0) -> Job:
        until = time.monotonic() + seconds
        while (job := self.job(job_id)).status not in (statuses or ENDED):
            assert time.monotonic() < until, job
            time.sleep(0.02)
        return job


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(tmp_path)
    made.start()
    yield made
    with contextlib.suppress(OSError):
        made.kill()
    workshop = Workshop(tmp_path)
    workshop.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.close()


@counts(4, 20)
def test_the_app_is_killed_while_training(app: App, count: int) -> None:
    steps = 100 * count
    job_id = app.submit(steps=steps, pause=0.02)
    app.wait(job_id, "running")
    before = worker(app.job(job_id))
    for _ in range(count):
        time.sleep(random.random() * 0.5)
        app.kill()
        begun = time.monotonic()
        app.start()
        assert app.wait(job_id, "running", seconds=10).attempt == 1
        assert time.monotonic() - begun < 10
        assert worker(app.job(job_id)) == before
        assert exists(before["pid"])
    ended = app.wait(job_id, seconds=steps * 0.05 + 30)
    assert ended.status == "finished"
    assert [event["step"] for event in events(ended) if event["type"] == "progress"] == list(range(1, steps + 1))
    log = (Path(ended.output_dir) / "train.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in log] == ["loading good", *(f"step {n}" for n in range(1, steps + 1))]


@counts(6, 30)
def test_the_trainer_or_its_warden_is_killed_at_any_moment(shop: Workshop, count: int) -> None:
    whole = shop.wait(shop.submit(steps=40).job_id)
    draw = random.Random(count)
    resumed = 0
    for number in range(count):
        job = shop.submit(steps=40, pause=0.01)
        time.sleep(draw.random() * 0.9)
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


@pytest.mark.torture
def test_our_trainer_is_killed_at_any_moment_30_times(tmp_path: Path) -> None:
    from tests.trainer_help import chats, make_model, write_rows

    shop = Workshop(tmp_path, {"subprocess": SubprocessBackend(root=ROOT)})
    base = make_model(tmp_path / "model")
    dataset = write_rows(tmp_path / "chats.jsonl", chats((f"Question {n}?", f"Answer {n}.") for n in range(24)))
    spec = TrainingSpec(base_model=str(base), num_epochs=4, batch_size=2, save_steps=4, precision="fp32", lora_dropout=0.05)
    fields = {"dataset_path": str(dataset), "base_path": str(base), "base_fingerprint": "f" * 32}

    def run() -> Job:
        return shop.runner.submit(spec, job_fields=fields)

    begun = time.monotonic()
    whole = shop.wait(run().job_id, seconds=120)
    took = time.monotonic() - begun
    losses = [(point["step"], point["loss"]) for point in progress.points(whole) if "loss" in point]
    draw = random.Random(3)
    resumed = 0
    for _ in range(30):
        job = run()
        time.sleep(draw.random() * took)
        with contextlib.suppress(ProcessLookupError):
            kill(worker(job)["pid"])
        begun = time.monotonic()
        ended = shop.wait(job.job_id, seconds=30)
        assert time.monotonic() - begun < 10
        if ended.status != "finished":
            assert (ended.status, ended.signal, ended.resumable) == ("failed", "SIGKILL", True)
            shop.runner.resume(job.job_id)
            ended = shop.wait(job.job_id, seconds=120)
            resumed += 1
        assert ended.status == "finished", ended
        assert [(point["step"], point["loss"]) for point in progress.points(ended) if "loss" in point] == losses
        assert adapter_bytes(ended) == adapter_bytes(whole)
    print(f"resumed {resumed} of 30")
    shop.close()


@counts(5, 100)
def test_the_app_is_killed_while_four_clients_submit(app: App, count: int) -> None:
    acknowledged: list[str] = []
    for turn in range(count):
        names = []

        def client(number: int, turn: int = turn, names: list[str] = names) -> None:
            with contextlib.suppress(OSError, ConnectionError):
                for n in range(1000):
                    name = f"t{turn} c{number} n{n}"
                    job_id = app.submit(name=name, steps=1, key=name)
                    if job_id:
                        names.append(name)
                        acknowledged.append(job_id)

        threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.1 + random.random() * 0.3)
        app.kill()
        for thread in threads:
            thread.join()
        store = JobStore(app.root / "data/training")
        jobs = store.list()
        assert set(acknowledged) <= {job.job_id for job in jobs}
        assert len({job.name for job in jobs}) == len(jobs)
        assert store.damaged <= 1
        app.start()
        for name in names[:2]:  # asked again with the same key, it is the same job
            assert app.submit(name=name, steps=1, key=name) in acknowledged
    app.kill()
    assert len(set(acknowledged)) > count
    # The queue is long; it need not be run down here.
    store = JobStore(app.root / "data/training")
    for job in store.open_jobs():
        if job.status == "queued":
            store.update(job.job_id, status="cancelled")


@counts(10, 200)
def test_a_cancel_at_any_moment(shop: Workshop, count: int) -> None:
    draw = random.Random(count)
    for _ in range(count):
        how = draw.choice(["good", "good", "children", "bare children", "loads", "ignores bare children"])
        job = shop.submit(name=how, steps=60, pause=0.01)
        time.sleep(draw.random() ** 2 * 1.2)
        shop.runner.cancel(job.job_id)
        begun = time.monotonic()
        while (now := shop.job(job.job_id)).status not in ENDED:
            assert time.monotonic() - begun < 10
            time.sleep(0.005)
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
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True).returncode:
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


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_space(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "SPARE_BYTES", 64 << 10)
    shop = Workshop(small_disk)
    ballast = Ballast(small_disk)
    first = shop.wait(shop.submit(steps=5).job_id)
    assert first.status == "finished"
    # at submit
    ballast.fill()
    with pytest.raises(NoSpace):
        shop.submit()
    monkeypatch.setattr(runner_module, "SPARE_BYTES", -(1 << 40))
    with pytest.raises(NoSpace):
        shop.submit()
    assert shop.store.counts()["total"] == 1
    ballast.free()
    # while it trains: log, events, checkpoints, adapter and journal all fail; nothing that was there is lost
    job = shop.submit(steps=60, pause=0.02, save_steps=5)
    shop.wait_step(job.job_id, 12)
    ballast.fill()
    deadline = time.monotonic() + 10
    found = worker(job)
    while exists(found["warden_pid"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    # The journal may have had room for one more line, or not: then the job waits to be concluded.
    assert shop.job(job.job_id).status in ("running", "failed")
    ballast.free()
    failed = shop.wait(job.job_id)
    assert (failed.status, failed.resumable) == ("failed", True)
    assert json.loads((Path(job.output_dir) / "exit.json").read_text())["exit_code"] == 1
    log = (Path(job.output_dir) / "train.log").read_bytes()
    assert log.endswith(b"\n")
    shop.runner.resume(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "finished"
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 61))
    store = JobStore(shop.settings.training_dir)
    assert (store.damaged, store.counts()["finished"]) == (0, 2)
    shop.close()


def test_a_job_can_be_cancelled_on_a_full_disk(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "SPARE_BYTES", 0)
    shop = Workshop(small_disk)
    job = shop.submit(name="loads")
    found = worker(job)
    ballast = Ballast(small_disk)
    ballast.fill()
    shop.runner.cancel(job.job_id)
    deadline = time.monotonic() + 10
    while exists(found["pid"]) or exists(found["warden_pid"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ballast.free()
    assert shop.wait(job.job_id).status == "cancelled"
    shop.close()


def test_what_memory_killed_says_so(tmp_path: Path) -> None:
    group = control_group(96 << 20)
    if group is None:
        pytest.skip("this machine allows no control groups")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    shop = Workshop(tmp_path, {"subprocess": SubprocessBackend(root=STANDIN, python=str(python))})
    job = shop.wait(shop.submit(name="memory", steps=10, save_steps=2).job_id)
    assert (job.status, job.signal, job.cause, job.resumable) == ("failed", "SIGKILL", "out_of_memory", True)
    assert "memory" in (job.error or "")
    shop.close()
    for _ in range(100):
        with contextlib.suppress(OSError):
            group.rmdir()
            break
        time.sleep(0.05)


def test_a_loss_that_is_no_number_ends_the_job_and_publishes_nothing(shop: Workshop) -> None:
    job = shop.wait(shop.submit(name="nan").job_id)
    assert (job.status, job.cause, job.adapter_path) == ("failed", "non_finite_loss", None)
    assert "non-finite loss at step 3" in (job.error or "")
    json.dumps(progress.view(job, None), allow_nan=False)


def test_the_second_app_on_a_folder_ends_at_once(app: App) -> None:
    begun = time.monotonic()
    second = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--data-dir", str(app.root / "data"), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert f"process {app.process.pid}" in second.stderr  # type: ignore[union-attr]
    print(f"{time.monotonic() - begun:.1f} s")


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
