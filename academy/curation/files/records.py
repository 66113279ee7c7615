"""One record of a file, whatever its keys are called, becomes one conversation, or is refused with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import ValidationError

from academy.curation.examples import Turn
from academy.curation.files.columns import SYNONYMS, THINKING, plain_name, recognise
from academy.curation.files.extras import extras_of
from academy.curation.files.marks import THOUGHTS, cleaned, notes_of
from academy.curation.files.ratings import Scale
from academy.curation.files.spelled import is_spelled, spelled_turns
from academy.curation.files.turns import conversation, definitions, in_order, is_message, joined, thoughts_in
from academy.curation.files.values import LISTS, WHOLE, RowError, check_content, described, is_missing, list_of, shown, value_of
from academy.curation.lessons import LessonIn, Rating, as_example, exchange_of
from academy.messages import Message, msg
from academy.rows import fits_alpaca, row_of

BEGINNING = 1000
"""So many characters of a refused record are held, to be recognised by."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as a lesson and as turns; `notes` say what was left out."""

    row: int
    lesson: LessonIn | None
    turns: tuple[Turn, ...]
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be used, and why."""

    row: int
    reason: Message
    text: str = ""  # the beginning of the record


def read_record(row: int, record: Any, mapping: dict[str, str] | None = None, scale: Scale | None = None) -> Kept | Refused:
    """The record as a lesson, or the reason why it cannot be one; `scale` is the range of the file's ratings."""
    try:
        return _read(row, record, mapping, scale)
    except RowError as error:
        return Refused(row, error.reason, beginning(record))
    except RecursionError:
        return Refused(row, msg("is nested too deep"))


def beginning(record: Any) -> str:
    """The first words of a record, to be recognised by."""
    if isinstance(record, dict):
        record = " · ".join(str(value)[:BEGINNING] for value in list(record.values())[:20] if value not in (None, "", [], {}))
    return record[:BEGINNING] if isinstance(record, str) else str(record)[:BEGINNING]


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
        messages = list_of(record.get(key))
        if messages:
            return "sharegpt" if isinstance(messages[0], dict) and "from" in messages[0] else "messages"
    if "instruction" in record and "output" in record:
        return "alpaca"
    parts = recognise([key for key in record if isinstance(key, str)])
    if (text := _spelled_text(record)) is not None and is_spelled(text):
        return "messages"
    return "pairs" if "situation" in parts and "action" in parts else ""


def _read(row: int, record: Any, mapping: dict[str, str] | None, scale: Scale | None) -> Kept:
    if isinstance(record, list):
        if not record:
            raise RowError("is an empty list")
        return keep(row, conversation(record, "messages"))
    if not isinstance(record, dict):
        raise RowError("is {what}, not an object", what=described(record))
    if not record:
        raise RowError("is an empty object")
    if mapping is None:
        if "chosen" in record or not any(list_of(record.get(key)) for key in LISTS):
            _no_tools(record)
        if (kept := _preference(row, record, scale)) is not None:
            return kept
        for key in LISTS:
            messages = list_of(record.get(key))
            if messages is not None:
                turns = (*definitions(record), *_with_system(record, conversation(messages, key)))
                return keep(row, turns, **extras_of(record, recognise(_extra_columns(record)), scale))
        # Some datasets hold a whole conversation in one text, or as a bare list of texts.
        data = record.get("data")
        if isinstance(data, list) and len(data) > 1 and (all(isinstance(item, str) for item in data) or all(map(is_message, data))):
            return keep(row, conversation(data, "data"))
        text = _spelled_text(record)
        if text is not None:
            return keep(row, _with_system(record, _spelled_out(text)), **extras_of(record, recognise(_extra_columns(record)), scale))
        if is_of_tree(record):
            raise RowError("is one message of a tree ('parent_id'); use the file that holds a whole tree in each record")
    return _pair(row, record, mapping, scale)


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
            raise RowError("has {key}, and no list of turns that they belong to", key=key)


_ANSWERS = ("chosen", "rejected", "preferred_output", "non_preferred_output", "input")


def _preference(row: int, record: dict[str, Any], scale: Scale | None) -> Kept | None:
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
            prompt = next((found for key in LISTS if (found := list_of(record.get(key))) is not None), None)
        if prompt is None and "situation" in parts:
            prompt = record[parts["situation"]]
            context = value_of(record, parts, "input")
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
        text = check_content(joined(last.get("content", last.get("value")), "rejected"), "rejected") if isinstance(last, dict) else None
    extra_columns = [column for column in _extra_columns(record) if column not in _ANSWERS]
    extras: dict[str, Any] = extras_of(record, recognise(extra_columns), scale)
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
    raise RowError("{where} is {what}, not text", where=what, what=described(value))


