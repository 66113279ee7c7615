"""The reports of exams, as jobs leave them in their folders: read with care, rendered for a reader."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from academy.jobs import folder as job_folder
from academy.jobs.folder import JobFolder
from academy.messages import Message, Text, from_json, render

_MOST_BYTES = 8 << 20

T = TypeVar("T")


class _Counted(BaseModel):
    rows: int
    of: int


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Rephrased(BaseModel):
    right: int
    of: int


class _HeldOut(BaseModel):
    rows: int
    loss_before: float
    loss_after: float
    low: float | None
    high: float | None


class _Category(BaseModel):
    name: str
    right_before: int
    right_after: int
    of: int


class _General(_Part):
    right_before: int
    right_after: int
    of: int
    low: float
    high: float
    categories: list[_Category]


class _Earlier(BaseModel):
    dataset_id: str
    known_before: int
    known_after: int
    of: int


class _Remedy(BaseModel):
    label: Any
    request: dict[str, Any]


class _Compared(_Part):
    of: int
    moved: float
    margin: float


class _Preferences(_Part):
    kind: Literal["pairs", "thumbs", "corrections"]
    train: _Compared
    held_out: _Compared | None
    known_before: int
    known_after: int
    known_of: int


class _Item(_Part):
    question: str
    expected: str
    before: str
    after: str
    known: bool


class Report(BaseModel):
    """A report as an exam writes it (contract, row 19); in a container the program could write anything, so its shape is checked."""

    model_config = ConfigDict(extra="allow")

    id: str
    adapter_id: str
    base_model: str
    dataset_id: str | None
    created_at: str
    seconds: float
    known: _Counted
    rephrased: _Rephrased | None
    held_out: _HeldOut | None
    general: _General | None
    drift: float | None
    earlier: list[_Earlier]
    noise: float
    verdict: Literal["ready", "not_learned", "forgot", "no_gain"]
    missing: int = 0
    sentences: list[Any]
    remedies: list[_Remedy]
    items: list[_Item]
    preferences: _Preferences | None = None


class Brief(NamedTuple):
    """The few numbers of a report that a list shows."""

    report_id: str
    verdict: str
    known: dict[str, int]
    rephrased: dict[str, int] | None
    missing: int  # of what was to be learned by heart, where it is ready for all that


def report_in(folder: JobFolder) -> Report | None:
    """The report in a job's folder; None where there is none that can be used."""
    return _reports.get(folder)


def brief_in(folder: JobFolder) -> Brief | None:
    """The few numbers of that report; of many jobs they fit into the memory, and whole reports do not."""
    return _briefs.get(folder)


def shown(report: Report, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The report as replies show it: texts in the current language; `names` are those of the datasets by their ids."""
    values = report.model_dump()
    return values | {
        "sentences": [render(_named(from_json(sentence) or "", names or {})) for sentence in report.sentences],
        "remedies": [{"label": render(from_json(item.label)), "request": item.request} for item in report.remedies],
    }


def _named(sentence: Text, names: Mapping[str, str]) -> Text:
    """A sentence about a dataset, with the name that it has now instead of its id."""
    if not isinstance(sentence, Message) or (name := names.get(str(sentence.values.get("dataset")))) is None:
        return sentence
    return replace(sentence, values={**sentence.values, "dataset": name})


class _Remembered(Generic[T]):
    """What was read from the reports that were asked for last, each until its file changes."""

    def __init__(self, read: Callable[[JobFolder], T | None], most: int) -> None:
        self._read = read
        self._most = most
        self._known: OrderedDict[str, tuple[tuple[int, ...], T | None]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, folder: JobFolder) -> T | None:
        """What the report holds now; None where there is none."""
        path = folder.report
        try:
            state = os.lstat(path)
        except OSError:
            return None
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        with self._lock:
            known = self._known.get(str(path))
        if known is None or known[0] != stamp:
            known = stamp, self._read(folder)
            with self._lock:
                self._known[str(path)] = known
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return known[1]


def _read(folder: JobFolder) -> Report | None:
    raw = job_folder.read_plain(folder.report, _MOST_BYTES)
    try:
        return None if raw is None else Report.model_validate_json(raw)
    except ValidationError:
        return None


def _read_brief(folder: JobFolder) -> Brief | None:
    report = _read(folder)
    if report is None:
        return None
    # A job and its report share their id; in a container the program could write any.
    other_words = dict(report.rephrased) if report.rephrased else None
    return Brief(folder.path.name, report.verdict, dict(report.known), other_words, report.missing)


_reports = _Remembered(_read, 64)
_briefs = _Remembered(_read_brief, 10_000)
