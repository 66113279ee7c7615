"""The guard in front of every route (page, REST, streams, files): who may talk to us, how much, and how slowly."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from academy.config import HOST, Settings
from academy.login import Door, token_for

__all__ = ["Guard", "token_for"]

log = logging.getLogger("academy.guard")

API = "/api/v1/academy"
_PROGRAMS = ("/api/", "/v1/", "/gradio_api/", "/openapi.json")
# Gradio's rooms that this page has no use for: a proxy, code written by a model, video processing, state kept for links.
_CLOSED = (
    "/gradio_api/proxy=",
    "/gradio_api/vibe-",
    "/gradio_api/undo-vibe-",
    "/gradio_api/dev/",
    "/gradio_api/process_recording",
    "/gradio_api/deep_link",
    "/gradio_api/runs",
    "/gradio_api/run-history",
    "/gradio_api/custom_component",
    "/gradio_api/stream/",
    "/gradio_api/profiling",
    "/gradio_api/token",
    "/monitoring",
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_LOGIN = ("/login", "/login/", "/logout", "/logout/")
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})
_MAX_HEADERS = 100
_MAX_TARGET = 8192
_MAX_NAME = 255
_MAX_PARTS = 200
_LINGER_BYTES = 4 << 30
_LINGER_SECONDS = 20.0


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let through."""

    status: int
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Patience:
    """How slowly a body may arrive: the longest pause, and a pace to keep after the first seconds."""

    pause_seconds: float = 15.0
    first_seconds: float = 20.0
    bytes_per_second: int = 8 << 10


