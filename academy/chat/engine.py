"""Holds one base model with at most one adapter on it, swaps adapters without reloading, and writes replies token by token."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from academy.adapters.check import WEIGHTS
from academy.adapters.store import Adapter
from academy.bases import Base, BaseFacts, facts
from academy.chat.decoding import COLDEST, Spelling, draw, end_tokens, takes_keep
from academy.chat.request import Loaded, Outcome, Sampling
from academy.chat.swapping import Slot, _places, same_places, without_bitsandbytes
from academy.errors import AcademyError, Invalid, Refused, Unavailable
from academy.text.templates import _render, renders

log = logging.getLogger(__name__)


_SMALL = 50_000_000
"""Models with fewer parameters are read by one thread in fp32: on a CPU that is the fastest for them, and the most exact."""


class TransformersEngine:
    """The engine on transformers and PEFT; everything heavy is imported by the first question."""

    def __init__(self, *, use_gpu: bool = True) -> None:
        self._use_gpu = use_gpu
        self._base: Base | None = None
        self._quantization = "none"
        self._model: Any = None
        self._peft: Any = None
        self._tokenizer: Any = None
        self._slot: Slot | None = None
        self._count = 0
        self._ends: frozenset[int] = frozenset()
        self._takes_system = True
        self._parts = False
        self._limit = 2048
        self._threads = 0

    @property
    def loaded(self) -> Loaded | None:
        base, model, slot = self._base, self._model, self._slot
        if base is None or model is None:
            return None
        return Loaded(base, str(model.device), slot.adapter_id if slot else None)

    def on_gpu(self) -> bool:
        return self._device() != "cpu"

    def prepare(self, base: Base, adapter: Adapter | None) -> None:
        wanted = str(adapter.parameters.get("quantization", "none")) if adapter is not None else None
        if wanted is not None and self._device() != "cuda":
            wanted = "none"  # the packed formats need CUDA; an adapter answers just as well on the whole weights
        with self._memory_errors():
            if self._base is None or self._base.path != base.path or (wanted is not None and wanted != self._quantization):
                self._load(base, wanted or "none")
            if adapter is not None:
                with without_bitsandbytes(self._device() != "cuda"):
                    self._swap(adapter)

    def generate(
        self, messages: list[dict[str, str]], adapter: Adapter | None, sampling: Sampling, stop: threading.Event
    ) -> Iterator[str | Outcome]:
        with self._memory_errors():
            ids, notes = self._fit(messages, sampling.max_new_tokens)
            room = min(sampling.max_new_tokens, self._limit - len(ids))
            said = Spelling(self._tokenizer)
            count, finish = 0, "length"
            with self._only(adapter):
                for token in self._tokens(ids, sampling, adapter):
                    if stop.is_set():
                        finish = "stopped"
                        break
                    count += 1
                    if token in self._ends:
                        finish = "end"
                        break
                    if piece := said.feed(token):
                        yield piece
                    if count >= room:
                        break
            if rest := said.rest():
                yield rest
            yield Outcome(len(ids), count, finish, tuple(notes))

    def unload(self) -> None:
        self._base = self._model = self._peft = self._tokenizer = self._slot = None
        import gc

        gc.collect()
        torch = _torch()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    # ------------------------------------------------------------------ loading

    def _load(self, base: Base, quantization: str) -> None:
        assert base.path is not None
        self.unload()
        torch = _torch()
        import transformers

        device, known = self._device(), facts(base.path)
        # A small model's step is too short to share: beside a training, two threads were 5 to 30 times slower than one.
        small = device == "cpu" and known.parameters < _SMALL
        self._threads = self._threads or torch.get_num_threads()
        torch.set_num_threads(1 if small else self._threads)
        dtype = torch.float32 if small else _dtype(torch, device)
        self._check_memory(base, known, device, quantization, dtype.itemsize)
        options: dict[str, Any] = {"dtype": dtype, "local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
        if device == "cuda":
            options["device_map"] = {"": 0}
        if quantization in ("4bit", "8bit"):
            packed: dict[str, Any] = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype}
            chosen: dict[str, Any] = packed if quantization == "4bit" else {"load_in_8bit": True}
            options["quantization_config"] = transformers.BitsAndBytesConfig(**chosen)
        transformers.utils.logging.disable_progress_bar()
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(base.path, local_files_only=True, trust_remote_code=False)
            model = transformers.AutoModelForCausalLM.from_pretrained(base.path, **options)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError) as error:
            if _is_memory(error):
                raise
            log.warning("The base model %s cannot be loaded.", ascii(base.name), exc_info=True)
            why = " ".join(str(error).split()).replace(str(base.path), base.name)[:300]
            raise Refused(
                f"The base model {base.name!r} cannot be loaded: {why}", hint="Fetch or copy it again, or choose another one."
            ) from error
        if device == "mps":
            model = model.to("mps")  # pyright: ignore[reportCallIssue, reportArgumentType]
        model.eval()
        model.requires_grad_(False)
        self._tokenizer, self._model, self._quantization = tokenizer, model, quantization
        self._ends = end_tokens(tokenizer, model)
        self._parts = not renders(tokenizer, "user", parts=False) and renders(tokenizer, "user", parts=True)
        self._takes_system = renders(tokenizer, "system", parts=self._parts)
        self._limit = _context(tokenizer, model)
        self._base = base

    def _device(self) -> str:
        if not self._use_gpu:
            return "cpu"
        torch = _torch()
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def _check_memory(self, base: Base, known: BaseFacts, device: str, quantization: str, itemsize: int) -> None:
        needed = int(known.parameters * {"4bit": 0.6, "8bit": 1.1}.get(quantization, itemsize))
        free = _torch().cuda.mem_get_info()[0] if device == "cuda" else free_memory()
        # A machine that runs out of memory ends the whole app, so this is asked first.
        if free is not None and needed * 1.05 + (64 << 20) > free:
            raise Unavailable(
                f"{base.name} needs about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free.",
                hint="Close what else uses it, or chat with a smaller base model.",
            )

    # ----------------------------------------------------------------- adapters

    def _swap(self, adapter: Adapter) -> None:
        status = (adapter.path / WEIGHTS).stat()
        stamp = (status.st_mtime_ns, status.st_size)
        slot = self._slot
        if slot is not None and slot.adapter_id == adapter.adapter_id and slot.stamp == stamp:
            return
        from peft import PeftConfig
        from safetensors.torch import load_file

        try:
            config = PeftConfig.from_pretrained(str(adapter.path))
            tensors = load_file(adapter.path / WEIGHTS)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _refused(adapter, "it cannot be read") from error
        config.inference_mode = True
        if slot is not None and same_places(slot, config, tensors):
            self._refill(slot, config, tensors)
            self._slot = replace(slot, adapter_id=adapter.adapter_id, stamp=stamp, config=config)
        else:
            self._insert(adapter, stamp, config, tensors)

    def _refill(self, slot: Slot, config: Any, tensors: dict[str, Any]) -> None:
        """The swap of milliseconds: new numbers into the places of the old ones. Nothing in here can fail half-way but for memory."""
        from peft.utils.other import get_pattern_key

        ready = {name: tensor.to(slot.parameters[name].device, slot.parameters[name].dtype) for name, tensor in tensors.items()}
        for name, tensor in ready.items():
            place = slot.parameters[name]
            if place.shape == tensor.shape:
                place.data.copy_(tensor)
            else:
                place.data = tensor
        for name, module in slot.layers:
            alpha = config.alpha_pattern.get(get_pattern_key(config.alpha_pattern.keys(), name), config.lora_alpha)
            weights = module.lora_A[slot.name].weight if slot.name in module.lora_A else module.lora_embedding_A[slot.name]
            rank = weights.shape[0]
            module.r[slot.name], module.lora_alpha[slot.name] = rank, alpha
            module.scaling[slot.name] = alpha / (math.sqrt(rank) if config.use_rslora else rank)

    def _insert(self, adapter: Adapter, stamp: tuple[int, int], config: Any, tensors: dict[str, Any]) -> None:
        """Puts an adapter of another make beside the old one, and takes the old one away when all of it is there."""
        from peft import PeftModel, set_peft_model_state_dict
        from peft.tuners.lora import LoraLayer

        self._count += 1
        name = f"adapter{self._count}"
        config.init_lora_weights = True  # how it was begun no longer matters, and some ways would touch the base model
        before = self._slot
        try:
            if self._peft is None:
                self._peft = PeftModel(self._model, config, adapter_name=name, autocast_adapter_dtype=False)
            else:
                self._peft.add_adapter(name, config, autocast_adapter_dtype=False)
            result = set_peft_model_state_dict(self._peft, tensors, adapter_name=name)
            missing = [key for key in result.missing_keys if f".{name}" in key]
            if missing or result.unexpected_keys:
                odd = missing or list(result.unexpected_keys)
                raise _refused(adapter, f"{len(odd)} of its weights have no place in the base model, or none for theirs ({odd[0]})")
            self._peft.set_adapter(name)
            self._peft.eval()
            self._peft.requires_grad_(False)
        except BaseException as error:
            self._take_out(name)
            if before is not None and self._peft is not None:
                self._peft.set_adapter(before.name)
            if isinstance(error, RuntimeError | ValueError | KeyError) and not _is_memory(error):
                raise _refused(adapter, "its weights do not fit the base model") from error
            raise
        if before is not None:
            self._take_out(before.name)
        layers = [
            (path, layer)
            for path, layer in self._peft.base_model.model.named_modules()
            if isinstance(layer, LoraLayer) and name in layer.scaling
        ]
        self._slot = Slot(name, adapter.adapter_id, stamp, config, _places(self._peft, name), layers)

    def _take_out(self, name: str) -> None:
        if self._peft is None or name not in self._peft.peft_config:
            return
        if len(self._peft.peft_config) > 1:
            self._peft.delete_adapter(name)
        else:
            # The last one cannot be deleted by itself; unload gives the base model back as it was.
            self._model, self._peft = self._peft.unload(), None

    @contextlib.contextmanager
    def _only(self, adapter: Adapter | None) -> Iterator[None]:
        """Inside, the base model answers with this adapter, or with none."""
        if adapter is None and self._peft is not None:
            with self._peft.disable_adapter():
                yield
        else:
            yield

    # --------------------------------------------------------------------- text

    def _fit(self, messages: list[dict[str, str]], max_new_tokens: int) -> tuple[list[int], list[str]]:
        """The prompt's tokens; where the conversation is too long, without its oldest turns."""
        room = self._limit - min(max_new_tokens, max(16, self._limit // 4))
        notes: list[str] = []
        system = [message for message in messages if message["role"] == "system"]
        turns = [message for message in messages if message["role"] != "system"]
        if system and not self._takes_system:
            notes.append("The template of this model knows no system prompt; it was put before the first question.")
        left_out = 0
        while True:
            ids = self._encode(system, turns)
            if len(ids) <= room:
                break
            if len(turns) == 1:
                if len(ids) >= self._limit:
                    raise Invalid(
                        f"The message is too long: {len(ids):,} tokens, and {self._base.name if self._base else 'the model'} "
                        f"reads at most {self._limit:,}.",
                        hint="Shorten it.",
                        code="context_length_exceeded",
                    )
                break
            # Up to the next question, so that a conversation still begins with the user.
            cut = next((place for place in range(1, len(turns)) if turns[place]["role"] == "user"), len(turns) - 1)
            left_out += cut
            turns = turns[cut:]
        if left_out:
            notes.append(f"The conversation is longer than the model can read; its {left_out} oldest messages were left out.")
        return ids, notes

    def _encode(self, system: list[dict[str, str]], turns: list[dict[str, str]]) -> list[int]:
        text = "\n\n".join(message["content"] for message in system)
        if text and self._takes_system:
            turns = [{"role": "system", "content": text}, *turns]
        elif text:
            first = next(place for place, turn in enumerate(turns) if turn["role"] == "user")
            turns = [*turns]
            turns[first] = turns[first] | {"content": f"{text}\n\n{turns[first]['content']}"}
        tokenizer = self._tokenizer
        try:
            prompt = _render(tokenizer, turns, self._parts)
        except Exception as error:
            # Templates raise what they like (jinja2, TypeError): it is the conversation that does not suit them.
            raise Invalid(
                f"The chat template of this model does not take this conversation: {' '.join(str(error).split())[:200]}",
                hint="Let the turns alternate, beginning with the user.",
            ) from error
        return tokenizer(prompt, add_special_tokens=False)["input_ids"]

    # ------------------------------------------------------------------- tokens

    def _tokens(self, ids: list[int], sampling: Sampling, adapter: Adapter | None) -> Iterator[int]:
        """The likeliest, or drawn, tokens one after another, without end."""
        torch = _torch()
        settings = self._model.generation_config
        penalty = settings.repetition_penalty or 1.0
        generator = torch.Generator("cpu")
        if sampling.seed is None:
            generator.seed()
        else:
            generator.manual_seed(sampling.seed)
        seen = list(ids)
        step, cache = ids, None
        while True:
            with torch.inference_mode():
                batch = torch.tensor([step], device=self._model.device)
                output = self._model(input_ids=batch, past_key_values=cache, use_cache=True, **self._keep())
                logits = output.logits[0, -1].float()
                if penalty != 1.0:
                    known = torch.tensor(sorted(set(seen)), device=logits.device)
                    score = logits[known]
                    logits[known] = torch.where(score < 0, score * penalty, score / penalty)
                if sampling.temperature < COLDEST:
                    token = int(logits.argmax())
                else:
                    token = draw(torch, logits.cpu(), sampling, settings.top_k or 0, generator)
                if len(seen) == len(ids) and bool(torch.isnan(logits).any()):
                    raise Refused(
                        "The model's numbers are not finite, so it has nothing to say.", hint="Deactivate the adapter, or train it again."
                    )
            yield token
            seen.append(token)
            cache = getattr(output, "past_key_values", None)
            # Models without such a cache read everything again.
            step = [token] if cache is not None else seen

    def _keep(self) -> dict[str, int]:
        return {"logits_to_keep": 1} if takes_keep(type(self._model)) else {}

    @contextlib.contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _is_memory(error):
                raise
            where = "GPU" if self._device() != "cpu" else "machine"
            self.unload()
            raise Unavailable(
                f"The {where} ran out of memory for the chat; the model was taken out of it.",
                hint="Ask again with a shorter conversation, or choose a smaller base model.",
            ) from error


def free_memory() -> int | None:
    """The bytes that this process may still take, as far as Linux tells (its container's limit counts); None elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        cached = next(int(line.split()[1]) for line in (group / "memory.stat").read_text().splitlines() if line.startswith("inactive_file"))
        free = min(free, limit - int((group / "memory.current").read_text()) + cached)
    return free


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise Unavailable("The chat needs torch.", hint="Add it with: pip install -r requirements-academy.txt") from error
    return torch


def _dtype(torch: Any, device: str) -> Any:
    """bf16 where the hardware has it, else fp32."""
    if device == "cuda":
        fits = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device == "mps":
        fits = torch.backends.mps.is_macos_or_newer(14, 0)
    else:
        fits = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fits else torch.float32


def _is_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "defaultcpuallocator" in text or "cannot allocate memory" in text)
    )


def _refused(adapter: Adapter, why: str) -> AcademyError:
    return Refused(
        f"The adapter {adapter.name!r} cannot be used: {why}.", hint="Activate another one, or train it again.", code="ADAPTER_UNUSABLE"
    )


def _context(tokenizer: Any, model: Any) -> int:
    config = model.config.get_text_config()
    limits = [getattr(config, "max_position_embeddings", None), getattr(config, "n_positions", None), tokenizer.model_max_length]
    return min((int(limit) for limit in limits if isinstance(limit, int | float) and 0 < limit < 10_000_000), default=4096)
