"""The line between the page and Academy: `live` keeps regions current, `act` does what a button says.

Both are answered statelessly: every request says what its viewer looks at, so any number of pages can look at once, and a page that
is reloaded or hidden costs nothing. An answer holds only what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from academy.ui.answers import Problem, safely, toast
from academy.ui.html.elements import Html
from academy.ui.log import log_news
from academy.ui.look import Look
from academy.ui.texts.translate import speak, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

Region = Callable[[Look], Html]
Act = Callable[[Look, dict[str, Any]], "dict[str, Any] | None"]

_MOST_REGIONS = 60


def make_live(academy: Academy, regions: dict[str, Region], title: Callable[[Look], str]) -> Callable[[Any], dict[str, Any]]:
    """The function behind every poll of the page."""

    def live(request: Any) -> dict[str, Any]:
        request, look = _opened(academy, request)
        versions, pane = request.get("regions"), request.get("log")
        answer: dict[str, Any] = {"regions": {}, "busy": look.busy is not None, "open": [*academy.jobs.unfinished()], "title": title(look)}
        for name, version in list(versions.items())[:_MOST_REGIONS] if isinstance(versions, dict) else []:
            if name in regions:
                html = _drawn(regions[name], look)
                current = hashlib.blake2b(html.encode(), digest_size=9).hexdigest()
                if current != version:
                    answer["regions"][name] = {"html": html, "version": current}
        if isinstance(pane, dict):
            answer["log"] = log_news(look, pane)
        return answer

    return live


def make_act(academy: Academy, acts: dict[str, Act]) -> Callable[[Any], dict[str, Any]]:
    """The function behind every button that is not Gradio's own."""
    handled = {name: safely(handler) for name, handler in acts.items()}

    def act(request: Any) -> dict[str, Any]:
        request, look = _opened(academy, request)
        handler, data = handled.get(str(request.get("act"))), request.get("data")
        if handler is None:
            return {"toast": toast(t("error.unknown_act"), "", "bad")}
        return handler(look, data if isinstance(data, dict) else {}) or {}

    return act


def _opened(academy: Academy, request: Any) -> tuple[dict[str, Any], Look]:
    """A request as page.js sends it, and its look; from here on texts are in the language of the viewer."""
    request = request[0] if isinstance(request, list) and request else request
    request = request if isinstance(request, dict) else {}
    look = Look(academy, request.get("state"))
    if name := look.text("language"):
        speak(name)
    return request, look


def _drawn(region: Region, look: Look) -> Html:
    with Problem(unexpected="error.part") as problem:
        return region(look)
    return problem.notice()
