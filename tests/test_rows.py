"""Dataset rows: trainer, check, page and comparison read the same conversation from a row, or refuse it for the same reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from academy.curation.datasets import DatasetStore
from academy.errors import Invalid
from academy.rows import BadRow, Turn, conversation, read_line, read_rows, row_of, turns_of
from academy.text.conversations import read_conversations
from academy.text.failures import Failure

Q, A = Turn("user", "q"), Turn("assistant", "a")
S = Turn("system", "s")


def messages(*turns: tuple[Any, Any]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def sharegpt(*turns: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {"conversations": [{"from": role, "value": content} for role, content in turns], **more}


def alpaca(question: Any = "q", answer: Any = "a", **more: Any) -> dict[str, Any]:
    return {"instruction": question, "output": answer, **more}


READABLE: dict[str, tuple[dict[str, Any], list[Turn]]] = {
    "alpaca": (alpaca(), [Q, A]),
    "alpaca with input": (alpaca("q", "a", input="x"), [Turn("user", "q\n\nx"), A]),
    "alpaca with blank input": (alpaca("q", "a", input=" \n"), [Q, A]),
    "alpaca with everything": (alpaca(history=[["1", "2"]], system="s"), [S, Turn("user", "1"), Turn("assistant", "2"), Q, A]),
    "alpaca with nulls": (alpaca(input=None, history=None, system=None), [Q, A]),
    "sharegpt": (sharegpt(("human", "q"), ("gpt", "a")), [Q, A]),
    "sharegpt with a system field": (sharegpt(("human", "q"), ("gpt", "a"), system="s"), [S, Q, A]),
    "sharegpt with two systems": (sharegpt(("system", "s"), ("human", "q"), ("gpt", "a"), system="other"), [S, Q, A]),
    "sharegpt in the words of messages": ({"conversations": messages(("user", "q"), ("assistant", "a"))["messages"]}, [Q, A]),
    "messages": (messages(("system", "s"), ("user", "q"), ("assistant", "a")), [S, Q, A]),
    "messages in the words of sharegpt": ({"messages": sharegpt(("human", "q"), ("gpt", "a"))["conversations"]}, [Q, A]),
    "roles of other tools": (messages(("Developer", "s"), ("USER", "q"), ("model", "a")), [S, Q, A]),
    "a blank system text": (messages(("system", " "), ("user", "q"), ("assistant", "a")), [Q, A]),
    "content as parts": (messages(("user", [{"type": "text", "text": "q"}]), ("assistant", "a")), [Q, A]),
    "an answer first": (messages(("assistant", "a"), ("user", "q"), ("assistant", "a")), [A, Q, A]),
    "a question last": (messages(("user", "q"), ("assistant", "a"), ("user", "q")), [Q, A]),
    "separators and spaces": (alpaca(" q\u2028\u0085 ", "\ta\n"), [Turn("user", " q\u2028\u0085 "), Turn("assistant", "\ta\n")]),
    "further fields": (alpaca() | {"id": 5, "tags": ["x"]}, [Q, A]),
}

UNREADABLE: dict[str, tuple[object, str]] = {
    "a list": ([1], "not a JSON object"),
    "a number": (5, "not a JSON object"),
    "an empty object": ({}, "neither"),
    "another form": ({"prompt": "q", "completion": "a"}, "neither"),
    "no output": ({"instruction": "q"}, "'output' is missing"),
    "no instruction": ({"output": "a"}, "'instruction' is missing"),
    "no turns": ({"messages": []}, "'messages' is not a list of turns"),
    "turns that are none": ({"conversations": "hello"}, "'conversations' is not a list of turns"),
    "a turn that is no object": ({"messages": ["q"]}, "turn 1 is not an object"),
    "an unknown role": (messages(("user", "q"), ("wizard", "a")), "'wizard' is not known .turn 2"),
    "no role": ({"messages": [{"content": "q"}]}, "'None' is not known"),
    "no text": (messages(("user", None), ("assistant", "a")), "no text in turn 1 .it is missing"),
    "a number as text": (alpaca("q", 5), "no text in output .it is missing or not a text"),
    "a blank answer": (messages(("user", "q"), ("assistant", " \n")), "no text in turn 2 .it is empty"),
    "a blank question": (alpaca(""), "no text in instruction .it is empty"),
    "a number as input": (alpaca(input=5), "no text in input"),
    "a history that is no list": (alpaca(history="q"), "pairs"),
    "a history of triples": (alpaca(history=[["a", "b", "c"]]), "pairs"),
    "a blank history": (alpaca(history=[["a", ""]]), "no text in history"),
    "no answer": (messages(("user", "q")), "does not end with the assistant's turn"),
    "only the system": (messages(("system", "s")), "does not end with the assistant's turn"),
    "no question": (messages(("system", "s"), ("assistant", "a")), "no turn of the user"),
    "half a character": (alpaca("q", "\ud83d"), "half a character"),
}

LINES = {
    "no JSON": (b"{", "not JSON .*double quotes at character"),
    "NaN": (b'{"instruction": "q", "output": "a", "n": NaN}', "NaN"),
    "a huge number": (b'{"instruction": "q", "output": "a", "n": ' + b"9" * 5000 + b"}", "not JSON"),
    "no UTF-8": (b'{"instruction": "\xff", "output": "a"}', "not UTF-8 .*byte 17"),
    "nested": (b"[" * 100_000, "nested too deeply"),
    "a byte-order mark in the middle": (b"\xef\xbb\xbf{}", "not JSON"),
    **{name: (json.dumps(row).encode(), why) for name, (row, why) in UNREADABLE.items()},
}


@pytest.fixture
def store(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path)


@pytest.mark.parametrize("name", READABLE)
def test_every_reader_reads_the_same_turns(store: DatasetStore, tmp_path: Path, name: str) -> None:
    row, turns = READABLE[name]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(row).encode() + b"\n \n" + json.dumps(row, ensure_ascii=False).encode())
    read = [{"role": turn.role, "content": turn.content} for turn in turns]
    assert read_conversations(path) == [(1, read), (3, read)]
    assert store.check_file(path) == 2
    assert turns_of(row) == conversation(row) == turns


@pytest.mark.parametrize("name", LINES)
def test_every_reader_refuses_a_row_with_its_number_for_the_same_reason(store: DatasetStore, tmp_path: Path, name: str) -> None:
    line, why = LINES[name]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(alpaca()).encode() + b"\n\n" + line + b"\n")
    with pytest.raises(BadRow, match=why) as bad:
        list(read_rows(path.read_bytes().split(b"\n")))
    assert bad.value.number == 3
    with pytest.raises(Failure, match=f"^Row 3 .*{why}") as failure:
        read_conversations(path)
    assert failure.value.fields["row"] == 3
    with pytest.raises(Invalid, match=f"^Line 3 .*{why}"):
        store.check_file(path)


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_page_shows_the_reason_instead_of_a_row_that_cannot_be_read(name: str) -> None:
    row, why = UNREADABLE[name]
    with pytest.raises(BadRow, match=why) as bad:
        turns_of(row)
    assert conversation(row) == [Turn("", f"This row cannot be used: {bad.value}.")]  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages"])
def test_what_is_written_is_read_again(form: Any) -> None:
    turns = [S, Turn("user", "1"), Turn("assistant", "2"), Q, A]
    assert read_line(json.dumps(row_of(turns, form)).encode()) == turns
