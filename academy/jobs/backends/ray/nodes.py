"""`python -m academy.jobs.backends.ray.nodes <submission> <store> <CPU or GPU> <workers> <devices of each>`: a job over several nodes.

On the head node: Ray Train's TorchTrainer places the workers, starts them once there is room for all, and ends all where one is lost. It
restarts none: the app does, from the last checkpoint that came back.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from academy.jobs.backends.ray.depot import open_depot
from academy.jobs.backends.ray.places import PLACE
from academy.jobs.carrying.depot import Depot
from academy.messages import Message, msg, to_json

# Of Ray Train: it looks at its workers every second, and starts no processes for what is not used.
_SETTINGS = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "1",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
}


def main(arguments: list[str]) -> int:
    """Runs one submission; 0 once all workers have ended and everything is brought back."""
    name, store, kind, workers, each = arguments
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.environ.update(_SETTINGS)
    depot = open_depot(store)
    try:
        from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError  # with torch, which takes seconds
        from ray.train.torch import TorchTrainer

        from academy.jobs.backends.ray.worker import Meeting, names_of_nodes, work
    except ImportError as error:
        _tell(depot, name, msg("The head node of the cluster lacks a Python package for Ray Train: {error}", error=error), again=False)
        raise
    trainer = TorchTrainer(
        work,
        train_loop_config={"name": name, "store": store, "each": int(each)},
        torch_config=Meeting(),
        scaling_config=ScalingConfig(num_workers=int(workers), use_gpu=kind == "GPU", resources_per_worker={kind: int(each)}),
        run_config=RunConfig(name=name, storage_path=str(PLACE / "train"), failure_config=FailureConfig(max_failures=0)),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        failures = getattr(error, "worker_failures", {})
        alive = names_of_nodes(alive=True)
        there = {number: raw.decode() for number in failures if (raw := depot.read(f"{name}/worker-{number}"))}
        lost = {number: node for number, node in there.items() if node not in alive}
        said = account_of(failures, lost or there, int(workers), names_of_nodes(), lost=bool(lost))
        _tell(depot, name, said or msg("Ray Train ended the training: {error}", error=str(error)[-300:].rstrip(".")), again=bool(lost))
        raise
    finally:
        shutil.rmtree(PLACE / "train" / name, ignore_errors=True)
    return 0


def account_of(
    failures: Mapping[int, Exception], there: Mapping[int, str], of: int, names: Mapping[str, str], *, lost: bool
) -> Message | None:
    """Which worker the training ended with, and why; `there`: the nodes of the workers that failed, those that are gone where any is."""
    if not there:
        return None
    number = min(there)
    who: dict[str, Any] = {"n": number + 1, "of": of, "node": names.get(there[number], there[number])}
    if lost:
        return msg("The cluster lost the node {node}, on which worker {n} of {of} ran", **who)
    error = getattr(failures[number], "health_check_failure", failures[number])
    if type(error).__name__ in ("ActorDiedError", "RayActorError", "ActorUnavailableError"):
        return msg("Worker {n} of {of}, on the node {node}, was ended from outside", **who)
    return msg("Worker {n} of {of}, on the node {node}, failed: {error}", error=" ".join(str(error).split())[:300].rstrip("."), **who)


def _tell(depot: Depot, name: str, said: Message, *, again: bool) -> None:
    """Tells the app why no warden's record comes."""
    depot.note(f"{name}/end", json.dumps({"said": to_json(said), "interrupted": again}).encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
