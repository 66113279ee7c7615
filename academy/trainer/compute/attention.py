"""Attention over several conversations laid end to end: each attends to itself only, and no padding is computed.

On a processor conversations of like length are computed side by side, and the gradient is taken by matrix products, in blocks of queries:
torch's own kernel for it takes twice as long in bf16.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward

NAME = "academy_documents"
_CALL, _EACH = 3500, 1.2
"""What a call costs, and what a pair of tokens costs in one without other conversations, in pairs of tokens of a masked call for all."""
_BLOCK = {torch.bfloat16: 128, torch.float32: 64}  # queries that a gradient is taken of at once; measured for 24 to 506 tokens


@dataclass(frozen=True)
class Group:
    """Conversations of like length after the same beginning, filled up to the longest: n of them, with length l after prefix p."""

    places: torch.Tensor  # of the queries among all tokens: (n, l)
    real: torch.Tensor | None  # those of the n·l that are no filling; None: all
    keys: torch.Tensor  # the places that each conversation attends to: (n, p + l)
    prefix: int
    window: int  # a query sees so many tokens, itself among them; 0: all before it

    @functools.cached_property
    def mask(self) -> torch.Tensor | None:
        """What each query sees, (l, p + l); None where that is itself and all before it, without prefix."""
        length = self.places.shape[1]
        return self.seen(slice(0, length), slice(0, self.prefix + length)) if self.prefix or self.window else None

    def seen(self, queries: slice, keys: slice) -> torch.Tensor:
        """Which of these keys each of these queries sees: (queries, keys)."""
        own = self.prefix + queries.start - keys.start  # where the first query finds itself
        visible = torch.ones(queries.stop - queries.start, keys.stop - keys.start, dtype=torch.bool).tril(own)
        return visible.triu(own - self.window + 1) if self.window else visible

    @property
    def span(self) -> slice | None:
        """The tokens of a single conversation without prefix."""
        return slice(int(self.places[0, 0]), int(self.places[0, -1]) + 1) if len(self.places) == 1 and not self.prefix else None

    def take(self, tensor: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Its part of queries or keys: (heads, tokens, width) becomes (n, heads, places, width)."""
        if self.span:
            return tensor[None, :, self.span]
        return tensor.index_select(1, places.flatten()).unflatten(1, places.shape).transpose(0, 1)

    def put(self, target: torch.Tensor, part: torch.Tensor) -> None:
        """Writes (n, heads, l, width) where its tokens stand in (heads, tokens, width)."""
        if len(self.places) == 1:
            first = int(self.places[0, 0])
            target[:, first : first + part.shape[2]] = part[0]
            return
        flat, places = part.transpose(0, 1).flatten(1, 2), self.places.flatten()
        if self.real is not None:
            flat, places = flat[:, self.real], places[self.real]
        target[:, places] = flat.to(target.dtype)


class Documents:
    """Where the conversations of the current batch begin and end; without bounds it is an ordinary sequence.

    With a prefix, the first `prefix` tokens are the beginning of every conversation: each attends to them as if they were its own.
    """

    def __init__(self) -> None:
        self.bounds: list[int] | None = None
        self.prefix = 0
        self._masks: dict[int, torch.Tensor] = {}
        self._groups: dict[int, list[Group]] = {}

    def lay(self, bounds: list[int] | None, prefix: int = 0) -> None:
        """Sets the batch that the next forward and backward passes belong to."""
        self.bounds, self.prefix = bounds, prefix
        self._masks, self._groups = {}, {}

    def groups(self, window: int) -> list[Group]:
        """The conversations, those of like length together; a window of 0 shows everything before."""
        if window not in self._groups:
            assert self.bounds is not None
            self._groups[window] = _grouped(self.bounds, self.prefix, window)
        return self._groups[window]

    def mask(self, window: int, device: torch.device) -> torch.Tensor:
        """The positions that each position attends to, for all conversations at once: (tokens, tokens)."""
        if window not in self._masks:
            assert self.bounds is not None
            lengths = torch.tensor(self.bounds, device=device).diff()
            owner = torch.repeat_interleave(torch.arange(len(lengths), device=device), lengths)
            place = torch.arange(len(owner), device=device)
            position = place - torch.tensor(self.bounds[:-1], device=device)[owner] + self.prefix * (owner > 0)
            distance = position[:, None] - position[None, :]
            own = owner[:, None] == owner[None, :]
            if self.prefix:
                own |= owner[None, :] == 0
            visible = own & (distance >= 0)
            self._masks[window] = visible & (distance < window) if window else visible
        return self._masks[window]


