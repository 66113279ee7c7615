"""The verbs of base models: list what is here and what fits, get one ready, remove what was made."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from academy.adapters.store import AdapterStore
from academy.bases import Base, BaseFacts, Places, cached_snapshot, converted, gguf, ollama, resolve_base
from academy.bases.base import Kind
from academy.bases.packages import PACKAGES
from academy.bases.suggestions import HUB, fits, memory_bytes, suggest
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.errors import AcademyError, Conflict, Refused, Unavailable
from academy.files import folder_bytes
from academy.habitat import Habitat
from academy.jobs.kinds.convert import ConvertSpec
from academy.jobs.running.runner import Runner
from academy.jobs.store import Inputs, Job, JobStore
from academy.messages import Text, msg
from academy.models import BUNDLED
from academy.services.permission import Permission, changing, reading

_EARLIER_JOBS = 200
_MOST_FILES = 500
_DELETED = ".deleted-"

Origin = Literal["bundled", "package", "ollama", "file", "hub", "used", "suggested"]


@dataclass(frozen=True)
class BaseItem:
    """A base model to choose: what is known of it, whether it is ready, and why it cannot be used, if so."""

    name: str
    kind: Kind
    source: Text  # where it comes from
    origin: Origin
    ready: bool = False
    facts: BaseFacts | None = None
    size_bytes: int | None = None  # on the disk, or to fetch
    memory_bytes: int | None = None  # of the weights while they are trained
    fits: bool | None = None  # into this machine's memory now
    problem: Text | None = None
    job_id: str | None = None  # of the job that makes it ready
    removable: bool = False  # whether Academy made it, so that it can be deleted here


class Bases:
    """Everything that can be done with base models."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        jobs: JobStore,
        runner: Runner,
        adapters: AdapterStore,
        session: ChatSession,
        habitat: Habitat,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._places = Places.of(settings)
        self._jobs = jobs
        self._runner = runner
        self._adapters = adapters
        self._session = session
        self._habitat = habitat
        for aside in settings.bases_dir.glob(f"{_DELETED}*"):  # the app was killed while it deleted
            shutil.rmtree(aside, ignore_errors=True)

    @reading
    def list(self) -> Sequence[BaseItem]:
        """What is here, what was used before, and what fits; a broken file has its problem and stops nothing."""
        found: dict[str, BaseItem] = {}
        for origin, names in self._names():
            for name in names:
                if name not in found:
                    item = self._item(name, origin)
                    found.setdefault(item.name, item)
        return [*found.values()]

    @reading
    def look(self, name: str) -> BaseItem:
        """One base model by any name that a training takes; what is wrong with it is its problem."""
        return self._item(name, "used")

    @changing
    def get(self, name: str) -> Job:
        """Begins to fetch or convert a base model, as a job; one that is under way already is returned."""
        base = resolve_base(name, self._places)
        if base.path is not None:
            raise Conflict("The base model {name!r} is ready.", hint="Train on it, or chat with it.", name=base.name)
        if under_way := self._job_of(base.name):
            return under_way
        self._check_libraries(base)
        inputs = Inputs(base_model=base.name, name=_title(base), base_source=str(base.source) if base.source else None)
        return self._runner.submit(ConvertSpec(base_model=base.name), inputs, kind="convert")

    @changing
    def remove(self, name: str) -> int:
        """Deletes what Academy made of a base model in its data folder, and nothing else; returns the freed bytes."""
        path = self._made(name)
        if path is None:
            raise self._not_ours(resolve_base(name, self._places))
        self._check_unused(name, path)
        freed = folder_bytes(path)
        # Renamed first, so that a reader sees all of it or nothing.
        aside = path.with_name(f"{_DELETED}{secrets.token_hex(6)}")
        os.rename(path, aside)
        shutil.rmtree(aside, ignore_errors=True)
        return freed

    # ------------------------------------------------------------------

    def _names(self) -> Sequence[tuple[Origin, Iterable[str]]]:
        """All names by where they come from, in the order of the list; some come more than once."""
        made = [item.name for item in converted.all_in(self._places.converted)]
        used = [job.base_model for job in self._jobs.list(_EARLIER_JOBS) if job.base_model and job.base_path]
        return (
            ("bundled", BUNDLED),
            ("package", PACKAGES),
            ("used", [self._settings.default_base_model, *made, *used]),
            ("ollama", ollama.names(self._places.ollama)),
            ("file", map(str, _gguf_files(self._places.folders))),
            ("hub", _cached()),
            ("suggested", suggest(self._room(), gpu=bool(self._habitat.gpus()))),
        )

    def _item(self, name: str, origin: Origin) -> BaseItem:
        base, facts, problem, size = None, None, None, None
        try:
            base = resolve_base(name, self._places)
            facts = base.facts or HUB.get(name)
            size = _size(base, facts)
        except AcademyError as error:
            problem = error.text
        except OSError as error:
            problem = msg("It cannot be read: {why}.", why=error.strerror)
        if name.startswith(ollama.PREFIX):
            origin = "ollama"
        kind: Kind = base.kind if base else "gguf" if origin in ("ollama", "file") else "hub" if origin == "hub" else "folder"
        gpu, parameters = bool(self._habitat.gpus()), facts.parameters if facts else None
        under_way = self._job_of(base.name) if base else None
        return BaseItem(
            name=base.name if base else name,
            kind=kind,
            source=_source(base, origin, name),
            origin=origin,
            ready=base is not None and base.path is not None,
            facts=facts,
            size_bytes=size,
            memory_bytes=memory_bytes(parameters, gpu=gpu) if parameters else None,
            fits=fits(parameters, self._room(), gpu=gpu) if parameters else None,
            problem=problem,
            job_id=under_way.job_id if under_way else None,
            removable=base is not None and base.path is not None and base.kind in ("gguf", "package"),
        )

    def _room(self) -> int:
        """The bytes of memory that a training may take: of the first GPU, else of the machine."""
        gpus = self._habitat.gpus()
        return (gpus[0].memory_total_mb if gpus else self._habitat.memory()["available_mb"]) << 20

    def _job_of(self, name: str) -> Job | None:
        """The job that makes a base model ready now."""
        return next((job for job in self._jobs.open_jobs() if job.kind == "convert" and job.base_model == name), None)

    def _check_libraries(self, base: Base) -> None:
        if base.kind == "hub":
            return
        for component in (self._habitat.training(), self._habitat.library("gguf")):
            if not component.ok:
                raise Unavailable(component.reason, hint=component.remedy)

    def _made(self, name: str) -> Path | None:
        """The folder that Academy made of the base model with this name."""
        if path := converted.named(self._places.converted, name):
            return path
        with contextlib.suppress(AcademyError):
            base = resolve_base(name, self._places)
            return base.path if base.kind in ("gguf", "package") else None
        return None

    def _check_unused(self, name: str, path: Path) -> None:
        """Raises Conflict while a job, the active adapter or the chat needs it."""
        for job in self._jobs.open_jobs():
            if job.base_model == name or job.base_path == str(path):
                raise Conflict("{job} needs this base model.", hint="Wait until it has ended, or cancel it.", job=job.name)
        active = self._adapters.active()
        loaded = self._session.state()["base_model"]
        names = [item.name for item in converted.all_in(self._places.converted) if item.path == path]
        if active is not None and active.base_model in names:
            raise Conflict("The adapter {adapter} answers with this base model.", hint="Deactivate it first.", adapter=active.name)
        if loaded in names:
            raise Conflict("The chat has this base model loaded.", hint="Chat with another one first, or restart Academy.")

    def _not_ours(self, base: Base) -> Refused:
        reasons: dict[str, tuple[str, str]] = {
            "bundled": ("{name} comes with Academy.", "It stays."),
            "package": ("{name} is not on this machine.", "There is nothing to delete."),
            "folder": ("{name} is a folder of yours, and Academy deletes only what it made.", "Delete it by hand."),
            "gguf": ("Academy has made nothing of {name} yet, and deletes no file of yours.", "Delete it where it belongs."),
            "hub": ("{name} lies in the Hugging Face cache, which other programs use too.", "Delete it there: hf cache rm model/{name}"),
        }
        message, hint = reasons["package" if base.kind == "hub" and base.path is None else base.kind]
        return Refused(message, hint=hint, name=base.name)


