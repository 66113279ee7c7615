"""Measures what grows with the data: rows, lessons, jobs in the history, adapters, each in steps of ten.

    python benchmarks/growth.py                           # two steps of each, about two minutes on two cores
    python benchmarks/growth.py --full                    # up to a million rows and lessons, 100,000 jobs: about half an hour
    python benchmarks/growth.py --only jobs --most 10000

Each size has a data folder and a process of its own. A step's figures are processor and wall seconds (the median of `n`) and the
most memory during it, beyond what the process had after its imports. A poll asks for all regions of a tab at once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.curation.lesson_filter import LessonFilter
from academy.curation.lessons import LessonIn
from academy.models import BUNDLED
from academy.services.academy import Academy
from academy.text.conversations import read_conversations
from academy.text.templates import choose
from academy.text.tokens import load_tokenizer, tokenize
from academy.ui import live, page

T = TypeVar("T")

SHORT = {"rows": (1_000, 10_000), "jobs": (1_000, 10_000), "adapters": (10, 100)}
FULL = {"rows": (1_000, 10_000, 100_000, 1_000_000), "jobs": (1_000, 10_000, 100_000), "adapters": (10, 100, 1_000)}
POLLS = 7
DAY = "2026-01-01T12:00:00.000Z"


def main() -> None:
    """Runs each part at each size and prints a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", choices=list(FULL), action="append")
    parser.add_argument("--least", type=int, default=1, help="of the sizes")
    parser.add_argument("--most", type=int, default=10**9, help="of the sizes")
    parser.add_argument("--folder", type=Path, help="for the generated data, which is deleted in the end")
    parser.add_argument("--json", action="store_true", help="the figures as one line, last")
    options = parser.parse_args()
    sizes, figures = FULL if options.full else SHORT, []
    for name, counts in sizes.items():
        for count in counts if not options.only or name in options.only else ():
            if options.least <= count <= options.most:
                figures += one_size(name, count, options.folder)
    if options.json:
        print(json.dumps({"steps": figures}))


def one_size(name: str, count: int, where: Path | None) -> list[dict[str, Any]]:
    """The figures of one part at one size."""
    figures = []
    with tempfile.TemporaryDirectory(dir=where) as folder:
        for part in PARTS[name]:
            figures += [{"part": name, "size": count} | step for step in apart(part, Path(folder), count)]
    return figures


def apart(part: Callable[[Meter, Path, int], None], folder: Path, count: int) -> list[dict[str, Any]]:
    """Runs a part in a fresh process; its figures."""
    context = multiprocessing.get_context("spawn")
    measured = context.SimpleQueue()
    process = context.Process(target=_run, args=(part, folder, count, measured))
    process.start()
    figures = None
    while figures is None and process.is_alive():
        process.join(0.2)
        figures = measured.get() if not measured.empty() else None
    process.join()
    if process.exitcode or figures is None:
        sys.exit(f"{part.__name__} failed at {count:,}.")
    return figures


def _run(part: Callable[[Meter, Path, int], None], folder: Path, count: int, measured: Any) -> None:
    meter = Meter(count)
    part(meter, folder, count)
    measured.put(meter.steps)


class Meter:
    """Measures steps by their names."""

    def __init__(self, size: int) -> None:
        self.steps: list[dict[str, Any]] = []
        self._size = size
        self._before = _resident()

    def __call__(self, step: str, act: Callable[[], T], n: int = 1, clock: Callable[[], float] = time.process_time) -> T:
        """Does something `n` times and notes what it took; `clock` may be that of this thread alone."""
        _forget_peak()
        walls, cpus = [], []
        result = None
        for _ in range(n):
            wall, cpu = time.perf_counter(), clock()
            result = act()
            cpus.append(clock() - cpu)
            walls.append(time.perf_counter() - wall)
        peak = max(0.0, _peak() - self._before)
        cpu, wall = statistics.median(cpus), statistics.median(walls)
        self.steps.append({"step": step, "n": n, "cpu_seconds": _short(cpu), "wall_seconds": _short(wall), "peak_mb": round(peak)})
        print(f"{self._size:>9,}  {step:<44} {cpu:9.4f} s of processor {wall:9.4f} s  +{peak:6.0f} MB  n={n}", flush=True)
        return result  # type: ignore[return-value]


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return _peak()


