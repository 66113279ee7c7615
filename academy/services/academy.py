"""Academy: everything except the page and REST, each stage with its own verbs."""

from __future__ import annotations

import logging
import shutil

from academy.adapters.pushing import Pushes
from academy.adapters.store import AdapterStore
from academy.arena.questions import QuestionStore
from academy.bases import Places
from academy.chat.conversations import ConversationStore
from academy.chat.presets import PresetStore
from academy.chat.request import Engine
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.datasets import DatasetStore
from academy.curation.documents.store import DocumentStore
from academy.curation.examples import DatasetRequest
from academy.curation.files.uploads import UploadStore
from academy.curation.lesson_store import LessonStore
from academy.curation.remote.importing import Imports
from academy.curation.wording_store import WordingStore
from academy.errors import log_and_go_on
from academy.habitat import Habitat
from academy.jobs import backends
from academy.jobs.backends.docker.image import TrainingImage
from academy.jobs.backends.subprocess import SubprocessBackend
from academy.jobs.kinds import needs_of
from academy.jobs.running.runner import Runner
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import ENDED, Job, JobStore
from academy.messages import msg
from academy.professor.notify import Notifier
from academy.professor.proposals import Decisions, ProposalStore
from academy.services.adapters import Adapters
from academy.services.arena import Arena
from academy.services.autopilot import Autopilot
from academy.services.bases import Bases
from academy.services.chat import Chat
from academy.services.conversations import Conversations
from academy.services.datasets import Datasets
from academy.services.documents import Documents
from academy.services.ends import Ends, of_job, of_proposal
from academy.services.evaluations import Evaluations
from academy.services.exports import Exports
from academy.services.jobs import Jobs
from academy.services.lessons import Lessons
from academy.services.machine import Machine
from academy.services.permission import Permission
from academy.services.professor import Professor
from academy.services.promotion import Promotion
from academy.services.pushing import Pushing
from academy.services.remote import Remote
from academy.services.sessions import Sessions
from academy.services.sweeps import Sweeps
from academy.services.training import Training
from academy.services.warming import Warming
from academy.services.wordings import OtherWordings

log = logging.getLogger(__name__)


