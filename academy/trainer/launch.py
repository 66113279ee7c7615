"""Starts the processes of a training on several GPUs, and reports which one failed if one does; none of them outlives it.

They get the environment that `torchrun` gives. Its agent is not used: it takes seconds to import, restarts what must not restart, and looks
up host names, which a container without network cannot. The warden drains the output and ends the tree.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from academy.messages import msg
from academy.trainer.report import Report

MEETING = ".team"
"""The file in the job's folder through which the processes find each other."""
LOST = 76
"""The exit code of a process that ends because another one does; it has nothing to report itself."""

_PATIENCE = 10.0  # seconds that the others have to end by themselves after one has failed
_PAUSE = 0.05


def launch(program: str, folder: Path, report: Report, size: int) -> int:
    """Runs the processes to their end; 0 where all ended well."""
    (folder / MEETING).unlink(missing_ok=True)
    report.say(f"Starting {size} processes.")
    local = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    processes = []
    for rank in range(size):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
        processes.append(subprocess.Popen([sys.executable, "-m", program, str(folder)], env=local | os.environ | own))
    try:
        killed = _watch(processes)
    finally:
        _kill(processes)
        (folder / MEETING).unlink(missing_ok=True)
    if killed:
        _report_killed(report, size, *killed)
    bad = [process.returncode for process in processes if process.returncode]
    if not processes[0].returncode and set(bad) <= {LOST}:
        return 0  # the first reports and writes everything, and the others lost it when it had ended
    if set(bad) == {LOST}:
        report.event("failed", reason="The processes of the training lost their connection.", cause="unknown")
    return next((code for code in bad if code > 0 and code != LOST), LOST) if bad else 0


def _watch(processes: list[subprocess.Popen[bytes]]) -> tuple[int, int] | None:
    """Waits for all, but after the first that fails only for a moment, since the others would wait for it forever.

    Returns the first process that a signal ended, and the signal.
    """
    until: float | None = None
    killed: tuple[int, int] | None = None
    while any(process.returncode is None for process in processes):
        for rank, process in enumerate(processes):
            if process.returncode is None and (code := process.poll()):
                until = until or time.monotonic() + _PATIENCE
                if code < 0 and killed is None:
                    killed = rank, -code
        if until and time.monotonic() > until:
            break
        time.sleep(_PAUSE)
    return killed


def _report_killed(report: Report, size: int, rank: int, number: int) -> None:
    """Reports which process was killed, and ends in the same way, so that the warden records it."""
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    reason = msg("Process {n} of {of} was killed by {signal}, so the others were ended", n=rank + 1, of=size, signal=name)
    report.say(f"failed: {reason}")
    report.event("failed", reason=reason, cause="killed", error_type=name, extra={"process": rank + 1, "of": size})
    report.sync()
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
    for process in processes:
        process.wait()
