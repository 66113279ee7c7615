"""The machine: GPUs, memory, disk, libraries and backends, each with a reason and a remedy if it does not work."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from academy.config import Settings
from academy.devices import CLAIMS, Hardware, describe, device_of
from academy.errors import AcademyError
from academy.messages import Text, join, msg, render

ML_COMMAND = "pip install -r requirements-academy.txt"
ML_LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets")
T = TypeVar("T")
_MIB = 1 << 20
_LONG = 10.0  # seconds; libraries change only when a person installs one


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU; memory in MiB, power in watts; None if the driver does not report it."""

    name: str
    memory_total_mb: int
    memory_used_mb: int
    memory_free_mb: int
    utilization_percent: int | None = None
    temperature_c: int | None = None
    power_w: float | None = None


@dataclass(frozen=True)
class Component:
    """A part that works or does not, with the reason and the remedy."""

    name: str
    ok: bool
    reason: Text
    remedy: Text = ""
    code: str = ""

    def rendered(self) -> dict[str, Any]:
        """The component as plain data, in the current language."""
        return {"name": self.name, "ok": self.ok, "reason": render(self.reason), "remedy": render(self.remedy), "code": self.code}


class Habitat:
    """Queries the machine; answers are cached for a moment, because pages and scripts ask often."""

    def __init__(self, settings: Settings, look_at_docker: Callable[[bool], Text] | None = None) -> None:
        self._settings = settings
        self._look_at_docker = look_at_docker
        self.more: list[Callable[[], Component]] = []  # parts that others look after, for the Overview
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    def gpus(self) -> list[Gpu]:
        """All NVIDIA GPUs that NVML reports; an empty list if there are none or GPUs are switched off."""
        return self.keep("gpus", 1.0, self._ask_gpus)[0]

    def gpu_message(self) -> Text:
        """One sentence on the GPUs, with the reason if there is none."""
        return self.keep("gpus", 1.0, self._ask_gpus)[1]

    def devices(self) -> int:
        """How many devices trainings share: the GPUs that the app was granted; without one, the processes of the CPU, usually one."""
        granted = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpus = len(self.gpus())
        if gpus and granted is not None:
            gpus = len([name for name in granted.split(",") if name.strip() not in ("", "-1")])
        return gpus or self._settings.cpu_processes

    def memory(self) -> dict[str, int]:
        """Main memory in MiB, total and available, within a container's limit."""
        return self.keep("memory", 1.0, _memory)

    def disk(self) -> dict[str, int]:
        """The disk of the data folder in MiB: total, used, free."""
        folder = self._settings.data_dir
        while not folder.exists():
            folder = folder.parent
        usage = shutil.disk_usage(folder)
        return {"total_mb": usage.total // _MIB, "used_mb": usage.used // _MIB, "free_mb": usage.free // _MIB}

    def library(self, name: str) -> Component:
        """Whether a library of the trainer is installed, without importing it."""
        return self.keep(f"library {name}", _LONG, lambda: _library(name))

    def training(self) -> Component:
        """Whether this Python can train and chat."""
        return self.keep("training", _LONG, _training)

    def docker(self) -> Component:
        """Whether trainings can run in containers."""
        if self._look_at_docker is None:
            return Component("docker", False, "The docker backend is not set up.")
        return self.keep("docker", 3.0, self._ask_docker)

    def components(self) -> list[Component]:
        """The parts that the Overview shows, in order."""
        gpus = self.gpus()
        quantized = self.library("bitsandbytes")
        return [
            self.training(),
            Component("gpu", bool(gpus), self.gpu_message()),
            Component(
                "quantization",
                quantized.ok,
                msg("bitsandbytes {version}: 8-bit and 4-bit (QLoRA) training.", version=quantized.reason)
                if quantized.ok
                else quantized.reason,
                quantized.remedy,
            ),
            self.docker(),
            self._git(),
            *(part() for part in self.more),
        ]

    def report(self) -> dict[str, Any]:
        """Everything as plain data, in the current language."""
        return {
            "gpus": [asdict(gpu) for gpu in self.gpus()],
            "gpu_message": render(self.gpu_message()),
            "memory": self.memory(),
            "disk": self.disk(),
            "cpu": {"name": platform.processor() or platform.machine(), "cores": os.cpu_count() or 1},
            "python": platform.python_version(),
            "components": [component.rendered() for component in self.components()],
        }

    def keep(self, key: str, seconds: float, ask: Callable[[], T]) -> T:
        """An answer that is asked for again only after some seconds."""
        with self._lock:
            when, value = self._kept.get(key, (0.0, None))
        if value is None or time.monotonic() - when > seconds:
            value = ask()
            with self._lock:
                self._kept[key] = (time.monotonic(), value)
        return value

    def forget(self, key: str) -> None:
        """Lets an answer be asked for again at once."""
        with self._lock:
            self._kept.pop(key, None)

    def _ask_docker(self) -> Component:
        assert self._look_at_docker is not None
        try:
            return Component("docker", True, self._look_at_docker(bool(self.gpus())))
        except AcademyError as error:
            return Component("docker", False, error.message, error.hint, error.code)

    def _git(self) -> Component:
        if shutil.which("git") is None:
            return Component("git", False, "git is not installed, so commits cannot become examples.", "Install git.")
        return Component("git", True, "Commits of a local repository can become examples.")

    def _ask_gpus(self) -> tuple[list[Gpu], Text]:
        if not self._settings.enable_gpu:
            return [], "GPUs are switched off (ACADEMY_ENABLE_GPU=false); training runs on the CPU."
        try:
            import pynvml
        except ImportError:
            return [], "nvidia-ml-py is not installed, so GPUs cannot be detected."
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            if getattr(error, "value", None) == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND or device_of(_hardware(0)) != "cpu":
                return [], _described(_hardware(0))
            return [], msg("The NVIDIA driver does not answer ({error}); training runs on the CPU.", error=error)
        try:
            gpus = [_gpu(pynvml, pynvml.nvmlDeviceGetHandleByIndex(index)) for index in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            return [], msg("The NVIDIA driver does not answer ({error}); restarting the machine often helps.", error=error)
        finally:
            pynvml.nvmlShutdown()
        return gpus, _described(_hardware(len(gpus)))


def _hardware(nvidia: int) -> Hardware:
    """What this machine shows of its devices."""
    torch = _library("torch")
    vendors = Path("/sys/class/drm").glob("renderD*/device/vendor") if sys.platform == "linux" else ()
    intel = any(path.read_text(encoding="ascii").strip() == "0x8086" for path in vendors)
    version = str(torch.reason) if torch.ok else ""
    return Hardware(version, sys.platform, platform.machine(), nvidia, Path("/dev/kfd").exists(), intel)


def _described(hardware: Hardware) -> Text:
    """Which device trains, and what is claimed of it."""
    kind = device_of(hardware)
    return describe(hardware) if kind == "cpu" else join(describe(hardware), CLAIMS[kind])


def _gpu(nvml: Any, handle: Any) -> Gpu:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    name = nvml.nvmlDeviceGetName(handle)
    values: dict[str, Any] = {}
    # Some cards and virtual GPUs do not report everything; the rest is still worth showing.
    with contextlib.suppress(nvml.NVMLError):
        values["utilization_percent"] = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    with contextlib.suppress(nvml.NVMLError):
        values["temperature_c"] = int(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
    with contextlib.suppress(nvml.NVMLError):
        values["power_w"] = round(nvml.nvmlDeviceGetPowerUsage(handle) / 1000, 1)
    return Gpu(
        name=name.decode() if isinstance(name, bytes) else name,
        memory_total_mb=memory.total // _MIB,
        memory_used_mb=memory.used // _MIB,
        memory_free_mb=memory.free // _MIB,
        **values,
    )


def _library(name: str) -> Component:
    if importlib.util.find_spec(name) is None:
        return Component(name, False, msg("{name} is not installed.", name=name), ML_COMMAND)
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = "?"
    return Component(name, True, version)


def _training() -> Component:
    missing = [name for name in ML_LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        return Component("training", False, msg("Missing: {names:commas}.", names=missing), ML_COMMAND)
    return Component("training", True, "Training and chat can run on this machine.")


def _memory() -> dict[str, int]:
    total = available = 0
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = {line.split(":")[0]: int(line.split()[1]) for line in file}
        total, available = fields["MemTotal"] // 1024, fields["MemAvailable"] // 1024
    except (OSError, KeyError, ValueError):
        # macOS has no /proc: its free pages are the best guess there.
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES") // _MIB
        available = page * os.sysconf("SC_AVPHYS_PAGES") // _MIB if "SC_AVPHYS_PAGES" in os.sysconf_names else total // 2
    for limit, used in _cgroup_memory():
        total, available = min(total, limit), min(available, max(0, limit - used))
    return {"total_mb": total, "available_mb": available}


def _cgroup_memory() -> Iterator[tuple[int, int]]:
    for limit_file, used_file in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            with open(limit_file, encoding="ascii") as first, open(used_file, encoding="ascii") as second:
                limit, used = first.read().strip(), second.read().strip()
        except OSError:
            continue
        if limit.isdigit() and int(limit) < 1 << 60:
            yield int(limit) // _MIB, int(used) // _MIB
