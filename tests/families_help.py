"""The chat templates of the families that people train, written in our own words from their documented formats."""

# ruff: noqa: E501  # a template reads best as its lines

from __future__ import annotations

from typing import Any, NamedTuple

from trainer_help import make_tokenizer

_SYSTEM = "{% if messages[0].role == 'system' %}{% set first = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"

LLAMA = (
    "{{ bos_token }}" + _SYSTEM + "{{ '<|start_header_id|>system<|end_header_id|>\n\n' }}"
    "{% if tools %}{{ 'Environment: ipython\n' }}{% endif %}"
    "{{ 'Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n' + (first | default('')) | trim + '<|eot_id|>' }}"
    "{% for m in rest %}"
    "{% if tools and loop.first %}{{ '<|start_header_id|>user<|end_header_id|>\n\nGiven the following functions, answer with JSON.\n\n' }}"
    "{% for t in tools %}{{ t | tojson + '\n\n' }}{% endfor %}{{ m.content | trim + '<|eot_id|>' }}"
    "{% elif m.tool_calls %}"
    "{% if m.tool_calls | length != 1 %}{{ raise_exception('One call at a time.') }}{% endif %}{% set call = m.tool_calls[0].function %}"
    '{{ \'<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "\' + call.name + \'", "parameters": \' }}'
    "{{ call.arguments | tojson + '}<|eot_id|>' }}"
    "{% elif m.role == 'tool' %}{{ '<|start_header_id|>ipython<|end_header_id|>\n\n' + m.content | tojson + '<|eot_id|>' }}"
    "{% else %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
_HERMES_TOOLS = (
    "{% if tools %}{{ '<|im_start|>system\n' + (first | default(DEFAULT)) + '\n\n# Tools\n\n<tools>' }}"
    "{% for t in tools %}{{ '\n' + t | tojson }}{% endfor %}{{ '\n</tools><|im_end|>\n' }}"
    "{% elif first is defined %}{{ '<|im_start|>system\n' + first + '<|im_end|>\n' }}"
)
_HERMES_CALLS = (
    "{% for c in m.tool_calls or [] %}{{ '\n' if m.content or not loop.first }}"
    "{{ '<tool_call>\n{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments | tojson + '}\n</tool_call>' }}"
    "{% endfor %}"
)
_HERMES_RESULT = (
    "{{ '<|im_start|>user' if loop.first or rest[loop.index0 - 1].role != 'tool' }}"
    "{{ '\n<tool_response>\n' + m.content + '\n</tool_response>' }}"
    "{{ '<|im_end|>\n' if loop.last or rest[loop.index0 + 1].role != 'tool' }}"
)
QWEN25 = (
    _SYSTEM
    + _HERMES_TOOLS.replace("DEFAULT", "'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.'")
    + "{% else %}{{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{% for m in rest %}{% if m.role == 'tool' %}" + _HERMES_RESULT + "{% else %}"
    "{{ '<|im_start|>' + m.role + '\n' + m.content }}" + _HERMES_CALLS + "{{ '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_LAST = (
    "{% set ns = namespace(last=-1) %}{% for m in rest %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
)
_THOUGHT = (
    "{% set text = m.content %}{% set thought = '' %}"
    "{% if m.reasoning_content is string %}{% set thought = m.reasoning_content %}"
    "{% elif '</think>' in text %}{% set thought = text.split('</think>')[0].split('<think>')[-1].strip('\n') %}"
    "{% set text = text.split('</think>')[-1].lstrip('\n') %}{% endif %}"
)


def _qwen3(keeps: str, prompt: str) -> str:
    return (
        _SYSTEM + _HERMES_TOOLS.replace("DEFAULT", "''") + "{% endif %}" + _LAST + "{% for m in rest %}"
        "{% if m.role == 'tool' %}"
        + _HERMES_RESULT
        + "{% elif m.role == 'assistant' %}"
        + _THOUGHT
        + "{{ '<|im_start|>assistant\n' }}{% if loop.index0 > ns.last and ("
        + keeps
        + ") %}"
        "{{ '<think>\n' + thought.strip('\n') + '\n</think>\n\n' }}{% endif %}{{ text.lstrip('\n') }}"
        + _HERMES_CALLS
        + "{{ '<|im_end|>\n' }}{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}" + prompt + "{% endif %}"
    )


QWEN3 = _qwen3(
    "loop.last or thought", "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
)
QWEN35 = _qwen3(
    "true",
    "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% else %}{{ '<think>\n' }}{% endif %}",
)
QWEN3_THINKING = _qwen3("loop.last or thought", "{{ '<think>\n' }}")
GEMMA2 = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
GEMMA3 = (
    "{{ bos_token }}" + _SYSTEM + "{% for m in rest %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' }}"
    "{{ (first + '\n\n' if first is defined and loop.first else '') + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL_V3 = (
    "{{ bos_token }}" + _SYSTEM + "{% set asked = rest | selectattr('role', 'equalto', 'user') | list %}"
    "{% set ns = namespace(at=0) %}{% for m in rest %}{% if m.role == 'user' or (m.role == 'assistant' and not m.tool_calls) %}"
    "{% if (m.role == 'user') != (ns.at % 2 == 0) %}{{ raise_exception('After the optional system message, roles must alternate') }}"
    "{% endif %}{% set ns.at = ns.at + 1 %}{% endif %}{% endfor %}"
    "{% for m in rest %}{% if m.role == 'user' %}"
    "{% if tools and m == asked[-1] %}{{ '[AVAILABLE_TOOLS] ' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}"
    "{{ '[INST] ' + (first + '\n\n' if loop.last and first is defined else '') + m.content + '[/INST]' }}"
    "{% elif m.tool_calls %}{{ '[TOOL_CALLS] [' }}{% for c in m.tool_calls %}"
    "{% if c.id | length != 9 %}{{ raise_exception('Tool call IDs have length 9') }}{% endif %}"
    "{{ (', ' if not loop.first else '') + '{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments | tojson }}"
    "{{ ', \"id\": \"' + c.id + '\"}' }}{% endfor %}{{ ']' + eos_token }}"
    "{% elif m.role == 'tool' %}{{ '[TOOL_RESULTS] {\"content\": ' + m.content | tojson + ', \"call_id\": \"' + m.tool_call_id + '\"}[/TOOL_RESULTS]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_V7 = (
    "{{ bos_token }}" + _SYSTEM + "{% if first is defined %}{{ '[SYSTEM_PROMPT]' + first + '[/SYSTEM_PROMPT]' }}{% endif %}"
    "{% for m in rest %}{% if m.role == 'user' %}"
    "{{ '[INST]' + m.content + '[/INST]' }}{% elif m.role == 'assistant' %}{{ m.content + eos_token }}"
    "{% else %}{{ raise_exception('Only user, system and assistant roles are supported') }}{% endif %}{% endfor %}"
)
PHI3 = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI4 = (
    "{% for m in messages %}{% if m.role in ['system', 'user', 'assistant'] %}"
    "{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)
R1 = (
    _SYSTEM + "{{ bos_token + (first | default('')) }}{% for m in rest %}"
    "{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}"
    "{% elif m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content.split('</think>')[-1] + eos_token }}"
    "{% else %}{{ raise_exception('no such role') }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %}"
)
GLM45 = (
    "[gMASK]<sop>{% if tools %}{{ '<|system|>\n# Tools\n\n<tools>' }}{% for t in tools %}{{ '\n' + t | tojson }}{% endfor %}{{ '\n</tools>' }}"
    "{% endif %}{% set rest = messages %}" + _LAST + "{% for m in messages %}"
    "{% if m.role == 'user' %}{{ '<|user|>\n' + m.content }}"
    "{{ '/nothink' if enable_thinking is defined and not enable_thinking and not m.content.endswith('/nothink') }}"
    "{% elif m.role == 'assistant' %}"
    + _THOUGHT
    + "{{ '<|assistant|>\n<think>' + (thought.strip() if loop.index0 > ns.last else '') + '</think>' }}"
    "{{ '\n' + text.strip() if text.strip() }}{% for c in m.tool_calls or [] %}{{ '\n<tool_call>' + c.function.name + '\n' }}"
    "{% for k, v in c.function.arguments.items() %}{{ '<arg_key>' + k + '</arg_key>\n<arg_value>' + v + '</arg_value>\n' }}{% endfor %}"
    "{{ '</tool_call>' }}{% endfor %}"
    "{% elif m.role == 'tool' %}{{ '<|observation|>' if loop.first or messages[loop.index0 - 1].role != 'tool' }}"
    "{{ '\n<tool_response>\n' + m.content + '\n</tool_response>' }}"
    "{% else %}{{ '<|system|>\n' + m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}"
    "{% if enable_thinking is defined and not enable_thinking %}{{ '\n<think></think>' }}{% endif %}{% endif %}"
)
SMOLLM3 = (
    "{% if enable_thinking is not defined %}{% set enable_thinking = true %}{% endif %}"
    + _SYSTEM
    + "{% set mode = '/think' if enable_thinking else '/no_think' %}"
    "{{ '<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: ' + mode + '\n\n## Custom Instructions\n\n' }}"
    "{{ (first | default('You are a helpful AI assistant named SmolLM.')) + '\n\n' }}"
    "{% if tools %}{{ '### Tools\n\n<tools>' }}{% for t in tools %}{{ '\n' + t | tojson }}{% endfor %}{{ '\n</tools>\n\n' }}{% endif %}{{ '<|im_end|>\n' }}"
    "{% for m in rest %}{% if m.role == 'tool' %}{{ '<|im_start|>user\n' + m.content + '<|im_end|>\n' }}"
    "{% elif m.role == 'assistant' %}{{ '<|im_start|>assistant\n' }}"
    "{% if not enable_thinking %}{{ '<think>\n\n</think>\n' }}{% endif %}{{ m.content.lstrip('\n') }}"
    "{% for c in m.tool_calls or [] %}{{ '<tool_call>' + c.function | tojson + '</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% if not enable_thinking %}{{ '<think>\n\n</think>\n' }}{% endif %}{% endif %}"
    "{# The thought of an answer is part of its content: <think>…</think>. #}"
)
HARMONY = (
    "{{ '<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|>' }}"
    + _SYSTEM
    + "{% if first is defined or tools %}{{ '<|start|>developer<|message|>' }}"
    "{% if first is defined %}{{ '# Instructions\n\n' + first + '\n\n' }}{% endif %}"
    "{% if tools %}{{ '# Tools\n\nnamespace functions {\n' }}{% for t in tools %}{{ 'type ' + t.function.name + ' = (_: ' + t.function.parameters | tojson + ') => any;\n' }}"
    "{% endfor %}{{ '}' }}{% endif %}{{ '<|end|>' }}{% endif %}"
    "{% set ns = namespace(tool='') %}{% for m in rest %}"
    "{% if m.role == 'user' %}{{ '<|start|>user<|message|>' + m.content + '<|end|>' }}"
    "{% elif m.role == 'tool' %}{{ '<|start|>functions.' + ns.tool + ' to=assistant<|channel|>commentary<|message|>' + m.content | tojson + '<|end|>' }}"
    "{% elif m.tool_calls %}{% if m.thinking and loop.last %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}"
    "{% set ns.tool = m.tool_calls[0].function.name %}{{ '<|start|>assistant to=functions.' + ns.tool + '<|channel|>commentary json<|message|>' }}"
    "{{ m.tool_calls[0].function.arguments | tojson + '<|call|>' }}"
    "{% elif loop.last and not add_generation_prompt %}"
    "{% if m.thinking is defined %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}"
    "{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|return|>' }}"
    "{% else %}{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)


class Family(NamedTuple):
    """A template with the tokens of its vocabulary."""

    template: str
    special: list[str]
    eos: str


_IM = ["<|im_start|>", "<think>", "</think>", "<tool_call>", "</tool_call>"]
FAMILIES: dict[str, Family] = {
    "Llama 3.1": Family(LLAMA, ["<|start_header_id|>", "<|end_header_id|>"], "<|eot_id|>"),
    "Qwen 2.5": Family(QWEN25, _IM[:1] + _IM[3:], "<|im_end|>"),
    "Qwen 3": Family(QWEN3, _IM, "<|im_end|>"),
    "Qwen 3 Thinking": Family(QWEN3_THINKING, _IM, "<|im_end|>"),
    "Qwen 3.5": Family(QWEN35, _IM, "<|im_end|>"),
    "Gemma 2": Family(GEMMA2, ["<start_of_turn>", "<end_of_turn>"], "<eos>"),
    "Gemma 3": Family(GEMMA3, ["<start_of_turn>", "<end_of_turn>"], "<eos>"),
    "Mistral v3": Family(MISTRAL_V3, ["[INST]", "[/INST]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"], "</s>"),
    "Mistral v7": Family(MISTRAL_V7, ["[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"], "</s>"),
    "Phi-3": Family(PHI3, ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], "<|endoftext|>"),
    "Phi-4": Family(PHI4, ["<|im_start|>", "<|im_sep|>"], "<|im_end|>"),
    "DeepSeek-R1-Distill": Family(R1, ["<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"], "<｜end▁of▁sentence｜>"),
    "GLM-4.5": Family(GLM45, ["<|user|>", "<|assistant|>", "<|system|>", "<|observation|>", "<think>", "</think>"], "<|endoftext|>"),
    "SmolLM3": Family(SMOLLM3, _IM, "<|im_end|>"),
    "gpt-oss": Family(HARMONY, ["<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|call|>"], "<|return|>"),
}


def tokenizer_of(name: str) -> Any:
    """A small tokenizer with the template of a family."""
    family = FAMILIES[name]
    return make_tokenizer(family.template, special=family.special, eos=family.eos, bos="<s>")
