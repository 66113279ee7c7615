"""Streams: nothing lost, nothing repeated, whatever breaks; and how they behave when there are many or the log is long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import memory_mb, peak_memory_mb, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from academy.access.guard import Guard
from academy.api import streams as sse
from academy.api.streams import Position, Streams, read_step
from academy.config import Settings
from academy.errors import AcademyError, Invalid
from academy.jobs.reading import progress
from academy.jobs.store import Job, JobStore
from academy.services.jobs import Jobs
from academy.services.permission import Permission
from tests.waiting import every, wait_until

JOB = "training_20260101_120000_abcd"


class Bench:
    """A journal and a job's folder, written by the test as the runner, the warden and the trainer would."""

    def __init__(self, folder: Path) -> None:
        self.store = JobStore(folder / "training")
        self.jobs = Jobs(Permission(enabled=True), self.store, None, None)  # type: ignore[arg-type]
        self.folder = folder / "models" / JOB
        self.folder.mkdir(parents=True)
        self.store.add(
            Job(
                job_id=JOB,
                name="handbook-1",
                status="queued",
                created_at="2026-01-01T12:00:00.000Z",
                dataset_path="d.jsonl",
                base_model="tiny",
                backend="subprocess",
                output_dir=str(self.folder),
            )
        )

    def become(self, *statuses: str, **changes: Any) -> None:
        for status in statuses:
            self.store.update(JOB, status=status, **changes)

    def log(self, *messages: str) -> None:
        with open(self.folder / "train.log", "a", encoding="utf-8", newline="") as file:
            file.writelines(f"2026-01-01T12:00:01.000Z {message}\n" for message in messages)

    def progress(self, step: int, loss: float) -> None:
        event = {"type": "progress", "time": "2026-01-01T12:00:02.000Z", "step": step, "loss": loss, "epoch": step / 10}
        with open(self.folder / "events.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def known(self, rows: int, of: int) -> None:
        with open(self.folder / "events.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"type": "known", "rows": rows, "of": of}) + "\n")

    def app(self, settings: Settings) -> Guard:
        streams = Streams(self.jobs)

        async def stream(request: Request) -> Response:
            try:
                return await streams.respond(request.path_params["job_id"], request.headers.get("last-event-id"))
            except AcademyError as error:
                return JSONResponse({"detail": error.detail}, error.status)

        async def look(request: Request) -> Response:
            return JSONResponse({"feeds": len(streams._feeds), "files": len(os.listdir("/proc/self/fd"))})

        return Guard(Starlette(routes=[Route("/stream/{job_id}", stream), Route("/look", look)]), settings)


@dataclass(frozen=True)
class Event:
    id: str
    data: dict[str, Any]


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a stream as a browser would see them; fails on anything but ids, data and comments."""
    event_id, data = "", ""
    for line in lines:
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            data = line[6:]
        elif line == "":
            if data:
                yield Event(event_id, json.loads(data))
            data = ""
        else:
            assert line.startswith(":"), line


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def address(bench: Bench, settings: Settings) -> Iterator[str]:
    with serving(bench.app(settings)) as port:
        yield f"http://127.0.0.1:{port}"


def read(address: str, last: str | None = None, until: Callable[[Event], bool] | None = None) -> list[Event]:
    """The events from the beginning, or after an id, to the end of the stream or to a certain one."""
    found = []
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.stream("GET", f"{address}/stream/{JOB}", headers=headers, timeout=20) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        for event in events_of(answer.iter_lines()):
            found.append(event)
            if until and until(event):
                break
    return found


def told(events: list[Event], kind: str, key: str) -> list[Any]:
    return [event.data[key] for event in events if event.data["type"] == kind]


def run_in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def finish(bench: Bench) -> None:
    bench.become("preparing", "running")
    bench.log("loading", "step 1", "step 2")
    bench.progress(1, 2.5)
    bench.progress(2, 1.5)
    bench.become("finished", reason="All steps are done.")


def test_a_finished_job_tells_all_and_ends(bench: Bench, address: str) -> None:
    finish(bench)
    events = read(address)
    assert [event.data["type"] for event in events] == ["connected", "log", "log", "log", "metrics", "metrics", "status"]
    assert events[0].data["job_id"] == JOB
    assert events[1].data == {"type": "log", "line": 0, "message": "loading", "timestamp": "2026-01-01T12:00:01.000Z"}
    assert [(data["step"], data["latest_loss"], data["loss_history"]) for data in told(events, "metrics", "data")] == [
        (1, 2.5, [2.5]),
        (2, 1.5, [2.5, 1.5]),
    ]
    assert events[-1].data["status"] == "finished"
    assert all(event.id for event in events)


def test_a_job_that_runs_is_followed_to_its_end(bench: Bench, address: str) -> None:
    queued = threading.Event()

    def work() -> None:
        assert queued.wait(10)
        finish(bench)

    def follow(event: Event) -> bool:
        if event.data.get("status") == "queued":
            queued.set()
        return False

    thread = run_in_background(work)
    events = read(address, until=follow)
    thread.join()
    assert told(events, "log", "line") == [0, 1, 2]
    assert told(events, "status", "status") == ["queued", "preparing", "running", "finished"]
    assert events[-1].data["status"] == "finished"


def test_a_reconnect_after_any_event_goes_on_without_gap_or_repeat(bench: Bench, address: str) -> None:
    finish(bench)
    whole = read(address)
    for place, event in enumerate(whole[:-1]):
        rest = read(address, last=event.id)
        assert [item.data for item in rest[1:]] == [item.data for item in whole[place + 1 :]], place


def test_a_reconnect_in_the_middle_of_a_run_goes_on_where_the_log_has_grown(bench: Bench, address: str) -> None:
    bench.become("preparing", "running")
    bench.log(*(f"line {number}" for number in range(10)))
    first = read(address, until=lambda event: event.data.get("line") == 4)
    bench.log(*(f"line {number}" for number in range(10, 2000)))
    second = read(address, last=first[-1].id, until=lambda event: event.data.get("line") == 1500)
    bench.become("finished")
    third = read(address, last=second[-1].id)
    assert told(first + second + third, "log", "line") == list(range(2000))
    assert told(first + second + third, "status", "status") == ["running", "finished"]


def test_after_the_final_status_a_reconnect_gets_204_and_after_a_resume_it_goes_on(bench: Bench, address: str) -> None:
    bench.become("preparing", "running", attempt=1)
    bench.log("one")
    bench.become("failed", reason="Killed by SIGKILL.")
    last = read(address)[-1].id
    assert httpx.get(f"{address}/stream/{JOB}", headers={"Last-Event-ID": last}).status_code == 204
    bench.become("queued")
    bench.become("preparing", "running", attempt=2)
    bench.log("two")
    bench.become("finished")
    events = read(address, last=last)
    assert told(events, "log", "line") == [1]
    assert told(events, "status", "status") == ["queued", "preparing", "running", "finished"]


@pytest.mark.parametrize("bad", ["x", "1-2-3", "0-0-0-new-0-0-00000000", "9" * 150, "-1-0-0-new-0-0-0", "٣-0-0-new-0-0-00000000"])
def test_an_id_that_is_none_of_ours_is_refused(bench: Bench, address: str, bad: str) -> None:
    answer = httpx.get(f"{address}/stream/{JOB}", headers=[(b"Last-Event-ID", bad.encode())])
    assert answer.status_code == 422
    other = Position(offset=5).event_id("training_20260101_120000_ffff")
    with pytest.raises(Invalid):
        Position.of(other, JOB)


def test_an_unknown_job_is_404(address: str) -> None:
    assert httpx.get(f"{address}/stream/training_20260101_120000_none").status_code == 404


def test_an_idle_stream_is_kept_alive_by_comments(bench: Bench, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.1)
    comments = 0
    with httpx.stream("GET", f"{address}/stream/{JOB}") as answer:
        for line in answer.iter_lines():
            comments += line.startswith(":")
            if comments == 3:
                break
    assert comments == 3


def test_a_foreign_log_is_shown_inert_and_in_bounds(bench: Bench, address: str) -> None:
    bench.become("preparing", "running")
    with open(bench.folder / "train.log", "wb") as file:
        file.write(
            b"10%\r50%\r100%\n\x1b[31mred\x1b[0m \xff\xfe\n<script>alert(1)</script>\ndata: forged\\n\\n\n"
            + b"x" * 300_000
            + b"\n"
            + b"\xff" * 8200
            + b"\n"
            + b"y" * 8200
            + b"\nlast\n"
        )
    bench.become("finished")
    messages = told(read(address), "log", "message")
    assert messages[0] == "100%"
    assert messages[1].startswith("red ")
    assert messages[2:4] == ["<script>alert(1)</script>", "data: forged\\n\\n"]
    for message in messages[4:7]:
        assert len(message.encode()) <= 8192
        assert "cut" in message
    assert messages[7] == "last"


def test_whoever_leaves_leaves_nothing_open(bench: Bench, address: str) -> None:
    bench.log("one")
    before = httpx.get(f"{address}/look").json()
    for _ in range(5):
        read(address, until=lambda event: event.data["type"] == "log")
    wait_until(lambda: httpx.get(f"{address}/look").json()["feeds"] == 0, "the last feed to close")
    after = httpx.get(f"{address}/look").json()
    assert after["feeds"] == 0
    assert after["files"] <= before["files"] + 1


def test_states_that_went_by_between_two_looks_are_told_all_the_same(bench: Bench) -> None:
    step = read_step(bench.jobs, bench.jobs.get(JOB), Position())
    finish(bench)
    after = read_step(bench.jobs, bench.jobs.get(JOB), step.position).frames.decode()
    assert [after.find(f'"status":"{status}"') >= 0 for status in ("preparing", "running", "finished")] == [True] * 3


def test_every_metric_is_told_once_across_reconnects_and_runs_of_the_app(bench: Bench, address: str, settings: Settings) -> None:
    bench.become("preparing", "running")
    for step in range(1, 301):
        bench.progress(step, 3 - step / 200)
    first = read(address, until=lambda event: event.data["type"] == "metrics" and event.data["data"]["step"] == 137)
    for step in range(301, 311):
        bench.progress(step, 1.0)
    bench.become("finished")
    progress.cache._known.clear()
    with serving(bench.app(settings)) as port:
        second = read(f"http://127.0.0.1:{port}", last=first[-1].id)
    data = told(first + second, "metrics", "data")
    assert [item["step"] for item in data] == list(range(1, 311))
    assert data[4]["loss_history"] == [3 - step / 200 for step in range(1, 6)]
    assert data[-1]["loss_history"] == [1.0] * 10
    assert data[-1]["min_loss"] == 1.0
    assert data[99]["avg_loss"] == pytest.approx(3 - 50.5 / 200)


def test_known_rows_are_told_once_between_the_metrics(bench: Bench, address: str) -> None:
    bench.become("preparing", "running")
    for step in range(1, 4):
        bench.progress(step, 1.0)
        bench.known(step, 24)
    first = read(address, until=lambda event: event.data["type"] == "known" and event.data["data"]["rows"] == 2)
    bench.become("finished")
    second = read(address, last=first[-1].id)
    assert told(first + second, "known", "data") == [{"rows": rows, "of": 24} for rows in (1, 2, 3)]
    assert [item["step"] for item in told(first + second, "metrics", "data")] == [1, 2, 3]


def test_a_log_that_somebody_emptied_is_told_from_its_new_beginning(bench: Bench, address: str) -> None:
    bench.become("preparing", "running")
    bench.log("one", "two", "three")
    last = read(address, until=lambda event: event.data.get("line") == 2)[-1].id
    (bench.folder / "train.log").write_bytes(b"")
    bench.log("new")
    bench.become("finished")
    events = read(address, last=last)
    assert told(events, "log", "message") == ["new"]
    assert told(events, "log", "line") == [0]


def test_rare_line_ends_do_not_cut_an_event(bench: Bench, address: str) -> None:
    bench.become("preparing", "running")
    bench.log("a\u2028b\u2029c")
    bench.become("failed", error="d\u2028e")
    events = read(address)
    assert told(events, "log", "message") == ["a\u2028b\u2029c"]
    assert events[-1].data["error"] == "d\u2028e"


def test_a_batch_is_bounded_however_long_the_log_is(bench: Bench) -> None:
    bench.become("preparing", "running")
    bench.log(*("x" * 1000 for _ in range(3000)))
    bench.become("finished")
    position, seen = Position(), 0
    while True:
        step = read_step(bench.jobs, bench.jobs.get(JOB), position)
        assert len(step.frames) < 2 * sse._BATCH_BYTES
        seen += step.frames.count(b'"type":"log"')
        position = step.position
        if step.ended:
            break
    assert seen == 3000


# ---------------------------------------------------------------------------------------------------------- many, and long


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _follow(port: int, lines: int, cut: float, delays: list[float], failures: list[str]) -> None:
    """One viewer that reads all lines with their delay, and reconnects once on the way."""
    seen, last = -1, ""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        writer.write(f"GET /stream/{JOB} HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode())
        leave = time.monotonic() + cut if cut else None
        while True:
            line = await reader.readline()
            if not line:
                break
            if line.startswith(b"id: "):
                last = line[4:].strip().decode()
            elif line.startswith(b'data: {"type":"log"'):
                data = json.loads(line[6:])
                if data["line"] != seen + 1:
                    failures.append(f"{data['line']} after {seen}")
                seen = data["line"]
                delays.append(time.time() - float(data["message"]))
            if seen == lines - 1 or (leave and time.monotonic() > leave):
                break
        await hang_up(writer)
        cut = 0.0
        if seen == lines - 1:
            return


def many_viewers(bench: Bench, settings: Settings, viewers: int, stalled: int, seconds: float) -> dict[str, float]:
    """Viewers of a job that logs 20 lines a second; some never read, some reconnect. Returns what was measured."""
    bench.become("preparing", "running")
    lines = int(seconds * 20)
    delays: list[float] = []
    failures: list[str] = []

    def write() -> None:
        for _ in zip(range(lines), every(0.05), strict=False):
            bench.log(f"{time.time():.6f}")

    async def watch(port: int) -> None:
        sleepers = []
        for _ in range(stalled):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(f"GET /stream/{JOB} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sleepers.append(writer)
        thread = run_in_background(write)
        await asyncio.gather(
            *(_follow(port, lines, seconds / 2 if number % 4 == 0 else 0.0, delays, failures) for number in range(viewers))
        )
        thread.join()
        for writer in sleepers:
            await hang_up(writer)

    with serving(bench.app(settings)) as port:
        look = f"http://127.0.0.1:{port}/look"
        memory, files = memory_mb(), httpx.get(look).json()["files"]
        asyncio.run(watch(port))
        grown = memory_mb() - memory
        wait_until(lambda: httpx.get(look).json()["files"] <= files + 2, "the connections to close", pause=0.1)
        left = httpx.get(look).json()["files"] - files
    assert failures == []
    assert len(delays) == viewers * lines
    delays.sort()
    return {"p50": delays[len(delays) // 2], "p99": delays[int(len(delays) * 0.99)], "memory_mb": grown, "files_left": left}


def test_several_viewers_with_stalled_ones_between_them_lose_nothing(bench: Bench, settings: Settings) -> None:
    figures = many_viewers(bench, settings, viewers=12, stalled=5, seconds=0.8)
    assert figures["files_left"] <= 2


@pytest.mark.torture
def test_two_hundred_viewers_for_a_minute(bench: Bench, settings: Settings) -> None:
    figures = many_viewers(bench, settings, viewers=200, stalled=50, seconds=60)
    print(figures)
    assert figures["p99"] <= 1.0
    assert figures["memory_mb"] <= 100
    assert figures["files_left"] <= 2


_COUNT = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(f"GET {sys.argv[2]} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n".encode())
seen, tail, rest = 0, b"", b""
while piece := connection.recv(1 << 20):
    joined = rest + piece
    seen += joined.count(b'"type":"log"')
    rest, tail = joined[-11:], (tail + piece)[-1000:]
print(seen, b'"status":"finished"' in tail)
"""


def long_log(bench: Bench, settings: Settings, lines: int, width: int) -> dict[str, float]:
    """Streams a whole log to another process and returns what was measured."""
    bench.become("preparing", "running")
    text = "x" * width
    with open(bench.folder / "train.log", "w", encoding="utf-8") as file:
        file.writelines(f"2026-01-01T12:00:01.000Z {number} {text}\n" for number in range(lines))
    bench.become("finished")
    with serving(bench.app(settings)) as port:
        before = memory_mb()
        began = time.monotonic()
        command = [sys.executable, "-c", _COUNT, str(port), f"/stream/{JOB}"]
        seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        took = time.monotonic() - began
        peak = peak_memory_mb() - before
    assert seen.split() == [str(lines), "True"]
    return {"lines_per_second": lines / took, "memory_mb": peak}


def test_a_long_log_streams_whole(bench: Bench, settings: Settings) -> None:
    long_log(bench, settings, 5_000, 900)


@pytest.mark.torture
@pytest.mark.parametrize("width", [20, 1000])
def test_a_log_of_a_million_lines_streams_quickly_and_in_little_memory(bench: Bench, settings: Settings, width: int) -> None:
    figures = long_log(bench, settings, 1_000_000, width)
    print(figures)
    assert figures["lines_per_second"] >= 50_000
    assert figures["memory_mb"] <= 50
