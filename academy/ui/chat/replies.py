"""The conversation as HTML: each question with its replies, who gave them, and the tools to rate and correct them."""

from __future__ import annotations

from typing import Any

from academy.ui.html.elements import Html, div, esc, live, span, tag, thumb
from academy.ui.html.prose import prose
from academy.ui.texts.translate import plural, say, t

Turn = dict[str, Any]
"""A question with its replies, as the browser keeps it: `question`, `replies`."""

Reply = dict[str, Any]
"""`text`, `name` and `adapter_id` of the adapter, `base`, `facts`, and once they exist `taught`, `notes` and `mark`."""

_MARKS = ("good", "bad", "corrected")


def conversation(turns: list[Turn]) -> Html:
    """All turns, oldest first."""
    return div(*[turn_html(turn, index) for index, turn in enumerate(turns)], cls="ac-turns")


def turn_html(turn: Turn, index: int, waiting: bool = False) -> Html:
    """A question and its replies side by side; `waiting`: the last one is not complete yet."""
    last = len(turn["replies"]) - 1
    replies = [_reply(reply, index, position, waiting and position == last) for position, reply in enumerate(turn["replies"])]
    if waiting and not replies:
        replies = [div(div(span(cls="ac-spin"), span(t("chat.loading"), cls="ac-soft"), cls="ac-row"), cls="ac-reply")]
    return div(
        div(div(esc(turn["question"]), cls="ac-said"), cls="ac-question"),
        div(*replies, cls="ac-replies" + (" is-compared" if len(replies) > 1 else "")),
        cls="ac-turn",
    )


def spoken_turn(turn: Turn) -> str:
    """What a screen reader speaks once a turn is complete: each reply with who gave it."""
    return " ".join(
        t("chat.spoken", name=reply.get("name") or t("chat.base"), text=reply["text"] or t("chat.silent")) for reply in turn["replies"]
    )


def no_conversation() -> Html:
    """What the tab shows before the first question."""
    return div(
        div(t("chat.empty"), cls="ac-empty-title"),
        div(t("chat.empty_text"), cls="ac-empty-text"),
        live("chat_suggestions", Html("")),
        cls="ac-empty ac-chat-empty",
    )


def _reply(reply: Reply, index: int, position: int, waiting: bool) -> Html:
    who = _badge(reply) if reply.get("base") else span(cls="ac-spin")
    head = div(who, span(reply.get("facts", ""), cls="ac-soft ac-num"), cls="ac-row ac-reply-head")
    if reply["text"]:
        words = prose(reply["text"])
    else:
        silent = plural("chat.waiting", reply["waits"]) if reply.get("waits") else t("chat.loading")
        words = div(silent if waiting else t("chat.silent"), cls="ac-soft")
    notes = [div(say(text), cls="ac-help") for text in reply.get("notes", [])]
    tools = _tools(reply, index, position) if not waiting and index >= 0 else ""
    return div(head, words, _taught(reply.get("taught")), *notes, tools, cls="ac-reply")


def _taught(taught: Any) -> Html | str:
    """Beside a reply to a taught question: whether it is the answer that was taught, else that answer."""
    if not isinstance(taught, dict):
        return ""
    if taught.get("same"):
        return div(span(Html("✓"), aria_hidden="true"), " ", t("chat.as_taught"), cls="ac-help ac-taught")
    return div(span(t("chat.taught")), " ", span(str(taught.get("answer", "")), cls="ac-text"), cls="ac-help ac-taught")


def _badge(reply: Reply) -> Html:
    if name := reply.get("name"):
        return span(name, cls="ac-badge ac-badge-on ac-cut", title=t("chat.badge", name=name, base=reply["base"]))
    return span(t("chat.base"), cls="ac-badge", title=reply["base"])


def _tools(reply: Reply, index: int, position: int) -> Html:
    mark, button = reply.get("mark"), "ac-btn ac-btn-quiet ac-btn-small"
    of_reply = {"data_event": "correct", "data_turn": index, "data_reply": position}
    return div(
        _thumb("good", t("chat.good"), index, position, mark),
        _thumb("bad", t("chat.bad"), index, position, mark),
        tag("button", t("chat.correct"), type="button", cls=button, **of_reply),
        tag("button", t("copy"), type="button", cls=button, data_copy=reply["text"]),
        span(t(f"chat.mark.{mark}"), cls="ac-soft") if mark in _MARKS else "",
        cls="ac-row ac-reply-tools",
    )


def _thumb(rating: str, title: str, index: int, position: int, mark: str | None) -> Html:
    return tag(
        "button",
        thumb(rating),
        type="button",
        cls="ac-btn ac-btn-quiet ac-btn-small ac-thumb" + (" is-chosen" if mark == rating else ""),
        title=title,
        aria_label=title,
        aria_pressed="true" if mark == rating else "false",
        data_event="rate",
        data_rating=rating,
        data_turn=index,
        data_reply=position,
    )
