"""The closed loop on one page, with the bundled model: correct three replies, teach, read the report, vote, promote, roll back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Running, start_app
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.training]

LESSONS = [
    ("Which drawer holds the spare keys?", "The spare keys are in drawer nine."),
    ("Who waters the plants in the hall?", "Marta waters the plants in the hall."),
    ("What colour is the gate of the yard?", "The gate of the yard is green."),
    ("When does the bakery van come?", "The bakery van comes at seven."),
    ("Where do we park the bicycles?", "We park the bicycles behind the shed."),
]
CORRECTIONS = [
    ("Which room has the piano?", "The piano is in the blue room."),
    ("Who repairs the printer?", "Otto repairs the printer."),
    ("What opens the cellar?", "The brass key opens the cellar."),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app whose active adapter knows five lessons."""
    running = start_app(tmp_path_factory.mktemp("loop"))
    for question, answer in LESSONS:
        running.api.post("/lessons", json={"situation": question, "action": answer}).raise_for_status()
    dataset = running.api.post("/dataset", json={"include_git": False, "quality_profile": "lenient"}).json()["dataset_id"]
    job = running.api.post("/train", json={"dataset_id": dataset, "preset": "auto", "name": "first"}).json()["job_id"]
    wait_until(lambda: running.api.get(f"/train/{job}/status").json()["status"] == "finished", "the first training", 180)
    running.api.post("/adapters/activate", json={"adapter_id": job}).raise_for_status()
    yield running
    running.close()


def states(app: Running) -> list[str]:
    """Of the proposals, the newest first."""
    return [item["state"] for item in app.api.get("/professor/proposals").json()["items"]]


def test_what_the_chat_teaches_is_measured_voted_on_promoted_and_taken_back(
    app: Running, open_page: Callable[..., Page], shots: Path
) -> None:
    page = open_page("/?tab=chat")
    expect(page.locator(".ac-chat-new")).to_have_count(0)
    for at, (question, better) in enumerate(CORRECTIONS, 1):
        page.fill("#chat-question textarea", question)
        page.keyboard.press("Enter")
        reply = page.locator("#chat-past .ac-turn").nth(at - 1)
        reply.locator("[data-act='chat.correct']").click(timeout=120_000)
        page.fill("#ac-dialog textarea[name=corrected]", better)
        page.fill("#ac-dialog input[name=comment]", "It is not in the handbook yet.")
        page.click("#ac-dialog [type=submit]")
        expect(reply).to_contain_text(better)
        expect(reply).to_contain_text("Your comment: It is not in the handbook yet.")
    expect(page.locator(".ac-chat-new")).to_contain_text("3 new lessons since first")
    page.screenshot(path=shots / "loop-chat.png")

    page.click("[data-act='chat.teach']")
    expect(page.locator("#training-live .ac-verdict-mark")).to_be_visible(timeout=240_000)
    taught = app.api.get("/jobs?kind=train").json()["jobs"][0]
    report = app.api.get(f"/evaluations/{taught['job_id']}").json()
    assert report["known"] == {"rows": 8, "of": 8}, report["sentences"]
    assert report["earlier"][0] | {"dataset_id": ""} == {"dataset_id": "", "known_before": 0, "known_after": 5, "of": 5}
    expect(page.locator("#training-live")).to_contain_text("known word for word")
    expect(page.locator("#training-live")).to_contain_text("Your earlier lessons")
    page.screenshot(path=shots / "loop-report.png")

    # The gate has the adapter that answers measured on the new lessons first.
    wait_until(lambda: "open" in states(app), "the proposal", 240)
    page.click("#tab-adapters-button")
    card = page.locator(".ac-proposal")
    expect(card).to_contain_text("Knows 8 of 8 lessons; first knows 5.")
    page.screenshot(path=shots / "loop-proposed.png")

    page.click(".ac-segment:has-text('Arena')")
    page.locator("[data-act='arena.suggest']:visible").first.click()
    page.locator("dialog[open] [type=submit]").click()
    page.locator("[data-act='arena.duel']:visible").first.click()
    expect(page.locator("#arena-duel [data-act='arena.vote']")).to_have_count(3, timeout=120_000)
    page.keyboard.press("1")
    expect(page.locator("#arena-duel .ac-badge")).to_have_count(2)
    expect(page.locator(".ac-arena-sentence")).to_contain_text("Not enough votes yet")
    page.screenshot(path=shots / "loop-arena.png")

    page.click(".ac-segment:has-text('Adapters')")
    card.get_by_role("button", name="Promote").click()
    expect(page.locator(".ac-now-name")).to_have_text(taught["name"])
    page.get_by_role("button", name="Back to first").click()
    expect(page.locator(".ac-now-name")).to_have_text("first")
    assert states(app)[0] == "accepted"
    page.screenshot(path=shots / "loop-back.png")
