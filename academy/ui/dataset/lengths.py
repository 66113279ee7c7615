"""The token lengths of an opened dataset, and one row as coloured tokens."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from academy.curation.datasets import Manifest
from academy.jobs.spec import TrainingSpec
from academy.ui.answers import Problem
from academy.ui.html.elements import Html, button, card, closer, div, join, labelled, notice, scrolling, select, span, tag
from academy.ui.html.numbers import number
from academy.ui.html.plots import histogram
from academy.ui.html.prose import tokens
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_LIMITS = (256, 512, 1024, 2048, 4096, 8192)
_MOST_COUNTED = 50


class Counts:
    """Token lengths by dataset, counted in a thread; a dataset never changes, so each is counted once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[str, Any] = {}

    def get(self, key: str, count: Callable[[], dict[str, Any]]) -> dict[str, Any] | Problem | None:
        """The result, or the problem; None while it is being counted."""
        with self._lock:
            if key in self._results:
                return self._results[key]
            self._results[key] = None
            while len(self._results) > _MOST_COUNTED:
                self._results.pop(next(iter(self._results)))

        def run() -> None:
            with Problem() as problem:
                self._keep(key, count())
            if problem:
                self._keep(key, problem)

        threading.Thread(target=run, name="count-tokens", daemon=True).start()
        return None

    def forget(self, key: str) -> None:
        """Counts again at the next look."""
        with self._lock:
            self._results.pop(key, None)

    def _keep(self, key: str, result: dict[str, Any] | Problem) -> None:
        with self._lock:
            self._results[key] = result


_counts = Counts()
_plans: dict[str, int] = {}
"""The longest row that a training of a dataset takes, by dataset and base model."""


def lengths(look: Look, item: Manifest) -> Html:
    """How long the rows are, with the base model and the limit to choose."""
    base, limit = _measure(look, item)
    result = _counted(look, item, base, limit)
    limits = sorted({*_LIMITS, look.academy.settings.max_seq_length, limit})
    named = [(str(most), plural("count.tokens", most)) for most in limits]
    choices = div(
        labelled(t("lengths.base"), select("count_base", [(name, name) for name in look.base_models], base)),
        labelled(t("lengths.limit"), select("count_limit", named, str(limit)), t("lengths.limit_help")),
        cls="ac-pair",
    )
    if result is None:
        return card(t("lengths.title"), choices, div(span(cls="ac-spin"), t("lengths.counting"), cls="ac-row ac-soft"))
    if isinstance(result, Problem):
        return card(t("lengths.title"), choices, result.notice(button(t("again"), "lengths.again", kind="small", id=item.id), kind="warn"))
    rows, most = [int(length) for length in result.get("lengths", [])], int(result.get("max_length", limit))
    return card(
        t("lengths.title"),
        choices,
        div(" ".join(_facts(result, rows, base, limit, most)), cls="ac-soft"),
        *_useless(result),
        histogram(rows, most),
        tag("p", t("lengths.template", name=say(result.get("template", "–"))), cls="ac-help"),
        *_notes(result),
    )


def again(look: Look, data: dict[str, Any]) -> None:
    """Counts again after a problem."""
    item = look.academy.datasets.get(str(data.get("id")))
    _counts.forget(_key(item, *_measure(look, item)))


