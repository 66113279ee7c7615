"""Exports of chats and tables as people bring them, by kind: what is taught, what is left out, and what is said about it."""

# The files stand here as they were exported.
# ruff: noqa: E501, PT018

import io
import json
import zipfile
from typing import Any

import pytest

from academy.curation.files.imports import FileReport, read_file, read_rows
from academy.curation.files.marks import cleaned
from academy.curation.files.ratings import Scale, rating_of
from academy.curation.files.records import Kept
from academy.curation.lessons import as_example
from academy.errors import Invalid

# Private signs with which ChatGPT surrounds its marks.
A, B, C = "\ue200", "\ue202", "\ue201"


def read(tmp_path, name: str, content: Any) -> list[Any]:
    """The rows of a file: objects as JSON, lists of them as given, text and bytes as they are."""
    path = tmp_path / name
    if isinstance(content, list) and name.endswith(".jsonl"):
        content = "".join(json.dumps(line) + "\n" for line in content)
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, name))


def told(rows: list[Any]) -> list[list[str]]:
    """What each kept row says, turn by turn."""
    return [[turn.content for turn in row.turns] for row in rows if isinstance(row, Kept)]


def notes(rows: list[Any]) -> str:
    return " | ".join(str(note) for row in rows if isinstance(row, Kept) for note in row.notes)


def chatgpt(*said: tuple[str, Any]) -> dict[str, Any]:
    """A conversation of ChatGPT: (role, text or content)."""
    mapping: dict[str, Any] = {"root": {"message": None, "parent": None}}
    parent = "root"
    for number, (role, text) in enumerate(said):
        content = text if isinstance(text, dict) else {"content_type": "text", "parts": [text]}
        mapping[f"n{number}"] = {"parent": parent, "message": {"author": {"role": role}, "content": content, "create_time": number}}
        parent = f"n{number}"
    return {"title": "Shed", "mapping": mapping, "current_node": parent}


# --- marks of chat programs


@pytest.mark.parametrize(
    ("answer", "visible"),
    [
        (f"Use the M8 bolt. {A}cite{B}turn2search1{B}turn2search4{C} Oil it.", "Use the M8 bolt. Oil it."),
        (f'The mill was run by {A}entity{B}["person", "Ola Berg", 0]{C} until May.', "The mill was run by Ola Berg until May."),
        ("Three litres【7†manual】, see page 2【4:1†book.pdf】.", "Three litres, see page 2."),
        ("The table is ready: [plan.csv](sandbox:/mnt/data/plan.csv)", "The table is ready:"),
        ("Oak holds longest.citeturn0search2turn1view0 Paint it.", "Oak holds longest. Paint it."),
        ("Deep enough.[^3^][^4^]", "Deep enough."),
        ('Cold <grok:render card_id="a" type="x"><argument>1</argument></grok:render>today.', "Cold today."),
        ("```\nThis block is not supported on your current device yet.\n```\n\nNine degrees.", "Nine degrees."),
        ("<antThinking>A sign.</antThinking>\nRing once.", "Ring once."),
        ('<antArtifact identifier="s" type="text/markdown" title="S">\nRing once.\n</antArtifact>', "Ring once."),
        ('<details type="tool_calls" done="true" result="&quot;9&quot;">\n<summary>Done</summary>\n</details>\nNine.', "Nine."),
        ('<details type="code_interpreter" done="true">\n<summary>Ran</summary>\n```py\n4 + 5\n```\n</details>\nNine.', "Nine."),
        ("The tag `<think>` opens the thoughts of a model.", "The tag `<think>` opens the thoughts of a model."),
        ("In Chinese 【注意】 means: mind this.", "In Chinese 【注意】 means: mind this."),
    ],
)
def test_marks_of_chat_programs_are_taken_out_of_an_answer(answer, visible):
    assert cleaned(answer).text == visible


