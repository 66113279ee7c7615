"""Fetches a base model from the hub, as the first phase of a job: weights in safetensors and their texts, nothing that can run."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from academy.bases import check_folder, fingerprint
from academy.errors import AcademyError
from academy.files import now, write_json
from academy.jobs.folder import JobFolder

SUFFIXES = (".json", ".txt", ".model", ".jinja", ".safetensors")
PACE = 0.5  # seconds between two reports
SPARE_BYTES = 200 << 20
TOGETHER = 4  # files at a time
_INDEX = "model.safetensors.index.json"


class FetchError(Exception):
    """Why the model cannot be had: a word for the doctor and a sentence for a person."""

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


def main(argv: list[str]) -> int:
    """Fetches the base model that the folder's spec.json names; 0 when `fetched.json` says where it lies."""
    folder = JobFolder(Path(argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name = json.loads(folder.spec.read_bytes())["base_model"]
    try:
        fetched = fetch(name, lambda **event: say(folder, **event))
        write_json(folder.fetched, fetched)
    except Exception as error:
        cause, reason = explain(error, name)
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        with contextlib.suppress(OSError):
            say(
                folder, type="failed", cause=cause, reason=reason, error_type=type(error).__name__, traceback=traceback.format_exc()[-4000:]
            )
        return 1
    return 0


def say(folder: JobFolder, **event: Any) -> None:
    """Writes one event."""
    line = json.dumps({"time": now(), **event}, ensure_ascii=False, allow_nan=False).encode(errors="replace") + b"\n"
    with open(folder.events, "ab", buffering=0) as file:
        file.write(line)


def fetch(name: str, report: Any) -> dict[str, str]:
    """Fetches the model into the Hugging Face cache; where it lies, its revision and its fingerprint."""
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.file_download import repo_folder_name

    report(type="preparing", phase="download", message=f"Asking the hub for {name}.", bytes_done=0, bytes_total=None, fraction=None)
    print(f"Asking {constants.ENDPOINT} for {name}.", flush=True)
    info = HfApi().model_info(name, revision="main", files_metadata=True, timeout=20)
    revision = info.sha
    sizes = {item.rfilename: item.size or 0 for item in info.siblings or [] if "/" not in item.rfilename}
    if not revision or "config.json" not in sizes:
        raise FetchError("no_model", f"{name} has no config.json, so it is not a transformers model. Choose another.")
    cache = Path(constants.HF_HUB_CACHE)
    storage = cache / repo_folder_name(repo_id=name, repo_type="model")
    blobs = storage / "blobs"
    before = set(_unfinished(blobs))

    def get(file: str) -> Path:
        return Path(hf_hub_download(name, file, revision=revision, cache_dir=cache))

    if b'"auto_map"' in get("config.json").read_bytes():
        # Before gigabytes come that would be refused.
        raise FetchError("bad_model", f"{name} brings its own code (auto_map), and Academy never runs a model's own code. Choose another.")
    weights = _weights(sizes, get)
    wanted = [file for file in sizes if file.endswith(SUFFIXES) and not file.endswith(".safetensors")] + weights
    snapshot = storage / "snapshots" / revision
    total = sum(sizes[file] for file in wanted)
    done = {file: sizes[file] for file in wanted if (snapshot / file).exists()}
    _check_space(cache, name, total - sum(done.values()))
    meter = _Meter(name, total, report, lambda: sum(done.values()) + sum(_size(path) for path in _unfinished(blobs) if path not in before))
    meter.start()
    pool = ThreadPoolExecutor(TOGETHER)
    try:

        def one(file: str) -> None:
            print(f"{file}: {sizes[file]:,} bytes", flush=True)
            get(file)
            done[file] = sizes[file]

        # The weights first and together; a fault in one ends them all.
        for _ in pool.map(one, [file for file in reversed(wanted) if file not in done]):
            pass
        meter.stop()
    except BaseException:
        # An unfinished file cannot be continued, it would only take space.
        meter.stop(report=False)
        for path in _unfinished(blobs):
            if path not in before:
                path.unlink(missing_ok=True)
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    # So that the name alone finds it from now on, without the network.
    (storage / "refs").mkdir(exist_ok=True)
    (storage / "refs" / "main").write_text(revision)
    check_folder(snapshot)
    print(f"{name} is here, at revision {revision}.", flush=True)
    return {"path": str(snapshot), "revision": revision, "fingerprint": fingerprint(snapshot)}


def explain(error: BaseException, name: str) -> tuple[str, str]:
    """The doctor's word and the sentence for whatever went wrong."""
    from huggingface_hub import constants, errors

    if isinstance(error, FetchError):
        return error.cause, error.reason
    if isinstance(error, AcademyError):
        return "bad_model", f"{name} was fetched but cannot be used. {error.detail}"
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    status = next(
        (getattr(getattr(item, "response", None), "status_code", None) for item in chain if getattr(item, "response", None)), None
    )
    if any(isinstance(item, OSError) and item.errno in (errno.ENOSPC, errno.EDQUOT) for item in chain):
        return "disk_full", f"The disk became full while {name} was fetched. Free some space and try again."
    if any("invalid credentials" in str(item).lower() for item in chain):
        return "gated", "The hub does not accept the token in HF_TOKEN. Put a valid one there, or none, and start Academy again."
    if status == 429:
        return "hub", f"The hub at {constants.ENDPOINT} is asked too often from here (429). Try again later, or put a token into HF_TOKEN."
    if any(isinstance(item, errors.GatedRepoError) for item in chain) or status == 403:
        return (
            "gated",
            f"{name} is gated: its owner wants to know who uses it. Accept the terms on its page, "
            "put a token of yours into HF_TOKEN, and start Academy again.",
        )
    if any(isinstance(item, errors.RepositoryNotFoundError) for item in chain) or status in (401, 404):
        if status == 401:
            return "missing", f"{name} does not exist, or it is private. Check the name; for a private model put a token into HF_TOKEN."
        return "missing", f"There is no model {name} on the hub. Check the name."
    if any(isinstance(item, errors.OfflineModeIsEnabled) for item in chain):
        return "offline", f"{name} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it. Unset it, or choose another model."
    if status is not None:
        return "hub", f"The hub at {constants.ENDPOINT} answered with an error ({status}) when asked for {name}. Try again later."
    if any(
        type(item).__module__.split(".")[0].startswith(("httpx", "httpcore")) or isinstance(item, ConnectionError | TimeoutError)
        for item in chain
    ):
        return (
            "offline",
            f"{name} is not on this machine, and the hub at {constants.ENDPOINT} cannot be reached. Check the network.",
        )
    return "fetch", f"{name} could not be fetched: {type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"


def _weights(sizes: dict[str, int], get: Any) -> list[str]:
    """The files of the weights as transformers would choose them."""
    if _INDEX in sizes:
        try:
            files = sorted(set(json.loads(get(_INDEX).read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise FetchError("bad_model", f"The model's {_INDEX} is damaged. Choose another model.") from error
        missing = [file for file in files if file not in sizes]
        if missing:
            raise FetchError("bad_model", f"The model is incomplete on the hub: {missing[0]} is missing. Choose another model.")
        return files
    if "model.safetensors" in sizes:
        return ["model.safetensors"]
    found = [file for file in sizes if file.endswith(".safetensors") and not file.startswith(("adapter_", "consolidated"))]
    if not found:
        pickled = any(file.endswith((".bin", ".pt", ".pth", ".ckpt", ".h5")) for file in sizes)
        raise FetchError(
            "no_safetensors",
            "The model has no weights in safetensors"
            + (", only pickled ones, which can run code and are not fetched." if pickled else ".")
            + " Choose another model, or a converted copy of this one.",
        )
    return found


def _check_space(cache: Path, name: str, needed: int) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < needed + SPARE_BYTES:
        raise FetchError(
            "disk_full",
            f"{name} needs {needed >> 20:,} MB, and the disk of the Hugging Face cache has {free >> 20:,} MB left. "
            "Free some space, or name another place in HF_HOME, and try again.",
        )


def _unfinished(blobs: Path) -> list[Path]:
    return list(blobs.glob("*.incomplete")) if blobs.is_dir() else []


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class _Meter(threading.Thread):
    """Says how far the fetching is, as often as a person wants to know."""

    def __init__(self, name: str, total: int, report: Any, measure: Any) -> None:
        super().__init__(daemon=True)
        self._model, self._total, self._report, self._measure = name, total, report, measure
        self._over = threading.Event()
        self._last = (time.monotonic(), measure())

    def run(self) -> None:
        while not self._over.wait(PACE):
            self._say()

    def stop(self, *, report: bool = True) -> None:
        """Ends it, with a last word."""
        self._over.set()
        self.join()
        if report:
            self._say()

    def _say(self) -> None:
        moment, done = time.monotonic(), min(self._measure(), self._total)
        then, before = self._last
        if done == before and done != self._total:
            return
        self._last = (moment, done)
        speed = max(0.0, (done - before) / (moment - then)) if moment > then else None
        # A full disk is found by the download itself, with its own message.
        with contextlib.suppress(OSError):
            self._report(
                type="preparing",
                phase="download",
                message=f"Fetching {self._model}.",
                bytes_done=done,
                bytes_total=self._total,
                bytes_per_second=None if speed is None else round(speed, 1),
                fraction=round(done / self._total, 4) if self._total else None,
            )


if __name__ == "__main__":
    try:
        code = main(sys.argv)
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a thread in the middle of a download would be waited for.
    os._exit(code)
