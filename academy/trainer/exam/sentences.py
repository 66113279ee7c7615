"""How the numbers of a report were measured, in plain words; pure."""

from __future__ import annotations

from typing import Any

from academy.general import shows_forgetting
from academy.messages import Message, Text, msg
from academy.trainer.exam.examinee import TOP
from academy.trainer.exam.verdict import FEW_GENERAL, Findings

_LANGUAGES: dict[str, Text] = {"en": "English", "de": "German", "pl": "Polish"}


def measured(report: dict[str, Any], found: Findings, seconds: float, device: str) -> list[Message]:
    """One sentence for each number, with its sample and interval."""
    lines = [
        *_preferences(report),
        *_known(report, found),
        *_rephrased(report),
        *_held_out(report, found),
        *_general(report),
        *_drift(report),
    ]
    lines += [
        msg("Of the earlier dataset {dataset} it knows {after} of {of} rows; the base knows {before}.", **_earlier(item))
        for item in report["earlier"]
        if item["known_before"] or item["known_after"]
    ]
    if report["noise"]:
        sentence = "A second reading judged {share:percent} of the rows differently; smaller differences mean nothing."
        lines.append(msg(sentence, share=report["noise"]))
    sentence = "The exam took {seconds:duration} on {device}; replies are the most likely ones, without chance."
    if report["cut"]:
        sentence = "The exam took {seconds:duration} on {device}, where a part of the questions was left out to save time."
    return [*lines, msg(sentence, seconds=seconds, device=device)]


def _preferences(report: dict[str, Any]) -> list[Message]:
    """How often the better answer is the likelier one, which does not depend on the model before."""
    result = report.get("preferences")
    if not result:
        return []
    lines = []
    for part, sentence in _LIKELIER.items():
        if (found := result[part]) and "after" in found:
            lines.append(msg(sentence, before=found["before"], after=found["after"]))
    return lines


_LIKELIER = {
    "train": "In {after:percent} of the pairs the better answer is likelier than the worse one, {before:percent} before (token means).",
    "held_out": "In held-out pairs the better answer is likelier in {after:percent}, {before:percent} before.",
}


def _known(report: dict[str, Any], found: Findings) -> list[Message]:
    if not report["known"]["of"]:
        return []
    lines = []
    if report["rows"]:
        sentence = "A row is known if the model gives its whole answer letter by letter; {of} of {rows} rows were examined."
        lines.append(msg(sentence, of=report["known"]["of"], rows=report["rows"]))
    if found.before.of and not found.style:  # key words judge a fact; a manner has none
        sentence = "Right in any words: {after} of {of}, the base alone {before}; a reply is right if it has the answer's key words."
        lines.append(msg(sentence, after=found.after.right, before=found.before.right, of=found.before.of))
    return lines


def _rephrased(report: dict[str, Any]) -> list[Message]:
    result = report["rephrased"]
    if not result:
        return []
    sentence = (
        "In other words: {right} of {of} questions. These wordings are never used in training; "
        "a reply is right if it has the numbers, the names and half of the words that tell this answer from the others."
    )
    return [msg(sentence, right=result["right"], of=result["of"])]


def _held_out(report: dict[str, Any], found: Findings) -> list[Message]:
    result, loss = report["held_out"], found.loss
    if loss is None or loss.low is None or loss.high is None:
        return []
    if result:
        sentence = "The loss on {rows} held-out rows changed by {change:.3f} (95 % interval {low:.3f} to {high:.3f})."
        return [msg(sentence, rows=result["rows"], change=loss.after - loss.before, low=loss.low, high=loss.high)]
    sentence = "No rows are held out; on trained rows the loss changed by {change:.3f} (95 % interval {low:.3f} to {high:.3f})."
    return [msg(sentence, change=loss.after - loss.before, low=loss.low, high=loss.high)]


def _general(report: dict[str, Any]) -> list[Message]:
    result = report["general"]
    if not result and not report["general_asked"]:
        return [msg("There was no time for the general questions.")]
    if not result:
        return [msg("The base answers none of the general questions, so that forgetting cannot be measured on it.")]
    values = {"after": result["right_after"], "before": result["right_before"], "of": result["of"]}
    if not shows_forgetting(result["right_before"], result["of"]):
        return [msg(FEW_GENERAL, **values)]
    names = [msg(str(_LANGUAGES.get(code, code))) for code in result["languages"]]
    sentence = (
        "General questions: {after} of {of} right, before {before} (95 % interval of the difference {low:.1f} to {high:.1f}). "
        "Languages: {languages:list}."
    )
    lines = [msg(sentence, **values, low=result["low"], high=result["high"], languages=names)]
    if result["left_out"]:
        left_out = [msg(str(_LANGUAGES.get(code, code))) for code in result["left_out"]]
        lines.append(msg("Left out, because the base answers none of them right: {languages:list}.", languages=left_out))
    return lines


def _drift(report: dict[str, Any]) -> list[Message]:
    if report["drift"] is None:
        return []
    sentence = "Drift from the base on its own answers: {drift:.3f} nats a token, over {tokens} tokens (KL of the {top} likeliest)."
    return [msg(sentence, drift=report["drift"], tokens=report["drift_tokens"], top=TOP)]


def _earlier(item: dict[str, Any]) -> dict[str, Any]:
    return {"dataset": item["dataset_id"], "before": item["known_before"], "after": item["known_after"], "of": item["of"]}
