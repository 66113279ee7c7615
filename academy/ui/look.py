"""One request of a page: the state of its viewer, and Academy's answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from academy.errors import NotFound

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.chat.conversations import Conversation
    from academy.curation.datasets import Manifest
    from academy.jobs.store import Job
    from academy.services.academy import Academy
    from academy.services.professor import Proposal


class View:
    """The state of a viewer: a few short texts and numbers, whatever a browser sends."""

    def __init__(self, state: Any = None) -> None:
        self._state = state if isinstance(state, dict) else {}

    def text(self, key: str, default: str = "") -> str:
        """A text of at most 500 characters."""
        value = self._state.get(key)
        return value[:500] if isinstance(value, str) else default

    def number(self, key: str, default: int = 0) -> int:
        """A number from 0 to a thousand million."""
        value = self._state.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) < 10:
            value = int(value)
        return min(max(value, 0), 10**9) if isinstance(value, int) and not isinstance(value, bool) else default

    def flag(self, key: str, default: bool = False) -> bool:
        """Whether a switch is on."""
        value = self._state.get(key)
        return value if isinstance(value, bool) else default

    def switched(self, prefix: str) -> list[str]:
        """The rest of the names of all switches that are on and begin with the prefix."""
        return [key.removeprefix(prefix)[:200] for key, on in [*self._state.items()][:20_000] if key.startswith(prefix) and on is True]

    def listed(self, key: str) -> list[str]:
        """Short texts, at most a thousand."""
        value = self._state.get(key)
        return [item[:200] for item in value[:1000] if isinstance(item, str)] if isinstance(value, list) else []


class ShownJob(NamedTuple):
    """A job as the Training tab shows it: its status (contract, row 8) and its record."""

    status: dict[str, Any]
    record: Job


class Look(View):
    """A view together with Academy's verbs; each answer is cached for the request, so regions that show the same thing agree."""

    def __init__(self, academy: Academy, state: Any = None) -> None:
        super().__init__(state)
        self.academy = academy

    @cached_property
    def busy(self) -> Job | None:
        """The job that runs or prepares."""
        return self.academy.jobs.busy()

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of jobs of each status."""
        return self.academy.jobs.counts()

    @cached_property
    def job_id(self) -> str | None:
        """The job that the Training tab shows: the chosen one, else the running one, else the newest."""
        if chosen := self.text("job"):
            return chosen
        if self.busy:
            return self.busy.job_id
        newest = self.academy.jobs.list(limit=1)
        return newest[0].job_id if newest else None

    @cached_property
    def job(self) -> ShownJob | None:
        """That job; raises NotFound where the chosen one does not exist."""
        if self.job_id is None:
            return None
        return ShownJob(self.academy.jobs.view(self.job_id), self.academy.jobs.get(self.job_id))

    @cached_property
    def points(self) -> Sequence[dict[str, Any]]:
        """The logged steps of that job."""
        return self.academy.jobs.points(self.job_id) if self.job_id else ()

    @cached_property
    def checkpoints(self) -> Sequence[int]:
        """The steps of that job's complete checkpoints."""
        return self.academy.jobs.checkpoints(self.job.record) if self.job else ()

    @cached_property
    def lessons(self) -> dict[str, Any]:
        """Counts and tags of all lessons."""
        return self.academy.lessons.statistics()

    @cached_property
    def datasets(self) -> Sequence[Manifest]:
        """All datasets, the newest first."""
        return self.academy.datasets.list()

    @cached_property
    def dataset(self) -> Manifest | None:
        """The dataset that the Dataset tab shows: the chosen one, else the newest; raises NotFound."""
        chosen = self.text("dataset")
        return self.academy.datasets.get(chosen) if chosen else self.academy.datasets.newest()

    @cached_property
    def adapters(self) -> Sequence[Adapter]:
        """All adapters, the newest first."""
        return self.academy.adapters.list()

    @cached_property
    def active(self) -> Adapter | None:
        """The adapter that answers in the chat."""
        return self.academy.adapters.active()

    @cached_property
    def proposal(self) -> Proposal | None:
        """The adapter that is proposed and waits for a decision."""
        return self.academy.professor.proposed() if self.academy.settings.enabled else None

    @cached_property
    def conversations(self) -> Sequence[Conversation]:
        """The conversations that have the words searched for, the latest first."""
        return self.academy.conversations.list(self.text("chat_query"))

    @cached_property
    def conversation(self) -> Conversation | None:
        """The conversation that the Chat tab shows; None for a new one, and for one that was deleted."""
        try:
            return self.academy.conversations.get(self.text("chat"))
        except NotFound:
            return None

    @cached_property
    def overview(self) -> dict[str, Any]:
        """Everything that the Overview tab shows."""
        return self.academy.machine.overview()

    @cached_property
    def base_models(self) -> Sequence[str]:
        """The base models to choose from."""
        return self.academy.training.base_models()

    @cached_property
    def queue(self) -> dict[str, int]:
        """The positions of the jobs in the queue, from 1."""
        queued = [job.job_id for job in self.academy.jobs.open() if job.status == "queued"]
        return {job_id: position for position, job_id in enumerate(queued, 1)}

    def percent(self, job: Job) -> float | None:
        """How far a job is, in percent of its steps; None before the first."""
        return self.academy.jobs.metrics(job)["progress_percent"]

    @cached_property
    def machine(self) -> dict[str, Any]:
        """GPUs, memory, disk and components."""
        return self.academy.machine.report()
