"""The Dataset tab: choose sources, make a dataset, see what is in it and what was dropped; and the lessons themselves."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from academy.curation.examples import DatasetRequest
from academy.curation.filters import LABELS
from academy.curation.imports import FileReport
from academy.curation.lessons import LessonIn, LessonPatch
from academy.errors import AcademyError
from academy.ui.live import View, log, sentences, toast
from academy.ui.pieces import (
    Html,
    bar,
    bars,
    button,
    card,
    div,
    empty,
    esc,
    field,
    go,
    histogram,
    join,
    labelled,
    live,
    menu,
    notice,
    number,
    pager,
    plural,
    remedy,
    select,
    size,
    span,
    switch,
    tag,
    thumb,
    tokens,
    when,
)
from academy.ui.texts import t

if TYPE_CHECKING:
    from academy.curation.lessons import Lesson
    from academy.curation.store import Manifest
    from academy.services import Academy

_ROWS = 12
_LESSONS = 25
_FILES = 10


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
    lessons = div(_lesson_bar(), imported, live("lessons"), cls="ac-stack")
    gr.HTML(lessons, apply_default_css=False, elem_classes="ac-view-lessons")


def _drop(kind: str, label: str) -> Html:
    """A place to drop files on, or to click and choose them."""
    chooser = tag("input", type="file", multiple=True, data_drop=kind, aria_label=label)
    return tag("label", chooser, span(label, cls="ac-drop-label"), cls="ac-drop", data_drop_zone=kind)


def _views(academy: Academy, view: View) -> Html:
    chosen = _chosen_view(view)
    count = academy.lessons.statistics()["total_lessons"]
    made = len(academy.list_datasets())
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


# ------------------------------------------------------------------ sources


def _sources(academy: Academy, view: View) -> Html:
    statistics = academy.lessons.statistics()
    count, uploads = statistics["total_lessons"], academy.list_uploads()
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
    git_on = view.flag("src_git", bool(default))
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
    uploads = [record.id for record in academy.list_uploads() if record.status == "ready" and view.flag(f"up:{record.id}", True)]
    repository = view.text("git_repo", str(academy.settings.git_repo or "")).strip()
    values: dict[str, Any] = {
        "name": view.text("ds_name").strip(),
        "include_lessons": view.flag("src_lessons", True),
        "include_git": view.flag("src_git", bool(academy.settings.git_repo)),
        "git_repo_path": repository or None,
        "git_range": view.text("git_range").strip() or None,
        "git_commits_limit": view.number("git_limit", academy.settings.git_commits_limit),
        "git_authors": _words(view.text("git_authors")),
        "git_paths": _words(view.text("git_paths")),
        "git_tasks": ["message", "patch"] if view.flag("git_patch") else ["message"],
        "upload_ids": uploads,
        "format": view.text("ds_format") or "alpaca",
        "quality_profile": view.text("ds_profile") or "balanced",
        "eval_fraction": float(view.text("ds_held")) if view.text("ds_held") else None,
        "split": view.text("ds_split") or "random",
    }
    return DatasetRequest.model_validate(values | more)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


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
        made = academy.create_dataset(request, progress)
    finally:
        _progress.pop(viewer, None)
    return {"toast": toast(made["message"]), "state": {"dataset": made["dataset_id"], "ds_part": "rows", "ds_page": 0}, "event": "datasets"}


def _preview(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return _beside(lambda: _previewed(academy.preview_dataset(_request(academy, view))))


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
    samples = [_turns([(turn["role"], turn["content"]) for turn in shown["turns"]]) for shown in found["samples"]]
    warnings = [notice(text, kind="warn") for text in found["warnings"]]
    return {
        "dialog": join(
            [
                tag("h3", t("dataset.preview_title")),
                tag("p", found["sentence"]),
                *warnings,
                div(*[div(shown, cls="ac-example") for shown in samples], cls="ac-scroll"),
                _close(),
            ]
        )
    }


# ------------------------------------------------------------------ datasets


def _datasets(academy: Academy, view: View) -> Html:
    found = academy.list_datasets()
    if not found:
        return div(empty(t("datasets.none"), t("datasets.none_text")), cls="ac-card ac-none")
    chosen = _chosen(academy, view)
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


def _chosen(academy: Academy, view: View) -> Manifest | None:
    wanted = view.text("dataset")
    return academy.get_dataset(wanted) if wanted else academy.datasets.newest()


def _open(academy: Academy, view: View) -> Html:
    item = _chosen(academy, view)
    if item is None:
        return Html("")
    numbers = item.statistics
    part = _part_name(view)
    dropped = numbers.get("removed_low_quality", 0) + numbers.get("removed_duplicates", 0)
    parts = [("rows", t("open.rows"), numbers.get("train_examples", 0)), ("held", t("open.held"), numbers.get("eval_examples", 0))]
    parts = [entry for entry in parts if entry[0] != "held" or entry[2]]
    parts += [("dropped", t("open.dropped"), dropped), ("lengths", t("open.lengths"), None)]
    sources = [
        (t(f"source.{name}") if name in ("lessons", "git", "uploads") else name, count)
        for name, count in (numbers.get("sources") or {}).items()
    ]
    return div(
        div(
            div(tag("h2", item.name, cls="ac-cut", title=item.name), when(item.created_at), cls="ac-row ac-baseline"),
            div(
                button(t("open.train"), "dataset.train", id=item.id),
                tag("a", t("download"), cls="ac-btn", href=f"api/v1/academy/datasets/{item.id}/file", download=True),
                cls="ac-row",
            ),
            cls="ac-job-head",
        ),
        tag("p", _sentence(item), cls="ac-sentence"),
        *[notice(text, kind="warn") for text in item.warnings[:5]],
        bars(sources) if len(sources) > 1 else "",
        div(*[_part_button(name, part, label, count) for name, label, count in parts], cls="ac-segments"),
        cls="ac-card ac-open",
    )


def _sentence(item: Manifest) -> str:
    """What went in and what did not, in one sentence."""
    numbers = item.statistics
    sources = [
        plural(f"count.{name}", count) if name in ("lessons", "git", "uploads") else f"{number(count)} {name}"
        for name, count in (numbers.get("sources") or {}).items()
        if count
    ]
    text = plural("count.examples", numbers.get("total_examples", 0)) + (": " + ", ".join(sources) if sources else "")
    reasons = [
        plural(f"count.{key}", numbers[name])
        for key, name in (("duplicates", "removed_duplicates"), ("poor", "removed_low_quality"))
        if numbers.get(name)
    ]
    if reasons:
        text += "; " + t("open.left_out", reasons=", ".join(reasons))
    if numbers.get("redacted_secrets"):
        text += "; " + plural("count.secrets", numbers["redacted_secrets"])
    if numbers.get("eval_examples"):
        text += "; " + plural("count.held", numbers["eval_examples"])
    return text + "."


def _part_name(view: View) -> str:
    name = view.text("ds_part")
    return name if name in ("rows", "held", "dropped", "lengths") else "rows"


def _part_button(name: str, chosen: str, label: str, count: int | None) -> Html:
    return tag(
        "button",
        label,
        span(number(count), cls="ac-soft ac-num") if count is not None else "",
        type="button",
        cls="ac-segment" + (" is-on" if name == chosen else ""),
        data_set=json.dumps({"ds_part": name, "ds_page": 0}),
    )


def _part(academy: Academy, view: View) -> Html:
    item = _chosen(academy, view)
    if item is None:
        return Html("")
    name = _part_name(view)
    if name == "dropped":
        return _dropped(academy.get_dataset(item.id), view)
    if name == "lengths":
        return _lengths(academy, item)
    place = "train" if name == "rows" else "eval"
    count = item.statistics.get("train_examples" if name == "rows" else "eval_examples", 0)
    page = min(view.number("ds_page"), max(0, (count - 1) // _ROWS))
    rows = academy.dataset_rows(item.id, page * _ROWS, _ROWS, place)
    shown = [
        div(
            span(number(page * _ROWS + index + 1), cls="ac-soft ac-num ac-row-number"),
            _turns(conversation(row)),
            button(t("open.tokens"), "row.tokens", kind="quiet small", title=t("open.tokens_title"), id=item.id, row=page * _ROWS + index)
            if name == "rows"
            else "",
            cls="ac-example",
        )
        for index, row in enumerate(rows)
    ]
    return div(*shown, pager("ds_page", page, _ROWS, count), cls="ac-card ac-examples")


def conversation(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The turns of a dataset's row, whatever its format."""
    if isinstance(row.get("messages"), list):
        return [(str(turn.get("role")), str(turn.get("content"))) for turn in row["messages"]]
    if isinstance(row.get("conversations"), list):
        names = {"human": "user", "gpt": "assistant", "system": "system"}
        return [(names.get(str(turn.get("from")), "user"), str(turn.get("value"))) for turn in row["conversations"]]
    turns = [("system", row["system"])] if row.get("system") else []
    for asked, answered in row.get("history") or []:
        turns += [("user", asked), ("assistant", answered)]
    question = "\n".join(part for part in (row.get("instruction"), row.get("input")) if part)
    return [*turns, ("user", question), ("assistant", str(row.get("output", "")))]