_MARK = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def _marked(text: str) -> list[Any]:
    pieces = _MARK.split(text)
    if pieces[0].strip():
        raise RowError("does not begin with 'Human:'")
    pairs = zip(pieces[1::2], pieces[2::2], strict=True)
    return [{"role": "user" if role == "Human" else "assistant", "content": content} for role, content in pairs]


def _spelled_out(text: str) -> tuple[Turn, ...]:
    turns = enumerate(spelled_turns(text), 1)
    return in_order([Turn(role, check_content(said, "turn {number}", number=number)) for number, (role, said) in turns])


def _pair(row: int, record: dict[str, Any], mapping: dict[str, str] | None, scale: Scale | None) -> Kept:
    columns = [key for key in record if isinstance(key, str)]
    if mapping is None:
        parts = recognise(columns)
    else:
        parts = mapping
        missing = next((parts[part] for part in ("situation", "action") if parts[part] not in record), None)
        if missing is not None:
            raise RowError("has no {column}", column=shown(missing))
    if "situation" not in parts and "action" not in parts:
        raise RowError("has no question and no answer among its keys ({names:commas})", names=_keys(columns))
    if "situation" not in parts:
        raise RowError("has no question among its keys ({names:commas})", names=_keys(columns))
    if "action" not in parts:
        raise RowError("has no answer among its keys ({names:commas})", names=_keys(columns))
    question, answer, context = record[parts["situation"]], record[parts["action"]], value_of(record, parts, "input")
    for column, value in ((parts["situation"], question), (parts["action"], answer)):
        if is_missing(value, answer=True):
            raise RowError("{column} is missing: it only says {value}", column=column[:40], value=shown(str(value)))
    if isinstance(question, list) and question and is_message(question[0]):
        return keep(
            row, conversation([*question, *_as_list(answer, "assistant", "answer")], parts["situation"]), **extras_of(record, parts, scale)
        )
    question = check_content(question, "{column}", column=parts["situation"][:40])
    extras = extras_of(record, parts, scale)
    answer = check_content(_answer(answer, parts["action"], extras["notes"]), "{column}", column=parts["action"][:40])
    if context is not None and context != "":
        if not isinstance(context, str):
            raise RowError("{where} is {what}, not text", where=parts["input"][:40], what=described(context))
        if context.strip():
            question = f"{question}\n\n{check_content(context, '{column}', column=parts['input'][:40])}"
    thinking = next((said for key in columns if plain_name(key) in THINKING and (said := thoughts_in(record[key]))), "")
    said = [*_history(value_of(record, parts, "history")), Turn("user", question), Turn("assistant", answer, thinking)]
    return keep(row, _with_system(record, in_order(said), parts.get("system")), **extras)


def _keys(columns: list[str]) -> list[str]:
    return [shown(column) for column in columns[:8]]


def _answer(value: Any, column: str, notes: list[Message]) -> Any:
    """The first of the answers that SQuAD gives: `{"text": [...]}` or `[{"text": ...}, ...]`; anything else as it is."""
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        texts = value["text"]
    elif isinstance(value, list) and all(isinstance(item, dict) and "text" in item for item in value):
        texts = [item["text"] for item in value]
    else:
        return value
    if not texts:
        raise RowError("has no answer: {column} is empty", column=column[:40])
    others = len({str(text) for text in texts} - {str(texts[0])})
    if others:
        notes.append(msg("left out: {n} other answers to the same question", n=others))
    return texts[0]


