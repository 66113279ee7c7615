"""The forms of a dataset row (alpaca, sharegpt, messages), read and written here for trainer, curation and page alike.

A turn can also hold a thought, calls of tools, and its mask; alpaca has no fields for these, so such a row is written as messages.
A row that is plain text, `{"text": …}`, is one turn of the role `text`, in every form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, NoReturn

from academy.messages import Text, join, msg, render

Role = Literal["system", "user", "assistant", "tool", "tools", "text"]
Format = Literal["alpaca", "sharegpt", "messages"]

WORDINGS = "wordings"
"""The field of other wordings of a row's last question, which a training asks in its place; in every form, beside the others."""
MOST_WORDINGS = 20


class Turn(NamedTuple):
    """The text of one side; the definitions of a conversation's tools are a turn of the role `tools`, as JSON, before all others."""

    role: Role
    content: str
    thinking: str = ""  # of the assistant, before its text
    calls: str = ""  # of tools: a JSON list of objects with `name`, `arguments` and maybe `id`
    name: str = ""  # of a result: its tool
    call_id: str = ""  # of a result: its call
    trained: bool = True
    thinking_trained: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether role and content are all there is."""
        return self.role not in ("tool", "tools") and self[2:] == _PLAIN


class BadRow(ValueError):
    """A row without a conversation to learn from: `reason` says why, `number` is its line in the file, from 1 (0: not from a file)."""

    def __init__(self, reason: Text, number: int = 0) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.number = number


def read_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, list[Turn]]]:
    """The conversations of a file's lines with their line numbers (from 1); raises BadRow for the first line that has none."""
    # A line ends at \n alone: the other separators that Python splits at can stand inside JSON strings.
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, read_line(line, number)


def read_line(line: bytes, number: int = 0) -> list[Turn]:
    """The conversation in one line of a file; raises BadRow."""
    try:
        return turns_of(json.loads(line.decode("utf-8-sig" if number <= 1 else "utf-8"), parse_constant=_refuse_constant))
    except BadRow as error:
        error.number = number
        raise
    except UnicodeDecodeError as error:
        raise BadRow(msg("it is not UTF-8 ({reason} at byte {at})", reason=error.reason, at=error.start), number) from error
    except json.JSONDecodeError as error:
        raise BadRow(msg("it is not JSON ({reason} at character {at})", reason=error.msg, at=error.pos + 1), number) from error
    except RecursionError as error:
        raise BadRow("it is nested too deeply", number) from error
    except ValueError as error:
        raise BadRow(msg("it is not JSON ({reason})", reason=error), number) from error


def turns_of(row: Any) -> list[Turn]:
    """The conversation of a row in any form, system texts first as they stand, blank ones left out; raises BadRow."""
    if not isinstance(row, dict):
        raise BadRow("it is not a JSON object")
    if "messages" in row:
        turns = _listed(row["messages"], "messages", ("role", "from"), ("content", "value"))
    elif "conversations" in row:
        turns = _listed(row["conversations"], "conversations", ("from", "role"), ("value", "content"))
        if not any(turn.role == "system" for turn in turns):
            turns = [*_system(row), *turns]
    elif "instruction" in row and "output" in row:
        turns = _alpaca(row)
    elif "text" in row and not row.keys() & {"instruction", "output"}:
        return [Turn("text", _text(row["text"], "text"))]
    else:
        missing = [name for name in ("instruction", "output") if name not in row]
        if len(missing) == 1:
            raise BadRow(msg("{name!r} is missing; a row with neither 'messages' nor 'conversations' needs it", name=missing[0]))
        raise BadRow("it has neither 'messages' nor 'conversations' nor 'instruction' and 'output'")
    turns = [*_tools(row), *turns]
    spoken = [turn.role for turn in turns if turn.role not in ("system", "tools")]
    if "assistant" not in spoken:
        raise BadRow("it does not end with the assistant's turn, so there is nothing to learn")
    if "user" not in spoken:
        raise BadRow("it has no turn of the user")
    # What was asked last and not answered teaches nothing, and no answer depends on it.
    return turns[: max(at for at, turn in enumerate(turns) if turn.role == "assistant") + 1]


def conversation(row: Any) -> list[Turn]:
    """The conversation of a row for the eye: instead of a row that cannot be read, one turn without a role that says why."""
    try:
        return turns_of(row)
    except BadRow as error:
        return [Turn("", render(msg("This row cannot be used: {reason}.", reason=join(error.reason))))]  # type: ignore[arg-type]


