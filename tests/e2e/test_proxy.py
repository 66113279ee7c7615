"""The page behind another server: a reverse proxy that serves it below a path, and the frame of a Hugging Face Space."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from proxying import proxying, self_signed
from serving import everything_in, serving
from test_api import EchoEngine

import app as start
from academy.config import Settings
from academy.services import lessons
from academy.services.academy import Academy
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

API = "/api/v1/academy"
SPACE = "ann-b-my-academy.hf.space"
HUB = "huggingface.co"


@contextlib.contextmanager
def running(folder: Path, *, echoes: bool = True, **values: Any) -> Iterator[tuple[int, Academy]]:
    """The app on a port of loopback; its model echoes and nothing is trained, unless told otherwise."""
    settings = Settings(data_dir=folder / "data", _env_file=None, **values)  # type: ignore[call-arg]
    start.prepare_folders(settings)
    guard, academy = start.create_app(settings, engine=EchoEngine() if echoes else None)
    if echoes:
        academy._runner.start = lambda: None  # type: ignore[method-assign]
    with serving(guard, lifespan="on", root_path=settings.root_path) as port:
        yield port, academy


def watched(page: Page, *inside: str) -> list[str]:
    """What goes wrong on the page from now on."""
    troubles: list[str] = []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    # On a host of the hub's Gradio asks the hub about the Space; our policy forbids it, and nothing depends on it.
    page.on(
        "console", lambda said: troubles.append(said.text) if "Security Policy" in said.text and "by-subdomain" not in said.text else None
    )
    page.on(
        "request",
        lambda request: None if request.url.startswith((*inside, "data:", "blob:")) else troubles.append(f"request: {request.url}"),
    )
    page.on("response", lambda answer: troubles.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return troubles


@pytest.mark.parametrize("keeps_host", [True, False], ids=["Host kept", "Host replaced"])
def test_below_a_path_of_a_proxy_pages_files_chat_and_streams_work(browser: Browser, tmp_path: Path, keeps_host: bool) -> None:
    with (
        running(tmp_path, root_path="/tools/academy", allowed_hosts="academy.example") as (port, _),
        proxying(port, below="/tools/academy", keeps_host=keeps_host) as outer,
    ):
        chromium = browser.browser_type.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, f"--host-resolver-rules=MAP academy.example 127.0.0.1:{outer}"]
        )
        try:
            page = chromium.new_page()
            home = "http://academy.example/tools/academy/"
            troubles = watched(page, home)
            page.goto(home)
            page.wait_for_function("document.querySelector('.ac-chips .ac-chip')")
            # Files go to REST, ...
            page.click("#tab-dataset-button")
            rows = [json.dumps({"instruction": f"Where is room {n}?", "output": f"Room {n} is on floor {n // 3}."}) for n in range(9)]
            (tmp_path / "rooms.jsonl").write_text("\n".join(rows))
            page.set_input_files("input[data-drop]", str(tmp_path / "rooms.jsonl"))
            page.click("[data-kind=sources]")
            expect(page.locator(".ac-uploads")).to_contain_text("rooms.jsonl")
            page.click("button[data-act='dataset.make']")
            page.wait_for_function("location.search.includes('dataset=')")
            # ... buttons to Gradio's handlers, and replies come through its queue, which is a stream.
            page.click("#tab-chat-button")
            page.fill("#chat-question textarea", "one two three")
            page.click("#chat-send")
            expect(page.locator("#chat-past .ac-turn .ac-reply").last).to_contain_text("one two three")
            page.goto(home + "docs")
            page.locator("summary", has_text="/api/v1/academy/health").click()
            page.locator("details[open]").get_by_role("button", name="Send").click()
            page.get_by_text('"ok": true').wait_for()
            page.goto(home + "academy")
            page.wait_for_function("document.querySelector('.ac-chips .ac-chip')")
            assert page.url.startswith(home)
            assert not troubles
        finally:
            chromium.close()
        with httpx.Client(base_url=f"http://127.0.0.1:{outer}/tools/academy", headers={"Host": "academy.example"}) as client:
            job = client.post(f"{API}/train", json={}).json()["job_id"]
            client.delete(f"{API}/train/{job}")
            assert '"status":"cancelled"' in client.get(f"{API}/train/{job}/logs/stream").text
            assert client.post(f"{API}/lessons", json={}, headers={"Origin": "http://evil.example"}).status_code == 403
            assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.fixture
def framed(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens the app of a port in the frame of a page of another site, over TLS, as the hub does with Spaces."""
    opened: list[Any] = []
    with contextlib.ExitStack() as stack:

        def framed(port: int) -> tuple[Page, FrameLocator, list[str]]:
            pages = {HUB: f'<!doctype html><h1>The hub</h1><iframe src="https://{SPACE}/" width=1300 height=850></iframe>'}
            outer = stack.enter_context(proxying(port, certificate=self_signed(tmp_path, HUB, SPACE), pages=pages))
            rules = f"MAP {HUB} 127.0.0.1:{outer}, MAP {SPACE} 127.0.0.1:{outer}, MAP evil.example 127.0.0.1:{outer}"
            chromium = browser.browser_type.launch(
                executable_path=CHROMIUM, args=[*ARGUMENTS, f"--host-resolver-rules={rules}", "--ignore-certificate-errors"]
            )
            opened.append(chromium)
            page = chromium.new_page(viewport={"width": 1400, "height": 950}, ignore_https_errors=True)
            troubles = watched(page, f"https://{HUB}", f"https://{SPACE}")
            page.goto(f"https://{HUB}/")
            return page, page.frame_locator("iframe"), troubles

        yield framed
        for chromium in opened:
            chromium.close()


