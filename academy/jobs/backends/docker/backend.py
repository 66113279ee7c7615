"""The docker backend: the same warden as the first process of a container that may do nothing but train."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from academy.config import Settings
from academy.files import disk_errors, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends import Command, Death, Seen
from academy.jobs.backends.docker.engine import check_image, connect, explain, offers_gpus, short
from academy.jobs.backends.subprocess import ROOT, WARDEN
from academy.jobs.folder import JobFolder
from academy.jobs.processes import boot_id, is_held
from academy.jobs.store import Job

log = logging.getLogger(__name__)

JOB_LABEL, DATA_LABEL, ATTEMPT_LABEL = "academy.job", "academy.data", "academy.attempt"
UNPRIVILEGED = 65532
PACE = 0.5
SWEEP_AFTER = 30.0  # seconds until containers that no job asks for are removed
START_SECONDS = 90.0  # how long a daemon that is away is waited for at a start
SETTLE_SECONDS = 3.0  # after an end that nobody wished: does the daemon itself go away now?
PIDS = 2048
CALL_SECONDS = 10
_PLACE = Path("/opt/academy")


@dataclass
class _Container:
    """What is known of a job's container. Only the watching thread talks to the daemon."""

    job: Job
    command: Command | None = None  # to be started; None: to be found again
    state: Literal["new", "starting", "running", "ended", "gone", "never", "refused"] = "new"
    away: bool = False  # the daemon did not answer when it was asked last
    was_away: bool = False  # it did not answer at some time while the container ran
    error: str = ""
    container_id: str | None = None
    pid: int | None = None
    exit_code: int | None = None
    oom: bool = False
    kill: Literal["", "SIGTERM", "SIGKILL"] = ""
    asked: bool = False  # whether we have asked it to end
    ended_at: float | None = None
    clean: bool = False
    begun: float = field(default_factory=time.monotonic)


