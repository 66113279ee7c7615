"""The rows of an opened dataset: searched, sorted, folded where they are long; each leads to its lesson and can be left out.

Of a row with several answers each can be taken out of what is learned, and stays in its conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from academy.curation.dataset_rows import Row, RowSort
from academy.curation.datasets import Manifest
from academy.curation.lessons import as_example
from academy.errors import NotFound
from academy.rows import Turn, conversation, turn_of, wordings_of
from academy.ui.dataset import lengths
from academy.ui.dataset.held import held_notice
from academy.ui.html.elements import Html, button, div, empty, field, join, pager, select, short, span, switch, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import t

ROWS = 12
SOURCES = ("lessons", "git", "uploads", "documents")
_ROLES = ("system", "user", "assistant", "tool", "tools", "text")
_SORTS: tuple[RowSort, ...] = ("file", "longest", "shortest", "source")
_FOLDED_LINES = 8
_FOLDED_CHARS = 500
_MOST_CHARS = 8000
_CODE = re.compile(r"^(?:diff --git |@@ -\d|--- a/|\+\+\+ b/)", re.MULTILINE)


def shown(look: Look, item: Manifest, *, trained: bool) -> Html:
    """A page of the rows that are trained or held out, with search, order and what is to be left out."""
    part = "train" if trained else "eval"
    only = lengths.rows_only(look, item, look.text("ds_only")) if trained else None
    sort = next((name for name in _SORTS if name == look.text("ds_sort")), "file")
    source = look.text("ds_source")
    source = source if source in SOURCES else ""
    asked = {"query": look.text("ds_query"), "sort": sort, "source": source, "only": only}
    size = look.number("ds_page") * ROWS
    count, found = look.academy.datasets.view(item.id, part, **asked, offset=size, limit=ROWS)  # type: ignore[arg-type]
    if size and not found:
        count, found = look.academy.datasets.view(item.id, part, **asked, limit=ROWS)  # type: ignore[arg-type]
    listed = [_row(look, item, row, trained=trained) for row in found]
    none = div(empty(t("rows.none"), t("rows.none_text")), cls="ac-pad") if not count else ""
    pages = pager("ds_page", look.number("ds_page") if found and size else 0, ROWS, count)
    table = div(_toolbar(look, item, only), none, *listed, pages, cls="ac-card ac-examples")
    return table if trained else div(held_notice(look, item), table, cls="ac-stack-tight")


def _toolbar(look: Look, item: Manifest, only: Sequence[int] | None) -> Html:
    """Search, order, source, and the button that makes the dataset again without what is left out."""
    sorts = [(name, t(f"rows.sort.{name}")) for name in _SORTS if name != "source" or len(_sources(item)) > 1]
    sources = [("", t("rows.any_source")), *((name, t(f"source.{name}")) for name in _sources(item))]
    out, masked = len(left_out(look, item)), len(flipped(look, item))
    words = t("rows.again" if masked else "secrets.again", n=number(out + masked))
    again = button(words, "dataset.keep", kind="primary small", id=item.id) if out or masked else ""
    chosen = [("", t("rows.all")), ("cut", t("rows.cut")), ("untrained", t("rows.untrained"))]
    return div(
        field("ds_query", look.text("ds_query"), kind="search", placeholder=t("rows.search"), label=t("rows.search"), data_reset="ds_page"),
        select("ds_sort", sorts, look.text("ds_sort"), label=t("sort.label")),
        select("ds_source", sources, look.text("ds_source"), label=t("lessons.source")) if len(sources) > 2 else "",
        select("ds_only", chosen, look.text("ds_only"), label=t("rows.only")) if only is not None else "",
        again,
        cls="ac-row ac-pad ac-rows-bar",
    )


def _sources(item: Manifest) -> list[str]:
    return [name for name in (item.statistics.get("sources") or {}) if name in SOURCES]


def left_out(look: Look, item: Manifest) -> list[str]:
    """The keys of this dataset's rows that were switched off by hand."""
    switched = look.switched("out:")
    if not switched:
        return []
    known = look.academy.datasets.keys(item.id)
    return [key for key in switched if key in known]


def flipped(look: Look, item: Manifest) -> dict[str, list[int]]:
    """By the key of a row, the turns that are to be masked, where a person changed it in this dataset."""
    found: dict[str, list[int]] = {}
    for name in look.switched("turn:"):
        part, number_, key, at = (name.split(":") + [""] * 4)[:4]
        row = look.academy.datasets.row(item.id, int(number_), part) if number_.isdecimal() and part in ("train", "eval") else None
        if row is None or row.key != key or not at.isdecimal():
            continue  # of another dataset
        turns = conversation(row.row)
        masked = found.setdefault(key, [place for place, turn in enumerate(turns) if turn.role == "assistant" and not turn.trained])
        (masked.remove if int(at) in masked else masked.append)(int(at))
    return found


def mask_names(look: Look) -> list[str]:
    """The names of the switches that change a mask."""
    return [f"turn:{name}" for name in look.switched("turn:")]


def _masks(look: Look, row: Row, turns: Sequence[Turn], part: str) -> Callable[[int, Turn], tuple[bool, Html | str]]:
    """For a turn: whether it is learned as things stand, and the switch that changes it, where another answer remains."""
    first = next((at for at, turn in enumerate(turns) if turn.role == "user"), len(turns))
    answers = [at for at, turn in enumerate(turns) if turn.role == "assistant" and at > first]
    names = {at: f"turn:{part}:{row.number}:{row.key}:{at}" for at in answers}
    learned = {at: turns[at].trained != look.flag(names[at]) for at in answers}

    def of(at: int, turn: Turn) -> tuple[bool, Html | str]:
        if at not in learned:
            return turn.role != "assistant", ""
        last = learned[at] and sum(learned.values()) == 1
        label = t("rows.mask") if turn.trained else t("rows.unmask")
        return learned[at], switch(names[at], look.flag(names[at]), label) if len(answers) > 1 and not last else ""

    return of


