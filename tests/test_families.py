"""The families that people train: trainer, preview and chat write each one's own form, token by token, with thoughts and tools."""

# ruff: noqa: E501  # the rows are the table

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from families_help import FAMILIES, tokenizer_of
from trainer_help import CHATML, make_tokenizer, write_rows

pytest.importorskip("transformers")
from academy.chat.decoding import Apart, Spelling, marks_of
from academy.rows import message_of, turns_of
from academy.text import forms, templates, tokens
from academy.text.calls import read_calls
from academy.text.conversations import as_message

TOOL = json.dumps(forms.definition("lamp", {"room": {"type": "string"}}))


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


CALL = assistant("", calls=json.dumps([{"name": "lamp", "arguments": {"room": "attic"}}]))
RESULT = {"role": "tool", "content": "on", "name": "lamp"}
TALKS: dict[str, list[dict[str, Any]]] = {
    "talk": [{"role": "system", "content": "Be brief."}, user("Where?"), assistant("There."), user("And?"), assistant("Here.")],
    "thought": [user("Where?"), assistant("There."), user("Why?"), assistant("So.", thinking="Pots.")],
    "tools": [{"role": "tools", "content": f"[{TOOL}]"}, user("Lamp?"), CALL, RESULT, assistant("It is on.")],
}

