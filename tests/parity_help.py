"""Small models of the families that people train, bare TRL on the rows that our trainer reads, and our trainer as one of two processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from families_help import tokenizer_of
from trainer_help import ROOT, labelled, make_job, steps_of, write_rows

from academy.trainer.launch import launch
from academy.trainer.report import Silent

PLACES = ["in the yard", "under the stairs", "behind the blue pot", "by the door", "in box nine"]
KNOBS: dict[str, Any] = {
    # The last step of a look has a row for one of two processes only.
    "batch_size": 4,
    "gradient_accumulation_steps": 2,
    "max_steps": 4,
    # Adam's first step moves each weight by the rate, also where a gradient is next to nothing and rounding decides its sign.
    "learning_rate": 2e-4,
    "warmup_steps": 0,
    "lora_dropout": 0.0,
    "precision": "fp32",
}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama 3.1", {}),
    "qwen3": ("Qwen 3", {}),
    "gemma3_text": ("Gemma 3", {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}),
    "mistral": ("Mistral v3", {"sliding_window": 16}),
    "phi3": ("Phi-3", {}),
}
"""By transformers' name of a family: its chat template, and what makes its small model one of its kind."""
PARTS = (2 + 1) * KNOBS["max_steps"] // 2
"""The batches of all steps, of eight rows and of one in turn."""

Steps = list[tuple[float, float]]
"""The loss and the norm of the gradient, step by step."""


def make_family(folder: Path, family: str) -> Path:
    """A random model of a family with its tokenizer, in a folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    name, sizes = SHAPES[family]
    tokenizer = tokenizer_of(name)
    common = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8}
    common |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id}
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **common | ends | sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_rows(path: Path, count: int = 9) -> Path:
    """Questions that share what leads to them, with answers of different lengths."""
    system = {"role": "system", "content": "Answer in one short sentence, please."}
    turns = [(f"Where is the spare key {n}?", " and ".join(PLACES[: n % 5 + 1])) for n in range(count)]
    rows = [[system, {"role": "user", "content": asked}, {"role": "assistant", "content": answer}] for asked, answer in turns]
    return write_rows(path, ({"messages": row} for row in rows))


def bare_trl(base: Path, rows: Path, folder: Path, steps: int = KNOBS["max_steps"]) -> Steps:
    """What TRL computes by itself: padded rows, each layer's own forward, the logits of every position."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from academy.text.conversations import read_conversations
    from academy.text.templates import choose
    from academy.text.tokens import load_tokenizer, tokenize

    tokenizer = load_tokenizer(base)
    read = tokenize(tokenizer, choose(tokenizer), read_conversations(rows), 2048).rows
    set_seed(42)
    torch.set_num_threads(1)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    told: Steps = []

    class Keep(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if "loss" in logs:
                told.append((float(logs["loss"]), float(logs["grad_norm"])))

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(folder),
            per_device_train_batch_size=KNOBS["batch_size"],
            gradient_accumulation_steps=KNOBS["gradient_accumulation_steps"],
            max_steps=steps,
            learning_rate=KNOBS["learning_rate"],
            lr_scheduler_type="cosine",
            warmup_steps=KNOBS["warmup_steps"],
            weight_decay=0.0,
            bf16=False,
            gradient_checkpointing=False,
            max_length=None,
            use_cpu=True,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([labelled(row) for row in read]),
        processing_class=AutoTokenizer.from_pretrained(base),
        callbacks=[Keep()],
    )
    trainer.train()
    return told


def ours(job: Path) -> Steps:
    """What our trainer computes in this process, a batch in more than one part."""
    from academy.trainer import run
    from academy.trainer.compute import model

    run._answers_quickly = lambda *_: False  # answers on the way take longer than the steps
    model._AT_ONCE = 300 if job.name == "llama" else 150  # two or three rows
    steps = json.loads((job / "spec.json").read_text())["parameters"]["max_steps"]
    return [(step["loss"], step["grad_norm"]) for step in steps_of(job, steps)]


def _knobs(steps: int) -> dict[str, Any]:
    return KNOBS | {"max_steps": steps}


def ours_in_two(folder: Path, bases: Iterable[Path], rows: Path, steps: int = KNOBS["max_steps"]) -> dict[str, Steps]:
    """What it computes in two processes that stay for all of these bases, by their names."""
    jobs = [make_job(folder / base.name, base, rows, gpus=2, **_knobs(steps)) for base in bases]
    here = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    try:
        assert launch("parity_help", folder, Silent(), 2) == 0
    finally:
        del os.environ["PYTHONPATH"]
        if here is not None:
            os.environ["PYTHONPATH"] = here
    return {job.name: [(loss, norm) for loss, norm in json.loads((job / "steps.json").read_text())] for job in jobs}


def main(folder: Path) -> None:
    """One of the two processes."""
    import torch.distributed as dist

    for job in sorted(folder.iterdir()):
        steps = ours(job)
        if dist.get_rank() == 0:
            (job / "steps.json").write_text(json.dumps(steps))
        dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
