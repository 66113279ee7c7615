"""The arena beside the list of adapters: one blind duel at a time, the ranking with its intervals, and the golden questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from academy.arena.journal import BASE, Duel, Side, Vote
from academy.arena.questions import Question, folded
from academy.services.arena import Contender, DuelRequest
from academy.ui.answers import toast
from academy.ui.html.elements import (
    Html,
    button,
    card,
    div,
    empty,
    join,
    labelled,
    live,
    notice,
    remedy,
    scrolling,
    short,
    span,
    switch,
    tag,
)
from academy.ui.html.numbers import number, percent
from academy.ui.html.prose import prose
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_SIDES = (("a", "1"), ("b", "2"))
_LONGEST = 300  # characters of a question in the list
_SUGGESTED = 12
_WHO = "arena_who."


def views() -> Html:
    """The switch between the list of adapters and the arena."""
    return live("arena_views", Html(""))


def room() -> Html:
    """The arena; its regions are empty while the list is open."""
    below = div(live("arena_ranking", Html("")), live("arena_questions", Html("")), cls="ac-columns ac-arena-below")
    return div(live("arena_duel", Html("")), below, cls="ac-stack")


def is_open(look: Look) -> bool:
    """Whether the Adapters tab shows the arena instead of the list; without an adapter there is only the list."""
    return look.text("adapters_view") == "arena" and bool(look.adapters)


def pick_buttons(act: str, **data: Any) -> Html:
    """The three ways to vote, each with its key."""
    ways = [("a", "1", "primary"), ("tie", "0", ""), ("b", "2", "primary")]
    return div(
        *[
            button(join([_key(key), span(t(f"arena.vote.{side}"))]), act, kind=kind, winner=side, key=key, **data)
            for side, key, kind in ways
        ],
        cls="ac-row ac-arena-votes",
    )


def _key(key: str) -> Html:
    return tag("kbd", key, cls="ac-key", aria_hidden="true")


def _views(look: Look) -> Html:
    if not look.adapters:
        return Html("")
    chosen = "arena" if is_open(look) else "list"
    return div(
        *[_segment(name, t(f"arena.{key}"), name == chosen) for name, key in (("list", "list"), ("arena", "room"))], cls="ac-segments"
    )


def _segment(name: str, label: str, on: bool) -> Html:
    return tag(
        "button",
        label,
        type="button",
        cls="ac-segment" + (" is-on" if on else ""),
        data_set=json.dumps({"adapters_view": name}),
        aria_pressed="true" if on else "false",
    )


# ------------------------------------------------------------------ the duel


def _duel(look: Look) -> Html:
    if not is_open(look):
        return Html("")
    found = look.academy.arena.progress()
    if found.waiting:
        waiting = div(span(cls="ac-spin"), span(t("arena.waiting")), cls="ac-row ac-arena-wait", role="status")
        return card(t("arena.title"), waiting)
    shown = found.duel is not None and (found.vote is None or (found.error is None and look.text("arena_duel") == found.duel.duel_id))
    if found.duel is not None and shown:
        return card(t("arena.title"), _answers(look, found.duel, found.vote), _who(look))
    if found.error is not None:
        retry = button(t("arena.retry"), "arena.duel")
        return card(t("arena.title"), notice(found.error.message, remedy(found.error.hint), retry, kind="warn"), _who(look))
    if not look.academy.arena.questions():
        return card(t("arena.title"), _no_questions())
    start = button(t("arena.start"), "arena.duel", kind="primary", key="Enter")
    return card(t("arena.title"), empty(t("arena.start_title"), t("arena.start_text"), start), _who(look))


def _answers(look: Look, duel: Duel, vote: Vote | None) -> Html:
    """The question and both answers; the names only after the vote."""
    wanted = div(span(t("arena.wanted"), cls="ac-soft"), " ", span(duel.expected, cls="ac-text"), cls="ac-help") if duel.expected else ""
    sides = [_side(name, duel.a if name == "a" else duel.b, vote) for name, _ in _SIDES]
    return div(
        div(div(duel.question, cls="ac-said"), wanted, cls="ac-arena-question"),
        div(*sides, cls="ac-replies is-compared"),
        _after(look, duel, vote) if vote else _ways_to_vote(duel),
        id="arena-duel",
    )


def _ways_to_vote(duel: Duel) -> Html:
    words = join([_key("3"), span(t("arena.skip"))])
    skip = button(words, "arena.skip", kind="quiet", title=t("arena.skip_title"), key="3", duel=duel.duel_id)
    return div(pick_buttons("arena.vote", duel=duel.duel_id), skip, cls="ac-row ac-arena-ways")


def _side(name: str, side: Side, vote: Vote | None) -> Html:
    head: list[Any] = [tag("h4", t(f"arena.answer.{name}"))]
    if vote:
        base = side.adapter_id == BASE
        head.append(span(t("chat.base") if base else side.name, cls="ac-badge" + ("" if base else " ac-badge-on"), title=side.base_model))
        head += [span(Html("✓ "), t("arena.voted"), cls="ac-good")] if vote.winner == name else []
    words = prose(side.text) if side.text.strip() else div(t("chat.silent"), cls="ac-soft")
    return div(div(*head, cls="ac-row ac-reply-head"), words, cls="ac-reply")


def _after(look: Look, duel: Duel, vote: Vote) -> Html:
    judged = look.academy.arena.judge_vote(duel.duel_id)
    said = [t("arena.tie")] if vote.winner == "tie" else []
    said += [t(f"arena.judge_said.{judged.winner}")] if judged else []
    has_judge = look.academy.settings.judge_url and not judged
    return div(
        button(t("arena.next"), "arena.duel", kind="primary", key="Enter"),
        button(t("arena.judge"), "arena.judge", duel=duel.duel_id) if has_judge else "",
        *[span(words, cls="ac-soft") for words in said],
        cls="ac-row ac-arena-votes",
    )


def _no_questions() -> Html:
    suggest = button(t("arena.suggest"), "arena.suggest", kind="primary")
    return empty(t("arena.none_title"), t("arena.none_text"), suggest, button(t("arena.add"), "arena.ask"))


def _who(look: Look) -> Html:
    """Who takes part, to choose from."""
    contenders = look.academy.arena.contenders()
    switches = [switch(_switch(item), _takes_part(look, item), _label(item)) for item in contenders]
    summary = tag("summary", plural("arena.who", len(_chosen(look, contenders))))
    return tag("details", summary, div(*switches, cls="ac-arena-who"), tag("p", t("arena.who_help"), cls="ac-help"), cls="ac-arena-more")


def _label(item: Contender) -> Html:
    name = t("chat.base") if item.adapter_id == BASE else item.name
    return join([name, span(t("arena.active"), cls="ac-soft") if item.is_active else ""], " · ")


def _switch(item: Contender) -> str:
    return _WHO + item.adapter_id


def _takes_part(look: Look, item: Contender) -> bool:
    return look.flag(_switch(item), item.chosen)


def _chosen(look: Look, contenders: Sequence[Contender]) -> list[str]:
    return [item.adapter_id for item in contenders if _takes_part(look, item)]


# ------------------------------------------------------------------ the ranking


def _ranking(look: Look) -> Html:
    if not is_open(look):
        return Html("")
    found = look.academy.arena.ranking()
    judge = found["judge"]
    parts: list[Any] = [tag("p", say(found["sentence"]), cls="ac-arena-sentence")]
    parts += [_table(t("arena.ranking"), found["items"])] if found["items"] else []
    if judge:
        agreement = judge["agreement"]
        same, of = number(agreement["same"]), number(agreement["of"])
        words = t("arena.agreement", models=", ".join(judge["models"]), same=same, of=of) if agreement["of"] else ""
        inner = join(
            [tag("p", say(judge["sentence"])), tag("p", words, cls="ac-soft") if words else "", _table(t("arena.judged"), judge["items"])]
        )
        parts.append(tag("details", tag("summary", t("arena.judged")), inner, cls="ac-arena-more"))
    return card(t("arena.ranking"), *parts, tag("p", t("arena.ranking_help"), cls="ac-help") if found["items"] else "")


def _table(caption: str, items: Sequence[Mapping[str, Any]]) -> Html:
    heads = [tag("th", t(f"arena.column.{key}"), scope="col") for key in ("name", "bar", "share", "duels")]
    return tag(
        "table",
        tag("caption", caption, cls="ac-hidden"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *map(_row, items)),
        cls="ac-facts ac-num ac-arena-table",
    )


def _row(item: Mapping[str, Any]) -> Html:
    low, share, high = (round(100 * item[key], 1) for key in ("low", "rating", "high"))
    band = span(cls="ac-interval-band", style=f"left:{low}%;width:{round(high - low, 1)}%")
    drawn = div(band, span(cls="ac-interval-dot", style=f"left:{share}%"), cls="ac-interval", aria_hidden="true")
    words = t("arena.interval", **{name: percent(item[key]) for name, key in (("share", "rating"), ("low", "low"), ("high", "high"))})
    name = t("chat.base") if item["adapter_id"] == BASE else item["name"]
    active = span(t("arena.active"), cls="ac-soft") if item["is_active"] else ""
    best = span(Html("✓"), cls="ac-good", aria_hidden="true") if item["is_best"] else ""
    return tag(
        "tr",
        tag("th", join([best, name, active], " "), scope="row", title=item["base_model"]),
        tag("td", drawn),
        tag("td", words),
        tag("td", number(item["duels"])),
    )


# ------------------------------------------------------------------ golden questions


def _questions(look: Look) -> Html:
    if not is_open(look):
        return Html("")
    items = look.academy.arena.questions()
    if not items:
        return card(t("arena.questions"), tag("p", t("arena.none_text"), cls="ac-soft"), aside=_tools())
    rows = scrolling(t("arena.questions"), *map(_question, items), cls="ac-arena-questions")
    return card(join([t("arena.questions"), span(number(len(items)), cls="ac-soft ac-num")], " "), rows, aside=_tools())


def _tools() -> Html:
    return join([button(t("arena.suggest"), "arena.suggest", kind="small"), button(t("arena.add"), "arena.ask", kind="small")])


def _question(item: Question) -> Html:
    words = short(item.question, _LONGEST)
    soft = join([t(f"arena.origin.{item.origin}"), short(item.expected, _LONGEST)], " · ")
    away = button(Html("×"), "arena.delete", kind="quiet small", title=t("arena.delete", question=short(item.question, 60)), id=item.id)
    return div(
        div(div(words, cls="ac-clamp"), div(soft, cls="ac-soft ac-clamp ac-help"), cls="ac-grow"),
        away,
        cls="ac-arena-item",
        id=f"golden-{item.id}",
    )


# ------------------------------------------------------------------ acts


def _begin(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Starts a duel among those who take part; the region shows how it goes."""
    look.academy.arena.begin(DuelRequest(adapters=_chosen(look, look.academy.arena.contenders())))
    return {"state": {"arena_duel": ""}}


