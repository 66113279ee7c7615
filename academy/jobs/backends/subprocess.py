"""The subprocess backend: a warden in a session of its own, identified by its lock, its pid and its birth."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.errors import Conflict
from academy.files import disk_errors, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends.local import Local
from academy.jobs.backends.protocol import ROOT, WARDEN, Command, Death, Seen
from academy.jobs.backends.standby import WARDEN_ENV, Standby
from academy.jobs.processes import MARK, is_held, kill_marked, lives, mark_of, send_signal, take_lock
from academy.jobs.store import Job
from academy.messages import Text, msg


class SubprocessBackend(Local):
    """Programs as processes of this machine."""

    name = "subprocess"

    def __init__(self, settings: Settings | None = None, *, python: str = sys.executable, root: Path = ROOT) -> None:
        self._python = python
        self._root = root
        self.standby = Standby(python=python, root=root)
        self._wardens: dict[str, subprocess.Popen[bytes]] = {}  # those that this app has started and must wait for

    def look(self, gpus: bool) -> Text:
        """Processes can always run."""
        return "Trainings can run as processes of this machine."

    def check(self, image: str | None) -> None:
        """Nothing can be missing; an image has no meaning here."""

    def seen(self, job: Job) -> Seen:
        """The same paths that the app sees."""
        return Seen(
            folder=job.folder.path,
            root=self._root,
            python=self._python,
            dataset=Path(job.dataset_path),
            evaluation=Path(job.eval_path) if job.eval_path else None,
            base=Path(job.base_path) if job.base_path else None,
            continue_from=Path(job.continue_from_path) if job.continue_from_path else None,
            earlier=job.earlier_paths,
            preferences=job.preferences_path,
        )

    def start(self, job: Job, command: Command) -> dict[str, Any]:
        """Starts the warden; it inherits the lock of the job's folder, so that the lock is held without a gap."""
        folder = job.folder
        write_atomic(folder.command, job_folder.dumps(command.as_json()), mode=0o600)
        with disk_errors("the job's lock"):
            lock = take_lock(folder.lock)
        if lock is None:
            raise Conflict("The job {job} still has a warden.", hint="Wait until it has ended.", job=job.job_id)
        try:
            # What the warden writes before it opens the log goes there too.
            with disk_errors("the job's log"), open(folder.log, "ab") as complaints:
                warm = self.standby.hand_over(folder.path, lock, complaints.fileno()) if self.standby.fits(command) else None
                # -I: nothing in the environment or in the warden's folder can shadow the standard library.
                warden = warm or subprocess.Popen(
                    [self._python, "-I", "-S", str(WARDEN), str(folder.path), "--lock", str(lock)],
                    cwd=folder.path,
                    env={name: os.environ[name] for name in WARDEN_ENV if name in os.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    pass_fds=(lock,),
                    start_new_session=True,
                )
        finally:
            os.close(lock)
        self._wardens[job.job_id] = warden
        return {"pid": None, "backend": self.name, "container_id": None}

    def alive(self, job: Job) -> bool | None:
        """True while the warden holds its lock or any process of the job lives; without a warden such a process is killed."""
        warden = self._wardens.get(job.job_id)
        if warden is not None:
            warden.poll()
        if is_held(job.folder.lock):
            return True
        # The warden was killed itself, so the processes that it would have ended are ended here.
        worker = job.folder.read_worker()
        pid, birth = worker.get("pid"), worker.get("birth")
        mark = mark_of(job.folder.path)
        remaining = kill_marked(mark)
        # In a copy of the data folder, worker.json names the process of the original.
        ours = (job_folder.read_small(job.folder.command) or {}).get("env", {}).get(MARK, mark) == mark
        if ours and isinstance(pid, int) and isinstance(birth, str) and lives(pid, birth, worker.get("boot_id")):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
            send_signal(pid, birth, signal.SIGKILL)
            remaining += 1
        return bool(remaining)

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The program's pid as the warden wrote it."""
        worker = job.folder.read_worker()
        return {"pid": worker["pid"], "backend": self.name, "container_id": None} if isinstance(worker.get("pid"), int) else None

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """Sends a signal, and leaves a file for a warden that cannot be signalled."""
        with contextlib.suppress(OSError):
            job_folder.touch(job.folder.cancel)
        worker = job.folder.read_worker()
        pid, birth = worker.get("warden_pid"), worker.get("warden_birth")
        if isinstance(pid, int) and isinstance(birth, str) and is_held(job.folder.lock):
            send_signal(pid, birth, signal.SIGCONT)
            send_signal(pid, birth, signal.SIGKILL if force else signal.SIGTERM)
        elif force and (warden := self._wardens.get(job.job_id)) is not None and warden.poll() is None:
            warden.kill()
        if force:
            kill_marked(mark_of(job.folder.path))

    def autopsy(self, job: Job) -> Death:
        """Exact only if this app is the warden's parent; otherwise the warden was killed, and the kernel killed the program with it."""
        warden = self._wardens.get(job.job_id)
        if warden is None and not job.folder.worker.exists():
            return Death(never_began=True)
        code = warden.poll() if warden is not None else None
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"SIG{-code}"
            return Death(msg("Its warden was killed by {signal}, and the trainer with it", signal=name), signal=name)
        if code:
            return Death(msg("Its warden failed with exit code {code}", code=code), exit_code=code)
        return Death("Its warden was killed, and the trainer with it", signal="SIGKILL")

    def clean(self, job: Job) -> None:
        """Drops the warden, which has been waited for."""
        warden = self._wardens.get(job.job_id)
        if warden is not None and warden.poll() is not None:
            del self._wardens[job.job_id]
