"""From a chat export to an answer in the chat, in a real browser: drop it, map nothing, curate, see the tokens, train, activate, ask."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import start_app

pytestmark = [pytest.mark.browser, pytest.mark.training]

Open = Callable[..., Page]

FACTS = """
Which port does the staging gateway use?|The staging gateway listens on port 8447.
Who approves travel over 500 euros?|Marta approves travel over 500 euros.
Where is the release checklist?|The release checklist is in docs/release.md.
How do I rotate the nightly backup?|Run make backup-rotate on the host atlas.
How long are build logs kept?|Build logs are kept for 30 days.
Which colour means a frozen deploy?|Blue means that deploys are frozen.
Who is on call on Fridays?|On Fridays Jonas is on call until 20:00.
What is the code name of version 9?|Version 9 is called Heron.
How long is a sprint here?|A sprint takes ten working days.
Which database does billing use?|Billing uses PostgreSQL on the host quartz.
Where is the spare key of room 214?|The spare key hangs in the blue cabinet.
Which timezone do the reports use?|All reports use UTC, also in summer.
How many reviewers does a change need?|A change needs two reviewers.
What does the flag --dry do?|With --dry our tool changes nothing.
Where do flaky tests go?|Flaky tests get a ticket in the queue QA.
Which template do suppliers get?|Suppliers get the template supplier-hello.
What is the name of the test robot?|The test robot is called Pepper.
How do I reach the data centre?|Call extension 4410.
Which browser do the kiosks run?|The kiosks run Firefox in full-screen mode.
How large may an attachment be?|Attachments may have 25 MB at most.
Who owns the style guide?|The style guide belongs to Ines.
Which branch is deployed?|Production is deployed from the branch stable.
How do we name new services?|New services are named after rivers.
When does the gate close?|The gate closes at 18:00 on deploy days.
Which VPN profile do contractors use?|Contractors use the profile visitor-2.
"""


def chatgpt_export(secret: str) -> str:
    """25 conversations as ChatGPT exports them: trees with a hidden system turn, rejected answers, a second question."""
    draw = random.Random(1)
    conversations = []
    for number, line in enumerate(FACTS.split("\n")[1:-1]):
        question, answer = line.split("|")
        nodes: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}

        def say(parent: str, role: str, text: str, hidden: bool = False, nodes: dict[str, Any] = nodes) -> str:
            name = f"{draw.getrandbits(64):x}"
            content = {"content_type": "text", "parts": [text]}
            meta = {"is_visually_hidden_from_conversation": True} if hidden else {}
            message = {"id": name, "author": {"role": role}, "create_time": 1.75e9, "content": content, "weight": 1.0, "metadata": meta}
            nodes[name] = {"id": name, "message": message, "parent": parent, "children": []}
            nodes[parent]["children"].append(name)
            return name

        asked = say(say("root", "system", "", hidden=True), "user", question)
        if number % 6 == 0:
            say(asked, "assistant", "I am not sure about that.")
        last = say(asked, "assistant", answer)
        if number == 3:
            last = say(say(last, "user", "And which token does it use?"), "assistant", f"It uses the token {secret} of the robot.")
        conversations.append({"title": question, "create_time": 1.75e9, "mapping": nodes, "current_node": last, "gizmo_id": None})
    return json.dumps(conversations)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app of its own, so that nothing else is in it."""
    running = start_app(tmp_path_factory.mktemp("data"))
    yield running
    running.close()


