"""Adapters by name: folders below the models folder, the active one, and those that were active before."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.adapters.check import WEIGHTS, check_adapter, nested, read_config
from academy.adapters.folders import Folders
from academy.adapters.marks import Mark, Marks
from academy.bases import NOWHERE, Places, header_of
from academy.errors import AcademyError, Conflict, NotFound, Refused, log_and_go_on
from academy.files import check_name, disk_errors, folder_bytes, inside, now, read_json, write_json
from academy.messages import Text, msg

log = logging.getLogger(__name__)

_HISTORY = 50
_Stamps = tuple[tuple[int, int, int], ...]
_DELETED = ".deleted-"
ASIDE = ".incoming-"
"""How the folders begin in which an import lies until it is checked."""


@dataclass(frozen=True)
class Adapter:
    """A complete adapter, with its lineage as far as it is known."""

    adapter_id: str
    name: str
    path: Path
    base_model: str
    base_fingerprint: str | None = None
    created_at: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    train_loss: float | None = None
    eval_loss: float | None = None
    baseline_eval_loss: float | None = None
    trainable_parameters: int | None = None
    is_active: bool = False
    size_bytes: int = 0
    source: str = "academy"
    train_rows: int | None = None
    thinks: bool = False  # was taught to think before it answers
    steps: int | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    strength: float = 1.0  # by which its effect is multiplied
    dora: bool = False


class AdapterStore:
    """The adapters of a data folder; safe to use from several threads."""

    def __init__(
        self, models_dir: Path, training_dir: Path, places: Places = NOWHERE, is_open: Callable[[str], bool] = lambda job_id: True
    ) -> None:
        self._models = models_dir
        self._places = places
        self._folders = Folders(models_dir, is_open)
        self._active_file = training_dir / "active_adapter.json"
        self._marks = Marks(training_dir)
        self._lock = threading.RLock()
        self.on_active: list[Callable[[str | None], object]] = []  # called with the id of the adapter that answers from now on
        self._seen: dict[str, tuple[tuple[str, ...], _Stamps, Adapter | None]] = {}
        self._remove_deleted()
        self._folders.names()  # at the start, since the first look at a long history takes longest

    def list(self) -> list[Adapter]:
        """Every complete adapter, newest first; broken and unfinished ones are left out."""
        names = self._folders.names()
        found = [adapter for name in names if (adapter := self._read(name)) is not None]
        with self._lock:
            for gone in self._seen.keys() - set(names):
                del self._seen[gone]
        marks, active = self._marks.all(), self._state().get("adapter_id")
        found = [_marked(item, marks.get(item.adapter_id, Mark()), item.adapter_id == active) for item in found]
        return sorted(found, key=lambda item: (item.created_at, item.adapter_id), reverse=True)

    def unlisted(self) -> dict[str, Text]:
        """The folders with an adapter that is not listed, each with the reason."""
        found: dict[str, Text] = {}
        for folder in map(self._models.joinpath, self._folders.names()):
            if self._read(folder.name) or not folder.is_dir() or (inner := nested(folder)) is None:
                continue
            if _adapter_folder(self._models, folder.name) is None:
                if not (folder / "spec.json").exists():
                    found[folder.name] = msg("The name of its folder has blanks or other signs, which no id may have. Rename it.")
                continue
            try:
                _complete(inner)
            except AcademyError as error:
                found[folder.name] = error.text
        return found

    def look_again(self, job_id: str) -> None:
        """Takes note that a job has changed: it may leave an adapter."""
        self._folders.look_again(job_id)

    def get(self, adapter_id: str) -> Adapter:
        """The adapter with that id; raises NotFound if there is none, and the reason if it is broken."""
        check_name(adapter_id, "adapter id")
        adapter = self._read(adapter_id)
        if adapter is None:
            folder = _adapter_folder(self._models, adapter_id)
            if folder is None:
                raise NotFound(
                    "There is no adapter {adapter_id!r}.", hint="The Adapters tab lists those that can be used.", adapter_id=adapter_id
                )
            # It exists but is broken: the check itself raises the reason.
            _complete(folder)
            raise NotFound("There is no usable adapter {adapter_id!r}.", hint="Its folder cannot be read.", adapter_id=adapter_id)
        return _marked(adapter, self._marks.of(adapter_id), self._state().get("adapter_id") == adapter_id)

    def active(self) -> Adapter | None:
        """The active adapter, or None; an adapter whose files are gone or broken does not count."""
        adapter_id = self._state().get("adapter_id")
        if not isinstance(adapter_id, str):
            return None
        try:
            return self.get(adapter_id)
        except AcademyError as error:
            log.warning("The active adapter %s cannot be used: %s", ascii(adapter_id), error.message)
            return None

    def active_id(self) -> str | None:
        """The id of the active adapter, usable or not."""
        adapter_id = self._state().get("adapter_id")
        return adapter_id if isinstance(adapter_id, str) else None

    def previous(self) -> Adapter | None:
        """The adapter that was active before the present one; None if none of them exists any longer."""
        state = self._state()
        for adapter_id in state.get("previous", []):
            if adapter_id == state.get("adapter_id"):
                continue
            with contextlib.suppress(AcademyError):
                return self.get(adapter_id)
        return None

    def last_base(self) -> str | None:
        """The base model of the active adapter, or of the last active one."""
        adapter = self.active() or self.previous()
        return adapter.base_model if adapter else None

    def set_active(self, adapter_id: str | None, *, back: bool = False) -> Adapter | None:
        """Makes an adapter the active one (None: deactivates); the one before goes on the stack, unless this one comes from it (`back`)."""
        with self._lock:
            state = self._state()
            adapter = self.get(adapter_id) if adapter_id is not None else None
            before = state.get("adapter_id")
            previous = state.get("previous", [])
            if back:
                previous = previous[previous.index(adapter_id) + 1 :] if adapter_id in previous else previous
            elif isinstance(before, str) and before != adapter_id:
                previous = [before, *previous][:_HISTORY]
            self._active_file.parent.mkdir(parents=True, exist_ok=True)
            write_json(
                self._active_file,
                {
                    "adapter_id": adapter.adapter_id if adapter else None,
                    "adapter_path": str(adapter.path.relative_to(self._models.parent)) if adapter else None,
                    "base_model": adapter.base_model if adapter else None,
                    "activated_at": now() if adapter else None,
                    "previous": previous,
                },
            )
        for hook in self.on_active:
            with log_and_go_on("A listener to the active adapter", log):
                hook(adapter_id)
        return replace(adapter, is_active=True) if adapter else None

    def rename(self, adapter_id: str, name: str) -> Adapter:
        """Renames an adapter for display; its id stays."""
        self.get(adapter_id)
        self._marks.rename(adapter_id, name)
        return self.get(adapter_id)

    def annotate(self, adapter_id: str, note: str) -> Adapter:
        """Puts a note beside an adapter; an empty one removes it."""
        self.get(adapter_id)
        self._marks.annotate(adapter_id, note)
        return self.get(adapter_id)

    def tag(self, adapter_id: str, tags: Sequence[str]) -> Adapter:
        """Replaces the tags of an adapter."""
        self.get(adapter_id)
        self._marks.tag(adapter_id, tags)
        return self.get(adapter_id)

    def scale(self, adapter_id: str, strength: float) -> Adapter:
        """Sets how strongly an adapter acts, from the next reply on; raises Refused for one with DoRA."""
        if self.get(adapter_id).dora and strength != 1:
            raise Refused(
                "This adapter was trained with DoRA, which learns direction and size together: a part of it is no weaker form of it.",
                hint="Leave its strength at 1, or train again without DoRA.",
            )
        self._marks.scale(adapter_id, strength)
        return self.get(adapter_id)

    def delete(self, adapter_id: str) -> None:
        """Removes an adapter's files; the record, log and metrics of its job stay. Raises Conflict for the active one."""
        with self._lock:
            check_name(adapter_id, "adapter id")
            folder = _adapter_folder(self._models, adapter_id)
            if folder is None:
                raise NotFound(
                    "There is no adapter {adapter_id!r}.", hint="The Adapters tab lists those that can be used.", adapter_id=adapter_id
                )
            if self._state().get("adapter_id") == adapter_id:
                raise Conflict(
                    "The adapter {adapter_id!r} is active.",
                    hint="Deactivate it or activate another one, then delete it.",
                    adapter_id=adapter_id,
                )
            # Renamed first, so that a concurrent reader sees all of it or nothing.
            aside = self._models / f"{_DELETED}{secrets.token_hex(6)}"
            folder.rename(aside)
            self._seen.pop(adapter_id, None)
            self._marks.forget(adapter_id)
        _remove(aside)

    def check(self, adapter: Adapter) -> None:
        """Reads the whole adapter and raises Refused, naming the fault, unless it can be used with its base model."""
        check_adapter(adapter.path, adapter.base_model, adapter.base_fingerprint, self._places)

    def _state(self) -> dict[str, Any]:
        with self._lock:
            try:
                state = read_json(self._active_file, {})
            except (ValueError, RecursionError):
                log.warning("%s is damaged; no adapter is active.", self._active_file.name)
                return {}
        if not isinstance(state, dict):
            return {}
        previous = state.get("previous")
        state["previous"] = [item for item in previous if isinstance(item, str)] if isinstance(previous, list) else []
        return state

    def _read(self, adapter_id: str) -> Adapter | None:
        with self._lock:
            known = self._seen.get(adapter_id)
        # Of a thousand adapters the page asks every second, so what is known is looked up by its stamps alone.
        if known is not None and _stamps(known[0]) == known[1]:
            return known[2]
        folder = _adapter_folder(self._models, adapter_id)
        if folder is None:
            return None
        outer = self._models / adapter_id
        record = outer / "metadata.json"
        paths = tuple(map(str, (outer, folder, folder / WEIGHTS, folder / "adapter_config.json", record)))
        stamps = _stamps(paths)
        try:
            config = _complete(folder)
            adapter = _adapter(adapter_id, folder, config, _metadata(record))
        except (AcademyError, OSError) as error:
            log.info("The adapter %s is not listed: %s", ascii(adapter_id), error)
            adapter = None
        with self._lock:
            self._seen[adapter_id] = (paths, stamps, adapter)
        return adapter

    def _remove_deleted(self) -> None:
        # A crash in the middle of a delete or of an import leaves these.
        if self._models.is_dir():
            for aside in [*self._models.glob(f"{_DELETED}*"), *self._models.glob(f"{ASIDE}*")]:
                _remove(aside)


