"""One training over several nodes: the job's own node runs the first process, tasks on other nodes run the others.

Ray's placement groups hold the devices. `ray.train` is not used: it needs pandas, pyarrow and fsspec, which `ray[default]` has not, and
would run the trainer in Ray's own process, without the warden's log and end.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from academy.jobs.backends.ray.depot import open_depot
from academy.jobs.backends.ray.places import adapt
from academy.jobs.carrying import chunks
from academy.messages import msg, to_json

NODE_LOST = 137
"""The exit code by which the app learns that a node is gone, and that the job goes on upon others."""

GATHER_SECONDS = 300.0  # until the devices are free
_PATIENCE = 10.0  # that the others have to end by themselves after one has
_LAID_OUT = ".laid-out"
_ADDRESS_OF_INTERFACE = 0x8915  # SIOCGIFADDR
_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Rank:
    """One process of the training, as its node is told."""

    submission: str
    store: str
    place: Path  # the same path on every node, since the processes tell each other paths
    token: str
    number: int
    size: int
    address: str
    port: int

    def environment(self, ip: str) -> dict[str, str]:
        """What `torchrun` would give it, on the node with this address."""
        own = {"RANK": self.number, "WORLD_SIZE": self.size, "LOCAL_RANK": 0, "MASTER_ADDR": self.address, "MASTER_PORT": self.port}
        through = interface_of(ip)
        named = {"GLOO_SOCKET_IFNAME": through, "NCCL_SOCKET_IFNAME": through} if through else {}
        return {name: str(value) for name, value in own.items()} | named


@dataclass(frozen=True)
class End:
    """How a process ended, and what it reported of its failure."""

    code: int
    reported: str = ""


class Ranks:
    """All processes but the first, from the node of the first."""

    def __init__(self, submission: str, store: str, place: Path, size: int, kind: str) -> None:
        import ray
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        if not ray.is_initialized():
            ray.init(log_to_driver=False)
        self._size, self._job = size, place / "job"
        token = secrets.token_hex(8)
        (place / _LAID_OUT).write_text(token)
        group = placement_group([{kind: 1}] * (size - 1), strategy="PACK")
        try:
            ray.get(group.ready(), timeout=GATHER_SECONDS)
        except ray.exceptions.GetTimeoutError:
            raise TimeoutError from None
        ip = ray.util.get_node_ip_address()
        ranks = [Rank(submission, store, place, token, number, size, ip, free_port(ip)) for number in range(size)]
        ranks = [Rank(**(vars(rank) | {"port": ranks[0].port})) for rank in ranks]
        self.environment = ranks[0].environment(ip)
        self._tasks = {
            ray.remote(run_rank)
            .options(
                num_cpus=1 if kind == "CPU" else 0,
                num_gpus=1 if kind == "GPU" else 0,
                max_retries=0,
                scheduling_strategy=PlacementGroupSchedulingStrategy(group),
            )
            .remote(rank): rank.number
            for rank in ranks[1:]
        }
        self._failed: tuple[int, End | None] | None = None  # the first, and None for one whose node is gone
        self._failed_at = 0.0

    def watch(self, warden: subprocess.Popen[bytes]) -> None:
        """Notes a process that has ended badly; the first one mostly notices by itself, and is ended if not."""
        import ray

        done, _ = ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
        for task in done:
            number = self._tasks.pop(task)
            end: End | None
            try:
                end = ray.get(task)
            except ray.exceptions.RayError:
                end = None
            if (end is None or end.code) and self._failed is None:
                self._failed, self._failed_at = (number, end), time.monotonic()
        if self._failed and time.monotonic() - self._failed_at > _PATIENCE and warden.poll() is None:
            warden.kill()

    def conclude(self) -> int:
        """After the first process has ended: writes why another one failed into the job's events; the exit code for the app."""
        if self._failed is None:
            return 0
        number, end = self._failed
        if end is None:
            return NODE_LOST
        if end.reported:
            _append(self._job / "events.jsonl", end.reported)
        elif end.code < 0:
            how = signal.Signals(-end.code).name if -end.code in set(signal.Signals) else f"signal {-end.code}"
            reason = msg("Process {n} of {of} was killed by {signal}, so the others were ended", n=number + 1, of=self._size, signal=how)
            _append(
                self._job / "events.jsonl", json.dumps({"type": "failed", "reason": to_json(reason), "cause": "killed", "error_type": how})
            )
        return 0


def run_rank(rank: Rank) -> End:
    """On another node: lays out the job's files, runs one process of it, and tells how that ended."""
    import ray

    shared = not lay_out(rank.place, rank.token, rank.submission, rank.store)
    job = rank.place / "job"
    command = json.loads((job / "command.json").read_bytes())
    env = {name: os.environ[name] for name in command["inherit"] if name in os.environ} | command["env"]
    env |= rank.environment(ray.util.get_node_ip_address())
    said_before = _size(job / "events.jsonl")
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    process = subprocess.Popen(
        command["argv"], env=env, cwd=job, stdin=subprocess.DEVNULL, preexec_fn=lambda: prctl(_KILL_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    )
    code = process.wait()
    if shared:
        return End(code)
    reported = _failure(job / "events.jsonl", said_before)
    shutil.rmtree(rank.place, ignore_errors=True)
    return End(code, reported)


def lay_out(place: Path, token: str, submission: str, store: str) -> bool:
    """Lays out the job's files under their usual path; not where the first process shares the folder, whose token is there."""
    with contextlib.suppress(OSError):
        if (place / _LAID_OUT).read_text() == token:
            return False
    depot = open_depot(store)
    brief = json.loads(depot.read(f"{submission}/in") or b'{"files": {}}')
    for path, listed in chunks.listing_of(brief["files"]).items():
        chunks.write(place / path, listed, depot.get)
    adapt(place / "job" / "command.json")
    return True


def interface_of(ip: str) -> str | None:
    """The network interface that has this address: by the host's name alone the processes may find each other's loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asked.fileno(), _ADDRESS_OF_INTERFACE, struct.pack("256s", name.encode()[:15]))
                if socket.inet_ntoa(answer[20:24]) == ip:
                    return name
    return None


def free_port(ip: str) -> int:
    """A port of this node for the first process to be met at."""
    with socket.create_server((ip, 0)) as server:
        return server.getsockname()[1]


def _failure(path: Path, start: int) -> str:
    """The failure that a process reported in its own node's events."""
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        file.seek(start)
        lines = [line for line in file.read().decode(errors="replace").splitlines() if _type_of(line) == "failed"]
        return lines[-1] if lines else ""
    return ""


def _type_of(line: str) -> Any:
    found: Any = json.loads(line)
    return found.get("type") if isinstance(found, Mapping) else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _append(path: Path, line: str) -> None:
    with open(path, "ab") as file:
        file.write(line.encode() + b"\n")