# What each family's documents describe, ⟦…⟧ around what is learned; an empty list: it has no form for that. A {TOOL} is its definition.
ROWS: dict[str, dict[str, list[str]]] = {
    "Llama 3.1": {
        "talk": [
            "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhere?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n⟦There.<|eot_id|>⟧",
            "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhere?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nThere.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n⟦Here.<|eot_id|>⟧",
        ],
        "thought": [],
        "tools": [
            '<s><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nGiven the following functions, answer with JSON.\n\n{TOOL}\n\nLamp?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n⟦{"name": "lamp", "parameters": {"room": "attic"}}<|eot_id|>⟧',
            '<s><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nGiven the following functions, answer with JSON.\n\n{TOOL}\n\nLamp?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{"name": "lamp", "parameters": {"room": "attic"}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>\n\n"on"<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n⟦It is on.<|eot_id|>⟧',
        ],
    },
    "Qwen 2.5": {
        "talk": [
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n⟦There.<|im_end|>⟧",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n⟦Here.<|im_end|>⟧",
        ],
        "thought": [],
        "tools": [
            '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n⟦<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>⟧',
            '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\non\n</tool_response><|im_end|>\n<|im_start|>assistant\n⟦It is on.<|im_end|>⟧',
        ],
    },
    "Qwen 3": {
        "talk": [
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\n\nThere.<|im_end|>⟧",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\n\nHere.<|im_end|>⟧",
        ],
        "thought": [
            "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n⟦<think>\nPots.\n</think>\n\nSo.<|im_end|>⟧",
        ],
        "tools": [
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\n\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>⟧',
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\non\n</tool_response><|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\n\nIt is on.<|im_end|>⟧',
        ],
    },
    "Qwen 3 Thinking": {
        "talk": [
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nThere.<|im_end|>⟧",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nHere.<|im_end|>⟧",
        ],
        "thought": [
            "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦Pots.\n</think>\n\nSo.<|im_end|>⟧",
        ],
        "tools": [
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>⟧',
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\non\n</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nIt is on.<|im_end|>⟧',
        ],
    },
    "Qwen 3.5": {
        "talk": [
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nThere.<|im_end|>⟧",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nHere.<|im_end|>⟧",
        ],
        "thought": [
            "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦Pots.\n</think>\n\nSo.<|im_end|>⟧",
        ],
        "tools": [
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>⟧',
            '<|im_start|>system\n\n\n# Tools\n\n<tools>\n{TOOL}\n</tools><|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\non\n</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n⟦\n</think>\n\nIt is on.<|im_end|>⟧',
        ],
    },
    "Gemma 2": {
        "talk": [
            "<s><start_of_turn>user\nBe brief.\n\nWhere?<end_of_turn>\n<start_of_turn>model\n⟦There.<end_of_turn>⟧",
            "<s><start_of_turn>user\nBe brief.\n\nWhere?<end_of_turn>\n<start_of_turn>model\nThere.<end_of_turn>\n<start_of_turn>user\nAnd?<end_of_turn>\n<start_of_turn>model\n⟦Here.<end_of_turn>⟧",
        ],
        "thought": [],
        "tools": [],
    },
    "Gemma 3": {
        "talk": [
            "<s><start_of_turn>user\nBe brief.\n\nWhere?<end_of_turn>\n<start_of_turn>model\n⟦There.<end_of_turn>⟧",
            "<s><start_of_turn>user\nBe brief.\n\nWhere?<end_of_turn>\n<start_of_turn>model\nThere.<end_of_turn>\n<start_of_turn>user\nAnd?<end_of_turn>\n<start_of_turn>model\n⟦Here.<end_of_turn>⟧",
        ],
        "thought": [],
        "tools": [],
    },
    "Mistral v3": {
        "talk": [
            "<s>[INST] Be brief.\n\nWhere?[/INST]⟦ There.</s>⟧",
            "<s>[INST] Where?[/INST] There.</s>[INST] Be brief.\n\nAnd?[/INST]⟦ Here.</s>⟧",
        ],
        "thought": [],
        "tools": [
            '<s>[AVAILABLE_TOOLS] [{TOOL}][/AVAILABLE_TOOLS][INST] Lamp?[/INST]⟦[TOOL_CALLS] [{"name": "lamp", "arguments": {"room": "attic"}, "id": "000000001"}]</s>⟧',
            '<s>[AVAILABLE_TOOLS] [{TOOL}][/AVAILABLE_TOOLS][INST] Lamp?[/INST][TOOL_CALLS] [{"name": "lamp", "arguments": {"room": "attic"}, "id": "000000001"}]</s>[TOOL_RESULTS] {"content": "on", "call_id": "000000001"}[/TOOL_RESULTS]⟦ It is on.</s>⟧',
        ],
    },
    "Mistral v7": {
        "talk": [
            "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Where?[/INST]⟦There.</s>⟧",
            "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Where?[/INST]There.</s>[INST]And?[/INST]⟦Here.</s>⟧",
        ],
        "thought": [],
        "tools": [],
    },
    "Phi-3": {
        "talk": [
            "<|system|>\nBe brief.<|end|>\n<|user|>\nWhere?<|end|>\n<|assistant|>\n⟦There.<|end|>⟧",
            "<|system|>\nBe brief.<|end|>\n<|user|>\nWhere?<|end|>\n<|assistant|>\nThere.<|end|>\n<|user|>\nAnd?<|end|>\n<|assistant|>\n⟦Here.<|end|>⟧",
        ],
        "thought": [],
        "tools": [],
    },
    "Phi-4": {
        "talk": [
            "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Where?<|im_end|><|im_start|>assistant<|im_sep|>⟦There.<|im_end|>⟧",
            "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Where?<|im_end|><|im_start|>assistant<|im_sep|>There.<|im_end|><|im_start|>user<|im_sep|>And?<|im_end|><|im_start|>assistant<|im_sep|>⟦Here.<|im_end|>⟧",
        ],
        "thought": [],
        "tools": [],
    },
    "DeepSeek-R1-Distill": {
        "talk": [
            "<s>Be brief.<｜User｜>Where?<｜Assistant｜><think>\n⟦\n</think>\n\nThere.<｜end▁of▁sentence｜>⟧",
            "<s>Be brief.<｜User｜>Where?<｜Assistant｜>There.<｜end▁of▁sentence｜><｜User｜>And?<｜Assistant｜><think>\n⟦\n</think>\n\nHere.<｜end▁of▁sentence｜>⟧",
        ],
        "thought": [
            "<s><｜User｜>Where?<｜Assistant｜>There.<｜end▁of▁sentence｜><｜User｜>Why?<｜Assistant｜><think>\n⟦Pots.\n</think>\n\nSo.<｜end▁of▁sentence｜>⟧",
        ],
        "tools": [],
    },
    "GLM-4.5": {
        "talk": [
            "[gMASK]<sop><|system|>\nBe brief.<|user|>\nWhere?/nothink<|assistant|>⟦\n<think></think>\nThere.<|endoftext|>⟧",
            "[gMASK]<sop><|system|>\nBe brief.<|user|>\nWhere?/nothink<|assistant|>\n<think></think>\nThere.<|user|>\nAnd?/nothink<|assistant|>⟦\n<think></think>\nHere.<|endoftext|>⟧",
        ],
        "thought": [
            "[gMASK]<sop><|user|>\nWhere?<|assistant|>\n<think></think>\nThere.<|user|>\nWhy?<|assistant|>⟦\n<think>Pots.</think>\nSo.<|endoftext|>⟧",
        ],
        "tools": [
            "[gMASK]<sop><|system|>\n# Tools\n\n<tools>\n{TOOL}\n</tools><|user|>\nLamp?/nothink<|assistant|>⟦\n<think></think>\n<tool_call>lamp\n<arg_key>room</arg_key>\n<arg_value>attic</arg_value>\n</tool_call><|endoftext|>⟧",
            "[gMASK]<sop><|system|>\n# Tools\n\n<tools>\n{TOOL}\n</tools><|user|>\nLamp?/nothink<|assistant|>\n<think></think>\n<tool_call>lamp\n<arg_key>room</arg_key>\n<arg_value>attic</arg_value>\n</tool_call><|observation|>\n<tool_response>\non\n</tool_response><|assistant|>⟦\n<think></think>\nIt is on.<|endoftext|>⟧",
        ],
    },
    "SmolLM3": {
        "talk": [
            "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /no_think\n\n## Custom Instructions\n\nBe brief.\n\n<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\nThere.<|im_end|>⟧",
            "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /no_think\n\n## Custom Instructions\n\nBe brief.\n\n<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\nThere.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\nHere.<|im_end|>⟧",
        ],
        "thought": [
            "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /think\n\n## Custom Instructions\n\nYou are a helpful AI assistant named SmolLM.\n\n<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nThere.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n⟦<think>\nPots.\n</think>\n\nSo.<|im_end|>⟧",
        ],
        "tools": [
            '<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /no_think\n\n## Custom Instructions\n\nYou are a helpful AI assistant named SmolLM.\n\n### Tools\n\n<tools>\n{TOOL}\n</tools>\n\n<|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\n<tool_call>{"name": "lamp", "arguments": {"room": "attic"}}</tool_call><|im_end|>⟧',
            '<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /no_think\n\n## Custom Instructions\n\nYou are a helpful AI assistant named SmolLM.\n\n### Tools\n\n<tools>\n{TOOL}\n</tools>\n\n<|im_end|>\n<|im_start|>user\nLamp?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n<tool_call>{"name": "lamp", "arguments": {"room": "attic"}}</tool_call><|im_end|>\n<|im_start|>user\non<|im_end|>\n<|im_start|>assistant\n⟦<think>\n\n</think>\nIt is on.<|im_end|>⟧',
        ],
    },
    "gpt-oss": {
        "talk": [
            "<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|><|start|>developer<|message|># Instructions\n\nBe brief.\n\n<|end|><|start|>user<|message|>Where?<|end|><|start|>assistant⟦<|channel|>final<|message|>There.<|return|>⟧",
            "<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|><|start|>developer<|message|># Instructions\n\nBe brief.\n\n<|end|><|start|>user<|message|>Where?<|end|><|start|>assistant<|channel|>final<|message|>There.<|end|><|start|>user<|message|>And?<|end|><|start|>assistant⟦<|channel|>final<|message|>Here.<|return|>⟧",
        ],
        "thought": [
            "<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|><|start|>user<|message|>Where?<|end|><|start|>assistant<|channel|>final<|message|>There.<|end|><|start|>user<|message|>Why?<|end|><|start|>assistant⟦<|channel|>analysis<|message|>Pots.<|end|><|start|>assistant<|channel|>final<|message|>So.<|return|>⟧",
        ],
        "tools": [
            '<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|><|start|>developer<|message|># Tools\n\nnamespace functions {\ntype lamp = (_: {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}) => any;\n}<|end|><|start|>user<|message|>Lamp?<|end|><|start|>assistant⟦ to=functions.lamp<|channel|>commentary json<|message|>{"room": "attic"}<|call|>⟧',
            '<|start|>system<|message|>You are ChatGPT.\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|><|start|>developer<|message|># Tools\n\nnamespace functions {\ntype lamp = (_: {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}) => any;\n}<|end|><|start|>user<|message|>Lamp?<|end|><|start|>assistant to=functions.lamp<|channel|>commentary json<|message|>{"room": "attic"}<|call|><|start|>functions.lamp to=assistant<|channel|>commentary<|message|>"on"<|end|><|start|>assistant⟦<|channel|>final<|message|>It is on.<|return|>⟧',
        ],
    },
}
FORMS = [(name, kind) for name, kinds in ROWS.items() for kind, rows in kinds.items() if rows]
NONE = [(name, kind) for name, kinds in ROWS.items() for kind, rows in kinds.items() if not rows]