def show_tokens(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """A row as the model sees it, in a dialog."""
    index = int(str(data.get("row", "0")))
    base, limit = _measure(look, look.academy.datasets.get(str(data.get("id"))))
    result = look.academy.datasets.tokens(str(data.get("id")), base, limit, [index])
    row = result["rows"][0]
    kinds = Counter(part["kind"] for part in row["tokens"])
    legend = [
        span(f"{t(f'tokens.{kind}')} {number(kinds.get(kind, 0))}", cls=f"tok {kind}")
        for kind in ("trained", "context", "cut")
        if kinds.get(kind) or kind != "cut"
    ]
    text = t("tokens.text", base=base, template=say(result.get("template", "–")), limit=number(result.get("max_length", limit)))
    parts = [
        tag("h3", t("tokens.title", n=number(index + 1))),
        tag("p", text, cls="ac-soft"),
        div(*legend, cls="ac-row ac-tokens-legend"),
        scrolling(t("tokens.title", n=number(index + 1)), tokens(row["tokens"])),
        _varied(look, str(data.get("id")), base, index),
        *_notes(result),
        closer(),
    ]
    return {"dialog": join(parts)}


def _varied(look: Look, dataset_id: str, base: str, row: int) -> Html | str:
    """Examples of other wordings of the question, where a training would vary the questions."""
    plan = look.academy.training.plan(TrainingSpec(dataset_id=dataset_id, base_model=base, preset="auto"))
    if not plan["spec"] or not plan["spec"]["vary_questions"]:
        return ""
    wordings = look.academy.datasets.variations(dataset_id, row)
    return div(tag("p", t("tokens.varied")), tag("ul", *[tag("li", text) for text in wordings]), cls="ac-help") if wordings else ""


def _facts(result: dict[str, Any], rows: list[int], base: str, limit: int, most: int) -> list[str]:
    facts = [t("lengths.facts", n=number(sum(rows)), longest=number(max(rows, default=0)))]
    facts += [t("lengths.base_limit", base=base, limit=number(most))] if most < limit else []
    truncated = result.get("truncated")
    return facts if truncated else [*facts, t("lengths.none_truncated", limit=number(most))]


def _useless(result: dict[str, Any]) -> list[Html]:
    """Rows that teach nothing or are cut off, in amber, each kind with the way to its rows."""
    parts = []
    for name, kind in (("untrained", "untrained"), ("truncated", "cut")):
        if count := result.get(name):
            show = json.dumps({"ds_part": "rows", "ds_only": kind, "ds_page": 0})
            link = tag("button", t("lengths.show"), type="button", cls="ac-btn ac-btn-small", data_set=show)
            parts.append(notice(plural(f"lengths.{name}", count), t(f"lengths.{name}_hint"), link, kind="warn"))
    return parts


def rows_only(look: Look, item: Manifest, kind: str) -> Sequence[int] | None:
    """The numbers of the rows that are cut off or teach nothing; None where all are meant, or they are not counted yet."""
    if kind not in ("cut", "untrained"):
        return None
    result = _counted(look, item, *_measure(look, item))
    if not isinstance(result, dict):
        return None
    if kind == "untrained":
        return [int(row) for row in result.get("untrained_rows", [])]
    limit = int(result.get("max_length", 0))
    return [row for row, length in enumerate(result.get("lengths", [])) if int(length) > limit]


def _counted(look: Look, item: Manifest, base: str, limit: int) -> dict[str, Any] | Problem | None:
    return _counts.get(_key(item, base, limit), lambda: look.academy.datasets.tokens(item.id, base, limit, []))


def _notes(result: dict[str, Any]) -> list[Html]:
    return [tag("p", say(note), cls="ac-help") for note in result.get("notes", [])]


def _measure(look: Look, item: Manifest) -> tuple[str, int]:
    """The base model that counts the tokens, and the limit of a row: the chosen one, else the one that a training will use."""
    base, limit, settings = look.text("count_base"), look.number("count_limit"), look.academy.settings
    base = base if base in look.base_models else settings.default_base_model
    return base, limit if _LIMITS[0] <= limit <= _LIMITS[-1] else _planned(look, item, base)


def _planned(look: Look, item: Manifest, base: str) -> int:
    key = f"{item.path}\n{base}"
    if key not in _plans:
        plan = look.academy.training.plan(TrainingSpec.model_validate({"dataset_id": item.id, "base_model": base, "preset": "auto"}))
        while len(_plans) > _MOST_COUNTED:
            _plans.pop(next(iter(_plans)))
        _plans[key] = int(plan["spec"]["max_seq_length"]) if plan["spec"] else look.academy.settings.max_seq_length
    return _plans[key]


def _key(item: Manifest, base: str, limit: int) -> str:
    return f"{item.path}\n{base}\n{limit}"
