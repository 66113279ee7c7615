"""Many who look at one training at once: what they see, how soon, what it costs, and that Cancel does not wait behind them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.waiting import every_async, wait_until

pytestmark = pytest.mark.browser

_TRAINER = """
import sys, time
for n in range(1, 100_000):
    print(f"{time.time():.4f} line {n}", flush=True)
    if n % 5 == 0:
        print({"loss": round(3 - n / 1e5, 4), "learning_rate": 1e-4, "epoch": n / 1000}, flush=True)
    time.sleep(0.05)
"""
_REGIONS = ("chips", "job", "job_numbers", "job_plot", "job_says", "job_more", "jobs", "log_link", "train_empty")
_WATCH = """() => {
  window.delays = [];
  new MutationObserver((changes) => {
    const now = Date.now() / 1000;
    for (const change of changes) for (const row of change.addedNodes) {
      const written = parseFloat(row.querySelector("span")?.textContent);
      if (written > 1e9) window.delays.push(now - written);
    }
  }).observe(document.querySelector(".ac-log-lines"), { childList: true });
}"""


@contextmanager
def talking_job(app: Any) -> Iterator[str]:
    """A job that logs 20 lines a second, each with the time at which it was written."""
    (app.data.parent / "talker.py").write_text(_TRAINER)
    argv = json.dumps([sys.executable, str(app.data.parent / "talker.py")])
    (app.data / "recipes.toml").write_text(f'[[recipe]]\nname = "talker"\nargv = {argv}\nadapter = "final"\n')
    app.api.post("/lessons", json={"situation": "What is the code of door 7?", "action": "The code of door 7 is 1259."}).raise_for_status()
    dataset = app.api.post("/dataset", json={"include_git": False}).json()["dataset_id"]
    job = app.api.post("/train", json={"dataset_id": dataset, "recipe": "talker"}).json()["job_id"]
    wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] == "running", "the job to run", seconds=30)
    try:
        yield job
    finally:
        app.api.delete(f"/train/{job}")


def cancel(app: Any, job: str) -> float:
    """The seconds until a cancelled job is told to be so."""
    begun = time.monotonic()
    app.api.delete(f"/train/{job}").raise_for_status()
    wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] == "cancelled", "the cancel", seconds=30)
    return time.monotonic() - begun


@dataclass
class Seen:
    """What the viewers saw."""

    delays: list[float] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    requests: int = 0
    largest: int = 0

    def figures(self, seconds: float) -> str:
        found = sorted(self.delays)
        middle, late, last = found[len(found) // 2], found[int(len(found) * 0.95)], found[int(len(found) * 0.99)]
        return (
            f"{len(found)} lines seen: p50 {1e3 * middle:.0f} ms, p95 {1e3 * late:.0f} ms, p99 {1e3 * last:.0f} ms; "
            f"{self.requests / seconds:.0f} requests a second, the largest log update {self.largest:,} bytes; load {os.getloadavg()[0]:.1f}"
        )


async def _viewer(address: str, place: int, component: int, seconds: float, seen: Seen) -> None:
    """What page.js does on the Training tab while a job runs: the log often, everything once in seven times, less often when it is slow."""
    port = int(address.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    regions = dict.fromkeys(_REGIONS, "")
    log: dict[str, Any] = {"job": "", "next": -1, "size": -1}
    end, last = time.monotonic() + seconds, -1
    rests = [place * 0.031]  # not all at the same moment
    async for beat in every_async(lambda: rests[-1]):
        if time.monotonic() > end:
            break
        asked = {"state": {"tab": "training", "viewer": f"v{place}"}, "regions": {} if beat % 7 else regions, "log": log}
        body = json.dumps({"session_hash": f"viewer{place}", "component_id": component, "fn_name": "live", "data": asked}).encode()
        head = f"POST /gradio_api/component_server HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
        begun = time.monotonic()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answered = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert answered.startswith(b"http/1.1 200"), answered
        raw = await reader.readexactly(int(answered.split(b"content-length: ")[1].split(b"\r\n")[0]))
        took, now, answer = time.monotonic() - begun, time.time(), json.loads(raw)
        seen.requests += 1
        if not asked["regions"]:
            seen.largest = max(seen.largest, len(raw))
        regions |= {name: fresh["version"] for name, fresh in answer["regions"].items()}
        if news := answer.get("log"):
            log = {"job": news["job"], "next": news["next"], "size": news["size"]}
            for line, _, message in news["lines"]:
                if last >= 0 and line != last + 1:
                    seen.gaps.append((last, line))
                if last >= 0 and message[:1].isdigit():
                    seen.delays.append(now - float(message.split()[0]))
                last = line
        rests.append(max(0.11, 6 * took))
    writer.close()


def watch(app: Any, viewers: int, seconds: float) -> Seen:
    """That many sessions of the Training tab, by the page's own requests."""
    shown = httpx.get(f"{app.address}/config").json()["components"]
    component = next(item["id"] for item in shown if item["props"].get("elem_id") == "ac-top")
    seen = Seen()

    async def all_of_them() -> None:
        await asyncio.gather(*(_viewer(app.address, place, component, seconds, seen) for place in range(viewers)))

    # In a thread of its own: Playwright has an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, all_of_them()).result()
    return seen


