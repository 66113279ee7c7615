"""One dataset, opened: its sources, its rows as the model sees them, the dropped rows, the lengths in tokens, the redactions."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from academy.curation.datasets import Manifest
from academy.curation.filters import LABELS, by_rule
from academy.curation.lessons import LEFT_OUT
from academy.messages import Message, from_json, msg
from academy.rows import Turn, conversation
from academy.ui.dataset import held, lengths, rows
from academy.ui.dataset.choosing import source_name
from academy.ui.dataset.held import held_words, is_taught
from academy.ui.html.elements import (
    Html,
    button,
    closer,
    div,
    empty,
    esc,
    join,
    notice,
    pager,
    scrolling,
    select,
    span,
    switch,
    tag,
    when,
)
from academy.ui.html.numbers import number
from academy.ui.html.plots import bars
from academy.ui.look import Look, View
from academy.ui.texts.translate import plural, say, t

_ROWS = 12
_PARTS = ("rows", "held", "dropped", "lengths", "secrets")
_SOURCES = rows.SOURCES
_SAID = (("query", 200), ("since", 10), ("until", 10))  # of a moment, the day


def _opened(look: Look) -> Html:
    item = look.dataset
    if item is None:
        return Html("")
    sources = [(t(f"source.{name}") if name in _SOURCES else name, count) for name, count in (item.statistics.get("sources") or {}).items()]
    held_out, golden = item.statistics.get("eval_examples", 0), item.statistics.get("golden_examples") or 0
    taught = is_taught(look, item)
    all_of_it = held_out > golden and not taught
    actions = [
        button(t("open.train"), "dataset.train", id=item.id),
        button(t("held.whole"), "dataset.whole", title=t("held.whole_title"), id=item.id) if all_of_it else "",
        tag("a", t("download"), cls="ac-btn", href=f"api/v1/academy/datasets/{item.id}/file", download=True),
    ]
    return div(
        div(
            div(tag("h2", item.name, cls="ac-cut", title=item.name), when(item.created_at), cls="ac-row ac-baseline"),
            div(*actions, cls="ac-row"),
            cls="ac-job-head",
        ),
        tag("p", _sentence(look, item), cls="ac-sentence"),
        _chosen(item),
        _notes(item),
        _redacted_answers(item),
        bars(sources) if len(sources) > 1 else "",
        div(*_part_buttons(item, _part_name(look), taught=taught), cls="ac-segments"),
        cls="ac-card ac-open",
    )


def _part_buttons(item: Manifest, chosen: str, *, taught: bool) -> list[Html]:
    numbers = item.statistics
    held, secrets = numbers.get("eval_examples", 0), numbers.get("redacted_secrets")
    counts: dict[str, int | None] = {"rows": numbers.get("train_examples", 0)} | ({"held": held} if held else {})
    left_out = sum((numbers.get("commits_left_out") or {}).values())
    counts |= {"dropped": numbers.get("removed_low_quality", 0) + numbers.get("removed_duplicates", 0) + left_out, "lengths": None}
    counts |= {"secrets": secrets} if secrets else {}
    return [
        tag(
            "button",
            t("open.held_taught" if name == "held" and taught else f"open.{name}"),
            span(number(count), cls="ac-soft ac-num") if count is not None else "",
            type="button",
            cls="ac-segment" + (" is-on" if name == chosen else ""),
            aria_pressed="true" if name == chosen else "false",
            data_set=json.dumps({"ds_part": name, "ds_page": 0, "ds_only": ""}),
        )
        for name, count in counts.items()
    ]


def _sentence(look: Look, item: Manifest) -> str:
    """The sources and what was left out, in one sentence."""
    numbers = item.statistics
    sources = [
        plural(f"count.{name}", count) if name in _SOURCES else f"{number(count)} {name}"
        for name, count in (numbers.get("sources") or {}).items()
        if count
    ]
    text = plural("count.examples", numbers.get("total_examples", 0)) + (": " + ", ".join(sources) if sources else "")
    dropped_rules = Counter(numbers.get("removed_by_rule") or {})
    if by_hand := dropped_rules.pop("unwanted", 0):
        text += "; " + t("open.by_hand", n=number(by_hand))
    if dropped_rules:
        text += "; " + t("open.left_out", reasons=", ".join(say(rule) for rule in by_rule(dropped_rules)))
    if commits := numbers.get("commits_left_out"):
        reasons = ", ".join(f"{number(count)} {say(label)}" for label, count in commits.items())
        text += "; " + t("open.commits", n=number(sum(commits.values())), reasons=reasons)
    if numbers.get("redacted_secrets"):
        text += "; " + plural("count.secrets", numbers["redacted_secrets"])
    text += "".join(f"; {words}" for words in held_words(look, item))
    preferences = numbers.get("preferences") or {}
    if told := [plural(f"count.{name}", preferences[name]) for name in ("pairs", "good", "bad") if preferences.get(name)]:
        text += "; " + t("open.preferences", what=", ".join(told))
    return text + "."


def _chosen(item: Manifest) -> Html | str:
    """Which lessons were chosen, where it is not all of them."""
    chosen = (item.request.get("lesson_filter") or {}) if item.request.get("include_lessons", True) else {}
    words = [*chosen.get("tags", []), *(source_name(source) for source in chosen.get("sources", []))]
    words += [t(f"rated.{chosen['rating']}")] if chosen.get("rating") else []
    words += [t(f"chosen.{name}", value=str(chosen[name])[:most]) for name, most in _SAID if chosen.get(name)]
    return tag("p", t("open.chosen", words=", ".join(words)), cls="ac-soft") if words else ""


def _notes(item: Manifest) -> Html | str:
    """The warnings: one is shown, several are folded."""
    notes = item.warnings[:20]
    if len(notes) < 2:
        return notice(say(notes[0]), "", lead_of(notes[0], item.id), kind="info") if notes else ""
    listed = tag("ul", *[tag("li", say(text), " ", lead_of(text, item.id)) for text in notes], cls="ac-notes")
    return tag("details", tag("summary", plural("open.notes", len(notes))), listed, cls="ac-folded")


def lead_of(note: Any, dataset_id: str = "") -> Html | str:
    """What leads from a note to the lessons that it speaks of."""
    text = note if isinstance(note, Message) else from_json(note)
    if not isinstance(text, Message) or text.key != LEFT_OUT:
        return ""
    return button(t("lessons.show_never"), "lessons.never", kind="small", id=dataset_id)


def _redacted_answers(item: Manifest) -> Html | str:
    """Rows that would teach the mark of a secret, and the click that leaves them out."""
    count = item.statistics.get("redacted_answers", 0)
    leave_out = button(plural("open.leave_out", count), "dataset.without_marks", kind="small", id=item.id)
    return notice(plural("open.redacted_answers", count), t("open.redacted_hint"), leave_out, kind="warn") if count else ""


def _part_name(view: View) -> str:
    name = view.text("ds_part")
    return name if name in _PARTS else "rows"


def _part(look: Look) -> Html:
    item = look.dataset
    if item is None:
        return Html("")
    name = _part_name(look)
    if name == "lengths":
        return lengths.lengths(look, item)
    if name in ("dropped", "secrets"):
        whole = look.academy.datasets.get(item.id)
        return dropped(whole, look) if name == "dropped" else redactions(whole, look)
    return rows.shown(look, item, trained=name == "rows")


def _page(view: View, count: int) -> int:
    return min(view.number("ds_page"), max(0, (count - 1) // _ROWS))


def dropped(item: Manifest, view: View) -> Html:
    """The rows that a rule left out, by rule, each with a switch to keep it anyway."""
    if not item.dropped:
        return div(
            _commits(item), empty(t("dropped.none"), t("dropped.none_noted" if item.warnings else "dropped.none_text")), cls="ac-card"
        )
    rules = Counter(str(entry.get("rule")) for entry in item.dropped)
    chosen = view.text("dropped_reason")
    chosen = chosen if chosen in rules else ""
    counts = [(rule, _label(rule), count) for rule, count in rules.most_common()]
    choices = [
        ("", t("dropped.all", n=number(len(item.dropped)))),
        *((rule, f"{label} ({number(count)})") for rule, label, count in counts),
    ]
    matches = [entry for entry in item.dropped if not chosen or str(entry.get("rule")) == chosen]
    page = _page(view, len(matches))
    kept = sum(view.flag(f"keep:{entry.get('key')}") for entry in item.dropped)
    again = button(t("dropped.again", n=kept), "dataset.keep", kind="primary small", id=item.id) if kept else ""
    return div(
        _commits(item),
        div(
            select("dropped_reason", choices, chosen, label=t("dropped.reason")),
            again or span(t("dropped.help"), cls="ac-soft"),
            cls="ac-row ac-pad",
        ),
        *[_dropped_row(entry, view.flag(f"keep:{entry.get('key')}")) for entry in matches[page * _ROWS : (page + 1) * _ROWS]],
        pager("ds_page", page, _ROWS, len(matches)),
        cls="ac-card ac-examples",
    )


def _dropped_row(entry: Mapping[str, Any], keep: bool) -> Html:
    turns = [Turn("user", str(entry.get("question", ""))), Turn("assistant", str(entry.get("answer", "")))]
    why = div(span(why_dropped(entry), cls="ac-reason"), span(_origin(entry), cls="ac-soft ac-cut"), cls="ac-row")
    return div(
        switch(f"keep:{entry.get('key')}", keep, t("dropped.keep"), written=False),
        div(why, rows.turns_shown(turns), cls="ac-grow"),
        cls="ac-example",
        id=f"dropped-{entry.get('key')}",
    )


def _commits(item: Manifest) -> Html:
    """How many commits were read, and why most of them became no example."""
    report = item.sources.get("git") or {}
    left_out = [(label, count) for label, count in (report.get("commits_left_out") or {}).items() if isinstance(count, int)]
    if not left_out:
        return Html("")
    read = report.get("commits_read", 0)
    sentence = t("dropped.commits", read=number(read), taken=number(read - sum(count for _, count in left_out)))
    reasons = [tag("li", tag("b", number(count), cls="ac-num"), " ", say(label)) for label, count in left_out]
    none = [(label, count) for label, count in (report.get("patches_left_out") or {}).items() if isinstance(count, int)]
    patches = [tag("li", tag("b", number(count), cls="ac-num"), " ", say(label)) for label, count in none]
    return div(
        tag("p", t("open.teaches", what=say(report["teaches"])), cls="ac-soft") if report.get("teaches") else "",
        tag("p", sentence, cls="ac-soft"),
        tag("ul", *reasons, cls="ac-counts"),
        tag("p", t("dropped.patches"), cls="ac-soft") if patches else "",
        tag("ul", *patches, cls="ac-counts") if patches else "",
        cls="ac-pad",
    )


def redactions(item: Manifest, view: View) -> Html:
    """Every redacted secret, by kind, each with a switch to leave its row out."""
    kinds = Counter(str(entry.get("kind")) for entry in item.redactions)
    chosen = view.text("secret_kind")
    chosen = chosen if chosen in kinds else ""
    choices = [("", t("secrets.all", n=number(len(item.redactions))))]
    choices += [(kind, f"{kind.replace('-', ' ')} ({number(count)})") for kind, count in kinds.most_common()]
    matches = [entry for entry in item.redactions if not chosen or entry.get("kind") == chosen]
    page = _page(view, len(matches))
    out = {str(entry.get("key")) for entry in item.redactions if view.flag(f"out:{entry.get('key')}")}
    entries = [_redaction(entry, str(entry.get("key")) in out) for entry in matches[page * _ROWS : (page + 1) * _ROWS]]
    again = button(t("secrets.again", n=len(out)), "dataset.keep", kind="primary small", id=item.id) if out else ""
    return div(
        tag("p", t("secrets.help"), cls="ac-soft ac-pad"),
        div(select("secret_kind", choices, chosen, label=t("secrets.kind")), again, cls="ac-row ac-pad") if item.redactions else "",
        *entries,
        pager("ds_page", page, _ROWS, len(matches)) if matches else tag("p", t("secrets.none"), cls="ac-soft ac-pad"),
        cls="ac-card ac-examples",
    )


def _redaction(entry: Mapping[str, Any], is_out: bool) -> Html:
    kind = str(entry.get("kind"))
    is_lesson = entry.get("source") == "lessons"
    return div(
        div(
            div(
                span(kind.replace("-", " "), cls="ac-reason"),
                span(_origin(entry), cls="ac-soft ac-cut"),
                span(cls="ac-grow"),
                button(t("secrets.open"), "lesson.edit", kind="quiet small", id=entry.get("origin")) if is_lesson else "",
                switch(f"out:{entry.get('key')}", is_out, t("secrets.out")),
                cls="ac-row",
            ),
            div(entry.get("before", ""), tag("mark", f"[{kind}]"), entry.get("behind", ""), cls="ac-text"),
            cls="ac-grow",
        ),
        cls="ac-example",
    )


def why_dropped(entry: Mapping[str, Any]) -> str:
    """Why a row was dropped, as a sentence without ids; the manifest has the whole one."""
    reason = say(_unnamed(from_json(entry.get("reason")))) or _label(str(entry.get("rule")))
    reason = re.sub(r"\b(as|by) lesson \S+?(?=[.,]?(?:\s|$))", rf"\1 {t('dropped.another_lesson')}", reason)  # of manifests of plain text
    return re.sub(r"\b([Cc]ommit) ([0-9a-f]{8})[0-9a-f]+", r"\1 \2", reason)


def _unnamed(text: Any) -> Any:
    """The text with another lesson instead of its id."""
    if not isinstance(text, Message):
        return text
    if text.key == "lesson {origin}":
        return msg("another lesson")
    return Message(text.key, {name: _unnamed(value) for name, value in text.values.items()}, text.one)


def _label(rule: str) -> str:
    label = say(LABELS.get(rule, rule))
    return label[:1].upper() + label[1:]


def _origin(entry: Mapping[str, Any]) -> str:
    """Where a dropped row comes from: file and row, or the commit; a lesson's id means nothing to a person."""
    origin, source = str(entry.get("origin") or ""), entry.get("source")
    return t("dropped.lesson") if source == "lessons" else origin[:8] if source == "git" else origin


