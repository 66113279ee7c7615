"""How many threads compute on a processor: as many as other programs leave cores, looked at again all the time.

Threads that wait for one another by spinning are a quarter faster than threads that sleep, and several times slower once another program
has one of their cores. So they spin (GOMP_SPINCOUNT, see `academy.trainer.__main__`), and are fewer while another program computes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Set
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
        self._process, self._before = os.getpid(), self._now()

    def use(self, most: int) -> None:
        """At most so many threads from now on, fewer where other programs compute."""
        self.most = most
        torch.set_num_threads(most)
        self.look()

    def look(self) -> None:
        """To be called between computations: adapts the threads to what other programs took since the last look."""
        if self.most <= 1 or time.monotonic() - self._before[0] < _LEAST_SECONDS:
            return
        process, before, now = self._process, self._before, self._now()
        self._process, self._before = os.getpid(), now
        if now[1] is None or before[1] is None or process != self._process:
            return  # no Linux, or a fork, which has computed nothing yet
        others = (now[1] - before[1] - (now[2] - before[2])) / (now[0] - before[0])
        threads = min(max(int(len(_cores()) - others + 0.5), 1), self.most)
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)

    def _now(self) -> tuple[float, float | None, float]:
        """The time, and the seconds that all programs and that this one have computed."""
        return time.monotonic(), _busy_seconds(self._stat, _cores()), time.process_time()


def _cores() -> Set[int]:
    """The numbers of the cores that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _busy_seconds(stat: Path, cores: Set[int]) -> float | None:
    """What these cores together have computed since the start of the machine (proc_stat(5)); None where that is not told."""
    try:
        lines = [line.split() for line in stat.read_text(encoding="ascii").split("\n") if line.startswith("cpu")]
    except OSError:
        return None
    names = {f"cpu{number}" for number in cores}
    # user, nice, system, idle, waiting, interrupts, soft interrupts
    ticks = (int(fields[at]) for fields in lines if fields[0] in names for at in (1, 2, 3, 6, 7))
    return sum(ticks) / _TICKS


CORES = Cores()
