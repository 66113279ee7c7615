"""Turns a conversation into a prompt that the model can read: system text first, and without its oldest turns where it is too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from academy.errors import Invalid
from academy.text.templates import NotRendered, Renderer
from academy.text.tokens import Message, prompt_ids


@dataclass(frozen=True)
class Prompt:
    """The tokens of a prompt, and notes for the reader of the reply."""

    ids: list[int]
    notes: tuple[str, ...] = ()


def fit(tokenizer: Any, form: Renderer, messages: list[Message], *, limit: int, max_new_tokens: int, model: str) -> Prompt:
    """The prompt with room for the reply in `limit` tokens; raises Invalid where the last question alone is too long."""
    room = limit - min(max_new_tokens, max(16, limit // 4))
    notes: list[str] = []
    system = [message for message in messages if message["role"] == "system"]
    turns = [message for message in messages if message["role"] != "system"]
    if system and not form.system:
        notes.append("The template of this model has no system prompt; it was put before the first question.")
    left_out = 0
    while len(ids := encode(tokenizer, form, system, turns)) > room and len(turns) > 1:
        # Up to the next question, so that a conversation still starts with the user.
        cut = next((at for at in range(1, len(turns)) if turns[at]["role"] == "user"), len(turns) - 1)
        left_out += cut
        turns = turns[cut:]
    if len(ids) >= limit:
        raise Invalid(
            f"The message is too long: {len(ids):,} tokens, and {model} reads at most {limit:,}.",
            hint="Shorten it.",
            code="context_length_exceeded",
        )
    if left_out:
        notes.append(f"The conversation is longer than the model can read; its {left_out} oldest messages were left out.")
    return Prompt(ids, tuple(notes))


def encode(tokenizer: Any, form: Renderer, system: list[Message], turns: list[Message]) -> list[int]:
    """The prompt's tokens, all system texts in one at the start; raises Invalid where the template refuses the conversation."""
    text = "\n\n".join(message["content"] for message in system)
    try:
        return prompt_ids(tokenizer, form, [{"role": "system", "content": text}, *turns])
    except NotRendered as error:
        raise Invalid(
            f"The chat template of this model does not take this conversation: {error.message}",
            hint="Let the turns alternate, beginning with the user.",
        ) from error
