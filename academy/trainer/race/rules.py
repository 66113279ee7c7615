"""Decides a race: whose turn it is, who is stopped, who is better, and which settings mattered; pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from academy.messages import Message, count, msg
from academy.trainer.exam.intervals import mean_of
from academy.trainer.race.trial import Best, Score, Trial

FRACTIONS = (1 / 8, 1 / 4, 1 / 2)
"""Of the steps, after which the worse half is stopped.

Successive halving (Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, 2016), which gives each
round about as much time: the trials halve while their steps double. Two always stay, since the best two are repeated.
"""
FINALISTS = 2
_GROUPS = 3  # of trials by the value of a setting, where it has more values than that


def comparison_step(number: int, steps: int, steps_per_look: int) -> int:
    """The step of a comparison, counted from 0, in a training of so many steps: after whole looks, unless a look is longer than that."""
    if number >= len(FRACTIONS):
        return steps
    step = max(1, math.ceil(FRACTIONS[number] * steps))
    return step if step < steps_per_look else min(steps, math.ceil(step / steps_per_look) * steps_per_look)


def losers(trials: Iterable[Trial]) -> list[int]:
    """The worse half of the trials by their last score; at least two stay, and clones that have not trained yet.

    One without a score is behind all others.
    """
    ranked = sorted((trial for trial in trials if trial.parent is None or not trial.untried), key=_order)
    return [trial.n for trial in ranked[max(FINALISTS, math.ceil(len(ranked) / 2)) :]]


def first(trials: Iterable[Trial]) -> list[Trial]:
    """The trials in the order of the result: those that were trained to the end before those that were not, then by their score."""
    ends = {"finished": 0, "racing": 1, "waiting": 1, "stopped": 2, "behind": 3, "failed": 4}
    tried = [trial for trial in trials if not trial.untried and trial.repeats is None]
    return sorted(tried, key=lambda trial: (ends[trial.state], *_order(trial)))


def next_trial(trials: Iterable[Trial]) -> Trial:
    """The one that is furthest behind, so that all curves grow together."""
    return min(trials, key=lambda trial: (trial.progress, trial.n))


def leader_alone(trials: Sequence[Trial], elapsed: float, budget: float | None) -> Trial | None:
    """The leader, where the time that is left suffices for nothing but its last steps."""
    if budget is None or len(trials) < 2:
        return None
    leader = min(trials, key=_order)
    return leader if elapsed + _left(leader, trials) >= budget else None


def may_repeat(finalists: Sequence[Trial], seeds: int, elapsed: float, budget: float | None) -> bool:
    """Whether the time suffices to train the finalists with so many seeds each."""
    return budget is None or elapsed + seeds * sum(trial.seconds for trial in finalists) <= budget


def decide(one: Trial, other: Trial, repeats: Iterable[Trial], measure: str) -> Best:
    """Which of the best two is better, from their repeats with the same seeds: where the interval of the mean difference excludes 0.

    Only fresh seeds count: the runs of the race were chosen for their results, and would flatter whoever was lucky.
    """
    runs: dict[int, dict[Any, Score]] = {one.n: {}, other.n: {}}
    for trial in repeats:
        if trial.repeats in runs and trial.state == "finished" and trial.score:
            runs[trial.repeats][trial.parameters.get("seed")] = trial.score
    shared = [seed for seed in runs[one.n] if seed in runs[other.n]]
    advantages = [_advantage(runs[one.n][seed], runs[other.n][seed], measure) for seed in shared]
    bounds = mean_of(advantages)
    if bounds is None:
        return Best(one.n, other.n)
    mean, (low, high) = statistics.fmean(advantages), bounds
    if mean < 0:
        return Best(other.n, one.n, -mean, -high, -low, -high > 0)
    return Best(one.n, other.n, mean, low, high, low > 0)


def verdict(best: Best, measure: str, of: int, seeds: int) -> Message:
    """The result of the repeats in a sentence; `best` has its interval."""
    if measure == "known" and best.low == best.high == 0:
        return msg(_ALIKE, n=best.n, other=best.against, seeds=seeds)
    values = {"n": best.n, "other": best.against, "seeds": seeds, "mean": best.mean, "low": best.low, "high": best.high, "of": of}
    return msg(_VERDICTS[measure == "known", best.is_better], **values)


_ALIKE = "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, both know the same number of rows."
_VERDICTS = {
    (True, True): "Trial {n} is better than trial {other}: with {seeds} other seeds each, it knows {mean:decimal1} of {of} rows more "
    "({low:decimal1} to {high:decimal1}, 95 %).",
    (True, False): "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, trial {n} knows "
    "{mean:decimal1} of {of} rows more ({low:decimal1} to {high:decimal1}, 95 %).",
    (False, True): "Trial {n} is better than trial {other}: with {seeds} other seeds each, its loss is lower by {mean:decimal3} "
    "({low:decimal3} to {high:decimal3}, 95 %).",
    (False, False): "Neither of trials {n} and {other} can be called better: with {seeds} other seeds each, the loss of trial {n} is "
    "lower by {mean:decimal3} ({low:decimal3} to {high:decimal3}, 95 %).",
}


def importance(trials: Iterable[Trial]) -> dict[str, float]:
    """By setting, the share of the variance of the loss at the first comparison that this setting alone explains, 0 to 1.

    There all trials have gone equally far. The share is epsilon squared (Kelley, An Unbiased Correlation Ratio Measure, 1935), which a
    setting without effect leaves at 0 on average; settings that act only together show in none.
    """
    scored = [(trial.parameters, trial.compared[0].loss) for trial in trials if trial.compared and trial.parent is None]
    names = {name: None for parameters, _ in scored for name in parameters if name != "seed"}
    return {name: round(_explained([(parameters.get(name), loss) for parameters, loss in scored]), 3) for name in names}


def planned_steps(totals: Sequence[int]) -> int:
    """The steps that a race of trainings of so many steps takes, without repeats."""
    done, before, alive = 0.0, 0.0, sorted(totals, reverse=True)
    for fraction in FRACTIONS:
        done, before = done + (fraction - before) * sum(alive), fraction
        alive = alive[: max(FINALISTS, math.ceil(len(alive) / 2))]
    return round(done + (1 - before) * sum(alive))


def unrepeated(best: Best, finalists: int, *, wanted: bool, stopped: bool) -> Message:
    """Why none of the best two is called better; `wanted`: their repeats."""
    if finalists < FINALISTS:
        return msg("Trial {n} is first. No other one was trained to the end, so there is none to compare it with.", n=best.n)
    if stopped:
        return msg("Trial {n} is first. The race was stopped before the best two were repeated, so neither can be called better.", n=best.n)
    if wanted:
        return msg("Trial {n} is first. There was no time to repeat the best two, so neither can be called better.", n=best.n)
    return msg("Trial {n} is first. The best two were not repeated, so neither can be called better.", n=best.n)


def behind(place: int, of: int, step: int) -> Message:
    """Why a trial is stopped by the rule."""
    return count(of, one="Number {place} of {n} at step {step}.", other="Number {place} of {n} at step {step}.", place=place, step=step)


def _order(trial: Trial) -> tuple[bool, tuple[int, float], int]:
    return trial.score is None, trial.score.rank if trial.score else (0, math.inf), trial.n


def _left(trial: Trial, trials: Sequence[Trial]) -> float:
    """The seconds of a trial's remaining steps; before its first step at the mean pace of the others."""
    paces = [item.seconds / item.step for item in trials if item.step]
    pace = trial.seconds / trial.step if trial.step else statistics.fmean(paces) if paces else 0.0
    return pace * (trial.total_steps - trial.step)


