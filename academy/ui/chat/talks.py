"""The list of conversations, and what is done with one: open, rename, delete, bring back; edit, delete and switch its questions."""

from __future__ import annotations

import json
from typing import Any

from academy.ui.answers import toast
from academy.ui.chat.replies import conversation_html, no_conversation
from academy.ui.html.drawings import Drawings
from academy.ui.html.elements import Html, button, div, join, menu, name_form, span, tag, when
from academy.ui.look import Look
from academy.ui.texts.translate import t

_MOST = 200
_drawings: Drawings[Html] = Drawings(32)


def shown(look: Look) -> Html:
    """The conversation that the page has open."""
    conversation = look.conversation
    if conversation is None or not conversation.turns:
        return no_conversation()
    key = (conversation.chat_id, conversation.updated_at, len(conversation.turns), tuple(sorted(conversation.shown.items())))
    return _drawings.get(look.academy, key, lambda: conversation_html(conversation))


def listed(look: Look) -> Html:
    """The conversations that have the words searched for, the latest first."""
    items, query = look.conversations, look.text("chat_query").strip()
    if not items:
        return div(t("chats.no_match" if query else "chats.none"), cls="ac-help ac-pad")
    return join([_row(item.chat_id, item.title, item.updated_at, item.chat_id == look.text("chat")) for item in items[:_MOST]])


def _row(chat_id: str, title: str, updated_at: str, is_open: bool) -> Html:
    link = tag(
        "a",
        span(title, cls="ac-cut"),
        when(updated_at),
        cls="ac-chat-link",
        title=title,
        href=f"?tab=chat&chat={chat_id}",
        data_set=json.dumps({"tab": "chat", "chat": chat_id}),
        aria_current="page" if is_open else None,
    )
    return div(
        link,
        menu(
            t("more"),
            button(t("chats.rename"), "chat.rename", kind="item", chat=chat_id),
            button(t("chats.delete"), "chat.delete", kind="item danger", chat=chat_id),
        ),
        cls="ac-chat-row" + (" is-open" if is_open else ""),
        id=f"chat-{chat_id}",
    )


def ask_name(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog that asks for another name."""
    item = look.academy.conversations.get(str(data.get("chat")))
    return {"dialog": name_form("chat.renamed", item.chat_id, item.title)}


def rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Gives a conversation another name."""
    item = look.academy.conversations.rename(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=item.title)), "dialog": None}


def delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Deletes a conversation, which can be brought back."""
    item = look.academy.conversations.delete(str(data.get("chat")))
    was_open = look.text("chat") == item.chat_id
    return {"toast": _undoable(t("chats.deleted", name=item.title), item.chat_id), **({"state": {"chat": ""}} if was_open else {})}


def delete_turn(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Takes a question with its replies out, which can be brought back."""
    item = look.academy.conversations.delete_turn(str(data.get("chat")), str(data.get("turn")))
    return {"toast": _undoable(t("chat.turn_deleted"), item.chat_id)}


def restore(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Brings back what was deleted last."""
    item = look.academy.conversations.restore(str(data.get("chat")))
    # Who reads another one by now goes on reading it.
    return {"toast": toast(t("chats.restored", name=item.title)), **({} if look.text("chat") else {"state": {"chat": item.chat_id}})}


def show_version(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Shows another version of a question, with what follows on it."""
    look.academy.conversations.show(str(data.get("chat")), str(data.get("turn")))
    return {}


def edit(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog in which a question is asked in other words; the old one stays as a version."""
    turn = look.academy.conversations.get(str(data.get("chat"))).find(str(data.get("turn")))
    title = t("chat.edit_title")
    form = tag(
        "form",
        tag("h3", title),
        tag("textarea", turn.question, name="question", cls="ac-input", rows=5, autofocus=True, required=True, aria_label=title),
        tag("p", t("chat.edit_help"), cls="ac-help"),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("chat.edit_ask"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_event="ask",
        data_how="edit",
        data_chat=data.get("chat"),
        data_turn=turn.turn_id,
    )
    return {"dialog": form}


def _undoable(text: str, chat_id: str) -> dict[str, Any]:
    return toast(text) | {"action": {"label": t("undo"), "act": "chat.restore", "data": {"chat": chat_id}}}
