"""A base model with its adapter, as the exam asks it: in batches, greedily, with the adapter or as the base alone."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from academy.text.conversations import Message
from academy.text.templates import ChatForm, NotRendered
from academy.text.tokens import Tokens, after_thought, prompt_ids
from academy.trainer.compute.attention import DOCUMENTS, NAME
from academy.trainer.compute.batches import Batch
from academy.trainer.compute.cores import CORES
from academy.trainer.compute.head_loss import CHUNK, has_plain_head
from academy.trainer.compute.loop import Method
from academy.trainer.compute.model import Adapted, choose_threads
from academy.trainer.compute.state import random_state, set_random_state
from academy.trainer.exam.sampling import Pace

TOP = 64
"""The likeliest tokens that a distribution is compared by; the others count as one."""

Rule = Callable[[int, int, int], Any]
"""Makes transformers' LogitsProcessor for a batch: its rows, the tokens of their prompts, and the token that ends a reply."""

_WAVE = 64  # prompts that are sorted by length together, so that any time spent has asked an even sample
_TOKENS = 4096  # a batch, with padding and answers
_TYPICAL_TOKENS = 1024  # a batch, for the number of threads
_CLOSE = 0.5  # a margin that rounding may turn


@dataclass(frozen=True)
class Reading:
    """How a row looks to the model.

    The margin is the least, over the trained tokens, by which the logit of a token is above those of all others: above 0 the row is known.
    """

    margin: float
    loss: float  # the mean

    @property
    def known(self) -> bool:
        """Whether each trained token is the likeliest."""
        return self.margin > 0


@dataclass(frozen=True)
class Likeliest:
    """The TOP likeliest tokens at each position of an answer, with their log probabilities: both (tokens, TOP)."""

    tokens: torch.Tensor
    logarithms: torch.Tensor


