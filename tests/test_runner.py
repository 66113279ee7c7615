"""The runner: what it concludes, and that whatever dies, the truth is told."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy.bases import fingerprint
from academy.config import Settings
from academy.errors import Conflict, Invalid, NoSpace, NotFound, Refused
from academy.jobs import store as store_module
from academy.jobs.backends import Command, Death, Seen
from academy.jobs.backends.local import Local
from academy.jobs.processes import boot_id, hold_data_folder
from academy.jobs.reading import progress, view
from academy.jobs.running import disk as disk_module
from academy.jobs.running import queue as queue_module
from academy.jobs.running import starting as starting_module
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job
from tests.jobs_help import STANDIN, Workshop, adapter_bytes, events, exists, kill, left_over, worker
from tests.waiting import random_moment, wait_until

real = pytest.mark.training  # real processes


class FakeBackend(Local):
    """A trainer that is what the test says it is."""

    name = "subprocess"

    def __init__(self) -> None:
        self.lives: bool | None = False
        self.started: list[tuple[str, Command]] = []
        self.ended: list[bool] = []
        self.death = Death("Its warden was killed", signal="SIGKILL")

    def look(self, gpus: bool) -> str:
        return "It is there."

    def check(self, image: str | None) -> None:
        pass

    def seen(self, job: Job) -> Seen:
        return Seen(Path(job.output_dir), STANDIN, "python", Path(job.dataset_path), None, Path(job.base_path or "/"), None)

    def start(self, job: Job, command: Command) -> dict[str, Any]:
        self.started.append((job.job_id, command))
        self.lives = True
        return {"pid": 1234, "backend": self.name, "container_id": None}

    def alive(self, job: Job) -> bool | None:
        return self.lives

    def worker(self, job: Job) -> dict[str, Any] | None:
        return {"pid": 1234, "backend": self.name, "container_id": None}

    def terminate(self, job: Job, *, force: bool = False) -> None:
        self.ended.append(force)

    def autopsy(self, job: Job) -> Death:
        return self.death

    def clean(self, job: Job) -> None:
        pass


@pytest.fixture
def quick(tmp_path: Path) -> Workshop:
    """A workshop without thread and processes: `tick` is called by the test."""
    return Workshop(tmp_path, {"subprocess": FakeBackend()}, begin=False)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


def tell(job: Job, *said: dict[str, Any]) -> None:
    with open(Path(job.output_dir) / "events.jsonl", "a") as file:
        file.writelines(json.dumps(event) + "\n" for event in said)


def leave_adapter(job: Job, size: int = 8) -> None:
    folder = Path(job.output_dir) / "adapter"
    folder.mkdir()
    header = json.dumps({"w": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"0" * size)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')


def leave_record(job: Job, **fields: Any) -> None:
    said = {"exit_code": 0, "signal": None, "peak_memory_mb": 1.0, "stopped_by": None, "oom": False, "log_lines_lost": 0}
    (Path(job.output_dir) / "exit.json").write_text(json.dumps(said | fields))


def leave_checkpoint(job: Job, step: int) -> None:
    folder = Path(job.output_dir) / "checkpoints" / f"step-{step:08d}"
    folder.mkdir(parents=True)
    (folder / "complete.json").write_text("{}")


STARTED = {"type": "started", "total_steps": 9, "total_epochs": 1}
STEP = {"type": "progress", "step": 4, "loss": 1.0}
FINISHED = {"type": "finished", "adapter": "adapter", "step": 9}
PUBLISHED = {"type": "published", "step": 9}
FAILED = {"type": "failed", "reason": "non-finite loss at step 4", "cause": "non_finite_loss", "step": 4}

TERMINATED = {"exit_code": None, "signal": "SIGTERM", "stopped_by": "cancel"}
KILLED = {"exit_code": None, "signal": "SIGKILL"}

KEPT = FINISHED | {"stopped": True, "step": 5}

# what was said, the warden's record (None: it left none), a whole adapter, the wish → status, words in error or reason, resumable
HISTORIES: dict[str, tuple[list[dict[str, Any]], dict[str, Any] | None, bool, str | None, str, str, bool]] = {
    "finishes": ([STARTED, STEP, FINISHED], {}, True, None, "finished", "", False),
    "finishes, and the warden dies before it can say so": ([STARTED, STEP, FINISHED], None, True, None, "finished", "", False),
    "is killed in the exam of a complete adapter": ([STARTED, STEP, PUBLISHED], KILLED, True, None, "finished", "", False),
    "is cancelled in its exam": ([STARTED, STEP, PUBLISHED], KILLED, True, "cancel", "finished", "", False),
    "is stopped and kept, and killed in its exam": (
        [STARTED, STEP, PUBLISHED | {"stopped": True}, {"type": "preparing", "phase": "exam"}],
        KILLED,
        True,
        "stop",
        "finished",
        "kept at step 9",
        False,
    ),
    "publishes a broken adapter": ([STARTED, STEP, PUBLISHED], {}, False, None, "failed", "is incomplete", False),
    "is resumed after its exam was killed": ([STARTED, STEP, PUBLISHED, STARTED], KILLED, True, None, "failed", "SIGKILL", True),
    "finishes although it was to be cancelled": ([STARTED, STEP, FINISHED], {}, True, "cancel", "finished", "", False),
    "is stopped and kept": (
        [STARTED, STEP, KEPT],
        {},
        True,
        "stop",
        "finished",
        "kept at step 5",
        False,
    ),
    "stops early": ([STARTED, STEP, FINISHED | {"stopped_early": True}], {}, True, None, "finished", "Stopped early at step 9", False),
    "says it finished, without an adapter": ([STARTED, FINISHED], {}, False, None, "failed", "is incomplete", False),
    "goes without a word": ([STARTED, STEP], {}, False, None, "failed", "exit code 0 without having finished at step 4", True),
    "gives up": ([STARTED, STEP, FAILED], {"exit_code": 1}, False, None, "failed", "non-finite loss at step 4", False),
    "gives up, then is cancelled": ([STARTED, STEP, FAILED], {"exit_code": 1}, False, "cancel", "failed", "non-finite", False),
    "is killed": ([STARTED, STEP], KILLED, False, None, "failed", "killed by SIGKILL at step 4", True),
    "is killed while it loads": ([], KILLED, False, None, "failed", "before the first step", True),
    "is killed with an adapter there": ([STARTED, STEP], KILLED, True, None, "failed", "SIGKILL", True),
    "runs out of memory": ([STARTED], {"exit_code": None, "signal": "SIGKILL", "oom": True}, False, None, "failed", "memory ran out", True),
    "loses its warden": ([STARTED, STEP], None, False, None, "failed", "warden was killed at step 4", True),
    "is cancelled": (
        [STARTED, STEP],
        {"exit_code": None, "signal": "SIGTERM", "stopped_by": "cancel"},
        False,
        "cancel",
        "cancelled",
        "step 4",
        False,
    ),
    "is cancelled with its warden": ([STARTED], None, False, "cancel", "cancelled", "Cancelled.", False),
    "is stopped before anything was trained": (
        [STARTED],
        {"exit_code": 1},
        False,
        "stop",
        "cancelled",
        "before anything was trained",
        False,
    ),
    "is ended by the machine": (
        [STARTED],
        {"exit_code": None, "signal": "SIGTERM", "stopped_by": "cancel"},
        False,
        None,
        "failed",
        "SIGTERM",
        True,
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_only_the_trainers_own_last_word_makes_it_finished(quick: Workshop, name: str) -> None:
    said, record, whole, wish, status, words, resumable = HISTORIES[name]
    backend: Any = quick.backends["subprocess"]
    job = quick.submit()
    quick.runner.tick()
    assert quick.job(job.job_id).status == "preparing"
    tell(job, *said)
    quick.runner.tick()
    if wish == "cancel":
        quick.runner.cancel(job.job_id)
    elif wish == "stop":
        quick.runner.stop(job.job_id)
    quick.runner.tick()
    assert quick.job(job.job_id).status in ("preparing", "running")
    assert bool(backend.ended) == (wish == "cancel")
    if record is not None:
        leave_record(job, **record)
    if whole:
        leave_adapter(job)
    backend.lives = None  # not to be told now: nothing is concluded
    quick.runner.tick()
    assert quick.job(job.job_id).status in ("preparing", "running")
    backend.lives = False
    quick.runner.tick()
    ended = quick.job(job.job_id)
    assert ended.status == status, ended
    assert words in f"{ended.error} {ended.reason}"
    assert ended.resumable == resumable
    assert (ended.adapter_path is not None) == (status == "finished")
    assert ended.finished_at is not None
    assert ended.finished_at >= (ended.started_at or "")
    assert ended.wish is None


def test_a_checkpoint_makes_a_failed_job_resumable_and_a_resume_forgets_the_failure(quick: Workshop) -> None:
    backend: Any = quick.backends["subprocess"]
    job = quick.submit(batch_size=8)
    with pytest.raises(Conflict):
        quick.runner.resume(job.job_id)
    quick.runner.tick()
    tell(job, STARTED, STEP, FAILED)
    leave_record(job, exit_code=1)
    leave_checkpoint(job, 3)
    (Path(job.output_dir) / "checkpoints" / "step-00000004.tmp").mkdir()
    backend.lives = False
    quick.runner.tick()
    failed = quick.job(job.job_id)
    assert (failed.status, failed.resumable, failed.exit_code, failed.step, failed.cause) == ("failed", True, 1, 4, "non_finite_loss")
    with pytest.raises(Invalid):
        quick.runner.resume(job.job_id, {"learning_rate": 1.0})
    with pytest.raises(Invalid):
        quick.runner.resume(job.job_id, {"batch_size": 0})
    again = quick.runner.resume(job.job_id, {"batch_size": 4, "gradient_accumulation_steps": 2})
    assert (again.status, again.error, again.exit_code, again.finished_at, again.attempt) == ("queued", None, None, None, 1)
    assert (again.parameters["batch_size"], again.parameters["gradient_accumulation_steps"]) == (4, 2)
    quick.runner.tick()
    running = quick.job(job.job_id)
    assert (running.status, running.attempt) == ("preparing", 2)
    assert not (Path(job.output_dir) / "exit.json").exists()
    assert [path.name for path in (Path(job.output_dir) / "checkpoints").iterdir()] == ["step-00000003"]
    # The last attempt's "failed" is not this one's.
    tell(job, STARTED | {"resumed_from_step": 3}, STEP, FINISHED)
    leave_record(job)
    leave_adapter(job)
    backend.lives = False
    quick.runner.tick()
    assert quick.job(job.job_id).status == "finished"
    with pytest.raises(Conflict):
        quick.runner.resume(job.job_id)
    with pytest.raises(Conflict):
        quick.runner.stop(job.job_id)
    assert quick.runner.cancel(job.job_id).status == "finished"


def test_a_queued_job_is_cancelled_at_once_and_cannot_be_resumed(quick: Workshop) -> None:
    job, other = quick.submit(), quick.submit()
    assert quick.runner.cancel(job.job_id).status == "cancelled"
    assert quick.runner.cancel(job.job_id).status == "cancelled"
    stopped = quick.runner.stop(other.job_id)
    assert (stopped.status, stopped.reason) == ("cancelled", "Stopped before anything was trained.")
    with pytest.raises(Conflict):
        quick.runner.resume(job.job_id)
    with pytest.raises(NotFound):
        quick.runner.cancel("training_x")
    quick.runner.tick()
    assert not quick.backends["subprocess"].started  # type: ignore[attr-defined]


def test_the_queue_is_first_in_first_out_and_can_be_changed(quick: Workshop) -> None:
    jobs = [quick.submit(name=f"job {number}") for number in range(4)]
    ids = [job.job_id for job in jobs]
    places = lambda: [quick.runner.queue_position(job_id) for job_id in ids]  # noqa: E731
    assert places() == [1, 2, 3, 4]
    quick.runner.move(ids[3], 1)
    assert places() == [2, 3, 4, 1]
    quick.runner.move(ids[3], 3)
    assert places() == [1, 2, 4, 3]
    for _ in range(80):  # so often that halving runs out of numbers
        quick.runner.move(ids[0], 2)
        quick.runner.move(ids[1], 2)
    assert sorted(filter(None, places())) == [1, 2, 3, 4]
    first = min(ids, key=lambda job_id: quick.runner.queue_position(job_id) or 9)
    quick.open()  # the order survives a restart
    quick.runner.tick()
    busy = quick.runner.busy()
    assert busy is not None
    assert busy.job_id == first
    assert quick.runner.queue_position(first) is None
    with pytest.raises(Conflict):
        quick.runner.move(first, 1)


def test_the_same_key_gives_the_same_job_also_after_a_restart(quick: Workshop) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(quick.submit(key="k").job_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    quick.open()
    assert quick.submit(key="k").job_id == found[0]
    assert quick.submit(key="other").job_id != found[0]
    assert quick.store.counts()["total"] == 2


def test_what_was_never_started_when_the_app_died_goes_back_to_the_queue(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, begin=False)
    job = shop.submit()
    shop.store.update(job.job_id, status="preparing", attempt=1, phase="train")
    shop.open()
    shop.runner._look_after(shop.job(job.job_id))
    again = shop.job(job.job_id)
    assert (again.status, again.attempt) == ("queued", 0)


def test_after_another_boot_the_job_has_failed_and_nobody_is_signalled(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, begin=False)
    job = shop.submit()
    shop.store.update(job.job_id, status="preparing", attempt=1, phase="train")
    me = {"warden_pid": os.getpid(), "pid": os.getppid(), "birth": "1", "warden_birth": "1", "boot_id": "another"}
    (Path(job.output_dir) / "worker.json").write_text(json.dumps(me))
    tell(job, STARTED, STEP)
    leave_checkpoint(job, 3)
    shop.runner.tick()
    ended = shop.job(job.job_id)
    assert boot_id() != "another"
    assert (ended.status, ended.resumable) == ("failed", True)
    assert "machine was restarted" in str(ended.error)


def test_a_full_journal_keeps_the_state_and_goes_on_when_there_is_space(quick: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = quick.submit()
    quick.runner.tick()
    before = sorted(path.name for path in quick.settings.models_dir.iterdir())

    def full(path: Path, text: str) -> None:
        raise NoSpace("The disk is full.")

    monkeypatch.setattr(store_module, "append_line", full)
    with pytest.raises(NoSpace):
        quick.submit()
    assert sorted(path.name for path in quick.settings.models_dir.iterdir()) == before
    quick.runner.cancel(job.job_id)  # is known, though it cannot be written
    quick.runner.tick()
    assert quick.backends["subprocess"].ended  # type: ignore[attr-defined]
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    quick.runner.tick()
    assert quick.job(job.job_id).status == "preparing"
    monkeypatch.undo()
    quick.runner._retry_at.clear()
    quick.runner.tick()
    assert quick.job(job.job_id).status == "cancelled"


def test_a_submit_that_would_fill_the_disk_is_refused(quick: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting_module, "SPARE_BYTES", 1 << 60)
    with pytest.raises(NoSpace, match="needs about"):
        quick.submit()
    assert quick.store.counts()["total"] == 0


def test_a_dataset_that_is_gone_fails_the_job_with_a_sentence(quick: Workshop) -> None:
    job = quick.submit()
    quick.dataset.unlink()
    quick.runner.tick()
    ended = quick.job(job.job_id)
    assert (ended.status, "dataset of this training is gone" in str(ended.error)) == ("failed", True)


def test_a_base_model_that_changed_while_the_job_waited_is_not_trained(quick: Workshop) -> None:
    # It was, and the adapter was refused when somebody activated it.
    (quick.base / "config.json").write_text('{"hidden_size": 8}')
    inputs = Inputs(dataset_path=str(quick.dataset), base_path=str(quick.base), base_fingerprint=fingerprint(quick.base))
    job = quick.runner.submit(TrainingSpec(name="good", base_model=str(quick.base)), inputs)
    (quick.base / "config.json").write_text('{"hidden_size": 16}')
    quick.runner.tick()
    ended = quick.job(job.job_id)
    assert (ended.status, "base model has changed" in str(ended.error)) == ("failed", True)


def test_a_clock_that_goes_back_gives_no_negative_durations(quick: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = quick.submit()
    quick.runner.tick()
    for module in (queue_module, store_module):
        monkeypatch.setattr(module, "now", lambda: "2001-01-01T00:00:00.000Z")
    second = quick.submit()
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    quick.runner.tick()
    ended = quick.job(job.job_id)
    assert (ended.status, view.duration(ended)) == ("failed", 0.0)
    assert [item.job_id for item in quick.store.list()] == [second.job_id, job.job_id]


def test_one_listener_that_fails_keeps_nobody_else_from_hearing(quick: Workshop) -> None:
    heard: list[str] = []
    quick.store.on_change += [lambda job: 1 / 0, lambda job: heard.append(job.status)]
    quick.submit()
    quick.runner.tick()
    wait_until(lambda: "preparing" in heard, "the second listener to hear")
    assert heard[0] == "queued"


def test_what_is_not_a_field_of_a_job_is_a_mistake(quick: Workshop) -> None:
    with pytest.raises(TypeError, match="status"):
        Inputs(status="finished")  # type: ignore[call-arg]
    with pytest.raises(Invalid):
        quick.runner.submit(TrainingSpec(), Inputs())


def test_the_second_app_on_a_folder_is_told_who_has_it(tmp_path: Path) -> None:
    with hold_data_folder(tmp_path), pytest.raises(Conflict, match=f"process {os.getpid()}"):
        hold_data_folder(tmp_path, seconds=0.1)
    hold_data_folder(tmp_path).release()


def test_checkpoints_are_deleted_on_demand(quick: Workshop) -> None:
    job = quick.submit()
    quick.runner.tick()
    leave_checkpoint(job, 3)
    with pytest.raises(Conflict):
        quick.runner.delete_checkpoints(job.job_id)
    leave_record(job, exit_code=None, signal="SIGKILL")
    tell(job, STARTED, STEP)
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    quick.runner.tick()
    assert quick.job(job.job_id).resumable
    assert quick.runner.usage(job)["checkpoints"] == 2
    assert quick.runner.delete_checkpoints(job.job_id) == 2
    assert not quick.job(job.job_id).resumable


def test_a_listener_that_waits_keeps_nobody_from_cancelling(quick: Workshop) -> None:
    done = threading.Event()
    quick.store.on_change.append(lambda job: done.wait(30))
    job = quick.submit()
    begun = time.monotonic()
    quick.runner.tick()
    quick.runner.cancel(job.job_id)
    quick.runner.tick()
    assert quick.backends["subprocess"].ended  # type: ignore[attr-defined]
    assert time.monotonic() - begun < 10
    done.set()


def test_only_the_newest_finished_jobs_keep_their_checkpoints(quick: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "KEPT_CHECKPOINTS", 2)
    jobs = []
    for number in range(5):
        job = quick.submit()
        quick.runner.tick()
        leave_checkpoint(job, 3)
        tell(job, STARTED, STEP, FAILED if number == 0 else FINISHED)
        leave_record(job)
        leave_adapter(job)
        quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
        quick.runner.tick()
        jobs.append(quick.job(job.job_id))
    # The first has failed: it needs them to be resumed.
    assert [(Path(job.output_dir) / "checkpoints").exists() for job in jobs] == [True, False, False, True, True]
    assert all((Path(job.output_dir) / "adapter").exists() for job in jobs)


def test_the_checkpoints_of_the_active_adapter_and_of_what_can_be_resumed_stay(quick: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = []
    for number in range(4):
        job = quick.submit()
        quick.runner.tick()
        leave_checkpoint(job, 3)
        if number < 3:
            tell(job, STARTED, STEP, FAILED if number == 0 else FINISHED)
            leave_record(job)
            leave_adapter(job)
            quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
            quick.runner.tick()
        jobs.append(quick.job(job.job_id))
    assert [job.status for job in jobs] == ["failed", "finished", "finished", "preparing"]
    monkeypatch.setattr(quick.runner._disk, "_in_use", lambda: jobs[1].job_id)
    with pytest.raises(Conflict, match="active"):
        quick.runner.delete_checkpoints(jobs[1].job_id)
    monkeypatch.setattr(disk_module, "KEPT_CHECKPOINTS", 0)
    assert quick.runner.usage(jobs[2])["checkpoints"] == 2
    assert quick.runner.delete_old_checkpoints() == 2
    assert quick.runner.usage(jobs[2])["checkpoints"] == 0
    assert [(Path(job.output_dir) / "checkpoints").exists() for job in jobs] == [True, True, False, True]


def test_the_silence_of_a_job_counts_from_its_last_sign(quick: Workshop) -> None:
    job = quick.submit()
    assert quick.runner.silence(job.job_id) is None
    quick.runner.tick()
    quick.runner.tick()
    quick.runner._watched[job.job_id].alive_at -= 500
    quick.runner.tick()
    assert (quick.runner.silence(job.job_id) or 0) >= 500
    tell(job, STARTED)
    quick.runner.tick()
    silent = quick.runner.silence(job.job_id)
    assert silent is not None
    assert silent < 5
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    leave_record(job, seconds=3.25)
    quick.runner.tick()
    assert quick.runner.silence(job.job_id) is None
    assert quick.job(job.job_id).seconds == 3.25


def test_a_job_is_renamed_whatever_it_does(quick: Workshop) -> None:
    job = quick.submit(name="first")
    assert quick.runner.rename(job.job_id, "  second   try ").name == "second try"
    for bad in ("", " ", "x" * 81, "a\x00b"):
        with pytest.raises(Invalid):
            quick.runner.rename(job.job_id, bad)
    quick.runner.tick()
    assert json.loads((Path(job.output_dir) / "spec.json").read_text())["name"] == "second try"
    quick.runner.rename(job.job_id, "third")
    tell(job, STARTED, FINISHED)
    leave_adapter(job)
    leave_record(job)
    (Path(job.output_dir) / "metadata.json").write_text('{"name": "second try", "steps": 9}')
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    quick.runner.tick()
    assert json.loads((Path(job.output_dir) / "metadata.json").read_text()) == {"name": "third", "steps": 9}
    quick.runner.rename(job.job_id, "fourth")
    quick.open()
    assert (quick.job(job.job_id).name, quick.job(job.job_id).status) == ("fourth", "finished")


# Real processes


@real
def test_it_trains_to_the_end_and_leaves_everything(shop: Workshop) -> None:
    heard: list[str] = []
    shop.store.on_change.append(lambda job: heard.append(job.status))
    job = shop.wait(shop.submit(steps=12).job_id)
    assert (job.status, job.step, job.total_steps, job.exit_code, job.attempt) == ("finished", 12, 12, 0, 1)
    wait_until(lambda: "finished" in heard, "the listener to hear of the end")
    assert list(dict.fromkeys(heard)) == ["queued", "preparing", "running", "finished"]
    assert job.adapter_path == str(Path(job.output_dir) / "adapter")
    seen = view.view(job, None)
    assert [point["step"] for point in progress.points(job)] == list(range(1, 13))
    assert seen["metrics"]["progress_percent"] == 100.0
    assert "step 12" in seen["logs"]
    assert seen["worker"]["pid"] > 1


@real
def test_jobs_run_one_after_another_each_once(shop: Workshop) -> None:
    jobs = [shop.submit(name=f"n{number}", steps=3) for number in range(5)]
    ended = [shop.wait(job.job_id) for job in jobs]
    assert {job.status for job in ended} == {"finished"}
    assert all(before.finished_at <= after.started_at for before, after in itertools.pairwise(ended))  # type: ignore[operator]
    assert all(len([event for event in events(job) if event["type"] == "started"]) == 1 for job in ended)


CANCELS = ["good", "ignores", "children", "bare children", "ignores bare children", "loads", "lingers"]


@real
@pytest.mark.parametrize("how", CANCELS)
def test_a_cancel_leaves_nothing_alive(shop: Workshop, how: str) -> None:
    job = shop.submit(name=how, steps=2 if how == "lingers" else 1000, pause=0.01)
    found = worker(job)
    if how == "lingers":
        shop.wait(job.job_id, lambda job: any(event["type"] == "finished" for event in events(job)))
    elif how != "loads":
        shop.wait_step(job.job_id, 3)
    begun = time.monotonic()
    assert shop.runner.cancel(job.job_id).status in ("preparing", "running")
    shop.runner.cancel(job.job_id)
    ended = shop.wait(job.job_id)
    assert time.monotonic() - begun < 10
    assert not exists(found["pid"])
    assert not exists(found["warden_pid"])
    assert not left_over(ended)
    # What had finished before it was cancelled is finished.
    assert ended.status == ("finished" if how == "lingers" else "cancelled")


@real
def test_a_stopped_warden_is_ended_all_the_same(shop: Workshop) -> None:
    job = shop.submit(name="ignores", steps=1000, pause=0.01)
    found = worker(job)
    kill(found["warden_pid"], signal.SIGSTOP)
    shop.runner.cancel(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "cancelled"
    assert not left_over(ended)


@real
def test_a_stopped_trainer_is_cancelled_with_all_that_it_started(shop: Workshop) -> None:
    job = shop.submit(name="ignores bare children", steps=1000, pause=0.01)
    shop.wait_step(job.job_id, 2)
    found = worker(job)
    mine = left_over(job)
    assert len(mine) >= 2  # and those in a session of their own that no longer carry the mark
    kill(found["pid"], signal.SIGSTOP)
    begun = time.monotonic()
    shop.runner.cancel(job.job_id)
    ended = shop.wait(job.job_id)
    assert time.monotonic() - begun < 10
    assert ended.status == "cancelled"
    assert not left_over(ended)
    assert not any(exists(pid) for pid, _ in mine)


@real
def test_stop_and_keep_ends_finished_with_what_was_learned(shop: Workshop) -> None:
    job = shop.submit(steps=1000, pause=0.01)
    shop.wait_step(job.job_id, 4)
    shop.runner.stop(job.job_id)
    ended = shop.wait(job.job_id)
    assert ended.status == "finished"
    assert str(ended.reason) == f"Stopped and kept at step {ended.step}."
    assert ended.step is not None
    assert ended.step >= 4


@real
@pytest.mark.parametrize("who", ["pid", "warden_pid"])
def test_whoever_is_killed_the_job_fails_soon_and_resumes_to_the_same_end(shop: Workshop, who: str) -> None:
    whole = shop.wait(shop.submit(steps=23).job_id)
    job = shop.submit(name="children", steps=23, pause=0.01)
    shop.wait_step(job.job_id, 12)
    kill(worker(job)[who])
    begun = time.monotonic()
    failed = shop.wait(job.job_id)
    assert time.monotonic() - begun < 10
    assert (failed.status, failed.signal, failed.resumable, failed.adapter_path) == ("failed", "SIGKILL", True, None)
    assert failed.step is not None
    assert failed.step >= 12
    assert not left_over(failed)
    shop.runner.resume(job.job_id)
    ended = shop.wait(job.job_id)
    assert (ended.status, ended.attempt) == ("finished", 2)
    assert any(event.get("resumed_from_step") for event in events(ended))
    assert adapter_bytes(ended) == adapter_bytes(whole)
    losses = lambda job: [(point["step"], point["loss"]) for point in progress.points(job)]  # noqa: E731
    assert losses(ended) == losses(whole)


@real
def test_a_training_goes_on_when_the_app_is_gone_and_is_found_again(shop: Workshop) -> None:
    job = shop.submit(steps=60, pause=0.02)
    shop.wait(job.job_id, "running")
    before = worker(job)
    written = shop.store.path.read_bytes()
    shop.runner.close()  # as far as the trainer can tell, the app is dead
    shop.open()
    shop.runner.start()
    shop.wait_ticks()
    assert shop.job(job.job_id).status == "running"
    assert shop.store.path.read_bytes() == written
    ended = shop.wait(job.job_id)
    assert ended.status == "finished"
    assert worker(ended) == before
    assert [point["step"] for point in progress.points(ended)] == list(range(1, 61))


@real
@pytest.mark.parametrize("how", ["good", "dies", "forgets"])
def test_what_ended_while_the_app_was_gone_is_concluded_afterwards(shop: Workshop, how: str) -> None:
    job = shop.submit(name=how, steps=10, pause=0.01)
    found = worker(job)
    shop.runner.close()
    wait_until(lambda: not exists(found["warden_pid"]), "the end of the warden")
    shop.open()
    shop.runner.start()
    ended = shop.wait(job.job_id)
    assert ended.status == ("finished" if how == "good" else "failed")
    assert ended.exit_code == (3 if how == "dies" else 0)


@real
def test_a_wish_to_cancel_survives_the_app(shop: Workshop) -> None:
    job = shop.submit(name="ignores", steps=1000, pause=0.01)
    shop.wait(job.job_id, "running")
    shop.runner.close()
    shop.runner.cancel(job.job_id)
    shop.open()
    shop.runner.start()
    ended = shop.wait(job.job_id)
    assert ended.status == "cancelled"
    assert not left_over(ended)


@real
def test_cancels_at_random_moments_leave_nothing_and_never_lie(shop: Workshop) -> None:
    draw = random.Random(7)
    for _ in range(8):
        job = shop.submit(name=draw.choice(CANCELS[:4]), steps=30, pause=0.01)
        random_moment(draw, 0.8)
        shop.runner.cancel(job.job_id)
        ended = shop.wait(job.job_id)
        assert not left_over(ended)
        assert ended.status in ("cancelled", "finished")


@real
def test_the_environment_of_a_trainer_is_an_allow_list(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("ACADEMY_TOKEN", "secret")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("PYTHONSTARTUP", "secret")
    job = shop.submit(name="loads")
    pid = worker(job)["pid"]
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert b"LD_PRELOAD" not in environment
    assert b"HF_HUB_OFFLINE=1" in environment
    assert b"GLIBC_TUNABLES=glibc.malloc" in environment


@real
def test_without_permission_a_trainer_sees_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    shop = Workshop(tmp_path, settings=Settings(data_dir=tmp_path / "data", enable_gpu=False, _env_file=None))  # type: ignore[call-arg]
    job = shop.submit(name="loads")
    assert b"CUDA_VISIBLE_DEVICES=\0" in Path(f"/proc/{worker(job)['pid']}/environ").read_bytes() + b"\0"
    shop.close()


@real
def test_odd_names_are_inert(shop: Workshop) -> None:
    name = "$(touch /tmp/owned); `id` \"quoted\" 'x' -rf ; LD_PRELOAD=x"
    ended = shop.wait(shop.submit(name=name, steps=2).job_id)
    assert ended.status == "finished"
    assert json.loads((Path(ended.output_dir) / "spec.json").read_text())["name"] == name
    assert not Path("/tmp/owned").exists()


def test_the_fields_of_a_job_are_all_plain(quick: Workshop) -> None:
    assert json.loads(json.dumps(dataclasses.asdict(quick.submit()))) == dataclasses.asdict(quick.job(quick.store.list()[0].job_id))


def test_a_base_model_that_is_gone_is_refused_at_resume(quick: Workshop) -> None:
    job = quick.submit()
    quick.runner.tick()
    tell(job, STARTED)
    leave_record(job, exit_code=None, signal="SIGKILL")
    quick.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    quick.runner.tick()
    quick.base.rmdir()
    with pytest.raises(Refused, match="base model"):
        quick.runner.resume(job.job_id)
