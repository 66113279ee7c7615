"""A trainer of the standard library only, for the tests of everything around one: same files, same events, same promises.

It "learns" a number, deterministically, with checkpoints; the job's name says how it misbehaves. Its sleeps are what it does, not
something that a test waits for.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime


def main(folder: str) -> int:
    with open(f"{folder}/spec.json") as file:
        spec = json.load(file)
    how = spec["name"]
    knobs = spec["parameters"]
    total = knobs["max_steps"] or 20
    pause = knobs["weight_decay"] / 10
    every = knobs["save_steps"] or 5
    if "ignores" in how:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "children" in how:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        # A daemon: a session of its own, its parent gone, no output of ours, nothing of our environment.
        daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(600)"
        subprocess.run([sys.executable, "-c", daemon], env={} if "bare" in how else None, check=True, stdin=subprocess.DEVNULL)
    say(folder, type="preparing", phase="load")
    if "loads" in how:
        time.sleep(600)
    print("loading", how, flush=True)
    if "probes" in how:
        say(folder, type="note", message=json.dumps(probe(spec)))
    if "reads" in how:
        for name in sorted(os.listdir(spec["base_path"])):
            with open(f"{spec['base_path']}/{name}", errors="replace") as file:
                say(folder, type="note", message=f"{name}: {file.read()}")
    step, state = newest(folder)
    say(folder, type="started", total_steps=total, total_epochs=1, device="cpu", **({"resumed_from_step": step} if step else {}))
    while step < total:
        step += 1
        state = (state * 6364136223846793005 + knobs["seed"]) % 2**64
        time.sleep(pause)
        print(f"step {step}", flush=True)
        if "nan" in how and step == 3:
            say(folder, type="progress", step=step, loss=None, non_finite=True)
            say(folder, type="failed", reason="non-finite loss at step 3", cause="non_finite_loss", step=step)
            return 1
        say(folder, type="progress", step=step, epoch=step / total, loss=state / 2**64)
        if "memory" in how and step == 3:
            eaten = []
            while True:
                eaten.append(b"x" * (8 << 20))
        if "dies" in how and step == 3:
            return 3
        if step % every == 0 and step < total:
            save(folder, step, state)
        if os.path.exists(f"{folder}/stop"):
            break
    if "forgets" not in how:
        adapter(folder, state)
    say(folder, type="finished", adapter="adapter", step=step, stopped=step < total, train_loss=state / 2**64)
    if "lingers" in how:
        time.sleep(600)
    return 0


def probe(spec):
    """What this process may do: each thing that it should not be able to do, with how that ended."""
    import socket

    def write(path):
        with open(path, "w") as file:
            file.write("x")

    def connect():
        socket.create_connection(("1.1.1.1", 53), timeout=2).close()

    def bomb():
        children = []
        try:
            while len(children) < 5000:
                child = os.fork()
                if child == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(child)
        finally:
            for child in children:
                os.kill(child, 9)

    tries = {
        "root": lambda: write("/usr/x"),
        "dataset": lambda: write(spec["dataset_path"]),
        "base": lambda: write(f"{spec['base_path']}/x"),
        "program": lambda: write("/opt/academy/academy/x"),
        "network": connect,
        "become root": lambda: os.setuid(0),
        "mount": lambda: os.listdir("/job/..") and os.chroot("/tmp"),
        "fork bomb": bomb,
        "temp": lambda: write("/tmp/x"),
        "job": lambda: write("/job/x"),
    }
    found = {"uid": os.getuid(), "links": sorted(os.listdir("/sys/class/net")), "root": sorted(os.listdir("/data"))}
    found["environment"] = dict(os.environ)
    for name, act in tries.items():
        try:
            act()
            found[f"try {name}"] = "could"
        except OSError as error:
            found[f"try {name}"] = os.strerror(error.errno) if error.errno else type(error).__name__
    with open("/proc/self/status") as file:
        found["status"] = dict(line.rstrip().split(":\t", 1) for line in file if ":\t" in line)
    return found


def say(folder, **event):
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with open(f"{folder}/events.jsonl", "ab", buffering=0) as file:
        file.write(json.dumps(event).encode() + b"\n")


def save(folder, step, state):
    final = f"{folder}/checkpoints/step-{step:08d}"
    os.makedirs(f"{final}.new", exist_ok=True)
    for name, value in (("state.json", {"state": state}), ("complete.json", {"step": step})):
        with open(f"{final}.new/{name}", "w") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
    if not os.path.exists(final):
        os.rename(f"{final}.new", final)
    say(folder, type="checkpoint", step=step, path=f"checkpoints/step-{step:08d}")


def newest(folder):
    found = (
        sorted(name for name in os.listdir(f"{folder}/checkpoints") if name.endswith(tuple("0123456789")))
        if os.path.isdir(f"{folder}/checkpoints")
        else []
    )
    if not found:
        return 0, 1
    with open(f"{folder}/checkpoints/{found[-1]}/state.json") as file:
        return int(found[-1].removeprefix("step-")), json.load(file)["state"]


def adapter(folder, state):
    aside = f"{folder}/.adapter"
    os.makedirs(aside, exist_ok=True)
    header = json.dumps({"w": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    with open(f"{aside}/adapter_model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + struct.pack("<Q", state))
    with open(f"{aside}/adapter_config.json", "w") as file:
        json.dump({"peft_type": "LORA"}, file)
    if not os.path.isdir(f"{folder}/adapter"):
        os.rename(aside, f"{folder}/adapter")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
