"""What the benchmarks share: the machine, the versions, the limit of its matrix products, and the files of results."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "liger-kernel", "flash-attn", "llamafactory", "gradio")


def machine() -> dict[str, Any]:
    """The processor with its cores and memory, the system, and the GPUs."""
    text = _text(Path("/proc/cpuinfo"))
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _text(Path("/proc/meminfo")), re.MULTILINE)
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if re.search(rf"\b{flag}\b", text)]
    return {
        "cpu": name[1].strip() if name else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "flags": flags,
        "memory_gb": round(int(memory[1]) / 2**20, 1) if memory else None,
        "system": platform.system(),
        "load": [round(number, 2) for number in os.getloadavg()],
        "gpus": cards(),
    }


def cards() -> list[dict[str, Any]]:
    """The NVIDIA GPUs by name, memory and driver; empty where there is none."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(pynvml.nvmlDeviceGetCount())]
        return [
            {"name": pynvml.nvmlDeviceGetName(item), "memory_mb": int(pynvml.nvmlDeviceGetMemoryInfo(item).total) >> 20, "driver": driver}
            for item in handles
        ]
    finally:
        pynvml.nvmlShutdown()


def versions() -> dict[str, str]:
    """Python and the packages that matter, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def save(name: str, command: str, seconds: float, figures: Any, folder: Path = RESULTS) -> Path:
    """Writes one benchmark's result: one file each, which the next run replaces."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    result = {
        "benchmark": name,
        "command": command,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "versions": versions(),
        "figures": figures,
    }
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, least and most of some measurements, and how many there are."""
    return {"median": _short(statistics.median(values)), "least": _short(min(values)), "most": _short(max(values)), "n": len(values)}


def matrix_limit(dtype: str, seconds: float = 2.0) -> float:
    """Floating-point operations a second of a large matrix product on all cores or the GPU: the best of those within the time."""
    import torch

    gpu = torch.cuda.is_available()
    side = 8192 if gpu else 1536
    kind, place = getattr(torch, dtype), "cuda" if gpu else "cpu"
    first, second = (torch.randn(side, side, device=place).to(kind) for _ in range(2))
    best, until = float("inf"), time.monotonic() + seconds
    while True:
        began = time.perf_counter()
        torch.mm(first, second)
        if gpu:
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
        if time.monotonic() > until:
            return 2.0 * side**3 / best


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
