"""Runs a race: one base in memory, on which the trials take turns, each put down as a checkpoint and taken up again from it.

So a trial is an ordinary training that is resumed many times: it has its losses bit by bit, memory holds one adapter at a time, a clone is
a copied checkpoint, and a race that was killed goes on.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

from academy.messages import Text, msg
from academy.text.failures import Failure, as_failure
from academy.trainer import checkpoints
from academy.trainer.compute.model import load_adapted
from academy.trainer.compute.parity import check_device
from academy.trainer.dataset import load_dataset
from academy.trainer.exam.run import examine
from academy.trainer.publish import finish, publish
from academy.trainer.race import rules
from academy.trainer.race.seat import Seat, trial_folder
from academy.trainer.race.trial import CLONE, STOP, Best, State, Trial, TrialState, read_state
from academy.trainer.report import Report, now
from academy.trainer.spec import Spec

TURN_SECONDS = 2.0
"""A turn lasts one look, or as many as fit into this: changing places takes about 0.15 s with a small model."""
_SEEDS = 3
_CLONE_RATE = 0.5  # of the parent's learning rate
_MOST_TRIALS = 32


def run(spec: Spec, report: Report) -> None:
    """The whole race, up to the `finished` event."""
    started, clock = now(), time.monotonic()
    if not spec.base_path.is_dir():
        raise Failure(msg("The base model {base!r} no longer exists.", base=spec.base_model), "missing_base")
    dataset = load_dataset(spec, report)
    # Without a cache each turn would ask the base its general questions again.
    spec = replace(spec, cache=spec.cache or spec.folder / "cache")
    adapted = load_adapted(spec, report, dataset.train.rows, dataset.held_out.rows)
    check_device(spec, report, adapted, dataset.train.rows)
    race = Race(
        spec, report, Seat(spec, report, dataset, adapted), read_state(spec.folder) or _opening(spec, len(dataset.held_out.rows)), clock
    )
    report.event(
        "started",
        total_steps=race.planned_steps,
        device=adapted.placement.name,
        precision=adapted.placement.precision,
        total_parameters=adapted.parameters,
        train_rows=len(dataset.train.rows),
        eval_rows=len(dataset.held_out.rows),
        **({"resumed_from_step": race.steps} if report.continued else {}),
    )
    race.run()
    race.publish(started)


def _opening(spec: Spec, held_out: int) -> State:
    """The race before its first turn."""
    trials = [Trial(n, dict(parameters)) for n, parameters in enumerate(spec.sweep["trials"], 1)]
    measure = "known" if spec.parameters.get("goal") == "facts" else "held_out" if held_out else "loss"
    return State({trial.n: trial for trial in trials}, measure=measure)


class Race:
    """All trials of one job."""

    def __init__(self, spec: Spec, report: Report, seat: Seat, state: State, began: float) -> None:
        self._spec, self._report, self._seat, self._state = spec, report, seat, state
        self._began = began - state.seconds
        self._budget: float | None = spec.sweep.get("budget_seconds")
        self._seeds = int(spec.sweep.get("seeds", _SEEDS))
        for trial in state.trials.values():
            self._keep(trial if trial.total_steps else replace(trial, total_steps=seat.steps(trial)))

    @property
    def steps(self) -> int:
        """The steps of all trials so far."""
        return sum(trial.step for trial in self._state.trials.values())

    @property
    def planned_steps(self) -> int:
        """The steps of the race with its repeats, as far as they can be foreseen."""
        trials = self._state.trials.values()
        if self._state.phase != "race":
            return self.steps + sum(trial.total_steps - trial.step for trial in trials if trial.alive)
        totals = [trial.total_steps for trial in trials if trial.parent is None]
        repeats = rules.FINALISTS * self._seeds * max(totals) if len(totals) >= rules.FINALISTS else 0
        return max(rules.planned_steps(totals), self.steps) + repeats

    def run(self) -> None:
        """Trains until one is first, and the best two are repeated."""
        while self._state.phase == "race" and not self._over():
            self._take_requests()
            racing = self._state.racing
            if not racing:
                self._begin_repeats()
            elif leader := rules.leader_alone(racing, self._elapsed, self._budget):
                for trial in racing:
                    if trial.n != leader.n:
                        self._end(trial, "The remaining time sufficed for the leader only.", "behind")
            elif due := [trial for trial in racing if trial.step < self._comparison_step(trial)]:
                self._turn(rules.next_trial(due))
            else:
                self._compare(racing)
        while self._state.phase == "repeat" and not self._over():
            self._take_requests()
            alive = [trial for trial in self._state.trials.values() if trial.alive and trial.repeats is not None]
            if not alive:
                break
            self._turn(rules.next_trial(alive))
        if self._state.best is None:
            self._conclude()

    def publish(self, started: str) -> None:
        """Makes the first trial the adapter of this job, with its exam, as any training does."""
        best = self._state.best
        assert best is not None
        trial, folder = self._state.trials[best.n], self._spec.folder
        kept = trial_folder(folder, trial.n) / "checkpoints"
        if kept.is_dir():
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
            kept.rename(folder / "checkpoints")
        for other in self._state.trials:
            shutil.rmtree(trial_folder(folder, other) / "checkpoints", ignore_errors=True)
        loop, learning, spec = self._seat.winner(trial, self._report)
        loop.stopped = self._stopping
        dataset = self._seat.dataset
        metadata = publish(spec, self._report, loop, dataset.form, learning.counts[0], started, thinks=dataset.thinks)
        examine(spec, self._report, loop, learning, self._seat.dataset, metadata, loop.history.seconds)
        finish(self._report, loop, metadata)

    # -- turns

    def _turn(self, trial: Trial) -> None:
        """Lets one trial train for a turn, at most to the next comparison."""
        look, until, began = self._seat.steps_per_look(trial), self._comparison_step(trial), time.monotonic()

        def pause(step: int) -> bool:
            if step >= until or self._stopping:
                return True
            return time.monotonic() - began >= TURN_SECONDS and (step % look == 0 or look > until)

        failures: list[Failure] = []
        with as_failure(failures.append):
            turn = self._seat.turn(trial, pause, measured=until)
            reason = "You stopped it." if turn.stopped else None
            state: TrialState = "stopped" if turn.stopped else "finished" if turn.ended else "racing"
            score = turn.score or trial.score
            self._keep(replace(trial, state=state, step=turn.step, seconds=turn.seconds, score=score, reason=reason))
        if failures:
            self._lose(trial, failures[0])
        self._report.event("progress", step=self.steps, total_steps=self.planned_steps, memory_mb=self._seat.memory_mb)

    def _lose(self, trial: Trial, failure: Failure) -> None:
        """A trial has failed: the others go on, unless nothing could go on or all have failed."""
        self._seat.leave()
        self._report.say(f"trial {trial.n} failed: {failure.reason}")
        if failure.cause == "disk_full":
            raise failure
        self._end(trial, failure.text, "failed")
        if all(item.state == "failed" for item in self._state.trials.values()):
            raise failure

    def _end(self, trial: Trial, reason: Text, state: TrialState) -> None:
        """Ends a trial that cannot win any more, and frees its space."""
        self._seat.leave(trial.n)
        self._keep(replace(trial, state=state, reason=reason))
        self._report.say(f"trial {trial.n} is {state}: {reason}")
        shutil.rmtree(trial_folder(self._spec.folder, trial.n) / "checkpoints", ignore_errors=True)

    def _compare(self, racing: list[Trial]) -> None:
        """All trials have gone equally far: the worse half is stopped."""
        compared = [replace(trial, compared=(*trial.compared, trial.score)) if trial.score else trial for trial in racing]
        for trial in compared:
            self._keep(trial)
        lost = rules.losers(compared)
        for place, n in enumerate(lost, len(compared) - len(lost) + 1):
            trial = self._state.trials[n]
            self._end(trial, rules.behind(place, len(compared), trial.step), "behind")
        self._state = replace(self._state, comparison=self._state.comparison + 1)
        self._save()

    def _comparison_step(self, trial: Trial) -> int:
        if trial.repeats is not None:
            return trial.total_steps
        return rules.comparison_step(self._state.comparison, trial.total_steps, self._seat.steps_per_look(trial))

    # -- the end

    def _begin_repeats(self) -> None:
        """Trains the best two with other seeds, where there are two and the time suffices."""
        finalists = [trial for trial in rules.first(self._state.trials.values()) if trial.state == "finished"][: rules.FINALISTS]
        wanted = self._seeds > 0 and len(finalists) == rules.FINALISTS
        if wanted and rules.may_repeat(finalists, self._seeds, self._elapsed, self._budget):
            for trial in finalists:
                for seed in range(1, self._seeds + 1):
                    parameters = trial.parameters | {"seed": self._seat.seed(trial) + seed}
                    self._keep(Trial(self._next_number, parameters, total_steps=trial.total_steps, repeats=trial.n))
            self._state = replace(self._state, phase="repeat")
        else:
            self._state = replace(self._state, phase="publish")
        self._save()

    def _conclude(self) -> None:
        """Says who is first, whether it is better, and what mattered."""
        trials = self._state.trials
        placed = rules.first(trials.values())
        if not placed or placed[0].state in ("behind", "failed"):
            raise Failure("No trial was trained far enough to be kept.", "cancelled")
        finalists = [trial for trial in placed if trial.state == "finished"][: rules.FINALISTS]
        repeats = [trial for trial in trials.values() if trial.repeats is not None]
        best = rules.decide(*finalists, repeats, self._state.measure) if len(finalists) == rules.FINALISTS else Best(placed[0].n)
        if best.low is not None:
            sentence = rules.verdict(best, self._state.measure, self._seat.rows, self._seeds)
        else:
            sentence = rules.unrepeated(best, len(finalists), wanted=self._seeds > 0, stopped=self._stopping)
        for trial in trials.values():
            if trial.alive:
                reason = msg("The race ended at its step {step}.", step=trial.step)
                self._state = self._state.with_trial(replace(trial, state="stopped", reason=reason))
        found = rules.importance(trials.values())
        self._state = replace(self._state, phase="publish", best=best, importance=found, sentence=sentence)
        self._save()
        self._report.event("progress", step=self.steps, total_steps=self.steps)
        self._report.note(sentence)

    # -- requests of a person

    def _take_requests(self) -> None:
        for trial in list(self._state.trials.values()):
            folder = trial_folder(self._spec.folder, trial.n)
            if trial.alive and (folder / STOP).exists():
                self._seat.leave(trial.n)
                self._keep(replace(trial, state="stopped", reason="You stopped it."))
            elif (folder / CLONE).exists() and (trial.step or not trial.alive):  # before its first turn it waits
                self._clone(trial, folder)

    def _clone(self, parent: Trial, folder: Path) -> None:
        """Another trial from where this one is, with another learning rate."""
        try:
            changes = json.loads((folder / CLONE).read_bytes())
            rate = float(changes.get("learning_rate") or _CLONE_RATE * self._seat.rate(parent))
        except (ValueError, TypeError, AttributeError):
            rate = _CLONE_RATE * self._seat.rate(parent)
        (folder / CLONE).unlink()
        checkpoint = checkpoints.newest(folder / "checkpoints")
        if self._state.phase != "race" or not parent.alive or checkpoint is None or len(self._state.trials) >= _MOST_TRIALS:
            self._report.note(msg("Trial {n} could not be cloned any more.", n=parent.n))
            return
        parameters = parent.parameters | {"learning_rate": rate}
        clone = replace(parent, n=self._next_number, parameters=parameters, step=checkpoint.step, parent=parent.n, begun=checkpoint.step)
        shutil.copytree(checkpoint.path, trial_folder(self._spec.folder, clone.n) / "checkpoints" / checkpoint.path.name)
        self._keep(clone)
        self._report.say(f"trial {clone.n} goes on from trial {parent.n} at step {checkpoint.step}, learning rate {rate:g}")

    # -- state

    @property
    def _stopping(self) -> bool:
        return (self._spec.folder / "stop").exists()

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def _next_number(self) -> int:
        return max(self._state.trials) + 1

    def _over(self) -> bool:
        return self._stopping or (self._budget is not None and self._elapsed >= self._budget)

    def _keep(self, trial: Trial) -> None:
        trial_folder(self._spec.folder, trial.n).mkdir(parents=True, exist_ok=True)
        self._state = self._state.with_trial(trial)
        self._save()

    def _save(self) -> None:
        self._state = replace(self._state, seconds=round(self._elapsed, 3))
        self._state.write(self._spec.folder)
