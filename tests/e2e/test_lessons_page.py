"""Lessons and datasets in the hand, in a real browser: found, typed, picked, brought, undone, left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import agents_help
from tests.e2e.conftest import start_app

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
ROWS = ".ac-lessons .ac-lesson:not(.ac-mail-head)"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app with a few lessons of its own."""
    sessions = agents_help.home(tmp_path_factory.mktemp("home"))
    running = start_app(tmp_path_factory.mktemp("lessons"), ACADEMY_SESSION_FOLDERS=str(sessions))
    for n in range(8):
        lesson = {"situation": f"Where is lamp {n}?", "action": f"Lamp {n} hangs in row {n * 7}.", "tags": ["lamps", f"row-{n % 2}"]}
        running.api.post("/lessons", json=lesson)
    earlier = {"history": [["Which bulb does the Nora take?", "An E27."]], "system": "Be brief."}
    running.api.post("/lessons", json={"situation": "And the Petra?", "action": "An E14.", "tags": ["bulbs"], "metadata": earlier})
    yield running
    running.close()


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A busy machine answers late."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def lessons(open_page: Open) -> Page:
    page = open_page("/?tab=dataset")
    page.click(".ac-segment:has-text('Lessons')")
    expect(page.locator(ROWS).first).to_be_visible()
    return page


def bring(page: Page, kind: str, *files: Path) -> None:
    """Brings files and says what they are to become."""
    page.set_input_files("input[data-drop]", [str(file) for file in files])
    page.click(f"[data-kind={kind}]")


def test_a_placeholder_does_not_look_like_a_value(lessons: Page) -> None:
    # Both had the same colour: an example of a range was taken for the range.
    colours = "el => [getComputedStyle(el, '::placeholder').color, getComputedStyle(el).color]"
    search = lessons.locator("input[data-bind=lesson_query]")
    assert search.get_attribute("placeholder").startswith("e.g.")  # type: ignore[union-attr]
    placeholder, text = search.evaluate(colours)
    assert placeholder != text


def test_a_tag_is_a_filter_wherever_it_stands(lessons: Page) -> None:
    count = lessons.locator(ROWS).count()
    lessons.locator(".ac-lesson-tags button:has-text('bulbs')").click()
    expect(lessons.locator(ROWS)).to_have_count(1)
    lessons.locator(".ac-chosen:has-text('bulbs')").click()
    expect(lessons.locator(ROWS)).to_have_count(count)
    lessons.select_option("select[data-add=lesson_tags]", "row-1")
    expect(lessons.locator(ROWS)).to_have_count(4)
    # The chosen lessons become a dataset; name and filter were for this one, and the search in its rows is not for the next.
    lessons.click("[data-act='lessons.to_dataset']")
    expect(lessons.locator(".ac-source .ac-chosen")).to_have_text("row-1×")
    expect(lessons.locator("[data-act='dataset.make']")).to_be_focused()
    lessons.click("summary:has-text('Options')")
    lessons.fill("input[data-bind=ds_name]", "Odd rows")
    lessons.click("[data-act='dataset.preview']")
    lessons.click("#ac-dialog [data-act='dataset.make']")
    expect(lessons.locator("#ac-dialog")).not_to_be_visible()
    expect(lessons.locator(".ac-open h2")).to_have_text("Odd rows")
    expect(lessons.locator(".ac-open .ac-sentence")).to_contain_text("4 examples: 4 lessons")
    expect(lessons.locator(".ac-source .ac-chosen")).to_have_count(0)
    expect(lessons.locator("input[data-bind=ds_name]")).to_have_value("")
    expect(lessons.locator("select[data-bind=ds_sort]")).to_have_value("file")
    lessons.fill("input[data-bind=ds_query]", "no such row")
    expect(lessons.locator("[data-live=ds_part] .ac-empty")).to_contain_text("No match")
    lessons.click("[data-act='dataset.make']")
    expect(lessons.locator(".ac-open .ac-sentence")).to_contain_text("9 examples: 9 lessons")
    expect(lessons.locator(".ac-examples .ac-example")).to_have_count(9)


