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
from dataclasses import dataclass
from pathlib import Path

from academy.curation.commits.git import MAX_CHARS, Blobs, Commit, FileChange, Log, Repository, decode
from academy.curation.examples import Example, Turn
from academy.errors import Invalid
from academy.messages import Text, msg

MAX_MESSAGE_CHARS = 3_000
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
    "empty": "without a change",
    "shallow": "at the edge of a shallow clone",
    "binary": "binary or enormous files only",
    "generated": "generated files only",
    "too_large": "changes that are too large",
    "no_single_file": "not the change of one small file",
}


@dataclass(frozen=True, slots=True)
class CommitReport:
    """The examples (newest first), how many commits were read, and how many were left out for each reason."""

    examples: list[Example]
    counts: dict[str, int]
    warnings: list[Text]
    read: int


def read_commits(
    repo: Path,
    *,
    limit: int,
    revision_range: str = "",
    authors: Sequence[str] = (),
    paths: Sequence[str] = (),
    tasks: Sequence[str] = ("message",),
    progress: Callable[[int, int], None] | None = None,
) -> CommitReport:
    """Turns the newest good commits into examples, `limit` of them at most; `progress` gets the commits read and the commits taken.

    Raises NotFound where there is no such folder, Refused where it is no repository that may be read, Invalid for a bad range.
    """
    revisions = _check_revisions(revision_range)
    _check_texts([*authors, *paths])
    repository = Repository.find(repo)
    edge = repository.edge()
    counts: Counter[str] = Counter()
    examples: list[Example] = []
    warnings: list[Text] = []
    read = taken = 0
    if limit <= 0:
        return CommitReport([], {}, [], 0)
    with contextlib.ExitStack() as closing:
        blobs = closing.enter_context(Blobs(repository)) if "patch" in tasks else None
        log = closing.enter_context(Log(repository, revisions, authors, paths, limit * LOOK_BACK))
        for commit in log:
            read += 1
            # Without its parent a commit looks as if it had written every file.
            reason, made = ("shallow", []) if commit.hash in edge else _judge(commit, tasks, blobs)
            if reason:
                counts[reason] += 1
            else:
                examples += made
                taken += 1
            if progress and read % 50 == 0:
                progress(read, taken)
            if taken >= limit:
                break
        warnings += log.close()
    if progress:
        progress(read, taken)
    if counts["shallow"]:
        warnings.append("The repository is a shallow clone, so older commits are not there. `git fetch --unshallow` brings them.")
    if not read and not warnings:
        warnings.append("No commit matches, so nothing was taken from the repository.")
    elif taken < limit and read >= limit * LOOK_BACK:
        warnings.append(
            msg("Looked through the newest {read:number} commits only; {good:number} of them are good examples.", read=read, good=taken)
        )
    return CommitReport(examples, dict(counts), warnings, read)


# --- which commits are good examples ------------------------------------------------------------------------------------------

