"""Curation: gathers examples, takes out secrets, filters, splits, and says what it did; it reads, and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from academy.curation import filters, near
from academy.curation.commits import commits
from academy.curation.examples import DatasetRequest, Example
from academy.curation.filters import DUPLICATES, Dropped
from academy.curation.lessons import NEVER_TRAINED
from academy.curation.redaction.redact import marks, redact_example, surroundings
from academy.curation.split import split
from academy.errors import AcademyError, Invalid

Progress = Callable[[float, str], None]

SMALL = 100
"""Below so many examples nothing is held out unless it is asked for."""

MOST_REDACTIONS = 2000
_LENGTHS = (50, 100, 200, 400, 800, 1600, 3200, 6400, 12800)
_SOURCE_LABELS = {"lessons": ("lesson", "lessons"), "git": ("commit", "commits"), "uploads": ("row of files", "rows of files")}


@dataclass(frozen=True)
class Sources:
    """Where lessons and uploads come from: the newest `n` trainable lessons; the rows of some uploads, and what went wrong with them.

    `counts`: how many lessons can be trained in all, and how many never are (rated bad or failed, and not corrected).
    """

    lessons: Callable[[int], Iterator[Example]]
    uploads: Callable[[list[str]], tuple[Iterator[Example], list[str]]]
    counts: Callable[[], tuple[int, int]] = lambda: (0, 0)


@dataclass(frozen=True)
class Curated:
    """A dataset that is not written yet, and the report on how it came about."""

    train: list[Example]
    eval: list[Example]
    statistics: dict[str, Any]
    sources: dict[str, Any]
    dropped: list[Dropped]
    warnings: list[str]
    by_source: dict[str, int]

    @property
    def redactions(self) -> list[dict[str, str]]:
        """The places in the kept examples where secrets stood (the first of them): what kind, where, between which words."""
        return list(islice(_redactions(self.examples), MOST_REDACTIONS))

    @property
    def examples(self) -> list[Example]:
        """All that is kept."""
        return [*self.train, *self.eval]

    @property
    def sentence(self) -> str:
        """The report as one line: `412 examples: 380 lessons, 32 commits; 61 dropped: 40 duplicates, 15 too short, 6 echoes.`"""
        kept = ", ".join(_counted(self.by_source[source], *_SOURCE_LABELS.get(source, (source, source))) for source in self.by_source)
        line = f"{_counted(len(self.examples), 'example', 'examples')}: {kept}"
        if self.eval:
            line += f"; {len(self.eval):,} held out"
        if self.dropped:
            line += f"; {len(self.dropped):,} dropped: {filters.told(Counter(item.rule for item in self.dropped))}"
        secrets = self.statistics["redacted_secrets"]
        if secrets:
            line += f"; {_counted(secrets, 'secret', 'secrets')} taken out"
        return f"{line}."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


@dataclass
class _Gathered:
    """What the sources gave, without secrets."""

    examples: list[Example] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def take(self, examples: Iterator[Example]) -> int:
        before = len(self.examples)
        for example in examples:
            clean, _ = redact_example(example)
            self.examples.append(clean)
            # Lessons were redacted when they were kept; what counts is what is missing from the dataset.
            for turn in clean.turns:
                self.kinds.update(marks(turn.content))
        return len(self.examples) - before


def curate(
    request: DatasetRequest,
    sources: Sources,
    *,
    default_repo: Path | None,
    lessons_limit: int,
    commits_limit: int,
    progress: Progress | None = None,
) -> Curated:
    """Curates a dataset as the request says; limits and repository are the settings', for what the request leaves open.

    Raises Invalid where no example is left.
    """

    def tell(part: float, what: str) -> None:
        if progress:
            progress(part, what)

    gathered = _gather(request, sources, default_repo, lessons_limit, commits_limit, tell)
    if not gathered.examples:
        raise Invalid("There is no example to make a dataset from.", hint=_what_to_add(request, gathered))
    tell(0.6, f"Filtering {len(gathered.examples):,} examples")
    filtered = filters.apply(gathered.examples, request.quality_profile, request.keep_anyway, request.leave_out)
    warnings = [*gathered.warnings, *filtered.warnings]
    if not filtered.kept:
        raise Invalid(
            f"All {len(gathered.examples):,} examples were dropped: {filters.told(filtered.counts)}.",
            hint="Choose a more lenient profile, or add lessons with longer answers.",
        )
    tell(0.8, "Splitting")
    fraction = request.eval_fraction
    if fraction is None:
        fraction = 0.0 if len(filtered.kept) < SMALL else 0.1
    train, held = _split(filtered, fraction, request)
    if fraction and not held:
        warnings.append("Nothing could be held out: all examples are alike.")
    if not train:
        raise Invalid("All examples are golden questions, which measure and are never trained.", hint="Add lessons without the tag golden.")
    warnings += _golden_warnings(gathered.examples, train)
    by_source = dict(Counter(example.source for example in filtered.kept).most_common())
    statistics = _statistics(gathered, filtered, train, held, by_source)
    tell(1.0, "Done")
    return Curated(train, held, statistics, gathered.sources, filtered.dropped, warnings, by_source)


def _gather(
    request: DatasetRequest, sources: Sources, default_repo: Path | None, lessons_limit: int, commits_limit: int, tell: Progress
) -> _Gathered:
    gathered = _Gathered()
    if request.include_lessons:
        tell(0.0, "Reading lessons")
        limit = request.lessons_limit if request.lessons_limit is not None else lessons_limit
        count = gathered.take(sources.lessons(limit))
        known, never = sources.counts()
        gathered.sources["lessons"] = {"limit": limit, "collected": count, "beyond_limit": max(0, known - count), "never_trained": never}
        if not count:
            gathered.warnings.append("There are no lessons to train on yet.")
        if known > count:
            gathered.warnings.append(
                f"Only the newest {count:,} of {known:,} lessons were taken. Raise lessons_limit or ACADEMY_MAX_LESSONS for more."
            )
        if never:
            gathered.warnings.append(f"Left out: {_counted(never, 'lesson that is', 'lessons that are')} {NEVER_TRAINED}.")
    if request.include_git:
        _gather_commits(request, gathered, default_repo, commits_limit, tell)
    if request.upload_ids:
        tell(0.5, "Reading uploaded files")
        rows, warnings = sources.uploads(list(request.upload_ids))
        count = gathered.take(rows)
        gathered.sources["uploads"] = {"ids": list(request.upload_ids), "collected": count}
        # Read only now: reading the rows may add to it.
        gathered.warnings += warnings
        if not count and not warnings:
            gathered.warnings.append("The uploaded files hold no example.")
    return gathered


def _gather_commits(request: DatasetRequest, gathered: _Gathered, default_repo: Path | None, commits_limit: int, tell: Progress) -> None:
    limit = request.git_commits_limit if request.git_commits_limit is not None else commits_limit
    repo = Path(request.git_repo_path) if request.git_repo_path else default_repo
    if limit == 0:
        return
    if repo is None:
        gathered.warnings.append("No git repository is set, so commits are left out. Name one in the form, or set ACADEMY_GIT_REPO.")
        return

    def progress(read: int, taken: int) -> None:
        tell(0.1 + 0.4 * min(1.0, taken / limit), f"Reading commits: {read:,} read, {taken:,} good")

    tell(0.1, "Reading commits")
    try:
        report = commits.read_commits(
            repo,
            limit=limit,
            revision_range=request.git_range or "",
            authors=request.git_authors,
            paths=request.git_paths,
            tasks=request.git_tasks,
            progress=progress,
        )
    except AcademyError as error:
        # What the request names must be there; a setting that has grown old must not stop a dataset of lessons.
        if request.git_repo_path or request.git_range:
            raise
        gathered.warnings.append(f"Commits are left out. {error.detail}")
        return
    count = gathered.take(iter(report.examples))
    left_out = {commits.LABELS.get(reason, reason): number for reason, number in Counter(report.counts).most_common()}
    gathered.sources["git"] = {
        "repository": str(repo),
        "range": request.git_range or "",
        "authors": list(request.git_authors),
        "paths": list(request.git_paths),
        "tasks": list(request.git_tasks),
        "limit": limit,
        "commits_read": report.read,
        "commits_left_out": left_out,
        "collected": count,
    }
    gathered.warnings += report.warnings
    if not count and left_out:
        gathered.warnings.append(
            "No commit is a good example: " + ", ".join(f"{number:,} {label}" for label, number in left_out.items()) + "."
        )


def _statistics(
    gathered: _Gathered, filtered: filters.Filtered, train: list[Example], held: list[Example], by_source: dict[str, int]
) -> dict[str, Any]:
    kept = filtered.kept
    rules = filtered.counts
    duplicates = sum(rules[rule] for rule in DUPLICATES)
    collected = Counter(example.source for example in gathered.examples)
    return {
        "total_examples": len(kept),
        "sources": by_source,
        "lessons_collected": collected["lessons"],
        "git_commits_collected": collected["git"],
        "uploads_collected": collected["uploads"],
        "removed_low_quality": rules.total() - duplicates,
        "removed_duplicates": duplicates,
        "redacted_secrets": gathered.kinds.total(),
        "avg_input_length": round(sum(len(example.question) for example in kept) / len(kept), 1),
        "avg_output_length": round(sum(len(example.answer) for example in kept) / len(kept), 1),
        "train_examples": len(train),
        "eval_examples": len(held),
        "removed_by_rule": dict(rules.most_common()),
        "redacted_by_kind": dict(gathered.kinds.most_common()),
        "commits_left_out": gathered.sources.get("git", {}).get("commits_left_out", {}),
        "lengths": _histogram(kept),
    }


def _histogram(examples: list[Example]) -> list[dict[str, int | None]]:
    """How many examples have so many characters in all: from `from` up to, not with, `to` (None: no end)."""
    counts = [0] * (len(_LENGTHS) + 1)
    for example in examples:
        size = sum(len(turn.content) for turn in example.turns)
        counts[sum(size >= edge for edge in _LENGTHS)] += 1
    edges = (0, *_LENGTHS)
    return [{"from": edge, "to": end, "count": count} for edge, end, count in zip(edges, (*_LENGTHS, None), counts, strict=True)]


def _split(filtered: filters.Filtered, fraction: float, request: DatasetRequest) -> tuple[list[Example], list[Example]]:
    """Golden questions are held out whatever the fraction; the rest is split."""
    golden = [example for example in filtered.kept if example.meta.get("golden")]
    if not fraction:
        return [example for example in filtered.kept if not example.meta.get("golden")], golden
    rest = [(example, group) for example, group in zip(filtered.kept, filtered.groups(), strict=True) if not example.meta.get("golden")]
    train, held = split(
        [example for example, _ in rest], fraction, mode=request.split, seed=request.seed, groups=[group for _, group in rest]
    )
    return train, [*golden, *held]


def _redactions(examples: Iterable[Example]) -> Iterator[dict[str, str]]:
    for example in examples:
        for turn in example.turns:
            if "[redacted:" in turn.content:
                for kind, before, behind in surroundings(turn.content):
                    yield {
                        "key": filters.key_of(example),
                        "source": example.source,
                        "origin": example.origin,
                        "role": turn.role,
                        "kind": kind,
                        "before": before,
                        "behind": behind,
                    }


def _golden_warnings(gathered: list[Example], train: list[Example]) -> list[str]:
    """Says where questions that measure a model are among those that it learns."""
    marked = [example for example in gathered if example.meta.get("golden")]
    if not marked:
        return []
    keys = near.Likeness([*marked, *train]).questions
    known = set(keys[: len(marked)])
    found = [example for key, example in zip(keys[len(marked) :], train, strict=True) if key in known]
    if not found:
        return []
    some = "One golden question is" if len(found) == 1 else f"{len(found):,} golden questions are"
    return [f"{some} among the rows to train on, so scores on them mean little: for example {found[0].turns[-2].content[:80]!r}."]


def _what_to_add(request: DatasetRequest, gathered: _Gathered) -> str:
    wanted = "Add lessons or import a file on the Dataset tab"
    if not request.include_lessons:
        wanted += ", include the lessons"
    if not (request.include_git and "git" in gathered.sources):
        wanted += ", or name a git repository"
    return " ".join([f"{wanted}.", *gathered.warnings])
