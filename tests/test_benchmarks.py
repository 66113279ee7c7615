"""The benchmarks: tables as the results say, names that exist, and the GPU script to its end without a GPU."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import tables  # noqa: E402
from common import RESULTS, cards, save  # noqa: E402
from gpu_checks import CHECKS  # noqa: E402
from run import BENCHMARKS  # noqa: E402

ROWS = [
    {
        "name": name,
        "title": name,
        "precision": "fp32",
        "speed": {"median": speed, "least": speed - 5, "most": speed + 5, "n": 3},
        "step_seconds": 2.5,
        "memory_mb": memory,
        "loss": 1.5,
        "of_limit": 0.62,
    }
    for name, speed, memory in (("trl", 100.0, 4000.0), ("academy", 350.0, 1600.0))
]
FIGURES = {
    "base": "a model",
    "shape": "mixed",
    "batch": 8,
    "n": 3,
    "parameters": 135_000_000,
    "mean_tokens": 250.0,
    "limit_gflops": {"fp32": 150.0},
    "rows": [*ROWS, {"name": "llamafactory", "title": "LLaMA-Factory", "why": "is not installed"}],
}


@pytest.mark.parametrize("name", tables.PAGES)
def test_the_tables_are_as_the_committed_results_say(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "<!-- measured: " in text
    assert tables.written(text, tables.read(RESULTS)) == text, "run: python benchmarks/tables.py"


def test_the_plot_is_as_the_committed_results_say() -> None:
    picture, path = tables.plot(tables.read(RESULTS)), ROOT / tables.PLOT
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == picture, "run: python benchmarks/tables.py"


def test_the_plot_of_growth_is_as_the_committed_results_say() -> None:
    picture, path = tables.plot_growth(tables.read(RESULTS)), ROOT / tables.GROWTH_PLOT
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == picture, "run: python benchmarks/tables.py"


def test_growth_becomes_a_table_and_a_plot(tmp_path: Path) -> None:
    steps = [
        {"part": "rows", "step": step, "size": size, "n": 1, "cpu_seconds": size * each, "wall_seconds": 9.0, "peak_mb": size // 100}
        for step, each in (("import", 2e-4), ("poll overview", 1e-7))
        for size in (1_000, 10_000, 1_000_000)
    ]
    save("growth-full", "a command", 12.0, {"steps": [*steps, steps[0] | {"part": "jobs", "step": "poll training"}]}, tmp_path)
    results = tables.read(tmp_path)
    lines = tables.growth(results["growth-full"])
    assert "| processor (peak MB) | 1,000 rows | 10,000 rows | 1,000,000 rows | last ten times |" in lines
    assert "| import | 200 ms (10) | 2.0 s (100) | 200 s (10,000) | 100.0 × |" in lines
    assert "| poll training | 200 ms (10) | – |" in lines
    picture = tables.plot_growth(results) or ""
    assert picture.count("<circle") == 6 + 3 + 1  # import twice, and the two polls
    assert ">200</text>" in picture


def test_a_result_becomes_a_table_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    save("training", "a command", 12.0, FIGURES, tmp_path)
    results = tables.read(tmp_path)
    assert results["training"]["machine"]["cores"]
    page = "before\n<!-- measured: training -->\nold\n<!-- /measured -->\nafter\n"
    once = tables.written(page, results)
    assert "| trl | 100 (95–105) | 3.50 × | 2.50 | 4,000 | 0.40 × | 62% |" in once
    assert "| academy | 350 (345–355) | – | 2.50 | 1,600 | – | 62% |" in once
    assert "is not installed" in once
    assert "old" not in once
    assert (once.startswith("before\n"), once.endswith("after\n")) == (True, True)
    assert tables.written(once, results) == once
    assert "350" in (tables.plot(results) or "")


def test_a_table_of_gpu_checks_says_what_was_skipped_and_what_failed(tmp_path: Path) -> None:
    speeds = {name: {"speed": speed, "of_limit": 0.5, "memory_mb": 900.0} for name, speed in (("academy", 9000.0), ("trl", 3000.0))}
    lines = [
        {"check": "fused", "ok": None, "seconds": 0.0, "reason": "skipped: no time"},
        {"check": "chat", "ok": False, "seconds": 20.0, "reason": "another device computed"},
        {"check": "speed Qwen3-0.6B bf16", "ok": True, "seconds": 30.0, "figures": speeds},
        {"check": "speed Qwen3-0.6B 4bit", "ok": None, "seconds": 0.0, "reason": "skipped: no time"},
    ]
    save("gpu", "a command", 420.0, lines, tmp_path)
    text = "\n".join(tables.gpu(tables.read(tmp_path)["gpu"]))
    assert "| fused | – | 0 | skipped: no time |" in text
    assert "| chat | **failed** | 20 | another device computed |" in text
    assert "| Qwen3-0.6B bf16 | 9,000 (50%; 900) | 3,000 (50%; 900) | – | – | 3.00 | – |" in text
    assert "| Qwen3-0.6B 4bit | skipped: no time |" in text


def test_every_table_has_its_benchmark_and_every_mark_its_table() -> None:
    assert tables.TABLES.keys() <= BENCHMARKS.keys()
    marked = {mark for name in tables.PAGES for mark in re.findall("<!-- measured: (.+) -->", (ROOT / name).read_text(encoding="utf-8"))}
    assert marked == tables.TABLES.keys()


def test_every_benchmark_has_its_script() -> None:
    assert [name for name, benchmark in BENCHMARKS.items() if not (ROOT / "benchmarks" / benchmark.command.split()[0]).exists()] == []
    assert sum(benchmark.minutes for benchmark in BENCHMARKS.values() if benchmark.default) <= 20


@pytest.mark.skipif(bool(cards()), reason="there is a GPU")
def test_without_a_gpu_the_script_says_so() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks/gpu.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no NVIDIA GPU" in done.stderr
    assert "--shrink" in done.stderr


@pytest.mark.training
def test_what_no_longer_fits_into_the_time_is_told() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), "--shrink", "--budget", "3", "--only", "nvml", "--only", "attention"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["check"] for line in lines] == ["nvml", "attention", "all"]
    assert lines[1]["reason"].startswith("skipped: no time"), lines[1]


@pytest.mark.torture
@pytest.mark.training
def test_the_gpu_script_runs_to_its_end_on_a_processor() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), "--shrink", "--budget", "900"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    *lines, last = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 0, (done.stderr, [line for line in lines if line["ok"] is False])
    assert [line["check"] for line in lines] == [*CHECKS]
    assert [line["check"] for line in lines if line["ok"] is None and not CHECKS[line["check"]].needs_gpu] == []
    assert all(line["figures"] and line["seconds"] and line["versions"]["torch"] for line in lines if line["ok"])
    assert last["passed"] + last["skipped"] == len(CHECKS)
