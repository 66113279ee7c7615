"""Datasets: frozen files of examples, each with a manifest that is written last; without it there is no dataset."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from academy.curation.dataset_rows import Origin, Rows, write_origins
from academy.curation.examples import Example, Format, render
from academy.curation.filters import DroppedRow
from academy.errors import Conflict, Invalid, NotFound
from academy.files import disk_errors, inside, now, read_json, sync_folder, write_json
from academy.messages import Text, join
from academy.preferences import Preference, beside, row_of
from academy.rows import BadRow, conversation, read_line, turns_of, wordings_of

_MAX_DROPPED = 5000
_SAMPLES = 20
_MAX_LINE = 64 << 20
_ID = re.compile(r"dataset_(alpaca|sharegpt|messages)_\d{8}_\d{6}[A-Za-z0-9_-]*")
_END = ".manifest.json"


class Manifest(BaseModel):
    """A dataset's files, its hash, and how it was made; `dropped` lists the examples that were left out, and why."""

    id: str
    name: str
    path: str
    eval_path: str | None = None
    sha256: str
    created_at: str
    format: Format
    statistics: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    request: dict[str, Any] = {}
    dropped: list[DroppedRow] = []
    redactions: list[dict[str, Any]] = []
    warnings: list[Text] = []
    eval_sha256: str | None = None


