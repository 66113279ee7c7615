"""What a model wrote, reviewed on the page: questions on documents, which are learned as plain text too, and other wordings of lessons."""

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
from tests import wordings_help
from tests.e2e.conftest import start_app

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_AXE = """() => axe.run("#tab-dataset", {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}})
  .then((found) => found.violations.map((item) => item.id + ": " + item.nodes.map((node) => node.html).join(" ")))"""
BOOK = b"# Tank\n\nThe pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.\n"


WORDINGS = [
    ("lesson_lamp", "In which place does the green lamp of the old workshop hang?"),
    ("lesson_lamp", "The green lamp of the old workshop is found where exactly, if one comes in by the door beside the yard and looks up?"),
    ("lesson_key", "Who keeps the key of the boat shed?"),
    ("lesson_key", "With whom is the boat shed's key?"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app with a document on which questions were written, and with other wordings of two lessons that are not there yet."""
    folder = tmp_path_factory.mktemp("documents")
    store = DocumentStore(folder / "data" / "documents", 10)
    record = store.add(io.BytesIO(BOOK), "book.md", lambda path, name, kind: read_document(path, name, kind, None, 256), "academy-mini")
    jobs, models = JobStore(folder / "data" / "training"), folder / "data" / "models"
    made.written(jobs, models, record.id)
    wordings_help.wrote(jobs, models, WORDINGS, job_id="questions_2")
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


def test_other_wordings_are_reviewed_above_the_lessons(app: Any, open_page: Open, shots: Path) -> None:
    for name, asked, said in (("lamp", "Where is the green lamp of the old workshop?", "In row 7."), ("key", "Who has the key?", "Ann.")):
        app.api.post("/lessons", json={"lesson_id": f"lesson_{name}", "situation": asked, "action": said}).raise_for_status()
    page = open_page("/?tab=dataset")
    page.click(".ac-segment:has-text('Lessons')")
    fields = page.locator("#wordings-review textarea")
    expect(fields).to_have_count(4)
    page.screenshot(path=shots / "wordings-1400.png")
    fields.nth(1).fill("Where does one find the lamp?")
    fields.nth(2).fill("Whom do I ask for the key?")
    fields.nth(2).press("Enter")
    # What was typed into another one was lost when one was decided on.
    expect(fields).to_have_count(3)
    expect(fields.nth(1)).to_have_value("Where does one find the lamp?")
    expect(page.locator("[name=accept][value='questions_2.3']")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(fields).to_have_count(2)
    page.screenshot(path=shots / "wordings-1400-after.png")
    page.close()

    page = open_page("/?tab=dataset", width=400, scheme="dark", locale="de-DE")
    page.click(".ac-segment:has-text('Lektionen')")
    fields = page.locator("#wordings-review textarea")
    expect(fields).to_have_count(2)
    page.screenshot(path=shots / "wordings-400.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert fields.nth(1).evaluate("el => el.scrollHeight <= el.clientHeight + 1"), "a long wording is read whole"
    page.click("button[value=accepted]")
    expect(page.locator("[data-live=wordings]")).to_contain_text("3 angenommen, 1 abgelehnt")
    expect(page.locator("[data-live=wordings] button")).to_be_focused()
    page.screenshot(path=shots / "wordings-400-after.png", full_page=True)
    kept = {name: app.api.get(f"/lessons/lesson_{name}").json()["metadata"]["wordings"] for name in ("lamp", "key")}
    assert kept == {"lamp": [text for name, text in WORDINGS if name == "lesson_lamp"], "key": ["Whom do I ask for the key?"]}
    page.close()
