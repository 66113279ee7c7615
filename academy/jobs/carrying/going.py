"""What a job takes along to another machine, and what the app itself writes into the job's events meanwhile."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from academy.errors import NoSpace, Unavailable
from academy.files import append_line, now
from academy.jobs.carrying import chunks
from academy.jobs.carrying.chunks import Lister
from academy.jobs.carrying.leaving import SENT
from academy.jobs.store import Job
from academy.messages import Message, Text, to_json

_LOG_LINES = 40


def sources_of(job: Job) -> dict[str, Path]:
    """The files and folders that the job reads, by their name there."""
    sources = {
        "dataset.jsonl": job.dataset_path,
        "eval.jsonl": job.eval_path,
        "preferences.jsonl": job.preferences_path,
        "base": job.base_path,
        "continue": job.continue_from_path,
    }
    found = {name: Path(path) for name, path in sources.items() if path}
    return found | {f"earlier/{name}.jsonl": path for name, path in job.earlier_paths.items()}


def inputs_of(job: Job) -> dict[str, Path]:
    """Every single file that the job reads, by its name there."""
    inputs: dict[str, Path] = {}
    for name, path in sources_of(job).items():
        inputs |= chunks.below(path, name, base=True) if path.is_dir() else {name: path}
    return inputs


def own_of(job: Job) -> dict[str, Path]:
    """The files of the job's own folder that go along: what its program reads, and what an earlier attempt left."""
    own = chunks.below(job.folder.path)
    return {name: path for name, path in own.items() if name in ("spec.json", "command.json") or name not in SENT}


def read_to_send(lister: Lister, chunk: str) -> bytes:
    """The bytes of a listed chunk; raises Unavailable where the file has changed."""
    data = lister.read(chunk)
    if data is None:
        raise Unavailable("A file of the job changed while it was sent.", hint="It is sent again.")
    return data


def report(job: Job, kind: str, message: Text, **fields: Any) -> None:
    """A line in the job's own events, which no other program writes while it is on its way or over."""
    text = to_json(message) if isinstance(message, Message) else message
    with contextlib.suppress(NoSpace):
        append_line(job.folder.events, json.dumps({"type": kind, "time": now(), "message": text, **fields}))


def keep_output(job: Job, text: str, whose: str) -> None:
    """The end of what a program wrote that ended before its warden recorded anything."""
    with contextlib.suppress(NoSpace):
        for line in text.splitlines()[-_LOG_LINES:]:
            append_line(job.folder.log, f"{now()} {whose}: {line}")
