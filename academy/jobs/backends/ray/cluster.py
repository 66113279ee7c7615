"""The app's side of the carrier: every request has a time limit, after which the carrier is ended and begun again."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any
from urllib.parse import urlsplit

from academy.config import Settings
from academy.errors import Unavailable
from academy.jobs.backends.protocol import ROOT
from academy.messages import msg

INSTALL = "pip install 'ray[default]'"
SECONDS = 60.0
_CLIENT_PORT = 10001  # where a Ray head serves its clients
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NO_PROXY", "no_proxy")
_PREFIXES = ("RAY_", "AWS_", "GOOGLE_", "AZURE_", "FSSPEC_")


class Cluster:
    """A Ray cluster by its address."""

    def __init__(self, settings: Settings) -> None:
        self.store = settings.ray_store
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def check(self) -> None:
        """Raises Unavailable where Ray is not installed or has no address; asks no cluster."""
        if importlib.util.find_spec("ray") is None:
            raise Unavailable("The Python package ray is not installed.", hint=INSTALL)
        if not self._settings.ray_address:
            hint = "Set RAY_ADDRESS to the address of its dashboard, such as http://head:8265."
            raise Unavailable("No Ray cluster is named.", hint=hint)

    def ask(self, operation: str, *arguments: Any, seconds: float = SECONDS) -> Any:
        """The cluster's answer; raises Unavailable where there is none in time, or where it refuses."""
        self.check()
        with self._lock:
            pipe = self._connected()
            try:
                pipe.send((operation, arguments))
                if not pipe.poll(seconds):
                    self._end()
                    hint = "Look at its head node; the job goes on there."
                    raise Unavailable("The Ray cluster does not answer within {seconds:.0f} s.", hint=hint, seconds=seconds)
                kind, *rest = pipe.recv()
            except (OSError, EOFError) as error:
                self._end()
                raise Unavailable("The connection to the Ray cluster broke.", hint="Check RAY_ADDRESS and the head node.") from error
        if kind == "ok":
            return rest[0]
        raise _why(*rest)

    def close(self) -> None:
        """Ends the carrier."""
        with self._lock:
            self._end()

    def _connected(self) -> Connection:
        if self._pipe is None or self._process is None or self._process.poll() is not None:
            self._end()
            mine, other = Pipe()
            argv = [sys.executable, "-m", "academy.jobs.backends.ray.carrier", str(other.fileno()), *addresses(self._settings), self.store]
            with other:
                self._process = subprocess.Popen(
                    argv, env=_environment(os.environ), stdin=subprocess.DEVNULL, pass_fds=(other.fileno(),), start_new_session=True
                )
            self._pipe = mine
        return self._pipe

    def _end(self) -> None:
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._pipe = self._process = None


def addresses(settings: Settings) -> tuple[str, str]:
    """The dashboard's and the clients' address: of one, the other is derived by Ray's usual ports."""
    given = settings.ray_address if "://" in settings.ray_address else f"http://{settings.ray_address}"
    parts = urlsplit(given)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if parts.scheme == "ray":
        return f"http://{host}:8265", given
    return given, settings.ray_client or f"ray://{host}:{_CLIENT_PORT}"


def _environment(outside: Mapping[str, str]) -> dict[str, str]:
    """The cluster's own settings, its token among them, and nothing else of the app's."""
    env = {name: value for name, value in outside.items() if name in _PASSED or name.startswith(_PREFIXES)}
    return env | {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}


def _why(kind: str, text: str) -> Unavailable:
    lower = text.lower()
    if kind == "AuthenticationError" or "authentication" in lower or "unauthenticated" in lower or "invalid token" in lower:
        hint = "Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH) to the cluster's, and restart Academy."
        return Unavailable("The Ray cluster refuses the token.", hint=hint, code="RAY_TOKEN")
    if kind in ("ConnectionError", "ConnectTimeout", "ConnectionAbortedError") or "failed to connect" in lower:
        return Unavailable("The Ray cluster does not answer.", hint="Check RAY_ADDRESS, and that its head node runs.")
    if kind in ("ModuleNotFoundError", "ImportError"):
        hint = f"{INSTALL}; for a store also what its URL needs, such as s3fs."
        return Unavailable(msg("A Python package for the Ray cluster is missing: {text}.", text=text), hint=hint)
    if kind == "KeyError":
        return Unavailable("The Ray cluster no longer has what was left there.", hint="Was its head node restarted?", code="RAY_GONE")
    return Unavailable("The Ray cluster answered with an error: {kind}: {text}", hint="Look at its dashboard.", kind=kind, text=text[:300])
