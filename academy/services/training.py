"""The verbs that begin a training: plan, try out, train, retry."""

from __future__ import annotations

import contextlib
import itertools
import re
import statistics
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from academy.adapters.store import AdapterStore
from academy.bases import Base, Places, facts, resolve_base
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.datasets import DatasetStore, Manifest
from academy.errors import AcademyError, Conflict, Invalid, NotFound, Refused, Unavailable
from academy.habitat import Habitat
from academy.jobs import continuing, presets, recipes
from academy.jobs.backends import BACKENDS, Backend
from academy.jobs.design import RACED, Space, default_space, design
from academy.jobs.estimate import Estimate, Pace, estimate
from academy.jobs.kinds.sweep import Sweep, SweepRequest, SweepSpec
from academy.jobs.reading import view
from academy.jobs.reading.progress import progress
from academy.jobs.reading.reports import report_in
from academy.jobs.recipes import Recipe
from academy.jobs.running.dry_run import dry_run
from academy.jobs.running.runner import Runner
from academy.jobs.running.scheduling import check_share
from academy.jobs.spec import KNOBS, TrainingSpec, resolve
from academy.jobs.store import TEACHING, Inputs, Job, JobStore
from academy.messages import Text, join, msg, render
from academy.models import BUNDLED
from academy.preferences import Preference, beside, of_kind, read_preferences
from academy.rows import BadRow
from academy.services.datasets import NO_PREFERENCES
from academy.services.lengths import lengths_of
from academy.services.permission import Permission, changing, reading
from academy.services.warming import Warming

_EARLIER_JOBS = 200
_EARLIER_DATASETS = 3
_MEASURABLE = 20  # rows, of which a tenth measures
_NAMES = 1000
_LONGEST_NAME = 80
_AGAIN = re.compile(r"(?: again(?: \d+)?)+$")


