"""The Dataset tab's second view: the lessons, searched, sorted and chosen, changed one by one or many at once."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from academy.curation.lesson_bin import Import
from academy.curation.lesson_filter import LessonFilter, Sort
from academy.curation.lessons import DeletedLesson, Lesson, LessonChange, LessonPatch, whole_of
from academy.messages import language
from academy.rows import wordings_of
from academy.ui.answers import toast
from academy.ui.dataset import editor
from academy.ui.dataset.choosing import NEVER, chips, controls, filter_of, source_name, state_for, state_of, tag_chip
from academy.ui.dataset.editor import history_of, words
from academy.ui.dataset.files import EVERYTHING
from academy.ui.dataset.held import Held, golden_mark, held_lessons
from academy.ui.html.elements import (
    Html,
    button,
    div,
    empty,
    field,
    join,
    live,
    menu,
    notice,
    pager,
    select,
    short,
    span,
    tag,
    thumb,
    when,
)
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_SIZES = (25, 100, 500)
_SORTS: tuple[Sort, ...] = ("newest", "oldest", "added", "rating", "source", "longest", "shortest")
_MOST_UNDONE = 2000
_MOST_TABLES = 16
_RECENT = timedelta(hours=1)
_tables: dict[tuple[object, ...], Html] = {}
"""Tables as they were written last, by all that they show."""


def toolbar() -> Html:
    """Search, sort and add."""
    sorts = [(name, t(f"sort.{name}")) for name in _SORTS]
    choices = [tag("option", text, value=key) for key, text in sorts]
    # Who searches means all lessons, not only those of the last import.
    follows: dict[str, Any] = {"data_reset": "lesson_page", "data_clears": "lesson_imports"}
    search = field("lesson_query", kind="search", placeholder=t("lessons.search_example"), label=t("lessons.search"), **follows)
    return div(
        div(
            search,
            tag("select", *choices, cls="ac-input", data_bind="lesson_sort", data_reset="lesson_page", aria_label=t("sort.label")),
            span(cls="ac-grow"),
            button(t("lessons.add"), "lesson.edit", kind="primary"),
            menu(
                t("more"),
                button(t("wordings.have"), "wordings.write", kind="item"),
                button(t("lessons.bin"), "lessons.bin", kind="item"),
                button(t("lessons.samples"), "lessons.samples", kind="item"),
                button(t("lessons.no_samples"), "lessons.no_samples", kind="item danger", confirm=t("lessons.no_samples_sure")),
            ),
            cls="ac-row ac-toolbar",
        ),
        live("lesson_filter"),
        cls="ac-stack-tight",
    )


def _filter(look: Look) -> Html:
    """What is shown: the controls, and what was chosen, each taken away with a click."""
    if look.flag("lesson_bin"):
        return Html("")
    chosen = chips(look, "lesson", "lesson_page")
    actions: list[Html] = []
    if chosen:
        actions.append(tag("button", t("lessons.clear"), type="button", cls="ac-btn ac-btn-small", data_set=json.dumps(EVERYTHING)))
        if look.text("lesson_rating") != NEVER:  # of these there can be none
            actions.append(button(t("lessons.to_dataset"), "lessons.to_dataset", kind="small", title=t("lessons.to_dataset_title")))
    shown = div(*chosen, *actions, cls="ac-row ac-chosen-row", role="group", aria_label=t("lessons.filtered")) if chosen else ""
    return join([controls(look, "lesson", "lesson_page"), shown])


def _lessons(look: Look) -> Html:
    if look.flag("lesson_bin"):
        return _bin(look)
    chosen, held = filter_of(look, "lesson"), held_lessons(look)
    # As long as nothing has changed, the same rows are not written again: a page may have five hundred.
    picked = tuple(look.listed("picked"))
    shown = (_sort(look), look.number("lesson_page"), _size(look), chosen.model_dump_json(), picked)
    key = (look.academy.lessons.revision(), language.get(), str(look.academy.settings.data_dir), shown, held)
    table = _tables.get(key)
    if table is None:
        table = _table(look, chosen, set(picked), held)
        while len(_tables) >= _MOST_TABLES:
            _tables.pop(next(iter(_tables)), None)
        _tables[key] = table
    return div(_imported(look, chosen), table, cls="ac-stack-tight")


def _table(look: Look, chosen: LessonFilter, picked: set[str], held: Held) -> Html:
    page, size = look.number("lesson_page"), _size(look)
    matches = look.academy.lessons.find(chosen, _sort(look), size, page * size)
    if not matches.count:
        return _no_lesson() if chosen.is_all else _no_match(chosen)
    head = div(
        _box("page", "", t("pick.page"), all(lesson.lesson_id in picked for lesson in matches.items)),
        *[span(t(f"lessons.{name}"), cls=f"ac-lesson-{name}") for name in ("asked", "answered", "tags", "source", "rated")],
        span(""),
        cls="ac-lesson ac-mail-head",
    )
    rows = [_lesson_row(look, lesson, lesson.lesson_id in picked, held) for lesson in matches.items]
    return div(head, *rows, _pages(page, size, matches.count), cls="ac-card ac-lessons")


def _sort(look: Look) -> Sort:
    sorts: dict[str, Sort] = {name: name for name in _SORTS}
    return sorts.get(look.text("lesson_sort"), "newest")


def _size(look: Look) -> int:
    size = look.number("lesson_size", _SIZES[0])
    return size if size in _SIZES else _SIZES[0]


def _pages(page: int, size: int, count: int) -> Html:
    sizes = [(str(n), t("pager.size", n=number(n))) for n in _SIZES]
    choices = [tag("option", text, value=key, selected=key == str(size)) for key, text in sizes]
    chooser = tag("select", *choices, cls="ac-input", data_bind="lesson_size", data_reset="lesson_page", aria_label=t("pager.sizes"))
    return div(chooser if count > _SIZES[0] else "", pager("lesson_page", page, size, count), cls="ac-pages")


def _imported(look: Look, chosen: LessonFilter) -> Html | str:
    """Above lessons that were just imported, alone or among all others: the button that takes them away again."""
    if not chosen.imports and not chosen.is_all:
        return ""
    latest = look.academy.lessons.imports()
    known = [item for item in latest if item.import_id in chosen.imports] if chosen.imports else [*filter(_is_recent, latest[:1])]
    if not known:
        return ""
    names, ids = ", ".join(item.name for item in known[:3]), [item.import_id for item in known]
    undo = button(t("import.undo"), "import.undo", kind="small", ids=json.dumps(ids))
    state = json.dumps({"lesson_imports": ids, "lesson_page": 0})
    only = "" if chosen.imports else tag("button", t("import.only"), type="button", cls="ac-btn ac-btn-small", data_set=state)
    said = plural("import.shown", sum(item.added for item in known))
    told = [name for name in ids if look.academy.lessons.import_report(name)]
    title = t("import.report_title")
    report = button(t("import.report"), "import.report", kind="small", title=title, ids=json.dumps(told)) if told else ""
    return notice(said, join([names, " · ", when(known[0].created_at)]), only, report, undo, kind="info")


def _is_recent(item: Import) -> bool:
    """Whether an import is so new that a person may want to take it back."""
    return datetime.now(UTC) - datetime.fromisoformat(item.created_at) < _RECENT


def _no_match(chosen: LessonFilter) -> Html:
    why = t("lessons.no_day" if chosen.since and chosen.until and chosen.since > chosen.until else "lessons.no_match_text")
    clear = tag("button", t("lessons.clear"), type="button", cls="ac-btn", data_set=json.dumps(EVERYTHING))
    return div(empty(t("lessons.no_match"), why, clear), cls="ac-card")


def _no_lesson() -> Html:
    samples = button(t("sources.samples"), "lessons.samples", kind="primary")
    return div(empty(t("lessons.none"), t("lessons.none_text"), samples, button(t("lessons.add"), "lesson.edit")), cls="ac-card")


def _box(pick: str, lesson_id: str, label: str, on: bool) -> Html:
    return tag("input", type="checkbox", cls="ac-pick", data_pick=pick, data_id=lesson_id or None, checked=on, aria_label=label)


def _lesson_row(look: Look, lesson: Lesson, picked: bool, held: Held) -> Html:
    tags = [tag_chip(name, "lesson", "lesson_page") for name in lesson.tags[:3]]
    tags += [span(f"+{len(lesson.tags) - 3}", cls="ac-soft", title=", ".join(lesson.tags[3:20]))] if len(lesson.tags) > 3 else []
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
    opener = {"type": "button", "cls": "ac-plain ac-strong", "data_act": "lesson.edit", "data_id": lesson.lesson_id}
    source = str(lesson.metadata.get("source") or "")
    return div(
        _box("one", lesson.lesson_id, t("pick.one", text=short(lesson.situation, 80)), picked),
        div(_earlier(lesson), tag("button", div(short(lesson.situation, 300), cls="ac-clamp"), **opener), cls="ac-lesson-asked"),
        div(div(short(lesson.action, 300), cls="ac-clamp"), *_marks(lesson, held), cls="ac-soft ac-lesson-answered"),
        div(*tags, cls="ac-tags ac-lesson-tags"),
        div(source_name(source), cls="ac-soft ac-cut ac-lesson-source", title=source or None),
        div(*thumbs, cls="ac-row ac-thumbs"),
        div(_lesson_menu(lesson), cls="ac-row-end"),
        cls="ac-lesson" + (" is-picked" if picked else ""),
        id=f"row-{lesson.lesson_id}",
    )


def _earlier(lesson: Lesson) -> Html | str:
    """How many turns stand before the question, and the last of them."""
    pairs = history_of(lesson.metadata)
    if whole := [turn for turn in whole_of(lesson.metadata)[:-1] if turn.role in ("user", "assistant", "tool")]:
        pairs = [(turn.content or turn.calls,) for turn in whole]
    if not pairs:
        return ""
    before = " — ".join(short(text, 120) for text in pairs[-1])
    return div(tag("b", plural("turns.title", len(pairs))), " ", before, cls="ac-soft ac-clamp ac-before", title=before)


def _marks(lesson: Lesson, held: Held) -> list[Html]:
    parts = []
    if lesson.rejected:
        parts.append(span(t("lessons.corrected"), cls="ac-pill ac-preparing", title=short(lesson.rejected, 300)))
    if wordings := wordings_of(lesson.metadata):
        parts.append(span(plural("wordings.count", len(wordings)), cls="ac-pill", title=short(" · ".join(wordings), 300)))
    golden = (t("held.golden"), t("held.golden_title")) if golden_mark(lesson.tags) else None
    if mark := golden or (held.mark if lesson.lesson_id in held.lessons else None):
        parts.append(span(mark[0], cls="ac-pill ac-held", title=mark[1]))
    return parts


def _lesson_menu(lesson: Lesson) -> Html:
    return menu(
        t("more"),
        button(t("edit"), "lesson.edit", kind="item", id=lesson.lesson_id),
        button(t("delete"), "lesson.delete", kind="item danger", id=lesson.lesson_id),
    )


# ------------------------------------------------------------------ many at once


def _bulk(look: Look) -> Html:
    """What can be done with the lessons that are picked; empty where none is."""
    picked, chosen = look.listed("picked"), filter_of(look, "lesson")
    if not picked or look.flag("lesson_bin"):
        return Html("")
    everything = look.text("picked_all") == _mark_of(chosen)
    matches = look.academy.lessons.find(chosen, limit=0).count
    count = matches if everything else len(picked)
    actions = [("tag", t("bulk.tag")), ("untag", t("bulk.untag"))]
    tagging = tag(
        "form",
        select("action", actions, "tag", bind=False, label=t("bulk.tagging")),
        field("tags", bind=False, label=t("bulk.tags"), placeholder=t("bulk.tags_example"), required=True),
        tag("button", t("bulk.apply"), type="submit", cls="ac-btn ac-btn-small"),
        cls="ac-row",
        data_act="lessons.bulk",
    )
    # It stays where it is when it has no use: a button that moves away leaves another one under the pointer.
    all_of_them, none = json.dumps({"picked_all": _mark_of(chosen)}), json.dumps({"picked": [], "picked_all": ""})
    label, done = t("pick.all", n=number(matches)), everything or matches <= len(picked)
    every = tag("button", label, type="button", cls="ac-btn ac-btn-small", disabled=done, data_set=all_of_them)
    rates = [
        button(thumb(name), "lessons.bulk", kind="small", title=t(f"bulk.{name}"), action="rate", rating=name) for name in ("good", "bad")
    ]
    return div(
        tag("b", plural("pick.count", count)),
        every,
        tagging,
        *rates,
        button(t("lessons.unrated"), "lessons.bulk", kind="small", title=t("bulk.none"), action="rate"),
        button(t("wordings.bulk"), "wordings.write", kind="small", title=t("wordings.bulk_title"), picked="1"),
        button(t("delete"), "lessons.bulk", kind="small danger", action="delete"),
        tag("button", t("pick.none"), type="button", cls="ac-btn ac-btn-small ac-btn-quiet", data_set=none),
        cls="ac-row ac-bulk",
        role="group",
        aria_label=t("pick.label"),
    )


def _mark_of(chosen: LessonFilter) -> str:
    """A name for a filter: all that match are picked only as long as it is the same."""
    return hashlib.blake2b(chosen.model_dump_json().encode(), digest_size=9).hexdigest()


def picked_ids(look: Look, most: int) -> list[str]:
    """The lessons that are picked, or the newest of all that match where all are."""
    every = filter_of(look, "lesson")
    if look.text("picked_all") == _mark_of(every):
        return [lesson.lesson_id for lesson in look.academy.lessons.find(every, limit=most).items]
    return look.listed("picked")[:most]


def _change_many(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    action = str(data.get("action"))
    every = filter_of(look, "lesson")
    chosen: dict[str, Any] = {"filter": every} if look.text("picked_all") == _mark_of(every) else {"lesson_ids": look.listed("picked")}
    values = {"action": action, "tags": words(str(data.get("tags", ""))), "rating": data.get("rating") or None}
    gone = look.academy.lessons.find(chosen["filter"], limit=_MOST_UNDONE).items if action == "delete" and "filter" in chosen else []
    count = look.academy.lessons.change_many(LessonChange.model_validate(values | chosen))
    if action != "delete":
        return {"toast": toast(plural("bulk.changed", count))}
    ids = [lesson.lesson_id for lesson in gone] or look.listed("picked")
    return _deleted(count, ids) | {"state": {"picked": [], "picked_all": ""}}


def _deleted(count: int, ids: list[str]) -> dict[str, Any]:
    """That lessons are gone, and how they come back."""
    said: dict[str, Any] = toast(plural("lessons.gone", count), t("lessons.gone_hint"))
    if count <= _MOST_UNDONE:
        said["action"] = {"label": t("undo"), "act": "lessons.restore", "data": {"ids": json.dumps(ids)}}
    return {"toast": said}


# ------------------------------------------------------------------ the bin


def _bin(look: Look) -> Html:
    page, size = look.number("lesson_page"), _size(look)
    count, items = look.academy.lessons.deleted(size, page * size)
    back = tag("button", t("bin.back"), type="button", cls="ac-btn", data_set=json.dumps({"lesson_bin": False, "lesson_page": 0}))
    if not count:
        return div(empty(t("bin.none"), t("bin.none_text"), back), cls="ac-card")
    everything = button(t("bin.restore_all"), "lessons.restore_all")
    forget = button(t("bin.empty"), "lessons.forget", kind="danger", confirm=plural("bin.empty_sure", count))
    return div(
        div(tag("b", t("bin.title")), span(t("bin.text"), cls="ac-soft ac-grow"), everything, forget, back, cls="ac-row"),
        div(*[_bin_row(lesson) for lesson in items], _pages(page, size, count), cls="ac-card ac-lessons"),
        cls="ac-stack-tight",
    )


def _bin_row(lesson: DeletedLesson) -> Html:
    restore = button(t("bin.restore"), "lessons.restore", kind="small", ids=json.dumps([lesson.lesson_id]))
    return div(
        div(short(lesson.situation, 300), cls="ac-clamp ac-strong"),
        div(short(lesson.action, 300), cls="ac-clamp ac-soft"),
        when(lesson.deleted_at),
        div(restore, cls="ac-row-end"),
        cls="ac-lesson ac-binned",
        id=f"bin-{lesson.lesson_id}",
    )


# ------------------------------------------------------------------ acts


def _rate(look: Look, data: dict[str, Any]) -> None:
    lesson, rating = look.academy.lessons.get(str(data.get("id"))), data.get("rating")
    patch = LessonPatch.model_validate({"rating": None if lesson.rating == rating else rating})
    look.academy.lessons.update(lesson.lesson_id, patch)


def _delete_lesson(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    name = str(data.get("id"))
    look.academy.lessons.delete(name)
    return _deleted(1, [name]) | {"unpick": name}


def _restore(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    ids = json.loads(str(data.get("ids", "[]")))
    count = look.academy.lessons.change_many(LessonChange.model_validate({"action": "restore", "lesson_ids": ids}))
    return {"toast": toast(plural("bin.restored", count) if count else t("bin.there"))}


def _restore_all(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    restored, more = 0, True
    while more and (items := look.academy.lessons.deleted(_MOST_UNDONE, 0)[1]):
        change = LessonChange.model_validate({"action": "restore", "lesson_ids": [lesson.lesson_id for lesson in items]})
        restored += (more := look.academy.lessons.change_many(change))
    return {"toast": toast(plural("bin.restored", restored)), "state": {"lesson_bin": False, "lesson_page": 0}}


def _show_bin(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"state": {"lesson_bin": True, "lesson_page": 0, "picked": [], "picked_all": ""}}


def _forget(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(plural("bin.forgotten", look.academy.lessons.empty_bin())), "state": {"lesson_bin": False, "lesson_page": 0}}


def _to_dataset(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Chooses for the next dataset what the list shows."""
    state = state_of(look, "lesson", "src") | {"dataset_view": "make", "src_lessons": True}
    return {"state": state, "top": True, "focus": '[data-act="dataset.make"]'}


