"""Decides what happens at which step of a training; pure, so it needs no model to be tested."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from academy.trainer.spec import Spec

_POINTS = 2000  # a curve has at most about this many points
_LONG_SAVE_SECONDS = 30.0  # between two checkpoints of a long training
_HOPELESS = 20.0  # a loss that no learning rate brings back
_HIGH_STEPS = 20  # above three times the first loss before a warning
_STALE_LOOKS = 6  # without a row more, or a loss lower by a tenth, before a training has got as far as it will
_NEARLY = 0.8  # of the rows known, with their questions varied, are enough to begin the last looks
_LAST_LOOKS = 3
_LAST_COST = 1.5  # of an earlier step: more is rehearsed
_COOL = 0.1  # of the learning rate remains at the end of the last looks


@dataclass(frozen=True)
class Slot:
    """Where a step lies: its epoch, the rows of that epoch's order it trains on, and the epochs done after it."""

    epoch: int
    first: int
    end: int
    epochs_done: float


@dataclass(frozen=True)
class Plan:
    """The steps of a training and what is due after each; a step is counted from 1 once it is done."""

    rows: int
    batch_size: int
    accumulation: int  # batches a step
    steps: int
    save_steps: int | None = None  # None: no checkpoints
    save_seconds: float = 0.0  # at least, between two checkpoints
    eval_steps: int | None = None  # None: no held-out rows
    patience: int = 0  # evaluations without progress that end the training; 0: none do
    keep_best: bool = False
    sample_steps: frozenset[int] = frozenset()
    until_known: bool = False  # ends with the first last look that shows every row known
    budget_seconds: float | None = None

    @property
    def batches_per_epoch(self) -> int:
        """The last one may be smaller."""
        return math.ceil(self.rows / self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """The last one may have fewer batches."""
        return math.ceil(self.batches_per_epoch / self.accumulation)

    @property
    def log_steps(self) -> int:
        """Steps that one logged loss is the mean of."""
        return max(1, math.ceil(self.steps / _POINTS))

    def slot(self, done: int) -> Slot:
        """The step that follows `done` steps."""
        epoch, within = divmod(done, self.steps_per_epoch)
        size = self.batch_size * self.accumulation
        batches = min((within + 1) * self.accumulation, self.batches_per_epoch)
        return Slot(epoch, within * size, min((within + 1) * size, self.rows), epoch + batches / self.batches_per_epoch)

    def evaluates(self, step: int) -> bool:
        """Whether the held-out rows are evaluated after this step."""
        return self.eval_steps is not None and (step >= self.steps or step % self.eval_steps == 0)

    def saves(self, step: int, seconds: float) -> bool:
        """Whether a checkpoint is due, `seconds` after the last one."""
        return self.save_steps is not None and (step >= self.steps or (step % self.save_steps == 0 and seconds >= self.save_seconds))

    def logs(self, step: int) -> bool:
        """Whether a loss is logged; where a checkpoint may fall it always is, so an interruption changes no logged value."""
        return step % self.log_steps == 0 or self.evaluates(step) or self.saves(step, math.inf) or step >= self.steps

    def gives_up(self, history: History, step: int) -> bool:
        """Whether the last evaluations bring so little that the training ends early."""
        return 0 < self.patience <= history.worse and step < self.steps

    @property
    def cool_steps(self) -> int:
        """The steps over which the rate falls at the end of a training that knows nearly everything."""
        return _LAST_LOOKS * self.steps_per_epoch

    def cooling(self, history: History, step: int) -> float:
        """The factor on the learning rate of the step after `step`: below 1 in the last looks."""
        if history.cooling is None:
            return 1.0
        return max(_COOL, 1.0 - (1.0 - _COOL) * (step - history.cooling) / self.cool_steps)

    def after_look(self, history: History, step: int) -> History:
        """Decides, after a whole look at all rows, whether the last looks begin."""
        if not self.until_known or history.cooling is not None:
            return history
        if history.ready or step >= self.steps - self.cool_steps:
            return replace(history, cooling=step)
        return replace(history, cooling=step, ending="stale") if history.stale >= _STALE_LOOKS else history

    def after_step(self, history: History, step: int, step_seconds: float) -> History:
        """Begins the last looks where the budget of time ends with them."""
        if self.budget_seconds is None or history.ending:
            return history
        first = step if history.cooling is None else history.cooling
        if history.seconds + step_seconds * _LAST_COST * (first + self.cool_steps - step) < self.budget_seconds:
            return history
        return replace(history, cooling=first, ending="budget")

    def is_plain(self, history: History, epoch: int) -> bool:
        """Whether this look is at the questions as they are, which people ask most: the last one, and those after it."""
        return history.cooling is not None and epoch * self.steps_per_epoch >= history.cooling + self.cool_steps - self.steps_per_epoch

    def end(self, history: History, step: int = 0) -> int:
        """The step that the training ends with, as far as can be told after `step` steps."""
        if history.cooling is None:
            return self.steps
        last = history.cooling + self.cool_steps
        return min(self.steps, last if step < last else last + self.cool_steps)

    def is_over(self, history: History, step: int) -> bool:
        """Whether the last looks are over: the last one showed every row known, or there is another reason, or they are twice as many."""
        if history.cooling is None or step < history.cooling + self.cool_steps:
            return False
        return bool(history.ending) or history.full or step >= history.cooling + 2 * self.cool_steps

    def trial(self) -> Plan:
        """Two steps on as many rows, with nothing saved or evaluated."""
        return Plan(2 * self.batch_size * self.accumulation, self.batch_size, self.accumulation, 2)


def make_plan(spec: Spec, rows: int, *, evaluates: bool, samples: bool, batch_size: int | None = None) -> Plan:
    """The plan of a training on so many rows; a batch has as many as the spec says, where nothing else is given."""
    plan = Plan(rows, batch_size or spec.knob("batch_size"), spec.knob("gradient_accumulation_steps"), 0)
    steps = spec.knob("max_steps") or plan.steps_per_epoch * spec.knob("num_epochs")
    fixed = spec.knob("save_steps")
    return replace(
        plan,
        steps=steps,
        save_steps=fixed or max(1, math.ceil(steps / 8)),
        save_seconds=0.0 if fixed or steps <= _POINTS else _LONG_SAVE_SECONDS,
        eval_steps=(spec.knob("eval_steps") or max(1, math.ceil(steps / 10))) if evaluates else None,
        patience=spec.knob("early_stopping_patience") if evaluates else 0,
        keep_best=spec.knob("keep_best") and evaluates,
        sample_steps=frozenset(max(1, round(steps * quarter / 4)) for quarter in range(1, 5)) if samples else frozenset(),
        until_known=spec.knob("stop_when_known") and spec.knob("goal") == "facts" and spec.knob("method") == "sft",
        budget_seconds=spec.knob("budget_seconds"),
    )


def warmup_steps(requested: float, steps: int) -> int:
    """Steps over which the learning rate rises: a number of steps, or below 1 a fraction of all."""
    return int(requested) if requested >= 1 else math.ceil(steps * requested)


@dataclass(frozen=True)
class History:
    """The losses of a training so far, as far as decisions need them; it is part of every checkpoint."""

    first: float = 0.0
    recent: tuple[float, ...] = ()
    high: int = 0  # steps in a row with a loss far above the first
    warned: bool = False
    baseline: float | None = None  # held-out loss before the first step
    best: float | None = None
    best_step: int | None = None
    last_eval: tuple[int, float] | None = None
    worse: int = 0  # evaluations since the best
    known: int = 0  # the most rows known after a whole look
    lowest: float | None = None  # the lowest mean loss of a look
    stale: int = 0  # looks since either got better
    ready: bool = False  # nearly every row was known after the last look
    full: bool = False  # every row was
    cooling: int | None = None  # the step after which the last looks began
    ending: str = ""  # why it ends though not every row is known: "stale" or "budget"
    seconds: float = 0.0  # spent on steps, over all attempts

    def with_loss(self, loss: float, steps: int) -> History:
        """After a logged loss of `steps` steps; `warned` turns true once the loss has stayed high for long."""
        first = loss if not self.recent else self.first
        high = self.high + steps if loss > 3 * first and loss > 1 else 0
        return replace(self, first=first, recent=(*self.recent[-9:], loss), high=high, warned=self.warned or high >= _HIGH_STEPS)

    def with_eval(self, step: int, loss: float) -> History:
        """After an evaluation; that of step 0 is the baseline and never the best."""
        after = replace(self, last_eval=(step, loss))
        if step == 0:
            return replace(after, baseline=loss)
        if self.best is None or loss < self.best:
            return replace(after, best=loss, best_step=step, worse=0)
        return replace(after, worse=self.worse + 1)

    def with_look(self, known: int, of: int, loss: float) -> History:
        """After a whole look at all rows with that mean loss, `known` of which the model gives by heart."""
        lower = self.lowest is None or loss < 0.9 * self.lowest
        return replace(
            self,
            known=max(known, self.known),
            lowest=loss if lower else self.lowest,
            stale=0 if lower or known > self.known else self.stale + 1,
            ready=known >= _NEARLY * of,
            full=known >= of,
        )

    def is_hopeless(self, loss: float) -> bool:
        """Whether the training has diverged."""
        return loss > _HOPELESS and loss > 3 * self.first

    def eval_at(self, step: int) -> float | None:
        """The held-out loss of this very step."""
        return self.last_eval[1] if self.last_eval and self.last_eval[0] == step else None

    @property
    def train_loss(self) -> float | None:
        """The mean of the last logged losses."""
        return sum(self.recent) / len(self.recent) if self.recent else None

    def facts(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> History:
        """The history that a checkpoint holds."""
        known: dict[str, Any] = {field.name: facts[field.name] for field in fields(cls) if field.name in facts}
        for name in ("recent", "last_eval"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)
