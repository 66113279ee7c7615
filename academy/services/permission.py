"""Who may call a verb: the decorators `@reading` and `@changing` of the stage classes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from academy.errors import Forbidden, Unavailable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Permission:
    """What all stages are allowed at the moment."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.only_shows = False
        """Whether this is a demonstration Space, which changes nothing."""

    def to_read(self) -> None:
        """Raises Unavailable where Academy is disabled."""
        if not self.enabled:
            raise Unavailable("Academy is disabled.", hint="Set ENABLE_ACADEMY=true and start it again.")

    def to_change(self) -> None:
        """Raises Unavailable where Academy is disabled, and Forbidden in a demonstration."""
        self.to_read()
        if self.only_shows:
            raise Forbidden("This is a demonstration and only shows.", hint="Duplicate the Space and set the secret ACADEMY_TOKEN.")


class Guarded(Protocol):
    """A stage whose verbs ask for permission."""

    _permission: Permission


Stage = TypeVar("Stage", bound=Guarded)


def reading(verb: Callable[Concatenate[Stage, Arguments], Result]) -> Callable[Concatenate[Stage, Arguments], Result]:
    """A verb that changes nothing; refused where Academy is disabled."""

    @functools.wraps(verb)
    def checked(self: Stage, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        self._permission.to_read()
        return verb(self, *arguments, **named)

    return checked


def changing(verb: Callable[Concatenate[Stage, Arguments], Result]) -> Callable[Concatenate[Stage, Arguments], Result]:
    """A verb that changes something; refused in a demonstration too."""

    @functools.wraps(verb)
    def checked(self: Stage, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        self._permission.to_change()
        return verb(self, *arguments, **named)

    return checked
