"""Conversations as chat programs export them: ChatGPT, Claude, Open WebUI; and the trees of Open Assistant."""

from __future__ import annotations

from typing import Any

from academy.curation.examples import Turn
from academy.curation.files.extras import read_time
from academy.curation.files.records import Kept, keep
from academy.curation.files.turns import in_order
from academy.curation.files.values import RowError, check_content
from academy.messages import Message, msg

_UNKNOWN = "left out: {n} messages without a known author or content"
_TOOLS = "left out: {n} messages from or to tools"
_OTHER = "left out: {n} thoughts, code and other messages that are no text"
_ATTACHMENTS = "left out: {n} images and other attachments"
_THOUGHTS = "left out: {n} thoughts and calls of tools"
_FILES = "left out: {n} attached files"
_NO_TEXT = "left out: {n} messages that are no text"
_LOWER = "left out: {n} replies that were ranked lower"
_SKIPPED = (_UNKNOWN, _TOOLS, _OTHER, _ATTACHMENTS, _THOUGHTS, _FILES, _NO_TEXT, _LOWER)


def kind_of(record: dict[str, Any]) -> str:
    """chatgpt, claude, open-webui or oasst; empty for any other record."""
    if isinstance(record.get("mapping"), dict):
        return "chatgpt"
    if isinstance(record.get("chat_messages"), list):
        return "claude"
    chat = record.get("chat")
    if isinstance(chat, dict) and (isinstance(chat.get("messages"), list) or isinstance(chat.get("history"), dict)):
        return "open-webui"
    prompt = record.get("prompt")
    if isinstance(prompt, dict) and isinstance(prompt.get("replies"), list):
        return "oasst"
    return ""


def read_chat(row: int, record: dict[str, Any]) -> Kept:
    """One exported conversation; raises RowError where nothing in it was asked and answered."""
    kind = kind_of(record)
    notes: list[Message] = []
    if kind == "chatgpt":
        said = _chatgpt(record, notes)
        name, moment, key = record.get("title"), record.get("create_time"), record.get("conversation_id") or record.get("id")
    elif kind == "claude":
        said = _claude(record, notes)
        name, moment, key = record.get("name"), record.get("created_at"), record.get("uuid")
    elif kind == "oasst":
        said = _open_assistant(record["prompt"], notes)
        name, moment, key = None, record["prompt"].get("created_date"), record.get("message_tree_id")
    else:
        said = _open_webui(record["chat"], notes)
        name, moment, key = record.get("title") or record["chat"].get("title"), record.get("created_at"), record.get("id")
    turns = _merged(said, notes)
    metadata = {label: value for label, value in (("title", name), ("conversation_id", key)) if isinstance(value, str) and value}
    return keep(row, turns, time=read_time(moment), metadata=metadata, notes=notes)


def _merged(said: list[Turn], notes: list[Message]) -> tuple[Turn, ...]:
    """Puts together what one side said in several messages, and leaves out what has no question or no answer."""
    system = [turn for turn in said if turn.role == "system"]
    turns: list[Turn] = []
    for turn in said:
        if turn.role == "system":
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = Turn(turn.role, f"{turns[-1].content}\n\n{turn.content}")
        else:
            turns.append(turn)
    if turns and turns[0].role == "assistant":
        turns.pop(0)
        notes.append(msg("the assistant's greeting at the beginning was left out"))
    if turns and turns[-1].role == "user":
        turns.pop()
        notes.append(msg("the last question has no answer and was left out"))
    if not turns:
        if skipped := [note for note in notes if note.key in _SKIPPED]:
            raise RowError("holds no question with an answer ({notes:commas})", notes=skipped)
        raise RowError("holds no question with an answer")
    # Two messages that were put together can be too long, though neither was.
    return in_order(system + [Turn(turn.role, check_content(turn.content, "{role}", role=turn.role)) for turn in turns])


