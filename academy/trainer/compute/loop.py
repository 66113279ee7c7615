"""The training loop: TRL's SFTTrainer without padding, with the loss on trained positions only, its own checkpoints and its own events."""

# The trainer sets model, optimizer and scheduler before any of these methods runs, which its types do not say.
# pyright: reportOptionalMemberAccess=false, reportCallIssue=false, reportAttributeAccessIssue=false

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from academy.text.failures import Failure
from academy.text.tokens import Tokens
from academy.trainer import checkpoints
from academy.trainer.compute.attention import DOCUMENTS
from academy.trainer.compute.model import Place
from academy.trainer.report import Report

_CHUNK = 1 << 24  # logits computed at a time: 64 MB in fp32
_CHECK_EVERY = 5  # steps after which a non-finite loss is noticed at the latest
_HOPELESS = 20.0
_SHOWN = 0.04  # of the time, for the answers that are shown meanwhile


class Loop(SFTTrainer):
    """One training run."""

    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        model: Any,
        config: SFTConfig,
        train: Any,
        evaluation: list[Tokens],
        tokenizer: Any,
        report: Report,
        place: Place,
        folder: Path,
        plan: Plan,
        sample: Callable[[Any], tuple[str, str]] | None,
    ) -> None:
        super().__init__(model=model, args=config, train_dataset=train, processing_class=tokenizer, callbacks=[_Steps()])
        for callback in list(self.callback_handler.callbacks):
            if type(callback).__name__ in ("PrinterCallback", "ProgressCallback"):
                self.remove_callback(callback)
        # The loss is the mean over the whole step's tokens for every architecture, also where its own forward would not know them.
        self.model_accepts_loss_kwargs = True
        self._trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        # The Trainer walks over all modules several times a step; a small model's step is not much longer than that.
        model.zero_grad = self._forget_gradients
        self.report = report
        self.place = place
        self.folder = folder
        self.plan = plan
        self.history = History()
        self.stopped = False
        self.stopped_early = False
        self._evaluation = sorted(evaluation, key=lambda tokens: -len(tokens.ids))
        self._sample = sample
        self._tokens = 0
        self._clock = time.monotonic()
        self._last_save = time.monotonic()
        self._seen_step = 0
        self._began = time.monotonic()
        self._shown = 0.0
        self.last_step_seconds = 0.0
        self._direct = not any(getattr(model.config.get_text_config(), name, None) not in (None, 1, 1.0) for name in _SCALED)

    # -- the loss

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The mean loss over the trained tokens of the whole step."""
        total, count = self._summed(inputs)
        self._tokens += int(inputs["input_ids"].numel()) if "attention_mask" not in inputs else int(inputs["attention_mask"].sum())
        return total / (count if num_items_in_batch is None else num_items_in_batch)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of one batch."""
        if not self.model.training:
            self.model.train()
        loss = self.compute_loss(model, self._prepare_inputs(inputs), num_items_in_batch=num_items_in_batch)
        self.accelerator.backward(loss)
        return loss.detach()

    def _clip_grad_norm(self, model: Any) -> Any:
        return self.accelerator.clip_grad_norm_(self._trained, self.args.max_grad_norm)

    def _forget_gradients(self, set_to_none: bool = True) -> None:
        for parameter in self._trained:
            parameter.grad = None

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: nobody is told."""
        return 0

    def _summed(self, inputs: dict[str, Any]) -> tuple[torch.Tensor, int]:
        """The sum of the losses of all trained tokens in a batch, and how many there are."""
        inputs = dict(inputs)
        targets = inputs.pop("labels")[:, 1:]
        trained = targets != -100
        base = self.model.get_base_model()
        if "cu_seq_lens_q" in inputs:
            DOCUMENTS.lay(inputs["cu_seq_lens_q"].tolist())
        with self._autocast():
            if self._direct:
                hidden = base.base_model(**inputs, use_cache=False).last_hidden_state[:, :-1][trained]
                total = summed_loss(hidden, base.get_output_embeddings(), targets[trained])
            else:
                logits = base(**inputs, use_cache=False).logits[:, :-1][trained]
                total = cross_entropy(logits.float(), targets[trained], reduction="sum")
        return total, int(trained.sum())

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.place.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.place.device.type, dtype=self.place.dtype)

    # -- what happens after a step

    def _maybe_log_save_evaluate(self, tr_loss: Any, grad_norm: Any, model: Any, *args: Any, **kwargs: Any) -> None:
        step = self.state.global_step
        if step <= self._seen_step:
            return  # the Trainer comes here again at the end of each epoch
        self._seen_step = step
        # What was logged must not change with the moment at which a run was interrupted.
        self.control.should_log = step % self.plan.logging_steps == 0 or self.plan.looks_at(step) or step >= self.state.max_steps
        if os.path.exists(self.folder / "stop"):
            self.stopped = self.control.should_training_stop = self.control.should_log = True
        if step % _CHECK_EVERY == 0 and not bool(torch.isfinite(tr_loss)):
            self.control.should_log = True
        super()._maybe_log_save_evaluate(tr_loss, grad_norm, model, *args, **kwargs)
        last = step >= self.state.max_steps or self.control.should_training_stop
        better = False
        if self._evaluation and (step % self.plan.eval_steps == 0 or last):
            better = self.evaluate_rows()
            last = last or self.control.should_training_stop
        if self._sample and ((step in self.plan.sample_steps and self._shown < _SHOWN * (time.monotonic() - self._began)) or last):
            self._show()
        due = step % self.plan.save_steps == 0 and (self.plan.save_fixed or time.monotonic() - self._last_save >= self.plan.save_seconds)
        if (due or last or (better and self.plan.keep_best)) and not self.plan.dry_run:
            self.save()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """An event and a line for one logged step; the Trainer's own final summary is not passed on."""
        if "loss" not in logs:
            return
        step, epoch, loss = self.state.global_step, float(self.state.epoch or 0), float(logs["loss"])
        elapsed = self.last_step_seconds = max(time.monotonic() - self._clock, 1e-9)
        tokens, speed = self._tokens, self._tokens / elapsed
        self._tokens, self._clock = 0, time.monotonic()
        rate = float(logs["learning_rate"])
        norm = logs.get("grad_norm")
        self.report.event(
            "progress",
            step=step,
            epoch=round(epoch, 4),
            loss=loss,
            learning_rate=rate,
            grad_norm=None if norm is None else float(norm),
            tokens_per_second=round(speed, 1),
            memory_mb=round(memory_mb(self.place.device), 1),
            extra={"tokens": tokens},
        )
        self.report.say(f"step {step}/{self.state.max_steps}  epoch {epoch:.1f}  loss {loss:.3f}  lr {rate:.1e}  tok/s {speed:,.0f}")
        if not math.isfinite(loss):
            raise Failure(f"The training was stopped: non-finite loss at step {step}.", "non_finite_loss", step=step)
        if self.history.saw(loss, self.plan.logging_steps):
            self.report.note(
                f"The loss has risen to {loss:.2f}, more than three times where it began: the learning rate is probably too high."
            )
        if loss > _HOPELESS and loss > 3 * self.history.first:
            raise Failure(f"The training was stopped: the loss rose to {loss:.1f} at step {step}.", "diverged", step=step)

    def evaluate_rows(self) -> bool:
        """The loss on the held-out rows, as an event; True where it is the best so far."""
        step = self.state.global_step
        started = time.monotonic()
        self.model.eval()
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in self._batches(self._evaluation):
                loss, trained = self._summed(self._prepare_inputs(self.data_collator(batch)))
                total += float(loss)
                count += trained
        self.model.train()
        loss = total / max(count, 1)
        self.report.event("eval", step=step, epoch=round(float(self.state.epoch or 0), 4), eval_loss=loss)
        self.report.say(f"step {step}  held-out loss {loss:.3f}")
        self._clock += time.monotonic() - started
        if not math.isfinite(loss):
            raise Failure(f"The training was stopped: non-finite loss at step {step}, on the held-out rows.", "non_finite_loss", step=step)
        better = self.history.evaluated(step, loss)
        patience = self.plan.patience
        if patience and self.history.worse >= patience and step < self.state.max_steps:
            self.stopped_early = self.control.should_training_stop = True
        return better and step > 0

    def _batches(self, rows: list[Tokens]) -> Iterator[list[dict[str, list[int]]]]:
        size = self.args.per_device_train_batch_size
        for start in range(0, len(rows), size):
            yield [example(tokens) for tokens in rows[start : start + size]]

    def _show(self) -> None:
        started = time.monotonic()
        assert self._sample is not None
        self.model.eval()
        with torch.no_grad(), self._autocast():
            DOCUMENTS.lay(None)
            prompt, text = self._sample(self.model)
        self.model.train()
        self.report.event("sample", step=self.state.global_step, prompt=prompt, text=text, message=f"{prompt} → {text}")
        self._shown += time.monotonic() - started
        self._clock += time.monotonic() - started

    # -- checkpoints

    def save(self) -> None:
        """A complete checkpoint of this step."""
        folder = self.folder / "checkpoints"
        step = self.state.global_step
        started = time.monotonic()
        facts = {"epoch": self.state.epoch, "eval_loss": self.history.eval_at(step), "history": self.history.facts()}
        checkpoints.write(folder, step, self._fill, facts)
        checkpoints.rotate(folder, 2, self.history.best_step if self.plan.keep_best else None)
        self.report.event("checkpoint", step=step, path=f"checkpoints/step-{step:08d}", best=self.history.best_step == step)
        self.report.sync()
        self._last_save = time.monotonic()
        self._clock += time.monotonic() - started

    def _fill(self, folder: Path) -> None:
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad and not bool(torch.isfinite(parameter).all()):
                step = self.state.global_step
                raise Failure(f"The training was stopped: non-finite weights at step {step} ({name}).", "non_finite_loss", step=step)
        self.model.save_pretrained(str(folder), save_embedding_layers=False)
        torch.save(self.optimizer.state_dict(), folder / "optimizer.pt")
        torch.save(self.lr_scheduler.state_dict(), folder / "scheduler.pt")
        self._save_scaler(str(folder))
        self._save_rng_state(str(folder))
        self.state.log_history = []
        self.state.save_to_json(str(folder / "trainer_state.json"))


