"""`python -m academy.trainer.warm <descriptor>`: imports what a training needs, waits for a job, and becomes its trainer.

It waits as a process of its own and does not fork: torch's threads, its allocator and CUDA do not survive a fork, and a job
must not depend on a parent that serves others. So each warm trainer runs one job, exactly as a cold one does.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from academy.bases.folders import is_packed
from academy.trainer import __main__ as program

RUNS: Mapping[str, str] = {
    "academy.trainer": "academy.trainer.run",
    "academy.trainer.exam": "academy.trainer.exam.run",
    "academy.trainer.race": "academy.trainer.race.run",
}
"""The programs whose job a warm trainer can run, and where each has its `run`."""

_IMPORTED = (
    "academy.trainer.run",
    "academy.trainer.exam.run",
    "academy.trainer.learning",
    "academy.trainer.methods.rehearsal",
    "academy.trainer.publish",
    "academy.trainer.compute.range_test",
    "peft.tuners.lora",
)


def serve(channel: socket.socket, base: Path | None) -> int:
    """Imports, waits for a job on the channel, and runs it; 0 too where none comes."""
    began = time.time_ns()
    # The job says which GPU is its own, so that CUDA must not be asked before: NVML answers whether there is one.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    program._quiet(quantized=False)
    for name in _IMPORTED:
        importlib.import_module(name)
    if base is not None:
        importlib.import_module("academy.trainer.compute.model").hold_base(base)
    files = stamps(loaded_files())
    channel.sendall(b"ready\n")
    with channel.makefile("rb") as lines:
        line = lines.readline()
    if not line:
        return 0
    command = json.loads(line)
    folder = Path(command["argv"][-1])
    if why := why_stale(began, files) or why_unfit(folder):
        channel.sendall(why.encode() + b"\n")
        return 0
    os.chdir(command["cwd"])
    for name, value in command["env"].items():
        _set(name, value)
    channel.sendall(b"begins\n")
    channel.close()
    return program.main([str(folder)], RUNS[command["argv"][2]])


def why_stale(began: int, files: Mapping[str, int]) -> str:
    """Why what was imported from that time on (nanoseconds since the epoch) is not what a new process would import; empty if it is."""
    now = stamps(files)
    changed = next((file for file, before in files.items() if before >= began or now[file] != before), None)
    return f"{Path(changed).name} has changed since it started" if changed else ""


def why_unfit(folder: Path) -> str:
    """Why it cannot run the job of this folder; empty if it can."""
    spec = json.loads((folder / "spec.json").read_bytes())
    parameters, base = spec.get("parameters") or {}, spec.get("base_path")
    if (parameters.get("quantization") or "none") != "none" or (isinstance(base, str) and is_packed(Path(base))):
        return "it has no kernels for quantized weights"
    return "the training takes several processes" if (parameters.get("gpus") or 1) > 1 else ""


def loaded_files() -> list[str]:
    """The files of all loaded modules, and the folders that hold the installed packages."""
    files = {file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    packages = {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    return sorted(files | packages)


def stamps(files: Iterable[str]) -> dict[str, int]:
    """When each file was changed, -1 where it is gone; of the entry itself, since an installer may set the other time back."""
    found = {}
    for file in files:
        found[file] = -1
        with contextlib.suppress(OSError):
            found[file] = os.stat(file).st_ctime_ns
    return found


def _set(name: str, value: str) -> None:
    """Sets a variable, where its length allows also in the block that the kernel shows: a job's processes are known by it."""
    before: Any = os.environ.get(name)
    if before == value:
        return
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    address = library.getenv(os.fsencode(name))
    if address and before is not None and len(os.fsencode(before)) == len(os.fsencode(value)):
        ctypes.memmove(address, os.fsencode(value), len(os.fsencode(value)))
    os.environ[name] = value


if __name__ == "__main__":
    program.restart("academy.trainer.warm", sys.argv[1:])
    given = sys.argv[1:-1]
    raise SystemExit(serve(socket.socket(fileno=int(sys.argv[-1])), Path(given[0]) if given else None))
