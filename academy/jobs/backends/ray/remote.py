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
from pathlib import Path

from academy.errors import log_and_go_on
from academy.jobs.backends.protocol import ROOT, WARDEN
from academy.jobs.backends.ray.depot import NAMESPACE, ActorDepot, RemoteFiles
from academy.jobs.backends.ray.places import PACKAGE, PLACE, PYTHON
from academy.jobs.carrying import chunks
from academy.jobs.carrying.depot import Depot
from academy.jobs.carrying.leaving import LAST_SECONDS, PAUSE, Leaving

log = logging.getLogger(__name__)

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def main(arguments: list[str]) -> int:
    """Runs one submission; 0 once everything is brought back."""
    name, store = arguments
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    depot = _depot(store)
    brief = json.loads(depot.read(f"{name}/in") or b"{}")
    place = PLACE / name
    for old in PLACE.glob(f"{brief['job']}-*"):
        shutil.rmtree(old, ignore_errors=True)
    for path, listed in chunks.listing_of(brief["files"]).items():
        chunks.write(place / path, listed, depot.get)
    job = place / "job"
    _adapt(job / "command.json")
    warden = _start(job)
    leaving = Leaving(depot, name, job)
    while warden.poll() is None:
        with log_and_go_on("Bringing back what the job wrote", log):
            if depot.read(f"{name}/in") is None:
                leaving.begin_again()  # the depot was begun again
            leaving.bring(over=False)
            for request in ("cancel", "stop"):
                if depot.read(f"{name}/{request}") is not None:
                    (job / request).touch()
        time.sleep(PAUSE)
    until = time.monotonic() + LAST_SECONDS
    while not leaving.is_over and time.monotonic() < until:
        with log_and_go_on("Bringing back the last of it", log):
            leaving.bring(over=True)
        if not leaving.is_over:
            time.sleep(PAUSE)
    shutil.rmtree(place, ignore_errors=True)
    return 0 if leaving.is_over else 1


def _depot(store: str) -> Depot:
    if store:
        return RemoteFiles(store)
    import ray

    ray.init(namespace=NAMESPACE, logging_level=logging.ERROR, log_to_driver=False)
    return ActorDepot(30.0)


def _adapt(path: Path) -> None:
    """Puts this node's Python and package into the command."""
    command = json.loads(path.read_bytes())
    command["argv"] = [sys.executable if part == PYTHON else part for part in command["argv"]]
    command["env"] = {name: value.replace(PACKAGE, str(ROOT)) for name, value in command["env"].items()}
    path.write_text(json.dumps(command))


def _start(job: Path) -> subprocess.Popen[bytes]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        # Ray ends this program when its node or its job ends; the warden then ends the training.
        prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)

    return subprocess.Popen([sys.executable, "-I", "-S", str(WARDEN), str(job)], preexec_fn=before_exec, start_new_session=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
