"""Counts the rows that the model gives by heart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from academy.text.tokens import Tokens


class Known:
    """What the last look at each row showed: a row is known where the model predicts every trained token of it.

    With the tokens before given, as in training, the arg max is then right everywhere, so a greedy answer is the row's own.
    Plain text does not count: no question asks for it.
    """

    def __init__(self, rows: Sequence[Tokens]) -> None:
        self._owner = [tokens.row for tokens in rows]
        self._right = [False] * len(rows)
        self._texts = {tokens.row for tokens in rows if tokens.is_text}
        self.of = len({*self._owner} - self._texts)

    def look(self, at: Iterable[int], right: Iterable[bool]) -> None:
        """Takes in a look at some of the rows, by their indices."""
        for index, wholly in zip(at, right, strict=True):
            self._right[index] = wholly

    @property
    def rows(self) -> int:
        """How many dataset rows are known; one that was split into several counts once, if all its parts are."""
        return self.of - len({owner for owner, right in zip(self._owner, self._right, strict=True) if not right} - self._texts)

    def facts(self) -> list[int]:
        """The indices of the known rows, for a checkpoint."""
        return [index for index, right in enumerate(self._right) if right]

    def restore(self, facts: Any) -> None:
        """Takes over what a checkpoint holds."""
        for index in facts or []:
            self._right[index] = True
