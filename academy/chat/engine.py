"""Holds one base model with at most one adapter on it, swaps adapters without reloading, and writes replies piece by piece."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from academy.adapters.store import Adapter
from academy.bases import Base, BaseFacts, facts
from academy.chat.decoding import Apart, Chooser, Streamer, end_tokens, marks_of, penalized, turn_ends
from academy.chat.fitting import fit
from academy.chat.memory import free_memory, is_memory_error
from academy.chat.own import check_tokenizer, own_template
from academy.chat.request import Effect, Loaded, Outcome, Sampling
from academy.chat.swapping import Swapped, without_bitsandbytes
from academy.errors import Refused, Unavailable
from academy.text.templates import Renderer, for_chat

log = logging.getLogger(__name__)

_SMALL = 50_000_000
"""Models with fewer parameters run in fp32 on one thread: on a CPU that is fastest for them, and most exact."""

USUAL = "once upon a time a lighthouse keeper lived with his dog on a small island, far from the town"
"""A text with which a quick way of decoding is tried."""

_IN_VIEW = 4
"""Tokens of a text that is continued, beside which the next ones are spelled."""


@dataclass(frozen=True)
class _Held:
    """The base model in memory, and what its replies need."""

    base: Base
    quantization: str
    swapped: Swapped
    tokenizer: Any
    form: Renderer
    ends: frozenset[int]
    top_k: int
    limit: int  # tokens of prompt and reply
    penalty: float  # on what was said before, 1 for none
    quick: Any = None  # decodes on a processor; None where the model's own way is used
    voices: dict[str, tuple[Renderer, frozenset[int], frozenset[int]]] = field(default_factory=dict)

    def voice(self, own: str) -> tuple[Renderer, frozenset[int], frozenset[int]]:
        """The form of the conversation, with an adapter's own template where it has one; the tokens that end a reply or mark a thought."""
        if own not in self.voices:
            form = for_chat(self.tokenizer, own) if own else self.form
            marks = marks_of(self.tokenizer, form.thoughts)
            self.voices[own] = form, (self.ends | turn_ends(self.tokenizer, form.template)) - marks, marks
        return self.voices[own]


