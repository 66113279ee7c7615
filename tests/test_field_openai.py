"""Requests as clients of OpenAI's API send them: what cannot be done is an error, and a lost client is told where to go."""

from pathlib import Path

import anyio
import httpx
import pytest

from academy.access.guard import Guard
from academy.api.openai import forms
from academy.api.openai.hints import hint_for
from academy.config import Settings
from academy.errors import Invalid
from academy.services.academy import Academy
from tests.adapters_help import make_mini_adapter

HI = {"messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    "wish",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
        {"logprobs": True},
        {"logprobs": True, "top_logprobs": 2},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ],
)
def test_what_no_model_here_can_promise_is_an_error_and_no_plain_answer(wish):
    with pytest.raises(Invalid) as error:
        forms.chat_request(forms.CompletionRequest.model_validate(HI | wish), [], ["academy-mini"])
    assert forms.error_body(error.value)["error"]["code"] == "unsupported_value"


@pytest.mark.parametrize("wish", [{"response_format": {"type": "text"}}, {"logprobs": False}, {"tool_choice": "none"}, {"logprobs": None}])
def test_what_asks_for_nothing_special_is_answered(wish):
    assert forms.chat_request(forms.CompletionRequest.model_validate(HI | wish), [], ["academy-mini"]).messages


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1", "begins"),
        ("/v1/", "begins"),
        ("/models", "end in /v1"),
        ("/chat/completions", "end in /v1"),
        ("/v1/v1/chat/completions", "twice"),
        ("/v1/embeddings", "does not have"),
        ("/api/tags", "Ollama"),
    ],
)
def test_a_lost_client_gets_a_hint(path, words):
    assert words in str(hint_for(path))


def test_other_addresses_get_none():
    assert hint_for("/v1/nothing") is None


ORIGINS = "http://localhost:3000, app://notes.example, vscode-webview://*"


def asked(tmp_path: Path, method: str, path: str, origin: str, *, token: str = "", origins: str = ORIGINS) -> httpx.Response:
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})

    settings = Settings(data_dir=tmp_path, cors_origins=origins, token=token, host="0.0.0.0" if token else "127.0.0.1", _env_file=None)  # type: ignore[call-arg]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=Guard(app, settings), client=("203.0.113.9", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
            return await client.request(method, path, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})

    return anyio.run(ask)


@pytest.mark.parametrize("origin", ["http://localhost:3000", "app://notes.example", "vscode-webview://0a1b"])
def test_an_origin_that_the_owner_names_may_use_the_api(origin, tmp_path):
    answer = asked(tmp_path, "POST", "/v1/chat/completions", origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    before = asked(tmp_path, "OPTIONS", "/v1/chat/completions", origin, token="a-token-of-the-owner")
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, origin)
    assert asked(tmp_path, "POST", "/v1/chat/completions", origin, token="a-token-of-the-owner").status_code == 401


@pytest.mark.parametrize(
    ("path", "origin", "origins"),
    [
        ("/v1/models", "https://evil.example", ORIGINS),
        ("/v1/models", "http://localhost:3001", ORIGINS),
        ("/v1/models", "null", ORIGINS),
        ("/v1/models", "http://localhost:3000", ""),
        ("/api/v1/academy/lessons", "http://localhost:3000", ORIGINS),
    ],
)
def test_any_other_origin_is_refused_in_words_of_openai(path, origin, origins, tmp_path):
    answer = asked(tmp_path, "POST", path, origin, origins=origins)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    if path.startswith("/v1/"):
        assert "ACADEMY_CORS_ORIGINS" in answer.json()["error"]["message"]


@pytest.mark.parametrize("origins", ["*", "localhost:3000", "https://*", "http://a/b"])
def test_a_setting_that_names_no_origin_is_refused(origins, tmp_path):
    with pytest.raises(ValueError, match="origin"):
        Settings(data_dir=tmp_path, cors_origins=origins, _env_file=None)  # type: ignore[call-arg]


def test_an_adapter_whose_base_is_on_another_machine_is_not_offered(settings: Settings) -> None:
    make_mini_adapter(settings.models_dir / "harbour")
    make_mini_adapter(settings.models_dir / "lost", base_model_name_or_path="/home/ann/models/far")
    make_mini_adapter(settings.models_dir / "nameless", base_model_name_or_path=None)
    academy = Academy(settings)
    try:
        listed = [item["id"] for item in forms.models(academy.adapters.answering(), academy.adapters.bases())["data"]]
    finally:
        academy.close()
    assert listed == ["academy", "academy-mini", "harbour"]
