"""Beside the question: how many lessons came since the adapter, and the click that teaches them."""

from __future__ import annotations

from typing import Any

from academy.curation.examples import DatasetRequest
from academy.errors import Conflict
from academy.jobs.spec import TrainingSpec
from academy.ui.answers import queued_words, toast
from academy.ui.html.elements import Html, button, div, span
from academy.ui.look import Look
from academy.ui.texts.translate import plural, t


def line(look: Look) -> Html:
    """The new lessons and the button; nothing where there is none, or while a training runs."""
    active = look.active
    new = 0 if look.busy else look.academy.datasets.untaught(active.adapter_id if active else None)
    if not new:
        return Html("")
    words = t("chat.new_since", lessons=plural("chat.new", new), name=active.name) if active else plural("chat.untaught", new)
    return div(span(words, cls="ac-help"), button(t("chat.teach"), "chat.teach", kind="small"), cls="ac-row ac-chat-new")


def teach(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Makes a dataset of all lessons and trains it, from the base or from the active adapter, as the plan advises."""
    active = look.active
    if not look.academy.datasets.untaught(active.adapter_id if active else None):
        raise Conflict("There is no new lesson to teach.", hint="Rate or correct a reply first.")
    made = look.academy.datasets.create(DatasetRequest.model_validate({"include_git": False, "leave_out_marks": True}))
    request = {"dataset_id": made["dataset_id"], "preset": "auto"} | ({"base_model": active.base_model} if active else {})
    advice = look.academy.training.plan(TrainingSpec.model_validate(request))["continuing"]
    if advice and advice["choice"] == "continue":
        request["continue_from"] = advice["adapter_id"]
    job = look.academy.training.train(TrainingSpec.model_validate(request))
    state = {"tab": "training", "job": job.job_id}
    return {"toast": toast(queued_words(look.academy, job)), "state": state, "event": "datasets", "top": True}
