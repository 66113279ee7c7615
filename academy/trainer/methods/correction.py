"""Learning from corrections by self-distillation: the model that sees the correction teaches the one that does not, on its own answers.

As in Shenfeld et al., Self-Distillation Enables Continual Learning (2026), and TRL's SDFTTrainer with `teacher_model_kind="live"`: each
step samples answers, and at each of their tokens the Kullback-Leibler divergence from what the same model thinks with the correction in its
prompt is the loss. Of the teacher the likeliest tokens count, and the others as one (TRL's `topk_logits` with a tail bucket and alpha 0).

A model that cannot use the hint has nothing to teach itself; `uses_hints` asks for that before the first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch

from academy.text.conversations import Message
from academy.text.matching import Answers, Key
from academy.text.tokens import Tokens
from academy.trainer.compute.batches import Batch
from academy.trainer.exam.examinee import Examinee, Likeliest, divergence
from academy.trainer.methods.sft import SupervisedFineTuning
from academy.trainer.preferences import Correction

_EXTRA_TOKENS = 8  # that an answer may be longer than the correction
_ENOUGH, _GAIN = 0.8, 0.2  # of the hinted answers that must be right, and how much more that must be than without the hint
# SmolLM2-135M is right in half of its hinted answers, and taught itself next to nothing in 36 steps.
_PROBED = 32  # corrections at most
_HINT = "{question}\n\n(The right answer: {answer})"


@dataclass(frozen=True)
class Probe:
    """The shares of right greedy answers with the correction in the prompt and without it."""

    hinted: float
    unhinted: float

    @property
    def is_usable(self) -> bool:
        """Whether the model answers clearly better where it sees the correction."""
        return self.hinted >= _ENOUGH and self.hinted >= self.unhinted + _GAIN


@dataclass(frozen=True)
class Distilled(Batch):
    """Answers of the model itself, and what it thinks likeliest at their tokens where it sees the corrections."""

    teacher: Likeliest
    rows: int

    @property
    def counted(self) -> int:
        """The tokens of the answers."""
        return len(self.teacher.tokens)

    def wholly(self, right: torch.Tensor) -> list[bool]:
        """Nothing of it is learned letter by letter."""
        return [False] * self.rows


class SelfDistillation:
    """The divergence of the model from itself with the correction before its eyes."""

    apart = False

    def __init__(self, examinee: Examinee, reader: SupervisedFineTuning, corrections: Sequence[Correction]) -> None:
        self._examinee, self._reader = examinee, reader
        self._by_row = {item.tokens.row: item for item in corrections}
        self._keys = keys_of(corrections)
        self._right: list[bool] = []

    def collate(self, rows: Sequence[Tokens], rehearsed: Sequence[Tokens] = ()) -> Batch:
        """Samples an answer to each row's question and reads it with the correction in sight; after them, or alone, what is rehearsed."""
        if not rows:
            return self._reader.collate((), rehearsed)
        items = [self._by_row[row.row] for row in rows]
        seed = int(torch.randint(2**31 - 1, ()).item())  # of a generator that checkpoints keep
        with self._examinee.seated():
            torch.manual_seed(seed)
            prompts = [_prompt(item.tokens) for item in items]
            said = self._examinee.answers(prompts, [_room(item) for item in items], sample=True)
            answers = [_ended(answer or [], item) for answer, item in zip(said, items, strict=True)]
            hints = [self._examinee.prompt(hinted(item)) or prompt for item, prompt in zip(items, prompts, strict=True)]
            tops = self._examinee.likeliest([_row(hint, answer) for hint, answer in zip(hints, answers, strict=True)], base=False)
        self._right += [self._keys[item.tokens.row].fits(self._examinee.text(answer)) for item, answer in zip(items, answers, strict=True)]
        mine = [_row(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        batch = self._reader.collate((), [*mine, *rehearsed])
        found = [top for top in tops if top is not None]
        teacher = Likeliest(torch.cat([top.tokens for top in found]), torch.cat([top.logarithms for top in found]))
        plain: dict[str, Any] = {field.name: getattr(batch, field.name) for field in fields(Batch)}
        return Distilled(**plain, teacher=teacher, rows=len(rows))

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The summed divergence at the tokens of the answers, and the logits of what is rehearsed."""
        if not isinstance(batch, Distilled):
            return self._reader.loss(batch)
        _, right, logits = self._reader.loss(batch)
        own, device = logits[: batch.counted], logits.device
        likely = own.float().log_softmax(-1).gather(1, batch.teacher.tokens.long().to(device))
        return divergence(batch.teacher.logarithms.to(device), likely).sum(), right, logits[batch.counted :]

    def measured(self) -> dict[str, float]:
        """How often an answer of the model itself said what the correction says."""
        share, self._right = (sum(self._right) / len(self._right) if self._right else 0.0), []
        return {"accuracy": share}


def uses_hints(examinee: Examinee, corrections: Sequence[Correction]) -> Probe:
    """Whether the model can use the correction when it stands in the prompt."""
    asked = corrections[:_PROBED]
    return Probe(share_right(examinee, asked, hints=True), share_right(examinee, asked))


def share_right(examinee: Examinee, corrections: Sequence[Correction], *, hints: bool = False) -> float:
    """The share of greedy answers that say what the corrections say."""
    keys = keys_of(corrections)
    with examinee.seated():
        prompts = [(examinee.prompt(hinted(item)) if hints else None) or _prompt(item.tokens) for item in corrections]
        said = examinee.answers(prompts, [_room(item) for item in corrections])
    right = [
        answer is not None and keys[item.tokens.row].fits(examinee.text(answer)) for item, answer in zip(corrections, said, strict=True)
    ]
    return round(sum(right) / len(right), 4)


def keys_of(corrections: Sequence[Correction]) -> dict[int, Key]:
    """What a right answer says, by the row of the correction."""
    answers = Answers(item.better for item in corrections)
    return {item.tokens.row: answers.key(item.better, item.prompt[-1]["content"]) for item in corrections}


def hinted(item: Correction) -> list[Message]:
    """The conversation with the correction behind its question."""
    question = {**item.prompt[-1], "content": _HINT.format(question=item.prompt[-1]["content"], answer=item.better)}
    return [*item.prompt[:-1], question]


def _prompt(row: Tokens) -> list[int]:
    return row.ids[: row.trained.index(True)]


def _room(item: Correction) -> int:
    return sum(item.tokens.trained) + _EXTRA_TOKENS


def _ended(answer: list[int], item: Correction) -> list[int]:
    """The answer with the end that the corrections have, unless it was cut off."""
    end = next(token for token, trained in zip(reversed(item.tokens.ids), reversed(item.tokens.trained), strict=True) if trained)
    return [*answer, end] if len(answer) < _room(item) else answer


def _row(prompt: list[int], answer: list[int]) -> Tokens:
    return Tokens(0, [*prompt, *answer], [False] * len(prompt) + [True] * len(answer), len(prompt) + len(answer))
