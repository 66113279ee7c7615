"""What a backend is: it starts wardens, reports whether they live, and ends them; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from academy.jobs.store import Job
from academy.messages import Text

GRACE_SECONDS = 5.0
"""How long a program may take to end after it was told to."""
ROOT = Path(__file__).resolve().parents[3]
WARDEN = ROOT / "academy" / "jobs" / "warden.py"


@dataclass(frozen=True)
class Seen:
    """Paths as the program sees them."""

    folder: Path
    root: Path  # for PYTHONPATH: the folder that holds `academy`
    python: str
    dataset: Path
    evaluation: Path | None
    base: Path | None
    continue_from: Path | None
    earlier: Mapping[str, Path] = field(default_factory=dict)  # datasets that were taught before, by id
    preferences: Path | None = None  # pairs and thumbs, where the program learns from them


@dataclass(frozen=True)
class Command:
    """What the warden runs."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    grace_seconds: float = GRACE_SECONDS
    image: str | None = None
    inherit: tuple[str, ...] = ()  # variables taken from the warden's own environment: in a container, the image's
    keep_bars: bool = False  # the progress bars stay in the log, for a program that is read by its log

    def as_json(self) -> dict[str, Any]:
        """The content of `command.json`."""
        own = {"argv": self.argv, "env": self.env, "cwd": self.cwd, "grace_seconds": self.grace_seconds}
        return own | {"inherit": list(self.inherit), "keep_bars": self.keep_bars}


@dataclass(frozen=True)
class Death:
    """What a backend knows of an end that no warden recorded; `said` is a sentence, or empty."""

    said: Text = ""
    exit_code: int | None = None
    signal: str | None = None
    oom: bool = False
    interrupted: bool = False  # the engine's own restart ended it, and no person asked for that
    refused: bool = False  # it could not be started; `said` is the whole sentence
    never_began: bool = False  # the app died before it had started anything


class Backend(Protocol):
    """One place where programs of jobs run. Each call returns quickly, since the runner's tick makes it.

    A job's folder is the app's own copy: a backend on another machine brings the events, the log and the results there by itself.
    """

    name: str

    def look(self, gpus: bool) -> Text:
        """What it offers on a machine with or without GPUs; raises Unavailable if nothing can run in it."""
        ...

    def check(self, image: str | None) -> None:
        """Raises an AcademyError, when a job is submitted, for anything that would keep it from starting."""
        ...

    def seen(self, job: Job) -> Seen:
        """The paths as the job's program sees them."""
        ...

    def start(self, job: Job, command: Command) -> dict[str, Any]:
        """Starts a warden for the job; returns what is already certain of the worker."""
        ...

    def alive(self, job: Job) -> bool | None:
        """Whether any process of the job lives; None if that is unknown at the moment."""
        ...

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The program's pid, the backend and the container, as soon as they are certain."""
        ...

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """Tells the warden to end the job, as often as it is called; with `force` the job is killed."""
        ...

    def record(self, job: Job) -> dict[str, Any] | None:
        """The warden's record of the end, unchecked: in a container the program can write one too. None if there is none."""
        ...

    def autopsy(self, job: Job) -> Death:
        """How the job ended, if the warden left no record."""
        ...

    def rebooted(self, job: Job) -> bool:
        """Whether the machine of the job was restarted since the job started."""
        ...

    def clean(self, job: Job) -> None:
        """Removes what the backend itself left behind."""
        ...
