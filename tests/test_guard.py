"""The guard: hosts, origins, tokens, sizes and times."""

from __future__ import annotations

import contextlib
import re
import socket
import stat
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import memory_mb, serving

from academy.access import server
from academy.access.bodies import Patience
from academy.access.guard import Guard
from academy.access.login import Tries, token_for
from academy.config import Settings
from tests.waiting import every, every_async, wait_until


async def echo(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Reads the whole body and answers with its length; stands for the application behind the guard."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client has gone")
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": str(length).encode()})


def settings_for(tmp_path: Path, **values: Any) -> Settings:
    return Settings(data_dir=tmp_path, _env_file=None, **values)  # type: ignore[call-arg]


def client_of(guard: Guard, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=guard, client=("203.0.113.9", 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:7860", headers=headers)


def run(work: Any) -> Any:
    import anyio

    async def main() -> Any:
        return await work()

    return anyio.run(main)


def statuses(guard: Guard, path: str, asked: list[dict[str, str]], method: str = "GET") -> list[int]:
    async def work() -> list[int]:
        async with client_of(guard) as client:
            return [(await client.request(method, path, headers=headers)).status_code for headers in asked]

    return run(work)


FOREIGN_HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:7860",
    "evil.example:7860",
    "localhost@evil.example",
    "0.0.0.0:7860",
    "2130706433:7860",
    "[::ffff:93.184.216.34]:7860",
    "localhost:99999",
    "192.168.1.5:7860",
    "",
]
CROSS_SITE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://localhost:7860"},
    {"Origin": "http://localhost:7860.evil.example"},
    {"Origin": "http://localhost:7860@evil.example"},
    {"Referer": "http://evil.example/page"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    {"Origin": "http://localhost:7860", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_refused(tmp_path: Path, host: str) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    assert statuses(guard, "/", [{"Host": host}]) == [400]
    assert statuses(guard, "/", [{"X-Forwarded-Host": host}]) == [400]


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:7860", "127.8.9.1", "[::1]:7860", "LOCALHOST:7860"])
def test_every_name_of_loopback_is_answered(tmp_path: Path, host: str) -> None:
    assert statuses(Guard(echo, settings_for(tmp_path)), "/", [{"Host": host}]) == [200]


def test_hosts_that_the_owner_named_are_answered(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, allowed_hosts="academy.example, *.lan"))
    hosts = ["academy.example", "academy.example:443", "box.lan", "lan", "xacademy.example", "evil.lan.example"]
    assert statuses(guard, "/", [{"Host": host} for host in hosts]) == [200, 200, 200, 400, 400, 400]


def test_behind_a_proxy_the_forwarded_host_counts_as_our_own_page(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, allowed_hosts="academy.example"))
    forwarded = {"X-Forwarded-Host": "academy.example", "Origin": "https://academy.example"}
    assert statuses(guard, "/api/v1/academy/lessons", [forwarded], "POST") == [200]


def test_of_several_proxies_each_must_forward_a_host_that_is_known(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, allowed_hosts="academy.example,inner.lan"))
    path, outer = "/api/v1/academy/lessons", {"Origin": "https://academy.example"}
    assert statuses(guard, path, [outer | {"X-Forwarded-Host": "academy.example, inner.lan"}], "POST") == [200]
    assert statuses(guard, path, [outer | {"X-Forwarded-Host": "academy.example, evil.example"}], "POST") == [400]
    assert statuses(guard, path, [outer | {"X-Forwarded-Host": "academy.example,"}], "POST") == [400]
    assert statuses(guard, path, [{"Origin": "https://evil.example", "X-Forwarded-Host": "academy.example"}], "POST") == [403]


