"""The example for programs does what the README says, against the app as it is run, and nothing of it leaves the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import fenced
from tests.real_app import ROOT, RealApp

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One whole run: without a way out where the machine can fence it in, else in the open."""
    why = fenced.refused()
    argv = [*(() if why else fenced.command()), sys.executable, "-m", "tests.fenced", str(tmp_path_factory.mktemp("run"))]
    argv += ["--open"] if why else []
    # What keeps the libraries quiet must come from the app itself.
    own = ("DOCKER_HOST", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE", "DO_NOT_TRACK")
    env = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"why_open": why}


def test_the_example_imports_trains_and_asks(run: dict[str, Any]) -> None:
    assert run["returncode"] == 0, run["stdout"] + run["stderr"]
    lines = run["stdout"].splitlines()
    assert [line for line in lines if line.startswith("→")][-2:] == ["→ running", "→ finished"]
    steps = [int(line.split()[1]) for line in lines if line.startswith("step ")]
    assert steps == sorted(steps)
    assert steps[-1] > 10
    assert "Service" in lines[-1]


def test_a_whole_run_opens_no_connection_to_the_outside(run: dict[str, Any]) -> None:
    if run["why_open"]:
        pytest.skip(run["why_open"])
    # First that the wire sees what would call home; then that page, import, dataset, training, chat and export did not.
    assert run["tried"] == ["198.51.100.7 port 443", "2001:db8:ffff::7 port 443", "127.0.0.53 port 53"]
    assert (run["page"], run["returncode"], run["export"]) == (200, 0, "finished")
    assert run["outside"] == []


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
