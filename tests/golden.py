"""Awkward files, each with what must come of it: rows kept, rows refused with a word of the reason, and texts to the letter."""

import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field


@dataclass
class Golden:
    """A file, and what must come of it: how many rows are kept, and which are refused with what word in the reason."""

    name: str
    data: bytes
    kept: int
    refused: dict[int, str] = field(default_factory=dict)
    kind: str = ""
    turns: dict[int, list[str]] = field(default_factory=dict)


def text(value: str) -> bytes:
    return value.encode()


def lines(*rows: object) -> bytes:
    return b"".join((row if isinstance(row, bytes) else text(row if isinstance(row, str) else json.dumps(row))) + b"\n" for row in rows)


def pair(question: object = "q", answer: object = "a", **more: object) -> dict[str, object]:
    return {"prompt": question, "completion": answer, **more}


def messages(*turns: tuple[str, object], **more: object) -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


def node(key: str, parent: str | None, role: str, *parts: object, kind: str = "text", **more: object) -> dict[str, object]:
    message = {"author": {"role": role}, "content": {"content_type": kind, "parts": list(parts)}, "metadata": {}, **more}
    return {"id": key, "parent": parent, "children": [], "message": message}


def chat(*nodes: dict[str, object], current: str | None = None, **more: object) -> dict[str, object]:
    root = {"id": "root", "parent": None, "children": [], "message": None}
    mapping = {item["id"]: item for item in [root, *nodes]}
    return {"title": "T", "create_time": 1700000000.5, "mapping": mapping, "current_node": current or nodes[-1]["id"], **more}


def claude(*said: tuple[str, str], **more: object) -> dict[str, object]:
    return {"uuid": "u", "name": "n", "chat_messages": [{"sender": who, "text": what} for who, what in said], **more}


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return buffer.getvalue()


