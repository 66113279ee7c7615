"""What lies beside the exported weights: the model card, the Modelfile of Ollama, and the commands that use the files. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from academy.adapters.check import WEIGHTS
from academy.bases import header_of
from academy.general import shows_forgetting
from academy.text.markdown import inert

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM takes


def modelfile(file: str, template: str | None, ends: Sequence[str], repeat_penalty: float) -> str:
    """Names the merged file, with the trained form of a conversation and the settings under which it was checked."""
    lines = [f"FROM ./{file}"]
    if template is None:
        lines.append("# Ollama takes the chat template from the file.")
    else:
        lines.append(f'TEMPLATE """{template}"""')
    lines += [f"PARAMETER stop {json.dumps(end, ensure_ascii=False)}" for end in ends]
    lines += ["# The most likely answer, without Ollama's own penalty on words that occur twice.", "PARAMETER temperature 0"]
    lines.append(f"PARAMETER repeat_penalty {repeat_penalty:g}")
    return "\n".join(lines) + "\n"


def commands(format: str, file: str, base: str, rank: int, plain: bool) -> list[dict[str, str]]:
    """The commands that use an export; `plain`: an adapter that vLLM can put on a base."""
    name = file.rpartition(".")[0]
    if format == "gguf":
        return [
            {"label": "Ollama", "text": f"ollama create {name} -f {name}.Modelfile && ollama run {name}"},
            {"label": "LM Studio", "text": f"lms import {file}"},
            {"label": "llama.cpp", "text": f"llama-server -m {file}"},
            {"label": "Hugging Face", "text": f"hf upload {name} {file} --private"},
        ]
    if format == "merged":
        return [
            {"label": "vLLM", "text": f"unzip {file} -d {name} && vllm serve ./{name}"},
            {"label": "Hugging Face", "text": f"unzip {file} -d {name} && hf upload {name} ./{name} --private"},
        ]
    if format == "bundle":
        return [{"label": "Python", "text": f"unzip {file} -d {name} && cd {name} && pip install -r requirements.txt && python train.py"}]
    unpack = {"label": "PEFT", "text": f'unzip {file} -d {name}  # then PeftModel.from_pretrained(base, "{name}")'}
    upload = {"label": "Hugging Face", "text": f"unzip {file} -d {name} && hf upload {name} ./{name} --private"}
    if not plain:
        return [unpack, upload]
    most = next((size for size in _RANKS if size >= rank), rank)
    line = f"vllm serve {base} --enable-lora --max-lora-rank {most} --lora-modules {name}=./{name}"
    return [{"label": "vLLM", "text": f"unzip {file} -d {name} && {line}"}, unpack, upload]


def card(export: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> str:
    """The model card: base, lessons, figures and license, and none of the lessons themselves."""
    head: dict[str, Any] = {"base_model": public_name(export["base"]), "pipeline_tag": "text-generation"}
    head |= {"library_name": "peft"} if export["format"] == "adapter" else {}
    head |= {"license": export["license"].lower()} if export["license"] else {}
    facts = [
        ("Base model", public_name(export["base"])),
        ("License of the base model", export["license"] or "see the base model"),
        ("Trained", export["created_at"]),
        ("Lessons", _lessons(export)),
        ("Steps", export["steps"]),
        ("Strength of the adapter", f"{export['strength']:.0%}" if export["strength"] != 1 else None),
        *_figures(export["figures"]),
        *[(f"Same greedy answers as the adapter ({check['engine']})", f"{check['right']} of {check['of']}") for check in checks],
    ]
    rows = "".join(f"| {name} | {inert(str(value))} |\n" for name, value in facts if value not in (None, ""))
    front = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in head.items())
    said = "".join(f"- {inert(note)}\n" for note in notes)
    knobs = "".join(f"| {name} | {inert(str(value))} |\n" for name, value in export["training"].items() if value not in (None, ""))
    return f"""---
{front}tags: [lora, academy]
---
# {inert(export["adapter_name"])}

Made with Academy.

| | |
|---|---|
{rows}
{said}
## Training

| | |
|---|---|
{knobs}
## Limits

It has learned what its lessons say, right or wrong, and keeps the limits of its base model.
"""


def public_name(base: str) -> str:
    """A base's name for others: of a path on this machine only the end."""
    return Path(base).name if Path(base).is_absolute() else base


def is_plain(adapter: Path, config: Mapping[str, Any]) -> bool:
    """Whether an adapter is LoRA and nothing else, which is what vLLM puts on a base."""
    extras = ("use_dora", "modules_to_save", "trainable_token_indices", "target_parameters", "alpha_pattern", "rank_pattern")
    lora = all(".lora_A." in name or ".lora_B." in name for name in header_of(adapter / WEIGHTS) if name != "__metadata__")
    return lora and not any(config.get(name) for name in extras)


def _lessons(export: Mapping[str, Any]) -> str:
    count = f"{export['train_rows']:,}" if export["train_rows"] else ""
    return " ".join(part for part in (count, f"of the dataset {export['dataset_name']}" if export["dataset_name"] else "") if part)


def _figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    if known := figures.get("known"):
        found.append(("Lessons known word for word", f"{known['rows']} of {known['of']}"))
    if rephrased := figures.get("rephrased"):
        found.append(("Right in other words", f"{rephrased['right']} of {rephrased['of']}"))
    if general := figures.get("general"):
        counts = f"{general['right_before']} before, {general['right_after']} after, of {general['of']}"
        few = "" if shows_forgetting(general["right_before"], general["of"]) else "; too few before to tell what was forgotten"
        found.append(("General questions right", counts + few))
    return found
