"""The part of the form that starts a race of several settings, around those that the form shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.jobs.design import OFFERED
from academy.jobs.kinds.sweep import SweepRequest
from academy.ui.answers import Problem, queued_words, toast
from academy.ui.html.elements import div
from academy.ui.texts.translate import t
from academy.ui.training import form
from academy.ui.training.words import setting_title

if TYPE_CHECKING:
    from academy.services.academy import Academy

CONTROLS = ("race_knobs", "race_trials", "race_minutes")
"""The controls, in the order of the handler's arguments."""

_USUAL = ("learning_rate", "lora_rank")


def controls() -> dict[str, Any]:
    """What to vary, how many, how long, and the button."""
    fields = SweepRequest.model_fields
    with gr.Accordion(t("race.try"), open=False, elem_id="race-form"):
        gr.HTML(div(t("race.about"), cls="ac-help"), apply_default_css=False)
        offered = [(setting_title(name), name) for name in OFFERED]
        knobs = gr.CheckboxGroup(offered, value=[*_USUAL], label=t("race.knobs"), info=t("race.knobs_help"), elem_id="race-knobs")
        with gr.Row():
            trials = gr.Number(fields["trials"].default, label=t("race.trials"), precision=0, step=1, elem_id="race-trials", min_width=90)
            minutes = gr.Textbox(
                "", label=t("race.minutes"), info=t("race.minutes_help"), max_lines=1, elem_id="race-minutes", min_width=90
            )
        start = gr.Button(t("race.start"), elem_id="race-start")
    return {"race_knobs": knobs, "race_trials": trials, "race_minutes": minutes, "race_start": start}


def start(academy: Academy, knobs: Any, trials: Any, minutes: Any, planned: Any, *arguments: Any) -> list[Any]:
    """Queues the race: the answer of the page, and the problem if there is one."""
    with Problem(model=SweepRequest, refused="training.refused") as problem:
        job = academy.training.race(request(knobs, trials, minutes, form.requested(planned, arguments)))
        state = {"tab": "training", "job": job.job_id}
        return [{"toast": toast(queued_words(academy, job)), "state": state, "nonce": job.job_id}, ""]
    return [gr.skip(), problem.notice()]


def request(knobs: Any, trials: Any, minutes: Any, settings: dict[str, Any]) -> SweepRequest:
    """The race that the controls show; `settings`: those of the form, of which the chosen ones are varied."""
    own = {name: settings[name] for name in ("name", "dataset_id", "base_model") if name in settings}
    shared = {name: value for name, value in settings.items() if name not in own}
    text = str(minutes or "").strip().replace(",", ".")
    # What is no number is refused where every other value is.
    seconds = round(60 * float(text)) if text.replace(".", "", 1).isdecimal() else text or None
    values = {"space": {name: [] for name in knobs or []}, "trials": trials, "budget_seconds": seconds, "settings": shared}
    return SweepRequest.model_validate(own | values)
