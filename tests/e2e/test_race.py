"""A race on the page: its curves, table and result, the settings of a trial in the form, and the form that starts one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from academy.jobs.store import JobStore
from tests.e2e import axe
from tests.e2e.conftest import start_app
from tests.races_help import SENTENCE, a_race
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.training]  # it begins a race

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app with a race that has ended, and a dataset."""
    folder = tmp_path_factory.mktemp("race")
    store = JobStore(folder / "data" / "training")
    a_race(store, folder / "data" / "models")
    running = start_app(folder)
    for n in range(12):
        running.api.post("/lessons", json={"situation": f"What is the code of door {n}?", "action": f"The code of door {n} is {n + 1000}."})
    running.api.post("/dataset", json={"include_git": False, "name": "doors"}).raise_for_status()
    yield running
    for job in running.api.get("/jobs").json()["jobs"]:
        if job["status"] in ("queued", "preparing", "running"):
            running.api.delete(f"/train/{job['job_id']}")
    running.close()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "dark")])
def test_a_race_is_read_used_and_begun(app: Any, open_page: Open, shots: Path, width: int, scheme: str) -> None:
    page = open_page("/?tab=training&job=sweep_1", width=width, scheme=scheme)
    card = page.locator(".ac-race")
    expect(card).to_contain_text(SENTENCE, timeout=90_000)
    expect(card.locator("svg path.smooth")).to_have_count(3)
    expect(page.locator("#train-advice .ac-advice")).to_contain_text("rank 16", timeout=90_000)
    card.locator("tr", has_text="rank 32").locator("[data-act='trial.use']").click()
    # The form has the trial's settings, as chosen by a person, and the Professor's sentence follows.
    expect(page.locator("#train-advice .ac-advice")).to_contain_text("rank 32", timeout=30_000)
    expect(page.locator("#train-advice .ac-mine")).to_contain_text("Learning rate")
    page.click("#race-form > button")
    expect(page.locator("#race-start")).to_be_visible()
    page.screenshot(path=shots / f"race-{width}.png", full_page=True)
    axe.prepare(page)
    assert axe.serious(page, "a race", "#training-grid") == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    if width < 1000:
        return
    page.fill("#race-minutes textarea, #race-minutes input", "soon")
    page.click("#race-start")
    expect(page.locator("#train-answer .ac-notice")).to_contain_text("soon", timeout=30_000)
    page.fill("#race-minutes textarea, #race-minutes input", "20")
    page.click("#race-start")
    begun = wait_until(lambda: [item for item in app.api.get("/sweeps").json()["items"] if item["id"] != "sweep_1"], "the race", 60)[0]
    # The chosen settings are the first trial's.
    assert begun["trials"][0]["parameters"] == {"learning_rate": 0.004, "lora_rank": 32}
    assert begun["budget_seconds"] == 1200
    expect(page.locator(".ac-race")).to_contain_text("worse half", timeout=60_000)