@pytest.mark.parametrize(
    "answer",
    [
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n&gt; count them\n</details>\nEleven.',
        "<think>\ncount them\n</think>\n\nEleven.",
        "count them\n</think>\nEleven.",
        "[THINK]count them[/THINK]Eleven.",
        "<|channel|>analysis<|message|>count them<|end|><|start|>assistant<|channel|>final<|message|>Eleven.<|return|>",
    ],
)
def test_thoughts_in_an_answer_stand_beside_it(answer):
    clean = cleaned(answer)
    assert (clean.text, clean.thinking) == ("Eleven.", "count them")


def test_citations_of_chatgpt_are_left_out_with_a_note(tmp_path):
    rows = read(tmp_path, "c.json", [chatgpt(("user", "Which bolt?"), ("assistant", f"M8. {A}cite{B}turn0search0{C}"))])
    assert told(rows) == [["Which bolt?", "M8."]] and "citation marks" in notes(rows)


# --- a message without text cuts


def test_a_picture_without_words_does_not_glue_its_neighbours(tmp_path):
    picture = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}]}
    chat = chatgpt(
        ("user", "How do I keep iron dry?"), ("assistant", "Oil it."), ("user", picture), ("assistant", "That is a rusty hinge.")
    )
    rows = read(tmp_path, "c.json", [chat])
    assert told(rows) == [["How do I keep iron dry?", "Oil it."]] and "cut" in notes(rows)


def test_an_answer_that_is_only_a_picture_does_not_glue_two_questions(tmp_path):
    drawn = chatgpt(("user", "Draw a hinge."), ("tool", "<image>"), ("user", "How wide is it?"), ("assistant", "Four centimetres."))
    assert told(read(tmp_path, "c.json", [drawn])) == [["How wide is it?", "Four centimetres."]]


def test_a_pasted_text_is_the_question_where_there_is_no_other(tmp_path):
    paste = {"sender": "human", "text": "", "content": [], "attachments": [{"file_name": "a.txt", "extracted_content": "Why is rust red?"}]}
    chat = {"uuid": "1", "name": "", "chat_messages": [paste, {"sender": "assistant", "text": "Iron oxide is."}]}
    rows = read(tmp_path, "c.json", [chat])
    assert told(rows) == [["Why is rust red?", "Iron oxide is."]] and "attached file" in notes(rows)


def test_only_the_branch_of_claude_that_was_last_seen_is_taught(tmp_path):
    def message(name, parent, sender, text, minute):
        return {"uuid": name, "parent_message_uuid": parent, "sender": sender, "text": text, "created_at": f"2026-01-01T08:0{minute}:00Z"}

    messages = [
        message("a", "0", "human", "Where is the saw?", 1),
        message("b", "a", "assistant", "No idea.", 2),
        message("c", "a", "assistant", "On the wall.", 3),
    ]
    rows = read(tmp_path, "c.json", [{"uuid": "k", "name": "Saw", "chat_messages": messages}])
    assert told(rows) == [["Where is the saw?", "On the wall."]] and "other versions" in notes(rows)
    rows = read(tmp_path, "c.json", [{"uuid": "k", "name": "Saw", "chat_messages": messages, "current_leaf_message_uuid": "b"}])
    assert told(rows) == [["Where is the saw?", "No idea."]]


# --- one program after the other

