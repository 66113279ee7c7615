"""The shown job: its state and buttons, its numbers, its loss, sample answers, and its settings."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from typing import Any

from academy.errors import NotFound
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job
from academy.ui.html.elements import (
    Html,
    bar,
    button,
    card,
    div,
    empty,
    esc,
    go,
    join,
    live,
    notice,
    pill,
    remedy,
    scrolling,
    select,
    span,
    tag,
    tile,
    when,
)
from academy.ui.html.numbers import duration, gigabytes, loss, number, rate, size
from academy.ui.html.plots import plot
from academy.ui.look import Look
from academy.ui.report import report
from academy.ui.texts.translate import say, t

_OTHERS = 40
_CANCEL = {"train": ("training.cancel_sure", "training.cancel_yes"), "evaluate": ("report.cancel_sure", "report.cancel_yes")}
_PACES = 15


def panel() -> Html:
    """The live part of the tab: the regions below, and the log, which page.js fills."""
    log_pane = div(
        div(
            tag("h3", t("log.title")),
            span("", cls="ac-log-state ac-soft"),
            div(
                tag("button", t("js.log_pause"), type="button", cls="ac-btn ac-btn-small", data_do="pause", aria_pressed="false"),
                span(live("log_link", Html(""), tag_name="span")),
                cls="ac-card-aside",
            ),
            cls="ac-card-head",
        ),
        div("", cls="ac-log-lines", tabindex="0", role="log", aria_live="off", aria_label=t("log.title")),
        div(t("log.empty"), cls="ac-log-empty"),
        tag("button", t("log.end"), type="button", cls="ac-btn ac-btn-small ac-log-end", data_do="follow"),
        cls="ac-card ac-log is-empty",
        data_log=True,
        data_follow="1",
    )
    return div(
        live("job"),
        live("job_report", Html("")),
        live("job_numbers"),
        live("job_plot"),
        live("job_says", Html("")),
        log_pane,
        live("job_more"),
        cls="ac-stack ac-job",
    )


def why_failed(job: Job) -> tuple[str, str]:
    """Why a job failed: the first sentence, and the rest. The error is more exact than the exit status in `reason`."""
    error = say(job.error).strip()
    if not error:
        return (say(job.reason) or t("training.failed_text")).strip(), ""
    return split_sentence(error)


def split_sentence(text: str) -> tuple[str, str]:
    """The first sentence, and the rest."""
    first = re.match(r"(.+?[.!?])\s+(?=[A-Z“\"'‘])", text, re.DOTALL)
    return (first[1], text[first.end() :].strip()) if first else (text, "")


def remedy_of(status: dict[str, Any]) -> dict[str, Any] | None:
    """The settings with which the failure doctor would try again."""
    changes = status.get("remedy")
    return changes if isinstance(changes, dict) and changes else None


def position_words(position: int) -> str:
    """A position in the queue, from 1."""
    return t("training.next") if position == 1 else t("training.position", n=position)


# ------------------------------------------------------------------ state and buttons


def _job(look: Look) -> Html:
    try:
        shown = look.job
    except NotFound as error:
        return notice(error.message, t("training.gone"), go(t("training.newest"), kind="small", tab="training", job=None), kind="warn")
    if shown is None:
        return div(empty(t("training.none_title"), t("training.none_text")), cls="ac-card ac-none")
    status, job = shown
    facts = [esc(job.base_model), when(job.created_at)]
    if job.kind != "train":
        facts.insert(0, esc(kind_words(job)))
    elif job.continue_from:
        facts.insert(1, esc(t("training.continued")))
    if job.status == "queued" and status.get("queue_position") is not None:
        facts.append(esc(position_words(status["queue_position"])))
    head = div(
        div(tag("h2", job.name, title=job.name), pill(job.status, learned(job, status.get("verdict"))), cls="ac-row ac-job-name"),
        div(*_actions(look, status, job), cls="ac-row ac-job-actions"),
        cls="ac-job-head",
    )
    return join([head, div(join(facts, " · "), cls="ac-soft ac-job-facts"), _progress(status, job), _verdict(status, job)])


def kind_words(job: Job) -> str:
    """What a job does that trains nothing."""
    if job.kind == "evaluate":
        return t("report.of_adapter") if job.continue_from else t("report.of_base")
    return job.kind


def learned(job: Job, verdict: str | None) -> str | None:
    """The verdict by which a job is coloured: none where a base was measured, which was never taught."""
    return verdict if job.kind == "train" or job.continue_from else None


def cancel_question(job: Job) -> dict[str, Any]:
    """What is asked before a running job is cancelled, and the answer that does it."""
    sure, yes = _CANCEL.get(job.kind, ("base.do.cancel_sure", "training.cancel"))
    return {"confirm": t(sure, name=job.name), "yes": t(yes)}


def _actions(look: Look, status: dict[str, Any], job: Job) -> list[Html]:
    if job.status in ("running", "preparing"):
        return _running_actions(job)
    if job.status == "queued":
        return [button(t("training.cancel"), "job.cancel", kind="danger", job=job.job_id)]
    if job.kind == "convert":
        return _base_actions(job)
    if job.kind != "train":
        return [button(t("report.again"), "report.again", job=job.job_id)] if job.kind == "evaluate" else []
    if job.status == "finished":
        # What would help comes first where little was learned.
        kind = "primary" if status.get("verdict") in (None, "ready") else ""
        chat = [button(t("training.chat"), "job.chat", kind=kind, job=job.job_id)] if status.get("adapter_path") else []
        return [*chat, button(t("training.again"), "job.retry", job=job.job_id, title=t("training.again_title"))]
    return _ways_on(look, status, job)


def _base_actions(job: Job) -> list[Html]:
    """The buttons of a job that has made a base model ready, or has not."""
    act, label = ("base.choose", t("base.do.use")) if job.status == "finished" else ("base.get", t("training.retry"))
    return [button(label, act, kind="primary", name=job.base_model)]


def _running_actions(job: Job) -> list[Html]:
    actions = [span(t(f"wish.{job.wish}"), cls="ac-soft")] if job.wish else []
    if job.kind == "train" and job.status == "running" and job.wish is None:
        actions.append(button(t("training.stop"), "job.stop", job=job.job_id, title=t("training.stop_title")))
    if job.wish != "cancel":
        actions.append(button(t("training.cancel"), "job.cancel", kind="danger", **cancel_question(job), job=job.job_id))
    return actions


def _ways_on(look: Look, status: dict[str, Any], job: Job) -> list[Html]:
    """The buttons of a failed or cancelled job, the most promising one first."""
    changes = remedy_of(status)
    ways = [("job.retry", t("training.retry"), "")]
    if status.get("resumable"):
        title = t("training.resume_title" if look.checkpoints else "training.resume_over")
        ways.insert(0, ("job.resume", t("training.resume"), title))
    if changes:
        # A person may have killed a process that was well: there, Resume comes first.
        index = 1 if job.cause == "killed" and len(ways) > 1 else 0
        ways.insert(index, ("job.retry_changed", _changed_label(changes), _changes(changes)))
    return [
        button(label, act, kind="" if index else "primary", job=job.job_id, title=title) for index, (act, label, title) in enumerate(ways)
    ]


def _changed_label(changes: dict[str, Any]) -> str:
    return t("training.retry_changed" if "batch_size" in changes or "max_seq_length" in changes else "training.retry_fixed")


def _changes(changes: dict[str, Any]) -> str:
    names, words = TrainingSpec.model_fields, {True: t("on"), False: t("off")}
    return ", ".join(
        f"{names[key].title if key in names else key}: {words[value] if isinstance(value, bool) else value}"
        for key, value in changes.items()
    )


def _progress(status: dict[str, Any], job: Job) -> Html:
    preparing = status.get("preparing") or {}
    if job.status == "preparing" or (job.status == "running" and preparing.get("phase") == "exam"):
        shown = _preparing(preparing)
    elif job.status == "queued":
        shown = join([bar(0, "queued"), div(t("training.waiting"), cls="ac-soft ac-bar-words")])
    else:
        words = _state_words(status, job)
        line = div(words, cls="ac-soft ac-bar-words") if words or job.status == "running" else ""
        shown = join([bar(_fraction(status, job), job.status, learned(job, status.get("verdict"))), line])
    if not status.get("warning"):
        return shown
    text, rest = split_sentence(say(status["warning"]))
    return join([shown, notice(text, rest, kind="warn")])


def _preparing(state: dict[str, Any]) -> Html:
    words = say(state.get("message")) or t("training.preparing")
    if state.get("bytes_total"):
        speed = f" · {size(state['bytes_per_second'])}/s" if state.get("bytes_per_second") else ""
        words += f" {size(state.get('bytes_done') or 0)} / {size(state['bytes_total'])}{speed}"
    return join([bar(state.get("fraction"), "preparing"), div(words, cls="ac-soft ac-num ac-bar-words")])


def _fraction(status: dict[str, Any], job: Job) -> float | None:
    step, total = status.get("step"), status.get("total_steps")
    if step is not None and total:
        return step / total
    return 1.0 if job.status == "finished" else 0.0 if job.status in ENDED else None


def _state_words(status: dict[str, Any], job: Job) -> str:
    if job.status == "running":
        if job.kind != "train":
            return ""
        return say((status.get("notes") or [""])[-1]) if status.get("step") else t("training.first_step")
    if job.status == "finished":
        words = {"train": "training.finished_text", "convert": "base.says.ready"}.get(job.kind)
        return say(job.reason) or (t(words) if words and not status.get("verdict") else "")
    return say(job.reason) or t("training.cancelled_text") if job.status == "cancelled" else ""


def _verdict(status: dict[str, Any], job: Job) -> Html | str:
    if job.status != "failed":
        return ""
    text, rest = why_failed(job)
    changes = remedy_of(status) if job.kind == "train" else None
    more = tag("p", t("training.would_change", button=_changed_label(changes), changes=_changes(changes))) if changes else ""
    return notice(text, join([remedy(rest or t("training.failed_hint")), more]))


# ------------------------------------------------------------------ numbers, loss, answers, settings


def _report(look: Look) -> Html:
    """The report of a job that ended with one."""
    if look.job is None or not look.job.status.get("report_id"):
        return Html("")
    return report(look.academy.evaluations.get(look.job.record.job_id), {item.id: item.name for item in look.datasets})


def _numbers(look: Look) -> Html:
    if look.job is None or look.job.record.kind != "train":
        return Html("")
    status, job = look.job
    metrics = status.get("metrics") or {}
    step, total = status.get("step"), status.get("total_steps")
    epoch, epochs = metrics.get("current_epoch"), metrics.get("total_epochs")
    memory, tokens = metrics.get("memory_mb"), _tokens_per_second(look.points, metrics, job)
    ended = job.status in ENDED
    seconds = (
        look.academy.jobs.duration(job) if ended and job.finished_at else status.get("eta_seconds") if job.status == "running" else None
    )
    epoch_unit = Html(f"/{number(round(epochs) if epochs else None)}") if epochs else ""
    facts, known = is_by_heart(job.parameters), status.get("known")
    at_most = facts and job.parameters.get("stop_when_known")
    knows = tile(number(known["rows"]), t("tile.known"), Html(f"/{number(known['of'])}")) if known and facts and not ended else ""
    return div(
        knows,
        tile(number(step), t("tile.step"), Html(f"/{number(total)}") if total else ""),
        tile(number(epoch, 1), t("tile.epoch"), epoch_unit),
        tile(duration(seconds), t("tile.taken" if ended else "tile.left_at_most" if at_most else "tile.left")),
        tile(loss(metrics.get("latest_loss")), t("tile.loss"), title=t("tile.rate", rate=rate(metrics.get("learning_rate")))),
        tile(number(round(tokens) if tokens else None), t("tile.tokens")),
        tile(gigabytes(memory), t("tile.memory"), Html(" GB") if memory else ""),
        cls="ac-tiles ac-tiles-7" if knows else "ac-tiles ac-tiles-6",
    )


def is_by_heart(parameters: dict[str, Any]) -> bool:
    """Whether a training teaches facts: a held-out one cannot be guessed, so that the loss on it says nothing."""
    return parameters.get("goal") == "facts"


def _tokens_per_second(points: Sequence[dict[str, Any]], metrics: dict[str, Any], job: Job) -> float | None:
    """The median: of all steps of a job that has ended, else of the last ones."""
    paces = [point["tokens_per_second"] for point in points if point.get("tokens_per_second")]
    return statistics.median(paces if job.status in ENDED else paces[-_PACES:]) if paces else metrics.get("tokens_per_second")


def _plot(look: Look) -> Html:
    if look.job is None:
        return card(t("plot.title"), plot([]), cls="ac-plot-card")
    if look.job.record.kind != "train":
        return Html("")
    status, job = look.job
    others = [other for other in look.academy.jobs.list(limit=_OTHERS) if other.job_id != job.job_id and other.step]
    chosen = next((other for other in others if other.job_id == look.text("versus")), None)
    drawn = plot(
        _drawable(look.points, job),
        total_steps=status.get("total_steps"),
        checkpoints=look.checkpoints,
        other=_drawable(look.academy.jobs.points(chosen.job_id), chosen) if chosen else (),
        other_name=chosen.name if chosen else "",
    )
    choices = [("", t("plot.alone")), *((other.job_id, other.name) for other in others)]
    versus = tag(
        "label", span(t("plot.versus"), cls="ac-soft"), select("versus", choices, chosen.job_id if chosen else ""), cls="ac-row ac-versus"
    )
    return card(t("plot.title"), drawn, versus if others else "", cls="ac-plot-card")


def _drawable(points: Sequence[dict[str, Any]], job: Job) -> Sequence[dict[str, Any]]:
    """The points without the loss on held-out rows where it says nothing."""
    if not is_by_heart(job.parameters):
        return points
    return [{name: value for name, value in point.items() if name != "eval_loss"} for point in points]


def _says(look: Look) -> Html:
    """The model's answers to a row of the dataset as it learns, the newest first."""
    samples = (look.job.status.get("samples") or []) if look.job else []
    samples = [sample for sample in samples if sample.get("text") is not None]
    if not samples:
        return Html("")
    rows = [
        div(
            span(t("says.step", n=number(sample.get("step"))), cls="ac-soft ac-num"),
            span(sample["text"][:300] or "–", cls="ac-text"),
            cls="ac-says-row",
        )
        for sample in samples[:-4:-1]
    ]
    return card(t("says.title"), div(samples[-1].get("prompt") or "", cls="ac-said"), *rows, cls="ac-says")


