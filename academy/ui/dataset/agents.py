"""Sessions with coding agents as a source of lessons: found when a person asks, chosen, reviewed exchange by exchange, taken."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from academy.curation.files.agent_finding import Transcript
from academy.curation.files.agents import SKIPPED, TITLES
from academy.curation.files.exchanges import FATES, Exchange
from academy.messages import Message
from academy.services.sessions import Review, SessionChoice, SessionOptions, can_be_taken, chosen_of
from academy.ui.answers import toast
from academy.ui.dataset.files import EVERYTHING
from academy.ui.dataset.rows import turns_shown
from academy.ui.html.elements import Html, button, card, div, empty, join, labelled, pager, select, span, switch, tag, when
from academy.ui.html.numbers import number, size
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_LISTED = 12
_SHOWN = 8
_TOKENS = (1024, 2048, 4096, 8192)
_TURNS = 20  # as many as one conversation shows
_MOST_REVIEWED = 10
_MARK = re.compile(r"\[redacted:([a-z0-9-]{1,40})\]")


def _agents(look: Look) -> Html:
    if not look.academy.settings.session_homes:
        return card(t("agents.title"), div(t("agents.nowhere"), cls="ac-soft"))
    found = look.academy.sessions.found() if look.flag("agents_open") else []
    if not look.flag("agents_open") or not (found or look.flag("agents_none")):
        text = div(t("agents.text"), cls="ac-soft ac-grow")
        return card(t("agents.title"), div(text, button(t("agents.find"), "agents.find", kind="small"), cls="ac-row"))
    chosen = [session for session in found if look.flag(f"agent:{session.id}")][:_MOST_REVIEWED]
    if chosen and look.flag("agents_review"):
        return _review(look, chosen)
    return _list(look, found, chosen)


# ------------------------------------------------------------------ the list


def _list(look: Look, found: Sequence[Transcript], chosen: Sequence[Transcript]) -> Html:
    again = button(t("agents.again"), "agents.find", kind="quiet small")
    aside = div(again, _set(t("agents.close"), agents_open=False), cls="ac-row")
    if not found:
        folders = ", ".join(map(str, look.academy.settings.session_homes))
        return card(t("agents.title"), empty(t("agents.none"), t("agents.none_text", folders=folders)), aside=aside)
    programs: list[str] = [name for name in TITLES if any(session.agent == name for session in found)]
    only = look.text("agents_only")
    listed = [session for session in found if only not in programs or session.agent == only]
    page = min(look.number("agents_page"), max(0, len(listed) - 1) // _LISTED)
    rows = [_listed(look, session) for session in listed[page * _LISTED : (page + 1) * _LISTED]]
    choices = [("", t("agents.any")), *((name, title) for name, title in TITLES.items() if name in programs)]
    filtered = tag(
        "select",
        *[tag("option", text, value=name, selected=name == only) for name, text in choices],
        cls="ac-input",
        data_bind="agents_only",
        data_reset="agents_page",
        aria_label=t("agents.program"),
    )
    review = tag(
        "button",
        plural("agents.review", len(chosen)),
        type="button",
        cls="ac-btn ac-btn-primary",
        disabled=not chosen,
        data_set=json.dumps({"agents_review": True, "exchanges_page": 0}),
    )
    return card(
        t("agents.title"),
        div(
            span(plural("agents.found", len(found)), cls="ac-soft ac-grow"),
            filtered if len(programs) > 1 else "",
            cls="ac-row ac-agents-top",
        ),
        div(*rows, cls="ac-agents-list"),
        pager("agents_page", page, _LISTED, len(listed)) if len(listed) > _LISTED else "",
        div("" if chosen else span(t("agents.choose_some"), cls="ac-soft"), review, cls="ac-row ac-agents-bar"),
        aside=aside,
    )


def _listed(look: Look, session: Transcript) -> Html:
    title = session.title or t("agents.untitled")
    facts = [session.project] if session.project else []
    counted = [plural("agents.turns", session.turns)] if session.turns is not None else []
    name = f"agent:{session.id}"
    return div(
        switch(name, look.flag(name), t("agents.choose", title=title), written=False),
        span(TITLES[session.agent], cls="ac-pill"),
        div(_marked(div(title, cls="ac-cut", title=title)), div(*facts, cls="ac-soft ac-cut"), cls="ac-grow"),
        div(when(session.changed_at), " · ", " · ".join([*counted, size(session.size_bytes)]), cls="ac-soft ac-num"),
        cls="ac-agents-row",
        id=f"agent-{session.id}",
    )


# ------------------------------------------------------------------ the review


def _review(look: Look, chosen: Sequence[Transcript]) -> Html:
    options = _options(look)
    reviews = [look.academy.sessions.review(session.id, options) for session in chosen]
    taken = {review.session.id: chosen_of(review, _choice(look, review)) for review in reviews}
    count = sum(map(len, taken.values()))
    shown = [
        (review, exchange, number)
        for review in reviews
        for number, exchange in enumerate(review.exchanges)
        if _is_shown(look.text("agents_show"), review, exchange, exchange.number in taken[review.session.id])
    ]
    page = min(look.number("exchanges_page"), max(0, len(shown) - 1) // _SHOWN)
    rows: list[Html] = []
    before = None
    for review, exchange, number_ in shown[page * _SHOWN : (page + 1) * _SHOWN]:
        if review.session.id != before and len(reviews) > 1:
            title = f"{TITLES[review.session.agent]} · {review.session.title or t('agents.untitled')}"
            rows.append(_marked(div(title, cls="ac-agents-session ac-cut")))
        before = review.session.id
        rows.append(_exchange(look, review, exchange, review.secrets[number_], exchange.number in taken[before]))
    none = empty(t("agents.nothing"), t("agents.nothing_text"))
    back = _set(t("agents.back"), agents_review=False)
    return card(
        _marked(span(chosen[0].title or t("agents.title"))) if len(chosen) == 1 else t("agents.title"),
        _facts(reviews, count),
        _controls(look, options),
        div(*rows, cls="ac-exchanges") if rows else none,
        pager("exchanges_page", page, _SHOWN, len(shown)),
        div(button(plural("agents.take", count), "agents.take", kind="primary", disabled=not count), cls="ac-row ac-agents-bar"),
        aside=back,
    )


def _facts(reviews: Sequence[Review], count: int) -> Html:
    everything = sum(len(review.exchanges) for review in reviews)
    secrets: Counter[str] = sum((review.redacted for review in reviews), Counter())
    left: Counter[Any] = sum((review.left_out for review in reviews), Counter())
    skipped: Counter[str] = sum((review.skipped for review in reviews), Counter())
    named = ", ".join(f"{kind.replace('-', ' ')} {number(n)}" for kind, n in secrets.items())
    return div(
        div(
            tag("b", t("agents.proposed", taken=number(count), all=number(everything))),
            span(plural("agents.secrets", secrets.total()), f" ({named})" if named else ""),
            cls="ac-agents-facts",
        ),
        _counted("agents-why", plural("agents.why", left.total()), FATES, left),
        _counted("agents-skipped", t("agents.skipped"), SKIPPED, skipped),
    )


def _counted(name: str, title: str, labels: Mapping[Any, Message], counts: Counter[Any]) -> Html | str:
    items = [tag("li", tag("b", number(counts[kind]), cls="ac-num"), " ", say(text)) for kind, text in labels.items() if counts[kind]]
    return tag("details", tag("summary", title), tag("ul", *items, cls="ac-counts"), cls="ac-folded", id=name) if items else ""


def _controls(look: Look, options: SessionOptions) -> Html:
    lengths = [(str(n), t("agents.tokens_of", n=number(n))) for n in _TOKENS]
    shows = [(name, t(f"agents.only.{name}")) for name in ("all", "taken", "left", "secrets")]
    show = tag(
        "select",
        *[tag("option", text, value=name, selected=name == (look.text("agents_show") or "all")) for name, text in shows],
        cls="ac-input",
        data_bind="agents_show",
        data_reset="exchanges_page",
        aria_label=t("agents.show"),
    )
    tools = div(
        switch("agents_tools", bool(options.tools), t("agents.tools")), span(t("agents.tools_help"), cls="ac-help"), cls="ac-agents-tools"
    )
    length = select("agents_tokens", lengths, str(options.tokens), label=t("agents.tokens"))
    return div(
        tools,
        labelled(t("agents.tokens"), length, t("agents.tokens_help")),
        labelled(t("agents.show"), show),
        cls="ac-agents-options",
    )


def _is_shown(only: str, review: Review, exchange: Exchange, is_taken: bool) -> bool:
    if only == "secrets":
        return bool(review.secrets[exchange.number])
    return is_taken if only == "taken" else not is_taken if only == "left" else True


def _exchange(look: Look, review: Review, exchange: Exchange, secrets: dict[str, int], is_taken: bool) -> Html:
    name = _name(review, exchange)
    possible = can_be_taken(exchange)
    marks = [f"{kind.replace('-', ' ')} {number(n)}" for kind, n in secrets.items()]
    reason = say(FATES[exchange.fate]) if exchange.fate != "taken" else ""
    return div(
        div(
            span(number(exchange.number + 1), cls="ac-soft ac-num"),
            when(exchange.time) if exchange.time else "",
            span(reason, cls="ac-pill ac-fate") if reason else "",
            span(t("agents.replaced", kinds=", ".join(marks)), cls="ac-pill ac-preparing") if marks else "",
            switch(name, is_taken, t("agents.learn") if possible else t("agents.cannot"), disabled=not possible),
            cls="ac-exchange-head",
        ),
        _marked(div(_body(exchange), cls="ac-exchange-body")),
        cls="ac-exchange" + ("" if is_taken else " is-left"),
        id=f"exchange-{review.session.id}-{exchange.number}",
    )


def _body(exchange: Exchange) -> Html:
    """The question and the last answer; what lies between is folded."""
    if not exchange.turns:
        return div(t("agents.too_long"), cls="ac-soft")
    last = exchange.turns[-1:] if exchange.is_whole else ()
    between = exchange.turns[1 : len(exchange.turns) - len(last)]
    pieces = [turns_shown(between[at : at + _TURNS]) for at in range(0, min(len(between), 5 * _TURNS), _TURNS)]
    folded = tag("details", tag("summary", plural("agents.steps", len(between))), *pieces) if between else ""
    return join([turns_shown(exchange.turns[:1]), folded, turns_shown(last) if last else ""])


def _marked(html: Html) -> Html:
    """The marks of redaction as a person sees them; a mark holds no character that has a meaning in HTML, and attributes stay."""
    parts = re.split(r"(<[^>]*>)", html)
    return Html("".join(part if part.startswith("<") else _MARK.sub(r'<mark class="ac-redacted">\1</mark>', part) for part in parts))


def _set(label: str, **state: Any) -> Html:
    return tag("button", label, type="button", cls="ac-btn ac-btn-small ac-btn-quiet", data_set=json.dumps(state))


# ------------------------------------------------------------------ choices


def _options(look: Look) -> SessionOptions:
    tokens = look.number("agents_tokens", 2048)
    return SessionOptions(
        tools=look.flag("agents_tools", look.academy.sessions.takes_tools()), tokens=tokens if tokens in _TOKENS else 2048
    )


def _name(review: Review, exchange: Exchange) -> str:
    return f"exchange:{review.session.id}:{exchange.number}"


def _choice(look: Look, review: Review) -> SessionChoice:
    """What a person decided otherwise than it is proposed."""
    proposed = review.proposed
    flags = {exchange.number: look.flag(_name(review, exchange), exchange.number in proposed) for exchange in review.exchanges}
    return SessionChoice(
        id=review.session.id,
        accept=[at for at, on in flags.items() if on and at not in proposed],
        leave_out=[at for at, on in flags.items() if not on and at in proposed],
    )


def _find(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    found = look.academy.sessions.find()
    return {"state": {"agents_open": True, "agents_none": not found, "agents_page": 0}, "announce": plural("agents.found", len(found))}


def _take(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    options = _options(look)
    chosen = [session for session in look.academy.sessions.found() if look.flag(f"agent:{session.id}")][:_MOST_REVIEWED]
    choices = [_choice(look, look.academy.sessions.review(session.id, options)) for session in chosen]
    taken = look.academy.sessions.take(choices, options)
    if not taken.import_id:
        return {"toast": toast(t("agents.known"), "", "info")}
    done: dict[str, Any] = {f"agent:{session.id}": False for session in chosen}
    done |= {"agents_open": False, "agents_review": False, "dataset_view": "lessons"}
    said = toast(plural("agents.taken", taken.exchanges), plural("import.added", taken.new))
    return {"toast": said, "state": done | EVERYTHING | {"lesson_imports": [taken.import_id], "lesson_sort": "added"}, "top": True}


REGIONS = {"agents": _agents}
ACTS = {"agents.find": _find, "agents.take": _take}
