"""A container's arguments: the mounts, the user, the limits and the devices that a job gets."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from academy.jobs import folder as job_folder
from academy.jobs.backends.docker.engine import offers_gpus
from academy.jobs.backends.protocol import WARDEN, Seen
from academy.jobs.store import Job

log = logging.getLogger(__name__)

JOB_LABEL, DATA_LABEL, ATTEMPT_LABEL = "academy.job", "academy.data", "academy.attempt"
UNPRIVILEGED = 65532
PIDS = 2048
_ROOT = Path("/opt/academy")
_WARDEN = _ROOT / "warden.py"
_PREFERENCES = "preferences.jsonl"
# -I -S: nothing in the image or in the job's folder can shadow the standard library.
ENTRYPOINT = ["python3", "-I", "-S", str(_WARDEN), "/job"]

HARDENED: Mapping[str, Any] = {
    "network_mode": "none",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "stop_signal": "SIGTERM",
    "init": False,
    # The image's own health check asks for the app, which does not run here.
    "healthcheck": {"test": ["NONE"]},
}
"""What every container is denied: network, privileges, and writing outside the job's folder."""


class Mounted(NamedTuple):
    """One mount: a path of this machine, its path in the container, and whether the container may write there."""

    outer: Path
    inner: Path
    mode: Literal["ro", "rw"]


class User(NamedTuple):
    """A user and a group by number."""

    uid: int
    gid: int


# An image may request all GPUs by itself: "void" gives it none.
_NO_DEVICES: dict[str, Any] = {"environment": {"NVIDIA_VISIBLE_DEVICES": "void"}, "device_requests": []}


def seen_by(job: Job) -> Seen:
    """The fixed paths under which a container sees the job."""
    return Seen(
        folder=Path("/job"),
        root=_ROOT,
        python="python3",
        dataset=Path("/data/dataset.jsonl"),
        evaluation=Path("/data/eval.jsonl") if job.eval_path else None,
        base=Path("/base") / _base_mount(Path(job.base_path))[1] if job.base_path else None,
        continue_from=Path("/continue") if job.continue_from_path else None,
        earlier={name: Path("/") / _earlier(name) for name in job.earlier_paths},
        preferences=Path("/data") / _PREFERENCES if job.preferences_path else None,
    )


def sources_of(job: Job) -> dict[str, Path]:
    """The files and folders that are mounted read-only, by the name of their copy."""
    sources = {"dataset.jsonl": Path(job.dataset_path)} if job.dataset_path else {}
    if job.eval_path:
        sources["eval.jsonl"] = Path(job.eval_path)
    if job.preferences_path:
        sources[_PREFERENCES] = job.preferences_path
    if job.base_path:
        sources |= _base_sources(Path(job.base_path))
    if job.continue_from_path:
        sources["continue"] = Path(job.continue_from_path)
    return sources | {_earlier(name): path for name, path in job.earlier_paths.items()}


def mounts_of(job: Job, root: Path) -> list[Mounted]:
    """All mounts of the job's container; `root` holds the package."""
    seen, folder, sources = seen_by(job), job.folder, sources_of(job)
    mounts = [Mounted(folder.path, seen.folder, "rw"), Mounted(root / "academy", _ROOT / "academy", "ro"), Mounted(WARDEN, _WARDEN, "ro")]
    # Mount points must exist before a read-only folder covers what an image may declare as a volume.
    mounts.append(Mounted(_laid_out(folder.inputs, sources.keys() & {"dataset.jsonl", "eval.jsonl", _PREFERENCES}), Path("/data"), "ro"))
    if files := {name.partition("/")[2] for name in sources if name.startswith("base/")}:
        mounts.append(Mounted(_laid_out(folder.base, files), Path("/base"), "ro"))
    inner = {"dataset.jsonl": seen.dataset, "eval.jsonl": seen.evaluation, _PREFERENCES: seen.preferences, "continue": seen.continue_from}
    for name, path in sources.items():
        copy = folder.staged / name
        mounts.append(Mounted(copy if copy.exists() else path, inner.get(name) or Path("/") / name, "ro"))
    return mounts


def bound(job: Job, root: Path) -> list[Any]:
    """All mounts of the job's container, as the engine takes them."""
    from docker.types import Mount

    return [Mount(str(inner), str(outer), type="bind", read_only=mode == "ro") for outer, inner, mode in mounts_of(job, root)]


def owner_of(folder: Path) -> User:
    """The owner of a folder."""
    state = os.stat(folder)
    return User(state.st_uid, state.st_gid)


def user_for(data_dir: Path) -> User:
    """The container's user: the owner of the data folder, but never root."""
    # Without root's rights the app cannot give files away, so the container runs as the app's own user.
    user = owner_of(data_dir) if os.geteuid() == 0 else User(os.geteuid(), os.getegid())
    return user if user.uid else User(UNPRIVILEGED, UNPRIVILEGED)


