"""Whether each card of a training holds the whole base model, or a shard of its layers because one card cannot. Pure."""

from __future__ import annotations

from typing import NamedTuple

from academy.messages import msg
from academy.text.failures import Failure

_SPARE = 1.2  # of the weights, as where the page tells what fits
_REST = 600 << 20  # bytes of libraries, adapter and activations


class Weights(NamedTuple):
    """The parameters of a base model."""

    all: int
    outside: int  # of embeddings, head and last norm, which every card holds whole
    largest: int  # of the largest layer


def needs_shards(weights: Weights, bytes_each: int, room: int, cards: int) -> bool:
    """Whether one card is too small for the weights and all together are not; raises Failure where neither will do.

    `room`: the bytes of the smallest card.
    """
    if _fits(weights.all * bytes_each, room):
        return False
    # While a layer computes, the next one is gathered.
    each = weights.outside + (weights.all - weights.outside) / cards + 2 * weights.largest
    if cards > 1 and _fits(each * bytes_each, room):
        return True
    if weights.all * bytes_each < room:
        return False  # the steps may be small enough
    needed, has = weights.all * bytes_each / 1e9, room / 1e9
    if cards == 1:
        why = msg(
            "The base model needs {needed:.1f} GB, and the GPU has {has:.1f} GB. Choose 4-bit quantization, more GPUs or a smaller base.",
            needed=needed,
            has=has,
        )
    else:
        why = msg(
            "The base model needs {needed:.1f} GB, {each:.1f} GB on each of {n} GPUs, and a GPU has {has:.1f} GB. "
            "Choose 4-bit quantization, more GPUs or a smaller base.",
            needed=needed,
            each=each * bytes_each / 1e9,
            n=cards,
            has=has,
        )
    raise Failure(why, "base_too_large")


def _fits(weights: float, room: int) -> bool:
    return weights * _SPARE + _REST <= room
