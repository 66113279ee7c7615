"""Remote sources that are being taken over: each read by a process of its own, and made an uploaded file by a thread of the app."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from academy.curation.files.uploads import UploadRecord, UploadStore
from academy.curation.remote.address import Source
from academy.curation.remote.forms import RemoteRequest
from academy.curation.remote.origin import Origin
from academy.curation.remote.reading import Reading
from academy.errors import AcademyError, Conflict, NotFound, foreign_code
from academy.messages import Text, msg

_AT_ONCE = 2
_MOST_ENDED = 20


class Import(BaseModel):
    """A remote source that is being taken over, or was; `address` is without credentials."""

    id: str
    name: str
    origin: Origin
    status: Literal["running", "finished", "failed", "cancelled"] = "running"
    rows_done: int | None = None
    bytes_done: int = 0
    fraction: float | None = Field(default=None, description="From 0 to 1, where the whole size is known.")
    error: Text | None = None
    upload: UploadRecord | None = None


class Imports:
    """The imports since the start of the app."""

    def __init__(self, uploads: UploadStore) -> None:
        self._uploads = uploads
        self._lock = threading.RLock()
        self._imports: dict[str, Import] = {}
        self._running: dict[str, Reading] = {}

    def begin(self, run: Reading, source: Source, request: RemoteRequest) -> Import:
        """Follows a reading that takes a source over; raises Conflict where too many run, and ends it then."""
        with self._lock:
            if len(self._running) >= _AT_ONCE:
                run.close()
                raise Conflict("{n} imports are running.", hint="Wait until one has ended, or cancel it.", n=_AT_ONCE)
            item = Import(id=f"remote_{secrets.token_hex(8)}", name=source.name, origin=Origin(address=source.shown))
            self._imports[item.id] = item
            self._running[item.id] = run
            self._forget()
        threading.Thread(target=self._take, args=(item.id, run, source, request), name=item.id, daemon=True).start()
        return item

    def list(self) -> Sequence[Import]:
        """All of them, newest first."""
        with self._lock:
            return [*self._imports.values()][::-1]

    def get(self, import_id: str) -> Import:
        """One of them; raises NotFound."""
        with self._lock:
            if import_id not in self._imports:
                raise NotFound("There is no import {id!r}.", hint="List the imports to see those that there are.", id=import_id[:80])
            return self._imports[import_id]

    def cancel(self, import_id: str) -> Import:
        """Cancels one that is running; an ended one leaves the list."""
        item = self.get(import_id)
        with self._lock:
            if run := self._running.get(import_id):
                self._put(item.id, status="cancelled")
                run.stop()
                return self._imports[import_id]
            return self._imports.pop(import_id)

    def close(self) -> None:
        """Ends what is running."""
        with self._lock:
            for import_id, run in self._running.items():
                self._put(import_id, status="cancelled")
                run.stop()

    def _take(self, import_id: str, run: Reading, source: Source, request: RemoteRequest) -> None:
        """Follows the program and makes its rows an upload; a failure is the import's error."""
        try:
            with foreign_code(msg("The import of {name}", name=source.shown)):
                for event in run.events():
                    if event["type"] == "found":
                        self._put(import_id, origin=origin_of(source, event))
                    elif event["type"] == "progress":
                        self._progress(import_id, event)
                if self.get(import_id).status == "running":
                    self._keep(import_id, run.data, source, request)
        except AcademyError as error:
            with self._lock:
                if self.get(import_id).status == "running":
                    self._put(import_id, status="failed", error=error.text)
        finally:
            with self._lock:
                self._running.pop(import_id, None)
            run.close()

    def _keep(self, import_id: str, data: Path, source: Source, request: RemoteRequest) -> None:
        origin = self.get(import_id).origin
        with open(data, "rb") as file:
            record = self._uploads.add(file, filename(source, origin), mapping=request.mapping, origin=origin)
        with self._lock:
            if self.get(import_id).status == "running":
                status = "failed" if record.status == "failed" else "finished"
                self._put(import_id, status=status, error=record.error, upload=record, fraction=1.0)
                return
        if record.status == "ready":  # cancelled while it was read
            self._uploads.delete(record.id)

    def _progress(self, import_id: str, event: dict[str, Any]) -> None:
        total, done = event.get("total"), event.get("rows", event["bytes"])
        fraction = min(1.0, done / total) if total else None
        self._put(import_id, rows_done=event.get("rows"), bytes_done=event["bytes"], fraction=fraction)

    def _put(self, import_id: str, **changes: Any) -> None:
        with self._lock:
            self._imports[import_id] = self._imports[import_id].model_copy(update=changes)

    def _forget(self) -> None:
        ended = [key for key, item in self._imports.items() if item.status != "running"]
        for key in ended[: max(0, len(ended) - _MOST_ENDED)]:
            del self._imports[key]


def filename(source: Source, origin: Origin) -> str:
    """The name of the file that a source becomes."""
    if source.kind == "file":
        return source.name
    parts = [source.name.replace("/", "--"), *([origin.config] if origin.config not in ("", "default") else []), origin.split]
    return "-".join(parts) + ".jsonl"


def origin_of(source: Source, event: dict[str, Any]) -> Origin:
    """The origin that an event of the reading tells of."""
    facts = {name: event[name] for name in ("revision", "config", "split", "license") if event.get(name)}
    return Origin(address=source.shown, **facts)