class Training:
    """Everything that leads to a job."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        datasets: DatasetStore,
        adapters: AdapterStore,
        jobs: JobStore,
        runner: Runner,
        backends: Mapping[str, Backend],
        session: ChatSession,
        habitat: Habitat,
        warming: Warming,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._datasets = datasets
        self._adapters = adapters
        self._jobs = jobs
        self._runner = runner
        self._backends = backends
        self._session = session
        self._habitat = habitat
        self._warming = warming
        self._dry = threading.Lock()

    def warm(self) -> None:
        """Starts a trainer in advance when the form of a training becomes visible; called while it is."""
        if self._permission.enabled and not self._permission.only_shows:
            self._warming.look()

    @changing
    def train(self, spec: TrainingSpec, idempotency_key: str | None = None) -> Job:
        """Queues a training, after checking all that can be checked before; the same key gives the same job."""
        if idempotency_key and (earlier := self._jobs.by_key(idempotency_key)):
            return earlier
        resolved, inputs = self._plan(spec)
        inputs = replace(inputs, effort=spec.preset, chosen=_chosen(spec))
        return self._runner.submit(resolved, inputs, idempotency_key=idempotency_key)

    @changing
    def race(self, request: SweepRequest) -> Job:
        """Queues a race of several settings on one base, after checking each of them as a training is checked."""
        named = {name: value for name in ("name", "dataset_id", "base_model") if (value := getattr(request, name))}
        asked = TrainingSpec.model_validate({"preset": "auto"} | request.settings | named)
        if asked.recipe:
            raise Invalid("A recipe cannot race.", hint="Leave it out: only Academy's own trainer takes turns.")
        if asked.method != "sft":
            raise Invalid("A race learns from answers only.", hint="Train on preferences with the settings that won.")
        resolved, inputs = self._plan(asked)
        values = resolved.model_dump()
        trials = design(_space_of(request.space, values), values, request.trials, resolved.seed)
        if len(trials) < 2:
            raise Invalid("The space has fewer than two different choices.", hint="Give a setting at least two values.")
        checked = [TrainingSpec.model_validate(values | trial) for trial in trials]
        trials = [{name: getattr(spec, name) for name in trial} for spec, trial in zip(checked, trials, strict=True)]
        sweep = Sweep(trials=trials, budget_seconds=request.budget_seconds, seeds=request.seeds)
        # The race itself measures the rate, and has its own time.
        spec = SweepSpec.model_validate(values | {"measure_rate": False, "budget_seconds": None, "sweep": sweep})
        return self._runner.submit(spec, replace(inputs, effort=asked.preset, chosen=_chosen(asked)), kind="sweep")

    @reading
    def base_models(self) -> Sequence[str]:
        """The names of base models to choose from: the default, the bundled ones, and those of earlier jobs."""
        used = (job.base_model for job in self._jobs.list(_EARLIER_JOBS) if job.base_path)
        return [*dict.fromkeys([self._settings.default_base_model, *BUNDLED, *used])]

    @reading
    def recipes(self) -> Sequence[Recipe]:
        """The owner's own training commands; raises Invalid where their file cannot be used."""
        return [*recipes.load(self._settings.data_dir / "recipes.toml").values()]

    @reading
    def plan(self, spec: TrainingSpec) -> dict[str, Any]:
        """What `train` would do: all values, the reasons, and the problems; starts nothing."""
        try:
            resolved, inputs = self._plan(spec)
        except AcademyError as error:
            return {"spec": None, "reasons": [], "problems": [error.detail], "name": "", "estimate": None, "continuing": None}
        guess = self._estimate(resolved, inputs)
        return {
            "spec": resolved.model_dump(),
            "reasons": [render(reason) for reason in inputs.reasons],
            "problems": [],
            "name": inputs.name,
            "estimate": guess.as_dict() if guess else None,
            "continuing": self._continuing(resolved, inputs),
        }

    @changing
    def dry_run(self, spec: TrainingSpec) -> dict[str, Any]:
        """Two steps on the longest rows: peak memory, seconds a step, time for all; out of memory shows here."""
        if busy := self._runner.busy():
            raise Conflict(
                "{job} is training.",
                hint="Try again when it has ended; a second one would falsify the measurement.",
                job=busy.name,
            )
        resolved, inputs = self._plan(spec)
        if not self._dry.acquire(blocking=False):
            raise Conflict("A dry run is already in progress.", hint="Wait for its result.")
        try:
            if self._habitat.gpus():
                self._session.step_aside("A dry run is in progress.")
            found = dry_run(self._settings, self._backends, resolved, inputs)
            self._warming.prepare()  # for the training that it was for
            return found | {"reasons": [render(reason) for reason in inputs.reasons], "spec": resolved.model_dump()}
        finally:
            self._session.come_back()
            self._dry.release()

    @changing
    def retry(self, job_id: str, changes: dict[str, Any] | None = None) -> Job:
        """Queues a new job with the same spec, or with the changed values."""
        job = self._jobs.get(job_id)
        if job.kind != "train":
            raise Conflict("{job} is no training.", hint="Get the base model again: POST /bases/…/get.", job=job.name)
        values = {name: value for name, value in job.parameters.items() if name in TrainingSpec.model_fields}
        values |= {
            "name": again(job.name),
            "dataset_path": job.dataset_path,
            "base_model": job.base_model,
            "backend": job.backend,
            "recipe": job.recipe,
            "continue_from": job.continue_from,
            "preset": None,
        }
        values |= {"dataset_id": job.dataset_id, "dataset_path": None} if job.dataset_id else {}
        values |= changes or {}
        spec = TrainingSpec.model_validate({key: value for key, value in values.items() if value is not None})
        resolved, inputs = self._plan(spec)
        # What the person chose the first time, and now; all other settings come from the same effort as then.
        chosen = [*dict.fromkeys([*job.chosen, *(key for key in changes or {} if key in KNOBS)])]
        return self._runner.submit(resolved, replace(inputs, effort=job.effort, chosen=chosen))

    def _plan(self, request: TrainingSpec) -> tuple[TrainingSpec, Inputs]:
        """The resolved spec and the job's inputs, with the Professor's reasons; raises the problem that prevents the training."""
        manifest, path, eval_path = self._dataset_of(request)
        rows = self._datasets.check_file(path)
        if not rows:
            raise Invalid("{file} holds no example.", hint="Curate a dataset with at least one.", file=path.name)
        preferences = self._preferences_of(request, path)
        continued = self._adapters.get(request.continue_from) if request.continue_from else None
        if continued:
            if request.base_model and request.base_model != continued.base_model:
                raise Invalid(
                    "{adapter} was trained on {base}.",
                    hint="Continue it on the same base model.",
                    adapter=continued.name,
                    base=continued.base_model,
                )
            request = request.model_copy(update={"base_model": continued.base_model})
        base = resolve_base(request.base_model or self._settings.default_base_model, Places.of(self._settings))
        chosen, reasons = self._choose(request, base, path, rows, eval_path is not None, preferences)
        spec = resolve(request, chosen, self._settings).model_copy(update={"base_model": base.name})
        self._check_parts(spec, base)
        check_share(spec, None if BACKENDS[spec.backend or self._settings.backend].elsewhere else self._habitat.devices())
        measuring = _measuring_rows(spec, manifest, rows) if eval_path is None and request.preset is not None else 0
        if measuring:
            sentence = "{n} of its {of} rows are held out: a manner shows in rows that were never trained."
            reasons = [*reasons, msg(sentence, n=measuring, of=rows)]
        name = self._free_name(request.name) if request.name else self._job_name(manifest.name if manifest else path.stem)
        return spec, Inputs(
            name=name,
            dataset_id=manifest.id if manifest else None,
            dataset_path=str(path),
            eval_path=str(eval_path) if eval_path else None,
            base_model=base.name,
            base_path=str(base.path) if base.path else None,
            base_fingerprint=base.fingerprint,
            base_source=str(base.source) if base.source else None,
            continue_from=request.continue_from,
            continue_from_path=str(continued.path) if continued else None,
            reasons=list(reasons),
            earlier=self._earlier_datasets(base.name, manifest, request.continue_from),
            golden_rows=_golden_rows(manifest) if spec.goal == "facts" else None,
            measuring_rows=measuring,
        )

    def _preferences_of(self, request: TrainingSpec, path: Path) -> list[Preference]:
        """What is learned from beside a dataset file; empty where the request learns answers."""
        if request.method == "sft":
            return []
        if request.recipe:
            raise Invalid("A recipe learns from answers only.", hint="Choose Academy's own trainer for preferences.")
        try:
            with open(beside(path), "rb") as file:
                kind, found = of_kind([item for item in read_preferences(file) if not item.held_out])
        except FileNotFoundError:
            kind, found = "", []
        except BadRow as error:
            text = "Line {number} of {name} cannot be used: {reason}."
            raise Invalid(text, hint=NO_PREFERENCES, number=error.number, name=beside(path).name, reason=join(error.reason)) from error
        if not found:
            raise Invalid("This dataset has no preferences.", hint=NO_PREFERENCES)
        if request.method == "correction" and kind == "thumbs":
            raise Invalid("This dataset has no corrections.", hint="Correct some answers, and curate the dataset again.")
        if kind == "thumbs" and len({item.better is None for item in found}) == 1:
            one = (
                "All rated answers of this dataset are good."
                if found[0].better is not None
                else "All rated answers of this dataset are bad."
            )
            raise Invalid(one, hint="Rate some the other way, or correct some: a comparison needs both.")
        return found

    def _estimate(self, spec: TrainingSpec, inputs: Inputs) -> Estimate | None:
        """How long it will take; None where nothing is known, as on a GPU that has not trained this base yet."""
        if spec.recipe:
            return None
        on_gpu = bool(self._habitat.gpus())
        path = Path(inputs.base_path) if inputs.base_path else None
        pace = self._pace(inputs.base_fingerprint, on_gpu)
        if path is None or (pace is None and on_gpu):
            return None
        lengths = lengths_of(Path(inputs.dataset_path), path, of_preferences=spec.method != "sft")
        return estimate(spec, lengths.rows, lengths.mean, pace, facts(path) if pace is None else None)

    def _pace(self, fingerprint: str | None, on_gpu: bool) -> Pace | None:
        """How fast the last training on the same base and device was."""
        for job in self._jobs.list(_EARLIER_JOBS, "finished", "train"):
            if fingerprint is None or job.base_fingerprint != fingerprint or job.recipe:
                continue
            state = progress(job)
            paces = [point["tokens_per_second"] for point in state.ordered() if point.get("tokens_per_second")]
            device = str((state.started or {}).get("device", ""))
            if paces and device.startswith("cuda") == on_gpu:
                return Pace(statistics.median(paces), max(0.0, (view.duration(job) or 0.0) - state.training_seconds()))
        return None

    def _earlier_datasets(self, base_model: str, now: Manifest | None, continued: str | None) -> list[str]:
        """The datasets that the continued adapter was taught, else those that this base was taught before; the newest first.

        An exam asks whether they are still known, and a continued adapter rehearses them.
        """
        if continued:
            line = dict.fromkeys(job.dataset_id for job in self._jobs.line(continued) if job.dataset_id)
            return [name for name in line if now is None or name != now.id]
        done = self._jobs.list(_EARLIER_JOBS, "finished", TEACHING)
        taught = dict.fromkeys(job.dataset_id for job in done if job.base_model == base_model and job.dataset_id)
        return [name for name in taught if now is None or name != now.id][:_EARLIER_DATASETS]

    def _continuing(self, spec: TrainingSpec, inputs: Inputs) -> dict[str, Any] | None:
        """Whether to go on from the active adapter, where a set of facts is taught and nothing else was chosen."""
        active = self._adapters.active()
        facts = spec.goal == "facts" and spec.method == "sft"
        if active is None or spec.recipe or not facts or inputs.continue_from or not inputs.dataset_id:
            return None
        report = report_in(self._jobs.get(active.adapter_id).folder) if active.adapter_id in self._jobs else None
        if report is None or active.base_model != inputs.base_model:
            return None
        with contextlib.suppress(NotFound):  # a dataset of an earlier adapter was deleted
            rows = self._keys(inputs.dataset_id)
            line = [job.dataset_id for job in self._jobs.line(active.adapter_id) if job.dataset_id]
            lessons = frozenset[str]().union(*map(self._keys, line))
            known = report.known
            taught = continuing.Taught(active.name, len(lessons), len(lessons & rows), known.rows, known.of, report.verdict)
            if found := continuing.choose(len(rows), taught):
                return {"adapter_id": active.adapter_id, "choice": found[0], "sentence": render(found[1])}
        return None

    def _keys(self, dataset_id: str) -> frozenset[str]:
        rows = self._datasets.open(dataset_id)
        return rows.keys() if rows else frozenset()

    def _dataset_of(self, request: TrainingSpec) -> tuple[Manifest | None, Path, Path | None]:
        if request.dataset_id and request.dataset_path:
            raise Invalid("Both dataset_id and dataset_path are given.", hint="Give one of them.")
        if request.dataset_path:
            path = self._datasets.find_path(request.dataset_path)
            manifest = next((item for item in self._datasets.list() if Path(item.path) == path), None)
        else:
            manifest = self._datasets.get(request.dataset_id) if request.dataset_id else self._datasets.newest()
            if manifest is None:
                raise Refused("There is no dataset to train on.", hint="Curate one first: POST /dataset, or the Dataset tab.")
            path = self._datasets.find_path(manifest.path)
        if not path.is_file():
            raise NotFound("The dataset's file {file} is missing.", hint="Curate it again.", file=path.name)
        eval_path = self._datasets.find_path(manifest.eval_path) if manifest and manifest.eval_path else None
        return manifest, path, eval_path

    def _choose(
        self, request: TrainingSpec, base: Base, path: Path, rows: int, has_eval: bool, preferences: Sequence[Preference]
    ) -> tuple[dict[str, Any], Sequence[Text]]:
        goal: presets.Goal | None = None if request.goal == "auto" else request.goal
        lengths = lengths_of(path, base.path)
        if preferences:
            read = presets.Facts(
                rows,
                lengths.mean,
                lengths.longest,
                base.facts,
                answer_tokens=lengths.answer,
                question_tokens=lengths.question,
                texts=lengths.texts,
            )
            goal = goal or presets.goal_of(read)
            lengths = lengths_of(path, base.path, of_preferences=True)
        gpus = self._habitat.gpus()
        given = presets.Facts(
            rows=len(preferences) or rows,
            mean_tokens=lengths.mean,
            max_tokens=lengths.longest,
            base=base.facts,
            gpu_memory_mb=gpus[0].memory_free_mb if gpus else 0,
            gpus=request.gpus,
            memory_mb=self._habitat.memory()["available_mb"],
            has_eval=has_eval,
            answer_tokens=lengths.answer,
            question_tokens=lengths.question,
            texts=lengths.texts,
            goal=goal,
            preferences=_kind_of(request, preferences),
        )
        choice = presets.choose(request.preset or "auto", given)
        if request.preset is None:
            # Without an effort the settings decide; only how the set is taught does not depend on it.
            return {name: choice.values[name] for name in ("goal", "vary_questions", "rehearsal")}, []
        return choice.values, choice.reasons

    def _check_parts(self, spec: TrainingSpec, base: Base) -> None:
        if base.path is None and base.kind in ("gguf", "package") and not (reader := self._habitat.library("gguf")).ok:
            raise Unavailable(reader.reason, hint=reader.remedy)
        if spec.recipe:
            return
        if BACKENDS[spec.backend or self._settings.backend].elsewhere:
            return  # its libraries are the cluster's
        if BACKENDS[spec.backend or self._settings.backend].in_image:
            component = self._habitat.docker()
        elif (spec.quantization != "none" or base.is_packed) and not self._habitat.library("bitsandbytes").ok:
            component = self._habitat.library("bitsandbytes")
        else:
            component = self._habitat.training()
        if not component.ok:
            raise Unavailable(component.reason, hint=component.remedy)

    def _job_name(self, stem: str) -> str:
        pattern = re.compile(re.escape(stem) + r"-(\d+)$")
        numbers = [int(match[1]) for job in self._jobs.list(limit=_NAMES) if (match := pattern.match(job.name))]
        return f"{stem[:70]}-{max(numbers, default=0) + 1}"

    def _free_name(self, name: str) -> str:
        """The given name; numbered where another job has it: "doors again", then "doors again 2"."""
        # A remedy names its training after the one before: "doors again 2 again".
        name = again(name) if _AGAIN.search(name) and name.endswith(" again") else name
        taken = {job.name for job in self._jobs.list(limit=_NAMES)}
        stem = re.sub(r" \d+$", "", name)[: _LONGEST_NAME - 5]
        return name if name not in taken else next(new for n in itertools.count(2) if (new := f"{stem} {n}") not in taken)


