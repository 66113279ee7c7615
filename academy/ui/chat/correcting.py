"""Rating and correcting a reply, which makes it the next lesson."""

from __future__ import annotations

from typing import Any

from academy.chat.conversations import Conversation, ReplyText, Turn
from academy.errors import NotFound
from academy.ui.answers import toast
from academy.ui.chat.choices import prompted
from academy.ui.html.elements import div, tag
from academy.ui.look import Look
from academy.ui.texts.translate import t

_EARLIER_TURNS = 6


def rate(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Keeps the reply as a good or a bad lesson."""
    conversation, turn, at, reply = _chosen(look, data)
    rating = data.get("rating")
    if rating not in ("good", "bad") or reply.mark == rating:
        return {}
    before = _before(conversation, turn)
    look.academy.lessons.correct_reply(prompted(turn), reply.valid, rating=rating, history=before, adapter_id=reply.adapter_id)
    look.academy.conversations.mark(conversation.chat_id, turn.turn_id, at, reply.model_copy(update={"mark": rating}))
    return {"toast": toast(t("chat.kept" if rating == "good" else "chat.kept_bad"))}


def ask_correction(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog in which a person writes the better reply."""
    _, turn, _, reply = _chosen(look, data)
    title = t("chat.correct_title")
    form = tag(
        "form",
        tag("h3", title),
        tag("p", turn.question, cls="ac-said"),
        tag("textarea", reply.valid, name="corrected", cls="ac-input", rows=7, autofocus=True, aria_label=title),
        tag("p", t("chat.correct_help"), cls="ac-help"),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("chat.correct_save"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="chat.corrected",
        **{f"data_{key}": data.get(key) for key in ("chat", "turn", "reply")},
    )
    return {"dialog": form}


def correct(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Keeps the better reply as a lesson, and in the conversation in place of the old one."""
    conversation, turn, at, reply = _chosen(look, data)
    better = str(data.get("corrected", "")).strip()
    before = _before(conversation, turn)
    look.academy.lessons.correct_reply(prompted(turn), reply.text, corrected=better, history=before, adapter_id=reply.adapter_id)
    corrected = reply.model_copy(update={"mark": "corrected", "corrected": better})
    look.academy.conversations.mark(conversation.chat_id, turn.turn_id, at, corrected)
    return {"toast": toast(t("chat.corrected")), "dialog": None}


def _chosen(look: Look, data: dict[str, Any]) -> tuple[Conversation, Turn, int, ReplyText]:
    """The conversation, turn and reply that the page names; raises NotFound."""
    conversation = look.academy.conversations.get(str(data.get("chat")))
    turn, at = conversation.find(str(data.get("turn"))), str(data.get("reply"))
    if not at.isdecimal() or int(at) >= len(turn.replies):
        raise NotFound("This reply is no longer in the conversation.", hint="Reload the page.")
    return conversation, turn, int(at), turn.replies[int(at)]


def _before(conversation: Conversation, turn: Turn) -> list[list[str]] | None:
    earlier = [item for item in conversation.above(turn.turn_id) if item.replies]
    return [[prompted(item), item.replies[0].valid] for item in earlier[-_EARLIER_TURNS:]] or None
