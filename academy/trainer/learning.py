"""What a training learns, by its method: from rows, or from preferences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from academy.messages import msg
from academy.text.tokens import Tokens
from academy.trainer.compute.loop import Method
from academy.trainer.compute.model import Adapted
from academy.trainer.dataset import Dataset
from academy.trainer.exam.examinee import Examinee
from academy.trainer.exam.sampling import spread
from academy.trainer.looks import Looks
from academy.trainer.methods.correction import SelfDistillation, share_right, uses_hints
from academy.trainer.methods.preference import PreferenceLearning
from academy.trainer.methods.sft import SupervisedFineTuning
from academy.trainer.preferences import Correction, Corrections, Group, Preferences
from academy.trainer.report import Report
from academy.trainer.spec import Spec

_MOST_ROWS = 2000  # of the dataset, looked at before the training
_SECONDS = 60.0  # at most, for that
_TOLD = 50  # groups at least between two reports
_MEASURED = 50  # groups, or corrections, that the exam of an adapter alone compares


@dataclass(frozen=True)
class Learning:
    """A method with what it learns; `reader` reads rows, whatever the method."""

    method: Method
    reader: SupervisedFineTuning
    rows: Sequence[Tokens]
    held_out: Sequence[Tokens]
    looks: Callable[[int], Sequence[Tokens]]
    batch_size: int  # rows a batch; a group of preferences is one row
    counts: tuple[int, int]  # rows, or pairs and thumbs: learned and held out
    begin: Callable[[Sequence[Tokens]], None]
    """Makes these rows ready, before the first step and with the model as it is then."""
    compare: Callable[[Mapping[int, bool]], dict[str, Any]] | None = None
    """What became of preferences, for the exam, given which rows are known now."""


def from_rows(spec: Spec, dataset: Dataset, adapted: Adapted, looks: Looks | None = None) -> Learning:
    """Learns the answers of the dataset's rows; `looks`: where they are made already."""
    reader = SupervisedFineTuning(adapted, dataset.tokenizer)
    rows, held_out = dataset.train.rows, dataset.held_out.rows
    looks = looks or Looks(dataset, spec.knob("seed"), varies=spec.knob("vary_questions"))
    counts = len(rows), len(held_out)
    return Learning(reader, reader, rows, held_out, looks.rows, spec.knob("batch_size"), counts, begin=lambda rows: None)


def make_learning(spec: Spec, report: Report, dataset: Dataset, adapted: Adapted, compared: Preferences | Corrections | None) -> Learning:
    """What the spec's method learns."""
    if compared is None:
        return from_rows(spec, dataset, adapted)
    if isinstance(compared, Preferences):
        return from_preferences(report, dataset, adapted, compared)
    return from_corrections(spec, report, dataset, adapted, compared)


def from_corrections(spec: Spec, report: Report, dataset: Dataset, adapted: Adapted, corrections: Corrections) -> Learning:
    """Learns corrections from the model itself, where it can use them as hints; otherwise as answers."""
    reader = SupervisedFineTuning(adapted, dataset.tokenizer)
    examinee = Examinee(adapted, reader, dataset.tokenizer, dataset.form)
    known: dict[int, bool] = {}
    report.preparing("probe", "Asking the model with the corrections in its prompt, and without.")
    probe = uses_hints(examinee, corrections.train)
    distils = probe.is_usable and not spec.is_quantized  # generating breaks the training of a quantized model
    report.note(msg(_PROBED[distils], hinted=probe.hinted, unhinted=probe.unhinted))

    def begin(rows: Sequence[Tokens]) -> None:
        known.update(_known_rows(examinee, dataset))

    def compare(known_now: Mapping[int, bool]) -> dict[str, Any]:
        both = [number for number in known_now if number in known]
        held_out = corrections.held_out
        return {
            "kind": "corrections",
            "distilled": distils,
            "hinted": probe.hinted,
            "train": _corrected(examinee, corrections.train) | {"before": probe.unhinted},
            "held_out": _corrected(examinee, held_out) if held_out else None,
            "known_before": sum(known[number] for number in both),
            "known_after": sum(known_now[number] for number in both),
            "known_of": len(both),
        }

    rows = [item.tokens for item in corrections.train]
    method = SelfDistillation(examinee, reader, corrections.train) if distils else reader
    counts = len(rows), len(corrections.held_out)
    return Learning(method, reader, rows, [], lambda look: rows, spec.knob("batch_size"), counts, begin, compare)


