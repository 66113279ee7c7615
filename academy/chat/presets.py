"""Presets of the chat: a system prompt and sampling under a name."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from academy.errors import Conflict, Invalid, NotFound
from academy.files import read_json, write_json

log = logging.getLogger(__name__)

_MOST = 100
_LONGEST_NAME = 80


class Preset(BaseModel):
    """How the model answers, under a name that is its own."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    name: str = Field(max_length=_LONGEST_NAME)
    system: str = Field(default="", max_length=200_000)
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    longest: int = Field(default=256, ge=1, le=8192)
    seed: str = Field(default="", max_length=40)


class PresetStore:
    """The presets of a data folder, by name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()

    def list(self) -> list[Preset]:
        """All presets by name; a damaged file counts as none, and is left alone until the next is saved."""
        try:
            found = TypeAdapter(list[Preset]).validate_python(read_json(self._file, []))
        except (ValidationError, ValueError, RecursionError):
            log.warning("%s is damaged; the chat has no presets.", self._file.name)
            return []
        return sorted(found, key=lambda preset: preset.name.casefold())

    def get(self, name: str) -> Preset:
        """One preset; raises NotFound."""
        for preset in self.list():
            if preset.name == name:
                return preset
        raise NotFound("There is no preset {name!r}.", name=name)

    def save(self, preset: Preset) -> Preset:
        """Writes a preset, in place of one of the same name."""
        preset = preset.model_copy(update={"name": _checked(preset.name)})
        with self._lock:
            others = [item for item in self.list() if item.name != preset.name]
            if len(others) >= _MOST:
                raise Conflict("There are {n} presets already.", hint="Delete one.", n=_MOST)
            self._write([*others, preset])
        return preset

    def rename(self, name: str, new: str) -> Preset:
        """Gives a preset another name; raises Conflict for one that is taken."""
        new = _checked(new)
        with self._lock:
            preset = self.get(name)
            others = [item for item in self.list() if item.name != name]
            if any(item.name == new for item in others):
                raise Conflict("There is a preset {name!r} already.", hint="Choose another name.", name=new)
            renamed = preset.model_copy(update={"name": new})
            self._write([*others, renamed])
        return renamed

    def delete(self, name: str) -> Preset:
        """Removes a preset; returns it, so that it can be saved again."""
        with self._lock:
            preset = self.get(name)
            self._write([item for item in self.list() if item.name != name])
        return preset

    def _write(self, presets: list[Preset]) -> None:
        write_json(self._file, [preset.model_dump() for preset in presets])


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid("A name has 1 to 80 printable characters.", hint="Choose another name.")
    return name
