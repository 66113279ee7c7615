"""Curation: gathers examples, takes out secrets, filters, splits, and reports; it reads and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from academy.curation import filters, near
from academy.curation.commits import commits
from academy.curation.examples import DatasetRequest, Example
from academy.curation.filters import DUPLICATES, Dropped, key_of
from academy.curation.lessons import never_trained
from academy.curation.preferences import counts_of, preferences_of
from academy.curation.redaction.redact import marks, redact_example, surroundings
from academy.curation.split import split
from academy.errors import AcademyError, Invalid
from academy.messages import Message, Text, count, join, msg
from academy.preferences import Preference
from academy.rows import WORDINGS, Format, fits_alpaca
from academy.text.spans import key_of as key_of_question

Progress = Callable[[float, Text], None]

SMALL = 100
"""Below so many examples, nothing is held out unless it is requested."""

MOST_REDACTIONS = 2000
_LENGTHS = (50, 100, 200, 400, 800, 1600, 3200, 6400, 12800)
_COUNTED = {
    "lessons": ("{n} lesson", "{n} lessons"),
    "git": ("{n} commit", "{n} commits"),
    "uploads": ("{n} row of files", "{n} rows of files"),
    "documents": ("{n} passage as plain text", "{n} passages as plain text"),
}


@dataclass(frozen=True)
class Sources:
    """Where examples come from: the newest `n` trainable lessons; the rows of some uploads, and what went wrong with them; passages.

    `counts`: how many lessons can be trained in all, and how many never are (rated bad or failed, and not corrected).
    """

    lessons: Callable[[int], Iterator[Example]]
    uploads: Callable[[list[str]], tuple[Iterator[Example], list[Text]]]
    documents: Callable[[list[str]], Iterator[Example]] = lambda ids: iter(())
    counts: Callable[[], tuple[int, int]] = lambda: (0, 0)
    disliked: Callable[[int], Iterable[Example]] = lambda limit: ()
    """The newest `n` lessons and the rows of uploads that are rated bad without a correction or only picked; preferences use them."""


@dataclass(frozen=True)
class Curated:
    """A dataset that is not written yet, and the report on how it came about."""

    train: list[Example]
    eval: list[Example]
    statistics: dict[str, Any]
    sources: dict[str, Any]
    dropped: list[Dropped]
    warnings: list[Text]
    by_source: dict[str, int]
    preferences: list[Preference] = field(default_factory=list)

    @property
    def redactions(self) -> list[dict[str, str]]:
        """The first places in the kept examples where secrets were: their kind, where they were, and the words around them."""
        return list(islice(_redactions(self.examples), MOST_REDACTIONS))

    @property
    def examples(self) -> list[Example]:
        """All that is kept."""
        return [*self.train, *self.eval]

    @property
    def sentence(self) -> Message:
        """The report as one line, as in "412 examples: 380 lessons, 32 commits; 61 dropped: 40 duplicates, 15 too short, 6 echoes"."""
        kept = [_counted(source, number) for source, number in self.by_source.items()]
        examples = count(len(self.examples), one="{n} example", other="{n} examples")
        clauses = [msg("{examples}: {sources:commas}", examples=examples, sources=kept)]
        if self.eval:
            clauses.append(msg("{n:number} to measure with", n=len(self.eval)))
        if self.dropped:
            rules = filters.by_rule(Counter(item.rule for item in self.dropped))
            clauses.append(msg("{n:number} dropped: {rules:commas}", n=len(self.dropped), rules=rules))
        if left_out := self.statistics["commits_left_out"]:
            reasons = [msg("{n:number} {label}", n=number, label=msg(label)) for label, number in left_out.items()]
            clauses.append(
                count(
                    sum(left_out.values()),
                    one="{n} commit left out: {reasons:commas}",
                    other="{n} commits left out: {reasons:commas}",
                    reasons=reasons,
                )
            )
        if secrets := self.statistics["redacted_secrets"]:
            clauses.append(count(secrets, one="{n} secret taken out", other="{n} secrets taken out"))
        if pairs := self.statistics["preferences"]["pairs"]:
            clauses.append(count(pairs, one="{n} pair of a better and a worse answer", other="{n} pairs of a better and a worse answer"))
        sentence = clauses[0]
        for clause in clauses[1:]:
            sentence = msg("{clauses}; {clause}", clauses=sentence, clause=clause)
        return msg("{clauses}.", clauses=sentence)


def _counted(source: str, number: int) -> Message:
    if source not in _COUNTED:
        return msg("{n:number} {source}", n=number, source=source)
    one, other = _COUNTED[source]
    return count(number, one=one, other=other)


@dataclass
class _Gathered:
    """The examples of the sources, without secrets."""

    examples: list[Example] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Any] = field(default_factory=dict)
    warnings: list[Text] = field(default_factory=list)

    def take(self, examples: Iterator[Example]) -> int:
        before = len(self.examples)
        for example in examples:
            clean, _ = redact_example(example)
            self.examples.append(clean)
            # Lessons were redacted when they were stored; the count is that of the secrets missing from the dataset.
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
    """Curates a dataset as the request says; limits and repository are the settings', where the request leaves them open.

    Raises Invalid where no example remains.
    """

    def report(part: float, what: Text) -> None:
        if progress:
            progress(part, what)

    gathered = _gather(request, sources, default_repo, lessons_limit, commits_limit, report)
    if not gathered.examples:
        raise Invalid("There is no example to make a dataset from.", hint=_what_to_add(request, gathered))
    gathered.examples = [marked(example, request) for example in gathered.examples]
    report(0.6, msg("Filtering {n:number} examples", n=len(gathered.examples)))
    filtered = filters.apply(
        gathered.examples, request.quality_profile, request.keep_anyway, request.leave_out, marks=not request.leave_out_marks
    )
    warnings = [*gathered.warnings, *filtered.warnings]
    if not filtered.kept:
        raise Invalid(
            "All {n:number} examples were dropped: {rules:commas}.",
            hint="Choose a more lenient profile, or add lessons with longer answers.",
            n=len(gathered.examples),
            rules=filters.by_rule(filtered.counts),
        )
    report(0.8, "Splitting")
    fraction = request.eval_fraction
    if fraction is None:
        fraction = 0.0 if len(filtered.kept) < SMALL else 0.1
    train, held = _split(filtered, fraction, request)
    if fraction and not held:
        alone = "Nothing could be held out: there is only one example."
        warnings.append(alone if len(filtered.kept) == 1 else "Nothing could be held out: all examples are alike.")
    if not train:
        raise Invalid("All examples are golden questions, which measure and are never trained.", hint="Add lessons without the tag golden.")
    warnings += [*_golden_warnings(gathered.examples, train), *_form_notes(filtered.kept, request.format)]
    train, held, met = _with_own_wordings(train, held)
    warnings += _met_warnings(met)
    by_source = dict(Counter(example.source for example in filtered.kept).most_common())
    limit = request.lessons_limit if request.lessons_limit is not None else lessons_limit
    disliked = (redact_example(example)[0] for example in sources.disliked(limit))
    preferences = preferences_of(train, held, disliked, fraction, request.seed)
    statistics = _statistics(gathered, filtered, train, held, by_source) | {"preferences": counts_of(preferences)}
    report(1.0, "Done")
    return Curated(train, held, statistics, gathered.sources, filtered.dropped, warnings, by_source, preferences)


def marked(example: Example, request: DatasetRequest) -> Example:
    """The example with what is done with its thoughts and with the masks that a person set."""
    masks = set(request.masks[key]) if request.masks and (key := key_of(example)) in request.masks else None
    if masks is None and (request.thoughts == "train" or not any(turn.thinking for turn in example.turns)):
        return example
    turns = []
    for at, turn in enumerate(example.turns):
        if turn.role == "assistant":
            turn = turn if masks is None else turn._replace(trained=at not in masks)
            thinking = "" if request.thoughts == "drop" else turn.thinking
            turn = turn._replace(thinking=thinking, thinking_trained=request.thoughts == "train" or not thinking)
        turns.append(turn)
    return replace(example, turns=tuple(turns))


def _with_own_wordings(train: list[Example], held: list[Example]) -> tuple[list[Example], list[Example], int]:
    """The examples without the wordings that are the question of another row: one of them may be the exam's; and how many these are."""
    asked = {key_of_question(example.asked) for example in (*train, *held)}
    met = 0

    def apart(example: Example) -> Example:
        nonlocal met
        wordings = example.meta.get(WORDINGS)
        if not wordings:
            return example
        kept = [text for text in wordings if key_of_question(text) not in asked]
        met += len(wordings) - len(kept)
        return replace(example, meta=example.meta | {WORDINGS: kept})

    return [*map(apart, train)], [*map(apart, held)], met


