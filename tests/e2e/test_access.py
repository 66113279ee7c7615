"""The page for those who use the keyboard or listen to it: the tour without a pointer, and axe on every tab, dialog and menu."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import agents_help, waiting
from tests.e2e.conftest import Running, start_app

pytestmark = [pytest.mark.browser, pytest.mark.training]

Open = Callable[..., Page]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TABS = ("overview", "dataset", "training", "adapters", "chat")
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"  # pragma: allowlist secret


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app of its own, so that the tour begins with nothing."""
    sessions = agents_help.home(tmp_path_factory.mktemp("home"))
    running = start_app(tmp_path_factory.mktemp("access"), ACADEMY_SESSION_FOLDERS=str(sessions))
    yield running
    running.close()


def wait_until(page: Page, asked: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    return waiting.wait_until(asked, what, seconds, pause=100, rest=page.wait_for_timeout)


def tab_to(page: Page, selector: str, key: str = "Tab", most: int = 120) -> None:
    """Presses Tab until an element has the focus, as somebody without a pointer does."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{most} × {key} do not reach {selector}")


def focused(page: Page, selector: str) -> None:
    wait_until(
        page, lambda: page.evaluate("selector => document.activeElement.matches(selector)", selector), f"the focus on {selector}", 10
    )


def spoken(page: Page) -> str:
    return " ".join(page.locator(".ac-spoken p").all_text_contents())


def content(app: Running) -> str:
    """Lessons, a dataset with held-out, dropped and redacted rows, a finished training and a report; made once. Returns the job's id."""
    jobs = [job for job in app.api.get("/jobs").json()["jobs"] if job["status"] == "finished"]
    rows = [{"situation": f"What is the code of door {n}?", "action": f"The code of door {n} is {n * 37 + 1000}."} for n in range(30)]
    rows += [{"situation": "What is the key?", "action": f"It is {SECRET}."}, {"situation": "Which key?", "action": "ok"}]
    if app.api.get("/lessons", params={"query": "door 7"}).json()["count"] == 0:
        for row in rows:
            app.api.post("/lessons", json=row | {"tags": ["doors"], "rating": "good"})
        file = b'{"instruction": "Which floor is room 1?", "output": "Room 1 is on floor 1."}\n{broken\n'
        upload = app.api.post("/dataset/upload", files={"files": ("pairs.jsonl", file)}).json()["files"][0]["id"]
        app.api.post("/dataset", json={"include_git": False, "eval_fraction": 0.1, "upload_ids": [upload], "name": "doors"})
    if jobs:
        return jobs[0]["job_id"]
    job = app.api.post("/train", json={"preset": "quick"}).json()["job_id"]
    waiting.wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] == "finished", "the training", 180)
    app.api.post("/adapters/activate", json={"adapter_id": job}).raise_for_status()
    return job


