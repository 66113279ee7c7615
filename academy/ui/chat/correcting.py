"""Rating and correcting a reply, which makes it the next lesson."""

from __future__ import annotations

from typing import Any

from academy.chat.conversations import Conversation, ReplyText, Turn
from academy.errors import NotFound
from academy.ui.answers import toast
from academy.ui.chat.choices import prompted
from academy.ui.html.elements import div, labelled, tag
from academy.ui.look import Look
from academy.ui.texts.translate import t

_EARLIER_TURNS = 6


def rate(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Keeps the reply as a good or a bad lesson; a good and a bad reply to one question make a pair."""
    conversation, turn, at, reply = _chosen(look, data)
    rating = data.get("rating")
    if rating not in ("good", "bad") or reply.mark == rating:
        return {}
    others = [(other, position) for other in conversation.versions(turn.parent) for position in _others(other, turn, at)]
    if rating == "bad":
        for other, position in others:
            if other.replies[position].mark == "good":
                _keep(look, conversation, other, position, rating="good", worse=reply.text)
    worse = next((other.replies[position].text for other, position in others if other.replies[position].mark == "bad"), None)
    _keep(look, conversation, turn, at, rating=rating, worse=worse)
    return {"toast": toast(t("chat.kept" if rating == "good" else "chat.kept_bad"))}


def ask_correction(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog in which a person writes the better reply."""
    _, turn, _, reply = _chosen(look, data)
    title, example = t("chat.correct_title"), t("chat.comment_example")
    comment = tag("input", type="text", name="comment", value=reply.comment, cls="ac-input", maxlength=2000, placeholder=example)
    form = tag(
        "form",
        tag("h3", title),
        tag("p", turn.question, cls="ac-said"),
        tag("textarea", reply.valid, name="corrected", cls="ac-input", rows=7, autofocus=True, aria_label=title),
        tag("p", t("chat.correct_help"), cls="ac-help"),
        labelled(t("chat.comment"), comment),
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
    """Keeps the better reply as a lesson, and in the conversation in place of the old one; a comment alone stays beside a bad reply."""
    conversation, turn, at, reply = _chosen(look, data)
    better, comment = str(data.get("corrected", "")).strip(), str(data.get("comment", "")).strip()
    if comment and better == reply.valid.strip() and not reply.corrected:
        _keep(look, conversation, turn, at, rating="bad", comment=comment)
        return {"toast": toast(t("chat.commented")), "dialog": None}
    _keep(look, conversation, turn, at, corrected=better, comment=comment)
    return {"toast": toast(t("chat.corrected")), "dialog": None}


def _keep(look: Look, conversation: Conversation, turn: Turn, at: int, *, corrected: str | None = None, **values: Any) -> None:
    """Makes the reply a lesson, or changes the one that it is, and marks it in the conversation."""
    reply = turn.replies[at]
    comment = str(values.pop("comment", reply.comment))
    lesson = look.academy.lessons.correct_reply(
        prompted(turn),
        reply.text,
        corrected=corrected,
        history=None if reply.alone else _before(conversation, turn),  # what the model did not see, it is not taught with
        adapter_id=reply.adapter_id,
        base_model=reply.base,
        sampling=reply.sampling,
        comment=comment,
        lesson_id=reply.lesson_id or None,
        **values,
    )
    mark = "corrected" if corrected is not None else values["rating"]
    kept = {"mark": mark, "corrected": corrected or "", "comment": comment, "lesson_id": lesson.lesson_id}
    look.academy.conversations.mark(conversation.chat_id, turn.turn_id, at, reply.model_copy(update=kept))


def _others(other: Turn, turn: Turn, at: int) -> list[int]:
    """The positions of the other replies to the same question in a version of it."""
    if other.question != turn.question:
        return []
    mine = turn.replies[at]
    return [
        position
        for position, reply in enumerate(other.replies)
        if (other.turn_id, position) != (turn.turn_id, at) and reply.text.strip() != mine.text.strip()
    ]


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
