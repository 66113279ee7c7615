"""The failures that end a training: a reason for a person, and a cause for the failure doctor."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from typing import Any

from academy.errors import AcademyError
from academy.messages import Text, join, msg


class Failure(Exception):
    """A training that cannot go on: a sentence for a person, a cause for the doctor, further fields of the event.

    `text` is the sentence unrendered, for the journal; `reason` is the sentence in English, for the log.
    """

    def __init__(self, text: Text, cause: str, **fields: Any) -> None:
        super().__init__(str(text))
        self.text = text
        self.reason = str(text)
        self.cause = cause
        self.fields = fields


def bad_row(row: int, why: Text) -> Failure:
    """A row of the dataset file (from 1) without a conversation to learn from; `why` has no full stop."""
    return Failure(msg("Row {row} of the dataset cannot be used: {why}.", row=row, why=join(why)), "bad_row", row=row)


@contextlib.contextmanager
def as_failure(report: Callable[[Failure], None]) -> Iterator[None]:
    """Reports whatever the block raises as a Failure and goes on: for the top of a program."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  the top of a program
        report(explain(error))


def explain(error: BaseException) -> Failure:
    """Any exception as a Failure: a familiar one gets its cause and a sentence, another keeps its own words."""
    if isinstance(error, Failure):
        return error
    text = " ".join(str(error).split())
    lower = text.lower()
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "defaultcpuallocator" in lower:
        if "cuda" in lower or "mps" in lower:
            return Failure(_NO_GPU_MEMORY, "out_of_memory", detail=text[:500])
        return Failure("This machine does not have enough memory for this training.", "out_of_memory", detail=text[:500])
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or "no space left on device" in lower:
        return Failure("The disk is full; everything written before is intact.", "disk_full")
    if isinstance(error, ModuleNotFoundError):
        library = error.name or ""
        return Failure(msg("The Python package {name!r} is missing.", name=library), "missing_library", library=library)
    if "out of memory" in lower:
        return Failure(_NO_GPU_MEMORY, "out_of_memory", detail=text[:500])
    if "cuda" in lower and any(word in lower for word in ("no kernel image", "driver", "capability", "not compiled with")):
        return Failure(msg("PyTorch and the GPU of this machine do not fit together: {why}", why=text[:300]), "cuda_mismatch")
    if "gated repo" in lower or "401 client error" in lower or "403 client error" in lower:
        return Failure("The base model is gated: its owner grants access on its page.", "gated")
    if type(error).__name__ == "SafetensorError":
        why = "The weights of the base model are damaged or cut short ({why}). Fetch or copy it again."
        return Failure(msg(why, why=text[:200]), "damaged_base")
    if isinstance(error, AcademyError):
        return Failure(error.text, "unknown")
    return Failure(text[:500] or msg("The training failed with {name}.", name=type(error).__name__), "unknown")


_NO_GPU_MEMORY = "The GPU does not have enough memory for this training."