DOCUMENTS = Documents()


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention with the signature that transformers calls: query, key and value are (batch, heads, tokens, width)."""
    bounds = DOCUMENTS.bounds
    if bounds is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, is_causal, **kwargs)
    groups = query.shape[1] // key.shape[1]
    prefix = DOCUMENTS.prefix
    longest = prefix + max(b - a for a, b in pairwise(bounds))
    window = sliding_window if sliding_window and sliding_window < longest else 0
    if query.device.type == "cpu" and query.dtype in _BLOCK and query.dtype == key.dtype == value.dtype and not dropout:
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        return _Attention.apply(query, key, value, scale, DOCUMENTS.groups(window)), None
    if groups > 1 and query.device.type != "cpu":  # a processor reads each key for its group of heads; a GPU would take the slow path
        key, value, groups = repeat_kv(key, groups), repeat_kv(value, groups), 1
    kind = {"dropout_p": dropout, "scale": scaling, "enable_gqa": groups > 1}
    if window or (len(bounds) > 2 and _apart(bounds, prefix) > bounds[-1] ** 2):
        mask = DOCUMENTS.mask(window, query.device)
        out = scaled_dot_product_attention(query, key, value, attn_mask=mask, **kind)
    else:
        parts = [_attend_alone(query, key, value, a, b, prefix if a else 0, kind) for a, b in pairwise(bounds)]
        out = parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)
    return out.transpose(1, 2).contiguous(), None


def _apart(bounds: list[int], prefix: int) -> float:
    """What one call for each conversation costs; one for all computes every pair of tokens."""
    return sum(_CALL + _EACH * (b - a) * (b - a + (prefix if a else 0)) for a, b in pairwise(bounds))


def _attend_alone(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, a: int, b: int, prefix: int, kind: dict[str, Any]
) -> torch.Tensor:
    """The attention of the conversation from `a` to `b`, which goes on from the first `prefix` tokens."""
    if not prefix:
        own = query[:, :, a:b], key[:, :, a:b], value[:, :, a:b]
        return scaled_dot_product_attention(*own, is_causal=True, **kind)
    keys, values = (torch.cat((all_[:, :, :prefix], all_[:, :, a:b]), dim=2) for all_ in (key, value))
    mask = torch.ones(b - a, prefix + b - a, dtype=torch.bool, device=query.device).tril(prefix)
    return scaled_dot_product_attention(query[:, :, a:b], keys, values, attn_mask=mask, **kind)


# -- on a processor


def _grouped(bounds: list[int], prefix: int, window: int) -> list[Group]:
    """Conversations side by side where what is filled up costs less than a call."""
    found: list[tuple[int, int, list[int]]] = []  # prefix, longest, and where each begins
    lengths = {a: b - a for a, b in pairwise(bounds)}
    for a, length in sorted(lengths.items(), key=lambda item: -item[1]):
        before = prefix if a else 0
        if found and found[-1][0] == before:
            longest = found[-1][1]
            if longest * (before + longest) - length * (before + length) < _CALL:
                found[-1][2].append(a)
                continue
        found.append((before, length, [a]))
    found.sort(key=lambda each: each[0])  # the beginning itself comes before those that add to its gradient
    return [_group(before, longest, starts, lengths, window) for before, longest, starts in found]


def _group(prefix: int, longest: int, starts: list[int], lengths: dict[int, int], window: int) -> Group:
    along = torch.arange(longest)
    first, count = torch.tensor(starts)[:, None], torch.tensor([lengths[a] for a in starts])[:, None]
    filling = along >= count
    places = torch.where(filling, first, first + along)
    return Group(
        places,
        (~filling).flatten().nonzero()[:, 0] if bool(filling.any()) else None,
        torch.cat([torch.arange(prefix).expand(len(starts), prefix), places], 1),
        prefix,
        window,
    )


class _Attention(torch.autograd.Function):
    """Attention of all groups; the probabilities are computed again for the gradient."""

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, groups: list[Group]) -> torch.Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.scale, ctx.groups = scale, groups
        out = query.new_empty(query.shape[2], query.shape[1], value.shape[3])
        for group in groups:
            q, k, v = group.take(query[0], group.places), group.take(key[0], group.keys), group.take(value[0], group.keys)
            kind = {"is_causal": group.mask is None, "scale": scale, "enable_gqa": q.shape[1] != k.shape[1]}
            part = scaled_dot_product_attention(q, k, v, group.mask, **kind)
            group.put(out.transpose(0, 1), part)
        return out[None]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: torch.Tensor) -> Any:  # type: ignore[override]
        query, key, value = (tensor[0] for tensor in ctx.saved_tensors)
        gradient = outputs[0][0].transpose(0, 1)
        of_query, of_key, of_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for group in ctx.groups:
            q, k, v = group.take(query, group.places), group.take(key, group.keys), group.take(value, group.keys)
            g = group.take(gradient, group.places)
            if group.real is not None:
                empty = torch.ones(group.places.numel(), dtype=torch.bool).index_fill_(0, group.real, False)
                g = g.masked_fill(empty.view(len(group.places), 1, -1, 1), 0)
            of_q, of_k, of_v = _gradients(q, k, v, g, ctx.scale, group)
            group.put(of_query, of_q)
            for target, part in ((of_key, of_k), (of_value, of_v)):
                group.put(target, part[:, :, group.prefix :])
                if group.prefix:
                    target[:, : group.prefix] += part[:, :, : group.prefix].sum(0)
        return of_query[None], of_key[None], of_value[None], None, None


def _gradients(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, g: torch.Tensor, scale: float, group: Group
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradients of queries, keys and values of a group, all (n, heads, tokens, width), from that of its result."""
    n, heads, length, _ = q.shape
    each = heads // k.shape[1]  # heads that share a key
    k, v = k.flatten(0, 1), v.flatten(0, 1)
    q, g = (tensor.unflatten(1, (-1, each)).flatten(0, 1) for tensor in (q, g))  # (n·keys, each, l, width)
    of_q, of_k, of_v = torch.empty_like(q, memory_format=torch.contiguous_format), torch.zeros_like(k), torch.zeros_like(v)
    block = _BLOCK[q.dtype]
    for a in range(0, length, block):
        b = min(a + block, length)
        seen = group.prefix + b
        rows = q[:, :, a:b].flatten(1, 2) * scale
        scores = torch.bmm(rows, k[:, :seen].transpose(1, 2)).unflatten(1, (each, b - a))
        first = 0 if group.window else group.prefix + a  # the keys before are seen by all
        scores[..., first:].masked_fill_(~group.seen(slice(a, b), slice(first, seen)), -math.inf)
        p = scores.softmax(-1).flatten(1, 2)
        own = g[:, :, a:b].flatten(1, 2)
        of_p = torch.bmm(own, v[:, :seen].transpose(1, 2))
        of_scores = torch._softmax_backward_data(of_p, p, -1, p.dtype)
        of_v[:, :seen].baddbmm_(p.transpose(1, 2), own)
        of_k[:, :seen].baddbmm_(of_scores.transpose(1, 2), rows)
        of_q[:, :, a:b] = torch.bmm(of_scores, k[:, :seen]).mul_(scale).unflatten(1, (each, b - a))
    shape = n, -1
    return of_q.reshape(n, heads, length, -1), of_k.unflatten(0, shape), of_v.unflatten(0, shape)


AttentionInterface.register(NAME, attend)
