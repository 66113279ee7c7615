"""Writes questions: the probe decides whether the model can; then every passage is asked, and what is of no use is thrown away."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.spans import fault_of, find_span, key_of
from academy.trainer.asking import probe, rephrasing
from academy.trainer.asking.grammar import PAIR
from academy.trainer.asking.writer import Task, Writer
from academy.trainer.checkpoints import replace_file
from academy.trainer.report import Report
from academy.trainer.spec import Spec

_AT_ONCE = 8  # parts of passages between two looks whether to stop
_ASKED = (
    "Write one question that this text answers, and the answer in the words of the text. "
    "Write in the language of the text. Reply with the question and the answer as JSON.\n\nText:\n{text}"
)
_SHOWN = (
    (
        "The pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.",
        ("Who repaired the pump of the green tank?", "Lena Ohm"),
    ),
    (
        "Bread from the Mill Street bakery costs three shillings. It is sold until noon, and never on Mondays.",
        ("How much does bread from the Mill Street bakery cost?", "three shillings"),
    ),
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


class Passage(NamedTuple):
    """A passage of the document, by its number from 1."""

    number: int
    text: str
    heading: str


def run(spec: Spec, report: Report) -> None:
    """The whole job, up to the `finished` event."""
    asking = json.loads((spec.folder / "spec.json").read_bytes())["asking"]
    written: dict[str, Any] = {"asked": [], "pairs": [], "lessons": [], "wordings": [], "thrown": {}}
    if asking.get("per_lesson"):
        stopped = rephrasing.rephrase(spec, report, asking["per_lesson"], written)
    else:
        stopped = _question(spec, report, asking, written)
    replace_file(spec.folder / "written.json", json.dumps(written, ensure_ascii=False, allow_nan=False))
    counts = {"pairs": len(written["pairs"]), "wordings": len(written["wordings"]), "thrown": sum(written["thrown"].values())}
    report.event("finished", stopped=stopped, extra=counts)
    report.sync()


def _question(spec: Spec, report: Report, asking: dict[str, Any], written: dict[str, Any]) -> bool:
    """Tries the model and then asks the passages; returns whether a person stopped it."""
    passages = _passages(spec.dataset_path, asking["passages"])
    writer = Writer(spec, report, Task(_ASKED, _SHOWN, PAIR))
    report.preparing("probe", "Trying the model on passages with known answers.", 0.0)
    tried = [_pair(texts) for texts in writer.write([passage.text for passage in probe.passages()])]
    found = written["probe"] = probe.result(tried)
    for passage, pair in zip(probe.passages(), tried, strict=True):
        report.say(f"probe: {'usable' if probe.is_usable(passage, pair) else 'not usable'}: {pair}")
    report.note(msg("Of {of} passages with known answers the model wrote {right} usable questions; {needed} are needed.", **found))
    return found["right"] >= found["needed"] and _ask(writer, passages, asking["per_passage"], written)


def _pair(texts: tuple[str, ...] | None) -> tuple[str, str] | None:
    return (texts[0], texts[1]) if texts else None


def _passages(path: Path, numbers: Sequence[int]) -> list[Passage]:
    wanted = set(numbers)
    try:
        with open(path, encoding="utf-8") as file:
            entries = map(json.loads, file)
            found = [Passage(entry["number"], entry["text"], entry["heading"]) for entry in entries if entry["number"] in wanted]
    except FileNotFoundError as error:
        raise Failure("The document was deleted.", "missing_dataset") from error
    return found


def _ask(writer: Writer, passages: Sequence[Passage], each: int, written: dict[str, Any]) -> bool:
    """Asks every passage as often as wanted, and fills in what was written; returns whether a person stopped it."""
    parts = [(passage, part) for passage in passages for part in parts_of(passage.text, each)]
    thrown: Counter[str] = Counter()
    known: set[str] = set()
    for start in range(0, len(parts), _AT_ONCE):
        if (writer.spec.folder / "stop").exists():
            return True
        group = parts[start : start + _AT_ONCE]
        told = msg("Writing questions: passage {n:number} of {of:number}.", n=group[0][0].number, of=passages[-1].number)
        writer.report.preparing("questions", told, round(start / len(parts), 3))
        texts = [f"{passage.heading}\n{part}" if passage.heading else part for passage, part in group]
        for (passage, part), pair in zip(group, map(_pair, writer.write(texts)), strict=True):
            fault = fault_of(*pair, part, known) if pair else "broken"
            if pair is None or fault:
                thrown[fault or "broken"] += 1
                continue
            known.add(key_of(pair[0]))
            first, last = find_span(pair[1], passage.text) or (0, 0)
            written["pairs"].append({"passage": passage.number, "question": pair[0], "answer": pair[1], "start": first, "end": last})
        written["asked"] = sorted({*written["asked"], *(passage.number for passage, _ in group)})
        written["thrown"] = dict(thrown.most_common())
    return False


def parts_of(text: str, most: int) -> list[str]:
    """The text in at most so many parts of about the same length, cut between sentences; each gets a question of its own."""
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    parts: list[str] = []
    each, length = len(text) / most, 0
    for sentence in sentences:
        if parts and length < each * len(parts):
            parts[-1] += f" {sentence}"
        else:
            parts.append(sentence)
        length += len(sentence) + 1
    return parts[:most] if len(parts) <= most else [*parts[: most - 1], " ".join(parts[most - 1 :])]