@pytest.fixture(scope="module")
def made() -> dict[str, tuple[Any, templates.ChatForm]]:
    return {name: (tokenizer, templates.choose(tokenizer)) for name in FAMILIES for tokenizer in [tokenizer_of(name)]}


def marked(written: templates.Written) -> str:
    pieces, at = [], 0
    for start, end in written.spans:
        pieces += [written.text[at:start], "⟦", written.text[start:end], "⟧"]
        at = end
    return "".join([*pieces, written.text[at:]])


def without_marks(text: str) -> tuple[str, str]:
    """What stands before the words to learn, and these words."""
    before, _, learned = text.replace("{TOOL}", TOOL).partition("⟦")
    return before, learned.partition("⟧")[0]


@pytest.mark.parametrize(("name", "kind"), FORMS)
def test_a_row_is_written_in_the_familys_own_form(made: Any, name: str, kind: str) -> None:
    _, form = made[name]
    expected = [row.replace("{TOOL}", TOOL) for row in ROWS[name][kind]]
    assert [marked(written) for written in form.write(TALKS[kind])][-len(expected) :] == expected


@pytest.mark.parametrize(("name", "kind"), FORMS)
def test_the_tokens_that_are_learned_are_those_that_the_chat_waits_for(made: Any, name: str, kind: str) -> None:
    tokenizer, form = made[name]
    expected = [without_marks(row) for row in ROWS[name][kind]]
    rows = tokens.tokenize(tokenizer, form, [(1, TALKS[kind])], 1 << 20).rows[-len(expected) :]
    for row, (before, learned) in zip(rows, expected, strict=True):
        assert row.ids == [token for text in (before, learned) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
        assert tokenizer.decode([token for token, trained in zip(row.ids, row.trained, strict=True) if trained]) == learned
    answers = [at for at, message in enumerate(TALKS[kind]) if message["role"] == "assistant"][-len(rows) :]
    for row, at in zip(rows, answers, strict=True):
        thinks = "thinking" in TALKS[kind][at]
        # The chat sends the fields of its messages as they come from the page or a client.
        prompt = tokens.prompt_ids(tokenizer, form, TALKS[kind][:at], thinking=thinks)
        assert row.ids[: len(prompt)] == prompt
        rest = tokenizer.decode(row.ids[len(prompt) :])
        assert "Pots." in rest if thinks else "lamp" in rest if "calls" in TALKS[kind][at] else TALKS[kind][at]["content"] in rest


@pytest.mark.parametrize("name", [name for name, kind in FORMS if kind == "tools"])
def test_the_call_that_is_learned_is_read_again_from_a_reply(made: Any, name: str) -> None:
    tokenizer, form = made[name]
    row = tokens.tokenize(tokenizer, form, [(1, TALKS["tools"])], 1 << 20).rows[0]
    prompt = tokens.prompt_ids(tokenizer, form, TALKS["tools"][:2])
    spelling, apart = Spelling(tokenizer, (), marks_of(tokenizer, form.thoughts)), Apart(form.thoughts, is_open=False)
    pieces = [piece for token in row.ids[len(prompt) : -1] for piece in apart.feed(spelling.feed(token))]
    text = "".join([*pieces, *apart.feed(spelling.rest()), *apart.rest()])
    assert read_calls(text) == ("", [{"name": "lamp", "arguments": {"room": "attic"}}])


@pytest.mark.parametrize("text", ["It is {on}.", "[1, 2]", '{"name": "lamp"', "<tool_call>", "", '{"a": 1}'])
def test_a_reply_without_a_whole_call_stays_as_it_is(text: str) -> None:
    assert read_calls(text) == (text, [])


@pytest.mark.parametrize(("name", "kind"), NONE)
def test_a_base_without_the_form_says_so_or_learns_the_answer_alone(made: Any, name: str, kind: str) -> None:
    tokenizer, form = made[name]
    result = tokens.tokenize(tokenizer, form, [(7, TALKS[kind])], 1 << 20)
    if kind == "tools":
        assert not result.rows
        assert "no form for tools" in str(result.untrained[7])
    else:
        assert result.thoughts_dropped == 1
        text = tokenizer.decode(result.rows[-1].ids)
        assert "So." in text
        assert "Pots." not in text


@pytest.mark.parametrize("name", ["Qwen 3", "DeepSeek-R1-Distill", "SmolLM3", "gpt-oss"])
def test_a_masked_thought_is_context_and_the_answer_is_learned(made: Any, name: str) -> None:
    tokenizer, form = made[name]
    talk = [user("Why?"), assistant("So.", thinking="Pots.", thinking_trained=False)]
    row = tokens.tokenize(tokenizer, form, [(1, talk)], 1 << 20).rows[0]
    learned = tokenizer.decode([token for token, trained in zip(row.ids, row.trained, strict=True) if trained])
    assert learned == "So." + form.end_token
    assert "Pots." in tokenizer.decode(row.ids)


@pytest.mark.parametrize("name", ["Qwen 2.5", "Gemma 2", "Mistral v3"])
def test_a_masked_turn_stays_in_the_conversation_and_is_not_learned(made: Any, name: str) -> None:
    tokenizer, form = made[name]
    talk = [user("Where?"), assistant("There.", trained=False), user("And?"), assistant("Here.")]
    result = tokens.tokenize(tokenizer, form, [(1, talk), (2, talk[:2])], 1 << 20)
    assert [row.row for row in result.rows] == [1]
    learned = [token for token, trained in zip(result.rows[0].ids, result.rows[0].trained, strict=True) if trained]
    assert tokenizer.decode(learned).strip() == "Here." + form.end_token
    assert "There." in tokenizer.decode(result.rows[0].ids)
    assert "none of its answers is to be learned" in str(result.untrained[2])


def test_a_masked_turn_is_not_learned_where_the_template_marks_the_answers_either() -> None:
    tokenizer = make_tokenizer(CHATML)
    talk = [user("Where?"), assistant("There.", trained=False), user("And?"), assistant("Here.")]
    row = tokens.tokenize(tokenizer, templates.choose(tokenizer), [(1, talk)], 1 << 20).rows[0]
    assert tokenizer.decode([token for token, trained in zip(row.ids, row.trained, strict=True) if trained]) == "Here.<|im_end|>"


@pytest.mark.parametrize(("name", "greets"), [("Qwen 2.5", True), ("Gemma 2", False), ("Mistral v3", False), ("gpt-oss", True)])
def test_a_greeting_is_context_and_left_out_where_the_template_begins_with_the_user(made: Any, name: str, greets: bool) -> None:
    tokenizer, form = made[name]
    row = tokens.tokenize(tokenizer, form, [(1, [assistant("Hello you."), user("Where?"), assistant("There.")])], 1 << 20).rows
    assert len(row) == 1
    assert ("Hello you." in tokenizer.decode(row[0].ids)) is greets
    assert "Hello" not in tokenizer.decode([token for token, trained in zip(row[0].ids, row[0].trained, strict=True) if trained])


@pytest.mark.parametrize("name", ["Qwen 3", "Mistral v3", "Phi-4"])
def test_the_preview_shows_the_trainers_tokens_and_counts_thoughts_and_tools(made: Any, tmp_path: Path, name: str) -> None:
    tokenizer, form = made[name]
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    rows = [row_of_talk(TALKS[kind]) for kind in ("thought", "tools", "talk")]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    reply = tokens.preview({"base_path": str(tmp_path), "dataset_path": str(path), "max_seq_length": 1 << 20, "rows": [0, 1, 2]})
    told = " ".join(str(note) for note in reply["notes"])
    assert ("no form for thoughts" in told) is (form.thoughts is None)
    for shown, row in zip(reply["rows"], rows, strict=True):
        talk = [as_message(turn) for turn in turns_of(row)]
        trained = tokens.tokenize(tokenizer, form, [(1, talk)], 1 << 20).rows
        pieces = [(tokenizer.decode([token]), flag) for item in trained for token, flag in zip(item.ids, item.trained, strict=True)]
        assert [(token["text"], token["kind"] == "trained") for token in shown["tokens"]] == pieces


@pytest.mark.parametrize(("name", "of_three", "thinks"), [("Qwen 3", 2, True), ("Qwen 3", 1, False), ("Phi-4", 3, False)])
def test_an_adapter_of_which_most_answers_follow_a_thought_is_asked_for_one(made: Any, name: str, of_three: int, thinks: bool) -> None:
    from academy.trainer.dataset import Dataset

    tokenizer, form = made[name]
    talks = [(at, TALKS["thought"] if at <= of_three else TALKS["talk"]) for at in (1, 2, 3)]
    dataset = Dataset(tokenizer, form, talks, tokens.tokenize(tokenizer, form, talks, 1 << 20), tokens.Tokenized(), 1 << 20)
    assert dataset.thinks is thinks


def row_of_talk(talk: list[dict[str, Any]]) -> dict[str, Any]:
    """The talk as a row of a dataset file."""
    from academy.rows import Turn, row_of

    row = row_of([Turn(**message) for message in talk], "messages")
    assert turns_of(row) == [Turn(**message) for message in talk]
    assert row["messages"][-1] == message_of(turns_of(row)[-1])
    return row
