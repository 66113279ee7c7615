"""Routes of conversations: what was said in the chat, found, read, renamed, deleted and brought back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, NewName, Reply
from academy.api.wire import Id
from academy.chat.conversations import Conversation, Turn

_NAMES = ("adapter_id", "name", "base")
"""The fields of a reply that say who gave it."""

api = router(tags=["chat"])


class ConversationsQuery(Asked):
    query: str = Field(default="", max_length=500, description="Words of the name, a question or a reply.")
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class ConversationItem(Reply):
    chat_id: str
    name: str
    created_at: str
    updated_at: str
    questions: int

    @classmethod
    def of(cls, item: Conversation, **more: Any) -> ConversationItem:
        """A conversation by its title."""
        return cls(
            chat_id=item.chat_id,
            name=item.title,
            created_at=item.created_at,
            updated_at=item.updated_at,
            questions=len(item.turns),
            **more,
        )


class ConversationsReply(Reply):
    count: int
    items: list[ConversationItem]


class ConversationReply(ConversationItem):
    turns: list[dict[str, Any]] = Field(description="All versions of all questions with their replies; `parent` is the question before.")
    shown: list[str] = Field(description="The `turn_id`s that the page shows, in order.")

    @classmethod
    def of(cls, item: Conversation, **more: Any) -> ConversationReply:
        """A conversation with all that was said; a blind comparison keeps its names until a side is chosen."""
        found = super().of(item, turns=[_said(turn) for turn in item.turns], shown=[turn.turn_id for turn in item.path()], **more)
        return cls.model_validate(found.model_dump())


@api.get("/conversations")
def conversations(academy: TheAcademy, request: Annotated[ConversationsQuery, Query()]) -> ConversationsReply:
    """The conversations that have the words, the latest first; `count` is of all that match."""
    found = academy.conversations.list(request.query)
    page = found[request.offset : request.offset + request.limit]
    return ConversationsReply(count=len(found), items=[ConversationItem.of(item) for item in page])


@api.get("/conversations/{chat_id}")
def conversation(academy: TheAcademy, chat_id: Id) -> ConversationReply:
    """One conversation with every version of its questions."""
    return ConversationReply.of(academy.conversations.get(chat_id))


@api.patch("/conversations/{chat_id}")
async def rename_conversation(academy: TheAcademy, slow: Slow, chat_id: Id, given: NewName) -> ConversationItem:
    """Gives a conversation a name."""
    return ConversationItem.of(await slow.run(academy.conversations.rename, chat_id, given.name))


@api.delete("/conversations/{chat_id}")
async def delete_conversation(academy: TheAcademy, slow: Slow, chat_id: Id) -> ConversationItem:
    """Deletes a conversation; until the app ends it can be brought back."""
    return ConversationItem.of(await slow.run(academy.conversations.delete, chat_id))


@api.post("/conversations/{chat_id}/restore")
async def restore_conversation(academy: TheAcademy, slow: Slow, chat_id: Id) -> ConversationItem:
    """Brings back what was deleted last of a conversation, or the whole."""
    return ConversationItem.of(await slow.run(academy.conversations.restore, chat_id))


def _said(turn: Turn) -> dict[str, Any]:
    said = turn.model_dump(mode="json")
    if turn.is_blind:
        said["replies"] = [{key: value for key, value in reply.items() if key not in _NAMES} for reply in said["replies"]]
    return said
