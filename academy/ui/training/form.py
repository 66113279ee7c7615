"""The form of a training: TrainingSpec as controls and back, the plan and the advice, and the two buttons below."""

from __future__ import annotations

import json
import time
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import annotated_types
import gradio as gr
from pydantic.fields import FieldInfo

from academy.jobs import presets
from academy.jobs.spec import KNOBS, TrainingSpec
from academy.ui.answers import Problem, queued_words, toast
from academy.ui.html.elements import Html, div, live, notice, span, tag
from academy.ui.html.numbers import duration, exact, gigabytes, moment, number, rate
from academy.ui.texts.translate import plural, say, t
from academy.ui.training import base

if TYPE_CHECKING:
    from academy.curation.datasets import Manifest
    from academy.services.academy import Academy

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("goal", ("method", "goal", "vary_questions", "rehearsal", "stop_when_known", "budget_seconds")),
    (
        "learning",
        (
            "num_epochs",
            "max_steps",
            "learning_rate",
            "measure_rate",
            "lr_scheduler_type",
            "warmup_steps",
            "batch_size",
            "gradient_accumulation_steps",
            "max_seq_length",
            "weight_decay",
            "seed",
        ),
    ),
    ("adapter", ("lora_rank", "lora_alpha", "lora_dropout", "target_modules", "use_rslora", "use_dora", "quantization", "continue_from")),
    ("checks", ("eval_steps", "save_steps", "early_stopping_patience", "keep_best")),
    ("machine", ("backend", "gpus", "precision", "gradient_checkpointing", "recipe")),
)
FIELDS: tuple[str, ...] = tuple(name for _, names in GROUPS for name in names)
"""The fields under "All settings", in order."""

ABOVE = ("name", "dataset_id", "base_model", "preset")
"""The fields that stand above them, in the order of the handlers' arguments."""

_ID = {"base_model": "train-base", "dataset_id": "train-dataset", "name": "train-name", "preset": "train-preset"}
"""The element of each field above; those below are named after theirs."""

_FOLLOWING = ("lora_alpha",)
_DECISIVE = ("continue_from", "method", "goal")
"""The settings on which the Professor's other choices depend."""

_PROBLEMS = "const show = () => setTimeout(() => window.academy.problems(element), 0); watch('value', show); show();"
_MACHINE = ("continue_from", "backend", "recipe")
_OF_BASE = (
    *("learning_rate", "num_epochs", "max_steps", "batch_size", "gradient_accumulation_steps", "max_seq_length"),
    *("lora_rank", "lora_alpha", "target_modules", "quantization", "precision"),
)
"""What suits one base model and not another: with the base, these go back to the Professor's choice."""

_ANY = presets.Facts(rows=1, mean_tokens=1, max_tokens=1, base=None)
_NONE, _ON, _OFF = "", "on", "off"
_MOST_NAMED = 3  # of the fields that a person changed


def component(name: str) -> gr.components.FormComponent:
    """The control for one field of the spec."""
    field = TrainingSpec.model_fields[name]
    kind, optional = _kind(field)
    label, info = say(field.title or name), _help(field)
    common: dict[str, Any] = {"label": label, "info": info, "elem_id": f"set-{name}", "value": initial(name), "min_width": 150}
    if get_origin(kind) is Literal:
        choices = [(t("form.unset"), _NONE)] if optional else []
        choices += [(t(f"choice.{value}"), value) for value in get_args(kind)]
        return gr.Dropdown(choices, **common)
    if name == "continue_from":
        return gr.Dropdown([(t("form.new_adapter"), _NONE)], **common)
    if name == "recipe":
        return gr.Dropdown([(t("form.own_trainer"), _NONE)], **common)
    if kind is bool and optional:
        return gr.Dropdown([(t("form.unset"), _NONE), (t("choice.on"), _ON), (t("choice.off"), _OFF)], **common)
    if kind is bool:
        return gr.Checkbox(**common)
    if kind in (int, float) and optional:
        return gr.Textbox(placeholder=t("form.automatic"), max_lines=1, **common)  # Gradio's Number cannot be empty
    if kind in (int, float):
        return gr.Number(precision=0 if kind is int else None, **({"step": 1} if kind is int else {}), **common)
    return gr.Textbox(max_lines=1, **common)


def initial(name: str) -> Any:
    """The field's default as its control shows it."""
    return shown(name, _default(name))


