"""Publishes a finished training: the adapter's files, checked and durable, and its metadata."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.markdown import inert
from academy.text.templates import ChatForm
from academy.trainer import checkpoints
from academy.trainer.checkpoints import replace_file
from academy.trainer.compute.loop import Loop
from academy.trainer.compute.state import ADAPTER
from academy.trainer.report import Report, now
from academy.trainer.spec import Spec


def publish(spec: Spec, report: Report, loop: Loop, form: ChatForm, rows: int, started: str, *, thinks: bool = False) -> dict[str, Any]:
    """Puts the best or the last weights into `adapter/`, in one step, and reports `published`; returns the metadata.

    `rows` is how many rows, pairs or thumbs were learned; `thinks`: most answers came after a thought.
    """
    aside, folder = spec.folder / "adapter.tmp", spec.folder / "adapter"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    step, eval_loss = _write_weights(spec, loop, aside)
    if form.route == "plain" or form.own:
        (aside / "chat_template.jinja").write_text(form.template, encoding="utf-8")
    losses = {"train_loss": loop.history.train_loss, "eval_loss": eval_loss, "baseline_eval_loss": loop.history.baseline}
    metadata = {
        "job_id": spec.job_id,
        "name": spec.name,
        "base_model": spec.base_model,
        "base_fingerprint": spec.base_fingerprint,
        "dataset_path": str(spec.dataset_path),
        "dataset_id": spec.dataset_id,
        "parameters": spec.parameters,
        "created_at": spec.created_at,
        "started_at": started,
        "finished_at": now(),
        "source": "academy",
        **losses,
        "train_rows": rows,
        "trainable_parameters": loop.adapted.trainable,
        "steps": step,
        "end_token": form.end_token,
        "template": form.route,
        "thinks": thinks,
    }
    (aside / "README.md").write_text(_card(metadata), encoding="utf-8")
    for path in aside.iterdir():
        checkpoints.sync(path)
    checkpoints.sync(aside)
    replace_file(spec.folder / "metadata.json", json.dumps(metadata, ensure_ascii=False, allow_nan=False, indent=1))
    if folder.exists():
        shutil.rmtree(folder)
    os.rename(aside, folder)
    checkpoints.sync(spec.folder)
    report.event("published", step=step, stopped=loop.stopped, stopped_early=loop.stopped_early)
    report.sync()
    return metadata


def finish(report: Report, loop: Loop, metadata: dict[str, Any]) -> None:
    """Reports `finished`, the last event of a good run."""
    step, losses = metadata["steps"], {name: metadata[name] for name in ("train_loss", "eval_loss", "baseline_eval_loss")}
    report.event("finished", adapter="adapter", step=step, stopped=loop.stopped, stopped_early=loop.stopped_early, **losses)
    report.sync()
    report.say(f"finished: the adapter of step {step} is in adapter/" + (" (stopped and kept)" if loop.stopped else ""))


def write_measured(folder: Path, metadata: dict[str, Any], lines: dict[str, str]) -> None:
    """Adds what an exam measured to the adapter's model card."""
    checkpoints.sync(replace_file(folder / "README.md", _card(metadata, lines)).parent)


def _write_weights(spec: Spec, loop: Loop, folder: Path) -> tuple[int, float | None]:
    """Writes the adapter of the best checkpoint, else of the last step; returns its step and held-out loss."""
    history, step = loop.history, loop.step
    best = history.best_step if loop.plan.keep_best else None
    source = next((checkpoint for checkpoint in checkpoints.complete(spec.folder / "checkpoints") if checkpoint.step == best), None)
    if source is not None and best != step:
        for name in (ADAPTER, "adapter_config.json"):
            shutil.copyfile(source.path / name, folder / name)
        step, eval_loss = source.step, history.best
    else:
        loop.adapted.model.save_pretrained(str(folder), save_embedding_layers=False)
        eval_loss = history.last_eval[1] if history.last_eval else None
    for name, tensor in load_file(folder / ADAPTER).items():
        if not bool(torch.isfinite(tensor).all()):
            reason = msg("The adapter contains non-finite numbers ({name}), so it is not published.", name=name)
            raise Failure(reason, "non_finite_loss", step=loop.step)
    return step, eval_loss


def _card(metadata: dict[str, Any], measured: dict[str, str] | None = None) -> str:
    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    method = metadata["parameters"].get("method") or "sft"
    learned = "rows" if method == "sft" else f"{method}s"
    lines = "".join(f"| {name} | {inert(text)} |\n" for name, text in (measured or {}).items())
    knobs = "\n".join(f"| {name} | {value} |" for name, value in metadata["parameters"].items() if value is not None)
    return f"""---
base_model: {json.dumps(metadata["base_model"], ensure_ascii=False)}
library_name: peft
pipeline_tag: text-generation
tags: [lora, {method}, academy]
---
# {inert(metadata["name"])}

A LoRA adapter for {inert(metadata["base_model"])}, trained by Academy on {metadata["train_rows"]:,} {learned}.

| | |
|---|---|
| Job | {metadata["job_id"]} |
| Dataset | {inert(str(metadata["dataset_id"] or Path(metadata["dataset_path"]).name))} |
| Trained | {metadata["started_at"]} – {metadata["finished_at"]} |
| Steps | {metadata["steps"]} |
| Training loss | {number(metadata["train_loss"])} |
| Held-out loss (before → after) | {number(metadata["baseline_eval_loss"])} → {number(metadata["eval_loss"])} |
| Trainable parameters | {metadata["trainable_parameters"]:,} |
{lines}
## Parameters

| | |
|---|---|
{knobs}

## Limits

It has learned what its dataset says, right or wrong, and keeps the limits of its base model.
"""