class TransformersEngine:
    """The engine on transformers and PEFT; the first question imports everything heavy."""

    def __init__(self, *, use_gpu: bool = True) -> None:
        self._use_gpu = use_gpu
        self._held: _Held | None = None
        self._threads = 0

    @property
    def loaded(self) -> Loaded | None:
        held = self._held
        if held is None:
            return None
        slot = held.swapped.slot
        return Loaded(held.base, str(held.swapped.model.device), slot.adapter_id if slot else None)

    def on_gpu(self) -> bool:
        return self._device() != "cpu"

    def prepare(self, base: Base, adapter: Adapter | None) -> None:
        quantization = str(adapter.parameters.get("quantization", "none")) if adapter is not None else None
        if quantization is not None and self._device() != "cuda":
            quantization = "none"  # the packed formats need CUDA; an adapter answers just as well on the full weights
        with self._memory_errors():
            held = self._held
            if held is None or held.base.path != base.path or (quantization is not None and quantization != held.quantization):
                held = self._held = self._load(base, quantization or "none")
            if adapter is not None:
                check_tokenizer(adapter, held.tokenizer)
                with without_bitsandbytes(self._device() != "cuda"):
                    held.swapped.put(adapter)

    def generate(
        self,
        messages: list[dict[str, Any]],
        adapter: Adapter | None,
        sampling: Sampling,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> Outcome:
        torch, held = _torch(), self._held
        if held is None:
            raise Unavailable("The chat has no model loaded.", hint="Ask again.")
        with self._memory_errors():
            longest = sampling.max_new_tokens
            form, ends, marks = held.voice(own_template(adapter))
            thinking = sampling.thinking and form.thoughts is not None
            room = {"limit": held.limit, "max_new_tokens": longest, "model": held.base.name}
            prompt = fit(held.tokenizer, form, messages, **room, thinking=thinking)
            model = held.swapped.model
            continued = messages[-1]["role"] == "assistant"
            before = prompt.ids[-_IN_VIEW:] if continued else ()
            apart = None if continued else Apart(form.thoughts, is_open=thinking and form.opens_thought)
            streamer = Streamer(held.tokenizer, ends, stop, say, model.device, before, apart, marks)
            chooser, most, ids = Chooser(sampling, held.top_k), min(longest, held.limit - len(prompt.ids)), list(prompt.ids)
            with torch.inference_mode(), held.swapped.only(adapter):
                if not self._answer_quickly(held, adapter, ids, most, chooser, streamer):
                    model.generate(
                        torch.tensor([ids], device=model.device),
                        max_new_tokens=len(prompt.ids) + most - len(ids),
                        stopping_criteria=[streamer],
                        logits_processor=[chooser],
                    )
            streamer.close()
            return Outcome(len(prompt.ids), streamer.count, streamer.finish, prompt.notes)

    def _answer_quickly(
        self, held: _Held, adapter: Adapter | None, ids: list[int], most: int, chooser: Chooser, streamer: Streamer
    ) -> bool:
        """Says the reply by the quick decoder and adds its tokens to `ids`; False where the model has to go on by itself."""
        quick, slot = held.quick, held.swapped.slot
        who = (slot.adapter_id, slot.stamp, adapter.strength) if slot and adapter and adapter.strength else None
        if quick is None or not quick.adapt(slot if who else None, who):
            return False
        logits = quick.begin(ids, most)
        for left in range(most, 0, -1):
            token = chooser.choose(penalized(logits, ids, held.penalty))
            ids.append(token)
            if streamer.feed(token) or left == 1:
                return True
            logits = quick.step(token)
            if not math.isfinite(float(logits.max())):
                log.info("The numbers of %s leave the range of fp16, so it answers in its own precision.", ascii(held.base.name))
                self._held = replace(held, quick=None)
                return False
        return True

    def effect(self, questions: Sequence[str], adapter: Adapter) -> Effect:
        torch, held = _torch(), self._held
        if held is None:
            raise Unavailable("The chat has no model loaded.", hint="Ask again.")
        largest, where, changed, tokens = 0.0, questions[0], 0, 0
        with self._memory_errors(), torch.inference_mode():
            for question in questions:
                messages = [{"role": "user", "content": question}]
                form, _, _ = held.voice(own_template(adapter))
                prompt = fit(held.tokenizer, form, messages, limit=held.limit, max_new_tokens=1, model=held.base.name)
                ids = torch.tensor([prompt.ids], device=held.swapped.model.device)
                logits = []
                for who in (adapter, None):
                    with held.swapped.only(who):
                        logits.append(held.swapped.model(ids).logits[0].float())
                apart = float((logits[0] - logits[1]).abs().max())
                largest, where = max((largest, where), (apart, question), key=lambda pair: pair[0])
                changed += int((logits[0].argmax(-1) != logits[1].argmax(-1)).sum())
                tokens += len(prompt.ids)
        return Effect(largest, where, changed, tokens)

    def unload(self) -> None:
        self._held = None
        gc.collect()
        torch = _torch()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _load(self, base: Base, quantization: str) -> _Held:
        assert base.path is not None
        self.unload()
        torch = _torch()
        device, size = self._device(), facts(base.path)
        # A small model's step is too short to share: beside a training, two threads were 5 to 30 times slower than one.
        small = device == "cpu" and size.parameters < _SMALL
        self._threads = self._threads or torch.get_num_threads()
        torch.set_num_threads(1 if small else self._threads)
        dtype = torch.float32 if small else _dtype(torch, device)
        _check_memory(base, size, device, quantization, dtype.itemsize)
        tokenizer, model = _read(base, device, quantization, dtype)
        ends, settings = end_tokens(tokenizer, model), model.generation_config
        limit = _context(tokenizer, model)
        # The base may come with settings of its own for length, sampling and ends; the request decides those.
        from transformers import GenerationConfig

        from academy.chat.quick import make_quick

        penalty = settings.repetition_penalty or 1.0
        model.generation_config = GenerationConfig(repetition_penalty=penalty, use_cache=True)
        with torch.inference_mode():
            # What a small model reads fits into the processor's cache, so that fp16 would only round.
            quick = make_quick(model, limit, tokenizer.encode(USUAL), torch.float32 if small else torch.float16)
        return _Held(base, quantization, Swapped(model), tokenizer, for_chat(tokenizer), ends, settings.top_k or 0, limit, penalty, quick)

    def _device(self) -> str:
        if not self._use_gpu:
            return "cpu"
        torch = _torch()
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    @contextlib.contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error):
                raise
            gpu = self._device() != "cpu"
            self.unload()
            raise Unavailable(
                "The GPU ran out of memory for the chat, so the model was unloaded."
                if gpu
                else "The machine ran out of memory for the chat, so the model was unloaded.",
                hint="Ask again with a shorter conversation, or choose a smaller base model.",
            ) from error


