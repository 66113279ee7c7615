"""A whole run of the app in a network namespace of its own, whose only way out is a wire that is watched.

    unshare --map-root-user --net python -m tests.fenced FOLDER

It imports, makes a dataset, trains, chats and exports as a person's program does, and prints what the client said and where each packet
that left for the outside went. A wire sees every process and every library, those that do not ask Python included.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.real_app import ROOT, RealApp
from tests.waiting import wait_until

QUESTION = "Which port does service 7 listen on?"
_OUTGOING = 4  # PACKET_OUTGOING
_ALL = 0x0003  # ETH_P_ALL
_V4, _V6 = 0x0800, 0x86DD
_DNS = 53
_ATTEMPTS = (("198.51.100.7", 443), ("2001:db8:ffff::7", 443), ("127.0.0.53", _DNS))
_LAST = "192.0.2.254"


def refused() -> str:
    """Why this machine makes no such namespace; empty where it does."""
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return "needs Linux with unshare and ip"
    commands = "ip link set lo up && ip link add wire type veth peer name end"
    done = subprocess.run([*command(), "sh", "-c", commands], capture_output=True, text=True)
    return f"this machine makes no network namespace: {done.stderr.strip()}" if done.returncode else ""


def command() -> list[str]:
    """What runs a program in a namespace without a way out."""
    return ["unshare", "--map-root-user", "--net"]


class Wire:
    """The way out: it leads nowhere, and every packet that takes it is noted with its destination."""

    def __init__(self) -> None:
        for line in (
            "link set lo up",
            "link add wire type veth peer name end",
            "link set wire up",
            "link set end up",
            "address add 10.255.0.1/24 dev wire",
            "-6 address add 2001:db8::1/64 dev wire nodad",
            "neigh add 10.255.0.2 lladdr 02:00:00:00:00:02 dev wire",
            "-6 neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev wire",
            "route add default via 10.255.0.2",
            "-6 route add default via 2001:db8::2",
        ):
            subprocess.run(["ip", *line.split()], check=True)
        self._seen: list[str] = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL))
        threading.Thread(target=self._watch, daemon=True).start()

    def seen(self) -> list[str]:
        """Where packets went since the last call, once each."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (_LAST, 9))
        wait_until(lambda: any(place.startswith(_LAST) for place in self._seen), "the last packet")
        seen = [place for place in dict.fromkeys(self._seen) if not place.startswith(_LAST)]
        self._seen.clear()
        return seen

    def _watch(self) -> None:
        while True:
            packet, (name, protocol, direction, *_) = self._socket.recvfrom(65535)
            place = _destination(packet, protocol) if direction == _OUTGOING else None
            # On loopback only a question for a name would be meant for the outside.
            if place and (name != "lo" or place[1] == _DNS):
                self._seen.append(f"{place[0]} port {place[1]}")


def _destination(packet: bytes, protocol: int) -> tuple[str, int] | None:
    if protocol == _V4:
        start, address = (packet[0] & 15) * 4, ipaddress.ip_address(packet[16:20])
    elif protocol == _V6:
        start, address = 40, ipaddress.ip_address(packet[24:40])
        if address.is_multicast:
            return None  # the kernel looks for neighbours
    else:
        return None
    ports = packet[start : start + 4]
    return str(address), struct.unpack("!HH", ports)[1] if len(ports) == 4 else 0


def try_the_wire() -> None:
    """What a program does that calls home: the wire must see it, or it proves nothing."""
    for host, port in _ATTEMPTS:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        kind = socket.SOCK_DGRAM if port == _DNS else socket.SOCK_STREAM
        with socket.socket(family, kind) as attempt, contextlib.suppress(OSError):
            attempt.setblocking(False)
            attempt.connect((host, port))
            attempt.send(b"?")


def whole_run(folder: Path) -> dict[str, Any]:
    """Import, dataset, training, activation, chat and export, by REST and by the client that the README names."""
    rows = [
        {"instruction": f"Which port does service {n} listen on?", "output": f"Service {n} listens on port {8000 + n}."} for n in range(30)
    ]
    (folder / "lessons.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = RealApp(folder / "data")
    try:
        app.start(seconds=180)  # the machine may be busy; how fast it starts is measured elsewhere
        page = httpx.get(app.address, trust_env=False, timeout=30)
        done = subprocess.run(
            [sys.executable, "-m", "academy.client", str(folder / "lessons.jsonl"), QUESTION],
            env=os.environ | {"ACADEMY_ADDRESS": app.address},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
        )
        export = {}
        if done.returncode == 0:
            adapter = app.ask("GET", "/adapters")[0]["adapter_id"]
            job = app.ask("POST", f"/adapters/{adapter}/export", json={"format": "gguf", "quantization": "q8_0"})
            export = app.wait(job["job_id"], seconds=120)
    finally:
        app.close()
    return {
        "page": page.status_code,
        "returncode": done.returncode,
        "stdout": done.stdout,
        "stderr": done.stderr,
        "export": export.get("status"),
    }


def main() -> None:
    """Runs behind the wire where there is one, and prints the result as one line of JSON."""
    folder, wire = Path(sys.argv[1]), None
    if "--open" not in sys.argv:
        wire = Wire()
        try_the_wire()
    tried = wire.seen() if wire else []
    result = whole_run(folder)
    print(json.dumps(result | {"tried": tried, "outside": wire.seen() if wire else None}))


if __name__ == "__main__":
    main()
