"""The verbs of conversations: list, open, keep a turn, show a version, rename, delete and bring back; and the chat's presets.

They only read in the sense of a demonstration: its visitors may talk, and a conversation is found by its unguessable id alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Literal

from academy.chat.conversations import Conversation, ConversationStore, ReplyText, Turn
from academy.chat.presets import Preset, PresetStore
from academy.errors import NotFound
from academy.services.permission import Permission, changing, reading

_MOST_OF_VISITORS = 500


class Conversations:
    """Everything that can be done with what was said in the chat."""

    def __init__(self, permission: Permission, store: ConversationStore, presets: PresetStore) -> None:
        self._permission = permission
        self._store = store
        self._presets = presets

    @reading
    def list(self, query: str = "") -> Sequence[Conversation]:
        """Those that have the words, the latest first; none in a demonstration, where they belong to strangers."""
        return [] if self._permission.only_shows else self._store.list(query)

    @reading
    def get(self, chat_id: str) -> Conversation:
        """One conversation; raises NotFound."""
        return self._store.get(chat_id)

    @reading
    def keep(self, chat_id: str, turn: Turn) -> Conversation:
        """Adds or replaces a turn; where there is no such conversation, in a new one of that id."""
        with contextlib.suppress(NotFound):
            return self._store.change(chat_id, lambda item: item.with_turn(turn))
        if self._permission.only_shows:
            for old in self._store.list()[_MOST_OF_VISITORS:]:
                self._store.delete(old.chat_id)
        return self._store.save(Conversation(chat_id=chat_id).with_turn(turn.model_copy(update={"parent": ""})))

    @reading
    def mark(self, chat_id: str, turn_id: str, at: int, reply: ReplyText) -> Conversation:
        """Replaces one reply."""

        def change(item: Conversation) -> Conversation:
            turn = item.find(turn_id)
            replies = [reply if position == at else old for position, old in enumerate(turn.replies)]
            return item.with_turn(turn.model_copy(update={"replies": replies}))

        return self._store.change(chat_id, change)

    @reading
    def pick(self, chat_id: str, turn_id: str, side: Literal["a", "b", "tie"]) -> Conversation:
        """Shows the names of a blind comparison and which side was chosen."""
        return self._store.change(chat_id, lambda item: item.with_turn(item.find(turn_id).model_copy(update={"picked": side})))

    @reading
    def show(self, chat_id: str, turn_id: str) -> Conversation:
        """Shows this version of a question."""
        return self._store.change(chat_id, lambda item: item.showing(turn_id))

    @changing
    def rename(self, chat_id: str, name: str) -> Conversation:
        """Gives a conversation a name."""
        return self._store.rename(chat_id, name)

    @changing
    def delete_turn(self, chat_id: str, turn_id: str) -> Conversation:
        """Takes a question with its replies out."""
        return self._store.delete_turn(chat_id, turn_id)

    @changing
    def delete(self, chat_id: str) -> Conversation:
        """Deletes a conversation."""
        return self._store.delete(chat_id)

    @changing
    def restore(self, chat_id: str) -> Conversation:
        """Brings back what was deleted last; raises Conflict where that is no longer possible."""
        return self._store.restore(chat_id)

    @reading
    def presets(self) -> Sequence[Preset]:
        """All presets by name."""
        return self._presets.list()

    @reading
    def preset(self, name: str) -> Preset:
        """One preset; raises NotFound."""
        return self._presets.get(name)

    @changing
    def save_preset(self, preset: Preset) -> Preset:
        """Saves a preset, in place of one of the same name."""
        return self._presets.save(preset)

    @changing
    def rename_preset(self, name: str, new: str) -> Preset:
        """Gives a preset another name."""
        return self._presets.rename(name, new)

    @changing
    def delete_preset(self, name: str) -> Preset:
        """Deletes a preset."""
        return self._presets.delete(name)