def test_behind_a_door_of_tls_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))

    async def work() -> list[str]:
        async with client_of(guard) as client:
            asked = [{}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Proto": "https, http"}]
            answers = [await client.post("/login", data={"token": "right-token"}, headers=headers) for headers in asked]
            return [answer.headers["set-cookie"] for answer in answers]

    assert ["Secure" in cookie for cookie in run(work)] == [False, True, True]


def test_an_address_is_only_ours_if_it_is_the_one_that_was_called(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="t" * 20))

    async def ask(server: str, host: str) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        headers = [(b"host", host.encode()), (b"authorization", b"Bearer " + b"t" * 20)]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "server": (server, 7860), "client": ("192.168.1.9", 1)}
        await guard(scope, receive, send)
        return sent[0]["status"]

    async def work() -> list[int]:
        return [await ask("192.168.1.5", "192.168.1.5:7860"), await ask("192.168.1.5", "10.0.0.9:7860")]

    assert run(work) == [200, 400]


@pytest.mark.parametrize("path", ["/", "/api/v1/academy/lessons", "/gradio_api/queue/join", "/gradio_api/upload", "/v1/chat/completions"])
@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_another_website_cannot_change_anything(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    for method in ("POST", "DELETE", "PATCH", "PUT"):
        assert statuses(guard, path, [headers], method) == [403]


@pytest.mark.parametrize("path", ["/api/v1/academy/status", "/gradio_api/queue/data?session_hash=x", "/gradio_api/file=/etc/passwd"])
@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_another_website_cannot_read_the_interfaces_either(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    assert statuses(guard, path, [headers]) == [403]


def test_a_link_from_another_website_leads_to_the_page_but_not_into_the_interfaces(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Referer": "https://evil.example/"}
    assert statuses(guard, "/", [visit]) == [200]
    assert statuses(guard, "/gradio_api/file=x", [visit]) == [403]
    assert statuses(guard, "/", [visit], "POST") == [403]


def test_programs_and_our_own_page_are_let_through(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    own = {"Origin": "http://localhost:7860", "Sec-Fetch-Site": "same-origin"}
    assert statuses(guard, "/api/v1/academy/lessons", [{}, own, {"Referer": "http://localhost:7860/x"}], "POST") == [200, 200, 200]


def test_a_websocket_from_another_website_is_closed(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path))
    sent: list[dict[str, Any]] = []

    async def work() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost:7860"), (b"origin", b"http://evil.example")]
        await guard({"type": "websocket", "path": "/x", "headers": headers, "server": ("127.0.0.1", 7860)}, None, send)  # type: ignore[arg-type]

    run(work)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_every_answer_carries_the_headers_that_bind_the_browser(tmp_path: Path) -> None:
    async def work() -> list[httpx.Headers]:
        async with client_of(Guard(echo, settings_for(tmp_path))) as client:
            return [(await client.get("/")).headers, (await client.get("/", headers={"Host": "evil.example"})).headers]

    for headers in run(work):
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"


# ------------------------------------------------------------------------------------------------------------- tokens


def test_loopback_needs_no_token_and_any_other_address_always_has_one(tmp_path: Path) -> None:
    assert token_for(settings_for(tmp_path)) == ""
    assert token_for(settings_for(tmp_path, host="0.0.0.0", token="given")) == "given"
    made = token_for(settings_for(tmp_path, host="0.0.0.0"))
    assert len(made) >= 32
    assert token_for(settings_for(tmp_path, host="192.168.1.5")) == made
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_with_a_token_only_health_and_the_login_answer_without_it(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))
    for path in ("/", "/docs", "/openapi.json", "/api/v1/academy/status", "/gradio_api/queue/join", "/v1/models", "/login/x"):
        asked = [
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic cmlnaHQtdG9rZW4="},
            {"Authorization": "Bearer right-token"},
        ]
        assert statuses(guard, path, asked)[-1] == 200
        assert set(statuses(guard, path, asked)[:-1]) <= {401, 429}
    assert statuses(guard, "/api/v1/academy/health", [{}]) == [200]
    assert statuses(guard, "/login", [{}]) == [200]


def test_the_link_lets_in_once_and_the_cookie_stays(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, host="0.0.0.0", token="right-token")
    guard = Guard(echo, settings)
    path = guard.login_path()

    async def work() -> tuple[httpx.Response, int, int, int]:
        async with client_of(guard) as first, client_of(guard) as second, client_of(Guard(echo, settings)) as restarted:
            answer = await first.get(path)
            restarted.cookies = first.cookies
            again = await second.get(path)
            return answer, (await first.get("/")).status_code, again.status_code, (await restarted.get("/")).status_code

    answer, inside, again, after_restart = run(work)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "right-token" not in cookie + path + answer.text
    assert (inside, again, after_restart) == (200, 401, 200)


def test_the_token_can_be_pasted_and_a_browser_without_it_is_led_to_the_form(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))

    async def work() -> list[httpx.Response]:
        async with client_of(guard, Accept="text/html") as client:
            led = await client.get("/")
            wrong = await client.post("/login", data={"token": "nearly"})
            right = await client.post("/login", data={"token": "right-token"})
            return [led, wrong, right, await client.get("/")]

    led, wrong, right, inside = run(work)
    assert (led.status_code, led.headers["location"]) == (303, "/login")
    assert wrong.status_code == 401
    assert "nearly" not in wrong.text
    assert (right.status_code, inside.status_code) == (303, 200)


def test_in_a_space_the_cookie_works_in_its_frame_and_without_token_nothing_can_be_changed(tmp_path: Path) -> None:
    space = {"host": "0.0.0.0", "space_id": "Ann_B/My.Academy"}
    guard = Guard(echo, settings_for(tmp_path, token="right-token", **space))
    demonstration = Guard(echo, settings_for(tmp_path, **space))

    async def work() -> httpx.Response:
        async with client_of(guard, Host="ann-b-my-academy.hf.space") as client:
            return await client.post("/login", data={"token": "right-token"})

    answer = run(work)
    for word in ("SameSite=None", "Secure", "Partitioned"):
        assert word in answer.headers["set-cookie"]
    assert "https://huggingface.co" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers
    host = {"Host": "ann-b-my-academy.hf.space"}
    assert statuses(demonstration, "/api/v1/academy/lessons", [host]) == [200]
    assert statuses(demonstration, "/api/v1/academy/lessons", [host], "POST") == [403]
    assert statuses(demonstration, "/api/v1/academy/chat", [host], "POST") == [200]
    own_domain = Guard(echo, settings_for(tmp_path, space_host="ann-b-my-academy.hf.space,teach.example", **space))
    assert statuses(own_domain, "/", [{"Host": "teach.example"}, {"Host": "other.example"}]) == [200, 400]


def test_whoever_logs_out_needs_the_token_again(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))

    async def work() -> list[httpx.Response]:
        async with client_of(guard) as client:
            await client.post("/login", data={"token": "right-token"})
            return [await client.get("/"), await client.get("/logout"), await client.get("/")]

    inside, bye, outside = run(work)
    assert (inside.status_code, bye.status_code, outside.status_code) == (200, 303, 401)
    assert bye.headers["location"] == "/login"
    assert statuses(guard, "/logout", [{}]) == [303]
    assert statuses(Guard(echo, settings_for(tmp_path)), "/logout", [{}]) == [303]


