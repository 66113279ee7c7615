"""A warm trainer of the standard library only, which speaks as the real one does; its base's name says how it misbehaves."""

import json
import os
import socket
import sys
import time

from academy.trainer.__main__ import main

if __name__ == "__main__":
    how = sys.argv[1] if len(sys.argv) > 2 else ""
    if "hangs" in how:
        time.sleep(600)
    channel = socket.socket(fileno=int(sys.argv[-1]))
    channel.sendall(b"ready\n")
    line = channel.makefile("rb").readline()
    if line and "stale" in how:
        channel.sendall(b"config.py has changed since it started\n")
    elif line and "deaf" in how:
        time.sleep(600)
    elif line:
        command = json.loads(line)
        os.environ.update(command["env"])
        os.chdir(command["cwd"])
        channel.sendall(b"begins\n")
        channel.close()
        sys.exit(main(command["argv"][-1]))
