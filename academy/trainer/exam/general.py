"""General knowledge before and after: the probe's questions by category, and how far the adapter drifts from its base's own answers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from academy.general import CATEGORIES, Question, is_right, probe
from academy.text.tokens import Tokens
from academy.trainer.exam.examinee import Examinee, Likeliest
from academy.trainer.exam.intervals import difference_of_counts
from academy.trainer.exam.sampling import Clock, spread

ANSWER_TOKENS = 24
_DRIFT_ANSWERS = 16
_MOST_LOST = 20  # shown


@dataclass(frozen=True)
class Asked:
    """A question of the probe and the two replies to it."""

    question: Question
    before: str
    after: str

    @property
    def was_right(self) -> bool:
        """Whether the base alone answers it."""
        return is_right(self.question, self.before)

    @property
    def is_right(self) -> bool:
        """Whether the adapter answers it."""
        return is_right(self.question, self.after)


@dataclass(frozen=True)
class Drift:
    """The mean KL(base ‖ adapter) in nats, over so many tokens of so many of the base's own answers."""

    mean: float
    tokens: int
    answers: int


class BaseAnswers:
    """The base's own answers to the probe, and what it thinks at each of their tokens; kept in a file for each base and probe."""

    def __init__(self, cache: Path | None, fingerprint: str, template: str, precision: str) -> None:
        version = hashlib.sha256(f"{probe()}\n{template}\n{ANSWER_TOKENS}".encode()).hexdigest()[:12]
        self._path = cache / f"probe-{fingerprint}-{precision}-{version}.safetensors" if cache and fingerprint else None
        self._tensors: dict[str, torch.Tensor] = self._read()

    @property
    def is_kept(self) -> bool:
        """Whether what is added is there for the next exam."""
        return self._path is not None

    def answer(self, question: Question) -> list[int] | None:
        """The tokens of the answer, if it was asked before."""
        found = self._tensors.get(f"{question.id}.answer")
        return None if found is None else found.tolist()

    def likeliest(self, question: Question) -> Likeliest | None:
        """What the base thinks at each token of its answer, if it was looked at before."""
        tokens, logarithms = self._tensors.get(f"{question.id}.tokens"), self._tensors.get(f"{question.id}.logarithms")
        return None if tokens is None or logarithms is None else Likeliest(tokens, logarithms)

    def add_answer(self, question: Question, ids: Sequence[int]) -> None:
        """Keeps an answer."""
        self._tensors[f"{question.id}.answer"] = torch.tensor(list(ids), dtype=torch.int32)

    def add_likeliest(self, question: Question, top: Likeliest) -> None:
        """Keeps what the base thinks."""
        self._tensors |= {f"{question.id}.tokens": top.tokens, f"{question.id}.logarithms": top.logarithms}

    def save(self) -> None:
        """Writes the file, in one step; another exam may do the same at the same time."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            aside = self._path.with_suffix(f".{os.getpid()}.tmp")
            save_file(self._tensors, aside)
            os.replace(aside, self._path)

    def _read(self) -> dict[str, torch.Tensor]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            return load_file(self._path)
        except (SafetensorError, OSError, ValueError, struct.error):
            return {}  # a damaged cache is made again


def ask(examinee: Examinee, known: BaseAnswers, clock: Clock) -> list[Asked]:
    """The questions that the time allows, each answered by the base and with the adapter; any number is even over the categories."""
    questions = _even(probe())
    prompts = {question.id: ids for question in questions if (ids := examinee.prompt(_messages(question)))}
    questions = [question for question in questions if question.id in prompts]
    missing = [question for question in questions if known.answer(question) is None]
    if missing:
        with clock.once() if known.is_kept else contextlib.nullcontext(clock.until(0.45)) as until:
            most = [ANSWER_TOKENS] * len(missing)
            answers = examinee.answers([prompts[question.id] for question in missing], most, base=True, until=until)
        for question, ids in zip(missing, answers, strict=True):
            if ids is not None:
                known.add_answer(question, ids)
        known.save()
    before = {question.id: examinee.text(ids) for question in questions if (ids := known.answer(question)) is not None}
    # A language that the base knows nothing of can lose nothing.
    languages = {question.language for question in questions if question.id in before and is_right(question, before[question.id])}
    asked = [question for question in questions if question.id in before and question.language in languages]
    after = examinee.answers([prompts[question.id] for question in asked], [ANSWER_TOKENS] * len(asked), until=clock.until(0.85))
    replies = {question.id: examinee.text(ids) for question, ids in zip(asked, after, strict=True) if ids is not None}
    return [
        Asked(question, before[question.id], replies.get(question.id, ""))
        for question in questions
        if question.id in replies or (question.id in before and question.language not in languages)
    ]


def drift(examinee: Examinee, known: BaseAnswers, clock: Clock) -> Drift | None:
    """How far the adapter is from its base where it would answer what the base answers; None where there was no time."""
    found: list[tuple[Question, Tokens]] = []
    for question in _even(probe()):
        prompt, answer = examinee.prompt(_messages(question)), known.answer(question)
        if prompt and answer and len(found) < _DRIFT_ANSWERS:
            found.append((question, Tokens(0, prompt + answer, [False] * len(prompt) + [True] * len(answer), len(prompt) + len(answer))))
    new = [(question, row) for question, row in found if known.likeliest(question) is None]
    if new:
        with clock.once() if known.is_kept else contextlib.nullcontext(clock.until(0.6)) as until:
            tops = examinee.likeliest([row for _, row in new], base=True, until=until)
        for (question, _), top in zip(new, tops, strict=True):
            if top is not None:
                known.add_likeliest(question, top)
        known.save()
    both = [(row, top) for question, row in found if (top := known.likeliest(question)) is not None]
    if not both:
        return None
    mean, tokens = examinee.divergence([row for row, _ in both], [top for _, top in both], clock.until(0.8))
    answers, counted = 0, 0
    while counted < tokens:  # in the order of the rows
        counted += sum(both[answers][0].trained)
        answers += 1
    return Drift(mean, tokens, answers) if tokens else None


def result_of(asked: Sequence[Asked]) -> dict[str, Any] | None:
    """The contract's `general`, over the languages in which the base gets anything right; None where it gets nothing right."""
    languages = sorted({item.question.language for item in asked if item.was_right})
    counted = [item for item in asked if item.question.language in languages]
    if not counted:
        return None
    lost = [item for item in counted if item.was_right and not item.is_right]
    gained = sum(item.is_right and not item.was_right for item in counted)
    low, high = difference_of_counts(len(lost), gained)
    categories = [(name, [item for item in counted if item.question.category == name]) for name in CATEGORIES]
    return {
        "right_before": sum(item.was_right for item in counted),
        "right_after": sum(item.is_right for item in counted),
        "of": len(counted),
        "low": round(low, 2),
        "high": round(high, 2),
        "categories": [
            {
                "name": name,
                "right_before": sum(item.was_right for item in items),
                "right_after": sum(item.is_right for item in items),
                "of": len(items),
            }
            for name, items in categories
            if items
        ],
        "languages": languages,
        "left_out": sorted({item.question.language for item in asked} - set(languages)),
        "lost": [{"question": item.question.question, "before": item.before, "after": item.after} for item in lost[:_MOST_LOST]],
    }


def _even(questions: Sequence[Question]) -> list[Question]:
    """In an order of which every beginning is even over languages and categories."""
    return spread(sorted(questions, key=lambda question: (question.language, question.category, question.id)))


def _messages(question: Question) -> list[dict[str, str]]:
    return [{"role": "user", "content": question.question}]
