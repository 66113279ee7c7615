"""Keeps a trainer warm while a training is likely to begin, and gives its memory back while it is not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from academy.config import Settings
from academy.habitat import Component, Habitat
from academy.jobs.backends.standby import IDLE_SECONDS, Standby
from academy.jobs.kinds import needs_of
from academy.jobs.kinds.commands import warm_command
from academy.jobs.store import ENDED, Job, JobStore
from academy.messages import Text, msg

IMPORTS_MB = 500
"""The main memory of a trainer that has imported its libraries."""
_SPARE_MB = 1024
_RECENT_JOBS = 20
_AWAY_SECONDS = 60.0  # after so long without a look the Training tab counts as opened again


@dataclass(frozen=True)
class Plan:
    """Whether a trainer may be kept warm, with the base model or without, and else why not."""

    warm: bool
    base: bool = False
    reason: Text = ""


def plan(*, wanted: bool, busy: bool, available_mb: int, base_mb: int) -> Plan:
    """Decides by the setting, whether a training has the device or waits for it, and the main memory (MiB; the base's on the disk)."""
    if not wanted:
        return Plan(False, reason="Switched off (ACADEMY_WARM_TRAINER=false).")
    if busy:
        return Plan(False, reason="It starts again after the training that runs.")
    if available_mb < IMPORTS_MB + _SPARE_MB:
        return Plan(False, reason=msg("It needs {n} MB of free memory.", n=IMPORTS_MB + _SPARE_MB))
    # Twice the file: bf16 weights may be loaded as fp32.
    return Plan(True, base=0 < 2 * base_mb < available_mb - IMPORTS_MB - 2 * _SPARE_MB)


class Warming:
    """Decides when a trainer is started in advance."""

    def __init__(self, settings: Settings, standby: Standby, habitat: Habitat, jobs: JobStore) -> None:
        self._settings = settings
        self._standby = standby
        self._habitat = habitat
        self._jobs = jobs
        self._seen = float("-inf")

    def look(self) -> None:
        """The form of a training is visible: when that begins, a trainer is started; one that is given back during it stays away."""
        now = time.monotonic()
        opened, self._seen = now - self._seen > _AWAY_SECONDS, now
        if opened:
            self.prepare()

    def after(self, job: Job) -> None:
        """Called with every change of a job: after one on the device another one is likely."""
        if job.status in ENDED and needs_of(job.kind) == "device" and job.started_at:
            self.prepare()

    def prepare(self) -> None:
        """Starts a trainer in advance, where that is allowed and there is memory for it."""
        base = self._last_base()
        decided = self._plan(base)
        if decided.warm:
            command = warm_command(self._settings, self._standby.python, self._standby.root)
            self._standby.prepare(command, base if decided.base else None)

    def component(self) -> Component:
        """What stands by and what it needs, for the Overview."""
        state = self._standby.state()
        if state.stage == "none":
            decided = self._plan(None)
            return Component("warm", False, decided.reason or "It starts when you open the Training tab, and after a training.")
        if state.stage == "starting":
            return Component("warm", True, "A trainer is loading the libraries in advance.")
        minutes = round(IDLE_SECONDS / 60)
        held = "Ready with {base}, in {n} MB of memory; given back after {minutes} idle minutes."
        bare = "Ready, in {n} MB of memory; given back after {minutes} idle minutes."
        name = state.base.name if state.base else ""
        return Component("warm", True, msg(held if state.base else bare, base=name, n=state.memory_mb, minutes=minutes))

    def close(self) -> None:
        """Gives the trainer back that stands by; one that has a job keeps it."""
        self._standby.give_back()

    def _plan(self, base: Path | None) -> Plan:
        wanted = self._settings.warm_trainer and self._settings.backend == "subprocess" and self._habitat.training().ok
        return plan(
            wanted=wanted,
            busy=any(needs_of(job.kind) == "device" for job in self._jobs.open_jobs()),
            available_mb=self._habitat.memory()["available_mb"],
            base_mb=_weights_mb(base) if base else 0,
        )

    def _last_base(self) -> Path | None:
        """The base of the newest job on the device, if it is still here."""
        jobs = self._jobs.list(_RECENT_JOBS)
        paths = (Path(job.base_path) for job in jobs if job.base_path and needs_of(job.kind) == "device" and not job.recipe)
        return next((path for path in paths if path.is_dir()), None)


def _weights_mb(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) >> 20