def _peak() -> float:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def _forget_peak() -> None:
    """Begins the peak again, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


# ------------------------------------------------------------------ rows and lessons


def write_rows(path: Path, count: int) -> None:
    """Questions and answers of made-up words, a tenth with a tag, one in fifty with a secret, one in thirty like another."""
    draw = random.Random(1)
    words = ["".join(draw.choices("abdeiklmnoprstu", k=draw.randint(3, 9))) for _ in range(20_000)]
    with open(path, "w", encoding="utf-8") as file:
        answer = ""
        for number in range(count):
            question = f"What about {' '.join(draw.choices(words, k=12))} {number}?"
            answer = f"Also {answer[:200]}." if number % 30 == 11 else f"{' '.join(draw.choices(words, k=30))}."
            secret = f" The key is AKIA{draw.randint(10**15, 10**16 - 1)}." if number % 50 == 7 else ""
            row = {"instruction": question, "output": answer + secret, "tags": [f"tag{number % 7}"] if number % 10 == 0 else []}
            file.write(json.dumps(row) + "\n")


def _academy(folder: Path) -> Academy:
    # A million rows are a file of some hundred megabytes.
    return Academy(Settings(data_dir=folder / "data", max_upload_mb=4096, warm_trainer=False, _env_file=None))  # type: ignore[call-arg]


def importing(meter: Meter, folder: Path, count: int) -> None:
    """The file as a person drops it on the page."""
    path = folder / "rows.jsonl"
    write_rows(path, count)
    academy = _academy(folder)

    def act() -> Any:
        with open(path, "rb") as stream:
            return academy.lessons.import_files([("rows.jsonl", stream)])[0]

    report = meter("import", act)
    assert report.kept > 0.9 * count, report
    path.unlink()
    academy.close()


def curating(meter: Meter, folder: Path, count: int) -> None:
    """All lessons as one dataset."""
    academy = _academy(folder)
    request = DatasetRequest.model_validate({"lessons_limit": count, "include_git": False, "eval_fraction": 0.1})
    meter("curate", lambda: academy.datasets.create(request))
    academy.close()


def reading(meter: Meter, folder: Path, count: int) -> None:
    """The dataset's rows as a training reads them: all as tokens, and then each once, in a random order."""
    tokenizer = load_tokenizer(BUNDLED["academy-mini"])
    form = choose(tokenizer)
    path = next(path for path in (folder / "data" / "training").glob("dataset_*.jsonl") if ".eval" not in path.name)
    conversations = meter("read for training", lambda: read_conversations(path))
    tokenized = meter("tokenize", lambda: tokenize(tokenizer, form, conversations, 2048))
    order = random.Random(1).sample(range(len(tokenized.rows)), len(tokenized.rows))
    meter("one look at all rows", lambda: sum(len(tokenized.rows[at].ids) for at in order))


def opening(meter: Meter, folder: Path, count: int) -> None:
    """The dataset as a person looks through it."""
    academy = _academy(folder)
    dataset = academy.datasets.list()[0].id
    kept = int(academy.datasets.get(dataset).statistics["train_examples"])
    meter("open a dataset, first page", lambda: academy.datasets.view(dataset))
    meter("open a dataset, last page", lambda: academy.datasets.view(dataset, offset=kept - 20), 5)
    meter("REST, last rows", lambda: academy.datasets.rows(dataset, kept - 20, 20), 5)
    word = academy.datasets.view(dataset)[1][7].row["instruction"].split()[3]
    meter("search in a dataset", lambda: academy.datasets.view(dataset, query=word))
    meter("sort a dataset by length", lambda: academy.datasets.view(dataset, sort="longest"))
    polls(academy, meter, "dataset", {"dataset": dataset, "dataset_view": "make"}, "one dataset")
    academy.close()


