"""The page for those who use the keyboard or listen to it: the tour without a pointer, and axe on every tab, dialog and menu."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from academy.jobs.store import JobStore
from academy.ui.texts.translate import TEXTS
from tests import agents_help, waiting, wordings_help
from tests.e2e import axe
from tests.e2e.conftest import Running, start_app

pytestmark = [pytest.mark.browser, pytest.mark.training]

Open = Callable[..., Page]
TABS = ("overview", "dataset", "training", "adapters", "chat")
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"  # pragma: allowlist secret


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app of its own, so that the tour begins with nothing but other wordings of lessons that are not there yet."""
    sessions, folder = agents_help.home(tmp_path_factory.mktemp("home")), tmp_path_factory.mktemp("access")
    written = [("door_7", "Which code opens door 7?"), ("door_8", "How does one open door 8?")]
    wordings_help.wrote(JobStore(folder / "data" / "training"), folder / "data" / "models", written)
    running = start_app(folder, ACADEMY_SESSION_FOLDERS=str(sessions), ACADEMY_REMOTE_DATA="true")
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
    jobs = app.api.get("/jobs", params={"kind": "train", "status": "finished"}).json()["jobs"]
    rows = [
        {"situation": f"What is the code of door {n}?", "action": f"The code of door {n} is {n * 37 + 1000}.", "lesson_id": f"door_{n}"}
        for n in range(30)
    ]
    rows += [{"situation": "What is the key?", "action": f"It is {SECRET}."}, {"situation": "Which key?", "action": "ok"}]
    if app.api.get("/lessons", params={"query": "door 7"}).json()["count"] == 0:
        for row in rows:
            app.api.post("/lessons", json=row | {"tags": ["doors"], "rating": "good"})
        file = b'{"instruction": "Which floor is room 1?", "output": "Room 1 is on floor 1."}\n{broken\n'
        upload = app.api.post("/dataset/upload", files={"files": ("pairs.jsonl", file)}).json()["files"][0]["id"]
        for fraction, name in ((0.0, "doors before"), (0.1, "doors")):
            app.api.post("/dataset", json={"include_git": False, "eval_fraction": fraction, "upload_ids": [upload], "name": name})
        app.api.post("/lessons/samples").raise_for_status()
        app.api.post("/documents", files={"files": ("book.md", b"# Tank\n\nThe pump of the green tank starts at four degrees.\n")})
    if jobs:
        return jobs[0]["job_id"]
    job = app.api.post("/train", json={"preset": "quick"}).json()["job_id"]
    waiting.wait_until(lambda: app.api.get(f"/train/{job}/status").json()["status"] == "finished", "the training", 180)
    app.api.post("/adapters/activate", json={"adapter_id": job}).raise_for_status()
    return job


def small(app: Running) -> None:
    """A newer dataset of a few of the sample lessons: its training says as much about the keyboard, and is over in seconds."""
    items = app.api.get("/lessons", params={"limit": 200}).json()["items"]
    gone = [item["lesson_id"] for item in items[12:]]
    app.api.post("/lessons/bulk", json={"action": "delete", "lesson_ids": gone}).raise_for_status()
    app.api.post("/dataset", json={"include_git": False}).raise_for_status()


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
    small(app)
    focused(page, "#tab-overview *")  # its button has gone: the focus stays where it was
    tab_to(page, "[data-act='first.train']")
    page.keyboard.press("Enter")
    focused(page, "#tab-training")
    wait_until(page, lambda: app.api.get("/jobs", params={"kind": "train"}).json()["jobs"][0]["status"] == "finished", "the training", 400)
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


