"""Starts the processes of a training on several GPUs, and reports which one failed if one does; none of them outlives it.

They get the environment that `torchrun` gives. Its agent is not used: it takes seconds to import, restarts what must not restart, and looks
up host names, which a container without network cannot. The warden drains the output and ends the tree.

Of a training on several machines each starts its share, as torchrun's environment says (GROUP_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR). The
first one reports: why a process of another one failed it reads in the file that ACADEMY_ACCOUNT names.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from academy.messages import msg
from academy.trainer.report import Report

MEETING = ".team"
"""The file in the job's folder through which the processes find each other."""
LOST = 76
"""The exit code of a process that ends because another one does; it has nothing to report itself."""

_PATIENCE = 10.0  # seconds that the others have to end by themselves after one has failed
_ACCOUNT_SECONDS = 120.0  # a cluster takes so long to see that a machine is gone
_PAUSE = 0.05
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def launch(program: str, folder: Path, report: Report, size: int) -> int:
    """Runs the processes to their end; 0 where all ended well."""
    (folder / MEETING).unlink(missing_ok=True)
    share = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    first = share * int(os.environ.get("GROUP_RANK", "0"))
    report.say(f"Starting {size} processes." if share == size else f"Starting {share} of {size} processes on {_node() or 'this machine'}.")
    processes = _start(program, folder, range(first, first + share), size)
    try:
        killed = _watch(processes)
    finally:
        _kill(processes)
        (folder / MEETING).unlink(missing_ok=True)
    # gloo may abort a process whose connection to another machine breaks.
    aborted = -signal.SIGABRT if "ACADEMY_ACCOUNT" in os.environ else 0
    if killed and -killed[1] != aborted:
        _report_killed(report, size, first + killed[0], killed[1])
    codes = [LOST if process.returncode == aborted != 0 else process.returncode for process in processes]
    bad = [code for code in codes if code]
    if not codes[0] and set(bad) <= {LOST}:
        return 0  # the first reports and writes everything, and the others lost it when it had ended
    if set(bad) == {LOST} and first == 0:
        _report_lost(report)
    return next((code for code in bad if code > 0 and code != LOST), LOST) if bad else 0


def _start(program: str, folder: Path, ranks: range, size: int) -> list[subprocess.Popen[bytes]]:
    alone = sys.platform == "linux" and "MASTER_ADDR" not in os.environ
    local = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"} if alone else {}
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def end_with_me() -> None:
        # Where the warden is killed, this process is too, and nobody else would end them.
        if prctl is not None:
            prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)

    started = []
    for place, rank in enumerate(ranks):
        own = {"RANK": str(rank), "LOCAL_RANK": str(place), "WORLD_SIZE": str(size)}
        argv = [sys.executable, "-m", program, str(folder)]
        started.append(subprocess.Popen(argv, env=local | os.environ | own, preexec_fn=end_with_me))
    return started


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
    extra: dict[str, Any] = {"process": rank + 1, "of": size}
    if node := _node():
        reason = msg(
            "Process {n} of {of}, on the node {node}, was killed by {signal}, so the others were ended",
            n=rank + 1,
            of=size,
            node=node,
            signal=name,
        )
        extra["node"] = node
    else:
        reason = msg("Process {n} of {of} was killed by {signal}, so the others were ended", n=rank + 1, of=size, signal=name)
    report.say(f"failed: {reason}")
    report.event("failed", reason=reason, cause="killed", error_type=name, extra=extra)
    report.sync()
    _end_by(number)


def _report_lost(report: Report) -> None:
    """Reports why a process on another machine ended, as soon as that is known, and ends like it; else only that the connection broke."""
    told: dict[str, Any] = {}
    if name := os.environ.get("ACADEMY_ACCOUNT"):
        report.say("The connection to another machine broke.")
        until = time.monotonic() + _ACCOUNT_SECONDS
        while not Path(name).exists() and time.monotonic() < until:
            time.sleep(_PAUSE)
        if Path(name).exists():
            told = json.loads(Path(name).read_bytes())
    for line in told.get("log", ()):
        report.say(line)
    event = {name: value for name, value in told.get("event", {}).items() if name not in ("type", "time")}
    report.event("failed", **event or {"reason": "The processes of the training lost their connection.", "cause": "unknown"})
    report.sync()
    if event.get("cause") == "killed" and event.get("error_type") in signal.Signals.__members__:
        _end_by(signal.Signals[event["error_type"]])


def _end_by(number: int) -> None:
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _node() -> str:
    """The name of this machine in its cluster."""
    return os.environ.get("ACADEMY_NODE", "")


def _kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
    for process in processes:
        process.wait()
