"""The split into rows to train on and rows held out, without the same thing on both sides."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from academy.curation import near
from academy.curation.examples import Example


def split(
    examples: Sequence[Example],
    fraction: float,
    *,
    mode: Literal["random", "time"] = "random",
    seed: int = 42,
    groups: Sequence[int] | None = None,
) -> tuple[list[Example], list[Example]]:
    """Rows to train on and rows held out, each in its old order; alike examples stay on one side, and the same input gives the same split.

    `groups` are the numbers of their groups, where they are computed already.
    `time` holds out the newest. With a fraction above 0 and two groups or more, no side is empty.
    """
    if fraction <= 0 or len(examples) < 2:
        return list(examples), []
    members: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(near.Likeness(examples).groups() if groups is None else groups):
        members[group].append(index)
    alike = list(members.values())
    if len(alike) < 2:
        return list(examples), []
    target = max(1, round(fraction * len(examples)))
    held: set[int] = set()
    for group in _by_time(alike, examples) if mode == "time" else _shuffled(alike, examples, seed):
        if len(held) + len(group) <= target:
            held.update(group)
        if len(held) == target:
            break
    if not held:
        held.update(min(alike, key=len))
    train = [example for index, example in enumerate(examples) if index not in held]
    return train, [example for index, example in enumerate(examples) if index in held]


def _by_time(groups: list[list[int]], examples: Sequence[Example]) -> list[list[int]]:
    # A group is as old as its newest row; rows without a time count as older than all that have one.
    return sorted(groups, key=lambda group: max((examples[index].time, index) for index in group), reverse=True)


def _shuffled(groups: list[list[int]], examples: Sequence[Example], seed: int) -> list[list[int]]:
    # Sorted by content first, so that the order in which sources were read does not matter.
    ordered = sorted(groups, key=lambda group: min(near.exact_key(examples[index]) for index in group))
    random.Random(seed).shuffle(ordered)
    return ordered
