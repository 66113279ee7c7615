"""The journal of the arena: duels and votes, a JSON object a line, appended and never rewritten."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.arena.questions import folded
from academy.arena.ratings import Tally
from academy.errors import Conflict, NotFound
from academy.files import append_line, now

log = logging.getLogger(__name__)

BASE = "base"
"""As an adapter id: the base model without any adapter."""

Winner = Literal["a", "b", "tie"]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=())


class Side(_Line):
    """An answer of a duel and its author."""

    adapter_id: str
    name: str
    base_model: str
    text: str

    @property
    def key(self) -> str:
        """The author's name in a ranking; a base model is known by its own name."""
        return key_of(self.adapter_id, self.base_model)


class Duel(_Line):
    """A question with two answers, in the random order in which a person reads them."""

    event: Literal["duel"] = "duel"
    duel_id: str = Field(default_factory=lambda: secrets.token_hex(8))
    created_at: str = Field(default_factory=now)
    question: str
    expected: str = ""
    origin: Literal["arena", "chat"] = "arena"
    history: list[list[str]] = []
    sampling: dict[str, Any] = {}
    a: Side
    b: Side


class Vote(_Line):
    """The better side of a duel; `judge` is the model that judged, empty for a person."""

    event: Literal["vote"] = "vote"
    duel_id: str
    created_at: str = Field(default_factory=now)
    winner: Winner
    judge: str = ""


class Skip(_Line):
    """A duel that a person passes over: no vote and no tie."""

    event: Literal["skip"] = "skip"
    duel_id: str
    created_at: str = Field(default_factory=now)


class Alike(_Line):
    """Two authors that gave the same answer to a question, so that there was nothing to vote on."""

    event: Literal["alike"] = "alike"
    created_at: str = Field(default_factory=now)
    question: str
    authors: list[str]


Line = Duel | Vote | Skip | Alike

_KINDS: dict[str, type[Line]] = {"duel": Duel, "vote": Vote, "skip": Skip, "alike": Alike}


class Journal:
    """The duels and votes of a data folder, read once and then held; safe to use from several threads.

    A line counts when it is complete on the disk. Of several votes by the same on one duel the first counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._duels: dict[str, Duel] = {}
        self._votes: dict[tuple[str, bool], Vote] = {}
        self._skipped: set[str] = set()
        self._asked: dict[frozenset[str], set[str]] = {}
        self._alike = 0
        self._open = False

    @property
    def revision(self) -> int:
        """A number that is the same as long as nothing was added."""
        with self._lock:
            self._read()
            return len(self._duels) + len(self._votes) + len(self._skipped) + self._alike

    def get(self, duel_id: str) -> Duel:
        """One duel; raises NotFound."""
        with self._lock:
            self._read()
            duel = self._duels.get(duel_id)
        if duel is None:
            raise NotFound("There is no duel {duel_id!r}.", hint="POST /arena/duels makes one.", duel_id=duel_id[:80])
        return duel

    def newest(self, origin: str = "arena") -> Duel | None:
        """The newest duel of an origin."""
        with self._lock:
            self._read()
            return next((duel for duel in reversed(self._duels.values()) if duel.origin == origin), None)

    def vote_of(self, duel_id: str, *, judge: bool = False) -> Vote | None:
        """The vote of a person, or of the judge, that counts on a duel."""
        with self._lock:
            self._read()
            return self._votes.get((duel_id, judge))

    def is_skipped(self, duel_id: str) -> bool:
        """Whether a person has passed over a duel."""
        with self._lock:
            self._read()
            return duel_id in self._skipped

    def votes(self, *, judge: bool = False) -> Sequence[tuple[Duel, Vote]]:
        """The votes of persons, or of the judge, that count, each with its duel, in their order."""
        with self._lock:
            self._read()
            return [(self._duels[duel_id], vote) for (duel_id, by_judge), vote in self._votes.items() if by_judge == judge]

    def asked(self, first: str, second: str) -> frozenset[str]:
        """The questions, folded, that two authors have answered against each other."""
        with self._lock:
            self._read()
            return frozenset(self._asked.get(frozenset((first, second)), ()))

    def add(self, line: Line) -> None:
        """Appends a line; raises NotFound for a vote on no duel, and Conflict for a second vote on one, as for one that is skipped."""
        with self._lock:
            self._read()
            if isinstance(line, Vote | Skip):
                self.get(line.duel_id)
                if (line.duel_id, isinstance(line, Vote) and bool(line.judge)) in self._votes:
                    raise Conflict("This duel has its vote.", hint="Its names are known now; make another duel.")
                if line.duel_id in self._skipped:
                    raise Conflict("This duel was skipped.", hint="Make another duel.")
            append_line(self._path, line.model_dump_json())
            self._take(line)

    def _read(self) -> None:
        if self._open:
            return
        self._open, skipped = True, 0
        for line in _lines(self._path):
            found = _parsed(line)
            skipped += found is None
            if found is not None:
                self._take(found)
        if skipped:
            log.warning("%d damaged lines of %s are skipped.", skipped, self._path.name)

    def _take(self, line: Line) -> None:
        if isinstance(line, Duel):
            self._duels[line.duel_id] = line
            self._asked.setdefault(frozenset((line.a.key, line.b.key)), set()).add(folded(line.question))
        elif isinstance(line, Alike):
            self._alike += 1
            self._asked.setdefault(frozenset(line.authors), set()).add(folded(line.question))
        elif isinstance(line, Skip):
            if line.duel_id in self._duels and (line.duel_id, False) not in self._votes:
                self._skipped.add(line.duel_id)
        elif line.duel_id in self._skipped:
            return
        elif line.duel_id in self._duels:
            self._votes.setdefault((line.duel_id, bool(line.judge)), line)


def key_of(adapter_id: str, base_model: str) -> str:
    """The name of an author in a ranking: an adapter's id, which holds no colon, or a base model behind "base:"."""
    return f"{BASE}:{base_model}" if adapter_id == BASE else adapter_id


def tallies(votes: Sequence[tuple[Duel, Vote]]) -> dict[tuple[str, str], Tally]:
    """The votes by pair of authors, each pair under one order."""
    found: dict[tuple[str, str], Tally] = {}
    for duel, vote in votes:
        tally = Tally(wins=vote.winner == "a", ties=vote.winner == "tie", losses=vote.winner == "b")
        first, second = duel.a.key, duel.b.key
        if first > second:
            first, second, tally = second, first, tally.turned()
        found[first, second] = found.get((first, second), Tally()) + tally
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from file
    except FileNotFoundError:
        return


def _parsed(line: bytes) -> Line | None:
    """The line as data; None for a torn or damaged one."""
    try:
        value = json.loads(line)
        return _KINDS[value["event"]].model_validate(value)
    except (ValueError, ValidationError, TypeError, KeyError, RecursionError):
        return None
