"""What a person has written on adapters: names, notes, tags and strengths, each in a file of its own beside the journal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from academy.errors import Invalid
from academy.files import read_json, write_json

log = logging.getLogger(__name__)

MOST_TAGS = 20
STRONGEST = 1.5

_LONGEST_NAME, _LONGEST_NOTE, _LONGEST_TAG = 80, 2000, 40
_FILES = {"name": "adapter_names.json", "note": "adapter_notes.json", "tags": "adapter_tags.json", "strength": "adapter_strengths.json"}


@dataclass(frozen=True)
class Mark:
    """What is written on one adapter."""

    name: str | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    strength: float = 1.0


class Marks:
    """The marks of all adapters; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()

    def all(self) -> dict[str, Mark]:
        """The marks by the adapters' ids, as far as there are any."""
        read = {kind: self._read(kind) for kind in _FILES}
        ids = dict.fromkeys(adapter_id for values in read.values() for adapter_id in values)
        return {adapter_id: Mark(**{kind: read[kind][adapter_id] for kind in _FILES if adapter_id in read[kind]}) for adapter_id in ids}

    def of(self, adapter_id: str) -> Mark:
        """The marks of one adapter."""
        return self.all().get(adapter_id, Mark())

    def rename(self, adapter_id: str, name: str) -> None:
        """Gives another name for display; raises Invalid."""
        name = " ".join(name.split())
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise Invalid("A name has 1 to 80 printable characters.", hint="Choose another name.")
        self._write("name", adapter_id, name)

    def annotate(self, adapter_id: str, note: str) -> None:
        """Writes a note; an empty one removes it. Raises Invalid."""
        note = note.strip()
        if len(note) > _LONGEST_NOTE:
            raise Invalid("A note has at most {n} characters.", hint="Shorten it.", n=_LONGEST_NOTE)
        self._write("note", adapter_id, note or None)

    def tag(self, adapter_id: str, tags: Sequence[str]) -> None:
        """Replaces the tags; raises Invalid."""
        clean = [*dict.fromkeys(word for tag in tags if (word := " ".join(tag.split())))]
        if len(clean) > MOST_TAGS or any(len(tag) > _LONGEST_TAG or not tag.isprintable() for tag in clean):
            hint = "Leave some out, or shorten them."
            raise Invalid("An adapter has at most {n} tags of {most} characters each.", hint=hint, n=MOST_TAGS, most=_LONGEST_TAG)
        self._write("tags", adapter_id, clean or None)

    def scale(self, adapter_id: str, strength: float) -> None:
        """Sets how strongly the adapter acts, 1 as it was trained; raises Invalid."""
        if not 0 <= strength <= STRONGEST:
            raise Invalid("A strength is between 0 and {most}.", hint="1 is as it was trained, 0 the base model.", most=STRONGEST)
        self._write("strength", adapter_id, None if strength == 1 else float(strength))

    def forget(self, adapter_id: str) -> None:
        """Removes the marks of an adapter that is deleted."""
        for kind in _FILES:
            if adapter_id in self._read(kind):
                self._write(kind, adapter_id, None)

    def _write(self, kind: str, adapter_id: str, value: Any) -> None:
        with self._lock:
            values = {key: list(known) if kind == "tags" else known for key, known in self._read(kind).items() if key != adapter_id}
            write_json(self._folder / _FILES[kind], values | ({} if value is None else {adapter_id: value}))

    def _read(self, kind: str) -> dict[str, Any]:
        with self._lock:
            try:
                values = read_json(self._folder / _FILES[kind], {})
            except (ValueError, RecursionError):
                log.warning("%s is damaged; what it holds is not shown.", _FILES[kind])
                return {}
        values = values if isinstance(values, dict) else {}
        return {key: known for key, value in values.items() if (known := _known(kind, value)) is not None}


def _known(kind: str, value: Any) -> Any:
    """A value of a file, or None where it can be none of that kind."""
    if kind == "tags":
        return tuple(value) if isinstance(value, list) and all(isinstance(tag, str) for tag in value) else None
    if kind == "strength":
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= STRONGEST else None
    return value if isinstance(value, str) else None
