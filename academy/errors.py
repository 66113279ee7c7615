"""Errors that state what happened and what to do, each with its HTTP status."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import Any

from academy.messages import Message, Text, join, msg, render


class AcademyError(Exception):
    """A failure that a person can act on: a message, a hint, and an optional machine-readable code.

    With values, the message and the hint are templates over them (see messages.py); without values, both are plain text. `message`, `hint`
    and `detail` are rendered in the current language; `message_text`, `hint_text` and `text` are not, for journals and for other messages.
    """

    status = 400

    def __init__(self, message: Text, /, *, hint: Text = "", code: str = "", **values: Any) -> None:
        self.message_text = _with_values(message, values)
        self.hint_text = _with_values(hint, values)
        self.code = code
        super().__init__(str(self.message_text))

    @property
    def text(self) -> Message:
        """The message and the hint as one text."""
        return join(self.message_text, self.hint_text)

    @property
    def message(self) -> str:
        """The message, rendered."""
        return render(self.message_text)

    @property
    def hint(self) -> str:
        """The hint, rendered."""
        return render(self.hint_text)

    @property
    def detail(self) -> str:
        """The message and the hint as one text, rendered."""
        return render(self.text).strip()


class Refused(AcademyError):
    """The request is well-formed but names something that cannot be used (400)."""


class Forbidden(AcademyError):
    """This Academy is a read-only demonstration (403)."""

    status = 403


class NotFound(AcademyError):
    """Nothing has that id (404)."""

    status = 404


class Conflict(AcademyError):
    """The current state forbids the request (409)."""

    status = 409


class TooLarge(AcademyError):
    """A body, a file or a field exceeds its limit (413)."""

    status = 413


class Invalid(AcademyError):
    """A value is wrong (422)."""

    status = 422


class Unavailable(AcademyError):
    """A part is disabled, missing or busy (503)."""

    status = 503


class NoSpace(AcademyError):
    """The disk is full, or would be full (507)."""

    status = 507


@contextlib.contextmanager
def log_and_go_on(what: str, log: logging.Logger) -> Iterator[None]:
    """Logs any failure inside with its traceback and goes on: for work that must never stop its caller."""
    try:
        yield
    except Exception:
        log.exception("%s failed.", what)


@contextlib.contextmanager
def foreign_code(what: Text, kind: type[AcademyError] = Refused, *, hint: Text = "") -> Iterator[None]:
    """Turns any exception of a library, or of code that reads what others wrote, into an AcademyError; lets AcademyErrors pass."""
    try:
        yield
    except AcademyError:
        raise
    except Exception as error:
        name = type(error).__name__
        raise kind(msg("{what} failed: {name}: {error}", what=what, name=name, error=error), hint=hint) from error


def _with_values(text: Text, values: dict[str, Any]) -> Message:
    """A template gets the values that it names, so that what is stored holds no others."""
    if isinstance(text, Message):
        return text
    if not values or not ("{" in text or "}" in text):
        return Message(text)
    used = {name: value for name, value in values.items() if re.search(rf"{{{name}[}}!:]", text)}
    return Message(text, used or values)


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it, the last one first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
