"""The subprocess backend: a warden in a session of its own, known again by its lock, its pid and its birth."""

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
from academy.jobs.backends import Command, Death, Seen
from academy.jobs.processes import is_held, kill_marked, lives, mark_of, send_signal, take_lock
from academy.jobs.store import Job

ROOT = Path(__file__).resolve().parents[3]
WARDEN = ROOT / "academy" / "jobs" / "warden.py"
_WARDEN_ENV = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "SYSTEMROOT")


class SubprocessBackend:
    """Trainers as processes of this machine."""

    name = "subprocess"

    def __init__(self, settings: Settings | None = None, *, python: str = sys.executable, root: Path = ROOT) -> None:
        self._python = python
        self._root = root
        self._wardens: dict[str, subprocess.Popen[bytes]] = {}  # those that this app has started, to be waited for

    def check(self, image: str | None) -> None:
        """Nothing can be missing; an image means nothing here."""

    def seen(self, job: Job) -> Seen:
        """Everything where it is."""
        return Seen(
            folder=job.folder.path,
            root=self._root,
            python=self._python,
            dataset=Path(job.dataset_path),
            evaluation=Path(job.eval_path) if job.eval_path else None,
            base=Path(job.base_path) if job.base_path else None,
            continue_from=Path(job.continue_from_path) if job.continue_from_path else None,
        )

    def start(self, job: Job, folder: Path, command: Command) -> dict[str, Any]:
        """Starts the warden; it inherits the folder's lock, so that from now on somebody holds it without a gap."""
        write_atomic(job.folder.command, job_folder.dumps(command.as_json()), mode=0o600)
        with disk_errors("the job's lock"):
            lock = take_lock(job.folder.lock)
        if lock is None:
            raise Conflict(f"The job {job.job_id} still has a warden.", hint="Wait until it is gone.")
        try:
            # What the warden itself has to say before it has its log open goes there too.
            with disk_errors("the job's log"), open(job.folder.log, "ab") as complaints:
                # -I: nothing of the environment or of the warden's folder can put itself before the standard library.
                warden = subprocess.Popen(
                    [self._python, "-I", "-S", str(WARDEN), str(folder), "--lock", str(lock)],
                    cwd=folder,
                    env={name: os.environ[name] for name in _WARDEN_ENV if name in os.environ},
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
        """True while the warden holds its lock or anything that the trainer started still lives (that is then killed)."""
        warden = self._wardens.get(job.job_id)
        if warden is not None:
            warden.poll()
        if is_held(job.folder.lock):
            return True
        # The warden is gone; what it could not take with it (it was killed itself) goes now.
        worker = job.folder.read_worker()
        pid, birth = worker.get("pid"), worker.get("birth")
        left = kill_marked(mark_of(job.folder.path))
        if isinstance(pid, int) and isinstance(birth, str) and lives(pid, birth, worker.get("boot_id")):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
            send_signal(pid, birth, signal.SIGKILL)
            left += 1
        return bool(left)

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The trainer's pid as the warden has written it."""
        worker = job.folder.read_worker()
        return {"pid": worker["pid"], "backend": self.name, "container_id": None} if isinstance(worker.get("pid"), int) else None

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """By signal, and by a file for a warden that cannot be signalled."""
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
        """Known only where this app is the warden's parent; else the kernel has killed the trainer with it."""
        warden = self._wardens.get(job.job_id)
        if warden is None and not job.folder.worker.exists():
            return Death(never_began=True)
        code = warden.poll() if warden is not None else None
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"SIG{-code}"
            return Death(f"Its warden was killed by {name}, and the trainer with it", signal=name)
        if code:
            return Death(f"Its warden failed with exit code {code}", exit_code=code)
        return Death("Its warden was killed, and the trainer with it", signal="SIGKILL")

    def clean(self, job: Job) -> None:
        """Forgets the warden, which was waited for."""
        warden = self._wardens.get(job.job_id)
        if warden is not None and warden.poll() is not None:
            del self._wardens[job.job_id]
