"""A race written by hand: its line in the journal, its state, and the events of its trials."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from academy.jobs.store import Job, JobStore

SENTENCE = "Trial 2 is better than trial 1: with 3 other seeds each, it knows 2.0 of 24 rows more (0.5 to 3.5, 95 %)."
BEHIND = {"key": "Number {place} of {n} at step {step}.", "values": {"place": 3, "n": 3, "step": 6}}


def a_race(store: JobStore, models: Path, job_id: str = "sweep_1", *, ended: bool = True, **changes: Any) -> Job:
    """A race of three trials on academy-mini: the first two finished, the third was stopped early; before that all go on."""
    folder = models / job_id
    trials = [
        {"learning_rate": 0.006, "lora_rank": 16},
        {"learning_rate": 0.004, "lora_rank": 32},
        {"learning_rate": 0.001, "lora_rank": 8},
    ]
    values: dict[str, Any] = {
        "name": "race-1", "status": "finished" if ended else "running", "started_at": "2026-11-28T12:00:00Z", "kind": "sweep",
        "dataset_id": "d1", "effort": "auto", "step": 60, "total_steps": 120,
        "parameters": {"goal": "facts", "lora_rank": 16, "learning_rate": 0.006, "num_epochs": 4}
        | {"sweep": {"trials": trials, "budget_seconds": None, "seeds": 3}},
    } | ({"finished_at": "2026-11-28T12:05:00Z", "seconds": 300.0} if ended else {}) | changes  # fmt: skip
    steps = (40, 40, 6) if ended else (12, 12, 6)
    states = ("finished", "finished", "behind") if ended else ("racing",) * 3
    written = [
        {
            "n": n, "parameters": parameters, "state": state, "step": step, "total_steps": 40, "seconds": float(step), "compared": [],
            "score": {"loss": 1.0 / n, "known": 3 * n}, "parent": None, "repeats": None,
            "reason": BEHIND if state == "behind" else None,
        }
        for n, (parameters, state, step) in enumerate(zip(trials, states, steps, strict=True), 1)
    ]  # fmt: skip
    best = {"n": 2, "against": 1, "mean": 2.0, "low": 0.5, "high": 3.5, "is_better": True}
    importance = {"learning_rate": 0.6, "lora_rank": 0.1}
    state = {"trials": written, "phase": "publish" if ended else "race", "measure": "known", "comparison": 1, "seconds": 9.0}
    state |= {"best": best if ended else None, "importance": importance if ended else {}, "sentence": SENTENCE if ended else ""}
    for trial in written:
        (folder / "trials" / str(trial["n"])).mkdir(parents=True)
        events = [
            {"type": "progress", "time": f"2026-11-28T12:00:{step:02d}.000Z", "step": step, "loss": 4 * math.exp(-step / 10 / trial["n"])}
            for step in range(1, trial["step"] + 1)
        ]
        lines = "".join(json.dumps(event) + "\n" for event in events)
        (folder / "trials" / str(trial["n"]) / "events.jsonl").write_text(lines)
    (folder / "race.json").write_text(json.dumps(state))
    return store.add(
        Job(
            job_id=job_id, created_at="2026-11-28T11:59:00Z", dataset_path="training/d.jsonl", base_model="academy-mini",
            backend="subprocess", output_dir=str(folder), **values,
        )
    )  # fmt: skip
