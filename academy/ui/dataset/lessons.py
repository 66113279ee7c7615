"""The Dataset tab's second view: the lessons, how they are added, corrected and imported."""

from __future__ import annotations

import json
from typing import Any

from academy.curation.files.imports import Detected, FileReport, Refusal
from academy.curation.lessons import Lesson, LessonIn, LessonPatch
from academy.ui.answers import toast
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
    scrolling,
    select,
    short,
    span,
    tag,
    thumb,
)
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

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


def _tags(look: Look) -> Html:
    counts = look.lessons.get("tag_distribution", {})
    names = sorted(counts, key=lambda name: (-counts[name], name))[:300]
    options = [("", t("lessons.any_tag")), *((name, f"{name} ({number(counts[name])})") for name in names)]
    choices = [tag("option", text[:60], value=key, selected=key == look.text("lesson_tag")) for key, text in options]
    return tag("select", *choices, cls="ac-input", data_bind="lesson_tag", data_reset="lesson_page", aria_label=t("lessons.tag"))


def _lessons(look: Look) -> Html:
    query, tag_, rating = look.text("lesson_query").strip(), look.text("lesson_tag"), look.text("lesson_rating")
    page = look.number("lesson_page")
    rated = rating if rating in ("good", "bad") else None
    matches = look.academy.lessons.list(_LESSONS, page * _LESSONS, query, tag_ or None, rated)
    if not matches.count:
        return _no_match() if query or tag_ or rating else _no_lesson()
    head = div(
        span(t("lessons.asked")),
        span(t("lessons.answered")),
        span(t("lessons.tags")),
        span(t("lessons.rated")),
        span(""),
        cls="ac-lesson ac-mail-head",
    )
    rows = [_lesson_row(lesson) for lesson in matches.items]
    return div(head, *rows, pager("lesson_page", page, _LESSONS, matches.count), cls="ac-card ac-lessons")


def _no_match() -> Html:
    everything = json.dumps({"lesson_query": "", "lesson_tag": "", "lesson_rating": "", "lesson_page": 0})
    clear = tag("button", t("lessons.clear"), type="button", cls="ac-btn", data_set=everything)
    return div(empty(t("lessons.no_match"), t("lessons.no_match_text"), clear), cls="ac-card")


def _no_lesson() -> Html:
    samples = button(t("sources.samples"), "lessons.samples", kind="primary")
    return div(empty(t("lessons.none"), t("lessons.none_text"), samples, button(t("lessons.add"), "lesson.edit")), cls="ac-card")


def _lesson_row(lesson: Lesson) -> Html:
    tags = [span(name, cls="ac-tag ac-cut") for name in lesson.tags[:3]]
    tags += [span(f"+{len(lesson.tags) - 3}", cls="ac-soft")] if len(lesson.tags) > 3 else []
    thumbs = [
        button(
            thumb(rating),
            "lesson.rate",
            kind="quiet small" + (" chosen" if lesson.rating == rating else ""),
            title=t(f"chat.{rating}"),
            pressed=lesson.rating == rating,
            id=lesson.lesson_id,
            rating=rating,
        )
        for rating in ("good", "bad")
    ]
    corrected = span(t("lessons.corrected"), cls="ac-pill ac-preparing", title=short(lesson.rejected, 300)) if lesson.rejected else ""
    question = div(short(lesson.situation, 300), cls="ac-clamp")
    opener = {"type": "button", "cls": "ac-plain ac-strong", "data_act": "lesson.edit", "data_id": lesson.lesson_id}
    return div(
        tag("button", question, **opener),
        div(div(short(lesson.action, 300), cls="ac-clamp"), corrected, cls="ac-soft"),
        div(*tags, cls="ac-tags"),
        div(*thumbs, cls="ac-row ac-thumbs"),
        div(_lesson_menu(lesson), cls="ac-row-end"),
        cls="ac-lesson",
        id=f"row-{lesson.lesson_id}",
    )


def _lesson_menu(lesson: Lesson) -> Html:
    sure = t("lessons.delete_sure", text=short(lesson.situation, 80))
    return menu(
        t("more"),
        button(t("edit"), "lesson.edit", kind="item", id=lesson.lesson_id),
        button(t("delete"), "lesson.delete", kind="item danger", confirm=sure, id=lesson.lesson_id),
    )


# ------------------------------------------------------------------ acts


