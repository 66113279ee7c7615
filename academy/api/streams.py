"""Streams of a job's log, metrics and status (contract, section 2): read by offset, each line once, resumed exactly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import zlib
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import orjson
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from academy.errors import AcademyError, Invalid
from academy.jobs.store import ENDED, STATUSES, Job

if TYPE_CHECKING:
    from academy.services.jobs import Jobs

log = logging.getLogger("academy.api.streams")

NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Headers of a stream: no cache keeps it and no proxy holds it back."""

_BATCH_BYTES = 1 << 16
_POLL_SECONDS = 0.08
_HEARTBEAT_SECONDS = 15.0
_SHARED_STEPS = 8
_THREADS = 6
_METRICS_AT_ONCE = 128
_WAY = ("queued", "preparing", "running")
"""The states that a job goes through before it ends."""


@dataclass(frozen=True)
class Position:
    """How far a viewer is: `taken` lines after the one that begins at `offset`, the status sent last, and the number of metrics sent."""

    offset: int = 0
    line: int = 0
    taken: int = 0
    status: str = ""
    attempt: int = 0
    metrics: int = 0
    bar: int = 0  # the step of a foreign trainer's progress bar; it passes, so it is part of no id

    def event_id(self, job_id: str) -> str:
        """The position as an id; the check ties it to the job."""
        return f"{self.taken}{self.tail(job_id)}"

    def tail(self, job_id: str) -> str:
        """The part of the id that all lines of one batch share."""
        known = f"-{self.offset}-{self.line}-{self.status or 'new'}-{self.attempt}-{self.metrics}"
        return f"{known}-{zlib.crc32(f'{job_id}{known}'.encode()):08x}"

    @classmethod
    def of(cls, event_id: str, job_id: str) -> Position:
        """The position that an id stands for; raises Invalid for an id of another stream."""
        found = _ID.fullmatch(event_id)
        if found:
            position = cls(
                taken=int(found[1]),
                offset=int(found[2]),
                line=int(found[3]),
                status="" if found[4] == "new" else found[4],
                attempt=int(found[5]),
                metrics=int(found[6]),
            )
            if position.event_id(job_id) == event_id:
                return position
        raise Invalid(
            "This Last-Event-ID does not belong to this job's stream.", hint="Send the last id as it came, or none to begin at the start."
        )


_ID = re.compile(rf"(\d{{1,9}})-(\d{{1,18}})-(\d{{1,12}})-(new|{'|'.join(STATUSES)})-(\d{{1,6}})-(\d{{1,10}})-[0-9a-f]{{8}}")


@dataclass(frozen=True)
class Step:
    """What comes after a position: the events, the position after them, and whether more is there, and whether the stream ends."""

    frames: bytes
    position: Position
    more: bool
    ended: bool


def read_step(jobs: Jobs, job: Job, position: Position) -> Step:
    """Reads on from a position: at most one batch of the log, and at its end metrics and status."""
    frames: list[bytes] = []
    if job.status not in ENDED:
        position = _add_status(job, position, frames)
    # The status was read before the size: once it says that the job has ended, nothing more is written.
    size = jobs.log_size(job)
    lines, offset, following = jobs.log_part(job, position.offset, position.line, _BATCH_BYTES)
    if position.offset > size or position.taken > len(lines):
        position = replace(position, offset=0, line=0, taken=0)  # the log was emptied: start over
        lines, offset, following = jobs.log_part(job, 0, 0, _BATCH_BYTES)
    tail, first = position.tail(job.job_id), position.line
    for line in lines[position.taken :]:
        data = orjson.dumps({"type": "log", "line": line.line, "message": line.message, "timestamp": line.timestamp or None})
        frames.append(b"id: %d%b\ndata: %b\n\n" % (line.line - first + 1, tail.encode(), data))
    if lines:
        position = replace(position, offset=offset, line=following, taken=0)
    more = bool(lines) and offset < size
    if not more:
        position, more = _add_metrics(jobs, job, position, frames)
    ended = job.status in ENDED and not more
    if ended:
        position = _add_status(job, position, frames)
    return Step(in_one_line(b"".join(frames)), position, more, ended)


def in_one_line(data: bytes) -> bytes:
    """JSON with the two characters escaped that some readers of streams take for the end of a line."""
    return data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def _add_status(job: Job, position: Position, frames: list[bytes]) -> Position:
    if (position.status, position.attempt) == (job.status, job.attempt):
        return position
    if position.status == job.status and job.status not in ENDED and position.attempt == 0:
        return replace(position, attempt=job.attempt)
    for status in (*_passed(position.status, job.status), job.status):
        position = replace(position, status=status, attempt=job.attempt)
        data: dict[str, Any] = {"type": "status", "status": status}
        if status in ENDED:
            data |= {"reason": job.as_dict()["reason"], "error": job.as_dict()["error"]}
        frames.append(_frame(job.job_id, position, data))
    return position


def _passed(before: str, now: str) -> tuple[str, ...]:
    """The states between two others, however briefly the job was in them."""
    if not before or now in ("failed", "cancelled"):
        return ()
    start = _WAY.index(before) + 1 if before in _WAY else 0
    return _WAY[start : _WAY.index(now) if now in _WAY else None]


