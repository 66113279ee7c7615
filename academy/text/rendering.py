"""Renders conversations through a base's chat template: the one place, for trainer, exam, preview, chat and endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from academy.errors import Refused, foreign_code
from academy.text import forms
from academy.text.conversations import Message

MARKERS = re.compile(r"\{%-?\s*generation\s*-?%\}")
"""What a template marks the assistant's words with."""

Span = tuple[int, int]


class NotRendered(Refused):
    """The template refuses this conversation, or changes its text; the message says why."""


@dataclass
class Renderer:
    """A chat template that is ready to render."""

    template: str
    names: dict[str, str]  # bos_token, eos_token, …
    parts: bool = False  # content as a list of parts, as multimodal templates expect it
    system: bool = True  # the template has a system role
    thoughts: forms.Thoughts | None = None  # its form of a thought
    calls: forms.Calls | None = None  # its form of calls of tools

    def prompt(self, messages: list[Message], *, thinking: bool = False) -> str:
        """The text that the model continues with its answer, or with its thought before; raises NotRendered."""
        prompt = self.render(self.adapted(messages), prompt=True, thinking=thinking and self.thoughts is not None)[0]
        return prompt if thinking else prompt + forms.closing(prompt)

    def adapted(self, messages: list[Message]) -> list[Message]:
        """The conversation as this template takes it: without a blank system text, and without a system role its text opens the first
        user turn.
        """
        messages = [message for message in messages if message["role"] != "system" or message["content"].strip()]
        if self.system or not any(message["role"] == "system" for message in messages):
            return messages
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        rest = [{**message} for message in messages if message["role"] != "system"]
        for message in rest:
            if message["role"] == "user":
                message["content"] = f"{system}\n\n{message['content']}"
                return rest
        return [{"role": "user", "content": system}, *rest]

    @property
    def opens_thought(self) -> bool:
        """Whether the prompt of a reply with a thought begins that thought."""
        return self.thoughts is not None and not self.thoughts.before.strip()

    def render(self, messages: list[Message], *, prompt: bool = False, thinking: bool | None = False) -> tuple[str, list[Span]]:
        """The rendered messages, and the ranges that the template marks; raises NotRendered with the template's own words.

        All that trainer, exam, preview and chat write comes from here, with the same variables. `thinking` None: the template's own choice.
        """
        tools = [tool for message in messages if message["role"] == "tools" for tool in json.loads(message["content"])]
        spoken = [message for message in messages if message["role"] != "tools"]
        if self.calls is None and (tools or any(message["role"] == "tool" or message.get("calls") for message in spoken)):
            raise NotRendered("the chat template of this base model has no form for tools")
        return self._rendered(forms.as_given(spoken, self.thoughts, self.calls), tools, prompt, thinking)

    def learn(self) -> None:
        """Finds the template's forms of thoughts and tools."""

        def render(turns: list[dict[str, Any]], tools: list[Any], prompt: bool) -> str:
            try:
                return self._rendered(turns, tools, prompt, True)[0]
            except NotRendered:
                return ""

        self.thoughts = forms.thoughts_of(render, self.template)
        self.calls = forms.tools_of(render)

    def _rendered(self, turns: list[dict[str, Any]], tools: list[Any], prompt: bool, thinking: bool | None) -> tuple[str, list[Span]]:
        from transformers.utils.chat_template_utils import render_jinja_template

        if self.parts:
            turns = [turn | {"content": [{"type": "text", "text": turn["content"]}]} for turn in turns]
        marked = bool(MARKERS.search(self.template))
        # Two names are in use for the same switch.
        variables = {} if thinking is None else {"enable_thinking": thinking, "thinking": thinking}
        # A template is foreign code: it refuses a conversation with whatever exception it likes.
        with foreign_code("The chat template", NotRendered):
            texts, marks = render_jinja_template(
                conversations=[turns],
                tools=tools or None,
                chat_template=self.template,
                return_assistant_tokens_mask=marked,
                add_generation_prompt=prompt,
                **self.names,  # pyright: ignore[reportArgumentType]
                **variables,  # pyright: ignore[reportArgumentType]
            )
        return texts[0], _merged([(int(a), int(b)) for a, b in marks[0] if b > a]) if marked and marks else []


def _merged(marks: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in marks:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
