"""The warm trainer on the app's side: starts it in advance, hands it a job, and reports what it needs."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from academy.jobs.backends.protocol import ROOT, WARDEN, Command
from academy.jobs.processes import MARK

log = logging.getLogger(__name__)

IDLE_SECONDS = 600.0
WARDEN_ENV = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "SYSTEMROOT")
PROGRAMS = ("academy.trainer", "academy.trainer.exam", "academy.trainer.race")
"""What a warm trainer can run."""

_ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class State:
    """Whether a trainer stands by; its main memory in MiB."""

    stage: Literal["none", "starting", "ready"]
    memory_mb: int = 0
    base: Path | None = None


class Standby:
    """At most one warm trainer, guarded by a warden of its own; it ends with the app, after its idle time, or with its job."""

    def __init__(self, *, python: str = sys.executable, root: Path = ROOT, seconds: float = IDLE_SECONDS) -> None:
        self.python = python
        self.root = root
        self._seconds = seconds
        self._lock = threading.Lock()
        self._warden: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._env: Mapping[str, str] = {}
        self._base: Path | None = None
        self._pid: int | None = None  # of the trainer, once it is ready
        self._memory_mb = 0  # that it needed then; reading it costs milliseconds, and it does nothing that changes it

    def prepare(self, command: Command, base: Path | None = None) -> None:
        """Starts a trainer for jobs with this environment, which loads the base; keeps one that stands by already and will do."""
        env = dict(command.env) | {MARK: "0" * len(command.env[MARK])}
        with self._lock:
            self._look()
            if self._warden is not None and env == self._env and base in (None, self._base):
                return
            self._give_back()
            self._env, self._base = env, base
            self._start()

    def fits(self, command: Command) -> bool:
        """Whether a trainer stands by that may run the command; one with another environment is given back."""
        runs = command.argv[:2] == [self.python, "-m"] and command.argv[2] in PROGRAMS and not command.inherit and not command.image
        with self._lock:
            self._look()
            if self._warden is None or not runs:
                return False
            if _lasting(command.env) == _lasting(self._env):
                return True
            log.info("The warm trainer has another environment than the job, so it is given back.")
            self._give_back()
            return False

    def hand_over(self, folder: Path, lock: int, complaints: int) -> subprocess.Popen[bytes] | None:
        """Gives its warden the job of the folder with the lock and the log (descriptors); None where a new warden has to start."""
        with self._lock:
            warden, control = self._warden, self._control
            self._warden = self._control = self._pid = None
        if warden is None or control is None:
            return None
        answer = b""
        with control:
            try:
                control.settimeout(_ANSWER_SECONDS)
                socket.send_fds(control, [json.dumps({"folder": str(folder)}).encode() + b"\n"], [lock, complaints])
                while not answer.endswith(b"taken\n"):
                    part = control.recv(256)
                    if not part:
                        raise ConnectionError("it has ended")
                    answer += part
            except OSError as error:
                log.warning("The warm trainer cannot be used (%s); a new one starts.", error)
                warden.kill()
                warden.wait()
                return None
        return warden

    def give_back(self) -> None:
        """Ends it, and frees its memory."""
        with self._lock:
            self._give_back()

    def state(self) -> State:
        """What stands by now."""
        with self._lock:
            self._look()
            if self._warden is None:
                return State("none")
            return State("ready", self._memory_mb, self._base) if self._pid else State("starting", base=self._base)

    def _start(self) -> None:
        mine, its = socket.socketpair()
        with its:
            self._warden = subprocess.Popen(
                [self.python, "-I", "-S", str(WARDEN), "--standby", str(its.fileno())],
                cwd=self.root,
                env={name: os.environ[name] for name in WARDEN_ENV if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(its.fileno(),),
                start_new_session=True,
            )
        argv = [self.python, "-m", "academy.trainer.warm", *([str(self._base)] if self._base else [])]
        request = {"argv": argv, "env": dict(self._env), "cwd": str(self.root), "seconds": self._seconds}
        mine.sendall(json.dumps(request).encode() + b"\n")
        self._control = mine

    def _look(self) -> None:
        """Reads what its warden has said since: that the trainer is ready, or that it has ended."""
        if self._control is None:
            return
        self._control.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            said = self._control.recv(256)
            if said.startswith(b"ready"):
                self._pid = int(said.split()[1])
                self._memory_mb = _memory_mb(self._pid)
            elif not said:
                self._give_back()
        if self._control is not None:
            self._control.setblocking(True)

    def _give_back(self) -> None:
        warden, control = self._warden, self._control
        self._warden = self._control = self._pid = None
        if control is not None:
            control.close()
        if warden is not None:
            warden.terminate()
            warden.wait()


def _lasting(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that have to be the same when the libraries are imported; a trainer sets the others when it begins."""
    return {name: value for name, value in env.items() if name not in (MARK, "CUDA_VISIBLE_DEVICES")}


def _memory_mb(pid: int) -> int:
    """The main memory that belongs to the process alone, its share of common pages included; 0 where it is unknown."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) >> 10
    return 0