def _add_metrics(jobs: Jobs, job: Job, position: Position, frames: list[bytes]) -> tuple[Position, bool]:
    """Each new metric and number of known rows, in batches; whether there are more."""
    metrics, count = jobs.metrics_since(job, position.metrics, _METRICS_AT_ONCE)
    position = replace(position, metrics=min(position.metrics, count))
    for data in metrics:
        position = replace(position, metrics=position.metrics + 1, bar=data.get("step") or position.bar)
        event = {"type": "known", "data": data["known"]} if "known" in data else {"type": "metrics", "data": data}
        frames.append(_frame(job.job_id, position, event))
    if job.recipe and position.metrics == count and job.status not in ENDED:
        data = jobs.metrics(job)
        if (data["step"] or 0) > position.bar:
            position = replace(position, bar=data["step"])
            frames.append(_frame(job.job_id, position, {"type": "metrics", "data": data}))
    return position, position.metrics < count


def _frame(job_id: str, position: Position, data: dict[str, Any]) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (position.event_id(job_id).encode(), orjson.dumps(data))


class Streams:
    """All streams of the app; viewers of one job share the polling and, at the same position, the reading."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._feeds: dict[str, _Feed] = {}
        self._threads: anyio.CapacityLimiter | None = None

    async def respond(self, job_id: str, last_event_id: str | None) -> Response:
        """The stream from the beginning, or after an id; 204 where nothing comes after it. Raises NotFound, or Invalid for a bad id."""
        self._threads = self._threads or anyio.CapacityLimiter(_THREADS)
        feed = self._feeds.get(job_id) or _Feed(self._jobs, job_id, self._threads)
        position = Position.of(last_event_id, job_id) if last_event_id else Position()
        step = await feed.step(position)
        if last_event_id and step.ended and not step.frames:
            return Response(status_code=204)
        return _Stream(self._events(job_id, position))

    async def _events(self, job_id: str, position: Position) -> AsyncGenerator[bytes, None]:
        assert self._threads is not None
        feed = self._feeds.get(job_id)
        if feed is None:
            feed = self._feeds[job_id] = _Feed(self._jobs, job_id, self._threads)
        feed.enter()
        try:
            yield _frame(job_id, position, {"type": "connected", "job_id": job_id})
            beat = time.monotonic() + _HEARTBEAT_SECONDS
            while True:
                changed = feed.changed
                try:
                    step = await feed.step(position)
                except (AcademyError, OSError) as error:
                    log.warning("The stream of %s broke off.", job_id, exc_info=True)
                    message = error.detail if isinstance(error, AcademyError) else "The job's folder cannot be read."
                    yield _frame(job_id, position, {"type": "error", "message": message})
                    return
                position = step.position
                if step.frames:
                    yield step.frames
                if step.ended:
                    return
                if not step.more:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, beat - time.monotonic())):
                            await changed.wait()
                if time.monotonic() >= beat:
                    yield b": still here\n\n"
                    beat = time.monotonic() + _HEARTBEAT_SECONDS
        finally:
            if feed.leave():
                self._feeds.pop(job_id, None)


class _Feed:
    """One job with viewers: notices changes, and reads each step once for all viewers at the same position."""

    def __init__(self, jobs: Jobs, job_id: str, threads: anyio.CapacityLimiter) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._threads = threads
        self._viewers = 0
        self._poller: asyncio.Task[None] | None = None
        self._steps: OrderedDict[Position, asyncio.Task[Step]] = OrderedDict()
        self.changed = asyncio.Event()

    def enter(self) -> None:
        """Adds a viewer."""
        self._viewers += 1
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll())

    def leave(self) -> bool:
        """Removes a viewer; returns True if it was the last."""
        self._viewers -= 1
        if self._viewers:
            return False
        if self._poller is not None:
            self._poller.cancel()
        return True

    async def step(self, position: Position) -> Step:
        """The step after the position, as of now."""
        task = self._steps.get(position)
        if task is None:
            task = self._steps[position] = asyncio.create_task(self._in_thread(self._read, position))
            while len(self._steps) > _SHARED_STEPS:
                self._steps.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except (AcademyError, OSError):
            self._steps.pop(position, None)  # the next viewer tries again
            raise

    async def _poll(self) -> None:
        before = None
        while True:
            try:
                state = await self._in_thread(self._look)
            except (AcademyError, OSError):
                state = None  # the next read reports why
            if state != before:
                before = state
                self._steps.clear()
                self.changed.set()
                self.changed = asyncio.Event()
            await asyncio.sleep(_POLL_SECONDS)

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._threads)

    def _read(self, position: Position) -> Step:
        return read_step(self._jobs, self._jobs.get(self._job_id), position)

    def _look(self) -> tuple[object, ...]:
        job = self._jobs.get(self._job_id)
        bar = self._jobs.metrics(job)["step"] if job.recipe else None
        return job.status, job.attempt, self._jobs.log_size(job), self._jobs.events_size(job), bar


class _Stream(StreamingResponse):
    """A stream of events that leaves its feed as soon as its reader disconnects."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=NO_BUFFER)
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Sends the events; a slow reader holds back only its own."""
        try:
            await super().stream_response(send)
        finally:
            await self._events.aclose()
