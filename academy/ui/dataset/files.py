"""Files that a person brings: what they become (lessons or a source), what became of their rows, and which column is which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from academy.curation.files.foreign import check_not_foreign
from academy.curation.files.imports import Detected, FileReport, Refusal
from academy.errors import Invalid
from academy.ui.answers import toast
from academy.ui.dataset import documents
from academy.ui.html.elements import Html, button, closer, div, join, labelled, notice, scrolling, select, short, span, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_MOST_ROWS = 200
_MOST_COLUMNS = 12


def drop() -> Html:
    """The one area to drop files on, or to click and choose them; page and lessons share it."""
    chooser = tag("input", type="file", multiple=True, data_drop="files", aria_label=t("files.drop"))
    words = span(t("files.drop"), cls="ac-drop-label")
    area = tag("label", chooser, words, span(t("files.kinds"), cls="ac-help"), cls="ac-drop", data_drop_zone="files")
    return div(area, div("", id="lesson-report"), cls="ac-stack-tight")


def _choose(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Asks what the files are to become."""
    names = [str(name)[:200] for name in json.loads(str(data.get("names", "[]")))[:1000]]
    kinds = documents.kinds_for(names)
    refused = [error for name in names if (error := _foreign(name))]
    if kinds != ("documents",) and refused and len(refused) == len(names):  # there is nothing to choose for
        raise refused[0]
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    documents_only = [name for name in names if documents.kinds_for([name]) == ("documents",)]
    mixed = documents_only and any(_foreign(name) is None for name in names if name not in documents_only)
    why = tag("p", t("files.documents_only", names=", ".join(documents_only[:3])), cls="ac-soft") if mixed else ""
    choices = [
        tag(
            "button",
            tag("b", t(f"files.as.{kind}")),
            span(t(f"files.as.{kind}_text"), cls="ac-soft"),
            type="button",
            cls="ac-choice",
            data_do="bring",
            data_kind=kind,
            autofocus=kind == kinds[0],
        )
        for kind in kinds
    ]
    title = tag("h3", plural("files.choose", len(names)))
    return {"dialog": join([title, tag("p", shown, cls="ac-soft"), why, div(*choices, cls="ac-choices"), closer()])}


def _foreign(name: str) -> Invalid | None:
    """Why a file of this name cannot be read, whatever it becomes."""
    try:
        check_not_foreign(name, b"")
    except Invalid as error:
        return error
    return None


