"""Uploads and bodies that are far too large or too slow: refused at the limit, with little memory, while others are answered."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import memory_mb, peak_memory_mb, serving

from academy.access.bodies import Patience
from academy.access.guard import Guard
from academy.access.requests import API
from academy.api.routes import create_api
from academy.config import Settings
from academy.services.academy import Academy

_SEND = """
import http.client, sys, time
port, path, megabytes, length, filler = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "length", sys.argv[5]
head = b'--mark\\r\\nContent-Disposition: form-data; name="files"; filename="large.jsonl"\\r\\n\\r\\n'
tail = b"\\r\\n--mark--\\r\\n"
block = (filler.encode() * (1 << 20))[: 1 << 20]
def body():
    yield head
    for _ in range(megabytes):
        yield block
    yield tail
headers = {"Content-Type": "multipart/form-data; boundary=mark"}
if length:
    headers["Content-Length"] = str(len(head) + (megabytes << 20) + len(tail))
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
connection.request("POST", path, body=body(), headers=headers, encode_chunked=not length)
answer = connection.getresponse()
print(answer.status, answer.read().decode()[:500])
"""


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    made = Academy(settings)
    yield made
    made.close()


def send(port: int, path: str, megabytes: int, *, length: bool = True, filler: str = "x") -> str:
    """Sends one large file from another process and returns the answer."""
    command = [sys.executable, "-c", _SEND, str(port), path, str(megabytes), "length" if length else "chunked", filler]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def while_others_ask(port: int, work: Any) -> tuple[Any, dict[str, float]]:
    """Does the work, meanwhile asks for the status again and again; returns its result and what was measured."""
    slowest, done = [0.0], threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while not done.is_set():
                began = time.monotonic()
                assert client.get(f"{API}/status").status_code == 200
                slowest[0] = max(slowest[0], time.monotonic() - began)
                done.wait(0.05)

    thread = threading.Thread(target=ask)
    assert httpx.get(f"http://127.0.0.1:{port}{API}/status", timeout=30).status_code == 200  # the first one looks around
    before = memory_mb()
    thread.start()
    try:
        result = work()
    finally:
        done.set()
        thread.join()
    return result, {"slowest_other": slowest[0], "memory_mb": peak_memory_mb() - before}


def left_over(folder: Path) -> list[Path]:
    return [path for name in ("incoming", "uploads") if (folder / name).is_dir() for path in (folder / name).rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", ["/dataset/upload", "/lessons/import"])
@pytest.mark.parametrize("length", [True, False])
def test_a_file_far_beyond_the_limit_is_refused_and_nothing_of_it_stays(academy: Academy, path: str, length: bool) -> None:
    academy.settings = academy.settings.model_copy(update={"max_upload_mb": 1})
    with serving(Guard(create_api(academy), academy.settings)) as port:
        # Within what ten files may have together, so it is read; beyond that it is not.
        for megabytes in (5, 30):
            assert send(port, f"{API}{path}", megabytes, length=length).startswith("413 ")
    assert left_over(academy.settings.data_dir) == []


@pytest.mark.torture
@pytest.mark.parametrize("path", [f"{API}/dataset/upload", f"{API}/lessons/import", "/gradio_api/upload", f"{API}/train"])
@pytest.mark.parametrize("length", [True, False])
def test_a_gigabyte_is_refused_with_little_memory(academy: Academy, path: str, length: bool) -> None:
    with serving(Guard(create_api(academy), academy.settings)) as port:
        answer, figures = while_others_ask(port, lambda: send(port, path, 1100, length=length))
    print(path, length, answer[:120], figures)
    assert answer[:3] in ("413", "404")  # there is no page behind this application, so that its route reads nothing
    assert figures["memory_mb"] <= 150
    assert figures["slowest_other"] <= 0.5
    assert left_over(academy.settings.data_dir) == []


@pytest.mark.torture
@pytest.mark.parametrize("filler", ["x", "[", '{"a":', '"', "\n", '{"messages":[],"x":"' + "y" * 2000 + '"}\n'])
def test_an_odd_file_of_four_hundred_megabytes_takes_little_memory(academy: Academy, filler: str) -> None:
    with serving(Guard(create_api(academy), academy.settings)) as port:
        answer, figures = while_others_ask(port, lambda: send(port, f"{API}/lessons/import", 400, filler=filler))
    print(repr(filler), answer[:200], figures)
    assert answer.startswith("200 ")
    assert figures["memory_mb"] <= 150


def test_fifty_stalled_senders_hold_up_nobody(academy: Academy) -> None:
    patience = Patience(pause_seconds=0.5, first_seconds=1.0)
    with serving(Guard(create_api(academy), academy.settings, patience=patience)) as port:
        stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        kind = "Content-Type: multipart/form-data; boundary=mark\r\nContent-Length: 999999"
        for connection in stalled:
            connection.sendall(f"POST {API}/dataset/upload HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n\r\n--mark".encode())
        answer, figures = while_others_ask(port, lambda: [connection.recv(100) for connection in stalled])
        for connection in stalled:
            connection.close()
    assert {piece.split()[1] for piece in answer} == {b"408"}
    assert figures["slowest_other"] < 5
