"""What a trainer says: one JSON object a line in the job's `events.jsonl`, written by the trainer alone."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

EventType = Literal["preparing", "started", "progress", "eval", "checkpoint", "sample", "note", "finished", "failed"]


class Event(TypedDict, total=False):
    """The union of all fields; which belong to which type is said beside each.

    A loss that is nan or infinite is written as null, with `non_finite` true. `time` is ISO 8601 in UTC with `Z`.
    """

    type: EventType
    time: str
    # preparing: what is being done before the first step
    phase: str  # "download", "load", "tokenize"
    message: str  # also of note and sample; a sentence for a person
    fraction: float | None
    bytes_done: int
    bytes_total: int | None
    bytes_per_second: float | None
    # started
    total_steps: int | None
    total_epochs: float | None
    device: str  # "cuda:0 NVIDIA …", "cpu", "mps"
    precision: str
    trainable_parameters: int
    total_parameters: int
    train_rows: int
    eval_rows: int
    truncated_rows: int
    resumed_from_step: int
    # progress: one for every logged step; eval: one for every evaluation (step 0: before training)
    step: int
    epoch: float
    loss: float | None
    eval_loss: float | None
    learning_rate: float
    grad_norm: float | None
    accuracy: float
    tokens_per_second: float
    memory_mb: float
    non_finite: bool
    passing: bool  # read off a foreign trainer's progress bar: it stands for now, and is no point of its own
    # checkpoint
    path: str  # relative to the job's folder
    best: bool
    # sample
    prompt: str
    text: str
    # finished: the last line of a good run; the adapter is complete when it is written
    adapter: str  # relative to the job's folder: "adapter"
    stopped: bool  # "stop and keep"
    stopped_early: bool
    train_loss: float | None
    baseline_eval_loss: float | None
    # failed
    reason: str  # one sentence for a person
    cause: str  # a word for the doctor: "out_of_memory", "non_finite_loss", "no_template", "bad_row", "disk_full", …
    error_type: str
    traceback: str
    row: int
    extra: dict[str, Any]
