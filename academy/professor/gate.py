"""The gate: whether an adapter is proposed to answer in the chat, from its report and that of the adapter that answers now; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from academy.general import shows_forgetting
from academy.jobs.reading.reports import Report
from academy.messages import Text, from_json, msg
from academy.professor.paired import Difference, difference

LOST = 2
"""Questions of a category, and rows of an earlier dataset: so many turn wrong by chance in a training that forgets nothing."""
LOST_SHARE = 0.15
"""Of those that were right before, where that is more than LOST."""

_BASE = msg("the base model")


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    right: int
    of: int


@dataclass(frozen=True)
class Case:
    """What the gate looks at. `rival` is the name of the adapter that answers now; without one the candidate is compared with its base."""

    candidate: Report
    rival: str | None = None
    against: Report | None = None  # the rival's report on the same dataset
    earlier: Mapping[str, Count] = field(default_factory=dict)  # what the rival knows of earlier datasets, by their ids
    names: Mapping[str, str] = field(default_factory=dict)  # of datasets, by their ids


@dataclass(frozen=True)
class Judgement:
    """Proposed, refused, or unmeasured: the rival has no report on this dataset yet. The reasons are sentences."""

    outcome: Literal["proposed", "refused", "unmeasured"]
    reasons: tuple[Text, ...]


def judge(case: Case) -> Judgement:
    """Proposes what is ready, has forgotten within limits, and knows more than the rival by more than noise and chance.

    Nothing but the lessons known word for word and their other wordings count as a gain; for a manner it is the loss on held-out rows.
    A candidate that knows lessons more and has lost none needs no test: a handful of corrections can pass none.
    """
    problems = [*_verdict(case.candidate), *_categories(case), *_earlier(case)]
    if problems:
        return Judgement("refused", tuple(problems))
    if case.rival is not None and case.against is None:
        return Judgement("unmeasured", (msg("{rival} has not been measured on this dataset yet.", rival=case.rival),))
    gains, reasons = _manner(case) if _is_manner(case) else _lessons(case)
    return Judgement("proposed" if gains else "refused", (*reasons, *(_kept(case) if gains else ())))


# ------------------------------------------------------------------ what stands against it


def _verdict(report: Report) -> list[Text]:
    if report.verdict == "ready":
        return []
    first = from_json(report.sentences[0]) if report.sentences else None
    return [first or msg("Its report says: {verdict}.", verdict=report.verdict.replace("_", " "))]


def _categories(case: Case) -> list[Text]:
    """Categories of general questions of which too many were forgotten, beside the rival, else beside the base."""
    general, rival = case.candidate.general, case.against.general if case.against else None
    theirs = {item.name: item for item in rival.categories} if rival else {}
    found: list[Text] = []
    for item in general.categories if general and shows_forgetting(general.right_before, general.of) else []:
        other = theirs.get(item.name)
        before, who = (other.right_after, _rival(case)) if other and other.of == item.of else (item.right_before, _BASE)
        if _too_many(before, item.right_after):
            sentence = "Of the general questions on {category} it answers {after} of {of}; {who} answers {before}."
            found.append(msg(sentence, category=msg(item.name), after=item.right_after, of=item.of, who=who, before=before))
    return found


def _earlier(case: Case) -> list[Text]:
    """Earlier datasets of which too many lessons were lost."""
    found: list[Text] = []
    for item in case.candidate.earlier:
        known = case.earlier.get(item.dataset_id)
        before, who = (round(known.right / known.of * item.of), _rival(case)) if known and known.of else (item.known_before, _BASE)
        if _too_many(before, item.known_after):
            sentence = "Of your earlier lessons in {dataset} it knows {after} of {of}; {who} knows {before}."
            values = {"dataset": case.names.get(item.dataset_id, item.dataset_id), "after": item.known_after, "of": item.of}
            found.append(msg(sentence, **values, who=who, before=before))
    return found


def _too_many(before: int, after: int) -> bool:
    return before - after > max(LOST, LOST_SHARE * before)


# ------------------------------------------------------------------ what it gains


def _lessons(case: Case) -> tuple[bool, list[Text]]:
    """Lessons known word for word, and other wordings of them, by lesson."""
    mine, theirs = _known(case.candidate), _known(case.against) if case.against else _known_by_base(case.candidate)
    common = mine.keys() & theirs.keys()
    if not common:
        return False, [msg("It and {who} have no question in common, so they cannot be compared.", who=_rival(case))]
    by_lesson: dict[str, int] = defaultdict(int)
    for key in common:
        by_lesson[key[2]] += mine[key] - theirs[key]
    rows = [key for key in common if key[0] == "row"]
    gained, lost = sum(mine[key] and not theirs[key] for key in rows), sum(theirs[key] and not mine[key] for key in rows)
    compared = difference([*by_lesson.values()])
    counted = _counted(case, mine, theirs, rows, sorted(common - {*rows}))
    floor = max(case.candidate.noise, case.against.noise if case.against else 0.0)
    if compared.total <= 0:
        return False, [*counted, msg("That is no more than {who} knows.", who=_rival(case))]
    if compared.total <= floor * len(common):
        sentence = "A second reading judged {share:percent} of the rows otherwise, so this difference says nothing."
        return False, [*counted, msg(sentence, share=floor)]
    if gained and not lost and gained > floor * len(rows):
        return True, [*counted, msg("None of the lessons that {who} knows is lost.", who=_rival(case))]
    return compared.is_more, [*counted, _chance(compared)]


def _counted(case: Case, mine: dict[_Key, bool], theirs: dict[_Key, bool], rows: list[_Key], wordings: list[_Key]) -> list[Text]:
    told: list[Text] = []
    for sentence, keys in (
        ("Knows {mine} of {of} lessons; {who} knows {theirs}.", rows),
        ("Answers {mine} of {of} questions in other words; {who} answers {theirs}.", wordings),
    ):
        if keys:
            values = {"mine": sum(mine[key] for key in keys), "theirs": sum(theirs[key] for key in keys), "of": len(keys)}
            told.append(msg(sentence, **values, who=_rival(case)))
    return told


def _chance(compared: Difference) -> Text:
    if compared.chance < 0.001:
        return "Between equals so large a difference comes about in fewer than one of a thousand cases."
    return msg("Between equals so large a difference comes about in {share:percent} of cases.", share=compared.chance)


_Key = tuple[str, str, str]  # kind, question, expected answer


def _known(report: Report) -> dict[_Key, bool]:
    """What an adapter knows, by what it was asked."""
    found: dict[_Key, bool] = {}
    for item in report.items:
        kind, right = _extra(item, "kind"), _extra(item, "right")
        if kind == "row":
            found["row", item.question, item.expected] = item.known
        elif isinstance(right, bool):
            found["question", item.question, item.expected] = right
    for item in _extra(report, "wordings") or []:
        if isinstance(item, dict) and isinstance(item.get("right"), bool):
            found["wording", str(item.get("question")), str(item.get("expected"))] = item["right"]
    return found


def _known_by_base(report: Report) -> dict[_Key, bool]:
    """The same of its base alone, which is asked no other wordings."""
    found: dict[_Key, bool] = {}
    for item in report.items:
        right = _extra(item, "base_right")
        if isinstance(right, bool):
            found["row" if _extra(item, "kind") == "row" else "question", item.question, item.expected] = right
    return found


def _is_manner(case: Case) -> bool:
    return _extra(case.candidate, "goal") == "style"


def _manner(case: Case) -> tuple[bool, list[Text]]:
    """The loss on held-out rows; its fall is compared, since both reports have its interval."""
    mine, theirs = case.candidate.held_out, case.against.held_out if case.against else None
    if case.against is None:
        return True, [first for sentence in case.candidate.sentences[:1] if (first := from_json(sentence))]
    if mine is None or theirs is None or case.against.base_model != case.candidate.base_model:
        return False, [msg("This dataset teaches a manner, and without held-out rows it cannot be told which of the two has it better.")]
    values = {"mine": mine.loss_after, "theirs": theirs.loss_after, "who": _rival(case)}
    told = msg("The loss on {rows} held-out rows is {mine:.2f}; with {who} it is {theirs:.2f}.", rows=mine.rows, **values)
    fell = mine.high is not None and mine.high < theirs.loss_after - theirs.loss_before
    return fell, [told] if fell else [told, msg("That is within the interval of what was measured.")]


# ------------------------------------------------------------------ what it has kept


def _kept(case: Case) -> list[Text]:
    """What speaks for it besides the gain."""
    told: list[Text] = []
    if general := case.candidate.general:
        sentence = "General questions: {after} of {of} right, {before} without it."
        if not shows_forgetting(general.right_before, general.of):
            sentence = (
                "The base model itself answers only {before} of {of} general questions, with the adapter {after}: "
                "too few to tell what was forgotten."
            )
        told.append(msg(sentence, after=general.right_after, of=general.of, before=general.right_before))
    told += [
        msg(
            "Of your earlier lessons in {dataset} it knows {after} of {of}.",
            dataset=case.names.get(item.dataset_id, item.dataset_id),
            after=item.known_after,
            of=item.of,
        )
        for item in case.candidate.earlier
        if item.known_after
    ]
    return told


def _rival(case: Case) -> Text:
    return case.rival if case.rival is not None else _BASE


def _extra(model: Any, name: str) -> Any:
    return (model.model_extra or {}).get(name)
