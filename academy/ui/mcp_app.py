"""A few tools for assistants that speak MCP: remember something, train, look how it goes, ask.

The page offers them with `gr.api(tool)`; Gradio's MCP server then shows what is public, which nothing else of the page is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from academy.chat.request import ChatRequest
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy


def tools(academy: Academy) -> list[Callable[..., Any]]:
    """The tools; their names, arguments and first sentences are what an assistant sees of them."""

    def add_lesson(question: str, answer: str, tags: str = "") -> dict[str, Any]:
        """Remember a question and its right answer, to be learned with the next training.

        Args:
            question: What somebody may ask.
            answer: What shall be answered.
            tags: Words to find it by, separated by commas.
        """
        words = [word.strip() for word in tags.split(",") if word.strip()]
        lesson = academy.add_lesson(LessonIn.model_validate({"situation": question, "action": answer, "tags": words, "rating": "good"}))
        return {"lesson_id": lesson.lesson_id, "total_lessons": academy.lessons.statistics()["total_lessons"]}

    def start_training(name: str = "", effort: Literal["auto", "quick", "balanced", "thorough"] = "auto") -> dict[str, Any]:
        """Make a dataset of all lessons and train an adapter with it; returns at once with the job's id.

        Args:
            name: What to call the result; empty: after the dataset.
            effort: How much time to spend.
        """
        made = academy.create_dataset(DatasetRequest.model_validate({"include_git": False}))
        asked = {"dataset_id": made["dataset_id"], "preset": effort, "name": name}
        job = academy.train(TrainingSpec.model_validate(asked))
        return {"job_id": job.job_id, "name": job.name, "dataset": str(made["message"]), "reasons": job.as_dict()["reasons"]}

    def training_status(job_id: str = "") -> dict[str, Any]:
        """Say how a training is doing.

        Args:
            job_id: Which one; empty: the newest.
        """
        if not job_id:
            newest = academy.jobs(limit=1)
            if not newest:
                return {"status": "none", "message": "No training has been started yet."}
            job_id = newest[0].job_id
        view = academy.job(job_id)
        shown = ("job_id", "name", "status", "step", "total_steps", "eta_seconds", "queue_position", "error", "reason", "adapter_path")
        return {key: view.get(key) for key in shown} | {"loss": (view.get("metrics") or {}).get("latest_loss")}

    def ask(question: str, adapter_id: str = "") -> dict[str, Any]:
        """Ask the trained model.

        Args:
            question: What to ask.
            adapter_id: Who shall answer: an adapter's id, "base" for the base model alone; empty: the active adapter.
        """
        request = {"messages": [{"role": "user", "content": question}], "adapter_id": adapter_id or None}
        reply = academy.chat(ChatRequest.model_validate(request))
        return {"text": reply.text, "adapter_id": reply.adapter_id, "base_model": reply.base_model}

    return [add_lesson, start_training, training_status, ask]
