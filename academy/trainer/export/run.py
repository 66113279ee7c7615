"""Runs an export: makes the files, asks them what was taught, and writes the record."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

from academy.adapters.check import WEIGHTS, read_config
from academy.errors import AcademyError, foreign_code
from academy.files import now, sync_folder
from academy.jobs.folder import JobFolder, remove
from academy.messages import Message, Text, msg, to_json
from academy.text.failures import Failure
from academy.trainer.checkpoints import replace_file
from academy.trainer.convert import restore_rope
from academy.trainer.export import ask, bundle, merge, papers, template
from academy.trainer.export.gguf_file import write_f16
from academy.trainer.export.merge import Joined
from academy.trainer.export.quantize import quantize
from academy.trainer.report import Report
from academy.trainer.spec import Spec

_CHUNK = 8 << 20
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip of the same files is the same file


@dataclass
class Work:
    """One export: where it is made, what was asked of it, and what a person should know."""

    spec: Spec
    wish: dict[str, Any]  # the export's parameters
    report: Report
    adapter: Path
    place: Path
    aside: Path
    asked: list[ask.Question] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, message: Text, fraction: float) -> None:
        """Reports what is done now and the part that is behind."""
        self.report.preparing("export", message, round(fraction, 3))

    @property
    def stem(self) -> str:
        """The files' name without its ending."""
        return self.wish["stem"]

    @property
    def config(self) -> dict[str, Any]:
        """The adapter's settings."""
        return read_config(self.adapter)


def run(spec: Spec, report: Report) -> None:
    """The export, up to the `finished` event; the files take their place in one step, so a kill leaves nothing half."""
    if spec.continue_from is None or not spec.continue_from.is_dir():
        raise Failure("The adapter is gone. Choose another one.", "bad_adapter")
    transformers.utils.logging.disable_progress_bar()
    folder = JobFolder(spec.folder)
    wish = json.loads(folder.spec.read_bytes())["export"]
    remove(folder.converting)
    place = folder.converting / "made"
    place.mkdir(parents=True)
    work = Work(spec, wish, report, spec.continue_from, place, folder.converting)
    try:
        made = {"adapter": _adapter, "bundle": _bundle, "merged": _model, "gguf": _model}[wish["format"]](work)
        _finish(work, made)
        remove(folder.export)
        os.rename(place, folder.export)
        sync_folder(folder.path)
    finally:
        remove(folder.converting)
    report.event("finished")
    report.sync()


# ------------------------------------------------------------------ an adapter, a bundle


def _adapter(work: Work) -> list[Path]:
    """A zip in PEFT's form whose strength is 1: what a person chose here is part of its alpha."""
    folder, config, strength = work.aside / "adapter", work.config, work.wish["strength"]
    folder.mkdir()
    os.link(work.adapter / WEIGHTS, folder / WEIGHTS)
    scaled = merge.scaled_config(config, strength) | {"base_model_name_or_path": papers.public_name(work.wish["base"])}
    _write_json(folder / "adapter_config.json", scaled)
    if strength != 1:
        work.notes.append(msg("The strength of {percent} % is part of the adapter's lora_alpha.", percent=round(100 * strength)))
    if (work.adapter / "chat_template.jinja").is_file():
        written = (work.adapter / "chat_template.jinja").read_text(encoding="utf-8")
        (folder / "chat_template.jinja").write_text(template.portable(written), encoding="utf-8")
    if not papers.is_plain(work.adapter, config):
        work.notes.append("vLLM cannot put this adapter on its base (it is more than plain LoRA); export it merged for vLLM.")
    if work.spec.base_path.is_dir() and str(work.spec.base_path) != ".":
        joined = _join(work)
        own = _own_answers(work, joined)
        joined.model = None
        again = merge.load(work.spec, folder, 1.0)
        _check(work, "peft", own, again.model, again.tokenizer, again.ends, joined)
    else:
        work.notes.append("The base model is not on this machine, so the adapter was not asked.")
    (folder / "README.md").write_text(_card(work), encoding="utf-8")
    return [_zip(folder, work.place / f"{work.stem}.zip")]


def _bundle(work: Work) -> list[Path]:
    """A zip that repeats the training with plain transformers, PEFT and TRL."""
    folder = work.aside / "bundle"
    folder.mkdir()
    work.tell("Writing the bundle.", 0.3)
    dataset = work.spec.dataset_path if work.spec.has_dataset else None
    if dataset is None or not dataset.is_file():
        raise Failure(
            "The dataset of this adapter is gone, so its training cannot be repeated. Export the adapter instead.", "missing_dataset"
        )
    held_out = work.spec.eval_path if work.spec.eval_path and work.spec.eval_path.is_file() else None
    work.notes += bundle.write(folder, work.wish, work.adapter, work.config, dataset, held_out)
    work.notes.insert(0, "The bundle holds the rows of the dataset: give it only to people who may read them.")
    return [_zip(folder, work.place / f"{work.stem}.zip")]


