"""Kinds of models that cannot be a base here, recognised by their config alone: refused at once, with what to choose instead."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

from academy.errors import Refused
from academy.messages import msg

_PACKED = {
    "gptq": "GPTQ",
    "awq": "AWQ",
    "fp8": "FP8",
    "fbgemm_fp8": "FP8",
    "modelopt": "ModelOpt",
    "compressed-tensors": "compressed-tensors",
    "aqlm": "AQLM",
    "hqq": "HQQ",
    "eetq": "EETQ",
    "quanto": "Quanto",
    "higgs": "HIGGS",
    "vptq": "VPTQ",
    "spqr": "SpQR",
    "torchao": "torchao",
    "auto-round": "AutoRound",
    "sinq": "SINQ",
}
"""Formats of packed weights that LoRA cannot be trained on here, by their name in the config."""

_CHOOSE = msg("Choose a chat model that writes text, such as those that the list offers.")
_TRANSLATORS = "t5 mt5 umt5 longt5 bart mbart pegasus marian m2m_100 nllb led blenderbot prophetnet switch_transformers t5gemma"
_ENCODERS = (
    "bert roberta distilbert albert electra deberta deberta-v2 xlm-roberta modernbert mpnet camembert nomic_bert eurobert xlm ernie"
    " convbert funnel longformer big_bird layoutlm squeezebert neobert"
)
_STATES = "mamba mamba2 falcon_mamba rwkv rwkv7"
_SEEING = (
    "qwen2_vl qwen2_5_vl qwen3_vl qwen3_vl_moe qwen2_5_omni llava llava_next llava_onevision idefics idefics2 idefics3 paligemma mllama"
    " pixtral internvl internvl_chat blip-2 instructblip smolvlm fuyu kosmos-2 vipllava video_llava aria deepseek_vl deepseek_vl_v2 glm4v"
    " glm4v_moe ovis2 florence2 minicpmv molmo janus emu3 phi3_v phi4_multimodal mistral3 aya_vision cohere2_vision chameleon"
    " deepseek_vl_hybrid deepseek_ocr2 ernie4_5_vl_moe evolla exaone4_5 fast_vlm glm46v glm_ocr granite4_vision granite_docling hunyuan_vl"
    " hyperclovax_vision_v2 instructblipvideo kimi_k25 kosmos-2.5 lfm2_vl lfm3_vl lighton_ocr llava_next_video minicpmv4_6 minicpmv4_7"
    " minimax_m3_vl molmo2 nemotron_h_omni paddleocr_vl perception_lm pix2struct qwen3_omni_moe shieldgemma2 udop video_llama_3"
    " vision-encoder-decoder blip"
)
_OTHERS = (
    "whisper wav2vec2 hubert seamless_m4t speecht5 musicgen bark clip siglip vit dinov2 detr sam moonshine voxtral voxtral_realtime"
    " qwen2_audio qwen3_asr granite_speech kyutai_speech_to_text vibevoice_asr"
)
_TRANSLATES = "an encoder-decoder model (it translates or summarizes)"
_KINDS = {
    _TRANSLATES: frozenset(_TRANSLATORS.split()),
    "an encoder (it classifies and embeds text, and writes none)": frozenset(_ENCODERS.split()),
    "a state-space model (LoRA on attention has no place in it)": frozenset(_STATES.split()),
    "a model for pictures and text": frozenset(_SEEING.split()),
    "a model for sound or pictures": frozenset(_OTHERS.split()),
}


def check_kind(config: dict[str, Any], folder: Path) -> None:
    """Raises Refused for a model of a kind that cannot be trained and asked here, and where its tokenizer's reader is missing."""
    packing = config.get("quantization_config")
    method = str(packing.get("quant_method", "")).lower() if isinstance(packing, dict) else ""
    if method in _PACKED:
        raise Refused(
            "The weights of this base model are packed as {format}, on which Academy neither trains nor answers.",
            hint="Choose the same model unpacked; 'quantization' 4bit makes it as small for the training.",
            format=_PACKED[method],
        )
    kind, model_type = "", str(config.get("model_type", "")).lower()
    if config.get("is_encoder_decoder") is True:
        kind = _TRANSLATES
    elif not config.get("is_decoder"):
        kind = next((kind for kind, types in _KINDS.items() if model_type in types), "")
    if kind:
        raise Refused("This model is {kind}, which cannot be a base here.", hint=_CHOOSE, kind=msg(kind))
    _check_tokenizer(folder)


def is_packed_by_bitsandbytes(config: dict[str, Any]) -> bool:
    """Whether the weights lie packed in 4 or 8 bits already, so that a training on them is QLoRA."""
    packing = config.get("quantization_config")
    return isinstance(packing, dict) and (
        str(packing.get("quant_method", "")).lower().startswith("bitsandbytes") or any(packing.get(f"load_in_{bits}bit") for bits in (4, 8))
    )


def repeats_known_class(config: dict[str, Any]) -> bool:
    """Whether the code that a folder names (auto_map) is only a copy of a class of transformers, whose own is used instead."""
    mapping, named = config.get("auto_map"), config.get("architectures")
    wanted = mapping.get("AutoModelForCausalLM") if isinstance(mapping, dict) else None
    own = named[0] if isinstance(named, list) and named else None
    if not isinstance(wanted, str) or not isinstance(own, str) or wanted.rsplit(".", 1)[-1] != own:
        return False
    return _knows(str(config.get("model_type", "")))


@lru_cache(maxsize=64)
def _knows(model_type: str) -> bool:
    """Whether transformers has this architecture, by its folder, without importing it."""
    found = importlib.util.find_spec("transformers")
    name = model_type.replace("-", "_")
    return bool(found and found.origin and name.isidentifier()) and (Path(str(found and found.origin)).parent / "models" / name).is_dir()


def _check_tokenizer(folder: Path) -> None:
    if (folder / "tokenizer.json").is_file() or (folder / "vocab.json").is_file():
        return
    if (folder / "tokenizer.model").is_file() and importlib.util.find_spec("sentencepiece") is None:
        raise Refused(
            "The tokenizer of this base model (tokenizer.model) needs the Python package sentencepiece.",
            hint="Install it with: pip install sentencepiece protobuf; or add the model's tokenizer.json to its folder.",
        )
    tekken = (folder / "tekken.json").is_file() and not (folder / "tokenizer.model").is_file()
    if tekken and importlib.util.find_spec("mistral_common") is None:
        raise Refused(
            "The tokenizer of this base model (tekken.json) needs the Python package mistral-common.",
            hint="Install it with: pip install mistral-common; or add the model's tokenizer.json to its folder.",
        )
