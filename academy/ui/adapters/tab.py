"""The Adapters tab: every adapter with its data and what it learned, and which one answers."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.request import BASE
from academy.ui import arena
from academy.ui.adapters import details, exports, marks
from academy.ui.adapters.details import measure_button
from academy.ui.answers import toast
from academy.ui.html.drawings import Drawings
from academy.ui.html.elements import (
    Html,
    button,
    card,
    div,
    empty,
    esc,
    field,
    go,
    join,
    labelled,
    live,
    menu,
    select,
    span,
    tag,
    when,
)
from academy.ui.html.numbers import ago
from academy.ui.look import Look
from academy.ui.professor import ACTS as PROFESSOR
from academy.ui.professor import decided, proposal_card
from academy.ui.report import grade, known_words, verdict_pill
from academy.ui.texts.translate import plural, say, t

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.services.academy import Academy

_MOST_ROWS = 500
_ORDERS = ("new", "name", "known", "base")


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Two views of one tab, each drawn by its regions: the list of adapters, and the arena."""
    parts = [tag("h2", t("tab.adapters"), cls="ac-hidden"), arena.views(), live("adapters"), arena.room()]
    gr.HTML(join(parts), apply_default_css=False)


def _adapters(look: Look) -> Html:
    if arena.is_open(look):
        return Html("")
    adapters = look.adapters
    if not adapters:
        ready = look.academy.datasets.newest() is not None
        action = go(t("adapters.train" if ready else "adapters.begin"), kind="primary", tab="training" if ready else "overview")
        return card(t("adapters.title"), empty(t("adapters.none"), t("adapters.none_text"), action, marks.import_button()), _unlisted(look))
    names = {manifest.id: manifest.name for manifest in look.datasets}
    measured = look.academy.evaluations.by_adapter()
    words, by = look.text("adapters_query").strip().casefold(), look.text("adapters_by", "new")
    chosen, every = look.text("adapters_tag"), dict.fromkeys(word for item in adapters for word in item.tags)
    items = [item for item in adapters if (not words or words in _words(item, names)) and (chosen not in every or chosen in item.tags)]
    counts = look.academy.exports.counts()
    rows = [
        _drawn(look, item, names.get(item.dataset_id or ""), measured.get(item.adapter_id), counts.get(item.adapter_id, 0))
        for item in _sorted(items, by, measured)[:_MOST_ROWS]
    ]
    head = [t(f"adapters.{key}") for key in ("name", "data", "base_model", "measured", "when")]
    listed = div(
        div(*[span(word) for word in head], span(""), cls="ac-mail ac-mail-head"),
        *(rows or [div(t("adapters.none_found"), cls="ac-empty-text ac-pad")]),
        cls="ac-mails",
    )
    shown = card(t("adapters.title"), listed, _unlisted(look), aside=_toolbar(len(adapters), by, sorted(every), chosen))
    return div(proposal_card(look), _answering(look), shown, decided(look), cls="ac-stack")


def _unlisted(look: Look) -> Html | str:
    """The folders beside the adapters that cannot be listed, and why."""
    reasons = look.academy.adapters.unlisted()
    rows = [tag("li", tag("b", name[:80]), ": ", say(why)) for name, why in [*reasons.items()][:20]]
    summary = tag("summary", plural("adapters.unlisted", len(reasons)))
    return tag("details", summary, tag("ul", *rows, cls="ac-notes"), cls="ac-folded ac-pad") if rows else ""


def _toolbar(count: int, by: str, tags: Sequence[str], chosen: str) -> Html:
    words = span(plural("count.adapters", count), cls="ac-soft")
    if count < 2:
        return div(words, marks.import_button(), cls="ac-row")
    orders = [(key, t(f"adapters.by.{key}")) for key in _ORDERS]
    search = field("adapters_query", kind="search", placeholder=t("adapters.find"))
    choices = [("", t("adapters.all_tags")), *[(tag, tag) for tag in tags]]
    tagged = select("adapters_tag", choices, chosen, label=t("adapters.tag")) if tags else ""
    sort = select("adapters_by", orders, by, label=t("adapters.sort"))
    return div(words, search, tagged, sort, marks.import_button(), cls="ac-row ac-adapters-tools")


