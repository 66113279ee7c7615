"""Decodes on a processor with weights of two bytes and few operations: a token costs little more than reading the weights once.

A prompt is read by the model's own matrices, in blocks that the next turn finds already read. Each further token goes through
copies of them in fp16, with q, k, v and gate, up in one product each, fp32 between the products, and keys and values in place.
PyTorch's product with one fp16 row is about twice as fast as with one in bf16, and its rounding is an eighth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, rms_norm, scaled_dot_product_attention

from academy.chat.memory import free_memory
from academy.chat.swapping import Slot

BLOCK = 64
"""Tokens of a prompt that are read together; a block is always computed in the same way, so one that was read before is bit-equal."""

_PARTS = (("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",))
_ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"}
_MLP = {"gate_proj", "up_proj", "down_proj", "act_fn"}
_LAYER = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
_ROPES = ("default", "linear", "llama3", "yarn")  # whose angles do not depend on the length of the text
_SPARE = 512 << 20  # bytes that stay free
_ROUNDING, _ROUNDING_BF16 = 0.01, 0.06  # of the logits' spread; in bf16 the base itself loses as much
_TRIED = 16  # tokens

Update = tuple[Tensor, Tensor]
"""What an adapter adds to a product: B times A times the input, A of shape (ranks, inputs) and B of (outputs, ranks) with its strength."""


@dataclass(frozen=True)
class _Product:
    """Some linear layers with the same input as one, (outputs, inputs)."""

    weight: Tensor
    bias: Tensor | None
    sizes: tuple[int, ...]  # outputs of each


@dataclass(frozen=True)
class _Layer:
    """The weights of one layer; products by _PARTS, norms in fp32."""

    module: Any
    products: tuple[_Product, ...]
    norms: tuple[Tensor, Tensor]
    head_norms: tuple[Tensor, Tensor] | None  # of queries and keys


class Quick:
    """A decoder for one reply at a time; the model's own adapter counts while it reads, and the one of `adapt` afterwards."""

    def __init__(self, model: Any, dtype: torch.dtype = torch.float16) -> None:
        config, inner = model.config, model.model
        attention = inner.layers[0].self_attn
        self._model = model
        self._dtype = dtype
        self._heads, self._groups = config.num_attention_heads, config.num_key_value_heads
        self._width, self._scale = attention.head_dim, attention.scaling
        self._epsilon = inner.norm.variance_epsilon
        self._act = inner.layers[0].mlp.act_fn
        self._layers = [_layer(layer, dtype) for layer in inner.layers]
        self._norm = inner.norm.weight.float()
        self._embedding = inner.embed_tokens.weight
        self._head = model.lm_head.weight.to(dtype)
        self._cosine = self._sine = torch.empty(0)
        self._keys = self._values = torch.empty(0, 0, 0)
        self._updates: list[tuple[Update | None, ...]] | None = None
        self._who: Any = None
        self._read: tuple[int, ...] = ()  # the prompt whose keys and values are in place
        self._at = 0

    def adapt(self, slot: Slot | None, who: Any) -> bool:
        """Takes over the adapter of the slot (`who` changes with its weights and strength); False for a kind that it cannot add."""
        if who != self._who:
            self._read = ()
            self._updates = None if slot is None else _updates(slot, self._layers, self._dtype)
            self._who = None if slot is not None and self._updates is None else who
        return slot is None or self._updates is not None

    def begin(self, ids: Sequence[int], most: int) -> Tensor:
        """Reads the prompt and makes room for so many tokens more; the logits of the next token, (vocabulary,)."""
        same = 0
        while same + BLOCK < len(ids) and self._read[same : same + BLOCK] == tuple(ids[same : same + BLOCK]):
            same += BLOCK
        self._make_room(len(ids) + most, same)
        self._read = ()  # nothing counts as read where the reading fails
        hidden = torch.empty(0)
        for start in range(same, len(ids), BLOCK):
            self._at = start
            block = list(ids[start : start + BLOCK])
            hidden = self._run(self._embedding[block].float(), self._by_the_model)
        self._read = tuple(ids)
        normed = rms_norm(hidden[-1:], self._norm.shape, self._norm, self._epsilon)
        # In bf16 the likeliest two tokens are often equal: logits around 25 lie an eighth apart.
        head = self._head if self._model.dtype == torch.bfloat16 else self._model.lm_head.weight
        return linear(normed.to(head.dtype), head)[0].float()

    def step(self, token: int) -> Tensor:
        """The logits of the token after this one, (vocabulary,)."""
        hidden = self._run(self._embedding[token].float()[None], self._by_copies)
        return linear(self._normed(hidden, self._norm).to(self._dtype), self._head)[0].float()

    def agrees(self, text: Sequence[int]) -> bool:
        """Whether its logits for a usual text are those of the model, read and stepped: it is tried, so it holds for any architecture."""
        ids = list(text[:_TRIED])
        expected = self._model(torch.tensor([ids]), use_cache=False).logits[0].float()
        spread, allowed = float(expected.std()) or 1.0, _ROUNDING if self._model.dtype == torch.float32 else _ROUNDING_BF16
        own = [self.begin(ids[:2], len(ids)), *(self.step(token) for token in ids[2:])]
        self._read = ()
        difference = (torch.stack(own) - expected[1:]).square().mean().sqrt()
        return float(difference) <= allowed * spread

    def _run(self, hidden: Tensor, product: Callable[[int, int, Tensor], Tensor]) -> Tensor:
        """The layers over some tokens, (tokens, width of the model) in fp32; `product`(layer, part, input) is one of _PARTS in fp32."""
        count, at = len(hidden), self._at
        end, rotated = at + count, self._heads + self._groups
        cosine, sine = self._cosine[at:end, None], self._sine[at:end, None]
        visible = torch.ones(count, end, dtype=torch.bool).tril(at) if count > 1 else None
        for number, layer in enumerate(self._layers):
            heads = product(number, 0, self._normed(hidden, layer.norms[0])).view(count, -1, self._width)
            turned = heads[:, :rotated]
            if layer.head_norms is not None:
                parts = turned.split([self._heads, self._groups], 1)
                turned = torch.cat(
                    [rms_norm(part, (self._width,), weight, self._epsilon) for part, weight in zip(parts, layer.head_norms, strict=True)], 1
                )
            turned = torch.addcmul(turned * cosine, turned.roll(self._width // 2, -1), sine).transpose(0, 1)
            keys, values = self._keys[number], self._values[number]
            keys[:, at:end] = turned[self._heads :]
            values[:, at:end] = heads[:, rotated:].transpose(0, 1)
            seen = self._attend(turned[: self._heads], keys[:, :end], values[:, :end], visible)
            hidden = hidden + product(number, 1, seen)
            gate, up = product(number, 2, self._normed(hidden, layer.norms[1])).chunk(2, -1)
            hidden = hidden + product(number, 3, self._act(gate).mul_(up))
        self._at = end
        return hidden

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None) -> Tensor:
        """Queries of (heads, tokens, width) to (tokens, heads times width)."""
        shared = self._heads // self._groups
        if visible is None:
            # The queries that share keys stand as positions of one head, so that no key is copied.
            queries = queries.reshape(1, self._groups, shared, self._width)
            return scaled_dot_product_attention(queries, keys[None], values[None], scale=self._scale).reshape(1, -1)
        keys, values = keys.repeat_interleave(shared, 0), values.repeat_interleave(shared, 0)
        seen = scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=visible, scale=self._scale)
        return seen[0].transpose(0, 1).reshape(len(visible), -1)

    def _by_the_model(self, number: int, part: int, inputs: Tensor) -> Tensor:
        """A product by the model's own layers, with its adapter where that is switched on."""
        layer, inputs = self._layers[number].module, inputs.to(self._embedding.dtype)
        return torch.cat([_linear_of(layer, name)(inputs) for name in _PARTS[part]], -1).float()

    def _by_copies(self, number: int, part: int, inputs: Tensor) -> Tensor:
        """A product of one row by the copies, with the adapter of `adapt`."""
        product, row = self._layers[number].products[part], inputs.to(self._dtype)
        out = linear(row, product.weight).float()
        if product.bias is not None:
            out += product.bias
        if self._updates is not None and (update := self._updates[number][part]) is not None:
            out += linear(linear(row, update[0]), update[1])
        return out

    def _normed(self, hidden: Tensor, weight: Tensor) -> Tensor:
        if len(hidden) > 1:
            return rms_norm(hidden, weight.shape, weight, self._epsilon)
        # The same for one row in a third of the time.
        row = hidden[0]
        return (hidden * weight).mul_(1 / math.sqrt(float(row.dot(row)) / row.shape[0] + self._epsilon))

    def _make_room(self, tokens: int, same: int) -> None:
        """Room for keys and values of so many tokens, (layers, heads of keys, tokens, width); the first `same` of them stay."""
        room = self._keys.shape[2]
        if room < tokens or room > 4 * tokens:
            shape = len(self._layers), self._groups, tokens, self._width
            keys, values = torch.empty(shape), torch.empty(shape)
            if same:
                keys[:, :, :same], values[:, :, :same] = self._keys[:, :, :same], self._values[:, :, :same]
            self._keys, self._values = keys, values
        if len(self._cosine) < tokens:
            cosine, sine = self._model.model.rotary_emb(torch.empty(1, 1), torch.arange(tokens)[None])
            half = self._width // 2
            # With the sign of the first half in it, the rotation needs no negated copy.
            self._cosine, self._sine = cosine[0].float(), torch.cat([-sine[0, :, :half], sine[0, :, half:]], -1).float()


