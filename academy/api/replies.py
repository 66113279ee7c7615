"""The requests and replies that exist only at the border; what the parts define themselves is used as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from academy.adapters.store import Adapter
from academy.api.wire import Id
from academy.curation.datasets import Manifest
from academy.curation.files.imports import FileReport
from academy.curation.files.uploads import UploadRecord
from academy.curation.lessons import Lesson
from academy.jobs.backends.docker.image import ImageState
from academy.jobs.store import Job, Status
from academy.messages import Text, render


class Reply(BaseModel):
    """A reply; fields beyond those listed may come with it."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class Asked(BaseModel):
    """A request's body or query; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())


class ErrorReply(BaseModel):
    """What is wrong and what to do."""

    detail: str | list[dict[str, Any]]
    reason_code: str | None = None


class Health(Reply):
    ok: bool = True
    version: str


class Done(Reply):
    success: bool = True
    message: str


# ---------------------------------------------------------------------------------------------------------- status


class Components(Reply):
    professor: bool
    dataset_curator: bool
    gpu_habitat: bool
    lessons_store: bool
    model_manager: bool


class GpuReply(Reply):
    name: str
    memory_total_mb: float | None = None
    memory_used_mb: float | None = None
    memory_free_mb: float | None = None
    utilization_percent: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None


class GpusReply(Reply):
    available: bool
    enabled: bool
    count: int
    gpus: list[GpuReply]
    message: str


class LessonFigures(Reply):
    total_lessons: int
    unique_tags: int
    tag_distribution: dict[str, int]
    oldest_lesson: str | None
    newest_lesson: str | None


class JobFigures(Reply):
    total: int
    queued: int
    preparing: int
    running: int
    finished: int
    failed: int
    cancelled: int


class ConfigReply(Reply):
    min_lessons: int
    training_interval_hours: float
    default_base_model: str
    backend: str


class StatusReply(Reply):
    enabled: bool
    version: str
    message: str = ""
    components: Components
    gpu: GpusReply
    lessons: LessonFigures
    jobs: JobFigures
    config: ConfigReply


# ---------------------------------------------------------------------------------------------------------- lessons


class LessonsQuery(Asked):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10**9)
    query: str = Field("", max_length=1000, description="Words that the lesson contains.")
    tag: str | None = Field(None, max_length=200)
    rating: Literal["good", "bad", "none"] | None = Field(None, description="'none' finds the lessons that nobody has rated.")


class LessonsReply(Reply):
    count: int = Field(description="How many match in all.")
    items: list[Lesson]


class Refusal(Reply):
    file: str
    row: int | None
    reason: str


class ImportReply(Reply):
    success: bool
    message: str
    read: int
    kept: int
    already_there: int
    refused: int
    refusals: list[Refusal] = Field(description="The first refused rows of each file, with the reason.")
    files: Sequence[FileReport]

    @classmethod
    def of(cls, reports: Sequence[FileReport]) -> ImportReply:
        """The files' reports, and their sums."""
        refusals = [
            Refusal.model_validate({"file": report.name, **(item if isinstance(item, dict) else item.model_dump())})
            for report in reports
            for item in report.refusals
        ]
        read, kept = sum(report.read for report in reports), sum(report.kept for report in reports)
        known, refused = sum(report.already_there for report in reports), sum(report.refused for report in reports)
        broken = [f"{report.name}: {report.error}" for report in reports if report.error]
        sentence = f"{kept} of {read} rows were kept, {known} of them were there already, {refused} were refused."
        return cls(
            success=len(broken) < len(reports),
            message=" ".join([sentence, *broken]),
            read=read,
            kept=kept,
            already_there=known,
            refused=refused,
            refusals=refusals,
            files=reports,
        )


class FeedbackIn(Asked):
    """A reply that somebody rates or corrects; it becomes a lesson."""

    question: str = Field(min_length=1, max_length=200_000)
    answer: str = Field(min_length=1, max_length=200_000)
    corrected: str | None = Field(None, min_length=1, max_length=200_000, description="What should have been answered.")
    rating: Literal["good", "bad"] | None = None
    history: list[list[str]] = Field(default=[], max_length=1000, description="Earlier turns as pairs of question and answer.")
    adapter_id: Id | None = Field(None, description="Who answered.")


# ---------------------------------------------------------------------------------------------------------- datasets


class UploadsReply(Reply):
    success: bool
    message: str
    files: Sequence[UploadRecord]

    @classmethod
    def of(cls, records: Sequence[UploadRecord]) -> UploadsReply:
        """File by file what became of it; a success if one was taken."""
        ready = sum(record.status == "ready" for record in records)
        errors = [f"{record.name}: {record.error}" for record in records if record.error]
        return cls(success=ready > 0, message=" ".join([f"{ready} of {len(records)} files were taken.", *errors]), files=records)


class UploadList(Reply):
    count: int
    items: Sequence[UploadRecord]


class DatasetFigures(Reply):
    total_examples: int
    sources: dict[str, int]
    lessons_collected: int
    git_commits_collected: int
    uploads_collected: int
    removed_low_quality: int
    removed_duplicates: int
    redacted_secrets: int
    avg_input_length: float
    avg_output_length: float
    train_examples: int
    eval_examples: int


class DatasetReply(Reply):
    success: bool
    dataset_id: str
    dataset_path: str
    statistics: DatasetFigures
    message: Text
    warnings: list[Text]


class PreviewReply(Reply):
    total_examples: int
    by_source: dict[str, int]
    removed_low_quality: int
    warnings: list[Text]
    samples: list[dict[str, Any]]


class DatasetList(Reply):
    count: int
    items: Sequence[Manifest]


