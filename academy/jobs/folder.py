"""What lies in a job's folder, read with care: a trainer in a container may have put anything there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from academy.bases import header_of
from academy.errors import Refused

ATTEMPT_FILES = ("worker.json", "exit.json", ".exit.json", "stop", "cancel", "unfinished.txt", "command.json")
"""What belongs to one run of a job only, and is removed before the next."""

_SMALL = 1 << 20
_STEP = re.compile(r"^step-(\d{1,18})$")


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


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """The complete checkpoints, oldest first, ordered by step: a clock may step back, a step does not."""
    found = []
    if (folder / "checkpoints").is_symlink():
        return []
    with contextlib.suppress(OSError):
        for path in (folder / "checkpoints").iterdir():
            match = _STEP.match(path.name)
            if match and not path.is_symlink() and _is_whole(path):
                found.append((int(match[1]), path))
    return sorted(found)


def _is_whole(checkpoint: Path) -> bool:
    """Whether the marker is there, and every file that it names has its size."""
    marker = read_small(checkpoint / "complete.json")
    if marker is None:
        return False
    files = marker.get("files")
    try:
        return not isinstance(files, dict) or all((checkpoint / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError):
        return False


def check_adapter(adapter: Path) -> None:
    """Raises Refused unless the folder holds a whole adapter in PEFT's format."""
    if adapter.is_symlink() or not adapter.is_dir():
        raise Refused("There is no adapter folder.", hint="The training did not leave one.")
    weights = adapter / "adapter_model.safetensors"
    for path in (adapter / "adapter_config.json", weights):
        if path.is_symlink() or not path.is_file():
            pickled = " Pickled weights can run code and are not taken." if (adapter / "adapter_model.bin").exists() else ""
            raise Refused(f"The adapter has no {path.name}.{pickled}", hint="An adapter in PEFT's format has both files.")
    config = read_small(adapter / "adapter_config.json")
    if config is None or "peft_type" not in config:
        raise Refused("The adapter's adapter_config.json is damaged.", hint="Train it again.")
    if len(header_of(weights)) - ("__metadata__" in header_of(weights)) < 1:
        raise Refused("The adapter holds no weights.", hint="Train it again.")


def clear_attempt(folder: Path) -> None:
    """Makes the folder ready for the next run: the last one's files go, and a torn last event with them."""
    for name in ATTEMPT_FILES:
        (folder / name).unlink(missing_ok=True)
    for name in (".staged", ".inputs", ".base"):
        remove(folder / name)
    events = folder / "events.jsonl"
    if events.is_symlink():
        events.unlink()
    with contextlib.suppress(FileNotFoundError), open(events, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        start = end
        # Back to the last line that is whole, in pieces, since a torn line may be long.
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
    if (folder / "checkpoints").is_symlink():
        # A trainer in a container put it there: what it leads to is nobody's checkpoints.
        remove(folder / "checkpoints")
    with contextlib.suppress(OSError):
        for path in (folder / "checkpoints").iterdir():
            # Whatever is not a complete checkpoint is what a killed trainer left half-way.
            if not (_STEP.match(path.name) and _is_whole(path)):
                remove(path)


def remove(path: Path) -> None:
    """Removes a file, a link or a whole folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def dumps(value: Any) -> str:
    """JSON that any reader takes: no NaN, no lone surrogates."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode(errors="replace").decode()
