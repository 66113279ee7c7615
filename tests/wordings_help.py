"""Other wordings as a model leaves them, without a model that can write any."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from academy.jobs.store import Job, JobStore


def wrote(store: JobStore, models: Path, pairs: Sequence[tuple[str, str]], right: int = 12, job_id: str = "questions_1") -> None:
    """A job that has ended and wrote these wordings, each for the lesson of an id."""
    folder = models / job_id
    folder.mkdir(parents=True)
    result: dict[str, Any] = {"probe": {"right": right, "of": 16, "needed": 8}, "thrown": {"same": 2}}
    result |= {"lessons": [lesson for lesson, _ in pairs], "wordings": [{"lesson": lesson, "text": text} for lesson, text in pairs]}
    (folder / "written.json").write_text(json.dumps(result))
    store.add(
        Job(
            job_id=job_id, name="other wordings", created_at="2026-11-28T11:59:00Z", dataset_path="", base_model="academy-mini",
            kind="question", backend="subprocess", output_dir=str(folder), status="finished", finished_at="2026-11-28T12:05:00Z",
            parameters={"lessons": 2, "per_lesson": 2, "training": {}},
        )
    )  # fmt: skip
