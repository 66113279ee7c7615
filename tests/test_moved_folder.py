"""A data folder that is moved or copied goes on in itself, also with a journal of an earlier version, which has absolute paths."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from academy.config import Settings
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job, JobStore
from academy.models import BUNDLED
from tests.jobs_help import STANDIN, Workshop, adapter_bytes, exists, kill, worker
from tests.test_runner import STARTED, STEP, FakeBackend, leave_checkpoint, leave_record, tell

PATHS = ("output_dir", "dataset_path", "eval_path", "base_path", "adapter_path", "continue_from_path")


def opened(data: Path, root: Path, backend: Any = None, *, begin: bool = False) -> Workshop:
    settings = Settings(data_dir=data, _env_file=None)  # type: ignore[call-arg]
    return Workshop(root, {"subprocess": backend or FakeBackend()}, begin=begin, settings=settings)


def submit(shop: Workshop, name: str = "good", steps: int = 20, pause: float = 0.0) -> Job:
    """A training whose dataset and base model are in the data folder."""
    dataset, base = shop.settings.training_dir / "rows.jsonl", shop.settings.data_dir / "bases" / "small"
    dataset.parent.mkdir(parents=True, exist_ok=True)
    dataset.write_text("{}\n")
    base.mkdir(parents=True, exist_ok=True)
    spec = TrainingSpec(name=name, base_model="academy-mini", max_steps=steps, weight_decay=min(1.0, pause * 10))
    return shop.runner.submit(spec, Inputs(dataset_path=str(dataset), base_path=str(base)))


def killed_job(shop: Workshop) -> Job:
    job = submit(shop)
    shop.runner.tick()
    tell(job, STARTED, STEP)
    leave_checkpoint(job, 3)
    leave_record(job, exit_code=None, signal="SIGKILL")
    shop.backends["subprocess"].lives = False  # type: ignore[attr-defined]
    shop.runner.tick()
    return shop.job(job.job_id)


def as_before(data: Path) -> None:
    """Rewrites the journal as the version before wrote it: absolute paths, no kind."""
    path = data / "training" / "jobs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["kind"]
        line |= {name: str(data / line[name]) for name in PATHS if line[name]}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def test_the_journal_names_what_is_in_the_data_folder_relative_to_it(tmp_path: Path) -> None:
    shop = opened(tmp_path / "data", tmp_path)
    job = submit(shop)
    line = json.loads(shop.store.path.read_text().splitlines()[-1])
    assert line["output_dir"] == f"models/{job.job_id}"
    assert (line["dataset_path"], line["base_path"], line["kind"]) == ("training/rows.jsonl", "bases/small", "train")
    assert (job.output_dir, job.dataset_path) == (str(tmp_path / "data/models" / job.job_id), str(tmp_path / "data/training/rows.jsonl"))
    assert shop.job(job.job_id) == job
    # What is elsewhere stays where it is.
    other = shop.submit()
    assert json.loads(shop.store.path.read_text().splitlines()[-1])["dataset_path"] == str(tmp_path / "dataset.jsonl") == other.dataset_path


@pytest.mark.parametrize("earlier", [False, True], ids=["this version", "an earlier version"])
@pytest.mark.parametrize("way", ["moved", "copied"])
def test_a_killed_job_resumes_where_the_folder_is_now(tmp_path: Path, earlier: bool, way: str) -> None:
    # A copy resumed in the original: its checkpoints were used up, and its adapter was written there.
    before, after = tmp_path / "before", tmp_path / "after"
    shop = opened(before, tmp_path)
    failed = killed_job(shop)
    assert failed.resumable
    if earlier:
        as_before(before)
    (shutil.move if way == "moved" else shutil.copytree)(before, after)
    untouched = snapshot(before)
    backend = FakeBackend()
    again = opened(after, tmp_path, backend)
    job = again.job(failed.job_id)
    assert (job.output_dir, job.dataset_path) == (str(after / "models" / job.job_id), str(after / "training/rows.jsonl"))
    assert [checkpoint.step for checkpoint in job.folder.checkpoints()] == [3]
    again.runner.resume(job.job_id)
    again.runner.tick()
    assert again.job(job.job_id).status == "preparing"
    spec = json.loads(job.folder.spec.read_text())
    assert (spec["dataset_path"], spec["base_path"]) == (str(after / "training/rows.jsonl"), str(after / "bases/small"))
    assert backend.started[0][1].cwd == str(after / "models" / job.job_id)
    assert str(before) not in job.folder.spec.read_text()
    assert snapshot(before) == untouched
    # Opened where it was copied from, the original still has its own.
    if way == "copied":
        assert JobStore(before / "training").get(job.job_id).output_dir == str(before / "models" / job.job_id)


@pytest.mark.training
def test_a_real_job_killed_before_the_move_trains_to_the_same_end(tmp_path: Path) -> None:
    backend = SubprocessBackend(root=STANDIN)
    shop = opened(tmp_path / "before", tmp_path, backend, begin=True)
    whole = shop.wait(submit(shop, steps=23).job_id)
    expected = adapter_bytes(whole)
    job = submit(shop, steps=23, pause=0.01)
    shop.wait_step(job.job_id, 12)
    kill(worker(job)["pid"])
    assert shop.wait(job.job_id).resumable
    shop.close()
    as_before(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    again = opened(tmp_path / "after", tmp_path, backend, begin=True)
    again.runner.resume(job.job_id)
    ended = again.wait(job.job_id)
    assert (ended.status, ended.adapter_path) == ("finished", str(tmp_path / "after/models" / job.job_id / "adapter"))
    assert adapter_bytes(ended) == expected
    again.close()


@pytest.mark.training
def test_a_copy_made_while_a_job_runs_leaves_the_running_job_alone(tmp_path: Path) -> None:
    # The copied worker.json names a process of the original: the copy would have ended it.
    shop = opened(tmp_path / "before", tmp_path, SubprocessBackend(root=STANDIN), begin=True)
    job = submit(shop, steps=3000, pause=0.01)
    shop.wait_step(job.job_id, 7)
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    copy = opened(tmp_path / "after", tmp_path, SubprocessBackend(root=STANDIN), begin=True)
    ended = copy.wait(job.job_id)
    assert (ended.status, ended.resumable) == ("failed", True)
    assert exists(worker(job)["pid"])
    shop.wait(job.job_id, "running")
    copy.close()
    shop.close()


def test_a_job_finds_the_bundled_model_of_this_installation(tmp_path: Path) -> None:
    # Its path lies outside the data folder: a job of another checkout said that the base model is missing.
    shop = opened(tmp_path / "data", tmp_path)
    spec = TrainingSpec(name="good", base_model="academy-mini", max_steps=3)
    inputs = Inputs(dataset_path=str(shop.dataset), base_path="/opt/elsewhere/academy/models/academy-mini")
    job = shop.runner.submit(spec, inputs)
    assert opened(tmp_path / "data", tmp_path).job(job.job_id).base_path == str(BUNDLED["academy-mini"])
