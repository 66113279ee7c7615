"""What the page is sent of a log: bounded whatever its length, each line once, no gap in what is shown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from academy.jobs.reading import log as job_log
from academy.ui import live
from tests.test_progress import a_job


class Folder:
    """An Academy with one job, whose log the test writes."""

    def __init__(self, folder: Path) -> None:
        self.job = a_job(folder)
        self.path = folder / "train.log"
        self.written = 0
        self.path.touch()
        self.jobs = self

    def unfinished(self) -> list[str]:
        return []

    def busy(self) -> Any:
        return self.job

    def get(self, job_id: str) -> Any:
        return self.job

    def log_size(self, job: Any) -> int:
        return self.path.stat().st_size

    def log_tail(self, job_id: str, lines: int) -> Any:
        return job_log.tail_log(self.job, lines)

    def log(self, count: int, text: str = "words") -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.writelines(f"2026-01-01T00:00:00.000Z {n} {text}\n" for n in range(self.written, self.written + count))
        self.written += count


class Pane:
    """A page's log, as page.js keeps it."""

    def __init__(self, folder: Folder) -> None:
        self.look = live.make_live(folder, {}, lambda look: "")  # type: ignore[arg-type]
        self.request: dict[str, Any] = {"job": "", "next": -1, "size": -1}
        self.rows: list[tuple[int, str]] = []
        self.bytes = 0

    def poll(self) -> None:
        answer = self.look({"state": {}, "regions": {}, "log": self.request})
        self.bytes = len(json.dumps(answer, ensure_ascii=False).encode())
        if news := answer["log"]:
            self.rows = [] if news["reset"] else self.rows
            self.rows = [*self.rows, *((line, text) for line, _, text in news["lines"])][-500:]
            self.request = {key: news[key] for key in ("job", "next", "size")}

    def numbers(self) -> list[int]:
        return [line for line, _ in self.rows]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_page_that_follows_has_the_last_lines_without_gap_or_repeat(folder: Folder) -> None:
    pane, draw = Pane(folder), random.Random(1)
    for _ in range(60):
        folder.log(draw.choice([0, 1, 2, 19, 20, 21, 90, 499, 500, 501, 3000]))
        pane.poll()
        assert pane.numbers() == list(range(max(0, folder.written - 500), folder.written))[-len(pane.rows) :]
        assert len(pane.rows) == min(500, folder.written) or pane.numbers()[-1] == folder.written - 1
    assert all(text == f"{line} words" for line, text in pane.rows)


@pytest.mark.parametrize("text", ["x" * 900, "ż" * 1500, '\\"' * 900, "\U0001f393" * 700])
def test_what_is_sent_is_at_most_64_kb_and_still_without_a_gap(folder: Folder, text: str) -> None:
    pane = Pane(folder)
    for count in (10, 400, 3000):
        folder.log(count, text)
        pane.poll()
        assert pane.bytes <= 64 << 10
        numbers = pane.numbers()
        assert numbers == list(range(numbers[0], folder.written))
        assert len(numbers) > 9


def test_a_log_that_has_not_grown_is_not_sent(folder: Folder) -> None:
    pane = Pane(folder)
    folder.log(5)
    pane.poll()
    assert pane.look({"state": {}, "regions": {}, "log": pane.request})["log"] is None


def test_a_log_that_starts_over_is_shown_from_its_start(folder: Folder) -> None:
    pane = Pane(folder)
    folder.log(700)
    pane.poll()
    folder.path.write_bytes(b"")
    folder.written = 0
    folder.log(30)
    pane.poll()
    assert pane.numbers() == list(range(30))


def test_a_log_that_is_there_but_empty_fills(folder: Folder) -> None:
    pane = Pane(folder)
    pane.poll()
    folder.log(3)
    pane.poll()
    assert pane.numbers() == [0, 1, 2]
