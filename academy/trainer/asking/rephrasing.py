"""Writes other wordings of lessons' questions: the probe decides whether the model can; what is of no use is thrown away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.rephrased import Rephrasings
from academy.text.spans import key_of
from academy.trainer.asking.grammar import Form
from academy.trainer.asking.writer import Task, Writer
from academy.trainer.report import Report
from academy.trainer.spec import Spec

NEEDED = 0.5
"""Of the probe's wordings: with fewer usable ones a person rejects most of what is written."""

_FILE = Path(__file__).with_name("rephrasing.json")
_NAMES = ("first", "second", "third", "fourth")
_TRIED = 2  # wordings of each question of the probe
_MOST_TOKENS = 48  # of a wording
_AT_ONCE = 8  # lessons between two looks whether to stop
_ASKED = (
    "Ask this question in {n} other ways. Use other words, and keep its meaning, its names and its numbers. "
    "Write in the language of the question. Reply with the questions as JSON.\n\nQuestion: {text}"
)


class Lesson(NamedTuple):
    """A lesson by its id, and the keys of the wordings that it has or that a person rejected; None where it is only compared."""

    name: str
    question: str
    answer: str
    known: list[str] | None


class Tried(NamedTuple):
    """A question of the probe; a usable wording has one word of each group."""

    question: str
    answer: str
    keeps: list[list[str]]


def rephrase(spec: Spec, report: Report, each: int, written: dict[str, Any]) -> bool:
    """Tries the model and then rephrases the lessons, `each` times; fills in what was written, returns whether a person stopped it."""
    lessons = _lessons(spec.dataset_path)
    writer = Writer(spec, report, task_of(max(each, _TRIED)))
    report.preparing("probe", "Trying the model on questions with known answers.", 0.0)
    replies = writer.write([item.question for item in tried()])
    found = written["probe"] = result(replies)
    for item, texts in zip(tried(), replies, strict=True):
        report.say(f"probe: {item.question} {[(text, fault_in(item, text) or 'usable') for text in (texts or ())[:_TRIED]]}")
    report.note(msg("Of {of} wordings of questions with known answers {right} are usable; {needed} are needed.", **found))
    return found["right"] >= found["needed"] and write(writer, lessons, each, written)


def task_of(count: int) -> Task:
    """What asks for so many wordings at once."""
    form = Form(_NAMES[:count], (_MOST_TOKENS,) * count, asking=count)
    shown = tuple((entry["question"], tuple(entry["wordings"][:count])) for entry in _bundled("shown"))
    return Task(_ASKED.replace("{n}", str(count)), shown, form)


def tried() -> list[Tried]:
    """The questions of the probe, about invented things."""
    return [Tried(**entry) for entry in _bundled("probe")]


def fault_in(item: Tried, text: str) -> str | None:
    """Why a wording of the probe is of no use: `meaning` where it asks for something else; None where it is usable."""
    fault = Rephrasings([(other.question, other.answer) for other in tried()]).fault_of(text, item.question, item.answer)
    asked = text.casefold()
    return fault or (None if all(any(word in asked for word in words) for words in item.keeps) else "meaning")


def result(replies: Sequence[tuple[str, ...] | None]) -> dict[str, int]:
    """How many of the probe's wordings are usable, and how many have to be; the same one twice counts once."""
    items = tried()
    right = sum(
        len({key_of(text) for text in texts[:_TRIED] if fault_in(item, text) is None})
        for item, texts in zip(items, replies, strict=True)
        if texts
    )
    return {"right": right, "of": _TRIED * len(items), "needed": round(NEEDED * _TRIED * len(items) + 0.49)}


def write(writer: Writer, lessons: Sequence[Lesson], each: int, written: dict[str, Any]) -> bool:
    """Rephrases the lessons that are to be, and fills in what was written; returns whether a person stopped it."""
    checks = Rephrasings([(lesson.question, lesson.answer) for lesson in lessons])
    chosen = [lesson for lesson in lessons if lesson.known is not None]
    thrown: Counter[str] = Counter()
    for start in range(0, len(chosen), _AT_ONCE):
        if (writer.spec.folder / "stop").exists():
            return True
        group = chosen[start : start + _AT_ONCE]
        told = msg("Writing other wordings: lesson {n:number} of {of:number}.", n=start + 1, of=len(chosen))
        writer.report.preparing("wordings", told, round(start / len(chosen), 3))
        for lesson, texts in zip(group, writer.write([lesson.question for lesson in group]), strict=True):
            known = {*(lesson.known or ())}
            for text in (" ".join(text.split()) for text in (texts[:each] if texts else ("",))):
                fault = checks.fault_of(text, lesson.question, lesson.answer, known)
                if fault:
                    thrown[fault] += 1
                    continue
                known.add(key_of(text))
                written["wordings"].append({"lesson": lesson.name, "text": text})
            written["lessons"].append(lesson.name)
        written["thrown"] = dict(thrown.most_common())
    return False


def _bundled(name: str) -> list[dict[str, Any]]:
    return json.loads(_FILE.read_text(encoding="utf-8"))[name]


def _lessons(path: Path) -> list[Lesson]:
    try:
        with open(path, encoding="utf-8") as file:
            return [Lesson(**json.loads(line)) for line in file]
    except FileNotFoundError as error:
        raise Failure("The list of lessons was deleted.", "missing_dataset") from error
