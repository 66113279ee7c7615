"""The decisions of a race, without a training: the design, the comparisons, the time, the verdict, and what mattered."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from academy.jobs.design import Range, default_space, design
from academy.messages import msg
from academy.text.failures import Failure
from academy.trainer.race import rules
from academy.trainer.race.trial import Best, Score, State, Trial, TrialState, read_state

CHOSEN = {"learning_rate": 1e-3, "lora_rank": 16, "batch_size": 4, "num_epochs": 16}


def trial(n: int, loss: float | None = None, known: int | None = None, **fields: Any) -> Trial:
    score = None if loss is None else Score(loss, known)
    return Trial(n, fields.pop("parameters", {}), **({"state": "racing", "total_steps": 96, "score": score} | fields))


# ------------------------------------------------------------------ which settings are tried


def test_the_first_trial_is_the_professors_choice_and_the_others_spread_over_the_space() -> None:
    space = default_space(CHOSEN)
    assert space == {"learning_rate": Range(low=5e-4, high=2e-3, log=True), "lora_rank": [8, 16, 32]}
    trials = design(space, CHOSEN, 6, 1)
    assert trials[0] == {"learning_rate": 1e-3, "lora_rank": 16}
    assert len(trials) == len({str(item) for item in trials}) == 6
    assert trials == design(space, CHOSEN, 6, 1) != design(space, CHOSEN, 6, 2)
    rates = sorted(item["learning_rate"] for item in trials[1:])
    # One in each fifth of the range, by its logarithm; two digits are left of each.
    edges = [5e-4 * 4 ** (place / 5) for place in range(6)]
    assert all(low * 0.95 <= rate <= high * 1.05 for rate, (low, high) in zip(rates, itertools.pairwise(edges), strict=True))


def test_a_rate_that_is_not_published_is_looked_for_further_away_and_never_above_the_limit() -> None:
    assert default_space(CHOSEN | {"measure_rate": True})["learning_rate"] == Range(low=1.25e-4, high=8e-3, log=True)
    assert default_space(CHOSEN | {"learning_rate": 6e-3})["learning_rate"] == Range(low=3e-3, high=1e-2, log=True)


def test_a_small_space_gives_each_choice_once_and_one_outside_it_is_not_tried() -> None:
    assert {str(item) for item in design({"lora_rank": [8, 16]}, CHOSEN, 6, 1)} == {"{'lora_rank': 16}", "{'lora_rank': 8}"}
    assert all(item["learning_rate"] != 1e-3 for item in design({"learning_rate": [1e-4, 2e-4]}, CHOSEN, 2, 1))
    ranks = design({"lora_rank": Range(low=4, high=64)}, CHOSEN, 5, 1)
    assert all(isinstance(item["lora_rank"], int) and 4 <= item["lora_rank"] <= 64 for item in ranks)


@pytest.mark.parametrize("wrong", [{"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {"low": 1}, {"low": 1, "high": float("inf")}])
def test_a_range_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Range.model_validate(wrong)


# ------------------------------------------------------------------ whose turn it is, and who is stopped


@pytest.mark.parametrize(
    ("steps", "look", "compared"),
    [(96, 6, [12, 24, 48, 96]), (120, 6, [18, 30, 60, 120]), (100, 500, [13, 25, 50, 100]), (3, 6, [1, 1, 2, 3]), (18, 6, [3, 5, 12, 18])],
)
def test_trials_are_compared_after_whole_looks_where_a_look_is_short(steps: int, look: int, compared: list[int]) -> None:
    assert [rules.comparison_step(number, steps, look) for number in range(4)] == compared


def test_the_worse_half_is_stopped_and_two_always_stay() -> None:
    six = [trial(n, loss) for n, loss in enumerate((0.5, 0.1, 0.4, 0.3, 0.2, 0.6), 1)]
    assert rules.losers(six) == [3, 1, 6]
    assert rules.losers(six[:3]) == [1]
    assert rules.losers(six[:2]) == rules.losers(six[:1]) == rules.losers([]) == []
    # Known rows count before the loss, and a trial without a score is last.
    assert rules.losers([trial(1, 0.1, 3), trial(2, 0.9, 5), trial(3, 0.2, 3), trial(4)]) == [3, 4]
    # A clone has its parent's score until it has trained itself, and is compared from then on.
    cloned = trial(4, 0.6, step=12, begun=12, parent=1)
    assert rules.losers([*six[:2], cloned]) == []
    assert rules.losers([*six[:2], replace(cloned, step=24)]) == [4]
    assert rules.first([*six[:2], cloned]) == []


def test_a_race_of_six_takes_less_than_half_of_six_trainings() -> None:
    assert rules.planned_steps([96] * 6) == 252 < 0.5 * 6 * 96
    assert rules.planned_steps([100]) == 100
    assert rules.planned_steps([100, 100]) == 200


def test_the_one_furthest_behind_is_next() -> None:
    assert rules.next_trial([trial(1, step=12), trial(2, step=6), trial(3, step=6)]).n == 2
    assert rules.next_trial([trial(1, step=12), trial(2, step=10, total_steps=48)]).n == 1


def test_with_little_time_left_the_leader_runs_alone() -> None:
    running = [trial(1, 0.5, step=24, seconds=24.0), trial(2, 0.4, step=24, seconds=48.0)]
    assert rules.leader_alone(running, 100.0, None) is rules.leader_alone(running, 100.0, 300.0) is None
    found = rules.leader_alone(running, 100.0, 240.0)  # its 72 steps take 144 seconds
    assert found is not None
    assert found.n == 2
    assert rules.leader_alone(running[:1], 1000.0, 240.0) is None
    assert rules.may_repeat(running, 3, 100.0, None)
    assert rules.may_repeat(running, 3, 100.0, 316.0)
    assert not rules.may_repeat(running, 3, 100.0, 315.0)


def test_the_order_of_the_result_puts_whole_trainings_first() -> None:
    states: list[TrialState] = ["behind", "finished", "stopped", "racing", "failed", "finished"]
    tried = [trial(n, 1.0 / n, state=state, step=9) for n, state in enumerate(states, 1)]
    never, repeat = trial(7, 0.0, state="finished"), trial(8, 0.0, state="finished", step=9, repeats=2)
    assert [item.n for item in rules.first([*tried, never, repeat])] == [6, 2, 4, 3, 1, 5]


# ------------------------------------------------------------------ who is better


def repeats(of: int, scores: list[Score], first: int) -> list[Trial]:
    return [Trial(first + seed, {"seed": seed}, "finished", 9, 9, score=score, repeats=of) for seed, score in enumerate(scores, 1)]


def test_the_better_one_is_named_with_the_interval_of_its_advantage() -> None:
    one, other = trial(1, 0.30), trial(2, 0.31)
    ended = repeats(1, [Score(0.50), Score(0.52), Score(0.51)], 10) + repeats(2, [Score(0.40), Score(0.41), Score(0.42)], 20)
    best = rules.decide(one, other, ended, "held_out")
    # The race had them the other way round.
    assert (best.n, best.against, best.is_better) == (2, 1, True)
    assert best.mean == pytest.approx(0.1)
    assert best.low is not None
    assert 0 < best.low < 0.1
    sentence = str(rules.verdict(best, "held_out", 24, 3))
    assert sentence.startswith("Trial 2 is better than trial 1: with 3 other seeds each, its loss is lower by 0.1")


def test_two_alike_are_not_told_apart() -> None:
    one, other = trial(1, 0.3, 20), trial(2, 0.3, 20)
    ended = repeats(1, [Score(0.1, 24), Score(0.1, 22), Score(0.1, 23)], 10) + repeats(
        2, [Score(0.1, 22), Score(0.1, 23), Score(0.1, 23)], 20
    )
    best = rules.decide(one, other, ended, "known")
    assert (best.is_better, best.mean) == (False, pytest.approx(1 / 3))
    assert str(rules.verdict(best, "known", 24, 3)).startswith(
        "Neither of trials 1 and 2 can be called better: with 3 other seeds each, trial 1"
    )
    same = rules.decide(one, other, repeats(1, [Score(0.2, 24)] * 3, 10) + repeats(2, [Score(0.1, 24)] * 3, 20), "known")
    assert (same.mean, same.low, same.high, same.is_better) == (0.0, 0.0, 0.0, False)
    assert str(rules.verdict(same, "known", 24, 3)).endswith("both know the same number of rows.")


def test_only_repeats_with_shared_seeds_count_and_fewer_than_three_tell_nothing() -> None:
    one, other = trial(1, 0.3), trial(2, 0.3)
    ended = repeats(1, [Score(0.1)] * 3, 10) + repeats(2, [Score(0.9)] * 2, 20) + [trial(30, 0.9, repeats=2, parameters={"seed": 3})]
    assert rules.decide(one, other, ended, "loss") == Best(1, 2)
    told = [str(rules.unrepeated(Best(1), finalists, wanted=wanted, stopped=stopped)) for finalists, wanted, stopped in
            ((1, True, False), (2, True, True), (2, True, False), (2, False, False))]  # fmt: skip
    assert len(set(told)) == 4
    assert all(sentence.startswith("Trial 1 is first.") for sentence in told)


def test_by_chance_one_of_two_equal_settings_is_rarely_called_better() -> None:
    draw, wrong = random.Random(1), 0
    for _ in range(1000):
        runs = [[Score(draw.gauss(1, 0.1)) for _ in range(3)] for _ in range(2)]
        wrong += rules.decide(trial(1, 1.0), trial(2, 1.0), repeats(1, runs[0], 10) + repeats(2, runs[1], 20), "loss").is_better
    assert wrong <= 70  # 5 % in either direction, and what three differences leave to the approximation


# ------------------------------------------------------------------ which settings mattered


def test_importance_is_the_share_that_a_setting_explains_alone() -> None:
    def ended(n: int, rate: float, rank: int, loss: float) -> Trial:
        return trial(n, parameters={"learning_rate": rate, "lora_rank": rank}, compared=(Score(loss),))

    noise = [0.01, -0.02, 0.02, -0.01, 0.0, 0.01]
    tried = [ended(n, n * 1e-3, (8, 16)[n % 2], float(n) + noise[n - 1]) for n in range(1, 7)]
    found = rules.importance(tried)
    assert found["learning_rate"] > 0.7
    assert found["lora_rank"] < 0.1
    assert rules.importance([]) == {}
    assert rules.importance(tried[:2]) == {"learning_rate": 0.0, "lora_rank": 0.0}
    clone = replace(tried[0], n=9, parent=1, compared=(Score(99.0),))
    assert rules.importance([*tried, clone]) == found


# ------------------------------------------------------------------ what is kept


def test_a_race_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    tried = trial(1, 0.5, 3, step=12, compared=(Score(0.9, 1), Score(0.5, 3)), reason=rules.behind(3, 4, 12), parameters={"lora_rank": 8})
    state = State({1: tried, 4: Trial(4, {}, repeats=1)}, "repeat", 2, 12.5, "known", Best(1, 4, 1.0, 0.5, 1.5, True), {"lora_rank": 0.5})
    state = replace(state, sentence=msg("{n} is first.", n=1))
    state.write(tmp_path)
    assert read_state(tmp_path) == state
    for damaged in ("{", "[]", '{"trials": [{}]}'):
        (tmp_path / "race.json").write_text(damaged)
        with pytest.raises(Failure):
            read_state(tmp_path)