def test_the_tour_needs_no_pointer(app: Running, open_page: Open) -> None:
    page = open_page()
    expect(page.locator(".ac-step-now button")).to_be_visible()
    # The first stop skips what every tab has.
    page.keyboard.press("Tab")
    expect(page.locator(".ac-skip")).to_be_focused()
    expect(page.locator(".ac-skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    focused(page, "#tab-overview")
    tab_to(page, "[data-act='first.samples']", most=3)
    page.keyboard.press("Space")
    expect(page.locator(".ac-step-now")).to_contain_text("Train", timeout=120_000)
    wait_until(page, lambda: "examples" in spoken(page), "the spoken toast", 20)
    focused(page, "#tab-overview *")  # its button has gone: the focus stays where it was
    tab_to(page, "[data-act='first.train']")
    page.keyboard.press("Enter")
    focused(page, "#tab-training")
    wait_until(page, lambda: app.api.get("/jobs").json()["jobs"][0]["status"] == "finished", "the training", 400)
    tab_to(page, "[data-act='job.chat']")
    page.keyboard.press("Space")
    focused(page, "#tab-chat")
    tab_to(page, "#chat-question textarea")
    question = app.api.get("/lessons", params={"limit": 1}).json()["items"][0]["situation"]
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    expect(page.locator("#chat-past [data-act='chat.correct']")).to_have_count(1, timeout=120_000)
    # The reply is spoken once, whole.
    reply = page.locator("#chat-past .ac-prose").first.inner_text().split("\n")[0]
    wait_until(page, lambda: reply[:40] in spoken(page), "the spoken reply", 20)
    assert spoken(page).count(reply[:40]) == 1

    # A dialog takes the focus, has a name, and gives the focus back.
    tab_to(page, "[data-act='chat.correct']", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="What should it have said?")).to_be_visible()
    expect(page.locator("#ac-dialog textarea")).to_be_focused()
    page.keyboard.press("Escape")
    focused(page, "[data-act='chat.correct']")

    # The tabs are one stop; arrows move between them.
    tab_to(page, "[role='tab']", "Shift+Tab")
    expect(page.locator("#tab-chat-button")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tab-adapters")).to_be_visible()
    expect(page.locator("#tab-adapters-button")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#tab-chat-button")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-overview-button")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.matches('[role=tab]')")


def test_a_menu_opens_by_arrows_and_gives_the_focus_back(app: Running, open_page: Open) -> None:
    content(app)
    page = open_page("/?tab=adapters")
    summary = page.locator("#tab-adapters .ac-menu > summary").first
    expect(summary).to_be_visible(timeout=120_000)
    items = page.locator("#tab-adapters .ac-menu").first.locator(".ac-btn-item:visible")
    summary.focus()
    page.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(items.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(items).to_have_count(0)
    for leave in ("Escape", "the button", "beside it"):
        page.keyboard.press("ArrowDown")
        page.locator("#tab-adapters [data-act='adapter.edit']:visible").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#ac-dialog input[name=name]")).to_be_focused()
        if leave == "Escape":
            page.keyboard.press("Escape")
        elif leave == "the button":
            page.locator("#ac-dialog [data-close]").press("Enter")
        else:
            page.mouse.click(5, 5)
        expect(page.locator("#ac-dialog")).to_be_hidden()
        expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(items).to_have_count(0)  # who leaves the menu closes it


def test_what_has_gone_hands_its_focus_on(app: Running, open_page: Open) -> None:
    content(app)
    page = open_page("/?tab=dataset")
    page.click(".ac-segment:has-text('Lessons')")
    summary = page.locator(".ac-lesson .ac-menu > summary").last
    expect(summary).to_be_visible(timeout=120_000)
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("[data-act='lesson.delete']:visible").focus()
    page.keyboard.press("Enter")
    wait_until(page, lambda: "deleted" in spoken(page).lower(), "the spoken toast", 10)
    focused(page, "#tab-dataset *")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(app: Running, open_page: Open, shots: Path, scheme: str) -> None:
    content(app)
    page = open_page(scheme=scheme)
    page.evaluate(AXE)
    problems: list[str] = []

    def check(where: str) -> None:
        page.wait_for_timeout(400)  # a press on a button fades in
        found = page.evaluate(_AXE)["violations"]
        for rule in found:
            if rule["impact"] in ("serious", "critical"):
                problems.extend(f"{where}: {rule['id']}: {node['html'][:120]}: {node['failureSummary'][:200]}" for node in rule["nodes"])

    def dialog(where: str, opener: str) -> None:
        page.locator(f"{opener}:visible").first.click()
        expect(page.locator("dialog[open]")).to_be_visible(timeout=60_000)  # the first tokens wait for their tokenizer
        assert page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)"), where
        check(where)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)

    def opened(where: str, *clicks: str) -> None:
        for selector in clicks:
            page.locator(f"{selector}:visible").first.click()
        check(where)

    def unfolded(tab: str) -> None:
        page.evaluate("tab => document.querySelectorAll(`#tab-${tab} details:not(.ac-menu)`).forEach((el) => { el.open = true; })", tab)

    expect(page.locator("#tab-overview .ac-tile").first).to_be_visible()
    unfolded("overview")
    check("overview")
    opened("dataset", "#tab-dataset-button", "[data-act='dataset.preview']")
    expect(page.locator("dialog[open]")).to_be_visible()
    check("preview")
    page.keyboard.press("Escape")
    unfolded("dataset")
    for part in ("held", "dropped", "lengths", "secrets", "rows"):
        opened(part, f".ac-segment[data-set*='\"{part}\"']")
    opened("sessions", "[data-act='agents.find']")
    page.locator(".ac-agents-row:has-text('220 turns') .ac-switch").click()
    opened("review of a session", "[data-live=agents] button:has-text('Review 1')")
    expect(page.locator(".ac-exchange").first).to_be_visible()
    unfolded("dataset")
    page.click("[data-live=agents] button:has-text('Back')")
    dialog("tokens", "[data-act='row.tokens']")
    dialog("refused rows", "[data-act='upload.report']")
    opened("menu of a dataset", ".ac-list-row .ac-menu > summary")
    page.keyboard.press("Escape")
    opened("lessons", ".ac-segment:has-text('Lessons')")
    unfolded("dataset")
    dialog("lesson", ".ac-lesson [data-act='lesson.edit']")
    opened("menu of a lesson", ".ac-lesson .ac-menu > summary")
    page.keyboard.press("Escape")
    opened("menu of the lessons", ".ac-toolbar .ac-menu > summary")
    dialog("removal", "[data-act='lessons.no_samples']")
    opened("deleted lessons", ".ac-toolbar .ac-menu > summary", "[data-act='lessons.bin']")
    page.locator("button:has-text('Back to the lessons'):visible").click()
    dialog("a new lesson", ".ac-toolbar [data-act='lesson.edit']")
    page.set_input_files("input[data-drop]", {"name": "pairs.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    expect(page.locator("dialog[open]")).to_be_visible()
    check("what files become")
    page.keyboard.press("Escape")
    page.locator("[data-pick=one]:visible").first.click()
    expect(page.locator(".ac-bulk")).to_be_visible()
    opened("picked", ".ac-lesson-tags button")
    opened("training", "#tab-training-button")
    expect(page.locator("#training-live .ac-exam")).to_be_visible(timeout=120_000)
    unfolded("training")
    opened("settings", "#all-settings > button")
    opened("several settings", "#race-form > button")
    opened("base models", "#train-base input")
    page.keyboard.press("Escape")
    opened("will it fit", "#train-fit")
    expect(page.locator("#train-answer .ac-notice:not(.ac-row)")).to_be_visible(timeout=120_000)
    check("it fits")
    opened("menu of a job", "#training-jobs .ac-menu > summary")
    dialog("name of a job", "[data-act='job.rename']")
    page.locator("#training-jobs .ac-menu > summary").first.click()
    dialog("deletion of a job", "[data-act='job.delete_ask']")
    opened("adapters", "#tab-adapters-button")
    opened("menu of an adapter", "#tab-adapters .ac-menu > summary")
    dialog("details of an adapter", "[data-act='adapter.show']")
    page.locator("#tab-adapters .ac-menu > summary").first.click()  # the dialog before has closed it
    dialog("export of an adapter", "[data-act='adapter.export']")
    dialog("import of an adapter", "[data-act='adapter.import']")
    opened("arena", ".ac-segment:has-text('Arena')")
    dialog("a golden question", "[data-act='arena.ask']")
    if page.locator("#arena-duel").count() == 0:
        if page.locator("[data-live=arena_duel] [data-act='arena.suggest']").count():
            page.locator("[data-act='arena.suggest']:visible").first.click()
            expect(page.locator("dialog[open]")).to_be_visible()
            check("suggested questions")
            page.locator("dialog[open] [type=submit]").click()
        page.locator("[data-act='arena.duel']:visible").click()
    expect(page.locator("#arena-duel [data-act='arena.vote']")).to_have_count(3, timeout=120_000)
    unfolded("adapters")
    check("duel")
    page.keyboard.press("1")
    expect(page.locator(".ac-arena-table")).to_be_visible()
    check("ranking")
    opened("chat", "#tab-chat-button", "#chat-side .label-wrap")
    page.check("#chat-compare input")
    page.fill("#chat-question textarea", "What is the code of door 7?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-past .ac-turn").last.locator("[data-act='chat.correct']")).to_have_count(2, timeout=120_000)
    check("replies")
    dialog("correction", "[data-act='chat.correct']")
    dialog("a question in other words", "[data-act='chat.edit']")
    opened("menu of a conversation", ".ac-chat-row .ac-menu > summary")
    dialog("name of a conversation", "[data-act='chat.rename']")
    page.screenshot(path=shots / f"access-{scheme}.png")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_and_placeholders_are_seen(app: Running, open_page: Open, scheme: str) -> None:
    content(app)
    page = open_page(scheme=scheme)
    page.emulate_media(reduced_motion="reduce")  # a ring that fades in is no ring yet
    for tab in TABS:
        page.click(f"#tab-{tab}-button")
        page.wait_for_timeout(900)
        if tab == "training":
            page.click("#all-settings > button")
        page.keyboard.press("Tab")  # from here on, the focus comes from the keyboard
        bare = page.evaluate(_RINGS)
        assert not bare, (tab, bare)
        alike = page.evaluate(_PLACEHOLDERS)
        assert not alike, (tab, alike)


@pytest.mark.parametrize("tab", TABS)
def test_nothing_jumps_while_a_tab_loads(app: Running, browser: Browser, tab: str) -> None:
    content(app)
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.add_init_script(_SHIFTS)
    page.goto(f"{app.address}/?tab={tab}")
    page.wait_for_selector(f"#tab-{tab}[data-filled]", timeout=90_000)
    page.wait_for_timeout(1500)
    shift = page.evaluate("window.shift")
    context.close()
    assert shift < 0.02


@pytest.mark.parametrize("width", [400, 700, 900])  # 700: a page of 1400 at 200 %
def test_with_content_no_tab_scrolls_sideways(app: Running, open_page: Open, shots: Path, width: int) -> None:
    content(app)
    page = open_page(width=width)
    for tab in TABS:
        page.click(f"#tab-{tab}-button")
        page.wait_for_timeout(900)
        page.evaluate("tab => document.querySelectorAll(`#tab-${tab} details:not(.ac-menu)`).forEach((el) => { el.open = true; })", tab)
        page.screenshot(path=shots / f"access-{tab}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, tab


# What is in front: the open dialog, or else the tab; with the Overview, the line at the top.
_SHIFTS = """window.shift = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
_AXE = """() => axe.run(document.querySelector("dialog[open]")
  || [...document.querySelectorAll("[role=tabpanel]")].find((el) => el.id !== "tab-overview" && el.getClientRects().length) || document,
  {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}})"""
_RINGS = """() => {
  const bare = new Set();
  for (const el of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
    if (!el.getClientRects().length || el.disabled || el.closest(".ac-spoken")) continue;
    el.focus();
    const shown = el.matches(".ac-switch input") ? el.nextElementSibling
      : el.matches(".ac-drop input, #train-preset input") ? el.closest("label") : el;
    const style = getComputedStyle(shown);
    const ring = getComputedStyle(document.body).getPropertyValue("--a-accent");
    const accent = document.createElement("i");
    accent.style.color = ring;
    document.body.append(accent);
    const colour = getComputedStyle(accent).color;
    accent.remove();
    if (document.activeElement === el && (style.outlineStyle !== "solid" || style.outlineWidth !== "2px" || style.outlineColor !== colour))
      bare.add(`${el.outerHTML.slice(0, 100)} ${style.outline}`);
  }
  return [...bare];
}"""
_PLACEHOLDERS = """() => [...document.querySelectorAll("[placeholder]")].filter((el) => el.placeholder && el.getClientRects().length
  && getComputedStyle(el).color === getComputedStyle(el, "::placeholder").color).map((el) => el.outerHTML.slice(0, 120))"""
