"""The only module of the tests in which time passes: waiting for a condition, for a random moment, and in a rhythm."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal, TypeVar

import pytest

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T | Literal[False] | None],
    what: str | Callable[[], object] = "a condition",
    seconds: float = 20.0,
    *,
    pause: float = 0.01,
    rest: Callable[[float], object] | None = None,
) -> T:
    """Polls a condition and returns its first truthy value; fails after `seconds` with `what`.

    A condition that takes long to look at is looked at less often: two cores have to be left for what is waited for.
    `rest` passes the pause between two polls: a browser test hands in its page's own, in milliseconds, which keeps the page alive.
    """
    deadline = (began := time.monotonic()) + seconds
    while not (found := condition()):
        if (now := time.monotonic()) > deadline:
            pytest.fail(f"Waited {seconds:g} seconds in vain for {what() if callable(what) else what}.")
        if rest:
            rest(pause)
        else:
            time.sleep(max(pause, min(4 * (now - began), 0.25)))
        began = time.monotonic()
    return found


def random_moment(draw: random.Random, seconds: float) -> None:
    """Lets a random time pass, at most `seconds`: for a blow (a kill, a cancel) that has to be survived at any moment."""
    time.sleep(draw.random() * seconds)


def every(seconds: float) -> Iterator[int]:
    """Counts without end, once in so many seconds: the rhythm of a sender that is slow by purpose, not a wait for others."""
    count = 0
    while True:
        yield count
        count += 1
        time.sleep(seconds)


async def every_async(seconds: Callable[[], float]) -> AsyncIterator[int]:
    """`every` for coroutines; the pause is asked for before each turn, the first included."""
    count = 0
    while True:
        await asyncio.sleep(seconds())
        yield count
        count += 1
