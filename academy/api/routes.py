"""The REST interface: every endpoint of the contract, each one call on Academy, with its description at /docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from academy import __version__
from academy.api import (
    adapters,
    arena,
    bases,
    chat,
    conversations,
    datasets,
    documents,
    evaluations,
    exports,
    jobs,
    lessons,
    machine,
    parts,
    professor,
    remote,
    sessions,
    sweeps,
    wordings,
)
from academy.api.openai import forms
from academy.api.openai import routes as openai
from academy.api.openai.hints import MISPLACED, hint_for
from academy.api.wire import Errors, Json, StrictRoute, not_here
from academy.services.academy import Academy

PREFIX = "/api/v1/academy"
_DOCS = Path(__file__).parent / "docs.html"
_ABOUT = """Teaches a language model from your own work: lessons → dataset → training → adapter → chat.

Every error has a `detail` that says what is wrong and what to do. On an address that others can reach, programs send
`Authorization: Bearer …` with the token."""


_pages = APIRouter(include_in_schema=False)


def create_api(academy: Academy, *, lifespan: Any = None) -> FastAPI:
    """The application with all routes of the REST interface; the page is mounted into it."""
    # The page that FastAPI has for /docs loads scripts from elsewhere; ours does not.
    app = FastAPI(
        title="Academy",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.router.route_class = StrictRoute
    parts.provide(app, academy)
    Errors(dict.fromkeys(("/v1", *MISPLACED), forms.error_body)).add_to(app)
    stages = (
        machine.always,
        lessons.api,
        wordings.api,
        sessions.api,
        datasets.api,
        documents.api,
        remote.api,
        jobs.api,
        machine.api,
        bases.api,
        adapters.api,
        exports.api,
        evaluations.api,
        sweeps.api,
        professor.api,
        arena.api,
        chat.api,
        conversations.api,
    )
    for stage in stages:
        app.include_router(stage, prefix=PREFIX)
    app.include_router(openai.api, prefix="/v1")
    app.include_router(_pages)
    nothing = not_here(app, hint_for)
    for path in ("/api/{rest:path}", "/v1/{rest:path}", "/v1", *MISPLACED, "/models/{rest:path}"):
        app.add_route(path, nothing, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], include_in_schema=False)
    return app


@_pages.get("/docs")
def docs() -> HTMLResponse:
    """The description of all routes."""
    return HTMLResponse(_DOCS.read_text(encoding="utf-8"))


@_pages.get("/academy")
@_pages.get("/academy/")
def academy_page(request: Request) -> RedirectResponse:
    """Leads to the page."""
    return RedirectResponse(request.scope.get("root_path", "") + "/")
