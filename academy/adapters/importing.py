"""Takes an adapter in PEFT's form from a zip or a folder: only its settings and its safetensors, nothing that could run code."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from academy.adapters.check import WEIGHTS, check_adapter, nested, read_config
from academy.adapters.store import ASIDE
from academy.bases import Base, Places, find_base
from academy.errors import AcademyError, Invalid, Refused
from academy.files import disk_errors, now, sync_folder, write_json

_CONFIG = "adapter_config.json"
_TAKEN = {_CONFIG: 1 << 20, WEIGHTS: 8 << 30, "metadata.json": 1 << 20}
_TAKEN |= {"chat_template.jinja": 1 << 20, "tokenizer_config.json": 8 << 20, "tokenizer.json": 64 << 20}
"""The files that are taken, and the bytes that each may have at most."""

_MOST_MEMBERS = 2000
_ALWAYS_UNPACKED = 100 << 20
_RATIO = 200  # weights hardly compress: an archive that unpacks to more is made to fill the disk
_NAMED = ("name", "dataset_id", "created_at", "finished_at", "parameters", "train_loss", "eval_loss", "train_rows", "steps", "thinks")
"""What is believed of the record that Academy itself put beside an adapter."""


def take_zip(archive: BinaryIO, filename: str, models: Path, places: Places, base_model: str | None) -> str:
    """The id of the adapter in a zip, once it is checked and in its place; raises what is wrong with it."""
    aside = _aside(models)
    try:
        with disk_errors("the adapter"):
            _unpack(archive, aside / "adapter")
        return _accept(aside, PurePosixPath(filename.replace("\\", "/")).stem, models, places, base_model)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def take_folder(folder: Path, models: Path, places: Places, base_model: str | None) -> str:
    """The same of a folder of this machine."""
    if not folder.is_absolute() or "\x00" in str(folder) or not folder.is_dir():
        raise Invalid("There is no folder {folder}.", hint="Give the whole path of a folder on this machine.", folder=folder)
    folder = nested(folder) or folder
    read_config(folder)  # says what is missing, pickled, or a link
    aside = _aside(models)
    try:
        with disk_errors("the adapter"):
            for name in _TAKEN:
                if (folder / name).is_file() and not (folder / name).is_symlink():
                    shutil.copyfile(folder / name, aside / "adapter" / name)
        beside, target = folder.parent / "metadata.json", aside / "adapter" / "metadata.json"  # where Academy puts it
        if not target.exists() and beside.is_file() and not beside.is_symlink():
            shutil.copyfile(beside, target)
        return _accept(aside, folder.parent.name if folder.name == "adapter" else folder.name, models, places, base_model)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _aside(models: Path) -> Path:
    """A folder beside the adapters, in which nothing is listed."""
    aside = models / f"{ASIDE}{secrets.token_hex(6)}"
    (aside / "adapter").mkdir(parents=True)
    return aside


def _accept(aside: Path, stem: str, models: Path, places: Places, base_model: str | None) -> str:
    """Checks what lies aside against its base model, writes its record, and moves it to its place."""
    folder = aside / "adapter"
    config = read_config(folder)
    base = _base_of(config, base_model, places)
    check_adapter(folder, base.name, None, places)
    given = _record(folder / "metadata.json")
    (folder / "metadata.json").unlink(missing_ok=True)
    name = given.get("name") or " ".join(re.sub(r"[^\w .-]+", " ", stem).split())[:80] or "imported"
    record = {key: given[key] for key in _NAMED if key in given} | {"name": name, "source": "imported", "imported_at": now()}
    record |= {"base_model": base.name, "base_fingerprint": base.fingerprint}
    write_json(aside / "metadata.json", {"created_at": now()} | record)
    adapter_id = f"imported_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}"
    os.rename(aside, models / adapter_id)
    sync_folder(models)
    return adapter_id


def _base_of(config: dict[str, Any], base_model: str | None, places: Places) -> Base:
    """The base model that was named, else the one that the adapter names."""
    named = base_model or str(config.get("base_model_name_or_path") or "")
    if not named:
        raise Refused("The adapter does not say which base model it was trained on.", hint="Name it (base_model).")
    try:
        return find_base(named, places)
    except AcademyError as error:
        hint = error.hint_text if base_model else "Get that base model first, or name the one on this machine (base_model)."
        raise type(error)("{message}", hint=hint, code=error.code, message=error.message_text) from error


def _record(path: Path) -> dict[str, Any]:
    """The record that Academy put beside the adapter, as far as its values are of the right kind."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    kinds: dict[str, Any] = {
        "parameters": dict,
        "train_loss": int | float,
        "eval_loss": int | float,
        "train_rows": int,
        "steps": int,
        "thinks": bool,
    }
    found = {key: values[key] for key in _NAMED if isinstance(values.get(key), kinds.get(key, str))}
    if len(str(found.get("name", ""))) > 80 or not str(found.get("name", "")).isprintable():
        found.pop("name")
    return found


