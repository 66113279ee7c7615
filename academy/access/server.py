"""The HTTP server in front of the guard: uvicorn, with a limit on how long the head of a request may take."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import orjson
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0


def make_server(app: Any, *, log_level: str = "warning", root_path: str = "") -> uvicorn.Server:
    """A server for the application; it keeps no access log, for an address may hold a login code."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # Named, because uvicorn takes httptools where that is installed, which has no limit on the length of a head.
            http=_Patient,
            ws="none",
            log_level=log_level,
            access_log=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=64 << 10,
            lifespan="on",
            root_path=root_path,
        )
    )


class _Patient(H11Protocol):
    """Closes a connection whose request line and headers have not come in time.

    uvicorn's own clock runs only between two requests: a sender of one byte a minute would be waited for without end.
    """

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "That is no valid HTTP request.")

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()
        elif self._clock is None:
            self._clock = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        begun, _ = self.conn.trailing_data
        if begun:
            self._refuse(408, "The request's head came too slowly. Send it again.")
        else:  # a browser that only connected ahead would take an answer for that to its next question
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            raw = orjson.dumps({"detail": detail})
            headers = [("content-type", "application/json"), ("content-length", str(len(raw))), ("connection", "close")]
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=raw), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
