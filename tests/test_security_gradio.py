"""What Gradio brings with it: no event of the page hands out a file, and nothing that is shown makes a request."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import serving
from starlette.routing import Mount

import app as start
from academy.access.guard import Guard
from academy.config import Settings
from academy.ui import ahead

CANARY = "canary-5e1f-this-must-never-leave"


class Served:
    """The whole application on a port, with a secret file in each place that must not be served."""

    def __init__(self, guard: Guard, settings: Settings, port: int, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.data = settings.data_dir
        mounted: Any = next(route.app for route in guard._app.routes if isinstance(route, Mount))  # type: ignore[attr-defined]
        self.blocks = mounted.get_blocks()
        self.secrets = [
            folder / "outside.txt",
            settings.data_dir / "inside.txt",
            settings.training_dir / "row.jsonl",
            Path("cwd-secret.txt").absolute(),
        ]
        for path in self.secrets:
            path.write_text(CANARY)
        self.client = httpx.Client(base_url=self.address, timeout=20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gradio")
    settings = Settings(data_dir=folder / "data", _env_file=None)  # type: ignore[call-arg]
    start.prepare_folders(settings)
    before = os.getcwd()
    os.chdir(settings.data_dir / "run")
    try:
        guard, academy = start.create_app(settings)
        academy.start = lambda: None  # type: ignore[method-assign]  # nothing shall be trained here
        with serving(guard, lifespan="on") as port:
            served = Served(guard, settings, port, folder)
            yield served
            served.client.close()
    finally:
        os.chdir(before)


def forms_of(path: Path) -> list[Any]:
    """The ways in which a request may name a file."""
    meta = {"_type": "gradio.FileData"}
    return [
        {"path": str(path), "meta": meta},
        [{"path": str(path), "meta": meta, "orig_name": "x.txt"}],
        {"value": {"path": str(path), "meta": meta}},
        [{"role": "user", "content": {"path": str(path), "meta": meta}}],
        {"text": "x", "files": [{"path": str(path), "meta": meta}]},
        {"path": "x", "url": f"file://{path}", "meta": meta},
    ]


def test_the_file_guard_of_gradio_is_on(served: Served) -> None:
    assert served.blocks.has_launched is True


def leaks(served: Served, answer: httpx.Response) -> bool:
    """Whether the answer, or what Gradio has copied to where it serves files from, holds one of the secrets."""
    copied = [path.read_bytes() for path in (served.data / "gradio").rglob("*") if path.is_file()]
    return any(CANARY.encode() in content or b"root:x:0" in content for content in (answer.content, *copied))


def probe(served: Served, every: bool) -> int:
    """Posts the ways of naming a file to the events of the page, at each of their inputs; `every`: each way, each file, each event."""
    paths = [*served.secrets, Path("/etc/passwd")]
    ways = range(len(forms_of(paths[0])))
    asked, seen = 0, set()
    for event in served.blocks.config["dependencies"]:
        # What Gradio does with one input depends on the component alone.
        places = range(len(event["inputs"])) if tuple(event["inputs"]) not in seen else ()
        seen.add(tuple(event["inputs"]))
        for place in [None, *places]:
            tries = [(path, way) for path in paths for way in ways] if every else [(paths[asked % 5], asked // 5 % len(ways))]
            for path, way in tries:
                form = forms_of(path)[way]
                data = [form if place in (None, index) else None for index in range(len(event["inputs"]))]
                body = {"data": data, "fn_index": event["id"], "session_hash": f"probe{asked}"}
                answer = served.client.post("/gradio_api/run/predict", json=body)
                assert not leaks(served, answer), (event["api_name"], place, form)
                asked += 1
    return asked


def test_no_event_takes_a_file_that_was_not_uploaded(served: Served) -> None:
    """Gradio copied any named file into its cache and served it from there, for as long as `launch` had not been called."""
    assert probe(served, every=False) > 40


@pytest.mark.torture
def test_no_event_takes_any_file_in_any_form(served: Served) -> None:
    assert probe(served, every=True) > 1_500


def test_what_the_page_asks_for_by_itself_takes_no_file_either(served: Served) -> None:
    servers = [block for block in served.blocks.blocks.values() if getattr(block, "server_fns", None)]
    assert servers
    for block in servers:
        for function in block.server_fns:
            for path in (served.secrets[0], Path("/etc/passwd")):
                body = {"component_id": block._id, "fn_name": function.__name__, "session_hash": "x"}
                for form in forms_of(path):
                    for data in (form, {"view": form, "act": "lessons.import", "args": form, "state": form, "files": [form]}):
                        assert not leaks(served, served.client.post("/gradio_api/component_server", json=body | {"data": data}))
                assert not leaks(served, served.client.post("/gradio_api/component_server", data={**body, "path": str(path)}))


def test_a_page_that_the_app_does_not_know_any_more_is_told_so(served: Served) -> None:
    # Gradio answered 500 to the number of a component or event that it does not have.
    for route, body in (
        ("component_server", {"data": 1, "component_id": 99_999, "fn_name": "live", "session_hash": "x"}),
        ("run/predict", {"data": [], "fn_index": 99_999, "session_hash": "x"}),
        ("queue/join", {"data": [], "fn_index": 99_999, "session_hash": "x"}),
    ):
        answer = served.client.post(f"/gradio_api/{route}", json=body)
        assert (answer.status_code, "Reload it" in answer.json()["detail"]) == (404, True)


def test_the_queue_takes_no_such_file_either(served: Served) -> None:
    events = [event for event in served.blocks.config["dependencies"] if event["inputs"]]
    for event in events[:: max(1, len(events) // 8)]:
        session = f"queue{event['id']}"
        body = {"data": [forms_of(served.secrets[0])[0]] * len(event["inputs"]), "fn_index": event["id"], "session_hash": session}
        joined = served.client.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            continue
        with served.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                assert CANARY not in line
                if '"process_completed"' in line or '"close_stream"' in line:
                    break
    assert not [path for path in (served.data / "gradio").rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize("route", ["/gradio_api/file=", "/gradio_api/file/", "/static/", "/assets/", "/svelte/"])
def test_no_route_serves_files_of_the_machine(served: Served, route: str) -> None:
    data = served.data
    (data / "lessons.db").touch()
    for path in (*served.secrets, Path("/etc/passwd"), data / "lessons.db", data / "token", Path(start.__file__)):
        for form in (str(path), str(path).lstrip("/"), f"../../../../../../..{path}", f"..%2f..%2f..%2f..{path}", f"file://{path}"):
            answer = served.client.get(f"{route}{form}")
            assert answer.status_code in (400, 403, 404), (route, form, answer.status_code)
            assert CANARY not in answer.text


def test_gradio_calls_nobody_and_records_nothing(served: Served) -> None:
    config = json.loads(served.client.get("/config").text)
    assert config.get("analytics_enabled") is False
    assert not config.get("run_history")
    assert not config.get("mcp_server")
    for path in (
        "/gradio_api/mcp/",
        "/gradio_api/mcp/sse",
        "/gradio_api/runs",
        "/monitoring",
        "/gradio_api/vibe-code",
        "/gradio_api/proxy=http://x",
    ):
        assert served.client.get(path).status_code == 404, path


def test_the_page_itself_names_no_other_host_that_would_be_loaded(served: Served) -> None:
    answer = served.client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "img-src 'self' data: blob:" in policy


@pytest.mark.parametrize(
    "name", ["../../escape.txt", "..\\..\\escape.txt", "/etc/cron.d/x", "a\x00b.txt", "con.txt", "x" * 300 + ".txt", ".bashrc"]
)
def test_an_upload_to_the_page_lands_in_its_own_folder_whatever_its_name(served: Served, name: str) -> None:
    answer = served.client.post("/gradio_api/upload", files={"files": (name, b"harmless")})
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code == 200:
        for path in answer.json():
            assert Path(path).resolve().is_relative_to(served.data / "gradio"), path


def test_the_page_names_the_files_of_its_components(served: Served) -> None:
    # A browser found them in five steps, 73 requests in all. Another version of Gradio may list them otherwise.
    kinds = {component["type"] for component in served.blocks.config["components"]}
    common = ahead.files_of([])
    assert not [kind for kind in kinds if ahead.files_of([kind]) == common]
    html = served.client.get("/").text
    scripts = re.findall(r'<link rel="modulepreload" crossorigin[^>]* href="\./(assets/[\w-]+\.js)">', html)
    assert sorted(f"assets/{name}" for name in ahead.files_of(kinds) if name.endswith(".js")) == sorted(scripts)
    assert {served.client.get(f"/{name}").status_code for name in scripts} == {200}
    assert html.count('<link rel="stylesheet" disabled') == sum(name.endswith(".css") for name in ahead.files_of(kinds))


def test_a_file_of_the_frontend_is_read_once_and_kept_by_browsers(served: Served) -> None:
    path = "/" + re.search(r"assets/index-[\w-]+\.js", served.client.get("/").text)[0]  # type: ignore[index]
    plain, packed = ({"accept-encoding": name} for name in ("identity", "br"))
    first, again = (served.client.get(path, headers=packed) for _ in range(2))
    assert (first.headers["content-encoding"], first.content) == ("br", again.content)
    assert served.client.get(path, headers=plain).content == first.content  # decoded by the client
    assert all("immutable" in answer.headers["cache-control"] for answer in (first, again))
    assert served.client.get(path, headers=plain | {"if-none-match": first.headers.get("etag", "*")}).status_code == 200
    assert served.client.get(path, headers=plain | {"range": "bytes=0-9"}).headers.get("cache-control") is None
    assert served.client.get("/assets/none.js").status_code == 404
    assert "cache-control" not in served.client.get("/assets/none.js").headers
