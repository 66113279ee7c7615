"""Passes through frozen layers with a LoRA adapter that keep for the gradient only what the adapter needs.

A frozen weight needs no input for its gradient, so of a linear layer only the input of its A is kept; of a gated MLP neither the activation
nor the product, which are computed again from gate and up; and an RMS norm takes its gradient from its output, which the next layers keep
anyway. The products with A of layers that read the same are one product, and those with B are added in place.

Whether a kind of layer can be passed so is tried on the model itself, by numbers: output and gradients must be those of its own forward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn
from torch.autograd.function import once_differentiable

_TRIED = 5  # tokens
_EXACT = {torch.float32: 1e-4, torch.bfloat16: 0.03}  # of the length of an output or gradient; 0.003 to 0.02 was measured in bf16
_LEAST_WEIGHT = 1e-5  # of a norm, to divide by


def keep_less(model: Any) -> None:
    """Lets the layers of an adapted model on the processor keep less, where they can; the others pass as before."""
    agreed: dict[Any, bool] = {}
    inside: set[int] = set()  # the linear layers of a gated MLP
    for module in model.modules():
        made = _mlp_of(module) or _norm_of(module) or (_linear_of(module) if id(module) not in inside else None)
        if made is None:
            continue
        passed, own, width = made
        kind = type(module), *((name, parameter.shape, parameter.dtype) for name, parameter in module.named_parameters())
        if kind not in agreed:
            agreed[kind] = _agree(module, passed, own, width)
        if agreed[kind]:
            module.forward = passed
            if not isinstance(module, LoraLinear):
                inside |= {id(layer) for layer in module.children()}


class Lora(NamedTuple):
    """A frozen linear layer with its adapter: y = xWᵀ + b + s·(xAᵀ)Bᵀ."""

    weight: torch.Tensor  # (out, in)
    bias: torch.Tensor | None
    a: torch.Tensor  # (rank, in)
    b: torch.Tensor  # (out, rank)
    scaling: float


_Passed = tuple[Callable[[torch.Tensor], torch.Tensor], Callable[[torch.Tensor], torch.Tensor], int]
"""The lean forward of a module, its own, and the width of what it reads."""


def _linear_of(module: Any) -> _Passed | None:
    if not isinstance(module, LoraLinear) or _lora_of(module) is None:
        return None
    own: Any = type(module).forward.__get__(module)

    def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        lora = _lora_of(module, x)
        if lora is None or args or kwargs:
            return own(x, *args, **kwargs)
        return _Linear.apply(x, lora.scaling, *lora[:4])  # type: ignore[no-any-return]

    base: Any = module.base_layer
    return forward, own, base.in_features


def _mlp_of(module: nn.Module) -> _Passed | None:
    names = "gate_proj", "up_proj", "down_proj"
    layers: list[Any] = [getattr(module, name, None) for name in names]
    act = getattr(module, "act_fn", None)
    if not callable(act) or any(not isinstance(layer, LoraLinear) or _lora_of(layer) is None for layer in layers):
        return None
    own: Any = type(module).forward.__get__(module)

    def forward(x: torch.Tensor) -> torch.Tensor:
        # A training that follows on the same base has layers of its own.
        loras = [_lora_of(getattr(module, name), x) for name in names]
        if any(lora is None for lora in loras):
            return own(x)
        tensors = [tensor for lora in loras if lora for tensor in lora[:4]]
        return _GatedMlp.apply(x, act, [lora.scaling for lora in loras if lora], *tensors)  # type: ignore[no-any-return]

    return forward, own, layers[0].in_features


def _norm_of(module: nn.Module) -> _Passed | None:
    weight = getattr(module, "weight", None)
    eps = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    if not type(module).__name__.endswith("RMSNorm") or not isinstance(eps, float) or weight is None or weight.requires_grad:
        return None
    own: Any = type(module).forward.__get__(module)
    with torch.no_grad():
        # Gemma's weights are added to 1.
        x = torch.linspace(-1, 1, weight.numel(), dtype=weight.dtype)
        offset = min((0.0, 1.0), key=lambda offset: float((_normed(x, weight + offset, eps)[0] - own(x)).abs().max()))
    scale = weight.detach() + offset
    if not bool((scale.abs() > _LEAST_WEIGHT).all()):
        return None

    def forward(x: torch.Tensor) -> torch.Tensor:
        return _Norm.apply(x, scale, eps) if torch.is_grad_enabled() and x.requires_grad else own(x)  # type: ignore[no-any-return]

    return forward, own, weight.numel()


def _lora_of(layer: Any, x: torch.Tensor | None = None) -> Lora | None:
    """The tensors of a layer with one plain adapter, where gradients are wanted."""
    if not isinstance(layer, LoraLinear) or type(layer.base_layer) is not nn.Linear or layer.lora_variant:
        return None
    weight, active = layer.base_layer.weight, layer.active_adapters
    if len(active) != 1 or active[0] not in layer.lora_A or weight.requires_grad:
        return None
    name = active[0]
    if not isinstance(layer.lora_dropout[name], nn.Identity):
        return None
    if x is not None and (not torch.is_grad_enabled() or layer.disable_adapters or layer.merged or x.dtype != weight.dtype):
        return None
    a: Any = layer.lora_A[name]
    b: Any = layer.lora_B[name]
    return Lora(weight, layer.base_layer.bias, a.weight.to(weight.dtype), b.weight.to(weight.dtype), layer.scaling[name])


# -- the passes


def _products(x: torch.Tensor, loras: Sequence[Lora]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The outputs of layers that read the same, and its products with each A: x is (tokens, in), those are (tokens, ranks)."""
    low = x @ torch.cat([lora.a for lora in loras]).t()
    outputs = []
    for lora, part in zip(loras, low.split([len(lora.a) for lora in loras], 1), strict=True):
        output = nn.functional.linear(x, lora.weight, lora.bias)
        outputs.append(output.addmm_(part, lora.b.t(), alpha=lora.scaling))
    return outputs, low