class Examinee:
    """The model under examination; what is asked changes nothing of it."""

    def __init__(self, adapted: Adapted, method: Method, tokenizer: Any, form: ChatForm) -> None:
        self.adapted = adapted
        self.tokenizer = tokenizer
        self.form = form
        self._method = method
        self._model, self._base = adapted.model, adapted.model.get_base_model()
        self._ends = sorted({tokenizer.convert_tokens_to_ids(form.end_token), tokenizer.eos_token_id} - {None})

    @contextlib.contextmanager
    def seated(self) -> Iterator[None]:
        """Ready to be asked; afterwards mode, random numbers and threads are as before."""
        training, state, threads = self._model.training, random_state(), CORES.most or torch.get_num_threads()
        on_cpu = self.adapted.placement.device.type == "cpu"
        try:
            self._model.eval()
            if on_cpu:
                CORES.use(choose_threads(self.adapted.parameters, _TYPICAL_TOKENS))
            with torch.no_grad(), self.adapted.placement.autocast():
                yield
        finally:
            DOCUMENTS.lay(None)
            if on_cpu:
                CORES.use(threads)
            set_random_state(state)
            self._model.train(training)

    def prompt(self, messages: list[Message], *, thinking: bool = False) -> list[int] | None:
        """The tokens that lead to an answer, or to the thought before it; None where the chat template refuses the conversation."""
        try:
            return prompt_ids(self.tokenizer, self.form, messages, thinking=thinking)
        except NotRendered:
            return None

    def text(self, ids: Sequence[int]) -> str:
        """An answer as text, without the thought before it."""
        ids = after_thought(self.tokenizer, self.form, ids)
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()

    def length(self, text: str) -> int:
        """The tokens of an answer."""
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    # -- greedy answers

    def answers(
        self,
        prompts: Sequence[list[int]],
        most: Sequence[int],
        *,
        base: bool = False,
        until: float = math.inf,
        sample: bool = False,
        rule: Rule | None = None,
    ) -> list[list[int] | None]:
        """The answers, each of at most so many tokens and without its end token; None for those not reached by `until` (monotonic).

        `sample`: drawn by chance at temperature 1, instead of the most likely ones. `rule`: which tokens are possible at each step.
        """
        found: list[list[int] | None] = [None] * len(prompts)
        waves = [range(start, min(start + _WAVE, len(prompts))) for start in range(0, len(prompts), _WAVE)]
        order = [at for wave in waves for at in sorted(wave, key=lambda at: (most[at] // 16, len(prompts[at])))]
        pace, done = Pace(until), 0
        with self._as(base), self._padded():
            while done < len(order) and (size := pace.size()):
                part = self._that_fit(order[done : done + size], prompts, most)
                replies = self._generate([prompts[at] for at in part], max(most[at] for at in part), pace.patience(), sample, rule)
                ended = [self._ended(reply, most[at]) for at, reply in zip(part, replies, strict=True)]
                if None in ended:
                    break  # the short answers of a batch alone would be no fair sample
                for at, reply in zip(part, ended, strict=True):
                    found[at] = reply
                done += len(part)
                pace.count(len(part))
        return found

    def _that_fit(self, part: list[int], prompts: Sequence[list[int]], most: Sequence[int]) -> list[int]:
        """As many of them as a batch has room for, at least one."""
        width = max(len(prompts[at]) + most[at] for at in part)
        return part[: max(1, _TOKENS // width)]

    def _generate(self, prompts: list[list[int]], most: int, seconds: float, sample: bool, rule: Rule | None) -> list[list[int]]:
        width, filler = max(map(len, prompts)), self._ends[0]
        ids = torch.tensor([[filler] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        device = self.adapted.placement.device
        output = self._model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=most,
            do_sample=sample,
            **({"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}),
            use_cache=True,
            eos_token_id=self._ends,
            pad_token_id=filler,
            **({"max_time": seconds} if math.isfinite(seconds) else {}),
            **({"logits_processor": [rule(len(prompts), width, filler)]} if rule else {}),
        )
        return output[:, width:].tolist()

    def _ended(self, reply: list[int], most: int) -> list[int] | None:
        """The reply up to its end; None where the time ran out before."""
        end = next((at for at, token in enumerate(reply) if token in self._ends), None)
        if end is not None and end <= most:
            return reply[:end]
        return reply[:most] if len(reply) >= most else None

    # -- teacher forcing

    def read(self, rows: Sequence[Tokens], *, base: bool = False, until: float = math.inf) -> list[Reading | None]:
        """How each row looks to the model, by the same forward pass as in training; None for those not reached by `until`.

        Rows that rounding could decide are read again in fp32, since the chat rounds in another way.
        """
        found = self._read(rows, base, until)
        close = [at for at, reading in enumerate(found) if reading and abs(reading.margin) < _CLOSE]
        if close and self._rounds:
            # Some architectures refuse mixed types, and memory may be too small for wide ones: then what half precision said stands.
            with contextlib.suppress(RuntimeError), exactly(self.adapted.placement.device):
                for at, reading in zip(close, self._read([rows[at] for at in close], base, until), strict=True):
                    found[at] = reading or found[at]
        return found

    @property
    def _rounds(self) -> bool:
        """Whether it computes in half precision with weights that can be read in full."""
        return self.adapted.placement.precision != "fp32" and not getattr(self._base, "is_quantized", False)

    def _read(self, rows: Sequence[Tokens], base: bool, until: float) -> list[Reading | None]:
        found: list[Reading | None] = [None] * len(rows)
        for part, batch in self._batches(rows, base, until):
            losses, margins = [], []
            for logits, targets in self._logits(batch):
                losses.append(torch.nn.functional.cross_entropy(logits, targets, reduction="none"))
                margins.append(_margins(logits, targets))
            counts = [sum(rows[at].trained[1:]) for at in part]
            for at, loss, margin in zip(part, torch.cat(losses).split(counts), torch.cat(margins).split(counts), strict=True):
                found[at] = Reading(float(margin.min()), float(loss.mean()))
        return found

    def likeliest(self, rows: Sequence[Tokens], *, base: bool, until: float = math.inf) -> list[Likeliest | None]:
        """What the model thinks at each trained token."""
        found: list[Likeliest | None] = [None] * len(rows)
        for part, batch in self._batches(rows, base, until):
            tops = [logits.log_softmax(-1).topk(min(TOP, logits.shape[-1])) for logits, _ in self._logits(batch)]
            counts = [sum(rows[at].trained[1:]) for at in part]
            values, tokens = torch.cat([top.values for top in tops]).cpu(), torch.cat([top.indices for top in tops]).cpu()
            for at, value, token in zip(part, values.split(counts), tokens.split(counts), strict=True):
                found[at] = Likeliest(token.int().contiguous(), value.contiguous())
        return found

    def divergence(self, rows: Sequence[Tokens], tops: Sequence[Likeliest], until: float = math.inf) -> tuple[float, int]:
        """The mean KL(base ‖ adapter) over the trained tokens in nats, and how many tokens; the tokens beyond TOP count as one."""
        total, count = 0.0, 0
        for part, batch in self._batches(rows, False, until):
            before = torch.cat([tops[at].logarithms for at in part]).to(self.adapted.placement.device)
            tokens = torch.cat([tops[at].tokens for at in part]).long().to(self.adapted.placement.device)
            start = 0
            for logits, targets in self._logits(batch):
                own = slice(start, start + len(targets))
                after = logits.log_softmax(-1).gather(-1, tokens[own])
                total += float(divergence(before[own], after).sum())
                start += len(targets)
            count += start
        return total / max(count, 1), count

    def _batches(self, rows: Sequence[Tokens], base: bool, until: float) -> Iterator[tuple[list[int], Batch]]:
        """The rows batch by batch, with their numbers, as many as are done by `until`."""
        pace, done = Pace(until), 0
        with self._as(base):
            while done < len(rows) and (size := pace.size()):
                part, width = [], 0
                for at in range(done, min(done + size, len(rows))):
                    width = max(width, len(rows[at].ids))
                    if part and width * (len(part) + 1) > _TOKENS:
                        break
                    part.append(at)
                yield part, self._method.collate([rows[at] for at in part])
                done += len(part)
                pace.count(len(part))

    def _logits(self, batch: Batch) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The logits of the trained positions and their targets, in chunks of (tokens, vocabulary)."""
        CORES.look()
        DOCUMENTS.lay(batch.bounds, batch.prefix)
        if not has_plain_head(self._base.config):
            logits = self._base(**batch.inputs, use_cache=False).logits.flatten(0, 1).index_select(0, batch.positions)
            yield logits.float(), batch.targets
            return
        hidden = self._base.base_model(**batch.inputs, use_cache=False).last_hidden_state.flatten(0, 1).index_select(0, batch.positions)
        head = self._base.get_output_embeddings()
        size = max(1, CHUNK // head.weight.shape[0])
        for start in range(0, len(hidden), size):
            yield head(hidden[start : start + size]).float(), batch.targets[start : start + size]

    @contextlib.contextmanager
    def _padded(self) -> Iterator[None]:
        """Attention that knows padding; the attention over rows end to end does not."""
        DOCUMENTS.lay(None)
        packs = self._base.config._attn_implementation == NAME

        def before_each_token(head: Any, inputs: Any) -> Any:
            CORES.look()
            # The last positions of a batch are a view, for which the product with the head copies the head once for each row.
            return (inputs[0].contiguous(),)

        hook = self._base.get_output_embeddings().register_forward_pre_hook(before_each_token)
        try:
            if packs:
                self._base.set_attn_implementation("sdpa")
            yield
        finally:
            hook.remove()
            if packs:
                self._base.set_attn_implementation(NAME)

    def _as(self, base: bool) -> contextlib.AbstractContextManager[Any]:
        return self._model.disable_adapter() if base else contextlib.nullcontext()


def _margins(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """By how much each target's logit is above those of all other tokens: (tokens)."""
    top = logits.topk(2)
    other = torch.where(top.indices[:, 0] == targets, top.values[:, 1], top.values[:, 0])
    return logits.gather(1, targets[:, None])[:, 0] - other


_PRODUCTS = {torch.nn.functional.linear, torch.addmm, torch.matmul, torch.bmm, torch.Tensor.matmul, torch.Tensor.__matmul__}


class _InFull(TorchFunctionMode):
    """Every product with a weight, and what is looked up, in fp32; of the weights only one at a time is converted."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _PRODUCTS:
            args, kwargs = [_wide(value) for value in args], {name: _wide(value) for name, value in kwargs.items()}
        result = func(*args, **kwargs)
        return _wide(result) if func is torch.nn.functional.embedding else result


def _wide(value: Any) -> Any:
    return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


@contextlib.contextmanager
def exactly(device: torch.device) -> Iterator[None]:
    """A model in half precision computes in fp32, without a second copy of its weights."""
    with torch.autocast(device.type, enabled=False), _InFull():
        yield


def divergence(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """KL at each position from log probabilities of the same tokens, (tokens, TOP); what they leave over counts as one more token."""
    likely = before.exp()
    rest_before = (1 - likely.sum(-1)).clamp_min(1e-9)
    rest_after = (1 - after.exp().sum(-1)).clamp_min(1e-9)
    return (likely * (before - after)).sum(-1) + rest_before * (rest_before / rest_after).log()
