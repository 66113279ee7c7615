"""Brings a job's folder up to what the other machine has listed: growing files grow, folders appear whole, the record comes last."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from academy.files import disk_errors
from academy.jobs import folder as job_folder
from academy.jobs.carrying import chunks
from academy.jobs.carrying.chunks import Listed, Listing
from academy.jobs.folder import JobFolder

_GROWING = ("events.jsonl", "train.log")
_PLAIN = ("unfinished.txt", "worker.json", "metadata.json", "report.json", "race.json", "rate.json")
_LAST = "exit.json"
_WHOLE = re.compile(r"(adapter|output|checkpoints/step-\d{8,18})/.+|trials/.+")

Fetch = Callable[[str], bytes]


def take_in(folder: JobFolder, files: Listing, fetch: Fetch) -> None:
    """Writes what is new; nothing outside what a job's program may leave."""
    with disk_errors("what the other machine sent"):
        whole: dict[str, dict[str, Listed]] = defaultdict(dict)
        for name, listed in files.items():
            if match := _WHOLE.fullmatch(name):
                top = match[1] or name
                whole[top][name] = listed
        for top, inner in sorted(whole.items()):
            _take_folder(folder.path, top, inner, fetch)
        _rotate(folder, {top for top in whole if top.startswith("checkpoints/")})
        for name in _PLAIN:
            if name in files and _differs(folder.path / name, files[name]):
                chunks.write(folder.path / name, files[name], fetch)
        if "unfinished.txt" not in files:  # a line that was redrawn is finished
            folder.unfinished.unlink(missing_ok=True)
        # After what they speak of: an event that names a checkpoint comes when it is there.
        for name in _GROWING:
            if name in files and not (folder.path / name).is_symlink():
                chunks.append(folder.path / name, files[name], fetch)
        if _LAST in files:
            chunks.write(folder.path / _LAST, files[_LAST], fetch)


def _take_folder(root: Path, top: str, files: dict[str, Listed], fetch: Fetch) -> None:
    """A folder, in one step where it is new; in one that is there only what has changed."""
    place = root / top
    if top in files:  # a single file
        if _differs(place, files[top]):
            chunks.write(place, files[top], fetch)
        return
    if place.is_dir() and not place.is_symlink():
        for name, listed in files.items():
            if _differs(root / name, listed):
                chunks.write(root / name, listed, fetch)
        return
    aside = place.with_name(f".{place.name}.arriving")
    job_folder.remove(aside)
    for name, listed in files.items():
        chunks.write(aside / name.removeprefix(f"{top}/"), listed, fetch)
    job_folder.remove(place)
    os.rename(aside, place)


def _rotate(folder: JobFolder, there: set[str]) -> None:
    """Removes the checkpoints that the trainer has removed, once a newer one is here."""
    if not there or folder.checkpoint_dir.is_symlink():
        return
    newest = max(there)
    for checkpoint in folder.checkpoints():
        name = f"checkpoints/{checkpoint.path.name}"
        if name not in there and name < newest:
            job_folder.remove(checkpoint.path)


def _differs(path: Path, listed: Listed) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != listed.size:
        return True
    with open(path, "rb") as file:
        return any(chunks.name_of(file.read(chunks.CHUNK)) != chunk for chunk in listed.chunks)
