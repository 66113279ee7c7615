"""Attention over several conversations laid end to end: each attends to itself only, and no padding is computed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward

NAME = "academy_documents"
_CALL, _EACH = 3500, 1.2
"""What a call costs, and what a pair of tokens costs in one without other conversations, in pairs of tokens of a masked call for all."""


class Documents:
    """Where the conversations of the current batch begin and end; without bounds it is an ordinary sequence.

    With a prefix, the first `prefix` tokens are the beginning of every conversation: each attends to them as if they were its own.
    """

    def __init__(self) -> None:
        self.bounds: list[int] | None = None
        self.prefix = 0
        self._masks: dict[int, torch.Tensor] = {}

    def lay(self, bounds: list[int] | None, prefix: int = 0) -> None:
        """Sets the batch that the next forward and backward passes belong to."""
        self.bounds, self.prefix = bounds, prefix
        self._masks = {}

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
    if groups > 1 and query.device.type != "cpu":  # a processor reads each key for its group of heads; a GPU would take the slow path
        key, value, groups = repeat_kv(key, groups), repeat_kv(value, groups), 1
    kind = {"dropout_p": dropout, "scale": scaling, "enable_gqa": groups > 1}
    prefix = DOCUMENTS.prefix
    longest = prefix + max(b - a for a, b in pairwise(bounds))
    window = sliding_window if sliding_window and sliding_window < longest else 0
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


AttentionInterface.register(NAME, attend)
