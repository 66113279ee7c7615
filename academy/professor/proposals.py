"""Proposals and decisions on the disk: JSON lines, only appended to, readable with `jq`."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from academy.errors import Conflict, NotFound
from academy.files import append_line, now, tail_bytes
from academy.messages import Text, from_json, msg, render, to_json

log = logging.getLogger(__name__)

State = Literal["open", "accepted", "declined", "superseded"]

_STATES = get_args(State)
_LAST_BYTES = 1 << 20  # of the decisions, which the page shows


@dataclass(frozen=True)
class Proposal:
    """An adapter that is proposed to answer in the chat; `against` is the id of the one that answered then, None for the base alone."""

    id: str
    adapter_id: str
    name: str
    reasons: Sequence[Text]
    report_id: str
    created_at: str
    against: str | None = None
    against_name: str = ""
    state: State = "open"
    decided_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as replies show them: texts in the current language."""
        return vars(self) | {"reasons": [render(reason) for reason in self.reasons]}


class ProposalStore:
    """All proposals; the last line of an id counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._all: dict[str, Proposal] = {}
        for values in _lines(path.read_bytes() if path.exists() else b""):
            if found := _proposal(values):
                self._all[found.id] = found

    def list(self) -> list[Proposal]:
        """All of them, the newest first."""
        with self._lock:
            return [*reversed(self._all.values())]

    def get(self, proposal_id: str) -> Proposal:
        """One proposal; raises NotFound."""
        with self._lock:
            found = self._all.get(proposal_id)
        if found is None:
            raise NotFound("There is no proposal {id!r}.", hint="GET /professor/proposals lists them.", id=proposal_id[:80])
        return found

    def open(self) -> Proposal | None:
        """The one that waits for a decision; a new one supersedes it, so there is at most one."""
        return next((item for item in self.list() if item.state == "open"), None)

    def add(
        self, adapter_id: str, name: str, reasons: Sequence[Text], report_id: str, against: str | None, against_name: str = ""
    ) -> Proposal:
        """Writes a new proposal; the open one before it is superseded."""
        with self._lock:
            if before := self.open():
                self.decide(before.id, "superseded")
            stamp = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
            made = Proposal(f"proposal_{stamp}", adapter_id, name, [*reasons], report_id, now(), against, against_name)
            return self._write(made)

    def decide(self, proposal_id: str, state: State) -> Proposal:
        """Ends an open proposal; raises Conflict where it has ended."""
        with self._lock:
            found = self.get(proposal_id)
            if found.state != "open":
                raise Conflict("This proposal is {state}.", hint="Only an open one can be decided.", state=msg(found.state))
            return self._write(replace(found, state=state, decided_at=now()))

    def _write(self, proposal: Proposal) -> Proposal:
        append_line(self._path, _json(vars(proposal) | {"reasons": [to_json(reason) for reason in proposal.reasons]}))
        self._all[proposal.id] = proposal
        return proposal


@dataclass(frozen=True)
class Decision:
    """A record of what was decided and why; `about` holds the ids that it concerns."""

    what: Literal["proposed", "refused", "measures", "waits", "curates", "trains", "failed"]
    sentences: Sequence[Text]
    at: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fields as replies show them: texts in the current language."""
        return vars(self) | {"sentences": [render(sentence) for sentence in self.sentences]}


class Decisions:
    """The decisions of the gate and of the autopilot, in the order in which they were made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, list[Decision]] = (-1, [])  # the size of the file, and its last decisions: a page asks every second

    def add(self, decision: Decision) -> Decision:
        """Writes a decision, with the time."""
        made = replace(decision, at=decision.at or now())
        append_line(self._path, _json(vars(made) | {"sentences": [to_json(sentence) for sentence in made.sentences]}))
        return made

    def last(self, limit: int = 50) -> list[Decision]:
        """The newest first."""
        size = self._path.stat().st_size if self._path.exists() else 0
        if self._read[0] != size:
            found = [decision for values in _lines(tail_bytes(self._path, _LAST_BYTES)) if (decision := _decision(values))]
            self._read = size, found[::-1]
        return self._read[1][:limit]


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def _lines(raw: bytes) -> list[dict[str, Any]]:
    """The objects of the lines; a torn or damaged line is passed over."""
    found = []
    for line in raw.splitlines():
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            log.warning("A damaged line of the Professor's records is passed over.")
            continue
        if isinstance(values, dict):
            found.append(values)
    return found


def _proposal(values: dict[str, Any]) -> Proposal | None:
    names = ("id", "adapter_id", "name", "report_id", "created_at")
    if values.get("state") not in _STATES or not all(isinstance(values.get(name), str) for name in names):
        return None
    known: dict[str, Any] = {name: values[name] for name in Proposal.__dataclass_fields__ if name in values}
    known["reasons"] = _texts(values.get("reasons"))
    return Proposal(**known)


def _decision(values: dict[str, Any]) -> Decision | None:
    what, at, about = values.get("what"), values.get("at"), values.get("about")
    if not isinstance(what, str) or not isinstance(at, str):
        return None
    return Decision(what, _texts(values.get("sentences")), at, about if isinstance(about, dict) else {})  # type: ignore[arg-type]


def _texts(value: Any) -> list[Text]:
    return [text for item in value if (text := from_json(item))] if isinstance(value, list) else []
