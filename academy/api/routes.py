"""The REST interface: every endpoint of the contract, each one call on Academy, with its description at /docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from academy import __version__
from academy.api import chat as talk
from academy.api import datasets as data
from academy.api import jobs as training
from academy.api import replies as models
from academy.api.openai import routes as openai
from academy.api.wire import Json, Lane, StrictRoute, add_error_handlers, not_here
from academy.errors import Unavailable
from academy.services.academy import Academy

PREFIX = "/api/v1/academy"
_DOCS = Path(__file__).parent / "docs.html"
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.ErrorReply, "description": description}
    for status, description in (
        (400, "It cannot be used as it is."),
        (404, "There is nothing under that id."),
        (409, "Not in this state."),
        (413, "Too large."),
        (503, "Disabled, missing or busy."),
        (507, "The disk is full."),
    )
}
_ABOUT = """Teaches a language model from your own work: lessons → dataset → training → adapter → chat.

Every error has a `detail` that says what is wrong and what to do. On an address that others can reach, programs send
`Authorization: Bearer …` with the token."""


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
    add_error_handlers(app)

    slow, chats = Lane(8), Lane(24)
    always = _routes()

    @always.get("/health", tags=["status"])
    def health() -> models.Health:
        """Whether the app answers; never needs a token."""
        return models.Health(version=__version__)

    @always.get("/status", tags=["status"])
    def status() -> models.StatusReply:
        """What is there and what is missing, and why."""
        return models.StatusReply.model_validate(academy.machine.status())

    def enabled() -> None:
        if not academy.settings.enabled:
            raise Unavailable("Academy is disabled.", hint="Set ENABLE_ACADEMY=true and start it again.")

    rest = _routes(Depends(enabled))
    rest.include_router(data.router(academy, slow))
    rest.include_router(training.router(academy, slow))
    rest.include_router(talk.router(academy, chats))
    for routes in (always, rest):
        app.include_router(routes, prefix=PREFIX)
    compatible = _routes(Depends(enabled))
    compatible.include_router(openai.router(academy, chats))
    app.include_router(compatible, prefix="/v1")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(_DOCS.read_text(encoding="utf-8"))

    @app.get("/academy", include_in_schema=False)
    @app.get("/academy/", include_in_schema=False)
    def academy_page(request: Request) -> RedirectResponse:
        return RedirectResponse(request.scope.get("root_path", "") + "/")

    nothing = not_here(app)
    for path in ("/api/{rest:path}", "/v1/{rest:path}"):
        app.add_route(path, nothing, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], include_in_schema=False)
    return app


def _routes(*dependencies: Any) -> APIRouter:
    return APIRouter(route_class=StrictRoute, responses=_ERRORS, dependencies=list(dependencies))
