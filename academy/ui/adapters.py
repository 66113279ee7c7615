"""The Adapters tab: every adapter with its data and what it learned, and which one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.request import BASE
from academy.ui.answers import toast
from academy.ui.html.elements import Html, button, card, div, empty, esc, go, join, live, menu, name_form, span, tag, when
from academy.ui.html.numbers import loss, number, size
from academy.ui.look import Look
from academy.ui.report import known_words, report, verdict_pill
from academy.ui.texts.translate import plural, t
from academy.ui.training.job import is_by_heart

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.services.academy import Academy

_MOST_ROWS = 500


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """The tab is drawn by its region alone."""
    gr.HTML(live("adapters"), apply_default_css=False)


def _adapters(look: Look) -> Html:
    adapters = look.adapters
    if not adapters:
        ready = look.academy.datasets.newest() is not None
        action = go(t("adapters.train" if ready else "adapters.begin"), kind="primary", tab="training" if ready else "overview")
        return card(t("adapters.title"), empty(t("adapters.none"), t("adapters.none_text"), action))
    names = {manifest.id: manifest.name for manifest in look.datasets}
    measured = look.academy.evaluations.by_adapter()
    head = div(
        span(t("adapters.name")),
        span(t("adapters.data")),
        span(t("adapters.base_model")),
        span(t("adapters.measured")),
        span(t("adapters.when")),
        span(""),
        cls="ac-mail ac-mail-head",
    )
    rows = [_row(item, names, measured.get(item.adapter_id)) for item in adapters[:_MOST_ROWS]]
    count = span(plural("count.adapters", len(adapters)), cls="ac-soft")
    return join([_answering(look), card(t("adapters.title"), div(head, *rows, cls="ac-mails"), aside=count)])


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


def _row(item: Adapter, names: dict[str, str], measured: dict[str, Any] | None) -> Html:
    source = names.get(item.dataset_id or "") or t("adapters.unknown")
    learned = join([source, esc(plural("count.examples", item.train_rows)) if item.train_rows else None], " · ")
    dot = span(cls="ac-dot" + (" ac-dot-on" if item.is_active else ""))
    return div(
        div(dot, span(item.name, cls="ac-cut ac-strong", title=item.name), cls="ac-mail-name"),
        div(learned, cls="ac-cut ac-soft", title=learned),
        div(item.base_model, cls="ac-cut ac-soft", title=item.base_model),
        div(_measured(item, measured), cls="ac-num ac-measured"),
        div(when(item.created_at), cls="ac-soft"),
        div(*_actions(item, measured is not None), cls="ac-row ac-row-end"),
        cls="ac-mail" + (" is-active" if item.is_active else ""),
        id=f"adapter-{item.adapter_id}",
    )


def _actions(item: Adapter, is_measured: bool) -> list[Html]:
    id_, sure = item.adapter_id, t("adapters.delete_sure", name=item.name)
    active = span(t("adapters.active"), cls="ac-pill ac-finished")
    return [
        active if item.is_active else button(t("adapters.activate"), "adapter.on", kind="small", id=id_),
        button(t("adapters.try"), "adapter.try", kind="small", id=id_, title=t("adapters.try_title")),
        menu(
            t("more"),
            button(t("adapters.try"), "adapter.try", kind="item narrow", id=id_, title=t("adapters.try_title")),
            button(t("adapters.details"), "adapter.show", kind="item", id=id_),
            _measure(item, is_measured, kind="item"),
            button(t("adapters.rename"), "adapter.rename", kind="item", id=id_),
            go(t("adapters.job"), cls="ac-btn ac-btn-item", tab="training", job=id_),
            button(t("adapters.continue"), "adapter.continue", kind="item", id=id_, title=t("adapters.continue_title")),
            "" if item.is_active else button(t("adapters.delete"), "adapter.delete", kind="item danger", confirm=sure, id=id_),
        ),
    ]


def _measure(item: Adapter, is_measured: bool, kind: str = "") -> Html:
    label = span(t("report.again" if is_measured else "report.measure"))
    return button(label, "report.measure", kind=kind, title=t("report.measure_title"), id=item.adapter_id)


def _measured(item: Adapter, measured: dict[str, Any] | None) -> Html:
    """What it knows and the verdict; without a report the loss on held-out rows, where those say something."""
    if measured is not None:
        words = known_words(measured["known"], measured["rephrased"])
        return join([verdict_pill(measured["verdict"]), *[div(word, cls="ac-soft ac-cut") for word in words]])
    losses = _losses(item)
    return join([losses, div(t("adapters.loss"), cls="ac-soft ac-cut")]) if losses else span(t("report.none"), cls="ac-soft")


def _losses(item: Adapter) -> Html | None:
    """The loss on held-out rows, before and after; None where none were held out, or where it says nothing."""
    if item.eval_loss is None or is_by_heart(item.parameters):
        return None
    if item.baseline_eval_loss is None:
        return esc(loss(item.eval_loss))
    better = item.eval_loss < item.baseline_eval_loss
    return join(
        [span(loss(item.baseline_eval_loss), cls="ac-soft"), " → ", span(loss(item.eval_loss), cls="ac-good" if better else "ac-bad-text")]
    )


def _show(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = _named(look, data)
    measured = look.academy.evaluations.by_adapter().get(item.adapter_id)
    held_out = [] if is_by_heart(item.parameters) else [("adapters.before", item.baseline_eval_loss), ("adapters.after", item.eval_loss)]
    facts = [
        (t("adapters.base_model"), item.base_model),
        (t("adapters.steps"), number(item.steps)),
        (t("adapters.examples"), number(item.train_rows)),
        (t("adapters.train_loss_title"), loss(item.train_loss)),
        *[(t(key), loss(value)) for key, value in held_out if value is not None],
        (t("adapters.parameters"), number(item.trainable_parameters)),
        (t("adapters.size"), size(item.size_bytes)),
        (t("adapters.when"), when(item.created_at)),
        *[
            (key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else value)
            for key, value in item.parameters.items()
            if value is not None
        ],
        (t("adapters.folder"), tag("code", item.path)),
    ]
    table = tag("table", tag("tbody", *[tag("tr", tag("th", name), tag("td", value)) for name, value in facts]), cls="ac-facts")
    told = ""
    if measured is not None:
        told = report(look.academy.evaluations.get(measured["report_id"]), {manifest.id: manifest.name for manifest in look.datasets})
    settings = tag("details", tag("summary", t("adapters.facts")), table, open=measured is None)
    close = tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True)
    buttons = div(_measure(item, measured is not None), close, cls="ac-row ac-row-end")
    return {"dialog": join([tag("h3", item.name), div(told, settings, cls="ac-scroll"), buttons])}


def _ask_name(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = _named(look, data)
    return {"dialog": name_form("adapter.renamed", item.adapter_id, item.name)}


def _rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.adapters.rename(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=item.name)), "dialog": None, "event": "datasets"}


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
    return {"state": {"tab": "chat", **choices}, "event": "answerers", "data": choices}


def _continue(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "continue", "data": {"adapter": _named(look, data).adapter_id}}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = _named(look, data)
    look.academy.adapters.delete(item.adapter_id)
    return {"toast": toast(t("adapters.deleted", name=item.name)), "event": "datasets"}


def _named(look: Look, data: dict[str, Any]) -> Adapter:
    return look.academy.adapters.get(str(data.get("id")))


REGIONS = {"adapters": _adapters}
ACTS = {
    "adapter.on": _activate,
    "adapter.off": _off,
    "adapter.back": _back,
    "adapter.try": _try,
    "adapter.continue": _continue,
    "adapter.show": _show,
    "adapter.rename": _ask_name,
    "adapter.renamed": _rename,
    "adapter.delete": _delete,
}
