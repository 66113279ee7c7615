"""The trainers that are measured: Academy's, TRL as it comes, TRL with its best stock options, and the plain Hugging Face Trainer.

All train LoRA r=16 on all linear layers, on the same rows in batches of the same size; a result counts the steps after the first ones.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from academy.trainer.report import Silent  # noqa: E402

STOCK = ("trl", "trl-grouped", "trl-packed", "trainer")
TITLES = {
    "trl": "TRL defaults",
    "trl-grouped": "TRL, rows of like length together",
    "trl-packed": "TRL, packed",
    "trainer": "Hugging Face Trainer",
    "llamafactory": "LLaMA-Factory defaults",
    "academy": "Academy",
    "academy-fp32": "Academy, fp32",
}
"""`trl-grouped` and `trl-packed` are the best stock options: frozen weights in the fastest precision, no gradient checkpointing, and the
least padding; fused kernels where they are installed on a GPU.
"""
_WORDS = "the harbour opens at seven and closes when the last ferry has left for the islands in the north"


class Left(Exception):
    """A contender that takes no part: why."""


class Enough(Exception):
    """What was to be seen of a training has been seen."""


class Watch(Silent):
    """Keeps the events of a training, and ends it with an event of this type at this step."""

    def __init__(self, step: int, type: str = "progress") -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self._end = step, type

    def event(self, type: str, **fields: Any) -> None:
        self.events.append({"type": type, "clock": time.monotonic()} | fields)
        if type == self._end[1] and fields.get("step", 0) >= self._end[0]:
            raise Enough


@dataclass(frozen=True)
class Task:
    """What all contenders train."""

    base: Path
    rows: Path
    folder: Path
    steps: int
    batch: int
    warm: int = 1  # first steps that do not count
    precision: str = "fp32"  # the fastest here
    quantization: str = "none"


@dataclass
class Course:
    """The steps of one training as they end."""

    tokens: list[int] = field(default_factory=list)  # real ones, of each step
    marks: list[float] = field(default_factory=list)  # the end of each step
    losses: list[float] = field(default_factory=list)

    def result(self, task: Task, memory_mb: float) -> dict[str, Any]:
        """Tokens a second, seconds a step, memory and the last loss."""
        times = [later - earlier for earlier, later in zip(self.marks[task.warm - 1 :], self.marks[task.warm :], strict=False)]
        return {
            "speed": sum(self.tokens[task.warm : task.steps]) / sum(times),
            "step_seconds": statistics.median(times),
            "tokens": sum(self.tokens[: task.steps]),
            "memory_mb": memory_mb,
            "loss": self.losses[-1] if self.losses else None,
        }


def train(name: str, task: Task) -> dict[str, Any]:
    """One contender in this process."""
    if _on_gpu():
        import torch

        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return academy(task) if name == "academy" else stock(name, task)


def academy(task: Task) -> dict[str, Any]:
    """Academy's trainer in this process, up to its last step: no exam."""
    from academy.trainer.run import run
    from academy.trainer.spec import read_spec

    report = Watch(task.steps)
    with contextlib.suppress(Enough):
        run(read_spec(academy_job(task)), report)
    return of_events(task, report.events)


