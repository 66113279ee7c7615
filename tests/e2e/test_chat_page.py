"""The chat in a real browser: who answers, the reader's position, stopped replies, versions, conversations, files, copying."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.adapters_help import write_tensors
from tests.e2e.conftest import Running, start_app

pytestmark = [pytest.mark.browser, pytest.mark.training]

READING, LISTED, CODED = "read-0123456789", "list-0123456789", "code-0123456789"
"""Conversations of twelve questions, one for each test that changes one."""

CODE = "Here:\n```python\ndef add(a, b):\n    return a + b\n```"


def an_adapter(folder: Path, name: str) -> None:
    """An adapter of the bundled model that changes nothing, as a person copies one into the data folder."""
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "academy-mini"}))
    (folder / "metadata.json").write_text(json.dumps({"name": name, "base_model": "academy-mini"}))
    tensors = {}
    for layer in range(6):
        place = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors |= {f"{place}.lora_A.weight": numpy.zeros((4, 192)), f"{place}.lora_B.weight": numpy.zeros((192, 4))}
    write_tensors(folder / "adapter_model.safetensors", tensors)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("chat")
    for name in ("north", "south"):
        an_adapter(folder / "data/models" / name, name.capitalize())
    turns = [{"turn_id": f"t{n}", "parent": f"t{n - 1}" if n else "", "question": f"Question {n}?"} for n in range(12)]
    for turn in turns:
        turn["replies"] = [{"text": CODE if turn["turn_id"] == "t11" else "A lantern hangs there. " * 30, "base": "academy-mini"}]  # type: ignore[assignment]
    stored = folder / "data/chat/conversations"
    stored.mkdir(parents=True)
    for chat in (READING, LISTED, CODED):
        (stored / f"{chat}.json").write_text(json.dumps({"chat_id": chat, "turns": turns, "updated_at": "2026-01-01T00:00:00.000Z"}))
    app = start_app(folder)
    app.api.post("/adapters/activate", json={"adapter_id": "north"})
    yield app
    app.close()


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    yield opened
    context.close()
    expect.set_options(timeout=5_000)
    assert not troubles


def open_chat(page: Page, running: Running, *, chat: str = "", how: list[Any] | None = None) -> None:
    kept = json.dumps({"how": how or [False, "", 0, 1, 256, ""]})
    page.add_init_script(f"if (!localStorage.getItem('academy.choices')) localStorage.setItem('academy.choices', {json.dumps(kept)});")
    page.goto(f"{running.address}/?tab=chat" + (f"&chat={chat}" if chat else ""))
    expect(page.locator(".ac-who b")).to_be_visible(timeout=60_000)
    page.wait_for_function("!document.querySelector('#chat-past .ac-wait')")


def ask(page: Page, question: str) -> None:
    page.fill("#chat-question textarea", question)
    page.click("#chat-send")


def turns(page: Page) -> Any:
    return page.locator("#chat-past .ac-turn")


def test_the_page_says_who_answers_and_a_pin_shouts_until_another_is_activated(page: Page, running: Running, shots: Path) -> None:
    open_chat(page, running)
    expect(page.locator(".ac-who b")).to_have_text("North")
    page.click("#tab-adapters-button")
    page.click("#adapter-south button[data-act='adapter.try'] >> nth=0")
    expect(page.locator(".ac-who.is-pinned")).to_contain_text("Pinned to South. The active one is North.")
    expect(page.locator("#chat-who input")).to_have_value("South")
    page.screenshot(path=shots / "chat-pinned.png")

    # Both columns are there before the first word, under the names of those who answer.
    page.evaluate(
        "new MutationObserver(() => { window.first ||= document.querySelectorAll('#chat-now .ac-reply').length; })"
        ".observe(document.getElementById('chat-now'), { childList: true, subtree: true })"
    )
    ask(page, "Which port does the harbour use?")
    expect(turns(page)).to_have_count(1)
    assert page.evaluate("window.first") == 2
    expect(page.locator("#chat-past .ac-badge")).to_have_text(["South", "Base model"])

    # Activated elsewhere, even: who answers is who the page says.
    running.api.post("/adapters/deactivate")
    expect(page.locator(".ac-who b")).to_have_text("Base model")
    running.api.post("/adapters/activate", json={"adapter_id": "north"})
    expect(page.locator(".ac-who:not(.is-pinned) b")).to_have_text("North")
    expect(page.locator("#chat-who input")).to_have_value("Active: North")
    page.uncheck("#chat-compare input")
    ask(page, "And now?")
    expect(turns(page)).to_have_count(2)
    expect(turns(page).last.locator(".ac-badge")).to_have_text(["North"])


def test_a_chat_that_is_opened_later_names_who_is_active_by_then_and_keeps_what_is_half_typed(page: Page, running: Running) -> None:
    # The choices are drawn with the page: who was activated before the chat was first seen was not among them.
    page.goto(running.address)
    expect(page.locator("#ac-top [data-active=north]")).to_be_visible()
    running.api.post("/adapters/activate", json={"adapter_id": "south"})
    page.click("#tab-chat-button")
    expect(page.locator("#chat-who input")).to_have_value("Active: South")
    running.api.post("/adapters/activate", json={"adapter_id": "north"})
    page.fill("#chat-question textarea", "Half a quest")
    page.reload()
    expect(page.locator("#chat-question textarea")).to_have_value("Half a quest")
    ask(page, "A whole question?")
    expect(turns(page)).to_have_count(1)
    page.reload()
    expect(turns(page)).to_have_count(1)
    expect(page.locator("#chat-question textarea")).to_have_value("")


def test_any_two_adapters_answer_side_by_side(page: Page, running: Running) -> None:
    open_chat(page, running)
    page.click("#tab-adapters-button")
    page.click("#adapter-north .ac-menu summary")
    page.click("#adapter-north button[data-act='adapter.versus']")
    page.select_option("#ac-dialog select", label="South")
    page.click("#ac-dialog [type=submit]")
    expect(page.locator("#chat-beside input")).to_have_value("South")
    ask(page, "Hello!")
    expect(page.locator("#chat-past .ac-badge")).to_have_text(["North", "South"])


def test_the_reader_stays_where_he_is_and_a_stopped_reply_goes_on(page: Page, running: Running, shots: Path) -> None:
    open_chat(page, running, chat=READING, how=[False, "", 2, 1, 1200, "8"])  # this seed says much
    expect(turns(page)).to_have_count(12)
    ask(page, "Tell me everything about lamps.")
    page.wait_for_function("document.querySelector('#chat-now .ac-prose')?.innerText.length > 40")
    log = "document.getElementById('chat-log')"
    page.evaluate(f"{log}.scrollTop -= 400")
    expect(page.locator("#chat-jump")).to_be_visible()
    before, length = page.evaluate(f"[{log}.scrollTop, document.querySelector('#chat-now .ac-prose').innerText.length]")
    page.wait_for_function(f"document.querySelector('#chat-now .ac-prose').innerText.length > {length + 60}")
    assert page.evaluate(f"{log}.scrollTop") == before
    page.screenshot(path=shots / "chat-reading.png")
    page.click("#chat-jump")
    expect(page.locator("#chat-jump")).to_be_hidden()
    assert page.evaluate(f"{log}.scrollHeight - {log}.scrollTop - {log}.clientHeight") < 8

    page.click("#chat-stop")
    expect(turns(page)).to_have_count(13)
    reply = turns(page).last.locator(".ac-prose")
    expect(turns(page).last.locator(".ac-reply-head")).to_contain_text("stopped")
    said, last = reply.inner_text(), "document.querySelector('#chat-past .ac-turn:last-child .ac-prose')"
    page.evaluate(
        "new MutationObserver(() => { window.most = Math.max(window.most || 0, document.querySelectorAll('#chat-log .ac-turn').length); })"
        ".observe(document.getElementById('chat-log'), { childList: true, subtree: true })"
    )
    turns(page).last.locator("button:has-text('Continue')").click()
    page.wait_for_function(f"!document.querySelector('#chat-now .ac-turn') && {last}.innerText.length > {len(said)}")
    assert reply.inner_text().split()[:10] == said.split()[:10]
    assert page.evaluate("window.most") == 13, "the turn that goes on is drawn once"
    expect(turns(page)).to_have_count(13)
    page.locator("#chat-past button[data-act='chat.delete_turn']").last.click()
    expect(turns(page)).to_have_count(12)


def test_versions_of_a_question_are_switched_deleted_and_brought_back(page: Page, running: Running, shots: Path) -> None:
    open_chat(page, running)
    ask(page, "one")
    expect(turns(page)).to_have_count(1)
    ask(page, "two")
    expect(turns(page)).to_have_count(2)
    turns(page).first.locator("button:has-text('Edit')").click()
    page.fill("#ac-dialog textarea", "another one")
    page.click("#ac-dialog [type=submit]")
    expect(page.locator(".ac-versions")).to_contain_text("2/2")
    expect(page.locator("#chat-past .ac-said")).to_have_text(["another one"])
    page.click("#chat-past button:has-text('Ask again')")
    expect(page.locator(".ac-versions")).to_contain_text("3/3")
    expect(page.locator("#chat-past")).to_contain_text("The same as before: at temperature 0")
    page.screenshot(path=shots / "chat-versions.png")
    page.locator("#chat-past button[data-act='chat.delete_turn']").first.click()
    expect(page.locator(".ac-versions")).to_contain_text("2/2")
    page.click("#ac-toasts button:has-text('Undo')")
    expect(page.locator(".ac-versions")).to_contain_text("3/3")
    for _ in range(2):
        page.click("button[aria-label='Earlier version']")
    expect(page.locator("#chat-past .ac-said")).to_have_text(["one", "two"])
    page.reload()
    expect(page.locator("#chat-past .ac-said")).to_have_text(["one", "two"])


def test_conversations_are_found_renamed_deleted_and_brought_back(page: Page, running: Running) -> None:
    open_chat(page, running)
    page.click(f"#chat-{LISTED} a")
    expect(turns(page)).to_have_count(12)
    assert f"chat={LISTED}" in page.url
    page.click(f"#chat-{LISTED} summary")
    page.click(f"#chat-{LISTED} button[data-act='chat.rename']")
    page.fill("#ac-dialog input[name=name]", "Harbour lights")
    page.click("#ac-dialog [type=submit]")
    page.fill("input[name=chat_query]", "LANTERN hangs")
    expect(page.locator(f"#chat-{LISTED}")).to_contain_text("Harbour lights")
    page.fill("input[name=chat_query]", "harbour LIGHTS")
    expect(page.locator(".ac-chat-row")).to_have_count(1)
    page.fill("input[name=chat_query]", "nothing like it")
    expect(page.locator(".ac-chat-row")).to_have_count(0)
    page.fill("input[name=chat_query]", "")
    page.click(f"#chat-{LISTED} summary")
    page.click(f"#chat-{LISTED} button[data-act='chat.delete']")
    expect(page.locator(f"#chat-{LISTED}")).to_have_count(0)
    expect(turns(page)).to_have_count(0)
    page.click("#ac-toasts button:has-text('Undo')")
    expect(turns(page)).to_have_count(12)
    page.reload()
    expect(page.locator(f"#chat-{LISTED}")).to_contain_text("Harbour lights")
    expect(turns(page)).to_have_count(12)
    page.click(".ac-chats-new")
    expect(turns(page)).to_have_count(0)


def test_code_is_copied_a_correction_shows_both_texts_and_a_preset_returns(page: Page, running: Running, shots: Path) -> None:
    open_chat(page, running, chat=CODED)
    expect(page.locator(".ac-code .ac-code-keyword").first).to_have_text("def")
    page.click(".ac-code button")
    assert page.evaluate("navigator.clipboard.readText()") == "def add(a, b):\n    return a + b"
    turns(page).last.locator("button:has-text('Correct this')").click()
    page.fill("#ac-dialog textarea", "Use sum instead.")
    expect(page.get_by_label("Your comment (optional)")).to_have_attribute("placeholder", "e.g. shorter, and name the file")
    page.click("#ac-dialog [type=submit]")
    expect(page.locator(".ac-correction")).to_contain_text("Use sum instead.")
    page.click(".ac-replaced summary")
    expect(page.locator(".ac-replaced del")).to_contain_text("return a + b")
    page.screenshot(path=shots / "chat-corrected.png")

    page.click("#chat-how > button")
    page.fill("#chat-system textarea", "Answer in verse.")
    page.click("button[data-event=preset]")
    page.fill("#ac-dialog input[name=name]", "Poet")
    page.click("#ac-dialog [type=submit]")
    expect(page.locator("#chat-preset input")).to_have_value("Poet")
    page.reload()
    page.click("#chat-how > button")
    expect(page.locator("#chat-preset input")).to_have_value("Poet")
    expect(page.locator("#chat-system textarea")).to_have_value("Answer in verse.")
    page.click("button[data-act='preset.delete']")
    expect(page.locator("#chat-preset input")).to_have_value("None")


def test_an_attached_file_is_read_and_one_that_is_too_long_says_so(page: Page, running: Running, tmp_path: Path, shots: Path) -> None:
    files = {"notes.md": b"The lamp is green.\n", "long.txt": b"The lamp is green. " * 4000, "photo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    open_chat(page, running)
    page.set_input_files("#chat-chooser", tmp_path / "photo.png")
    expect(page.locator("#ac-toasts")).to_contain_text("photo.png is not a text file")
    page.set_input_files("#chat-chooser", tmp_path / "long.txt")
    expect(page.locator(".ac-file-chip")).to_contain_text("long.txt · 76,000 characters")
    ask(page, "Which colour has the lamp?")
    expect(page.locator("#chat-now .ac-notice-bad")).to_contain_text("long.txt is too long for this model.")
    expect(page.locator("#chat-question textarea")).to_have_value("Which colour has the lamp?")
    page.screenshot(path=shots / "chat-file.png")
    page.set_input_files("#chat-chooser", tmp_path / "notes.md")
    page.click("#chat-send")
    expect(turns(page)).to_have_count(1)
    expect(page.locator("#chat-past .ac-file summary")).to_contain_text("notes.md")
    expect(page.locator(".ac-file-chip")).to_have_count(0)
