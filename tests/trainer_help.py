"""What the trainer's tests share: small tokenizers and models made on the spot, job folders, and the trainer as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from academy.messages import from_json, render

ROOT = Path(__file__).parent.parent
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message.content + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = [
    "Where is the spare key? Under the blue pot in the yard.",
    "Answer in one short sentence, please. Who waters the plants on Mondays?",
    "The harbour opens at seven; the ferry leaves at nine.\n\nBring 25 euros.",
]


def make_tokenizer(template: str | None = CHATML, special: Iterable[str] = (), eos: str = "<|im_end|>", bos: str | None = None) -> Any:
    """A small byte-level BPE tokenizer that knows the given special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = list(dict.fromkeys([eos, "<|im_start|>", *([bos] if bos else []), *special]))
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=names, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, bos_token=bos, additional_special_tokens=names)
    made.chat_template = template
    return made


def make_model(folder: Path, tokenizer: Any = None, seed: int = 0, **sizes: Any) -> Path:
    """A random Llama with its tokenizer, in a folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tokenizer or make_tokenizer()
    shape: Any = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
    } | sizes
    config = LlamaConfig(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, tie_word_embeddings=True, **shape)
    torch.manual_seed(seed)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """A dataset file."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def chats(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Question and answer as rows of the form "messages"."""
    return [{"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]} for question, answer in pairs]


def labelled(tokens: Any) -> dict[str, list[int]]:
    """One row as TRL reads it: -100 where nothing is trained."""
    labels = [token if trained else -100 for token, trained in zip(tokens.ids, tokens.trained, strict=True)]
    return {"input_ids": tokens.ids, "labels": labels}


def make_job(folder: Path, base: Path, dataset: Path, *, eval_path: Path | None = None, **values: Any) -> Path:
    """A job folder with its spec; values that are no field of the spec are parameters."""
    fields = {name: values.pop(name) for name in ("dry_run", "device", "continue_from_path", "base_model") if name in values}
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "job_id": folder.name,
        "name": "a test",
        "created_at": "2026-01-01T00:00:00.000Z",
        "base_model": str(base),
        "base_path": str(base),
        "base_fingerprint": "0" * 32,
        "dataset_path": str(dataset),
        "eval_path": str(eval_path) if eval_path else None,
        "dataset_id": "a dataset",
        "parameters": values,
        **fields,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    return folder


def start(job: Path, module: str = "academy.trainer", **environment: str) -> subprocess.Popen[str]:
    """The trainer, or another program of it, as the warden starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", module, str(job)],
        cwd=job,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train(job: Path, code: int = 0) -> list[dict[str, Any]]:
    """Runs the trainer to its end and returns its events; the log is part of the message where it ended otherwise."""
    process = start(job)
    log, _ = process.communicate(timeout=900)
    assert process.returncode == code, log
    return events(job)


def train_here(job: Path, code: int = 0, module: str = "academy.trainer.run", *, exam: bool = True) -> list[dict[str, Any]]:
    """`train` in this process, so that the libraries are loaded once; its exam takes most of the time of a small one."""
    from academy.trainer import __main__ as program

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "_quiet", lambda quantized: None)  # it hides libraries from the whole process
        if not exam:
            patch.setattr("academy.trainer.exam.run.examine", lambda *given: None)
        assert program.main([str(job)], module) == code, events(job)[-1]
    return events(job)


def events(job: Path) -> list[dict[str, Any]]:
    """The events so far, with their sentences in English."""
    path = job / "events.jsonl"
    written = [json.loads(line) for line in path.read_bytes().split(b"\n") if line] if path.exists() else []
    return [event | {name: render(from_json(event[name])) for name in ("message", "reason") if name in event} for event in written]


def of(all_events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The events of one type."""
    return [event for event in all_events if event["type"] == kind]
