"""The Docker Engine: how to reach it, and a message with a remedy for each reason why it does not work."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Any

from academy.errors import Unavailable, foreign_code
from academy.jobs.backends.docker.tunnel import address, tunnel_to
from academy.messages import Text, msg

IMAGE_MISSING = "IMAGE_MISSING"
SSH_SECONDS = 15
"""What a connection over SSH may take at least."""
OWN = "academy-trainer"
"""The image that our Dockerfile makes: it is built and never pulled, since anyone could publish one of that name."""

_ENGINE = msg("The Docker Engine")
_NAMED_ENGINE = msg("The Docker Engine that DOCKER_HOST names")


def connect(timeout: int) -> Any:
    """A client of the engine, which answers; raises Unavailable with the reason."""
    try:
        import docker
    except ImportError as error:
        raise Unavailable("The Python package docker is not installed.", hint="pip install -r requirements.txt") from error
    if (host := os.environ.get("DOCKER_HOST", "")).startswith("ssh://"):
        return _connect_over_ssh(host, timeout)
    with foreign_code("Docker", Unavailable, hint="Correct DOCKER_HOST."), asking():
        return _connect_with_certificates(timeout) if os.environ.get("DOCKER_TLS_VERIFY") else docker.from_env(timeout=timeout)


def _connect_with_certificates(timeout: int) -> Any:
    """By the engine's own authority: requests would put the one that REQUESTS_CA_BUNDLE names for the web in its place."""
    import docker
    import docker.constants

    def client(version: str) -> Any:
        made = docker.from_env(timeout=timeout, version=version)
        made.api.trust_env = False
        return made

    # Without a version the SDK would ask for it before this can be set.
    with contextlib.closing(client(docker.constants.MINIMUM_DOCKER_API_VERSION)) as asking_only:
        version = asking_only.api.version(api_version=False)["ApiVersion"]
    return client(version)


def _connect_over_ssh(host: str, timeout: int) -> Any:
    import docker

    tunnel, begun = tunnel_to(host), time.monotonic()
    try:
        return docker.DockerClient(base_url=f"unix://{tunnel.path}", timeout=max(timeout, SSH_SECONDS))
    except failures() as error:
        said = tunnel.why(begun)
        if not said:
            raise explain(error) from error
        hint = "Try it in a terminal, without a password: ssh {host} docker version"
        named = " ".join(part for part in address(host) if part != "--")
        hint = "Try it in a terminal, without a password: ssh {host} docker version"
        raise Unavailable("{where} cannot be reached over SSH: {error}.", hint=hint, where=_NAMED_ENGINE, error=said, host=named) from error


def failures() -> tuple[type[Exception], ...]:
    """What a call to the engine can raise: the SDK lets the errors of requests (which are OSErrors) and of urllib3 through."""
    try:
        from docker.errors import DockerException
        from urllib3.exceptions import HTTPError
    except ImportError:
        return (Unavailable,)  # `connect` has raised it
    return (Unavailable, DockerException, OSError, HTTPError, http.client.HTTPException, ValueError)


@contextlib.contextmanager
def asking(image: str = "") -> Iterator[None]:
    """Turns the failure of a call to the engine into Unavailable, with the reason and a remedy."""
    try:
        yield
    except failures() as error:
        raise explain(error, image) from error


def check_image(image: str, timeout: int = 5) -> None:
    """Raises Unavailable without an engine or without the image; nothing is pulled unasked."""
    with contextlib.closing(connect(timeout)) as client, asking(image):
        client.images.get(image)


def is_own(image: str) -> bool:
    """Whether this is the image that our Dockerfile makes."""
    return image.partition(":")[0] == OWN