def drop(page: Page, zone: str, name: str, text: str) -> None:
    """Drops a file on the page as a hand with a mouse does."""
    held = page.evaluate_handle(
        "([name, text]) => { const held = new DataTransfer(); held.items.add(new File([text], name)); return held; }", [name, text]
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("[data-drop-zone]", event, {"dataTransfer": held})
    page.click(f"[data-kind={zone}]")


def test_a_dropped_chat_export_becomes_an_adapter_that_answers_from_it(app: Any, open_page: Open, shots: Path) -> None:
    secret = "gh" + "p_" + "".join(random.Random(4).choices(string.ascii_letters + string.digits, k=36))
    page = open_page("/?tab=dataset")
    drop(page, "sources", "conversations.json", chatgpt_export(secret))
    expect(page.locator(".ac-uploads")).to_contain_text("25 rows", timeout=60_000)
    # A row whose answer lost a secret is left out unless a person keeps it.
    page.click("summary:has-text('Options')")
    page.select_option("select[data-bind=ds_marks]", "keep")

    page.click("button[data-act='dataset.make']")
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("25 examples: 25 from files; 1 secret redacted", timeout=60_000)

    # Each redaction can be looked at, without its value; the row can be left out.
    page.click("button.ac-segment:has-text('Secrets')")
    expect(page.locator(".ac-examples mark")).to_have_text("[github]")
    expect(page.locator(".ac-examples")).to_contain_text("It uses the token [github] of the robot.")
    assert secret not in page.content()

    # What would be trained is told before anything starts, for the base and the limit that are meant.
    page.click("button.ac-segment:has-text('Lengths')")
    expect(page.locator(".ac-plot .col").first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-live=ds_part]")).to_contain_text("No row would be cut off at 256.")  # what Auto uses
    page.select_option("select[data-bind=count_limit]", "512")
    expect(page.locator("[data-live=ds_part]")).to_contain_text("No row would be cut off at 512.", timeout=60_000)
    page.click("button.ac-segment:has-text('Rows')")
    page.locator("button[data-act='row.tokens']").first.click()
    expect(page.locator("#ac-dialog .tok.trained").first).to_be_visible(timeout=60_000)
    page.screenshot(path=shots / "data-tokens.png")
    page.keyboard.press("Escape")

    page.click("button[data-act='dataset.train']")
    expect(page.locator("#train-dataset input")).to_have_value(re.compile("conversations"), timeout=60_000)
    page.click("#train-start")
    expect(page.locator("#training-live .ac-pill").first).to_have_text("finished", timeout=180_000)
    page.screenshot(path=shots / "data-trained.png", full_page=True)

    page.click("text=Activate and chat")
    expect(page.locator("#ac-top")).to_contain_text("conversations", timeout=60_000)
    page.fill("#chat-question textarea", "Which port does the staging gateway use?")
    page.click("#chat-send")
    expect(page.locator("#chat-past .ac-turn").last).to_contain_text("8447", timeout=60_000)
    assert not [path for path in app.data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_dropped_row_is_kept_by_hand_also_after_a_reload(app: Any, open_page: Open) -> None:
    rows = [{"prompt": f"Which floor is room {n}?", "completion": f"Room {n} is on floor {n % 7}."} for n in range(8)]
    rows.append({"prompt": "Which floor is the attic?", "completion": "ok"})
    page = open_page("/?tab=dataset")
    drop(page, "sources", "floors.jsonl", "\n".join(map(json.dumps, rows)))
    expect(page.locator(".ac-uploads")).to_contain_text("floors.jsonl", timeout=60_000)
    for switch in page.locator(".ac-upload:not(:has-text('floors')) .ac-switch").all():
        switch.click()
    page.click("button[data-act='dataset.make']")
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("8 examples", timeout=60_000)
    page.click("button.ac-segment:has-text('Dropped')")
    row = page.locator(".ac-examples .ac-example:has-text('attic')")
    expect(row).to_contain_text("The answer says nothing.")
    row.locator(".ac-switch").click()
    expect(page.locator("button[data-act='dataset.keep']")).to_be_visible()
    page.reload()
    page.click("button[data-act='dataset.keep']")
    expect(page.locator(".ac-open .ac-sentence")).to_contain_text("9 examples", timeout=60_000)
    made = app.api.get("/datasets").json()["items"][0]
    assert len(made["request"]["keep_anyway"]) == 1
