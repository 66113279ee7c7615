"""The body of a request on its way to the application: bounded in size, in parts and in time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass

import orjson
from starlette.types import Message, Receive, Scope, Send

from academy.access.requests import Refusal
from academy.messages import msg

log = logging.getLogger(__name__)

_MAX_PARTS = 200
_LINGER_BYTES = 4 << 30
_LINGER_SECONDS = 20.0


@dataclass(frozen=True)
class Patience:
    """How slowly a body may arrive: the longest pause, and a pace to keep after the first seconds."""

    pause_seconds: float = 15.0
    first_seconds: float = 20.0
    bytes_per_second: int = 8 << 10


class Body:
    """Passes the request's body on within its limits; beyond one of them, answers in the application's place."""

    def __init__(self, receive: Receive, send: Send, limit: int, patience: Patience, content_type: str) -> None:
        self.limit = limit
        self.refused = False
        self.abandoned = False
        self._receive = receive
        self._send = send
        self._patience = patience
        self._started = False
        self._finished = False
        self._complete = False
        self._bytes = 0
        self._waited = 0.0
        self._parts = _Parts(content_type)

    async def receive(self) -> Message:
        """The next message; `http.disconnect` after a refusal."""
        if self.refused:
            return {"type": "http.disconnect"}
        if self._complete:
            return await self._receive()
        began = time.monotonic()
        remaining = self._patience.first_seconds + self._bytes / self._patience.bytes_per_second - self._waited
        try:
            async with asyncio.timeout(max(0.0, min(self._patience.pause_seconds, remaining))):
                message = await self._receive()
        except TimeoutError:
            return await self._stop(Refusal(408, "The request's body came too slowly. Send it again."))
        self._waited += time.monotonic() - began
        if message["type"] != "http.request":
            self.abandoned = True
            return message
        chunk = message.get("body", b"")
        self._bytes += len(chunk)
        self._complete = not message.get("more_body", False)
        if self._bytes > self.limit:
            return await self._stop(too_large(self.limit))
        if self._parts.count(chunk) > _MAX_PARTS:
            return await self._stop(Refusal(413, msg("The form has more than {most} parts. Send fewer at once.", most=_MAX_PARTS)))
        return message

    async def send(self, message: Message) -> None:
        """Passes an answer of the application on, unless ours was sent already."""
        if not self.refused:
            self._started = True
            self._finished = message["type"] == "http.response.body" and not message.get("more_body", False)
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answers, and reads the rest of the body, so that the sender gets to read the answer."""
        await self._stop(refusal)
        await self.linger()

    async def linger(self) -> None:
        """Reads and drops the rest for a while: a connection closed on a busy sender would lose the answer."""
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while not self._complete and self._bytes < _LINGER_BYTES:
                    async with asyncio.timeout(2.0):
                        message = await self._receive()
                    self._bytes += len(message.get("body", b""))
                    self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        except TimeoutError:
            log.debug("A refused sender continued or stalled; its connection is closed.")
        if not self._started:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def close(self) -> None:
        """Ends the answer in progress."""
        if not self._started:
            await self._stop(Refusal(503, "Academy is shutting down. Try again when it has started."))
        if not self._finished:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stop(self, refusal: Refusal) -> Message:
        self.refused = True
        if not self._started:
            raw = orjson.dumps(refusal.content())
            headers = [("content-type", "application/json"), ("content-length", str(len(raw))), ("connection", "close"), *refusal.headers]
            encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
            await self._send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
            await self._send({"type": "http.response.body", "body": raw, "more_body": True})
        return {"type": "http.disconnect"}


class _Parts:
    """Counts the parts of a multipart body as it passes."""

    def __init__(self, content_type: str) -> None:
        match = re.search(r'boundary="?([^";,]{1,200})', content_type) if content_type.lower().startswith("multipart/") else None
        self._mark = b"--" + match[1].strip().encode("latin-1", "replace") if match else b""
        self._tail = b""
        self._count = 0

    def count(self, chunk: bytes) -> int:
        """The boundaries seen so far."""
        if self._mark:
            window = self._tail + chunk
            self._count += window.count(self._mark)
            keep = len(self._mark) - 1
            self._tail = window[-keep:] if keep else b""
        return self._count


def announced(scope: Scope) -> int | None:
    """The Content-Length in bytes, if the request has one."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), None)


def too_large(limit: int) -> Refusal:
    """The refusal of a body of more than `limit` bytes."""
    return Refusal(413, msg("The request's body is larger than {mb:number} MB. Send less at once.", mb=round(limit / (1 << 20))))
