"""One record of a file, whatever its keys are called, becomes one conversation; what cannot is refused with a reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from academy.curation.examples import Turn
from academy.curation.files.columns import ABOUT, ALIASES, SYNONYMS, plain_name, recognise
from academy.curation.files.spelled import is_spelled, spelled_turns
from academy.curation.files.values import LISTS, WHOLE, RowError, _a, _listed, _value, check_content, shown
from academy.curation.lessons import LessonIn, Rating, earlier_turns, normal_time
from academy.errors import Invalid
from academy.files import check_name


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that was understood: as a lesson and as turns; `notes` say what of it was left out."""

    row: int
    lesson: LessonIn | None
    turns: tuple[Turn, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was not taken over, and why."""

    row: int
    reason: str


# ------------------------------------------------------------------ columns


ALIASES |= {"output": "action", "completion": "action", "context": "input", "time": "timestamp", "chosen": "action", "id": "lesson_id"}
ABOUT |= {"source", "model", "time", "date", "index", "idx", "name", "size", "words", "chars", "embedding", "at", "is", "has", "status"}


# ------------------------------------------------------------------ JSON


# ------------------------------------------------------------------ records

_USER = {"user", "human", "prompter", "usr", "customer", "client", "you", "me", "person", "student", "questioner", "benutzer", "uzytkownik"}
_ASSISTANT = {
    "assistant",
    "gpt",
    "chatgpt",
    "bot",
    "ai",
    "model",
    "claude",
    "bing",
    "bard",
    "gemini",
    "llm",
    "agent",
    "teacher",
    "asystent",
}
_ASSISTANT |= {"assistent", "chatbot", "gpt4", "gpt35", "copilot"}
_SYSTEM = {"system", "developer"}
_TOOL = {
    "tool",
    "function",
    "functioncall",
    "functionresponse",
    "observation",
    "ipython",
    "toolcall",
    "toolresponse",
    "tools",
    "toolresult",
}
_ROLE_KEYS = ("role", "from", "sender", "author", "speaker")
_TEXT_KEYS = ("content", "value", "text", "message", "utterance", "parts")


def read_record(row: int, record: Any, mapping: dict[str, str] | None = None) -> Kept | Refused:
    """The record as a lesson, or the reason why it cannot be one."""
    try:
        return _read(row, record, mapping)
    except RowError as error:
        return Refused(row, str(error))
    except RecursionError:
        return Refused(row, "is nested too deep")


def is_message(value: Any) -> bool:
    """Whether a value looks like one message of a conversation."""
    return isinstance(value, dict) and any(key in value for key in _ROLE_KEYS) and any(key in value for key in (*_TEXT_KEYS, "tool_calls"))


def kind_of(record: Any) -> str:
    """What such a record is called: messages, sharegpt, preference, alpaca, pairs, lessons, or nothing known."""
    if isinstance(record, list):
        return "messages" if record and is_message(record[0]) else ""
    if not isinstance(record, dict):
        return ""
    if "situation" in record and "action" in record:
        return "lessons"
    if "chosen" in record or "rejected" in record or "preferred_output" in record:
        return "preference"
    for key in LISTS:
        messages = _listed(record.get(key))
        if messages:
            return "sharegpt" if isinstance(messages[0], dict) and "from" in messages[0] else "messages"
    if "instruction" in record and "output" in record:
        return "alpaca"
    parts = recognise([key for key in record if isinstance(key, str)])
    if (text := _spelled_text(record)) is not None and is_spelled(text):
        return "messages"
    return "pairs" if "situation" in parts and "action" in parts else ""


def _read(row: int, record: Any, mapping: dict[str, str] | None) -> Kept:
    if isinstance(record, list):
        if not record:
            raise RowError("is an empty list")
        return keep(row, conversation(record, "messages"))
    if not isinstance(record, dict):
        raise RowError(f"is {_a(record)}, not an object")
    if not record:
        raise RowError("is an empty object")
    if mapping is None:
        _no_tools(record)
        if (kept := _preference(row, record)) is not None:
            return kept
        for key in LISTS:
            messages = _listed(record.get(key))
            if messages is not None:
                return keep(row, _with_system(record, conversation(messages, key)), **_extras(record, recognise(_extra_columns(record))))
        # Some datasets hold a whole conversation in one text, or as a bare list of texts.
        data = record.get("data")
        if isinstance(data, list) and len(data) > 1 and all(isinstance(item, str) for item in data):
            return keep(row, conversation(data, "data"))
        text = _spelled_text(record)
        if text is not None:
            return keep(row, _with_system(record, _spelled_out(text)), **_extras(record, recognise(_extra_columns(record))))
        if is_of_tree(record):
            raise RowError("is one message of a tree ('parent_id'); use the file that holds a whole tree in each record")
    return _pair(row, record, mapping)


def is_understood(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds questions and answers, or whole conversations."""
    parts = recognise(columns)
    whole = any(column in WHOLE for column in columns) or ("data" in columns and len(columns) < 3)
    return whole or ("situation" in parts and "action" in parts)


def is_of_tree(value: Any) -> bool:
    """Whether a value is one message of a tree that is spread over many records."""
    return isinstance(value, dict) and "parent_id" in value and "role" in value and "text" in value


def questions_of(value: Any) -> list[dict[str, Any]]:
    """The questions of an article of SQuAD (paragraphs with a context and questions on it), each as a record; none for anything else."""
    paragraphs = value.get("paragraphs") if isinstance(value, dict) else None
    if not isinstance(paragraphs, list) or not all(isinstance(item, dict) and isinstance(item.get("qas"), list) for item in paragraphs):
        return []
    return [
        {"question": item.get("question"), "context": paragraph.get("context"), "answers": item.get("answers")}
        for paragraph in paragraphs
        for item in paragraph["qas"]
        if isinstance(item, dict)
    ]


def _spelled_text(record: dict[str, Any]) -> str | None:
    """The text that may hold a whole conversation, where nothing else does."""
    text = record.get("text")
    if isinstance(text, str) and "action" not in recognise([key for key in record if isinstance(key, str)]) and not is_of_tree(record):
        return text
    return next((said for key in LISTS if isinstance(said := record.get(key), str) and is_spelled(said)), None)


def _no_tools(record: dict[str, Any]) -> None:
    for key in ("tools", "functions", "function_call", "tool_calls"):
        if record.get(key) not in (None, [], {}, "", "[]"):
            raise RowError(f"has {key}: calls of tools cannot be trained here")


def conversation(messages: list[Any], key: str) -> tuple[Turn, ...]:
    """The turns of a list of messages in any of the usual shapes; raises RowError unless it is system*, (user, assistant)+."""
    if not messages:
        raise RowError(f"{key} is empty")
    turns: list[Turn] = []
    for number, message in enumerate(messages, 1):
        where = f"turn {number}"
        if isinstance(message, str):
            turns.append(Turn("assistant" if number % 2 == 0 else "user", check_content(message, where)))
        elif isinstance(message, list) and len(message) == 2 and all(isinstance(text, str) for text in message):
            turns += [Turn("user", check_content(message[0], where)), Turn("assistant", check_content(message[1], where))]
        elif isinstance(message, dict) and not any(name in message for name in _ROLE_KEYS):
            turns += _exchange(message, where)
        elif isinstance(message, dict):
            turns += _message(message, where)
        else:
            raise RowError(f"{where} is {_a(message)}, not a message")
    return in_order(turns)


def in_order(turns: list[Turn]) -> tuple[Turn, ...]:
    """The turns, if they are system*, (user, assistant)+; raises RowError where they are not."""
    start = 0
    while start < len(turns) and turns[start].role == "system":
        start += 1
    rest = turns[start:]
    if not rest:
        raise RowError("holds no question and no answer")
    for place, turn in enumerate(rest):
        expected = "user" if place % 2 == 0 else "assistant"
        if turn.role == expected:
            continue
        number = start + place + 1
        if turn.role == "system":
            raise RowError(f"turn {number} is the system's, after the conversation began")
        if place == 0:
            raise RowError("begins with the assistant: there is no question before")
        raise RowError(f"turns {number - 1} and {number} are both the {turn.role}'s")
    if rest[-1].role != "assistant":
        raise RowError("ends with the user's turn: there is no answer" if len(rest) > 1 else "has a question and no answer")
    return tuple(turns)


def _message(message: dict[str, Any], where: str) -> list[Turn]:
    role_key = next(key for key in _ROLE_KEYS if key in message)
    role = message[role_key]
    if isinstance(role, dict):
        role = role.get("role")
    if not isinstance(role, str):
        raise RowError(f"{where}: {role_key} is {_a(role)}, not a role")
    plain = plain_name(role)
    if plain in _TOOL:
        raise RowError(f"{where} is a tool's ({shown(role)}): calls of tools cannot be trained here")
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            raise RowError(f"{where} calls a tool ({key}): calls of tools cannot be trained here")
    if plain in _USER:
        known = "user"
    elif plain in _ASSISTANT:
        known = "assistant"
    elif plain in _SYSTEM:
        known = "system"
    else:
        raise RowError(f"{where} has the role {shown(role)}; known are system, user and assistant")
    text_key = next((key for key in _TEXT_KEYS if key in message), None)
    if text_key is None:
        raise RowError(f"{where} ({known}) has no content")
    content = message[text_key]
    if known == "system" and (content is None or (isinstance(content, str) and not content.strip())):
        return []
    if known == "assistant" and message.get("weight") == 0 and "weight" in message:
        raise RowError(f"{where} has weight 0: it is not to be learned")
    return [Turn(known, check_content(_joined(content, where), f"{where} ({known})"))]


def _joined(content: Any, where: str) -> Any:
    """A content of parts as one text; raises RowError for images and the like."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif (
            isinstance(part, dict)
            and isinstance(part.get("text"), str)
            and part.get("type", "text") in ("text", "input_text", "output_text")
        ):
            texts.append(part["text"])
        else:
            kind = part.get("type") if isinstance(part, dict) else None
            raise RowError(f"{where} holds {shown(kind) if isinstance(kind, str) else 'a part'} that is no text")
    return "".join(texts)


def _exchange(message: dict[str, Any], where: str) -> list[Turn]:
    parts = recognise([key for key in message if isinstance(key, str)])
    if "situation" not in parts or "action" not in parts:
        raise RowError(f"{where} has no role")
    return [
        Turn("user", check_content(message[parts["situation"]], f"{where} ({parts['situation'][:40]})")),
        Turn("assistant", check_content(message[parts["action"]], f"{where} ({parts['action'][:40]})")),
    ]


_ANSWERS = ("chosen", "rejected", "preferred_output", "non_preferred_output", "input")


def _preference(row: int, record: dict[str, Any]) -> Kept | None:
    """A pair of a better and a worse answer: a correction."""
    prompt: Any = None
    if "preferred_output" in record and isinstance(record.get("input"), dict):
        prompt, chosen, rejected = record["input"].get("messages"), record["preferred_output"], record.get("non_preferred_output")
        _no_tools(record["input"])
    elif "chosen" in record:
        chosen, rejected = record["chosen"], record.get("rejected")
        parts = recognise([key for key in record if isinstance(key, str) and key not in ("chosen", "rejected")])
        prompt = record.get("prompt")
        if prompt is None:
            prompt = next((found for key in LISTS if (found := _listed(record.get(key))) is not None), None)
        if prompt is None and "situation" in parts:
            prompt = record[parts["situation"]]
            context = _value(record, parts, "input")
            if isinstance(prompt, str) and isinstance(context, str) and context.strip():
                prompt = f"{prompt}\n\n{context}"
    elif isinstance(record.get("prompt"), list) and "completion" in record:
        prompt, chosen, rejected = record["prompt"], record["completion"], None
    else:
        return None
    before = _as_list(prompt, "user", "prompt")
    better, worse = _as_list(chosen, "assistant", "chosen"), _as_list(rejected, "assistant", "rejected")
    if not before and isinstance(chosen, str) and "\n\nAssistant:" in chosen:
        better, worse = _marked(chosen), _marked(rejected) if isinstance(rejected, str) else []
    if not better:
        raise RowError("chosen is empty")
    if before and better[: len(before)] == before:
        before = []
    turns = _with_system(record, conversation([*before, *better], "prompt and chosen"))
    text = None
    if worse:
        last = worse[-1]
        text = check_content(_joined(last.get("content", last.get("value")), "rejected"), "rejected") if isinstance(last, dict) else None
    extra_columns = [column for column in _extra_columns(record) if column not in _ANSWERS]
    extras: dict[str, Any] = _extras(record, recognise(extra_columns))
    extras["rejected"] = text
    return keep(row, turns, **extras)


def _as_list(value: Any, role: str, what: str) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise RowError(f"{what} is {_a(value)}, not text")


_MARK = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def _marked(text: str) -> list[Any]:
    pieces = _MARK.split(text)
    if pieces[0].strip():
        raise RowError("does not begin with 'Human:'")
    pairs = zip(pieces[1::2], pieces[2::2], strict=True)
    return [{"role": "user" if role == "Human" else "assistant", "content": content} for role, content in pairs]


def _spelled_out(text: str) -> tuple[Turn, ...]:
    try:
        turns = spelled_turns(text)
    except ValueError as error:
        raise RowError(str(error)) from error
    return in_order([Turn(role, check_content(said, f"turn {number}")) for number, (role, said) in enumerate(turns, 1)])


def _pair(row: int, record: dict[str, Any], mapping: dict[str, str] | None) -> Kept:
    columns = [key for key in record if isinstance(key, str)]
    if mapping is None:
        parts = recognise(columns)
    else:
        parts = mapping
        missing = next((parts[part] for part in ("situation", "action") if parts[part] not in record), None)
        if missing is not None:
            raise RowError(f"has no {shown(missing)}")
    if "situation" not in parts and "action" not in parts:
        raise RowError(f"has no question and no answer among its keys ({', '.join(shown(column) for column in columns[:8])})")
    for part, word in (("situation", "question"), ("action", "answer")):
        if part not in parts:
            raise RowError(f"has no {word} among its keys ({', '.join(shown(column) for column in columns[:8])})")
    question, answer, context = record[parts["situation"]], record[parts["action"]], _value(record, parts, "input")
    if isinstance(question, list) and question and is_message(question[0]):
        return keep(row, conversation([*question, *_as_list(answer, "assistant", "answer")], parts["situation"]), **_extras(record, parts))
    question = check_content(question, parts["situation"][:40])
    extras = _extras(record, parts)
    answer = check_content(_answer(answer, parts["action"], extras["notes"]), parts["action"][:40])
    if context is not None and context != "":
        if not isinstance(context, str):
            raise RowError(f"{parts['input'][:40]} is {_a(context)}, not text")
        if context.strip():
            question = f"{question}\n\n{check_content(context, parts['input'][:40])}"
    turns = [*_history(_value(record, parts, "history")), Turn("user", question), Turn("assistant", answer)]
    return keep(row, _with_system(record, in_order(turns), parts.get("system")), **extras)


def _answer(value: Any, column: str, notes: list[str]) -> Any:
    """The first of the answers that SQuAD gives: `{"text": [...]}` or `[{"text": ...}, ...]`; anything else as it is."""
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        texts = value["text"]
    elif isinstance(value, list) and all(isinstance(item, dict) and "text" in item for item in value):
        texts = [item["text"] for item in value]
    else:
        return value
    if not texts:
        raise RowError(f"has no answer: {column[:40]} is empty")
    others = len({str(text) for text in texts} - {str(texts[0])})
    if others:
        notes.append(f"left out: {others} other answers to the same question")
    return texts[0]


def _history(value: Any) -> list[Turn]:
    if value is None or value in ("", "[]", []):
        return []
    listed = _listed(value)
    if listed is None:
        raise RowError("history is not a list of [question, answer]")
    if is_message(listed[0]):
        return list(conversation(listed, "history"))
    turns = []
    for number, pair in enumerate(listed, 1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise RowError(f"history: entry {number} is not [question, answer]")
        turns += [Turn("user", check_content(pair[0], f"history {number}")), Turn("assistant", check_content(pair[1], f"history {number}"))]
    return turns


def _with_system(record: dict[str, Any], turns: tuple[Turn, ...], column: str | None = None) -> tuple[Turn, ...]:
    if column is None:
        column = next((key for key in record if isinstance(key, str) and plain_name(key) in SYNONYMS["system"]), None)
    system = record.get(column) if column is not None else None
    if system is None or system == "":
        return turns
    if isinstance(system, dict):
        system = _joined(system.get("parts", system.get("content")), str(column)[:40])
    if not isinstance(system, str):
        raise RowError(f"{str(column)[:40]} is {_a(system)}, not text")
    return (Turn("system", check_content(system, "system")), *turns) if system.strip() else turns


def _extra_columns(record: dict[str, Any]) -> list[str]:
    return [key for key in record if isinstance(key, str) and key not in LISTS]


# ------------------------------------------------------------------ extras: what is kept beside the turns


def _extras(record: dict[str, Any], parts: dict[str, str]) -> dict[str, Any]:
    notes: list[str] = []

    def text_of(part: str) -> str:
        value = _value(record, parts, part)
        if value is None or value == "":
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    extras: dict[str, Any] = {"result": text_of("result"), "feedback": text_of("feedback"), "notes": notes}
    rejected = _value(record, parts, "rejected")
    if isinstance(rejected, str) and rejected.strip():
        extras["rejected"] = rejected
    elif rejected not in (None, ""):
        notes.append("rejected is no text and was left out")
    rating = _value(record, parts, "rating")
    if rating not in (None, ""):
        extras["rating"] = _rating(rating)
        if extras["rating"] is None and rating not in ("none", "None", "null"):
            notes.append(f"the rating {shown(str(rating))} means neither good nor bad and was left out")
    tags = _value(record, parts, "tags")
    if isinstance(tags, bool):  # whether the completion is a good one (KTO)
        extras["rating"] = extras.get("rating") or _rating(tags)
        tags = None
    extras["tags"] = _tags(tags, notes)
    moment = _value(record, parts, "timestamp")
    if moment not in (None, ""):
        extras["time"] = read_time(moment)
        if extras["time"] is None:
            notes.append("the time is not understood and was left out")
    name = _value(record, parts, "lesson_id")
    if isinstance(name, str) and name:
        try:
            extras["lesson_id"] = check_name(name)
        except Invalid:
            notes.append("the lesson_id cannot be an id here; a new one was made")
    metadata = record.get("metadata")
    if isinstance(metadata, dict):
        extras["metadata"] = metadata
    return extras


_GOOD = {"good", "positive", "up", "thumbsup", "like", "liked", "yes", "true", "gut", "dobra", "dobry", "dobrze", "thumbsupresponse"}
_BAD = {"bad", "negative", "down", "thumbsdown", "dislike", "disliked", "no", "false", "schlecht", "zla", "zly", "zle"}


def _rating(value: Any) -> Rating | None:
    if isinstance(value, bool):
        return "good" if value else "bad"
    if isinstance(value, int | float):
        return {1: "good", -1: "bad"}.get(int(value)) if value == int(value) else None  # type: ignore[return-value]
    if isinstance(value, str):
        if value.strip() in ("👍", "+1", "1", "✅"):
            return "good"
        if value.strip() in ("👎", "-1", "❌"):
            return "bad"
        plain = plain_name(value)
        return "good" if plain in _GOOD else "bad" if plain in _BAD else None
    return None


def _tags(value: Any, notes: list[str]) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        listed = _listed(value)
        value = listed if listed is not None else re.split(r"[,;|]", value)
    if not isinstance(value, list) or any(isinstance(tag, dict | list) for tag in value):
        notes.append("the tags are not understood and were left out")
        return []
    tags = [str(tag).strip() for tag in value if tag is not None and str(tag).strip()]
    short = [tag for tag in dict.fromkeys(tags) if len(tag) <= 200][:100]
    if len(short) < len(dict.fromkeys(tags)):
        notes.append("tags longer than 200 characters, or beyond the first 100, were left out")
    return short


def read_time(value: Any) -> str | None:
    """A time as seconds, milliseconds or text; None where it is not understood."""
    if isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, str):
        try:
            return normal_time(value)
        except ValueError:
            if not re.fullmatch(r"\d{9,13}(\.\d+)?", value.strip()):
                return None
            value = float(value)
    if isinstance(value, int | float) and math.isfinite(value):
        seconds = value / 1000 if abs(value) > 1e11 else value
        try:
            return normal_time(datetime.fromtimestamp(seconds, UTC).isoformat())
        except (ValueError, OverflowError, OSError):
            return None
    return None


# ------------------------------------------------------------------ the end of it


def keep(
    row: int,
    turns: tuple[Turn, ...],
    *,
    result: str = "",
    feedback: str = "",
    tags: Iterable[str] = (),
    rating: Rating | None = None,
    rejected: str | None = None,
    time: str | None = None,
    lesson_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    notes: Iterable[str] = (),
) -> Kept:
    """The conversation as a lesson: the last exchange is the lesson, what came before is its history."""
    spoken = [turn.content for turn in turns if turn.role != "system"]
    system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
    # Of a lesson that was kept here before, the earlier turns are in its metadata already.
    extra = dict(metadata or {})
    if len(spoken) > 2:
        extra["history"] = [[spoken[place], spoken[place + 1]] for place in range(0, len(spoken) - 2, 2)]
    if system:
        extra["system"] = system
    try:
        lesson = LessonIn(
            lesson_id=lesson_id,
            timestamp=time,
            situation=spoken[-2],
            action=spoken[-1],
            result=result,
            feedback=feedback,
            tags=list(tags),
            metadata=extra,
            rating=rating,
            rejected=rejected,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise RowError(f"{'.'.join(str(place) for place in first['loc'])[:60]}: {first['msg'].removeprefix('Value error, ')}") from error
    if metadata:
        turns = (*earlier_turns(extra), *turns[-2:])
    return Kept(row, lesson, turns, tuple(notes))
