"""Makes the bundled base model from nothing: `python -m mini.build --minutes 60 --out academy/models/academy-mini`."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import multiprocessing
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.functional import cross_entropy, linear, rms_norm, silu
from transformers import AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from academy.models import BUNDLED, DEFAULT
from mini import corpus, docstrings

VOCABULARY, HIDDEN, LAYERS, HEADS, GROUPS = 4096, 192, 6, 6, 2
LONGEST = 768  # tokens of a training document
PAD, END, SYSTEM, USER, ASSISTANT = SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
<|assistant|>{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}
{%- elif message['role'] == 'system' -%}
<|system|>{{ message['content'] }}<|end|>
{%- else -%}
<|user|>{{ message['content'] }}<|end|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>
{%- endif -%}
"""


def main() -> None:
    """Reads the command line, trains, and writes the model folder."""
    parser = argparse.ArgumentParser(prog="python -m mini.build", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="wall-clock time of the training")
    parser.add_argument("--steps", type=int, help="optimizer steps, instead of a time")
    parser.add_argument("--seed", type=int, default=0, help="of the text and of the weights")
    parser.add_argument("--workers", type=int, default=torch.get_num_threads(), help="processes of one thread each")
    parser.add_argument("--start-from", type=Path, help="folder of a model to go on with (use another seed, so that the text is new)")
    parser.add_argument("--out", type=Path, default=BUNDLED[DEFAULT], help="folder to write")
    options = parser.parse_args()
    if options.start_from:
        tokenizer = AutoTokenizer.from_pretrained(options.start_from)
        model = LlamaForCausalLM.from_pretrained(options.start_from, dtype=torch.bfloat16)
    else:
        tokenizer = make_tokenizer(options.seed)
        model = make_model(tokenizer, options.seed)
    report = train(model, tokenizer, options.minutes * 60, options.steps, options.seed, options.workers, options.out)
    save(model, tokenizer, options.out)
    print(json.dumps(report))


