"""An engine over SSH: a socket of this machine whose connections are each `ssh HOST docker system dial-stdio`.

The SDK's own way needs another library for SSH, asks for passwords on the terminal and knows no time limit.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from academy.errors import Unavailable

_SSH = (
    *("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),  # a connection that is dead ends after 15 s
)

_WHY_SECONDS = 2.0


class Tunnel:
    """A socket in a folder of the user's own."""

    def __init__(self, url: str) -> None:
        self._argv = [*_SSH, *address(url), "docker system dial-stdio"]
        folder = Path(tempfile.mkdtemp(prefix="academy-ssh-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.path = folder / "docker.sock"
        self._failed = threading.Condition()
        self._said, self._failed_at = "", 0.0  # the newest connection that failed
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        threading.Thread(target=self._serve, name="ssh", daemon=True).start()

    def why(self, since: float) -> str:
        """What ssh said of a connection that broke since then, or nothing."""
        with self._failed:
            self._failed.wait_for(lambda: self._failed_at >= since, _WHY_SECONDS)
            return self._said if self._failed_at >= since else ""

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._connect, args=(connection,), name="ssh connection", daemon=True).start()

    def _connect(self, connection: socket.socket) -> None:
        """One connection: ssh reads from it and writes to it itself."""
        try:
            with connection:
                process = subprocess.Popen(
                    self._argv,
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
        except OSError as error:
            self._note(f"{self._argv[0]}: {error.strerror}")
            return
        _, said = process.communicate()
        if process.returncode:
            lines = said.strip().splitlines() or [f"ssh ended with exit code {process.returncode}"]
            self._note(lines[-1][:300].rstrip("."))

    def _note(self, said: str) -> None:
        with self._failed:
            self._said, self._failed_at = said, time.monotonic()
            self._failed.notify_all()


@functools.cache
def tunnel_to(url: str) -> Tunnel:
    """The tunnel to a host, begun once."""
    return Tunnel(url)


def address(url: str) -> list[str]:
    """The host of `ssh://[user@]host[:port]` as arguments of ssh; raises Unavailable for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit("ssh:"), None
    if not parts.hostname or parts.hostname.startswith("-") or parts.password or parts.path.strip("/"):
        raise Unavailable("DOCKER_HOST is no address over SSH.", hint="Write it as ssh://user@host or ssh://user@host:port.")
    user = ["-l", parts.username] if parts.username else []
    return [*user, *(["-p", str(port)] if port else []), "--", parts.hostname]
