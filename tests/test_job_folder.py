"""A job's folder: what a trainer in a container put there is not believed."""

from __future__ import annotations

import json
from pathlib import Path

from academy.jobs.folder import JobFolder


def leave_checkpoint(folder: JobFolder, step: int, **files: int) -> Path:
    path = folder.checkpoint_dir / f"step-{step:08d}"
    path.mkdir(parents=True)
    (path / "complete.json").write_text(json.dumps({"step": step, "files": files}))
    return path


def test_only_complete_checkpoints_count_and_a_linked_folder_has_none(tmp_path: Path) -> None:
    # The page counted folders by their names, so Resume promised steps that were not there.
    folder = JobFolder(tmp_path / "job")
    leave_checkpoint(folder, 20)
    leave_checkpoint(folder, 3)
    leave_checkpoint(folder, 30, **{"weights.bin": 5})
    (folder.checkpoint_dir / "step-00000040").mkdir()
    (folder.checkpoint_dir / "step-00000050").symlink_to(folder.checkpoint_dir / "step-00000020")
    assert [checkpoint.step for checkpoint in folder.checkpoints()] == [3, 20]
    other = JobFolder(tmp_path / "other")
    other.path.mkdir()
    other.checkpoint_dir.symlink_to(folder.checkpoint_dir)
    assert other.checkpoints() == []


def test_the_next_attempt_begins_with_whole_events_and_complete_checkpoints(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    complete = leave_checkpoint(folder, 3)
    torn = leave_checkpoint(folder, 5, **{"weights.bin": 5})
    folder.events.write_bytes(b'{"type": "started"}\n{"type": "prog')
    for path in (folder.record, folder.stop, folder.worker, folder.command):
        path.write_text("{}")
    folder.clear_attempt()
    assert folder.events.read_bytes() == b'{"type": "started"}\n'
    assert (complete.exists(), torn.exists()) == (True, False)
    assert not any(path.exists() for path in (folder.record, folder.stop, folder.worker, folder.command))
