"""Other wordings that a model wrote, above the lessons: how the model did, how far it is, and the review, several at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from academy.jobs.kinds.question import MOST_LESSONS, WordingRequest
from academy.services.wordings import WordingDecision
from academy.ui.answers import toast
from academy.ui.dataset.lessons import picked_ids
from academy.ui.dataset.writing import writing
from academy.ui.html.elements import Html, card, div, join, notice, short, span, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, t

if TYPE_CHECKING:
    from academy.services.wordings import Proposal, WordingProgress

_SHOWN = 10
_TEXT = "text:"


def _wordings(look: Look) -> Html:
    """Nothing, until a model was asked; what it came to stays until a person closes it."""
    progress = look.academy.wordings.progress()
    waiting = look.academy.wordings.proposals("waiting")
    seen = progress.newest == look.text("wordings_seen")
    if look.flag("lesson_bin") or (progress.job is None and not waiting and seen):
        return Html("")
    parts: list[Any] = [*_result(progress)]
    if progress.job is not None:
        parts.append(writing(look, progress.job, t("wordings.failed")))
    if waiting:
        parts.append(_review(waiting))
    shut = json.dumps({"wordings_seen": progress.newest})
    close = tag("button", t("js.close"), type="button", cls="ac-btn ac-btn-small", data_set=shut)
    return card(t("wordings.title"), *parts, aside="" if waiting or progress.job else close, cls="ac-wordings")


def _result(progress: WordingProgress) -> list[Html]:
    """How the model did on the probe, what was decided, and what was thrown away."""
    probe = progress.probe
    if probe is None:
        return []
    figures = {"base": progress.base_model, "right": number(probe.right), "of": number(probe.of), "needed": number(probe.needed)}
    if not probe.is_passed:
        return [notice(t("wordings.probe_failed", **figures), t("wordings.probe_failed_hint"), kind="warn")]
    states = {name: number(progress.states.get(name, 0)) for name in ("waiting", "accepted", "rejected")}
    parts = [div(t("wordings.probe_passed", **figures), cls="ac-soft"), div(t("documents.states", **states), cls="ac-num")]
    if progress.thrown:
        lines = [tag("li", span(number(n), cls="ac-num"), " ", t(f"fault.{reason}")) for reason, n in progress.thrown.items()]
        said = plural("wordings.thrown", sum(progress.thrown.values()))
        parts.append(tag("details", tag("summary", said), tag("ul", *lines, cls="ac-notes")))
    return parts


def _review(waiting: Sequence[Proposal]) -> Html:
    """The first wordings that wait, under the questions and answers of their lessons."""
    shown = waiting[:_SHOWN]
    groups = [_lesson([*proposals]) for _, proposals in groupby(shown, lambda item: item.lesson_id)]
    every = [
        tag("button", t(f"wordings.{name}_all", n=number(len(shown))), type="submit", name="all", value=state, cls=f"ac-btn {kind}")
        for name, state, kind in (("accept", "accepted", "ac-btn-primary"), ("reject", "rejected", ""))
    ]
    return tag(
        "form",
        *groups,
        div(*every, cls="ac-row"),
        data_act="wordings.review",
        id="wordings-review",
        tabindex="-1",
        aria_label=t("wordings.group"),
    )


def _lesson(proposals: Sequence[Proposal]) -> Html:
    first = proposals[0]
    rows = [
        div(
            _text(item),
            tag("button", t("review.accept"), type="submit", name="accept", value=item.id, cls="ac-btn ac-btn-small"),
            tag("button", t("review.reject"), type="submit", name="reject", value=item.id, cls="ac-btn ac-btn-small"),
            cls="ac-row",
            id=f"wording-{item.id}",
        )
        for item in proposals
    ]
    head = join([div(short(first.question, 300), cls="ac-strong ac-clamp"), div(short(first.answer, 300), cls="ac-soft ac-clamp")])
    return div(head, *rows, cls="ac-wording", id=f"wordings-{first.lesson_id}")


def _text(item: Proposal) -> Html:
    """A wording to edit, whole; what a person has typed stays while others are decided on."""
    label = t("wordings.text", question=short(item.question, 120))
    return tag("textarea", item.text, cls="ac-input", name=f"{_TEXT}{item.id}", rows="1", maxlength="2000", aria_label=label, data_own=True)


# ------------------------------------------------------------------ acts


def _write(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Has wordings written of all lessons, or of those that are picked."""
    ids = picked_ids(look, MOST_LESSONS) if data.get("picked") else None
    look.academy.wordings.write(WordingRequest(lesson_ids=ids))
    return {"toast": toast(t("wordings.begun")), "state": {"picked": [], "picked_all": ""}}


def _decide(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Accepts or rejects one wording, or all that are shown, with the texts as they are now."""
    texts = {name.removeprefix(_TEXT): str(value).strip() for name, value in data.items() if name.startswith(_TEXT)}
    state = data.get("all") or ("accepted" if data.get("accept") else "rejected")
    ids = [*texts] if data.get("all") else [str(data.get("accept") or data.get("reject"))]
    decisions = [
        WordingDecision.model_validate({"id": name, "decision": state, "text": (state == "accepted" and texts.get(name)) or None})
        for name in ids
    ]
    shown = [item.id for item in look.academy.wordings.proposals("waiting")]
    look.academy.wordings.review(decisions)
    said: dict[str, Any] = toast(plural(f"wordings.{state}", len(ids)))
    said["action"] = {"label": t("undo"), "act": "wordings.undo", "data": {"ids": json.dumps(ids)}}
    return {"toast": said, "focus": _next(shown, ids, "accept" if state == "accepted" else "reject")}


def _next(shown: Sequence[str], decided: Sequence[str], button: str) -> str:
    """What has the focus after a decision: the same button of the wording that follows, so that one key goes through all of them."""
    left = [*shown[shown.index(decided[-1]) + 1 :], *shown] if decided[-1] in shown else [*shown]
    following = next((name for name in left if name not in decided), None)
    if following is None:
        return "[data-live=wordings] button"
    return f"[id='wording-{following}'] [name={button}]" if len(decided) == 1 else "#wordings-review"


def _undo(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    ids = json.loads(str(data.get("ids", "[]")))
    look.academy.wordings.review([WordingDecision.model_validate({"id": name, "decision": "waiting"}) for name in ids])
    return {"toast": toast(t("wordings.undone"))}


REGIONS = {"wordings": _wordings}
ACTS = {"wordings.write": _write, "wordings.review": _decide, "wordings.undo": _undo}