def _never(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The lessons that a dataset, or the one that was just looked at, left out because they are never trained."""
    chosen = filter_of(look, "src")
    if name := str(data.get("id") or ""):
        chosen = LessonFilter.model_validate(look.academy.datasets.get(name).request.get("lesson_filter") or {})
    state = EVERYTHING | state_for(chosen, "lesson") | {"lesson_rating": NEVER, "dataset_view": "lessons"}
    return {"dialog": None, "state": state, "top": True}


def _samples(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    report = look.academy.lessons.load_samples()
    if report.error:
        return {"toast": toast(say(report.error), "", "bad")}
    return {"toast": toast(plural("lessons.loaded", report.new))}


def _no_samples(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(plural("lessons.removed", look.academy.lessons.remove_samples()))}


REGIONS = {"lesson_filter": _filter, "lesson_bulk": _bulk, "lessons": _lessons}
ACTS = {
    **editor.ACTS,
    "lesson.rate": _rate,
    "lesson.delete": _delete_lesson,
    "lessons.bulk": _change_many,
    "lessons.restore": _restore,
    "lessons.restore_all": _restore_all,
    "lessons.bin": _show_bin,
    "lessons.forget": _forget,
    "lessons.to_dataset": _to_dataset,
    "lessons.never": _never,
    "lessons.samples": _samples,
    "lessons.no_samples": _no_samples,
}
