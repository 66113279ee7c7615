"""Trainings that have ended, written by hand: their lines in the journal, their folders, and the figures of each step."""

from __future__ import annotations

import json
import math
from typing import Any

from academy.jobs.store import Job, JobStore
from tests.adapters_help import lora, write_tensors


def a_run(store: JobStore, models: Any, job_id: str, *, steps: int = 40, adapter: bool = False, **changes: Any) -> Job:
    """A training on academy-mini of so many logged steps; its loss falls from 4, the faster the larger its learning rate."""
    folder = models / job_id
    folder.mkdir(parents=True)
    values: dict[str, Any] = {
        "name": job_id, "status": "finished", "started_at": "2026-11-28T12:00:00Z", "finished_at": "2026-11-28T12:05:00Z", "seconds": 300.0,
        "kind": "train", "dataset_id": "d1", "effort": "auto", "step": steps, "total_steps": steps,
        "parameters": {"goal": "style", "lora_rank": 16, "learning_rate": 0.006, "num_epochs": 4},
    } | changes  # fmt: skip
    job = Job(
        job_id=job_id, created_at="2026-11-28T11:59:00Z", dataset_path="training/d.jsonl", base_model="academy-mini",
        backend="subprocess", output_dir=str(folder), **values,
    )  # fmt: skip
    rate = values["parameters"].get("learning_rate", 0.006)
    events: list[dict[str, Any]] = [{"type": "started", "total_steps": steps, "total_epochs": 4, "time": "2026-11-28T12:00:00.000Z"}]
    for step in range(1, steps + 1):
        events.append(
            {
                "type": "progress", "time": f"2026-11-28T12:{step // 60:02d}:{step % 60:02d}.000Z", "step": step, "epoch": 4 * step / steps,
                "loss": 4 * math.exp(-step * rate * 5),
                "learning_rate": rate, "grad_norm": 1 + step % 3, "tokens_per_second": 1500.0 + step,
                "memory_mb": 400.0, "extra": {"tokens": 100},
            }
        )  # fmt: skip
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (folder / "train.log").write_text("2026-11-28T12:00:00.000Z a line\n")
    if adapter:
        (folder / "adapter").mkdir()
        write_tensors(folder / "adapter" / "adapter_model.safetensors", lora())
        (folder / "adapter" / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4}))
        (folder / "metadata.json").write_text(json.dumps({"name": job.name, "base_model": "academy-mini", "train_loss": 0.25}))
    return store.add(job)
