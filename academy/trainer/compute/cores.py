"""How many threads compute on a processor: as many as other programs leave cores, looked at again all the time.

Threads that wait for one another by spinning are a quarter faster than threads that sleep, and several times slower once another program
has one of their cores. So they spin (GOMP_SPINCOUNT, see `academy.trainer.__main__`), and are fewer while another program computes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch

_LEAST_SECONDS = 1.0  # between two looks: shorter ones see single bursts
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_STAT = Path("/proc/stat")


class Cores:
    """The threads of this process, at most `most`."""

    def __init__(self, stat: Path = _STAT) -> None:
        self.most = 0  # 0: as many as torch has, and no looks
        self._stat = stat
        self._before = self._now()

    def use(self, most: int) -> None:
        """At most so many threads from now on, fewer where other programs compute."""
        self.most = most
        torch.set_num_threads(most)
        self.look()

    def look(self) -> None:
        """To be called between computations: adapts the threads to what other programs took since the last look."""
        if self.most <= 1 or time.monotonic() - self._before[0] < _LEAST_SECONDS:
            return
        before, now = self._before, self._now()
        self._before = now
        if now[1] is None or before[1] is None:
            return  # no Linux
        others = (now[1] - before[1] - (now[2] - before[2])) / (now[0] - before[0])
        free = int((os.cpu_count() or 1) - others + 0.5)
        threads = min(max(free, 1), self.most)
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)

    def _now(self) -> tuple[float, float | None, float]:
        """The time, and the seconds that all programs and that this one have computed."""
        return time.monotonic(), _busy_seconds(self._stat), time.process_time()


def _busy_seconds(stat: Path) -> float | None:
    """What all cores together have computed since the start of the machine (proc_stat(5)); None where that is not told."""
    try:
        fields = stat.read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


CORES = Cores()
