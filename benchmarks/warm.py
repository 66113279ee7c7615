"""Measures Train → first step with a trainer that starts cold and with one that stands by, in turns, through the app's own queue.

    python benchmarks/warm.py                              # the bundled model, five pairs
    python benchmarks/warm.py --base /models/smol -n 5     # a folder with a base model
    python benchmarks/warm.py --tokens 60                  # tokens of an answer, about

The time runs from the call that queues the training to the first step's event in the job's file. Before each warm one the script
waits until the trainer is ready. Prints a table, and with --json one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from academy.adapters.check import WEIGHTS  # noqa: E402
from academy.config import Settings  # noqa: E402
from academy.jobs.spec import TrainingSpec  # noqa: E402
from academy.jobs.store import ENDED, Job  # noqa: E402
from academy.services.academy import Academy  # noqa: E402

_PAUSE = 0.005


def main() -> None:
    """Runs the pairs and prints what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="academy-mini")
    parser.add_argument("-n", type=int, default=5)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=30)
    parser.add_argument("--log", action="store_true", help="the log of the last warm one too")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), default_base_model=arguments.base, warm_trainer=True, _env_file=None)  # type: ignore[call-arg]
        academy = Academy(settings)
        academy.start()
        try:
            found = _measure(academy, _rows(Path(folder), arguments.rows, arguments.tokens), arguments.n)
        finally:
            academy.close()
    found |= {
        "base": arguments.base,
        "n": arguments.n,
        "rows": arguments.rows,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    found |= {name: version(name) for name in ("torch", "transformers", "peft")}
    logs = [found[way].pop("log") for way in ("cold", "warm")]
    if arguments.json:
        print(json.dumps(found))
        return
    if arguments.log:
        print(*logs[1], sep="\n")
    print("| | seconds to the first step | median | processor seconds of the job | memory standing by |")
    print("|---|---|---|---|---|")
    for way in ("cold", "warm"):
        times, spent = found[way]["seconds"], found[way]["cpu_seconds"]
        memory = f"{found['memory_mb']} MB" if way == "warm" else "–"
        each = " ".join(f"{t:.2f}" for t in times)
        print(f"| {way} | {each} | {statistics.median(times):.2f} | {statistics.median(spent):.1f} | {memory} |")
    print(f"the adapters are the same, bit by bit: {found['equal']}")


def _measure(academy: Academy, rows: Path, n: int) -> dict[str, Any]:
    found: dict[str, Any] = {way: {"seconds": [], "cpu_seconds": []} for way in ("cold", "warm")}
    adapters: set[bytes] = set()
    _train(academy, rows)  # the first training on a base also computes what later ones find: it is not counted
    for _ in range(n):
        for way in ("cold", "warm"):
            if way == "warm":
                academy._warming.prepare()
                found["memory_mb"] = _ready(academy)
            else:
                academy._warming._standby.give_back()
            before = _spent()
            seconds, job = _train(academy, rows)
            found[way]["seconds"].append(round(seconds, 3))
            academy._warming._standby.give_back()
            found[way]["cpu_seconds"].append(round(_spent() - before, 2))
            found[way]["log"] = (job.folder.path / "train.log").read_text().splitlines()
            adapters.add((job.folder.path / "adapter" / WEIGHTS).read_bytes())
    return found | {"equal": len(adapters) == 1}


def _train(academy: Academy, rows: Path) -> tuple[float, Job]:
    spec = TrainingSpec(dataset_path=str(rows), max_steps=2, num_epochs=1, batch_size=4, name="warm")
    began = time.monotonic()
    job = academy.training.train(spec)
    first = None
    while (job := academy.jobs.get(job.job_id)).status not in ENDED:
        if first is None and b'"progress"' in _events(job):
            first = time.monotonic() - began
        time.sleep(_PAUSE)
    if job.status != "finished" or first is None:
        raise SystemExit(f"{job.status}: {job.error}\n{(job.folder.path / 'train.log').read_text()}")
    return first, job


def _events(job: Job) -> bytes:
    path = job.folder.events
    return path.read_bytes() if path.exists() else b""


def _ready(academy: Academy) -> int:
    """Waits for the trainer; its memory in MB."""
    until = time.monotonic() + 120
    while (state := academy._warming._standby.state()).stage != "ready":
        if state.stage == "none" or time.monotonic() > until:
            raise SystemExit(f"no trainer stands by: {academy._warming.component()}")
        time.sleep(0.05)
    return state.memory_mb


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rows(folder: Path, count: int, tokens: int) -> Path:
    path = folder / "rows.jsonl"
    pad = " It lies by the old bridge near the mill, behind the second gate." * max(0, tokens // 15 - 1)
    with path.open("w") as file:
        for at in range(count):
            chat = {"user": f"Where is key number {at}?", "assistant": f"In drawer {at * 7}.{pad}"}
            file.write(json.dumps({"messages": [{"role": role, "content": text} for role, text in chat.items()]}) + "\n")
    return path


if __name__ == "__main__":
    main()
