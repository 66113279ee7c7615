"""The journal: what was acknowledged is there, whatever happened to the file."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from academy.errors import Conflict, NoSpace, NotFound
from academy.jobs import store as store_module
from academy.jobs.store import Job, JobStore
from tests.waiting import wait_until


def a_job(number: int, **fields: object) -> Job:
    values = {
        "job_id": f"training_20260101_000000_{number:04x}",
        "name": f"job {number} ä\u2028",
        "status": "queued",
        "created_at": "2026-01-01T00:00:00.000Z",
        "dataset_path": "d.jsonl",
        "base_model": "academy-mini",
        "backend": "subprocess",
        "output_dir": f"models/{number}",
    }
    return Job(**values | fields)  # type: ignore[arg-type]


def test_the_last_line_of_a_job_counts_after_a_restart(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for number in range(3):
        store.add(a_job(number, idempotency_key=f"key {number}"))
    changed = store.update(a_job(1).job_id, status="preparing", parameters={"lora_rank": 8})
    again = JobStore(tmp_path)
    assert [job.job_id for job in again.list()] == [a_job(number).job_id for number in (2, 1, 0)]
    assert again.get(changed.job_id) == changed
    assert again.by_key("key 2") == store.get(a_job(2).job_id)
    assert again.by_key("key 9") is None
    assert again.counts() == {"total": 3, "queued": 2, "preparing": 1, "running": 0, "finished": 0, "failed": 0, "cancelled": 0}
    assert [job.job_id for job in again.list(limit=1, status="queued")] == [a_job(2).job_id]
    lines = (tmp_path / "jobs.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2, 3, 4]


def test_what_is_final_stays_final(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job = store.add(a_job(1))
    store.update(job.job_id, status="preparing")
    store.update(job.job_id, status="finished")
    for status in ("queued", "cancelled", "failed", "running"):
        with pytest.raises(Conflict):
            store.update(job.job_id, status=status)
    with pytest.raises(Conflict):
        store.add(job)
    with pytest.raises(NotFound):
        store.get("../../etc/passwd\n")
    assert JobStore(tmp_path).get(job.job_id).status == "finished"


def test_listeners_hear_every_change_in_order_outside_the_lock(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    heard: list[tuple[str, str]] = []
    store.on_change.append(lambda job: heard.append((job.name, store.get(job.job_id).status)))  # the lock is free
    store.on_change.append(lambda job: heard.append((job.name, "second")))
    job = store.add(a_job(1, name="one"))
    store.update(job.job_id, name="two")
    store.update(job.job_id, name="two")  # no change
    store.end(job.job_id, "cancelled", name="three")
    wait_until(lambda: len(heard) == 6, lambda: heard)
    assert [name for name, _ in heard] == ["one", "one", "two", "two", "three", "three"]
    assert heard[4:] == [("three", "cancelled"), ("three", "second")]


JUNK = [
    b"\x00\xff\x80 binary \n",
    b"[" * 3000 + b"\n",
    b'{"job_id": 7}\n',
    b"null\n",
    b'{"job_id": "training_x", "status": "dancing"}\n',
    b"NaN\n",
]


def test_junk_is_set_aside_and_everything_else_is_there(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for number in range(4):
        store.add(a_job(number))
    path = tmp_path / "jobs.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + JUNK[0] + lines[1] + b"\n" + b"".join(JUNK[1:]) + lines[2] + lines[3][:-20])
    again = JobStore(tmp_path)
    assert again.counts()["total"] == 3
    assert again.damaged == len(JUNK) + 1
    assert again.damaged_path is not None
    assert again.damaged_path.name.startswith("jobs.jsonl.damaged-")
    assert again.damaged_path.read_bytes() == b"".join(JUNK) + lines[3][:-20] + b"\n"
    assert path.read_bytes() == b"".join(lines[:3])
    again.add(a_job(9))
    clean = JobStore(tmp_path)
    assert clean.damaged == 0
    assert clean.counts()["total"] == 4
    assert clean.get(a_job(9).job_id).sequence == 4


def test_a_journal_cut_anywhere_has_all_that_was_before_the_cut(tmp_path: Path) -> None:
    whole = JobStore(tmp_path / "whole")
    for number in range(6):
        whole.add(a_job(number))
        whole.update(a_job(number).job_id, status="preparing")
    data = whole.path.read_bytes()
    for cut in range(0, len(data), len(data) // 50):
        folder = tmp_path / f"cut{cut}"
        folder.mkdir()
        (folder / "jobs.jsonl").write_bytes(data[:cut])
        store = JobStore(folder)
        before = [json.loads(line) for line in data[:cut].split(b"\n")[:-1]]
        assert {job["job_id"] for job in before} <= {job.job_id for job in store.list()}
        for job in before:
            assert store.get(job["job_id"]).sequence >= job["sequence"]
        store.add(a_job(99))
        assert a_job(99).job_id in JobStore(folder)


def test_a_long_history_is_rewritten_in_its_order(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    first = store.add(a_job(1))
    line = json.dumps(dataclasses.asdict(first))
    with open(store.path, "a") as file:
        file.writelines(line.replace('"sequence": 1', f'"sequence": {sequence}') + "\n" for sequence in range(2, 1500))
    store = JobStore(tmp_path)
    second = store.add(a_job(2))
    assert (len(store.path.read_bytes().splitlines()), second.sequence) == (2, 1500)
    assert [job.job_id for job in JobStore(tmp_path).list()] == [second.job_id, first.job_id]


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JobStore(tmp_path)
    job = store.add(a_job(1))

    def full(path: Path, text: str) -> None:
        raise NoSpace("The disk is full.")

    monkeypatch.setattr(store_module, "append_line", full)
    with pytest.raises(NoSpace):
        store.update(job.job_id, status="preparing")
    with pytest.raises(NoSpace):
        store.add(a_job(2, idempotency_key="k"))
    assert store.get(job.job_id) == job
    assert store.by_key("k") is None
    assert store.counts()["total"] == 1
    monkeypatch.undo()
    assert store.add(a_job(2)).sequence == 2


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    threads = [threading.Thread(target=lambda base=base: [store.add(a_job(base * 100 + n)) for n in range(10)]) for base in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = JobStore(tmp_path)
    assert again.damaged == 0
    assert sorted(job.sequence for job in again.list()) == list(range(1, 51))


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.test_job_store import a_job
from academy.jobs.store import JobStore
store = JobStore(Path(sys.argv[1]))
number = store.counts()["total"]
while True:
    store.add(a_job(number))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.training  # real kills: seconds, not milliseconds
def test_whatever_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[1])
    for turn in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), root], stdout=subprocess.PIPE, cwd=root)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(1 + 5 * turn)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.communicate()[0].split()]
        store = JobStore(tmp_path)
        assert all(a_job(number).job_id in store for number in acknowledged)
        assert len({job.job_id for job in store.list()}) == store.counts()["total"]


def fill(tmp_path: Path, count: int) -> None:
    line = json.dumps(dataclasses.asdict(a_job(0, status="finished", parameters={f"knob {n}": n for n in range(22)})))
    with open(tmp_path / "jobs.jsonl", "w") as file:
        file.writelines(
            line.replace("_0000", f"_{number:06x}").replace('"sequence": 0', f'"sequence": {number}') + "\n" for number in range(count)
        )


@pytest.mark.torture
def test_a_hundred_thousand_jobs_open_within_five_seconds_and_50_mb(tmp_path: Path) -> None:
    fill(tmp_path, 100_000)
    program = (
        "import re,sys,time\nfrom pathlib import Path\nfrom academy.jobs.store import JobStore\n"
        "peak=lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])/1024\n"
        "before=peak()\nbegun=time.process_time()\nstore=JobStore(Path(sys.argv[1]))\n"
        "took=time.process_time()-begun\nassert len(store.list(limit=50))==50\n"
        "print(took,peak()-before,store.counts()['total'])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, cwd=os.getcwd())
    seconds, megabytes, count = map(float, done.stdout.split())
    print(f"{seconds:.2f} s, {megabytes:.0f} MB")
    # Of the processor: how busy the machine is with other things is not what this is about.
    assert (seconds < 5, megabytes < 50, count) == (True, True, 100_000)