def _advantage(one: Score, other: Score, measure: str) -> float:
    return float((one.known or 0) - (other.known or 0)) if measure == "known" else other.loss - one.loss


def _explained(pairs: Sequence[tuple[Any, float]]) -> float:
    groups = _grouped(pairs)
    within, count_, values = sum(map(_squares, groups.values())), len(pairs), [value for _, value in pairs]
    total = _squares(values)
    if total <= 0 or count_ <= len(groups):
        return 0.0
    return max(0.0, 1 - (within / (count_ - len(groups))) / (total / (count_ - 1)))


def _grouped(pairs: Sequence[tuple[Any, float]]) -> Mapping[Any, list[float]]:
    """The values by setting; many numbers are grouped by size."""
    groups: dict[Any, list[float]] = {}
    if len({str(setting) for setting, _ in pairs}) <= _GROUPS or not all(isinstance(setting, int | float) for setting, _ in pairs):
        for setting, value in pairs:
            groups.setdefault(str(setting), []).append(value)
        return groups
    for place, (_, value) in enumerate(sorted(pairs, key=lambda pair: pair[0])):
        groups.setdefault(place * _GROUPS // len(pairs), []).append(value)
    return groups


def _squares(values: Sequence[float]) -> float:
    mean = statistics.fmean(values)
    return sum((value - mean) ** 2 for value in values)
