"""A few tools for assistants that speak MCP: remember something, train, see how it goes and what came of it, promote, ask.

The page offers them with `gr.api`, and Gradio's MCP server shows what is public: these tools, and nothing else of the page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr

from academy.chat.request import ChatRequest
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn
from academy.errors import AcademyError
from academy.jobs.spec import TrainingSpec
from academy.ui.texts.translate import say

if TYPE_CHECKING:
    from academy.services.academy import Academy

_REPORTED = ("id", "adapter_id", "verdict", "sentences", "known", "rephrased", "earlier", "drift")
_STATUS = ("job_id", "name", "status", "step", "total_steps", "eta_seconds", "queue_position", "error", "reason", "adapter_path")


def add_tools(academy: Academy) -> None:
    """Adds the tools to the Blocks that is being built, where the owner has switched them on (ACADEMY_MCP)."""
    for tool in [*tools(academy), *judging(academy)]:
        gr.api(_with_errors(tool), api_name=tool.__name__, queue=False)


def tools(academy: Academy) -> list[Callable[..., Any]]:
    """The tools; an assistant sees their names, arguments and docstrings."""

    def add_lesson(question: str, answer: str, tags: str = "") -> dict[str, Any]:
        """Remember a question and its right answer, to be learned with the next training.

        Args:
            question: A question that a person may ask.
            answer: The answer that it should get.
            tags: Words to find it by, separated by commas.
        """
        words = [word.strip() for word in tags.split(",") if word.strip()]
        values = {"situation": question, "action": answer, "tags": words, "rating": "good"}
        lesson = academy.lessons.add(LessonIn.model_validate(values))
        return {"lesson_id": lesson.lesson_id, "total_lessons": academy.lessons.statistics()["total_lessons"]}

    def start_training(name: str = "", effort: Literal["auto", "quick", "balanced", "thorough"] = "auto") -> dict[str, Any]:
        """Make a dataset of all lessons and train an adapter with it; returns at once with the job's id.

        Args:
            name: The name of the result; empty: after the dataset.
            effort: How much time to spend.
        """
        made = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))
        values = {"dataset_id": made["dataset_id"], "preset": effort, "name": name}
        job = academy.training.train(TrainingSpec.model_validate(values))
        return {"job_id": job.job_id, "name": job.name, "dataset": say(made["message"]), "reasons": [*map(say, job.reasons)]}

    def training_status(job_id: str = "") -> dict[str, Any]:
        """Say how a training is doing.

        Args:
            job_id: Its id; empty: the newest.
        """
        if not job_id:
            newest = academy.jobs.list(limit=1)
            if not newest:
                return {"status": "none", "message": "No training has been started yet."}
            job_id = newest[0].job_id
        status = academy.jobs.view(job_id)
        return {key: status.get(key) for key in _STATUS} | {"loss": (status.get("metrics") or {}).get("latest_loss")}

    def ask(question: str, adapter_id: str = "") -> dict[str, Any]:
        """Ask the trained model.

        Args:
            question: The question.
            adapter_id: An adapter's id, or "base" for the base model alone; empty: the active adapter.
        """
        request = {"messages": [{"role": "user", "content": question}], "adapter_id": adapter_id or None}
        reply = academy.chat.ask(ChatRequest.model_validate(request))
        return {"text": reply.text, "adapter_id": reply.adapter_id, "base_model": reply.base_model}

    return [add_lesson, start_training, training_status, ask]


def judging(academy: Academy) -> list[Callable[..., Any]]:
    """The tools for what came of trainings, and for which adapter answers."""

    def training_report(job_id: str) -> dict[str, Any]:
        """Say what a training taught and what was forgotten: the verdict, its reasons, and the counts.

        Args:
            job_id: The training's id, which is also its adapter's.
        """
        report = academy.evaluations.get(job_id)
        return {key: report[key] for key in _REPORTED} | {"general": _brief(report["general"])}

    def proposals() -> dict[str, Any]:
        """Say which adapter is proposed to answer, with the reasons, which one answers now, and how a person voted in the arena."""
        active = academy.adapters.active()
        ranking = academy.arena.ranking()
        return {
            "proposed": [item.as_dict() for item in academy.professor.proposals() if item.state == "open"],
            "active": active.name if active else None,
            "arena": {"votes": ranking["votes"], "sentence": say(ranking["sentence"])},
        }

    def promote(proposal_id: str) -> dict[str, Any]:
        """Let a proposed adapter answer in the chat, once a person has agreed; `roll_back` takes it back.

        Args:
            proposal_id: The id of the proposal.
        """
        return {"active": academy.professor.accept(proposal_id).name}

    def roll_back() -> dict[str, Any]:
        """Let the adapter answer that answered before the present one."""
        return {"active": academy.adapters.roll_back().name}

    return [training_report, proposals, promote, roll_back]


def _brief(general: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: general[key] for key in ("right_before", "right_after", "of")} if general else None


def _with_errors(tool: Callable[..., Any]) -> Callable[..., Any]:
    """An AcademyError reaches the assistant as its message and hint."""

    @functools.wraps(tool)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return tool(*args, **kwargs)
        except AcademyError as error:
            raise gr.Error(error.detail) from error

    return wrapped
