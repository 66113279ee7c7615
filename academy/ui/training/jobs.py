"""All jobs below the tab: the running and the waiting ones, then those that have ended; and the acts on one job."""

from __future__ import annotations

import json
from typing import Any

from academy.jobs.store import ENDED, Job
from academy.ui import report
from academy.ui.answers import toast
from academy.ui.html.elements import Html, button, card, div, empty, go, join, menu, name_form, pill, span, tag, when
from academy.ui.html.numbers import duration, number, size
from academy.ui.look import Look
from academy.ui.texts.translate import t
from academy.ui.training.job import cancel_question, kind_words, learned, position_words, remedy_of, why_failed

_PAGE = 50
_MOST_PAGES = 41


def _jobs(look: Look) -> Html:
    limit = _PAGE * min(look.number("jobs_more") + 1, _MOST_PAGES)
    jobs = [*look.academy.jobs.list(limit=limit + 1)]
    if not jobs:
        return card(t("jobs.title"), empty(t("jobs.none"), t("jobs.none_text")))
    # The running and the waiting ones in the order in which they run; below them those that have ended, the newest first.
    order = {job.job_id: position for position, job in enumerate(look.academy.jobs.open())}
    jobs.sort(key=lambda job: (job.job_id not in order, job.status == "queued", order.get(job.job_id, 0)))
    rows = [_row(look, job) for job in jobs[:limit]]
    more = ""
    if len(jobs) > limit:
        next_page = json.dumps({"jobs_more": look.number("jobs_more") + 1})
        show = tag("button", t("jobs.more"), type="button", cls="ac-btn ac-btn-small", data_set=next_page)
        more = div(show, cls="ac-row ac-row-mid")
    clean = button(t("jobs.clean_all"), "jobs.clean", kind="quiet small", confirm=t("jobs.clean_all_sure"))
    count = span(number(look.counts.get("total", len(jobs))), cls="ac-soft ac-num")
    aside = join([clean if look.counts.get("finished") else "", count], " ")
    return card(t("jobs.title"), div(*rows, more, cls="ac-list"), aside=aside)


def _row(look: Look, job: Job) -> Html:
    verdict = learned(job, look.academy.jobs.verdict(job))
    words = join([*_state_words(look, job), when(job.finished_at or job.started_at or job.created_at)], " · ")
    title = div(span(job.name, cls="ac-cut ac-strong"), pill(job.status, verdict), cls="ac-row-line")
    is_shown = job.job_id == look.job_id
    content = join([title, div(words, cls="ac-soft ac-cut ac-num")])
    link = go(content, cls="ac-list-main", current=is_shown, tab="training", job=job.job_id)
    return div(
        link,
        div(*_moves(look, job), _menu(job), cls="ac-list-side"),
        cls="ac-list-row" + (" is-chosen" if is_shown else ""),
        id=f"job-{job.job_id}",
    )


def _state_words(look: Look, job: Job) -> list[str]:
    words = [kind_words(job)] if job.kind != "train" else []
    if verdict := learned(job, look.academy.jobs.verdict(job)):
        words.append(t(f"verdict.{verdict}"))
    if job.status == "running" and job.step is not None and job.total_steps:
        words.append(f"{100 * job.step // job.total_steps} %")
    if job.job_id in look.queue:
        words.append(position_words(look.queue[job.job_id]))
    if job.status == "failed":
        words.append(why_failed(job)[0])
    elif job.finished_at and (seconds := look.academy.jobs.duration(job)):
        words.append(duration(seconds))
    return words


def _moves(look: Look, job: Job) -> list[Html]:
    position, waiting = look.queue.get(job.job_id), len(look.queue)
    if position is None or waiting < 2:
        return []
    return [
        button(Html("↑"), "job.move", kind="quiet small", title=t("jobs.up"), disabled=position == 1, job=job.job_id, by=-1),
        button(Html("↓"), "job.move", kind="quiet small", title=t("jobs.down"), disabled=position >= waiting, job=job.job_id, by=1),
    ]


def _menu(job: Job) -> Html:
    items = [button(t("adapters.rename"), "job.rename", kind="item", job=job.job_id)]
    if job.status in ENDED and job.kind == "evaluate":
        items.append(button(t("report.again"), "report.again", kind="item", job=job.job_id))
    elif job.status in ENDED:
        if job.kind == "train":
            items.append(button(t("training.retry"), "job.retry", kind="item", job=job.job_id))
        if job.resumable and job.status != "finished":
            items.append(button(t("training.resume"), "job.resume", kind="item", job=job.job_id))
        items.append(button(t("jobs.clean"), "job.clean", kind="item", confirm=t("jobs.clean_sure", name=job.name), job=job.job_id))
    elif job.status not in ENDED:
        items.append(button(t("training.cancel"), "job.cancel", kind="item", **cancel_question(job), job=job.job_id))
    return menu(t("more"), *items)


# ------------------------------------------------------------------ acts


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.cancel(str(data.get("job")))
    ended = job.status in ("finished", "failed")
    return {"toast": toast(t("training.ended_before" if ended else "training.cancelled", name=job.name))}


def _stop(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("training.stopping", name=look.academy.jobs.stop(str(data.get("job"))).name))}


def _resume(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _opened("training.resumed", look.academy.jobs.resume(str(data.get("job"))))


def _retry(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _opened("training.queued", look.academy.training.retry(str(data.get("job"))))


def _retry_changed(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job_id = str(data.get("job"))
    return _opened("training.queued", look.academy.training.retry(job_id, remedy_of(look.academy.jobs.view(job_id))))


def _opened(text: str, job: Job) -> dict[str, Any]:
    return {"toast": toast(t(text, name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def _move(look: Look, data: dict[str, Any]) -> None:
    job_id = str(data.get("job"))
    position = look.academy.jobs.position(job_id)
    if position is not None:
        look.academy.jobs.move(job_id, max(1, position + (1 if str(data.get("by")) == "1" else -1)))


def _clean(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(look.academy.jobs.free(str(data.get("job"))))))}


def _clean_all(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(look.academy.jobs.free_finished())))}


def _ask_name(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.get(str(data.get("job")))
    return {"dialog": name_form("job.renamed", job.job_id, job.name)}


def _rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.rename(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=job.name)), "dialog": None, "event": "datasets"}


def _to_chat(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    adapter = look.academy.adapters.activate(str(data.get("job")))
    return {"toast": toast(t("adapters.activated", name=adapter.name)), "state": {"tab": "chat"}, "event": "datasets"}


REGIONS = {"jobs": _jobs}
ACTS = {
    **report.ACTS,
    "job.cancel": _cancel,
    "job.stop": _stop,
    "job.resume": _resume,
    "job.retry": _retry,
    "job.retry_changed": _retry_changed,
    "job.move": _move,
    "job.clean": _clean,
    "jobs.clean": _clean_all,
    "job.rename": _ask_name,
    "job.renamed": _rename,
    "job.chat": _to_chat,
}
