"""Beside the question: how many lessons came since the adapter, and the click that teaches them."""

from __future__ import annotations

import re
from typing import Any

from academy.adapters.store import Adapter
from academy.curation.examples import DatasetRequest
from academy.errors import Conflict
from academy.jobs.spec import TrainingSpec
from academy.ui.answers import queued_words, toast
from academy.ui.html.elements import Html, button, div, span
from academy.ui.look import Look
from academy.ui.texts.translate import plural, t

_NAMES = 500  # jobs whose names are looked at


def line(look: Look) -> Html:
    """The new lessons and the button; nothing where there is none, or while a training runs."""
    active = look.active
    new = 0 if look.busy else look.academy.datasets.untaught(active.adapter_id if active else None)
    if not new:
        return Html("")
    if learned := _learner(look):
        return _learned(look, learned, new)
    words = t("chat.new_since", lessons=plural("chat.new", new), name=active.name) if active else plural("chat.untaught", new)
    return div(span(words, cls="ac-help"), button(t("chat.teach"), "chat.teach", kind="small"), cls="ac-row ac-chat-new")


def _learner(look: Look) -> Adapter | None:
    """The newest adapter beside the active one that was taught all lessons, and whose exam does not say that it did not learn them."""
    active, untaught, report_of = look.active, look.academy.datasets.untaught, look.academy.evaluations.of_adapter
    if active is None:
        return None
    others = (item for item in look.adapters if item.adapter_id != active.adapter_id and item.base_model == active.base_model)
    taught = (item for item in others if not untaught(item.adapter_id))
    return next((item for item in taught if report_of(item.adapter_id)["verdict"] != "not_learned"), None)


def _learned(look: Look, learned: Adapter, new: int) -> Html:
    """That another adapter knows them, and the ways to find out whether it is to answer."""
    proposed = look.proposal if look.proposal and look.proposal.adapter_id == learned.adapter_id else None
    words = t("chat.has_learned", lessons=plural("chat.new", new), name=learned.name)
    beside = look.active.adapter_id if look.active else ""
    compare = button(t("adapters.try"), "adapter.try", kind="small", id=learned.adapter_id, beside=beside)
    promote = button(t("professor.promote"), "proposal.accept", kind="small", id=proposed.id) if proposed else ""
    return div(span(words, cls="ac-help"), compare, promote, cls="ac-row ac-chat-new")


def teach(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Makes a dataset of all lessons and trains it, from the base or from the active adapter, as the plan advises."""
    active = look.active
    if not look.academy.datasets.untaught(active.adapter_id if active else None):
        raise Conflict("There is no new lesson to teach.", hint="Rate or correct a reply first.")
    made = look.academy.datasets.create(DatasetRequest.model_validate({"include_git": False, "leave_out_marks": True}))
    request = {"dataset_id": made["dataset_id"], "preset": "auto"}
    request |= {"base_model": active.base_model, "name": _next_name(look, active.name)} if active else {}
    advice = look.academy.training.plan(TrainingSpec.model_validate(request))["continuing"]
    if advice and advice["choice"] == "continue":
        request["continue_from"] = advice["adapter_id"]
    job = look.academy.training.train(TrainingSpec.model_validate(request))
    state = {"tab": "training", "job": job.job_id}
    return {"toast": toast(queued_words(look.academy, job)), "state": state, "event": "datasets", "top": True}


def _next_name(look: Look, name: str) -> str:
    """The name of the next one in the line of an adapter: first, first-2, first-3."""
    stem = re.sub(r"-\d+$", "", name)[:70]
    found = [re.fullmatch(re.escape(stem) + r"-(\d+)", job.name) for job in look.academy.jobs.list(_NAMES)]
    return f"{stem}-{max([1, *(int(match[1]) for match in found if match)]) + 1}"
