"""The last numbers of ended jobs, for lists: read once for each job, since its files do not change any more."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from typing import NamedTuple

from pydantic_core import from_json

from academy.files import tail_bytes
from academy.jobs import folder as job_folder
from academy.jobs.reading.events import number
from academy.jobs.store import Job

_MOST = 2000
_TAIL_BYTES = 1 << 16
_TAIL_EVENTS = 200
_NUMBERS = ("epoch", "loss", "eval_loss")


class Result(NamedTuple):
    """What an ended training came to; None where it has no such number."""

    epochs: float | None = None
    train_loss: float | None = None
    eval_loss: float | None = None


def result_of(job: Job) -> Result:
    """The result of an ended job; its losses are those that its adapter shows."""
    try:
        state = os.lstat(job.folder.events)
    except OSError:
        return Result()
    stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
    with _lock:
        known = _known.get(job.output_dir)
    if known is None or known[0] != stamp:
        known = stamp, _read(job)
        with _lock:
            _known[job.output_dir] = known
            while len(_known) > _MOST:
                _known.popitem(last=False)
    return known[1]


def _read(job: Job) -> Result:
    kept = job_folder.read_small(job.folder.metadata) or {}
    last = _last_values(job)
    losses = kept or {"train_loss": last.get("loss"), "eval_loss": last.get("eval_loss")}
    return Result(last.get("epoch"), number(losses.get("train_loss")), number(losses.get("eval_loss")))


def _last_values(job: Job) -> dict[str, float]:
    """The last of each number in the end of the events; a list needs no more of them."""
    if job.folder.events.is_symlink():
        return {}
    found: dict[str, float] = {}
    for line in tail_bytes(job.folder.events, _TAIL_BYTES).split(b"\n")[-_TAIL_EVENTS:]:
        with contextlib.suppress(ValueError):
            event = from_json(line, allow_inf_nan=False)
            if isinstance(event, dict) and event.get("type") in ("progress", "eval"):
                found |= {name: value for name in _NUMBERS if (value := number(event.get(name))) is not None}
    return found


_lock = threading.Lock()
_known: OrderedDict[str, tuple[tuple[int, ...], Result]] = OrderedDict()
