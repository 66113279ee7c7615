"""Uploaded files of a request: on disk and not in memory, within their limits."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

import anyio.to_thread
import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from academy.config import Settings
from academy.errors import TooLarge

MAX_FILES = 10

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "maxItems": 10, "items": {"type": "string", "format": "binary"}},
                        "mapping": {
                            "type": "string",
                            "description": "Which column is what, as a JSON object; needed where the columns' names do not tell.",
                            "example": '{"question": "foo", "answer": "bar"}',
                        },
                    },
                }
            }
        },
    }
}
"""The form in the OpenAPI description."""


ADAPTER_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A zip of the adapter's folder."},
                        "path": {"type": "string", "description": "Or a folder of the machine that Academy runs on."},
                        "base_model": {"type": "string", "description": "Which base model it belongs to; empty: the one that it names."},
                    },
                }
            }
        },
    }
}
"""The form of an import in the OpenAPI description."""


@contextlib.asynccontextmanager
async def received_one(request: Request, settings: Settings) -> AsyncIterator[tuple[tuple[str, BinaryIO] | None, dict[str, str]]]:
    """The file of the form's field `file`, if there is one, and its texts; what is on disk is deleted afterwards."""
    files, texts = await _read_files(request, settings.incoming_dir, settings.max_upload_mb, "file", needed=False)
    try:
        if files:
            _refuse_if_all_too_large(files, settings.max_upload_mb)
        yield (files[0] if files else None), texts
    finally:
        for _, file in files:
            file.close()


@contextlib.asynccontextmanager
async def received(request: Request, settings: Settings) -> AsyncIterator[tuple[list[tuple[str, BinaryIO]], dict[str, str] | None]]:
    """The uploaded files with their names, and the form's mapping of columns; what is on disk is deleted afterwards."""
    files, texts = await _read_files(request, settings.incoming_dir, settings.max_upload_mb)
    try:
        _refuse_if_all_too_large(files, settings.max_upload_mb)
        yield files, _mapping(texts.get("mapping", ""))
    finally:
        for _, file in files:
            file.close()


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


async def _read_files(
    request: Request, folder: Path, max_mb: int, field: str = "files", *, needed: bool = True
) -> tuple[list[tuple[str, BinaryIO]], dict[str, str]]:
    """The files of a form's field with their names, and its text fields; raises in FastAPI's form what is wrong with it."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _form_error(f"Send the files as multipart/form-data, in the field '{field}'.")
    await anyio.to_thread.run_sync(functools.partial(folder.mkdir, mode=0o700, parents=True, exist_ok=True))
    parser = _Form(request.headers, request.stream(), folder=folder, max_bytes=max_mb << 20, max_files=MAX_FILES, max_fields=MAX_FILES)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _form_error(f"The form cannot be read: {error.message}") from error
    except (LookupError, ValueError) as error:
        raise _form_error("The form cannot be read: it is not valid multipart/form-data.") from error
    parser.close_unfinished()
    files = [(value.filename or "file", value.file) for key, value in form.multi_items() if key == field and isinstance(value, UploadFile)]
    texts = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    unknown = sorted({key for key, value in form.multi_items() if key != field and isinstance(value, UploadFile)})
    if unknown or (needed and not files):
        await form.close()
        raise _form_error(
            f"There is no file in the field '{field}'." if not unknown else f"Files belong in the field '{field}', not in {unknown[0]!r}."
        )
    return files, texts


def _form_error(message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "form_invalid", "loc": ("body", "files"), "msg": message, "input": None}])


def _mapping(text: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        mapping = orjson.loads(text)
    except orjson.JSONDecodeError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(value, str) for value in mapping.values()):
        message = "The field 'mapping' is not a JSON object of texts."
        raise RequestValidationError([{"type": "form_invalid", "loc": ("body", "mapping"), "msg": message, "input": text}])
    return mapping


def _refuse_if_all_too_large(files: list[tuple[str, BinaryIO]], max_mb: int) -> None:
    if all(file.seek(0, 2) > max_mb << 20 for _, file in files):
        raise TooLarge("Each of these files is larger than {limit} MB.", hint="Split them, or raise ACADEMY_MAX_UPLOAD_MB.", limit=max_mb)
    for _, file in files:
        file.seek(0)
