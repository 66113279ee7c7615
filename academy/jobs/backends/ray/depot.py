"""The depots of a cluster: one of its actors, or a place that fsspec reaches."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from academy.jobs.carrying.depot import Depot

NAMESPACE = "academy"
ACTOR = "academy-depot"


def open_depot(store: str) -> Depot:
    """On a node: the place that the owner named, or else the cluster's own."""
    if store:
        return RemoteFiles(store)
    import ray

    if not ray.is_initialized():
        ray.init(namespace=NAMESPACE, logging_level=logging.ERROR, log_to_driver=False)
    return ActorDepot(30.0)


class Shelf:
    """The actor's state: chunks are objects of Ray's object store, which spills to disk what memory cannot hold."""

    def __init__(self) -> None:
        self._chunks: OrderedDict[str, Any] = OrderedDict()
        self._notes: dict[str, bytes] = {}

    def missing(self, chunks: Sequence[str]) -> list[str]:
        """Those that are not there."""
        return [chunk for chunk in chunks if chunk not in self._chunks]

    def put(self, chunk: str, data: bytes) -> None:
        """Leaves a chunk."""
        import ray

        self._chunks[chunk] = ray.put(data)

    def get(self, chunk: str) -> bytes:
        """A chunk."""
        import ray

        return ray.get(self._chunks[chunk], timeout=60)

    def note(self, name: str, data: bytes) -> None:
        """Leaves a note."""
        self._notes[name] = data

    def read(self, name: str) -> bytes | None:
        """A note, or None."""
        return self._notes.get(name)

    def drop(self, prefix: str, chunks: Iterable[str]) -> None:
        """Removes notes and chunks."""
        for name in [name for name in self._notes if name.startswith(prefix)]:
            del self._notes[name]
        for chunk in chunks:
            self._chunks.pop(chunk, None)


class ActorDepot:
    """The shelf, called from a process that is connected to the cluster; it is made where there is none, on the head node."""

    def __init__(self, seconds: float) -> None:
        import ray
        from ray import cloudpickle

        # The actor's process has none of Academy's code.
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        self._seconds = seconds
        self._actor: Any = (
            ray.remote(Shelf)
            .options(
                name=ACTOR,
                namespace=NAMESPACE,
                lifetime="detached",
                get_if_exists=True,
                num_cpus=0,
                max_restarts=-1,
                resources={"node:__internal_head__": 0.001},  # a worker node may go
            )
            .remote()
        )

    def _call(self, method: str, *arguments: Any) -> Any:
        import ray

        return ray.get(getattr(self._actor, method).remote(*arguments), timeout=self._seconds)

    def missing(self, chunks: Sequence[str]) -> list[str]:
        """Those that are not there."""
        return self._call("missing", list(chunks))

    def put(self, chunk: str, data: bytes) -> None:
        """Leaves a chunk."""
        self._call("put", chunk, data)

    def get(self, chunk: str) -> bytes:
        """A chunk."""
        return self._call("get", chunk)

    def note(self, name: str, data: bytes) -> None:
        """Leaves a note."""
        self._call("note", name, data)

    def read(self, name: str) -> bytes | None:
        """A note, or None."""
        return self._call("read", name)

    def drop(self, prefix: str, chunks: Iterable[str]) -> None:
        """Removes notes and chunks."""
        self._call("drop", prefix, list(chunks))


class RemoteFiles:
    """A folder that fsspec reaches: a bucket, a server."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._files, root = fsspec.core.url_to_fs(url)
        self._root = str(root).rstrip("/")

    def missing(self, chunks: Sequence[str]) -> list[str]:
        """Those that are not there."""
        return [chunk for chunk in chunks if not self._files.exists(self._chunk(chunk))]

    def put(self, chunk: str, data: bytes) -> None:
        """Leaves a chunk."""
        self._write(self._chunk(chunk), data)

    def get(self, chunk: str) -> bytes:
        """A chunk."""
        return self._files.cat_file(self._chunk(chunk))

    def note(self, name: str, data: bytes) -> None:
        """Leaves a note."""
        self._write(f"{self._root}/notes/{name}", data)

    def read(self, name: str) -> bytes | None:
        """A note, or None."""
        self._files.invalidate_cache()
        try:
            return self._files.cat_file(f"{self._root}/notes/{name}")
        except FileNotFoundError:
            return None

    def drop(self, prefix: str, chunks: Iterable[str]) -> None:
        """Removes notes and chunks."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(f"{self._root}/notes/{prefix.rstrip('/')}", recursive=True)
        for chunk in chunks:
            with contextlib.suppress(FileNotFoundError):
                self._files.rm_file(self._chunk(chunk))

    def _chunk(self, chunk: str) -> str:
        return f"{self._root}/chunks/{chunk[:2]}/{chunk}"

    def _write(self, path: str, data: bytes) -> None:
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(path, data)
