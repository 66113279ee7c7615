"""Routes of races: several settings at once on one base."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query
from pydantic import Field

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, Reply
from academy.api.wire import Exact, Id
from academy.jobs.kinds.sweep import CloneRequest, SweepRequest
from academy.jobs.store import Job, Status
from academy.messages import Text, msg

_RACE: dict[str, Any] = {
    "learning rate and rank around the Professor's choice": {"value": {"trials": 6}},
    "values of your own": {
        "value": {"space": {"learning_rate": {"low": 0.0005, "high": 0.004, "log": True}, "lora_rank": [8, 16]}, "budget_seconds": 1800}
    },
}
_Number = Annotated[int, Path(ge=1, le=1000)]

api = router(tags=["sweeps"])


class RaceIn(Exact, SweepRequest):
    """What to race; without a space the learning rate and the rank around the Professor's choice."""


class CloneIn(Exact, CloneRequest):
    """How the clone differs."""


class TrialReply(Reply):
    n: int
    parameters: dict[str, Any]
    state: str
    step: int
    total_steps: int
    value: float | None
    parent: int | None
    repeats: int | None
    reason: str


class FollowedTrial(TrialReply):
    points: list[dict[str, Any]]


class BestReply(Reply):
    n: int
    against: int | None
    low: float | None
    high: float | None
    is_better: bool


class SweepFacts(Reply):
    id: str
    job_id: str
    name: str
    status: Status
    phase: str
    measure: str
    best: BestReply | None
    importance: dict[str, float]
    sentence: str
    adapter_id: str | None


class SweepItem(SweepFacts):
    trials: list[TrialReply]


class SweepReply(SweepFacts):
    trials: list[FollowedTrial]


class SweepsReply(Reply):
    count: int
    items: list[SweepItem]


class StartedReply(Reply):
    success: bool = True
    id: str
    job_id: str
    name: str
    status: Status
    message: Text
    trials: list[dict[str, Any]]

    @classmethod
    def of(cls, job: Job) -> StartedReply:
        """The queued race, with the settings of each trial."""
        message = msg("The race {job} is {status}.", job=job.name, status=msg(job.status))
        trials = [{"n": n, "parameters": parameters} for n, parameters in enumerate(job.parameters["sweep"]["trials"], 1)]
        return cls(id=job.job_id, job_id=job.job_id, name=job.name, status=job.status, message=message, trials=trials)


class SweepsQuery(Asked):
    limit: int = Field(default=50, ge=1, le=500)


@api.post("/sweeps")
async def race(academy: TheAcademy, slow: Slow, request: Annotated[RaceIn | None, Body(openapi_examples=_RACE)] = None) -> StartedReply:
    """Queues a race; its progress, log and cancel are those of every job."""
    return StartedReply.of(await slow.run(academy.training.race, request or SweepRequest()))


@api.get("/sweeps")
def list_sweeps(academy: TheAcademy, request: Annotated[SweepsQuery, Query()]) -> SweepsReply:
    """The races, newest first; without the points of their trials."""
    found = academy.sweeps.list(request.limit)
    return SweepsReply(count=len(found), items=[SweepItem.model_validate(item) for item in found])


@api.get("/sweeps/{sweep_id}")
def sweep(academy: TheAcademy, sweep_id: Id) -> SweepReply:
    """One race: its trials with their curves, the first with its interval, and how much each setting mattered."""
    return SweepReply.model_validate(academy.sweeps.get(sweep_id))


@api.delete("/sweeps/{sweep_id}")
async def delete_sweep(academy: TheAcademy, slow: Slow, sweep_id: Id) -> Done:
    """Deletes a race that has ended, with its adapter unless that is active; one that has not is cancelled."""
    await slow.run(academy.sweeps.delete, sweep_id)
    return Done(message="The race is deleted, or is being cancelled if it was running.")


@api.post("/sweeps/{sweep_id}/trials/{n}/stop")
async def stop_trial(academy: TheAcademy, slow: Slow, sweep_id: Id, n: _Number) -> Done:
    """Stops a trial at its next step; the race goes on without it."""
    await slow.run(academy.sweeps.stop, sweep_id, n)
    return Done(message=msg("Trial {n} stops.", n=n))


@api.post("/sweeps/{sweep_id}/trials/{n}/clone")
async def clone_trial(academy: TheAcademy, slow: Slow, sweep_id: Id, n: _Number, request: CloneIn | None = None) -> Done:
    """Lets another trial go on from where this one is, with another learning rate."""
    await slow.run(academy.sweeps.clone, sweep_id, n, request or CloneRequest())
    return Done(message=msg("Trial {n} is cloned at its next turn.", n=n))