CHAT = chat(
    node("s", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
    node("u1", "s", "user", "Hi"),
    node("old", "u1", "assistant", "An answer that was regenerated"),
    node("a1", "u1", "assistant", "Hello"),
    node("u2", "a1", "user", "Draw", {"content_type": "image_asset_pointer"}, kind="multimodal_text"),
    node("call", "u2", "assistant", "draw()", recipient="dalle"),
    node("tool", "call", "tool", "done"),
    node("a2", "tool", "assistant", "Here"),
    node("a3", "a2", "assistant", "it is"),
)
UNANSWERED = chat(node("u", "root", "user", "Anyone?"))
ROUND = {"title": "r", "current_node": "x", "mapping": {"x": {"id": "x", "parent": "y"}, "y": {"id": "y", "parent": "x"}}}
CSV = "question,answer\n"

GOLDEN: dict[str, Golden] = {
    "jsonl with blank lines and CRLF": Golden(
        "a.jsonl", b'{"prompt":"a","completion":"b"}\r\n\r\n  \r\n{"prompt":" c ","completion":"d\\n"}\r\n', 2, turns={4: [" c ", "d\n"]}
    ),
    "jsonl that is broken in many ways": Golden(
        "broken.jsonl",
        lines(
            pair(),
            '{"prompt": "a"',
            "not json at all",
            '{"prompt":"a","completion":NaN}',
            '{"prompt":"a","completion":"b","score":Infinity}',
            '{"prompt":"a","completion":"b","score":1e999}',
            "[" * 3000 + "]" * 3000,
            '{"prompt":"\\ud83d","completion":"b"}',
            '{"prompt":"a\\u0000","completion":"b"}',
            '{"prompt":"a","completion":"b","n":' + "9" * 5000 + "}",
            b'{"prompt":"caf\xe9","completion":"b"}',
            '{"prompt":"a","completion":"b"} {"prompt":"c","completion":"d"}',
            '{"prompt":"a","completion":"b","prompt":"c"}',
            "{'prompt': 'a', 'completion': 'b'}",
            '{"prompt":"a\tb","completion":"b"}',
            pair("last"),
        ),
        2,
        {2: "JSON", 3: "JSON", 4: "NaN", 5: "Infinity", 6: "too large", 7: "deep", 8: "surrogate", 9: "NUL", 10: "digits"}
        | {11: "UTF-8", 12: "JSON", 13: "twice", 14: "JSON", 15: "JSON"},
        "pairs",
    ),
    "jsonl of rows that lack something": Golden(
        "lack.jsonl",
        lines(
            pair(),
            {"prompt": "a"},
            {"completion": "b"},
            {},
            [],
            5,
            None,
            "text",
            pair("", "b"),
            pair("a", " \n"),
            pair(answer=None),
            pair(3),
        ),
        1,
        {
            2: "no answer",
            3: "no question",
            4: "empty",
            5: "empty",
            6: "number",
            7: "null",
            8: "JSON",
            9: "empty",
            10: "empty",
            11: "null",
            12: "number",
        },
    ),
    "separators of lines inside of strings": Golden(
        "u2028.jsonl", lines(pair("a\u2028b", "c\u2029d\u0085e\x0bf")), 1, turns={1: ["a\u2028b", "c\u2029d\u0085e\x0bf"]}
    ),
    "raw separators of lines inside of strings": Golden(
        "raw.jsonl", text('{"prompt":"a\u2028b","completion":"c\u0085d"}\n'), 1, turns={1: ["a\u2028b", "c\u0085d"]}
    ),
    "surrogate pairs and emoji": Golden(
        "emoji.jsonl", lines(pair("\U0001f600", "ok \U0001f44d\U0001f3fd")), 1, turns={1: ["\U0001f600", "ok \U0001f44d\U0001f3fd"]}
    ),
    "jsonl with a byte-order mark": Golden("bom.jsonl", b"\xef\xbb\xbf" + lines(pair(), pair()), 2),
    "two files with marks, one after the other": Golden("cat.jsonl", (b"\xef\xbb\xbf" + lines(pair())) * 2, 2),
    "jsonl in UTF-16": Golden(
        "a.jsonl", lines(pair("ż"), {"x": 1}, pair()).decode().encode("utf-16"), 2, {2: "no question"}, turns={1: ["ż", "a"]}
    ),
    "jsonl in UTF-16 without a mark": Golden("a.jsonl", lines(pair(), pair()).decode().encode("utf-16-be"), 2),
    "UTF-16 that ends in half a character": Golden("a.jsonl", lines(pair(), pair()).decode().encode("utf-16") + b"\x41", 2, {3: "UTF-8"}),
    "no newline at the end": Golden("a.jsonl", lines(pair(), pair())[:-1], 2),
    "cut off in the last row": Golden("a.jsonl", lines(pair(), pair("long question"))[:-20], 1, {2: "JSON"}),
    "pretty objects one after another": Golden("a.jsonl", text(json.dumps(pair(), indent=2) + "\n" + json.dumps(pair(), indent=2)), 2),
    "json that is really jsonl": Golden("a.json", lines(pair(), "oops", pair()), 2, {2: "JSON"}),
    "a list in a file called jsonl": Golden("a.jsonl", text(json.dumps([pair(), pair()])), 2),
    "messages": Golden(
        "m.jsonl",
        lines(
            messages(("system", "S"), ("user", "u"), ("assistant", "a"), ("user", "u2"), ("assistant", "a2")),
            messages(("user", "u"), ("assistant", None)),
            messages(("user", "u"), ("assistant", "")),
            messages(("user", "u"), ("wizard", "a")),
            messages(("assistant", "a"), ("user", "u")),
            messages(("user", "u")),
            messages(("user", "u"), ("user", "u"), ("assistant", "a")),
            messages(("user", "u"), ("tool", "t"), ("assistant", "a")),
            messages(("user", "u"), ("assistant", "a"), tools=[{"type": "function"}]),
            messages(("user", "u"), ("assistant", "a"), tools=[]),
            {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": None, "tool_calls": [{"id": 1}]}]},
            {"messages": []},
            messages(("user", [{"type": "text", "text": "u"}]), ("assistant", [{"type": "text", "text": "a"}])),
            messages(("user", [{"type": "image_url", "image_url": {}}]), ("assistant", "a")),
            messages(("user", "u"), ("assistant", "a"), ("system", "late"), ("user", "u"), ("assistant", "a")),
            messages(("developer", "D"), ("user", "u"), ("assistant", "a")),
            messages(("system", ""), ("user", "u"), ("assistant", "a")),
            {"messages": [{"role": "user"}, {"role": "assistant", "content": "a"}]},
            {"messages": "none"},
        ),
        5,
        {2: "null", 3: "empty", 4: "wizard", 5: "begins with the assistant", 6: "no answer", 7: "both the user's", 8: "tool", 9: "tools"}
        | {11: "tool", 12: "empty", 14: "image_url", 15: "system", 18: "no content", 19: "no question"},
        "messages",
        {1: ["S", "u", "a", "u2", "a2"], 16: ["D", "u", "a"]},
    ),
    "sharegpt": Golden(
        "s.json",
        text(
            json.dumps(
                [
                    {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "S"},
                    {"conversations": [{"from": "gpt", "value": "a"}]},
                    {"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "f"}]},
                    {"conversations": []},
                    {"conversations": None, "id": 3},
                    {"id": "x", "conversation": [{"human": "q1", "assistant": "a1"}, {"human": "q2", "assistant": "a2"}]},
                    {"dialog": ["q", "a", "q2", "a2"]},
                ]
            )
        ),
        3,
        {2: "begins", 3: "tool", 4: "empty", 5: "no question"},
        "sharegpt",
        {1: ["S", "q", "a"], 6: ["q1", "a1", "q2", "a2"]},
    ),
    "alpaca": Golden(
        "alpaca.json",
        text(
            json.dumps(
                [
                    {"instruction": "Add", "input": "1 2", "output": "3"},
                    {"instruction": "Say", "input": "", "output": "x", "history": [["q", "a"]], "system": "S"},
                    {"instruction": "Say", "output": "x", "history": [["q"]]},
                    {"instruction": "Say", "output": ["x"]},
                    {"instruction": "", "input": "i", "output": "x"},
                ]
            )
        ),
        2,
        {3: "history", 4: "list", 5: "empty"},
        "alpaca",
        {1: ["Add\n\n1 2", "3"], 2: ["S", "q", "a", "Say", "x"]},
    ),
    "a list with items that are none": Golden(
        "a.json",
        text('[{"prompt":"a","completion":"b"}, 5, null, "x", [], {"prompt" "a"}, {"prompt":"c","completion":"d"},]'),
        2,
        {2: "number", 3: "null", 4: "text", 5: "empty", 6: "JSON"},
    ),
    "a list that breaks off": Golden("a.json", text('[{"prompt":"a","completion":"b"},\n{"prompt":"c","compl'), 1, {2: "breaks off"}),
    "a list that is never closed": Golden("a.json", text('[{"prompt":"a","completion":"b"},{"prompt":"c","completion":"d"}'), 2),
    "brackets and quotes in strings": Golden("a.json", text(json.dumps([pair('}]"[{\\', '\\"]}')])), 1, turns={1: ['}]"[{\\', '\\"]}']}),
    "something after the list": Golden("a.json", text('[{"prompt":"a","completion":"b"}] trailing'), 1, {2: "JSON"}),
    "an object with the list in it": Golden(
        "a.json", text(json.dumps({"version": [1, 2], "data": [pair(), 7, pair()], "n": {"x": []}})), 2, {2: "number"}
    ),
    "preferences": Golden(
        "p.jsonl",
        lines(
            {"prompt": "p", "chosen": "c", "rejected": "r"},
            {"prompt": "p", "chosen": "", "rejected": "r"},
            {"chosen": "\n\nHuman: h\n\nAssistant: good", "rejected": "\n\nHuman: h\n\nAssistant: bad"},
            {
                "prompt": [{"role": "user", "content": "u"}],
                "chosen": [{"role": "assistant", "content": "a"}],
                "rejected": [{"role": "assistant", "content": "b"}],
            },
            {
                "conversations": [{"from": "human", "value": "h"}],
                "chosen": {"from": "gpt", "value": "c"},
                "rejected": {"from": "gpt", "value": "r"},
            },
            {"prompt": "p", "chosen": "c", "rejected": 4},
        ),
        4,
        {2: "chosen is empty", 6: "rejected"},
        "preference",
        {3: ["h", "good"]},
    ),
    "an export of ChatGPT": Golden(
        "conversations.json",
        text(json.dumps([CHAT, UNANSWERED, {"mapping": {}, "title": "none"}, ROUND, 5])),
        1,
        {2: "no question with an answer", 3: "no messages", 4: "circles", 5: "number"},
        "chatgpt",
        {1: ["Hi", "Hello", "Draw", "Here\n\nit is"]},
    ),
    "an export of ChatGPT in its zip": Golden(
        "export.zip",
        zipped(chat_dot_html=b"<html>", user_dot_json=b"{}", conversations_dot_json=text(json.dumps([CHAT, UNANSWERED]))),
        1,
        {2: "no question"},
        "chatgpt",
    ),
    "an export of Claude": Golden(
        "conversations.json",
        text(
            json.dumps(
                [
                    claude(("human", "q"), ("assistant", "a")),
                    claude(("human", "q")),
                    claude(),
                    claude(("assistant", "greeting"), ("human", "q"), ("assistant", "a"), ("human", "bye")),
                    claude(("robot", "q")),
                ]
            )
        ),
        2,
        {2: "no question with an answer", 3: "no question", 5: "sender"},
        "claude",
        {4: ["greeting", "q", "a"]},
    ),
    "an export of Open WebUI": Golden(
        "chats.json",
        text(json.dumps([{"title": "t", "chat": {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}}])),
        1,
        kind="open-webui",
    ),
    "csv with newlines in cells": Golden(
        "a.csv",
        text('question,answer\r\n"two\r\nlines","a ""quoted"" word"\r\nshort\r\na,b,c\r\n\r\n ,b\r\nlast,one\r\n'),
        2,
        {4: "1 column", 5: "3 columns", 7: "empty"},
        "csv",
        {2: ["two\r\nlines", 'a "quoted" word'], 8: ["last", "one"]},
    ),
    "csv of Excel: semicolons, a mark, German": Golden(
        "a.csv", b"\xef\xbb\xbf" + text("Frage;Antwort;Schlagworte\nWas?;Das, ja;x\n;;\n"), 1, {3: "empty"}
    ),
    "csv that names its separator": Golden("a.csv", text("sep=;\nQuestion;Answer\na;b\n"), 1, turns={3: ["a", "b"]}),
    "csv in the encoding of Windows": Golden("a.csv", "pytanie,odpowiedź\n".encode() + b"caf\xe9,b\nok,ok\n", 1, {2: "UTF-8"}),
    "csv in UTF-16": Golden("a.csv", "Frage\tAntwort\r\nä\tö\r\n".encode("utf-16"), 1, kind="tsv", turns={2: ["ä", "ö"]}),
    "csv with a quote that is never closed": Golden("a.csv", text(CSV + 'a,b\n"open,c\nd,e\nf,g\n'), 3, {3: "never closed"}),
    "csv with a quote that meets another": Golden("a.csv", text(CSV + 'a,b\n"open,c\nd,e\n"f",g\nh,i\n'), 4, {3: "closing quote"}),
    "csv with quotes that are not doubled": Golden("a.csv", text(CSV + '"say "hi" now",b\nc,d\n'), 1, {2: "doubled"}),
    "csv with quotes in the middle": Golden("a.csv", text(CSV + '5" disk,b\n'), 1, turns={2: ['5" disk', "b"]}),
    "csv with a NUL": Golden("a.csv", text(CSV + "a\x00,b\nc,d\n"), 1, {2: "NUL"}),
    "csv of an old Mac": Golden("a.csv", text("question,answer\ra,b\rc\rd,e\r"), 2, {3: "1 column"}),
    "csv with long cells": Golden("a.csv", text(CSV + "a," + "b" * 200_000 + "\nc," + "d" * 1_000_001 + "\n"), 1, {3: "long"}),
    "csv with columns in snake case": Golden(
        "a.csv", text("id,user_message,assistant_message,prompt_tokens\n1,q,a,5\n"), 1, turns={2: ["q", "a"]}
    ),
    "csv split by bars": Golden("a.csv", text("situation|action\nq, or so|a\n"), 1, turns={2: ["q, or so", "a"]}),
    "tsv with quotes that are only quotes": Golden(
        "a.tsv", text('prompt\tresponse\n"Hi" she said\tb\na\tb\n'), 2, turns={2: ['"Hi" she said', "b"]}
    ),
    "tsv called txt": Golden("a.txt", text("question\tanswer\na\tb\n"), 1, kind="tsv"),
    "questions and answers as text": Golden(
        "faq.txt",
        text("Welcome!\n\nQ: one\n   more\nA: two\n\nthree\nQ: lost\nQ1: four\nA1: five\nA: stray\n"),
        2,
        {8: "without an answer", 11: "without a question"},
        "text",
        {3: ["one\n   more", "two\n\nthree"]},
    ),
    "headings that ask, then labels": Golden(
        "mixed.md",
        text("# FAQ\n\n## Where?\nHere.\n\n## Who?\nMarta.\n\nQ: Why?\nA: So.\n"),
        3,
        turns={3: ["Where?", "Here."], 9: ["Why?", "So."]},
    ),
    "headings and labels in one file": Golden(
        "notes.md",
        text(
            "# Notes\n\n## Lamps\nOn shelf 3.\n\nQ: Who waters the plants?\nA: Ann does.\n\nEvery day.\n\n## Keys\nIn the hall.\n"
            "### Spare keys\nIn the drawer.\n\n## Tea?\nIn the kitchen.\n\nQ: And cups?\nA: Beside it.\n---\nQ: Lost\n\n"
            "## Empty\n## Bikes\nOut.\n"
        ),
        7,
        {22: "without an answer", 24: "no text"},
        turns={
            3: ["Lamps", "On shelf 3."],
            6: ["Who waters the plants?", "Ann does.\n\nEvery day."],
            11: ["Keys", "In the hall."],
            13: ["Spare keys", "In the drawer."],
            19: ["And cups?", "Beside it."],
            25: ["Bikes", "Out."],
        },
    ),
    "headings inside an answer below a label that is a heading": Golden(
        "alpaca.md",
        text("### Instruction:\nPlan it\n### Response:\nSo:\n#### First\nDo.\n\n## Later\nMore.\n"),
        2,
        turns={1: ["Plan it", "So:\n#### First\nDo."], 8: ["Later", "More."]},
    ),
    "questions in bold": Golden(
        "faq.md", text("# FAQ\n\n**Q: Is it?**\n\nA: Yes\n\n---\n\n**Q:** Why?\n**A:** So\n"), 2, turns={3: ["Is it?", "Yes"]}
    ),
    "a dialogue as text": Golden(
        "talk.txt",
        text("User: a\nAssistant: b\nUser: c\nAssistant: d\n\n---\nUser: e\n"),
        1,
        {7: "without an answer"},
        turns={1: ["a", "b", "c", "d"]},
    ),
    "headings with answers below": Golden(
        "doc.md",
        text(
            "---\ntitle: x\n---\nintro\n# Chapter\n## How?\nSo.\n```sh\n# no heading\n```\n### Detail\nmore\n"
            "## Empty\n\n## Last\nyes\n\nSetext\n======\nunder\n"
        ),
        3,
        {13: "no text"},
        "markdown",
        {6: ["How?", "So.\n```sh\n# no heading\n```\n### Detail\nmore"], 18: ["Setext", "under"]},
    ),
    "an existing lessons.json": Golden(
        "lessons.json",
        text(
            json.dumps(
                {
                    "lessons": [
                        {
                            "lesson_id": "l1",
                            "timestamp": "2024-05-01T10:00:00",
                            "situation": "s",
                            "action": "a",
                            "result": "✅ sukces",
                            "tags": ["t"],
                        },
                        {"situation": "s2", "action": "", "result": "ok"},
                        {"situation": "s3", "action": "a", "rating": "bad", "metadata": {"k": 1}, "extra": 5},
                    ],
                    "count": 3,
                    "last_updated": "2024-05-02",
                },
                indent=1,
            )
        ),
        2,
        {2: "empty"},
        "lessons",
    ),
    "conversations in one text": Golden(
        "t.jsonl",
        lines(
            {"text": "### Human: hi\nmore### Assistant: hello\n### Human: b\n\n### Assistant: c"},
            {"text": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na Human: b<|im_end|>\n"},
            {"text": "plain"},
            {"text": "### Human: alone"},
            {"text": "### Assistant: a\n### Human: q"},
        ),
        2,
        {3: "who speaks", 4: "who speaks", 5: "begins"},
        "messages",
        {1: ["hi\nmore", "hello", "b", "c"], 2: ["S", "q", "a Human: b"]},
    ),
    "rows for Gemini": Golden(
        "g.jsonl",
        lines(
            {
                "systemInstruction": {"parts": [{"text": "S"}]},
                "contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}],
            },
            {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}, {"role": "model", "parts": [{"text": "a"}]}]},
        ),
        1,
        {2: "no text"},
        turns={1: ["S", "q", "a"]},
    ),
    "csv with a title above the header": Golden(
        "a.csv", text("Export of today\n\nquestion,answer\nq,a\nbad\n"), 1, {5: "1 column"}, turns={4: ["q", "a"]}
    ),
    "a chat copied from the page": Golden(
        "chat.md", text("#### You said:\nhi\n\n#### ChatGPT said:\nhello\n"), 1, turns={1: ["hi", "hello"]}
    ),
    "gzip": Golden("a.jsonl.gz", gzip.compress(lines(pair(), "x")), 1, {2: "JSON"}),
    "a zip of several files": Golden(
        "a.zip", zipped(a_dot_jsonl=lines("x", pair()), d__b_dot_csv=text(CSV + "a\nb,c\n")), 2, {1: "a.jsonl", 2: "b.csv"}
    ),
    "questions on a text, as SQuAD has them": Golden(
        "train-v2.0.json",
        text(
            json.dumps(
                {
                    "version": "v2.0",
                    "data": [
                        {
                            "title": "T",
                            "paragraphs": [
                                {
                                    "context": "One.",
                                    "qas": [
                                        {"id": "1", "question": "Who?", "answers": [{"text": "Me"}, {"text": "I"}], "is_impossible": False},
                                        {"id": "2", "question": "Why?", "answers": [], "is_impossible": True},
                                    ],
                                },
                                {"context": "Two.", "qas": [{"id": "3", "question": "Where?", "answers": [{"text": " Here"}]}]},
                            ],
                        },
                        {"title": "U", "paragraphs": [{"context": "", "qas": [{"question": "How?", "answers": [{"text": "So"}]}]}]},
                    ],
                },
                indent=1,
            )
        ),
        3,
        {2: "no answer"},
        turns={1: ["Who?\n\nOne.", "Me"], 3: ["Where?\n\nTwo.", " Here"], 4: ["How?", "So"]},
    ),
    "SQuAD line by line": Golden(
        "squad.jsonl",
        lines(
            {"id": "1", "title": "T", "context": "One.", "question": "Who?", "answers": {"text": ["Me", "Me"], "answer_start": [0, 0]}},
            {"id": "2", "title": "T", "context": "One.", "question": "Why?", "answers": {"text": [], "answer_start": []}},
            {"question": "q", "answers": ["a", "b"]},
        ),
        1,
        {2: "no answer", 3: "list"},
        "pairs",
        {1: ["Who?\n\nOne.", "Me"]},
    ),
    "texts marked for Llama 2": Golden(
        "llama2.jsonl",
        lines(
            {"text": "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nq [/INST]  a\n</s><s>[INST] q2 [/INST] a2 </s>"},
            {"text": "[INST]q[/INST]a</s>[INST]q2[/INST]a2</s>"},
            {"text": "<s>[INST] q [/INST]"},
            {"text": "[INST] q [INST] q [/INST] a"},
            {"text": "no marks here"},
        ),
        2,
        {3: "no answer", 4: "alternate", 5: "who speaks"},
        "messages",
        {1: ["S", "q", " a", "q2", "a2"], 2: ["q", "a", "q2", "a2"]},
    ),
    "texts marked for other models": Golden(
        "marked.jsonl",
        lines(
            {
                "text": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nq\n<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\na<|eot_id|>"
            },
            {"text": "<bos><start_of_turn>user\nq<end_of_turn>\n<start_of_turn>model\na<end_of_turn>\n"},
            {"text": "<|system|>\nS</s>\n<|user|>\nq</s>\n<|assistant|>\na</s>"},
            {"text": "A chat. USER: q ASSISTANT: a</s>USER: q2 ASSISTANT: a2</s>"},
            {
                "text": "Below is an instruction that describes a task. Write a response.\n\n"
                "### Instruction:\nq\n\n### Input:\ni\n\n### Response:\na"
            },
            {"text": "<|im_start|>user\nq<|im_end|>\n<|im_start|>tool\nt<|im_end|>\n<|im_start|>assistant\na<|im_end|>"},
            {"text": "Q: q\nA: a"},
            {"text": "A title ### Human: q### Assistant: a"},
        ),
        6,
        {6: "tool", 8: "beginning"},
        turns={1: ["q\n", "a"], 2: ["q", "a"], 3: ["S", "q", "a"], 4: ["A chat.", "q", "a", "q2", "a2"], 5: ["q\n\ni", "a"], 7: ["q", "a"]},
    ),
    "trees of Open Assistant": Golden(
        "oasst.jsonl",
        lines(
            {
                "message_tree_id": "t",
                "prompt": {
                    "role": "prompter",
                    "text": "q",
                    "replies": [
                        {"role": "assistant", "text": "worse", "rank": 1, "replies": []},
                        {
                            "role": "assistant",
                            "text": "best",
                            "rank": 0,
                            "replies": [{"role": "prompter", "text": "thanks", "replies": []}],
                        },
                    ],
                },
            },
            {"message_tree_id": "u", "prompt": {"role": "prompter", "text": "q", "replies": []}},
            {"message_id": "1", "parent_id": None, "role": "prompter", "text": "q"},
        ),
        1,
        {2: "no question with an answer", 3: "tree"},
        "oasst",
        {1: ["q", "best"]},
    ),
    "a list of texts, turn by turn": Golden(
        "ultrachat.jsonl",
        lines({"id": "0", "data": ["q", "a", "q2", "a2"]}, {"id": "1", "data": ["q"]}, {"id": "2", "data": ["q", "a", "q2"]}),
        2,
        {2: "no question"},
        turns={1: ["q", "a", "q2", "a2"], 3: ["q", "a"]},
    ),
    "one conversation as a list": Golden(
        "chat.json",
        text(json.dumps(messages(("user", "q"), ("assistant", "a"), ("user", "q2"), ("assistant", "a2"))["messages"], indent=2)),
        1,
        turns={1: ["q", "a", "q2", "a2"]},
    ),
    "jsonl of an old Mac, and rows that end in commas": Golden(
        "a.jsonl", text(f"{json.dumps(pair())}\r{json.dumps(pair())},\r{json.dumps(pair())}\r"), 2, {2: "ends in a comma"}
    ),
    "csv of Western Windows": Golden(
        "a.csv",
        "Question;Réponse\r\nOù?;Là – « œuvre »\r\nQuoi?\r\n".encode("cp1252"),
        1,
        {3: "1 column"},
        turns={2: ["Où?", "Là – « œuvre »"]},
    ),
    "csv of Polish Windows": Golden(
        "a.csv", "Pytanie;Odpowiedź\nGdzie są źdźbła?;Na łące.\n".encode("cp1250"), 1, turns={2: ["Gdzie są źdźbła?", "Na łące."]}
    ),
    "csv of Russian Windows": Golden("a.csv", "Вопрос;Ответ\nГде?;В Москве\n".encode("cp1251"), 1, turns={2: ["Где?", "В Москве"]}),
    "csv in UTF-8 with broken characters": Golden(
        "a.csv", CSV.encode() + b"q\xff,a\nq2\xc3(,a\nq3,\xe2\x82\nok,ok\n", 1, {2: "0xff", 3: "UTF-8", 4: "UTF-8"}
    ),
    "markdown of Western Windows": Golden(
        "faq.md", "## Größe?\n\nZehn – „groß“\n".encode("cp1252"), 1, turns={1: ["Größe?", "Zehn – „groß“"]}
    ),
    "a table in markdown": Golden(
        "faq.md",
        text(
            "# FAQ\n\nAll you need.\n\n| No | Question | Answer |\n|:--|:-:|---|\n| 1 | What? | This \\| that |\n"
            "| 2 | Who? |\n| 3 | | Me |\n|4|Where?|`here`|\n\n## Why?\nSo.\n\n```\n| Question | Answer |\n|---|---|\n```\n"
        ),
        3,
        {8: "empty", 9: "empty"},
        "markdown",
        {7: ["What?", "This | that"], 10: ["Where?", "`here`"], 12: ["Why?", "So.\n\n```\n| Question | Answer |\n|---|---|\n```"]},
    ),
    "a title, an introduction, then questions": Golden(
        "faq.md",
        text("# FAQ\n\nWelcome.\n\n## What?\n\nThis.\r\n\r\nThat.\n## Who?\n"),
        1,
        {10: "no answer"},
        turns={5: ["What?", "This.\r\n\r\nThat."]},
    ),
    "questions in bold with the answer beside them": Golden(
        "faq.md",
        text("# FAQ\n\n- **What?** This.\n  More.\n- **Who?**\n\n**Why?**\nSo **it** is.\n"),
        2,
        {5: "no answer"},
        turns={3: ["What?", "This.\n  More."], 7: ["Why?", "So **it** is."]},
    ),
    "German and Polish letters as labels": Golden(
        "faq.txt",
        text("F: Was?\nA: Das.\n\nF: Wer?\nF: Wo?\nA: Da.\n"),
        2,
        {4: "without an answer"},
        turns={1: ["Was?", "Das."], 5: ["Wo?", "Da."]},
    ),
    "Polish letters as labels": Golden("faq.txt", text("P: Co?\nO: To.\nA to?\nP: Kto?\nO: Ja.\n"), 2, turns={1: ["Co?", "To.\nA to?"]}),
    "paragraphs that begin with a question": Golden(
        "faq.txt",
        text("What?\nThis.\n\nAnd that.\n\nWho?\n\nWhy?\nSo.\n"),
        2,
        {6: "without an answer"},
        turns={1: ["What?", "This.\n\nAnd that."]},
    ),
    "a table in markdown with a context, without outer bars": Golden(
        "faq.md",
        text("Pytanie | Kontekst | Odpowiedź\n--- | --- | ---\nCo? | tu | To\nKto? | tam | Ja | nie\n"),
        1,
        {4: "4 cells"},
        turns={3: ["Co?\n\ntu", "To"]},
    ),
    "a table in markdown, in a text": Golden("faq.txt", text("| Question | Answer |\n|---|---|\n| What? | That |\n"), 1, kind="markdown"),
    "a text of an old Mac": Golden(
        "faq.txt", text("Q: What?\rA: This.\rThat.\rQ: Who?\r"), 1, {4: "without an answer"}, turns={1: ["What?", "This.\nThat."]}
    ),
    "a list beside the list of records": Golden(
        "a.json", text(json.dumps({"users": [{"name": "n"}], "count": 7, "data": [pair(), {"x": 1}]})), 1, {2: "no question"}
    ),
    "quotes of Windows that look like UTF-8": Golden(
        "a.csv", 'Frage;Antwort\r\n"Wie\r\ngroß?";"so “groß”"\r\n'.encode("cp1252"), 1, turns={2: ["Wie\r\ngroß?", "so “groß”"]}
    ),
    "a character that Windows does not know": Golden(
        "a.csv", "Frage;Antwort\nGröße?;größer\n".encode("cp1252") + b"x\x81;y\n" + "Übel?;Ähnlich\n".encode("cp1252"), 2, {3: "UTF-8"}
    ),
    "a rating for a completion": Golden("kto.jsonl", lines(pair(label=True), pair("q2", label=False)), 2),
    "a zip of data with a README": Golden("a.zip", zipped(README_dot_md=b"# Data\nabout it\n", a_dot_jsonl=lines(pair())), 1),
    "UTF-32 with a hole": Golden(
        "a.jsonl",
        lines(pair("\u017c")).decode().encode("utf-32") + b"\xff\xff\xff\xff\n\0\0\0" + lines(pair())[:-1].decode().encode("utf-32-le"),
        2,
        {2: "UTF-8"},
    ),
}

HOPELESS = {
    "nothing": ("a.jsonl", b"", "empty"),
    "white space": ("a.json", b" \n\n ", "empty"),
    "an empty list": ("a.json", b"[]", "no record"),
    "a header alone": ("a.csv", b"question,answer\n", "no row"),
    "columns that say nothing": ("a.csv", b"foo,bar\n1,2\n", "not clear"),
    "prose": ("a.txt", b"Once upon a time.\n", "No questions"),
    "a PDF": ("a.pdf", b"%PDF-1.7 ...", "a PDF"),
    "an image called json": ("a.json", b"\x89PNG\r\n\x1a\n", "an image"),
    "an image by its name": ("photo.png", b"question,answer\n", "an image"),
    "a Word file by its name": ("letter.docx", b"PK\x03\x04" + b"x" * 100, "office document"),
    "a presentation": ("talk.pptx", b"", "empty"),
    "a recording": ("call.mp3", b"ID3", "a recording"),
    "an office document": ("a.xlsx", zipped(**{"[Content_Types]_dot_xml": b"x"}), "office document"),
    "a damaged zip": ("a.zip", b"PK\x03\x04" + b"x" * 100, "damaged"),
    "an empty zip": ("a.zip", zipped(), "no file that can be read"),
    "a zip with nothing readable": ("a.zip", zipped(a_dot_png=b"x"), "no file"),
    "damaged gzip": ("a.jsonl.gz", gzip.compress(lines(pair()) * 1000)[:-50], "damaged"),
    "damaged parquet": ("a.parquet", b"PAR1" + b"x" * 50, "Parquet"),
    "binary": ("a.txt", bytes(range(32)) * 50, "no text"),
    "a page": ("a.html", b"<!DOCTYPE html><html>", "page"),
}