def row_of(turns: Sequence[Turn], form: Format) -> dict[str, Any]:
    """The row of a dataset file for a conversation (contract, section 3); alpaca puts all system texts into one."""
    if is_text(turns):
        return {"text": turns[0].content}
    if form == "sharegpt":
        names = {"system": "system", "user": "human", "assistant": "gpt", "tool": "tool"}
        said = [{"from": names[turn.role], "value": turn.content} | more_of(turn) for turn in turns if turn.role != "tools"]
        return {"conversations": said} | _definitions(turns)
    if form == "messages" or not fits_alpaca(turns):
        return {"messages": [message_of(turn) for turn in turns if turn.role != "tools"]} | _definitions(turns)
    spoken = [turn.content for turn in turns if turn.role != "system"]
    system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
    row: dict[str, Any] = {"instruction": spoken[-2], "input": "", "output": spoken[-1]}
    if len(spoken) > 2:
        row["history"] = [[spoken[at], spoken[at + 1]] for at in range(0, len(spoken) - 2, 2)]
    if system:
        row["system"] = system
    return row


def wordings_of(holder: dict[str, Any]) -> list[str]:
    """The other wordings of the question that a row, or the metadata of a lesson, holds in `wordings`; anything else there is none."""
    texts = holder.get(WORDINGS)
    found = [text.strip() for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
    return [text for text in dict.fromkeys(found) if text][:MOST_WORDINGS]


def is_text(turns: Sequence[Turn]) -> bool:
    """Whether it is plain text, and no conversation."""
    return len(turns) == 1 and turns[0].role == "text"


def fits_alpaca(turns: Sequence[Turn]) -> bool:
    """Whether the conversation is pairs of question and answer, all to learn, which is all that alpaca has fields for."""
    spoken = [turn for turn in turns if turn.role != "system"]
    in_pairs = all(turn.role == ("user", "assistant")[at % 2] for at, turn in enumerate(spoken))
    return in_pairs and len(spoken) % 2 == 0 and all(turn.is_plain for turn in turns)


def message_of(turn: Turn) -> dict[str, Any]:
    """The turn as a message of OpenAI's API, with its thought and its mask."""
    return {"role": turn.role, "content": turn.content} | more_of(turn)


def turn_of(message: dict[str, Any]) -> Turn:
    """The turn that `message_of` wrote."""
    role: Role = message["role"]
    thinking, calls = message.get("reasoning_content", ""), calls_of(message)
    masks = {"trained": not is_masked(message), "thinking_trained": message.get("reasoning_weight") != 0}
    return Turn(role, message["content"], thinking, calls, message.get("name", ""), message.get("tool_call_id", ""), **masks)


def more_of(turn: Turn) -> dict[str, Any]:
    """What a turn holds beside role and content, under its names in a file."""
    more: dict[str, Any] = {"reasoning_content": turn.thinking} if turn.thinking else {}
    if turn.calls:
        more["tool_calls"] = [
            {"type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
            | ({"id": call["id"]} if call.get("id") else {})
            for call in json.loads(turn.calls)
        ]
    more |= {"name": turn.name} if turn.name else {}
    more |= {"tool_call_id": turn.call_id} if turn.call_id else {}
    more |= {} if turn.trained else {"weight": 0}
    return more | ({} if turn.thinking_trained else {"reasoning_weight": 0})


def is_masked(message: dict[str, Any]) -> bool:
    """Whether a message is marked as context that is not learned: `weight` or `loss_mask` 0, `train`, `trainable` or `loss` false."""
    return any(key in message and _is_no(message[key]) for key in ("weight", "train", "trainable", "loss_mask", "loss"))


def thought_of(message: dict[str, Any], content: Any) -> tuple[str, Any]:
    """The thought of an assistant's message, from a field, a block or `<think>` before the text, and its content without it."""
    field = next((value for key in ("reasoning_content", "thinking", "reasoning") if isinstance(value := message.get(key), str)), "")
    if isinstance(content, list):
        blocks = [part for part in content if isinstance(part, dict) and part.get("type") in _THINKING]
        texts = [part.get("thinking") or part.get("text") or part.get("reasoning") for part in blocks]
        field = "\n\n".join([field] * bool(field) + [text for text in texts if isinstance(text, str)])
        content = [part for part in content if not any(part is block for block in blocks)]
    elif isinstance(content, str) and (match := _THINK.match(content)) and content[match.end() :].strip():
        field, content = field or match[1].strip("\n"), content[match.end() :]
    return (field if field.strip() else ""), content


def calls_of(message: dict[str, Any]) -> str:
    """The calls of tools in a message, as `Turn.calls` holds them; raises BadRow for one that cannot be read."""
    listed = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
    if not isinstance(listed, list):
        raise BadRow("'tool_calls' is not a list")
    calls = []
    for call in listed:
        function = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BadRow("a call of a tool has no name")
        arguments = function.get("arguments", function.get("parameters")) or {}
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments)
            except ValueError as error:
                raise BadRow(msg("the arguments of a call of {name!r} are not JSON", name=function["name"][:40])) from error
        if not isinstance(arguments, dict):
            raise BadRow(msg("the arguments of a call of {name!r} are no object", name=function["name"][:40]))
        identity = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
        calls.append({"name": function["name"], "arguments": arguments} | identity)
    return json.dumps(calls, ensure_ascii=False) if calls else ""


def tools_of(row: dict[str, Any]) -> str:
    """The definitions of a row's tools, as JSON; empty where there are none. Raises BadRow for what is no list of objects."""
    tools = row.get("tools") or row.get("functions") or []
    if isinstance(tools, str):
        try:
            tools = json.loads(tools) if tools.strip() else []
        except ValueError as error:
            raise BadRow("'tools' is not JSON") from error
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadRow("'tools' is not a list of objects")
    whole = [tool if "function" in tool or "name" not in tool else {"type": "function", "function": tool} for tool in tools]
    return json.dumps(whole, ensure_ascii=False) if whole else ""


_PLAIN = Turn("user", "")[2:]
_THINK = re.compile(r"\s*<think(?:ing)?>(.*?)</think(?:ing)?>\s*", re.DOTALL)
_THINKING = ("thinking", "reasoning", "redacted_thinking")
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "ipython": "tool",
    "function_call": "assistant",
}


