"""Conversations of the chat, a JSON file each in the data folder: a tree of questions whose branches are versions of each other."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.errors import Conflict, Invalid, NotFound
from academy.files import check_name, now, read_json, write_json

log = logging.getLogger(__name__)

LONGEST_FILE = 100_000
"""The most characters of an attached file."""

_LONGEST_NAME = 80
_MOST_UNDONE = 20


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=())


class Attached(_Data):
    """A text file that goes into the prompt of its question."""

    name: str = Field(max_length=200)
    text: str = Field(max_length=LONGEST_FILE)


class ReplyText(_Data):
    """A reply, who gave it, and what a person did with it; `notes` are stored messages."""

    text: str = ""
    thinking: str = ""
    adapter_id: str | None = None
    name: str = ""
    base: str = ""
    tokens: int | None = None
    speed: float = 0.0
    finish: Literal["end", "length", "stopped"] = "end"
    taught: dict[str, Any] | None = None
    notes: list[Any] = []
    mark: Literal["good", "bad", "corrected"] | None = None
    corrected: str = ""
    comment: str = ""
    lesson_id: str = ""  # that a rating or a correction made
    sampling: dict[str, Any] = {}
    alone: bool = False  # given without the turns before it

    @property
    def valid(self) -> str:
        """The text that counts: the correction where there is one."""
        return self.corrected or self.text


class Turn(_Data):
    """A question with its replies, below the turn that it follows; turns below the same one are versions of each other.

    `duel`: the two replies are compared blindly under this id of the arena; their names are hidden until a side is `picked`.
    """

    turn_id: str = Field(default_factory=lambda: secrets.token_hex(6))
    parent: str = ""
    question: str
    file: Attached | None = None
    replies: list[ReplyText] = []
    duel: str = ""
    picked: Literal["a", "b", "tie"] | None = None

    @property
    def is_blind(self) -> bool:
        """Whether the names are still hidden."""
        return bool(self.duel) and self.picked is None


class Conversation(_Data):
    """All turns in the order they were asked, and which version is shown below each turn."""

    chat_id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,80}$")
    name: str = ""
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)
    turns: list[Turn] = []
    shown: dict[str, str] = {}

    @property
    def title(self) -> str:
        """Its name, else the beginning of its first question."""
        first = " ".join(self.turns[0].question.split()) if self.turns else ""
        return self.name or (first if len(first) <= _LONGEST_NAME else first[: _LONGEST_NAME - 1] + "…")

    def find(self, turn_id: str) -> Turn:
        """One turn; raises NotFound."""
        for turn in self.turns:
            if turn.turn_id == turn_id:
                return turn
        raise NotFound("This question is no longer in the conversation.", hint="Reload the page.")

    def versions(self, parent: str) -> list[Turn]:
        """The turns below one, the oldest first."""
        return [turn for turn in self.turns if turn.parent == parent]

    def path(self, until: str = "") -> list[Turn]:
        """The shown turns from the first on, `until` left out."""
        found: list[Turn] = []
        parent = ""
        while versions := self.versions(parent):
            turn = next((item for item in versions if item.turn_id == self.shown.get(parent)), versions[-1])
            if turn.turn_id == until:
                break
            found.append(turn)
            parent = turn.turn_id
        return found

    def above(self, turn_id: str) -> list[Turn]:
        """The turns that lead to one, the first first, itself left out."""
        found: list[Turn] = []
        turn = self.find(turn_id)
        while turn.parent:
            turn = self.find(turn.parent)
            found.insert(0, turn)
        return found

    def with_turn(self, turn: Turn) -> Conversation:
        """With a turn added or replaced, and shown."""
        known = any(item.turn_id == turn.turn_id for item in self.turns)
        turns = [turn if item.turn_id == turn.turn_id else item for item in self.turns] if known else [*self.turns, turn]
        return self.model_copy(update={"turns": turns, "shown": self.shown | {turn.parent: turn.turn_id}, "updated_at": now()})

    def showing(self, turn_id: str) -> Conversation:
        """With this version shown."""
        return self.model_copy(update={"shown": self.shown | {self.find(turn_id).parent: turn_id}})

    def without(self, turn_id: str) -> Conversation:
        """Without a turn. Of several versions all that follows on it goes too; else what follows moves up."""
        turn = self.find(turn_id)
        if len(self.versions(turn.parent)) > 1:
            gone = {turn_id}
            for item in self.turns:  # a turn stands behind the one that it follows
                if item.parent in gone:
                    gone.add(item.turn_id)
            turns = [item for item in self.turns if item.turn_id not in gone]
        else:
            turns = [
                item.model_copy(update={"parent": turn.parent}) if item.parent == turn_id else item
                for item in self.turns
                if item.turn_id != turn_id
            ]
        shown = {key: value for key, value in self.shown.items() if key != turn_id and value != turn_id}
        if self.shown.get(turn_id) and turn.parent not in shown:
            shown[turn.parent] = self.shown[turn_id]
        return self.model_copy(update={"turns": turns, "shown": shown, "updated_at": now()})

    def with_turns_of(self, before: Conversation) -> Conversation:
        """With the turns that a deletion took out of `before`; what was asked since stays."""
        mine = {turn.turn_id: turn for turn in self.turns}
        back = [mine.pop(turn.turn_id, turn).model_copy(update={"parent": turn.parent}) for turn in before.turns]
        return self.model_copy(update={"turns": [*back, *mine.values()], "shown": self.shown | before.shown, "updated_at": now()})

    def holds(self, words: str) -> bool:
        """Whether its name, a question or a reply has these words."""
        return words in self.name.casefold() or any(
            words in text.casefold() for turn in self.turns for text in (turn.question, *(reply.valid for reply in turn.replies))
        )


class ConversationStore:
    """The conversations of a data folder, read once and then held; what is deleted can be brought back until the app ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._items: dict[str, Conversation] | None = None
        self._undo: dict[str, Conversation] = {}

    def list(self, query: str = "") -> list[Conversation]:
        """Those that have the words, the latest first."""
        words = " ".join(query.split()).casefold()
        with self._lock:
            items = list(self._all().values())
        found = [item for item in items if item.turns and (not words or item.holds(words))]
        return sorted(found, key=lambda item: (item.updated_at, item.chat_id), reverse=True)

    def get(self, chat_id: str) -> Conversation:
        """One conversation; raises NotFound."""
        with self._lock:
            item = self._all().get(chat_id)
        if item is None:
            raise NotFound("This conversation does not exist.", hint="It may have been deleted.")
        return item

    def save(self, item: Conversation) -> Conversation:
        """Writes a conversation."""
        with self._lock:
            items = self._all()
            write_json(self._path(item.chat_id), item.model_dump(mode="json"), mode=0o600)
            items[item.chat_id] = item
        return item

    def change(self, chat_id: str, change: Callable[[Conversation], Conversation]) -> Conversation:
        """Changes a conversation in one step; raises NotFound."""
        with self._lock:
            return self.save(change(self.get(chat_id)))

    def rename(self, chat_id: str, name: str) -> Conversation:
        """Gives a conversation a name; an empty one is its first question again."""
        name = " ".join(name.split())
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise Invalid("A name has at most 80 printable characters.", hint="Choose another name.")
        return self.change(chat_id, lambda item: item.model_copy(update={"name": name}))

    def delete_turn(self, chat_id: str, turn_id: str) -> Conversation:
        """Takes a question with its replies out."""
        with self._lock:
            before = self.get(chat_id)
            after = self.save(before.without(turn_id))
            self._remember(before)
        return after

    def delete(self, chat_id: str) -> Conversation:
        """Removes a conversation and its file."""
        with self._lock:
            before = self.get(chat_id)
            self._path(chat_id).unlink(missing_ok=True)
            del self._all()[chat_id]
            self._remember(before)
        return before

    def restore(self, chat_id: str) -> Conversation:
        """Brings back what was deleted last of this conversation, or the whole."""
        with self._lock:
            before = self._undo.get(chat_id)
            if before is None:
                raise Conflict("What was deleted is gone.", hint="It can be brought back until the app ends.")
            now_ = self._all().get(chat_id)
            after = self.save(now_.with_turns_of(before) if now_ else before)
            del self._undo[chat_id]
        return after

    def _remember(self, before: Conversation) -> None:
        self._undo.pop(before.chat_id, None)
        self._undo[before.chat_id] = before
        while len(self._undo) > _MOST_UNDONE:
            del self._undo[next(iter(self._undo))]

    def _path(self, chat_id: str) -> Path:
        return self._folder / f"{check_name(chat_id, 'conversation id')}.json"

    def _all(self) -> dict[str, Conversation]:
        if self._items is None:
            found = [item for path in sorted(self._folder.glob("[!.]*.json")) if (item := _read(path)) is not None]
            self._items = {item.chat_id: item for item in found}
        return self._items


def _read(path: Path) -> Conversation | None:
    """The conversation of a file; a damaged one is left alone and not listed."""
    try:
        item = Conversation.model_validate(read_json(path))
    except (ValueError, RecursionError) as error:
        reason = "its fields are not those of a conversation" if isinstance(error, ValidationError) else "it is no JSON"
        log.warning("The conversation %s is not listed: %s.", ascii(path.name), reason)
        return None
    return item if item.chat_id == path.stem else None
