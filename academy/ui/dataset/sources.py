"""The Dataset tab: choose sources, make a dataset, list all datasets; the opened one and the lessons have modules of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.curation.datasets import Manifest
from academy.curation.examples import DatasetRequest
from academy.messages import Text
from academy.ui.answers import Problem, toast
from academy.ui.dataset import agents, commits, documents, files, hub, lessons, opened, wordings
from academy.ui.dataset.choosing import chips, controls, filter_of, nothing
from academy.ui.dataset.rows import flipped, left_out, mask_names, previewed
from academy.ui.html.elements import (
    Html,
    bar,
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
    name_form,
    scrolling,
    select,
    span,
    switch,
    tag,
    when,
)
from academy.ui.html.numbers import number, size
from academy.ui.look import Look, View
from academy.ui.texts.translate import plural, say, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_MOST_UPLOADS = 200
_MOST_DATASETS = 300
_MOST_CURATIONS = 200


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Two views of one tab: the making of datasets, and the lessons. Files go to the REST endpoints, so Gradio keeps no copy of them."""
    gr.HTML(join([tag("h2", t("tab.dataset"), cls="ac-hidden"), live("ds_views")]), apply_default_css=False)
    gr.HTML(files.drop(), apply_default_css=False)
    below = div(live("datasets"), div(live("ds_open"), live("ds_part"), cls="ac-stack-tight"), cls="ac-side-by-side")
    make = div(live("sources"), live("agents"), _options(), live("ds_make"), div("", id="ds-answer"), below, cls="ac-stack")
    gr.HTML(make, apply_default_css=False, elem_classes="ac-view-make")
    listed = div(lessons.toolbar(), live("wordings"), live("lessons"), live("lesson_bulk", cls="ac-sticky"), cls="ac-stack")
    gr.HTML(listed, apply_default_css=False, elem_classes="ac-view-lessons")
    gr.HTML(documents.view(), apply_default_css=False, elem_classes="ac-view-documents")


def _views(look: Look) -> Html:
    chosen = view if (view := look.text("dataset_view")) in ("lessons", "documents") else "make"
    return div(
        _segment("make", chosen, t("datasets.title"), len(look.datasets)),
        _segment("lessons", chosen, t("source.lessons"), look.lessons["total_lessons"]),
        _segment("documents", chosen, t("source.documents"), documents.count(look)),
        cls="ac-segments",
    )


def _segment(name: str, chosen: str, label: str, count: int) -> Html:
    return tag(
        "button",
        label,
        " ",
        span(number(count), cls="ac-soft ac-num"),
        type="button",
        cls="ac-segment" + (" is-on" if name == chosen else ""),
        data_set=json.dumps({"dataset_view": name}),
        aria_pressed="true" if name == chosen else "false",
    )


# ------------------------------------------------------------------ sources


def _sources(look: Look) -> Html:
    return div(_lesson_source(look), _commit_source(look), _file_source(look), _document_source(look), cls="ac-sources")


def _lesson_source(look: Look) -> Html:
    count, on, chosen = look.lessons["total_lessons"], look.flag("src_lessons", True), filter_of(look, "src")
    trained = count if chosen.is_all else look.academy.lessons.counts(chosen)[0]
    show = json.dumps({"dataset_view": "lessons"})
    clear = tag("button", t("lessons.clear"), type="button", cls="ac-btn ac-btn-small ac-btn-quiet", data_set=json.dumps(nothing("src")))
    actions = div(
        tag("button", t("sources.open_lessons"), type="button", cls="ac-btn ac-btn-small", data_set=show),
        button(t("sources.samples"), "lessons.samples", kind="small") if not count else "",
        "" if chosen.is_all else clear,
        cls="ac-row",
    )
    total = div(number(trained), span(t("sources.of", n=number(count)), cls="ac-unit") if not chosen.is_all else "", cls="ac-big ac-num")
    pick = tag("details", tag("summary", t("sources.choose")), controls(look, "src", "ds_page"), id="choose-lessons")
    return _source(
        t("source.lessons"),
        switch("src_lessons", on, t("source.lessons"), written=False),
        total,
        div(*chips(look, "src", "ds_page"), cls="ac-row ac-chosen-row"),
        pick if count else "",
        actions,
        on=on and count > 0,
    )


