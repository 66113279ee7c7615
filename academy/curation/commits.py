"""Commits of a local repository as examples: a change and its message, or a message and the change it asks for.

A repository may be somebody else's, and its configuration can name programs for git to run. So git gets an empty environment,
no configuration but the repository's, every setting that names a program overruled, no network, a deadline and a cap, and the
repository is found by us, not by git.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.curation.examples import Example, Turn
from academy.errors import Invalid, NotFound, Refused, Unavailable

MAX_CHARS = 6_000
"""The longest change, and the longest file before it, that becomes an example; a longer one is left out, never cut."""
MAX_MESSAGE_CHARS = 3_000
LOOK_BACK = 20
"""At most so many commits are read for each example that is wanted."""
DEADLINE_SECONDS = 600.0
MAX_OUTPUT = 8 << 30
_MAX_COMMIT = 4 << 20

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
    warnings: list[str]
    read: int


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as git shows it."""

    hash: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: str
    message: str
    diff: bytes
    is_cut: bool = False


@dataclass(slots=True)
class FileChange:
    """What a commit did to one file."""

    path: str
    old_blob: str = ""
    is_new: bool = False
    is_binary: bool = False
    has_hunks: bool = False
    lines: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The change as git shows it, without the names of blobs."""
        return _decode(b"\n".join(line for line in self.lines if not line.startswith(b"index "))).rstrip("\n")


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
    repository = _Repository.find(repo)
    edge = repository.edge()
    counts: Counter[str] = Counter()
    examples: list[Example] = []
    warnings: list[str] = []
    read = taken = 0
    if limit <= 0:
        return CommitReport([], {}, [], 0)
    with contextlib.ExitStack() as closing:
        blobs = closing.enter_context(_Blobs(repository)) if "patch" in tasks else None
        log = closing.enter_context(_Log(repository, revisions, authors, paths, limit * LOOK_BACK))
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
        warnings.append(f"Looked through the newest {read:,} commits only; {taken:,} of them are good examples.")
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
"""What a change itself cannot tell: the number of an issue, another commit, an address."""
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


def _judge(commit: Commit, tasks: Sequence[str], blobs: _Blobs | None) -> tuple[str, list[Example]]:
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
    """The message without what no reader of the change could know: trailers, thanks, the numbers of issues and pull requests."""
    lines = [line.rstrip() for line in message.replace("\r\n", "\n").split("\n")]
    kept = [line for place, line in enumerate(lines) if place == 0 or len(line) > 500 or not _TRAILER.match(line.strip())]
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
    # Minified: lines that nobody wrote.
    return bool(_GENERATED_MARK.search(head)) or any(len(line) > 2000 for line in change.lines)


# --- reading a diff -----------------------------------------------------------------------------------------------------------


def parse_diff(diff: bytes) -> list[FileChange]:
    """The files of a diff in git's form."""
    changes: list[FileChange] = []
    old_left = new_left = 0
    for line in diff.strip(b"\n").split(b"\n"):
        if old_left > 0 or new_left > 0:
            # Inside a hunk a line may look like anything; the counts of its head tell where it ends.
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
    """The path in `a/x b/x`; where it cannot be told (spaces), later lines tell."""
    if names.startswith(b'"'):
        return _unquote(names.partition(b'" ')[0] + b'"').removeprefix("a/")
    half = names[: (len(names) - 1) // 2]
    return _decode(half if names.endswith(half[2:]) else names.partition(b" ")[0]).removeprefix("a/")


_ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"r": b"\r"}


def _unquote(name: bytes) -> str:
    if len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"'):
        name = re.sub(
            rb"\\([0-7]{3}|.)",
            lambda match: bytes((int(match[1], 8) & 255,)) if len(match[1]) == 3 else _ESCAPES.get(match[1], match[1]),
            name[1:-1],
        )
    return _decode(name)