def _edit(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    lesson = look.academy.lessons.get(str(data["id"])) if data.get("id") else None
    rejected = ""
    if lesson and lesson.rejected:
        rejected = tag("p", tag("b", t("lessons.rejected")), " ", short(lesson.rejected, 2000), cls="ac-said")
    dialog = tag(
        "form",
        tag("h3", t("lessons.edit_title" if lesson else "lessons.add_title")),
        *_main_fields(lesson),
        rejected,
        _tags_and_rating(lesson),
        _more_fields(lesson),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="lesson.save",
        data_id=lesson.lesson_id if lesson else None,
    )
    return {"dialog": dialog}


def _main_fields(lesson: Lesson | None) -> list[Html]:
    question = _area("situation", lesson.situation if lesson else "", 3, required=True, autofocus=True)
    answer = _area("action", lesson.action if lesson else "", 6, required=True)
    return [
        labelled(t("lessons.asked"), question, t("lessons.asked_help")),
        labelled(t("lessons.answered"), answer, t("lessons.answered_help")),
    ]


def _tags_and_rating(lesson: Lesson | None) -> Html:
    ratings = [("", t("lessons.unrated")), ("good", t("lessons.good")), ("bad", t("lessons.bad"))]
    tags = field("tags", ", ".join(lesson.tags) if lesson else "", bind=False, label=t("lessons.tags"))
    rating = select("rating", ratings, (lesson.rating or "") if lesson else "", bind=False)
    return div(
        labelled(t("lessons.tags"), tags, t("lessons.tags_help")),
        labelled(t("lessons.rated"), rating, t("lessons.rated_help")),
        cls="ac-pair",
    )


def _more_fields(lesson: Lesson | None) -> Html:
    return tag(
        "details",
        tag("summary", t("lessons.more")),
        labelled(t("lessons.result"), _area("result", lesson.result if lesson else "", 2), t("lessons.result_help")),
        labelled(t("lessons.feedback"), _area("feedback", lesson.feedback if lesson else "", 2)),
    )


def _area(name: str, text: str | None, rows: int, **attributes: Any) -> Html:
    return tag("textarea", text, name=name, cls="ac-input", rows=rows, **attributes)


def _save(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: str(data.get(name, "")) for name in ("situation", "action", "result", "feedback")}
    values |= {"tags": words(str(data.get("tags", ""))), "rating": data.get("rating") or None}
    if data.get("id"):
        look.academy.lessons.update(str(data["id"]), LessonPatch.model_validate(values))
    else:
        look.academy.lessons.add(LessonIn.model_validate(values))
    return {"toast": toast(t("lessons.saved")), "dialog": None}


def _rate(look: Look, data: dict[str, Any]) -> None:
    lesson, rating = look.academy.lessons.get(str(data.get("id"))), data.get("rating")
    patch = LessonPatch.model_validate({"rating": None if lesson.rating == rating else rating})
    look.academy.lessons.update(lesson.lesson_id, patch)


def _delete_lesson(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.lessons.delete(str(data.get("id")))
    return {"toast": toast(t("lessons.deleted"))}


def _samples(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    report = look.academy.lessons.load_samples()
    if report.error:
        return {"toast": toast(say(report.error), "", "bad")}
    return {"toast": toast(plural("lessons.loaded", report.kept))}


def _no_samples(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(plural("lessons.removed", look.academy.lessons.remove_samples()))}


def _imported(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The reports of files that page.js sent to the lessons, row by row."""
    reports = [FileReport.model_validate(entry) for entry in json.loads(str(data.get("files", "[]")))]
    kept, refused = sum(report.kept for report in reports), sum(report.refused for report in reports)
    answer = toast(plural("import.kept", kept), plural("import.refused", refused) if refused else "", "good" if kept else "bad")
    return {"fill": {"lesson-report": reports_shown(reports)}, "toast": answer}


# ------------------------------------------------------------------ files


def reports_shown(reports: list[FileReport]) -> Html:
    """What happened to the rows of each file; the refused ones are listed."""
    parts = []
    for report in reports:
        facts = [plural("import.read", report.read), plural("import.kept", report.kept)]
        facts += [plural("import.known", report.already_there)] if report.already_there else []
        facts += [plural("import.refused", report.refused)] if report.refused else []
        if report.redacted_secrets:
            kinds = ", ".join(f"{kind.replace('-', ' ')} {number(count)}" for kind, count in report.redacted_kinds.items())
            facts.append(f"{plural('count.secrets', report.redacted_secrets)} ({kinds})")
        parts.append(
            div(
                div(tag("b", report.name, cls="ac-cut"), span(", ".join(facts), cls="ac-soft"), cls="ac-row"),
                notice(say(report.error), kind="bad") if report.error else "",
                _by_row(t("import.why"), report.refusals, opened=True),
                _by_row(t("import.notes"), report.notes, opened=False),
                cls="ac-report",
            )
        )
    return join(parts)


def _by_row(title: str, entries: list[Refusal], *, opened: bool) -> Html:
    if not entries:
        return Html("")
    rows = [tag("tr", tag("td", number(entry.row) if entry.row else "", cls="ac-num"), tag("td", say(entry.reason))) for entry in entries]
    head = tag("thead", tag("tr", tag("th", t("import.row")), tag("th", t("import.reason"))))
    table = tag("table", head, tag("tbody", *rows), cls="ac-table")
    return tag("details", tag("summary", title), scrolling(title, table), open=opened)


def _map(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Asks for the columns of a file, with its first rows."""
    entry = json.loads(str(data.get("entry", "{}")))
    name, detected = str(entry.get("name", ""))[:200], Detected.model_validate(entry.get("unclear"))
    columns = [(column, column) for column in detected.columns]
    optional = [("", t("map.none")), *columns]
    chosen = detected.mapping
    second = columns[min(1, len(columns) - 1)][0]
    fields = [
        labelled(t("lessons.asked"), select("situation", columns, chosen.get("situation", columns[0][0]), bind=False)),
        labelled(t("lessons.answered"), select("action", columns, chosen.get("action", second), bind=False)),
        labelled(t("lessons.tags"), select("tags", optional, chosen.get("tags", ""), bind=False)),
    ]
    head = tag("tr", *[tag("th", column) for column in detected.columns[:12]])
    rows = [tag("tr", *[tag("td", short(row.get(column, ""), 80)) for column in detected.columns[:12]]) for row in detected.sample[:4]]
    form = tag(
        "form",
        tag("h3", t("map.title", name=name)),
        tag("p", t("map.text"), cls="ac-soft"),
        scrolling(t("map.text"), tag("table", tag("thead", head), tag("tbody", *rows), cls="ac-table")),
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
    """The words between commas."""
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
