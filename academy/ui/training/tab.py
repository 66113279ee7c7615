"""The Training tab: what to train on the left, what is happening on the right, all jobs below."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.jobs.spec import TrainingSpec
from academy.ui import form
from academy.ui.html.elements import (
    Html,
    button,
    div,
    go,
    join,
    live,
    notice,
    remedy,
    span,
)
from academy.ui.live import View
from academy.ui.texts.translate import t
from academy.ui.training.form import _above, _choices, _fit, _plan, _reset, _settings, _start
from academy.ui.training.job import _job, _log_link, _more, _panel, _plot, _says, numbers
from academy.ui.training.jobs import _jobs, ask_name, cancel, clean, clean_all, move, rename, resume, retry, retry_changed, stop, to_chat

if TYPE_CHECKING:
    from academy.services.academy import Academy


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


# ------------------------------------------------------------------ the live panel


# ------------------------------------------------------------------ all jobs


def _train_empty(academy: Academy, view: View) -> Html:
    missing = academy.machine.libraries()
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


REGIONS = {
    "train_empty": _train_empty,
    "job": _job,
    "job_numbers": numbers,
    "job_plot": _plot,
    "job_says": _says,
    "job_more": _more,
    "log_link": _log_link,
    "jobs": _jobs,
}
ACTS = {
    "job.cancel": cancel,
    "job.stop": stop,
    "job.resume": resume,
    "job.retry": retry,
    "job.retry_changed": retry_changed,
    "job.move": move,
    "job.clean": clean,
    "jobs.clean": clean_all,
    "job.rename": ask_name,
    "job.renamed": rename,
    "job.chat": to_chat,
}
