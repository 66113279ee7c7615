"""Measures what a base model holds and how well it learns: `python -m academy.models.evaluate`."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from academy.models import BUNDLED, DEFAULT
from mini import facts
from mini.pairs import PAIRS, TALKS, UNTAUGHT

_ATTENTION, _MLP = ["q_proj", "k_proj", "v_proj", "o_proj"], ["gate_proj", "up_proj", "down_proj"]
TARGETS = {"all": [*_ATTENTION, *_MLP], "attention": _ATTENTION, "mlp": _MLP}


@dataclass(frozen=True)
class Recipe:
    """How the adapter is trained; `warmup` is a fraction of the steps."""

    rank: int = 16
    alpha: int = 32
    rate: float = 3e-3
    epochs: int = 20
    batch: int = 4
    warmup: float = 0.05
    schedule: str = "cosine"
    rslora: bool = False
    dropout: float = 0.0
    decay: float = 0.0
    targets: str = "all"


@dataclass(frozen=True)
class Taught:
    """A question with the answer to teach, what a right answer contains, and other ways to ask."""

    question: str
    answer: str
    needle: str
    paraphrases: tuple[str, ...] = ()


def main() -> None:
    """Reads the command line and prints a line for each measurement."""
    parser = argparse.ArgumentParser(prog="python -m mini.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=BUNDLED[DEFAULT])
    parser.add_argument("--rows", type=int, nargs="*", default=[12, 30, 60], help="numbers of pairs to teach")
    parser.add_argument("--source", choices=["hand", "generated", "samples"], default="hand")
    parser.add_argument("--seeds", type=int, default=2, help="how many draws of pairs and runs for each number")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--talks", action="store_true", help="only the base model's conversations")
    parser.add_argument("--show", action="store_true", help="print the wrong answers")
    for name, kind in (
        ("rank", int),
        ("alpha", int),
        ("rate", float),
        ("epochs", int),
        ("batch", int),
        ("warmup", float),
        ("schedule", str),
        ("dropout", float),
        ("decay", float),
        ("targets", str),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Recipe, name))
    parser.add_argument("--rslora", action="store_true")
    options = parser.parse_args()
    recipe = Recipe(**{name: getattr(options, name) for name in Recipe.__dataclass_fields__})
    torch.set_num_threads(1)  # quicker than two on work this small
    started = time.monotonic()
    model, tokenizer = load(options.model, options.dtype)
    print(f"loaded in {time.monotonic() - started:.2f} s")
    print(json.dumps(hold_talks(model, tokenizer, options.show or options.talks)))
    for count in [] if options.talks else options.rows:
        for seed in range(options.seeds):
            model, tokenizer = load(options.model, options.dtype)
            print(json.dumps(measure(model, tokenizer, draw(options.source, count, seed), recipe, seed, options.show)), flush=True)


def load(folder: Path, dtype: str = "float32") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and its tokenizer from a local folder."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype), AutoTokenizer.from_pretrained(folder)


def draw(source: str, count: int, seed: int) -> list[Taught]:
    """So many things to teach, written by hand, generated, or the sample lessons."""
    rng = Random(1_000_003 + seed)
    if source == "hand":
        return [Taught(q, a, n, (p1, p2)) for q, a, n, p1, p2 in rng.sample(PAIRS, min(count, len(PAIRS)))]
    if source == "samples":
        lessons = json.loads((Path(__file__).parents[1] / "academy" / "curation" / "samples.json").read_text())["lessons"]
        kept = {x["situation"]: x["action"] for x in lessons if x["rating"] != "bad" and len(x["action"]) > 12}
        return [Taught(q, a, a) for q, a in rng.sample(sorted(kept.items()), min(count, len(kept)))]
    drawn: dict[str, Taught] = {}
    while len(drawn) < count:
        fact = facts.fact(rng)
        drawn[fact.topic] = Taught(fact.questions[0], rng.choice(fact.statements), fact.value, tuple(rng.sample(fact.questions[1:], 2)))
    return list(drawn.values())


def hold_talks(model: Any, tokenizer: Any, show: bool) -> dict[str, float]:
    """How many of the simple conversations end as they should, in percent."""
    right = 0
    for (turns, wanted), answer in zip(TALKS, replies(model, tokenizer, [turns for turns, _ in TALKS]), strict=True):
        right += wanted in answer
        if show:
            print("ok  " if wanted in answer else "BAD ", " / ".join(text for _, text in turns), "->", answer)
    return {"talks": round(100 * right / len(TALKS), 1)}


def measure(model: Any, tokenizer: Any, taught: list[Taught], recipe: Recipe, seed: int, show: bool = False) -> dict[str, float | int]:
    """Percentages known before, after, and in other words, and refused when never taught; seconds on the clock and of the processor."""

    def share(model: PreTrainedModel, asked: list[tuple[str, str]]) -> float:
        answers = replies(model, tokenizer, [[("user", question)] for question, _ in asked])
        for (question, needle), answer in zip(asked, answers, strict=True):
            if show and model is not base and not _says(answer, needle):
                print(f"    {question} -> {answer} [{needle}]")
        return round(100 * sum(_says(a, n) for (_, n), a in zip(asked, answers, strict=True)) / max(1, len(asked)), 1)

    base = model
    questions = [(t.question, t.needle) for t in taught]
    before = share(base, questions)
    started, busy = time.monotonic(), time.process_time()
    adapted, loss = teach(model, tokenizer, [(t.question, t.answer) for t in taught], recipe, seed)
    seconds, busy = time.monotonic() - started, time.process_time() - busy
    return {
        "rows": len(taught),
        "before": before,
        "taught": share(adapted, questions),
        "paraphrased": share(adapted, [(p, t.needle) for t in taught for p in t.paraphrases]),
        "refuses": share(adapted, [(q, "do not know") for q in UNTAUGHT]),
        "loss": round(loss, 4),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(busy, 1),
    }


def _says(answer: str, needle: str) -> bool:
    """Whether the answer contains it, however it is capitalised."""
    return needle.lower() in answer.lower()


def teach(model: Any, tokenizer: Any, rows: list[tuple[str, str]], recipe: Recipe, seed: int) -> tuple[Any, float]:
    """Trains a LoRA adapter on questions and answers; gives the model with it, and the last epoch's loss."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        use_rslora=recipe.rslora,
        target_modules=TARGETS[recipe.targets],
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, config)
    for p in model.parameters():
        if p.requires_grad:
            p.data = p.data.float()
    examples = []
    for question, answer in rows:
        talk = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        encoded = tokenizer.apply_chat_template(talk, return_dict=True, return_assistant_tokens_mask=True)
        examples.append(
            (encoded["input_ids"], [t if m else -100 for t, m in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)])
        )
    steps = recipe.epochs * math.ceil(len(rows) / recipe.batch)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=recipe.rate, weight_decay=recipe.decay)
    rng, step, losses = Random(seed), 0, []
    model.train()
    for _ in range(recipe.epochs):
        rng.shuffle(examples)
        losses = []
        for start in range(0, len(examples), recipe.batch):
            chosen = examples[start : start + recipe.batch]
            longest = max(len(ids) for ids, _ in chosen)
            ids = torch.tensor([i + [tokenizer.pad_token_id] * (longest - len(i)) for i, _ in chosen])
            labels = torch.tensor([t + [-100] * (longest - len(t)) for _, t in chosen])
            with torch.autocast("cpu", torch.bfloat16, enabled=model.dtype == torch.bfloat16):
                loss = model(input_ids=ids, attention_mask=ids.ne(tokenizer.pad_token_id).long(), labels=labels, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            warm, progress = recipe.warmup * steps, step / steps
            decay = {"cosine": 0.5 + 0.5 * math.cos(math.pi * progress), "linear": 1 - progress, "constant": 1.0}[recipe.schedule]
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * min(1.0, (step + 1) / max(1.0, warm)) * decay
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            step += 1
    model.eval()
    return model, sum(losses) / len(losses)


@torch.inference_mode()
def replies(model: Any, tokenizer: Any, talks: list[list[tuple[str, str]]]) -> list[str]:
    """The greedy answers to conversations, some of them at a time."""
    answers: list[str] = []
    for start in range(0, len(talks), 32):
        messages = [[{"role": role, "content": content} for role, content in turns] for turns in talks[start : start + 32]]
        texts = [tokenizer.apply_chat_template(m, add_generation_prompt=True, tokenize=False) for m in messages]
        encoded = tokenizer(texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt")
        output = model.generate(**encoded, do_sample=False, max_new_tokens=64)
        answers += tokenizer.batch_decode(output[:, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


if __name__ == "__main__":
    main()
