"""Loads a base with an adapter at its strength, merges both, and writes the merged model as transformers reads it."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

from academy.bases import header_of, weight_files
from academy.chat.memory import free_memory
from academy.errors import Refused, foreign_code
from academy.messages import Text, msg
from academy.text.failures import Failure
from academy.text.templates import ChatForm, choose
from academy.text.tokens import load_tokenizer
from academy.trainer.compute.model import weights_count
from academy.trainer.export.template import portable
from academy.trainer.spec import Spec

_LIBRARIES = 700 << 20  # bytes of torch and transformers in memory
_SHARD = "4GB"


@dataclass
class Joined:
    """A base with its adapter, and the form that it was trained in."""

    model: Any
    tokenizer: Any
    form: ChatForm
    template: str  # as other programs get it
    notes: list[Text] = field(default_factory=list)

    @property
    def ends(self) -> list[int]:
        """The tokens that end an answer, the trained one first."""
        own = self.tokenizer.convert_tokens_to_ids(self.form.end_token)
        return [*dict.fromkeys(token for token in (own, self.tokenizer.eos_token_id) if token is not None)]


def load(spec: Spec, adapter: Path, strength: float, *, thoughts: bool = False) -> Joined:
    """The base with the adapter on it, on the CPU, in fp32 where that fits into the memory; raises Failure."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    notes: list[Text] = []
    if spec.knob("quantization") != "none":
        notes.append("The adapter was trained on a base in 4 or 8 bits and is merged into the full one; small differences are normal.")
    dtype = choose_dtype(spec.base_path)
    if dtype is not torch.float32:
        notes.append("The memory does not hold the model in fp32, so it was merged in bf16, which rounds a little more.")
    with foreign_code("Loading the base model", hint="Fetch or copy it again."):
        model = transformers.AutoModelForCausalLM.from_pretrained(spec.base_path, dtype=dtype, local_files_only=True, use_safetensors=True)
        if getattr(model.config, "quantization_config", None) is not None:
            model = model.dequantize()
            notes.append("The base model's files are quantized; they were unpacked for the merge.")
    _check_vocabulary(model, adapter)
    _untie(model, adapter)
    with foreign_code("Putting the adapter on its base model", hint="Export it as a zip instead (adapter)."):
        joined = peft.PeftModel.from_pretrained(model, str(adapter), autocast_adapter_dtype=False)
    if strength != 1:
        _scale(joined, strength)
    joined.eval().requires_grad_(False)
    tokenizer = load_tokenizer(spec.base_path)
    form = choose(tokenizer)
    own = form.template if form.route == "plain" else tokenizer.get_chat_template()
    return Joined(joined, tokenizer, form, portable(own, thoughts=thoughts), notes)


def choose_dtype(base: Path) -> Any:
    """fp32 where the model fits with some room, else bf16; raises Failure where it fits in neither."""
    weights, free = weights_count(base), free_memory()
    for dtype in (torch.float32, torch.bfloat16):
        needed = int(1.25 * dtype.itemsize * weights) + _LIBRARIES
        if free is None or needed <= free:
            return dtype
    raise Failure(msg(_NO_MEMORY, needed=needed, free=free), "out_of_memory")


_NO_MEMORY = "The export needs about {needed:size} of memory, and {free:size} are free. Close other programs, or export the adapter alone."


def merged(joined: Joined) -> Any:
    """The model with the adapter in its weights; afterwards there is no adapter."""
    with foreign_code("Merging the adapter", hint="Export it as a zip instead (adapter)."):
        return joined.model.merge_and_unload(safe_merge=True)


def write(model: Any, joined: Joined, base: Path, folder: Path) -> None:
    """Writes the merged model with its tokenizer, template and end tokens, in the type of the base's own files."""
    folder.mkdir()
    model.to(stored_dtype(base))
    settings = model.generation_config
    settings.eos_token_id = joined.ends if len(joined.ends) > 1 else joined.ends[0]
    # A base may come with sampling settings that transformers itself refuses to save.
    for name in ("temperature", "top_p", "top_k", "min_p", "typical_p"):
        setattr(settings, name, None)
    settings.do_sample = False
    model.save_pretrained(str(folder), max_shard_size=_SHARD)
    joined.tokenizer.chat_template = joined.template
    joined.tokenizer.save_pretrained(str(folder))
    config = json.loads((base / "config.json").read_bytes())
    written = json.loads((folder / "config.json").read_bytes())
    # Other programs compute in the type that the base names.
    wanted = config.get("dtype") or config.get("torch_dtype")
    written |= {"dtype": wanted} if isinstance(wanted, str) else {}
    (folder / "config.json").write_text(json.dumps(written, indent=2), encoding="utf-8")


def stored_dtype(base: Path) -> Any:
    """The type of the base's matrices on the disk; bf16 for packed ones."""
    names = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    for path in weight_files(base):
        for name, entry in header_of(path).items():
            if name != "__metadata__" and len(entry["shape"]) == 2 and entry["dtype"] in names:
                return names[entry["dtype"]]
    return torch.bfloat16


def scaled_config(config: dict[str, Any], strength: float) -> dict[str, Any]:
    """An adapter_config.json whose adapter acts that strongly: everything that it adds is proportional to alpha."""
    if strength == 1:
        return config
    patterns = {name: alpha * strength for name, alpha in (config.get("alpha_pattern") or {}).items()}
    return config | {"lora_alpha": config["lora_alpha"] * strength, "alpha_pattern": patterns}


def _scale(model: Any, strength: float) -> None:
    from peft.tuners.lora import LoraLayer

    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name in module.scaling:
                module.scaling[name] *= strength


def _untie(model: Any, adapter: Path) -> None:
    """Gives the head its own weights where an adapter changes only it, or only the embedding."""
    keys = [name for name in header_of(adapter / "adapter_model.safetensors") if name != "__metadata__"]
    touched = [any(f".{part}." in f".{key}." for key in keys) for part in ("lm_head", "embed_tokens")]
    if not any(touched) or not getattr(model.config, "tie_word_embeddings", False):
        return
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone())
    model.config.tie_word_embeddings = False
    with contextlib.suppress(AttributeError):
        model._tied_weights_keys = None


def _check_vocabulary(model: Any, adapter: Path) -> None:
    """Raises Refused for an adapter that brings an embedding of another size than the base's."""
    rows = model.get_input_embeddings().weight.shape[0]
    for name, entry in header_of(adapter / "adapter_model.safetensors").items():
        if name.endswith(("embed_tokens.weight", "lm_head.weight")) and ".lora_" not in name and entry["shape"][0] != rows:
            raise Refused(
                "The adapter brings a vocabulary of {n} words, and its base model has {rows}.",
                hint="Export it as a zip instead (adapter).",
                n=entry["shape"][0],
                rows=rows,
            )