def shown(name: str, value: Any) -> Any:
    """A value of the spec as its control shows it."""
    if isinstance(value, list):
        return ", ".join(value)
    if value is None:
        return _NONE
    kind, optional = _kind(TrainingSpec.model_fields[name])
    if optional and kind is bool:
        return _ON if value else _OFF
    if optional and kind in (int, float):
        # A browser gives 0.0 back as 0.
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return value


def meant(name: str, value: Any) -> Any:
    """The value of the spec that a control shows; None where it is open."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == _NONE:
        return None
    kind = _kind(TrainingSpec.model_fields[name])
    if isinstance(value, str) and value.isdecimal() and kind == (int, True):
        return int(value)
    if kind == (bool, True):
        return {_ON: True, _OFF: False}.get(value, value)
    if name == "target_modules" and "," in value:
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def changed(values: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """The fields in which a person differs from the preset."""
    return {
        name: meant(name, values[name])
        for name in FIELDS
        if name in values and shown(name, meant(name, values[name])) != shown(name, planned.get(name, _default(name)))
    }


def read(values: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """The values to validate as a spec: those above, and of the settings only the changed ones, so that the preset fills the rest."""
    request = {name: meant(name, values.get(name)) for name in ("name", "dataset_id", "base_model", "preset")} | changed(values, planned)
    return {name: value for name, value in request.items() if value is not None}


def planned_values(spec: dict[str, Any]) -> dict[str, Any]:
    """The values of a resolved spec that the settings show."""
    return {name: spec[name] for name in FIELDS if name in spec and (name in KNOBS or name in _MACHINE)}


def above() -> dict[str, Any]:
    """The controls that stand above the settings, by the name of their field, and the advice."""
    names = TrainingSpec.model_fields
    data, model = names["dataset_id"], names["base_model"]
    efforts = [(t(f"effort.{value}"), value) for value in ("auto", "quick", "balanced", "thorough")]
    return {
        "dataset_id": gr.Dropdown([], label=say(data.title), info=say(data.description), elem_id="train-dataset"),
        "base_model": gr.Dropdown([], label=say(model.title), info=say(model.description), allow_custom_value=True, elem_id="train-base"),
        "base_facts": gr.HTML(live("base"), apply_default_css=False, elem_id="train-base-facts"),
        "preset": gr.Radio(efforts, value="auto", label=say(names["preset"].title), info=_efforts_help(), elem_id="train-preset"),
        "advice": gr.HTML("", apply_default_css=False, elem_id="train-advice", js_on_load=_PROBLEMS),
    }


def settings() -> dict[str, Any]:
    """A control for each field under "All settings"."""
    made = {}
    for group, names in GROUPS:
        gr.HTML(div(t(f"form.group.{group}"), cls="ac-eyebrow"), apply_default_css=False)
        with gr.Column(elem_classes="ac-settings", min_width=0):
            for name in names:
                made[name] = component(name)
    return made


def choices(academy: Academy, chosen: str | None, base_now: str | None) -> list[Any]:
    """What the datasets, base models, adapters and recipes of the form offer now."""
    usual = academy.settings.default_base_model
    manifests, adapters, bases = [], [], [(usual, usual)]
    with Problem():  # where Academy is disabled, there is nothing to choose
        manifests, adapters, bases, usual = academy.datasets.list(), academy.adapters.list(), base.choices(academy), base.usual(academy)
    recipes = [(t("form.own_trainer"), _NONE)]
    with Problem() as problem:
        recipes += [
            (f"{item.name} · {item.description}" if item.description else item.name, item.name) for item in academy.training.recipes()
        ]
    if problem:
        recipes.append((f"{problem.text} {problem.hint}".strip(), _NONE))
    datasets = [(_dataset_label(manifest), manifest.id) for manifest in manifests]
    if chosen not in {value for _, value in datasets}:
        chosen = datasets[0][1] if datasets else None  # the newest
    continued = [(t("form.new_adapter"), _NONE), *((f"{item.name} ({item.base_model})", item.adapter_id) for item in adapters)]
    return [
        gr.update(choices=datasets, value=chosen),
        gr.update(choices=bases, value=base_now or usual),
        gr.update(choices=continued),
        gr.update(choices=recipes),
    ]


def plan(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    """What the preset would choose now, how long it takes, and an empty answer: what was found for other values no longer holds.

    What a person changed stays as it is, even half typed.
    """
    given, before = _values(arguments), planned.get("base_model") if isinstance(planned, dict) else None
    planned = _known(planned)
    values = given if before in (None, given["base_model"]) else given | _as_planned(planned, _OF_BASE)
    skipped = ["", planned | {"base_model": before}, "", *[gr.skip() for _ in FIELDS]]
    if not values["dataset_id"]:
        return [_advice([], {}), *skipped]
    changes = changed(values, planned)
    mine = {key: value for key, value in changes.items() if value is not None}
    request = {key: value for key in ABOVE if (value := meant(key, values[key])) is not None}
    request |= {key: mine[key] for key in _DECISIVE if key in mine}
    bare: dict[str, Any] = {}
    with Problem(model=TrainingSpec) as problem:
        bare = academy.training.plan(TrainingSpec.model_validate(request))
    problems = problem.by_field if problem else _problems(academy, bare, values)
    if problem or bare["spec"] is None:
        return [_advice([], problems), *skipped]
    fresh = planned_values(bare["spec"])
    # What the Professor would have chosen there is what it chose before the person did.
    fresh |= {key: planned.get(key, _default(key)) for key in _DECISIVE if key in mine}
    whole = bare
    if mine.keys() - _DECISIVE:
        with Problem(model=TrainingSpec) as problem:
            whole = academy.training.plan(TrainingSpec.model_validate(request | mine))
        problems = problem.by_field if problem else _problems(academy, whole, values)
    if whole["spec"] is not None and not problem:
        # What follows from a change, as alpha from the rank, is no choice of the person.
        fresh |= {key: whole["spec"][key] for key in _FOLLOWING if key not in mine}
    visible = {key: shown(key, fresh.get(key, _default(key))) for key in FIELDS}
    updates = [gr.update(value=visible[key]) if key not in changes and visible[key] != given[key] else gr.skip() for key in FIELDS]
    fresh["base_model"] = values["base_model"]
    advised = [_few(academy, values["dataset_id"]), _continuing(bare)]
    advice = _advice([*map(say, bare["reasons"])], problems, [*mine], fresh | mine, advised, values["preset"] or "auto")
    return [advice, Html("") if problem else _time(whole), fresh, "", *updates]


def _problems(academy: Academy, plan: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    """What stands against a plan by the field that can repair it; "" for none of them."""
    problems = [*map(say, plan["problems"])]
    if not problems:
        return {}
    base_problem = academy.bases.look(values["base_model"] or academy.settings.default_base_model).problem
    of_base = base_problem is not None and problems[0].startswith(say(base_problem))
    return {"base_model" if of_base else "": " ".join(problems)}


def _few(academy: Academy, dataset_id: str) -> Html | str:
    """What will come of a dataset of a single row."""
    with Problem(logged=False):
        if academy.datasets.get(dataset_id).statistics.get("total_examples") == 1:
            return notice(t("training.one_row"), t("training.one_row_hint"), kind="info")
    return ""


def _continuing(plan: dict[str, Any]) -> Html | str:
    """The Professor's choice between the base model and the active adapter, with the click that takes the adapter."""
    found = plan.get("continuing")
    if found is None:
        return ""
    attributes = {"type": "button", "cls": "ac-btn ac-btn-small", "data_event": "continue", "data_adapter": found["adapter_id"]}
    take = tag("button", t("training.continue"), **attributes) if found["choice"] == "continue" else ""
    return div(say(found["sentence"]), " ", take, cls="ac-help")