# ------------------------------------------------------------------ a merged model, a GGUF file


def _model(work: Work) -> list[Path]:
    joined = _join(work)
    own = _own_answers(work, joined)
    work.tell("Merging the adapter into its base.", 0.3)
    folder = work.aside / "model"
    model = merge.merged(joined)
    joined.model = None
    merge.write(model, joined, work.spec.base_path, folder)
    repeat_penalty = float(getattr(model.generation_config, "repetition_penalty", None) or 1.0)
    del model
    gc.collect()
    return _gguf(work, joined, own, folder, repeat_penalty) if work.wish["format"] == "gguf" else _merged(work, joined, own, folder)


def _merged(work: Work, joined: Joined, own: Sequence[str | None], folder: Path) -> list[Path]:
    work.tell("Asking the merged model.", 0.6)
    model, tokenizer = _load(folder, merge.choose_dtype(folder))
    _check(work, "transformers", own, model, tokenizer, model.generation_config.eos_token_id, joined)
    del model
    gc.collect()
    (folder / "README.md").write_text(_card(work), encoding="utf-8")
    work.tell("Packing the files.", 0.85)
    return [_zip(folder, work.place / f"{work.stem}.zip")]


def _gguf(work: Work, joined: Joined, own: Sequence[str | None], folder: Path, repeat_penalty: float) -> list[Path]:
    quantization, target = work.wish["quantization"], work.place / f"{work.stem}.gguf"
    work.tell("Writing the GGUF file.", 0.45)
    full = target if quantization == "f16" else work.aside / "f16.gguf"
    write_f16(folder, full, work.wish["adapter_name"], work.report)
    config = json.loads((folder / "config.json").read_bytes())
    remove(folder)
    if quantization != "f16":
        message = msg("Packing the weights into {type}.", type=quantization.upper())
        quantize(full, target, quantization, lambda part: work.tell(message, 0.5 + 0.15 * part))
        full.unlink()
    work.tell("Asking the GGUF file.", 0.65)
    with foreign_code("Reading the GGUF file again", hint="Export it as merged safetensors instead."):
        model, tokenizer = _load_gguf(target)
    if model.config.model_type != config.get("model_type"):
        work.notes.append(msg("transformers reads the file as {type}.", type=model.config.model_type))
    _check(work, "transformers", own, model, tokenizer, [tokenizer.eos_token_id, *joined.ends], joined)
    del model
    gc.collect()
    _ask_llama_cpp(work, joined, own, target)
    ends = [joined.tokenizer.convert_ids_to_tokens(end) for end in joined.ends]
    written = papers.modelfile(target.name, _ollama_template(work, joined), ends, repeat_penalty)
    beside = work.place / f"{work.stem}.Modelfile"
    beside.write_text(written, encoding="utf-8")
    described = work.place / f"{work.stem}.md"
    described.write_text(_card(work), encoding="utf-8")
    return [target, beside, described]


def _load(folder: Path, dtype: Any) -> tuple[Any, Any]:
    model = transformers.AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True, use_safetensors=True)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


def _load_gguf(path: Path) -> tuple[Any, Any]:
    """The model and the tokenizer as transformers' own reader makes them of the file alone."""
    from academy.bases import gguf

    folder, name = str(path.parent), path.name
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)
    config = transformers.AutoConfig.from_pretrained(folder, gguf_file=name)
    restore_rope(gguf.read(path), config)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder,
        config=config,
        gguf_file=name,
        dtype=torch.float32,
        quantization_config=transformers.GgufConfig(dequantize=True),
        local_files_only=True,
    )
    return model.eval(), tokenizer


def _ollama_template(work: Work, joined: Joined) -> str | None:
    def render(messages: list[dict[str, str]]) -> str:
        return _rendered(joined, messages)

    bos = joined.tokenizer.bos_token or ""
    adds_bos = bool(bos) and joined.tokenizer("a")["input_ids"][:1] == [joined.tokenizer.bos_token_id]
    found = template.turns(render, bos if adds_bos else "")
    written = template.go_template(found) if found else None
    if written is None:
        work.notes.append("The chat template cannot be written for Ollama, which then uses the one in the file.")
    return written


def _rendered(joined: Joined, messages: list[dict[str, str]]) -> str:
    with foreign_code("The chat template"):
        return joined.tokenizer.apply_chat_template(messages, chat_template=joined.template, add_generation_prompt=True, tokenize=False)


