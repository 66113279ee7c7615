"""Documents on the page: brought, reviewed by keys, learned as plain text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import FilePayload, Page, expect

from academy.curation.documents.reading import read_document
from academy.curation.documents.store import DocumentStore
from academy.jobs.store import JobStore
from tests import documents_help as made
from tests.e2e.conftest import start_app

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_AXE = """() => axe.run("#tab-dataset", {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}})
  .then((found) => found.violations.map((item) => item.id + ": " + item.nodes.map((node) => node.html).join(" ")))"""
BOOK = b"# Tank\n\nThe pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app with a document on which questions were written."""
    folder = tmp_path_factory.mktemp("documents")
    store = DocumentStore(folder / "data" / "documents", 10)
    record = store.add(io.BytesIO(BOOK), "book.md", lambda path, name, kind: read_document(path, name, kind, None, 256), "academy-mini")
    made.written(JobStore(folder / "data" / "training"), folder / "data" / "models", record.id)
    running = start_app(folder)
    yield running
    running.close()


def test_questions_are_reviewed_by_keys_beside_their_passage(app: Any, open_page: Open, shots: Path) -> None:
    page = open_page("/?tab=dataset", width=1400, scheme="light")
    page.click(".ac-segment:has-text('Documents')")
    review = page.locator("#doc-review")
    expect(review.locator("mark")).to_have_text("Lena Ohm", timeout=30_000)
    page.screenshot(path=shots / "documents-1400.png", full_page=True)
    page.evaluate(AXE)
    assert page.evaluate(_AXE) == []
    review.focus()
    page.keyboard.press("a")
    expect(review.locator("mark")).to_have_text("at four degrees")
    expect(review).to_be_focused()
    page.keyboard.press("r")
    expect(review).to_contain_text("All questions are reviewed.")
    page.keyboard.press("u")
    expect(review.locator("textarea[name=question]")).to_have_value("When does the pump start?")
    page.keyboard.press("e")
    page.keyboard.type(" Really?")
    page.keyboard.press("Control+Enter")
    expect(review).to_contain_text("All questions are reviewed.")
    lessons = app.api.get("/lessons").json()["items"]
    assert {item["situation"] for item in lessons} == {"Who repaired the pump of the green tank?", "When does the pump start? Really?"}
    page.close()


def test_a_pdf_is_brought_and_its_passages_are_rows_of_a_dataset(app: Any, open_page: Open, shots: Path) -> None:
    page = open_page("/?tab=dataset", width=400, scheme="dark")
    brought = FilePayload(name="handbook.pdf", mimeType="application/pdf", buffer=made.pdf(made.HANDBOOK))
    page.locator("input[data-drop]:visible, input[data-drop]").first.set_input_files([brought])
    choices = page.locator("#ac-dialog .ac-choice")
    expect(choices).to_have_count(1)
    choices.click()
    expect(page.locator(".ac-doc-passage").first).to_contain_text("Lena Ohm", timeout=30_000)
    expect(page.locator("[data-live=doc_open]")).to_contain_text("Page 1")
    page.locator("[data-live=doc_open] .ac-switch", has_text="Learn as plain text").click()
    page.screenshot(path=shots / "documents-400.png", full_page=True)
    page.evaluate(AXE)
    assert page.evaluate(_AXE) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.click(".ac-segment:has-text('Datasets')")
    page.locator("[data-act='dataset.make']").click()
    expect(page.locator("[data-live=ds_part]")).to_contain_text("plain text", timeout=30_000)
    newest = app.api.get("/datasets").json()["items"][0]
    assert newest["statistics"]["sources"]["documents"] >= 1
    page.close()
