"""The words by which jobs are told apart: what was chosen, what came of it, why it failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from academy.jobs.kinds.question import rephrases
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job
from academy.ui.html.numbers import duration, loss, number, rate
from academy.ui.look import Look
from academy.ui.report import grade, known_words
from academy.ui.texts.translate import has, plural, say, t

_MOST_CHOSEN = 3
_SHORT = {
    "num_epochs": lambda value: plural("count.epochs", value),
    "max_steps": lambda value: plural("count.steps", value),
    "lora_rank": lambda value: t("training.rank", n=value),
    "batch_size": lambda value: t("training.batch", n=value),
    "learning_rate": lambda value: t("training.rate", n=rate(value)),
    "goal": lambda value: t(f"choice.{value}"),
    "method": lambda value: t(f"choice.{value}"),
    "quantization": lambda value: t(f"choice.{value}"),
}

_ENDED = {"train": "ended.train", "sweep": "ended.train", "evaluate": "ended.evaluate", "convert": "ended.convert"}


def effort_words(job: Job) -> list[str]:
    """How a training was set up: its effort, and the settings that a person chose."""
    if job.kind != "train":
        return []
    words = [t(f"effort.{job.effort}")] if job.effort else [job.recipe] if job.recipe else []
    named = [*job.chosen] or ([] if words else _told_anyway(job))
    names = [name for name in named if job.parameters.get(name) is not None]
    words += [_setting(name, job.parameters[name]) for name in names[:_MOST_CHOSEN] if name in job.parameters]
    return words + (["…"] if len(names) > _MOST_CHOSEN else [])


def result_words(look: Look, job: Job) -> list[str]:
    """What an ended training came to: "13 epochs", "knows 24 of 24", or the losses where no report is."""
    jobs = look.academy.jobs
    brief = jobs.brief(job)
    if job.kind != "train":
        return known_words(brief.known, brief.rephrased) if brief else []
    result = jobs.result(job)
    by_heart, epochs = is_by_heart(job.parameters), round(result.epochs or 0)
    looks = [plural("count.epochs", epochs)] if epochs else []
    if brief and brief.known["of"] and by_heart:
        return [*looks, known_words(brief.known, None)[0]]
    if result.eval_loss is not None and not by_heart:
        return [*looks, t("jobs.held_out", loss=loss(result.eval_loss))]
    return [*looks, t("jobs.loss", loss=loss(result.train_loss))] if result.train_loss is not None else looks


def ended_words(look: Look, job: Job) -> tuple[str, str, str, str]:
    """The end of a job: the kind of the toast, a sign, a sentence, and more of it."""
    if job.status == "failed":
        text, rest = why_failed(job)
        return "bad", "✗", t("ended.failed", name=job.name), f"{text} {rest}".strip()
    brief = look.academy.jobs.brief(job)
    verdict = learned(job, brief and grade(brief.verdict, brief.missing))
    hint = " · ".join(known_words(brief.known, brief.rephrased)) if brief and verdict else ""
    if verdict not in (None, "ready"):
        return "warn", "!", t("ended.verdict", name=job.name, verdict=t(f"verdict.{verdict}")), hint
    key = _ENDED.get(job.kind, "ended.other")
    return "good", "✓", t(key, name=job.name), hint


def setting_words(name: str, value: Any) -> str:
    """The value of a setting for a person."""
    if value is None:
        return t("form.automatic")
    if name == "budget_seconds":
        return duration(value)
    if isinstance(value, str) and has(f"choice.{value}"):
        return t(f"choice.{value}")
    if isinstance(value, bool):
        return t("on" if value else "off")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return rate(value) if 0 < abs(value) < 0.01 else number(value)
    return str(value)


def settings_words(parameters: Mapping[str, Any]) -> str:
    """Some settings with their values: "rate 6e-3, rank 16"."""
    return ", ".join(_setting(name, value) for name, value in parameters.items())


def setting_title(name: str) -> str:
    """The name of a setting as its field in the form has it."""
    return say(TrainingSpec.model_fields[name].title or name) if name in TrainingSpec.model_fields else name


def is_by_heart(parameters: dict[str, Any]) -> bool:
    """Whether a training teaches facts: a held-out one cannot be guessed, so that the loss on it says nothing."""
    return parameters.get("goal") == "facts" and parameters.get("method", "sft") == "sft"


def learned(job: Job, verdict: str | None) -> str | None:
    """The verdict, as `grade` gives it, by which a job is coloured: none where a base was measured, which was never taught."""
    return verdict if job.kind in ("train", "sweep") or job.continue_from else None


def kind_words(job: Job) -> str:
    """What a job does that trains nothing."""
    if job.kind == "evaluate":
        return t("report.of_adapter") if job.continue_from else t("report.of_base")
    if job.kind == "sweep":
        return plural("race.kind", len(job.parameters["sweep"]["trials"]))
    if job.kind == "export":
        return t("exports.of_adapter")
    if job.kind == "question":
        return t("wordings.of_lessons" if rephrases(job) else "questions.of_document")
    return t("jobs.converts") if job.kind == "convert" else job.kind


def why_failed(job: Job) -> tuple[str, str]:
    """Why a job failed: the first sentence, and the rest. The error is more exact than the exit status in `reason`."""
    error = say(job.error).strip()
    if not error:
        return (say(job.reason) or t("training.failed_text")).strip(), ""
    return split_sentence(error)


def split_sentence(text: str) -> tuple[str, str]:
    """The first sentence, and the rest."""
    first = re.match(r"(.+?[.!?])\s+(?=[A-ZÀ-ÞĄĆĘŁŃŚŹŻ“„\"'‘])", text, re.DOTALL)
    return (first[1], text[first.end() :].strip()) if first else (text, "")


def moment_of(job: Job) -> str | None:
    """The moment by which a job is dated everywhere: its end, else its start, else when it was queued."""
    return job.finished_at if job.status in ENDED else job.started_at or job.created_at


def _told_anyway(job: Job) -> list[str]:
    """The settings of a job that names no effort, as older versions and programs leave them."""
    return ["max_steps" if job.parameters.get("max_steps") else "num_epochs", "lora_rank"]


def _setting(name: str, value: Any) -> str:
    if name in _SHORT:
        return _SHORT[name](value)
    return t("jobs.setting", name=setting_title(name), value=setting_words(name, value))
