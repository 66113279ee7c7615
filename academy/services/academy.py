"""Academy: what one can do. Every endpoint and every handler of the page is one call of a method here."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from academy import __version__, professor
from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, BaseFacts, facts, fingerprint, resolve_base
from academy.chat.line import Reply
from academy.chat.request import ChatReply, ChatRequest
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation import tokens as preview
from academy.curation.curate import Curated, Sources, curate
from academy.curation.datasets import DatasetStore, Manifest
from academy.curation.examples import DatasetRequest, Example
from academy.curation.files import imports
from academy.curation.files.imports import FileReport
from academy.curation.files.uploads import UploadRecord, UploadStore
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import Lesson, LessonIn, LessonPage, LessonPatch
from academy.errors import AcademyError, Conflict, Forbidden, Invalid, NotFound, Refused, TooLarge, Unavailable
from academy.files import disk_errors, folder_bytes
from academy.habitat import Habitat
from academy.jobs import backends, presets, recipes
from academy.jobs.backends.docker.image import ImageState, TrainingImage
from academy.jobs.reading import log as job_log
from academy.jobs.reading import progress, view
from academy.jobs.recipes import Recipe
from academy.jobs.running.dry_run import dry_run
from academy.jobs.running.runner import Runner
from academy.jobs.spec import TrainingSpec, resolve
from academy.jobs.store import ENDED, Inputs, Job, JobStore
from academy.messages import Text, render

log = logging.getLogger("academy")

SAMPLES = Path(__file__).parents[1] / "curation" / "samples.json"
_MAX_FILES = 10


class Academy:
    """The whole application without its page: stores, the runner, the chat, and the verbs that span them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lessons = LessonStore(settings.data_dir / "lessons.db")
        self.uploads = UploadStore(settings.uploads_dir, settings.max_upload_mb)
        # Files whose import a killed app left behind still hold their secrets.
        shutil.rmtree(settings.data_dir / "incoming", ignore_errors=True)
        self.datasets = DatasetStore(settings.training_dir)
        self.job_store = JobStore(settings.training_dir)
        self.adapters = AdapterStore(settings.models_dir, settings.training_dir)
        self.session = ChatSession(settings, self.adapters)
        self._backends = backends.build(settings)
        self.habitat = Habitat(settings, self._backends["docker"].look)
        self.training_image = TrainingImage(settings)
        self.runner = Runner(settings, self.job_store, self._backends, in_use=self.adapters.active_id)
        self.job_store.on_change.append(self._share_the_gpu)
        self._dry = threading.Lock()
        self._only_shows = False
        self._warmed = False

    def start(self) -> None:
        """Begins to run jobs; what was running when the app ended is watched again."""
        if not self.settings.enabled:
            return
        if self.settings.space_id and not self.settings.token:
            self._demonstrate()
        self.runner.start()

    def close(self) -> None:
        """Ends the app's part; trainings go on."""
        self.session.close()
        self.runner.close()
        self.lessons.close()
        self.job_store.close()

    # ---------------------------------------------------------------- overview

    def status(self) -> dict[str, Any]:
        """Contract, section 1, row 1: answers also when Academy is disabled, and says what is missing."""
        gpus = self.habitat.gpus()
        training = self.habitat.training()
        messages = [] if self.settings.enabled else ["Academy is disabled (ENABLE_ACADEMY=false); set it to true and start again."]
        messages += [] if training.ok else [f"{training.reason} {training.remedy}"]
        return {
            "enabled": self.settings.enabled,
            "version": __version__,
            "message": " ".join(messages),
            "components": {
                "professor": self.settings.enabled,
                "dataset_curator": self.settings.enabled,
                "gpu_habitat": bool(gpus),
                "lessons_store": True,
                "model_manager": training.ok,
            },
            "details": [component.rendered() for component in self.habitat.components()],
            "gpu": {
                "available": bool(gpus),
                "enabled": self.settings.enable_gpu,
                "count": len(gpus),
                "gpus": [asdict(gpu) for gpu in gpus],
                "message": render(self.habitat.gpu_message()),
            },
            "lessons": self.lessons.statistics(),
            "jobs": self.job_store.counts(),
            "config": {
                "min_lessons": self.settings.min_lessons,
                "training_interval_hours": self.settings.training_interval_hours,
                "default_base_model": self.settings.default_base_model,
                "backend": self.settings.backend,
            },
        }

    def overview(self) -> dict[str, Any]:
        """All that the page's Overview and its top line show."""
        active = self.adapters.active()
        running = self.runner.busy()
        return {
            "enabled": self.settings.enabled,
            "habitat": self.habitat.report(),
            "lessons": self.lessons.statistics(),
            "jobs": self.job_store.counts(),
            "running": running.as_dict() if running else None,
            "datasets": len(self.datasets.list()),
            "adapters": len(self.adapters.list()),
            "active": asdict(active) | {"path": str(active.path)} if active else None,
            "advice": asdict(self.advice()),
            "chat": self.session.state(),
            "damaged": self._damaged(),
        }

    def advice(self) -> professor.Advice:
        """Whether it is time to train, and what is missing."""
        last = next(iter(self.job_store.list(limit=1, status="finished")), None)
        total = self.lessons.statistics()["trainable_lessons"]
        seen = 0
        if last and last.dataset_id:
            with contextlib.suppress(NotFound):
                seen = int(self.datasets.get(last.dataset_id).statistics.get("lessons_collected", 0))
        return professor.advise(
            lessons=total,
            new_lessons=max(0, total - seen),
            min_lessons=self.settings.min_lessons,
            last_training=last.finished_at if last else None,
            interval_hours=self.settings.training_interval_hours,
        )

    # ----------------------------------------------------------------- lessons

    def add_lesson(self, lesson: LessonIn) -> Lesson:
        """Keeps a lesson; secrets in it are redacted first."""
        self._changeable()
        return self.lessons.add(lesson)

    def list_lessons(
        self, limit: int = 50, offset: int = 0, query: str = "", tag: str | None = None, rating: str | None = None
    ) -> LessonPage:
        """The lessons that match, newest first."""
        self._enabled()
        return self.lessons.search(query, tag=tag, rating=rating, limit=limit, offset=offset)

    def get_lesson(self, lesson_id: str) -> Lesson:
        """One lesson; raises NotFound."""
        self._enabled()
        return self.lessons.get(lesson_id)

    def update_lesson(self, lesson_id: str, patch: LessonPatch) -> Lesson:
        """Changes the fields that are given."""
        self._changeable()
        return self.lessons.update(lesson_id, patch)

    def delete_lesson(self, lesson_id: str) -> None:
        """Deletes a lesson; datasets made from it stay as they are."""
        self._changeable()
        self.lessons.delete(lesson_id)

    def import_lessons(self, files: list[tuple[str, BinaryIO]], mapping: dict[str, str] | None = None) -> list[FileReport]:
        """Reads lessons from files of any known form; each file has its own row-exact report."""
        self._changeable()
        self._check_count(files)
        return [self._import_one(name, stream, mapping) for name, stream in files]

    def load_samples(self) -> FileReport:
        """Adds the shipped sample lessons, once."""
        self._changeable()
        with open(SAMPLES, "rb") as stream:
            return self._import_one(SAMPLES.name, stream, None)

    def remove_samples(self) -> int:
        """Takes the sample lessons out again; the user's own stay."""
        self._changeable()
        return self.lessons.remove_where("sample")

    def correct_reply(
        self,
        question: str,
        answer: str,
        *,
        corrected: str | None = None,
        rating: str | None = None,
        history: list[list[str]] | None = None,
        adapter_id: str | None = None,
    ) -> Lesson:
        """Turns a reply that was rated or corrected into the next lesson."""
        metadata: dict[str, Any] = {"source": "chat", "adapter_id": adapter_id}
        if history:
            metadata["history"] = history
        lesson = LessonIn.model_validate(
            {
                "situation": question,
                "action": corrected if corrected is not None else answer,
                "rejected": answer if corrected is not None else None,
                "rating": "good" if corrected is not None else rating,
                "tags": ["chat"],
                "metadata": metadata,
            }
        )
        return self.add_lesson(lesson)

    # ----------------------------------------------------------------- uploads

    def upload(self, files: list[tuple[str, BinaryIO]], mapping: dict[str, str] | None = None) -> list[UploadRecord]:
        """Takes files over as sources of datasets; partial success, file by file."""
        self._changeable()
        self._check_count(files)
        return [self.uploads.add(stream, name, mapping=mapping) for name, stream in files]

    def list_uploads(self) -> list[UploadRecord]:
        """The uploaded files, newest first."""
        self._enabled()
        return self.uploads.list()

    def upload_report(self, upload_id: str) -> FileReport:
        """What became of each row of an uploaded file."""
        self._enabled()
        return self.uploads.report(upload_id)

    def delete_upload(self, upload_id: str) -> None:
        """Deletes an uploaded file; datasets made from it stay as they are."""
        self._changeable()
        self.uploads.delete(upload_id)

    # ---------------------------------------------------------------- datasets

    def preview_dataset(self, request: DatasetRequest) -> dict[str, Any]:
        """Contract, section 1, row 3: what a dataset would be; writes nothing, but reads any repository, so a demonstration refuses it."""
        self._changeable()
        curated = self._curate(request)
        return {
            "total_examples": curated.statistics["total_examples"],
            "by_source": curated.by_source,
            "removed_low_quality": curated.statistics["removed_low_quality"],
            "warnings": curated.warnings,
            "samples": [_shown(example) for example in curated.train[:5]],
            "statistics": curated.statistics,
            "sentence": curated.sentence,
        }

    def create_dataset(self, request: DatasetRequest, progress: Callable[[float, Text], None] | None = None) -> dict[str, Any]:
        """Contract, section 1, row 2: curates the sources into frozen files with a manifest."""
        self._changeable()
        curated = self._curate(request, progress)
        if uploads := curated.sources.get("uploads"):
            # By name too: the files may be deleted, the dataset stays.
            uploads["files"] = [self.uploads.get(upload).name for upload in request.upload_ids]
        manifest = self.datasets.write(
            curated.train,
            curated.eval,
            request.format,
            name=request.name or self._dataset_name(request, curated),
            statistics=curated.statistics,
            sources=curated.sources,
            request=request.model_dump(),
            dropped=[item.row() for item in curated.dropped],
            redactions=curated.redactions,
            warnings=curated.warnings,
        )
        return {
            "success": True,
            "dataset_id": manifest.id,
            "dataset_path": manifest.path,
            "name": manifest.name,
            "statistics": curated.statistics,
            "message": curated.sentence,
            "warnings": curated.warnings,
        }

    def list_datasets(self) -> list[Manifest]:
        """All datasets, newest first."""
        self._enabled()
        return self.datasets.list()

    def get_dataset(self, dataset_id: str) -> Manifest:
        """A dataset's manifest with what was dropped and why."""
        self._enabled()
        return self.datasets.get(dataset_id)

    def delete_dataset(self, dataset_id: str) -> None:
        """Deletes a dataset; raises Conflict while a job or an adapter rests on it."""
        self._changeable()
        manifest = self.datasets.get(dataset_id)
        for job in self.job_store.list():
            if job.status not in ENDED and (job.dataset_id == dataset_id or job.dataset_path == manifest.path):
                raise Conflict(f"{manifest.name} is in use by the job {job.name}.", hint="Cancel it, or wait until it has ended.")
        for adapter in self.adapters.list():
            if adapter.dataset_id == dataset_id:
                raise Conflict(f"The adapter {adapter.name} was trained on {manifest.name}.", hint="Delete that adapter first.")
        self.datasets.delete(dataset_id)

    def dataset_rows(self, dataset_id: str, offset: int = 0, limit: int = 20, part: str = "train") -> list[dict[str, Any]]:
        """Rows of a dataset as they stand in its file."""
        self._enabled()
        return self.datasets.rows(dataset_id, offset, limit, part)

    def diff_datasets(self, first: str, second: str) -> dict[str, Any]:
        """What the second has that the first had not, and the other way round."""
        self._enabled()
        return self.datasets.diff(first, second)

    def inspect_tokens(
        self, dataset_id: str, base_model: str | None = None, max_seq_length: int | None = None, rows: Iterable[int] = ()
    ) -> dict[str, Any]:
        """The dataset as the model will see it: token lengths of all rows, coloured tokens of the named ones."""
        self._enabled()
        manifest = self.datasets.get(dataset_id)
        if not self.habitat.training().ok:
            raise Unavailable("Counting tokens needs the training libraries.", hint=self.habitat.training().remedy)
        base = self._local_base(base_model or self.settings.default_base_model)
        return preview.inspect_tokens(
            base, self.datasets.find_path(manifest.path), max_seq_length or self.settings.max_seq_length, list(rows)
        )

    # -------------------------------------------------------------------- jobs

    def train(self, spec: TrainingSpec, idempotency_key: str | None = None) -> Job:
        """Queues a training, after checking all that can be checked before; the same key gives the same job."""
        self._changeable()
        if idempotency_key and (known := self.job_store.by_key(idempotency_key)):
            return known
        resolved, inputs = self._plan(spec)
        return self.runner.submit(resolved, inputs, idempotency_key=idempotency_key)

    def plan(self, spec: TrainingSpec) -> dict[str, Any]:
        """What `train` would do: all values, the reasons, and what stands against it; starts nothing."""
        self._enabled()
        try:
            resolved, inputs = self._plan(spec)
        except AcademyError as error:
            return {"spec": None, "reasons": [], "problems": [error.detail], "name": ""}
        return {
            "spec": resolved.model_dump(),
            "reasons": [render(reason) for reason in inputs.reasons],
            "problems": [],
            "name": inputs.name,
        }

    def dry_run(self, spec: TrainingSpec) -> dict[str, Any]:
        """Two steps on the longest rows: peak memory, seconds a step, time for all; out of memory is found here."""
        self._changeable()
        if busy := self.runner.busy():
            raise Conflict(f"{busy.name} is training.", hint="Try again when it has ended; a second one would falsify the measurement.")
        resolved, inputs = self._plan(spec)
        if not self._dry.acquire(blocking=False):
            raise Conflict("A try is already going on.", hint="Wait until it has answered.")
        try:
            if self.habitat.gpus():
                self.session.step_aside("A training is being tried out.")
            return dry_run(self.settings, self._backends, resolved, inputs) | {
                "reasons": [render(reason) for reason in inputs.reasons],
                "spec": resolved.model_dump(),
            }
        finally:
            self.session.come_back()
            self._dry.release()

    def job(self, job_id: str) -> dict[str, Any]:
        """Contract, section 1, row 8, with the name and the doctor's remedy."""
        self._enabled()
        job = self.job_store.get(job_id)
        return view.view(job, self.runner.queue_position(job_id), self.runner.silence(job_id)) | {"disk": self.runner.usage(job)}

    def job_record(self, job_id: str) -> Job:
        """The job's line in the journal."""
        self._enabled()
        return self.job_store.get(job_id)

    def jobs(self, limit: int = 50, status: str | None = None, kind: str | None = None) -> list[Job]:
        """The jobs, newest first."""
        self._enabled()
        return self.job_store.list(limit, status, kind)

    def jobs_with_size(self, limit: int = 50, status: str | None = None, kind: str | None = None) -> list[dict[str, Any]]:
        """The jobs, newest first, each with the bytes that its folder takes."""
        return [job.as_dict() | {"size_bytes": self.runner.usage(job)["total"]} for job in self.jobs(limit, status, kind)]

    def rename_job(self, job_id: str, name: str) -> Job:
        """Gives a job another name, and its adapter with it, if there is one."""
        self._changeable()
        job = self.runner.rename(job_id, name)
        if job.adapter_path:
            with contextlib.suppress(NotFound):
                self.adapters.rename(job_id, name)
        return job

    def cancel(self, job_id: str) -> Job:
        """Ends a job without keeping anything but its checkpoints."""
        self._changeable()
        return self.runner.cancel(job_id)

    def stop(self, job_id: str) -> Job:
        """Ends a job and keeps the adapter as it is now."""
        self._changeable()
        return self.runner.stop(job_id)

    def resume(self, job_id: str, changes: dict[str, Any] | None = None) -> Job:
        """Queues a failed or cancelled job again; it goes on at its newest complete checkpoint."""
        self._changeable()
        return self.runner.resume(job_id, changes)

    def retry(self, job_id: str, changes: dict[str, Any] | None = None) -> Job:
        """Queues a new job with the same spec, or with the changed knobs."""
        self._changeable()
        job = self.job_store.get(job_id)
        known = {name: value for name, value in job.parameters.items() if name in TrainingSpec.model_fields}
        values = known | {
            "name": job.name,
            "dataset_path": job.dataset_path,
            "base_model": job.base_model,
            "backend": job.backend,
            "recipe": job.recipe,
            "continue_from": job.continue_from,
            "preset": None,
        }
        values |= {"dataset_id": job.dataset_id, "dataset_path": None} if job.dataset_id else {}
        values |= changes or {}
        return self.train(TrainingSpec.model_validate({key: value for key, value in values.items() if value is not None}))

    def move_job(self, job_id: str, place: int) -> Job:
        """Puts a waiting job at a place of the queue; 1 is next."""
        self._changeable()
        return self.runner.move(job_id, place)

    def list_recipes(self) -> list[Recipe]:
        """The owner's own training commands; raises Invalid where their file cannot be used."""
        self._enabled()
        return list(recipes.load(self.settings.data_dir / "recipes.toml").values())

    def points(self, job_id: str) -> list[dict[str, Any]]:
        """Contract, section 1, row 10: each step once, in order."""
        self._enabled()
        return progress.points(self.job_store.get(job_id))

    def log_tail(self, job_id: str, lines: int = 500) -> tuple[list[Any], int]:
        """The last lines of a job's log and the number of the first of them."""
        self._enabled()
        return job_log.tail_log(self.job_store.get(job_id), lines)

    def log_file(self, job_id: str) -> Path:
        """The whole log as a file; raises NotFound where nothing was logged yet."""
        self._enabled()
        path = self.job_store.get(job_id).folder.log
        if path.is_symlink() or not path.is_file():
            raise NotFound(f"{job_id} has no log yet.", hint="It begins with the start of the trainer.")
        return path

    def disk(self) -> dict[str, Any]:
        """What takes how much: bytes for each job, in all, and what is free."""
        folder = self.settings.models_dir
        jobs = {job.job_id: folder_bytes(folder / job.job_id) for job in self.job_store.list()}
        return {"jobs": jobs, "total_bytes": sum(jobs.values()), **self.habitat.disk()}

    def clean_job(self, job_id: str) -> int:
        """Deletes the checkpoints of an ended job and returns the bytes that became free; it can then not be resumed."""
        self._changeable()
        return self.runner.delete_checkpoints(job_id)

    def image(self) -> ImageState:
        """Whether the image that trainings in containers need is here, on its way, or missing."""
        self._enabled()
        return self.training_image.state()

    def get_image(self) -> ImageState:
        """Begins to pull or build that image, which goes on by itself."""
        self._changeable()
        return self.training_image.get()

    def cancel_image(self) -> ImageState:
        """Stops pulling or building it."""
        self._changeable()
        return self.training_image.cancel()

    def clean_old_checkpoints(self) -> int:
        """Deletes the checkpoints of all finished jobs but the active adapter's, and returns the bytes that became free."""
        self._changeable()
        return self.runner.delete_old_checkpoints()

    # ---------------------------------------------------------------- adapters

    def list_adapters(self) -> list[Adapter]:
        """All complete adapters, newest first."""
        self._enabled()
        return self.adapters.list()

    def activate(self, adapter_id: str) -> Adapter:
        """Lets an adapter answer in the chat; a broken one is refused and the old one stays."""
        self._changeable()
        return self.session.activate(adapter_id)

    def deactivate(self) -> Adapter | None:
        """Lets the base model answer; returns the adapter that answered before."""
        self._changeable()
        return self.session.deactivate()

    def roll_back(self) -> Adapter:
        """Activates the adapter that was active before this one."""
        self._changeable()
        previous = self.adapters.previous()
        if previous is None:
            raise Conflict("There is no earlier adapter to go back to.", hint="Activate one from the list.")
        return self.session.activate(previous.adapter_id)

    def delete_adapter(self, adapter_id: str) -> None:
        """Deletes an adapter that is not active; the job's record, log and metrics stay."""
        self._changeable()
        self.adapters.delete(adapter_id)

    def rename_adapter(self, adapter_id: str, name: str) -> Adapter:
        """Gives an adapter another name; its id stays."""
        self._changeable()
        return self.adapters.rename(adapter_id, name)

    # -------------------------------------------------------------------- chat

    def chat(self, request: ChatRequest) -> ChatReply:
        """One reply, whole."""
        self._enabled()
        return self.session.reply(request)

    def chat_stream(self, request: ChatRequest) -> Reply:
        """The reply piece by piece, and at the end the whole with its figures; returns at once, with the request in line."""
        self._enabled()
        return self.session.stream(request)

    def warm_chat(self) -> None:
        """Begins to load the model when somebody opens the chat, once: what failed is told at the first question, not tried again."""
        if self.settings.enabled and not self._warmed:
            self._warmed = True
            self.session.warm()

    def stop_chat(self) -> None:
        """Ends the reply in progress; what was said stays."""
        self.session.stop()

    # ----------------------------------------------------------------- helpers

    def _enabled(self) -> None:
        if not self.settings.enabled:
            raise Unavailable("Academy is disabled.", hint="Set ENABLE_ACADEMY=true and start it again.")

    def _changeable(self) -> None:
        self._enabled()
        if self._only_shows:
            raise Forbidden("This is a demonstration and only shows.", hint="Duplicate the Space and set the secret ACADEMY_TOKEN.")

    def _demonstrate(self) -> None:
        """Fills an empty demonstration with the main job, done for real: samples, dataset, training, activation."""
        if not self.job_store.list(limit=1):
            self.load_samples()
            made = self.create_dataset(DatasetRequest.model_validate({"include_git": False}))
            self.train(TrainingSpec.model_validate({"dataset_id": made["dataset_id"], "preset": "auto"}))
        self.job_store.on_change.append(self._show)
        self._only_shows = True

    def _show(self, job: Job) -> None:
        if job.status == "finished" and self.adapters.active() is None:
            self.session.activate(job.job_id)

    def _damaged(self) -> list[str]:
        found = []
        if self.job_store.damaged:
            found.append(f"{self.job_store.damaged} damaged lines of jobs.jsonl were set aside; all others were read.")
        if self.lessons.damaged:
            found.append(str(self.lessons.damaged))
        return found

    def _check_count(self, files: list[tuple[str, BinaryIO]]) -> None:
        if not files:
            raise Invalid("There is no file in the request.", hint="Send at least one in the field 'files'.")
        if len(files) > _MAX_FILES:
            raise Invalid(f"{len(files)} files at once are too many.", hint=f"Send at most {_MAX_FILES}.")

    def _import_one(self, name: str, stream: BinaryIO, mapping: dict[str, str] | None) -> FileReport:
        folder = self.settings.data_dir / "incoming"
        with disk_errors(name):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=folder, suffix=Path(name).suffix[:10]) as file:
                try:
                    self._copy(stream, file, name)
                except TooLarge as error:
                    return FileReport(name=name, kind="", read=0, kept=0, refused=0, refusals=[], error=error.text)
                return imports.import_file(Path(file.name), name, self.lessons, mapping=mapping)

    def _copy(self, stream: BinaryIO, file: Any, name: str) -> None:
        left = self.settings.max_upload_mb << 20
        while chunk := stream.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise TooLarge(f"{name} is larger than {self.settings.max_upload_mb} MB.", hint="Split it, or raise ACADEMY_MAX_UPLOAD_MB.")
            file.write(chunk)
        file.flush()

    def _curate(self, request: DatasetRequest, progress: Callable[[float, Text], None] | None = None) -> Curated:
        self._enabled()
        return curate(
            request,
            Sources(lessons=self.lessons.trainable, uploads=self.uploads.as_examples, counts=self.lessons.counts),
            default_repo=self.settings.git_repo,
            lessons_limit=self.settings.max_lessons,
            commits_limit=self.settings.git_commits_limit,
            progress=progress,
        )

    def _dataset_name(self, request: DatasetRequest, curated: Curated) -> str:
        """What is in it, by its sources; numbered where another dataset is called the same."""
        names = []
        for source in curated.by_source:
            if source == "lessons":
                samples = self.lessons.count_where("sample")
                names.append("handbook" if samples and samples == self.lessons.search(limit=1).count else "lessons")
            elif source == "git":
                names.append(Path(request.git_repo_path or str(self.settings.git_repo)).name or "commits")
            else:
                files = [Path(self.uploads.get(upload).name).stem[:40] or "file" for upload in request.upload_ids]
                names.append(files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else ""))
        name = " + ".join(names)[:70]
        taken = {manifest.name for manifest in self.datasets.list()}
        return name if name not in taken else next(new for n in itertools.count(2) if (new := f"{name} ({n})") not in taken)

    def _plan(self, asked: TrainingSpec) -> tuple[TrainingSpec, Inputs]:
        """The resolved spec and the job's inputs, with the Professor's reasons; raises what stands against the training."""
        manifest, path, eval_path = self._dataset_of(asked)
        rows = self.datasets.check_file(path)
        if not rows:
            raise Invalid(f"{path.name} holds no example.", hint="Curate a dataset with at least one.")
        if asked.continue_from:
            continued = self.adapters.get(asked.continue_from)
            if asked.base_model and asked.base_model != continued.base_model:
                raise Invalid(f"{continued.name} was trained on {continued.base_model}.", hint="Continue it on the same base model.")
            asked = asked.model_copy(update={"base_model": continued.base_model})
        base = resolve_base(asked.base_model or self.settings.default_base_model)
        known = facts(base.path) if base.path else None
        chosen, reasons = self._choose(asked, base, known, path, rows, eval_path is not None)
        spec = resolve(asked, chosen, self.settings).model_copy(update={"base_model": base.name})
        self._check_parts(spec)
        name = asked.name or self._job_name(manifest.name if manifest else path.stem)
        return spec, Inputs(
            name=name,
            dataset_id=manifest.id if manifest else None,
            dataset_path=str(path),
            eval_path=str(eval_path) if eval_path else None,
            base_model=base.name,
            base_path=str(base.path) if base.path else None,
            base_fingerprint=fingerprint(base.path) if base.path else None,
            continue_from=asked.continue_from,
            continue_from_path=str(self.adapters.get(asked.continue_from).path) if asked.continue_from else None,
            reasons=list(reasons),
        )

    def _dataset_of(self, asked: TrainingSpec) -> tuple[Manifest | None, Path, Path | None]:
        if asked.dataset_id and asked.dataset_path:
            raise Invalid("Both dataset_id and dataset_path are given.", hint="Give one of them.")
        if asked.dataset_path:
            path = self.datasets.find_path(asked.dataset_path)
            manifest = next((item for item in self.datasets.list() if Path(item.path) == path), None)
        else:
            manifest = self.datasets.get(asked.dataset_id) if asked.dataset_id else self.datasets.newest()
            if manifest is None:
                raise Refused("There is no dataset to train on.", hint="Curate one first: POST /dataset, or the Dataset tab.")
            path = self.datasets.find_path(manifest.path)
        if not path.is_file():
            raise NotFound(f"The dataset's file {path.name} is not there any more.", hint="Curate it again.")
        eval_path = self.datasets.find_path(manifest.eval_path) if manifest and manifest.eval_path else None
        return manifest, path, eval_path

    def _choose(
        self, asked: TrainingSpec, base: Base, known: BaseFacts | None, path: Path, rows: int, has_eval: bool
    ) -> tuple[dict[str, Any], list[str]]:
        if asked.preset is None:
            return {}, []
        mean, longest = _token_lengths(path, base.path)
        gpus = self.habitat.gpus()
        choice = presets.choose(
            asked.preset,
            presets.Facts(
                rows=rows,
                mean_tokens=mean,
                max_tokens=longest,
                base=known,
                gpu_memory_mb=gpus[0].memory_free_mb if gpus else 0,
                memory_mb=self.habitat.memory()["available_mb"],
                has_eval=has_eval,
            ),
        )
        return choice.values, [render(reason) for reason in choice.reasons]

    def _check_parts(self, spec: TrainingSpec) -> None:
        if spec.recipe:
            return
        if backends.BACKENDS[spec.backend or self.settings.backend].in_image:
            component = self.habitat.docker()
        elif spec.quantization != "none" and not self.habitat.library("bitsandbytes").ok:
            component = self.habitat.library("bitsandbytes")
        else:
            component = self.habitat.training()
        if not component.ok:
            raise Unavailable(component.reason, hint=component.remedy)

    def _job_name(self, stem: str) -> str:
        pattern = re.compile(re.escape(stem) + r"-(\d+)$")
        numbers = [int(found[1]) for job in self.job_store.list(limit=1000) if (found := pattern.match(job.name))]
        return f"{stem[:70]}-{max(numbers, default=0) + 1}"

    def _local_base(self, name: str) -> Path:
        base = resolve_base(name)
        if base.path is None:
            raise Refused(f"{name} has not been fetched yet.", hint="Start a training with it, which fetches it, or name a local folder.")
        return base.path

    def _share_the_gpu(self, job: Job) -> None:
        if not self.habitat.gpus():
            return
        if job.status in ("preparing", "running"):
            self.session.step_aside(f"{job.name} is training on the GPU.")
        elif job.status in ENDED and self.runner.busy() is None:
            self.session.come_back()