WEBUI = {
    "id": "w",
    "title": "Pond",
    "chat": {
        "history": {
            "currentId": "2",
            "messages": {
                "1": {"id": "1", "parentId": None, "role": "user", "content": [{"type": "text", "text": "How deep is it?"}]},
                "2": {"id": "2", "parentId": "1", "role": "assistant", "content": "<think>map</think>Two metres."},
            },
        }
    },
}
PROGRAMS: dict[str, tuple[str, Any]] = {
    "open-webui": ("a.json", [WEBUI]),
    "open-webui-feedback": (
        "a.json",
        [{"data": {"rating": -1, "comment": "no"}, "meta": {"message_id": "2"}, "snapshot": {"chat": WEBUI}}],
    ),
    "deepseek": (
        "a.json",
        [
            {
                "mapping": {
                    "1": {"parent": None, "message": {"fragments": [{"type": "REQUEST", "content": "How deep is it?"}]}},
                    "2": {
                        "parent": "1",
                        "message": {"fragments": [{"type": "THINK", "content": "map"}, {"type": "RESPONSE", "content": "Two metres."}]},
                    },
                }
            }
        ],
    ),
    "grok": (
        "a.json",
        {
            "conversations": [
                {
                    "conversation": {"id": "g", "title": "Pond"},
                    "responses": [
                        {"response": {"_id": "1", "sender": "human", "message": "How deep is it?"}},
                        {"response": {"_id": "2", "sender": "ASSISTANT", "message": "Two metres.", "thinking_trace": "map"}},
                    ],
                }
            ]
        },
    ),
    "ai-studio": (
        "Pond",
        {
            "runSettings": {"model": "models/x"},
            "chunkedPrompt": {
                "chunks": [
                    {"role": "user", "text": "How deep is it?"},
                    {"role": "model", "text": "map", "isThought": True},
                    {"role": "model", "text": "Two metres."},
                ]
            },
        },
    ),
    "gemini": (
        "a.json",
        [{"header": "Gemini Apps", "title": "Prompted How deep is it?", "safeHtmlItem": [{"html": "<p>Two metres.</p>"}]}],
    ),
    "lm-studio": (
        "a.conversation.json",
        {
            "name": "Pond",
            "messages": [
                {"versions": [{"role": "user", "content": [{"type": "text", "text": "How deep is it?"}]}], "currentlySelected": 0},
                {
                    "versions": [
                        {"role": "assistant", "type": "multiStep", "steps": [{"type": "contentBlock", "content": [{"text": "Wrong."}]}]},
                        {
                            "role": "assistant",
                            "type": "multiStep",
                            "steps": [
                                {"type": "contentBlock", "style": {"type": "thinking"}, "content": [{"type": "text", "text": "map"}]},
                                {"type": "contentBlock", "content": [{"type": "text", "text": "Two metres."}]},
                            ],
                        },
                    ],
                    "currentlySelected": 1,
                },
            ],
        },
    ),
    "le-chat": (
        "chat-1.json",
        [
            {"chatId": "1", "role": "user", "content": "How deep is it?", "contentChunks": None},
            {
                "chatId": "1",
                "role": "assistant",
                "content": "",
                "contentChunks": [{"type": "text", "text": "Two "}, {"type": "reference"}, {"type": "text", "text": "metres."}],
                "reaction": "disliked",
            },
        ],
    ),
    "librechat": (
        "a.json",
        {
            "conversationId": "l",
            "messages": [
                {"messageId": "1", "isCreatedByUser": True, "sender": "User", "text": "How deep is it?"},
                {
                    "messageId": "2",
                    "isCreatedByUser": False,
                    "sender": "GPT",
                    "text": "",
                    "content": [{"type": "think", "think": "map"}, {"type": "text", "text": {"value": "Two metres."}}],
                },
            ],
        },
    ),
    "silly-tavern": (
        "a.jsonl",
        [
            {"user_name": "Ada", "character_name": "Guide", "chat_metadata": {}},
            {"name": "Guide", "is_user": False, "mes": "Hello there."},
            {"name": "Ada", "is_user": True, "mes": "How deep is it?"},
            {"name": "Guide", "is_user": False, "mes": "Two metres.", "extra": {"reasoning": "map"}},
        ],
    ),
    "claude-code": (
        "a.jsonl",
        [
            {"type": "summary", "summary": "Pond", "leafUuid": "4"},
            {"type": "user", "sessionId": "s", "uuid": "1", "parentUuid": None, "message": {"role": "user", "content": "How deep is it?"}},
            {
                "type": "assistant",
                "sessionId": "s",
                "uuid": "2",
                "parentUuid": "1",
                "message": {"content": [{"type": "thinking", "thinking": "map"}, {"type": "tool_use", "name": "Read", "input": {}}]},
            },
            {
                "type": "user",
                "sessionId": "s",
                "uuid": "3",
                "parentUuid": "2",
                "message": {"content": [{"type": "tool_result", "content": "2 m"}]},
            },
            {
                "type": "assistant",
                "sessionId": "s",
                "uuid": "4",
                "parentUuid": "3",
                "message": {"content": [{"type": "text", "text": "Two metres."}]},
            },
        ],
    ),
    "codex": (
        "rollout.jsonl",
        [
            {"type": "session_meta", "payload": {"id": "c"}},
            {
                "type": "response_item",
                "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context>x"}]},
            },
            {
                "type": "response_item",
                "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How deep is it?"}]},
            },
            {"type": "response_item", "payload": {"type": "reasoning", "summary": [{"type": "summary_text", "text": "map"}]}},
            {"type": "response_item", "payload": {"type": "function_call", "name": "shell"}},
            {
                "type": "response_item",
                "payload": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Two metres."}]},
            },
        ],
    ),
    "copilot": ("chat.json", {"requests": [{"message": {"text": "How deep is it?"}, "response": [{"value": "Two metres."}]}]}),
    "messages": (
        "thread.jsonl",
        [
            {"thread_id": "t", "created_at": 2, "role": "assistant", "content": [{"type": "text", "text": {"value": "Two metres."}}]},
            {"thread_id": "t", "created_at": 1, "role": "user", "content": [{"type": "text", "text": {"value": "How deep is it?"}}]},
        ],
    ),
}
THINKS = {
    "open-webui",
    "open-webui-feedback",
    "deepseek",
    "grok",
    "ai-studio",
    "lm-studio",
    "librechat",
    "silly-tavern",
    "claude-code",
    "codex",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_chat_is_read_whatever_program_saved_it(program, tmp_path):
    name, content = PROGRAMS[program]
    path = tmp_path / name
    path.write_text("".join(json.dumps(line) + "\n" for line in content) if name.endswith(".jsonl") else json.dumps(content))
    report = FileReport(name=name)
    rows = list(read_file(path, name, report))
    greeting = ["Hello there."] if program == "silly-tavern" else []  # masked: it answers nothing
    assert told(rows) == [[*greeting, "How deep is it?", "Two metres."]], [str(row.reason) for row in rows if not isinstance(row, Kept)]
    assert report.kind == program
    assert isinstance(rows[0], Kept)
    assert rows[0].turns[-1].thinking == ("map" if program in THINKS else "")


def test_ratings_of_chat_programs_are_kept(tmp_path):
    for program, rating in (("open-webui-feedback", "bad"), ("le-chat", "bad"), ("open-webui", None)):
        name, content = PROGRAMS[program]
        (row,) = read(tmp_path, name, content)
        assert row.lesson.rating == rating


def test_a_list_of_messages_of_openai_is_read_newest_first_or_not(tmp_path):
    thread = {
        "object": "list",
        "data": [
            {"object": "thread.message", "created_at": 9, "role": "assistant", "content": [{"type": "text", "text": {"value": "At ten."}}]},
            {"object": "thread.message", "created_at": 8, "role": "user", "content": [{"type": "text", "text": {"value": "When?"}}]},
        ],
    }
    assert told(read(tmp_path, "t.json", thread)) == [["When?", "At ten."]]


def slack() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("users.json", "[]")
        archive.writestr("channels.json", "[]")
        archive.writestr("general/2026-02-02.json", '[{"type": "message", "user": "U", "text": "Hi", "ts": "1770000000.1"}]')
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.json", {"guild": {"id": "1"}, "channel": {"id": "2"}, "messages": [{"id": "3", "content": "Hi", "author": {"name": "bo"}}]}),
        ("result.json", {"type": "personal_chat", "messages": [{"type": "message", "from": "Bo", "from_id": "user7", "text": "Hi"}]}),
        ("w.txt", "[02.02.26, 10:00:00] Bo: Hi\n[02.02.26, 10:01:00] Al: Hello\n"),
        ("w.txt", "2/2/26, 10:00 AM - Bo: Hi\n2/2/26, 10:01 AM - Al: Hello\n"),
        ("m.json", {"participants": [{"name": "Bo"}], "messages": [{"sender_name": "Bo", "timestamp_ms": 1, "content": "Hi"}]}),
        ("s.zip", slack()),
    ],
)
def test_a_chat_among_people_is_refused_because_no_side_is_an_assistant(name, content, tmp_path):
    with pytest.raises(Invalid, match="among people"):
        read(tmp_path, name, content)


