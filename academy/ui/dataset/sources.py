"""The Dataset tab: choose sources, make a dataset, list those there are; one opened and the lessons have files of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from academy.curation.examples import DatasetRequest
from academy.errors import AcademyError
from academy.ui.dataset import lessons, opened
from academy.ui.dataset.lessons import words
from academy.ui.dataset.opened import chosen_dataset, turns_shown
from academy.ui.html.elements import (
    Html,
    bar,
    button,
    card,
    closer,
    div,
    empty,
    esc,
    field,
    go,
    join,
    labelled,
    live,
    menu,
    notice,
    remedy,
    select,
    span,
    switch,
    tag,
    when,
)
from academy.ui.html.numbers import number, plural, size
from academy.ui.live import View, sentences, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Two views of one tab: what a dataset is made of, and the lessons. Files go to the REST endpoints, so Gradio keeps no copy of them."""
    gr.HTML(live("ds_views"), apply_default_css=False)
    below = div(live("datasets"), div(live("ds_open"), live("ds_part"), cls="ac-stack-tight"), cls="ac-side-by-side")
    make = div(
        live("sources"),
        _drop("sources", t("sources.drop")),
        _options(academy),
        live("ds_make"),
        div("", id="ds-answer"),
        below,
        cls="ac-stack",
    )
    gr.HTML(make, apply_default_css=False, elem_classes="ac-view-make")
    imported = tag(
        "details",
        tag("summary", t("lessons.import")),
        div(_drop("lessons", t("lessons.drop")), div("", id="lesson-report"), cls="ac-stack-tight"),
        cls="ac-card ac-more",
        id="lesson-import",
    )
    listed = div(lessons.toolbar(), imported, live("lessons"), cls="ac-stack")
    gr.HTML(listed, apply_default_css=False, elem_classes="ac-view-lessons")


def _drop(kind: str, label: str) -> Html:
    """A place to drop files on, or to click and choose them."""
    chooser = tag("input", type="file", multiple=True, data_drop=kind, aria_label=label)
    return tag("label", chooser, span(label, cls="ac-drop-label"), cls="ac-drop", data_drop_zone=kind)


def _views(academy: Academy, view: View) -> Html:
    chosen = _chosen_view(view)
    count = academy.lessons.statistics()["total_lessons"]
    made = len(academy.datasets.list())
    return div(
        _segment("make", chosen, t("dataset.view_make"), made),
        _segment("lessons", chosen, t("dataset.view_lessons"), count),
        cls="ac-segments",
        role="tablist",
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


def _chosen_view(view: View) -> str:
    return "lessons" if view.text("dataset_view") == "lessons" else "make"


def _sources(academy: Academy, view: View) -> Html:
    statistics = academy.lessons.statistics()
    count, uploads = statistics["total_lessons"], academy.datasets.uploads()
    lessons = _source(
        t("sources.lessons"),
        switch("src_lessons", view.flag("src_lessons", True), ""),
        div(number(count), cls="ac-big ac-num"),
        div(plural("count.tags", statistics.get("unique_tags", 0)), cls="ac-soft"),
        div(
            tag(
                "button",
                t("sources.open_lessons"),
                type="button",
                cls="ac-btn ac-btn-small",
                data_set=json.dumps({"dataset_view": "lessons"}),
            ),
            button(t("sources.samples"), "lessons.samples", kind="small") if not count else "",
            cls="ac-row",
        ),
        on=view.flag("src_lessons", True) and count > 0,
    )
    default = str(academy.settings.git_repo or "")
    git_on = view.flag("src_git", bool(view.text("git_repo", default)))
    limit = view.number("git_limit", academy.settings.git_commits_limit)
    commits = _source(
        t("sources.commits"),
        switch("src_git", git_on, ""),
        labelled(
            t("sources.repository"),
            field("git_repo", view.text("git_repo", default), placeholder=t("sources.repository_example"), label=t("sources.repository")),
        ),
        div(
            labelled(t("sources.range"), field("git_range", view.text("git_range"), placeholder="v1.0..main", label=t("sources.range"))),
            labelled(t("sources.limit"), field("git_limit", limit, kind="number", min=0, max=100_000, label=t("sources.limit"))),
            cls="ac-pair",
        ),
        tag(
            "details",
            tag("summary", t("sources.more")),
            labelled(
                t("sources.authors"), field("git_authors", view.text("git_authors"), label=t("sources.authors")), t("sources.authors_help")
            ),
            labelled(t("sources.paths"), field("git_paths", view.text("git_paths"), label=t("sources.paths")), t("sources.paths_help")),
            switch("git_patch", view.flag("git_patch"), t("sources.patch")),
        ),
        on=git_on,
    )
    rows = [_upload_row(record, view) for record in uploads[:200]]
    files = _source(
        t("sources.files"),
        span(number(len(uploads)), cls="ac-soft ac-num"),
        div(*rows, cls="ac-uploads") if rows else div(t("sources.no_files"), cls="ac-soft"),
        on=any(record.status == "ready" and view.flag(f"up:{record.id}", True) for record in uploads),
    )
    return div(lessons, commits, files, cls="ac-sources")


def _source(title: str, control: Html, *content: Any, on: bool) -> Html:
    return div(div(tag("h3", title), control, cls="ac-card-head"), *content, cls="ac-card ac-source" + ("" if on else " is-off"))


def _upload_row(record: Any, view: View) -> Html:
    if record.status != "ready":
        facts = span(record.error or t("sources.failed"), cls="ac-bad-text")
        control = span(cls="ac-dot")
    else:
        facts = span(f"{plural('count.rows', record.records_estimate or 0)} · {size(record.size_bytes)}", cls="ac-soft ac-num")
        if record.refused:
            facts = join([facts, button(plural("import.refused", record.refused), "upload.report", kind="quiet small", id=record.id)], " ")
        control = switch(f"up:{record.id}", view.flag(f"up:{record.id}", True), "")
    return div(
        control,
        div(div(record.name, cls="ac-cut", title=record.name), facts, cls="ac-grow"),
        button(
            Html("×"),
            "upload.delete",
            kind="quiet small",
            title=t("delete"),
            confirm=t("sources.delete_sure", name=record.name),
            id=record.id,
        ),
        cls="ac-upload",
        data_key=record.id,
    )


def _options(academy: Academy) -> Html:
    formats = [("alpaca", "Alpaca"), ("sharegpt", "ShareGPT"), ("messages", "Messages")]
    profiles = [(name, t(f"profile.{name}")) for name in ("balanced", "strict", "lenient")]
    held = [("", t("held.auto")), ("0", t("held.none")), ("0.05", "5 %"), ("0.1", "10 %"), ("0.2", "20 %")]
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
            cls="ac-options",
        ),
        cls="ac-card ac-more",
    )


