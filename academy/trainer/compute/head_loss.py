"""The loss of trained positions from hidden states, without holding the logits of a whole batch."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

CHUNK = 1 << 24  # logits computed at a time: 64 MB in fp32
_CPU_CHUNK = 1 << 22  # of a loss on the processor: 16 MB, which its cache may hold
_SCALED = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def has_plain_head(config: Any) -> bool:
    """Whether logits are `head(hidden)`; some families scale or cap them, and then only the model's own forward is right."""
    text = config.get_text_config()
    return all(getattr(text, name, None) in (None, 1, 1.0) for name in _SCALED)


def head_loss(hidden: torch.Tensor, head: Any, targets: torch.Tensor, chunk: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """The summed cross entropy of `head(hidden)`, and where its arg max is the target: hidden is (tokens, width), targets is (tokens)."""
    rows = max(1, (chunk or (_CPU_CHUNK if hidden.device.type == "cpu" else CHUNK)) // head.weight.shape[0])
    if any(parameter.requires_grad for parameter in head.parameters()):
        return logits_loss(head(hidden).float(), targets)
    return _ChunkedLoss.apply(hidden, head, targets, rows)  # type: ignore[no-any-return]


def logits_loss(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The summed cross entropy, and where the arg max is the target: logits is (tokens, vocabulary)."""
    return cross_entropy(logits, targets, reduction="sum"), logits.detach().argmax(-1) == targets


def target_logps(hidden: torch.Tensor, head: Any, targets: torch.Tensor, chunk: int = CHUNK) -> torch.Tensor:
    """The log-probability of each target under `head(hidden)`: (tokens); large logits are computed again for the gradient."""
    rows = max(1, chunk // head.weight.shape[0])
    if len(targets) <= rows:
        return logits_logps(head(hidden), targets)
    parts = [slice(start, start + rows) for start in range(0, len(targets), rows)]
    return torch.cat(
        [checkpoint(lambda part: logits_logps(head(hidden[part]), targets[part]), part, use_reentrant=False) for part in parts]
    )


def logits_logps(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The log-probability of each target: logits is (tokens, vocabulary)."""
    return -cross_entropy(logits.float(), targets, reduction="none")


class _ChunkedLoss(torch.autograd.Function):
    """The gradient of each chunk is taken in the forward pass, so no logits are kept: softmax less 1 at the targets, in place."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: Any, targets: torch.Tensor, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        total = hidden.new_zeros((), dtype=torch.float32)
        right = torch.empty(len(targets), dtype=torch.bool, device=hidden.device)
        needed = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if needed else None
        for start in range(0, len(targets), rows):
            part = hidden[start : start + rows].detach().requires_grad_(needed)
            with torch.enable_grad() if needed else contextlib.nullcontext():
                logits = head(part)
            wanted = targets[start : start + rows, None]
            likely = logits.detach().float().log_softmax(-1)
            right[start : start + rows] = likely.argmax(-1) == wanted[:, 0]  # four times as fast as of logits in bf16
            total -= likely.gather(1, wanted).sum()
            if gradient is not None:
                slope = likely.exp_().scatter_add_(1, wanted, -likely.new_ones(wanted.shape)).to(logits.dtype)
                (gradient[start : start + rows],) = torch.autograd.grad(logits, part, slope)
        ctx.gradient = gradient
        ctx.mark_non_differentiable(right)
        return total, right

    @staticmethod
    def backward(ctx: Any, *outputs: torch.Tensor) -> Any:
        return ctx.gradient * outputs[0].to(ctx.gradient.dtype), None, None, None