class Walk:
    """Goes through the page and asks axe about what each step brings: all rules as it is, and in dark the contrast again."""

    def __init__(self, page: Page, app: Running) -> None:
        self.page = page
        self.app = app
        self.problems: list[str] = []
        axe.prepare(page)

    def check(self, where: str, part: str = "") -> None:
        """Asks about a part, else about what is in front: the open dialog, the tab, or with the Overview everything."""
        self.problems += axe.serious(self.page, where, part)

    def click(self, selector: str) -> None:
        """Presses the first one that is visible."""
        self.page.locator(f"{selector}:visible").first.click()

    def tab(self, name: str) -> None:
        """Opens a tab, with what it folds away."""
        self.click(f"#tab-{name}-button")
        expect(self.page.locator(f"#tab-{name}[data-filled]")).to_be_visible(timeout=60_000)
        self.unfold(name)
        self.check(name)

    def unfold(self, tab: str) -> None:
        """Opens what is folded away on a tab."""
        self.page.evaluate(
            "tab => document.querySelectorAll(`#tab-${tab} details:not(.ac-menu)`).forEach((el) => { el.open = true; })", tab
        )

    def menu(self, where: str, summary: str) -> None:
        """Opens a menu, and closes it again."""
        self.click(f"{summary} .ac-menu > summary")
        self.check(where, ".ac-menu[open]")
        self.page.keyboard.press("Escape")

    def dialog(self, where: str, *openers: str) -> None:
        """Opens a dialog by pressing one button after the other, and closes it by the keyboard."""
        for opener in openers:
            self.click(opener)
        self.opened(where)
        self.page.keyboard.press("Escape")
        expect(self.page.locator("dialog[open]")).to_have_count(0)

    def opened(self, where: str) -> None:
        """A dialog that is open now, or soon."""
        expect(self.page.locator("dialog[open]")).to_be_visible(timeout=60_000)  # the first tokens wait for their tokenizer
        assert self.page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)"), where
        self.check(where)

    def bring(self, name: str, text: bytes) -> None:
        """Brings a file."""
        self.page.set_input_files("input[data-drop]", {"name": name, "mimeType": "text/csv", "buffer": text})


def walk_datasets(walk: Walk) -> None:
    walk.tab("dataset")
    walk.dialog("preview", "[data-act='dataset.preview']")
    for part in ("held", "dropped", "lengths", "secrets", "rows"):
        walk.click(f".ac-segment[data-set*='\"{part}\"']")
        walk.check(part, "[data-live=ds_part]")
    walk_sessions(walk)
    walk.dialog("tokens", "[data-act='row.tokens']")
    walk.dialog("refused rows", "[data-act='upload.report']")
    walk.dialog("a source in the network", "[data-act='remote.ask']")
    walk.menu("menu of a dataset", ".ac-list-row")
    walk.dialog("which dataset to compare", ".ac-list-row .ac-menu > summary", "[data-act='dataset.choose']")
    walk.click(".ac-list-row .ac-menu > summary")
    walk.click("[data-act='dataset.choose']")
    walk.dialog("two datasets", "dialog[open] [data-act='dataset.diff']")


def walk_sessions(walk: Walk) -> None:
    walk.click("[data-act='agents.find']")
    walk.click(".ac-agents-row:has-text('220 turns') .ac-switch")
    walk.check("sessions", "[data-live=agents]")
    walk.click("[data-live=agents] button:has-text('Review 1')")
    expect(walk.page.locator(".ac-exchange").first).to_be_visible()
    walk.unfold("dataset")
    walk.check("review of a session", "[data-live=agents]")
    walk.click("[data-live=agents] button:has-text('Back')")


def walk_lessons(walk: Walk) -> None:
    walk.click(".ac-segment:has-text('Documents')")
    expect(walk.page.locator(".ac-doc-passage").first).to_be_visible()
    walk.check("documents")
    walk.click(".ac-segment:has-text('Lessons')")
    expect(walk.page.locator(".ac-lesson").first).to_be_visible()
    expect(walk.page.locator(".ac-wording")).to_have_count(2)
    walk.unfold("dataset")
    walk.check("lessons and the review of other wordings")
    walk.dialog("lesson", ".ac-lesson [data-act='lesson.edit']")
    walk.menu("menu of a lesson", ".ac-lesson")
    walk.menu("menu of the lessons", ".ac-toolbar")
    walk.dialog("removal", ".ac-toolbar .ac-menu > summary", "[data-act='lessons.no_samples']")
    walk.click(".ac-toolbar .ac-menu > summary")
    walk.click("[data-act='lessons.bin']")
    walk.check("deleted lessons", "[data-live=lessons]")
    walk.click("button:has-text('Back to the lessons')")
    walk.dialog("a new lesson", ".ac-toolbar [data-act='lesson.edit']")
    walk.bring("odd.csv", b"kolumna;druga\nWhere is the attic?;Above the third floor.\nWhere is the cellar?;Below.\n")
    walk.opened("what files become")
    walk.dialog("columns", "[data-kind=lessons]")
    expect(walk.page.locator("#lesson-report")).not_to_be_empty()
    walk.check("report of an import", "#lesson-report")
    walk.click("[data-pick=one]")
    expect(walk.page.locator(".ac-bulk")).to_be_visible()
    walk.click(".ac-lesson-tags button")
    walk.check("picked", ".ac-bulk, .ac-chosen, .ac-lesson")


