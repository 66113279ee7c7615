"""What FastAPI hands to the routes: Academy, its threads for slow work, and the streams of jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request

from academy.api.replies import ERRORS
from academy.api.streams import Streams
from academy.api.wire import Lane, StrictRoute
from academy.services.academy import Academy


def provide(app: FastAPI, academy: Academy) -> None:
    """Gives an application the parts that its routes depend on."""
    app.state.academy = academy
    app.state.slow = Lane(8)
    app.state.chats = Lane(24)
    app.state.streams = Streams(academy.jobs)


# Coroutines, since FastAPI would run a plain function in a thread.
async def _academy(request: Request) -> Academy:
    return request.app.state.academy


async def _slow(request: Request) -> Lane:
    return request.app.state.slow


async def _chats(request: Request) -> Lane:
    return request.app.state.chats


async def _streams(request: Request) -> Streams:
    return request.app.state.streams


TheAcademy = Annotated[Academy, Depends(_academy)]
Slow = Annotated[Lane, Depends(_slow)]
"""Threads for work that reads or writes much."""

Chats = Annotated[Lane, Depends(_chats)]
"""Threads that wait for replies of the chat."""

TheStreams = Annotated[Streams, Depends(_streams)]


async def _enabled(academy: TheAcademy) -> None:
    academy.check_enabled()


def router(*, always: bool = False, **named: Any) -> APIRouter:
    """A router of strict routes; they answer 503 where Academy is disabled, unless they answer always."""
    dependencies = [] if always else [Depends(_enabled)]
    return APIRouter(route_class=StrictRoute, responses=ERRORS, dependencies=dependencies, **named)