def _history(value: Any) -> list[Turn]:
    if value is None or value in ("", "[]", []):
        return []
    listed = list_of(value)
    if listed is None:
        raise RowError("history is not a list of [question, answer]")
    if is_message(listed[0]):
        return list(conversation(listed, "history"))
    turns = []
    for number, pair in enumerate(listed, 1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise RowError("history: entry {number} is not [question, answer]", number=number)
        turns.append(Turn("user", check_content(pair[0], "history {number}", number=number)))
        turns.append(Turn("assistant", check_content(pair[1], "history {number}", number=number)))
    return turns


def _with_system(record: dict[str, Any], turns: tuple[Turn, ...], column: str | None = None) -> tuple[Turn, ...]:
    if column is None:
        column = next((key for key in record if isinstance(key, str) and plain_name(key) in SYNONYMS["system"]), None)
    system = record.get(column) if column is not None else None
    if system is None or system == "" or is_missing(system):
        return turns
    text = _joined_system(system, str(column)[:40])
    return (Turn("system", check_content(text, "system")), *turns) if text.strip() else turns


def _joined_system(system: Any, column: str) -> str:
    """A system text of blocks or in an object as one text: Anthropic's, Bedrock's, Vertex's."""
    if isinstance(system, dict):
        inner = next((system[key] for key in ("parts", "content", "text", "value") if key in system), system)
        return _joined_system(inner, column) if inner is not system else _no_text(system, column)
    if isinstance(system, list) and all(isinstance(part, str | dict) for part in system):
        blocks = [part for part in system if not isinstance(part, dict) or "cachePoint" not in part]
        return "\n\n".join(_joined_system(part, column) for part in blocks)
    return system if isinstance(system, str) else _no_text(system, column)


def _no_text(value: Any, column: str) -> NoReturn:
    raise RowError("{where} is {what}, not text", where=column, what=described(value))


def _extra_columns(record: dict[str, Any]) -> list[str]:
    return [key for key in record if isinstance(key, str) and key not in LISTS]


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
    notes: Iterable[Message] = (),
) -> Kept:
    """The conversation as a lesson: the last exchange is the lesson, what came before is its history."""
    turns, taken = _visible(turns)
    turns, masked = _answered(turns)
    # Of a lesson that was kept here before, the earlier turns are in its metadata already.
    extra = dict(metadata or {}) | _earlier(turns)
    situation, action = exchange_of(turns)
    try:
        lesson = LessonIn(
            lesson_id=lesson_id,
            timestamp=time,
            situation=situation,
            action=action,
            result=result,
            feedback=feedback,
            tags=list(tags),
            metadata=extra,
            rating=rating,
            rejected=rejected,
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])[:60]
        raise RowError("{field}: {problem}", field=field, problem=first["msg"].removeprefix("Value error, ")) from error
    if metadata:
        turns = as_example(lesson).turns
    return Kept(row, lesson, turns, (*notes, *taken, *masked))


def _answered(turns: tuple[Turn, ...]) -> tuple[tuple[Turn, ...], list[Message]]:
    """The turns up to the last answer, and notes on what is not learned."""
    last = max(at for at, turn in enumerate(turns) if turn.role == "assistant")
    notes = [msg("the last question has no answer and was left out")] if last + 1 < len(turns) else []
    turns = turns[: last + 1]
    spoken = [turn for turn in turns if turn.role not in ("system", "tools")]
    if spoken[0].role == "assistant":
        notes.append(msg("the assistant's first words answer no question: they are read, not learned"))
    if masked := sum(not turn.trained for turn in spoken[1:]):
        notes.append(msg("answers that the file marks as not to be learned: {n}", n=masked))
    return turns, notes


def _earlier(turns: tuple[Turn, ...]) -> dict[str, Any]:
    """What a lesson holds of its conversation beside the last exchange: pairs, or the whole where it is more than pairs."""
    if not all(turn._replace(thinking="").is_plain for turn in turns) or not fits_alpaca([turn._replace(thinking="") for turn in turns]):
        return {"conversation": row_of(turns, "messages")}
    spoken = [turn.content for turn in turns if turn.role != "system"]
    system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
    extra: dict[str, Any] = {"system": system} if system else {}
    if len(spoken) > 2:
        extra["history"] = [[spoken[position], spoken[position + 1]] for position in range(0, len(spoken) - 2, 2)]
    if any(turn.thinking for turn in turns):
        extra["thinking"] = [turn.thinking for turn in turns if turn.role == "assistant"]
    return extra


def _visible(turns: tuple[Turn, ...]) -> tuple[tuple[Turn, ...], list[Message]]:
    """The turns with the answers as a person saw them and the thoughts beside them; notes on what was taken out."""
    removed: Counter[str] = Counter()
    seen = []
    for number, turn in enumerate(turns, 1):
        clean = cleaned(turn.content) if turn.role == "assistant" and turn.content else None
        if clean is not None and clean.text is not turn.content:
            if not clean.text.strip():
                raise RowError("turn {number} has no answer beside its thoughts and marks", number=number)
            turn = turn._replace(content=clean.text, thinking="\n\n".join(said for said in (turn.thinking, clean.thinking) if said))
            removed += clean.removed
        removed[THOUGHTS] += bool(turn.thinking)
        seen.append(turn)
    return tuple(seen), notes_of(+removed)
