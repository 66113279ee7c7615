"""A request by its head alone: whether it is well-formed, its path, and the refusal of one that is not let through."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import Scope

from academy.messages import Text, msg, render

API = "/api/v1/academy"
PROGRAMS = ("/api/", "/v1/", "/gradio_api/", "/openapi.json")
"""Paths that programs call, not people."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_MAX_HEADERS = 100
_MAX_TARGET = 8192
_MAX_NAME = 255


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let through."""

    status: int
    detail: Text
    headers: tuple[tuple[str, str], ...] = ()
    openai: bool = False

    def as_openai(self) -> Refusal:
        """The same, with the error object that clients of OpenAI's API read."""
        return replace(self, openai=True)

    def content(self) -> dict[str, Any]:
        """The answer."""
        detail = render(self.detail)
        error = {"message": detail, "type": "invalid_request_error", "param": None, "code": None}
        return {"detail": detail} | ({"error": error} if self.openai else {})


def malformed(scope: Scope) -> Refusal | None:
    """The refusal of a request whose head is invalid or too large; None for any other."""
    if scope.get("method", "GET") not in _METHODS:
        return Refusal(405, "Academy does not support this method.", (("Allow", ", ".join(sorted(_METHODS))),))
    if len(scope["headers"]) > _MAX_HEADERS:
        return Refusal(431, msg("The request has more than {most} headers.", most=_MAX_HEADERS))
    target = scope.get("raw_path", b"") or scope["path"].encode("utf-8", "replace")
    if len(target) + len(scope.get("query_string", b"")) > _MAX_TARGET:
        return Refusal(414, "The address is too long.")
    if any(len(part.encode("utf-8", "replace")) > _MAX_NAME for part in scope["path"].split("/")):
        return Refusal(414, msg("No part of an address is longer than {most} bytes.", most=_MAX_NAME))
    if not scope["path"].startswith("/") or "\x00" in scope["path"]:
        return Refusal(400, "That is not a path.")
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
        return Refusal(400, "The Content-Length is not a number.")
    return None


def route_path(scope: MutableMapping[str, Any]) -> str:
    """The path without the prefix of a proxy."""
    root = scope.get("root_path", "")
    path: str = scope["path"]
    return path[len(root) :] if root and path.startswith(root + "/") else path
