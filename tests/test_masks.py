"""What is learned of a conversation, and what is only read: marked in a file, on the page, or by the form of the base."""

from __future__ import annotations

import html
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from families_help import FAMILIES, GEMMA3, QWEN3
from trainer_help import make_tokenizer

from academy.chat.decoding import Apart
from academy.chat.request import ChatReply, ChatRequest, Thought
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.rows import BadRow, Turn, is_masked, row_of, turns_of
from academy.services.academy import Academy
from academy.text.forms import Thoughts
from academy.ui.dataset import editor
from academy.ui.dataset import rows as page
from academy.ui.dataset.sources import ACTS
from academy.ui.look import Look

TALK = [
    {"role": "user", "content": "Who waters the plants at the harbour?"},
    {"role": "assistant", "content": "Nobody at all, as far as I know."},
    {"role": "user", "content": "Really, who does it on Mondays?"},
    {"role": "assistant", "content": "Ada does it on Mondays and on Fridays."},
]


MASKS = [("weight", 0), ("weight", "0"), ("weight", 0.0), ("train", False), ("train", "false"), ("trainable", False), ("loss_mask", 0)]


@pytest.mark.parametrize("mark", [{name: value} for name, value in [*MASKS, ("loss", False)]], ids=str)
def test_a_turn_that_a_file_marks_is_read_and_not_learned(mark: dict[str, Any]) -> None:
    assert is_masked(mark)
    messages = [TALK[0], TALK[1] | mark, *TALK[2:]]
    assert [turn.trained for turn in turns_of({"messages": messages})] == [True, False, True, True]
    said = [{"from": message["role"], "value": message["content"]} | message for message in messages]
    assert [turn.trained for turn in turns_of({"conversations": said})] == [True, False, True, True]


@pytest.mark.parametrize("mark", [{}, {"weight": 1}, {"weight": "1"}, {"train": True}, {"loss_mask": 1}, {"weight": None}], ids=str)
def test_other_marks_leave_a_turn_as_it_is(mark: dict[str, Any]) -> None:
    assert not is_masked(mark)


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages"])
def test_thoughts_calls_and_masks_are_written_and_read_again_in_every_form(form: Any) -> None:
    turns = [
        Turn("tools", json.dumps([{"type": "function", "function": {"name": "lamp"}}])),
        Turn("user", "Light?"),
        Turn("assistant", "", calls=json.dumps([{"name": "lamp", "arguments": {"room": "attic"}, "id": "a"}]), trained=False),
        Turn("tool", "on", name="lamp", call_id="a"),
        Turn("assistant", "Done.", "It is dark.", thinking_trained=False),
    ]
    assert turns_of(json.loads(json.dumps(row_of(turns, form)))) == turns


@pytest.mark.parametrize(
    ("message", "thinking"),
    [
        ({"reasoning_content": "why"}, "why"),
        ({"thinking": "why"}, "why"),
        ({"reasoning": "why"}, "why"),
        ({"content": "<think>\nwhy\n</think>\n\nSo."}, "why"),
        ({"content": [{"type": "thinking", "thinking": "why"}, {"type": "text", "text": "So."}]}, "why"),
        ({"content": "So <think> of it."}, ""),
        ({"content": "<think>only a thought</think>"}, ""),
    ],
)
def test_a_thought_is_read_wherever_it_stands(message: dict[str, Any], thinking: str) -> None:
    turn = turns_of({"messages": [TALK[0], {"role": "assistant", "content": "So."} | message]})[-1]
    assert turn.thinking == thinking
    assert turn.content == ("So." if thinking else message["content"])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"tools": "{"}, "'tools' is not JSON"),
        ({"tools": [1]}, "not a list of objects"),
        ({"messages": [TALK[0], {"role": "assistant", "tool_calls": [{"id": 1}]}]}, "no name"),
        ({"messages": [TALK[0], {"role": "assistant", "tool_calls": [{"name": "lamp", "arguments": "{"}]}]}, "not JSON"),
        ({"messages": [TALK[0], {"role": "assistant", "tool_calls": [{"name": "lamp", "arguments": "[1]"}]}]}, "no object"),
    ],
)
def test_calls_that_cannot_be_read_are_refused_with_the_reason(row: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRow, match=why):
        turns_of({"messages": TALK} | row)


# ------------------------------------------------------------------ on the page


@pytest.fixture
def academy(tmp_path: Path) -> Any:
    made = Academy(Settings(data_dir=tmp_path, _env_file=None))  # type: ignore[call-arg]
    yield made
    made.close()


