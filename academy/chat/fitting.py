"""Turns a conversation into a prompt that the model can read: system text first, and without its oldest turns where it is too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from academy.errors import Invalid
from academy.messages import Text, count
from academy.text.templates import NotRendered, Renderer
from academy.text.tokens import Message, prompt_ids


@dataclass(frozen=True)
class Prompt:
    """The tokens of a prompt, and notes for the reader of the reply."""

    ids: list[int]
    notes: tuple[Text, ...] = ()


def fit(
    tokenizer: Any, form: Renderer, messages: list[Message], *, limit: int, max_new_tokens: int, model: str, thinking: bool = False
) -> Prompt:
    """The prompt with room for the reply in `limit` tokens; raises Invalid where the last question alone is too long."""
    room = limit - min(max_new_tokens, max(16, limit // 4))
    notes: list[Text] = []
    system = [message for message in messages if message["role"] in ("system", "tools")]
    turns = [message for message in messages if message["role"] not in ("system", "tools")]
    # A blank at its end would be a token of its own, after which models rarely know how to go on.
    prefix = turns.pop()["content"].rstrip(" ") if turns[-1]["role"] == "assistant" else ""
    if any(message["role"] == "system" for message in system) and not form.system:
        notes.append("The template of this model has no system prompt; it was put before the first question.")
    left_out = 0
    while len(ids := encode(tokenizer, form, system, turns, prefix, thinking=thinking)) > room and len(turns) > 1:
        # Up to the next question, so that a conversation still starts with the user.
        cut = next((at for at in range(1, len(turns)) if turns[at]["role"] == "user"), len(turns) - 1)
        left_out += cut
        turns = turns[cut:]
    if len(ids) >= limit:
        raise Invalid(
            "The message is too long: {tokens:number} tokens, and {model} reads at most {limit:number}.",
            hint="Shorten it.",
            code="context_length_exceeded",
            tokens=len(ids),
            model=model,
            limit=limit,
        )
    if left_out:
        notes.append(
            count(
                left_out,
                one="The conversation is longer than the model can read; its oldest message was left out.",
                other="The conversation is longer than the model can read; its {n} oldest messages were left out.",
            )
        )
    return Prompt(ids, tuple(notes))


def encode(
    tokenizer: Any, form: Renderer, system: list[Message], turns: list[Message], prefix: str = "", *, thinking: bool = False
) -> list[int]:
    """The prompt's tokens, all system texts in one at the start; raises Invalid where the template refuses the conversation."""
    text = "\n\n".join(message["content"] for message in system if message["role"] == "system")
    tools = [message for message in system if message["role"] == "tools"]
    try:
        return prompt_ids(tokenizer, form, [*tools, {"role": "system", "content": text}, *turns], prefix, thinking=thinking)
    except NotRendered as error:
        raise Invalid(
            "The chat template of this model does not take this conversation: {why}",
            hint="Leave the tools out, or choose a model that knows them."
            if tools
            else "Let the turns alternate, beginning with the user.",
            why=error.text,
        ) from error
