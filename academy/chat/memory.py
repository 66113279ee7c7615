"""The memory that a chat model needs: how much is free, and whether an error means that it ran out."""

from __future__ import annotations

import contextlib
from pathlib import Path


def free_memory() -> int | None:
    """The bytes that this process may still take, as far as Linux reports them (its container's limit counts); None elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        cached = next(int(line.split()[1]) for line in (group / "memory.stat").read_text().splitlines() if line.startswith("inactive_file"))
        free = min(free, limit - int((group / "memory.current").read_text()) + cached)
    return free


def is_memory_error(error: BaseException) -> bool:
    """Whether Python, PyTorch or a driver reports with it that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "defaultcpuallocator" in text or "cannot allocate memory" in text)
    )
