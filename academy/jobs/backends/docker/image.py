"""Gets the training image when somebody asks for it: pulled from its registry or built from our Dockerfile, with progress."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from academy.config import Settings
from academy.errors import AcademyError, Refused, Unavailable
from academy.jobs.backends.docker.engine import IMAGE_MISSING, check_image, connect, explain, is_own, short
from academy.jobs.backends.subprocess import ROOT

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageState:
    """Where the training image is on its way; `fraction` and the bytes are of what is known so far."""

    image: str
    way: Literal["pull", "build"]
    status: Literal["ready", "missing", "getting", "failed", "cancelled", "unavailable"]
    message: str = ""
    fraction: float | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None
    error: str | None = None


class TrainingImage:
    """The image that trainings run in. One thread gets it, and only when asked; nothing of this outlives the app."""

    def __init__(self, settings: Settings, *, root: Path = ROOT) -> None:
        self._image = settings.training_image
        self._built_on = settings.docker_cuda_image
        self._root = root
        self._lock = threading.Lock()
        self._run: _Run | None = None  # the newest; one that was cancelled may still be ending

    def state(self) -> ImageState:
        """How it is now: on its way, here, or not and why."""
        last = self._run.state if self._run else ImageState(self._image, "build" if is_own(self._image) else "pull", "missing")
        if last.status == "getting":
            return last
        try:
            check_image(self._image)
        except Unavailable as error:
            if error.code != IMAGE_MISSING:
                return replace(last, status="unavailable", message=error.detail, error=error.detail)
            # It was here when it came; somebody has removed it since.
            return replace(last, status="missing", message=error.detail) if last.status in ("missing", "ready") else last
        return replace(last, status="ready", message=f"The image {self._image} is here.", fraction=1.0, error=None)

    def get(self) -> ImageState:
        """Begins to get it, unless it is here or already on its way."""
        now = self.state()
        if now.status in ("ready", "getting"):
            return now
        if now.status == "unavailable":
            raise Unavailable(now.message)
        if now.way == "build" and not (self._root / "Dockerfile").is_file():
            hint = "Build it where Academy's source is: docker build -t academy-trainer ."
            raise Refused(f"The image {now.image} is made from Academy's source, which is not here.", hint=hint)
        with self._lock:
            if self._run is None or self._run.state.status != "getting":
                self._run = _Run(ImageState(self._image, now.way, "getting"), self._root, self._built_on)
                threading.Thread(target=self._run.work, name="image", daemon=True).start()
            return self._run.state

    def cancel(self) -> ImageState:
        """Stops getting it; what is not on its way stays as it is."""
        with self._lock:
            if self._run is not None:
                self._run.cancel()
        return self.state()


class _Run:
    """One pull or one build."""

    def __init__(self, state: ImageState, root: Path, built_on: str) -> None:
        self.state = replace(state, message="Sending the source to Docker." if state.way == "build" else "Asking the registry.")
        self._root = root
        self._built_on = built_on
        self._lock = threading.Lock()
        self._stream: Any = None
        self._layers: dict[str, tuple[int, int, bool]] = {}  # bytes done, bytes in all, whether it is here

    def work(self) -> None:
        """Gets the image and notes how far it is."""
        try:
            client = connect(60)
            try:
                for event in self._events(client):
                    if self.state.status != "getting":
                        return
                    if "error" in event:
                        raise _Told(str(event["error"]))
                    self._note(event)
                client.images.get(self.state.image)
            finally:
                client.close()
            self._end("ready", "")
        except Exception as error:
            log.info("The image %s: %s", self.state.image, short(error))
            told = _why(error, self.state)
            self._end("failed", told.message, told.detail)

    def cancel(self) -> None:
        """Ends it at once; the engine ends a pull or a build whose asker has gone."""
        self._end("cancelled", "Cancelled.")
        if self._stream is not None:
            with contextlib.suppress(OSError, AttributeError):
                self._stream.close()

    def _end(self, status: Literal["ready", "failed", "cancelled"], message: str, error: str | None = None) -> None:
        with self._lock:
            if self.state.status == "getting":
                self.state = replace(self.state, status=status, message=message, error=error)

    def _events(self, client: Any) -> Iterator[dict[str, Any]]:
        """What the engine says while it works, in a stream that another thread can close."""
        from docker.types import CancellableStream

        kept: list[Any] = []
        client.api.hooks["response"].append(lambda response, **_: kept.append(response))
        if self.state.way == "pull":
            events = client.api.pull(self.state.image, stream=True, decode=True)
        else:
            events = client.api.build(
                path=str(self._root), tag=self.state.image, buildargs={"BASE_IMAGE": self._built_on}, rm=True, forcerm=True, decode=True
            )
        self._stream = CancellableStream(events, kept[-1])
        return events

    def _note(self, event: dict[str, Any]) -> None:
        """One line of the engine's as progress: bytes summed over the layers of a pull, steps of a build."""
        change = self._pulled(event) if self.state.way == "pull" else _built(str(event.get("stream") or "").strip())
        with self._lock:
            if self.state.status == "getting":
                self.state = replace(self.state, **change)

    def _pulled(self, event: dict[str, Any]) -> dict[str, Any]:
        layer, said = str(event.get("id") or ""), str(event.get("status") or "")
        detail = event.get("progressDetail") or {}
        total = self._layers.get(layer, (0, 0, False))[1]
        if said == "Pulling fs layer":
            self._layers[layer] = (0, 0, False)
        elif said == "Downloading":
            self._layers[layer] = (int(detail.get("current") or 0), int(detail.get("total") or total), False)
        elif said in ("Verifying Checksum", "Download complete", "Extracting", "Pull complete"):
            self._layers[layer] = (total, total, True)
        layers = self._layers.values()
        # Over the layers, since the engine tells the size of one only when it begins with it.
        share = sum(1.0 if here else done / total if total else 0.0 for done, total, here in layers)
        return {
            "message": "Unpacking." if said == "Extracting" else "Fetching." if layers else self.state.message,
            "fraction": round(share / len(layers), 4) if layers else None,
            "bytes_done": sum(done for done, _, _ in layers) or None,
            "bytes_total": sum(total for _, total, _ in layers) or None,
        }