def _commit_source(look: Look) -> Html:
    control, content, on = commits.source(look)
    return _source(t("source.git"), control, *content, on=on)


def _file_source(look: Look) -> Html:
    uploads = look.academy.datasets.uploads()
    rows = [_upload_row(record, look) for record in uploads[:_MOST_UPLOADS]]
    return _source(
        t("source.uploads"),
        span(number(len(uploads)), cls="ac-soft ac-num"),
        div(*rows, cls="ac-uploads") if rows else div(t("sources.no_files"), cls="ac-soft"),
        hub.entry(look),
        on=any(record.status == "ready" and look.flag(f"up:{record.id}", True) for record in uploads),
    )


def _document_source(look: Look) -> Html | str:
    found = documents.source(look)
    return _source(t("source.documents"), found[0], *found[1], on=found[2]) if found else ""


def _source(title: str, control: Html, *content: Any, on: bool) -> Html:
    return div(div(tag("h3", title), control, cls="ac-card-head"), *content, cls="ac-card ac-source" + ("" if on else " is-off"))


def _upload_row(record: Any, view: View) -> Html:
    if record.status != "ready":
        facts = span(say(record.error) or t("sources.failed"), cls="ac-bad-text")
        control = span(cls="ac-dot")
    else:
        facts = span(f"{plural('count.rows', record.records_estimate or 0)} · {size(record.size_bytes)}", cls="ac-soft ac-num")
        if record.refused:
            facts = join([facts, button(plural("import.refused", record.refused), "upload.report", kind="quiet small", id=record.id)], " ")
        control = switch(f"up:{record.id}", view.flag(f"up:{record.id}", True), record.name, written=False)
    return div(
        control,
        div(div(record.name, cls="ac-cut", title=record.name), facts, _from_where(record), cls="ac-grow"),
        button(
            Html("×"),
            "upload.delete",
            kind="quiet small",
            title=t("delete"),
            confirm=t("sources.delete_sure", name=record.name),
            id=record.id,
        ),
        cls="ac-upload",
        id=f"row-{record.id}",
    )


def _from_where(record: Any) -> Html | str:
    words = hub.origin_words(record.origin)
    return div(words, cls="ac-soft ac-cut", title=words) if words else ""


def _options() -> Html:
    formats = [("alpaca", "Alpaca"), ("sharegpt", "ShareGPT"), ("messages", "Messages")]
    profiles = [(name, t(f"profile.{name}")) for name in ("balanced", "strict", "lenient")]
    held = [("", t("held.auto")), ("0", t("held.none")), ("0.05", "5 %"), ("0.1", "10 %"), ("0.2", "20 %")]
    thoughts = [(name, t(f"thoughts.{name}")) for name in ("train", "mask", "drop")]
    marks = [(name, t(f"marks.{name}")) for name in ("out", "keep")]
    splits = [("random", t("split.random")), ("time", t("split.time"))]
    return tag(
        "details",
        tag("summary", t("options.title")),
        div(
            labelled(t("options.name"), field("ds_name", placeholder=t("options.name_example"), label=t("options.name"), maxlength=80)),
            labelled(t("options.profile"), select("ds_profile", profiles), t("options.profile_help")),
            labelled(t("options.held"), select("ds_held", held), t("options.held_help")),
            labelled(t("options.split"), select("ds_split", splits), t("options.split_help")),
            labelled(t("options.format"), select("ds_format", formats), t("options.format_help")),
            labelled(t("options.marks"), select("ds_marks", marks), t("options.marks_help")),
            labelled(t("options.thoughts"), select("ds_thoughts", thoughts), t("options.thoughts_help")),
            cls="ac-options",
        ),
        cls="ac-card ac-more",
    )


# ------------------------------------------------------------------ making


_progress: dict[str, tuple[float, Text]] = {}
"""The progress of the curation that a viewer started, by the viewer's own random name; gone when it has ended."""


def _make_bar(look: Look) -> Html:
    state = _progress.get(look.text("viewer"))
    help_ = div(t("dataset.make_help"), cls="ac-soft ac-making")
    return div(
        button(t("dataset.make"), "dataset.make", kind="primary large"),
        button(t("dataset.preview"), "dataset.preview"),
        div(div(say(state[1]), cls="ac-soft ac-cut"), bar(state[0]), cls="ac-making") if state else help_,
        cls="ac-row ac-make",
    )


