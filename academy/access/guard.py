"""The guard in front of every route (page, REST, streams, files): who may send requests, how large, and how slowly."""

from __future__ import annotations

import asyncio
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from academy.access.bodies import Body, Patience, announced, too_large
from academy.access.hosts import Hosts
from academy.access.languages import language_of
from academy.access.login import Door, token_for
from academy.access.requests import API, PROGRAMS, SAFE, Refusal, malformed, route_path
from academy.config import Settings
from academy.messages import language

__all__ = ["Guard", "token_for"]

log = logging.getLogger("academy.access.guard")

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
_LOGIN = ("/login", "/login/", "/logout", "/logout/")


class Guard:
    """Wraps the whole application and passes on only requests that are meant for it, come from an allowed origin and stay within limits."""

    def __init__(self, app: ASGIApp, settings: Settings, *, patience: Patience | None = None) -> None:
        self._app = app
        self._settings = settings
        self._hosts = Hosts(settings)
        self._door = Door.of(settings)
        self._patience = patience or Patience()
        self._headers = _security_headers(bool(settings.space_id))

    def login_path(self) -> str:
        """The path of a one-time login link, or "" where no token is needed."""
        return self._door.new_path() if self._door else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with the reason for the refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope["academy.language"] = language_of(scope, self._settings.language)
        language.set(scope["academy.language"])
        path = route_path(scope)
        refusal = self._refusal(scope, path)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        origin = self._hosts.allowed_origin(scope, path)
        body = Body(
            receive, self._decorated(send, path, origin), self._limit(path), self._patience, Headers(scope=scope).get("content-type", "")
        )
        if refusal is None and (size := announced(scope)) is not None and size > body.limit:
            refusal = too_large(body.limit)
        if refusal:
            await body.refuse(refusal.as_openai() if path.startswith("/v1/") else refusal)
            return
        if origin and scope["method"] == "OPTIONS":
            await Response(status_code=204)(scope, body.receive, body.send)
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

    async def _login(self, scope: Scope, body: Body) -> None:
        if self._door:
            await self._door.serve(scope, body.receive, body.send)
        else:
            await RedirectResponse(scope.get("root_path", "") + "/", status_code=303)(scope, body.receive, body.send)
        if body.refused:
            await body.linger()

    def _refusal(self, scope: Scope, path: str) -> Refusal | None:
        return (
            malformed(scope)
            or self._hosts.refusal(scope)
            or self._hosts.foreign(scope, path)
            or self._without_token(scope, path)
            or self._change_in_demonstration(scope, path)
            or (Refusal(404, "There is nothing at this address.") if path.startswith(_CLOSED) else None)
        )

    def _without_token(self, scope: Scope, path: str) -> Refusal | None:
        if scope.get("method") == "OPTIONS" and self._hosts.allowed_origin(scope, path):
            return None  # a browser asks first whether it may send the token
        if self._door is None or path in _LOGIN or (path == f"{API}/health" and scope.get("method") in ("GET", "HEAD")):
            return None
        status = self._door.verdict(scope)
        if status == 200:
            return None
        if status == 429:
            return Refusal(429, "Too many wrong tokens. Wait a minute, then send the right one.", (("Retry-After", "60"),))
        headers = Headers(scope=scope)
        if scope.get("method") == "GET" and not path.startswith(PROGRAMS) and "text/html" in headers.get("accept", ""):
            return Refusal(303, "Log in first.", (("Location", scope.get("root_path", "") + "/login"),))
        return Refusal(
            401,
            "This Academy needs its token. Programs send 'Authorization: Bearer …'; people open /login.",
            (("WWW-Authenticate", 'Bearer realm="Academy"'),),
        )

    def _change_in_demonstration(self, scope: Scope, path: str) -> Refusal | None:
        if not self._settings.only_shows or not path.startswith(("/api/", "/v1/", "/gradio_api/upload")) or scope.get("method") in SAFE:
            return None
        if path in (f"{API}/chat", "/v1/chat/completions"):
            return None
        return Refusal(403, "This Space is a demonstration. Duplicate it and set the secret ACADEMY_TOKEN to use all of it.")

    def _limit(self, path: str) -> int:
        """The most bytes that the body of a request to this path may have."""
        if path.rstrip("/") in (f"{API}/dataset/upload", f"{API}/lessons/import", f"{API}/adapters/import", "/gradio_api/upload"):
            return (self._settings.max_upload_mb * 10 << 20) + (1 << 20)
        if path.startswith("/gradio_api/"):
            return 16 << 20
        return 8 << 20 if path.startswith(PROGRAMS) else 1 << 20

    def _decorated(self, send: Send, path: str, origin: str) -> Send:
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
                for name, value in _shared_with(origin) if origin else ():
                    headers[name] = value
            await send(message)

        return decorated


def _shared_with(origin: str) -> tuple[tuple[str, str], ...]:
    """The headers by which a browser hands the answer to a page of this origin."""
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, OpenAI-Organization, OpenAI-Project, OpenAI-Beta, X-Stainless-Lang,"
         " X-Stainless-Package-Version, X-Stainless-OS, X-Stainless-Arch, X-Stainless-Runtime, X-Stainless-Runtime-Version,"
         " X-Stainless-Retry-Count, X-Stainless-Timeout, X-Stainless-Helper-Method, X-Requested-With, HTTP-Referer, X-Title"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin"),
    )  # fmt: skip


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
