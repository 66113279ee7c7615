"""Files that survive a crash: replaced in one step, appended with fsync, read by offset, resolved inside their folder."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints

from academy.errors import Invalid, NoSpace, NotFound
from academy.messages import join

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""An id that is also a file name: ASCII letters, digits, dot, underscore, hyphen; never begins with a dot or hyphen."""

_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


def check_name(name: str, what: str = "name") -> str:
    """Returns the name if it can be a file name and an id; raises Invalid otherwise."""
    if not re.fullmatch(NAME_PATTERN, name) or name.endswith(".") or ".." in name or _RESERVED.match(name):
        shown = name[:40].encode("ascii", "backslashreplace").decode()
        raise Invalid(
            "{shown!r} is not a usable {what}.",
            hint="Use letters, digits, '.', '_' and '-', at most 120 characters, beginning with a letter or a digit.",
            shown=shown,
            what=join(what),
        )
    return name


def inside(folder: Path, name: str, what: str = "name") -> Path:
    """The path of `name` inside `folder`; raises Invalid for a bad name and NotFound for a link."""
    path = folder / check_name(name, what)
    if path.is_symlink():
        raise NotFound("There is no {what} {name!r}.", what=join(what), name=name)
    return path


def now() -> str:
    """The time in UTC as ISO 8601 with milliseconds and `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turns "no space left" inside the block into NoSpace."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("The disk is full: {what} could not be written.", hint="Free some space and try again.", what=what) from error
        raise


def write_atomic(path: Path, data: str | bytes, *, mode: int = 0o644) -> None:
    """Replaces a file in one step: a reader, or a crash, sees the old content or the new, never half."""
    raw = data.encode() if isinstance(data, str) else data
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with disk_errors(path.name):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)  # only after a failure there is one
    sync_folder(path.parent)


def write_json(path: Path, value: Any, *, mode: int = 0o644) -> None:
    """Replaces a JSON file in one step; NaN and infinity are refused (ValueError)."""
    write_atomic(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1), mode=mode)


def read_json(path: Path, default: Any = None) -> Any:
    """The value of a JSON file, or `default` if there is none; raises ValueError for a damaged file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return default


def append_line(path: Path, text: str) -> None:
    """Appends one line durably; after a torn or failed write the file still ends in complete lines."""
    line = text.encode() + b"\n"
    with disk_errors(path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: a buffer would be written out again when the file is closed, after the failure was reported.
        with open(path, "ab+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            try:
                rest = memoryview(line)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                # Half a line must not stay: the next append would continue it.
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise
    if not end:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename or a new file in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def tail_bytes(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a file (empty if there is none), from the start of a line where it is cut."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - limit)
            file.seek(start)
            data = file.read(limit)
    except FileNotFoundError:
        return b""
    if start:
        cut = data.find(b"\n")
        data = data[cut + 1 :] if cut >= 0 else data
    return data


def folder_bytes(folder: Path) -> int:
    """The bytes of all files below a folder, links not followed; files that vanish while it counts are skipped."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total