def walk_training(walk: Walk) -> None:
    page = walk.page
    walk.tab("training")
    expect(page.locator("#training-live .ac-exam")).to_be_visible(timeout=120_000)
    for where, selector, part in (
        ("settings", "#all-settings > button", "#all-settings"),
        ("several settings", "#race-form > button", "#race-form"),
        ("base models", "#train-base input", "#train-base"),
    ):
        walk.click(selector)
        walk.check(where, part)
    page.keyboard.press("Escape")
    walk.click("#train-fit")
    walk.check("will it fit", "#train-answer")
    expect(page.locator("#train-answer .ac-notice:not(.ac-row)")).to_be_visible(timeout=120_000)
    walk.check("it fits", "#train-answer")
    walk.menu("menu of a job", "#training-jobs")
    walk.dialog("name of a job", "#training-jobs .ac-menu > summary", "[data-act='job.rename']")
    walk.dialog("deletion of a job", "#training-jobs .ac-menu > summary", "[data-act='job.delete_ask']")

    job = walk.app.api.post("/train", json={"max_steps": 5000, "num_epochs": 20, "name": "to be killed"}).json()["job_id"]
    status = lambda: walk.app.api.get(f"/train/{job}/status").json()  # noqa: E731
    page.evaluate("job => academy.setState({ job })", job)
    wait_until(page, lambda: (status()["step"] or 0) > 0, "the first step", 120)
    expect(page.locator("#training-live .ac-plot .smooth").first).to_be_attached(timeout=60_000)
    walk.check("a running job", "#training-live")
    os.kill(status()["worker"]["pid"], signal.SIGKILL)
    expect(page.locator("#training-live .ac-notice-bad")).to_be_visible(timeout=60_000)
    walk.check("a failed job", "#training-live, #training-jobs")


def walk_adapters(walk: Walk) -> None:
    page = walk.page
    walk.tab("adapters")
    walk.menu("menu of an adapter", "#tab-adapters")
    walk.dialog("details of an adapter", "#tab-adapters .ac-menu > summary", "[data-act='adapter.show']")
    walk.dialog("export of an adapter", "#tab-adapters .ac-menu > summary", "[data-act='adapter.export']")
    walk.dialog("import of an adapter", "[data-act='adapter.import']")
    walk.click(".ac-segment:has-text('Arena')")
    walk.dialog("a golden question", "[data-act='arena.ask']")
    walk.click("[data-act='arena.suggest']")
    walk.opened("suggested questions")
    walk.click("dialog[open] [type=submit]")
    expect(page.locator("dialog[open]")).to_have_count(0)
    walk.click("[data-act='arena.duel']")
    expect(page.locator("#arena-duel [data-act='arena.vote']")).to_have_count(3, timeout=120_000)
    walk.unfold("adapters")
    walk.check("duel")
    page.keyboard.press("1")
    expect(page.locator(".ac-arena-table")).to_be_visible()
    walk.check("ranking", "#arena-duel, [data-live=arena_ranking]")


def walk_chat(walk: Walk) -> None:
    page = walk.page
    walk.tab("chat")
    walk.click("#chat-side .label-wrap")
    walk.dialog("a preset", "[data-event='preset']")
    page.check("#chat-compare input")
    walk.check("choices", "#chat-side")
    replies = page.locator("#chat-past .ac-turn").last
    for question, blind, expected in (("What is the code of door 7?", False, "chat.correct"), ("And of door 8?", True, "chat.pick")):
        if blind:
            walk.click("#chat-blind .ac-switch")
        page.fill("#chat-question textarea", question)
        page.keyboard.press("Enter")
        expect(replies.locator(f"[data-act='{expected}']").first).to_be_visible(timeout=120_000)
        walk.check("blind replies" if blind else "replies", "#chat-log")
    walk.dialog("correction", "[data-act='chat.correct']")
    walk.dialog("a question in other words", "[data-act='chat.edit']")
    walk.menu("menu of a conversation", ".ac-chat-row")
    walk.dialog("name of a conversation", ".ac-chat-row .ac-menu > summary", "[data-act='chat.rename']")


