"""OpenAI's forms and ours, mapped onto each other."""

import json
from pathlib import Path

import pytest

from academy.adapters.store import Adapter
from academy.api.openai import forms as openai
from academy.api.openai.forms import CompletionRequest
from academy.chat.request import ChatReply
from academy.errors import Invalid, NotFound

ADAPTERS = [Adapter("training_1", "Handbook", Path("x"), "academy-mini", created_at="2026-01-01T00:00:00.000Z")]
BASES = ["academy-mini"]
REPLY = ChatReply("Hello.", "training_1", "academy-mini", 5, 2)


def ours(**request):
    return openai.chat_request(
        CompletionRequest.model_validate({"messages": [{"role": "user", "content": "Hi"}], **request}), ADAPTERS, BASES
    )


def test_a_request_becomes_ours():
    request = ours(model="training_1", temperature=0.5, top_p=0, max_tokens=9, seed=-1, stop="END", stream=True, logit_bias={}, tools=[])
    assert (request.adapter_id, request.temperature, request.max_new_tokens, request.stop, request.stream) == (
        "training_1", 0.5, 9, ["END"], True,
    )  # fmt: skip
    assert request.seed == 2**63 - 1
    assert 0 < request.top_p < 1e-3
    assert ours(max_tokens=5, max_completion_tokens=7).max_new_tokens == 7
    assert ours(max_tokens=10**9).max_new_tokens == 8192


def test_a_model_is_the_active_one_a_base_or_an_adapter():
    assert ours(model="academy").adapter_id is None
    assert ours().adapter_id is None
    assert ours(model="base").adapter_id == "base"
    assert (ours(model="academy-mini").adapter_id, ours(model="academy-mini").base_model) == ("base", "academy-mini")
    with pytest.raises(NotFound) as error:
        ours(model="gpt-4")
    assert openai.error_body(error.value)["error"]["code"] == "model_not_found"


def test_messages_may_come_in_parts_and_from_a_developer():
    request = ours(
        messages=[
            {"role": "developer", "content": "Be brief.", "name": "x"},
            {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "user", "content": "Go on"},
        ]
    )
    assert [(message.role, message.content) for message in request.messages] == [
        ("system", "Be brief."), ("user", "Hello"), ("assistant", ""), ("user", "Go on"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "request_",
    [
        {"n": 2},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"stop": ["x"] * 20},
    ],
)
def test_what_cannot_be_done_is_said(request_):
    with pytest.raises(Invalid) as error:
        ours(**request_)
    assert error.value.message


def test_a_reply_becomes_theirs():
    body = openai.completion(REPLY, model="training_1")
    assert body["choices"][0]["message"]["content"] == "Hello."
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert openai.completion(ChatReply("x", None, "b", 1, 1, finish="length"), model="m")["choices"][0]["finish_reason"] == "length"


def test_a_stream_becomes_theirs_piece_by_piece():
    parts = list(openai.chunks(["Hel", "lo.", REPLY], model="training_1", include_usage=True))
    assert {part["object"] for part in parts} == {"chat.completion.chunk"}
    assert len({part["id"] for part in parts}) == 1
    deltas = [part["choices"][0]["delta"] for part in parts if part["choices"]]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "Hello."
    assert parts[-2]["choices"][0]["finish_reason"] == "stop"
    assert parts[-1]["usage"]["total_tokens"] == 7
    assert openai.frame(None) == b"data: [DONE]\n\n"
    assert json.loads(openai.frame(parts[1])[6:])["choices"][0]["delta"] == {"content": "Hel"}


def test_the_list_of_models_names_all_that_can_be_asked():
    listed = openai.models(ADAPTERS, BASES)
    assert [card["id"] for card in listed["data"]] == ["academy", "academy-mini", "training_1"]
    assert listed["data"][2]["created"] == 1767225600
    assert openai.model_card("training_1", ADAPTERS, BASES)["parent"] == "academy-mini"
    with pytest.raises(NotFound):
        openai.model_card("gpt-4", ADAPTERS, BASES)


def test_the_openai_package_reads_what_we_send():
    types = pytest.importorskip("openai.types.chat")
    types.ChatCompletion.model_validate(openai.completion(REPLY, model="training_1"))
    for part in openai.chunks(["x", REPLY], model="m", include_usage=True):
        types.ChatCompletionChunk.model_validate(part)