def _imported(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The reports of files that dataset.js sent to the lessons: the list shows the new ones, each row's fate stands above it."""
    reports = [FileReport.model_validate(entry) for entry in json.loads(str(data.get("files", "[]")))]
    new, known = sum(report.new for report in reports), sum(report.already_there for report in reports)
    refused = sum(report.refused for report in reports)
    facts = [plural("import.known", known)] if known else []
    facts += [plural("import.refused", refused)] if refused else []
    kept = any(report.kept for report in reports)
    said = plural("import.added", new) if kept else _error(reports)
    answer: dict[str, Any] = {}
    if kept:  # the report and the list show it
        answer["announce"] = ". ".join([said.rstrip("."), *facts])
    elif not all(report.unclear for report in reports):  # of columns that are not clear, a dialog asks next
        answer["toast"] = toast(said, ", ".join(facts), "bad")
    imports = [report.import_id for report in reports if report.import_id]
    answer["fill"] = {"lesson-report": reports_shown(reports, closes=True)}
    answer["state"] = {"dataset_view": "lessons"}
    if imports:
        answer["state"] |= EVERYTHING | {"lesson_imports": imports, "lesson_sort": "added"}
    return answer


EVERYTHING: dict[str, Any] = {
    "lesson_query": "",
    "lesson_tags": [],
    "lesson_source": "*",
    "lesson_rating": "",
    "lesson_since": "",
    "lesson_until": "",
    "lesson_imports": [],
    "lesson_bin": False,
    "lesson_page": 0,
    "picked": [],
    "picked_all": "",
}
"""The state of a list of lessons that leaves nothing out."""


def only_tag(name: str) -> dict[str, Any]:
    """The state in which the Dataset tab shows the lessons with one tag."""
    return EVERYTHING | {"dataset_view": "lessons", "lesson_tags": [name]}


def _error(reports: Sequence[FileReport]) -> str:
    return next((say(report.error) for report in reports if report.error), t("files.nothing"))


def _uploaded(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The records of files that dataset.js sent to the sources."""
    records = [entry for entry in json.loads(str(data.get("files", "[]"))) if isinstance(entry, dict)]
    taken = sum(entry.get("status") == "ready" for entry in records)
    wrong = [f"{entry.get('name')}: {say(entry.get('error'))}" for entry in records if entry.get("status") != "ready"]
    reports = [_report_of(entry) for entry in records]
    answer: dict[str, Any] = {"fill": {"lesson-report": ""}, "state": {"dataset_view": "make"}}
    if any(report.error or report.refused or report.notes for report in reports):
        answer["fill"] = {"lesson-report": reports_shown(reports, closes=True)}
    if records and all(entry.get("unclear") for entry in records):  # a dialog asks for the columns next
        return answer
    if not taken:
        first = say(records[0].get("error")) if records else t("files.nothing")
        return answer | {"toast": toast(first, " ".join(wrong[1:3]), "bad")}
    return answer | {"toast": toast(plural("sources.taken", taken), " ".join(wrong[:3]))}


def _report_of(entry: dict[str, Any]) -> FileReport:
    """The record of an upload in the form of an import's report."""
    values = {name: entry[name] for name in ("name", "read", "refused", "refusals", "notes", "error") if entry.get(name) is not None}
    return FileReport.model_validate(values | {"kept": entry.get("records_estimate") or 0})


def _upload_report(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    report = look.academy.datasets.upload_report(str(data.get("id")))
    return {"dialog": join([reports_shown([report]), closer()])}


def _import_report(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The reports of imports once more, wherever they were made and after they were closed."""
    found = [look.academy.lessons.import_report(str(name)) for name in json.loads(str(data.get("ids", "[]")))]
    # The file itself is not here any longer, to be read again with another column.
    reports = [report.model_copy(update={"unused": []}) for report in found if report]
    return {"dialog": join([reports_shown(reports), closer()])}


def _undo(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Takes away what imports added; an Undo brings it back."""
    count = sum(look.academy.lessons.undo_import(name) for name in json.loads(str(data.get("ids", "[]"))))
    cleared: dict[str, Any] = {"fill": {"lesson-report": ""}, "state": EVERYTHING}
    return cleared | {"toast": toast(plural("import.undone", count), t("import.undone_hint"))}


# ------------------------------------------------------------------ reports


def reports_shown(reports: Sequence[FileReport], *, closes: bool = False) -> Html:
    """What happened to the rows of each file: the refused ones with their text, what was left out, columns that may become tags."""
    parts = [_report(report) for report in reports]
    if not closes:
        return join(parts)
    close = button("×", kind="quiet small", title=t("files.close"), do="clear", target="lesson-report")
    return div(div(close, cls="ac-row ac-row-end ac-report-close"), *parts, cls="ac-card ac-reports")


def _report(report: FileReport) -> Html:
    facts = [plural("import.read", report.read)] if report.read else []
    if report.already_there:
        facts += [plural("import.new", report.new), plural("import.known", report.already_there)]
    elif report.kept:
        facts.append(plural("import.kept" if report.new else "import.usable", report.kept))
    facts += [plural("import.refused", report.refused)] if report.refused else []
    if report.redacted_secrets:
        kinds = ", ".join(f"{kind.replace('-', ' ')} {number(count)}" for kind, count in report.redacted_kinds.items())
        facts.append(f"{plural('count.secrets', report.redacted_secrets)} ({kinds})")
    of_file = [note for note in report.notes if not note.row]
    return div(
        div(tag("b", report.name, cls="ac-cut"), span(", ".join(facts), cls="ac-soft"), cls="ac-row"),
        notice(say(report.error), kind="bad") if report.error else "",
        tag("ul", *[tag("li", say(note.reason)) for note in of_file[:20]], cls="ac-notes") if of_file else "",
        _columns(report),
        _by_row(plural("import.why", report.refused), report.refusals, opened=True),
        _by_row(t("import.notes"), [note for note in report.notes if note.row], opened=False),
        cls="ac-report",
    )


def _columns(report: FileReport) -> Html | str:
    """Columns that were passed over, each with a button that reads the file again with it as the tags."""
    if not report.unused or not report.import_id or "tags" in report.mapping:
        return ""
    buttons = [
        button(
            t("import.tags", column=short(column, 40)),
            kind="small",
            do="retag",
            column=column,
            file=report.name,
            import_=report.import_id,
            mapping=json.dumps(report.mapping),
        )
        for column in report.unused[:_MOST_COLUMNS]
    ]
    return div(*buttons, cls="ac-row")


def _by_row(title: str, entries: Sequence[Refusal], *, opened: bool) -> Html:
    if not entries:
        return Html("")
    with_text = any(entry.text for entry in entries)
    rows = [
        tag(
            "tr",
            tag("td", number(entry.row), cls="ac-num"),
            tag("td", say(entry.reason)),
            tag("td", entry.text, cls="ac-soft") if with_text else "",
        )
        for entry in entries[:_MOST_ROWS]
    ]
    titles = [t("import.row"), t("import.reason"), *([t("import.text")] if with_text else [])]
    head = tag("thead", tag("tr", *[tag("th", text, scope="col") for text in titles]))
    table = tag("table", head, tag("tbody", *rows), cls="ac-table")
    more = tag("p", t("import.more", n=number(len(entries) - _MOST_ROWS)), cls="ac-help") if len(entries) > _MOST_ROWS else ""
    return tag("details", tag("summary", title), scrolling(title, table), more, open=opened)


# ------------------------------------------------------------------ columns


def _map(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Asks for the columns of a file, with its first rows."""
    entry = json.loads(str(data.get("entry", "{}")))
    name, detected = str(entry.get("name", ""))[:200], Detected.model_validate(entry.get("unclear"))
    form = tag(
        "form",
        tag("h3", t("map.title", name=name)),
        tag("p", t("map.text"), cls="ac-soft"),
        scrolling(t("map.sample"), sample_table(detected.columns, detected.sample[:4])),
        div(*mapping_fields(detected), cls="ac-options"),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("map.read"), type="submit", cls="ac-btn ac-btn-primary", id="map-read"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_mapping=True,
    )
    return {"dialog": form}


def mapping_fields(detected: Detected) -> list[Html]:
    """The columns to choose for the question, the answer and the tags."""
    columns = [(column, column) for column in detected.columns]
    optional = [("", t("map.none")), *columns]
    chosen = detected.mapping
    second = columns[min(1, len(columns) - 1)][0]
    return [
        labelled(t("lessons.asked"), select("situation", columns, chosen.get("situation", columns[0][0]), bind=False)),
        labelled(t("lessons.answered"), select("action", columns, chosen.get("action", second), bind=False)),
        labelled(t("lessons.tags"), select("tags", optional, chosen.get("tags", ""), bind=False)),
    ]


def sample_table(columns: Sequence[str], sample: Sequence[dict[str, str]]) -> Html:
    """The first rows of a file, cut short."""
    head = tag("tr", *[tag("th", column, scope="col") for column in columns[:_MOST_COLUMNS]])
    rows = [tag("tr", *[tag("td", short(row.get(column, ""), 80)) for column in columns[:_MOST_COLUMNS]]) for row in sample]
    return tag("table", tag("thead", head), tag("tbody", *rows), cls="ac-table")


ACTS = {
    "files.choose": _choose,
    "files.imported": _imported,
    "files.uploaded": _uploaded,
    "files.map": _map,
    "import.undo": _undo,
    "import.report": _import_report,
    "upload.report": _upload_report,
}