def _make_bar(academy: Academy, view: View) -> Html:
    state = _progress.get(view.text("viewer"))
    return div(
        button(t("dataset.make"), "dataset.make", kind="primary large"),
        button(t("dataset.preview"), "dataset.preview"),
        div(div(state[1], cls="ac-soft ac-cut"), bar(state[0]), cls="ac-making")
        if state
        else div(t("dataset.make_help"), cls="ac-soft ac-making"),
        cls="ac-row ac-make",
    )


def _request(academy: Academy, view: View, **more: Any) -> DatasetRequest:
    uploads = [record.id for record in academy.datasets.uploads() if record.status == "ready" and view.flag(f"up:{record.id}", True)]
    repository = view.text("git_repo", str(academy.settings.git_repo or "")).strip()
    values: dict[str, Any] = {
        "name": view.text("ds_name").strip(),
        "include_lessons": view.flag("src_lessons", True),
        "include_git": view.flag("src_git", bool(repository)),  # a path that was typed is meant
        "git_repo_path": repository or None,
        "git_range": view.text("git_range").strip() or None,
        "git_commits_limit": view.number("git_limit", academy.settings.git_commits_limit),
        "git_authors": words(view.text("git_authors")),
        "git_paths": words(view.text("git_paths")),
        "git_tasks": ["message", "patch"] if view.flag("git_patch") else ["message"],
        "upload_ids": uploads,
        "format": view.text("ds_format") or "alpaca",
        "quality_profile": view.text("ds_profile") or "balanced",
        "eval_fraction": float(view.text("ds_held")) if view.text("ds_held") else None,
        "split": view.text("ds_split") or "random",
    }
    return DatasetRequest.model_validate(values | more)


_progress: dict[str, tuple[float, str]] = {}
"""How far the curation that a viewer started is, by the viewer's own random name; gone when it has ended."""


