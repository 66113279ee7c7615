"""A program of Academy that may use the network: its process, what of the environment it sees, its events, its end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from academy.errors import Refused
from academy.messages import from_json, msg

_ROOT = Path(__file__).resolve().parents[1]
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NETRC", "XDG_CACHE_HOME", "SYSTEMROOT")
_FAMILIES = ("HF_", "HUGGING", "AWS_", "GOOGLE_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_SET = {
    "PYTHONPATH": str(_ROOT),
    "PYTHONSAFEPATH": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_XET": "1",  # it connects past the guard
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_GCE_CHECK": "true",
}


class Outside:
    """One run of a program in a folder of its own, which is removed when it is closed."""

    def __init__(self, module: str, folder: Path, silent: str) -> None:
        """Starts the module in a new folder below this one; `silent` is the sentence, with {code}, for an end without a word."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="remote-", dir=folder))
        self._silent = silent
        env = environment(os.environ) | {"HF_DATASETS_CACHE": str(self.folder / "cache")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=env,
        )

    def ask(self, request: Mapping[str, Any]) -> None:
        """Hands the request over, on its input, since other users of this machine can read a command line, and files last."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()  # it stays open: the program ends when it closes, as when the app is killed

    def events(self, seconds: float | None = None) -> Iterator[dict[str, Any]]:
        """What it says, up to the end; raises Refused with its reason where it fails, or takes longer than the seconds."""
        late = threading.Event()
        timer = threading.Timer(seconds, self._give_up, [late]) if seconds else None
        if timer:
            timer.start()
        last: dict[str, Any] = {}
        try:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                if not line.endswith("\n"):
                    break  # it was killed in the middle
                last = json.loads(line)
                if last["type"] == "failed":
                    raise Refused(from_json(last["reason"]) or "")
                yield last
        finally:
            if timer:
                timer.cancel()
        if last.get("type") != "done":
            code = self._process.wait()
            if late.is_set():
                raise Refused("The server did not answer within {seconds} seconds.", hint="Try again later.", seconds=int(seconds or 0))
            raise Refused(msg(self._silent, code=code), hint="Try again.")

    def stop(self) -> None:
        """Ends the process now."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and removes what it wrote."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _give_up(self, late: threading.Event) -> None:
        late.set()
        self.stop()


def environment(outside: Mapping[str, str]) -> dict[str, str]:
    """What of the app's environment the program sees: nothing of Academy's own."""
    passed = {name: value for name, value in outside.items() if name in _PASSED or name.upper().startswith(_FAMILIES)}
    return passed | _SET