def make_quick(model: Any, limit: int, text: Sequence[int], dtype: torch.dtype = torch.float16) -> Quick | None:
    """A decoder with copies in this type; None where the model's architecture, its numbers, its device or the memory do not allow it.

    The text, as tokens, is what it is tried with. It is a usual one: in bf16, rounding grows on nonsense.
    """
    if model.device.type != "cpu" or not _is_plain(model, limit):
        return None
    free, needed = free_memory(), dtype.itemsize * sum(parameter.numel() for parameter in model.parameters())
    if free is not None and free < needed + _SPARE:
        return None
    quick = Quick(model, dtype)
    return quick if quick.agrees(text) else None


def _is_plain(model: Any, limit: int) -> bool:
    """Whether the model is made of the parts that `Quick` knows; whether it uses them in the usual way shows when it is tried."""
    inner: Any = getattr(model, "model", None)
    config = model.config
    layers = getattr(inner, "layers", None)
    if not layers or not all(hasattr(inner, name) for name in ("rotary_emb", "embed_tokens", "norm")):
        return False
    window = getattr(config, "sliding_window", None)
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if (window and window < limit) or rope not in _ROPES or getattr(model.lm_head, "bias", None) is not None:
        return False
    return hasattr(inner.norm, "variance_epsilon") and all(
        {name for name, _ in layer.named_children()} == _LAYER
        and {name for name, _ in layer.self_attn.named_children()} <= _ATTENTION
        and {name for name, _ in layer.mlp.named_children()} == _MLP
        and all(type(_linear_of(layer, name)) is torch.nn.Linear for names in _PARTS for name in names)
        for layer in layers
    )


