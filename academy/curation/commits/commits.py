"""Commits of a local repository as examples: a change and its message, or a message and the change it asks for.

A repository may belong to someone else, and its configuration can name programs for git to run. So git gets an empty environment,
no configuration but the repository's, every setting that names a program overruled, no network, a deadline and a cap, and the
repository is found by us, not by git.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from academy.curation.commits.changes import (
    excerpt,
    is_docs,
    is_formatting,
    is_generated,
    is_housekeeping,
    is_pointer,
    mostly_docs,
    parse_diff,
    summary_of,
)
from academy.curation.commits.git import MAX_CHARS, Commit, FileChange, Repository
from academy.curation.commits.log import Blobs, Log
from academy.curation.commits.wording import clean_message, is_about_docs, is_chore, judge_message, without_references
from academy.curation.examples import DatasetRequest, Example, Turn
from academy.errors import Invalid
from academy.messages import Message, Text, join, msg

LOOK_BACK = 20
"""At most so many commits are read for each requested example."""

LABELS = {
    "merge": "merges",
    "bot": "by bots",
    "revert": "reverts",
    "unfinished": "unfinished work (WIP, fixup, squash)",
    "short_message": "short messages",
    "meaningless_message": "messages that say nothing",
    "long_message": "messages that are too long",
    "reference": "messages that lean on an issue, an address or a talk",
    "chore": "chores (releases, versions, dependencies, formatting)",
    "docs": "documentation only",
    "empty": "without a change",
    "shallow": "at the edge of a shallow clone",
    "partial": "without their files, in a partial clone",
    "binary": "binary or enormous files only",
    "generated": "generated files only",
    "too_large": "changes that are too large",
    "no_single_file": "not the change of one small file",
}
PATCHES = {
    "several_files": "several files",
    "new_file": "a new file, so there is nothing to change",
    "no_lines": "a change of names or rights only",
    "large_change": "changes that are too large",
    "long_file": "changes all over a long file",
}
"""Why a commit that teaches its message teaches no patch."""


@dataclass(frozen=True, slots=True)
class CommitReport:
    """The examples (newest first), how many commits were read, and how many were left out for each reason.

    `total`: the commits to choose from, 0 where they were not counted; `patches`: of the taken commits, how many make no patch and why.
    """

    examples: list[Example]
    counts: dict[str, int]
    warnings: list[Text]
    read: int
    total: int = 0
    patches: dict[str, int] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, int]:
        """The number of commits left out by the reader's words for the reason, the most frequent first."""
        return {LABELS.get(reason, reason): number for reason, number in Counter(self.counts).most_common()}

    @property
    def patches_left_out(self) -> dict[str, int]:
        """The number of commits without a patch, likewise."""
        return {PATCHES[reason]: number for reason, number in Counter(self.patches).most_common()}


def teaches(tasks: Sequence[str]) -> Message:
    """What examples of these tasks teach."""
    if "message" not in tasks:
        return msg("writing the patch for a commit message")
    return msg("writing our commit messages, and the patch for one") if "patch" in tasks else msg("writing our commit messages")


@dataclass(frozen=True, slots=True)
class _Options:
    tasks: Sequence[str]
    chores: bool
    docs: bool
    summarise: bool


