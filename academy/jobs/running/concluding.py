"""What an attempt came to, once nothing of it lives. Pure: what the disk, the backend and the warden know is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from academy.jobs.backends import BACKENDS, Death
from academy.jobs.kinds import Kind
from academy.jobs.running.doctor import diagnose
from academy.jobs.running.watch import Said
from academy.jobs.store import Job, Request, Status
from academy.messages import Text, from_json, join, msg

MOST_ATTEMPTS = 20

_NOT_STARTED = "It could not be started."
_CANCELLED_EARLY = "Cancelled before it started."
_STOPPED_EARLY = "Stopped before anything was trained."


@dataclass(frozen=True)
class Record:
    """How the program ended, as the warden recorded it."""

    exit_code: int | None = None
    signal: str | None = None
    oom: bool = False
    seconds: float | None = None
    ended_on_cancel: bool = False


@dataclass(frozen=True)
class Left:
    """What the attempt left in the job's folder."""

    result: Mapping[str, Any] | None = None  # the journal's fields of a verified result
    fault: Text | None = None  # why a result that it reported is refused
    checkpoint: bool = False
    log_tail: str = ""
    fetched: Mapping[str, Any] | None = None  # fetched.json


@dataclass(frozen=True)
class Ending:
    """The run is over."""

    status: Status
    reason: Text | None = None
    error: Text | None = None
    cause: str | None = None
    remedy: dict[str, Any] | None = None
    resumable: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)  # further fields of the journal

    def changes(self) -> dict[str, Any]:
        """What the journal gets, beside the status."""
        own = {"reason": self.reason, "error": self.error, "cause": self.cause, "remedy": self.remedy, "resumable": self.resumable}
        return own | dict(self.fields)


@dataclass(frozen=True)
class Requeue:
    """It goes back to the queue."""

    fields: Mapping[str, Any]
    note: str = ""  # for the app's log


@dataclass(frozen=True)
class Fetched:
    """The base model is there, so the job's own program can start."""

    fields: Mapping[str, Any]


def record_of(raw: Mapping[str, Any] | None) -> Record | None:
    """The warden's record; only values of the right type, since in a container the trainer could write one too."""
    if raw is None:
        return None
    code, name, took = raw.get("exit_code"), raw.get("signal"), raw.get("seconds")
    return Record(
        exit_code=code if isinstance(code, int) else None,
        signal=name[:20] if isinstance(name, str) else None,
        oom=raw.get("oom") is True,
        seconds=took if isinstance(took, int | float) and not isinstance(took, bool) and 0 <= took < 1e10 else None,
        ended_on_cancel=raw.get("stopped_by") == "cancel",
    )


def reports_success(job: Job, said: Said, record: Record | None, request: Request | None, has_output: bool) -> bool:
    """Whether there is a result to verify: only the program's own word counts; a recipe's program has only its exit code."""
    if job.recipe:
        return (record is not None and record.exit_code == 0) or (request == "stop" and has_output)
    return said.finished


def conclude(
    job: Job,
    said: Said,
    record: Record | None,
    death: Death,
    request: Request | None,
    rebooted: bool,
    *,
    kind: Kind,
    left: Left,
    image: str = "",
) -> Ending | Requeue | Fetched:
    """What an attempt came to; `rebooted`: the machine was restarted since it started, `image`: what trainings in containers run in."""
    if record is not None:
        death = Death(interrupted=death.interrupted)
    if death.never_began and said.last is None:
        # The app died between writing that it starts the job and starting it: nothing has run.
        return Ending("cancelled", _CANCELLED_EARLY) if request else Requeue({"attempt": max(0, job.attempt - 1)})
    if death.refused:
        return Ending("cancelled", _CANCELLED_EARLY) if request else Ending("failed", _NOT_STARTED, death.said, "start")
    if job.gets_base:
        return _conclude_base(job, said, record, death, request, left)
    record = record or Record(death.exit_code, death.signal, death.oom)
    fields = {
        "exit_code": record.exit_code,
        "signal": record.signal,
        "step": said.step,
        "total_steps": said.total_steps or job.total_steps,
        "seconds": _sum(job.seconds, record.seconds),
    }
    if left.result is not None:
        return Ending("finished", _finished_reason(job, said, request), fields=fields | dict(left.result))
    if request == "cancel" or (request == "stop" and not said.step):
        gave_up = said.failed is not None and not record.ended_on_cancel and request == "cancel"
        if not gave_up:
            return Ending("cancelled", _cancelled_reason(said, request), resumable=_resumable(kind, left, False), fields=fields)
    if death.interrupted and request is None and said.failed is None and job.attempt < MOST_ATTEMPTS:
        # The engine's restart or a lost node ended it, and no person asked for that, so it goes on by itself.
        return Requeue({"order": 0.0}, f"{death.said or 'a restart of Docker ended the container'} (step {said.step}); the job goes on")
    return _failed(job, said, record, death, rebooted, kind, left, image, fields)


_CANCELLED_GETTING = {"fetch": "Cancelled while the base model was fetched.", "convert": "Cancelled while the base model was converted."}
_ANOTHER = {
    "fetch": "The hub has another version of {base} now than the one that this training began with.",
    "convert": "{base} is another version now than the one that this training began with.",
}
_FAILED_GETTING = {
    "fetch": ("The base model could not be fetched. {how}.", "The base model {base} could not be fetched. {how}."),
    "convert": ("The base model could not be converted. {how}.", "The base model {base} could not be converted. {how}."),
}