def _size(base: Base, facts: BaseFacts | None) -> int | None:
    if base.path is None and base.source is not None:
        return base.source.stat().st_size
    if base.path is None and base.name in PACKAGES:
        return PACKAGES[base.name].wheel_bytes
    return facts.bytes if facts else None


def _title(base: Base) -> str:
    """A short name for people."""
    if base.name in PACKAGES:
        return PACKAGES[base.name].facts.title
    return base.name.removeprefix(ollama.PREFIX).rstrip("/").rpartition("/")[2][:80]


def _source(base: Base | None, origin: Origin, name: str) -> Text:
    if base is not None and base.kind in ("bundled", "package"):
        return {"bundled": "bundled with Academy", "package": "package index"}[base.kind]
    if origin == "file":
        return "LM Studio" if ".lmstudio" in name or "lm-studio" in name else msg("file in {folder}", folder=Path(name).parent.name)
    return _SOURCES[origin]


_SOURCES: dict[Origin, Text] = {"ollama": "Ollama", "hub": "Hugging Face cache", "used": "used before", "suggested": "Hugging Face"}


def _gguf_files(folders: Sequence[Path]) -> Iterator[Path]:
    """The GGUF files below the folders; of a model in parts the first, and no projectors."""
    for folder in folders:
        files = (path for path in folder.rglob("*.gguf") if path.is_file() and not path.name.startswith("mmproj"))
        for path in itertools.islice(files, _MOST_FILES):
            if gguf.part_of(path) in (None, 1):
                yield path.absolute()


def _cached() -> Iterator[str]:
    """The names of causal language models that are complete in the Hugging Face cache."""
    from huggingface_hub import constants  # takes 0.3 s to import

    cache = Path(constants.HF_HUB_CACHE)
    for path in sorted(cache.glob("models--*--*")) if cache.is_dir() else []:
        name = path.name.removeprefix("models--").replace("--", "/")
        with contextlib.suppress(AcademyError, OSError):
            snapshot = cached_snapshot(name)
            if snapshot is not None and _writes(Base(name, "hub", snapshot)):
                yield name


def _writes(base: Base) -> bool:
    """Whether the model continues texts."""
    return base.facts is not None and any(word in base.facts.architecture for word in ("CausalLM", "LMHead", "ConditionalGeneration"))
