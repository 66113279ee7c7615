"""What an export left: its files, how it was checked, and the commands that use it; read with care."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.files import NAME_PATTERN
from academy.jobs import folder as job_folder
from academy.jobs.folder import JobFolder
from academy.messages import from_json, render

_MOST_BYTES = 4 << 20


class ExportFile(BaseModel):
    """A file of an export; the first one is the export itself."""

    name: str = Field(pattern=NAME_PATTERN)
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Difference(BaseModel):
    """A question that the exported file answers otherwise than the adapter."""

    question: str
    expected: str
    adapter: str
    exported: str


class Check(BaseModel):
    """How many answers of the exported file are those of the adapter, as one program gives them."""

    engine: str
    right: int
    of: int
    different: list[Difference]


class CommandLine(BaseModel):
    """A command that uses an export, and the program that it is for."""

    label: str
    text: str


class Export(BaseModel):
    """The record of an export."""

    model_config = ConfigDict(extra="ignore")

    format: str
    quantization: str | None
    created_at: str
    strength: float
    files: list[ExportFile] = Field(min_length=1)
    checks: list[Check]
    commands: list[CommandLine]
    notes: list[Any]

    @property
    def name(self) -> str:
        """The name of its main file."""
        return self.files[0].name

    @property
    def checked(self) -> Check | None:
        """The check with the fewest right answers; None where nothing was asked."""
        asked = [check for check in self.checks if check.of]
        return min(asked, key=lambda check: check.right / check.of) if asked else None

    @property
    def said(self) -> list[str]:
        """Its notes in the current language."""
        return [render(from_json(note)) for note in self.notes]


def export_in(folder: JobFolder) -> Export | None:
    """The record in a job's folder; None where there is none that can be used."""
    raw = job_folder.read_plain(folder.export / "export.json", _MOST_BYTES)
    try:
        return None if raw is None else Export.model_validate_json(raw)
    except ValidationError:
        return None
