"""Where trainers run. A backend starts wardens, says whether they live and ends them; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from academy.jobs.store import Job


@dataclass(frozen=True)
class Seen:
    """Where things lie as the trainer sees them."""

    folder: Path
    root: Path  # what PYTHONPATH names: the folder that holds `academy`
    python: str
    dataset: Path
    evaluation: Path | None
    base: Path | None
    continue_from: Path | None


@dataclass(frozen=True)
class Command:
    """What the warden runs."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    grace_seconds: float = 5.0
    image: str | None = None
    inherit: tuple[str, ...] = ()  # what is taken from the warden's own environment: in a container, the image's
    keep_bars: bool = False  # for a trainer that is understood by its log

    def as_json(self) -> dict[str, Any]:
        """As `command.json` holds it."""
        told = {"argv": self.argv, "env": self.env, "cwd": self.cwd, "grace_seconds": self.grace_seconds}
        return told | {"inherit": list(self.inherit), "keep_bars": self.keep_bars}


@dataclass(frozen=True)
class Death:
    """What a backend knows of an end that no warden recorded; `said` is a sentence, or empty."""

    said: str = ""
    exit_code: int | None = None
    signal: str | None = None
    oom: bool = False
    interrupted: bool = False  # by the engine's own restart, not by anybody's wish
    refused: bool = False  # it could not be started; `said` is the whole sentence
    never_began: bool = False  # the app died before it had started anything


class Backend(Protocol):
    """One place where trainers run. None of these may take long: they are called from the runner's tick."""

    name: str

    def check(self, image: str | None) -> None:
        """Raises an AcademyError at submit for what would keep the job from starting."""
        ...

    def seen(self, job: Job) -> Seen:
        """Where the trainer of this job finds its things."""
        ...

    def start(self, job: Job, folder: Path, command: Command) -> dict[str, Any]:
        """Starts a warden for the job; what is known of the worker at once."""
        ...

    def alive(self, job: Job) -> bool | None:
        """Whether anything of the job lives; None where that cannot be said now."""
        ...

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The trainer's pid, the backend and the container, once known."""
        ...

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """Asks the warden to end the job (again and again, if need be); with force nothing is asked."""
        ...

    def autopsy(self, job: Job) -> Death:
        """How it ended, where the warden left no record."""
        ...

    def clean(self, job: Job) -> None:
        """Removes what the backend itself left behind."""
        ...
