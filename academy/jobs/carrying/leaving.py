"""On the job's machine: leaves in a depot what changes in the job's folder, until nothing of the job lives. Standard library only."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from academy.jobs.carrying import chunks
from academy.jobs.carrying.depot import Depot, FolderDepot

SENT = frozenset({"spec.json", "command.json", "warden.lock", "stop", "cancel", "engine.json"})
"""The files of a job's folder that only the app writes."""

PAUSE = 0.5
KEPT_SECONDS = 60.0  # that a chunk of an older listing stays: the app may be reading it
LAST_SECONDS = 600.0  # to leave what is left at the end
_LAST_SECONDS = 60.0  # in a container, whose disk is the depot's
_GROWING = (".jsonl", ".log")  # their older ends are nobody else's chunks


class Leaving:
    """What the app has been given of the job's folder; `alone`: no other job uses the depot."""

    def __init__(self, depot: Depot, name: str, job: Path, *, alone: bool = False) -> None:
        self._depot, self._name, self._job, self._alone = depot, name, job, alone
        self._lister = chunks.Lister()
        self._last: Any = None
        self._given: dict[str, float | None] = {}  # chunks that may be removed once no listing names them, and since when none does
        self.is_over = False

    def begin_again(self) -> None:
        """For a depot that has nothing any more."""
        self._last = None
        self._depot.note(f"{self._name}/in", b'{"files": {}}')

    def bring(self, *, over: bool) -> None:
        """Leaves the new chunks, then the listing that names them."""
        places = {name: path for name, path in chunks.below(self._job).items() if name not in SENT and not name.startswith("adapter.tmp/")}
        files = self._lister.files(places)
        listing = {"files": chunks.listing_json(files), "over": over}
        if listing == self._last:
            return
        gone = set()
        for chunk in self._depot.missing(list(chunks.all_chunks([files]))):
            data = self._lister.read(chunk)
            if data is None:
                gone.add(chunk)
            else:
                self._depot.put(chunk, data)
        if gone:
            if over:
                return
            # A folder that was rotated away meanwhile, such as a checkpoint; what the job tells must not wait for a round without one.
            lost = {_folder(name) for name, listed in files.items() if gone & set(listed.chunks)}
            files = {name: listed for name, listed in files.items() if _folder(name) not in lost}
            listing = {"files": chunks.listing_json(files), "over": over}
        self._depot.note(f"{self._name}/out", json.dumps(listing).encode())
        self._last, self.is_over = listing, over
        self._drop_old(files)

    def _drop_old(self, files: chunks.Listing) -> None:
        """Removes the chunks that no listing has named for a while: a log that grows leaves a new one at each look."""
        named, moment = set(chunks.all_chunks([files])), time.monotonic()
        own = [files[name] for name in files if self._alone or name.endswith(_GROWING)]
        self._given |= {chunk: None for listed in own for chunk in listed.chunks}
        for chunk, since in self._given.items():
            if chunk not in named and since is None:
                self._given[chunk] = moment
        old = [chunk for chunk, since in self._given.items() if since is not None and moment - since > KEPT_SECONDS]
        if old:
            self._depot.drop(f"{self._name}/no-note", old)
            for chunk in old:
                del self._given[chunk]


def _folder(name: str) -> str:
    """The folder that a file belongs to; a file of the job's folder stands for itself."""
    return name.rpartition("/")[0] or name


def main(arguments: list[str]) -> int:
    """In a container: runs the warden, and leaves in a folder what its job writes; ends as the warden ends."""
    job, place, program = (Path(argument) for argument in arguments)
    warden = subprocess.Popen([sys.executable, "-I", "-S", str(program), str(job)])
    signal.signal(signal.SIGTERM, lambda *_: warden.send_signal(signal.SIGTERM))
    leaving = Leaving(FolderDepot(place), "", job, alone=True)
    while warden.poll() is None:
        _try(leaving, over=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            warden.wait(PAUSE)
    until = time.monotonic() + _LAST_SECONDS
    while not leaving.is_over and time.monotonic() < until:
        _try(leaving, over=True)
        if not leaving.is_over:
            time.sleep(PAUSE)
    return warden.returncode


def _try(leaving: Leaving, *, over: bool) -> None:
    """What cannot be left now, on a full disk, is left later: the training does not wait for it."""
    try:
        leaving.bring(over=over)
    except OSError as error:
        print(f"What the job wrote could not be left: {error}", file=sys.stderr, flush=True)
