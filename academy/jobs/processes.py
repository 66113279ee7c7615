"""Processes identified by pid, birth and boot; locks held for a process's lifetime; signals that never reach another process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from academy.errors import Conflict, NoSpace
from academy.messages import msg

LINUX = sys.platform.startswith("linux")
MARK = "ACADEMY_JOB"
"""The environment variable that marks every process that a trainer started, however deep in the tree."""


def boot_id() -> str:
    """A text that is the same until the machine starts again."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _output(["sysctl", "-n", "kern.boottime"])


def birth_of(pid: int) -> str | None:
    """When the process started (ticks since boot on Linux), or None if it is dead; a zombie is dead. The warden writes the same value."""
    if LINUX:
        try:
            # The name, in parentheses, may hold anything, so count from the last one.
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in (b"Z", b"X") else fields[19].decode()
    state, _, birth = _output(["ps", "-o", "stat=,lstart=", "-p", str(pid)]).partition(" ")
    return None if not birth.strip() or state.startswith("Z") else birth.strip()


def age_of(worker: Mapping[str, Any]) -> float | None:
    """The seconds since the warden of this worker.json got its job, from the clock that counts since boot; None if that is unknown."""
    birth = worker.get("warden_birth")
    if not LINUX or worker.get("boot_id") != boot_id() or not isinstance(birth, str) or not birth.isdigit():
        return None
    stood_by = worker.get("stood_by")
    before = stood_by if isinstance(stood_by, int | float) else 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(birth) / os.sysconf("SC_CLK_TCK") - before)


def lives(pid: int | None, birth: str | None, boot: str | None = None) -> bool:
    """Whether this very process lives: pids are reused, so its birth must match, and its boot if given."""
    if not pid or not birth or (boot and boot != boot_id()):
        return False
    return birth_of(pid) == str(birth)


def send_signal(pid: int, birth: str, number: int) -> bool:
    """Signals this very process; False if it is dead. A pidfd rules out every other process, whatever the timing."""
    if pid <= 1:
        return False
    if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
                raise
        else:
            try:
                if birth_of(pid) != birth:
                    return False
                signal.pidfd_send_signal(handle, number)
                return True
            except ProcessLookupError:
                return False
            finally:
                os.close(handle)
    if birth_of(pid) != birth:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def mark_of(folder: Path) -> str:
    """The mark in the environment of the trainer of this folder and of all its descendants."""
    return hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:24]


def marked(mark: str) -> list[tuple[int, str]]:
    """The living processes (pid, birth) with the mark; none on a system without /proc."""
    if not LINUX:
        return []
    processes = []
    needle = f"{MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                environment = Path(f"/proc/{entry}/environ").read_bytes()
                if needle in environment.split(b"\0") and (birth := birth_of(int(entry))):
                    processes.append((int(entry), birth))
    return processes


def kill_marked(mark: str) -> int:
    """Kills every process with the mark; returns how many lived (call again until it is 0)."""
    processes = marked(mark)
    for pid, birth in processes:
        with contextlib.suppress(PermissionError):
            send_signal(pid, birth, signal.SIGKILL)
    return len(processes)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file; False if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared and released at once: a process that takes the lock at this moment retries for some seconds.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return True
        raise
    finally:
        os.close(descriptor)
    return False


def take_lock(path: Path, seconds: float = 2.0) -> int | None:
    """Takes the lock file and returns its descriptor, or None if another process holds it for that long."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES) or time.monotonic() > until:
                os.close(descriptor)
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
                return None
        time.sleep(0.02)


class FolderLock:
    """The data folder, held by this process until it ends or releases it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor: int | None = descriptor
        self.path = path

    def release(self) -> None:
        """Releases it; the file stays, since another process may be opening it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def hold_data_folder(data_dir: Path, seconds: float = 1.0) -> FolderLock:
    """Holds the data folder for this app; raises Conflict that names the process that holds it already."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "app.lock"
    descriptor = take_lock(path, seconds)
    if descriptor is None:
        holder = path.read_text(errors="replace").strip()[:200] or msg("another process")
        raise Conflict(
            "Another Academy ({holder}) already uses the data folder {folder}.",
            hint="Use that one, end it first, or start with another --data-dir.",
            holder=holder,
            folder=data_dir,
        )
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            os.close(descriptor)
            raise NoSpace("The data folder {folder} cannot be written.", hint="Check its owner and its disk.", folder=data_dir) from error
        # A full disk must not keep the app from starting: the lock holds without its note.
    return FolderLock(descriptor, path)


def _output(argv: list[str]) -> str:
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=5, env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
