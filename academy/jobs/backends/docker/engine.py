"""The Docker Engine: the way to it, and a sentence with a remedy for every reason why it does not work."""

from __future__ import annotations

import os
import shutil
from typing import Any

from academy.errors import Unavailable

IMAGE_MISSING = "IMAGE_MISSING"
OWN = "academy-trainer"
"""The image that our Dockerfile makes: it is built, never pulled, since anybody could offer one of that name elsewhere."""


def connect(timeout: int) -> Any:
    """A client of the engine, which answers; raises Unavailable with the reason."""
    try:
        import docker
    except ImportError as error:
        raise Unavailable("The Python package docker is not installed.", hint="pip install -r requirements.txt") from error
    try:
        return docker.from_env(timeout=timeout)
    except Exception as error:  # the SDK lets the errors of requests and urllib3 through
        raise explain(error) from error


def check_image(image: str, timeout: int = 5) -> None:
    """Raises Unavailable without an engine or without the image; nothing is pulled unasked."""
    client = connect(timeout)
    try:
        client.images.get(image)
    except Exception as error:
        raise explain(error, image) from error
    finally:
        client.close()


def is_own(image: str) -> bool:
    """Whether the name is that of the image which our Dockerfile makes."""
    return image.partition(":")[0] == OWN


def explain(error: BaseException, image: str = "") -> Unavailable:
    """What an error of the SDK means to a person, and what to do."""
    from docker.errors import APIError, ImageNotFound

    chain = _chain(error)
    kinds = {type(item).__name__ for item in chain}
    if image and any(isinstance(item, ImageNotFound) for item in chain):
        how = f"docker build -t {OWN} ." if is_own(image) else f"docker pull {image}"
        hint = f"Get it on the Overview, or with: {how}"
        return Unavailable(f"The image {image} is not on this machine.", hint=hint, code=IMAGE_MISSING)
    if image and "invalid reference format" in str(error):
        return Unavailable(f"{image[:200]!r} is not the name of an image.", hint="Correct it; academy-trainer:latest is one.")
    named = bool(os.environ.get("DOCKER_HOST"))
    where = "The Docker Engine that DOCKER_HOST names" if named else "The Docker Engine"
    if any(isinstance(item, PermissionError) for item in chain):
        hint = "Let your user use it: sudo usermod -aG docker $USER, then log in again and start Academy anew."
        return Unavailable("Docker's socket may not be opened by this user.", hint=hint)
    if any(isinstance(item, FileNotFoundError) for item in chain):
        hint = (
            "Correct DOCKER_HOST."
            if named
            else "Install Docker, or start it: sudo systemctl start docker. Is it elsewhere? Set DOCKER_HOST."
        )
        return Unavailable(f"{where} is not there: its socket does not exist.", hint=hint)
    if any(isinstance(item, TimeoutError) for item in chain) or kinds & {"ReadTimeout", "ConnectTimeout", "ReadTimeoutError"}:
        return Unavailable(f"{where} takes too long to answer.", hint="It may be busy or stuck; look at: journalctl -u docker.")
    if any(isinstance(item, ConnectionError) for item in chain) or kinds & {"NewConnectionError", "NameResolutionError", "ProtocolError"}:
        return Unavailable(
            f"{where} does not answer.", hint=f"{'Correct it, or start' if named else 'Start'} the engine: sudo systemctl start docker."
        )
    if any(isinstance(item, APIError) for item in chain):
        return Unavailable(f"{where} answered with an error: {short(error)}.", hint="Look at its log: journalctl -u docker.")
    return Unavailable(f"{where} cannot be used: {short(error)}.", hint="Correct DOCKER_HOST." if named else "Is Docker installed?")


def offers_gpus(info: dict[str, Any]) -> bool:
    """Whether the engine can hand NVIDIA GPUs to a container."""
    # `docker run --gpus` needs the hook only; the runtime is registered by a step that many leave out.
    return "nvidia" in (info.get("Runtimes") or {}) or shutil.which("nvidia-container-runtime-hook") is not None


def short(error: BaseException) -> str:
    """The first line of an error, without the full stop."""
    text = str(getattr(error, "explanation", "") or error).strip().splitlines()
    return (text[0][:300] if text else type(error).__name__).rstrip(".")


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what led to it; requests and urllib3 keep the cause among their arguments."""
    seen: list[BaseException] = []
    front: list[BaseException | None] = [error]
    while front:
        item = front.pop(0)
        if item is None or any(item is known for known in seen):
            continue
        seen.append(item)
        front += [item.__cause__, item.__context__, *(part for part in item.args if isinstance(part, BaseException))]
        front += [part for part in (getattr(item, "reason", None),) if isinstance(part, BaseException)]
    return seen