def explain(error: BaseException, image: str = "") -> Unavailable:
    """The meaning of an SDK's error, with what to do."""
    from docker.errors import APIError, ImageNotFound

    if isinstance(error, Unavailable):
        return error
    chain = _chain(error)
    kinds = {type(item).__name__ for item in chain}

    def has(*classes: type[BaseException]) -> bool:
        return any(isinstance(item, classes) for item in chain)

    if image and has(ImageNotFound):
        return _image_missing(image)
    if image and "invalid reference format" in str(error):
        return Unavailable(
            "{image!r} is not a valid image name.", hint="Correct it; academy-trainer:latest is an example.", image=image[:200]
        )
    named = bool(os.environ.get("DOCKER_HOST"))
    where = _NAMED_ENGINE if named else _ENGINE
    if has(PermissionError):
        return Unavailable(
            "Your user may not open Docker's socket.",
            hint="Add your user to the group: sudo usermod -aG docker $USER, then log in again and restart Academy.",
        )
    if has(FileNotFoundError):
        hint = "Install Docker, or start it: sudo systemctl start docker. If it runs elsewhere, set DOCKER_HOST."
        hint = "Correct DOCKER_HOST." if named else hint
        return Unavailable("{where} is not there: its socket does not exist.", hint=hint, where=where)
    if has(TimeoutError) or kinds & {"ReadTimeout", "ConnectTimeout", "ReadTimeoutError"}:
        hint = "It may be busy or stuck; look at: journalctl -u docker."
        return Unavailable("{where} takes too long to answer.", hint=hint, where=where)
    if has(ConnectionError) or kinds & {"NewConnectionError", "NameResolutionError", "ProtocolError"}:
        hint = (
            "Correct it, or start the engine: sudo systemctl start docker." if named else "Start the engine: sudo systemctl start docker."
        )
        return Unavailable("{where} does not answer.", hint=hint, where=where)
    if has(APIError):
        hint = "Look at its log: journalctl -u docker."
        return Unavailable("{where} answered with an error: {error}.", hint=hint, where=where, error=short(error))
    hint = "Correct DOCKER_HOST." if named else "Check that Docker is installed."
    return Unavailable("{where} cannot be used: {error}.", hint=hint, where=where, error=short(error))


def why_not_started(error: BaseException, image: str) -> Text:
    """Why the engine did not start a container, and what to do."""
    said = short(error)
    lower = said.lower()
    if "executable file not found" in lower or ("no such file or directory" in lower and "exec" in lower):
        return msg("The image {image} has no python3. Choose one with Python 3.9 or newer and the training libraries.", image=image)
    if "could not select device driver" in lower or "nvidia-container" in lower:
        return msg(
            "Docker could not hand over the GPU: {error}. Install the NVIDIA Container Toolkit, or set ACADEMY_ENABLE_GPU=false.",
            error=said,
        )
    return msg("Docker could not start the container. {why}", why=explain(error, image).text)


def misses_a_path(error: BaseException) -> bool:
    """Whether the engine found no file or folder that a container should see: it is on another machine, or the app in a container."""
    return "bind source path does not exist" in str(error)


def is_final(error: BaseException) -> bool:
    """Whether another attempt would end the same: the engine understood the request and refused it."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    said = short(error)
    return isinstance(status, int) and (400 <= status < 500 or "could not select device driver" in said or "no space left" in said)


def offers_gpus(info: Mapping[str, Any]) -> bool:
    """Whether the engine can give NVIDIA GPUs to a container."""
    # `docker run --gpus` needs only the hook; many installations leave out the step that registers the runtime.
    return "nvidia" in (info.get("Runtimes") or {}) or shutil.which("nvidia-container-runtime-hook") is not None


def short(error: BaseException) -> str:
    """The first line of an error, without the full stop."""
    lines = str(getattr(error, "explanation", "") or error).strip().splitlines()
    return (lines[0][:300] if lines else type(error).__name__).rstrip(".")


def _image_missing(image: str) -> Unavailable:
    command = f"docker build -t {OWN} ." if is_own(image) else f"docker pull {image}"
    return Unavailable(
        "The image {image} is not on this machine.",
        hint="Get it on the Overview, or with: {command}",
        code=IMAGE_MISSING,
        image=image,
        command=command,
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes; requests and urllib3 keep a cause among their arguments."""
    chain: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        item = pending.pop(0)
        if item is None or any(item is other for other in chain):
            continue
        chain.append(item)
        pending += [item.__cause__, item.__context__, *(part for part in item.args if isinstance(part, BaseException))]
        pending += [part for part in (getattr(item, "reason", None),) if isinstance(part, BaseException)]
    return chain