def test_a_program_that_only_looks_at_the_link_does_not_use_it_up(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0"))
    path = guard.login_path()
    assert statuses(guard, path, [{}], "HEAD") == [200]
    assert statuses(guard, path, [{}, {}]) == [200, 401]


def test_guesses_under_ever_new_addresses_shut_everybody_out(tmp_path: Path) -> None:
    # Behind a proxy of this machine the address is what X-Forwarded-For says, so anybody here can choose his own.
    tries = Tries(allowed=10, window=60, allowed_in_all=30)
    for number in range(31):
        assert not tries.shut_out(f"10.0.0.{number}")
        tries.failed(f"10.0.0.{number}", str(number).encode())
    assert tries.shut_out("10.0.1.1")


def test_guessing_is_answered_with_429_and_then_not_even_listened_to(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))
    guesses = [{"Authorization": f"Bearer guess-{number}"} for number in range(13)]
    found = statuses(guard, "/", [*guesses, {"Authorization": "Bearer right-token"}])
    assert found[:10] == [401] * 10
    assert set(found[10:]) == {429}


def test_a_program_with_an_old_token_does_not_shut_out_its_neighbour(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))
    found = statuses(guard, "/", [{"Authorization": "Bearer old"}] * 20 + [{"Authorization": "Bearer right-token"}])
    assert found[-2:] == [429, 200]


