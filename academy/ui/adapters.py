"""The Adapters tab: what was learned, from what, how much better it is, and which one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.ui.html.elements import Html, button, card, div, empty, esc, go, join, live, menu, name_form, span, tag, when
from academy.ui.html.numbers import loss, number, plural, size
from academy.ui.live import View, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.services.academy import Academy


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """The tab is drawn by its region alone."""
    gr.HTML(live("adapters"), apply_default_css=False)


def _adapters(academy: Academy, view: View) -> Html:
    found = academy.adapters.list()
    if not found:
        ready = academy.datasets.newest() is not None
        action = (
            go(t("adapters.train"), kind="primary", tab="training") if ready else go(t("adapters.begin"), kind="primary", tab="overview")
        )
        return card(t("adapters.title"), empty(t("adapters.none"), t("adapters.none_text"), action))
    names = {manifest.id: manifest.name for manifest in academy.datasets.list()}
    active = next((item for item in found if item.is_active), None)
    back = academy.adapters.previous()
    actions = []
    if back is not None and (active is None or back.adapter_id != active.adapter_id):
        actions.append(button(span(t("adapters.back", name=back.name)), "adapter.back", title=t("adapters.back_title")))
    if active is not None:
        actions.append(button(t("adapters.off"), "adapter.off", title=t("adapters.off_title")))
    now = div(
        div(
            div(t("adapters.now"), cls="ac-eyebrow"),
            div(active.name if active else t("adapters.base"), cls="ac-now-name ac-cut"),
            div(
                t("adapters.on", base=active.base_model) if active else t("adapters.base_text", base=academy.settings.default_base_model),
                cls="ac-soft",
            ),
        ),
        div(*actions, go(t("adapters.chat"), kind="primary", tab="chat"), cls="ac-row"),
        cls="ac-card ac-now" + (" is-on" if active else ""),
    )
    rows = [_row(item, names) for item in found[:500]]
    head = div(
        span(t("adapters.name")),
        span(t("adapters.data")),
        span(t("adapters.base_model")),
        span(t("adapters.loss"), title=t("adapters.loss_title")),
        span(t("adapters.when")),
        span(""),
        cls="ac-mail ac-mail-head",
    )
    return join(
        [now, card(t("adapters.title"), div(head, *rows, cls="ac-mails"), aside=span(plural("count.adapters", len(found)), cls="ac-soft"))]
    )


def _row(item: Adapter, names: dict[str, str]) -> Html:
    source = names.get(item.dataset_id or "") or t("adapters.unknown")
    learned = join([source, esc(plural("count.examples", item.train_rows)) if item.train_rows else None], " · ")
    main = (
        button(t("adapters.activate"), "adapter.on", kind="small", id=item.adapter_id)
        if not item.is_active
        else span(t("adapters.active"), cls="ac-pill ac-finished")
    )
    return div(
        div(
            span(cls="ac-dot" + (" ac-dot-on" if item.is_active else "")),
            span(item.name, cls="ac-cut ac-strong", title=item.name),
            cls="ac-mail-name",
        ),
        div(learned, cls="ac-cut ac-soft", title=learned),
        div(item.base_model, cls="ac-cut ac-soft", title=item.base_model),
        div(_losses(item), cls="ac-num"),
        div(when(item.created_at), cls="ac-soft"),
        div(
            main,
            button(t("adapters.try"), "adapter.try", kind="small", id=item.adapter_id, title=t("adapters.try_title")),
            menu(
                t("more"),
                button(t("adapters.try"), "adapter.try", kind="item narrow", id=item.adapter_id, title=t("adapters.try_title")),
                button(t("adapters.details"), "adapter.show", kind="item", id=item.adapter_id),
                button(t("adapters.rename"), "adapter.rename", kind="item", id=item.adapter_id),
                go(t("adapters.job"), cls="ac-btn ac-btn-item", tab="training", job=item.adapter_id),
                button(t("adapters.continue"), "adapter.continue", kind="item", id=item.adapter_id, title=t("adapters.continue_title")),
                button(
                    t("adapters.delete"),
                    "adapter.delete",
                    kind="item danger",
                    confirm=t("adapters.delete_sure", name=item.name),
                    id=item.adapter_id,
                )
                if not item.is_active
                else "",
            ),
            cls="ac-row ac-row-end",
        ),
        cls="ac-mail" + (" is-active" if item.is_active else ""),
        data_key=item.adapter_id,
    )


def _losses(item: Adapter) -> Html:
    if item.eval_loss is None:
        return (
            span(t("adapters.train_loss", loss=loss(item.train_loss)), cls="ac-soft", title=t("adapters.not_held_out"))
            if item.train_loss is not None
            else span("–", cls="ac-soft")
        )
    if item.baseline_eval_loss is None:
        return esc(loss(item.eval_loss))
    better = item.eval_loss < item.baseline_eval_loss
    return join(
        [span(loss(item.baseline_eval_loss), cls="ac-soft"), " → ", span(loss(item.eval_loss), cls="ac-good" if better else "ac-bad-text")]
    )


def _show(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.adapters.get(str(data.get("id")))
    facts = [
        (t("adapters.base_model"), item.base_model),
        (t("adapters.steps"), number(item.steps)),
        (t("adapters.examples"), number(item.train_rows)),
        (t("adapters.train_loss_title"), loss(item.train_loss)),
        (t("adapters.before"), loss(item.baseline_eval_loss)),
        (t("adapters.after"), loss(item.eval_loss)),
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
    return {"dialog": join([tag("h3", item.name), div(table, cls="ac-scroll"), _close()])}


def _close() -> Html:
    return div(tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True), cls="ac-row ac-row-end")


def _ask_name(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.adapters.get(str(data.get("id")))
    return {"dialog": name_form("adapter.renamed", item.adapter_id, item.name)}


def _rename(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.adapters.rename(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=item.name)), "dialog": None, "event": "datasets"}


def _activate(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.adapters.activate(str(data.get("id")))
    return {"toast": toast(t("adapters.activated", name=item.name)), "event": "datasets"}


def _back(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(t("adapters.activated", name=academy.adapters.roll_back().name)), "event": "datasets"}


def _off(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    before = academy.adapters.deactivate()
    return {"toast": toast(t("adapters.deactivated", name=before.name) if before else t("adapters.nothing_active")), "event": "datasets"}


def _try(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"state": {"tab": "chat"}, "event": "try", "data": {"adapter": academy.adapters.get(str(data.get("id"))).adapter_id}}


def _continue(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "continue", "data": {"adapter": academy.adapters.get(str(data.get("id"))).adapter_id}}


def _delete(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    name = academy.adapters.get(str(data.get("id"))).name
    academy.adapters.delete(str(data.get("id")))
    return {"toast": toast(t("adapters.deleted", name=name)), "event": "datasets"}


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
