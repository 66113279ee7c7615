"""Files as chunks that are named by their content, so that only what is new is sent, in either direction. Standard library only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

CHUNK = 4 << 20
_SKIPPED = (".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack", ".ckpt")  # of a base model: only safetensors are ever loaded


@dataclass(frozen=True)
class Listed:
    """A file: its bytes, and the names of its chunks in order."""

    size: int
    chunks: tuple[str, ...]

    @classmethod
    def of(cls, raw: Any) -> Listed:
        """Reads what `listing_json` wrote; raises ValueError for anything else."""
        if not isinstance(raw, list) or len(raw) != 2 or not isinstance(raw[0], int) or not all(isinstance(part, str) for part in raw[1]):
            raise ValueError("this is no listed file")
        return cls(raw[0], tuple(raw[1]))


Listing = Mapping[str, Listed]
"""Files by their path below a folder."""


@dataclass
class Lister:
    """Lists files, and remembers those that have not changed since."""

    _known: dict[str, tuple[tuple[int, int, int], Listed]] = field(default_factory=dict)
    paths: dict[str, tuple[Path, int, int]] = field(default_factory=dict)  # of each chunk, where it stands, and its bytes

    def files(self, places: Mapping[str, Path]) -> dict[str, Listed]:
        """The files; one that vanishes while they are listed is left out."""
        listed = {}
        for name, path in places.items():
            try:
                listed[name] = self._file(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
        return listed

    def read(self, chunk: str) -> bytes | None:
        """The bytes of a listed chunk; None where the file has changed, but for what was added at its end."""
        path, start, size = self.paths[chunk]
        try:
            with open(path, "rb") as file:
                file.seek(start)
                data = file.read(size)
        except FileNotFoundError:
            return None
        return data if name_of(data) == chunk else None

    def _file(self, path: Path) -> Listed:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            stamp = state.st_ino, state.st_size, state.st_mtime_ns
            if (known := self._known.get(str(path))) and known[0] == stamp:
                # Another file of the same content may have been the last to be listed, and be gone.
                for number, chunk in enumerate(known[1].chunks):
                    self.paths[chunk] = path, number * CHUNK, min(CHUNK, known[1].size - number * CHUNK)
                return known[1]
            chunks, size = [], 0
            while data := file.read(CHUNK):
                chunks.append(name_of(data))
                self.paths[chunks[-1]] = path, size, len(data)
                size += len(data)
        listed = Listed(size, tuple(chunks))
        self._known[str(path)] = stamp, listed
        return listed


def name_of(data: bytes) -> str:
    """The name of a chunk."""
    return hashlib.sha256(data).hexdigest()


def below(folder: Path, name: str = "", *, base: bool = False) -> dict[str, Path]:
    """The plain files below a folder under the name that they get; of a base model those that are loaded, links or not."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (base or not path.is_symlink()) and not (base and path.suffix in _SKIPPED):
            inner = PurePosixPath(name, path.relative_to(folder).as_posix())
            if not any(part.startswith(".") for part in inner.parts):
                found[str(inner)] = path
    return found


def write(path: Path, listed: Listed, fetch: Callable[[str], bytes]) -> None:
    """Writes a listed file aside and renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    with open(aside, "wb") as file:
        file.writelines(checked(chunk, fetch(chunk)) for chunk in listed.chunks)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def append(path: Path, listed: Listed, fetch: Callable[[str], bytes]) -> None:
    """Makes a file that only grows as long as the listed one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        have = file.tell()
        for number in range(have // CHUNK, len(listed.chunks)):
            data = checked(listed.chunks[number], fetch(listed.chunks[number]))
            file.write(data[max(0, have - number * CHUNK) :])
        file.flush()
        os.fsync(file.fileno())


def checked(chunk: str, data: bytes) -> bytes:
    """The data, if it is what the name says; raises ValueError otherwise."""
    if name_of(data) != chunk:
        raise ValueError(f"the chunk {chunk[:12]} arrived damaged")
    return data


def listing_json(files: Listing) -> dict[str, Any]:
    """A listing as JSON."""
    return {name: [listed.size, list(listed.chunks)] for name, listed in files.items()}


def listing_of(raw: Any) -> dict[str, Listed]:
    """Reads a listing; raises ValueError for a path that leads out of its folder."""
    if not isinstance(raw, dict):
        raise ValueError("this is no listing")
    for name in raw:
        path = PurePosixPath(name)
        if not name or path.is_absolute() or "\x00" in name or any(part in ("..", ".") for part in name.split("/")):
            raise ValueError(f"{name[:80]!r} is no path below a folder")
    return {name: Listed.of(listed) for name, listed in raw.items()}


def all_chunks(listings: Sequence[Listing]) -> Iterator[str]:
    """Every chunk of the listings, each once."""
    yield from dict.fromkeys(chunk for files in listings for listed in files.values() for chunk in listed.chunks)
