"""Judges each adapter that was trained or examined: proposes it, says why not, or has the rival measured first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from academy.adapters.store import Adapter, AdapterStore
from academy.curation.datasets import DatasetStore
from academy.errors import AcademyError
from academy.jobs.kinds.evaluate import EvaluationRequest
from academy.jobs.reading.reports import Report, report_in
from academy.jobs.store import ENDED, TEACHING, Job, JobStore
from academy.messages import Text, msg
from academy.professor.gate import Case, Count, Judgement, judge
from academy.professor.proposals import Decision, Decisions, Proposal, ProposalStore
from academy.services.evaluations import Evaluations

_MOST_JOBS = 1000


class Promotion:
    """The doing of the gate; `on_proposal` is called with each new proposal."""

    def __init__(
        self,
        datasets: DatasetStore,
        adapters: AdapterStore,
        jobs: JobStore,
        evaluations: Evaluations,
        proposals: ProposalStore,
        decisions: Decisions,
    ) -> None:
        self._datasets = datasets
        self._adapters = adapters
        self._jobs = jobs
        self._evaluations = evaluations
        self._proposals = proposals
        self._decisions = decisions
        self.on_proposal: list[Callable[[Proposal], object]] = []

    def after(self, job: Job) -> None:
        """What follows from the end of a training or an evaluation."""
        if job.status not in ENDED or job.kind not in TEACHING | {"evaluate"} or job.dry_run:
            return
        if waiting := self._waits_for(job):
            if job.status == "finished":
                self._consider(str(waiting.about.get("adapter_id")), job.dataset_id)
            else:
                told = msg("{rival} could not be measured, so there is no comparison.", rival=job.name)
                self._decisions.add(Decision("failed", [told], about=waiting.about | {"job_id": None}))
        elif job.status == "finished" and (adapter_id := job.job_id if job.kind in TEACHING else job.continue_from):
            self._consider(adapter_id, job.dataset_id)

    def catch_up(self) -> None:
        """Judges the newest training where the app ended before the gate saw it."""
        newest = next(iter(self._jobs.list(1, "finished", TEACHING)), None)
        if newest and not any(item.about.get("adapter_id") == newest.job_id for item in self._decisions.last()):
            self.after(newest)

    def consider(self, adapter: Adapter) -> Judgement | None:
        """Judges an adapter on the dataset that it learned from, now; None where it has no report on it or answers already."""
        return self._consider(adapter.adapter_id, adapter.dataset_id, again=True)

    def opinion(self, adapter: Adapter) -> Judgement | None:
        """What the gate says of an adapter, without proposing anything."""
        case = self._case(adapter.adapter_id, adapter.dataset_id)
        return judge(case) if case else None

    def settle(self, active_id: str | None) -> None:
        """Ends the open proposal where its adapter answers now, or another one than it was compared with."""
        found = self._proposals.open()
        if found and found.adapter_id == active_id:
            self._proposals.decide(found.id, "accepted")
        elif found and found.against != active_id:
            self._proposals.decide(found.id, "superseded")

    def _consider(self, adapter_id: str, dataset_id: str | None, *, again: bool = False) -> Judgement | None:
        case = self._case(adapter_id, dataset_id)
        if case is None:
            return None
        adapter, rival = self._adapters.get(adapter_id), self._adapters.active()
        before = self._decided(adapter_id, rival)
        if before and before.state != "open" and not again:
            return None  # the person has decided about these two
        found = judge(case)
        about = {"adapter_id": adapter_id, "report_id": case.candidate.id, "against": rival.adapter_id if rival else None}
        if found.outcome == "unmeasured" and rival:
            return self._measure(rival, str(dataset_id), found, about, adapter.name)
        if found.outcome == "proposed" and (better := self._better_than(case)):
            found = better
        if before and before.state == "open":
            if found.outcome == "refused":
                self._proposals.decide(before.id, "superseded")
        elif found.outcome == "proposed":  # also where the person declined it before and asks again
            names = (rival.adapter_id, rival.name) if rival else (None, "")
            made = self._proposals.add(adapter_id, adapter.name, found.reasons, case.candidate.id, *names)
            for hook in self.on_proposal:
                hook(made)
        if found.outcome == "proposed":
            decision = Decision("proposed", [msg("{name} is proposed.", name=adapter.name), *found.reasons], about=about)
        else:
            decision = Decision("refused", [msg("{name} is not proposed.", name=adapter.name), *found.reasons], about=about)
        self._decisions.add(decision)
        return found

    def _case(self, adapter_id: str, dataset_id: str | None) -> Case | None:
        """What the gate looks at; None without a report on the dataset, without the adapter, and for the one that answers."""
        rival = self._adapters.active()
        if dataset_id is None or (rival and rival.adapter_id == adapter_id) or not self._has(adapter_id):
            return None
        reports = self._reports()
        candidate = _of(reports, adapter_id, dataset_id)
        if candidate is None:
            return None
        names = {manifest.id: manifest.name for manifest in self._datasets.list()}
        if rival is None:
            return Case(candidate, names=names)
        known = _known([report for report in reports if report.adapter_id == rival.adapter_id])
        return Case(candidate, rival.name, _of(reports, rival.adapter_id, dataset_id), known, names)

    def _better_than(self, case: Case) -> Judgement | None:
        """The refusal, where the adapter that is proposed already is as good."""
        found = self._proposals.open()
        if found is None or found.adapter_id == case.candidate.adapter_id or not self._has(found.adapter_id):
            return None
        other = _of(self._reports(), found.adapter_id, case.candidate.dataset_id or "")
        if other is None:
            return None
        compared = judge(Case(case.candidate, found.name, other, names=case.names))
        if compared.outcome == "proposed":
            return None
        already = msg("{name} is proposed already.", name=found.name)
        return Judgement("refused", (already, *compared.reasons))

    def _measure(self, rival: Adapter, dataset_id: str, found: Judgement, about: dict[str, str | None], name: str) -> Judgement:
        """Queues an exam of the rival on the dataset; the gate looks again when it ends."""
        try:
            job = self._being_measured(rival, dataset_id)
            job = job or self._evaluations.evaluate(EvaluationRequest(adapter_id=rival.adapter_id, dataset_id=dataset_id))
        except AcademyError as error:
            told: list[Text] = [msg("{name} cannot be compared with {rival}.", name=name, rival=rival.name), error.text]
            self._decisions.add(Decision("failed", told, about=about))
            return Judgement("refused", tuple(told))
        told = [msg("{rival} is measured on what {name} learned, to compare the two.", rival=rival.name, name=name)]
        self._decisions.add(Decision("measures", told, about=about | {"job_id": job.job_id}))
        return Judgement(found.outcome, tuple(told))

    def _being_measured(self, rival: Adapter, dataset_id: str) -> Job | None:
        jobs = [job for job in self._jobs.open_jobs() if job.kind == "evaluate" and job.dataset_id == dataset_id]
        return next((job for job in jobs if job.continue_from == rival.adapter_id), None)

    def _waits_for(self, job: Job) -> Decision | None:
        """The decision that waits for this evaluation."""
        if job.kind != "evaluate":
            return None
        return next((item for item in self._decisions.last() if item.what == "measures" and item.about.get("job_id") == job.job_id), None)

    def _decided(self, adapter_id: str, rival: Adapter | None) -> Proposal | None:
        """The newest proposal of the adapter beside the same rival."""
        against = rival.adapter_id if rival else None
        found = (item for item in self._proposals.list() if item.adapter_id == adapter_id and item.against == against)
        return next((item for item in found if item.state != "superseded"), None)

    def _has(self, adapter_id: str) -> bool:
        return any(item.adapter_id == adapter_id for item in self._adapters.list())

    def _reports(self) -> list[Report]:
        """The reports of adapters, the newest first."""
        return [report for job in self._jobs.list(_MOST_JOBS, "finished") if (report := _report(job))]


def _report(job: Job) -> Report | None:
    """The report of a job, under the ids of the journal: in a container the program could write any."""
    adapter_id = job.job_id if job.kind in TEACHING else job.continue_from if job.kind == "evaluate" else None
    report = report_in(job.folder) if adapter_id and job.dataset_id else None
    return report.model_copy(update={"id": job.job_id, "adapter_id": adapter_id, "dataset_id": job.dataset_id}) if report else None


def _of(reports: Sequence[Report], adapter_id: str, dataset_id: str) -> Report | None:
    """The newest report of an adapter on a dataset."""
    return next((report for report in reports if (report.adapter_id, report.dataset_id) == (adapter_id, dataset_id)), None)


def _known(reports: Sequence[Report]) -> dict[str, Count]:
    """What an adapter knows of datasets, by their ids, as the newest report on each says."""
    found: dict[str, Count] = {}
    for report in reports:
        if report.dataset_id:
            found.setdefault(report.dataset_id, Count(report.known.rows, report.known.of))
        for item in report.earlier:
            found.setdefault(item.dataset_id, Count(item.known_after, item.of))
    return found
