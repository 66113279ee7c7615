"""What was drawn last, by what it was drawn from: a page asks every second, and mostly for the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from academy.messages import language

T = TypeVar("T")


class Drawings(Generic[T]):
    """The last drawings of one kind; a key names all that decides about the drawing, except the language."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, draw: Callable[[], T]) -> T:
        """The drawing of a key, drawn where it is not known."""
        key = (language.get(), key)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = draw()
            while len(self._known) > self._most:
                self._known.pop(next(iter(self._known)), None)
        return found
