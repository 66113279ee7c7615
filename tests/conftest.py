"""What all tests share: an isolated environment, and parts that may skip on a user's machine but never in CI."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from academy.config import Settings

# A user's own settings must not leak into the tests.
for _name in list(os.environ):
    if _name.startswith("ACADEMY_") or _name in ("ENABLE_ACADEMY", "DOCKER_CUDA_IMAGE", "RAY_ADDRESS", "SPACE_ID", "SPACE_HOST"):
        del os.environ[_name]
# Nor the models of Ollama and LM Studio.
os.environ["OLLAMA_MODELS"] = "/nowhere"
os.environ["ACADEMY_MODEL_FOLDERS"] = "/nowhere"
os.environ["ACADEMY_SESSION_FOLDERS"] = "/nowhere"
# A trainer in advance takes five seconds of a core for each app.
os.environ["ACADEMY_WARM_TRAINER"] = "false"
# Two workers share the cores, so that a second thread of one waits for the other; and here and in a trainer the sums are of one order.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


def _docker_answers() -> bool:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
    except DockerException:
        return False
    client.close()  # from_env has asked the engine for its version
    return True


def _has_gpu() -> bool:
    import pynvml

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return False
    return count > 0


def _missing(marker: str) -> str:
    if marker == "training" and importlib.util.find_spec("torch") is None:
        return "needs pip install -r requirements-academy.txt"
    if marker == "browser" and CHROMIUM is None:
        return "needs Chromium"
    if marker == "ray" and importlib.util.find_spec("ray") is None:
        return "needs pip install 'ray[default]'"
    if marker == "gpu" and not _has_gpu():
        return "needs an NVIDIA GPU"
    if marker == "docker" and not _docker_answers():
        return "needs a running Docker Engine"
    return ""


def _turn(item: pytest.Item) -> tuple[bool, bool]:
    """Its place: long files early, so that no worker is left with one at the end; Playwright last.

    Playwright keeps an event loop running in its thread, beside which no other test could run its own.
    """
    long = any(item.get_closest_marker(name) for name in ("real", "training", "docker", "ray"))
    return item.get_closest_marker("browser") is not None, not long


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what cannot run here, with the reason; in CI nothing is skipped, so that a missing part fails."""
    items.sort(key=_turn)
    reasons: dict[str, str] = {}
    for item in items:
        for marker in ("training", "browser", "docker", "ray", "gpu"):
            if item.get_closest_marker(marker) is None:
                continue
            if marker not in reasons:
                reasons[marker] = _missing(marker)
            if reasons[marker] and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason=reasons[marker]))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's own."""
    return Settings(data_dir=tmp_path / "data", _env_file=None)  # type: ignore[call-arg]
