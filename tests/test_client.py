"""The example for programs does what the README says, against the app as it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_app import ROOT, RealApp

pytestmark = pytest.mark.training


def test_the_example_imports_trains_and_asks(tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Which port does service {n} listen on?", "output": f"Service {n} listens on port {8000 + n}."} for n in range(30)
    ]
    (tmp_path / "lessons.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = RealApp(tmp_path / "data")
    try:
        app.start()
        done = subprocess.run(
            [sys.executable, "-m", "academy.client", str(tmp_path / "lessons.jsonl"), "Which port does service 7 listen on?"],
            env=os.environ | {"ACADEMY_ADDRESS": app.address},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        app.close()
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("→")][-2:] == ["→ running", "→ finished"]
    steps = [int(line.split()[1]) for line in lines if line.startswith("step ")]
    assert steps == sorted(steps)
    assert steps[-1] > 10
    assert "Service" in lines[-1]


def test_the_example_says_what_is_wrong_and_stops(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("{broken\n")
    app = RealApp(tmp_path / "data")
    try:
        app.start()
        done = subprocess.run(
            [sys.executable, "-m", "academy.client", str(tmp_path / "empty.jsonl"), "?"],
            env=os.environ | {"ACADEMY_ADDRESS": app.address},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        app.close()
    assert done.returncode == 1
    assert done.stderr.startswith("422: ")
    assert "Traceback" not in done.stderr