# --- Markdown of exporters


@pytest.mark.parametrize(
    "text",
    [
        "# Pond\n\n## 👤 User\n\nHow deep is it?\n\n## 🤖 Assistant\n\nTwo metres.\n\n## 👤 User\n\nAnd wide?\n\n## 🤖 Assistant\n\nNine.\n",
        "## User - 10:00\n\nHow deep is it?\n\n## Assistant - 10:01\n\nTwo metres.\n\n## User - 10:02\n\nAnd wide?\n\n## Assistant - 10:03\n\nNine.\n",
        "_**User (2026-02-02 10:00)**_\n\nHow deep is it?\n\n---\n\n_**Agent (model x, mode Ask)**_\n\nTwo metres.\n\n---\n\n_**User**_\n\nAnd wide?"
        "\n\n---\n\n_**Agent**_\n\nNine.\n\n---\n",
        "# Pond\n\n**User:** bo@example.org  \n**Created:** 2/2/2026  \n**Link:** [x](https://example.org)  \n\n## Prompt:\nHow deep is it?\n\n"
        "## Response:\nTwo metres.\n\n## Prompt:\nAnd wide?\n\n## Response:\nNine.\n",
        "### You said:\nHow deep is it?\n\n### ChatGPT said:\n\nTwo metres.\n\n### You said:\nAnd wide?\n\n### ChatGPT said:\n\nNine.\n",
        "# aider chat started at 2026-02-02 10:00:00\n\n> aider v1  \n\n#### /add pond.py  \n\n> Added pond.py  \n\n#### How deep is it?  \n\n"
        "Two metres.\n\n> Tokens: 1k  \n\n#### And wide?  \n\nNine.\n",
    ],
)
def test_the_labels_of_an_exporter_are_no_questions(text, tmp_path):
    assert told(read(tmp_path, "chat.md", text)) == [["How deep is it?", "Two metres.", "And wide?", "Nine."]]


