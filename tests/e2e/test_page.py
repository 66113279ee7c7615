"""The page in a real browser: the three steps, what survives a reload, what fails, what is hostile, what is narrow."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio
import pytest
from playwright.sync_api import Page, expect

from tests import waiting

pytestmark = [pytest.mark.browser, pytest.mark.training]

Open = Callable[..., Page]
ASSETS = Path(gradio.__file__).parent / "templates/frontend/assets"


def wait_until(page: Page, asked: Callable[[], Any], seconds: float = 60) -> Any:
    """Polls a condition while the page stays open."""
    return waiting.wait_until(asked, f"{page.url}", seconds, pause=100, rest=page.wait_for_timeout)


def state_of(page: Page) -> str:
    return page.locator("#training-live .ac-pill").first.inner_text()


def ask(page: Page, question: str) -> str:
    """Asks in the chat and returns the whole reply."""
    before = page.locator("#chat-past .ac-turn").count()
    page.fill("#chat-question textarea", question)
    page.click("#chat-send")
    expect(page.locator("#chat-past .ac-turn")).to_have_count(before + 1, timeout=120_000)
    return page.locator("#chat-past .ac-turn").last.locator(".ac-prose").first.inner_text()


def samples(app: Any) -> list[dict[str, Any]]:
    return app.api.get("/lessons", params={"limit": 200}).json()["items"]


def a_dataset(app: Any) -> str:
    """A dataset of the sample lessons, made once."""
    found = app.api.get("/datasets").json()["items"]
    if found:
        return found[0]["id"]
    rows = [{"situation": f"What is the code of door {n}?", "action": f"The code of door {n} is {n * 37 + 1000}."} for n in range(12)]
    for row in rows:
        app.api.post("/lessons", json=row)
    return app.api.post("/dataset", json={"include_git": False}).json()["dataset_id"]


def test_three_clicks_from_nothing_to_an_answer(app: Any, open_page: Open, shots: Path) -> None:
    page = open_page()
    expect(page.locator(".ac-step-now")).to_contain_text("Load the sample lessons")
    page.screenshot(path=shots / "1-first.png")
    page.click(".ac-step-now button")
    expect(page.locator(".ac-step-now")).to_contain_text("Train", timeout=120_000)
    expect(page.locator("[data-live=now]")).to_contain_text("81 to train on")
    expect(page.locator("[data-live=now]")).not_to_contain_text("advises to wait")  # beside the step to train
    page.screenshot(path=shots / "2-loaded.png")
    page.click(".ac-step-now button")

    # Progress, plot and log appear by themselves.
    expect(page.locator("#training-live h2")).to_contain_text("handbook", timeout=120_000)
    wait_until(page, lambda: page.locator(".ac-plot .smooth").count() and page.locator(".ac-log-lines > div").count() > 3, 120)
    assert "job=" in page.url
    page.screenshot(path=shots / "3-running.png")

    # A reload shows the same job with its newest state.
    if state_of(page) == "running":
        before = page.url
        page.reload()
        page.wait_for_selector("#training-live h2")
        assert page.url == before
        wait_until(page, lambda: page.locator(".ac-log-lines > div").count() > 3, 30)
    # Of the 81 lessons the bundled model knows 75 on some processors: numbers round differently.
    wait_until(page, lambda: state_of(page) in ("finished", "Ready, with gaps", "failed", "cancelled"), 180)
    assert state_of(page) in ("finished", "Ready, with gaps")
    # What it learned heads the panel, in words, and the chip has its colour.
    status = app.api.get(f"/train/{page.url.split('job=')[1]}/status").json()
    verdict = "partly" if status["verdict"] == "ready" and status["missing"] else status["verdict"]
    words = {"ready": "Ready", "partly": "Ready, with gaps", "not_learned": "Not learned", "forgot": "Forgot", "no_gain": "No gain"}[
        verdict
    ]
    expect(page.locator("#training-live h3").first).to_contain_text(words)
    expect(page.locator("#training-live .ac-pill").first).to_have_class(f"ac-pill ac-verdict-{verdict}")
    lines = page.locator(".ac-log-lines i").all_inner_texts()
    numbers = [int(line) for line in lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the log has no gap and no repeat"
    page.screenshot(path=shots / "4-finished.png", full_page=True)

    page.click("text=Activate and chat")
    expect(page.locator("#ac-top")).to_contain_text("handbook-1")
    expect(page.locator("#chat-question textarea")).to_be_visible()
    taught = next(lesson for lesson in samples(app) if any(char.isdigit() for char in lesson["action"]) and len(lesson["action"]) < 80)
    fact = next(word.strip(".,;:") for word in taught["action"].split() if any(char.isdigit() for char in word))
    assert fact in ask(page, taught["situation"])
    expect(page.locator(".ac-badge-on").last).to_have_text("handbook-1")
    page.screenshot(path=shots / "5-chat.png")

    # Side by side, the base model does not know it.
    page.check("#chat-compare input")
    ask(page, taught["situation"])
    replies = page.locator("#chat-past .ac-turn").last.locator(".ac-reply")
    expect(replies).to_have_count(2)
    assert fact in replies.nth(0).locator(".ac-prose").inner_text()
    assert fact not in replies.nth(1).locator(".ac-prose").inner_text()
    page.screenshot(path=shots / "6-compare.png")

    # The conversation outlives a reload, also where the browser reads what it kept after the page's load event.
    kept = next(path.name for path in ASSETS.glob("*.js") if "storage_key" in path.read_text(encoding="utf-8"))
    page.route(f"**/{kept}", lambda route: (page.wait_for_timeout(1500), route.continue_()))
    page.reload()
    expect(page.locator("#chat-past .ac-turn")).to_have_count(2)
    expect(page.locator("#chat-past")).to_contain_text(fact)
    page.unroute_all()

    # A correction becomes a lesson.
    count = len(samples(app))
    page.locator("#chat-past .ac-reply-tools button:has-text('Correct this')").last.click()
    page.fill("#ac-dialog textarea[name=corrected]", "I do not know that, but the adapter does.")
    page.click("#ac-dialog [type=submit]")
    expect(page.locator("#chat-past .ac-turn").last).to_contain_text("corrected")
    assert len(samples(app)) == count + 1

    # Without the adapter the base model answers.
    page.click("#tab-adapters-button")
    page.screenshot(path=shots / "7-adapters.png")
    page.click("text=Deactivate")
    expect(page.locator("#ac-top")).to_contain_text("base model")
    page.click("#tab-chat-button")
    assert fact not in ask(page, taught["situation"])
    expect(page.locator("#chat-past .ac-badge").last).to_have_text("Base model")


def test_a_training_is_cancelled_by_its_button(app: Any, open_page: Open) -> None:
    dataset = a_dataset(app)
    job = app.api.post("/train", json={"dataset_id": dataset, "num_epochs": 20, "max_steps": 5000, "name": "to be cancelled"}).json()[
        "job_id"
    ]
    page = open_page(f"/?tab=training&job={job}")
    wait_until(page, lambda: state_of(page) in ("preparing", "running"), 60)
    page.locator(".ac-job-actions button:has-text('Cancel')").click()
    page.click("#ac-confirm .ac-btn-danger")
    wait_until(page, lambda: state_of(page) == "cancelled", 20)
    expect(page.locator(".ac-job-actions")).to_contain_text("Retry")
    assert app.api.get(f"/train/{job}/status").json()["status"] == "cancelled"


def test_a_killed_training_says_why_and_what_to_do(app: Any, open_page: Open, shots: Path) -> None:
    dataset = a_dataset(app)
    job = app.api.post("/train", json={"dataset_id": dataset, "num_epochs": 20, "max_steps": 5000, "name": "to be killed"}).json()["job_id"]
    page = open_page(f"/?tab=training&job={job}")
    wait_until(page, lambda: (app.api.get(f"/train/{job}/status").json().get("step") or 0) > 0, 90)
    os.kill(app.api.get(f"/train/{job}/status").json()["worker"]["pid"], signal.SIGKILL)
    wait_until(page, lambda: state_of(page) == "failed", 30)
    expect(page.locator("#training-live .ac-notice-bad")).to_be_visible()
    expect(page.locator(".ac-job-actions")).to_contain_text("Retry")
    page.screenshot(path=shots / "8-failed.png", full_page=True)
    page.go_back()
    page.go_forward()
    expect(page.locator("#training-live h2")).to_have_text("to be killed")


def test_bad_values_are_refused_at_their_field_and_nothing_starts(app: Any, open_page: Open) -> None:
    a_dataset(app)
    before = app.api.get("/jobs").json()["count"]
    page = open_page("/?tab=training")
    expect(page.locator("#train-dataset input")).not_to_have_value("", timeout=120_000)
    page.click("#all-settings > button")
    page.fill("#set-lora_rank input", "1000000000")
    page.click("#train-start")
    expect(page.locator("#set-lora_rank .ac-field-problem")).to_have_text("Must be at most 64.")
    expect(page.locator("#set-lora_rank .ac-field-problem")).to_be_in_viewport()
    assert app.api.get("/jobs").json()["count"] == before
    expect(page.locator("#train-advice")).to_contain_text("Auto, but with your own: LoRA rank")
    page.click("#train-advice button:has-text('Reset to Auto')")
    expect(page.locator("#set-lora_rank input")).not_to_have_value("1000000000")
    page.click("#train-base input")
    page.fill("#train-base input", "no-such-model")
    page.keyboard.press("Enter")
    page.click("#train-start")
    expect(page.locator("#train-base .ac-field-problem")).to_contain_text("no-such-model")
    assert app.api.get("/jobs").json()["count"] == before


def test_files_become_lessons_and_unknown_columns_are_mapped_by_hand(app: Any, open_page: Open, tmp_path: Path) -> None:
    known, unknown = tmp_path / "pairs.jsonl", tmp_path / "odd.csv"
    rows = [json.dumps({"instruction": f"Which floor is room {n}?", "output": f"Room {n} is on floor {n}."}) for n in range(5)]
    known.write_text("\n".join([*rows, "{broken"]))
    unknown.write_text("kolumna;druga\nWhere is the attic?;Above the third floor.\nWhere is the cellar?;Below the ground.\n")
    page = open_page("/?tab=dataset")
    page.click(".ac-segment:has-text('Lessons')")
    page.set_input_files("input[data-drop]", str(known))
    page.click("[data-kind=lessons]")
    expect(page.locator("#lesson-report")).to_contain_text("5 lessons kept", timeout=120_000)
    expect(page.locator("#lesson-report")).to_contain_text("1 row refused")
    # With several files, the others are told first, and stay in the report.
    page.set_input_files("input[data-drop]", [str(unknown), str(known)])
    page.click("[data-kind=lessons]")
    expect(page.locator("#map-read")).to_be_visible(timeout=120_000)
    page.click("#map-read")
    expect(page.locator("#lesson-report")).to_contain_text("2 lessons kept", timeout=120_000)
    expect(page.locator("#lesson-report")).to_contain_text("pairs.jsonl")
    expect(page.locator("#lesson-report .ac-table")).to_be_visible()
    page.fill("input[data-bind=lesson_query]", "attic")
    expect(page.locator(".ac-lessons .ac-lesson:not(.ac-mail-head)")).to_have_count(1)


def test_a_refused_dataset_says_why_beside_the_button(app: Any, open_page: Open) -> None:
    page = open_page("/?tab=dataset")
    page.locator("label:has(input[name=src_git])").click()
    page.fill("input[name=git_repo]", "/no/such/repository")
    page.wait_for_timeout(600)
    page.click("button[data-act='dataset.make']")
    expect(page.locator("#ds-answer .ac-notice-bad")).to_contain_text("/no/such/repository", timeout=120_000)


def test_an_uploaded_file_is_a_source_whose_rows_open_as_coloured_tokens(app: Any, open_page: Open, tmp_path: Path, shots: Path) -> None:
    nodes = {"a": ("user", "Who waters the ferns?"), "b": ("assistant", "Tove waters the ferns on Mondays.")}
    mapping = {
        key: {
            "id": key,
            "message": {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "create_time": 1.0},
            "parent": "a" if key == "b" else None,
            "children": ["b"] if key == "a" else [],
        }
        for key, (role, text) in nodes.items()
    }
    export = tmp_path / "conversations.json"
    export.write_text(json.dumps([{"title": "Ferns", "create_time": 1.0, "mapping": mapping, "current_node": "b"}]))
    page = open_page("/?tab=dataset")
    page.set_input_files("input[data-drop]", str(export))
    page.click("[data-kind=sources]")
    expect(page.locator(".ac-uploads")).to_contain_text("conversations.json", timeout=120_000)
    page.click("button[data-act='dataset.make']")
    wait_until(page, lambda: "dataset=" in page.url, 60)
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("from files")
    page.click("button.ac-segment:has-text('Lengths')")
    expect(page.locator(".ac-plot .col").first).to_be_visible(timeout=120_000)
    page.click("button.ac-segment:has-text('Rows')")
    page.locator("button[data-act='row.tokens']").first.click()
    expect(page.locator("#ac-dialog .tok.trained").first).to_be_visible(timeout=120_000)
    page.screenshot(path=shots / "9-tokens.png")


def hostile(address: str) -> str:
    return (
        f"<img src={address}/i onerror=window.hacked=1><script src={address}/s></script><style>@import '{address}/c'</style>"
        f"![x]({address}/m.png) [y](javascript:window.hacked=1) ${{window.hacked=1}}{{{{window.hacked}}}}\u202e\x1b[31m\r"
    )


def test_nothing_from_outside_runs_or_calls_home(app: Any, open_page: Open, beacon: tuple[str, list[str]]) -> None:
    address, calls = beacon
    bad = hostile(address)
    short = f"<img src={address} onerror=hacked=1>"[:80]
    app.api.post("/lessons", json={"situation": f"What is {bad}?", "action": f"It is {bad}.", "tags": [short], "feedback": bad})
    made = app.api.post("/dataset", json={"include_git": False, "name": short})
    job = app.api.post("/train", json={"dataset_id": made.json()["dataset_id"], "name": short, "max_steps": 5000}).json()["job_id"]
    app.api.delete(f"/train/{job}")
    with open(app.data / "models" / job / "train.log", "a", encoding="utf-8") as log:
        log.write(f"2026-01-01T00:00:00.000Z {bad.replace(chr(13), '')}\n" * 3)
    page = open_page(f"/?tab=training&job={job}")
    expect(page.locator(".ac-log-lines")).to_contain_text("onerror", timeout=120_000)
    for tab in ("overview", "dataset", "training", "adapters", "chat"):
        page.click(f"#tab-{tab}-button")
        page.wait_for_timeout(700)
    page.click("#tab-dataset-button")
    page.click(".ac-segment:has-text('Lessons')")
    page.locator(".ac-lesson:has-text('onerror') .ac-plain").first.click()
    expect(page.locator("#ac-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.click(".ac-segment:has-text('Datasets')")
    page.locator("button[data-act='row.tokens']").first.click()
    expect(page.locator("#ac-dialog .tok").first).to_be_visible(timeout=120_000)
    page.keyboard.press("Escape")
    page.click("#tab-chat-button")
    ask(page, bad)
    page.goto(f"{app.address}/?tab=training&job={short}")
    page.wait_for_timeout(1500)
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert not calls


def test_a_narrow_page_never_scrolls_sideways(app: Any, open_page: Open, shots: Path) -> None:
    a_dataset(app)
    page = open_page(width=400, scheme="dark")
    for tab in ("overview", "dataset", "training", "adapters", "chat"):
        page.click(f"#tab-{tab}-button")
        expect(page.locator(f"#tab-{tab}[data-filled]")).to_be_visible(timeout=60_000)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.screenshot(path=shots / f"narrow-{tab}.png", full_page=True)
        assert wide <= 0, tab


def test_a_page_that_loses_its_server_says_so_and_comes_back(app: Any, open_page: Open) -> None:
    page = open_page()
    page.route("**/component_server*", lambda route: route.abort())
    page.route("**/component_server/", lambda route: route.abort())
    expect(page.locator(".ac-offline-chip")).to_be_visible(timeout=120_000)
    page.unroute_all()
    expect(page.locator(".ac-offline-chip")).to_be_hidden(timeout=120_000)


def test_a_hidden_page_asks_for_nothing(app: Any, open_page: Open) -> None:
    page = open_page()
    asked: list[str] = []
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true}); document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(1500)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4000)
    assert not asked


def test_styles_come_with_the_page_and_scripts_at_once(app: Any, open_page: Open) -> None:
    # Each component of Gradio brought its own style in a request of its own.
    loaded = open_page().evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)")
    assert len([path for path in loaded if path.endswith(".css")]) == 2, "Gradio's own and the theme"
    files = [path for path in loaded if path.startswith("/assets/")]
    assert len(files) == len({*files}) < 45, "each one once"


def test_an_open_tab_holds_no_connection(app: Any, open_page: Open) -> None:
    """A browser opens six connections to a host; with one heartbeat a tab, the seventh tab never loaded."""
    assert app.api.get(f"{app.address}/config").json()["connect_heartbeat"] is False
    pages = [open_page("/?tab=training") for _ in range(2)]
    held: list[str] = []
    pages[0].on("request", lambda request: held.append(request.url) if "heartbeat" in request.url or "queue/data" in request.url else None)
    pages[0].reload()
    pages[0].wait_for_selector(".ac-chips .ac-chip")
    pages[0].wait_for_timeout(1500)
    assert not held