_BOT = re.compile(
    r"\[bot\]|(?:^|[\s\-_.<@+])bots?(?:$|[\s\-_.>@])|dependabot|renovate|greenkeeper|github[\- ]actions?|pre-commit-ci|snyk|weblate|imgbot"
    r"|mergify|semantic-release|web-flow|^jenkins$|(?:jenkins|travis|circle|gitlab|azure|drone)[\- ]?ci\b|buildkite|allcontributors|crowdin"
    r"|transifex|autofix|copybara",
    re.IGNORECASE,
)
_REVERT = re.compile(
    r"^\W*(?:revert(?:s|ed)?\b|reapply\b|(?:back ?out|roll ?back)(?: of)?:? "
    r"(?:commit|changeset|bug|version|release|[\"'“]|[0-9a-f]{7,}\b|#\d))",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"^\W*(?:wip(?=[\s:\]!)]|$)|(?:fixup|squash|amend)!|fixup\b|squash(?:ed)?\b|te?mp(?=[\s:\]]|$)|draft(?=[:\]!)]|$)|dnm\b"
    r"|do not (?:merge|commit)|(?:checkpoint|save|snapshot)(?: \w+)?\W*$)",
    re.IGNORECASE,
)
_MERGE = re.compile(
    r"^merged? (?:branch|pull request|remote|tag|commit|changes?|from|in |into|master|main|\w+ into)|^automatic merge", re.IGNORECASE
)
_MEANINGLESS = re.compile(
    r"""
    (?: \W | \d )*
    | (?:minor|small|some|more|misc|miscellaneous|various|quick|several|tiny|final|another|latest|my|new|few)? \s*
      (?: updates? | updated | updating | fix | fixes | fixed | fixing | bug\ ?fix(?:es)? | hotfix | changes? | changed | tweaks?
        | edits? | misc
        | fix(?:ed)?\ (?:it|bugs?|this|stuff|things?|issues?|tests?|typos?|build|ci|lint|errors?) | cleanup | clean\ ?up | stuff | things
        | improvements? | refactor(?:ing|ed)? | tests? | testing | test\ commit | initial(?:\ commit)? | first\ commit | init
          | commits? | backup
        | sync | typos? | lint(?:ing)? | format(?:ting|ted)? | done | work | working | progress | code | asdf\w* | todo | chore
          | docs? | readme | (?:pull|merge)\ request:?
        | release | bump(?:\ version)? | version(?:\ bump)? | bump(?:ed)?\ version\ .* | v?\d+(?:\.\d+)+\S*
        | (?:release|version|bump|bump\ to|prepare\ for|prepare|tag)[:\ ]+v?\d[\w.\-+]* | update\ changelog
          | prepare\ (?:for\ )?(?:the\ )?(?:next\ )?(?:development\ iteration|release)[\w.\ \-]* | update\ (?:the\ )?readme
        | (?:regenerate|rebuild)(?:\ [\w./\-]+){0,2} | updated?\ (?:the\ )?(?:code|files?|tests?|version)
      ) (?: \ (?:stuff|things|code|files?|again|more) )? [\s.!]*
    | (?:update|create|delete|rename|add)\ [\w./\-]+\.\w{1,10}
    | add\ files\ via\ upload
    | [a-z\d_]{1,12}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_KIND = re.compile(r"^(?:\[[\w\-/. ]{1,40}\]|[a-z]{2,12}(?:\([\w\-/.*, ]{1,40}\))?!?:)\s*", re.IGNORECASE)
"""What conventional commits and build tools put before the subject: `fix(parser):`, `[release]`."""
_ISSUE = (
    r"(?:[\w./\-]*#\d+|(?:gh|bpo)-\d+|CID \d+|CVE-\d+-\d+|(?-i:(?!(?:UTF|SHA|AES|ISO|RFC|MD|CP)-)[A-Z]{2,10}-\d+)|https?://\S+"
    r"|(?:commit )?(?=[a-f]*\d)[0-9a-f]{7,64}\b)"
)
"""Facts that a change does not show: the number of an issue, another commit, an address."""
_TRAILER = re.compile(
    r"(?:[A-Z][A-Za-z]*(?:-[A-Za-z]+)+: .*|cc: .*|bug: .*|pr-url:.*|tbr=.*|review[ \-]?url:.*|differential revision:.*|link: https?:.*"
    r"|(?:origin|forwarded|author|patch by|(?:pull|merge) request|bug-[a-z]+): .*|\(?cherry[ \-]picked from .*"
    r"|\[[\w.\- ]{2,20}: [^\]]*\]|fixes: [0-9a-f]{7,64}\b.*|(?:fixup|squash)! .*"
    r"|(?:fix(?:e[sd])?|clos(?:e[sd]?)|resolv(?:e[sd]?)|refs?|see|issue|related(?: to)?|part of|addresses|follow[ \-]?up (?:for|to)"
    r"|(?:this is a )?backport(?:ed)? (?:of|from))[: ]+"
    rf"{_ISSUE}(?:,? +(?:and +)?{_ISSUE}){{0,20}}(?: (?:from|to|in) [\w./\-]{{1,40}})?\.?)$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:\[(?:PATCH[^\]]{0,30}|\d+/\d+|v?\d+(?:\.\w+)+)\] *"
    rf"|(?:(?:fix(?:e[sd])?|refs?|clos(?:e[sd]?)) )?{_ISSUE}(?:,? (?:and )?{_ISSUE}){{0,5}} ?(?::|--|- ) *)+",
    re.IGNORECASE,
)
"""What stands before the subject of a patch or a change that belongs to an issue: `[4.2.x] Fixed #123 -- `, `gh-456: `."""
_ADDRESS = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"\s*\((?:(?:#|GH-|!|bug |issue )\d+|https?://\S+)\)\s*$", re.IGNORECASE)
_ASIDE = re.compile(
    r"(?:https?://\S+\s*)+$|conflicts:(?:\s*\n[#\t ]+\S+)+\s*$"
    r"|(?:many )?thanks,? (?!to (?:the|this|that|a)\b)[^\n]{0,100}(?:\bfor\b|report|review|patch|spott|discover|suggest)",
    re.IGNORECASE,
)
"""A paragraph of addresses only, of a merge's conflicts, or of thanks."""
_GENERATED_NAME = re.compile(
    r"""
    (?:^|/) (?: package-lock\.json | npm-shrinkwrap\.json | pnpm-lock\.yaml | bun\.lockb | go\.sum | go\.work\.sum
      | Package\.resolved | \.pnp\.c?js
              | packages\.lock\.json | gradle\.lockfile | \.terraform\.lock\.hcl | conda-lock\.yml | [^/]*\.lock ) $
    | (?:^|/) (?: node_modules | bower_components | vendor | third_party | thirdparty | _vendor | dist | __snapshots__
      | __generated__ | generated
                | \.yarn | Pods | Godeps ) /
    | \.min\.(?:js|css|mjs) $ | \.bundle\.js $ | _pb2(?:_grpc)?\.pyi? $ | [._\-]generated\.\w+ $
    | \. (?: map | snap | ambr | pb\.go | pb\.cc | pb\.h | g\.dart | freezed\.dart | designer\.cs | svg | ipynb | po | pot | mo
      | xlf | csv | tsv
           | parquet | pbxproj ) $
    | (?:^|/) (?:snapshots?|cassettes) /.* \. (?:txt|json|ya?ml|html|snap) $
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GENERATED_MARK = re.compile(
    rb"@generated\b|DO NOT EDIT\b|do not edit (?:this file|manually)|auto-?generated by|This file (?:is|was) (?:auto)?generated",
    re.IGNORECASE,
)


def _judge(commit: Commit, tasks: Sequence[str], blobs: Blobs | None) -> tuple[str, list[Example]]:
    """Why the commit is left out ("" if it is not), and its examples."""
    message = clean_message(commit.message[: 2 * MAX_MESSAGE_CHARS])
    subject = message.partition("\n")[0]
    reason = _judge_message(commit, message, subject)
    if reason:
        return reason, []
    if commit.is_cut:
        return "too_large", []
    changes = parse_diff(commit.diff)
    if not changes:
        return "empty", []
    textual = [change for change in changes if not change.is_binary]
    if not textual:
        return "binary", []
    written = [change for change in textual if not _is_generated(change)]
    if not written:
        return "generated", []
    diff = "\n".join(change.text for change in written)
    if len(diff) > MAX_CHARS:
        return "too_large", []
    examples = []
    meta = {"files": len(written)}
    if "message" in tasks:
        fence = _fence(diff)
        question = f"Write a commit message for this change.\n\n{fence}diff\n{diff}\n{fence}"
        examples.append(
            Example((Turn("user", question), Turn("assistant", message)), "git", commit.hash, commit.time, meta | {"task": "message"})
        )
    if "patch" in tasks and blobs and len(written) == len(changes) == 1 and written[0].has_hunks:
        before = blobs.text(written[0])
        if before and len(before) <= MAX_CHARS:
            turns = _patch_turns(message, written[0], before, diff)
            examples.append(Example(turns, "git", commit.hash, commit.time, meta | {"task": "patch"}))
    return ("", examples) if examples else ("no_single_file", [])


def _judge_message(commit: Commit, message: str, subject: str) -> str:
    if len(commit.parents) > 1 or _MERGE.match(subject):
        return "merge"
    if _BOT.search(commit.author) or _BOT.search(commit.email.partition("@")[0]) or "[bot]" in commit.email:
        return "bot"
    if len(subject) > 300:
        return "long_message"
    if _REVERT.match(subject) or "\nThis reverts commit " in commit.message:
        return "revert"
    if _UNFINISHED.match(subject) or "[wip]" in subject.lower():
        return "unfinished"
    if _MEANINGLESS.fullmatch(_ADDRESS.sub("", _KIND.sub("", subject.strip())).strip()) and len(message) < len(subject) + 40:
        return "meaningless_message"
    # Scripts without spaces between words say much in few characters.
    size = len(subject) + 2 * sum(char > "\u2e80" for char in subject)
    if size < 10 or (len(subject.split()) < 2 and size == len(subject)):
        return "short_message"
    return "long_message" if len(message) > MAX_MESSAGE_CHARS else ""


def clean_message(message: str) -> str:
    """The message without trailers, thanks, and the numbers of issues and pull requests, which no reader of the change can know."""
    lines = [line.rstrip() for line in message.replace("\r\n", "\n").split("\n")]
    kept = [line for position, line in enumerate(lines) if position == 0 or len(line) > 500 or not _TRAILER.match(line.strip())]
    subject = _NUMBER.sub("", kept[0]).strip() if kept else ""
    subject = subject[lead.end() :] or subject if (lead := _LEAD.match(subject)) else subject
    parts = "\n".join(kept[1:]).strip("\n").split("\n\n")
    body = re.sub(r"\n{3,}", "\n\n", "\n\n".join(part for part in parts if len(part) > 300 or not _ASIDE.match(part))).strip("\n")
    return f"{subject}\n\n{body}" if body else subject


def _patch_turns(message: str, change: FileChange, before: str, diff: str) -> tuple[Turn, ...]:
    fence = _fence(before)
    question = f"Change the file `{change.path}`:\n{message}\n\nThe file now:\n{fence}\n{before.rstrip()}\n{fence}\n\nAnswer with a patch."
    fence = _fence(diff)
    return Turn("user", question), Turn("assistant", f"{fence}diff\n{diff}\n{fence}")


def _fence(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    return "`" * (longest + 1)


def _is_generated(change: FileChange) -> bool:
    if _GENERATED_NAME.search(change.path):
        return True
    head = b"\n".join(change.lines[:16])
    # Minified: lines that no person wrote.
    return bool(_GENERATED_MARK.search(head)) or any(len(line) > 2000 for line in change.lines)


# --- reading a diff -----------------------------------------------------------------------------------------------------------


def parse_diff(diff: bytes) -> list[FileChange]:
    """The files of a diff in git's form."""
    changes: list[FileChange] = []
    old_left = new_left = 0
    for line in diff.strip(b"\n").split(b"\n"):
        if old_left > 0 or new_left > 0:
            # Inside a hunk a line may look like anything; the counts in its head say where it ends.
            mark = line[:1]
            old_left -= mark in (b" ", b"-", b"")
            new_left -= mark in (b" ", b"+", b"")
            changes[-1].lines.append(line)
            continue
        if line.startswith(b"diff --git "):
            changes.append(FileChange(_path_of(line[11:])))
        if not changes:
            continue
        change = changes[-1]
        change.lines.append(line)
        if line.startswith(b"@@ "):
            change.has_hunks = True
            numbers = re.match(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line)
            if numbers:
                old_left, new_left = (int(number) if number is not None else 1 for number in numbers.groups())
        elif line.startswith(b"index "):
            change.old_blob = line[6:].partition(b"..")[0].decode("ascii", "replace")
        elif line.startswith(b"new file mode"):
            change.is_new = True
        elif line.startswith((b"Binary files ", b"GIT binary patch")):
            change.is_binary = True
        elif line.startswith((b"rename to ", b"+++ ")) and not line.startswith(b"+++ /dev/null"):
            name = line[10:] if line.startswith(b"rename") else line[4:]
            change.path = _unquote(name.rstrip(b"\t")).removeprefix("" if line.startswith(b"rename") else "b/")
        elif line.startswith(b"--- ") and not line.startswith(b"--- /dev/null"):
            change.path = _unquote(line[4:].rstrip(b"\t")).removeprefix("a/")
    return changes


def _path_of(names: bytes) -> str:
    """The path in `a/x b/x`; where spaces make it ambiguous, later lines give it."""
    if names.startswith(b'"'):
        return _unquote(names.partition(b'" ')[0] + b'"').removeprefix("a/")
    half = names[: (len(names) - 1) // 2]
    return decode(half if names.endswith(half[2:]) else names.partition(b" ")[0]).removeprefix("a/")


_ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"r": b"\r"}


def _unquote(name: bytes) -> str:
    if len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"'):
        name = re.sub(
            rb"\\([0-7]{3}|.)",
            lambda match: bytes((int(match[1], 8) & 255,)) if len(match[1]) == 3 else _ESCAPES.get(match[1], match[1]),
            name[1:-1],
        )
    return decode(name)


# --- git ----------------------------------------------------------------------------------------------------------------------


def _check_revisions(revision_range: str) -> list[str]:
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
