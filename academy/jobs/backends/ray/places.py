"""Where things are on a node, as the app and the node's program both know it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from academy.jobs.backends.protocol import ROOT

PLACE = Path("/tmp/academy-ray")
"""The folder on a node that holds one for each submission."""

PYTHON, PACKAGE = "academy-python", "/academy-package"
"""Stand in `command.json` for the node's own Python and for the folder that holds the package."""


def place_of(name: str, worker: int = 0) -> Path:
    """Where a submission is on a node; each further worker of a training over several nodes has a place of its own."""
    return PLACE / (f"{name}.{worker}" if worker else name)


def adapt(job: Path, name: str, env: Mapping[str, str]) -> None:
    """Puts this node's Python, package, paths and environment into what the app wrote for the submission."""
    for file in ("command.json", "spec.json"):
        if (path := job / file).is_file():
            path.write_text(path.read_text(encoding="utf-8").replace(f"{PLACE / name}/", f"{job.parent}/"), encoding="utf-8")
    path = job / "command.json"
    command = json.loads(path.read_bytes())
    command["argv"] = [sys.executable if part == PYTHON else part for part in command["argv"]]
    command["env"] = {key: value.replace(PACKAGE, str(ROOT)) for key, value in command["env"].items()} | dict(env)
    path.write_text(json.dumps(command))
