"""The trainer in two processes of which neither may hold the whole base: `python -m sharded <job folder>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from academy.trainer import __main__ as program
from academy.trainer.launch import launch
from academy.trainer.report import Report


def main(folder: Path) -> int:
    if "RANK" not in os.environ:
        return launch("sharded", folder, Report(folder), 2)
    from academy.trainer.compute import model

    model.room_of = lambda device: 0  # a processor's memory has no limit that a test could set
    model.needs_shards = lambda *_: True
    return program.main([str(folder)])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
