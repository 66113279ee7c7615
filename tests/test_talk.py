"""Chat over HTTP: whoever goes away is not answered any more, and clients of OpenAI's API read our errors."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

import app as application
from academy.access.guard import Guard
from academy.api.routes import create_api
from academy.config import Settings
from academy.services.academy import Academy
from tests.serving import serving
from tests.test_chat import EchoEngine
from tests.waiting import wait_until

CHAT = "/api/v1/academy/chat"
COMPLETIONS = "/v1/chat/completions"


@dataclass
class Served:
    port: int
    academy: Academy
    engine: EchoEngine

    def ask(self, path: str, question: str, *, stream: bool) -> socket.socket:
        """Sends a question and does not wait for the answer."""
        body = json.dumps({"messages": [{"role": "user", "content": question}], "stream": stream}).encode()
        asked = socket.create_connection(("127.0.0.1", self.port))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        asked.sendall(head.encode() + body)
        return asked

    def state(self) -> dict[str, Any]:
        return self.academy.chat.state()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    engine = EchoEngine()
    academy = Academy(settings, engine=engine)
    with serving(Guard(create_api(academy), settings)) as port:
        yield Served(port, academy, engine)
        engine.gate.set()
    academy.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_whoever_goes_away_while_waiting_leaves_the_line(served: Served, path: str, stream: bool) -> None:
    served.engine.gate.clear()
    first = served.ask(path, "first", stream=stream)
    wait_until(lambda: served.state()["busy"], "the first request to be answered")
    waiting = [served.ask(path, f"waiting {number}", stream=stream) for number in range(3)]
    wait_until(lambda: served.state()["waiting"] == 3, "three requests in line")
    waiting[1].close()
    wait_until(lambda: served.state()["waiting"] == 2, "one request to leave the line")
    served.engine.gate.set()
    for asked in (first, waiting[0], waiting[2]):
        assert asked.recv(1 << 16).startswith(b"HTTP/1.1 200")
        asked.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_whoever_goes_away_ends_the_own_reply(served: Served, path: str, stream: bool) -> None:
    served.engine.pause = 0.01
    asked = served.ask(path, "word " * 10_000, stream=stream)
    wait_until(lambda: served.state()["busy"], "the first request to be answered")
    if stream:
        assert asked.recv(1 << 16).startswith(b"HTTP/1.1 200")
    asked.close()
    wait_until(lambda: not served.state()["busy"], "the reply to end")


def test_an_event_is_one_line_also_with_rare_line_ends_in_it(served: Served) -> None:
    said = "one\u2028two\u2029three"
    for path in (CHAT, COMPLETIONS):
        asked = {"messages": [{"role": "user", "content": said}], "stream": True}
        with httpx.stream("POST", served.url + path, json=asked) as answer:
            data = [line[6:] for line in answer.iter_lines() if line.startswith("data: {")]
        found = [json.loads(line) for line in data]
        words = [part.get("delta") or (part.get("choices") or [{}])[0].get("delta", {}).get("content") or "" for part in found]
        assert "".join(words).split() == ["base", *said.split()]


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_errors_are_told_in_the_form_of_openai(client: openai.OpenAI) -> None:
    hello: Any = [{"role": "user", "content": "Hello"}]
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4", messages=hello)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        client.chat.completions.create(model="academy", messages=hello, temperature=9)
    assert "temperature" in wrong.value.body["message"]  # type: ignore[index]
    with pytest.raises(openai.NotFoundError) as nowhere:
        client.embeddings.create(model="academy", input="x")
    assert nowhere.value.body["message"]  # type: ignore[index]


def test_the_openai_package_asks_whole_and_piece_by_piece(client: openai.OpenAI) -> None:
    hello: Any = [{"role": "user", "content": [{"type": "text", "text": "Hello you"}]}]
    whole = client.chat.completions.create(model="academy", messages=hello, extra_body={"unknown": 1}, logprobs=False)
    assert whole.choices[0].message.content == "base Hello you "
    stream = client.chat.completions.create(model="base", messages=hello, stream=True, stream_options={"include_usage": True})
    parts = list(stream)
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == "base Hello you "
    assert parts[-1].usage is not None
    assert parts[-1].usage.completion_tokens == 3
    assert client.models.retrieve("academy-mini").id == "academy-mini"


def test_a_page_that_is_closed_leaves_the_line_too(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    application.prepare_folders(settings)
    engine = EchoEngine()
    app, academy = application.create_app(settings, engine=engine)
    engine.gate.clear()
    with serving(app, lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        page = httpx.get(f"{url}/config").json()
        event = next(item for item in page["dependencies"] if any(name == "ask" for _, name in item["targets"]))
        shown = {item["id"]: item["props"].get("value") for item in page["components"]}
        how = [shown[field] for field in event["inputs"][1:]]

        def ask(tab: str) -> socket.socket:
            asked = {"data": ["Hello", *how], "event_data": {}, "fn_index": event["id"], "session_hash": tab}
            httpx.post(f"{url}/gradio_api/queue/join", json=asked).raise_for_status()
            listening = socket.create_connection(("127.0.0.1", port))
            listening.sendall(f"GET /gradio_api/queue/data?session_hash={tab} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return listening

        first = ask("first")
        wait_until(lambda: academy.chat.state()["busy"], "the first request to be answered")
        others = [ask("second"), ask("third")]
        wait_until(lambda: academy.chat.state()["waiting"] == 2, "two requests in line")
        others[0].close()
        wait_until(lambda: academy.chat.state()["waiting"] == 1, "one request to leave the line")
        for tab in (first, others[1]):
            tab.close()
        wait_until(lambda: academy.chat.state()["waiting"] == 0, "an empty line")
        engine.gate.set()
        wait_until(lambda: not academy.chat.state()["busy"], "the reply to end")
