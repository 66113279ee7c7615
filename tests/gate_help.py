"""Reports of exams, written by hand, as the gate reads them."""

from __future__ import annotations

from typing import Any

from academy.jobs.reading.reports import Report


def a_report(
    adapter_id: str = "new", known: str = "++++++++", wordings: str = "", *, base: str = "", dataset_id: str = "d1", **fields: Any
) -> dict[str, Any]:
    """A report on lessons of which `+` are known; `wordings` are one of each lesson in other words, `base` what the base alone answers."""
    items = [
        {"kind": "row", "question": f"What is {n}?", "expected": f"It is {n}.", "before": "", "after": "", "known": sign == "+",
         "right": sign == "+", "base_right": base[n : n + 1] == "+"}
        for n, sign in enumerate(known)
    ]  # fmt: skip
    asked = [
        {"question": f"Say what {n} is.", "expected": f"It is {n}.", "after": "", "right": sign == "+", "own": False}
        for n, sign in enumerate(wordings)
    ]
    return {
        "id": adapter_id, "adapter_id": adapter_id, "base_model": "academy-mini", "dataset_id": dataset_id, "seconds": 1.0,
        "created_at": "2026-11-28T12:00:00.000Z", "known": {"rows": known.count("+"), "of": len(known)}, "rephrased": None, "drift": 0.1,
        "held_out": None, "general": None, "earlier": [], "noise": 0.0, "verdict": "ready", "remedies": [], "goal": "facts",
        "sentences": [{"key": "Knows {right} of {of}.", "values": {"right": known.count("+"), "of": len(known)}}],
        "items": items, "wordings": asked,
    } | fields  # fmt: skip


def read(values: dict[str, Any]) -> Report:
    """The report as its reader gives it."""
    return Report.model_validate(values)


def general(**categories: tuple[int, int]) -> dict[str, Any]:
    """The general questions, ten in each category: right before and after."""
    counted = [{"name": name, "right_before": before, "right_after": after, "of": 10} for name, (before, after) in categories.items()]
    sums = {key: sum(item[key] for item in counted) for key in ("right_before", "right_after", "of")}
    return sums | {"low": -5.0, "high": 5.0, "categories": counted}
