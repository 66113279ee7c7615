"""TODO: academy/ui/training/form.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from academy.errors import AcademyError
from academy.jobs.spec import TrainingSpec
from academy.models import BUNDLED
from academy.ui import form
from academy.ui.html.elements import (
    Html,
    div,
    join,
    notice,
    remedy,
    tag,
)
from academy.ui.html.numbers import duration, gigabytes, number, parse_time, plural, rate
from academy.ui.live import log, sentences, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy


_TOP = ("name", "dataset_id", "base_model", "preset")


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
        manifests, adapters = academy.datasets.list(), academy.adapters.list()
    except AcademyError:
        manifests, adapters = [], []
    own = [(t("form.own_trainer"), "")]
    try:
        own += [(f"{item.name} · {item.description}" if item.description else item.name, item.name) for item in academy.training.recipes()]
    except AcademyError as error:
        own.append((error.detail, ""))
    options = []
    for manifest in manifests:
        count = manifest.statistics.get("total_examples", 0)
        options.append((f"{manifest.name} · {plural('count.examples', count)} · {_moment(manifest.created_at)}", manifest.id))
    ids = {value for _, value in options}
    if chosen not in ids:
        chosen = options[0][1] if options else None
    used = [job.base_model for job in academy.jobs.list(200)]
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
        bare = academy.training.plan(
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
    job, problem = _problem(lambda: academy.training.train(TrainingSpec.model_validate(form.read(_values(arguments), _known(planned)))))
    if problem is not None:
        return [gr.skip(), problem]
    return [{"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}, "nonce": job.job_id}, ""]


def _fit(academy: Academy, planned: Any, *arguments: Any) -> Html:
    found, problem = _problem(lambda: academy.training.dry_run(TrainingSpec.model_validate(form.read(_values(arguments), _known(planned)))))
    if problem is not None:
        return problem
    fits, memory = found.get("fits", True), found.get("peak_memory_mb")
    gpus = academy.machine.gpus()
    room = gpus[0].memory_total_mb if gpus else academy.machine.memory()["total_mb"]
    facts = [t("fit.memory", used=gigabytes(memory), total=gigabytes(room))] if memory else []
    facts += [t("fit.step", seconds=number(found["seconds_per_step"]))] if found.get("seconds_per_step") else []
    facts += [t("fit.all", time=duration(found["total_seconds"]))] if found.get("total_seconds") else []
    words = [found["reason"]] if found.get("reason") else []
    return notice(t("fit.yes") if fits else t("fit.no"), " · ".join([*words, *facts]), kind="good" if fits else "bad")
