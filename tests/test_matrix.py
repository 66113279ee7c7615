"""Every route there is (REST's and Gradio's) against every kind of caller that must not get in: all refused, nothing changed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import anyio
import httpx
import pytest
from serving import everything_in
from starlette.routing import Mount

import app as start
from academy.access.guard import Guard
from academy.access.requests import API
from academy.config import Settings
from academy.errors import Forbidden
from academy.services.academy import Academy

PROGRAMS = ("/api/", "/v1/", "/gradio_api/", "/openapi.json")
TOKEN = "the-right-token-of-this-test"
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:7860",
    "localhost.evil.example",
    "127.0.0.1.evil.example:7860",
    "localhost@evil.example",
    "169.254.169.254",
    "2130706433:7860",
    "[::ffff:93.184.216.34]:7860",
]
CROSS_SITE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://localhost:7860"},
    {"Origin": "http://localhost:7860.evil.example"},
    {"Referer": "http://evil.example/page"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TRICKS = [
    *(
        "//",
        "/./",
        "/../",
        "/%2e%2e/",
        "/..%2f..%2fetc/passwd",
        "//api/v1/academy/status",
        "/api//v1/academy/status",
        "/%2fapi/v1/academy/status",
    ),
    *(
        "/api/v1/academy/./status",
        "/api/v1/academy/x/../status",
        "/api/v1/academy/health/../status",
        "/api/v1/academy/health%2f..%2fstatus",
    ),
    *("/api/v1/academy/health;/../status", "/api/v1/academy/health%00/status", "/API/v1/academy/status", "/api/v1/academy/status/"),
    *("/login/../api/v1/academy/status", "/login/..%2fapi/v1/academy/status", "/login;/api/v1/academy/status", "/login%2f..%2f", "/loginx"),
    *("/login/x", "/logout/../config", "/login%00", "/login?/../config", "/login#/config", "\\login", "login", "*", ""),
    *("/gradio_api/file=/etc/passwd", "//gradio_api/file=/etc/passwd", "/gradio_api/%66ile=/etc/passwd", "/gradio_api/file%3d/etc/passwd"),
    *("/gradio_api/file=%2fetc%2fpasswd", "/gradio_api/file=..%2f..%2f..%2f..%2fetc%2fpasswd", "/gradio_api/file=http://evil.example/"),
    *("/gradio_api/proxy=http://evil.example/", "/gradio_api/%70roxy=http://evil.example/", "/gradio_api//proxy=http://evil.example/"),
    *(
        "/monitoring",
        "/monitoring/",
        "/monitoring/summary",
        "/gradio_api/mcp",
        "/gradio_api/mcp/",
        "/gradio_api/mcp/sse",
        "/gradio_api/mcp/http",
    ),
    *("/static/../../../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/svelte/../x"),
    *(
        "/.env",
        "/data/lessons.db",
        "/training/jobs.jsonl",
        "/token",
        "/cookie_key",
        "/docs/../config",
        "/academy/..;/config",
        "/v1/../config",
    ),
]
BAD_IDS = [
    *("..", ".", "...", "../", "../..", "../../etc/passwd", "..\\..\\windows", "/etc/passwd", "//etc/passwd", "C:\\windows", "C:/windows"),
    *("....//", "..;/", "..%00", "a/../b", "a/./b", "a//b", "a\\b", "./a", "~", "~root", "$HOME", "$(id)", "`id`", "a;id", "a|id", "a&b"),
    *("a\x00b", "\x00", "a\nb", "a\r\nSet-Cookie: x=1", "a\tb", " ", " a", "a ", "a b", "-rf", "--help", ".hidden", ".env", "a.", "a..b"),
    *("con", "NUL", "com1", "lpt1.txt", "aux.json", "a" * 121, "a" * 300, "a" * 4000, "é", "аdapter", "a\u202eb", "\ufeffa", "\u2025"),
    *(
        "％2e％2e",
        "🙂",
        "<script>alert(1)</script>",
        '"',
        "'",
        "{}",
        "[]",
        "*",
        "?",
        "#",
        "%",
        "%2e%2e%2f",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "\ud800",
    ),
]


@dataclass(frozen=True)
class Answer:
    status_code: int
    text: str


class Routes:
    """An application with all its routes, asked without a network."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        mounted: Any = next(route.app for route in guard._app.routes if isinstance(route, Mount))  # type: ignore[attr-defined]
        described = guard._app.openapi()["paths"]  # type: ignore[attr-defined]
        self.rest = [(method.upper(), path) for path, methods in described.items() for method in methods]
        # Not from its description, which leaves some of its routes out.
        self.gradio = list(routes_of(mounted))
        paths = {path for _, path in [*self.rest, *self.gradio]} | {"/docs", "/openapi.json", "/academy", "/academy/", "/nowhere", "/api/x"}
        asked = {*self.rest, *self.gradio} | {(method, path) for path in paths for method in ("GET", "HEAD", "POST", "OPTIONS")}
        self.all = sorted(asked)

    def ask(self, asked: list[tuple[str, str, dict[str, str]]]) -> list[Answer]:
        """The answers to requests, each a method, a path (as it stands in the request line) and headers."""

        async def work() -> list[Answer]:
            return [await self._one(method, path, headers) for method, path, headers in asked]

        return anyio.run(work)

    async def _one(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        # No client: each of them would tidy the path up first.
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False} if not sent else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"host": "localhost:7860"} | {name.lower(): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "client": ("203.0.113.9", 5000),
            "server": ("127.0.0.1", 7860),
        }
        await self.guard(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], body.decode("utf-8", "replace"))