def _chatgpt(record: dict[str, Any], notes: list[Message]) -> list[Turn]:
    mapping = record["mapping"]
    said: list[Turn] = []
    skipped: dict[str, int] = {}
    for message in _branch(mapping, record.get("current_node")):
        author = message.get("author")
        role = author.get("role") if isinstance(author, dict) else None
        content = message.get("content")
        given = message.get("metadata")
        meta: dict[str, Any] = given if isinstance(given, dict) else {}
        if not isinstance(content, dict) or role not in ("user", "assistant", "system", "tool", "developer"):
            _count(skipped, _UNKNOWN)
            continue
        text, others = _chatgpt_text(content)
        hidden = bool(meta.get("is_visually_hidden_from_conversation")) or message.get("weight") == 0
        if role in ("tool", "developer") or (role == "assistant" and message.get("recipient", "all") not in ("all", None)):
            _count(skipped, _TOOLS)
        elif hidden or (role == "system" and not text.strip()):
            # The program's own messages: no person saw them, so nothing is missing.
            continue
        elif content.get("content_type") not in ("text", "multimodal_text", None):
            _count(skipped, _OTHER)
        else:
            if others:
                _count(skipped, _ATTACHMENTS, others)
            if text.strip():
                said.append(Turn(role, check_content(text, "a message of the {role}", role=role)))
    notes += [msg(what, n=number) for what, number in skipped.items()]
    return said


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


def _moment(node: Any) -> float:
    message = node.get("message") if isinstance(node, dict) else None
    moment = message.get("create_time") if isinstance(message, dict) else None
    return float(moment) if isinstance(moment, int | float) else 0.0


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


def _claude(record: dict[str, Any], notes: list[Message]) -> list[Turn]:
    said: list[Turn] = []
    skipped: dict[str, int] = {}
    for number, message in enumerate(record["chat_messages"], 1):
        if not isinstance(message, dict):
            raise RowError("message {number} is not an object", number=number)
        sender = message.get("sender")
        if sender not in ("human", "assistant"):
            raise RowError("message {number} has an unknown sender", number=number)
        parts = message.get("content")
        texts: list[str] = []
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
                texts.append(part["text"])
            else:
                _count(skipped, _THOUGHTS)
        text = "\n\n".join(piece for piece in texts if piece.strip()) if texts else message.get("text") if not parts else ""
        for attached in ("attachments", "files"):
            if isinstance(message.get(attached), list) and message[attached]:
                _count(skipped, _FILES, len(message[attached]))
        if isinstance(text, str) and text.strip():
            said.append(Turn("user" if sender == "human" else "assistant", check_content(text, "message {number}", number=number)))
    notes += [msg(what, n=number) for what, number in skipped.items()]
    return said


def _open_webui(chat: dict[str, Any], notes: list[Message]) -> list[Turn]:
    history = chat.get("history")
    messages: list[Any] = []
    if isinstance(history, dict) and isinstance(history.get("messages"), dict) and isinstance(history.get("currentId"), str):
        tree, current = history["messages"], history["currentId"]
        seen: set[str] = set()
        while isinstance(current, str) and current in tree and current not in seen and isinstance(tree[current], dict):
            seen.add(current)
            messages.append(tree[current])
            current = tree[current].get("parentId")
        messages.reverse()
    elif isinstance(chat.get("messages"), list):
        messages = chat["messages"]
    said: list[Turn] = []
    others = 0
    for number, message in enumerate(messages, 1):
        role, text = (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
        if role in ("user", "assistant", "system") and isinstance(text, str) and text.strip():
            said.append(Turn(role, check_content(text, "message {number}", number=number)))
        else:
            others += 1
    if others:
        notes.append(msg(_NO_TEXT, n=others))
    return said


def _open_assistant(prompt: dict[str, Any], notes: list[Message]) -> list[Turn]:
    """From the prompt along the reply that was ranked best each time."""
    said: list[Turn] = []
    others = 0
    message: Any = prompt
    while message is not None:
        number = len(said) + 1
        role, text, replies = message.get("role"), message.get("text"), message.get("replies")
        if role not in ("prompter", "assistant"):
            raise RowError("message {number} has an unknown role", number=number)
        said.append(Turn("user" if role == "prompter" else "assistant", check_content(text, "message {number}", number=number)))
        candidates = [reply for reply in replies if isinstance(reply, dict)] if isinstance(replies, list) else []
        others += max(0, len(candidates) - 1)
        message = min(candidates, key=_rank, default=None)
    if others:
        notes.append(msg(_LOWER, n=others))
    return said


def _rank(reply: dict[str, Any]) -> float:
    rank = reply.get("rank")
    return rank if isinstance(rank, int | float) else float("inf")


def _count(skipped: dict[str, int], what: str, count: int = 1) -> None:
    skipped[what] = skipped.get(what, 0) + count