def _request(look: Look) -> DatasetRequest:
    uploads = look.academy.datasets.uploads()
    values: dict[str, Any] = {
        "name": look.text("ds_name").strip(),
        "include_lessons": look.flag("src_lessons", True),
        "lesson_filter": filter_of(look, "src"),
        **commits.request_values(look),
        "upload_ids": [record.id for record in uploads if record.status == "ready" and look.flag(f"up:{record.id}", True)],
        "document_ids": documents.chosen_ids(look),
        "format": look.text("ds_format") or "alpaca",
        "quality_profile": look.text("ds_profile") or "balanced",
        "eval_fraction": float(look.text("ds_held")) if look.text("ds_held") else None,
        "split": look.text("ds_split") or "random",
        "thoughts": look.text("ds_thoughts") or "train",
        "leave_out_marks": look.text("ds_marks") != "keep",
    }
    return DatasetRequest.model_validate(values)


def _make(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _beside(lambda: _made(look)) | ({"dialog": None} if data.get("from") == "preview" else {})


def _made(look: Look) -> dict[str, Any]:
    """The name and the filter were for this dataset; folded away, they would decide about the next one as well."""
    answer = _curated(look, _request(look))
    answer["state"] |= {"ds_name": "", **nothing("src")}
    return answer


def _preview(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _beside(lambda: _previewed(look.academy.datasets.preview(_request(look))))


def _beside(handler: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A problem as a notice beside the button, which stays until the next attempt; a toast would be gone before it is read."""
    with Problem(model=DatasetRequest, refused="dataset.refused") as problem:
        return handler() | {"fill": {"ds-answer": ""}}
    return {"fill": {"ds-answer": problem.notice()}, "reveal": "ds-answer"}


def _curated(look: Look, request: DatasetRequest) -> dict[str, Any]:
    viewer = look.text("viewer")[:64]

    def progress(fraction: float, text: Text) -> None:
        if viewer and len(_progress) < _MOST_CURATIONS:
            _progress[viewer] = (fraction, text)

    try:
        made = look.academy.datasets.create(request, progress)
    finally:
        _progress.pop(viewer, None)
    state = {"dataset": made["dataset_id"], "ds_part": "rows"}
    return {"toast": toast(say(made["message"])), "state": state, "event": "datasets", "data": {"dataset": made["dataset_id"]}}


def _previewed(result: dict[str, Any]) -> dict[str, Any]:
    count, shown = int(result["statistics"]["train_examples"]), len(result["samples"])
    notes = [tag("li", say(text), " ", opened.lead_of(text)) for text in result["warnings"]]
    preview: dict[str, Any] = {"from": "preview"}
    parts = [
        tag("h3", t("dataset.preview_title")),
        tag("p", say(result["sentence"])),
        tag("ul", *notes, cls="ac-notes") if notes else "",
        tag("p", t("dataset.preview_some", shown=number(shown), count=number(count)), cls="ac-soft") if shown < count else "",
        scrolling(t("dataset.preview_title"), previewed(result["samples"])),
        div(
            tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True),
            button(t("dataset.make"), "dataset.make", kind="primary", **preview),
            cls="ac-row ac-row-end",
        ),
    ]
    return {"dialog": join(parts)}


def _keep(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Curates the dataset again, with the rows that were switched on, and without those that were switched off."""
    item = look.academy.datasets.get(str(data.get("id")))
    kept = [str(entry.get("key")) for entry in item.dropped if look.flag(f"keep:{entry.get('key')}")]
    marked = dict.fromkeys(str(entry.get("key")) for entry in item.redactions)
    out = [key for key in marked if look.flag(f"out:{key}")]
    return _again(look, item, kept, list(dict.fromkeys([*out, *left_out(look, item)])), flipped(look, item))


def _without_marks(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Curates the dataset again without the rows that would teach the mark of a secret."""
    item = look.academy.datasets.get(str(data.get("id")))
    return _again(look, item, [], list(dict.fromkeys(str(entry["key"]) for entry in item.redactions if entry.get("role") == "assistant")))


def _again(look: Look, item: Manifest, kept: list[str], out: list[str], masks: dict[str, list[int]] | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {name: value for name, value in item.request.items() if name in DatasetRequest.model_fields}
    values["name"] = item.name
    # The latest choice counts: a row that was left out by hand may be kept again, and the other way round.
    values["keep_anyway"] = list(dict.fromkeys([*(key for key in values.get("keep_anyway", []) if key not in out), *kept]))
    values["leave_out"] = list(dict.fromkeys([*(key for key in values.get("leave_out", []) if key not in kept), *out]))
    values["masks"] = values.get("masks", {}) | (masks or {})
    answer = _curated(look, DatasetRequest.model_validate(values))
    answer["state"] |= dict.fromkeys(mask_names(look), False)
    answer["state"] |= {f"keep:{key}": False for key in kept} | {f"out:{key}": False for key in out}
    return answer


def _rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.datasets.get(str(data.get("id")))
    return {"dialog": name_form("dataset.name", item.id, item.name)}


def _name(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    name = str(data.get("name", "")).strip()[:80]
    if name:
        look.academy.datasets.rename(str(data.get("id")), name)
    return {"dialog": None, "toast": toast(t("adapters.renamed", name=name)), "event": "datasets"} if name else {}


# ------------------------------------------------------------------ the datasets


def _datasets(look: Look) -> Html:
    if not look.datasets:
        return div(empty(t("datasets.none"), t("datasets.none_text")), cls="ac-card ac-none")
    chosen = look.dataset
    rows = [_dataset_row(look, item, chosen is not None and item.id == chosen.id) for item in look.datasets[:_MOST_DATASETS]]
    return card(t("datasets.title"), div(*rows, cls="ac-list"), aside=span(number(len(look.datasets)), cls="ac-soft ac-num"))


def _dataset_row(look: Look, item: Manifest, is_chosen: bool) -> Html:
    facts = join([esc(plural("count.examples", item.statistics.get("total_examples", 0))), when(item.created_at)], " · ")
    title = join([div(span(item.name, cls="ac-cut ac-strong"), cls="ac-row-line"), div(facts, cls="ac-soft ac-cut ac-num")])
    sure = t("datasets.delete_sure", name=item.name)
    items = menu(
        t("more"),
        tag("a", t("download"), cls="ac-btn ac-btn-item", href=f"api/v1/academy/datasets/{item.id}/file", download=True),
        button(t("datasets.compare"), "dataset.choose", kind="item", id=item.id) if len(look.datasets) > 1 else "",
        button(t("adapters.rename"), "dataset.rename", kind="item", id=item.id),
        button(t("delete"), "dataset.delete", kind="item danger", confirm=sure, id=item.id),
    )
    return div(
        go(title, cls="ac-list-main", current=is_chosen, tab="dataset", dataset=item.id),
        div(items, cls="ac-list-side"),
        cls="ac-list-row" + (" is-chosen" if is_chosen else ""),
        id=f"row-{item.id}",
    )


def _train_on(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "datasets", "data": {"dataset": str(data.get("id"))}, "top": True}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.datasets.get(str(data.get("id")))
    look.academy.datasets.delete(item.id)
    return {"toast": toast(t("datasets.deleted", name=item.name)), "state": {"dataset": None}, "event": "datasets"}


# ------------------------------------------------------------------ uploads


def _delete_upload(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.datasets.delete_upload(str(data.get("id")))
    return {"toast": toast(t("sources.deleted"))}


REGIONS = {
    "ds_views": _views,
    "sources": _sources,
    **agents.REGIONS,
    "ds_make": _make_bar,
    "datasets": _datasets,
    **opened.REGIONS,
    **documents.REGIONS,
    **lessons.REGIONS,
    **wordings.REGIONS,
}
ACTS = {
    "dataset.make": _make,
    "dataset.preview": _preview,
    "dataset.train": _train_on,
    "dataset.delete": _delete,
    "dataset.keep": _keep,
    "dataset.without_marks": _without_marks,
    "dataset.rename": _rename,
    "dataset.name": _name,
    "upload.delete": _delete_upload,
    **agents.ACTS,
    **commits.ACTS,
    **opened.ACTS,
    **files.ACTS,
    **documents.ACTS,
    **hub.ACTS,
    **lessons.ACTS,
    **wordings.ACTS,
}
