"""The verbs of adapters: list, activate, roll back, import, mark, delete; where they come from and what they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from academy.adapters import importing
from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Places, find_base
from academy.chat.request import Effect
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.datasets import DatasetStore
from academy.errors import AcademyError, Conflict
from academy.general import probe
from academy.jobs.reading.reports import report_in
from academy.jobs.store import JobStore
from academy.messages import Text
from academy.models import BUNDLED
from academy.services.evaluations import Evaluations
from academy.services.exports import Exports
from academy.services.lineage import Lineage, lineage
from academy.services.permission import Permission, changing, reading

_PROBE = 3  # general questions, and as many of its own lessons


class Adapters:
    """Everything that can be done with trained adapters."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        store: AdapterStore,
        session: ChatSession,
        jobs: JobStore,
        datasets: DatasetStore,
        evaluations: Evaluations,
        exports: Exports,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._store = store
        self._session = session
        self._jobs = jobs
        self._datasets = datasets
        self._evaluations = evaluations
        self._exports = exports

    def active(self) -> Adapter | None:
        """The adapter that answers in the chat, if any; answers also where Academy is disabled."""
        return self._store.active()

    @reading
    def list(self) -> Sequence[Adapter]:
        """All complete adapters, newest first."""
        return self._store.list()

    @reading
    def unlisted(self) -> Mapping[str, Text]:
        """The folders with an adapter that cannot be listed, each with the reason."""
        return self._store.unlisted()

    @reading
    def answering(self) -> Sequence[Adapter]:
        """The adapters whose base model is on this machine, newest first."""
        return [adapter for adapter in self._store.list() if self._is_here(adapter.base_model)]

    @reading
    def bases(self) -> Sequence[str]:
        """The base models that can answer: the bundled ones, and the default and the adapters' own where they are on this machine."""
        others = [self._settings.default_base_model, *(adapter.base_model for adapter in self._store.list())]
        return [*dict.fromkeys([*BUNDLED, *(name for name in others if self._is_here(name))])]

    @reading
    def get(self, adapter_id: str) -> Adapter:
        """One adapter; raises NotFound."""
        return self._store.get(adapter_id)

    @reading
    def previous(self) -> Adapter | None:
        """The adapter that was active before this one, if it still exists."""
        return self._store.previous()

    @reading
    def lineage(self, adapter: Adapter) -> Lineage:
        """Where an adapter comes from, as far as it is known."""
        job = self._jobs.get(adapter.adapter_id) if adapter.adapter_id in self._jobs else None
        manifest = next((item for item in self._datasets.list() if item.id == adapter.dataset_id), None) if adapter.dataset_id else None
        return lineage(adapter, job, manifest, self._evaluations.of_adapter(adapter.adapter_id))

    @reading
    def effect(self, adapter_id: str) -> Effect:
        """How far an adapter moves its base on general questions and on its own lessons; loads the base where it is not loaded."""
        report_id = self._evaluations.of_adapter(adapter_id)["report_id"]
        report = report_in(self._jobs.get(report_id).folder) if report_id in self._jobs else None
        own = [item.question for item in report.items[:_PROBE]] if report else []
        return self._session.effect(adapter_id, [*own, *(question.question for question in probe()[:_PROBE])])

    @changing
    def activate(self, adapter_id: str) -> Adapter:
        """Lets an adapter answer in the chat; a broken one is refused and the old one stays."""
        return self._session.activate(adapter_id)

    @changing
    def deactivate(self) -> Adapter | None:
        """Lets the base model answer; returns the adapter that answered before."""
        return self._session.deactivate()

    @changing
    def roll_back(self) -> Adapter:
        """Activates the adapter that was active before this one; each time one step further back."""
        previous = self._store.previous()
        if previous is None:
            raise Conflict("There is no earlier adapter to go back to.", hint="Activate one from the list.")
        return self._session.activate(previous.adapter_id, back=True)

    @changing
    def import_zip(self, archive: BinaryIO, filename: str, base_model: str | None = None) -> Adapter:
        """Takes an adapter in PEFT's form from a zip, after checking that it fits its base model."""
        models, places = self._settings.models_dir, Places.of(self._settings)
        return self._store.get(importing.take_zip(archive, filename, models, places, base_model))

    @changing
    def import_folder(self, folder: str, base_model: str | None = None) -> Adapter:
        """Takes an adapter in PEFT's form from a folder of this machine; the folder stays as it is."""
        models, places = self._settings.models_dir, Places.of(self._settings)
        return self._store.get(importing.take_folder(Path(folder), models, places, base_model))

    @changing
    def rename(self, adapter_id: str, name: str) -> Adapter:
        """Gives an adapter another name; its id stays."""
        return self._store.rename(adapter_id, name)

    @changing
    def annotate(self, adapter_id: str, note: str) -> Adapter:
        """Puts a note beside an adapter; an empty one removes it."""
        return self._store.annotate(adapter_id, note)

    @changing
    def tag(self, adapter_id: str, tags: Sequence[str]) -> Adapter:
        """Replaces the tags of an adapter."""
        return self._store.tag(adapter_id, tags)

    @changing
    def scale(self, adapter_id: str, strength: float) -> Adapter:
        """Sets how strongly an adapter acts, 1 as it was trained; a reply in progress is not touched. Raises Refused for DoRA."""
        return self._store.scale(adapter_id, strength)

    @changing
    def delete(self, adapter_id: str) -> None:
        """Deletes an adapter that is not active, with its exports; the job's record, log and metrics stay."""
        if self._store.active_id() == adapter_id:
            self._store.delete(adapter_id)  # refuses, before its exports are gone
        self._exports.delete_all(adapter_id)
        self._store.delete(adapter_id)

    def _is_here(self, base_model: str) -> bool:
        try:
            find_base(base_model, Places.of(self._settings))
        except AcademyError:
            return False
        return True
