"""The rows of a training as tokens; works without torch, so a broken dataset is reported at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from academy.messages import Text, msg
from academy.text.conversations import Message, read_conversations
from academy.text.failures import Failure
from academy.text.templates import ChatForm, choose
from academy.text.tokens import Tokenized, Tokens, load_tokenizer, longest_of, tokenize
from academy.text.wordings import Wordings
from academy.trainer.report import Report
from academy.trainer.spec import Spec


@dataclass(frozen=True)
class Dataset:
    """The rows to train on, and those held out."""

    tokenizer: Any
    form: ChatForm
    conversations: list[tuple[int, list[Message]]]  # by row number
    train: Tokenized
    held_out: Tokenized
    limit: int  # tokens of a row


class Looks:
    """The training rows as each look shows them: the first as they are, later ones with the questions varied, if wanted."""

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
        parts = {row: iter(tokens) for row, tokens in by_row.items() if len(tokens) == self._parts(row)}
        return [next(parts[tokens.row]) if tokens.row in parts else tokens for tokens in plain]

    def _parts(self, row: int) -> int:
        return self._counts.get(row, 0)

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


def load_dataset(spec: Spec, report: Report) -> Dataset:
    """Reads and tokenizes both files; raises Failure where nothing can be learned from them."""
    tokenizer = load_tokenizer(spec.base_path)
    form = choose(tokenizer)
    report.preparing("tokenize", "Tokenizing the dataset.")
    limit = longest_of(spec.base_path, spec.knob("max_seq_length"))
    if limit < spec.knob("max_seq_length"):
        report.note(msg("{base} was made for at most {n:,} tokens, so longer rows are cut there.", base=spec.base_model, n=limit))
    read = _Reader(tokenizer, form, limit, report)
    conversations = read_conversations(spec.dataset_path)
    train = read(conversations, msg("the dataset"))
    held_out = read(read_conversations(spec.eval_path), msg("the held-out rows")) if spec.eval_path else Tokenized()
    for note in form.notes:
        report.note(note)
    return Dataset(tokenizer, form, conversations, train, held_out, limit)


@dataclass(frozen=True)
class _Reader:
    tokenizer: Any
    form: ChatForm
    limit: int
    report: Report

    def __call__(self, conversations: list[tuple[int, list[Message]]], what: Text) -> Tokenized:
        def progress(fraction: float) -> None:
            self.report.preparing("tokenize", msg("Tokenizing {what}.", what=what), round(fraction, 3))

        result = tokenize(self.tokenizer, self.form, conversations, self.limit, progress)
        first, why = next(iter(result.untrained.items()), (0, ""))
        if result.truncated:
            cut = {"cut": len(result.truncated), "of": len(conversations), "what": what, "limit": self.limit}
            self.report.note(msg("{cut} of {of} rows of {what} are longer than {limit} tokens and were cut there.", **cut))
        if result.untrained:
            left = {"left": len(result.untrained), "of": len(conversations), "what": what, "row": first, "why": why}
            self.report.note(msg("{left} of {of} rows of {what} are left out; row {row}: {why}.", **left))
        if not result.rows:
            reason = msg(
                "No row of {what} has a token to learn from, so nothing was started; row {row}: {why}.", what=what, row=first, why=why
            )
            raise Failure(reason, "no_trained_tokens", row=first)
        return result