def _shown(example: Example) -> dict[str, Any]:
    return {
        "source": example.source,
        "origin": example.origin,
        "turns": [{"role": turn.role, "content": turn.content} for turn in example.turns],
    }


def _token_lengths(path: Path, base_path: Path | None, sample: int = 2000) -> tuple[float, int]:
    """Mean and largest length in tokens: counted with the base's own tokenizer where it is there, else three characters a token."""
    texts = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            texts.append(_text_of(json.loads(line)))
    texts.sort(key=len)
    # The longest ones decide about memory, evenly spread ones about the mean.
    picked = texts[-200:] + texts[:: max(1, len(texts) // sample)]
    tokenizer_file = base_path / "tokenizer.json" if base_path else None
    if tokenizer_file and tokenizer_file.is_file():
        with contextlib.suppress(ImportError):
            from tokenizers import Tokenizer  # only there with the training libraries

            tokenizer = Tokenizer.from_file(str(tokenizer_file))
            lengths = [len(encoding.ids) + 12 for encoding in tokenizer.encode_batch(picked)]
            return sum(lengths[200:] or lengths) / max(1, len(lengths[200:] or lengths)), max(lengths)
    lengths = [len(text) // 3 + 12 for text in picked]
    return sum(lengths) / len(lengths), max(lengths)


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "\n".join(_text_of(item) for item in value.values())
    if isinstance(value, list):
        return "\n".join(_text_of(item) for item in value)
    return ""
