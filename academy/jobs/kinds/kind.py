"""What the queue and the runner ask of a kind of job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from academy.config import Settings
from academy.jobs.backends import Command, Seen
from academy.jobs.recipes import Recipe
from academy.jobs.store import Inputs, Job
from academy.messages import Text

Needs = Literal["device", "memory", "nothing"]
"""A device: a GPU to itself, or the CPU where there is none. Memory: much of the machine's, beside a training. Nothing: starts at once."""


@dataclass(frozen=True)
class Kind:
    """One kind of job: what it takes, what it runs, and how its result is verified."""

    name: str
    title: Text
    stem: str  # job ids begin with it: `training_20260101_120000_1f2e`
    spec: type[BaseModel]
    needs: Needs
    requires: frozenset[str]  # the inputs without which it cannot be queued
    result: str  # what it leaves, which is also the cause of a failure where `accept` refuses it
    incomplete: Text  # the sentence for a job that says it finished, where `accept` refuses its result
    parameters: Callable[[Any], dict[str, Any]]  # of the spec, as the journal keeps them
    space: Callable[[Inputs, dict[str, Any]], int]  # the bytes that its folder will take, roughly
    spec_file: Callable[[Job, Seen], dict[str, Any]]  # the content of spec.json
    command: Callable[[Job, Seen, Settings, Recipe | None], Command]
    accept: Callable[[Job, Seen, Recipe | None], dict[str, Any]]
    """Verifies the result and puts it in its place; returns the journal's fields for it, or raises an AcademyError."""
    resume: Literal["checkpoint", "restart", "never"] = "restart"
    changeable: frozenset[str] = frozenset()  # the parameters that a resume may change
    keeps_on_stop: bool = False  # whether a stop keeps what is done so far; otherwise a stop is a cancel