def _words(item: Adapter, names: dict[str, str]) -> str:
    return "\n".join((item.name, item.note, *item.tags, item.base_model, names.get(item.dataset_id or "", ""))).casefold()


def _sorted(items: Sequence[Adapter], by: str, measured: dict[str, dict[str, Any]]) -> list[Adapter]:
    """In the order a person chose; the list comes newest first, and so stay equal ones."""

    def share(item: Adapter) -> float:
        known = measured[item.adapter_id]["known"] if item.adapter_id in measured else {"rows": -1, "of": 1}
        return float(known["rows"]) / max(1, known["of"])

    if by == "name":
        return sorted(items, key=lambda item: item.name.casefold())
    if by == "base":
        return sorted(items, key=lambda item: (item.base_model.casefold(), item.name.casefold()))
    return sorted(items, key=share, reverse=True) if by == "known" else list(items)


def _answering(look: Look) -> Html:
    """The adapter that answers now, and the ways to another one."""
    active = next((item for item in look.adapters if item.is_active), None)
    previous = look.academy.adapters.previous()
    actions = []
    if previous is not None and (active is None or previous.adapter_id != active.adapter_id):
        actions.append(button(span(t("adapters.back", name=previous.name)), "adapter.back", title=t("adapters.back_title")))
    if active is not None:
        actions.append(button(t("adapters.off"), "adapter.off", title=t("adapters.off_title")))
    default = look.academy.settings.default_base_model
    base = t("adapters.on", base=active.base_model) if active else t("adapters.base_text", base=default)
    return div(
        div(
            div(t("adapters.now"), cls="ac-eyebrow"),
            div(active.name if active else t("adapters.base"), cls="ac-now-name ac-cut"),
            div(base, cls="ac-soft"),
        ),
        div(*actions, go(t("adapters.chat"), kind="primary", tab="chat"), cls="ac-row"),
        cls="ac-card ac-now" + (" is-on" if active else ""),
    )


_rows: Drawings[Html] = Drawings(4 * _MOST_ROWS)


def _drawn(look: Look, item: Adapter, source: str | None, measured: dict[str, Any] | None, exported: int) -> Html:
    shown = (item.adapter_id, item.name, item.note, item.tags, item.strength, item.is_active, item.base_model, item.train_rows)
    key = (*shown, item.created_at, ago(item.created_at), source, repr(measured), exported)
    return _rows.get(look.academy, key, functools.partial(_row, item, source, measured, exported))


def _row(item: Adapter, source: str | None, measured: dict[str, Any] | None, exported: int) -> Html:
    learned = join([source or t("adapters.unknown"), esc(plural("count.examples", item.train_rows)) if item.train_rows else None], " · ")
    dot = span(cls="ac-dot" + (" ac-dot-on" if item.is_active else ""))
    base = Path(item.base_model).name
    note = div(item.note, cls="ac-soft ac-clamp ac-mail-note", title=item.note) if item.note else ""
    return div(
        div(
            div(dot, span(item.name, cls="ac-cut ac-strong", title=item.name), marks.strength_pill(item), cls="ac-mail-name"),
            marks.tags(item),
            note,
            cls="ac-mail-title",
        ),
        div(learned, cls="ac-cut ac-soft", title=learned, data_label=t("adapters.data")),
        div(base, cls="ac-cut ac-soft", title=item.base_model, data_label=t("adapters.base_model")),
        div(_measured(measured), cls="ac-num ac-measured", data_label=t("adapters.measured")),
        div(when(item.created_at), cls="ac-soft", data_label=t("adapters.when")),
        div(*_actions(item, measured is not None, exported), cls="ac-row ac-row-end"),
        cls="ac-mail" + (" is-active" if item.is_active else ""),
        id=f"adapter-{item.adapter_id}",
    )