# --- thoughts, system texts


@pytest.mark.parametrize(
    "answer",
    [
        {"role": "assistant", "reasoning_content": "6*7", "content": "42"},
        {"role": "assistant", "thinking": "6*7", "content": "42"},
        {"role": "assistant", "reasoning": "6*7", "content": "42"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "6*7"}, {"type": "text", "text": "42"}]},
        {"role": "model", "parts": [{"text": "6*7", "thought": True}, {"text": "42"}]},
        {"role": "assistant", "content": "<think>6*7</think>42"},
    ],
)
def test_thoughts_are_kept_beside_the_answer_by_one_rule(answer, tmp_path):
    rows = read(tmp_path, "t.jsonl", [{"messages": [{"role": "user", "content": "Six times seven?"}, answer]}])
    assert told(rows) == [["Six times seven?", "42"]]
    assert rows[0].turns[-1].thinking == "6*7" and "thoughts" in notes(rows)
    assert as_example(rows[0].lesson).turns == rows[0].turns  # and the lesson store keeps them


def test_thoughts_in_a_column_are_kept_beside_the_answer(tmp_path):
    rows = read(tmp_path, "t.csv", "question,reasoning,answer\nSix times seven?,6*7,42\n")
    assert rows[0].turns[-1].thinking == "6*7"


@pytest.mark.parametrize(
    "system",
    [
        {"system": [{"type": "text", "text": "You keep the gate.", "cache_control": {"type": "ephemeral"}}]},
        {"system": [{"text": "You keep the gate."}]},
        {"system_instruction": {"parts": {"text": "You keep the gate."}}},
        {"systemInstruction": {"role": "system", "parts": [{"text": "You keep the gate."}]}},
    ],
)
def test_a_system_text_of_blocks_is_joined(system, tmp_path):
    messages = [{"role": "user", "content": [{"text": "Open?"}]}, {"role": "assistant", "content": [{"text": "From nine."}]}]
    assert told(read(tmp_path, "s.jsonl", [system | {"messages": messages}])) == [["You keep the gate.", "Open?", "From nine."]]


