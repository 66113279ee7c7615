"""The messages of chats as many programs save them: one function a program, found by the keys that only it writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from academy.curation.examples import Role
from academy.curation.files.html_text import text_of_html
from academy.curation.files.ratings import rating_of
from academy.curation.files.said import OTHER_VERSIONS, Chat, branch
from academy.curation.files.sessions import claude_code, codex
from academy.curation.files.turns import content_of, role_of, thoughts_in
from academy.curation.files.values import RowError, is_missing

_TOOLS = "left out: {n} messages from or to tools"
_ATTACHMENTS = "left out: {n} images and other attachments"
_THOUGHTS = "left out: {n} thoughts and calls of tools"
_PROGRAM = "left out: {n} messages of the program"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The records of one conversation, where each of them is one message."""

    kind: str
    rows: list[Any]


def kind_of(record: Any) -> str:
    """The program that wrote such a record; empty for any other one."""
    if isinstance(record, Gathered):
        return record.kind
    if isinstance(record, list):
        return "le-chat" if record and all(_is_le_chat(message) for message in record) else ""
    if not isinstance(record, dict):
        return ""
    return next((kind for kind, has in _MARKS.items() if has(record)), "")


def _is_le_chat(message: Any) -> bool:
    return isinstance(message, dict) and "contentChunks" in message and "role" in message


def _first(record: dict[str, Any], key: str) -> dict[str, Any]:
    """The first object of a list, or none."""
    listed = record.get(key)
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}


