"""What the exam asks of a dataset: its rows, its questions in other words, and the wordings that the person held out."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from academy.text.conversations import Message, Numbered
from academy.text.matching import Answers, Key
from academy.text.spans import key_of
from academy.text.token_rows import Tokens, numbers_of, texts_in
from academy.text.wordings import Wordings
from academy.trainer.exam.sampling import spread

MOST_REPHRASED = 100
_MOST_READ = 10_000  # conversations that are in memory at once
_A_WORDINGS = 2  # of a question
_SHORT = 64  # tokens of an answer that a few words decide about


@dataclass(frozen=True)
class Row:
    """A conversation of the dataset: what leads to its last answer, and how it was trained."""

    number: int  # in the file, from 1
    before: list[Message]
    expected: str
    tokens: tuple[Tokens, ...]  # one for each answer, or one for all
    key: Key
    thinking: str = ""  # before the answer

    @property
    def question(self) -> str:
        """The last turn before the answer."""
        return self.before[-1]["content"]

    @property
    def earlier(self) -> list[Message]:
        """What was said before the question."""
        return [turn for turn in self.before[:-1] if turn["role"] in ("user", "assistant", "tool")]

    @property
    def is_single(self) -> bool:
        """Whether it is one question with one answer."""
        return sum(turn["role"] != "system" for turn in self.before) == 1

    def asked(self, wording: str) -> list[Message]:
        """The same conversation with its question in other words."""
        return [*self.before[:-1], {"role": "user", "content": wording}]


@dataclass(frozen=True)
class Wording:
    """A question of the dataset in words that were not trained."""

    row: Row
    question: str
    own: bool  # by the person; otherwise made here


def rows_of(conversations: Iterable[Numbered], trained: Sequence[Tokens]) -> list[Row]:
    """The conversations that have something to learn, in the order of the file."""
    tokens: dict[int, list[Tokens]] = defaultdict(list)
    for item in trained:
        tokens[item.row].append(item)
    found = [(number, turns) for number, turns in conversations if number in tokens and len(turns) > 1]
    answers = Answers(turns[-1]["content"] for _, turns in found)
    return [
        Row(number, turns[:-1], expected, tuple(tokens[number]), answers.key(expected, turns[-2]["content"]), turns[-1].get("thinking", ""))
        for number, turns in found
        for expected in [turns[-1]["content"]]
    ]


def sampled_rows(conversations: Sequence[Numbered], trained: Sequence[Tokens]) -> tuple[list[Row], int]:
    """The same, of a very large set an even part of them; and how many there are in all."""
    numbers = numbers_of(trained)
    if len(conversations) <= _MOST_READ:
        rows = rows_of(conversations, trained)
        return rows, len(rows)
    chosen = [conversations[at] for at in sorted(spread(range(len(conversations)), _MOST_READ))]
    wanted = {number for number, _ in chosen}
    return rows_of(chosen, [trained[at] for at, number in enumerate(numbers) if number in wanted]), len(set(numbers))


def texts_of(conversations: Iterable[Numbered], trained: Sequence[Tokens]) -> list[Row]:
    """The rows of plain text, which only their loss tells of; of a very large set an even part of them."""
    places = {number: at for at, (number, is_text) in enumerate(zip(numbers_of(trained), texts_in(trained), strict=True)) if is_text}
    chosen = {number: places[number] for number in spread([*places], _MOST_READ)}
    return [Row(number, turns, "", (trained[chosen[number]],), _NO_KEY) for number, turns in conversations if number in chosen]


def wordings_of(rows: Sequence[Row], held_out: Iterable[Numbered], taught: Iterable[str] = ()) -> list[Wording]:
    """At most MOST_REPHRASED questions with a short answer in other words, of the first rows; none is one of the `taught` wordings.

    The person's own wordings are the held-out rows with the answer of a trained one.
    """
    trained = {key_of(text) for text in taught}
    single = [row for row in rows if row.is_single and sum(row.tokens[0].trained) <= _SHORT]
    by_answer = {_plain(row.expected): row for row in single}
    asked = {_plain(row.question) for row in rows}
    own = [
        Wording(by_answer[_plain(turns[-1]["content"])], turns[-2]["content"], True)
        for _, turns in held_out
        if len(turns) > 1 and _plain(turns[-1]["content"]) in by_answer and _plain(turns[-2]["content"]) not in asked
        if key_of(turns[-2]["content"]) not in trained
    ][: MOST_REPHRASED // 2]
    wordings = Wordings([row.question for row in rows])
    each = _A_WORDINGS if _A_WORDINGS * len(single) <= MOST_REPHRASED else 1
    made = (Wording(row, question, False) for row in single for question in wordings.asked_otherwise(row.question, each, trained))
    return [*own, *itertools.islice(made, MOST_REPHRASED - len(own))]


_NO_KEY = Answers([]).key("", "")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