def again(name: str) -> str:
    """The name of a training that repeats another."""
    return f"{_AGAIN.sub('', name)[: _LONGEST_NAME - 6]} again"


def _chosen(spec: TrainingSpec) -> list[str]:
    """The settings that a request gives itself."""
    return [name for name in KNOBS if name in spec.model_fields_set and getattr(spec, name) not in (None, "auto")]


def _space_of(asked: Space, values: Mapping[str, Any]) -> Space:
    """The space of a race; a setting without values gets those around the chosen one."""
    if unknown := [name for name in asked if name not in RACED]:
        raise Invalid("A race cannot vary {names:list}.", hint="It varies {known}.", names=unknown, known=", ".join(RACED))
    usual = default_space(values, tuple(asked)) if asked else default_space(values)
    if bare := [name for name, given in asked.items() if given == [] and name not in usual]:
        raise Invalid("There are no usual values for {names:list}.", hint="Give a list of values.", names=bare)
    return {name: asked.get(name) or around for name, around in usual.items()} | {name: given for name, given in asked.items() if given}


def _kind_of(request: TrainingSpec, preferences: Sequence[Preference]) -> Literal["", "pairs", "thumbs", "corrections"]:
    if not preferences:
        return ""
    if request.method == "correction":
        return "corrections"
    return "pairs" if preferences[0].is_pair else "thumbs"


def _measuring_rows(spec: TrainingSpec, manifest: Manifest | None, rows: int) -> int:
    """How many rows of a set without held-out ones measure its manner; none where a person chose to train on all."""
    chosen = manifest is not None and manifest.request.get("eval_fraction") is not None
    if chosen or spec.goal != "style" or spec.method != "sft" or spec.recipe or rows < _MEASURABLE:
        return 0
    return rows // 10


def _golden_rows(manifest: Manifest | None) -> int | None:
    """How many of the held-out rows are golden questions; None where a person asked for held-out rows, or an older version made the set."""
    if manifest is None or manifest.eval_path is None or manifest.request.get("eval_fraction") is not None:
        return None
    return manifest.statistics.get("golden_examples")
