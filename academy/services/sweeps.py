"""The verbs of races: look at them, stop or clone a trial, delete them. `Training.race` starts one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from academy.errors import Conflict, NotFound
from academy.files import disk_errors, write_json
from academy.jobs import folder as job_folder
from academy.jobs.kinds.sweep import CloneRequest
from academy.jobs.reading import races
from academy.jobs.reading.series import Point, series
from academy.jobs.running.runner import Runner
from academy.jobs.store import ACTIVE, ENDED, Job, JobStore
from academy.messages import msg
from academy.services.permission import Permission, changing, reading


class Sweeps:
    """Everything that can be done with races that exist."""

    def __init__(self, permission: Permission, jobs: JobStore, runner: Runner) -> None:
        self._permission = permission
        self._jobs = jobs
        self._runner = runner

    @reading
    def list(self, limit: int = 50) -> Sequence[dict[str, Any]]:
        """The races, newest first, without the points of their trials."""
        return [races.shown(job, points=False) for job in self._jobs.list(limit, kind="sweep")]

    @reading
    def get(self, sweep_id: str, *, points: bool = True) -> dict[str, Any]:
        """One race with its trials and their points; raises NotFound."""
        return races.shown(self._race(sweep_id), points=points)

    @reading
    def trial(self, sweep_id: str, n: int) -> dict[str, Any]:
        """One trial without its points; raises NotFound."""
        job = self._race(sweep_id)
        found = next((trial for trial in races.shown(job, points=False)["trials"] if trial["n"] == n), None)
        if found is None:
            raise NotFound("{job} has no trial {n}.", job=job.name, n=n)
        return found

    @reading
    def series(self, sweep_id: str, n: int) -> Sequence[Point]:
        """The points of a trial with the seconds and the tokens since its start."""
        return series(races.points_of(self._race(sweep_id), n))

    @changing
    def stop(self, sweep_id: str, n: int) -> None:
        """Stops a trial at its next step; the race goes on without it."""
        job = self._going(sweep_id)
        self._alive(job, n)
        with disk_errors("the request to stop"):
            job_folder.touch(_folder(job, n) / "stop")

    @changing
    def clone(self, sweep_id: str, n: int, request: CloneRequest) -> None:
        """Lets another trial go on from where this one is, with another learning rate; without one, with half."""
        job = self._going(sweep_id)
        trial = self._alive(job, n)
        if not trial.step or trial.repeats is not None:
            raise Conflict("Trial {n} has nothing to be cloned yet.", hint="Wait for its first turn.", n=n)
        with disk_errors("the request to clone"):
            write_json(_folder(job, n) / "clone.json", request.model_dump())

    @changing
    def delete(self, sweep_id: str) -> None:
        """Deletes a race that has ended, with its adapter unless that is active; one that has not is cancelled."""
        job = self._race(sweep_id)
        if job.status in ENDED:
            self._runner.delete(sweep_id)
        else:
            self._runner.cancel(sweep_id)

    def _race(self, sweep_id: str) -> Job:
        job = self._jobs.get(sweep_id)
        if job.kind != "sweep":
            raise NotFound("{job} is no race.", hint="GET /sweeps lists them.", job=job.name)
        return job

    def _going(self, sweep_id: str) -> Job:
        job = self._race(sweep_id)
        if job.status not in ACTIVE:
            hint = "Trials are stopped and cloned while it runs."
            raise Conflict("The race {job} is {status}.", hint=hint, job=job.name, status=msg(job.status))
        return job

    def _alive(self, job: Job, n: int) -> races.Trial:
        trial = next((trial for trial in races.race_of(job).trials if trial.n == n), None)
        if trial is None:
            raise NotFound("{job} has no trial {n}.", job=job.name, n=n)
        if not trial.alive:
            raise Conflict(
                "Trial {n} is {state} already.", hint="Only trials that go on are stopped and cloned.", n=n, state=msg(trial.state)
            )
        return trial


def _folder(job: Job, n: int) -> Path:
    """A trial's folder, never through a link: a program in a container may have put one there that leads anywhere."""
    folder = job.folder.trials / str(n)
    if job.folder.trials.is_symlink() or folder.is_symlink() or not folder.is_dir():
        raise Conflict("Trial {n} has not begun yet.", hint="Wait until the race has loaded its base model.", n=n)
    return folder
