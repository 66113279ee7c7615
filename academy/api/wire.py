"""How requests are read and answers written: strict JSON in, valid JSON out, errors as sentences."""

from __future__ import annotations

import errno
import functools
import json
import logging
import math
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args

import anyio.to_thread
import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import compile_path

from academy.errors import AcademyError, Invalid, NoSpace, NotFound
from academy.files import check_name
from academy.messages import Text, msg, render

log = logging.getLogger("academy.api")
Result = TypeVar("Result")
Item = TypeVar("Item")

_SHOWN_CHARS = 200
_SHOWN_ITEMS = 20
_SHOWN_DEPTH = 6


def _usable(name: str) -> str:
    try:
        return check_name(name, "id")
    except Invalid as error:
        raise ValueError(error.detail) from error


Id = Annotated[str, AfterValidator(_usable)]
"""An id in a path or a body: one that can be a file name; anything else is answered with 422."""


class Json(JSONResponse):
    """JSON that is always valid: NaN and infinity become null, what no UTF-8 can hold is replaced."""

    def render(self, content: Any) -> bytes:
        """The bytes of the answer."""
        return to_json(content)


def to_json(content: Any) -> bytes:
    """JSON that any reader takes, whatever is in the content."""
    try:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return json.dumps(_finite(content), ensure_ascii=False, allow_nan=False, default=str).encode("utf-8", "replace")


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body as JSON in the strict sense: no NaN, no lone surrogates, no endless nesting."""
        if not hasattr(self, "_json"):
            self._json = orjson.loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, given our request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


class Exact(BaseModel):
    """A JSON body: a number is neither a text nor true, and true is neither 1 nor "yes"; the page's forms may send texts."""

    @field_validator("*", mode="before")
    @classmethod
    def _as_described(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[info.field_name or ""].annotation
        kinds = {annotation, *get_args(annotation)}
        if bool in kinds and value is not None and not isinstance(value, bool):
            raise PydanticKnownError("bool_type")
        if kinds & {int, float} and isinstance(value, bool | str):
            raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return value


class Lane:
    """Threads for one kind of slow work, so that however much of it there is, everything else is still answered."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Calls `work` in a thread of the lane, waiting for one if all are taken."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._threads)
        return await anyio.to_thread.run_sync(functools.partial(work, *arguments, **named), limiter=self._limiter)


async def one_by_one(items: Iterator[Item], lane: Lane) -> AsyncIterator[Item]:
    """The items; a thread of the lane waits for each."""

    def following() -> Item | None:
        return next(items, None)

    while (item := await lane.run(following)) is not None:
        yield item


ErrorForm = Callable[[AcademyError], dict[str, Any]]


class Errors:
    """Answers every error with a `detail`; echoes a sent value only shortened and made harmless.

    `forms` adds, for routes under a prefix, the form that their clients read.
    """

    def __init__(self, forms: Mapping[str, ErrorForm]) -> None:
        self._forms = forms

    def add_to(self, app: FastAPI) -> None:
        """Registers a handler for each kind of error."""
        app.add_exception_handler(AcademyError, self._academy_error)
        app.add_exception_handler(RequestValidationError, self._bad_request)
        app.add_exception_handler(ValidationError, self._bad_value)
        app.add_exception_handler(StarletteHTTPException, self._http_error)
        app.add_exception_handler(OSError, self._os_error)

    def _answer(self, request: Request, error: AcademyError, status: int = 0, detail: Any = None, headers: Any = None) -> Response:
        content: dict[str, Any] = {"detail": error.detail if detail is None else detail}
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        for prefix, form in self._forms.items():
            content |= form(error) if path.startswith(prefix) else {}
        if error.code:
            content["reason_code"] = error.code
        return Json(content, status or error.status, headers=headers)

    def _academy_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, AcademyError)
        return self._answer(request, error)

    def _bad_request(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        items = [_harmless(item) for item in list(error.errors())[:_SHOWN_ITEMS]]
        problems = "; ".join(f"{'.'.join(map(str, item['loc'][1:])) or 'body'}: {item.get('msg', '')}" for item in items)
        return self._answer(request, unusable(problems), detail=items)

    def _bad_value(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ValidationError)
        return Json({"detail": [_harmless(item) for item in error.errors(include_url=False)[:_SHOWN_ITEMS]]}, 422)

    def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        detail = error.detail
        if error.status_code == 400 and detail == "There was an error parsing the body":
            unread = [{"type": "body_invalid", "loc": ["body"], "msg": "The body cannot be read; send JSON in UTF-8.", "input": None}]
            return self._bad_request(request, RequestValidationError(unread))
        if error.status_code == 404 and detail == "Not Found":
            detail = "There is nothing at this address. /docs lists all of them."
        return self._answer(request, AcademyError(detail), error.status_code, headers=dict(error.headers or {}))

    def _os_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise error
        return self._answer(request, NoSpace("The disk is full.", hint="Free some space and try again."))


def unusable(problems: str) -> Invalid:
    """A request whose fields do not fit, with each field and its problem."""
    return Invalid("The request cannot be used: {problems}.", hint="Correct it and ask again.", problems=problems)


def _harmless(item: Any) -> dict[str, Any]:
    shown = {key: _short(item[key]) for key in ("type", "msg", "input") if key in item}
    if tuple(item.get("loc", ())) == ("body",) and isinstance(item.get("input"), bytes | str):
        shown["msg"] = "The body is read as JSON only with the header Content-Type: application/json."
    if item.get("type") == "json_invalid":
        shown["msg"] = f"This is no valid JSON: {_short(str(item.get('ctx', {}).get('error', '')))}"
    shown["loc"] = [part if isinstance(part, int) else str(_short(str(part))) for part in item.get("loc", ())]
    return shown


def _short(value: Any, depth: int = 0) -> Any:
    """The value for an error message: cut, and only what JSON can hold."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else "a very large integer"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict | list | tuple) and depth >= _SHOWN_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(_short(str(key))): _short(item, depth + 1) for key, item in list(value.items())[:_SHOWN_ITEMS]}
    if isinstance(value, list | tuple):
        return [_short(item, depth + 1) for item in value[:_SHOWN_ITEMS]]
    if isinstance(value, bytes):
        return _short(value[:_SHOWN_CHARS].decode("utf-8", "replace"))
    return type(value).__name__


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def not_here(app: FastAPI, hint_for: Callable[[str], Text | None]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Answers what no route of the API takes: 405 where only the method is wrong, else 404; the page would answer in HTML.

    `hint_for` says what is wrong with an address, where that is known.
    """
    routes: list[tuple[re.Pattern[str], set[str]]] = []

    async def answer(request: Request) -> Response:
        if not routes:
            routes.extend(
                (compile_path(path)[0], {method.upper() for method in methods}) for path, methods in app.openapi()["paths"].items()
            )
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        allowed = {method for pattern, methods in routes if pattern.match(path) for method in methods} - {request.method}
        if allowed:
            detail = render(msg("{method} is not possible here.", method=request.method))
            raise HTTPException(405, detail, headers={"Allow": ", ".join(sorted(allowed))})
        if hint := hint_for(path):
            raise NotFound(hint)
        raise HTTPException(404, "Not Found")

    return answer
