"""Errors that say what happened and what to do; each knows its HTTP status."""


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
