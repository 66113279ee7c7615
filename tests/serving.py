"""Serves an ASGI application on a free port of loopback for the time of a test, in a thread of its own."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from academy.access.server import make_server
from tests.waiting import wait_until


@contextlib.contextmanager
def serving(app: Any, *, host: str = "127.0.0.1", lifespan: Literal["auto", "on"] = "auto", root_path: str = "") -> Iterator[int]:
    """The port at which the application answers, as app.py would serve it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # as app.py's
    listener.bind((host, 0))
    listener.listen(2048)
    server = make_server(app, log_level="error", root_path=root_path)
    server.config.timeout_graceful_shutdown = 1
    server.config.lifespan = lifespan
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive(), "the server to start", seconds=30)
    assert server.started, "the server did not start"
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def peak_memory_mb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_mb() -> float:
    """The memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder with their content, to see that nothing has changed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
