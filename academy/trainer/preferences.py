"""The pairs and thumbs of a training as tokens, in groups that always go through the model together; works without torch."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from academy.messages import msg
from academy.preferences import Preference, of_kind, read_preferences
from academy.rows import BadRow
from academy.text.conversations import Message, as_message
from academy.text.failures import Failure, bad_row
from academy.text.tokens import Tokens, tokenize
from academy.trainer.dataset import Dataset
from academy.trainer.report import Report
from academy.trainer.spec import Spec


@dataclass(frozen=True)
class Group(Tokens):
    """Answers that are compared in one batch, always the same ones, so that rounding is the same each time; `ids` are those of all.

    Of pairs the better answers come first, then the worse ones in the same order.
    """

    answers: tuple[Tokens, ...] = ()
    good: tuple[bool, ...] = ()  # of each answer, whether it is the better one, or rated good
    swapped: tuple[Tokens, ...] = ()  # of thumbs, each prompt with the answer to another one


@dataclass(frozen=True)
class Preferences:
    """The groups to learn from and those held out; their `row`s are numbered through."""

    kind: str  # "pairs" or "thumbs"
    train: list[Group]
    held_out: list[Group]
    left_out: int  # thumbs that stand beside pairs
    asked: frozenset[str]  # the turns before the answers, each as JSON

    @property
    def answers(self) -> list[Tokens]:
        """Every answer with its prompt."""
        return [answer for group in (*self.train, *self.held_out) for answer in group.answers]

    def count(self, groups: Sequence[Group]) -> int:
        """How many pairs or thumbs there are in groups."""
        return sum(len(group.answers) for group in groups) // (2 if self.kind == "pairs" else 1)


@dataclass(frozen=True)
class Correction:
    """A question whose answer a person replaced; `tokens` are the row with the new answer, of which only that is trained."""

    prompt: list[Message]
    better: str
    tokens: Tokens


@dataclass(frozen=True)
class Corrections:
    """The corrections to learn from and those held out, each with a `row` of its own."""

    train: list[Correction]
    held_out: list[Correction]
    asked: frozenset[str]  # the turns before the answers, each as JSON

    @property
    def answers(self) -> list[Tokens]:
        """Every corrected answer with its prompt."""
        return [item.tokens for item in (*self.train, *self.held_out)]


def load_compared(spec: Spec, report: Report, dataset: Dataset) -> Preferences | Corrections | None:
    """What is learned instead of the dataset's rows, by the method; None where it is the rows. Raises Failure where there is nothing."""
    method = spec.knob("method")
    if method not in _NOTHING:
        return None
    found = load_corrections(spec, dataset) if method == "correction" else load_preferences(spec, report, dataset)
    if not found.train:
        raise Failure(_NOTHING[method], "no_trained_tokens")
    return found


_NOTHING = {
    "preference": "The dataset has no preference to learn from, so nothing was started.",
    "correction": "The dataset has no correction to learn from, so nothing was started.",
}


def load_measured(spec: Spec, report: Report, dataset: Dataset) -> Preferences | Corrections | None:
    """What an exam compares: as the adapter learned it, and preferences also where it learned the rows; None where there is nothing."""
    if spec.preferences_path is None:
        return None
    corrected = spec.knob("method") == "correction"
    found = load_corrections(spec, dataset) if corrected else load_preferences(spec, report, dataset)
    return found if found.train else None


def load_corrections(spec: Spec, dataset: Dataset) -> Corrections:
    """Reads and tokenizes the corrections."""
    assert spec.preferences_path is not None
    chosen = [item for item in _read(spec.preferences_path) if item.is_pair]
    found: tuple[list[Correction], list[Correction]] = [], []
    for number, (item, answers) in enumerate(zip(chosen, _tokens(chosen, dataset), strict=True), start=1):
        if answers[0] is not None and item.better is not None:
            prompt = [as_message(turn) for turn in item.prompt]
            found[item.held_out].append(Correction(prompt, item.better, replace(answers[0], row=number)))
    return Corrections(*found, frozenset(asked_by(item.prompt) for part in found for item in part))


def load_preferences(spec: Spec, report: Report, dataset: Dataset) -> Preferences:
    """Reads and tokenizes the preferences."""
    assert spec.preferences_path is not None
    every = _read(spec.preferences_path)
    kind, chosen = of_kind(every)
    left_out = len(every) - len(chosen)
    if left_out:
        report.note(msg("{n} answers with a thumb are left out, since the dataset has pairs, which say more.", n=left_out))
    found = [(item, [*answers]) for item, answers in zip(chosen, _tokens(chosen, dataset), strict=True)]
    rows = [(item, tuple(answer for answer in answers if answer)) for item, answers in found if None not in answers]
    if len(rows) < len(chosen):
        left = len(chosen) - len(rows)
        report.note(msg("{left} of {of} preferences are left out, since an answer has no token to learn from.", left=left, of=len(chosen)))
    size, seed = spec.knob("batch_size"), spec.knob("seed")
    parts = [[row for row in rows if row[0].held_out == held_out] for held_out in (False, True)]
    train = _grouped(kind, parts[0], size, seed, 1, dataset.limit)
    held_out = _grouped(kind, parts[1], size, seed, len(train) + 1, dataset.limit)
    return Preferences(kind, train, held_out, left_out, frozenset(asked_by([as_message(turn) for turn in item.prompt]) for item in chosen))