def _time(plan: dict[str, Any]) -> Html:
    guess = plan.get("estimate")
    return div(say(guess["sentence"]), cls="ac-help", role="status") if guess else Html("")


def reset(academy: Academy, planned: Any, *arguments: Any, only: str | None = None) -> list[Any]:
    """The plan without what a person changed, or without the change of one field."""
    values, planned = _values(arguments), _known(planned)
    plain = values | _as_planned(planned, [key for key in FIELDS if only in (None, key)])
    advice, guess, fresh, answer, *updates = plan(academy, planned, *plain.values())
    changes = [gr.update(value=plain[key]) if plain[key] != values[key] else part for key, part in zip(FIELDS, updates, strict=True)]
    return [advice, guess, fresh, answer, *changes]


def _as_planned(planned: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some fields as the Professor would fill them in."""
    return {key: shown(key, planned.get(key, _default(key))) for key in names}


def marks() -> str:
    """The style of the fields that a person changed, which the advice names."""
    fields = ", ".join(f'#training-form:has([data-field="{name}"]) #set-{name}' for name in FIELDS)
    return f"{fields} {{ border-left: 3px solid var(--a-accent) !important; padding-left: 8px !important; }}\n"


def start(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    """Queues the training: the answer of the page, and the problem if there is one that is not shown yet."""
    with _training() as problem:
        job = academy.training.train(_spec(planned, arguments))
        state = {"tab": "training", "job": job.job_id}
        return [{"toast": toast(queued_words(academy, job)), "state": state, "nonce": job.job_id}, ""]
    if _is_shown(academy, problem, planned, arguments):
        return [{"repair": True, "nonce": time.monotonic()}, ""]
    return [gr.skip(), problem.notice()]


def fit(academy: Academy, planned: Any, *arguments: Any) -> list[Any]:
    """Two real steps on the longest rows: the answer of the page, and whether they fit, with the values that this holds for."""
    found: Html | str = ""
    with _training() as problem:
        found = _fits(academy, academy.training.dry_run(_spec(planned, arguments)))
    if problem and _is_shown(academy, problem, planned, arguments):
        return [{"repair": True, "nonce": time.monotonic()}, {"of": _request(planned, arguments), "html": ""}]
    return [gr.skip(), {"of": _request(planned, arguments), "html": problem.notice() if problem else found}]


def requested(planned: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The values to validate as a spec, as the form shows them now."""
    return read(_values(arguments), _known(planned))


def use(academy: Academy, settings: Any, planned: Any, *arguments: Any) -> list[Any]:
    """The form with other values in some fields, as if a person had typed them."""
    values = _values(arguments)
    given = {name: shown(name, value) for name, value in settings.items() if name in FIELDS} if isinstance(settings, dict) else {}
    advice, guess, fresh, answer, *updates = plan(academy, planned, *(values | given).values())
    changes = [gr.update(value=given[key]) if key in given else part for key, part in zip(FIELDS, updates, strict=True)]
    return [advice, guess, fresh, answer, *changes]


def fitted(found: Any, planned: Any, *arguments: Any) -> str:
    """What `fit` found, as long as nothing that it depends on has changed since."""
    if not isinstance(found, dict) or found.get("of") != _request(planned, arguments):
        return ""
    return str(found.get("html", ""))


def _request(planned: Any, arguments: tuple[Any, ...]) -> str:
    return json.dumps(requested(planned, arguments), sort_keys=True, default=str)


def _is_shown(academy: Academy, problem: Problem, planned: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether the plan above already says what is wrong, so that it need not be said twice."""
    if problem.sentences:
        return True
    plan = academy.training.plan(_spec(planned, arguments))
    return any(say(text).startswith(problem.text) for text in plan["problems"])


def _fits(academy: Academy, result: dict[str, Any]) -> Html:
    fits, memory = result.get("fits", True), result.get("peak_memory_mb")
    gpus = academy.machine.gpus()
    room = gpus[0].memory_total_mb if gpus else academy.machine.memory()["total_mb"]
    facts = [say(result["reason"])] if result.get("reason") else []
    facts += [t("fit.memory", used=gigabytes(memory), total=gigabytes(room))] if memory else []
    facts += [t("fit.step", seconds=number(result["seconds_per_step"]))] if result.get("seconds_per_step") else []
    facts += [t("fit.all", time=duration(result["total_seconds"]))] if result.get("total_seconds") else []
    return notice(t("fit.yes") if fits else t("fit.no"), " · ".join(facts), kind="good" if fits else "bad")


def _advice(
    reasons: list[str],
    problems: dict[str, str],
    mine: Sequence[str] = (),
    spec: dict[str, Any] | None = None,
    advised: Sequence[Html | str] = (),
    preset: str = "auto",
) -> Html:
    """The plan in one line, the reasons behind a click, and the way back for each field that a person changed.

    page.js shows each problem at its field; those that belong to no field are here.
    """
    at_fields = {_ID.get(name, f"set-{name}"): sentence for name, sentence in problems.items() if name}
    lead = tag("button", plural("count.problems", len(at_fields)), type="button", cls="ac-btn ac-btn-small ac-btn-danger", data_do="repair")
    refused = [notice(problems[""], kind="warn") if "" in problems else "", lead if at_fields and spec is not None else ""]
    marks: dict[str, Any] = {"data_problems": json.dumps(at_fields)}
    if spec is None:
        return div(*refused, div(t("training.no_plan" if problems else "training.no_advice"), cls="ac-advice ac-soft"), **marks)
    batch, times = spec.get("batch_size"), spec.get("gradient_accumulation_steps") or 1
    words = [
        plural("count.steps", spec["max_steps"]) if spec.get("max_steps") else plural("count.epochs", spec.get("num_epochs") or 0),
        t("training.rank", n=spec.get("lora_rank")),
        t("training.batch", n=batch if times == 1 else f"{batch} × {times}"),
        t("training.rate", n=rate(spec.get("learning_rate"))),
    ]
    words += [t(f"choice.{spec['quantization']}")] if spec.get("quantization") in ("8bit", "4bit") else []
    why = t("training.why_else" if mine else "training.why")
    return div(
        div(_in_effect(mine, preset) if mine else t("overview.professor"), cls="ac-eyebrow"),
        div(", ".join(words) + "."),
        *refused,
        *advised,
        tag("details", tag("summary", why), *[tag("p", reason) for reason in reasons]) if reasons else "",
        div(*[_back(key) for key in mine], _all_back(preset), cls="ac-row ac-mine") if mine else "",
        cls="ac-advice",
        **marks,
    )


def _in_effect(mine: Sequence[str], preset: str) -> str:
    """What holds now: the effort that is lit, and what of it is the person's own, also after another dataset was chosen."""
    names = [_title(key) for key in mine[:_MOST_NAMED]] + (["…"] if len(mine) > _MOST_NAMED else [])
    return t("training.yours", effort=t(f"effort.{preset}"), names=", ".join(names))


def _all_back(preset: str) -> Html:
    label = t("training.reset_to", effort=t(f"effort.{preset}"))
    return tag("button", label, type="button", cls="ac-btn ac-btn-small", data_event="auto", title=t("training.reset"))


def _title(key: str) -> str:
    return say(TrainingSpec.model_fields[key].title or key)


def _back(key: str) -> Html:
    """A field that a person changed, with the way back to the Professor's choice."""
    title = _title(key)
    attributes = {"type": "button", "data_event": "auto", "data_field": key, "title": t("training.auto_title", field=title)}
    return span(title, " ", tag("button", t("effort.auto"), cls="ac-btn ac-btn-small", **attributes), cls="ac-help")


def _efforts_help() -> str:
    """The budgets of time of the efforts."""
    names: tuple[presets.Preset, ...] = ("quick", "balanced", "thorough")
    return t("effort.help", **{name: number(round(presets.choose(name, _ANY).values["budget_seconds"] / 60)) for name in names})


def _training() -> Problem:
    return Problem(model=TrainingSpec, refused="training.refused")


def _spec(planned: Any, arguments: tuple[Any, ...]) -> TrainingSpec:
    return TrainingSpec.model_validate(requested(planned, arguments))


def _dataset_label(manifest: Manifest) -> str:
    """Name, size, and the time of day: a choice is drawn once, so "just now" would soon be wrong."""
    count = plural("count.examples", manifest.statistics.get("total_examples", 0))
    return f"{manifest.name} · {count} · {moment(manifest.created_at)}"


def _known(planned: Any) -> dict[str, Any]:
    return {key: planned[key] for key in FIELDS if key in planned} if isinstance(planned, dict) else {}


def _values(arguments: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((*ABOVE, *FIELDS), arguments, strict=True))


def _default(name: str) -> Any:
    return TrainingSpec.model_fields[name].default


def _help(field: FieldInfo) -> str:
    low = next((rule.ge for rule in field.metadata if isinstance(rule, annotated_types.Ge)), None)
    high = next((rule.le for rule in field.metadata if isinstance(rule, annotated_types.Le)), None)
    text = say(field.description)
    if isinstance(low, int | float) and isinstance(high, int | float) and high <= 100_000:
        text += " " + t("form.between", low=_bound(low), high=_bound(high))
    return text


def _bound(value: int | float) -> str:
    return number(value) if float(value).is_integer() else exact(value)


def _kind(field: FieldInfo) -> tuple[Any, bool]:
    """The type of a field without None, and whether None is allowed."""
    annotation = field.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return parts[0], len(parts) < len(get_args(annotation))
    return annotation, False
