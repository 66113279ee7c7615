"""Trains one adapter: reads the dataset, loads the base, runs the loop, publishes what came out."""

from __future__ import annotations

import math
import os
import shutil
import time
from pathlib import Path
from typing import Any

from academy.text.conversations import Message, read_conversations
from academy.text.failures import Failure
from academy.text.templates import ChatForm, choose
from academy.text.tokens import Tokenized, Tokens, load_tokenizer, longest_of, tokenize
from academy.trainer import checkpoints
from academy.trainer.report import Report, now
from academy.trainer.spec import Spec


def run(spec: Spec, report: Report) -> None:
    """The whole training, from the dataset to the `finished` event."""
    started = now()
    clock = time.monotonic()
    tokenizer = load_tokenizer(spec.base_path)
    form = choose(tokenizer)
    report.preparing("tokenize", "Tokenizing the dataset.")
    limit = longest_of(spec.base_path, spec.knob("max_seq_length"))
    if limit < spec.knob("max_seq_length"):
        report.note(f"{spec.base_model} was made for at most {limit} tokens, so longer rows are cut there.")
    conversations = read_conversations(spec.dataset_path)
    train = _tokenized(report, tokenizer, form, conversations, limit, "dataset")
    held_out = Tokenized()
    if spec.eval_path:
        held_out = _tokenized(report, tokenizer, form, read_conversations(spec.eval_path), limit, "held-out rows")
    for note in form.notes:
        report.note(note)

    import torch
    from transformers import set_seed

    from academy.trainer.compute.loop import Loop, Plan, example, memory_mb
    from academy.trainer.compute.model import (
        add_adapter,
        choose_place,
        choose_threads,
        lays_end_to_end,
        load_base,
        use_stock_attention,
        weights_count,
    )

    if not spec.base_path.is_dir():
        raise Failure(f"The base model {spec.base_model!r} is not there any more.", "missing_base")
    parameters = weights_count(spec.base_path)
    place = choose_place(spec, report, parameters)
    report.preparing("load", f"Loading {spec.base_model} for {place.name} in {place.precision}.")
    _quiet_libraries()
    if place.device.type == "cpu":
        mean = sum(len(tokens.ids) for tokens in train.rows) / len(train.rows)
        torch.set_num_threads(choose_threads(parameters, mean * spec.knob("batch_size")))
    model = load_base(spec, place)
    largest = max(max(tokens.ids) for tokens in [*train.rows, *held_out.rows])
    if largest >= model.get_input_embeddings().weight.shape[0]:
        raise Failure("The base model's tokenizer has more tokens than the model, so they do not belong together.", "damaged_base")
    end_to_end = lays_end_to_end(model)
    if not end_to_end:
        use_stock_attention(model)
    set_seed(spec.knob("seed"))
    model = add_adapter(model, spec)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total_parameters = _parameter_count(model)

    rows = train.rows
    batch, accumulation = spec.knob("batch_size"), spec.knob("gradient_accumulation_steps")
    epochs, max_steps = spec.knob("num_epochs"), spec.knob("max_steps")
    steps_per_epoch = math.ceil(math.ceil(len(rows) / batch) / accumulation)
    total = max_steps or steps_per_epoch * epochs
    if spec.dry_run:
        rows = _longest(rows, 2 * batch * accumulation)
    sampler = None
    if not spec.dry_run and spec.knob("quantization") == "none" and (place.device.type == "cuda" or total_parameters <= 100_000_000):
        sampler = _sampler(tokenizer, form, conversations)
    plan = Plan(
        total,
        save_steps=spec.knob("save_steps"),
        eval_steps=spec.knob("eval_steps"),
        patience=spec.knob("early_stopping_patience") if held_out.rows else 0,
        keep_best=spec.knob("keep_best"),
        samples=sampler is not None,
        evaluates=bool(held_out.rows),
        dry_run=spec.dry_run,
    )
    loop = Loop(
        model=model,
        config=_config(spec, place, 2 if spec.dry_run else max_steps, end_to_end),
        train=_dataset([example(tokens) for tokens in rows]),
        evaluation=[] if spec.dry_run else held_out.rows,
        tokenizer=tokenizer,
        report=report,
        place=place,
        folder=spec.folder,
        plan=plan,
        sample=sampler,
    )
    checkpoints.sweep(spec.folder / "checkpoints")
    resumed = None if spec.dry_run else checkpoints.newest(spec.folder / "checkpoints")
    if resumed:
        loop.history.restore(resumed.facts.get("history", {}))
    report.event(
        "started",
        total_steps=total,
        total_epochs=float(epochs) if not max_steps else round(max_steps / steps_per_epoch, 2),
        device=place.name,
        precision=place.precision,
        trainable_parameters=trainable,
        total_parameters=total_parameters,
        train_rows=len(train.rows),
        eval_rows=len(held_out.rows),
        truncated_rows=len(train.truncated),
        # Without a checkpoint an earlier attempt's points are void all the same.
        **({"resumed_from_step": resumed.step if resumed else 0} if resumed or report.continued else {}),
        extra={"template": form.route, "end_token": form.end_token, "untrained_rows": len(train.untrained), "end_to_end": end_to_end},
    )
    report.say(
        f"Training {spec.name!r}: {len(train.rows):,} rows, {total:,} steps, {trainable:,} of {total_parameters:,} parameters, "
        f"on {place.name} in {place.precision}; ready after {time.monotonic() - clock:.1f} s."
    )
    if resumed:
        report.say(f"Going on from the checkpoint of step {resumed.step}.")
    if spec.dry_run:
        _dry_run(spec, report, loop, train.rows, total, trainable, memory_mb)
        return
    if held_out.rows and not resumed:
        loop.evaluate_rows()
    try:
        loop.train(resume_from_checkpoint=str(resumed.path) if resumed else None)
    except torch.OutOfMemoryError as error:
        raise Failure("The GPU has not enough memory for this training.", "out_of_memory") from error
    _publish(spec, report, loop, form, started, train, trainable)


