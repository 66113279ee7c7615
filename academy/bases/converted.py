"""The folders that Academy made of GGUF files: `<data>/bases/<fingerprint>-<name>/`, each with a record of its origin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from academy.bases.folders import RECORD, read_record

_SHOWN = 16  # digits of the fingerprint in the folder's name


@dataclass(frozen=True)
class Converted:
    """A folder with a converted model."""

    path: Path
    name: str  # the base's name
    kind: str
    fingerprint: str  # of the GGUF file


def target(bases: Path, name: str, fingerprint: str) -> Path:
    """Where the folder of a base belongs."""
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", name.rstrip("/").rpartition("/")[2].removesuffix(".gguf")).strip("-.")[:60]
    return bases / f"{fingerprint[:_SHOWN]}-{word or 'base'}"


def all_in(bases: Path | None) -> list[Converted]:
    """All converted bases, the newest first."""
    if bases is None or not bases.is_dir():
        return []
    found = []
    for path in bases.iterdir():
        if path.name.startswith(".") or path.is_symlink() or not (path / RECORD).is_file():
            continue
        record = read_record(path)
        name, kind, mark = (str(record.get(key, "")) for key in ("name", "kind", "source_fingerprint"))
        if name and mark:
            found.append(((path / RECORD).stat().st_mtime, Converted(path, name, kind, mark)))
    return [item for _, item in sorted(found, key=lambda pair: -pair[0])]


def of_file(bases: Path | None, fingerprint: str) -> Path | None:
    """The folder that was made of the file with this fingerprint, under whatever name."""
    if bases is None:
        return None
    return next((path for path in sorted(bases.glob(f"{fingerprint[:_SHOWN]}-*")) if (path / RECORD).is_file()), None)


def named(bases: Path | None, name: str) -> Path | None:
    """The newest folder that was made under this name."""
    return next((item.path for item in all_in(bases) if item.name == name), None)
