"""The rows of a training as each look at them shows them."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from academy.text.conversations import Message
from academy.text.tokens import Tokens, tokenize
from academy.text.wordings import Wordings
from academy.trainer.dataset import Dataset


class Looks:
    """The first look shows the rows as they are; later ones vary the questions, if wanted, and never the answers."""

    def __init__(self, dataset: Dataset, seed: int, *, varies: bool) -> None:
        self._dataset, self._seed = dataset, seed
        self._wordings = Wordings([turns[at]["content"] for _, turns in dataset.conversations if (at := _question(turns)) is not None])
        self._varies = varies

    def rows(self, look: int) -> list[Tokens]:
        """The rows of a look, counted from 0: always as many, in the same order; the same look is the same rows."""
        plain = self._dataset.train.rows
        if not self._varies or look == 0:
            return plain
        varied = tokenize(self._dataset.tokenizer, self._dataset.form, self._varied(look), self._dataset.limit).rows
        by_row: dict[int, list[Tokens]] = {}
        for tokens in varied:
            by_row.setdefault(tokens.row, []).append(tokens)
        parts = {row: iter(tokens) for row, tokens in by_row.items() if len(tokens) == self._counts[row]}
        return [next(parts[tokens.row]) if tokens.row in parts else tokens for tokens in plain]

    @cached_property
    def _counts(self) -> Counter[int]:
        return Counter(tokens.row for tokens in self._dataset.train.rows)

    def _varied(self, look: int) -> list[tuple[int, list[Message]]]:
        varied = []
        for row, turns in self._dataset.conversations:
            at = _question(turns)
            if at is not None and row in self._counts:
                question = self._wordings.varied(turns[at]["content"], hash((self._seed, look, row)))
                turns = [*turns[:at], {**turns[at], "content": question}, *turns[at + 1 :]]
            varied.append((row, turns))
        return varied


def _question(turns: list[Message]) -> int | None:
    """The last user turn before an answer; the earlier ones are its context."""
    pairs = range(len(turns) - 1, 0, -1)
    return next((at - 1 for at in pairs if turns[at]["role"] == "assistant" and turns[at - 1]["role"] == "user"), None)