class _Steps(TrainerCallback):
    """Keeps the Trainer from logging, saving and evaluating by itself."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        control.should_save = control.should_evaluate = False
        return control


class Plan:
    """At which steps something happens, fixed before the first one."""

    def __init__(
        self,
        total: int,
        *,
        save_steps: int | None,
        eval_steps: int | None,
        patience: int,
        keep_best: bool,
        samples: bool,
        evaluates: bool,
        dry_run: bool,
    ) -> None:
        self.logging_steps = max(1, math.ceil(total / 2000))
        self.save_fixed = save_steps is not None
        self.save_steps = save_steps or max(1, math.ceil(total / 8))
        self.save_seconds = 0.0 if total <= 2000 else 30.0
        self.eval_steps = eval_steps or max(1, math.ceil(total / 10))
        self.patience = patience
        self.keep_best = keep_best and evaluates
        self.sample_steps = {max(1, round(total * part / 4)) for part in range(1, 5)} if samples else set()
        self.dry_run = dry_run
        self._evaluates = evaluates

    def looks_at(self, step: int) -> bool:
        """Whether a checkpoint or an evaluation falls on this step."""
        return step % self.save_steps == 0 or (self._evaluates and step % self.eval_steps == 0)


class History:
    """What a run remembers of its losses; it goes into every checkpoint."""

    def __init__(self) -> None:
        self.first = 0.0
        self.recent: list[float] = []
        self.high = 0
        self.warned = False
        self.baseline: float | None = None
        self.best: float | None = None
        self.best_step: int | None = None
        self.last_eval: tuple[int, float] | None = None
        self.worse = 0

    def saw(self, loss: float, steps: int) -> bool:
        """Takes in a logged loss; True once, when it has stayed above three times the first for long."""
        if not self.recent:
            self.first = loss
        self.recent = [*self.recent[-9:], loss]
        self.high = self.high + steps if loss > 3 * self.first and loss > 1 else 0
        if self.high >= 20 and not self.warned:
            self.warned = True
            return True
        return False

    def evaluated(self, step: int, loss: float) -> bool:
        """Takes in a held-out loss; True where it is the best after the beginning."""
        self.last_eval = (step, loss)
        if step == 0:
            self.baseline = loss
            return True
        if self.best is None or loss < self.best:
            self.best, self.best_step, self.worse = loss, step, 0
            return True
        self.worse += 1
        return False

    def eval_at(self, step: int) -> float | None:
        """The held-out loss of this very step."""
        return self.last_eval[1] if self.last_eval and self.last_eval[0] == step else None

    @property
    def train_loss(self) -> float | None:
        """The mean of the last logged losses."""
        return sum(self.recent) / len(self.recent) if self.recent else None

    def facts(self) -> dict[str, Any]:
        """All of it as plain values."""
        return json.loads(json.dumps(vars(self)))

    def restore(self, facts: dict[str, Any]) -> None:
        """Continues a history that a checkpoint holds."""
        for name in vars(self):
            if name in facts:
                setattr(self, name, facts[name])
        if self.last_eval:
            self.last_eval = (self.last_eval[0], self.last_eval[1])


class _HeadLoss(torch.autograd.Function):
    """The summed loss of many positions, a chunk of logits at a time; the gradient is taken at once, so no logits are kept."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: Any, targets: torch.Tensor, rows: int) -> torch.Tensor:
        total = hidden.new_zeros((), dtype=torch.float32)
        wanted = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if wanted else None
        for start in range(0, len(targets), rows):
            part = hidden[start : start + rows].detach().requires_grad_(wanted)
            with torch.enable_grad() if wanted else contextlib.nullcontext():
                loss = cross_entropy(head(part).float(), targets[start : start + rows], reduction="sum")
            if gradient is not None:
                gradient[start : start + rows] = torch.autograd.grad(loss, part)[0]
            total += loss.detach()
        ctx.gradient = gradient
        return total

    @staticmethod
    def backward(ctx: Any, *outputs: torch.Tensor) -> Any:
        return ctx.gradient * outputs[0].to(ctx.gradient.dtype), None, None, None


_SCALED = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)
"""What some families do to their logits: then the model's own forward computes them."""


def summed_loss(hidden: torch.Tensor, head: Any, targets: torch.Tensor) -> torch.Tensor:
    """The summed cross entropy of `head(hidden)`, without ever holding more than a chunk of logits when there are many."""
    size = head.weight.shape[0]
    rows = max(1, _CHUNK // size)
    if len(targets) <= rows or any(parameter.requires_grad for parameter in head.parameters()):
        return cross_entropy(head(hidden).float(), targets, reduction="sum")
    return _HeadLoss.apply(hidden, head, targets, rows)  # type: ignore[no-any-return]


def example(tokens: Tokens) -> dict[str, list[int]]:
    """One row as the Trainer wants it: -100 where nothing is trained."""
    labels = [token if trained else -100 for token, trained in zip(tokens.ids, tokens.trained, strict=True)]
    return {"input_ids": tokens.ids, "labels": labels}


def memory_mb(device: torch.device) -> float:
    """The peak of this process: of the GPU where there is one, else of the main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
