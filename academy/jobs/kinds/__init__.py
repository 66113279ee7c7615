"""Kinds of jobs, by their name in the journal; all share the queue, the warden, the log, the events and the cancel."""

from __future__ import annotations

from academy.errors import Unavailable
from academy.jobs.kinds.convert import CONVERT
from academy.jobs.kinds.evaluate import EVALUATE
from academy.jobs.kinds.export import EXPORT
from academy.jobs.kinds.kind import Kind, Needs
from academy.jobs.kinds.question import QUESTION
from academy.jobs.kinds.sweep import SWEEP
from academy.jobs.kinds.train import TRAIN

__all__ = ["KINDS", "Kind", "Needs", "named", "needs_of"]

KINDS: dict[str, Kind] = {kind.name: kind for kind in (TRAIN, EVALUATE, CONVERT, SWEEP, EXPORT, QUESTION)}


def named(name: str) -> Kind:
    """The kind of that name; raises Unavailable for one of a later version."""
    if name not in KINDS:
        raise Unavailable("This version of Academy has no jobs of the kind {name!r}.", hint="Update Academy.", name=name[:40])
    return KINDS[name]


def needs_of(name: str) -> Needs:
    """What jobs of that kind need; one of a later version needs nothing, since it only fails."""
    return KINDS[name].needs if name in KINDS else "nothing"