# ------------------------------------------------------------------ the zip


def _unpack(archive: BinaryIO, into: Path) -> None:
    """Unpacks the files that are taken, and no others; raises Invalid or Refused for an archive that is not to be trusted."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened)
            for name, member in members.items():
                _copy(opened, member, into / name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise Invalid("The file is not a zip that can be read.", hint="Pack the adapter's folder again.") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members of the one folder that holds an adapter, by their names."""
    every = archive.infolist()
    if len(every) > _MOST_MEMBERS:
        raise Invalid(
            "The zip holds {n} files; {most} is the limit.", hint="Pack only the adapter's folder.", n=len(every), most=_MOST_MEMBERS
        )
    for member in every:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", member.filename) or "\x00" in member.filename:
            raise Refused("The zip names a path outside of itself ({name!r}).", name=member.filename[:80])
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Refused("{name} is a link, and links are not followed.", hint="Pack the files themselves.", name=path.name)
        if member.flag_bits & 1:
            raise Invalid("The zip is encrypted.", hint="Pack it without a password.")
    folders = [PurePosixPath(member.filename).parent for member in every if PurePosixPath(member.filename).name == _CONFIG]
    folders = [folder for folder in folders if "__MACOSX" not in folder.parts]
    if len(folders) != 1:
        sentence = "The zip holds {n} adapters." if folders else "The zip holds no adapter: there is no adapter_config.json."
        raise Invalid(sentence, hint="Pack the folder of one adapter, as save_pretrained writes it.", n=len(folders))
    outside = folders[0].parent / "metadata.json"  # where Academy puts it
    chosen = [member for member in every if PurePosixPath(member.filename) == outside]
    chosen += [member for member in every if PurePosixPath(member.filename).parent == folders[0]]
    inside = {PurePosixPath(member.filename).name: member for member in chosen}
    pickled = sorted(name for name in inside if re.search(r"\.(bin|pt|pth|pkl|ckpt)$", name))
    if pickled and WEIGHTS not in inside:
        raise Refused(
            "The weights of this adapter are pickled ({pickled}): loading them could run code, so Academy does not.",
            hint="Save it as {weights} (save_pretrained does).",
            pickled=pickled[0],
            weights=WEIGHTS,
        )
    return {name: inside[name] for name in _TAKEN if name in inside}


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path) -> None:
    """Writes a member, and counts what comes out: the sizes in a zip can be wrong."""
    remaining = min(_TAKEN[to.name], max(_ALWAYS_UNPACKED, _RATIO * member.compress_size))
    with archive.open(member) as source, open(to, "wb") as target:
        while chunk := source.read(1 << 20):
            remaining -= len(chunk)
            if remaining < 0:
                raise Refused(
                    "{name} unpacks to more than weights do, which is suspiciously much.",
                    hint="Unpack it and import the folder.",
                    name=to.name,
                )
            target.write(chunk)
