"""All jobs below the tab: the running and the waiting ones, then those that have ended; and the acts on one job."""

from __future__ import annotations

import functools
import json
from typing import Any

from academy.jobs.store import ENDED, Job
from academy.ui import report
from academy.ui.answers import queued_words, toast
from academy.ui.html.drawings import Drawings
from academy.ui.html.elements import Html, button, card, div, empty, field, go, join, menu, name_form, pill, select, span, tag, when
from academy.ui.html.numbers import ago, duration, number, size
from academy.ui.look import Look
from academy.ui.report import grade, verdict_pill
from academy.ui.texts.translate import t
from academy.ui.training.job import cancel_question, position_words, remedy_of
from academy.ui.training.words import effort_words, ended_words, kind_words, learned, moment_of, result_words, why_failed

_PAGE = 50
_MOST_PAGES = 41
_SEARCHED = 1000
_STATES = ("open", "finished", "failed", "cancelled")


def _jobs(look: Look) -> Html:
    total = look.counts.get("total", 0)
    if not total:
        return card(t("jobs.title"), empty(t("jobs.none"), t("jobs.none_text")))
    limit = _PAGE * min(look.number("jobs_more") + 1, _MOST_PAGES)
    jobs = _found(look, limit + 1)
    rows = [_rows.get(look.academy, _row_key(look, job), functools.partial(_row, look, job)) for job in jobs[:limit]]
    rows = rows or [div(t("jobs.no_match"), cls="ac-soft ac-pad")]
    more = ""
    if len(jobs) > limit:
        next_page = json.dumps({"jobs_more": look.number("jobs_more") + 1})
        show = tag("button", t("jobs.more"), type="button", cls="ac-btn ac-btn-small", data_set=next_page)
        more = div(show, cls="ac-row ac-row-mid")
    clean = button(t("jobs.clean_all"), "jobs.clean_ask", kind="quiet small") if look.counts.get("finished") else ""
    states = [("", t("jobs.state.all")), *((state, t(f"jobs.state.{state}")) for state in _STATES)]
    filters = div(
        field("jobs_query", look.text("jobs_query"), kind="search", placeholder=t("jobs.search"), data_reset="jobs_more"),
        select("jobs_state", states, look.text("jobs_state"), label=t("jobs.state_label")),
        cls="ac-row ac-job-filter",
    )
    aside = join([clean, span(number(total), cls="ac-soft ac-num")], " ")
    return card(t("jobs.title"), filters if total > 1 else "", div(*rows, more, cls="ac-list"), aside=aside)


def _found(look: Look, limit: int) -> list[Job]:
    """The jobs to list: the running and the waiting ones in the order in which they run, then those that have ended, the newest first."""
    jobs, state, words = look.academy.jobs, look.text("jobs_state"), look.text("jobs_query").lower().split()
    most = _SEARCHED if words else limit
    opened = [] if state in _STATES[1:] else [*jobs.open()]
    opened.sort(key=lambda job: job.status == "queued")
    ended = [] if state == "open" else [job for job in jobs.list(most, state if state in _STATES else None) if job.status in ENDED]
    return [job for job in [*opened, *ended] if not words or _matches(look, job, words)][:limit]


def _matches(look: Look, job: Job, words: list[str]) -> bool:
    text = " ".join([job.name, job.note, job.base_model, job.dataset_id or "", t(f"state.{job.status}"), *effort_words(job)]).lower()
    return all(word in text for word in words)


_rows: Drawings[Html] = Drawings(2 * _PAGE * _MOST_PAGES)  # fewer than are shown would all be drawn again every second


def _row_key(look: Look, job: Job) -> tuple[Any, ...]:
    """All that a row shows, without drawing it."""
    place = (look.queue.get(job.job_id), len(look.queue)) if job.status == "queued" else None
    percent = look.percent(job) if job.status in ("running", "preparing") else None
    return job.job_id, job.sequence, place, percent, ago(moment_of(job)), job.job_id == look.job_id, look.job_id is None


