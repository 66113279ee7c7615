"""Gets the training image on request: pulls it from its registry or builds it from our Dockerfile, and reports the progress."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from academy.config import Settings
from academy.errors import AcademyError, Refused, Unavailable, foreign_code
from academy.jobs.backends.docker.engine import IMAGE_MISSING, check_image, connect, explain, failures, is_own, short
from academy.jobs.backends.protocol import ROOT
from academy.messages import Text, msg

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageState:
    """How far the training image is; `fraction` and the bytes cover the layers that the engine has announced so far."""

    image: str
    way: Literal["pull", "build"]
    status: Literal["ready", "missing", "getting", "failed", "cancelled", "unavailable"]
    message: Text = ""
    fraction: float | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None
    error: Text | None = None


class TrainingImage:
    """The image that trainings run in. One thread gets it, on request only; nothing of this outlives the app."""

    def __init__(self, settings: Settings, *, root: Path = ROOT) -> None:
        self._image = settings.training_image
        self._built_on = settings.docker_cuda_image
        self._root = root
        self._lock = threading.Lock()
        self._run: _Run | None = None  # the newest; one that was cancelled may still be ending

    def state(self) -> ImageState:
        """Whether it is here or on its way, or why it is neither."""
        last = self._run.state if self._run else ImageState(self._image, "build" if is_own(self._image) else "pull", "missing")
        if last.status == "getting":
            return last
        try:
            check_image(self._image)
        except Unavailable as error:
            if error.code != IMAGE_MISSING:
                return replace(last, status="unavailable", message=error.text, error=error.text)
            # It was fetched and has been removed since.
            return replace(last, status="missing", message=error.text) if last.status in ("missing", "ready") else last
        return replace(last, status="ready", message=msg("The image {image} is here.", image=self._image), fraction=1.0, error=None)

    def get(self) -> ImageState:
        """Starts to get it, unless it is here or already on its way."""
        now = self.state()
        if now.status in ("ready", "getting"):
            return now
        if now.status == "unavailable":
            raise Unavailable(now.message)
        if now.way == "build" and not (self._root / "Dockerfile").is_file():
            raise Refused(
                "The image {image} is built from Academy's source, which is not here.",
                hint="Build it from a copy of the source: docker build -t academy-trainer .",
                image=now.image,
            )
        with self._lock:
            if self._run is None or self._run.state.status != "getting":
                self._run = _Run(ImageState(self._image, now.way, "getting"), self._root, self._built_on)
                threading.Thread(target=self._run.work, name="image", daemon=True).start()
            return self._run.state

    def cancel(self) -> ImageState:
        """Stops getting it; without effect if it is not on its way."""
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
        self._layers: dict[str, tuple[int, int, bool]] = {}  # bytes done, bytes in total, whether it is here

    def work(self) -> None:
        """Gets the image and keeps the state up to date."""
        try:
            with foreign_code("Getting the image", Unavailable):
                self._get()
        except AcademyError as error:
            log.info("The image %s: %s", self.state.image, error.detail)
            self._end("failed", error.message_text, error.text)

    def _get(self) -> None:
        try:
            with contextlib.closing(connect(60)) as client, contextlib.ExitStack() as stack:
                for event in self._events(client, stack):
                    if self.state.status != "getting":
                        return
                    if "error" in event:
                        raise _Reported(str(event["error"]))
                    self._note(event)
                client.images.get(self.state.image)
            self._end("ready", "")
        except (_Reported, *failures()) as error:
            raise _why(error, self.state) from error

    def cancel(self) -> None:
        """Ends it at once; the engine ends a pull or a build whose client has gone."""
        self._end("cancelled", "Cancelled.")
        if self._stream is not None:
            with contextlib.suppress(OSError, AttributeError):
                self._stream.close()

    def _end(self, status: Literal["ready", "failed", "cancelled"], message: Text, error: Text | None = None) -> None:
        with self._lock:
            if self.state.status == "getting":
                self.state = replace(self.state, status=status, message=message, error=error)

    def _events(self, client: Any, stack: contextlib.ExitStack) -> Iterator[dict[str, Any]]:
        """The engine's events while it works, in a stream that another thread can close."""
        from docker.types import CancellableStream

        responses: list[Any] = []
        client.api.hooks["response"].append(lambda response, **_: responses.append(response))
        if self.state.way == "pull":
            events = client.api.pull(self.state.image, stream=True, decode=True)
        else:
            events = client.api.build(
                path=str(self._root), tag=self.state.image, buildargs={"BASE_IMAGE": self._built_on}, rm=True, forcerm=True, decode=True
            )
        stack.callback(responses[-1].close)
        self._stream = CancellableStream(events, responses[-1])
        return events

    def _note(self, event: dict[str, Any]) -> None:
        """Turns one event of the engine into progress: the bytes of all layers of a pull, or the steps of a build."""
        change = self._pulled(event) if self.state.way == "pull" else _built(str(event.get("stream") or "").strip())
        with self._lock:
            if self.state.status == "getting":
                self.state = replace(self.state, **change)

    def _pulled(self, event: dict[str, Any]) -> dict[str, Any]:
        layer, status = str(event.get("id") or ""), str(event.get("status") or "")
        detail = event.get("progressDetail") or {}
        total = self._layers.get(layer, (0, 0, False))[1]
        if status == "Pulling fs layer":
            self._layers[layer] = (0, 0, False)
        elif status == "Downloading":
            self._layers[layer] = (int(detail.get("current") or 0), int(detail.get("total") or total), False)
        elif status in ("Verifying Checksum", "Download complete", "Extracting", "Pull complete"):
            self._layers[layer] = (total, total, True)
        layers = self._layers.values()
        # By layers, since the engine announces the size of a layer only when it starts on it.
        share = sum(1.0 if here else done / total if total else 0.0 for done, total, here in layers)
        return {
            "message": "Unpacking." if status == "Extracting" else "Fetching." if layers else self.state.message,
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


class _Reported(Exception):
    """An error that the engine reported in the middle of its stream."""


class _Sign(NamedTuple):
    """One reason of a failure, as the engine's message shows it."""

    words: tuple[str, ...]
    sentence: str
    hint: str


_DISK_FULL = _Sign(
    ("no space left",), "The disk of the Docker Engine is full.", "Free some space: docker image prune, or docker builder prune."
)
_SIGNS = (
    _DISK_FULL,
    _Sign(
        ("toomanyrequests", "rate limit"),
        "The registry limits how often images are fetched.",
        "Try again later, or log in: docker login.",
    ),
    _Sign(
        ("no matching manifest", "does not match the specified platform"),
        "The registry has this image for other processors only.",
        "Choose another.",
    ),
    _Sign(("manifest unknown", "manifest for", "not found: manifest"), "The registry has no such image.", "Check the name and the tag."),
    _Sign(
        ("access denied", "unauthorized", "authentication required", "no basic auth", "denied:", "may require"),
        "The registry has no such image, or it is not public.",
        "Check the name; for a private one log in first: docker login.",
    ),
    _Sign(
        ("no such host", "connection refused", "timeout", "timed out", "unreachable", "tls", "x509", "eof", "reset by peer", "dial tcp"),
        "The registry cannot be reached.",
        "Check the network; an image saved elsewhere comes in by: docker load.",
    ),
    _Sign(
        ("digest", "unexpected end", "corrupt", "filesystem layer verification"),
        "The registry sent damaged data.",
        "Try again.",
    ),
)


def _why(error: Exception, state: ImageState) -> AcademyError:
    from docker.errors import APIError

    if isinstance(error, AcademyError):
        return error
    text = short(error)
    if state.way == "build" and isinstance(error, _Reported):
        if sign := _sign_in(text, (_DISK_FULL,)):
            return Unavailable(sign.sentence, hint=sign.hint)
        return Unavailable(
            msg("The image could not be built: {step} {error}.", step=state.message, error=text),
            hint="Build it by hand to see the whole output: docker build .",
        )
    if isinstance(error, APIError | _Reported):
        if sign := _sign_in(text, _SIGNS):
            return Unavailable(msg("{image} could not be fetched. {why}", image=state.image, why=msg(sign.sentence)), hint=sign.hint)
        return Unavailable(msg("{image} could not be fetched: {error}.", image=state.image, error=text), hint="Try again.")
    return explain(error, state.image)


def _sign_in(text: str, signs: Iterable[_Sign]) -> _Sign | None:
    return next((sign for sign in signs if any(word in text.lower() for word in sign.words)), None)
