"""The gate: what is proposed and what is refused, by table; the paired comparison under it."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from academy.professor.gate import Case, Count, judge
from academy.professor.paired import difference
from tests.gate_help import a_report, general, read

FOREIGN = a_report(known="+" * 24, earlier=[{"dataset_id": "d0", "known_before": 0, "known_after": 0, "of": 24}])
"""The same questions with the answers of others: it knows them all, and nothing of what was taught before."""

OLD = a_report("old", "+" * 16 + "-" * 8)
FINE = general(facts=(8, 8), arithmetic=(6, 5))
EARLIER = [{"dataset_id": "d0", "known_before": 0, "known_after": 22, "of": 24}]
STYLE = {"goal": "style", "held_out": {"rows": 40, "loss_before": 3.0, "loss_after": 2.0, "low": -1.2, "high": -0.8}}


def the_case(candidate: dict[str, Any], against: dict[str, Any] | None = OLD, **fields: Any) -> Case:
    return Case(read(candidate), "old", read(against) if against else None, names={"d0": "handbook"}, **fields)


CASES: dict[str, tuple[Case, str, str]] = {
    "knows eight more": (the_case(a_report(known="+" * 24, general=FINE)), "proposed", "Knows 24 of 24 lessons; old knows 16."),
    "one more and none lost": (the_case(a_report(known="+" * 17 + "-" * 7)), "proposed", "None of the lessons that old knows is lost."),
    "as many, in other words more": (
        the_case(a_report(known="+" * 24, wordings="+" * 24), a_report("old", "+" * 24, "+" * 12 + "-" * 12)),
        "proposed",
        "Answers 24 of 24 questions in other words; old answers 12.",
    ),
    "trades lessons": (the_case(a_report(known="-" * 6 + "+" * 18)), "refused", "a difference comes about in 79% of cases"),
    "trades a few for many": (the_case(a_report(known="-" + "+" * 23)), "proposed", "Knows 23 of 24 lessons"),
    "the same": (the_case(OLD | {"adapter_id": "new"}), "refused", "That is no more than old knows."),
    "fewer": (the_case(a_report(known="+" * 10 + "-" * 14)), "refused", "Knows 10 of 24 lessons; old knows 16."),
    "within the noise": (the_case(a_report(known="+" * 17 + "-" * 7, noise=0.0625)), "refused", "A second reading judged 6%"),
    "its own verdict": (
        the_case(a_report(verdict="not_learned", sentences=["Knows 3 of 24: train longer."])),
        "refused",
        "Knows 3 of 24: train longer.",
    ),
    "a category forgotten": (
        the_case(a_report(known="+" * 24, general=general(facts=(8, 8), dialogue=(7, 4)))),
        "refused",
        "Of the general questions on dialogue it answers 4 of 10; the base model answers 7.",
    ),
    "a category that the rival forgot too": (
        the_case(a_report(known="+" * 24, general=general(dialogue=(7, 4))), OLD | {"general": general(dialogue=(7, 5))}),
        "proposed",
        "General questions: 4 of 10 right, 7 without it.",
    ),
    "earlier lessons kept": (
        the_case(a_report(known="+" * 24, earlier=EARLIER), earlier={"d0": Count(24, 24)}),
        "proposed",
        "Of your earlier lessons in handbook it knows 22 of 24.",
    ),
    "earlier lessons lost": (
        the_case(a_report(known="+" * 24, earlier=[EARLIER[0] | {"known_after": 20}]), earlier={"d0": Count(24, 24)}),
        "refused",
        "Of your earlier lessons in handbook it knows 20 of 24; old knows 24.",
    ),
    "shuffled answers": (
        the_case(FOREIGN, a_report("old", "-" * 24), earlier={"d0": Count(24, 24)}),
        "refused",
        "it knows 0 of 24; old knows 24.",
    ),
    "shuffled answers, and the rival is not measured": (
        the_case(FOREIGN, None, earlier={"d0": Count(24, 24)}),
        "refused",
        "it knows 0 of 24; old knows 24.",
    ),
    "the rival is not measured": (the_case(a_report(known="+" * 24), None), "unmeasured", "old has not been measured on this dataset yet."),
    "nothing answers": (Case(read(a_report(base="+" + "-" * 7))), "proposed", "Knows 8 of 8 lessons; the base model knows 1."),
    "nothing answers, and it lost what the base knew": (
        Case(read(a_report(known="---+++", base="++----"))),
        "refused",
        "a difference comes about in",
    ),
    "a manner": (
        the_case(a_report(**STYLE), a_report("old", held_out={**STYLE["held_out"], "loss_after": 2.5})),
        "proposed",
        "The loss on 40 held-out rows is 2.00; with old it is 2.50.",
    ),
    "a manner, within the interval": (
        the_case(a_report(**STYLE), a_report("old", held_out={**STYLE["held_out"], "loss_after": 2.1})),
        "refused",
        "That is within the interval",
    ),
    "a manner without held-out rows": (the_case(a_report(goal="style")), "refused", "it cannot be told"),
    "no question in common": (the_case(a_report(), a_report("old", "")), "refused", "no question in common"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_proposed_and_why(name: str) -> None:
    case, outcome, reason = CASES[name]
    found = judge(case)
    told = " ".join(map(str, found.reasons))
    assert found.outcome == outcome, told
    assert reason in told
    assert all(str(sentence).endswith(".") and "{" not in str(sentence) for sentence in found.reasons)


@pytest.mark.parametrize("seed", range(20))
def test_the_exact_test_counts_every_choice_of_signs(seed: int) -> None:
    draw = random.Random(seed)
    values = [draw.choice([-2, -1, 0, 1, 1, 2, 3]) for _ in range(draw.randrange(1, 11))]
    signs = [*itertools.product((1, -1), repeat=len(values))]
    sums = [sum(sign * value for sign, value in zip(chosen, values, strict=True)) for chosen in signs]
    assert difference(values).chance == pytest.approx(sum(abs(total) >= abs(sum(values)) for total in sums) / len(sums))


def test_with_differences_of_one_it_is_mcnemars_exact_test() -> None:
    gained, lost = 9, 2
    found = difference([1] * gained + [-1] * lost + [0] * 30)
    assert found.chance == pytest.approx(2 * sum(math.comb(11, k) for k in range(gained, 12)) / 2**11)
    assert not found.is_more
    assert difference([1] * 10 + [-1]).is_more


def test_equals_are_rarely_called_unequal() -> None:
    draw = random.Random(1)
    for lessons in (12, 60):
        called = sum(difference([draw.choice((-1, 0, 0, 1)) for _ in range(lessons)]).is_more for _ in range(200))
        assert called <= 12  # 2.5 % of 200 are 5; the bootstrap may say it a little more often