# ------------------------------------------------------------------ the check


def _join(work: Work) -> Joined:
    work.tell(msg("Loading {base}.", base=papers.public_name(work.wish["base"])), 0.0)
    work.asked = ask.questions(work.spec.dataset_path if work.spec.has_dataset else None, work.wish["questions"])
    thoughts = any(item.thinks for item in work.asked)
    joined = merge.load(work.spec, work.adapter, work.wish["strength"], thoughts=thoughts)
    work.notes += joined.notes
    strength = work.wish["strength"]
    if strength != 1 and work.wish["format"] in ("merged", "gguf"):
        work.notes.append(msg("The adapter is merged at its strength of {percent} %.", percent=round(100 * strength)))
    if work.config.get("modules_to_save") and strength != 1:
        work.notes.append("Its strength does not apply to the modules that it replaces whole (modules_to_save).")
    return joined


def _own_answers(work: Work, joined: Joined) -> list[str | None]:
    """The adapter's own answers, before anything is merged."""
    if not work.asked:
        work.notes.append("There is no dataset and no golden question, so nothing was asked.")
        return []
    work.tell("Asking the adapter what it was taught.", 0.1)
    prompts = ask.own_prompts(joined.tokenizer, joined.form, work.asked)
    return ask.answers(joined.model, joined.tokenizer, prompts, ask.lengths(joined.tokenizer, work.asked), joined.ends)


def _check(work: Work, engine: str, own: Sequence[str | None], model: Any, tokenizer: Any, ends: Any, joined: Joined) -> None:
    if not work.asked:
        return
    stops = [*dict.fromkeys(end for end in (ends if isinstance(ends, list) else [ends]) if end is not None)]
    try:
        tokenizer.chat_template = tokenizer.chat_template or joined.template
        prompts = ask.template_prompts(tokenizer, joined.form, work.asked)
    except AcademyError as error:
        work.notes.append(msg("The exported chat template refuses the questions: {why}", why=error.message_text))
        return
    theirs = ask.answers(model, tokenizer, prompts, ask.lengths(joined.tokenizer, work.asked), stops)
    _count(work, engine, own, theirs)


def _ask_llama_cpp(work: Work, joined: Joined, own: Sequence[str | None], path: Path) -> None:
    if not work.asked:
        return
    found = ask.ask_llama_cpp(path, joined.form, work.asked, ask.lengths(joined.tokenizer, work.asked), work.report)
    if isinstance(found, tuple):
        _count(work, found[0], own, found[1])
    elif found is not None:
        work.notes.append(found)


def _count(work: Work, engine: str, own: Sequence[str | None], theirs: Sequence[str | None]) -> None:
    check = ask.compared(engine, work.asked, own, theirs)
    work.checks.append(check)
    work.report.say(f"check: {check['right']} of {check['of']} answers are the adapter's own ({engine})")


# ------------------------------------------------------------------ files


def _card(work: Work) -> str:
    return papers.card(work.wish, work.checks, [str(note) for note in work.notes])


def _finish(work: Work, files: Iterable[Path]) -> None:
    """Makes the files durable and writes the record, which means that all of them are there."""
    work.tell("Computing the checksums.", 0.95)
    described = []
    for path in files:
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            os.fsync(file.fileno())
        described.append({"name": path.name, "size_bytes": path.stat().st_size, "sha256": digest.hexdigest()})
    main = described[0]["name"]
    base = str(work.spec.base_path) if Path(work.wish["base"]).is_absolute() or "/" not in work.wish["base"] else work.wish["base"]
    record = {
        "format": work.wish["format"],
        "quantization": work.wish["quantization"] if work.wish["format"] == "gguf" else None,
        "created_at": now(),
        "strength": work.wish["strength"],
        "files": described,
        "checks": work.checks,
        "commands": papers.commands(
            work.wish["format"], main, base, int(work.config.get("r") or 16), papers.is_plain(work.adapter, work.config)
        ),
        "notes": [to_json(note) if isinstance(note, Message) else note for note in work.notes],
    }
    replace_file(work.place / "export.json", json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1))
    sync_folder(work.place)


def _zip(folder: Path, target: Path) -> Path:
    """Packs a folder's files without compressing weights, which do not shrink; each file goes as soon as it is packed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), _OLDEST)
                entry.external_attr = 0o644 << 16
                with open(path, "rb") as source, archive.open(entry, "w", force_zip64=True) as written:
                    while chunk := source.read(_CHUNK):
                        written.write(chunk)
                path.unlink()
    return target


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