def _make(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return _beside(lambda: _curated(academy, view, _request(academy, view)))


def _curated(academy: Academy, view: View, request: DatasetRequest) -> dict[str, Any]:
    viewer = view.text("viewer")[:64]

    def progress(fraction: float, text: str) -> None:
        if viewer and len(_progress) < 200:
            _progress[viewer] = (fraction, text)

    try:
        made = academy.datasets.create(request, progress)
    finally:
        _progress.pop(viewer, None)
    return {"toast": toast(made["message"]), "state": {"dataset": made["dataset_id"], "ds_part": "rows", "ds_page": 0}, "event": "datasets"}


def _preview(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return _beside(lambda: _previewed(academy.datasets.preview(_request(academy, view))))


def _beside(handler: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A refusal as a notice beside the button, which stays until the next try; a toast would be gone before it is read."""
    try:
        return handler() | {"fill": {"ds-answer": ""}}
    except ValidationError as error:
        told = notice(t("dataset.refused"), join([tag("p", text) for text in sentences(error, DatasetRequest)[:5]]))
    except AcademyError as error:
        told = notice(error.message, remedy(error.hint))
    return {"fill": {"ds-answer": told}, "reveal": "ds-answer"}


def _previewed(found: dict[str, Any]) -> dict[str, Any]:
    samples = [turns_shown([(turn["role"], turn["content"]) for turn in shown["turns"]]) for shown in found["samples"]]
    warnings = [notice(text, kind="warn") for text in found["warnings"]]
    return {
        "dialog": join(
            [
                tag("h3", t("dataset.preview_title")),
                tag("p", found["sentence"]),
                *warnings,
                div(*[div(shown, cls="ac-example") for shown in samples], cls="ac-scroll"),
                closer(),
            ]
        )
    }


def _datasets(academy: Academy, view: View) -> Html:
    found = academy.datasets.list()
    if not found:
        return div(empty(t("datasets.none"), t("datasets.none_text")), cls="ac-card ac-none")
    chosen = chosen_dataset(academy, view)
    rows = [
        div(
            go(
                join(
                    [
                        div(span(item.name, cls="ac-cut ac-strong"), cls="ac-row-line"),
                        div(
                            join([esc(plural("count.examples", item.statistics.get("total_examples", 0))), when(item.created_at)], " · "),
                            cls="ac-soft ac-cut ac-num",
                        ),
                    ]
                ),
                cls="ac-list-main",
                tab="dataset",
                dataset=item.id,
                ds_page=0,
            ),
            div(
                menu(
                    t("more"),
                    tag("a", t("download"), cls="ac-btn ac-btn-item", href=f"api/v1/academy/datasets/{item.id}/file", download=True),
                    button(t("datasets.compare"), "dataset.choose", kind="item", id=item.id) if len(found) > 1 else "",
                    button(
                        t("delete"), "dataset.delete", kind="item danger", confirm=t("datasets.delete_sure", name=item.name), id=item.id
                    ),
                ),
                cls="ac-list-side",
            ),
            cls="ac-list-row" + (" is-chosen" if chosen and item.id == chosen.id else ""),
            data_key=item.id,
        )
        for item in found[:300]
    ]
    return card(t("datasets.title"), div(*rows, cls="ac-list"), aside=span(number(len(found)), cls="ac-soft ac-num"))


def _keep(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.datasets.get(str(data.get("id")))
    kept = [str(entry.get("key")) for entry in item.dropped if view.flag(f"keep:{entry.get('key')}")]
    left_out = [key for key in dict.fromkeys(str(entry.get("key")) for entry in item.redactions) if view.flag(f"out:{key}")]
    known = {name: value for name, value in item.request.items() if name in DatasetRequest.model_fields}
    # The latest word counts: what was left out by hand may be kept again, and the other way round.
    known["keep_anyway"] = list(dict.fromkeys([*(key for key in known.get("keep_anyway", []) if key not in left_out), *kept]))
    known["leave_out"] = list(dict.fromkeys([*(key for key in known.get("leave_out", []) if key not in kept), *left_out]))
    answer = _curated(academy, view, DatasetRequest.model_validate(known))
    answer["state"] |= {f"keep:{key}": False for key in kept} | {f"out:{key}": False for key in left_out}
    return answer


def _train_on(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "datasets", "data": {"dataset": str(data.get("id"))}, "top": True}


def _delete(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    name = academy.datasets.get(str(data.get("id"))).name
    academy.datasets.delete(str(data.get("id")))
    return {"toast": toast(t("datasets.deleted", name=name)), "state": {"dataset": None}, "event": "datasets"}


def _uploaded(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """What became of files that page.js sent to the uploads."""
    records = [entry for entry in json.loads(str(data.get("files", "[]"))) if isinstance(entry, dict)]
    taken = sum(entry.get("status") == "ready" for entry in records)
    refused = [
        f"{entry.get('name')}: {entry.get('error')}" for entry in records if entry.get("status") != "ready" and not entry.get("unclear")
    ]
    for entry in records:
        if taken and entry.get("refusals"):
            first = entry["refusals"][0]
            told = plural("import.refused", int(entry.get("refused", 0)))
            refused.append(f"{entry.get('name')}: {told} ({t('import.row')} {first.get('row')}: {first.get('reason')}).")
    return {"toast": toast(plural("sources.taken", taken), " ".join(refused[:3]), "bad" if refused and not taken else "good")}


def _upload_report(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"dialog": join([lessons.reports_shown([academy.datasets.upload_report(str(data.get("id")))]), closer()])}


def _delete_upload(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    academy.datasets.delete_upload(str(data.get("id")))
    return {"toast": toast(t("sources.deleted"))}


REGIONS = {
    "ds_views": _views,
    "sources": _sources,
    "ds_make": _make_bar,
    "datasets": _datasets,
    **opened.REGIONS,
    **lessons.REGIONS,
}
ACTS = {
    "dataset.make": _make,
    "dataset.preview": _preview,
    "dataset.train": _train_on,
    "dataset.delete": _delete,
    "dataset.keep": _keep,
    "files.uploaded": _uploaded,
    "upload.delete": _delete_upload,
    "upload.report": _upload_report,
    **opened.ACTS,
    **lessons.ACTS,
}