class DockerBackend:
    """Trainers in containers: no network, no privileges, nothing writable but the job's folder."""

    name = "docker"

    def __init__(self, settings: Settings, *, root: Path = ROOT, sweeps: bool = True) -> None:
        self._settings = settings
        self._root = root
        self._mark = hashlib.sha256(str(settings.data_dir).encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        self._known: dict[str, _Container] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._swept = not sweeps
        self._begun = time.monotonic()
        self._client: Any = None

    def look(self, gpus: bool) -> str:
        """What can be said of trainings in containers on a machine with or without GPUs; raises Unavailable where they cannot be."""
        self.check(None)
        if not gpus:
            return "Trainings can run in containers."
        client = connect(5)
        try:
            offered = offers_gpus(client.info())
        except Exception as error:
            raise explain(error) from error
        finally:
            client.close()
        if offered:
            return "Trainings can run in containers, with the GPU."
        return "Trainings can run in containers, but on the CPU only: install the NVIDIA Container Toolkit, which gives Docker the GPU."

    def check(self, image: str | None) -> None:
        """Raises Unavailable without an engine or without the image; nothing is pulled unasked."""
        check_image(image or self._settings.training_image)

    def seen(self, job: Job) -> Seen:
        """Everything under fixed places in the container."""
        return Seen(
            folder=Path("/job"),
            root=_PLACE,
            python="python3",
            dataset=Path("/data/dataset.jsonl"),
            evaluation=Path("/data/eval.jsonl") if job.eval_path else None,
            base=Path("/base") / _base_mount(Path(job.base_path))[1] if job.base_path else None,
            continue_from=Path("/continue") if job.continue_from_path else None,
        )

    def start(self, job: Job, folder: Path, command: Command) -> dict[str, Any]:
        """Writes what the warden is told and lets the watching thread create the container."""
        with disk_errors("the job's folder"):
            write_atomic(job.folder.command, job_folder.dumps(command.as_json()), mode=0o644)
            job_folder.touch(job.folder.lock)
        with self._lock:
            self._known[job.job_id] = _Container(job, command, "starting")
        self._run()
        return {"pid": None, "backend": self.name, "container_id": None}

    def alive(self, job: Job) -> bool | None:
        """By the warden's lock, which needs no daemon; else by what the daemon said last; None while it is away."""
        container = self._of(job)
        if is_held(job.folder.lock):
            return True
        if container.state in ("ended", "gone", "never", "refused"):
            return False
        if container.state == "starting":
            return True
        if container.away or container.state == "new":
            # The record is the warden's last deed: what has it has ended.
            return False if container.away and job.folder.record.is_file() else None
        return True

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The container, and the trainer's pid on this machine."""
        container = self._of(job)
        if container.container_id is None or container.pid is None:
            return None
        return {"pid": container.pid, "backend": self.name, "container_id": container.container_id}

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """By a file that the warden looks for, so that it works without a daemon too; and by signal."""
        with contextlib.suppress(OSError):
            job_folder.touch(job.folder.cancel)
        container = self._of(job)
        container.kill, container.asked = "SIGKILL" if force else "SIGTERM", True
        self._run()

    def autopsy(self, job: Job) -> Death:
        """What the daemon says of an end that no warden recorded."""
        container = self._of(job)
        if container.state == "refused":
            return Death(container.error, refused=True)
        if container.state == "never":
            return Death(never_began=True)
        if container.state == "gone":
            return Death("The container was removed by hand", interrupted=container.was_away)
        code = container.exit_code
        name = {137: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV"}.get(code or 0)
        if container.oom:
            return Death("The container was killed because its memory ran out", signal="SIGKILL", oom=True)
        said = f"The container was killed by {name}" if name else f"The container ended with exit code {code}"
        return Death(said, exit_code=None if name else code, signal=name, interrupted=container.was_away)

    def clean(self, job: Job) -> None:
        """Lets the watching thread remove the container."""
        self._of(job).clean = True
        self._run()

    # The watching thread

    def _of(self, job: Job) -> _Container:
        with self._lock:
            container = self._known.get(job.job_id)
            if container is None:
                container = self._known[job.job_id] = _Container(job)
        self._run()
        return container

    def _run(self) -> None:
        self._wake.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="docker", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            self._wake.clear()
            with self._lock:
                containers = list(self._known.values())
                if not containers and self._swept:
                    self._thread = None
                    return
            for container in containers:
                self._look(container)
            if not self._swept and time.monotonic() - self._begun > SWEEP_AFTER:
                self._sweep()
            self._wake.wait(PACE if self._known else 10.0)

    def _look(self, container: _Container) -> None:
        try:
            if container.state == "starting":
                self._create(container)
            elif container.state in ("new", "running"):
                self._inspect(container)
            container.away = False
            if container.kill and container.state == "running":
                self._end(container)
            if container.clean:
                self._remove(container)
        except Exception as error:
            # The daemon is away, restarting or answers with an error: that says nothing about the container.
            container.away = True
            if container.state == "running":
                container.was_away = True
            self._client = None
            full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
            if container.state == "starting" and full:
                container.state, container.error = (
                    "refused",
                    "The disk is full. Free some space and try again.",
                )
            elif container.state == "starting" and (_is_final(error) or time.monotonic() - container.begun > START_SECONDS):
                image = (container.command and container.command.image) or self._settings.training_image
                container.state, container.error = "refused", _why_not(error, image)
            log.info("Docker did not answer for %s: %s", container.job.job_id, short(error))

    def _docker(self) -> Any:
        if self._client is None:
            self._client = connect(CALL_SECONDS)
        return self._client

    def _container_name(self, job: Job) -> str:
        return f"academy-{job.job_id}-{self._mark[:8]}"

    def _find(self, job: Job) -> dict[str, Any] | None:
        from docker.errors import NotFound

        try:
            return self._docker().api.inspect_container(self._container_name(job))
        except NotFound:
            return None

    def _create(self, container: _Container) -> None:
        job, command = container.job, container.command
        assert command is not None
        found = self._find(job)
        if found is not None and found["Config"]["Labels"].get(ATTEMPT_LABEL) != str(job.attempt):
            self._docker().api.remove_container(found["Id"], v=True, force=True)
            found = None
        if found is None:
            _give(job.folder.path, *self._user())
            self._stage(job)
            created = self._docker().containers.create(**self._arguments(job, command))
            container.container_id = created.id
        else:
            # The answer to an earlier try was lost, not the container.
            container.container_id = found["Id"]
        if found is None or found["State"]["Status"] == "created":
            self._docker().api.start(container.container_id)
        container.state = "running"

    def _inspect(self, container: _Container) -> None:
        found = self._find(container.job)
        if found is None:
            began = container.container_id or container.job.folder.worker.exists()
            if container.state in ("new", "running"):
                container.state = "gone" if began else "never"
            return
        state = found["State"]
        container.container_id = found["Id"]
        if state["Status"] == "created":
            # The app died between the two calls; nothing has run.
            self._docker().api.remove_container(found["Id"], v=True, force=True)
            container.state = "never"
        elif state["Running"] or state["Paused"] or state.get("Restarting"):
            container.state = "running"
            if container.pid is None:
                container.pid = self._trainer_pid(found["Id"], state["Pid"], container.job.folder)
        elif not self._is_settling(container):
            container.state, container.exit_code, container.oom = "ended", state["ExitCode"], bool(state.get("OOMKilled"))

    def _is_settling(self, container: _Container) -> bool:
        """A daemon that shuts down ends its containers first, and `docker rm -f` kills them first: which it is shows a moment later."""
        folder = container.job.folder
        record = job_folder.read_small(folder.record)
        if container.asked or (record is not None and record.get("stopped_by") != "cancel"):
            return False
        if container.state == "new":
            # It happened while the app was away too; but after a restart of the machine the user decides.
            container.was_away = record is not None and folder.read_worker().get("boot_id") == boot_id()
            return False
        container.ended_at = container.ended_at or time.monotonic()
        return not container.was_away and time.monotonic() - container.ended_at < SETTLE_SECONDS

    def _trainer_pid(self, container_id: str, warden: int, folder: JobFolder) -> int | None:
        inner = folder.read_worker().get("pid")
        if not isinstance(inner, int):
            return None
        try:
            top = self._docker().api.top(container_id, ps_args="-eo pid,ppid")
            return next(int(row[0]) for row in top["Processes"] if int(row[1]) == warden)
        except Exception:
            # Without `ps` on the host, or where the engine runs in a machine of its own, the inner number has to do.
            return inner

    def _end(self, container: _Container) -> None:
        from docker.errors import APIError, NotFound

        with contextlib.suppress(NotFound):
            if container.kill == "SIGKILL":
                self._docker().api.remove_container(container.container_id, v=True, force=True)
            else:
                try:
                    self._docker().api.kill(container.container_id, signal="SIGTERM")
                except APIError as error:
                    if error.status_code != 409:  # 409: it runs no longer
                        raise
        container.kill = ""

    def _remove(self, container: _Container) -> None:
        from docker.errors import APIError, NotFound

        try:
            self._docker().api.remove_container(self._container_name(container.job), v=True, force=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # 409: it is being removed already
                raise
        folder = container.job.folder
        for path in (folder.staged, folder.inputs, folder.base):
            job_folder.remove(path)
        # What the container wrote belongs to whom the data folder belongs, not to a number that nobody has here.
        _give(folder.path, *self._owner())
        with self._lock:
            if self._known.get(container.job.job_id) is container:
                del self._known[container.job.job_id]

    def _sweep(self) -> None:
        """Removes containers of this data folder that have ended and that no job asks for any more."""
        try:
            for found in self._docker().api.containers(all=True, filters={"label": f"{DATA_LABEL}={self._mark}"}):
                job_id = found["Labels"].get(JOB_LABEL)
                with self._lock:
                    asked = job_id in self._known
                if not asked and found["State"] in ("exited", "dead", "created"):
                    self._docker().api.remove_container(found["Id"], v=True, force=True)
            self._swept = True
        except Exception as error:
            log.info("Old containers could not be removed yet: %s", short(error))

    def _stage(self, job: Job) -> None:
        """Copies what the container's user may not read (transformers saves weights as 0600), instead of opening it to everybody."""
        user, group = self._user()
        for name, path in self._sources(job).items():
            if not _may_read(path, user, group):
                log.info("%s: the container's user may not read %s; it gets a copy.", job.job_id, path)
                copy = job.folder.staged / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                job_folder.remove(copy)
                if path.is_dir():
                    shutil.copytree(path, copy, symlinks=True)
                else:
                    shutil.copyfile(path, copy)
        _give(job.folder.staged, user, group)

    def _sources(self, job: Job) -> dict[str, Path]:
        """What is mounted to be read, by the name of its copy."""
        found = {"dataset.jsonl": Path(job.dataset_path)}
        if job.eval_path:
            found["eval.jsonl"] = Path(job.eval_path)
        if job.base_path:
            found |= _base_sources(Path(job.base_path))
        if job.continue_from_path:
            found["continue"] = Path(job.continue_from_path)
        return found

    def _owner(self) -> tuple[int, int]:
        owner = os.stat(self._settings.data_dir)
        return owner.st_uid, owner.st_gid

    def _user(self) -> tuple[int, int]:
        """Who the container is: who owns the data folder, but never root."""
        # Without root's rights nothing can be handed over: then it is who runs the app and owns what the app makes.
        user, group = self._owner() if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        return (user, group) if user else (UNPRIVILEGED, UNPRIVILEGED)

    def _laid_out(self, folder: Path, files: Iterable[str]) -> Path:
        """A folder of empty files, over which others are mounted."""
        folder.mkdir(exist_ok=True)
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            job_folder.touch(folder / file)
        return folder

    def _arguments(self, job: Job, command: Command) -> dict[str, Any]:
        """All that `docker run` would be told."""
        from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

        seen = self.seen(job)
        mounts = [(job.folder.path, seen.folder, "rw")]
        mounts += [(self._root / "academy", _PLACE / "academy", "ro"), (WARDEN, _PLACE / "warden.py", "ro")]
        # The places of the files must be there before a read-only folder is laid over what an image may declare as a volume.
        sources = self._sources(job)
        mounts.append((self._laid_out(job.folder.inputs, sources.keys() & {"dataset.jsonl", "eval.jsonl"}), Path("/data"), "ro"))
        if files := {name.partition("/")[2] for name in sources if name.startswith("base/")}:
            mounts.append((self._laid_out(job.folder.base, files), Path("/base"), "ro"))
        volumes = self._docker().images.get(command.image or self._settings.training_image).attrs["Config"].get("Volumes") or {}
        scratch = {place: "rw,noexec,nosuid,nodev,size=64m" for place in volumes if place != "/data"}
        places = {"dataset.jsonl": seen.dataset, "eval.jsonl": seen.evaluation, "continue": seen.continue_from}
        for name, path in sources.items():
            copy = job.folder.staged / name
            mounts.append((copy if copy.exists() else path, places.get(name) or Path("/") / name, "ro"))
        info = self._docker().info()
        memory = int(info.get("MemTotal") or (8 << 30)) * 9 // 10
        # An image may ask for all GPUs by itself: "void" gives none, whatever it says.
        environment = {"NVIDIA_VISIBLE_DEVICES": "void"}
        requests = []
        granted = os.environ.get("CUDA_VISIBLE_DEVICES")
        if self._settings.enable_gpu and offers_gpus(info) and granted not in ("", "-1"):
            environment = {}
            which: dict[str, Any] = {"device_ids": granted.split(",")} if granted else {"count": -1}
            requests = [DeviceRequest(capabilities=[["gpu"]], **which)]
        user, group = self._user()
        return {
            "image": command.image or self._settings.training_image,
            "name": self._container_name(job),
            # -I -S: nothing of the image or of the job's folder can put itself before the standard library.
            "entrypoint": ["python3", "-I", "-S", str(_PLACE / "warden.py"), str(seen.folder)],
            "command": [],
            "working_dir": str(seen.folder),
            "user": f"{user}:{group}",
            "environment": environment,
            "labels": {JOB_LABEL: job.job_id, DATA_LABEL: self._mark, ATTEMPT_LABEL: str(job.attempt)},
            "mounts": [Mount(str(inner), str(outer), type="bind", read_only=mode == "ro") for outer, inner, mode in mounts],
            "network_mode": "none",
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "read_only": True,
            "tmpfs": scratch | {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={min(memory // 4, 4 << 30)}"},
            "shm_size": min(memory // 4, 2 << 30),
            "pids_limit": PIDS,
            "mem_limit": memory,
            "memswap_limit": memory,
            "nano_cpus": int(info.get("NCPU") or os.cpu_count() or 1) * 1_000_000_000,
            "device_requests": requests,
            "ulimits": [Ulimit(name="core", soft=0, hard=0)],
            "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
            "stop_signal": "SIGTERM",
            # The image's own asks for the app, which is not here.
            "healthcheck": {"test": ["NONE"]},
            "init": False,
        }


def _base_mount(base: Path) -> tuple[Path, str]:
    """What to mount for a base model, and where in it the model lies: the hub's snapshots are links into a folder beside them."""
    if base.parent.name == "snapshots" and (base.parent.parent / "blobs").is_dir():
        return base.parent.parent, f"snapshots/{base.name}"
    return base, ""


def _base_sources(base: Path) -> dict[str, Path]:
    """The folder; or its files one by one, where links lead out of it, which would lead nowhere in a container."""
    folder, inner = _base_mount(base)
    whole = folder.resolve()
    if all(not item.is_symlink() or item.resolve().is_relative_to(whole) for item in base.iterdir()):
        return {"base": folder}
    return {str(Path("base", inner, item.name)): item.resolve() for item in base.iterdir() if item.is_file()}


def _give(folder: Path, user: int, group: int) -> None:
    """Gives the folder and all in it to the container's user; links are not followed."""
    if os.geteuid() != 0:
        return
    with contextlib.suppress(FileNotFoundError):
        os.chown(folder, user, group, follow_symlinks=False)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):  # it may be being removed
                os.chown(os.path.join(root, name), user, group, follow_symlinks=False)


def _may_read(path: Path, user: int, group: int) -> bool:
    """Whether that user could read the file, or all in the folder, judged by the permissions."""
    for root, folders, files in os.walk(path) if path.is_dir() else [(str(path.parent), [], [path.name])]:
        for name in (*folders, *files):
            try:
                state = os.stat(os.path.join(root, name))
            except OSError:
                continue  # a link to nowhere is nobody's loss
            wanted = 5 if stat.S_ISDIR(state.st_mode) else 4
            shift = 6 if state.st_uid == user else 3 if state.st_gid == group else 0
            if state.st_mode >> shift & wanted != wanted:
                return False
    return True


def _is_final(error: Exception) -> bool:
    """Whether another try would end the same: the daemon understood and refused."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return isinstance(status, int) and (400 <= status < 500 or "could not select device driver" in short(error))


def _why_not(error: Exception, image: str) -> str:
    """Why the engine would not start a container, as a sentence with what to do."""
    said = short(error)
    lower = said.lower()
    if "executable file not found" in lower or ("no such file or directory" in lower and "exec" in lower):
        return f"The image {image} has no python3. Choose one with Python 3.9 or newer and the training libraries."
    if "bind source path does not exist" in lower:
        return "The Docker Engine does not see Academy's files: both must be on one machine, and Academy not in a container of its own."
    if "could not select device driver" in lower or "nvidia-container" in lower:
        return f"Docker could not hand over the GPU: {said}. Install the NVIDIA Container Toolkit, or set ACADEMY_ENABLE_GPU=false."
    return f"Docker could not start the container. {explain(error, image).detail}"