class Academy:
    """Builds the stores, the runner and the chat session, and offers the verbs of each stage; the parts themselves stay private."""

    def __init__(self, settings: Settings, *, engine: Engine | None = None) -> None:
        # Files whose import a killed app left behind still hold their secrets.
        shutil.rmtree(settings.incoming_dir, ignore_errors=True)
        self.settings = settings
        self._lesson_store = LessonStore(settings.data_dir / "lessons.db")
        self._job_store = JobStore(settings.training_dir)
        self._adapter_store = AdapterStore(settings.models_dir, settings.training_dir, Places.of(settings), self._job_store.is_open)
        self._job_store.on_change.append(lambda job: self._adapter_store.look_again(job.job_id))
        self._session = ChatSession(settings, self._adapter_store, engine=engine)
        self._backends = backends.build(settings)
        self._habitat = Habitat(settings, self._backends["docker"].look)
        self._image = TrainingImage(settings)
        active, devices = self._adapter_store.active_id, self._habitat.devices
        self._runner = Runner(settings, self._job_store, self._backends, in_use=active, devices=devices)
        self._job_store.on_change.append(self._share_the_gpu)
        local = self._backends["subprocess"]
        assert isinstance(local, SubprocessBackend)
        self._warming = Warming(settings, local.standby, self._habitat, self._job_store)
        self._job_store.on_change.append(self._warming.after)
        self._habitat.more.append(self._warming.component)
        self._permission = Permission(enabled=settings.enabled)
        self._open_stages(DatasetStore(settings.training_dir), UploadStore(settings.uploads_dir, settings.max_upload_mb))

    def _open_stages(self, datasets: DatasetStore, uploads: UploadStore) -> None:
        allowed, settings, lessons = self._permission, self.settings, self._lesson_store
        jobs, runner, adapters = self._job_store, self._runner, self._adapter_store
        session, habitat = self._session, self._habitat
        self.lessons = Lessons(allowed, settings, lessons)
        self.sessions = Sessions(allowed, settings, lessons)
        documents = DocumentStore(settings.documents_dir, settings.max_upload_mb)
        self.documents = Documents(allowed, settings, documents, lessons, adapters, jobs, runner)
        self.datasets = Datasets(allowed, settings, datasets, uploads, lessons, jobs, adapters, habitat, documents)
        wordings = WordingStore(settings.wordings_dir)
        self.wordings = OtherWordings(allowed, settings, wordings, lessons, datasets, adapters, jobs, runner)
        self._imports = Imports(uploads)
        self.remote = Remote(allowed, settings, self._imports)
        self.training = Training(allowed, settings, datasets, adapters, jobs, runner, self._backends, session, habitat, self._warming)
        self.jobs = Jobs(allowed, jobs, runner, adapters)
        self.bases = Bases(allowed, settings, jobs, runner, adapters, session, habitat)
        self.evaluations = Evaluations(allowed, settings, datasets, adapters, jobs, runner)
        questions = QuestionStore(settings.arena_dir / "questions.json")
        self._pushes = Pushes(settings.incoming_dir)
        self.exports = Exports(allowed, settings, adapters, datasets, jobs, runner, self.evaluations, questions, self._pushes)
        self.pushing = Pushing(allowed, settings, self.exports, jobs, self._pushes)
        self.adapters = Adapters(allowed, settings, adapters, session, jobs, datasets, self.evaluations, self.exports)
        self.sweeps = Sweeps(allowed, jobs, runner)
        self.chat = Chat(allowed, session)
        conversations = ConversationStore(settings.chat_dir / "conversations")
        self.conversations = Conversations(allowed, conversations, PresetStore(settings.chat_dir / "presets.json"))
        self.arena = Arena(allowed, settings, adapters, session, lessons, datasets, conversations, questions)
        self.machine = Machine(allowed, settings, habitat, self._image, lessons, jobs, self.datasets.new_lessons)
        proposals = ProposalStore(settings.training_dir / "proposals.jsonl")
        decisions = Decisions(settings.training_dir / "decisions.jsonl")
        notices = Notifier(settings.notify_url)
        promotion = self._promotion = Promotion(datasets, adapters, jobs, self.evaluations, proposals, decisions)
        promotion.on_proposal.append(lambda proposal: notices.send(of_proposal(proposal)))
        adapters.on_active.append(promotion.settle)
        self._autopilot = Autopilot(
            settings, self.machine.advice, self.datasets, self.training, jobs, adapters, session, habitat, proposals, decisions
        )
        plan = self._autopilot.plan
        self.professor = Professor(allowed, settings, self.machine.advice, plan, adapters, session, promotion, proposals, decisions)

        def after(job: Job) -> None:
            if not allowed.only_shows:
                promotion.after(job)
            if notice := of_job(job):
                notices.send(notice)

        jobs.on_change.append(Ends(jobs, after))

    def check_enabled(self) -> None:
        """Raises Unavailable where Academy is disabled."""
        self._permission.to_read()

    def start(self) -> None:
        """Begins to run jobs; those that ran when the app ended are watched again."""
        if not self.settings.enabled:
            return
        if self.settings.space_id and not self.settings.token:
            self._demonstrate()
        with log_and_go_on("The gate", log):
            self._promotion.catch_up()
        self._runner.start()
        self._autopilot.start()

    def close(self) -> None:
        """Ends the app's part; trainings go on."""
        self._autopilot.close()
        self._imports.close()
        self._pushes.close()
        self._session.close()
        self._runner.close()
        self._warming.close()
        self._lesson_store.close()
        self._job_store.close()

    def _share_the_gpu(self, job: Job) -> None:
        if needs_of(job.kind) != "device" or not self._habitat.gpus():
            return
        if job.status in ("preparing", "running"):
            self._session.step_aside(msg("{job} is training on the GPU.", job=job.name))
        elif job.status in ENDED and self._runner.busy() is None:
            self._session.come_back()

    def _demonstrate(self) -> None:
        """Fills an empty demonstration with the main job, done for real: samples, dataset, training, activation."""
        if not self._job_store.list(limit=1):
            self.lessons.load_samples()
            dataset = self.datasets.create(DatasetRequest.model_validate({"include_git": False}))
            self.training.train(TrainingSpec.model_validate({"dataset_id": dataset["dataset_id"], "preset": "auto"}))
        self._job_store.on_change.append(self._activate_the_first)
        self._permission.only_shows = True

    def _activate_the_first(self, job: Job) -> None:
        if job.status == "finished" and self._adapter_store.active() is None:
            self._session.activate(job.job_id)