def asked_by(turns: Sequence[Message]) -> str:
    """What leads to an answer, to be compared."""
    return json.dumps([[turn["role"], turn["content"]] for turn in turns])


def _read(path: Path) -> list[Preference]:
    try:
        with open(path, "rb") as file:
            return list(read_preferences(file))
    except FileNotFoundError as error:
        raise Failure(msg("The dataset file {name} is gone.", name=path.name), "missing_dataset") from error
    except BadRow as error:
        raise bad_row(error.number, error.reason) from error


def _tokens(preferences: Sequence[Preference], dataset: Dataset) -> list[tuple[Tokens | None, ...]]:
    """For each preference its answers as rows in which only the last answer is trained: (better, worse), or the one with the thumb."""
    asked = [(number, text) for number, item in enumerate(preferences) for text in (item.better, item.worse) if text is not None]
    prompts = [[as_message(turn) for turn in item.prompt] for item in preferences]
    talks = [(at, [*prompts[number], {"role": "assistant", "content": text}]) for at, (number, text) in enumerate(asked)]
    # With a template that is trained turn by turn a conversation is several rows; the last one has the last answer.
    rows = {row.row: _last_answer(row) for row in tokenize(dataset.tokenizer, dataset.form, talks, dataset.limit).rows}
    found: list[list[Tokens | None]] = [[] for _ in preferences]
    for at, (number, _) in enumerate(asked):
        found[number].append(rows.get(at))
    return [tuple(answers) for answers in found]


def _last_answer(row: Tokens) -> Tokens | None:
    """The row with nothing trained before its last answer."""
    end = _end(row)
    start = next((at for at in range(end - 1, -1, -1) if not row.trained[at]), -1) + 1
    return replace(row, trained=[start <= at < end for at in range(len(row.ids))]) if start < end else None


def _end(row: Tokens) -> int:
    return next((at + 1 for at in range(len(row.ids) - 1, -1, -1) if row.trained[at]), 0)


def _grouped(kind: str, rows: Sequence[tuple[Preference, tuple[Tokens, ...]]], size: int, seed: int, first: int, limit: int) -> list[Group]:
    shuffled = random.Random(seed).sample(rows, len(rows))
    if kind == "pairs":
        parts = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
        return [
            _group(first + at, [pair[0] for _, pair in part] + [pair[1] for _, pair in part], [True] * len(part) + [False] * len(part))
            for at, part in enumerate(parts)
        ]
    mixed = _mixed([row for row in shuffled if row[0].better is not None], [row for row in shuffled if row[0].better is None])
    size = max(2, size)  # an answer is compared with those to other prompts
    starts = [start for start in range(0, len(mixed), size) if start == 0 or len(mixed) - start > 1]
    parts = [mixed[start:end] for start, end in pairwise([*starts, len(mixed)])] if mixed else []
    groups = []
    for at, part in enumerate(parts):
        answers = [row[0] for _, row in part]
        groups.append(_group(first + at, answers, [item.better is not None for item, _ in part], _swapped(answers, limit)))
    return groups


def _group(number: int, answers: list[Tokens], good: list[bool], swapped: Sequence[Tokens] = ()) -> Group:
    ids = [token for answer in answers for token in answer.ids]
    trained = [flag for answer in answers for flag in answer.trained]
    return Group(number, ids, trained, len(ids), answers=tuple(answers), good=tuple(good), swapped=tuple(swapped))


def _mixed(
    good: Sequence[tuple[Preference, tuple[Tokens, ...]]], bad: Sequence[tuple[Preference, tuple[Tokens, ...]]]
) -> list[tuple[Preference, tuple[Tokens, ...]]]:
    """Both kinds spread evenly over the whole."""
    placed = [((at + 0.5) / len(rows), row) for rows in (good, bad) for at, row in enumerate(rows)]
    return [row for _, row in sorted(placed, key=lambda item: item[0])]


def _swapped(answers: Sequence[Tokens], limit: int) -> list[Tokens]:
    """Each prompt with the answer of the row before it, as TRL's KTO pairs them."""
    made = []
    for at, row in enumerate(answers):
        other = answers[at - 1]
        prompt, answer = row.ids[: row.trained.index(True)], other.ids[other.trained.index(True) : _end(other)]
        ids = [*prompt, *answer][:limit]
        made.append(Tokens(row.row, ids, ([False] * len(prompt) + [True] * len(answer))[:limit], len(ids)))
    return made