def _listed(turns: Any, key: str, role_keys: tuple[str, str], text_keys: tuple[str, str]) -> list[Turn]:
    if not isinstance(turns, list) or not turns:
        raise BadRow(msg("{key!r} is not a list of turns", key=key))
    read = []
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, dict):
            raise BadRow(msg("turn {n} is not an object", n=number))
        name = next((turn[key] for key in role_keys if key in turn), None)
        role = _ROLES.get(name.lower()) if isinstance(name, str) else None
        if role is None:
            raise BadRow(msg("the role {name!r} is not known (turn {n}): use system, user and assistant", name=str(name)[:40], n=number))
        value = next((turn[key] for key in text_keys if key in turn), None)
        if name == "function_call" and isinstance(value, str):
            turn, value = {"function_call": _call(value)}, ""
        if role != "system" or not _is_blank(value):
            read.append(_turn(role, turn, value, msg("turn {n}", n=number)))
    return read


def _turn(role: Role, turn: dict[str, Any], value: Any, where: Text) -> Turn:
    if role == "tool":
        name, call_id = turn.get("name"), turn.get("tool_call_id")
        content = value if isinstance(value, str) and value.strip() else _text(value, where) if value else "-"
        return Turn(role, content, name=name if isinstance(name, str) else "", call_id=call_id if isinstance(call_id, str) else "")
    if role != "assistant":
        return Turn(role, _text(value, where))
    thinking, value = thought_of(turn, value)
    calls = calls_of(turn)
    content = "" if calls and not value else _text(value, where)
    whole = _text(thinking, where) if thinking else ""
    return Turn(role, content, whole, calls, trained=not is_masked(turn), thinking_trained=not _is_no(turn.get("reasoning_weight", 1)))


def _call(text: str) -> Any:
    """The call in a sharegpt turn of the role `function_call`."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRow("a call of a tool is not JSON") from error


def _is_no(value: Any) -> bool:
    """Whether a mask's value says no: false or 0, also as text."""
    return value is False or (isinstance(value, int | float) and value == 0) or str(value).strip().lower() in ("0", "0.0", "false", "no")


def _tools(row: dict[str, Any]) -> list[Turn]:
    text = tools_of(row)
    return [Turn("tools", text)] if text else []


def _definitions(turns: Sequence[Turn]) -> dict[str, Any]:
    return {"tools": json.loads(turns[0].content)} if turns and turns[0].role == "tools" else {}


def _system(row: dict[str, Any]) -> list[Turn]:
    text = row.get("system") or ""
    return [] if _is_blank(text) else [Turn("system", _text(text, "system"))]


def _alpaca(row: dict[str, Any]) -> list[Turn]:
    turns = _system(row)
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in history):
        raise BadRow("'history' is not a list of [question, answer] pairs")
    for question, answer in history:
        turns += [Turn("user", _text(question, "history")), Turn("assistant", _text(answer, "history"))]
    question = _text(row["instruction"], "instruction")
    context = row.get("input") or ""
    if not _is_blank(context):
        question = f"{question}\n\n{_text(context, 'input')}"
    return [*turns, Turn("user", question), Turn("assistant", _text(row["output"], "output"))]


def _text(value: Any, what: Text) -> str:
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        value = "".join(part["text"] for part in value)
    if not isinstance(value, str):
        raise BadRow(msg("there is no text in {what} (it is missing or not a text)", what=what))
    if not value.strip():
        raise BadRow(msg("there is no text in {what} (it is empty)", what=what))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRow(msg("the text in {what} holds half a character (a lone surrogate)", what=what)) from error
    return value


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _refuse_constant(name: str) -> NoReturn:
    raise BadRow(msg("it holds {name}, which JSON does not have", name=name))
