"""What a training does at which step: plans and histories, without a model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from trainer_help import make_job

from academy.trainer.compute.schedule import History, Plan, make_plan, warmup_steps
from academy.trainer.spec import read_spec


def plan_of(folder: Path, rows: int, *, evaluates: bool = False, samples: bool = False, **values: Any) -> Plan:
    return make_plan(read_spec(make_job(folder, folder, folder, **values)), rows, evaluates=evaluates, samples=samples)


@pytest.mark.parametrize(("rows", "batch", "accumulation"), [(13, 4, 1), (13, 2, 3), (12, 4, 1), (1, 8, 4), (100, 7, 2)])
def test_every_epoch_trains_on_every_row_once(tmp_path: Path, rows: int, batch: int, accumulation: int) -> None:
    plan = plan_of(tmp_path, rows, num_epochs=3, batch_size=batch, gradient_accumulation_steps=accumulation)
    slots = [plan.slot(done) for done in range(plan.steps)]
    for epoch in range(3):
        assert [at for slot in slots if slot.epoch == epoch for at in range(slot.first, slot.end)] == list(range(rows))
    assert all(0 < slot.end - slot.first <= batch * accumulation for slot in slots)
    assert [slot.epochs_done for slot in slots] == sorted({slot.epochs_done for slot in slots})
    assert slots[-1].epochs_done == 3.0


def test_max_steps_end_a_training_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 10, batch_size=4, max_steps=5)
    assert (plan.steps, plan.steps_per_epoch) == (5, 3)
    last = plan.slot(4)
    assert (last.epoch, last.first, last.end) == (1, 4, 8)


def test_logs_evaluations_and_checkpoints_are_due_at_the_last_step_and_at_their_own(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 20, evaluates=True, batch_size=1, num_epochs=1, eval_steps=6, save_steps=8)
    assert [step for step in range(1, 21) if plan.evaluates(step)] == [6, 12, 18, 20]
    assert [step for step in range(1, 21) if plan.saves(step, 0.0)] == [8, 16, 20]
    assert all(plan.logs(step) for step in range(1, 21))


def test_a_long_training_logs_fewer_points_but_always_where_it_may_save(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 10_000, batch_size=1, num_epochs=1)
    assert plan.log_steps == 5
    assert plan.save_steps == 1250
    assert not plan.logs(1)
    assert plan.logs(1250)
    assert not plan.saves(1250, 10.0)  # too soon after the last one
    assert plan.saves(1250, 30.0)
    assert plan_of(tmp_path, 10_000, batch_size=1, num_epochs=1, save_steps=3).saves(3, 0.0)


def test_a_dry_run_takes_two_steps_and_saves_nothing(tmp_path: Path) -> None:
    trial = plan_of(tmp_path, 500, evaluates=True, samples=True, batch_size=3, gradient_accumulation_steps=2).trial()
    assert (trial.rows, trial.steps, trial.steps_per_epoch) == (12, 2, 2)
    assert not any(trial.saves(step, math.inf) or trial.evaluates(step) or trial.sample_steps for step in (1, 2))


def test_warmup_is_a_number_of_steps_or_a_fraction_of_all() -> None:
    assert [warmup_steps(requested, 90) for requested in (0.0, 0.03, 1.0, 12.0)] == [0, 3, 1, 12]


def test_a_training_that_stops_improving_ends_early_but_not_after_its_last_step(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 10, evaluates=True, batch_size=1, num_epochs=1, early_stopping_patience=2)
    history = History().with_eval(0, 1.0).with_eval(1, 2.0)
    assert (history.baseline, history.best, history.best_step) == (1.0, 2.0, 1)
    for step, loss, ends in [(2, 1.5, False), (3, 1.6, False), (4, 1.4, False), (5, 1.4, False), (6, 1.5, True)]:
        history = history.with_eval(step, loss)
        assert plan.gives_up(history, step) == ends, step
    assert (history.best, history.best_step) == (1.4, 4)
    assert not plan.gives_up(history, 10)
    assert not plan_of(tmp_path, 10, evaluates=True, early_stopping_patience=0).gives_up(history, 6)


def test_a_loss_that_stays_high_warns_once_and_a_hopeless_one_is_recognized() -> None:
    history = History().with_loss(1.0, 1)
    warned = []
    for _ in range(40):
        before, history = history, history.with_loss(3.5, 1)
        warned.append(history.warned and not before.warned)
    assert warned.index(True) == 19
    assert warned.count(True) == 1
    assert history.train_loss == 3.5
    assert history.is_hopeless(21.0)
    assert not History().with_loss(8.0, 1).is_hopeless(21.0)


def test_a_history_comes_back_from_a_checkpoint_as_it_was() -> None:
    history = History().with_eval(0, 2.0).with_loss(1.5, 1).with_loss(1.25, 1).with_eval(2, 1.0)
    assert History.of(json.loads(json.dumps(history.facts()))) == history
    assert history.eval_at(2) == 1.0
    assert history.eval_at(1) is None
    # Of another version: unknown facts are ignored, missing ones have their default.
    assert History.of({"best": 0.5, "best_step": 4, "mood": "good"}) == History(best=0.5, best_step=4)


# -- until everything is known


def looks(plan: Plan, counts: list[int], of: int, losses: list[float] | None = None) -> tuple[int, History]:
    """Goes through whole looks with so many known rows after each; returns the step it ends with, and the history."""
    history = History()
    for number, known in enumerate(counts):
        step = (number + 1) * plan.steps_per_epoch
        loss = losses[number] if losses else 1.0 / (number + 1)
        history = plan.after_look(history.with_look(known, of, loss), step)
        if plan.is_over(history, step):
            return step, history
    return -1, history


def by_heart(folder: Path, **values: Any) -> Plan:
    return plan_of(folder, 8, goal="facts", stop_when_known=True, batch_size=4, num_epochs=20, **values)


def test_a_training_ends_after_last_looks_that_show_everything_known(tmp_path: Path) -> None:
    plan = by_heart(tmp_path)
    look = plan.steps_per_epoch
    assert looks(plan, [0, 3, 8, 8, 8, 8, 8], of=8)[0] == 6 * look
    # Nearly everything is enough to begin the last looks; more of them follow where the last one failed, but not for ever.
    assert looks(plan, [0, 3, 7, 7, 7, 7, 7, 8], of=8)[0] == 8 * look
    assert looks(plan, [0, 3, 7, *[7] * 10], of=8)[0] == 9 * look


def test_a_training_for_a_manner_or_of_an_older_version_ends_with_its_steps(tmp_path: Path) -> None:
    assert looks(plan_of(tmp_path / "a", 8, batch_size=4), [8] * 9, of=8)[0] == -1
    assert looks(plan_of(tmp_path / "b", 8, goal="style", stop_when_known=True, batch_size=4), [8] * 9, of=8)[0] == -1
    assert looks(plan_of(tmp_path / "c", 8, goal="facts", stop_when_known=False, batch_size=4), [8] * 9, of=8)[0] == -1


def test_a_training_that_gets_no_better_ends_and_says_why(tmp_path: Path) -> None:
    plan = by_heart(tmp_path)
    step, history = looks(plan, [0, 4, *[4] * 12], of=8, losses=[1.0] * 14)
    assert step == (2 + 6 + 3) * plan.steps_per_epoch
    assert history.ending == "stale"
    # A loss that still falls is progress, though no row is known yet; then the last looks begin where the steps end.
    step, history = looks(plan, [0] * 20, of=8, losses=[0.8**number for number in range(20)])
    assert (step, history.cooling, history.ending) == (-1, 17 * plan.steps_per_epoch, "")


def test_the_rate_falls_in_the_last_looks_and_the_very_last_is_plain(tmp_path: Path) -> None:
    plan = by_heart(tmp_path)
    history = History(cooling=6)
    assert plan.cooling(History(), 6) == 1.0
    factors = [plan.cooling(history, step) for step in range(6, 12)]
    assert factors == sorted(factors, reverse=True)
    assert (factors[0], plan.cooling(history, 99)) == (1.0, pytest.approx(0.1))
    assert [plan.is_plain(history, epoch) for epoch in (3, 4, 5, 6)] == [False, False, True, True]
    assert not plan.is_plain(History(), 5)
    assert (plan.end(history), plan.end(History())) == (12, 40)
    # While not every row is known, the last looks are twice as many.
    assert (plan.end(history, 11), plan.end(history, 12), plan.end(history, 13)) == (12, 18, 18)


def test_the_budget_of_time_holds_the_last_looks_too(tmp_path: Path) -> None:
    plan = by_heart(tmp_path, budget_seconds=20)
    assert plan.after_step(History(seconds=10.0), 7, 1.0) == History(seconds=10.0)
    ended = plan.after_step(History(seconds=11.5), 8, 1.0)
    assert (ended.cooling, ended.ending) == (8, "budget")
    assert plan.is_over(ended, 14)
    assert not plan.is_over(ended, 13)
    assert by_heart(tmp_path / "b").after_step(History(seconds=1e9), 8, 1.0) == History(seconds=1e9)