def routes_of(router: Any) -> Iterator[tuple[str, str]]:
    """Every method and path of a router and of those that it includes."""
    for route in router.routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router)
        for method in getattr(route, "methods", None) or ():
            yield method, route.path


def filled(path: str, value: str = "x") -> str:
    """The path with all its places filled."""
    parts = path.split("{")
    return parts[0] + "".join(value + part.partition("}")[2] for part in parts[1:])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix") / "data"


def made(data: Path, **values: Any) -> Iterator[Routes]:
    settings = Settings(data_dir=data, _env_file=None, **values)  # type: ignore[call-arg]
    start.prepare_folders(settings)
    guard, academy = start.create_app(settings)
    yield Routes(guard)
    academy.close()


@pytest.fixture(scope="module")
def open_routes(data: Path) -> Iterator[Routes]:
    """On loopback, where no token is needed."""
    yield from made(data)


@pytest.fixture(scope="module")
def token_routes(data: Path, open_routes: Routes) -> Routes:
    """The same application behind a guard that needs a token."""
    settings = Settings(data_dir=data, token=TOKEN, host="0.0.0.0", _env_file=None)  # type: ignore[call-arg]
    return Routes(Guard(open_routes.guard._app, settings))


@pytest.fixture(autouse=True)
def _nothing_changes(data: Path, open_routes: Routes, token_routes: Routes) -> Iterator[None]:
    before = everything_in(data)
    yield
    assert everything_in(data) == before


def test_there_are_as_many_routes_as_we_think(open_routes: Routes) -> None:
    assert len(open_routes.rest) >= 45
    assert len(open_routes.gradio) >= 60


def test_without_the_right_token_no_route_answers(token_routes: Routes) -> None:
    outside = {("GET", f"{API}/health"), ("HEAD", f"{API}/health")}
    routes = [(method, filled(path)) for method, path in token_routes.all if (method, path) not in outside]
    routes = [(method, path) for method, path in routes if path.rstrip("/") not in ("/login", "/logout")]
    routes += [(method, path) for path in TRICKS for method in METHODS]
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        asked = [(method, path, headers) for method, path in routes]
        for request, answer in zip(asked, token_routes.ask(asked), strict=True):
            malformed = not request[1].startswith("/") or "%00" in request[1]
            assert answer.status_code in ((400,) if malformed else (401, 429)), (request, answer.status_code)
            assert TOKEN not in answer.text
    inside = token_routes.ask([("GET", f"{API}/status", {"Authorization": f"Bearer {TOKEN}"}), ("GET", f"{API}/health", {})])
    assert [answer.status_code for answer in inside] == [200, 200]


def test_under_a_foreign_host_no_route_answers(open_routes: Routes) -> None:
    asked = [(method, filled(path), {"Host": host}) for method, path in open_routes.all for host in FOREIGN_HOSTS]
    for request, answer in zip(asked, open_routes.ask(asked), strict=True):
        assert answer.status_code == 400, (request, answer.status_code)