def _tokenized(
    report: Report, tokenizer: Any, form: ChatForm, conversations: list[tuple[int, list[Message]]], limit: int, what: str
) -> Tokenized:
    result = tokenize(
        tokenizer, form, conversations, limit, lambda fraction: report.preparing("tokenize", f"Tokenizing the {what}.", round(fraction, 3))
    )
    if result.truncated:
        report.note(f"{len(result.truncated)} of {len(conversations)} rows ({what}) are longer than {limit} tokens and were cut there.")
    if result.untrained:
        first, why = next(iter(result.untrained.items()))
        report.note(f"{len(result.untrained)} of {len(conversations)} rows ({what}) are left out; row {first}: {why}.")
    if not result.rows:
        first, why = next(iter(result.untrained.items()))
        raise Failure(
            f"No row of the {what} has a token to learn from, so nothing was started; row {first}: {why}.", "no_trained_tokens", row=first
        )
    return result


def _config(spec: Spec, place: Any, max_steps: int | None, end_to_end: bool) -> Any:
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(spec.folder / "checkpoints"),
        per_device_train_batch_size=spec.knob("batch_size"),
        gradient_accumulation_steps=spec.knob("gradient_accumulation_steps"),
        learning_rate=spec.knob("learning_rate"),
        lr_scheduler_type=spec.knob("lr_scheduler_type"),
        warmup_steps=spec.knob("warmup_steps"),
        weight_decay=spec.knob("weight_decay"),
        num_train_epochs=spec.knob("num_epochs"),
        max_steps=max_steps or -1,
        seed=spec.knob("seed"),
        bf16=False,  # the loop casts by itself
        fp16=place.precision == "fp16",
        gradient_checkpointing=spec.knob("gradient_checkpointing"),
        padding_free=end_to_end,
        train_sampling_strategy="random" if end_to_end else "group_by_length",
        max_length=None,
        use_cpu=place.device.type == "cpu",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=place.device.type == "cuda",
        average_tokens_across_devices=False,
    )


def _dataset(rows: list[dict[str, list[int]]]) -> Any:
    from datasets import Dataset

    return Dataset.from_dict({"input_ids": [row["input_ids"] for row in rows], "labels": [row["labels"] for row in rows]})


def _sampler(tokenizer: Any, form: ChatForm, conversations: list[tuple[int, list[Message]]]) -> Any:
    """Something that lets the model answer one training question, so that the page can show what it has learned."""
    asked = (
        (messages, at) for _, messages in conversations for at, message in enumerate(messages) if at and message["role"] == "assistant"
    )
    messages, question = next(asked, ([], 0))
    if not question:
        return None
    prompt = messages[question - 1]["content"]
    text, _ = form.render(form.adapted(messages[:question]), prompt=True)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    ends = {tokenizer.convert_tokens_to_ids(form.end_token), tokenizer.eos_token_id}
    if len(ids) > 400:
        return None

    def answer(model: Any) -> tuple[str, str]:
        import torch

        inputs = torch.tensor([ids], device=model.device)
        said = model.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=40,
            do_sample=False,
            use_cache=True,
            eos_token_id=sorted(ends),
            pad_token_id=min(ends),
        )
        return prompt[:300], tokenizer.decode(said[0, len(ids) :], skip_special_tokens=True).strip()

    return answer


def _longest(rows: list[Tokens], count: int) -> list[Tokens]:
    longest = sorted(rows, key=lambda tokens: -len(tokens.ids))[:count]
    while len(longest) < count:
        longest += longest[: count - len(longest)]
    return longest


