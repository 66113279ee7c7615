"""What an attempt came to and what may start next: decisions without a disk, a clock or a process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import Any

import pytest

from academy.errors import Invalid
from academy.jobs.backends import Death
from academy.jobs.kinds import named
from academy.jobs.kinds.kind import Needs
from academy.jobs.running.concluding import (
    MOST_ATTEMPTS,
    Ending,
    Fetched,
    Left,
    Requeue,
    conclude,
    record_of,
    reports_success,
)
from academy.jobs.running.scheduling import allot, check_share, choose
from academy.jobs.running.watch import Said
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
from academy.messages import msg, to_json
from tests.test_runner import FAILED, FINISHED, HISTORIES, STARTED, STEP

KILLED = Death("Its warden was killed", signal="SIGKILL")


def a_job(number: int = 1, **fields: Any) -> Job:
    values = {"job_id": f"training_{number}", "name": "n", "status": "running", "created_at": "t", "dataset_path": "/d.jsonl"}
    values |= {"base_model": "b", "backend": "subprocess", "output_dir": "/nowhere", "phase": "train", "attempt": 1}
    return Job(**values | fields)  # type: ignore[arg-type]


def said_by(*events: dict[str, Any]) -> Said:
    return functools.reduce(Said.after, events, Said())  # type: ignore[arg-type]


def outcome(
    job: Job, said: Said, record: Any = None, death: Death = KILLED, request: Any = None, rebooted: bool = False, **left: Any
) -> Any:
    return conclude(job, said, record_of(record), death, request, rebooted, kind=named(job.kind), left=Left(**left))


@pytest.mark.parametrize("name", HISTORIES)
def test_every_history_is_concluded_without_a_process(name: str) -> None:
    events, fields, whole, request, status, words, resumable = HISTORIES[name]
    record = None if fields is None else {"exit_code": 0, "signal": None, "stopped_by": None, "oom": False} | fields
    job, said = a_job(), said_by(*events)
    left: dict[str, Any] = {}
    if reports_success(job, said, record_of(record), request, False):  # type: ignore[arg-type]
        left = {"result": {"adapter_path": "/a"}} if whole else {"fault": "There is no adapter folder."}
    ended = outcome(job, said, record, request=request, **left)
    assert isinstance(ended, Ending)
    assert ended.status == status, ended
    assert words in f"{ended.error} {ended.reason}"
    assert ended.resumable == resumable
    assert ended.fields.get("adapter_path") == ("/a" if status == "finished" else None)


def test_a_job_that_was_never_started_goes_back_to_the_queue_unless_it_was_cancelled() -> None:
    death = Death(never_began=True)
    assert outcome(a_job(attempt=2), Said(), death=death) == Requeue({"attempt": 1})
    assert outcome(a_job(), Said(), death=death, request="cancel").status == "cancelled"
    # The app died while it sent the job to another machine: it was failed, by what the app itself had said.
    sending = said_by({"type": "preparing", "phase": "upload", "fraction": 0.5})
    assert outcome(a_job(attempt=2), sending, death=death) == Requeue({"attempt": 1})


def test_a_refused_start_names_the_engines_reason() -> None:
    death = Death("The image x has no python3.", refused=True)
    ended = outcome(a_job(), Said(), death=death)
    assert (ended.status, ended.error, ended.cause) == ("failed", "The image x has no python3.", "start")
    assert outcome(a_job(), Said(), death=death, request="stop").status == "cancelled"


def test_a_restart_of_the_engine_lets_the_job_go_on_but_not_for_ever() -> None:
    death = Death("The container was removed by hand", interrupted=True)
    said = said_by(STARTED, STEP)
    again = outcome(a_job(), said, death=death)
    assert isinstance(again, Requeue)
    assert again.fields == {"order": 0.0}
    assert outcome(a_job(attempt=MOST_ATTEMPTS), said, death=death).status == "failed"
    assert outcome(a_job(), said, death=death, request="cancel").status == "cancelled"
    assert outcome(a_job(), said_by(STARTED, FAILED), death=death).status == "failed"


def test_after_a_restart_of_the_machine_a_checkpoint_is_what_it_goes_on_from() -> None:
    ended = outcome(a_job(), said_by(STARTED, STEP), rebooted=True, checkpoint=True)
    assert (str(ended.error), ended.resumable) == ("The machine was restarted while it ran at step 4. Resume it.", True)


def test_a_fetch_leads_to_the_training_or_says_what_the_hub_said() -> None:
    job, done = a_job(phase="fetch", base_model="team/base"), {"exit_code": 0, "seconds": 2.5}
    there = {"path": "/cache/base", "revision": "r", "fingerprint": "f"}
    assert outcome(job, Said(), done, fetched=there) == Fetched(
        {"base_path": "/cache/base", "base_revision": "r", "base_fingerprint": "f", "seconds": 2.5}
    )
    gated = said_by({"type": "failed", "cause": "gated", "reason": "team/base is gated."})
    ended = outcome(job, gated, {"exit_code": 1})
    assert (ended.status, ended.cause, str(ended.error)) == ("failed", "gated", "team/base is gated.")
    assert outcome(job, Said(), done, fetched=there, request="stop").status == "cancelled"
    other = a_job(phase="fetch", base_model="team/base", base_fingerprint="g")
    assert outcome(other, Said(), done, fetched=there, checkpoint=True).cause == "bad_model"
    assert isinstance(outcome(other, Said(), done, fetched=there), Fetched)


def test_a_recipe_has_only_its_exit_code() -> None:
    job = a_job(recipe="r")
    assert reports_success(job, Said(), record_of({"exit_code": 0}), None, True)
    assert not reports_success(job, said_by(FINISHED), record_of({"exit_code": 1}), None, True)
    assert reports_success(job, Said(), record_of({"exit_code": 1}), "stop", True)
    assert not reports_success(job, Said(), None, "stop", False)


@pytest.mark.parametrize(
    ("queue", "running", "devices", "expected"),
    [
        ("TT", "", 1, "0"),
        ("TT", "T", 1, ""),
        ("TNMN", "T", 1, "123"),
        ("MM", "T", 1, "0"),
        ("M", "M", 1, ""),
        ("TTT", "", 2, "01"),
        ("TTT", "T", 2, "0"),
        ("TN", "", 0, "01"),  # a machine without a GPU trains on its CPU
        ("", "T", 1, ""),
    ],
)
def test_one_training_a_device_and_light_jobs_beside_it(queue: str, running: str, devices: int, expected: str) -> None:
    needs: dict[str, Needs] = {"T": "device", "M": "memory", "N": "nothing"}
    waiting = [a_job(number, kind=kind) for number, kind in enumerate(queue)]
    active = [a_job(10 + number, kind=kind) for number, kind in enumerate(running)]
    chosen = choose(waiting, active, devices, needs.__getitem__)
    assert "".join(job.job_id.removeprefix("training_") for job in chosen) == expected


@pytest.mark.parametrize(
    ("queue", "running", "devices", "expected"),
    [
        ([2], [], 2, [[0, 1]]),
        ([2], [[0]], 2, []),
        ([2, 1], [[0]], 2, []),  # the one behind it would make it wait forever
        ([1, 2], [[1]], 4, [[0], [2, 3]]),
        ([1, 1], [], 2, [[0], [1]]),
        ([8], [], 2, [[0, 1]]),  # a GPU was taken out since it was queued
        ([1], [], 1, [[]]),
    ],
)
def test_jobs_get_as_many_devices_as_they_share_their_work_among(
    queue: list[int], running: list[list[int]], devices: int, expected: list[list[int]]
) -> None:
    active = [a_job(10 + n, devices=taken, parameters={"gpus": len(taken)}) for n, taken in enumerate(running)]
    chosen = choose([a_job(n, parameters={"gpus": gpus}) for n, gpus in enumerate(queue)], active, devices)
    allotted = []
    for job in chosen:
        allotted.append(allot(job, active, devices))
        active.append(dataclasses.replace(job, devices=allotted[-1]))
    assert allotted == expected


@pytest.mark.parametrize(
    ("asked", "devices", "problem"),
    [
        ({"gpus": 2}, 2, ""),
        ({"gpus": 2}, None, ""),  # the cluster decides
        ({"gpus": 2}, 1, "This machine has 1 GPU for trainings."),
        ({"gpus": 2, "method": "preference"}, 2, "learned on one GPU"),
        ({"gpus": 4, "batch_size": 2}, 4, "4 GPUs cannot share a step of 2 examples"),
        ({"gpus": 4, "batch_size": 2, "gradient_accumulation_steps": 2}, 4, ""),
        ({"gpus": 1, "method": "preference"}, 0, ""),
    ],
)
def test_what_several_devices_cannot_share_is_refused(asked: dict[str, Any], devices: int | None, problem: str) -> None:
    with pytest.raises(Invalid, match=problem) if problem else contextlib.nullcontext():
        check_share(TrainingSpec(**asked), devices)


def test_of_several_processes_the_killed_one_is_named_and_the_job_can_start_over() -> None:
    # A message was not given the full stop that plain text was.
    reason = msg("Process {n} of {of} was killed by {signal}, so the others were ended", n=2, of=2, signal="SIGKILL")
    told = {"type": "failed", "cause": "killed", "reason": to_json(reason)}
    ended = outcome(a_job(parameters={"batch_size": 4}), said_by(STARTED, told), {"exit_code": None, "signal": "SIGKILL"})
    assert str(ended.error).startswith("Process 2 of 2 was killed by SIGKILL, so the others were ended. Resume it;")
    assert (ended.cause, ended.resumable, ended.fields["signal"]) == ("killed", True, "SIGKILL")
    short = outcome(
        a_job(parameters={"batch_size": 4, "gradient_accumulation_steps": 1}),
        said_by(STARTED, told),
        {"exit_code": None, "signal": "SIGKILL", "oom": True},
    )
    assert (short.cause, short.remedy) == ("out_of_memory", {"batch_size": 2, "gradient_accumulation_steps": 2})