def test_two_quick_clicks_on_tags_both_count(lessons: Page) -> None:
    # Both in one task, so that nothing is drawn between the clicks.
    click = "(tags, names) => names.forEach((name) => tags.find((tag) => tag.textContent.startsWith(name)).click())"
    lessons.locator(".ac-lesson-tags button").evaluate_all(click, ["lamps", "row-1"])
    chosen = lessons.locator(".ac-chosen:visible")
    expect(chosen).to_have_count(2)
    expect(lessons.locator(ROWS)).to_have_count(8)
    chosen.evaluate_all(click, ["lamps", "row-1"])
    expect(chosen).to_have_count(0)


def test_lessons_are_typed_one_after_another_and_a_draft_outlives_escape_and_reload(lessons: Page, app: Any) -> None:
    before = app.api.get("/lessons").json()["count"]
    lessons.click("button:has-text('Add lesson')")
    lessons.fill("#ac-dialog [name=situation]", "Who has the key?")
    lessons.fill("#ac-dialog [name=action]", "Ann has it.")
    lessons.fill("#ac-dialog [name=tags]", "keys")
    lessons.keyboard.press("Control+Shift+Enter")
    # The next form is empty but for the tags.
    expect(lessons.locator("#ac-dialog [name=situation]")).to_have_value("")
    expect(lessons.locator("#ac-dialog [name=tags]")).to_have_value("keys")
    lessons.fill("#ac-dialog [name=situation]", "Half a question")
    lessons.keyboard.press("Escape")
    expect(lessons.locator("#ac-toasts")).to_contain_text("What you typed is kept.")
    lessons.reload()
    lessons.click("button:has-text('Add lesson')")
    expect(lessons.locator("#ac-dialog [name=situation]")).to_have_value("Half a question")
    expect(lessons.locator("#ac-dialog .ac-draft")).to_be_visible()
    lessons.fill("#ac-dialog [name=action]", "Her key is AKIA" + "IOSFODNN7EXAMPLE")
    lessons.keyboard.press("Control+Enter")
    expect(lessons.locator("#ac-toasts")).to_contain_text("Saved, without 1 secret.")
    expect(lessons.locator("#ac-dialog")).not_to_be_visible()
    assert app.api.get("/lessons").json()["count"] == before + 2
    lessons.click("button:has-text('Add lesson')")
    expect(lessons.locator("#ac-dialog .ac-draft")).not_to_be_visible()


def test_earlier_turns_are_shown_and_edited(lessons: Page, app: Any) -> None:
    row = lessons.locator(f"{ROWS}:has-text('And the Petra?')")
    expect(row).to_contain_text("1 earlier turn Which bulb does the Nora take?")
    row.locator(".ac-plain").click()
    lessons.fill("#ac-dialog [name='answered:0']", "It takes an E27.")
    lessons.click("#ac-dialog [data-do='turn.add']")
    lessons.fill("#ac-dialog [name='asked:1']", "And the Olga?")
    lessons.fill("#ac-dialog [name='answered:1']", "A G9.")
    lessons.keyboard.press("Control+Enter")
    expect(row).to_contain_text("2 earlier turns")
    lesson = app.api.get("/lessons", params={"query": "petra"}).json()["items"][0]
    pairs = [["Which bulb does the Nora take?", "It takes an E27."], ["And the Olga?", "A G9."]]
    assert lesson["metadata"] == {"history": pairs, "system": "Be brief."}


def test_many_lessons_are_tagged_deleted_and_brought_back(lessons: Page, app: Any) -> None:
    lessons.fill("input[data-bind=lesson_query]", "lamp")
    expect(lessons.locator(ROWS)).to_have_count(8)
    boxes = lessons.locator("[data-pick=one]")
    place = boxes.nth(3).bounding_box()
    boxes.nth(0).click()
    expect(lessons.locator(".ac-bulk")).to_be_visible()
    assert boxes.nth(3).bounding_box() == place, "the next row is where it was"
    boxes.nth(3).click(modifiers=["Shift"])
    expect(lessons.locator(".ac-bulk")).to_contain_text("4 selected")
    lessons.fill(".ac-bulk [name=tags]", "checked")
    lessons.click(".ac-bulk button:has-text('Apply')")
    expect(lessons.locator("#ac-toasts")).to_contain_text("4 lessons changed.")
    assert app.api.get("/lessons", params={"tag": "checked"}).json()["count"] == 4
    lessons.click(".ac-bulk button:has-text('Select all 8')")
    lessons.click(".ac-bulk [data-action=delete]")
    expect(lessons.locator("#ac-toasts")).to_contain_text("8 lessons deleted.")
    assert app.api.get("/lessons", params={"query": "lamp"}).json()["count"] == 0
    lessons.click("#ac-toasts button:has-text('Undo')")
    expect(lessons.locator(ROWS)).to_have_count(8)
    lessons.click("[data-pick=page]")
    lessons.click(".ac-bulk [data-action=delete]")
    expect(lessons.locator("[data-live=lessons]")).to_contain_text("No match")
    lessons.click(".ac-toolbar .ac-menu summary")
    lessons.click("[data-act='lessons.bin']")
    lessons.click("[data-act='lessons.restore_all']")
    expect(lessons.locator(ROWS)).to_have_count(8)


