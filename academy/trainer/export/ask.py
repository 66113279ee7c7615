"""Asks an exported file what the adapter was taught, and compares its greedy answers with the adapter's own."""

from __future__ import annotations

import importlib
import importlib.util
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from academy.errors import AcademyError, foreign_code
from academy.messages import Text, msg
from academy.text import forms
from academy.text.conversations import Message, is_trained, read_conversations
from academy.text.templates import Renderer
from academy.text.tokens import prompt_ids
from academy.trainer.exam.sampling import spread
from academy.trainer.report import Report

MOST = 48  # rows of the dataset that are asked
SECONDS = 600.0  # for the answers of one program

_BATCH = 8
_TOKENS = 96  # of an answer without a known length
_LONGEST = 400
_MOST_SHOWN = 24  # differences


@dataclass(frozen=True)
class Question:
    """A conversation that leads to an answer; `expected` is what was taught."""

    turns: list[Message]
    expected: str
    thinks: bool = False  # what was taught begins with a thought

    @property
    def text(self) -> str:
        """Its last turn."""
        return self.turns[-1]["content"]


def questions(dataset: Path | None, golden: Sequence[dict[str, str]]) -> list[Question]:
    """The rows of the dataset, at most MOST of them spread over it, and the golden questions."""
    found = []
    if dataset is not None and dataset.is_file():
        rows = [(turns[:-1], turns[-1]) for _, turns in read_conversations(dataset) if len(turns) > 1]
        taught = [
            Question(before, last["content"], bool(last.get("thinking")))
            for before, last in rows
            if is_trained(last) and before[-1]["role"] == "user" and forms.is_plain(before)
        ]
        found = spread(taught, MOST)
    known = {question.text for question in found}
    own = [Question([{"role": "user", "content": item["question"]}], item["expected"]) for item in golden if item["question"] not in known]
    return [*found, *own]


def lengths(tokenizer: Any, asked: Sequence[Question]) -> list[int]:
    """The most tokens of each answer: those of the taught one and some more."""
    sizes = [len(tokenizer(item.expected, add_special_tokens=False)["input_ids"]) for item in asked]
    return [min(_LONGEST, size + 8) if size else _TOKENS for size in sizes]


def answers(model: Any, tokenizer: Any, prompts: Sequence[list[int]], most: Sequence[int], ends: Sequence[int]) -> list[str | None]:
    """The greedy answer to each prompt; None for those that the time did not allow."""
    found: list[str | None] = [None] * len(prompts)
    until, filler = time.monotonic() + SECONDS, ends[0]
    order = sorted(range(len(prompts)), key=lambda at: (most[at], len(prompts[at])))
    for start in range(0, len(order), _BATCH):
        if time.monotonic() > until:
            break
        part = order[start : start + _BATCH]
        width = max(len(prompts[at]) for at in part)
        ids = torch.tensor([[filler] * (width - len(prompts[at])) + prompts[at] for at in part])
        mask = torch.tensor([[0] * (width - len(prompts[at])) + [1] * len(prompts[at]) for at in part])
        with torch.no_grad():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(most[at] for at in part),
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                repetition_penalty=1.0,
                eos_token_id=list(ends),
                pad_token_id=filler,
                use_cache=True,
            )
        for at, reply in zip(part, output[:, width:].tolist(), strict=True):
            end = next((place for place, token in enumerate(reply) if token in ends), len(reply))
            found[at] = tokenizer.decode(reply[: min(end, most[at])], skip_special_tokens=True).strip()
    return found


def own_prompts(tokenizer: Any, form: Renderer, asked: Sequence[Question]) -> list[list[int]]:
    """The prompts as Academy writes them."""
    return [prompt_ids(tokenizer, form, item.turns) for item in asked]


def template_prompts(tokenizer: Any, form: Renderer, asked: Sequence[Question]) -> list[list[int]]:
    """The prompts as another program writes them, with the exported tokenizer and template."""
    found = []
    for item in asked:
        # The template already writes the token that begins a text.
        text = tokenizer.apply_chat_template(form.adapted(item.turns), add_generation_prompt=True, tokenize=False, enable_thinking=False)
        found.append(tokenizer(text, add_special_tokens=False)["input_ids"])
    return found


def compared(engine: str, asked: Sequence[Question], own: Sequence[str | None], theirs: Sequence[str | None]) -> dict[str, Any]:
    """How many answers are the same, and those that are not."""
    pairs = [(item, mine, other) for item, mine, other in zip(asked, own, theirs, strict=True) if mine is not None and other is not None]
    different = [
        {"question": item.text[:2000], "expected": item.expected[:2000], "adapter": mine[:2000], "exported": other[:2000]}
        for item, mine, other in pairs
        if mine != other
    ]
    return {"engine": engine, "right": len(pairs) - len(different), "of": len(pairs), "different": different[:_MOST_SHOWN]}


def ask_llama_cpp(
    path: Path, form: Renderer, asked: Sequence[Question], most: Sequence[int], report: Report
) -> tuple[str, list[str | None]] | Text | None:
    """The name of the llama.cpp that is installed and its answers; why it could not be asked; None where none is installed."""
    name = next((name for name in _LLAMA_CPP if importlib.util.find_spec(name)), None)
    if name is None:
        return None
    report.say(f"asking {name}")
    try:
        with foreign_code(name):
            ask = _LLAMA_CPP[name](path, max(most) + max(len(item.text) for item in asked) + 1024)
            until, found = time.monotonic() + SECONDS, []
            for item, size in zip(asked, most, strict=True):
                found.append(ask(form.adapted(item.turns), size).strip() if time.monotonic() < until else None)
    except AcademyError as error:
        return msg("llama.cpp could not be asked: {why}", why=error.message_text)
    return name, found


def _xllamacpp(path: Path, context: int) -> Callable[[list[Message], int], str]:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = context
    parameters.n_gpu_layers, parameters.verbosity = 0, 0
    parameters.cpuparams.n_threads = torch.get_num_threads()
    # It also listens on a port of this machine, for the time of the check.
    parameters.api_keys = [secrets.token_hex(16)]
    parameters.warmup = False
    server = xllamacpp.Server(parameters)

    def ask(messages: list[Message], size: int) -> str:
        asked = {"messages": messages, "temperature": 0.0, "top_k": 1, "repeat_penalty": 1.0, "max_tokens": size}
        asked |= {"chat_template_kwargs": {"enable_thinking": False}}
        return server.handle_chat_completions(asked)["choices"][0]["message"]["content"]

    return ask


def _llama_cpp_python(path: Path, context: int) -> Callable[[list[Message], int], str]:
    import llama_cpp  # pyright: ignore[reportMissingImports]

    model: Any = llama_cpp.Llama(str(path), n_ctx=context, n_threads=torch.get_num_threads(), n_gpu_layers=0, verbose=False)

    def ask(messages: list[Message], size: int) -> str:
        reply = model.create_chat_completion(messages, temperature=0.0, top_k=1, repeat_penalty=1.0, max_tokens=size)
        return reply["choices"][0]["message"]["content"]

    return ask


_LLAMA_CPP: dict[str, Callable[[Path, int], Callable[[list[Message], int], str]]] = {
    "llama_cpp": _llama_cpp_python,
    "xllamacpp": _xllamacpp,
}
