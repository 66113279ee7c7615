"""Runs benchmarks by name, and writes what they measured with machine and versions to `benchmarks/results/`: `make bench`.

    python benchmarks/run.py                          # the default set, about twenty minutes on two quiet cores
    python benchmarks/run.py training data            # these
    python benchmarks/run.py --list

Each prints its last figures as JSON, one object a line. The README's tables are written from the results: `benchmarks/tables.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import RESULTS, save

HERE = Path(__file__).parent
SMOL = "smollm2-135m"


@dataclass(frozen=True)
class Benchmark:
    """A script with its arguments; `minutes` on two quiet cores, about."""

    command: str
    minutes: float
    default: bool = False
    app: bool = False  # asks a running app, which is started for it


BENCHMARKS: dict[str, Benchmark] = {
    "training": Benchmark("training.py --json --rounds 3 --steps 6 --limit 90", 9, default=True),
    "warm": Benchmark("warm.py --json", 3, default=True),
    "page": Benchmark("page.py --json", 3, default=True),
    "data": Benchmark("data.py --json", 2, default=True),
    "growth": Benchmark("growth.py --json", 3, default=True),
    "growth-full": Benchmark("growth.py --json --full", 30),
    "race": Benchmark("race.py --json", 4),
    "training-smol": Benchmark(f"training.py --json --base {SMOL} --rounds 5 --steps 6 --limit 240", 25),
    "training-smol-facts": Benchmark(f"training.py --json --base {SMOL} --shape facts --rounds 5 --steps 8 --limit 240", 20),
    "teaching": Benchmark("teaching.py", 90, app=True),
    "preferences": Benchmark("preferences.py", 40, app=True),
    "chat": Benchmark("chat.py --json --base {smol}", 5),
    "gpu": Benchmark("gpu.py", 7),
}


def main() -> None:
    """Runs the chosen benchmarks one after another; ends with 1 where one failed, after all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--list", action="store_true", help="the names and their minutes")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.list:
        for name, benchmark in BENCHMARKS.items():
            print(f"{name:20} {benchmark.minutes:4.0f} min {'(default)' if benchmark.default else '         '} {benchmark.command}")
        return
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    names = options.names or [name for name, benchmark in BENCHMARKS.items() if benchmark.default]
    failed = [name for name in names if not run(name, BENCHMARKS[name], options.results)]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def run(name: str, benchmark: Benchmark, results: Path) -> bool:
    """One benchmark; its output is passed on, and its figures are written where it ended well."""
    print(f"== {name}: {benchmark.command}", flush=True)
    command = benchmark.command
    if "{smol}" in command:
        from training import base_folder

        command = command.format(smol=base_folder(SMOL))
    began, figures = time.monotonic(), []
    with _app() if benchmark.app else contextlib.nullcontext("") as url:
        more = ["--url", url] if url else []
        process = subprocess.Popen([sys.executable, *shlex.split(command), *more], cwd=HERE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("{"):
                figures.append(json.loads(line))
        code = process.wait()
    # gpu.py writes its own result, where it was told to.
    if code == 0 and figures and name != "gpu":
        shown = f"python benchmarks/{benchmark.command}".replace("{smol}", SMOL)
        print(f"== {save(name, shown, time.monotonic() - began, figures[0] if len(figures) == 1 else figures, results)}", flush=True)
    return code == 0


@contextlib.contextmanager
def _app() -> Iterator[str]:
    """An app with a data folder of its own: its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACADEMY_")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE.parent / "app.py"), "--port", "0", "--data-dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            try:
                address = re.search(r"http://\S+", process.stdout.readline())
                assert address, "the app did not start"
                yield address[0].rstrip("/")
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
