"""Whether one of two adapters answers more, from what both were asked; pure, without numeric libraries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

CHANCE = 0.05
"""A difference that comes about more often than this between equals is not called one."""

_FEW = 25  # lessons that differ, up to which the exact test decides and not the bootstrap
_DRAWS = 2000
_TAIL = 0.025


@dataclass(frozen=True)
class Difference:
    """The sum of paired differences, its 95 % interval, and how often equals differ as much, in either direction."""

    total: int
    low: int
    high: int
    chance: float
    differing: int

    @property
    def is_more(self) -> bool:
        """Whether there is more of it, beyond chance: by the exact test where few lessons differ, else by the interval."""
        return self.total > 0 and (self.chance <= CHANCE if self.differing <= _FEW else self.low > 0)


def difference(differences: Sequence[int]) -> Difference:
    """Compares by lesson: a positive number means that the first of the two answered so many more of its questions.

    The interval is the percentile interval of the paired bootstrap over lessons (Efron and Tibshirani, An Introduction to the Bootstrap,
    1993, section 13.3; Koehn, Statistical Significance Tests for Machine Translation Evaluation, 2004). The chance is that of the exact
    permutation test with flipped signs (Fisher 1935, Pitman 1937), two-sided; with differences of one it is McNemar's exact test (1947).
    """
    changed = [value for value in differences if value]
    low, high = _bootstrap(differences)
    return Difference(sum(changed), low, high, _chance(changed), len(changed))


def _chance(changed: Sequence[int]) -> float:
    """The share of all choices of signs whose sum is at least as far from zero."""
    sums = {0: 1.0}
    for value in changed:
        spread: dict[int, float] = {}
        for total, share in sums.items():
            for end in (total + value, total - value):
                spread[end] = spread.get(end, 0.0) + share / 2
        sums = spread
    far = abs(sum(changed))
    return min(1.0, sum(share for total, share in sums.items() if abs(total) >= far))


def _bootstrap(differences: Sequence[int]) -> tuple[int, int]:
    if not differences:
        return 0, 0
    draw = random.Random(0)  # the same reports give the same interval
    totals = sorted(sum(draw.choices(differences, k=len(differences))) for _ in range(_DRAWS))
    return totals[int(_TAIL * _DRAWS)], totals[int((1 - _TAIL) * _DRAWS) - 1]
