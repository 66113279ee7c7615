"""The verbs of datasets and of the uploaded files that they are made from."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from academy.adapters.store import AdapterStore
from academy.bases import Places, resolve_base
from academy.config import Settings
from academy.curation import tokens
from academy.curation.asked import AskedRows
from academy.curation.commits.looking import Glance, glance, name_of
from academy.curation.curate import Curated, Sources, curate
from academy.curation.dataset_rows import Row, RowSort
from academy.curation.datasets import DatasetStore, Manifest
from academy.curation.documents.store import DocumentStore
from academy.curation.examples import DatasetRequest, Example
from academy.curation.files.imports import FileReport
from academy.curation.files.uploads import UploadRecord, UploadStore
from academy.curation.lesson_store import LessonStore
from academy.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from academy.habitat import Habitat
from academy.jobs.store import JobStore
from academy.messages import Text, msg
from academy.preferences import beside
from academy.rows import BadRow, message_of, read_line, wordings_of
from academy.services.lessons import Files, check_count
from academy.services.permission import Permission, changing, reading
from academy.text.wordings import Wordings

Progress = Callable[[float, Text], None]
"""Called with the part that is done, from 0 to 1, and what is done now."""

NO_PREFERENCES = msg("Correct or rate some answers, and curate the dataset again.")

_SAMPLES = 5
_MOST_QUESTIONS = 5000  # read for the wordings of one
_TRAININGS = 200  # the newest, whose lessons are no longer new
_MOST_COUNTED = 8


class Datasets:
    """Everything that can be done with uploads and datasets."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        store: DatasetStore,
        uploads: UploadStore,
        lessons: LessonStore,
        jobs: JobStore,
        adapters: AdapterStore,
        habitat: Habitat,
        documents: DocumentStore,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._store = store
        self._uploads = uploads
        self._lessons = lessons
        self._jobs = jobs
        self._adapters = adapters
        self._habitat = habitat
        self._documents = documents
        self._asked = AskedRows()
        self._taught: dict[tuple[str, ...], tuple[int, int]] = {}

    # Uploads

    @changing
    def upload(self, files: Files, mapping: dict[str, str] | None = None) -> Sequence[UploadRecord]:
        """Stores files as sources of datasets; partial success, file by file."""
        check_count(files)
        return [self._uploads.add(stream, name, mapping=mapping) for name, stream in files]

    @reading
    def uploads(self) -> Sequence[UploadRecord]:
        """The uploaded files, newest first."""
        return self._uploads.list()

    @reading
    def upload_report(self, upload_id: str) -> FileReport:
        """The result of each row of an uploaded file."""
        return self._uploads.report(upload_id)

    @changing
    def delete_upload(self, upload_id: str) -> None:
        """Deletes an uploaded file; datasets made from it stay as they are."""
        self._uploads.delete(upload_id)

    # Datasets

    @changing
    def preview(self, request: DatasetRequest) -> dict[str, Any]:
        """Contract, section 1, row 3: what a dataset would be. Writes nothing, but reads any repository, so a demonstration refuses it."""
        curated = self._curate(request)
        return {
            "total_examples": curated.statistics["total_examples"],
            "by_source": curated.by_source,
            "removed_low_quality": curated.statistics["removed_low_quality"],
            "warnings": curated.warnings,
            "samples": [_sample(example) for example in _spread(curated.train)],
            "statistics": curated.statistics,
            "sentence": curated.sentence,
        }

    @changing
    def look_at_commits(self, request: DatasetRequest) -> Glance:
        """What the commits of a repository would teach. Writes nothing, but reads any repository, so a demonstration refuses it."""
        repo = Path(request.git_repo_path) if request.git_repo_path else self._settings.git_repo
        if repo is None:
            raise Invalid("No repository is named.", hint="Name the folder of a git repository on this machine.")
        limit = request.git_commits_limit if request.git_commits_limit is not None else self._settings.git_commits_limit
        return glance(repo, request, limit)

    @changing
    def create(self, request: DatasetRequest, progress: Progress | None = None) -> dict[str, Any]:
        """Contract, section 1, row 2: curates the sources into frozen files with a manifest."""
        curated = self._curate(request, progress)
        if uploads := curated.sources.get("uploads"):
            # By name too: the files may be deleted, the dataset stays.
            records = [self._uploads.get(upload) for upload in request.upload_ids]
            uploads["files"] = [record.name for record in records]
            if origins := [record.origin.model_dump() for record in records if record.origin]:
                uploads["origins"] = origins
        if documents := curated.sources.get("documents"):
            documents["files"] = self._file_names(request, "documents")
        manifest = self._store.write(
            curated.train,
            curated.eval,
            request.format,
            name=self._free_name(request.name or self._name(request, curated)),
            statistics=curated.statistics,
            sources=curated.sources,
            request=request.model_dump(),
            dropped=[item.row() for item in curated.dropped],
            redactions=curated.redactions,
            warnings=curated.warnings,
            preferences=curated.preferences,
        )
        return {
            "success": True,
            "dataset_id": manifest.id,
            "dataset_path": manifest.path,
            "name": manifest.name,
            "statistics": curated.statistics,
            "message": curated.sentence,
            "warnings": curated.warnings,
        }

    @changing
    def again(self, dataset_id: str, changes: dict[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Curates a dataset again from its sources as they are now, with some of its request changed; the old one stays."""
        item = self._store.get(dataset_id)
        values = {name: value for name, value in item.request.items() if name in DatasetRequest.model_fields}
        return self.create(DatasetRequest.model_validate(values | {"name": item.name} | changes), progress)

    @changing
    def rename(self, dataset_id: str, name: str) -> Manifest:
        """Gives a dataset another name; its id stays."""
        return self._store.rename(dataset_id, name)

    @reading
    def list(self) -> Sequence[Manifest]:
        """All datasets, newest first."""
        return self._store.list()

    @reading
    def newest(self) -> Manifest | None:
        """The newest dataset, if there is one."""
        return self._store.newest()

    @reading
    def get(self, dataset_id: str) -> Manifest:
        """A dataset's manifest, with the dropped rows and the reason for each."""
        return self._store.get(dataset_id)

    @changing
    def delete(self, dataset_id: str) -> None:
        """Deletes a dataset; raises Conflict while a job or an adapter needs it."""
        manifest = self._store.get(dataset_id)
        for job in self._jobs.open_jobs():
            if job.dataset_id == dataset_id or job.dataset_path == manifest.path:
                raise Conflict(
                    "{dataset} is in use by the job {job}.",
                    hint="Cancel it, or wait until it has ended.",
                    dataset=manifest.name,
                    job=job.name,
                )
        for adapter in self._adapters.list():
            if adapter.dataset_id == dataset_id:
                raise Conflict(
                    "The adapter {adapter} was trained on {dataset}.",
                    hint="Delete that adapter first.",
                    adapter=adapter.name,
                    dataset=manifest.name,
                )
        self._store.delete(dataset_id)

    @reading
    def rows(self, dataset_id: str, offset: int = 0, limit: int = 20, part: str = "train") -> Sequence[dict[str, Any]]:
        """Rows of a dataset as they stand in its file."""
        return self._store.rows(dataset_id, offset, limit, part)

    @reading
    def view(
        self,
        dataset_id: str,
        part: str = "train",
        *,
        query: str = "",
        sort: RowSort = "file",
        source: str = "",
        only: Sequence[int] | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[int, Sequence[Row]]:
        """How many rows of a part match, and a page of them, each with its origin and the key by which it is left out."""
        rows = self._store.open(dataset_id, part)
        found = rows.select(query, sort, source, only) if rows else ()
        return len(found), rows.read(found[offset : offset + limit]) if rows else []

    @reading
    def row(self, dataset_id: str, number: int, part: str = "train") -> Row | None:
        """One row of a part by its number, from 0; None beyond its end."""
        rows = self._store.open(dataset_id, part)
        found = rows.select("", "file", "", None) if rows else ()
        return rows.read([number])[0] if rows and number < len(found) else None

    @reading
    def keys(self, dataset_id: str) -> frozenset[str]:
        """The keys of all rows of a dataset."""
        parts = [self._store.open(dataset_id, part) for part in ("train", "eval")]
        return frozenset().union(*(rows.keys() for rows in parts if rows))

    @reading
    def held_out(self, dataset_id: str) -> frozenset[str]:
        """The ids of the lessons that a dataset holds out."""
        rows = self._store.open(dataset_id, "eval")
        return rows.lessons() if rows else frozenset()

    @reading
    def untaught(self, adapter_id: str | None) -> int:
        """How many of the lessons that can be trained no dataset of an adapter has, nor of those that it continues; without one, all."""
        return self._outside([job.dataset_id for job in self._jobs.line(adapter_id) if job.dataset_id])

    def new_lessons(self) -> int:
        """How many of the lessons that can be trained no training has seen, nor sees now. Answers also where Academy is disabled."""
        jobs = [job for job in self._jobs.list(_TRAININGS) if job.kind in ("train", "sweep")]
        taught = [job.dataset_id for job in jobs if job.status not in ("failed", "cancelled")]
        return self._outside(dict.fromkeys(name for name in taught if name))

    def _outside(self, dataset_ids: Iterable[str]) -> int:
        """How many of the lessons that can be trained none of the datasets has.

        The others are counted again only when a lesson that was there has changed: a new one is in no dataset.
        """
        line = tuple(dataset_ids)
        edits, inside = self._taught.get(line, (None, 0))
        if edits != self._lessons.edits:
            edits = self._lessons.edits
            seen = {origin for name in line for origin in self._lessons_of(name)}
            inside = sum(lesson_id in seen for lesson_id in self._lessons.trained_ids()) if seen else 0
            if len(self._taught) >= _MOST_COUNTED:
                self._taught.clear()
            self._taught[line] = edits, inside
        return self._lessons.statistics()["trainable_lessons"] - inside

    def _lessons_of(self, dataset_id: str) -> Iterator[str]:
        """The ids of the lessons that a dataset holds or left out; of a dataset that was deleted, none."""
        with contextlib.suppress(NotFound):
            for rows in [rows for part in ("train", "eval") if (rows := self._store.open(dataset_id, part))]:
                yield from (origin for source, origin in rows.origins() if source == "lessons")
            yield from (row.get("origin", "") for row in self._store.get(dataset_id).dropped)

    @reading
    def answer_to(self, question: str, adapter_id: str | None = None) -> str | None:
        """What was taught as the answer to exactly this question: by a lesson, else in the dataset of the adapter, or in the newest one."""
        if (answer := self._lessons.answer_to(question)) is not None:
            return answer
        adapter = next((item for item in self._adapters.list() if item.adapter_id == adapter_id), None)
        manifests = self._store.list()
        manifest = next((item for item in manifests if adapter is None or item.id == adapter.dataset_id), None)
        path = self._store.find_path(manifest.path) if manifest else None
        return self._asked.answer(path, question) if path and path.is_file() else None

    @reading
    def variations(self, dataset_id: str, row: int, count: int = 3) -> Sequence[str]:
        """Other wordings of a row's question, as a training that varies the questions may ask it; none where nothing can be varied.

        The row's own wordings come first, all of them.
        """
        questions, own = {}, list[str]()
        with open(self.file(dataset_id), "rb") as file:
            for number, line in enumerate(itertools.islice(file, _MOST_QUESTIONS)):
                if asked := _question(line):
                    questions[number] = asked
                    own = wordings_of(json.loads(line.decode("utf-8-sig"))) if number == row else own
        question = questions.get(row)
        if question is None:
            return []
        wordings = Wordings([*questions.values()])
        made = dict.fromkeys(wordings.varied(question, seed) for seed in range(8 * count))
        return [*own, *[text for text in made if text != question and text not in own][:count]]

    @reading
    def file(self, dataset_id: str, part: Literal["train", "eval", "preferences"] = "train") -> Path:
        """The file of the rows to train on, of those that are held out, or of the preferences; raises NotFound where there is none."""
        manifest = self._store.get(dataset_id)
        if part == "preferences" and not beside(Path(manifest.path)).is_file():
            raise NotFound("{id!r} has no preferences.", hint=NO_PREFERENCES, id=dataset_id)
        named = {"train": manifest.path, "eval": manifest.eval_path, "preferences": str(beside(Path(manifest.path)))}[part]
        if named is None:
            raise NotFound("Nothing of {id!r} is held out.", hint="Curate with eval_fraction for a part that is.", id=dataset_id)
        path = self._store.find_path(named)
        if not path.is_file():
            raise NotFound("The file of {id!r} is missing.", hint="Curate it again.", id=dataset_id)
        return path

    @reading
    def diff(self, first: str, second: str) -> dict[str, Any]:
        """The rows that only the second has, and those that only the first has."""
        return self._store.diff(first, second)

    @reading
    def tokens(
        self, dataset_id: str, base_model: str | None = None, max_seq_length: int | None = None, rows: Iterable[int] = ()
    ) -> dict[str, Any]:
        """The dataset as the model sees it: token lengths of all rows, coloured tokens of the named ones."""
        manifest = self._store.get(dataset_id)
        if not self._habitat.training().ok:
            raise Unavailable("Counting tokens needs the training libraries.", hint=self._habitat.training().remedy)
        base = _local_base(base_model or self._settings.default_base_model, Places.of(self._settings))
        length = max_seq_length or self._settings.max_seq_length
        return tokens.inspect_tokens(base, self._store.find_path(manifest.path), length, [*rows])

    def _curate(self, request: DatasetRequest, progress: Progress | None = None) -> Curated:
        return curate(
            request,
            Sources(
                lessons=lambda limit: self._lessons.trainable(limit, request.lesson_filter),
                uploads=self._uploads.as_examples,
                documents=self._documents.as_examples,
                counts=lambda: self._lessons.counts(request.lesson_filter),
                disliked=lambda limit: self._disliked(request, limit),
            ),
            default_repo=self._settings.git_repo,
            lessons_limit=self._settings.max_lessons,
            commits_limit=self._settings.git_commits_limit,
            progress=progress,
        )

    def _disliked(self, request: DatasetRequest, limit: int) -> Iterator[Example]:
        if request.include_lessons:
            yield from self._lessons.disliked(limit, request.lesson_filter)
        yield from self._uploads.disliked(list(request.upload_ids))

    def _name(self, request: DatasetRequest, curated: Curated) -> str:
        """A name after the sources."""
        names = []
        for source in curated.by_source:
            if source == "lessons" and not request.lesson_filter.is_all:
                chosen = request.lesson_filter
                words = [*chosen.tags, *chosen.sources, chosen.query]
                names.append(" + ".join(word for word in words if word)[:40] or "chosen lessons")
            elif source == "lessons":
                samples = self._lessons.count_where("sample")
                names.append("handbook" if samples and samples == self._lessons.search(limit=1).count else "lessons")
            elif source == "git":
                names.append(name_of(Path(request.git_repo_path or str(self._settings.git_repo))))
            else:
                files = [Path(name).stem[:40] or "file" for name in self._file_names(request, source)]
                names.append(files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else ""))
        return " + ".join(names)[:70]

    def _file_names(self, request: DatasetRequest, source: str) -> Sequence[str]:
        """The names of the uploads, or of the documents, of a request."""
        if source == "documents":
            return [self._documents.get(document).name for document in request.document_ids]
        return [self._uploads.get(upload).name for upload in request.upload_ids]

    def _free_name(self, name: str) -> str:
        """The name; numbered where another dataset has it."""
        taken = {manifest.name for manifest in self._store.list()}
        stem = re.sub(r" \(\d+\)$", "", name)[:74]
        return name if name not in taken else next(new for n in itertools.count(2) if (new := f"{stem} ({n})") not in taken)


def _spread(examples: Sequence[Example]) -> Sequence[Example]:
    """A few examples of every source and file in turn, each evenly from its beginning to its end."""
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        file = example.origin.rpartition(":")[0] if example.source == "uploads" else ""
        groups.setdefault((example.source, file), []).append(example)
    each = -(-_SAMPLES // max(1, len(groups)))
    picked = [[group[at * len(group) // each] for at in range(min(each, len(group)))] for group in groups.values()]
    # Where one group is small, the others give more.
    rest = [example for group in groups.values() for example in group]
    taken = [example for round_ in itertools.zip_longest(*picked) for example in round_ if example]
    return [*dict.fromkeys([*taken, *rest])][:_SAMPLES]


def _question(line: bytes) -> str | None:
    """The last user turn of a row that has an answer, which a training varies."""
    try:
        turns = read_line(line)
    except BadRow:
        return None  # the trainer leaves it out as well
    pairs = zip(turns[-2::-1], turns[:0:-1], strict=True)
    return next((turn.content for turn, answer in pairs if (turn.role, answer.role) == ("user", "assistant")), None)


def _sample(example: Example) -> dict[str, Any]:
    return {
        "source": example.source,
        "origin": example.origin,
        "turns": [message_of(turn) for turn in example.turns],
    }


def _local_base(name: str, places: Places) -> Path:
    base = resolve_base(name, places)
    if base.path is None:
        raise Refused(
            "{name} has not been fetched yet.", hint="Start a training with it, which fetches it, or name a local folder.", name=name
        )
    return base.path
