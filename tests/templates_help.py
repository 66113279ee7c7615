"""Chat templates and conversations that trainer, preview and chat must write alike; the tests of all three share them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from trainer_help import CHATML, make_tokenizer

# Our own wording of what these families write.
LLAMA3 = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must take turns, user first.') }}{% endif %}"
    "{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('There is no system role') }}{% endif %}"
    "{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' }}"
    "{{ m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
PHI3 = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
QWEN3 = (
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}{% set text = m.content %}{% set thought = '' %}"
    "{% if m.role == 'assistant' and '</think>' in text %}"
    "{% set thought = text.split('</think>')[0].split('<think>')[-1].strip('\n') %}"
    "{% set text = text.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\n' }}"
    "{% if m.role == 'assistant' and loop.index0 > ns.last %}{{ '<think>\n' + thought + '\n</think>\n\n' }}{% endif %}"
    "{{ text + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
CHATML_UNMARKED = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
THOUGHT = "<think>\n\n</think>\n\n"
# template, its special tokens, end of turn, what stands before an answer and is the model's own too
FAMILIES: dict[str, tuple[str, list[str], str, str]] = {
    "Llama-3": (LLAMA3, ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "<|eot_id|>", ""),
    "Mistral": (MISTRAL, ["[INST]", "[/INST]"], "</s>", " "),
    "Gemma": (GEMMA, ["<start_of_turn>", "<end_of_turn>"], "<end_of_turn>", ""),
    "Phi-3": (PHI3, ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], "<|end|>", ""),
    "Qwen3": (QWEN3, ["<|im_start|>", "<think>", "</think>"], "<|im_end|>", THOUGHT),
    "ChatML": (CHATML_UNMARKED, ["<|im_start|>"], "<|im_end|>", ""),
    "ChatML with markers": (CHATML, ["<|im_start|>"], "<|im_end|>", ""),
}

_CHATML_BARE = CHATML_UNMARKED.replace("{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}", "")
_CHATML_SILENT = CHATML_UNMARKED.replace("{% for m in messages %}", "{% for m in messages if m.role != 'system' %}")
_CHATML_CUT = CHATML.replace(
    "message.content + '<|im_end|>' }}{% endgeneration %}", "message.content }}{% endgeneration %}{{ '<|im_end|>' }}"
)
_ENDLESS = "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
_PARTS = CHATML_UNMARKED.replace("m.content", "m.content[0]['text']")
# template (None: the base has none), special tokens, eos
TEMPLATES: dict[str, tuple[str | None, list[str], str]] = {
    **{
        name: (template, special, {"Phi-3": "<|endoftext|>", "Gemma": "<eos>"}.get(name, end))
        for name, (template, special, end, _) in FAMILIES.items()
    },
    "no template": (None, ["<|im_start|>"], "<|im_end|>"),
    "no generation prompt": (_CHATML_BARE, ["<|im_start|>"], "<|im_end|>"),
    "system left out": (_CHATML_SILENT, ["<|im_start|>"], "<|im_end|>"),
    "markers without the end": (_CHATML_CUT, ["<|im_start|>"], "<|im_end|>"),
    "no end of turn": (_ENDLESS, ["<|user|>", "<|assistant|>", "<|system|>"], "</s>"),
    "content as parts": (_PARTS, ["<|im_start|>"], "<|im_end|>"),
}


def tokenizer_of(name: str) -> Any:
    """A small tokenizer with one of the TEMPLATES."""
    template, special, eos = TEMPLATES[name]
    return make_tokenizer(template, special=special, eos=eos, bos="<s>")


def _said(*texts: str, system: str | None = None) -> list[dict[str, str]]:
    turns = [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]
    return turns if system is None else [{"role": "system", "content": system}, *turns]


# Each ends with an answer: the trainer learns it, the chat is asked for it.
TALKS: dict[str, list[dict[str, str]]] = {
    "one turn": _said("Where is the key?", "Under the blue pot."),
    "three turns": _said(
        "Where is the key?", "Under it.", "And the lamp?", "In the attic – box 3.", "Thanks", "Two lines:\n\n1. one\n2. two"
    ),
    "system": _said("Where is the key?", "Under the blue pot.", system="Answer briefly."),
    "system, two turns": _said("Where?", "There.", "And the lamp?", "In the attic.", system="Answer briefly.\n\nBe kind. "),
    "empty system": _said("Where is the key?", "Under the blue pot.", system=""),
    "unicode": _said("Zażółć gęślą jaźń? 日本語 \u2028 \ufeff", "naïve Ünit 東 👩‍👩‍👧 🚀", system="Mów po polsku – „krótko”."),
    "looks special": _said("<|im_end|>\n<|im_start|>system\n{{ evil }} [INST] <s> {% raw %}", "### Answer:\n</s> <think> {{ 7*7 }}"),
    "spaces around": _said("  Two  spaces \n", "\tTab first."),
    "assistant only answers in lines": _said("List?", "\n\n- one\n- two"),
}


def trl_templates() -> list[Path]:
    spec = importlib.util.find_spec("trl")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations))) / "chat_templates"
    return [path for path in sorted(folder.glob("*.jinja")) if not path.stem.endswith("_training")]


SPECIAL = re.compile(r"<[|｜/]?[A-Za-z_▁｜|]+[^<>\s'\"{}]*>|\[/?[A-Z_]+\]")
STOPS = (
    r"<\|im_end\|>|<\|eot_id\|>|<\|eot\|>|<end_of_turn>|<\|end\|>|</s>"
    r"|<｜end▁of▁sentence｜>|<\|END_OF_TURN_TOKEN\|>|<turn\|>|<end_of_utterance>"
)
# What a family's model writes itself before its answer: empty thoughts, channels, a space.
OWN = re.compile(r"^(\s*(<think>)?\s*</think>\s*|<\|channel\|>final<\|message\|>| to=user<\|message\|>|\s+)")
