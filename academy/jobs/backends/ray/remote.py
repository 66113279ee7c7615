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
from academy.jobs.backends.protocol import WARDEN
from academy.jobs.backends.ray.depot import open_depot
from academy.jobs.backends.ray.places import PLACE, adapt
from academy.jobs.carrying import chunks
from academy.jobs.carrying.leaving import LAST_SECONDS, PAUSE, Leaving

log = logging.getLogger(__name__)

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def main(arguments: list[str]) -> int:
    """Runs one submission; 0 once everything is brought back."""
    name, store = arguments
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    depot = open_depot(store)
    brief = json.loads(depot.read(f"{name}/in") or b"{}")
    place = PLACE / name
    for old in PLACE.glob(f"{brief['job']}-*"):
        shutil.rmtree(old, ignore_errors=True)
    for path, listed in chunks.listing_of(brief["files"]).items():
        chunks.write(place / path, listed, depot.get)
    job = place / "job"
    adapt(job / "command.json")
    leaving = Leaving(depot, name, job)
    warden = _start(job)
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


def _start(job: Path) -> subprocess.Popen[bytes]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        # Ray ends this program when its node or its job ends; the warden then ends the training.
        prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)

    return subprocess.Popen([sys.executable, "-I", "-S", str(WARDEN), str(job)], preexec_fn=before_exec, start_new_session=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
