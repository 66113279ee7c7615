"""The autopilot at work: curates and trains when its gates are open; the exam and the gate then follow as after every training."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.adapters.store import AdapterStore
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.errors import AcademyError, log_and_go_on
from academy.files import now, read_json, write_json
from academy.habitat import Habitat
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import JobStore
from academy.messages import Text, msg
from academy.professor.advice import Advice
from academy.professor.autopilot import Plan, Situation, Window, decide
from academy.professor.proposals import Decision, Decisions, ProposalStore
from academy.services.datasets import Datasets
from academy.services.training import Training

log = logging.getLogger(__name__)

TICK_SECONDS = 60.0


@dataclass(frozen=True)
class _Run:
    """What was begun last, as its file holds it: an app that ends in between goes on where it was."""

    id: str
    at: str
    dataset_id: str | None = None
    job_id: str | None = None
    failed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something of it is left to do here."""
        return self.job_id is None and not self.failed


class Autopilot:
    """One thread; `tick()` does all there is to do now."""

    def __init__(
        self,
        settings: Settings,
        advice: Callable[[], Advice],
        datasets: Datasets,
        training: Training,
        jobs: JobStore,
        adapters: AdapterStore,
        session: ChatSession,
        habitat: Habitat,
        proposals: ProposalStore,
        decisions: Decisions,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._settings = settings
        self._advice = advice
        self._datasets = datasets
        self._training = training
        self._jobs = jobs
        self._adapters = adapters
        self._session = session
        self._habitat = habitat
        self._proposals = proposals
        self._decisions = decisions
        self._clock = clock
        self._file = settings.training_dir / "autopilot.json"
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to look once a minute, where the owner has switched it on."""
        if self._settings.autopilot and not self._settings.only_shows and self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="autopilot", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread; a training that it began goes on."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def plan(self) -> Plan:
        """What it would do now, and why."""
        return decide(self._situation(_read(self._file)))

    def tick(self) -> None:
        """Goes on with what was begun, else begins where nothing stands against it; every change of mind is recorded."""
        run = _read(self._file)
        if run and run.is_open:
            self._go_on(run)
            return
        plan = decide(self._situation(run))
        if plan.act == "waits":
            self._note(plan)
            return
        run = self._write(_Run(f"autopilot_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}", now()))
        self._decisions.add(Decision("curates", plan.sentences, about={"run": run.id}))
        self._go_on(run)

    def _loop(self) -> None:
        while not self._end.is_set():
            with log_and_go_on("The autopilot's tick", log):
                self.tick()
            self._end.wait(TICK_SECONDS)

    def _go_on(self, run: _Run) -> None:
        try:
            if run.dataset_id is None:
                request = DatasetRequest(name="autopilot", include_git=self._settings.git_repo is not None)
                run = self._write(replace(run, dataset_id=str(self._datasets.create(request)["dataset_id"])))
            active = self._adapters.active()
            values = {"dataset_id": run.dataset_id, "preset": "auto", "base_model": active.base_model if active else None}
            advised = self._training.plan(TrainingSpec.model_validate(values))["continuing"]
            if advised and advised["choice"] == "continue":
                values["continue_from"] = advised["adapter_id"]
            # By its key the same run gives the same job, also where the app ended between the two lines.
            job = self._training.train(TrainingSpec.model_validate(values), idempotency_key=run.id)
        except AcademyError as error:
            self._write(replace(run, failed=True))
            told: list[Text] = ["The autopilot could not train.", error.text]
            self._decisions.add(Decision("failed", told, about={"run": run.id}))
            return
        self._write(replace(run, job_id=job.job_id))
        about = {"run": run.id, "dataset_id": run.dataset_id, "job_id": job.job_id}
        told = [
            msg("{job} is trained; then it is measured, and proposed if it is better.", job=job.name),
            *([advised["sentence"]] if advised else []),
            *job.reasons,
        ]
        self._decisions.add(Decision("trains", told, about=about))

    def _note(self, plan: Plan) -> None:
        """Records what it waits for where that has changed; the hours that remain change all the time."""
        last = next((item for item in self._decisions.last() if item.what in ("waits", "trains", "curates")), None)
        if last is None or last.what != "waits" or [*map(_template, last.sentences)] != [*map(_template, plan.sentences)]:
            self._decisions.add(Decision("waits", plan.sentences))

    def _situation(self, run: _Run | None) -> Situation:
        proposed, moment = self._proposals.open(), self._clock()
        return Situation(
            missing=self._advice().missing,
            hour=moment.hour + moment.minute / 60,
            window=Window.of(self._settings.autopilot_hours),
            begun_hours_ago=(moment - datetime.fromisoformat(run.at)).total_seconds() / 3600 if run else None,
            interval_hours=self._settings.training_interval_hours,
            proposed=proposed.name if proposed else "",
            jobs=len(self._jobs.open_jobs()),
            chatting=bool(self._session.state()["busy"]),
            load=self._load(),
        )

    def _load(self) -> float:
        """The busy share of this machine over the last minute."""
        cores = os.getloadavg()[0] / (os.cpu_count() or 1)
        return max([cores, *((gpu.utilization_percent or 0) / 100 for gpu in self._habitat.gpus())])

    def _write(self, run: _Run) -> _Run:
        write_json(self._file, vars(run))
        return run


def _read(file: Path) -> _Run | None:
    """The last run; a damaged file counts as none."""
    try:
        values: Any = read_json(file)
        run = _Run(**values)
        datetime.fromisoformat(run.at)
    except (ValueError, TypeError, RecursionError):
        if file.exists():
            log.warning("%s is damaged and not used.", file.name)
        return None
    return run


def _template(text: Text) -> str:
    return text if isinstance(text, str) else text.key
