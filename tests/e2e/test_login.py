"""Getting in where a token is needed, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from serving import serving

import app as start
from academy.config import Settings

pytestmark = pytest.mark.browser


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of an app that needs a token, and the path of its one-time link."""
    settings = Settings(data_dir=tmp_path / "data", host="0.0.0.0", _env_file=None)  # type: ignore[call-arg]
    start.prepare_folders(settings)
    guard, _ = start.create_app(settings)
    with serving(guard, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}", guard.login_path()


def test_the_link_and_the_form_lead_in_and_the_docs_page_works(browser: Browser, reachable: tuple[str, str], tmp_path: Path) -> None:
    address, link = reachable
    with browser.new_context() as first:
        page = first.new_page()
        page.goto(address + link)
        page.wait_for_selector("#tab-overview-button")
    with browser.new_context() as second:
        page = second.new_page()
        page.goto(address)
        assert urlsplit(page.url).path == "/login"
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        # A form sent under Referrer-Policy no-referrer said `Origin: null`, and our own login was refused as cross-site.
        page.get_by_label("Token").fill((tmp_path / "data" / "token").read_text().strip())
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector("#tab-overview-button")
        page.goto(f"{address}/docs")
        page.locator("summary", has_text="/api/v1/academy/health").click()
        page.locator("details[open]").get_by_role("button", name="Send").click()
        page.get_by_text('"ok": true').wait_for()
        page.goto(address)
        page.get_by_role("link", name="Log out").click()
        page.get_by_label("Token").wait_for()
        page.goto(address)
        assert urlsplit(page.url).path == "/login"
