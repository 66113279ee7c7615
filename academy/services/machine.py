"""The verbs of the machine and of the whole: status, overview, advice, disk, the training image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from academy import __version__
from academy.config import Settings
from academy.curation.lesson_store import LessonStore
from academy.files import folder_bytes
from academy.habitat import Component, Gpu, Habitat
from academy.jobs.backends.docker.image import ImageState, TrainingImage
from academy.jobs.store import TEACHING, JobStore
from academy.messages import count, join, render
from academy.professor.advice import Advice, advise
from academy.services.permission import Permission, changing, reading


class Machine:
    """What there is, what is missing, and what to do next. All but the image answers also where Academy is disabled."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        habitat: Habitat,
        image: TrainingImage,
        lessons: LessonStore,
        jobs: JobStore,
        new_lessons: Callable[[], int],
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._habitat = habitat
        self._image = image
        self._lessons = lessons
        self._jobs = jobs
        self._new_lessons = new_lessons

    def status(self) -> dict[str, Any]:
        """Contract, section 1, row 1: what there is, and what is missing and why."""
        gpus = self._habitat.gpus()
        training = self._habitat.training()
        enabled = self._settings.enabled
        messages = [] if enabled else ["Academy is disabled (ENABLE_ACADEMY=false); set it to true and start again."]
        messages += [] if training.ok else [render(join(training.reason, training.remedy))]
        return {
            "enabled": enabled,
            "version": __version__,
            "message": " ".join(messages),
            "components": {
                "professor": enabled,
                "dataset_curator": enabled,
                "gpu_habitat": bool(gpus),
                "lessons_store": True,
                "model_manager": training.ok,
            },
            "details": [component.rendered() for component in self._habitat.components()],
            "gpu": {
                "available": bool(gpus),
                "enabled": self._settings.enable_gpu,
                "count": len(gpus),
                "gpus": [asdict(gpu) for gpu in gpus],
                "message": render(self._habitat.gpu_message()),
            },
            "lessons": self._lessons.statistics(),
            "jobs": self._jobs.counts(),
            "config": {
                "min_lessons": self._settings.min_lessons,
                "training_interval_hours": self._settings.training_interval_hours,
                "default_base_model": self._settings.default_base_model,
                "backend": self._settings.backend,
            },
        }

    def overview(self) -> dict[str, Any]:
        """What the page's Overview shows beyond the lists of the other stages."""
        advice = self.advice()
        return {
            "enabled": self._settings.enabled,
            "lessons": self._lessons.statistics(),
            "advice": {
                "ready": advice.ready,
                "sentence": render(advice.sentence),
                "missing": [render(text) for text in advice.missing],
                "new_lessons": advice.new_lessons,
            },
            "damaged": self._damaged(),
        }

    def advice(self) -> Advice:
        """Whether it is time to train, and what is missing."""
        last = next(iter(self._jobs.list(limit=1, status="finished", kind=TEACHING)), None)
        return advise(
            lessons=self._lessons.statistics()["trainable_lessons"],
            new_lessons=self._new_lessons(),
            min_lessons=self._settings.min_lessons,
            last_training=last.finished_at if last else None,
            interval_hours=self._settings.training_interval_hours,
        )

    def report(self) -> dict[str, Any]:
        """GPUs, memory, disk and every component, each with its reason and remedy."""
        return self._habitat.report()

    def gpus(self) -> Sequence[Gpu]:
        """The NVIDIA GPUs that Academy may use."""
        return self._habitat.gpus()

    def memory(self) -> dict[str, int]:
        """Main memory in MiB: total and available, within a container's limit."""
        return self._habitat.memory()

    def space(self) -> dict[str, int]:
        """The disk of the data folder in MiB: total, used and free."""
        return self._habitat.disk()

    def libraries(self) -> Component:
        """Whether the training libraries are installed, else what to do."""
        return self._habitat.training()

    def disk(self) -> dict[str, Any]:
        """The bytes of each job and of all together, and the disk of the data folder in MiB."""
        folder = self._settings.models_dir
        jobs = {job.job_id: folder_bytes(folder / job.job_id) for job in self._jobs.list()}
        return {"jobs": jobs, "total_bytes": sum(jobs.values()), **self._habitat.disk()}

    @reading
    def image(self) -> ImageState:
        """Whether the image that trainings in containers need is present, in progress, or missing."""
        return self._image.state()

    @changing
    def get_image(self) -> ImageState:
        """Begins to pull or build that image, in the background."""
        return self._image.get()

    @changing
    def cancel_image(self) -> ImageState:
        """Stops pulling or building it."""
        return self._image.cancel()

    def _damaged(self) -> Sequence[str]:
        damages = []
        if self._jobs.damaged:
            damages.append(
                render(
                    count(
                        self._jobs.damaged,
                        one="One damaged line of jobs.jsonl was set aside; all others were read.",
                        other="{n} damaged lines of jobs.jsonl were set aside; all others were read.",
                    )
                )
            )
        if self._lessons.damaged:
            damages.append(render(self._lessons.damaged))
        return damages
