"""Rating and correcting a reply, which makes it the next lesson."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.ui.answers import safely, toast
from academy.ui.chat.replies import Reply, Turn, conversation
from academy.ui.html.elements import div, tag
from academy.ui.look import Look
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_EARLIER_TURNS = 6


def rate(academy: Academy, history: list[Turn] | None, event: gr.EventData) -> list[Any]:
    """Keeps the reply as a good or a bad lesson: history, past turns, and the page's answer."""
    turns, turn, reply = _chosen(history, event)
    rating = (event._data or {}).get("rating")
    if not reply or rating not in ("good", "bad") or reply.get("mark") == rating:
        return [gr.skip(), gr.skip(), gr.skip()]

    @safely
    def keep() -> dict[str, Any]:
        before, adapter_id = _before(turns, turn), reply.get("adapter_id")
        academy.lessons.correct_reply(turn["question"], reply["text"], rating=rating, history=before, adapter_id=adapter_id)
        reply["mark"] = rating
        return {"toast": toast(t("chat.kept"))}

    answer = keep()
    return [turns, conversation(turns), answer | {"nonce": time.monotonic()}]


def ask_correction(history: list[Turn] | None, event: gr.EventData) -> dict[str, Any]:
    """The dialog in which a person writes the better reply."""
    turns, turn, reply = _chosen(history, event)
    if not reply:
        return gr.skip()
    data = event._data or {}
    hidden = {
        "question": turn["question"],
        "answer": reply["text"],
        "history": json.dumps(_before(turns, turn)),
        "adapter": reply.get("adapter_id") or "",
    }
    title = t("chat.correct_title")
    form = tag(
        "form",
        tag("h3", title),
        tag("p", turn["question"], cls="ac-said"),
        tag("textarea", reply["text"], name="corrected", cls="ac-input", rows=7, autofocus=True, aria_label=title),
        tag("p", t("chat.correct_help"), cls="ac-help"),
        *[tag("input", type="hidden", name=key, value=value) for key, value in hidden.items()],
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("chat.correct_save"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="chat.correct",
        data_turn=data.get("turn"),
        data_reply=data.get("reply"),
    )
    return {"dialog": form, "nonce": time.monotonic()}


def correct(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Keeps the better reply as a lesson."""
    look.academy.lessons.correct_reply(
        str(data.get("question", "")),
        str(data.get("answer", "")),
        corrected=str(data.get("corrected", "")),
        history=json.loads(str(data.get("history") or "[]")) or None,
        adapter_id=str(data.get("adapter") or "") or None,
    )
    place = {"turn": data.get("turn"), "reply": data.get("reply")}
    return {"toast": toast(t("chat.corrected")), "dialog": None, "event": "mark", "data": place}


def mark_corrected(history: list[Turn] | None, event: gr.EventData) -> list[Any]:
    """Marks the reply in the conversation: history and past turns."""
    turns, _, reply = _chosen(history, event)
    if reply:
        reply["mark"] = "corrected"
    return [turns, conversation(turns)]


def _chosen(history: list[Turn] | None, event: gr.EventData) -> tuple[list[Turn], Turn, Reply]:
    """A copy of the conversation, and of it the turn and the reply that the event names; empty ones where it names none."""
    data = event._data or {}
    turns = [dict(turn, replies=[dict(reply) for reply in turn["replies"]]) for turn in history or []]
    try:
        turn = turns[int(data["turn"])]
        return turns, turn, turn["replies"][int(data["reply"])]
    except (KeyError, ValueError, IndexError, TypeError):
        return turns, {}, {}


def _before(turns: list[Turn], turn: Turn) -> list[list[str]]:
    earlier = [item for item in turns[: turns.index(turn)] if item["replies"]]
    return [[item["question"], item["replies"][0]["text"]] for item in earlier[-_EARLIER_TURNS:]]
