"""The few things that other programs may do through Gradio's MCP server, where the owner has switched it on (ACADEMY_MCP)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.session import ChatRequest
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.errors import AcademyError
from academy.jobs.spec import TrainingSpec

if TYPE_CHECKING:
    from academy.services import Academy


def add_tools(academy: Academy) -> None:
    """Adds the tools to the Blocks that is being built."""

    @_told
    def add_lesson(question: str, answer: str) -> str:
        """Keeps a question and the right answer as a lesson to train on.

        Args:
            question: what a person would ask
            answer: what the model should answer
        """
        lesson = academy.add_lesson(LessonIn(situation=question, action=answer, rating="good", metadata={"source": "mcp"}))
        return f"Kept as {lesson.lesson_id}."

    @_told
    def train() -> str:
        """Curates all lessons into a dataset and starts a training with settings chosen automatically; answers with the job's id."""
        made = academy.create_dataset(DatasetRequest(include_git=False))
        job = academy.train(TrainingSpec(dataset_id=made["dataset_id"], preset="auto"))
        return f"{made['message']} The training {job.job_id} is {job.status}."

    @_told
    def training_status(job_id: str) -> str:
        """Tells how far a training is, and why it failed if it did.

        Args:
            job_id: the id that `train` answered with
        """
        view = academy.job(job_id)
        words = [f"{view['status']}, step {view['step'] or 0} of {view['total_steps'] or '?'}."]
        return " ".join([*words, *(str(view[key]) for key in ("reason", "error") if view.get(key))])

    @_told
    def chat(message: str) -> str:
        """Asks the model that was trained (the active adapter, or the base model where there is none).

        Args:
            message: what to ask
        """
        return academy.chat(ChatRequest.model_validate({"messages": [{"role": "user", "content": message}], "temperature": 0})).text

    for tool in (add_lesson, train, training_status, chat):
        gr.api(tool, api_name=tool.__name__, queue=False)


def _told(tool: Callable[..., str]) -> Callable[..., str]:
    """An error that a person can act on reaches the other program as its sentence."""

    @functools.wraps(tool)
    def wrapped(*args: Any, **kwargs: Any) -> str:
        try:
            return tool(*args, **kwargs)
        except AcademyError as error:
            raise gr.Error(error.detail) from error

    return wrapped
