"""Who answers and how: what stands beside the question, and the requests that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from academy.chat.conversations import Turn
from academy.chat.request import BASE, ChatRequest

if TYPE_CHECKING:
    from academy.services.academy import Academy

LONGEST_REPLY = 256
_REMEMBERED = 40


@dataclass(frozen=True)
class Author:
    """Who gives a reply: an adapter, or with BASE the base model, of which an empty name is the one that the chat would take."""

    adapter_id: str
    name: str = ""
    base: str = ""


@dataclass(frozen=True)
class Choices:
    """What stands beside a question, in the order of the handler's inputs."""

    who: str
    compare: bool
    beside: str
    memory: bool
    system: str
    temperature: float
    top_p: float
    longest: float | None
    seed: str
    think: bool | None = None  # None: as the adapter was taught

    def authors(self, academy: Academy) -> list[Author]:
        """Who answers, fixed at this moment, so that it is who the page says; raises NotFound. An empty `who` is the active adapter."""
        names = [self.who, *([self.beside or BASE] if self.compare else [])]
        found: list[Author] = []
        for name in names:
            author = _author(academy, name)
            if author.adapter_id not in [other.adapter_id for other in found]:
                found.append(author)
        bases = [author.base for author in found if author.adapter_id != BASE]
        return [Author(BASE, "", bases[0]) if author.adapter_id == BASE and bases else author for author in found]

    def request(self, turn: Turn, before: Iterable[Turn], author: Author, prefix: str = "") -> ChatRequest:
        """The request for one reply, or for the rest of one that begins with `prefix`; raises ValidationError."""
        system = (self.system or "").strip()
        messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system else []
        for earlier in list(before)[-_REMEMBERED:] if self.memory else []:
            if earlier.replies and (said := earlier.replies[0].valid):
                # A correction did not come from that thought.
                thought = {"reasoning_content": earlier.replies[0].thinking} if said == earlier.replies[0].text else {}
                messages += [{"role": "user", "content": prompted(earlier)}, {"role": "assistant", "content": said} | thought]
        values = {
            "messages": [*messages, {"role": "user", "content": prompted(turn)}],
            "adapter_id": author.adapter_id,
            "base_model": author.base or None if author.adapter_id == BASE else None,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_new_tokens": int(self.longest or LONGEST_REPLY),
            "prefix": prefix,
            "thinking": self.think,
        }
        seed = (self.seed or "").strip()
        return ChatRequest.model_validate(values | ({"seed": seed} if seed else {}))


def sampling_of(request: ChatRequest) -> dict[str, Any]:
    """What a reply depends on beside the conversation; a lesson made of it keeps that."""
    system = next((message.content for message in request.messages if message.role == "system"), "")
    found = request.model_dump(include={"temperature", "top_p", "max_new_tokens", "seed"}, exclude_none=True)
    return found | ({"system": system} if system else {}) | ({"thinking": 1} if request.thinking else {})


def prompted(turn: Turn) -> str:
    """A question as the model reads it: the attached file stands before it."""
    return f"{turn.file.name}:\n\n{turn.file.text.strip()}\n\n{turn.question}" if turn.file else turn.question


def values_of(choices: Choices) -> dict[str, Any]:
    """What of the choices a preset keeps."""
    return {
        "system": choices.system or "",
        "temperature": choices.temperature,
        "top_p": choices.top_p,
        "longest": int(choices.longest or LONGEST_REPLY),
        "seed": (choices.seed or "").strip(),
    }


def _author(academy: Academy, who: str) -> Author:
    if who == BASE:
        return Author(BASE)
    adapter = academy.adapters.get(who) if who else academy.adapters.active()
    return Author(adapter.adapter_id, adapter.name, adapter.base_model) if adapter else Author(BASE)
