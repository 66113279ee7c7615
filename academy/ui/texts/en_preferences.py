"""The texts in English about preferences: what a dataset has of them, how they are learned, what came of it."""

from __future__ import annotations

TEXTS: dict[str, str | dict[str, str]] = {
    "count.pairs": {"one": "{n} pair of a better and a worse answer", "many": "{n} pairs of a better and a worse answer"},
    "count.good": {"one": "{n} answer rated good", "many": "{n} answers rated good"},
    "count.bad": {"one": "{n} answer rated bad", "many": "{n} answers rated bad"},
    "open.preferences": "to prefer: {what}",
    "choice.sft": "Answers",
    "choice.preference": "Preferences",
    "choice.correction": "Corrections",
    "plot.y.chosen": "log-probability, better",
    "plot.y.rejected": "log-probability, worse",
    "plot.y.margin": "margin",
    "plot.y.accuracy": "accuracy",
    "report.preferred": "preferred right",
    "report.preferred_held_out": "preferred right, held out",
    "report.corrected": "answered as corrected",
    "report.corrected_held_out": "as corrected, held out",
    "report.corrected_title": "Of {n} questions, those whose answer says what the correction says.",
    "report.preferred_title": "Of {n}, those whose better answer gained on the worse one.",
}
