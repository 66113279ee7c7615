"""A real app in a process of its own, and Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Running:
    """An app that answers: its address, its data folder, and a client of its REST interface."""

    def __init__(self, address: str, data: Path, process: subprocess.Popen[str]) -> None:
        self.address = address
        self.data = data
        self.process = process
        self.api = httpx.Client(base_url=f"{address}/api/v1/academy", timeout=60)

    def close(self) -> None:
        """Ends the app and what was opened to it."""
        self.api.close()
        self.process.terminate()
        self.process.communicate(timeout=15)


def start_app(folder: Path, *more: str, **extra: str) -> Running:
    """Starts app.py on a free port and waits until it answers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACADEMY_")}
    # Each page would start a trainer that nothing uses, on two cores that the browser needs.
    # And no test looks into the home of whoever runs it.
    environment |= {"ACADEMY_WARM_TRAINER": "false", "ACADEMY_SESSION_FOLDERS": "/nowhere"} | extra
    with open(folder / "app.log", "w") as errors:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", "0", "--data-dir", str(folder / "data"), *more],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=environment,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, f"The app did not start: {(folder / 'app.log').read_text()[-2000:]}"
    return Running(found[0].rstrip("/"), folder / "data", process)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One app for all tests of the browser."""
    running = start_app(tmp_path_factory.mktemp("academy"))
    yield running
    for job in running.api.get("/jobs").json()["jobs"]:
        if job["status"] in ("queued", "preparing", "running"):
            running.api.delete(f"/train/{job['job_id']}")
    running.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, only while its tests run: Playwright keeps an event loop running in this thread."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("SHOTS"):
            patch.setattr(Page, "screenshot", lambda page, **options: b"")  # drawn without a GPU, and looked at by nobody
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; they are taken only where SHOTS names a folder."""
    named = os.environ.get("SHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def open_page(app: Running, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages that fail the test when a script breaks, a dialog pops up or a request leaves for elsewhere."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def opened(path: str = "/", width: int = 1400, scheme: Literal["light", "dark"] = "light", locale: str = "en-US") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith((app.address, "data:", "blob:")) else troubles.append(f"request: {request.url}"),
        )
        page.goto(app.address + path)
        page.wait_for_selector("#tab-overview-button")
        page.wait_for_function("document.querySelector('.ac-chips .ac-chip')")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not troubles


@pytest.fixture
def beacon() -> Iterator[tuple[str, list[str]]]:
    """A server that must never be called: its address, and the paths of the calls."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", calls
    server.shutdown()
    server.server_close()
