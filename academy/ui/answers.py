"""What the page says after an act: a toast, or the problem; every exception becomes HTML or a toast here and only here."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from academy.errors import AcademyError
from academy.ui.html.elements import Html, join, notice, remedy, tag
from academy.ui.html.numbers import exact
from academy.ui.texts.translate import has, say, t

if TYPE_CHECKING:
    from academy.jobs.store import Job
    from academy.services.academy import Academy

log = logging.getLogger("academy.ui")

_MOST = 10
_SAME = {"int_parsing": "int_type", "int_from_float": "int_type", "float_parsing": "float_type", "bool_parsing": "bool_type"}


class Problem:
    """What went wrong inside `with Problem() as problem:`, worded when it is shown; false where nothing did.

    An AcademyError shows its message and hint, a refused value its field's title and bounds (with `model`); anything else is a bug: it is
    logged with its traceback, and the page says so.
    """

    def __init__(
        self,
        *,
        model: type[BaseModel] | None = None,
        refused: str = "error.values",
        unexpected: str = "error.unexpected",
        logged: bool = True,
    ) -> None:
        self.error: Exception | None = None
        self._logged = logged
        self._model = model
        self._refused = refused
        self._unexpected = unexpected

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        if self._logged and not isinstance(error, AcademyError | ValidationError):
            log.error("A part of the page failed.", exc_info=error)
        return True

    def __bool__(self) -> bool:
        return self.error is not None

    @property
    def text(self) -> str:
        """The message."""
        if isinstance(self.error, AcademyError):
            return self.error.message
        return t(self._refused if isinstance(self.error, ValidationError) else self._unexpected)

    @property
    def hint(self) -> str:
        """What to do."""
        if isinstance(self.error, AcademyError):
            return self.error.hint
        return "" if isinstance(self.error, ValidationError) else t("error.unexpected_hint")

    @property
    def sentences(self) -> list[str]:
        """A sentence for each refused value."""
        return sentences(self.error, self._model)[:_MOST] if isinstance(self.error, ValidationError) else []

    @property
    def by_field(self) -> dict[str, str]:
        """The reason by the name of each refused value; what concerns several of them is under ""."""
        if not isinstance(self.error, ValidationError):
            return {}
        return {
            str(item["loc"][0]) if item["loc"] else "": f"{wrong(item) if item['loc'] else _plain(item['msg'])}.".capitalize()
            for item in self.error.errors()[:_MOST]
        }

    def notice(self, *actions: Any, kind: str = "bad") -> Html:
        """A framed notice with buttons below."""
        return notice(self.text, join([remedy(self.hint), *[tag("p", sentence) for sentence in self.sentences]]), *actions, kind=kind)

    def toast(self) -> dict[str, Any]:
        """An answer that shows the problem in the corner of the page."""
        return {"toast": toast(self.text, self.hint or " ".join(self.sentences), "bad")}


def toast(text: str, hint: str = "", kind: str = "good") -> dict[str, str]:
    """A short message in the corner of the page, which sets it as plain text."""
    return {"kind": kind, "text": text, "hint": hint}


def queued_words(academy: Academy, job: Job) -> str:
    """What becomes of a job that has just been submitted: it starts, or it waits for others."""
    others = [other for other in academy.jobs.unfinished() if other != job.job_id]
    if not others:
        return t("training.starts", name=job.name)
    return t("training.queued", name=job.name, n=academy.jobs.position(job.job_id) or 1)


def safely(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose problems become toasts."""

    @functools.wraps(handler)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        with Problem() as problem:
            return handler(*arguments, **named)
        return problem.toast()

    return wrapped


def sentences(error: ValidationError, model: type[BaseModel] | None = None) -> list[str]:
    """A sentence for each refused value; with its model it names the field by its title in the form, and the value."""
    return [_sentence(item, model) for item in error.errors()]


def wrong(item: ErrorDetails) -> str:
    """Why a value is refused, to follow the name of its field: "must be at most 0.01"."""
    limits = {key: exact(value) if isinstance(value, int | float) else value for key, value in item.get("ctx", {}).items()}
    key = f"wrong.{_SAME.get(item['type'], item['type'])}"
    try:
        if has(key):
            return t(key, **limits) if limits else t(key)
    except KeyError:
        log.warning("The text %s names a value that %s does not have.", key, item["type"])
    return t("wrong.other", why=_plain(item["msg"]))


def _sentence(item: ErrorDetails, model: type[BaseModel] | None) -> str:
    if not item["loc"]:  # two values that do not go together
        return _plain(item["msg"]).capitalize() + "."
    if model is None:
        return f"{_words(item['loc'][-1]).capitalize()} {wrong(item)}."
    name = str(item["loc"][0])
    field = model.model_fields.get(name)
    return f"{say(field.title or name) if field else _words(name)} {wrong(item)} ({item['input']!r:.60})."


def _words(name: int | str) -> str:
    return str(name).replace("_", " ")


def _plain(message: str) -> str:
    message = say(message.removeprefix("Value error, "))
    return message[:1].lower() + message[1:]