def _inner(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The object at the end of these keys, or none."""
    value: Any = record
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


_MARKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "open-webui-feedback": lambda record: "rating" in _inner(record, "data") and bool(_inner(record, "snapshot", "chat")),
    "grok": lambda record: isinstance(record.get("conversation"), dict) and isinstance(record.get("responses"), list),
    "ai-studio": lambda record: isinstance(_inner(record, "chunkedPrompt").get("chunks"), list),
    "gemini": lambda record: "title" in record and bool({"safeHtmlItem", "activityControls", "products"} & set(record)),
    "lm-studio": lambda record: isinstance(_first(record, "messages").get("versions"), list),
    "librechat": lambda record: "isCreatedByUser" in _first(record, "messages"),
    "copilot": lambda record: isinstance(_inner(_first(record, "requests"), "message").get("text"), str),
}


def _grok(record: dict[str, Any]) -> Chat:
    about = record["conversation"]
    chat = Chat(title=about.get("title"), time=about.get("create_time"), key=about.get("id"))
    listed = [item.get("response", item) if isinstance(item, dict) else item for item in record["responses"]]
    messages, others = branch(listed, "_id", "parent_response_id", last=about.get("leaf_response_id"), moment="create_time")
    if others:
        chat.skipped[OTHER_VERSIONS] += others
    for number, message in enumerate(messages, 1):
        role = _role(message.get("sender"), number)
        text = message.get("message")
        thinking = thoughts_in(message.get("thinking_trace"))
        for key in ("file_attachments", "generated_image_urls"):
            if isinstance(message.get(key), list):
                chat.skipped[_ATTACHMENTS] += len(message[key])
        chat.add(role, text, number, thinking=thinking, rating=rating_of(message.get("feedback")))
    chat.skipped = +chat.skipped
    return chat


def _ai_studio(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("title"))
    system, _, _ = content_of(record.get("systemInstruction"))
    chat.add("system", system, 0)
    for number, chunk in enumerate(record["chunkedPrompt"]["chunks"], 1):
        if not isinstance(chunk, dict):
            raise RowError("message {number} is not an object", number=number)
        role = _role(chunk.get("role"), number)
        text, thinking, _ = content_of(chunk.get("text") or chunk.get("parts") or "")
        if not text and not thinking:
            chat.skipped[_ATTACHMENTS] += any(key.startswith(("drive", "inline", "youtube", "file")) for key in chunk)
        if chunk.get("isThought") or chunk.get("thought") is True:
            text, thinking = "", text or thinking
        chat.add(role, text, number, thinking=thinking)
    chat.skipped = +chat.skipped
    return chat


_PROMPTED = re.compile(
    r"^(?:Prompted|Asked|Said|Gefragt|Prompt|Zapytano|Wysłano prompt|Preguntaste|Demandé|Vous avez demandé|Invite)\s*:?\s+"
    r"|^(?:Eingegebener Prompt|Prompt eingegeben|Folgenden Prompt eingegeben|Requête saisie|Prompt inviato)\s*:\s*"
)


def _gemini(record: dict[str, Any]) -> Chat:
    """One question and its answer out of Google's "My Activity"."""
    title, items = record.get("title"), record.get("safeHtmlItem")
    pieces = (
        [item["html"] for item in items if isinstance(item, dict) and isinstance(item.get("html"), str)] if isinstance(items, list) else []
    )
    if not pieces or not isinstance(title, str):
        raise RowError("is an activity without an answer ({title})", title=str(title)[:80])
    chat = Chat(time=record.get("time"))
    for item in record["attachedFiles"] if isinstance(record.get("attachedFiles"), list) else ():
        chat.skipped[_ATTACHMENTS] += bool(item)
    chat.add("user", _PROMPTED.sub("", title.strip()), 1)
    chat.add("assistant", "\n\n".join(text_of_html(piece) for piece in pieces), 2)
    return chat


def _lm_studio(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("name"), time=record.get("createdAt"))
    fields = _inner(record, "perChatPredictionConfig").get("fields")
    settings = {field.get("key"): field.get("value") for field in fields if isinstance(field, dict)} if isinstance(fields, list) else {}
    chat.add("system", record.get("systemPrompt") or settings.get("llm.prediction.systemPrompt"), 0)
    for number, message in enumerate(record["messages"], 1):
        versions = message.get("versions") if isinstance(message, dict) else None
        if not isinstance(versions, list) or not versions:
            raise RowError("message {number} has no version", number=number)
        chosen = message.get("currentlySelected")
        version = versions[chosen if isinstance(chosen, int) and 0 <= chosen < len(versions) else -1]
        if not isinstance(version, dict):
            raise RowError("message {number} is not an object", number=number)
        role = _role(version.get("role"), number)
        steps = version.get("steps")
        blocks = steps if isinstance(steps, list) else [version]
        texts: list[str] = []
        thoughts: list[str] = []
        for block in blocks:
            if not isinstance(block, dict) or block.get("type") not in ("contentBlock", "singleStep", None):
                chat.skipped[_TOOLS] += isinstance(block, dict) and "tool" in str(block.get("type")).lower()
                continue
            text, thought, others = content_of(block.get("content"))
            chat.skipped[_ATTACHMENTS] += others
            is_thought = _inner(block, "style").get("type") == "thinking"
            thoughts += [text] if is_thought else [thought]
            texts += [] if is_thought else [text]
        said = "\n\n".join(text for text in texts if text.strip())
        chat.add(role, said, number, thinking="\n\n".join(text for text in thoughts if text.strip()))
    chat.skipped = +chat.skipped
    return chat


def _le_chat(messages: list[dict[str, Any]]) -> Chat:
    chat = Chat(time=messages[0].get("createdAt"), key=messages[0].get("chatId"))
    if all(isinstance(message.get("createdAt"), str) for message in messages):
        messages = sorted(messages, key=lambda message: message["createdAt"])
    for number, message in enumerate(messages, 1):
        chunks = message.get("contentChunks")
        text, thinking, others = content_of(chunks) if isinstance(chunks, list) and chunks else (message.get("content"), "", 0)
        others -= sum(isinstance(chunk, dict) and chunk.get("type") == "reference" for chunk in chunks or [])
        chat.skipped[_THOUGHTS] += max(0, others)
        comment = message.get("reactionComment")
        chat.add(
            _role(message.get("role"), number),
            text,
            number,
            thinking=thinking,
            rating=rating_of(message.get("reaction")),
            feedback=comment if isinstance(comment, str) else "",
        )
    chat.skipped = +chat.skipped
    return chat


def _librechat(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("title"), time=record.get("createdAt"), key=record.get("conversationId"))
    listed: list[Any] = []
    todo = list(record["messages"])
    while todo:
        message = todo.pop(0)
        listed.append(message)
        todo += message["children"] if isinstance(message, dict) and isinstance(message.get("children"), list) else []
    messages, others = branch(listed, "messageId", "parentMessageId", moment="createdAt")
    if others:
        chat.skipped[OTHER_VERSIONS] += others
    for number, message in enumerate(messages, 1):
        text, thinking, left_out = content_of(message.get("content") or message.get("text"))
        chat.skipped[_THOUGHTS] += left_out
        role = "user" if message.get("isCreatedByUser") else "assistant"
        chat.add(role, text, number, thinking=thinking, rating=rating_of(message.get("feedback")))
    chat.skipped = +chat.skipped
    return chat


def _copilot(record: dict[str, Any]) -> Chat:
    """A chat that an editor saved: requests, each with its response in pieces."""
    chat = Chat(title=record.get("customTitle"), time=record.get("creationDate"), key=record.get("sessionId"))
    for number, request in enumerate(record["requests"], 1):
        if not isinstance(request, dict):
            raise RowError("message {number} is not an object", number=number)
        pieces = request.get("response")
        texts = []
        for piece in pieces if isinstance(pieces, list) else []:
            value = piece.get("value") if isinstance(piece, dict) and piece.get("kind") in (None, "markdownContent") else None
            value = value.get("value") if isinstance(value, dict) else value
            texts += [value] if isinstance(value, str) else []
            chat.skipped[_TOOLS] += not isinstance(value, str)
        chat.add("user", _inner(request, "message").get("text"), number)
        chat.add("assistant", "".join(texts), number, rating=rating_of(request["vote"] == 1) if request.get("vote") in (0, 1) else None)
    chat.skipped = +chat.skipped
    return chat


def _silly_tavern(gathered: Gathered) -> Chat:
    chat = Chat()
    for number, line in enumerate(gathered.rows, 1):
        if "mes" not in line:
            chat.title, chat.time = line.get("character_name"), line.get("create_date")
            continue
        if line.get("is_system"):
            chat.skipped[_PROGRAM] += 1
            continue
        thinking = thoughts_in(_inner(line, "extra").get("reasoning"))
        chat.add("user" if line.get("is_user") else "assistant", line.get("mes"), number, thinking=thinking)
    return chat


def _rows(gathered: Gathered) -> Chat:
    """Rows that are one message each: `role`, `text`, and whatever stands beside them."""
    first = gathered.rows[0]
    chat = Chat(time=first.get("time"), key=first.get("conversation"), title=first.get("title"))
    roles: list[Role | None] = [role_of(row["role"]) for row in gathered.rows]
    speaks_as_system = "assistant" not in roles and "user" in roles
    for number, (row, role) in enumerate(zip(gathered.rows, roles, strict=True), 1):
        text, thinking, others = content_of(row["text"])
        chat.skipped[_ATTACHMENTS] += others
        if role is None:
            chat.skipped[_TOOLS] += 1
            chat.add("assistant", "", number)
            continue
        said = "" if is_missing(text) else text
        spoken: Role = "assistant" if role == "system" and speaks_as_system else role
        chat.add(spoken, said, number, thinking=thinking or row.get("thinking", ""), rating=rating_of(row.get("rating")))
    chat.skipped = +chat.skipped
    return chat


def _role(name: Any, number: int) -> Any:
    role = role_of(name)
    if role is None and isinstance(name, str) and "grok" in name.lower():
        return "assistant"
    if role is None:
        raise RowError("message {number} has an unknown sender", number=number)
    return role


READERS: dict[str, Callable[[Any], Chat]] = {
    "grok": _grok,
    "ai-studio": _ai_studio,
    "gemini": _gemini,
    "lm-studio": _lm_studio,
    "le-chat": _le_chat,
    "librechat": _librechat,
    "copilot": _copilot,
    "silly-tavern": _silly_tavern,
    "messages": _rows,
    "claude-code": lambda gathered: claude_code(gathered.rows),
    "codex": lambda gathered: codex(gathered.rows),
}
"""What reads a record of each kind."""
