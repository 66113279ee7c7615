"""Preferences from curated examples: pairs from corrections, thumbs from ratings; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from academy.curation.examples import Example
from academy.curation.split import split
from academy.preferences import Preference
from academy.rows import Turn


def preferences_of(
    train: Sequence[Example], held: Sequence[Example], disliked: Iterable[Example], fraction: float, seed: int
) -> list[Preference]:
    """The preferences of a dataset: its corrections, its answers rated good, and those it leaves out, rated bad or picked of two.

    A bad answer and a good one to the same conversation are a pair. What is held out is held out here too; so is a `fraction` of the bad
    answers to other questions.
    """
    picked, others = _parted(disliked, lambda example: bool(example.meta.get("rejected") and not example.meta.get("rating")))
    bad = _by_prompt(others)
    measured = {_prompt(example) for example in held}
    found = [Preference(_prompt(item), item.answer, str(item.meta["rejected"]), _prompt(item) in measured) for item in picked]
    for examples, held_out in ((train, False), (held, True)):
        for example in examples:
            prompt = _prompt(example)
            rejected = str(example.meta.get("rejected") or "")
            if rejected.strip() and rejected.strip() != example.answer.strip():
                found.append(Preference(prompt, example.answer, rejected, held_out))
            elif example.meta.get("rating") == "good":
                worse = [item for item in bad.get(prompt, {}) if item.strip() != example.answer.strip()]
                found += [Preference(prompt, example.answer, answer, held_out) for answer in worse or [None]]
    paired = {item.prompt for item in found if item.is_pair}
    alone = [example for prompt, answers in bad.items() if prompt not in paired for example in answers.values()]
    return found + _thumbs_down(alone, measured, fraction, seed)


def counts_of(preferences: Sequence[Preference]) -> dict[str, int]:
    """How many there are of each kind, and how many of all are held out."""
    return {
        "pairs": sum(item.is_pair for item in preferences),
        "good": sum(not item.is_pair and item.better is not None for item in preferences),
        "bad": sum(not item.is_pair and item.worse is not None for item in preferences),
        "held_out": sum(item.held_out for item in preferences),
    }


def _thumbs_down(examples: Sequence[Example], measured: set[tuple[Turn, ...]], fraction: float, seed: int) -> list[Preference]:
    """The bad answers as thumbs; those to a question that is held out, or that a person marked as golden, are held out."""
    certain, others = _parted(examples, lambda example: bool(example.meta.get("golden") or _prompt(example) in measured))
    train, held = split(others, fraction, seed=seed)
    return [
        Preference(_prompt(item), None, item.answer, held_out)
        for part, held_out in ((train, False), ([*certain, *held], True))
        for item in part
    ]


def _parted(examples: Iterable[Example], is_first: Callable[[Example], bool]) -> tuple[list[Example], list[Example]]:
    parts: tuple[list[Example], list[Example]] = [], []
    for example in examples:
        parts[not is_first(example)].append(example)
    return parts


def _by_prompt(examples: Iterable[Example]) -> dict[tuple[Turn, ...], dict[str, Example]]:
    """The examples by the turns before their answer and by the answer, each once."""
    found: dict[tuple[Turn, ...], dict[str, Example]] = defaultdict(dict)
    for example in examples:
        found[_prompt(example)].setdefault(example.answer, example)
    return found


def _prompt(example: Example) -> tuple[Turn, ...]:
    return tuple(turn._replace(trained=True, thinking_trained=True) for turn in example.turns[:-1])
