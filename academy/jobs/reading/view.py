"""Everything that is shown of a job: its journal entry, its progress, the end of its log, and a warning if it is silent."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from academy.files import tail_bytes
from academy.jobs.processes import age_of
from academy.jobs.reading import log
from academy.jobs.reading.events import seconds
from academy.jobs.reading.progress import Progress, progress
from academy.jobs.reading.reports import report_in
from academy.jobs.store import ACTIVE, ENDED, Job
from academy.messages import Message, from_json, msg, render

_SILENT_SECONDS = 300.0
_UNHEARD_SECONDS = 10.0  # less is a call that takes its time
_SAMPLES = 12  # the answers to three questions at four steps


def log_tail(job: Job, chars: int = 5000) -> str:
    """The last characters of the log, from the beginning of a line."""
    path = log.path_of(job)
    if path.is_symlink():
        return ""
    text = tail_bytes(path, 4 * chars).decode("utf-8", "replace")
    if len(text) <= chars:
        return text
    text = text[-chars:]
    cut = text.find("\n")
    return text[cut + 1 :] if 0 <= cut < len(text) - 1 else text


def view(
    job: Job, queue_position: int | None, silent: float | None = None, state: Progress | None = None, unheard: float | None = None
) -> dict[str, Any]:
    """The status of a job (contract, row 8) with what the page shows besides; texts in the current language.

    `state` is the job's progress, if the caller has it already.
    """
    state = state or progress(job)
    numbers = state.metrics(job)
    shown = job.as_dict()
    preparing = state.preparing if job.status in ACTIVE else None
    report = report_in(job.folder) if job.status in ENDED else None
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "name": job.name,
        "status": job.status,
        "phase": job.phase,
        "logs": log_tail(job),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "duration_seconds": duration(job),
        "adapter_path": job.adapter_path if job.adapter_path and os.path.isdir(job.adapter_path) else None,  # None if it was deleted
        "error": shown["error"],
        "reason": shown["reason"],
        "cause": job.cause,
        "remedy": job.remedy,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "resumable": job.resumable,
        "wish": job.wish,
        "worker": job.worker,
        "step": state.step if state.step is not None else job.step,
        "total_steps": state.total_steps or job.total_steps,
        "known": dict(report.known) if report else state.known,
        "verdict": report.verdict if report else None,
        "missing": report.missing if report else 0,
        "report_id": report.id if report else None,
        "metrics": numbers,
        "eta_seconds": numbers["eta_seconds"],
        "silent_seconds": silent,
        "unheard_seconds": unheard,
        "warning": render(slow) if (slow := warning(job, silent, state, unheard)) else None,
        "preparing": dict(preparing) | {"message": render(from_json(preparing.get("message")))} if preparing else None,
        "queue_position": queue_position,
        "base_model": job.base_model,
        "dataset_id": job.dataset_id,
        "backend": job.backend,
        "recipe": job.recipe,
        "attempt": job.attempt,
        "reasons": shown["reasons"],
        "notes": [render(note) for note in state.notes],
        "samples": [{name: event.get(name) for name in ("step", "prompt", "text", "base")} for event in list(state.samples)[-_SAMPLES:]],
    }


def signs(job: Job) -> tuple[tuple[int, int], ...]:
    """The state of a job's files, which changes with every sign of life: an event, a line, a moving bar."""
    folder = job.folder
    return tuple(_stamp(path) for path in (folder.worker, folder.events, folder.log, folder.unfinished))


def warning(job: Job, silent: float | None, state: Progress | None = None, unheard: float | None = None) -> Message | None:
    """A sentence for a job that has been silent for much longer than is usual for it; it may be slow, so it is not ended."""
    if unheard is not None and unheard >= _UNHEARD_SECONDS:
        return msg(_UNHEARD, moment=(datetime.now(UTC) - timedelta(seconds=unheard)).isoformat())
    if silent is None:
        return None
    state = state or progress(job)
    if silent < max(_SILENT_SECONDS, 5 * state.longest_pause()):
        return None
    where = msg("since step {step}", step=state.step) if state.step else msg("before the first step")
    return msg(_SILENT, minutes=round(silent / 60), where=where)


_SILENT = (
    "No sign of life for {minutes} min, {where}. A very long step or evaluation may be the reason; "
    "if the machine is idle at the same time, the training hangs: cancel it, then resume it or train again."
)
_UNHEARD = (
    "The machine that it runs on does not answer: last heard {moment:ago}. The training goes on there, and what it did meanwhile "
    "comes when the machine answers again."
)


def duration(job: Job) -> float | None:
    """The seconds that it has run, from a monotonic clock where there is one; never negative."""
    if job.seconds is not None and job.status in ENDED:
        return job.seconds
    started = seconds(job.started_at)
    if started is None:
        return None
    if job.status in ACTIVE and (age := age_of(job.folder.read_worker())) is not None:
        return round((job.seconds or 0.0) + age, 3)
    ended = seconds(job.finished_at)
    if ended is None:
        ended = datetime.now().astimezone().timestamp()
    return round(max(0.0, ended - started), 3)


def _stamp(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        state = os.lstat(path)
        return state.st_size, state.st_mtime_ns
    return 0, 0
