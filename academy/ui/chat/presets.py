"""Presets of the chat: choose one, save the present choices as one, rename and delete."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.presets import Preset
from academy.ui.answers import Problem, safely, toast
from academy.ui.chat.choices import Choices, values_of
from academy.ui.html.elements import Html, button, div, field, name_form, tag
from academy.ui.look import Look
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy


def options(academy: Academy) -> list[tuple[str, str]]:
    """The presets to choose from."""
    presets = []
    with Problem():  # where Academy is disabled, there is nothing to choose
        presets = academy.conversations.presets()
    return [(t("preset.none"), ""), *[(preset.name, preset.name) for preset in presets]]


def chosen(academy: Academy, name: str) -> list[Any]:
    """The values of a preset for their fields: system, temperature, top_p, longest, seed; without one, Gradio's "leave it"."""
    preset = Preset(name="default")
    if name:
        with Problem() as problem:
            preset = academy.conversations.preset(name)
        if problem:  # another page deleted it
            return [gr.skip()] * 5
    return [preset.system, preset.temperature, preset.top_p, preset.longest, preset.seed]


def ask_name(name: str, *choices: Any) -> dict[str, Any]:
    """The dialog that saves the present choices under a name."""

    @safely
    def asked() -> dict[str, Any]:
        values = values_of(Choices(*choices))
        form = tag(
            "form",
            tag("h3", t("preset.save_title")),
            field("name", name, bind=False, label=t("adapters.name"), maxlength=80, autofocus=True, required=True),
            tag("p", t("preset.save_help"), cls="ac-help"),
            tag("input", type="hidden", name="values", value=json.dumps(values)),
            div(
                tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
                tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary"),
                cls="ac-row ac-row-end",
            ),
            cls="ac-form",
            data_act="preset.saved",
        )
        return {"dialog": form}

    return asked() | {"nonce": time.monotonic()}


def tools(look: Look) -> Html:
    """What can be done with presets: the chosen one can be renamed and deleted."""
    name = look.text("preset")
    save = button(t("preset.save"), kind="quiet small", event="preset", preset=name)
    if not any(preset.name == name for preset in look.academy.conversations.presets()):
        return div(save, cls="ac-row")
    return div(
        save,
        button(t("preset.rename"), "preset.rename", kind="quiet small", name=name),
        button(t("preset.delete"), "preset.delete", kind="quiet small", name=name),
        cls="ac-row",
    )


def save(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Saves a preset."""
    values = json.loads(str(data.get("values") or "{}"))
    preset = look.academy.conversations.save_preset(Preset.model_validate(values | {"name": str(data.get("name", ""))}))
    return {"toast": toast(t("preset.saved", name=preset.name)), "dialog": None, **_chooses(preset.name)}


def ask_rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog that asks for another name."""
    name = str(data.get("name"))
    return {"dialog": name_form("preset.renamed", name, name)}


def rename(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Gives a preset another name."""
    preset = look.academy.conversations.rename_preset(str(data.get("id")), str(data.get("name", "")))
    return {"toast": toast(t("adapters.renamed", name=preset.name)), "dialog": None, **_chooses(preset.name)}


def delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Deletes a preset, which can be brought back."""
    preset = look.academy.conversations.delete_preset(str(data.get("name")))
    back = {"label": t("undo"), "act": "preset.saved", "data": {"name": preset.name, "values": preset.model_dump_json()}}
    return {"toast": toast(t("preset.deleted", name=preset.name)) | {"action": back}, **_chooses("")}


def _chooses(name: str) -> dict[str, Any]:
    return {"state": {"preset": name}, "event": "presets", "data": {"preset": name}}
