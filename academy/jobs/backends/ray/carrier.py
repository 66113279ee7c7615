"""`python -m academy.jobs.backends.ray.carrier`: the app's connection to a cluster, a process that can be ended.

The app itself never imports Ray. A request is (operation, arguments), a reply ("ok", value) or ("error", kind, text), over a pipe.
"""

from __future__ import annotations

import logging
import os
import sys
from multiprocessing.connection import Connection
from typing import Any

from academy.jobs.backends.ray.depot import NAMESPACE, ActorDepot, RemoteFiles
from academy.jobs.carrying.depot import Depot

_SECONDS = 30.0
_OF_DEPOT = ("missing", "put", "get", "note", "read", "drop")


class Carrier:
    """What the app asks of the cluster."""

    def __init__(self, dashboard: str, client: str, store: str) -> None:
        self._dashboard, self._client, self._store = dashboard, client, store
        self._jobs_client: Any = None
        self._depot: Depot | None = None

    def do(self, operation: str, *arguments: Any) -> Any:
        """One operation, on the depot or on the jobs."""
        return getattr(self._place() if operation in _OF_DEPOT else self, operation)(*arguments)

    def submit(self, name: str, options: dict[str, Any]) -> None:
        """Submits a job under its own id; a second time nothing happens."""
        if self.look(name) is None:
            self._jobs().submit_job(submission_id=name, **options)

    def look(self, name: str) -> dict[str, Any] | None:
        """Status, message, exit code and node of a job; None where the cluster has no such job."""
        try:
            found = self._jobs().get_job_info(name)
        except RuntimeError as error:
            if "does not exist" in str(error) or "404" in str(error):
                return None
            raise
        status = str(getattr(found.status, "value", found.status))
        return {"status": status, "message": found.message or "", "exit_code": found.driver_exit_code, "node": found.driver_node_id}

    def stop(self, name: str) -> None:
        """Ends a job: SIGTERM, after some seconds SIGKILL."""
        self._jobs().stop_job(name)

    def log(self, name: str) -> str:
        """The end of what a job's program wrote."""
        return self._jobs().get_job_logs(name)[-4000:]

    def resources(self) -> dict[str, float]:
        """What the cluster has in all, by Ray's names."""
        reply = self._jobs()._do_request("GET", "/api/cluster_status").json()
        usage = (((reply.get("data") or {}).get("clusterStatus") or {}).get("loadMetricsReport") or {}).get("usage") or {}
        return {name.upper(): float(numbers[1]) for name, numbers in usage.items() if name.upper() in ("CPU", "GPU")}

    def nodes(self) -> list[dict[str, float]]:
        """What each node has that lives, by Ray's names."""
        reply = self._jobs()._do_request("GET", "/api/v0/nodes?limit=1000").json()
        if not reply.get("result"):
            raise RuntimeError(reply.get("msg") or "the nodes cannot be listed")
        living = [node for node in reply["data"]["result"]["result"] if node["state"] == "ALIVE"]
        return [{kind: float((node.get("resources_total") or {}).get(kind, 0)) for kind in ("CPU", "GPU")} for node in living]

    def _jobs(self) -> Any:
        if self._jobs_client is None:
            from ray.job_submission import JobSubmissionClient

            self._jobs_client = JobSubmissionClient(self._dashboard)
        return self._jobs_client

    def _place(self) -> Depot:
        if self._depot is None:
            if self._store:
                self._depot = RemoteFiles(self._store)
            else:
                import ray

                ray.init(self._client, namespace=NAMESPACE, logging_level=logging.ERROR)
                self._depot = ActorDepot(_SECONDS)
        return self._depot


def main(arguments: list[str]) -> int:
    """Serves the requests of the app, until it goes away."""
    pipe = Connection(int(arguments[0]))
    # What libraries print goes where the app's log goes; the pipe stays apart.
    os.dup2(2, 1)
    carrier = Carrier(*arguments[1:4])
    while True:
        try:
            operation, given = pipe.recv()
        except EOFError:
            return 0
        try:
            reply: tuple[Any, ...] = ("ok", carrier.do(operation, *given))
        except Exception as error:  # noqa: BLE001  the top of a program
            reply = ("error", type(error).__name__, " ".join(str(error).split())[:600])
        pipe.send(reply)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