_PROBED = {
    True: "With the correction in its prompt the model is right in {hinted:percent}, without in {unhinted:percent}: it learns from itself.",
    False: "With the correction in its prompt the model is right in {hinted:percent}, without in {unhinted:percent}: "
    "corrections are learned as answers.",
}


def _corrected(examinee: Examinee, corrections: Sequence[Correction]) -> dict[str, Any]:
    return {"of": len(corrections), "moved": share_right(examinee, corrections), "margin": 0.0}


def from_preferences(report: Report, dataset: Dataset, adapted: Adapted, preferences: Preferences) -> Learning:
    """Learns which answers are better; the dataset's rows only show what is still known."""
    reader = SupervisedFineTuning(adapted, dataset.tokenizer)
    method = PreferenceLearning(adapted, reader, preferences)
    known: dict[int, bool] = {}

    def begin(groups: Sequence[Tokens]) -> None:
        told = max(_TOLD, len(groups) // 10)
        for at, group in enumerate(groups):
            assert isinstance(group, Group)
            if at % told == 0:
                report.preparing("reference", "Reading the answers to compare, as the model gives them now.", round(at / len(groups), 3))
            method.refer([group], trained=True)
        method.refer(preferences.held_out, trained=False)
        known.update(_known_rows(Examinee(adapted, reader, dataset.tokenizer, dataset.form), dataset))

    def compare(known_now: Mapping[int, bool]) -> dict[str, Any]:
        both = [number for number in known_now if number in known]
        return {
            "kind": preferences.kind,
            "left_out": preferences.left_out,
            "train": method.compare(preferences.train),
            "held_out": method.compare(preferences.held_out),
            "known_before": sum(known[number] for number in both),
            "known_after": sum(known_now[number] for number in both),
            "known_of": len(both),
        }

    groups = preferences.train
    counts = preferences.count(groups), preferences.count(preferences.held_out)
    return Learning(method, reader, groups, preferences.held_out, lambda look: groups, 1, counts, begin, compare)


def compare_with_base(
    compared: Preferences | Corrections, prefers: bool, dataset: Dataset, adapted: Adapted
) -> Callable[[Mapping[int, bool]], dict[str, Any]]:
    """What became of preferences for the exam of an adapter alone: the base without it is the reference.

    `prefers`: the adapter learned them, so the exam also compares which rows the base knows.
    """
    reader = SupervisedFineTuning(adapted, dataset.tokenizer)
    examinee = Examinee(adapted, reader, dataset.tokenizer, dataset.form)

    def compare(known_now: Mapping[int, bool]) -> dict[str, Any]:
        known = _known_rows(examinee, dataset, base=True) if prefers else {}
        both = [number for number in known_now if number in known]
        if isinstance(compared, Preferences):
            parts = _preferred(compared, adapted, reader)
        else:
            parts = _corrections(compared, adapted, examinee)
        return parts | {
            "reference": "base",
            "known_before": sum(known[number] for number in both),
            "known_after": sum(known_now[number] for number in both),
            "known_of": len(both),
        }

    return compare


def _preferred(preferences: Preferences, adapted: Adapted, reader: SupervisedFineTuning) -> dict[str, Any]:
    method = PreferenceLearning(adapted, reader, preferences)
    train, held_out = (spread(groups, _MEASURED) for groups in (preferences.train, preferences.held_out))
    with adapted.model.disable_adapter():
        method.refer([*train, *held_out], trained=False)
    return {"kind": preferences.kind, "train": method.compare(train), "held_out": method.compare(held_out)}


def _corrections(corrections: Corrections, adapted: Adapted, examinee: Examinee) -> dict[str, Any]:
    train, held_out = (spread(items, _MEASURED) for items in (corrections.train, corrections.held_out))
    with adapted.model.disable_adapter():
        before = share_right(examinee, train)
    held = _corrected(examinee, held_out) if held_out else None
    return {"kind": "corrections", "train": _corrected(examinee, train) | {"before": before}, "held_out": held}


def _known_rows(examinee: Examinee, dataset: Dataset, *, base: bool = False) -> dict[int, bool]:
    """By the number of a dataset row, whether the model gives its whole answer."""
    rows = spread(dataset.train.rows, _MOST_ROWS)
    with examinee.seated():
        readings = examinee.read(rows, base=base, until=time.monotonic() + _SECONDS)
    found: dict[int, bool] = {}
    for row, reading in zip(rows, readings, strict=True):
        if reading is not None:
            found[row.row] = found.get(row.row, True) and reading.known
    return found
