"""A job in which a model writes questions or other wordings: how far it is, or why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from academy.ui.html.elements import Html, bar, button, div, go, notice, remedy, span
from academy.ui.look import Look
from academy.ui.texts.translate import say, t
from academy.ui.training.words import why_failed

if TYPE_CHECKING:
    from academy.jobs.store import Job


def writing(look: Look, job: Job, failed: str) -> Html:
    """Its progress with *Stop* and *Cancel*; `failed` heads the reason."""
    log = go(t("documents.log"), kind="small", tab="training", job=job.job_id)
    if job.status == "failed":
        text, rest = why_failed(job)
        return notice(f"{failed} {text}", remedy(rest), log, kind="warn")
    state = look.academy.jobs.view(job.job_id).get("preparing") or {}
    words = t("documents.waiting") if job.status == "queued" else say(state.get("message")) or t("documents.working")
    stop = button(t("documents.stop"), "document.stop", kind="small", job=job.job_id) if job.status != "queued" else ""
    cancel = button(t("documents.cancel"), "document.cancel", kind="small", job=job.job_id)
    row = div(span(words, cls="ac-soft ac-grow"), stop, cancel, log, cls="ac-row")
    return div(row, bar(0.0 if job.status == "queued" else state.get("fraction"), job.status, label=job.name), id=f"job-{job.job_id}")