def test_to_another_website_no_route_answers(open_routes: Routes) -> None:
    asked = [
        (method, filled(path), headers)
        for method, path in open_routes.all
        for headers in CROSS_SITE
        # A link to the page, which leaves nothing but a Referer, is everybody's right.
        if not (
            "Referer" in headers
            and method in ("GET", "HEAD", "OPTIONS")
            and not path.startswith(("/api/", "/v1/", "/gradio_api/", "/openapi.json"))
        )
    ]
    for request, answer in zip(asked, open_routes.ask(asked), strict=True):
        assert answer.status_code == 403, (request, answer.status_code)


def test_no_trick_with_a_path_leads_to_another_file_or_past_a_closed_door(open_routes: Routes, data: Path) -> None:
    for name in ("token", "canary.txt"):
        (data / name).write_text("root:this must never leave")
    asked = [(method, path, {}) for path in TRICKS for method in METHODS]
    for request, answer in zip(asked, open_routes.ask(asked), strict=True):
        path = request[1]
        # The login page only leads home here; a trailing slash of a page is a page, and health has nothing to hide.
        harmless = path.startswith(("/login", "/logout")) or (path in ("//", "/./", "/../") and answer.status_code == 200)
        assert harmless or answer.status_code in (400, 401, 403, 404, 405, 422), (request, answer.status_code, answer.text[:200])
        assert "root:" not in answer.text, request
    for name in ("token", "canary.txt"):
        (data / name).unlink()


def test_methods_that_nobody_needs_are_refused(open_routes: Routes, token_routes: Routes) -> None:
    asked = [
        (method, path, {})
        for method in ("TRACE", "CONNECT", "PROPFIND", "get", "FOO")
        for path in ("/", f"{API}/jobs", "/gradio_api/upload")
    ]
    for routes in (open_routes, token_routes):
        assert {answer.status_code for answer in routes.ask(asked)} == {405}


def test_no_websocket_gets_past_the_guard_without_the_right_token(token_routes: Routes) -> None:
    async def work() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        for _, path in token_routes.all:
            headers = [(b"host", b"localhost:7860"), (b"authorization", b"Bearer wrong")]
            scope = {
                "type": "websocket",
                "path": filled(path),
                "headers": headers,
                "server": ("127.0.0.1", 7860),
                "client": ("203.0.113.9", 1),
            }
            await token_routes.guard(scope, None, send)  # type: ignore[arg-type]
        return sent

    assert {message["type"] for message in anyio.run(work)} == {"websocket.close"}


def test_no_route_takes_a_bad_id(open_routes: Routes) -> None:
    bad = [quote(value.encode("utf-8", "surrogatepass"), safe="") for value in BAD_IDS]
    assert len(bad) >= 60
    routes = [(method, path) for method, path in open_routes.rest if "{" in path]
    served = ("/static/", "/assets/", "/svelte/", "/gradio_api/file", "/gradio_api/proxy", "/gradio_api/custom_component")
    routes += [(method, path) for method, path in open_routes.gradio if path.startswith(served) and "{" in path]
    asked = [(method, filled(path, value), {}) for method, path in routes for value in bad]
    for request, answer in zip(asked, open_routes.ask(asked), strict=True):
        assert answer.status_code in (400, 403, 404, 405, 414, 422), (request, answer.status_code, answer.text[:200])
        assert "root:" not in answer.text
        assert "Traceback" not in answer.text


