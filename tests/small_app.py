"""As much of the app as a job needs, as a process that can be killed: `python -m tests.small_app <folder>`.

It prints its port, then answers each line of a connection: a job's name and number of steps is submitted, the id comes back.
"""

from __future__ import annotations

import json
import socketserver
import sys
from pathlib import Path

from academy.jobs.processes import hold_data_folder
from tests.jobs_help import Workshop


def main(root: Path) -> None:
    """Serves until it is killed."""
    lock = hold_data_folder(root / "data", seconds=10)
    shop = Workshop(root)

    class Client(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                asked = json.loads(line)
                job = shop.submit(**asked)
                self.wfile.write(job.job_id.encode() + b"\n")

    with lock, socketserver.ThreadingTCPServer(("127.0.0.1", 0), Client) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