def _met_warnings(met: int) -> list[Text]:
    if not met:
        return []
    return [
        count(
            met,
            one="{n} other wording is left out, since a row asks it: the exam may ask it too.",
            other="{n} other wordings are left out, since rows ask them: the exam may ask them too.",
        )
    ]


def _form_notes(kept: list[Example], form: Format) -> list[Text]:
    """What becomes of thoughts, and of rows that alpaca has no fields for."""
    thinking = [turn for example in kept for turn in example.turns if turn.thinking]
    notes: list[Text] = []
    if thinking:
        what = _LEARNED if thinking[0].thinking_trained else _READ
        one, other = "A thought stands before {n} answer. {what}", "Thoughts stand before {n} answers. {what}"
        notes.append(count(len(thinking), one=one, other=other, what=what))
    if form == "alpaca" and (others := sum(not example.is_text and not fits_alpaca(example.turns) for example in kept)):
        notes.append(
            count(
                others,
                one="{n} row holds thoughts, tools or masks, for which alpaca has no fields; it is written as messages.",
                other="{n} rows hold thoughts, tools or masks, for which alpaca has no fields; they are written as messages.",
            )
        )
    return notes


_LEARNED = msg("Models with a form for thoughts learn them, others the answers alone.")
_READ = msg("Models with a form for thoughts read them and learn the answers.")