def _turns(turns: list[tuple[str, str]]) -> Html:
    shown = [
        div(
            span(t(f"role.{role}") if role in ("system", "user", "assistant") else role, cls=f"ac-role ac-role-{role}"),
            span(_short(text), cls="ac-text"),
            cls="ac-turn-line",
        )
        for role, text in turns[:20]
    ]
    return div(*shown, cls="ac-conversation")


def _short(text: str, most: int = 600) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _dropped(item: Manifest, view: View) -> Html:
    found = item.dropped
    if not found:
        return div(empty(t("dropped.none"), t("dropped.none_text")), cls="ac-card")
    rules = Counter(str(entry.get("rule")) for entry in found)
    chosen = view.text("dropped_reason")
    if chosen not in rules:
        chosen = ""
    counts = [(rule, _capital(LABELS.get(rule, rule)), count) for rule, count in rules.most_common()]
    choices = [("", t("dropped.all", n=number(len(found)))), *((rule, f"{label} ({number(count)})") for rule, label, count in counts)]
    shown = [entry for entry in found if not chosen or str(entry.get("rule")) == chosen]
    page = min(view.number("ds_page"), max(0, (len(shown) - 1) // _ROWS))
    kept = [str(entry.get("key")) for entry in found if view.flag(f"keep:{entry.get('key')}")]
    rows = [
        div(
            switch(f"keep:{entry.get('key')}", view.flag(f"keep:{entry.get('key')}"), ""),
            div(
                div(
                    span(told_why(entry), cls="ac-reason"),
                    span(_place(entry), cls="ac-soft ac-cut"),
                    cls="ac-row",
                ),
                _turns([("user", str(entry.get("question", ""))), ("assistant", str(entry.get("answer", "")))]),
                cls="ac-grow",
            ),
            cls="ac-example",
            data_key=entry.get("key"),
        )
        for entry in shown[page * _ROWS : (page + 1) * _ROWS]
    ]
    again = (
        button(t("dropped.again", n=len(kept)), "dataset.keep", kind="primary small", id=item.id)
        if kept
        else span(t("dropped.help"), cls="ac-soft")
    )
    return div(
        div(bars([(label, count) for _, label, count in counts[:8]], kind="is-warn"), cls="ac-pad") if len(rules) > 1 else "",
        div(select("dropped_reason", choices, chosen, label=t("dropped.reason")), again, cls="ac-row ac-pad"),
        *rows,
        pager("ds_page", page, _ROWS, len(shown)),
        cls="ac-card ac-examples",
    )


def told_why(entry: dict[str, Any]) -> str:
    """Why a row was dropped, as a sentence without ids; the whole one stands in the manifest."""
    rule = str(entry.get("rule"))
    reason = str(entry.get("reason") or _capital(LABELS.get(rule, rule)))
    reason = re.sub(r"\b(as|by) lesson \S+?(?=[.,]?(?:\s|$))", rf"\1 {t('dropped.another_lesson')}", reason)
    return re.sub(r"\bcommit ([0-9a-f]{8})[0-9a-f]+", r"commit \1", reason)


def _place(entry: dict[str, Any]) -> str:
    """Where a dropped row comes from: file and row, or the commit; a lesson's id says nothing to a person."""
    origin, source = str(entry.get("origin") or ""), entry.get("source")
    return t("dropped.lesson") if source == "lessons" else origin[:8] if source == "git" else origin


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _keep(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.get_dataset(str(data.get("id")))
    kept = [str(entry.get("key")) for entry in item.dropped if view.flag(f"keep:{entry.get('key')}")]
    known = {name: value for name, value in item.request.items() if name in DatasetRequest.model_fields}
    known["keep_anyway"] = list(dict.fromkeys([*known.get("keep_anyway", []), *kept]))
    answer = _curated(academy, view, DatasetRequest.model_validate(known))
    answer["state"] |= {f"keep:{key}": False for key in kept}
    return answer


class _Counts:
    """Token lengths by dataset, counted aside: a dataset never changes, so each is counted once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}

    def get(self, key: str, count: Callable[[], Any]) -> Any:
        """What was counted (or the error); None while it is being counted."""
        with self._lock:
            if key in self._known:
                return self._known[key]
            self._known[key] = None
            while len(self._known) > 50:
                self._known.pop(next(iter(self._known)))

        def run() -> None:
            try:
                found: Any = count()
            except AcademyError as error:
                found = error
            except Exception as error:
                log.exception("Counting tokens failed.")
                found = error
            with self._lock:
                self._known[key] = found

        threading.Thread(target=run, name="count-tokens", daemon=True).start()
        return None

    def forget(self, key: str) -> None:
        """Counts anew at the next look."""
        with self._lock:
            self._known.pop(key, None)


_counts = _Counts()


def _lengths(academy: Academy, item: Manifest) -> Html:
    limit = academy.settings.max_seq_length
    found = _counts.get(item.path, lambda: academy.inspect_tokens(item.id, None, limit, []))
    if found is None:
        return div(div(span(cls="ac-spin"), t("lengths.counting"), cls="ac-row ac-soft"), cls="ac-card")
    if isinstance(found, Exception):
        hint = found.hint if isinstance(found, AcademyError) else t("error.unexpected_hint")
        message = found.message if isinstance(found, AcademyError) else t("error.unexpected")
        return notice(message, remedy(hint), button(t("again"), "lengths.again", kind="small", id=item.id), kind="warn")
    lengths = [int(length) for length in found.get("lengths", [])]
    facts = [t("lengths.facts", n=number(sum(lengths)), longest=number(max(lengths, default=0)))]
    facts.append(
        plural("lengths.truncated", found["truncated"]) if found.get("truncated") else t("lengths.none_truncated", limit=number(limit))
    )
    if found.get("untrained"):
        facts.append(plural("lengths.untrained", found["untrained"]))
    notes = [tag("p", note, cls="ac-help") for note in found.get("notes", [])]
    return card(
        t("lengths.title"),
        div(" ".join(facts), cls="ac-soft"),
        histogram(lengths, limit),
        tag("p", t("lengths.template", name=found.get("template", "–"), base=academy.settings.default_base_model), cls="ac-help"),
        *notes,
    )


def _again(academy: Academy, data: dict[str, Any], view: View) -> None:
    _counts.forget(academy.get_dataset(str(data.get("id"))).path)


def _tokens(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    index = int(str(data.get("row", "0")))
    found = academy.inspect_tokens(str(data.get("id")), None, None, [index])
    row = found["rows"][0]
    kinds = Counter(part["kind"] for part in row["tokens"])
    legend = [
        span(f"{t(f'tokens.{kind}')} {number(kinds.get(kind, 0))}", cls=f"tok {kind}")
        for kind in ("trained", "context", "cut")
        if kinds.get(kind) or kind != "cut"
    ]
    return {
        "dialog": join(
            [
                tag("h3", t("tokens.title", n=number(index + 1))),
                tag("p", t("tokens.text", base=academy.settings.default_base_model, template=found.get("template", "–")), cls="ac-soft"),
                div(*legend, cls="ac-row ac-tokens-legend"),
                div(tokens(row["tokens"]), cls="ac-scroll"),
                *[tag("p", note, cls="ac-help") for note in found.get("notes", [])],
                _close(),
            ]
        )
    }


def _close() -> Html:
    return div(tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True), cls="ac-row ac-row-end")


def _train_on(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"state": {"tab": "training"}, "event": "datasets", "data": {"dataset": str(data.get("id"))}, "top": True}


def _delete(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    name = academy.get_dataset(str(data.get("id"))).name
    academy.delete_dataset(str(data.get("id")))
    return {"toast": toast(t("datasets.deleted", name=name)), "state": {"dataset": None}, "event": "datasets"}


def _choose(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.get_dataset(str(data.get("id")))
    others = [other for other in academy.list_datasets() if other.id != item.id][:50]
    rows = [
        button(
            join(
                [
                    tag("b", other.name),
                    span(
                        join([esc(plural("count.examples", other.statistics.get("total_examples", 0))), when(other.created_at)], " · "),
                        cls="ac-soft",
                    ),
                ],
                " ",
            ),
            "dataset.diff",
            kind="item",
            first=other.id,
            second=item.id,
        )
        for other in others
    ]
    return {"dialog": join([tag("h3", t("diff.choose", name=item.name)), div(*rows, cls="ac-scroll ac-choices"), _close()])}


def _diff(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    first, second = academy.get_dataset(str(data.get("first"))), academy.get_dataset(str(data.get("second")))
    found = academy.diff_datasets(first.id, second.id)
    parts = []
    for key, title in (("new_samples", t("diff.new")), ("gone_samples", t("diff.gone"))):
        samples = [div(_turns(conversation(row)), cls="ac-example") for row in found.get(key, [])[:10] if isinstance(row, dict)]
        parts += [div(title, cls="ac-eyebrow"), *samples] if samples else []
    sentence = t("diff.sentence", new=number(found["new"]), gone=number(found["gone"]), same=number(found["same"]))
    return {
        "dialog": join(
            [tag("h3", t("diff.title", first=first.name, second=second.name)), tag("p", sentence), div(*parts, cls="ac-scroll"), _close()]
        )
    }


# ------------------------------------------------------------------ files


def _uploaded(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """What became of files that page.js sent to the uploads."""
    records = [entry for entry in json.loads(str(data.get("files", "[]"))) if isinstance(entry, dict)]
    taken = sum(entry.get("status") == "ready" for entry in records)
    refused = [f"{entry.get('name')}: {entry.get('error')}" for entry in records if entry.get("status") != "ready"]
    return {"toast": toast(plural("sources.taken", taken), " ".join(refused[:3]), "bad" if refused and not taken else "good")}


def _imported(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """What became of files that page.js sent to the lessons, row by row."""
    reports = [FileReport.model_validate(entry) for entry in json.loads(str(data.get("files", "[]")))]
    kept = sum(report.kept for report in reports)
    refused = sum(report.refused for report in reports)
    told = toast(plural("import.kept", kept), plural("import.refused", refused) if refused else "", "good" if kept else "bad")
    return {"fill": {"lesson-report": _reports(reports)}, "toast": told}


def _detect(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """Looks at the beginning of a file; columns that are not recognised are shown to be mapped by hand."""
    name = str(data.get("name", ""))[:200]
    with tempfile.NamedTemporaryFile(suffix=Path(name).suffix[:10]) as file:
        file.write(base64.b64decode(str(data.get("head", ""))[:8_000_000]))
        file.flush()
        detected = academy.detect_file(Path(file.name), name)
    if detected.error or not detected.columns or {"situation", "action"} <= set(detected.mapping):
        return {}
    columns = [(column, column) for column in detected.columns]
    optional = [("", t("map.none")), *columns]
    chosen = detected.mapping
    second = columns[min(1, len(columns) - 1)][0]
    fields = [
        labelled(t("map.situation"), select("situation", columns, chosen.get("situation", columns[0][0]), bind=False)),
        labelled(t("map.action"), select("action", columns, chosen.get("action", second), bind=False)),
        labelled(t("map.tags"), select("tags", optional, chosen.get("tags", ""), bind=False)),
    ]
    head = tag("tr", *[tag("th", column) for column in detected.columns[:12]])
    rows = [tag("tr", *[tag("td", _short(row.get(column, ""), 80)) for column in detected.columns[:12]]) for row in detected.sample[:4]]
    form = tag(
        "form",
        tag("h3", t("map.title", name=name)),
        tag("p", t("map.text"), cls="ac-soft"),
        div(tag("table", tag("thead", head), tag("tbody", *rows), cls="ac-table"), cls="ac-scroll"),
        div(*fields, cls="ac-options"),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("map.read"), type="submit", cls="ac-btn ac-btn-primary", id="map-read"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_mapping=True,
    )
    return {"waits": form}


def _reports(reports: list[FileReport]) -> Html:
    parts = []
    for report in reports:
        words = [plural("import.read", report.read), plural("import.kept", report.kept)]
        words += [plural("import.known", report.already_there)] if report.already_there else []
        words += [plural("import.refused", report.refused)] if report.refused else []
        words += [plural("count.secrets", report.redacted_secrets)] if report.redacted_secrets else []
        refusals = [tag("tr", tag("td", number(int(entry.row)), cls="ac-num"), tag("td", entry.reason)) for entry in report.refusals[:1000]]
        parts.append(
            div(
                div(tag("b", report.name, cls="ac-cut"), span(", ".join(words), cls="ac-soft"), cls="ac-row"),
                notice(report.error, kind="bad") if report.error else "",
                tag(
                    "details",
                    tag("summary", t("import.why")),
                    div(
                        tag(
                            "table",
                            tag("thead", tag("tr", tag("th", t("import.row")), tag("th", t("import.reason")))),
                            tag("tbody", *refusals),
                            cls="ac-table",
                        ),
                        cls="ac-scroll",
                    ),
                    open=True,
                )
                if refusals
                else "",
                cls="ac-report",
            )
        )
    return join(parts)


def _delete_upload(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    academy.delete_upload(str(data.get("id")))
    return {"toast": toast(t("sources.deleted"))}


# ------------------------------------------------------------------ lessons


def _lesson_bar() -> Html:
    ratings = [("", t("lessons.any_rating")), ("good", t("lessons.good")), ("bad", t("lessons.bad"))]
    return div(
        field("lesson_query", kind="search", placeholder=t("lessons.search"), label=t("lessons.search"), data_reset="lesson_page"),
        live("lesson_tags", tag_name="span"),
        tag(
            "select",
            *[tag("option", text, value=key) for key, text in ratings],
            cls="ac-input",
            data_bind="lesson_rating",
            data_reset="lesson_page",
            aria_label=t("lessons.rating"),
        ),
        span(cls="ac-grow"),
        button(t("lessons.add"), "lesson.edit", kind="primary"),
        menu(
            t("more"),
            button(t("lessons.samples"), "lessons.samples", kind="item"),
            button(t("lessons.no_samples"), "lessons.no_samples", kind="item danger", confirm=t("lessons.no_samples_sure")),
        ),
        cls="ac-row ac-toolbar",
    )


def _tags(academy: Academy, view: View) -> Html:
    spread = academy.lessons.statistics().get("tag_distribution", {})
    names = sorted(spread, key=lambda name: (-spread[name], name))[:300]
    options = [("", t("lessons.any_tag")), *((name, f"{name} ({number(spread[name])})") for name in names)]
    choices = [tag("option", text[:60], value=key, selected=key == view.text("lesson_tag")) for key, text in options]
    return tag("select", *choices, cls="ac-input", data_bind="lesson_tag", data_reset="lesson_page", aria_label=t("lessons.tag"))


def _lessons(academy: Academy, view: View) -> Html:
    query, tag_, rating = view.text("lesson_query").strip(), view.text("lesson_tag"), view.text("lesson_rating")
    page = view.number("lesson_page")
    found = academy.list_lessons(_LESSONS, page * _LESSONS, query, tag_ or None, rating if rating in ("good", "bad") else None)
    if not found.count:
        if query or tag_ or rating:
            clear = tag(
                "button",
                t("lessons.clear"),
                type="button",
                cls="ac-btn",
                data_set=json.dumps({"lesson_query": "", "lesson_tag": "", "lesson_rating": "", "lesson_page": 0}),
            )
            return div(empty(t("lessons.no_match"), t("lessons.no_match_text"), clear), cls="ac-card")
        return div(
            empty(
                t("lessons.none"),
                t("lessons.none_text"),
                button(t("sources.samples"), "lessons.samples", kind="primary"),
                button(t("lessons.add"), "lesson.edit"),
            ),
            cls="ac-card",
        )
    rows = [_lesson_row(lesson) for lesson in found.items]
    head = div(
        span(t("lessons.asked")),
        span(t("lessons.answered")),
        span(t("lessons.tags")),
        span(t("lessons.rated")),
        span(""),
        cls="ac-lesson ac-mail-head",
    )
    return div(head, *rows, pager("lesson_page", page, _LESSONS, found.count), cls="ac-card ac-lessons")


def _lesson_row(lesson: Lesson) -> Html:
    tags = [span(name, cls="ac-tag ac-cut") for name in lesson.tags[:3]]
    tags += [span(f"+{len(lesson.tags) - 3}", cls="ac-soft")] if len(lesson.tags) > 3 else []
    thumbs = [
        button(
            thumb(rating),
            "lesson.rate",
            kind="quiet small" + (" chosen" if lesson.rating == rating else ""),
            title=t(f"chat.{rating}"),
            id=lesson.lesson_id,
            rating=rating,
        )
        for rating in ("good", "bad")
    ]
    corrected = span(t("lessons.corrected"), cls="ac-pill ac-preparing", title=_short(lesson.rejected, 300)) if lesson.rejected else ""
    return div(
        tag(
            "button",
            div(_short(lesson.situation, 300), cls="ac-clamp"),
            type="button",
            cls="ac-plain ac-strong",
            data_act="lesson.edit",
            data_id=lesson.lesson_id,
        ),
        div(div(_short(lesson.action, 300), cls="ac-clamp"), corrected, cls="ac-soft"),
        div(*tags, cls="ac-tags"),
        div(*thumbs, cls="ac-row ac-thumbs"),
        div(
            menu(
                t("more"),
                button(t("edit"), "lesson.edit", kind="item", id=lesson.lesson_id),
                button(
                    t("delete"),
                    "lesson.delete",
                    kind="item danger",
                    confirm=t("lessons.delete_sure", text=_short(lesson.situation, 80)),
                    id=lesson.lesson_id,
                ),
            ),
            cls="ac-row-end",
        ),
        cls="ac-lesson",
        data_key=lesson.lesson_id,
    )


def _edit(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    lesson = academy.get_lesson(str(data["id"])) if data.get("id") else None
    ratings = [("", t("lessons.unrated")), ("good", t("lessons.good")), ("bad", t("lessons.bad"))]
    rejected = (
        tag("p", tag("b", t("lessons.rejected")), " ", _short(lesson.rejected, 2000), cls="ac-said") if lesson and lesson.rejected else ""
    )
    return {
        "dialog": tag(
            "form",
            tag("h3", t("lessons.edit_title") if lesson else t("lessons.add_title")),
            labelled(
                t("lessons.asked"),
                tag(
                    "textarea", lesson.situation if lesson else "", name="situation", cls="ac-input", rows=3, required=True, autofocus=True
                ),
                t("lessons.asked_help"),
            ),
            labelled(
                t("lessons.answered"),
                tag("textarea", lesson.action if lesson else "", name="action", cls="ac-input", rows=6, required=True),
                t("lessons.answered_help"),
            ),
            rejected,
            div(
                labelled(
                    t("lessons.tags"),
                    field("tags", ", ".join(lesson.tags) if lesson else "", bind=False, label=t("lessons.tags")),
                    t("lessons.tags_help"),
                ),
                labelled(
                    t("lessons.rated"),
                    select("rating", ratings, (lesson.rating or "") if lesson else "", bind=False),
                    t("lessons.rated_help"),
                ),
                cls="ac-pair",
            ),
            tag(
                "details",
                tag("summary", t("lessons.more")),
                labelled(
                    t("lessons.result"),
                    tag("textarea", lesson.result if lesson else "", name="result", cls="ac-input", rows=2),
                    t("lessons.result_help"),
                ),
                labelled(
                    t("lessons.feedback"), tag("textarea", lesson.feedback if lesson else "", name="feedback", cls="ac-input", rows=2)
                ),
            ),
            div(
                tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
                tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary"),
                cls="ac-row ac-row-end",
            ),
            cls="ac-form",
            data_act="lesson.save",
            data_id=lesson.lesson_id if lesson else None,
        )
    }


def _save(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    values: dict[str, Any] = {name: str(data.get(name, "")) for name in ("situation", "action", "result", "feedback")}
    values |= {"tags": _words(str(data.get("tags", ""))), "rating": data.get("rating") or None}
    if data.get("id"):
        academy.update_lesson(str(data["id"]), LessonPatch.model_validate(values))
    else:
        academy.add_lesson(LessonIn.model_validate(values))
    return {"toast": toast(t("lessons.saved")), "dialog": None}


def _rate(academy: Academy, data: dict[str, Any], view: View) -> None:
    lesson = academy.get_lesson(str(data.get("id")))
    wanted = data.get("rating")
    academy.update_lesson(lesson.lesson_id, LessonPatch.model_validate({"rating": None if lesson.rating == wanted else wanted}))


def _delete_lesson(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    academy.delete_lesson(str(data.get("id")))
    return {"toast": toast(t("lessons.deleted"))}


def _samples(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    report = academy.load_samples()
    if report.error:
        return {"toast": toast(report.error, "", "bad")}
    return {"toast": toast(plural("lessons.loaded", report.kept))}


def _no_samples(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(plural("lessons.removed", academy.remove_samples()))}


REGIONS = {
    "ds_views": _views,
    "sources": _sources,
    "ds_make": _make_bar,
    "datasets": _datasets,
    "ds_open": _open,
    "ds_part": _part,
    "lesson_tags": _tags,
    "lessons": _lessons,
}
ACTS = {
    "dataset.make": _make,
    "dataset.preview": _preview,
    "dataset.train": _train_on,
    "dataset.delete": _delete,
    "dataset.choose": _choose,
    "dataset.diff": _diff,
    "dataset.keep": _keep,
    "lengths.again": _again,
    "row.tokens": _tokens,
    "files.uploaded": _uploaded,
    "files.imported": _imported,
    "files.detect": _detect,
    "upload.delete": _delete_upload,
    "lesson.edit": _edit,
    "lesson.save": _save,
    "lesson.rate": _rate,
    "lesson.delete": _delete_lesson,
    "lessons.samples": _samples,
    "lessons.no_samples": _no_samples,
}
