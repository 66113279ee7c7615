"""Datasets of the hub and files from the network: a dialog that looks before it imports, and the imports that are running."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from academy.curation.remote.forms import RemoteRequest
from academy.ui.answers import Problem, toast
from academy.ui.dataset.files import mapping_fields, sample_table
from academy.ui.html.elements import Html, bar, button, closer, div, field, join, labelled, notice, remedy, scrolling, select, span, tag
from academy.ui.html.numbers import number, size
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

if TYPE_CHECKING:
    from academy.curation.remote.forms import Found
    from academy.curation.remote.importing import Import
    from academy.curation.remote.origin import Origin

_MOST_CHOICES = 200
_COMMIT = 10


def entry(look: Look) -> Html:
    """The button that asks for a source, and the imports that are running or failed."""
    items = [item for item in look.academy.remote.list() if item.status in ("running", "failed")]
    return join([*[_import(item) for item in items], div(button(t("remote.button"), "remote.ask", kind="small"), cls="ac-row")])


def origin_words(origin: Origin | None) -> str:
    """Where an uploaded file came from, in short."""
    if origin is None:
        return ""
    parts = (origin.address, origin.config if origin.config != "default" else "", origin.split, origin.revision[:_COMMIT], origin.license)
    return " · ".join(part for part in parts if part)


def _import(item: Import) -> Html:
    if item.status == "failed":
        dismiss = button(t("remote.dismiss"), "remote.cancel", kind="small", id=item.id)
        return div(notice(item.name, say(item.error), dismiss, kind="warn"), id=f"row-{item.id}")
    done = plural("remote.done_rows", item.rows_done) if item.rows_done is not None else size(item.bytes_done)
    return div(
        div(div(item.name, cls="ac-cut", title=item.origin.address), span(done, cls="ac-soft ac-num"), bar(item.fraction), cls="ac-grow"),
        button(t("remote.cancel"), "remote.cancel", kind="small", id=item.id),
        cls="ac-upload",
        id=f"row-{item.id}",
    )


def _ask(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog: which source; where the network is not allowed, how to allow it."""
    title = tag("h3", t("remote.title"))
    with Problem() as problem:
        look.academy.remote.check_allowed()
    if problem:
        return {"dialog": join([title, notice(problem.text, remedy(problem.hint), kind="info"), closer()])}
    address = field("address", bind=False, placeholder=t("remote.example"), label=t("remote.address"), maxlength=4000, autofocus=True)
    form = tag(
        "form",
        title,
        tag("p", t("remote.text"), cls="ac-soft"),
        labelled(t("remote.address"), address, t("remote.address_help")),
        labelled(t("remote.revision"), field("revision", bind=False, label=t("remote.revision"), maxlength=200), t("remote.revision_help")),
        _answer(),
        _buttons(("look", t("remote.look"))),
        cls="ac-form",
        data_act="remote.go",
    )
    return {"dialog": form}


def _go(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Looks at the source, or imports it."""
    with Problem(model=RemoteRequest, refused="remote.refused") as problem:
        request = _request(data)
        if data.get("go") != "begin":
            return {"dialog": _found(request, look.academy.remote.look(request))}
        item = look.academy.remote.begin(request)
        return {"dialog": None, "toast": toast(t("remote.begun", name=item.name)), "state": {"dataset_view": "make"}}
    return {"fill": {"remote-answer": problem.notice()}}


def _request(data: dict[str, Any]) -> RemoteRequest:
    values = {name: data[name] for name in ("address", "config", "split", "revision", "rows") if data.get(name)}
    chosen = {part: str(data[part]) for part in ("situation", "action", "tags") if data.get(part)}
    # Columns that are recognised need no mapping, which would read them less well.
    if chosen and chosen != json.loads(str(data.get("recognised") or "{}")):
        values["mapping"] = chosen
    return RemoteRequest.model_validate(values)


def _found(request: RemoteRequest, found: Found) -> Html:
    """What was found, with its first rows and all that there is to choose."""
    detected, origin = found.detected, found.origin
    is_dataset = bool(origin.revision)
    hidden = {"address": request.address} | ({"revision": origin.revision} if is_dataset else {})
    choices: list[Any] = []
    if is_dataset:
        choices += [labelled(t("remote.config"), _choice("config", found.configs, origin.config))] if len(found.configs) > 1 else []
        choices += [labelled(t("remote.split"), _choice("split", found.splits, origin.split))] if len(found.splits) > 1 else []
        rows = field("rows", request.rows, bind=False, kind="number", min=1, max=1_000_000, label=t("remote.rows"))
        choices.append(labelled(t("remote.rows"), rows, t("remote.rows_help")))
    mapped: list[Any] = []
    if detected is not None and detected.columns:
        known = {part: detected.mapping[part] for part in ("situation", "action", "tags") if part in detected.mapping}
        hidden["recognised"] = json.dumps(known) if {"situation", "action"} <= known.keys() else "{}"
        mapped = [div(t("remote.columns"), cls="ac-eyebrow"), div(*mapping_fields(detected), cls="ac-options")]
    columns = list(dict.fromkeys(column for row in found.samples for column in row))
    label = plural("remote.samples", len(found.samples))
    again = [("look", t("remote.again"))] if len(found.configs) > 1 or len(found.splits) > 1 else []
    return tag(
        "form",
        tag("h3", t("remote.found", name=origin.address)),
        _facts(found),
        *[notice(say(note), kind="info") for note in found.notes],
        div(*choices, cls="ac-options") if choices else "",
        *mapped,
        div(label, cls="ac-eyebrow") if columns else "",
        scrolling(label, sample_table(columns, found.samples)) if columns else "",
        _answer(),
        _buttons(*again, ("begin", t("remote.import"))),
        *[tag("input", type="hidden", name=name, value=value) for name, value in hidden.items()],
        cls="ac-form",
        data_act="remote.go",
    )


def _facts(found: Found) -> Html:
    origin = found.origin
    facts: list[tuple[str, Any]] = []
    if origin.revision:
        facts += [
            (t("remote.license"), origin.license or t("remote.no_license")),
            (t("remote.pinned"), tag("code", origin.revision[:_COMMIT])),
        ]
    facts += [(t("remote.rows_total"), number(found.rows_total))] if found.rows_total else []
    facts += [(t("remote.size"), size(found.size_bytes))] if found.size_bytes else []
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in facts]
    return join([tag("table", tag("tbody", *rows), cls="ac-facts") if rows else "", tag("p", t("remote.gated")) if found.gated else ""])


def _choice(name: str, options: list[str], value: str) -> Html:
    return select(name, [(option, option) for option in options[:_MOST_CHOICES]], value, bind=False)


def _answer() -> Html:
    return div("", id="remote-answer")


def _buttons(*choices: tuple[str, str]) -> Html:
    last = len(choices) - 1
    submits = [
        tag("button", label, type="submit", name="go", value=value, cls="ac-btn" + (" ac-btn-primary" if at == last else ""))
        for at, (value, label) in enumerate(choices)
    ]
    return div(tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True), *submits, cls="ac-row ac-row-end")


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.remote.cancel(str(data.get("id")))
    return {}


ACTS = {"remote.ask": _ask, "remote.go": _go, "remote.cancel": _cancel}