def test_a_space_with_a_token_is_the_whole_app_in_its_frame(framed: Any, tmp_path: Path) -> None:
    with running(tmp_path, host="0.0.0.0", space_id="Ann_B/My.Academy", token="the-secret-of-the-space") as (port, academy):
        page, frame, troubles = framed(port)
        frame.get_by_label("Token").fill("the-secret-of-the-space")
        frame.get_by_role("button", name="Log in").click()
        expect(frame.locator(".ac-chips .ac-chip").first).to_be_visible()
        cookie = next(cookie for cookie in page.context.cookies() if cookie["name"].startswith("academy_"))
        assert (cookie.get("sameSite"), cookie.get("secure"), cookie.get("httpOnly")) == ("None", True, True)
        frame.locator(".ac-step-now button").click()
        expect(frame.locator(".ac-step-now")).to_contain_text("Train")
        assert academy.lessons.statistics()["total_lessons"] > 0
        page.reload()
        expect(frame.locator(".ac-chips .ac-chip").first).to_be_visible()
        # The login page asks whether it is needed at all.
        assert [trouble for trouble in troubles if trouble != f"401 https://{SPACE}{API}/status"] == []


@pytest.mark.training
def test_a_space_without_a_token_shows_and_chats_and_offers_nothing_else(
    framed: Any, tmp_path: Path, shots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "samples.json"  # what it teaches is another matter: the tour's test has them all
    few.write_text(json.dumps({"lessons": json.loads(lessons.SAMPLES.read_bytes())["lessons"][:12]}))
    monkeypatch.setattr(lessons, "SAMPLES", few)
    with running(tmp_path, echoes=False, host="0.0.0.0", space_id="Ann_B/My.Academy") as (port, academy):
        wait_until(
            academy.adapters.active, lambda: f"an active adapter: {[job.error for job in academy.jobs.list()]}", seconds=300, pause=0.2
        )
        page, frame, troubles = framed(port)
        expect(frame.locator(".ac-only-shows")).to_contain_text("demonstration")
        before = everything_in(academy.settings.training_dir)
        offered: set[str] = set()
        for tab in ("overview", "dataset", "training", "adapters", "chat"):
            frame.locator(f"#tab-{tab}-button").click()
            expect(frame.locator(f"#tab-{tab}[data-filled]")).to_be_visible()
            page.wait_for_timeout(300)
            if tab == "training":
                frame.locator(".ac-list-main[data-set*='training_']").first.click()
                expect(frame.locator(".ac-plot .smooth")).to_have_count(1)
                expect(frame.locator(".ac-log-lines > div").first).to_be_visible()
            page.screenshot(path=shots / f"space-{tab}.png")
            offered |= set(
                frame.locator("body").evaluate(
                    "body => [...body.querySelectorAll('[data-act], [data-event], .ac-drop, #train-start, #train-fit')]"
                    ".filter(el => el.offsetParent).map(el => el.dataset.act || el.dataset.event || el.id || el.className)"
                )
            )
        assert offered <= {
            "first.chat",
            "adapter.show",
            "adapter.try",
            "job.chat",
            "row.tokens",
            "dataset.choose",
            "dataset.diff",
            "lengths.again",
        }
        taught = next(item for item in academy.lessons.list(limit=200).items if len(item.action) < 80)
        frame.locator("#chat-question textarea").fill(taught.situation)
        frame.locator("#chat-send").click()
        expect(frame.locator("#chat-past .ac-turn .ac-reply").last).to_be_visible(timeout=120_000)
        assert not troubles
        assert everything_in(academy.settings.training_dir) == before


def test_no_other_site_may_frame_a_space(framed: Any, tmp_path: Path) -> None:
    with running(tmp_path, host="0.0.0.0", space_id="Ann_B/My.Academy", token="the-secret-of-the-space") as (port, _):
        page, frame, _ = framed(port)
        expect(frame.get_by_label("Token")).to_be_visible()
        page.route(
            "https://evil.example/", lambda route: route.fulfill(body=f'<iframe src="https://{SPACE}/"></iframe>', content_type="text/html")
        )
        page.goto("https://evil.example/")
        page.wait_for_timeout(1500)
        assert [inner.url for inner in page.frames[1:]] == ["chrome-error://chromewebdata/"]