def test_an_import_is_shown_alone_with_what_was_refused_and_undone(lessons: Page, app: Any, tmp_path: Path) -> None:
    before = app.api.get("/lessons").json()["count"]
    table = tmp_path / "fragen.csv"
    table.write_text("Frage;Antwort;Thema\nWo ist der Tee?;In der Kueche.;Haus\nWer giesst?;Anna.;Garten\nzu kurz\n")
    image = tmp_path / "photo.png"
    image.write_text("no image")
    bring(lessons, "lessons", table, image)
    report = lessons.locator("#lesson-report")
    expect(report).to_contain_text("2 lessons kept")
    expect(report.locator("tr:has-text('zu kurz')")).to_contain_text("4has 1 column instead of 3")
    expect(report).to_contain_text("photo.png is an image, which cannot be read here.")
    expect(lessons.locator(ROWS)).to_have_count(2)
    # The column that was passed over becomes the tags.
    lessons.click("button:has-text('Use “Thema” as tags')")
    expect(lessons.locator(ROWS).first.locator(".ac-tag")).to_have_text("Garten")
    assert app.api.get("/lessons").json()["count"] == before + 2
    lessons.click("#lesson-report [data-do=clear]")
    lessons.click("button[data-act='import.report']")
    expect(lessons.locator("#ac-dialog tr:has-text('zu kurz')")).to_contain_text("has 1 column instead of 3")
    lessons.keyboard.press("Escape")
    lessons.click("button:has-text('Undo this import')")
    expect(lessons.locator("#ac-toasts")).to_contain_text("2 lessons taken away.")
    expect(lessons.locator(ROWS).first).not_to_contain_text("Wer giesst?")
    assert app.api.get("/lessons").json()["count"] == before


