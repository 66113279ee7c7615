"""What was drawn last, by what it was drawn from: a page asks every second, and mostly for the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from academy.messages import language

T = TypeVar("T")


class Drawings(Generic[T]):
    """The last drawings of one kind for each Academy; a key names all that decides about the drawing, except the language."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: WeakKeyDictionary[Any, OrderedDict[Hashable, T]] = WeakKeyDictionary()

    def get(self, academy: Any, key: Hashable, draw: Callable[[], T]) -> T:
        """The drawing of a key, drawn where it is not known."""
        known, key = self._known.setdefault(academy, OrderedDict()), (language.get(), key)
        found = known.get(key)
        if found is None:
            found = known[key] = draw()
            while len(known) > self._most:
                known.pop(next(iter(known)), None)
        return found
