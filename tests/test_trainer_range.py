"""The learning rate that a few steps at rising rates choose."""

from __future__ import annotations

import math

import pytest

RATES = [1e-4 * 1.5**step for step in range(16)]


@pytest.mark.parametrize(
    ("losses", "at"),
    [
        ([3.0] * 4 + [2.0] * 4 + [1.0] * 3 + [4.0] * 5, 9),
        ([3.0 - 0.1 * step for step in range(16)], 14),  # it falls to the end
        ([3.0] * 6 + [1.0] * 3 + [math.nan] * 7, 7),
        ([3.0] * 16, None),
        ([3.0, 3.1, 2.95, *[3.2] * 13], None),
        ([math.nan] * 16, None),
    ],
)
def test_an_eighth_of_the_rate_with_the_lowest_loss_is_chosen(losses: list[float], at: int | None) -> None:
    pytest.importorskip("torch")
    from academy.trainer.compute.range_test import choose_rate

    chosen = choose_rate(RATES, losses)
    assert chosen == (None if at is None else pytest.approx(RATES[at] / 8, rel=0.05))
