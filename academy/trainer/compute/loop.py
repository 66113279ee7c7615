"""The training loop: steps, evaluations, checkpoints and events, for every method."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import set_seed

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.token_rows import Tokens, lengths_of
from academy.trainer import checkpoints
from academy.trainer.compute.batches import Batch, order
from academy.trainer.compute.cores import CORES
from academy.trainer.compute.model import Adapted
from academy.trainer.compute.schedule import History, Plan
from academy.trainer.compute.state import State
from academy.trainer.compute.team import ALONE, Team
from academy.trainer.known import Known
from academy.trainer.report import Report
from academy.trainer.spec import Spec

MAX_NORM = 1.0
_CHECK_STEPS = 5  # a loss that is not finite is noticed within so many steps
_SAMPLE_SHARE = 0.04  # of the time, for the answers on the way

_Item = TypeVar("_Item")


class Sample(NamedTuple):
    """A question of the dataset with the model's answer by now, and the base's."""

    prompt: str
    text: str
    base: str


Sampler = Callable[[], Sequence[Sample]]
"""Lets the model answer some questions."""


class Method(Protocol):
    """What is learned: how rows become a batch, and what the loss of a batch is."""

    apart: bool
    """Whether what is rehearsed goes through the model in a pass of its own."""

    def collate(self, rows: Sequence[Tokens], rehearsed: Sequence[Tokens] = ()) -> Batch:
        """The rows as one batch, on the model's device, and after them those that are rehearsed."""
        ...

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The summed loss of what a batch trains, which the loop divides by what the whole step trains; which of it the model predicts;
        and the logits of what is rehearsed: (targets, vocabulary).
        """
        ...

    def measured(self) -> dict[str, float]:
        """The mean of what it measured since the last call, by the names of the progress event; empty: the known rows are what counts."""
        ...


class Rehearses(Protocol):
    """What is rehearsed beside the lessons, so that it is not forgotten."""

    drift: float | None

    def due(self, lesson_tokens: int, *, last: bool) -> Sequence[Tokens]:
        """The rows that are due with so many tokens of lessons; `last`: in the last looks."""
        ...

    def loss(self, logits: torch.Tensor, places: Sequence[int] | None = None) -> torch.Tensor:
        """What these of the rows last due (None: all) add to the mean loss of all of them, from their logits: (targets, vocabulary)."""
        ...

    def follow(self, loss: float) -> None:
        """Takes in the mean loss of a step, of all processes."""
        ...

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        ...

    def restore(self, facts: dict[str, Any]) -> None:
        """Goes on from a checkpoint."""
        ...


class Loop:
    """One training."""

    def __init__(
        self,
        spec: Spec,
        report: Report,
        adapted: Adapted,
        method: Method,
        plan: Plan,
        looks: Callable[[int], Sequence[Tokens]],
        held_out: Sequence[Tokens] = (),
        sampler: Sampler | None = None,
        rehearsal: Rehearses | None = None,
        team: Team = ALONE,
    ) -> None:
        self.adapted = adapted
        self.plan = plan
        self.step = 0
        self.epochs_done = 0.0
        self.history = History()
        self.stopped = False
        self.stopped_early = False
        self.step_seconds = 0.0
        self.look_loss: float | None = None  # the mean of the last whole look
        self._spec, self._report, self._method, self._sampler = spec, report, method, sampler
        self._model, self._placement = adapted.model, adapted.placement
        self._looks, self._rehearsal, self._team = looks, rehearsal, team
        self._rows = looks(0)
        self.known = Known(self._rows)
        lengths = lengths_of(held_out)
        self._held_out = held_out
        self._longest_first = sorted(range(len(held_out)), key=lambda at: -lengths[at])
        self._order: tuple[int, list[int]] = (-1, [])  # the epoch, and its rows
        self._look_loss = torch.zeros((), device=self._placement.device)  # summed over the steps of this look
        self._parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        team.align(self._parameters)
        set_seed(spec.knob("seed"))  # dropout must not depend on how the adapter came to be
        self._state = State.begin(adapted, spec, plan.steps)
        # Since the last logged step:
        self._loss, self._logged = torch.zeros((), device=self._placement.device), 0
        self._tokens, self._clock = 0, time.monotonic()
        self._known_told: int | None = None
        self._norm, self._rate = torch.zeros(()), 0.0
        self._saved = self._began = time.monotonic()
        self._saved_step: int | None = None
        self._sampling = 0.0

    def resume(self, checkpoint: checkpoints.Checkpoint) -> None:
        """Goes on from a checkpoint as if nothing had happened since."""
        self._state.load(checkpoint.path)
        self.history = History.of(checkpoint.facts.get("history", {}))
        self.step = self._logged = checkpoint.step
        self.epochs_done = self.plan.slot(self.step - 1).epochs_done
        self.known.restore(checkpoint.facts.get("known"))
        self._look_loss.fill_(checkpoint.facts.get("look_loss", 0.0))
        if self._rehearsal and (facts := checkpoint.facts.get("rehearsal")):
            self._rehearsal.restore(facts)

    def use_rate(self, rate: float) -> None:
        """Goes on with another learning rate, at the same position of the schedule."""
        scheduler = self._state.scheduler
        factor = rate / float(scheduler.base_lrs[0])
        scheduler.base_lrs = [float(value) * factor for value in scheduler.base_lrs]
        scheduler._last_lr = [float(value) * factor for value in scheduler.get_last_lr()]

    def train(self, pause: Callable[[int], bool] = lambda step: False) -> bool:
        """All steps that are left, or those up to a pause, which ends with a checkpoint; returns whether the training has ended."""
        if self.step == 0 and self._held_out:
            self._evaluate()
        self._clock = self._saved = self._began = time.monotonic()
        self._model.train()
        ended = False
        while self.step < self.plan.steps and not ended:
            began = time.monotonic()
            self._optimize(self._next_rows())
            stop = (self._spec.folder / "stop").exists()
            seconds, stopped = self._team.agreed(time.monotonic() - began, stop)
            self.history = replace(self.history, seconds=self.history.seconds + seconds)
            self.stopped = bool(stopped)
            ended = self._after_step()
            # Where a loss is logged, so that a pause changes no logged value.
            if not ended and self.plan.logs(self.step) and pause(self.step):
                if self._saved_step != self.step:
                    self._save()
                return False
        return True

    # -- one step

    def _next_rows(self) -> list[int]:
        """The indices of the rows of the next step."""
        slot = self.plan.slot(self.step)
        if slot.epoch != self._order[0]:
            self._rows = self._looks(0 if self.plan.is_plain(self.history, slot.epoch) else slot.epoch)
            group = self.plan.batch_size * self.plan.accumulation if not self.adapted.end_to_end else None
            self._order = slot.epoch, order(lengths_of(self._rows), self._spec.knob("seed") + slot.epoch, group)
        self.epochs_done = slot.epochs_done
        return self._order[1][slot.first : slot.end]

    def _optimize(self, at: Sequence[int]) -> None:
        """One step on these rows: the mean loss over all their trained tokens, batch by batch, and what is rehearsed beside them."""
        optimizer, scheduler, scaler, team = self._state.optimizer, self._state.scheduler, self._state.scaler, self._team
        team.seed(self._spec.knob("seed"), self.step)
        due = self._due(at)
        places, rehearsed_places = team.share(range(len(at))), team.share(range(len(due)))
        rows, own = [self._rows[at[place]] for place in places], [due[place] for place in rehearsed_places]
        # One pass computes both where it may, so that what is rehearsed costs no second reading of the weights.
        parts = self.adapted.split(rows, own, most=-(-self.plan.batch_size // team.size), apart=self._method.apart)
        batches = [self._method.collate([rows[n] for n in part.rows], [own[n] for n in part.rehearsed]) for part in parts]
        more = self._more_passes(len(parts))
        trained, tokens = team.totals(sum(batch.counted for batch in batches), sum(batch.tokens for batch in batches))
        figures = torch.zeros(2, device=self._placement.device)  # the loss, and that of what is rehearsed
        known = [False] * len(at)
        for part, batch in zip(parts, batches, strict=True):
            CORES.look()
            total, right, rehearsed = self._method.loss(batch)
            loss = total / trained
            figures[0] += loss.detach()
            for n, wholly in zip(part.rows, batch.wholly(right), strict=True):
                known[places[n]] = wholly
            if self._rehearsal and part.rehearsed:
                drifted = self._rehearsal.loss(rehearsed, [rehearsed_places[n] for n in part.rehearsed])
                figures[1] += drifted.detach()
                loss = loss + drifted
            scaler.scale(loss).backward()
        for _ in more:
            self._go_along(self._rows[at[0]])
        figures = torch.cat([figures, torch.tensor(known, device=figures.device)])
        self._take_in(at, team.add_up(self._parameters, figures), tokens, bool(due))
        scaler.unscale_(optimizer)
        self._norm = clip_grad_norm_(self._parameters, MAX_NORM)
        self._rate = self._cool(float(scheduler.get_last_lr()[0]))
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        if scaler.get_scale() >= scale:  # else fp16 overflowed, and the step was skipped
            scheduler.step()
        optimizer.zero_grad()
        self.step += 1

    def _more_passes(self, passes: int) -> range:
        """Those that another process takes beyond these, and this one must go along with: shards are gathered by all."""
        return range(passes, int(self._team.extremes(passes)[1]) if self._team.shards else 0)

    def _go_along(self, row: Tokens) -> None:
        """A pass in which what is computed counts nothing."""
        loss = self._method.loss(self._method.collate([Tokens(row.row, row.ids[:2], [False, True], 2)]))[0]
        if torch.is_grad_enabled():
            (0 * loss).backward()

    def _take_in(self, at: Sequence[int], figures: torch.Tensor, tokens: float, rehearsed: bool) -> None:
        """Counts what a step showed, of all processes."""
        self._loss += figures[0]
        self._look_loss += figures[0]
        self._tokens += int(tokens)
        _, drifted, *known = figures.tolist()
        self.known.look(at, [flag > 0 for flag in known])
        if self._rehearsal and rehearsed:
            self._rehearsal.follow(drifted)

    def _due(self, at: Sequence[int]) -> Sequence[Tokens]:
        if not self._rehearsal:
            return ()
        return self._rehearsal.due(sum(len(self._rows[index].ids) for index in at), last=self.history.cooling is not None)

    def _cool(self, rate: float) -> float:
        """The scheduled rate, lowered in the last looks."""
        rate *= self.plan.cooling(self.history, self.step)
        for group in self._state.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _after_step(self) -> bool:
        """Logs, evaluates, shows an answer and saves where due; True ends the training."""
        step, plan = self.step, self.plan
        if step % plan.steps_per_epoch == 0:
            self._after_look()
        self.history = plan.after_step(self.history, step, self.history.seconds / step)
        last = self.stopped or step >= plan.steps or plan.is_over(self.history, step)
        if last or plan.logs(step) or (step % _CHECK_STEPS == 0 and not bool(torch.isfinite(self._loss))):
            self._log(over=plan.is_over(self.history, step))
        improved = False
        if self._held_out and (last or plan.evaluates(step)):
            improved = self._evaluate()
            self.stopped_early = plan.gives_up(self.history, step)
            last = last or self.stopped_early
        if self._sampler and (last or (step in plan.sample_steps and self._sampling < _SAMPLE_SHARE * (time.monotonic() - self._began))):
            self._show(self._sampler)
        wanted = last or (improved and plan.keep_best)
        if self._team.is_first and (plan.saves(step, time.monotonic() - self._saved) or (wanted and plan.save_steps)):
            self._save()
        return last

    # -- what is due after a step

    def _after_look(self) -> None:
        """Counts what is known after a whole look at all rows, and whether that is the end."""
        loss = self.look_loss = self._look_loss.item() / self.plan.steps_per_epoch
        self._look_loss.zero_()
        self.history = self.plan.after_look(self.history.with_look(self.known.rows, self.known.of, loss), self.step)

    def _log(self, *, over: bool = False) -> None:
        """An event and a line for the steps since the last; ends a training that is beyond hope."""
        end = self.step if over else self.plan.end(self.history, self.step)
        step, loss = self.step, self._loss.item() / (self.step - self._logged)
        elapsed = self.step_seconds = max(time.monotonic() - self._clock, 1e-9)
        speed = self._tokens / elapsed
        measured = self._method.measured()
        self._report.event(
            "progress",
            step=step,
            epoch=round(self.epochs_done, 4),
            loss=loss,
            learning_rate=self._rate,
            grad_norm=float(self._norm),
            tokens_per_second=round(speed, 1),
            memory_mb=round(self._placement.peak_memory_mb(), 1),
            **(measured or {"known": self.known.rows}),
            **({"drift": self._rehearsal.drift} if self._rehearsal and self._rehearsal.drift is not None else {}),
            **(self._end(end) if self.history.cooling is not None else {}),
            extra={"tokens": self._tokens},
        )
        knows = f"knows {self.known.rows}/{self.known.of}" if self.known.of else ""  # plain text is never known
        words = "  ".join(f"{name} {value:.3f}" for name, value in measured.items()) or knows
        self._report.say(
            f"step {step}/{end}  epoch {self.epochs_done:.1f}  loss {loss:.3f}  lr {self._rate:.2g}  {words}  tok/s {speed:,.0f}"
        )
        if not measured and self.known.of and self.known.rows != self._known_told:
            self._known_told = self.known.rows
            self._report.event("known", step=step, rows=self.known.rows, of=self.known.of)
        self._loss.zero_()
        self._logged, self._tokens, self._clock = step, 0, time.monotonic()
        if not math.isfinite(loss):
            raise Failure(msg("The training stopped: non-finite loss at step {step}.", step=step), "non_finite_loss", step=step)
        before, self.history = self.history, self.history.with_loss(loss, self.plan.log_steps)
        if self.history.warned and not before.warned:
            self._report.note(
                msg("The loss is {loss:.2f}, more than three times the first: the learning rate is probably too high.", loss=loss)
            )
        if self.history.is_hopeless(loss):
            raise Failure(
                msg("The training stopped: the loss rose to {loss:.1f} at step {step}.", loss=loss, step=step), "diverged", step=step
            )

    def _end(self, end: int) -> dict[str, Any]:
        """The steps and the looks of a training whose last looks have begun."""
        return {"total_steps": end, "total_epochs": round(end / self.plan.steps_per_epoch, 2)}

    def held_out_loss(self) -> float | None:
        """The mean loss on the held-out rows as of now; None without such rows."""
        if not self._held_out:
            return None
        self._model.eval()
        total = count = 0.0
        with torch.no_grad():
            parts = self._team.share(_parts(self._longest_first, self.plan.batch_size))
            more = self._more_passes(len(parts))
            for part in parts:
                batch = self._method.collate([self._held_out[at] for at in part])
                total += float(self._method.loss(batch)[0])
                count += batch.counted
            for _ in more:
                self._go_along(self._held_out[0])
        self._model.train()
        total, count = self._team.totals(total, count)
        return total / max(count, 1)

    def _evaluate(self) -> bool:
        """The loss on the held-out rows, as an event; True where it is the best so far."""
        step, started = self.step, time.monotonic()
        loss = self.held_out_loss()
        assert loss is not None
        measured = {f"eval_{name}": value for name, value in self._method.measured().items()}
        self._report.event("eval", step=step, epoch=round(self.epochs_done, 4), eval_loss=loss, **measured)
        self._report.say(f"step {step}  held-out loss {loss:.3f}")
        self._clock += time.monotonic() - started
        if not math.isfinite(loss):
            reason = msg("The training stopped: non-finite loss at step {step}, on the held-out rows.", step=step)
            raise Failure(reason, "non_finite_loss", step=step)
        self.history = self.history.with_eval(step, loss)
        return self.history.best_step == step

    def _show(self, sampler: Sampler) -> None:
        """What the model answers by now, as events."""
        started = time.monotonic()
        for sample in sampler():
            self._report.event("sample", step=self.step, **sample._asdict(), message=f"{sample.prompt} → {sample.text}")
        self._sampling += time.monotonic() - started
        self._clock += time.monotonic() - started

    def _save(self) -> None:
        """A complete checkpoint of this step."""
        folder, step, started = self._spec.folder / "checkpoints", self.step, time.monotonic()
        facts = {"epoch": self.epochs_done, "eval_loss": self.history.eval_at(step), "history": self.history.facts()}
        facts |= {"known": self.known.facts(), "look_loss": self._look_loss.item()}
        facts |= {"rehearsal": self._rehearsal.facts() if self._rehearsal else None}
        checkpoints.write(folder, step, self._fill, facts)
        checkpoints.rotate(folder, 2, self.history.best_step if self.plan.keep_best else None)
        self._report.event("checkpoint", step=step, path=f"checkpoints/step-{step:08d}", best=self.history.best_step == step)
        self._report.sync()
        self._saved, self._saved_step = time.monotonic(), step
        self._clock += self._saved - started

    def _fill(self, folder: Path) -> None:
        for name, parameter in self._model.named_parameters():
            if parameter.requires_grad and not bool(torch.isfinite(parameter).all()):
                reason = msg("The training stopped: non-finite weights at step {step} ({name}).", step=self.step, name=name)
                raise Failure(reason, "non_finite_loss", step=self.step)
        progress = {"global_step": self.step, "epoch": self.epochs_done, "max_steps": self.plan.steps}
        self._state.save(folder, progress | {"train_batch_size": self.plan.batch_size})


def _parts(rows: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
