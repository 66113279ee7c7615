"""`python -m academy.jobs.backends.ray.remote <submission> <store>`: a job on the cluster.

It lays out the job's folder on its node, starts the same warden as everywhere, and brings back what changes until nothing of it lives.
What it cannot bring back at the moment it brings back later: the training does not wait for it.
"""

from __future__ import annotations

import ctypes
import json
import logging
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from academy.errors import log_and_go_on
from academy.files import write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends.protocol import WARDEN
from academy.jobs.backends.ray.depot import open_depot
from academy.jobs.backends.ray.places import PLACE, adapt, place_of
from academy.jobs.carrying import chunks
from academy.jobs.carrying.depot import Depot
from academy.jobs.carrying.leaving import LAST_SECONDS, PAUSE, Leaving
from academy.messages import Message, msg, to_json

log = logging.getLogger(__name__)

LOST = 76
"""The exit code of the trainer where a process elsewhere ended it, as in academy/trainer/launch.py."""
ACCOUNT = ".account.json"
"""In the job's folder of the first worker: why the processes of another one ended."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_OF_THE_FIRST = ("job/events.jsonl", "job/train.log")
_LOG_LINES = 40


@dataclass(frozen=True)
class Worker:
    """One node's part in a submission; the first worker brings back what the job writes."""

    number: int = 0
    of: int = 1
    node: str = ""  # its name
    env: Mapping[str, str] = field(default_factory=dict)  # where its processes find the others


def main(arguments: list[str]) -> int:
    """Runs one submission; 0 once everything is brought back."""
    name, store = arguments
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return 0 if run(name, store, Worker()) else 1


def run(name: str, store: str, worker: Worker) -> bool:
    """Runs a worker's part of a submission; whether all of it was brought back."""
    depot = open_depot(store)
    job = _lay_out(depot, name, worker)
    warden = _start(job)
    leaving = None if worker.number else Leaving(depot, name, job)
    while warden.poll() is None:
        with log_and_go_on("Bringing back what the job wrote", log):
            if leaving:
                if depot.read(f"{name}/in") is None:
                    leaving.begin_again()  # the depot was begun again
                leaving.bring(over=False)
            _hand_on(depot, name, job)
        time.sleep(PAUSE)
    done = _bring_last(leaving) if leaving else _account(depot, name, job, worker)
    shutil.rmtree(job.parent, ignore_errors=True)
    return done


def _lay_out(depot: Depot, name: str, worker: Worker) -> Path:
    """The job's folder as the app has it, beside what it reads."""
    brief = json.loads(depot.read(f"{name}/in") or b"{}")
    place = place_of(name, worker.number)
    for old in PLACE.glob(f"{brief['job']}-*"):
        if old == place or old.name.partition(".")[0] != name:  # other workers may be on this node
            shutil.rmtree(old, ignore_errors=True)
    for path, listed in chunks.listing_of(brief["files"]).items():
        if not (worker.number and path in _OF_THE_FIRST):
            chunks.write(place / path, listed, depot.get)
    job = place / "job"
    own = {"ACADEMY_NODE": worker.node, "ACADEMY_ACCOUNT": str(job / ACCOUNT)} if worker.of > 1 else {}
    adapt(job, name, {**worker.env, **own})
    return job


def _hand_on(depot: Depot, name: str, job: Path) -> None:
    """Passes on what the app wishes, and what another worker tells."""
    for request in ("cancel", "stop"):
        if depot.read(f"{name}/{request}") is not None:
            (job / request).touch()
    if told := depot.read(f"{name}/account"):
        write_atomic(job / ACCOUNT, told)


def _bring_last(leaving: Leaving) -> bool:
    until = time.monotonic() + LAST_SECONDS
    while not leaving.is_over and time.monotonic() < until:
        with log_and_go_on("Bringing back the last of it", log):
            leaving.bring(over=True)
        if not leaving.is_over:
            time.sleep(PAUSE)
    return leaving.is_over


def _account(depot: Depot, name: str, job: Path, worker: Worker) -> bool:
    """Tells the first worker why the processes of this one ended, if they are the reason that the training does."""
    with log_and_go_on("Telling why it ended", log):
        if why := why_ended(job, worker):
            depot.note(f"{name}/account", json.dumps(why).encode())
    return True


def why_ended(job: Path, worker: Worker) -> dict[str, Any] | None:
    """Event and log of the failure of a worker's processes; None where they ended well, by a wish, or because of another worker."""
    record = job_folder.read_small(job / "exit.json") or {}
    if record.get("exit_code") in (0, LOST) or record.get("stopped_by") == "cancel":
        return None
    failed = [event for line in _lines(job / "events.jsonl") if (event := json.loads(line)).get("type") == "failed"]
    killed = record.get("signal")
    own = {"reason": to_json(_ended(worker, record)), "cause": "killed" if killed else "unknown", "error_type": killed}
    event = failed[-1] if failed else own
    event["extra"] = {"node": worker.node} | (event.get("extra") or {})
    return {"event": event, "log": [f"{worker.node}: {line}" for line in _lines(job / "train.log")[-_LOG_LINES:]]}


def _ended(worker: Worker, record: Mapping[str, Any]) -> Message:
    who: dict[str, Any] = {"n": worker.number + 1, "of": worker.of, "node": worker.node}
    if killed := record.get("signal"):
        return msg("Worker {n} of {of}, on the node {node}, was killed by {signal}", signal=killed, **who)
    return msg("Worker {n} of {of}, on the node {node}, ended with exit code {code}", code=record.get("exit_code"), **who)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if path.is_file() else []


def _start(job: Path) -> subprocess.Popen[bytes]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        # Ray ends this program when its node or its job ends; the warden then ends the training.
        prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)

    return subprocess.Popen([sys.executable, "-I", "-S", str(WARDEN), str(job)], preexec_fn=before_exec, start_new_session=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
