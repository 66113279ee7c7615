"""A job's folder: the path of every file in it, read with care, since a trainer in a container can put anything there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from academy.bases import header_of
from academy.errors import Refused
from academy.messages import join, msg

_SMALL = 1 << 20
_STEP = re.compile(r"^step-(\d{1,18})$")


class Checkpoint(NamedTuple):
    """A complete checkpoint."""

    step: int
    path: Path


class JobFolder:
    """Every path in a job's folder; each file has one writer, named beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # The app
        self.spec = path / "spec.json"
        self.command = path / "command.json"
        self.pushed = path / "pushed.json"  # where on the hub an export is
        self.stop = path / "stop"
        self.cancel = path / "cancel"
        self.lock = path / "warden.lock"
        self.output = path / "output"  # of a recipe's program
        self.engine = path / "engine.json"  # where the job is, if its engine does not see this folder
        self.staged, self.inputs, self.base = path / ".staged", path / ".inputs", path / ".base"  # for the mounts of a container
        # The warden
        self.log = path / "train.log"
        self.unfinished = path / "unfinished.txt"  # the state of a progress bar
        self.worker = path / "worker.json"
        self.record = path / "exit.json"
        # The trainer, or a program that gets the base model
        self.events = path / "events.jsonl"
        self.fetched = path / "fetched.json"
        self.download, self.converting = path / "base.gguf", path / "base.new"  # only while a base model or an export is made
        self.checkpoint_dir = path / "checkpoints"
        self.adapter = path / "adapter"
        self.metadata = path / "metadata.json"
        self.report = path / "report.json"  # of the exam
        self.export = path / "export"  # the exported files and their record
        self.written = path / "written.json"  # questions on a document, or wordings of lessons
        # Of a race: the state of all trials; a trial has a folder of its own with events, checkpoints and requests
        self.race = path / "race.json"
        self.trials = path / "trials"

    def read_worker(self) -> dict[str, Any]:
        """worker.json, or an empty dict."""
        return read_small(self.worker) or {}

    def events_size(self) -> int:
        """The bytes of all events so far."""
        return self.events.stat().st_size if self.events.is_file() else 0

    def checkpoints(self) -> list[Checkpoint]:
        """The complete checkpoints, oldest first, ordered by step: a clock can step back, a step cannot."""
        found: list[Checkpoint] = []
        if self.checkpoint_dir.is_symlink():
            return found
        with contextlib.suppress(OSError):
            for path in self.checkpoint_dir.iterdir():
                match = _STEP.match(path.name)
                if match and not path.is_symlink() and _is_complete(path):
                    found.append(Checkpoint(int(match[1]), path))
        return sorted(found)

    def check_adapter(self) -> None:
        """Raises Refused unless a complete adapter is there."""
        check_adapter(self.adapter)

    def clear_attempt(self) -> None:
        """Makes the folder ready for the next attempt: removes the files of the last one, and a torn last event with them."""
        aside = self.record.with_name(".exit.json")
        for path in (
            self.worker,
            self.record,
            aside,
            self.stop,
            self.cancel,
            self.unfinished,
            self.command,
            self.report,
            self.written,
            self.engine,
        ):
            path.unlink(missing_ok=True)
        for path in (self.staged, self.inputs, self.base, self.converting, self.export):
            remove(path)
        if self.events.is_symlink():
            self.events.unlink()
        _cut_torn_line(self.events)
        if self.checkpoint_dir.is_symlink():
            # A trainer in a container put it there; what it leads to does not belong to this job.
            remove(self.checkpoint_dir)
        complete = {checkpoint.path for checkpoint in self.checkpoints()}
        with contextlib.suppress(OSError):
            for path in self.checkpoint_dir.iterdir():
                if path not in complete:
                    remove(path)


def read_small(path: Path) -> dict[str, Any] | None:
    """A small JSON object that is a plain file, else None (not there, half written, a link, too large)."""
    raw = read_plain(path, _SMALL)
    if raw is None:
        return None
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def read_plain(path: Path, limit: int) -> bytes | None:
    """The first bytes of a plain file, never through a link; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        try:
            return file.read(limit)
        except OSError:
            return None


def touch(path: Path) -> None:
    """Makes an empty file, never through a link: a trainer in a container may have put one there that leads anywhere."""
    if path.is_symlink():
        path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o644))


def check_adapter(adapter: Path) -> None:
    """Raises Refused unless the folder holds a complete adapter in PEFT's format."""
    if adapter.is_symlink() or not adapter.is_dir():
        raise Refused("There is no adapter folder.", hint="The training did not leave one.")
    weights = adapter / "adapter_model.safetensors"
    for path in (adapter / "adapter_config.json", weights):
        if path.is_symlink() or not path.is_file():
            pickled = "Pickled weights can run code and are not taken." if (adapter / "adapter_model.bin").exists() else ""
            raise Refused(
                join(msg("The adapter has no {file}.", file=path.name), pickled), hint="An adapter in PEFT's format has both files."
            )
    config = read_small(adapter / "adapter_config.json")
    if config is None or "peft_type" not in config:
        raise Refused("The adapter's adapter_config.json is damaged.", hint="Train it again.")
    if len(header_of(weights)) - ("__metadata__" in header_of(weights)) < 1:
        raise Refused("The adapter holds no weights.", hint="Train it again.")


def remove(path: Path) -> None:
    """Removes a file, a link or a whole folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def dumps(value: Any) -> str:
    """JSON that any reader takes: no NaN, no lone surrogates."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode(errors="replace").decode()


def _is_complete(checkpoint: Path) -> bool:
    """Whether the marker is there, and every file that it names has its size."""
    marker = read_small(checkpoint / "complete.json")
    if marker is None:
        return False
    files = marker.get("files")
    try:
        return not isinstance(files, dict) or all((checkpoint / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError):
        return False


def _cut_torn_line(path: Path) -> None:
    """Cuts a file back to its last complete line."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        start = end
        # Backwards in pieces, since a torn line can be long.
        while start > 0:
            step = min(start, 1 << 16)
            file.seek(start - step)
            cut = file.read(step).rfind(b"\n")
            if cut >= 0:
                start = start - step + cut + 1
                break
            start -= step
        if start != end:
            file.truncate(start)
            os.fsync(file.fileno())
