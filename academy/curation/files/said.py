"""What the sides of a saved chat said, put together to turns: a message without text cuts, it never glues its neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from academy.curation.examples import Role, Turn
from academy.curation.files.marks import cleaned, notes_of
from academy.curation.files.turns import in_order
from academy.curation.files.values import RowError, check_content
from academy.curation.lessons import Rating
from academy.messages import Message, msg

_CUT = "messages without text (a picture, a file or a paste), at which the conversation was cut: {n}; left out with them: {others}"
OTHER_VERSIONS = "messages of other versions of the conversation, left out: {n}"


@dataclass(frozen=True, slots=True)
class Said:
    """One message; an empty text where it held none."""

    role: Role
    text: str
    thinking: str = ""
    rating: Rating | None = None
    feedback: str = ""


@dataclass(slots=True)
class Chat:
    """A saved chat: its messages in order, what was left out of them by kind, and what the program says of the whole."""

    said: list[Said] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    title: Any = None
    time: Any = None
    key: Any = None
    feedback: str = ""
    tags: Sequence[str] = ()
    rating: Rating | None = None

    def add(self, role: Role, text: Any, number: int, *, thinking: str = "", rating: Rating | None = None, feedback: str = "") -> None:
        """A message; raises RowError where its text cannot be kept."""
        if isinstance(text, str) and text.strip():
            check_content(text, "message {number}", number=number)
        else:
            text = ""
        self.said.append(Said(role, text, thinking, rating, feedback))


def turns_of(chat: Chat, notes: list[Message]) -> tuple[tuple[Turn, ...], Said]:
    """The turns of a chat and its last message; raises RowError where nothing in it was asked and answered."""
    notes += [msg(what, n=number) for what, number in chat.skipped.items()]
    removed: Counter[str] = Counter()
    sides = _sides(chat.said, removed)
    while sides and not sides[-1].text:
        sides.pop()  # an answer that failed, or a question that was only a picture
    parts, gaps = _parts(sides)
    part: Sequence[Said] = next((part for part in parts if len(part) > 1), [])
    others = len(sides) - gaps - len(part) if part else 0
    unanswered = bool(part) and part[-1].role == "user"
    part = part[: len(part) - unanswered]
    greeting = bool(part) and part[0].role == "assistant"  # stays, and is masked
    if unanswered and (part or not chat.skipped):
        notes.append(msg("the last question has no answer and was left out"))
    if gaps:
        notes.append(msg(_CUT, n=gaps, others=max(0, others)))
    notes += notes_of(removed)
    if len(part) < 2 + greeting:
        if left_out := [msg(what, n=number) for what, number in chat.skipped.items()]:
            raise RowError("holds no question with an answer ({notes:commas})", notes=left_out)
        raise RowError("holds no question with an answer")
    system = [Turn("system", item.text) for item in chat.said if item.role == "system" and item.text]
    # Two messages that were put together can be too long, though neither was.
    turns = [Turn(item.role, check_content(item.text, "{role}", role=item.role), item.thinking) for item in part]
    return in_order([*system, *turns]), part[-1]


def _sides(said: Iterable[Said], removed: Counter[str]) -> list[Said]:
    """What each side said until the other one spoke, as a person saw it."""
    sides: list[Said] = []
    for item in said:
        if item.role == "system":
            continue
        if item.role == "assistant" and item.text:
            clean = cleaned(item.text)
            removed += clean.removed
            item = replace(item, text=clean.text, thinking=_both(item.thinking, clean.thinking))
        if sides and sides[-1].role == item.role:
            last = sides[-1]
            sides[-1] = Said(
                item.role,
                _both(last.text, item.text),
                _both(last.thinking, item.thinking),
                item.rating or last.rating,
                _both(last.feedback, item.feedback),
            )
        else:
            sides.append(item)
    return sides


def _both(first: str, second: str) -> str:
    return f"{first}\n\n{second}" if first and second else first or second


def _parts(sides: list[Said]) -> tuple[list[tuple[Said, ...]], int]:
    """The stretches between the messages without text; the question or the answer of such a message belongs to none."""
    parts: list[list[Said]] = [[]]
    gaps = 0
    for position, item in enumerate(sides):
        if not item.text:
            gaps += 1
            if item.role == "assistant" and parts[-1]:
                parts[-1].pop()
            parts.append([])
        elif not (item.role == "assistant" and position and not sides[position - 1].text):
            parts[-1].append(item)
    return [tuple(part) for part in parts], gaps


def branch(
    messages: Sequence[Any], name: str, parent: str, *, last: Any = None, moment: str = "created_at"
) -> tuple[list[dict[str, Any]], int]:
    """The messages of the version that was last seen, and how many belong to others; all of them where they form no tree."""
    listed = [message for message in messages if isinstance(message, dict)]
    by_name = {message[name]: message for message in listed if isinstance(message.get(name), str)}
    if len(by_name) < len(listed) or not any(message.get(parent) in by_name for message in listed):
        return listed, 0
    if last not in by_name:
        # The later one where two were made at once.
        last = max(enumerate(listed), key=lambda item: (str(item[1].get(moment) or ""), item[0]))[1][name]
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    while isinstance(last, str) and last in by_name and last not in seen:
        seen.add(last)
        found.append(by_name[last])
        last = by_name[last].get(parent)
    return found[::-1], len(listed) - len(found)
