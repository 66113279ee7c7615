"""The verbs of evaluations: examine an adapter or a base, read the reports of exams, delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, Places, find_base
from academy.config import Settings
from academy.curation.datasets import DatasetStore, Manifest
from academy.errors import Invalid, NotFound
from academy.jobs.kinds.evaluate import BASE, EvaluationRequest, EvaluationSpec
from academy.jobs.reading.reports import Report, brief_in, report_in, shown
from academy.jobs.running.runner import Runner
from academy.jobs.spec import KNOBS
from academy.jobs.store import ENDED, TEACHING, Inputs, Job, JobStore
from academy.messages import render
from academy.services.permission import Permission, changing, reading

_MOST_JOBS = 1000
_EARLIER_DATASETS = 3


class Evaluations:
    """Everything that can be done with exams and their reports; a training's own exam has the training's id."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        datasets: DatasetStore,
        adapters: AdapterStore,
        jobs: JobStore,
        runner: Runner,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._datasets = datasets
        self._adapters = adapters
        self._jobs = jobs
        self._runner = runner

    @changing
    def evaluate(self, request: EvaluationRequest) -> Job:
        """Queues an exam, after checking that everything it needs is there."""
        adapter = None if request.adapter_id == BASE else self._adapters.get(request.adapter_id)
        if adapter and request.base_model and request.base_model != adapter.base_model:
            raise Invalid("{adapter} was trained on {base}.", hint="Leave base_model out.", adapter=adapter.name, base=adapter.base_model)
        if adapter:
            self._adapters.check(adapter)
        name = adapter.base_model if adapter else request.base_model or self._settings.default_base_model
        base = find_base(name, Places.of(self._settings))
        manifest = self._dataset_of(request, adapter)
        training = {name: adapter.parameters[name] for name in KNOBS if name in adapter.parameters} if adapter else {}
        spec = EvaluationSpec(**request.model_dump(), training=training)
        return self._runner.submit(spec, self._inputs(adapter, base, manifest), kind="evaluate")

    @reading
    def list(self, limit: int = 50) -> Sequence[dict[str, Any]]:
        """The reports, newest first, without their tables; and the exams that wait or run."""
        found: list[dict[str, Any]] = []
        names = self._dataset_names()
        for job in self._jobs.list(_MOST_JOBS):
            if len(found) < limit and (item := _view(job, names)) is not None:
                found.append({name: value for name, value in item.items() if name not in ("items", "wordings")})
        return found

    @reading
    def get(self, report_id: str) -> dict[str, Any]:
        """One report; of an exam that has not ended, what is certain by now. Raises NotFound."""
        job = self._jobs.get(report_id)
        item = _view(job, self._dataset_names()) or (
            _without_report(job) if job.kind == "evaluate" and job.status in ("failed", "cancelled") else None
        )
        if item is None:
            raise NotFound("{job} has no report.", hint="POST /evaluations makes one of its adapter.", job=job.name)
        return item

    @reading
    def of_adapter(self, adapter_id: str) -> dict[str, Any]:
        """The report that tells of an adapter, its own before a later one: `report_id`, `known` and `verdict`, all None without one."""
        report = self._own(adapter_id) or self._later(adapter_id)
        if report is None:
            return {"report_id": None, "known": None, "verdict": None, "missing": 0}
        return {"report_id": report.id, "known": dict(report.known), "verdict": report.verdict, "missing": report.missing}

    @reading
    def by_adapter(self) -> dict[str, dict[str, Any]]:
        """By the adapter's id the newest report on the dataset that it learned from: `report_id`, `known`, `rephrased`, `verdict`."""
        found: dict[str, dict[str, Any]] = {}
        jobs = self._jobs.list(_MOST_JOBS)
        learned = {job.job_id: job.dataset_id for job in jobs}
        for job in jobs:
            adapter_id = job.continue_from if job.kind == "evaluate" else job.job_id
            if adapter_id in found or adapter_id is None or learned.get(adapter_id, job.dataset_id) != job.dataset_id:
                continue
            if job.status == "finished" and (brief := brief_in(job.folder)):
                found[adapter_id] = brief._asdict()
        return found

    @changing
    def delete(self, report_id: str) -> None:
        """Deletes a report; an exam that has not ended is cancelled. The job's record and log stay."""
        job = self._jobs.get(report_id)
        if job.kind == "evaluate" and job.status not in ENDED:
            self._runner.cancel(report_id)
        elif not job.folder.report.is_file():
            raise NotFound("{job} has no report.", hint="GET /evaluations lists those that have.", job=job.name)
        job.folder.report.unlink(missing_ok=True)

    def _dataset_names(self) -> dict[str, str]:
        return {item.id: item.name for item in self._datasets.list()}

    def _dataset_of(self, request: EvaluationRequest, adapter: Adapter | None) -> Manifest | None:
        if request.dataset_id:
            return self._datasets.get(request.dataset_id)
        if adapter and adapter.dataset_id and not request.questions:
            return next((item for item in self._datasets.list() if item.id == adapter.dataset_id), None)
        return None

    def _inputs(self, adapter: Adapter | None, base: Base, manifest: Manifest | None) -> Inputs:
        paths = {"dataset_path": manifest.path, "eval_path": manifest.eval_path} if manifest else {"dataset_path": "", "eval_path": None}
        found = {name: str(self._path(value)) if value else value for name, value in paths.items()}
        return Inputs(
            name=adapter.name if adapter else Path(base.name).name,
            dataset_id=manifest.id if manifest else None,
            dataset_path=found["dataset_path"] or "",
            eval_path=found["eval_path"],
            base_model=base.name,
            base_path=str(base.path),
            base_fingerprint=base.fingerprint,
            continue_from=adapter.adapter_id if adapter else None,
            continue_from_path=str(adapter.path) if adapter else None,
            earlier=self._earlier_datasets(adapter, manifest) if adapter and manifest else [],
            **(self._held_out(adapter, manifest) if adapter and manifest else {}),
        )

    def _held_out(self, adapter: Adapter, asked: Manifest) -> dict[str, Any]:
        """Which rows of a dataset the adapter's trainings held out, where they agree; what they hold out is the same at every reading."""
        taught = [job for job in self._jobs.line(adapter.adapter_id) if job.dataset_id == asked.id]
        found = {(job.golden_rows, job.measuring_rows) for job in taught}
        # A recipe trains what its own command takes, so it tells nothing of single rows.
        if len(found) != 1 or any(job.recipe for job in taught):
            return {}
        golden, measuring = found.pop()
        return {"golden_rows": golden, "measuring_rows": measuring}

    def _earlier_datasets(self, adapter: Adapter, asked: Manifest) -> list[str]:
        """The datasets of the adapter's own line, then those that its base was taught besides: an exam asks whether they are known."""
        done = [job for job in self._jobs.list(_MOST_JOBS, "finished", TEACHING) if job.base_model == adapter.base_model]
        taught = dict.fromkeys(job.dataset_id for job in [*self._jobs.line(adapter.adapter_id), *done] if job.dataset_id)
        return [name for name in taught if name != asked.id][:_EARLIER_DATASETS]

    def _path(self, named: str) -> Path:
        path = self._datasets.find_path(named)
        if not path.is_file():
            raise NotFound("The dataset's file {file} is missing.", hint="Curate it again.", file=path.name)
        return path

    def _own(self, adapter_id: str) -> Report | None:
        return report_in(self._jobs.get(adapter_id).folder) if adapter_id in self._jobs else None

    def _later(self, adapter_id: str) -> Report | None:
        jobs = self._jobs.list(_MOST_JOBS, "finished", "evaluate")
        return next((report for job in jobs if job.continue_from == adapter_id and (report := report_in(job.folder))), None)


def _view(job: Job, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The report of a job that has one, or the state of an exam that has not ended."""
    report = report_in(job.folder) if job.status in ENDED else None
    if report is not None:
        return shown(report, names) | {"job_id": job.job_id, "kind": job.kind, "name": job.name, "status": job.status, "error": None}
    return _without_report(job) if job.kind == "evaluate" and job.status not in ENDED else None


def _without_report(job: Job) -> dict[str, Any]:
    missing = ("rephrased", "held_out", "general", "drift", "verdict", "seconds", "known", "noise")
    empty: dict[str, Any] = {name: [] for name in ("earlier", "sentences", "remedies", "items")}
    return (
        dict.fromkeys(missing)
        | empty
        | {
            "id": job.job_id,
            "job_id": job.job_id,
            "kind": job.kind,
            "name": job.name,
            "status": job.status,
            "adapter_id": job.continue_from or BASE,
            "base_model": job.base_model,
            "dataset_id": job.dataset_id,
            "created_at": job.created_at,
            "error": render(job.error) if job.error else None,
        }
    )