def _gradients(
    x: torch.Tensor, low: torch.Tensor, gradients: Sequence[torch.Tensor], loras: Sequence[Lora], needs_x: bool
) -> tuple[torch.Tensor | None, list[torch.Tensor | None]]:
    """The gradient of x, and those of all tensors of the layers."""
    ranks = [len(lora.a) for lora in loras]
    below = torch.cat([(g @ lora.b).mul_(lora.scaling) for g, lora in zip(gradients, loras, strict=True)], 1)
    of_a = (below.t() @ x).split(ranks)
    of_all: list[torch.Tensor | None] = []
    for g, lora, part, a in zip(gradients, loras, low.split(ranks, 1), of_a, strict=True):
        of_all += [None, None, a, (part.t() @ g).t().mul_(lora.scaling)]  # twice as fast as g.t() @ part
    if not needs_x:
        return None, of_all
    of_x = below @ torch.cat([lora.a for lora in loras])
    for g, lora in zip(gradients, loras, strict=True):
        of_x.addmm_(g, lora.weight)
    return of_x, of_all


def _loras(tensors: Sequence[Any], scalings: Sequence[float]) -> list[Lora]:
    return [Lora._make([*tensors[4 * at : 4 * at + 4], scaling]) for at, scaling in enumerate(scalings)]


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scaling: float, *tensors: Any) -> torch.Tensor:
        flat = x.flatten(0, -2)
        (output,), low = _products(flat, _loras(tensors, [scaling]))
        ctx.save_for_backward(flat, low, *tensors)
        ctx.scaling, ctx.shape = scaling, x.shape
        return output.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: Any) -> Any:  # type: ignore[override]
        x, low, *tensors = ctx.saved_tensors
        gradient = outputs[0].flatten(0, -2)
        of_x, of_all = _gradients(x, low, [gradient], _loras(tensors, [ctx.scaling]), ctx.needs_input_grad[0])
        return None if of_x is None else of_x.view(ctx.shape), None, *of_all


class _GatedMlp(torch.autograd.Function):
    """down(act(gate(x)) · up(x))."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, act: Any, scalings: list[float], *tensors: Any) -> torch.Tensor:
        flat = x.flatten(0, -2)
        *first, down = _loras(tensors, scalings)
        (gate, up), low = _products(flat, first)
        (output,), low_down = _products(act(gate).mul_(up), [down])
        ctx.save_for_backward(flat, gate, up, low, low_down, *tensors)
        ctx.act, ctx.scalings, ctx.shape = act, scalings, x.shape
        return output.view(x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: Any) -> Any:  # type: ignore[override]
        x, gate, up, low, low_down, *tensors = ctx.saved_tensors
        *first, down = _loras(tensors, ctx.scalings)
        with torch.enable_grad():
            inner = gate.detach().requires_grad_()
            act = ctx.act(inner)
        of_product, of_down = _gradients(act.detach() * up, low_down, [outputs[0].flatten(0, -2)], [down], True)
        assert of_product is not None
        (of_gate,) = torch.autograd.grad(act, inner, of_product * up)
        of_up = of_product.mul_(act.detach())
        of_x, of_first = _gradients(x, low, [of_gate, of_up], first, ctx.needs_input_grad[0])
        return None if of_x is None else of_x.view(ctx.shape), None, None, *of_first, *of_down


def _normed(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The result x · weight / rms(x), and 1 / rms(x)."""
    inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
    return (x * inverse).mul_(weight), inverse


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        output, inverse = _normed(x, weight, eps)
        ctx.save_for_backward(output, inverse, weight)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: Any) -> Any:  # type: ignore[override]
        output, inverse, weight = ctx.saved_tensors
        mean = (outputs[0] * output).sum(-1, keepdim=True).div_(output.shape[-1])
        return (outputs[0] * weight).addcmul_(output * weight.reciprocal(), mean, value=-1).mul_(inverse), None, None


# -- the trial


def _agree(module: nn.Module, passed: Callable[..., torch.Tensor], own: Callable[..., torch.Tensor], width: int) -> bool:
    """Whether both forwards give the same output and the same gradients, on random numbers and with an adapter that does something."""
    generator = torch.Generator().manual_seed(0)
    weight = next(module.parameters())
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    before = [parameter.detach().clone() for parameter in trained]

    def drawn(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator).to(like)

    try:
        for parameter in trained:
            parameter.data.copy_(drawn(parameter) / parameter.shape[-1] ** 0.5)
        x = drawn(weight.new_empty(1, _TRIED, width)).requires_grad_()
        results = []
        for forward in (own, passed):
            with torch.autocast(x.device.type, weight.dtype, enabled=weight.dtype != torch.float32):
                output = forward(x)
            generator.manual_seed(1)
            results.append([each.float() for each in (output.detach(), *torch.autograd.grad(output, [x, *trained], drawn(output)))])
    except (RuntimeError, TypeError, AttributeError):
        return False
    finally:
        for parameter, value in zip(trained, before, strict=True):
            parameter.data.copy_(value)
    return all(float((a - b).norm()) <= _EXACT[weight.dtype] * max(float(a.norm()), 1e-6) for a, b in zip(*results, strict=True))