def test_forged_cookies_are_no_way_in(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))
    name = guard._door.cookie_name  # type: ignore[union-attr]
    forged = ["x", "9999999999.aa.bb", "9999999999..", f"{10**11}.a.{'0' * 64}", "²²²²²²²²²².a.b", ";;;=", "\x00"]
    asked: Any = [{"Cookie": f"{name}={value}".encode()} for value in forged]
    assert statuses(guard, "/", asked) == [401] * len(forged)


def test_the_count_of_tries_forgets_after_a_while() -> None:
    tries = Tries(allowed=2, window=0.05)
    assert [tries.failed("a", bytes([number])) for number in range(4)] == [False, False, True, True]
    assert tries.shut_out("a")
    wait_until(lambda: not tries.shut_out("a"), "the window to pass")
    assert not tries.shut_out("a")
    assert not tries.failed("a", b"z")


# ------------------------------------------------------------------------------------------------------------- sizes


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    guard = Guard(
        echo, settings_for(tmp_path, max_upload_mb=1), patience=Patience(pause_seconds=0.3, first_seconds=0.8, bytes_per_second=1000)
    )
    with serving(guard) as port:
        yield port


def ask(port: int, head: str, *chunks: bytes, pause: float = 0.0) -> str:
    """Sends raw bytes with pauses and returns all that is answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(f"{head}\r\nHost: localhost\r\n".encode().replace(b"\r\n\r\n", b"\r\n"))
            for chunk, _ in zip(chunks, every(pause), strict=False):
                connection.sendall(chunk)
        answer = b""
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            while piece := connection.recv(65536):
                answer += piece
                if re.search(rb"\r\n\r\n.+", answer, re.DOTALL):
                    break
        return answer.decode("latin-1")


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(port: int) -> None:
    answer = ask(port, "POST /api/v1/academy/train HTTP/1.1", b"Content-Length: 99999999\r\n\r\n")
    assert " 413 " in answer.split("\r\n")[0]
    assert "larger than 8 MB" in answer


def test_a_body_without_a_length_is_refused_at_the_limit_with_little_memory(port: int) -> None:
    before = memory_mb()

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * (1 << 20)

    answer = httpx.post(f"http://127.0.0.1:{port}/gradio_api/upload", content=endless(), timeout=30)
    assert answer.status_code == 413
    assert memory_mb() - before < 60


def test_a_body_within_the_limit_arrives_whole(port: int) -> None:
    assert httpx.post(f"http://127.0.0.1:{port}/api/v1/academy/dataset/upload", content=b"x" * (9 << 20)).text == str(9 << 20)


def test_a_form_of_ten_thousand_parts_is_refused(port: int) -> None:
    part = b'--mark\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=mark"}
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/academy/dataset/upload", content=part * 10_000, headers=headers)
    assert answer.status_code == 413
    assert "parts" in answer.json()["detail"]


def test_a_sender_that_stalls_or_dribbles_is_refused_while_others_are_answered(port: int) -> None:
    stalled = ask(port, "POST /api/v1/academy/train HTTP/1.1", b"Content-Length: 100\r\n\r\n", b"{")
    assert " 408 " in stalled
    dribbled = ask(port, "POST /api/v1/academy/train HTTP/1.1", b"Content-Length: 1000\r\n\r\n", *[b"x"] * 8, pause=0.1)
    assert " 408 " in dribbled
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("GET /" + "a" * 9000 + " HTTP/1.1\r\n\r\n", " 414 "),
        ("GET / HTTP/1.1\r\n" + "".join(f"X-{number}: 1\r\n" for number in range(150)) + "\r\n", " 431 "),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", " 400 "),
        ("GET http://evil.example/ HTTP/1.1\r\n\r\n", " 400 "),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", " 400 "),
    ],
    ids=["long address", "many headers", "two hosts", "absolute address", "negative length"],
)
def test_malformed_requests_are_refused(port: int, head: str, expected: str) -> None:
    assert expected in ask(port, head.rstrip("\r\n"), b"\r\n").split("\r\n")[0]


async def endless(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Streams until it is cancelled."""
    if scope["type"] == "lifespan":
        await echo(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    async for _ in every_async(lambda: 0.01):
        await send({"type": "http.response.body", "body": b"x", "more_body": True})


def test_two_hundred_that_never_end_their_request_hold_up_nobody_and_are_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # uvicorn waits for the head of a request for ever.
    monkeypatch.setattr(server, "HEAD_SECONDS", 1.0)
    slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
    for number, connection in enumerate(slow):
        if number % 4:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    for _ in range(5):
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        for connection in slow[1::4]:
            connection.sendall(b"x")  # what trickles in wins no time
    for number, connection in enumerate(slow):
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(4096):
                answer += piece
        # Who only connected, as browsers do ahead of time, gets no answer that it would take for that to its next question.
        assert answer.startswith(b"HTTP/1.1 408 ") if number % 4 else answer == b""
        connection.close()


def test_a_second_request_of_a_connection_has_as_much_time_as_the_first(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.4)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: lo")
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200  # by then the first half has arrived
            connection.sendall(b"calhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 ")
            with socket.create_connection(("127.0.0.1", port), timeout=10) as other:  # a whole time for a head passes
                other.sendall(b"GET /")
                assert other.recv(4096).startswith(b"HTTP/1.1 408 ")
        connection.sendall(b"GET /")
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_what_is_no_http_is_answered_in_json(port: int) -> None:
    answer = ask(port, "\x00\x01 nonsense", b"\r\n")
    assert answer.startswith("HTTP/1.1 400 ")
    assert '"detail"' in answer


def test_a_sender_that_goes_away_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(Guard(echo, settings_for(tmp_path))) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    # The server has ended, so it has dealt with every connection.
    assert not [record for record in caplog.records if record.exc_info and record.levelname == "ERROR"]


def test_a_stream_ends_with_the_server_and_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(Guard(endless, settings_for(tmp_path))) as port:
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100)
    ended = b""
    with connection, contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            ended = (ended + piece)[-5:]
    assert ended == b"0\r\n\r\n"
    assert not [record for record in caplog.records if record.exc_info]


def test_under_a_path_of_a_proxy_the_rules_are_the_same(tmp_path: Path) -> None:
    guard = Guard(echo, settings_for(tmp_path, host="0.0.0.0", token="right-token"))

    async def work() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=guard, root_path="/models", client=("203.0.113.9", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
            asked = ["/models/api/v1/academy/health", "/models/api/v1/academy/status", "/models/login", "/models/monitoring"]
            answers = [await client.get(path) for path in asked]
            answers.append(await client.get("/models/", headers={"Accept": "text/html"}))
            answers.append(await client.post("/models/login", data={"token": "right-token"}))
            return answers

    health, status, login, monitoring, page, inside = run(work)
    assert [answer.status_code for answer in (health, status, login, monitoring)] == [200, 401, 200, 401]
    assert page.headers["location"] == "/models/login"
    assert inside.headers["location"] == "/models/"
    assert "Path=/models;" in inside.headers["set-cookie"]