def _dry_run(spec: Spec, report: Report, loop: Any, rows: list[Tokens], total: int, trainable: int, memory_mb: Any) -> None:
    longest = sum(len(tokens.ids) for tokens in _longest(rows, 2 * spec.knob("batch_size") * spec.knob("gradient_accumulation_steps"))) / 2
    loop.train()
    seconds = loop.last_step_seconds
    mean = sum(len(tokens.ids) for tokens in rows) / len(rows) * spec.knob("batch_size") * spec.knob("gradient_accumulation_steps")
    report.event(
        "finished",
        adapter="",
        stopped=False,
        stopped_early=False,
        train_loss=None,
        eval_loss=None,
        baseline_eval_loss=None,
        extra={
            "peak_memory_mb": round(memory_mb(loop.place.device), 1),
            "seconds_per_step": round(seconds, 3),
            "total_seconds": round(seconds * min(1.0, mean / max(longest, 1)) * total, 1),
            # Adapter and two moments of each weight in fp32: two checkpoints and the best, one being written, and the result.
            "disk_needed_mb": round(trainable * 4 * (3 * 4 + 1) / 2**20 + 1, 1),
            "disk_free_mb": round(shutil.disk_usage(spec.folder).free / 2**20, 1),
        },
    )
    report.say("The dry run fits.")


def _publish(spec: Spec, report: Report, loop: Any, form: ChatForm, started: str, train: Tokenized, trainable: int) -> None:
    import json

    import torch
    from safetensors.torch import load_file

    history, step = loop.history, loop.state.global_step
    aside, place = spec.folder / "adapter.tmp", spec.folder / "adapter"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    best = history.best_step if loop.plan.keep_best else None
    source = next((c for c in checkpoints.complete(spec.folder / "checkpoints") if c.step == best), None)
    if source is not None and best != step:
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            shutil.copyfile(source.path / name, aside / name)
        eval_loss, kept = history.best, best
    else:
        loop.model.save_pretrained(str(aside), save_embedding_layers=False)
        eval_loss, kept = history.last_eval[1] if history.last_eval else None, step
    for name, tensor in load_file(aside / "adapter_model.safetensors").items():
        if not bool(torch.isfinite(tensor).all()):
            raise Failure(f"The adapter holds numbers that are not finite ({name}), so it is not published.", "non_finite_loss", step=step)
    if form.route == "plain":
        (aside / "chat_template.jinja").write_text(form.template, encoding="utf-8")
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
        "train_loss": history.train_loss,
        "eval_loss": eval_loss,
        "baseline_eval_loss": history.baseline,
        "train_rows": len(train.rows),
        "trainable_parameters": trainable,
        "steps": kept,
        "end_token": form.end_token,
        "template": form.route,
    }
    (aside / "README.md").write_text(_card(metadata), encoding="utf-8")
    for path in aside.iterdir():
        checkpoints.sync(path)
    checkpoints.sync(aside)
    _replace_json(spec.folder / "metadata.json", json.dumps(metadata, ensure_ascii=False, allow_nan=False, indent=1))
    if place.exists():
        shutil.rmtree(place)
    os.rename(aside, place)
    checkpoints.sync(spec.folder)
    report.event(
        "finished",
        adapter="adapter",
        step=kept,
        stopped=loop.stopped,
        stopped_early=loop.stopped_early,
        train_loss=history.train_loss,
        eval_loss=eval_loss,
        baseline_eval_loss=history.baseline,
    )
    report.sync()
    report.say(f"finished: the adapter of step {kept} is in {place.name}/" + (" (stopped and kept)" if loop.stopped else ""))


def _replace_json(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text(text, encoding="utf-8")
    checkpoints.sync(aside)
    os.replace(aside, path)


def _card(metadata: dict[str, Any]) -> str:
    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    knobs = "\n".join(f"| {name} | {value} |" for name, value in metadata["parameters"].items() if value is not None)
    return f"""---
base_model: {json_text(metadata["base_model"])}
library_name: peft
pipeline_tag: text-generation
tags: [lora, sft, trl, academy]
---
# {_inert(metadata["name"])}

A LoRA adapter for {_inert(metadata["base_model"])}, trained by Academy on {metadata["train_rows"]:,} rows.

| | |
|---|---|
| Job | {metadata["job_id"]} |
| Dataset | {_inert(str(metadata["dataset_id"] or Path(metadata["dataset_path"]).name))} |
| Trained | {metadata["started_at"]} – {metadata["finished_at"]} |
| Steps | {metadata["steps"]} |
| Training loss | {number(metadata["train_loss"])} |
| Held-out loss (before → after) | {number(metadata["baseline_eval_loss"])} → {number(metadata["eval_loss"])} |
| Trainable parameters | {metadata["trainable_parameters"]:,} |

## Parameters

| | |
|---|---|
{knobs}

## Limits

It has learned what its dataset says, right or wrong, and keeps the limits of its base model.
"""


def json_text(value: str) -> str:
    """A text as a YAML scalar."""
    import json

    return json.dumps(value, ensure_ascii=False)


def _inert(text: str) -> str:
    return "".join(" " if char in "\r\n" else "\\" + char if char in "<>[]|`*_#\\" else char for char in text)


def _parameter_count(model: Any) -> int:
    # A 4-bit weight holds two numbers in a byte.
    return sum(p.numel() * (2 if type(p).__name__ == "Params4bit" else 1) for p in model.parameters())


def _quiet_libraries() -> None:
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
