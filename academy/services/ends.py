"""The ends of jobs, each told once, and what a notification says of them."""

from __future__ import annotations

from collections.abc import Callable

from academy.jobs.reading.reports import brief_in
from academy.jobs.store import ENDED, Job, JobStore
from academy.messages import msg
from academy.professor.notify import Notice
from academy.professor.proposals import Proposal


class Ends:
    """A listener to all changes that passes on only ends: a job that has ended can still be renamed."""

    def __init__(self, jobs: JobStore, tell: Callable[[Job], None]) -> None:
        self._open = {job.job_id for job in jobs.open_jobs()}
        self._tell = tell

    def __call__(self, job: Job) -> None:
        """Takes a change, in the order of the changes."""
        if job.status not in ENDED:
            self._open.add(job.job_id)
        elif job.job_id in self._open:
            self._open.discard(job.job_id)
            self._tell(job)


def of_job(job: Job) -> Notice | None:
    """The notice of a job's end; a person knows what was cancelled."""
    if job.status == "failed":
        return Notice("failed", job.name, msg("{job} failed.", job=job.name), job.job_id)
    if job.status != "finished":
        return None
    brief = brief_in(job.folder)
    if brief and brief.known["of"]:
        sentence = msg("{job} has finished: it knows {rows} of {of}.", job=job.name, **brief.known)
    else:
        sentence = msg("{job} has finished.", job=job.name)
    return Notice("finished", job.name, sentence, job.job_id)


def of_proposal(proposal: Proposal) -> Notice:
    """The notice of a proposal, with its first reason."""
    sentence = msg("{name} is proposed: {reason}", name=proposal.name, reason=proposal.reasons[0])
    return Notice("proposed", proposal.name, sentence, proposal.id)