def _built(words: str) -> dict[str, Any]:
    first = words.split("\n")[0]
    number, _, total = first.removeprefix("Step ").partition(" ")[0].partition("/")
    if first.startswith("Step ") and number.isdigit() and total.isdigit():
        return {"message": first[:200], "fraction": round((int(number) - 1) / int(total), 4)}
    return {}


class _Told(Exception):
    """What the engine said in the middle of its stream."""


_SIGNS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("no space left",), "The disk of the Docker Engine is full.", "Free some space: docker image prune, or docker builder prune."),
    (("toomanyrequests", "rate limit"), "The registry limits how often images are fetched.", "Try again later, or log in: docker login."),
    (
        ("no matching manifest", "does not match the specified platform"),
        "The registry has this image for other processors only.",
        "Choose another.",
    ),
    (("manifest unknown", "manifest for", "not found: manifest"), "The registry has no such image.", "Check the name and the tag."),
    (
        ("access denied", "unauthorized", "authentication required", "no basic auth", "denied:", "may require"),
        "The registry has no such image, or does not give it to everybody.",
        "Check the name; for a private one log in first: docker login.",
    ),
    (
        ("no such host", "connection refused", "timeout", "timed out", "unreachable", "tls", "x509", "eof", "reset by peer", "dial tcp"),
        "The registry cannot be reached.",
        "Check the network; an image saved elsewhere comes in by: docker load.",
    ),
    (("digest", "unexpected end", "corrupt", "filesystem layer verification"), "What the registry sent is damaged.", "Try again."),
)


def _why(error: Exception, state: ImageState) -> AcademyError:
    from docker.errors import APIError

    if isinstance(error, AcademyError):
        return error
    text = short(error)
    if state.way == "build" and isinstance(error, _Told):
        for words, sentence, hint in _SIGNS[:1]:
            if any(word in text.lower() for word in words):
                return Unavailable(sentence, hint=hint)
        return Unavailable(
            f"The image could not be built: {state.message} {text}.", hint="Build it by hand to see all of it: docker build ."
        )
    if isinstance(error, APIError | _Told):
        for words, sentence, hint in _SIGNS:
            if any(word in text.lower() for word in words):
                return Unavailable(f"{state.image} could not be fetched. {sentence}", hint=hint)
        return Unavailable(f"{state.image} could not be fetched: {text}.", hint="Try again.")
    return explain(error, state.image)
