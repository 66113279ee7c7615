"""The verbs of exports: make one of an adapter, list them, find a file, delete."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from academy.adapters.pushing import Pushes
from academy.adapters.store import Adapter, AdapterStore
from academy.arena.questions import QuestionStore
from academy.bases import BASE_MISSING, Base, Places, find_base
from academy.bases.folders import BaseFacts
from academy.bases.writing import missing
from academy.config import Settings
from academy.curation.datasets import DatasetStore, Manifest
from academy.errors import AcademyError, Conflict, NotFound, Refused
from academy.files import check_name
from academy.jobs.kinds.export import ExportRequest, ExportSpec, file_bytes
from academy.jobs.reading.exports import Export, ExportFile, export_in
from academy.jobs.reading.reports import report_in
from academy.jobs.running.runner import Runner
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from academy.messages import Text
from academy.services.evaluations import Evaluations
from academy.services.permission import Permission, changing, reading

_MOST_JOBS = 1000
_MOST_GOLDEN = 48
_FIGURES = ("known", "rephrased", "general")
_WITHOUT_BASE = frozenset({"adapter", "bundle"})  # formats that need no base model
_LOCAL = frozenset({"name", "dataset_id", "dataset_path", "base_model", "continue_from"})  # settings that name things of this machine
_FORMS = (("gguf", "q8_0"), ("gguf", "q4_k_m"), ("gguf", "f16"), ("merged", ""), ("adapter", ""), ("bundle", ""))


@dataclass(frozen=True)
class Form:
    """One way to export an adapter: its bytes, roughly, and why it is not possible here."""

    format: str
    quantization: str
    size_bytes: int | None
    missing: Text | None = None

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.format}:{self.quantization}" if self.quantization else self.format


@dataclass(frozen=True)
class Exported:
    """A finished export of an adapter, and the job that made it."""

    job_id: str
    record: Export

    @property
    def size_bytes(self) -> int:
        """The bytes of all its files."""
        return sum(file.size_bytes for file in self.record.files)


class Exports:
    """Everything that can be done with exports; the files lie in the folders of the jobs that made them."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        adapters: AdapterStore,
        datasets: DatasetStore,
        jobs: JobStore,
        runner: Runner,
        evaluations: Evaluations,
        questions: QuestionStore,
        pushes: Pushes,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._adapters = adapters
        self._datasets = datasets
        self._jobs = jobs
        self._runner = runner
        self._evaluations = evaluations
        self._questions = questions
        self._pushes = pushes
        self._lock = threading.Lock()

    @changing
    def export(self, adapter_id: str, request: ExportRequest) -> Job:
        """Queues an export, after checking that all it needs is there; a second one of the same form gets a number."""
        adapter = self._adapters.get(adapter_id)
        base = self._base_of(adapter, request.format)
        manifest = self._manifest_of(adapter)
        if reason := _missing(adapter, manifest, base.path if base else None, request.format, request.quantization):
            raise Refused(reason)
        facts = base.facts if base else None
        with self._lock:
            spec = self._spec(adapter, request, facts, manifest)
            return self._runner.submit(spec, self._inputs(adapter, base, manifest), kind="export")

    @reading
    def list(self, adapter_id: str) -> Sequence[Exported]:
        """The finished exports of an adapter, newest first."""
        found = [(job, export_in(job.folder)) for job in self._of(adapter_id) if job.status == "finished"]
        return [Exported(job.job_id, record) for job, record in found if record is not None]

    @reading
    def counts(self) -> dict[str, int]:
        """The number of finished exports by the adapter's id."""
        return Counter(job.continue_from for job in self._jobs.list(_MOST_JOBS, "finished", "export") if job.continue_from)

    @reading
    def unfinished(self, adapter_id: str) -> Sequence[Job]:
        """The exports of an adapter that wait, run or failed, newest first; a failure that a later export followed is left out."""
        jobs = self._of(adapter_id)
        newest_end = next((at for at, job in enumerate(jobs) if job.status == "finished"), len(jobs))
        return [job for at, job in enumerate(jobs) if job.status not in ENDED or (job.status == "failed" and at < newest_end)]

    @reading
    def file(self, adapter_id: str, name: str) -> tuple[Path, ExportFile]:
        """The path of a file of an export, with its size and checksum; raises NotFound."""
        check_name(name, "file name")
        for job in self._of(adapter_id):
            record = export_in(job.folder) if job.status == "finished" else None
            file = next((file for file in record.files if file.name == name), None) if record else None
            path = job.folder.export / name
            if file is not None and path.is_file() and not path.is_symlink():
                return path, file
        raise NotFound("There is no export {name!r} of this adapter.", hint="GET its exports lists them.", name=name)

    @reading
    def one(self, adapter_id: str, name: str) -> Exported:
        """The export that a file belongs to; raises NotFound."""
        self.file(adapter_id, name)
        return next(item for item in self.list(adapter_id) if any(file.name == name for file in item.record.files))

    @reading
    def forms(self, adapter_id: str) -> Sequence[Form]:
        """What an adapter can be exported as, with the bytes that each form takes and why one cannot be made."""
        adapter = self._adapters.get(adapter_id)
        manifest = self._manifest_of(adapter)
        try:
            base = find_base(adapter.base_model, Places.of(self._settings))
        except AcademyError as error:
            lost = [(kind, name, _missing(adapter, manifest, None, kind, name)) for kind, name in _FORMS]
            return [
                Form(kind, name, adapter.size_bytes if kind == "adapter" else None, why if kind in _WITHOUT_BASE else error.text)
                for kind, name, why in lost
            ]
        facts, path = base.facts, base.path
        assert facts is not None
        assert path is not None
        found = []
        for kind, quantization in _FORMS:
            size = file_bytes(kind, quantization, facts.bytes, facts.parameters, adapter.size_bytes)
            found.append(Form(kind, quantization, size, _missing(adapter, manifest, path, kind, quantization)))
        return found

    @changing
    def delete(self, adapter_id: str, name: str) -> int:
        """Deletes the export that a file belongs to, with all its files and its job; returns the freed bytes."""
        found = self.one(adapter_id, name)
        self._check_still(found.job_id, name)
        return self._runner.delete(found.job_id)

    @changing
    def delete_all(self, adapter_id: str) -> None:
        """Deletes all exports of an adapter, before the adapter itself; raises Conflict where one is being made."""
        jobs = self._of(adapter_id)
        if any(job.status not in ENDED for job in jobs):
            raise Conflict("The adapter is being exported.", hint="Cancel the export, or wait until it has ended.")
        for job in jobs:
            self._check_still(job.job_id, job.parameters["stem"])
        for job in jobs:
            self._runner.delete(job.job_id)

    def _check_still(self, job_id: str, name: str) -> None:
        if self._pushes.is_running(job_id):
            raise Conflict("{name} is being pushed.", hint="Wait until that has ended, or cancel it.", name=name)

    def _of(self, adapter_id: str) -> Sequence[Job]:
        return [job for job in self._jobs.list(_MOST_JOBS, kind="export") if job.continue_from == adapter_id]

    def _manifest_of(self, adapter: Adapter) -> Manifest | None:
        return next((item for item in self._datasets.list() if item.id == adapter.dataset_id), None) if adapter.dataset_id else None

    def _base_of(self, adapter: Adapter, format: str) -> Base | None:
        """The base model, once the adapter is checked with it; None where it is gone and the format does not need it."""
        try:
            base = find_base(adapter.base_model, Places.of(self._settings))
            self._adapters.check(adapter)
        except Refused as error:
            if error.code == BASE_MISSING and format in _WITHOUT_BASE:
                return None
            raise
        return base

    def _spec(self, adapter: Adapter, request: ExportRequest, facts: BaseFacts | None, manifest: Manifest | None) -> ExportSpec:
        return ExportSpec(
            **request.model_dump(),
            stem=self._free_stem(adapter, request),
            adapter_id=adapter.adapter_id,
            adapter_name=adapter.name,
            base=adapter.base_model,
            base_bytes=facts.bytes if facts else 0,
            base_parameters=facts.parameters if facts else 0,
            adapter_bytes=adapter.size_bytes,
            license=facts.license if facts else "",
            strength=adapter.strength,
            steps=adapter.steps,
            train_rows=adapter.train_rows,
            created_at=adapter.created_at,
            dataset_name=manifest.name if manifest else "",
            training={name: value for name, value in adapter.parameters.items() if name not in _LOCAL},
            figures=self._figures(adapter),
            questions=[
                {"question": item.question, "expected": item.expected} for item in self._questions.list()[:_MOST_GOLDEN] if item.expected
            ],
        )

    def _inputs(self, adapter: Adapter, base: Base | None, manifest: Manifest | None) -> Inputs:
        files = {"dataset_path": manifest.path, "eval_path": manifest.eval_path} if manifest else {}
        paths = {name: self._datasets.find_path(value) for name, value in files.items() if value}
        there = {name: str(path) for name, path in paths.items() if path.is_file()}
        return Inputs(
            name=adapter.name,
            dataset_id=manifest.id if manifest else None,
            dataset_path=there.get("dataset_path", ""),
            eval_path=there.get("eval_path"),
            base_model=base.name if base else "",
            base_path=str(base.path) if base else None,
            base_fingerprint=base.fingerprint if base else None,
            continue_from=adapter.adapter_id,
            continue_from_path=str(adapter.path),
        )

    def _free_stem(self, adapter: Adapter, request: ExportRequest) -> str:
        """A name for the files that no export of this adapter has: the adapter's name, the form, and a number where it is needed."""
        word = re.sub(r"[^A-Za-z0-9._-]+", "-", adapter.name).strip("-._")[:60] or "adapter"
        form = request.quantization if request.format == "gguf" else request.format
        taken = {job.parameters.get("stem") for job in self._of(adapter.adapter_id) if job.status not in ("failed", "cancelled")}
        number, stem = 1, f"{word}-{form}"
        while stem in taken:
            number += 1
            stem = f"{word}-{form}-{number}"
        return stem

    def _figures(self, adapter: Adapter) -> dict[str, Any]:
        report_id = self._evaluations.of_adapter(adapter.adapter_id)["report_id"]
        report = report_in(self._jobs.get(report_id).folder) if report_id in self._jobs else None
        if report is None:
            return {}
        values = report.model_dump()
        return {name: values[name] for name in _FIGURES if values.get(name)}


def _missing(adapter: Adapter, manifest: Manifest | None, base: Path | None, format: str, quantization: str) -> Text | None:
    """Why an adapter cannot be exported in this form, where that is known before; None where nothing is missing."""
    if format == "gguf" and base is not None:
        return missing(base, quantization)
    if format == "bundle" and manifest is None:
        return "Its dataset is gone, so its training cannot be repeated."
    if format == "bundle" and adapter.parameters.get("method", "sft") != "sft":
        return "It learned from preferences, which the bundle cannot repeat."
    return None
