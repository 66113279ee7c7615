"""Repeats a training of Academy with plain transformers, PEFT and TRL: `python train.py [--base MODEL] [--steps N]`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).parent


def main() -> None:
    """Trains the adapter into `adapter/`, then asks it every row."""
    settings = json.loads((HERE / "training.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default=settings["base_model"], help="a hub name, or a folder with the base model")
    parser.add_argument("--steps", type=int, help="optimizer steps, instead of those of the first run")
    chosen = parser.parse_args()
    tokenizer: Any = AutoTokenizer.from_pretrained(chosen.base)
    if (HERE / "chat_template.jinja").is_file():
        tokenizer.chat_template = (HERE / "chat_template.jinja").read_text(encoding="utf-8")
    train, held_out = read("train.jsonl"), read("eval.jsonl")
    model = AutoModelForCausalLM.from_pretrained(chosen.base, dtype=torch.float32)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**settings["trainer"] | ({"max_steps": chosen.steps} if chosen.steps else {})),
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(held_out) if held_out else None,
        peft_config=LoraConfig(**settings["lora"]),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model(str(HERE / "adapter"))
    right = sum(answer(trainer.model, tokenizer, row) == row["completion"][0]["content"].strip() for row in train)
    print(f"{right} of {len(train)} rows are answered word for word; the adapter is in {HERE / 'adapter'}")


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file; none where there is no such file."""
    path = HERE / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def answer(model: Any, tokenizer: Any, row: dict[str, Any]) -> str:
    """The model's most likely answer to a row's question."""
    text = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, tokenize=False)
    asked = tokenizer(text, add_special_tokens=False, return_tensors="pt").to(model.device)
    most = 8 + len(tokenizer(row["completion"][0]["content"])["input_ids"])
    with torch.no_grad():
        reply = model.generate(**asked, max_new_tokens=most, do_sample=False)
    return tokenizer.decode(reply[0, asked["input_ids"].shape[1] :], skip_special_tokens=True).strip()


if __name__ == "__main__":
    main()
