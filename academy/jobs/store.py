"""The journal of jobs: append-only, fsynced, the last line of a job counts; one writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["queued", "preparing", "running", "finished", "failed", "cancelled"]
ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})


@dataclass(frozen=True)
class Job:
    """One run of a spec, as a line of `training/jobs.jsonl` holds it; live numbers are in its folder's events."""

    job_id: str
    name: str
    status: Status
    created_at: str
    dataset_path: str
    base_model: str
    backend: Literal["subprocess", "docker"]
    output_dir: str
    parameters: dict[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    eval_path: str | None = None
    recipe: str | None = None
    continue_from: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    adapter_path: str | None = None
    error: str | None = None  # what went wrong, with what to do
    reason: str | None = None  # why it ended as it did, one sentence: "stopped and kept at step 40", "killed by SIGKILL at step 12"
    cause: str | None = None  # the failure doctor's word
    exit_code: int | None = None
    signal: str | None = None  # "SIGKILL"
    step: int | None = None
    total_steps: int | None = None
    resumable: bool = False
    wish: Literal["cancel", "stop"] | None = None
    phase: Literal["fetch", "train"] | None = None
    worker: dict[str, Any] | None = None  # {pid, backend, container_id}
    order: float = 0.0  # place in the queue, smallest first
    attempt: int = 0  # 1 at the first start, one more at every resume
    idempotency_key: str | None = None
    reasons: list[str] = field(default_factory=list)  # why the Professor chose what it chose
    sequence: int = 0  # grows with every line of the journal; orders jobs whatever the clock does
