"""What became of each row of the latest imports, on the disk: a file for each import that can be undone."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from academy.curation.files.imports import FileReport
from academy.errors import log_and_go_on
from academy.files import inside, read_json, write_json

log = logging.getLogger(__name__)


class ImportReports:
    """A folder of reports by the import's id; those that were read or written stay in memory, since the page asks again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, FileReport] = {}

    def keep(self, report: FileReport) -> None:
        """Keeps the report of an import; its lessons are there already, so a full disk only costs the report after a restart."""
        self._known[report.import_id] = report
        with log_and_go_on("Keeping the report of an import", log):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            stored = report.model_dump(mode="json", context={"stored": True})
            write_json(self._path(report.import_id), stored, mode=0o600)

    def get(self, import_id: str) -> FileReport | None:
        """The report of an import; None where there is none, or a damaged one."""
        path = self._path(import_id)
        if import_id not in self._known and path.is_file():
            try:
                self._known[import_id] = FileReport.model_validate(read_json(path))
            except ValueError:
                log.warning("The report %s is damaged and is left out.", path.name)
        return self._known.get(import_id)

    def forget_others(self, kept: Collection[str]) -> None:
        """Deletes the reports of all imports but these."""
        for name in [*self._known]:
            if name not in kept:
                self._known.pop(name, None)
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    def _path(self, import_id: str) -> Path:
        return inside(self._folder, f"{import_id}.json", "import")
