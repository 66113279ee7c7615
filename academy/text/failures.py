"""The failures that end a training: a reason for a person, and a cause for the failure doctor."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from typing import Any


class Failure(Exception):
    """A training that cannot go on: a sentence for a person, a cause for the doctor, further fields of the event."""

    def __init__(self, reason: str, cause: str, **fields: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.fields = fields


def bad_row(row: int, why: str) -> Failure:
    """A row of the dataset file (from 1) without a conversation to learn from; `why` has no full stop."""
    return Failure(f"Row {row} of the dataset cannot be used: {why}.", "bad_row", row=row)


@contextlib.contextmanager
def as_failure(report: Callable[[Failure], None]) -> Iterator[None]:
    """Reports whatever the block raises as a Failure and goes on: for the top of a program."""
    try:
        yield
    except Exception as error:
        report(explain(error))


def explain(error: BaseException) -> Failure:
    """Any exception as a Failure: a familiar one gets its cause and a sentence, another keeps its own words."""
    if isinstance(error, Failure):
        return error
    text = " ".join(str(error).split())
    lower = text.lower()
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "defaultcpuallocator" in lower:
        where = "The GPU" if "cuda" in lower or "mps" in lower else "This machine"
        return Failure(f"{where} has not enough memory for this training.", "out_of_memory", detail=text[:500])
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or "no space left on device" in lower:
        return Failure("The disk is full; what was written before is intact.", "disk_full")
    if isinstance(error, ModuleNotFoundError):
        return Failure(f"The Python package {error.name!r} is missing.", "missing_library", library=error.name or "")
    if "out of memory" in lower:
        return Failure("The GPU has not enough memory for this training.", "out_of_memory", detail=text[:500])
    if "cuda" in lower and any(word in lower for word in ("no kernel image", "driver", "capability", "not compiled with")):
        return Failure(f"PyTorch and this machine's GPU do not fit together: {text[:300]}", "cuda_mismatch")
    if "gated repo" in lower or "401 client error" in lower or "403 client error" in lower:
        return Failure("The base model is gated: its owner grants access on its page.", "gated")
    if type(error).__name__ == "SafetensorError":
        return Failure(f"The weights of the base model are damaged or cut short ({text[:200]}). Fetch or copy it again.", "damaged_base")
    return Failure(text[:500] or f"The training failed with {type(error).__name__}.", "unknown")