def test_an_answer_is_taken_out_of_what_is_learned_and_put_back_on_the_page(academy: Academy) -> None:
    (upload,) = academy.datasets.upload([("talk.jsonl", BytesIO(json.dumps({"messages": TALK}).encode()))])
    request = {"include_lessons": False, "include_git": False, "upload_ids": [upload.id], "quality_profile": "lenient"}
    made = academy.datasets.create(DatasetRequest.model_validate(request))["dataset_id"]

    def flip(dataset: str, at: int) -> str:
        (row,) = academy.datasets.view(dataset)[1]
        look = Look(academy, {"dataset": dataset, f"turn:train:0:{row.key}:{at}": True, "turn:train:5:gone:1": True})
        assert "Read, do not learn" in str(page.shown(Look(academy, {}), academy.datasets.get(dataset), trained=True)) or at == 1
        answer = ACTS["dataset.keep"](look, {"id": dataset})
        assert answer["state"][f"turn:train:0:{row.key}:{at}"] is False
        return answer["state"]["dataset"]

    masked = flip(made, 1)
    (row,) = academy.datasets.rows(masked)
    assert [turn.trained for turn in turns_of(row)] == [True, False, True, True]
    shown = str(page.shown(Look(academy, {}), academy.datasets.get(masked), trained=True))
    assert "read, not learned" in shown
    assert "Learn again" in shown
    assert "Read, do not learn" not in shown  # one answer has to remain
    (row,) = academy.datasets.rows(flip(masked, 1))
    assert all(turn.trained for turn in turns_of(row))


def test_a_lesson_with_a_call_shows_its_conversation_and_keeps_it_when_the_question_is_edited(academy: Academy) -> None:
    call = {"type": "function", "function": {"name": "lamp", "arguments": {"room": "attic"}}}
    talk = [
        {"role": "user", "content": "Light in the attic, please."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": "lamp", "content": "the lamp is on"},
        {"role": "assistant", "content": "It is bright in the attic now."},
    ]
    academy.lessons.import_files([("talk.jsonl", BytesIO(json.dumps({"messages": talk}).encode()))])
    (lesson,) = academy.lessons.list().items
    assert (lesson.situation, lesson.action) == (talk[0]["content"], talk[3]["content"])
    form = str(editor.ACTS["lesson.edit"](Look(academy, {}), {"id": lesson.lesson_id})["dialog"])
    assert 'lamp({"room": "attic"})' in html.unescape(form)
    assert "asked:0" not in form
    saved = {"id": lesson.lesson_id, "situation": "Make light in the attic.", "action": lesson.action, "rating": "good"}
    editor.ACTS["lesson.save"](Look(academy, {}), saved)
    made = academy.datasets.create(DatasetRequest.model_validate({"include_git": False, "quality_profile": "lenient"}))
    (row,) = academy.datasets.rows(made["dataset_id"])
    assert [turn.content for turn in turns_of(row)] == ["Make light in the attic.", "", "the lamp is on", "It is bright in the attic now."]
    assert json.loads(turns_of(row)[1].calls)[0]["name"] == "lamp"


# ------------------------------------------------------------------ in the chat

THINK = Thoughts("reasoning_content", "<think>\n", "\n</think>\n\n", "<think>\n\n</think>\n\n")
OPEN = Thoughts("prompt", "", "\n</think>\n\n")
HARMONY = Thoughts(
    "thinking",
    "<|channel|>analysis<|message|>",
    "<|end|><|start|>assistant<|channel|>final<|message|>",
    "<|channel|>final<|message|>",
)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("thoughts", "is_open", "text", "thought", "answer"),
    [
        (None, False, "  Yes, <think> is a mark.", "", "  Yes, <think> is a mark."),
        (THINK, False, "<think>\nPots.\n</think>\n\nSo.\n\nAnd so.", "Pots.", "So.\n\nAnd so."),
        (THINK, False, "<think>\n\n</think>\n\nSo.", "", "So."),
        (THINK, False, "So, <think>no</think>", "", "So, <think>no</think>"),
        (THINK, False, "<think>\nit never ends", "it never ends", ""),
        (OPEN, True, "Pots.\n\nMore.\n</think>\n\nSo.", "Pots.\n\nMore.", "So."),
        (OPEN, False, "So.", "", "So."),
        (HARMONY, False, HARMONY.before + "Pots." + HARMONY.after + "So.", "Pots.", "So."),
        (HARMONY, False, HARMONY.plain + "So.", "", "So."),
    ],
)
def test_a_thought_comes_apart_from_the_answer_however_the_text_arrives(
    thoughts: Thoughts | None, is_open: bool, text: str, thought: str, answer: str, size: int
) -> None:
    apart = Apart(thoughts, is_open=is_open)
    pieces = [piece for at in range(0, len(text), size) for piece in apart.feed(text[at : at + size])] + apart.rest()
    assert "".join(piece for piece in pieces if isinstance(piece, Thought)) == thought
    assert "".join(piece for piece in pieces if not isinstance(piece, Thought)) == answer


