"""The Training tab in a real browser: runs side by side, settings and their problems, the ends of jobs, and nothing that jumps."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from academy.jobs.store import JobStore
from tests.e2e.conftest import start_app
from tests.runs_help import a_run
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

Open = Callable[..., Page]

_TRAINER = """
import itertools, pathlib, sys, time
for n in itertools.count(1):
    if pathlib.Path(sys.argv[1]).exists():
        break
    print({"loss": round(3 - n / 1e3, 4), "learning_rate": 1e-4, "epoch": n / 1000}, flush=True)
    print(f"line {n}", flush=True)
    time.sleep(0.05)
sys.exit("The trainer gave up.")
"""
_SHIFTS = """() => {
  window.shift = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
}"""

_OVER_THE_BAR = """() => {
  const bar = document.getElementById("train-bar"), box = bar.getBoundingClientRect(), found = new Set();
  for (let x = box.left + 6; x < box.right - 6; x += 12)
    for (let y = box.top + 3; y < box.bottom - 3; y += 6) {
      const el = document.elementFromPoint(x, y);
      if (el && !bar.contains(el)) found.add(el.outerHTML.slice(0, 80));
    }
  return [...found];
}"""

_HIDE = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app with three runs that have finished and, before the last of them, one that failed."""
    folder = tmp_path_factory.mktemp("training")
    data = folder / "data"
    store = JobStore(data / "training")
    slow = {"goal": "style", "lora_rank": 4, "learning_rate": 0.001, "num_epochs": 4}
    a_run(store, data / "models", "training_1", name="slow one", parameters=slow, steps=80)
    a_run(store, data / "models", "training_2", name="quick one", adapter=True)
    a_run(store, data / "models", "training_3", name="broken one", status="failed", error="Out of memory. Train smaller.", steps=5)
    a_run(store, data / "models", "training_4", name="newest one", adapter=True)
    (folder / "talker.py").write_text(_TRAINER)
    argv = {
        name: json.dumps([sys.executable, str(folder / "talker.py"), str(data / end)])
        for name, end in (("talker", "never"), ("short", "enough"))
    }
    text = [f'[[recipe]]\nname = "{name}"\nargv = {words}\n' for name, words in argv.items()]
    (data / "recipes.toml").write_text("\n".join(text))
    running = start_app(folder)
    for n in range(12):
        running.api.post("/lessons", json={"situation": f"What is the code of door {n}?", "action": f"The code of door {n} is {n + 1000}."})
    for name in ("doors", "doors again"):
        running.api.post("/dataset", json={"include_git": False, "name": name}).raise_for_status()
    yield running
    for job in running.api.get("/jobs").json()["jobs"]:
        if job["status"] in ("queued", "preparing", "running"):
            running.api.delete(f"/train/{job['job_id']}")
    running.close()


@contextmanager
def talking(app: Any, recipe: str = "talker") -> Iterator[str]:
    """A job that logs until it is cancelled; a short one until there is a file `enough`, and then it fails."""
    job = app.api.post("/train", json={"recipe": recipe, "name": f"a {recipe} one"}).json()["job_id"]
    wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] != "preparing", "the job to run", seconds=60)
    try:
        yield job
    finally:
        app.api.delete(f"/train/{job}")
        wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] in ("cancelled", "failed"), "its end", seconds=60)


def legend(page: Page) -> list[str]:
    return page.locator("[data-live=job_plot] .ac-legend .key").all_inner_texts()


def ready(page: Page) -> Page:
    """The page when its form is filled."""
    expect(page.locator("#train-advice .ac-advice")).to_contain_text("rank", timeout=90_000)
    return page


def test_runs_are_compared_for_the_job_they_were_chosen_for(app: Any, open_page: Open, tmp_path: Any) -> None:
    page = open_page("/?tab=training&job=training_4")
    expect(page.locator("[data-live=job_plot] svg")).to_be_visible()
    page.click("#plot-versus > summary")
    expect(page.locator(".ac-picker-row:has-text('quick one')")).to_be_visible()
    # Both in one task, so that nothing is drawn between the clicks.
    click = "rows => ['slow one', 'quick one'].forEach((name) => rows.find((row) => row.textContent.includes(name)).click())"
    page.locator(".ac-picker-row").evaluate_all(click)
    expect(page.locator(".ac-picker-row.is-on")).to_have_count(2)
    assert legend(page) == ["newest one", "slow one", "quick one"]
    expect(page.locator(".ac-compare")).to_contain_text("Learning rate")
    page.keyboard.press("Escape")
    expect(page.locator("#plot-versus")).not_to_have_attribute("open", "")

    # The values of all curves at the pointer.
    box = page.locator("[data-live=job_plot] .ac-plot-area").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    tip = page.locator("[data-live=job_plot] .tip")
    expect(tip).to_be_visible()
    assert re.match(r"step 20\b", tip.inner_text()), tip.inner_text()
    assert [row.split()[0] for row in tip.locator(".key").all_inner_texts()] == ["newest", "slow", "quick"]

    # Axes, and the figures to take along.
    page.select_option("select[name=plot_x]", "tokens")
    page.locator("label:has(input[name=plot_log])").click()
    expect(page.locator("[data-live=job_plot] .ac-plot-area[data-x=tokens][data-scale=log]")).to_be_visible()
    with page.expect_download() as download:
        page.click("text=CSV")
    assert len({line.split(",")[0] for line in download.value.path().read_text().splitlines()[1:]}) == 3
    with page.expect_download() as download:
        page.click("button[data-do=png]")
    picture = download.value.path().read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5000
    page.locator("label:has(input[name=plot_log])").click()
    page.select_option("select[name=plot_x]", "step")

    # Nothing of them is drawn into another job, least of all into one that failed.
    for job in ("training_2", "training_3"):
        page.click(f"#job-{job} .ac-list-main")
        expect(page.locator("#training-live h2")).to_have_text("quick one" if job == "training_2" else "broken one")
        expect(page.locator("[data-live=job_plot] .smooth")).to_have_count(1)
        assert legend(page) in ([], ["training"])
    page.click("#job-training_4 .ac-list-main")
    expect(page.locator("[data-live=job_plot] .smooth")).to_have_count(3)
    page.click("#plot-versus > summary")
    page.locator("label:has(input[name=versus_pin])").click()
    page.keyboard.press("Escape")
    page.click("#job-training_3 .ac-list-main")
    expect(page.locator("[data-live=job_plot] .smooth")).to_have_count(3)


