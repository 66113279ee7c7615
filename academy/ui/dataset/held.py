"""What is held out of a dataset and so never trained: how the page says it, and the dataset made again with everything."""

from __future__ import annotations

from typing import Any, NamedTuple

from academy.curation.datasets import Manifest
from academy.curation.lessons import GOLDEN
from academy.errors import NotFound
from academy.jobs.spec import TrainingSpec
from academy.ui.answers import toast
from academy.ui.html.elements import Html, button, notice
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_MOST = 200
_goals: dict[tuple[str, str], str] = {}
"""What a dataset teaches on a base model (facts or a style); neither changes."""


class Held(NamedTuple):
    """The lessons that a dataset holds out, by their ids, and the word for each with its explanation."""

    lessons: frozenset[str] = frozenset()
    mark: tuple[str, str] = ("", "")


def held_lessons(look: Look) -> Held:
    """What the shown dataset holds out."""
    try:
        item = look.dataset
    except NotFound:  # it was deleted, which the other view says
        return Held()
    if item is None or not item.statistics.get("eval_examples"):
        return Held()
    key = "taught" if is_taught(look, item) else "never"
    return Held(look.academy.datasets.held_out(item.id), (t(f"held.{key}"), t(f"held.{key}_title", dataset=item.name)))


def golden_mark(tags: list[str]) -> bool:
    """Whether a lesson measures models and is never trained."""
    return GOLDEN in tags


def is_taught(look: Look, item: Manifest) -> bool:
    """Whether a training teaches the held-out rows all the same: facts, unless a person asked to hold some out."""
    golden = item.statistics.get("golden_examples")
    if golden is None or item.request.get("eval_fraction") is not None or golden == item.statistics.get("eval_examples"):
        return False
    return _goal(look, item) == "facts"


def held_words(look: Look, item: Manifest) -> list[str]:
    """What becomes of the held-out rows, for the sentence about a dataset."""
    held, golden = item.statistics.get("eval_examples", 0), item.statistics.get("golden_examples") or 0
    words = [plural("count.measured" if is_taught(look, item) else "count.held", held - golden)] if held > golden else []
    return words + ([plural("count.golden", golden)] if golden else [])


def _goal(look: Look, item: Manifest) -> str:
    base = look.academy.settings.default_base_model
    if (item.id, base) not in _goals:
        spec = look.academy.training.plan(TrainingSpec.model_validate({"dataset_id": item.id, "preset": "auto"}))["spec"]
        if not spec:  # such as without the training libraries
            return ""
        if len(_goals) >= _MOST:
            _goals.clear()
        _goals[item.id, base] = spec["goal"]
    return _goals[item.id, base]


def held_notice(look: Look, item: Manifest) -> Html | str:
    """Above held-out rows: whether a training sees them, and the way to train on everything."""
    held, golden = item.statistics.get("eval_examples", 0), item.statistics.get("golden_examples") or 0
    if not held:
        return ""
    if held == golden:
        return notice(plural("held.golden_rows", golden), t("held.golden_text"), kind="info")
    if is_taught(look, item):
        return notice(plural("held.taught_rows", held - golden), t("held.taught_text"), kind="info")
    whole = button(t("held.whole"), "dataset.whole", kind="small", id=item.id, title=t("held.whole_title"))
    return notice(plural("held.never_rows", held), t("held.never_text"), whole, kind="warn")


def _whole(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Makes the dataset again without held-out rows, and goes to the training with it."""
    item = look.academy.datasets.get(str(data.get("id")))
    made = look.academy.datasets.again(item.id, {"eval_fraction": 0.0, "name": t("held.all_name", name=item.name[:60])})
    state = {"dataset": made["dataset_id"], "tab": "training"}
    return {"toast": toast(say(made["message"])), "state": state, "event": "datasets", "data": {"dataset": made["dataset_id"]}, "top": True}


ACTS = {"dataset.whole": _whole}