def _adapter_folder(models: Path, adapter_id: str) -> Path | None:
    """The folder with the PEFT files of an adapter: a job's `adapter/`, or a copied folder."""
    try:
        outer = inside(models, adapter_id, "adapter id")
    except AcademyError:
        return None
    inner = outer / "adapter"
    if inner.is_dir() and not inner.is_symlink():
        return inner
    return None if (outer / "spec.json").exists() else nested(outer)


def _complete(folder: Path) -> dict[str, Any]:
    config = read_config(folder)
    header_of(folder / WEIGHTS)
    return config


def _adapter(adapter_id: str, folder: Path, config: dict[str, Any], record: dict[str, Any]) -> Adapter:
    created = datetime.fromtimestamp((folder / WEIGHTS).stat().st_mtime, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    parameters = record.get("parameters")
    if not isinstance(parameters, dict):
        parameters = {
            name: config[key]
            for name, key in (("lora_rank", "r"), ("lora_alpha", "lora_alpha"), ("lora_dropout", "lora_dropout"))
            if isinstance(config.get(key), int | float)
        }
    return Adapter(
        adapter_id=adapter_id,
        name=_text(record.get("name")) or adapter_id,
        path=folder,
        base_model=_text(record.get("base_model")) or _text(config.get("base_model_name_or_path")) or "",
        base_fingerprint=_text(record.get("base_fingerprint")),
        created_at=_text(record.get("finished_at")) or _text(record.get("created_at")) or created,
        parameters=parameters,
        dataset_id=_text(record.get("dataset_id")),
        train_loss=_number(record.get("train_loss")),
        eval_loss=_number(record.get("eval_loss")),
        baseline_eval_loss=_number(record.get("baseline_eval_loss")),
        trainable_parameters=_count(record.get("trainable_parameters")),
        size_bytes=folder_bytes(folder),
        source=_text(record.get("source")) or "imported",
        train_rows=_count(record.get("train_rows")),
        thinks=record.get("thinks") is True,
        steps=_count(record.get("steps")),
        dora=bool(config.get("use_dora")),
    )


def _marked(adapter: Adapter, mark: Mark, active: bool) -> Adapter:
    """The adapter with what a person wrote on it. DoRA has no strength, whatever a file says."""
    strength = 1.0 if adapter.dora else mark.strength
    return replace(adapter, name=mark.name or adapter.name, note=mark.note, tags=mark.tags, strength=strength, is_active=active)


def _metadata(path: Path) -> dict[str, Any]:
    """The trainer's record of an adapter; empty for a copied adapter."""
    if path.is_symlink():
        return {}
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, OSError, RecursionError):
        log.warning("metadata.json of %s is damaged.", ascii(path.parent.name))
        return {}
    return record if isinstance(record, dict) else {}


def _stamps(paths: tuple[str, ...]) -> _Stamps:
    return tuple([_stamp(path) for path in paths])


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        status = os.lstat(path)
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


def _remove(aside: Path) -> None:
    try:
        with disk_errors(aside.name):
            shutil.rmtree(aside)
    except OSError as error:
        # Nothing lists it now; the next start tries again.
        log.warning("%s could not be removed: %s", aside.name, error.strerror)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