def _decode(raw: bytes) -> str:
    """The text of bytes whose encoding nobody told: UTF-8 if it is, else Windows-1252 or Latin-1."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


# --- git ----------------------------------------------------------------------------------------------------------------------


def _check_revisions(revision_range: str) -> list[str]:
    """The revisions of a range; raises Invalid for what git could take for an option."""
    if any(ord(char) < 32 or ord(char) == 127 for char in revision_range):
        raise Invalid("The revision range holds control characters.", hint="Write it like v1.0..main.")
    parts = revision_range.split()
    if any(part.startswith("-") for part in parts):
        raise Invalid("A revision may not begin with '-'.", hint="Write the range like v1.0..main, a branch, or a commit.")
    return parts


def _check_texts(texts: Sequence[str]) -> None:
    if any("\x00" in text or "\n" in text or not text.strip() for text in texts):
        raise Invalid("An author or a path is empty or holds a line break.", hint="Give each as one line.")


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository that was found without git's help: the folder the user means, and where git keeps its data."""

    folder: Path
    git_dir: Path

    @classmethod
    def find(cls, path: Path) -> _Repository:
        if "\x00" in str(path):
            raise Invalid("That is not a path.", hint="Name the folder of a git repository.")
        folder = Path(path).expanduser().absolute()
        try:
            if not folder.is_dir():
                raise NotFound(f"There is no folder {str(path)!r}.", hint="Name the folder of a git repository on this machine.")
            for place in (folder, *folder.parents):
                if _is_git_dir(place):
                    return cls(place, place)
                inner = place / ".git"
                if inner.is_symlink():
                    raise Refused(f"{str(path)!r} is a link to a repository elsewhere.", hint="Name that repository's own folder.")
                if inner.is_dir() and _is_git_dir(inner):
                    if (inner / "commondir").exists():
                        raise Refused(
                            f"The repository of {str(path)!r} keeps its data elsewhere.", hint="Name the repository that has the data."
                        )
                    return cls(place, inner)
                if inner.is_file():
                    return cls(place, _linked_git_dir(place, inner))
        except OSError as error:
            raise Refused(f"The folder {str(path)!r} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
        raise Refused(f"{str(path)!r} is not a git repository.", hint="Name a folder with a .git in it, or a bare repository.")

    def edge(self) -> set[str]:
        """The commits whose parents a shallow clone lacks."""
        common = self.git_dir
        if (common / "commondir").is_file():
            common /= (common / "commondir").read_text(encoding="utf-8", errors="replace").strip()
        if not (common / "shallow").is_file():
            return set()
        with open(common / "shallow", encoding="ascii", errors="replace") as file:
            return set(file.read(16 << 20).split())

    def command(self, *arguments: str) -> list[str]:
        """The whole command line: `env -i` because GitPython hands on the environment of the app."""
        env, git = shutil.which("env"), shutil.which("git")
        if not env or not git:
            raise Unavailable("git is not installed.", hint="Install git, or leave the commits out.")
        environment = {
            "PATH": os.defpath,
            "HOME": os.devnull,
            "XDG_CONFIG_HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            # A list of allowed protocols overrules what the repository allows itself; this one allows none.
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_PROTOCOL_FROM_USER": "0",
        }
        settings = {
            "core.fsmonitor": "false",
            "core.hooksPath": os.devnull,
            "core.sshCommand": "false",
            "core.pager": "cat",
            "core.askPass": "false",
            "core.attributesFile": os.devnull,
            "core.bigFileThreshold": "1m",
            "core.quotePath": "true",
            "protocol.allow": "never",
            "credential.helper": "",
            "gpg.program": "false",
            "log.showSignature": "false",
            "log.showRoot": "true",
            "log.mailmap": "false",
            "diff.external": "",
            "safe.directory": str(self.folder),
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [
            env,
            "-i",
            *(f"{key}={value}" for key, value in environment.items()),
            git,
            "--no-pager",
            f"--git-dir={self.git_dir}",
            *options,
            *arguments,
        ]


def _is_git_dir(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (
        (folder / "commondir").is_file() or ((folder / "objects").is_dir() and (folder / "refs").is_dir())
    )


def _linked_git_dir(folder: Path, link: Path) -> Path:
    """The folder that a `.git` file names, if that folder says the same of it (a worktree or a submodule); Refused otherwise."""
    with open(link, "rb") as file:
        text = file.read(4096).decode("utf-8", "replace").strip()
    elsewhere = Refused(
        f"The .git file in {str(folder)!r} points to a repository that knows nothing of it.", hint="Name that repository's own folder."
    )
    if not text.startswith("gitdir:"):
        raise Refused(f"The .git file in {str(folder)!r} is damaged.", hint="Name another folder of the repository.")
    target = (folder / text.removeprefix("gitdir:").strip()).resolve()
    if not _is_git_dir(target):
        raise elsewhere
    back = target / "gitdir"
    if back.is_file():
        with open(back, "rb") as file:
            named = (target / file.read(4096).decode("utf-8", "replace").strip()).resolve()
        if named == link.resolve() and target.parent.name == "worktrees":
            return target
        raise elsewhere
    if "modules" in target.parts and (target / "config").is_file():
        # A submodule's repository names its work tree.
        with open(target / "config", "rb") as file:
            match = re.search(r"^\s*worktree\s*=\s*(.+?)\s*$", file.read(1 << 16).decode("utf-8", "replace"), re.MULTILINE)
        if match and (target / match.group(1).strip('"')).resolve() == folder.resolve():
            return target
    raise elsewhere


class _Process:
    """A git that runs until its deadline; what it complains of is kept short."""

    def __init__(self, repository: _Repository, *arguments: str, talks: bool = False) -> None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # without git, GitPython refuses to be imported
        from git import Git
        from git.exc import GitCommandNotFound

        try:
            started: Any = Git(str(repository.git_dir)).execute(
                repository.command(*arguments),
                as_process=True,
                shell=False,
                istream=subprocess.PIPE if talks else None,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise Unavailable("git could not be started.", hint="Install git, or leave the commits out.") from error
        self._kept = started  # GitPython ends the process when this goes
        self.popen: subprocess.Popen[bytes] = started.proc
        self.is_late = False
        self.complaints = b""
        self._timer = threading.Timer(DEADLINE_SECONDS, self._expire)
        self._timer.daemon = True
        self._timer.start()
        self._drain = threading.Thread(target=self._read_complaints, daemon=True)
        self._drain.start()

    def _expire(self) -> None:
        self.is_late = True
        self.popen.kill()

    def _read_complaints(self) -> None:
        stream = self.popen.stderr
        while stream and (line := stream.readline(4096)):
            if len(self.complaints) < 8192:
                self.complaints += line
        if stream:
            stream.close()

    def end(self) -> int:
        """Ends it if it still runs; the exit code (negative where it was ended by a signal)."""
        self._timer.cancel()
        for stream in (self.popen.stdout, self.popen.stdin):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            code = self.popen.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            code = self.popen.wait()
        self._drain.join(timeout=2)
        self._timer.join(timeout=2)
        return code


class _Log:
    """`git log -p`, read commit by commit from one process, however long the history is."""

    FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%B")

    def __init__(self, repository: _Repository, revisions: list[str], authors: Sequence[str], paths: Sequence[str], count: int) -> None:
        # Drawn anew each time, so that no text in a repository can look like the start of a commit.
        self._mark = secrets.token_hex(16).encode()
        form = f"%x00{self._mark.decode()}%x00" + "%x00".join(self.FIELDS) + "%x00"
        arguments = [
            "log",
            f"--format=tformat:{form}",
            f"--max-count={count}",
            "-p",
            "-U3",
            "--full-index",
            "--find-renames",
            "--no-ext-diff",
        ]
        arguments += [
            "--no-textconv",
            "--no-show-signature",
            "--no-color",
            "--no-notes",
            "--no-decorate",
            "--diff-merges=off",
            # A message tells of the whole change, also where only some paths choose the commit.
            "--full-diff",
            "--encoding=UTF-8",
        ]
        arguments += ["--submodule=short", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers"]
        arguments += ["--inter-hunk-context=0", "--no-indent-heuristic", f"-O{os.devnull}", "--ws-error-highlight=none"]
        arguments += ["--fixed-strings", "--regexp-ignore-case", *(f"--author={author}" for author in authors)]
        arguments += ["--end-of-options", *(revisions or ["HEAD"]), "--", *paths]
        self._process = _Process(repository, *arguments)
        self._is_over = False
        self._size = 0
        self._is_named = bool(revisions)

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def __iter__(self) -> Iterator[Commit]:
        stream = self._process.popen.stdout
        start = b"\x00" + self._mark + b"\x00"
        buffer, is_cut, begun = b"", False, False
        while stream and (chunk := stream.read1(1 << 18)):  # type: ignore[attr-defined]
            self._size += len(chunk)
            if self._size > MAX_OUTPUT:
                return
            seen = max(0, len(buffer) - len(start))
            buffer += chunk
            while (place := buffer.find(start, seen)) >= 0:
                if begun:
                    yield self._commit(buffer[:place], is_cut)
                buffer, is_cut, begun, seen = buffer[place + len(start) :], False, True, 0
            if len(buffer) > _MAX_COMMIT:
                # The rest of an enormous change is not kept; its head is enough to know it.
                buffer, is_cut = buffer[: _MAX_COMMIT // 2] + buffer[-len(start) :], True
        self._is_over = True
        if begun:
            yield self._commit(buffer, is_cut)

    def _commit(self, raw: bytes, is_cut: bool) -> Commit:
        parts = raw.split(b"\x00", len(self.FIELDS))
        parts += [b""] * (len(self.FIELDS) + 1 - len(parts))
        name, parents, author, email, stamp, message, diff = parts
        try:
            moment = datetime.fromtimestamp(int(stamp), UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError, OSError):
            moment = ""
        texts = (_decode(part) for part in (author, email, message))
        author_text, email_text, message_text = texts
        hashes = tuple(parents.decode("ascii", "replace").split())
        return Commit(name.decode("ascii", "replace"), hashes, author_text, email_text, moment, message_text, diff, is_cut)

    def close(self) -> list[str]:
        """Ends git; what went wrong on the way as sentences, and an error where nothing could be read at all."""
        code = self._process.end()
        if self._process.is_late:
            return [f"git took longer than {DEADLINE_SECONDS:.0f} seconds and was stopped; the commits read so far are used."]
        if self._size > MAX_OUTPUT:
            return ["The history is enormous; the commits read so far are used."]
        if not self._is_over or code == 0:
            return []
        complaint = self._process.complaints.decode("utf-8", "replace").strip()
        if "does not have any commits" in complaint or ("HEAD" in complaint and "bad object" not in complaint and not self._is_named):
            return ["The repository has no commits yet."]
        if "unknown revision" in complaint or "bad revision" in complaint or "ambiguous argument" in complaint:
            raise Invalid("The repository does not know that revision range.", hint="Check the names of branches, tags and commits in it.")
        if "outside repository" in complaint:
            raise Invalid("A path lies outside of the repository.", hint="Name paths as they stand in it, like src/ or docs/*.md.")
        if not self._size:
            raise Refused(f"git cannot read the repository: {_first_line(complaint)}", hint="Check it with `git fsck`.")
        return [f"git stopped before the end ({_first_line(complaint)}); the commits read so far are used."]


class _Blobs:
    """`git cat-file --batch`: files as they were, asked one after another from one process."""

    def __init__(self, repository: _Repository) -> None:
        self._process = _Process(repository, "cat-file", "--batch", talks=True)

    def __enter__(self) -> _Blobs:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def text(self, change: FileChange) -> str | None:
        """The file before the change; None for a new one, and where it cannot be had or is too large."""
        if change.is_new or not re.fullmatch(r"[0-9a-f]{40,64}", change.old_blob):
            return None
        ask, answer = self._process.popen.stdin, self._process.popen.stdout
        if not ask or not answer:
            return None
        try:
            ask.write(change.old_blob.encode() + b"\n")
            ask.flush()
            head = answer.readline(4096).split()
            if len(head) != 3:
                return None
            size = int(head[2])
            raw = answer.read(min(size, 4 * MAX_CHARS + 1))
            left = size - len(raw) + 1
            while left > 0 and (part := answer.read(min(left, 1 << 20))):
                left -= len(part)
        except (OSError, ValueError):
            return None
        return _decode(raw) if size <= 4 * MAX_CHARS else None


def _first_line(complaint: str) -> str:
    line = next((line for line in complaint.splitlines() if line.strip()), "no reason given")
    # Places of this machine are nobody's business.
    return re.sub(r"/[^\s':]+", "…", re.sub(r"^(?:fatal|error): ", "", line))[:300].rstrip(".") + "."


__all__ = ["LABELS", "LOOK_BACK", "MAX_CHARS", "Commit", "CommitReport", "clean_message", "parse_diff", "read_commits"]
