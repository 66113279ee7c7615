"""The shown job: its state and buttons, its numbers, its loss, sample answers, and its settings."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from academy.errors import NotFound
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, TEACHING, Job
from academy.ui.html.drawings import Drawings
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
    short,
    span,
    tag,
    tile,
    when,
)
from academy.ui.html.numbers import duration, gigabytes, loss, number, rate, size
from academy.ui.look import Look
from academy.ui.professor import said_of
from academy.ui.report import grade, report
from academy.ui.texts.translate import say, t
from academy.ui.training import compare, race
from academy.ui.training.words import effort_words, is_by_heart, kind_words, learned, moment_of, setting_words, split_sentence, why_failed

_CANCEL = {
    "train": ("training.cancel_sure", "training.cancel_yes"),
    "evaluate": ("report.cancel_sure", "report.cancel_yes"),
    "sweep": ("race.cancel_sure", "race.cancel_yes"),
}
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
        live("job_race", Html("")),
        live("job_report", Html("")),
        live("job_numbers"),
        live("job_plot"),
        live("job_says", Html("")),
        log_pane,
        live("job_more"),
        cls="ac-stack ac-job",
    )


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
    facts = [esc(job.base_model), *map(esc, effort_words(job)), join([t(f"training.when.{job.status}"), when(moment_of(job))], " ")]
    if job.kind != "train":
        facts.insert(0, esc(kind_words(job)))
    elif job.continue_from:
        facts.insert(1, esc(t("training.continued")))
    if job.status == "queued" and status.get("queue_position") is not None:
        facts.append(esc(position_words(status["queue_position"])))
    head = div(
        div(tag("h2", job.name, title=job.name), pill(job.status, _learned(status, job)), cls="ac-row ac-job-name"),
        div(*_actions(look, status, job), cls="ac-row ac-job-actions"),
        cls="ac-job-head",
    )
    note = div(job.note, cls="ac-text ac-note", title=t("jobs.note")) if job.note else ""
    gate = said_of(look, job.job_id) if job.status == "finished" and job.kind in TEACHING else ""
    return join([head, div(join(facts, " · "), cls="ac-soft ac-job-facts"), note, _progress(status, job), _verdict(status, job), gate])


def _learned(status: dict[str, Any], job: Job) -> str | None:
    return learned(job, grade(status.get("verdict"), status.get("missing") or 0))


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
    if job.kind == "sweep":
        return race.actions(status, job)
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
    # training.js shows the one that applies, where the browser can notify.
    actions += [
        tag("button", t(f"training.{name}"), type="button", cls=f"ac-btn ac-{name}", data_do=name) for name in ("notify", "unnotify")
    ]
    if job.kind in ("train", "sweep") and job.status == "running" and job.wish is None:
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
        f"{say(names[key].title) if key in names else key}: {words[value] if isinstance(value, bool) else value}"
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
        shown = join([bar(_fraction(status, job), job.status, _learned(status, job)), line])
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


_reports: Drawings[Html] = Drawings(16)


def _report(look: Look) -> Html:
    """The report of a job that ended with one."""
    if look.job is None or not look.job.status.get("report_id"):
        return Html("")
    job, names = look.job.record, {item.id: item.name for item in look.datasets}
    # A report is written once, at the end of its job.
    key = (job.job_id, job.finished_at, str(look.academy.jobs.brief(job)), tuple(names.items()))
    return _reports.get(look.academy, key, lambda: report(look.academy.evaluations.get(job.job_id), names))


_SHARES = {"preference": "report.preferred", "correction": "report.corrected"}


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
    # In its place from the start, so that the others keep theirs when it has a number.
    of = Html(f"/{number(known['of'])}") if known else ""
    knows = tile(number(known["rows"] if known else None), t("tile.known"), of) if facts and (known or not ended) else ""
    share, method = metrics.get("accuracy"), job.parameters.get("method")
    if method in _SHARES and not ended:
        knows = tile(number(None if share is None else 100 * share, 0), t(_SHARES[method]), "" if share is None else "%")
    return div(
        knows,
        tile(number(step), t("tile.step"), Html(f"/{number(total)}") if total else ""),
        tile(number(epoch, 1), t("tile.epoch"), epoch_unit),
        tile(duration(seconds), t("tile.taken" if ended else "tile.left_at_most" if at_most else "tile.left")),
        _loss_tile(look, job, metrics),
        tile(number(round(tokens) if tokens else None), t("tile.tokens")),
        tile(gigabytes(memory), t("tile.memory"), Html(" GB") if memory else ""),
        cls="ac-tiles ac-tiles-7" if knows else "ac-tiles ac-tiles-6",
    )


def _loss_tile(look: Look, job: Job, metrics: dict[str, Any]) -> Html:
    """The loss now; of a training that has ended the one that its adapter, the list and the comparison show."""
    if job.status in ENDED and (last := look.academy.jobs.result(job).train_loss) is not None:
        return tile(loss(last), t("tile.loss"), title=t("tile.loss_title"))
    return tile(loss(metrics.get("latest_loss")), t("tile.loss"), title=t("tile.rate", rate=rate(metrics.get("learning_rate"))))


def _tokens_per_second(points: Sequence[dict[str, Any]], metrics: dict[str, Any], job: Job) -> float | None:
    """The median: of all steps of a job that has ended, else of the last ones."""
    paces = [point["tokens_per_second"] for point in points if point.get("tokens_per_second")]
    return statistics.median(paces if job.status in ENDED else paces[-_PACES:]) if paces else metrics.get("tokens_per_second")


def _says(look: Look) -> Html:
    """What the model answers to some rows of the dataset as it learns, beside the taught answer and the base's."""
    samples = (look.job.status.get("samples") or []) if look.job else []
    asked: dict[str, list[dict[str, Any]]] = {}
    for sample in samples:
        if sample.get("text") is not None:
            asked.setdefault(str(sample.get("prompt") or ""), []).append(sample)
    if not asked:
        return Html("")
    title = t("says.then") if look.job and look.job.record.status in ENDED else t("says.title")
    return card(title, *[_said(look, prompt, given) for prompt, given in asked.items()], cls="ac-says")


def _said(look: Look, prompt: str, given: Sequence[dict[str, Any]]) -> Html:
    """One question; its newest answer, and the one before."""
    base = given[-1].get("base")
    return div(
        div(prompt, cls="ac-said"),
        _wanted(look, prompt),
        _says_row(t("says.base"), base) if base is not None else "",
        *[_says_row(t("says.step", n=number(sample.get("step"))), sample["text"]) for sample in given[-2:-1]],
        _says_row(t("says.step", n=number(given[-1].get("step"))), given[-1]["text"], "is-newest"),
        cls="ac-says-one",
    )


def _says_row(who: str, text: str, mark: str = "") -> Html:
    return div(span(who, cls="ac-soft ac-num"), span(short(text, 300) or "–", cls="ac-text"), cls=f"ac-says-row {mark}".strip())


_answers: Drawings[Html] = Drawings(64)


def _wanted(look: Look, prompt: str) -> Html:
    """The answer that was taught to a question, where it is known."""

    def draw() -> Html:
        answer = look.academy.datasets.answer_to(prompt, look.job_id) or ""
        return _says_row(t("says.wanted"), answer, "is-wanted") if answer else Html("")

    return _answers.get(look.academy, (look.job.record.job_id if look.job else "", prompt), draw)


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
            tag("th", say(names[key].title or key)),
            tag("td", setting_words(key, value)),
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
    **compare.REGIONS,
    **race.REGIONS,
    "job_says": _says,
    "job_more": _more,
    "log_link": _log_link,
}
