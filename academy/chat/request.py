"""The data between the chat and its callers, and between the chat and its engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from academy.adapters.store import Adapter
from academy.bases import Base
from academy.messages import Text
from academy.rows import BadRow, Turn, calls_of
from academy.text.conversations import as_message

BASE = "base"
"""As an adapter id: the base model without any adapter."""


class Thought(str):
    """A piece of what a model thinks before its reply, among the pieces of the reply."""

    __slots__ = ()


class Message(BaseModel):
    """The text of one side; `tool_calls` and the results (role `tool`) as in OpenAI's API."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant", "tool"]
    content: str = Field(default="", max_length=200_000)
    reasoning_content: str = Field(default="", max_length=200_000, description="What the model thought before this reply.")
    tool_calls: list[dict[str, Any]] = Field(default=[], max_length=100)
    name: str = Field(default="", max_length=200)
    tool_call_id: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _has_calls_with_names(self) -> Message:
        try:
            calls_of(self.model_dump())
        except BadRow as error:
            raise ValueError(str(error)) from error
        return self

    def as_turn(self) -> dict[str, Any]:
        """The message as the templates take it."""
        calls = calls_of(self.model_dump())
        turn = Turn(self.role, self.content, self.reasoning_content, calls, self.name, self.tool_call_id)
        return as_message(turn)


class ChatRequest(BaseModel):
    """A question with the conversation before it (contract, section 1, row 17)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())

    messages: list[Message] = Field(min_length=1, max_length=1000, description="The conversation; the last message is the user's.")
    adapter_id: str | None = Field(
        default=None, max_length=120, title="Adapter", description='Who answers. Empty: the active adapter; "base": the base model alone.'
    )
    base_model: str | None = Field(
        default=None, max_length=500, title="Base model", description='With adapter_id "base": which one. Empty: the active adapter\'s.'
    )
    max_new_tokens: int = Field(default=512, ge=1, le=8192, title="Longest reply", description="In tokens.")
    temperature: float = Field(
        default=0.0, ge=0, le=2, title="Temperature", description="0 always takes the likeliest word; higher varies, and invents more."
    )
    top_p: float = Field(default=1.0, gt=0, le=1, title="Top-p", description="Below 1 the unlikeliest words are left out.")
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1, title="Seed", description="The same seed gives the same reply.")
    stop: list[str] = Field(default=[], max_length=8, title="Stop at", description="The reply ends before any of these texts.")
    prefix: str = Field(
        default="",
        max_length=200_000,
        title="Prefix",
        description="The beginning of the reply, which the model continues; it is not repeated.",
    )
    thinking: bool | None = Field(
        default=None,
        title="Think",
        description="The model thinks before it answers, where its template has a form for that. Empty: as the adapter was taught.",
    )
    tools: list[dict[str, Any]] = Field(default=[], max_length=100, description="The tools that it may call, as in OpenAI's API.")
    stream: bool = False

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> ChatRequest:
        if self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's")
        if not any(message.content.strip() for message in self.messages if message.role == "user"):
            raise ValueError("there is nothing in the user's messages")
        return self


@dataclass(frozen=True)
class ChatReply:
    """A reply and its author: `adapter_id` None is the base model alone; `stopped` means that it was ended early."""

    text: str
    adapter_id: str | None
    base_model: str
    prompt_tokens: int
    completion_tokens: int
    stopped: bool = False
    finish: Literal["end", "length", "stopped"] = "end"
    adapter_name: str = ""
    notes: tuple[str, ...] = ()
    seconds_to_first_token: float = 0.0
    tokens_per_second: float = 0.0
    thinking: str = ""


@dataclass(frozen=True)
class Sampling:
    """How the engine chooses tokens, how many at most, and whether a thought comes first."""

    max_new_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    thinking: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a reply ended."""

    prompt_tokens: int
    completion_tokens: int
    finish: Literal["end", "length", "stopped"]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """The model that the engine holds in memory."""

    base: Base
    device: str
    adapter_id: str | None = None


@dataclass(frozen=True)
class Effect:
    """How far an adapter moves its base's numbers on some questions.

    `largest` is the largest difference of a logit, at a token of `question`; of `of` tokens, `changed` have another likeliest next token.
    """

    largest: float
    question: str
    changed: int
    of: int


class Engine(Protocol):
    """Holds one base model and at most one adapter; called by one thread at a time."""

    @property
    def loaded(self) -> Loaded | None: ...

    def on_gpu(self) -> bool:
        """Whether it uses, or would use, a GPU."""
        ...

    def prepare(self, base: Base, adapter: Adapter | None) -> None:
        """Loads the base unless it is loaded, and puts the adapter on it; a failure leaves the adapter before in place."""
        ...

    def generate(
        self,
        messages: list[dict[str, Any]],
        adapter: Adapter | None,
        sampling: Sampling,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> Outcome:
        """Says the reply piece by piece, until `stop` is set or the reply ends; a last message of the assistant is continued."""
        ...

    def effect(self, questions: Sequence[str], adapter: Adapter) -> Effect:
        """Reads the questions with the adapter that is in place and without it, and compares."""
        ...

    def unload(self) -> None:
        """Frees all memory."""
        ...
