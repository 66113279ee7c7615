"""The form of a lesson: its turns, a system prompt, tags and rating; dataset.js keeps what was typed until it is saved."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from academy.curation.lessons import Lesson, LessonIn, LessonPatch, as_example, whole_of
from academy.curation.redaction.redact import marks
from academy.errors import Invalid
from academy.rows import wordings_of
from academy.services.wordings import with_wordings
from academy.ui.answers import toast
from academy.ui.dataset.rows import turns_shown
from academy.ui.html.elements import Html, div, field, labelled, select, short, span, tag
from academy.ui.look import Look
from academy.ui.texts.translate import plural, t

_MOST_TURNS = 100


def _edit(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"dialog": form(look.academy.lessons.get(str(data["id"])) if data.get("id") else None)}


def form(lesson: Lesson | None, tags: str = "") -> Html:
    """The form to add or change a lesson; a new one begins with the tags of the one before it."""
    rejected = ""
    if lesson and lesson.rejected:
        rejected = tag("p", tag("b", t("lessons.rejected")), " ", short(lesson.rejected, 2000), cls="ac-said")
    following = tag("button", t("lessons.next"), type="submit", name="next", value="1", cls="ac-btn", title=t("lessons.next_keys"))
    restored = tag("button", t("draft.discard"), type="button", cls="ac-btn ac-btn-quiet ac-btn-small", data_do="draft.discard")
    return tag(
        "form",
        tag("h3", t("lessons.edit_title" if lesson else "lessons.add_title")),
        div(span(t("draft.back")), restored, cls="ac-notice ac-notice-info ac-row ac-draft", hidden=True),
        _earlier(lesson),
        *_main_fields(lesson),
        rejected,
        _tags_and_rating(lesson, tags),
        _more_fields(lesson),
        div(
            span(t("lessons.keys" if lesson else "lessons.keys_next"), cls="ac-help ac-grow ac-keys"),
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            "" if lesson else following,
            tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary", title=t("lessons.save_keys")),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="lesson.save",
        data_id=lesson.lesson_id if lesson else None,
        data_draft=lesson.lesson_id if lesson else "new",
    )


def _earlier(lesson: Lesson | None) -> Html:
    """The turns before the last exchange, each pair with its fields; an empty pair is copied for a new one.

    A conversation that is more than pairs is only shown.
    """
    if lesson and whole_of(lesson.metadata):
        shown_whole = [turns_shown(as_example(lesson).turns), tag("p", t("turns.whole_help"), cls="ac-help")]
        return tag("details", tag("summary", t("turns.whole")), *shown_whole, cls="ac-earlier", open=True)
    pairs = history_of(lesson.metadata) if lesson else []
    shown = [_pair(number, asked, answered) for number, (asked, answered) in enumerate(pairs[:_MOST_TURNS])]
    add = tag("button", t("turns.add"), type="button", cls="ac-btn ac-btn-small", data_do="turn.add")
    title = plural("turns.title", len(pairs)) if pairs else t("turns.none")
    return tag(
        "details",
        tag("summary", title),
        div(*shown, cls="ac-turns-edited"),
        tag("template", _pair(0, "", "")),
        add,
        cls="ac-earlier",
        open=bool(pairs),
    )


def _pair(number: int, asked: str, answered: str) -> Html:
    remove = tag("button", t("turns.remove"), type="button", cls="ac-btn ac-btn-quiet ac-btn-small", data_do="turn.remove")
    return div(
        labelled(t("turns.asked"), _area(f"asked:{number}", asked, 2)),
        labelled(t("turns.answered"), _area(f"answered:{number}", answered, 2)),
        remove,
        cls="ac-turn-pair",
    )


def _main_fields(lesson: Lesson | None) -> list[Html]:
    question = _area("situation", lesson.situation if lesson else "", 3, required=True, autofocus=True)
    answer = _area("action", lesson.action if lesson else "", 6, required=True)
    return [
        labelled(t("lessons.asked"), question, t("lessons.asked_help")),
        labelled(t("lessons.answered"), answer, t("lessons.answered_help")),
        _wordings(lesson),
    ]


def _wordings(lesson: Lesson | None) -> Html:
    """Other ways to ask the question, one a line."""
    texts = wordings_of(lesson.metadata) if lesson else []
    area = _area("wordings", "\n".join(" ".join(text.split()) for text in texts), 3)
    title = plural("wordings.count", len(texts)) if texts else t("wordings.field")
    return tag("details", tag("summary", title), labelled(t("wordings.field"), area, t("wordings.help")), open=bool(texts))


def _tags_and_rating(lesson: Lesson | None, before: str) -> Html:
    ratings = [("", t("lessons.unrated")), ("good", t("lessons.good")), ("bad", t("lessons.bad"))]
    tags = field("tags", ", ".join(lesson.tags) if lesson else before, bind=False, label=t("lessons.tags"))
    rating = select("rating", ratings, (lesson.rating or "") if lesson else "", bind=False)
    return div(
        labelled(t("lessons.tags"), tags, t("lessons.tags_help")),
        labelled(t("lessons.rated"), rating, t("lessons.rated_help")),
        cls="ac-pair",
    )


def _more_fields(lesson: Lesson | None) -> Html:
    system = lesson.metadata.get("system") if lesson else ""
    system, whole = system if isinstance(system, str) else "", bool(lesson and whole_of(lesson.metadata))
    return tag(
        "details",
        tag("summary", t("lessons.more")),
        "" if whole else labelled(t("lessons.system"), _area("system", system, 2), t("lessons.system_help")),
        labelled(t("lessons.result"), _area("result", lesson.result if lesson else "", 2), t("lessons.result_help")),
        labelled(t("lessons.feedback"), _area("feedback", lesson.feedback if lesson else "", 2)),
        open=bool(system),
    )


def _area(name: str, text: str | None, rows: int, **attributes: Any) -> Html:
    return tag("textarea", text, name=name, cls="ac-input", rows=rows, **attributes)


def history_of(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """The earlier exchanges in a lesson's metadata, where they are well-formed."""
    history = metadata.get("history")
    if not isinstance(history, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in history):
        return []
    return [(str(asked), str(answered)) for asked, answered in history]


