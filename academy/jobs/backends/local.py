"""What backends have in common whose jobs run on this machine: the warden writes straight into the job's folder."""

from __future__ import annotations

from typing import Any

from academy.jobs import folder as job_folder
from academy.jobs.processes import boot_id
from academy.jobs.store import Job


class Local:
    """Reads a job's end from its folder."""

    def record(self, job: Job) -> dict[str, Any] | None:
        """The warden's record, unchecked."""
        return job_folder.read_small(job.folder.record)

    def rebooted(self, job: Job) -> bool:
        """Whether this machine was restarted since the job started."""
        boot = job.folder.read_worker().get("boot_id")
        return bool(boot) and boot != boot_id()
