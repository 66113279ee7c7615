"""Measures the trainer against TRL's defaults and the plain Hugging Face Trainer, in one run, on the same model, rows and batches.

    python benchmarks/training.py                 # everything: about five minutes on two cores
    python benchmarks/training.py --steps 6       # fewer steps
    python benchmarks/training.py --only academy --only trl
    python benchmarks/training.py --busy          # on a machine that does other things too: one thread, processor seconds

Every contender trains in its own process, one after another: a Qwen2 of about 12 million random parameters,
400 chats of 25 to 955 tokens, LoRA r=16 on all linear layers, batch 8, the same rows in the same order. The speed is real tokens
(no padding) over the seconds between the first and the last step; the memory is the peak of the process. Figures of one run are
comparable; those of two runs only if the machine is idle in both. With --busy every contender runs twice, with few and with
more steps, and the difference in processor seconds counts, which other programs disturb little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BATCH = 8
CONTENDERS = ("trl", "trainer", "academy", "academy-fp32")


def main() -> None:
    """Makes model and rows, runs the contenders, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--only", action="append", choices=CONTENDERS)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--worker", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        _worker(arguments.worker[0], Path(arguments.worker[1]), arguments.steps)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        measure = _contend_busy if arguments.busy else _contend
        results = {contender: measure(contender, folder, arguments.steps) for contender in arguments.only or CONTENDERS}
    first = next(iter(results.values()))
    print(f"| {'':14} | tok/s | ratio | peak MB | ratio | loss |")
    print("|---|---|---|---|---|---|")
    for contender, result in results.items():
        print(
            f"| {contender:14} | {result['speed']:,.0f} | {result['speed'] / first['speed']:.2f} "
            f"| {result['memory']:,.0f} | {result['memory'] / first['memory']:.2f} | {result['loss']:.3f} |"
        )


def _prepare(folder: Path) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import torch
    from trainer_help import make_tokenizer, write_rows
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=8192,
        hidden_size=320,
        intermediate_size=896,
        num_hidden_layers=8,
        num_attention_heads=10,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    model = Qwen2ForCausalLM(config)
    print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters")
    model.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    dice = random.Random(0)
    words = re.findall(r"\w+", "the harbour opens at seven and closes when the last ferry has left for the islands in the north")

    def text(tokens: int) -> str:
        words_so_far, used = [], 0
        while used < tokens:
            words_so_far.append(dice.choice(words))
            used += 2
        return " ".join(words_so_far)

    rows = []
    for _ in range(400):
        length = int(25 * (955 / 25) ** dice.random())  # short ones are more frequent, as in real chats
        rows.append(
            {"messages": [{"role": "user", "content": text(length // 2)}, {"role": "assistant", "content": text(length - length // 2)}]}
        )
    write_rows(folder / "rows.jsonl", rows)


def _contend(contender: str, folder: Path, steps: int) -> dict[str, float]:
    if contender.startswith("academy"):
        return _academy(folder, steps, "fp32" if contender.endswith("fp32") else "auto")
    done = subprocess.run(
        [sys.executable, __file__, "--steps", str(steps), "--worker", contender, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().rsplit("\n", 1)[-1])


def _contend_busy(contender: str, folder: Path, steps: int) -> dict[str, float]:
    os.environ["OMP_NUM_THREADS"] = "1"
    spent: list[float] = []
    results = []
    for count in (2, steps):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        results.append(_contend(contender, folder, count))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    few, many = results
    return many | {"speed": (many["tokens"] - few["tokens"]) / (spent[1] - spent[0])}


def _academy(folder: Path, steps: int, precision: str) -> dict[str, float]:
    from trainer_help import make_job, of, train

    job = make_job(
        folder / f"job-{precision}-{steps}", folder / "base", folder / "rows.jsonl", max_steps=steps, batch_size=BATCH, precision=precision
    )
    every = of(train(job), "progress")
    progress = every[1:]
    # An event has a step's tokens and its speed; their quotient is its time.
    times = [event["extra"]["tokens"] / event["tokens_per_second"] for event in progress]
    tokens = sum(event["extra"]["tokens"] for event in progress)
    total = sum(event["extra"]["tokens"] for event in every)
    return {"speed": tokens / sum(times), "tokens": total, "memory": progress[-1]["memory_mb"], "loss": progress[-1]["loss"]}


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _worker(contender: str, folder: Path, steps: int) -> None:
    """One contender in a process of its own; prints its figures as JSON."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRANSFORMERS_VERBOSITY="error", CI="1")
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import TrainerCallback

    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.marks: list[float] = []
            self.loss = 0.0

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            self.marks.append(time.monotonic())

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            self.loss = float((logs or {}).get("loss", self.loss))

    clock = Clock()
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    shared: dict[str, Any] = {
        "output_dir": str(folder / contender),
        "per_device_train_batch_size": BATCH,
        "max_steps": steps,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "seed": 42,
        "use_cpu": not _has_gpu(),
    }
    counted: list[int] = []
    if contender == "trl":
        from trl import SFTConfig, SFTTrainer

        trainer: Any = SFTTrainer(
            model=str(folder / "base"),
            args=SFTConfig(**shared, assistant_only_loss=True),
            train_dataset=Dataset.from_list(rows),
            peft_config=lora,
            callbacks=[clock],
        )
    else:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

        tokenizer = AutoTokenizer.from_pretrained(folder / "base")
        ready = []
        for row in rows:
            made = tokenizer.apply_chat_template(row["messages"], return_dict=True, return_assistant_tokens_mask=True)
            labels = [token if flag else -100 for token, flag in zip(made["input_ids"], made["assistant_masks"], strict=True)]
            ready.append({"input_ids": made["input_ids"], "labels": labels})

        def collate(batch: list[dict[str, list[int]]]) -> dict[str, Any]:
            width = max(len(row["input_ids"]) for row in batch)

            def padded(key: str, filler: int) -> Any:
                return torch.tensor([row[key] + [filler] * (width - len(row[key])) for row in batch])

            mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch])
            return {"input_ids": padded("input_ids", 0), "labels": padded("labels", -100), "attention_mask": mask}

        model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32), lora)
        trainer = Trainer(
            model=model,
            args=TrainingArguments(**shared, learning_rate=2e-4),
            train_dataset=Dataset.from_list(ready),
            data_collator=collate,
            callbacks=[clock],
        )
    collator = trainer.data_collator

    def counting(batch: Any) -> Any:
        made = collator(batch)
        counted.append(int(made["attention_mask"].sum()))
        return made

    trainer.data_collator = counting
    trainer.train()
    seconds = clock.marks[-1] - clock.marks[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"speed": sum(counted[1:steps]) / seconds, "tokens": sum(counted[:steps]), "memory": peak, "loss": clock.loss}))


if __name__ == "__main__":
    main()