def test_a_client_sends_tools_calls_results_and_thoughts_as_openai_writes_them() -> None:
    from academy.api.openai.forms import CompletionRequest, chat_request

    call = {"id": "a", "type": "function", "function": {"name": "lamp", "arguments": '{"room": "attic"}'}}
    messages = [
        {"role": "user", "content": "Light?"},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Dark."},
        {"role": "tool", "tool_call_id": "a", "content": "on"},
    ]
    asked = CompletionRequest.model_validate({"messages": messages, "tools": [{"type": "function"}], "reasoning_effort": "low"})
    request = chat_request(asked, [], [])
    assert request.thinking
    assert request.tools == [{"type": "function"}]
    assert [message.as_turn() for message in request.messages] == [
        {"role": "user", "content": "Light?"},
        {"role": "assistant", "content": "", "thinking": "Dark.", "calls": '[{"name": "lamp", "arguments": {"room": "attic"}, "id": "a"}]'},
        {"role": "tool", "content": "on", "call_id": "a"},
    ]
    kwargs = {"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "high"}
    assert not chat_request(CompletionRequest.model_validate({"messages": TALK[:1]} | kwargs), [], []).thinking
    with pytest.raises(ValueError, match="no name"):
        ChatRequest.model_validate({"messages": [{"role": "assistant", "tool_calls": [{}]}, TALK[0]]})


def test_a_call_in_a_reply_reaches_a_client_as_a_call_whole_and_streamed() -> None:
    from academy.api.openai.forms import chunks, completion

    text = '<tool_call>\n{"name": "lamp", "arguments": {"room": "attic"}}\n</tool_call>'
    reply = ChatReply(text, None, "base", 5, 7, thinking="Dark.")
    choice = completion(reply, model="it", with_tools=True)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert (choice["message"]["content"], choice["message"]["reasoning_content"]) == (None, "Dark.")
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "lamp", "arguments": '{"room": "attic"}'}
    streamed = [chunk["choices"][0] for chunk in chunks([Thought("Dark."), *text, reply], model="it", with_tools=True)]
    assert [choice["delta"].get("reasoning_content") for choice in streamed] == [None, "Dark.", None, None]
    assert streamed[2]["delta"]["tool_calls"][0]["function"]["name"] == "lamp"
    assert "content" not in streamed[2]["delta"]
    assert streamed[3]["finish_reason"] == "tool_calls"
    # Without tools in the request such a text is a text.
    assert completion(reply, model="it")["choices"][0]["message"]["content"] == text


# ------------------------------------------------------------------ which template


def test_of_named_templates_without_a_default_the_first_is_used_and_a_note_says_so() -> None:
    pytest.importorskip("transformers")
    from academy.text import templates

    tokenizer = make_tokenizer(FAMILIES["Gemma 3"].template, special=FAMILIES["Gemma 3"].special, eos="<eos>", bos="<s>")
    tokenizer.chat_template = {"chat": GEMMA3, "rag": "{{ raise_exception('documents, please') }}"}
    form = templates.choose(tokenizer)
    assert form.template == GEMMA3
    assert any("none is the default" in str(note) for note in form.notes)
    tokenizer.chat_template = {"rag": QWEN3, "default": GEMMA3}
    form = templates.choose(tokenizer)
    assert (form.template, form.notes) == (GEMMA3, [])


def test_an_adapters_own_template_goes_before_the_bases_in_training_and_chat() -> None:
    pytest.importorskip("transformers")
    from academy.text import templates

    tokenizer = make_tokenizer(FAMILIES["Phi-4"].template, special=[*FAMILIES["Phi-4"].special, "<|im_start|>"])
    own = FAMILIES["Qwen 2.5"].template
    form = templates.choose(tokenizer, own)
    assert (form.template, form.own) == (own, True)
    assert templates.for_chat(tokenizer, own).prompt(TALK[:1]) == form.prompt(TALK[:1])
    assert not templates.choose(tokenizer, FAMILIES["Phi-4"].template).own
    assert templates.choose(tokenizer, templates.PLAIN).template == FAMILIES["Phi-4"].template


def test_an_adapter_with_words_that_the_base_does_not_have_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from academy.adapters.store import Adapter
    from academy.chat.own import check_tokenizer
    from academy.errors import Refused

    adapter = Adapter("it", "it", tmp_path, "base")
    base = make_tokenizer()
    check_tokenizer(adapter, base)
    base.save_pretrained(tmp_path)
    check_tokenizer(adapter, base)
    other = make_tokenizer(special=["<my_own_word>"])
    other.save_pretrained(tmp_path)
    with pytest.raises(Refused, match="tokenizer of its own"):
        check_tokenizer(adapter, base)