def _actions(item: Adapter, is_measured: bool, exported: int) -> list[Html]:
    id_, sure = item.adapter_id, t("adapters.delete_sure", name=item.name)
    if exported:
        sure = t("adapters.delete_exports", name=item.name, exports=plural("count.its_exports", exported))
    active = span(t("adapters.active"), cls="ac-pill ac-finished")
    return [
        active if item.is_active else button(t("adapters.activate"), "adapter.on", kind="small", id=id_),
        button(t("adapters.try"), "adapter.try", kind="small", id=id_, title=t("adapters.try_title")),
        menu(
            t("more"),
            button(t("adapters.try"), "adapter.try", kind="item narrow", id=id_, title=t("adapters.try_title")),
            button(t("adapters.versus"), "adapter.versus", kind="item", id=id_),
            button(t("adapters.details"), "adapter.show", kind="item", id=id_),
            measure_button(item, is_measured, kind="item"),
            button(t("exports.button"), "adapter.export", kind="item", id=id_),
            button(t("adapters.edit"), "adapter.edit", kind="item", id=id_),
            go(t("adapters.job"), cls="ac-btn ac-btn-item", tab="training", job=id_),
            button(t("adapters.continue"), "adapter.continue", kind="item", id=id_, title=t("adapters.continue_title")),
            "" if item.is_active else button(t("adapters.delete"), "adapter.delete", kind="item danger", confirm=sure, id=id_),
        ),
    ]


def _measured(measured: dict[str, Any] | None) -> Html:
    """What it knows and the verdict, the same numbers for every adapter."""
    if measured is None:
        return span(t("report.none"), cls="ac-soft")
    words = known_words(measured["known"], measured["rephrased"])
    return join([verdict_pill(grade(measured["verdict"], measured["missing"]) or ""), *[div(word, cls="ac-soft ac-cut") for word in words]])


def _ask_versus(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Asks which one answers beside an adapter."""
    item = _named(look, data)
    others = [(other.adapter_id, other.name) for other in look.adapters if other.adapter_id != item.adapter_id][:_MOST_ROWS]
    beside = select("beside", [(BASE, t("chat.base")), *others], bind=False)
    form = tag(
        "form",
        tag("h3", t("adapters.versus_title", name=item.name)),
        labelled(t("chat.beside"), beside, t("adapters.versus_help")),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("adapters.versus_go"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="adapter.try",
        data_id=item.adapter_id,
    )
    return {"dialog": form}


def _activate(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.adapters.activate(str(data.get("id")))
    return {"toast": toast(t("adapters.activated", name=item.name)), "event": "datasets"}


def _back(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("adapters.activated", name=look.academy.adapters.roll_back().name)), "event": "datasets"}


def _off(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    before = look.academy.adapters.deactivate()
    return {"toast": toast(t("adapters.deactivated", name=before.name) if before else t("adapters.nothing_active")), "event": "datasets"}


def _try(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Opens the chat with an adapter and another one, or the base model, side by side."""
    item, beside = _named(look, data), str(data.get("beside") or BASE)
    choices = {"who": "" if item.is_active else item.adapter_id, "beside": beside, "compare": True}
    return {"state": {"tab": "chat", **choices}, "event": "answerers", "data": choices | {"set": True}, "dialog": None}


def _continue(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "continue", "data": {"adapter": _named(look, data).adapter_id}}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = _named(look, data)
    look.academy.adapters.delete(item.adapter_id)
    return {"toast": toast(t("adapters.deleted", name=item.name)), "event": "datasets"}


def _named(look: Look, data: dict[str, Any]) -> Adapter:
    return look.academy.adapters.get(str(data.get("id")))


REGIONS = {"adapters": _adapters, **exports.REGIONS, **arena.REGIONS}
ACTS = {
    **PROFESSOR,
    **arena.ACTS,
    "adapter.on": _activate,
    "adapter.off": _off,
    "adapter.back": _back,
    "adapter.try": _try,
    "adapter.continue": _continue,
    "adapter.show": details.show,
    "adapter.effect": details.effect,
    **marks.ACTS,
    **exports.ACTS,
    "adapter.versus": _ask_versus,
    "adapter.delete": _delete,
}