def test_jobs_are_found_noted_and_deleted(app: Any, open_page: Open) -> None:
    page = open_page("/?tab=training&job=training_4")
    page.select_option("select[name=jobs_state]", "failed")
    expect(page.locator(".ac-list-row")).to_have_count(1)
    page.click("#job-training_3 .ac-list-main")
    expect(page.locator("#training-live .ac-notice-bad")).to_contain_text("Out of memory.")
    page.select_option("select[name=jobs_state]", "")
    page.fill("input[name=jobs_query]", "slow")
    expect(page.locator(".ac-list-row")).to_have_count(1)
    row = page.locator("#job-training_1")
    expect(row).to_contain_text("Auto · 4 epochs · training loss")
    row.locator(".ac-menu > summary").click()
    row.locator("text=Note").click()
    page.fill("#ac-dialog textarea", "too slow to learn")
    page.click("#ac-dialog [type=submit]")
    expect(row).to_contain_text("too slow to learn")
    row.locator(".ac-menu > summary").click()
    row.locator("[data-act='job.delete_ask']").click()
    expect(page.locator("#ac-dialog")).to_contain_text(re.compile(r"frees .*[kM]B"))
    page.click("#ac-dialog .ac-btn-danger")
    expect(page.locator(".ac-list")).to_contain_text("No job matches.")
    assert "training_1" not in {job["job_id"] for job in app.api.get("/jobs").json()["jobs"]}


def test_a_dataset_stays_over_a_reload_and_a_new_one_is_taken(app: Any, open_page: Open) -> None:
    page = ready(open_page("/?tab=training"))
    chosen = page.locator("#train-dataset input")
    expect(chosen).to_have_value(re.compile("^doors again"))
    chosen.click()
    page.locator("#train-dataset [role=option]:not(:has-text('again'))").first.click()
    expect(chosen).to_have_value(re.compile(r"^doors ·"))
    page.reload()
    expect(chosen).to_have_value(re.compile(r"^doors ·"), timeout=90_000)
    page.click("#tab-dataset-button")
    page.click("button[data-act='dataset.make']")
    expect(page.locator(".ac-open .ac-sentence")).to_be_visible(timeout=90_000)
    page.click("#tab-training-button")
    expect(chosen).not_to_have_value(re.compile(r"^doors"), timeout=30_000)


def test_a_problem_is_told_once_at_its_field_and_goes_when_it_is_repaired(app: Any, open_page: Open) -> None:
    page = ready(open_page("/?tab=training"))
    count = app.api.get("/jobs").json()["count"]
    page.click("#all-settings > button")
    page.fill("#set-learning_rate input", "1")
    problem = page.locator("#set-learning_rate .ac-field-problem")
    expect(problem).to_have_text("Must be at most 0.01.")
    expect(page.locator("#set-learning_rate input")).to_have_attribute("aria-invalid", "true")
    # The button leads to it, from wherever the page is and whether the settings are open or not.
    page.click("#all-settings > button")
    page.click("#train-start")
    expect(problem).to_be_in_viewport()
    expect(page.locator("#set-learning_rate input")).to_be_focused()
    expect(page.locator("#training-form .ac-notice")).to_have_count(0)
    page.fill("#set-learning_rate input", "0.001")
    expect(problem).to_have_count(0)
    page.fill("#train-base input", "/nowhere/at/all")
    page.keyboard.press("Enter")
    expect(page.locator("#train-base .ac-field-problem")).to_contain_text("/nowhere/at/all")
    page.click("#train-start")
    page.wait_for_timeout(500)
    assert page.locator("#training-form").inner_text().count("/nowhere/at/all") == 1
    assert app.api.get("/jobs").json()["count"] == count
    # What stood against a field goes with the first letter that changes it, not when the next plan is there.
    page.fill("#train-base input", "academy-mini")
    assert page.locator(".ac-field-problem").count() == 0
    page.keyboard.press("Enter")
    expect(page.locator("#train-advice .ac-advice")).to_contain_text("rank")
    expect(page.locator("#train-advice.is-working")).to_have_count(0)
    expect(page.locator(".ac-field-problem")).to_have_count(0)


