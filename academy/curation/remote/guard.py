"""Refuses connections to private addresses, in the process that reads remote sources."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Sequence
from typing import Any

from academy.curation.remote.address import is_public

refused: list[str] = []
"""What this process was not allowed to connect to."""


def install(hosts: Sequence[str]) -> None:
    """From now on only public addresses and the named hosts (with or without a port) can be reached; there is no way back.

    The check is made of the address of each connection, after the name is resolved: redirects and names that
    resolve differently the second time meet it as well, whatever library connects.
    """
    allowed = {pair for host in hosts for pair in _resolved(host)}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "socket.connect":
            return
        address = arguments[1]
        if isinstance(address, tuple):
            host, port = str(address[0]), address[1]
            if is_public(host) or {(host, port), (host, None)} & allowed:
                return
            shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        else:
            shown = "a socket of this machine"
        refused.append(shown)
        raise PermissionError(errno.EACCES, f"{shown} is private")

    sys.addaudithook(hook)


def _resolved(host: str) -> set[tuple[str, int | None]]:
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not port.isdecimal():
        name, port = host, ""
    try:
        found = socket.getaddrinfo(name.strip("[]"), None, type=socket.SOCK_STREAM)
    except OSError:
        return set()  # a host that does not exist now cannot be reached either
    return {(str(item[4][0]), int(port) if port else None) for item in found}