def words(text: str) -> list[str]:
    """The words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _save(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: str(data.get(name, "")) for name in ("situation", "action", "result", "feedback")}
    values |= {"tags": words(str(data.get("tags", ""))), "rating": data.get("rating") or None}
    before = look.academy.lessons.get(str(data["id"])) if data.get("id") else None
    values["metadata"] = _metadata(before.metadata if before else {}, data)
    if before:
        saved = look.academy.lessons.update(before.lesson_id, LessonPatch.model_validate(values))
    else:
        saved = look.academy.lessons.add(LessonIn.model_validate(values))
    answer: dict[str, Any] = {"toast": _said(values, saved), "drop_draft": before.lesson_id if before else "new"}
    return answer | {"dialog": form(None, str(data.get("tags", ""))) if data.get("next") else None}


def _metadata(before: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The metadata with the earlier turns and the system prompt of the form."""
    numbers = sorted(int(match[1]) for name in data if (match := re.fullmatch(r"asked:(\d{1,6})", name)))
    pairs = [[str(data[f"asked:{number}"]), str(data.get(f"answered:{number}", ""))] for number in numbers]
    pairs = [pair for pair in pairs if any(text.strip() for text in pair)]
    if not all(text.strip() for pair in pairs for text in pair):
        raise Invalid("An earlier turn lacks its question or its answer.", hint="Fill it in, or take the turn away.")
    kept = {name: value for name, value in before.items() if name not in ("history", "system")}
    if len(pairs) != len(history_of(before)):
        kept.pop("thinking", None)  # it would stand before other answers
    kept |= {"history": pairs} if pairs else {}
    kept |= {"system": str(data["system"])} if str(data.get("system", "")).strip() else {}
    return with_wordings(kept, str(data["wordings"]).splitlines()) if "wordings" in data else kept


def _said(values: dict[str, Any], saved: Lesson) -> dict[str, Any]:
    """That it was saved, and at once whether secrets were taken out of it."""
    texts = ("situation", "action", "result", "feedback")
    sent = sum((marks(values[name]) for name in texts), Counter[str]())
    stored = sum((marks(getattr(saved, name)) for name in texts), Counter[str]())
    taken = stored - sent
    if not taken:
        return toast(t("lessons.saved"))
    kinds = ", ".join(kind.replace("-", " ") for kind in taken)
    hint = "lessons.redacted_answer" if marks(saved.action) - marks(values["action"]) else "lessons.redacted_hint"
    return toast(plural("lessons.redacted", taken.total()), t(hint, kinds=kinds), "warn")


ACTS = {"lesson.edit": _edit, "lesson.save": _save}