def _conclude_base(job: Job, said: Said, record: Record | None, death: Death, request: Request | None, left: Left) -> Ending | Fetched:
    fetched, phase = left.fetched, job.phase or "fetch"
    if request:
        return Ending("cancelled", _CANCELLED_GETTING[phase] if request == "cancel" else _STOPPED_EARLY)
    if record is not None and record.exit_code == 0 and fetched:
        seconds = _sum(job.seconds, record.seconds)
        if isinstance(fetched.get("source"), str):
            return Fetched({"base_source": fetched["source"], "seconds": seconds})
        if isinstance(fetched.get("path"), str):
            if job.base_fingerprint and fetched.get("fingerprint") != job.base_fingerprint and left.checkpoint:
                how = msg(_ANOTHER[phase], base=job.base_model)
                return Ending("failed", how, join(how, "Start a new training."), "bad_model")
            found = {"base_path": fetched["path"], "base_revision": fetched.get("revision"), "base_fingerprint": fetched.get("fingerprint")}
            return Fetched(found | {"seconds": seconds})
    how = _how_it_ended(record or Record(), death, None)
    short, full = _FAILED_GETTING[phase]
    reason = msg(short, how=how)
    error = _reported(said) or msg(full, base=job.base_model, how=how)
    fields = {"exit_code": record.exit_code if record else None, "signal": (record and record.signal) or death.signal}
    return Ending("failed", reason, error, str((said.failed or {}).get("cause") or phase), fields=fields)


def _failed(
    job: Job, said: Said, record: Record, death: Death, rebooted: bool, kind: Kind, left: Left, image: str, fields: Mapping[str, Any]
) -> Ending:
    found = diagnose(
        exit_code=record.exit_code,
        signal=record.signal,
        oom=record.oom,
        event=said.failed,
        log_tail=left.log_tail,
        parameters=job.parameters,
    )
    if left.fault is not None:
        return Ending(
            "failed",
            kind.incomplete,
            join(kind.incomplete, left.fault),
            kind.result,
            _knobs(job, found.changes),
            _resumable(kind, left, False),
            fields,
        )
    how = msg("The machine was restarted while it ran") if rebooted else _how_it_ended(record, death, said.failed)
    where = msg("{how} at step {step}.", how=how, step=said.step) if said.step else msg(_NO_STEP[kind.resume == "checkpoint"], how=how)
    remedy: Text = found.remedy
    if found.cause in ("missing_library", "library_mismatch"):
        if job.recipe:
            remedy = "Install what is missing where the recipe's program runs."
        elif BACKENDS[job.backend].elsewhere:
            remedy = "Install it on the nodes of the cluster: pip install -r requirements-academy.txt"
        elif BACKENDS[job.backend].in_image:
            remedy = msg(_INTO_IMAGE, image=image)
    if reported := _reported(said):
        error = join(reported, remedy)
    elif rebooted:
        error = join(where, "Resume it.")
    else:
        error = join(where, None if record.oom else found.sentence, remedy)
    # What was killed from outside can always start over, even before its first checkpoint.
    explained = (said.failed or {}).get("cause", "killed") != "killed" or (job.recipe and record.exit_code)
    resumable = _resumable(kind, left, not explained and not job.dry_run)
    return Ending("failed", where, error, found.cause, _knobs(job, found.changes), resumable, fields)


_NO_STEP = {True: "{how} before the first step.", False: "{how}."}
_INTO_IMAGE = "It belongs into the image {image}. Choose another image, or Academy's own: docker build -t academy-trainer ."


def _resumable(kind: Kind, left: Left, again: bool) -> bool:
    """`again`: whether it may start over where it has no checkpoint."""
    if kind.resume == "checkpoint":
        return left.checkpoint or again
    return kind.resume == "restart"


def _knobs(job: Job, changes: dict[str, Any] | None) -> dict[str, Any] | None:
    """The doctor's changes, for a kind that has such knobs."""
    return changes if changes is None or changes.keys() <= job.parameters.keys() else None


def _reported(said: Said) -> Text | None:
    """The program's own reason for giving up, as a sentence."""
    reason = from_json((said.failed or {}).get("reason"))
    if isinstance(reason, str):
        reason = reason.strip()
    if not reason or str(reason).endswith((".", "!", "?")):
        return reason
    return f"{reason}." if isinstance(reason, str) else msg("{how}.", how=reason)


def _cancelled_reason(said: Said, request: Request) -> Text:
    if request == "stop":
        return _STOPPED_EARLY
    return msg("Cancelled at step {step}.", step=said.step) if said.step else "Cancelled."


def _finished_reason(job: Job, said: Said, request: Request | None) -> Text | None:
    event = said.result or {}
    if event.get("stopped") or (job.recipe and request == "stop"):
        return msg("Stopped and kept at step {step}.", step=said.step) if said.step else "Stopped and kept."
    if event.get("stopped_early"):
        return msg("Stopped early at step {step}: the held-out loss no longer fell.", step=said.step)
    return None


def _how_it_ended(record: Record, death: Death, failed: Mapping[str, Any] | None) -> Text:
    """A sentence without its full stop."""
    if record.oom:
        return msg("It was killed because the machine's memory ran out")
    if death.said:
        return death.said
    if record.signal:
        return msg("It was killed by {signal}", signal=record.signal)
    if failed:
        return msg("It gave up")
    if record.exit_code is not None:
        return msg("It ended with exit code {code} without having finished", code=record.exit_code)
    return msg("It exited without reporting a result")


def _sum(before: float | None, more: float | None) -> float | None:
    return None if more is None else round((before or 0.0) + more, 3)