# --- tables


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "m.csv",
            "conversation_id,turn,role,content\n7,2,assistant,In the barn.\n7,1,user,Where is the hay?\n8,1,user,Who?\n8,2,assistant,Ann.\n",
        ),
        ("m.csv", "dialog_id,speaker,utterance\n7,customer,Where is the hay?\n7,agent,In the barn.\n8,customer,Who?\n8,agent,Ann.\n"),
        (
            "m.csv",
            "Conversation,Time,Author,Message\nH,2026-02-02,Human,Where is the hay?\nH,2026-02-03,AI,In the barn.\nW,1,Human,Who?\nW,2,AI,Ann.\n",
        ),
        (
            "m.jsonl",
            '{"session": 1, "role": "user", "content": "Where is the hay?"}\n{"session": 2, "role": "user", "content": "Who?"}\n'
            '{"session": 1, "role": "assistant", "content": "In the barn."}\n{"session": 2, "role": "assistant", "content": "Ann."}\n',
        ),
    ],
)
def test_rows_that_are_one_message_each_are_gathered_to_conversations(name, text, tmp_path):
    assert told(read(tmp_path, name, text)) == [["Where is the hay?", "In the barn."], ["Who?", "Ann."]]


def test_a_table_with_an_author_and_a_text_holds_no_messages(tmp_path):
    with pytest.raises(Invalid, match="not clear"):
        read(tmp_path, "b.csv", "author,message\nJane,Once upon a time\nEmily,It was dark\n")


@pytest.mark.parametrize("missing", ["<noinput>", "nan", "N/A", "None", "null", "\\N", "#N/A", "[]", "No input", "NaN"])
def test_a_word_for_nothing_is_no_input_and_no_answer(missing, tmp_path):
    rows = read(
        tmp_path,
        "a.json",
        [{"instruction": "Name a tree.", "input": missing, "output": "Oak."}, {"instruction": "Name two.", "input": "", "output": missing}],
    )
    assert told(rows) == [["Name a tree.", "Oak."]]
    assert "missing" in str(rows[1].reason)


@pytest.mark.parametrize(
    ("values", "ratings"),
    [
        ([0, 1], ["bad", "good"]),
        ([1, 2, 3, 4, 5], ["bad", "bad", None, "good", "good"]),
        ([-1, 0, 1], ["bad", None, "good"]),
        ([2, 5, 10], ["bad", None, "good"]),
        ([0.1, 0.9], ["bad", "good"]),
        (["1/5", "4 of 5", "★★★★★", "2 stars"], ["bad", "good", "good", "bad"]),
        (
            ["upvote", "downvote", "wrong", "incorrect", "helpful", "thumbs_up", "👎🏽"],
            ["good", "bad", "bad", "bad", "good", "good", "bad"],
        ),
        ([{"thumbs": "up"}, {"thumbsUp": False, "thumbsDown": True}, {"value": 0}], ["good", "bad", None]),
    ],
)
def test_a_rating_means_what_its_column_means(values, ratings):
    scale = Scale.of(values)
    assert [rating_of(value, scale) for value in values] == ratings


def test_a_file_of_stars_is_rated_by_its_range(tmp_path):
    rows = read(tmp_path, "r.csv", "question,answer,rating\nOne?,First.,1\nTwo?,Second.,5\nThree?,Third.,3\n")
    assert [row.lesson.rating for row in rows] == ["bad", "good", None]


def test_a_struct_of_lists_is_a_list_of_structs(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"conversations": [{"from": ["human", "gpt"], "value": ["Dry?", "Quite."]}]}), tmp_path / "s.parquet")
    assert told(list(read_rows(tmp_path / "s.parquet", "s.parquet"))) == [["Dry?", "Quite."]]
