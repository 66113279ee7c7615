"""Measures what a person waits for in the browser: first paint, first tab, layout shift, and what a poll costs the server.

    python benchmarks/page.py                      # about three minutes on two cores
    python benchmarks/page.py --loads 15 --data-dir a-copy-of-data

Academy and a minimal Blocks app (a text field, a button, served the same way) are loaded in turns, each time by a browser without a
cache, so that what else the machine does meets both; printed are medians and their ratio. "usable": the first tab shows its content.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from playwright.sync_api import Browser, Request, sync_playwright

ROOT = Path(__file__).parent.parent
TABS = ("overview", "dataset", "training", "adapters", "chat")
USABLE = {"Academy": "#tab-overview .ac-live[data-version] :is(button, .ac-tile)", "minimal": "#go"}
MINIMAL = """
import os, socket, sys
os.environ.update(GRADIO_ANALYTICS_ENABLED="False", GRADIO_SSR_MODE="False")
import gradio as gr, uvicorn
from fastapi import FastAPI
with gr.Blocks() as page:
    text = gr.Textbox(label="Name")
    answer = gr.Textbox(label="Answer")
    gr.Button("Go", elem_id="go").click(lambda name: f"Hello {name}", text, answer)
listener = socket.create_server(("127.0.0.1", 0))
app = gr.mount_gradio_app(FastAPI(), page, path="", ssr_mode=False)
print(f"answers at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push([entry.value,
    entry.sources.map(({ node }) => node?.nodeType === 1 ? (node.id || node.className || node.nodeName) : "text").slice(0, 4)]);
}).observe({ type: "layout-shift", buffered: true });
"""
TIMES = """selector => new Promise((done) => {
  const look = () => document.querySelector(selector)?.getClientRects().length
    ? done([...performance.getEntriesByType("paint").map((entry) => entry.startTime), performance.now()]) : requestAnimationFrame(look);
  look();
})"""

SIZES = """() => {
  const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return [loaded.length, loaded.reduce((sum, { transferSize }) => sum + transferSize, 0)];
}"""


def main() -> None:
    """Starts both apps, loads their pages in turns and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=9, help="of each page")
    parser.add_argument("--polls", type=int, default=60, help="of each tab")
    parser.add_argument("--data-dir", type=Path, help="filled by another Academy; it is copied")
    parser.add_argument("--app", type=Path, default=ROOT / "app.py", help="of another working tree")
    parser.add_argument("--json", action="store_true", help="the figures as one line, last")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        data = Path(folder) / "data"
        if options.data_dir:
            shutil.copytree(options.data_dir, data, ignore=shutil.ignore_patterns("app.lock"))
        (Path(folder) / "minimal.py").write_text(MINIMAL, encoding="utf-8")
        minimal, _ = stack.enter_context(served(folder, "minimal.py"))
        academy, process = stack.enter_context(served(folder, str(options.app.resolve()), "--port", "0", "--data-dir", str(data)))
        if not options.data_dir:
            fill(academy)
        browser = stack.enter_context(chromium())
        paints = first_paints(browser, {"minimal": minimal, "Academy": academy}, options.loads)
        tabs = {tab: one_tab(browser, academy, tab, process, options.polls) for tab in TABS}
    if options.json:
        print(json.dumps({"loads": options.loads, "polls": options.polls, "milliseconds": paints, "tabs": tabs}))


@contextlib.contextmanager
def served(folder: str, *command: str) -> Iterator[tuple[str, psutil.Process]]:
    """An app in a process of its own: its address and its process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACADEMY_")}
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder, env=environment
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address, f"{command[0]} did not start."
        yield address[0].rstrip("/"), psutil.Process(process.pid)
        process.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a cache."""
    with sync_playwright() as playwright:
        path = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def fill(address: str) -> None:
    """Sample lessons and a dataset, so that the tabs have content."""
    with httpx.Client(base_url=f"{address}/api/v1/academy", timeout=120) as client:
        for number in range(100):
            client.post("/lessons", json={"situation": f"What is the code of door {number}?", "action": f"It is {number * 37}."})
        client.post("/dataset", json={"include_git": False}).raise_for_status()


def first_paints(browser: Browser, addresses: dict[str, str], loads: int) -> dict[str, dict[str, float]]:
    """First paint, first contentful paint and the first usable tab of each app."""
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in addresses}
    sizes: dict[str, tuple[int, ...]] = {}
    for turn in range(loads + 1):
        for name, address in addresses.items():
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            page.goto(address, wait_until="commit")
            times = page.evaluate(TIMES, USABLE[name])
            sizes[name] = tuple(page.evaluate(SIZES))
            if turn:  # the first load also fills the server's own caches
                seen[name].append(tuple(times))
            page.context.close()
    print(f"{'ms, median of ' + str(loads):<20} {'first paint':>12} {'contentful':>12} {'usable':>12} {'requests':>10} {'kB':>8}")
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seen.items()}
    for name, row in medians.items():
        print(f"{name:<20} {row[0]:>12.0f} {row[1]:>12.0f} {row[2]:>12.0f} {sizes[name][0]:>10} {sizes[name][1] / 1000:>8.0f}")
    ratio = [mine / least for mine, least in zip(medians["Academy"], medians["minimal"], strict=True)]
    print(f"{'ratio':<20} {ratio[0]:>12.2f} {ratio[1]:>12.2f} {ratio[2]:>12.2f}")
    print(f"\n{'tab':<12} {'shift':>8} {'poll, CPU ms':>14} {'poll, wall ms':>14} {'answer, bytes':>14}   moved most")
    return {name: dict(zip(("first_paint", "contentful", "usable"), map(round, row), strict=True)) for name, row in medians.items()}


def one_tab(browser: Browser, address: str, tab: str, process: psutil.Process, polls: int) -> dict[str, float]:
    """How far a tab shifts while it loads, and what a poll that changes nothing costs."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.add_init_script(SHIFTS)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "component_server" in request.url and request.post_data else None)
    page.goto(f"{address}/?tab={tab}")
    page.wait_for_timeout(6000)
    shifts = page.evaluate("window.shifts")
    body, url = asked[-1].post_data or "", asked[-1].url
    page.context.close()
    with httpx.Client(headers={"content-type": asked[-1].headers["content-type"]}) as client:
        payload = settled(client, url, json.loads(body))
        used, begin = process.cpu_times(), time.perf_counter()
        answers = [client.post(url, json=payload) for _ in range(polls)]
        wall = (time.perf_counter() - begin) / polls
        spent = process.cpu_times()
    cpu = (spent.user + spent.system - used.user - used.system) / polls
    most = max(shifts, default=[0, []])
    total, moved = sum(value for value, _ in shifts), " ".join(most[1])[:60]
    times = f"{1000 * cpu:>14.1f} {1000 * wall:>14.1f} {len(answers[-1].content):>14}"
    print(f"{tab:<12} {total:>8.3f} {times}   {most[0]:.3f} {moved}")
    spent_ms = {"poll_cpu_ms": round(1000 * cpu, 2), "poll_wall_ms": round(1000 * wall, 2)}
    return {"shift": round(total, 4), "answer_bytes": len(answers[-1].content)} | spent_ms


def settled(client: httpx.Client, url: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A poll that already has the newest version of every region, as the browser has after its first poll."""
    regions = payload["data"]["regions"] if isinstance(payload["data"], dict) else payload["data"][0]["regions"]
    for name, fresh in client.post(url, json=payload).json()["regions"].items():
        regions[name] = fresh["version"]
    return payload


if __name__ == "__main__":
    main()
