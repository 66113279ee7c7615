"""The verbs of remote sources: look at a dataset of the hub or a file elsewhere, and take it over as an uploaded file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from academy.config import Settings
from academy.curation.files.imports import detect, unclear
from academy.curation.remote.address import Source, parse
from academy.curation.remote.forms import Found, RemoteRequest
from academy.curation.remote.importing import Import, Imports, filename, origin_of
from academy.curation.remote.reading import Reading
from academy.errors import Unavailable
from academy.messages import msg
from academy.services.permission import Permission, changing, reading

_LOOK_SECONDS = 90.0
_SHOWN = 300


class Remote:
    """Everything that can be done with datasets and files outside this machine."""

    def __init__(self, permission: Permission, settings: Settings, imports: Imports) -> None:
        self._permission = permission
        self._settings = settings
        self._imports = imports

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
        return self._imports.begin(self._begin("take", source, request), source, request)

    @reading
    def list(self) -> Sequence[Import]:
        """The imports since the start of the app, newest first."""
        return self._imports.list()

    @reading
    def get(self, import_id: str) -> Import:
        """One of them; raises NotFound."""
        return self._imports.get(import_id)

    @changing
    def cancel(self, import_id: str) -> Import:
        """Cancels an import that is running; an ended one leaves the list."""
        return self._imports.cancel(import_id)

    def _source(self, request: RemoteRequest) -> Source:
        self.check_allowed()
        return parse(request.address, self._hosts)

    @property
    def _hosts(self) -> Sequence[str]:
        return [host for host in self._settings.remote_hosts.split(",") if host]

    def _begin(self, verb: Literal["look", "take"], source: Source, request: RemoteRequest) -> Reading:
        limit = self._settings.max_upload_mb << 20
        return Reading(verb, source, request, self._settings.incoming_dir, limit, self._hosts)


def _found(source: Source, facts: dict[str, Any], data: Path, request: RemoteRequest) -> Found:
    origin = origin_of(source, facts)
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