def _vote(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    duel_id, winner = str(data.get("duel")), data.get("winner")
    if winner not in ("a", "b", "tie"):
        return {"toast": toast(t("error.unknown_act"), "", "bad")}
    duel = look.academy.arena.vote(duel_id, winner)
    names = [t("chat.base") if side.adapter_id == BASE else side.name for side in (duel.a, duel.b)]
    spoken = ". ".join(f"{t(f'arena.answer.{side}')}: {name}" for (side, _), name in zip(_SIDES, names, strict=True))
    # The result stays on the page of the person who voted; others see the next start.
    return {"state": {"arena_duel": duel_id}, "announce": spoken}


def _skip(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Passes over a duel and starts the next one."""
    look.academy.arena.skip(str(data.get("duel")))
    return _begin(look, data)


def _ask_judge(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.arena.judge(str(data.get("duel")))
    return {"toast": toast(t("arena.judge_asked"))}


def _ask_question(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    question = tag("textarea", "", name="question", cls="ac-input", rows=3, autofocus=True, required=True)
    expected = tag("textarea", "", name="expected", cls="ac-input", rows=2)
    form = tag(
        "form",
        tag("h3", t("arena.add")),
        labelled(t("arena.question"), question),
        labelled(t("arena.expected"), expected, t("arena.expected_help")),
        _ends(t("arena.save")),
        cls="ac-form",
        data_act="arena.added",
    )
    return {"dialog": form}


def _add(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    question = Question(question=str(data.get("question", "")), expected=str(data.get("expected", "")))
    look.academy.arena.add_question(question)
    return {"toast": toast(plural("arena.added", 1)), "dialog": None}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    gone = look.academy.arena.delete_question(str(data.get("id")))
    action = {"label": t("undo"), "act": "arena.added", "data": {"question": gone.question, "expected": gone.expected}}
    return {"toast": toast(t("arena.deleted")) | {"action": action}}


def _suggest(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog with suggestions, all of them chosen."""
    items = look.academy.arena.suggestions(_SUGGESTED)
    if not items:
        return {"toast": toast(t("arena.no_suggestions"), "", "warn")}
    rows = [
        tag(
            "label",
            tag("input", type="checkbox", name=f"pick{at}", checked=True),
            tag("input", type="hidden", name=f"question{at}", value=item.question),
            div(short(item.question, _LONGEST), div(t(f"arena.origin.{item.origin}"), cls="ac-soft ac-help"), cls="ac-grow"),
            cls="ac-arena-item",
        )
        for at, item in enumerate(items)
    ]
    form = tag("form", tag("h3", t("arena.suggestions")), *rows, _ends(t("arena.take")), cls="ac-form", data_act="arena.take")
    return {"dialog": form}


def _take(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    wanted = {folded(str(data.get(f"question{at}", ""))) for at in range(_SUGGESTED) if data.get(f"pick{at}") is True}
    added = [look.academy.arena.add_question(item) for item in look.academy.arena.suggestions(100) if folded(item.question) in wanted]
    return {"toast": toast(plural("arena.added", len(added))), "dialog": None}


def _ends(save: str) -> Html:
    return div(
        tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
        tag("button", save, type="submit", cls="ac-btn ac-btn-primary"),
        cls="ac-row ac-row-end",
    )


REGIONS = {"arena_views": _views, "arena_duel": _duel, "arena_ranking": _ranking, "arena_questions": _questions}
ACTS = {
    "arena.duel": _begin,
    "arena.vote": _vote,
    "arena.skip": _skip,
    "arena.judge": _ask_judge,
    "arena.ask": _ask_question,
    "arena.added": _add,
    "arena.delete": _delete,
    "arena.suggest": _suggest,
    "arena.take": _take,
}
