"""The log of a job, read by offset: complete lines with their number and time, never more than requested."""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from academy.jobs.store import Job

LINE_LIMIT = 8192
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?")
_ESCAPES = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]?|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[ -/]*[0-~]?)|\x9b[0-?]*[ -/]*[@-~]?")
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_PIECE = 1 << 20
_TAIL_PIECE = 1 << 16
_REMEMBERED = 64


@dataclass(frozen=True)
class LogLine:
    """One line of a log; `line` counts from 0 over the whole log, `timestamp` is empty if the line has none."""

    line: int
    message: str
    timestamp: str


def path_of(job: Job) -> Path:
    """The path of the job's log."""
    return job.folder.log


def read_log(job: Job, offset: int, line: int, limit: int = 1 << 18) -> tuple[list[LogLine], int, int]:
    """The complete lines from byte `offset` on, the first with the number `line`; and the offset and the number after them."""
    descriptor = _open(path_of(job))
    if descriptor is None:
        return [], offset, line
    with open(descriptor, "rb", buffering=0) as file:
        raw, after = _lines_from(file, offset, limit)
    return [_parse(number, text) for number, text in enumerate(raw, line)], after, line + len(raw)


def tail_log(job: Job, lines: int = 500, limit: int = 1 << 22) -> tuple[list[LogLine], int]:
    """The last lines, and the number of the first of them, whatever the size of the log."""
    tail, first, _ = tail_with_offset(job, lines, limit)
    return tail, first


def tail_with_offset(job: Job, lines: int = 500, limit: int = 1 << 22) -> tuple[list[LogLine], int, int]:
    """As tail_log, with the offset at which read_log continues."""
    path = path_of(job)
    descriptor = _open(path)
    if descriptor is None:
        return [], 0, 0
    with open(descriptor, "rb", buffering=0) as file:
        end, count = _counts.whole_lines(str(path), file)
        raw: list[bytes] = []
        size = min(limit, _TAIL_PIECE)
        while lines > 0:
            start = max(0, end - size)
            # The first line may be the rest of a line that the offset cuts.
            raw = os.pread(file.fileno(), end - start, start).split(b"\n")[1 if start else 0 : -1]
            if len(raw) >= lines or not start or size >= limit:
                break
            size = min(limit, 4 * size)
    raw = raw[-lines:] if lines > 0 else []
    first = count - len(raw)
    return [_parse(number, text) for number, text in enumerate(raw, first)], first, end


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None


def _lines_from(file, offset: int, limit: int) -> tuple[list[bytes], int]:
    data = os.pread(file.fileno(), limit, offset)
    end = data.rfind(b"\n")
    if end >= 0:
        return data[:end].split(b"\n"), offset + end + 1
    if len(data) < limit:
        return [], offset
    # A line longer than the limit (the warden writes none) is cut to its beginning.
    at = offset + len(data)
    while piece := os.pread(file.fileno(), _PIECE, at):
        cut = piece.find(b"\n")
        if cut >= 0:
            return [data], at + cut + 1
        at += len(piece)
    return [], offset


def _parse(number: int, raw: bytes) -> LogLine:
    text = raw[: 2 * LINE_LIMIT].decode("utf-8", "replace")
    match = _STAMP.match(text)
    stamp = match[1] if match else ""
    message = text[match.end() :] if match else text
    if "\r" in message:
        message = next((state for state in reversed(message.split("\r")) if state.strip()), "")
    message = _CONTROLS.sub("", _ESCAPES.sub("", message)) if not message.isprintable() else message
    if len(message) > LINE_LIMIT // 4 and len(message.encode()) > LINE_LIMIT:
        message = message.encode()[: LINE_LIMIT - 32].decode("utf-8", "ignore") + f" … [cut: {len(raw)} bytes]"
    return LogLine(number, message, stamp)


class _Counts:
    """Counts the lines of logs incrementally; a cache, because a log of a gigabyte takes half a second."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # path: inode, offset, lines before it
        self._lock = threading.Lock()

    def whole_lines(self, path: str, file) -> tuple[int, int]:
        """The offset after the last complete line, and the number of lines."""
        state = os.fstat(file.fileno())
        with self._lock:
            inode, offset, lines = self._logs.get(path, (state.st_ino, 0, 0))
        if inode != state.st_ino or offset > state.st_size:
            offset = lines = 0
        at, end = offset, offset
        while at < state.st_size and (piece := os.pread(file.fileno(), _PIECE, at)):
            cut = piece.rfind(b"\n")
            if cut >= 0:
                lines += piece.count(b"\n")
                end = at + cut + 1
            at += len(piece)
        with self._lock:
            self._logs[path] = (state.st_ino, end, lines)
            self._logs.move_to_end(path)
            while len(self._logs) > _REMEMBERED:
                self._logs.popitem(last=False)
        return end, lines


_counts = _Counts()
