"""A small reverse proxy for tests: it takes a path off, says what it forwards, and speaks TLS where it is given a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def proxying(
    port: int,
    *,
    below: str = "",
    keeps_host: bool = True,
    certificate: Path | None = None,
    pages: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """The port of a proxy in front of `port`; `below`: the path it serves the app under, `pages`: other hosts that it answers for."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(ConnectionError, RuntimeError):
            writer.close()
            await writer.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        method, target, version = head[0].split(" ")
        headers = [line.split(": ", 1) for line in head[1:] if line]
        host = next(value for name, value in headers if name.lower() == "host")
        if (pages and host in pages) or not target.startswith(below):
            page = (pages or {}).get(host, "nothing here").encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
            await writer.drain()
            writer.close()
            return
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "host")]
        kept += [("Host", host if keeps_host else "127.0.0.1"), ("Connection", "close"), ("X-Forwarded-For", "203.0.113.7")]
        kept += [("X-Forwarded-Host", host), ("X-Forwarded-Proto", "https" if certificate else "http")]
        lines = [f"{method} {target[len(below) :] or '/'} {version}", *(f"{name}: {value}" for name, value in kept)]
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        before.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        up = asyncio.ensure_future(relay(reader, before))
        await relay(behind, writer)
        up.cancel()
        before.close()

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    started: list[asyncio.Server] = []
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def listen() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        started.append(server)
        ready.set()

    def work() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()
        for task in (left := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield started[0].sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(started[0].close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def self_signed(folder: Path, *names: str) -> Path:
    """A certificate with its key in one file, for these names."""
    path = folder / "certificate.pem"
    subjects = ",".join(f"DNS:{name}" for name in names)
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(path), "-out", str(folder / "only.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={subjects}"],
        check=True,
        capture_output=True,
    )
    with open(path, "ab") as file:
        file.write((folder / "only.pem").read_bytes())
    return path
