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
    opened: set[asyncio.StreamWriter] = set()
    serving: set[asyncio.Task[None]] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()

    async def shut(writer: asyncio.StreamWriter) -> None:
        opened.discard(writer)
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.add(writer)
        task = asyncio.ensure_future(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            await shut(writer)
            return
        method, target, version = head[0].split(" ")
        headers = [line.split(": ", 1) for line in head[1:] if line]
        host = next(value for name, value in headers if name.lower() == "host")
        if (pages and host in pages) or not target.startswith(below):
            page = (pages or {}).get(host, "nothing here").encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
            await shut(writer)
            return
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "host")]
        kept += [("Host", host if keeps_host else "127.0.0.1"), ("Connection", "close"), ("X-Forwarded-For", "203.0.113.7")]
        kept += [("X-Forwarded-Host", host), ("X-Forwarded-Proto", "https" if certificate else "http")]
        lines = [f"{method} {target[len(below) :] or '/'} {version}", *(f"{name}: {value}" for name, value in kept)]
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        before.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        opened.add(before)
        up = asyncio.ensure_future(relay(reader, before))
        await relay(behind, writer)
        up.cancel()
        await shut(writer)
        await shut(before)

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    started: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def work() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        stop = asyncio.Event()
        started.append((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        # A task that was cancelled before its first step has not closed its connection.
        for writer in list(opened):
            writer.transport.abort()

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    assert ready.wait(10)
    inner, loop, stop = started[0]
    yield inner
    loop.call_soon_threadsafe(stop.set)
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