def import_libraries() -> None:
    """Imports everything heavy that an answer needs, which takes longer than to read a small model; raises Unavailable without torch."""
    torch = _torch()
    with without_bitsandbytes(not torch.cuda.is_available()):
        for name in ("peft", "torch._dynamo", "transformers.generation", "transformers.modeling_utils"):
            importlib.import_module(name)


def _read(base: Base, device: str, quantization: str, dtype: Any) -> tuple[Any, Any]:
    """The tokenizer and the model of a base on this machine; code in its folder is never run."""
    import transformers

    assert base.path is not None
    options: dict[str, Any] = {"dtype": dtype, "local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    if device == "cuda":
        options["device_map"] = {"": 0}
    packed: dict[str, Any] = {}
    if quantization == "4bit":
        packed = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype}
    elif quantization == "8bit":
        packed = {"load_in_8bit": True}
    if packed:
        options["quantization_config"] = transformers.BitsAndBytesConfig(**packed)
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(base.path, local_files_only=True, trust_remote_code=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(base.path, **options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        if is_memory_error(error):
            raise
        log.warning("The base model %s cannot be loaded.", ascii(base.name), exc_info=True)
        why = " ".join(str(error).split()).replace(str(base.path), base.name)[:300]
        raise Refused(
            "The base model {name!r} cannot be loaded: {why}",
            hint="Fetch or copy it again, or choose another one.",
            name=base.name,
            why=why,
        ) from error
    if device == "mps":
        model = model.to("mps")  # pyright: ignore[reportCallIssue, reportArgumentType]
    model.eval()
    model.requires_grad_(False)
    return tokenizer, model


def _check_memory(base: Base, size: BaseFacts, device: str, quantization: str, itemsize: int) -> None:
    needed = int(size.parameters * {"4bit": 0.6, "8bit": 1.1}.get(quantization, itemsize))
    free = _torch().cuda.mem_get_info()[0] if device == "cuda" else free_memory()
    # A machine that runs out of memory ends the whole app, so this check comes first.
    if free is not None and needed * 1.05 + (64 << 20) > free:
        raise Unavailable(
            "{name} needs about {needed:size} of memory, and {free:size} are free.",
            hint="Close other programs that use it, or chat with a smaller base model.",
            name=base.name,
            needed=needed,
            free=free,
        )


def _torch() -> Any:
    # Read when torch is loaded: waiting threads sleep. Spinning ones took six times the processor's time beside a training.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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


def _context(tokenizer: Any, model: Any) -> int:
    config = model.config.get_text_config()
    limits = [getattr(config, "max_position_embeddings", None), getattr(config, "n_positions", None), tokenizer.model_max_length]
    return min((int(limit) for limit in limits if isinstance(limit, int | float) and 0 < limit < 10_000_000), default=4096)
