"""The program that reads a remote source: a request as JSON on its input, events as JSON lines on its output, rows into a folder."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from academy.curation.remote import guard
from academy.curation.remote.address import PACKAGES, Source, scrub
from academy.curation.remote.reasons import explain
from academy.messages import to_json

DATA = "data"
"""The file below the request's folder that gets the rows, or the beginning of a file."""

_HEAD = 256 << 10
_PIECE = 1 << 20
_PACE = 0.5  # seconds between two reports
_BINARY = (b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


class TooMuch(Exception):
    """The source is larger than what may be uploaded."""


def main() -> int:
    """Does one request; 0 if its last event is `done`."""
    # Libraries print; the events have a channel of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_app, daemon=True).start()
    source = Source(**request["source"])

    def say(type_: str, **event: Any) -> None:
        channel.write(json.dumps({"type": type_, **event}, ensure_ascii=False, default=str) + "\n")

    guard.install(request["hosts"])
    try:
        read = _Dataset(source, request) if source.kind == "dataset" else _File(source, request)
        say("found", **read.facts())
        read.sample(Path(request["folder"]) / DATA) if request["verb"] == "look" else read.take(Path(request["folder"]) / DATA, say)
        say("done")
    except Exception as error:  # noqa: BLE001  the top of a program: any failure becomes its last event
        say("failed", reason=to_json(explain(error, source, request)), kind=type(error).__name__, error=scrub(str(error))[:500])
        return 1
    return 0


def _end_with_the_app() -> None:
    """Ends this process with the app: the input is closed then."""
    sys.stdin.read()
    os._exit(1)


class _File:
    """One file, read from its beginning to its end through fsspec."""

    def __init__(self, source: Source, request: dict[str, Any]) -> None:
        import fsspec

        self._limit = int(request["limit_bytes"])
        self._fs, self._path = fsspec.core.url_to_fs(source.address, **_options(source.scheme))
        self._more = {"block_size": 0} if source.scheme in ("http", "https") else {}
        self._size: int | None = self._fs.info(self._path).get("size")

    def facts(self) -> dict[str, Any]:
        """What is known before it is read."""
        if self._size is not None and self._size > self._limit:
            raise TooMuch
        return {"size_bytes": self._size}

    def sample(self, path: Path) -> None:
        """Writes its first lines; nothing of a file that has none."""
        with self._open() as file:
            head = _exactly(file, _HEAD + 1)
        if head.startswith(_BINARY) or b"\0" in head[:4096]:
            return
        path.write_bytes(head if len(head) <= _HEAD else head[:_HEAD].rpartition(b"\n")[0])

    def take(self, path: Path, say: Callable[..., None]) -> None:
        """Writes all of it."""
        done, due = 0, 0.0
        with self._open() as file, open(path, "wb") as out:
            while piece := file.read(_PIECE):
                done += out.write(piece)
                if done > self._limit:
                    raise TooMuch
                if time.monotonic() > due:
                    say("progress", bytes=done, total=self._size)
                    due = time.monotonic() + _PACE
        say("progress", bytes=done, total=done)

    def _open(self) -> BinaryIO:
        return self._fs.open(self._path, "rb", **self._more)


class _Dataset:
    """The rows of one split of a dataset of the hub, at one commit, as they stream in."""

    def __init__(self, source: Source, request: dict[str, Any]) -> None:
        import datasets
        from huggingface_hub import HfApi

        self._limit, self._rows, self._sample = int(request["limit_bytes"]), int(request["rows"]), int(request["sample"])
        info = HfApi().dataset_info(source.name, revision=request["revision"] or None, timeout=20)
        self._info, commit = info, info.sha
        self._configs = datasets.get_dataset_config_names(source.name, revision=commit)
        config = request["config"] or ("default" if "default" in self._configs else self._configs[0])
        self._builder = datasets.load_dataset_builder(source.name, config, revision=commit)
        self._config = config
        splits = self._builder.info.splits or {}
        self._splits = list(splits) or [str(name) for name in self._builder.config.data_files or {}]
        self._split = request["split"] or ("train" if "train" in self._splits or not self._splits else self._splits[0])
        self._total = splits[self._split].num_examples if self._split in splits else None

    def facts(self) -> dict[str, Any]:
        """The dataset's card and what there is to choose."""
        card = self._info.card_data
        licence = card.get("license") if card else None
        return {
            "revision": self._info.sha or "",
            "license": ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence or ""),
            "gated": bool(self._info.gated),
            "configs": self._configs,
            "config": self._config,
            "splits": self._splits,
            "split": self._split,
            "rows_total": self._total or None,
        }

    def sample(self, path: Path) -> None:
        """Writes its first rows."""
        self._write(path, self._sample, lambda *_, **__: None)

    def take(self, path: Path, say: Callable[..., None]) -> None:
        """Writes the rows that are wanted."""
        self._write(path, self._rows, say)

    def _write(self, path: Path, count: int, say: Callable[..., None]) -> None:
        rows: Any = self._builder.as_streaming_dataset(split=self._split)
        names = {name: feature.names for name, feature in (rows.features or {}).items() if hasattr(feature, "int2str")}
        due, done, size = 0.0, 0, 0
        with open(path, "wb") as out:
            # Pictures and sounds stay undecoded, and are then left out.
            for row in rows.decode(False).take(count):
                size += out.write(_line(row, names))
                done += 1
                if size > self._limit:
                    raise TooMuch
                if time.monotonic() > due:
                    say("progress", rows=done, bytes=size, total=min(count, self._total or count))
                    due = time.monotonic() + _PACE
        say("progress", rows=done, bytes=size, total=done)


def _line(row: dict[str, Any], names: dict[str, list[str]]) -> bytes:
    """A row as a line of JSON; the number of a label is its name."""
    plain = {key: _label(value, names[key]) if key in names else _plain(value) for key, value in row.items()}
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _label(value: Any, names: list[str]) -> Any:
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


def _plain(value: Any) -> Any:
    """A value as JSON has it; bytes are left out."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if not isinstance(item, bytes)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else None if isinstance(value, bytes) else str(value)


def _exactly(file: BinaryIO, count: int) -> bytes:
    """That many bytes, fewer at the end of the file."""
    pieces = list(_pieces(file, count))
    return b"".join(pieces)


def _pieces(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (piece := file.read(count)):
        count -= len(piece)
        yield piece


def _options(scheme: str) -> dict[str, Any]:
    """What the package of a scheme needs to be told; imports it, so that a missing one is named."""
    if scheme in ("http", "https"):
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=20, sock_read=60)
        return {"client_kwargs": {"trust_env": True, "timeout": timeout}}
    __import__(PACKAGES[scheme])
    if scheme != "s3":
        return {}
    from botocore.session import Session  # pyright: ignore[reportMissingImports]  it comes with s3fs

    return {"anon": Session().get_credentials() is None}


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not sys.exit, which waits for the threads of a stream that is not read to its end.
    os._exit(code)
