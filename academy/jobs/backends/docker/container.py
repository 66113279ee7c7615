"""What the docker backend knows of a job's container."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from academy.jobs.backends.docker.elsewhere import Elsewhere
from academy.jobs.backends.protocol import Command
from academy.jobs.store import Job
from academy.messages import Text


@dataclass
class Container:
    """The state of a job's container. Only one thread at a time talks to the daemon about it."""

    job: Job
    command: Command | None = None  # to be started; None: the container exists already, if any
    state: Literal["new", "starting", "running", "ended", "gone", "never", "refused"] = "new"
    away: bool = False  # the daemon did not answer the last call
    was_away: bool = False  # it failed to answer at some time while the container ran
    error: Text = ""
    container_id: str | None = None
    pid: int | None = None
    exit_code: int | None = None
    oom: bool = False
    kill: Literal["", "SIGTERM", "SIGKILL"] = ""
    told: bool = False  # whether the app told it to end
    ended_at: float | None = None
    clean: bool = False
    created: float = field(default_factory=time.monotonic)  # or when the engine last took something of it
    elsewhere: Elsewhere | None = None  # where the engine does not see the job's folder
    thread: threading.Thread | None = None  # that attends to it, where files travel

    def is_wanted_gone(self) -> bool:
        """Whether a person wants its end."""
        return bool(self.kill)

    def was_heard(self) -> None:
        """The engine took or gave something."""
        self.created = time.monotonic()
