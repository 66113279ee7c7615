"""Checkpoints that are complete or absent: written to a temporary folder, synced, marked last, then renamed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from academy.trainer.report import now

MARKER = "complete.json"
_NAME = re.compile(r"^step-(\d{8,})$")
_ASIDE = ".tmp-"
_NO_SPACE = 1 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint: its folder, the step it was written after, and what its marker says."""

    path: Path
    step: int
    facts: dict[str, Any]


def write(folder: Path, step: int, fill: Callable[[Path], None], facts: dict[str, Any]) -> Checkpoint:
    """Lets `fill` write into a temporary folder and renames it; after any failure nothing of it remains."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{_ASIDE}{step:08d}-{os.getpid()}"
    place = folder / f"step-{step:08d}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        fill(aside)
        files = {}
        for path in sorted(aside.rglob("*")):
            if path.is_file():
                files[path.relative_to(aside).as_posix()] = path.stat().st_size
                sync(path)
        marker = {"step": step, "time": now(), "files": files, **facts}
        with open(aside / MARKER, "w", encoding="utf-8") as file:
            json.dump(marker, file, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        sync(aside)
        if place.exists():
            shutil.rmtree(place)
        os.rename(aside, place)
        sync(folder)
    except RuntimeError as error:
        # Some writers do not say why they failed.
        if shutil.disk_usage(folder).free < _NO_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), aside.name) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Checkpoint(place, step, marker)


def complete(folder: Path) -> list[Checkpoint]:
    """All complete checkpoints by step, oldest first; those with missing or truncated files do not count."""
    checkpoints = []
    if folder.is_dir():
        for path in folder.iterdir():
            match = _NAME.match(path.name)
            if match and path.is_dir() and not path.is_symlink():
                facts = _facts(path)
                if facts is not None:
                    checkpoints.append(Checkpoint(path, int(match[1]), facts))
    return sorted(checkpoints, key=lambda checkpoint: checkpoint.step)


def newest(folder: Path) -> Checkpoint | None:
    """The complete checkpoint with the highest step."""
    checkpoints = complete(folder)
    return checkpoints[-1] if checkpoints else None


def sweep(folder: Path) -> list[str]:
    """Removes the incomplete folders of an earlier attempt; returns their names."""
    removed = []
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            broken = _NAME.match(path.name) and _facts(path) is None
            if path.name.startswith(_ASIDE) or broken:
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path.name)
    return removed


def rotate(folder: Path, keep: int, best_step: int | None) -> list[int]:
    """Removes all but the newest `keep` by step number and the best; returns the removed steps."""
    checkpoints = complete(folder)
    removed = []
    for checkpoint in checkpoints[:-keep] if keep else checkpoints:
        if checkpoint.step != best_step:
            # Renamed first, so that a crash during the removal leaves no checkpoint with missing files.
            gone = folder / f"{_ASIDE}{checkpoint.path.name}"
            with contextlib.suppress(FileNotFoundError):
                os.rename(checkpoint.path, gone)
            shutil.rmtree(gone, ignore_errors=True)
            removed.append(checkpoint.step)
    return removed


def sync(path: Path) -> None:
    """Makes a file or a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, text: str) -> Path:
    """Replaces a file in one step, durably."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text(text, encoding="utf-8")
    sync(aside)
    os.replace(aside, path)
    return path


def _facts(path: Path) -> dict[str, Any] | None:
    try:
        facts = json.loads((path / MARKER).read_bytes())
        whole = all((path / name).stat().st_size == size for name, size in facts["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return facts if whole and isinstance(facts.get("step"), int) else None
