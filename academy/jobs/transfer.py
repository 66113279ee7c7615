"""What fetching from the hub and from the package index share: the failure, the progress, and the space on the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from academy.messages import Text, msg, to_json

PACE = 0.5  # seconds between two reports
SPARE_BYTES = 200 << 20


class FetchError(Exception):
    """Why the model cannot be fetched: a word for the doctor and a sentence for a person."""

    def __init__(self, cause: str, reason: Text) -> None:
        super().__init__(str(reason))
        self.cause = cause
        self.reason = reason


def check_space(folder: Path, needed: int, sentence: str, name: str) -> None:
    """Raises FetchError with the sentence where the folder's disk lacks space; it can use {name}, {needed} and {free}, in MB."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise FetchError("disk_full", msg(sentence, name=name, needed=needed >> 20, free=free >> 20))


class Meter(threading.Thread):
    """Reports the progress of the download at a steady pace."""

    def __init__(self, name: str, total: int, report: Callable[..., None], measure: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self._model, self._total, self._report, self._measure = name, total, report, measure
        self._over = threading.Event()
        self._last = (time.monotonic(), measure())

    def run(self) -> None:
        """Reports until it is stopped."""
        while not self._over.wait(PACE):
            self._say()

    def stop(self, *, report: bool = True) -> None:
        """Ends it, with a last report."""
        self._over.set()
        self.join()
        if report:
            self._say()

    def _say(self) -> None:
        moment, done = time.monotonic(), min(self._measure(), self._total)
        then, before = self._last
        if done == before and done != self._total:
            return
        self._last = (moment, done)
        speed = max(0.0, (done - before) / (moment - then)) if moment > then else None
        # The download itself reports a full disk.
        with contextlib.suppress(OSError):
            self._report(
                type="preparing",
                phase="download",
                message=to_json(msg("Fetching {name}.", name=self._model)),
                bytes_done=done,
                bytes_total=self._total,
                bytes_per_second=None if speed is None else round(speed, 1),
                fraction=round(done / self._total, 4) if self._total else None,
            )


def size_of(path: Path) -> int:
    """The bytes of a file; 0 where it is gone."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
