"""The lengths of a dataset's rows, from which a plan estimates memory and time."""

from __future__ import annotations

import contextlib
import functools
import statistics
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from academy.preferences import Preference, beside, of_kind, read_preferences
from academy.rows import Turn, read_rows

_COUNTED_ROWS = 2000
_LONGEST_ROWS = 200
_TEMPLATE_TOKENS = 12


@dataclass(frozen=True)
class Lengths:
    """The number of rows; in tokens their mean and the largest, the medians of answers and last questions; the share of texts."""

    rows: int
    mean: float
    longest: int
    answer: float
    question: float
    texts: float = 0.0


def lengths_of(path: Path, base_path: Path | None, *, of_preferences: bool = False) -> Lengths:
    """The lengths of a dataset's rows, by the base's own tokenizer where it is on the disk, else three characters a token.

    Of preferences, a row is a pair or an answer with a thumb; the longest is that of one answer.
    """
    path = beside(path) if of_preferences else path
    state = path.stat()
    return _counted(path, base_path, of_preferences, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=16)
def _counted(path: Path, base_path: Path | None, of_preferences: bool, stamp: tuple[int, int]) -> Lengths:
    """Counted once for each state of the file: a plan follows what a person types."""
    items = None
    if of_preferences:
        with open(path, "rb") as file:
            items = [item for item in of_kind([*read_preferences(file)])[1] if not item.held_out]
    sizes, texts = array("Q"), 0
    for whole, _, question in _texts(path, items):
        sizes.append(len(whole))
        texts += not question
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    # The longest ones decide about memory, evenly spread ones about the mean; of a long file no others are kept.
    spread, last = order[:: max(1, len(order) // _COUNTED_ROWS)], order[-_LONGEST_ROWS:]
    wanted = {*spread, *last}
    read = {at: texts for at, texts in enumerate(_texts(path, items)) if at in wanted}
    count, number = _counter(base_path), len(sizes if items is None else items)
    rows = [length + _TEMPLATE_TOKENS for length in count([read[at][0] for at in spread])]
    longest = [length + _TEMPLATE_TOKENS for length in count([read[at][0] for at in last])]
    answers, questions = (statistics.median(count([read[at][part] for at in spread])) for part in (1, 2))
    return Lengths(number, statistics.fmean(rows) * len(sizes) / number, max([*rows, *longest]), answers, questions, texts / len(sizes))


def _texts(path: Path, items: Sequence[Preference] | None) -> Iterator[tuple[str, str, str]]:
    """Each row of a file, or each answer of the preferences, as its whole text, its answer and its question."""
    if items is not None:
        for item in items:
            for answer in (item.better, item.worse):
                if answer is not None:
                    yield _text([*item.prompt], answer)
        return
    with open(path, "rb") as file:
        for _, turns in read_rows(file):
            yield _text(turns[:-1], turns[-1].thinking + turns[-1].content + turns[-1].calls)


def _text(turns: Sequence[Turn], answer: str) -> tuple[str, str, str]:
    return "\n".join([*(turn.content for turn in turns), answer]), answer, turns[-1].content if turns else ""


def _counter(base_path: Path | None) -> Callable[[list[str]], list[int]]:
    tokenizer_file = base_path / "tokenizer.json" if base_path else None
    if tokenizer_file and tokenizer_file.is_file():
        with contextlib.suppress(ImportError):
            from tokenizers import Tokenizer  # only there with the training libraries

            tokenizer = Tokenizer.from_file(str(tokenizer_file))
            return lambda texts: [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
    return lambda texts: [len(text) // 3 for text in texts]
