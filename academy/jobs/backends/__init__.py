"""The backends, each registered once; a new one adds its name to `BackendName` and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from academy.config import BackendName, Settings
from academy.errors import Unavailable
from academy.jobs.backends.docker.backend import DockerBackend
from academy.jobs.backends.protocol import GRACE_SECONDS, Backend, Command, Death, Seen
from academy.jobs.backends.ray.backend import RayBackend
from academy.jobs.backends.subprocess import SubprocessBackend

__all__ = ["BACKENDS", "GRACE_SECONDS", "Backend", "Command", "Death", "Seen", "backend_named", "build"]


@dataclass(frozen=True)
class Registered:
    """One backend as the rest of the app knows it."""

    build: Callable[[Settings], Backend]
    in_image: bool = False  # its programs run in an image, with the image's own paths and libraries
    elsewhere: bool = False  # its programs take no device of this machine


BACKENDS: Mapping[BackendName, Registered] = {
    "subprocess": Registered(SubprocessBackend),
    "docker": Registered(DockerBackend, in_image=True),
    "ray": Registered(RayBackend, in_image=True, elsewhere=True),
}


def build(settings: Settings) -> dict[str, Backend]:
    """All backends, by name."""
    return {name: registered.build(settings) for name, registered in BACKENDS.items()}


def backend_named(backends: Mapping[str, Backend], name: str) -> Backend:
    """The backend of that name; raises Unavailable if there is none."""
    try:
        return backends[name]
    except KeyError:
        raise Unavailable(
            "There is no backend {name!r} here.", hint="There are: {names:commas}.", name=name, names=sorted(backends)
        ) from None
