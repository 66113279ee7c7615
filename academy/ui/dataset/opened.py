"""One dataset, opened: what it was made from, its rows as the model sees them, what was dropped, lengths in tokens, what was redacted."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from academy.curation.filters import LABELS
from academy.rows import conversation
from academy.ui.dataset.lengths import _again, _lengths, _tokens
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
    select,
    short,
    span,
    switch,
    tag,
    when,
)
from academy.ui.html.numbers import number, plural
from academy.ui.html.plots import bars
from academy.ui.live import View
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.curation.datasets import Manifest
    from academy.services.academy import Academy

_ROWS = 12


def _opened(academy: Academy, view: View) -> Html:
    item = chosen_dataset(academy, view)
    if item is None:
        return Html("")
    numbers = item.statistics
    part = _part_name(view)
    dropped = numbers.get("removed_low_quality", 0) + numbers.get("removed_duplicates", 0)
    parts = [("rows", t("open.rows"), numbers.get("train_examples", 0)), ("held", t("open.held"), numbers.get("eval_examples", 0))]
    parts = [entry for entry in parts if entry[0] != "held" or entry[2]]
    parts += [("dropped", t("open.dropped"), dropped), ("lengths", t("open.lengths"), None)]
    parts += [("secrets", t("open.secrets"), secrets)] if (secrets := numbers.get("redacted_secrets")) else []
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
    return name if name in ("rows", "held", "dropped", "lengths", "secrets") else "rows"


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
    item = chosen_dataset(academy, view)
    if item is None:
        return Html("")
    name = _part_name(view)
    if name == "dropped":
        return dropped(academy.datasets.get(item.id), view)
    if name == "lengths":
        return _lengths(academy, item, view)
    if name == "secrets":
        return redactions(academy.datasets.get(item.id), view)
    place = "train" if name == "rows" else "eval"
    count = item.statistics.get("train_examples" if name == "rows" else "eval_examples", 0)
    page = min(view.number("ds_page"), max(0, (count - 1) // _ROWS))
    rows = academy.datasets.rows(item.id, page * _ROWS, _ROWS, place)
    shown = [
        div(
            span(number(page * _ROWS + index + 1), cls="ac-soft ac-num ac-row-number"),
            turns_shown(conversation(row)),
            button(t("open.tokens"), "row.tokens", kind="quiet small", title=t("open.tokens_title"), id=item.id, row=page * _ROWS + index)
            if name == "rows"
            else "",
            cls="ac-example",
        )
        for index, row in enumerate(rows)
    ]
    return div(*shown, pager("ds_page", page, _ROWS, count), cls="ac-card ac-examples")


def turns_shown(turns: list[tuple[str, str]]) -> Html:
    """A conversation, each turn with who says it."""
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
    """What the rules left out, by rule, each row with a switch to keep it all the same."""
    found = item.dropped
    if not found:
        return div(_commits(item), empty(t("dropped.none"), t("dropped.none_text")), cls="ac-card")
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
                turns_shown([("user", str(entry.get("question", ""))), ("assistant", str(entry.get("answer", "")))]),
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
        _commits(item),
        div(bars([(label, count) for _, label, count in counts[:8]], kind="is-warn"), cls="ac-pad") if len(rules) > 1 else "",
        div(select("dropped_reason", choices, chosen, label=t("dropped.reason")), again, cls="ac-row ac-pad"),
        *rows,
        pager("ds_page", page, _ROWS, len(shown)),
        cls="ac-card ac-examples",
    )


def _commits(item: Manifest) -> Html:
    """How many commits were read, and why most of them became no example."""
    told = item.sources.get("git") or {}
    left_out = [(label, count) for label, count in (told.get("commits_left_out") or {}).items() if isinstance(count, int)]
    if not left_out:
        return Html("")
    read = told.get("commits_read", 0)
    sentence = t("dropped.commits", read=number(read), taken=number(read - sum(count for _, count in left_out)))
    return div(tag("p", sentence, cls="ac-soft"), bars(left_out, kind="is-warn"), cls="ac-pad")


def redactions(item: Manifest, view: View) -> Html:
    """Every place where a secret stood, by kind, each with a switch to leave its row out."""
    kinds = Counter(str(entry.get("kind")) for entry in item.redactions)
    chosen = view.text("secret_kind")
    chosen = chosen if chosen in kinds else ""
    choices = [("", t("secrets.all", n=number(len(item.redactions))))]
    choices += [(kind, f"{kind.replace('-', ' ')} ({number(count)})") for kind, count in kinds.most_common()]
    shown = [entry for entry in item.redactions if not chosen or entry.get("kind") == chosen]
    page = min(view.number("ds_page"), max(0, (len(shown) - 1) // _ROWS))
    out = {str(entry.get("key")) for entry in item.redactions if view.flag(f"out:{entry.get('key')}")}
    rows = [_redaction(entry, str(entry.get("key")) in out) for entry in shown[page * _ROWS : (page + 1) * _ROWS]]
    again = button(t("secrets.again", n=len(out)), "dataset.keep", kind="primary small", id=item.id) if out else ""
    return div(
        tag("p", t("secrets.help"), cls="ac-soft ac-pad"),
        div(select("secret_kind", choices, chosen, label=t("secrets.kind")), again, cls="ac-row ac-pad") if item.redactions else "",
        *rows,
        pager("ds_page", page, _ROWS, len(shown)) if shown else tag("p", t("secrets.none"), cls="ac-soft ac-pad"),
        cls="ac-card ac-examples",
    )


def _redaction(entry: dict[str, Any], is_out: bool) -> Html:
    kind = str(entry.get("kind"))
    is_lesson = entry.get("source") == "lessons"
    return div(
        div(
            div(
                span(kind.replace("-", " "), cls="ac-reason"),
                span(_place(entry), cls="ac-soft ac-cut"),
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


def _choose(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    item = academy.datasets.get(str(data.get("id")))
    others = [other for other in academy.datasets.list() if other.id != item.id][:50]
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
    return {"dialog": join([tag("h3", t("diff.choose", name=item.name)), div(*rows, cls="ac-scroll ac-choices"), closer()])}


def _diff(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    first, second = academy.datasets.get(str(data.get("first"))), academy.datasets.get(str(data.get("second")))
    found = academy.datasets.diff(first.id, second.id)
    parts = []
    for key, title in (("new_samples", t("diff.new")), ("gone_samples", t("diff.gone"))):
        samples = [div(turns_shown(conversation(row)), cls="ac-example") for row in found.get(key, [])[:10] if isinstance(row, dict)]
        parts += [div(title, cls="ac-eyebrow"), *samples] if samples else []
    counted = [f"{item.name} ({plural('count.examples', item.statistics.get('total_examples', 0))})" for item in (first, second)]
    title = t("diff.title", first=counted[0], second=counted[1])
    times = join([when(first.created_at), when(second.created_at)], " → ")
    sentence = t("diff.sentence", new=number(found["new"]), gone=number(found["gone"]), same=number(found["same"]))
    return {"dialog": join([tag("h3", title), tag("p", times, cls="ac-soft"), tag("p", sentence), div(*parts, cls="ac-scroll"), closer()])}


def chosen_dataset(academy: Academy, view: View) -> Manifest | None:
    """The dataset that a viewer looks at: the chosen one, else the newest."""
    wanted = view.text("dataset")
    return academy.datasets.get(wanted) if wanted else academy.datasets.newest()


REGIONS = {"ds_open": _opened, "ds_part": _part}
ACTS = {"dataset.choose": _choose, "dataset.diff": _diff, "lengths.again": _again, "row.tokens": _tokens}