def _gather(
    request: DatasetRequest, sources: Sources, default_repo: Path | None, lessons_limit: int, commits_limit: int, report: Progress
) -> _Gathered:
    gathered = _Gathered()
    if request.include_lessons:
        report(0.0, "Reading lessons")
        limit = request.lessons_limit if request.lessons_limit is not None else lessons_limit
        collected = gathered.take(sources.lessons(limit))
        trainable, never = sources.counts()
        counts: dict[str, Any] = {
            "limit": limit,
            "collected": collected,
            "beyond_limit": max(0, trainable - collected),
            "never_trained": never,
        }
        gathered.sources["lessons"] = counts
        if not request.lesson_filter.is_all:
            counts["filter"] = request.lesson_filter.model_dump(exclude_defaults=True)
        if not collected:
            everything = request.lesson_filter.is_all
            gathered.warnings.append("There are no lessons to train on yet." if everything else "No lesson to train on matches the filter.")
        if trainable > collected:
            gathered.warnings.append(
                msg(
                    "Only the newest {n:number} of {all:number} lessons were taken. Raise lessons_limit or ACADEMY_MAX_LESSONS for more.",
                    n=collected,
                    all=trainable,
                )
            )
        if never:
            gathered.warnings.append(never_trained(never))
    if request.include_git:
        _gather_commits(request, gathered, default_repo, commits_limit, report)
    if request.upload_ids:
        report(0.5, "Reading uploaded files")
        rows, warnings = sources.uploads(list(request.upload_ids))
        collected = gathered.take(rows)
        gathered.sources["uploads"] = {"ids": list(request.upload_ids), "collected": collected}
        # Read only now: reading the rows may add to it.
        gathered.warnings += warnings
        if not collected and not warnings:
            gathered.warnings.append("The uploaded files hold no example.")
    if request.document_ids:
        report(0.55, "Reading documents")
        collected = gathered.take(sources.documents(list(request.document_ids)))
        gathered.sources["documents"] = {"ids": list(request.document_ids), "collected": collected}
    return gathered


