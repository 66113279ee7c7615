"""95 % intervals of paired differences; pure, without numeric libraries."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

_TAIL = 0.025
_FEWEST = 3  # differences that an interval can be taken from


def difference_of_counts(lost: int, gained: int) -> tuple[float, float]:
    """The interval of how many more questions are right after than before, when `lost` turned wrong and `gained` turned right.

    Exact and conditional on the questions that changed, as in McNemar's test (1947): `gained` of them is binomial, its share has the
    interval of Clopper and Pearson (1934). It excludes 0 exactly where the two-sided test is significant. Without a change: (0, 0).
    """
    changed = lost + gained
    if not changed:
        return 0.0, 0.0
    low = 0.0 if not gained else _root(lambda share: _at_least(gained, changed, share) - _TAIL)
    high = 1.0 if not lost else _root(lambda share: _TAIL - (1 - _at_least(gained + 1, changed, share)))
    return changed * (2 * low - 1), changed * (2 * high - 1)


def mean_of(differences: Sequence[float]) -> tuple[float, float] | None:
    """The interval of the mean of paired differences, by Student's t (1908); None for fewer than three."""
    if len(differences) < _FEWEST:
        return None
    mean = statistics.fmean(differences)
    width = _student(len(differences) - 1) * statistics.stdev(differences) / math.sqrt(len(differences))
    return mean - width, mean + width


def _student(degrees: int) -> float:
    """The 97.5 % quantile of Student's t, within 1 % from two degrees on (Abramowitz and Stegun, 26.7.5)."""
    return sum(term / degrees**power for power, term in enumerate((1.95996, 2.37227, 2.82250, 2.55585, 1.58954)))


def _at_least(count: int, of: int, share: float) -> float:
    """The probability of at least so many successes; it grows with the share."""
    return math.fsum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(count, of + 1))


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function of a share crosses zero, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
