"""Ratings from votes: intervals that hold at every look, a fit that stays finite, and a stop that two equals hardly ever reach."""

from __future__ import annotations

import math
import random
from functools import cache

import pytest

from academy.arena.ratings import ERROR, Tally, connected, fewest, interval, log_capital, rank, strengths, uncertain
from academy.arena.sentences import sentence

NAMES = ("new", "old")


@cache
def named(wins: int, ties: int, losses: int) -> str | None:
    return rank(NAMES, {NAMES: Tally(wins, ties, losses)}).best


def first_named(rng: random.Random, votes: int, win: float, tie: float = 0.0) -> tuple[str | None, int]:
    """Who is named first by someone who looks after every vote, and after how many."""
    counts = [0, 0, 0]
    for vote in range(1, votes + 1):
        roll = rng.random()
        counts[0 if roll < win else 1 if roll < win + tie else 2] += 1
        if best := named(*counts):
            return best, vote
    return None, votes


@pytest.mark.parametrize(("arenas", "win", "tie"), [(1000, 0.5, 0.0), (100, 0.35, 0.3)])
def test_two_equals_get_a_winner_in_at_most_one_of_twenty_arenas(arenas: int, win: float, tie: float) -> None:
    rng = random.Random(12)
    wrong = sum(first_named(rng, 30, win, tie)[0] is not None for _ in range(arenas))
    assert wrong <= arenas / 20
    # Had each look been a test of its own, far more would be named: it is the looking that the stop survives.
    rng, naive = random.Random(12), 0
    for _ in range(1000):
        wins = 0
        for vote in range(1, 31):
            wins += rng.random() < 0.5
            if vote >= 5 and abs(wins - vote / 2) > 1.96 * math.sqrt(vote) / 2:
                naive += 1
                break
    assert naive > 150


def test_who_wins_nine_of_ten_is_named_after_a_moderate_number() -> None:
    rng = random.Random(3)
    ends = [first_named(rng, 100, 0.9) for _ in range(200)]
    assert sum(best == "new" for best, _ in ends) >= 198
    assert sorted(vote for _, vote in ends)[100] <= 14
    # With a third of ties it takes about a third longer.
    ends = [first_named(rng, 100, 0.6, 0.333) for _ in range(60)]
    assert sorted(vote for _, vote in ends)[30] <= 21
    assert all(best != "old" for best, _ in ends)


def test_the_intervals_of_all_pairs_hold_together_at_every_look() -> None:
    rng, missed = random.Random(5), 0
    strength = {"a": 0.0, "b": 0.0, "c": 1.0}
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    true = {pair: 1 / (1 + math.exp(strength[pair[1]] - strength[pair[0]])) for pair in pairs}
    for _ in range(25):
        tallies = dict.fromkeys(pairs, Tally())
        for vote in range(24):
            pair = pairs[vote % 3]
            won = rng.random() < true[pair]
            tallies[pair] += Tally(wins=won, losses=not won)
            found = rank(("a", "b", "c"), tallies)
            if any(not item.low <= true[item.first, item.second] <= item.high for item in found.pairs):
                missed += 1
                break
    assert missed <= 3


def test_the_capital_of_a_bettor_does_not_grow_on_average() -> None:
    """After each vote its mean over win, tie and loss is what it was, as long as the mean of the votes is the hypothesis."""
    before = Tally(3, 2, 4)
    for share, chances in ((0.5, (0.3, 0.4, 0.3)), (0.5, (0.5, 0.0, 0.5)), (0.7, (0.6, 0.2, 0.2))):
        after = [before + step for step in (Tally(wins=1), Tally(ties=1), Tally(losses=1))]
        mean = sum(chance * math.exp(log_capital(tally, share)) for chance, tally in zip(chances, after, strict=True))
        assert mean == pytest.approx(math.exp(log_capital(before, share)))
    assert log_capital(Tally(), 0.3) == pytest.approx(0)


@pytest.mark.parametrize("tally", [Tally(1), Tally(0, 1), Tally(7, 0, 0), Tally(0, 0, 9), Tally(40, 3, 2), Tally(500, 0, 480)])
def test_an_interval_has_the_share_and_narrows_with_votes(tally: Tally) -> None:
    low, high = interval(tally, ERROR)
    assert 0 <= low <= tally.share <= high <= 1
    assert interval(tally.turned(), ERROR) == pytest.approx((1 - high, 1 - low), abs=1e-6)
    wider = interval(tally, ERROR / 10)
    assert wider[0] <= low
    assert high <= wider[1]
    more = interval(tally * 10, ERROR)
    assert more[1] - more[0] < high - low


