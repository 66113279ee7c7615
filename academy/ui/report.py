"""The report of an exam: the verdict and what would help, the numbers, and the replies beside what was taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from academy.general import shows_forgetting
from academy.jobs.kinds.evaluate import BASE, EvaluationRequest
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
from academy.ui.answers import queued_words, toast
from academy.ui.html.elements import Html, button, div, esc, join, short, span, tag, tile
from academy.ui.html.numbers import loss, number
from academy.ui.look import Look
from academy.ui.texts.translate import has, plural, t

_SHOWN_ROWS = 10
_MOST_ROWS = 300
_LONGEST = 400  # characters of a cell
_GLIMPSE = 200  # where long answers show a manner
_GLIMPSED_TURN = 80
_MARKS = {"ready": "✓", "partly": "◐", "not_learned": "✗", "forgot": "↓", "no_gain": "="}
_DRIFTS = ((0.03, "none"), (0.1, "little"), (0.4, "some"))
"""Nats a token below which a word holds: rehearsal aims at 0.03, and a run without it shows about 0.1."""


def report(found: Mapping[str, Any], datasets: Mapping[str, str] | None = None) -> Html:
    """The report as a part of a panel or a dialog; `datasets` are the names of datasets by their ids."""
    report_id, sentences = str(found["id"]), [str(sentence) for sentence in found["sentences"]]
    reasons = found.get("verdict_sentences")
    count = reasons if isinstance(reasons, int) and 0 < reasons <= len(sentences) else 1
    # What is ready can answer first; what would help comes first elsewhere.
    first = "" if found["verdict"] == "ready" else "primary"
    remedies = [
        button(remedy["label"], "report.remedy", kind="" if at else first, report=found.get("job_id") or report_id, at=at)
        for at, remedy in enumerate(found["remedies"])
    ]
    return tag(
        "section",
        tag("h3", *_heading(found), cls="ac-verdict-title"),
        *[tag("p", sentence) for sentence in sentences[:count]],
        div(*remedies, cls="ac-row") if remedies else "",
        div(*_numbers(found), cls="ac-tiles ac-exam-tiles"),
        _replies(found),
        _details(t("report.wordings"), _wordings(found)),
        _details(t("report.general"), _categories(found["general"])),
        _details(t("report.earlier"), _earlier(found["earlier"], datasets or {})),
        _details(t("report.how"), _how(sentences[count:])),
        cls=f"ac-card ac-exam ac-verdict-{'no_gain' if _is_base(found) else _grade_of(found)}",
        aria_label=t("report.title"),
    )


def _heading(found: Mapping[str, Any]) -> list[Html | str]:
    """The verdict; a base alone was never taught, so that it has none."""
    return [t("report.base_title")] if _is_base(found) else [_mark(_grade_of(found)), t(f"verdict.{_grade_of(found)}")]


def grade(verdict: str | None, missing: int) -> str | None:
    """The verdict as the page colours and words it: what is ready is not shown as a success where much of it is missing."""
    return "partly" if verdict == "ready" and missing else verdict


def _grade_of(found: Mapping[str, Any]) -> str:
    return grade(found["verdict"], found.get("missing") or 0) or ""


def _is_base(found: Mapping[str, Any]) -> bool:
    return found["adapter_id"] == BASE


def verdict_pill(verdict: str) -> Html:
    """The verdict, as `grade` gives it, as a coloured word with a sign."""
    return span(_mark(verdict), t(f"verdict.{verdict}"), cls=f"ac-pill ac-verdict-{verdict}")


def known_words(known: Mapping[str, Any], rephrased: Mapping[str, Any] | None) -> list[str]:
    """What an adapter knows, in a few words: "knows 23 of 24", "other wordings 9 of 12"."""
    words = [t("report.knows", rows=number(known["rows"]), of=number(known["of"]))] if known["of"] else []
    return words + ([t("report.reworded", right=number(rephrased["right"]), of=number(rephrased["of"]))] if rephrased else [])


def drift_words(drift: float | None) -> str:
    """How far the adapter moved from its base, in a word."""
    if drift is None:
        return "–"
    return t(f"drift.{next((name for most, name in _DRIFTS if drift < most), 'far')}")


# ------------------------------------------------------------------ the numbers


def _numbers(found: Mapping[str, Any]) -> list[Html]:
    tiles = _preferred(found)
    by_heart = found.get("goal") != "style" and found["known"]["of"]
    tiles += [_learned(found)] if by_heart or found["held_out"] else []
    if found["rephrased"]:
        tiles.append(_share("report.other_wordings", found["rephrased"]["right"], found["rephrased"]["of"]))
    if (general := found["general"]) and _is_base(found):
        return [*tiles, _share("report.general_tile", general["right_before"], general["of"])]
    if general and not shows_forgetting(general["right_before"], general["of"]):
        words = t("report.general_few", right=number(general["right_before"]), of=number(general["of"]))
        tiles.append(tile(span("–", cls="ac-soft"), words, title=t("report.general_few_title", after=number(general["right_after"]))))
    elif general:
        arrow = Html(f"{number(general['right_before'])} → {number(general['right_after'])}")
        bounds = t("report.interval_title", low=_signed(general["low"]), high=_signed(general["high"]))
        unit = Html(f"/{number(general['of'])}")
        tiles.append(tile(arrow, t("report.general_tile"), unit, title=bounds))
    nats = t("report.nats", n=number(found["drift"], 3)) if found["drift"] is not None else ""
    tiles.append(tile(drift_words(found["drift"]), t("report.drift"), title=nats))
    return tiles


def _preferred(found: Mapping[str, Any]) -> list[Html]:
    """Of preferences, the share that moved the right way: of those learned, and of those held out."""
    learned = found.get("preferences") or {}
    key = "report.corrected" if learned.get("kind") == "corrections" else "report.preferred"
    parts = [(key, learned.get("train")), (f"{key}_held_out", learned.get("held_out"))]
    return [tile(number(100 * part["moved"], 0), t(name), "%", title=t(f"{key}_title", n=part["of"])) for name, part in parts if part]


def _learned(found: Mapping[str, Any]) -> Html:
    """What was learned: rows by heart, or of a manner the loss on rows that were held out."""
    held_out = found["held_out"]
    if found.get("goal") == "style" and held_out:
        arrow = Html(f"{loss(held_out['loss_before'])} → {loss(held_out['loss_after'])}")
        return tile(arrow, t("report.held_out", n=number(held_out["rows"])))
    return _share("report.known", found["known"]["rows"], found["known"]["of"])


def _share(key: str, right: int, of: int) -> Html:
    return tile(number(right), t(key), Html(f"/{number(of)}"))


def _signed(value: float) -> str:
    return f"{'+' if value >= 0.5 else ''}{number(round(value), 0)}".replace("-", "−")


# ------------------------------------------------------------------ the tables


def _replies(found: Mapping[str, Any]) -> Html | str:
    """Question, wanted, adapter, base; the worst first."""
    items, alone, manner = found["items"], _is_base(found), found.get("goal") == "style"
    most = _GLIMPSE if manner else _LONGEST

    def judged(text: str, right: bool | None, item: Mapping[str, Any], *, known: bool = False) -> Html:
        # Neither key words nor letters tell a right manner from a wrong one.
        return _judged(text, None if manner else right, item["expected"], known=known, most=most)

    heads = [t("report.question"), t("report.wanted"), *([] if alone else [t("report.adapter")]), t("report.base")]
    rows = [
        [
            _asked(item, most),
            esc(short(item["expected"], most) or "–"),
            *([] if alone else [judged(item["after"], item.get("right"), item, known=item["known"])]),
            judged(item["before"], item.get("base_right"), item),
        ]
        for item in items[:_MOST_ROWS]
    ]
    return _folded(t("report.replies"), heads, rows) if rows else ""


def _asked(item: Mapping[str, Any], most: int) -> Html:
    """The question, below what was said before it: the last turn at a glance, the others with a click."""
    given = item.get("turns")
    turns = [turn for turn in given if isinstance(turn, dict)] if isinstance(given, list) else []
    question = esc(short(item["question"], most))
    if not turns:
        return question
    said = [(str(turn.get("role", "")), str(turn.get("content", ""))) for turn in turns]
    glance = join([tag("b", plural("turns.title", len(said))), span(short(said[-1][1], _GLIMPSED_TURN), cls="ac-glance")], " ")
    lines = [div(span(t(f"role.{role}") if has(f"role.{role}") else role, cls="ac-role"), " ", short(text, most)) for role, text in said]
    return join([tag("details", tag("summary", glance), *lines, cls="ac-before ac-soft"), question])


def _wordings(found: Mapping[str, Any]) -> Html | str:
    heads = [t("report.question"), t("report.wanted"), t("report.adapter")]
    rows = [
        [
            esc(short(str(item.get("question", "")), _LONGEST)),
            esc(short(str(item.get("expected", "")), _LONGEST)),
            _judged(str(item.get("after", "")), item.get("right"), str(item.get("expected", ""))),
        ]
        for item in (found.get("wordings") or [])[:_MOST_ROWS]
        if isinstance(item, dict)
    ]
    return _folded(t("report.wordings"), heads, rows) if rows else ""


def _categories(general: Mapping[str, Any] | None) -> Html | str:
    if not general or not general["categories"]:
        return ""
    heads = [t("report.category"), t("report.base"), t("report.adapter"), t("report.of")]
    rows = [
        [_category(item["name"]), *(esc(number(item[key])) for key in ("right_before", "right_after", "of"))]
        for item in general["categories"][:_MOST_ROWS]
    ]
    few = "" if shows_forgetting(general["right_before"], general["of"]) else tag("p", t("report.general_few_text"), cls="ac-soft")
    return join([few, _table(t("report.general"), heads, rows, cls="ac-facts ac-num")])


def _category(name: str) -> Html:
    return esc(t(f"category.{name}") if has(f"category.{name}") else name.replace("_", " "))


def _earlier(items: Sequence[Mapping[str, Any]], datasets: Mapping[str, str]) -> Html | str:
    if not items:
        return ""
    heads = [t("report.dataset"), t("report.base"), t("report.adapter"), t("report.of")]
    rows = [
        [
            esc(datasets.get(item["dataset_id"], item["dataset_id"])),
            *(esc(number(item[key])) for key in ("known_before", "known_after", "of")),
        ]
        for item in items
    ]
    return _table(t("report.earlier"), heads, rows, cls="ac-facts ac-num")


def _how(sentences: Sequence[str]) -> Html | str:
    if not sentences:
        return ""
    return tag("ul", *[tag("li", sentence) for sentence in sentences], cls="ac-reasons")


def _folded(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Html]]) -> Html:
    """The first rows as a table, and all others behind one click."""
    more = rows[_SHOWN_ROWS:]
    rest = tag("details", tag("summary", t("report.all", n=number(len(rows)))), _table(caption, heads, more)) if more else ""
    return join([_table(caption, heads, rows[:_SHOWN_ROWS]), rest])


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Html]], cls: str = "ac-replies-table") -> Html:
    """A table; where it is narrow, the cells of replies stand below each other, which takes their roles unless they are named."""
    head = tag("tr", *[tag("th", head, scope="col", role="columnheader") for head in heads], role="row")
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row", role="rowheader"),
            *[tag("td", cell, role="cell", data_label=head) for head, cell in zip(heads[1:], row[1:], strict=True)],
            role="row",
        )
        for row in rows
    ]
    return div(
        tag(
            "table",
            tag("caption", caption, cls="ac-hidden"),
            tag("thead", head, role="rowgroup"),
            tag("tbody", *body, role="rowgroup"),
            cls=cls,
            role="table",
        ),
        cls="ac-scroll-x",
        tabindex="0",
        role="group",
        aria_label=caption,
    )


def _judged(text: str, right: bool | None, expected: str, *, known: bool = False, most: int = _LONGEST) -> Html:
    """A reply with a sign and, for those who do not see it, a word: the answer itself, its key words in others, or neither."""
    words = esc(short(text, most) or t("chat.silent"))
    if right is None:
        return words
    same = known or " ".join(text.split()) == " ".join(expected.split())
    key, mark, cls = ("right", "✓", "ac-good") if same else ("close", "≈", "ac-warn-text") if right else ("wrong", "✗", "ac-bad-text")
    title = t("report.close_title") if key == "close" else None
    sign = span(Html(mark), aria_hidden="true", cls=cls, title=title)
    return join([sign, span(t(f"report.{key}"), cls="ac-hidden"), words], " ")


def _details(summary: str, content: Html | str) -> Html | str:
    return tag("details", tag("summary", summary), content) if content else ""


def _mark(verdict: str) -> Html:
    return span(_MARKS[verdict], cls="ac-verdict-mark", aria_hidden="true")


# ------------------------------------------------------------------ acts


def _remedy(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Starts the very training that the report proposes."""
    found = look.academy.evaluations.get(str(data.get("report")))
    at = str(data.get("at", ""))
    if not at.isdecimal() or int(at) >= len(found["remedies"]):
        return {"toast": toast(t("error.unknown_act"), "", "bad")}
    job = look.academy.training.train(TrainingSpec.model_validate(found["remedies"][int(at)]["request"]))
    return {
        "toast": toast(queued_words(look.academy, job)),
        "dialog": None,
        "state": {"tab": "training", "job": job.job_id},
        "top": True,
    }


def _measure(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Examines an adapter on the dataset that it learned from."""
    return _measuring(look, EvaluationRequest(adapter_id=str(data.get("id"))))


def _again(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Examines what a job examined once more."""
    given = look.academy.jobs.get(str(data.get("job"))).parameters
    names = EvaluationRequest.model_fields
    return _measuring(look, EvaluationRequest.model_validate({name: given[name] for name in names if given.get(name) is not None}))


def _measuring(look: Look, request: EvaluationRequest) -> dict[str, Any]:
    return _opened("report.begun", look.academy.evaluations.evaluate(request))


def _opened(text: str, job: Job) -> dict[str, Any]:
    state = {"tab": "training", "job": job.job_id}
    return {"toast": toast(t(text, name=job.name)), "dialog": None, "state": state, "top": True}


ACTS = {"report.remedy": _remedy, "report.measure": _measure, "report.again": _again}
