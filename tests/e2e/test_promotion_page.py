"""What the gate proposes, on the page: promote it with one click, roll back twice. The adapters are made by hand, so nothing trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from academy.config import Settings
from tests.e2e import axe
from tests.e2e.conftest import Running, start_app
from tests.gate_help import promoted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app in whose folder an adapter was trained that knows more than the one that answers."""
    folder = tmp_path_factory.mktemp("promotion")
    promoted(Settings(data_dir=folder / "data", _env_file=None))  # type: ignore[call-arg]
    running = start_app(folder)
    yield running
    running.close()


def test_propose_promote_and_roll_back_twice(app: Running, open_page: Callable[..., Page], shots: Path) -> None:
    page = open_page()
    axe.prepare(page)
    worth = page.locator(".ac-worth-first")
    expect(worth).to_contain_text("third is proposed")
    expect(worth).to_contain_text("Knows 24 of 24 lessons; second knows 18.")
    problems = axe.serious(page, "overview")
    page.get_by_role("link", name="See why").click()
    card = page.locator(".ac-proposal")
    expect(card).to_contain_text("instead of second")
    expect(card).to_contain_text("None of the lessons that second knows is lost.")
    problems += axe.serious(page, "adapters")
    page.locator("#tab-adapters details").last.evaluate("el => { el.open = true; }")
    problems += axe.serious(page, "the record")
    page.screenshot(path=shots / "proposal.png")
    for act in ("adapter.show", "adapter.export", "adapter.edit"):
        page.locator("#adapter-third .ac-menu > summary").click()
        page.locator(f"#adapter-third [data-act='{act}']:visible").click()
        expect(page.locator("dialog[open]")).to_be_visible()
        problems += axe.serious(page, act)
        page.screenshot(path=shots / f"{act}.png")
        if act == "adapter.show":  # on a narrow page nothing of a report has to be pushed sideways
            page.set_viewport_size({"width": 400, "height": 900})
            cut = "tables => tables.filter((table) => table.scrollWidth > table.clientWidth).length"
            assert page.locator("#ac-dialog .ac-scroll-x").evaluate_all(cut) == 0
            expect(page.locator("#ac-dialog .ac-replies-table td").first).to_be_visible()
            page.screenshot(path=shots / "report-narrow.png")
            page.set_viewport_size({"width": 1400, "height": 900})
        page.keyboard.press("Escape")
    card.get_by_role("button", name="Promote").click()
    answering = page.locator(".ac-now-name")
    expect(answering).to_have_text("third")
    expect(card).to_have_count(0)
    assert [item["state"] for item in app.api.get("/professor/proposals").json()["items"]] == ["accepted"]
    page.get_by_role("button", name="Back to second").click()
    expect(answering).to_have_text("second")
    page.get_by_role("button", name="Back to first").click()
    expect(answering).to_have_text("first")
    expect(page.get_by_role("button", name="Back to")).to_have_count(0)
    page.set_viewport_size({"width": 400, "height": 900})
    page.click("#tab-chat-button")
    page.evaluate("window.academy.toast({ kind: 'bad', text: 'It lies over no button that comes next.' })")
    told, send = page.locator(".ac-toast-bad").bounding_box(), page.locator("#chat-send").bounding_box()
    assert told
    assert send
    assert told["y"] + told["height"] < send["y"]
    assert problems == []
