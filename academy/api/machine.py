"""Routes of the machine: health, status, disk, and the image for trainings in containers."""

from __future__ import annotations

from typing import Any, Literal

from academy import __version__
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Reply
from academy.jobs.backends.docker.image import ImageState
from academy.messages import Text

always = router(always=True, tags=["status"])
api = router()


class Health(Reply):
    ok: bool = True
    version: str


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
        """The state of the image."""
        return cls(**vars(state))


@always.get("/health")
def health() -> Health:
    """Whether the app answers; never needs a token."""
    return Health(version=__version__)


@always.get("/status")
def status(academy: TheAcademy) -> StatusReply:
    """What is there and what is missing, and why."""
    return StatusReply.model_validate(academy.machine.status())


@api.get("/disk", tags=["jobs"])
def disk(academy: TheAcademy) -> dict[str, Any]:
    """The bytes of each job, and the space on the disk."""
    return academy.machine.disk()


@api.get("/docker/image", tags=["docker"])
def image(academy: TheAcademy) -> ImageReply:
    """Whether the image that trainings in containers need is here, and the progress while it is pulled or built."""
    return ImageReply.of(academy.machine.image())


@api.post("/docker/image", tags=["docker"])
async def get_image(academy: TheAcademy, slow: Slow) -> ImageReply:
    """Begins to pull the image, or to build Academy's own; does nothing where it is here already."""
    return ImageReply.of(await slow.run(academy.machine.get_image))


@api.delete("/docker/image", tags=["docker"])
async def cancel_image(academy: TheAcademy, slow: Slow) -> ImageReply:
    """Stops pulling or building; an image that is here stays."""
    return ImageReply.of(await slow.run(academy.machine.cancel_image))
