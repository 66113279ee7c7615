"""The kinds of devices that train, what is claimed of each, and which one a machine offers. Pure; torch is not imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from academy.messages import Text, count, msg

DeviceKind = Literal["cpu", "nvidia", "rocm", "xpu", "mps"]

CLAIMS: dict[DeviceKind, Text] = {
    "cpu": "Tested on processors.",
    "nvidia": "Written for NVIDIA GPUs, where the tests have not run yet: the first training is compared with the processor.",
    "rocm": "Not tested on AMD GPUs: it does what PyTorch's ROCm build does, and the first training is compared with the processor.",
    "xpu": "Not tested on Intel GPUs: it does what PyTorch's XPU build does, and the first training is compared with the processor.",
    "mps": "Not tested on Apple's GPUs: it does what PyTorch's MPS does, and the first training is compared with the processor.",
}
"""What is true of each kind; a kind is called tested when its tests have run."""


@dataclass(frozen=True)
class Hardware:
    """What shows which devices there are, without loading torch."""

    torch: str  # the installed version, such as "2.9.1+rocm6.4"; empty: none
    system: str  # as sys.platform
    machine: str  # as platform.machine()
    nvidia: int = 0  # GPUs that the driver reports
    amd: bool = False  # the kernel's interface to AMD GPUs is there
    intel: bool = False  # an Intel GPU is there

    @property
    def build(self) -> str:
        """What torch was built for, where its version says so: cpu, cu128, rocm6.4, xpu."""
        return self.torch.partition("+")[2]


def device_of(hardware: Hardware) -> DeviceKind:
    """The device that a training takes."""
    build = hardware.build
    if build == "cpu":
        return "cpu"
    if hardware.amd and build.startswith("rocm"):
        return "rocm"
    if hardware.intel and build == "xpu":
        return "xpu"
    if hardware.nvidia and not build.startswith(("rocm", "xpu")):
        return "nvidia"
    return "mps" if (hardware.system, hardware.machine) == ("darwin", "arm64") else "cpu"


def describe(hardware: Hardware) -> Text:
    """One sentence on the GPU that trains, or why none does."""
    kind, build = device_of(hardware), hardware.build
    if kind == "nvidia":
        return count(hardware.nvidia, one="{n} NVIDIA GPU.", other="{n} NVIDIA GPUs.")
    if kind == "rocm":
        return "An AMD GPU, through PyTorch's ROCm build."
    if kind == "xpu":
        return "An Intel GPU, through PyTorch's XPU build."
    if kind == "mps":
        return "No NVIDIA GPU; training uses Apple's GPU (MPS)."
    if hardware.nvidia and hardware.torch:
        return msg("An NVIDIA GPU is here, but this PyTorch is built for {build}; training runs on the CPU.", build=build)
    if hardware.amd and hardware.torch:
        return "An AMD GPU is here, but this PyTorch is not built for ROCm; training runs on the CPU."
    return "No NVIDIA GPU; training runs on the CPU."


def choose(*, allowed: bool, cuda: str | None, hip: bool, xpu: str | None, mps: bool) -> tuple[DeviceKind, str, str]:
    """What torch reports → the kind, torch's name of the device, and its name for people."""
    if allowed and cuda is not None:
        return ("rocm", "cuda:0", f"cuda:0 {cuda} (ROCm)") if hip else ("nvidia", "cuda:0", f"cuda:0 {cuda}")
    if allowed and xpu is not None:
        return "xpu", "xpu:0", f"xpu:0 {xpu}"
    if allowed and mps:
        return "mps", "mps", "mps"
    return "cpu", "cpu", "cpu"