def looking(meter: Meter, folder: Path, count: int) -> None:
    """The lessons as a person lists, searches and changes them."""
    academy = meter("start with so many lessons", lambda: _academy(folder))
    lessons = academy.lessons
    some = meter("lessons, first page", lambda: lessons.list(limit=50), 5).items
    meter("lessons, last page", lambda: lessons.list(limit=50, offset=count - 100), 3)
    meter("search a word", lambda: lessons.list(query=some[7].situation.split()[3]), 3)
    meter("search what all have", lambda: lessons.list(query="what about"), 3)
    meter("filter by tag", lambda: lessons.find(LessonFilter(tags=["tag3"])), 3)
    meter("longest first", lambda: lessons.find(LessonFilter(), "longest", 50))
    meter("statistics", lessons.statistics)
    meter("statistics again", lessons.statistics, 5)
    polls(academy, meter, "overview", {})
    polls(academy, meter, "dataset", {"dataset_view": "lessons"}, "lessons")
    numbers = iter(range(1000))
    meter("add a lesson", lambda: lessons.add(LessonIn(situation=f"What is new {next(numbers)}?", action="This is.")), 5)

    def changed(tab: str) -> Callable[[], Any]:
        ask = poll(academy, tab, {"dataset_view": "lessons"})

        def act() -> Any:
            lessons.add(LessonIn(situation=f"What is new {next(numbers)}?", action="This is."))
            return ask()

        return act

    meter("poll overview after a new lesson", changed("overview"), 5)
    meter("poll dataset, lessons, after a new lesson", changed("dataset"), 5)
    academy.close()


# ------------------------------------------------------------------ jobs


def write_jobs(data: Path, count: int, prefix: str = "job") -> None:
    """Trainings that have ended, one in ten of them failed, in the journal and with what stays in their folders."""
    training, models = data / "training", data / "models"
    for folder in (training, models):
        folder.mkdir(parents=True, exist_ok=True)
    event = json.dumps({"event": "progress", "step": 1, "time": DAY, "loss": 1.5, "learning_rate": 1e-4}) + "\n"
    with open(training / "jobs.jsonl", "a", encoding="utf-8") as file:
        for number in range(1, count + 1):
            name = f"{prefix}_{number:07d}"
            folder = models / name
            folder.mkdir()
            (folder / "spec.json").write_text("{}")
            (folder / "events.jsonl").write_text(event)
            values: dict[str, Any] = {
                "status": "failed" if number % 10 == 3 else "finished",
                "created_at": DAY,
                "started_at": DAY,
                "finished_at": DAY,
                "base_model": "academy-mini",
                "dataset_path": "training/dataset_alpaca_20260101_120000.jsonl",
                "dataset_id": "dataset_alpaca_20260101_120000",
                "parameters": {"epochs": 3, "lora_rank": 16, "learning_rate": 2e-4},
                "idempotency_key": f"key{number}" if number % 3 == 0 else None,
                "step": 100,
                "total_steps": 100,
                "sequence": number,
            }
            job = {"job_id": name, "name": f"try {number}", "backend": "subprocess", "output_dir": f"models/{name}"} | values
            file.write(json.dumps(job) + "\n")


def history(meter: Meter, folder: Path, count: int) -> None:
    """A long history of jobs."""
    write_jobs(folder / "data", count)
    academy = meter("start with so many jobs", lambda: _academy(folder))
    jobs = academy.jobs
    assert jobs.counts()["total"] == count
    meter("GET /jobs, the newest 50", lambda: jobs.list_with_sizes(50), 5)
    meter("GET /jobs, the most (500)", lambda: jobs.list_with_sizes(500))
    meter("GET /jobs, the newest 50 that failed", lambda: jobs.list_with_sizes(50, "failed"), 5)
    meter("GET /jobs of a kind that there is none of", lambda: jobs.list_with_sizes(50, kind="export"), 5)
    polls(academy, meter, "training", {})
    polls(academy, meter, "training", {"jobs_more": 40}, "the last page")
    polls(academy, meter, "training", {"jobs_query": "try 77"}, "searched")
    polls(academy, meter, "overview", {})
    polls(academy, meter, "adapters", {})
    polls(academy, meter, "chat", {})
    names = iter(range(1, 1000))
    meter("delete a job", lambda: jobs.delete(f"job_{next(names):07d}"), 5)
    store: Any = academy._job_store
    job = jobs.get(f"job_{count:07d}")
    meter("add a job", lambda: store.add(replace(job, job_id=f"new_{next(names)}", idempotency_key=None)), 5)
    academy.close()


# ------------------------------------------------------------------ adapters


