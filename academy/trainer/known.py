"""Counts the rows that the model gives by heart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from academy.text.token_rows import Tokens, numbers_of, texts_in


class Known:
    """What the last look at each row showed: a row is known where the model predicts every trained token of it.

    With the tokens before given, as in training, the arg max is then right everywhere, so a greedy answer is the row's own.
    Plain text does not count: no question asks for it.
    """

    def __init__(self, rows: Sequence[Tokens]) -> None:
        self._owner = numbers_of(rows)
        self._right = bytearray(len(rows))
        self._is_text = texts_in(rows)
        # The parts of each dataset row that are not known.
        self._wrong = Counter(owner for owner, is_text in zip(self._owner, self._is_text, strict=True) if not is_text)
        self.of = len(self._wrong)
        self.rows = 0
        """How many dataset rows are known; one that was split into several counts once, if all its parts are."""

    def look(self, at: Iterable[int], right: Iterable[bool]) -> None:
        """Takes in a look at some of the rows, by their indices."""
        for index, wholly in zip(at, right, strict=True):
            self._set(index, wholly)

    def facts(self) -> list[int]:
        """The indices of the known rows, for a checkpoint."""
        return [index for index, right in enumerate(self._right) if right]

    def restore(self, facts: Any) -> None:
        """Takes over what a checkpoint holds."""
        for index in facts or []:
            self._set(index, True)

    def _set(self, index: int, right: bool) -> None:
        if bool(self._right[index]) != right:
            self._right[index] = right
            if self._is_text[index]:
                return
            owner = self._owner[index]
            self.rows -= not self._wrong[owner]
            self._wrong[owner] += -1 if right else 1
            self.rows += not self._wrong[owner]
