"""Where things are on a node, as the app and the node's program both know it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from academy.jobs.backends.protocol import ROOT

PLACE = Path("/tmp/academy-ray")
"""The folder on a node that holds one for each submission."""

PYTHON, PACKAGE = "academy-python", "/academy-package"
"""Stand in `command.json` for the node's own Python and for the folder that holds the package."""


def adapt(path: Path) -> None:
    """Puts this node's Python and package into the command."""
    command = json.loads(path.read_bytes())
    command["argv"] = [sys.executable if part == PYTHON else part for part in command["argv"]]
    command["env"] = {name: value.replace(PACKAGE, str(ROOT)) for name, value in command["env"].items()}
    path.write_text(json.dumps(command))
