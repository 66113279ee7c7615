"""Gradio's MCP server as an option: a few tools behind the same guard, and nothing where it is off."""

from __future__ import annotations

import ast
import asyncio
import json
from typing import Any

import httpx
import pytest

import app as application
from tests.runs_help import a_run
from tests.serving import serving
from tests.test_report import a_report

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
HEADERS = {"Accept": "application/json, text/event-stream"}
NAMES = ["add_lesson", "ask", "promote", "proposals", "roll_back", "start_training", "training_report", "training_status"]


@pytest.fixture
def served(settings):
    """An app with MCP switched on, and its Academy."""
    ours = settings.model_copy(update={"mcp": True})
    application.prepare_folders(ours)
    app, academy = application.create_app(ours)
    with serving(app, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}", academy


async def _ask(url: str, calls: list[tuple[str, dict[str, Any]]], token: str = "") -> tuple[list[str], list[Any]]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx.AsyncClient(headers=headers, timeout=30) as client,
        streamable_http_client(f"{url}/gradio_api/mcp/", http_client=client) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        names = [tool.name for tool in (await session.list_tools()).tools]
        return names, [await session.call_tool(name, arguments) for name, arguments in calls]


def test_another_program_finds_the_tools_and_adds_a_lesson(served):
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
    assert sorted(names) == NAMES
    assert not added.isError
    assert academy.lessons.list().items[0].action == "Under the blue pot."
    assert unknown.isError
    assert "no job" in unknown.content[0].text


def test_an_assistant_reads_what_was_taught_promotes_and_takes_back(served, monkeypatch):
    url, academy = served
    monkeypatch.setattr(academy._adapter_store, "check", lambda adapter: None)  # written by hand, it fits no base
    a_run(academy._job_store, academy.settings.models_dir, "first", adapter=True)
    (academy.settings.models_dir / "first" / "report.json").write_text(json.dumps(a_report("ready")))
    found = academy.professor._proposals.add("first", "first", ["Knows 19 of 24."], "first", None)
    calls = [("training_report", {"job_id": "first"}), ("proposals", {}), ("promote", {"proposal_id": found.id}), ("roll_back", {})]
    _, answers = asyncio.run(_ask(url, calls))
    report, proposed, promoted, back = (ast.literal_eval(answer.content[0].text) if not answer.isError else answer for answer in answers)
    assert (report["verdict"], report["known"], report["general"]["right_after"]) == ("ready", {"rows": 19, "of": 24}, 8)
    assert (proposed["proposed"][0]["id"], proposed["active"], proposed["arena"]["votes"]) == (found.id, None, 0)
    assert promoted == {"active": "first"}
    assert "no earlier adapter" in back.content[0].text  # the base alone answered before


def test_the_guard_stands_before_it(served):
    url, _ = served
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = httpx.post(f"{url}/gradio_api/mcp/", json=INITIALIZE, headers=HEADERS | headers)
        assert answer.status_code in (400, 403, 421)


def test_where_others_can_reach_it_it_needs_the_token(settings):
    ours = settings.model_copy(update={"mcp": True, "host": "0.0.0.0", "token": "a long enough secret for this test"})
    application.prepare_folders(ours)
    app, academy = application.create_app(ours)
    with serving(app, lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        assert httpx.post(f"{url}/gradio_api/mcp/", json=INITIALIZE, headers=HEADERS).status_code == 401
        wrong = HEADERS | {"Authorization": "Bearer nothing"}
        assert httpx.post(f"{url}/gradio_api/mcp/", json=INITIALIZE, headers=wrong).status_code == 401
        names, (added,) = asyncio.run(_ask(url, [("add_lesson", {"question": "Who?", "answer": "Me."})], ours.token))
        assert sorted(names) == NAMES
        assert not added.isError
        assert academy.lessons.statistics()["total_lessons"] == 1


def test_the_tools_say_what_they_are_for(served):
    url, _ = served

    async def listed():
        from mcp import ClientSession
        from mcp.client.streamable_http import streamable_http_client

        async with streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return (await session.list_tools()).tools

    for tool in asyncio.run(listed()):
        assert tool.description
        for name, value in tool.inputSchema["properties"].items():
            assert value.get("description"), (tool.name, name)


def test_gradios_own_client_sees_the_tools_where_they_are_and_else_nothing_of_the_page(served, settings, tmp_path):
    from gradio_client import Client

    url, _ = served
    found: Any = Client(url, verbose=False, download_files=str(tmp_path)).view_api(return_format="dict")
    assert sorted(found["named_endpoints"]) == [f"/{name}" for name in NAMES]
    assert found["unnamed_endpoints"] == {}
    ours = settings.model_copy(update={"data_dir": tmp_path / "other"})
    application.prepare_folders(ours)
    app, _ = application.create_app(ours)
    with serving(app, lifespan="on") as port:
        found = Client(f"http://127.0.0.1:{port}", verbose=False, download_files=str(tmp_path)).view_api(return_format="dict")
    assert (found["named_endpoints"], found["unnamed_endpoints"]) == ({}, {})


def test_it_is_not_there_unless_it_is_asked_for(settings):
    application.prepare_folders(settings)
    app, _ = application.create_app(settings)
    with serving(app, lifespan="on") as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/gradio_api/mcp/", json=INITIALIZE, headers=HEADERS)
        assert answer.status_code in (404, 405)
        named = httpx.get(f"http://127.0.0.1:{port}/gradio_api/info").json()["named_endpoints"]
        assert named == {}