def academy_apart(job: Path, limit: float, steps: int = 0) -> list[dict[str, Any]]:
    """The events of Academy's trainer as the app starts it; it is ended after so many steps, before the exam, or (0) ends by itself."""
    with open(job / "log", "w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "academy.trainer", str(job)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
        # A session of its own, as all contenders have: Linux shares the processor out among sessions.
        process = subprocess.Popen(command, cwd=job, env=environment, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + limit
    try:
        while not steps or sum(event["type"] == "progress" for event in _events(job)) < steps:
            code = process.poll()
            if code == 0 and not steps:
                break
            if code is not None:
                raise SystemExit((job / "log").read_text(encoding="utf-8")[-3000:])
            if time.monotonic() > until:
                raise Left(f"did not end within {limit:.0f} s")
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    return _events(job)


def _events(job: Path) -> list[dict[str, Any]]:
    path = job / "events.jsonl"
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def academy_job(task: Task, **more: Any) -> Path:
    """A job folder for Academy's trainer."""
    fields = {name: more.pop(name) for name in ("dry_run",) if name in more}
    job = task.folder / f"job-{len([*task.folder.glob('job-*')])}"
    job.mkdir(parents=True)
    parameters = {
        "batch_size": task.batch,
        "max_steps": task.steps,
        "precision": task.precision,
        "quantization": task.quantization,
        "save_steps": 10_000,
        "num_epochs": 20,
    }
    spec = {"job_id": job.name, "name": job.name, "base_model": str(task.base), "base_path": str(task.base)}
    spec |= {"dataset_path": str(task.rows), "parameters": parameters | more} | fields
    (job / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return job


def of_events(task: Task, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The result that a trainer's events tell; each has a step's tokens and its speed, and their quotient is its time."""
    steps = [event for event in events if event["type"] == "progress"]
    course, now = Course(), 0.0
    for event in steps:
        now += event["extra"]["tokens"] / event["tokens_per_second"]
        course.tokens.append(event["extra"]["tokens"])
        course.marks.append(now)
        course.losses.append(event["loss"])
    started = next(event for event in events if event["type"] == "started")
    return course.result(task, steps[-1]["memory_mb"]) | {"end_to_end": started["extra"]["end_to_end"]}


def stock(name: str, task: Task) -> dict[str, Any]:
    """A trainer of TRL or transformers in this process."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRANSFORMERS_VERBOSITY="error", WANDB_DISABLED="true")
    from datasets import Dataset, disable_progress_bars
    from peft import LoraConfig

    disable_progress_bars()
    rows = Dataset.from_list([json.loads(line) for line in task.rows.read_text(encoding="utf-8").splitlines()])
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    shared: dict[str, Any] = {
        "output_dir": str(task.folder / name),
        "per_device_train_batch_size": task.batch,
        "max_steps": task.steps,
        "learning_rate": 2e-4,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "seed": 42,
        "use_cpu": not _on_gpu(),
    }
    trainer = _plain(task, rows, lora, shared) if name == "trainer" else _trl(name, task, rows, lora, shared)
    course = _timed(trainer)
    trainer.train()
    result = course.result(task, _peak_mb())
    del trainer
    return result


def _trl(name: str, task: Task, rows: Any, lora: Any, shared: dict[str, Any]) -> Any:
    from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]

    rows = rows.map(lambda row: {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}, remove_columns=["messages"])
    load: dict[str, Any] = _quantized(task)
    if name != "trl":
        shared |= {"bf16": task.precision == "bf16", "gradient_checkpointing": False}
        shared |= {"use_liger_kernel": True} if _on_gpu() and importlib.util.find_spec("liger_kernel") else {}
        load |= {"dtype": "bfloat16" if task.precision == "bf16" else "float32"}
        load |= {"attn_implementation": "flash_attention_2"} if _on_gpu() and importlib.util.find_spec("flash_attn") else {}
        load |= {"device_map": {"": 0}} if _on_gpu() else {}  # it loads faster
    if name == "trl-grouped":
        shared |= {"train_sampling_strategy": "group_by_length"}
    if name == "trl-packed":
        # As many tokens a step as the others have.
        shared |= {"packing": True, "max_length": 1024, "per_device_train_batch_size": max(1, round(task.batch * _mean(task) / 1024))}
    arguments = SFTConfig(**shared, model_init_kwargs=load or None)
    return SFTTrainer(model=str(task.base), args=arguments, train_dataset=rows, peft_config=lora)


def _plain(task: Task, rows: Any, lora: Any, shared: dict[str, Any]) -> Any:
    import torch
    from peft import get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(task.base)
    ready = []
    for row in rows:
        whole = tokenizer.apply_chat_template(row["messages"], return_dict=True)["input_ids"]
        prompt = tokenizer.apply_chat_template(row["messages"][:-1], add_generation_prompt=True, return_dict=True)["input_ids"]
        ready.append({"input_ids": whole, "labels": [-100] * len(prompt) + whole[len(prompt) :]})

    def collate(batch: list[dict[str, list[int]]]) -> dict[str, Any]:
        width = max(len(row["input_ids"]) for row in batch)

        def padded(key: str, filler: int) -> Any:
            return torch.tensor([row[key] + [filler] * (width - len(row[key])) for row in batch])

        mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch])
        return {"input_ids": padded("input_ids", 0), "labels": padded("labels", -100), "attention_mask": mask}

    half = task.precision == "bf16"
    load = {"dtype": torch.bfloat16 if half else torch.float32} | ({"device_map": {"": 0}} if _on_gpu() else {}) | _quantized(task)
    model: Any = AutoModelForCausalLM.from_pretrained(task.base, **load)
    if task.quantization != "none":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    arguments = TrainingArguments(**shared, bf16=half, remove_unused_columns=False)
    return Trainer(model=get_peft_model(model, lora), args=arguments, train_dataset=ready, data_collator=collate)  # type: ignore[arg-type]


def _quantized(task: Task) -> dict[str, Any]:
    if task.quantization == "none":
        return {}
    import torch
    from transformers import BitsAndBytesConfig

    kind: Any = {"load_in_8bit": True}
    if task.quantization == "4bit":
        kind = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
        kind |= {"bnb_4bit_compute_dtype": torch.bfloat16}
    place = {"": 0} if _on_gpu() else {"": "cpu"}
    return {"quantization_config": BitsAndBytesConfig(**kind), "device_map": place, "dtype": torch.bfloat16}


def _timed(trainer: Any) -> Course:
    """Notes each step of a trainer, and the real tokens of each batch."""
    from transformers import TrainerCallback

    course, collator = Course(), trainer.data_collator

    class Clock(TrainerCallback):
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            if _on_gpu():
                import torch

                torch.cuda.synchronize()
            course.marks.append(time.monotonic())

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            course.losses += [float(logs["loss"])] if "loss" in (logs or {}) else []

    def counting(batch: Any) -> Any:
        made = collator(batch)
        course.tokens.append(int(made["attention_mask"].sum()) if "attention_mask" in made else made["input_ids"].numel())
        return made

    trainer.data_collator = counting
    trainer.add_callback(Clock())
    return course


def _mean(task: Task) -> float:
    """Tokens of a row, by the first hundred."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(task.base)
    rows = [json.loads(line)["messages"] for line in task.rows.read_text(encoding="utf-8").splitlines()[:100]]
    return statistics.mean(len(tokenizer.apply_chat_template(row, return_dict=True)["input_ids"]) for row in rows)


def _peak_mb() -> float:
    if _on_gpu():
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _on_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def write_mixed(path: Path, rows: int, shortest: int, longest: int, tokens_per_word: float) -> Path:
    """Chats of mixed lengths in tokens, about; short ones are more frequent, as in real chats."""
    dice, words = random.Random(0), _WORDS.split()

    def text(tokens: float) -> str:
        return " ".join(dice.choice(words) for _ in range(max(1, round(tokens / tokens_per_word))))

    def chats() -> Iterator[str]:
        for _ in range(rows):
            half = shortest * (longest / shortest) ** dice.random() / 2
            yield json.dumps({"messages": [{"role": "user", "content": text(half)}, {"role": "assistant", "content": text(half)}]})

    path.write_text("\n".join(chats()) + "\n", encoding="utf-8")
    return path


def write_facts(path: Path) -> Path:
    """The short facts of `benchmarks/teaching/`."""
    facts = [
        fact for file in sorted((ROOT / "benchmarks/teaching").glob("*.json")) for fact in json.loads(file.read_text(encoding="utf-8"))
    ]
    rows = [[{"role": "user", "content": fact["question"]}, {"role": "assistant", "content": fact["answer"]}] for fact in facts]
    random.Random(0).shuffle(rows)
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows), encoding="utf-8")
    return path


def needed_flop(config: Any, trained_share: float, rank: int = 16) -> float:
    """Floating-point operations of a trained token: 4 for each frozen weight, 6 for each of the adapter; the head where tokens are trained.

    Attention's own products and recomputation are not counted, so the share of the limit is a lower bound.
    """
    width, inner = config.hidden_size, config.intermediate_size
    head = getattr(config, "head_dim", None) or width // config.num_attention_heads
    query, key = config.num_attention_heads * head, config.num_key_value_heads * head
    shapes = [(width, query), (width, key), (width, key), (query, width), (width, inner), (width, inner), (inner, width)]
    frozen = config.num_hidden_layers * sum(a * b for a, b in shapes)
    adapter = config.num_hidden_layers * rank * sum(a + b for a, b in shapes)
    return 4.0 * frozen + 6.0 * adapter + 4.0 * width * config.vocab_size * trained_share
