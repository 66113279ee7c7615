"""The points of a job's curves over steps, seconds and tokens, for plots and tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from academy.jobs.reading.events import seconds
from academy.jobs.store import Job

Point = Mapping[str, Any]

_COLUMNS = (
    "step",
    "seconds",
    "tokens_seen",
    "epoch",
    "loss",
    "eval_loss",
    "learning_rate",
    "grad_norm",
    "tokens_per_second",
    "memory_mb",
    "known",
    "chosen",
    "rejected",
    "margin",
    "accuracy",
)


def series(points: Sequence[Point]) -> list[Point]:
    """The points with `seconds` since the first of them and `tokens_seen` since the start, as far as they are known.

    A pause between two runs of a resumed job counts like any other time.
    """
    done: list[Point] = []
    begin: float | None = None
    tokens = 0
    for point in points:
        moment = seconds(point.get("time"))
        begin = moment if begin is None else begin
        tokens += point.get("tokens") or 0
        more = {"seconds": round(max(0.0, moment - begin), 3)} if moment is not None and begin is not None else {}
        done.append({**point, **more} | ({"tokens_seen": tokens} if tokens else {}))
    return done


def figures_csv(jobs: Iterable[tuple[Job, Sequence[Point]]]) -> str:
    """A row for each logged step of each job; an empty cell where nothing was measured."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["job_id", "name", *_COLUMNS])
    for job, points in jobs:
        for point in points:
            table.writerow([job.job_id, _inert(job.name), *("" if point.get(name) is None else point[name] for name in _COLUMNS)])
    return file.getvalue()


def _inert(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