def arguments(
    job: Job,
    image: str,
    info: Mapping[str, Any],
    volumes: Collection[str],
    *,
    name: str,
    mark: str,
    user: User,
    mounts: Sequence[Any],
    devices: Mapping[str, Any],
    entrypoint: Sequence[str] = ENTRYPOINT,
) -> dict[str, Any]:
    """Everything that `docker run` gets; `info` describes the engine, `volumes` are those that the image declares."""
    from docker.types import LogConfig, Ulimit

    seen = seen_by(job)
    return {
        **HARDENED,
        **_limits(info, volumes),
        **devices,
        "image": image,
        "name": name,
        "entrypoint": [*entrypoint],
        "command": [],
        "working_dir": str(seen.folder),
        "user": f"{user.uid}:{user.gid}",
        "labels": {JOB_LABEL: job.job_id, DATA_LABEL: mark, ATTEMPT_LABEL: str(job.attempt)},
        "mounts": [*mounts],
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
    }


def stage(job: Job, user: User) -> None:
    """Copies inputs that the container's user cannot read (transformers saves weights as 0600), instead of opening them to all users."""
    for name, path in sources_of(job).items():
        if not may_read(path, user):
            log.info("%s: the container's user cannot read %s, so it gets a copy.", job.job_id, path)
            copy = job.folder.staged / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            job_folder.remove(copy)
            if path.is_dir():
                shutil.copytree(path, copy, symlinks=True)
            else:
                shutil.copyfile(path, copy)
    give(job.folder.staged, user)


def give(folder: Path, user: User) -> None:
    """Makes the user the owner of the folder and of everything in it; links are not followed. Without root's rights nothing changes."""
    if os.geteuid() != 0:
        return
    with contextlib.suppress(FileNotFoundError):
        os.chown(folder, *user, follow_symlinks=False)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):  # it may be removed at the same time
                os.chown(os.path.join(root, name), *user, follow_symlinks=False)


def may_read(path: Path, user: User) -> bool:
    """Whether the permissions let the user read the file, or everything in the folder."""
    for root, folders, files in os.walk(path) if path.is_dir() else [(str(path.parent), [], [path.name])]:
        for name in (*folders, *files):
            try:
                state = os.stat(os.path.join(root, name))
            except OSError:
                continue  # a dangling link has nothing to read
            needed = 5 if stat.S_ISDIR(state.st_mode) else 4
            shift = 6 if state.st_uid == user.uid else 3 if state.st_gid == user.gid else 0
            if state.st_mode >> shift & needed != needed:
                return False
    return True


def _limits(info: Mapping[str, Any], volumes: Collection[str]) -> dict[str, Any]:
    """Nine tenths of the engine's memory, all of its processors, and scratch space in memory for what the image writes."""
    memory = int(info.get("MemTotal") or (8 << 30)) * 9 // 10
    scratch = {volume: "rw,noexec,nosuid,nodev,size=64m" for volume in volumes if volume != "/data"}
    return {
        "tmpfs": scratch | {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={min(memory // 4, 4 << 30)}"},
        "shm_size": min(memory // 4, 2 << 30),
        "pids_limit": PIDS,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(info.get("NCPU") or os.cpu_count() or 1) * 1_000_000_000,
    }


def devices(info: Mapping[str, Any], enable_gpu: bool, numbers: Sequence[int]) -> dict[str, Any]:
    """The GPUs that this app itself may use, or those of them with these numbers, or none."""
    from docker.types import DeviceRequest

    granted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not enable_gpu or granted in ("", "-1") or not offers_gpus(info):
        return _NO_DEVICES
    names = granted.split(",") if granted else [str(number) for number in numbers]
    if granted and numbers:
        names = [names[number] for number in numbers if number < len(names)]
    which: dict[str, Any] = {"device_ids": names} if names else {"count": -1}
    return {"environment": {}, "device_requests": [DeviceRequest(capabilities=[["gpu"]], **which)]}


def devices_elsewhere(info: Mapping[str, Any], enable_gpu: bool, count: int) -> dict[str, Any]:
    """So many of the GPUs of an engine on another machine, of which this one knows no numbers, or none where it has no way to give one."""
    from docker.types import DeviceRequest

    if not enable_gpu or "nvidia" not in (info.get("Runtimes") or {}):
        return _NO_DEVICES
    return {"environment": {}, "device_requests": [DeviceRequest(capabilities=[["gpu"]], count=count)]}


def _earlier(dataset_id: str) -> str:
    return f"earlier/{dataset_id}.jsonl"


def _laid_out(folder: Path, files: Iterable[str]) -> Path:
    """A folder of empty files that serve as mount points."""
    folder.mkdir(exist_ok=True)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        job_folder.touch(folder / file)
    return folder


def _base_mount(base: Path) -> tuple[Path, str]:
    """The folder to mount for a base model, and the model's path in it: snapshots of the hub are links into a folder beside them."""
    if base.parent.name == "snapshots" and (base.parent.parent / "blobs").is_dir():
        return base.parent.parent, f"snapshots/{base.name}"
    return base, ""


def _base_sources(base: Path) -> dict[str, Path]:
    """The folder; or its files one by one, if links lead out of it and so would dangle in a container."""
    folder, inner = _base_mount(base)
    whole = folder.resolve()
    if all(not item.is_symlink() or item.resolve().is_relative_to(whole) for item in base.iterdir()):
        return {"base": folder}
    return {str(Path("base", inner, item.name)): item.resolve() for item in base.iterdir() if item.is_file()}
