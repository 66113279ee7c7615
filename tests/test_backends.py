"""The registry of backends, and what a container gets, without an engine."""

import os
from pathlib import Path
from typing import get_args

import pytest

from academy.config import BackendName, Settings
from academy.errors import Unavailable
from academy.jobs.backends import BACKENDS, backend_named, build
from academy.jobs.backends.docker.mounts import User, may_read, mounts_of, seen_by, sources_of
from academy.jobs.store import Job


def test_each_name_of_a_backend_is_registered_and_builds_that_backend(settings: Settings) -> None:
    assert tuple(BACKENDS) == get_args(BackendName)
    assert {name: backend.name for name, backend in build(settings).items()} == {name: name for name in BACKENDS}
    with pytest.raises(Unavailable, match="no backend 'slurm'"):
        backend_named(build(settings), "slurm")


def a_job(folder: Path, **fields: str) -> Job:
    for name in ("job", "base"):
        (folder / name).mkdir()
    (folder / "base" / "config.json").write_text("{}")
    given = {"dataset_path": str(folder / "rows.jsonl"), "base_model": "b", "base_path": str(folder / "base")} | fields
    return Job("j", "a", "queued", "", backend="docker", output_dir=str(folder / "job"), **given)  # type: ignore[arg-type]


def test_only_the_jobs_folder_is_writable_in_a_container(tmp_path: Path) -> None:
    job = a_job(tmp_path, eval_path=str(tmp_path / "held.jsonl"), continue_from_path=str(tmp_path / "before"))
    mounts = mounts_of(job, tmp_path)
    assert [mount.inner for mount in mounts if mount.mode == "rw"] == [Path("/job")]
    outer = {str(mount.inner): mount.outer for mount in mounts}
    assert outer["/data/dataset.jsonl"] == tmp_path / "rows.jsonl"
    assert outer["/data/eval.jsonl"] == tmp_path / "held.jsonl"
    assert (outer["/base"], outer["/continue"]) == (tmp_path / "base", tmp_path / "before")
    seen = seen_by(job)
    assert {str(path) for path in (seen.dataset, seen.evaluation, seen.base, seen.continue_from)} <= outer.keys()


def test_a_base_of_links_that_lead_out_of_it_is_mounted_file_by_file(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "weights").write_text("w")
    (tmp_path / "base" / "model.safetensors").symlink_to(tmp_path / "weights")
    sources = sources_of(job)
    assert sources["base/model.safetensors"] == tmp_path / "weights"
    assert "base" not in sources


def test_what_the_containers_user_may_read_is_judged_by_its_permissions(tmp_path: Path) -> None:
    owner, other = User(os.getuid(), os.getgid()), User(os.getuid() + 1, os.getgid() + 1)
    path = tmp_path / "weights"
    path.write_text("w")
    path.chmod(0o600)
    assert (may_read(path, owner), may_read(path, other)) == (True, False)
    path.chmod(0o604)
    assert may_read(path, other)
    tmp_path.chmod(0o755)
    assert may_read(tmp_path, other)
    path.chmod(0o600)
    assert not may_read(tmp_path, other)
