"""The last numbers of ended jobs, for lists: read once for each job, since its files do not change any more."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import NamedTuple

from academy.jobs import folder as job_folder
from academy.jobs.reading.events import number
from academy.jobs.reading.progress import progress
from academy.jobs.store import Job

_MOST = 2000


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
    state = progress(job)
    return Result(
        epochs=state.epoch,
        train_loss=number(kept.get("train_loss")) if kept else state.latest.get("loss"),
        eval_loss=number(kept.get("eval_loss")) if kept else state.latest.get("eval_loss"),
    )


_lock = threading.Lock()
_known: OrderedDict[str, tuple[tuple[int, ...], Result]] = OrderedDict()
