"""One dataset, opened: its sources, its rows as the model sees them, the dropped rows, the lengths in tokens, the redactions."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from academy.curation.datasets import Manifest
from academy.curation.filters import LABELS
from academy.rows import conversation
from academy.ui.dataset import lengths
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
    short,
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
_SOURCES = ("lessons", "git", "uploads")


def _opened(look: Look) -> Html:
    item = look.dataset
    if item is None:
        return Html("")
    sources = [(t(f"source.{name}") if name in _SOURCES else name, count) for name, count in (item.statistics.get("sources") or {}).items()]
    actions = [
        button(t("open.train"), "dataset.train", id=item.id),
        tag("a", t("download"), cls="ac-btn", href=f"api/v1/academy/datasets/{item.id}/file", download=True),
    ]
    return div(
        div(
            div(tag("h2", item.name, cls="ac-cut", title=item.name), when(item.created_at), cls="ac-row ac-baseline"),
            div(*actions, cls="ac-row"),
            cls="ac-job-head",
        ),
        tag("p", _sentence(item), cls="ac-sentence"),
        *[notice(say(text), kind="warn") for text in item.warnings[:5]],
        bars(sources) if len(sources) > 1 else "",
        div(*_part_buttons(item, _part_name(look)), cls="ac-segments"),
        cls="ac-card ac-open",
    )


def _part_buttons(item: Manifest, chosen: str) -> list[Html]:
    numbers = item.statistics
    held, secrets = numbers.get("eval_examples", 0), numbers.get("redacted_secrets")
    counts: dict[str, int | None] = {"rows": numbers.get("train_examples", 0)} | ({"held": held} if held else {})
    counts |= {"dropped": numbers.get("removed_low_quality", 0) + numbers.get("removed_duplicates", 0), "lengths": None}
    counts |= {"secrets": secrets} if secrets else {}
    return [
        tag(
            "button",
            t(f"open.{name}"),
            span(number(count), cls="ac-soft ac-num") if count is not None else "",
            type="button",
            cls="ac-segment" + (" is-on" if name == chosen else ""),
            data_set=json.dumps({"ds_part": name, "ds_page": 0}),
            aria_pressed="true" if name == chosen else "false",
        )
        for name, count in counts.items()
    ]


def _sentence(item: Manifest) -> str:
    """The sources and what was left out, in one sentence."""
    numbers = item.statistics
    sources = [
        plural(f"count.{name}", count) if name in _SOURCES else f"{number(count)} {name}"
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
    return _rows(look, item, trained=name == "rows")


def _rows(look: Look, item: Manifest, *, trained: bool) -> Html:
    count = item.statistics.get("train_examples" if trained else "eval_examples", 0)
    page = _page(look, count)
    rows = []
    for index, row in enumerate(look.academy.datasets.rows(item.id, page * _ROWS, _ROWS, "train" if trained else "eval"), page * _ROWS):
        as_tokens = button(t("open.tokens"), "row.tokens", kind="quiet small", title=t("open.tokens_title"), id=item.id, row=index)
        label = span(number(index + 1), cls="ac-soft ac-num ac-row-number")
        rows.append(div(label, turns_shown(conversation(row)), as_tokens if trained else "", cls="ac-example"))
    return div(*rows, pager("ds_page", page, _ROWS, count), cls="ac-card ac-examples")


def _page(view: View, count: int) -> int:
    return min(view.number("ds_page"), max(0, (count - 1) // _ROWS))


def turns_shown(turns: Sequence[tuple[str, str]]) -> Html:
    """A conversation, each turn with its role."""
    shown = [
        div(
            span(t(f"role.{role}") if role in ("system", "user", "assistant") else role, cls=f"ac-role ac-role-{role}"),
            span(short(text), cls="ac-text"),
            cls="ac-turn-line",
        )
        for role, text in turns[:20]
    ]
    return div(*shown, cls="ac-conversation")


def dropped(item: Manifest, view: View) -> Html:
    """The rows that a rule left out, by rule, each with a switch to keep it anyway."""
    if not item.dropped:
        return div(_commits(item), empty(t("dropped.none"), t("dropped.none_text")), cls="ac-card")
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
        div(bars([(label, count) for _, label, count in counts[:8]], kind="is-warn"), cls="ac-pad") if len(rules) > 1 else "",
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
    turns = [("user", str(entry.get("question", ""))), ("assistant", str(entry.get("answer", "")))]
    why = div(span(why_dropped(entry), cls="ac-reason"), span(_origin(entry), cls="ac-soft ac-cut"), cls="ac-row")
    return div(
        switch(f"keep:{entry.get('key')}", keep, t("dropped.keep"), written=False),
        div(why, turns_shown(turns), cls="ac-grow"),
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
    return div(tag("p", sentence, cls="ac-soft"), bars(left_out, kind="is-warn"), cls="ac-pad")


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
    rows = [_redaction(entry, str(entry.get("key")) in out) for entry in matches[page * _ROWS : (page + 1) * _ROWS]]
    again = button(t("secrets.again", n=len(out)), "dataset.keep", kind="primary small", id=item.id) if out else ""
    return div(
        tag("p", t("secrets.help"), cls="ac-soft ac-pad"),
        div(select("secret_kind", choices, chosen, label=t("secrets.kind")), again, cls="ac-row ac-pad") if item.redactions else "",
        *rows,
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
    reason = say(entry.get("reason")) or _label(str(entry.get("rule")))
    reason = re.sub(r"\b(as|by) lesson \S+?(?=[.,]?(?:\s|$))", rf"\1 {t('dropped.another_lesson')}", reason)
    return re.sub(r"\bcommit ([0-9a-f]{8})[0-9a-f]+", r"commit \1", reason)


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
    rows = [button(_choice(other), "dataset.diff", kind="item", first=other.id, second=item.id) for other in others]
    title = t("diff.choose", name=item.name)
    return {"dialog": join([tag("h3", title), scrolling(title, *rows, cls="ac-choices"), closer()])}


def _choice(item: Manifest) -> Html:
    facts = join([esc(plural("count.examples", item.statistics.get("total_examples", 0))), when(item.created_at)], " · ")
    return join([tag("b", item.name), span(facts, cls="ac-soft")], " ")


def _diff(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    first, second = (look.academy.datasets.get(str(data.get(key))) for key in ("first", "second"))
    result = look.academy.datasets.diff(first.id, second.id)
    parts = []
    for key, title in (("new_samples", t("diff.new")), ("gone_samples", t("diff.gone"))):
        samples = [div(turns_shown(conversation(row)), cls="ac-example") for row in result.get(key, [])[:10] if isinstance(row, dict)]
        parts += [div(title, cls="ac-eyebrow"), *samples] if samples else []
    names = [f"{item.name} ({plural('count.examples', item.statistics.get('total_examples', 0))})" for item in (first, second)]
    title = t("diff.title", first=names[0], second=names[1])
    times = join([when(first.created_at), when(second.created_at)], " → ")
    sentence = t("diff.sentence", new=number(result["new"]), gone=number(result["gone"]), same=number(result["same"]))
    return {"dialog": join([tag("h3", title), tag("p", times, cls="ac-soft"), tag("p", sentence), scrolling(title, *parts), closer()])}


REGIONS = {"ds_open": _opened, "ds_part": _part}
ACTS = {"dataset.choose": _choose, "dataset.diff": _diff, "lengths.again": lengths.again, "row.tokens": lengths.show_tokens}
