"""The Training tab: what to train on the left, what is happening on the right, all jobs below."""

from __future__ import annotations

import functools
import json
import os
import re
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from academy.errors import AcademyError, NotFound
from academy.jobs import progress
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job
from academy.models import BUNDLED
from academy.ui import form
from academy.ui.adapters import name_form
from academy.ui.live import View, log, sentences, shown_job, toast
from academy.ui.pieces import (
    Html,
    bar,
    button,
    card,
    div,
    duration,
    empty,
    esc,
    gigabytes,
    go,
    join,
    live,
    loss,
    menu,
    notice,
    number,
    parse_time,
    pill,
    plot,
    plural,
    rate,
    remedy,
    select,
    size,
    span,
    tag,
    tile,
    when,
)
from academy.ui.texts import t

if TYPE_CHECKING:
    from academy.services import Academy

_TOP = ("name", "dataset_id", "base_model", "preset")
_HISTORY = 50


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Form, live panel, history."""
    with gr.Row(elem_id="training-grid"):
        with gr.Column(elem_id="training-form", min_width=0):
            gr.HTML(live("train_empty", Html("")), apply_default_css=False, elem_classes="ac-bare")
            with gr.Column(elem_classes="ac-panel", min_width=0):
                datasets, base, preset, advice = _above()
                with gr.Accordion(t("training.all"), open=False, elem_id="all-settings"):
                    known = TrainingSpec.model_fields["name"]
                    name = gr.Textbox(label=known.title, info=known.description, max_lines=1, max_length=80, elem_id="train-name")
                    fields = _settings()
                    reset = gr.Button(t("training.reset"), size="sm", elem_id="set-reset")
                with gr.Row(elem_id="train-buttons"):
                    fit = gr.Button(t("training.fit"), elem_id="train-fit", min_width=0)
                    start = gr.Button(t("training.train"), variant="primary", elem_id="train-start", min_width=0)
                answer = gr.HTML(
                    "", apply_default_css=False, elem_id="train-answer", js_on_load="watch('value', () => window.academy.reveal(element));"
                )
        with gr.Column(elem_id="training-live", min_width=0):
            gr.HTML(_panel(), apply_default_css=False)
        with gr.Column(elem_id="training-jobs", min_width=0):
            gr.HTML(live("jobs"), apply_default_css=False)

    # Not gr.State: with one in the page, every open tab would hold one of the browser's six connections for its heartbeat.
    planned = gr.HTML({}, html_template="", elem_id="ac-planned", elem_classes="ac-kept", apply_default_css=False, js_on_load=None)
    above: list[Any] = [name, datasets, base, preset]
    settings = [fields[key] for key in form.FIELDS]
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    planning = {"inputs": [planned, *above, *settings], "outputs": [advice, planned, *settings], **quick, "trigger_mode": "always_last"}

    def choices(chosen: str | None, base_now: str | None) -> list[Any]:
        return _choices(academy, chosen, base_now)

    def chosen_elsewhere(chosen: str | None, base_now: str | None, event: gr.EventData) -> list[Any]:
        return _choices(academy, (event._data or {}).get("dataset") or chosen, base_now)

    def continued(event: gr.EventData) -> Any:
        return str((event._data or {}).get("adapter", ""))

    plan = functools.partial(_plan, academy)
    filled = {"inputs": [datasets, base], "outputs": [datasets, base, fields["continue_from"], fields["recipe"]], **quick}
    page.load(choices, **filled).then(plan, **planning)
    bus.datasets(chosen_elsewhere, **filled).then(plan, **planning)
    getattr(bus, "continue")(continued, outputs=fields["continue_from"], **quick).then(plan, **planning)
    for control in (datasets, base, preset):
        control.input(plan, **planning)
    fields["continue_from"].input(plan, **planning)
    reset.click(functools.partial(_reset, academy), **planning)
    start.click(functools.partial(_start, academy), inputs=[planned, *above, *settings], outputs=[out, answer], **quick)
    fit.click(lambda: div(span(cls="ac-spin"), t("training.fitting"), cls="ac-notice ac-notice-info ac-row"), outputs=answer, **quick).then(
        functools.partial(_fit, academy),
        inputs=[planned, *above, *settings],
        outputs=answer,
        api_visibility="private",
        show_progress="hidden",
        concurrency_limit=4,
    )


# ------------------------------------------------------------------ the form


def _above() -> tuple[Any, ...]:
    known = TrainingSpec.model_fields
    datasets = gr.Dropdown([], label=known["dataset_id"].title, info=known["dataset_id"].description, elem_id="train-dataset")
    base = gr.Dropdown(
        [], label=known["base_model"].title, info=known["base_model"].description, allow_custom_value=True, elem_id="train-base"
    )
    efforts = [(t(f"effort.{value}"), value) for value in ("auto", "quick", "balanced", "thorough")]
    preset = gr.Radio(efforts, value="auto", label=known["preset"].title, elem_id="train-preset")
    advice = gr.HTML(_advice([], []), apply_default_css=False, elem_id="train-advice")
    return datasets, base, preset, advice


def _settings() -> dict[str, Any]:
    made = {}
    for group, names in form.GROUPS:
        gr.HTML(div(t(f"form.{group}"), cls="ac-eyebrow"), apply_default_css=False)
        with gr.Column(elem_classes="ac-settings", min_width=0):
            for name in names:
                made[name] = form.component(name)
    return made


def _choices(academy: Academy, chosen: str | None, base_now: str | None) -> list[Any]:
    try:
        manifests, adapters = academy.list_datasets(), academy.list_adapters()
    except AcademyError:
        manifests, adapters = [], []
    own = [(t("form.own_trainer"), "")]
    try:
        own += [(f"{item.name} · {item.description}" if item.description else item.name, item.name) for item in academy.list_recipes()]
    except AcademyError as error:
        own.append((error.detail, ""))
    options = []
    for manifest in manifests:
        count = manifest.statistics.get("total_examples", 0)
        options.append((f"{manifest.name} · {plural('count.examples', count)} · {_moment(manifest.created_at)}", manifest.id))
    ids = {value for _, value in options}
    if chosen not in ids:
        chosen = options[0][1] if options else None
    used = [job.base_model for job in academy.job_store.list(200)]
    bases = list(dict.fromkeys([academy.settings.default_base_model, *BUNDLED, *used]))
    continued = [(t("form.new_adapter"), ""), *((f"{item.name} ({item.base_model})", item.adapter_id) for item in adapters)]
    return [
        gr.update(choices=options, value=chosen),
        gr.update(choices=bases, value=base_now or academy.settings.default_base_model),
        gr.update(choices=continued),
        gr.update(choices=own),
    ]


def _moment(text: str | None) -> str:
    """Date and time: a choice is drawn once, so "just now" would soon be wrong."""
    moment = parse_time(text)
    if moment is None:
        return "–"
    recent = (datetime.now(UTC) - moment).days < 180
    return moment.astimezone().strftime("%d %b %H:%M" if recent else "%Y-%m-%d")


def _known(planned: Any) -> dict[str, Any]:
    return {key: planned[key] for key in form.FIELDS if key in planned} if isinstance(planned, dict) else {}


def _values(arguments: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((*_TOP, *form.FIELDS), arguments, strict=True))


def _plan(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    """What the preset would choose now; what a person changed stays changed."""
    values, planned = _values(arguments), _known(planned)
    kept = form.changed(values, planned)
    if not values["dataset_id"]:
        return [_advice([], []), planned, *[gr.skip() for _ in form.FIELDS]]
    asked = {key: value for key in _TOP if (value := form.meant(key, values[key])) is not None}
    reasons: list[str] = []
    try:
        bare = academy.plan(
            TrainingSpec.model_validate(asked | ({"continue_from": kept["continue_from"]} if kept.get("continue_from") else {}))
        )
        problems, reasons = list(bare["problems"]), list(bare["reasons"])
    except ValidationError as error:
        return [_advice([], sentences(error, TrainingSpec)), planned, *[gr.skip() for _ in form.FIELDS]]
    if bare["spec"] is None:
        return [_advice(reasons, problems), planned, *[gr.skip() for _ in form.FIELDS]]
    fresh = form.planned_values(bare["spec"])
    if "continue_from" in kept:
        fresh["continue_from"] = None
    shown = {key: form.shown(key, fresh.get(key, TrainingSpec.model_fields[key].default)) for key in form.FIELDS} | {
        key: form.shown(key, value) for key, value in kept.items()
    }
    titles = [TrainingSpec.model_fields[key].title or key for key in kept]
    return [
        _advice(reasons, problems, titles, fresh | kept),
        fresh,
        *[gr.update(value=shown[key]) if shown[key] != values[key] else gr.skip() for key in form.FIELDS],
    ]


def _reset(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    values, planned = _values(arguments), _known(planned)
    plain = values | {key: form.shown(key, planned.get(key, TrainingSpec.model_fields[key].default)) for key in form.FIELDS}
    done = _plan(academy, planned, *plain.values())
    return [
        *done[:2],
        *[gr.update(value=plain[key]) if plain[key] != values[key] else part for key, part in zip(form.FIELDS, done[2:], strict=True)],
    ]


def _advice(reasons: list[str], problems: list[str], changed: list[str] | None = None, spec: dict[str, Any] | None = None) -> Html:
    """What will be done in one line, and why on asking."""
    if problems:
        return notice(problems[0], join(problems[1:], " "), kind="warn")
    if spec is None:
        return div(t("training.no_advice"), cls="ac-advice ac-soft")
    batch, times = spec.get("batch_size"), spec.get("gradient_accumulation_steps") or 1
    words = [
        plural("count.steps", spec["max_steps"]) if spec.get("max_steps") else plural("count.epochs", spec.get("num_epochs") or 0),
        t("training.rank", n=spec.get("lora_rank")),
        t("training.batch", n=batch if times == 1 else f"{batch} × {times}"),
        t("training.rate", n=rate(spec.get("learning_rate"))),
    ]
    words += [t(f"choice.{spec['quantization']}")] if spec.get("quantization") in ("8bit", "4bit") else []
    return div(
        div(t("overview.professor"), cls="ac-eyebrow"),
        div(", ".join(words) + "."),
        tag("details", tag("summary", t("training.why")), *[tag("p", reason) for reason in reasons]) if reasons else "",
        div(t("training.changed", fields=", ".join(changed)), cls="ac-help") if changed else "",
        cls="ac-advice",
    )


def _problem(handler: Callable[[], Any]) -> tuple[Any, Html | None]:
    try:
        return handler(), None
    except ValidationError as error:
        found = sentences(error, TrainingSpec)
        return None, notice(t("training.refused"), join([tag("p", sentence) for sentence in found]))
    except AcademyError as error:
        return None, notice(error.message, remedy(error.hint))
    except Exception:
        log.exception("A handler of the Training tab failed.")
        return None, notice(t("error.unexpected"), t("error.unexpected_hint"))


def _start(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    job, problem = _problem(lambda: academy.train(TrainingSpec.model_validate(form.read(_values(arguments), _known(planned)))))
    if problem is not None:
        return [gr.skip(), problem]
    return [{"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}, "nonce": job.job_id}, ""]


def _fit(academy: Academy, planned: Any, *arguments: Any) -> Html:
    found, problem = _problem(lambda: academy.dry_run(TrainingSpec.model_validate(form.read(_values(arguments), _known(planned)))))
    if problem is not None:
        return problem
    fits, memory = found.get("fits", True), found.get("peak_memory_mb")
    gpus = academy.habitat.gpus()
    room = gpus[0].memory_total_mb if gpus else academy.habitat.memory()["total_mb"]
    facts = [t("fit.memory", used=gigabytes(memory), total=gigabytes(room))] if memory else []
    facts += [t("fit.step", seconds=number(found["seconds_per_step"]))] if found.get("seconds_per_step") else []
    facts += [t("fit.all", time=duration(found["total_seconds"]))] if found.get("total_seconds") else []
    words = [found["reason"]] if found.get("reason") else []
    return notice(t("fit.yes") if fits else t("fit.no"), " · ".join([*words, *facts]), kind="good" if fits else "bad")


# ------------------------------------------------------------------ the live panel


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
    return academy.job(job_id), academy.job_record(job_id)


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
        div(*_actions(shown, job), cls="ac-row ac-job-actions"),
        cls="ac-job-head",
    )
    return join([head, div(join(facts, " · "), cls="ac-soft ac-job-facts"), _progress(shown, job), _verdict(shown, job)])


def _actions(shown: dict[str, Any], job: Job) -> list[Html]:
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
            title = t("training.resume_title" if _checkpoints(job) else "training.resume_anew")
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


def _numbers(academy: Academy, view: View) -> Html:
    found = _view(academy, view)
    if found is None:
        return Html("")
    shown, job = found
    metrics = shown.get("metrics") or {}
    step, total = shown.get("step"), shown.get("total_steps")
    left = shown.get("eta_seconds") if job.status == "running" else None
    taken = _taken(job)
    time_tile = tile(duration(left), t("tile.left")) if job.status not in ENDED else tile(duration(taken), t("tile.taken"))
    now = metrics.get("latest_loss")
    epoch, epochs = metrics.get("current_epoch"), metrics.get("total_epochs")
    paces = [point["tokens_per_second"] for point in academy.points(job.job_id) if point.get("tokens_per_second")]
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


def _taken(job: Job) -> float | None:
    return progress.duration(job) if job.finished_at else None


def _plot(academy: Academy, view: View) -> Html:
    found = _view(academy, view)
    if found is None:
        return card(t("plot.title"), plot([]), cls="ac-plot-card")
    shown, job = found
    others = [known for known in academy.jobs(limit=40) if known.job_id != job.job_id and known.step]
    other = next((known for known in others if known.job_id == view.text("versus")), None)
    drawn = plot(
        academy.points(job.job_id),
        total_steps=shown.get("total_steps"),
        checkpoints=_checkpoints(job),
        other=academy.points(other.job_id) if other else (),
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


def _checkpoints(job: Job) -> list[int]:
    """The steps of the checkpoints that are there, by the names of their folders."""
    folder = Path(job.output_dir) / "checkpoints"
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted(int(name[5:]) for name in names if name.startswith("step-") and name[5:].isdecimal())


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


# ------------------------------------------------------------------ all jobs


def _jobs(academy: Academy, view: View) -> Html:
    limit = _HISTORY * (1 + min(view.number("jobs_more"), 40))
    jobs = academy.jobs(limit=limit + 1)
    if not jobs:
        return card(t("jobs.title"), empty(t("jobs.none"), t("jobs.none_text")))
    # What runs and what waits, in the order in which it will run; below it what has ended, the newest first.
    places = {job.job_id: place for place, job in enumerate(academy.job_store.open_jobs())}
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
    counts = academy.job_store.counts()
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
        position = academy.runner.queue_position(job.job_id)
        words.append(_queued(position) if position is not None else "")
    if job.status == "failed":
        words.append(why_failed(job)[0])
    elif taken := _taken(job):
        words.append(duration(taken))
    words.append(when(job.finished_at or job.started_at or job.created_at))
    moves: list[Any] = []
    waiting = academy.job_store.counts().get("queued", 0)
    if job.status == "queued" and waiting > 1:
        place = academy.runner.queue_position(job.job_id) or 1
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


def _queued(place: int) -> str:
    """The place among the jobs that wait, from 1."""
    return t("training.next") if place == 1 else t("training.position", n=place)


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


def _train_empty(academy: Academy, view: View) -> Html:
    missing = academy.habitat.training()
    parts = []
    if not missing.ok:
        parts.append(notice(missing.reason, remedy(missing.remedy), kind="warn"))
    if academy.datasets.newest() is None:
        parts.append(
            notice(
                t("training.no_dataset"),
                t("training.no_dataset_hint"),
                button(t("first.samples_button"), "first.samples", kind="primary small"),
                go(t("training.to_dataset"), kind="small", tab="dataset"),
                kind="info",
            )
        )
    return join(parts)


def _cancel(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.cancel(str(data.get("job")))
    known = job.status in ("finished", "failed")
    return {"toast": toast(t("training.ended_before" if known else "training.cancelled", name=job.name))}


def _stop(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.stop(str(data.get("job")))
    return {"toast": toast(t("training.stopping", name=job.name))}


def _resume(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.resume(str(data.get("job")))
    return {"toast": toast(t("training.resumed", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def _retry(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.retry(str(data.get("job")))
    return {"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def _retry_changed(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    changes = _remedy(academy.job(str(data.get("job"))))
    job = academy.retry(str(data.get("job")), changes)
    return {"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}}


def _move(academy: Academy, data: dict[str, Any], view: View) -> None:
    job_id = str(data.get("job"))
    place = academy.runner.queue_position(job_id)
    if place is not None:
        academy.move_job(job_id, max(1, place + (1 if str(data.get("by")) == "1" else -1)))


def _clean(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(academy.clean_job(str(data.get("job"))))))}


def _clean_all(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(academy.clean_old_checkpoints())))}


def _ask_name(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.job_record(str(data.get("job")))
    return {"dialog": name_form("job.renamed", job.job_id, job.name)}


def _rename(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.rename_job(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=job.name)), "dialog": None, "event": "datasets"}


def _to_chat(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    adapter = academy.activate(str(data.get("job")))
    return {"toast": toast(t("adapters.activated", name=adapter.name)), "state": {"tab": "chat"}, "event": "datasets"}


REGIONS = {
    "train_empty": _train_empty,
    "job": _job,
    "job_numbers": _numbers,
    "job_plot": _plot,
    "job_says": _says,
    "job_more": _more,
    "log_link": _log_link,
    "jobs": _jobs,
}
ACTS = {
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