def _row(look: Look, item: Manifest, row: Row, *, trained: bool) -> Html:
    is_lesson = row.origin.source == "lessons" and bool(row.origin.origin)
    edit = button(t("edit"), "lesson.edit", kind="quiet small", id=row.origin.origin) if is_lesson else ""
    as_tokens = button(t("open.tokens"), "row.tokens", kind="quiet small", title=t("open.tokens_title"), id=item.id, row=row.number)
    turns = conversation(row.row)
    state, is_there = _since(look, row, turns) if is_lesson else ("", True)
    named = span(_origin(row), cls="ac-soft ac-cut") if len(_sources(item)) > 1 or not is_lesson else ""
    facts = div(named, state, cls="ac-row ac-origin") if named or state else ""
    off = look.flag(f"out:{row.key}")
    return div(
        span(number(row.number + 1), cls="ac-soft ac-num ac-row-number"),
        div(turns_shown(turns, _masks(look, row, turns, "train" if trained else "eval")), _wordings(row), facts, cls="ac-grow"),
        div(
            as_tokens if trained else "",
            edit if is_there else "",
            switch(f"out:{row.key}", off, t("secrets.out")),
            cls="ac-row-actions",
        ),
        cls="ac-example" + (" is-out" if off else ""),
        id=f"row-{item.id}-{row.number}",
    )


def _since(look: Look, row: Row, turns: Sequence[Any]) -> tuple[Html | str, bool]:
    """What became of the row's lesson since, and whether it is still there."""
    try:
        lesson = look.academy.lessons.get(row.origin.origin)
    except NotFound:
        return span(t("rows.deleted"), cls="ac-pill"), False
    now = [turn.content for turn in as_example(lesson).turns]
    same = now == [turn.content for turn in turns] and {*wordings_of(row.row)} <= {*wordings_of(lesson.metadata)}
    return ("" if same else span(t("rows.changed"), cls="ac-pill ac-preparing")), True


def _wordings(row: Row) -> Html | str:
    """The other wordings that a training asks in the place of the row's question."""
    texts = wordings_of(row.row)
    return tag("p", tag("b", t("wordings.row")), " ", " · ".join(texts), cls="ac-help ac-row-wordings") if texts else ""


def _origin(row: Row) -> str:
    """Where a row comes from, for a person."""
    source, origin = row.origin
    if source == "lessons":
        return t("dropped.lesson")
    return t("rows.commit", id=origin[:8]) if source == "git" and origin else origin


def turns_shown(turns: Sequence[Turn], masks: Callable[[int, Turn], tuple[bool, Html | str]] | None = None) -> Html:
    """A conversation, each turn with its role; long ones are folded, and code is in its own type."""
    lines = []
    for at, turn in enumerate(turns[:20]):
        learned, control = masks(at, turn) if masks else (turn.trained, "")
        role = t(f"role.{turn.role}") if turn.role in _ROLES else turn.role
        parts = [
            _thought(turn) if turn.thinking else "",
            _text(_tools(turn.content) if turn.role == "tools" else turn.content) if turn.content else "",
            *[div(span(text, cls="ac-text ac-code"), cls="ac-call") for text in _calls(turn)],
            div("" if learned else span(t("rows.masked"), cls="ac-pill"), control, cls="ac-mask") if control or not learned else "",
        ]
        name = span(role, cls=f"ac-role ac-role-{turn.role}")
        lines.append(div(name, div(*parts, cls="ac-said-parts"), cls="ac-turn-line" + ("" if learned else " is-masked")))
    return div(*lines, cls="ac-conversation")


def _thought(turn: Turn) -> Html:
    words = t("rows.thought") if turn.thinking_trained else t("rows.thought_masked")
    return tag("details", tag("summary", words), span(short(turn.thinking, _MOST_CHARS), cls="ac-text"), cls="ac-thought")


def _calls(turn: Turn) -> list[str]:
    """The calls of a turn, as a person reads them."""
    listed = json.loads(turn.calls) if turn.calls else []
    return [f"{call['name']}({json.dumps(call['arguments'], ensure_ascii=False)})" for call in listed]


def _tools(definitions: str) -> str:
    """The names of the defined tools and what they are for."""
    functions = [tool.get("function", tool) for tool in json.loads(definitions)]
    lines = [f"{function.get('name', '?')}: {function.get('description', '')}".rstrip(": ") for function in functions]
    return "\n".join(lines)


def _text(text: str) -> Html:
    style = "ac-text ac-code" if _CODE.search(text[:_MOST_CHARS]) else "ac-text"
    lines = text.splitlines()
    if len(lines) <= _FOLDED_LINES and len(text) <= _FOLDED_CHARS:
        return span(text, cls=style)
    start = short("\n".join(lines[:_FOLDED_LINES]), _FOLDED_CHARS)
    more = t("rows.more", n=number(len(text)))
    less = span(t("rows.less"), cls="ac-fold-less")
    summary = tag("summary", span(start, cls=f"{style} ac-fold-start"), span(more, cls="ac-fold-more"), less)
    return tag("details", summary, span(short(text, _MOST_CHARS), cls=style), cls="ac-fold")


def previewed(samples: Sequence[dict[str, Any]]) -> Html:
    """The samples of a preview."""
    return join([div(turns_shown([turn_of(turn) for turn in sample["turns"]]), cls="ac-example") for sample in samples])
