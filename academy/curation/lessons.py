"""Lessons: a question and its answer, rated or corrected; their fields, limits and checks."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from academy.curation.examples import Example, Turn
from academy.curation.lesson_filter import LessonFilter, normal_time
from academy.curation.outcome import outcome
from academy.files import Name
from academy.messages import Message, count, msg
from academy.rows import WORDINGS, BadRow, turns_of, wordings_of

Rating = Literal["good", "bad"]
GOLDEN = "golden"
"""The tag of a lesson that measures models: it is held out, never trained."""
PICKED = "picked"
"""The tag of a lesson that a choice between two answers made: only a pair, until a person rates or corrects its answer."""
MAX_TEXT = 1_000_000
MAX_NOTE = 100_000
MAX_METADATA = 8_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("situation", "action", "rejected", "result", "feedback", check_fields=False)
    @classmethod
    def _sound_text(cls, value: str | None) -> str | None:
        return value if value is None else check_text(value)

    @field_validator("situation", "action", check_fields=False)
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("is empty")
        return value

    @field_validator("rejected", check_fields=False)
    @classmethod
    def _nothing_rejected(cls, value: str | None) -> str | None:
        return value if value and value.strip() else None

    @field_validator("tags", check_fields=False)
    @classmethod
    def _clean_tags(cls, value: list[str] | None) -> list[str] | None:
        if value is None:
            return None
        tags = list(dict.fromkeys(check_text(tag).strip() for tag in value if tag.strip()))
        if len(tags) > 100:
            raise ValueError(f"{len(tags)} tags are too many, 100 is the limit")
        if any(len(tag) > 200 for tag in tags):
            raise ValueError("a tag is longer than 200 characters")
        return tags

    @field_validator("metadata", check_fields=False)
    @classmethod
    def _sound_metadata(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value:
            check_metadata(value)
        return value

    @field_validator("timestamp", check_fields=False)
    @classmethod
    def _utc(cls, value: str | None) -> str | None:
        return None if value is None else normal_time(value)


class LessonIn(_Fields):
    """A lesson as it is given; missing fields are filled in."""

    lesson_id: Name | None = None
    timestamp: str | None = Field(default=None, max_length=64, description="ISO 8601; now where it is missing.")
    situation: str = Field(max_length=MAX_TEXT, description="What was asked: the user's turn.")
    action: str = Field(max_length=MAX_TEXT, description="What was answered: the assistant's turn.")
    result: str = Field(
        default="", max_length=MAX_NOTE, description="How it went; words of success and failure count while there is no rating."
    )
    feedback: str = Field(default="", max_length=MAX_NOTE)
    tags: list[str] = []
    metadata: dict[str, Any] = Field(
        default={},
        description="Anything; `history` ([[question, answer], …]) and `system` become earlier turns, `wordings` are other ways to ask.",
    )
    rating: Rating | None = None
    rejected: str | None = Field(default=None, max_length=MAX_TEXT, description="The answer that a correction replaced.")


class LessonPatch(_Fields):
    """The fields of a lesson that change; the others stay."""

    timestamp: str | None = Field(default=None, max_length=64)
    situation: str | None = Field(default=None, max_length=MAX_TEXT)
    action: str | None = Field(default=None, max_length=MAX_TEXT)
    result: str | None = Field(default=None, max_length=MAX_NOTE)
    feedback: str | None = Field(default=None, max_length=MAX_NOTE)
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    rating: Rating | None = None
    rejected: str | None = Field(default=None, max_length=MAX_TEXT)

    @model_validator(mode="after")
    def _no_empty_fields(self) -> LessonPatch:
        nothing = sorted(name for name in self.model_fields_set - {"rating", "rejected"} if getattr(self, name) is None)
        if nothing:
            raise ValueError(f"{', '.join(nothing)}: null is no value here; leave the field out to keep it as it is")
        return self


class Lesson(BaseModel):
    """A lesson as it is stored."""

    lesson_id: str
    timestamp: str
    situation: str
    action: str
    result: str = ""
    feedback: str = ""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    rating: Rating | None = None
    rejected: str | None = None


class LessonChange(BaseModel):
    """The same change of many lessons: those with the ids, or all that the filter finds."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["tag", "untag", "rate", "delete", "restore"]
    lesson_ids: list[Name] | None = Field(default=None, max_length=100_000)
    filter: LessonFilter | None = None
    tags: list[str] = Field(default=[], max_length=100, description="What `tag` adds and `untag` takes away.")
    rating: Rating | None = Field(default=None, description="What `rate` gives; null takes the rating away.")

    @field_validator("tags")
    @classmethod
    def _sound_tags(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(check_text(tag).strip()[:200] for tag in value if tag.strip()))

    @model_validator(mode="after")
    def _is_whole(self) -> LessonChange:
        if (self.lesson_ids is None) == (self.filter is None):
            raise ValueError("give either lesson_ids or filter")
        if self.action in ("tag", "untag") and not self.tags:
            raise ValueError("give the tags")
        if self.action == "restore" and self.lesson_ids is None:
            raise ValueError("give the lesson_ids of those to restore")
        return self


class DeletedLesson(Lesson):
    """A lesson in the bin."""

    deleted_at: str


class LessonPage(BaseModel):
    """A page of the matching lessons, newest first; `count` is the number of all matches."""

    count: int
    items: list[Lesson]


