"""Who answers: the choice beside the conversation, and the line above it that says so and shouts when it is not the active adapter."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.adapters.store import Adapter
from academy.chat.request import BASE
from academy.models import BUNDLED
from academy.ui.answers import Problem
from academy.ui.html.elements import Html, div, join, span, tag
from academy.ui.look import Look
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_MOST_ADAPTERS = 200


def answerers(academy: Academy, who: str, beside: str) -> list[Any]:
    """The two choices with everybody who can answer, and whether earlier messages help the one that does.

    A choice that is gone, or the active adapter by its name, is the active adapter.
    """
    adapters, active = [], None
    with Problem():  # where Academy is disabled, there is nothing to choose
        adapters, active = academy.adapters.list(), academy.adapters.active()
    others = [(t("chat.base"), BASE), *[(item.name, item.adapter_id) for item in adapters[:_MOST_ADAPTERS]]]
    choices = [(t("chat.active_named", name=active.name) if active else t("chat.active"), ""), *_distinct(others, adapters)]
    known = {value for _, value in choices}
    who = who if who in known and not (active and who == active.adapter_id) else ""
    beside = beside if beside in known and beside else BASE
    return [gr.update(choices=choices, value=who), gr.update(choices=choices[1:], value=beside), _remembers(academy, adapters, active, who)]


def line(look: Look) -> Html:
    """Who answers the next question; pinned to another than the active one, it says so and leads back."""
    who, active = look.text("who"), look.active
    pinned = next((item for item in look.adapters if item.adapter_id == who), None)
    is_pinned = (who == BASE and active is not None) or (pinned is not None and (active is None or who != active.adapter_id))
    if not is_pinned:
        name, base = (active.name, active.base_model) if active else (t("chat.base"), look.academy.settings.default_base_model)
        return div(
            tag("b", name, cls="ac-cut"),
            span(t("chat.answers", base=Path(base).name), cls="ac-soft ac-cut", title=base),
            cls="ac-who",
        )
    words = t("chat.pinned", active=active.name if active else t("chat.base"))
    follow = tag("button", t("chat.follow"), type="button", cls="ac-btn ac-btn-small", data_do="unpin")
    name = pinned.name if pinned else t("chat.base")
    return div(div(t("chat.pinned_to"), " ", tag("b", name), join([". ", words])), follow, cls="ac-who is-pinned", role="status")


def marks(look: Look) -> dict[str, str]:
    """Who is active and who there is to choose, for chat.js: on every tab, as the choices are drawn before the chat is opened."""
    adapters = look.adapters if look.academy.settings.enabled else []
    known = "\n".join(f"{item.adapter_id} {item.name}" for item in adapters)
    active = look.active.adapter_id if look.active else ""
    return {"data_active": active, "data_known": hashlib.blake2b(known.encode(), digest_size=6).hexdigest()}


def _distinct(others: list[tuple[str, str]], adapters: Any) -> list[tuple[str, str]]:
    """Adapters of the same name carry the day and time they were made."""
    names = [name for name, _ in others]
    made = {item.adapter_id: item.created_at[:16].replace("T", " ") for item in adapters}
    return [(f"{name} · {made[value]}" if names.count(name) > 1 and value in made else name, value) for name, value in others]


def _remembers(academy: Academy, adapters: Any, active: Adapter | None, who: str) -> bool:
    """A tiny model answers better without the earlier messages."""
    answering = next((item for item in adapters if item.adapter_id == who), active)
    base = answering.base_model if answering else academy.settings.default_base_model
    return base not in BUNDLED