def _linear_of(layer: Any, name: str) -> Any:
    return getattr(layer.mlp if name in _MLP else layer.self_attn, name)


def _layer(layer: Any, dtype: torch.dtype) -> _Layer:
    products = []
    for names in _PARTS:
        parts = [_linear_of(layer, name) for name in names]
        weight = torch.cat([part.weight.to(dtype) for part in parts])
        bias = None
        if any(part.bias is not None for part in parts):
            bias = torch.cat([torch.zeros(part.out_features) if part.bias is None else part.bias.float() for part in parts])
        products.append(_Product(weight, bias, tuple(part.out_features for part in parts)))
    norms = layer.input_layernorm.weight.float(), layer.post_attention_layernorm.weight.float()
    attention = layer.self_attn
    head_norms = (attention.q_norm.weight.float(), attention.k_norm.weight.float()) if hasattr(attention, "q_norm") else None
    return _Layer(layer, tuple(products), norms, head_norms)


def _updates(slot: Slot, layers: Sequence[_Layer], dtype: torch.dtype) -> list[tuple[Update | None, ...]] | None:
    """What the adapter adds to each product of each layer; None where it is more than products of two matrices."""
    parts = {}
    for path, part in slot.layers:
        if slot.name not in part.lora_A or slot.name in part.lora_variant or part.lora_bias.get(slot.name):
            return None
        parts[path] = part
    if any(not key.endswith(("lora_A.weight", "lora_B.weight")) for key in slot.parameters):
        return None
    made = []
    for number, layer in enumerate(layers):
        row: list[Update | None] = []
        for names, product in zip(_PARTS, layer.products, strict=True):
            paths = [f"model.layers.{number}.{'mlp' if name in _MLP else 'self_attn'}.{name}" for name in names]
            row.append(_update([parts.pop(path, None) for path in paths], product.sizes, slot.name, dtype))
        made.append(tuple(row))
    return None if parts else made


def _update(parts: Sequence[Any], sizes: Sequence[int], name: str, dtype: torch.dtype) -> Update | None:
    """The adapters of linear layers with the same input as one, their B in blocks."""
    present = [part for part in parts if part is not None]
    if not present:
        return None
    inputs = torch.cat([part.lora_A[name].weight.to(dtype) for part in present])
    outputs = torch.zeros(sum(sizes), len(inputs), dtype=dtype)
    row = column = 0
    for part, size in zip(parts, sizes, strict=True):
        if part is not None:
            rank = part.lora_A[name].weight.shape[0]
            outputs[row : row + size, column : column + rank] = part.lora_B[name].weight.float() * part.scaling[name]
            column += rank
        row += size
    return inputs, outputs
