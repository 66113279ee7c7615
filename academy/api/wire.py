"""How requests are read and answers written: strict JSON in, valid JSON out, errors as sentences, uploads on disk and not in memory."""

from __future__ import annotations

import errno
import functools
import json
import logging
import math
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, TypeVar

import anyio.to_thread
import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.routing import compile_path

from academy.api.openai.forms import error_body
from academy.errors import AcademyError, Invalid, NoSpace
from academy.files import check_name

log = logging.getLogger("academy.api")
Result = TypeVar("Result")
Item = TypeVar("Item")

MAX_FILES = 10
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
    """The items, each waited for in a thread of the lane."""

    def following() -> Item | None:
        return next(items, None)

    while (item := await lane.run(following)) is not None:
        yield item


def add_error_handlers(app: FastAPI) -> None:
    """Answers every error with a `detail`; a value that somebody sent is only echoed shortened and made harmless."""
    app.add_exception_handler(AcademyError, _academy_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(ValidationError, _bad_value)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(OSError, _os_error)


def _academy_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AcademyError)
    content: dict[str, Any] = {"detail": error.detail, **_for_chat_clients(request, error)}
    if error.code:
        content["reason_code"] = error.code
    return Json(content, error.status)


def _for_chat_clients(request: Request, error: AcademyError) -> dict[str, Any]:
    """The error once more as clients of OpenAI's API read it, on the routes made for them."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return error_body(error) if path.startswith("/v1/") else {}


def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [_harmless(item) for item in list(error.errors())[:_SHOWN_ITEMS]]
    words = "; ".join(f"{'.'.join(map(str, item['loc'][1:])) or 'body'}: {item.get('msg', '')}" for item in found)
    said = Invalid(f"The request cannot be used: {words}.", hint="Correct it and ask again.")
    return Json({"detail": found, **_for_chat_clients(request, said)}, 422)


def _bad_value(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    return Json({"detail": [_harmless(item) for item in error.errors(include_url=False)[:_SHOWN_ITEMS]]}, 422)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    detail = error.detail
    if error.status_code == 400 and detail == "There was an error parsing the body":
        unread = [{"type": "body_invalid", "loc": ["body"], "msg": "The body cannot be read; send JSON in UTF-8.", "input": None}]
        return _bad_request(request, RequestValidationError(unread))
    if error.status_code == 404 and detail == "Not Found":
        detail = "There is nothing at this address. /docs lists all of them."
    return Json(
        {"detail": detail, **_for_chat_clients(request, AcademyError(detail))}, error.status_code, headers=dict(error.headers or {})
    )


def _os_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        full = NoSpace("The disk is full.", hint="Free some space and try again.")
        return Json({"detail": full.detail}, full.status)
    raise error


def _harmless(item: Any) -> dict[str, Any]:
    shown = {key: _short(item[key]) for key in ("type", "msg", "input") if key in item}
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


class _Form(MultiPartParser):
    """Reads a form whose files wait on the disk of the data folder; of a file beyond the limit only the limit and one byte are kept."""

    def __init__(self, *arguments: Any, folder: Path, max_bytes: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._folder = folder
        self._max_bytes = max_bytes
        self._sizes: dict[int, int] = {}

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        file = self._current_part.file
        if file is not None:
            self._files_to_close_on_error.pop().close()
            # Not in the system's temporary folder: that may be memory.
            spooled = SpooledTemporaryFile(max_size=self.spool_max_size, dir=str(self._folder))  # noqa: SIM115
            self._files_to_close_on_error.append(spooled)
            file.file = spooled  # type: ignore[assignment]

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is not None:
            key = id(self._current_part.file)
            taken = self._sizes.get(key, 0)
            self._sizes[key] = taken + end - start
            end = min(end, start + self._max_bytes + 1 - taken)
            if end <= start:
                return
        super().on_part_data(data, start, end)

    def close_unfinished(self) -> None:
        """Closes the file of a part whose end never came: it is in no form."""
        part = self._current_part
        if part.file is not None and (part.field_name, part.file) not in self.items:
            part.file.file.close()


async def read_files(request: Request, folder: Path, max_mb: int) -> tuple[list[tuple[str, BinaryIO]], dict[str, str]]:
    """The files of the form's field `files` with their names, and its text fields; raises in FastAPI's form what is wrong with it."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _form_error("Send the files as multipart/form-data, in the field 'files'.")
    await anyio.to_thread.run_sync(functools.partial(folder.mkdir, mode=0o700, parents=True, exist_ok=True))
    parser = _Form(request.headers, request.stream(), folder=folder, max_bytes=max_mb << 20, max_files=MAX_FILES, max_fields=MAX_FILES)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _form_error(f"The form cannot be read: {error.message}") from error
    except (LookupError, ValueError) as error:
        raise _form_error("The form cannot be read: it is not valid multipart/form-data.") from error
    parser.close_unfinished()
    files = [
        (value.filename or "file", value.file) for key, value in form.multi_items() if key == "files" and isinstance(value, UploadFile)
    ]
    texts = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    unknown = sorted({key for key, value in form.multi_items() if key != "files" and isinstance(value, UploadFile)})
    if unknown or not files:
        await form.close()
        raise _form_error(
            "There is no file in the field 'files'." if not unknown else f"Files belong in the field 'files', not in {unknown[0]!r}."
        )
    return files, texts


def close_files(files: list[tuple[str, BinaryIO]]) -> None:
    """Lets go of what `read_files` has kept on disk."""
    for _, file in files:
        file.close()


def _form_error(message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "form_invalid", "loc": ("body", "files"), "msg": message, "input": None}])


def not_here(app: FastAPI) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Answers what no route of the API takes: 405 where only the method is wrong, else 404 (the page's own answer would be HTML)."""
    known: list[tuple[re.Pattern[str], set[str]]] = []

    async def answer(request: Request) -> Response:
        if not known:
            known.extend(
                (compile_path(path)[0], {method.upper() for method in methods}) for path, methods in app.openapi()["paths"].items()
            )
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        allowed = {method for pattern, methods in known if pattern.match(path) for method in methods} - {request.method}
        if allowed:
            raise HTTPException(405, f"{request.method} is not possible here.", headers={"Allow": ", ".join(sorted(allowed))})
        raise HTTPException(404, "Not Found")

    return answer
