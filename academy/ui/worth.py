"""What is worth doing next, from the state of everything: pure, tested by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from academy.messages import Text

Key = Literal["proposed", "refused", "watch", "failed", "verdict", "activate", "train", "lessons", "measure", "real", "chat"]


@dataclass(frozen=True)
class Situation:
    """What the decision needs. A pair is an id and a name; None where there is none."""

    running: tuple[str, str] | None = None
    failed: tuple[str, str] | None = None  # the newest job, where it failed
    newest: tuple[str, str] | None = None  # the newest adapter
    verdict: str = ""  # of the newest adapter; empty: not measured
    active: tuple[str, str] | None = None
    proposed: tuple[str, str, Text] | None = None  # the proposal, the name of its adapter, and the first reason
    refused: Text = ""  # why the gate does not propose the newest adapter instead of the active one
    untrained: tuple[str, str] | None = None  # the newest dataset, where no training has learned from it
    new_lessons: int = 0  # lessons to train on that no training has seen
    only_bundled: bool = True  # no adapter of a real model


@dataclass(frozen=True)
class Step:
    """One thing to do; `values` fill its texts."""

    key: Key
    item: str = ""  # the id of what it is about
    values: dict[str, Any] = field(default_factory=dict)


def steps(at: Situation) -> list[Step]:
    """What is worth doing, the most useful first; there is always something."""
    found: list[Step] = []
    if at.proposed:
        found.append(Step("proposed", at.proposed[0], {"name": at.proposed[1], "reason": at.proposed[2]}))
    if at.running:
        found.append(Step("watch", at.running[0], {"name": at.running[1]}))
    if at.failed and not at.running:
        found.append(Step("failed", at.failed[0], {"name": at.failed[1]}))
    good = at.verdict in ("", "ready")
    if at.newest and not good:
        found.append(Step("verdict", at.newest[0], {"name": at.newest[1], "verdict": at.verdict}))
    if at.newest and good and at.refused:
        found.append(Step("refused", at.newest[0], {"name": at.newest[1], "reason": at.refused}))
    elif at.newest and good and at.newest != at.active and not at.proposed:
        found.append(Step("activate", at.newest[0], {"name": at.newest[1]}))
    if at.untrained and not at.running:
        found.append(Step("train", at.untrained[0], {"name": at.untrained[1]}))
    if at.new_lessons and not at.untrained:
        found.append(Step("lessons", values={"n": at.new_lessons}))
    if at.newest and not at.verdict and not at.running:
        found.append(Step("measure", at.newest[0], {"name": at.newest[1]}))
    if at.only_bundled:
        found.append(Step("real"))
    if at.active:
        found.append(Step("chat", at.active[0], {"name": at.active[1]}))
    return found