def test_markdown_with_headings_and_labels_loses_no_section(lessons: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n\n## Lamps\nOn shelf 3.\n\nQ: Who waters?\nA: Ann.\n\n## Keys\nIn the hall.\n\n## Bikes\nOut.\n\n## Empty\n")
    bring(lessons, "lessons", notes)
    expect(lessons.locator("#lesson-report")).to_contain_text("5 rows read, 4 lessons kept, 1 row refused")
    expect(lessons.locator("#lesson-report")).to_contain_text("## Empty")
    # Who searches means all lessons, not those of the import alone.
    lessons.fill("input[data-bind=lesson_query]", "lamp 3")
    expect(lessons.locator(ROWS)).to_have_count(1)


def test_a_row_is_left_out_and_another_leads_to_its_lesson_and_back(open_page: Open, app: Any) -> None:
    made = app.api.post("/dataset", json={"include_git": False, "lesson_filter": {"tags": ["lamps"]}, "name": "Lamps"}).json()
    page = open_page(f"/?tab=dataset&dataset={made['dataset_id']}")
    page.fill("input[data-bind=ds_query]", "lamp 3?")
    row = page.locator(".ac-examples .ac-example")
    expect(row).to_have_count(1)
    row.locator("button:has-text('Edit')").click()
    page.fill("#ac-dialog [name=action]", "Lamp 3 was sold.")
    page.keyboard.press("Control+Enter")
    expect(row).to_contain_text("lesson changed since")
    row.locator(".ac-switch").click()
    page.click("button:has-text('Curate again, 1 left out')")
    # The lesson is another now, and so is the row: what was left out is the old one.
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("8 examples: 8 lessons")
    expect(row).to_have_count(8)  # the search was for the dataset before
    page.fill("input[data-bind=ds_query]", "lamp 5?")
    expect(row).to_have_count(1)
    row.locator(".ac-switch").click()
    page.click("button:has-text('Curate again, 1 left out')")
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("7 examples: 7 lessons; 1 left out by hand")


def test_rows_that_are_held_out_say_so_and_all_are_trained_with_a_click(open_page: Open, app: Any) -> None:
    made = app.api.post("/dataset", json={"include_git": False, "lesson_filter": {"tags": ["lamps"]}, "eval_fraction": 0.25}).json()
    page = open_page(f"/?tab=dataset&dataset={made['dataset_id']}")
    page.click(".ac-segment:has-text('Lessons')")
    expect(page.locator(".ac-held").first).to_have_text("held out, never trained")
    page.click(".ac-segment:has-text('Datasets')")
    page.click("button.ac-segment:has-text('Held out')")
    expect(page.locator("[data-live=ds_part]")).to_contain_text("2 rows are held out and never trained.")
    page.locator("[data-live=ds_part] [data-act='dataset.whole']").click()
    expect(page.locator("#train-start")).to_be_visible(timeout=60_000)
    newest = app.api.get("/datasets").json()["items"][0]
    assert (newest["statistics"]["train_examples"], newest["statistics"]["eval_examples"]) == (8, 0)


def test_a_session_of_an_agent_is_found_reviewed_and_taken(open_page: Open, app: Any, shots: Path) -> None:
    page = open_page("/?tab=dataset")
    page.click("[data-act='agents.find']")
    card = page.locator("[data-live=agents]")
    expect(card.locator(".ac-agents-row")).to_have_count(6)
    card.locator(".ac-agents-row:has-text('220 turns') .ac-switch").click()
    page.click("button:has-text('Review 1 session')")
    expect(card).to_contain_text("190 of 220 exchanges are taken")
    card.locator(".ac-agents-tools .ac-switch").click()  # the bundled base has no form for tools
    page.select_option("[data-bind=agents_show]", "secrets")
    expect(card.locator(".ac-exchange")).to_have_count(8)
    expect(card).to_contain_text("2 messages between, with tools")
    assert not any(secret in page.content() for secret in agents_help.SECRETS)
    expect(card.locator("mark.ac-redacted").first).to_be_visible()
    card.locator(".ac-exchange .ac-switch").first.click()
    expect(card).to_contain_text("189 of 220 exchanges are taken")
    page.select_option("[data-bind=agents_show]", "left")
    expect(card).to_contain_text("interrupted by the person")
    card.screenshot(path=shots / "agents.png")
    page.set_viewport_size({"width": 400, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1400, "height": 900})
    page.click("button:has-text('Make lessons of 189 exchanges')")
    expect(page.locator(ROWS).first).to_contain_text("turns")
    expect(page.locator("[data-live=lessons]")).to_contain_text("imported lesson")
    exported = app.api.post("/dataset", json={"include_git": False, "quality_profile": "lenient", "name": "pond"}).json()
    rows = app.api.get(f"/datasets/{exported['dataset_id']}/file").text
    assert "tool_calls" in rows
    assert not any(secret in rows for secret in agents_help.SECRETS)
    app.api.delete(f"/datasets/{exported['dataset_id']}").raise_for_status()
    page.click("button:has-text('Undo this import')")
    expect(page.locator(ROWS).first).not_to_contain_text("returns")


def test_five_hundred_lessons_and_none_fit_every_width(open_page: Open, tmp_path: Path, app: Any) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text("\n".join(json.dumps({"prompt": f"Room {n}?", "completion": f"Floor {n} " + "x" * (n % 90)}) for n in range(500)))
    page = open_page("/?tab=dataset", width=400)
    bring(page, "lessons", many)
    expect(page.locator("#lesson-report")).to_contain_text("500 lessons kept")
    page.select_option("select[data-bind=lesson_size]", "500")
    expect(page.locator(ROWS)).to_have_count(500)
    for width in (400, 900, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    page.click("button:has-text('Undo this import')")
    expect(page.locator(ROWS).first).not_to_contain_text("Room")
    page.fill("input[data-bind=lesson_query]", "no such lesson")
    expect(page.locator(".ac-empty")).to_contain_text("No match")
    page.click(".ac-empty button:has-text('Show all')")
    expect(page.locator(ROWS).first).to_be_visible()
