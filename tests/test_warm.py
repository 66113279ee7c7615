"""The warm trainer: a job that gets it runs in it exactly as in a new one, outlives the app, and falls back to a new one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from academy.config import Settings
from academy.jobs import warden
from academy.jobs.backends.standby import PROGRAMS, Standby
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.kinds.commands import warm_command
from academy.jobs.processes import MARK, birth_of, mark_of, marked
from academy.jobs.reading import view
from academy.services.warming import IMPORTS_MB, plan
from tests.jobs_help import STANDIN, Workshop, adapter_bytes, exists, kill, left_over, worker
from tests.waiting import wait_until

real = pytest.mark.training  # real processes


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    backend(made).standby.give_back()
    made.close()


def backend(shop: Workshop) -> SubprocessBackend:
    found = shop.backends["subprocess"]
    assert isinstance(found, SubprocessBackend)
    return found


def warm(shop: Workshop, how: str = "") -> int:
    """Prepares a trainer that misbehaves so; returns its pid."""
    standby = backend(shop).standby
    standby.prepare(warm_command(shop.settings, standby.python, STANDIN), Path(how) if how else None)
    return wait_until(lambda: standby.state().stage == "ready" and standby._pid, "a warm trainer")


def log_of(shop: Workshop, job_id: str) -> str:
    return view.log_tail(shop.job(job_id), 8000)


# -- decisions, by table

PLANS = {
    "switched off": ({"wanted": False}, (False, False)),
    "a training has the device": ({"busy": True}, (False, False)),
    "no memory": ({"available_mb": IMPORTS_MB}, (False, False)),
    "memory for the libraries": ({"available_mb": 2000}, (True, False)),
    "memory for the base too": ({"available_mb": 4000, "base_mb": 300}, (True, True)),
    "the base is too large": ({"available_mb": 4000, "base_mb": 3000}, (True, False)),
    "no base yet": ({"available_mb": 64_000, "base_mb": 0}, (True, False)),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_trainer_is_kept_warm_where_there_is_memory_and_nothing_trains(name: str) -> None:
    given, expected = PLANS[name]
    decided = plan(**({"wanted": True, "busy": False, "available_mb": 8000, "base_mb": 100} | given))
    assert (decided.warm, decided.base) == expected
    assert bool(decided.reason) is not decided.warm


@real
def test_code_that_has_changed_since_is_never_run(tmp_path: Path) -> None:
    from academy.trainer.warm import RUNS, stamps, why_stale, why_unfit

    assert tuple(RUNS) == PROGRAMS
    began = time.time_ns()
    file, gone, new = tmp_path / "module.py", tmp_path / "gone.py", tmp_path / "new.py"
    for path in (file, gone):
        path.write_text("x = 1")
        os.utime(path, (0, 0))
    later = max(stamps([str(file), str(gone)]).values()) + 1
    files = stamps([str(file), str(gone)])
    assert why_stale(later, files) == ""
    assert "module.py has changed" in why_stale(began - 10**9, {str(file): files[str(file)]})  # while it was being imported
    gone.unlink()
    assert "gone.py has changed" in why_stale(later, files)
    gone.write_text("x = 1")
    file.write_text("x = 2")
    os.utime(file, (0, 0))  # as an installer sets it
    wait_until(lambda: stamps([str(file)]) != {str(file): files[str(file)]}, "another time of the change")
    assert "module.py has changed" in why_stale(later + 10**12, {str(file): files[str(file)]})
    assert why_stale(later, {str(new): -1}) == ""
    (tmp_path / "spec.json").write_text(json.dumps({"parameters": {"quantization": "4bit"}}))
    assert "quantized" in why_unfit(tmp_path)
    (tmp_path / "spec.json").write_text(json.dumps({"parameters": {"gpus": 2}}))
    assert "several processes" in why_unfit(tmp_path)
    (tmp_path / "spec.json").write_text(json.dumps({"parameters": {}}))
    assert why_unfit(tmp_path) == ""


@real
def test_the_mark_of_the_job_replaces_the_one_that_the_process_started_with(tmp_path: Path) -> None:
    program = (
        "import sys; from academy.trainer.warm import _set\n"
        f"_set({MARK!r}, {mark_of(tmp_path)!r}); _set('OTHER', 'longer than before'); import os\n"
        f"assert os.environ['OTHER'] == 'longer than before'\n"
        "print('set', flush=True); sys.stdin.read()"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parent.parent), MARK: "0" * 24, "OTHER": "x"}
    with subprocess.Popen([sys.executable, "-c", program], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"set\n"
        assert [pid for pid, _ in marked(mark_of(tmp_path))] == [process.pid]


# -- with real processes, whose trainer is the stand-in


@real
def test_a_job_runs_in_the_trainer_that_stands_by(shop: Workshop) -> None:
    pid = warm(shop)
    state = backend(shop).standby.state()
    assert state.memory_mb > 0
    job = shop.submit(steps=20, pause=0.02)
    assert worker(shop.job(job.job_id))["pid"] == pid
    assert backend(shop).standby.state().stage == "none"
    ended = shop.wait(job.job_id)
    assert (ended.status, ended.exit_code) == ("finished", 0)
    assert "step 20" in log_of(shop, job.job_id)
    cold = shop.submit(steps=20)
    assert shop.wait(cold.job_id).status == "finished"
    assert adapter_bytes(shop.job(job.job_id)) == adapter_bytes(shop.job(cold.job_id))
    assert not exists(pid)


@real
def test_its_time_counts_from_the_start_of_the_job(shop: Workshop) -> None:
    warm(shop)
    time_before = time.monotonic()
    wait_until(lambda: time.monotonic() - time_before > 1.2, "a second of standing by")
    job = shop.submit(steps=40, pause=0.05)
    worker(shop.job(job.job_id))
    seconds = view.duration(shop.job(job.job_id))
    assert seconds is not None
    assert seconds < 1.1


@real
def test_a_job_outlives_the_app_and_is_cancelled_like_any_other(shop: Workshop) -> None:
    pid = warm(shop)
    job = shop.submit(name="children", steps=400, pause=0.05)
    shop.wait_step(job.job_id, 2)
    shop.runner.close()
    before = backend(shop)
    before.standby.give_back()  # what the app does at its end
    assert exists(pid)
    shop.backends = {"subprocess": SubprocessBackend(root=STANDIN)}
    shop.open()
    shop.runner.start()
    shop.runner.cancel(job.job_id)
    assert shop.wait(job.job_id).status == "cancelled"
    assert not left_over(shop.job(job.job_id))
    assert not exists(pid)
    assert before._wardens[job.job_id].wait(10) == 0


@real
def test_without_a_job_it_ends_with_the_app_and_after_its_idle_time(shop: Workshop) -> None:
    pid = warm(shop)
    standby = backend(shop).standby
    assert standby._warden is not None
    guard = standby._warden.pid
    backend(shop).standby.give_back()
    wait_until(lambda: not exists(pid) and not exists(guard), "the end of both")
    idle = Standby(root=STANDIN, seconds=0.3)
    idle.prepare(warm_command(shop.settings, idle.python, STANDIN))
    wait_until(lambda: idle.state().stage == "none", "the end of the idle time")


@real
@pytest.mark.parametrize("who", ["trainer", "warden", "stale", "deaf"])
def test_a_broken_one_is_replaced_by_a_new_one(shop: Workshop, who: str) -> None:
    pid = warm(shop, who if who in ("stale", "deaf") else "")
    standby = backend(shop).standby
    if who == "trainer":
        kill(pid)
    elif who == "warden":
        assert standby._warden is not None
        kill(standby._warden.pid)
    job = shop.submit(steps=5)
    assert shop.wait(job.job_id).status == "finished"
    assert worker(shop.job(job.job_id))["pid"] != pid
    wait_until(lambda: not exists(pid), "the end of the broken one")
    if who in ("stale", "deaf"):
        reason = "config.py has changed since it started" if who == "stale" else "it does not answer"
        assert f"The warm trainer is not used: {reason}. A new one starts." in log_of(shop, job.job_id)


@real
def test_a_job_that_comes_before_the_warden_is_up_gets_its_trainer(shop: Workshop) -> None:
    # Both requests used to arrive as one, and the warden failed.
    standby = backend(shop).standby
    for _ in range(3):
        standby.prepare(warm_command(shop.settings, standby.python, STANDIN))
        guard = standby._warden
        assert guard is not None
        job = shop.submit(steps=5)
        assert shop.wait(job.job_id).status == "finished"
        assert json.loads(shop.job(job.job_id).folder.worker.read_text())["warden_pid"] == guard.pid


@real
def test_another_environment_gives_it_back(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = warm(shop)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    job = shop.submit(steps=5)
    assert shop.wait(job.job_id).status == "finished"
    assert worker(shop.job(job.job_id))["pid"] != pid
    assert not exists(pid)


@real
def test_a_second_request_keeps_what_stands_by_unless_it_has_another_base(shop: Workshop) -> None:
    pid = warm(shop)
    assert warm(shop) == pid
    assert warm(shop, "base") != pid
    assert not exists(pid)
    assert backend(shop).standby.state().base == Path("base")


@real
def test_a_real_training_is_bit_equal_whether_its_trainer_was_warm_or_cold(tmp_path: Path) -> None:
    from tests.trainer_help import ROOT, chats, make_model, write_rows

    shop = Workshop(tmp_path, {"subprocess": SubprocessBackend(root=ROOT)})
    make_model(shop.base)
    write_rows(shop.dataset, chats([("Where is the spare key?", "Under the blue pot."), ("When does the ferry leave?", "At nine.")]))
    try:
        standby = backend(shop).standby
        standby.prepare(warm_command(shop.settings, standby.python, ROOT), shop.base)
        pid = wait_until(lambda: standby.state().stage == "ready" and standby._pid, "a warm trainer", 120)
        jobs = {}
        for way in ("warm", "cold"):
            jobs[way] = shop.submit(name=way, steps=3, num_epochs=3)
            if way == "warm":
                wait_until(lambda: (pid, birth_of(pid)) in left_over(shop.job(jobs["warm"].job_id)), "the mark of the job", 60)
            assert shop.wait(jobs[way].job_id, seconds=120).status == "finished", log_of(shop, jobs[way].job_id)
        assert worker(shop.job(jobs["warm"].job_id))["pid"] == pid
        assert worker(shop.job(jobs["cold"].job_id))["pid"] != pid
        assert adapter_bytes(shop.job(jobs["warm"].job_id)) == adapter_bytes(shop.job(jobs["cold"].job_id))
    finally:
        backend(shop).standby.give_back()
        shop.close()


def test_a_warden_without_a_request_ends(tmp_path: Path) -> None:
    mine, its = socket.socketpair()
    mine.close()
    assert warden.stand_by(its) == 0


def test_the_setting_switches_it_off() -> None:
    assert Settings(_env_file=None).warm_trainer is False  # type: ignore[call-arg]  # by the tests' own environment
    assert Settings.model_fields["warm_trainer"].default is True