def _gather_commits(request: DatasetRequest, gathered: _Gathered, default_repo: Path | None, commits_limit: int, report: Progress) -> None:
    limit = request.git_commits_limit if request.git_commits_limit is not None else commits_limit
    repo = Path(request.git_repo_path) if request.git_repo_path else default_repo
    if limit == 0:
        return
    if repo is None:
        gathered.warnings.append("No git repository is set, so commits are left out. Name one in the form, or set ACADEMY_GIT_REPO.")
        return

    def progress(read: int, taken: int) -> None:
        what = msg("Reading commits: {read:number} read, {good:number} good", read=read, good=taken)
        report(0.1 + 0.4 * min(1.0, taken / limit), what)

    report(0.1, "Reading commits")
    try:
        commit_report = commits.read_requested(repo, request, limit, progress)
    except AcademyError as error:
        # A repository that the request names must be there; an outdated setting must not stop a dataset of lessons.
        if request.git_repo_path or request.git_range:
            raise
        gathered.warnings.append(join("Commits are left out.", error.text))
        return
    collected = gathered.take(iter(commit_report.examples))
    left_out = commit_report.left_out
    gathered.sources["git"] = {
        "repository": str(repo),
        "range": request.git_range or "",
        "authors": list(request.git_authors),
        "paths": list(request.git_paths),
        "tasks": list(request.git_tasks),
        "teaches": str(commits.teaches(request.git_tasks)),
        "spread": request.git_spread,
        "chores": request.git_chores,
        "docs": request.git_docs,
        "summaries": request.git_summaries,
        "commits_in_all": commit_report.total,
        "patches_left_out": commit_report.patches_left_out,
        "limit": limit,
        "commits_read": commit_report.read,
        "commits_left_out": left_out,
        "collected": collected,
    }
    gathered.warnings += commit_report.warnings
    if not collected and left_out:
        reasons = [msg("{n:number} {label}", n=number, label=msg(label)) for label, number in left_out.items()]
        gathered.warnings.append(msg("No commit is a good example: {reasons:commas}.", reasons=reasons))


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
        "documents_collected": collected["documents"],
        "removed_low_quality": rules.total() - duplicates,
        "removed_duplicates": duplicates,
        "redacted_secrets": gathered.kinds.total(),
        "avg_input_length": round(sum(len(example.question) for example in kept) / len(kept), 1),
        "avg_output_length": round(sum(len(example.answer) for example in kept) / len(kept), 1),
        "train_examples": len(train),
        "eval_examples": len(held),
        "other_wordings": sum(len(example.meta.get(WORDINGS, ())) for example in (*train, *held)),
        "golden_examples": sum(bool(example.meta.get("golden")) for example in held),
        "removed_by_rule": dict(rules.most_common()),
        "redacted_answers": sum("[redacted:" in example.answer for example in train),
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


def _golden_warnings(gathered: list[Example], train: list[Example]) -> list[Text]:
    """Warns where questions that measure a model are among those that it learns."""
    marked = [example for example in gathered if example.meta.get("golden")]
    if not marked:
        return []
    keys = near.Likeness([*marked, *train]).questions
    known = set(keys[: len(marked)])
    found = [example for key, example in zip(keys[len(marked) :], train, strict=True) if key in known]
    if not found:
        return []
    return [
        count(
            len(found),
            one="One golden question is among the rows to train on, so scores on them mean little: for example {question!r}.",
            other="{n} golden questions are among the rows to train on, so scores on them mean little: for example {question!r}.",
            question=found[0].asked[:80],
        )
    ]


def _what_to_add(request: DatasetRequest, gathered: _Gathered) -> Text:
    if gathered.sources.get("lessons", {}).get("filter") and len(gathered.sources) == 1:
        return "No lesson matches the chosen filter: take it away where the lessons are chosen."
    needs_lessons = not request.include_lessons
    needs_commits = not (request.include_git and "git" in gathered.sources)
    return join(_TO_ADD[needs_lessons, needs_commits], *gathered.warnings)


_TO_ADD = {
    (False, False): "Add lessons or import a file on the Dataset tab.",
    (True, False): "Add lessons or import a file on the Dataset tab, include the lessons.",
    (False, True): "Add lessons or import a file on the Dataset tab, or name a git repository.",
    (True, True): "Add lessons or import a file on the Dataset tab, include the lessons, or name a git repository.",
}