def _row(look: Look, job: Job) -> Html:
    brief = look.academy.jobs.brief(job)
    verdict = learned(job, brief and grade(brief.verdict, brief.missing))
    state = verdict_pill(verdict) if verdict and job.status == "finished" else pill(job.status)
    words = join([*_words(look, job), when(moment_of(job))], " · ")
    parts = [div(span(job.name, cls="ac-cut ac-strong"), state, cls="ac-row-line"), div(words, cls="ac-soft ac-clamp ac-num")]
    parts += [div(job.note, cls="ac-cut ac-note")] if job.note else []
    is_shown = job.job_id == look.job_id
    link = go(join(parts), cls="ac-list-main", current=is_shown, tab="training", job=job.job_id)
    return div(
        link,
        div(*_moves(look, job), _menu(look, job), cls="ac-list-side"),
        cls="ac-list-row" + (" is-chosen" if is_shown else ""),
        id=f"job-{job.job_id}",
    )


def _words(look: Look, job: Job) -> list[str]:
    """What a job was set up with, and what came of it so far."""
    words = [kind_words(job)] if job.kind != "train" else [", ".join(effort_words(job))]
    if job.status in ("running", "preparing") and (percent := look.percent(job)) is not None:
        words.append(t("jobs.percent", n=number(round(percent))))
    if job.job_id in look.queue:
        words.append(position_words(look.queue[job.job_id]))
    if job.status == "failed":
        words.append(why_failed(job)[0])
    elif job.status in ENDED:
        words += result_words(look, job)
        words += [duration(seconds)] if (seconds := look.academy.jobs.duration(job)) else []
    return [word for word in words if word]


def _moves(look: Look, job: Job) -> list[Html]:
    position, waiting = look.queue.get(job.job_id), len(look.queue)
    if position is None or waiting < 2:
        return []
    return [
        button(Html("↑"), "job.move", kind="quiet small", title=t("jobs.up"), disabled=position == 1, job=job.job_id, by=-1),
        button(Html("↓"), "job.move", kind="quiet small", title=t("jobs.down"), disabled=position >= waiting, job=job.job_id, by=1),
    ]


def _menu(look: Look, job: Job) -> Html:
    items = [button(t("adapters.rename"), "job.rename", kind="item", job=job.job_id)]
    items.append(button(t("jobs.note"), "job.note", kind="item", job=job.job_id))
    if job.kind == "train" and look.job_id not in (None, job.job_id):
        items.append(button(t("jobs.versus"), "job.versus", kind="item", job=job.job_id))
    if job.status in ENDED and job.kind == "evaluate":
        items.append(button(t("report.again"), "report.again", kind="item", job=job.job_id))
    elif job.status in ENDED:
        if job.kind == "train":
            items.append(button(t("training.retry"), "job.retry", kind="item", job=job.job_id))
        if job.resumable and job.status != "finished":
            items.append(button(t("training.resume"), "job.resume", kind="item", job=job.job_id))
        items.append(button(t("jobs.clean"), "job.clean", kind="item", confirm=t("jobs.clean_sure", name=job.name), job=job.job_id))
    else:
        items.append(button(t("training.cancel"), "job.cancel", kind="item", **cancel_question(job), job=job.job_id))
    if job.status in ENDED:
        items.append(button(t("jobs.delete"), "job.delete_ask", kind="item danger", job=job.job_id))
    return menu(t("more"), *items)


# ------------------------------------------------------------------ acts


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.cancel(str(data.get("job")))
    ended = job.status in ("finished", "failed")
    return {"toast": toast(t("training.ended_before" if ended else "training.cancelled", name=job.name))}


def _stop(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("training.stopping", name=look.academy.jobs.stop(str(data.get("job"))).name))}