class DatasetStore:
    """The datasets of one folder, as `dataset_<format>_<time>….jsonl`, `….eval.jsonl`, `….preferences.jsonl` and `….manifest.json`."""

    def __init__(self, training_dir: Path) -> None:
        self.folder = training_dir
        self._known: dict[str, tuple[tuple[int, int], Manifest]] = {}

    def write(
        self,
        train: Iterable[Example],
        eval_: Iterable[Example],
        form: Format,
        *,
        name: str = "",
        statistics: dict[str, Any] | None = None,
        sources: dict[str, Any] | None = None,
        request: dict[str, Any] | None = None,
        dropped: list[DroppedRow] | None = None,
        redactions: list[dict[str, Any]] | None = None,
        warnings: Sequence[Text] | None = None,
        preferences: Sequence[Preference] = (),
    ) -> Manifest:
        """Freezes a dataset; raises Invalid where there is nothing to train and NoSpace on a full disk, and then leaves nothing behind."""
        aside = self.folder / f".dataset-{secrets.token_hex(8)}.tmp"
        aside_eval = aside.with_suffix(".eval.tmp")
        with disk_errors("the dataset"), contextlib.ExitStack() as always, contextlib.ExitStack() as on_failure:
            self.folder.mkdir(parents=True, exist_ok=True)
            always.callback(aside.unlink, missing_ok=True)
            always.callback(aside_eval.unlink, missing_ok=True)
            origins: list[Origin] = []
            count, digest = _write_rows(aside, _noting(train, origins), form)
            if not count:
                raise Invalid("There is no example to make a dataset from.", hint="Add lessons, commits or files first.")
            held_out, eval_digest = _write_rows(aside_eval, _noting(eval_, origins), form)
            path = self._take_name(form)
            on_failure.callback(path.unlink, missing_ok=True)
            self._write_beside(path, origins, preferences, on_failure)
            os.replace(aside, path)
            eval_path = path.with_suffix(".eval.jsonl") if held_out else None
            if eval_path:
                on_failure.callback(eval_path.unlink, missing_ok=True)
                os.replace(aside_eval, eval_path)
            sync_folder(self.folder)
            manifest = Manifest(
                id=path.stem,
                name=name or path.stem,
                path=str(path),
                eval_path=str(eval_path) if eval_path else None,
                sha256=digest,
                eval_sha256=eval_digest if eval_path else None,
                created_at=now(),
                format=form,
                statistics=statistics or {},
                sources=sources or {},
                request=request or {},
                dropped=(dropped or [])[:_MAX_DROPPED],
                redactions=redactions or [],
                warnings=list(warnings or []),
            )
            # Paths are stored relative to the folder of datasets, so that the data folder can be moved.
            stored = manifest.model_dump(context={"stored": True}) | {"path": path.name, "eval_path": eval_path.name if eval_path else None}
            write_json(self._manifest_of(path.stem), stored)
            on_failure.pop_all()
        return manifest

    def list(self) -> list[Manifest]:
        """The datasets, newest first, without the lists of dropped examples and redactions."""
        manifests = []
        for path in self.folder.glob(f"dataset_*{_END}") if self.folder.is_dir() else ():
            # A manifest that was damaged by hand hides its own dataset, not the others.
            with contextlib.suppress(NotFound):
                manifests.append(self._listed(path.name.removesuffix(_END)))
        return sorted(manifests, key=lambda manifest: (manifest.created_at, manifest.id), reverse=True)

    def _listed(self, dataset_id: str) -> Manifest:
        """A manifest without its long parts, read once: the page lists datasets every second, and dropped rows can be megabytes."""
        try:
            stat = self._manifest_of(dataset_id).stat()
        except OSError as error:
            raise _unknown(dataset_id) from error
        known = self._known.get(dataset_id)
        if known and known[0] == (stat.st_mtime_ns, stat.st_size) and Path(known[1].path).is_file():
            return known[1].model_copy()
        manifest = self.get(dataset_id).model_copy(update={"dropped": [], "redactions": []})
        self._known[dataset_id] = (stat.st_mtime_ns, stat.st_size), manifest
        return manifest.model_copy()

    def get(self, dataset_id: str) -> Manifest:
        """A dataset's manifest; raises NotFound."""
        try:
            if not _ID.fullmatch(dataset_id):
                raise _unknown(dataset_id)
            path = inside(self.folder, f"{dataset_id}.jsonl", "dataset")
            value = read_json(self._manifest_of(dataset_id))
            if value is None or not path.is_file():
                raise _unknown(dataset_id)
            # The files are those beside the manifest: an absolute path of an older version may name the folder it was copied from.
            eval_path = inside(self.folder, f"{dataset_id}.eval.jsonl", "dataset") if value.get("eval_path") else None
            paths = {"id": dataset_id, "path": str(path), "eval_path": str(eval_path) if eval_path else None}
            return Manifest.model_validate(value | paths)
        except (ValueError, ValidationError, TypeError, KeyError, AttributeError, Invalid) as error:
            raise _unknown(dataset_id) from error

    def delete(self, dataset_id: str) -> None:
        """Deletes a dataset; raises NotFound."""
        manifest = self.get(dataset_id)
        # The manifest goes first: from then on there is no such dataset, whatever happens to its files.
        self._manifest_of(dataset_id).unlink(missing_ok=True)
        for path in (manifest.path, manifest.eval_path, self._origins_of(dataset_id), beside(Path(manifest.path))):
            if path:
                Path(path).unlink(missing_ok=True)

    def rename(self, dataset_id: str, name: str) -> Manifest:
        """Gives a dataset another name; raises NotFound."""
        self.get(dataset_id)
        stored = read_json(self._manifest_of(dataset_id))
        with disk_errors("the dataset"):
            write_json(self._manifest_of(dataset_id), stored | {"name": name})
        return self.get(dataset_id)

    def open(self, dataset_id: str, part: str = "train") -> Rows | None:
        """The rows of a part for the eye; None where the dataset has no such part. Raises NotFound."""
        if not _ID.fullmatch(dataset_id):
            raise _unknown(dataset_id)
        manifest = self._listed(dataset_id)
        path = manifest.path if part == "train" else manifest.eval_path
        if path is None:
            return None
        first = 0 if part == "train" else int(manifest.statistics.get("train_examples", 0))
        return Rows.of(self.find_path(path), self._origins_of(dataset_id), first, manifest.statistics.get("sources") or {})

    def newest(self) -> Manifest | None:
        """The newest dataset, if there is one."""
        return next(iter(self.list()), None)

    def rows(self, dataset_id: str, offset: int = 0, limit: int = 20, part: str = "train") -> list[dict[str, Any]]:
        """Rows as they are in the file; part is "train" or "eval"."""
        if part not in ("train", "eval"):
            raise Invalid("A dataset has no part {part!r}.", hint="Use train or eval.", part=part[:20])
        if offset < 0 or not 0 <= limit <= 10_000:
            raise Invalid("offset must be 0 or more, and limit 0 to 10,000.")
        opened, rows = self.open(dataset_id, part), []
        if opened is None:
            return []
        for number, line in enumerate(opened.lines(offset, limit), offset + 1):
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                hint = "Curate the dataset again."
                raise Invalid("Line {number} of {name} is damaged.", hint=hint, number=number, name=opened.path.name) from error
        return rows

    def diff(self, a: str, b: str) -> dict[str, Any]:
        """The rows of dataset `b` that `a` lacks (new) and those of `a` that `b` lacks (gone), in any form, train and eval together.

        `changed` of both are the same row with another text: the same lesson, or the same question.
        """
        before, after = self._digests(a), self._digests(b)
        new, gone = after - before, before - after
        changed = self._changed(a, gone, b, new)
        return {
            "new": new.total(),
            "gone": gone.total(),
            "same": (before & after).total(),
            "changed": len(changed),
            "new_samples": self._samples(b, new),
            "gone_samples": self._samples(a, gone),
            "changed_samples": changed[:_SAMPLES],
        }

    def check_file(self, path: Path) -> int:
        """How many rows the file holds; raises Invalid that names the broken line."""
        count = 0
        try:
            with open(path, "rb") as file:
                number = 0
                while line := file.readline(_MAX_LINE + 1):
                    number += 1
                    if len(line) > _MAX_LINE:
                        raise Invalid(
                            "Line {number} of {name} is longer than {limit} MB.",
                            hint=_REMEDY,
                            number=number,
                            name=path.name,
                            limit=_MAX_LINE >> 20,
                        )
                    if line.strip():
                        read_line(line, number)
                        count += 1
        except BadRow as error:
            text = "Line {number} of {name} cannot be used: {reason}."
            raise Invalid(text, hint=_REMEDY, number=error.number, name=path.name, reason=join(error.reason)) from error
        except (FileNotFoundError, IsADirectoryError) as error:
            raise Invalid("There is no dataset file {name}.", hint="Curate a dataset first.", name=path.name) from error
        return count

    def find_path(self, dataset_path: str) -> Path:
        """The file that a path names, absolute or relative to the data folder or the folder of datasets; Invalid for anything outside."""
        problem = Invalid("dataset_path must name a dataset file inside the data folder.", hint="Take it from the list of datasets.")
        if not dataset_path or len(dataset_path) > 4000 or any(ord(char) < 32 for char in dataset_path):
            raise problem
        root = self.folder.parent.absolute()
        given = Path(dataset_path)
        tried = [given] if given.is_absolute() else [self.folder.absolute() / given, root / given, given.absolute()]
        for path in tried:
            if ".." in path.parts or not path.is_relative_to(root):
                continue
            with contextlib.suppress(OSError, ValueError):
                # No step below the data folder may be a link: one could lead out.
                steps = [path, *path.parents]
                linked = any(step.is_symlink() for step in steps[: steps.index(root)])
                if path.suffix == ".jsonl" and not linked and path.is_file():
                    return path
        raise problem

    # ---------------------------------------------------------------- helpers

    def _write_beside(self, path: Path, origins: list[Origin], preferences: Sequence[Preference], on_failure: contextlib.ExitStack) -> None:
        """Writes what a dataset file is accompanied by, as far as there is any."""
        if any(origin.origin for origin in origins):
            on_failure.callback(self._origins_of(path.stem).unlink, missing_ok=True)
            write_origins(self._origins_of(path.stem), origins)
        if preferences:
            on_failure.callback(beside(path).unlink, missing_ok=True)
            _write_lines(beside(path), map(row_of, preferences))

    def _manifest_of(self, dataset_id: str) -> Path:
        return self.folder / f"{dataset_id}{_END}"

    def _origins_of(self, dataset_id: str) -> Path:
        return self.folder / f"{dataset_id}.origins"

    def _take_name(self, form: Format) -> Path:
        """A free name, taken in one step by creating the file empty."""
        base = f"dataset_{form}_{datetime.now(UTC):%Y%m%d_%H%M%S}"
        for number in range(1, 10_000):
            path = self.folder / (f"{base}.jsonl" if number == 1 else f"{base}_{number}.jsonl")
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
            except FileExistsError:
                continue
            return path
        raise Conflict("Too many datasets at once.", hint="Try again in a second.")

    def _rows_of(self, dataset_id: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
        manifest = self.get(dataset_id)
        for path in (manifest.path, manifest.eval_path):
            if path and Path(path).is_file():
                with open(path, "rb") as file:
                    for line in file:
                        # A damaged line equals nothing; training from this file is refused by check_file.
                        with contextlib.suppress(ValueError, RecursionError):
                            row = json.loads(line)
                            yield _digest(turns_of(row), wordings_of(row)), row

    def _digests(self, dataset_id: str) -> Counter[bytes]:
        return Counter(digest for digest, _ in self._rows_of(dataset_id))

    def _changed(self, a: str, gone: Counter[bytes], b: str, new: Counter[bytes]) -> list[dict[str, Any]]:
        """Pairs of a row of `a` that is gone and a row of `b` that is new, of the same lesson or with the same question."""
        pairs: list[dict[str, Any]] = []
        waiting: dict[Any, list[tuple[bytes, dict[str, Any]]]] = {}
        for name, row, digest in self._named(a):
            if gone[digest] > 0:
                waiting.setdefault(name, []).append((digest, row))
        for name, row, digest in self._named(b) if waiting else ():
            if new[digest] > 0 and waiting.get(name):
                pairs.append({"before": waiting[name].pop(0)[1], "after": row})
        return pairs

    def _named(self, dataset_id: str) -> Iterator[tuple[Any, dict[str, Any], bytes]]:
        """Every row with what it is recognised by where its text changes, and its digest."""
        for part in ("train", "eval"):
            rows = self.open(dataset_id, part)
            for number, row in rows.parsed() if rows else ():
                origin = rows.origin(number) if rows else Origin()
                turns = conversation(row)
                name = (
                    origin.origin
                    if origin.source == "lessons" and origin.origin
                    else "\0".join(turn.content for turn in turns[:-1] or turns)
                )
                yield name, row, _digest(turns, wordings_of(row))

    def _samples(self, dataset_id: str, wanted: Counter[bytes]) -> list[dict[str, Any]]:
        left = Counter(wanted)
        samples: list[dict[str, Any]] = []
        for digest, row in self._rows_of(dataset_id) if wanted else ():
            if left[digest] > 0:
                left[digest] -= 1
                samples.append(row)
                if len(samples) == _SAMPLES:
                    break
        return samples


def _digest(turns: Sequence[Any], wordings: Sequence[str]) -> bytes:
    return hashlib.blake2b(repr((turns, wordings)).encode("utf-8", "replace"), digest_size=16).digest()


_REMEDY = "Correct the file, or curate the dataset again."


def _noting(examples: Iterable[Example], origins: list[Origin]) -> Iterator[Example]:
    """The examples, whose origins are noted as they pass."""
    for example in examples:
        origins.append(Origin(example.source, example.origin))
        yield example


def _write_rows(path: Path, examples: Iterable[Example], form: Format) -> tuple[int, str]:
    return _write_lines(path, (render(example, form) for example in examples))


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> tuple[int, str]:
    """Writes a new file durably; returns the number of its rows and its hash."""
    digest = hashlib.sha256()
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count, digest.hexdigest()


def _unknown(dataset_id: str) -> NotFound:
    shown = dataset_id[:80].encode("ascii", "backslashreplace").decode()
    return NotFound(
        "There is no dataset {id!r}.", hint="It may have been deleted; list the datasets to see those that are there.", id=shown
    )