def test_no_body_names_a_bad_id(open_routes: Routes) -> None:
    async def work() -> None:
        transport = httpx.ASGITransport(app=open_routes.guard, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
            for value in BAD_IDS:
                if not value.isprintable():
                    continue
                for path, body in (
                    ("/adapters/activate", {"adapter_id": value}),
                    ("/train", {"dataset_id": value}),
                    ("/train", {"dataset_path": value}),
                    ("/train", {"continue_from": value}),
                    ("/dataset", {"upload_ids": [value], "include_git": False}),
                    ("/chat", {"messages": [{"role": "user", "content": "x"}], "adapter_id": value}),
                ):
                    answer = await client.post(f"{API}{path}", json=body)
                    assert 400 <= answer.status_code < 500, (path, body, answer.text)

    anyio.run(work)


LOOKING = {
    *("lessons.statistics", "lessons.list", "lessons.get", "training.plan", "training.recipes", "training.base_models"),
    "training.warm",
    *(f"datasets.{verb}" for verb in ("uploads", "upload_report", "list", "newest", "get", "rows", "file", "diff", "tokens")),
    *(f"lessons.{verb}" for verb in ("find", "counts", "deleted", "imports", "import_report", "revision")),
    *(f"datasets.{verb}" for verb in ("view", "row", "keys", "held_out")),
    *("datasets.answer_to", "datasets.variations", "datasets.untaught", "datasets.new_lessons"),
    *(f"arena.{verb}" for verb in ("questions", "suggestions", "contenders", "progress", "vote_of", "judge_vote", "ranking")),
    *(f"sweeps.{verb}" for verb in ("list", "get", "trial", "series")),
    *(f"conversations.{verb}" for verb in ("list", "get", "keep", "mark", "pick", "show", "presets", "preset")),  # visitors may talk
    *(f"jobs.{verb}" for verb in ("counts", "busy", "list", "list_with_sizes", "open", "get", "view", "position")),
    *(f"jobs.{verb}" for verb in ("unfinished", "brief", "result", "usage", "freeable", "series", "figures")),
    *(f"jobs.{verb}" for verb in ("duration", "points", "metrics", "metrics_since", "checkpoints")),
    *(f"jobs.{verb}" for verb in ("log_tail", "log_part", "log_file", "log_size", "events_size")),
    *(f"bases.{verb}" for verb in ("list", "look")),
    "sessions.takes_tools",
    *(f"adapters.{verb}" for verb in ("active", "list", "get", "previous", "lineage", "effect", "unlisted", "answering", "bases")),
    *(f"evaluations.{verb}" for verb in ("list", "get", "of_adapter", "by_adapter")),
    *(f"exports.{verb}" for verb in ("list", "counts", "unfinished", "file", "forms", "one")),
    *(f"pushing.{verb}" for verb in ("check_allowed", "of")),
    *(f"documents.{verb}" for verb in ("list", "get", "passages", "progress", "pairs")),
    *(f"wordings.{verb}" for verb in ("progress", "proposals")),
    *(f"professor.{verb}" for verb in ("state", "proposals", "proposed", "opinion", "decisions", "autopilot")),
    *(f"remote.{verb}" for verb in ("list", "get", "allowed", "check_allowed")),
    *(f"chat.{verb}" for verb in ("state", "ask", "stream", "thinks", "warm", "expect", "stop")),
    *(f"machine.{verb}" for verb in ("status", "overview", "advice", "report", "gpus", "memory", "space", "libraries", "disk", "image")),
}
"""What a visitor of a demonstration may do; every other verb of Academy changes something."""


def test_a_demonstration_refuses_every_verb_that_changes_something(tmp_path: Path) -> None:
    academy = Academy(Settings(data_dir=tmp_path / "data", space_id="ann/academy", _env_file=None))  # type: ignore[call-arg]
    academy._permission.only_shows = True
    stages = {name: stage for name, stage in vars(academy).items() if not name.startswith("_") and name != "settings"}
    verbs = {
        f"{name}.{verb}": member
        for name, stage in stages.items()
        for verb, member in inspect.getmembers(stage, inspect.ismethod)
        if not verb.startswith("_")
    }
    assert verbs.keys() >= LOOKING
    assert len(verbs.keys() - LOOKING) > 20
    for name in verbs.keys() - LOOKING:
        needed = inspect.signature(verbs[name]).parameters.values()
        with pytest.raises(Forbidden, match="demonstration"):
            verbs[name](*["x" for parameter in needed if parameter.default is parameter.empty])
    academy.close()


def test_a_demonstration_refuses_every_unsafe_route_with_a_sentence(data: Path, open_routes: Routes, token_routes: Routes) -> None:
    settings = Settings(data_dir=data, space_id="ann/academy", host="0.0.0.0", _env_file=None)  # type: ignore[call-arg]
    routes = Routes(Guard(open_routes.guard._app, settings))
    talk = (f"{API}/chat", "/v1/chat/completions")
    unsafe = [(method, filled(path), {}) for method, path in routes.rest if method not in ("GET", "HEAD") and path not in talk]
    assert len(unsafe) >= 30
    unsafe.append(("POST", "/gradio_api/upload", {}))
    for request, answer in zip(unsafe, routes.ask(unsafe), strict=True):
        assert answer.status_code == 403, request
        assert "demonstration" in answer.text