def write_adapters(data: Path, count: int) -> None:
    """Trainings with an adapter that fits the bundled model and the report of its exam."""
    write_jobs(data, count, "adapter")
    numbers, rank = random.Random(2), 4
    shapes = {}
    for layer in range(6):
        for name, rows in (("q_proj", 192), ("v_proj", 64)):
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            shapes |= {f"{place}.lora_A.weight": (rank, 192), f"{place}.lora_B.weight": (rows, rank)}
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 4 * shape[0] * shape[1]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    weights = struct.pack("<Q", len(text)) + text + b"".join(struct.pack("<f", numbers.uniform(-0.1, 0.1)) for _ in range(at // 4))
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 2 * rank, "bias": "none"}
    config |= {"target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": "academy-mini"}
    for number in range(1, count + 1):
        name = f"adapter_{number:07d}"
        folder = data / "models" / name
        inner = folder / "adapter"
        inner.mkdir()
        (inner / "adapter_model.safetensors").write_bytes(weights)
        (inner / "adapter_config.json").write_text(json.dumps(config))
        record = {"name": f"try {number}", "base_model": "academy-mini", "finished_at": DAY, "train_rows": 100, "source": "academy"}
        (folder / "metadata.json").write_text(json.dumps(record | {"dataset_id": "dataset_alpaca_20260101_120000"}))
        empty: dict[str, Any] = dict.fromkeys(("held_out", "general", "drift"))
        (folder / "report.json").write_text(
            json.dumps(
                empty
                | {"id": name, "adapter_id": name, "base_model": "academy-mini", "dataset_id": None, "created_at": DAY, "seconds": 9.0}
                | {"known": {"rows": number % 100, "of": 100}, "rephrased": {"right": 3, "of": 10}, "earlier": [], "noise": 0.0}
                | {"verdict": "ready", "sentences": [], "remedies": [], "items": []}
            )
        )


def adapting(meter: Meter, folder: Path, count: int) -> None:
    """Many adapters."""
    write_adapters(folder / "data", count)
    academy = meter("start with so many adapters", lambda: _academy(folder))
    adapters = academy.adapters
    assert len(meter("list, first", adapters.list)) == count
    meter("list, again", adapters.list, 7)
    meter("GET /adapters with lineage", lambda: [adapters.lineage(item) for item in adapters.list()])
    names = iter(range(1, count + 1))
    meter("activate", lambda: adapters.activate(f"adapter_{next(names):07d}"), 5)
    polls(academy, meter, "adapters", {})
    polls(academy, meter, "adapters", {"adapters_query": "try 7", "adapters_by": "known"}, "searched and sorted")
    polls(academy, meter, "chat", {})
    polls(academy, meter, "overview", {})
    polls(academy, meter, "training", {})
    academy.close()


# ------------------------------------------------------------------ the page


def poll(academy: Academy, tab: str, state: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Asks as the browser does for all regions of a tab, and then only for what changed."""
    regions = page._TABS[tab].REGIONS | {"chips": page._chips}
    answer = live.make_live(academy, regions, lambda look: "")
    versions = dict.fromkeys(regions, "")

    def ask() -> dict[str, Any]:
        told = answer({"state": {"tab": tab, **state}, "regions": versions, "log": None})
        versions.update({name: fresh["version"] for name, fresh in told["regions"].items()})
        return told

    return ask


def polls(academy: Academy, meter: Meter, tab: str, state: dict[str, Any], words: str = "") -> None:
    """The first poll of a tab, and those that follow."""
    ask, named = poll(academy, tab, state), f"{tab}{f', {words}' if words else ''}"
    # Opening the chat loads the model in a thread of its own, which is no part of a poll.
    told = meter(f"first poll {named}", ask, clock=time.thread_time)
    broken = [name for name, fresh in told["regions"].items() if "ac-notice-bad" in fresh["html"]]
    assert not broken, f"{named}: {[told['regions'][name]['html'] for name in broken]}"
    meter(f"poll {named}", ask, POLLS, time.thread_time)


PARTS: dict[str, list[Callable[[Meter, Path, int], None]]] = {
    "rows": [importing, curating, reading, opening, looking],
    "jobs": [history],
    "adapters": [adapting],
}


if __name__ == "__main__":
    main()
