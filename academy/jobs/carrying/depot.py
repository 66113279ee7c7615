"""Where the app and a job's machine leave chunks and small notes for each other. Standard library only.

A note is a few bytes under a name, replaced as a whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol


class Depot(Protocol):
    """The place."""

    def missing(self, chunks: Sequence[str]) -> list[str]:
        """Those that are not there."""
        ...

    def put(self, chunk: str, data: bytes) -> None:
        """Leaves a chunk."""
        ...

    def get(self, chunk: str) -> bytes:
        """A chunk; raises KeyError where it is gone."""
        ...

    def note(self, name: str, data: bytes) -> None:
        """Leaves a note."""
        ...

    def read(self, name: str) -> bytes | None:
        """A note, or None."""
        ...

    def drop(self, prefix: str, chunks: Iterable[str]) -> None:
        """Removes the notes whose name begins like this, and chunks."""
        ...


class FolderDepot:
    """A folder, which the app reads through the engine of the job's container."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def missing(self, chunks: Sequence[str]) -> list[str]:
        """Those that are not there."""
        return [chunk for chunk in chunks if not chunk_in(self._folder, chunk).is_file()]

    def put(self, chunk: str, data: bytes) -> None:
        """Leaves a chunk."""
        _write(chunk_in(self._folder, chunk), data)

    def get(self, chunk: str) -> bytes:
        """A chunk."""
        try:
            return chunk_in(self._folder, chunk).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(chunk) from error

    def note(self, name: str, data: bytes) -> None:
        """Leaves a note."""
        _write(note_in(self._folder, name), data)

    def read(self, name: str) -> bytes | None:
        """A note, or None."""
        try:
            return note_in(self._folder, name).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, prefix: str, chunks: Iterable[str]) -> None:
        """Removes notes and chunks."""
        for path in (self._folder / "notes").glob("*"):
            if path.name.startswith(prefix):
                path.unlink()
        for chunk in chunks:
            with contextlib.suppress(FileNotFoundError):
                chunk_in(self._folder, chunk).unlink()


def chunk_in(folder: Path, chunk: str) -> Path:
    """Where a folder has a chunk."""
    return folder / "chunks" / chunk


def note_in(folder: Path, name: str) -> Path:
    """Where a folder has a note."""
    return folder / "notes" / name.replace("/", "_")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(data)
    os.replace(aside, path)