def test_train_and_the_time_stay_at_hand_in_opened_settings(app: Any, open_page: Open) -> None:
    for width in (1400, 400):
        page = ready(open_page("/?tab=training", width=width))
        page.click("#all-settings > button")
        expect(page.locator("#set-seed input")).to_be_visible()
        for top in (0, 900, 1600):
            page.evaluate(f"scrollTo(0, {top})")
            expect(page.locator("#train-start")).to_be_in_viewport()
            expect(page.locator("#train-estimate")).to_be_in_viewport()
            assert page.evaluate(_OVER_THE_BAR) == [], "nothing of the form is drawn over the bar"
        # One column: each control has the width of the panel.
        left = {round(page.locator(f"#set-{name}").bounding_box()["x"]) for name in ("learning_rate", "lora_rank", "seed")}  # type: ignore[index]
        assert len(left) == 1


@pytest.mark.training
def test_what_fits_is_forgotten_when_anything_it_depends_on_changes(app: Any, open_page: Open) -> None:
    page = ready(open_page("/?tab=training"))
    answer = page.locator("#train-answer")
    page.click("#train-fit")
    expect(answer).to_contain_text("It fits.", timeout=120_000)
    page.click("#train-preset label:has-text('Thorough')")
    expect(answer.locator(".ac-notice")).to_have_count(0)
    # Also what is found after the change does not hold.
    with page.expect_event("requestfinished", lambda request: "queue/data" in request.url, timeout=120_000):
        page.click("#train-fit")
        expect(answer).to_contain_text("Trying two steps")
        page.click("#train-preset label:has-text('Quick')")
        expect(answer.locator(".ac-notice")).to_have_count(0)
    page.wait_for_timeout(1500)  # it would be shown by now
    expect(answer.locator(".ac-notice")).to_have_count(0)


def test_the_end_of_a_job_is_told_on_every_tab(app: Any, open_page: Open) -> None:
    page, hidden = open_page("/?tab=adapters"), open_page("/?tab=chat")
    toasts = page.locator("#ac-toasts")
    with talking(app, "short") as job:
        for each in (page, hidden):
            each.wait_for_function("document.title.includes('a short one')", timeout=60_000)
        hidden.evaluate(_HIDE)
        (app.data / "enough").touch()
        expect(toasts.locator(".ac-toast-bad")).to_contain_text("a short one failed.", timeout=60_000)
        expect(page).to_have_title(re.compile("^✗ a short one"))
        page.click("#ac-toasts .ac-toast a")
        expect(page.locator("#training-live h2")).to_have_text("a short one")
        assert f"job={job}" in page.url
        expect(page).to_have_title("Academy")
        expect(hidden).to_have_title(re.compile("^✗ a short one"), timeout=60_000)  # a hidden page asks every ten seconds
    # The Overview leads to the job that failed, not to the tab alone.
    page.click("#tab-overview-button")
    page.locator(f"[data-live=first] a[href*='job={job}']").first.click()
    expect(page.locator("#training-live .ac-notice-bad")).to_be_visible()
    # It is told once, also after a reload.
    page.reload()
    page.wait_for_selector(".ac-chips .ac-chip")
    page.wait_for_timeout(1500)
    expect(page.locator(".ac-toast")).to_have_count(0)


def test_the_log_is_followed_also_when_the_window_changes(app: Any, open_page: Open) -> None:
    with talking(app) as job:
        page = open_page(f"/?tab=training&job={job}")
        rows = page.locator(".ac-log-lines")
        expect(rows.locator("> div").nth(40)).to_be_attached()
        for width in (900, 400, 1300):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(400)
            expect(page.locator(".ac-log-state")).to_have_text("following")
        assert rows.evaluate("(el) => el.scrollHeight - el.scrollTop - el.clientHeight") < 30
        rows.hover()
        page.mouse.wheel(0, -400)
        expect(page.locator(".ac-log-state")).to_have_text("stopped following")


def test_nothing_jumps_while_the_tab_loads_or_a_job_runs(app: Any, open_page: Open) -> None:
    page = open_page()
    page.context.add_init_script(f"({_SHIFTS})()")
    page.goto(f"{app.address}/?tab=training&job=training_4")
    ready(page)
    page.wait_for_timeout(2500)
    loading = page.evaluate("window.shift")
    with talking(app) as job:
        page.goto(f"{app.address}/?tab=training&job={job}")
        ready(page)
        page.wait_for_timeout(1500)
        before = page.evaluate("window.shift")
        page.wait_for_timeout(5000)
        running = page.evaluate("window.shift") - before
    print(f"layout shift: {loading:.4f} while loading a finished job, {before:.4f} a running one, {running:.4f} in five seconds of it")
    assert loading < 0.02
    assert before < 0.02
    assert running < 0.02
