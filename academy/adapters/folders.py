"""The folders that may hold an adapter: of a long history of jobs most ended without one, and the page asks every second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

_SETTLED_SECONDS = 3.0
"""A folder's time says that nothing has changed only if it is older than the coarsest clock of a file system."""


class Folders:
    """The names in the models folder; those of jobs that ended without an adapter are passed over until the job changes.

    `is_open` tells whether a job has not ended. Folders that are not a job's are always among the names: a person may copy files there.
    """

    def __init__(self, models: Path, is_open: Callable[[str], bool]) -> None:
        self._models = str(models)
        self._is_open = is_open
        self._lock = threading.Lock()
        self._stamp: int | None = None  # of the names; None: they are to be read again
        self._names: set[str] = set()
        self._empty: set[str] = set()
        self._unsure: set[str] = set()

    def names(self) -> list[str]:
        """The names of the folders to look into."""
        with self._lock:
            try:
                stamp = os.stat(self._models).st_mtime_ns
                if self._stamp != stamp:
                    there = {name for name in os.listdir(self._models) if not name.startswith(".")}
                    self._unsure |= there - self._names - self._empty
                    for known in (self._names, self._empty, self._unsure):
                        known &= there
                    self._stamp = stamp if time.time() - stamp / 1e9 > _SETTLED_SECONDS else None
            except (FileNotFoundError, NotADirectoryError):
                return []
            for name in self._unsure:
                (self._empty if self._is_empty(name) else self._names).add(name)
            self._unsure.clear()
            return list(self._names)

    def look_again(self, name: str) -> None:
        """Takes note that a job has changed."""
        with self._lock:
            if name in self._empty or name in self._names:
                self._empty.discard(name)
                self._names.discard(name)
                self._unsure.add(name)

    def _is_empty(self, name: str) -> bool:
        # In this order: a job that has ended gets no adapter later, unless it is resumed, which is a change.
        folder = f"{self._models}/{name}"
        return not self._is_open(name) and not os.path.lexists(f"{folder}/adapter") and os.path.exists(f"{folder}/spec.json")
