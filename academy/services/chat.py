"""The verbs of the chat: ask, stream, stop."""

from __future__ import annotations

import time
from typing import Any

from academy.chat.line import Reply
from academy.chat.request import ChatReply, ChatRequest
from academy.chat.session import ChatSession
from academy.services.permission import Permission, reading

_DRAWN_SECONDS = 1.5


class Chat:
    """Everything that can be done with the model that answers."""

    def __init__(self, permission: Permission, session: ChatSession) -> None:
        self._permission = permission
        self._session = session
        self._warmed = False
        self._opened = 0.0  # when a page first asked to expect questions
        self._expected = False

    def state(self) -> dict[str, Any]:
        """What is loaded, who would answer, and whether the chat is busy; answers also where Academy is disabled."""
        return self._session.state()

    @reading
    def ask(self, request: ChatRequest) -> ChatReply:
        """One reply, whole."""
        return self._session.reply(request)

    @reading
    def stream(self, request: ChatRequest) -> Reply:
        """The reply piece by piece, and at the end the whole with its figures; returns at once, with the request in line."""
        return self._session.stream(request)

    @reading
    def thinks(self, adapter_id: str | None = None) -> bool:
        """Whether the model that answers can be told to think first."""
        return self._session.thinks(adapter_id)

    def warm(self) -> None:
        """Begins to load the model when the chat is first opened; a failure shows at the first question and is not tried again."""
        if self._permission.enabled and not self._warmed:
            self._warmed = True
            self._session.warm()

    def expect(self) -> None:
        """Imports the chat's libraries in the background, once; for every poll of a page while an adapter is active."""
        self._opened = self._opened or time.monotonic()
        # Not while the page is drawn: imports hold the interpreter.
        if self._permission.enabled and not self._expected and time.monotonic() - self._opened > _DRAWN_SECONDS:
            self._expected = True
            self._session.expect()

    def stop(self) -> None:
        """Ends the reply in progress; the text so far stays."""
        self._session.stop()
