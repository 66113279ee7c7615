"""What a person does with an adapter besides using it: name, note, tags, strength; and bringing one from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from academy.ui.answers import toast
from academy.ui.html.elements import Html, button, div, field, labelled, span, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.adapters.store import Adapter


def tags(item: Adapter) -> Html:
    """The tags below the name; each shows the adapters that have it."""
    if not item.tags:
        return Html("")
    return div(*[button(word, "adapter.tagged", kind="tag", tag=word, title=t("adapters.tag_title")) for word in item.tags], cls="ac-tags")


def strength_pill(item: Adapter) -> Html:
    """The strength, where it is not the trained one."""
    if item.strength == 1:
        return Html("")
    return span(t("adapters.percent", n=number(round(100 * item.strength))), cls="ac-pill", title=t("adapters.strength"))


def import_button() -> Html:
    """Opens the dialog that brings an adapter."""
    return button(t("import_adapter.button"), "adapter.import", kind="small")


def _form(act: str, title: str, go: str, *fields: Any, **data: Any) -> dict[str, Any]:
    """A dialog with fields."""
    row = div(
        tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
        tag("button", go, type="submit", cls="ac-btn ac-btn-primary"),
        cls="ac-row ac-row-end",
    )
    return {"dialog": tag("form", tag("h3", title), *fields, row, cls="ac-form", data_act=act, **data)}


def _ask_words(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.adapters.get(str(data.get("id")))
    percent = field(
        "strength", round(100 * item.strength), bind=False, kind="number", min=0, max=150, step=5, inputmode="numeric", disabled=item.dora
    )
    return _form(
        "adapter.edited",
        t("adapters.edit"),
        t("save"),
        labelled(t("adapters.name"), field("name", item.name, bind=False, maxlength=80, autofocus=True, required=True)),
        labelled(t("adapters.note"), tag("textarea", item.note, name="note", cls="ac-input", rows=3), t("adapters.note_help")),
        labelled(t("adapters.tags"), field("tags", ", ".join(item.tags), bind=False, maxlength=800), t("adapters.tags_help")),
        labelled(t("adapters.strength"), percent, t("adapters.strength_dora" if item.dora else "adapters.strength_help")),
        data_id=item.adapter_id,
    )


def _edit(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    adapters, adapter_id = look.academy.adapters, str(data.get("id"))
    if percent := str(data.get("strength", "")).strip():
        adapters.scale(adapter_id, _share(percent))
    adapters.tag(adapter_id, str(data.get("tags", "")).split(","))
    adapters.annotate(adapter_id, str(data.get("note", "")))
    item = adapters.rename(adapter_id, str(data.get("name", "")))
    return {"toast": toast(t("adapters.edited", name=item.name)), "dialog": None, "event": "datasets"}


def _share(percent: str) -> float:
    """The share that a person wrote as percent; what is no number is out of range, and refused as such."""
    try:
        return round(float(percent) / 100, 4)
    except ValueError:
        return -1.0


def _tagged(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"state": {"adapters_tag": str(data.get("tag", ""))}}


def _ask_import(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog; adapters.js sends its form to REST, where files belong."""
    file = tag("input", type="file", name="file", accept=".zip,application/zip", cls="ac-input", aria_label=t("import_adapter.zip"))
    base = field("base_model", bind=False, maxlength=500, placeholder=t("import_adapter.base_named"), label=t("adapters.base_model"))
    return _form(
        "adapter.imported",
        t("import_adapter.title"),
        t("import_adapter.go"),
        tag("p", t("import_adapter.text"), cls="ac-soft"),
        labelled(t("import_adapter.zip"), file),
        labelled(t("import_adapter.folder"), field("path", bind=False, maxlength=4000, label=t("import_adapter.folder"))),
        labelled(t("adapters.base_model"), base, t("import_adapter.base_help")),
        data_import="api/v1/academy/adapters/import",
    )


def _imported(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.adapters.get(str(data.get("id")))
    return {"toast": toast(t("import_adapter.done", name=item.name)), "dialog": None, "event": "datasets"}


ACTS = {
    "adapter.edit": _ask_words,
    "adapter.edited": _edit,
    "adapter.tagged": _tagged,
    "adapter.import": _ask_import,
    "adapter.imported": _imported,
}