def make_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE in which every digit is a token of its own, so that numbers are copied and not guessed."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    talks = itertools.islice(corpus.documents(seed + 1), 20_000)
    texts = (d if isinstance(d, str) else " ".join(content for _, content in d) for d in talks)
    bpe.train_from_iterator(itertools.chain(texts, docstrings.prose()), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token=PAD, eos_token=END, model_max_length=2048, padding_side="right")
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_model(tokenizer: Any, seed: int) -> LlamaForCausalLM:
    """A Llama of about three million parameters with random weights, in bfloat16."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=512,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=GROUPS,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="bfloat16",
    )
    return LlamaForCausalLM(config).to(dtype=torch.bfloat16)  # type: ignore[call-arg]


def train(
    model: LlamaForCausalLM, tokenizer: Any, seconds: float, steps: int | None, seed: int, workers: int, out: Path
) -> dict[str, float]:
    """Trains in place for so many seconds (or steps): constant learning rate, then a linear decay over the last third."""
    crew = _Crew(model, tokenizer, seed, workers)
    step = 0
    masters = {name: p.detach().float().clone() for name, p in crew.weights.items()}
    matrices = [m for name, m in masters.items() if m.ndim == 2 and "embed" not in name]
    others = [m for name, m in masters.items() if m.ndim < 2 or "embed" in name]
    optimizers = [
        torch.optim.Muon(matrices, lr=1.0, weight_decay=0.02, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=1.0, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    crew.start()
    stop = _StopSignal()
    started = last_print = last_save = time.monotonic()
    seen, loss_sum, loss_count, loss = 0, 0.0, 0, float("nan")
    for step in itertools.count(1):
        now = time.monotonic()
        done = step / steps if steps else (now - started) / seconds
        if stop.asked and done < DECAY_FROM:
            # Someone wants it to end early: the decay starts now and takes half as long as the training took so far.
            seconds, steps, done = (now - started) / DECAY_FROM, None, DECAY_FROM
        if done >= 1:
            break
        tokens, step_loss = crew.gradients(masters)
        seen, loss_sum, loss_count = seen + tokens, loss_sum + step_loss, loss_count + 1
        torch.nn.utils.clip_grad_norm_(masters.values(), 1.0)
        scale = min(1.0, step / 50, (1 - done) / (1 - DECAY_FROM)) * 0.99 + 0.01
        for optimizer, peak in zip(optimizers, (PEAK_MATRICES, PEAK_OTHERS), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * scale
            optimizer.step()
        with torch.no_grad():
            for name, weight in crew.weights.items():
                weight.copy_(masters[name])
        if now - last_print > 20:
            loss, loss_sum, loss_count, last_print = loss_sum / loss_count, 0.0, 0, now
            print(f"step {step} {100 * done:.0f} % loss {loss:.4f} tokens {seen} {seen / (now - started):.0f}/s", flush=True)
        if now - last_save > 300:
            save(model, tokenizer, out.with_name(out.name + ".partial"))
            last_save = now
    crew.end()
    return {"steps": step - 1, "tokens": seen, "seconds": round(time.monotonic() - started), "loss": round(loss, 4)}


def save(model: LlamaForCausalLM, tokenizer: Any, folder: Path) -> None:
    """Writes the model folder: weights, configuration, tokenizer, chat template, generation defaults."""
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False, max_new_tokens=128
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


PEAK_MATRICES = 6e-3
PEAK_OTHERS = 8e-3
DECAY_FROM = 0.65  # of the time
MICRO_BATCHES = 4  # a step
MICRO_TOKENS = 2048
PROMPT_SHARE = 0.2  # of the tokens that are not the assistant's, how many count


class _Crew:
    """Processes of one thread each that share the weights; on a busy machine that is far quicker than one with many threads."""

    def __init__(self, model: LlamaForCausalLM, tokenizer: Any, seed: int, workers: int) -> None:
        for p in model.parameters():
            p.requires_grad_(False).share_memory_()
        self.weights: dict[str, torch.Tensor] = dict(model.named_parameters())
        self._grads = [{name: torch.zeros(p.shape).share_memory_() for name, p in self.weights.items()} for _ in range(workers)]
        context = multiprocessing.get_context("spawn")
        # Batches still to do in this step (below zero: go home), then per worker: tokens, loss, batches.
        self._left, self._sums = context.Value("i", 0), torch.zeros(workers, 3, dtype=torch.float64).share_memory_()
        self._barrier, self._ready = context.Barrier(workers + 1), context.Semaphore(0)
        self._processes = [
            context.Process(
                target=_work,
                args=(self.weights, self._grads[i], self._sums[i], self._left, self._barrier, self._ready, tokenizer, seed * 1000 + 10 + i),
                daemon=True,
            )
            for i in range(workers)
        ]

    def start(self) -> None:
        """Starts one worker after another, so that the second finds what the first has compiled."""
        for process in self._processes:
            process.start()
            while not self._ready.acquire(timeout=5):
                if not process.is_alive():
                    raise SystemExit("A worker died before it had compiled the model.")

    def gradients(self, masters: dict[str, torch.Tensor]) -> tuple[int, float]:
        """Leaves the mean gradient of one step on the masters; gives its tokens and mean loss."""
        self._left.value = MICRO_BATCHES
        self._barrier.wait()
        self._barrier.wait()
        for name, master in masters.items():
            total = self._grads[0][name].clone()
            for other in self._grads[1:]:
                total += other[name]
            master.grad = total / MICRO_BATCHES
        tokens, loss, count = self._sums.sum(0).tolist()
        return int(tokens), loss / count

    def end(self) -> None:
        """Sends the workers home."""
        self._left.value = -1
        self._barrier.wait()
        for process in self._processes:
            process.join()


def _work(
    weights: dict[str, torch.Tensor],
    grads: dict[str, torch.Tensor],
    sums: torch.Tensor,
    left: Any,
    barrier: Any,
    ready: Any,
    tokenizer: Any,
    seed: int,
) -> None:
    """One worker: as long as there are batches to do in this step, does one more."""
    torch.set_num_threads(1)
    for number in (signal.SIGTERM, signal.SIGINT):  # the first process decides when it ends
        signal.signal(number, signal.SIG_IGN)
    leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
    loss_of = torch.compile(_loss, dynamic=True) if shutil.which("g++") else _loss
    tables = _tables(LONGEST)
    batches = _batches(tokenizer, seed)

    def one() -> None:
        batch = next(batches)
        length = batch.ids.shape[1]
        cosine, sine, mask = tables
        loss = loss_of(leaves, batch.ids, batch.where, batch.targets, cosine[:length], sine[:length], mask[:length, :length].contiguous())
        loss.backward()
        sums.add_(torch.tensor([batch.tokens, loss.item(), 1.0], dtype=torch.float64))
        for name, leaf in leaves.items():
            assert leaf.grad is not None
            grads[name] += leaf.grad
            leaf.grad = None

    one()  # compiles
    ready.release()
    while True:
        barrier.wait()
        if left.value < 0:
            return
        sums.zero_()
        for grad in grads.values():
            grad.zero_()
        while True:
            with left.get_lock():
                if left.value <= 0:
                    break
                left.value -= 1
            one()
        barrier.wait()


@dataclass(frozen=True)
class _Batch:
    """Documents of about one length: ids (documents, tokens), the flat positions that count, and the token wanted after each."""

    ids: torch.Tensor
    where: torch.Tensor
    targets: torch.Tensor
    tokens: int


def _batches(tokenizer: Any, seed: int) -> Iterator[_Batch]:
    """Batches without end; sorting by length replaces packing, so no document sees another and hardly any token is padding."""
    rng, documents = Random(seed), corpus.documents(seed)
    while True:
        pool = sorted(_encode(tokenizer, list(itertools.islice(documents, 3000)), rng), key=lambda e: len(e[0]))
        groups: list[list[tuple[list[int], list[int]]]] = [[]]
        for example in pool:
            if (len(groups[-1]) + 1) * len(example[0]) > MICRO_TOKENS:
                groups.append([])
            groups[-1].append(example)
        rng.shuffle(groups)
        for group in groups:
            longest = max(len(ids) for ids, _ in group)
            ids = torch.full((len(group), longest), tokenizer.pad_token_id)
            targets = torch.full((len(group), longest), -100)
            for row, (these, wanted) in enumerate(group):
                ids[row, : len(these)] = torch.tensor(these)
                # Shifted here: the target of a position is the next token.
                targets[row, : len(these) - 1] = torch.tensor(wanted[1:])
            where = (targets.flatten() != -100).nonzero().flatten()
            yield _Batch(ids, where, targets.flatten()[where], sum(len(ids) for ids, _ in group))


def _encode(tokenizer: Any, documents: list[corpus.Document], rng: Random) -> list[tuple[list[int], list[int]]]:
    """Token ids and targets of documents, in the form that the chat template gives."""
    role_ids = {role: tokenizer.convert_tokens_to_ids(f"<|{role}|>") for role in ("system", "user", "assistant")}
    texts = [t for d in documents for t in ([d] if isinstance(d, str) else [content for _, content in d])]
    pieces = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    encoded = []
    for document in documents:
        ids: list[int] = []
        targets: list[int] = []
        for role, _ in [("text", document)] if isinstance(document, str) else document:
            piece = [*next(pieces), tokenizer.eos_token_id]
            if role != "text":
                ids.append(role_ids[role])
                targets.append(-100)
            ids += piece
            targets += piece if role in ("assistant", "text") else [t if rng.random() < PROMPT_SHARE else -100 for t in piece]
        encoded.append((ids[:LONGEST], targets[:LONGEST]))
    return encoded


def _tables(length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cosine and sine of RoPE (length, 1, head size), the sine's first half negated; and the causal mask (length, length)."""
    size = HIDDEN // HEADS
    angles = torch.outer(torch.arange(length).float(), 10000.0 ** (-torch.arange(0, size, 2) / size)).repeat(1, 2)[:, None]
    sine = angles.sin()
    sine[..., : size // 2] *= -1
    mask = torch.full((length, length), -math.inf).triu(1)
    return angles.cos().bfloat16(), sine.bfloat16(), mask.bfloat16()


def _loss(
    weights: dict[str, torch.Tensor],
    ids: torch.Tensor,
    where: torch.Tensor,
    targets: torch.Tensor,
    cosine: torch.Tensor,
    sine: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """The mean loss of a batch by the same mathematics as LlamaForCausalLM, written so that little is left besides matrix products.

    Attention as plain products: on short rows its backward pass takes half the time of SDPA's on a CPU.
    """
    rows, length = ids.shape
    size = HIDDEN // HEADS
    share = HEADS // GROUPS
    embedding = weights["model.embed_tokens.weight"]
    hidden = embedding[ids]
    for layer in range(LAYERS):
        w = {part: weights[f"model.layers.{layer}.{part}.weight"] for part in _PARTS}
        y = rms_norm(hidden, (HIDDEN,), w["input_layernorm"], 1e-6)
        mixed = linear(y, torch.cat([w["self_attn.q_proj"], w["self_attn.k_proj"], w["self_attn.v_proj"]]))
        turned, value = mixed.view(rows, length, HEADS + 2 * GROUPS, size).split([HEADS + GROUPS, GROUPS], 2)
        turned = turned * cosine + turned.roll(size // 2, -1) * sine
        query = (turned[:, :, :HEADS] * size**-0.5).transpose(1, 2).reshape(rows, GROUPS, share * length, size)
        scores = (query @ turned[:, :, HEADS:].permute(0, 2, 3, 1)).view(rows, GROUPS, share, length, length) + mask
        seen = torch.softmax(scores, -1).view(rows, GROUPS, share * length, length) @ value.transpose(1, 2)
        seen = seen.view(rows, HEADS, length, size).transpose(1, 2).reshape(rows, length, HIDDEN)
        hidden = hidden + linear(seen, w["self_attn.o_proj"])
        y = rms_norm(hidden, (HIDDEN,), w["post_attention_layernorm"], 1e-6)
        gate, up = linear(y, torch.cat([w["mlp.gate_proj"], w["mlp.up_proj"]])).chunk(2, -1)
        hidden = hidden + linear(silu(gate) * up, w["mlp.down_proj"])
    hidden = rms_norm(hidden.flatten(0, 1)[where], (HIDDEN,), weights["model.norm.weight"], 1e-6)
    return cross_entropy(linear(hidden, embedding).float(), targets)


_PARTS = [
    "input_layernorm",
    "post_attention_layernorm",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
]


class _StopSignal:
    """Notes that SIGTERM or Ctrl-C came."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


if __name__ == "__main__":
    main()
