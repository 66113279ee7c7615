"""What a repository would teach, before a dataset is made from it: its name, its authors, and what its commits would give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from academy.curation.commits.commits import checked_revisions, read_requested, teaches
from academy.curation.commits.git import Repository
from academy.curation.examples import DatasetRequest
from academy.messages import Message, Text

_CHARS_PER_TOKEN = 3.2
"""With SmolLM2's tokenizer 3.18 over 100 commits of one repository; academy-mini's small vocabulary gives 2.4, others are not measured."""
_MOST_AUTHORS = 200


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote commits of a repository."""

    name: str
    address: str
    commits: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What the commits of a repository teach; `tokens`: of an average example, roughly; counts by their reason, in the reader's words."""

    name: str
    teaches: Message
    authors: list[Author]
    commits: int
    read: int
    messages: int
    patches: int
    tokens: int
    left_out: dict[str, int]
    no_patch: dict[str, int]
    warnings: list[Text]


def glance(repo: Path, request: DatasetRequest, limit: int) -> Glance:
    """Reads the commits as the dataset would; raises as `read_commits` does."""
    revisions = checked_revisions(request.git_range or "")
    repository = Repository.find(repo)
    report = read_requested(repo, request, limit)
    sizes = [sum(len(turn.content) for turn in example.turns) for example in report.examples]
    tasks = Counter(str(example.meta.get("task")) for example in report.examples)
    return Glance(
        name=repository.name,
        teaches=teaches(request.git_tasks),
        authors=[Author(*author) for author in repository.authors(revisions)[:_MOST_AUTHORS]],
        commits=report.total or report.read,
        read=report.read,
        messages=tasks["message"],
        patches=tasks["patch"],
        tokens=round(sum(sizes) / len(sizes) / _CHARS_PER_TOKEN) if sizes else 0,
        left_out=report.left_out,
        no_patch=report.patches_left_out,
        warnings=report.warnings,
    )


def name_of(repo: Path) -> str:
    """What people call a repository; raises as `Repository.find` does."""
    return Repository.find(repo).name
