"""Reports of exams, written by hand, as the gate reads them."""

from __future__ import annotations

import json
from typing import Any

from academy.config import Settings
from academy.jobs.reading.reports import Report
from academy.jobs.store import JobStore
from tests.adapters_help import make_mini_adapter
from tests.runs_help import a_run


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


def promoted(settings: Settings) -> None:
    """A data folder in which *second* answers, *first* answered before, and *third* has just been trained and knows more."""
    store = JobStore(settings.training_dir)
    for number, (name, known) in enumerate({"first": 12, "second": 18, "third": 24}.items()):
        a_run(store, settings.models_dir, name, steps=20, dataset_id="d1", parameters={"goal": "facts", "lora_rank": 4, "num_epochs": 4})
        folder = settings.models_dir / name
        make_mini_adapter(folder / "adapter", number)
        record = {"name": name, "base_model": "academy-mini", "dataset_id": "d1", "created_at": f"2026-11-2{number}T12:00:00.000Z"}
        (folder / "metadata.json").write_text(json.dumps(record | {"source": "academy", "train_rows": 24}))
        asked = general(facts=(2, 2), dialogue=(1, 1))
        (folder / "report.json").write_text(json.dumps(a_report(name, "+" * known + "-" * (24 - known), general=asked)))
    active = {"adapter_id": "second", "adapter_path": "models/second/adapter", "base_model": "academy-mini", "previous": ["first"]}
    (settings.training_dir / "active_adapter.json").write_text(json.dumps(active))
