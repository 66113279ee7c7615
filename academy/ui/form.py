"""TrainingSpec as a form and back: every field's title, help, bounds and choices are read from the model."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import gradio as gr
from pydantic.fields import FieldInfo

from academy.jobs.spec import KNOBS, TrainingSpec
from academy.ui.texts.translate import t

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "learning",
        (
            "num_epochs",
            "max_steps",
            "learning_rate",
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
    ("machine", ("backend", "precision", "gradient_checkpointing", "recipe")),
)
FIELDS: tuple[str, ...] = tuple(name for _, names in GROUPS for name in names)
"""The fields under "All settings", in order; the others (name, dataset, base model, effort) stand above."""

_PLACES = ("continue_from", "backend", "recipe")
_NONE = ""


def component(name: str) -> gr.components.FormComponent:
    """The control for one field of the spec."""
    known = TrainingSpec.model_fields[name]
    kind, optional = _kind(known)
    label, info = known.title or name, _help(known)
    common: dict[str, Any] = {"label": label, "info": info, "elem_id": f"set-{name}", "value": initial(name), "min_width": 150}
    if get_origin(kind) is Literal:
        choices = [(t("form.unset"), _NONE)] if optional else []
        choices += [(t(f"choice.{value}"), value) for value in get_args(kind)]
        return gr.Dropdown(choices, **common)
    if name == "continue_from":
        return gr.Dropdown([(t("form.new_adapter"), _NONE)], **common)
    if name == "recipe":
        return gr.Dropdown([(t("form.own_trainer"), _NONE)], **common)
    if kind is bool:
        return gr.Checkbox(**common)
    if kind in (int, float) and optional:
        return gr.Textbox(placeholder=t("form.automatic"), max_lines=1, **common)  # Gradio's Number cannot be empty
    if kind in (int, float):
        return gr.Number(precision=0 if kind is int else None, **({"step": 1} if kind is int else {}), **common)
    return gr.Textbox(max_lines=1, **common)


def initial(name: str) -> Any:
    """What a control shows for the field's default."""
    return shown(name, TrainingSpec.model_fields[name].default)


def shown(name: str, value: Any) -> Any:
    """A value of the spec as its control shows it."""
    if isinstance(value, list):
        return ", ".join(value)
    if value is None:
        return _NONE
    kind, optional = _kind(TrainingSpec.model_fields[name])
    return str(value) if optional and kind in (int, float) else value


def meant(name: str, value: Any) -> Any:
    """What a control shows as a value of the spec; None: left open."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == _NONE:
        return None
    if isinstance(value, str) and value.isdecimal() and _kind(TrainingSpec.model_fields[name]) == (int, True):
        return int(value)
    if name == "target_modules" and "," in value:
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def changed(values: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """The fields that a person set otherwise than the preset would."""
    return {
        name: meant(name, values[name])
        for name in FIELDS
        if name in values
        and shown(name, meant(name, values[name])) != shown(name, planned.get(name, TrainingSpec.model_fields[name].default))
    }


def read(values: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """The spec as it is asked for: what stands above, and of the settings only what was changed, so that the preset fills the rest."""
    asked = {name: meant(name, values.get(name)) for name in ("name", "dataset_id", "base_model", "preset")} | changed(values, planned)
    return {name: value for name, value in asked.items() if value is not None}


def planned_values(spec: dict[str, Any]) -> dict[str, Any]:
    """Of a resolved spec the values that the settings show."""
    return {name: spec[name] for name in FIELDS if name in spec and (name in KNOBS or name in _PLACES)}


def _help(known: FieldInfo) -> str:
    low = next((rule.ge for rule in known.metadata if isinstance(rule, annotated_types.Ge)), None)
    high = next((rule.le for rule in known.metadata if isinstance(rule, annotated_types.Le)), None)
    text = known.description or ""
    if isinstance(low, int | float) and isinstance(high, int | float) and high <= 100_000:
        text += " " + t("form.between", low=f"{low:,}", high=f"{high:,}")
    return text


def _kind(known: FieldInfo) -> tuple[Any, bool]:
    """The type of a field without None, and whether None is allowed."""
    annotation = known.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return parts[0], len(parts) < len(get_args(annotation))
    return annotation, False