class RowsQuery(Asked):
    offset: int = Field(0, ge=0, le=10**9)
    limit: int = Field(20, ge=1, le=500)
    part: Literal["train", "eval"] = "train"


class RowsReply(Reply):
    offset: int
    items: Sequence[dict[str, Any]]


class TokensIn(Asked):
    """Which rows to show as the model will see them."""

    base_model: str | None = Field(None, max_length=500)
    max_seq_length: int | None = Field(None, ge=256, le=8192)
    rows: list[int] = Field(default=[0], max_length=50, description="Numbers of rows, from 0.")


# ---------------------------------------------------------------------------------------------------------- jobs


class TrainReply(Reply):
    success: bool = True
    job_id: str
    message: str
    name: str
    status: Status
    parameters: dict[str, Any]
    reasons: list[str] = []

    @classmethod
    def of(cls, job: Job) -> TrainReply:
        """What was queued, with everything that will be used."""
        used = {"base_model": job.base_model, "dataset_id": job.dataset_id, "dataset_path": job.dataset_path, "backend": job.backend}
        return cls(
            job_id=job.job_id,
            message=f"{job.name} is {job.status}.",
            name=job.name,
            status=job.status,
            parameters=used | job.parameters,
            reasons=[render(reason) for reason in job.reasons],
        )


class JobDone(Reply):
    success: bool = True
    message: str
    job_id: str
    status: Status

    @classmethod
    def of(cls, job: Job, message: str) -> JobDone:
        """What was done to the job."""
        return cls(message=message, job_id=job.job_id, status=job.status)


class WorkerReply(Reply):
    pid: int | None = None
    backend: str | None = None
    container_id: str | None = None


class JobView(Reply):
    job_id: str
    kind: str = "train"
    status: Status
    logs: str
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    adapter_path: str | None = None
    error: str | None = None
    reason: str | None = None
    exit_code: int | None = None
    signal: str | int | None = None
    resumable: bool = False
    worker: WorkerReply | None = None
    step: int | None = None
    total_steps: int | None = None
    metrics: dict[str, Any] | None = None
    eta_seconds: float | None = None
    queue_position: int | None = None


class JobsQuery(Asked):
    limit: int = Field(50, ge=1, le=500)
    status: Status | None = None
    kind: str | None = Field(None, max_length=40)


class JobItem(Reply):
    job_id: str
    kind: str
    name: str
    status: Status
    created_at: str
    started_at: str | None
    finished_at: str | None
    dataset_path: str
    base_model: str
    backend: str
    parameters: dict[str, Any]
    output_dir: str
    adapter_path: str | None
    error: str | None


class JobsReply(Reply):
    count: int
    jobs: list[JobItem]


class PointsReply(Reply):
    points: Sequence[dict[str, Any]]


class LogQuery(Asked):
    lines: int = Field(500, ge=1, le=5000)


class LogLineReply(Reply):
    line: int
    message: str
    timestamp: str | None = None


class LogReply(Reply):
    first_line: int
    lines: list[LogLineReply]


class Place(Asked):
    """Where in the queue; 0 is next."""

    place: int = Field(ge=0, le=1_000_000)


class Freed(Reply):
    success: bool = True
    message: str
    freed_bytes: int


class ImageReply(Reply):
    image: str
    way: Literal["pull", "build"]
    status: Literal["ready", "missing", "getting", "failed", "cancelled", "unavailable"]
    message: Text
    fraction: float | None
    bytes_done: int | None
    bytes_total: int | None
    error: Text | None

    @classmethod
    def of(cls, state: ImageState) -> ImageReply:
        return cls(**vars(state))


# ---------------------------------------------------------------------------------------------------------- adapters


class AdapterReply(Reply):
    adapter_id: str
    adapter_path: str
    name: str
    base_model: str
    created_at: str
    training_params: dict[str, Any]
    is_active: bool
    dataset_id: str | None
    train_loss: float | None
    eval_loss: float | None
    baseline_eval_loss: float | None
    trainable_parameters: int | None
    size_bytes: int
    source: str

    @classmethod
    def of(cls, adapter: Adapter) -> AdapterReply:
        """The adapter under the contract's names."""
        return cls(
            adapter_id=adapter.adapter_id,
            adapter_path=str(adapter.path),
            name=adapter.name,
            base_model=adapter.base_model,
            created_at=adapter.created_at,
            training_params=adapter.parameters,
            is_active=adapter.is_active,
            dataset_id=adapter.dataset_id,
            train_loss=adapter.train_loss,
            eval_loss=adapter.eval_loss,
            baseline_eval_loss=adapter.baseline_eval_loss,
            trainable_parameters=adapter.trainable_parameters,
            size_bytes=adapter.size_bytes,
            source=adapter.source,
        )


class Activation(Asked):
    """Which adapter shall answer; `adapter_path` is accepted and ignored."""

    adapter_id: Id
    adapter_path: str | None = Field(None, max_length=4000)


class ActivationReply(Reply):
    success: bool = True
    message: str
    adapter_id: str
    adapter_path: str

    @classmethod
    def of(cls, adapter: Adapter) -> ActivationReply:
        """Who answers now."""
        return cls(message=f"{adapter.name} answers now.", adapter_id=adapter.adapter_id, adapter_path=str(adapter.path))


class NewName(Asked):
    """Another name; the id stays."""

    name: str = Field(min_length=1, max_length=80)


# ---------------------------------------------------------------------------------------------------------- chat


class ChatAnswer(Reply):
    text: str
    adapter_id: str | None
    base_model: str
    prompt_tokens: int
    completion_tokens: int
