"""Checks Academy on one NVIDIA GPU, in at most seven minutes; each check prints one line of JSON.

    python benchmarks/gpu.py                            # all checks, and the table of speeds
    python benchmarks/gpu.py --only bf16_lora --only chat
    python benchmarks/gpu.py --carry wheels             # installs the wheels of this folder, into a folder of its own, and nothing else
    python benchmarks/gpu.py --shrink                   # without a GPU: whatever can run on a processor, in tiny form

It needs the repository and the libraries, no network: models are the bundled one and random weights in the shapes of real ones. Every check
is a process of its own with a limit; what no longer fits into --budget is reported as "skipped: no time". The lines go to
results/gpu.json too, except with --shrink. Ends with 1 where a check failed, and with 2 where there is no GPU.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import RESULTS, cards, save, versions
from gpu_checks import CHECKS, Place, Skip, Wrong

ROOT = Path(__file__).parent.parent
NO_TIME = "skipped: no time"
BUDGET, SHRUNK_BUDGET = 415.0, 180.0
_PATIENCE = 4  # times the limit of a check, with --shrink: other programs may use the processor
_GIGABYTES = 24  # for the models with random weights


def main() -> None:
    """Runs the checks one after another and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[*CHECKS], metavar="CHECK", help=", ".join(CHECKS))
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--budget", type=float, help=f"seconds in all; default: {BUDGET:.0f}, or {SHRUNK_BUDGET:.0f} with --shrink")
    parser.add_argument("--rounds", type=int, default=1, help="of each contender in the table of speeds")
    parser.add_argument("--carry", type=Path, help="a folder with wheels")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        name, folder, models = options.check
        print(json.dumps(_worked(name, Place(Path(folder), Path(models), options.shrink, options.rounds))))
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        if options.carry:
            _carry(options.carry, Path(name) / "site")
        gpus = [] if options.shrink else cards()
        if not gpus and not options.shrink:
            print(_NO_GPU, file=sys.stderr)
            raise SystemExit(2)
        lines = []
        card, known = gpus[0]["name"] if gpus else "none", versions()
        for line in _checks(options, Path(name), began + (options.budget or (SHRUNK_BUDGET if options.shrink else BUDGET))):
            lines.append(line)
            print(json.dumps(line | {"card": card, "versions": known}), flush=True)
    counts = {word: sum(line["ok"] is value for line in lines) for word, value in (("passed", True), ("failed", False), ("skipped", None))}
    seconds = time.monotonic() - began
    print(json.dumps({"check": "all", "ok": not counts["failed"]} | counts | {"seconds": round(seconds, 1), "card": card}))
    if not options.shrink:
        save("gpu", " ".join(["python benchmarks/gpu.py", *sys.argv[1:]]), seconds, lines, options.results)
    raise SystemExit(1 if counts["failed"] else 0)


_NO_GPU = """There is no NVIDIA GPU on this machine, or its driver does not answer (nvidia-smi).
With --shrink whatever can run on a processor runs in tiny form: python benchmarks/gpu.py --shrink"""


def _checks(options: argparse.Namespace, folder: Path, deadline: float) -> Iterator[dict[str, Any]]:
    with _room(folder, options.shrink) as models:
        for at, name in enumerate(options.only or CHECKS):
            check, left = CHECKS[name], deadline - time.monotonic()
            line: dict[str, Any] = {"check": name}
            if options.shrink and check.needs_gpu:
                yield line | {"ok": None, "seconds": 0.0, "reason": f"skipped: {check.needs_gpu}"}
            elif left < (2.0 if options.shrink else check.least):
                yield line | {"ok": None, "seconds": 0.0, "reason": NO_TIME}
            else:
                own = folder / f"check-{at}"
                own.mkdir()
                began = time.monotonic()
                limit = check.limit * (_PATIENCE if options.shrink else 1)
                result = _apart(name, own, models, options, min(limit, left), left < limit)
                shutil.rmtree(own, ignore_errors=True)
                yield line | {"ok": None, "seconds": round(time.monotonic() - began, 1)} | result


def _apart(name: str, folder: Path, models: Path, options: argparse.Namespace, limit: float, by_budget: bool) -> dict[str, Any]:
    """A check in a process of its own, which ends with all its children."""
    command = [sys.executable, __file__, "--check", name, str(folder), str(models), "--rounds", str(options.rounds)]
    environment = {**os.environ, "ACADEMY_WARM_TRAINER": "false"} | (
        {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"} if options.shrink else {}
    )
    process = subprocess.Popen(
        command + ["--shrink"] * options.shrink,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        reason = f"{NO_TIME}, it was ended after {limit:.0f} s" if by_budget else f"it did not end within {limit:.0f} s"
        return _last(process.communicate()[0]) | {"ok": None if by_budget else False, "reason": reason}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        return {"ok": False, "reason": f"it ended with {process.returncode}", "last_lines": errors.strip().splitlines()[-12:]}
    return _last(output)


def _last(output: str) -> dict[str, Any]:
    """The last whole line of a check: its result, or the figures that it had."""
    lines = [line for line in output.split("\n")[:-1] if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def _worked(name: str, place: Place) -> dict[str, Any]:
    """The check itself, in its process."""
    sys.path[:0] = [str(ROOT)]
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1", TOKENIZERS_PARALLELISM="true")
    try:
        return {"ok": True, "figures": CHECKS[name].run(place)}
    except Skip as error:
        return {"ok": None, "reason": f"skipped: {error}"}
    except Wrong as error:
        return {"ok": False, "reason": str(error), "figures": error.figures}


@contextlib.contextmanager
def _room(folder: Path, shrink: bool) -> Iterator[Path]:
    """A folder for the models: in memory where there is room, since they are read again and again."""
    shared = Path("/dev/shm")
    in_memory = not shrink and shared.is_dir() and shutil.disk_usage(shared).free > _GIGABYTES << 30
    with tempfile.TemporaryDirectory(dir=shared if in_memory else folder) as name:
        yield Path(name)


def _carry(wheels: Path, site: Path) -> None:
    """Installs the wheels of a folder, and nothing else, for the checks."""
    files = [str(path) for path in sorted(wheels.glob("*.whl"))]
    if not files:
        raise SystemExit(f"There is no wheel in {wheels}.")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", "--target", str(site), *files]
    subprocess.run(command, check=True, stdout=sys.stderr)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    sys.path.insert(0, str(site))


if __name__ == "__main__":
    main()
