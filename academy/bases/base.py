"""Base models by name: bundled, from the package index, a folder, a GGUF file, one of Ollama's, or a Hugging Face name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import academy.bases.converted as converted
import academy.bases.folders as folders
import academy.bases.gguf as gguf
import academy.bases.ollama as ollama
from academy.bases.folders import BaseFacts, cached_snapshot, check_folder
from academy.bases.packages import PACKAGES
from academy.config import Settings
from academy.errors import AcademyError, Invalid, NotFound, Refused
from academy.models import BUNDLED

BASE_MISSING = "ADAPTER_BASE_MODEL_MISSING"

Kind = Literal["bundled", "package", "folder", "gguf", "hub"]

_PUT_BACK = (
    "Put it back where it was, or import the adapter again and name the base model that is here;"
    " an adapter answers only with the one it was trained on."
)
_HUB_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?(/[A-Za-z0-9]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?)?$")


@dataclass(frozen=True)
class Places:
    """Where base models lie on this machine."""

    converted: Path | None = None  # what Academy made of GGUF files
    ollama: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()  # with GGUF files, such as LM Studio's

    @classmethod
    def of(cls, settings: Settings) -> Places:
        """The folders that the settings name."""
        return cls(settings.bases_dir, settings.ollama_folders, settings.gguf_folders)


NOWHERE = Places()
"""For what knows bundled models, folders and the hub only."""


@dataclass(frozen=True)
class Base:
    """A base model: its name, kind, folder (None: not ready yet), and the GGUF file that the folder is made of."""

    name: str
    kind: Kind
    path: Path | None
    source: Path | None = None

    @cached_property
    def facts(self) -> BaseFacts | None:
        """The facts that its files give, read once; None until a hub model is fetched. Raises Refused for a damaged model."""
        if self.path:
            return folders.facts(self.path)
        if self.source:
            return gguf.facts(gguf.read(self.source))
        return PACKAGES[self.name].facts if self.name in PACKAGES else None

    @cached_property
    def is_packed(self) -> bool:
        """Whether its weights lie packed in 4 or 8 bits, so that a training on it is QLoRA."""
        return self.path is not None and folders.is_packed(self.path)

    @cached_property
    def fingerprint(self) -> str | None:
        """The hash that tells it from other models, taken once; None until it is ready. Raises Refused for a damaged model."""
        return folders.fingerprint(self.path) if self.path else None


def resolve_base(name: str, places: Places = NOWHERE) -> Base:
    """Finds a base model by name; raises Invalid for an impossible name, NotFound for a missing one, Refused for an unusable one."""
    if name in BUNDLED:
        return Base(name, "bundled", BUNDLED[name])
    if name in PACKAGES:
        return Base(name, "package", converted.named(places.converted, name))
    if "\x00" in name or len(name) > 500 or any(ord(char) < 32 for char in name) or not name.strip():
        raise Invalid("That is not the name of a base model.", hint="Give a bundled name, a folder, or a Hugging Face name.")
    if name.startswith(ollama.PREFIX):
        return _of_gguf(name, lambda: ollama.weights_of(name, places.ollama), places)
    if name.endswith(".gguf"):
        return _of_gguf(str(_absolute(name) or name), lambda: _file(name), places)
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or os.path.isdir(name):
        return _of_folder(name, places)
    if not _HUB_NAME.match(name) or ".." in name or "--" in name or name.endswith(".git"):
        raise Invalid("{name!r} is not the name of a base model.", hint="Hugging Face names look like 'Qwen/Qwen3-0.6B'.", name=name)
    if "/" not in name:
        raise NotFound(
            "There is no base model {name!r}.",
            hint="The bundled model is called {bundled!r}; Hugging Face names look like 'Qwen/Qwen3-0.6B'.",
            name=name,
            bundled=next(iter(BUNDLED)),
        )
    return Base(name, "hub", cached_snapshot(name))


def _of_folder(name: str, places: Places) -> Base:
    folder = _absolute(name)
    if folder is None or not _is_folder(folder):
        hint = "Check the path." if name.startswith(("/", "~")) else "Give the whole path, starting with /."
        raise NotFound("There is no folder {name!r} with a base model.", hint=hint, name=name)
    if os.access(folder, os.R_OK | os.X_OK) and (file := gguf.only_gguf(folder)):
        return _of_gguf(str(file), lambda: file, places)
    check_folder(folder)
    return Base(name, "folder", folder)


def _of_gguf(name: str, find: Callable[[], Path], places: Places) -> Base:
    """A GGUF file as a base; what was made of it stays usable where the file itself is gone or damaged."""
    try:
        source = find()
        gguf.check(gguf.read(source))
    except (NotFound, Refused):
        if path := converted.named(places.converted, name):
            return Base(name, "gguf", path)
        raise
    return Base(name, "gguf", converted.of_file(places.converted, gguf.fingerprint(source)), source)


def _file(name: str) -> Path:
    path = _absolute(name)
    if path is None or not _is_file(path):
        hint = "Check the path." if name.startswith(("/", "~")) else "Give the whole path, starting with /."
        raise NotFound("There is no file {name!r}.", hint=hint, name=name)
    return path


def _absolute(name: str) -> Path | None:
    try:
        return Path(name).expanduser().absolute()
    except (OSError, RuntimeError):  # the home of an unknown user
        return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # too long, or not allowed
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def find_base(name: str, places: Places = NOWHERE) -> Base:
    """A base model that is ready on this machine; raises Refused with the reason if it cannot be used."""
    if not name:
        raise Refused(
            "The adapter does not say which base model it belongs to.",
            hint="Import it again and name its base model, or write base_model_name_or_path into adapter_config.json.",
        )
    short = shortened(name)
    try:
        base = resolve_base(name, places)
    except AcademyError as error:
        message = "The base model {name!r} cannot be used: {reason}"
        raise Refused(message, hint=_PUT_BACK, code=BASE_MISSING, name=short, reason=error.message_text) from error
    if base.path is None and base.kind == "hub":
        hint = "A training on it fetches it; or fetch it with `hf download {name}`."
        raise Refused("The base model {name!r} is not on this machine.", hint=hint, code=BASE_MISSING, name=short)
    if base.path is None:
        hint = "Get it on the Training tab; a training on it does that too."
        raise Refused("The base model {name!r} is not ready yet.", hint=hint, code=BASE_MISSING, name=short)
    if not base.path.is_dir():
        raise Refused("The base model {name!r} is no longer there.", hint=_PUT_BACK, code=BASE_MISSING, name=short)
    return base


def shortened(text: str) -> str:
    """A name for a sentence: at most 100 characters."""
    return text if len(text) <= 100 else text[:97] + "…"