def _resume(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.resume(str(data.get("job")))
    return {"toast": toast(t("training.resumed", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def _retry(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _queued(look, look.academy.training.retry(str(data.get("job"))))


def _retry_changed(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job_id = str(data.get("job"))
    return _queued(look, look.academy.training.retry(job_id, remedy_of(look.academy.jobs.view(job_id))))


def _queued(look: Look, job: Job) -> dict[str, Any]:
    return {"toast": toast(queued_words(look.academy, job)), "state": {"tab": "training", "job": job.job_id}}


def _move(look: Look, data: dict[str, Any]) -> None:
    job_id = str(data.get("job"))
    position = look.academy.jobs.position(job_id)
    if position is not None:
        look.academy.jobs.move(job_id, max(1, position + (1 if str(data.get("by")) == "1" else -1)))


def _clean(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(look.academy.jobs.free(str(data.get("job"))))))}


def _clean_all(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(look.academy.jobs.free_finished()))), "dialog": None}


def _ask_clean(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    freed = size(look.academy.jobs.freeable())
    return _question(t("jobs.clean_all"), t("jobs.clean_all_sure", size=freed), t("jobs.clean_all_yes", size=freed), "jobs.clean")


def _ask_delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """What goes with a job, and how much it frees."""
    job = look.academy.jobs.get(str(data.get("job")))
    freed = size(look.academy.jobs.usage(job)["total"])
    adapter = next((item.name for item in look.adapters if item.adapter_id == job.job_id), None)
    lost = t("jobs.delete_adapter", name=adapter) if adapter else t("jobs.delete_plain")
    text = join([lost, t("jobs.delete_frees", size=freed)], " ")
    return _question(t("jobs.delete_title", name=job.name), text, t("delete"), "job.delete", job=job.job_id)


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.get(str(data.get("job")))
    freed = look.academy.jobs.delete(job.job_id)
    answer = {"toast": toast(t("jobs.deleted", name=job.name, size=size(freed))), "dialog": None, "event": "datasets"}
    return answer | ({"state": {"job": None}} if look.text("job") == job.job_id else {})


def _question(title: str, text: Any, yes: str, act: str, **data: Any) -> dict[str, Any]:
    """A dialog that asks before something is lost."""
    no = tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True, autofocus=True)
    buttons = div(no, button(yes, act, kind="danger", **data), cls="ac-row ac-row-end")
    return {"dialog": join([tag("h3", title), tag("p", text), buttons])}


def _ask_note(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.get(str(data.get("job")))
    form = tag(
        "form",
        tag("h3", t("jobs.note_title", name=job.name)),
        tag("textarea", job.note, name="note", rows=3, maxlength=500, cls="ac-input", aria_label=t("jobs.note"), autofocus=True),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="job.noted",
        data_id=job.job_id,
    )
    return {"dialog": form}


def _note(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.annotate(str(data.get("id")), str(data.get("note", "")))
    return {"toast": toast(t("jobs.noted", name=job.name)), "dialog": None}


def _versus(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Draws another job beside the shown one."""
    pinned = look.flag("versus_pin") or look.text("versus_of") == look.job_id
    others = [job_id for job_id in (look.listed("versus") if pinned else []) if job_id != str(data.get("job"))]
    return {"state": {"versus": [*others, str(data.get("job"))], "versus_of": look.job_id}, "reveal_plot": True}


def _ended(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """What page.js tells when a job is no longer among the unfinished ones."""
    job = look.academy.jobs.get(str(data.get("job")))
    if job.status not in ("finished", "failed"):
        return {}  # it was cancelled by a person, or resumed
    kind, mark, text, hint = ended_words(look, job)
    return {"toast": toast(text, hint, kind) | {"job": job.job_id}, "ended": {"mark": mark, "name": job.name, "text": text, "hint": hint}}


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
    "jobs.clean_ask": _ask_clean,
    "jobs.clean": _clean_all,
    "job.delete_ask": _ask_delete,
    "job.delete": _delete,
    "job.note": _ask_note,
    "job.noted": _note,
    "job.versus": _versus,
    "job.ended": _ended,
    "job.rename": _ask_name,
    "job.renamed": _rename,
    "job.chat": _to_chat,
}
