"""Loads the base model on the best device in the right precision, and puts a LoRA adapter on it."""

from __future__ import annotations

import contextlib
import math
import re
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import peft
import torch
from safetensors import safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, set_seed

from academy.bases.folders import is_packed
from academy.devices import choose
from academy.messages import count, msg
from academy.text.failures import Failure
from academy.text.token_rows import Tokens, highest_of, lengths_of
from academy.trainer.compute.attention import DOCUMENTS, NAME
from academy.trainer.compute.batches import Part, split
from academy.trainer.compute.cores import CORES
from academy.trainer.compute.frozen import keep_less
from academy.trainer.compute.held import SHELF, Held, files_of
from academy.trainer.compute.team import ALONE, Team, local_size
from academy.trainer.report import Report
from academy.trainer.sharding import Weights, needs_shards
from academy.trainer.spec import Spec

Precision = Literal["bf16", "fp16", "fp32"]

_SMALL = 8_000_000  # parameters below which a processor is faster in fp32, whatever it has for bf16
_SAFELY: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
_ROUNDING = 0.06  # of the logits' spread, in bf16: 0.01 was measured on SmolLM2-135M, and 0.17 and more where rows see each other
_AT_ONCE = 512  # tokens; the presets count with it
_LAYER = re.compile(r".*?\.(?:layers|h|blocks)\.\d+\.|h\.\d+\.")
_LITTLE = 5_000_000_000  # parameters times tokens a step below which a second thread costs more than it brings


@dataclass(frozen=True)
class Placement:
    """The device that computes, and the precision it computes in."""

    device: torch.device
    name: str  # for people: "cuda:0 NVIDIA L4", "cpu", "mps"
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        """The type of the frozen weights."""
        return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[self.precision]

    @property
    def tokens_at_once(self) -> int | None:
        """The tokens that go through the model together, where rows are not longer; None: as many as a batch has.

        A processor is as fast with so few, and what is kept for the gradient grows with them: 0.7 MB a token for SmolLM2-135M in fp32.
        """
        return _AT_ONCE if self.device.type == "cpu" else None

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Computes in this precision."""
        return contextlib.nullcontext() if self.precision == "fp32" else torch.autocast(self.device.type, dtype=self.dtype)

    def peak_memory_mb(self) -> float:
        """The most memory that this process has used: of the GPU where there is one, else main memory."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


@dataclass(frozen=True)
class Adapted:
    """A base model with a trainable adapter on its device."""

    model: Any
    placement: Placement
    end_to_end: bool  # rows need no padding
    trainable: int  # parameters
    parameters: int  # of base and adapter

    def split(self, rows: Sequence[Tokens], rehearsed: Sequence[Tokens] = (), *, most: int, apart: bool = False) -> list[Part]:
        """The rows of a step in parts of at most `most` that the memory holds; see `batches.split`."""
        lengths, others = ([len(row.ids) for row in each] for each in (rows, rehearsed))
        return split(lengths, others, most=most, tokens=self.placement.tokens_at_once, padded=not self.end_to_end, apart=apart)


