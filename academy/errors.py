"""Errors that say what happened and what to do; each knows its HTTP status."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


class AcademyError(Exception):
    """Something a person can act on: a message, a hint, and optionally a machine-readable code."""

    status = 400

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    @property
    def detail(self) -> str:
        """The message and the hint as one text."""
        return f"{self.message} {self.hint}".strip()


class Refused(AcademyError):
    """The request is well-formed, but what it names cannot be used (400)."""


class Forbidden(AcademyError):
    """Not here: this Academy only shows (403)."""

    status = 403


class NotFound(AcademyError):
    """There is nothing under that id (404)."""

    status = 404


class Conflict(AcademyError):
    """Not now: the thing is in a state that forbids it (409)."""

    status = 409


class TooLarge(AcademyError):
    """A body, a file or a field is over its limit (413)."""

    status = 413


class Invalid(AcademyError):
    """A value is wrong (422)."""

    status = 422


class Unavailable(AcademyError):
    """A part is disabled, missing or busy (503)."""

    status = 503


class NoSpace(AcademyError):
    """The disk is full, or would be (507)."""

    status = 507


@contextlib.contextmanager
def log_and_go_on(what: str, log: logging.Logger) -> Iterator[None]:
    """Logs any failure inside with its traceback and goes on: for work that must never stop its caller."""
    try:
        yield
    except Exception:
        log.exception("%s failed.", what)


@contextlib.contextmanager
def foreign_code(what: str, kind: type[AcademyError] = Refused, *, hint: str = "") -> Iterator[None]:
    """Turns any exception of a library, or of code that reads what others wrote, into an AcademyError; lets AcademyErrors pass."""
    try:
        yield
    except AcademyError:
        raise
    except Exception as error:
        raise kind(f"{what} failed: {type(error).__name__}: {error}", hint=hint) from error
