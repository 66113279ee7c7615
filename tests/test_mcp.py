"""Gradio's MCP server as an option: a few tools behind the same guard, and nothing where it is off."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

import app as application
from tests.serving import serving

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
HEADERS = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def served(settings):
    """An app with MCP switched on, and its Academy."""
    ours = settings.model_copy(update={"mcp": True})
    application.prepare_folders(ours)
    app, academy = application.create_app(ours)
    with serving(app, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}", academy


async def _ask(url: str, calls: list[tuple[str, dict[str, Any]]]) -> tuple[list[str], list[Any]]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(f"{url}/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        names = [tool.name for tool in (await session.list_tools()).tools]
        return names, [await session.call_tool(name, arguments) for name, arguments in calls]


def test_another_program_finds_four_tools_and_adds_a_lesson(served):
    url, academy = served
    names, (added, unknown) = asyncio.run(
        _ask(
            url,
            [
                ("add_lesson", {"question": "Where is the key?", "answer": "Under the blue pot."}),
                ("training_status", {"job_id": "training_20200101_000000_abcd"}),
            ],
        )
    )
    assert sorted(names) == ["add_lesson", "ask", "start_training", "training_status"]
    assert not added.isError
    assert academy.list_lessons().items[0].action == "Under the blue pot."
    assert unknown.isError
    assert "no job" in unknown.content[0].text


def test_the_guard_stands_before_it(served):
    url, _ = served
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = httpx.post(f"{url}/gradio_api/mcp/", json=INITIALIZE, headers=HEADERS | headers)
        assert answer.status_code in (400, 403, 421)


def test_it_is_not_there_unless_it_is_asked_for(settings):
    application.prepare_folders(settings)
    app, _ = application.create_app(settings)
    with serving(app, lifespan="on") as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/gradio_api/mcp/", json=INITIALIZE, headers=HEADERS)
        assert answer.status_code in (404, 405)
        named = httpx.get(f"http://127.0.0.1:{port}/gradio_api/info").json()["named_endpoints"]
        assert named == {}
