"""The docker backend: the same warden as the first process of a container that can do nothing but run its program."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.errors import NoSpace, Unavailable, log_and_go_on
from academy.files import disk_errors, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends.docker import elsewhere, mounts
from academy.jobs.backends.docker.container import Container
from academy.jobs.backends.docker.elsewhere import Elsewhere, Interrupted
from academy.jobs.backends.docker.engine import (
    asking,
    check_image,
    connect,
    failures,
    is_final,
    misses_a_path,
    offers_gpus,
    short,
    why_not_started,
)
from academy.jobs.backends.local import Local
from academy.jobs.backends.protocol import ROOT, Command, Death, Seen
from academy.jobs.carrying.chunks import Lister
from academy.jobs.carrying.going import keep_output
from academy.jobs.folder import JobFolder
from academy.jobs.processes import boot_id, is_held
from academy.jobs.spec import gpus_of
from academy.jobs.store import Job
from academy.messages import Text, msg

log = logging.getLogger(__name__)

PACE = 0.5
SWEEP_AFTER = 30.0  # seconds until containers that no job needs are removed
START_SECONDS = 90.0  # how long a start waits for a daemon that does not answer
SETTLE_SECONDS = 3.0  # after an end that no person asked for: does the daemon itself go away now?
CALL_SECONDS = 10


class DockerBackend(Local):
    """Programs in containers: no network, no privileges, nothing writable but the job's folder."""

    name = "docker"

    def __init__(self, settings: Settings, *, root: Path = ROOT) -> None:
        self._settings = settings
        self._root = root
        self._mark = hashlib.sha256(str(settings.data_dir).encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        self._containers: dict[str, Container] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._swept = False
        self._opened = time.monotonic()
        self._client: Any = None
        self._sees: dict[str, bool] = {}  # by the engine's id: whether it sees the data folder
        self._sending = threading.Lock()  # one job after another: the second finds what both need
        self._lister = Lister()  # knows the files that have not changed since they were listed

    def look(self, gpus: bool) -> Text:
        """What containers offer on a machine with or without GPUs; raises Unavailable if trainings cannot run in them."""
        self.check(None)
        if not gpus:
            return "Trainings can run in containers."
        with contextlib.closing(connect(5)) as client, asking():
            info = client.info()
            offered = offers_gpus(info)
        if offered:
            return "Trainings can run in containers, with the GPU."
        return "Trainings can run in containers, but on the CPU only: install the NVIDIA Container Toolkit, which gives Docker the GPU."

    def check(self, image: str | None) -> None:
        """Raises Unavailable without an engine or without the image; nothing is pulled unasked."""
        check_image(image or self._settings.training_image)

    def seen(self, job: Job) -> Seen:
        """Fixed paths in the container."""
        return mounts.seen_by(job)

    def start(self, job: Job, command: Command) -> dict[str, Any]:
        """Writes what the warden reads and lets the watching thread create the container."""
        with disk_errors("the job's folder"):
            write_atomic(job.folder.command, job_folder.dumps(command.as_json()), mode=0o644)
            job_folder.touch(job.folder.lock)
        with self._lock:
            earlier = self._containers.get(job.job_id)
            # What is still done for an earlier attempt ends first.
            self._containers[job.job_id] = Container(job, command, "starting", thread=earlier.thread if earlier else None)
        self._run()
        return {"pid": None, "backend": self.name, "container_id": None}

    def alive(self, job: Job) -> bool | None:
        """From the warden's lock, which needs no daemon; else from the daemon's last answer; None while the daemon does not answer."""
        container = self._container(job)
        if is_held(job.folder.lock):
            return True
        if container.state in ("ended", "gone", "never", "refused"):
            return False
        if container.state == "starting":
            return True
        if container.away or container.state == "new":
            # The warden writes its record last, so a job with a record has ended.
            return False if container.away and job.folder.record.is_file() else None
        return True

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The container, and the program's pid on this machine."""
        container = self._container(job)
        if container.container_id is None or container.pid is None:
            return None
        return {"pid": container.pid, "backend": self.name, "container_id": container.container_id}

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """Leaves a file that the warden looks for, which works without a daemon too, and sends a signal."""
        with contextlib.suppress(OSError):
            job_folder.touch(job.folder.cancel)
        container = self._container(job)
        container.kill, container.told = "SIGKILL" if force else "SIGTERM", True
        self._run()

    def autopsy(self, job: Job) -> Death:
        """What the daemon reports of an end that no warden recorded."""
        container = self._container(job)
        if container.state == "refused":
            return Death(container.error, refused=True)
        if container.state == "never":
            return Death(never_began=True)
        interrupted = container.was_away
        if container.elsewhere and (record := self.record(job)) is not None:
            # A connection that was lost for a while ends no container: only the engine's own end makes the warden say so.
            interrupted = interrupted and record.get("stopped_by") == "cancel"
        if container.state == "gone":
            return Death(msg("The container was removed by hand"), interrupted=interrupted)
        code = container.exit_code
        name = {137: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV"}.get(code or 0)
        if container.oom:
            return Death(msg("The container was killed because its memory ran out"), signal="SIGKILL", oom=True)
        if name:
            return Death(msg("The container was killed by {signal}", signal=name), signal=name, interrupted=interrupted)
        return Death(msg("The container ended with exit code {code}", code=code), exit_code=code, interrupted=interrupted)

    def rebooted(self, job: Job) -> bool:
        """Whether this machine was restarted since the job started; of another one the engine reports how the container ended."""
        return self._container(job).elsewhere is None and super().rebooted(job)

    def clean(self, job: Job) -> None:
        """Lets the watching thread remove the container."""
        self._container(job).clean = True
        self._run()

    # The watching thread

    def _container(self, job: Job) -> Container:
        with self._lock:
            container = self._containers.get(job.job_id)
            if container is None:
                container = self._containers[job.job_id] = Container(job)
                container.elsewhere = Elsewhere.found(job, interrupted=container.is_wanted_gone, heard=container.was_heard)
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
                containers = list(self._containers.values())
                if not containers and self._swept:
                    self._thread = None
                    self._hang_up()
                    return
            with log_and_go_on("The watch over the containers", log):
                for container in containers:
                    if container.thread is not None and container.thread.is_alive():
                        continue
                    if container.elsewhere is None and container.state != "starting":
                        self._attend(container)
                    else:
                        # What travels takes its time, and other jobs do not wait for it.
                        container.thread = threading.Thread(target=self._attend_apart, args=(container,), name="docker job", daemon=True)
                        container.thread.start()
                if not self._swept and time.monotonic() - self._opened > SWEEP_AFTER:
                    self._sweep()
            self._wake.wait(PACE if self._containers else 10.0)

    def _attend_apart(self, container: Container) -> None:
        with log_and_go_on("The watch over a container", log):
            self._attend(container)

    def _attend(self, container: Container) -> None:
        """Does for one container what is due."""
        try:
            try:
                if container.state == "starting":
                    self._create(container)
                elif container.state in ("new", "running"):
                    self._inspect(container)
            except Interrupted:
                if container.state == "starting":
                    container.state = "never"
            container.away = False
            if container.kill and container.state == "running":
                self._end(container)
            if container.clean:
                self._remove(container)
        except NoSpace as error:
            # What could not be taken in is taken in when there is space.
            log.info("%s: %s", container.job.job_id, error.detail)
            if container.state == "starting":
                container.state, container.error = "refused", error.text
        except failures() as error:
            self._note_failure(container, error)

    def _note_failure(self, container: Container, error: Exception) -> None:
        """The daemon is gone, restarts or reports an error, which says nothing about the container."""
        container.away = True
        if container.state == "running":
            container.was_away = True
        self._hang_up()
        if container.state == "starting":
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                container.state, container.error = "refused", "The disk is full. Free some space and try again."
            elif is_final(error) or time.monotonic() - container.created > START_SECONDS:
                container.state, container.error = "refused", why_not_started(error, self._image_of(container.command))
        log.info("Docker did not answer for %s: %s", container.job.job_id, short(error))

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _docker(self) -> Any:
        if self._client is None:
            self._client = connect(CALL_SECONDS)
        return self._client

    def _container_name(self, container: Container) -> str:
        return container.elsewhere.container if container.elsewhere else _name(container.job, self._mark)

    def _find(self, container: Container) -> dict[str, Any] | None:
        from docker.errors import NotFound

        try:
            return self._docker().api.inspect_container(self._container_name(container))
        except NotFound:
            return None

    def _create(self, container: Container) -> None:
        job, command = container.job, container.command
        assert command is not None
        container.elsewhere = self._elsewhere(container, self._image_of(command))
        existing = self._find(container)
        if existing is not None and existing["Config"]["Labels"].get(mounts.ATTEMPT_LABEL) != str(job.attempt):
            self._docker().api.remove_container(existing["Id"], v=True, force=True)
            existing = None
        if existing is None:
            user = mounts.user_for(self._settings.data_dir)
            if container.elsewhere is None:
                mounts.give(job.folder.path, user)
                mounts.stage(job, user)
                arguments = self._arguments(job, command)
            else:
                container.elsewhere.remember()
                while not self._sending.acquire(timeout=PACE):
                    if container.kill:
                        raise Interrupted
                try:
                    arguments = self._arguments_elsewhere(container.elsewhere, job, command)
                finally:
                    self._sending.release()
            try:
                container.container_id = self._docker().containers.create(**arguments).id
            except failures() as error:
                if container.elsewhere is not None or not misses_a_path(error):
                    raise
                # It sees the data folder, but not the base model or what else lies outside; the next round hands them over.
                self._sees[str(self._docker().info().get("ID"))] = False
                return
        else:
            # The answer to an earlier call was lost, not the container.
            container.container_id = existing["Id"]
        if existing is None or existing["State"]["Status"] == "created":
            self._docker().api.start(container.container_id)
        container.state = "running"

    def _elsewhere(self, container: Container, image: str) -> Elsewhere | None:
        """Where the job is to be, if the engine does not see its folder."""
        engine = str(self._docker().info().get("ID"))
        if engine not in self._sees:
            self._sees[engine] = elsewhere.sees(self._docker(), image, self._settings.data_dir)
        if self._sees[engine]:
            return None
        mark = elsewhere.mark_of(self._settings.data_dir)
        callbacks: dict[str, Any] = {"interrupted": container.is_wanted_gone, "heard": container.was_heard}
        return Elsewhere(container.job, _name(container.job, mark), mark, engine, **callbacks)

    def _inspect(self, container: Container) -> None:
        existing = self._find(container)
        if existing is None:
            if container.elsewhere and self._docker().info().get("ID") != container.elsewhere.engine:
                hint = "Set DOCKER_HOST to what it was when the job started, and restart Academy."
                raise Unavailable("DOCKER_HOST names another Docker Engine than the one that the job runs on.", hint=hint)
            began = container.container_id or container.job.folder.worker.exists()
            container.state = "gone" if began else "never"
            return
        state = existing["State"]
        container.container_id = existing["Id"]
        if state["Status"] == "created":
            # The app died between the two calls; nothing has run.
            self._docker().api.remove_container(existing["Id"], v=True, force=True)
            container.state = "never"
        elif state["Running"] or state["Paused"] or state.get("Restarting"):
            container.state = "running"
            if container.elsewhere:
                self._exchange(container, container.elsewhere)
            elif container.pid is None:
                container.pid = self._program_pid(existing["Id"], state["Pid"], container.job.folder)
        else:
            if container.elsewhere:
                self._take_last(container, container.elsewhere)
            if not self._is_settling(container):
                container.state, container.exit_code, container.oom = "ended", state["ExitCode"], bool(state.get("OOMKilled"))

    def _exchange(self, container: Container, there: Elsewhere) -> None:
        """Takes in what the job wrote, and hands over what the app wrote for it."""
        if container.kill:
            return
        there.pass_on(self._docker(), mounts.user_for(self._settings.data_dir))
        there.take_in(self._docker())
        pid = container.job.folder.read_worker().get("pid")
        container.pid = pid if isinstance(pid, int) else None

    def _take_last(self, container: Container, there: Elsewhere) -> None:
        """Takes in what is left of a job that has ended; without it nothing is concluded."""
        try:
            over = there.take_in(self._docker())
        except ValueError as error:
            # Nothing will change it any more.
            log.warning("%s: what it left is damaged: %s", container.job.job_id, short(error))
            over = False
        if not over and not container.told and not container.job.folder.record.exists():
            said = self._docker().api.logs(container.container_id, tail=40)
            keep_output(container.job, said.decode(errors="replace"), "docker")

    def _is_settling(self, container: Container) -> bool:
        """A daemon that shuts down ends its containers first, and `docker rm -f` kills them first; a moment later it is clear which."""
        folder = container.job.folder
        record = self.record(container.job)
        if container.told or (record is not None and record.get("stopped_by") != "cancel"):
            return False
        if container.state == "new":
            # It ended while the app was away too; but after a restart of the machine the user decides.
            container.was_away = record is not None and folder.read_worker().get("boot_id") == boot_id()
            return False
        container.ended_at = container.ended_at or time.monotonic()
        return not container.was_away and time.monotonic() - container.ended_at < SETTLE_SECONDS

    def _program_pid(self, container_id: str, warden: int, folder: JobFolder) -> int | None:
        inner = folder.read_worker().get("pid")
        if not isinstance(inner, int):
            return None
        try:
            top = self._docker().api.top(container_id, ps_args="-eo pid,ppid")
            return next(int(row[0]) for row in top["Processes"] if int(row[1]) == warden)
        except (*failures(), LookupError, TypeError, StopIteration):
            # Without `ps` on the host, or if the engine runs in its own virtual machine, the pid in the container has to do.
            return inner

    def _end(self, container: Container) -> None:
        from docker.errors import APIError, NotFound

        with contextlib.suppress(NotFound):
            if container.kill == "SIGKILL":
                self._docker().api.remove_container(container.container_id, v=True, force=True)
            else:
                try:
                    self._docker().api.kill(container.container_id, signal="SIGTERM")
                except APIError as error:
                    if error.status_code != 409:  # 409: it no longer runs
                        raise
        container.kill = ""

    def _remove(self, container: Container) -> None:
        from docker.errors import APIError, NotFound

        try:
            self._docker().api.remove_container(self._container_name(container), v=True, force=True)
        except NotFound:
            pass  # it is gone already
        except APIError as error:
            if error.status_code != 409:  # 409: it is being removed already
                raise
        if container.elsewhere:
            container.elsewhere.forget(self._docker())
        folder = container.job.folder
        for path in (folder.staged, folder.inputs, folder.base):
            job_folder.remove(path)
        # Gives the output to the data folder's owner; the container's uid may not exist here.
        mounts.give(folder.path, mounts.owner_of(self._settings.data_dir))
        with self._lock:
            if self._containers.get(container.job.job_id) is container:
                del self._containers[container.job.job_id]

    def _sweep(self) -> None:
        """Removes containers of this data folder that have ended and that no job needs."""
        try:
            for mark in (self._mark, elsewhere.mark_of(self._settings.data_dir)):
                for listed in self._docker().api.containers(all=True, filters={"label": f"{mounts.DATA_LABEL}={mark}"}):
                    if not self._needs(listed["Labels"]) and listed["State"] in ("exited", "dead", "created"):
                        self._docker().api.remove_container(listed["Id"], v=True, force=True)
                elsewhere.remove_volumes(
                    self._docker(),
                    f"{mounts.DATA_LABEL}={mark}",
                    lambda labels: mounts.JOB_LABEL in labels and not self._needs(labels),
                )
            self._swept = True
        except failures() as error:
            log.info("Old containers could not be removed yet: %s", short(error))

    def _needs(self, labels: Mapping[str, str]) -> bool:
        with self._lock:
            return labels.get(mounts.JOB_LABEL) in self._containers

    def _arguments(self, job: Job, command: Command) -> dict[str, Any]:
        """Everything that `docker run` would get."""
        info = self._docker().info()
        return mounts.arguments(
            job,
            self._image_of(command),
            info,
            self._declared(self._image_of(command)),
            name=_name(job, self._mark),
            mark=self._mark,
            user=mounts.user_for(self._settings.data_dir),
            mounts=mounts.bound(job, self._root),
            devices=mounts.devices(info, self._settings.enable_gpu, job.devices),
        )

    def _arguments_elsewhere(self, there: Elsewhere, job: Job, command: Command) -> dict[str, Any]:
        """The same for an engine that does not see the job's folder, once all that the container needs is there."""
        info, image, user = self._docker().info(), self._image_of(command), mounts.user_for(self._settings.data_dir)
        return mounts.arguments(
            job,
            image,
            info,
            self._declared(image),
            name=there.container,
            mark=there.mark,
            user=user,
            mounts=there.send(self._docker(), image, self._root, user, self._lister),
            devices=mounts.devices_elsewhere(info, self._settings.enable_gpu, gpus_of(job.parameters)),
            entrypoint=elsewhere.ENTRYPOINT,
        )

    def _declared(self, image: str) -> Collection[str]:
        """The volumes that an image declares."""
        return (self._docker().images.get(image).attrs["Config"].get("Volumes") or {}).keys()

    def _image_of(self, command: Command | None) -> str:
        return (command and command.image) or self._settings.training_image


def _name(job: Job, mark: str) -> str:
    return f"academy-{job.job_id}-{mark[:8]}"
