"""The one place of a race: puts a trial's adapter on the base, lets it train, and puts it down again."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from academy.text.token_rows import lengths_of
from academy.trainer import checkpoints
from academy.trainer.compute.cores import CORES
from academy.trainer.compute.loop import Loop
from academy.trainer.compute.model import Adapted, choose_threads, readapted, weights_count
from academy.trainer.compute.schedule import Plan, make_plan
from academy.trainer.dataset import Dataset
from academy.trainer.learning import Learning, from_rows
from academy.trainer.looks import Looks
from academy.trainer.methods.rehearsal import Rehearsal, make_rehearsal
from academy.trainer.race.trial import TRIALS, Score, Trial
from academy.trainer.report import Report
from academy.trainer.spec import Spec


def trial_folder(folder: Path, n: int) -> Path:
    """Where a trial's events, checkpoints and requests are, as in the folder of a job."""
    return folder / TRIALS / str(n)


@dataclass(frozen=True)
class Turn:
    """What a turn came to."""

    step: int
    ended: bool
    stopped: bool  # by a person
    seconds: float  # of all its steps so far
    score: Score | None


@dataclass(frozen=True)
class _Taken:
    """The trial that has the place."""

    n: int
    loop: Loop
    learning: Learning
    spec: Spec


class Seat:
    """The base with whichever trial has its turn."""

    def __init__(self, spec: Spec, report: Report, dataset: Dataset, adapted: Adapted) -> None:
        self.dataset = dataset
        self.rows = len({row.row for row in dataset.train.rows})
        self._spec, self._report, self._adapted = spec, report, adapted
        self._weights = weights_count(spec.base_path)
        gc.freeze()  # a collection then looks at what trials leave, not at all that the libraries have loaded: 10 ms instead of 250
        self._taken: _Taken | None = None
        self._reports: dict[int, Report] = {}
        self._looks: dict[tuple[int, bool], Looks] = {}
        self._rehearsal: Rehearsal | None = None
        self._mean = statistics.fmean([*lengths_of(dataset.train.rows), *lengths_of(dataset.held_out.rows)])  # tokens

    @property
    def memory_mb(self) -> float:
        """The most memory that this process has used."""
        return round(self._adapted.placement.peak_memory_mb(), 1)

    def seed(self, trial: Trial) -> int:
        """The seed that it trains with."""
        return self._spec_of(trial).knob("seed")

    def rate(self, trial: Trial) -> float:
        """Its learning rate."""
        return self._spec_of(trial).knob("learning_rate")

    def steps(self, trial: Trial) -> int:
        """The most steps of its training."""
        return self._plan(self._spec_of(trial)).steps

    def steps_per_look(self, trial: Trial) -> int:
        """The steps in which it sees every row once."""
        return self._plan(self._spec_of(trial)).steps_per_epoch

    def turn(self, trial: Trial, pause: Callable[[int], bool], measured: int) -> Turn:
        """Trains it until the pause or its end; at the step `measured` and at the end its score is as exact as can be."""
        taken = self._taken if self._taken and self._taken.n == trial.n else self._take(trial)
        ended = taken.loop.train(pause)
        exact = ended or taken.loop.step >= measured
        turn = Turn(taken.loop.step, ended, taken.loop.stopped, taken.loop.history.seconds, self._score(taken, exact))
        if ended:
            self.leave()
        return turn

    def leave(self, n: int | None = None) -> None:
        """Frees the place, if that trial has it."""
        if self._taken and n in (None, self._taken.n):
            self._taken = None

    def winner(self, trial: Trial, report: Report) -> tuple[Loop, Learning, Spec]:
        """The trial as the training of the whole job: its checkpoints are in the job's folder by now."""
        spec = replace(self._spec_of(trial), folder=self._spec.folder)
        taken = self._place(trial, spec, report)
        checkpoint = checkpoints.newest(spec.folder / "checkpoints")
        assert checkpoint is not None
        taken.loop.resume(checkpoint)
        return taken.loop, taken.learning, spec

    def _take(self, trial: Trial) -> _Taken:
        spec = replace(self._spec_of(trial), folder=trial_folder(self._spec.folder, trial.n))
        spec.folder.mkdir(parents=True, exist_ok=True)
        known = self._reports.get(trial.n)
        report = self._reports[trial.n] = known or Report(spec.folder, label=f"trial {trial.n}: ")
        taken = self._taken = self._place(trial, spec, report)
        checkpoints.sweep(spec.folder / "checkpoints")
        checkpoint = checkpoints.newest(spec.folder / "checkpoints")
        if known is None:
            plan, resumed = taken.loop.plan, {"resumed_from_step": checkpoint.step if checkpoint else 0}
            report.event(
                "started",
                total_steps=plan.steps,
                total_epochs=round(plan.steps / plan.steps_per_epoch, 2),
                device=self._adapted.placement.name,
                **(resumed if checkpoint or report.continued else {}),
            )
        if checkpoint:
            taken.loop.resume(checkpoint)
            if trial.parent is not None:
                taken.loop.use_rate(spec.knob("learning_rate"))
        return taken

    def _place(self, trial: Trial, spec: Spec, report: Report) -> _Taken:
        """Puts a new adapter with these settings on the base, with the loop that trains it."""
        self._taken = None
        gc.collect()  # the last trial's adapter and optimizer, so that memory holds those of one
        self._adapted = readapted(self._adapted, spec)
        if self._adapted.placement.device.type == "cpu":
            CORES.use(choose_threads(self._weights, self._mean * spec.knob("batch_size")))
        learning = from_rows(spec, self.dataset, self._adapted, self._looks_of(spec))
        loop = Loop(
            spec,
            report,
            self._adapted,
            learning.method,
            self._plan(spec),
            learning.looks,
            learning.held_out,
            None,
            self._rehearsal_of(spec, learning),
        )
        return _Taken(trial.n, loop, learning, spec)

    def _rehearsal_of(self, spec: Spec, learning: Learning) -> Rehearsal | None:
        share = spec.parameters.get("rehearsal", 0.0)
        if share == 0:
            return None
        if self._rehearsal is None:
            self._rehearsal = make_rehearsal(spec, self._report, self.dataset, self._adapted, learning.reader)
        return self._rehearsal.afresh(spec.knob("seed"), share) if self._rehearsal else None

    def _looks_of(self, spec: Spec) -> Looks:
        key = spec.knob("seed"), bool(spec.knob("vary_questions"))
        if key not in self._looks:
            self._looks[key] = Looks(self.dataset, key[0], varies=key[1])
        return self._looks[key]

    def _plan(self, spec: Spec) -> Plan:
        return make_plan(spec, len(self.dataset.train.rows), evaluates=bool(self.dataset.held_out.rows), samples=False)

    def _spec_of(self, trial: Trial) -> Spec:
        """Its settings: those of the job with its own; alpha keeps its proportion to the rank."""
        base: dict[str, Any] = self._spec.parameters | {"budget_seconds": None, "measure_rate": False}
        own = dict(trial.parameters)
        if "lora_rank" in own and "lora_alpha" not in own and base.get("lora_alpha"):
            own["lora_alpha"] = max(1, round(base["lora_alpha"] * own["lora_rank"] / self._spec.knob("lora_rank")))
        return replace(self._spec, parameters=base | own)

    def _score(self, taken: _Taken, exact: bool) -> Score | None:
        loop = taken.loop
        if taken.spec.parameters.get("goal") == "facts":
            loss = loop.history.train_loss if loop.look_loss is None else loop.look_loss
            return None if loss is None else Score(loss, loop.known.rows)
        if not self.dataset.held_out.rows:
            loss = loop.history.train_loss
        else:
            loss = loop.held_out_loss() if exact else loop.history.last_eval[1] if loop.history.last_eval else None
            if loss is not None and loop.plan.keep_best and loop.history.best is not None:
                loss = min(loss, loop.history.best)  # of the adapter that would be kept
        return None if loss is None else Score(loss)