def test_without_votes_everything_is_possible() -> None:
    assert interval(Tally(), ERROR) == (0, 1)
    found = rank(NAMES, {})
    assert (found.best, found.votes, found.needed) == (None, 0, fewest(2))
    assert [(item.share, item.low, item.high) for item in found.ratings] == [(0.5, 0.0, 1.0)] * 2
    assert rank((), {}).ratings == ()
    assert rank(("new",), {}).best is None


def test_the_fit_is_bradley_terry_with_ties_as_half_and_finite() -> None:
    one_sided = strengths(NAMES, {NAMES: Tally(wins=5)})
    assert 0 < one_sided["new"] - one_sided["old"] < 10
    even = strengths(NAMES, {NAMES: Tally(ties=9)})
    assert even["new"] == pytest.approx(even["old"])
    # A long ladder: c has met b only, and still stands above a.
    votes = {("a", "b"): Tally(100, 0, 300), ("c", "b"): Tally(300, 0, 100)}
    fit = strengths(("a", "b", "c"), votes)
    assert fit["b"] - fit["a"] == pytest.approx(math.log(3), abs=0.05)
    assert fit["c"] - fit["b"] == pytest.approx(math.log(3), abs=0.05)


def test_a_ladder_decides_pairs_that_never_met() -> None:
    votes = {("a", "b"): Tally(wins=30), ("b", "c"): Tally(wins=30)}
    found = rank(("a", "b", "c"), votes)
    assert found.best == "a"
    assert next(pair for pair in found.pairs if {pair.first, pair.second} == {"a", "c"}).decided
    assert [item.name for item in found.ratings] == ["a", "b", "c"]


def test_votes_in_a_circle_break_nothing_and_name_no_one() -> None:
    votes = {("a", "b"): Tally(wins=40), ("b", "c"): Tally(wins=40), ("c", "a"): Tally(wins=40)}
    found = rank(("a", "b", "c"), votes)
    assert found.best is None
    assert all(item.low <= item.share <= item.high for item in found.ratings)


def test_the_next_duel_is_the_one_that_tells_most() -> None:
    votes = {("a", "b"): Tally(9, 0, 8), ("a", "c"): Tally(wins=30)}
    order = [(pair.first, pair.second) for pair in uncertain(rank(("a", "b", "c", "d"), votes))]
    assert "d" in order[0]  # it has not met anyone
    votes |= {("a", "d"): Tally(wins=30)}
    assert {*uncertain(rank(("a", "b", "c", "d"), votes))[0].__dict__.values()} >= {"c", "d"}


def test_needed_is_what_the_present_rates_take() -> None:
    found = rank(NAMES, {NAMES: Tally(5, 0, 1)})
    assert found.needed
    rest = found.needed
    assert named(5 + round(rest * 5 / 6), 0, 1 + rest - round(rest * 5 / 6)) == "new"
    assert rank(NAMES, {NAMES: Tally(5, 0, 5)}).needed is None
    assert rank(NAMES, {NAMES: Tally(20, 0, 2)}).needed == 0
    assert 6 <= fewest(2) <= 10 < fewest(6)


def test_only_what_votes_link_is_compared() -> None:
    votes = {("a", "b"): Tally(1), ("b", "c"): Tally(1), ("x", "y"): Tally(1)}
    assert connected({"a"}, votes) == {"a", "b", "c"}
    assert connected({"y"}, votes) == {"x", "y"}


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(), ["No votes yet", "At least 8"]),
        (Tally(5, 1, 1), ["Not enough votes yet, about", "more", "New has", "% to"]),
        (Tally(1, 0, 1), ["Not enough votes yet", "no winner in sight after 2", "50% (", "% to"]),
        (Tally(20, 0, 2), ["New is better than Old", "% to"]),
    ],
)
def test_the_sentence_never_gives_a_share_without_its_interval(tally: Tally, words: list[str]) -> None:
    said = str(sentence(rank(NAMES, {NAMES: tally}), {"new": "New", "old": "Old"}))
    assert all(word in said for word in words), said
    assert said.count("%") in (0, 3)


def test_the_best_of_several_is_said_so() -> None:
    names = {"a": "A", "b": "B", "c": "C"}
    said = str(sentence(rank((*names,), {("a", "b"): Tally(wins=30), ("a", "c"): Tally(wins=30)}), names))
    assert said.startswith("A is the best of 3: it wins ")
