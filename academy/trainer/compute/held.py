"""A base model that a warm trainer loads before its job; it is used once, and only while its files are as they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Held:
    """A base model in memory, as `load_base` loads it."""

    folder: Path
    dtype: torch.dtype
    attention: str | None
    files: tuple[tuple[str, int, int], ...]  # as they were before it was loaded
    model: Any


class Shelf:
    """At most one base model that waits for its training."""

    def __init__(self) -> None:
        self._held: Held | None = None

    def put(self, held: Held) -> None:
        """Keeps a model instead of the one before."""
        self._held = held

    def take(self, folder: Path, dtype: torch.dtype, attention: str | None) -> Any | None:
        """The model of this folder, if it is here in this form and its files have not changed; in any case none is kept."""
        held, self._held = self._held, None
        if held is None or (held.folder, held.dtype, held.attention) != (folder, dtype, attention) or held.files != files_of(folder):
            return None
        return held.model


SHELF = Shelf()


def files_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """The files of a model with their sizes and the times of their last change."""
    states = ((path.name, path.stat()) for path in sorted(folder.iterdir()))
    return tuple((name, state.st_size, state.st_ctime_ns) for name, state in states)
