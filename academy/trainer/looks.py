"""The rows of a training as each look at them shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

from academy.text.conversations import Message, Numbered, wordings_in
from academy.text.token_rows import TokenRows, numbers_of
from academy.text.tokens import Tokens, tokenize
from academy.text.wordings import Wordings
from academy.trainer.dataset import Dataset


class Looks:
    """The first look shows the rows as they are; later ones vary the questions, if wanted, and never the answers."""

    def __init__(self, dataset: Dataset, seed: int, *, varies: bool) -> None:
        self._dataset, self._seed = dataset, seed
        self._varies = varies

    def rows(self, look: int) -> Sequence[Tokens]:
        """The rows of a look, counted from 0: always as many, in the same order; the same look is the same rows."""
        plain = self._dataset.train.rows
        if not self._varies or look == 0:
            return plain
        folder = plain.folder if isinstance(plain, TokenRows) else None
        dataset, shown = self._dataset, TokenRows(folder)
        varied = groupby(tokenize(dataset.tokenizer, dataset.form, self._varied(look), dataset.limit, folder=folder).rows, _row)
        number, parts = next(varied, (0, iter(())))
        for row, own in groupby(plain, _row):  # both are in the order of the file
            while 0 < number < row:
                number, parts = next(varied, (0, iter(())))
            replacing = list(parts) if number == row else []
            for tokens in replacing if len(replacing) == self._counts[row] else own:
                shown.append(tokens)
        return shown

    @cached_property
    def _counts(self) -> Counter[int]:
        return Counter(numbers_of(self._dataset.train.rows))

    @cached_property
    def _wordings(self) -> Wordings:
        return Wordings([turns[at]["content"] for _, turns in self._dataset.conversations if (at := _question(turns)) is not None])

    def _varied(self, look: int) -> Iterator[Numbered]:
        own = wordings_in(self._dataset.conversations)
        for row, turns in self._dataset.conversations:
            at = _question(turns)
            if at is not None and row in self._counts:
                question = self._wordings.varied(turns[at]["content"], hash((self._seed, look, row)), own.get(row, ()))
                turns = [*turns[:at], {**turns[at], "content": question}, *turns[at + 1 :]]
            yield row, turns


def _row(tokens: Tokens) -> int:
    return tokens.row


def _question(turns: list[Message]) -> int | None:
    """The last user turn before an answer; the earlier ones are its context."""
    pairs = range(len(turns) - 1, 0, -1)
    return next((at - 1 for at in pairs if turns[at]["role"] == "assistant" and turns[at - 1]["role"] == "user"), None)
