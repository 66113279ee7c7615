"""The state of a race, as its program leaves it in the job's folder: read with care, rendered for a reader."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.jobs import folder as job_folder
from academy.jobs.reading import progress
from academy.jobs.store import ENDED, Job
from academy.messages import from_json, msg, render

_MOST_BYTES = 1 << 20

TrialState = Literal["waiting", "racing", "behind", "stopped", "finished", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Score(_Part):
    """What was measured of a trial last."""

    loss: float
    known: int | None = None


class Trial(_Part):
    """One choice of settings, and how far it is."""

    n: int = Field(ge=1, le=1000)
    parameters: dict[str, Any]
    state: TrialState = "waiting"
    step: int = Field(default=0, ge=0)
    total_steps: int = Field(default=0, ge=0)
    seconds: float = 0.0
    score: Score | None = None
    parent: int | None = None
    repeats: int | None = None
    reason: Any = None

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self.state in ("waiting", "racing")


class Best(_Part):
    """The first, and the interval of its advantage over the second."""

    n: int
    against: int | None
    mean: float | None
    low: float | None
    high: float | None
    is_better: bool


class Race(_Part):
    """A race as `race.json` holds it; in a container the program could write anything, so its shape is checked."""

    trials: list[Trial]
    phase: Literal["race", "repeat", "publish"]
    measure: Literal["known", "held_out", "loss"]
    best: Best | None
    importance: dict[str, float]
    sentence: Any


def race_of(job: Job) -> Race:
    """The race of a job; before its program has begun, the planned trials that wait."""
    raw = job_folder.read_plain(job.folder.race, _MOST_BYTES)
    try:
        return _read(raw) if raw else _planned(job)
    except ValidationError:
        return _planned(job)


def trial_job(job: Job, n: int) -> Job:
    """A trial as a job of its own, whose events can be read like any other's."""
    return dataclasses.replace(job, job_id=f"{job.job_id}.{n}", output_dir=str(job.folder.trials / str(n)), recipe=None)


def points_of(job: Job, n: int) -> list[dict[str, Any]]:
    """The points of a trial's curves."""
    return progress.points(trial_job(job, n))


def shown(job: Job, *, points: bool) -> dict[str, Any]:
    """The race as replies show it (contract, row 24); texts in the current language."""
    race = race_of(job)
    trials = [_shown(trial, job) | ({"points": points_of(job, trial.n)} if points else {}) for trial in race.trials]
    return {
        "id": job.job_id,
        "job_id": job.job_id,
        "kind": job.kind,
        "name": job.name,
        "status": job.status,
        "error": render(job.error) if job.error else None,
        "created_at": job.created_at,
        "dataset_id": job.dataset_id,
        "base_model": job.base_model,
        "phase": race.phase,
        "measure": race.measure,
        "trials": trials,
        "best": race.best.model_dump() if race.best else None,
        "importance": race.importance,
        "sentence": render(from_json(race.sentence)),
        "adapter_id": job.job_id if job.adapter_path else None,
        "budget_seconds": job.parameters["sweep"]["budget_seconds"],
    }


def _shown(trial: Trial, job: Job) -> dict[str, Any]:
    value = None if trial.score is None else trial.score.known if trial.score.known is not None else trial.score.loss
    ended = trial.alive and job.status in ENDED
    return trial.model_dump(exclude={"score", "reason"}) | {
        "state": "stopped" if ended else trial.state,
        "value": value,
        "loss": trial.score.loss if trial.score else None,
        "known": trial.score.known if trial.score else None,
        "reason": render(msg("The race was ended.")) if ended else render(from_json(trial.reason)),
    }


@functools.lru_cache(maxsize=16)
def _read(raw: bytes) -> Race:
    return Race.model_validate_json(raw)


def _planned(job: Job) -> Race:
    trials = [Trial(n=n, parameters=parameters) for n, parameters in enumerate(job.parameters["sweep"]["trials"], 1)]
    measure = "known" if job.parameters.get("goal") == "facts" else "held_out" if job.eval_path else "loss"
    return Race(trials=trials, phase="race", measure=measure, best=None, importance={}, sentence="")
