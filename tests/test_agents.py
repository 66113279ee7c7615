"""Sessions of coding agents and local chat programs: found, read into exchanges, reviewed without secrets, and taken as lessons."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents_help import (
    AIDER,
    INTERRUPTED,
    INTERRUPTED_TOOL,
    LM_STUDIO,
    REJECTED,
    SECRETS,
    ClaudeCode,
    codex_lines,
    home,
    long_session,
    webui_chat,
    webui_database,
)
from fastapi.testclient import TestClient
from serving import everything_in, peak_memory_mb

from academy.api.routes import create_api
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.files import agent_finding
from academy.curation.files.agents import AgentName, read
from academy.curation.files.definitions import definitions_of, offered
from academy.curation.files.exchanges import MOST_CHARS, Exchange, conversations, corrects, within, without_tools
from academy.curation.redaction.together import redact_together
from academy.errors import AcademyError, Forbidden, Invalid, NotFound
from academy.models import BUNDLED
from academy.rows import Turn
from academy.services.academy import Academy
from academy.services.sessions import SessionChoice, SessionOptions


def settings(data: Path, **values: Any) -> Settings:
    return Settings(data_dir=data, _env_file=None, **values)  # type: ignore[call-arg]


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def academy(tmp_path: Path, at_home: Path) -> Iterator[Academy]:
    made = Academy(settings(tmp_path / "data", session_folders=str(at_home)))
    yield made
    made.close()


def told(exchanges: tuple[Exchange, ...]) -> list[tuple[str, str, str]]:
    """Each exchange with its fate, question and answer."""
    return [(exchange.fate, exchange.question, exchange.turns[-1].content) for exchange in exchanges]


# ------------------------------------------------------------------ the formats


def claude_session() -> ClaudeCode:
    session = ClaudeCode()
    session.other(type="attachment", attachment={"type": "hook"})
    session.user("How deep is the pond?")
    read, measure = session.call("Read", file_path="pond.md"), session.call("Bash", command="sonar")
    session.says({"type": "thinking", "thinking": "I measure."}, "I look.", read, measure)
    session.result(read, "shallow<system-reminder>Be kind.</system-reminder>")
    session.result(measure, "2 m")
    session.says("Two metres.")
    return session


def write_claude(path: Path) -> Path:
    return claude_session().write(path / "a.jsonl", "{broken\n", '{"type":"user","message":{"role":"us')


def write_codex(path: Path) -> Path:
    (path / "rollout.jsonl").write_text("".join(json.dumps(line) + "\n" for line in codex_lines()) + "[1]\nnull\n")
    return path / "rollout.jsonl"


def write_old_codex(path: Path) -> Path:
    lines = [{"id": "x", "timestamp": "2025-05-01T00:00:00Z"}]
    lines += [line["payload"] for line in codex_lines() if line["type"] == "response_item"][2:7]
    (path / "rollout.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path / "rollout.jsonl"


def write_aider(path: Path) -> Path:
    (path / "history.md").write_text(AIDER)
    return path / "history.md"


def write_webui(path: Path) -> Path:
    chat = webui_chat(
        [
            ("user", "How many newts?"),
            ("assistant", "Twelve."),
            ("user", "Sure?"),
            ("assistant", '<details type="reasoning">hm</details>No.'),
        ],
        annotation={"rating": -1},
    )
    return webui_database(path / "webui.db", [("c1", chat)])


def write_lm_studio(path: Path) -> Path:
    (path / "1.conversation.json").write_text(json.dumps(LM_STUDIO))
    return path / "1.conversation.json"


FORMATS: dict[str, tuple[AgentName, Callable[[Path], Path], list[tuple[str, str, str]], dict[str, int]]] = {
    "claude-code": ("claude-code", write_claude, [("taken", "How deep is the pond?", "Two metres.")], {"broken": 2}),
    "codex": (
        "codex",
        write_codex,
        [
            ("taken", "How tall is the reed?", "The reed is two metres tall."),
            ("rejected", "Cut it.", "patch rejected by user"),
            ("undone", "Paint it red.", "It is red now."),
            ("taken", "Which colour does it have?", "The reed is green."),
        ],
        {"broken": 2, "program": 3},
    ),
    "old codex": ("codex", write_old_codex, [("taken", "How tall is the reed?", "The reed is two metres tall.")], {}),
    "aider": (
        "aider",
        write_aider,
        [
            ("taken", "How many otters live here?\nCount them, please.", "There are **seven** otters."),
            ("undone", "Rename the otter", 'otter.py\n```python\nname = "Ludo"\n```'),
            ("taken", "Which name does it have?", "The otter is called Momo."),
            ("interrupted", "What does it eat?", "It eats fish."),
            ("disliked", "Write a diary", "diary.md"),
            ("taken", "Where does it sleep?", "It sleeps in the reed."),
        ],
        {"printed": 12, "program": 1},
    ),
    "open-webui": (
        "open-webui",
        write_webui,
        [("taken", "How many newts?", "Twelve."), ("disliked", "Sure?", '<details type="reasoning">hm</details>No.')],
        {},
    ),
    "lm-studio": ("lm-studio", write_lm_studio, [("taken", "How many herons?", "Nine.")], {}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_session_is_read_as_its_program_wrote_it(name: str, tmp_path: Path) -> None:
    agent, write, expected, skipped = FORMATS[name]
    path = write(tmp_path)
    before = everything_in(tmp_path)
    found = read(agent, path, "c1")
    assert told(found.done()) == expected
    assert dict(+found.skipped) == skipped
    assert everything_in(tmp_path) == before  # a database gets no file beside it, either


def test_calls_that_run_at_once_stand_with_their_results_which_are_not_learned(tmp_path: Path) -> None:
    (exchange,) = read("claude-code", write_claude(tmp_path)).done()
    assert [turn.role for turn in exchange.turns] == ["user", "assistant", "tool", "tool", "assistant"]
    called = exchange.turns[1]
    assert (called.content, called.thinking) == ("I look.", "I measure.")
    assert [call["name"] for call in json.loads(called.calls)] == ["Read", "Bash"]
    assert [turn.content for turn in exchange.turns if turn.role == "tool"] == ["shallow", "2 m"]
    assert [turn.call_id for turn in exchange.turns if turn.role == "tool"] == [call["id"] for call in json.loads(called.calls)]
    assert [turn.content for turn in without_tools(exchange).turns] == ["How deep is the pond?", "Two metres."]


def rejected_and_made_up_for(session: ClaudeCode) -> None:
    session.user("Rename it.")
    edit, other = session.call("Edit", new="Ludo"), session.call("Edit", new="Momo")
    session.says(edit)
    session.result(edit, REJECTED.replace("STOP", "To tell you how to proceed, the user said: Momo. STOP"))
    session.says(other)
    session.result(other, "done")
    session.says("It is Momo.")


def stopped_at_a_tool(session: ClaudeCode) -> None:
    session.user("Rename it.")
    edit = session.call("Edit", new="Ludo")
    session.says(edit)
    session.result(edit, REJECTED)
    session.user([{"type": "text", "text": INTERRUPTED_TOOL}])
    session.user("Leave it.")
    session.says("I leave it.")


def stopped(session: ClaudeCode) -> None:
    session.user("Count.")
    session.says("One, two")
    session.user(INTERRUPTED)


def gone_back(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says("Hello.")
    fork = session.lines[-1]["uuid"]
    session.user("Paint it red.")
    session.says("It is red.")
    session.back_to(fork)
    session.user("Paint it blue.")
    session.says("It is blue.")


def compacted(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says("Hello.")
    last = session.lines[-1]["uuid"]
    session.other(type="system", subtype="compact_boundary", parentUuid=None, logicalParentUuid=last)
    session.user("This session is being continued from a previous conversation that ran out of context.", isCompactSummary=True)
    session.user("And you?")
    session.says("Fine.")


def orphaned(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says("Hello.")
    session.back_to("a-line-that-was-never-written")
    session.user("And you?")
    session.says("Fine.")


def commands(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says("Hello.")
    session.user("<command-name>/review</command-name>")
    session.user("Review the change.", isMeta=True)
    session.says("The change is fine.")
    session.user("<task-notification>done</task-notification>")
    session.says("The task is done.")
    session.user("Tell me.", origin={"kind": "channel"})
    session.says("I tell.")


def others(session: ClaudeCode) -> None:
    session.user("Task of an agent.", isSidechain=True)
    session.says("Done.", isSidechain=True)
    session.user("Hello?")
    session.other(type="progress", data={"hook": 1})
    session.says("API Error: 529", isApiErrorMessage=True)
    session.says("Hello.")


def queued(session: ClaudeCode) -> None:
    session.user("Paint it red.")
    paint = session.call("Edit", new="red")
    session.says("I paint.", paint)
    session.result(paint, "done")
    session.other(type="attachment", attachment={"type": "queued_command", "prompt": "And the door blue.", "commandMode": "prompt"})
    session.other(
        type="attachment", attachment={"type": "queued_command", "prompt": "<task-notification>", "commandMode": "task-notification"}
    )
    session.says("The door is blue.")


def pictured(session: ClaudeCode) -> None:
    session.user([{"type": "image", "source": {}}, {"type": "text", "text": "What is this?"}])
    session.says("A heron.")


def unfinished(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says(session.call("Read"))
    session.user("And this?")


def twice(session: ClaudeCode) -> None:
    session.user("Hello?")
    session.says("Hello.")
    session.lines += session.lines[-2:]  # a resumed session repeats lines


STORIES: dict[str, tuple[Callable[[ClaudeCode], None], list[tuple[str, str]], dict[str, int]]] = {
    "a rejected tool that the agent made up for": (rejected_and_made_up_for, [("taken", "Rename it.")], {}),
    "a rejected tool": (stopped_at_a_tool, [("rejected", "Rename it."), ("taken", "Leave it.")], {}),
    "an interruption": (stopped, [("interrupted", "Count.")], {}),
    "another version": (gone_back, [("taken", "Hello?"), ("taken", "Paint it blue.")], {"versions": 2}),
    "a compaction": (compacted, [("taken", "Hello?"), ("taken", "And you?")], {"program": 1}),
    "a lost line": (orphaned, [("taken", "Hello?"), ("taken", "And you?")], {}),
    "commands and notices": (commands, [("taken", "Hello?")], {"program": 7}),
    "agents and errors": (others, [("taken", "Hello?")], {"agents": 2, "program": 1}),
    "a message that waited": (queued, [("unfinished", "Paint it red."), ("taken", "And the door blue.")], {}),
    "a picture": (pictured, [("picture", "What is this?")], {}),
    "no end": (unfinished, [("unfinished", "Hello?"), ("unfinished", "And this?")], {}),
    "repeated lines": (twice, [("taken", "Hello?")], {}),
}


@pytest.mark.parametrize("name", STORIES)
def test_only_what_a_person_asked_and_accepted_is_proposed(name: str, tmp_path: Path) -> None:
    tell, expected, skipped = STORIES[name]
    session = ClaudeCode()
    tell(session)
    found = read("claude-code", session.write(tmp_path / "a.jsonl"))
    assert [(exchange.fate, exchange.question) for exchange in found.done()] == expected
    assert dict(+found.skipped) == skipped


def test_a_rejected_call_is_read_and_what_followed_is_learned(tmp_path: Path) -> None:
    session = ClaudeCode()
    rejected_and_made_up_for(session)
    (exchange,) = read("claude-code", session.write(tmp_path / "a.jsonl")).done()
    assert [turn.trained for turn in exchange.turns if turn.role == "assistant"] == [False, True, True]


@pytest.mark.parametrize(
    "text",
    [
        *("No, use the other file.", "no that is the wrong one", "Nope", "Wrong file.", "That's not what I asked for", "Undo that please"),
        *("stop", "Stop doing that", "it still doesn't work", "This is broken now", "I said the blue one", "You forgot the tests", "no."),
        *(
            "Nein, nicht so",
            "Das funktioniert nicht",
            "Immer noch kaputt",
            "Nie, to nie tak",
            "Źle",
            "Cofnij to",
            "Actually, no",
            "still failing",
        ),
    ],
)
def test_a_correction_is_known_by_its_first_words(text: str) -> None:
    assert corrects(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Now do the same for the other file.", "No problem, thanks. Next: the docs.", "Note that we use tabs.", "Nothing else.", "Nice!"),
        *(
            "Stop the server when the tests are done.",
            "It works, thank you",
            "Norway has fjords",
            "Is that wrong?",
            "Niemand weiß es",
            "Nieprawda?",
        ),
        *("This is great", "", "That works", "Don't forget the docs", "You should add a test", "I want a test as well"),
    ],
)
def test_other_words_correct_nothing(text: str) -> None:
    assert not corrects(text)


# ------------------------------------------------------------------ rows


def talk(number: int, size: int = 100, **more: Any) -> Exchange:
    answer = "x" * (size - 20)
    return Exchange(number, (Turn("user", f"question {number}"), Turn("assistant", answer, "a thought")), size=size, **more)


ROWS: dict[str, tuple[list[Exchange], set[int], int, list[list[str]]]] = {
    "what follows each other and fits": ([talk(0), talk(1), talk(2)], {0, 1, 2}, 100, [["+0", "+1", "+2"]]),
    "a new row where it does not": ([talk(0, 200), talk(1, 200)], {0, 1}, 100, [["+0"], ["+1"]]),
    "the one before as context where it is short": (
        [talk(n, 50 if n < 9 else 180) for n in range(10)],
        {*range(10)},
        100,
        [["+0", "+1", "+2", "+3", "+4", "+5"], ["-5", "+6", "+7", "+8"], ["-8", "+9"]],
    ),
    "a corrected one is context": ([talk(0, fate="corrected"), talk(1)], {1}, 300, [["-0", "+1"]]),
    "what a person left out is not": ([talk(0), talk(1)], {1}, 300, [["+1"]]),
    "nor another conversation": ([talk(0, fate="corrected"), talk(1, begins=True), talk(2)], {1, 2}, 300, [["+1", "+2"]]),
    "a gap ends a row": ([talk(0), talk(1, fate="rejected"), talk(2)], {0, 2}, 300, [["+0"], ["+2"]]),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_hold_whole_exchanges(name: str) -> None:
    exchanges, taken, tokens, expected = ROWS[name]
    rows = []
    for _, turns in conversations(exchanges, taken, tokens):
        pairs = zip(turns[::2], turns[1::2], strict=True)
        rows.append([f"{'+' if answer.trained else '-'}{asked.content.split()[1]}" for asked, answer in pairs])
        assert all(bool(answer.thinking) == answer.trained for answer in turns[1::2])
    assert rows == expected


def test_an_exchange_that_is_too_long_is_left_out_whole() -> None:
    assert within(talk(0, 301), 100).fate == "long"
    assert within(talk(0, 300), 100).fate == "taken"
    assert within(talk(0, 301, fate="undone"), 100).fate == "undone"


# ------------------------------------------------------------------ secrets


def test_a_password_is_gone_from_where_it_is_not_called_one_as_well() -> None:
    calls = json.dumps([{"name": "Bash", "arguments": {"command": "env", "env": {"DB_PASSWORD": "tundra.Quartz88"}}, "id": "c1"}])
    talks = [
        (
            Turn("user", "go"),
            Turn("assistant", "", calls=calls),
            Turn("tool", "tundra.Quartz88\n", call_id="c1"),
            Turn("assistant", "done"),
        ),
        (Turn("user", "What is it?"), Turn("assistant", "It is tundra.Quartz88 as ever.")),
        (Turn("user", "The password is swordfish."), Turn("assistant", "A swordfish is a fish.")),
    ]
    clean = redact_together(talks)
    assert "Quartz88" not in repr(clean)
    assert "A swordfish is a fish." in repr(clean)  # a word stays a word
    assert clean[0][1] == Counter(password=2)
    assert clean[1][1] == Counter(password=1)
    assert [call["id"] for call in json.loads(clean[0][0][1].calls)] == ["c1"]


def test_a_session_of_200_turns_becomes_a_dataset_without_a_secret(academy: Academy) -> None:
    session = next(item for item in academy.sessions.find() if item.agent == "claude-code" and item.turns and item.turns > 100)
    tools = SessionOptions(tools=True)
    review = academy.sessions.review(session.id, tools)
    assert len(review.exchanges) == 220
    assert len(review.proposed) == 190
    assert review.left_out == {"rejected": 10, "interrupted": 10, "corrected": 10}
    assert review.redacted["password"] >= 20
    assert {"openai", "github", "aws", "slack", "url-password"} <= review.redacted.keys()
    assert review.skipped["agents"] == 40
    left = min(review.proposed)
    taken = academy.sessions.take([SessionChoice(id=session.id, leave_out=[left])], tools)
    assert taken.exchanges == 189
    assert taken.new == taken.rows > 30
    assert taken.refused == 0
    assert taken.redacted_kinds == dict(review.redacted)
    again = academy.sessions.take([SessionChoice(id=session.id, leave_out=[left])], tools)
    assert (again.new, again.already_there, again.import_id) == (0, taken.rows, "")
    made = academy.datasets.create(DatasetRequest(include_git=False, quality_profile="lenient", eval_fraction=0))
    rows = [json.loads(line) for line in academy.datasets.file(made["dataset_id"], "train").read_text().splitlines()]
    assert any("tool_calls" in message for row in rows for message in row["messages"])
    assert all(("tools" in row) == any("tool_calls" in message for message in row["messages"]) for row in rows)
    everything = b"".join(everything_in(academy.settings.data_dir).values()).decode("utf-8", "replace")
    for secret in SECRETS:
        assert secret not in everything
    assert "system-reminder" not in everything
    assert "being continued from" not in everything
    assert "The agent's answer" not in everything
    assert "level is 0?" not in everything  # what the person left out
    assert len(everything_in(academy.settings.data_dir)) > 3
    assert academy.lessons.undo_import(taken.import_id) == taken.new


def test_a_session_with_tools_is_written_in_the_bases_form_and_no_result_is_learned(academy: Academy) -> None:
    pytest.importorskip("transformers")
    from families_help import tokenizer_of

    from academy.text import templates
    from academy.text.conversations import read_conversations

    session = next(item for item in academy.sessions.find() if item.turns and item.turns > 100)
    academy.sessions.take([SessionChoice(id=session.id)], SessionOptions(tools=True))
    made = academy.datasets.create(DatasetRequest(include_git=False, quality_profile="lenient", eval_fraction=0))
    form = templates.choose(tokenizer_of("Qwen 2.5"))
    called: set[str] = set()
    for _, talk in read_conversations(academy.datasets.file(made["dataset_id"], "train")):
        if talk[0]["role"] != "tools":
            continue
        defined = [tool["function"]["name"] for tool in json.loads(talk[0]["content"])]
        results = [line for turn in talk if turn["role"] == "tool" for line in turn["content"].splitlines() if len(line) > 25]
        rows = form.write(talk)
        for written in rows:
            learned = "".join(written.text[start:end] for start, end in written.spans)
            assert written.text.count("<tools>") == 1
            assert all(f'"name": "{name}"' in written.text[: written.spans[0][0]] for name in defined)
            assert not any(line in learned for line in results)
            called |= {name for name in defined if f'<tool_call>\n{{"name": "{name}"' in learned}
        assert results
        assert all(line in rows[-1].text for line in results)
    assert called == {"Bash", "Grep", "Read", "Write"}


def test_tools_are_defined_as_they_were_called_and_a_long_list_only_where_it_is_called() -> None:
    def calling(name: str, **arguments: Any) -> Turn:
        return Turn("assistant", "", calls=json.dumps([{"name": name, "arguments": arguments}]))

    calls = (calling("Read", path="a", limit=3), calling("Read", path="b"), calling("Ask", of={"a": 1}, all=True, any=None), calling("Ask"))
    ask, look = definitions_of(calls)
    assert ask["function"]["parameters"] == {
        "type": "object",
        "properties": {"of": {"type": "object"}, "all": {"type": "boolean"}, "any": {}},
        "required": [],
    }
    assert look["function"]["name"] == "Read"
    assert look["function"]["parameters"]["required"] == ["path"]
    everything = json.dumps([ask, look])
    assert offered(everything, calls[:1], 10_000)[0].content == everything
    assert json.loads(offered(everything, calls[:1], 100)[0].content) == definitions_of(calls[:1])
    assert offered(everything, (Turn("user", "Hi"),), 10_000) == ()


def test_answers_alone_fit_every_base(academy: Academy, tmp_path: Path) -> None:
    assert not academy.sessions.takes_tools()  # the bundled base has no form for them
    base = tmp_path / "base"
    shutil.copytree(BUNDLED["academy-mini"], base)
    (base / "chat_template.jinja").write_text("{% for call in message.tool_calls %}{% endfor %}")
    other = Academy(settings(tmp_path / "other", default_base_model=str(base)))
    assert other.sessions.takes_tools()
    other.close()
    session = next(item for item in academy.sessions.find() if item.agent == "codex")
    review = academy.sessions.review(session.id)
    assert [len(exchange.turns) for exchange in review.exchanges if exchange.fate == "taken"] == [2, 2]
    # Against the proposal: one that was undone is whole, one that was rejected is not.
    taken = academy.sessions.take([SessionChoice(id=session.id, accept=[1, 2])])
    assert (taken.exchanges, taken.left_out) == (3, 1)
    lessons = academy.lessons.list().items
    assert {lesson.metadata["source"] for lesson in lessons} == {"Codex"}
    assert "tool_calls" not in json.dumps([lesson.metadata for lesson in lessons])


# ------------------------------------------------------------------ finding


def test_all_programs_are_found_with_what_a_list_shows(academy: Academy, at_home: Path) -> None:
    before = everything_in(at_home)
    found = {(session.agent, session.title): session for session in academy.sessions.find()}
    assert sorted((agent, session.turns) for (agent, _), session in found.items()) == [
        *(("aider", 6), ("claude-code", 1), ("claude-code", 220), ("codex", 4), ("lm-studio", 1), ("open-webui", 1)),
    ]
    assert found["aider", "How many otters live here?"].project == "~/work/otter"
    assert found["codex", "How tall is the reed?"].project == "/home/ann/reed"
    assert found["lm-studio", "Herons"].project == "birds"
    assert [*found] == [*{(session.agent, session.title): None for session in academy.sessions.found()}]
    assert len(found) == 6
    assert all(session.size_bytes and session.changed_at for session in found.values())
    assert everything_in(at_home) == before


def test_a_title_holds_no_secret(tmp_path: Path) -> None:
    session = ClaudeCode()
    session.user(f"Use the key {SECRETS[0]} for all calls.")
    session.says("I do.")
    session.write(tmp_path / ".claude/projects/x/a.jsonl")
    (found,) = agent_finding.find(tmp_path)
    assert found.title == "Use the key [redacted:openai] for all calls."


def test_links_pipes_and_folders_are_not_followed(tmp_path: Path) -> None:
    outside = claude_session().write(tmp_path / "outside/a.jsonl")
    projects = tmp_path / "home/.claude/projects"
    claude_session().write(projects / "x/good.jsonl")
    (projects / "x/link.jsonl").symlink_to(outside)
    (projects / "linked").symlink_to(outside.parent)
    os.mkfifo(projects / "x/pipe.jsonl")
    (projects / "x/folder.jsonl").mkdir()
    (projects / "x/empty.jsonl").touch()
    found = agent_finding.find(tmp_path / "home")
    assert [session.path.name for session in found] == ["good.jsonl"]
    for name in ("link.jsonl", "pipe.jsonl", "folder.jsonl", "missing.jsonl"):
        with pytest.raises(OSError):
            read("claude-code", projects / "x" / name)


def test_a_session_that_is_written_to_is_read_to_where_it_was(tmp_path: Path, academy: Academy) -> None:
    session = claude_session()
    path = session.write(tmp_path / "a.jsonl")
    assert len(read("claude-code", path).done()) == 1
    session.user("And the lake?")
    session.says("Nine metres.")
    session.write(path, '{"type":"assistant","message":{"content":[{"type":"te')
    found = read("claude-code", path)
    assert len(found.done()) == 2
    assert found.skipped["broken"] == 1


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\0" * 5000,
    "no lines": b"[" * 5000,
    "no JSON": b"{\n" * 500,
    "half characters": (
        b'{"type":"user","uuid":"1","message":{"content":"\\ud800 hi \\udfff"}}\n'
        b'{"type":"assistant","uuid":"2","parentUuid":"1","message":{"content":"\\ud83d"}}\n'
    ),
    "odd values": b"".join(
        json.dumps(line).encode() + b"\n"
        for line in [
            {"type": "user", "uuid": 7, "message": 5},
            {"type": "user", "uuid": "1", "parentUuid": {"a": 1}, "message": {"content": {"parts": None}}},
            {"type": "user", "uuid": "2", "parentUuid": "2", "message": {"content": [None, 3, "x", {"type": "tool_result"}, {"type": 9}]}},
            {"type": "assistant", "uuid": "3", "parentUuid": "2", "message": {"id": 4, "content": [{"type": "tool_use", "input": [1]}]}},
            {"type": "assistant", "uuid": "4", "parentUuid": "3", "message": {"content": [{"type": "text", "text": None}]}},
            {"type": "response_item", "payload": {"type": "message", "role": "user", "content": 5}},
            {"type": "response_item", "payload": {"type": "function_call", "arguments": "{", "call_id": None}},
            {"type": "response_item", "payload": {"type": "function_call_output", "output": {"content": {"content": [1]}}}},
            {"type": "event_msg", "payload": {"type": "thread_rolled_back", "num_turns": -4}},
            {"type": "event_msg", "payload": {"type": "thread_rolled_back", "num_turns": 10**9}},
            {"mapping": {}, "chat": {"history": {"messages": {"a": 1}, "currentId": "a"}}},
            {"messages": [{"versions": [7], "currentlySelected": "x"}]},
        ]
    ),
    "a circle": (
        b'{"type":"user","uuid":"1","parentUuid":"2","message":{"content":"a"}}\n'
        b'{"type":"assistant","uuid":"2","parentUuid":"1","message":{"content":"b"}}\n'
    ),
    "one chat": json.dumps({"messages": [{"versions": [7], "currentlySelected": "x"}]}).encode(),
    "another chat": json.dumps({"messages": [{"versions": [{"role": [], "content": {}}]}]}).encode(),
}


PLACES = (
    *(".claude/projects/x/a.jsonl", ".codex/sessions/2026/a.jsonl", "x/.aider.chat.history.md", ".lmstudio/conversations/a.json"),
    "webui.db",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_content_breaks_a_reader(name: str, tmp_path: Path) -> None:
    for place in PLACES:
        path = tmp_path / "home" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(HOSTILE[name])
    made = Academy(settings(tmp_path / "data", session_folders=str(tmp_path / "home")))
    for session in made.sessions.find():
        status = 200
        try:
            made.sessions.take([SessionChoice(id=session.id, accept=[0, 1, 2])], SessionOptions(tools=True))
        except AcademyError as error:
            status = error.status
        assert status < 500, session
    made.close()


@pytest.mark.parametrize(
    "chat",
    [
        "{",
        "null",
        "[]",
        '{"history": 5}',
        '{"history": {"messages": {"a": {"parentId": "a"}}, "currentId": "a"}}',
        '{"messages": [{"role": 5}]}',
    ],
)
def test_a_damaged_chat_in_the_database_harms_no_other(chat: str, tmp_path: Path) -> None:
    good = webui_chat([("user", "How many newts?"), ("assistant", "Twelve newts.")])
    webui_database(tmp_path / "home/webui.db", [("bad", chat), ("good", good)])
    made = Academy(settings(tmp_path / "data", session_folders=str(tmp_path / "home")))
    by_key = {session.key: session.id for session in made.sessions.find()}
    assert told(made.sessions.review(by_key["good"]).exchanges) == [("taken", "How many newts?", "Twelve newts.")]
    with contextlib.suppress(Invalid):  # there is no JSON to read
        assert made.sessions.review(by_key["bad"]).proposed == set()
    made.close()


def test_a_database_of_another_program_is_no_chat(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "webui.db").execute("CREATE TABLE other (x)").connection.close()
    assert agent_finding.find(tmp_path) == []


def test_a_long_session_is_streamed(tmp_path: Path) -> None:
    """A tool that printed 24 MB, and a line of 20 MB: the exchange is left out, the others stay."""
    session = claude_session()
    path = session.write(tmp_path / "a.jsonl")
    big = ClaudeCode()
    big.user("Print it.")
    call = big.call("Bash", command="yes")
    big.says(call)
    with open(path, "a") as file:
        last = session.lines[-1]["uuid"]
        file.writelines(
            json.dumps(line | {"parentUuid": last if not number else line["parentUuid"]}) + "\n" for number, line in enumerate(big.lines)
        )
        last = big.lines[-1]["uuid"]
        for n in range(12):
            result = [{"type": "tool_result", "tool_use_id": f"other{n}" if n else call["id"], "content": "y" * 2_000_000}]
            file.write(json.dumps({"type": "user", "uuid": f"r{n}", "parentUuid": last, "message": {"content": result}}) + "\n")
            last = f"r{n}"
        file.write('{"type":"user","x":"' + "z" * 20_000_000 + '"}\n')
        file.write(json.dumps({"type": "assistant", "uuid": "e", "parentUuid": last, "message": {"content": "Printed."}}) + "\n")
    before = peak_memory_mb()
    found = read("claude-code", path)
    assert [(exchange.fate, bool(exchange.turns)) for exchange in found.done()] == [("taken", True), ("long", False)]
    assert found.done()[1].size > MOST_CHARS
    assert found.skipped["broken"] == 1
    assert peak_memory_mb() < before + 150


# ------------------------------------------------------------------ who may look


@pytest.mark.parametrize(
    ("values", "looks"),
    [
        ({}, True),
        ({"token": "a-long-secret-word"}, False),
        ({"host": "0.0.0.0"}, False),
        ({"space_id": "ann/academy"}, False),
        ({"host": "0.0.0.0", "session_folders": "~"}, True),
        ({"session_folders": ""}, False),
    ],
)
def test_sessions_are_looked_for_only_where_the_owner_sits(
    values: dict[str, Any], looks: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ACADEMY_SESSION_FOLDERS")
    monkeypatch.setenv("HOME", str(tmp_path))
    made = settings(tmp_path / "data", **values)
    assert made.session_homes == ((tmp_path,) if looks else ())


def test_nothing_is_looked_for_where_others_can_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACADEMY_SESSION_FOLDERS")
    made = Academy(settings(tmp_path / "data", token="a-long-secret-word"))
    with pytest.raises(Forbidden, match="sessions are not looked for"):
        made.sessions.find()
    made.close()


# ------------------------------------------------------------------ REST


def test_sessions_are_listed_reviewed_and_taken_by_rest(academy: Academy) -> None:
    client = TestClient(create_api(academy), base_url="http://127.0.0.1/api/v1/academy")
    assert client.get("/sessions/0123").status_code == 404  # before a search, and of any other id
    listed = client.get("/sessions").json()
    assert listed["count"] == 6
    assert "path" not in listed["items"][0]
    name = next(item["id"] for item in listed["items"] if item["agent"] == "claude-code" and item["turns"] > 100)
    page = client.get(f"/sessions/{name}", params={"limit": 20, "offset": 0, "tools": True}).json()
    assert (page["count"], page["proposed"], len(page["exchanges"])) == (220, 190, 20)
    assert page["left_out"]["corrected"] == 10
    assert page["skipped"]["agents"] == 40
    fates = {exchange["fate"]: exchange for exchange in page["exchanges"]}
    assert fates["rejected"]["reason"] == "ended with a tool that the person rejected"
    assert not fates["rejected"]["proposed"]
    assert fates["taken"]["messages"][1]["tool_calls"][0]["function"]["name"] == "Read"
    whole = client.get(f"/sessions/{name}", params={"limit": 500, "tools": True}).text
    assert not any(secret in whole for secret in SECRETS)
    assert "[redacted:github]" in whole
    reply = client.post("/sessions/import", json={"sessions": [{"id": name}], "tools": False}).json()
    assert reply["success"]
    assert reply["exchanges"] == 190
    assert reply["left_out"] == 30
    assert "190 exchanges were taken" in reply["message"]
    assert client.delete(f"/lessons/imports/{reply['import_id']}").json()["changed"] == reply["new"]
    for wrong in (
        {"sessions": []},
        {"sessions": [{"id": "../x"}]},
        {"sessions": [{"id": name, "accept": ["x"]}]},
        {"sessions": [{"id": name}], "tokens": 1},
    ):
        assert client.post("/sessions/import", json=wrong).status_code == 422
    assert client.post("/sessions/import", json={"sessions": [{"id": "0" * 18}]}).status_code == 404
    assert client.get(f"/sessions/{name}", params={"path": "/etc/passwd"}).status_code == 422


def test_an_unknown_session_is_not_read(academy: Academy) -> None:
    with pytest.raises(NotFound):
        academy.sessions.review("/etc/passwd")
    with pytest.raises(Invalid):
        academy.sessions.take([])


def test_the_generator_makes_what_it_says() -> None:
    lines = long_session().lines
    text = json.dumps(lines)
    assert len(lines) > 1000
    assert all(secret in text for secret in SECRETS)