def check_text(text: str) -> str:
    """The text, if it can be written as UTF-8; raises ValueError for lone surrogates."""
    if not text.isascii() and _SURROGATE.search(text):
        raise ValueError("holds half a character (a lone surrogate), which cannot be written as UTF-8")
    return text


def check_metadata(value: Any) -> None:
    """Raises ValueError unless the value can be written as JSON and is of reasonable depth and size."""
    todo: list[tuple[Any, int]] = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if depth > 50:
            raise ValueError("is nested deeper than 50")
        if isinstance(item, dict):
            for key, inner in item.items():
                if not isinstance(key, str):
                    raise ValueError("has a key that is no text")
                check_text(key)
                todo.append((inner, depth + 1))
        elif isinstance(item, list | tuple):
            todo.extend((inner, depth + 1) for inner in item)
        elif isinstance(item, str):
            check_text(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise ValueError("holds NaN or infinity")
        elif isinstance(item, int):
            if item.bit_length() > 1024:
                raise ValueError("holds a number of more than 300 digits")
        elif item is not None:
            raise ValueError(f"holds a {type(item).__name__}, which is nothing that JSON knows")
    if len(json.dumps(value, ensure_ascii=False)) > MAX_METADATA:
        raise ValueError(f"is longer than {MAX_METADATA:,} characters")


def whole_of(metadata: dict[str, Any]) -> tuple[Turn, ...]:
    """The whole conversation of a lesson that is more than pairs (calls of tools, masks, a greeting); nothing for any other."""
    try:
        return tuple(turns_of(metadata["conversation"])) if "conversation" in metadata else ()
    except BadRow:
        return ()


def exchange_of(turns: Sequence[Turn]) -> tuple[str, str]:
    """The last question and the last answer of a conversation, which are what a lesson shows."""
    last = turns[-1]
    return next(turn.content for turn in reversed(turns) if turn.role == "user"), last.content or last.calls


def _with_exchange(turns: tuple[Turn, ...], situation: str, action: str) -> tuple[Turn, ...]:
    """The conversation with the question and the answer as they are now."""
    asked = max(at for at, turn in enumerate(turns) if turn.role == "user")
    last = turns[-1] if action in (turns[-1].content, turns[-1].calls) else turns[-1]._replace(content=action, calls="")
    return (*turns[:asked], turns[asked]._replace(content=situation), *turns[asked + 1 : -1], last)


def earlier_turns(metadata: dict[str, Any]) -> tuple[Turn, ...]:
    """The turns before the last exchange: `system` and `history` of a lesson's metadata, where they are well-formed."""
    if whole := whole_of(metadata):
        return whole[:-1]
    turns: list[Turn] = []
    system, history = metadata.get("system"), metadata.get("history")
    if isinstance(system, str) and system.strip():
        turns.append(Turn("system", system))
    if isinstance(history, list) and all(_is_exchange(pair) for pair in history):
        thoughts = thoughts_of(metadata)[: len(history)]
        for (question, answer), thinking in itertools.zip_longest(history, thoughts, fillvalue=""):
            turns += [Turn("user", question), Turn("assistant", answer, thinking)]
    return tuple(turns)


def thoughts_of(metadata: dict[str, Any]) -> list[str]:
    """The thoughts before each answer of a conversation, the last one's included; empty texts where there were none."""
    thoughts = metadata.get("thinking")
    return thoughts if isinstance(thoughts, list) and all(isinstance(thought, str) for thought in thoughts) else []


def is_trainable(lesson: Lesson | LessonIn) -> bool:
    """Contract, section 3: rated good, corrected, or unrated with a result that tells success or nothing; never bad and not corrected."""
    corrected = lesson.rejected is not None and lesson.rejected.strip() != lesson.action.strip()
    if PICKED in lesson.tags and lesson.rating is None:
        return False  # the better of two answers may be wrong all the same
    if corrected or lesson.rating == "good":
        return True
    return lesson.rating is None and outcome(lesson.result) != "failure"


NEVER_TRAINED = msg("rated bad or said to have failed, without a correction")
LEFT_OUT = "Left out: {n} lessons that are {why}."


def never_trained(n: int) -> Message:
    """What is said of lessons that are never trained."""
    return count(n, one="Left out: {n} lesson that is {why}.", other=LEFT_OUT, why=NEVER_TRAINED)


def _is_exchange(pair: Any) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(text, str) and text.strip() for text in pair)


def said_of(lesson: Lesson | LessonIn) -> dict[str, Any]:
    """What a person said of the answer, as the `meta` of an example: the answer it replaced, and the rating."""
    return {name: value for name in ("rejected", "rating") if (value := getattr(lesson, name))}


def as_example(lesson: Lesson | LessonIn) -> Example:
    """The lesson as a conversation to learn from; its earlier turns come first."""
    if whole := whole_of(lesson.metadata):
        turns = _with_exchange(whole, lesson.situation, lesson.action)
    else:
        earlier = earlier_turns(lesson.metadata)
        thinking = "".join(thoughts_of(lesson.metadata)[sum(turn.role == "assistant" for turn in earlier) :][:1])
        turns = (*earlier, Turn("user", lesson.situation), Turn("assistant", lesson.action, thinking))
    meta: dict[str, Any] = said_of(lesson)
    if GOLDEN in lesson.tags:
        meta["golden"] = True  # it is only asked as it is
    elif wordings := wordings_of(lesson.metadata):
        meta[WORDINGS] = wordings
    return Example(turns, source="lessons", origin=lesson.lesson_id or "", time=lesson.timestamp or "", meta=meta)
