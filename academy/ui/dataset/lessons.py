"""The Dataset tab's second view: the lessons themselves, how they are added, corrected and imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from academy.curation.files.imports import Detected, FileReport, Refusal
from academy.curation.lessons import LessonIn, LessonPatch
from academy.ui.html.elements import (
    Html,
    button,
    div,
    empty,
    field,
    join,
    labelled,
    live,
    menu,
    notice,
    pager,
    select,
    short,
    span,
    tag,
    thumb,
)
from academy.ui.html.numbers import number, plural
from academy.ui.live import View, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.curation.lessons import Lesson
    from academy.services.academy import Academy

_LESSONS = 25


def toolbar() -> Html:
    """Search, choose and add."""
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
    found = academy.lessons.list(_LESSONS, page * _LESSONS, query, tag_ or None, rating if rating in ("good", "bad") else None)
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
    corrected = span(t("lessons.corrected"), cls="ac-pill ac-preparing", title=short(lesson.rejected, 300)) if lesson.rejected else ""
    return div(
        tag(
            "button",
            div(short(lesson.situation, 300), cls="ac-clamp"),
            type="button",
            cls="ac-plain ac-strong",
            data_act="lesson.edit",
            data_id=lesson.lesson_id,
        ),
        div(div(short(lesson.action, 300), cls="ac-clamp"), corrected, cls="ac-soft"),
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
                    confirm=t("lessons.delete_sure", text=short(lesson.situation, 80)),
                    id=lesson.lesson_id,
                ),
            ),
            cls="ac-row-end",
        ),
        cls="ac-lesson",
        data_key=lesson.lesson_id,
    )


def _edit(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    lesson = academy.lessons.get(str(data["id"])) if data.get("id") else None
    ratings = [("", t("lessons.unrated")), ("good", t("lessons.good")), ("bad", t("lessons.bad"))]
    rejected = (
        tag("p", tag("b", t("lessons.rejected")), " ", short(lesson.rejected, 2000), cls="ac-said") if lesson and lesson.rejected else ""
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
    values |= {"tags": words(str(data.get("tags", ""))), "rating": data.get("rating") or None}
    if data.get("id"):
        academy.lessons.update(str(data["id"]), LessonPatch.model_validate(values))
    else:
        academy.lessons.add(LessonIn.model_validate(values))
    return {"toast": toast(t("lessons.saved")), "dialog": None}


def _rate(academy: Academy, data: dict[str, Any], view: View) -> None:
    lesson = academy.lessons.get(str(data.get("id")))
    wanted = data.get("rating")
    academy.lessons.update(lesson.lesson_id, LessonPatch.model_validate({"rating": None if lesson.rating == wanted else wanted}))


def _delete_lesson(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    academy.lessons.delete(str(data.get("id")))
    return {"toast": toast(t("lessons.deleted"))}


def _samples(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    report = academy.lessons.load_samples()
    if report.error:
        return {"toast": toast(report.error, "", "bad")}
    return {"toast": toast(plural("lessons.loaded", report.kept))}


def _no_samples(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(plural("lessons.removed", academy.lessons.remove_samples()))}


def _imported(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """What became of files that page.js sent to the lessons, row by row."""
    reports = [FileReport.model_validate(entry) for entry in json.loads(str(data.get("files", "[]")))]
    kept = sum(report.kept for report in reports)
    refused = sum(report.refused for report in reports)
    told = toast(plural("import.kept", kept), plural("import.refused", refused) if refused else "", "good" if kept else "bad")
    return {"fill": {"lesson-report": reports_shown(reports)}, "toast": told}


def reports_shown(reports: list[FileReport]) -> Html:
    """What became of the rows of files, those refused one by one."""
    parts = []
    for report in reports:
        words = [plural("import.read", report.read), plural("import.kept", report.kept)]
        words += [plural("import.known", report.already_there)] if report.already_there else []
        words += [plural("import.refused", report.refused)] if report.refused else []
        if report.redacted_secrets:
            kinds = ", ".join(f"{kind.replace('-', ' ')} {number(count)}" for kind, count in report.redacted_kinds.items())
            words.append(f"{plural('count.secrets', report.redacted_secrets)} ({kinds})")
        parts.append(
            div(
                div(tag("b", report.name, cls="ac-cut"), span(", ".join(words), cls="ac-soft"), cls="ac-row"),
                notice(report.error, kind="bad") if report.error else "",
                _by_row(t("import.why"), report.refusals, opened=True),
                _by_row(t("import.notes"), report.notes, opened=False),
                cls="ac-report",
            )
        )
    return join(parts)


def _by_row(title: str, entries: list[Refusal], *, opened: bool) -> Html:
    if not entries:
        return Html("")
    rows = [tag("tr", tag("td", number(entry.row) if entry.row else "", cls="ac-num"), tag("td", entry.reason)) for entry in entries]
    head = tag("thead", tag("tr", tag("th", t("import.row")), tag("th", t("import.reason"))))
    table = tag("table", head, tag("tbody", *rows), cls="ac-table")
    return tag("details", tag("summary", title), div(table, cls="ac-scroll"), open=opened)


def _map(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    """Asks which column of a file is which, with its first rows."""
    found = json.loads(str(data.get("found", "{}")))
    name, detected = str(found.get("name", ""))[:200], Detected.model_validate(found.get("unclear"))
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
    rows = [tag("tr", *[tag("td", short(row.get(column, ""), 80)) for column in detected.columns[:12]]) for row in detected.sample[:4]]
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
    return {"dialog": form}


def words(text: str) -> list[str]:
    """What stands between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


REGIONS = {"lesson_tags": _tags, "lessons": _lessons}
ACTS = {
    "files.imported": _imported,
    "files.map": _map,
    "lesson.edit": _edit,
    "lesson.save": _save,
    "lesson.rate": _rate,
    "lesson.delete": _delete_lesson,
    "lessons.samples": _samples,
    "lessons.no_samples": _no_samples,
}