def load_adapted(spec: Spec, report: Report, *parts: Sequence[Tokens], team: Team = ALONE) -> Adapted:
    """Loads the base of a training on these rows and puts the adapter on it; the placement fits both."""
    weights = weights_of(spec.base_path)
    placement = choose_placement(spec, report, weights.all)
    room = room_of(placement.device)
    shards = (
        room is not None
        and not spec.is_quantized
        and needs_shards(weights, placement.dtype.itemsize, int(team.extremes(room)[0]), team.size)
    )
    report.preparing(
        "load",
        msg("Loading {base} for {device} in {precision}.", base=spec.base_model, device=placement.name, precision=placement.precision),
    )
    if placement.device.type == "cpu":
        mean = sum(sum(lengths_of(rows)) for rows in parts) / sum(map(len, parts))
        CORES.use(max(1, choose_threads(weights.all, mean * spec.knob("batch_size")) // local_size()))
    model = _load_sharded(spec, report, placement, team) if shards else load_base(spec, placement)
    base = model.get_base_model() if shards else model
    if max(map(highest_of, parts)) >= base.get_input_embeddings().weight.shape[0]:
        raise Failure("The base model's tokenizer has more tokens than the model, so they do not belong together.", "damaged_base")
    end_to_end = lays_end_to_end(base, [row.ids for rows in parts for row in rows[:2]][:2])
    if not end_to_end:
        use_stock_attention(base)
    return _adapted(model if shards else _with_adapter(model, placement, spec), placement, end_to_end)


def readapted(adapted: Adapted, spec: Spec) -> Adapted:
    """The same base with the adapter of another training in place of its own, exactly as `load_adapted` would make it."""
    return _adapted(_with_adapter(adapted.model.unload(), adapted.placement, spec), adapted.placement, adapted.end_to_end)


def _load_sharded(spec: Spec, report: Report, placement: Placement, team: Team) -> Any:
    """The base with the adapter on it, of whose layers this process keeps a shard."""
    from academy.trainer.compute.shards import Shards

    team.shards = Shards(placement.device, team.size)
    model = None
    for rank in range(team.size):  # one after another, so that main memory holds one whole model
        if rank == team.rank:
            model = _with_adapter(load_base(spec, replace(placement, device=torch.device("cpu"))), placement, spec)
            team.shards.take(model)
        team.extremes(0)
    report.note(
        msg(
            "One GPU cannot hold the base model, so each of {n} holds a part of every layer: {held:.1f} GB.",
            n=team.size,
            held=team.shards.held_bytes() / 1e9,
        )
    )
    return model


def _with_adapter(model: Any, placement: Placement, spec: Spec) -> Any:
    set_seed(spec.knob("seed"))
    model = add_adapter(model, spec)
    if placement.device.type == "cpu":
        keep_less(model)
    return model


def _adapted(model: Any, placement: Placement, end_to_end: bool) -> Adapted:
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    # A 4-bit weight holds two numbers in a byte.
    total = sum(parameter.numel() * (2 if type(parameter).__name__ == "Params4bit" else 1) for parameter in model.parameters())
    return Adapted(model, placement, end_to_end, trainable, total)


def choose_threads(parameters: int, tokens: float) -> int:
    """How many threads pay: waiting for one another makes a small step many times slower on a busy machine."""
    return 1 if parameters * tokens < _LITTLE else CORES.most or torch.get_num_threads()


def choose_placement(spec: Spec, report: Report, parameters: int) -> Placement:
    """The best available device, and the requested precision, or the best that the device computes fast."""
    kind, place, name = choose(
        allowed=spec.device != "cpu",
        cuda=torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        hip=torch.version.hip is not None,
        xpu=torch.xpu.get_device_name(0) if torch.xpu.is_available() else None,
        mps=torch.backends.mps.is_available(),
    )
    device = torch.device(place)
    if kind == "cpu":
        fast_bf16 = cpu_has_bf16()
    elif kind == "xpu":
        fast_bf16 = torch.xpu.is_bf16_supported(including_emulation=False)
    else:
        fast_bf16 = kind != "mps" and torch.cuda.is_bf16_supported(including_emulation=False)
    precision = spec.knob("precision")
    if precision == "auto":
        small = device.type == "cpu" and parameters < _SMALL
        return Placement(device, name, "bf16" if fast_bf16 and not small else "fp32")
    if precision == "fp16" and device.type != "cuda":
        report.note("fp16 needs an NVIDIA GPU; fp32 is used instead.")
        return Placement(device, name, "fp32")
    if precision == "bf16" and not fast_bf16:
        report.note("This machine computes bf16 slowly; fp32 would be as fast or faster here.")
    return Placement(device, name, precision)


def cpu_has_bf16() -> bool:
    """Whether this processor multiplies bf16 matrices in hardware."""
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        return re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", flags) is not None
    return False


def room_of(device: torch.device) -> int | None:
    """The bytes of a card's memory; None for main memory, of which every process may take as much as there is."""
    return torch.cuda.mem_get_info(device)[1] if device.type == "cuda" else None


def weights_count(folder: Path) -> int:
    """The parameters in a model's safetensors files."""
    return weights_of(folder).all


def weights_of(folder: Path) -> Weights:
    """The parameters in a model's safetensors files and in its layers, read from their headers."""
    layers: Counter[str] = Counter()  # by name; "" is what belongs to none
    for path in folder.glob("*.safetensors"):
        if path.name != "adapter_model.safetensors":
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118
                    layer = _LAYER.match(name)
                    layers[layer[0] if layer else ""] += math.prod(file.get_slice(name).get_shape())
    if not layers.total():
        raise Failure("The base model has no weights in safetensors, the only format that is loaded.", "damaged_base")
    outside = layers.pop("", 0)
    return Weights(layers.total() + outside, outside, max(layers.values(), default=0))


def load_base(spec: Spec, placement: Placement) -> Any:
    """The base model, frozen; only safetensors, and never code of its own."""
    try:
        config = AutoConfig.from_pretrained(str(spec.base_path), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise Failure(msg("The base model's config.json cannot be used: {error}", error=_short(error)), "unsupported_base") from error
    arguments: dict[str, Any] = _SAFELY | {"dtype": placement.dtype}
    quantization, packed = spec.knob("quantization"), is_packed(spec.base_path)
    if packed:
        _need_bitsandbytes()
    elif quantization != "none":
        arguments["quantization_config"] = _quantization(quantization, placement)
    if quantization != "none" or packed:
        arguments["device_map"] = {"": str(placement.device)}
    attention = NAME if _plain_attention(config) else None
    held = SHELF.take(spec.base_path, placement.dtype, attention) if quantization == "none" and not packed else None
    model = held if held is not None else _load_weights(spec.base_path, arguments, attention)
    model.config.use_cache = False
    if quantization == "none" and not packed:
        model.to(placement.device)
    for module in model.modules():
        # On such processors bitsandbytes repacks 4-bit weights at the first evaluation, for good, and no gradient comes back through them.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def hold_base(folder: Path) -> None:
    """Loads a base model into main memory ahead of its training, in the precision that this will most likely have."""
    if is_packed(folder):
        return  # what it needs to load is not imported
    with contextlib.suppress(Failure, OSError, ValueError, KeyError):  # the training itself reports it
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        fast_bf16 = torch.cuda.is_available() or (cpu_has_bf16() and weights_count(folder) >= _SMALL)
        dtype, attention = torch.bfloat16 if fast_bf16 else torch.float32, NAME if _plain_attention(config) else None
        files = files_of(folder)
        SHELF.put(Held(folder, dtype, attention, files, _load_weights(folder, _SAFELY | {"dtype": dtype}, attention)))


def _load_weights(folder: Path, arguments: dict[str, Any], attention: str | None) -> Any:
    chosen = {"attn_implementation": attention} if attention else {}
    try:
        return AutoModelForCausalLM.from_pretrained(str(folder), **arguments, **chosen)
    except (OSError, ValueError, KeyError) as error:
        if attention and ("attn" in str(error) or "attention" in str(error)):
            return _load_weights(folder, arguments, None)  # the architecture takes no attention but its own
        raise Failure(msg("The base model cannot be loaded: {error}", error=_short(error)), "damaged_base") from error


def lays_end_to_end(model: Any, rows: Sequence[Sequence[int]]) -> bool:
    """Whether conversations laid end to end after a common beginning give the same logits as each alone.

    It is tried on this model, so it holds for any architecture, and with the beginnings of rows, since rounding grows on nonsense.
    """
    if model.config._attn_implementation != NAME:
        return False
    device = model.get_input_embeddings().weight.device
    start, first = list(rows[0][:4]), list(rows[0][4:20]) or [0]
    second = list(rows[-1][4:14]) or [0]
    own = len(start), len(start) + len(first), len(start) + len(first) + len(second)
    model.eval()
    try:
        with torch.no_grad():
            DOCUMENTS.lay([0, *own], len(start))
            packed = model(
                input_ids=torch.tensor([start + first + second], device=device),
                position_ids=torch.tensor([[*range(own[1]), *range(own[0], own[0] + len(second))]], device=device),
                use_cache=False,
            ).logits[0]
            DOCUMENTS.lay(None)
            model.set_attn_implementation("sdpa")
            whole = [model(input_ids=torch.tensor([start + ids], device=device), use_cache=False).logits[0] for ids in (first, second)]
            alone = torch.cat([whole[0], whole[1][len(start) :]])
    except (ValueError, TypeError, RuntimeError, NotImplementedError):
        return False
    finally:
        DOCUMENTS.lay(None)
        with contextlib.suppress(ValueError):
            model.set_attn_implementation(NAME)
    if not bool(torch.isfinite(alone).all()):
        return True  # a broken base fails at the first step, with its own message
    difference, scale = packed.float() - alone.float(), alone.float().std().item() or 1.0
    if alone.dtype == torch.float32 and not getattr(model, "is_quantized", False):
        return difference.abs().max().item() <= 1e-3 * scale
    return difference.square().mean().sqrt().item() <= _ROUNDING * scale


def use_stock_attention(model: Any) -> None:
    """Back to attention with padding masks, for architectures that `lays_end_to_end` refuses."""
    for name in ("sdpa", "eager"):
        try:
            model.set_attn_implementation(name)
            return
        except (ValueError, ImportError):
            continue


def add_adapter(model: Any, spec: Spec) -> Any:
    """The base model with a trainable adapter: a new one, or the one to continue."""
    if spec.is_quantized:
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if spec.continue_from is not None:
        adapted = _continued(model, spec.continue_from)
    else:
        rank = spec.knob("lora_rank")
        config = peft.LoraConfig(
            r=rank,
            lora_alpha=spec.knob("lora_alpha") or 2 * rank,
            lora_dropout=spec.knob("lora_dropout"),
            target_modules=_targets(model, spec.knob("target_modules")),
            exclude_modules=_unread_by_text(model),
            use_rslora=spec.knob("use_rslora"),
            use_dora=spec.knob("use_dora"),
            task_type="CAUSAL_LM",
        )
        try:
            adapted = peft.get_peft_model(model, config)
        except ValueError as error:
            raise Failure(msg("The adapter does not fit the base model: {error}", error=_short(error)), "bad_target_modules") from error
    for config in adapted.peft_config.values():
        config.base_model_name_or_path = spec.base_public_name
    if spec.is_quantized:
        # As in the QLoRA paper; DoRA's magnitudes change by less than bf16 can show.
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad and "lora_magnitude_vector" not in name:
                parameter.data = parameter.data.to(torch.bfloat16)
    if spec.knob("gradient_checkpointing"):
        adapted.enable_input_require_grads()
        # Newer versions of transformers have another name for it.
        getattr(adapted, "activation_checkpointing_enable", adapted.gradient_checkpointing_enable)()
    return adapted


def _continued(model: Any, folder: Path) -> Any:
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise Failure("The adapter to continue from has no adapter_model.safetensors.", "bad_adapter")
    try:
        adapted = peft.PeftModel.from_pretrained(model, str(folder), is_trainable=True, use_safetensors=True)
        with safe_open(weights, framework="pt") as file:
            there = set(file.keys())
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        why = msg("its layers have other sizes") if "size mismatch" in str(error) else _short(error)
        raise Failure(msg("The adapter to continue from does not fit this base model: {why}.", why=why), "bad_adapter") from error
    expected = set(peft.get_peft_model_state_dict(adapted, save_embedding_layers=False))
    if there != expected:
        different = len(there ^ expected)
        reason = count(
            different,
            one="The adapter to continue from was made for another base model: {n} of its layers does not match.",
            other="The adapter to continue from was made for another base model: {n} of its layers do not match.",
        )
        raise Failure(reason, "bad_adapter")
    # An adapter of a base with fewer layers loads without an error; then some layers of the same kind have none.
    reached = {path for path, module in adapted.named_modules() if hasattr(module, "lora_A")}
    kinds = {path.rsplit(".", 1)[-1] for path in reached}
    alike = {path for path, module in adapted.named_modules() if path.rsplit(".", 1)[-1] in kinds and _is_linear(module)}
    if len(alike | reached) != len(reached) and any(
        getattr(config, "layers_to_transform", None) is None for config in adapted.peft_config.values()
    ):
        raise Failure("The adapter to continue from was made for a base model with fewer layers.", "bad_adapter")
    return adapted


def _unread_by_text(model: Any) -> str | None:
    """A pattern of the parts that see or hear, through which no row of text passes; None where there are none."""
    seeing = r".*(?:vision_tower|vision_model|visual|vision_embed_tokens|multi_modal_projector|audio_tower|embed_vision|embed_audio)\..*"
    return seeing if any(re.fullmatch(seeing, path) for path, _ in model.named_modules()) else None


def _targets(model: Any, requested: str | list[str]) -> str | list[str]:
    names = [name.strip() for name in (requested.split(",") if isinstance(requested, str) else requested) if name.strip()]
    if names in (["all-linear"], []):
        return "all-linear"
    head = model.get_output_embeddings()
    there = sorted({path.rsplit(".", 1)[-1] for path, module in model.named_modules() if _is_linear(module) and module is not head})
    paths = [path for path, module in model.named_modules() if _is_linear(module) and module is not head]
    wrong = [name for name in names if not any(path == name or path.endswith(f".{name}") for path in paths)]
    if wrong:
        raise Failure(
            msg("The base model has no layer {wrong!r:commas} for an adapter; it has {there:commas}.", wrong=wrong, there=there),
            "bad_target_modules",
            there=there,
        )
    return names


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or type(module).__name__ in ("Conv1D", "Linear4bit", "Linear8bitLt")


def _need_bitsandbytes() -> None:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise Failure("Quantization needs the Python package 'bitsandbytes'.", "missing_library", library="bitsandbytes") from error


def _quantization(kind: str, placement: Placement) -> Any:
    _need_bitsandbytes()
    if kind == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    # Older GPUs compute fp16 fast and bf16 slowly.
    computed = (
        torch.float16 if placement.device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False) else torch.bfloat16
    )
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=computed)


def _plain_attention(config: Any) -> bool:
    """Whether the attention is softmax(QK)V, with at most a window: what `attention.attend` computes."""
    text = config.get_text_config()
    if getattr(text, "attn_logit_softcapping", None) or text.model_type in ("gpt_oss",):
        return False
    kinds = set(getattr(text, "layer_types", None) or [])
    return kinds <= {"full_attention", "sliding_attention"}


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