class Guard:
    """Wraps the whole application; nothing reaches it but requests that are meant for it, from where they may come, in bounds."""

    def __init__(self, app: ASGIApp, settings: Settings, *, patience: Patience | None = None) -> None:
        self._app = app
        self._settings = settings
        self._hosts = _Hosts(settings)
        self._door = Door.of(settings)
        self._patience = patience or Patience()
        self._headers = _security_headers(bool(settings.space_id))

    def login_path(self) -> str:
        """The path of a one-time link that lets in, or "" where no token is needed."""
        return self._door.new_path() if self._door else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through, or answers it with the reason why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        path = _route_path(scope)
        refusal = self._refusal(scope, path)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        body = _Body(receive, self._decorated(send, path), self._limit(path), self._patience, Headers(scope=scope).get("content-type", ""))
        if refusal is None and (size := _announced(scope)) is not None and size > body.limit:
            refusal = _too_large(body.limit)
        if refusal:
            await body.refuse(refusal)
            return
        if path in _LOGIN:
            await self._login(scope, body)
            return
        try:
            await self._app(scope, body.receive, body.send)
        except asyncio.CancelledError:
            # We are outermost, so it is the server that ends: a stream ends too, and that is no error.
            await body.close()
            return
        except Exception:
            if not (body.refused or body.abandoned):
                raise
            log.debug("The application stopped reading a body that was refused or broke off.", exc_info=True)
        if body.refused:
            await body.linger()

    async def _login(self, scope: Scope, body: _Body) -> None:
        if self._door:
            await self._door.serve(scope, body.receive, body.send)
        else:
            await RedirectResponse(scope.get("root_path", "") + "/", status_code=303)(scope, body.receive, body.send)
        if body.refused:
            await body.linger()

    def _refusal(self, scope: Scope, path: str) -> Refusal | None:
        return (
            _malformed(scope)
            or self._hosts.refusal(scope)
            or self._hosts.foreign(scope, path)
            or self._without_token(scope, path)
            or self._change_in_demonstration(scope, path)
            or (Refusal(404, "There is nothing at this address.") if path.startswith(_CLOSED) else None)
        )

    def _without_token(self, scope: Scope, path: str) -> Refusal | None:
        if self._door is None or path in _LOGIN or (path == f"{API}/health" and scope.get("method") in ("GET", "HEAD")):
            return None
        status = self._door.verdict(scope)
        if status == 200:
            return None
        if status == 429:
            return Refusal(429, "Too many wrong tokens. Wait a minute, then send the right one.", (("Retry-After", "60"),))
        headers = Headers(scope=scope)
        if scope.get("method") == "GET" and not path.startswith(_PROGRAMS) and "text/html" in headers.get("accept", ""):
            return Refusal(303, "Log in first.", (("Location", scope.get("root_path", "") + "/login"),))
        return Refusal(
            401,
            "This Academy needs its token. Programs send 'Authorization: Bearer …'; people open /login.",
            (("WWW-Authenticate", 'Bearer realm="Academy"'),),
        )

    def _change_in_demonstration(self, scope: Scope, path: str) -> Refusal | None:
        if not self._settings.only_shows or not path.startswith(("/api/", "/v1/", "/gradio_api/upload")) or scope.get("method") in _SAFE:
            return None
        if path in (f"{API}/chat", "/v1/chat/completions"):
            return None
        return Refusal(403, "This Space is a demonstration. Duplicate it and set the secret ACADEMY_TOKEN to use all of it.")

    def _limit(self, path: str) -> int:
        """The most bytes that the body of a request to this path may have."""
        if path.rstrip("/") in (f"{API}/dataset/upload", f"{API}/lessons/import", "/gradio_api/upload"):
            return (self._settings.max_upload_mb * 10 << 20) + (1 << 20)
        if path.startswith("/gradio_api/"):
            return 16 << 20
        return 8 << 20 if path.startswith(_PROGRAMS) else 1 << 20

    def _decorated(self, send: Send, path: str) -> Send:
        async def decorated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if path in _LOGIN:
                    # Under no-referrer a browser sends a form with `Origin: null`, which we refuse.
                    headers["Referrer-Policy"] = "same-origin"
                if path.startswith(("/api/", "/v1/")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return decorated


class _Hosts:
    """The names under which this Academy may be called, against rebinding, and the pages that may call it.

    Starlette's TrustedHostMiddleware looks at one Host header only and knows neither forwarded hosts nor the socket's own address.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = {"localhost"}
        self._reachable = not settings.is_loopback
        self._trusted = [name for name in settings.allowed_hosts.split(",") if name]
        if settings.space_id:
            self._trusted.append(re.sub(r"[^a-z0-9-]", "-", settings.space_id.lower()) + ".hf.space")
            self._trusted += [name.strip() for name in settings.space_host.lower().split(",") if name.strip()]  # with a domain of its own
        if settings.host not in _WILDCARDS:
            self._names.add(settings.host.lower().strip("[]"))
        elif self._reachable:
            self._names.add(socket.gethostname().lower())

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why the request's Host is not ours, or None."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
        if len(hosts) != 1 or len(forwarded) > 1:
            return Refusal(400, "A request needs exactly one Host.")
        if not self._is_ours(hosts[0].decode("latin-1"), scope):
            return Refusal(400, "Academy does not answer under this host name. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.")
        if not all(self._is_ours(name, scope) for value in forwarded for name in _listed(value.decode("latin-1"))):
            return Refusal(400, "A proxy forwards a host name that Academy does not know. Add it to ACADEMY_ALLOWED_HOSTS if it is yours.")
        return None

    def foreign(self, scope: Scope, path: str) -> Refusal | None:
        """Why the page that sends this request may not, or None; programs, which say nothing of a page, may."""
        headers = Headers(scope=scope)
        safe = scope.get("method", "GET") in _SAFE and scope["type"] == "http"
        site = headers.get("sec-fetch-site")
        sources = headers.getlist("origin")
        if not sources and (not safe or path.startswith(_PROGRAMS)):
            sources = headers.getlist("referer")
        if any(not self._is_own_page(source, scope, headers) for source in sources):
            return Refusal(403, "Another website sent this request, and Academy takes requests from its own page and from programs only.")
        if site in (None, "same-origin", "none") or self._is_visit(headers, safe, path):
            return None
        return Refusal(403, "Another website sent this request, and Academy takes requests from its own page and from programs only.")

    @staticmethod
    def _is_visit(headers: Headers, safe: bool, path: str) -> bool:
        """Whether somebody follows a link to a page, which any website may offer."""
        destination = headers.get("sec-fetch-dest", "document")
        return (
            safe
            and headers.get("sec-fetch-mode") == "navigate"
            and destination in ("document", "iframe")  # framing is for the browser to refuse: frame-ancestors
            and not path.startswith(_PROGRAMS)
        )

    def _is_ours(self, host: str, scope: Scope) -> bool:
        found = HOST.fullmatch(host)
        if not found or int(found["port"] or 0) > 65535:
            return False
        name = (found["six"] or found["name"]).lower()
        if name in self._names or self._is_trusted(name, host.lower()):
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        if address.is_loopback:
            return True
        # A literal address cannot be rebound; but only the one that was called is ours.
        return self._reachable and str(address) == (scope.get("server") or ("", 0))[0]

    def _is_trusted(self, name: str, with_port: str) -> bool:
        return any(
            pattern in (name, with_port) or (pattern.startswith("*.") and name.endswith(pattern[1:]) and len(name) > len(pattern) - 1)
            for pattern in self._trusted
        )

    def _is_own_page(self, source: str, scope: Scope, headers: Headers) -> bool:
        try:
            parts = urlsplit(source)
            name = (parts.hostname or "").lower()
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or not HOST.fullmatch(parts.netloc):
            return False
        if self._is_trusted(name, parts.netloc.lower()):
            return True
        called = [headers.get("host", ""), *_listed(headers.get("x-forwarded-host", ""))[:1]]
        own = {_without_default_port(name.lower()) for name in called if name}
        schemes = (scope.get("scheme", "http"), *_listed(headers.get("x-forwarded-proto", ""))[:1])
        return _without_default_port(parts.netloc.lower()) in own and parts.scheme in schemes


class _Body:
    """Hands the request's body on within its limits; once one is passed, answers in the application's place."""

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
        left = self._patience.first_seconds + self._bytes / self._patience.bytes_per_second - self._waited
        try:
            async with asyncio.timeout(max(0.0, min(self._patience.pause_seconds, left))):
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
            return await self._stop(_too_large(self.limit))
        if self._parts.count(chunk) > _MAX_PARTS:
            return await self._stop(Refusal(413, f"The form has more than {_MAX_PARTS} parts. Send fewer at once."))
        return message

    async def send(self, message: Message) -> None:
        """Passes an answer of the application on, unless ours was given already."""
        if not self.refused:
            self._started = True
            self._finished = message["type"] == "http.response.body" and not message.get("more_body", False)
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answers, and takes in what still comes, so that the sender gets to read the answer."""
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
            log.debug("A refused sender went on or stalled; its connection is closed.")
        if not self._started:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def close(self) -> None:
        """Brings whatever was being answered to an end."""
        if not self._started:
            await self._stop(Refusal(503, "Academy is shutting down. Try again when it has started."))
        if not self._finished:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stop(self, refusal: Refusal) -> Message:
        self.refused = True
        if not self._started:
            raw = orjson.dumps({"detail": refusal.detail})
            headers = [("content-type", "application/json"), ("content-length", str(len(raw))), ("connection", "close"), *refusal.headers]
            encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
            await self._send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
            await self._send({"type": "http.response.body", "body": raw, "more_body": True})
        return {"type": "http.disconnect"}


class _Parts:
    """Counts the parts of a multipart body as it passes."""

    def __init__(self, content_type: str) -> None:
        found = re.search(r'boundary="?([^";,]{1,200})', content_type) if content_type.lower().startswith("multipart/") else None
        self._mark = b"--" + found[1].strip().encode("latin-1", "replace") if found else b""
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


def _malformed(scope: Scope) -> Refusal | None:
    if scope.get("method", "GET") not in _METHODS:
        return Refusal(405, "Academy knows no such method.", (("Allow", ", ".join(sorted(_METHODS))),))
    if len(scope["headers"]) > _MAX_HEADERS:
        return Refusal(431, f"The request has more than {_MAX_HEADERS} headers.")
    target = scope.get("raw_path", b"") or scope["path"].encode("utf-8", "replace")
    if len(target) + len(scope.get("query_string", b"")) > _MAX_TARGET:
        return Refusal(414, "The address is too long.")
    if any(len(part.encode("utf-8", "replace")) > _MAX_NAME for part in scope["path"].split("/")):
        return Refusal(414, f"No part of an address is longer than {_MAX_NAME} bytes.")
    if not scope["path"].startswith("/") or "\x00" in scope["path"]:
        return Refusal(400, "That is not a path.")
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
        return Refusal(400, "The Content-Length is not a number.")
    return None


def _announced(scope: Scope) -> int | None:
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), None)


def _route_path(scope: MutableMapping[str, Any]) -> str:
    root = scope.get("root_path", "")
    path: str = scope["path"]
    return path[len(root) :] if root and path.startswith(root + "/") else path


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The request's body is larger than {limit / (1 << 20):,.0f} MB. Send less at once.")


def _listed(value: str) -> list[str]:
    """The parts of a header to which each proxy on the way adds its own, the outermost first."""
    return [part.strip() for part in value.split(",")]


def _without_default_port(host: str) -> str:
    return re.sub(r":(80|443)$", "", host)


def _security_headers(framed: bool) -> dict[str, str]:
    frame = "https://huggingface.co https://*.hf.space" if framed else "'none'"
    # Gradio's page needs inline scripts and styles, and evaluates the `js` of events; nothing may come from or go to elsewhere.
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": frame,
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }
    return headers if framed else headers | {"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin"}