def _choose(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    item = look.academy.datasets.get(str(data.get("id")))
    others = [other for other in look.datasets if other.id != item.id][:50]
    choices = [button(_choice(other), "dataset.diff", kind="item", first=other.id, second=item.id) for other in others]
    title = t("diff.choose", name=item.name)
    return {"dialog": join([tag("h3", title), scrolling(title, *choices, cls="ac-choices"), closer()])}


def _choice(item: Manifest) -> Html:
    facts = join([esc(plural("count.examples", item.statistics.get("total_examples", 0))), when(item.created_at)], " · ")
    return join([tag("b", item.name), span(facts, cls="ac-soft")], " ")


def _diff(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    first, second = (look.academy.datasets.get(str(data.get(key))) for key in ("first", "second"))
    result = look.academy.datasets.diff(first.id, second.id)
    changed, pairs = int(result.get("changed", 0)), result.get("changed_samples", [])
    parts = [div(t("diff.changed"), cls="ac-eyebrow")] if pairs else []
    parts += [_changed_row(pair["before"], pair["after"]) for pair in pairs[:10]]
    for key, title, side in (("new_samples", t("diff.new"), "after"), ("gone_samples", t("diff.gone"), "before")):
        others = [pair[side] for pair in pairs]
        samples = [row for row in result.get(key, []) if isinstance(row, dict) and row not in others][:10]
        parts += [div(title, cls="ac-eyebrow")] if samples else []
        parts += [div(rows.turns_shown(conversation(row)), cls="ac-example") for row in samples]
    names = [f"{item.name} ({plural('count.examples', item.statistics.get('total_examples', 0))})" for item in (first, second)]
    title = t("diff.title", first=names[0], second=names[1])
    times = join([when(first.created_at), when(second.created_at)], " → ")
    counts = {"new": result["new"] - changed, "gone": result["gone"] - changed, "changed": changed, "same": result["same"]}
    sentence = t("diff.sentence", **{name: number(count) for name, count in counts.items()})
    return {"dialog": join([tag("h3", title), tag("p", times, cls="ac-soft"), tag("p", sentence), scrolling(title, *parts), closer()])}


def _changed_row(before: dict[str, Any], after: dict[str, Any]) -> Html:
    """A row in its old and its new form."""
    old, new = (rows.turns_shown(conversation(row)) for row in (before, after))
    return div(div(tag("del", old), tag("ins", new), cls="ac-changed"), cls="ac-example")


REGIONS = {"ds_open": _opened, "ds_part": _part}
ACTS = {**held.ACTS, "dataset.choose": _choose, "dataset.diff": _diff, "lengths.again": lengths.again, "row.tokens": lengths.show_tokens}