def test_axe_finds_nothing_serious(app: Running, open_page: Open, shots: Path) -> None:
    content(app)
    walk = Walk(open_page(), app)
    expect(walk.page.locator("#tab-overview .ac-tile").first).to_be_visible()
    walk.unfold("overview")
    walk.check("overview")
    for part in (walk_datasets, walk_lessons, walk_training, walk_adapters, walk_chat):
        part(walk)
    walk.page.screenshot(path=shots / "access.png")
    assert not walk.problems, "\n".join(walk.problems)


def test_focus_and_placeholders_are_seen(app: Running, open_page: Open) -> None:
    content(app)
    page = open_page()
    page.emulate_media(reduced_motion="reduce")  # a ring that fades in is no ring yet
    for tab in TABS:
        show(page, tab)
        if tab == "training":
            page.click("#all-settings > button")
        for scheme in ("light", "dark"):
            page.evaluate(_THEME, scheme)
            page.keyboard.press("Tab")  # from here on, the focus comes from the keyboard
            bare = page.evaluate(_RINGS)
            assert not bare, (tab, scheme, bare)
            alike = page.evaluate(_PLACEHOLDERS)
            assert not alike, (tab, scheme, alike)


def test_nothing_jumps_while_a_tab_loads(app: Running, browser: Browser) -> None:
    content(app)
    with browser.new_context(viewport={"width": 1400, "height": 900}) as context:
        pages = {tab: context.new_page() for tab in TABS}
        for tab, page in pages.items():
            page.add_init_script(_SHIFTS)
            page.goto(f"{app.address}/?tab={tab}")
            page.wait_for_selector(f"#tab-{tab}[data-filled]", timeout=90_000)
        pages["overview"].wait_for_timeout(1500)  # what comes late, on all of them
        found = {tab: page.evaluate("window.shift") for tab, page in pages.items()}
    assert all(shift < 0.02 for shift in found.values()), found


def test_with_content_no_tab_scrolls_sideways(app: Running, open_page: Open, shots: Path) -> None:
    content(app)
    page = open_page()
    for width in (900, 700, 400):  # 700: a page of 1400 at 200 %
        page.set_viewport_size({"width": width, "height": 900})
        for tab in TABS:
            show(page, tab)
            page.evaluate(_UNFOLDED, tab)
            page.screenshot(path=shots / f"access-{tab}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (tab, width)


@pytest.mark.parametrize("language", ["de", "pl"])
def test_in_another_language_every_tab_speaks_it_and_fits_a_phone(app: Running, open_page: Open, shots: Path, language: str) -> None:
    content(app)
    page = open_page(width=400, locale=language)
    assert page.evaluate("document.documentElement.lang") == language
    english, own = TEXTS["en"], TEXTS[language]
    keys = {key for key in english if "." in key}
    foreign = {text for text in english.values() if "{" not in text and " " in text} - set(own.values())
    for tab in TABS:
        show(page, tab)
        assert page.locator(f"#tab-{tab}-button").inner_text() == own[f"tab.{tab}"]
        page.evaluate(_UNFOLDED, tab)
        page.screenshot(path=shots / f"access-{language}-{tab}-400.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, tab
        shown = page.locator(f"#tab-{tab}").inner_text()
        assert not keys & set(shown.split()), tab
        assert not foreign & {line.strip() for line in shown.splitlines()}, tab
    with page.expect_navigation():
        page.select_option("[data-language]", "en")
    expect(page.locator("#tab-overview-button")).to_have_text(english["tab.overview"])
    assert page.evaluate("document.documentElement.lang") == "en"


def show(page: Page, tab: str) -> None:
    """Opens a tab and waits for its content."""
    page.click(f"#tab-{tab}-button")
    expect(page.locator(f"#tab-{tab}[data-filled]")).to_be_visible(timeout=60_000)
    axe.drawn(page)


_SHIFTS = """window.shift = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
_UNFOLDED = "tab => document.querySelectorAll(`#tab-${tab} details:not(.ac-menu)`).forEach((el) => { el.open = true; })"
_THEME = """(scheme) => [document.body, document.documentElement].forEach((el) => el.classList.toggle("dark", scheme === "dark"))"""
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
