"""TODO: academy/ui/training/jobs.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from academy.jobs.store import ENDED, Job
from academy.ui.html.elements import (
    Html,
    button,
    card,
    div,
    empty,
    go,
    join,
    menu,
    name_form,
    pill,
    span,
    tag,
    when,
)
from academy.ui.html.numbers import duration, number, size
from academy.ui.live import View, shown_job, toast
from academy.ui.texts.translate import t
from academy.ui.training.job import _queued, _remedy, _taken, why_failed

if TYPE_CHECKING:
    from academy.services.academy import Academy


_HISTORY = 50


def _jobs(academy: Academy, view: View) -> Html:
    limit = _HISTORY * (1 + min(view.number("jobs_more"), 40))
    jobs = academy.jobs.list(limit=limit + 1)
    if not jobs:
        return card(t("jobs.title"), empty(t("jobs.none"), t("jobs.none_text")))
    # What runs and what waits, in the order in which it will run; below it what has ended, the newest first.
    places = {job.job_id: place for place, job in enumerate(academy.jobs.open())}
    waiting = {job.job_id for job in jobs if job.status == "queued"}
    jobs.sort(key=lambda job: (job.job_id not in places, job.job_id in waiting, places.get(job.job_id, 0)))
    chosen = shown_job(academy, view)
    rows = [_row(academy, job, job.job_id == chosen) for job in jobs[:limit]]
    more = (
        div(
            tag(
                "button",
                t("jobs.more"),
                type="button",
                cls="ac-btn ac-btn-small",
                data_set=json.dumps({"jobs_more": view.number("jobs_more") + 1}),
            ),
            cls="ac-row ac-row-mid",
        )
        if len(jobs) > limit
        else ""
    )
    counts = academy.jobs.counts()
    finished = counts.get("finished", 0)
    aside = join(
        [
            button(t("jobs.clean_all"), "jobs.clean", kind="quiet small", confirm=t("jobs.clean_all_sure")) if finished else "",
            span(number(counts.get("total", len(jobs))), cls="ac-soft ac-num"),
        ],
        " ",
    )
    return card(t("jobs.title"), div(*rows, more, cls="ac-list"), aside=aside)


def _row(academy: Academy, job: Job, chosen: bool) -> Html:
    words: list[Any] = []
    if job.status == "running" and job.step is not None and job.total_steps:
        words.append(f"{100 * job.step // job.total_steps} %")
    if job.status == "queued":
        position = academy.jobs.position(job.job_id)
        words.append(_queued(position) if position is not None else "")
    if job.status == "failed":
        words.append(why_failed(job)[0])
    elif taken := _taken(academy, job):
        words.append(duration(taken))
    words.append(when(job.finished_at or job.started_at or job.created_at))
    moves: list[Any] = []
    waiting = academy.jobs.counts().get("queued", 0)
    if job.status == "queued" and waiting > 1:
        place = academy.jobs.position(job.job_id) or 1
        moves = [
            button(Html("↑"), "job.move", kind="quiet small", title=t("jobs.up"), disabled=place == 1, job=job.job_id, by=-1),
            button(Html("↓"), "job.move", kind="quiet small", title=t("jobs.down"), disabled=place >= waiting, job=job.job_id, by=1),
        ]
    return div(
        go(
            join(
                [
                    div(span(job.name, cls="ac-cut ac-strong"), pill(job.status), cls="ac-row-line"),
                    div(join(words, " · "), cls="ac-soft ac-cut ac-num"),
                ]
            ),
            cls="ac-list-main",
            tab="training",
            job=job.job_id,
        ),
        div(*moves, _job_menu(job), cls="ac-list-side"),
        cls="ac-list-row" + (" is-chosen" if chosen else ""),
        data_key=job.job_id,
    )


def _job_menu(job: Job) -> Html:
    if job.status in ENDED:
        items = [button(t("training.retry"), "job.retry", kind="item", job=job.job_id)]
        if job.resumable and job.status != "finished":
            items.append(button(t("training.resume"), "job.resume", kind="item", job=job.job_id))
        items.append(button(t("jobs.clean"), "job.clean", kind="item", confirm=t("jobs.clean_sure", name=job.name), job=job.job_id))
    else:
        items = [
            button(
                t("training.cancel"),
                "job.cancel",
                kind="item",
                confirm=t("training.cancel_sure", name=job.name),
                yes=t("training.cancel_yes"),
                job=job.job_id,
            )
        ]
    return menu(t("more"), button(t("adapters.rename"), "job.rename", kind="item", job=job.job_id), *items)


def cancel(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.jobs.cancel(str(data.get("job")))
    known = job.status in ("finished", "failed")
    return {"toast": toast(t("training.ended_before" if known else "training.cancelled", name=job.name))}


def stop(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.jobs.stop(str(data.get("job")))
    return {"toast": toast(t("training.stopping", name=job.name))}


def resume(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.jobs.resume(str(data.get("job")))
    return {"toast": toast(t("training.resumed", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def retry(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.training.retry(str(data.get("job")))
    return {"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def retry_changed(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    changes = _remedy(academy.jobs.view(str(data.get("job"))))
    job = academy.training.retry(str(data.get("job")), changes)
    return {"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def move(academy: Academy, data: dict[str, Any], view: View) -> None:
    job_id = str(data.get("job"))
    place = academy.jobs.position(job_id)
    if place is not None:
        academy.jobs.move(job_id, max(1, place + (1 if str(data.get("by")) == "1" else -1)))


def clean(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(academy.jobs.free(str(data.get("job"))))))}


def clean_all(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(academy.jobs.free_finished())))}


def ask_name(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.jobs.get(str(data.get("job")))
    return {"dialog": name_form("job.renamed", job.job_id, job.name)}


def rename(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.jobs.rename(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=job.name)), "dialog": None, "event": "datasets"}


def to_chat(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    adapter = academy.adapters.activate(str(data.get("job")))
    return {"toast": toast(t("adapters.activated", name=adapter.name)), "state": {"tab": "chat"}, "event": "datasets"}
