"""The conversation as HTML: each question with its replies, who gave them, and the tools for both."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from academy.chat.conversations import Conversation, ReplyText, Turn
from academy.messages import language
from academy.ui.chat import blind
from academy.ui.html.elements import Html, button, clip, div, esc, live, span, tag, thumb
from academy.ui.html.numbers import number, size
from academy.ui.html.prose import prose
from academy.ui.texts.translate import plural, say, t


def conversation_html(conversation: Conversation, until: str = "") -> Html:
    """The shown turns, oldest first, up to one that is left out."""
    turns = conversation.path(until)
    parts = [
        turn_html(turn, conversation.chat_id, conversation.versions(turn.parent), last=not until and turn is turns[-1]) for turn in turns
    ]
    return div(*parts, cls="ac-turns")


def turn_html(
    turn: Turn,
    chat: str,
    versions: list[Turn] | None = None,
    *,
    last: bool = False,
    working: int | None = None,
    waits: int = 0,
    hidden: bool = False,
) -> Html:
    """A question and its replies side by side; `working`: the position of the reply that is being written, after `waits` others.

    `hidden`: the replies are being written for a blind comparison.
    """
    compared = len(turn.replies) > 1
    if hidden or turn.is_blind:
        below = blind.replies_html(turn, chat, working=working is not None)
    else:
        replies = [_reply(turn, at, chat, last, working, waits) for at in range(len(turn.replies))]
        below = div(*replies, cls="ac-replies" + (" is-compared" if compared else ""))
    return div(
        div(
            div(_file(turn), div(esc(turn.question), cls="ac-said"), cls="ac-asked"),
            _question_tools(turn, chat, versions or []) if working is None else "",
            cls="ac-question",
        ),
        below,
        cls="ac-turn",
        id=f"turn-{turn.turn_id}" if working is None else None,
    )


def spoken_turn(turn: Turn) -> str:
    """What a screen reader speaks once a turn is complete: each reply with who gave it."""
    if turn.is_blind:
        return blind.spoken(turn)
    return " ".join(t("chat.spoken", name=reply.name or t("chat.base"), text=reply.text or t("chat.silent")) for reply in turn.replies)


def no_conversation() -> Html:
    """What the tab shows before the first question."""
    return div(
        div(t("chat.empty"), cls="ac-empty-title"),
        div(t("chat.empty_text"), cls="ac-empty-text"),
        live("chat_suggestions", Html("")),
        cls="ac-empty ac-chat-empty",
    )


def facts(reply: ReplyText) -> str:
    """What is known of how a reply came about."""
    parts = [plural("count.tokens", reply.tokens)] if reply.tokens else []
    parts += [t("chat.speed", n=number(round(reply.speed)))] if reply.speed else []
    parts += [t("chat.cut")] if reply.finish == "length" else [t("chat.stopped")] if reply.finish == "stopped" else []
    return " · ".join(parts)


def _file(turn: Turn) -> Html | str:
    if turn.file is None:
        return ""
    return tag(
        "details",
        tag("summary", clip(), span(turn.file.name, cls="ac-cut"), span(size(len(turn.file.text.encode())), cls="ac-soft")),
        div(turn.file.text, cls="ac-text ac-file-text"),
        cls="ac-file",
    )


def _question_tools(turn: Turn, chat: str, versions: list[Turn]) -> Html:
    ids = [item.turn_id for item in versions]
    return div(
        _switch(ids, ids.index(turn.turn_id), chat) if len(ids) > 1 else "",
        button(t("chat.edit"), "chat.edit", kind="quiet small", chat=chat, turn=turn.turn_id),
        button(t("chat.delete"), "chat.delete_turn", kind="quiet small", chat=chat, turn=turn.turn_id),
        cls="ac-row ac-question-tools",
    )


def _switch(ids: list[str], at: int, chat: str) -> Html:
    """The versions of a question: ‹ 2/3 ›."""

    def step(label: str, by: int, title: str) -> Html:
        to = ids[at + by] if 0 <= at + by < len(ids) else ""
        return button(Html(label), "chat.version", kind="quiet small", title=title, disabled=not to, chat=chat, turn=to)

    position = span(f"{at + 1}/{len(ids)}", cls="ac-num", role="status", aria_label=t("chat.version", at=at + 1, of=len(ids)))
    return span(step("‹", -1, t("chat.version_before")), position, step("›", 1, t("chat.version_after")), cls="ac-versions")


def _reply(turn: Turn, at: int, chat: str, last: bool, working: int | None, waits: int) -> Html:
    reply = turn.replies[at]
    comes = working is not None and at >= working and (reply.finish == "stopped" or not reply.text)
    head = div(_badge(reply), blind.mark(turn, at), span("" if comes else facts(reply), cls="ac-soft ac-num"), cls="ac-row ac-reply-head")
    if reply.text or (reply.thinking and working is None):
        words = _words(reply.text, language.get()) if reply.text else div(t("chat.only_thought"), cls="ac-soft")
    else:
        words = div(_silence(reply, at, working, waits), cls="ac-soft ac-row")
    notes = [div(say(text), cls="ac-help") for text in reply.notes]
    tools = _tools(turn, at, chat, last) if working is None else ""
    notes += [div(t("chat.comment_kept", words=reply.comment), cls="ac-help ac-text")] if reply.comment else []
    return div(
        head,
        _thought(reply, at == working),
        _corrected(reply, words),
        _taught(reply),
        *notes,
        tools,
        cls="ac-reply" + (" is-coming" if comes else ""),
    )


def _thought(reply: ReplyText, comes: bool) -> Html | str:
    """What the model thought before its reply, folded; while it thinks, that it does."""
    if not reply.thinking:
        return ""
    words = t("chat.thinking") if comes and not reply.text else t("chat.thought")
    return tag("details", tag("summary", words), div(reply.thinking, cls="ac-text"), cls="ac-thought")


def _silence(reply: ReplyText, at: int, working: int | None, waits: int) -> Html:
    if working is None:
        return span(t("chat.silent"))
    if at > working:
        return span(t("chat.after"))
    return span(span(cls="ac-spin"), " ", plural("chat.waiting", waits) if waits else t("chat.loading"), cls="ac-row")


def _corrected(reply: ReplyText, words: Html) -> Html:
    """A reply; a corrected one shows the correction, and folded what it stands for."""
    if not reply.corrected:
        return words
    return div(
        div(span(t("chat.yours"), cls="ac-eyebrow"), _words(reply.corrected, language.get()), cls="ac-correction"),
        tag("details", tag("summary", t("chat.replaced")), tag("del", words), cls="ac-replaced"),
    )


@lru_cache(maxsize=256)
def _words(text: str, language: str) -> Html:
    """A reply, drawn once for all polls in a language."""
    return prose(text)


def _taught(reply: ReplyText) -> Html | str:
    """Beside a reply to a taught question: whether it is the answer that was taught, else that answer."""
    if not reply.taught or reply.corrected:
        return ""
    if reply.taught.get("same"):
        return div(span(Html("✓"), aria_hidden="true"), " ", t("chat.as_taught"), cls="ac-help ac-taught")
    return div(span(t("chat.taught")), " ", span(str(reply.taught.get("answer", "")), cls="ac-text"), cls="ac-help ac-taught")


def _badge(reply: ReplyText) -> Html:
    if reply.name:
        return span(reply.name, cls="ac-badge ac-badge-on ac-cut", title=t("chat.badge", name=reply.name, base=reply.base))
    return span(t("chat.base"), cls="ac-badge", title=reply.base or None)


def _tools(turn: Turn, at: int, chat: str, last: bool) -> Html:
    reply = turn.replies[at]
    where = {"chat": chat, "turn": turn.turn_id, "reply": at}
    unfinished = last and reply.finish != "end" and not reply.corrected
    return div(
        # A corrected reply is a lesson already; a rating would be about the correction.
        *([] if reply.corrected else [_thumb("good", t("chat.good"), reply, where), _thumb("bad", t("chat.bad"), reply, where)]),
        button(t("chat.correct"), "chat.correct", kind="quiet small", **where),
        button(t("copy"), kind="quiet small", copy=reply.valid),
        _ask(t("chat.continue"), "continue", where) if unfinished else "",
        _ask(t("chat.again"), "again", where) if at == len(turn.replies) - 1 else "",
        span(t(f"chat.mark.{reply.mark}"), cls="ac-soft") if reply.mark else "",
        cls="ac-row ac-reply-tools",
    )


def _ask(label: str, how: str, where: dict[str, Any]) -> Html:
    return button(label, kind="quiet small", event="ask", how=how, **where)


def _thumb(rating: str, title: str, reply: ReplyText, where: dict[str, Any]) -> Html:
    chosen = reply.mark == rating
    data = {f"data_{key}": value for key, value in where.items()}
    return tag(
        "button",
        thumb(rating),
        type="button",
        cls=f"ac-btn ac-btn-quiet ac-btn-small ac-thumb ac-thumb-{rating}" + (" is-chosen" if chosen else ""),
        title=title,
        aria_label=title,
        aria_pressed="true" if chosen else "false",
        data_act="chat.rate",
        data_rating=rating,
        **data,
    )
