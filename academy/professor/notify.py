"""Tells an address of the owner's that something ended or is proposed: a webhook as JSON, an ntfy topic as plain text."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx

from academy.files import now
from academy.messages import Text, render

log = logging.getLogger(__name__)

_SECONDS = 10.0
_WAITING = 100


@dataclass(frozen=True)
class Notice:
    """What is told: names and a sentence, and nothing of what was taught."""

    event: Literal["finished", "failed", "proposed"]
    name: str
    sentence: Text
    id: str  # of the job or the proposal


class Notifier:
    """Sends notices one after another in a thread of its own; a failure is logged, and stops nothing."""

    def __init__(self, url: str) -> None:
        self._url = address(url)
        self._ntfy = is_ntfy(url)
        self._waiting: queue.Queue[Notice] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, notice: Notice) -> None:
        """Queues a notice and returns at once; without an address nothing happens."""
        if not self._url:
            return
        try:
            self._waiting.put_nowait(notice)
        except queue.Full:
            log.warning("A notification is dropped: %d wait already.", _WAITING)
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="notifier", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                notice = None
                with contextlib.suppress(queue.Empty):
                    notice = self._waiting.get_nowait()
                if notice is None:
                    self._thread = None
                    return
            self._post(notice)

    def _post(self, notice: Notice) -> None:
        sentence = render(notice.sentence, "en")
        try:
            if self._ntfy:
                reply = httpx.post(self._url, content=sentence.encode(), headers={"Title": "Academy"}, timeout=_SECONDS)
            else:
                body = {"event": notice.event, "name": notice.name, "sentence": sentence, "id": notice.id, "at": now()}
                reply = httpx.post(self._url, json=body, timeout=_SECONDS)
            reply.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the host: the rest of the address may be a secret.
            why = f"status {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
            log.warning("The notification to %s failed: %s.", urlsplit(self._url).hostname, why)


def is_ntfy(url: str) -> bool:
    """Whether plain text is wanted: the address begins with `ntfy:` or `ntfy+http:`, or its host is called ntfy, as ntfy.sh."""
    parts = urlsplit(url)
    return parts.scheme in ("ntfy", "ntfy+http", "ntfy+https") or (parts.hostname or "").split(".")[0] == "ntfy"


def address(url: str) -> str:
    """The address to post to; `ntfy:` means HTTPS."""
    for prefix, scheme in (("ntfy+http://", "http://"), ("ntfy+https://", "https://"), ("ntfy://", "https://")):
        if url.startswith(prefix):
            return scheme + url.removeprefix(prefix)
    return url
