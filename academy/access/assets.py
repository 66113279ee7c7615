"""Gradio's scripts and styles from memory: a page needs some seventy of them, and Gradio reads and compresses each one again."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from academy.access.requests import route_path

_FOLDER = "/assets/"  # the name of every file in it holds the hash of its content
_FOREVER = "public, max-age=31536000, immutable"
_MOST = 600


class Assets:
    """Answers a request for a file of the frontend with what the application answered the first time, for browsers to keep."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers: dict[tuple[str, str], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on every other request, and one for a part of a file."""
        if scope["type"] != "http" or scope["method"] != "GET" or not route_path(scope).startswith(_FOLDER):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "range" in headers:
            await self._app(scope, receive, send)
            return
        accepted = headers.get("accept-encoding", "")
        key = route_path(scope), next((name for name in ("br", "gzip") if name in accepted), "")
        answer = self._answers.get(key)
        if answer is None:
            answer = await self._asked(scope, receive)
            if answer[0]["status"] == 200 and len(self._answers) < _MOST:
                MutableHeaders(scope=answer[0])["Cache-Control"] = _FOREVER
                self._answers[key] = answer
        for message in answer:
            await send(dict(message))

    async def _asked(self, scope: Scope, receive: Receive) -> list[Message]:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        # Without conditions: "not modified" is no answer to keep.
        whole = [(name, value) for name, value in scope["headers"] if not name.startswith(b"if-")]
        await self._app({**scope, "headers": whole}, receive, keep)
        return answer
