"""The Training tab: settings on the left, the running job on the right, all jobs below."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.jobs.spec import TrainingSpec
from academy.ui.html.elements import Html, button, div, go, join, live, notice, remedy, span
from academy.ui.look import Look
from academy.ui.texts.translate import reader, say, speak, t
from academy.ui.training import base as base_model
from academy.ui.training import form, job, jobs, race, race_form

if TYPE_CHECKING:
    from academy.services.academy import Academy

_AT = 2  # of the plan among what `form.plan` answers
_PLANNING = "(...values) => { window.academy.planning(true); return values; }"
_PLANNED = "watch('value', () => window.academy.planning(false));"

# A reload keeps what was chosen. Not by way of the controls, which refuse a choice that they do not offer yet.
_CHOSEN = "() => [{ dataset: window.academy.state.train_dataset, base: window.academy.state.train_base }]"


def _keep(*names: str) -> str:
    """A script that keeps a choice in the page's state."""
    state = ", ".join(f"{name}: value" for name in names)
    return f"(value) => {{ if (value) window.academy.setState({{ {state} }}, {{ push: false }}); }}"


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Form, live panel, history."""
    with gr.Row(elem_id="training-grid"):
        with gr.Column(elem_id="training-form", min_width=0):
            gr.HTML(live("train_empty", Html("")), apply_default_css=False, elem_classes="ac-bare")
            controls = _controls()
        with gr.Column(elem_id="training-live", min_width=0):
            gr.HTML(job.panel(), apply_default_css=False)
        with gr.Column(elem_id="training-jobs", min_width=0):
            gr.HTML(live("jobs"), apply_default_css=False)
    # Not gr.State: with one in the page, every open tab would hold one of the browser's six connections for its heartbeat.
    kept: dict[str, Any] = {"html_template": "", "elem_classes": "ac-kept", "apply_default_css": False, "js_on_load": None}
    controls["found"] = gr.HTML({}, elem_id="ac-fitted", **kept)
    kept["js_on_load"] = _PLANNED
    planned = gr.HTML({}, elem_id="ac-planned", **kept)
    _connect(academy, page, bus, out, controls, planned)


def _controls() -> dict[str, Any]:
    """The form: every control by the name of its field, and the buttons."""
    with gr.Column(elem_classes="ac-panel", min_width=0):
        controls = form.above()
        with gr.Accordion(t("training.all"), open=False, elem_id="all-settings"):
            name = TrainingSpec.model_fields["name"]
            controls["name"] = gr.Textbox(
                label=say(name.title), info=say(name.description), max_lines=1, max_length=80, elem_id="train-name"
            )
            controls |= form.settings()
            controls["reset"] = gr.Button(t("training.reset"), size="sm", elem_id="set-reset")
        controls |= race_form.controls()
        reveal = "watch('value', () => window.academy.reveal(element));"
        controls["answer"] = gr.HTML("", apply_default_css=False, elem_id="train-answer", js_on_load=reveal)
        with gr.Column(elem_id="train-bar", min_width=0):
            controls["estimate"] = gr.HTML("", apply_default_css=False, elem_id="train-estimate")
            with gr.Row(elem_id="train-buttons"):
                controls["fit"] = gr.Button(t("training.fit"), elem_id="train-fit", min_width=0)
                controls["start"] = gr.Button(t("training.train"), variant="primary", elem_id="train-start", min_width=0)
    return controls


def _connect(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML, controls: dict[str, Any], planned: gr.HTML) -> None:
    settings = [controls[key] for key in form.FIELDS]
    values = [planned, *(controls[key] for key in form.ABOVE), *settings]
    answer, datasets, base = controls["answer"], controls["dataset_id"], controls["base_model"]
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    # js: what the advice said no longer holds.
    planning: dict[str, Any] = {
        "js": _PLANNING,
        "inputs": values,
        "outputs": [controls["advice"], controls["estimate"], planned, answer, *settings],
        **quick,
        "trigger_mode": "always_last",
    }
    filled = {"inputs": [datasets, base], "outputs": [datasets, base, controls["continue_from"], controls["recipe"]], **quick}

    def choices(kept: Any) -> list[Any]:
        kept = kept if isinstance(kept, dict) else {}
        return form.choices(academy, kept.get("dataset"), kept.get("base"))

    def chosen_elsewhere(chosen: str | None, base_now: str | None, event: gr.EventData) -> list[Any]:
        return form.choices(academy, (event._data or {}).get("dataset") or chosen, base_now)

    def continued(event: gr.EventData) -> Any:
        return str((event._data or {}).get("adapter", ""))

    def plan(*now: Any) -> list[Any]:
        return _answered(form.plan(academy, *now))

    def reset(*now: Any) -> list[Any]:
        return _answered(form.reset(academy, *now))

    def automatic(event: gr.EventData, *now: Any) -> list[Any]:
        return _answered(form.reset(academy, *now, only=(event._data or {}).get("field")))

    def from_trial(event: gr.EventData, *now: Any) -> list[Any]:
        return _answered(form.use(academy, (event._data or {}).get("settings"), *now))

    def base_elsewhere(event: gr.EventData) -> Any:
        return str((event._data or {}).get("base", ""))

    page.load(choices, **filled | {"inputs": controls["found"]}, js=_CHOSEN).then(plan, **planning)
    bus.datasets(chosen_elsewhere, **filled).then(plan, **planning)
    getattr(bus, "continue")(continued, outputs=controls["continue_from"], **quick).then(plan, **planning)
    bus.auto(automatic, **planning)
    bus.settings(from_trial, **planning)
    bus.base(base_elsewhere, outputs=base, **quick).then(plan, **planning)
    base.change(None, inputs=base, js=_keep("base", "train_base"), **quick)
    datasets.change(None, inputs=datasets, js=_keep("train_dataset"), **quick)
    for key in ("dataset_id", "base_model", "preset", *form.FIELDS):
        controls[key].input(plan, **planning)
    controls["reset"].click(reset, **planning)
    controls["start"].click(functools.partial(form.start, academy), inputs=values, outputs=[out, answer], **quick)
    racing = [*(controls[key] for key in race_form.CONTROLS), *values]
    controls["race_start"].click(functools.partial(race_form.start, academy), inputs=racing, outputs=[out, answer], **quick)
    _connect_fit(academy, out, controls, values, quick)


def _connect_fit(academy: Academy, out: gr.HTML, controls: dict[str, Any], values: list[Any], quick: dict[str, Any]) -> None:
    """The button that tries whether the training fits."""
    answer = controls["answer"]

    def waiting() -> Html:
        return div(span(cls="ac-spin"), t("training.fitting"), cls="ac-notice ac-notice-info ac-row")

    def fit(request: gr.Request, *now: Any) -> list[Any]:
        speak(reader(request))
        return form.fit(academy, *now)

    fitting = controls["fit"].click(waiting, outputs=answer, **quick)
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 4}
    found = controls["found"]
    measured = fitting.then(fit, inputs=values, outputs=[out, found], **private)
    measured.then(form.fitted, inputs=[found, *values], outputs=answer, **quick)


def _answered(updates: list[Any]) -> list[Any]:
    """A plan that the page notices even if it is the same as before."""
    updates[_AT] |= {"at": time.monotonic()}
    return updates


def _train_empty(look: Look) -> Html:
    look.academy.training.warm()
    missing = look.academy.machine.libraries()
    parts = [] if missing.ok else [notice(say(missing.reason), remedy(say(missing.remedy)), kind="warn")]
    if look.academy.datasets.newest() is None:
        samples = button(t("first.samples"), "first.samples", kind="primary small")
        own = go(t("training.to_dataset"), kind="small", tab="dataset")
        parts.append(notice(t("training.no_dataset"), t("training.no_dataset_hint"), samples, own, kind="info"))
    return join(parts)


REGIONS = {"train_empty": _train_empty, **base_model.REGIONS, **job.REGIONS, **jobs.REGIONS}
ACTS = base_model.ACTS | jobs.ACTS | race.ACTS
