"""Measures what a person with a lot of data waits for: import, search and curation of 100,000 lessons, and the reading of logs.

    python benchmarks/data.py                 # everything: about two minutes on two cores
    python benchmarks/data.py --lessons 10000

Each part runs in a process of its own. Printed are wall and processor seconds, and the peak memory beyond what the imports took.
The figures of one run can be compared; those of two runs only where the machine was idle in both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.jobs.metrics import TrainingMetricsParser
from academy.services.academy import Academy


def main() -> None:
    """Runs the parts one after another over one data folder and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=300_000, help="of log for the parser")
    parser.add_argument("--json", action="store_true", help="the figures as one line, last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "lessons.jsonl"
        write_lessons(rows, options.lessons)
        print(f"{options.lessons:,} lessons, {rows.stat().st_size / 1e6:.0f} MB; {options.lines:,} lines of log of each kind")
        figures = [line for part in (import_lessons, search, curate) for line in apart(part, Path(folder), options.lessons)]
        figures += apart(parse, Path(folder), options.lines)
    if options.json:
        print(json.dumps({"lessons": options.lessons, "lines": options.lines, "parts": figures}))


def write_lessons(path: Path, count: int) -> None:
    """Questions and answers of made-up words, a tenth of them asked and answered twice, one in fifty with a secret."""
    draw = random.Random(1)
    words = ["".join(draw.choices("abdeiklmnoprstu", k=draw.randint(3, 9))) for _ in range(20_000)]
    with open(path, "w", encoding="utf-8") as file:
        pair = ("", "")
        for number in range(count):
            if number % 10 or not number:
                pair = (f"What about {' '.join(draw.choices(words, k=12))}?", f"{' '.join(draw.choices(words, k=50))}.")
            question, answer = pair
            if number % 50 == 7:
                answer += f" The key is AKIA{draw.randint(10**15, 10**16 - 1)}."
            file.write(json.dumps({"instruction": question, "output": answer}) + "\n")


def apart(part: Callable[[Path, int], Iterator[str]], folder: Path, count: int) -> list[dict[str, Any]]:
    """Runs a part in a fresh process; its figures."""
    context = multiprocessing.get_context("spawn")
    measured = context.SimpleQueue()
    process = context.Process(target=_run, args=(part, folder, count, measured))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{part.__name__} failed.")
    return measured.get()


def _run(part: Callable[[Path, int], Iterator[str]], folder: Path, count: int, measured: Any) -> None:
    figures = []
    before, wall, cpu = _peak(), time.perf_counter(), time.process_time()
    for told in part(folder, count):
        taken, used = time.perf_counter() - wall, time.process_time() - cpu
        if told:
            print(f"{told:<66} {taken:8.3f} s  {used:8.3f} s of processor  +{_peak() - before:5.0f} MB", flush=True)
            figures.append({"part": told, "seconds": round(taken, 3), "cpu_seconds": round(used, 3), "memory_mb": round(_peak() - before)})
        wall, cpu = time.perf_counter(), time.process_time()
    measured.put(figures)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def _academy(folder: Path) -> Academy:
    return Academy(Settings(data_dir=folder / "data", _env_file=None))  # type: ignore[call-arg]


def import_lessons(folder: Path, count: int) -> Iterator[str]:
    """The file as somebody drops it on the page."""
    academy = _academy(folder)
    with open(folder / "lessons.jsonl", "rb") as stream:
        report = academy.lessons.import_files([("lessons.jsonl", stream)])[0]
    yield f"import: {report.kept:,} kept, {report.refused:,} refused"
    academy.close()


def search(folder: Path, count: int) -> Iterator[str]:
    """What the list of lessons asks for."""
    academy = _academy(folder)
    some = academy.lessons.list(limit=50).items
    yield "the newest 50"
    word = some[7].situation.split()[3]
    found = academy.lessons.list(query=word)
    yield f"search for one word: {found.count:,} found"
    found = academy.lessons.list(query=" ".join(some[9].situation.split()[2:5]))
    yield f"search for three words: {found.count:,} found"
    found = academy.lessons.list(query="what about")
    yield f"search for what all have: {found.count:,} found"
    academy.lessons.list(limit=50, offset=count * 9 // 10)
    yield "a page near the end"
    academy.close()


def curate(folder: Path, count: int) -> Iterator[str]:
    """Everything into one dataset."""
    academy = _academy(folder)
    made = academy.datasets.create(DatasetRequest.model_validate({"lessons_limit": count, "include_git": False}))
    yield f"curation: {made['statistics']['total_examples']:,} examples"
    academy.close()


def parse(folder: Path, count: int) -> Iterator[str]:
    """Lines of the trainers that people use, and lines that say nothing."""
    parser = TrainingMetricsParser()
    kinds = {
        "transformers": lambda n: (
            f"{{'loss': '{2 + n % 7 / 10}', 'grad_norm': '1.25', 'learning_rate': '1.9e-04', 'epoch': '{n / 1000:.2f}'}}"
        ),
        "progress bars": lambda n: f" 45%|████▌     | {n}/{count} [01:10<01:25,  3.51it/s]",
        "prints": lambda n: f"Epoch 1/3 Step {n}/{count} Loss: {2 + n % 7 / 10} LR: 2e-4",
        "prose": lambda n: f"Loading shard {n % 9} of the model from the cache, this may take a while",
    }
    for name, line in kinds.items():
        lines = [line(number) for number in range(count)]
        yield ""  # what came before does not count
        found = sum(parser.parse_line(text) is not None for text in lines)
        yield f"log parser, {name}: {found:,} of {count:,} have figures"


if __name__ == "__main__":
    main()