def _log_link(look: Look) -> Html:
    if look.job_id is None:
        return Html("")
    href = f"api/v1/academy/train/{look.job_id}/log"
    return tag("a", t("log.download"), cls="ac-btn ac-btn-small", href=href, download=f"{look.job_id}.log")


def _more(look: Look) -> Html:
    if look.job is None:
        return Html("")
    status, job = look.job
    names, disk = TrainingSpec.model_fields, status["disk"]
    rows = [
        tag(
            "tr",
            tag("th", names[key].title or key),
            tag("td", ", ".join(value) if isinstance(value, list) else "–" if value is None else value),
        )
        for key, value in job.parameters.items()
        if key in names
    ]
    reasons = [tag("li", say(reason)) for reason in job.reasons]
    return tag(
        "details",
        tag("summary", t("training.details")),
        tag("ul", *reasons, cls="ac-reasons") if reasons else "",
        scrolling(t("training.details"), tag("table", tag("tbody", *rows), cls="ac-facts")),
        div(t("training.disk", size=size(disk["total"]), checkpoints=size(disk["checkpoints"])), cls="ac-help"),
        div(t("training.id"), " ", tag("code", job.job_id), cls="ac-help"),
        cls="ac-card ac-more",
    )


REGIONS = {
    "job": _job,
    "job_report": _report,
    "job_numbers": _numbers,
    "job_plot": _plot,
    "job_says": _says,
    "job_more": _more,
    "log_link": _log_link,
}
