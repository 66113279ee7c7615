"""A blind comparison in the chat: names appear after the choice, which is a vote in the arena and a pair to learn from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from academy.arena.journal import BASE, Duel, Side
from academy.chat.conversations import ReplyText, Turn
from academy.services.arena import lesson_of
from academy.ui.answers import toast
from academy.ui.arena import pick_buttons
from academy.ui.chat.choices import Author, Choices, prompted
from academy.ui.html.elements import Html, div, span, tag
from academy.ui.html.prose import prose
from academy.ui.look import Look
from academy.ui.texts.translate import t

_SIDES = ("a", "b")
_EARLIER_TURNS = 6


def shuffled(authors: Sequence[Author]) -> list[Author]:
    """In random order, so that neither the position nor the order of answering is a hint."""
    return random.SystemRandom().sample([*authors], len(authors))


def duel_of(turn: Turn, before: Sequence[Turn], choices: Choices) -> Duel | None:
    """The duel of two complete replies that differ; None where there is nothing to choose from."""
    if len(turn.replies) != 2 or any(reply.finish == "stopped" or not reply.text.strip() for reply in turn.replies):
        return None
    first, second = turn.replies
    if first.text.split() == second.text.split():
        return None
    earlier = [item for item in before if item.replies] if choices.memory else []
    return Duel(
        question=prompted(turn),
        origin="chat",
        history=[[prompted(item), item.replies[0].valid] for item in earlier[-_EARLIER_TURNS:]],
        sampling=first.sampling,
        a=_side(first),
        b=_side(second),
    )


def replies_html(turn: Turn, chat: str, *, working: bool = False) -> Html:
    """Two replies by their numbers; while they are being written, neither is shown."""
    columns = []
    for side, reply in zip(_SIDES, turn.replies, strict=False):
        words = span(span(cls="ac-spin"), " ", t("chat.blind_waiting"), cls="ac-soft ac-row") if working else prose(reply.text)
        head = div(span(t(f"arena.answer.{side}"), cls="ac-badge"), cls="ac-row ac-reply-head")
        columns.append(div(head, words, cls="ac-reply" + (" is-coming" if working else "")))
    pick = tag("p", t("chat.pick_title"), cls="ac-soft")
    buttons = "" if working else div(pick, pick_buttons("chat.pick", chat=chat, turn=turn.turn_id), cls="ac-pick")
    return div(div(*columns, cls="ac-replies is-compared"), buttons)


def spoken(turn: Turn) -> str:
    """What a screen reader speaks of two replies without names."""
    named = zip(_SIDES, turn.replies, strict=False)
    return " ".join(t("chat.spoken", name=t(f"arena.answer.{side}"), text=reply.text or t("chat.silent")) for side, reply in named)


def mark(turn: Turn, at: int) -> Html | str:
    """Beside a reply that was chosen: that it was."""
    chosen = turn.picked and at < len(_SIDES) and turn.picked == _SIDES[at]
    return span(Html("✓ "), t("arena.voted"), cls="ac-good") if chosen else ""


def pick(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Counts the choice, which shows the names."""
    academy, chat, winner = look.academy, str(data.get("chat")), data.get("winner")
    turn = academy.conversations.get(chat).find(str(data.get("turn")))
    if winner not in ("a", "b", "tie"):
        return {"toast": toast(t("error.unknown_act"), "", "bad")}
    voted = academy.arena.vote_of(turn.duel)  # counted before, and the app ended before the conversation knew it
    if voted is None:
        academy.arena.vote(turn.duel, winner)
    winner = voted.winner if voted else winner
    academy.conversations.pick(chat, turn.turn_id, winner)
    if winner in _SIDES:  # a rating or a correction from here on changes the lesson that the choice made
        at = _SIDES.index(winner)
        marked = turn.replies[at].model_copy(update={"mark": "good", "lesson_id": lesson_of(turn.duel)})
        academy.conversations.mark(chat, turn.turn_id, at, marked)
    return {"toast": toast(t("chat.picked" if winner == "tie" else "chat.picked_pair"))}


def _side(reply: ReplyText) -> Side:
    return Side(adapter_id=reply.adapter_id or BASE, name=reply.name, base_model=reply.base, text=reply.text)