def read_commits(
    repo: Path,
    *,
    limit: int,
    revision_range: str = "",
    authors: Sequence[str] = (),
    paths: Sequence[str] = (),
    tasks: Sequence[str] = ("message",),
    spread: bool = False,
    chores: bool = True,
    docs: bool = True,
    summarise: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CommitReport:
    """Turns good commits into examples, `limit` of them at most; `progress` gets the commits read and the commits taken.

    The newest, or with `spread` evenly from the whole history; without `chores` and `docs`, housekeeping and documentation are left out;
    with `summarise`, a change that is too large is shown in its most telling parts. Raises NotFound where there is no such folder, Refused
    where it is no repository that may be read, Invalid for a bad range.
    """
    revisions = checked_revisions(revision_range)
    _check_texts([*authors, *paths])
    repository = Repository.find(repo)
    if limit <= 0:
        return CommitReport([], {}, [], 0)
    options = _Options(tasks, chores, docs, summarise)
    taker = _Taker(options, repository.edge(), limit, progress)
    hashes: list[str] | None = None
    warnings: list[Text] = []
    total = 0
    if unborn := repository.unborn(revisions):
        return CommitReport([], {}, [unborn], 0)
    if repository.is_partial:
        everything = repository.hashes(revisions, authors, paths)
        hashes, total = repository.readable(revisions, everything), len(everything)
        taker.counts["partial"] += total - len(hashes)
        if len(hashes) < total:
            sentence = "The repository is a partial clone: {n:number} of {all:number} commits are read, the others lack their files."
            warnings.append(join(msg(sentence, n=len(hashes), all=total), "`git fetch --refetch --no-filter` brings them."))
    elif spread:
        hashes = repository.hashes(revisions, authors, paths)
        total = len(hashes)
    place = {name: number for number, name in enumerate(hashes or [])}
    if hashes is not None and spread:
        hashes = [hashes[position] for position in spread_order(len(hashes))]
    count = limit * LOOK_BACK
    chosen = None if hashes is None else hashes[:count]
    if chosen != []:  # without a name git would show the newest
        with contextlib.ExitStack() as closing:
            blobs = closing.enter_context(Blobs(repository)) if "patch" in tasks else None
            log = closing.enter_context(Log(repository, revisions, authors, paths, count, chosen))
            for commit in log:
                if taker.take(commit, blobs):
                    break
            warnings += log.close()
    examples = sorted(taker.examples, key=lambda example: place.get(example.origin, 0))
    warnings += taker.warnings(bool(warnings))
    return CommitReport(examples, dict(+taker.counts), warnings, taker.read, total, dict(taker.patches))


def read_requested(repo: Path, request: DatasetRequest, limit: int, progress: Callable[[int, int], None] | None = None) -> CommitReport:
    """The commits of a repository that a dataset takes, `limit` of them at most; raises as `read_commits` does."""
    return read_commits(
        repo,
        limit=limit,
        revision_range=request.git_range or "",
        authors=request.git_authors,
        paths=request.git_paths,
        tasks=request.git_tasks,
        spread=request.git_spread,
        chores=request.git_chores,
        docs=request.git_docs,
        summarise=request.git_summaries,
        progress=progress,
    )


class _Taker:
    """Takes commits one by one, until there are enough."""

    def __init__(self, options: _Options, edge: set[str], limit: int, progress: Callable[[int, int], None] | None) -> None:
        self._options, self._edge, self._limit, self._progress = options, edge, limit, progress
        self.counts: Counter[str] = Counter()
        self.patches: Counter[str] = Counter()
        self.examples: list[Example] = []
        self.read = self.taken = 0

    def take(self, commit: Commit, blobs: Blobs | None) -> bool:
        """Judges one commit; returns whether there are enough."""
        self.read += 1
        # Without its parent a commit looks as if it had written every file.
        reason, made = ("shallow", []) if commit.hash in self._edge else _judge(commit, self._options, blobs, self.patches)
        if reason:
            self.counts[reason] += 1
        else:
            self.examples += made
            self.taken += 1
        if self._progress and self.read % 50 == 0:
            self._progress(self.read, self.taken)
        return self.taken >= self._limit

    def warnings(self, warned: bool) -> list[Text]:
        """What a person should know about the commits that were read."""
        if self._progress:
            self._progress(self.read, self.taken)
        found: list[Text] = []
        if self.counts["shallow"]:
            found.append("The repository is a shallow clone, so older commits are not there. `git fetch --unshallow` brings them.")
        if not self.read and not warned:
            found.append("No commit matches, so nothing was taken from the repository.")
        elif self.taken < self._limit and self.read >= self._limit * LOOK_BACK:
            looked = "Looked through the newest {read:number} commits only; {good:number} of them are good examples."
            found.append(msg(looked, read=self.read, good=self.taken))
        if "patch" in self._options.tasks and self.taken:
            made = sum(example.meta.get("task") == "patch" for example in self.examples)
            reasons = [msg("{n:number} {label}", n=number, label=msg(PATCHES[reason])) for reason, number in self.patches.most_common()]
            if reasons:
                sentence = "{made:number} of {n:number} commits teach a patch; the others: {reasons:commas}."
                found.append(msg(sentence, made=made, n=self.taken, reasons=reasons))
        return found


def spread_order(count: int) -> list[int]:
    """The positions 0…count-1 so that however many are taken from the beginning, they lie evenly over the whole."""
    bits = max(1, (count - 1).bit_length())
    turned = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [position for position in turned if position < count]


# --- from a commit to its examples --------------------------------------------------------------------------------------------


def _judge(commit: Commit, options: _Options, blobs: Blobs | None, patches: Counter[str]) -> tuple[str, list[Example]]:
    """Why the commit is left out ("" if it is not), and its examples."""
    message = clean_message(commit.message[:6000])
    if reason := judge_message(commit, message):
        return reason, []
    message = without_references(message)
    if not message:
        return "reference", []
    if reason := judge_message(commit, message):
        return reason, []
    if commit.is_cut:
        return "too_large", []
    changes = parse_diff(commit.diff)
    if not changes:
        return "empty", []
    textual = [change for change in changes if not change.is_binary and not is_pointer(change)]
    if not textual:
        return "binary", []
    written = [change for change in textual if not is_generated(change)]
    if not written:
        return "generated", []
    names = [change.path for change in written]
    if not options.chores and (is_chore(message) or is_housekeeping(names) or is_formatting(written, message)):
        return "chore", []
    if not options.docs and (is_docs(names) or (is_about_docs(message) and mostly_docs(written))):
        return "docs", []
    diff = "\n".join(change.text for change in written)
    large = len(diff) > MAX_CHARS
    if large and not options.summarise:
        return "too_large", []
    return _examples(commit, message, written, diff, options, blobs if len(written) == len(changes) else None, patches)


def _examples(
    commit: Commit, message: str, written: list[FileChange], diff: str, options: _Options, blobs: Blobs | None, patches: Counter[str]
) -> tuple[str, list[Example]]:
    meta = {"files": len(written)}
    examples = []
    if "message" in options.tasks:
        turns = (Turn("user", _question(written, diff)), Turn("assistant", message))
        examples.append(Example(turns, "git", commit.hash, commit.time, meta | {"task": "message"}))
    if "patch" in options.tasks:
        reason, turns = _patch(message, written, diff, blobs)
        if turns:
            examples.append(Example(turns, "git", commit.hash, commit.time, meta | {"task": "patch"}))
        else:
            patches[reason] += 1
    return ("", examples) if examples else ("no_single_file", [])


def _question(written: list[FileChange], diff: str) -> str:
    fence = _fence(diff)
    if len(diff) <= MAX_CHARS:
        return f"Write a commit message for this change.\n\n{fence}diff\n{diff}\n{fence}"
    return f"Write a commit message for this change, of which only the most telling parts are shown.\n\n{summary_of(written, fence)}"


def _patch(message: str, written: list[FileChange], diff: str, blobs: Blobs | None) -> tuple[str, tuple[Turn, ...]]:
    """The turns of a patch, or why there are none."""
    if blobs is None or len(written) > 1:
        return "several_files", ()
    if len(diff) > MAX_CHARS:
        return "large_change", ()
    change = written[0]
    if change.is_new:
        return "new_file", ()
    if not change.has_hunks:
        return "no_lines", ()
    before = blobs.text(change)
    if not before:
        return "long_file", ()
    return _patch_turns(message, change, before, diff)


def _patch_turns(message: str, change: FileChange, before: str, diff: str) -> tuple[str, tuple[Turn, ...]]:
    fence = _fence(before)
    if len(before) <= MAX_CHARS:
        shown = f"The file now:\n{fence}\n{before.rstrip()}\n{fence}"
    elif parts := excerpt(before, change):
        shown = "\n\n".join(f"The file now, from line {first}:\n{fence}\n{text.rstrip()}\n{fence}" for first, text in parts)
    else:
        return "long_file", ()
    question = f"Change the file `{change.path}`:\n{message}\n\n{shown}\n\nAnswer with a patch."
    fence = _fence(diff)
    return "", (Turn("user", question), Turn("assistant", f"{fence}diff\n{diff}\n{fence}"))


def _fence(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    return "`" * (longest + 1)


# --- git ----------------------------------------------------------------------------------------------------------------------


def checked_revisions(revision_range: str) -> list[str]:
    """The revisions of a range; raises Invalid for a revision that git could take for an option."""
    if any(ord(char) < 32 or ord(char) == 127 for char in revision_range):
        raise Invalid("The revision range holds control characters.", hint="Write it like v1.0..main.")
    parts = revision_range.split()
    if any(part.startswith("-") for part in parts):
        raise Invalid("A revision may not begin with '-'.", hint="Write the range like v1.0..main, a branch, or a commit.")
    return parts


def _check_texts(texts: Sequence[str]) -> None:
    if any("\x00" in text or "\n" in text or not text.strip() for text in texts):
        raise Invalid("An author or a path is empty or holds a line break.", hint="Give each as one line.")
