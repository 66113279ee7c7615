"""The app's side of the program that reads remote sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from academy.curation.remote.address import Source
from academy.curation.remote.forms import RemoteRequest
from academy.curation.remote.program import DATA
from academy.outside import Outside

_SILENT = "The download exited without reporting a result ({code})."


class Reading(Outside):
    """One run of the program; what it reads is in `data` until it is closed."""

    def __init__(
        self, verb: Literal["look", "take"], source: Source, request: RemoteRequest, folder: Path, limit_bytes: int, hosts: Sequence[str]
    ) -> None:
        super().__init__("academy.curation.remote.program", folder, _SILENT)
        self.data = self.folder / DATA
        wanted = request.model_dump(include={"config", "split", "revision", "rows", "sample"})
        where = {"verb": verb, "source": asdict(source), "hosts": [*hosts], "folder": str(self.folder), "limit_bytes": limit_bytes}
        self.ask(where | wanted)
