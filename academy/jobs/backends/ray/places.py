"""Where things are on a node, as the app and the node's program both know it."""

from __future__ import annotations

from pathlib import Path

PLACE = Path("/tmp/academy-ray")
"""The folder on a node that holds one for each submission."""

PYTHON, PACKAGE = "academy-python", "/academy-package"
"""Stand in `command.json` for the node's own Python and for the folder that holds the package."""
