"""The verbs of remote sources: look at a dataset of the hub or a file elsewhere, and take it over as an uploaded file."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from academy.config import Settings
from academy.curation.files.imports import detect, unclear
from academy.curation.files.uploads import UploadRecord, UploadStore
from academy.curation.remote.address import Source, parse
from academy.curation.remote.forms import Found, RemoteRequest
from academy.curation.remote.origin import Origin
from academy.curation.remote.reading import Reading
from academy.errors import AcademyError, Conflict, NotFound, Unavailable, foreign_code
from academy.messages import Text, msg
from academy.services.permission import Permission, changing, reading

_LOOK_SECONDS = 90.0
_AT_ONCE = 2
_MOST_ENDED = 20
_SHOWN = 300


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


class Remote:
    """Everything that can be done with datasets and files outside this machine."""

    def __init__(self, permission: Permission, settings: Settings, uploads: UploadStore) -> None:
        self._permission = permission
        self._settings = settings
        self._uploads = uploads
        self._lock = threading.RLock()
        self._imports: dict[str, Import] = {}
        self._running: dict[str, Reading] = {}

    @reading
    def allowed(self) -> bool:
        """Whether the owner allows the network for them."""
        return self._settings.remote_data

    @reading
    def check_allowed(self) -> None:
        """Raises Unavailable where the owner has not allowed the network for them, and says where to allow it."""
        if not self._settings.remote_data:
            raise Unavailable(
                "Datasets and files from the network are not allowed.",
                hint="Set ACADEMY_REMOTE_DATA=true, in the environment or in .env, and start Academy again.",
            )

    @changing
    def look(self, request: RemoteRequest) -> Found:
        """What a source holds, with its first rows. Keeps nothing, but asks the network, so a demonstration refuses it."""
        source = self._source(request)
        run = self._begin("look", source, request)
        try:
            found: dict[str, Any] = {}
            for event in run.events(_LOOK_SECONDS):
                found |= event
            return _found(source, found, run.data, request)
        finally:
            run.close()

    @changing
    def begin(self, request: RemoteRequest) -> Import:
        """Begins to take a source over; it becomes an uploaded file when all of it is here."""
        source = self._source(request)
        with self._lock:
            if len(self._running) >= _AT_ONCE:
                raise Conflict("{n} imports are running.", hint="Wait until one has ended, or cancel it.", n=_AT_ONCE)
            run = self._begin("take", source, request)
            item = Import(id=f"remote_{secrets.token_hex(8)}", name=source.name, origin=Origin(address=source.shown))
            self._imports[item.id] = item
            self._running[item.id] = run
            self._forget()
        threading.Thread(target=self._take, args=(item.id, run, source, request), name=item.id, daemon=True).start()
        return item

    @reading
    def list(self) -> Sequence[Import]:
        """The imports since the start of the app, newest first."""
        with self._lock:
            return [*self._imports.values()][::-1]

    @reading
    def get(self, import_id: str) -> Import:
        """One of them; raises NotFound."""
        with self._lock:
            if import_id not in self._imports:
                raise NotFound("There is no import {id!r}.", hint="List the imports to see those that there are.", id=import_id[:80])
            return self._imports[import_id]

    @changing
    def cancel(self, import_id: str) -> Import:
        """Cancels an import that is running; an ended one leaves the list."""
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

    # ------------------------------------------------------------------

    def _source(self, request: RemoteRequest) -> Source:
        self.check_allowed()
        return parse(request.address, self._hosts)

    @property
    def _hosts(self) -> Sequence[str]:
        return [host for host in self._settings.remote_hosts.split(",") if host]

    def _begin(self, verb: Literal["look", "take"], source: Source, request: RemoteRequest) -> Reading:
        limit = self._settings.max_upload_mb << 20
        return Reading(verb, source, request, self._settings.incoming_dir, limit, self._hosts)

    def _take(self, import_id: str, run: Reading, source: Source, request: RemoteRequest) -> None:
        """Follows the program and makes its rows an upload; a failure is the import's error."""
        try:
            with foreign_code(msg("The import of {name}", name=source.shown)):
                for event in run.events():
                    if event["type"] == "found":
                        self._put(import_id, origin=_origin(source, event))
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


def _origin(source: Source, event: dict[str, Any]) -> Origin:
    facts = {name: event[name] for name in ("revision", "config", "split", "license") if event.get(name)}
    return Origin(address=source.shown, **facts)


def _found(source: Source, facts: dict[str, Any], data: Path, request: RemoteRequest) -> Found:
    origin = _origin(source, facts)
    known = {name: facts[name] for name in ("gated", "configs", "splits", "rows_total", "size_bytes") if name in facts}
    if not data.is_file():
        return Found(origin=origin, notes=[msg("Its rows can only be looked at when all of it is here.")], **known)
    name = filename(source, origin)
    detected = detect(data, name)
    return Found(
        origin=origin,
        detected=detected,
        needs_mapping=unclear(data, name, request.mapping) is not None,
        samples=_samples(data, request.sample) if source.kind == "dataset" else detected.sample,
        notes=[detected.error] if detected.error else [],
        **known,
    )


def _samples(data: Path, count: int) -> list[dict[str, str]]:
    """The first rows of a file of JSON lines, cut short."""
    with open(data, encoding="utf-8") as file:
        rows = [json.loads(line) for line in itertools.islice(file, count)]
    return [{str(key)[:100]: _short(value) for key, value in itertools.islice(row.items(), 50)} for row in rows]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
