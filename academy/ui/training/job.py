"""TODO: academy/ui/training/job.py."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING, Any

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
    select,
    span,
    tag,
    tile,
    when,
)
from academy.ui.html.numbers import duration, gigabytes, loss, number, rate, size
from academy.ui.html.plots import plot
from academy.ui.live import View, shown_job
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy


def _panel() -> Html:
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
        div("", cls="ac-log-lines", tabindex="0", role="log", aria_label=t("log.title")),
        div(t("log.empty"), cls="ac-log-empty"),
        tag("button", t("log.end"), type="button", cls="ac-btn ac-btn-small ac-log-end", data_do="follow"),
        cls="ac-card ac-log is-empty",
        data_log=True,
        data_follow="1",
    )
    return div(
        live("job"), live("job_numbers"), live("job_plot"), live("job_says", Html("")), log_pane, live("job_more"), cls="ac-stack ac-job"
    )


def _view(academy: Academy, view: View) -> tuple[dict[str, Any], Job] | None:
    job_id = shown_job(academy, view)
    if job_id is None:
        return None
    return academy.jobs.view(job_id), academy.jobs.get(job_id)


def _job(academy: Academy, view: View) -> Html:
    try:
        found = _view(academy, view)
    except NotFound as error:
        return notice(error.message, t("training.gone"), go(t("training.newest"), kind="small", tab="training", job=None), kind="warn")
    if found is None:
        return div(empty(t("training.none_title"), t("training.none_text")), cls="ac-card ac-none")
    shown, job = found
    status = job.status
    facts = [esc(job.base_model), when(job.created_at)]
    if job.continue_from:
        facts.insert(1, esc(t("training.continued")))
    if status == "queued" and shown.get("queue_position") is not None:
        facts.append(esc(_queued(shown["queue_position"])))
    head = div(
        div(tag("h2", job.name, title=job.name), pill(status), cls="ac-row ac-job-name"),
        div(*_actions(academy, shown, job), cls="ac-row ac-job-actions"),
        cls="ac-job-head",
    )
    return join([head, div(join(facts, " · "), cls="ac-soft ac-job-facts"), _progress(shown, job), _verdict(shown, job)])


def _actions(academy: Academy, shown: dict[str, Any], job: Job) -> list[Html]:
    status, parts = job.status, []
    if status in ("running", "preparing"):
        if job.wish:
            parts.append(span(t(f"wish.{job.wish}"), cls="ac-soft"))
        if status == "running" and job.wish is None:
            parts.append(button(t("training.stop"), "job.stop", job=job.job_id, title=t("training.stop_title")))
        if job.wish != "cancel":
            parts.append(
                button(
                    t("training.cancel"),
                    "job.cancel",
                    kind="danger",
                    confirm=t("training.cancel_sure", name=job.name),
                    yes=t("training.cancel_yes"),
                    job=job.job_id,
                )
            )
    elif status == "queued":
        parts.append(button(t("training.cancel"), "job.cancel", kind="danger", job=job.job_id))
    elif status == "finished":
        if shown.get("adapter_path"):
            parts.append(button(t("training.chat"), "job.chat", kind="primary", job=job.job_id))
        parts.append(button(t("training.again"), "job.retry", job=job.job_id, title=t("training.again_title")))
    else:
        changes = _remedy(shown)
        ways = [("job.retry", t("training.retry"), "")]
        if shown.get("resumable"):
            title = t("training.resume_title" if academy.jobs.checkpoints(job) else "training.resume_anew")
            ways.insert(0, ("job.resume", t("training.resume"), title))
        if changes:
            # A process that was killed was perhaps only ended by somebody: there, going on comes first.
            place = 1 if job.cause == "killed" and len(ways) > 1 else 0
            ways.insert(place, ("job.retry_changed", _changed_label(changes), _changes(changes)))
        for place, (act, label, title) in enumerate(ways):
            parts.append(button(label, act, kind="" if place else "primary", job=job.job_id, title=title))
    return parts


def _changed_label(changes: dict[str, Any]) -> str:
    return t("training.retry_changed" if "batch_size" in changes or "max_seq_length" in changes else "training.retry_fixed")


def _changes(changes: dict[str, Any]) -> str:
    names = TrainingSpec.model_fields
    shown = {True: t("on"), False: t("off")}
    return ", ".join(
        f"{names[key].title if key in names else key}: {shown[value] if isinstance(value, bool) else value}"
        for key, value in changes.items()
    )


def _progress(shown: dict[str, Any], job: Job) -> Html:
    bar_and_words = _bar_and_words(shown, job)
    if not shown.get("warning"):
        return bar_and_words
    text, rest = split_sentence(shown["warning"])
    return join([bar_and_words, notice(text, rest, kind="warn")])


def _bar_and_words(shown: dict[str, Any], job: Job) -> Html:
    step, total = shown.get("step"), shown.get("total_steps")
    if job.status == "preparing":
        state = shown.get("preparing") or {}
        words = state.get("message") or t("training.preparing")
        if state.get("bytes_total"):
            speed = f" · {size(state['bytes_per_second'])}/s" if state.get("bytes_per_second") else ""
            words += f" {size(state.get('bytes_done') or 0)} / {size(state['bytes_total'])}{speed}"
        return join([bar(state.get("fraction"), "preparing"), div(words, cls="ac-soft ac-num ac-bar-words")])
    if job.status == "queued":
        return join([bar(0, "queued"), div(t("training.waiting"), cls="ac-soft ac-bar-words")])
    fraction = step / total if step is not None and total else 1.0 if job.status == "finished" else 0.0 if job.status in ENDED else None
    words = ""
    if job.status == "running":
        words = (shown.get("notes") or [""])[-1] if step else t("training.first_step")
    elif job.status == "finished":
        words = job.reason or t("training.finished_text")
    elif job.status == "cancelled":
        words = job.reason or t("training.cancelled_text")
    else:
        words = ""
    return join([bar(fraction, job.status), div(words, cls="ac-soft ac-bar-words") if words or job.status == "running" else ""])


def _remedy(shown: dict[str, Any]) -> dict[str, Any] | None:
    """The knobs with which the failure doctor would try again."""
    found = shown.get("remedy")
    return found if isinstance(found, dict) and found else None


def _verdict(shown: dict[str, Any], job: Job) -> Html | str:
    if job.status != "failed":
        return ""
    text, rest = why_failed(job)
    changes = _remedy(shown)
    more = tag("p", t("training.would_change", button=_changed_label(changes), changes=_changes(changes))) if changes else ""
    return notice(text, join([remedy(rest or t("training.failed_hint")), more]))


def why_failed(job: Job) -> tuple[str, str]:
    """Why a job failed, in one sentence, and what more there is to say: the error knows better than the exit status in `reason`."""
    error = (job.error or "").strip()
    if not error:
        return (job.reason or t("training.failed_text")).strip(), ""
    return split_sentence(error)


def split_sentence(text: str) -> tuple[str, str]:
    """The first sentence, and the rest."""
    first = re.match(r"(.+?[.!?])\s+(?=[A-Z“\"'‘])", text, re.DOTALL)
    return (first[1], text[first.end() :].strip()) if first else (text, "")


def numbers(academy: Academy, view: View) -> Html:
    found = _view(academy, view)
    if found is None:
        return Html("")
    shown, job = found
    metrics = shown.get("metrics") or {}
    step, total = shown.get("step"), shown.get("total_steps")
    left = shown.get("eta_seconds") if job.status == "running" else None
    taken = _taken(academy, job)
    time_tile = tile(duration(left), t("tile.left")) if job.status not in ENDED else tile(duration(taken), t("tile.taken"))
    now = metrics.get("latest_loss")
    epoch, epochs = metrics.get("current_epoch"), metrics.get("total_epochs")
    paces = [point["tokens_per_second"] for point in academy.jobs.points(job.job_id) if point.get("tokens_per_second")]
    per_second = statistics.median(paces if job.status in ENDED else paces[-15:]) if paces else metrics.get("tokens_per_second")
    memory = metrics.get("memory_mb")
    total_unit = Html(f"/{number(total)}") if total else ""
    epoch_unit = Html(f"/{number(round(epochs) if epochs else None)}") if epochs else ""
    return div(
        tile(number(step), t("tile.step"), total_unit),
        tile("–" if epoch is None else f"{epoch:.1f}", t("tile.epoch"), epoch_unit),
        time_tile,
        tile(loss(now), t("tile.loss"), title=t("tile.rate", rate=rate(metrics.get("learning_rate")))),
        tile(number(round(per_second) if per_second else None), t("tile.tokens")),
        tile(gigabytes(memory), t("tile.memory"), Html(" GB") if memory else ""),
        cls="ac-tiles ac-tiles-6",
    )


def _taken(academy: Academy, job: Job) -> float | None:
    return academy.jobs.duration(job) if job.finished_at else None


def _plot(academy: Academy, view: View) -> Html:
    found = _view(academy, view)
    if found is None:
        return card(t("plot.title"), plot([]), cls="ac-plot-card")
    shown, job = found
    others = [known for known in academy.jobs.list(limit=40) if known.job_id != job.job_id and known.step]
    other = next((known for known in others if known.job_id == view.text("versus")), None)
    drawn = plot(
        academy.jobs.points(job.job_id),
        total_steps=shown.get("total_steps"),
        checkpoints=academy.jobs.checkpoints(job),
        other=academy.jobs.points(other.job_id) if other else (),
        other_name=other.name if other else "",
    )
    choices = [("", t("plot.alone")), *((known.job_id, known.name) for known in others)]
    versus = tag(
        "label", span(t("plot.versus"), cls="ac-soft"), select("versus", choices, other.job_id if other else ""), cls="ac-row ac-versus"
    )
    return card(t("plot.title"), drawn, versus if others else "", cls="ac-plot-card")


def _says(academy: Academy, view: View) -> Html:
    """What the model answers to a row of the dataset as it learns, the newest first."""
    found = _view(academy, view)
    samples = [sample for sample in (found[0].get("samples") or [] if found else []) if sample.get("text") is not None]
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


def _log_link(academy: Academy, view: View) -> Html:
    job_id = shown_job(academy, view)
    if job_id is None:
        return Html("")
    return tag("a", t("log.download"), cls="ac-btn ac-btn-small", href=f"api/v1/academy/train/{job_id}/log", download=f"{job_id}.log")


def _more(academy: Academy, view: View) -> Html:
    found = _view(academy, view)
    if found is None:
        return Html("")
    shown, job = found
    names, disk = TrainingSpec.model_fields, shown["disk"]
    rows = [
        tag(
            "tr",
            tag("th", names[key].title or key),
            tag("td", ", ".join(value) if isinstance(value, list) else "–" if value is None else value),
        )
        for key, value in job.parameters.items()
        if key in names
    ]
    reasons = [tag("li", reason) for reason in job.reasons]
    return tag(
        "details",
        tag("summary", t("training.details")),
        tag("ul", *reasons, cls="ac-reasons") if reasons else "",
        div(tag("table", tag("tbody", *rows), cls="ac-facts"), cls="ac-scroll"),
        div(t("training.disk", size=size(disk["total"]), checkpoints=size(disk["checkpoints"])), cls="ac-help"),
        div(t("training.id"), " ", tag("code", job.job_id), cls="ac-help"),
        cls="ac-card ac-more",
    )


def _queued(place: int) -> str:
    """The place among the jobs that wait, from 1."""
    return t("training.next") if place == 1 else t("training.position", n=place)
