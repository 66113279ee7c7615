"""Where an adapter comes from: lessons → dataset → job → checkpoint → report → votes; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from academy.adapters.store import Adapter
from academy.curation.datasets import Manifest
from academy.jobs.store import Job


@dataclass(frozen=True)
class Lineage:
    """The stations as far as they are known; `votes` is None where nobody counts them."""

    dataset_id: str | None = None
    dataset_name: str | None = None
    lessons: int | None = None
    rows: int | None = None
    job_id: str | None = None
    job_name: str | None = None
    continued_from: str | None = None
    step: int | None = None  # of the checkpoint that became the adapter
    of_steps: int | None = None
    report_id: str | None = None
    verdict: str | None = None
    missing: int = 0  # of what was to be learned by heart, where it is ready for all that
    known: dict[str, int] | None = None
    votes: int | None = None


def lineage(adapter: Adapter, job: Job | None, dataset: Manifest | None, report: dict[str, Any], votes: int | None = None) -> Lineage:
    """Puts the records together; `report` has `report_id`, `verdict` and `known`, each of which may be None."""
    counted = dataset.statistics.get("lessons_collected") if dataset else None
    return Lineage(
        dataset_id=adapter.dataset_id,
        dataset_name=dataset.name if dataset else None,
        lessons=counted if isinstance(counted, int) else None,
        rows=adapter.train_rows,
        job_id=job.job_id if job else None,
        job_name=job.name if job else None,
        continued_from=job.continue_from if job else None,
        step=adapter.steps,
        of_steps=job.step if job else None,
        report_id=report.get("report_id"),
        verdict=report.get("verdict"),
        missing=report.get("missing") or 0,
        known=report.get("known"),
        votes=votes,
    )
