"""The rows of a training as tokens; works without torch, so a broken dataset is reported at once."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from academy.bases import template_of
from academy.messages import Text, msg
from academy.text.conversations import Conversations, Numbered, read_conversations
from academy.text.failures import Failure
from academy.text.templates import ChatForm, choose
from academy.text.token_rows import numbers_of
from academy.text.tokens import Tokenized, load_tokenizer, longest_of, tokenize
from academy.trainer.report import Report
from academy.trainer.spec import Spec


@dataclass(frozen=True)
class Dataset:
    """The rows to train on, and those held out."""

    tokenizer: Any
    form: ChatForm
    conversations: Sequence[Numbered]
    train: Tokenized
    held_out: Tokenized
    limit: int  # tokens of a row
    held_out_conversations: Sequence[Numbered] = field(default_factory=list)

    @property
    def thinks(self) -> bool:
        """Whether most of what is learned are answers after a thought."""
        return self.form.thoughts is not None and 2 * self.train.thoughts > len(set(numbers_of(self.train.rows)))


def load_dataset(spec: Spec, report: Report) -> Dataset:
    """Reads and tokenizes both files; raises Failure where nothing can be learned from them."""
    tokenizer = load_tokenizer(spec.base_path)
    form = choose(tokenizer, template_of(spec.continue_from) if spec.continue_from else "")
    report.preparing("tokenize", "Tokenizing the dataset.")
    limit = longest_of(spec.base_path, spec.knob("max_seq_length"))
    if limit < spec.knob("max_seq_length"):
        report.note(msg("{base} was made for at most {n:,} tokens, so longer rows are cut there.", base=spec.base_model, n=limit))
    read = _Reader(tokenizer, form, limit, report, spec.folder)
    conversations = read_conversations(spec.dataset_path)
    others = read_conversations(spec.eval_path) if spec.eval_path else Conversations()
    if spec.golden_rows is not None:
        # A fact that is held out can never be known: rows held out by default are taught, golden questions are not.
        conversations = conversations.followed_by(others[spec.golden_rows :])
        others = others[: spec.golden_rows]
    elif spec.measuring_rows:
        conversations, others = _apart(conversations, spec.measuring_rows)
        sentence = "{n} of {of} rows are held out to measure what is learned; a manner shows in rows that were never trained."
        report.note(msg(sentence, n=len(others), of=len(conversations) + len(others)))
    train = read(conversations, msg("the dataset"))
    held_out = read(others, msg("the held-out rows")) if others else Tokenized()
    for note in [*form.notes, *train.notes]:
        report.note(note)
    return Dataset(tokenizer, form, conversations, train, held_out, limit, others)


def _apart(conversations: Conversations, measuring: int) -> tuple[Conversations, Conversations]:
    """The rows to train on and those that measure: the same ones at every start, wherever they stand in the file."""

    def digest(at: int) -> bytes:
        return hashlib.sha256(json.dumps(conversations[at][1], sort_keys=True).encode()).digest()

    every = range(len(conversations))
    apart = set(heapq.nsmallest(measuring, every, key=digest))
    return conversations.only(at for at in every if at not in apart), conversations.only(sorted(apart))


@dataclass(frozen=True)
class _Reader:
    tokenizer: Any
    form: ChatForm
    limit: int
    report: Report
    folder: Path

    def __call__(self, conversations: Conversations, what: Text) -> Tokenized:
        def progress(fraction: float) -> None:
            self.report.preparing("tokenize", msg("Tokenizing {what}.", what=what), round(fraction, 3))

        result = tokenize(self.tokenizer, self.form, conversations, self.limit, progress, self.folder)
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
