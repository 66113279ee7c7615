"""A bundle that repeats a training without Academy: its rows, a script on plain TRL, its requirements with versions, and how to run it."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from academy.messages import Text, msg
from academy.text import forms
from academy.text.conversations import is_trained, read_conversations
from academy.text.failures import Failure
from academy.trainer.export import template
from academy.trainer.export.papers import public_name

_LIBRARIES = ("torch", "transformers", "peft", "trl", "datasets", "accelerate", "safetensors")
_LORA = ("r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora", "use_dora", "task_type", "bias")
_LEFT_OUT = (
    ("vary_questions", "the questions were also asked in other words"),
    ("goal", "the training ended as soon as every row was known"),
)


def write(
    folder: Path, export: Mapping[str, Any], adapter: Path, config: Mapping[str, Any], dataset: Path, held_out: Path | None
) -> list[Text]:
    """Writes the files into the folder; returns what a person should know. Raises Failure for what plain rows cannot repeat."""
    training = export["training"]
    if training.get("method", "sft") != "sft":
        raise Failure("The adapter learned from preferences, which this bundle cannot repeat. Export the adapter instead.", "unsupported")
    left_out = _write_rows(folder / "train.jsonl", dataset)
    if held_out is not None:
        _write_rows(folder / "eval.jsonl", held_out)
    settings = {"base_model": public_name(export["base"]), "lora": lora_of(config), "trainer": trainer_of(training, export["steps"])}
    (folder / "training.json").write_text(json.dumps(settings, ensure_ascii=False, indent=2), encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("repeat.py"), folder / "train.py")
    (folder / "requirements.txt").write_text("".join(f"{name}=={_version(name)}\n" for name in _LIBRARIES), encoding="utf-8")
    given = _template(adapter)
    if given:
        (folder / "chat_template.jinja").write_text(given, encoding="utf-8")
    (folder / "README.md").write_text(_readme(export), encoding="utf-8")
    different = [msg(why) for name, why in _LEFT_OUT if training.get(name) in (True, "facts")]
    notes: list[Text] = []
    if different:
        notes.append(msg("The script trains on the rows as they are: {why:list}; it repeats the number of steps.", why=different))
    if left_out:
        notes.append(msg("{n:number} rows with thoughts, calls of tools or plain text are left out.", n=left_out))
    return notes


def lora_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the adapter as PEFT takes them."""
    return {name: config[name] for name in _LORA if config.get(name) is not None}


def trainer_of(training: Mapping[str, Any], steps: int | None) -> dict[str, Any]:
    """The settings of the training as TRL takes them; `steps` is where the first run ended."""
    named = {
        "learning_rate": "learning_rate",
        "num_train_epochs": "num_epochs",
        "per_device_train_batch_size": "batch_size",
        "gradient_accumulation_steps": "gradient_accumulation_steps",
        "lr_scheduler_type": "lr_scheduler_type",
        "weight_decay": "weight_decay",
        "max_length": "max_seq_length",
        "gradient_checkpointing": "gradient_checkpointing",
        "seed": "seed",
    }
    found: dict[str, Any] = {theirs: training[ours] for theirs, ours in named.items() if training.get(ours) is not None}
    if training.get("warmup_steps") is not None:
        found["warmup_steps"] = training["warmup_steps"]
    fixed = {"output_dir": "output", "completion_only_loss": True, "report_to": "none", "save_strategy": "no", "logging_steps": 1}
    return found | fixed | ({"max_steps": steps} if steps else {}) | ({} if training.get("precision") == "bf16" else {"bf16": False})


def _write_rows(path: Path, dataset: Path) -> int:
    """Writes each answer with what leads to it, as TRL trains the answer alone; returns how many rows have no such form."""
    left_out = 0
    with open(path, "w", encoding="utf-8") as file:
        for _, turns in read_conversations(dataset):
            left_out += len(turns) == 1 or not forms.is_plain(turns)
            said = [{"role": turn["role"], "content": turn["content"]} for turn in turns]
            for at, turn in enumerate(turns if forms.is_plain(turns) else []):
                if is_trained(turn) and at:
                    file.write(json.dumps({"prompt": said[:at], "completion": [said[at]]}, ensure_ascii=False) + "\n")
    return left_out


def _template(adapter: Path) -> str | None:
    path = adapter / "chat_template.jinja"
    return template.portable(path.read_text(encoding="utf-8")) if path.is_file() else None


def _version(name: str) -> str:
    # A local build such as 2.9.0+cpu is on no index.
    return importlib.metadata.version(name).partition("+")[0]


def _readme(export: Mapping[str, Any]) -> str:
    base = public_name(export["base"])
    return f"""# {export["adapter_name"]}: its training, without Academy

```sh
python -m venv .venv && .venv/bin/pip install -r requirements.txt
.venv/bin/python train.py --base {base}
```

`--base` takes a name on the Hugging Face hub or a folder. The first run used {base}.

| file | |
|---|---|
| train.jsonl | the rows: what leads to an answer, and the answer |
| eval.jsonl | the rows that were held out, where there are any |
| training.json | the settings of LoRA and of the trainer |
| train.py | trains into `adapter/` and asks every row |
| requirements.txt | the versions of the first run |

Academy also asks the questions in other words, mixes in rehearsal, and ends when every row is known; this script does none of that. It
trains the same rows with the same settings for the same number of steps.
"""
