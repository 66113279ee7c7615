"""One of Ray Train's workers: its node's part in a training over several nodes.

Its processes are not Ray's: a warden starts them as on any machine, and they find each other as under torchrun. So the worker itself joins
no process group of torch, and holds no memory of a GPU.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import ray
from ray.train import get_context
from ray.train.backend import Backend
from ray.train.torch import TorchConfig

from academy.jobs.backends.ray.depot import open_depot
from academy.jobs.backends.ray.remote import Worker, run

_ADDRESS_OF = 0x8915  # SIOCGIFADDR


@dataclass
class Meeting(TorchConfig):
    """Tells all workers where the first process of the training listens, in place of torch's process group."""

    @property
    def backend_cls(self) -> Any:
        """What Ray Train calls once the workers are there."""
        return _Meet

    @property
    def train_func_context(self) -> Any:
        """Nothing: torch's would take memory of a GPU."""
        return nullcontext


class _Meet(Backend):
    def on_start(self, worker_group: Any, backend_config: Any) -> None:
        worker_group.execute(_meet_at, *worker_group.execute_single(0, _free_address))


def work(given: dict[str, Any]) -> None:
    """The worker's whole part, until its processes have ended and all is brought back."""
    context, name, store = get_context(), given["name"], given["store"]
    number, of, each = context.get_world_rank(), context.get_world_size(), given["each"]
    node = ray.get_runtime_context().get_node_id()
    # A worker that is gone can no longer say where it was.
    open_depot(store).note(f"{name}/worker-{number}", node.encode())
    team = {"GROUP_RANK": number, "LOCAL_WORLD_SIZE": each, "WORLD_SIZE": of * each}
    meeting = {key: os.environ[key] for key in ("MASTER_ADDR", "MASTER_PORT")}
    env = {key: str(value) for key, value in team.items()} | meeting | _network(ray.util.get_node_ip_address())
    if not run(name, store, Worker(number, of, names_of_nodes().get(node, node), env)):
        raise RuntimeError("What the job wrote could not be brought back.")


def names_of_nodes(*, alive: bool = False) -> dict[str, str]:
    """The name of each node that the cluster has had, or has."""
    return {item["NodeID"]: item["NodeName"] for item in ray.nodes() if item["Alive"] or not alive}


def _free_address() -> tuple[str, int]:
    """Where the first process will listen: on this node, at a port that nobody has."""
    address = ray.util.get_node_ip_address()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as found:
        found.bind(("", 0))
        return address, found.getsockname()[1]


def _meet_at(address: str, port: int) -> None:
    os.environ |= {"MASTER_ADDR": address, "MASTER_PORT": str(port)}


def _network(address: str) -> dict[str, str]:
    """Which network the processes use: as it is set on the node, else that of its address in the cluster."""
    # torch would look up the host name, which may lead back to the node itself.
    given = {name: value for name, value in os.environ.items() if name.startswith(("GLOO_", "NCCL_"))}
    found = interface_of(address)
    return ({"GLOO_SOCKET_IFNAME": found, "NCCL_SOCKET_IFNAME": found} if found else {}) | given


def interface_of(address: str) -> str | None:
    """The network interface that has the address (IPv4), by its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            request = array.array("B", struct.pack("256s", name.encode()[:15]))
            try:
                fcntl.ioctl(asked, _ADDRESS_OF, request, True)
            except OSError:
                continue  # it has none
            if socket.inet_ntoa(bytes(request[20:24])) == address:
                return name
    return None
