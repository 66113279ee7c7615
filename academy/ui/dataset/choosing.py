"""Which lessons are meant: the controls of a filter and what it chooses, the same for the list of lessons and for a dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from academy.curation.lesson_filter import LessonFilter
from academy.ui.html.elements import Html, div, field, labelled, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look, View
from academy.ui.texts.translate import has, t

ANY, NEVER = "*", "never"
_MOST = 300


def filter_of(view: View, prefix: str) -> LessonFilter:
    """The filter that the state says, under names that begin with the prefix; dates that are none are left out."""
    source = view.text(f"{prefix}_source", ANY)
    values: dict[str, Any] = {
        "query": view.text(f"{prefix}_query").strip(),
        "tags": view.listed(f"{prefix}_tags")[:100],
        "sources": [] if source == ANY else [source[:200]],
        "rating": view.text(f"{prefix}_rating") or None,
        "since": view.text(f"{prefix}_since") or None,
        "until": view.text(f"{prefix}_until") or None,
        "imports": view.listed(f"{prefix}_imports")[:100],
    }
    try:
        return LessonFilter.model_validate(values)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors()}
        return LessonFilter.model_validate({name: value for name, value in values.items() if name not in wrong})


def state_of(view: View, source: str, target: str) -> dict[str, Any]:
    """The filter under one prefix as the state of the same filter under another."""
    texts = {name: view.text(f"{source}_{name}", ANY if name == "source" else "") for name in _TEXTS}
    return {f"{target}_{name}": value for name, value in texts.items()} | {
        f"{target}_{name}": view.listed(f"{source}_{name}") for name in ("tags", "imports")
    }


def state_for(chosen: LessonFilter, target: str) -> dict[str, Any]:
    """A filter as the state of the one under a prefix; of several sources the list can show one."""
    values = chosen.model_dump()
    days = {name: (values[name] or "")[:10] for name in ("since", "until")}
    source = values["sources"][0] if len(values["sources"]) == 1 else ANY
    found = {"query": values["query"], "source": source, "rating": values["rating"] or "", **days}
    return {f"{target}_{name}": value for name, value in (found | {"tags": values["tags"], "imports": values["imports"]}).items()}


def nothing(prefix: str) -> dict[str, Any]:
    """The state of a filter that leaves nothing out."""
    return state_of(View(), prefix, prefix)


_TEXTS = ("query", "source", "rating", "since", "until")


def controls(look: Look, prefix: str, reset: str) -> Html:
    """Tag, source, rating and dates; a change leads to the first page (`reset`)."""
    ratings = [("", t("lessons.any_rating")), ("good", t("lessons.good")), ("none", t("lessons.unrated"))]
    ratings += [("bad", t("lessons.bad"))] if prefix == "lesson" else []
    ratings.append(("corrected", t("lessons.only_corrected")))
    ratings += [(NEVER, t("lessons.never"))] if prefix == "lesson" else []
    sources = look.lessons.get("source_distribution", {})
    named = [(ANY, t("lessons.any_source")), *((name, f"{source_name(name)[:60]} ({number(count)})") for name, count in sources.items())]
    since, until = (view_date(look, prefix, name, reset) for name in ("since", "until"))
    return div(
        _tag_choice(look, prefix, reset),
        _choice(f"{prefix}_source", named, look.text(f"{prefix}_source", ANY), reset, t("lessons.source")),
        _choice(f"{prefix}_rating", ratings, look.text(f"{prefix}_rating"), reset, t("lessons.rating")),
        labelled(t("lessons.since"), since),
        labelled(t("lessons.until"), until),
        cls="ac-filter",
    )


def view_date(view: View, prefix: str, name: str, reset: str) -> Html:
    """A day to choose."""
    key = f"{prefix}_{name}"
    return field(key, view.text(key), kind="date", label=t(f"lessons.{name}"), data_reset=reset)


def _choice(key: str, options: Sequence[tuple[str, str]], value: str, reset: str, label: str) -> Html:
    choices = [tag("option", text, value=name, selected=name == value) for name, text in options]
    return labelled(label, tag("select", *choices, cls="ac-input", data_bind=key, data_reset=reset, aria_label=label))


def _tag_choice(look: Look, prefix: str, reset: str) -> Html:
    """A list from which each choice adds a tag to the filter."""
    counts, chosen = look.lessons.get("tag_distribution", {}), look.listed(f"{prefix}_tags")
    names = [name for name in sorted(counts, key=lambda name: (-counts[name], name)) if name not in chosen][:_MOST]
    options = [
        ("", t("lessons.add_tag") if chosen else t("lessons.any_tag")),
        *((name, f"{name[:60]} ({number(counts[name])})") for name in names),
    ]
    choices = [tag("option", text, value=name) for name, text in options]
    add = tag("select", *choices, cls="ac-input", data_add=f"{prefix}_tags", data_reset=reset, aria_label=t("lessons.tag"))
    return labelled(t("lessons.tag"), add)


def chips(look: Look, prefix: str, reset: str) -> list[Html]:
    """What the filter asks for, each with a click that takes it away."""
    tags = look.listed(f"{prefix}_tags")
    parts = [_chip(name, {reset: 0}, data_toggle=_toggle(prefix, name, to=False)) for name in tags]
    source = look.text(f"{prefix}_source", ANY)
    if source != ANY:
        parts.append(_chip(t("chosen.source", name=source_name(source)), {f"{prefix}_source": ANY, reset: 0}))
    for name in ("rating", "since", "until", "query"):
        if value := look.text(f"{prefix}_{name}").strip():
            shown = t(f"rated.{value}") if has(f"rated.{value}") and name == "rating" else value
            label = t("lessons.never") if value == NEVER and name == "rating" else t(f"chosen.{name}", value=shown)
            parts.append(_chip(label, {f"{prefix}_{name}": "", reset: 0}))
    if imports := look.listed(f"{prefix}_imports"):
        names = [item.name for item in look.academy.lessons.imports() if item.import_id in imports]
        parts.append(_chip(t("chosen.import", names=", ".join(names[:3])), {f"{prefix}_imports": [], reset: 0}))
    return parts


def _chip(label: str, state: dict[str, Any], **more: Any) -> Html:
    words = tag("span", label, cls="ac-cut")
    sign = tag("span", Html("×"), aria_hidden="true")
    title = t("chosen.remove", name=label)
    return tag("button", words, sign, type="button", cls="ac-tag ac-chosen", title=title, data_set=json.dumps(state), **more)


def _toggle(prefix: str, name: str, *, to: bool) -> str:
    """A tag that a click puts into the filter, or takes out of it, as the filter is at the click."""
    return json.dumps({"list": f"{prefix}_tags", "item": name, "to": to})


def tag_chip(name: str, prefix: str, reset: str) -> Html:
    """A tag that adds itself to the filter."""
    title, put = t("lessons.by_tag", name=name), _toggle(prefix, name, to=True)
    return tag("button", name, type="button", cls="ac-tag ac-cut", title=title, data_set=json.dumps({reset: 0}), data_toggle=put)


def source_name(source: str) -> str:
    """A source in words: the samples, the chat, by hand, or the name of the file."""
    return t(f"from.{source}") if source in ("sample", "chat") else source or t("from.hand")
