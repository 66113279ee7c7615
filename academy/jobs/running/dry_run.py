"""The dry run: two steps on the longest rows, at once and outside the queue."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.errors import Refused
from academy.files import disk_errors, now, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends import GRACE_SECONDS, Backend, backend_named
from academy.jobs.kinds.train import TRAIN
from academy.jobs.reading.events import Event, Events
from academy.jobs.reading.view import log_tail
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Inputs, Job
from academy.messages import from_json, msg, render

DRY_RUN_SECONDS = 300.0


def dry_run(settings: Settings, backends: Mapping[str, Backend], spec: TrainingSpec, inputs: Inputs) -> dict[str, Any]:
    """What a training takes (memory, time, disk), and whether this machine has it."""
    if not inputs.base_path:
        raise Refused("{base} has not been fetched yet.", hint="Start a training with it, which fetches it.", base=inputs.base_model)
    backend = backend_named(backends, spec.backend or settings.backend)
    backend.check(None)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with disk_errors("the dry run's folder"), tempfile.TemporaryDirectory(prefix="dry_run_", dir=settings.data_dir) as folder:
        given: dict[str, Any] = vars(dataclasses.replace(inputs, name=inputs.name or "dry run", dry_run=True))
        job = Job(
            **given,
            job_id=Path(folder).name,
            status="preparing",
            created_at=now(),
            backend=backend.name,  # type: ignore[arg-type]
            output_dir=folder,
            parameters=TRAIN.parameters(spec),
            attempt=1,
        )
        ended = _run(settings, job, backend)
        events = Events(job).read()
        record = backend.record(job) or {}
        tail = log_tail(job, 2000)
        backend.clean(job)
    last: Event = events[-1] if events else {}
    if not ended:
        reason = msg("Two steps took longer than {seconds:.0f} seconds.", seconds=DRY_RUN_SECONDS)
        return {"fits": False, "cause": "timeout", "reason": render(reason), "logs": tail}
    if last.get("type") != "finished":
        return _failure(last, record) | {"logs": tail}
    return _room(settings, dict(last.get("extra") or {}))


def _run(settings: Settings, job: Job, backend: Backend) -> bool:
    """Runs it; False where it had to be ended."""
    seen = backend.seen(job)
    write_atomic(job.folder.spec, job_folder.dumps(TRAIN.spec_file(job, seen)))
    backend.start(job, TRAIN.command(job, seen, settings, None))
    until = time.monotonic() + DRY_RUN_SECONDS
    while (alive := backend.alive(job)) is not False and time.monotonic() < until:
        time.sleep(0.05)
    if alive is False:
        return True
    while backend.alive(job) is not False and time.monotonic() < until + 30:
        backend.terminate(job, force=time.monotonic() > until + GRACE_SECONDS)
        time.sleep(0.5)
    return False


def _failure(last: Event, record: Mapping[str, Any]) -> dict[str, Any]:
    if record.get("oom"):
        return {"fits": False, "cause": "out_of_memory", "reason": render("It was killed because the memory ran out.")}
    reason = from_json(last.get("reason")) if last.get("type") == "failed" else None
    how = record.get("signal") or msg("exit code {code}", code=record.get("exit_code"))
    reason = reason or msg("The dry run ended with {how}.", how=how)
    return {"fits": False, "cause": last.get("cause") or "unknown", "reason": render(reason)}


def _room(settings: Settings, facts: dict[str, Any]) -> dict[str, Any]:
    """What the run measured, and whether the disk has room for the training."""
    free = shutil.disk_usage(settings.data_dir).free >> 20
    needed = facts.get("disk_needed_mb") or 0
    if needed < free:
        return {"fits": True, "cause": None, "reason": "", "disk_free_mb": free, **facts}
    reason = msg("It needs about {needed:.0f} MB on the disk, and {free} MB are free.", needed=needed, free=free)
    return {"fits": False, "cause": "disk_full", "reason": render(reason), "disk_free_mb": free, **facts}
