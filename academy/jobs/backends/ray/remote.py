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
from typing import Any

from academy.errors import log_and_go_on
from academy.jobs.backends.protocol import ROOT, WARDEN
from academy.jobs.backends.ray import chunks
from academy.jobs.backends.ray.chunks import Lister
from academy.jobs.backends.ray.depot import NAMESPACE, ActorDepot, Depot, RemoteFiles
from academy.jobs.backends.ray.places import PACKAGE, PLACE, PYTHON, SENT

log = logging.getLogger(__name__)

_PAUSE = 0.5
_LAST_SECONDS = 600.0  # to bring back what is left at the end
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
    carried = _Carried(depot, name, job)
    while warden.poll() is None:
        with log_and_go_on("Bringing back what the job wrote", log):
            if depot.read(f"{name}/in") is None:
                carried.forget()  # the depot was begun again
            carried.bring(over=False)
            for request in ("cancel", "stop"):
                if depot.read(f"{name}/{request}") is not None:
                    (job / request).touch()
        time.sleep(_PAUSE)
    until = time.monotonic() + _LAST_SECONDS
    while not carried.is_over and time.monotonic() < until:
        with log_and_go_on("Bringing back the last of it", log):
            carried.bring(over=True)
        if not carried.is_over:
            time.sleep(_PAUSE)
    shutil.rmtree(place, ignore_errors=True)
    return 0 if carried.is_over else 1


class _Carried:
    """What the app has been given of the job's folder."""

    def __init__(self, depot: Depot, name: str, job: Path) -> None:
        self._depot, self._name, self._job = depot, name, job
        self._lister = Lister()
        self._last: Any = None
        self.is_over = False

    def forget(self) -> None:
        """Begins again, for a depot that has nothing."""
        self._last = None
        self._depot.note(f"{self._name}/in", b'{"files": {}}')

    def bring(self, *, over: bool) -> None:
        """Leaves the new chunks, then the listing that names them."""
        places = {name: path for name, path in chunks.below(self._job).items() if name not in SENT and not name.startswith("adapter.tmp/")}
        files = self._lister.files(places)
        listing = {"files": chunks.listing_json(files), "over": over}
        if listing == self._last:
            return
        for chunk in self._depot.missing(list(chunks.all_chunks([files]))):
            data = self._lister.read(chunk)
            if data is None:
                return  # the file has changed since; the next round lists it again
            self._depot.put(chunk, data)
        self._depot.note(f"{self._name}/out", json.dumps(listing).encode())
        self._last, self.is_over = listing, over


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