@pytest.mark.parametrize(("viewers", "seconds"), [(6, 3), pytest.param(45, 30, marks=pytest.mark.torture)])
def test_many_sessions_miss_no_line_and_cancel_acts(app: Any, viewers: int, seconds: float) -> None:
    with talking_job(app) as job:
        seen = watch(app, viewers, seconds)
        took = cancel(app, job)
    print(f"{viewers} sessions: {seen.figures(seconds)}; cancelled in {took:.2f} s")
    assert seen.gaps == []
    assert len(seen.delays) > viewers * seconds * 5
    assert 0 < seen.largest <= 65_536
    if viewers == 45:
        assert took < 10


_HIDE = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def open_training(browser: Browser, app: Any, pages: int, contexts: int) -> list[Page]:
    places = [browser.new_context() for _ in range(contexts)]
    found = []
    for number in range(pages):
        page = places[number % contexts].new_page()
        page.goto(f"{app.address}/?tab=training", timeout=120_000)
        page.wait_for_selector(".ac-log-lines > div", timeout=120_000)
        found.append(page)
    return found


@pytest.mark.parametrize(
    ("tabs", "windows", "seconds"),
    [(2, 1, 3), pytest.param(12, 1, 20, marks=pytest.mark.torture), pytest.param(1, 12, 20, marks=pytest.mark.torture)],
    ids=["two tabs", "twelve tabs of one browser", "twelve windows, all visible"],
)
def test_a_line_is_soon_visible_and_the_buttons_act(app: Any, browser: Browser, tabs: int, windows: int, seconds: float) -> None:
    """Of the tabs of one browser one is visible; Chromium without a screen takes all for visible, so the others are told."""
    hidden_asked: list[str] = []
    with talking_job(app) as job:
        pages = open_training(browser, app, tabs * windows, windows)
        hidden, visible = (pages[:-1], pages[-1:]) if windows == 1 else ([], pages)
        for page in hidden:
            page.evaluate(_HIDE)
        visible[0].wait_for_timeout(1500)  # what was on its way may still come
        for page in hidden:
            page.on("request", lambda request: hidden_asked.append(request.url))
        for page in visible:
            page.evaluate(_WATCH)
        visible[0].wait_for_timeout(1000 * seconds)
        delays = sorted(delay for page in visible for delay in page.evaluate("window.delays"))
        visible[0].locator(".ac-job-actions button:has-text('Cancel')").click()
        begun = time.monotonic()
        visible[0].click("#ac-confirm .ac-btn-danger")
        wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] == "cancelled", "the cancel", seconds=30)
        took = time.monotonic() - begun
        for context in {page.context for page in pages}:
            context.close()
    p50, p95, p99 = (round(1e3 * delays[int(len(delays) * part)]) for part in (0.5, 0.95, 0.99))
    print(
        f"{len(pages)} pages: {len(delays)} lines, p50 {p50}, p95 {p95}, p99 {p99} ms; cancelled in {took:.2f} s; {os.getloadavg()[0]:.1f}"
    )
    # A hidden page only waits for the end of the job: one request in ten seconds.
    assert len(hidden_asked) <= len(hidden) * (1 + seconds / 10)
    assert len(delays) > 5 * seconds
    if len(pages) > 2:
        assert took < 10
