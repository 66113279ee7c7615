"""Conversations as chat programs export them: which program's they are, and what became of each message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from academy.curation.files import chat_programs
from academy.curation.files.extras import read_time
from academy.curation.files.ratings import rating_of
from academy.curation.files.records import Kept, keep
from academy.curation.files.said import OTHER_VERSIONS, Chat, branch, turns_of
from academy.curation.files.turns import content_of
from academy.curation.files.values import RowError
from academy.messages import Message

_UNKNOWN = "left out: {n} messages without a known author or content"
_TOOLS = "left out: {n} messages from or to tools"
_OTHER = "left out: {n} thoughts, code and other messages that are no text"
_ATTACHMENTS = "left out: {n} images and other attachments"
_THOUGHTS = "left out: {n} thoughts and calls of tools"
_FILES = "left out: {n} attached files"
_PASTED = "questions that are the text of an attached file: {n}"
_NO_TEXT = "left out: {n} messages that are no text"
_LOWER = "left out: {n} replies that were ranked lower"


def kind_of(record: Any) -> str:
    """The program that wrote such a record: chatgpt, claude, open-webui, oasst and others; empty for any other record."""
    if not isinstance(record, dict):
        return chat_programs.kind_of(record)
    if isinstance(record.get("mapping"), dict):
        nodes = [node["message"] for node in record["mapping"].values() if isinstance(node, dict) and isinstance(node.get("message"), dict)]
        return "deepseek" if nodes and not any("author" in message for message in nodes) else "chatgpt"
    if isinstance(record.get("chat_messages"), list):
        return "claude"
    chat = record.get("chat")
    if isinstance(chat, dict) and (isinstance(chat.get("messages"), list) or isinstance(chat.get("history"), dict)):
        return "open-webui"
    prompt = record.get("prompt")
    if isinstance(prompt, dict) and isinstance(prompt.get("replies"), list):
        return "oasst"
    return chat_programs.kind_of(record)


def read_chat(row: int, record: Any) -> Kept:
    """One exported conversation; raises RowError where nothing in it was asked and answered."""
    notes: list[Message] = []
    chat = chat_of(record)
    turns, last = turns_of(chat, notes)
    metadata = {label: value for label, value in (("title", chat.title), ("conversation_id", chat.key)) if isinstance(value, str) and value}
    return keep(
        row,
        turns,
        time=read_time(chat.time),
        metadata=metadata,
        notes=notes,
        rating=chat.rating or last.rating,
        feedback=chat.feedback or last.feedback,
        tags=chat.tags,
    )


def chat_of(record: Any) -> Chat:
    """What was said in an exported conversation; raises RowError where it cannot be read."""
    kind = kind_of(record)
    reader = _READERS.get(kind) or chat_programs.READERS.get(kind)
    if reader is None:
        raise RowError("is no conversation of a known program")
    return reader(record)


def beginning_of(record: Any) -> str:
    """What such a record is recognised by: its title."""
    return str(record.get("title") or record.get("name") or "") if isinstance(record, dict) else ""


def _chatgpt(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("title"), time=record.get("create_time"), key=record.get("conversation_id") or record.get("id"))
    for number, message in enumerate(_branch(record["mapping"], record.get("current_node")), 1):
        author = message.get("author")
        role = author.get("role") if isinstance(author, dict) else None
        content = message.get("content")
        given = message.get("metadata")
        meta: dict[str, Any] = given if isinstance(given, dict) else {}
        if not isinstance(content, dict) or role not in ("user", "assistant", "system", "tool", "developer"):
            chat.skipped[_UNKNOWN] += 1
            continue
        text, others = _chatgpt_text(content)
        hidden = bool(meta.get("is_visually_hidden_from_conversation") or meta.get("is_user_system_message")) or message.get("weight") == 0
        if hidden or content.get("content_type") == "user_editable_context" or (role == "system" and not text.strip()):
            # The program's own messages: no person saw them, so nothing is missing.
            continue
        if role in ("tool", "developer") or (role == "assistant" and message.get("recipient", "all") not in ("all", None)):
            chat.skipped[_TOOLS] += 1
            chat.add("assistant", "", number)
        elif content.get("content_type") not in ("text", "multimodal_text", None):
            chat.skipped[_OTHER] += 1
            chat.add(role, "", number)
        else:
            if others:
                chat.skipped[_ATTACHMENTS] += others
            chat.add(role, text, number)
    return chat


def _branch(mapping: dict[str, Any], current: Any) -> list[dict[str, Any]]:
    """The messages from the root to the current node: the version of the conversation that was last seen."""
    if not isinstance(current, str) or current not in mapping:
        parents = {node.get("parent") for node in mapping.values() if isinstance(node, dict)}
        leaves = [key for key in mapping if key not in parents]
        if not leaves:
            raise RowError("has no last message (no current_node, and the tree goes in circles)" if mapping else "has no messages")
        current = max(leaves, key=lambda key: _moment(mapping[key]))
    messages: list[dict[str, Any]] = []
    seen: set[str] = set()
    while isinstance(current, str) and current in mapping:
        if current in seen:
            raise RowError("its tree of messages goes in circles")
        seen.add(current)
        node = mapping[current]
        if not isinstance(node, dict):
            raise RowError("has a damaged tree of messages")
        if isinstance(node.get("message"), dict):
            messages.append(node["message"])
        current = node.get("parent")
    if isinstance(current, str):
        raise RowError("has a damaged tree of messages: a parent is missing")
    return messages[::-1]


def _moment(node: Any) -> tuple[float, str]:
    message = node.get("message") if isinstance(node, dict) else None
    moment = message.get("create_time") if isinstance(message, dict) else None
    written = message.get("inserted_at") if isinstance(message, dict) else None
    return float(moment) if isinstance(moment, int | float) else 0.0, written if isinstance(written, str) else ""


def _chatgpt_text(content: dict[str, Any]) -> tuple[str, int]:
    parts = content.get("parts")
    if not isinstance(parts, list):
        text = content.get("text")
        return (text if isinstance(text, str) else ""), 0
    texts: list[str] = []
    others = 0
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif part is not None:
            others += 1
    return "\n".join(text for text in texts if text), others


def _deepseek(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("title"), time=record.get("inserted_at"), key=record.get("id"))
    for number, message in enumerate(_branch(record["mapping"], record.get("current_node")), 1):
        fragments = message.get("fragments")
        listed = [part for part in fragments if isinstance(part, dict)] if isinstance(fragments, list) else []
        texts: dict[str, list[str]] = {"REQUEST": [], "RESPONSE": [], "THINK": []}
        for part in listed:
            kind, text = str(part.get("type")).upper(), part.get("content")
            if kind in texts and isinstance(text, str):
                texts[kind].append(text)
            else:
                chat.skipped[_THOUGHTS] += 1
        if not listed:  # as it was written before there were fragments
            role = str(message.get("role")).upper()
            texts["REQUEST" if role == "USER" else "RESPONSE"] += [message["content"]] if isinstance(message.get("content"), str) else []
            texts["THINK"] += (
                [thought] if isinstance(thought := message.get("reasoning_content") or message.get("thinking_content"), str) else []
            )
        if message.get("files"):
            chat.skipped[_FILES] += len(message["files"])
        answered = bool(texts["RESPONSE"] or texts["THINK"] or (listed and not texts["REQUEST"]))
        thinking = "\n\n".join(texts["THINK"])
        rating = rating_of(message.get("feedback") or message.get("rating"))
        said = texts["RESPONSE" if answered else "REQUEST"]
        chat.add("assistant" if answered else "user", "\n\n".join(said), number, thinking=thinking, rating=rating)
    return chat


def _claude(record: dict[str, Any]) -> Chat:
    chat = Chat(title=record.get("name"), time=record.get("created_at"), key=record.get("uuid"))
    for number, message in enumerate(record["chat_messages"], 1):
        if not isinstance(message, dict):
            raise RowError("message {number} is not an object", number=number)
        if message.get("sender") not in ("human", "assistant"):
            raise RowError("message {number} has an unknown sender", number=number)
    leaf = record.get("current_leaf_message_uuid")
    messages, others = branch(record["chat_messages"], "uuid", "parent_message_uuid", last=leaf)
    if others:
        chat.skipped[OTHER_VERSIONS] += others
    for number, message in enumerate(messages, 1):
        parts = message.get("content")
        texts: list[str] = []
        thoughts: list[str] = []
        for part in parts if isinstance(parts, list) else []:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind == "text" and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif kind == "thinking" and isinstance(part.get("thinking"), str):
                thoughts.append(part["thinking"])
            else:
                chat.skipped[_THOUGHTS] += 1
        text = "\n\n".join(piece for piece in texts if piece.strip()) if texts else message.get("text") if not parts else ""
        attached = [item for key in ("attachments", "files") if isinstance(message.get(key), list) for item in message[key]]
        if not (isinstance(text, str) and text.strip()) and (pasted := _pasted(attached)):
            text = pasted
            chat.skipped[_PASTED] += 1
        elif attached:
            chat.skipped[_FILES] += len(attached)
        role = "user" if message["sender"] == "human" else "assistant"
        chat.add(role, text, number, thinking="\n\n".join(thoughts), rating=rating_of(message.get("chat_feedback")))
    return chat


def _pasted(attached: list[Any]) -> str:
    """The text that the program took out of the attached files."""
    keys = ("extracted_content", "extractedContent", "content", "text")
    texts = [next((item[key] for key in keys if isinstance(item.get(key), str)), "") for item in attached if isinstance(item, dict)]
    return "\n\n".join(text for text in texts if text.strip())


def _open_webui(record: dict[str, Any]) -> Chat:
    inner = record["chat"]
    chat = Chat(title=record.get("title") or inner.get("title"), time=record.get("created_at"), key=record.get("id"))
    _webui_messages(chat, inner)
    return chat


def _webui_messages(chat: Chat, inner: dict[str, Any], last: Any = None) -> None:
    """The messages of the branch that ends at the last one, or at the one that was seen last."""
    history = inner.get("history")
    tree = history.get("messages") if isinstance(history, dict) else None
    messages: list[Any] = []
    if isinstance(history, dict) and isinstance(tree, dict):
        current = last if last in tree else history.get("currentId")
        seen: set[str] = set()
        while isinstance(current, str) and current in tree and current not in seen and isinstance(tree[current], dict):
            seen.add(current)
            messages.append(tree[current])
            current = tree[current].get("parentId")
        messages.reverse()
    if not messages and isinstance(inner.get("messages"), list):
        messages = inner["messages"]
    for number, message in enumerate(messages, 1):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "assistant", "system"):
            chat.skipped[_NO_TEXT] += 1
            continue
        text, thinking, others = content_of(message.get("content"))
        if others:
            chat.skipped[_ATTACHMENTS] += others
        if not text.strip():
            chat.skipped[_NO_TEXT] += 1
        files = message.get("files")
        if isinstance(files, list) and files:
            chat.skipped[_FILES] += len(files)
        note = message.get("annotation")
        rated = note if isinstance(note, dict) else {}
        comment = rated.get("comment")
        said = comment if isinstance(comment, str) else ""
        thinking = thinking or (message["reasoning_content"] if isinstance(message.get("reasoning_content"), str) else "")
        chat.add(role, text, number, thinking=thinking, rating=rating_of(rated.get("rating")), feedback=said)


def _webui_feedback(record: dict[str, Any]) -> Chat:
    """A rated answer of Open WebUI, with the chat that it stands in."""
    data, meta = record["data"], record.get("meta")
    outer = record["snapshot"]["chat"]
    inner = outer.get("chat") if isinstance(outer.get("chat"), dict) else outer
    comment, tags = data.get("comment"), data.get("tags")
    chat = Chat(title=outer.get("title"), time=record.get("created_at"), key=outer.get("id"))
    chat.feedback = comment if isinstance(comment, str) else ""
    chat.tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    _webui_messages(chat, inner, meta.get("message_id") if isinstance(meta, dict) else None)
    chat.rating = rating_of(data.get("rating"))
    return chat


def _open_assistant(record: dict[str, Any]) -> Chat:
    """From the prompt along the reply that was ranked best each time."""
    chat = Chat(time=record["prompt"].get("created_date"), key=record.get("message_tree_id"))
    message: Any = record["prompt"]
    while message is not None:
        number = len(chat.said) + 1
        role, text, replies = message.get("role"), message.get("text"), message.get("replies")
        if role not in ("prompter", "assistant"):
            raise RowError("message {number} has an unknown role", number=number)
        if not isinstance(text, str) or not text.strip():
            raise RowError("message {number} is empty", number=number)
        chat.add("user" if role == "prompter" else "assistant", text, number)
        candidates = [reply for reply in replies if isinstance(reply, dict)] if isinstance(replies, list) else []
        if len(candidates) > 1:
            chat.skipped[_LOWER] += len(candidates) - 1
        message = min(candidates, key=_rank, default=None)
    return chat


def _rank(reply: dict[str, Any]) -> float:
    rank = reply.get("rank")
    return rank if isinstance(rank, int | float) else float("inf")


_READERS: dict[str, Callable[[Any], Chat]] = {
    "chatgpt": _chatgpt,
    "deepseek": _deepseek,
    "claude": _claude,
    "open-webui": _open_webui,
    "open-webui-feedback": _webui_feedback,
    "oasst": _open_assistant,
}
